/* csr: against a dense matrix; duplicates, order of sums, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../lib/base/rng.h"
#include "../lib/num/csr.h"

enum { ROWS = 23, COLS = 31, MAX_N = 900 };

static void check(const struct csr *m, float dense[ROWS][COLS], bool has[ROWS][COLS])
{
	size_t nnz = 0;
	assert_int_equal(m->n_rows, ROWS);
	assert_int_equal(m->n_cols, COLS);
	assert_int_equal(m->start[0], 0);
	for (size_t r = 0; r < ROWS; r++) {
		for (size_t i = m->start[r]; i < m->start[r + 1]; i++, nnz++) {
			assert_true(m->col[i] < COLS);
			assert_true(i == m->start[r] || m->col[i] > m->col[i - 1]);
			assert_true(has[r][m->col[i]]);
			assert_true(m->val[i] == dense[r][m->col[i]]);
		}
		for (uint32_t c = 0; c < COLS; c++)
			assert_int_equal(csr_has(m, r, c), has[r][c]);
	}
	assert_int_equal(nnz, m->start[ROWS]);
	size_t want = 0;
	for (size_t r = 0; r < ROWS; r++)
		for (size_t c = 0; c < COLS; c++)
			want += has[r][c];
	assert_int_equal(nnz, want);
}

static void pairs_in_any_order_become_the_sums_of_a_dense_matrix(void **state)
{
	(void)state;
	struct pcg32 r;
	pcg32_seed(&r, 5, 5);
	for (int round = 0; round < 200; round++) {
		static uint32_t row[MAX_N], col[MAX_N];
		static float val[MAX_N], dense[ROWS][COLS];
		static bool has[ROWS][COLS];
		size_t n = round ? pcg32_bounded(&r, MAX_N) : 0;
		struct csr m, t, back;
		struct err e = {0};
		memset(dense, 0, sizeof dense);
		memset(has, 0, sizeof has);
		for (size_t i = 0; i < n; i++) {
			row[i] = pcg32_bounded(&r, ROWS);
			col[i] = pcg32_bounded(&r, COLS);
			val[i] = pcg32_f32(&r) * (pcg32_bounded(&r, 2) ? 1 : 1e7f);
			/* Float addition does not commute over three: this is the order of input. */
			dense[row[i]][col[i]] = has[row[i]][col[i]] ? dense[row[i]][col[i]] + val[i] : val[i];
			has[row[i]][col[i]] = true;
		}
		assert_int_equal(csr_from_pairs(&m, row, col, val, n, ROWS, COLS, &e), 0);
		check(&m, dense, has);
		assert_int_equal(csr_transpose(&t, &m, &e), 0);
		assert_int_equal(t.n_rows, COLS);
		assert_int_equal(t.n_cols, ROWS);
		for (size_t c = 0; c < COLS; c++)
			for (size_t i = t.start[c]; i < t.start[c + 1]; i++) {
				assert_true(i == t.start[c] || t.col[i] > t.col[i - 1]);
				assert_true(t.val[i] == dense[t.col[i]][c]);
			}
		assert_int_equal(csr_transpose(&back, &t, &e), 0);
		check(&back, dense, has);
		csr_release(&m);
		csr_release(&t);
		csr_release(&back);
	}
}

static void a_pair_outside_is_refused_with_its_place(void **state)
{
	(void)state;
	uint32_t row[] = { 0, 2 }, col[] = { 1, 4 };
	float val[] = { 1, 1 };
	struct csr m;
	struct err e = {0};
	assert_int_equal(csr_from_pairs(&m, row, col, val, 2, 3, 4, &e), ERR_DATA);
	assert_string_equal(e.msg, "entry 1 is at row 2, column 4, outside 3 x 4");
	csr_release(&m);
	e = (struct err){0};
	assert_int_equal(csr_from_pairs(&m, row, col, val, 2, 2, 5, &e), ERR_DATA);
	csr_release(&m);
}

static void rows_are_picked_in_the_order_asked_for(void **state)
{
	(void)state;
	uint32_t row[] = { 0, 0, 2, 3, 3 }, col[] = { 1, 3, 0, 2, 3 }, pick[] = { 3, 1, 0, 3 };
	float val[] = { 1, 2, 3, 4, 5 };
	struct csr m, t;
	struct err e = {0};
	assert_int_equal(csr_from_pairs(&m, row, col, val, 5, 4, 4, &e), 0);
	assert_int_equal(csr_rows(&t, &m, pick, 4, &e), 0);
	assert_int_equal(t.n_rows, 4);
	assert_int_equal(t.n_cols, 4);
	assert_memory_equal(t.start, ((size_t[]){ 0, 2, 2, 4, 6 }), 5 * sizeof *t.start);
	assert_memory_equal(t.col, ((uint32_t[]){ 2, 3, 1, 3, 2, 3 }), 6 * sizeof *t.col);
	assert_memory_equal(t.val, ((float[]){ 4, 5, 1, 2, 4, 5 }), 6 * sizeof *t.val);
	csr_release(&t);
	assert_int_equal(csr_rows(&t, &m, NULL, m.n_rows, &e), 0);
	assert_memory_equal(t.start, m.start, 5 * sizeof *t.start);
	assert_memory_equal(t.col, m.col, sizeof col);
	assert_memory_equal(t.val, m.val, sizeof val);
	csr_release(&t);
	assert_int_equal(csr_rows(&t, &m, pick, 0, &e), 0);
	assert_int_equal(t.n_rows, 0);
	csr_release(&t);
	csr_release(&m);
}

static void nothing_is_a_matrix_too(void **state)
{
	(void)state;
	struct csr m, t;
	struct err e = {0};
	assert_int_equal(csr_from_pairs(&m, NULL, NULL, NULL, 0, 0, 0, &e), 0);
	assert_int_equal(csr_transpose(&t, &m, &e), 0);
	assert_false(csr_has(&m, 0, 0));
	assert_int_equal(t.n_rows, 0);
	csr_release(&m);
	csr_release(&t);
	csr_release(&t);	/* twice is harmless */
}

/* take - the same entries by csr_take, twice: on one thread and on three. */
static void entries_in_place_become_the_same_matrix(void **state)
{
	static const struct { size_t rows, cols, n; } shape[] = { { 1, 1, 5 }, { 1, 5000, 3000 }, { 5000, 1, 3000 }, { 300, 70000, 40000 }, { 70000, 300, 40000 }, { 9, 9, 20000 }, { 4, 4, 0 } };
	struct par *pool = par_new(3, &(struct err){ 0 });
	struct err e = { 0 };
	struct pcg32 r;
	(void)state;

	pcg32_seed(&r, 5, 6);
	for (size_t k = 0; k < sizeof shape / sizeof *shape; k++) {
		size_t n = shape[k].n;
		uint32_t *row = malloc((n + 1) * sizeof *row), *col = malloc((n + 1) * sizeof *col);
		float *val = malloc((n + 1) * sizeof *val);
		struct csr_keys one = { 0 }, three = { 0 };
		struct csr want, got, same;
		for (size_t i = 0; i < n; i++) {
			row[i] = pcg32_bounded(&r, (uint32_t)shape[k].rows);
			col[i] = pcg32_bounded(&r, pcg32_bounded(&r, (uint32_t)shape[k].cols) + 1);
			val[i] = (float)(1 + pcg32_bounded(&r, 9));	/* sums are exact in any order */
			csr_keys_add(&one, row[i], col[i], val[i]);
			csr_keys_add(&three, row[i], col[i], val[i]);
		}
		assert_int_equal(csr_from_pairs(&want, row, col, val, n, shape[k].rows, shape[k].cols, &e), 0);
		assert_int_equal(csr_take(&got, &one, shape[k].rows, shape[k].cols, NULL, &e), 0);
		assert_int_equal(csr_take(&same, &three, shape[k].rows, shape[k].cols, pool, &e), 0);
		assert_null(one.key);
		size_t left = want.start[want.n_rows];
		assert_memory_equal(got.start, want.start, (want.n_rows + 1) * sizeof *want.start);
		assert_memory_equal(got.col, want.col, left * sizeof *want.col);
		assert_memory_equal(got.val, want.val, left * sizeof *want.val);
		assert_memory_equal(same.col, want.col, left * sizeof *want.col);
		assert_memory_equal(same.val, want.val, left * sizeof *want.val);
		csr_release(&want);
		csr_release(&got);
		csr_release(&same);
		free(row);
		free(col);
		free(val);
	}
	par_free(pool);
}

static void neither_threads_nor_order_change_a_sum(void **state)
{
	struct par *pool = par_new(3, &(struct err){ 0 });
	struct csr_keys t[2] = { { 0 }, { 0 } };
	struct err e = { 0 };
	struct csr m[2];
	struct pcg32 r;
	(void)state;

	pcg32_seed(&r, 5, 7);
	enum { N = 50000 };
	static uint32_t row[N], col[N];
	static float v[N];
	for (int i = 0; i < N; i++) {
		row[i] = pcg32_bounded(&r, 400);
		col[i] = pcg32_bounded(&r, 20);
		v[i] = pcg32_f32(&r) * 1e4f;
	}
	for (int i = 0; i < N; i++) {
		csr_keys_add(&t[0], row[i], col[i], v[i]);
		csr_keys_add(&t[1], row[N - 1 - i], col[N - 1 - i], v[N - 1 - i]);
	}
	for (int k = 0; k < 2; k++)
		assert_int_equal(csr_take(&m[k], &t[k], 400, 20, k ? pool : NULL, &e), 0);
	assert_memory_equal(m[0].val, m[1].val, m[0].start[400] * sizeof(float));
	for (int k = 0; k < 2; k++)
		csr_release(&m[k]);
	par_free(pool);
}

static void entries_outside_are_refused(void **state)
{
	struct csr_keys t = { 0 };
	struct err e = { 0 };
	struct csr m;
	(void)state;

	csr_keys_add(&t, 2, 7, 1);
	csr_keys_add(&t, 3, 1, 1);
	assert_int_equal(csr_take(&m, &t, 3, 9, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "entry 1 is at row 3, column 1, outside 3 x 9");
	assert_null(t.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_in_place_become_the_same_matrix),
		cmocka_unit_test(neither_threads_nor_order_change_a_sum),
		cmocka_unit_test(entries_outside_are_refused),
		cmocka_unit_test(pairs_in_any_order_become_the_sums_of_a_dense_matrix),
		cmocka_unit_test(a_pair_outside_is_refused_with_its_place),
		cmocka_unit_test(rows_are_picked_in_the_order_asked_for),
		cmocka_unit_test(nothing_is_a_matrix_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
