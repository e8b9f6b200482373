/*
 * blend - several models as one: what they think of an item, added up.
 *
 *   score(u, i) = sum over parts k of w_k z_k(u, i)        z_k(u, i) = s_k(u, i) / sd_k(u)
 *
 * s_k are the scores that part k alone would give the listener, sd_k(u) their standard deviation over the whole catalogue: a count, an inner product and a filtered
 * history have no unit in common, their spreads make one. The mean is left where it is, for it moves no item past another. A part whose scores are all alike (nothing
 * of the history is known to it) has z = 0. w >= 0, of sum 1; a part of weight 0 is not asked.
 *
 * One history serves all parts, so they must weigh events by kind and age alike (shapes of the sums may differ: each part applies its own; pop reads no history and is
 * not asked). They know the same items; numbers are those of the first part. A part is any model but a blend.
 *
 * Bits: z is rounded to float; w to float; the sum is a chain of fused multiply-adds over the parts in their order. Means and variances are in double over 8 virtual lanes, as
 * differences to the first score, so that equal scores have a spread of exactly 0. No thread and no CPU path changes any of it.
 *
 * The file: what model.h lists (n_users, n_events and item.count are the first part's), and
 *   meta    parts, kinds ("graph,als")
 *           metric k n_fit, ndcg, recall, value (ndcg again), part.K.ndcg, part.K.recall        where the weights were fitted: see taste-train.1
 *   tensor  weight f64 [parts]; part.0, part.1, ... u8: whole model files
 *
 * Order of calls, making: zeroed, blend_add each, weights, blend_save, blend_release. Using: blend_open, blend_scores (scorer.h does), blend_release.
 * Memory, besides the parts' own: 256 bytes an item while it scores, as many again with parts that number items differently, and 4 bytes an item for each of those.
 * Saving holds the largest part's file once more. One call at a time; the threads are inside.
 */
#ifndef TASTE_BLEND_H
#define TASTE_BLEND_H

#include "scorer.h"
#include "../io/file.h"
#include "../io/sink.h"

enum { BLEND_PARTS = 16 };

struct blend {
	size_t n, n_items;
	struct idtab ids;		/* the blend's numbering: of the first part, or of the file */
	struct blend_part {
		struct file *file;	/* while making: where the bytes are, mapped, or else in copy */
		struct buf copy;
		const void *bytes;
		size_t n_bytes;
		struct model model;
		struct scorer scorer;
		uint32_t *to;		/* [n_items] the part's number of each of the blend's items; NULL: the same */
		double weight;
	} part[BLEND_PARTS];
	float *score, *turned;		/* [SCORER_USERS x n_items] scratch */
};

/* blend_add - read the model file at path ("-" too) and make it the next part, of weight 0. Every tensor's hash is checked. ERR_DATA: a blend, other items (one is named),
 * other weights of events, damage; ERR_USAGE: more than BLEND_PARTS. */
int blend_add(struct blend *b, const char *path, struct par *pool, struct err *e);
/* blend_open - from a model of kind blend, which must stay open. ERR_DATA for other kinds or a damaged file. */
int blend_open(struct blend *b, struct model *m, struct par *pool, struct err *e);
void blend_release(struct blend *b);		/* zeroed is empty */

/* blend_weigh - how the events of a history are weighed: a part that reads one; NULL: none does. */
struct weigh *blend_weigh(struct blend *b);
/* blend_wants_order - does a part read its history in order? */
bool blend_wants_order(const struct blend *b);
/* blend_is_for_all - does a part that counts have something to say of listeners without a history? */
bool blend_is_for_all(const struct blend *b);

/* blend_part_scores - out [n x n_items]: z of one part, in the blend's numbering; sd [n] by what it was divided, 0 where all were alike (may be NULL). h, order, first, n as
 * in scorer.h, in the blend's numbering. */
int blend_part_scores(struct blend *b, size_t part, float *out, double *sd, const struct csr *h, const struct seqs *order, size_t first, size_t n, struct par *pool, struct err *e);
/* blend_turn - out [n rows] rows first, ... of h in a part's numbering, columns ascending. The caller's to release. */
int blend_turn(struct csr *out, const struct blend *b, size_t part, const struct csr *h, size_t first, size_t n, struct err *e);
/* blend_scores - out [n x n_items]: the sum. */
int blend_scores(struct blend *b, float *out, const struct csr *h, const struct seqs *order, size_t first, size_t n, struct par *pool, struct err *e);

/* What the weights were chosen by. */
struct blend_fit {
	size_t k, n_users;
	double ndcg[BLEND_PARTS + 1], recall[BLEND_PARTS + 1];	/* at k, of each part alone; behind them of the blend */
};
/* blend_save - f NULL: the weights were given. */
int blend_save(struct blend *b, struct sink *s, const struct blend_fit *f, const struct prov *prov, struct err *e);

#endif
