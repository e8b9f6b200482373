/*
 * vecs - the vectors stream: id and d floats a row. TSV (id, v1 ... vd) or binary (blocks of ids and raw 64-byte aligned float32 rows, so that a file is searched
 * where it lies). Rows of a file must agree in d and be finite. Binary streams of equal d may be joined by cat. An id may come twice:
 * to refuse that would cost a table of all ids; who looks rows up by id says which one it takes.
 *
 * What other programs write is read too, packed or through a pipe like everything else (man/taste-format.5, "Vectors in other formats"; vecs_in.h). Formats without
 * ids give each row its number, from 0.
 */
#ifndef TASTE_VECS_H
#define TASTE_VECS_H

#include "table.h"
#include "vocab.h"

#define VECS_DIM_MAX 65536

/* What an input is, unless it is taste binary or npy, which are always recognised. Names for option tables, in the order of the numbers. */
enum vecs_format {
	VECS_AUTO,	/* by its first bytes, else by its name's suffix, else by its first line, which never takes TSV for anything else */
	VECS_TSV,
	VECS_NPY,	/* numpy: 2-d <f4 <f8 <f2 |i1 |u1, by rows. By its magic */
	VECS_FVECS, VECS_BVECS, VECS_IVECS,	/* int32 d before each vector of d float32, uint8, int32. By suffix */
	VECS_FBIN, VECS_I8BIN, VECS_U8BIN,	/* u32 n, u32 d, then n * d float32, int8, uint8 and no more. By suffix */
	VECS_W2V,	/* word2vec text: "V D", then "word v1 ... vD". By its first line */
	VECS_W2V_BIN,	/* word2vec binary: "V D\n", then "word " and D float32. By the suffix .bin and a first line that says so */
	VECS_GLOVE,	/* "word v1 ... vd". By its first line */
};
#define VECS_FORMAT_NAMES "auto|tsv|npy|fvecs|bvecs|ivecs|fbin|i8bin|u8bin|w2v|w2v-bin|glove"
const char *vecs_format_name(enum vecs_format format);
/* vecs_sniff - what a look at a file's first bytes and its name says, taking nothing from it: an enum vecs_format, VECS_AUTO when they say nothing (all text), or <0. */
int vecs_sniff(struct file *f, struct err *e);

/* ---- a whole file at once, in place when it can be mapped: what a search holds ---- */
struct vecs_part { const float *v; const uint64_t *off; const char *bytes; size_t n, first; };	/* rows first .. first+n; id r: bytes[off[r] .. off[r+1]) */
struct vecs {
	size_t n, d;
	struct vecs_part *part;		/* row-major, ld = d */
	size_t n_parts;
	struct vecs_store *store;	/* private: what backs it */
};
/* vecs_load - path or "-". Checks sizes, hashes and that values are finite. d is 0 for an empty input. Taste binary, npy of <f4 and fbin are used where they lie when they
 * can be mapped: a part's v is on 64 bytes in the first, on 4 in the others. vecs_load_as: of this format. */
int vecs_load(struct vecs *v, const char *path, struct prov *p, struct buf *inputs, struct err *e);
int vecs_load_as(struct vecs *v, const char *path, enum vecs_format format, struct prov *p, struct buf *inputs, struct err *e);
void vecs_release(struct vecs *v);
struct str vecs_id(const struct vecs *v, size_t row);
const float *vecs_row(const struct vecs *v, size_t row);

/* ---- row by row: queries through a pipe ---- */
struct vecsr;
struct vecsr *vecsr_open_as(const char *path, enum vecs_format format, struct err *e);
enum vecs_format vecsr_format(const struct vecsr *r);	/* what it turned out to be; VECS_AUTO: taste binary */
int vecsr_next(struct vecsr *r, struct str *id, const float **v, size_t *d, struct err *e);	/* 1, 0, <0; die at the next call */
int vecsr_prov(struct vecsr *r, struct prov *p, struct buf *inputs, struct err *e);	/* after the end */
void vecsr_close(struct vecsr *r);

struct vecsw;
struct vecsw *vecsw_new(struct sink *s, size_t d, bool is_binary, struct err *e);
/*
 * vecsw_new_words - word2vec's formats, VECS_W2V or VECS_W2V_BIN (a newline behind each vector). They begin with how many rows there are: n; where that is not known beforehand,
 * VECSW_UNKNOWN, all is held until vecsw_finish. vecsw_write then refuses ids that are empty or have a blank, a control character of space or a NUL byte in them, and in VECS_W2V_BIN those
 * of more than VECS_WORD_MAX bytes, which are not read back: ERR_DATA, which names the id.
 */
#define VECSW_UNKNOWN UINT64_MAX
enum { VECS_WORD_MAX = 65535 };
struct vecsw *vecsw_new_words(struct sink *s, size_t d, enum vecs_format format, uint64_t n, struct err *e);
int vecsw_write(struct vecsw *w, struct str id, const float *v, struct err *e);
int vecsw_finish(struct vecsw *w, const struct prov *p, struct err *e);
void vecsw_free(struct vecsw *w);

#endif
