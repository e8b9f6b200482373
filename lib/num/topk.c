#include "topk.h"
#include "kern.h"

#include <stdbool.h>

static uint32_t rank_of(const struct topk *t, uint32_t row)
{
	return t->rank ? t->rank[row] : row;
}

/* Is a before b in the final order? No two hits of one heap are equal unless a row was pushed twice. */
static bool is_better(const struct topk *t, struct topk_hit a, struct topk_hit b)
{
	if (a.score != b.score)
		return a.score > b.score;
	return rank_of(t, a.row) < rank_of(t, b.row);
}

/* Put x into the hole at i of a heap of n, moving worse children up. */
static void sift_down(struct topk *t, size_t i, size_t n, struct topk_hit x)
{
	for (;;) {
		size_t c = 2 * i + 1;
		if (c >= n)
			break;
		if (c + 1 < n && is_better(t, t->hit[c], t->hit[c + 1]))
			c++;
		if (!is_better(t, x, t->hit[c]))
			break;
		t->hit[i] = t->hit[c];
		i = c;
	}
	t->hit[i] = x;
}

void topk_init(struct topk *t, struct topk_hit *storage, size_t k, const uint32_t *rank)
{
	*t = (struct topk){ .hit = storage, .k = k, .rank = rank };
}

void topk_push(struct topk *t, float score, uint32_t row)
{
	struct topk_hit x = { score, row };
	if (score != score || !t->k)
		return;
	if (t->n == t->k) {
		if (is_better(t, x, t->hit[0]))
			sift_down(t, 0, t->n, x);
		return;
	}
	size_t i = t->n++;
	while (i && is_better(t, t->hit[(i - 1) / 2], x)) {
		t->hit[i] = t->hit[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	t->hit[i] = x;
}

void topk_push_many(struct topk *t, const float *score, uint32_t first, size_t n)
{
	const struct num_ops *ops = num_ops();
	size_t i = 0;
	for (; i < n && t->n < t->k; i++)
		topk_push(t, score[i], first + (uint32_t)i);
	if (!t->k)
		return;
	/* An equal score may still win by its rank, so the gate is >=. */
	for (; (i += ops->first_from(score + i, n - i, t->hit[0].score)) < n; i++)
		topk_push(t, score[i], first + (uint32_t)i);
}

void topk_merge(struct topk *t, const struct topk *b)
{
	for (size_t i = 0; i < b->n; i++)
		topk_push(t, b->hit[i].score, b->hit[i].row);
}

/* Heap sort: the worst goes to the end, so the best ends in front. */
void topk_sort(struct topk *t)
{
	for (size_t n = t->n; n > 1; n--) {
		struct topk_hit x = t->hit[n - 1];
		t->hit[n - 1] = t->hit[0];
		sift_down(t, 0, n - 1, x);
	}
}
