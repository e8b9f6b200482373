/*
 * trees_grow - one tree: rows as codes, a gradient and a curvature for each, in; questions and leaf values out.
 *
 * The tree grows by the leaf that gains most. A leaf's histogram holds for each feature and code the sums of its rows' gradients and curvatures; of two children the one with fewer rows is counted, the
 * other is what is left of the parent's. A split's gain, with G and H the sums of a side:
 *
 *	G_l^2 / (H_l + l2) + G_r^2 / (H_r + l2) - G^2 / (H + l2)
 *
 * Gradients are whole numbers while a tree grows: each is scaled so that no sum of all rows leaves 32 bits, and rounded up or down by chance, which leaves sums right on average. Both halves lie in one
 * 64-bit number, g in the upper one, so that a row adds to a bin by one addition, and sums are exact: no order of rows, no number of threads, changes a bit. Values of leaves are made of the gradients as they
 * were, in double precision and in the order of rows: -rate G / (H + l2).
 *
 * Where scores must not fall with a number, no split by it puts more on its left, and whatever grows below its sides stays on its side of the middle of the two: values are cut there. What is missing has no
 * place in that order.
 *
 * What is missing is tried on both sides. Words are ordered by G / (H + smooth), after which the best cut of that order is the best set (Fisher 1958); smooth, which also joins l2 there, is the curvature of
 * WORD_ROWS rows. The rows of a side are reckoned from its share of the leaf's curvature, as counting them would be a third sum.
 *
 * Sources: Friedman 2001, "Greedy function approximation"; Chen, Guestrin 2016 (the gain); Ke et al. 2017, "LightGBM" (growth by leaf, subtraction); Shi et al. 2022, "Quantized Training of Gradient Boosting
 * Decision Trees" (rounding by chance, and leaf values made anew).
 *
 * Memory: 28 bytes a row and 2 KB for each feature and leaf.
 */
#ifndef TASTE_TREES_GROW_H
#define TASTE_TREES_GROW_H

#include "trees_bins.h"

struct grow_opts {
	size_t leaves, depth;		/* 2 to TREES_LEAVES_MAX, 1 to TREES_DEPTH_MAX */
	double rate, l2, min_gain, min_hessian, min_rows, feature_share;
	uint64_t seed;
	const int8_t *slope;		/* [features of the frame] 1: scores never fall while this number rises, all else being the same; -1: never rise; NULL: all free. Borrowed */
};

struct grow_split {
	double gain;			/* 0: none */
	uint32_t place;			/* of the feature in the bins */
	uint8_t code;			/* right: more than this */
	bool missing_right, is_set;
	uint8_t set[TREES_SET];		/* is_set: bit w: word w goes left */
	int64_t left;			/* sums of the left side, in one */
};

struct grown {			/* a tree */
	size_t n;			/* nodes; leaves are n + 1 */
	struct grow_split split[TREES_LEAVES_MAX];
	uint16_t child[TREES_LEAVES_MAX][2];		/* as in trees.h */
	uint32_t node_rows[TREES_LEAVES_MAX], leaf_rows[TREES_LEAVES_MAX];
	float value[TREES_LEAVES_MAX];
};

struct grow_leaf { size_t begin, end, depth; int64_t sum; struct grow_split best; uint32_t parent; uint8_t side; double low, high; };	/* low, high: of values, by slopes */

struct grow {
	const struct bins *b;
	const struct coded *c;
	struct grow_opts o;
	struct par *pool;
	uint32_t *row, *left, *right;	/* [n] */
	int64_t *gh, *ordered;		/* [n] by row; of the rows of a leaf */
	int64_t *hist;			/* [leaves][n_blocks x BINS_BLOCK][BINS_CODES] */
	struct grow_leaf leaf[TREES_LEAVES_MAX];
	uint8_t *is_used;		/* [n] features that this tree may ask */
	struct grow_split *found;	/* [n_blocks][2] */
	uint32_t *n_left;		/* of chunks */
	double scale_g, scale_h;	/* of a unit */
};

/* grow_init - for rows c; what it borrows must live as long. grow_release: zeroed is empty. */
int grow_init(struct grow *g, const struct bins *b, const struct coded *c, const struct grow_opts *o, struct par *pool, struct err *e);
void grow_release(struct grow *g);
/*
 * grow_tree - a tree of the rows g->row[0..n), which the caller has put there in ascending order, n > 0; gradient and curvature [rows of c], curvature >= 0. number: of the tree, for what is drawn.
 * Afterwards g->leaf[l].begin and .end say which of g->row came to leaf l. A tree that nothing could split has one leaf.
 */
void grow_tree(struct grow *g, struct grown *out, size_t n, const float *gradient, const float *curvature, uint64_t number);
/* grown_add - to c->score of rows first .. first + n their leaf's value: by codes, for rows that the tree was not grown of. */
void grown_add(const struct grown *t, const struct coded *c, float *score, size_t first, size_t n);

#endif
