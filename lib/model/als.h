/*
 * als - matrix factorisation of implicit feedback by alternating least squares.
 *
 * Users u and items i get vectors x_u, y_i of d floats; their inner product says how much u would like i. With S the observed pairs we minimise
 *
 *   L =   sum over (u,i) in S of   a_ui (x_u.y_i - 1)^2              observed
 *       + w0 sum over all u, i of  (x_u.y_i)^2                       unobserved: every pair, observed or not
 *       + lambda ( sum_u f_u^nu |x_u|^2 + sum_i f_i^nu |y_i|^2 )     regularisation
 *
 *   a_ui = shape(r_ui) (n_mean / n_i)^damp      r_ui summed event weights and shape: weigh.h; n_i users of item i, n_mean their mean over the items
 *   w0   = unobserved * sum over S of a_ui / (n_users n_items)
 *   f_u  = sum over u's items of a_ui + w0 n_items                   f_i = sum over i's users of a_ui + w0 n_users
 *
 * `unobserved` is the weight of all pairs together beside that of the observed ones; it suits sparse and dense data alike where w0 itself does not, and
 * multiplying all weights by a number changes nothing. With one side fixed this is a separate ridge regression for each row of the other, solved by Cholesky:
 *
 *   ( w0 G + sum over u's i of a_ui y_i y_i^T + lambda f_u^nu I ) x_u = sum over u's i of a_ui y_i,       G = sum_i y_i y_i^T
 *
 * A row without observed pairs is the zero vector. An epoch solves the items, then the users, so that the users of a finished model are exactly
 * what folding in gives: als_fold of a training user's pairs is the stored vector bit for bit.
 *
 * Sources: Hu, Koren, Volinsky 2008, "Collaborative Filtering for Implicit Feedback Datasets" (weights, and G shared by all rows, eq. 4). Rendle, Krichene,
 * Zhang, Koren 2021, "Revisiting the Performance of iALS on Item Recommendation Benchmarks" (w0 as a parameter, regularisation by frequency, sd of the
 * start). Where we differ: Hu and others put weight c = 1 + alpha r and target 1 on an observed pair, and weight 1 and target 0 on the rest; w0 = 1 and a = alpha r give
 * the same matrix with a on the right side where they have c. Rendle and others have f_u = n_u + w0 n_items, ours when all a_ui are 1, and give w0 itself. The damping of
 * popular items is ours: an item in the history of half the users says little about each (gowalla, d 64, valid: recall@20 0.164 without, 0.171 with 0.3).
 *
 * Order of calls: als_init, then als_sweep(ALS_ITEMS), als_sweep(ALS_USERS) each epoch, als_loss whenever wanted, als_save, als_release.
 * Rows run in parallel, cut by the data; no number depends on threads or on the CPU path. Not to be called from two threads at once.
 *
 * Memory, for n pairs: 8 n bytes when all r are equal, 12 n when there are at most 65536 different ones (counts of plays always are), else 16 n;
 * 4 d + 8 bytes a row; d^2 floats a thread. als_init holds the 8 n that come in and 2 n more while it looks at the weights, never more than in the end. Time: n d^2 / 2 multiply-adds a sweep + d^3 / 6 a row.
 */
#ifndef TASTE_ALS_H
#define TASTE_ALS_H

#include "model.h"
#include "ridge.h"
#include "weigh.h"
#include "../base/par.h"
#include "../num/csr.h"

#define ALS_NUMBER_MAX 1e30	/* of an option or weight that a model keeps */

enum als_axis { ALS_ITEMS = MODEL_ITEMS, ALS_USERS = MODEL_USERS };

struct als_opts {
	size_t d;
	double lambda, nu;		/* regularisation and its power of the frequency */
	double unobserved;		/* weight of all pairs beside the observed ones' */
	double damp;			/* power of n_mean / n_i in the weights of item i */
	double stddev;			/* users start as normal, sd stddev / sqrt(d) */
	bool has_bias;			/* two more components: x_u = (.., c_u, 1), y_i = (.., 1, b_i) */
	enum ridge_solver solver;	/* ridge.h */
	size_t block;
	int steps;
	uint64_t seed;
	const struct vocab *ids[2];	/* by enum als_axis: borrowed, to name rows in messages; may be NULL */
	const struct model_tuned *tuned;	/* borrowed, for the file; NULL: not tuned */
};

/* als_width - components of a vector: d, and 2 more with biases. */
size_t als_width(const struct als_opts *o);
/* als_equations - of the rows of one side; other [n_other x width] is the fixed one, base [width x width] w0 times its Gram matrix. */
struct ridge als_equations(const struct als_opts *o, enum als_axis axis, double w0, const float *other, size_t n_other, const float *base);
/* als_check - NULL, or a sentence that says what is wrong with the options. */
const char *als_check(const struct als_opts *o);

struct als_side {			/* the rows of one axis; column numbers are rows of the other */
	size_t n;
	size_t *start;			/* [n + 1] */
	uint32_t *col;			/* [start[n]] ascending in a row */
	uint16_t *code;			/* [start[n]] shape(r) = level[code]; NULL: see val */
	float *val;			/* [start[n]] shape(r) when they are too many for codes; NULL with codes or when all are equal (level[0]) */
	float *v;			/* [n x width] the vectors */
	float *gram;			/* [width x width] sum of v v^T, when has_gram */
	const uint8_t *only;		/* [n] borrowed: sweeps leave rows of 0 as they are; NULL: all are solved */
	bool has_gram;
	size_t *cut;			/* [n_cuts + 1] rows of chunk c: cut[c] .. cut[c+1] */
	size_t n_cuts;
};

struct als {
	struct als_opts o;
	struct als_side side[2];	/* by enum als_axis */
	float *level;			/* [n_levels] different shape(r); 0 levels: val */
	size_t n_levels;
	float *item_weight;		/* [items] (n_mean / n_i)^damp; 0 for items of no user */
	double w0;
};

/*
 * als_init - take over observed pairs and draw the users' first vectors.
 *   R  [users x items] in: values r > 0; released as it is taken apart, and empty afterwards, also on failure
 *   w  turns r into shape(r)
 * Row u is drawn from PCG stream u of the seed. Returns 0, ERR_DATA without any pair, ERR_NUMERIC (a weight that is not positive and
 * finite), ERR_MEM; then *m is released.
 */
int als_init(struct als *m, struct csr *R, const struct weigh *w, const struct als_opts *o, struct par *pool, struct err *e);
void als_release(struct als *m);

/* als_sweep - solve all rows of one side with the other fixed. ERR_NUMERIC names the first row whose equations are not positive definite
 * or whose solution is not finite; the side is then partly new. */
int als_sweep(struct als *m, enum als_axis axis, struct par *pool, struct err *e);
/* als_settle - the last sweep of the users, as als_fold will solve theirs: exactly for widths up to 512, beyond that from nothing by the solver, block in 8 passes and
 * cg in 24 steps. */
int als_settle(struct als *m, struct par *pool, struct err *e);

/* ---- going on from an older model ---- */

/* als_options - how a model of kind als was made: all but ids. *w is the caller's to release, also on failure. ERR_DATA for other kinds or a damaged file. */
int als_options(struct als_opts *o, struct weigh *w, const struct model *m, struct err *e);
/* als_same_width - are an older model's vectors of as many components, with biases or without? 0; ERR_USAGE with a sentence; as als_options. */
int als_same_width(const struct als_opts *want, const struct model *old, struct err *e);
/* als_take - one side's vectors from an older model, by id; ids it does not know become zeros. *n_found: those it knows. ERR_USAGE when its vectors are of another width. */
int als_take(struct als *m, enum als_axis axis, struct model *old, const struct vocab *ids, size_t *n_found, struct err *e);
/*
 * als_align - rotate the items onto those of an older model (align.h) by the items both know, then als_settle. Scores stay as they were, and vectors that were stored
 * yesterday remain comparable. *residual: how far the items are from the older ones, as a share of their length. Biases are not turned.
 * ERR_USAGE when its vectors are of another width, ERR_DATA when no item is shared.
 */
int als_align(struct als *m, struct model *old, const struct vocab *items, size_t *n_shared, double *residual, struct par *pool, struct err *e);

/* The loss and its parts. Sums run in double and in a fixed order over float products; Gram matrices are float32: good to about 1e-6 of the total. */
struct als_loss { double total, observed, unobserved, regularisation; };
int als_loss(struct als *m, struct als_loss *l, struct par *pool, struct err *e);

/*
 * als_save - the model file: what model.h lists (item.count: distinct users) and
 *   meta    d (width) epochs lambda nu unobserved damp w0 stddev seed bias solver block steps n_pairs, what weigh_put writes, and where it is so updated (1), align_residual,
 *           what model_put_tuned puts
 *   tensor  item.gram f32 [d x d], item.weight f32 [n_items] (n_mean / n_i)^damp
 * After a sweep of the users.
 */
struct als_made {			/* how it came about, for the file */
	size_t epochs;
	uint64_t n_events;
	bool is_updated, is_aligned;	/* by als_take and rows of `only`; by als_align */
	double residual;		/* of als_align */
};
int als_save(struct als *m, struct sink *s, const struct vocab *user, const struct vocab *item, const struct weigh *w, const struct als_made *made,
	     const struct prov *prov, struct err *e);

/* ---- folding in: vectors of users a finished model never saw ---- */

struct als_fold {
	struct als_opts o;		/* d, lambda, nu as the model was made */
	double w0;
	struct weigh weigh;		/* likewise; hand it to whoever reads the events */
	size_t n_items;
	const float *item;		/* [n_items x d] in the model */
	const float *item_weight;	/* [n_items] likewise */
	float *base;			/* [width x width] w0 G */
};

/* als_fold_open - from a model of kind als, which must stay open. ERR_DATA for other kinds or a damaged file. */
int als_fold_open(struct als_fold *f, struct model *m, struct err *e);
void als_fold_release(struct als_fold *f);
/* als_fold_scratch - floats of scratch that one thread needs for users of up to n items. */
size_t als_fold_scratch(const struct als_fold *f, size_t n);
/*
 * als_fold - the vector of one user.
 *   x [width] out;  item [n] ascending rows of the model;  r [n] summed event weights > 0;  scratch [als_fold_scratch(n)]
 * n == 0 gives zeros, and so do items that all had no user. Returns 0 or ERR_NUMERIC. Thread-safe with scratch of one's own.
 */
int als_fold(const struct als_fold *f, float *x, const uint32_t *item, const float *r, size_t n, float *scratch, struct err *e);
/*
 * als_explain - what each item of a history adds to a score: x_u . y_i is the sum over the user's j of a_uj y_i^T A_u^-1 y_j, with A_u the matrix of the
 * user's equations (Hu, Koren, Volinsky 2008, section 5); biases are in ridge_explain. One factor a user, one solution a recommended item.
 *   part [n_to x n] out: of item j in the score of to[k];  rest [n_to] out: what belongs to no item of the history, 0 without biases
 *   to [n_to] rows of the model;  item, r, n as above;  scratch [als_explain_scratch]
 * A row of part and rest add up to num_dot(x, y_to) but for rounding and, where block or cg folds, for what those leave. 0 or ERR_NUMERIC. Thread-safe with
 * scratch of one's own.
 */
size_t als_explain_scratch(const struct als_fold *f);
int als_explain(const struct als_fold *f, float *part, float *rest, const uint32_t *to, size_t n_to, const uint32_t *item, const float *r, size_t n, float *scratch,
		struct err *e);

#endif
