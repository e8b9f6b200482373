#include <string.h>

#include "graph.h"
#include "../base/mem.h"

#define LEFT 0x80000000U		/* of a pool's row: the search has gone on from it */

struct graph_walk {
	size_t n;
	uint64_t *seen;			/* a bit a row */
	uint32_t *looked;		/* rows whose bit is set */
	size_t n_looked, cap_looked;
	struct topk_hit *pool;		/* best first */
	size_t cap_pool;
	struct topk_hit *heap;		/* of a search among some rows: where to go on from */
	size_t n_heap, cap_heap;
	uint32_t row[GRAPH_BLOCK];
	float score[GRAPH_BLOCK];
};

struct graph_walk *graph_walk_new(size_t n, struct err *e)
{
	struct graph_walk *w = mem_new(1, sizeof *w);

	w->n = n;
	if (!(w->seen = mem_try0((n + 63) / 64, sizeof *w->seen, "marks of a search", e))) {
		mem_free(w);
		return NULL;
	}
	return w;
}

void graph_walk_free(struct graph_walk *w)
{
	if (!w)
		return;
	mem_free(w->seen);
	mem_free(w->looked);
	mem_free(w->pool);
	mem_free(w->heap);
	mem_free(w);
}

static void forget(struct graph_walk *w)
{
	if (w->n_looked > w->n / 64)
		memset(w->seen, 0, (w->n + 63) / 64 * sizeof *w->seen);
	else
		for (size_t i = 0; i < w->n_looked; i++)
			w->seen[w->looked[i] / 64] = 0;
	w->n_looked = 0;
}

static inline bool see(struct graph_walk *w, uint32_t row)
{
	uint64_t bit = (uint64_t)1 << row % 64, *word = &w->seen[row / 64];

	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}

static inline bool is_better(struct topk_hit a, struct topk_hit b)
{
	return a.score > b.score || (a.score == b.score && (a.row & ~LEFT) < (b.row & ~LEFT));
}

/* next_block - up to GRAPH_BLOCK of the rows of list[*at..n) that were not seen, into w->row; their codes are on their way. */
static inline size_t next_block(struct graph_walk *w, const struct graph_probe *p, const uint32_t *list, size_t n, size_t *at)
{
	size_t m = 0;

	for (; *at < n && m < GRAPH_BLOCK; (*at)++) {
		uint32_t row = list[*at];
		if (row >= w->n) {
			*at = n;
			break;
		}
		if (see(w, row)) {
			p->fetch(p->ctx, row);
			w->row[m++] = row;
		}
	}
	arr_reserve(w->looked, w->n_looked + m, w->cap_looked);
	memcpy(w->looked + w->n_looked, w->row, m * sizeof *w->row);
	w->n_looked += m;
	return m;
}

static inline size_t entry_block(struct graph_walk *w, const struct graph *g, size_t *at)
{
	size_t m = 0;

	arr_reserve(w->looked, w->n_looked + GRAPH_BLOCK, w->cap_looked);
	for (; *at < g->n_entries && m < GRAPH_BLOCK; (*at)++)
		if (see(w, (uint32_t)*at))
			w->looked[w->n_looked++] = w->row[m++] = (uint32_t)*at;
	return m;
}

/* into_pool - put x in its place of the n best, cap at most; where it went, or cap. */
static inline size_t into_pool(struct topk_hit *pool, size_t *n, size_t cap, struct topk_hit x)
{
	size_t lo = 0, hi = *n;

	if (*n == cap && !is_better(x, pool[cap - 1]))
		return cap;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (is_better(x, pool[mid]))
			hi = mid;
		else
			lo = mid + 1;
	}
	size_t move = (*n < cap ? *n : cap - 1) - lo;
	memmove(pool + lo + 1, pool + lo, move * sizeof *pool);
	pool[lo] = x;
	*n += *n < cap;
	return lo;
}

static inline const uint32_t *list_of(const struct graph *g, uint32_t row) { return g->nbr + (size_t)row * g->degree; }

static inline void fetch_list(const struct graph *g, uint32_t row)
{
	const uint32_t *l = list_of(g, row);

	for (size_t i = 0; i < g->degree; i += 16)
		__builtin_prefetch(l + i);
}

/* search_all - where every row may be found: the pool is what was found and what there is to go on from. */
static size_t search_all(const struct graph *g, const struct graph_probe *p, struct graph_walk *w, size_t ef)
{
	struct topk_hit *pool = w->pool;
	size_t n = 0, cur = 0, at = 0, m;

	while ((m = entry_block(w, g, &at))) {
		p->score(p->ctx, w->score, w->row, m);
		for (size_t i = 0; i < m; i++)
			into_pool(pool, &n, ef, (struct topk_hit){ w->score[i], w->row[i] });
	}
	while (cur < n) {
		if (pool[cur].row & LEFT) {
			cur++;
			continue;
		}
		uint32_t from = pool[cur].row;
		pool[cur++].row |= LEFT;
		if (p->visit)
			p->visit(p->ctx, from);
		for (size_t i = cur; i < n && i < cur + 2; i++)
			if (!(pool[i].row & LEFT))
				fetch_list(g, pool[i].row);
		for (at = 0; (m = next_block(w, p, list_of(g, from), g->degree, &at));) {
			p->score(p->ctx, w->score, w->row, m);
			float least = n == ef ? pool[n - 1].score : 0;
			for (size_t i = 0; i < m; i++) {
				if (n == ef && w->score[i] < least)
					continue;
				size_t to = into_pool(pool, &n, ef, (struct topk_hit){ w->score[i], w->row[i] });
				cur = to < cur ? to : cur;
				least = pool[n - 1].score;
			}
		}
	}
	for (size_t i = 0; i < n; i++)
		pool[i].row &= ~LEFT;
	return n;
}

/* ---- among some rows ---- */

static void heap_push(struct graph_walk *w, struct topk_hit x)
{
	arr_reserve(w->heap, w->n_heap + 1, w->cap_heap);
	size_t i = w->n_heap++;
	for (; i && is_better(x, w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = x;
}

static struct topk_hit heap_pop(struct graph_walk *w)
{
	struct topk_hit top = w->heap[0], x = w->heap[--w->n_heap];
	size_t i = 0, c;

	for (; (c = 2 * i + 1) < w->n_heap; i = c) {
		if (c + 1 < w->n_heap && is_better(w->heap[c + 1], w->heap[c]))
			c++;
		if (!is_better(w->heap[c], x))
			break;
		w->heap[i] = w->heap[c];
	}
	w->heap[i] = x;
	return top;
}

static bool is_in(const uint32_t *set, size_t n, uint32_t row)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (set[mid] < row)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && set[lo] == row;
}

/* search_some - the rows that may be found are kept apart from those to go on from; it ends when the best of these is worse than the worst of ef found. */
static size_t search_some(const struct graph *g, const struct graph_probe *p, struct graph_walk *w, size_t ef, const uint64_t *allowed, const uint32_t *ban, size_t n_ban, size_t budget)
{
	struct topk_hit *pool = w->pool;
	size_t n = 0, at = 0, m;
	bool is_entry = true;
	struct topk_hit from = { 0, 0 };

	w->n_heap = 0;
	for (;;) {
		while ((m = is_entry ? entry_block(w, g, &at) : next_block(w, p, list_of(g, from.row), g->degree, &at))) {
			p->score(p->ctx, w->score, w->row, m);
			for (size_t i = 0; i < m; i++) {
				struct topk_hit x = { w->score[i], w->row[i] };
				if (n == ef && !is_better(x, pool[n - 1]))
					continue;
				heap_push(w, x);
				if ((!allowed || graph_bit(allowed, x.row)) && !(n_ban && is_in(ban, n_ban, x.row)))
					into_pool(pool, &n, ef, x);
			}
		}
		if (!w->n_heap)
			return n;
		if (budget && w->n_looked > budget)
			return SIZE_MAX;
		from = heap_pop(w);
		if (n == ef && is_better(pool[n - 1], from))
			return n;
		if (w->n_heap)
			fetch_list(g, w->heap[0].row);
		if (p->visit)
			p->visit(p->ctx, from.row);
		is_entry = false;
		at = 0;
	}
}

size_t graph_search(const struct graph *g, const struct graph_probe *p, struct graph_walk *w, size_t ef, const uint64_t *allowed, const uint32_t *ban, size_t n_ban,
		    size_t budget, const struct topk_hit **hit, size_t *looked)
{
	arr_reserve(w->pool, ef + 1, w->cap_pool);
	arr_reserve(w->looked, 1, w->cap_looked);
	if (p->hide && see(w, p->hide - 1))
		w->looked[w->n_looked++] = p->hide - 1;
	size_t n = allowed || n_ban ? search_some(g, p, w, ef, allowed, ban, n_ban, budget) : search_all(g, p, w, ef);
	*hit = w->pool;
	if (looked)
		*looked = w->n_looked;
	forget(w);
	return n;
}
