#include <math.h>

#include "shelf.h"
#include "../base/mem.h"
#include "../base/once.h"
#include "../base/pieces.h"
#include "../base/scan.h"
#include "../base/sort.h"

int64_t shelf_date(struct str released)
{
	char whole[] = "0000-01-01";
	int64_t t;

	if (released.len == 4 || released.len == 7) {
		memcpy(whole, released.p, released.len);
		released = (struct str){ whole, sizeof whole - 1 };
	}
	if (released.len < 10 || released.p[4] != '-' || !scan_time(released.p, released.len, TIME_S, &t))
		return TIME_NONE;
	return t;
}

/* ---- rows of one thing by another: a counting sort that keeps the order ---- */

static int deal(size_t **start, uint32_t **out, const uint32_t *of, size_t n, size_t n_of, const char *what, struct err *e)
{
	*start = mem_try0(n_of + 2, sizeof **start, what, e);
	*out = mem_try(n, sizeof **out, what, e);
	if (!*start || !*out)
		return ERR_MEM;
	size_t *at = *start + 1;
	for (size_t i = 0; i < n; i++)
		if (of[i] != VOCAB_NONE)
			at[of[i] + 1]++;
	for (size_t k = 0; k < n_of; k++)
		at[k + 1] += at[k];
	for (size_t i = 0; i < n; i++)
		if (of[i] != VOCAB_NONE)
			(*out)[at[of[i]]++] = (uint32_t)i;
	return 0;
}

/* ---- groups ---- */

struct in_order { const struct shelf *s; const double *number; };

static int by_number(const void *a, const void *b, void *ctx)
{
	const struct in_order *o = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	double x = o->number[i], y = o->number[j];

	if (isnan(x) != isnan(y))
		return isnan(x) ? 1 : -1;
	if (x < y || x > y)
		return x < y ? -1 : 1;
	int64_t s = o->s->released[i], t = o->s->released[j];
	if ((s == TIME_NONE) != (t == TIME_NONE))
		return s == TIME_NONE ? 1 : -1;
	return s < t ? -1 : s > t;
}

static double number_of(const struct items *it, size_t i)
{
	struct str v = items_extra(it, i, (struct str){ "number", 6 });
	double x;

	if (!scan_f64(v.p, v.len, &x)) {
		v = items_extra(it, i, (struct str){ "track", 5 });
		if (!scan_f64(v.p, v.len, &x))
			return NAN;
	}
	return x;
}

static int order_groups(struct shelf *s, const struct items *it, struct err *e)
{
	double *number = mem_try(s->n, sizeof *number, "numbers of items", e);
	struct in_order o = { s, number };

	if (!number)
		return ERR_MEM;
	for (size_t i = 0; i < s->n; i++)
		number[i] = s->group_of[i] == VOCAB_NONE ? NAN : number_of(it, i);
	for (size_t g = 0; g < s->n_groups && !e->code; g++)
		sort_stable(s->in_group + s->group_start[g], s->group_start[g + 1] - s->group_start[g], sizeof *s->in_group, by_number, &o, e);
	mem_free(number);
	for (size_t g = 0; g < s->n_groups; g++)
		for (size_t j = s->group_start[g]; j < s->group_start[g + 1]; j++)
			s->place_of[s->in_group[j]] = (uint32_t)j;
	return e->code;
}

/* ---- by date ---- */

static int order_dates(struct shelf *s, struct err *e)
{
	uint64_t *key = mem_try(s->n, sizeof *key, "dates of items", e);

	s->by_date = mem_try(s->n, sizeof *s->by_date, "items by date", e);
	if (!key || !s->by_date) {
		mem_free(key);
		return ERR_MEM;
	}
	for (size_t i = 0; i < s->n; i++)
		if (s->released[i] != TIME_NONE) {
			key[s->n_dated] = (uint64_t)s->released[i] ^ UINT64_C(1) << 63;
			s->by_date[s->n_dated++] = (uint32_t)i;
		}
	int ret = sort_u64(key, s->by_date, s->n_dated, e);
	mem_free(key);
	return ret;
}

/* ---- columns ---- */

static void put_tags(struct shelf *s, struct str tags, struct once *once, size_t *cap)
{
	size_t n = s->tag_start[s->n];

	for (struct str tag; pieces_next(&tags, &tag);) {
		if (!tag.len)
			continue;
		uint32_t t = vocab_add(&s->tag, tag.p, tag.len);
		if (once_first(once, s->n + 1, t)) {
			arr_reserve(s->tag_of, n + 1, *cap);
			s->tag_of[n++] = t;
		}
	}
	s->tag_start[s->n + 1] = n;
}

static uint32_t number_in(struct vocab *v, struct str s)
{
	return s.len ? vocab_add(v, s.p, s.len) : VOCAB_NONE;
}

static void put_item(struct shelf *s, const struct str *row, struct vocab *group, struct buf *b)
{
	size_t i = s->n;
	uint32_t kind = s->kind.n < SHELF_KINDS_MAX ? vocab_add(&s->kind, row[ITEM_KIND].p, row[ITEM_KIND].len) : vocab_find(&s->kind, row[ITEM_KIND].p, row[ITEM_KIND].len);

	s->kind_of[i] = (uint8_t)(kind < SHELF_KINDS_MAX ? kind : SHELF_KINDS_MAX);
	s->creator_of[i] = number_in(&s->creator, row[ITEM_CREATOR]);
	items_group(row, b);
	s->group_of[i] = b->len ? vocab_add(group, b->p, b->len) : VOCAB_NONE;
	s->place_of[i] = 0;
	s->released[i] = shelf_date(row[ITEM_RELEASED]);
	if (!scan_f32(row[ITEM_SECONDS].p, row[ITEM_SECONDS].len, &s->seconds[i]) || !(s->seconds[i] > 0))
		s->seconds[i] = NAN;
}

static int columns(struct shelf *s, const struct items *it, struct err *e)
{
	size_t n = it->id.n, cap = 0;
	struct vocab group = { 0 };
	struct once once = { 0 };
	struct buf b = { 0 };

	s->kind_of = mem_try(n, sizeof *s->kind_of, "kinds of items", e);
	s->creator_of = mem_try(n, sizeof *s->creator_of, "creators of items", e);
	s->group_of = mem_try(n, sizeof *s->group_of, "groups of items", e);
	s->place_of = mem_try(n, sizeof *s->place_of, "groups of items", e);
	s->released = mem_try(n, sizeof *s->released, "dates of items", e);
	s->seconds = mem_try(n, sizeof *s->seconds, "lengths of items", e);
	s->tag_start = mem_try0(n + 1, sizeof *s->tag_start, "tags of items", e);
	if (e->code)
		return e->code;
	for (; s->n < n; s->n++) {
		put_item(s, it->row[s->n], &group, &b);
		put_tags(s, it->row[s->n][ITEM_TAGS], &once, &cap);
	}
	s->n_groups = group.n;
	vocab_release(&group);
	once_release(&once);
	buf_release(&b);
	return 0;
}

int shelf_make(struct shelf *s, const struct items *it, struct err *e)
{
	*s = (struct shelf){ 0 };
	int ret = columns(s, it, e);
	if (!ret)
		ret = deal(&s->creator_start, &s->by_creator, s->creator_of, s->n, s->creator.n, "items by creator", e);
	if (!ret)
		ret = deal(&s->group_start, &s->in_group, s->group_of, s->n, s->n_groups, "items by group", e);
	if (!ret)
		ret = order_groups(s, it, e);
	if (!ret)
		ret = order_dates(s, e);
	if (ret)
		shelf_release(s);
	return ret;
}

void shelf_release(struct shelf *s)
{
	vocab_release(&s->kind);
	vocab_release(&s->creator);
	vocab_release(&s->tag);
	mem_free(s->kind_of);
	mem_free(s->creator_of);
	mem_free(s->group_of);
	mem_free(s->place_of);
	mem_free(s->released);
	mem_free(s->seconds);
	mem_free(s->creator_start);
	mem_free(s->group_start);
	mem_free(s->tag_start);
	mem_free(s->by_creator);
	mem_free(s->in_group);
	mem_free(s->tag_of);
	mem_free(s->by_date);
	*s = (struct shelf){ 0 };
}
