#define XXH_INLINE_ALL
#include <string.h>

#include <xxhash.h>

#include "dedupe.h"
#include "../base/mem.h"

/* key_of - lengths stand before the strings, so that no two events make the same bytes. */
static XXH128_hash_t key_of(struct buf *b, const struct event *ev)
{
	const struct str *s[] = { &ev->user, &ev->item, &ev->kind };
	double value = isnan(ev->value) ? NAN : ev->value + 0.0;	/* one NaN, one zero */

	buf_reset(b);
	for (size_t i = 0; i < sizeof s / sizeof *s; i++) {
		buf_put_varint(b, s[i]->len);
		buf_put(b, s[i]->p, s[i]->len);
	}
	buf_put(b, &ev->time, sizeof ev->time);
	buf_put(b, &value, sizeof value);
	XXH128_hash_t h = XXH3_128bits(b->p, b->len);
	h.low64 |= !(h.low64 | h.high64);	/* 0 is an empty slot */
	return h;
}

/* slot_of - where the key is, or the empty slot where it would be. */
static size_t slot_of(const struct dedupe *d, uint64_t low, uint64_t high)
{
	size_t mask = d->n_slots - 1, i = low & mask;

	while ((d->key[i][0] | d->key[i][1]) && (d->key[i][0] != low || d->key[i][1] != high))
		i = (i + 1) & mask;
	return i;
}

static void grow(struct dedupe *d)
{
	struct dedupe old = *d;

	d->n_slots = old.n_slots ? old.n_slots * 2 : 1024;
	d->key = mem_new(d->n_slots, sizeof *d->key);
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.key[i][0] | old.key[i][1])
			memcpy(d->key[slot_of(d, old.key[i][0], old.key[i][1])], old.key[i], sizeof *d->key);
	mem_free(old.key);
}

bool dedupe_add(struct dedupe *d, const struct event *ev)
{
	XXH128_hash_t h = key_of(&d->line, ev);

	if (d->n * 4 >= d->n_slots * 3)
		grow(d);
	uint64_t *key = d->key[slot_of(d, h.low64, h.high64)];
	if (key[0] | key[1])
		return false;
	key[0] = h.low64;
	key[1] = h.high64;
	d->n++;
	return true;
}

void dedupe_release(struct dedupe *d)
{
	mem_free(d->key);
	buf_release(&d->line);
	*d = (struct dedupe){ 0 };
}
