/*
 * kind - what the files of this folder share: source.c opens a file, source_row.c reads its rows, source_event.c makes events of them, source_items.c catalogues; each family of
 * formats is a file of its own that says how a row looks and where things stand in it.
 *
 * To add a source: a row in source_list (source.c) and its start function. start looks at the file (source_first_line), chooses the reader (source_lines, source_csv,
 * source_json) and sets the constants, and returns SOURCE_ROW, SOURCE_END for a file without rows, or <0. Where things stand is said in one of two ways: a format whose columns
 * are ours under other names sets at[] (source_columns), and the event is made of them; all others name their own members or columns (source_members, source_header) and
 * fill makes the listen of what source_get gives. Times, numbers, checks, keys and rejects are shared.
 */
#ifndef TASTE_SOURCE_KIND_H
#define TASTE_SOURCE_KIND_H

#include "source.h"
#include "../io/csv.h"
#include "../io/json.h"

enum row_format { ROW_TSV_RAW, ROW_TSV, ROW_COLONS };
enum { MAX_FIELDS = 4096, OWN_MAX = 40 };

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
	bool may_have_nul;		/* of the line: nobody looked */
	const struct str *row;
	size_t n, n_expected;		/* its fields; those of the first row or the header, 0 not known yet */
	bool is_first, is_ended;
	bool is_auto;			/* the kind is that of the file at hand */
	/* a format's own members or columns */
	const char *const *own_name;
	size_t n_own, own[OWN_MAX];	/* where each stands, NOWHERE where it does not */
	size_t odd;			/* one that was asked for as text and is none, NOWHERE */
	int variant;			/* of the format, as start found it */
	bool is_zone_unknown;
	struct buf memo;		/* the last text that was looked into, and what came of it */
	const char *memo_is;
	/* readers within readers: mpd */
	struct json *inner;		/* of arrays in the objects: the rows */
	struct json *helper;		/* of arrays in a row */
	const struct json_value *outer;
	struct sql *sql;
	/* how it is read: a field's index or NOWHERE for each want, and what stands where the row says nothing */
	size_t at[WANTS];
	struct str f[WANTS];		/* what stands at those places in the row at hand */
	size_t mapped[WANTS], n_mapped;	/* the wants that stand anywhere, once is_mapped */
	bool is_mapped;
	const char *event, *user, *item_kind;
	struct buf raw;			/* the row as it was, where splitting writes over it */
	struct buf text, context, name;
	struct arena kept;		/* of the row at hand */
	const char *reason;
};

/* The names that columns and members go by. */
extern const char *const source_want_name[WANT_CONTEXT_KEYS];

/* source_first_line - a look at the first line, without its end and a BOM: SOURCE_ROW, SOURCE_END when the file is empty, <0. At most 16 KiB of it. */
int source_first_line(struct source *s, struct str *l, struct err *e);
/* The readers: choose one. SOURCE_ROW or <0. */
int source_lines(struct source *s, enum row_format f);
int source_csv(struct source *s, struct err *e);
int source_json(struct source *s, const char *at, size_t n_paths, struct err *e);	/* s->path[0..n_paths), of the objects at a path or NULL */
/* A format's own: n members of the JSON objects at a path; or the columns of the header row at hand, found by name whatever the case, of which the first n_must have to
 * be there. names live on. SOURCE_ROW or <0. */
int source_members(struct source *s, const char *at, const char *const *names, size_t n, struct err *e);
int source_header(struct source *s, const char *const *names, size_t n, size_t n_must, struct err *e);
/* source_is_time - text as a time within 30 million years: sums of times and lengths stay whole numbers. */
bool source_is_time(struct str text, enum scan_time_unit unit, int64_t *t);
/* source_get - own i of the row at hand as text; empty where it is missing, null, or no text (then the row will be rejected). */
struct str source_get(struct source *s, size_t i);
bool source_is(struct source *s, size_t i, const char *text);
/* The same as a number (NaN) or a time (TIME_NONE) where it is not missing: SOURCE_ROW, or SOURCE_REJECT with *e. */
int source_get_number(struct source *s, size_t i, double *v, struct err *e);
int source_get_time(struct source *s, size_t i, enum scan_time_unit unit, int64_t *t, struct err *e);
/* source_reject, source_pass - the answers of a fill: "NAME: 'TEXT' WHAT" for own i; a word for why it is no event. */
int source_reject(struct source *s, size_t i, const char *reason, const char *what, struct err *e);
int source_pass(struct source *s, const char *why);		/* NULL: no row at all, a comment */
#define REJECT(s, e, word, ...) ((s)->reason = (word), source_bad(s, e, __VA_ARGS__), SOURCE_REJECT)
/* source_context - add KEY=VALUE to the row's context, unless the value is empty. */
void source_context(struct source *s, const char *key, struct str value);
/* source_keep - a copy of text that lives as long as the row. */
struct str source_keep(struct source *s, const char *p, size_t len);
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
bool source_has_member(const char *p, size_t n, const char *name);	/* is there a member of that name in this piece of JSON? A string of that name is none. */
bool str_has(struct str a, const char *b);		/* b within a */
#define STR(literal) ((struct str){ "" literal, sizeof literal - 1 })

/* tabular.c */
int tabular_start(struct source *s, struct err *e);
int jsonl_start(struct source *s, struct err *e);
/* movielens.c */
bool movielens_knows(const char *p, size_t n);
int movielens_start(struct source *s, struct err *e);
int movielens_catalogue(struct source *s, struct items *to, struct err *e);
/* The others, each in the file of its name, or in scrobbles.c, players.c, servers.c, corpora.c. */
#define KIND(name) \
	bool name##_knows(const char *p, size_t n); \
	int name##_start(struct source *s, struct err *e); \
	int name##_fill(struct source *s, struct listen *l, struct err *e)
KIND(spotify);
KIND(listenbrainz);
KIND(lastfm);
KIND(scrobbler);
KIND(librefm);
KIND(maloja);
KIND(pano);
KIND(youtube);
KIND(tidal);
KIND(gpodder);
bool navidrome_knows(const char *p, size_t n);
int navidrome_start(struct source *s, struct err *e);
bool audiobookshelf_knows(const char *p, size_t n);
int audiobookshelf_start(struct source *s, struct err *e);
int servers_fill(struct source *s, struct listen *l, struct err *e);
bool recbole_knows(const char *p, size_t n);
int recbole_start(struct source *s, struct err *e);
KIND(mpd);
KIND(mssd);
int lastfm_catalogue(struct source *s, struct items *to, struct err *e);

#endif
