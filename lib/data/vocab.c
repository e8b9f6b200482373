#define XXH_INLINE_ALL
#include <assert.h>
#include <string.h>

#include <xxhash.h>

#include "vocab.h"
#include "../base/mem.h"
#include "../base/sort.h"

/*
 * A slot keeps the upper half of the hash, so that a look-up that meets another string's slot nearly always passes on without touching the string.
 */
#define HASH_BITS 0xffffffff00000000ULL

/* 64 look-ups under way are more than a core can have; a table of up to 1024 slots lies in the first cache: nothing to wait for. */
enum { BATCH = 64, NEAR_SLOTS = 1024 };

static uint64_t hash_of(const char *p, size_t len)
{
	return XXH3_64bits(p, len);
}

void vocab_release(struct vocab *v)
{
	mem_free(v->str);
	mem_free(v->slot);
	arena_release(&v->bytes);
	*v = (struct vocab){ 0 };
}

void vocab_reset(struct vocab *v)
{
	v->n = 0;
	arena_reset(&v->bytes);
	if (v->slot)
		memset(v->slot, 0, v->n_slots * sizeof *v->slot);
}

/* is_same - n equal bytes. Ids are short, where a call of memcmp costs more than two loads that overlap. */
static inline bool is_same(const char *a, const char *b, size_t n)
{
	uint64_t x, y, z, w;

	if (n > 16)
		return !memcmp(a, b, n);
	if (n >= 8) {
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(&z, a + n - 8, 8);
		memcpy(&w, b + n - 8, 8);
		return !((x ^ y) | (z ^ w));
	}
	if (n >= 4) {
		uint32_t i, j, k, l;
		memcpy(&i, a, 4);
		memcpy(&j, b, 4);
		memcpy(&k, a + n - 4, 4);
		memcpy(&l, b + n - 4, 4);
		return !((i ^ j) | (k ^ l));
	}
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* find - the slot that holds p, or the empty one where it would go. Needs slots. */
static inline size_t find(const struct vocab *v, const char *p, size_t len, uint64_t h)
{
	size_t mask = v->n_slots - 1;

	for (size_t i = h & mask;; i = (i + 1) & mask) {
		uint64_t s = v->slot[i];
		if (!s)
			return i;
		if ((s ^ h) & HASH_BITS)
			continue;
		struct str t = v->str[(uint32_t)s - 1];
		if (t.len == len && is_same(t.p, p, len))
			return i;
	}
}

/* is_full - three quarters; a quarter while it is small: there the guess that a look-up ends at its first slot is worth more than 8 KB (40 ids: 14 -> 8 ns). */
static inline bool is_full(const struct vocab *v)
{
	return v->n_slots <= NEAR_SLOTS ? v->n * 4 >= v->n_slots : v->n * 4 >= v->n_slots * 3;
}

static void grow(struct vocab *v)
{
	size_t n = v->n_slots ? v->n_slots * 2 : 64;
	uint64_t *old = v->slot;

	v->slot = mem_new(n, sizeof *v->slot);
	v->n_slots = n;
	for (size_t id = 0; id < v->n; id++) {
		uint64_t h = hash_of(v->str[id].p, v->str[id].len);
		size_t i = h & (n - 1);
		while (v->slot[i])
			i = (i + 1) & (n - 1);
		v->slot[i] = (h & HASH_BITS) | (id + 1);
	}
	mem_free(old);
}

/* add - the number of p, whose hash is h. */
static inline uint32_t add(struct vocab *v, const char *p, size_t len, uint64_t h)
{
	if (is_full(v))
		grow(v);
	size_t i = find(v, p, len, h);
	if (v->slot[i])
		return (uint32_t)v->slot[i] - 1;
	if (v->n >= UINT32_MAX - 1)
		mem_oom(len);
	arr_reserve(v->str, v->n + 1, v->cap);
	v->str[v->n] = (struct str){ arena_bytes(&v->bytes, p, len), len };
	v->slot[i] = (h & HASH_BITS) | (v->n + 1);
	return (uint32_t)v->n++;
}

uint32_t vocab_add(struct vocab *v, const char *p, size_t len)
{
	return add(v, p, len, hash_of(p, len));
}

/* fetch - ask for what the look-ups of m hashes will touch, in rounds, so that all of a round is under way at once: slots, entries, strings. */
static void fetch(const struct vocab *v, const uint64_t *h, size_t m)
{
	size_t mask = v->n_slots - 1;

	for (size_t i = 0; i < m; i++) {
		uint64_t s = v->slot[h[i] & mask];
		if (s && !((s ^ h[i]) & HASH_BITS))
			__builtin_prefetch(&v->str[(uint32_t)s - 1]);
	}
	for (size_t i = 0; i < m; i++) {
		uint64_t s = v->slot[h[i] & mask];
		if (s && !((s ^ h[i]) & HASH_BITS))
			__builtin_prefetch(v->str[(uint32_t)s - 1].p);
	}
}

void vocab_add_many(struct vocab *v, const struct str *s, size_t n, uint32_t *out)
{
	uint64_t h[BATCH];

	for (size_t at = 0, m; at < n; at += m) {
		m = n - at < BATCH ? n - at : BATCH;
		bool is_far = v->n_slots > NEAR_SLOTS;
		for (size_t i = 0; i < m; i++) {
			h[i] = hash_of(s[at + i].p, s[at + i].len);
			if (is_far)
				__builtin_prefetch(&v->slot[h[i] & (v->n_slots - 1)]);
		}
		if (is_far)
			fetch(v, h, m);
		for (size_t i = 0; i < m; i++)		/* one after the other: the batch may hold a new string twice */
			out[at + i] = add(v, s[at + i].p, s[at + i].len, h[i]);
	}
}

uint32_t vocab_find(const struct vocab *v, const char *p, size_t len)
{
	if (!v->n)
		return VOCAB_NONE;
	uint64_t s = v->slot[find(v, p, len, hash_of(p, len))];
	return s ? (uint32_t)s - 1 : VOCAB_NONE;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int cmp_ids(const void *a, const void *b, void *ctx)
{
	const struct str *s = ctx;

	return str_cmp(s[*(const uint32_t *)a], s[*(const uint32_t *)b]);
}

int vocab_rank(const struct vocab *v, uint32_t *out, struct err *e)
{
	uint32_t *order = mem_try(v->n, sizeof *order, "order of ids", e);

	if (!order)
		return e->code;
	for (size_t i = 0; i < v->n; i++)
		order[i] = (uint32_t)i;
	int r = sort_stable(order, v->n, sizeof *order, cmp_ids, v->str, e);
	for (size_t i = 0; i < v->n && !r; i++)
		out[order[i]] = (uint32_t)i;
	mem_free(order);
	return r;
}

void vocab_follow(struct vocab_remap *m, const struct str *s, size_t n, struct vocab *v, bool is_kept)
{
	arr_reserve(m->to, n, m->cap);
	for (; m->n < n; m->n++)
		m->to[m->n] = vocab_number(v, s[m->n], is_kept);
}
