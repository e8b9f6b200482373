/*
 * par - threads that cannot change the answer.
 *
 * Work is cut into chunks by the data, never by the number of threads: chunk i is the same piece
 * of work for any -t. Each chunk writes its own output slot; the caller combines slots in chunk
 * order. A pool may be NULL everywhere: then the caller's thread does it all.
 */
#ifndef TASTE_PAR_H
#define TASTE_PAR_H

#include <stddef.h>
#include <stdint.h>
#include "err.h"

struct par;

/* par_new - a pool in which n threads work (the caller counts as one; n = 0: one for each CPU the process may run on, at most 64).
 * NULL with *e set when threads cannot be had. par_free joins them; takes NULL. */
struct par *par_new(int n, struct err *e);
void par_free(struct par *p);
int par_threads(const struct par *p);	/* 1 for NULL */
int par_cpus(void);			/* that the process may run on (taskset, a batch system's share), 1 to 64 */

/* par_for - fn(ctx, chunk, worker) for every chunk in [0, n_chunks), in any order, on any thread; worker in
 * [0, par_threads) tells scratch memory apart. Returns when all are done. Not re-entrant. */
void par_for(struct par *p, size_t n_chunks, void (*fn)(void *ctx, size_t chunk, int worker), void *ctx);

#endif
