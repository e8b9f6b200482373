#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "mem.h"

/*
 * head -> the chunk being filled -> older ones. A reset keeps the largest.
 */
struct arena_chunk {
	struct arena_chunk *next;
	size_t size, used;
	_Alignas(16) char p[];
};

enum { CHUNK_MIN = 4096, CHUNK_MAX = 1 << 20 };

static void *take(struct arena *a, size_t n, size_t align)
{
	struct arena_chunk *c = a->head;
	size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;

#ifndef ARENA_MALLOC
	if (c && at <= c->size && n <= c->size - at) {
		c->used = at + n;
		a->bytes += n;
		return c->p + at;
	}
	size_t size = c ? c->size * 2 : CHUNK_MIN;
	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (size < n)
		size = n;
#else
	(void)at;
	size_t size = n;
#endif
	if (size > SIZE_MAX - sizeof *c)
		mem_oom(n);
	c = mem_grow(NULL, 1, sizeof *c + size);
	*c = (struct arena_chunk){ .next = a->head, .size = size, .used = n };
	a->head = c;
	a->bytes += n;
	return c->p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return take(a, n, 16);
}

char *arena_bytes(struct arena *a, const void *p, size_t n)
{
	char *to = take(a, n + 1, 1);

	if (n)
		memcpy(to, p, n);
	to[n] = '\0';
	return to;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = NULL;

	for (struct arena_chunk *c = a->head, *next; c; c = next) {
		next = c->next;
		if (!keep || c->size > keep->size) {
			mem_free(keep);
			keep = c;
		} else {
			mem_free(c);
		}
	}
#ifdef ARENA_MALLOC
	mem_free(keep);
	keep = NULL;
#endif
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->head = keep;
	a->bytes = 0;
}

void arena_release(struct arena *a)
{
	for (struct arena_chunk *c = a->head, *next; c; c = next) {
		next = c->next;
		mem_free(c);
	}
	*a = (struct arena){ 0 };
}
