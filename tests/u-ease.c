/* ease against a case by hand and against the formulas of ease.h in double; pruning, what is left out, memory; files that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/model/ease.h"

static const struct ease_opts plain = { .lambda = 1, .top = 0, .min_users = 1 };

static struct weigh weigh_of(enum weigh_shape shape)
{
	struct weigh w;

	weigh_init(&w);
	w.shape = shape;
	return w;
}

static void make_vocab(struct vocab *v, const char *prefix, size_t n)
{
	char id[32];

	for (size_t i = 0; i < n; i++)
		vocab_add(v, id, (size_t)snprintf(id, sizeof id, "%s%zu", prefix, i));
}

/* Users of one taste in three and a little of everything; item 4 has no user, item 5 one. */
static void make_world(struct csr *R, size_t n_users, size_t n_items, bool has_counts)
{
	uint32_t *row = malloc(n_users * n_items * 4), *col = malloc(n_users * n_items * 4);
	float *val = malloc(n_users * n_items * sizeof *val);
	struct pcg32 r;
	struct err e = { 0 };
	size_t n = 0;

	pcg32_seed(&r, 7, 1);
	for (size_t u = 0; u < n_users; u++)
		for (size_t i = 0; i < n_items; i++) {
			float x = pcg32_f32(&r), y = pcg32_f32(&r);
			if (i == 4 || (i == 5 ? u != 2 : x >= (i % 3 == u % 3 ? 0.4f : 0.06f)))
				continue;
			row[n] = (uint32_t)u;
			col[n] = (uint32_t)i;
			val[n++] = has_counts ? (float)(1 + (int)(y * 9)) : 1;
		}
	assert_int_equal(csr_from_pairs(R, row, col, val, n, n_users, n_items, &e), 0);
	free(row); free(col); free(val);
}

static void learn(struct ease_make *m, struct csr *R, const struct ease_opts *o, enum weigh_shape shape, struct par *pool)
{
	struct weigh w = weigh_of(shape);
	struct err e = { 0 };

	if (ease_init(m, R, &w, o, pool, &e) || ease_invert(m, NULL, pool, &e) || ease_prune(m, pool, &e))
		fail_msg("%s", e.msg);
	assert_null(R->start);
	weigh_release(&w);
}

static float weight_of(const struct ease_make *m, size_t i, size_t j)
{
	for (uint64_t p = m->start[i]; p < m->start[i + 1]; p++)
		if (m->col[p] == j)
			return m->val[p];
	return 0;
}

/*
 * Users {a b} and {b c}, lambda 1:
 *
 *	    | 2 1 0 |             |  5 -2  1 |           |  0   1/2 -1/5 |
 *	A = | 1 3 1|    P = 1/8  | -2  4 -2 |    B =    | 2/5   0   2/5 |
 *	    | 0 1 2 |             |  1 -2  5 |           | -1/5 1/2   0  |
 */
static void three_items_by_hand(void **state)
{
	static const uint32_t user[] = { 0, 0, 1, 1 }, item[] = { 0, 1, 1, 2 };
	static const double want[3][3] = { { 0, 0.5, -0.2 }, { 0.4, 0, 0.4 }, { -0.2, 0.5, 0 } };
	struct ease_make m;
	struct csr R;
	struct err e = { 0 };
	(void)state;

	assert_int_equal(csr_from_pairs(&R, user, item, NULL, 4, 2, 3, &e), 0);
	learn(&m, &R, &plain, WEIGH_BINARY, NULL);
	assert_int_equal(m.start[3], 6);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++)
			assert_true(fabs(weight_of(&m, i, j) - want[i][j]) < 1e-6);
	ease_release(&m);
}

/* B of the formulas, dense, by Gauss and Jordan in double. */
static double *reference(const struct csr *R, const struct ease_opts *o, enum weigh_shape shape)
{
	size_t n = R->n_cols;
	struct weigh w = weigh_of(shape);
	double *P = calloc(n * n, sizeof *P), *B = calloc(n * n, sizeof *B);

	for (size_t u = 0; u < R->n_rows; u++)
		for (size_t p = R->start[u]; p < R->start[u + 1]; p++)
			for (size_t q = R->start[u]; q < R->start[u + 1]; q++)
				P[R->col[p] * n + R->col[q]] += (double)weigh_pair(&w, R->val[p]) * (double)weigh_pair(&w, R->val[q]);
	for (size_t i = 0; i < n; i++)
		P[i * n + i] += o->lambda + o->dropout / (1 - o->dropout) * P[i * n + i];
	for (size_t k = 0; k < n; k++) {
		double pivot = P[k * n + k];
		P[k * n + k] = 1;
		for (size_t j = 0; j < n; j++)
			P[k * n + j] /= pivot;
		for (size_t i = 0; i < n; i++) {
			double f = P[i * n + k];
			if (i == k)
				continue;
			P[i * n + k] = 0;
			for (size_t j = 0; j < n; j++)
				P[i * n + j] -= f * P[k * n + j];
		}
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			B[i * n + j] = i == j ? 0 : -P[i * n + j] / P[j * n + j];
	free(P);
	weigh_release(&w);
	return B;
}

static void weights_are_the_formula_in_double(void **state)
{
	static const struct { size_t users, items; double lambda, dropout; enum weigh_shape shape; } c[] = {
		{ 60, 7, 2, 0, WEIGH_BINARY }, { 200, 40, 5, 0, WEIGH_BINARY }, { 200, 40, 5, 0.3, WEIGH_BINARY }, { 30, 300, 3, 0, WEIGH_BINARY },
		{ 150, 290, 1, 0.5, WEIGH_LOG }, { 100, 33, 20, 0.9, WEIGH_LINEAR }, { 100, 33, 0, 0.2, WEIGH_LOG },
	};
	(void)state;

	for (size_t t = 0; t < sizeof c / sizeof *c; t++) {
		struct ease_opts o = plain;
		struct ease_make m;
		struct csr R;
		o.lambda = c[t].lambda ? c[t].lambda : 1e-3;
		o.dropout = c[t].dropout;
		make_world(&R, c[t].users, c[t].items, c[t].shape != WEIGH_BINARY);
		double *B = reference(&R, &o, c[t].shape);
		learn(&m, &R, &o, c[t].shape, NULL);
		for (size_t i = 0; i < m.n_items; i++)
			for (size_t j = 0; j < m.n_items; j++)
				if (!(fabs(weight_of(&m, i, j) - B[i * m.n_items + j]) <= 2e-4))
					fail_msg("case %zu: %zu to %zu is %.9g, should be %.9g", t, i, j, weight_of(&m, i, j), B[i * m.n_items + j]);
		ease_release(&m);
		free(B);
	}
}

static void threads_change_no_bit(void **state)
{
	static const int threads[] = { 1, 2, 7 };
	struct ease_opts o = plain;
	struct ease_make first, m;
	struct csr R;
	struct err e = { 0 };
	(void)state;

	o.top = 9;
	for (size_t t = 0; t < 3; t++) {
		struct par *pool = par_new(threads[t], &e);
		assert_non_null(pool);
		make_world(&R, 90, 310, true);
		learn(&m, &R, &o, WEIGH_LOG, pool);
		par_free(pool);
		if (!t) {
			first = m;
			continue;
		}
		assert_memory_equal(m.start, first.start, (m.n_items + 1) * sizeof *m.start);
		assert_memory_equal(m.col, first.col, m.start[m.n_items] * sizeof *m.col);
		assert_memory_equal(m.val, first.val, m.start[m.n_items] * sizeof *m.val);
		ease_release(&m);
	}
	ease_release(&first);
}

/* How many weights of column j stand before that of row i, by size and then by number. */
static size_t place_of(const float *B, size_t n, size_t i, size_t j)
{
	float b = fabsf(B[i * n + j]);
	size_t place = 0;

	for (size_t q = 0; q < n; q++)
		place += q != i && q != j && (fabsf(B[q * n + j]) > b || (fabsf(B[q * n + j]) == b && q < i));
	return place;
}

static void the_largest_weights_of_each_column_are_kept(void **state)
{
	static const size_t top[] = { 1, 2, 10, 58, 59, 60, 1000 };
	struct ease_opts o = plain;
	struct ease_make m;
	struct csr R;
	size_t n = 60;
	float *B = calloc(n * n, sizeof *B);
	(void)state;

	make_world(&R, 80, n, false);
	learn(&m, &R, &o, WEIGH_BINARY, NULL);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			B[i * n + j] = weight_of(&m, i, j);
	ease_release(&m);
	for (size_t t = 0; t < sizeof top / sizeof *top; t++) {
		o.top = top[t];
		make_world(&R, 80, n, false);
		learn(&m, &R, &o, WEIGH_BINARY, NULL);
		for (size_t i = 0; i < n; i++) {
			for (uint64_t p = m.start[i] + 1; p < m.start[i + 1]; p++)
				assert_true(m.col[p] > m.col[p - 1]);
			for (size_t j = 0; j < n; j++) {
				float want = i != j && place_of(B, n, i, j) < top[t] ? B[i * n + j] : 0;
				if (memcmp(&want, &(float){ weight_of(&m, i, j) }, sizeof want) && want != 0)
					fail_msg("top %zu: %zu to %zu is %.9g, should be %.9g", top[t], i, j, weight_of(&m, i, j), want);
				assert_true((want != 0) == (weight_of(&m, i, j) != 0));
			}
		}
		ease_release(&m);
	}
	free(B);
}

static void rare_items_have_empty_rows_and_columns(void **state)
{
	struct ease_opts o = plain;
	struct ease_make m;
	struct csr R;
	(void)state;

	for (o.min_users = 1; o.min_users < 14; o.min_users += 6) {
		make_world(&R, 60, 20, false);
		learn(&m, &R, &o, WEIGH_BINARY, NULL);
		assert_int_equal(m.users[4], 0);
		assert_int_equal(m.users[5], 1);
		size_t left = 0;
		for (size_t i = 0; i < 20; i++) {
			bool is_left = m.users[i] && m.users[i] >= o.min_users;
			left += is_left;
			assert_true(is_left || m.start[i] == m.start[i + 1]);
			for (uint64_t p = m.start[i]; p < m.start[i + 1]; p++)
				assert_true(m.users[m.col[p]] >= o.min_users);
		}
		assert_int_equal(left, m.n);
		ease_release(&m);
	}
	o.min_users = 61;
	struct weigh w = weigh_of(WEIGH_BINARY);
	struct err e = { 0 };
	make_world(&R, 60, 20, false);
	assert_int_equal(ease_init(&m, &R, &w, &o, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "no item has 61 users, which --min-users asks for");
	weigh_release(&w);
}

static void too_much_memory_is_a_sentence_that_helps(void **state)
{
	struct ease_opts o = plain;
	struct weigh w = weigh_of(WEIGH_BINARY);
	struct ease_make m;
	struct csr R;
	struct err e = { 0 };
	size_t least;
	(void)state;

	o.max_bytes = 3 << 20;
	make_world(&R, 300, 1000, false);
	assert_int_equal(ease_init(&m, &R, &w, &o, NULL, &e), ERR_MEM);
	assert_null(m.A);
	if (sscanf(e.msg, "ease of 999 items needs %*f MB of memory and may use 3.0 MB (-M): --min-users %zu would leave", &least) != 1)
		fail_msg("%s", e.msg);
	e = (struct err){ 0 };
	o.min_users = least - 1;
	make_world(&R, 300, 1000, false);
	assert_int_equal(ease_init(&m, &R, &w, &o, NULL, &e), ERR_MEM);
	o.min_users = least;
	make_world(&R, 300, 1000, false);
	learn(&m, &R, &o, WEIGH_BINARY, NULL);
	ease_release(&m);
	e = (struct err){ 0 };
	o.max_bytes = 1000;
	make_world(&R, 300, 1000, false);
	assert_int_equal(ease_init(&m, &R, &w, &o, NULL, &e), ERR_MEM);
	assert_null(strstr(e.msg, "--min-users"));
	/* 45000 items: the matrix and little else */
	assert_true(ease_bytes(45000, 1000000, 1000000, 200, 2) / (4.0 * 45000 * 45000) < 1.02);
	/* pairs of items that are left out are there until G is added up */
	assert_true(ease_bytes(100, 9000000, 1000000, 200, 2) - ease_bytes(100, 5000000, 1000000, 200, 2) == 32e6);
	assert_true(isfinite(ease_bytes(UINT32_MAX - 1, 1, 1, 0, 64)));
	weigh_release(&w);
}

static void what_cannot_be_learnt_is_a_sentence(void **state)
{
	static const uint32_t user[] = { 0, 0, 1, 1 }, item[] = { 0, 1, 0, 1 };
	struct vocab v = { 0 };
	struct weigh w = weigh_of(WEIGH_LINEAR);
	struct ease_opts o = plain;
	struct csr none = { 0 }, R;
	struct ease_make m;
	struct err e = { 0 };
	(void)state;

	assert_int_equal(ease_init(&m, &none, &w, &o, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "no events to learn from");
	e = (struct err){ 0 };
	assert_int_equal(csr_from_pairs(&R, user, item, NULL, 0, 2, 2, &e), 0);
	assert_int_equal(ease_init(&m, &R, &w, &o, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "no events to learn from: those read all weigh 0");

	e = (struct err){ 0 };
	make_vocab(&v, "song", 2);
	o.lambda = 0;
	o.item = &v;
	assert_int_equal(csr_from_pairs(&R, user, item, NULL, 4, 2, 2, &e), 0);
	assert_int_equal(ease_init(&m, &R, &w, &o, NULL, &e), 0);
	assert_int_equal(ease_invert(&m, NULL, NULL, &e), ERR_NUMERIC);
	assert_non_null(strstr(e.msg, "'song"));
	assert_non_null(strstr(e.msg, "--lambda"));
	ease_release(&m);

	e = (struct err){ 0 };
	assert_int_equal(csr_from_pairs(&R, user, item, NULL, 4, 2, 2, &e), 0);
	R.val[2] = INFINITY;
	assert_int_equal(ease_init(&m, &R, &w, &plain, NULL, &e), ERR_NUMERIC);
	weigh_release(&w);
	vocab_release(&v);

	assert_null(ease_check(&plain));
	o = plain;
	o.lambda = NAN;
	assert_non_null(strstr(ease_check(&o), "lambda"));
	o = plain;
	o.dropout = 1;
	assert_non_null(strstr(ease_check(&o), "dropout"));
}

static void write_to(char path[], struct sink **s)
{
	struct err e = { 0 };

	close(mkstemp(path));
	*s = sink_open(path, &e);
	assert_non_null(*s);
}

static void a_saved_model_scores_as_it_was_learnt(void **state)
{
	static const size_t items[] = { 1, 2, 50 };
	(void)state;

	for (size_t t = 0; t < 3; t++) {
		char path[] = "/tmp/u-ease.XXXXXX";
		struct weigh w = weigh_of(WEIGH_LOG);
		struct vocab v = { 0 };
		struct ease_opts o = plain;
		struct ease_make m;
		struct model model;
		struct ease s;
		struct csr R, again;
		struct sink *out;
		struct err e = { 0 };
		float score[50], want[50];

		make_vocab(&v, "i", items[t]);
		make_world(&R, 40, items[t], true);
		make_world(&again, 40, items[t], true);
		o.top = 20;
		o.dropout = 0.25;
		learn(&m, &R, &o, WEIGH_LOG, NULL);
		write_to(path, &out);
		assert_int_equal(ease_save(&m, out, &v, &w, 99, NULL, &e), 0);
		assert_int_equal(sink_close(out, &e), 0);
		if (model_open(&model, path, &e) || ease_open(&s, &model, &e))
			fail_msg("%s", e.msg);
		assert_int_equal(model.n_events, 99);
		assert_int_equal(s.top, 20);
		assert_true(s.dropout == 0.25 && s.weigh.shape == WEIGH_LOG);
		for (size_t u = 0; u < 40; u++) {
			size_t at = again.start[u], n = again.start[u + 1] - at;
			ease_score(&s, score, again.col + at, again.val + at, n);
			memset(want, 0, sizeof want);
			for (size_t p = at; p < at + n; p++)
				for (size_t j = 0; j < items[t]; j++)
					want[j] = fmaf(weigh_pair(&w, again.val[p]), weight_of(&m, again.col[p], j), want[j]);
			for (size_t j = 0; j < items[t]; j++)
				assert_true(score[j] == want[j]);
		}
		ease_close(&s);
		model_release(&model);
		ease_release(&m);
		csr_release(&again);
		vocab_release(&v);
		weigh_release(&w);
		unlink(path);
	}
}

/* One lie a file; checksums are right, as a forger's would be. */
struct lie {
	const char *kind, *shape;
	uint64_t start[4], n_start, n_col, n_val;
	uint32_t col[3];
	float val[3];
	const char *says;
};

static void forged_files_are_refused(void **state)
{
	static const struct lie lies[] = {
		{ "ease", "log", { 0, 1, 1, 2 }, 4, 2, 2, { 1, 0 }, { 1, 2 }, NULL },
		{ "pop", "log", { 0, 1, 1, 2 }, 4, 2, 2, { 1, 0 }, { 1, 2 }, "a model of kind pop holds no weights" },
		{ "ease", "loud", { 0, 1, 1, 2 }, 4, 2, 2, { 1, 0 }, { 1, 2 }, "meta 'shape'" },
		{ "ease", "log", { 1, 1, 1, 2 }, 4, 2, 2, { 1, 0 }, { 1, 2 }, "does not begin with 0" },
		{ "ease", "log", { 0, 2, 1, 2 }, 4, 2, 2, { 1, 0 }, { 1, 2 }, "descends behind row 2" },
		{ "ease", "log", { 0, UINT64_MAX, 1, 2 }, 4, 2, 2, { 1, 0 }, { 1, 2 }, "descends behind row 2" },
		{ "ease", "log", { 0, 1, 1, UINT64_MAX }, 4, 2, 2, { 1, 0 }, { 1, 2 }, "item.sim.col has another" },
		{ "ease", "log", { 0, 1, 1, 3 }, 4, 2, 2, { 1, 0 }, { 1, 2 }, "item.sim.col has another" },
		{ "ease", "log", { 0, 1, 1, 2 }, 3, 2, 2, { 1, 0 }, { 1, 2 }, "item.sim.start has another" },
		{ "ease", "log", { 0, 1, 1, 2 }, 4, 2, 1, { 1, 0 }, { 1, 2 }, "item.sim.val has another" },
		{ "ease", "log", { 0, 1, 1, 2 }, 4, 0, 2, { 1, 0 }, { 1, 2 }, "has no tensor item.sim.col" },
		{ "ease", "log", { 0, 1, 1, 2 }, 4, 2, 2, { 1, 3 }, { 1, 2 }, "row 3 of item.sim: its columns" },
		{ "ease", "log", { 0, 2, 2, 2 }, 4, 2, 2, { 1, 1 }, { 1, 2 }, "row 1 of item.sim: its columns" },
		{ "ease", "log", { 0, 2, 2, 2 }, 4, 2, 2, { 2, 1 }, { 1, 2 }, "row 1 of item.sim: its columns" },
		{ "ease", "log", { 0, 1, 1, 2 }, 4, 2, 2, { 1, 0 }, { 1, NAN }, "row 3 of item.sim holds a weight" },
		{ "ease", "log", { 0, 1, 1, 2 }, 4, 2, 2, { 1, 0 }, { INFINITY, 1 }, "row 1 of item.sim holds a weight" },
		{ "ease", "log", { 0, 0, 0, 0 }, 4, 0, 0, { 0 }, { 0 }, NULL },
	};
	(void)state;

	for (size_t t = 0; t < sizeof lies / sizeof *lies; t++) {
		const struct lie *l = &lies[t];
		char path[] = "/tmp/u-ease.XXXXXX";
		struct err e = { 0 };
		struct sink *out;
		struct model model;
		struct ease s;

		write_to(path, &out);
		struct artifactw *a = artifactw_new(out, KIND_MODEL, l->kind, &e);
		assert_non_null(a);
		model_put_meta(a, 5, 3, 9);
		artifactw_meta(a, "lambda", "1");
		artifactw_meta(a, "dropout", "0");
		artifactw_meta(a, "top", "0");
		artifactw_meta(a, "shape", "%s", l->shape);
		artifactw_meta(a, "weight", "*=1");
		assert_int_equal(artifactw_tensor(a, "item.sim.start", DTYPE_U64, 1, &l->n_start, l->start, &e), 0);
		if (l->n_col)
			assert_int_equal(artifactw_tensor(a, "item.sim.col", DTYPE_U32, 1, &l->n_col, l->col, &e), 0);
		if (l->n_val)
			assert_int_equal(artifactw_tensor(a, "item.sim.val", DTYPE_F32, 1, &l->n_val, l->val, &e), 0);
		assert_int_equal(artifactw_finish(a, NULL, &e), 0);
		artifactw_free(a);
		assert_int_equal(sink_close(out, &e), 0);
		if (model_open(&model, path, &e))
			fail_msg("%s", e.msg);
		int ret = ease_open(&s, &model, &e);
		if (l->says ? ret != ERR_DATA || !strstr(e.msg, l->says) : ret)
			fail_msg("lie %zu: %d %s", t, ret, e.msg);
		ease_close(&s);
		model_release(&model);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_items_by_hand),
		cmocka_unit_test(weights_are_the_formula_in_double),
		cmocka_unit_test(threads_change_no_bit),
		cmocka_unit_test(the_largest_weights_of_each_column_are_kept),
		cmocka_unit_test(rare_items_have_empty_rows_and_columns),
		cmocka_unit_test(too_much_memory_is_a_sentence_that_helps),
		cmocka_unit_test(what_cannot_be_learnt_is_a_sentence),
		cmocka_unit_test(a_saved_model_scores_as_it_was_learnt),
		cmocka_unit_test(forged_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
