/*
 * event_write - writing a log. A binary one is a pipeline of three: events are held, copied, in batches; the dictionaries turn a batch into columns of codes; a block's columns are packed and
 * written. On one thread each follows the other. Where more may work, the second and the third have a thread each (stage.h), and each fills one of two places while the next empties
 * the other; a thread starts when there is a second batch or block, so that a small log costs none. What is handed on is all that the next one sees: the strings new in a
 * block go with it as they will stand in the file. The bytes do not depend on any of this.
 */
#include <string.h>

#include "column.h"
#include "event.h"
#include "event_codec.h"
#include "../base/mem.h"
#include "../base/par.h"
#include "../base/scan.h"
#include "../base/stage.h"
#include "../io/zpack.h"

enum { BLOCK_LEVEL = 2 };
#define NEW_STRINGS_MAX ((size_t)64 << 20)
static const uint16_t scales[] = { 1, 2, 10, 100, 1000 };

struct rows {
	size_t n;
	uint32_t *code[DICTS];		/* of kind and context + 1 */
	int64_t *time;
	double *value;
	void *mem;
	struct buf strings;
};

struct held { struct event *ev; char *bytes; size_t n, fill; };	/* a batch; its strings lie in bytes */

struct eventw {
	struct sink *s;
	struct blockw *w;		/* NULL: text */
	struct buf line;
	int n_threads;
	/* held: the caller's */
	struct held held[2], *hold;
	size_t hold_max, hold_bytes;
	/* gathered: the second stage's */
	struct stage gatherer;
	struct vocab dict[DICTS];
	size_t known[DICTS];		/* strings of each dictionary already handed over */
	size_t flushed_bytes;		/* of all dictionaries at that time */
	struct rows rows[2], *now;	/* now: being filled */
	bool is_full;
	/* packed: the third's */
	struct stage packer;
	uint64_t *col;
	double *val;
	struct buf payload, tmp;
	struct zpack z;
};

enum { BATCH = 128, HELD = 8192, HELD_EVENT_BYTES = 128 };	/* BATCH: what stays in the first cache; HELD: what is worth waking a thread for */

/* new_rows - pages are taken as they fill. */
static void new_rows(struct rows *r)
{
	char *p = r->mem = mem_new(BLOCK_EVENTS_MAX, 8 + 8 + DICTS * 4);

	r->time = (int64_t *)(void *)p;
	r->value = (double *)(void *)(p + 8 * BLOCK_EVENTS_MAX);
	for (int d = 0; d < DICTS; d++)
		r->code[d] = (uint32_t *)(void *)(p + (size_t)(16 + 4 * d) * BLOCK_EVENTS_MAX);
}

/* hold_up_to - so many events, in two places when there will be a thread. */
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

void eventw_free(struct eventw *w)
{
	if (!w)
		return;
	stage_end(&w->gatherer);
	stage_end(&w->packer);
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

static int pack(void *w, void *rows, struct err *e) { return pack_rows(w, rows, e); }

/* start - a thread for a step, where there may be one. */
static bool start(struct eventw *w, struct stage *s, int (*fn)(void *w, void *work, struct err *e))
{
	if (s->has_thread || w->n_threads == 1)
		return false;
	if (!stage_start(s, fn, w))
		w->n_threads = 1;
	return s->has_thread;
}

static int fail(const struct stage *s, struct err *e)
{
	return err_set(e, s->err.code, "%s", s->err.msg);
}

/* flush_rows - what was gathered goes to the packer, or is packed here: when there is none, and at the end. */
static int flush_rows(struct eventw *w, bool is_end, struct err *e)
{
	if (!is_end && start(w, &w->packer, pack))
		new_rows(&w->rows[1]);
	w->is_full = false;
	if (stage_wait(&w->packer))
		return fail(&w->packer, e);
	if (!w->now->n)
		return 0;
	take_strings(w);
	if (is_end || !w->packer.has_thread)
		return pack_rows(w, w->now, &w->packer.err) ? fail(&w->packer, e) : 0;
	stage_give(&w->packer, w->now);
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

static int gather_held(void *w, void *held, struct err *e)
{
	struct held *h = held;
	size_t n = h->n;

	h->n = h->fill = 0;
	return gather(w, h->ev, n, e);
}

/* flush_held - the batch goes to the gatherer, or is gathered here. */
static int flush_held(struct eventw *w, bool is_end, struct err *e)
{
	if (!is_end && w->hold_max == HELD)
		start(w, &w->gatherer, gather_held);
	if (stage_wait(&w->gatherer))
		return fail(&w->gatherer, e);
	if (is_end || !w->gatherer.has_thread)
		return gather_held(w, w->hold, &w->gatherer.err) ? fail(&w->gatherer, e) : 0;
	stage_give(&w->gatherer, w->hold);
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
		return stage_wait(&w->gatherer) ? fail(&w->gatherer, e) : gather(w, ev, 1, e);
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

static int write_text(struct eventw *w, const struct event *ev, struct err *e)
{
	buf_reset(&w->line);
	put_line(&w->line, ev);
	return sink_write(w->s, w->line.p, w->line.len, e);
}

int eventw_write(struct eventw *w, const struct event *ev, struct err *e)
{
	return w->w ? hold(w, ev, e) : write_text(w, ev, e);
}

int eventw_finish(struct eventw *w, const struct prov *p, struct err *e)
{
	int r;

	if (!w->w)
		return 0;
	if (!(r = flush_held(w, true, e)))
		r = flush_rows(w, true, e);
	stage_end(&w->gatherer);
	stage_end(&w->packer);
	if (r || (p && (r = prov_write(p, w->w, e))))
		return r;
	return blockw_finish(w->w, e);
}

void eventw_counts(const struct eventw *w, size_t *users, size_t *items)
{
	*users = w->dict[DICT_USER].n;
	*items = w->dict[DICT_ITEM].n;
}
