/*
 * sort - orders that are the same everywhere. libc's qsort promises nothing about equal keys;
 * these are stable.
 */
#ifndef TASTE_SORT_H
#define TASTE_SORT_H

#include <stddef.h>
#include <stdint.h>
#include "err.h"

/* sort_u64 - stable LSD radix sort of n keys, ascending, carrying val[i] along (val may be NULL).
 * Skips bytes that are equal in all keys; keys that are in order already cost one look.
 * Scratch: n * 8 bytes (+ n * 4 with val), of mem_try; none for up to 32 keys. Returns 0 or ERR_MEM. */
int sort_u64(uint64_t *key, uint32_t *val, size_t n, struct err *e);
/* sort_u64_in - the same in the caller's scratch, key2 [n] and val2 [n] (NULL with val), for those who count their memory. Cannot fail. */
void sort_u64_in(uint64_t *key, uint32_t *val, uint64_t *key2, uint32_t *val2, size_t n);

/* sort_stable - stable merge sort of n elements of `size` bytes by cmp(a, b, ctx) (<0, 0, >0).
 * Scratch: n * size bytes. Returns 0 or ERR_MEM. */
int sort_stable(void *base, size_t n, size_t size,
		int (*cmp)(const void *a, const void *b, void *ctx), void *ctx, struct err *e);

/* below_u32 - how many of n ascending numbers are below x: where x stands, or would; below_u64 likewise. By bisection. */
static inline size_t below_u32(const uint32_t *v, size_t n, uint32_t x)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (v[mid] < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static inline size_t below_u64(const uint64_t *v, size_t n, uint64_t x)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (v[mid] < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

#endif
