/*
 * nav_build - making the graph of nav.h, and changing it. The same bytes for any number of threads and any CPU path: batches are cut by the data, each row's
 * list is made by one thread from the graph as it was, and new edges are put in by ascending row.
 *
 * Distances are those of 8-bit rows (quant.h, with norms): |x - y|^2 of what the codes stand for, or by_product -2 x.y: then a row's neighbours are those of the largest products with it, as
 * Morozov and Babenko have it ("Non-metric Similarity Graphs for Maximum Inner Product Search", NeurIPS 2018).
 *
 * Memory: 4 * slots + 5 + row_bytes bytes a row (slots: twice the degree), and a batch's lists: at most a fiftieth of the rows' edges, 28 bytes each; nav_make_unlink: the lists a second time.
 */
#ifndef TASTE_NAV_BUILD_H
#define TASTE_NAV_BUILD_H

#include "nav.h"
#include "quant.h"
#include "../base/watch.h"

struct nav_opts {
	size_t degree;			/* 4 .. 127 */
	size_t ef;			/* of the searches while building, 8 .. 4096 */
	float alpha;			/* a neighbour covers what is alpha times nearer to it: 1 .. 2 */
	size_t fill;			/* neighbours a row has at least, covered or not, where there are so many: 0 .. degree */
	size_t entries;
	uint64_t seed;
	bool by_product;		/* alpha is 1 then */
};

struct nav_make {
	struct nav_opts o;
	size_t n, slots;		/* rows, places of a row's list while building */
	const struct quant *z;		/* borrowed: 8 bits with norm */
	uint8_t *codes;			/* [room x z->row_bytes] the caller fills in rows */
	int32_t *sum;			/* [room] */
	uint32_t *nbr;			/* [room x slots] */
	uint8_t *n_nbr;			/* [room] */
	size_t n_start;			/* rows from 0 that searches start from; 0: as many of o.entries as there are */
	struct par *pool;		/* borrowed */
};

/* nav_make_init - room for cap rows, none there yet. */
int nav_make_init(struct nav_make *m, const struct nav_opts *o, const struct quant *z, size_t cap, struct par *pool, struct err *e);
void nav_make_release(struct nav_make *m);
/* nav_make_rows - codes of rows 0 .. n-1 are there: work out their sums. */
void nav_make_rows(struct nav_make *m, size_t n);
/* nav_make_link - link the rows from `from` on, up to those that nav_make_rows was told of, into the graph of the rows before them. 0 or ERR_MEM. */
int nav_make_link(struct nav_make *m, size_t from, const struct watch *step, struct err *e);
/* nav_make_unlink - take the rows with a bit out of all lists; rows that lost neighbours get those of the lost ones offered. They stay as rows of their own, without edges. 0 or ERR_MEM. */
int nav_make_unlink(struct nav_make *m, const uint64_t *gone, struct err *e);
/* nav_make_trim - cut all lists to the degree. 0 or ERR_MEM. */
int nav_make_trim(struct nav_make *m, struct err *e);
/*
 * nav_make_order - the order in which rows are to be written: order[new] = old, for the rows without a bit in gone (may be NULL). Entries come first, *n_entries of them: o.entries
 * rows drawn by the seed and those that could not be reached nor be linked, one of many that are the same; then the others, neighbours near one another. Lists were trimmed before. 0 or ERR_MEM.
 */
int nav_make_order(struct nav_make *m, const uint64_t *gone, uint32_t *order, size_t *n, size_t *n_entries, struct err *e);

#endif
