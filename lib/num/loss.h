/*
 * loss - gradients of what trees are trained for, over floats in written order: the same bits however wide the registers are. One thread; nothing allocates.
 */
#ifndef TASTE_LOSS_H
#define TASTE_LOSS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * loss_lambda - LambdaRank of one query, whose n items stand by descending score s. Each pair of one of the first `top` items and one behind it, of unequal gains, pulls with
 *
 *	w = |gain_i - gain_j| (disc_i - disc_j) inv  [ / (0.01 + |s_i - s_j|) ]     p = 1 / (1 + e^(s_better - s_worse))
 *	g_better -= w p     g_worse += w p     both h += w p (1 - p)
 *
 * disc falls from place to place; inv: 1 / the greatest DCG. With is_normed the bracket counts, and g and h of the query are then multiplied with log2(1 + P) / P, P = the sum of 2 w p over the
 * pairs: so that no query outweighs the others. g, h [n] are set; t [3 n] is scratch.
 * Sources: Burges 2010, "From RankNet to LambdaRank to LambdaMART"; Wang et al. 2018, "The LambdaLoss Framework"; the norms are those that LightGBM documents as lambdarank_norm.
 */
void loss_lambda(float *g, float *h, const float *s, const float *gain, const float *disc, size_t n, size_t top, float inv, bool is_normed, float *t);

/* loss_logistic - g = p - y, h = p (1 - p) with p = 1 / (1 + e^-s). */
void loss_logistic(float *g, float *h, const float *s, const float *y, size_t n);

#endif
