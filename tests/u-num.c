/*
 * num: every path against loops written from the definitions in num.h, bit for bit, over shapes that meet every edge; the
 * definitions against double. Blocks are allocated to the float, so that a sanitizer sees one read or written too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/par.h"
#include "../lib/base/rng.h"
#include "../lib/num/num.h"

enum { MAX_PATHS = 4 };
static char path[MAX_PATHS][16];
static int n_paths;
static struct pcg32 rng;

static void use(int p)
{
	struct err e = {0};
	if (cpu_select(path[p], &e) < 0)
		fail_msg("%s", e.msg);
}

static float *floats(size_t n)
{
	float *p = malloc((n ? n : 1) * sizeof *p);
	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = pcg32_f32(&rng) * 2 - 1;
	return p;
}

static float *copy(const float *p, size_t n)
{
	float *q = malloc((n ? n : 1) * sizeof *q);
	assert_non_null(q);
	memcpy(q, p, n * sizeof *q);
	return q;
}

static void same(const float *got, const float *want, size_t n, const char *what, int p, size_t a, size_t b, size_t c)
{
	if (!memcmp(got, want, n * sizeof *got))
		return;
	for (size_t i = 0; i < n; i++)
		if (memcmp(got + i, want + i, sizeof *got))
			fail_msg("%s, path %s, shape %zu %zu %zu: element %zu is %.9g, should be %.9g", what, path[p], a, b, c, i, got[i], want[i]);
}

/* The definition of a dot product. */
static float lanes_ref(const float *x, const float *y, size_t n, bool diff)
{
	float s[16] = {0};
	for (size_t i = 0; i < (n + 15) / 16 * 16; i++) {
		float a = i < n ? x[i] : 0, b = i < n ? y[i] : 0;
		if (diff)
			a = b = a - b;
		s[i % 16] = fmaf(a, b, s[i % 16]);
	}
	for (int h = 8; h; h /= 2)
		for (int l = 0; l < h; l++)
			s[l] += s[l + h];
	return s[0];
}

static void dot_is_sixteen_lanes_and_a_tree(void **state)
{
	(void)state;
	for (int p = 0; p < n_paths; p++) {
		use(p);
		for (size_t n = 0; n < 200; n = n < 70 ? n + 1 : n + 13)
			for (size_t shift = 0; shift < 2; shift++) {
				float *x = floats(n + shift), *y = floats(n + shift);
				float got[2] = { num_dot(x + shift, y + shift, n), num_l2sq(x + shift, y + shift, n) };
				float want[2] = { lanes_ref(x + shift, y + shift, n, false), lanes_ref(x + shift, y + shift, n, true) };
				same(got, want, 2, "dot, l2sq", p, n, shift, 0);
				double exact = 0, size = 0;
				for (size_t i = shift; i < n + shift; i++) {
					exact += (double)x[i] * y[i];
					size += fabs((double)x[i] * y[i]);
				}
				assert_true(fabs(got[0] - exact) <= size * 1e-6);
				free(x);
				free(y);
			}
	}
}

static void a_dot_keeps_signed_zeros_and_subnormals(void **state)
{
	(void)state;
	static const float odd[] = { -0.0f, 0.0f, 1e-40f, -1e-40f, 1e-30f, -1e-30f, 3e38f };
	float x[21], y[21];
	for (int i = 0; i < 21; i++) {
		x[i] = odd[i % 6];
		y[i] = odd[(i * 5 + 1) % 6];
	}
	for (int p = 0; p < n_paths; p++) {
		use(p);
		for (size_t n = 0; n <= 21; n++) {
			float got = num_dot(x, y, n), want = lanes_ref(x, y, n, false);
			same(&got, &want, 1, "dot", p, n, 0, 0);
		}
	}
}

static void dots_equal_dot_row_by_row(void **state)
{
	(void)state;
	static const size_t dims[] = { 0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 128 };
	for (int p = 0; p < n_paths; p++) {
		use(p);
		for (size_t k = 0; k < sizeof dims / sizeof *dims; k++)
			for (size_t n = 0; n < 50; n++) {
				size_t d = dims[k], ld = d + n % 3;
				float *q = floats(d), *Y = floats(n ? (n - 1) * ld + d : 0), *out = floats(2 * n), *want = floats(2 * n);
				uint32_t row[50];
				num_dots(out, q, Y, n, d, ld);
				num_l2sqs(out + n, q, Y, n, d, ld);
				for (size_t i = 0; i < n; i++) {
					want[i] = lanes_ref(q, Y + i * ld, d, false);
					want[n + i] = lanes_ref(q, Y + i * ld, d, true);
				}
				same(out, want, 2 * n, "dots, l2sqs", p, n, d, ld);
				for (size_t i = 0; i < n; i++) {
					row[i] = (uint32_t)(i * 7 % n);
					want[i] = lanes_ref(q, Y + row[i] * ld, d, false);
				}
				num_dots_rows(out, q, Y, ld, row, n, d);
				same(out, want, n, "dots_rows", p, n, d, ld);
				free(q); free(Y); free(out); free(want);
			}
	}
}

static void axpy_and_scale_touch_n_elements(void **state)
{
	(void)state;
	for (int p = 0; p < n_paths; p++) {
		use(p);
		for (size_t n = 0; n < 70; n++) {
			float *x = floats(n), *y = floats(n), *z = copy(y, n), *s = copy(x, n);
			for (size_t i = 0; i < n; i++) {
				z[i] = fmaf(0.7f, x[i], z[i]);
				s[i] = x[i] * -1.3f;
			}
			num_axpy(y, 0.7f, x, n);
			num_scale(x, -1.3f, n);
			same(y, z, n, "axpy", p, n, 0, 0);
			same(x, s, n, "scale", p, n, 0, 0);
			free(x); free(y); free(z); free(s);
		}
	}
}

static void is_finite_sees_one_bad_value_anywhere(void **state)
{
	(void)state;
	static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
	for (int p = 0; p < n_paths; p++) {
		use(p);
		for (size_t n = 0; n < 90; n++) {
			float *x = floats(n);
			if (n)
				x[n / 2] = -0.0f;
			assert_true(num_is_finite(x, n));
			for (size_t i = 0; i < n; i++) {
				float old = x[i];
				x[i] = bad[i % 4];
				assert_false(num_is_finite(x, n));
				x[i] = 3.4e38f;
				assert_true(num_is_finite(x, n));
				x[i] = old;
			}
			free(x);
		}
		size_t n = 40000;
		float *x = floats(n);
		assert_true(num_is_finite(x, n));
		x[20001] = NAN;
		assert_false(num_is_finite(x, n));
		free(x);
	}
}

static struct par *pool[3];

static void check_gemm(int p, struct par *pl, size_t m, size_t n, size_t k, int kind)
{
	enum num_trans ta = kind & 1, tb = kind >> 1 & 1;
	bool add = kind >> 2 & 1;
	size_t pad = (m + n + k) % 3;
	size_t lda = (ta ? m : k) + pad, ldb = (tb ? k : n) + 2 * pad, ldc = n + pad;
	size_t ar = ta ? k : m, br = tb ? n : k;
	float *A = floats(ar * lda), *B = floats(br * ldb), *C = floats(m * ldc), *D = copy(C, m * ldc), *M = copy(C, m * ldc), *scratch = floats(num_gemm_scratch());
	struct err e = {0};
	assert_int_equal(num_gemm(C, ldc, A, lda, ta, B, ldb, tb, m, n, k, add, pl, &e), 0);
	num_gemm_ref(D, ldc, A, lda, ta, B, ldb, tb, m, n, k, add);
	same(C, D, m * ldc, kind & 4 ? "gemm, add" : "gemm", p, m, n, k);
	num_gemm_in(M, ldc, A, lda, ta, B, ldb, tb, m, n, k, add, scratch);
	same(M, D, m * ldc, kind & 4 ? "gemm_in, add" : "gemm_in", p, m, n, k);
	free(A); free(B); free(C); free(D); free(M); free(scratch);
}

static void gemm_equals_its_reference_on_every_edge(void **state)
{
	(void)state;
	static const size_t size[] = { 0, 1, 2, 3, 5, 6, 7, 8, 11, 12, 13, 15, 16, 17, 23, 31, 32, 33, 47, 65 };
	enum { N = sizeof size / sizeof *size };
	for (int p = 0; p < n_paths; p++) {
		use(p);
		for (int a = 0; a < N; a++)
			for (int b = 0; b < N; b++)
				check_gemm(p, NULL, size[a], size[b], size[(a * 7 + b * 3) % N], (a + b) % 8);
	}
}

/* num_mul in place, num_transpose: blocks end with their last row. */
static void check_mul(int p, size_t m, size_t n, size_t k, bool add)
{
	size_t lda = k + m % 3, ldb = n + k % 2 * 16, ldc = n + 1;
	float *A = floats(m * lda), *B = floats(k ? (k - 1) * ldb + n : 0), *C = floats(m * ldc), *D = copy(C, m * ldc), *T = floats(k * (m + 2)), *U = copy(T, k * (m + 2));

	num_mul(C, ldc, A, lda, B, ldb, m, n, k, add);
	num_gemm_ref(D, ldc, A, lda, NUM_N, B, ldb, NUM_N, m, n, k, add);
	same(C, D, m * ldc, add ? "mul, add" : "mul", p, m, n, k);
	num_transpose(T, m + 2, A, lda, m, k);
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < k; j++)
			U[j * (m + 2) + i] = A[i * lda + j];
	same(T, U, k * (m + 2), "transpose", p, m, n, k);
	free(A); free(B); free(C); free(D); free(T); free(U);
}

static void mul_in_place_equals_the_reference(void **state)
{
	(void)state;
	static const size_t size[] = { 0, 1, 2, 3, 5, 7, 8, 12, 15, 16, 17, 31, 32, 33, 70, 128 };
	enum { N = sizeof size / sizeof *size };
	for (int p = 0; p < n_paths; p++) {
		use(p);
		for (int a = 0; a < N; a++)
			for (int b = 0; b < N; b++)
				check_mul(p, size[a], size[b], size[(a * 7 + b * 3) % N], (a + b) % 2);
	}
}

static void gemm_does_not_depend_on_blocks_or_threads(void **state)
{
	(void)state;
	static const size_t shape[][3] = {
		{ 300, 70, 257 }, { 5, 1300, 64 }, { 64, 700, 600 }, { 1000, 33, 40 }, { 1, 600, 300 }, { 197, 530, 513 }, { 17, 17, 1100 }, { 800, 128, 1 },
	};
	for (int p = 0; p < n_paths; p++) {
		use(p);
		for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
			for (int t = 0; t < 3; t++)
				for (int kind = 0; kind < 8; kind += t ? 3 : 1)
					check_gemm(p, pool[t], shape[s][0], shape[s][1], shape[s][2], kind);
	}
}

static void gram_adds_chunks_of_4096_rows_in_order(void **state)
{
	(void)state;
	static const size_t shape[][2] = { { 0, 5 }, { 1, 1 }, { 100, 17 }, { 4096, 9 }, { 4097, 33 }, { 9000, 20 }, { 40000, 3 } };
	for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
		size_t n = shape[s][0], d = shape[s][1], ld = d + s % 2;
		float *Y = floats(n * ld), *want = calloc(d * d, sizeof *want), *part = floats(d * d);
		assert_non_null(want);
		for (size_t r = 0; r < n; r += 4096) {
			num_gemm_ref(part, d, Y + r * ld, ld, NUM_T, Y + r * ld, ld, NUM_N, d, d, n - r < 4096 ? n - r : 4096, false);
			for (size_t i = 0; i < d * d; i++)
				want[i] += part[i];
		}
		for (int p = 0; p < n_paths; p++)
			for (int t = 0; t < 3; t++) {
				struct err e = {0};
				float *G = floats(d * d);
				use(p);
				assert_int_equal(num_gram(G, Y, n, d, ld, pool[t], &e), 0);
				same(G, want, d * d, "gram", p, n, d, ld);
				free(G);
			}
		free(Y); free(want); free(part);
	}
}

static void syrk_rows_equals_its_reference_and_keeps_the_upper_triangle(void **state)
{
	(void)state;
	static const size_t dims[] = { 1, 2, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40, 47, 48, 49, 64, 65, 96, 100, 128, 130 };
	static const size_t counts[] = { 0, 1, 2, 7, 16, 40, 150 };
	enum { ROWS = 60 };
	for (size_t a = 0; a < sizeof dims / sizeof *dims; a++) {
		size_t d = dims[a], ld = d + a % 4, lda = d + a % 3;
		float *Y = floats(ROWS * ld), *scratch = floats(num_syrk_scratch(d));
		for (size_t b = 0; b < sizeof counts / sizeof *counts; b++) {
			size_t n = counts[b];
			uint32_t *row = malloc((n + 1) * sizeof *row);
			assert_non_null(row);
			for (size_t i = 0; i < n; i++)
				row[i] = pcg32_bounded(&rng, ROWS);
			float *w = floats(n), *A = floats(d * lda);
			for (int null = 0; null < 2; null++) {
				float *want = copy(A, d * lda);
				num_syrk_rows_ref(want, lda, Y, ld, row, null ? NULL : w, n, d);
				for (int p = 0; p < n_paths; p++) {
					float *got = copy(A, d * lda);
					use(p);
					num_syrk_rows(got, lda, Y, ld, row, null ? NULL : w, n, d, scratch);
					same(got, want, d * lda, "syrk_rows", p, d, n, ld);
					free(got);
				}
				free(want);
			}
			float *b0 = floats(d), *want = copy(b0, d);
			for (size_t j = 0; j < n; j++)
				for (size_t i = 0; i < d; i++)
					want[i] = fmaf(w[j], Y[row[j] * ld + i], want[i]);
			for (int p = 0; p < n_paths; p++) {
				float *got = copy(b0, d);
				use(p);
				num_axpy_rows(got, Y, ld, row, w, n, d);
				same(got, want, d, "axpy_rows", p, d, n, ld);
				free(got);
			}
			free(b0); free(want); free(row); free(w); free(A);
		}
		free(Y);
		free(scratch);
	}
}

/* A = Z Z^T + shift I over 2d random columns. */
static float *spd(size_t d, size_t lda, float shift)
{
	float *Z = floats(d * 2 * d), *A = floats(d * lda);
	num_gemm_ref(A, lda, Z, 2 * d, NUM_N, Z, 2 * d, NUM_T, d, d, 2 * d, false);
	for (size_t i = 0; i < d; i++)
		A[i * lda + i] += shift;
	free(Z);
	return A;
}

/* The order of num_chol_solve, written as loops over the lower triangle. */
static void solve_ref(const float *L, size_t lda, float *b, size_t d)
{
	for (size_t k = 0; k < d; k++) {
		b[k] *= 1 / L[k * lda + k];
		for (size_t i = k + 1; i < d; i++)
			b[i] = fmaf(-b[k], L[i * lda + k], b[i]);
	}
	for (size_t k = d; k-- > 0; ) {
		b[k] *= 1 / L[k * lda + k];
		for (size_t i = 0; i < k; i++)
			b[i] = fmaf(-b[k], L[k * lda + i], b[i]);
	}
}

static void cholesky_equals_its_reference_and_solves(void **state)
{
	(void)state;
	for (size_t d = 1; d <= 150; d = d < 40 ? d + 1 : d + 7) {
		size_t lda = d + d % 3;
		float *A = spd(d, lda, 0.5f), *F = copy(A, d * lda), *b = floats(d), *x = copy(b, d);
		assert_int_equal(num_chol_ref(F, lda, d), 0);
		solve_ref(F, lda, x, d);
		/* L L^T is A, and A x is b, to single precision. */
		double norm = 0;
		for (size_t i = 0; i < d; i++)
			norm = fmax(norm, A[i * lda + i]);
		for (size_t i = 0; i < d; i++) {
			double r = -(double)b[i], size = 1;
			for (size_t j = 0; j <= i; j++) {
				double a = 0;
				for (size_t k = 0; k <= j; k++)
					a += (double)F[i * lda + k] * F[j * lda + k];
				assert_true(fabs(a - A[i * lda + j]) <= norm * 1e-6 * (double)(d + 4));
			}
			for (size_t j = 0; j < d; j++) {
				double a = j <= i ? A[i * lda + j] : A[j * lda + i];
				r += a * x[j];
				size += fabs(a * x[j]);
			}
			assert_true(fabs(r) <= size * 2e-6 * (double)(d + 4));
		}
		for (int p = 0; p < n_paths; p++) {
			float *G = copy(A, d * lda), *y = copy(b, d);
			use(p);
			for (size_t i = 0; i < d; i++)		/* what stands above the diagonal must not matter */
				for (size_t j = i + 1; j < d; j++)
					G[i * lda + j] = NAN;
			assert_int_equal(num_chol(G, lda, d), 0);
			same(G, F, d * lda, "chol", p, d, lda, 0);
			num_chol_solve(G, lda, y, d);
			same(y, x, d, "chol_solve", p, d, lda, 0);
			free(G);
			free(y);
		}
		free(A); free(F); free(b); free(x);
	}
}

static void cholesky_names_the_pivot_that_is_not_positive(void **state)
{
	(void)state;
	static const float bad[] = { -1e6f, NAN, INFINITY, 0 };
	for (size_t d = 1; d <= 70; d += 3)
		for (size_t at = 0; at < d; at += 1 + d / 7)
			for (int b = 0; b < 4; b++) {
				float *A = spd(d, d, 1);
				A[at * d + at] = bad[b];
				float *F = copy(A, d * d);
				size_t want = num_chol_ref(F, d, d);
				assert_int_equal(want, at + 1);
				for (int p = 0; p < n_paths; p++) {
					float *G = copy(A, d * d);
					use(p);
					assert_int_equal(num_chol(G, d, d), want);
					free(G);
				}
				free(F);
				free(A);
			}
}

/* Sizes that meet every border of the blocks of spd.c (256) and of its chunks. */
static void large_factor_and_inverse_equal_their_references(void **state)
{
	(void)state;
	static const size_t sizes[] = { 1, 2, 15, 16, 17, 33, 63, 64, 65, 100, 191, 193, 255, 256, 257, 300, 511, 513, 530 };
	struct err e = {0};
	for (size_t q = 0; q < sizeof sizes / sizeof *sizes; q++) {
		size_t n = sizes[q], lda = n + q % 3;
		float *A = spd(n, lda, 0.5f), *F = copy(A, n * lda), *want = copy(A, n * lda);
		assert_int_equal(num_chol_ref(F, lda, n), 0);
		assert_int_equal(num_spd_inverse_ref(want, lda, n), 0);
		for (int p = 0; p < n_paths; p++)
			for (int t = 0; t < 3; t++) {
				float *G = copy(A, n * lda);
				size_t pivot = 9;
				use(p);
				for (size_t i = 0; i < n; i++)		/* what stands above the diagonal must not matter */
					for (size_t j = i + 1; j < n; j++)
						G[i * lda + j] = NAN;
				float *C = copy(G, n * lda);
				assert_int_equal(num_spd_inverse(G, lda, n, &pivot, NULL, pool[t], &e), 0);
				assert_int_equal(pivot, 0);
				same(G, want, n * lda, "spd_inverse", p, n, lda, (size_t)t);
				assert_int_equal(num_spd_chol(C, lda, n, NULL, NULL, pool[t], &e), 0);
				for (size_t i = 0; i < n; i++)
					same(C + i * lda, F + i * lda, i + 1, "spd_chol", p, n, i, (size_t)t);
				free(G);
				free(C);
			}
		free(A); free(F); free(want);
	}
}

/* The inverse by Gauss and Jordan in double, and A times what we get. */
static void the_inverse_is_one(void **state)
{
	(void)state;
	static const size_t sizes[] = { 1, 2, 17, 65, 150, 257, 300 };
	struct err e = {0};
	for (size_t q = 0; q < sizeof sizes / sizeof *sizes; q++) {
		size_t n = sizes[q];
		float *A = spd(n, n, 4), *P = copy(A, n * n);
		double *D = malloc(n * n * sizeof *D), largest = 0;
		for (size_t i = 0; i < n * n; i++)
			D[i] = A[i];
		for (size_t k = 0; k < n; k++) {
			double pivot = D[k * n + k];
			D[k * n + k] = 1;
			for (size_t j = 0; j < n; j++)
				D[k * n + j] /= pivot;
			for (size_t i = 0; i < n; i++) {
				double f = D[i * n + k];
				if (i == k)
					continue;
				D[i * n + k] = 0;
				for (size_t j = 0; j < n; j++)
					D[i * n + j] -= f * D[k * n + j];
			}
		}
		for (size_t i = 0; i < n; i++)
			largest = fmax(largest, D[i * n + i]);
		assert_int_equal(num_spd_inverse(P, n, n, NULL, NULL, pool[1], &e), 0);
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++) {
				if (!(fabs(P[i * n + j] - D[i * n + j]) <= 3e-5 * largest))
					fail_msg("n %zu: element %zu %zu is %.9g, should be %.9g", n, i, j, P[i * n + j], D[i * n + j]);
				assert_true(P[i * n + j] == P[j * n + i]);
			}
		free(A); free(P); free(D);
	}
}

static void count_steps(void *ctx, uint64_t done, uint64_t total)
{
	uint64_t *last = ctx;
	assert_true(done > *last && done <= total);
	*last = done == total ? 0 : done;
}

static void a_large_factor_names_its_pivot_and_tells_its_steps(void **state)
{
	(void)state;
	static const float bad[] = { -1e6f, NAN, INFINITY, 0 };
	static const size_t at[] = { 0, 100, 255, 256, 299 };
	for (size_t q = 0; q < sizeof at / sizeof *at; q++)
		for (int b = 0; b < 4; b++) {
			struct err e = {0};
			char want[64];
			size_t pivot = 0;
			float *A = spd(300, 300, 1);
			A[at[q] * 300 + at[q]] = bad[b];
			assert_int_equal(num_spd_inverse(A, 300, 300, &pivot, NULL, pool[q % 3], &e), ERR_NUMERIC);
			assert_int_equal(pivot, at[q] + 1);
			snprintf(want, sizeof want, "pivot %zu of 300 is not positive", at[q] + 1);
			assert_string_equal(e.msg, want);
			free(A);
		}
	uint64_t last = 0;
	struct watch step = { count_steps, &last };
	struct err e = {0};
	float *A = spd(700, 700, 1), nothing;
	assert_int_equal(num_spd_inverse(A, 700, 700, NULL, &step, NULL, &e), 0);
	assert_int_equal(last, 0);
	assert_int_equal(num_spd_inverse(&nothing, 1, 0, NULL, NULL, NULL, &e), 0);
	free(A);
}

int main(void)
{
	char names[64], *save = NULL;
	struct err e = {0};
	snprintf(names, sizeof names, "%s", cpu_names());
	for (char *t = strtok_r(names, " ", &save); t && n_paths < MAX_PATHS; t = strtok_r(NULL, " ", &save))
		snprintf(path[n_paths++], sizeof path[0], "%s", t);
	pcg32_seed(&rng, 42, 1);
	if (!(pool[1] = par_new(2, &e)) || !(pool[2] = par_new(7, &e))) {
		fprintf(stderr, "u-num: %s\n", e.msg);
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dot_is_sixteen_lanes_and_a_tree),
		cmocka_unit_test(a_dot_keeps_signed_zeros_and_subnormals),
		cmocka_unit_test(dots_equal_dot_row_by_row),
		cmocka_unit_test(axpy_and_scale_touch_n_elements),
		cmocka_unit_test(is_finite_sees_one_bad_value_anywhere),
		cmocka_unit_test(gemm_equals_its_reference_on_every_edge),
		cmocka_unit_test(mul_in_place_equals_the_reference),
		cmocka_unit_test(gemm_does_not_depend_on_blocks_or_threads),
		cmocka_unit_test(gram_adds_chunks_of_4096_rows_in_order),
		cmocka_unit_test(syrk_rows_equals_its_reference_and_keeps_the_upper_triangle),
		cmocka_unit_test(cholesky_equals_its_reference_and_solves),
		cmocka_unit_test(cholesky_names_the_pivot_that_is_not_positive),
		cmocka_unit_test(large_factor_and_inverse_equal_their_references),
		cmocka_unit_test(the_inverse_is_one),
		cmocka_unit_test(a_large_factor_names_its_pivot_and_tells_its_steps),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	par_free(pool[1]);
	par_free(pool[2]);
	return failed;
}
