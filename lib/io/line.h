/*
 * line - the lines of a text, whatever made it.
 *
 * LF and CRLF end a line; a missing final newline is fine; a UTF-8 BOM before the first line is
 * dropped. Lines may be long (cap: LINE_MAX_BYTES, then an error that names the line) and may hold NUL bytes: what those
 * mean is the caller's to say. Memory: one buffer of 256 KiB or twice the longest line.
 */
#ifndef TASTE_LINE_H
#define TASTE_LINE_H

#include "file.h"
#include "../base/buf.h"

#define LINE_MAX_BYTES ((size_t)64 << 20)

struct line {
	struct file *file;	/* borrowed */
	uint64_t no;		/* number of the line handed out last, from 1 */
	char *p;		/* that line, without its end, writable, not NUL-terminated */
	size_t len;
	/* private */
	struct buf buf;
	size_t start, fill;
	bool is_eof;
};

void line_init(struct line *l, struct file *f);
void line_release(struct line *l);	/* does not close the file */
/* line_next - 1 a line, 0 the end, <0 error. The line dies at the next call. */
int line_next(struct line *l, struct err *e);
/* line_next_split - the same, cut at every sep in the same pass: field[0..*n) point into the line, of which the first max are stored; *has_nul: there is a NUL byte in it. */
int line_next_split(struct line *l, char sep, struct str *field, size_t max, size_t *n, bool *has_nul, struct err *e);

#endif
