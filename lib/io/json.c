#include <string.h>

#include "json.h"
#include "../base/mem.h"

/*
 * The text of one object at a time lies in buf[start, fill). The scanner walks it with a cursor; when the cursor meets the end of what is held it asks for more, so positions are
 * kept as offsets from start, not as pointers. Members whose path was asked for are noted as offsets, too, and turned into values when the object is whole.
 */
enum { CHUNK = 256 << 10 };

struct span { size_t from, to; enum json_type type; bool has_escape; };

struct want {			/* one path, cut at its dots */
	struct str *key;
	size_t n;
};

struct json {
	struct file *file;
	struct want *want;
	size_t n_want;
	struct span *span;		/* [n_want] */
	struct json_value *value;
	struct buf text;		/* unescaped strings */
	struct buf buf;
	size_t start, at, fill;		/* start: of the object; at: the cursor */
	bool is_eof, is_started;
	bool in_array, needs_comma;	/* inside a top-level array; between its elements */
	uint64_t line, line_start;	/* newlines before the cursor + 1; offset in buf of that line's first byte, may be "negative" through bytes dropped */
	uint64_t object_line, dropped;	/* dropped: bytes of the file before buf[0] */
	struct str last;
	struct err err;
};

struct json *json_open(struct file *f, const char *const *path, size_t n_paths, struct err *e)
{
	struct json *j = mem_new(1, sizeof *j);

	(void)e;
	j->file = f;
	j->line = 1;
	j->n_want = n_paths;
	j->want = mem_new(n_paths + 1, sizeof *j->want);
	j->span = mem_new(n_paths + 1, sizeof *j->span);
	j->value = mem_new(n_paths + 1, sizeof *j->value);
	for (size_t i = 0; i < n_paths; i++) {
		struct want *w = &j->want[i];
		for (const char *p = path[i];; p++) {
			size_t len = strcspn(p, ".");
			w->key = mem_grow(w->key, w->n + 1, sizeof *w->key);
			w->key[w->n++] = (struct str){ p, len };
			p += len;
			if (!*p)
				break;
		}
	}
	return j;
}

void json_close(struct json *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->n_want; i++)
		mem_free(j->want[i].key);
	mem_free(j->want);
	mem_free(j->span);
	mem_free(j->value);
	buf_release(&j->text);
	buf_release(&j->buf);
	mem_free(j);
}

static int bad(struct json *j, const char *what)
{
	return err_set(&j->err, ERR_DATA, "%s:%llu:%llu: %s", file_name(j->file), (unsigned long long)j->line,
		       (unsigned long long)(j->dropped + j->at - j->line_start + 1), what);
}

/* more - have at least one byte at the cursor: 1, 0 at the end of the file, <0 error. */
static int more(struct json *j)
{
	if (j->at < j->fill)
		return 1;
	if (j->is_eof)
		return 0;
	if (j->start) {
		memmove(j->buf.p, j->buf.p + j->start, j->fill - j->start);
		j->dropped += j->start;
		j->fill -= j->start;
		j->at -= j->start;
		for (size_t i = 0; i < j->n_want; i++)	/* offsets of this object's members move along */
			if (j->span[i].type) {
				j->span[i].from -= j->start;
				j->span[i].to -= j->start;
			}
		j->start = 0;
	}
	if (j->fill > JSON_OBJECT_MAX)
		return err_set(&j->err, ERR_DATA, "%s:%llu: an object is longer than %zu MB", file_name(j->file), (unsigned long long)j->object_line,
			       JSON_OBJECT_MAX >> 20);
	j->buf.len = j->fill;
	int64_t n = file_read(j->file, buf_reserve(&j->buf, CHUNK), CHUNK, &j->err);
	if (n < 0)
		return (int)n;
	j->fill += (size_t)n;
	j->is_eof = !n;
	return n > 0;
}

/* peek - the byte at the cursor, -1 at the end of the file, -2 on error. */
static int peek(struct json *j)
{
	if (j->at < j->fill)
		return (unsigned char)j->buf.p[j->at];
	int r = more(j);
	return r > 0 ? (unsigned char)j->buf.p[j->at] : r < 0 ? -2 : -1;
}

/* skip_blanks - and the byte behind them, as peek. */
static int skip_blanks(struct json *j)
{
	for (;;) {
		int c = peek(j);
		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return c;
		j->at++;
		if (c == '\n') {
			j->line++;
			j->line_start = j->dropped + j->at;
		}
	}
}

/* utf8 - the length of the UTF-8 character that begins with c (>= 0x80) and its smallest and largest second byte; 0: none begins so. */
static int utf8(unsigned char c, unsigned char *lo, unsigned char *hi)
{
	*lo = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	*hi = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

static int hex4(struct json *j, unsigned *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, j->at++) {
		int c = peek(j);
		if (c == -2)
			return j->err.code;
		int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (v < 0)
			return bad(j, "\\u is not followed by four hex digits");
		*out = *out * 16 + (unsigned)v;
	}
	return 0;
}

/* skip_escape - the cursor stands behind a backslash. */
static int skip_escape(struct json *j)
{
	int c = peek(j);
	unsigned u;

	if (c == -2)
		return j->err.code;
	if (c < 0 || !strchr("\"\\/bfnrtu", c) || !c)
		return bad(j, "a backslash is not followed by one of \" \\ / b f n r t u");
	j->at++;
	if (c != 'u')
		return 0;
	if (hex4(j, &u))
		return j->err.code;
	if (u >= 0xdc00 && u < 0xe000)
		return bad(j, "half a surrogate pair");
	if (u < 0xd800 || u >= 0xdc00)
		return 0;
	for (const char *want = "\\u"; *want; want++, j->at++) {
		c = peek(j);
		if (c == -2)
			return j->err.code;
		if (c != *want)
			return bad(j, "half a surrogate pair");
	}
	if (hex4(j, &u))
		return j->err.code;
	return u >= 0xdc00 && u < 0xe000 ? 0 : bad(j, "half a surrogate pair");
}

/* skip_string - the cursor stands on the opening quote; s gets what lies between the quotes (offsets from j->start would move with it: they are from buf). */
static int skip_string(struct json *j, struct span *s)
{
	unsigned char lo, hi;
	size_t from = j->at + 1 - j->start;	/* relative: buf may move below */

	*s = (struct span){ .type = JSON_STRING };
	j->at++;
	for (;;) {
		const unsigned char *p = (const unsigned char *)j->buf.p;
		size_t at = j->at;
		while (at < j->fill && p[at] >= 0x20 && p[at] != '"' && p[at] != '\\' && p[at] < 0x80)
			at++;
		j->at = at;
		int c = peek(j);
		if (c == -2)
			return j->err.code;
		if (c == -1)
			return bad(j, "the file ends within a string");
		if (c == '"') {
			s->from = j->start + from;
			s->to = j->at++;
			return 0;
		}
		if (c < 0x20)
			return bad(j, "a control character stands bare in a string");
		if (c == '\\') {
			s->has_escape = true;
			j->at++;
			if (skip_escape(j))
				return j->err.code;
		} else if (c >= 0x80) {
			int n = utf8((unsigned char)c, &lo, &hi);
			if (!n)
				return bad(j, "a byte that is not UTF-8");
			j->at++;
			for (int i = 1; i < n; i++, j->at++, lo = 0x80, hi = 0xbf) {
				c = peek(j);
				if (c == -2)
					return j->err.code;
				if (c < lo || c > hi)
					return bad(j, "a byte that is not UTF-8");
			}
		}
	}
}

static int skip_digits(struct json *j)
{
	int n = 0, c;

	while ((c = peek(j)) >= '0' && c <= '9') {
		j->at++;
		n++;
	}
	return c == -2 ? j->err.code : n ? 0 : bad(j, "a number without digits");
}

static int skip_number(struct json *j)
{
	int c = peek(j);

	if (c == '-') {
		j->at++;
		c = peek(j);
	}
	if (c == '0') {
		j->at++;
		c = peek(j);
		if (c >= '0' && c <= '9')
			return bad(j, "a number begins with 0");
	} else if (skip_digits(j)) {
		return j->err.code;
	}
	if (peek(j) == '.') {
		j->at++;
		if (skip_digits(j))
			return j->err.code;
	}
	c = peek(j);
	if (c == 'e' || c == 'E') {
		j->at++;
		c = peek(j);
		if (c == '+' || c == '-')
			j->at++;
		if (skip_digits(j))
			return j->err.code;
	}
	return j->err.code;
}

static int skip_word(struct json *j, const char *word)
{
	for (; *word; word++, j->at++) {
		int c = peek(j);
		if (c == -2)
			return j->err.code;
		if (c != *word)
			return bad(j, "not a JSON value");
	}
	return 0;
}

static size_t unescape(const char *p, size_t n, char *to);

/* key_is - a member's name as it stands between its quotes against a wanted key. */
static bool key_is(const struct json *j, const struct span *k, struct str want)
{
	const char *p = j->buf.p + k->from;
	size_t n = k->to - k->from;

	if (!k->has_escape)
		return n == want.len && !memcmp(p, want.p, n);
	char *u = mem_new(n + 1, 1);
	size_t len = unescape(p, n, u);
	bool is_same = len == want.len && !memcmp(u, want.p, len);
	mem_free(u);
	return is_same;
}

/*
 * skip_value - one value of any kind, checking all of it. live has a bit for each wanted path whose first `level` keys led here; the paths that end here get the span.
 * Paths beyond 64 share no bits: live is an array.
 */
static int skip_value(struct json *j, int depth, size_t level, const uint8_t *live)
{
	struct span s = { 0 };
	int c = skip_blanks(j), ret = 0;
	size_t from = j->at - j->start;

	switch (c) {
	case -2:
		return j->err.code;
	case -1:
		return bad(j, "the file ends where a value should be");
	case '"':
		ret = skip_string(j, &s);
		break;
	case '{': case '[': {
		bool is_object = c == '{';
		char close = is_object ? '}' : ']';
		uint8_t *below = NULL;
		if (depth >= JSON_DEPTH_MAX)
			return bad(j, "nested deeper than 64");
		s.type = is_object ? JSON_OBJECT : JSON_ARRAY;
		if (live && is_object)
			below = mem_new(j->n_want + 1, 1);
		j->at++;
		c = skip_blanks(j);
		for (bool is_first = true; c != close || !is_first; is_first = false) {
			struct span key;
			bool has_live = false;
			if (is_object) {
				if (skip_blanks(j) != '"') {
					ret = j->err.code ? j->err.code : bad(j, "a member's name should stand here, in quotes");
					break;
				}
				if ((ret = skip_string(j, &key)))
					break;
				for (size_t i = 0; below && i < j->n_want; i++) {
					below[i] = live[i] && j->want[i].n > level && key_is(j, &key, j->want[i].key[level]);
					if (below[i])	/* of members of one name the last wins, with all below it */
						j->span[i] = (struct span){ 0 };
					has_live |= below[i];
				}
				if (skip_blanks(j) != ':') {
					ret = j->err.code ? j->err.code : bad(j, "a colon should stand here");
					break;
				}
				j->at++;
			}
			if ((ret = skip_value(j, depth + 1, level + 1, has_live ? below : NULL)))
				break;
			c = skip_blanks(j);
			if (c == close)
				break;
			if (c != ',') {
				ret = j->err.code ? j->err.code : bad(j, is_object ? "a comma or } should stand here" : "a comma or ] should stand here");
				break;
			}
			j->at++;
			c = skip_blanks(j);
			if (c == close) {
				ret = bad(j, "nothing follows the comma");
				break;
			}
		}
		mem_free(below);
		if (!ret)
			j->at++;
		s.from = j->start + from;
		s.to = j->at;
		break;
	}
	case 't': s.type = JSON_TRUE; ret = skip_word(j, "true"); break;
	case 'f': s.type = JSON_FALSE; ret = skip_word(j, "false"); break;
	case 'n': s.type = JSON_NULL; ret = skip_word(j, "null"); break;
	default:
		if (c != '-' && (c < '0' || c > '9'))
			return bad(j, "not a JSON value");
		s.type = JSON_NUMBER;
		ret = skip_number(j);
		s.from = j->start + from;
		s.to = j->at;
	}
	for (size_t i = 0; live && !ret && i < j->n_want; i++)
		if (live[i] && j->want[i].n == level)
			j->span[i] = s;
	return ret;
}

static size_t put_utf8(char *to, unsigned u)
{
	if (u < 0x80) {
		to[0] = (char)u;
		return 1;
	}
	if (u < 0x800) {
		to[0] = (char)(0xc0 | u >> 6);
		to[1] = (char)(0x80 | (u & 63));
		return 2;
	}
	if (u < 0x10000) {
		to[0] = (char)(0xe0 | u >> 12);
		to[1] = (char)(0x80 | (u >> 6 & 63));
		to[2] = (char)(0x80 | (u & 63));
		return 3;
	}
	to[0] = (char)(0xf0 | u >> 18);
	to[1] = (char)(0x80 | (u >> 12 & 63));
	to[2] = (char)(0x80 | (u >> 6 & 63));
	to[3] = (char)(0x80 | (u & 63));
	return 4;
}

static unsigned get_hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++)
		v = v * 16 + (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 32) - 'a' + 10);
	return v;
}

/* unescape - a string that was checked; never longer than it was. */
static size_t unescape(const char *p, size_t n, char *to)
{
	const char *end = p + n;
	char *start = to;

	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		switch (p[1]) {
		case 'b': *to++ = '\b'; break;
		case 'f': *to++ = '\f'; break;
		case 'n': *to++ = '\n'; break;
		case 'r': *to++ = '\r'; break;
		case 't': *to++ = '\t'; break;
		case 'u': {
			unsigned u = get_hex4(p + 2);
			if (u >= 0xd800 && u < 0xdc00) {
				u = 0x10000 + ((u - 0xd800) << 10) + (get_hex4(p + 8) - 0xdc00);
				p += 6;
			}
			to += put_utf8(to, u);
			p += 4;
			break;
		}
		default: *to++ = p[1];
		}
		p += 2;
	}
	return (size_t)(to - start);
}

/* give - turn the spans into values. Unescaped strings go into one buffer of known size, so that it does not move. */
static void give(struct json *j)
{
	size_t need = 0;

	for (size_t i = 0; i < j->n_want; i++)
		need += j->span[i].has_escape ? j->span[i].to - j->span[i].from : 0;
	buf_reset(&j->text);
	buf_reserve(&j->text, need);
	for (size_t i = 0; i < j->n_want; i++) {
		const struct span *s = &j->span[i];
		struct str t = { j->buf.p + s->from, s->to - s->from };
		if (s->has_escape) {
			char *to = j->text.p + j->text.len;
			t = (struct str){ to, unescape(t.p, t.len, to) };
			j->text.len += t.len;
		}
		j->value[i] = (struct json_value){ s->type, t };
	}
	j->last = (struct str){ j->buf.p + j->start, j->at - j->start };
}

int json_next(struct json *j, const struct json_value **value, struct err *e)
{
	int c;

	if (!j->is_started) {
		const unsigned char *p;
		int64_t n = file_peek(j->file, 3, &p, &j->err);
		char bom[3];
		j->is_started = true;
		if (n == 3 && !memcmp(p, "\xef\xbb\xbf", 3))
			file_read(j->file, bom, 3, &j->err);
	}
	memset(j->span, 0, j->n_want * sizeof *j->span);
	while (!j->err.code) {
		j->start = j->at;
		c = skip_blanks(j);
		j->start = j->at;
		if (c == -1 && !j->in_array)
			return 0;
		if (c == -1)
			bad(j, "the file ends within an array");
		if (j->err.code)
			break;
		if (j->in_array && c == ']') {
			j->at++;
			j->in_array = false;
			continue;
		}
		if (j->in_array && j->needs_comma) {
			if (c != ',') {
				bad(j, "a comma or ] should stand here");
				break;
			}
			j->at++;
			j->start = j->at;
			c = skip_blanks(j);
			j->start = j->at;
			if (j->err.code)
				break;
			if (c == ']') {
				bad(j, "nothing follows the comma");
				break;
			}
		}
		if (c == '[' && !j->in_array) {
			j->at++;
			j->in_array = true;
			j->needs_comma = false;
			continue;
		}
		if (c != '{') {
			bad(j, c == '[' ? "an array of arrays: objects are wanted" : "objects, or arrays of them, are wanted");
			break;
		}
		j->object_line = j->line;
		uint8_t *live = mem_new(j->n_want + 1, 1);
		memset(live, 1, j->n_want);
		skip_value(j, 1, 0, live);
		mem_free(live);
		if (j->err.code)
			break;
		j->needs_comma = true;
		give(j);
		*value = j->value;
		return 1;
	}
	return err_set(e, j->err.code, "%s", j->err.msg);
}

uint64_t json_line(const struct json *j)
{
	return j->object_line;
}

struct str json_text(const struct json *j)
{
	return j->last;
}

void json_put(struct buf *b, const char *p, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char lo, hi;

	buf_putc(b, '"');
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)p[i];
		if (c == '"' || c == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, (char)c);
			i++;
		} else if (c < 0x20) {
			char u[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
			if (c == '\n' || c == '\t' || c == '\r') {
				u[1] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
				buf_put(b, u, 2);
			} else {
				buf_put(b, u, 6);
			}
			i++;
		} else if (c < 0x80) {
			buf_putc(b, (char)c);
			i++;
		} else {
			int n = utf8(c, &lo, &hi), k = 1;
			for (; k < n && i + (size_t)k < len && (unsigned char)p[i + (size_t)k] >= lo && (unsigned char)p[i + (size_t)k] <= hi; k++)
				lo = 0x80, hi = 0xbf;
			if (n && k == n) {
				buf_put(b, p + i, (size_t)n);
				i += (size_t)n;
			} else {
				buf_puts(b, "\xef\xbf\xbd");
				i++;
			}
		}
	}
	buf_putc(b, '"');
}
