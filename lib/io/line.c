#include <string.h>

#include "line.h"
#include "bytes32.h"

enum { CHUNK = 256 << 10, SLACK = 32 };	/* SLACK: room behind what is held, for looks at 32 bytes at once */

void line_init(struct line *l, struct file *f)
{
	*l = (struct line){ .file = f };
}

void line_release(struct line *l)
{
	buf_release(&l->buf);
	*l = (struct line){ 0 };
}

/* more - read on behind what is held, moving the begun line to the front. 0 or <0. */
static int more(struct line *l, struct err *e)
{
	if (l->start) {
		memmove(l->buf.p, l->buf.p + l->start, l->fill - l->start);
		l->fill -= l->start;
		l->start = 0;
	}
	if (l->fill > LINE_MAX_BYTES)
		return err_set(e, ERR_DATA, "%s:%llu: the line is longer than %zu MB", file_name(l->file), (unsigned long long)l->no + 1,
			       LINE_MAX_BYTES >> 20);
	l->buf.len = l->fill;
	char *to = buf_reserve(&l->buf, CHUNK + SLACK);
	int64_t got = file_read_some(l->file, to, CHUNK, e);
	if (got < 0)
		return (int)got;
	l->is_eof = !got;
	l->fill += (size_t)got;
	return 0;
}

int line_next(struct line *l, struct err *e)
{
	size_t seen = 0;	/* bytes of this line already searched */
	char *nl = NULL;

	for (;;) {
		if (l->fill - l->start > seen)
			nl = memchr(l->buf.p + l->start + seen, '\n', l->fill - l->start - seen);
		if (nl || l->is_eof)
			break;
		seen = l->fill - l->start;
		int r = more(l, e);
		if (r)
			return r;
	}
	l->p = l->buf.p ? l->buf.p + l->start : NULL;
	l->len = nl ? (size_t)(nl - l->p) : l->fill - l->start;
	l->start += l->len + (nl != NULL);
	if (!nl && !l->len)
		return 0;
	l->no++;
	if (l->no == 1 && l->len >= 3 && !memcmp(l->p, "\xef\xbb\xbf", 3)) {
		l->p += 3;
		l->len -= 3;
		if (!nl && !l->len)	/* nothing but a BOM: an empty file */
			return 0;
	}
	if (l->len && l->p[l->len - 1] == '\r')
		l->len--;
	return 1;
}

/* split - a line at every sep, byte by byte. */
static void split(const struct line *l, char sep, struct str *field, size_t max, size_t *n, bool *has_nul)
{
	const char *p = l->p, *end = p + l->len;

	*n = 0;
	*has_nul = l->len && memchr(p, '\0', l->len);
	for (;;) {
		const char *q = p == end ? NULL : memchr(p, sep, (size_t)(end - p));
		if (*n < max)
			field[*n] = (struct str){ p, (size_t)((q ? q : end) - p) };
		++*n;
		if (!q)
			return;
		p = q + 1;
	}
}

#ifdef __AVX2__
/* split_held - the next line when all of it is held: its end, its fields and a NUL in one pass over 32 bytes at a time. */
static bool split_held(struct line *l, char sep, struct str *field, size_t max, size_t *n, bool *has_nul)
{
	const char *p = l->buf.p + l->start, *end = l->buf.p + l->fill, *from = p;
	uint32_t nul = 0, at_end = 0;
	size_t k = 0;

	for (const char *q = p; q < end && !at_end; q += 32) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)q);
		uint32_t valid = end - q < 32 ? (1U << (end - q)) - 1 : UINT32_MAX, seps = equal_to(x, sep), zeros = equal_to(x, 0);
		at_end = equal_to(x, '\n') & valid;
		if (at_end)		/* only what is before it */
			valid = (at_end & -at_end) - 1;
		nul |= zeros & valid;
		for (seps &= valid; seps; seps &= seps - 1) {
			const char *stop = q + __builtin_ctz(seps);
			if (k < max)
				field[k] = (struct str){ from, (size_t)(stop - from) };
			k++;
			from = stop + 1;
		}
		if (at_end)
			end = q + __builtin_ctz(at_end);
	}
	if (!at_end)
		return false;
	l->p = l->buf.p + l->start;
	l->start = (size_t)(end + 1 - l->buf.p);
	l->no++;
	if (end > p && end[-1] == '\r')
		end--;
	l->len = (size_t)(end - p);
	if (k < max)
		field[k] = (struct str){ from, (size_t)(end - from) };
	*n = k + 1;
	*has_nul = nul;
	return true;
}
#else
static bool split_held(struct line *l, char sep, struct str *field, size_t max, size_t *n, bool *has_nul)
{
	return (void)l, (void)sep, (void)field, (void)max, (void)n, (void)has_nul, false;
}
#endif

int line_next_split(struct line *l, char sep, struct str *field, size_t max, size_t *n, bool *has_nul, struct err *e)
{
	if (l->no && l->fill > l->start && split_held(l, sep, field, max, n, has_nul))	/* the first line may begin with a BOM */
		return 1;
	int got = line_next(l, e);
	if (got == 1)
		split(l, sep, field, max, n, has_nul);
	return got;
}
