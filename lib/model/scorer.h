/*
 * scorer - what a model of any kind thinks of every item for a listener, from the listener's own events: exact, whole catalogue. Listeners need not have been
 * there when the model was made.
 *
 *   pop     item.count, the same for all
 *   als     the listener's vector, folded in from the history (als_fold), times each item's
 *   ease    the sum of the weights from the listener's items, ease_score
 *   graph   graph_scores
 *   softmax the listener's vector from the history (softmax_fold), times each item's
 *   session, seq   from the history in its order: ordered.h
 *   blend   the weighted sum of its parts' scores, each divided by its spread (blend.h)
 *
 * Memory: graph and blend, see there; als the Gram matrix and, a thread, what als_fold_scratch(n_items) says: d^2 and n_items floats, by block b^2 and 3 n_items; softmax one an item and thread, seq what seq.h says of a reader, for each thread. One call at a time; the threads are inside.
 */
#ifndef TASTE_SCORER_H
#define TASTE_SCORER_H

#include "als.h"
#include "ease.h"
#include "graph.h"
#include "ordered.h"
#include "softmax.h"
#include "../num/topk.h"

enum { SCORER_USERS = 64 };		/* listeners at a time */

struct blend;

enum scorer_kind { SCORER_POP, SCORER_ALS, SCORER_EASE, SCORER_GRAPH, SCORER_SOFTMAX, SCORER_ORDERED, SCORER_BLEND };

struct scorer {
	struct model *m;
	enum scorer_kind kind;		/* which of what follows is in use */
	const double *count;		/* pop */
	struct als_fold fold;		/* als */
	float **scratch;		/* [threads] */
	int n_scratch;
	struct ease ease;
	struct graph graph;
	struct blend *blend;
	struct softmax_fold softmax;
	struct ordered ordered;
	struct ordered_reader *reader;	/* [threads] */
	int n_readers;
	struct weigh plain;
	bool is_for_all;		/* has something to say of listeners without a history: popularity does */
};

/* scorer_open - m must stay open. ERR_DATA for a damaged file. */
int scorer_open(struct scorer *s, struct model *m, struct par *pool, struct err *e);
void scorer_release(struct scorer *s);
/* scorer_weigh - how the events of a history are weighed. */
struct weigh *scorer_weigh(struct scorer *s);
/* scorer_wants_order - must it be told what h's listeners did in order? */
bool scorer_wants_order(const struct scorer *s);
/*
 * scorer_scores - out [n x n_items] for the n <= SCORER_USERS histories that are rows first, ... of h: columns items of the model, values summed weights > 0. order: the events of
 * the same listeners, rows as in h (history.h has both); NULL unless scorer_wants_order.
 * ERR_NUMERIC, with the model's name, for a score that is not finite.
 */
int scorer_scores(struct scorer *s, float *out, const struct csr *h, const struct seqs *order, size_t first, size_t n, struct par *pool, struct err *e);
/* scorer_choose - best, in hit [k]: the k highest of score [n_items], best first, without those that has has in this row; they are NAN in score then. rank as below. */
void scorer_choose(struct topk *best, struct topk_hit *hit, size_t k, float *score, size_t n_items, const struct csr *has, size_t row, const uint32_t *rank);
/*
 * scorer_best - start [rows of h + 1], item: row u of h gets the item [start[u] .. start[u + 1]) of the highest scores, best first, at most k of them and none that h has in
 * row u. order as above. rank [n_items] orders equal scores (vocab_rank). The caller gives item k numbers a row. Memory: the scores of SCORER_USERS rows. For measuring: taste-score streams.
 */
int scorer_best(struct scorer *s, size_t *start, uint32_t *item, size_t k, const struct csr *h, const struct seqs *order, const uint32_t *rank, struct par *pool, struct err *e);

#endif
