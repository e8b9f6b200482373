#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "../base/mem.h"
#include "../io/csv.h"
#include "../io/json.h"

/* ---- rows: a line, a CSV record or a JSON object as fields ---- */

enum row_format { ROW_TSV_RAW, ROW_TSV, ROW_CSV, ROW_COLONS, ROW_JSON };
enum { MAX_FIELDS = 4096 };

/* What can be asked of a row, and where it stands: a field's index, or NOWHERE. */
enum want { WANT_USER, WANT_ITEM, WANT_TIME, WANT_EVENT, WANT_VALUE, WANT_CONTEXT, WANT_ITEMS,
	    WANT_CONTEXT_KEYS = WANT_ITEMS + ITEM_COLUMNS, MAX_CONTEXT_KEYS = 32, WANTS = WANT_CONTEXT_KEYS + MAX_CONTEXT_KEYS };
#define NOWHERE SIZE_MAX

static const char *const want_name[WANT_CONTEXT_KEYS] = { "user", "item", "time", "event", "value", "context", "kind", "title", "creator", "group",
	"released", "seconds", "tags" };

struct source {
	const struct source_opts *o;
	int kind;			/* index into source_list */
	/* the map as asked for */
	char *map_text;
	const char *asked[WANTS];	/* column name, number or path; NULL not mapped */
	const char *context_key[MAX_CONTEXT_KEYS];
	size_t n_context_keys;
	/* the file at hand */
	struct file *file;
	enum row_format format;
	struct line line;
	struct csv *csv;
	struct json *json;
	const struct json_value *object;
	struct str *field;
	const struct str *row;		/* fields of the row at hand */
	size_t n, n_expected;		/* its fields; those of the first row or the header */
	size_t at[WANTS];
	const char *event, *user;	/* constants in force */
	struct buf raw;			/* the row as it was, where splitting writes over it */
	struct buf text, context, name;
	const char *reason;
	bool is_first;
};

/* ---- the sources ---- */

enum { SRC_TSV, SRC_CSV, SRC_JSONL, SRC_MOVIELENS, SRC_LASTFM };
const struct source_kind source_list[] = {
	[SRC_TSV] = { "tsv", "tab-separated rows, columns by --map" },
	[SRC_CSV] = { "csv", "comma-separated rows (RFC 4180), columns by --map" },
	[SRC_JSONL] = { "jsonl", "JSON objects, one a line or in arrays, members by --map" },
	[SRC_MOVIELENS] = { "movielens", "MovieLens ratings: ratings.dat, u.data or ratings.csv" },
	[SRC_LASTFM] = { "lastfm", "Last.fm research sets: 1K (6 columns), 360K (4 columns), HetRec 2011 (3 columns)" },
	{ NULL, NULL },
};

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

static int set_map(struct source *s, struct err *e)
{
	char *p = s->map_text = mem_strdup(s->o->map ? s->o->map : "");

	while (*p) {
		char *end = p + strcspn(p, ","), *eq = memchr(p, '=', (size_t)(end - p));
		bool is_last = !*end;
		*end = '\0';
		if (!eq || eq == p || !eq[1])
			return err_set(e, ERR_USAGE, "--map: '%.60s' is not NAME=COLUMN", p);
		*eq = '\0';
		int w = 0;
		while (w < WANT_CONTEXT_KEYS && strcmp(want_name[w], p))
			w++;
		if (w == WANT_CONTEXT_KEYS && !strncmp(p, "context.", 8) && p[8]) {
			if (s->n_context_keys == MAX_CONTEXT_KEYS)
				return err_set(e, ERR_USAGE, "--map: more than %d context columns", MAX_CONTEXT_KEYS);
			s->context_key[s->n_context_keys] = p + 8;
			w = WANT_CONTEXT_KEYS + (int)s->n_context_keys++;
		} else if (w == WANT_CONTEXT_KEYS) {
			return err_set(e, ERR_USAGE, "--map: '%.60s' is not one of user, item, time, event, value, context, context.KEY, kind, title, creator, "
				       "group, released, seconds, tags", p);
		}
		if (s->asked[w])
			return err_set(e, ERR_USAGE, "--map: '%s' is given twice", p);
		s->asked[w] = eq + 1;
		if (s->kind != SRC_JSONL && !s->o->has_header && (!is_number(eq + 1) || !strtoul(eq + 1, NULL, 10)))
			return err_set(e, ERR_USAGE, "--map: '%.60s' is not a column number from 1 (names need -H)", eq + 1);
		p = is_last ? end : end + 1;
	}
	return 0;
}

struct source *source_new(const char *name, const struct source_opts *o, struct err *e)
{
	struct source *s = mem_new(1, sizeof *s);

	s->o = o;
	while (source_list[s->kind].name && strcmp(source_list[s->kind].name, name))
		s->kind++;
	if (!source_list[s->kind].name) {
		err_set(e, ERR_USAGE, "'%.60s' is not a source (--list names them)", name);
		mem_free(s);
		return NULL;
	}
	s->field = mem_new(MAX_FIELDS, sizeof *s->field);
	if (s->kind >= SRC_MOVIELENS && o->map)
		err_set(e, ERR_USAGE, "--map is for tsv, csv and jsonl: %s knows its own columns", name);
	else
		set_map(s, e);
	if (e->code) {
		source_free(s);
		return NULL;
	}
	return s;
}

static void close_file(struct source *s)
{
	line_release(&s->line);
	csv_close(s->csv);
	json_close(s->json);
	file_close(s->file);
	s->csv = NULL;
	s->json = NULL;
	s->file = NULL;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	close_file(s);
	mem_free(s->map_text);
	mem_free(s->field);
	buf_release(&s->raw);
	buf_release(&s->text);
	buf_release(&s->context);
	buf_release(&s->name);
	mem_free(s);
}

const char *source_file(const struct source *s) { return file_name(s->file); }
const char *source_reason(const struct source *s) { return s->reason; }

uint64_t source_bytes(const struct source *s, uint64_t *total)
{
	*total = file_size(s->file);
	return file_consumed(s->file);
}

void source_digest(const struct source *s, char out[40])
{
	memcpy(out, "xxh3:", 5);
	file_digest(s->file, out + 5);
}

uint64_t source_line(const struct source *s)
{
	return s->csv ? csv_line(s->csv) : s->json ? json_line(s->json) : s->line.no;
}

struct str source_text(struct source *s)
{
	if (s->json)
		return json_text(s->json);
	if (!s->csv)
		return (struct str){ s->raw.p ? s->raw.p : "", s->raw.len };
	buf_reset(&s->text);
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			buf_putc(&s->text, ',');
		csv_put(&s->text, s->row[i].p, s->row[i].len, ',');
	}
	return (struct str){ s->text.p ? s->text.p : "", s->text.len };
}

static int reject(struct source *s, struct err *e, const char *reason, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static int reject(struct source *s, struct err *e, const char *reason, const char *fmt, ...)
{
	char t[ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t, sizeof t, fmt, ap);
	va_end(ap);
	s->reason = reason;
	err_set(e, ERR_DATA, "%s:%llu: %s", file_name(s->file), (unsigned long long)source_line(s), t);
	return SOURCE_REJECT;
}

/* split_at - cut the line at every `sep`, in place, without escapes. */
static size_t split_at(struct source *s, const char *sep)
{
	char *p = s->line.p, *end = p + s->line.len;
	size_t n = 0, len = strlen(sep);

	for (;;) {
		char *q = p < end ? memmem(p, (size_t)(end - p), sep, len) : NULL;
		if (n < MAX_FIELDS)
			s->field[n] = (struct str){ p, (size_t)((q ? q : end) - p) };
		n++;
		if (!q)
			return n;
		p = q + len;
	}
}

/* next_row - SOURCE_ROW, SOURCE_END, SOURCE_REJECT or <0. */
static int next_row(struct source *s, struct err *e)
{
	int got;

	if (s->json)
		return json_next(s->json, &s->object, e);
	if (s->csv)
		return csv_next(s->csv, &s->row, &s->n, e);
	if ((got = line_next(&s->line, e)) <= 0)
		return got;
	buf_reset(&s->raw);
	buf_put(&s->raw, s->line.p ? s->line.p : "", s->line.len);
	s->row = s->field;
	if (s->format == ROW_TSV) {
		struct err why = { 0 };
		int64_t n = tsv_split(&s->line, s->field, MAX_FIELDS, &why);
		if (n < 0) {
			s->reason = "escape";
			err_set(e, ERR_DATA, "%s", why.msg);
			return SOURCE_REJECT;
		}
		s->n = (size_t)n;
	} else {
		s->n = split_at(s, s->format == ROW_COLONS ? "::" : "\t");
	}
	if (s->n > MAX_FIELDS)
		return reject(s, e, "columns", "%zu fields, more than %d", s->n, MAX_FIELDS);
	return SOURCE_ROW;
}

/* ---- columns ---- */

/* find_asked - the mapped columns: by number, or by name in the header at hand. */
static int find_asked(struct source *s, bool by_name, struct err *e)
{
	for (size_t w = 0; w < WANTS; w++) {
		const char *a = s->asked[w];
		s->at[w] = NOWHERE;
		if (!a)
			continue;
		if (!by_name) {
			s->at[w] = strtoul(a, NULL, 10) - 1;
			continue;
		}
		for (size_t i = 0; i < s->n; i++)
			if (s->row[i].len == strlen(a) && !memcmp(s->row[i].p, a, s->row[i].len))
				s->at[w] = i;
		if (s->at[w] == NOWHERE && is_number(a) && strtoul(a, NULL, 10) >= 1 && strtoul(a, NULL, 10) <= s->n)
			s->at[w] = strtoul(a, NULL, 10) - 1;
		if (s->at[w] == NOWHERE)
			return err_set(e, ERR_DATA, "%s:%llu: no column is named '%.60s'", file_name(s->file), (unsigned long long)source_line(s), a);
	}
	return 0;
}

/* default_names - no map: the columns go by our own names (header), or stand in the order of an events stream. */
static void default_names(struct source *s, bool by_name)
{
	for (size_t w = 0; w < WANTS; w++) {
		s->at[w] = NOWHERE;
		if (w >= WANT_CONTEXT_KEYS)
			continue;
		if (!by_name && w < WANT_ITEMS && w < s->n)
			s->at[w] = w;
		for (size_t i = 0; by_name && i < s->n; i++)
			if (s->row[i].len == strlen(want_name[w]) && !memcmp(s->row[i].p, want_name[w], s->row[i].len))
				s->at[w] = i;
	}
}

static int must_have(const struct source *s, struct err *e)
{
	if (s->at[WANT_USER] == NOWHERE && !s->user)
		return err_set(e, ERR_DATA, "%s: no column holds the user (--map user=COLUMN, or --user NAME)", file_name(s->file));
	if (s->at[WANT_ITEM] == NOWHERE)
		return err_set(e, ERR_DATA, "%s: no column holds the item (--map item=COLUMN)", file_name(s->file));
	return 0;
}

/* start_generic - read the header, if there is one, and find the columns. SOURCE_END for an empty file. */
static int start_generic(struct source *s, struct err *e)
{
	bool has_map = s->o->map && *s->o->map;
	int got;

	if (s->o->has_header) {
		if ((got = next_row(s, e)) != SOURCE_ROW)
			return got == SOURCE_REJECT ? ERR_DATA : got;
		s->n_expected = s->n;
		if (has_map ? find_asked(s, true, e) : (default_names(s, true), 0))
			return e->code;
		if (must_have(s, e))
			return e->code;
	} else if (has_map && find_asked(s, false, e)) {
		return e->code;
	}
	s->is_first = !s->o->has_header;
	return SOURCE_ROW;
}

static const char *const json_default[] = { "user", "item", "time", "event", "value", "context", "kind", "title", "creator", "group", "released", "seconds", "tags" };

static int start_json(struct source *s, struct err *e)
{
	bool has_map = s->o->map && *s->o->map;
	static const char *path[WANTS];
	size_t n = 0;

	for (size_t w = 0; w < WANTS; w++) {
		const char *a = has_map ? s->asked[w] : w < WANT_CONTEXT_KEYS ? json_default[w] : NULL;
		s->at[w] = NOWHERE;
		if (a) {
			path[n] = a;
			s->at[w] = n++;
		}
	}
	s->json = json_open(s->file, path, n, e);
	if (!s->json)
		return e->code;
	return must_have(s, e) ? e->code : SOURCE_ROW;
}

/* first_line - a look at the first line of the file, without its end. */
static int first_line(struct source *s, struct str *l, struct err *e)
{
	const unsigned char *p;
	int64_t n = file_peek(s->file, 16384, &p, e);

	if (n < 0)
		return (int)n;
	l->p = (const char *)p;
	if (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
		l->p += 3;
		n -= 3;
	}
	const char *nl = n ? memchr(l->p, '\n', (size_t)n) : NULL;
	l->len = nl ? (size_t)(nl - l->p) : (size_t)n;
	if (l->len && l->p[l->len - 1] == '\r')
		l->len--;
	return 0;
}

static size_t count_char(struct str l, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < l.len; i++)
		n += l.p[i] == c;
	return n;
}

static void set_columns(struct source *s, size_t n, int user, int item, int time, int value)
{
	for (size_t w = 0; w < WANTS; w++)
		s->at[w] = NOWHERE;
	s->at[WANT_USER] = (size_t)user;
	s->at[WANT_ITEM] = (size_t)item;
	if (time >= 0)
		s->at[WANT_TIME] = (size_t)time;
	if (value >= 0)
		s->at[WANT_VALUE] = (size_t)value;
	s->n_expected = n;
}

static int start_lines(struct source *s, enum row_format f)
{
	s->format = f;
	line_init(&s->line, s->file);
	return SOURCE_ROW;
}

static int start_csv(struct source *s, struct err *e)
{
	s->csv = csv_open(s->file, ',', e);
	return s->csv ? SOURCE_ROW : (int)e->code;
}

static int start_movielens(struct source *s, struct err *e)
{
	static const char csv_head[] = "userId,movieId,rating,timestamp";
	struct str l;

	if (first_line(s, &l, e))
		return e->code;
	s->event = s->o->event ? s->o->event : "rate";
	if (!l.len)
		return SOURCE_END;
	if (memmem(l.p, l.len, "::", 2)) {
		set_columns(s, 4, 0, 1, 3, 2);
		return start_lines(s, ROW_COLONS);
	}
	if (count_char(l, '\t') == 3) {
		set_columns(s, 4, 0, 1, 3, 2);
		return start_lines(s, ROW_TSV_RAW);
	}
	if (l.len == strlen(csv_head) && !memcmp(l.p, csv_head, l.len)) {
		if (start_csv(s, e) < 0 || next_row(s, e) < 0)
			return e->code;
		set_columns(s, 4, 0, 1, 3, 2);
		return SOURCE_ROW;
	}
	return err_set(e, ERR_DATA, "%s:1: not a MovieLens rating file: neither user::movie::rating::time, nor four tab-separated columns, nor '%s'",
		       file_name(s->file), csv_head);
}

static int start_lastfm(struct source *s, struct err *e)
{
	static const char hetrec[] = "userID\tartistID\tweight";
	struct str l;

	if (first_line(s, &l, e))
		return e->code;
	if (!l.len)
		return SOURCE_END;
	start_lines(s, ROW_TSV_RAW);
	switch (count_char(l, '\t')) {
	case 5:		/* 1K: userid time artid artname traid traname */
		set_columns(s, 6, 0, 4, 1, -1);
		s->at[WANT_ITEMS + ITEM_TITLE] = 5;
		s->at[WANT_ITEMS + ITEM_CREATOR] = 3;
		s->event = s->o->event ? s->o->event : "play";
		return SOURCE_ROW;
	case 3:		/* 360K: user artmbid artname plays */
		set_columns(s, 4, 0, 1, -1, 3);
		s->at[WANT_ITEMS + ITEM_TITLE] = 2;
		s->event = s->o->event ? s->o->event : "plays";
		return SOURCE_ROW;
	case 2:
		if (l.len == strlen(hetrec) && !memcmp(l.p, hetrec, l.len)) {
			if (line_next(&s->line, e) < 0)
				return e->code;
			set_columns(s, 3, 0, 1, -1, 2);
			s->event = s->o->event ? s->o->event : "plays";
			return SOURCE_ROW;
		}
	}
	return err_set(e, ERR_DATA, "%s:1: not a Last.fm set: neither 6 (1K) nor 4 (360K) tab-separated columns, nor the header userID artistID weight",
		       file_name(s->file));
}

int source_open(struct source *s, const char *path, struct err *e)
{
	int got;

	close_file(s);
	s->n = s->n_expected = 0;
	s->is_first = false;
	s->user = s->o->user;
	s->event = s->o->event;
	if (!(s->file = file_open(path, e)))
		return e->code;
	file_digest_on(s->file);
	switch (s->kind) {
	case SRC_JSONL:
		got = start_json(s, e);
		break;
	case SRC_MOVIELENS:
		got = start_movielens(s, e);
		break;
	case SRC_LASTFM:
		got = start_lastfm(s, e);
		break;
	case SRC_CSV:
		got = start_csv(s, e) < 0 ? (int)e->code : start_generic(s, e);
		break;
	default:
		start_lines(s, s->o->has_escapes ? ROW_TSV : ROW_TSV_RAW);
		got = start_generic(s, e);
	}
	return got < 0 ? got : 0;
}

/* ---- from fields to an event ---- */

/* take - what was wanted, as text; empty when it is not there. False when it is of a type that is no text. */
static bool take(const struct source *s, size_t w, struct str *out)
{
	*out = (struct str){ "", 0 };
	if (s->at[w] == NOWHERE)
		return true;
	if (!s->json) {
		if (s->at[w] < s->n)
			*out = s->row[s->at[w]];
		return true;
	}
	const struct json_value *v = &s->object[s->at[w]];
	switch (v->type) {
	case JSON_STRING: case JSON_NUMBER:
		*out = v->text;
		return true;
	case JSON_TRUE:
		*out = (struct str){ "true", 4 };
		return true;
	case JSON_FALSE:
		*out = (struct str){ "false", 5 };
		return true;
	case JSON_NULL: case JSON_MISSING:
		return true;
	default:
		return false;
	}
}

static const char *name_of(size_t w)
{
	return w < WANT_CONTEXT_KEYS ? want_name[w] : "context";
}

static int bad_field(struct source *s, size_t w, struct str f, const char *reason, const char *what, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	err_clip(clip, f.p, f.len);
	if (s->json)
		return reject(s, e, reason, "member '%s': '%s' %s", s->asked[w] ? s->asked[w] : name_of(w), clip, what);
	return reject(s, e, reason, "field %zu: '%s' %s", s->at[w] + 1, clip, what);
}

/* put_context_value - a value within k=v;k=v: the two marks cannot stand in it. */
static void put_context_value(struct buf *b, struct str v)
{
	for (size_t i = 0; i < v.len; i++)
		buf_putc(b, v.p[i] == ';' || v.p[i] == '=' ? '_' : v.p[i]);
}

static void add_context(struct source *s, struct event *ev)
{
	buf_reset(&s->context);
	buf_put(&s->context, ev->context.p, ev->context.len);
	for (size_t k = 0; k < s->n_context_keys; k++) {
		struct str v;
		if (!take(s, WANT_CONTEXT_KEYS + k, &v) || !v.len)
			continue;
		if (s->context.len)
			buf_putc(&s->context, ';');
		buf_puts(&s->context, s->context_key[k]);
		buf_putc(&s->context, '=');
		put_context_value(&s->context, v);
	}
	ev->context = (struct str){ s->context.p, s->context.len };
}

/* name_item - Last.fm rows without an id for the track or artist go by its name. */
static void name_item(struct source *s, struct event *ev, const struct source_item *it)
{
	if (s->kind != SRC_LASTFM || ev->item.len)
		return;
	buf_reset(&s->name);
	if (it->col[ITEM_CREATOR].len) {
		buf_put(&s->name, it->col[ITEM_CREATOR].p, it->col[ITEM_CREATOR].len);
		buf_puts(&s->name, " - ");
	}
	buf_put(&s->name, it->col[ITEM_TITLE].p, it->col[ITEM_TITLE].len);
	if (it->col[ITEM_TITLE].len)
		ev->item = (struct str){ s->name.p, s->name.len };
}

static int make_event(struct source *s, struct event *ev, struct source_item *it, struct err *e)
{
	struct str f[WANT_ITEMS];

	*ev = (struct event){ .time = TIME_NONE, .value = VALUE_NONE };
	for (size_t w = 0; w < WANT_CONTEXT_KEYS; w++) {
		struct str *to = w < WANT_ITEMS ? &f[w] : &it->col[w - WANT_ITEMS];
		if (!take(s, w, to))
			return reject(s, e, name_of(w), "member '%s' is an object or an array", s->asked[w] ? s->asked[w] : name_of(w));
		if (to->len && memchr(to->p, '\0', to->len))
			return bad_field(s, w, *to, "nul", "has a NUL byte in it", e);
	}
	ev->user = s->at[WANT_USER] == NOWHERE ? (struct str){ s->user, strlen(s->user) } : f[WANT_USER];
	ev->item = f[WANT_ITEM];
	name_item(s, ev, it);
	if (!ev->user.len || !ev->item.len)
		return bad_field(s, ev->user.len ? WANT_ITEM : WANT_USER, (struct str){ "", 0 }, ev->user.len ? "item" : "user",
				 ev->user.len ? "is no item: an id is wanted" : "is no user: an id is wanted", e);
	if (f[WANT_TIME].len && !scan_time(f[WANT_TIME].p, f[WANT_TIME].len, s->o->time_unit, &ev->time))
		return bad_field(s, WANT_TIME, f[WANT_TIME], "time", "is not a time (seconds or milliseconds since 1970, or ISO 8601)", e);
	if (f[WANT_VALUE].len && !scan_f64(f[WANT_VALUE].p, f[WANT_VALUE].len, &ev->value))
		return bad_field(s, WANT_VALUE, f[WANT_VALUE], "value", "is not a finite number", e);
	ev->kind = f[WANT_EVENT].len ? f[WANT_EVENT] : s->event ? (struct str){ s->event, strlen(s->event) } : (struct str){ "", 0 };
	ev->context = f[WANT_CONTEXT];
	if (s->n_context_keys)
		add_context(s, ev);
	return SOURCE_ROW;
}

int source_next(struct source *s, struct event *ev, struct source_item *it, struct err *e)
{
	if (!s->line.file && !s->csv && !s->json)
		return SOURCE_END;		/* an empty file of a source that looks before it reads */
	int got = next_row(s, e);
	if (got != SOURCE_ROW)
		return got;
	if (s->is_first) {
		if (!s->o->map || !*s->o->map)
			default_names(s, false);
		if (must_have(s, e))
			return e->code;
		s->n_expected = s->n;
		s->is_first = false;
	}
	if (!s->json && s->n != s->n_expected)
		return reject(s, e, "columns", "%zu field%s where %zu are expected", s->n, s->n == 1 ? "" : "s", s->n_expected);
	if (!s->json)
		for (size_t w = 0; w < WANTS; w++)
			if (s->at[w] != NOWHERE && s->at[w] >= s->n)
				return reject(s, e, "columns", "%zu field%s, but %s is mapped to field %zu", s->n, s->n == 1 ? "" : "s", name_of(w), s->at[w] + 1);
	return make_event(s, ev, it, e);
}

/* ---- catalogues ---- */

/* put_text - Latin-1, as the older MovieLens files are in, as UTF-8; what is UTF-8 already stays. */
static struct str put_text(struct arena *a, struct buf *tmp, struct str s)
{
	bool is_utf8 = true;

	for (size_t i = 0; i < s.len && is_utf8;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
		is_utf8 = n && n <= s.len - i;
		for (size_t k = 1; k < n && is_utf8; k++)
			is_utf8 = ((unsigned char)s.p[i + k] & 0xc0) == 0x80;
		i += n;
	}
	if (is_utf8)
		return (struct str){ arena_bytes(a, s.p, s.len), s.len };
	buf_reset(tmp);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 0x80)
			buf_putc(tmp, (char)(0xc0 | c >> 6));
		buf_putc(tmp, (char)(c < 0x80 ? c : 0x80 | (c & 63)));
	}
	return (struct str){ arena_bytes(a, tmp->p, tmp->len), tmp->len };
}

/* add_movie - "Toy Story (1995)" and "Animation|Comedy". */
static void add_movie(struct items *it, struct buf *tmp, struct str id, struct str title, struct str genres)
{
	size_t before = it->id.n;
	uint32_t i = vocab_add(&it->id, id.p, id.len);
	struct str none = { "", 0 }, year = none;

	if (i < before)
		return;
	arr_reserve(it->row, it->id.n, it->cap);
	if (title.len > 6 && title.p[title.len - 1] == ')' && title.p[title.len - 6] == '(') {
		year = (struct str){ title.p + title.len - 5, 4 };
		for (int k = 0; k < 4; k++)
			if (year.p[k] < '0' || year.p[k] > '9')
				year = none;
		if (year.len)
			year.p = arena_bytes(&it->bytes, year.p, 4);
	}
	for (int c = 0; c < ITEM_COLUMNS; c++)
		it->row[i][c] = none;
	it->row[i][ITEM_KIND] = (struct str){ "movie", 5 };
	it->row[i][ITEM_TITLE] = put_text(&it->bytes, tmp, title);
	it->row[i][ITEM_RELEASED] = year;
	if (genres.len && memcmp(genres.p, "(no genres listed)", genres.len < 18 ? genres.len : 18)) {
		struct str t = put_text(&it->bytes, tmp, genres);
		for (size_t k = 0; k < t.len; k++)
			if (t.p[k] == '|')
				((char *)(uintptr_t)t.p)[k] = ';';
		it->row[i][ITEM_TAGS] = t;
	}
}

static int movies(struct items *it, struct source *s, struct err *e)
{
	struct buf tmp = { 0 };
	struct str l;
	int got;

	if (first_line(s, &l, e))
		return e->code;
	bool is_csv = l.len == 20 && !memcmp(l.p, "movieId,title,genres", 20);
	if (is_csv) {
		if ((got = start_csv(s, e)) < 0 || (got = next_row(s, e)) < 0)
			return got;
	} else {
		start_lines(s, ROW_COLONS);
	}
	while ((got = next_row(s, e)) == SOURCE_ROW) {
		if (s->n != 3 || !s->row[0].len) {
			got = err_set(e, ERR_DATA, "%s:%llu: %zu fields: a movie has an id, a title and genres", file_name(s->file),
				      (unsigned long long)source_line(s), s->n);
			break;
		}
		add_movie(it, &tmp, s->row[0], s->row[1], s->row[2]);
	}
	buf_release(&tmp);
	return got == SOURCE_REJECT ? ERR_DATA : got;
}

/* artists - HetRec's artists.dat: id name url pictureURL, with a header. */
static int artists(struct items *it, struct source *s, struct err *e)
{
	struct buf tmp = { 0 };
	bool is_first = true;
	int got;

	start_lines(s, ROW_TSV_RAW);
	for (; (got = next_row(s, e)) == SOURCE_ROW; is_first = false) {
		if (s->n < 2 || !s->row[0].len) {
			got = err_set(e, ERR_DATA, "%s:%llu: %zu fields: an artist has an id and a name", file_name(s->file),
				      (unsigned long long)s->line.no, s->n);
			break;
		}
		if (is_first && s->row[0].len == 2 && !memcmp(s->row[0].p, "id", 2))
			continue;
		size_t before = it->id.n;
		uint32_t i = vocab_add(&it->id, s->row[0].p, s->row[0].len);
		if (i < before)
			continue;
		arr_reserve(it->row, it->id.n, it->cap);
		for (int c = 0; c < ITEM_COLUMNS; c++)
			it->row[i][c] = (struct str){ "", 0 };
		it->row[i][ITEM_KIND] = (struct str){ "artist", 6 };
		it->row[i][ITEM_TITLE] = it->row[i][ITEM_CREATOR] = put_text(&it->bytes, &tmp, s->row[1]);
	}
	buf_release(&tmp);
	return got == SOURCE_REJECT ? ERR_DATA : got;
}

int source_catalogue(struct items *items, const char *name, const char *path, bool has_header, struct err *e)
{
	static const struct source_opts none = { 0 };
	int got;

	if (strcmp(name, "movielens") && strcmp(name, "lastfm"))
		return items_load(items, path, has_header, NULL, NULL, e);
	struct source *s = source_new(name, &none, e);
	if (!s || !(s->file = file_open(path, e)))
		got = e->code;
	else
		got = s->kind == SRC_MOVIELENS ? movies(items, s, e) : artists(items, s, e);
	source_free(s);
	if (got < 0)
		items_release(items);
	return got < 0 ? got : 0;
}
