/*
 * event - reading a log. A block's columns are unpacked into arrays at once, and events are handed out of those.
 */
#include <stdio.h>
#include <string.h>

#include "column.h"
#include "event.h"
#include "event_codec.h"
#include "input.h"
#include "../base/mem.h"
#include "../base/scan.h"

enum { COLUMNS = 6 };

static const char *const column_name[COLUMNS] = { "user", "item", "time", "event", "value", "context" };

struct eventr {
	struct input in;
	/* text */
	bool has_columns;		/* a header was read: */
	size_t column[COLUMNS];		/* where each column stands, SIZE_MAX: nowhere */
	struct str *field;
	size_t n_fields;		/* of the first line with a header */
	uint64_t passed;		/* the last line that eventr_pass passed */
	/* binary */
	struct vocab_list { struct str *s; size_t n, cap; } dict[DICTS];
	struct arena strings;
	size_t n;			/* events of the block */
	struct event_block b;		/* the one eventr_next hands out, event `at` comes next */
	size_t at;
	uint64_t *col;			/* [cap] scratch: a column before it is codes, times or values */
	uint32_t *user, *item, *kind, *context;	/* kind, context: code + 1, 0 missing */
	int64_t *time;
	double *value;
	void *mem;
	size_t cap;			/* events there is room for */
};

enum { MAX_FIELDS = 1024 };

bool event_kind_is_time(struct str kind)
{
	size_t n = 0;

	while (n < kind.len && kind.p[n] >= '0' && kind.p[n] <= '9')
		n++;
	return n >= 9 && n == kind.len;
}

static int read_header(struct eventr *r, struct err *e)
{
	struct line *l = &r->in.line;
	int got = line_next(l, e);

	if (got <= 0)
		return got;
	int64_t n = tsv_split(l, r->field, MAX_FIELDS, e);
	if (n < 0)
		return (int)n;
	if (n > MAX_FIELDS)
		return err_set(e, ERR_DATA, "%s:1: %lld columns, more than %d", file_name(r->in.file), (long long)n, MAX_FIELDS);
	for (size_t c = 0; c < COLUMNS; c++) {
		if (tsv_column(r->field, (size_t)n, column_name[c], false, file_name(r->in.file), l->no, &r->column[c], e))
			return e->code;
		if (c < 2 && r->column[c] == SIZE_MAX)
			return err_set(e, ERR_DATA, "%s:1: no column is named '%s'", file_name(r->in.file), column_name[c]);
	}
	r->has_columns = true;
	r->n_fields = (size_t)n;
	return 0;
}

struct eventr *eventr_open(const char *path, bool has_header, struct err *e)
{
	struct eventr *r = mem_new(1, sizeof *r);

	if (input_open(&r->in, path, (enum blockr_flags)(BLOCKR_MAP | BLOCKR_PASS), e)) {
		mem_free(r);
		return NULL;
	}
	if (!r->in.is_binary) {
		r->field = mem_new(MAX_FIELDS, sizeof *r->field);
		for (size_t c = 0; c < COLUMNS; c++)
			r->column[c] = c;
		if (has_header && read_header(r, e) < 0) {
			eventr_close(r);
			return NULL;
		}
		return r;
	}
	return r;
}

void eventr_close(struct eventr *r)
{
	if (!r)
		return;
	input_close(&r->in);
	mem_free(r->field);
	for (int i = 0; i < DICTS; i++)
		mem_free(r->dict[i].s);
	arena_release(&r->strings);
	mem_free(r->mem);
	mem_free(r);
}

static int bad_field(const struct eventr *r, size_t column, struct str s, const char *what, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	return err_set(e, ERR_DATA, "%s:%llu: field %zu: '%s' %s", file_name(r->in.file), (unsigned long long)r->in.line.no, column + 1,
		       err_clip(clip, s.p, s.len), what);
}

static int next_line(struct eventr *r, struct event *ev, struct err *e)
{
	struct line *l = &r->in.line;
	struct str f[COLUMNS];
	int got = line_next(l, e);

	if (got <= 0)
		return got;
	int64_t n = tsv_split(l, r->field, r->has_columns ? MAX_FIELDS : COLUMNS, e);
	if (n < 0)
		return (int)n;
	if (l->no == 1 && tsv_is_header(r->field, (size_t)n))
		return err_set(e, ERR_DATA, "%s:1: %s", file_name(r->in.file), TSV_HEADER);
	if (r->has_columns ? (size_t)n != r->n_fields : n < 2 || n > COLUMNS)
		return r->has_columns ? err_set(e, ERR_DATA, "%s:%llu: %lld fields, the header has %zu", file_name(r->in.file), (unsigned long long)l->no,
						(long long)n, r->n_fields)
				      : err_set(e, ERR_DATA, "%s:%llu: %lld field%s: an event has 2 to 6 (user item time event value context)",
						file_name(r->in.file), (unsigned long long)l->no, (long long)n, n == 1 ? "" : "s");
	for (size_t c = 0; c < COLUMNS; c++)
		f[c] = r->column[c] < (size_t)n ? r->field[r->column[c]] : (struct str){ "", 0 };
	*ev = (struct event){ .user = f[0], .item = f[1], .time = TIME_NONE, .kind = f[3], .value = VALUE_NONE, .context = f[5] };
	for (size_t c = 0; c < 2; c++)
		if (!f[c].len)
			return err_set(e, ERR_DATA, "%s:%llu: field %zu: the %s is empty", file_name(r->in.file), (unsigned long long)l->no, r->column[c] + 1,
				       column_name[c]);
	if (f[2].len && (!scan_i64(f[2].p, f[2].len, &ev->time) || ev->time == TIME_NONE))
		return bad_field(r, r->column[2], f[2], "is not a time (seconds since 1970; taste-ingest converts others)", e);
	if (event_kind_is_time(f[3]))
		return bad_field(r, r->column[3], f[3], r->has_columns ? "is a number, not what happened (play, skip, like, ...)" :
				 "is a number, not what happened (play, skip, like, ...): are the columns user, item, time, event?", e);
	if (f[4].len && !scan_f64(f[4].p, f[4].len, &ev->value))
		return bad_field(r, r->column[4], f[4], "is not a value (a finite number)", e);
	return 1;
}

/* ---- binary ---- */

/* get_strings - the strings new in this block, of one dictionary. They are copied: a dictionary lives as long as its stream. */
static const char *get_strings(struct eventr *r, struct cursor *c, enum dict d)
{
	struct vocab_list *l = &r->dict[d];
	uint64_t n, len = 0, total = 0;

	if (!scan_varint(&c->p, c->end, &n) || n > r->n || n > UINT32_MAX - 2 - l->n)
		return "says more new strings than it has events";
	const unsigned char *lengths = c->p;
	for (uint64_t i = 0; i < n; i++) {
		if (!scan_varint(&c->p, c->end, &len) || len > (uint64_t)(c->end - c->p) || (total += len) > (uint64_t)(c->end - c->p))
			return "a string is longer than the block";
		if (!len)
			return "a string is empty";
	}
	arr_reserve(l->s, l->n + n, l->cap);
	for (uint64_t i = 0; i < n; i++) {
		scan_varint(&lengths, c->end, &len);
		if (memchr(c->p, '\0', (size_t)len))
			return "a string has a NUL byte in it";
		l->s[l->n++] = (struct str){ arena_bytes(&r->strings, c->p, (size_t)len), (size_t)len };
		c->p += len;
	}
	return NULL;
}

/* get_codes - a column of codes; with `offset` 1, 0 means missing. */
static const char *get_codes(struct eventr *r, struct cursor *c, enum dict d, unsigned offset, uint32_t *out)
{
	const char *why = column_get(c, r->col, r->n);
	uint64_t max = 0;

	if (why)
		return why;
	for (size_t i = 0; i < r->n; i++) {
		max = r->col[i] > max ? r->col[i] : max;
		out[i] = (uint32_t)r->col[i];
	}
	return r->n && max >= r->dict[d].n + offset ? "an id that is not in the dictionary" : NULL;
}

/* get_present - a column of 0 and 1; *k is how many are 1. The flags stay in flag[]. */
static const char *get_present(struct eventr *r, struct cursor *c, uint8_t *flag, size_t *k)
{
	const char *why = column_get(c, r->col, r->n);

	*k = 0;
	for (size_t i = 0; i < r->n && !why; i++) {
		if (r->col[i] > 1)
			return "a presence flag is neither 0 nor 1";
		flag[i] = (uint8_t)r->col[i];
		*k += flag[i];
	}
	return why;
}

static const char *get_times(struct eventr *r, struct cursor *c)
{
	static const char none[] = "a time that means none";
	uint8_t flag[BLOCK_EVENTS_MAX];
	size_t k;
	const char *why = get_present(r, c, flag, &k);

	if (why || (why = column_get(c, r->col, k)))
		return why;
	for (size_t i = 0, j = 0; i < r->n; i++) {
		r->time[i] = flag[i] ? unzigzag(r->col[j++]) : TIME_NONE;
		if (flag[i] && r->time[i] == TIME_NONE)
			return none;
	}
	return NULL;
}

static const char *get_values(struct eventr *r, struct cursor *c)
{
	uint8_t flag[BLOCK_EVENTS_MAX];
	uint64_t scale;
	size_t k;
	const char *why = get_present(r, c, flag, &k);

	if (why)
		return why;
	if (!scan_varint(&c->p, c->end, &scale) || scale > 1000000)
		return "the scale of the values is damaged";
	double *v = r->value;
	if (scale == SCALE_RAW) {
		if ((why = column_get_f64(c, v, k)))
			return why;
	} else {
		if ((why = column_get(c, r->col, k)))
			return why;
		for (size_t i = 0; i < k; i++)
			v[i] = (double)unzigzag(r->col[i]) / (double)scale;
	}
	for (size_t i = r->n, j = k; i-- > 0;)		/* from the back, to spread them in place */
		v[i] = flag[i] ? v[--j] : VALUE_NONE;
	return NULL;
}

/* reserve - one piece for all arrays of a block: small for a small log, of which there may be many, else for the largest block. */
static void reserve(struct eventr *r, size_t n)
{
	if (n <= r->cap)
		return;
	mem_free(r->mem);
	r->cap = n <= 1024 ? 1024 : BLOCK_EVENTS_MAX;
	char *p = r->mem = mem_new(r->cap, 8 + 8 + 8 + 4 * 4);
	r->col = (uint64_t *)(void *)p;
	r->time = (int64_t *)(void *)(p + 8 * r->cap);
	r->value = (double *)(void *)(p + 16 * r->cap);
	r->user = (uint32_t *)(void *)(p + 24 * r->cap);
	r->item = r->user + r->cap;
	r->kind = r->item + r->cap;
	r->context = r->kind + r->cap;
}

static const char *get_events(struct eventr *r)
{
	struct cursor c = { r->in.b.p, r->in.b.p + r->in.b.n };
	const char *why = NULL;
	uint32_t n;

	if (r->in.b.n < 4)
		return "too short for events";
	memcpy(&n, c.p, 4);
	c.p += 4;
	if (n > BLOCK_EVENTS_MAX || n != r->in.b.records)
		return "says a number of events that cannot be";
	r->n = n;
	reserve(r, n);
	for (int d = 0; d < DICTS && !why; d++)
		why = get_strings(r, &c, (enum dict)d);
	if (why || (why = get_codes(r, &c, DICT_USER, 0, r->user)) || (why = get_codes(r, &c, DICT_ITEM, 0, r->item)) || (why = get_times(r, &c)) ||
	    (why = get_codes(r, &c, DICT_KIND, 1, r->kind)) || (why = get_values(r, &c)) || (why = get_codes(r, &c, DICT_CONTEXT, 1, r->context)))
		return why;
	return c.p == c.end ? NULL : "has bytes behind its last column";
}

static int next_block(struct eventr *r, struct event_block *b, struct err *e)
{
	int got;

	b->is_new_stream = false;
	while ((got = input_block(&r->in, KIND_EVENTS, "events", e)) > 0) {
		if (got == 2) {		/* dictionaries start afresh */
			for (int d = 0; d < DICTS; d++)
				r->dict[d].n = 0;
			arena_reset(&r->strings);
			b->is_new_stream = true;
		} else if (r->in.b.type == BLOCK_EVENTS) {
			const char *why = get_events(r);
			if (why)
				return input_bad(&r->in, e, "%s", why);
			*b = (struct event_block){ .n = r->n, .user = r->user, .item = r->item, .kind = r->kind, .context = r->context,
						   .time = r->time, .value = r->value, .users = r->dict[DICT_USER].s,
						   .items = r->dict[DICT_ITEM].s, .kinds = r->dict[DICT_KIND].s,
						   .contexts = r->dict[DICT_CONTEXT].s, .n_users = r->dict[DICT_USER].n,
						   .n_items = r->dict[DICT_ITEM].n, .is_new_stream = b->is_new_stream };
			return 1;
		} else if (input_unknown(&r->in, e)) {
			return e->code;
		}
	}
	return got;
}

int eventr_block(struct eventr *r, struct event_block *b, struct err *e)
{
	if (input_failed(&r->in, e))
		return r->in.err.code;
	if (!r->in.is_binary)
		return err_set(e, ERR_USAGE, "%s is text: it has no blocks", file_name(r->in.file));
	return input_stick(&r->in, next_block(r, b, e), e);
}

bool eventr_is_binary(const struct eventr *r)
{
	return r->in.is_binary;
}

void event_block_get(const struct event_block *b, size_t i, struct event *ev)
{
	*ev = (struct event){ .user = b->users[b->user[i]], .item = b->items[b->item[i]], .time = b->time[i],
			      .kind = b->kind[i] ? b->kinds[b->kind[i] - 1] : (struct str){ "", 0 }, .value = b->value[i],
			      .context = b->context[i] ? b->contexts[b->context[i] - 1] : (struct str){ "", 0 } };
}

int eventr_next(struct eventr *r, struct event *ev, struct err *e)
{
	while (r->at == r->b.n) {
		if (input_failed(&r->in, e))
			return r->in.err.code;
		if (!r->in.is_binary)
			return input_stick(&r->in, next_line(r, ev, e), e);
		r->at = r->b.n = 0;
		int got = eventr_block(r, &r->b, e);
		if (got <= 0) {
			r->b.n = 0;
			return got;
		}
	}
	event_block_get(&r->b, r->at++, ev);
	return 1;
}

bool eventr_pass(struct eventr *r)
{
	if (r->in.is_binary || r->in.err.code != ERR_DATA || r->in.line.no == r->passed)	/* the same line twice: it is the file */
		return false;
	r->passed = r->in.line.no;
	r->in.err = (struct err){ 0 };
	return true;
}

void eventr_where(const struct eventr *r, struct buf *out)
{
	input_where(&r->in, out);
}

int eventr_bad(const struct eventr *r, struct err *e, const char *fmt, ...)
{
	struct buf where = { 0 };
	va_list ap;

	eventr_where(r, &where);
	va_start(ap, fmt);
	err_at(e, where.p, fmt, ap);
	va_end(ap);
	buf_release(&where);
	return ERR_DATA;
}

int eventr_time(const struct eventr *r, int64_t time, const char *what, struct err *e)
{
	return time == TIME_NONE ? eventr_bad(r, e, "an event without a time, which %s needs", what) : 0;
}

int eventr_at(const struct eventr *r, struct err *e)
{
	struct buf where = { 0 };

	eventr_where(r, &where);
	err_prefix(e, "%s", where.p);
	buf_release(&where);
	return e->code;
}

uint64_t eventr_bytes(const struct eventr *r, uint64_t *total)
{
	*total = file_size(r->in.file);
	return r->in.is_binary && r->in.b.offset ? r->in.b.offset : file_consumed(r->in.file);
}

int eventr_prov(struct eventr *r, struct prov *p, struct buf *inputs, struct err *e)
{
	return input_prov(&r->in, p, inputs, e);
}
