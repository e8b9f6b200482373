/*
 * arena - many small allocations freed together. Strings of a vocabulary, the scratch of a block.
 * Zeroed is empty. Built with -DARENA_MALLOC every piece is its own malloc, so that
 * AddressSanitizer sees each border. Not shared between threads. Failure ends in mem_oom().
 */
#ifndef TASTE_ARENA_H
#define TASTE_ARENA_H

#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *head;
	size_t bytes;		/* handed out since the last reset */
};

/* arena_alloc - n bytes, 16-byte aligned, not zeroed; lives until reset or release. */
void *arena_alloc(struct arena *a, size_t n);
/* arena_bytes - a copy of n bytes with a NUL behind them, unaligned (packs strings tightly). */
char *arena_bytes(struct arena *a, const void *p, size_t n);
void arena_reset(struct arena *a);	/* forget everything, keep the largest chunk */
void arena_release(struct arena *a);

#endif
