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

#endif
