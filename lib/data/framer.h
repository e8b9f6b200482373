/*
 * framer - rows of features, one after the other, with their queries and labels.
 *
 * Two forms, told apart by their first bytes; gzip goes in anywhere.
 *
 *   features   a table, text or binary (schema "features"), whose first row is always a header: query, user, item, label, then one column a feature. A cell that is empty is missing.
 *              A feature whose name begins with '@' holds words, the others finite numbers. An empty label: there is none.
 *   LIBSVM     as LETOR and svmlight write it: "LABEL [qid:QUERY] INDEX:VALUE ... [# comment]", parted by blanks or TABs. A feature is called by its index, whatever it begins from, and
 *              those that a line does not name are missing, or zero when asked. Lines that hold only a comment are passed over.
 *
 * Rows of a query stand together: one that comes again is an error. Of LIBSVM rows the user is the query, and the item what the comment says behind "docid =", else the comment, else the
 * number of the row. Where no row names a query, a file of sizes, line by line, may (groups): queries are then called by their number, and a row that names one is an error.
 *
 * Numbers go where the caller wants them: it says what column a name stands for, and what number a word. Memory: a row, the words of a header, and 50 bytes a query.
 */
#ifndef TASTE_FRAMER_H
#define TASTE_FRAMER_H

#include "table.h"
#include "vocab.h"

enum { FRAME_COLUMNS_MAX = 65536 };
#define FRAME_NONE UINT32_MAX
#define FRAME_ROWS_MAX ((size_t)1 << 26)

struct frame_columns {
	uint32_t (*column)(void *ctx, struct str name);		/* where its values go, below FRAME_COLUMNS_MAX; FRAME_NONE: nowhere */
	float (*word)(void *ctx, uint32_t column, struct str word);	/* of a feature that holds words; NAN: missing */
	void *ctx;
};

enum frame_labels { FRAME_ANY, FRAME_GRADES, FRAME_POWERS, FRAME_CHANCES };	/* any number; from 0 up; from 0 to 127, so that 2^label is a float; from 0 to 1 */

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

#endif
