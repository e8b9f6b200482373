/*
 * graph - filtering on the bipartite graph of users and items: no training but a few hundred singular vectors, and the best of the simple models where data is sparse.
 *
 *   R'  [users x items]  r'_ui = shape(r_ui) du^-row_power di^-col_power / s1     du, di sums of shape(r) over a user's items and an item's users; s1 so that
 *                        the largest singular value of R' is 1
 *   P = R'^T R'          one step from items to their users' other items: its eigenvalues lie in [0, 1], the smooth signals at 1
 *   V   [items x d]      an orthonormal basis of the d largest eigenvalues of P
 *
 * A listener with the history h (shape(r) of their own items, 0 elsewhere) gets the scores
 *
 *   b = P h  +  low D^1/2 V V^T D^-1/2 h                                    blurred: what neighbours have, and what the smooth part of h says;  D = diag(di)
 *   s = b - t P b + t^2/2 P^2 b - t^3/6 P^3 b + t^4/24 P^4 b                  sharpened: exp(-t P) b to the fourth order takes back what all items share
 *
 * Sources: Shen, Wu, Zhang, Shan, Zhang, Letaief, Li 2021, "How Powerful is Graph Convolution for Recommendation?" (GF-CF: P and the ideal low-pass filter). Choi, Hong,
 * Park, Cho 2023, "Blurring-Sharpening Process Models for Collaborative Filtering" (sharpening as the heat equation run backwards, one Runge-Kutta step; here "early merge").
 * Ours: the two powers instead of 1/2 and 1/2. A user of many items says less about each: on gowalla's validation part 0.3 and 0.4 give recall@20 0.225 where 1/2 and 1/2 give 0.217.
 *
 * V comes from subspace iteration (Halko, Martinsson, Tropp 2011) with Cholesky QR twice an iteration; where the matrix has fewer than d directions, the rest of V is zero.
 * Everything is cut by rows and columns of the data: the same bytes for any number of threads and any CPU path.
 *
 * Memory, n pairs: making 16 n bytes, 8 d bytes an item and 4 d a user; the model 8 n + 4 d bytes an item; using it 8 n more and (4 items + users) 4 GRAPH_USERS bytes.
 * Time: making iterations * 4 n d multiply-adds; a listener 10 * 2 n + 2 d items.
 */
#ifndef TASTE_GRAPH_H
#define TASTE_GRAPH_H

#include "model.h"
#include "weigh.h"
#include "../base/par.h"
#include "../num/csr.h"

enum { GRAPH_USERS = 64, GRAPH_ORDER = 4 };	/* listeners scored at once; terms of exp */

struct graph_opts {
	size_t d;			/* directions of the low-pass filter; 0: none */
	double row_power, col_power, low, sharpen;
	int iterations;
	uint64_t seed;
	const struct model_tuned *tuned;	/* borrowed, for the file; NULL: not tuned */
};

struct graph {
	struct graph_opts o;
	struct weigh weigh;		/* how it was made; hand it to whoever reads histories */
	size_t n_items;
	struct csr rows, cols;		/* R' and its transpose */
	bool owns_rows;
	float *vec;			/* [items x d] D^1/2 V: made, or in the file */
	float *degree;			/* [items] di */
	bool owns_vec;
	size_t width;			/* of the scratch: listeners at once, padded */
	float *scratch;
};

/* graph_make - take over R [users x items] (values r > 0; released in any case). 0, ERR_DATA without any pair, ERR_MEM, ERR_NUMERIC; then *g is released. */
int graph_make(struct graph *g, struct csr *R, const struct weigh *w, const struct graph_opts *o, struct par *pool, struct err *e);
/*
 * graph_save - the model file: what model.h lists (item.count: distinct users; item.vec: D^1/2 V when d > 0) and
 *   meta    row_power col_power low sharpen iterations seed n_pairs, what weigh_put writes, and where there is one what model_put_tuned puts
 *   tensor  item.degree f32 [n_items]; graph.start u64 [users + 1], graph.col u32, graph.val f32 [n_pairs]: R' without the users' names
 */
int graph_save(const struct graph *g, struct sink *s, size_t n_users, const struct vocab *item, uint64_t n_events, const struct prov *prov, struct err *e);
/* graph_open - from a model of kind graph, which must stay open. ERR_DATA for other kinds or a damaged file. */
int graph_open(struct graph *g, struct model *m, struct err *e);
void graph_release(struct graph *g);
/* graph_scores - out [n x n_items] of the n <= GRAPH_USERS listeners whose histories are rows first, ... of h (columns items of the model, values r). One call at a time. */
int graph_scores(struct graph *g, float *out, const struct csr *h, size_t first, size_t n, struct par *pool, struct err *e);
/*
 * graph_towards - out [n x n_items]: what each item, with a shape(r) of 1 in the history, adds to the scores of the n <= GRAPH_USERS items `to`. Scores are linear in
 * the history, so that one pass backwards from what is recommended serves all listeners and all they have:
 *
 *   out_i = (P + low D^-1/2 V V^T D^1/2) exp(-t P) e_i       exp to the fourth order, as above; P is symmetric
 *
 * One call at a time. Time and memory of graph_scores.
 */
int graph_towards(struct graph *g, float *out, const uint32_t *to, size_t n, struct par *pool, struct err *e);

/*
 * Folding in: the listener's place in the space of item.vec, x = low V^T D^-1/2 h. x . item.vec is the smooth part of b, without P h and the sharpening: what a
 * vector can say. graph_fold_open is graph_open without the matrix, for graph_fold alone; ERR_DATA also where the model has no low-pass filter (low or d is 0).
 */
int graph_fold_open(struct graph *g, struct model *m, struct err *e);
/* graph_fold - x [d] of one user: item [n] ascending rows of the model, r [n] summed event weights > 0. Thread-safe. */
void graph_fold(const struct graph *g, float *x, const uint32_t *item, const float *r, size_t n);

#endif
