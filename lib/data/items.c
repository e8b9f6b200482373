#include <string.h>

#include "items.h"
#include "../base/mem.h"
#include "../base/pieces.h"

static const char *const column_name[ITEM_COLUMNS] = { "kind", "title", "creator", "group", "released", "seconds", "tags" };

/* find_columns - where each column stands: by place, or by the names of the header. column[0] is the id. */
static int find_columns(const struct tabler *r, bool has_header, size_t column[ITEM_COLUMNS + 1], const char *path, struct err *e)
{
	size_t n;
	const struct str *h = tabler_header(r, &n);

	for (size_t c = 0; c <= ITEM_COLUMNS; c++)
		column[c] = c;
	if (!has_header || !h)
		return 0;
	for (size_t c = 0; c <= ITEM_COLUMNS; c++) {
		const char *name = c ? column_name[c - 1] : "item";
		if (tsv_column(h, n, name, false, file_shown(path), 1, &column[c], e))
			return e->code;
	}
	return column[0] != SIZE_MAX ? 0 : err_set(e, ERR_DATA, "%s:1: no column is named 'item'", file_shown(path));
}

/* add_extra - of the item that is being read, whose extras began at `from`. */
static void add_extra(struct items *it, size_t from, struct str key, struct str value)
{
	if (!key.len || !value.len)
		return;
	uint32_t k = vocab_add(&it->key, key.p, key.len);
	for (size_t x = from; x < it->n_extras; x++)
		if (it->extra[x].key == k)
			return;
	arr_reserve(it->extra, it->n_extras + 1, it->cap_extras);
	it->extra[it->n_extras++] = (struct items_extra){ k, { arena_bytes(&it->bytes, value.p, value.len), value.len } };
}

static void add_extras(struct items *it, const struct tabler *r, const size_t column[ITEM_COLUMNS + 1], const struct str *f, size_t n)
{
	size_t n_named, from = it->n_extras;
	const struct str *h = tabler_header(r, &n_named);

	for (size_t i = h ? 0 : ITEM_COLUMNS + 1; i < n; i++) {	/* without a header they stand behind the known ones */
		bool is_known = false;
		for (size_t c = 0; h && c <= ITEM_COLUMNS; c++)
			is_known |= column[c] == i;
		if (is_known)
			continue;
		if (h && i < n_named) {
			add_extra(it, from, h[i], f[i]);
			continue;
		}
		struct str key, value;
		if (pieces_pair(f[i], &key, &value))
			add_extra(it, from, key, value);
	}
	arr_reserve(it->extra_end, it->n_ends + 1, it->cap_ends);
	it->extra_end[it->n_ends++] = it->n_extras;
}

int items_load(struct items *it, const char *path, bool has_header, struct prov *p, struct buf *inputs, struct err *e)
{
	struct tabler *r = tabler_open(path, "items", has_header, e);
	size_t column[ITEM_COLUMNS + 1], n;
	const struct str *f;
	int got;

	*it = (struct items){ 0 };
	if (!r)
		return e->code;
	if ((got = find_columns(r, has_header, column, path, e)))
		goto out;
	while ((got = tabler_next(r, &f, &n, e)) == 1) {
		if (column[0] >= n || !f[column[0]].len) {
			got = tabler_bad(r, e, "field %zu: the item's id is empty", column[0] + 1);
			break;
		}
		size_t before = it->id.n;
		uint32_t id = vocab_add(&it->id, f[column[0]].p, f[column[0]].len);
		if (id < before)
			continue;
		arr_reserve(it->row, it->id.n, it->cap);
		for (size_t c = 0; c < ITEM_COLUMNS; c++) {
			struct str s = column[c + 1] < n ? f[column[c + 1]] : (struct str){ "", 0 };
			it->row[id][c] = s.len ? (struct str){ arena_bytes(&it->bytes, s.p, s.len), s.len } : (struct str){ "", 0 };
		}
		add_extras(it, r, column, f, n);
	}
	if (!got)
		got = tabler_prov(r, p, inputs, e);
out:
	tabler_close(r);
	if (got < 0)
		items_release(it);
	return got;
}

void items_release(struct items *it)
{
	vocab_release(&it->id);
	vocab_release(&it->key);
	mem_free(it->row);
	mem_free(it->extra);
	mem_free(it->extra_end);
	arena_release(&it->bytes);
	*it = (struct items){ 0 };
}

struct str items_get(const struct items *it, struct str id, enum items_column c)
{
	uint32_t i = vocab_find(&it->id, id.p, id.len);

	return i == VOCAB_NONE ? (struct str){ "", 0 } : it->row[i][c];
}

struct str items_extra(const struct items *it, size_t i, struct str key)
{
	uint32_t k = i < it->n_ends ? vocab_find(&it->key, key.p, key.len) : VOCAB_NONE;

	for (size_t x = k == VOCAB_NONE || !i ? 0 : it->extra_end[i - 1]; k != VOCAB_NONE && x < it->extra_end[i]; x++)
		if (it->extra[x].key == k)
			return it->extra[x].value;
	return (struct str){ "", 0 };
}

void items_group(const struct str row[ITEM_COLUMNS], struct buf *b)
{
	static const enum items_column part[] = { ITEM_KIND, ITEM_CREATOR, ITEM_GROUP };

	buf_reset(b);
	for (int i = 0; row[ITEM_GROUP].len && i < 3; i++) {
		buf_put_varint(b, row[part[i]].len);
		buf_put(b, row[part[i]].p, row[part[i]].len);
	}
}

const char *items_column_name(enum items_column c)
{
	return column_name[c];
}
