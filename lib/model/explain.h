/*
 * explain - why a model gave a listener these scores: how much each item of the listener's own added to each. The parts of a score (and the rest) add up to what scorer_scores gives,
 * but for rounding: 1e-5 of what they come to, and for graph, where sharpening cancels, 5e-5 and 5e-6 of the listener's largest score. Models that fold by block or cg are
 * taken apart by the exact solution: their scores differ from the sum by what those solvers leave. Parts may be negative.
 *
 *   als     a_uj y_i^T A_u^-1 y_j        als_explain; with biases there is a rest, which is the item's own and everybody's
 *   ease    x_uj B_ji                    the rows of the model
 *   graph   the score is linear in the history: what one of j adds to i, graph_towards, times shape(r_uj)
 *   blend   w_k / sd_k(u) of what its parts k say, each by what it is; parts that cannot be taken apart (pop, softmax, session, seq) are in the rest
 *
 * Other kinds cannot be taken apart: explain_can. No number depends on threads, on the CPU path, or on what else is asked in the same call.
 *
 * Memory: graph and blend 256 bytes an item, and that of scorer_scores; blend 4 bytes a part of 64 listeners' scores. Time: als a fold a listener and d^2 multiply-adds for each score and 2 d for each part; ease a binary search a part;
 * graph what scorer_scores takes for 64 listeners, for every 64 different items asked for;
 * blend that of its parts, and of scoring the listeners. One call at a time; the threads are inside.
 */
#ifndef TASTE_EXPLAIN_H
#define TASTE_EXPLAIN_H

#include "scorer.h"

struct explain_ask {			/* one listener */
	size_t row;			/* of the histories */
	const uint32_t *item;		/* [n] whose scores, rows of the model */
	size_t n;
	float *part;			/* out [n x entries of the row]: of entry j in the score of item[i] at part[i * entries + j] */
	float *rest;			/* out [n] what belongs to none of them; may be NULL */
};

/* explain_can - NULL, or a sentence on why scores of this kind have no parts. */
const char *explain_can(const struct scorer *s);
/* explain_run - n_asks of them. h [listeners x items of the model] summed weights > 0, and order, as for scorer_scores. 0 or <0: ERR_DATA with explain_can's sentence, ERR_NUMERIC, ERR_MEM. */
int explain_run(struct scorer *s, const struct explain_ask *ask, size_t n_asks, const struct csr *h, const struct seqs *order, struct par *pool, struct err *e);

#endif
