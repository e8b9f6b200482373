/*
 * fit - how much each of several rankings should count in their weighted sum, by what listeners took up later.
 *
 * Given, for each listener u and each part k, scores z_k(u, i) of all items on one scale, we look for weights w >= 0 of sum 1 that make the mean ndcg@k (metric.h, gains
 * 1) of the items best by sum_k w_k z_k as large as possible. What the caller marks NaN (what the listener already has) is never in a list.
 *
 *   1. One pass over the scores keeps, of each listener, a pool of candidates: the FIT_POOL (k, if larger) best items of each part and all held-out ones, with their scores
 *      by all parts.
 *   2. Search, over the pools alone. Weights are whole multiples of 1 / FIT_GRID. From the best single part and from equal weights: move 1/4 of all weight (or what is left) from one part
 *      to another wherever that is better, until nothing is; then 1/8, ... 1 / FIT_GRID. The better end counts.
 *   3. A part that does not earn its place goes, its weight to 0 exactly: while there is one without which the rest, searched again, lose nothing, or less than min_gain standard
 *      errors of the listeners' differences, the one that is missed least. Were ndcg smooth in the weights, a useless part would gain z^2/2 with
 *      z/2 standard errors, z normal, of which new listeners keep z^2/2 - 1: more than nothing from sqrt(1/2) standard errors on, as Akaike's criterion has it. But it has steps, which
 *      a search climbs: of 16 parts of noise (700 listeners or fewer, tests/u-blend.c with other seeds) 3 passed 0.7 and one passed 1, with 1/20 of the weight.
 *      Fitted on half of the validation listeners and measured on the other half, graph, als, ease and pop (ndcg@20, mean of both ways) had with 0, 0.7, 1 on ml-1m .0649, .0657, .0657, on
 *      lastfm-2k .1996, .1996, .1984.
 *   4. A second pass takes the lists from the whole catalogue, of each part alone and of the sum: these are the numbers that are given back. Should a part alone be better than the
 *      sum, it gets all the weight.
 *
 * Is the pool enough? An item outside has at most the FIT_POOL-th best score t_k of each part, so its sum is at most sum_k w_k t_k: it can only come between the k best where those reach
 * down to that (Fagin's threshold). Outsiders are never held-out items, so the pool's value of any weights is an upper bound of the exact one, and exact for single parts. With graph and als
 * on gowalla (10000 listeners, 40979 items) they are the same to six digits; fit.searched and fit.ndcg say what they are elsewhere.
 *
 * The order of the search is fixed, values of listeners are added in their order in double, sums of scores are chains of fused multiply-adds over the parts of weight > 0
 * in order: no thread, no CPU path changes the outcome.
 * Memory: at most (parts * FIT_POOL + held-out items) * (4 parts + 1) bytes a listener, (4 parts + 4) * FIT_USERS bytes an item, 4 k (parts + 1) bytes a listener at the end.
 * Sources: Breiman, Friedman, Olshen, Stone 1984, "Classification and Regression Trees", 3.4.3 (what gains less than a standard error is left
 * out); Akaike 1974, "A New Look at the Statistical Model Identification"; Fagin, Lotem, Naor
 * 2003, "Optimal Aggregation Algorithms for Middleware" (the threshold).
 */
#ifndef TASTE_FIT_H
#define TASTE_FIT_H

#include <stdbool.h>

#include "../base/par.h"
#include "../num/csr.h"

enum { FIT_POOL = 200, FIT_GRID = 256, FIT_USERS = 64, FIT_PARTS = 16 };

/* out [n x n_items]: the scores by a part of listeners first .. first + n, n <= FIT_USERS. 0 or <0 with *e set. */
typedef int fit_scores(void *ctx, size_t part, float *out, size_t first, size_t n, struct err *e);

struct fit_opts {
	size_t n_parts, n_items, k;	/* 1 <= n_parts <= FIT_PARTS, k >= 1 */
	const uint32_t *rank;		/* [n_items] where each item's id stands among all: ties break by it */
	double min_gain;		/* standard errors that a part must be worth, >= 0 */
	fit_scores *scores;
	void *ctx;
	void (*progress)(void *ctx, uint64_t done, uint64_t total);	/* listeners, of both passes; NULL none */
	void *progress_ctx;
};

struct fit {
	double weight[FIT_PARTS];
	double ndcg[FIT_PARTS + 1], recall[FIT_PARTS + 1];	/* at k, exact: of each part alone; behind them of the sum */
	double searched;			/* the pools' value of the weights that step 3 left */
	size_t n_tried;				/* weights looked at */
};

/*
 * fit_weights - steps 1 to 4.
 *   truth [listeners x (n_items or more)] held-out items, at least one in each row; those from n_items on are not in the catalogue, they only count as missed
 * Returns 0; ERR_MEM, or what scores returned.
 */
int fit_weights(struct fit *f, const struct fit_opts *o, const struct csr *truth, struct par *pool, struct err *e);

#endif
