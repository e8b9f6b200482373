/*
 * nav_check - is a graph one? Lists hold rows of the graph, no row twice or itself, nothing behind their end; every row can be reached from the entries.
 */
#ifndef TASTE_NAV_CHECK_H
#define TASTE_NAV_CHECK_H

#include "nav.h"

struct nav_facts {
	uint64_t edges;
	size_t most, least;		/* neighbours of a row */
	size_t n_wrong;			/* lists with a row that is none, twice, or itself, or with one behind the end */
	size_t n_lost;			/* rows that cannot be reached */
};
/* nav_check - 0 or ERR_MEM. Memory: 4 bytes and a bit a row. */
int nav_check(const struct nav *g, struct nav_facts *f, struct err *e);

#endif
