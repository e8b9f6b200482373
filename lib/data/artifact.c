#define XXH_INLINE_ALL
#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "artifact.h"
#include "artifact_codec.h"
#include "input.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../base/sort.h"

enum { TENSORS_MAX = 4096 };

size_t dtype_size(enum dtype t)
{
	switch (t) {
	case DTYPE_F32: case DTYPE_U32: return 4;
	case DTYPE_F64: case DTYPE_U64: return 8;
	case DTYPE_U8: case DTYPE_I8: return 1;
	}
	return 0;
}

const char *dtype_name(enum dtype t)
{
	static const char *const name[] = { "?", "f32", "f64", "u8", "u32", "u64", "i8" };

	return name[dtype_size(t) ? t : 0];
}

struct tensor {
	char name[NAME_MAX_BYTES];
	enum dtype type;
	size_t ndim;
	uint64_t dim[DIMS];
	const void *data;
	struct block b;			/* for the check at first use */
	bool is_checked;
};

struct artifact {
	struct input in;
	char *name;
	struct vocab meta_key;
	struct buf *meta_value;		/* [meta_key.n] */
	size_t cap_meta;
	struct tensor *tensor;
	size_t n_tensors, cap_tensors;
	void **mem;
	size_t n_mem, cap_mem;
};

static int get_meta(struct artifact *a, struct err *e)
{
	struct line l = { .file = a->in.file };
	const char *p = (const char *)a->in.b.p, *end = p + a->in.b.n;
	struct buf copy = { 0 };
	struct str f[2];
	int r = 0;

	while (p < end && !r) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		buf_reset(&copy);
		if (nl)
			buf_put(&copy, p, (size_t)(nl - p));
		l.p = copy.p;
		l.len = copy.len;
		l.no++;
		if (!nl || tsv_split(&l, f, 2, e) != 2) {
			r = input_bad(&a->in, e, "its key/value lines are damaged");
			break;
		}
		size_t before = a->meta_key.n;
		uint32_t k = vocab_add(&a->meta_key, f[0].p, f[0].len);
		if (k == before) {
			arr_reserve(a->meta_value, a->meta_key.n, a->cap_meta);
			a->meta_value[k] = (struct buf){ 0 };
			buf_put(&a->meta_value[k], f[1].p, f[1].len);
		}
		p = nl + 1;
	}
	buf_release(&copy);
	return r;
}

/* is_name - no control byte, as it stands in messages, and zeros behind the text: of tensors that are checked page by page nothing else sees these bytes. */
static bool is_name(const char *name)
{
	size_t n = strnlen(name, NAME_MAX_BYTES);

	for (size_t i = 0; i < NAME_MAX_BYTES; i++)
		if (i < n ? (unsigned char)name[i] < ' ' || name[i] == 127 : name[i])
			return false;
	return n && n < NAME_MAX_BYTES;
}

static int get_tensor(struct artifact *a, struct err *e)
{
	struct block *b = &a->in.b;
	struct tensor t = { .b = *b };
	uint32_t type, ndim;

	if (b->n < TENSOR_HEAD)
		return input_bad(&a->in, e, "too short for a tensor");
	memcpy(t.name, b->p, NAME_MAX_BYTES);
	memcpy(&type, b->p + 32, 4);
	memcpy(&ndim, b->p + 36, 4);
	memcpy(t.dim, b->p + 40, sizeof t.dim);
	t.type = (enum dtype)type;
	t.ndim = ndim;
	size_t bytes = dtype_size(t.type);
	if (!is_name(t.name) || !bytes || ndim > DIMS)
		return input_bad(&a->in, e, "a tensor of a name, type or shape that cannot be");
	for (size_t i = 0; i < DIMS; i++)
		if ((i >= ndim && t.dim[i] != 1) || !mem_mul(bytes, (size_t)t.dim[i], &bytes))
			return input_bad(&a->in, e, "tensor %s has a shape that cannot be", t.name);
	if (bytes != b->n - TENSOR_HEAD)
		return input_bad(&a->in, e, "tensor %s has %zu bytes, its shape asks for %zu", t.name, b->n - TENSOR_HEAD, bytes);
	if (a->n_tensors == TENSORS_MAX)
		return input_bad(&a->in, e, "more than %d tensors", TENSORS_MAX);
	for (size_t i = 0; i < a->n_tensors; i++)
		if (!strcmp(a->tensor[i].name, t.name))
			return input_bad(&a->in, e, "tensor %s stands there twice", t.name);
	const unsigned char *base, *p = b->p;
	size_t n;
	if (!(file_map(a->in.file, &base, &n) && p >= base && p < base + n)) {
		unsigned char *copy = mem_try(b->n, 1, t.name, e);
		if (!copy)
			return e->code;
		arr_reserve(a->mem, a->n_mem + 1, a->cap_mem);
		a->mem[a->n_mem++] = memcpy(copy, p, b->n);
		p = copy;
		t.is_checked = true;
	}
	t.data = p + TENSOR_HEAD;
	arr_reserve(a->tensor, a->n_tensors + 1, a->cap_tensors);
	a->tensor[a->n_tensors++] = t;
	return 0;
}

static struct artifact *load(struct file *f, enum block_kind kind, struct err *e)
{
	struct artifact *a = mem_new(1, sizeof *a);
	int got, n_streams = 0;

	if (input_open_file(&a->in, f, (enum blockr_flags)(BLOCKR_MAP | BLOCKR_LAZY), e)) {
		mem_free(a);
		return NULL;
	}
	a->name = mem_strdup(file_name(a->in.file));
	if (!a->in.is_binary) {
		const unsigned char *p;
		int64_t n = file_peek(a->in.file, 1, &p, e);
		got = n < 0 ? (int)n : err_set(e, ERR_DATA, n ? "%s: not a taste file; %s is wanted" : "%s is empty; %s is wanted", a->name, input_kind_name(kind));
		goto out;
	}
	while ((got = input_block(&a->in, kind, input_kind_name(kind), e)) > 0) {
		if (got == 2)
			got = ++n_streams > 1 ? err_set(e, ERR_DATA, "%s: a second %s follows the first", a->name, kind == KIND_INDEX ? "index" : "model") : 0;
		else if (a->in.b.type == BLOCK_META)
			got = get_meta(a, e);
		else if (a->in.b.type == BLOCK_TENSOR)
			got = get_tensor(a, e);
		else
			got = input_unknown(&a->in, e);
		if (got)
			break;
	}
out:
	if (got) {
		artifact_free(a);
		return NULL;
	}
	return a;
}

struct artifact *artifact_load(const char *path, enum block_kind kind, struct err *e)
{
	return load(file_open(path, e), kind, e);
}

struct artifact *artifact_load_memory(const char *name, const void *p, size_t n, enum block_kind kind, struct err *e)
{
	return load(file_open_memory(name, p, n), kind, e);
}

void artifact_free(struct artifact *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_mem; i++)
		mem_free(a->mem[i]);
	for (size_t i = 0; i < a->meta_key.n; i++)
		buf_release(&a->meta_value[i]);
	mem_free(a->mem);
	mem_free(a->meta_value);
	vocab_release(&a->meta_key);
	mem_free(a->tensor);
	mem_free(a->name);
	input_close(&a->in);
	mem_free(a);
}

const char *artifact_name(const struct artifact *a) { return a->name; }

const char *artifact_meta(const struct artifact *a, const char *key)
{
	uint32_t k = vocab_find(&a->meta_key, key, strlen(key));

	return k == VOCAB_NONE ? NULL : a->meta_value[k].p;
}

int artifact_meta_f64(const struct artifact *a, const char *key, double *out, struct err *e)
{
	const char *v = artifact_meta(a, key);

	if (v && scan_f64(v, strlen(v), out))
		return 0;
	return err_set(e, ERR_DATA, v ? "%s: '%s' is not a number" : "%s: says no '%s'", a->name, key);
}

int artifact_meta_i64(const struct artifact *a, const char *key, int64_t *out, struct err *e)
{
	const char *v = artifact_meta(a, key);

	if (v && scan_i64(v, strlen(v), out))
		return 0;
	return err_set(e, ERR_DATA, v ? "%s: '%s' is not a whole number" : "%s: says no '%s'", a->name, key);
}

static struct tensor *named(const struct artifact *a, const char *name)
{
	for (size_t i = 0; i < a->n_tensors; i++)
		if (!strcmp(a->tensor[i].name, name))
			return &a->tensor[i];
	return NULL;
}

bool artifact_has(const struct artifact *a, const char *name)
{
	return named(a, name) != NULL;
}

size_t artifact_n_tensors(const struct artifact *a) { return a->n_tensors; }

void artifact_tensor_at(const struct artifact *a, size_t i, const char **name, enum dtype *t, size_t *ndim, const uint64_t **dim)
{
	*name = a->tensor[i].name;
	*t = a->tensor[i].type;
	*ndim = a->tensor[i].ndim;
	*dim = a->tensor[i].dim;
}

size_t artifact_n_meta(const struct artifact *a) { return a->meta_key.n; }

void artifact_meta_at(const struct artifact *a, size_t i, struct str *key, struct str *value)
{
	*key = a->meta_key.str[i];
	*value = (struct str){ a->meta_value[i].p, a->meta_value[i].len };
}

/* find_tensor - by name, of this type and shape; NULL with *e set. */
static struct tensor *find_tensor(struct artifact *a, const char *name, enum dtype type, size_t ndim, uint64_t *dim, bool is_checked, struct err *e)
{
	struct tensor *t = named(a, name);

	if (t) {
		if (is_checked && !t->is_checked && block_verify(a->in.blocks, &t->b, e))
			return NULL;
		t->is_checked |= is_checked;
		bool fits = t->type == type && t->ndim == ndim;
		for (size_t k = 0; fits && k < ndim; k++)
			fits = !dim[k] || dim[k] == t->dim[k];
		if (!fits) {
			err_set(e, ERR_DATA, "%s: tensor %s has another type or shape than this program expects", a->name, name);
			return NULL;
		}
		memcpy(dim, t->dim, ndim * sizeof *dim);
		return t;
	}
	for (size_t i = 0; i < a->n_tensors; i++)	/* or is it there, and its name damaged? */
		if (!a->tensor[i].is_checked && block_verify(a->in.blocks, &a->tensor[i].b, e))
			return NULL;
	err_set(e, ERR_DATA, "%s: has no tensor %s", a->name, name);
	return NULL;
}

int artifact_tensor(struct artifact *a, const char *name, enum dtype type, size_t ndim, uint64_t *dim, const void **data, struct err *e)
{
	struct tensor *t = find_tensor(a, name, type, ndim, dim, true, e);

	if (!t)
		return e->code;
	*data = t->data;
	return 0;
}

int artifact_paged(struct artifact *a, const char *name, enum dtype type, size_t ndim, uint64_t *dim, struct paged *out, struct err *e)
{
	struct tensor *t = find_tensor(a, name, type, ndim, dim, false, e);
	char full[NAME_MAX_BYTES];
	const void *sum = NULL;

	if (!t)
		return e->code;
	*out = (struct paged){ .p = t->data, .bytes = t->b.n - TENSOR_HEAD, .name = t->name };
	uint64_t pages = (out->bytes + ARTIFACT_PAGE - 1) / ARTIFACT_PAGE, want = pages;
	if ((size_t)snprintf(full, sizeof full, "%s.sum", name) >= sizeof full)
		return err_set(e, ERR_DATA, "%s: has no tensor %s.sum", a->name, name);
	if (pages && artifact_tensor(a, full, DTYPE_U64, 1, &want, &sum, e))
		return e->code;
	out->sum = sum;
	out->is_good = mem_try0((size_t)pages, 1, "marks of pages", e);
	if (!out->is_good)
		return e->code;
	if (t->is_checked)
		memset(out->is_good, 1, (size_t)pages);
	return 0;
}

void paged_release(struct paged *p)
{
	mem_free(p->is_good);
	*p = (struct paged){ 0 };
}

bool paged_page(const struct paged *p, uint64_t page)
{
	uint64_t at = page * ARTIFACT_PAGE;
	size_t n = p->bytes - at < ARTIFACT_PAGE ? (size_t)(p->bytes - at) : ARTIFACT_PAGE;

#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	if (XXH3_64bits(p->p + at, n) != p->sum[page])
		return false;
#else
	(void)n;
#endif
	__atomic_store_n(&p->is_good[page], 1, __ATOMIC_RELAXED);
	return true;
}

void paged_scattered(const struct artifact *a, const struct paged *p)
{
	const unsigned char *base;
	size_t n;

	if (file_map(a->in.file, &base, &n) && p->p >= base && p->p < base + n)
		file_map_scattered(a->in.file, p->p, p->bytes);
}

int paged_error(const struct artifact *a, const struct paged *p, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: tensor %s is damaged: a page does not match its checksum", a->name, p->name);
}

int artifact_prov(const struct artifact *a, struct prov *p, struct buf *inputs, struct err *e)
{
	return input_prov((struct input *)(uintptr_t)&a->in, p, inputs, e);
}

/* ---- string tables ---- */

int artifact_idtab(struct artifact *a, const char *name, struct idtab *t, struct err *e)
{
	char full[NAME_MAX_BYTES];
	uint64_t n_off = 0, n_str = 0, n_slots = 0, used = 0;
	const void *p = NULL;

	snprintf(full, sizeof full, "%s.off", name);
	if (artifact_tensor(a, full, DTYPE_U64, 1, &n_off, &p, e))
		return e->code;
	t->off = p;
	snprintf(full, sizeof full, "%s.str", name);
	if (artifact_tensor(a, full, DTYPE_U8, 1, &n_str, &p, e))
		return e->code;
	t->str = p;
	snprintf(full, sizeof full, "%s.slot", name);
	if (artifact_tensor(a, full, DTYPE_U32, 1, &n_slots, &p, e))
		return e->code;
	t->slot = p;
	t->n = n_off - 1;
	t->n_slots = n_slots;
	if (!n_off || n_off > UINT32_MAX || t->off[0] || t->off[t->n] != n_str || !n_slots || n_slots & (n_slots - 1) || n_slots < n_off)
		return err_set(e, ERR_DATA, "%s: the table of %s ids is damaged", a->name, name);
	for (size_t i = 0; i < t->n; i++)
		if (t->off[i] >= t->off[i + 1] || t->off[i + 1] > n_str)
			return err_set(e, ERR_DATA, "%s: the table of %s ids is damaged at id %zu", a->name, name, i + 1);
	if (n_str && memchr(t->str, '\0', n_str))
		return err_set(e, ERR_DATA, "%s: a %s id has a NUL byte in it", a->name, name);
	for (size_t i = 0; i < n_slots; i++) {
		used += t->slot[i] != 0;
		if (t->slot[i] > t->n)
			return err_set(e, ERR_DATA, "%s: the table of %s ids is damaged at slot %zu", a->name, name, i);
	}
	if (used == n_slots)		/* a look-up would never end */
		return err_set(e, ERR_DATA, "%s: the table of %s ids has no empty slot", a->name, name);
	return 0;
}

int idtab_check(const struct artifact *a, const char *name, const struct idtab *t, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		struct str id = idtab_id(t, i);
		if (idtab_find(t, id.p, id.len) != i)
			return err_set(e, ERR_DATA, "%s: the table of %s ids does not find id %zu", a->name, name, i + 1);
	}
	return 0;
}

uint32_t idtab_find(const struct idtab *t, const char *p, size_t len)
{
	for (size_t i = XXH3_64bits(p, len) & (t->n_slots - 1);; i = (i + 1) & (t->n_slots - 1)) {
		uint32_t s = t->slot[i];
		if (!s)
			return VOCAB_NONE;
		if (t->off[s] - t->off[s - 1] == len && !memcmp(t->str + t->off[s - 1], p, len))
			return s - 1;
	}
}

struct str idtab_id(const struct idtab *t, size_t i)
{
	return (struct str){ t->str + t->off[i], (size_t)(t->off[i + 1] - t->off[i]) };
}

static int cmp_ids(const void *a, const void *b, void *ctx)
{
	const struct idtab *t = ctx;

	return str_cmp(idtab_id(t, *(const uint32_t *)a), idtab_id(t, *(const uint32_t *)b));
}

uint32_t *idtab_rank(const struct idtab *t, struct err *e)
{
	uint32_t *order = mem_try(t->n, sizeof *order, "order of ids", e), *rank = mem_try(t->n, sizeof *rank, "order of ids", e);
	bool is_sorted = false;

	if (order && rank) {
		for (size_t i = 0; i < t->n; i++)
			order[i] = (uint32_t)i;
		is_sorted = !sort_stable(order, t->n, sizeof *order, cmp_ids, (void *)(uintptr_t)t, e);
		for (size_t i = 0; i < t->n && is_sorted; i++)
			rank[order[i]] = (uint32_t)i;
	}
	mem_free(order);
	if (is_sorted)
		return rank;
	mem_free(rank);
	return NULL;
}
