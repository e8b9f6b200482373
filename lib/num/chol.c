/* chol - Cholesky factor and solve. The kernels work on rows of L^T, where both sweeps read memory in a straight line. */
#include "num.h"
#include "kern.h"

#include <math.h>

size_t num_chol(float *A, size_t lda, size_t d)
{
	return num_ops()->chol(A, lda, d);
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
