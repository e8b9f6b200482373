#include "align.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../num/num.h"

enum { ITERATIONS = 60, ROWS = 512 };
static const double near_enough = 2e-6;		/* of X^T X to I, in any element */
static const double little = 1e-7;		/* of I that M gets, beside its norm */

static double norm_of(const float *V, size_t ld, size_t n, size_t d)
{
	double sum = 0;

	for (size_t r = 0; r < n; r++) {
		double length = num_norm(V + r * ld, d);
		sum += length * length;
	}
	return sqrt(sum);
}

/* polar - X becomes its polar factor; S and Z are scratch of its size. */
static int polar(float *X, float *S, float *Z, size_t d, struct par *pool, struct err *e)
{
	double was = INFINITY;

	for (int k = 0; k < ITERATIONS; k++) {
		double far = 0;
		if (num_gemm(S, d, X, d, NUM_T, X, d, NUM_N, d, d, d, false, pool, e))
			return ERR_MEM;
		for (size_t i = 0; i < d; i++)
			for (size_t j = 0; j < d; j++) {
				double miss = fabs((double)S[i * d + j] - (i == j));
				far = miss > far ? miss : far;
				S[i * d + j] = (i == j ? 1.5f : 0) - 0.5f * S[i * d + j];
			}
		if (!(far < INFINITY))
			return err_set(e, ERR_NUMERIC, "the rotation onto the older vectors is not finite");
		if (far < near_enough || (far < 1e-4 && far >= was))
			return 0;
		was = far;
		if (num_gemm(Z, d, X, d, NUM_N, S, d, NUM_N, d, d, d, false, pool, e))
			return ERR_MEM;
		memcpy(X, Z, d * d * sizeof *X);
	}
	return was < 1e-4 ? 0 : err_set(e, ERR_NUMERIC, "the rotation onto the older vectors does not converge (%g)", was);
}

int align_rotation(float *R, const float *F, size_t ldf, const float *T, size_t ldt, size_t n, size_t d, double *residual, struct par *pool, struct err *e)
{
	float *S = mem_try(2 * d, d * sizeof *S, "rotation", e), *rows = mem_try(ROWS, d * sizeof *rows, "rotation", e);
	double norm, sum = 0, length = norm_of(T, ldt, n, d);
	int ret = S && rows ? num_gemm(R, d, F, ldf, NUM_T, T, ldt, NUM_N, d, d, n, false, pool, e) : ERR_MEM;

	if (ret)
		goto out;
	norm = norm_of(R, d, d, d);
	if (!(norm > 0 && norm < INFINITY)) {
		ret = err_set(e, ERR_NUMERIC, "vectors of nothing, or that are not finite, cannot be aligned");
		goto out;
	}
	num_scale(R, (float)(1 / norm), d * d);
	for (size_t i = 0; i < d; i++)
		R[i * d + i] += (float)little;
	if ((ret = polar(R, S, S + d * d, d, pool, e)))
		goto out;
	for (size_t r = 0, some; r < n; r += some) {
		some = n - r < ROWS ? n - r : ROWS;
		if ((ret = num_gemm(rows, d, F + r * ldf, ldf, NUM_N, R, d, NUM_N, some, d, d, false, pool, e)))
			goto out;
		for (size_t i = 0; i < some; i++)
			sum += (double)num_l2sq(rows + i * d, T + (r + i) * ldt, d);
	}
	*residual = length > 0 ? sqrt(sum) / length : 0;
out:
	mem_free(S);
	mem_free(rows);
	return ret;
}
