#include "num.h"
#include "kern.h"

void num_dots_block(float *out, size_t ldo, const float *Q, size_t ldq, size_t nq, const float *Y, size_t ld, size_t n, size_t d)
{
	const struct num_ops *ops = num_ops();

	for (size_t q = 0; q < nq; q++)
		ops->dots(out + q * ldo, Q + q * ldq, Y, n, d, ld);
}

void num_l2sqs_block(float *out, size_t ldo, const float *Q, size_t ldq, size_t nq, const float *Y, size_t ld, size_t n, size_t d)
{
	const struct num_ops *ops = num_ops();

	for (size_t q = 0; q < nq; q++)
		ops->l2sqs(out + q * ldo, Q + q * ldq, Y, n, d, ld);
}
