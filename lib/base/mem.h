/*
 * mem - allocation with sizes that cannot wrap and a failure that is always told.
 *
 * Two kinds. Anything whose size comes from data or options: mem_try(), which reports size and
 * name in *e. Small bookkeeping: mem_new() and friends, which never return NULL; when memory is
 * out they call the hook (programs install one that says so and exits 3; the default aborts).
 * All memory is released with mem_free(). Thread-safe.
 */
#ifndef TASTE_MEM_H
#define TASTE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include "err.h"

/* mem_mul - *out = a * b; false when the product does not fit. */
static inline bool mem_mul(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

static inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t max_size(size_t a, size_t b) { return a > b ? a : b; }

/* mem_try - n * size bytes, 64-byte aligned, NOT zeroed; NULL with *e set (ERR_MEM; the sentence names `what`
 * and the size). n * size == 0 gives a pointer that may be freed. */
void *mem_try(size_t n, size_t size, const char *what, struct err *e);
/* mem_try0 - the same, zeroed. */
void *mem_try0(size_t n, size_t size, const char *what, struct err *e);

/* mem_new - n * size bytes, zeroed; calls the hook when there is none. */
void *mem_new(size_t n, size_t size) __attribute__((returns_nonnull));
/* mem_grow - realloc p to n * size bytes; calls the hook when there is none. p may be NULL. Only for memory of mem_new/mem_grow. */
void *mem_grow(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *s);
void mem_free(void *p);

/* mem_on_oom - install the hook for mem_new, mem_grow, buf and arena. It must not return. */
void mem_on_oom(void (*hook)(size_t bytes));
/* mem_oom - what they call. */
void mem_oom(size_t bytes) __attribute__((noreturn));

/* arr_reserve(p, n, cap): room for at least n elements in the mem_new'd array p, doubling cap. */
#define arr_reserve(p, n, cap) \
	do { \
		if ((size_t)(n) > (size_t)(cap)) { \
			size_t arr_cap_ = (cap) ? (size_t)(cap) * 2 : 16; \
			if (arr_cap_ < (size_t)(n)) \
				arr_cap_ = (size_t)(n); \
			(p) = mem_grow((p), arr_cap_, sizeof *(p)); \
			(cap) = arr_cap_; \
		} \
	} while (0)

#endif
