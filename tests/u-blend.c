/* fit: weights that are found, lists against sorting, pools smaller than the catalogue. blend: forged files whose checksums are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/eval/fit.h"
#include "../lib/model/blend.h"

/* ---- fit ---- */

enum { USERS = 700, PARTS = 4 };

/* A world in which listeners take up items they like: parts 0 and 1 see how much with errors of their own, part 2 nothing, part 3 is always 0. */
struct world {
	size_t n_items, n_calls;
	float *z[PARTS];		/* [USERS x n_items] */
	uint32_t *rank;
	struct csr truth;
	bool fails;
};

static float noise(struct pcg32 *r)
{
	float s = 0;

	for (int i = 0; i < 12; i++)
		s += pcg32_f32(r);
	return s - 6;
}

static void make_world(struct world *w, size_t n_items)
{
	struct csr_entries t = { 0 };
	struct pcg32 r;
	struct err e = { 0 };

	*w = (struct world){ .n_items = n_items };
	pcg32_seed(&r, 6, 0);
	for (size_t p = 0; p < PARTS; p++)
		w->z[p] = calloc(USERS * n_items, sizeof **w->z);
	for (size_t u = 0; u < USERS; u++) {
		for (size_t i = 0; i < n_items; i++) {
			float *at = w->z[0] + u * n_items + i, likes = noise(&r);
			at[0] = likes + noise(&r);
			w->z[1][u * n_items + i] = likes + 1.2f * noise(&r);
			w->z[2][u * n_items + i] = noise(&r);
			if (pcg32_f32(&r) < 0.05f)
				w->z[0][u * n_items + i] = w->z[1][u * n_items + i] = w->z[2][u * n_items + i] = w->z[3][u * n_items + i] = NAN;
			else if (likes > 2.2f)
				csr_entries_add(&t, (uint32_t)u, (uint32_t)i, 1);
		}
		if (u % 3 == 0 || !t.n || t.row[t.n - 1] != u)
			csr_entries_add(&t, (uint32_t)u, (uint32_t)n_items + 1, 1);	/* one that nobody knows */
	}
	assert_int_equal(csr_from_pairs(&w->truth, t.row, t.col, t.val, t.n, USERS, n_items + 2, &e), 0);
	csr_entries_release(&t);
	w->rank = calloc(n_items, sizeof *w->rank);
	for (size_t i = 0; i < n_items; i++)
		w->rank[i] = (uint32_t)(n_items - 1 - i);
}

static void free_world(struct world *w)
{
	for (size_t p = 0; p < PARTS; p++)
		free(w->z[p]);
	free(w->rank);
	csr_release(&w->truth);
}

static int give_scores(void *ctx, size_t part, float *out, size_t first, size_t n, struct err *e)
{
	struct world *w = ctx;

	w->n_calls++;
	if (w->fails && first)
		return err_set(e, ERR_NUMERIC, "part %zu is ill", part);
	memcpy(out, w->z[part] + first * w->n_items, n * w->n_items * sizeof *out);
	return 0;
}

struct place { float score; uint32_t rank, item; };

static int by_place(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	return a->score != b->score ? (a->score > b->score ? -1 : 1) : (a->rank > b->rank) - (a->rank < b->rank);
}

/* plain_value - mean ndcg and recall at k of the sum by weights, by sorting everything. */
static double plain_value(const struct world *w, const double *weight, size_t k, double *recall)
{
	struct place *all = calloc(w->n_items, sizeof *all);
	double ndcg = 0;

	*recall = 0;
	for (size_t u = 0; u < USERS; u++) {
		size_t n = 0, n_truth = w->truth.start[u + 1] - w->truth.start[u], hits = 0;
		double dcg = 0, ideal = 0;
		for (size_t i = 0; i < w->n_items; i++) {
			float s = 0;
			for (size_t p = 0; p < PARTS; p++)
				if (weight[p] > 0)
					s = fmaf((float)weight[p], w->z[p][u * w->n_items + i], s);
			if (!isnan(s))
				all[n++] = (struct place){ s, w->rank[i], (uint32_t)i };
		}
		qsort(all, n, sizeof *all, by_place);
		for (size_t r = 0; r < k; r++) {
			ideal += r < n_truth ? 1 / log2((double)r + 2) : 0;
			if (r < n && csr_has(&w->truth, u, all[r].item)) {
				dcg += 1 / log2((double)r + 2);
				hits++;
			}
		}
		ndcg += dcg / ideal;
		*recall += (double)hits / (double)n_truth;
	}
	free(all);
	*recall /= USERS;
	return ndcg / USERS;
}

static void weights_are_found_and_measured_exactly(void **state)
{
	static const size_t sizes[] = { 60, 900 };	/* within the pools, and far beyond them */
	(void)state;

	for (size_t t = 0; t < 2; t++) {
		struct par *pool = par_new(3, NULL);
		struct world w;
		struct fit f, g;
		struct err e = { 0 };
		double recall, sum = 0;

		make_world(&w, sizes[t]);
		struct fit_opts o = { PARTS, w.n_items, 10, w.rank, 1, give_scores, &w };
		if (fit_weights(&f, &o, &w.truth, NULL, &e) || fit_weights(&g, &o, &w.truth, pool, &e))
			fail_msg("%s", e.msg);
		assert_memory_equal(&f, &g, sizeof f);
		for (size_t p = 0; p < PARTS; p++) {
			double one[PARTS] = { 0 };
			one[p] = 1;
			assert_true(fabs(f.ndcg[p] - plain_value(&w, one, o.k, &recall)) < 1e-9);
			assert_true(fabs(f.recall[p] - recall) < 1e-9);
			assert_true(f.ndcg[PARTS] >= f.ndcg[p]);
			sum += f.weight[p];
		}
		assert_true(fabs(f.ndcg[PARTS] - plain_value(&w, f.weight, o.k, &recall)) < 1e-9);
		assert_true(fabs(f.recall[PARTS] - recall) < 1e-9);
		assert_true(sum == 1);
		assert_true(f.weight[2] == 0 && f.weight[3] == 0);
		/* the best sum of two views with errors of sd 1 and 1.2 has them as 1 : 1 / 1.44 */
		assert_true(fabs(f.weight[0] - 0.59) < 0.1);
		assert_true(f.ndcg[PARTS] > 1.05 * f.ndcg[0]);
		assert_true(f.searched >= f.ndcg[PARTS] - 1e-12);
		assert_true(f.searched < (t ? 1.001 : 1 + 1e-12) * f.ndcg[PARTS]);
		for (int i = 0; i <= 16; i += t ? 8 : 1) {
			double pair[PARTS] = { i / 16.0, 1 - i / 16.0 };
			assert_true(plain_value(&w, pair, o.k, &recall) <= f.ndcg[PARTS] + 1e-12);
		}
		par_free(pool);
		free_world(&w);
	}
}

static void lists_longer_than_the_catalogue(void **state)
{
	struct world w;
	struct fit f;
	struct err e = { 0 };
	(void)state;

	make_world(&w, 7);
	struct fit_opts o = { PARTS, w.n_items, 50, w.rank, 1, give_scores, &w };
	assert_int_equal(fit_weights(&f, &o, &w.truth, NULL, &e), 0);
	free_world(&w);
}

static void a_part_that_fails_ends_it(void **state)
{
	struct world w;
	struct fit f;
	struct err e = { 0 };
	(void)state;

	make_world(&w, 60);
	w.fails = true;
	struct fit_opts o = { PARTS, w.n_items, 10, w.rank, 1, give_scores, &w };
	assert_int_equal(fit_weights(&f, &o, &w.truth, NULL, &e), ERR_NUMERIC);
	assert_string_equal(e.msg, "part 0 is ill");
	free_world(&w);
}

/* ---- blend ---- */

static const double counts[3] = { 5, 3, 1 };

/* put_model - a model of the kind with these items. */
static struct artifactw *put_model(struct sink *s, const char *kind, const char *const *id, size_t n)
{
	struct vocab v = { 0 };
	struct err e = { 0 };
	uint64_t dim = n;

	for (size_t i = 0; i < n; i++)
		vocab_add(&v, id[i], strlen(id[i]));
	struct artifactw *a = artifactw_new(s, KIND_MODEL, kind, &e);
	model_put_meta(a, 4, n, 9);
	assert_int_equal(artifactw_tensor(a, "item.count", DTYPE_F64, 1, &dim, counts, &e), 0);
	assert_int_equal(artifactw_vocab(a, "item", &v, &e), 0);
	vocab_release(&v);
	return a;
}

static void end_model(struct artifactw *a, struct sink *s)
{
	struct err e = { 0 };

	assert_int_equal(artifactw_finish(a, NULL, &e), 0);
	artifactw_free(a);
	assert_int_equal(sink_close(s, &e), 0);
}

static void make_pop(struct buf *to, const char *const *id, size_t n)
{
	struct sink *s = sink_open_memory("pop", to);

	end_model(put_model(s, "pop", id, n), s);
}

static const char *const abc[] = { "a", "b", "c" }, *const cab[] = { "c", "a", "b" }, *const abd[] = { "a", "b", "d" };

/* make_pop_twice - one that has the item a twice: its table of a, b, c and x with another a in the place of x. */
static void make_pop_twice(struct buf *to)
{
	static const char *const abcx[] = { "a", "b", "c", "x" };
	static const double four[] = { 5, 3, 1, 1 };
	struct buf file = { 0 };
	struct model m;
	struct err e = { 0 };
	struct vocab v = { 0 };
	struct sink *s = sink_open_memory("pop", &file);
	struct artifactw *a = artifactw_new(s, KIND_MODEL, "pop", &e);

	for (size_t i = 0; i < 4; i++)
		vocab_add(&v, abcx[i], 1);
	model_put_meta(a, 4, 4, 9);
	assert_int_equal(artifactw_vocab(a, "item", &v, &e), 0);
	end_model(a, s);
	vocab_release(&v);
	assert_int_equal(model_open_memory(&m, "f", file.p, file.len, &e), 0);
	assert_int_equal(model_ids(&m, MODEL_ITEMS, &e), 0);
	const struct idtab *t = &m.ids[MODEL_ITEMS];
	uint64_t n = 4, n_off = 5, n_slots = t->n_slots;
	s = sink_open_memory("pop", to);
	a = artifactw_new(s, KIND_MODEL, "pop", &e);
	model_put_meta(a, 4, n, 9);
	assert_int_equal(artifactw_tensor(a, "item.count", DTYPE_F64, 1, &n, four, &e), 0);
	assert_int_equal(artifactw_tensor(a, "item.off", DTYPE_U64, 1, &n_off, t->off, &e), 0);
	assert_int_equal(artifactw_tensor(a, "item.str", DTYPE_U8, 1, &n, "abca", &e), 0);
	assert_int_equal(artifactw_tensor(a, "item.slot", DTYPE_U32, 1, &n_slots, t->slot, &e), 0);
	end_model(a, s);
	model_release(&m);
	buf_release(&file);
}

/* make_blend - of two parts as they come, with these weights; parts 0: none in the file. */
static void make_blend(struct buf *to, const struct buf *part, size_t n_parts, const double *weight, size_t n_weights)
{
	static const char *const name[] = { "part.0", "part.1" };
	struct sink *s = sink_open_memory("blend", to);
	struct artifactw *a = put_model(s, "blend", abc, 3);
	uint64_t n = n_weights;
	struct err e = { 0 };

	assert_int_equal(artifactw_tensor(a, "weight", DTYPE_F64, 1, &n, weight, &e), 0);
	for (size_t k = 0; k < n_parts; k++) {
		uint64_t bytes = part[k].len;
		assert_int_equal(artifactw_tensor(a, name[k], DTYPE_U8, 1, &bytes, part[k].p, &e), 0);
	}
	end_model(a, s);
}

/* open_blend - 0, or the error; the scores of a listener without history in out. */
static int open_blend(const struct buf *file, float *out, struct err *e)
{
	struct model m;
	struct scorer s;
	size_t start[2] = { 0, 0 };
	struct csr h = { 1, 3, start, NULL, NULL };

	*e = (struct err){ 0 };
	if (model_open_memory(&m, "f", file->p, file->len, e))
		return e->code;
	if (!scorer_open(&s, &m, NULL, e)) {
		scorer_scores(&s, out, &h, NULL, 0, 1, NULL, e);
		scorer_release(&s);
	}
	model_release(&m);
	return e->code;
}

static void forged_blends_are_refused(void **state)
{
	static const struct { double weight[2]; size_t n_weights, n_parts; const char *says; } lies[] = {
		{ { 0.5, 0.5 }, 2, 2, NULL },
		{ { 1, 0 }, 2, 2, NULL },
		{ { 0.5, 0.6 }, 2, 2, "do not add up to 1" },
		{ { 0, 0 }, 2, 2, "do not add up to 1" },
		{ { 1.5, -0.5 }, 2, 2, "not a number from 0 to 1" },
		{ { 1, NAN }, 2, 2, "not a number from 0 to 1" },
		{ { INFINITY, 0 }, 2, 2, "not a number from 0 to 1" },
		{ { 0.5, 0.5 }, 2, 1, "has no tensor part.1" },
		{ { 1 }, 0, 2, "a blend of no parts" },
	};
	struct buf part[2] = { 0 }, file = { 0 };
	struct err e;
	float out[3];
	(void)state;

	make_pop(&part[0], abc, 3);
	make_pop(&part[1], cab, 3);
	for (size_t t = 0; t < sizeof lies / sizeof *lies; t++) {
		buf_reset(&file);
		make_blend(&file, part, lies[t].n_parts, lies[t].weight, lies[t].n_weights);
		int ret = open_blend(&file, out, &e);
		if (lies[t].says ? ret != ERR_DATA || !strstr(e.msg, lies[t].says) : ret)
			fail_msg("lie %zu: %d %s", t, ret, e.msg);
	}
	/* part 1 gives c 5, a 3, b 1: half of each by hand, sd = sqrt(8 / 3) */
	buf_reset(&file);
	make_blend(&file, part, 2, lies[0].weight, 2);
	assert_int_equal(open_blend(&file, out, &e), 0);
	for (size_t i = 0; i < 3; i++) {
		static const double other[] = { 3, 1, 5 };
		assert_true(fabs((double)out[i] - 0.5 * (counts[i] + other[i]) / sqrt(8 / 3.0)) < 1e-6);
	}
	buf_reset(&part[1]);
	make_pop(&part[1], abd, 3);
	buf_reset(&file);
	make_blend(&file, part, 2, lies[0].weight, 2);
	assert_int_equal(open_blend(&file, out, &e), ERR_DATA);
	assert_string_equal(e.msg, "f: part 2: does not know item 'c', as f: part 1 does: the parts of a blend know the same items");
	buf_reset(&part[1]);
	make_pop(&part[1], abc, 2);
	buf_reset(&file);
	make_blend(&file, part, 2, lies[0].weight, 2);
	assert_int_equal(open_blend(&file, out, &e), ERR_DATA);
	buf_reset(&part[1]);		/* scores of four items would go where three have room */
	make_pop_twice(&part[1]);
	buf_reset(&file);
	make_blend(&file, part, 2, lies[0].weight, 2);
	assert_int_equal(open_blend(&file, out, &e), ERR_DATA);
	assert_string_equal(e.msg, "f: part 2: has an item twice: 4 ids, of which 3 are different");
	buf_release(&part[0]);
	buf_release(&part[1]);
	buf_release(&file);
}

static void a_blend_in_a_blend_is_refused(void **state)
{
	static const double half[] = { 0.5, 0.5 };
	struct buf part[2] = { 0 }, file = { 0 };
	struct err e;
	float out[3];
	(void)state;

	make_pop(&part[0], abc, 3);
	make_pop(&part[1], abc, 3);
	make_blend(&file, part, 2, half, 2);
	buf_release(&part[1]);
	part[1] = file;
	file = (struct buf){ 0 };
	make_blend(&file, part, 2, half, 2);
	assert_int_equal(open_blend(&file, out, &e), ERR_DATA);
	assert_string_equal(e.msg, "f: part 2: a blend cannot be part of a blend; name its parts");
	buf_release(&part[0]);
	buf_release(&part[1]);
	buf_release(&file);
}

/* Every byte of a part, one after the other, under an outer checksum that is right. */
static void damage_inside_a_part_is_told(void **state)
{
	static const double half[] = { 0.5, 0.5 };
	struct buf part[2] = { 0 }, file = { 0 };
	struct err e;
	float want[3], out[3];
	size_t n_told = 0;
	(void)state;

	make_pop(&part[0], abc, 3);
	make_pop(&part[1], abc, 3);
	make_blend(&file, part, 2, half, 2);
	assert_int_equal(open_blend(&file, want, &e), 0);
	for (size_t i = 0; i < part[1].len; i++) {
		part[1].p[i] ^= 0x41;
		buf_reset(&file);
		make_blend(&file, part, 2, half, 2);
		if (open_blend(&file, out, &e)) {
			n_told++;
			if (e.code != ERR_DATA || strncmp(e.msg, "f: part 2", 9))
				fail_msg("byte %zu: %s", i, e.msg);
		} else if (memcmp(out, want, sizeof out)) {
			fail_msg("byte %zu is not told and changes a score", i);
		}
		part[1].p[i] ^= 0x41;
	}
	assert_true(n_told > part[1].len / 2);
	for (size_t n = 0; n < part[1].len; n++) {		/* and cut anywhere */
		struct buf cut[2] = { part[0], part[1] };
		cut[1].len = n;
		buf_reset(&file);
		make_blend(&file, cut, 2, half, 2);
		if (!open_blend(&file, out, &e) || strncmp(e.msg, "f: part 2", 9))
			fail_msg("cut at %zu: %s", n, e.msg);
	}
	buf_release(&part[0]);
	buf_release(&part[1]);
	buf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_found_and_measured_exactly),
		cmocka_unit_test(lists_longer_than_the_catalogue),
		cmocka_unit_test(a_part_that_fails_ends_it),
		cmocka_unit_test(forged_blends_are_refused),
		cmocka_unit_test(a_blend_in_a_blend_is_refused),
		cmocka_unit_test(damage_inside_a_part_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
