/* vecs: rows are the same from text, from a mapping, from a pipe and from joined streams; they lie on 64 bytes; a file that lies about its sizes is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/data/vecs.h"

struct rows { size_t n, d; bool is_binary, has_prov; };

/* value - component j of row i: every kind of finite float. */
static float value(size_t i, size_t j)
{
	static const float odd[] = { 0, -0.0f, FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, 0.1f, 1e-20f, 16777217 };
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
	struct vecsr *r = vecsr_open(mem_path(b->p, b->len, way), &e);
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

/* load_said - "n x d" or the error behind the file's name; vecsr must say the same. */
static void load_said(const void *p, size_t n, enum mem_way way, char *out, size_t room)
{
	struct vecs v;
	struct err e = { 0 }, e2 = { 0 }, e3 = { 0 };
	struct str id;
	const float *row;
	size_t d;
	int got;

	if (vecs_load(&v, mem_path(p, n, way), NULL, NULL, &e))
		snprintf(out, room, "%s", e.msg + (way == MEM_PIPED ? strlen("(standard input)") : strcspn(e.msg, ": ")));
	else
		snprintf(out, room, "%zu x %zu", v.n, v.d);
	vecs_release(&v);
	struct vecsr *r = vecsr_open(mem_path(p, n, way), &e2);
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

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(text_is_shortest),
		cmocka_unit_test(text_is_read_or_refused),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(joined_streams_must_agree),
		cmocka_unit_test(every_cut_and_flip_is_found),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
