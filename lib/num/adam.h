/*
 * adam - the two loops that a softmax learns by, an element at a time: the same bits however wide the registers are.
 */
#ifndef TASTE_ADAM_H
#define TASTE_ADAM_H

#include <stddef.h>
#include "../base/par.h"

/*
 * adam_exp - x[j] = e^(a x[j] + b[j]) for n elements; returns their sum.
 * Exponents are cut to -87 .. 88, so that nothing is zero or infinite. <= 2 ulp of e^t for the rounded t = fma(a, x, b). The sum runs over 16 lanes of float,
 * lane j % 16, in stretches of 1024 elements; lanes and stretches are added in order, in double.
 */
double adam_exp(float *x, float a, const float *b, size_t n);

/*
 * adam_step - one step of Adam for n parameters, t = 1, 2, ...
 *   m = 0.9 m + 0.1 g      v = 0.999 v + 0.001 g^2      x -= rate m / (1 - 0.9^t) / (sqrt(v / (1 - 0.999^t)) + 1e-8)
 * Source: Kingma, Ba 2015, "Adam: A Method for Stochastic Optimization"; as at the end of its section 2 both corrections are in the rate, and 1e-8 is beside the uncorrected root.
 * adam_span is the loop, by one thread, with rate = adam_rate(rate, t): for rows that are not all touched by each step.
 */
float adam_rate(double rate, size_t t);
void adam_span(float *x, float *m, float *v, const float *g, size_t n, float rate);
void adam_step(float *x, float *m, float *v, const float *g, size_t n, double rate, size_t t, struct par *pool);

#endif
