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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_in_any_order_become_the_sums_of_a_dense_matrix),
		cmocka_unit_test(a_pair_outside_is_refused_with_its_place),
		cmocka_unit_test(rows_are_picked_in_the_order_asked_for),
		cmocka_unit_test(nothing_is_a_matrix_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
