/*
 * kern_plain - the kernels in plain C: what the others must equal bit for bit. Written so that a compiler can vectorise the
 * inner loops without touching any order: they run over independent elements or over the 16 virtual lanes.
 */
#include "forest.h"
#include "kern.h"

#include <math.h>
#include <string.h>

enum { LANES = 16, SLIVER = 128 };

static float tree(float s[LANES])
{
	for (size_t h = LANES / 2; h > 0; h /= 2)
		for (size_t l = 0; l < h; l++)
			s[l] += s[l + h];
	return s[0];
}

static float plain_dot(const float *x, const float *y, size_t n)
{
	float s[LANES] = {0};
	size_t i = 0;
	for (; i + LANES <= n; i += LANES)
		for (size_t l = 0; l < LANES; l++)
			s[l] = __builtin_fmaf(x[i + l], y[i + l], s[l]);
	if (i < n)
		for (size_t l = 0; l < LANES; l++) {
			float a = i + l < n ? x[i + l] : 0, b = i + l < n ? y[i + l] : 0;
			s[l] = __builtin_fmaf(a, b, s[l]);
		}
	return tree(s);
}

static float plain_l2sq(const float *x, const float *y, size_t n)
{
	float s[LANES] = {0};
	size_t i = 0;
	for (; i + LANES <= n; i += LANES)
		for (size_t l = 0; l < LANES; l++) {
			float t = x[i + l] - y[i + l];
			s[l] = __builtin_fmaf(t, t, s[l]);
		}
	if (i < n)
		for (size_t l = 0; l < LANES; l++) {
			float t = i + l < n ? x[i + l] - y[i + l] : 0;
			s[l] = __builtin_fmaf(t, t, s[l]);
		}
	return tree(s);
}

static void plain_dots(float *out, const float *q, const float *Y, size_t n, size_t d, size_t ld)
{
	for (size_t i = 0; i < n; i++)
		out[i] = plain_dot(q, Y + i * ld, d);
}

static void plain_dots_rows(float *out, const float *q, const float *Y, size_t ld, const uint32_t *row, size_t n, size_t d)
{
	for (size_t j = 0; j < n; j++)
		out[j] = plain_dot(q, Y + row[j] * ld, d);
}

static void plain_l2sqs(float *out, const float *q, const float *Y, size_t n, size_t d, size_t ld)
{
	for (size_t i = 0; i < n; i++)
		out[i] = plain_l2sq(q, Y + i * ld, d);
}

static void plain_axpy(float *restrict y, float a, const float *restrict x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = __builtin_fmaf(a, x[i], y[i]);
}

static void plain_scale(float *x, float a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] *= a;
}

static bool plain_is_finite(const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

static size_t plain_first_from(const float *s, size_t n, float least)
{
	size_t i = 0;
	while (i < n && !(s[i] >= least))
		i++;
	return i;
}

static void plain_transpose(float *T, size_t ldt, const float *A, size_t lda, size_t rows, size_t cols)
{
	for (size_t j = 0; j < cols; j++)
		for (size_t i = 0; i < rows; i++)
			T[j * ldt + i] = A[i * lda + j];
}

/* Row by row of C, a multiple of a row of B at a time: the rows are long, so that the inner loop is all there is. */
static void plain_mul(float *C, size_t ldc, const float *A, size_t lda, const float *B, size_t ldb, size_t step,
		      size_t m, size_t n, size_t k, bool add)
{
	for (size_t j = 0; j < n; j += SLIVER, B += step) {
		size_t nw = n - j < SLIVER ? n - j : SLIVER;
		for (size_t i = 0; i < m; i++) {
			float *c = C + i * ldc + j;
			if (!add)
				memset(c, 0, nw * sizeof *c);
			for (size_t p = 0; p < k; p++)
				plain_axpy(c, A[i * lda + p], B + p * ldb, nw);
		}
	}
}

static void plain_syrk(float *A, size_t lda, const float *X, size_t ldx, const float *Y, size_t ldy, size_t n, size_t d, bool ahead)
{
	(void)ahead;
	for (size_t j = 0; j < n; j++)
		for (size_t r = 0; r < d; r++)
			plain_axpy(A + r * lda, X[j * ldx + r], Y + j * ldy, r + 1);
}

static void plain_gather(float *X, float *Y, const float *M, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d, size_t more)
{
	(void)more;
	for (size_t j = 0; j < n; j++) {
		const float *y = M + row[j] * ld;
		memcpy(Y + j * d, y, d * sizeof(float));
		if (X)
			for (size_t i = 0; i < d; i++)
				X[j * d + i] = w[j] * y[i];
	}
}

static void plain_axpy_rows(float *b, const float *Y, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d)
{
	for (size_t j = 0; j < n; j++)
		plain_axpy(b, w[j], Y + row[j] * ld, d);
}

/* Row by row of R = L^T in the upper triangle: scale row k, take its products from the rows below. */
static size_t plain_chol(float *A, size_t lda, size_t d)
{
	for (size_t i = 0; i < d; i++)
		for (size_t j = 0; j < i; j++)
			A[j * lda + i] = A[i * lda + j];
	for (size_t k = 0; k < d; k++) {
		float *u = A + k * lda, pivot = u[k];
		if (!(pivot > 0 && pivot < INFINITY))
			return k + 1;
		u[k] = sqrtf(pivot);
		plain_scale(u + k + 1, 1 / u[k], d - k - 1);
		for (size_t i = k + 1; i < d; i++)
			plain_axpy(A + i * lda + i, -u[i], u + i, d - i);
	}
	for (size_t i = 0; i < d; i++)
		for (size_t j = 0; j < i; j++)
			A[i * lda + j] = A[j * lda + i];
	return 0;
}

static void plain_chol_solve(const float *F, size_t ldf, float *b, size_t d)
{
	for (size_t k = 0; k < d; k++) {
		const float *f = F + k * ldf;
		b[k] *= 1 / f[k];
		plain_axpy(b + k + 1, -b[k], f + k + 1, d - k - 1);
	}
	for (size_t k = d; k-- > 0; ) {
		const float *f = F + k * ldf;
		b[k] *= 1 / f[k];
		plain_axpy(b, -b[k], f, k);
	}
}

static void plain_solve_many(float *X, size_t ldx, const float *U, size_t ldu, const float *inv, size_t d, size_t n)
{
	for (size_t r = 0; r < d; r++) {
		float *x = X + r * ldx;
		for (size_t k = 0; k < r; k++)
			plain_axpy(x, -U[k * ldu + r], X + k * ldx, n);
		plain_scale(x, inv[r], n);
	}
}

static void plain_leaves(uint8_t *leaf, const int8_t *columns, const struct num_tree *t)
{
	uint8_t reach[FOREST_SETS][FOREST_ROWS];	/* all ones or zero */

	memset(reach[0], 255, FOREST_ROWS);
	memset(leaf, 0, FOREST_ROWS);
	for (size_t v = 0; v < t->n; v++) {
		const int8_t *code = columns + t->offset[v], at = t->at[v];
		const uint8_t *here = reach[t->from[v]], skipped = t->left[v];
		uint8_t right[FOREST_ROWS];
		for (size_t r = 0; r < FOREST_ROWS; r++)
			right[r] = (uint8_t)(-(code[r] > at) & here[r]);
		for (size_t r = 0; r < FOREST_ROWS; r++)
			reach[2 * v + 2][r] = here[r] ^ right[r];
		for (size_t r = 0; r < FOREST_ROWS; r++)
			leaf[r] = (uint8_t)(leaf[r] + (right[r] & skipped));
		memcpy(reach[2 * v + 3], right, FOREST_ROWS);
	}
}

static void plain_forest(float *score, const int8_t *columns, const struct num_tree *tree, size_t n_trees)
{
	uint8_t leaf[FOREST_ROWS];

	for (const struct num_tree *t = tree; t < tree + n_trees; t++) {
		plain_leaves(leaf, columns, t);
		for (size_t r = 0; r < FOREST_ROWS; r++)
			score[r] += t->value[leaf[r]];
	}
}

const struct num_ops num_ops_plain = {
	.dot = plain_dot, .l2sq = plain_l2sq, .dots = plain_dots, .l2sqs = plain_l2sqs, .axpy = plain_axpy, .scale = plain_scale,
	.is_finite = plain_is_finite, .first_from = plain_first_from, .transpose = plain_transpose,
	.sliver = SLIVER, .mul = plain_mul, .syrk = plain_syrk, .gather = plain_gather, .axpy_rows = plain_axpy_rows, .dots_rows = plain_dots_rows,
	.chol = plain_chol, .chol_solve = plain_chol_solve, .solve_many = plain_solve_many, .forest = plain_forest,
};
