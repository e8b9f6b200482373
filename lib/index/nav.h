/*
 * nav - a flat navigable graph over rows, and the search through it.
 *
 * Each row has up to `degree` neighbours, each of them in a direction that no nearer one covers. A search starts from the best of the entries, the rows 0 .. n_entries - 1,
 * and goes on from the best row it has not yet left, until none of its ef best is left to go on from: ef trades time for recall. What a row is worth is the caller's business (struct nav_probe): floats, 8 bits, 4
 * bits; higher is better. No length or number in a graph is trusted: a neighbour that is no row ends the row's list.
 *
 * Source of the search and of the pruning: Subramanya et al., "DiskANN", NeurIPS 2019; of the building in batches that double, each searched in the graph as it was before the
 * batch: Dobson et al., "Scaling Graph-Based ANNS Algorithms to Billion-Size Datasets", 2023 (ParlayANN).
 */
#ifndef TASTE_NAV_H
#define TASTE_NAV_H

#include <stdbool.h>

#include "../base/par.h"
#include "../num/topk.h"

#define NAV_NONE UINT32_MAX		/* no row; its lower bytes end a list that is not full */
#define NAV_ROWS_MAX ((size_t)1 << 31)
enum { NAV_DEGREE_MAX = 254 };	/* places of a list while building; half of it in the end */

struct nav {
	size_t n, degree, n_entries;	/* n < NAV_ROWS_MAX, n_entries <= n */
	const uint8_t *nbr;		/* [n x degree x width] little-endian; all ones ends a list that is not full */
	unsigned width;			/* bytes of a neighbour: 2, 3 or 4 */
};

/* nav_width - the fewest bytes that numbers of n rows and the end of a list take. */
static inline unsigned nav_width(size_t n) { return n < 0xffff ? 2 : n < 0xffffff ? 3 : 4; }

/* nav_get - place `at` of the lists; NAV_NONE or another number that is no row where a list ends. */
static inline uint32_t nav_get(const uint8_t *nbr, size_t at, unsigned width)
{
	const uint8_t *p = nbr + at * width;
	uint32_t v = 0;

	__builtin_memcpy(&v, p, width == 4 ? 4 : 2);
	if (width == 3)
		v |= (uint32_t)p[2] << 16;
	return v;
}
static inline void nav_put(uint8_t *nbr, size_t at, unsigned width, uint32_t v) { __builtin_memcpy(nbr + at * width, &v, width); }

/* What a search asks rows by. */
struct nav_probe {
	void (*score)(const void *ctx, float *out, const uint32_t *row, size_t n);	/* out[j] of row[j], n <= NAV_BLOCK; not NaN */
	void (*visit)(const void *ctx, uint32_t row);	/* row's list will be read; NULL: nobody wants to know */
	const void *ctx;
	const void *rows;		/* what score will read of row r is bytes at rows + r * stride: it is fetched ahead. NULL: unknown */
	size_t stride, bytes;
	uint32_t hide;			/* number + 1 of a row that is to be as if it were not there; 0: none */
	size_t keep;			/* the best that matter: a search among all rows may end when these have long stayed the same; 0: it goes on from all of ef */
};
enum { NAV_BLOCK = 512 };

/* nav_walk - one search's memory: 16 bytes for each of ef, a bit a row, 4 bytes a row looked at, of a search among some rows up to 8 more. One a thread. */
struct nav_walk;
struct nav_walk *nav_walk_new(size_t n, struct err *e);
void nav_walk_free(struct nav_walk *w);

/* A set of rows as bits: row r is in when bit r % 64 of word r / 64 is set. */
static inline bool nav_bit(const uint64_t *set, uint32_t row) { return set[row / 64] >> row % 64 & 1; }
static inline void nav_set_bit(uint64_t *set, uint32_t row) { set[row / 64] |= (uint64_t)1 << row % 64; }

/*
 * nav_search - the best rows found: *hit, best first (ties: lower row; -0 is 0, and comes out as 0), at most ef (1 or more), which live until the walk's next search. Returns how many; rows looked at are in *looked when
 * it is not NULL.
 * allowed (may be NULL) has a bit for each row that may be found, ban (ascending, may be NULL) the rows that may not. The search goes through rows that may not be found but
 * does not count them, and gives up - returns SIZE_MAX - when it has looked at more than `budget` rows (0: no bound).
 */
size_t nav_search(const struct nav *g, const struct nav_probe *p, struct nav_walk *w, size_t ef, const uint64_t *allowed, const uint32_t *ban, size_t n_ban,
		    size_t budget, const struct topk_hit **hit, size_t *looked);

#endif
