/*
 * graph of lib/index: the same bytes for any number of threads and any CPU path, a graph after any sequence of changes, all rows in order where there is room for all, the nearest of
 * clustered data where there is not, and lists that lie are never followed out of the rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/index/nav_build.h"
#include "../lib/index/nav_check.h"

enum { D = 12, MOST = 2500 };
static const struct nav_opts plain = { .degree = 12, .ef = 40, .alpha = 1.1f, .fill = 9, .entries = 16, .seed = 5 };
static struct pcg32 rng;

/* ---- graphs of rows ---- */

struct made { size_t n, n_entries, degree; float *x; uint32_t *nbr; };	/* rows in the graph's order */

static void made_release(struct made *g)
{
	mem_free(g->x);
	mem_free(g->nbr);
	*g = (struct made){ 0 };
}

/* build - old's rows and its graph (old may be empty), then n_new rows at x, without those that have a bit in gone. */
static struct made build(const struct made *old, const float *x, size_t n_new, const uint64_t *gone, const struct nav_opts *o, struct par *pool)
{
	static const float mean[D];
	size_t n = old->n + n_new;
	struct made out = { .degree = o->degree };
	struct nav_make m;
	struct quant z;
	struct err e = { 0 };
	float *all = mem_new(n * D + 1, sizeof *all), r[D];
	uint32_t *order = mem_new(n + 1, sizeof *order), *place = mem_new(n + 1, sizeof *place);

	if (old->n)
		memcpy(all, old->x, old->n * D * sizeof *all);
	if (n_new)
		memcpy(all + old->n * D, x, n_new * D * sizeof *all);
	assert_int_equal(quant_init(&z, CODES_8, true, D, mean, 1, &e), 0);
	assert_int_equal(nav_make_init(&m, o, &z, n, pool, &e), 0);
	for (size_t i = 0; i < n; i++) {
		quant_turn(&z, r, all + i * D, false);
		quant_encode(&z, m.codes + i * z.row_bytes, r);
	}
	nav_make_rows(&m, n);
	for (size_t i = 0; i < old->n; i++) {
		uint8_t k = 0;
		for (; k < old->degree && old->nbr[i * old->degree + k] != NAV_NONE; k++)
			m.nbr[i * m.slots + k] = old->nbr[i * old->degree + k];
		if (k < m.slots)
			m.nbr[i * m.slots + k] = NAV_NONE;
		m.n_nbr[i] = k;
	}
	m.n_start = old->n_entries;
	assert_int_equal(nav_make_link(&m, old->n, NULL, &e), 0);
	if (gone)
		assert_int_equal(nav_make_unlink(&m, gone, &e), 0);
	assert_int_equal(nav_make_trim(&m, &e), 0);
	assert_int_equal(nav_make_order(&m, gone, order, &out.n, &out.n_entries, &e), 0);
	out.x = mem_new(out.n * D + 1, sizeof *out.x);
	out.nbr = mem_new(out.n * o->degree + 1, sizeof *out.nbr);
	memset(place, 0xff, n * sizeof *place);
	for (size_t i = 0; i < out.n; i++) {
		assert_true(order[i] < n && place[order[i]] == NAV_NONE && !(gone && nav_bit(gone, order[i])));
		place[order[i]] = (uint32_t)i;
		memcpy(out.x + i * D, all + order[i] * D, D * sizeof *all);
	}
	for (size_t i = 0; i < out.n; i++) {
		assert_true(m.n_nbr[order[i]] <= o->degree);
		for (size_t k = 0; k < o->degree; k++)
			out.nbr[i * o->degree + k] = k < m.n_nbr[order[i]] ? place[m.nbr[order[i] * m.slots + k]] : NAV_NONE;
	}
	nav_make_release(&m);
	quant_release(&z);
	mem_free(all);
	mem_free(order);
	mem_free(place);
	return out;
}

static struct nav graph_of(const struct made *g) { return (struct nav){ g->n, g->degree, g->n_entries, (const uint8_t *)g->nbr, sizeof *g->nbr }; }

static void check(const struct made *g)
{
	struct nav s = graph_of(g);
	struct nav_facts f;
	struct err e = { 0 };

	assert_int_equal(nav_check(&s, &f, &e), 0);
	if (f.n_wrong || f.n_lost || f.most > g->degree || g->n_entries > g->n)
		fail_msg("%zu rows, %zu entries: %zu lists are wrong, %zu rows are lost, %zu neighbours at most", g->n, g->n_entries, f.n_wrong, f.n_lost, f.most);
}

/* clusters - n points about some centres, as vectors of what people play are. */
static void clusters(float *x, size_t n, size_t n_centres)
{
	float c[64][D];

	for (size_t i = 0; i < n_centres; i++)
		for (size_t k = 0; k < D; k++)
			c[i][k] = pcg32_f32(&rng) * 4 - 2;
	for (size_t i = 0; i < n; i++) {
		size_t at = pcg32_bounded(&rng, (uint32_t)n_centres);
		for (size_t k = 0; k < D; k++)
			x[i * D + k] = c[at][k] + (pcg32_f32(&rng) + pcg32_f32(&rng) + pcg32_f32(&rng) - 1.5f) * .6f;
	}
}

/* ---- searching ---- */

struct ask { const float *x, *q; size_t n, visits; };

static float near(const float *x, const float *y)
{
	float s = 0;

	for (size_t i = 0; i < D; i++)
		s -= (x[i] - y[i]) * (x[i] - y[i]);
	return s;
}

static void score(const void *ctx, float *out, const uint32_t *row, size_t n)
{
	const struct ask *a = ctx;

	assert_true(n <= NAV_BLOCK);
	for (size_t j = 0; j < n; j++) {
		assert_true(row[j] < a->n);
		out[j] = near(a->q, a->x + row[j] * D);
	}
}

static void visit(const void *ctx, uint32_t row)
{
	struct ask *a = (struct ask *)(uintptr_t)ctx;

	assert_true(row < a->n);
	a->visits++;
}

static int cmp_hits(const void *a, const void *b)
{
	const struct topk_hit *x = a, *y = b;

	return x->score != y->score ? (x->score > y->score ? -1 : 1) : x->row < y->row ? -1 : x->row > y->row;
}

static bool may_be(const uint64_t *allowed, const uint32_t *ban, size_t n_ban, uint32_t hide, uint32_t row)
{
	for (size_t i = 0; i < n_ban; i++)
		if (ban[i] == row)
			return false;
	return hide != row + 1 && (!allowed || nav_bit(allowed, row));
}

/* brute - all rows that may be found, best first. */
static size_t brute(const struct made *g, const float *q, struct topk_hit *hit, const uint64_t *allowed, const uint32_t *ban, size_t n_ban, uint32_t hide)
{
	size_t n = 0;

	for (uint32_t r = 0; r < g->n; r++)
		if (may_be(allowed, ban, n_ban, hide, r))
			hit[n++] = (struct topk_hit){ near(q, g->x + r * D), r };
	qsort(hit, n, sizeof *hit, cmp_hits);
	return n;
}

/* recall - of the 10 best with ef, over 50 queries like the rows. Every hit is checked. */
static double recall(const struct made *g, const float *q, size_t ef, const uint64_t *allowed, const uint32_t *ban, size_t n_ban)
{
	struct nav s = graph_of(g);
	struct err e = { 0 };
	struct nav_walk *w = nav_walk_new(g->n, &e);
	struct topk_hit *want = mem_new(g->n + 1, sizeof *want);
	const struct topk_hit *hit;
	size_t found = 0, wanted = 0, looked;

	for (size_t t = 0; t < 50; t++) {
		struct ask a = { g->x, q + t * D, g->n, 0 };
		struct nav_probe p = { .score = score, .visit = visit, .ctx = &a };
		size_t n = nav_search(&s, &p, w, ef, allowed, ban, n_ban, 0, &hit, &looked), k = brute(g, a.q, want, allowed, ban, n_ban, 0);
		assert_true(n <= ef && n <= k && looked <= g->n && a.visits <= looked);
		for (size_t i = 0; i < n; i++) {
			assert_true(may_be(allowed, ban, n_ban, 0, hit[i].row) && hit[i].score == near(a.q, g->x + hit[i].row * D));
			assert_true(!i || cmp_hits(&hit[i - 1], &hit[i]) < 0);
		}
		k = k < 10 ? k : 10;
		for (size_t i = 0; i < n && i < 10; i++)
			found += cmp_hits(&hit[i], &want[k - 1]) <= 0;
		wanted += k;
	}
	nav_walk_free(w);
	mem_free(want);
	return wanted ? (double)found / (double)wanted : 1;
}

/* ---- tests ---- */

static void the_bytes_are_the_same(void **state)
{
	static const char *const paths[] = { "plain", "avx2", "avx512" };
	static const int threads[] = { 1, 2, 5 };
	enum { N = 900, MORE = 150 };
	float *x = mem_new((N + MORE) * D, sizeof *x);
	uint64_t gone[(N + MORE + 63) / 64] = { 0 };
	struct made first = { 0 }, first_changed = { 0 };
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 1, 1);
	clusters(x, N + MORE, 10);
	for (size_t i = 0; i < N + MORE; i += 3)
		gone[i / 64] |= (uint64_t)1 << i % 64;
	for (int by_product = 0; by_product < 2; by_product++) {
		struct nav_opts o = plain;
		o.by_product = by_product;
		o.alpha = by_product ? 1 : o.alpha;
		for (int p = 0; p < 3; p++)
			for (int t = 0; t < 3; t++) {
				if (!strstr(cpu_names(), paths[p]) || (p && t == 1))
					continue;
				assert_int_equal(cpu_select(paths[p], &e), 0);
				struct par *pool = threads[t] == 1 ? NULL : par_new(threads[t], &e);
				struct made g = build(&(struct made){ 0 }, x, N, NULL, &o, pool), h = build(&g, x + N * D, MORE, gone, &o, pool);
				par_free(pool);
				check(&g);
				check(&h);
				if (!first.n) {
					first = g;
					first_changed = h;
					continue;
				}
				assert_int_equal(g.n_entries, first.n_entries);
				assert_memory_equal(g.nbr, first.nbr, g.n * g.degree * sizeof *g.nbr);
				assert_memory_equal(g.x, first.x, g.n * D * sizeof *g.x);
				assert_int_equal(h.n, first_changed.n);
				assert_int_equal(h.n_entries, first_changed.n_entries);
				assert_memory_equal(h.nbr, first_changed.nbr, h.n * h.degree * sizeof *h.nbr);
				assert_memory_equal(h.x, first_changed.x, h.n * D * sizeof *h.x);
				made_release(&g);
				made_release(&h);
			}
		made_release(&first);
		made_release(&first_changed);
	}
	cpu_select("auto", &e);
	mem_free(x);
}

static void it_is_a_graph_after_any_changes(void **state)
{
	(void)state;
	for (uint64_t walk = 0; walk < 12; walk++) {
		struct nav_opts o = plain;
		struct made g = { 0 };
		pcg32_seed(&rng, walk, 2);
		o.by_product = walk % 3 == 2;
		o.alpha = o.by_product ? 1 : 1 + (float)(walk % 4) / 5;
		o.degree = walk % 2 ? 4 : 10;
		o.fill = walk % 4 * o.degree / 4;
		o.entries = 1 + walk * 3;
		for (int step = 0; step < 12; step++) {
			size_t more = pcg32_bounded(&rng, step % 4 ? 40 : 150), n = g.n + more;
			float *x = mem_new(more * D + 1, sizeof *x);
			uint64_t *gone = mem_new(n / 64 + 1, sizeof *gone);
			uint32_t share = pcg32_bounded(&rng, 5);	/* of 4; sometimes all */
			clusters(x, more, 1 + pcg32_bounded(&rng, 8));
			for (size_t i = 0; i + 1 < more; i += 5)	/* some are the same */
				memcpy(x + (i + 1) * D, x + i * D, D * sizeof *x);
			for (size_t i = 0; i < n; i++)
				if (pcg32_bounded(&rng, 4) < share)
					gone[i / 64] |= (uint64_t)1 << i % 64;
			struct made h = build(&g, x, more, step % 3 ? gone : NULL, &o, NULL);
			made_release(&g);
			g = h;
			check(&g);
			mem_free(x);
			mem_free(gone);
		}
		made_release(&g);
	}
}

static void rows_that_are_the_same_are_all_reached(void **state)
{
	enum { N = 700 };
	float *x = mem_new(N * D, sizeof *x);

	(void)state;
	pcg32_seed(&rng, 3, 3);
	for (int of = 0; of < 4; of++)		/* all the same, 300 of 700, ten times 70, all zero */
		for (int by_product = 0; by_product < 2; by_product++) {
			struct nav_opts o = plain;
			o.by_product = by_product;
			o.alpha = by_product ? 1 : o.alpha;
			clusters(x, N, 5);
			for (size_t i = 1; i < N; i++)
				if (of == 0 || (of == 1 && i < 300) || (of == 2 && i >= 10))
					memcpy(x + i * D, x + (of == 2 ? i % 10 : 0) * D, D * sizeof *x);
			if (of == 3)
				memset(x, 0, N * D * sizeof *x);
			struct made g = build(&(struct made){ 0 }, x, N, NULL, &o, NULL);
			check(&g);
			if (of != 1 && g.n_entries > o.entries + 10)	/* every search looks at all entries; of 1 rows that differ are lost among the many, and entries */
				fail_msg("kind %d: %zu of %d rows are entries", of, g.n_entries, (int)N);
			made_release(&g);
		}
	mem_free(x);
}

static void few_rows_are_a_graph(void **state)
{
	(void)state;
	pcg32_seed(&rng, 4, 4);
	for (size_t n = 0; n < 6; n++) {
		float x[6 * D], q[50 * D];
		clusters(x, 6, 2);
		clusters(q, 50, 2);
		for (size_t entries = 1; entries < 8; entries += 3) {
			struct nav_opts o = plain;
			uint64_t gone = 0;
			o.entries = entries;
			struct made g = build(&(struct made){ 0 }, x, n, NULL, &o, NULL);
			assert_int_equal(g.n, n);
			check(&g);
			if (n)
				assert_true(recall(&g, q, 6, NULL, NULL, 0) == 1);
			for (size_t i = 0; i < n; i++) {	/* one after another leaves */
				gone |= (uint64_t)1 << i;
				struct made h = build(&g, NULL, 0, &gone, &o, NULL);
				assert_int_equal(h.n, n - i - 1);
				check(&h);
				made_release(&h);
			}
			made_release(&g);
		}
	}
}

/* Where there is room for all that can be found, what is found is all of it, in order. */
static void with_room_for_all_all_are_found(void **state)
{
	enum { N = 400 };
	float *x = mem_new(N * D, sizeof *x), q[D];
	struct topk_hit want[N];
	const struct topk_hit *hit;
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 5, 5);
	for (size_t i = 0; i < N * D; i++)
		x[i] = (float)pcg32_bounded(&rng, 2);	/* many scores are equal */
	struct made g = build(&(struct made){ 0 }, x, N, NULL, &plain, NULL);
	struct nav s = graph_of(&g);
	struct nav_walk *w = nav_walk_new(N, &e);
	check(&g);
	for (int t = 0; t < 60; t++) {
		uint64_t allowed[(N + 63) / 64];
		uint32_t ban[N];
		size_t n_ban = 0, looked, n, k;
		struct ask a = { g.x, q, N, 0 };
		struct nav_probe p = { .score = score, .ctx = &a };
		for (size_t i = 0; i < D; i++)
			q[i] = (float)pcg32_bounded(&rng, 3) / 2;
		for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
			allowed[i] = t % 5 == 4 ? 0 : (uint64_t)pcg32_next(&rng) << 32 | pcg32_next(&rng);
		for (uint32_t r = 0; r < N; r++)
			if (!pcg32_bounded(&rng, 4))
				ban[n_ban++] = r;
		for (int how = 0; how < 4; how++) {
			const uint64_t *set = how & 1 ? allowed : NULL;
			size_t nb = how & 2 ? n_ban : 0;
			n = nav_search(&s, &p, w, N, set, ban, nb, 0, &hit, &looked);
			k = brute(&g, q, want, set, ban, nb, 0);
			assert_int_equal(n, k);
			assert_int_equal(looked, N);
			assert_memory_equal(hit, want, n * sizeof *hit);
			/* a row that is hidden is neither found nor gone through; what it led to may be missed */
			p.hide = 1 + pcg32_bounded(&rng, N);
			n = nav_search(&s, &p, w, N, set, ban, nb, 0, &hit, &looked);
			assert_true(n <= k && n + 60 >= k && looked <= N);
			for (size_t i = 0; i < n; i++)
				assert_true(may_be(set, ban, nb, p.hide, hit[i].row));
			p.hide = 0;
		}
	}
	nav_walk_free(w);
	made_release(&g);
	mem_free(x);
}

static void the_nearest_are_found(void **state)
{
	float *x = mem_new(MOST * D, sizeof *x), *q = mem_new(50 * D, sizeof *q);
	uint64_t half[(MOST + 63) / 64] = { 0 }, few[(MOST + 63) / 64] = { 0 }, gone[(MOST + 63) / 64] = { 0 };
	uint32_t ban[MOST / 10];
	double r;

	(void)state;
	pcg32_seed(&rng, 6, 6);
	clusters(x, MOST, 40);
	for (size_t i = 0; i < 50; i++)
		for (size_t k = 0; k < D; k++)
			q[i * D + k] = x[(i * 37 + 5) * D + k] + (pcg32_f32(&rng) - .5f) * .4f;
	struct made g = build(&(struct made){ 0 }, x, MOST, NULL, &plain, NULL);
	check(&g);
	for (uint32_t i = 0; i < MOST; i++) {
		half[i / 64] |= (uint64_t)(i % 2) << i % 64;
		few[i / 64] |= (uint64_t)(i % 25 == 3) << i % 64;
	}
	for (uint32_t i = 0; i < MOST / 10; i++)
		ban[i] = i * 10 + 1;
	if ((r = recall(&g, q, 40, NULL, NULL, 0)) < .97)
		fail_msg("recall %g of all", r);
	if ((r = recall(&g, q, 40, half, NULL, 0)) < .97)
		fail_msg("recall %g of a half", r);
	if ((r = recall(&g, q, 40, NULL, ban, MOST / 10)) < .97)
		fail_msg("recall %g without a tenth", r);
	if ((r = recall(&g, q, 40, few, ban, MOST / 10)) < .97)
		fail_msg("recall %g of a few", r);
	/* and when half of the rows are others */
	for (size_t i = 0; i < MOST; i += 2)
		gone[i / 64] |= (uint64_t)1 << i % 64;
	struct made h = build(&g, NULL, 0, gone, &plain, NULL);
	clusters(x, MOST / 2, 40);
	struct made k = build(&h, x, MOST / 2, NULL, &plain, NULL);
	check(&k);
	if ((r = recall(&k, q, 40, NULL, NULL, 0)) < .97)
		fail_msg("recall %g when half is new", r);
	made_release(&g);
	made_release(&h);
	made_release(&k);
	mem_free(x);
	mem_free(q);
}

static void a_budget_ends_a_search_and_leaves_no_marks(void **state)
{
	enum { N = 600 };
	float *x = mem_new(N * D, sizeof *x);
	uint64_t one[(N + 63) / 64] = { 0 }, all[(N + 63) / 64];
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 7, 7);
	clusters(x, N, 10);
	struct made g = build(&(struct made){ 0 }, x, N, NULL, &plain, NULL);
	struct nav s = graph_of(&g);
	struct nav_walk *w = nav_walk_new(N, &e), *fresh = nav_walk_new(N, &e);
	memset(all, 0xff, sizeof all);
	one[3] = 1;
	for (size_t t = 0; t < N; t += 13) {
		struct ask a = { g.x, g.x + t * D, N, 0 };
		struct nav_probe p = { .score = score, .ctx = &a };
		const struct topk_hit *hit, *same;
		size_t looked, looked_fresh;
		assert_true(nav_search(&s, &p, w, 5, one, NULL, 0, 100, &hit, &looked) == SIZE_MAX);
		assert_true(looked > 100 && looked <= 100 + g.degree);
		assert_int_equal(nav_search(&s, &p, w, 5, one, NULL, 0, N, &hit, NULL), 1);
		assert_int_equal(hit[0].row, 3 * 64);
		/* a walk that was used is as good as a new one */
		size_t n = nav_search(&s, &p, w, 8, NULL, NULL, 0, 0, &hit, &looked);
		assert_int_equal(n, nav_search(&s, &p, fresh, 8, NULL, NULL, 0, 0, &same, &looked_fresh));
		assert_int_equal(looked, looked_fresh);
		assert_memory_equal(hit, same, n * sizeof *hit);
		assert_int_equal(hit[0].row, t);
		assert_int_equal(nav_search(&s, &p, w, 8, all, NULL, 0, 0, &hit, NULL), n);
		assert_memory_equal(hit, same, n * sizeof *hit);
	}
	nav_walk_free(w);
	nav_walk_free(fresh);
	made_release(&g);
	mem_free(x);
}

/* packed - a graph's lists in so many bytes a neighbour, with a byte behind them that stays. */
static uint8_t *packed(const struct made *g, unsigned width)
{
	size_t n = g->n * g->degree;
	uint8_t *p = mem_new(n * width + 1, 1);

	p[n * width] = 0xa5;
	for (size_t i = 0; i < n; i++)
		nav_put(p, i, width, g->nbr[i]);
	assert_int_equal(p[n * width], 0xa5);
	for (size_t i = 0; i < n; i++)
		assert_true(nav_get(p, i, width) == (g->nbr[i] == NAV_NONE ? NAV_NONE >> (32 - 8 * width) : g->nbr[i]));
	return p;
}

static void any_width_is_the_same_graph(void **state)
{
	enum { FEW = 400, MANY = 70000 };
	float *x = mem_new(MANY * D, sizeof *x);
	struct err e = { 0 };

	(void)state;
	assert_true(nav_width(0) == 2 && nav_width(0xfffe) == 2 && nav_width(0xffff) == 3 && nav_width(0x10000) == 3);
	assert_true(nav_width(0xfffffe) == 3 && nav_width(0xffffff) == 4 && nav_width(NAV_ROWS_MAX - 1) == 4);
	pcg32_seed(&rng, 9, 9);
	for (int many = 0; many < 2; many++) {
		size_t n = many ? MANY : FEW, degree = 5;
		struct made g = { n, 3, degree, x, mem_new(n * degree, sizeof *g.nbr) };
		struct nav_walk *w = nav_walk_new(n, &e);
		clusters(x, n, 20);
		for (size_t i = 0; i < n * degree; i++) {	/* a ring, chords over it, lists of any length from two on */
			size_t r = i / degree, k = i % degree;
			g.nbr[i] = k == 0 ? (uint32_t)((r + 1) % n) : k == 1 ? (uint32_t)((r + n / 2) % n) : k <= r % degree ? (uint32_t)((r * 7 + k * 1009 + n / 3) % n) : NAV_NONE;
		}
		for (unsigned width = nav_width(n); width <= 4; width++) {
			uint8_t *lists = packed(&g, width);
			struct nav narrow = { n, degree, 3, lists, width }, wide = graph_of(&g);
			struct nav_facts f, f_wide;
			assert_int_equal(nav_check(&narrow, &f, &e), 0);
			assert_int_equal(nav_check(&wide, &f_wide, &e), 0);
			assert_memory_equal(&f, &f_wide, sizeof f);
			assert_int_equal(f.n_lost, 0);
			for (int t = 0; t < 20; t++) {
				struct ask a = { x, x + pcg32_bounded(&rng, (uint32_t)n) * D, n, 0 };
				struct nav_probe p = { .score = score, .ctx = &a };
				const struct topk_hit *hit;
				size_t looked, same, ef = t == 19 ? n : 1 + (size_t)t * 9;
				size_t got = nav_search(&wide, &p, w, ef, NULL, NULL, 0, 0, &hit, &looked);
				struct topk_hit *want = mem_new(got, sizeof *want);
				memcpy(want, hit, got * sizeof *want);
				assert_int_equal(nav_search(&narrow, &p, w, ef, NULL, NULL, 0, 0, &hit, &same), got);
				assert_int_equal(looked, same);
				assert_memory_equal(hit, want, got * sizeof *want);
				assert_true(ef < n || (got == n && looked == n));
				mem_free(want);
			}
			mem_free(lists);
		}
		nav_walk_free(w);
		mem_free(g.nbr);
	}
	mem_free(x);
}

/* told - a row's score as it was written down. */
static void told(const void *ctx, float *out, const uint32_t *row, size_t n)
{
	for (size_t j = 0; j < n; j++)
		out[j] = ((const float *)ctx)[row[j]];
}

/* Scores of either sign, of none, the largest, the smallest, equal ones by the dozen: best first, then by row, for any ef and among any rows. */
static void any_scores_are_in_order(void **state)
{
	enum { N = 700, DEGREE = 4 };
	static const float kinds[] = { 0, -0.f, 1, -1, 1e-45f, -1e-45f, 3.4e38f, -3.4e38f, INFINITY, -INFINITY, 1.0000001f, -1.0000001f, .5f };
	uint16_t *none = mem_new(N * DEGREE, sizeof *none);
	struct nav g = { N, DEGREE, N, (const uint8_t *)none, 2 };
	struct err e = { 0 };
	struct nav_walk *w = nav_walk_new(N, &e);

	(void)state;
	pcg32_seed(&rng, 10, 10);
	memset(none, 0xff, N * DEGREE * sizeof *none);
	for (int t = 0; t < 200; t++) {
		float s[N];
		uint64_t all[(N + 63) / 64];
		struct topk_hit want[N];
		struct nav_probe p = { .score = told, .ctx = s };
		const struct topk_hit *hit;
		size_t ef = t % 3 ? 1 + pcg32_bounded(&rng, N) : 1 + pcg32_bounded(&rng, 20), n_kinds = t % 4 == 3 ? 2 : sizeof kinds / sizeof *kinds, looked;
		if (t % 5 == 4)			/* rows lead to rows, from two on */
			g.n_entries = 2;
		else
			g.n_entries = N;
		for (uint32_t r = 0; r < N; r++) {
			nav_put((uint8_t *)none, r * DEGREE, 2, g.n_entries == N ? NAV_NONE : (r + 2) % N);
			s[r] = kinds[pcg32_bounded(&rng, (uint32_t)n_kinds)];
			want[r] = (struct topk_hit){ s[r] + 0.f, r };
		}
		if (g.n_entries == 2)
			ef = N;
		qsort(want, N, sizeof *want, cmp_hits);
		memset(all, 0xff, sizeof all);
		for (int how = 0; how < 2; how++) {
			assert_int_equal(nav_search(&g, &p, w, ef, how ? all : NULL, NULL, 0, 0, &hit, &looked), ef);
			assert_memory_equal(hit, want, ef * sizeof *hit);
			assert_int_equal(looked, N);
		}
	}
	nav_walk_free(w);
	mem_free(none);
}

static void lists_that_lie_are_not_followed(void **state)
{
	enum { N = 130, DEGREE = 7 };
	float *x = mem_new(N * D, sizeof *x);
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 8, 8);
	clusters(x, N, 4);
	for (int t = 0; t < 400; t++) {
		uint32_t *nbr = mem_new(N * DEGREE, sizeof *nbr);
		unsigned width = 2 + t % 3;
		uint8_t *packed = mem_new(N * DEGREE, width);	/* its end is watched by the sanitizers */
		struct nav g = { N, DEGREE, pcg32_bounded(&rng, N + 1), packed, width };
		struct ask a = { x, x + pcg32_bounded(&rng, N) * D, N, 0 };
		struct nav_probe p = { .score = score, .visit = t % 2 ? visit : NULL, .ctx = &a, .hide = pcg32_bounded(&rng, N + 1) };
		struct nav_walk *w = nav_walk_new(N, &e);
		uint64_t allowed[3] = { pcg32_next(&rng), ~(uint64_t)0, pcg32_next(&rng) };
		uint32_t ban[3] = { 1, 64, 4000000000U };
		struct nav_facts f;
		for (size_t i = 0; i < N * DEGREE; i++)
			switch (t % 4 ? pcg32_bounded(&rng, 8) : 0) {
			case 0: nbr[i] = pcg32_next(&rng); break;
			case 1: nbr[i] = N; break;
			case 2: nbr[i] = NAV_NONE; break;
			case 3: nbr[i] = (uint32_t)(i / DEGREE); break;
			case 4: nbr[i] = (uint32_t)(i / DEGREE + 1) % N; break;
			default: nbr[i] = pcg32_bounded(&rng, N);
			}
		for (size_t i = 0; i < N * DEGREE; i++)
			nav_put(packed, i, width, nbr[i]);
		for (int how = 0; how < 4; how++) {
			const struct topk_hit *hit;
			size_t ef = 1 + pcg32_bounded(&rng, N + 10), looked;
			size_t n = nav_search(&g, &p, w, ef, how & 1 ? allowed : NULL, ban, how & 2 ? 3 : 0, t % 3 ? 0 : 20, &hit, &looked);
			if (n == SIZE_MAX)
				continue;
			assert_true(n <= ef && looked <= N);
			for (size_t i = 0; i < n; i++)
				assert_true(hit[i].row < N && may_be(how & 1 ? allowed : NULL, ban, how & 2 ? 3 : 0, p.hide, hit[i].row) && (!i || cmp_hits(&hit[i - 1], &hit[i]) < 0));
		}
		assert_int_equal(nav_check(&g, &f, &e), 0);
		assert_true(f.n_wrong > N / 2);
		nav_walk_free(w);
		mem_free(nbr);
		mem_free(packed);
	}
	mem_free(x);
}

static void the_check_finds_what_is_wrong(void **state)
{
	enum { NONE = -1 };
	static const struct { uint32_t nbr[8]; size_t entries, n_wrong, n_lost; } t[] = {	/* four rows, two neighbours each */
		{ { 1, 2, 3, (uint32_t)NONE, 0, (uint32_t)NONE, (uint32_t)NONE, (uint32_t)NONE }, 1, 0, 0 },
		{ { 1, 2, 0, (uint32_t)NONE, 0, (uint32_t)NONE, (uint32_t)NONE, (uint32_t)NONE }, 1, 0, 1 },
		{ { 1, 2, 0, (uint32_t)NONE, 0, (uint32_t)NONE, (uint32_t)NONE, (uint32_t)NONE }, 4, 0, 0 },
		{ { 0, 2, 0, (uint32_t)NONE, 3, 1, (uint32_t)NONE, (uint32_t)NONE }, 1, 1, 0 },
		{ { 1, 1, 3, 2, 0, 1, (uint32_t)NONE, (uint32_t)NONE }, 1, 1, 0 },
		{ { 1, 4, 3, 2, 0, 1, (uint32_t)NONE, (uint32_t)NONE }, 1, 1, 0 },
		{ { 1, 2, 3, 2, 0, 1, (uint32_t)NONE, 1 }, 1, 1, 0 },
	};
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct nav g = { 4, 2, t[i].entries, (const uint8_t *)t[i].nbr, sizeof *t[i].nbr };
		struct nav_facts f;
		assert_int_equal(nav_check(&g, &f, &e), 0);
		if (f.n_wrong != t[i].n_wrong || f.n_lost != t[i].n_lost)
			fail_msg("graph %zu: %zu wrong, %zu lost; %zu and %zu were wanted", i, f.n_wrong, f.n_lost, t[i].n_wrong, t[i].n_lost);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_the_same), cmocka_unit_test(it_is_a_graph_after_any_changes), cmocka_unit_test(rows_that_are_the_same_are_all_reached),
		cmocka_unit_test(few_rows_are_a_graph), cmocka_unit_test(with_room_for_all_all_are_found), cmocka_unit_test(the_nearest_are_found),
		cmocka_unit_test(a_budget_ends_a_search_and_leaves_no_marks), cmocka_unit_test(any_width_is_the_same_graph), cmocka_unit_test(any_scores_are_in_order),
		cmocka_unit_test(lists_that_lie_are_not_followed), cmocka_unit_test(the_check_finds_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
