/*
 * sql - rows of a query over an SQLite database, read only. The database may be in use: one snapshot of it is read. As with any
 * reader, one in WAL mode may get a -shm file beside it; where that cannot be written the database is read as it lies.
 */
#ifndef TASTE_SQL_H
#define TASTE_SQL_H

#include "../io/tsv.h"

struct sql;
/* sql_open - the database at path. NULL with *e set. */
struct sql *sql_open(const char *path, struct err *e);
void sql_close(struct sql *q);		/* takes NULL */
/* sql_has - is there such a table (a view is none), and in it such a column (NULL: any)? */
bool sql_has(struct sql *q, const char *table, const char *column);
/* sql_any - does the query give a row? */
bool sql_any(struct sql *q, const char *query);
/* sql_error - 0, or <0 when one of these two could not tell and so said no; sql_query fails of it too. */
int sql_error(const struct sql *q, struct err *e);
/* sql_query - what sql_next steps through. 0 or <0 with SQLite's own words: ERR_SYS or ERR_MEM when the system said no, ERR_DATA when the file is not sound. */
int sql_query(struct sql *q, const char *query, struct err *e);
/* sql_next - 1 a row, its columns as text (null is empty) until the next call; 0 the end; <0 error. */
int sql_next(struct sql *q, const struct str **field, size_t *n, struct err *e);
uint64_t sql_row(const struct sql *q);	/* number of the last row, from 1 */

#endif
