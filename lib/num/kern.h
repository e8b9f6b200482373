/*
 * kern - private to lib/num: one table of kernels for each CPU path. The driver code (num.c, chol.c, topk.c) cuts, packs and
 * threads; a kernel works on what fits the cache. All tables give the same bits: each output element is one chain of fused
 * multiply-adds whose order num.h fixes, so tile shapes are free to differ.
 *
 * kern_plain.c is the reference, written to be read. kern.inc is the fast one, compiled twice: by kern_avx2.c for 8 lanes and
 * by kern_avx512.c for 16.
 */
#ifndef TASTE_KERN_H
#define TASTE_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct num_tree;

struct num_ops {
	/* vectors, as in num.h */
	float (*dot)(const float *x, const float *y, size_t n);
	float (*l2sq)(const float *x, const float *y, size_t n);
	void (*dots)(float *out, const float *q, const float *Y, size_t n, size_t d, size_t ld);
	void (*l2sqs)(float *out, const float *q, const float *Y, size_t n, size_t d, size_t ld);
	void (*axpy)(float *y, float a, const float *x, size_t n);
	void (*scale)(float *x, float a, size_t n);
	bool (*is_finite)(const float *x, size_t n);
	/* first_from - index of the first s[i] >= least, n when there is none. NaN is never >=. */
	size_t (*first_from)(const float *s, size_t n, float least);

	/* transpose - T [cols x rows] = A [rows x cols]; the two do not overlap. */
	void (*transpose)(float *T, size_t ldt, const float *A, size_t lda, size_t rows, size_t cols);

	/* mul - C [m x n] = A [m x k] B [k x n], + C when add. B comes in slivers of sliver columns: column j of row p is at
	 * B[(j / sliver) * step + p * ldb + j % sliver]. Packed: ldb = sliver, step = sliver * k; in place: step = sliver. */
	size_t sliver;
	void (*mul)(float *C, size_t ldc, const float *A, size_t lda, const float *B, size_t ldb, size_t step,
		    size_t m, size_t n, size_t k, bool add);

	/* syrk - lower triangle of A [d x d] += sum_j X_j Y_j^T for j < n, where X [n x d] holds the scaled rows. The rest
	 * is left alone. ahead: the rows behind X + n * ldx come next, fetch them. */
	void (*syrk)(float *A, size_t lda, const float *X, size_t ldx, const float *Y, size_t ldy, size_t n, size_t d, bool ahead);
	/* gather - Y_j = row row[j] of M, X_j = w[j] * Y_j (X may be NULL) for j < n, densely with d floats a row. `more` row numbers stand behind
	 * them, whose rows come next. */
	void (*gather)(float *X, float *Y, const float *M, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d, size_t more);
	void (*axpy_rows)(float *b, const float *Y, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d);
	void (*dots_rows)(float *out, const float *q, const float *Y, size_t ld, const uint32_t *row, size_t n, size_t d);

	/* chol - as num_chol. */
	size_t (*chol)(float *A, size_t lda, size_t d);
	/* solve_many - X [d x n] = L^-1 X for many right sides at once: x_r = (chain from x_r of fma(-l_rk, x_k, x) over k < r) * inv[r]. U holds
	 * L^T in its upper triangle, and may be read up to the next multiple of 16 columns. */
	void (*solve_many)(float *X, size_t ldx, const float *U, size_t ldu, const float *inv, size_t d, size_t n);
	/* chol_solve - F holds L below and L^T above the diagonal. */
	void (*chol_solve)(const float *F, size_t ldf, float *b, size_t d);

	/* trees, as in forest.h */
	void (*forest)(float *score, const int8_t *columns, const struct num_tree *tree, size_t n_trees);
};

extern const struct num_ops num_ops_plain;
#if defined(__x86_64__)
extern const struct num_ops num_ops_avx2, num_ops_avx512;
#endif
/* num_ops - the table of the path in force. */
const struct num_ops *num_ops(void);

#endif
