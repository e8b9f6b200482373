/*
 * metric - how good ranked lists are, by definitions that are written down.
 *
 * For a user with truth set T (gains g_i > 0, 1 unless given) and list L (best first), cut at k, hit_r = 1 when the item at place r is in T:
 *
 *   recall@k      hits / |T|                                        LightGCN, BARS, most of the collaborative filtering tables
 *   recall_min@k  hits / min(k, |T|)                                Liang et al. 2018 (Mult-VAE), EASE, iALS benchmarks
 *   precision@k   hits / k
 *   hr@k          1 when there is a hit                             equals recall@k when |T| = 1 (leave one out)
 *   ndcg@k        sum hit_r g_r / log2(r + 1)  over the best such sum that T allows in min(k, |T|) places; linear gain
 *   mrr@k         1 / place of the first hit, 0 without one
 *   map@k         sum of precision@r over hits at r, / min(k, |T|)
 *   novelty@k     mean over the items shown of -log2((users of i in train + 1) / (users in train + 1)), bits; a user with nothing shown counts 0
 *
 * and over all users:
 *   coverage@k    distinct items shown / items of the catalogue
 *   gini@k        of how often each of the N items of the catalogue is shown: 0 all alike, 1 - 1/N all on one
 *
 * Values of users are averaged over the users with truth; who has no list counts 0. Sums are in double, in the order of users. Lists hold no item twice: that is the caller's to see to.
 * Memory: 64 bytes a user; 8 bytes an item in metric_whole. Time: a binary search in T for each line above the cut.
 * Means and intervals are boot.h's. coverage and gini have no interval: they are properties of the whole run. What else a list may be good for is in beyond.h.
 */
#ifndef TASTE_METRIC_H
#define TASTE_METRIC_H

#include "../base/par.h"
#include "../data/vocab.h"
#include "../num/csr.h"

enum metric { METRIC_RECALL, METRIC_RECALL_MIN, METRIC_PRECISION, METRIC_HR, METRIC_NDCG, METRIC_MRR, METRIC_MAP, METRIC_NOVELTY,
	METRIC_PER_USER, METRIC_COVERAGE = METRIC_PER_USER, METRIC_GINI, METRIC_COUNT };
const char *metric_name(enum metric m);

/* The lists of one run. Users are numbered as in the truth, items in one vocabulary shared by truth, train and runs. */
struct metric_run {
	size_t n_users;
	size_t *start;			/* [n_users + 1] */
	uint32_t *item;			/* best first */
};

struct metric_truth {
	struct csr gain;		/* [users x items], val = gain > 0, finite */
	const uint32_t *item_users;	/* [n_items] users of each item in train; NULL: no novelty */
	size_t n_train_users;
	const uint8_t *in_catalogue;	/* [n_items] */
	size_t n_catalogue;		/* its size, with the items that have no number because neither truth, train nor runs name them */
};

/* metric_users - v [n_users x METRIC_PER_USER], each user's values at k. */
int metric_users(double *v, const struct metric_run *run, const struct metric_truth *t, size_t k, struct par *pool, struct err *e);
/* metric_whole - coverage and gini at k, of the users with use[u] (NULL: all). Items outside the catalogue do not count. */
int metric_whole(double *coverage, double *gini, const struct metric_run *run, const struct metric_truth *t, const uint8_t *use, size_t k, struct err *e);

/* metric_gini - of n counts, ascending, and all - n of 0 before them; 0 when all are 0. */
double metric_gini(const uint64_t *count, size_t n, size_t all);

#endif
