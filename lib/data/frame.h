/*
 * frame - all rows of several files of features (framer.h), in queries, with labels: what trees are trained on. In chunks of FRAME_CHUNK rows as wide as was known when they were read: 4 bytes a
 * cell, and 4 a row.
 */
#ifndef TASTE_FRAME_H
#define TASTE_FRAME_H

#include "framer.h"

enum { FRAME_CHUNK = 4096 };

struct frame {
	size_t n, n_queries;
	struct vocab name;		/* of columns */
	struct vocab **words;		/* [name.n] by column: its words by number; NULL: it holds numbers */
	size_t cap_words;
	float *label;			/* [n] */
	size_t *start;			/* [n_queries + 1] first row of each query */
	bool has_queries, absent_is_zero;
	struct vocab shared;		/* names of columns of `like` that these files have, too */
	/* private */
	float fill;			/* behind the width of a chunk */
	struct frame_chunk { float *x; size_t width; } *chunk;	/* [(n - 1) / FRAME_CHUNK + 1] */
	size_t n_chunks, cap_chunks, cap_labels, cap_starts;
};

/*
 * frame_load - all rows of the files (none: of standard input), which must have labels. like: NULL, or a frame whose columns these rows shall have: what it does not know is left out, and its words are kept as they are.
 * Files of which some name their queries and others do not are an error. progress (NULL allowed) is called with the rows read so far, and 0.
 * 0, or <0 with *e set; then *f is released. No rows are no error.
 */
int frame_load(struct frame *f, const struct frame *like, const char *const *path, size_t n_paths, const struct frame_opts *o, void (*progress)(void *ctx, uint64_t done, uint64_t total),
	       void *ctx, struct prov *prov, struct buf *inputs, struct err *e);
void frame_release(struct frame *f);	/* zeroed is empty */
/* frame_column - to[i] = column c of row first + i, for i < n. frame_get: x [n_columns] of row i. */
void frame_column(const struct frame *f, size_t c, float *to, size_t first, size_t n);
void frame_get(const struct frame *f, size_t i, float *x, size_t n_columns);

#endif
