/*
 * rounds - what becomes of what people are shown, or hear, when each round of it is learnt from in the next: does it grow narrower, and do people grow alike?
 *
 * A round is a list of items for each user (items may repeat where they are plays). Of one round, over the users with anything in it:
 *
 *   tail_share    mean over users of the share of their items that are not of the head (beyond.h)
 *   entropy_C     mean over users of label_mix_entropy of their items by column C, bits; users without labels are left out
 *   span_C        the same of their items of this round and the window - 1 before it; only once there are so many
 *   overlap       expected share of the users' items, all of them together, that another user, drawn at random, has too: sum over items of c (c - 1) / (U (U - 1)) / mean of distinct items a user, c the users of an
 *                 item and U all users. From the counts, no pair is looked at
 *   jaccard       mean over pairs of users of |A and B| / |A or B|: of all pairs, or of n_pairs drawn with replacement, the same for the same seed
 *   gini          of how often each item of the catalogue is there (metric.h)
 *   coverage      distinct items of the catalogue / its items
 *
 * tail_share and gini count an item as often as it is there, overlap and jaccard once a user. A round of nobody has NaN everywhere.
 * Sums are in the order of users; the pairs of chunk c of 1024 come from PCG stream (seed, c). Memory: 8 bytes a line of the round, 12 more while they are counted, 8 a user, 8 bytes an item, 12 a label and thread.
 */
#ifndef TASTE_ROUNDS_H
#define TASTE_ROUNDS_H

#include "labels.h"
#include "metric.h"

enum { ROUNDS_BY = 4 };
enum round_metric { ROUND_TAIL, ROUND_OVERLAP, ROUND_JACCARD, ROUND_GINI, ROUND_COVERAGE, ROUND_LABELS, ROUND_MAX = ROUND_LABELS + 2 * ROUNDS_BY };

struct rounds {
	const struct metric_truth *catalogue;	/* gain.n_cols is how many items there are, in_catalogue and n_catalogue; nothing else of it is used */
	const uint8_t *is_head;			/* [items] NULL: no tail_share */
	const struct labels *by;		/* [n_by] */
	size_t n_by, window, n_pairs;		/* window, n_pairs >= 1 */
	uint64_t seed;
};

struct round {
	size_t n_users, n_shown, n_items;	/* users with anything; items shown; how many different ones */
	double v[ROUND_MAX];			/* behind ROUND_LABELS entropy_C and span_C of each of by; NaN where there is none */
};

/* round_columns - how many of v are used. round_name - of one, in out. */
size_t round_columns(const struct rounds *o);
const char *round_name(const struct rounds *o, size_t c, char out[64]);
/* round_measure - of run[at]; run[0 .. at) are the rounds before it. All have the same users. 0 or ERR_MEM. */
int round_measure(struct round *r, const struct rounds *o, const struct metric_run *const *run, size_t at, size_t k, struct par *pool, struct err *e);

#endif
