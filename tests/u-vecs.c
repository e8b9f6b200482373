/*
 * vecs: rows are the same from text, from a mapping, from a pipe and from joined streams; they lie on 64 bytes; a file that lies about its sizes is refused. So it is for the
 * formats of other programs, and packed; and no TSV is taken for one of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>
#include <zlib.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/data/vecs.h"

struct rows { size_t n, d; bool is_binary, has_prov; };

/* value - component j of row i: every kind of finite float. */
static float value(size_t i, size_t j)
{
	static const float odd[] = { 0, -0.0f, FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, 0.1f, 1e-20f, 16777216 };
	struct pcg32 r;

	if ((i + j) % 5 == 0)
		return odd[(i + 3 * j) % (sizeof odd / sizeof *odd)];
	pcg32_seed(&r, i, j);
	return pcg32_f32(&r) - 0.5f;
}

static struct str id_of(size_t i, char s[64])
{
	return (struct str){ s, (size_t)snprintf(s, 64, i % 7 == 3 ? "an id\twith \\ %zu\xff" : "i%zu", i) };
}

static void fill_rows(struct sink *s, void *ctx)
{
	const struct rows *r = ctx;
	struct err e = { 0 };
	struct prov p = { { 0 } };
	float *v = mem_new(r->d, sizeof *v);
	char id[64];
	struct vecsw *w = vecsw_new(s, r->d, r->is_binary, &e);

	for (size_t i = 0; i < r->n; i++) {
		for (size_t j = 0; j < r->d; j++)
			v[j] = value(i, j);
		assert_int_equal(vecsw_write(w, id_of(i, id), v, &e), 0);
	}
	prov_step(&p, "u-vecs", "1", "", "");
	assert_int_equal(vecsw_finish(w, r->has_prov ? &p : NULL, &e), 0);
	vecsw_free(w);
	prov_release(&p);
	mem_free(v);
}

/* is_row - row i of the whole, which is row `of` of one stream. Bits count: -0 is not 0. */
static void is_row(struct str id, const float *v, size_t d, size_t of)
{
	char s[64];
	struct str want = id_of(of, s);

	assert_int_equal(id.len, want.len);
	assert_memory_equal(id.p, want.p, id.len);
	for (size_t j = 0; j < d; j++) {
		float f = value(of, j);
		if (memcmp(&f, &v[j], sizeof f))
			fail_msg("row %zu component %zu: %.9g, wanted %.9g", of, j, (double)v[j], (double)f);
	}
}

static void reads_back(const struct buf *b, enum mem_way way, size_t n, size_t d, size_t times, bool is_binary)
{
	struct vecs v;
	struct err e = { 0 };
	struct str id;
	const float *row;
	size_t got_d, i;

	if (vecs_load(&v, mem_path(b->p, b->len, way), NULL, NULL, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(v.n, n * times);
	assert_int_equal(v.d, d);
	for (i = 0; i < v.n; i++)
		is_row(vecs_id(&v, i), vecs_row(&v, i), d, i % n);
	size_t seen = 0;
	for (size_t k = 0; k < v.n_parts; k++) {
		assert_int_equal(v.part[k].first, seen);
		if (is_binary)
			assert_int_equal((uintptr_t)v.part[k].v % 64, 0);
		seen += v.part[k].n;
	}
	vecs_release(&v);
	struct vecsr *r = vecsr_open_as(mem_path(b->p, b->len, way), VECS_AUTO, &e);
	for (i = 0; vecsr_next(r, &id, &row, &got_d, &e) == 1; i++) {
		assert_int_equal(got_d, d);
		is_row(id, row, d, i % n);
	}
	assert_int_equal(e.code, 0);
	assert_int_equal(i, n * times);
	assert_int_equal(vecsr_next(r, &id, &row, &got_d, &e), 0);
	vecsr_close(r);
}

static void comes_back(void **state)
{
	static const struct rows t[] = { { 1, 1 }, { 3, 1 }, { 5, 16 }, { 7, 17 }, { 100, 64 }, { 2, 65536 }, { 40, 30000 } };

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		for (int bin = 0; bin < 2; bin++) {
			struct rows r = t[i];
			r.is_binary = bin;
			r.has_prov = i & 1;
			if (!bin && r.d > 30000)
				continue;
			struct buf b = mem_written(fill_rows, &r);
			reads_back(&b, MEM_MAPPED, r.n, r.d, 1, bin);
			if (b.len <= 1 << 20)
				reads_back(&b, MEM_PIPED, r.n, r.d, 1, bin);
			size_t len = b.len;
			buf_reserve(&b, len);
			buf_put(&b, b.p, len);		/* and joined with itself */
			reads_back(&b, MEM_MAPPED, r.n, r.d, 2, bin);
			if (b.len <= 1 << 20)
				reads_back(&b, MEM_PIPED, r.n, r.d, 2, bin);
			buf_release(&b);
		}
}

static void text_is_shortest(void **state)
{
	struct rows r = { 2, 2, false, false };
	char want[128];
	struct buf b = mem_written(fill_rows, &r);

	(void)state;
	snprintf(want, sizeof want, "i0\t0\t%.9g\ni1\t", (double)value(0, 1));
	float back;
	assert_int_equal(sscanf(b.p, "i0\t0\t%f", &back), 1);
	assert_true(back == value(0, 1));
	assert_null(strchr(b.p, 'e'));
	buf_release(&b);
}

/* load_said_as - "n x d" or the error behind the file's name; vecsr must say the same. */
static void load_said_as(enum vecs_format format, const void *p, size_t n, enum mem_way way, char *out, size_t room)
{
	struct vecs v;
	struct err e = { 0 }, e2 = { 0 }, e3 = { 0 };
	struct str id;
	const float *row;
	size_t d;
	int got;

	if (vecs_load_as(&v, mem_path(p, n, way), format, NULL, NULL, &e))
		snprintf(out, room, "%s", e.msg + (way == MEM_PIPED ? strlen("(standard input)") : strcspn(e.msg, ": ")));
	else
		snprintf(out, room, "%zu x %zu", v.n, v.d);
	vecs_release(&v);
	struct vecsr *r = vecsr_open_as(mem_path(p, n, way), format, &e2);
	while ((got = r ? vecsr_next(r, &id, &row, &d, &e2) : -1) == 1)
		;
	assert_int_equal(e2.code, e.code);
	assert_string_equal(e2.msg + strcspn(e2.msg, ":"), e.msg + strcspn(e.msg, ":"));
	if (r && e2.code) {
		assert_int_equal(vecsr_next(r, &id, &row, &d, &e3), e2.code);
		assert_string_equal(e3.msg, e2.msg);
	}
	vecsr_close(r);
}

static void load_said(const void *p, size_t n, enum mem_way way, char *out, size_t room)
{
	load_said_as(VECS_AUTO, p, n, way, out, room);
}

static void text_is_read_or_refused(void **state)
{
	static const struct { const char *in; size_t n; const char *want; } t[] = {
#define T(in, want) { in, sizeof in - 1, want }
		T("", "0 x 0"), T("a\t1", "1 x 1"), T("a\t1\t-2e3\r\nb\t.5\t0\r\n", "2 x 2"), T("\xef\xbb\xbf" "a\t1\n", "1 x 1"),
		T("a\n", ":1: 1 field: a vector is an id and 1 to 65536 numbers"), T("\n", ":1: 1 field: a vector is an id and 1 to 65536 numbers"),
		T("\t1\n", ":1: field 1: the id is empty"), T("a\t1\t2\nb\t1\n", ":2: 1 components, the vectors before have 2"),
		T("a\t1\nb\t1\t2\n", ":2: 2 components, the vectors before have 1"), T("a\tx\n", ":1: field 2: 'x' is not a finite number"),
		T("a\t1\tnan\n", ":1: field 3: 'nan' is not a finite number"), T("a\t1e400\n", ":1: field 2: '1e400' is not a finite number"),
		T("a\t3.5e38\n", ":1: field 2: '3.5e38' is not a finite number"), T("a\tinf\n", ":1: field 2: 'inf' is not a finite number"),
		T("a\t\n", ":1: field 2: '' is not a finite number"), T("a\t 1\n", ":1: field 2: ' 1' is not a finite number"),
		T("a\t1\na\t2\n", "2 x 1"),		/* an id may come twice */
	};
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		for (int way = 0; way < MEM_WAYS; way++) {
			load_said(t[i].in, t[i].n, (enum mem_way)way, got, sizeof got);
			if (strcmp(got, t[i].want))
				fail_msg("'%s': '%s', wanted '%s'", t[i].in, got, t[i].want);
		}
	struct buf wide = { 0 };
	buf_puts(&wide, "a");
	for (int i = 0; i < 65537; i++)
		buf_puts(&wide, "\t1");
	load_said(wide.p, wide.len, MEM_MAPPED, got, sizeof got);
	assert_string_equal(got, ":1: 65538 fields: a vector is an id and 1 to 65536 numbers");
	buf_release(&wide);
}

/* ---- binary ---- */

/* vect - a VECT payload of these words and ids, floats from the next multiple of 64. */
static struct buf vect(const uint64_t *word, size_t n_words, const char *ids, size_t n_ids, const float *v, size_t n_floats)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n_words; i++)
		buf_put_le64(&b, word[i]);
	buf_put(&b, ids, n_ids);
	while (b.len % 64)
		buf_putc(&b, '\0');
	buf_put(&b, v, n_floats * sizeof *v);
	return b;
}

static void lies_are_refused(void **state)
{
#define AT ": block 1 at byte 192: "
	static const float one[4] = { 1, 2, 3, 4 }, nan_[4] = { 1, 2, NAN, 4 }, inf_[4] = { 1, 2, 3, -INFINITY };
	static const struct { const char *meta; uint64_t word[5]; size_t n_words, n_ids; const float *v; size_t n_floats; uint64_t records; const char *want; } t[] = {
		{ "dim\t2\n", { 2, 2, 0, 1, 3 }, 5, 3, one, 4, 2, "2 x 2" },
		{ "dim\t2\n", { 2, 2, 0, 3, 3 }, 5, 3, one, 4, 2, AT "the id of vector 2 is empty" },
		{ "dim\t4\n", { 1, 4, 0, 3 }, 4, 3, one, 4, 1, "1 x 4" },
		{ "dim\t2\n", { 0, 2, 0 }, 3, 0, one, 0, 0, "0 x 2" },
		{ "dim\t3\n", { 2, 2, 0, 1, 3 }, 5, 3, one, 4, 2, AT "says 2 components, the stream says 3" },
		{ "dim\t2\n", { 2, 2, 0, 1, 3 }, 5, 3, one, 4, 3, AT "says 2 vectors, which it cannot hold" },
		{ "dim\t2\n", { 3, 2, 0, 1, 3 }, 5, 3, one, 4, 3, AT "its ids do not fit" },
		{ "dim\t2\n", { 2, 2, 1, 1, 3 }, 5, 3, one, 4, 2, AT "its ids do not fit" },
		{ "dim\t2\n", { 2, 2, 0, 4, 3 }, 5, 3, one, 4, 2, AT "the id of vector 2 ends before it begins" },
		{ "dim\t2\n", { 2, 2, 0, 1, 4096 }, 5, 3, one, 4, 2, AT "its ids do not fit" },
		{ "dim\t2\n", { 2, 2, 0, 1, UINT64_MAX }, 5, 3, one, 4, 2, AT "its ids do not fit" },
		{ "dim\t2\n", { 2, 2, 0, 1, 3 }, 5, 3, one, 3, 2, AT "2 vectors of 2 components do not fit its size" },
		{ "dim\t2\n", { 2, 2, 0, 1, 80 }, 5, 3, one, 4, 2, AT "its ids do not fit" },
		{ "dim\t2\n", { UINT64_MAX, 2, 0, 1, 3 }, 5, 3, one, 4, UINT64_MAX, AT "says 18446744073709551615 vectors, which it cannot hold" },
		{ "dim\t2\n", { (uint64_t)1 << 61, 2, 0, 1, 3 }, 5, 3, one, 4, (uint64_t)1 << 61, AT "says 2305843009213693952 vectors, which it cannot hold" },
		{ "dim\t2\n", { 2, 2 }, 2, 0, one, 0, 2, AT "the id of vector 1 is empty" },
		{ "dim\t2\n", { 2, 2, 0, 1, 3 }, 5, 3, nan_, 4, 2, AT "vector 2 is not finite" },
		{ "dim\t2\n", { 2, 2, 0, 1, 3 }, 5, 3, inf_, 4, 2, AT "vector 2 is not finite" },
		{ "dim\t0\n", { 0, 0, 0 }, 3, 0, one, 0, 0, ": block 0 at byte 64: does not say how many components the vectors have" },
		{ "dim\t65537\n", { 0, 65537, 0 }, 3, 0, one, 0, 0, ": block 0 at byte 64: does not say how many components the vectors have" },
		{ "dim\t2", { 0, 2, 0 }, 3, 0, one, 0, 0, ": block 0 at byte 64: does not say how many components the vectors have" },
		{ "dim 2\n", { 0, 2, 0 }, 3, 0, one, 0, 0, ": block 0 at byte 64: does not say how many components the vectors have" },
	};
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf p = vect(t[i].word, t[i].n_words, "abc", t[i].n_ids, t[i].v, t[i].n_floats);
		struct mem_block b[] = { { BLOCK_META, 0, BLOCK_RAW, 0, t[i].meta, strlen(t[i].meta) },
					 { BLOCK_VECTORS, 0, i & 1 ? BLOCK_ZLIB : BLOCK_RAW, t[i].records, p.p, p.len } };
		struct buf f = mem_stream(KIND_VECTORS, b, 2);
		for (int way = 0; way < MEM_WAYS; way++) {
			load_said(f.p, f.len, (enum mem_way)way, got, sizeof got);
			if (strcmp(got, t[i].want))
				fail_msg("%zu: '%s', wanted '%s'", i, got, t[i].want);
		}
		buf_release(&f);
		struct buf alone = mem_stream(KIND_VECTORS, b + 1, 1);
		load_said(alone.p, alone.len, MEM_MAPPED, got, sizeof got);
		assert_non_null(strstr(got, ": block 0 at byte 64: "));	/* vectors before their dimension, or too short */
		buf_release(&alone);
		struct mem_block tiny = { BLOCK_VECTORS, 0, BLOCK_RAW, 0, p.p, 23 };
		alone = mem_stream(KIND_VECTORS, &tiny, 1);
		load_said(alone.p, alone.len, MEM_MAPPED, got, sizeof got);
		assert_string_equal(got, ": block 0 at byte 64: too short for vectors");
		buf_release(&alone);
		buf_release(&p);
	}
}

static void joined_streams_must_agree(void **state)
{
	struct rows two = { 2, 2, true, false }, three = { 2, 3, true, false };
	struct buf a = mem_written(fill_rows, &two), b = mem_written(fill_rows, &three);
	char got[1024];

	(void)state;
	buf_put(&a, b.p, b.len);
	load_said(a.p, a.len, MEM_MAPPED, got, sizeof got);
	assert_non_null(strstr(got, "vectors of 3 components behind others of 2"));
	buf_release(&a);
	buf_release(&b);
	b = mem_stream(KIND_TABLE, NULL, 0);
	load_said(b.p, b.len, MEM_PIPED, got, sizeof got);
	assert_string_equal(got, " holds a table, not vectors");
	buf_release(&b);
}

static void every_cut_and_flip_is_found(void **state)
{
	struct rows r = { 3, 2, true, true };
	struct buf b = mem_written(fill_rows, &r);
	char got[1024];

	(void)state;
	for (int way = 0; way < MEM_WAYS; way++) {
		for (size_t n = 1; n < b.len; n++) {
			load_said(b.p, n, (enum mem_way)way, got, sizeof got);
			if (!strstr(got, "byte "))
				fail_msg("cut at %zu: %s", n, got);
		}
		for (size_t bit = 0; bit < 8 * b.len; bit++) {
			b.p[bit / 8] ^= (char)(1 << bit % 8);
			load_said(b.p, b.len, (enum mem_way)way, got, sizeof got);
			if (!strstr(got, "byte "))
				fail_msg("bit %zu: %s", bit, got);
			b.p[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	buf_release(&b);
}

/* ---- other programs' formats ---- */

/* Every format, and npy with every type. scale: the values are whole numbers times it; is_signed: some are below 0. */
static const struct kind { enum vecs_format format; const char *descr; size_t bytes; float scale; bool is_signed, has_words, is_sniffed; } kinds[] = {
	{ VECS_NPY, "<f4", 4, 0.25f, true, false, true }, { VECS_NPY, "<f8", 8, 0.25f, true, false, true }, { VECS_NPY, "<f2", 2, 0.25f, true, false, true },
	{ VECS_NPY, "|i1", 1, 1, true, false, true }, { VECS_NPY, "|u1", 1, 1, false, false, true }, { VECS_FVECS, NULL, 4, 0.25f, true, false, false },
	{ VECS_BVECS, NULL, 1, 1, false, false, false }, { VECS_IVECS, NULL, 4, 1, true, false, false }, { VECS_FBIN, NULL, 4, 0.25f, true, false, false },
	{ VECS_I8BIN, NULL, 1, 1, true, false, false }, { VECS_U8BIN, NULL, 1, 1, false, false, false }, { VECS_W2V, NULL, 0, 0.25f, true, true, true },
	{ VECS_W2V_BIN, NULL, 4, 0.25f, true, true, false }, { VECS_GLOVE, NULL, 0, 0.25f, true, true, true },
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static int whole(const struct kind *k, size_t i, size_t j)
{
	return (int)((i * 7 + j * 3) % 100) - (k->is_signed ? 50 : 0);
}

/* half_of - a whole number of quarters below 64 as a half. */
static uint16_t half_of(int quarters)
{
	int exp = 0;
	double m = frexp(fabs(quarters / 4.0), &exp);

	return (uint16_t)((quarters < 0) << 15 | (quarters ? (exp + 14) << 10 | ((int)(m * 2048) & 1023) : 0));
}

static void put_element(struct buf *b, const struct kind *k, int w)
{
	float f = (float)w * k->scale;
	double x = (double)f;
	uint16_t h = half_of(w);
	int32_t n = w;

	if (k->format == VECS_IVECS)
		buf_put(b, &n, 4);
	else if (k->bytes == 1)
		buf_putc(b, (char)w);
	else
		buf_put(b, k->bytes == 2 ? (void *)&h : k->bytes == 8 ? (void *)&x : (void *)&f, k->bytes);
}

/* word_of - an id of a format that has them: words that a reader may stumble over. No id of the first row has a blank. */
static struct str word_of(enum vecs_format format, size_t i, char s[64])
{
	static const char *const odd[] = { "</s>", "\xff\xfe", "1", "1.5", "\"", "a\tb", "#", "," };

	if (format != VECS_W2V_BIN && i == 9)
		return (struct str){ ". . .", 5 };
	if (i && i <= sizeof odd / sizeof *odd)
		return (struct str){ odd[i - 1], strlen(odd[i - 1]) };
	return (struct str){ s, (size_t)snprintf(s, 64, "w%zu", i) };
}

static void put_npy_head(struct buf *b, int major, const char *text)
{
	size_t head = major == 1 ? 10 : 12, n = (head + strlen(text) + 1 + 63) / 64 * 64 - head;

	buf_put(b, "\x93NUMPY", 6);
	buf_putc(b, (char)major);
	buf_putc(b, '\0');
	buf_putc(b, (char)(n & 255));
	buf_putc(b, (char)(n >> 8));
	if (major > 1)
		buf_put(b, "\0", 2);
	buf_puts(b, text);
	for (size_t i = strlen(text); i < n - 1; i++)
		buf_putc(b, ' ');
	buf_putc(b, '\n');
}

/* foreign - n rows of d as this kind of file; variant chooses what writers do in several ways. */
static struct buf foreign(const struct kind *k, size_t n, size_t d, int variant)
{
	struct buf b = { 0 };
	char s[128];

	if (k->format == VECS_NPY) {
		snprintf(s, sizeof s, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu, %zu), }", k->descr, n, d);
		put_npy_head(&b, 1 + variant % 3, s);
	} else if (k->format == VECS_FBIN || k->format == VECS_I8BIN || k->format == VECS_U8BIN) {
		buf_put_le32(&b, (uint32_t)n);
		buf_put_le32(&b, (uint32_t)d);
	} else if (k->format == VECS_W2V || k->format == VECS_W2V_BIN) {
		buf_printf(&b, "%zu %zu\n", n, d);
	}
	for (size_t i = 0; i < n; i++) {
		struct str id = word_of(k->format, i, s);
		if (k->has_words)
			buf_put(&b, id.p, id.len);
		if (k->format == VECS_W2V_BIN)
			buf_putc(&b, ' ');
		if (k->format == VECS_FVECS || k->format == VECS_BVECS || k->format == VECS_IVECS)
			buf_put_le32(&b, (uint32_t)d);
		for (size_t j = 0; j < d; j++) {
			if (k->bytes) {
				put_element(&b, k, whole(k, i, j));
			} else {
				buf_putc(&b, ' ');
				buf_put_f32(&b, (float)whole(k, i, j) * k->scale);
			}
		}
		if (!k->bytes)
			buf_puts(&b, variant & 1 ? " \n" : i & 1 ? "\r\n" : "\n");
		else if (k->format == VECS_W2V_BIN && variant & 1)
			buf_putc(&b, '\n');
	}
	return b;
}

static struct buf gzipped(const struct buf *b)
{
	struct buf out = { 0 };
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t room = deflateBound(&z, b->len);
	z.next_out = (unsigned char *)buf_reserve(&out, room);
	z.avail_out = (uInt)room;
	z.next_in = (unsigned char *)b->p;
	z.avail_in = (uInt)b->len;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out.len = z.total_out;
	deflateEnd(&z);
	return out;
}

static void is_foreign_row(const struct kind *k, size_t i, struct str id, const float *v, size_t d)
{
	char s[64];
	struct str want = k->has_words ? word_of(k->format, i, s) : (struct str){ s, (size_t)snprintf(s, sizeof s, "%zu", i) };

	assert_int_equal(id.len, want.len);
	assert_memory_equal(id.p, want.p, id.len);
	for (size_t j = 0; j < d; j++)
		assert_true(v[j] == (float)whole(k, i, j) * k->scale);
}

/* foreign_reads_back - both ways of reading, told or not; *digest is what the history would call the input, the same for all. */
static void foreign_reads_back(const struct kind *k, enum vecs_format format, const struct buf *b, enum mem_way way, size_t n, size_t d, struct buf *digest)
{
	struct vecs v;
	struct err e = { 0 };
	struct buf inputs[2] = { { 0 } };
	struct str id;
	const float *row;
	size_t got_d, i;

	if (vecs_load_as(&v, mem_path(b->p, b->len, way), format, NULL, &inputs[0], &e))
		fail_msg("%s", e.msg);
	assert_int_equal(v.n, n);
	for (i = 0; i < n; i++)
		is_foreign_row(k, i, vecs_id(&v, i), vecs_row(&v, i), d);
	assert_int_equal(v.d, n ? d : v.d);
	vecs_release(&v);
	struct vecsr *r = vecsr_open_as(mem_path(b->p, b->len, way), format, &e);
	if (!r)
		fail_msg("%s", e.msg);
	if (n)
		assert_int_equal(vecsr_format(r), k->format);
	for (i = 0; vecsr_next(r, &id, &row, &got_d, &e) == 1; i++) {
		assert_int_equal(got_d, d);
		is_foreign_row(k, i, id, row, d);
	}
	assert_int_equal(e.code, 0);
	assert_int_equal(i, n);
	assert_int_equal(vecsr_next(r, &id, &row, &got_d, &e), 0);
	assert_int_equal(vecsr_prov(r, NULL, &inputs[1], &e), 0);
	vecsr_close(r);
	for (i = 0; i < 2; i++) {
		if (!digest->len)
			buf_put(digest, inputs[i].p, inputs[i].len);
		assert_int_equal(inputs[i].len, digest->len);
		assert_memory_equal(inputs[i].p, digest->p, digest->len);
		buf_release(&inputs[i]);
	}
}

static void every_format_is_read(void **state)
{
	static const struct { size_t n, d; } t[] = { { 0, 3 }, { 1, 1 }, { 3, 2 }, { 12, 16 }, { 100, 7 }, { 2, 4000 } };

	(void)state;
	for (size_t c = 0; c < N_KINDS; c++)
		for (size_t i = 0; i < sizeof t / sizeof *t; i++)
			for (int variant = 0; variant < 3; variant++) {
				struct buf b = foreign(&kinds[c], t[i].n, t[i].d, variant), z = gzipped(&b), digest = { 0 };
				for (int way = 0; way < MEM_WAYS; way++)
					for (int told = !kinds[c].is_sniffed; told < 2; told++) {
						enum vecs_format format = told ? kinds[c].format : VECS_AUTO;
						foreign_reads_back(&kinds[c], format, &b, (enum mem_way)way, t[i].n, t[i].d, &digest);
						foreign_reads_back(&kinds[c], format, &z, (enum mem_way)way, t[i].n, t[i].d, &digest);
					}
				buf_release(&b);
				buf_release(&z);
				buf_release(&digest);
			}
}

static void rows_lie_in_place(void **state)
{
	struct vecs v;
	struct err e = { 0 };

	(void)state;
	for (size_t c = 0; c < N_KINDS; c++) {
		struct buf b = foreign(&kinds[c], 4, 3, 0);
		bool is_npy = kinds[c].descr && !strcmp(kinds[c].descr, "<f4");
		assert_int_equal(vecs_load_as(&v, mem_path(b.p, b.len, MEM_MAPPED), kinds[c].format, NULL, NULL, &e), 0);
		assert_int_equal(v.n_parts, 1);
		if (is_npy || kinds[c].format == VECS_FBIN)
			assert_int_equal((uintptr_t)v.part[0].v % 4096, is_npy ? 128 : 8);
		vecs_release(&v);
		buf_release(&b);
	}
}

/* A cut is told wherever a file says how much it holds, with the number of the vector; whatever is said, it is the same from a mapping and from a pipe. */
static void every_cut_is_told(void **state)
{
	char got[2][1024], row[32];

	(void)state;
	for (size_t c = 0; c < N_KINDS; c++)
		for (int variant = 0; variant < 3; variant++) {
			const struct kind *k = &kinds[c];
			struct buf b = foreign(k, 3, 2, variant);
			size_t of_row = k->format == VECS_FVECS || k->format == VECS_BVECS || k->format == VECS_IVECS ? 4 + 2 * k->bytes : 0;
			size_t tail = k->format == VECS_W2V_BIN && variant & 1;		/* the last newline may be missing */
			size_t head = b.len - tail - 3 * 2 * k->bytes;
			for (size_t n = 0; n < b.len; n++) {
				for (int way = 0; way < MEM_WAYS; way++)
					load_said_as(k->format, b.p, n, (enum mem_way)way, got[way], sizeof got[way]);
				assert_string_equal(got[0], got[1]);
				bool is_good = got[0][0] != ':';
				if (of_row)
					assert_int_equal(is_good, n % of_row == 0);
				else if (k->bytes)
					assert_int_equal(is_good, n >= b.len - tail);
				if (of_row)
					snprintf(row, sizeof row, ": vector %zu: ", n / of_row + 1);
				else
					snprintf(row, sizeof row, ": vector %zu of 3: ", k->bytes ? (n - head) / (2 * k->bytes) + 1 : 0);
				if (!is_good && k->bytes && !k->has_words && (of_row || n >= head) && strncmp(got[0], row, strlen(row)))
					fail_msg("%d cut at %zu: '%s', wanted '%s'", k->format, n, got[0], row);
			}
			buf_putc(&b, 'x');
			load_said_as(k->format, b.p, b.len, MEM_MAPPED, got[0], sizeof got[0]);
			assert_int_equal(got[0][0], ':');
			load_said_as(k->format, b.p, b.len, MEM_PIPED, got[1], sizeof got[1]);
			assert_string_equal(got[0], got[1]);
			buf_release(&b);
		}
}

static void foreign_lies_are_refused(void **state)
{
#define AT_VECTOR(n, what) ": vector " #n ": " what
#define CUT "the file ends before it does"
#define TWO_NUMBERS ": it does not begin with a line of two numbers, how many vectors and how many components"
	static const struct { enum vecs_format format; const char *in; size_t n; const char *want; } t[] = {
#define F(format, in, want) { VECS_ ## format, in, sizeof in - 1, want }
		F(FBIN, "", ": the file ends before it has said how many vectors and components there are"),
		F(FBIN, "\1\0\0\0\1\0\0\0\0\0\x80\x3f", "1 x 1"),
		F(FBIN, "\1\0\0\0\1\0\0\0\0\0\x80\x3f\0", ": there is more behind the last of 1 vectors"),
		F(FBIN, "\2\0\0\0\1\0\0\0\0\0\x80\x3f\0\0\xc0\x7f", AT_VECTOR(2, "component 1 is not a finite float32")),
		F(FBIN, "\1\0\0\0\2\0\0\0\0\0\x80\x3f\0\0\x80\xff", AT_VECTOR(1, "component 2 is not a finite float32")),
		F(FBIN, "\xff\xff\xff\xff\1\0\0\0\0\0\x80\x3f", ": vector 2 of 4294967295: " CUT),
		F(FBIN, "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\x80\x3f", ": vectors of 4294967295 components: they have 1 to 65536; read as fbin"),
		F(FBIN, "\1\0\0\0\0\0\0\0", ": vectors of 0 components: they have 1 to 65536; read as fbin"),
		F(FBIN, "\1\0\0\0\0\0\1\0", ": vector 1 of 1: " CUT),
		F(FBIN, "\1\0\0\0\1\0\1\0", ": vectors of 65537 components: they have 1 to 65536; read as fbin"),
		F(U8BIN, "\2\0\0\0\2\0\0\0\1\2\3\xff", "2 x 2"), F(I8BIN, "\2\0\0\0\2\0\0\0\1\2\3", ": vector 2 of 2: " CUT),
		F(FVECS, "", "0 x 0"), F(FVECS, "\1\0\0\0\0\0\x80\x3f\2\0\0\0", AT_VECTOR(2, "2 components, the vectors before have 1")),
		F(FVECS, "\0\0\0\0", ": vectors of 0 components: they have 1 to 65536; read as fvecs"), F(FVECS, "\xff\xff\xff\xff", ": vectors of 4294967295 components: they have 1 to 65536; read as fvecs"),
		F(FVECS, "\1\0\0\0\0\0\x80\x7f", AT_VECTOR(1, "component 1 is not a finite float32")), F(BVECS, "\1\0\0\0\xff", "1 x 1"),
		F(IVECS, "\1\0\0\0\0\0\0\x80", "1 x 1"),
		F(W2V_BIN, "", TWO_NUMBERS), F(W2V_BIN, "1 1", TWO_NUMBERS), F(W2V_BIN, "1 1 1\n", TWO_NUMBERS), F(W2V_BIN, "-1 1\n", TWO_NUMBERS),
		F(W2V_BIN, "1 1\r\n", TWO_NUMBERS), F(W2V_BIN, "99999999999999999999 1\n", TWO_NUMBERS), F(W2V_BIN, "0 1\n", "0 x 1"),
		F(W2V_BIN, "1 0\n", ": vectors of 0 components: they have 1 to 65536; read as w2v-bin"), F(W2V_BIN, "1 1\na \0\0\x80\x3f", "1 x 1"), F(W2V_BIN, "1 1\na \0\0\x80\x3f\n", "1 x 1"),
		F(W2V_BIN, "1 1\na \0\0\x80\x3f\n\n", ": there is more behind the last of 1 vectors"), F(W2V_BIN, "1 1\n \0\0\x80\x3f", AT_VECTOR(1, "its word is empty")),
		F(W2V_BIN, "1 1\na\0 \0\0\x80\x3f", AT_VECTOR(1, "there is a NUL byte in its word")), F(W2V_BIN, "18446744073709551615 65536\na", ": vector 1 of 18446744073709551615: " CUT),
		F(W2V, "", ":1: '' is not two numbers, how many vectors and how many components"), F(W2V, "a 1 2\n", ":1: 'a 1 2' is not two numbers, how many vectors and how many components"),
		F(W2V, "2 2 \na 1 2 \nb -1e-3 .5 \n", "2 x 2"), F(W2V, "2 2\na 1 2\n", ": vector 2 of 2: " CUT), F(W2V, "1 2\na 1 2\nb 1 2\n", ":3: the first line says that there are 1 vectors"),
		F(W2V, "1 2\na 1\n", ":2: fewer components than 2, which the first line says"), F(W2V, "1 2\na 1 2 3\n", ":2: more components than 2, which the first line says"),
		F(W2V, "1 2\na 1 x\n", ":2: component 2: 'x' is not a finite number"), F(W2V, "1 2\na nan 1\n", ":2: component 1: 'nan' is not a finite number"),
		F(W2V, "1 2\n 1 2\n", ":2: the word is empty"), F(W2V, "1 2\n\n", ":2: fewer components than 2, which the first line says"), F(W2V, "1 2\na\0b 1 2\n", ":2: there is a NUL byte in the word"),
		F(W2V, "1 2\na b 1 2\n", "1 x 2"), F(W2V, "1 65537\n", ": vectors of 65537 components: they have 1 to 65536; read as w2v"), F(W2V, "\xef\xbb\xbf" "1 1\r\na 1\r\n", "1 x 1"),
		F(GLOVE, "", "0 x 0"), F(GLOVE, "a 1 2\nb 1\n", ":2: fewer components than 2, which the vectors before have"), F(GLOVE, "a 1 2\nb 1 2 3\n", ":2: more components than 2, which the vectors before have"),
		F(GLOVE, "a 1 2\n. . 1 2\n", "2 x 2"), F(GLOVE, "a\n", ":1: 0 components: a vector is a word and 1 to 65536 numbers"), F(GLOVE, "\n", ":1: 0 components: a vector is a word and 1 to 65536 numbers"),
		F(GLOVE, "a 1  2\n", ":1: component 2: '' is not a finite number"), F(GLOVE, "a 1e39\n", ":1: component 1: '1e39' is not a finite number"), F(GLOVE, "7 1", "1 x 1"),
		/* the first line says it when nobody does */
		F(AUTO, "7 1", ": vector 1 of 7: " CUT), F(AUTO, "a 1\nb 2", "2 x 1"), F(AUTO, "1 1\na 1\n", "1 x 1"), F(AUTO, "7 1\t1\n", "1 x 1"), F(AUTO, "a 1 1\t1\t2\nb 1\t1\t1\n", "2 x 2"),
		F(AUTO, "2 2\t1\t\n", ":1: field 3: '' is not a finite number"), F(AUTO, "a 1\nb\t2\n", ":2: fewer components than 1, which the vectors before have"),
		F(AUTO, "a b\n", ":1: 1 field: a vector is an id and 1 to 65536 numbers"), F(TSV, "a 1\n", ":1: 1 field: a vector is an id and 1 to 65536 numbers"), F(TSV, "1 1\t1\n", "1 x 1"),
		F(NPY, "", ": the file ends within the npy header"), F(NPY, "a\t1\n", ": it does not begin as an npy file does"), F(AUTO, "\x93NUM", ": the file ends within the npy header"),
		F(NPY, "\x93NUMPY\4\0", ": npy of version 4.0: 1.0, 2.0 and 3.0 are read"), F(NPY, "\x93NUMPY\1\1", ": npy of version 1.1: 1.0, 2.0 and 3.0 are read"),
		F(NPY, "\x93NUMPY\2\0\xff\xff\xff\xff", ": an npy header of 4294967295 bytes: at most 65535 are read"), F(NPY, "\x93NUMPY\1\0\0\0", ": the npy header is not that of an array of numbers, at ''"),
	};
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		for (int way = 0; way < MEM_WAYS; way++) {
			load_said_as(t[i].format, t[i].in, t[i].n, (enum mem_way)way, got, sizeof got);
			if (strcmp(got, t[i].want))
				fail_msg("%zu '%s': '%s', wanted '%s'", i, t[i].in, got, t[i].want);
		}
	struct buf b = { 0 };
	buf_puts(&b, "1 1\n");
	for (int i = 0; i < 65536; i++)
		buf_putc(&b, 'w');
	buf_put(&b, " \0\0\0\0", 5);
	load_said_as(VECS_W2V_BIN, b.p, b.len, MEM_MAPPED, got, sizeof got);
	assert_string_equal(got, AT_VECTOR(1, "its word is longer than 65535 bytes"));
	buf_release(&b);
}

static void npy_headers(void **state)
{
	static const struct { const char *head, *want; } t[] = {
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", "1 x 2" }, { "{\"shape\":(1,2),\"fortran_order\":False,\"descr\":\"<f4\"}", "1 x 2" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L)}", "1 x 2" }, { " { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 1 , 2 , ) , } ", "1 x 2" },
		{ "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", ": the array is stored by columns (fortran_order): vectors are read by rows" },
		{ "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2), }", ": its elements are '>f4': <f4, <f8, <f2, |i1 and |u1 are read" },
		{ "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 2), }", ": its elements are '<i8': <f4, <f8, <f2, |i1 and |u1 are read" },
		{ "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }", ": its elements are '|O': <f4, <f8, <f2, |i1 and |u1 are read" },
		{ "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 2), }", ": the npy header is not that of an array of numbers, at '[('a', '<f4')], 'fortran_order': False, ...'" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", ": an array of 1 dimension: vectors are the rows of one with two" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", ": an array of 0 dimensions: vectors are the rows of one with two" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2), }", ": an array of 3 dimensions: vectors are the rows of one with two" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 0), }", ": vectors of 0 components: they have 1 to 65536" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }", ": there is more behind the last of 0 vectors" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 2), }", ": vector 2 of 18446744073709551615: " CUT },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905, 65536), }", ": vector 1 of 4611686018427387905: " CUT },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 99999999999999999999), }", ": the npy header is not that of an array of numbers, at '), }" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }", ": the npy header is not that of an array of numbers, at '2), }" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2), }", ": the npy header is not that of an array of numbers, at '-1, 2), }" },
		{ "{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 2), }", ": the npy header is not that of an array of numbers, at '0, 'shape'" },
		{ "{'descr': '<f4', 'shape': (1, 2), }", ": the npy header is not that of an array of numbers, at ''" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), 'more': 1}", ": the npy header is not that of an array of numbers, at ' 1}" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), } x", ": the npy header is not that of an array of numbers, at 'x" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2", ": the npy header is not that of an array of numbers, at ''" },
		{ "{'descr': '<f4, 'fortran_order", ": the npy header is not that of an array of numbers, at 'fortran_order" }, { "", ": the npy header is not that of an array of numbers, at ''" },
	};
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		for (int way = 0; way < MEM_WAYS; way++) {
			struct buf b = { 0 };
			put_npy_head(&b, 1 + (int)(i % 3), t[i].head);
			buf_put(&b, "\0\0\x80\x3f\0\0\0\x40", 8);
			load_said_as(VECS_NPY, b.p, b.len, (enum mem_way)way, got, sizeof got);
			if (strncmp(got, t[i].want, strlen(t[i].want)))
				fail_msg("'%s': '%s', wanted '%s'", t[i].head, got, t[i].want);
			buf_release(&b);
		}
}

/* All halves are what they mean, and what a double has beyond a float is rounded to the nearest. */
static void elements_are_exact(void **state)
{
	struct buf b = { 0 };
	struct vecs v;
	struct err e = { 0 };
	uint32_t n = 0;
	char got[1024];

	(void)state;
	put_npy_head(&b, 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (63488, 1), }");
	for (uint32_t h = 0; h < 65536; h++)
		if ((h & 0x7c00) != 0x7c00)
			buf_put(&b, &(uint16_t){ (uint16_t)h }, 2);
	assert_int_equal(vecs_load(&v, mem_path(b.p, b.len, MEM_MAPPED), NULL, NULL, &e), 0);
	for (uint32_t h = 0; h < 65536; h++) {
		int exp = (int)(h >> 10 & 31), mantissa = (int)(h & 1023);
		double want = exp ? ldexp(1024 + mantissa, exp - 25) : ldexp(mantissa, -24);
		if (exp == 31)
			continue;
		float have = vecs_row(&v, n++)[0];
		assert_true((double)fabsf(have) == want && !signbit(have) == !(h & 0x8000));
	}
	vecs_release(&v);
	for (uint16_t h = 0x7c00; h; h = (uint16_t)(h * 2)) {		/* infinity, then NaN's that lost a bit each */
		uint16_t bad = h | 0x7c00;
		buf_reset(&b);
		put_npy_head(&b, 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 1), }");
		buf_put(&b, &bad, 2);
		load_said(b.p, b.len, MEM_MAPPED, got, sizeof got);
		assert_string_equal(got, AT_VECTOR(1, "component 1 is not a finite float32"));
	}
	static const struct { double x; float want; } t[] = { { 0.1, 0.1f }, { 1 + 0x1p-24, 1 }, { 1 + 0x1.8p-24, 1 + 0x1p-23f }, { -FLT_MAX, -FLT_MAX }, { 1e-46, 0 } };
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		buf_reset(&b);
		put_npy_head(&b, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }");
		buf_put(&b, &t[i].x, 8);
		assert_int_equal(vecs_load(&v, mem_path(b.p, b.len, MEM_MAPPED), NULL, NULL, &e), 0);
		assert_true(vecs_row(&v, 0)[0] == t[i].want);
		vecs_release(&v);
	}
	buf_reset(&b);
	put_npy_head(&b, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }");
	buf_put(&b, &(double){ 1e39 }, 8);
	load_said(b.p, b.len, MEM_PIPED, got, sizeof got);
	assert_string_equal(got, AT_VECTOR(1, "component 1 is not a finite float32"));
	buf_release(&b);
}

static void names_are_looked_at(void **state)
{
	static const struct { const char *name, *in; enum vecs_format want; } t[] = {
		{ "a.fvecs", "", VECS_FVECS }, { "a.bvecs", "x", VECS_BVECS }, { "dir.x/a.ivecs.gz", "x", VECS_IVECS }, { "a.fbin", "x", VECS_FBIN }, { "a.i8bin.zst", "x", VECS_I8BIN },
		{ "a.u8bin", "x", VECS_U8BIN }, { "a.bin", "3 4\na ", VECS_W2V_BIN }, { "a.bin.gz", "3 4\na ", VECS_W2V_BIN }, { "a.bin", "3 4", VECS_AUTO }, { "a.bin", "3 0\na", VECS_AUTO },
		{ "a.bin", "3 65537\na", VECS_AUTO }, { "a.bin", "a\t1\n", VECS_AUTO }, { "a.txt", "3 4\na ", VECS_AUTO }, { ".fvecs", "x", VECS_AUTO }, { "fvecs", "x", VECS_AUTO },
		{ "a.FVECS", "x", VECS_AUTO }, { "a.fvecs.txt", "x", VECS_AUTO }, { "a", "\x93NUMPY\1", VECS_NPY }, { "a.fvecs", "\x93NUMPY\1", VECS_NPY }, { "a.npy", "a\t1\n", VECS_AUTO },
		{ "a", "a\t1\n", VECS_AUTO }, { "a", "", VECS_AUTO },
	};
	struct err e = { 0 };
	struct buf names = { 0 };

	(void)state;
	for (int i = VECS_AUTO; i <= VECS_GLOVE; i++)
		buf_printf(&names, i ? "|%s" : "%s", vecs_format_name((enum vecs_format)i));
	assert_string_equal(names.p, VECS_FORMAT_NAMES);
	buf_release(&names);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct file *f = file_open_memory(t[i].name, t[i].in, strlen(t[i].in));
		int got = vecs_sniff(f, &e);
		if (got != (int)t[i].want)
			fail_msg("%s: %d, wanted %d", t[i].name, got, (int)t[i].want);
		file_close(f);
	}
}

static void binary_is_itself_whatever_is_told(void **state)
{
	struct rows r = { 3, 2, true, false };
	struct buf b = mem_written(fill_rows, &r);
	char got[1024];

	(void)state;
	for (size_t c = 0; c < N_KINDS; c++) {
		load_said_as(kinds[c].format, b.p, b.len, MEM_MAPPED, got, sizeof got);
		assert_string_equal(got, "3 x 2");
	}
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(text_is_shortest),
		cmocka_unit_test(text_is_read_or_refused),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(joined_streams_must_agree),
		cmocka_unit_test(every_cut_and_flip_is_found),
		cmocka_unit_test(every_format_is_read),
		cmocka_unit_test(rows_lie_in_place),
		cmocka_unit_test(every_cut_is_told),
		cmocka_unit_test(foreign_lies_are_refused),
		cmocka_unit_test(npy_headers),
		cmocka_unit_test(elements_are_exact),
		cmocka_unit_test(names_are_looked_at),
		cmocka_unit_test(binary_is_itself_whatever_is_told),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
