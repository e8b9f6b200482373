/*
 * table - TSV rows that may also travel in binary (kind TABL: rows under zlib, checksummed): items, candidates, ranked lists, truth. One reader for text, gzip and binary.
 */
#ifndef TASTE_TABLE_H
#define TASTE_TABLE_H

#include "../io/prov.h"
#include "../io/tsv.h"

enum { TABLE_FIELDS_MAX = 4096 };	/* of a row */

struct tabler;
/* tabler_open - path or "-". `schema` ("items", "candidates", "truth") must match a binary input's META; NULL takes any, but of streams joined by cat all must say the same. has_header: skip the first TSV line into tabler_header. */
struct tabler *tabler_open(const char *path, const char *schema, bool has_header, struct err *e);
/* tabler_open_file - the same of an open file, which it takes over; NULL stands for one that failed to open, with *e set. */
struct tabler *tabler_open_file(struct file *f, const char *schema, bool has_header, struct err *e);
/* tabler_next - 1 a row: (*field)[0..*n), unescaped, which die at the next call; 0 the end; <0 error. Empty lines are errors unless the whole input is empty. */
int tabler_next(struct tabler *r, const struct str **field, size_t *n, struct err *e);
void tabler_where(const struct tabler *r, struct buf *out);	/* append "FILE:LINE" of the last row */
uint64_t tabler_line(const struct tabler *r);	/* that line */
int tabler_bad(const struct tabler *r, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));	/* ERR_DATA: such a place, and what is wrong there */
int tabler_at(const struct tabler *r, struct err *e);	/* put the place before what *e says */
int tabler_prov(struct tabler *r, struct prov *p, struct buf *inputs, struct err *e);	/* after the end */
/* tabler_order - with a header that has all of these names: rows are handed out with these columns first, in this order, the others behind them. A header that has some but
 * not all, or one of them twice, is an error; with none, or without a header, columns stand as they are. */
int tabler_order(struct tabler *r, const char *const *names, size_t n, struct err *e);
const struct str *tabler_header(const struct tabler *r, size_t *n);
void tabler_close(struct tabler *r);

struct tablew;
struct tablew *tablew_new(struct sink *s, const char *schema, bool is_binary, struct err *e);
/* tablew_row - one finished line: escaped fields, TABs between, no newline. */
int tablew_row(struct tablew *w, const char *p, size_t len, struct err *e);
/* tablew_candidate - a row of candidates, of fields that are not escaped yet; score as text. */
int tablew_candidate(struct tablew *w, struct str query, struct str item, struct str score, struct str source, struct err *e);
int tablew_finish(struct tablew *w, const struct prov *p, struct err *e);
void tablew_free(struct tablew *w);

#endif
