/*
 * view-info - what a file is: its kind and sizes, block by block, and how it was made.
 */
#include <inttypes.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/data/artifact.h"
#include "../lib/data/event.h"
#include "../lib/data/input.h"
#include "../lib/data/table.h"
#include "../lib/data/vecs.h"
#include "view.h"

static const char *type_name(uint32_t t)
{
	static char s[5];

	for (int i = 0; i < 4; i++)
		s[i] = (char)(t >> 8 * i) < ' ' ? '?' : (char)(t >> 8 * i);
	return s;
}

/* Blocks of one type in one stream. */
struct tally { uint32_t type; uint64_t n, records, stored, raw; };

/* put_title - what it is, behind its name where there are several. */
static void put_title(const char *name, const char *what)
{
	if (tool.n_args > 1)
		buf_printf(&text, "%s: ", name);
	buf_printf(&text, "%s\n", what);
}

/* put_page - what was gathered, with nothing in it that a terminal would obey. */
static void put_page(struct err *e)
{
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.p[i] < ' ' && text.p[i] != '\n') || text.p[i] == 127)
			text.p[i] = '?';
	put_text(e);
}

/* put_meta - a line for each key and value of a META block. */
static void put_meta(struct buf *to, const struct block *b)
{
	const char *p = (const char *)b->p, *end = p + b->n, *nl, *tab;

	for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
		if (!(tab = memchr(p, '\t', (size_t)(nl - p))))
			tab = nl;
		buf_printf(to, "  %-10.*s ", (int)(tab - p), p);
		buf_put(to, tab + 1, tab < nl ? (size_t)(nl - tab) - 1 : 0);
		buf_putc(to, '\n');
	}
}

/* put_tensor - one line about a TNSR block whose sizes nobody has checked yet. */
static void put_tensor(struct buf *to, const struct block *b)
{
	uint32_t head[2];
	uint64_t dim[3];

	if (b->n < 64)
		return;
	memcpy(head, b->p + 32, sizeof head);
	memcpy(dim, b->p + 40, sizeof dim);
	buf_printf(to, "  tensor     %.32s %s ", (const char *)b->p, dtype_size((enum dtype)head[0]) ? dtype_name((enum dtype)head[0]) : "?");
	for (uint32_t i = 0; i < head[1] && i < 3; i++)
		buf_printf(to, i ? " x %" PRIu64 : "%" PRIu64, dim[i]);
	buf_putc(to, '\n');
}

static void put_stream(uint64_t at, const struct tally *t, size_t n_types, const struct buf *meta, const struct prov *steps, const char *digest)
{
	buf_printf(&text, "  at byte    %" PRIu64 "\n", at);
	buf_put(&text, meta->p, meta->len);
	for (size_t i = 0; i < n_types; i++) {
		buf_printf(&text, "  %s       %" PRIu64 " block%s", type_name(t[i].type), t[i].n, t[i].n == 1 ? "" : "s");
		if (t[i].records)
			buf_printf(&text, ", %" PRIu64 " records", t[i].records);
		buf_printf(&text, ", %" PRIu64 " bytes", t[i].stored);
		if (t[i].raw != t[i].stored && t[i].stored)
			buf_printf(&text, " (unpacked %" PRIu64 ", %.1f %%)", t[i].raw, 100 * (double)t[i].stored / (double)t[i].raw);
		buf_putc(&text, '\n');
	}
	buf_printf(&text, "  digest     taste:%s\n", digest);
	size_t step = 0;
	for (const char *p = steps->text.p, *end = p + steps->text.len, *nl; p && p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
		const char *f[5] = { p };
		for (int i = 1; i < 4; i++)
			f[i] = (const char *)memchr(f[i - 1], '\t', (size_t)(nl - f[i - 1])) + 1;
		f[4] = nl + 1;
		buf_printf(&text, "  made by %zu  %.*s %.*s: %.*s\n", ++step, (int)(f[1] - f[0] - 1), f[0], (int)(f[2] - f[1] - 1), f[1], (int)(f[3] - f[2] - 1), f[2]);
		if (f[4] - f[3] > 1)
			buf_printf(&text, "             from %.*s\n", (int)(f[4] - f[3] - 1), f[3]);
	}
}

/* info_blocks - every block of a binary file, its hash checked; with -i a page for each stream. */
void info_blocks(const char *path, struct err *e)
{
	struct file *f = file_open(path, e);
	struct blockr *r = f ? blockr_new(f, BLOCKR_MAP) : NULL;
	struct tally t[16];
	size_t n = 0, i;
	struct buf meta = { 0 }, tensors = { 0 };
	struct prov steps = { { 0 } };
	struct block b;
	uint64_t start = 0;
	int got;

	if (!r)
		die_err(e);
	while ((got = blockr_next(r, &b, e)) > 0) {
		if (got == BLOCK_STREAM) {
			n = 0;
			start = b.offset;
			buf_reset(&meta);
			buf_reset(&tensors);
			prov_reset(&steps);
		} else if (got == BLOCK_STREAM_END) {
			put_title(file_name(f), input_kind_name(b.kind));
			buf_put(&meta, tensors.p, tensors.len);
			put_stream(start, t, n, &meta, &steps, b.digest);
			if (o.wants_info)
				put_page(e);
			buf_reset(&text);
		} else {
			for (i = 0; i < n && t[i].type != b.type; i++)
				;
			if (i == n && n < sizeof t / sizeof *t)
				t[n++] = (struct tally){ .type = b.type };
			if (i < n) {
				t[i].n++;
				t[i].records += b.records;
				t[i].stored += b.stored;
				t[i].raw += b.n;
			}
			if (b.type == BLOCK_META)
				put_meta(&meta, &b);
			if (b.type == BLOCK_TENSOR)
				put_tensor(&tensors, &b);
			if (b.type == BLOCK_PROV && prov_merge(&steps, b.p, b.n, e)) {
				err_prefix(e, "%s", file_name(f));
				die_err(e);
			}
		}
	}
	if (got < 0)
		die_err(e);
	buf_release(&meta);
	buf_release(&tensors);
	prov_release(&steps);
	blockr_free(r);
	file_close(f);
}

/* info_text - its lines, the fields of the first, and the digest by which other files' histories call it. */
void info_text(const char *path, struct err *e)
{
	struct input in;
	struct buf digest = { 0 };
	uint64_t fields = 0;
	int got = input_open(&in, path, 0, e);

	while (!got && (got = line_next(&in.line, e)) == 1) {
		got = 0;
		if (in.line.no == 1) {
			fields = 1;
			for (size_t i = 0; i < in.line.len; i++)
				fields += in.line.p[i] == '\t';
		}
	}
	if (got < 0 || input_prov(&in, NULL, &digest, e))
		die_err(e);
	put_title(file_name(in.file), in.line.no ? "text" : "empty");
	buf_printf(&text, "  lines      %" PRIu64 "\n  fields     %" PRIu64 "\n  digest     %s\n", in.line.no, fields, digest.p);
	put_page(e);
	buf_release(&digest);
	input_close(&in);
}

/* info_vectors - of another program's: which format, how many, how wide, and the digest. */
void info_vectors(const char *path, struct err *e)
{
	struct vecsr *r = vecsr_open_as(path, (enum vecs_format)o.format, e);
	struct buf digest = { 0 };
	const float *v;
	struct str id;
	uint64_t n = 0;
	size_t d = 0;
	int got;

	if (!r)
		die_err(e);
	while ((got = vecsr_next(r, &id, &v, &d, e)) == 1)
		n++;
	if (got < 0 || vecsr_prov(r, NULL, &digest, e))
		die_err(e);
	put_title(file_shown(path), "vectors");
	buf_printf(&text, "  format     %s\n  vectors    %" PRIu64 "\n  dim        %zu\n  digest     %s\n", vecs_format_name(vecsr_format(r)), n, d, digest.p);
	put_page(e);
	buf_release(&digest);
	vecsr_close(r);
}
