#include <string.h>

#include "facets.h"
#include "../base/mem.h"

/* put_in - a value among those of the item that is read, which begin at `from`. */
static void put_in(struct facets *f, size_t *n, size_t *cap, size_t from, struct str s)
{
	if (!s.len)
		return;
	uint32_t v = vocab_add(&f->name, s.p, s.len);
	size_t at = *n;
	while (at > from && f->value[at - 1] >= v)
		at--;
	if (at < *n && f->value[at] == v)
		return;
	arr_reserve(f->value, *n + 1, *cap);
	memmove(f->value + at + 1, f->value + at, (*n - at) * sizeof *f->value);
	f->value[at] = v;
	(*n)++;
}

int facets_make(struct facets *f, const struct items *it, enum items_column c, struct err *e)
{
	size_t n = 0, cap = 0;

	*f = (struct facets){ .n_items = it->id.n };
	if (!(f->start = mem_try(it->id.n + 1, sizeof *f->start, "facets", e)))
		return ERR_MEM;
	for (size_t i = 0; i < it->id.n; i++) {
		struct str s = it->row[i][c];
		f->start[i] = n;
		while (c == ITEM_TAGS && s.len) {
			const char *end = memchr(s.p, ';', s.len);
			size_t len = end ? (size_t)(end - s.p) : s.len;
			put_in(f, &n, &cap, f->start[i], (struct str){ s.p, len });
			s = (struct str){ s.p + len + (end != NULL), s.len - len - (end != NULL) };
		}
		put_in(f, &n, &cap, f->start[i], s);
	}
	f->start[it->id.n] = n;
	return 0;
}

void facets_release(struct facets *f)
{
	vocab_release(&f->name);
	mem_free(f->start);
	mem_free(f->value);
	*f = (struct facets){ 0 };
}
