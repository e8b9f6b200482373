/*
 * taste-view - what is in a taste file: its content as TSV, or with -i what it is and how it was made, or with -c whether it is whole and sound.
 * Streams; holds the dictionaries of an event log, a block of anything else, and of a model what is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/cli/tool.h"
#include "../lib/data/artifact.h"
#include "../lib/data/event.h"
#include "../lib/data/input.h"
#include "../lib/data/table.h"
#include "../lib/data/vecs.h"
#include "../lib/model/trees.h"
#include "../lib/num/num.h"

static struct {
	bool wants_info, is_check, wants_header, is_binary, is_repair;
	int64_t n;
	int format;			/* enum vecs_format */
	const char *tensor, *as, *out;
} o = { .n = -1, .out = "-" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the content in binary", .flags = OPT_NO_PROV },
	{ 'c', "check", OPT_FLAG, &o.is_check, NULL, "check everything, print nothing" },
	{ 'i', "info", OPT_FLAG, &o.wants_info, NULL, "print kind, schema, sizes and provenance" },
	{ 'n', "records", OPT_INT, &o.n, "N", "only the first N records; -1: all", .min = -1, .max = 1e18 },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "as", OPT_STR, &o.as, "WHAT", "what text input holds: events, vectors, or a table's name (items, candidates, ranked, truth, features)" },
	{ 0, "format", OPT_ENUM, &o.format, "NAME", "of vectors that are not taste binary; auto goes by magic and name, with --as vectors also by the first line", .names = VECS_FORMAT_NAMES },
	{ 0, "header-out", OPT_FLAG, &o.wants_header, NULL, "events: write a line of column names first", .flags = OPT_NO_PROV },
	{ 0, "repair", OPT_FLAG, &o.is_repair, NULL, "cut off an unfinished tail, in place" },
	{ 0, "tensor", OPT_STR, &o.tensor, "NAME", "of a model or an index: print this tensor, behind ids where it has them" },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-view",
	.about = "what is in a taste file: content as TSV; -i what it is and how it was made; -c is it sound?",
	.usage = "[options] [file...]",
	.opts = opts,
};

static struct sink *out;
static struct buf text;
static struct prov prov;
static struct buf inputs;

static void put_text(struct err *e)
{
	if (sink_write(out, text.p ? text.p : "", text.len, e))
		die_err(e);
	buf_reset(&text);
}

static bool is_enough(uint64_t n)
{
	return o.n >= 0 && n >= (uint64_t)o.n;
}

/* ---- content ---- */

static void view_events(const char *path, struct err *e)
{
	struct eventr *r = eventr_open(path, false, e);
	struct eventw *w = r ? eventw_new(out, o.is_binary ? EVENT_BINARY : o.wants_header ? EVENT_TSV_HEADER : EVENT_TSV, e) : NULL;
	if (w)
		eventw_threads(w, (int)tool.threads);
	struct event ev;
	uint64_t n = 0;
	int got = 0;

	if (!w)
		die_err(e);
	while (!is_enough(n) && (got = eventr_next(r, &ev, e)) == 1) {
		if (!o.is_check && eventw_write(w, &ev, e))
			die_err(e);
		n++;
	}
	if (got < 0 || eventr_prov(r, &prov, &inputs, e))
		die_err(e);
	if (o.is_binary)
		prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p);
	if (!o.is_check && eventw_finish(w, &prov, e))
		die_err(e);
	eventw_free(w);
	eventr_close(r);
}

static void view_table(const char *path, const char *schema, struct err *e)
{
	struct tabler *r = tabler_open(path, NULL, false, e);
	struct tablew *w = r && !o.is_check ? tablew_new(out, schema, o.is_binary, e) : NULL;
	const struct str *f;
	uint64_t rows = 0;
	size_t n;
	int got = 0;

	if (!r || (!w && !o.is_check))
		die_err(e);
	while (!is_enough(rows) && (got = tabler_next(r, &f, &n, e)) == 1) {
		buf_reset(&text);
		for (size_t i = 0; i < n; i++) {
			if (i)
				buf_putc(&text, '\t');
			tsv_put(&text, f[i].p, f[i].len);
		}
		if (w && tablew_row(w, text.p, text.len, e))
			die_err(e);
		rows++;
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	if (o.is_binary)
		prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p);
	if (w && tablew_finish(w, &prov, e))
		die_err(e);
	tablew_free(w);
	tabler_close(r);
	buf_reset(&text);
}

static void view_vectors(const char *path, struct err *e)
{
	struct vecsr *r = vecsr_open_as(path, (enum vecs_format)o.format, e);
	struct vecsw *w = NULL;
	const float *v;
	struct str id;
	size_t d;
	uint64_t n = 0;
	int got = 0;

	if (!r)
		die_err(e);
	while (!is_enough(n) && (got = vecsr_next(r, &id, &v, &d, e)) == 1) {
		if (!w && !o.is_check && !(w = vecsw_new(out, d, o.is_binary, e)))
			die_err(e);
		if (w && vecsw_write(w, id, v, e))
			die_err(e);
		n++;
	}
	if (got < 0 || vecsr_prov(r, &prov, &inputs, e))
		die_err(e);
	if (o.is_binary)
		prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p);
	if (!w && o.is_binary && !o.is_check)
		die(EXIT_DATA, "%s: no vectors, so nothing says how many components a binary stream of them has", path);
	if (w && vecsw_finish(w, &prov, e))
		die_err(e);
	vecsw_free(w);
	vecsr_close(r);
}

static const char *dtype_name(enum dtype t)
{
	static const char *const name[] = { "?", "f32", "f64", "u8", "u32", "u64", "i8" };

	return name[t];
}

/* put_element - element i of a tensor as text. */
static void put_element(enum dtype t, const void *data, size_t i)
{
	switch (t) {
	case DTYPE_F32: buf_put_f32(&text, ((const float *)data)[i]); break;
	case DTYPE_F64: buf_put_f64(&text, ((const double *)data)[i]); break;
	case DTYPE_U8: buf_put_u64(&text, ((const uint8_t *)data)[i]); break;
	case DTYPE_U32: buf_put_u64(&text, ((const uint32_t *)data)[i]); break;
	case DTYPE_U64: buf_put_u64(&text, ((const uint64_t *)data)[i]); break;
	case DTYPE_I8: buf_put_i64(&text, ((const int8_t *)data)[i]); break;
	}
}

/* view_tensor - a row a line, behind its id where "PREFIX.off" of the tensor's prefix is a table of as many ids; the rows of an index, whose tensors have no prefix, have theirs in "id". */
static void view_tensor(struct artifact *a, const char *name, struct err *e)
{
	for (size_t i = 0; i < artifact_n_tensors(a); i++) {
		const char *tn;
		enum dtype t;
		size_t ndim;
		const uint64_t *shape;
		artifact_tensor_at(a, i, &tn, &t, &ndim, &shape);
		if (strcmp(tn, name))
			continue;
		uint64_t dim[3] = { shape[0], shape[1], shape[2] };
		size_t rows = ndim ? (size_t)dim[0] : 1, cols = (size_t)(ndim ? dim[1] * dim[2] : 1);
		const void *data;
		struct idtab ids = { 0 };
		struct err none = { 0 };
		char prefix[32];
		const char *of = ndim == 2 && !strchr(name, '.') ? "id" : name;
		snprintf(prefix, sizeof prefix, "%.*s", (int)strcspn(of, "."), of);
		bool has_ids = !artifact_idtab(a, prefix, &ids, &none) && ids.n == rows;
		if (artifact_tensor(a, name, t, ndim, dim, &data, e))
			die_err(e);
		for (size_t r = 0; r < rows && !is_enough(r); r++) {
			if (has_ids) {
				struct str id = idtab_id(&ids, r);
				tsv_put(&text, id.p, id.len);
			}
			for (size_t c = 0; c < cols; c++) {
				if (c || has_ids)
					buf_putc(&text, '\t');
				put_element(t, data, r * cols + c);
			}
			buf_putc(&text, '\n');
			put_text(e);
		}
		return;
	}
	die(EXIT_DATA, "%s: has no tensor %s", artifact_name(a), name);
}

/* check_tensors - every hash, every number finite, every table of ids in order. */
static void check_tensors(struct artifact *a, struct err *e)
{
	for (size_t i = 0; i < artifact_n_tensors(a); i++) {
		const char *name;
		enum dtype t;
		size_t ndim, len;
		const uint64_t *shape;
		const void *data;
		artifact_tensor_at(a, i, &name, &t, &ndim, &shape);
		uint64_t dim[3] = { shape[0], shape[1], shape[2] };
		if (artifact_tensor(a, name, t, ndim, dim, &data, e))
			die_err(e);
		size_t n = (size_t)(dim[0] * dim[1] * dim[2]);
		bool is_finite = t != DTYPE_F32 || num_is_finite(data, n);
		for (size_t k = 0; t == DTYPE_F64 && k < n; k++)
			is_finite &= isfinite(((const double *)data)[k]);
		if (!is_finite)
			die(EXIT_DATA, "%s: tensor %s holds a number that is not finite", artifact_name(a), name);
		if ((len = strlen(name)) > 4 && len < 32 && !strcmp(name + len - 4, ".off")) {
			char prefix[32];
			struct idtab ids;
			snprintf(prefix, sizeof prefix, "%.*s", (int)len - 4, name);
			if (artifact_idtab(a, prefix, &ids, e) || idtab_check(a, prefix, &ids, e))
				die_err(e);
		}
	}
}

/* check_trees - that every walk ends, for which more must be right than tensors; a is used up. */
static void check_trees(struct artifact *a, struct err *e)
{
	struct trees t;

	if (trees_take(&t, a, e))
		die_err(e);
	trees_release(&t);
}

/* view_model - a model, or an index, which is made of the same. */
static void view_model(const char *path, enum block_kind kind, struct err *e)
{
	struct artifact *a = artifact_load(path, kind, e);

	if (!a)
		die_err(e);
	if (o.is_check) {
		const char *model = artifact_meta(a, "kind");
		check_tensors(a, e);
		if (model && !strcmp(model, "trees")) {
			check_trees(a, e);
			return;
		}
	} else if (o.tensor) {
		view_tensor(a, o.tensor, e);
	} else {
		for (size_t i = 0; i < artifact_n_meta(a); i++) {
			struct str k, v;
			artifact_meta_at(a, i, &k, &v);
			tsv_put(&text, k.p, k.len);
			buf_putc(&text, '\t');
			tsv_put(&text, v.p, v.len);
			buf_putc(&text, '\n');
		}
		for (size_t i = 0; i < artifact_n_tensors(a); i++) {
			const char *name;
			enum dtype t;
			size_t ndim;
			const uint64_t *dim;
			artifact_tensor_at(a, i, &name, &t, &ndim, &dim);
			buf_printf(&text, "tensor\t%s\t%s\t", name, dtype_name(t));
			for (size_t k = 0; k < ndim; k++)
				buf_printf(&text, k ? " x %" PRIu64 : "%" PRIu64, dim[k]);
			buf_putc(&text, '\n');
		}
		put_text(e);
	}
	artifact_free(a);
}

/* ---- what it is ---- */

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
		if ((text.p[i] >= 0 && text.p[i] < ' ' && text.p[i] != '\n') || text.p[i] == 127)
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

/* walk - every block of a binary file, its hash checked; with -i a page for each stream. */
static void walk(const char *path, struct err *e)
{
	struct file *f = file_open(path, e);
	struct blockr *r = f ? blockr_new(f, BLOCKR_MAP, e) : NULL;
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
			buf_reset(&steps.text);
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

/* walk_text - its lines, the fields of the first, and the digest by which other files' histories call it. */
static void walk_text(const char *path, struct err *e)
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

/* walk_vectors - of another program's: which format, how many, how wide, and the digest. */
static void walk_vectors(const char *path, struct err *e)
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
	put_title(strcmp(path, "-") ? path : "(standard input)", "vectors");
	buf_printf(&text, "  format     %s\n  vectors    %" PRIu64 "\n  dim        %zu\n  digest     %s\n", vecs_format_name(vecsr_format(r)), n, d, digest.p);
	put_page(e);
	buf_release(&digest);
	vecsr_close(r);
}

/* kind_of - what a file is, by a look at its first bytes that takes none of them: 0 for text, UINT32_MAX for what is no whole header; of a table also its schema.
 * *is_foreign: it is not ours, and vectors. Nothing is trusted: the readers check. */
static uint32_t kind_of(const char *path, struct buf *schema, bool *is_foreign, struct err *e)
{
	struct file *f = file_open(path, e);
	int is_binary = f ? block_sniff(f, e) : -1;
	const unsigned char *p;
	uint32_t kind = 0;
	uint64_t len;

	if (is_binary < 0)
		die_err(e);
	int64_t n = file_peek(f, 4096, &p, e);
	if (n < 0)
		die_err(e);
	int format = is_binary ? VECS_AUTO : o.format != VECS_AUTO ? o.format : o.as && strcmp(o.as, "vectors") ? VECS_AUTO : vecs_sniff(f, e);
	if (format < 0)
		die_err(e);
	*is_foreign = format != VECS_AUTO;
	if (!is_binary && !*is_foreign && o.is_check)
		die(EXIT_DATA, n ? "%s: byte 0: not a taste file" : "%s is empty: not a taste file", file_name(f));
	if (is_binary && n >= BLOCK_HEAD)
		memcpy(&kind, p + 16, 4);
	if (kind == KIND_TABLE && n >= 2 * BLOCK_HEAD + 8 && !memcmp(p + 2 * BLOCK_HEAD, "schema\t", 7)) {
		memcpy(&len, p + BLOCK_HEAD + 8, 8);
		if (len >= 8 && len <= (uint64_t)n - 2 * BLOCK_HEAD)
			buf_put(schema, p + 2 * BLOCK_HEAD + 7, (size_t)len - 8);
	}
	file_unopen(f);
	return kind ? kind : is_binary ? UINT32_MAX : 0;
}

static void view(const char *path, struct err *e)
{
	struct buf schema = { 0 };
	bool is_foreign;
	uint32_t kind = kind_of(path, &schema, &is_foreign, e);

	if (o.tensor && kind != KIND_MODEL && kind != KIND_INDEX && kind != UINT32_MAX)
		die(EXIT_DATA, "%s holds %s: only models and indexes have tensors", path, kind ? input_kind_name((enum block_kind)kind) : is_foreign ? "vectors" : "text");
	if (!kind && o.is_binary && !o.as && !is_foreign)
		usage_die("-b needs --as to know what a text holds");
	if (o.wants_info && kind)
		walk(path, e);
	else if (o.wants_info && is_foreign)
		walk_vectors(path, e);
	else if (o.wants_info)
		walk_text(path, e);
	else if (kind == KIND_EVENTS || (!kind && o.as && !strcmp(o.as, "events")))
		view_events(path, e);
	else if (kind == KIND_VECTORS || is_foreign || (!kind && o.as && !strcmp(o.as, "vectors")))
		view_vectors(path, e);
	else if (kind == KIND_MODEL || kind == KIND_INDEX)
		view_model(path, (enum block_kind)kind, e);
	else if (!kind || kind == KIND_TABLE)
		view_table(path, schema.len ? schema.p : o.as ? o.as : "table", e);
	else {
		walk(path, e);		/* damaged, most likely: the walk says where */
		die(EXIT_DATA, "%s holds %s", path, input_kind_name((enum block_kind)kind));
	}
	buf_release(&schema);
}

/* ---- repair ---- */

static void repair_failed(const char *path)
{
	die(EXIT_SYS, "%s: %s", path, strerror(errno));
}

/* repair - the file is only ever made shorter; whoever writes to it holds a lock (taste-ingest). */
static void repair(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	uint64_t whole = 0;

	if (fd < 0)
		repair_failed(path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		die(EXIT_SYS, "%s: it is being written", path);
	if (fstat(fd, &st))		/* behind the lock: nobody makes it longer now */
		repair_failed(path);
	if (!S_ISREG(st.st_mode))
		die(EXIT_DATA, "%s: only a file can be repaired", path);
	uint64_t n = (uint64_t)st.st_size;
	const unsigned char *p = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	if (n && p == MAP_FAILED)
		repair_failed(path);
	if (n && *p != 0x89)		/* of the magic */
		die(EXIT_DATA, "%s: this is no taste stream: of text nothing says whether its last line is whole", path);
	if (n && block_whole(path, p, n, &whole, e))
		die_err(e);
	if (whole < n && (ftruncate(fd, (off_t)whole) || fsync(fd)))
		repair_failed(path);
	if (whole < n)
		warn("%s: %llu bytes of an unfinished tail cut off, %llu kept", path, (unsigned long long)(n - whole), (unsigned long long)whole);
	else
		note("%s: whole", path);
	if (n)
		munmap((void *)(uintptr_t)p, n);
	close(fd);
}

static void check_options(void)
{
	if (o.is_check + o.wants_info + (o.tensor != NULL) + o.is_repair > 1)
		usage_die("-c, -i, --repair and --tensor exclude each other");
	if (o.is_repair && !tool.n_args)
		usage_die("--repair: which file?");
	if (o.is_binary && (o.is_check || o.is_repair || o.wants_info || o.tensor))
		usage_die("-b goes with content only");
	static const char *const known[] = { "events", "vectors", "items", "candidates", "ranked", "truth", "features" };
	bool is_known = !o.as;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		is_known |= o.as && !strcmp(o.as, known[i]);
	if (!is_known)
		usage_die("--as: '%s' is none of events, vectors, items, candidates, ranked, truth, features", o.as);
	if (o.format != VECS_AUTO && o.as && strcmp(o.as, "vectors"))
		usage_die("--format is of vectors, not of %s", o.as);
	if (o.is_binary && tool.n_args > 1)
		usage_die("-b takes one file; cat joins binary ones");
	tool_reads_args(0);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	tool_init(&tool, argc, argv);
	check_options();
	if (o.is_repair) {
		for (size_t i = 0; i < tool.n_args; i++)
			repair(tool.arg[i], &e);
		return tool_close(0);
	}
	out = tool_output(o.out, o.is_binary);
	for (size_t i = 0; i < tool.n_args; i++)
		view(tool.arg[i], &e);
	if (!tool.n_args)
		view("-", &e);
	tool_output_close(out);
	buf_release(&text);
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
