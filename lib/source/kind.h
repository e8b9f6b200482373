/*
 * kind - what the files of this folder share: source.c reads rows and makes events of them; each family of formats is a file of its own that says how a row looks and
 * where things stand in it.
 *
 * To add a source: a row in source_list (source.c) and its start function. start looks at the file (source_first_line), chooses the reader (source_lines, source_csv,
 * source_json) and the columns (source_columns, or at[] itself), sets the constants, and returns SOURCE_ROW, SOURCE_END for a file without rows, or <0. What a column
 * alone cannot say is the business of fill. Mapping, times, numbers, checks and rejects are shared.
 */
#ifndef TASTE_SOURCE_KIND_H
#define TASTE_SOURCE_KIND_H

#include "source.h"
#include "../io/csv.h"
#include "../io/json.h"

enum row_format { ROW_TSV_RAW, ROW_TSV, ROW_COLONS };
enum { MAX_FIELDS = 4096 };

/* What can be asked of a row. */
enum want { WANT_USER, WANT_ITEM, WANT_TIME, WANT_EVENT, WANT_VALUE, WANT_CONTEXT, WANT_ITEMS, WANT_CONTEXT_KEYS = WANT_ITEMS + ITEM_COLUMNS,
	    MAX_CONTEXT_KEYS = 32, WANTS = WANT_CONTEXT_KEYS + MAX_CONTEXT_KEYS };
#define NOWHERE SIZE_MAX

struct source {
	const struct source_opts *o;
	const struct source_kind *kind;
	/* the map as asked for */
	char *map_text;
	const char *asked[WANTS];	/* column name, number or path; NULL not mapped */
	const char *context_key[MAX_CONTEXT_KEYS];
	size_t n_context_keys;
	/* the file at hand: one of the three readers */
	struct file *file;
	enum row_format format;
	struct line line;
	struct csv *csv;
	struct json *json;
	const char *path[WANTS];	/* members asked of json */
	const struct json_value *object;
	/* the row at hand */
	struct str *field;
	const struct str *row;
	size_t n, n_expected;		/* its fields; those of the first row or the header, 0 not known yet */
	bool is_first, is_ended;
	/* how it is read: a field's index or NOWHERE for each want, and what stands where the row says nothing */
	size_t at[WANTS];
	const char *event, *user, *item_kind;
	struct buf raw;			/* the row as it was, where splitting writes over it */
	struct buf text, context, name;
	const char *reason;
};

/* The names that columns and members go by. */
extern const char *const source_want_name[WANT_CONTEXT_KEYS];

/* source_first_line - a look at the first line, without its end and a BOM: SOURCE_ROW, SOURCE_END when the file is empty, <0. At most 16 KiB of it. */
int source_first_line(struct source *s, struct str *l, struct err *e);
/* The readers: choose one. SOURCE_ROW or <0. */
int source_lines(struct source *s, enum row_format f);
int source_csv(struct source *s, struct err *e);
int source_json(struct source *s, size_t n_paths, struct err *e);	/* s->path[0..n_paths) */
/* source_next_row - SOURCE_ROW with s->row and s->n, or s->object; SOURCE_END, SOURCE_REJECT, <0. */
int source_next_row(struct source *s, struct err *e);
/* source_columns - rows of n fields, and where the four things stand; -1: nowhere. */
void source_columns(struct source *s, size_t n, int user, int item, int time, int value);
/* source_must_have - <0 with a sentence when nothing holds the user or the item. */
int source_must_have(const struct source *s, struct err *e);
/* source_bad - <0 with "FILE:LINE: ...". */
int source_bad(const struct source *s, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* For catalogues. source_add_item - a new, empty row for id, or NULL when it is there already. source_utf8 - text kept in the catalogue: what is not UTF-8
 * is taken for Latin-1, as the older research sets are. */
struct str *source_add_item(struct items *to, struct str id);
struct str source_utf8(struct items *to, struct str text);
bool str_is(struct str a, const char *b);

/* tabular.c */
int tabular_start(struct source *s, struct err *e);
int jsonl_start(struct source *s, struct err *e);
/* movielens.c */
int movielens_start(struct source *s, struct err *e);
int movielens_catalogue(struct source *s, struct items *to, struct err *e);
/* lastfm.c */
int lastfm_start(struct source *s, struct err *e);
void lastfm_fill(struct source *s, struct event *ev, struct source_item *it);
int lastfm_catalogue(struct source *s, struct items *to, struct err *e);

#endif
