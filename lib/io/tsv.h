/*
 * tsv - rows of tab-separated fields with PostgreSQL COPY escapes.
 *
 * A field's \t, \n, \r, \\ stand for TAB, LF, CR and a backslash; any other backslash pair and a trailing lone
 * backslash are errors, so that nothing changes silently. An empty field is a missing value. A NUL byte in a line is
 * an error. The reader numbers fields from 1 in its messages.
 */
#ifndef TASTE_TSV_H
#define TASTE_TSV_H

#include "line.h"

/* tsv_split - cut a line into at most max fields, in place, undoing escapes. Returns the number of fields in the line
 * (may exceed max: the rest is counted, not stored), or <0 with *e set to "FILE:LINE: field N: ...". */
int64_t tsv_split(struct line *l, struct str *field, size_t max, struct err *e);

/* tsv_column - which of the n columns of a header, which stands on a line of a file, has that name: *at, SIZE_MAX where none has. <0 when two have. */
int tsv_column(const struct str *header, size_t n, const char *name, bool any_case, const char *file, uint64_t line, size_t *at, struct err *e);

/* tsv_is_header - is a first row that was taken for data a line of column names: "user", "item", and nothing or no number behind them? TSV_HEADER: what to say then. */
bool tsv_is_header(const struct str *field, size_t n);
#define TSV_HEADER "this looks like a line of column names, which -H announces"

/* tsv_put - append one field, escaped. Separators are the caller's: buf_putc(b, '\t'). */
void tsv_put(struct buf *b, const char *p, size_t len);

#endif
