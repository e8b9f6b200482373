/*
 * csv - rows of comma-separated values (RFC 4180) through libcsv, with its traps closed:
 * always strict with CSV_STRICT_FINI, no trimming of blanks, a cap on the size of a field (CSV_FIELD_MAX), blank lines skipped, the broken
 * partial row behind an error dropped, a BOM stripped, physical line numbers counted through quoted newlines.
 * A row has at most 65536 fields and 64 MB. NUL bytes and bytes that are not UTF-8 pass through: whoever cannot carry them refuses them.
 * Rows before a fault are handed out before it is told. Memory: the rows of 64 KiB of text, and the longest row.
 */
#ifndef TASTE_CSV_H
#define TASTE_CSV_H

#include "tsv.h"

#define CSV_FIELD_MAX ((size_t)16 << 20)

struct csv;

/* csv_open - read rows from f (borrowed), fields parted by delim. NULL with *e set. */
struct csv *csv_open(struct file *f, char delim, struct err *e);
/* csv_lines_before - of a file of which n lines were read already: they count. Before the first csv_next. */
void csv_lines_before(struct csv *c, uint64_t n);
void csv_close(struct csv *c);
/* csv_next - 1 a row: *field and *n (dies at the next call), 0 the end, <0 error naming file, line and byte. */
int csv_next(struct csv *c, const struct str **field, size_t *n, struct err *e);
uint64_t csv_line(const struct csv *c);		/* line of the file on which the last row began, from 1 */
/* csv_put - append one field, quoted only when it must be (, " CR LF, or a blank at either end). */
void csv_put(struct buf *b, const char *p, size_t len, char delim);

#endif
