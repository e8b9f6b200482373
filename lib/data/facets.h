/*
 * facets - one column of the catalogue as numbers: which creator, which album, which tags an item has.
 *
 * Tags are parted by ';' and are as many as they are; a group is what items_group says; any other column is one value, whatever is in it. An item without a value has none; of equal tags one counts.
 * Values are numbered by their first sight in the catalogue. Made once, then only read: any number of threads. Memory: the vocabulary of the values, 8 bytes an item and 4 bytes a value of an item.
 */
#ifndef TASTE_FACETS_H
#define TASTE_FACETS_H

#include "items.h"

struct facets {
	struct vocab name;
	size_t n_items;
	size_t *start;			/* [n_items + 1] */
	uint32_t *value;		/* those of an item ascending */
};

/* facets_make - of column c, items by their number in `as`, or in the catalogue (as NULL). 0 or ERR_MEM. */
int facets_make(struct facets *f, const struct items *it, enum items_column c, const struct vocab *as, struct err *e);
void facets_release(struct facets *f);		/* zeroed is empty */
/* facets_of - the values of an item and how many they are: none of an item beyond those (VOCAB_NONE). */
static inline const uint32_t *facets_of(const struct facets *f, uint32_t item, size_t *n)
{
	*n = item < f->n_items ? f->start[item + 1] - f->start[item] : 0;
	return *n ? f->value + f->start[item] : NULL;
}
/* facets_first - the only value of a column that has one, VOCAB_NONE where there is none. f may be NULL. */
static inline uint32_t facets_first(const struct facets *f, uint32_t item)
{
	return f && item < f->n_items && f->start[item] < f->start[item + 1] ? f->value[f->start[item]] : VOCAB_NONE;
}

#endif
