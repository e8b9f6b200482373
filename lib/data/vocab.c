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

/* find - the slot that holds p, or the empty one where it would go. Needs slots. */
static size_t find(const struct vocab *v, const char *p, size_t len, uint64_t h)
{
	size_t mask = v->n_slots - 1;

	for (size_t i = h & mask;; i = (i + 1) & mask) {
		uint64_t s = v->slot[i];
		if (!s)
			return i;
		if ((s ^ h) & HASH_BITS)
			continue;
		struct str t = v->str[(uint32_t)s - 1];
		if (t.len == len && !memcmp(t.p, p, len))
			return i;
	}
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

uint32_t vocab_add(struct vocab *v, const char *p, size_t len)
{
	uint64_t h = hash_of(p, len);

	if (v->n * 4 >= v->n_slots * 3)
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
