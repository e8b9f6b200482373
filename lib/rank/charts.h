/*
 * charts - what is popular now, as of many moments: what was heard counts half when it is one half-life old. Made in one sweep over the log, for all moments asked for.
 *
 * A chart as of t counts events before t, plays and likes (as seqs_act_of has them) 1 each: n(t) = sum of 2^(-(t - time) / h).
 *   popular  the items with the largest n
 *   rising   those with the largest (n - m) / sqrt(m + 1) above 0, m = what n would be had the item been heard as evenly as n over 8 h says: n_8h(t) / 8
 * Below 2^-30 it is none. A chart is the same bits whatever the order of the log, whatever comes behind t and whatever other charts are made.
 *
 * Memory: 8 bytes for each place of each chart; while making 4 bytes an event and 28 an item (52 with rising). Time: three looks at each event, six with rising, and for each moment one at
 * each item.
 */
#ifndef TASTE_CHARTS_H
#define TASTE_CHARTS_H

#include "../data/seqs.h"
#include "../num/topk.h"

enum charts_which { CHARTS_POPULAR, CHARTS_RISING, CHARTS };

struct charts_opts {
	double half_life;		/* h, seconds, above 0 */
	size_t len;			/* places of a chart */
	size_t n_items;			/* only items numbered below it */
	const uint8_t *class_of;	/* [n_items] one chart each, or NULL: one for all */
	size_t n_classes;		/* 1 without class_of */
	const uint32_t *rank;		/* [n_items] by which ties break */
	bool wants_rising;
};

struct charts {
	const int64_t *tick;		/* [n_ticks] borrowed */
	size_t n_ticks, n_classes, len;
	struct topk_hit *hit[CHARTS];	/* [n_ticks x n_classes x len] */
	size_t *n[CHARTS];		/* [n_ticks x n_classes] */
};

/* charts_make - as of each tick, which ascend; borrowed until charts_release. 0 or ERR_MEM; then *c is released. */
int charts_make(struct charts *c, const struct seqs *log, const int64_t *tick, size_t n_ticks, const struct charts_opts *o, struct err *e);
/* charts_at - the n best of a class as of the last tick at or before t, best first; none before the first tick. */
const struct topk_hit *charts_at(const struct charts *c, enum charts_which which, size_t class, int64_t t, size_t *n);
void charts_release(struct charts *c);	/* zeroed is empty */

#endif
