/*
 * vecs_in - vectors that are not taste binary, row by row: the TSV of the vectors stream and what other programs write. What vecs.c reads with.
 * The layouts stand in man/taste-format.5, "Vectors in other formats". Holds a row. Rows are counted from 1 in messages, as lines are; as ids from 0.
 *
 *   open -> mapped? -> next ... -> release
 *
 * Sizes are believed only as far as bytes come: no more is allocated than a row of VECS_DIM_MAX components takes.
 */
#ifndef TASTE_VECS_IN_H
#define TASTE_VECS_IN_H

#include "input.h"
#include "npy.h"
#include "vecs.h"

struct vecs_in {
	enum vecs_format format;	/* what it is: not VECS_AUTO once it is open */
	size_t d;			/* components; 0 while nothing has said */
	/* private */
	bool is_told;			/* the format was, and is not npy, which says itself what it is */
	struct file *file;
	struct line *line;
	bool has_line;			/* text: the line at hand is not used yet */
	struct str *field;		/* TSV */
	bool has_n;			/* the head says how many there are: n */
	uint64_t n, no;			/* no: rows so far */
	enum elem elem;			/* of a row as it lies in the file */
	unsigned char *raw;		/* [d] of them */
	float *row;
	struct buf id;
	const unsigned char *map;	/* the whole file, when that was asked for and it can be mapped */
	size_t map_n;
};

/* vecs_in_open - behind input_open, of an input that is not binary. is_whole: the caller would use the rows where they lie, and asks vecs_in_mapped. 0 or <0; release in both cases. */
int vecs_in_open(struct vecs_in *r, struct input *in, enum vecs_format format, bool is_whole, struct err *e);
void vecs_in_release(struct vecs_in *r);
/* vecs_in_mapped - before the first vecs_in_next: 1 when all rows lie in the file as float32 and are finite, *v [*n x d] there until the file is closed, ids being row numbers;
 * 0 when they must be read one by one; <0. */
int vecs_in_mapped(struct vecs_in *r, const float **v, size_t *n, struct err *e);
/* vecs_in_next - 1, 0 or <0; what is handed out dies at the next call. Behind the end it is 0 again; after an error the caller calls no more. */
int vecs_in_next(struct vecs_in *r, struct str *id, const float **v, struct err *e);

/* ---- what the two files that make it (vecs_in.c; vecs_words.c: formats whose rows have a name) have from each other ---- */

enum { VECS_LOOK = 64 };	/* bytes of a look ahead: "V D" and a newline fit */
unsigned long long vecs_in_no(const struct vecs_in *r);				/* of the row that should come, from 1 */
int vecs_in_cut_short(const struct vecs_in *r, struct err *e);			/* the sentence: the file ends before or within that row */
int vecs_in_at_end(const struct vecs_in *r, struct err *e);			/* all rows that were promised are there: 0, or <0 when more follows */
int vecs_in_set_head(struct vecs_in *r, uint64_t n, uint64_t d, struct err *e);	/* n rows of d components are promised: 0 or <0 */
void vecs_in_hold_row(struct vecs_in *r);					/* room for one, d and elem being known */
int vecs_in_elems(struct vecs_in *r, struct err *e);				/* d elements into r->row, a row more: 1 or <0 */

/* vecs_words_first - is the first line of a file's first n bytes "V D"? 0, or how many bytes it takes with its newline. */
size_t vecs_words_first(const unsigned char *p, size_t n, uint64_t *rows, uint64_t *d);
/*
 * vecs_words_sniff - set r->format by the first line, which is kept. A line with a TAB is TSV; one without is no vector of TSV, so that none is mistaken: two whole numbers are the
 * head of word2vec, fields parted by blanks of which the last is a number are GloVe. The rest is TSV too, for the sentence. 0 or <0.
 */
int vecs_words_sniff(struct vecs_in *r, struct err *e);
int vecs_words_open(struct vecs_in *r, struct err *e);				/* r->format is TSV, W2V, W2V_BIN or GLOVE: 0 or <0 */
int vecs_words_next(struct vecs_in *r, struct str *id, struct err *e);		/* 1, 0 or <0 */

#endif
