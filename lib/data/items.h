/*
 * items - the catalogue: what each item is. Columns: item kind title creator group released seconds tags, then k=v extras. All behind the first may be empty
 * or missing. Of an item that comes twice the first row wins. Memory: the ids and the texts + 64 bytes an item.
 */
#ifndef TASTE_ITEMS_H
#define TASTE_ITEMS_H

#include "table.h"
#include "vocab.h"

enum items_column { ITEM_KIND, ITEM_TITLE, ITEM_CREATOR, ITEM_GROUP, ITEM_RELEASED, ITEM_SECONDS, ITEM_TAGS, ITEM_COLUMNS };

struct items {
	struct vocab id;
	struct str (*row)[ITEM_COLUMNS];	/* [id.n] empty where missing */
	size_t cap;
	struct arena bytes;
};

int items_load(struct items *it, const char *path, bool has_header, struct prov *p, struct buf *inputs, struct err *e);
void items_release(struct items *it);
/* items_get - a column of an item, empty when either is not there. */
struct str items_get(const struct items *it, struct str id, enum items_column c);

#endif
