#include <stdbool.h>
#include <string.h>

#include "sort.h"
#include "mem.h"

static bool is_in_order(const uint64_t *key, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (key[i] < key[i - 1])
			return false;
	return true;
}

static void radix(uint64_t *key, uint32_t *val, uint64_t *key2, uint32_t *val2, size_t n)
{
	uint64_t all_or = 0, all_and = UINT64_MAX;
	uint64_t *from = key, *to = key2;
	uint32_t *vfrom = val, *vto = val2;

	for (size_t i = 0; i < n; i++) {
		all_or |= key[i];
		all_and &= key[i];
	}
	for (int shift = 0; shift < 64; shift += 8) {
		size_t count[256] = { 0 }, at = 0;
		if (!((all_or ^ all_and) >> shift & 255))
			continue;		/* this byte is the same in all keys */
		for (size_t i = 0; i < n; i++)
			count[from[i] >> shift & 255]++;
		for (int b = 0; b < 256; b++) {
			size_t c = count[b];
			count[b] = at;
			at += c;
		}
		for (size_t i = 0; i < n; i++) {
			size_t j = count[from[i] >> shift & 255]++;
			to[j] = from[i];
			if (val)
				vto[j] = vfrom[i];
		}
		uint64_t *k = from;
		from = to;
		to = k;
		uint32_t *v = vfrom;
		vfrom = vto;
		vto = v;
	}
	if (from != key) {
		memcpy(key, from, n * sizeof *key);
		if (val)
			memcpy(val, vfrom, n * sizeof *val);
	}
}

enum { SHORT = 32 };		/* so few keys are sorted by insertion: counting bytes would take longer */

static void shift_in(uint64_t *key, uint32_t *val, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t k = key[i];
		uint32_t v = val ? val[i] : 0;
		size_t j = i;
		for (; j > 0 && key[j - 1] > k; j--) {
			key[j] = key[j - 1];
			if (val)
				val[j] = val[j - 1];
		}
		key[j] = k;
		if (val)
			val[j] = v;
	}
}

void sort_u64_in(uint64_t *key, uint32_t *val, uint64_t *key2, uint32_t *val2, size_t n)
{
	if (n <= SHORT)
		shift_in(key, val, n);
	else if (!is_in_order(key, n))
		radix(key, val, key2, val2, n);
}

int sort_u64(uint64_t *key, uint32_t *val, size_t n, struct err *e)
{
	if (n <= SHORT)
		shift_in(key, val, n);
	if (n <= SHORT || is_in_order(key, n))
		return 0;
	uint64_t *key2 = mem_try(n, sizeof *key2, "sorting", e);
	uint32_t *val2 = val && key2 ? mem_try(n, sizeof *val2, "sorting", e) : NULL;
	bool is_ok = key2 && (!val || val2);
	if (is_ok)
		radix(key, val, key2, val2, n);
	mem_free(key2);
	mem_free(val2);
	return is_ok ? 0 : ERR_MEM;
}

enum { RUN = 16 };		/* runs this short are sorted by insertion */

static void insertion(char *p, size_t n, size_t size, int (*cmp)(const void *, const void *, void *), void *ctx, char *one)
{
	for (size_t i = 1; i < n; i++) {
		size_t j = i;
		while (j && cmp(p + (j - 1) * size, p + i * size, ctx) > 0)
			j--;
		if (j == i)
			continue;
		memcpy(one, p + i * size, size);
		memmove(p + (j + 1) * size, p + j * size, (i - j) * size);
		memcpy(p + j * size, one, size);
	}
}

int sort_stable(void *base, size_t n, size_t size, int (*cmp)(const void *a, const void *b, void *ctx), void *ctx, struct err *e)
{
	char *from = base, *to, *scratch;

	if (n < 2)
		return 0;
	if (!(scratch = to = mem_try(n, size, "sorting", e)))
		return ERR_MEM;
	for (size_t i = 0; i < n; i += RUN)
		insertion(from + i * size, n - i < RUN ? n - i : RUN, size, cmp, ctx, scratch);
	for (size_t w = RUN; w < n; w *= 2) {
		for (size_t i = 0; i < n; i += 2 * w) {
			size_t a = i, mid = n - i < w ? n : i + w, b = mid, end = n - i < 2 * w ? n : i + 2 * w, k = i;
			if (mid == end || cmp(from + (mid - 1) * size, from + mid * size, ctx) <= 0) {
				memcpy(to + i * size, from + i * size, (end - i) * size);	/* in order as they stand */
				continue;
			}
			while (a < mid && b < end) {
				size_t *side = cmp(from + a * size, from + b * size, ctx) <= 0 ? &a : &b;
				memcpy(to + k++ * size, from + (*side)++ * size, size);
			}
			memcpy(to + k * size, from + a * size, (mid - a) * size);
			memcpy(to + (k + mid - a) * size, from + b * size, (end - b) * size);
		}
		char *t = from;
		from = to;
		to = t;
	}
	if (from != base)
		memcpy(base, from, n * size);
	mem_free(scratch);
	return 0;
}
