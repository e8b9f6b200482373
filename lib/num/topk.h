/*
 * topk - the k best of a stream of (score, row). Higher scores first; equal scores by lower `rank`, where rank[row] (NULL: the row itself) orders ids, so that ties break
 * by id and not by the order of arrival. NaN is never kept. Cost: one compare per rejected score. k entries of 8 bytes.
 */
#ifndef TASTE_TOPK_H
#define TASTE_TOPK_H

#include <stddef.h>
#include <stdint.h>

struct topk_hit { float score; uint32_t row; };
struct topk {
	struct topk_hit *hit;	/* a heap of up to k, worst first, until topk_sort */
	size_t n, k;
	const uint32_t *rank;	/* borrowed; NULL: rank[row] == row */
};

void topk_init(struct topk *t, struct topk_hit *storage, size_t k, const uint32_t *rank);
void topk_push(struct topk *t, float score, uint32_t row);
/* topk_push_many - rows first, first+1, ... with their scores; compares several at a time against the worst kept. */
void topk_push_many(struct topk *t, const float *score, uint32_t first, size_t n);
/* topk_merge - push all of b's hits. */
void topk_merge(struct topk *t, const struct topk *b);
void topk_sort(struct topk *t);	/* best first; push no more after it */

#endif
