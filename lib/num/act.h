/*
 * act - what a net does between its matrix products, forward and back: norms, gates, softmax, dropout. Loops over elements with written order: the same bits however wide the
 * registers are. "back" functions take the gradient with respect to what came out and give that with respect to what went in. One thread; nothing allocates.
 */
#ifndef TASTE_ACT_H
#define TASTE_ACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACT_NORM_FLOOR 1e-6f

/* act_rms - y = gain x inv for each row of x [rows x d], inv [rows] = (mean x^2 + ACT_NORM_FLOOR)^-1/2. gain [d]; NULL: 1. y may be x. */
void act_rms(float *y, float *inv, const float *x, const float *gain, size_t rows, size_t d);
/* act_rms_back - gx += ...; ggain += ... (NULL with gain NULL). */
void act_rms_back(float *gx, float *ggain, const float *gy, const float *x, const float *inv, const float *gain, size_t rows, size_t d);

/* act_unit - y = x / |x| for each row; a row of zeros stays one. inv [rows] = 1 / |x|, or 0. y may be x. */
void act_unit(float *y, float *inv, const float *x, size_t rows, size_t d);
/* act_unit_back - gx = inv (gy - (gy.y) y), y as it came out. gx may be gy. */
void act_unit_back(float *gx, const float *gy, const float *y, const float *inv, size_t rows, size_t d);

/* silu(x) = x / (1 + e^-x). */
/* act_gate - h [rows x f] = silu(u1) u2 with u [rows x 2f], u1 the first f of a row. act_gate_back - gu [rows x 2f]. */
void act_gate(float *h, const float *u, size_t rows, size_t f);
void act_gate_back(float *gu, const float *gh, const float *u, size_t rows, size_t f);
/* act_silu - y[i] = a silu(x[i]); y may be x. act_silu_back - gx[i] = a silu'(x[i]) gy[i]; gx may be gy. */
void act_silu(float *y, const float *x, float a, size_t n);
void act_silu_back(float *gx, const float *gy, const float *x, float a, size_t n);

/* act_scale_add - x = a x + b. */
void act_scale_add(float *x, float a, const float *b, size_t n);
/* act_softmax - x = softmax(a x + b), b NULL: 0; returns log sum e^(a x + b). Exponents more than 87 below the largest count as 87 below. n == 0: 0. */
float act_softmax(float *x, float a, const float *b, size_t n);
/* act_softmax_back - gs = p (gp - sum p gp); gs may be gp. */
void act_softmax_back(float *gs, const float *gp, const float *p, size_t n);

/*
 * act_drop - x[i] = 0 with probability `share` (a multiple of 2^-32), else x[i] / (1 - share): by a hash of the key and i, so that the way back drops the same. share 0: nothing.
 * act_key - a key out of three numbers.
 */
uint64_t act_key(uint64_t a, uint64_t b, uint64_t c);
void act_drop(float *x, size_t n, uint64_t key, double share);

#endif
