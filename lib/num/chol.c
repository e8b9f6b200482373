/* chol - Cholesky factor and solve. The kernels work on rows of L^T, where both sweeps read memory in a straight line. */
#include "num.h"
#include "kern.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 16 };

/* Copy one triangle onto the other: below = true takes the lower triangle as the source. Blocks on the diagonal go through t. */
static void mirror(const struct num_ops *ops, float *A, size_t lda, size_t d, bool below)
{
	float t[BLOCK * BLOCK];
	for (size_t i = 0; i < d; i += BLOCK) {
		size_t ni = d - i < BLOCK ? d - i : BLOCK;
		for (size_t j = 0; j < i; j += BLOCK) {
			float *lo = A + i * lda + j, *up = A + j * lda + i;
			if (below)
				ops->transpose(up, lda, lo, lda, ni, BLOCK);
			else
				ops->transpose(lo, lda, up, lda, BLOCK, ni);
		}
		ops->transpose(t, BLOCK, A + i * lda + i, lda, ni, ni);
		for (size_t r = 0; r < ni; r++)
			if (below)
				memcpy(A + (i + r) * lda + i + r, t + r * BLOCK + r, (ni - r) * sizeof(float));
			else
				memcpy(A + (i + r) * lda + i, t + r * BLOCK, r * sizeof(float));
	}
}

size_t num_chol(float *A, size_t lda, size_t d)
{
	const struct num_ops *ops = num_ops();
	mirror(ops, A, lda, d, true);
	size_t bad = ops->chol(A, lda, d);
	if (!bad)
		mirror(ops, A, lda, d, false);
	return bad;
}

/* The definition: element (i, j) is one chain over k < j, then the square root or the product with the reciprocal. */
size_t num_chol_ref(float *A, size_t lda, size_t d)
{
	for (size_t j = 0; j < d; j++) {
		float r = 0;
		for (size_t i = j; i < d; i++) {
			float a = A[i * lda + j];
			for (size_t k = 0; k < j; k++)
				a = __builtin_fmaf(-A[i * lda + k], A[j * lda + k], a);
			if (i == j) {
				if (!(a > 0 && a < INFINITY))
					return j + 1;
				a = sqrtf(a);
				r = 1 / a;
			} else {
				a *= r;
			}
			A[i * lda + j] = A[j * lda + i] = a;
		}
	}
	return 0;
}

void num_chol_solve(const float *L, size_t lda, float *b, size_t d)
{
	num_ops()->chol_solve(L, lda, b, d);
}
