#include <string.h>

#include "line.h"

enum { CHUNK = 256 << 10 };

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
	char *to = buf_reserve(&l->buf, CHUNK);
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
