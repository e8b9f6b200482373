/*
 * input - what the readers of this folder share: a file that is text or one kind of taste binary, and its provenance.
 */
#ifndef TASTE_INPUT_H
#define TASTE_INPUT_H

#include "../io/line.h"
#include "../io/prov.h"

struct input {
	struct file *file;
	bool is_binary;
	struct line line;		/* text */
	struct blockr *blocks;		/* binary */
	struct block b;			/* the last one read */
	struct prov prov;		/* of the streams so far */
	struct buf digests;		/* "taste:..." of each stream that ended, comma-separated */
	struct err err;			/* the first error, which sticks */
};

/* input_open - sniff; for binary the blocks are read with `flags`. 0 or <0. */
int input_open(struct input *in, const char *path, enum blockr_flags flags, struct err *e);
/* input_open_file - the same of an open file, which it takes over; NULL stands for one that failed to open, with *e set. */
int input_open_file(struct input *in, struct file *f, enum blockr_flags flags, struct err *e);
void input_close(struct input *in);
/* input_block - the next block that is not of the stream's frame: 1 with in->b a block, 2 a new stream began (its kind was checked against `kind`, named `what` in the message),
 * 0 the clean end, <0 error. PROV blocks are kept. For a block of a type that the reader does not know there is input_unknown. */
int input_block(struct input *in, enum block_kind kind, const char *what, struct err *e);
/* input_unknown - what to do with a block type the reader does not know: 0 to pass over it, <0 with a sentence. */
int input_unknown(const struct input *in, struct err *e);
/* input_stick - keep what a reader is about to return: got >= 0 passes, an error is kept for input_failed. Returns got. */
int input_stick(struct input *in, int got, const struct err *e);
/* input_failed - <0 with the sentence of the first error, once there was one; else 0. For the head of every x_next(). */
int input_failed(const struct input *in, struct err *e);
/* input_bad - "FILE: block N at byte OFFSET: ..." with ERR_DATA. */
int input_bad(const struct input *in, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* input_where - append "FILE:LINE" or "FILE: block N at byte OFFSET". */
void input_where(const struct input *in, struct buf *out);
/* input_prov - add steps and digests to a program's own. */
int input_prov(struct input *in, struct prov *p, struct buf *inputs, struct err *e);
/* input_kind_name - "events", "a table", "vectors", "a model" for messages. */
const char *input_kind_name(enum block_kind k);

#endif
