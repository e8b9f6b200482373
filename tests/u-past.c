/* past: what is counted and when it is known; what comes later, and in which order listeners stand in the log, changes no bit; a file says what memory did; a damaged one is refused or does no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/rank/features.h"
#include "mem-path.h"

static const char catalogue[] = "a\tmusic\tA\tAnn\tOne\t2019\t100\trock;pop\nb\tmusic\tB\tAnn\tOne\t2020-05\t200\trock\nc\tpodcast\tC\tBob\tShow\t2021-03-04\t999999999.9\t\nd\taudiobook\tD\t\tOne\tsoon\t-5\tpop;pop\n";
static const char vectors[] = "a\t1\t0\t0\nb\t3\t4\t0\nb\t0\t2\t0\nd\t0\t0\t0\nz\t1\t1\t1\n";

static struct str text(const char *s)
{
	return (struct str){ s, strlen(s) };
}

static void put(struct past *p, const char *user, const char *item, int64_t time, const char *kind, double value, const char *context)
{
	past_event(p, &(struct event){ text(user), text(item), time, text(kind), value, text(context) });
}

static void put_catalogue(struct past *p)
{
	struct items it = { 0 };
	struct err e = { 0 };

	assert_int_equal(items_load(&it, mem_path(catalogue, sizeof catalogue - 1, MEM_MAPPED), false, NULL, NULL, &e), 0);
	assert_int_equal(past_items(p, &it, &e), 0);
	items_release(&it);
}

static void ready(struct past *p, const char *vecs)
{
	struct vecs v;
	struct err e = { 0 };

	if (vecs) {
		assert_int_equal(vecs_load(&v, mem_path(vecs, strlen(vecs), MEM_MAPPED), NULL, NULL, &e), 0);
		assert_int_equal(past_vectors(p, &v, &e), 0);
		vecs_release(&v);
	}
	if (past_ready(p, &e))
		fail_msg("%s", e.msg);
}

static const struct past_tally *tally(const struct past *p, enum past_thing k, size_t i)
{
	assert_true(i < p->n[k]);
	return &p->tally[k][i];
}

static void events_count_when_they_are_known(void **state)
{
	struct past *p = past_new();

	(void)state;
	put_catalogue(p);
	put(p, "u", "b", 300, "", NAN, "device=tv");
	put(p, "u", "a", 100, "play", 50, "device=tv");
	put(p, "v", "a", 200, "skip", 1, "device=car;place=x");
	put(p, "v", "d", TIME_NONE, "plays", 3.4, "");
	put(p, "v", "d", 200, "dislike", NAN, "");
	put(p, "v", "n", 200, "love", NAN, "");
	put(p, "u", "a", 200, "rate", 4, "");
	ready(p, NULL);
	assert_int_equal(p->newest, 300);
	assert_int_equal(past_now(p), 301);
	assert_int_equal(p->n[PAST_ITEM], 5);
	assert_int_equal(p->n[PAST_CREATOR], 2);
	assert_int_equal(p->n[PAST_GROUP], 3);		/* one of Ann's, one of Bob's, one of nobody's */
	assert_int_equal(p->n[PAST_TAG], 2);
	assert_int_equal(p->n[PAST_KIND], 3);
	assert_int_equal(p->n_met, 4);
	assert_int_equal(tally(p, PAST_ALL, 0)->plays, 0);

	past_walk(p, 100);				/* what bears no time is known, what happens now is not */
	assert_int_equal(tally(p, PAST_ALL, 0)->plays, 3);
	assert_int_equal(tally(p, PAST_TAG, 1)->plays, 3);	/* pop;pop is pop */
	assert_int_equal(p->user[0].n, 0);
	past_walk(p, 200);
	assert_int_equal(tally(p, PAST_ALL, 0)->plays, 4);
	assert_int_equal(tally(p, PAST_CREATOR, 0)->plays, 1);
	assert_int_equal(tally(p, PAST_GROUP, 0)->plays, 1);
	assert_int_equal(tally(p, PAST_ITEM, 0)->first, 100);
	assert_int_equal(p->n_met, 4);
	past_walk(p, 201);
	assert_int_equal(tally(p, PAST_ALL, 0)->plays, 5);
	assert_int_equal(tally(p, PAST_ALL, 0)->skips, 2);
	assert_int_equal(tally(p, PAST_ALL, 0)->likes, 1);
	assert_int_equal(tally(p, PAST_ITEM, 0)->skips, 1);
	assert_int_equal(tally(p, PAST_ITEM, 3)->skips, 1);
	assert_int_equal(p->n_met, 5);
	past_walk(p, INT64_MAX);
	assert_int_equal(tally(p, PAST_ALL, 0)->plays, 6);
	assert_int_equal(p->in[PAST_ALL][p->first[CONTEXT_DEVICE]], 2);		/* tv; the skip in the car is none */
	assert_int_equal(p->in[PAST_ALL][p->any[CONTEXT_DEVICE]], 2);
	assert_int_equal(p->in[PAST_ALL][p->any[CONTEXT_PLACE]], 0);
	assert_int_equal(p->in[PAST_ALL][p->any[CONTEXT_HOUR]], 3);
	assert_null(p->in[PAST_GROUP]);

	const struct past_user *u = &p->user[0];	/* in order of time */
	assert_int_equal(u->n, 3);
	assert_int_equal(u->ev[0].time, 100);
	assert_int_equal(u->ev[0].heard, 125);
	assert_int_equal(u->ev[1].heard, 255);		/* a rating is no length */
	assert_int_equal(u->ev[2].item, 1);
	assert_int_equal(p->user[1].ev[0].times, 3);
	assert_int_equal(p->item[1].place, 1);
	assert_true(p->item[3].seconds == 0 && p->item[2].seconds == 1e9f);
	assert_int_equal(p->item[0].released, 1546300800);
	assert_int_equal(p->item[1].released, 1588291200);
	assert_true(p->item[3].released == TIME_NONE);
	past_free(p);
	past_free(NULL);
}

static void counts_have_an_end(void **state)
{
	static const double value[] = { 0, 0.5, 2, 65534.6, 65536, 1e300, -1, NAN };
	static const uint16_t times[] = { 0, 1, 2, 65535, 65535, 65535, 1, 1 };
	struct past *p = past_new();

	(void)state;
	for (size_t i = 0; i < 8; i++)
		put(p, "u", "a", TIME_NONE, "plays", value[i], "");
	for (size_t i = 0; i < 65540; i++)
		put(p, "v", "b", TIME_NONE, "plays", 65535, "device=tv");
	ready(p, NULL);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(p->user[0].ev[i].times, times[i]);
	past_walk(p, 0);
	assert_int_equal(p->tally[PAST_ITEM][1].plays, UINT32_MAX);
	assert_int_equal(p->tally[PAST_ALL][0].plays, UINT32_MAX);
	assert_int_equal(p->in[PAST_ITEM][p->n_codes + p->first[CONTEXT_DEVICE]], UINT32_MAX);
	past_free(p);

	p = past_new();		/* one by one, beyond where floats stand still */
	put(p, "v", "b", TIME_NONE, "plays", 65535, "");
	for (size_t i = 0; i < 300; i++)
		put(p, "v", "b", TIME_NONE, i < 256 ? "plays" : "play", 65535, "");
	ready(p, NULL);
	past_walk(p, INT64_MAX);
	assert_int_equal(p->tally[PAST_ALL][0].plays, 257 * 65535 + 44);
	past_free(p);
}

static void recent_plays_fade(void **state)
{
	struct past_tally t = { .recent_at = TIME_NONE };

	(void)state;
	assert_true(past_recent(&t, 5) == 0 && past_recent(&t, TIME_NONE) == 0);
	t = (struct past_tally){ .recent = 4, .recent_at = 1000 };
	assert_true(past_recent(&t, 1000) == 4 && past_recent(&t, 0) == 4 && past_recent(&t, TIME_NONE) == 4);
	assert_float_equal(past_recent(&t, 1000 + PAST_FADE), 2, 1e-5);
	assert_float_equal(past_recent(&t, 1000 + 3 * PAST_FADE), 0.5, 1e-5);
	assert_true(past_recent(&t, INT64_MAX) == 0);
	t.recent_at = INT64_MIN + 1;
	assert_true(past_recent(&t, INT64_MAX) == 0);
}

static void vectors_are_of_length_1(void **state)
{
	struct past *p = past_new();

	(void)state;
	put_catalogue(p);
	put(p, "u", "a", 1, "", NAN, "");
	ready(p, vectors);
	assert_int_equal(p->d, 3);
	assert_true(p->vec[0] == 1 && p->vec[3] == 0 && p->vec[4] == 1);	/* of b the second */
	for (int i = 6; i < 12; i++)
		assert_true(p->vec[i] == 0);
	past_free(p);
	p = past_new();
	put(p, "u", "a", 1, "", NAN, "");
	ready(p, "");
	assert_true(!p->vec && p->d == 0);
	past_free(p);
}

/* ---- rows of many requests, bit by bit ---- */

static const char *const contexts[] = { "", "device=tv", "device=car;place=road;heart_rate=130", "mood=calm,intent=run,hour=7.5,day=sun", "device=radio;shuffle=1;hour=99" };
static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g" }, *const people[] = { "u", "v", "w", "x", "stranger" };
enum { IDS = 7, PEOPLE = 5, CONTEXTS = 5, ROWS = PEOPLE * CONTEXTS * IDS, BASE = 1700000000 };

struct heard { int user, item, kind, context; int64_t time; double value; };

static size_t make_lines(struct heard *l, size_t n, unsigned seed)
{
	struct pcg32 r;

	pcg32_seed(&r, seed, 1);
	for (size_t i = 0; i < n; i++)
		l[i] = (struct heard){ (int)pcg32_bounded(&r, 4), (int)pcg32_bounded(&r, IDS), (int)pcg32_bounded(&r, 6), (int)pcg32_bounded(&r, CONTEXTS),
				      pcg32_bounded(&r, 9) ? BASE + (int64_t)i / 2 * 700 : TIME_NONE, pcg32_bounded(&r, 2) ? pcg32_bounded(&r, 200) : NAN };
	return n;
}

static void put_lines(struct past *p, const struct heard *l, size_t n)
{
	static const char *const kind[] = { "play", "", "skip", "like", "plays", "dislike" };

	for (size_t i = 0; i < n; i++)
		put(p, people[l[i].user], ids[l[i].item], l[i].time, kind[l[i].kind], l[i].value, contexts[l[i].context]);
}

/* rows - of everybody for everything in each situation at a moment. */
static float *rows(struct past *p, int64_t time, size_t *n)
{
	struct features f;
	struct err e = { 0 };

	assert_int_equal(features_open(&f, p, NULL, 0, &e), 0);
	float *all = malloc(ROWS * f.n * sizeof *all), *x = all;
	for (int u = 0; u < PEOPLE; u++)
		for (int s = 0; s < CONTEXTS; s++) {
			struct context c;
			context_read(&c, &p->words, time, text(contexts[s]), false, NULL);
			features_request(&f, past_user(p, text(people[u]), false), &c);
			for (int i = 0; i < IDS; i++, x += f.n) {
				features_row(&f, x, past_item(p, text(ids[i]), false), NULL, 0);
				for (size_t k = 0; k < f.n; k++) {
					if (isnan(x[k]))
						x[k] = NAN;		/* one of them */
					assert_true(!isinf(x[k]));
					if (!isnan(x[k]) && features_has_words(&f, k)) {	/* the word, whatever its number */
						struct str w = features_word(&f, k, x[k]);
						assert_true(w.len);
						x[k] = (float)(w.p[0] * 256 + w.len);
					}
				}
			}
		}
	*n = ROWS * f.n;
	features_release(&f);
	return all;
}

static void same_rows(struct past *p, struct past *q, int64_t time)
{
	size_t n, m;
	float *x = rows(p, time, &n), *y = rows(q, time, &m);

	assert_int_equal(n, m);
	for (size_t i = 0; i < n; i++)
		if (memcmp(&x[i], &y[i], sizeof *x))
			fail_msg("row %zu, %s: %.9g and %.9g", i / (n / ROWS), features_fixed_name(i % (n / ROWS)), (double)x[i], (double)y[i]);
	free(x);
	free(y);
}

enum { LINES = 600 };

static void what_comes_later_changes_nothing(void **state)
{
	static struct heard l[LINES], m[LINES];

	(void)state;
	make_lines(l, LINES, 4);
	struct past *p = past_new();
	put_catalogue(p);
	put_lines(p, l, LINES);
	ready(p, vectors);
	for (int at = 0; at < 8; at++) {
		int64_t t = BASE + at * 28000;
		size_t k = 0;
		struct past *q = past_new();
		put_catalogue(q);
		for (size_t i = LINES; i--;)		/* those before, the listeners in another order; within one as they were */
			if (l[i].time == TIME_NONE || l[i].time < t)
				m[k++] = l[i];
		for (size_t i = 0; i < k / 2; i++) {
			struct heard x = m[i];
			m[i] = m[k - 1 - i];
			m[k - 1 - i] = x;
		}
		for (int u = 3; u >= 0; u--)
			for (size_t i = 0; i < k; i++)
				if (m[i].user == u)
					put_lines(q, &m[i], 1);
		ready(q, vectors);
		past_walk(p, t);
		past_walk(q, at % 2 ? t : INT64_MAX);
		same_rows(p, q, t);
		past_free(q);
	}
	past_walk(p, INT64_MAX);
	same_rows(p, p, TIME_NONE);
	past_free(p);
}

static struct buf saved(const struct past *p)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct sink *s = sink_open_memory("past", &b);

	if (past_save(p, s, NULL, &e) || sink_close(s, &e))
		fail_msg("%s", e.msg);
	return b;
}

static struct past *small(bool has_vectors, size_t n)
{
	static struct heard l[LINES];
	struct past *p = past_new();

	put_catalogue(p);
	put_lines(p, l, make_lines(l, n, 5));
	ready(p, has_vectors ? vectors : NULL);
	past_walk(p, INT64_MAX);
	return p;
}

static void a_file_says_what_memory_did(void **state)
{
	(void)state;
	for (int has = 0; has < 2; has++)
		for (int way = MEM_MAPPED; way < MEM_WAYS; way++)
			for (int n = 0; n <= 300; n += 300) {
				struct err e = { 0 };
				struct past *p = small(has, (size_t)n);
				struct buf b = saved(p), again;
				struct past *q = past_open(mem_path(b.p, b.len, way), NULL, NULL, &e);
				if (!q)
					fail_msg("%s", e.msg);
				assert_int_equal(q->n_met, p->n_met);
				assert_true(q->newest == p->newest);
				assert_int_equal(q->n_events, p->n_events);
				same_rows(p, q, BASE + 1000000);
				same_rows(p, q, TIME_NONE);
				past_walk(q, 5);			/* it has been walked */
				same_rows(p, q, BASE + 1000000);
				past_free(q);
				past_free(p);
				p = small(has, (size_t)n);
				again = saved(p);
				assert_int_equal(again.len, b.len);
				assert_memory_equal(again.p, b.p, b.len);
				buf_release(&again);
				buf_release(&b);
				past_free(p);
			}
}

static void what_is_appended_is_known_to_its_listener(void **state)
{
	(void)state;
	for (int from_file = 0; from_file < 2; from_file++) {
		struct err e = { 0 };
		struct past *p = small(true, 300);
		struct buf b = saved(p);
		if (from_file) {
			past_free(p);
			assert_non_null(p = past_open(mem_path(b.p, b.len, MEM_MAPPED), NULL, NULL, &e));
		}
		size_t n, n_users = p->n_users;
		float *before = rows(p, BASE + 400000, &n);
		uint32_t plays = p->tally[PAST_ALL]->plays, known = p->user[past_user(p, text("u"), false)].n;
		assert_false(past_append(p, &(struct event){ text("u"), text("nothing"), BASE, text(""), NAN, text("") }));
		for (int i = 0; i < 50; i++) {
			assert_true(past_append(p, &(struct event){ text("u"), text("a"), BASE + 300000 + i, text(""), NAN, text("device=tv") }));
			assert_true(past_append(p, &(struct event){ text("new"), text("b"), BASE + 300000 + i, text("skip"), NAN, text("device=new") }));
		}
		assert_int_equal(p->n_users, n_users + 1);
		uint32_t u = past_user(p, text("u"), false), fresh = past_user(p, text("new"), false);
		assert_int_equal(fresh, n_users);
		assert_int_equal(p->user[u].n, known + 50);
		assert_int_equal(p->user[fresh].n, 50);
		assert_int_equal(p->user[fresh].ev[49].at[CONTEXT_DEVICE], 0);
		assert_int_equal(p->user[u].ev[known].item, past_item(p, text("a"), false));
		assert_int_equal(p->tally[PAST_ALL]->plays, plays);
		float *after = rows(p, BASE + 400000, &n);
		assert_true(memcmp(before, after, n / PEOPLE * sizeof *before) != 0);	/* u is the first */
		assert_memory_equal(before + n / PEOPLE, after + n / PEOPLE, n / PEOPLE * (PEOPLE - 1) * sizeof *before);
		enum { MANY = 9999 };	/* who goes on for years is counted; what is looked at is kept */
		for (int i = 0; i < MANY; i++)
			assert_true(past_append(p, &(struct event){ text("u"), text(i % 3 ? "a" : "b"), BASE + 400000 + i, text(""), NAN, text("") }));
		const struct past_user *who = &p->user[u];
		assert_in_range(who->n, PAST_KEPT, PAST_KEPT + PAST_KEPT / 4);
		assert_int_equal(who->n + who->n_gone, known + 50 + MANY);
		for (uint32_t i = 1; i <= PAST_KEPT; i++) {
			assert_true(who->ev[who->n - i].time == BASE + 400000 + MANY - (int)i);
			assert_int_equal(who->ev[who->n - i].item, past_item(p, text((MANY - i) % 3 ? "a" : "b"), false));
		}
		free(before);
		free(after);
		past_free(p);
		buf_release(&b);
	}
}

/* ---- damage ---- */

/* changed - the file b with tensor `at` without its last row (what 1), left out (2), with a row of zeros more (3), or its byte k made v (0), under right checksums. False: there is no such tensor or byte. */
static bool changed(struct buf *out, const struct buf *b, size_t at, int what, size_t k, unsigned char v)
{
	struct err e = { 0 };
	struct artifact *a = artifact_load(mem_path(b->p, b->len, MEM_MAPPED), KIND_MODEL, &e);
	struct sink *s = sink_open_memory("damaged", out);
	struct artifactw *w = artifactw_new(s, KIND_MODEL, "past", &e);
	bool is = at < artifact_n_tensors(a);

	for (size_t i = 0; i < artifact_n_meta(a); i++) {
		struct str key, value;
		artifact_meta_at(a, i, &key, &value);
		if (strcmp(key.p, "kind"))
			artifactw_meta(w, key.p, "%s", value.p);
	}
	for (size_t i = 0; i < artifact_n_tensors(a); i++) {
		const char *name;
		enum dtype type;
		size_t ndim;
		const uint64_t *dim;
		const void *p;
		artifact_tensor_at(a, i, &name, &type, &ndim, &dim);
		uint64_t d[3] = { dim[0], dim[1], dim[2] };
		assert_int_equal(artifact_tensor(a, name, type, ndim, d, &p, &e), 0);
		size_t row = dtype_size(type) * d[1] * d[2], bytes = row * d[0];
		unsigned char *copy = calloc(1, bytes + row + 1);
		memcpy(copy, p, bytes);
		if (i == at) {
			is &= what >= 2 || (what == 1 ? d[0] > 0 : k < bytes);
			d[0] -= what == 1 && d[0];
			d[0] += what == 3;
			if (!what && k < bytes)
				copy[k] = v;
		}
		if (i != at || what != 2)
			assert_int_equal(artifactw_tensor(w, name, type, ndim, d, copy, &e), 0);
		free(copy);
	}
	assert_int_equal(artifactw_finish(w, NULL, &e), 0);
	assert_int_equal(sink_close(s, &e), 0);
	artifactw_free(w);
	artifact_free(a);
	return is;
}

/* use - of bytes that may be a past all that is done with one. True: it was taken. */
static bool use(const struct buf *b)
{
	struct err e = { 0 };
	struct features f;
	struct prov prov = { 0 };
	struct buf inputs = { 0 };
	struct past *p = past_open(mem_path(b->p, b->len, MEM_MAPPED), &prov, &inputs, &e);

	prov_release(&prov);
	buf_release(&inputs);
	if (!p) {
		assert_int_equal(e.code, ERR_DATA);
		assert_true(e.msg[0]);
		return false;
	}
	assert_int_equal(features_open(&f, p, NULL, 0, &e), 0);
	float *x = malloc(f.n * sizeof *x);
	past_append(p, &(struct event){ text("u"), text("a"), BASE, text(""), 50, text("device=tv") });
	for (uint32_t u = 0; u <= p->n_users; u++) {
		struct context c;
		context_read(&c, &p->words, u ? past_now(p) : TIME_NONE, text(contexts[u % CONTEXTS]), false, NULL);
		features_request(&f, u < p->n_users ? u : VOCAB_NONE, &c);
		for (uint32_t i = 0; i <= p->n[PAST_ITEM]; i++) {
			features_row(&f, x, i < p->n[PAST_ITEM] ? i : VOCAB_NONE, NULL, 0);
			for (size_t k = 0; k < f.n; k++)
				if (features_has_words(&f, k) && !isnan(x[k]))
					assert_true(features_word(&f, k, x[k]).p != NULL);
		}
	}
	free(x);
	features_release(&f);
	past_free(p);
	return true;
}

static void damage_does_no_harm(void **state)
{
	struct past *p = small(true, 14);
	struct buf b = saved(p);
	size_t taken = 0;

	(void)state;
	assert_true(use(&b));
	for (size_t n = 0; n < b.len; n += n < 64 ? 1 : 7) {
		struct buf cut = { .p = b.p, .len = n };
		assert_false(use(&cut));
	}
	for (size_t i = 0; i < b.len; i++) {
		b.p[i] = (char)(b.p[i] ^ 1 << i % 8);
		use(&b);
		b.p[i] = (char)(b.p[i] ^ 1 << i % 8);
	}
	for (size_t at = 0, k = 0; ; at++, k = 0) {
		struct buf out = { 0 };
		if (!changed(&out, &b, at, 2, 0, 0)) {
			buf_release(&out);
			break;
		}
		taken += use(&out);
		buf_release(&out);
		if (changed(&out, &b, at, 1, 0, 0))
			assert_false(use(&out));
		buf_release(&out);
		for (;; k++) {
			bool is = changed(&out, &b, at, 0, k, k % 3 ? 255 : k % 2 ? 128 : 7);
			if (is)
				use(&out);
			buf_release(&out);
			if (!is)
				break;
		}
	}
	assert_int_equal(taken, 0);		/* none goes without any of its parts */
	buf_release(&b);
	past_free(p);
}

/* tensor_of - the number of the tensor of this name. */
static size_t tensor_of(const struct buf *b, const char *name)
{
	struct err e = { 0 };
	struct artifact *a = artifact_load(mem_path(b->p, b->len, MEM_MAPPED), KIND_MODEL, &e);
	size_t at = 0;

	for (const char *is = ""; strcmp(is, name); at++) {
		enum dtype type;
		size_t ndim;
		const uint64_t *dim;
		assert_true(at < artifact_n_tensors(a));
		artifact_tensor_at(a, at, &is, &type, &ndim, &dim);
	}
	artifact_free(a);
	return at - 1;
}

/* what a reader would take for a place in memory */
static void numbers_that_lead_beside_it_are_damage(void **state)
{
	struct past *p = small(true, 14), *none = past_new();
	struct err e = { 0 };
	struct buf b = saved(p), out = { 0 }, empty, was;

	(void)state;
	for (int k = 0; k < CONTEXT_KEYS; k++) {	/* codes of a situation */
		assert_true(changed(&out, &b, tensor_of(&b, "event"), 0, offsetof(struct past_event, at) + (size_t)k, (unsigned char)(p->any[k] - p->first[k])));
		assert_true(use(&out));
		buf_release(&out);
		assert_true(changed(&out, &b, tensor_of(&b, "event"), 0, offsetof(struct past_event, at) + (size_t)k, (unsigned char)(p->any[k] - p->first[k] + 1)));
		assert_false(use(&out));
		buf_release(&out);
	}
	assert_int_equal(past_ready(none, &e), 0);	/* items of which there are no ids and no tallies */
	empty = saved(none);
	assert_true(use(&empty));
	assert_true(changed(&out, &empty, tensor_of(&empty, "item.about"), 3, 0, 0));
	for (size_t k = offsetof(struct past_item, creator); k < offsetof(struct past_item, place); k++) {	/* of nobody and nothing */
		was = out;
		out = (struct buf){ 0 };
		assert_true(changed(&out, &was, tensor_of(&was, "item.about"), 0, k, 255));
		buf_release(&was);
	}
	assert_false(use(&out));
	buf_release(&out);
	buf_release(&empty);
	buf_release(&b);
	past_free(p);
	past_free(none);
}

static void another_file_is_none(void **state)
{
	static const uint64_t dim = 2;
	static const float x[2] = { 1, 2 };
	struct err e = { 0 };
	struct buf b = { 0 };
	struct sink *s = sink_open_memory("model", &b);
	struct artifactw *w = artifactw_new(s, KIND_MODEL, "als", &e);

	(void)state;
	assert_int_equal(artifactw_tensor(w, "x", DTYPE_F32, 1, &dim, x, &e), 0);
	assert_int_equal(artifactw_finish(w, NULL, &e), 0);
	artifactw_free(w);
	assert_int_equal(sink_close(s, &e), 0);
	assert_null(past_open(mem_path(b.p, b.len, MEM_MAPPED), NULL, NULL, &e));
	assert_non_null(strstr(e.msg, "not a past, which taste-rank past makes"));
	e = (struct err){ 0 };
	assert_null(past_open("/nonexistent/past", NULL, NULL, &e));
	assert_int_equal(e.code, ERR_SYS);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_count_when_they_are_known),
		cmocka_unit_test(counts_have_an_end),
		cmocka_unit_test(recent_plays_fade),
		cmocka_unit_test(vectors_are_of_length_1),
		cmocka_unit_test(what_comes_later_changes_nothing),
		cmocka_unit_test(a_file_says_what_memory_did),
		cmocka_unit_test(what_is_appended_is_known_to_its_listener),
		cmocka_unit_test(damage_does_no_harm),
		cmocka_unit_test(numbers_that_lead_beside_it_are_damage),
		cmocka_unit_test(another_file_is_none),
	};

	return cmocka_run_group_tests_name("past", tests, NULL, NULL);
}
