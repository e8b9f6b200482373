#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { ALIGN = 64 };

static void (*oom_hook)(size_t bytes);

void mem_on_oom(void (*hook)(size_t bytes))
{
	oom_hook = hook;
}

void mem_oom(size_t bytes)
{
	if (oom_hook)
		oom_hook(bytes);
	abort();
}

void *mem_try(size_t n, size_t size, const char *what, struct err *e)
{
	size_t bytes;
	void *p = NULL;

	if (mem_mul(n, size, &bytes) && bytes <= PTRDIFF_MAX - ALIGN)
		p = aligned_alloc(ALIGN, (bytes + ALIGN) / ALIGN * ALIGN);
	if (!p) {
		double b = (double)n * (double)size;
		if (b < 1e6)
			err_set(e, ERR_MEM, "cannot get %.0f bytes for %s", b, what);
		else if (b < 1e9)
			err_set(e, ERR_MEM, "cannot get %.1f MB for %s", b / 1e6, what);
		else
			err_set(e, ERR_MEM, "cannot get %.1f GB for %s", b / 1e9, what);
	}
	return p;
}

void *mem_try0(size_t n, size_t size, const char *what, struct err *e)
{
	void *p = mem_try(n, size, what, e);

	return p ? memset(p, 0, n * size) : NULL;
}

void *mem_new(size_t n, size_t size)
{
	size_t bytes;

	if (!mem_mul(n, size, &bytes))
		mem_oom(SIZE_MAX);
	void *p = calloc(1, bytes ? bytes : 1);
	if (!p)
		mem_oom(bytes);
	return p;
}

void *mem_grow(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (!mem_mul(n, size, &bytes))
		mem_oom(SIZE_MAX);
	p = realloc(p, bytes ? bytes : 1);
	if (!p)
		mem_oom(bytes);
	return p;
}

char *mem_strdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(mem_new(n, 1), s, n);
}

void mem_free(void *p)
{
	free(p);
}
