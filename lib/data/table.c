#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "table.h"
#include "input.h"
#include "../base/mem.h"

enum { BLOCK_BYTES = 1 << 20, LEVEL = 3 };

struct tabler {
	struct input in;
	char *schema;			/* what it must be, or NULL */
	struct str *field, *header;
	size_t n_header;
	size_t *order;			/* [n_header] the column handed out in each place, NULL as they stand */
	struct str *ordered;
	struct buf header_bytes;
	struct line row;		/* binary: a line within the block */
	const char *p, *end;		/* binary: what is left of the block */
	struct buf copy;		/* binary: the line, to be unescaped in */
	uint64_t n_rows, n_left;	/* binary: rows handed out; rows the block still owes */
	bool has_schema;		/* binary: the stream said what it holds */
	char *first;			/* binary: what the first stream said, where it need not be anything */
};

static int read_header(struct tabler *r, struct err *e)
{
	const struct str *f;
	size_t n;
	int got = tabler_next(r, &f, &n, e);

	if (got <= 0)
		return got;
	r->header = mem_new(n, sizeof *r->header);
	for (size_t i = 0; i < n; i++)
		buf_put(&r->header_bytes, f[i].p, f[i].len);
	const char *p = r->header_bytes.p;
	for (size_t i = 0; i < n; i++, p += f[i - 1].len)
		r->header[i] = (struct str){ p, f[i].len };
	r->n_header = n;
	return 0;
}

struct tabler *tabler_open(const char *path, const char *schema, bool has_header, struct err *e)
{
	return tabler_open_file(file_open(path, e), schema, has_header, e);
}

struct tabler *tabler_open_file(struct file *f, const char *schema, bool has_header, struct err *e)
{
	struct tabler *r = mem_new(1, sizeof *r);

	if (input_open_file(&r->in, f, 0, e)) {
		mem_free(r);
		return NULL;
	}
	r->schema = schema ? mem_strdup(schema) : NULL;
	r->field = mem_new(TABLE_FIELDS_MAX, sizeof *r->field);
	if (has_header && !r->in.is_binary && read_header(r, e) < 0) {
		tabler_close(r);
		return NULL;
	}
	return r;
}

void tabler_close(struct tabler *r)
{
	if (!r)
		return;
	input_close(&r->in);
	buf_release(&r->copy);
	buf_release(&r->header_bytes);
	mem_free(r->header);
	mem_free(r->order);
	mem_free(r->ordered);
	mem_free(r->field);
	mem_free(r->schema);
	mem_free(r->first);
	mem_free(r);
}

const struct str *tabler_header(const struct tabler *r, size_t *n)
{
	*n = r->n_header;
	return r->header;
}

int tabler_order(struct tabler *r, const char *const *names, size_t n, struct err *e)
{
	size_t at[8], found = 0;

	assert(n <= sizeof at / sizeof *at);
	for (size_t i = 0; i < n; i++) {
		if (tsv_column(r->header, r->n_header, names[i], false, file_name(r->in.file), 1, &at[i], e))
			return e->code;
		found += at[i] != SIZE_MAX;
	}
	if (!found)
		return 0;
	r->order = mem_new(r->n_header, sizeof *r->order);
	r->ordered = mem_new(r->n_header, sizeof *r->ordered);
	for (size_t i = 0; i < n; i++) {
		if (at[i] == SIZE_MAX)
			return err_set(e, ERR_DATA, "%s:1: no column is named '%s'", file_name(r->in.file), names[i]);
		r->order[i] = at[i];
	}
	for (size_t c = 0, to = n; c < r->n_header; c++) {
		bool is_named = false;
		for (size_t i = 0; i < n; i++)
			is_named |= at[i] == c;
		if (!is_named)
			r->order[to++] = c;
	}
	return 0;
}

/* check_schema - the META block of a table says what it is. */
static int check_schema(struct tabler *r, struct err *e)
{
	const char *p = (const char *)r->in.b.p;
	size_t n = r->in.b.n;
	char clip[ERR_CLIP_MAX];

	if (n < 8 || memcmp(p, "schema\t", 7) || p[n - 1] != '\n' || memchr(p, '\n', n - 1))
		return input_bad(&r->in, e, "does not say what the table holds");
	p += 7;
	n -= 8;
	if (r->schema && (strlen(r->schema) != n || memcmp(p, r->schema, n)) &&
	    !(!strcmp(r->schema, "candidates") && n == 6 && !memcmp(p, "ranked", 6)))
		return err_set(e, ERR_DATA, "%s holds %s, not %s", file_name(r->in.file), err_clip(clip, p, n), r->schema);
	if (r->first && (strlen(r->first) != n || memcmp(p, r->first, n)))
		return err_set(e, ERR_DATA, "%s holds %s, and behind them %s: these are no one table", file_name(r->in.file), r->first, err_clip(clip, p, n));
	if (!r->schema && !r->first) {
		r->first = mem_new(n + 1, 1);
		memcpy(r->first, p, n);
	}
	return 0;
}

/* next_block - until there is a line to take. 1, 0 or <0. */
static int next_block(struct tabler *r, struct err *e)
{
	while (r->p == r->end) {
		if (r->n_left)
			return input_bad(&r->in, e, "holds %llu rows fewer than it says", (unsigned long long)r->n_left);
		int got = input_block(&r->in, KIND_TABLE, r->schema ? r->schema : "a table", e);
		if (got <= 0)
			return got;
		if (got == 2) {
			r->has_schema = false;
		} else if (r->in.b.type == BLOCK_META) {
			if (check_schema(r, e))
				return e->code;
			r->has_schema = true;
		} else if (r->in.b.type == BLOCK_ROWS) {
			if (!r->has_schema)
				return input_bad(&r->in, e, "rows come before it is said what they are");
			r->p = (const char *)r->in.b.p;
			r->end = r->p + r->in.b.n;
			r->n_left = r->in.b.records;
		} else if (input_unknown(&r->in, e)) {
			return e->code;
		}
	}
	return 1;
}

static int next_row(struct tabler *r, const struct str **field, size_t *n, struct err *e)
{
	struct line *l = r->in.is_binary ? &r->row : &r->in.line;
	int got;

	if (r->in.is_binary) {
		if ((got = next_block(r, e)) <= 0)
			return got;
		const char *nl = memchr(r->p, '\n', (size_t)(r->end - r->p));
		if (!nl || !r->n_left)
			return input_bad(&r->in, e, "its rows do not end where they should");
		buf_reset(&r->copy);
		buf_put(&r->copy, r->p, (size_t)(nl - r->p));
		*l = (struct line){ .file = r->in.file, .no = ++r->n_rows, .p = r->copy.p, .len = r->copy.len };
		r->p = nl + 1;
		r->n_left--;
	} else if ((got = line_next(l, e)) <= 0) {
		return got;
	}
	if (!l->len)
		return err_set(e, ERR_DATA, "%s:%llu: an empty line", file_name(r->in.file), (unsigned long long)l->no);
	int64_t k = tsv_split(l, r->field, TABLE_FIELDS_MAX, e);
	if (k < 0)
		return (int)k;
	if (k > TABLE_FIELDS_MAX)
		return err_set(e, ERR_DATA, "%s:%llu: %lld fields, more than %d", file_name(r->in.file), (unsigned long long)l->no, (long long)k, TABLE_FIELDS_MAX);
	*field = r->field;
	*n = (size_t)k;
	if (!r->order)
		return 1;
	if ((size_t)k != r->n_header)
		return err_set(e, ERR_DATA, "%s:%llu: %lld field%s, the header has %zu", file_name(r->in.file), (unsigned long long)l->no, (long long)k, k == 1 ? "" : "s",
			       r->n_header);
	for (size_t i = 0; i < r->n_header; i++)
		r->ordered[i] = r->field[r->order[i]];
	*field = r->ordered;
	return 1;
}

int tabler_next(struct tabler *r, const struct str **field, size_t *n, struct err *e)
{
	if (input_failed(&r->in, e))
		return r->in.err.code;
	return input_stick(&r->in, next_row(r, field, n, e), e);
}

uint64_t tabler_line(const struct tabler *r)
{
	return r->in.is_binary ? r->row.no : r->in.line.no;
}

void tabler_where(const struct tabler *r, struct buf *out)
{
	buf_printf(out, "%s:%llu", file_name(r->in.file), (unsigned long long)tabler_line(r));
}

int tabler_bad(const struct tabler *r, struct err *e, const char *fmt, ...)
{
	struct buf where = { 0 };
	va_list ap;

	tabler_where(r, &where);
	va_start(ap, fmt);
	err_at(e, where.p, fmt, ap);
	va_end(ap);
	buf_release(&where);
	return ERR_DATA;
}

int tabler_at(const struct tabler *r, struct err *e)
{
	struct buf where = { 0 };

	tabler_where(r, &where);
	err_prefix(e, "%s", where.p);
	buf_release(&where);
	return e->code;
}

int tabler_prov(struct tabler *r, struct prov *p, struct buf *inputs, struct err *e)
{
	return input_prov(&r->in, p, inputs, e);
}

/* ---- writing ---- */

struct tablew {
	struct sink *s;
	struct blockw *w;		/* NULL: text */
	struct buf rows;		/* of text: a row that is put together */
	uint64_t n;
};

struct tablew *tablew_new(struct sink *s, const char *schema, bool is_binary, struct err *e)
{
	struct tablew *w = mem_new(1, sizeof *w);

	w->s = s;
	if (!is_binary)
		return w;
	buf_printf(&w->rows, "schema\t%s\n", schema);
	if (!(w->w = blockw_new(s, KIND_TABLE, e)) ||
	    blockw_write(w->w, BLOCK_META, 0, BLOCK_RAW, 0, 0, w->rows.p, w->rows.len, e)) {
		tablew_free(w);
		return NULL;
	}
	buf_reset(&w->rows);
	return w;
}

void tablew_free(struct tablew *w)
{
	if (!w)
		return;
	blockw_free(w->w);
	buf_release(&w->rows);
	mem_free(w);
}

static int flush_rows(struct tablew *w, struct err *e)
{
	int r = w->n ? blockw_write(w->w, BLOCK_ROWS, 0, BLOCK_ZLIB, LEVEL, w->n, w->rows.p, w->rows.len, e) : 0;

	w->n = 0;
	buf_reset(&w->rows);
	return r;
}

int tablew_row(struct tablew *w, const char *p, size_t len, struct err *e)
{
	if (!w->w) {
		int r = sink_write(w->s, p, len, e);
		return r ? r : sink_write(w->s, "\n", 1, e);
	}
	buf_put(&w->rows, p, len);
	buf_putc(&w->rows, '\n');
	w->n++;
	return w->rows.len >= BLOCK_BYTES ? flush_rows(w, e) : 0;
}

int tablew_candidate(struct tablew *w, struct str query, struct str item, struct str score, struct str source, struct err *e)
{
	struct buf *b = &w->rows;

	if (!w->w)
		buf_reset(b);
	tsv_put(b, query.p, query.len);
	buf_putc(b, '\t');
	tsv_put(b, item.p, item.len);
	buf_putc(b, '\t');
	tsv_put(b, score.p, score.len);
	buf_putc(b, '\t');
	tsv_put(b, source.p, source.len);
	buf_putc(b, '\n');
	if (!w->w)
		return sink_write(w->s, b->p, b->len, e);
	w->n++;
	return b->len >= BLOCK_BYTES ? flush_rows(w, e) : 0;
}

int tablew_finish(struct tablew *w, const struct prov *p, struct err *e)
{
	int r;

	if (!w->w)
		return 0;
	if ((r = flush_rows(w, e)) || (p && (r = prov_write(p, w->w, e))))
		return r;
	return blockw_finish(w->w, e);
}
