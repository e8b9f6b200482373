/*
 * artifact: meta and tensors come back from a mapping and from a pipe; a damaged tensor is found at its first use at the latest; ids are found in place; shapes, names and
 * tables that lie under right checksums are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <xxhash.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/data/artifact.h"

static const float f32[6] = { 1, 2, 3, 4, 5, -6.5f };
static const double f64[2] = { 0.1, -1e300 };
static const uint8_t u8[5] = { 0, 1, 2, 254, 255 };
static const uint32_t u32[3] = { 0, 1, UINT32_MAX };
static const uint64_t u64[2] = { 0, UINT64_MAX };
static const int8_t i8[8] = { -128, 127, 0, 1, 2, 3, 4, 5 };
static const struct { const char *name; enum dtype t; size_t ndim; uint64_t dim[3]; const void *data; size_t bytes; } tensors[] = {
	{ "f32", DTYPE_F32, 2, { 2, 3 }, f32, sizeof f32 }, { "f64", DTYPE_F64, 1, { 2 }, f64, sizeof f64 }, { "u8", DTYPE_U8, 1, { 5 }, u8, sizeof u8 },
	{ "u32", DTYPE_U32, 1, { 3 }, u32, sizeof u32 }, { "u64", DTYPE_U64, 1, { 2 }, u64, sizeof u64 }, { "i8", DTYPE_I8, 3, { 2, 2, 2 }, i8, sizeof i8 },
	{ "none", DTYPE_F32, 2, { 0, 4 }, f32, 0 }, { "scalar", DTYPE_F64, 0, { 0 }, f64, 8 },
	{ "a name of thirty-one characters", DTYPE_U8, 1, { 1 }, u8, 1 },
};
enum { N_TENSORS = sizeof tensors / sizeof *tensors };
static const char *const ids[] = { "m1", " ", "an id with\ttab", "\xff\xfe", "m2", "m10" };
enum { N_IDS = sizeof ids / sizeof *ids };

static void fill_model(struct sink *s, void *ctx)
{
	struct err e = { 0 };
	struct prov p = { { 0 } };
	struct vocab v = { 0 };
	struct artifactw *w = artifactw_new(s, KIND_MODEL, "test", &e);

	(void)ctx;
	artifactw_meta(w, "d", "%d", 64);
	artifactw_meta(w, "lambda", "%s", "0.003");
	artifactw_meta(w, "odd\tkey", "odd\\ value\n%s", "x");
	artifactw_meta(w, "empty", "%s", "");
	for (int i = 0; i < N_TENSORS; i++)
		assert_int_equal(artifactw_tensor(w, tensors[i].name, tensors[i].t, tensors[i].ndim, tensors[i].dim, tensors[i].data, &e), 0);
	for (int i = 0; i < N_IDS; i++)
		vocab_add(&v, ids[i], strlen(ids[i]));
	assert_int_equal(artifactw_vocab(w, "item", &v, &e), 0);
	vocab_reset(&v);
	assert_int_equal(artifactw_vocab(w, "nobody", &v, &e), 0);
	prov_step(&p, "u-artifact", "1", "", "");
	assert_int_equal(artifactw_finish(w, &p, &e), 0);
	artifactw_free(w);
	vocab_release(&v);
	prov_release(&p);
}

static void comes_back(void **state)
{
	struct buf b = mem_written(fill_model, NULL);
	struct err e = { 0 };
	double x;
	int64_t k;

	(void)state;
	for (int way = 0; way <= MEM_WAYS; way++) {
		struct artifact *a = way == MEM_WAYS ? artifact_load_memory("memory", b.p, b.len, KIND_MODEL, &e) :
						       artifact_load(mem_path(b.p, b.len, (enum mem_way)way), KIND_MODEL, &e);
		assert_non_null(a);
		assert_string_equal(artifact_meta(a, "kind"), "test");
		assert_string_equal(artifact_meta(a, "odd\tkey"), "odd\\ value\nx");
		assert_string_equal(artifact_meta(a, "empty"), "");
		assert_null(artifact_meta(a, "no"));
		assert_int_equal(artifact_meta_i64(a, "d", &k, &e), 0);
		assert_int_equal(k, 64);
		assert_int_equal(artifact_meta_f64(a, "lambda", &x, &e), 0);
		assert_true(x == 0.003);
		assert_int_equal(artifact_n_meta(a), 5);
		assert_int_equal(artifact_n_tensors(a), N_TENSORS + 6);
		for (int i = 0; i < N_TENSORS; i++) {
			uint64_t dim[3] = { 0 };
			const void *data;
			if (artifact_tensor(a, tensors[i].name, tensors[i].t, tensors[i].ndim, dim, &data, &e))
				fail_msg("%s", e.msg);
			assert_memory_equal(dim, tensors[i].dim, tensors[i].ndim * sizeof *dim);
			assert_memory_equal(data, tensors[i].data, tensors[i].bytes);
			assert_int_equal((uintptr_t)data % (way == MEM_WAYS ? 8 : 64), 0);
		}
		struct idtab t;
		assert_int_equal(artifact_idtab(a, "item", &t, &e), 0);
		assert_int_equal(t.n, N_IDS);
		for (uint32_t i = 0; i < N_IDS; i++) {
			assert_int_equal(idtab_find(&t, ids[i], strlen(ids[i])), i);
			assert_int_equal(idtab_id(&t, i).len, strlen(ids[i]));
			assert_memory_equal(idtab_id(&t, i).p, ids[i], strlen(ids[i]));
		}
		assert_int_equal(idtab_find(&t, "m", 1), VOCAB_NONE);
		assert_int_equal(idtab_find(&t, "m1\0", 3), VOCAB_NONE);
		assert_int_equal(artifact_idtab(a, "nobody", &t, &e), 0);
		assert_int_equal(t.n, 0);
		assert_int_equal(idtab_find(&t, "m1", 2), VOCAB_NONE);
		struct prov p = { { 0 } };
		struct buf in = { 0 };
		assert_int_equal(artifact_prov(a, &p, &in, &e), 0);
		assert_string_equal(p.text.p, "u-artifact\t1\t\t\n");
		assert_memory_equal(in.p, "taste:", 6);
		prov_release(&p);
		buf_release(&in);
		artifact_free(a);
	}
	buf_release(&b);
}

static void many_ids_are_found(void **state)
{
	enum { N = 3000 };
	struct err e = { 0 };
	char s[32];

	(void)state;
	/* the table by hand, as taste-format(5) says: slots from the low bits of the hash upwards */
	uint32_t *slot = mem_new(8192, sizeof *slot);
	uint64_t *off = mem_new(N + 1, sizeof *off);
	struct buf text = { 0 };
	for (uint32_t i = 0; i < N; i++) {
		size_t n = (size_t)snprintf(s, sizeof s, "%u", i * i), at;
		for (at = XXH3_64bits(s, n) & 8191; slot[at]; at = (at + 1) & 8191)
			;
		slot[at] = i + 1;
		buf_put(&text, s, n);
		off[i + 1] = text.len;
	}
	struct idtab t = { N, 8192, off, text.p, slot };
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(idtab_find(&t, s, (size_t)snprintf(s, sizeof s, "%u", i * i)), i);
	assert_int_equal(idtab_find(&t, "3", 1), VOCAB_NONE);
	mem_free(slot);
	mem_free(off);
	buf_release(&text);
	assert_int_equal(e.code, 0);
}

static void what_is_asked_for_must_be_there(void **state)
{
	struct buf b = mem_written(fill_model, NULL);
	struct err e = { 0 };
	uint64_t dim[3] = { 0 };
	const void *data;
	double x;
	int64_t k;
	static const struct { const char *name; enum dtype t; size_t ndim; uint64_t dim[3]; const char *want; } t[] = {
		{ "f32", DTYPE_F32, 2, { 2, 4 }, ": tensor f32 has another type or shape than this program expects" },
		{ "f32", DTYPE_F32, 1, { 0 }, ": tensor f32 has another type or shape than this program expects" },
		{ "f32", DTYPE_U32, 2, { 0 }, ": tensor f32 has another type or shape than this program expects" },
		{ "F32", DTYPE_F32, 2, { 0 }, ": has no tensor F32" },
		{ "", DTYPE_F32, 2, { 0 }, ": has no tensor " },
	};

	(void)state;
	struct artifact *a = artifact_load(mem_path(b.p, b.len, MEM_PIPED), KIND_MODEL, &e);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		memcpy(dim, t[i].dim, sizeof dim);
		assert_int_equal(artifact_tensor(a, t[i].name, t[i].t, t[i].ndim, dim, &data, &e), ERR_DATA);
		assert_string_equal(e.msg + strlen("(standard input)"), t[i].want);
		e = (struct err){ 0 };
	}
	assert_int_equal(artifact_meta_i64(a, "lambda", &k, &e), ERR_DATA);
	assert_string_equal(e.msg, "(standard input): 'lambda' is not a whole number");
	e = (struct err){ 0 };
	assert_int_equal(artifact_meta_f64(a, "empty", &x, &e), ERR_DATA);
	assert_string_equal(e.msg, "(standard input): 'empty' is not a number");
	e = (struct err){ 0 };
	assert_int_equal(artifact_meta_f64(a, "no", &x, &e), ERR_DATA);
	assert_string_equal(e.msg, "(standard input): says no 'no'");
	e = (struct err){ 0 };
	struct idtab ids_;
	assert_int_equal(artifact_idtab(a, "user", &ids_, &e), ERR_DATA);
	assert_string_equal(e.msg, "(standard input): has no tensor user.off");
	artifact_free(a);
	buf_release(&b);
}

/* said - "" when all of it loads, or the error behind the file's name. */
static void said(const void *p, size_t n, enum mem_way way, char *out, size_t room)
{
	struct err e = { 0 };
	struct artifact *a = artifact_load(mem_path(p, n, way), KIND_MODEL, &e);
	unsigned sum = 0;

	for (size_t i = 0; a && i < artifact_n_tensors(a) && !e.code; i++) {
		const char *name;
		enum dtype t;
		size_t ndim, bytes;
		const uint64_t *shape;
		const void *data;
		struct idtab ids_;
		artifact_tensor_at(a, i, &name, &t, &ndim, &shape);
		uint64_t dim[3] = { shape[0], shape[1], shape[2] };
		bytes = dtype_size(t) * dim[0] * dim[1] * dim[2];
		if (artifact_tensor(a, name, t, ndim, dim, &data, &e))
			break;
		for (size_t k = 0; k < bytes; k++)
			sum += ((const unsigned char *)data)[k];
		if (!strcmp(name, "id.off") && !artifact_idtab(a, "id", &ids_, &e))
			for (size_t k = 0; k < ids_.n; k++) {
				struct str s = idtab_id(&ids_, k);
				sum += idtab_find(&ids_, s.p, s.len);
			}
	}
	snprintf(out, room, "%s", e.code ? e.msg + (way == MEM_PIPED ? strlen("(standard input)") : strcspn(e.msg, ": ")) : sum == 1 ? "?" : "");
	artifact_free(a);
}

static void every_cut_and_flip_is_found(void **state)
{
	struct buf b = mem_written(fill_model, NULL);
	char got[1024];

	(void)state;
	for (int way = 0; way < MEM_WAYS; way++) {
		said(b.p, b.len, (enum mem_way)way, got, sizeof got);
		assert_string_equal(got, "");
		for (size_t n = 1; n < b.len; n++) {
			said(b.p, n, (enum mem_way)way, got, sizeof got);
			if (!strstr(got, "byte "))
				fail_msg("cut at %zu: %s", n, got);
		}
		for (size_t bit = 0; bit < 8 * b.len; bit++) {
			b.p[bit / 8] ^= (char)(1 << bit % 8);
			said(b.p, b.len, (enum mem_way)way, got, sizeof got);
			if (!strstr(got, "byte "))
				fail_msg("bit %zu: %s", bit, got);
			b.p[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	buf_release(&b);
}

static void a_mapped_tensor_is_hashed_at_first_use(void **state)
{
	struct buf b = mem_written(fill_model, NULL);
	struct err e = { 0 };
	uint64_t dim[2] = { 0 };
	const void *data;
	char *at = memmem(b.p, b.len, f32, sizeof f32);

	(void)state;
	assert_non_null(at);
	at[3] ^= 1;
	struct artifact *a = artifact_load(mem_path(b.p, b.len, MEM_MAPPED), KIND_MODEL, &e);
	assert_non_null(a);	/* a model of gigabytes opens at once */
	assert_int_equal(artifact_tensor(a, "f64", DTYPE_F64, 1, dim, &data, &e), 0);
	dim[0] = 0;
	assert_int_equal(artifact_tensor(a, "f32", DTYPE_F32, 2, dim, &data, &e), ERR_DATA);
	assert_non_null(strstr(e.msg, "block 1 (TNSR) at byte "));
	e = (struct err){ 0 };
	assert_int_equal(artifact_tensor(a, "f32", DTYPE_F32, 2, dim, &data, &e), ERR_DATA);
	artifact_free(a);
	e = (struct err){ 0 };
	assert_null(artifact_load(mem_path(b.p, b.len, MEM_PIPED), KIND_MODEL, &e));
	assert_int_equal(e.code, ERR_DATA);
	buf_release(&b);
}

/* ---- by the byte ---- */

static struct buf tnsr(const char *name, size_t n_name, uint32_t type, uint32_t ndim, uint64_t d0, uint64_t d1, uint64_t d2, const void *data, size_t n)
{
	struct buf b = { 0 };

	buf_put(&b, name, n_name);
	while (b.len < 32)
		buf_putc(&b, '\0');
	buf_put_le32(&b, type);
	buf_put_le32(&b, ndim);
	buf_put_le64(&b, d0);
	buf_put_le64(&b, d1);
	buf_put_le64(&b, d2);
	buf_put(&b, data, n);
	return b;
}

static void tensors_that_lie(void **state)
{
#define B0 ": block 0 at byte 64: "
	static const char name32[] = "a name of thirty-two characters!";
	static const struct { const char *name; size_t n_name; uint32_t type, ndim; uint64_t d0, d1, d2; size_t n; const char *want; } t[] = {
		{ "t", 1, DTYPE_F32, 1, 4, 1, 1, 16, "" }, { "t", 1, DTYPE_U8, 3, 2, 2, 4, 16, "" },
		{ "t", 1, 0, 1, 4, 1, 1, 16, B0 "a tensor of a name, type or shape that cannot be" },
		{ "t", 1, 7, 1, 4, 1, 1, 16, B0 "a tensor of a name, type or shape that cannot be" },
		{ "t", 1, DTYPE_F32, 4, 4, 1, 1, 16, B0 "a tensor of a name, type or shape that cannot be" },
		{ "", 0, DTYPE_F32, 1, 4, 1, 1, 16, B0 "a tensor of a name, type or shape that cannot be" },
		{ name32, 32, DTYPE_F32, 1, 4, 1, 1, 16, B0 "a tensor of a name, type or shape that cannot be" },
		{ "t", 1, DTYPE_F32, 1, 4, 2, 1, 32, B0 "tensor t has a shape that cannot be" },
		{ "t", 1, DTYPE_F32, 0, 0, 1, 1, 0, B0 "tensor t has a shape that cannot be" },
		{ "t", 1, DTYPE_F32, 3, (uint64_t)1 << 62, 2, 2, 16, B0 "tensor t has a shape that cannot be" },	/* wraps to 0 */
		{ "t", 1, DTYPE_F32, 1, (uint64_t)1 << 62, 1, 1, 0, B0 "tensor t has a shape that cannot be" },
		{ "t", 1, DTYPE_F32, 1, 5, 1, 1, 16, B0 "tensor t has 16 bytes, its shape asks for 20" },
		{ "t", 1, DTYPE_F32, 1, 3, 1, 1, 16, B0 "tensor t has 16 bytes, its shape asks for 12" },
		{ "t", 1, DTYPE_U8, 1, (uint64_t)1 << 60, 1, 1, 16, B0 "tensor t has 16 bytes, its shape asks for 1152921504606846976" },
	};
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf p = tnsr(t[i].name, t[i].n_name, t[i].type, t[i].ndim, t[i].d0, t[i].d1, t[i].d2, f32, t[i].n < 24 ? t[i].n : 24);
		while (p.len < 64 + t[i].n)
			buf_putc(&p, 'x');
		struct mem_block b = { BLOCK_TENSOR, 0, i & 1 ? BLOCK_ZLIB : BLOCK_RAW, 1, p.p, p.len };
		struct buf f = mem_stream(KIND_MODEL, &b, 1);
		for (int way = 0; way < MEM_WAYS; way++) {
			said(f.p, f.len, (enum mem_way)way, got, sizeof got);
			if (strcmp(got, t[i].want))
				fail_msg("%zu: '%s', wanted '%s'", i, got, t[i].want);
		}
		buf_release(&f);
		buf_release(&p);
	}
	struct buf p = tnsr("t", 1, DTYPE_F32, 1, 1, 1, 1, f32, 4);
	struct mem_block two[] = { { BLOCK_TENSOR, 0, BLOCK_RAW, 1, p.p, p.len }, { BLOCK_TENSOR, 0, BLOCK_RAW, 1, p.p, p.len } };
	struct buf f = mem_stream(KIND_MODEL, two, 2);
	said(f.p, f.len, MEM_MAPPED, got, sizeof got);
	assert_string_equal(got, ": block 1 at byte 256: tensor t stands there twice");
	buf_release(&f);
	two[0].n = 63;
	f = mem_stream(KIND_MODEL, two, 1);
	said(f.p, f.len, MEM_MAPPED, got, sizeof got);
	assert_string_equal(got, B0 "too short for a tensor");
	buf_release(&f);
	buf_release(&p);
}

static void id_tables_that_lie(void **state)
{
#define DAMAGED ": the table of id ids is damaged"
	static const struct { uint64_t off[4], n_off; uint32_t slot[8]; uint64_t n_slots, n_str; const char *want; } t[] = {
		{ { 0, 1, 3 }, 3, { 1, 0, 2, 0 }, 4, 3, "" },
		{ { 0 }, 1, { 0 }, 1, 0, "" },
		{ { 0 }, 0, { 0 }, 4, 0, DAMAGED },
		{ { 1, 1, 3 }, 3, { 1, 0, 2, 0 }, 4, 3, DAMAGED },
		{ { 0, 1, 4 }, 3, { 1, 0, 2, 0 }, 4, 3, DAMAGED },
		{ { 0, 1, 2 }, 3, { 1, 0, 2, 0 }, 4, 3, DAMAGED },
		{ { 0, 4, 3 }, 3, { 1, 0, 2, 0 }, 4, 3, DAMAGED " at id 1" },
		{ { 0, 3, 3 }, 3, { 1, 0, 2, 0 }, 4, 3, DAMAGED " at id 2" },
		{ { 0, UINT64_MAX, 3 }, 3, { 1, 0, 2, 0 }, 4, 3, DAMAGED " at id 1" },
		{ { 0, 1, 3 }, 3, { 1, 0, 2 }, 3, 3, DAMAGED },
		{ { 0, 1, 3 }, 3, { 1, 2 }, 2, 3, DAMAGED },
		{ { 0, 1, 3 }, 3, { 0 }, 0, 3, DAMAGED },
		{ { 0, 1, 3 }, 3, { 1, 0, 3, 0 }, 4, 3, DAMAGED " at slot 2" },
		{ { 0, 1, 3 }, 3, { 1, 2, 1, 2 }, 4, 3, ": the table of id ids has no empty slot" },
		{ { 0, 1, 3 }, 3, { 0, 0, 0, 0 }, 4, 3, "" },		/* ids that nobody finds: odd, not unsafe */
	};
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf a = tnsr("id.off", 6, DTYPE_U64, 1, t[i].n_off, 1, 1, t[i].off, t[i].n_off * 8), b = tnsr("id.str", 6, DTYPE_U8, 1, t[i].n_str, 1, 1, "abc", t[i].n_str),
			   c = tnsr("id.slot", 7, DTYPE_U32, 1, t[i].n_slots, 1, 1, t[i].slot, t[i].n_slots * 4);
		struct mem_block all[] = { { BLOCK_TENSOR, 0, 0, 1, a.p, a.len }, { BLOCK_TENSOR, 0, 0, 1, b.p, b.len }, { BLOCK_TENSOR, 0, 0, 1, c.p, c.len } };
		struct buf f = mem_stream(KIND_MODEL, all, 3);
		said(f.p, f.len, MEM_MAPPED, got, sizeof got);
		if (strcmp(got, t[i].want))
			fail_msg("%zu: '%s', wanted '%s'", i, got, t[i].want);
		buf_release(&f);
		buf_release(&a);
		buf_release(&b);
		buf_release(&c);
	}
}

static void frames_that_lie(void **state)
{
	static const struct { enum block_type type; enum block_flags flags; const char *p; const char *want; } t[] = {
		{ BLOCK_META, 0, "k\tv\nk\tw\n", "" }, { BLOCK_META, 0, "", "" }, { BLOCK_META, 0, "k\tv", B0 "its key/value lines are damaged" },
		{ BLOCK_META, 0, "k\n", B0 "its key/value lines are damaged" }, { BLOCK_META, 0, "k\tv\tw\n", B0 "its key/value lines are damaged" },
		{ BLOCK_META, 0, "\n", B0 "its key/value lines are damaged" },
		{ BLOCK_EVENTS, 0, "x", B0 "a block of a type this program does not know" }, { BLOCK_EVENTS, BLOCK_SKIPPABLE, "x", "" },
		{ BLOCK_PROV, BLOCK_SKIPPABLE, "a\tb\tc\n", ": the provenance block is not lines of program, version, options and inputs" },
	};
	char got[1024];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct mem_block b = { t[i].type, t[i].flags, BLOCK_RAW, 0, t[i].p, strlen(t[i].p) };
		struct buf f = mem_stream(KIND_MODEL, &b, 1);
		said(f.p, f.len, MEM_PIPED, got, sizeof got);
		if (strcmp(got, t[i].want))
			fail_msg("%zu: '%s', wanted '%s'", i, got, t[i].want);
		buf_release(&f);
	}
	said("", 0, MEM_PIPED, got, sizeof got);
	assert_string_equal(got, " is empty; a model is wanted");
	said("a\tb\n", 4, MEM_PIPED, got, sizeof got);
	assert_string_equal(got, ": not a taste file; a model is wanted");
	struct buf f = mem_stream(KIND_VECTORS, NULL, 0), g = mem_stream(KIND_MODEL, NULL, 0);
	said(f.p, f.len, MEM_PIPED, got, sizeof got);
	assert_string_equal(got, " holds vectors, not a model");
	size_t n = g.len;
	buf_reserve(&g, n);
	buf_put(&g, g.p, n);
	said(g.p, g.len, MEM_PIPED, got, sizeof got);
	assert_string_equal(got, ": a second model follows the first");
	buf_release(&f);
	buf_release(&g);
}

/* ---- pages ---- */

struct pages { const unsigned char *p; size_t n; uint64_t next; int pass; };

static int fill_pages(void *ctx, uint64_t at, void *p, size_t n, struct err *e)
{
	struct pages *f = ctx;

	(void)e;
	if (at != f->next)		/* again from the start, once */
		f->pass++;
	assert_true(n && at + n <= f->n && (at == f->next || (at == 0 && f->next == f->n && f->pass == 1)));
	memcpy(p, f->p + at, n);
	f->next = at + n;
	return 0;
}

static void fill_paged(struct sink *s, void *ctx)
{
	struct pages *f = ctx;
	struct err e = { 0 };
	uint64_t dim = f->n;
	struct artifactw *w = artifactw_new(s, KIND_MODEL, "test", &e);

	assert_int_equal(artifactw_paged(w, "big", DTYPE_U8, 1, &dim, &(struct block_fill){ fill_pages, f }, &e), 0);
	assert_true(!f->n || f->next == f->n);
	assert_int_equal(artifactw_finish(w, NULL, &e), 0);
	artifactw_free(w);
}

static void pages_are_checked_as_they_are_read(void **state)
{
	enum { PIECE = 1 << 18 };
	static const size_t sizes[] = { 0, 1, 63, 64, 4095, 4096, 4097, 8192, PIECE - 64, PIECE - 63, PIECE - 65, PIECE, PIECE + 1, 3 * PIECE - 64, 3 * PIECE + 777 };
	unsigned char *p = mem_new(4 * PIECE, 1);
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < 4 * PIECE; i++)
		p[i] = (unsigned char)(i * 2654435761u >> 13);
	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		size_t n = sizes[k], pages = (n + ARTIFACT_PAGE - 1) / ARTIFACT_PAGE;
		struct pages f = { p, n, 0, 0 };
		struct buf b = mem_written(fill_paged, &f);
		for (int way = 0; way < MEM_WAYS; way++) {
			struct artifact *a = artifact_load(mem_path(b.p, b.len, (enum mem_way)way), KIND_MODEL, &e);
			struct paged pg;
			const void *all;
			uint64_t dim = 0;
			assert_non_null(a);
			assert_int_equal(artifact_paged(a, "big", DTYPE_U8, 1, &dim, &pg, &e), 0);
			assert_int_equal(dim, n);
			assert_int_equal(pg.bytes, n);
			assert_true(paged_need(&pg, 0, n) && !paged_need(&pg, 0, n + 1) && paged_need(&pg, n, 0) && !paged_need(&pg, n, 1) && !paged_need(&pg, n + 1, 0));
			assert_false(paged_need(&pg, 1, UINT64_MAX) || paged_need(&pg, UINT64_MAX, 2));
			assert_memory_equal(pg.p, p, n);
			paged_release(&pg);
			assert_int_equal(artifact_tensor(a, "big", DTYPE_U8, 1, &dim, &all, &e), 0);
			assert_memory_equal(all, p, n);
			artifact_free(a);
		}
		/* a page that is damaged is the only one */
		const unsigned char *at = n > 64 ? memmem(b.p, b.len, p, n) : NULL;
		for (size_t bad = 0; at && bad < pages; bad += pages > 5 ? pages / 3 : 1) {
			const char *path = mem_path(b.p, b.len, MEM_MAPPED);
			size_t byte = bad * ARTIFACT_PAGE + (bad % 2 && n - bad * ARTIFACT_PAGE > 17 ? 17 : 0);
			char damaged = (char)(p[byte] ^ 0x10);
			assert_int_equal(pwrite(mem_fd, &damaged, 1, (off_t)((size_t)(at - (const unsigned char *)b.p) + byte)), 1);
			struct artifact *a = artifact_load(path, KIND_MODEL, &e);
			struct paged pg;
			uint64_t dim = n;
			assert_non_null(a);
			assert_int_equal(artifact_paged(a, "big", DTYPE_U8, 1, &dim, &pg, &e), 0);
			for (size_t i = 0; i < pages; i++) {
				size_t len = n - i * ARTIFACT_PAGE < ARTIFACT_PAGE ? n - i * ARTIFACT_PAGE : ARTIFACT_PAGE;
				assert_true(paged_need(&pg, i * ARTIFACT_PAGE, len) == (i != bad));
				assert_true(paged_need(&pg, i * ARTIFACT_PAGE + len - 1, 1) == (i != bad));
				assert_true(i + 1 >= pages || paged_need(&pg, (i + 1) * ARTIFACT_PAGE - 1, 2) == (i != bad && i + 1 != bad));
			}
			assert_true(paged_error(a, &pg, &e) == ERR_DATA && strstr(e.msg, "tensor big is damaged"));
			paged_release(&pg);
			artifact_free(a);
		}
		buf_release(&b);
	}
	mem_free(p);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(many_ids_are_found),
		cmocka_unit_test(what_is_asked_for_must_be_there),
		cmocka_unit_test(every_cut_and_flip_is_found),
		cmocka_unit_test(a_mapped_tensor_is_hashed_at_first_use),
		cmocka_unit_test(tensors_that_lie),
		cmocka_unit_test(id_tables_that_lie),
		cmocka_unit_test(frames_that_lie),
		cmocka_unit_test(pages_are_checked_as_they_are_read),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
