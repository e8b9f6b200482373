/*
 * vecs - the vectors stream: id and d floats a row. TSV (id, v1 ... vd) or binary (blocks of ids and raw 64-byte aligned float32 rows, so that a file is searched
 * where it lies). Rows of a file must agree in d and be finite. Binary streams of equal d may be joined by cat. An id may come twice:
 * to refuse that would cost a table of all ids; who looks rows up by id says which one it takes.
 */
#ifndef TASTE_VECS_H
#define TASTE_VECS_H

#include "table.h"
#include "vocab.h"

#define VECS_DIM_MAX 65536

/* ---- a whole file at once, in place when it can be mapped: what a search holds ---- */
struct vecs_part { const float *v; const uint64_t *off; const char *bytes; size_t n, first; };	/* rows first .. first+n; id r: bytes[off[r] .. off[r+1]) */
struct vecs {
	size_t n, d;
	struct vecs_part *part;		/* row-major, ld = d */
	size_t n_parts;
	struct vecs_store *store;	/* private: what backs it */
};
/* vecs_load - path or "-". Checks sizes, hashes and that values are finite. d is 0 for an empty input. */
int vecs_load(struct vecs *v, const char *path, struct prov *p, struct buf *inputs, struct err *e);
void vecs_release(struct vecs *v);
struct str vecs_id(const struct vecs *v, size_t row);
const float *vecs_row(const struct vecs *v, size_t row);

/* ---- row by row: queries through a pipe ---- */
struct vecsr;
struct vecsr *vecsr_open(const char *path, struct err *e);
int vecsr_next(struct vecsr *r, struct str *id, const float **v, size_t *d, struct err *e);	/* 1, 0, <0; die at the next call */
int vecsr_prov(struct vecsr *r, struct prov *p, struct buf *inputs, struct err *e);	/* after the end */
void vecsr_close(struct vecsr *r);

struct vecsw;
struct vecsw *vecsw_new(struct sink *s, size_t d, bool is_binary, struct err *e);
int vecsw_write(struct vecsw *w, struct str id, const float *v, struct err *e);
int vecsw_finish(struct vecsw *w, const struct prov *p, struct err *e);
void vecsw_free(struct vecsw *w);

#endif
