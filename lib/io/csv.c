#include <string.h>

#include <csv.h>

#include "csv.h"
#include "bytes32.h"
#include "../base/mem.h"

/*
 * libcsv takes bytes a chunk at a time and calls back for each field and row; rows wait here until they are asked for, at most one chunk's worth.
 * The parser is fed line by line, because it passes over blank lines without a word and knows no line numbers. A line that is a row, without a quote in it, needs no parser:
 * it is cut at the delimiters, 32 bytes at a time, and one whose fields are either plain or quoted without a quote within at the quotes: which is what the parser would make of
 * it. All others, and lines that come in pieces, are the parser's.
 *
 *   bytes  aaa bb ccc | dd,e | ff ...        span[i]: where field i lies in bytes
 *          row 0        row 1  the row that has begun: field `begun` and on
 */
enum { CHUNK = 64 << 10, FIELDS_MAX = 65536, SLACK = 32 };
#define ROW_MAX (4 * CSV_FIELD_MAX)

struct row { size_t field, n; uint64_t line; };
struct span { size_t from, len; };

struct csv {
	struct file *file;
	struct csv_parser p;
	char delim;
	bool is_started, is_eof, is_in_row;
	struct buf bytes;
	struct span *span;
	size_t n_spans, cap_spans, begun;
	struct row *row;
	size_t n_rows, cap_rows, at;
	struct str *field;		/* of the row handed out */
	size_t cap_fields;
	uint64_t line, begun_line, row_line;	/* being parsed; where the begun row began; where the row handed out began */
	uint64_t lines_before;		/* of the file, when it was opened here */
	uint64_t offset;		/* bytes of the file the parser has taken */
	struct err err;
};

/* A field may grow to CSV_FIELD_MAX: then libcsv is told that memory is out, and stops. When it is out, that is another matter. */
static void *capped_realloc(void *p, size_t n)
{
	return n > CSV_FIELD_MAX ? NULL : mem_grow(p, n, 1);
}

/* libcsv trims what this calls a blank. */
static int is_no_blank(unsigned char c)
{
	(void)c;
	return 0;
}

static void on_field(void *p, size_t len, void *ctx)
{
	struct csv *c = ctx;

	if (c->n_spans - c->begun >= FIELDS_MAX || c->bytes.len > ROW_MAX) {
		err_set(&c->err, ERR_DATA, "%s:%llu: a row of more than %d fields or %zu MB", file_name(c->file), (unsigned long long)c->begun_line,
			FIELDS_MAX, ROW_MAX >> 20);
		return;
	}
	arr_reserve(c->span, c->n_spans + 1, c->cap_spans);
	c->span[c->n_spans++] = (struct span){ c->bytes.len, len };
	buf_put(&c->bytes, len ? p : "", len);
}

static void on_row(int terminator, void *ctx)
{
	struct csv *c = ctx;

	(void)terminator;
	if (c->err.code)
		return;
	arr_reserve(c->row, c->n_rows + 1, c->cap_rows);
	c->row[c->n_rows++] = (struct row){ c->begun, c->n_spans - c->begun, c->begun_line };
	c->begun = c->n_spans;
	c->begun_line = c->line;	/* another row on this line: behind a lone CR */
	c->is_in_row = false;
}

struct csv *csv_open(struct file *f, char delim, struct err *e)
{
	struct csv *c = mem_new(1, sizeof *c);

	c->file = f;
	if (csv_init(&c->p, CSV_STRICT | CSV_STRICT_FINI)) {
		mem_free(c);
		err_set(e, ERR_MEM, "%s: no memory to parse CSV", file_name(f));
		return NULL;
	}
	c->delim = delim;
	c->offset = file_offset(f);
	csv_set_delim(&c->p, (unsigned char)delim);
	csv_set_space_func(&c->p, is_no_blank);
	csv_set_realloc_func(&c->p, capped_realloc);
	csv_set_blk_size(&c->p, 256 << 10);	/* its buffer grows by so much at a time */
	return c;
}

void csv_lines_before(struct csv *c, uint64_t n)
{
	c->lines_before = n;
}

void csv_close(struct csv *c)
{
	if (!c)
		return;
	csv_free(&c->p);
	buf_release(&c->bytes);
	mem_free(c->span);
	mem_free(c->row);
	mem_free(c->field);
	mem_free(c);
}

static int parse_error(struct csv *c)
{
	if (csv_error(&c->p) != CSV_EPARSE)
		return err_set(&c->err, ERR_DATA, "%s:%llu: field %zu: longer than %zu MB (a quote that is never closed?)", file_name(c->file),
			       (unsigned long long)c->begun_line, c->n_spans - c->begun + 1, CSV_FIELD_MAX >> 20);
	if (c->is_eof)
		return err_set(&c->err, ERR_DATA, "%s:%llu: field %zu: its quote is never closed (the input ends at byte %llu)", file_name(c->file),
			       (unsigned long long)c->begun_line, c->n_spans - c->begun + 1, (unsigned long long)c->offset);
	return err_set(&c->err, ERR_DATA, "%s:%llu: field %zu: a quote or text where none may be, at byte %llu", file_name(c->file),
		       (unsigned long long)c->line, c->n_spans - c->begun + 1, (unsigned long long)c->offset);
}

#ifdef __AVX2__
/* plain_row - a line without a quote in it. */
static bool plain_row(struct csv *c, const char *p, size_t n, size_t *len)
{
	size_t from = 0, base = c->bytes.len;

	for (size_t at = 0; at < n; at += 32) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + at));
		uint32_t valid = n - at < 32 ? (1U << (n - at)) - 1 : UINT32_MAX;
		uint32_t lf = equal_to(x, '\n') & valid;
		if (lf)
			valid = (lf & -lf) - 1;
		uint32_t cr = equal_to(x, '\r') & valid, delims = equal_to(x, c->delim) & valid;
		if ((equal_to(x, '"') & valid) || (cr && (cr & (cr - 1) || !lf || cr != (lf & -lf) >> 1)))
			return false;
		arr_reserve(c->span, c->n_spans + 33, c->cap_spans);
		for (; delims; delims &= delims - 1) {
			size_t to = at + (size_t)__builtin_ctz(delims);
			c->span[c->n_spans++] = (struct span){ base + from, to - from };
			from = to + 1;
		}
		if (lf) {
			*len = at + (size_t)__builtin_ctz(lf);
			c->span[c->n_spans++] = (struct span){ base + from, *len - (cr != 0) - from };
			return true;
		}
	}
	return false;
}
#else
static bool plain_row(struct csv *c, const char *p, size_t n, size_t *len) { return (void)c, (void)p, (void)n, (void)len, false; }
#endif

/* quoted_row - a line of plain fields and of quoted ones that hold neither a quote nor a line end. */
static bool quoted_row(struct csv *c, const char *p, size_t n, size_t *len)
{
	const char *nl = memchr(p, '\n', n), *end = nl && nl > p && nl[-1] == '\r' ? nl - 1 : nl;
	size_t base = c->bytes.len;

	if (!nl || memchr(p, '\r', (size_t)(end - p)))
		return false;
	*len = (size_t)(nl - p);
	for (const char *q = p;; q++) {		/* q: where a field begins */
		bool is_quoted = q < end && *q == '"';
		const char *to = is_quoted ? memchr(q + 1, '"', (size_t)(end - q - 1)) : memchr(q, c->delim, (size_t)(end - q));
		if (!to && is_quoted)
			return false;
		to = to ? to : end;
		if (is_quoted ? to + 1 < end && to[1] != c->delim : memchr(q, '"', (size_t)(to - q)) != NULL)
			return false;
		arr_reserve(c->span, c->n_spans + 1, c->cap_spans);
		c->span[c->n_spans++] = (struct span){ base + (size_t)(q - p) + is_quoted, (size_t)(to - q) - is_quoted };
		q = to + is_quoted;
		if (q == end)
			return true;
	}
}

/* whole_row - the line at p as a row, when it is one of these two kinds and all of it is here: how many bytes it takes, or 0. p may be read SLACK bytes behind n. */
static size_t whole_row(struct csv *c, const char *p, size_t n)
{
	size_t first = c->n_spans, len;
	bool is_row = plain_row(c, p, n, &len);

	if (!is_row) {
		c->n_spans = first;
		is_row = quoted_row(c, p, n, &len);
	}
	if (!is_row || c->n_spans - first > FIELDS_MAX || !len || (len == 1 && *p == '\r')) {	/* or a blank line */
		c->n_spans = first;
		return 0;
	}
	buf_put(&c->bytes, p, len);
	arr_reserve(c->row, c->n_rows + 1, c->cap_rows);
	c->row[c->n_rows++] = (struct row){ first, c->n_spans - first, c->line };
	c->begun = c->n_spans;
	return len + 1;
}

/* parse - n bytes, a line at a time. */
static int parse(struct csv *c, const char *p, size_t n)
{
	while (n) {
		size_t taken = c->is_in_row ? 0 : whole_row(c, p, n);
		if (taken) {
			c->line++;
			c->begun_line = c->line;
			c->offset += taken;
			p += taken;
			n -= taken;
			continue;
		}
		const char *nl = memchr(p, '\n', n), *cr = memchr(p, '\r', nl ? (size_t)(nl - p) : n);
		size_t len = nl ? (size_t)(nl + 1 - p) : n, blank = 0;
		if (cr && cr + 1 < p + len && cr + 1 != nl) {	/* where a row may end, so that one that ends is the last thing parsed */
			len = (size_t)(cr + 1 - p);
			nl = NULL;
		}
		while (!c->is_in_row && blank < len && (p[blank] == '\n' || p[blank] == '\r'))
			blank++;
		if (!c->is_in_row)
			c->begun_line = c->line;
		c->is_in_row |= blank < len;
		size_t got = csv_parse(&c->p, p, len, on_field, on_row, c);
		c->offset += got;
		if (c->err.code)
			return c->err.code;
		if (got < len)
			return parse_error(c);
		c->line += nl != NULL;
		p += len;
		n -= len;
	}
	return 0;
}

/* more - forget the rows handed out and parse another chunk. */
static int more(struct csv *c)
{
	char chunk[CHUNK + SLACK];
	size_t from = c->begun < c->n_spans ? c->span[c->begun].from : c->bytes.len, bom = 0;

	if (c->begun) {
		memmove(c->bytes.p, c->bytes.p + from, c->bytes.len - from);
		c->bytes.len -= from;
		for (size_t i = c->begun; i < c->n_spans; i++)
			c->span[i - c->begun] = (struct span){ c->span[i].from - from, c->span[i].len };
		c->n_spans -= c->begun;
		c->begun = 0;
	}
	c->n_rows = c->at = 0;
	int64_t n = c->is_started ? file_read_some(c->file, chunk, CHUNK, &c->err) : file_read(c->file, chunk, 3, &c->err);
	if (n < 0)
		return (int)n;
	if (!c->is_started) {
		c->is_started = true;
		c->line = c->begun_line = 1 + c->lines_before;
		bom = n == 3 && !memcmp(chunk, "\xef\xbb\xbf", 3) ? 3 : 0;
		c->offset += bom;
	}
	if (n)
		return parse(c, chunk + bom, (size_t)n - bom);
	c->is_eof = true;
	return csv_fini(&c->p, on_field, on_row, c) ? parse_error(c) : c->err.code;
}

int csv_next(struct csv *c, const struct str **field, size_t *n, struct err *e)
{
	while (c->at == c->n_rows) {	/* rows before a fault are handed out before it is told */
		if (c->err.code)
			return err_set(e, c->err.code, "%s", c->err.msg);
		if (c->is_eof)
			return 0;
		more(c);
	}
	const struct row *r = &c->row[c->at++];
	arr_reserve(c->field, r->n + 1, c->cap_fields);
	for (size_t i = 0; i < r->n; i++)
		c->field[i] = (struct str){ c->bytes.p + c->span[r->field + i].from, c->span[r->field + i].len };
	c->row_line = r->line;
	*field = c->field;
	*n = r->n;
	return 1;
}

uint64_t csv_line(const struct csv *c)
{
	return c->row_line;
}

void csv_put(struct buf *b, const char *p, size_t len, char delim)
{
	bool needs = len && (p[0] == ' ' || p[0] == '\t' || p[len - 1] == ' ' || p[len - 1] == '\t');

	for (size_t i = 0; i < len && !needs; i++)
		needs = p[i] == delim || p[i] == '"' || p[i] == '\n' || p[i] == '\r';
	if (!needs) {
		buf_put(b, p, len);
		return;
	}
	buf_putc(b, '"');
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, p[i]);
	}
	buf_putc(b, '"');
}
