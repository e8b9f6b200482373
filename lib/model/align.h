/*
 * align - the rotation that brings one set of vectors nearest to another: orthogonal Procrustes.
 *
 * Among all orthogonal R [d x d] (inner products stay as they are) the one that makes |F R - T|_F smallest is the polar factor U V^T of M = F^T T = U S V^T
 * (Schoenemann 1966). It is found by the iteration of Newton and Schulz, X <- X (3 I - X^T X) / 2 from M / |M|_F, which only multiplies matrices: each singular value
 * grows to 1, by half at least while it is small. Directions in which the two sets have nothing in common (singular values below 1e-7 of the largest) are turned as little as can be.
 *
 * Memory: 3 d^2 + 512 d floats. Time: 2 n d^2 + 4 d^3 an iteration, of which there are up to 60. Same bits for any number of threads and any CPU path.
 */
#ifndef TASTE_ALIGN_H
#define TASTE_ALIGN_H

#include <stddef.h>

#include "../base/err.h"
#include "../base/par.h"

/*
 * align_rotation - R [d x d] from F and T [n x d], rows ldf and ldt apart. *residual: |F R - T| / |T| by Frobenius norms.
 * Returns 0; ERR_NUMERIC when one of the two is all zeros or not finite; ERR_MEM.
 */
int align_rotation(float *R, const float *F, size_t ldf, const float *T, size_t ldt, size_t n, size_t d, double *residual, struct par *pool, struct err *e);

#endif
