/*
 * nav_order - the order in which the rows of a graph are written: entries first, then rows beside their neighbours, so that a search reads few pages. Every row can be reached from
 * the entries: what cannot be is hung on a row that can, or becomes an entry.
 */
#include <math.h>
#include <string.h>

#include "nav_row.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"

enum { CHUNK = 16 };

struct order_job {
	struct nav_make *m;
	struct nav_row *probe;		/* [workers] */
	const uint32_t *entry;		/* [n_entries] */
	size_t n_entries;
	const uint32_t *row;		/* [n] whose place is sought */
	size_t n;
	uint64_t *key;			/* [n] */
};

/* place_chunk - a row's key: its nearest entry, then its number. */
static void place_chunk(void *ctx, size_t chunk, int worker)
{
	struct order_job *j = ctx;
	struct nav_row *p = &j->probe[worker];
	size_t end = (chunk + 1) * CHUNK < j->n ? (chunk + 1) * CHUNK : j->n;
	float s[NAV_BLOCK];

	for (size_t i = chunk * CHUNK; i < end; i++) {
		float best = -INFINITY;
		uint32_t to = 0;
		nav_row_set(p, j->m, j->row[i]);
		for (size_t at = 0; at < j->n_entries; at += NAV_BLOCK) {
			size_t b = j->n_entries - at < NAV_BLOCK ? j->n_entries - at : NAV_BLOCK;
			nav_row_score(p, s, j->entry + at, b);
			for (size_t k = 0; k < b; k++)
				if (s[k] > best) {
					best = s[k];
					to = (uint32_t)(at + k);
				}
		}
		j->key[i] = (uint64_t)to << 32 | j->row[i];
	}
}

/* reach - mark all that can be reached from row. stack has room for all rows. */
static void reach(const struct nav_make *m, uint64_t *seen, uint32_t *stack, uint32_t row)
{
	size_t n = 0;

	if (nav_bit(seen, row))
		return;
	nav_set_bit(seen, row);
	stack[n++] = row;
	while (n) {
		uint32_t r = stack[--n];
		const uint32_t *l = m->nbr + (size_t)r * m->slots;
		for (size_t k = 0; k < m->n_nbr[r]; k++)
			if (!nav_bit(seen, l[k])) {
				nav_set_bit(seen, l[k]);
				stack[n++] = l[k];
			}
	}
}

/* give - an edge from one row to another, where it has a place left. */
static bool give(struct nav_make *m, uint32_t from, uint32_t to)
{
	uint32_t *l = m->nbr + (size_t)from * m->slots, n = m->n_nbr[from];

	if (n >= m->o.degree)
		return false;
	l[n++] = to;
	if (n < m->slots)
		l[n] = NAV_NONE;
	m->n_nbr[from] = (uint8_t)n;
	return true;
}

/* like - a number below n that rows of the same codes share, and others hardly. */
static size_t like(const struct nav_make *m, uint32_t row)
{
	uint64_t h;

	memcpy(&h, nav_row_codes(m, row) + codes_scale_at(CODES_8, m->z->d), sizeof h);	/* scale and norm */
	h = (h ^ (uint32_t)m->sum[row]) * 0x9e3779b97f4a7c15;
	return (size_t)((h >> 32) * m->n >> 32);
}

/* Rows that rows which cannot be reached are hung on. */
struct hooks {
	uint32_t *same;			/* [n] by like(): a row of these codes; NAV_NONE: none yet */
	const uint32_t *tied;		/* rows that were tied before: tied[-1], tied[-2] ... */
	size_t first, n;		/* of these with a place left, perhaps; of all */
};

/*
 * tie - an edge to a row that cannot be reached, from the nearest of its own neighbours that can and has a place left. Of rows that are the same by the thousand (vectors of zeros, of
 * items nobody knows) all have the same few neighbours, which are full soon: such a row hangs on one of its like, and the next when that is full on what hangs on it last. Else on any that was tied
 * before.
 */
static bool tie(struct nav_make *m, const uint64_t *seen, struct hooks *h, uint32_t row)
{
	const uint32_t *l = m->nbr + (size_t)row * m->slots;
	uint32_t *on = &h->same[like(m, row)];

	for (size_t k = 0; k < m->n_nbr[row]; k++)
		if (nav_bit(seen, l[k]) && give(m, l[k], row))
			return true;
	if (*on != NAV_NONE && m->n_nbr[*on] >= m->o.degree)
		*on = m->nbr[(size_t)*on * m->slots + m->o.degree - 1];
	if (*on != NAV_NONE && !memcmp(nav_row_codes(m, *on), nav_row_codes(m, row), m->z->row_bytes) && give(m, *on, row))
		return true;
	*on = row;
	for (; h->first < h->n; h->first++)
		if (give(m, *(h->tied - 1 - h->first), row))
			return true;
	return false;
}

int nav_make_order(struct nav_make *m, const uint64_t *gone, uint32_t *order, size_t *n_out, size_t *n_entries, struct err *e)
{
	struct order_job j = { .m = m };
	uint64_t *seen = mem_try0((m->n + 63) / 64, sizeof *seen, "marks of rows", e);
	uint32_t *stack = mem_try(m->n, sizeof *stack, "rows", e), *rest = mem_try(m->n, sizeof *rest, "rows", e);
	struct hooks h = { .same = mem_try(m->n, sizeof *h.same, "rows", e) };
	size_t n = 0, k = 0;
	struct pcg32 rng;
	int ret = ERR_MEM, threads = par_threads(m->pool);

	j.key = mem_try(m->n, sizeof *j.key, "places of rows", e);
	j.probe = mem_new((size_t)threads, sizeof *j.probe);
	if (!seen || !stack || !rest || !h.same || !j.key)
		goto out;
	memset(h.same, 0xff, m->n * sizeof *h.same);
	for (int i = 0; i < threads; i++)
		j.probe[i].room = mem_new(m->z->d, 2);
	for (size_t r = 0; r < m->n; r++)
		if (!gone || !nav_bit(gone, (uint32_t)r))
			rest[n++] = (uint32_t)r;
	pcg32_seed(&rng, m->o.seed, 0x656e74);
	rng_shuffle_u32(&rng, rest, (uint32_t)n);
	h.tied = order + n;
	for (; k < n && k < m->o.entries; k++)
		reach(m, seen, stack, order[k] = rest[k]);
	size_t left = 0;
	for (size_t i = k; i < n; i++) {
		uint32_t row = rest[i];
		if (!nav_bit(seen, row)) {
			bool is_tied = tie(m, seen, &h, row);
			reach(m, seen, stack, row);
			if (!is_tied) {
				order[k++] = row;
				continue;
			}
			order[n - 1 - h.n++] = row;	/* the places at the end are filled last */
		}
		rest[left++] = row;
	}
	j.entry = order;
	j.n_entries = k < m->o.entries ? k : m->o.entries;
	j.row = rest;
	j.n = left;
	par_for(m->pool, (left + CHUNK - 1) / CHUNK, place_chunk, &j);
	if ((ret = sort_u64(j.key, NULL, left, e)))
		goto out;
	for (size_t i = 0; i < left; i++)
		order[k + i] = (uint32_t)j.key[i];
	*n_out = n;
	*n_entries = k;
out:
	for (int i = 0; i < threads; i++)
		mem_free(j.probe[i].room);
	mem_free(j.probe);
	mem_free(seen);
	mem_free(stack);
	mem_free(rest);
	mem_free(h.same);
	mem_free(j.key);
	return ret;
}
