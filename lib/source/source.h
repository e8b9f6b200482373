/*
 * source - listening logs of other people's making, as events. A layer of its own beside model, index, rank and eval: it knows foreign formats, they know ours.
 *
 * A source turns one file after another into (event, item) rows: source_new, then for each file source_open and source_next to its end, source_free. Adding one: a row in
 * source_list and a function that looks at a file and says where things stand in it (kind.h); readers, mapping, times, checks and rejects are shared.
 *
 * Memory: a line, or a chunk of CSV rows, or a JSON object. One thread.
 */
#ifndef TASTE_SOURCE_H
#define TASTE_SOURCE_H

#include "listen.h"
#include "../base/scan.h"

struct source;
enum source_flags {
	SOURCE_TAKES_MAP = 1 << 0, SOURCE_TAKES_HEADER = 1 << 1, SOURCE_TAKES_ESCAPES = 1 << 2, SOURCE_IS_CSV = 1 << 3, SOURCE_IS_JSON = 1 << 4,
	SOURCE_IS_PRIVATE = 1 << 5,	/* rows hold what must not be kept (addresses): source_text shows only the members that were asked for */
	SOURCE_IS_SQL = 1 << 7,
	SOURCE_IS_ONES = 1 << 6,	/* one person's: rows that name no user are of SOURCE_ME */
};
#define SOURCE_ME "me"

struct source_kind {
	const char *name, *about;
	enum source_flags flags;
	bool (*knows)(const char *p, size_t n);		/* is this the beginning of such a file? NULL: cannot be told */
	int (*start)(struct source *s, struct err *e);		/* a file was opened: choose reader, columns, constants */
	int (*fill)(struct source *s, struct listen *l, struct err *e);	/* SOURCE_ROW, SOURCE_PASS, SOURCE_REJECT: what columns alone do not say; NULL nothing */
	int (*catalogue)(struct source *s, struct items *to, struct err *e);	/* its own list of items; NULL: an items stream */
};
extern const struct source_kind source_list[];	/* ended by a NULL name */
const struct source_kind *source_find(const char *name);	/* NULL when there is none of that name */
/* source_guess - the kind whose files begin like this, NULL when none does. */
const struct source_kind *source_guess(const char *p, size_t n);

struct source_opts {
	const char *map;		/* "user=1,item=3,context.device=5", or NULL: the source's own */
	const char *user, *event;	/* for rows that name none; NULL nothing */
	bool has_header;		/* -H */
	bool has_escapes;		/* tsv: undo COPY escapes */
	enum scan_time_unit time_unit;
	enum listen_key key;
	void (*on_wait)(void *ctx);	/* called before the input has to be waited for; NULL nothing */
	void *on_wait_ctx;
	int64_t zone;			/* seconds east of UTC of times that do not say (scrobbler) */
};

enum source_answer { SOURCE_END = 0, SOURCE_ROW = 1, SOURCE_REJECT = 2, SOURCE_PASS = 3 };

/* source_new - NULL with *e set (ERR_USAGE: an unknown name, a malformed map, an option that the source does not take). Strings of *o are borrowed. */
struct source *source_new(const char *name, const struct source_opts *o, struct err *e);
void source_free(struct source *s);
/* source_open - begin a file ("-" too), ending the one before. With the source "auto" each file is of the kind it looks like: source_name. */
int source_open(struct source *s, const char *path, struct err *e);
/*
 * source_next - SOURCE_ROW with *l, its event complete; SOURCE_REJECT when the row is bad: *e holds the sentence ("FILE:LINE: field 3: ..."; the caller clears it to go
 * on), source_reason a short word for it, source_text the row as it was; SOURCE_PASS when it is sound but no event, source_reason says why; SOURCE_END; <0 when nothing more
 * can be read of this file. All strings die at the next call.
 */
int source_next(struct source *s, struct listen *l, struct err *e);
const char *source_reason(const struct source *s);
struct str source_text(struct source *s);
bool source_zone_unknown(const struct source *s);	/* of the file at hand: its times are of some player's clock, taken to be in o->zone */
uint64_t source_line(const struct source *s);
const char *source_file(const struct source *s);
const char *source_name(const struct source *s);	/* of the kind of the file at hand */
uint64_t source_bytes(const struct source *s, uint64_t *total);	/* of the file at hand, as on disk; for progress */
uint64_t source_offset(const struct source *s);		/* bytes read of it, unpacked */
/* source_digest - "xxh3:..." of the file at hand, after its end. */
void source_digest(const struct source *s, char out[40]);

/* source_note_item - add what a row says of its item: the first row wins, column by column. */
void source_note_item(struct items *to, const struct listen *l);
/* source_catalogue - read a source's own list of items (movies.dat, movies.csv, artists.dat; else an items table) into *items, which must be zeroed. */
int source_catalogue(struct items *items, const char *name, const char *path, bool has_header, struct err *e);

#endif
