#define XXH_INLINE_ALL
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "artifact.h"
#include "artifact_codec.h"
#include "../base/mem.h"

struct artifactw {
	struct blockw *w;
	struct buf meta, payload;
	bool has_meta;			/* written */
};

struct artifactw *artifactw_new(struct sink *s, enum block_kind kind, const char *model, struct err *e)
{
	struct artifactw *a = mem_new(1, sizeof *a);

	if (!(a->w = blockw_new(s, kind, e))) {
		artifactw_free(a);
		return NULL;
	}
	artifactw_meta(a, "kind", "%s", model);
	return a;
}

void artifactw_free(struct artifactw *a)
{
	if (!a)
		return;
	blockw_free(a->w);
	buf_release(&a->meta);
	buf_release(&a->payload);
	mem_free(a);
}

void artifactw_meta(struct artifactw *a, const char *key, const char *fmt, ...)
{
	struct buf v = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&v, fmt, ap);
	va_end(ap);
	tsv_put(&a->meta, key, strlen(key));
	buf_putc(&a->meta, '\t');
	tsv_put(&a->meta, v.p, v.len);
	buf_putc(&a->meta, '\n');
	buf_release(&v);
}

static int flush_meta(struct artifactw *a, struct err *e)
{
	if (a->has_meta)
		return 0;
	a->has_meta = true;
	return blockw_write(a->w, BLOCK_META, 0, BLOCK_RAW, 0, 0, a->meta.p, a->meta.len, e);
}

/* tensor_head - the 64 bytes before the elements; *bytes of elements. */
static int tensor_head(unsigned char h[TENSOR_HEAD], const char *name, enum dtype t, size_t ndim, const uint64_t *dim, size_t *bytes, struct err *e)
{
	struct buf b = { 0 };
	char padded[NAME_MAX_BYTES] = { 0 };

	*bytes = dtype_size(t);
	for (size_t i = 0; i < ndim; i++)
		if (!mem_mul(*bytes, (size_t)dim[i], bytes))
			return err_set(e, ERR_MEM, "tensor %s is larger than memory", name);
	memcpy(padded, name, strnlen(name, NAME_MAX_BYTES - 1));
	buf_put(&b, padded, sizeof padded);
	buf_put_le32(&b, t);
	buf_put_le32(&b, (uint32_t)ndim);
	for (size_t i = 0; i < DIMS; i++)
		buf_put_le64(&b, i < ndim ? dim[i] : 1);
	memcpy(h, b.p, TENSOR_HEAD);
	buf_release(&b);
	return 0;
}

int artifactw_tensor(struct artifactw *a, const char *name, enum dtype t, size_t ndim, const uint64_t *dim, const void *data, struct err *e)
{
	unsigned char head[TENSOR_HEAD];
	struct buf *b = &a->payload;
	size_t bytes;
	int r = flush_meta(a, e);

	if (r || (r = tensor_head(head, name, t, ndim, dim, &bytes, e)))
		return r;
	buf_reset(b);
	buf_put(b, head, sizeof head);
	buf_put(b, data, bytes);
	return blockw_write(a->w, BLOCK_TENSOR, 0, BLOCK_RAW, 0, 1, b->p, b->len, e);
}

struct paged_fill {
	const struct block_fill *from;
	unsigned char head[TENSOR_HEAD];
	uint64_t *sum;
	unsigned char page[ARTIFACT_PAGE];	/* that has begun */
	bool is_done;				/* the pages have their sums: this is the second pass */
	uint64_t bytes;
};

/* put_sums - the elements' bytes at .. at+n came by. Pieces ascend, and pages do not end where they do. */
static void put_sums(struct paged_fill *f, uint64_t at, const unsigned char *p, size_t n)
{
	while (n) {
		size_t in = (size_t)(at % ARTIFACT_PAGE), k = ARTIFACT_PAGE - in < n ? ARTIFACT_PAGE - in : n;
		memcpy(f->page + in, p, k);
		at += k;
		p += k;
		n -= k;
		if (at % ARTIFACT_PAGE == 0 || at == f->bytes)
			f->sum[(at - 1) / ARTIFACT_PAGE] = XXH3_64bits(f->page, in + k);
	}
}

static int fill_paged(void *ctx, uint64_t at, void *p, size_t n, struct err *e)
{
	struct paged_fill *f = ctx;
	unsigned char *to = p;
	size_t k = at < TENSOR_HEAD ? TENSOR_HEAD - (size_t)at : 0;

	if (k) {
		k = k < n ? k : n;
		memcpy(to, f->head + at, k);
	}
	if (k == n)
		return 0;
	int r = f->from->fn(f->from->ctx, at + k - TENSOR_HEAD, to + k, n - k, e);
	if (!r && !f->is_done) {
		put_sums(f, at + k - TENSOR_HEAD, to + k, n - k);
		f->is_done = at + n - TENSOR_HEAD == f->bytes;
	}
	return r;
}

int artifactw_paged(struct artifactw *a, const char *name, enum dtype t, size_t ndim, const uint64_t *dim, const struct block_fill *fill, struct err *e)
{
	struct paged_fill f = { .from = fill };
	char full[NAME_MAX_BYTES];
	size_t bytes;
	int r = flush_meta(a, e);

	if (r || (r = tensor_head(f.head, name, t, ndim, dim, &bytes, e)))
		return r;
	uint64_t pages = (bytes + ARTIFACT_PAGE - 1) / ARTIFACT_PAGE;
	f.bytes = bytes;
	if (!(f.sum = mem_try((size_t)pages, sizeof *f.sum, "checksums of pages", e)))
		return e->code;
	snprintf(full, sizeof full, "%s.sum", name);
	if (!(r = blockw_write_fill(a->w, BLOCK_TENSOR, 0, 1, TENSOR_HEAD + bytes, &(struct block_fill){ fill_paged, &f }, e)))
		r = artifactw_tensor(a, full, DTYPE_U64, 1, &pages, f.sum, e);
	mem_free(f.sum);
	return r;
}

/* put_table - a tensor of a string table, with sums of its pages or without. */
static int put_table(struct artifactw *a, const char *name, const char *part, enum dtype t, uint64_t dim, const void *data, bool is_paged, struct err *e)
{
	char full[NAME_MAX_BYTES];

	snprintf(full, sizeof full, "%s.%s", name, part);
	struct block_fill fill = block_fill_memory(data);
	if (is_paged)
		return artifactw_paged(a, full, t, 1, &dim, &fill, e);
	return artifactw_tensor(a, full, t, 1, &dim, data, e);
}

static int write_vocab(struct artifactw *a, const char *name, const struct vocab *v, bool is_paged, struct err *e)
{
	uint64_t n_slots = 16;
	struct buf text = { 0 };
	int r = ERR_MEM;

	while (n_slots < v->n * 2)
		n_slots *= 2;
	uint64_t *off = mem_try(v->n + 1, sizeof *off, "id offsets", e);
	uint32_t *slot = mem_try0((size_t)n_slots, sizeof *slot, "id slots", e);
	if (!off || !slot)
		goto out;
	for (size_t i = 0; i < v->n; i++) {
		off[i] = text.len;
		buf_put(&text, v->str[i].p, v->str[i].len);
		size_t at = XXH3_64bits(v->str[i].p, v->str[i].len) & (n_slots - 1);
		while (slot[at])
			at = (at + 1) & (n_slots - 1);
		slot[at] = (uint32_t)i + 1;
	}
	off[v->n] = text.len;
	if (!(r = put_table(a, name, "off", DTYPE_U64, v->n + 1, off, is_paged, e)) &&
	    !(r = put_table(a, name, "str", DTYPE_U8, text.len, text.p ? text.p : "", is_paged, e)))
		r = put_table(a, name, "slot", DTYPE_U32, n_slots, slot, false, e);
out:
	mem_free(off);
	mem_free(slot);
	buf_release(&text);
	return r;
}

int artifactw_vocab(struct artifactw *a, const char *name, const struct vocab *v, struct err *e) { return write_vocab(a, name, v, false, e); }
int artifactw_vocab_paged(struct artifactw *a, const char *name, const struct vocab *v, struct err *e) { return write_vocab(a, name, v, true, e); }

int artifactw_finish(struct artifactw *a, const struct prov *p, struct err *e)
{
	int r = flush_meta(a, e);

	if (r || (p && (r = prov_write(p, a->w, e))))
		return r;
	return blockw_finish(a->w, e);
}
