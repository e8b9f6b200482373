#include <string.h>
#include <strings.h>

#include "tsv.h"
#include "../base/scan.h"

static int bad(const struct line *l, size_t field, struct err *e, const char *what, const char *p, size_t len)
{
	char clip[ERR_CLIP_MAX];

	return err_set(e, ERR_DATA, "%s:%llu: field %zu: %s '%s'", file_name(l->file), (unsigned long long)l->no, field, what, err_clip(clip, p, len));
}

/* unescape - in place; the new length, or -1. */
static int64_t unescape(char *p, size_t len)
{
	char *from = memchr(p, '\\', len), *to = from, *end = p + len;

	while (from < end) {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		if (from + 1 == end)
			return -1;
		switch (from[1]) {
		case 't': *to++ = '\t'; break;
		case 'n': *to++ = '\n'; break;
		case 'r': *to++ = '\r'; break;
		case '\\': *to++ = '\\'; break;
		default: return -1;
		}
		from += 2;
	}
	return to - p;
}

int64_t tsv_split(struct line *l, struct str *field, size_t max, struct err *e)
{
	char *p = l->p, *end = l->p + l->len;
	bool has_escape = l->len && memchr(p, '\\', l->len);
	size_t n = 0;

	if (l->len && memchr(p, '\0', l->len)) {
		size_t f = 1;
		for (const char *q = p; *q; q++)
			f += *q == '\t';
		return err_set(e, ERR_DATA, "%s:%llu: field %zu: there is a NUL byte in the line", file_name(l->file), (unsigned long long)l->no, f);
	}
	for (;;) {
		char *tab = p < end ? memchr(p, '\t', (size_t)(end - p)) : NULL;
		size_t len = (size_t)((tab ? tab : end) - p);
		if (n < max) {
			field[n] = (struct str){ p, len };
			if (has_escape && len && memchr(p, '\\', len)) {
				struct str as_was = { p, len };
				char keep[48];	/* unescaping writes over it */
				memcpy(keep, p, len < sizeof keep ? len : sizeof keep);
				int64_t k = unescape(p, len);
				if (k < 0)
					return bad(l, n + 1, e, "a backslash is not followed by t, n, r or a backslash in", keep,
						   as_was.len < sizeof keep ? as_was.len : sizeof keep);
				field[n].len = (size_t)k;
			}
		}
		n++;
		if (!tab)
			return (int64_t)n;
		p = tab + 1;
	}
}

int tsv_column(const struct str *header, size_t n, const char *name, bool any_case, const char *file, uint64_t line, size_t *at, struct err *e)
{
	*at = SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		if (any_case ? header[i].len != strlen(name) || strncasecmp(header[i].p, name, header[i].len) : !str_is(header[i], name))
			continue;
		if (*at != SIZE_MAX)
			return err_set(e, ERR_DATA, "%s:%llu: columns %zu and %zu are both named '%.60s'", file, (unsigned long long)line, *at + 1, i + 1, name);
		*at = i;
	}
	return 0;
}

bool tsv_is_header(const struct str *f, size_t n)
{
	double number;

	return n >= 2 && str_is(f[0], "user") && str_is(f[1], "item") && (n == 2 || (f[2].len && !scan_f64(f[2].p, f[2].len, &number)));
}

void tsv_put(struct buf *b, const char *p, size_t len)
{
	char *to = buf_reserve(b, 2 * len);	/* all of it may need an escape */

	for (size_t i = 0; i < len; i++)
		switch (p[i]) {
		case '\t': *to++ = '\\'; *to++ = 't'; break;
		case '\n': *to++ = '\\'; *to++ = 'n'; break;
		case '\r': *to++ = '\\'; *to++ = 'r'; break;
		case '\\': *to++ = '\\'; *to++ = '\\'; break;
		default: *to++ = p[i];
		}
	b->len = (size_t)(to - b->p);
	*to = '\0';
}
