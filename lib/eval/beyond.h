/*
 * beyond - what a list may be good for beside being right.
 *
 * For a user with list L (best first), the items shown are its first k:
 *
 *   user_coverage@k   1 when anything is shown                                          Ge, Delgado-Battenfeld, Jannach 2010
 *   tail_share@k      items shown that are not in the head / items shown. The head is the shortest beginning of the items by number of users in train (ties by id) that has a share, 0.8
 *                     unless said, of all (user, item) pairs there. An item that train does not have is of the tail
 *   serendipity@k     items shown that are in the truth and not in the first k of the popularity row / k          Ge et al. 2010, Murakami et al. 2008: what nobody needed a model for
 *   diversity@k       mean over the pairs of items shown of 1 - cosine of their vectors; pairs with an item that has no vector, or a zero one, are left out
 *   diversity_C@k     the same of labels_distance by column C of the catalogue          Smyth, McClave 2001
 *   calibration_C@k   label_mix_divergence of what is shown from what the user has in train, by column C, each item once (Steck 2018); 0 is best
 *
 * A user without a value (nothing shown; for diversity no pair; for calibration no labels on one of the sides) is NaN, left out of the mean (boot.h); user_coverage and serendipity are 0
 * then. Over all users:
 *
 *   creator_gini@k    gini of how often creators are shown, over those of the catalogue
 *
 * Each is there only when what it is made of is. Memory: 8 bytes a user and column, 8 d bytes and 24 a label a thread. Time: k d for diversity, k^2 label sets for diversity_C.
 */
#ifndef TASTE_BEYOND_H
#define TASTE_BEYOND_H

#include "labels.h"
#include "metric.h"
#include "../data/vecs.h"

enum { BEYOND_BY = 4 };		/* columns of the catalogue at most */
/* The columns of values; behind them diversity_C and calibration_C of each of by. */
enum beyond_metric { BEYOND_COVERAGE, BEYOND_TAIL, BEYOND_SERENDIPITY, BEYOND_DIVERSITY, BEYOND_LABELS, BEYOND_MAX = BEYOND_LABELS + 2 * BEYOND_BY };

struct beyond {
	const struct metric_truth *truth;
	const struct metric_run *pop;		/* NULL: no serendipity */
	const uint8_t *is_head;			/* [items] NULL: no tail_share */
	const struct vecs *vecs;		/* NULL: no diversity */
	const uint32_t *vec;			/* [items] row of vecs, or VOCAB_NONE */
	const struct labels *by;		/* [n_by] */
	size_t n_by;
	const struct csr *train;		/* what has a value above 0 counts; NULL: no calibration */
	const uint32_t *train_row;		/* [users] row of train, or VOCAB_NONE */
};

size_t beyond_columns(const struct beyond *b);
/* beyond_name - of column c, in out. beyond_has - whether there is anything it could be made of. */
const char *beyond_name(const struct beyond *b, size_t c, char out[64]);
bool beyond_has(const struct beyond *b, size_t c);
static inline bool beyond_is_error(size_t c) { return c >= BEYOND_LABELS && (c - BEYOND_LABELS) % 2; }	/* calibration: less is better */

/* beyond_users - v [users x beyond_columns], each user's values at k; NaN where there is none. 0 or ERR_MEM. */
int beyond_users(double *v, const struct metric_run *run, const struct beyond *b, size_t k, struct par *pool, struct err *e);
/* beyond_creators - creator_gini at k, of the users with use[u] (NULL: all); an item of several labels is shown once for each. 0 or ERR_MEM. */
int beyond_creators(double *gini, const struct metric_run *run, const struct labels *creator, const uint8_t *use, size_t k, struct err *e);
/* beyond_head - is_head [n_items]: of the n items in order, the most popular first. */
void beyond_head(uint8_t *is_head, const uint32_t *order, size_t n, const uint32_t *item_users, double share);

#endif
