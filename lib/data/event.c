#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "column.h"
#include "event.h"
#include "input.h"
#include "../base/mem.h"
#include "../base/par.h"
#include "../base/scan.h"
#include "../io/zpack.h"

/*
 * The EVNT payload (taste-format(5) has the table): u32 n, the strings new in this block for four dictionaries, then nine columns, each a byte saying how it is packed, a
 * varint length, and its bytes. A block's columns are unpacked into arrays at once, and events are handed out of those.
 */
enum { BLOCK_EVENTS_MAX = 65536, BLOCK_LEVEL = 2, DICTS = 4, COLUMNS = 6 };
enum dict { DICT_USER, DICT_ITEM, DICT_KIND, DICT_CONTEXT };
enum { SCALE_RAW = 0 };
#define NEW_STRINGS_MAX ((size_t)64 << 20)

static const char *const column_name[COLUMNS] = { "user", "item", "time", "event", "value", "context" };
static const uint16_t scales[] = { 1, 2, 10, 100, 1000 };

/* ---- reading ---- */

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
		r->column[c] = SIZE_MAX;
		for (int64_t i = 0; i < n; i++)
			if (r->field[i].len == strlen(column_name[c]) && !memcmp(r->field[i].p, column_name[c], r->field[i].len))
				r->column[c] = (size_t)i;
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

uint64_t eventr_bytes(const struct eventr *r, uint64_t *total)
{
	*total = file_size(r->in.file);
	return r->in.is_binary && r->in.b.offset ? r->in.b.offset : file_consumed(r->in.file);
}

int eventr_prov(struct eventr *r, struct prov *p, struct buf *inputs, struct err *e)
{
	return input_prov(&r->in, p, inputs, e);
}

/* ---- writing ---- */

/*
 * Writing a binary log is a pipeline of three: events are held, copied, in batches; the dictionaries turn a batch into columns of codes; a block's columns are packed and
 * written. On one thread each follows the other. Where more may work, the second and the third have a worker each, and each stage fills one of two places while the next empties
 * the other; a worker starts when there is a second batch or block, so that a small log costs none. What a stage hands on is all that the next one sees: the strings new in a
 * block go with it as they will stand in the file. The bytes do not depend on any of this.
 */
struct rows {
	size_t n;
	uint32_t *code[DICTS];		/* of kind and context + 1 */
	int64_t *time;
	double *value;
	void *mem;
	struct buf strings;
};

struct held { struct event *ev; char *bytes; size_t n, fill; };	/* a batch; its strings lie in bytes */

struct worker {
	int (*fn)(struct eventw *w, void *work, struct err *e);
	struct eventw *w;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	void *work;			/* in hand; NULL: it waits */
	bool has_thread, is_ending;
	struct err err;			/* the first there was; read after worker_wait */
};

struct eventw {
	struct sink *s;
	struct blockw *w;		/* NULL: text */
	struct buf line;
	int n_threads;
	/* held: the caller's */
	struct held held[2], *hold;
	size_t hold_max, hold_bytes;
	/* gathered: the second stage's */
	struct worker gatherer;
	struct vocab dict[DICTS];
	size_t known[DICTS];		/* strings of each dictionary already handed over */
	size_t flushed_bytes;		/* of all dictionaries at that time */
	struct rows rows[2], *now;	/* now: being filled */
	bool is_full;
	/* packed: the third's */
	struct worker packer;
	uint64_t *col;
	double *val;
	struct buf payload, tmp;
	struct zpack z;
};

enum { BATCH = 128, HELD = 8192, HELD_EVENT_BYTES = 128 };	/* BATCH: what stays in the first cache; HELD: what is worth waking a worker for */

/* new_rows - pages are taken as they fill. */
static void new_rows(struct rows *r)
{
	char *p = r->mem = mem_new(BLOCK_EVENTS_MAX, 8 + 8 + DICTS * 4);

	r->time = (int64_t *)(void *)p;
	r->value = (double *)(void *)(p + 8 * BLOCK_EVENTS_MAX);
	for (int d = 0; d < DICTS; d++)
		r->code[d] = (uint32_t *)(void *)(p + (size_t)(16 + 4 * d) * BLOCK_EVENTS_MAX);
}

/* hold_up_to - so many events, in two places when there will be a worker. */
static void hold_up_to(struct eventw *w, size_t n)
{
	for (int i = 0; i < (n > BATCH ? 2 : 1); i++) {
		mem_free(w->held[i].ev);
		mem_free(w->held[i].bytes);
		w->held[i] = (struct held){ mem_new(n, sizeof(struct event)), mem_new(n, HELD_EVENT_BYTES), 0, 0 };
	}
	w->hold = &w->held[0];
	w->hold_max = n;
	w->hold_bytes = n * HELD_EVENT_BYTES;
}

struct eventw *eventw_new(struct sink *s, enum event_format format, struct err *e)
{
	static const char header[] = "user\titem\ttime\tevent\tvalue\tcontext\n";
	struct eventw *w = mem_new(1, sizeof *w);
	int r = 0;

	w->s = s;
	w->n_threads = 1;
	if (format == EVENT_TSV_HEADER)
		r = sink_write(s, header, sizeof header - 1, e);
	if (format == EVENT_BINARY) {
		new_rows(w->now = &w->rows[0]);
		hold_up_to(w, BATCH);
		w->col = mem_new(BLOCK_EVENTS_MAX, sizeof *w->col);
		w->val = mem_new(BLOCK_EVENTS_MAX, sizeof *w->val);
		w->w = blockw_new(s, KIND_EVENTS, e);
	}
	if (r || (format == EVENT_BINARY && !w->w)) {
		eventw_free(w);
		return NULL;
	}
	return w;
}

void eventw_threads(struct eventw *w, int n)
{
	w->n_threads = n > 0 ? n : par_cpus();
	if (w->w && w->n_threads > 1 && w->hold_max == BATCH && !w->hold->n)
		hold_up_to(w, HELD);
}

/* ---- packing a block ---- */

enum { PARTS_MAX = 12, PART_MIN = 512, SMALL = 16 << 10 };

/* Where the payload is cut for the packer: strings, and each column with the short ones before it. */
struct parts { size_t end[PARTS_MAX], n; };

static void end_part(const struct eventw *w, struct parts *p)
{
	size_t from = p->n ? p->end[p->n - 1] : 0;

	if (w->payload.len - from >= PART_MIN)
		p->end[p->n++] = w->payload.len;
}

static void put_col(struct eventw *w, size_t n, struct parts *p)
{
	column_put(&w->payload, w->col, n, &w->tmp);
	end_part(w, p);
}

static void put_codes(struct eventw *w, const struct rows *r, enum dict d, struct parts *p)
{
	const uint32_t *code = r->code[d];

	for (size_t i = 0; i < r->n; i++)
		w->col[i] = code[i];
	put_col(w, r->n, p);
}

static void put_times(struct eventw *w, const struct rows *r, struct parts *p)
{
	size_t k = 0;

	for (size_t i = 0; i < r->n; i++)
		w->col[i] = r->time[i] != TIME_NONE;
	put_col(w, r->n, p);
	for (size_t i = 0; i < r->n; i++) {
		w->col[k] = zigzag(r->time[i]);
		k += r->time[i] != TIME_NONE;
	}
	put_col(w, k, p);
}

/* scale_of - the smallest divisor with which every value is a whole number over it, exactly; SCALE_RAW when there is none. */
static unsigned scale_of(const double *v, size_t n)
{
	for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
		size_t i = 0;
		for (; i < n; i++) {
			double x = v[i] * scales[s];
			if (!(fabs(x) < 0x1p53) || (double)(int64_t)(x < 0 ? x - 0.5 : x + 0.5) / scales[s] != v[i] || (v[i] == 0 && signbit(v[i])))
				break;
		}
		if (i == n)
			return scales[s];
	}
	return SCALE_RAW;
}

static void put_values(struct eventw *w, const struct rows *r, struct parts *p)
{
	size_t k = 0;

	for (size_t i = 0; i < r->n; i++)
		w->col[i] = !isnan(r->value[i]);
	put_col(w, r->n, p);
	for (size_t i = 0; i < r->n; i++) {
		w->val[k] = r->value[i];
		k += !isnan(r->value[i]);
	}
	unsigned scale = scale_of(w->val, k);
	buf_put_varint(&w->payload, scale);
	if (scale == SCALE_RAW) {
		column_put_f64(&w->payload, w->val, k);
		end_part(w, p);
		return;
	}
	for (size_t i = 0; i < k; i++) {
		double x = w->val[i] * scale;
		w->col[i] = zigzag((int64_t)(x < 0 ? x - 0.5 : x + 0.5));
	}
	put_col(w, k, p);
}

static int pack_rows(struct eventw *w, struct rows *r, struct err *e)
{
	struct parts p = { .n = 0 };
	struct buf *b = &w->payload;
	uint64_t n = r->n;

	buf_reset(b);
	buf_put_le32(b, (uint32_t)n);
	buf_put(b, r->strings.p, r->strings.len);
	end_part(w, &p);
	put_codes(w, r, DICT_USER, &p);
	put_codes(w, r, DICT_ITEM, &p);
	put_times(w, r, &p);
	put_codes(w, r, DICT_KIND, &p);
	put_values(w, r, &p);
	put_codes(w, r, DICT_CONTEXT, &p);
	buf_reset(&r->strings);
	r->n = 0;
	if (b->len < SMALL || b->len > BLOCK_PACKED_MAX)	/* small: one code for all is shorter; too large: it says so */
		return blockw_write(w->w, BLOCK_EVENTS, 0, BLOCK_ZLIB, BLOCK_LEVEL, n, b->p, b->len, e);
	zpack_begin(&w->z, BLOCK_LEVEL);
	p.end[p.n - 1] = b->len;
	for (size_t i = 0, from = 0; i < p.n; from = p.end[i++])
		zpack_put(&w->z, b->p + from, p.end[i] - from);
	zpack_end(&w->z);
	return blockw_write_packed(w->w, BLOCK_EVENTS, 0, n, b->p, b->len, w->z.out.p, w->z.out.len, e);
}

/* ---- workers ---- */

static void *worker_main(void *arg)
{
	struct worker *k = arg;
	struct err e = { 0 };

	pthread_mutex_lock(&k->lock);
	for (;;) {
		while (!k->work && !k->is_ending)
			pthread_cond_wait(&k->turn, &k->lock);
		if (!k->work)
			break;
		pthread_mutex_unlock(&k->lock);
		int r = k->fn(k->w, k->work, &e);
		pthread_mutex_lock(&k->lock);
		if (r && !k->err.code)
			k->err = e;
		k->work = NULL;
		pthread_cond_signal(&k->turn);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

/* worker_start - false where no thread is to be had: whoever asked then does the work, and the file is the same. */
static bool worker_start(struct worker *k, struct eventw *w, int (*fn)(struct eventw *, void *, struct err *))
{
	k->w = w;
	k->fn = fn;
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->turn, NULL);
	k->has_thread = !pthread_create(&k->thread, NULL, worker_main, k);
	if (k->has_thread)
		return true;
	w->n_threads = 1;
	pthread_cond_destroy(&k->turn);
	pthread_mutex_destroy(&k->lock);
	return false;
}

/* worker_wait - until it has nothing to do. From here to worker_give its things are the caller's. */
static int worker_wait(struct worker *k)
{
	if (!k->has_thread)
		return k->err.code;
	pthread_mutex_lock(&k->lock);
	while (k->work)
		pthread_cond_wait(&k->turn, &k->lock);
	pthread_mutex_unlock(&k->lock);
	return k->err.code;
}

static void worker_give(struct worker *k, void *work)
{
	pthread_mutex_lock(&k->lock);
	k->work = work;
	pthread_cond_signal(&k->turn);
	pthread_mutex_unlock(&k->lock);
}

static void worker_end(struct worker *k)
{
	if (!k->has_thread)
		return;
	pthread_mutex_lock(&k->lock);
	k->is_ending = true;
	pthread_cond_signal(&k->turn);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	pthread_cond_destroy(&k->turn);
	pthread_mutex_destroy(&k->lock);
	k->has_thread = false;
}

static int fail(const struct worker *k, struct err *e)
{
	return err_set(e, k->err.code, "%s", k->err.msg);
}

void eventw_free(struct eventw *w)
{
	if (!w)
		return;
	worker_end(&w->gatherer);
	worker_end(&w->packer);
	blockw_free(w->w);
	for (int i = 0; i < DICTS; i++)
		vocab_release(&w->dict[i]);
	for (int i = 0; i < 2; i++) {
		mem_free(w->rows[i].mem);
		buf_release(&w->rows[i].strings);
		mem_free(w->held[i].ev);
		mem_free(w->held[i].bytes);
	}
	buf_release(&w->line);
	buf_release(&w->payload);
	buf_release(&w->tmp);
	zpack_release(&w->z);
	mem_free(w->col);
	mem_free(w->val);
	mem_free(w);
}

/* ---- gathering ---- */

static size_t dict_bytes(const struct eventw *w)
{
	size_t bytes = 0;

	for (int d = 0; d < DICTS; d++)
		bytes += w->dict[d].bytes.bytes;
	return bytes;
}

/* take_strings - those new since the last block, as the block will say them. */
static void take_strings(struct eventw *w)
{
	struct buf *b = &w->now->strings;

	for (int d = 0; d < DICTS; d++) {
		const struct vocab *v = &w->dict[d];
		buf_put_varint(b, v->n - w->known[d]);
		for (size_t i = w->known[d]; i < v->n; i++)
			buf_put_varint(b, v->str[i].len);
		for (size_t i = w->known[d]; i < v->n; i++)
			buf_put(b, v->str[i].p, v->str[i].len);
		w->known[d] = v->n;
	}
	w->flushed_bytes = dict_bytes(w);
}

static int pack(struct eventw *w, void *rows, struct err *e) { return pack_rows(w, rows, e); }

/* flush_rows - what was gathered goes to the packer, or is packed here: when there is none, and at the end. */
static int flush_rows(struct eventw *w, bool is_end, struct err *e)
{
	if (!is_end && w->n_threads > 1 && !w->packer.has_thread && worker_start(&w->packer, w, pack))
		new_rows(&w->rows[1]);
	w->is_full = false;
	if (worker_wait(&w->packer))
		return fail(&w->packer, e);
	if (!w->now->n)
		return 0;
	take_strings(w);
	if (is_end || !w->packer.has_thread)
		return pack_rows(w, w->now, &w->packer.err) ? fail(&w->packer, e) : 0;
	worker_give(&w->packer, w->now);
	w->now = &w->rows[w->now == &w->rows[0]];
	return 0;
}

static const struct str *field_of(const struct event *ev, int d)
{
	return d == DICT_USER ? &ev->user : d == DICT_ITEM ? &ev->item : d == DICT_KIND ? &ev->kind : &ev->context;
}

/* note_full - a block also ends when its new strings are long, so that it stays far below BLOCK_PACKED_MAX. It goes out when the next event comes. */
static void note_full(struct eventw *w)
{
	w->is_full = w->now->n == BLOCK_EVENTS_MAX || dict_bytes(w) - w->flushed_bytes > NEW_STRINGS_MAX;
}

static void add_event(struct eventw *w, const struct event *ev)
{
	struct rows *r = w->now;

	for (int d = 0; d < DICTS; d++) {
		const struct str *s = field_of(ev, d);
		bool may_miss = d >= DICT_KIND;
		r->code[d][r->n] = may_miss && !s->len ? 0 : vocab_add(&w->dict[d], s->p, s->len) + may_miss;
	}
	r->time[r->n] = ev->time;
	r->value[r->n++] = ev->value;
}

/* add_codes - of one column of up to BATCH events. */
static void add_codes(struct eventw *w, int d, const struct event *ev, size_t n)
{
	struct str key[BATCH] = { { 0 } };
	uint32_t *to = w->now->code[d] + w->now->n, got[BATCH];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const struct str *s = field_of(&ev[i], d);
		key[k] = *s;
		k += d < DICT_KIND || s->len;
	}
	if (d < DICT_KIND) {
		vocab_add_many(&w->dict[d], key, n, to);
		return;
	}
	vocab_add_many(&w->dict[d], key, k, got);
	k = 0;
	for (size_t i = 0; i < n; i++)
		to[i] = field_of(&ev[i], d)->len ? got[k++] + 1 : 0;
}

/* may_end - could the strings of these events, were they all new, end the block? Then they go one by one, to end it where it must. */
static bool may_end(const struct eventw *w, const struct event *ev, size_t n)
{
	size_t bytes = dict_bytes(w) - w->flushed_bytes;

	for (size_t i = 0; i < n; i++)
		bytes += ev[i].user.len + ev[i].item.len + ev[i].kind.len + ev[i].context.len + DICTS;
	return bytes > NEW_STRINGS_MAX;
}

/* gather - events into columns. */
static int gather(struct eventw *w, const struct event *ev, size_t n, struct err *e)
{
	int r;

	for (size_t at = 0, k; at < n; at += k) {
		if (w->is_full && (r = flush_rows(w, false, e)))
			return r;
		k = BLOCK_EVENTS_MAX - w->now->n;
		k = k < BATCH ? k : BATCH;
		k = k < n - at ? k : n - at;
		if (k == 1 || may_end(w, ev + at, k)) {
			add_event(w, &ev[at]);
			k = 1;
		} else {
			for (int d = 0; d < DICTS; d++)
				add_codes(w, d, ev + at, k);
			for (size_t i = 0; i < k; i++) {
				w->now->time[w->now->n] = ev[at + i].time;
				w->now->value[w->now->n++] = ev[at + i].value;
			}
		}
		note_full(w);
	}
	return 0;
}

static int gather_held(struct eventw *w, void *held, struct err *e)
{
	struct held *h = held;
	size_t n = h->n;

	h->n = h->fill = 0;
	return gather(w, h->ev, n, e);
}

/* flush_held - the batch goes to the gatherer, or is gathered here. */
static int flush_held(struct eventw *w, bool is_end, struct err *e)
{
	if (!is_end && w->hold_max == HELD && !w->gatherer.has_thread)
		worker_start(&w->gatherer, w, gather_held);
	if (worker_wait(&w->gatherer))
		return fail(&w->gatherer, e);
	if (is_end || !w->gatherer.has_thread)
		return gather_held(w, w->hold, &w->gatherer.err) ? fail(&w->gatherer, e) : 0;
	worker_give(&w->gatherer, w->hold);
	w->hold = &w->held[w->hold == &w->held[0]];
	return 0;
}

static void hold_str(struct held *h, struct str *s)
{
	char *to = h->bytes + h->fill;

	if (s->len)
		memcpy(to, s->p, s->len);
	h->fill += s->len;
	s->p = to;
}

/* hold - a copy of the event: 50 bytes moved are nothing beside the misses that a look-up alone waits for. */
static int hold(struct eventw *w, const struct event *ev, struct err *e)
{
	size_t len = ev->user.len + ev->item.len + ev->kind.len + ev->context.len;
	int r;

	if ((w->hold->n == w->hold_max || len > w->hold_bytes - w->hold->fill) && (r = flush_held(w, false, e)))
		return r;
	if (len > w->hold_bytes)
		return worker_wait(&w->gatherer) ? fail(&w->gatherer, e) : gather(w, ev, 1, e);
	struct event *to = &w->hold->ev[w->hold->n++];
	*to = *ev;
	hold_str(w->hold, &to->user);
	hold_str(w->hold, &to->item);
	hold_str(w->hold, &to->kind);
	hold_str(w->hold, &to->context);
	return 0;
}

/* ---- text ---- */

static void put_line(struct buf *b, const struct event *ev)
{
	tsv_put(b, ev->user.p, ev->user.len);
	buf_putc(b, '\t');
	tsv_put(b, ev->item.p, ev->item.len);
	buf_putc(b, '\t');
	if (ev->time != TIME_NONE)
		buf_put_i64(b, ev->time);
	buf_putc(b, '\t');
	tsv_put(b, ev->kind.p, ev->kind.len);
	buf_putc(b, '\t');
	if (!isnan(ev->value))
		buf_put_f64(b, ev->value);
	buf_putc(b, '\t');
	tsv_put(b, ev->context.p, ev->context.len);
	buf_putc(b, '\n');
}

static int write_text(struct eventw *w, const struct event *ev, size_t n, struct err *e)
{
	enum { LINES_BYTES = 16 << 10 };	/* at once to the sink */
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		put_line(&w->line, &ev[i]);
		if (i + 1 == n || w->line.len >= LINES_BYTES) {
			r = sink_write(w->s, w->line.p, w->line.len, e);
			buf_reset(&w->line);
		}
	}
	return r;
}

int eventw_write(struct eventw *w, const struct event *ev, struct err *e)
{
	return w->w ? hold(w, ev, e) : write_text(w, ev, 1, e);
}

int eventw_write_many(struct eventw *w, const struct event *ev, size_t n, struct err *e)
{
	int r = 0;

	if (!w->w)
		return write_text(w, ev, n, e);
	if (w->hold_max == BATCH)	/* nobody to hand it to */
		return w->hold->n && (r = flush_held(w, false, e)) ? r : gather(w, ev, n, e);
	for (size_t i = 0; i < n && !r; i++)
		r = hold(w, &ev[i], e);
	return r;
}

int eventw_finish(struct eventw *w, const struct prov *p, struct err *e)
{
	int r;

	if (!w->w)
		return 0;
	if (!(r = flush_held(w, true, e)))
		r = flush_rows(w, true, e);
	worker_end(&w->gatherer);
	worker_end(&w->packer);
	if (r || (p && (r = prov_write(p, w->w, e))))
		return r;
	return blockw_finish(w->w, e);
}

void eventw_counts(const struct eventw *w, size_t *users, size_t *items)
{
	*users = w->dict[DICT_USER].n;
	*items = w->dict[DICT_ITEM].n;
}
