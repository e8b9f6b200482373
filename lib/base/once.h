/*
 * once - each number once an owner: of an item's tags, say, one that stands twice counts once. Owners come one after the other; nothing is cleared in between.
 */
#ifndef TASTE_ONCE_H
#define TASTE_ONCE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "mem.h"

/* 8 bytes a number, up to the largest; { 0 } to begin with, once_release at the end. */
struct once {
	size_t *last, cap;	/* [numbers] the owner that had it last, from 1 */
};

/* once_first - has this owner, 1 or more, not had v yet? It has from now on. */
static inline bool once_first(struct once *o, size_t owner, uint32_t v)
{
	size_t before = o->cap;

	arr_reserve(o->last, (size_t)v + 1, o->cap);
	if (o->cap > before)
		memset(o->last + before, 0, (o->cap - before) * sizeof *o->last);
	if (o->last[v] == owner)
		return false;
	o->last[v] = owner;
	return true;
}

static inline void once_release(struct once *o)
{
	mem_free(o->last);
	*o = (struct once){ 0 };
}

#endif
