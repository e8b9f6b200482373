/*
 * trees_learn - boosted trees: each one is grown (trees_grow.h) from the gradients at the scores that those before it make.
 *
 *   rank       LambdaRank (lib/num/loss.h): pairs of a query of which one stands among the first `pairs` by score, weighed by how much exchanging them would change ndcg. Gains are 2^label - 1, or the labels
 *              themselves. Measured by ndcg@k: the mean over queries that have a gain, with discounts 1 / log2(place + 1) and rows of equal score in the order of the file.
 *   logistic   labels 0 to 1; the base is the log odds of their mean. Measured by the mean negative log likelihood.
 *   squared    any labels; the base is their mean. Measured by the root of the mean squared error.
 *
 * Rows that are held out, by a file of their own or as a share of the queries drawn by a hash, measure each tree: with patience, learning ends when so many trees have brought no better measure, and the model
 * ends with the best one. Of each tree's rows a share may be drawn by query, and of its features a share.
 *
 * Order of calls: trees_learn_init, trees_learn_next until it says 0, trees_learn_save; trees_learn_release at any time. No number depends on threads.
 * Memory: beside the frame, until it is released, 1 byte a cell; 52 bytes a row, 2 KB for each feature and leaf.
 */
#ifndef TASTE_TREES_LEARN_H
#define TASTE_TREES_LEARN_H

#include "trees_grow.h"

struct trees_opts {
	enum trees_objective objective;
	struct grow_opts grow;		/* its seed is ours; slopes by column of the rows to learn from */
	size_t trees, bins, k, pairs, patience;	/* pairs 0: k + 20; patience 0: never */
	double row_share, valid_share;	/* 0 < row_share <= 1; 0 <= valid_share < 1 */
	bool is_linear;			/* gains are the labels */
};

/* trees_check - NULL, or a sentence that says what is wrong with the options. */
const char *trees_check(const struct trees_opts *o);
/* trees_labels - what the labels of an objective may be, for those who read them. */
enum frame_labels trees_labels(enum trees_objective objective, bool is_linear);

struct learn_rows {			/* to learn from, or held out */
	struct coded c;
	float *gain;			/* rank: [n] */
	double *ideal;			/* rank: [n_queries] the greatest dcg@k; for learning dcg@pairs */
	double *measured;		/* [n_queries] */
};

struct trees_learn {
	struct trees_opts o;
	struct par *pool;
	struct bins bins;
	struct learn_rows rows, held;	/* held.c.n == 0: none */
	struct grow grow;
	struct vocab names;
	bool absent_is_zero;
	float base;
	double range[2];		/* between what the scores of all trees are: trees_range */
	float *g, *h, *discount;
	struct rank_scratch *scratch;	/* [threads] */
	size_t n_trees, n_best;		/* grown; that the model has */
	double best, measure;		/* of held rows, at n_best and at n_trees; NAN: none are held */
	/* the model, of all n_trees: see trees.h */
	uint32_t *start, *feature, *child, *node_rows, *leaf_rows;
	uint8_t *test, *missing, *set;
	float *value;
	double *node_gain;
	size_t n_nodes, n_leaves, n_sets, cap[10];
};

/*
 * trees_learn_init - codes and labels of the rows of train, which is not needed afterwards and may be released, and of valid (NULL: none). 0 or <0: ERR_DATA without rows, features that differ, or queries where there must be.
 */
int trees_learn_init(struct trees_learn *l, struct frame *train, struct frame *valid, const struct trees_opts *o, struct par *pool, struct err *e);
/* trees_learn_next - 1: one tree more; 0: there are enough, or nothing could be split; <0: ERR_NUMERIC, scores are no numbers, or may be none that trees_open takes. */
int trees_learn_next(struct trees_learn *l, struct err *e);
/* trees_learn_measure - of the rows that are learnt from. */
double trees_learn_measure(struct trees_learn *l);
const char *trees_measure_name(enum trees_objective objective);	/* "ndcg", "logloss", "rmse" */
int trees_learn_save(const struct trees_learn *l, struct sink *s, const struct prov *prov, struct err *e);
void trees_learn_release(struct trees_learn *l);

#endif
