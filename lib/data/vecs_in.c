/*
 * What all formats have, those whose rows have numbers for names, and which format it is.
 */
#include <math.h>
#include <string.h>

#include "vecs_in.h"
#include "../base/mem.h"
#include "../num/num.h"

/* ---- what all have ---- */

unsigned long long vecs_in_no(const struct vecs_in *r) { return (unsigned long long)r->no + 1; }

int vecs_in_cut_short(const struct vecs_in *r, struct err *e)
{
	if (r->has_n)
		return err_set(e, ERR_DATA, "%s: vector %llu of %llu: the file ends before it does", file_name(r->file), vecs_in_no(r), (unsigned long long)r->n);
	return err_set(e, ERR_DATA, "%s: vector %llu: the file ends before it does", file_name(r->file), vecs_in_no(r));
}

int vecs_in_at_end(const struct vecs_in *r, struct err *e)
{
	const unsigned char *p;
	int64_t n = file_peek(r->file, 1, &p, e);

	if (n < 0)
		return (int)n;
	return n ? err_set(e, ERR_DATA, "%s: there is more behind the last of %llu vectors", file_name(r->file), (unsigned long long)r->n) : 0;
}

static int check_dim(const struct vecs_in *r, uint64_t d, struct err *e)
{
	return d >= 1 && d <= VECS_DIM_MAX ? 0 : err_set(e, ERR_DATA, "%s: vectors of %llu components: they have 1 to %d%s%s", file_name(r->file), (unsigned long long)d, VECS_DIM_MAX,
							r->is_told ? "; read as " : "", r->is_told ? vecs_format_name(r->format) : "");
}

int vecs_in_set_head(struct vecs_in *r, uint64_t n, uint64_t d, struct err *e)
{
	int ret = check_dim(r, d, e);

	r->has_n = true;
	r->n = n;
	r->d = ret ? 0 : (size_t)d;
	return ret;
}

static int check_finite(const struct vecs_in *r, const float *v, uint64_t no, struct err *e)
{
	size_t i = 0;

	if (num_is_finite(v, r->d))
		return 0;
	while (isfinite(v[i]))
		i++;
	return err_set(e, ERR_DATA, "%s: vector %llu: component %zu is not a finite float32", file_name(r->file), (unsigned long long)no, i + 1);
}

/* ---- elements ---- */

static const size_t elem_bytes[] = { 4, 8, 2, 1, 1, 4 };

/* half - an IEEE 754 half, exactly: its bits shifted into a float's are it by 2^-112. */
static float half(uint16_t h)
{
	uint32_t bits = (uint32_t)(h & 0x7fff) << 13;
	float v;

	if ((h & 0x7c00) == 0x7c00) {
		bits |= 0x7f800000;
		memcpy(&v, &bits, 4);
	} else {
		memcpy(&v, &bits, 4);
		v *= 0x1p112f;
	}
	return h & 0x8000 ? -v : v;
}

/* to_floats - v [n] = the elements at p, rounded to the nearest float32 where they are finer. */
static void to_floats(float *v, const unsigned char *p, size_t n, enum elem elem)
{
	uint16_t h;
	int32_t k;
	double x;

	if (elem == ELEM_F32) {
		memcpy(v, p, n * sizeof *v);
		return;
	}
	for (size_t i = 0; i < n; i++)
		switch (elem) {
		case ELEM_F32:
			break;
		case ELEM_F64:
			memcpy(&x, p + 8 * i, 8);
			v[i] = (float)x;
			break;
		case ELEM_F16:
			memcpy(&h, p + 2 * i, 2);
			v[i] = half(h);
			break;
		case ELEM_I8:
			v[i] = (float)(int8_t)p[i];
			break;
		case ELEM_U8:
			v[i] = (float)p[i];
			break;
		case ELEM_I32:
			memcpy(&k, p + 4 * i, 4);
			v[i] = (float)k;
			break;
		}
}

void vecs_in_hold_row(struct vecs_in *r)
{
	r->raw = mem_new(r->d, elem_bytes[r->elem]);
	r->row = mem_new(r->d, sizeof *r->row);
}

int vecs_in_elems(struct vecs_in *r, struct err *e)
{
	size_t n = r->d * elem_bytes[r->elem];
	int64_t got = file_read(r->file, r->raw, n, e);

	if (got < 0)
		return (int)got;
	if ((size_t)got < n)
		return vecs_in_cut_short(r, e);
	to_floats(r->row, r->raw, r->d, r->elem);
	if (check_finite(r, r->row, vecs_in_no(r), e))
		return e->code;
	r->no++;
	return 1;
}

/* number - the id of the row just read where the format has none. */
static struct str number(struct vecs_in *r)
{
	buf_reset(&r->id);
	buf_put_u64(&r->id, r->no - 1);
	return (struct str){ r->id.p, r->id.len };
}

/* ---- npy, fbin, i8bin, u8bin: a head, then all rows ---- */

static int open_npy(struct vecs_in *r, struct err *e)
{
	struct npy a;
	int ret = npy_head(&a, r->file, e);

	if (ret || (ret = vecs_in_set_head(r, a.n, a.d, e)))
		return ret;
	r->elem = a.elem;
	vecs_in_hold_row(r);
	return 0;
}

static int open_bin(struct vecs_in *r, enum elem elem, struct err *e)
{
	uint32_t head[2];
	int64_t got = file_read(r->file, head, sizeof head, e);

	if (got < 0)
		return (int)got;
	if (got < (int64_t)sizeof head)
		return err_set(e, ERR_DATA, "%s: the file ends before it has said how many vectors and components there are", file_name(r->file));
	if (vecs_in_set_head(r, head[0], head[1], e))
		return e->code;
	r->elem = elem;
	vecs_in_hold_row(r);
	return 0;
}

static int next_counted(struct vecs_in *r, struct str *id, struct err *e)
{
	int got = r->no == r->n ? vecs_in_at_end(r, e) : vecs_in_elems(r, e);

	if (got == 1)
		*id = number(r);
	return got;
}

/* ---- fvecs, bvecs, ivecs: each row behind its number of components ---- */

static int next_sized(struct vecs_in *r, struct str *id, struct err *e)
{
	uint32_t d;
	int64_t got = file_read(r->file, &d, sizeof d, e);

	if (got <= 0)
		return (int)got;
	if (got < (int64_t)sizeof d)
		return vecs_in_cut_short(r, e);
	if (!r->d) {
		if (check_dim(r, d, e))
			return e->code;
		r->d = d;
		vecs_in_hold_row(r);
	}
	if (d != r->d)
		return err_set(e, ERR_DATA, "%s: vector %llu: %lu components, the vectors before have %zu", file_name(r->file), vecs_in_no(r), (unsigned long)d, r->d);
	if (vecs_in_elems(r, e) != 1)
		return e->code;
	*id = number(r);
	return 1;
}

/* ---- which it is ---- */

const char *vecs_format_name(enum vecs_format format)
{
	static const char *const name[] = { "auto", "tsv", "npy", "fvecs", "bvecs", "ivecs", "fbin", "i8bin", "u8bin", "w2v", "w2v-bin", "glove" };

	return name[format];
}

/* has_suffix - of a name, also before that of what it is packed with. */
static bool has_suffix(const char *name, const char *suffix)
{
	static const char *const packed[] = { "", ".gz", ".zst" };
	size_t n = strlen(name), s = strlen(suffix);

	for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
		size_t z = strlen(packed[i]);
		if (n > s + z && !strcmp(name + n - z, packed[i]) && !memcmp(name + n - z - s, suffix, s))
			return true;
	}
	return false;
}

/* begins_npy - 1, 0 or <0. */
static int begins_npy(struct file *f, struct err *e)
{
	const unsigned char *p;
	int64_t got = file_peek(f, NPY_MAGIC, &p, e);

	return got < 0 ? (int)got : got >= NPY_MAGIC && is_npy(p, NPY_MAGIC);
}

int vecs_sniff(struct file *f, struct err *e)
{
	static const struct { const char *suffix; enum vecs_format format; } known[] = {
		{ ".fvecs", VECS_FVECS }, { ".bvecs", VECS_BVECS }, { ".ivecs", VECS_IVECS }, { ".fbin", VECS_FBIN }, { ".i8bin", VECS_I8BIN }, { ".u8bin", VECS_U8BIN },
	};
	const unsigned char *p;
	uint64_t n, d;
	int64_t got = file_peek(f, VECS_LOOK, &p, e);

	if (got < 0)
		return (int)got;
	if (is_npy(p, (size_t)got))
		return VECS_NPY;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (has_suffix(file_name(f), known[i].suffix))
			return (int)known[i].format;
	return has_suffix(file_name(f), ".bin") && vecs_words_first(p, (size_t)got, &n, &d) && d >= 1 && d <= VECS_DIM_MAX ? VECS_W2V_BIN : VECS_AUTO;
}

int vecs_in_open(struct vecs_in *r, struct input *in, enum vecs_format format, bool is_whole, struct err *e)
{
	*r = (struct vecs_in){ .file = in->file, .line = &in->line, .format = format };
	int got = format == VECS_AUTO ? vecs_sniff(r->file, e) : begins_npy(r->file, e);
	if (got < 0)
		return got;
	r->is_told = format != VECS_AUTO && !got;
	if (!r->is_told)
		r->format = format == VECS_AUTO ? (enum vecs_format)got : VECS_NPY;
	if (r->format == VECS_AUTO && (got = vecs_words_sniff(r, e)) < 0)
		return got;
	if (is_whole && (r->format == VECS_NPY || r->format == VECS_FBIN) && !file_map(r->file, &r->map, &r->map_n))
		r->map = NULL;
	switch (r->format) {
	case VECS_NPY: return open_npy(r, e);
	case VECS_FVECS: r->elem = ELEM_F32; return 0;
	case VECS_BVECS: r->elem = ELEM_U8; return 0;
	case VECS_IVECS: r->elem = ELEM_I32; return 0;
	case VECS_FBIN: return open_bin(r, ELEM_F32, e);
	case VECS_I8BIN: return open_bin(r, ELEM_I8, e);
	case VECS_U8BIN: return open_bin(r, ELEM_U8, e);
	case VECS_TSV: case VECS_W2V: case VECS_W2V_BIN: case VECS_GLOVE: case VECS_AUTO: break;
	}
	return vecs_words_open(r, e);
}

void vecs_in_release(struct vecs_in *r)
{
	mem_free(r->field);
	mem_free(r->raw);
	mem_free(r->row);
	buf_release(&r->id);
	*r = (struct vecs_in){ 0 };
}

int vecs_in_mapped(struct vecs_in *r, const float **v, size_t *n, struct err *e)
{
	size_t at = (size_t)file_offset(r->file), bytes;

	if (!r->map || r->elem != ELEM_F32 || (uintptr_t)(r->map + at) % sizeof **v || !mem_mul((size_t)r->n, r->d * sizeof **v, &bytes) || r->map_n - at != bytes)
		return 0;
	*v = (const float *)(const void *)(r->map + at);
	*n = (size_t)r->n;
	for (size_t i = 0; i < *n; i++)
		if (check_finite(r, *v + i * r->d, i + 1, e))
			return e->code;
	file_map_taken(r->file);
	return 1;
}

int vecs_in_next(struct vecs_in *r, struct str *id, const float **v, struct err *e)
{
	int got = 0;

	switch (r->format) {
	case VECS_NPY: case VECS_FBIN: case VECS_I8BIN: case VECS_U8BIN: got = next_counted(r, id, e); break;
	case VECS_FVECS: case VECS_BVECS: case VECS_IVECS: got = next_sized(r, id, e); break;
	case VECS_TSV: case VECS_W2V: case VECS_W2V_BIN: case VECS_GLOVE: case VECS_AUTO: got = vecs_words_next(r, id, e); break;
	}
	*v = r->row;
	return got;
}
