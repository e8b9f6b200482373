#include <stdio.h>
#include <assert.h>
#include <string.h>

#include "vecs.h"
#include "vecs_in.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../num/num.h"

/*
 * VECT payload: u64 n, u64 d, u64 off[n + 1], the ids' bytes off[0]=0 .. off[n], zeros to a multiple of 64 from the payload's start,
 * then n * d float32. Because payloads start at a multiple of 64 in the file, so do the floats.
 */
enum { BLOCK_FLOATS = 1 << 20 };		/* a block of about 4 MB */

struct vecs_store {
	struct input in;			/* kept open while rows lie in its mapping */
	void **mem;				/* what was allocated for rows that do not */
	size_t n_mem, cap_mem, cap_parts;
};

static size_t pad64(size_t n) { return (n + 63) & ~(size_t)63; }

/* get_part - check a VECT payload and point into it. */
static int get_part(const struct input *in, size_t d, struct vecs_part *part, struct err *e)
{
	const unsigned char *p = in->b.p;
	uint64_t n, bd;

	if (in->b.n < 24)
		return input_bad(in, e, "too short for vectors");
	memcpy(&n, p, 8);
	memcpy(&bd, p + 8, 8);
	if (bd != d || !d)
		return input_bad(in, e, "says %llu components, the stream says %zu", (unsigned long long)bd, d);
	if (n != in->b.records || n > (in->b.n - 24) / 8)
		return input_bad(in, e, "says %llu vectors, which it cannot hold", (unsigned long long)n);
	*part = (struct vecs_part){ .off = (const uint64_t *)(const void *)(p + 16) };
	size_t ids_at = 16 + ((size_t)n + 1) * 8, room = in->b.n - ids_at;
	for (size_t i = 0; i < n; i++)
		if (part->off[i] > part->off[i + 1])
			return input_bad(in, e, "the id of vector %zu ends before it begins", i + 1);
	if (part->off[0] || part->off[n] > room)
		return input_bad(in, e, "its ids do not fit");
	part->bytes = (const char *)p + ids_at;
	for (size_t i = 0; i < n; i++)
		if (part->off[i] == part->off[i + 1])
			return input_bad(in, e, "the id of vector %zu is empty", i + 1);
	if (memchr(part->bytes, '\0', (size_t)part->off[n]))
		return input_bad(in, e, "an id has a NUL byte in it");
	size_t floats_at = pad64(ids_at + (size_t)part->off[n]), bytes;
	if (!mem_mul((size_t)n * 4, d, &bytes) || floats_at > in->b.n || in->b.n - floats_at != bytes)
		return input_bad(in, e, "%llu vectors of %zu components do not fit its size", (unsigned long long)n, d);
	part->v = (const float *)(const void *)(p + floats_at);
	for (size_t i = 0; i < n; i++)
		if (!num_is_finite(part->v + i * d, d))
			return input_bad(in, e, "vector %zu is not finite", i + 1);
	part->n = (size_t)n;
	return 0;
}

/* get_dim - the META block: "dim TAB d". */
static int get_dim(const struct input *in, size_t *d, struct err *e)
{
	const char *p = (const char *)in->b.p;
	uint64_t v;

	if (in->b.n < 6 || memcmp(p, "dim\t", 4) || p[in->b.n - 1] != '\n' || !scan_u64(p + 4, in->b.n - 5, &v) || v < 1 || v > VECS_DIM_MAX)
		return input_bad(in, e, "does not say how many components the vectors have");
	if (*d && *d != v)
		return input_bad(in, e, "vectors of %llu components behind others of %zu", (unsigned long long)v, *d);
	*d = (size_t)v;
	return 0;
}

/* next_part - the next VECT block of a binary input. 1, 0 or <0. */
static int next_part(struct input *in, size_t *d, struct vecs_part *part, struct err *e)
{
	int got;

	while ((got = input_block(in, KIND_VECTORS, "vectors", e)) > 0) {
		if (got == 2)
			continue;
		if (in->b.type == BLOCK_META)
			got = get_dim(in, d, e);
		else if (in->b.type == BLOCK_VECTORS)
			return get_part(in, *d, part, e) ? e->code : 1;
		else
			got = input_unknown(in, e);
		if (got)
			return got;
	}
	return got;
}

/* ---- whole ---- */

static void *keep(struct vecs_store *s, void *p)
{
	arr_reserve(s->mem, s->n_mem + 1, s->cap_mem);
	s->mem[s->n_mem++] = p;
	return p;
}

static void add_part(struct vecs *v, struct vecs_part part)
{
	arr_reserve(v->part, v->n_parts + 1, v->store->cap_parts);
	part.first = v->n;
	v->part[v->n_parts++] = part;
	v->n += part.n;
}

/* hold_block - a block that does not lie in a mapping is copied: its payload dies with the next one. */
static int hold_block(struct vecs *v, struct vecs_part part, struct err *e)
{
	const struct block *b = &v->store->in.b;
	const unsigned char *base;
	size_t n;

	if (!(file_map(v->store->in.file, &base, &n) && b->p >= base && b->p < base + n)) {
		unsigned char *copy = mem_try(b->n, 1, "vectors", e);
		if (!copy)
			return e->code;
		keep(v->store, copy);
		memcpy(copy, b->p, b->n);
		part.v = (const float *)(const void *)(copy + ((const unsigned char *)part.v - b->p));
		part.off = (const uint64_t *)(const void *)(copy + ((const unsigned char *)part.off - b->p));
		part.bytes = (const char *)copy + (part.bytes - (const char *)b->p);
	}
	add_part(v, part);
	return 0;
}

/* number_rows - rows that lie in the mapping, which has no ids: their numbers. */
static void number_rows(struct vecs *v, const float *at, size_t n)
{
	uint64_t *off = keep(v->store, mem_new(n + 1, sizeof *off));
	struct buf ids = { 0 };

	for (size_t i = 0; i < n; i++) {
		buf_put_u64(&ids, i);
		off[i + 1] = ids.len;
	}
	char *bytes = keep(v->store, buf_detach(&ids));
	if (n)
		add_part(v, (struct vecs_part){ .v = at, .off = off, .bytes = bytes, .n = n });
}

static int copy_rows(struct vecs *v, struct vecs_in *in, struct err *e)
{
	uint64_t *off = NULL;
	size_t cap_v = 0, cap_off = 0, n = 0;
	float *all = NULL;
	const float *row;
	struct buf ids = { 0 };
	struct str id;
	int got;

	arr_reserve(off, 1, cap_off);
	off[0] = 0;
	while ((got = vecs_in_next(in, &id, &row, e)) == 1) {
		arr_reserve(all, (n + 1) * in->d, cap_v);
		memcpy(all + n * in->d, row, in->d * sizeof *row);
		buf_put(&ids, id.p, id.len);
		n++;
		arr_reserve(off, n + 1, cap_off);
		off[n] = ids.len;
	}
	keep(v->store, all);
	keep(v->store, off);
	char *bytes = keep(v->store, buf_detach(&ids));
	if (n)
		add_part(v, (struct vecs_part){ .v = all, .off = off, .bytes = bytes, .n = n });
	return got;
}

static int load_rows(struct vecs *v, enum vecs_format format, struct err *e)
{
	struct vecs_in in;
	const float *at;
	size_t n;
	int got = vecs_in_open(&in, &v->store->in, format, true, e);

	if (!got && (got = vecs_in_mapped(&in, &at, &n, e)) == 1)
		number_rows(v, at, n);
	else if (!got)
		got = copy_rows(v, &in, e);
	v->d = in.d;
	vecs_in_release(&in);
	return got < 0 ? got : 0;
}

int vecs_load(struct vecs *v, const char *path, struct prov *p, struct buf *inputs, struct err *e)
{
	return vecs_load_as(v, path, VECS_AUTO, p, inputs, e);
}

int vecs_load_as(struct vecs *v, const char *path, enum vecs_format format, struct prov *p, struct buf *inputs, struct err *e)
{
	struct vecs_part part;
	int got;

	*v = (struct vecs){ .store = mem_new(1, sizeof *v->store) };
	if ((got = input_open(&v->store->in, path, BLOCKR_MAP, e))) {
		mem_free(v->store);
		*v = (struct vecs){ 0 };
		return got;
	}
	if (v->store->in.is_binary)
		while ((got = next_part(&v->store->in, &v->d, &part, e)) == 1 && !(got = hold_block(v, part, e)))
			;
	else
		got = load_rows(v, format, e);
	if (!got)
		got = input_prov(&v->store->in, p, inputs, e);
	if (got)
		vecs_release(v);
	return got;
}

void vecs_release(struct vecs *v)
{
	if (v->store) {
		for (size_t i = 0; i < v->store->n_mem; i++)
			mem_free(v->store->mem[i]);
		mem_free(v->store->mem);
		input_close(&v->store->in);
		mem_free(v->store);
	}
	mem_free(v->part);
	*v = (struct vecs){ 0 };
}

static const struct vecs_part *part_of(const struct vecs *v, size_t row)
{
	size_t lo = 0, hi = v->n_parts;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;
		if (v->part[mid].first <= row)
			lo = mid;
		else
			hi = mid;
	}
	return &v->part[lo];
}

struct str vecs_id(const struct vecs *v, size_t row)
{
	const struct vecs_part *p = part_of(v, row);
	const uint64_t *off = p->off + (row - p->first);

	return (struct str){ p->bytes + off[0], (size_t)(off[1] - off[0]) };
}

const float *vecs_row(const struct vecs *v, size_t row)
{
	const struct vecs_part *p = part_of(v, row);

	return p->v + (row - p->first) * v->d;
}

/* ---- row by row ---- */

struct vecsr {
	struct input in;
	struct vecs_in rows;		/* not binary */
	size_t d, at;
	struct vecs_part part;		/* binary: the block at hand, row `at` comes next */
};

struct vecsr *vecsr_open_as(const char *path, enum vecs_format format, struct err *e)
{
	struct vecsr *r = mem_new(1, sizeof *r);

	if (input_open(&r->in, path, BLOCKR_MAP, e)) {
		mem_free(r);
		return NULL;
	}
	if (!r->in.is_binary && vecs_in_open(&r->rows, &r->in, format, false, e)) {
		vecsr_close(r);
		return NULL;
	}
	return r;
}

enum vecs_format vecsr_format(const struct vecsr *r)
{
	return r->in.is_binary ? VECS_AUTO : r->rows.format;
}

int vecsr_next(struct vecsr *r, struct str *id, const float **v, size_t *d, struct err *e)
{
	int got;

	if (!r->in.is_binary) {
		if ((got = input_failed(&r->in, e)))
			return got;
		got = vecs_in_next(&r->rows, id, v, e);
		*d = r->rows.d;
		return input_stick(&r->in, got, e);
	}
	while (r->at == r->part.n) {
		r->at = r->part.n = 0;
		if ((got = input_failed(&r->in, e)) || (got = input_stick(&r->in, next_part(&r->in, &r->d, &r->part, e), e)) <= 0)
			return got;
	}
	const uint64_t *off = r->part.off + r->at;
	*id = (struct str){ r->part.bytes + off[0], (size_t)(off[1] - off[0]) };
	*v = r->part.v + r->at++ * r->d;
	*d = r->d;
	return 1;
}

int vecsr_prov(struct vecsr *r, struct prov *p, struct buf *inputs, struct err *e)
{
	return input_prov(&r->in, p, inputs, e);
}

void vecsr_close(struct vecsr *r)
{
	if (!r)
		return;
	vecs_in_release(&r->rows);
	input_close(&r->in);
	mem_free(r);
}

/* ---- writing ---- */

struct vecsw {
	struct sink *s;
	size_t d, n, rows;		/* rows a block */
	struct blockw *w;		/* NULL: text, or words */
	enum vecs_format words;		/* VECS_W2V, VECS_W2V_BIN; else VECS_AUTO */
	uint64_t n_words, n_promised;	/* rows so far, and of the head: VECSW_UNKNOWN while that is not written */
	struct buf ids, line, payload;	/* words: payload is what the head has to come before */
	uint64_t *off;
	float *v;
};

struct vecsw *vecsw_new(struct sink *s, size_t d, bool is_binary, struct err *e)
{
	struct vecsw *w = mem_new(1, sizeof *w);

	w->s = s;
	w->d = d;
	if (!is_binary)
		return w;
	w->rows = d ? BLOCK_FLOATS / d : 1;
	w->rows = w->rows ? w->rows : 1;
	w->off = mem_new(w->rows + 1, sizeof *w->off);
	w->v = mem_new(w->rows * (d ? d : 1), sizeof *w->v);
	buf_printf(&w->line, "dim\t%zu\n", d);
	if (!(w->w = blockw_new(s, KIND_VECTORS, e)) || blockw_write(w->w, BLOCK_META, 0, BLOCK_RAW, 0, 0, w->line.p, w->line.len, e)) {
		vecsw_free(w);
		return NULL;
	}
	return w;
}

static int write_head(struct vecsw *w, uint64_t n, struct err *e)
{
	buf_reset(&w->line);
	buf_printf(&w->line, "%llu %zu\n", (unsigned long long)n, w->d);
	return sink_write(w->s, w->line.p, w->line.len, e);
}

struct vecsw *vecsw_new_words(struct sink *s, size_t d, enum vecs_format format, uint64_t n, struct err *e)
{
	struct vecsw *w = vecsw_new(s, d, false, e);

	w->words = format;
	w->n_promised = n;
	if (n != VECSW_UNKNOWN && write_head(w, n, e)) {
		vecsw_free(w);
		return NULL;
	}
	return w;
}

void vecsw_free(struct vecsw *w)
{
	if (!w)
		return;
	blockw_free(w->w);
	buf_release(&w->ids);
	buf_release(&w->line);
	buf_release(&w->payload);
	mem_free(w->off);
	mem_free(w->v);
	mem_free(w);
}

static int flush_vectors(struct vecsw *w, struct err *e)
{
	static const char zero[64];
	struct buf *b = &w->payload;

	if (!w->n)
		return 0;
	buf_reset(b);
	buf_put_le64(b, w->n);
	buf_put_le64(b, w->d);
	for (size_t i = 0; i <= w->n; i++)
		buf_put_le64(b, w->off[i]);
	buf_put(b, w->ids.p, w->ids.len);
	buf_put(b, zero, pad64(b->len) - b->len);
	buf_put(b, w->v, w->n * w->d * sizeof *w->v);
	int r = blockw_write(w->w, BLOCK_VECTORS, 0, BLOCK_RAW, 0, w->n, b->p, b->len, e);
	w->n = 0;
	buf_reset(&w->ids);
	return r;
}

static int write_word(struct vecsw *w, struct str id, const float *v, struct err *e)
{
	struct buf *b = w->n_promised == VECSW_UNKNOWN ? &w->payload : &w->line;
	char clip[ERR_CLIP_MAX];

	for (size_t i = 0; i < id.len || !id.len; i++)
		if (!id.len || !id.p[i] || strchr(" \t\n\v\f\r", id.p[i]))
			return err_set(e, ERR_DATA, "the id '%s' %s: the formats of word2vec cannot hold it", err_clip(clip, id.p, id.len), id.len ? "has a blank, a newline or a NUL byte in it" : "is empty");
	if (w->words == VECS_W2V_BIN && id.len > VECS_WORD_MAX)
		return err_set(e, ERR_DATA, "the id '%s' has %zu bytes: word2vec's binary format is read with at most %d", err_clip(clip, id.p, id.len), id.len, VECS_WORD_MAX);
	if (b == &w->line)
		buf_reset(b);
	buf_put(b, id.p, id.len);
	for (size_t i = 0; i < w->d && w->words == VECS_W2V; i++) {
		buf_putc(b, ' ');
		buf_put_f32(b, v[i]);
	}
	if (w->words == VECS_W2V_BIN) {
		buf_putc(b, ' ');
		buf_put(b, v, w->d * sizeof *v);
	}
	buf_putc(b, '\n');
	w->n_words++;
	return b == &w->line ? sink_write(w->s, b->p, b->len, e) : 0;
}

int vecsw_write(struct vecsw *w, struct str id, const float *v, struct err *e)
{
	if (w->words)
		return write_word(w, id, v, e);
	if (w->w) {
		memcpy(w->v + w->n * w->d, v, w->d * sizeof *v);
		buf_put(&w->ids, id.p, id.len);
		w->off[++w->n] = w->ids.len;
		return w->n == w->rows ? flush_vectors(w, e) : 0;
	}
	buf_reset(&w->line);
	tsv_put(&w->line, id.p, id.len);
	for (size_t i = 0; i < w->d; i++) {
		buf_putc(&w->line, '\t');
		buf_put_f32(&w->line, v[i]);
	}
	buf_putc(&w->line, '\n');
	return sink_write(w->s, w->line.p, w->line.len, e);
}

int vecsw_finish(struct vecsw *w, const struct prov *p, struct err *e)
{
	int r;

	if (w->words && w->n_promised == VECSW_UNKNOWN)
		return (r = write_head(w, w->n_words, e)) ? r : sink_write(w->s, w->payload.p, w->payload.len, e);
	assert(!w->words || w->n_words == w->n_promised);
	if (!w->w)
		return 0;
	if ((r = flush_vectors(w, e)) || (p && (r = prov_write(p, w->w, e))))
		return r;
	return blockw_finish(w->w, e);
}
