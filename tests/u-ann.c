/*
 * ann: what is found has flat's scores bit for bit, and most of what flat finds is found; an index stays one through any sequence of adding and deleting; a file with a flipped bit or
 * without its end is refused or answers as before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz-stream.h"
#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/index/ann.h"
#include "../lib/index/nav_check.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SLOW = 1 };
#else
enum { IS_SLOW = 0 };
#endif
static struct pcg32 rng;
static const enum flat_metric metrics[] = { FLAT_IP, FLAT_COSINE, FLAT_L2 };
static const enum ann_codes codes[] = { ANN_F32, ANN_I8, ANN_I4 };

/* ---- vectors with ids ---- */

struct set { size_t n, cap, d; float *v; uint64_t *off; char *bytes; struct vecs_part part; struct vecs vecs; };

static void set_new(struct set *s, size_t d, size_t cap)
{
	*s = (struct set){ .d = d, .cap = cap, .v = mem_new(cap * d + 1, sizeof *s->v), .off = mem_new(cap + 1, sizeof *s->off), .bytes = mem_new(cap * 16 + 1, 1) };
}

static void set_release(struct set *s)
{
	mem_free(s->v);
	mem_free(s->off);
	mem_free(s->bytes);
	*s = (struct set){ 0 };
}

static void set_put(struct set *s, struct str id, const float *x)
{
	assert_true(s->n < s->cap && id.len <= 16);
	memcpy(s->v + s->n * s->d, x, s->d * sizeof *x);
	memcpy(s->bytes + s->off[s->n], id.p, id.len);
	s->off[s->n + 1] = s->off[s->n] + id.len;
	s->n++;
}

static struct vecs *set_vecs(struct set *s)
{
	s->part = (struct vecs_part){ .v = s->v, .off = s->off, .bytes = s->bytes, .n = s->n };
	s->vecs = (struct vecs){ .n = s->n, .d = s->d, .part = &s->part, .n_parts = 1 };
	return &s->vecs;
}

static const float *set_row(const void *ctx, size_t r) { return ((const struct set *)ctx)->v + r * ((const struct set *)ctx)->d; }

static struct str set_id(const void *ctx, size_t r)
{
	const struct set *s = ctx;

	return (struct str){ s->bytes + s->off[r], (size_t)(s->off[r + 1] - s->off[r]) };
}

/* set_find - the row of an id; n when it is not there. */
static size_t set_find(const struct set *s, struct str id)
{
	size_t r = 0;

	while (r < s->n && str_cmp(set_id(s, r), id))
		r++;
	return r;
}

static void set_drop(struct set *s, size_t r)
{
	struct set t;

	set_new(&t, s->d, s->cap);
	for (size_t i = 0; i < s->n; i++)
		if (i != r)
			set_put(&t, set_id(s, i), set_row(s, i));
	set_release(s);
	*s = t;
}

/* draw - n vectors about some centres, with ids from `first` on. */
static void draw(struct set *s, size_t n, size_t first, size_t n_centres)
{
	float c[32][64], x[64];

	for (size_t i = 0; i < n_centres; i++)
		for (size_t k = 0; k < s->d; k++)
			c[i][k] = pcg32_f32(&rng) * 4 - 1.5f;
	for (size_t i = 0; i < n; i++) {
		char id[16];
		size_t at = pcg32_bounded(&rng, (uint32_t)n_centres);
		for (size_t k = 0; k < s->d; k++)
			x[k] = c[at][k] + (pcg32_f32(&rng) + pcg32_f32(&rng) + pcg32_f32(&rng) - 1.5f) * .7f;
		int len = snprintf(id, sizeof id, "i%zu", first + i);
		set_put(s, (struct str){ id, (size_t)len }, x);
	}
}

/* ---- indexes of them ---- */

static struct ann_opts options(enum flat_metric metric, enum ann_codes c)
{
	struct ann_opts o = { .metric = metric, .codes = c };

	o.graph = (struct nav_opts){ .degree = 16, .ef = 64, .alpha = metric == FLAT_IP ? 1 : 1.1f, .fill = 12, .entries = 16, .seed = 3, .by_product = metric == FLAT_IP };
	return o;
}

/* made - the bytes of an index. */
static struct buf made(const struct set *s, const struct ann_opts *o, struct ann *old, const uint64_t *gone, struct par *pool)
{
	struct ann_rows rows = { .n = s->n, .d = s->d, .row = set_row, .id = set_id, .ctx = s };
	struct err e = { 0 };
	struct buf b = { 0 };
	struct sink *out = sink_open_memory("memory", &b);

	if (ann_make(out, o, &rows, old, gone, NULL, NULL, pool, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(sink_close(out, &e), 0);
	return b;
}

/* The few rows that are compared by their vectors at once: none, so that small indexes are searched as large ones are. */
static size_t few;

static void open_index(struct ann *a, const struct buf *b)
{
	struct err e = { 0 };

	if (ann_open(a, mem_path(b->p, b->len, MEM_MAPPED), &e))
		fail_msg("%s", e.msg);
	assert_int_equal(a->few, ANN_FEW_ROWS);
	a->few = few;
}

/* old_rows - the rows of an index in its own order, and room for more. */
static void old_rows(struct set *s, struct ann *a, size_t more)
{
	struct str id;

	set_new(s, a->d, a->n + more);
	for (size_t r = 0; r < a->n; r++) {
		assert_true(ann_id(a, r, &id));
		set_put(s, id, ann_vector(a, r));
	}
}

/* validate - the index is one, and it is that of s. */
static void validate(struct ann *a, struct set *s)
{
	struct nav_facts f;
	struct err e = { 0 };
	struct idtab t;

	assert_int_equal(a->n, s->n);
	if (ann_check(a, true, NULL, &e) || ann_ids(a, &t, &e) || nav_check(&a->g, &f, &e))
		fail_msg("%s", e.msg);
	if (f.n_wrong || f.n_lost)
		fail_msg("%zu rows: %zu lists are wrong, %zu rows are lost", a->n, f.n_wrong, f.n_lost);
	for (size_t r = 0; r < s->n; r++) {
		struct str id = set_id(s, r);
		uint32_t at = idtab_find(&t, id.p, id.len);
		assert_true(at < a->n);
		assert_memory_equal(ann_vector(a, at), set_row(s, r), s->d * sizeof(float));
	}
}

/* ask - search; every hit is in order, and has flat's score. Returns how many of flat's k were found (those that tie with its last count). */
static size_t ask(struct ann *a, struct ann_walk *w, struct flat *f, struct set *s, const float *q, const struct ann_ask *how, size_t *n_flat)
{
	struct topk_hit *hit = mem_new(how->k, sizeof *hit), *storage = mem_new(how->k + 1, sizeof *storage);
	struct flat_hits want;
	struct err e = { 0 };
	size_t n, found = 0, looked;
	struct str before = { 0 }, id;

	if (ann_search(a, w, q, how, hit, &n, &looked, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(flat_search(f, &want, storage, how->k, q, 1, NULL, &e), 0);
	assert_true(n <= how->k && n <= a->n && looked <= 2 * a->n);
	for (size_t i = 0; i < n; i++) {
		assert_true(hit[i].row < a->n && ann_id(a, hit[i].row, &id));
		size_t r = set_find(s, id);
		float same = flat_score(f, q, r);
		if (memcmp(&hit[i].score, &same, sizeof same))
			fail_msg("hit %zu: %.9g, flat's score is %.9g", i, (double)hit[i].score, (double)same);
		assert_true(hit[i].score >= how->least);
		assert_true(!i || hit[i - 1].score > hit[i].score || (hit[i - 1].score == hit[i].score && str_cmp(before, id) < 0));
		found += want.n && hit[i].score >= want.hit[want.n - 1].score;
		before = id;
	}
	*n_flat = want.n;
	mem_free(hit);
	mem_free(storage);
	return found;
}

/* recall_of - over queries near every step-th of the first n_rows rows. */
static double recall_of(struct ann *a, struct set *s, size_t n_rows, enum flat_metric metric, size_t k, size_t ef)
{
	struct ann_ask how = { .k = k, .ef = ef, .least = -INFINITY };
	struct err e = { 0 };
	struct ann_walk *w = ann_walk_new(a, &e);
	struct flat f;
	size_t found = 0, wanted = 0, step = n_rows / 60 + 1;
	float q[64];

	assert_int_equal(flat_init(&f, set_vecs(s), metric, NULL, &e), 0);
	for (size_t r = 0; r < n_rows; r += step) {
		size_t n;
		for (size_t i = 0; i < s->d; i++)
			q[i] = set_row(s, r)[i] + (pcg32_f32(&rng) - .5f) * .3f;
		found += ask(a, w, &f, s, q, &how, &n);
		wanted += n;
	}
	flat_release(&f);
	ann_walk_free(w);
	return wanted ? (double)found / (double)wanted : 1;
}

static double recall(struct ann *a, struct set *s, enum flat_metric metric, size_t k, size_t ef) { return recall_of(a, s, s->n, metric, k, ef); }

/* ---- tests ---- */

static void what_flat_finds_is_found(void **state)
{
	struct set s;

	(void)state;
	pcg32_seed(&rng, 1, 1);
	set_new(&s, 24, 1000);
	draw(&s, 1000, 0, 30);
	memset(s.v + 7 * 24, 0, 24 * sizeof *s.v);		/* one is zero, some are the same */
	memcpy(s.v + 9 * 24, s.v + 8 * 24, 24 * sizeof *s.v);
	for (int m = 0; m < 3; m++)
		for (int c = 0; c < 3; c++) {
			struct ann_opts o = options(metrics[m], codes[c]);
			struct buf b = made(&s, &o, NULL, NULL, NULL);
			struct ann a;
			open_index(&a, &b);
			double r = recall(&a, &s, metrics[m], 10, 64);
			if (r < .95)
				fail_msg("metric %d, codes %d: recall %g", m, c, r);
			assert_true(recall(&a, &s, metrics[m], 10, 1000) > (codes[c] == ANN_I8 ? .995 : .9999));
			assert_true(a.n_table && (double)a.table[a.n_table - 1].recall > .97);
			validate(&a, &s);
			a.few = ANN_FEW_ROWS;
			assert_true(recall(&a, &s, metrics[m], 10, 10) == 1);
			assert_false(a.is_damaged);
			ann_close(&a);
			buf_release(&b);
		}
	set_release(&s);
}

/* Cosines of lengths that differ by 25 orders of magnitude are flat's too, by codes and by vectors (ask compares them). */
static void lengths_are_no_matter(void **state)
{
	enum { N = 300, D = 6 };
	struct set s;

	(void)state;
	pcg32_seed(&rng, 11, 11);
	set_new(&s, D, N);
	draw(&s, N, 0, 6);
	for (size_t r = 0; r < N; r++)
		for (size_t i = 0; i < D; i++)
			s.v[r * D + i] *= r % 17 ? powf(10, (float)(r % 26) - 13) : 0;
	for (int c = 0; c < 3; c++) {
		struct ann_opts o = options(FLAT_COSINE, codes[c]);
		struct buf b = made(&s, &o, NULL, NULL, NULL);
		struct ann a;
		open_index(&a, &b);
		validate(&a, &s);
		assert_true(recall(&a, &s, FLAT_COSINE, 10, 60) > .9);
		a.few = ANN_FEW_ROWS;
		assert_true(recall(&a, &s, FLAT_COSINE, 10, 10) == 1);
		ann_close(&a);
		buf_release(&b);
	}
	set_release(&s);
}

/* neighbours of three bytes: more rows than two can tell apart. */
static void many_rows_are_an_index(void **state)
{
	enum { N = 66000, D = 2 };
	struct ann_opts o = options(FLAT_L2, ANN_I8);
	struct set s;
	struct ann a;

	(void)state;
	pcg32_seed(&rng, 12, 12);
	o.graph.degree = 6;
	o.graph.fill = 4;
	o.graph.ef = 12;
	set_new(&s, D, N);
	draw(&s, N, 0, 32);
	struct buf b = made(&s, &o, NULL, NULL, NULL);
	open_index(&a, &b);
	assert_int_equal(a.g.width, 3);
	validate(&a, &s);
	if (!IS_SLOW)
		assert_true(recall(&a, &s, FLAT_L2, 10, 64) > .9);
	ann_close(&a);
	buf_release(&b);
	set_release(&s);
}

/* What nobody knows has no vector: thousands of zeros. All can be reached, through few entries, and the others are found as if these were not there. */
static void zeros_are_in_nobodys_way(void **state)
{
	enum { N = 1000, ZEROS = 4000, D = 12 };

	(void)state;
	for (int m = 0; m < 3; m++) {
		struct ann_opts o = options(metrics[m], ANN_I8);
		struct set s;
		struct ann a;
		pcg32_seed(&rng, 13, 13);
		set_new(&s, D, N + ZEROS);
		draw(&s, N + ZEROS, 0, 20);
		memset(s.v + N * D, 0, ZEROS * D * sizeof *s.v);
		struct buf b = made(&s, &o, NULL, NULL, NULL);
		open_index(&a, &b);
		validate(&a, &s);
		if (a.g.n_entries > o.graph.entries + 16)
			fail_msg("metric %d: %zu entries", m, a.g.n_entries);
		double r = recall_of(&a, &s, N, metrics[m], 10, 64);
		if (r < .95)
			fail_msg("metric %d: recall %g", m, r);
		ann_close(&a);
		buf_release(&b);
		set_release(&s);
	}
}

/* ---- filters ---- */

/* borders_hold - of n_allowed rows, by bits and by rows, with some banned and one hidden: the same both ways; flat's answer, ids and all, where it is exact. */
static void borders_hold(struct ann *a, struct set *s, struct flat *f, struct ann_walk *w, size_t n_allowed, size_t k, size_t ef)
{
	size_t words = (s->n + 63) / 64, n_there = 0, step = n_allowed ? s->n / n_allowed : 1;
	uint64_t *here = mem_new(words, sizeof *here), *there = mem_new(words, sizeof *there);
	uint32_t *row = mem_new(n_allowed + 1, sizeof *row), *ban_there = mem_new(s->n + 1, sizeof *row), ban[3], hide, *place = mem_new(s->n + 1, sizeof *place);
	struct topk_hit *hit = mem_new(k + 1, sizeof *hit), *same = mem_new(k + 1, sizeof *same), *storage = mem_new(k + 1, sizeof *storage);
	struct err e = { 0 };
	struct idtab t;

	assert_int_equal(ann_ids(a, &t, &e), 0);
	for (size_t r = 0; r < s->n; r++) {
		struct str id = set_id(s, r);
		place[idtab_find(&t, id.p, id.len)] = (uint32_t)r;
	}
	for (size_t i = 0; i < n_allowed; i++) {
		row[i] = (uint32_t)(i * step);
		here[row[i] / 64] |= (uint64_t)1 << row[i] % 64;
		there[place[row[i]] / 64] |= (uint64_t)1 << place[row[i]] % 64;
	}
	for (size_t i = 0; i < 3; i++)
		ban[i] = n_allowed > 2 ? row[i * (n_allowed / 3) + 1 - (i == 2)] : (uint32_t)(i * 2);
	hide = n_allowed > 3 ? row[n_allowed - 1] + 1 : 4;
	for (int way = 0; way < 4; way++) {
		struct ann_ask how = { .k = k, .ef = ef, .allowed = here, .n_allowed = n_allowed, .least = -INFINITY, .hide = way & 2 ? hide : 0 };
		bool is_exact = n_allowed <= a->few || (a->codes == ANN_F32 && ef >= n_allowed);
		struct flat_hits want;
		size_t n, n_same;
		if (way & 1) {
			how.ban = ban;
			how.n_ban = 3;
		}
		n_there = 0;
		bool *gone = mem_new(s->n + 1, sizeof *gone);
		for (size_t i = 0; i < how.n_ban; i++)
			gone[place[ban[i]]] = true;
		if (how.hide)
			gone[place[how.hide - 1]] = true;
		for (uint32_t r = 0; r < s->n; r++)
			if (gone[r])
				ban_there[n_there++] = r;
		mem_free(gone);
		for (int t2 = 0; t2 < 3; t2++) {
			const float *q = set_row(s, (size_t)t2 * 401 + 3);
			how.allowed_row = NULL;
			if (ann_search(a, w, q, &how, hit, &n, NULL, &e))
				fail_msg("%s", e.msg);
			how.allowed_row = row;
			assert_int_equal(ann_search(a, w, q, &how, same, &n_same, NULL, &e), 0);
			assert_int_equal(n, n_same);
			assert_memory_equal(hit, same, n * sizeof *hit);
			f->allowed = there;
			assert_int_equal(flat_search(f, &want, storage, k, q, 1, &(struct flat_ban){ ban_there, n_there }, &e), 0);
			if (is_exact)
				assert_int_equal(n, want.n);
			for (size_t i = 0; i < n; i++) {
				float score = flat_score(f, q, place[hit[i].row]);
				assert_true(nav_bit(here, hit[i].row) && hit[i].row + 1 != how.hide);
				for (size_t b = 0; b < how.n_ban; b++)
					assert_true(hit[i].row != ban[b]);
				assert_memory_equal(&score, &hit[i].score, sizeof score);
				if (is_exact && place[hit[i].row] != want.hit[i].row)
					fail_msg("%zu allowed, k %zu, ef %zu, way %d: hit %zu is another than flat's", n_allowed, k, ef, way, i);
			}
		}
	}
	mem_free(here);
	mem_free(there);
	mem_free(row);
	mem_free(ban_there);
	mem_free(place);
	mem_free(hit);
	mem_free(same);
	mem_free(storage);
}

static void few_rows_are_compared_by_their_vectors(void **state)
{
	enum { N = 2600, D = 5, TIES = 200 };
	struct err e = { 0 };

	(void)state;
	for (int c = 0; c < 3; c++) {
		enum flat_metric metric = metrics[(c + 1) % 3];
		struct ann_opts o = options(metric, codes[c]);
		static const size_t allowed[] = { 0, 1, 10, 11, 300, ANN_FEW_ROWS, ANN_FEW_ROWS + 1, N };
		struct set s;
		struct flat f;
		struct ann a;
		pcg32_seed(&rng, 14, (uint64_t)c);
		set_new(&s, D, N);
		draw(&s, N, 0, 9);
		for (size_t r = 4; r < N; r += N / TIES)	/* ties, and more of them than hits */
			memcpy(s.v + r * D, s.v + 3 * D, D * sizeof *s.v);
		struct buf b = made(&s, &o, NULL, NULL, NULL);
		open_index(&a, &b);
		a.few = ANN_FEW_ROWS;
		struct ann_walk *w = ann_walk_new(&a, &e);
		assert_int_equal(flat_init(&f, set_vecs(&s), metric, NULL, &e), 0);
		for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
			for (size_t ef = 10; ef <= N; ef = ef < 100 ? 100 : ef < ANN_FEW_ROWS ? ANN_FEW_ROWS : ef < N ? N : N + 1)
				borders_hold(&a, &s, &f, w, allowed[i], i == 3 ? 1 : 10, ef);
		flat_release(&f);
		ann_walk_free(w);
		ann_close(&a);
		buf_release(&b);
		set_release(&s);
	}
}

static void the_bytes_are_the_same(void **state)
{
	static const char *const paths[] = { "plain", "avx2", "avx512" };
	struct err e = { 0 };
	struct set s;

	(void)state;
	pcg32_seed(&rng, 2, 2);
	set_new(&s, 13, 400);
	draw(&s, 400, 0, 8);
	for (int c = 0; c < 3; c++) {
		struct ann_opts o = options(metrics[c], codes[c]);
		struct buf first = made(&s, &o, NULL, NULL, NULL);
		for (int p = 0; p < 3; p++) {
			if (!strstr(cpu_names(), paths[p]))
				continue;
			cpu_select(paths[p], &e);
			struct par *pool = par_new(2 + p, &e);
			struct buf b = made(&s, &o, NULL, NULL, pool);
			assert_int_equal(b.len, first.len);
			assert_memory_equal(b.p, first.p, b.len);
			par_free(pool);
			buf_release(&b);
		}
		cpu_select("auto", &e);
		buf_release(&first);
	}
	set_release(&s);
}

/* With f32 and room for all, the answer is that of flat with the same filters, and so is a search that has to go through rows that may not be found. */
static void filters_are_those_of_flat(void **state)
{
	enum { N = 300, K = 12 };
	struct ann_opts o = options(FLAT_L2, ANN_F32);
	struct err e = { 0 };
	struct set s;
	struct flat f;
	struct ann a;

	(void)state;
	pcg32_seed(&rng, 3, 3);
	set_new(&s, 9, N);
	draw(&s, N, 0, 6);
	struct buf b = made(&s, &o, NULL, NULL, NULL);
	open_index(&a, &b);
	struct ann_walk *w = ann_walk_new(&a, &e);
	for (int t = 0; t < 40; t++) {
		uint64_t here[(N + 63) / 64] = { 0 }, there[(N + 63) / 64] = { 0 };	/* in the index's order and in flat's */
		uint32_t ban[N], ban_there[N];
		size_t n_ban = 0, n_there = 0, n_allowed = 0, n;
		struct topk_hit hit[K], storage[K + 1];
		struct flat_hits want;
		const float *q = set_row(&s, (size_t)t * 7);
		bool is_banned[N] = { false };
		for (uint32_t r = 0; r < N; r++) {
			struct str id;
			assert_true(ann_id(&a, r, &id));
			size_t at = set_find(&s, id);
			if (pcg32_bounded(&rng, 40) < (uint32_t)t) {
				here[r / 64] |= (uint64_t)1 << r % 64;
				there[at / 64] |= (uint64_t)1 << at % 64;
				n_allowed++;
			}
			if (!pcg32_bounded(&rng, 6)) {
				ban[n_ban++] = r;
				is_banned[at] = true;
			}
		}
		for (uint32_t r = 0; r < N; r++)
			if (is_banned[r])
				ban_there[n_there++] = r;
		for (int way = 0; way < 16; way++) {
			a.few = way & 8 ? ANN_FEW_ROWS : 0;
			struct ann_ask how = { .k = K, .ef = way & 4 ? N : 60, .least = t % 3 ? -INFINITY : -9 };
			if (way & 1) {
				how.allowed = here;
				how.n_allowed = n_allowed;
			}
			if (way & 2) {
				how.ban = ban;
				how.n_ban = n_ban;
			}
			assert_int_equal(flat_init(&f, set_vecs(&s), FLAT_L2, NULL, &e), 0);
			f.allowed = way & 1 ? there : NULL;
			assert_int_equal(flat_search(&f, &want, storage, K, q, 1, way & 2 ? &(struct flat_ban){ ban_there, n_there } : NULL, &e), 0);
			while (want.n && want.hit[want.n - 1].score < how.least)
				want.n--;
			assert_int_equal(ann_search(&a, w, q, &how, hit, &n, NULL, &e), 0);
			assert_int_equal(n, want.n);
			for (size_t i = 0; i < n; i++) {
				struct str id, id_there = set_id(&s, want.hit[i].row);
				assert_true(ann_id(&a, hit[i].row, &id));
				if (str_cmp(id, id_there) || hit[i].score != want.hit[i].score)
					fail_msg("query %d, way %d, hit %zu of %zu: %.*s, wanted %.*s", t, way, i, n, (int)id.len, id.p, (int)id_there.len, id_there.p);
			}
			/* a row that is hidden is as if it were not there */
			if (n) {
				uint32_t hidden = hit[0].row;
				how.hide = hidden + 1;
				assert_int_equal(ann_search(&a, w, q, &how, hit, &n, NULL, &e), 0);
				for (size_t i = 0; i < n; i++)
					assert_true(hit[i].row != hidden);
			}
			flat_release(&f);
		}
	}
	ann_walk_free(w);
	ann_close(&a);
	buf_release(&b);
	set_release(&s);
}

static void few_rows_are_an_index(void **state)
{
	(void)state;
	pcg32_seed(&rng, 4, 4);
	for (size_t n = 0; n < 24; n = n < 4 ? n + 1 : n * 2 - 1)
		for (int c = 0; c < 3; c++) {
			struct ann_opts o = options(metrics[(n + (size_t)c) % 3], codes[c]);
			struct set s;
			struct ann a, empty;
			set_new(&s, 5, 24);
			draw(&s, n, 0, 2);
			struct buf b = made(&s, &o, NULL, NULL, NULL);
			open_index(&a, &b);
			validate(&a, &s);
			assert_true(recall(&a, &s, o.metric, 10, 24) == 1);
			/* a query is a row of its own that is not counted: all the others are found */
			if (n)
				assert_true(a.table[a.n_table - 1].recall == 1);
			/* all of it is deleted, and searched */
			struct err e = { 0 };
			uint64_t gone = ~(uint64_t)0;
			struct set rows;
			old_rows(&rows, &a, 4);
			struct buf b2 = made(&rows, &o, &a, &gone, NULL);
			ann_close(&a);
			open_index(&empty, &b2);
			assert_int_equal(empty.n, 0);
			struct ann_walk *w = ann_walk_new(&empty, &e);
			struct topk_hit hit[3];
			size_t found = 9;
			float q[5] = { 1, 2, 3, 4, 5 };
			assert_int_equal(ann_search(&empty, w, q, &(struct ann_ask){ .k = 3, .ef = 8, .least = -INFINITY }, hit, &found, NULL, &e), 0);
			assert_int_equal(found, 0);
			ann_walk_free(w);
			ann_close(&empty);
			set_release(&rows);
			set_release(&s);
			buf_release(&b);
			buf_release(&b2);
		}
}

static void half_of_it_may_be_others(void **state)
{
	enum { N = 1200, D = 16 };

	(void)state;
	for (int c = 0; c < 3; c++) {
		enum flat_metric metric = metrics[(c + 1) % 3];
		struct ann_opts o = options(metric, codes[c]);
		uint64_t gone[(N + N / 2 + 63) / 64] = { 0 };
		struct set s, rows, left;
		struct ann a, changed, fresh;
		pcg32_seed(&rng, 5, (uint64_t)c);
		set_new(&s, D, N);
		draw(&s, N, 0, 20);
		struct buf b = made(&s, &o, NULL, NULL, NULL);
		open_index(&a, &b);
		old_rows(&rows, &a, N / 2);
		draw(&rows, N / 2, N, 20);
		set_new(&left, D, N);
		for (size_t r = 0; r < rows.n; r++)
			if (r < N && r % 2)
				gone[r / 64] |= (uint64_t)1 << r % 64;
			else
				set_put(&left, set_id(&rows, r), set_row(&rows, r));
		struct buf b2 = made(&rows, &o, &a, gone, NULL), b3 = made(&left, &o, NULL, NULL, NULL);
		ann_close(&a);
		open_index(&changed, &b2);
		validate(&changed, &left);
		double r = recall(&changed, &left, metric, 10, 32);
		ann_close(&changed);
		open_index(&fresh, &b3);
		double r_fresh = recall(&fresh, &left, metric, 10, 32);
		ann_close(&fresh);
		if (r < .93 || r < r_fresh - .03)
			fail_msg("codes %d: recall %g when half of it is new, %g of one built anew", c, r, r_fresh);
		set_release(&s);
		set_release(&rows);
		set_release(&left);
		buf_release(&b);
		buf_release(&b2);
		buf_release(&b3);
	}
}

static void any_adding_and_deleting_leaves_an_index(void **state)
{
	enum { CAP = 400 };

	(void)state;
	for (int c = 0; c < 3; c++) {
		struct ann_opts o = options(metrics[c], codes[2 - c]);
		struct set s;
		size_t next = 0;
		pcg32_seed(&rng, 6, (uint64_t)c);
		o.graph.degree = c ? 6 : 4;
		o.graph.fill = (size_t)c * 2;
		o.graph.entries = c == 1 ? 1 : 5;
		set_new(&s, 7, CAP);
		struct buf b = made(&s, &o, NULL, NULL, NULL);
		for (int step = 0; step < (IS_SLOW ? 15 : 70); step++) {
			struct ann a;
			struct set rows, more;
			uint64_t gone[CAP / 64 + 2] = { 0 };
			open_index(&a, &b);
			size_t n_more = step % 10 == 9 ? 0 : pcg32_bounded(&rng, s.n > 150 ? 4 : 20);
			uint32_t share = step % 12 == 11 ? 95 : step % 2 ? 20 : 0;	/* % that are deleted */
			set_new(&more, 7, n_more);
			draw(&more, n_more, next, 1 + pcg32_bounded(&rng, 6));
			next += n_more;
			if (n_more > 2)
				memcpy(more.v, more.v + 7, 7 * sizeof *more.v);	/* one is the same as another */
			old_rows(&rows, &a, n_more);
			for (size_t r = 0; r < a.n; r++)
				if (pcg32_bounded(&rng, 100) < share) {
					gone[r / 64] |= (uint64_t)1 << r % 64;
					set_drop(&s, set_find(&s, set_id(&rows, r)));
				}
			for (size_t r = 0; r < n_more; r++) {
				set_put(&rows, set_id(&more, r), set_row(&more, r));
				set_put(&s, set_id(&more, r), set_row(&more, r));
			}
			struct buf b2 = made(&rows, &o, a.n ? &a : NULL, share ? gone : NULL, NULL);
			ann_close(&a);
			buf_release(&b);
			b = b2;
			open_index(&a, &b);
			validate(&a, &s);
			if (step % 5 == 4 && a.n)
				assert_true(recall(&a, &s, o.metric, 5, 40) > .8);
			ann_close(&a);
			set_release(&rows);
			set_release(&more);
		}
		buf_release(&b);
		set_release(&s);
	}
}

/* ---- damage ---- */

enum { SMALL = 22, SMALL_D = 5, SMALL_K = 4 };

static void small_set(struct set *s)
{
	pcg32_seed(&rng, 7, 7);
	set_new(s, SMALL_D, SMALL);
	draw(s, SMALL, 90, 3);
	for (size_t r = 1; r < 6; r++)		/* ties: their order is by id */
		memcpy(s->v + r * SMALL_D, s->v, SMALL_D * sizeof *s->v);
}

/* answers - of three searches and the table of ids, as text; false, with a sentence, when something was refused. */
static bool answers(const char *path, const struct set *s, struct buf *out)
{
	struct err e = { 0 };
	struct ann a;
	bool good = true, is_told = true;

	buf_reset(out);
	if (ann_open(&a, path, &e)) {
		assert_true(e.code < 0 && e.msg[0]);
		return false;
	}
	struct ann_walk *w = ann_walk_new(&a, &e);
	a.few = few;
	for (int t = 0; t < 3 && good; t++) {
		struct ann_ask how = { .k = SMALL_K, .ef = t == 1 ? SMALL : SMALL_K, .least = -INFINITY };
		struct topk_hit hit[SMALL_K];
		size_t n;
		struct str id;
		assert_true(w != NULL);
		if (ann_search(&a, w, set_row(s, t == 2 ? 0 : 10), &how, hit, &n, NULL, &e)) {
			assert_true(e.code < 0 && e.msg[0]);
			is_told = a.is_damaged;
			good = false;
			break;
		}
		for (size_t i = 0; i < n && good; i++)
			if ((good = ann_id(&a, hit[i].row, &id)))
				buf_printf(out, "%.*s %.9g\n", (int)id.len, id.p, (double)hit[i].score);
	}
	assert_true(is_told);
	ann_walk_free(w);
	ann_close(&a);
	return good;
}

static void a_flipped_bit_changes_no_answer(void **state)
{
	struct buf out = { 0 }, want = { 0 };
	struct set s;

	(void)state;
	small_set(&s);
	for (int c = 0; c < 3; c++) {
		struct ann_opts o = options(metrics[c], codes[c]);
		size_t n_refused = 0, n_flips = 0;
		o.graph.degree = 4;
		o.graph.fill = 3;
		o.graph.entries = 3;
		struct buf b = made(&s, &o, NULL, NULL, NULL);
		const char *path = mem_path(b.p, b.len, MEM_MAPPED);
		assert_true(answers(path, &s, &want));
		for (size_t at = 0; at < b.len; at++)
			for (int bit = 0; bit < 8; bit++) {
				if ((IS_SLOW || codes[c] != ANN_I8) && (at + (size_t)bit * 3) % 8)
					continue;
				char damaged = (char)(b.p[at] ^ 1 << bit);
				assert_int_equal(pwrite(mem_fd, &damaged, 1, (off_t)at), 1);
				bool good = answers(path, &s, &out);
				n_flips++;
				n_refused += !good;
				if (good && (out.len != want.len || memcmp(out.p, want.p, out.len)))
					fail_msg("codes %d, bit %d of byte %zu of %zu: other answers", c, bit, at, b.len);
				assert_int_equal(pwrite(mem_fd, &b.p[at], 1, (off_t)at), 1);
			}
		assert_true(n_refused > n_flips / 2);
		assert_true(answers(path, &s, &out) && out.len == want.len);
		buf_release(&b);
	}
	buf_release(&out);
	buf_release(&want);
	set_release(&s);
}

/* Ids are compared where scores are equal: one that is damaged is told of, though it is not among those that come out. */
static void a_damaged_id_changes_no_order(void **state)
{
	enum { N = 700, WIDE = 16 };
	struct ann_opts o = options(FLAT_L2, ANN_I8);
	struct err e = { 0 };
	struct set s;

	(void)state;
	set_new(&s, 3, N);
	for (size_t i = 0; i < N; i++) {
		char id[WIDE + 1];
		snprintf(id, sizeof id, "%016zu", i);
		set_put(&s, (struct str){ id, WIDE }, (const float[]){ 1, 2, 3 });
	}
	struct buf b = made(&s, &o, NULL, NULL, NULL);
	size_t at = 0;
	while (at + WIDE < b.len && memcmp(b.p + at, "0000000000000", 13))
		at++;
	for (size_t page = 0; page < 3; page++) {
		struct ann a;
		const char *path = mem_path(b.p, b.len, MEM_MAPPED);
		char damaged = (char)(b.p[at + page * 4096 + 15] ^ 1);
		assert_int_equal(pwrite(mem_fd, &damaged, 1, (off_t)(at + page * 4096 + 15)), 1);
		assert_int_equal(ann_open(&a, path, &e), 0);
		struct ann_walk *w = ann_walk_new(&a, &e);
		for (size_t ef = 4; ef <= N; ef += N - 4) {
			struct topk_hit hit[4];
			size_t n;
			if (!ann_search(&a, w, s.v, &(struct ann_ask){ .k = 4, .ef = ef, .least = -INFINITY }, hit, &n, NULL, &e)) {
				struct str before, id;
				assert_int_equal(n, 4);
				for (size_t i = 0; i < n; i++, before = id)
					assert_true(ann_id(&a, hit[i].row, &id) && (!i || str_cmp(before, id) < 0));
				assert_false(a.is_damaged);
			} else {
				assert_true(a.is_damaged);
			}
		}
		assert_true(ann_check(&a, true, NULL, &e) < 0);
		ann_walk_free(w);
		ann_close(&a);
	}
	buf_release(&b);
	set_release(&s);
}

/* The lengths of cosine lie in pages of their own: a search that needs a damaged one is refused, any other answers as before. */
static void a_damaged_length_changes_no_score(void **state)
{
	enum { N = 3000, D = 4, K = 5 };
	struct ann_opts o = options(FLAT_COSINE, ANN_I8);
	struct err e = { 0 };
	struct topk_hit want[K], hit[K];
	size_t n_want, n, at = 0, n_refused = 0;
	struct set s;
	struct ann a;

	(void)state;
	pcg32_seed(&rng, 15, 15);
	set_new(&s, D, N);
	draw(&s, N, 0, 9);
	struct buf b = made(&s, &o, NULL, NULL, NULL);
	open_index(&a, &b);
	while (at + 64 < b.len && memcmp(b.p + at, a.inv, 64))
		at++;
	assert_true(at + 64 < b.len);
	ann_close(&a);
	for (size_t page = 0; page < 3; page++)
		for (size_t t = 0; t < 40; t++) {
			const char *path = mem_path(b.p, b.len, MEM_MAPPED);
			const float *q = set_row(&s, t * 70);
			struct ann_ask how = { .k = K, .ef = t % 4 ? 8 : N, .least = -INFINITY };
			char damaged = (char)(b.p[at + page * 4096 + t] ^ 1);
			assert_int_equal(ann_open(&a, path, &e), 0);
			a.few = t % 4 == 3 ? N : 0;
			struct ann_walk *w = ann_walk_new(&a, &e);
			assert_int_equal(ann_search(&a, w, q, &how, want, &n_want, NULL, &e), 0);
			ann_walk_free(w);
			ann_close(&a);
			assert_int_equal(pwrite(mem_fd, &damaged, 1, (off_t)(at + page * 4096 + t)), 1);
			assert_int_equal(ann_open(&a, path, &e), 0);
			a.few = t % 4 == 3 ? N : 0;
			w = ann_walk_new(&a, &e);
			struct err told = { 0 };
			if (ann_search(&a, w, q, &how, hit, &n, NULL, &told)) {
				assert_true(a.is_damaged && told.code == ERR_DATA);
				n_refused++;
			} else {
				assert_true(t % 4 != 3 && n == n_want);
				assert_memory_equal(hit, want, n * sizeof *hit);
			}
			assert_true(ann_check(&a, false, NULL, &(struct err){ 0 }) < 0);
			ann_walk_free(w);
			ann_close(&a);
		}
	assert_true(n_refused >= 30 && n_refused < 120);
	buf_release(&b);
	set_release(&s);
}

static void a_wrong_length_is_found(void **state)
{
	struct ann_opts o = options(FLAT_COSINE, ANN_I8);
	struct err e = { 0 };
	float wrong[SMALL];
	struct set s;
	struct ann a;

	(void)state;
	small_set(&s);
	memset(s.v + 7 * SMALL_D, 0, SMALL_D * sizeof *s.v);
	struct buf b = made(&s, &o, NULL, NULL, NULL);
	open_index(&a, &b);
	assert_int_equal(ann_check(&a, true, NULL, &e), 0);
	assert_int_equal(ann_check_numbers(&a, &e), 0);
	for (size_t r = 0; r < SMALL; r++)
		for (int how = 0; how < 2; how++) {
			const float *right = a.inv;
			memcpy(wrong, a.inv, sizeof wrong);
			wrong[r] = how ? NAN : nextafterf(wrong[r], 2);
			a.inv = wrong;
			assert_int_equal(ann_check_numbers(&a, &(struct err){ 0 }), ERR_DATA);
			a.inv = right;
		}
	ann_close(&a);
	buf_release(&b);
	set_release(&s);
}

static void half_a_file_is_refused(void **state)
{
	struct ann_opts o = options(FLAT_COSINE, ANN_I8);
	struct buf out = { 0 }, want = { 0 };
	struct set s;

	(void)state;
	small_set(&s);
	struct buf b = made(&s, &o, NULL, NULL, NULL);
	assert_true(answers(mem_path(b.p, b.len, MEM_MAPPED), &s, &want));
	assert_true(answers(mem_path(b.p, b.len, MEM_PIPED), &s, &out));
	assert_int_equal(out.len, want.len);
	assert_memory_equal(out.p, want.p, want.len);
	for (size_t n = 0; n < b.len; n += 64)
		for (size_t more = 0; more < 64 && n + more < b.len; more += 13)
			for (int way = 0; way < MEM_WAYS; way++) {
				struct err e = { 0 };
				struct ann a;
				if (!ann_open(&a, mem_path(b.p, n + more, (enum mem_way)way), &e))
					fail_msg("%zu bytes of %zu were taken", n + more, b.len);
				assert_true(e.code < 0 && e.msg[0]);
			}
	buf_release(&b);
	buf_release(&out);
	buf_release(&want);
	set_release(&s);
}

/* ---- odd values ---- */

static void what_cannot_be_scored_is_refused(void **state)
{
	static const float odd[] = { NAN, INFINITY, 1e20f, 1e-20f };
	struct err e = { 0 };
	struct set s;
	struct ann a;

	(void)state;
	for (int m = 0; m < 3; m++)
		for (int i = 0; i < 4; i++) {
			struct ann_opts o = options(metrics[m], codes[(m + i) % 3]);
			bool is_bad = odd[i] != 1e-20f || metrics[m] == FLAT_COSINE;
			small_set(&s);
			struct buf b = made(&s, &o, NULL, NULL, NULL), out = { 0 };
			open_index(&a, &b);
			struct ann_walk *w = ann_walk_new(&a, &e);
			struct topk_hit hit[3];
			float q[SMALL_D] = { odd[i], 0 };
			size_t n = 0;
			int r = ann_search(&a, w, q, &(struct ann_ask){ .k = 3, .ef = 8, .least = -INFINITY }, hit, &n, NULL, &e);
			assert_true(is_bad ? r == ERR_DATA && !n : !r && n == 3);
			ann_walk_free(w);
			ann_close(&a);
			memset(s.v + 3 * SMALL_D, 0, SMALL_D * sizeof *s.v);
			s.v[3 * SMALL_D] = odd[i];
			struct sink *sink = sink_open_memory("memory", &out);
			r = ann_make(sink, &o, &(struct ann_rows){ .n = s.n, .d = s.d, .row = set_row, .id = set_id, .ctx = &s }, NULL, NULL, NULL, NULL, NULL, &e);
			assert_int_equal(r, is_bad ? ERR_DATA : 0);
			sink_close(sink, &e);
			buf_release(&out);
			buf_release(&b);
			set_release(&s);
		}
}

/* Of queries that cannot be scored no recall is told. */
static void recall_is_of_queries_that_can_be_scored(void **state)
{
	struct ann_opts o = options(FLAT_COSINE, ANN_I8);
	struct ann_rows rows = { .row = set_row, .id = set_id, .n_queries = 2 };
	struct err e = { 0 };
	struct buf out = { 0 };
	float q[2 * SMALL_D] = { 1, 2, 3, 4, 5, 1e-20f };
	struct set s;

	(void)state;
	small_set(&s);
	rows.n = s.n;
	rows.d = s.d;
	rows.ctx = &s;
	rows.query = q;
	struct sink *sink = sink_open_memory("memory", &out);
	assert_int_equal(ann_make(sink, &o, &rows, NULL, NULL, NULL, NULL, NULL, &e), ERR_DATA);
	assert_non_null(strstr(e.msg, "a query is shorter"));
	sink_close(sink, &e);
	buf_release(&out);
	set_release(&s);
}

/* seed_is_searched - what f-ann starts from lies in the format as it is now: it is opened, checked and searched, if it has rows. */
static void seed_is_searched(const char *name, bool has_rows)
{
	static uint8_t bytes[FUZZ_MAX];
	struct err e = { 0 };
	char path[100];
	struct ann a;
	struct idtab t;

	snprintf(path, sizeof path, "tests/corpus/ann/%s", name);
	FILE *f = fopen(path, "rb");
	if (!f)
		skip();		/* not started from the root of the sources */
	size_t n = fread(bytes, 1, sizeof bytes, f), found = 0;
	fclose(f);
	struct buf b = fuzz_stream(KIND_INDEX, bytes, n);
	if (ann_open(&a, mem_path(b.p, b.len, MEM_MAPPED), &e) || ann_check(&a, true, NULL, &e) || ann_ids(&a, &t, &e))
		fail_msg("%s: %s", name, e.msg);
	struct ann_walk *w = ann_walk_new(&a, &e);
	for (a.few = 0; has_rows && a.few <= ANN_FEW_ROWS; a.few += ANN_FEW_ROWS) {
		struct topk_hit hit[2];
		assert_int_equal(ann_search(&a, w, ann_vector(&a, 0), &(struct ann_ask){ .k = 2, .ef = 3, .least = -INFINITY }, hit, &found, NULL, &e), 0);
		assert_int_equal(found, a.n < 2 ? a.n : 2);
	}
	assert_int_equal(a.n > 0, has_rows);
	ann_walk_free(w);
	ann_close(&a);
	buf_release(&b);
}

static void the_seeds_of_the_fuzzer_are_searched(void **state)
{
	static const char *const name[] = { "cosine-f32", "cosine-i4", "cosine-i8", "file-ip-i8", "ip-f32", "ip-i8", "l2-f32", "l2-i4", "l2-i8", "one-l2-i8", "file-none-ip-i8", "none-ip-i8" };

	(void)state;
	for (size_t i = 0; i < 12; i++)
		seed_is_searched(name[i], i < 10);
}

/* What an index says of its making is what add makes it by: nothing that nobody could have asked for is taken. */
static void it_is_made_by_what_can_be_asked_for(void **state)
{
	static const struct { const char *ef; bool is_good; } t[] = { { "008", true }, { "007", false }, { "000", false }, { "-99", false }, { "4e3", false }, { "999", true } };
	uint8_t bytes[8192];
	size_t n, at = 0;
	FILE *f = fopen("tests/corpus/ann/ip-i8", "rb");

	(void)state;
	if (!f)
		skip();
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	while (at + 8 < n && memcmp(bytes + at, "\nef\t128\n", 8))
		at++;
	assert_true(at + 8 < n);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct err e = { 0 };
		struct ann a;
		memcpy(bytes + at + 4, t[i].ef, 3);
		struct buf b = fuzz_stream(KIND_INDEX, bytes, n);
		int r = ann_open(&a, mem_path(b.p, b.len, MEM_MAPPED), &e);
		assert_int_equal(!r, t[i].is_good);
		if (!r)
			ann_close(&a);
		buf_release(&b);
	}
}

static void ef_is_never_less_than_k(void **state)
{
	struct ann *a = mem_new(1, sizeof *a);
	bool is_reached;

	(void)state;
	assert_int_equal(ann_ef(a, .9, 7, &is_reached), 70);
	a->n_table = 2;
	a->table[0].ef = 1;		/* of a file: any */
	a->table[0].recall = .5f;
	a->table[1].ef = 100;
	a->table[1].recall = .9f;
	for (size_t k = 1; k < 3000; k = k * 3 + 1) {
		size_t low = ann_ef(a, .4, k, &is_reached), high;
		assert_true(is_reached && low <= k + 10 && (k <= 10 || low >= k));
		high = ann_ef(a, .8, k, &is_reached);
		assert_true(is_reached && high > low && high <= 100 * k);
		assert_int_equal(ann_ef(a, .99, k, &is_reached), high);
		assert_false(is_reached);
	}
	mem_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_flat_finds_is_found), cmocka_unit_test(the_bytes_are_the_same), cmocka_unit_test(filters_are_those_of_flat), cmocka_unit_test(few_rows_are_an_index),
		cmocka_unit_test(half_of_it_may_be_others), cmocka_unit_test(any_adding_and_deleting_leaves_an_index), cmocka_unit_test(a_flipped_bit_changes_no_answer),
		cmocka_unit_test(a_damaged_id_changes_no_order), cmocka_unit_test(half_a_file_is_refused), cmocka_unit_test(what_cannot_be_scored_is_refused), cmocka_unit_test(ef_is_never_less_than_k),
		cmocka_unit_test(lengths_are_no_matter), cmocka_unit_test(many_rows_are_an_index), cmocka_unit_test(zeros_are_in_nobodys_way),
		cmocka_unit_test(few_rows_are_compared_by_their_vectors), cmocka_unit_test(a_damaged_length_changes_no_score), cmocka_unit_test(a_wrong_length_is_found), cmocka_unit_test(recall_is_of_queries_that_can_be_scored),
		cmocka_unit_test(the_seeds_of_the_fuzzer_are_searched), cmocka_unit_test(it_is_made_by_what_can_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
