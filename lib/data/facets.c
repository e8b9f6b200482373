#include <string.h>

#include "facets.h"
#include "../base/mem.h"
#include "../base/once.h"
#include "../base/pieces.h"
#include "../base/sort.h"

/* What an item that is read has: each value once. */
struct reading {
	uint64_t *v;
	size_t n, cap;
	size_t now;		/* the item, from 1 */
	struct once once;
	struct buf group;
};

static void take(struct facets *f, struct reading *r, const char *s, size_t len)
{
	uint32_t v = vocab_add(&f->name, s, len);

	if (!once_first(&r->once, r->now, v))
		return;
	arr_reserve(r->v, r->n + 1, r->cap);
	r->v[r->n++] = v;
}

static int read_item(struct facets *f, struct reading *r, const struct str *row, enum items_column c, struct err *e)
{
	struct str s = row[c];

	r->n = 0;
	r->now++;
	if (c == ITEM_GROUP) {
		items_group(row, &r->group);
		s = (struct str){ r->group.p, r->group.len };
	}
	if (c != ITEM_TAGS && s.len)
		take(f, r, s.p, s.len);
	for (struct str piece; c == ITEM_TAGS && pieces_next(&s, &piece);)
		if (piece.len)
			take(f, r, piece.p, piece.len);
	return sort_u64(r->v, NULL, r->n, e);
}

/* renumber - rows as in `as`, from those of the catalogue. */
static int renumber(struct facets *f, const struct items *it, const struct vocab *as, struct err *e)
{
	size_t *start = mem_try(as->n + 1, sizeof *start, "facets", e), n = 0, cap = 0;
	uint32_t *value = NULL;

	if (!start)
		return ERR_MEM;
	for (size_t i = 0; i < as->n; i++) {
		size_t k;
		const uint32_t *v = facets_of(f, vocab_find(&it->id, as->str[i].p, as->str[i].len), &k);
		start[i] = n;
		if (!k)
			continue;
		arr_reserve(value, n + k, cap);
		memcpy(value + n, v, k * sizeof *value);
		n += k;
	}
	start[as->n] = n;
	mem_free(f->start);
	mem_free(f->value);
	f->start = start;
	f->value = value;
	f->n_items = as->n;
	return 0;
}

int facets_make(struct facets *f, const struct items *it, enum items_column c, const struct vocab *as, struct err *e)
{
	struct reading r = { 0 };
	size_t n = 0, cap = 0;
	int ret = 0;

	*f = (struct facets){ .n_items = it->id.n };
	if (!(f->start = mem_try(it->id.n + 1, sizeof *f->start, "facets", e)))
		return ERR_MEM;
	for (size_t i = 0; i < it->id.n && !ret; i++) {
		ret = read_item(f, &r, it->row[i], c, e);
		f->start[i] = n;
		arr_reserve(f->value, n + r.n, cap);
		for (size_t k = 0; k < r.n && !ret; k++)
			f->value[n++] = (uint32_t)r.v[k];
	}
	f->start[it->id.n] = n;
	mem_free(r.v);
	once_release(&r.once);
	buf_release(&r.group);
	if (!ret && as)
		ret = renumber(f, it, as, e);
	if (ret)
		facets_release(f);
	return ret;
}

void facets_release(struct facets *f)
{
	vocab_release(&f->name);
	mem_free(f->start);
	mem_free(f->value);
	*f = (struct facets){ 0 };
}
