/*
 * shelf - a catalogue by numbers, put in order for whoever looks for items: those of a creator, those of a group in the order they are heard, those with a date by date, and the
 * tags of each. An item's number is its place in the catalogue.
 *
 * A group is what items_group says: a kind, a creator and a group together. Its items stand in order of the extra number=, where an item
 * has none of track=; those without a number come behind, in order of their dates, and behind these those without a date. Equal ones stand as in the catalogue.
 *
 * released is the first moment of what it says: a year alone begins with its first day, a month with its first.
 *
 * Memory: 45 bytes an item, 8 a tag of an item, and the names of creators, kinds, groups and tags; while it is made 8 bytes a different tag more. Reading is thread-safe.
 */
#ifndef TASTE_SHELF_H
#define TASTE_SHELF_H

#include "../data/event.h"
#include "../data/items.h"

enum { SHELF_KINDS_MAX = 255 };

struct shelf {
	size_t n;			/* items */
	struct vocab kind, creator, tag;
	uint8_t *kind_of;		/* [n] number in kind, which the empty one is in, too; of the 255th on all the same */
	uint32_t *creator_of;		/* [n] VOCAB_NONE: none */
	uint32_t *group_of;		/* [n] VOCAB_NONE: none */
	uint32_t *place_of;		/* [n] in in_group */
	int64_t *released;		/* [n] seconds since the epoch, TIME_NONE where there is no date that can be read */
	float *seconds;			/* [n] its length; NaN where there is none above 0 */
	size_t n_groups;
	size_t *creator_start, *group_start, *tag_start;	/* [creator.n + 1], [n_groups + 1], [n + 1] */
	uint32_t *by_creator, *in_group, *tag_of;
	uint32_t *by_date;		/* [n_dated] oldest first, equal ones as in the catalogue */
	size_t n_dated;
};

/* shelf_make - of a catalogue, which may go when this returns. 0, or ERR_MEM; then *s is released. */
int shelf_make(struct shelf *s, const struct items *it, struct err *e);
void shelf_release(struct shelf *s);	/* zeroed is empty */
/* shelf_date - the first moment of YYYY, YYYY-MM, YYYY-MM-DD or a date and time as scan_time reads it; TIME_NONE when it is none of these. */
int64_t shelf_date(struct str released);

#endif
