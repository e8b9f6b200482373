/*
 * mix - how far a list is from what its listener has: calibration.
 *
 * A listener's mix p is over the values of one facet (kinds, creators, tags): each item they have gives 1, in equal parts to its values; the sum is scaled to 1. A list's mix q is made
 * in the same way of the items in it. Their distance, in nats, is
 *
 *   KL(p || q') = sum of p_t log(p_t / q'_t),  q' = (1 - a) q + a p,  a = 0.01
 *
 * which is 0 for a list of the listener's own mix and log(1 / a) = 4.6 for one that shares nothing with it, or is empty. Items without a value change nothing.
 * taste-eval measures the same by labels.h, in bits and over all values of an item.
 * Source: Steck 2018, "Calibrated recommendations", RecSys, eq. 3 and 4 (his smoothing, all places of the list weigh the same).
 * Steck's objective (1 - l) sum of scores - l KL is, times 1 / (1 - l), sum of scores - W KL with W = l / (1 - l), built by the same greedy steps.
 *
 *   mix_add for each item of the listener, mix_end; then for a list mix_begin, mix_if and mix_take; mix_release.
 *
 * Cost: a step looks at each value of each candidate, and takes two logarithms for each value of the list so far and one for each different pair of a value and how many values its item
 * has. Of an item's values the first MIX_VALUES count. Memory: 16 bytes a value of the facet, 12 bytes a value of a listener's, 4 bytes a value of a candidate, and while a list is made
 * 4 * MIX_VALUES bytes a value of its listener's and 16 bytes a pair.
 */
#ifndef TASTE_MIX_H
#define TASTE_MIX_H

#include "../data/facets.h"

enum { MIX_VALUES = 16 };

struct mix {			/* a listener's; zeroed is empty */
	uint32_t *value;		/* [n] ascending */
	double *share;			/* [n] > 0, adding up to 1 */
	size_t n, cap, cap_shares;
	double *sum;			/* [values of the facet] between mix_add and mix_end */
};

void mix_release(struct mix *m);
/* mix_clear - nobody's: empty, the memory is kept. */
void mix_clear(struct mix *m);
/* mix_add - one item of the listener's. */
void mix_add(struct mix *m, const struct facets *f, uint32_t item);
/* mix_end - after the last of them. A listener of no values has a mix of n = 0. 0 or ERR_MEM. */
int mix_end(struct mix *m, struct err *e);

struct mix_fit {		/* of a list that grows; zeroed is empty */
	const struct mix *own;
	size_t n_list;			/* items in it that have values */
	double *count;			/* [own->n] */
	uint32_t *touched;		/* [n_touched] values of the listener's that are in the list */
	size_t n_touched;
	double untouched;		/* the listener's share of the others */
	size_t *start;			/* [n + 1] the values of candidate i that its listener has, as numbers of pairs */
	uint32_t *value;
	uint8_t *n_of;			/* [n] how many it has in all */
	struct mix_pair { uint32_t value, n_of; } *pair;	/* [n_pairs] the different ones: a value by place in own, and how many its item has */
	double *delta;			/* [n_pairs] what one more of it adds to base */
	double part[MIX_VALUES + 1];	/* what an item of so many values adds to each, less what smoothing takes */
	size_t n_pairs;
	double now, base;		/* distance of the list as it is; with one more item that has none of the listener's values */
};

/* mix_begin - an empty list out of n candidates item[n], numbers of the catalogue. own->n > 0 and outlives it. 0 or ERR_MEM, then it is released. */
int mix_begin(struct mix_fit *t, const struct mix *own, const struct facets *f, const uint32_t *item, size_t n, struct err *e);
void mix_fit_release(struct mix_fit *t);
/* mix_if - the distance if candidate i came into the list. */
static inline double mix_if(const struct mix_fit *t, size_t i)
{
	double sum = t->base;

	if (!t->n_of[i])
		return t->now;
	for (size_t j = t->start[i]; j < t->start[i + 1]; j++)
		sum += t->delta[t->value[j]];
	return sum;
}
/* mix_take - it does. */
void mix_take(struct mix_fit *t, size_t i);

#endif
