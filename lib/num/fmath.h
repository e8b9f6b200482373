/*
 * fmath - exp, log and friends that give the same bits everywhere: libm's differ between versions and CPUs, ours are short polynomials after range
 * reduction, written with explicit fma. Errors are stated in units in the last place (measured over all or 2^28 arguments in tests/u-fmath.c).
 */
#ifndef TASTE_FMATH_H
#define TASTE_FMATH_H

#include "../base/rng.h"

float fm_expf(float x);			/* <= 2 ulp; 0 below -103.98, +inf above 88.72 */
float fm_logf(float x);			/* <= 2 ulp; -inf at 0, NaN below */
float fm_sigmoidf(float x);		/* <= 4 ulp */
double fm_exp(double x);		/* <= 2 ulp (double) */
double fm_log(double x);		/* <= 2 ulp (double) */
double fm_log2(double x);		/* exact at powers of two */
double fm_pow(double x, double y);	/* x > 0, as exp(y log x); good to about 1e-13 relative for moderate y; x^1 == x, x^0 == 1 exactly */
double fm_cos_pi(double x);		/* cos(pi x) for x in -1 .. 1, within 2e-15 */
/* fm_normal - one standard normal variate from a PCG stream (two draws per value, the inverse of the distribution function in double). */
float fm_normal(struct pcg32 *r);

#endif
