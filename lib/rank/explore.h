/*
 * explore - which of several candidates takes a place when not only the best may, and with what probability it was so: the propensity that off-policy estimates divide by.
 *
 *   EXPLORE_EPSILON   the best with probability 1 - E, else any of the n alike.             p = (1 - E) [best] + E / n
 *   EXPLORE_SOFTMAX   with probability in proportion to exp(gain / T): Plackett and Luce.   p exact up to rounding
 *   EXPLORE_THOMPSON  each draws from a normal distribution about its gain, of deviation S / sqrt(1 + what is known of it), and the largest draw takes it; each place draws anew.
 *                     p is the integral of that normal density times the probabilities that all others draw less, by bisection, good to about 1e-4 and never below 1e-9
 *
 * p is the probability that this one takes this place out of these candidates: given what stands above, and all the rules that said who is a candidate. The product over the places is the
 * probability of the list.
 */
#ifndef TASTE_EXPLORE_H
#define TASTE_EXPLORE_H

#include <stdbool.h>
#include "../base/buf.h"
#include "../base/rng.h"

enum explore_how { EXPLORE_NOT, EXPLORE_EPSILON, EXPLORE_SOFTMAX, EXPLORE_THOMPSON };

struct explore { enum explore_how how; double amount; };	/* E in 0..1; T > 0; S 0, or so large that no deviation is below 1e-300 */

/* explore_pick - one of n > 0 with gains gain[n]; best is the first of the largest. spread [n], for EXPLORE_THOMPSON: deviations for S = 1. EXPLORE_NOT: the best, p = 1. */
size_t explore_pick(const struct explore *x, const double *gain, const double *spread, size_t n, struct pcg32 *rng, double *p);
/* explore_chance - the same p for any i, without drawing. */
double explore_chance(const struct explore *x, const double *gain, const double *spread, size_t n, size_t i);
/* explore_stream - the stream of random numbers of a user on a day: the same day, the same draws. */
uint64_t explore_stream(struct str user, int64_t day);
/* explore_normal - the normal distribution function, within 1e-7. */
double explore_normal(double z);

#endif
