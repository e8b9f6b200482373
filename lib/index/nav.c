#include <string.h>

#include "nav.h"
#include "../base/mem.h"
#include "../base/sort.h"


/*
 * A row with its score is one number, so that the better of two is the larger number: the score's bits, turned so that they order as the scores do, then 31 bits of ~row, then whether the search
 * has gone on from it.
 */
typedef uint64_t entry;
#define LEFT ((entry)1)

/* Rows that a search goes on from at a time: while their neighbours come from memory there is more to do. */
enum { BEAM = 2 };
_Static_assert(BEAM * (int)NAV_DEGREE_MAX <= (int)NAV_BLOCK, "their lists are scored at once");

static inline entry entry_of(float score, uint32_t row)
{
	uint32_t u;

	score += 0.f;		/* -0 is 0 then */
	memcpy(&u, &score, sizeof u);
	u ^= u >> 31 ? ~(uint32_t)0 : (uint32_t)1 << 31;
	return (entry)u << 32 | (uint32_t)~row << 1;
}

static inline uint32_t row_of(entry x) { return ~((uint32_t)x >> 1) & 0x7fffffff; }

static inline float score_of(entry x)
{
	uint32_t u = (uint32_t)(x >> 32);
	float s;

	u ^= u >> 31 ? (uint32_t)1 << 31 : ~(uint32_t)0;
	memcpy(&s, &u, sizeof s);
	return s;
}

struct nav_walk {
	size_t n;
	uint64_t *seen;			/* a bit a row */
	uint32_t *looked;		/* rows whose bit is set */
	size_t n_looked, cap_looked;
	entry *pool;			/* best first */
	size_t cap_pool;
	entry *heap;			/* of a search among some rows: where to go on from */
	size_t n_heap, cap_heap;
	struct topk_hit *hit;		/* what was found */
	size_t cap_hit;
	float score[NAV_BLOCK];
};

struct nav_walk *nav_walk_new(size_t n, struct err *e)
{
	struct nav_walk *w = mem_new(1, sizeof *w);

	w->n = n;
	if (!(w->seen = mem_try0((n + 63) / 64, sizeof *w->seen, "marks of a search", e))) {
		mem_free(w);
		return NULL;
	}
	return w;
}

void nav_walk_free(struct nav_walk *w)
{
	if (!w)
		return;
	mem_free(w->seen);
	mem_free(w->looked);
	mem_free(w->pool);
	mem_free(w->heap);
	mem_free(w->hit);
	mem_free(w);
}

static void forget(struct nav_walk *w)
{
	if (w->n_looked > w->n / 64)
		memset(w->seen, 0, (w->n + 63) / 64 * sizeof *w->seen);
	else
		for (size_t i = 0; i < w->n_looked; i++)
			w->seen[w->looked[i] / 64] = 0;
	w->n_looked = 0;
}

static inline bool see(struct nav_walk *w, uint32_t row)
{
	uint64_t word = w->seen[row / 64], bit = word >> row % 64 & 1;

	w->seen[row / 64] = word | (uint64_t)1 << row % 64;
	return !bit;
}

/* room - for the rows of a block behind those looked at. */
static inline uint32_t *room(struct nav_walk *w)
{
	arr_reserve(w->looked, w->n_looked + NAV_BLOCK, w->cap_looked);
	return w->looked + w->n_looked;
}

/* look - m rows in that room will be scored. */
static inline void look(struct nav_walk *w, const struct nav_probe *p, const uint32_t *row, size_t m)
{
	w->n_looked += m;
	for (size_t i = 0; p->rows && i < m; i++) {
		const char *r = (const char *)p->rows + row[i] * p->stride;
		for (size_t at = 0; at < p->bytes; at += 64)
			__builtin_prefetch(r + at);
		__builtin_prefetch(r + p->bytes - 1);
	}
}

/* unseen - the rows of a list that were not seen. Written without a branch for whether a row was: nobody could guess it. */
static inline __attribute__((always_inline)) size_t unseen(struct nav_walk *w, const uint8_t *list, size_t degree, const unsigned width, uint32_t *row)
{
	size_t m = 0;

	for (size_t i = 0; i < degree; i++) {
		uint32_t r = nav_get(list, i, width);
		if (r >= w->n)
			break;
		row[m] = r;
		m += see(w, r);
	}
	return m;
}

/* next_block - the rows of from's list that were not seen, into room. */
static inline size_t next_block(struct nav_walk *w, const struct nav_probe *p, const struct nav *g, uint32_t from)
{
	const uint8_t *list = g->nbr + (size_t)from * g->degree * g->width;
	uint32_t *row = w->looked + w->n_looked;
	size_t m = g->width == 2 ? unseen(w, list, g->degree, 2, row) : g->width == 3 ? unseen(w, list, g->degree, 3, row) : unseen(w, list, g->degree, 4, row);

	look(w, p, row, m);
	return m;
}

/* entry_block - up to NAV_BLOCK of the entries. */
static inline size_t entry_block(struct nav_walk *w, const struct nav_probe *p, const struct nav *g, size_t *at, uint32_t *row)
{
	size_t m = 0;

	for (; *at < g->n_entries && m < NAV_BLOCK; (*at)++) {
		row[m] = (uint32_t)*at;
		m += see(w, (uint32_t)*at);
	}
	look(w, p, row, m);
	return m;
}

/* into_pool - put x in its place of the n best, cap at most; where it went, or cap. */
static inline size_t into_pool(entry *pool, size_t *n, size_t cap, entry x)
{
	size_t at = 0, len = *n;

	if (*n == cap && x < pool[cap - 1])
		return cap;
	while (len > 1) {	/* the first that is worse; again without a branch */
		size_t half = len / 2;
		at += -(size_t)(pool[at + half - 1] > x) & half;
		len -= half;
	}
	at += len && pool[at] > x;
	for (size_t i = *n < cap ? *n : cap - 1; i > at; i--)
		pool[i] = pool[i - 1];
	pool[at] = x;
	*n += *n < cap;
	return at;
}

static inline void fetch_list(const struct nav *g, uint32_t row)
{
	size_t bytes = g->degree * g->width;
	const uint8_t *l = g->nbr + row * bytes;

	for (size_t i = 0; i < bytes; i += 64)
		__builtin_prefetch(l + i);
	__builtin_prefetch(l + bytes - 1);
}

/*
 * search_all - where every row may be found: the pool is what was found and what there is to go on from. Of what it goes on from in the end most changes nothing: with p->keep it gives up
 * after 3/10 of ef rows without a change among these, which finds more for the same work than a smaller ef.
 */
static size_t search_all(const struct nav *g, const struct nav_probe *p, struct nav_walk *w, size_t ef)
{
	entry *pool = w->pool;
	size_t n = 0, cur = 0, at = 0, idle = 0, m;
	uint32_t *row;

	while (at < g->n_entries) {
		row = room(w);
		m = entry_block(w, p, g, &at, row);
		p->score(p->ctx, w->score, row, m);
		for (size_t i = 0; i < m; i++)
			into_pool(pool, &n, ef, entry_of(w->score[i], row[i]));
	}
	while (cur < n && !(p->keep && idle * 10 > ef * 3)) {
		size_t from[BEAM], n_from = 0;
		idle += BEAM;
		row = room(w);
		for (; cur < n && n_from < BEAM; cur++)
			if (!(pool[cur] & LEFT))
				from[n_from++] = cur;
		m = 0;
		for (size_t i = 0; i < n_from; i++) {
			pool[from[i]] |= LEFT;
			if (p->visit)
				p->visit(p->ctx, row_of(pool[from[i]]));
			m += next_block(w, p, g, row_of(pool[from[i]]));
		}
		for (size_t i = cur; i < n && i < cur + 2; i++)
			if (!(pool[i] & LEFT))
				fetch_list(g, row_of(pool[i]));
		p->score(p->ctx, w->score, row, m);
		for (size_t i = 0; i < m; i++) {
			entry x = entry_of(w->score[i], row[i]);
			if (n == ef && x < pool[ef - 1])
				continue;
			size_t to = into_pool(pool, &n, ef, x);
			idle = to < p->keep ? 0 : idle;
			if (to <= cur) {
				cur = to;
				fetch_list(g, row[i]);
			}
		}
	}
	return n;
}

/* ---- among some rows ---- */

static void heap_push(struct nav_walk *w, entry x)
{
	arr_reserve(w->heap, w->n_heap + 1, w->cap_heap);
	size_t i = w->n_heap++;
	for (; i && x > w->heap[(i - 1) / 2]; i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = x;
}

static entry heap_pop(struct nav_walk *w)
{
	entry top = w->heap[0], x = w->heap[--w->n_heap];
	size_t i = 0, c;

	for (; (c = 2 * i + 1) < w->n_heap; i = c) {
		c += c + 1 < w->n_heap && w->heap[c + 1] > w->heap[c];
		if (w->heap[c] <= x)
			break;
		w->heap[i] = w->heap[c];
	}
	w->heap[i] = x;
	return top;
}

static bool is_in(const uint32_t *set, size_t n, uint32_t row)
{
	size_t at = below_u32(set, n, row);

	return at < n && set[at] == row;
}

/* search_some - the rows that may be found are kept apart from those to go on from; it ends when the best of these is worse than the worst of ef found. */
static size_t search_some(const struct nav *g, const struct nav_probe *p, struct nav_walk *w, size_t ef, const uint64_t *allowed, const uint32_t *ban, size_t n_ban, size_t budget)
{
	entry *pool = w->pool, from;
	size_t n = 0, at = 0, m;
	uint32_t *row;

	w->n_heap = 0;
	row = room(w);
	for (m = entry_block(w, p, g, &at, row);;) {
		p->score(p->ctx, w->score, row, m);
		for (size_t i = 0; i < m; i++) {
			entry x = entry_of(w->score[i], row[i]);
			if (n == ef && x < pool[n - 1])
				continue;
			heap_push(w, x);
			if ((!allowed || nav_bit(allowed, row[i])) && !(n_ban && is_in(ban, n_ban, row[i])))
				into_pool(pool, &n, ef, x);
		}
		row = room(w);
		if (at < g->n_entries) {
			m = entry_block(w, p, g, &at, row);
			continue;
		}
		if (!w->n_heap)
			return n;
		if (budget && w->n_looked > budget)
			return SIZE_MAX;
		from = heap_pop(w);
		if (n == ef && from < pool[n - 1])
			return n;
		if (w->n_heap)
			fetch_list(g, row_of(w->heap[0]));
		if (p->visit)
			p->visit(p->ctx, row_of(from));
		m = next_block(w, p, g, row_of(from));
	}
}

size_t nav_search(const struct nav *g, const struct nav_probe *p, struct nav_walk *w, size_t ef, const uint64_t *allowed, const uint32_t *ban, size_t n_ban,
		    size_t budget, const struct topk_hit **hit, size_t *looked)
{
	arr_reserve(w->pool, ef + 1, w->cap_pool);
	arr_reserve(w->looked, 1, w->cap_looked);
	if (p->hide && see(w, p->hide - 1))
		w->looked[w->n_looked++] = p->hide - 1;
	size_t n = allowed || n_ban ? search_some(g, p, w, ef, allowed, ban, n_ban, budget) : search_all(g, p, w, ef);
	if (looked)
		*looked = w->n_looked;
	forget(w);
	if (n == SIZE_MAX)
		return n;
	arr_reserve(w->hit, n + 1, w->cap_hit);
	for (size_t i = 0; i < n; i++)
		w->hit[i] = (struct topk_hit){ score_of(w->pool[i]), row_of(w->pool[i]) };
	*hit = w->hit;
	return n;
}
