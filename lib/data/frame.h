/*
 * frame - rows of features, in queries, with labels: what trees are trained on and asked about.
 *
 * Two forms, told apart by their first bytes; gzip goes in anywhere.
 *
 *   features   a table, text or binary (schema "features"), whose first row is always a header: query, user, item, label, then one column a feature. A cell that is empty is missing.
 *              A feature whose name begins with '@' holds words, the others finite numbers. An empty label: there is none.
 *   LIBSVM     as LETOR and svmlight write it: "LABEL [qid:QUERY] INDEX:VALUE ... [# comment]", parted by blanks or TABs. A feature is called by its index, whatever it begins from, and
 *              those that a line does not name are missing, or zero when asked. Lines that hold only a comment are passed over.
 *
 * Rows of a query stand together: one that comes again is an error. Of LIBSVM rows the user is the query, and the item what the comment says behind "docid =", else the comment, else the
 * number of the row. Where no row names a query, a file of sizes, line by line, may (groups): queries are then called by their number.
 *
 * framer reads row by row and hands on numbers where its caller wants them: it says what column a name stands for, and what number a word. frame holds all of several files, in chunks of
 * FRAME_CHUNK rows as wide as was known when they were read: 4 bytes a cell, and 4 a row.
 */
#ifndef TASTE_FRAME_H
#define TASTE_FRAME_H

#include "table.h"
#include "vocab.h"

enum { FRAME_COLUMNS_MAX = 65536, FRAME_CHUNK = 4096 };
#define FRAME_NONE UINT32_MAX
#define FRAME_ROWS_MAX ((size_t)1 << 26)

struct frame_columns {
	uint32_t (*column)(void *ctx, struct str name);		/* where its values go, below FRAME_COLUMNS_MAX; FRAME_NONE: nowhere */
	float (*word)(void *ctx, uint32_t column, struct str word);	/* of a feature that holds words; NAN: missing */
	void *ctx;
};

enum frame_labels { FRAME_ANY, FRAME_GRADES, FRAME_CHANCES };	/* any number; from 0 up; from 0 to 1 */

struct frame_opts {
	enum frame_labels labels;	/* what a label may be */
	bool absent_is_zero;		/* what a LIBSVM row does not name */
	const char *groups;		/* file of sizes, or NULL */
};

struct frame_row {
	struct str query, user, item;	/* die at the next call; query is empty where nothing says */
	bool starts;			/* a query */
	bool has_label;
	float label;			/* finite */
	const float *x;			/* [n] NAN: missing */
	size_t n;			/* columns seen so far: may grow */
	float fill;			/* what stands in columns from n on: 0 or NAN */
};

struct framer;
/* framer_open - path or "-". NULL with *e set. */
struct framer *framer_open(const char *path, const struct frame_columns *columns, const struct frame_opts *o, struct err *e);
/* framer_next - 1 a row, 0 the end, <0 error ("FILE:LINE: field N: ..."). Errors stick. */
int framer_next(struct framer *r, struct frame_row *row, struct err *e);
void framer_where(const struct framer *r, struct buf *out);	/* append "FILE:LINE" of the last row */
bool framer_has_queries(const struct framer *r);		/* some row named one, or groups did */
int framer_prov(struct framer *r, struct prov *p, struct buf *inputs, struct err *e);	/* after the end */
void framer_close(struct framer *r);

struct frame {
	size_t n, n_queries;
	struct vocab name;		/* of columns */
	struct vocab **words;		/* [name.n] by column: its words by number; NULL: it holds numbers */
	size_t cap_words;
	float *label;			/* [n] */
	size_t *start;			/* [n_queries + 1] first row of each query */
	bool has_queries, absent_is_zero;
	/* private */
	float fill;			/* behind the width of a chunk */
	struct frame_chunk { float *x; size_t width; } *chunk;	/* [(n - 1) / FRAME_CHUNK + 1] */
	size_t n_chunks, cap_chunks, cap_labels, cap_starts;
};

/*
 * frame_load - all rows of the files, which must have labels. like: NULL, or a frame whose columns these rows shall have: what it does not know is left out, and its words are kept as they are.
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
