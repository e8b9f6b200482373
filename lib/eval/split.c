#define XXH_INLINE_ALL
#include <string.h>

#include <xxhash.h>

#include "split.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"

const char *split_part_name(enum split_part p)
{
	static const char *const name[PART_COUNT] = { "train", "valid", "test", "valid-fold", "test-fold", "" };

	return name[p];
}

/* share_of - floor(n * share) for the decimal that was typed: 0.29 of 100 is 29, although the double next to 0.29 times 100 lies just below. */
static size_t share_of(size_t n, double share)
{
	double x = (double)n * share, up = (double)((size_t)x + 1);

	return (size_t)(up - x <= 1e-12 * up ? up : x);
}

static int read_one(struct split_log *l, struct eventr *r, bool needs_time, struct err *e)
{
	struct event ev;
	int got;

	while ((got = eventr_next(r, &ev, e)) == 1) {
		if (needs_time && eventr_time(r, ev.time, "a split by time", e))
			return ERR_DATA;
		if (l->n == l->cap) {
			size_t cap = l->cap ? l->cap * 2 : 4096;
			struct split_event *more = mem_try(cap, sizeof *more, "events", e);
			if (!more)
				return e->code;
			if (l->n)
				memcpy(more, l->ev, l->n * sizeof *more);
			mem_free(l->ev);
			l->ev = more;
			l->cap = cap;
		}
		l->ev[l->n++] = (struct split_event){
			.user = vocab_add(&l->user, ev.user.p, ev.user.len), .item = vocab_add(&l->item, ev.item.p, ev.item.len), .time = ev.time,
			.kind = ev.kind.len ? vocab_add(&l->kind, ev.kind.p, ev.kind.len) + 1 : 0, .value = ev.value,
			.context = ev.context.len ? vocab_add(&l->context, ev.context.p, ev.context.len) + 1 : 0,
		};
	}
	return got;
}

/* drop_repeats - PART_NONE for all but the first event of each (user, item) pair. */
static int drop_repeats(struct split_log *l, uint64_t *n_repeats, struct err *e)
{
	uint64_t *key = mem_try(l->n, sizeof *key, "pairs", e);
	uint32_t *at = key ? mem_try(l->n, sizeof *at, "pairs", e) : NULL;
	int ret = at ? 0 : ERR_MEM;

	for (size_t i = 0; i < l->n && !ret; i++) {
		key[i] = (uint64_t)l->ev[i].user << 32 | l->ev[i].item;
		at[i] = (uint32_t)i;
	}
	if (!ret)
		ret = sort_u64(key, at, l->n, e);
	for (size_t i = 1; i < l->n && !ret; i++)	/* the sort is stable: the first of a run came first */
		if (key[i] == key[i - 1]) {
			l->part[at[i]] = PART_NONE;
			++*n_repeats;
		}
	mem_free(key);
	mem_free(at);
	return ret;
}

int split_read(struct split_log *l, const char *const *path, size_t n, bool has_header, bool needs_time, bool is_distinct, uint64_t *n_repeats, struct prov *p,
	       struct buf *inputs, struct err *e)
{
	static const char *const from_stdin[] = { "-" };
	int ret = 0;

	*l = (struct split_log){ 0 };
	*n_repeats = 0;
	if (!n) {
		path = from_stdin;
		n = 1;
	}
	for (size_t i = 0; i < n && !ret; i++) {
		struct eventr *r = eventr_open(path[i], has_header, e);
		ret = r ? read_one(l, r, needs_time, e) : (int)e->code;
		if (!ret)
			ret = eventr_prov(r, p, inputs, e);
		eventr_close(r);
	}
	if (!ret && l->n >= UINT32_MAX)
		ret = err_set(e, ERR_DATA, "%zu events are more than a split holds (4294967294)", l->n);
	if (!ret && !(l->part = mem_try0(l->n, 1, "parts", e)))
		ret = e->code;
	if (!ret && is_distinct)
		ret = drop_repeats(l, n_repeats, e);
	if (ret)
		split_release(l);
	return ret;
}

void split_release(struct split_log *l)
{
	vocab_release(&l->user);
	vocab_release(&l->item);
	vocab_release(&l->kind);
	vocab_release(&l->context);
	mem_free(l->ev);
	mem_free(l->part);
	*l = (struct split_log){ 0 };
}

void split_get(const struct split_log *l, size_t i, struct event *ev)
{
	const struct split_event *s = &l->ev[i];
	const struct str none = { "", 0 };

	*ev = (struct event){ .user = l->user.str[s->user], .item = l->item.str[s->item], .time = s->time,
			      .kind = s->kind ? l->kind.str[s->kind - 1] : none, .value = s->value,
			      .context = s->context ? l->context.str[s->context - 1] : none };
}

/* Events by user: at[start[u] .. start[u + 1]) are the numbers of u's events, in input order, without those of PART_NONE. */
struct by_user { size_t *start; uint32_t *at; };

static int by_user(struct by_user *b, const struct split_log *l, struct err *e)
{
	b->start = mem_try0(l->user.n + 2, sizeof *b->start, "users", e);
	b->at = mem_try(l->n, sizeof *b->at, "events by user", e);
	if (!b->start || !b->at) {
		mem_free(b->start);
		mem_free(b->at);
		return ERR_MEM;
	}
	size_t *next = b->start + 1;	/* counts first, then ends; shifted by one they are the starts */
	for (size_t i = 0; i < l->n; i++)
		if (l->part[i] != PART_NONE)
			next[l->ev[i].user + 1]++;
	for (size_t u = 0; u < l->user.n; u++)
		next[u + 1] += next[u];
	for (size_t i = 0; i < l->n; i++)
		if (l->part[i] != PART_NONE)
			b->at[next[l->ev[i].user]++] = (uint32_t)i;
	return 0;
}

static void by_user_release(struct by_user *b)
{
	mem_free(b->start);
	mem_free(b->at);
}

/* ---- loo ---- */

/* latest - which of at[n] comes last, leaving out `but`: the largest time, of equal ones the later in the input. TIME_NONE is the smallest. */
static uint32_t latest(const struct split_log *l, const uint32_t *at, size_t n, uint32_t but)
{
	uint32_t best = UINT32_MAX;

	for (size_t i = 0; i < n; i++)
		if (at[i] != but && (best == UINT32_MAX || l->ev[at[i]].time >= l->ev[best].time))
			best = at[i];
	return best;
}

int split_loo(struct split_log *l, size_t min, struct err *e)
{
	struct by_user b;

	if (by_user(&b, l, e))
		return e->code;
	for (size_t u = 0; u < l->user.n; u++) {
		const uint32_t *at = b.at + b.start[u];
		size_t n = b.start[u + 1] - b.start[u];
		if (n < min || n < 3)
			continue;
		uint32_t test = latest(l, at, n, UINT32_MAX);
		l->part[test] = PART_TEST;
		l->part[latest(l, at, n, test)] = PART_VALID;
	}
	by_user_release(&b);
	return 0;
}

/* ---- time ---- */

void split_time(struct split_log *l, int64_t valid_from, int64_t test_from)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->part[i] != PART_NONE)
			l->part[i] = l->ev[i].time >= test_from ? PART_TEST : l->ev[i].time >= valid_from ? PART_VALID : PART_TRAIN;
}

/* cut_at - where in n sorted times a part begins that is as large as can be, has at most `most` of them and parts no moment; n: nowhere. */
static size_t cut_at(const uint64_t *sorted, size_t n, size_t most)
{
	size_t first = most < n ? n - most : 0;

	while (first && first < n && sorted[first] == sorted[first - 1])
		first++;
	return first;
}

int split_time_cuts(struct split_log *l, double valid_share, double test_share, int64_t *valid_from, int64_t *test_from, struct err *e)
{
	uint64_t *t = mem_try(l->n, sizeof *t, "times", e);
	size_t n = 0;
	if (!t)
		return e->code;
	for (size_t i = 0; i < l->n; i++)
		if (l->part[i] != PART_NONE)
			t[n++] = (uint64_t)l->ev[i].time ^ 1ULL << 63;	/* signed order as unsigned */
	int ret = sort_u64(t, NULL, n, e);
	if (!ret) {
		size_t test = cut_at(t, n, share_of(n, test_share)), rest = test < n ? test : n;
		size_t valid = cut_at(t, rest, share_of(n, valid_share));
		*test_from = test < n ? (int64_t)(t[test] ^ 1ULL << 63) : INT64_MAX;
		*valid_from = valid < rest ? (int64_t)(t[valid] ^ 1ULL << 63) : *test_from;
	}
	mem_free(t);
	return ret;
}

/* ---- ratio, users ---- */

static void seed_user(struct pcg32 *r, uint64_t seed, struct str id)
{
	pcg32_seed(r, seed, XXH3_64bits(id.p, id.len));
}

/* draw - k of at[0..n) to the front, at random (the first k steps of a Fisher-Yates shuffle). */
static void draw(struct pcg32 *r, uint32_t *at, size_t n, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		size_t j = i + pcg32_bounded(r, (uint32_t)(n - i));
		uint32_t t = at[i];
		at[i] = at[j];
		at[j] = t;
	}
}

int split_ratio(struct split_log *l, double valid, double test, uint64_t seed, struct err *e)
{
	struct by_user b;

	if (by_user(&b, l, e))
		return e->code;
	for (size_t u = 0; u < l->user.n; u++) {
		uint32_t *at = b.at + b.start[u];
		size_t n = b.start[u + 1] - b.start[u], n_test = share_of(n, test), n_valid = share_of(n, valid);
		struct pcg32 r;
		if (!n)
			continue;
		if (n_test > n - 1)
			n_test = n - 1;
		if (n_valid > n - 1 - n_test)
			n_valid = n - 1 - n_test;
		seed_user(&r, seed, l->user.str[u]);
		draw(&r, at, n, n_test + n_valid);
		for (size_t i = 0; i < n_test + n_valid; i++)
			l->part[at[i]] = i < n_test ? PART_TEST : PART_VALID;
	}
	by_user_release(&b);
	return 0;
}

struct held_out { uint64_t key; uint32_t user; };

static int cmp_held_out(const void *a, const void *b, void *ctx)
{
	const struct held_out *x = a, *y = b;
	const struct split_log *l = ctx;

	return x->key != y->key ? (x->key < y->key ? -1 : 1) : str_cmp(l->user.str[x->user], l->user.str[y->user]);
}

int split_users(struct split_log *l, double valid, double test, double fold, size_t min, uint64_t seed, struct err *e)
{
	struct by_user b;
	size_t n_can = 0;

	if (by_user(&b, l, e))
		return e->code;
	struct held_out *can = mem_try(l->user.n, sizeof *can, "users", e);
	int ret = can ? 0 : ERR_MEM;
	for (size_t u = 0; u < l->user.n && !ret; u++) {
		struct pcg32 r;
		if (b.start[u + 1] - b.start[u] < (min < 2 ? 2 : min))
			continue;
		seed_user(&r, seed, l->user.str[u]);
		uint64_t key = (uint64_t)pcg32_next(&r) << 32;
		can[n_can++] = (struct held_out){ key | pcg32_next(&r), (uint32_t)u };
	}
	if (!ret)
		ret = sort_stable(can, n_can, sizeof *can, cmp_held_out, l, e);
	size_t n_test = test < 1 ? share_of(n_can, test) : (size_t)test, n_valid = valid < 1 ? share_of(n_can, valid) : (size_t)valid;
	if (!ret && n_test + n_valid > n_can)
		ret = err_set(e, ERR_DATA, "%zu test and %zu valid users are more than the %zu with at least %zu events", n_test, n_valid, n_can, min < 2 ? 2 : min);
	for (size_t i = 0; i < n_test + n_valid && !ret; i++) {
		uint32_t *at = b.at + b.start[can[i].user];
		size_t n = b.start[can[i].user + 1] - b.start[can[i].user], n_fold = share_of(n, fold);
		struct pcg32 r;
		n_fold = n_fold < 1 ? 1 : n_fold > n - 1 ? n - 1 : n_fold;
		seed_user(&r, seed + 1, l->user.str[can[i].user]);
		draw(&r, at, n, n_fold);
		for (size_t k = 0; k < n; k++)
			l->part[at[k]] = i < n_test ? (k < n_fold ? PART_TEST_FOLD : PART_TEST) : k < n_fold ? PART_VALID_FOLD : PART_VALID;
	}
	mem_free(can);
	by_user_release(&b);
	return ret;
}

uint64_t split_known(struct split_log *l)
{
	uint8_t *known = mem_new(l->item.n + 1, 1);
	uint64_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->part[i] == PART_TRAIN)
			known[l->ev[i].item] = 1;
	for (size_t i = 0; i < l->n; i++)
		if (l->part[i] != PART_TRAIN && l->part[i] != PART_NONE && !known[l->ev[i].item]) {
			l->part[i] = PART_NONE;
			n++;
		}
	mem_free(known);
	return n;
}
