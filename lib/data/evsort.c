#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evsort_run.h"
#include "../base/mem.h"
#include "../base/sort.h"

enum { OUT_MOST = 256 << 10 };
enum { INDEX_BYTES = 2 * (8 + 4) };	/* an event: key, place, and both again as scratch */
enum { DEEP = 64 * CHUNK };		/* of an id, where radix gives up */
enum { FEW = 16, AHEAD = 8 };		/* groups up to FEW are compared; records are fetched so far AHEAD */

/* ---- records ---- */

static unsigned char *put_varint(unsigned char *p, uint64_t v)
{
	for (; v > 127; v >>= 7)
		*p++ = (unsigned char)(v | 128);
	*p++ = (unsigned char)v;
	return p;
}

/* encode_head - everything before the strings; returns how many bytes. */
static size_t encode_head(unsigned char out[HEAD_MAX], const struct event *ev)
{
	unsigned char body[HEAD_MAX], *p = body;

	*p++ = (unsigned char)((isnan(ev->value) ? 0 : HAS_VALUE) | (ev->time == TIME_NONE ? 0 : HAS_TIME) | (ev->kind.len ? HAS_KIND : 0) |
			       (ev->context.len ? HAS_CONTEXT : 0));
	if (body[0] & HAS_TIME)
		p = put_varint(p, zigzag(ev->time));
	if (body[0] & HAS_VALUE) {
		memcpy(p, &ev->value, 8);
		p += 8;
	}
	p = put_varint(p, ev->user.len);
	p = put_varint(p, ev->item.len);
	if (body[0] & HAS_KIND)
		p = put_varint(p, ev->kind.len);
	size_t n = (size_t)(p - body);
	p = put_varint(out, n + ev->user.len + ev->item.len + ev->kind.len + ev->context.len);
	memcpy(p, body, n);
	return (size_t)(p - out) + n;
}

/* get_event - the event of a record that is whole in memory. */
static bool get_event(const unsigned char *p, size_t n, struct event *ev)
{
	struct head h;

	if (!decode_head(p, n, &h) || h.size > n)
		return false;
	const char *c = (const char *)p + h.strings;
	h.ev.user.p = c;
	h.ev.item.p = c += h.ev.user.len;
	h.ev.kind.p = c += h.ev.item.len;
	h.ev.context.p = c + h.ev.kind.len;
	*ev = h.ev;
	return true;
}

/* ---- sorting what is in memory ---- */

static inline const unsigned char *record_at(const struct evsort *s, uint32_t place)
{
	return s->all + s->start + ((uint64_t)place << s->shift);
}

/* head_at - records in memory are ours and whole, so that this cannot fail. */
static inline const unsigned char *head_at(const struct evsort *s, uint32_t place, struct head *h)
{
	const unsigned char *p = record_at(s, place);

	if (!decode_head(p, (size_t)(s->all + s->start + s->used - p), h))
		abort();
	return p + h->strings;
}

/* prefetch - records are read in random order; this makes handing out 4 million five times as fast (160 to 33 ns an event). A macro, for gcc 12 takes a function that
 * only prefetches for one that does nothing and drops the call. */
#define prefetch(s, i, n) ((i) + AHEAD < (n) ? __builtin_prefetch(record_at((s), (s)->place[(i) + AHEAD])) : (void)0)

static int compare_users(const void *a, const void *b, void *ctx)
{
	struct head x, y;
	const unsigned char *p = head_at(ctx, *(const uint32_t *)a, &x), *q = head_at(ctx, *(const uint32_t *)b, &y);

	return str_cmp((struct str){ (const char *)p, x.ev.user.len }, (struct str){ (const char *)q, y.ev.user.len });
}

/* order_by_time - the first index: places as they lie, so that the records are read through once from front to back. */
static void order_by_time(struct evsort *s)
{
	uint64_t at = 0;
	struct head h;

	for (size_t i = 0; i < s->n; i++) {
		s->place[i] = (uint32_t)(at >> s->shift);
		head_at(s, s->place[i], &h);
		s->key[i] = time_key(h.ev.time);
		at += (h.size + (1ULL << s->shift) - 1) >> s->shift << s->shift;
	}
	sort_u64_in(s->key, s->place, s->key2, s->place2, s->n);
}

/* order_by_user - [from, to) of the index, whose ids are alike in `deep` bytes and longer. It is in order of time and, all sorts
 * being stable, stays so where ids are the same; sorting each user's events by time afterwards would read every record once more. Recursion ends at DEEP / CHUNK. */
static int order_by_user(struct evsort *s, size_t from, size_t to, size_t deep)
{
	struct head h;
	int r = 0;

	for (size_t i = from; i < to; i++) {
		prefetch(s, i, to);
		const unsigned char *id = head_at(s, s->place[i], &h);
		s->key[i] = chunk_key(id, h.ev.user.len, deep);
	}
	sort_u64_in(s->key + from, s->place + from, s->key2, s->place2, to - from);
	for (size_t i = from, end; i < to && !r; i = end) {
		for (end = i + 1; end < to && s->key[end] == s->key[i]; )
			end++;
		if (end - i == 1 || (s->key[i] & 255) <= CHUNK)
			continue;
		if (end - i > FEW && deep < DEEP)
			r = order_by_user(s, i, end, deep + CHUNK);
		else
			r = sort_stable(s->place + i, end - i, sizeof *s->place, compare_users, s, &s->e);
	}
	return r;
}

/* sort_records - place[0..n) in order. The index stands behind the records, evsort_add has left room for it. */
static int sort_records(struct evsort *s)
{
	size_t n = s->n;

	s->key = (uint64_t *)(void *)(s->all + ((s->start + s->used + 7) & ~(size_t)7));
	s->key2 = s->key + n;
	s->place = (uint32_t *)(s->key2 + n);
	s->place2 = s->place + n;
	order_by_time(s);
	return s->order == EVSORT_USER ? order_by_user(s, 0, n, 0) : 0;
}

/* ---- runs ---- */

static int spill(struct evsort *s)
{
	uint64_t start = s->file_end;
	struct head h;
	int r = sort_records(s);

	for (size_t i = 0; i < s->n && !r; i++) {
		prefetch(s, i, s->n);
		head_at(s, s->place[i], &h);
		r = evsort_put(s, record_at(s, s->place[i]), h.size);
	}
	s->used = s->n = 0;
	return r ? r : evsort_end_run(s, start);
}

/* spill_alone - an event that is longer than all memory is a run by itself. */
static int spill_alone(struct evsort *s, const struct event *ev, const unsigned char *head, size_t n)
{
	const struct str *part[] = { &ev->user, &ev->item, &ev->kind, &ev->context };
	uint64_t start = s->file_end;
	int r = evsort_put(s, head, n);

	for (int i = 0; i < 4 && !r; i++)
		r = evsort_put(s, part[i]->p, part[i]->len);
	return r ? r : evsort_end_run(s, start);
}

/* ---- the interface ---- */

struct evsort *evsort_new(enum evsort_key key, size_t memory, struct err *e)
{
	size_t cap = memory < EVSORT_MEMORY_MIN ? EVSORT_MEMORY_MIN : memory;
	unsigned char *all = mem_try(cap, 1, "sorting events", e);

	if (!all)
		return NULL;
	struct evsort *s = mem_new(1, sizeof *s);
	s->order = key;
	s->all = all;
	s->cap = cap;
	s->fd = -1;
	s->out_cap = (cap / 16 < OUT_MOST ? cap / 16 : OUT_MOST) & ~(size_t)63;
	s->start = s->out_cap;
	while ((uint64_t)cap >> s->shift > UINT32_MAX)
		s->shift++;
	return s;
}

void evsort_free(struct evsort *s)
{
	if (!s)
		return;
	evsort_close_merge(s);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s->run);
	mem_free(s->big);
	mem_free(s->all);
	mem_free(s);
}

/* answer - the first error sticks and is told again. */
static int answer(const struct evsort *s, int r, struct err *e)
{
	return r < 0 ? err_set(e, s->e.code, "%s", s->e.msg) : r;
}

static unsigned char *append(unsigned char *p, const void *from, size_t n)
{
	if (n)
		memcpy(p, from, n);
	return p + n;
}

static bool fits(const struct evsort *s, size_t n_records, size_t bytes)
{
	return bytes <= s->cap - s->start && s->cap - s->start - bytes >= 7 + n_records * INDEX_BYTES;
}

static int add(struct evsort *s, const struct event *ev)
{
	unsigned char head[HEAD_MAX], *p;
	size_t n = encode_head(head, ev), size = n + ev->user.len + ev->item.len + ev->kind.len + ev->context.len;
	size_t padded = (size + ((size_t)1 << s->shift) - 1) >> s->shift << s->shift;

	if (!fits(s, s->n + 1, s->used + padded)) {
		if (s->n && spill(s))
			return s->e.code;
		if (!fits(s, 1, padded))
			return spill_alone(s, ev, head, n);
	}
	p = append(s->all + s->start + s->used, head, n);
	p = append(p, ev->user.p, ev->user.len);
	p = append(p, ev->item.p, ev->item.len);
	p = append(p, ev->kind.p, ev->kind.len);
	append(p, ev->context.p, ev->context.len);
	s->used += padded;
	s->n++;
	return 0;
}

int evsort_add(struct evsort *s, const struct event *ev, struct err *e)
{
	assert(!s->is_sorted);
	return answer(s, s->e.code ? (int)s->e.code : add(s, ev), e);
}

/* finish - adding is over: sort what is in memory, or get all runs ready to be merged. */
static int finish(struct evsort *s)
{
	s->is_sorted = true;
	if (!s->n_runs)
		return sort_records(s);
	if (s->n && spill(s))
		return s->e.code;
	return evsort_open_merge(s);
}

static int next(struct evsort *s, struct event *ev)
{
	const unsigned char *p;
	struct reader *from;
	int r = s->is_sorted ? 0 : finish(s);

	if (r)
		return r;
	if (!s->n_runs) {
		if (s->next == s->n)
			return 0;
		prefetch(s, s->next, s->n);
		p = record_at(s, s->place[s->next++]);
		return get_event(p, (size_t)(s->all + s->start + s->used - p), ev);
	}
	if ((r = evsort_next_merged(s, &p, &from)) == 1 && !get_event(p, from->size, ev))
		r = evsort_damaged(s, from);
	return r;
}

int evsort_next(struct evsort *s, struct event *ev, struct err *e)
{
	return answer(s, s->e.code ? (int)s->e.code : next(s, ev), e);
}

uint64_t evsort_spilled(const struct evsort *s)
{
	return s->spilled;
}
