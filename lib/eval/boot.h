/*
 * boot - how far a mean over users may be trusted: the users are drawn again, many times.
 *
 *   percentile bootstrap   B times as many users are drawn with replacement, the mean is taken; the 2.5 % and 97.5 % quantiles are the interval (Efron 1979).
 *                          Replica b draws from PCG stream (seed, b): every column, and every call with the same users, sees the same draws, so that
 *                          the interval of a column of differences is the paired one
 *   sign flips             where two runs are alike, each user's difference might as well have had the other sign: p is the share of B random choices of all signs whose mean is
 *                          at least as far from 0 as the one found, that one counted in (Fisher 1935). Choice b draws from stream (seed, 2^32 + b)
 *
 * Columns stand beside each other, a row a user. A NaN says that a user has no value in this column: the mean is over those who have one, in each replica too. Sums are in double, in the
 * order of users. Memory: a copy of the values, and 8 bytes a replica and column. Time: a replica reads as many rows as there are users.
 */
#ifndef TASTE_BOOT_H
#define TASTE_BOOT_H

#include "../base/par.h"

struct boot_interval { double value, low, high; size_t n; };	/* n: users with a value; 0: value is NaN */

/* boot_means - out [n_cols]: of the columns of v [n_users x n_cols], over the users with use[u] (NULL: all). n_boot 0: no interval, low = high = value. 0 or ERR_MEM. */
int boot_means(struct boot_interval *out, const double *v, size_t n_users, size_t n_cols, const uint8_t *use, size_t n_boot, uint64_t seed, struct par *pool, struct err *e);
/* boot_flips - p [n_cols] of "the mean is 0", two-sided, over the same users; NaN where nobody has a value or n_boot is 0. 0 or ERR_MEM. */
int boot_flips(double *p, const double *v, size_t n_users, size_t n_cols, const uint8_t *use, size_t n_boot, uint64_t seed, struct par *pool, struct err *e);
/* boot_sums - sum [n_boot x n_cols]: of all columns in each replica, for what is no mean. v has no NaN. */
void boot_sums(double *sum, const double *v, size_t n_users, size_t n_cols, size_t n_boot, uint64_t seed, struct par *pool);
/* boot_bounds - low and high of n_boot values of replicas, which are sorted. 0 or ERR_MEM. */
int boot_bounds(struct boot_interval *out, double *value, size_t n_boot, struct err *e);

#endif
