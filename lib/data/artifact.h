/*
 * artifact - a model or index on disk: key/value text and named tensors behind checksums, used in place from a mapping.
 *
 * Writing: artifactw_new, put meta, tensors and string tables, finish. Reading: artifact_load (whole from a pipe, mapped from a file) checks structure and bounds of
 * everything at once and the hash of a tensor at its first use. Every model file carries its ids, options and provenance, and answers without its training data.
 *
 * TNSR payload: 32 bytes name (NUL-padded), u32 dtype, u32 ndim, u64 dim[3] (unused: 1), then the elements, 64 bytes in.
 */
#ifndef TASTE_ARTIFACT_H
#define TASTE_ARTIFACT_H

#include "vocab.h"
#include "../io/prov.h"

enum dtype { DTYPE_F32 = 1, DTYPE_F64, DTYPE_U8, DTYPE_U32, DTYPE_U64, DTYPE_I8 };
size_t dtype_size(enum dtype t);	/* 0: unknown */
const char *dtype_name(enum dtype t);	/* "f32", ...; "?": unknown */

struct artifactw;
struct artifactw *artifactw_new(struct sink *s, enum block_kind kind, const char *model, struct err *e);	/* model: "als"; meta key "kind" */
void artifactw_meta(struct artifactw *w, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));	/* before the first tensor */
int artifactw_tensor(struct artifactw *w, const char *name, enum dtype t, size_t ndim, const uint64_t *dim, const void *data, struct err *e);
/* artifactw_vocab - a string table as three tensors NAME.off u64[n+1], NAME.str u8[bytes], NAME.slot u32[power of two]: looked up without being read in. */
int artifactw_vocab(struct artifactw *w, const char *name, const struct vocab *v, struct err *e);
/*
 * artifactw_paged - a tensor that is never whole in memory (fill makes bytes of its elements, as in blockw_write_fill) and whose pages can be checked one by one: behind it comes
 * NAME.sum, u64 [pages], the XXH3-64 of each ARTIFACT_PAGE bytes of the elements.
 */
enum { ARTIFACT_PAGE = 4096 };
int artifactw_paged(struct artifactw *w, const char *name, enum dtype t, size_t ndim, const uint64_t *dim, const struct block_fill *fill, struct err *e);
/* artifactw_vocab_paged - the same string table, NAME.off and NAME.str with sums of their pages. */
int artifactw_vocab_paged(struct artifactw *w, const char *name, const struct vocab *v, struct err *e);
int artifactw_finish(struct artifactw *w, const struct prov *p, struct err *e);
void artifactw_free(struct artifactw *w);

struct artifact;
struct artifact *artifact_load(const char *path, enum block_kind kind, struct err *e);
/* artifact_load_memory - n bytes at p, which outlive it; name is for messages. */
struct artifact *artifact_load_memory(const char *name, const void *p, size_t n, enum block_kind kind, struct err *e);
void artifact_free(struct artifact *a);
const char *artifact_name(const struct artifact *a);
const char *artifact_meta(const struct artifact *a, const char *key);	/* NULL when it is not there */
int artifact_meta_f64(const struct artifact *a, const char *key, double *out, struct err *e);
int artifact_meta_i64(const struct artifact *a, const char *key, int64_t *out, struct err *e);
/* artifact_tensor - *data of the tensor whose type and shape must be these (dim[i] == 0 in the asking: any, filled in). <0 with a sentence otherwise. */
int artifact_tensor(struct artifact *a, const char *name, enum dtype t, size_t ndim, uint64_t *dim, const void **data, struct err *e);
bool artifact_has(const struct artifact *a, const char *name);	/* a tensor of this name */
/*
 * A tensor of artifactw_paged, used before all of it was hashed, so that a process that needs a few rows of a large file answers at once. What is read must be asked for
 * with paged_need first; what does not match its sum says so there. Lengths that are read from it are not to be trusted.
 */
struct paged {
	const unsigned char *p;
	uint64_t bytes;
	const uint64_t *sum;
	unsigned char *is_good;		/* [pages] hashed before, and right; atomic */
	const char *name;
};
int artifact_paged(struct artifact *a, const char *name, enum dtype t, size_t ndim, uint64_t *dim, struct paged *out, struct err *e);
void paged_release(struct paged *p);
/* paged_need - bytes at .. at+n are right. Safe from several threads. False: they are beyond the end, or damaged. */
bool paged_page(const struct paged *p, uint64_t page);
static inline bool paged_need(const struct paged *p, uint64_t at, uint64_t n)
{
	if (at > p->bytes || n > p->bytes - at)
		return false;
	for (uint64_t k = at / ARTIFACT_PAGE; k * ARTIFACT_PAGE < at + n; k++)
		if (!__atomic_load_n(&p->is_good[k], __ATOMIC_RELAXED) && !paged_page(p, k))
			return false;
	return true;
}
/* paged_scattered - as file_map_scattered, where the tensor lies in a mapping. */
void paged_scattered(const struct artifact *a, const struct paged *p);
/* paged_error - "FILE: tensor NAME is damaged: a page does not match its checksum". */
int paged_error(const struct artifact *a, const struct paged *p, struct err *e);
/* What is there, for taste-view: i below the count. Strings live with the artifact. */
size_t artifact_n_meta(const struct artifact *a);
void artifact_meta_at(const struct artifact *a, size_t i, struct str *key, struct str *value);
size_t artifact_n_tensors(const struct artifact *a);
void artifact_tensor_at(const struct artifact *a, size_t i, const char **name, enum dtype *t, size_t *ndim, const uint64_t **dim);
int artifact_prov(const struct artifact *a, struct prov *p, struct buf *inputs, struct err *e);

/* A string table in place. */
struct idtab { size_t n, n_slots; const uint64_t *off; const char *str; const uint32_t *slot; };
int artifact_idtab(struct artifact *a, const char *name, struct idtab *t, struct err *e);	/* checks every offset and slot: O(n) */
int idtab_check(const struct artifact *a, const char *name, const struct idtab *t, struct err *e);	/* that every id is found, once */
uint32_t idtab_find(const struct idtab *t, const char *p, size_t len);	/* VOCAB_NONE when not there */
struct str idtab_id(const struct idtab *t, size_t i);
/* idtab_rank - [n], the caller's to free: where each id stands among all, by bytes: ties break by it. NULL with *e set. */
uint32_t *idtab_rank(const struct idtab *t, struct err *e);

#endif
