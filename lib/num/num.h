/*
 * num - the arithmetic everything is made of, with the same bits on every path.
 *
 * Three builds of the same kernels: plain C (the reference, any CPU), AVX2+FMA, AVX-512F. cpu_path() chooses at run time. They agree bit for bit because
 *   - a dot product runs over 16 virtual lanes: lane l sums x[l], x[l+16], ... with fused multiply-add in ascending order; the tail is padded with
 *     zeros (the padded lanes still do fma(0, 0, s)); then the lanes are added in a fixed tree: s[l] += s[l+8], += s[l+4], += s[l+2], += s[l+1];
 *   - each element of a matrix product is ONE chain of fused multiply-adds in ascending k from 0; tile shapes, packing and threads cannot change it;
 *   - fused multiply-add is written (intrinsics, fmaf), never left to the compiler: everything is built with -ffp-contract=off.
 * Matrices are row-major with a leading dimension ld >= columns, in floats. No alignment is required; 64 bytes is fastest. Nothing here allocates
 * unless it says so, and nothing checks for NaN: callers do, once an epoch.
 */
#ifndef TASTE_NUM_H
#define TASTE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"
#include "../base/par.h"
#include "../base/watch.h"

/* ---- vectors [n] ---- */
float num_dot(const float *x, const float *y, size_t n);
float num_l2sq(const float *x, const float *y, size_t n);		/* sum of (x-y)^2: t = x - y, fma(t, t, s); same lanes and tree */
void num_axpy(float *y, float a, const float *x, size_t n);		/* y = fma(a, x, y) */
void num_scale(float *x, float a, size_t n);
/* num_norm - sqrt(x.x), also where x.x is beyond the range of a float. */
double num_norm(const float *x, size_t n);
/* num_dots - out[i] = num_dot(q, Y + i*ld, d) for n rows: the matrix-vector product of a search, bit-equal to num_dot. */
void num_dots(float *out, const float *q, const float *Y, size_t n, size_t d, size_t ld);
void num_l2sqs(float *out, const float *q, const float *Y, size_t n, size_t d, size_t ld);
/* num_dots_block - out[q*ldo + i] = num_dot(Q + q*ldq, Y + i*ld, d): num_dots for nq queries at once; the caller cuts Y into tiles that stay in cache. Bit-equal to num_dot. */
void num_dots_block(float *out, size_t ldo, const float *Q, size_t ldq, size_t nq, const float *Y, size_t ld, size_t n, size_t d);
void num_l2sqs_block(float *out, size_t ldo, const float *Q, size_t ldq, size_t nq, const float *Y, size_t ld, size_t n, size_t d);
/* num_scaled - (x - min) / (max - min), 1 where all are equal: by halves where the difference of two finite doubles is none. */
double num_scaled(double x, double min, double max);
/* num_is_finite - no NaN, no infinity in x[n]. */
bool num_is_finite(const float *x, size_t n);

/* ---- matrix products; every element one ascending-k chain ---- */
enum num_trans { NUM_N, NUM_T };
/* num_gemm - C [m x n] = A [m x k] B [k x n] (+ C when add). ta/tb: A/B are stored transposed (A as k x m, B as n x k).
 * With add the chain starts from C. Rows of C are cut over pool (may be NULL). Scratch of a few MB, allocated. 0 or ERR_MEM. */
int num_gemm(float *C, size_t ldc, const float *A, size_t lda, enum num_trans ta, const float *B, size_t ldb, enum num_trans tb,
	     size_t m, size_t n, size_t k, bool add, struct par *pool, struct err *e);
/* num_gemm_in - the same by one thread in scratch [num_gemm_scratch()] of the caller, for the many small products of a net. Bit-equal to num_gemm. Cannot fail. */
size_t num_gemm_scratch(void);
void num_gemm_in(float *C, size_t ldc, const float *A, size_t lda, enum num_trans ta, const float *B, size_t ldb, enum num_trans tb, size_t m, size_t n, size_t k, bool add, float *scratch);
/* num_gemm_ref - the plain triple loop. */
void num_gemm_ref(float *C, size_t ldc, const float *A, size_t lda, enum num_trans ta, const float *B, size_t ldb, enum num_trans tb,
		  size_t m, size_t n, size_t k, bool add);

/*
 * num_mul - the same of matrices that fit the cache, on the caller's thread and without scratch: C [m x n] = A [m x k] B [k x n] (+ C when add), all in place. A row of B that begins
 * ldb = n + 16 floats behind the one before shares no cache set with it. num_transpose: T [cols x rows] of A [rows x cols]; the two do not overlap.
 */
void num_mul(float *C, size_t ldc, const float *A, size_t lda, const float *B, size_t ldb, size_t m, size_t n, size_t k, bool add);
void num_transpose(float *T, size_t ldt, const float *A, size_t lda, size_t rows, size_t cols);

/* num_gram - G [d x d] (full symmetric) = sum over rows of Y [n x d] of y y^T. Rows in chunks of 4096: one ascending chain in a chunk, chunks added in
 * order from 0. d <= 4096. Scratch: d*d floats for each of up to 2 * threads chunks. 0 or ERR_MEM. */
int num_gram(float *G, const float *Y, size_t n, size_t d, size_t ld, struct par *pool, struct err *e);

/* num_syrk_rows - A [d x d], lower triangle (the rest is left alone): A += sum_j w[j] y_j y_j^T over rows y_j = Y + row[j]*ld, j = 0..n-1, each element one
 * ascending-j chain of fma(w*y_r, y_c, a). w NULL means 1. `scratch` holds num_syrk_scratch(d) floats, one per worker. The heart of als. */
size_t num_syrk_scratch(size_t d);
void num_syrk_rows(float *A, size_t lda, const float *Y, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d, float *scratch);
void num_syrk_rows_ref(float *A, size_t lda, const float *Y, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d);
/* num_axpy_rows - b [d] += sum_j w[j] * (Y + row[j]*ld), ascending j. */
void num_axpy_rows(float *b, const float *Y, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d);
/* num_fetch - a row of d floats on its way into the cache, for a kernel that comes later. num_fetch_rows: so many of them. No result depends on it. */
static inline void num_fetch(const float *y, size_t d)
{
	for (size_t i = 0; i < d; i += 16)
		__builtin_prefetch(y + i);
}
void num_fetch_rows(const float *Y, size_t ld, const uint32_t *row, size_t n, size_t d);
/* num_dots_rows - out[j] = num_dot(q, Y + row[j]*ld, d). Bit-equal to num_dot. */
void num_dots_rows(float *out, const float *q, const float *Y, size_t ld, const uint32_t *row, size_t n, size_t d);

/*
 * ---- Cholesky, in place, lower triangle of A [d x d] row-major ----
 * Element (i, j), i >= j, is one chain a = fma(-l_ik, l_jk, a) over k = 0 .. j-1 from a_ij; then l_jj = sqrt(a), and below it l_ij = a * r_j with the
 * rounded reciprocal r_j = 1 / l_jj. The strict upper triangle is workspace: what it holds before does not matter, afterwards it holds L^T, which
 * num_chol_solve reads so that both its sweeps run along rows.
 */
/* num_chol - A = L L^T; returns 0, or 1 + the first pivot that was not positive and finite (A then holds rubbish). */
size_t num_chol(float *A, size_t lda, size_t d);
size_t num_chol_ref(float *A, size_t lda, size_t d);
/* num_chol_solve - b = A^-1 b with what num_chol left in A. Forward: for k = 0 .. d-1: b_k = b_k * (1 / l_kk), then b_i = fma(-b_k, l_ik, b_i) for i > k.
 * Backward: for k = d-1 .. 0: b_k = b_k * (1 / l_kk), then b_i = fma(-b_k, l_ki, b_i) for i < k. */
void num_chol_solve(const float *L, size_t lda, float *b, size_t d);

/*
 * ---- the same for matrices larger than the cache, in place, on all threads: spd.c ----
 * Only the lower triangle of A [n x n] is read; the strict upper one is workspace. Each element is one chain whatever the blocks are, so that
 * num_spd_chol gives the lower triangle of num_chol bit for bit. Scratch: 1088 bytes a row (a block of 256 rows, packed) + 0.56 MB a thread + 0.26 MB.
 * step (may be NULL) is called after each block by the thread that called, with the work that is done and the work there is.
 */
/* num_spd_chol - A = L L^T. Returns 0; ERR_NUMERIC with the sentence "pivot P of N is not positive", P counted from 1, and P in *pivot when that is not
 * NULL (A then holds rubbish); ERR_MEM. n^3 / 6 multiply-adds. */
int num_spd_chol(float *A, size_t lda, size_t n, size_t *pivot, const struct watch *step, struct par *pool, struct err *e);
/*
 * num_spd_inverse - A^-1, both triangles, from its Cholesky factor L: n^3 / 2 multiply-adds in all. In two more passes over the lower triangle,
 *   M = L^-1      m_ij = (chain from 0, or 1 on the diagonal, of fma(-l_ik, m_kj, m) over k = j .. i-1) * r_i     r_i = 1 / l_ii rounded
 *   A^-1 = M^T M  a_ij = chain from 0 of fma(m_ki, m_kj, a) over k = max(i, j) .. n-1
 * Returns as num_spd_chol, and ERR_NUMERIC when an element is not finite (pivot 0).
 */
int num_spd_inverse(float *A, size_t lda, size_t n, size_t *pivot, const struct watch *step, struct par *pool, struct err *e);
/* num_spd_scratch - bytes of scratch that either of them takes. */
size_t num_spd_scratch(size_t n, int threads);
/* The same by plain loops. 0, or 1 + the pivot. */
size_t num_spd_inverse_ref(float *A, size_t lda, size_t n);

#endif
