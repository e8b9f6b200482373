/*
 * items - the catalogue: what each item is. Columns: item kind title creator group released seconds tags, then k=v extras. All behind the first may be empty
 * or missing. Of an item that comes twice the first row wins. Memory: the ids and the texts + 120 bytes an item + 24 bytes an extra.
 *
 * Extras: without a header, and behind the last column that a header names, a field k=v is the extra k; one without '=' or without a name before it is passed over. A
 * column that the header gives another name than those above is an extra of that name, its whole field the value. Empty values are none; of equal names in a row the first wins.
 */
#ifndef TASTE_ITEMS_H
#define TASTE_ITEMS_H

#include "table.h"
#include "vocab.h"

enum items_column { ITEM_KIND, ITEM_TITLE, ITEM_CREATOR, ITEM_GROUP, ITEM_RELEASED, ITEM_SECONDS, ITEM_TAGS, ITEM_COLUMNS };

struct items_extra { uint32_t key; struct str value; };

struct items {
	struct vocab id;
	struct str (*row)[ITEM_COLUMNS];	/* [id.n] empty where missing */
	size_t cap;
	struct vocab key;			/* names of extras */
	struct items_extra *extra;		/* those of an item together, in the order of the items */
	size_t n_extras, cap_extras;
	size_t *extra_end;			/* [n_ends] where those of item i end; items from n_ends on have none */
	size_t n_ends, cap_ends;
	struct arena bytes;
};

int items_load(struct items *it, const char *path, bool has_header, struct prov *p, struct buf *inputs, struct err *e);
void items_release(struct items *it);
/* items_get - a column of an item, empty when either is not there. */
struct str items_get(const struct items *it, struct str id, enum items_column c);
/* items_extra - the value of an extra of item number i < id.n, empty when it has none of that name. */
struct str items_extra(const struct items *it, size_t i, struct str key);
/* items_group - the key of an item's group (album, show, book), put into b, whose contents go: its kind, creator and group together, for titles such as "Greatest Hits" are many.
 * Empty where it has no group. row is that of an item. */
void items_group(const struct str row[ITEM_COLUMNS], struct buf *b);
/* items_column_name - "kind", "title", ... */
const char *items_column_name(enum items_column c);

#endif
