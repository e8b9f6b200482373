/*
 * ease - which items go with which, in closed form: a linear model from a listener's items to all items, without factors.
 *
 * With X [users x items], x_ui = shape(r_ui) (weigh.h) and 0 where nothing was observed, B [items x items] makes
 *
 *   |X - X B|^2 + sum_j (lambda + p / (1 - p) G_jj) sum_i B_ji^2      as small as possible with B_jj = 0;   p = dropout
 *
 *   G = X^T X,   P = ( G + lambda I + p / (1 - p) diag(G) )^-1,   B_ij = -P_ij / P_jj for i != j
 *
 * and what a listener would like is s_j = sum over their items i of x_ui B_ij. Weights may be negative. dropout 0 is EASE; with dropout the model is
 * what a network of this shape learns in the limit when each input is dropped with probability p, so that an item is not predicted from itself by way of others.
 *
 * Sources: Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", eq. 6 to 8 (P and B). Steck 2020, "Autoencoders that don't overfit towards
 * the Identity" (EDLAE: the regularisation by diag(G)). Where we differ: of each column j, the weights that make one recommendation, only the `top` of
 * largest |B_ij| are kept (equal ones by item number), as serving reads rows and not matrices; item weights are float32.
 *
 * Items with fewer than min_users listeners, and those nobody has, are left out of B: their rows and columns are empty.
 *
 * Order of calls: ease_init, ease_invert, ease_prune, ease_save; ease_release at any time. Work is cut by the data: no number depends on threads or on the
 * CPU path. Sums of G are chains in the order of users, exact while all weights are 1 and no item has more than 2^24 listeners.
 *
 * Memory, for n items and m pairs that are left of r: 4 n^2 bytes for the matrix + the largest of 8 r + 8 m (pairs by user and by item, while G is added up),
 * 1088 n (while it is inverted) and 8 n min(top, n - 1) (what is kept). ease_init refuses before it allocates.
 * Time: sum over users of (items of u)^2 / 2 + n^3 / 2 multiply-adds.
 */
#ifndef TASTE_EASE_H
#define TASTE_EASE_H

#include "model.h"
#include "weigh.h"
#include "../base/par.h"
#include "../num/csr.h"
#include "../num/num.h"

struct ease_opts {
	double lambda, dropout;		/* lambda >= 0, 0 <= dropout < 1 */
	size_t top;			/* weights kept of each column; 0: all */
	size_t min_users;
	uint64_t max_bytes;		/* of memory; 0: no limit */
	const struct vocab *item;	/* borrowed, to name items in messages; may be NULL */
	const struct model_tuned *tuned;	/* borrowed, for the file; NULL: not tuned */
	const struct vocab *user;	/* as item */
};

/* ease_check - NULL, or a sentence that says what is wrong with the options. */
const char *ease_check(const struct ease_opts *o);

struct ease_make {
	struct ease_opts o;
	size_t n_items, n_users, n_read, n_pairs;	/* n_pairs: of the n_read those that are left */
	uint32_t *users;		/* [n_items] listeners of each */
	size_t n;			/* items that are left */
	uint32_t *item;			/* [n] ascending: their numbers */
	float *A;			/* [n x lda] G + its diagonal; then P; then B, row j for recommended item j. NULL after ease_prune */
	size_t lda;
	uint64_t *start;		/* after ease_prune: [n_items + 1], and below it as in the file */
	uint32_t *col;			/* [start[n_items]] */
	float *val;
};

/*
 * ease_init - count, check the memory, add up G.
 *   R  [users x items] in: values r > 0; taken apart and empty afterwards, also on failure
 *   w  turns r into shape(r)
 * Returns 0; ERR_DATA without any pair or when no item has min_users; ERR_NUMERIC (a weight that is not positive and finite); ERR_MEM (the sentence says how much
 * for how many items, and which min_users would do). Then *m is released.
 */
int ease_init(struct ease_make *m, struct csr *R, const struct weigh *w, const struct ease_opts *o, struct par *pool, struct err *e);
/* ease_invert - A becomes P. ERR_NUMERIC names the first item where A is not positive definite, or so nearly so that P would be rounding
 * (A_jj P_jj > 2^20). step may be NULL. */
int ease_invert(struct ease_make *m, const struct watch *step, struct par *pool, struct err *e);
/* ease_prune - P becomes B, of which the largest weights are kept by rows. */
int ease_prune(struct ease_make *m, struct par *pool, struct err *e);
/* ease_fits - what ease_init would say of R and o before it starts, for those who do much else first. R stays. */
int ease_fits(const struct csr *R, const struct ease_opts *o, struct par *pool, struct err *e);
/* ease_bytes - memory for n items and n_pairs that are left of n_read. */
double ease_bytes(size_t n, size_t n_read, size_t n_pairs, size_t top, int threads);
void ease_release(struct ease_make *m);

/*
 * ease_save - the model file: what model.h lists (item.count: distinct users) and
 *   meta    lambda dropout top min_users n_kept (items that are in B) n_pairs, what weigh_put writes, and where there is one what model_put_tuned puts
 *   tensor  item.sim.start u64 [n_items + 1], item.sim.col u32 [nnz], item.sim.val f32 [nnz]     where nnz > 0; else only item.sim.start
 * Row i, at start[i] .. start[i+1], is what one of the listener's items i adds to each recommended item; columns ascend.
 */
int ease_save(const struct ease_make *m, struct sink *s, const struct vocab *item, const struct weigh *w, uint64_t n_events, const struct prov *prov,
	      struct err *e);

/* ---- using one ---- */

struct ease {
	struct weigh weigh;		/* as the model was made; hand it to whoever reads the events */
	double lambda, dropout;
	size_t n_items, top;
	const uint64_t *start;		/* in the model's file */
	const uint32_t *col;
	const float *val;
};

/* ease_open - from a model of kind ease, which must stay open. All offsets, columns and values are checked: O(nnz). ERR_DATA for other kinds or a damaged file. */
int ease_open(struct ease *s, struct model *m, struct err *e);
void ease_close(struct ease *s);	/* zeroed is empty */
/* ease_add - score[j] = fma(x, B_ij, score[j]) for row i < n_items; x = weigh_pair(r). Thread-safe. */
void ease_add(const struct ease *s, float *score, size_t i, float x);
/* ease_score - score [n_items] of a listener: from 0, ease_add over item [n] in the order given, with r [n] summed event weights > 0. Ascending items
 * give the bits that any other reader gets. Thread-safe. */
void ease_score(const struct ease *s, float *score, const uint32_t *item, const float *r, size_t n);
/* ease_weight - B_ij, 0 where none was kept: times weigh_pair(r) what item i of a listener's adds to the score of item j. Binary search. */
float ease_weight(const struct ease *s, size_t i, size_t j);

#endif
