#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kind.h"
#include "sql.h"
#include "version.h"
#include "../base/mem.h"

#define ONES_JSON (SOURCE_IS_JSON | SOURCE_IS_ONES)

/* In the order in which `auto` asks: the surest first. */
const struct source_kind source_list[] = {
	{ "spotify", "Spotify: extended history, account data (JSON)", ONES_JSON | SOURCE_IS_PRIVATE, spotify_knows, spotify_start, spotify_fill, NULL },
	{ "listenbrainz", "ListenBrainz: user export, dumps, API and import files, feedback (JSON)", ONES_JSON, listenbrainz_knows, listenbrainz_start, listenbrainz_fill, NULL },
	{ "lastfm", "Last.fm: API pages and saved exports (JSON, CSV), research sets 1K, 360K, HetRec 2011", SOURCE_IS_ONES, lastfm_knows, lastfm_start, lastfm_fill,
	  lastfm_catalogue },
	{ "scrobbler", ".scrobbler.log of Rockbox and other players", SOURCE_IS_ONES, scrobbler_knows, scrobbler_start, scrobbler_fill, NULL },
	{ "librefm", "Libre.fm export (CSV)", SOURCE_IS_ONES, librefm_knows, librefm_start, librefm_fill, NULL },
	{ "maloja", "Maloja export (JSON)", ONES_JSON, maloja_knows, maloja_start, maloja_fill, NULL },
	{ "pano", "Pano Scrobbler export (JSON lines)", ONES_JSON, pano_knows, pano_start, pano_fill, NULL },
	{ "youtube", "YouTube takeout: watch-history.json, of which what was heard on YouTube Music", ONES_JSON, youtube_knows, youtube_start, youtube_fill, NULL },
	{ "tidal", "Tidal: streaming history (CSV)", SOURCE_IS_ONES, tidal_knows, tidal_start, tidal_fill, NULL },
	{ "gpodder", "gpodder.net, AntennaPod, Kasts: episode actions (JSON)", ONES_JSON, gpodder_knows, gpodder_start, gpodder_fill, NULL },
#ifdef HAVE_SQLITE3
	{ "navidrome", "Navidrome's database (SQLite)", SOURCE_IS_SQL, navidrome_knows, navidrome_start, servers_fill, NULL },
	{ "audiobookshelf", "Audiobookshelf's database (SQLite)", SOURCE_IS_SQL, audiobookshelf_knows, audiobookshelf_start, servers_fill, NULL },
#endif
	{ "movielens", "MovieLens ratings: ratings.dat, u.data or ratings.csv", 0, movielens_knows, movielens_start, NULL, movielens_catalogue },
	{ "recbole", "RecBole atomic file (.inter)", 0, recbole_knows, recbole_start, NULL, NULL },
	{ "mpd", "Spotify Million Playlist Dataset slices (JSON)", SOURCE_IS_JSON, mpd_knows, mpd_start, mpd_fill, NULL },
	{ "mssd", "Spotify Sequential Skip Prediction sessions (CSV)", 0, mssd_knows, mssd_start, mssd_fill, NULL },
	{ "tsv", "tab-separated rows, columns by --map", SOURCE_TAKES_MAP | SOURCE_TAKES_HEADER | SOURCE_TAKES_ESCAPES, NULL, tabular_start, NULL, NULL },
	{ "csv", "comma-separated rows (RFC 4180), columns by --map", SOURCE_TAKES_MAP | SOURCE_TAKES_HEADER | SOURCE_IS_CSV, NULL, tabular_start, NULL, NULL },
	{ "jsonl", "JSON objects, one a line or in arrays, members by --map", SOURCE_TAKES_MAP | SOURCE_IS_JSON, NULL, jsonl_start, NULL, NULL },
	{ NULL, NULL, 0, NULL, NULL, NULL, NULL },
};

static const struct source_kind auto_kind = { .name = "auto" };

const char *const source_want_name[WANT_CONTEXT_KEYS] = { "user", "item", "time", "event", "value", "context", "kind", "title", "creator", "group", "released",
	"seconds", "tags" };

const struct source_kind *source_find(const char *name)
{
	for (const struct source_kind *k = source_list; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

const struct source_kind *source_guess(const char *p, size_t n)
{
	for (const struct source_kind *k = source_list; k->name; k++)
		if (k->knows && k->knows(p, n))
			return k;
	return NULL;
}

/* ---- the map ---- */

/* want_of - which want a name of --map is, a new one for context.KEY; WANTS when it is none. */
static size_t want_of(struct source *s, const char *name, struct err *e)
{
	for (size_t w = 0; w < WANT_CONTEXT_KEYS; w++)
		if (!strcmp(source_want_name[w], name))
			return w;
	if (strncmp(name, "context.", 8) || !name[8]) {
		err_set(e, ERR_USAGE, "--map: '%.60s' is not one of user, item, time, event, value, context, context.KEY, kind, title, creator, group, released, "
			"seconds, tags", name);
		return WANTS;
	}
	for (size_t k = 0; k < s->n_context_keys; k++)
		if (!strcmp(s->context_key[k], name + 8))
			return WANT_CONTEXT_KEYS + k;
	if (strpbrk(name + 8, ";="))
		err_set(e, ERR_USAGE, "--map: '%.60s': a context key has no ; or = in it", name);
	else if (s->n_context_keys == MAX_CONTEXT_KEYS)
		err_set(e, ERR_USAGE, "--map: more than %d context columns", MAX_CONTEXT_KEYS);
	if (e->code)
		return WANTS;
	s->context_key[s->n_context_keys] = name + 8;
	return WANT_CONTEXT_KEYS + s->n_context_keys++;
}

static int set_map(struct source *s, struct err *e)
{
	char *p = s->map_text = mem_strdup(s->o->map ? s->o->map : "");
	uint64_t column;

	while (*p) {
		char *end = p + strcspn(p, ","), *eq = memchr(p, '=', (size_t)(end - p));
		char *next = *end ? end + 1 : end;
		*end = '\0';
		if (!eq || eq == p || !eq[1])
			return err_set(e, ERR_USAGE, "--map: '%.60s' is not NAME=COLUMN", p);
		*eq = '\0';
		size_t w = want_of(s, p, e);
		if (w == WANTS)
			return e->code;
		if (s->asked[w])
			return err_set(e, ERR_USAGE, "--map: '%.60s' is given twice", p);
		s->asked[w] = eq + 1;
		if (!(s->kind->flags & SOURCE_IS_JSON) && !s->o->has_header && (!scan_u64(eq + 1, strlen(eq + 1), &column) || !column))
			return err_set(e, ERR_USAGE, "--map: '%.60s' is not a column number from 1 (names need -H)", eq + 1);
		p = next;
	}
	return 0;
}

struct source *source_new(const char *name, const struct source_opts *o, struct err *e)
{
	const struct source_kind *k = strcmp(name, auto_kind.name) ? source_find(name) : &auto_kind;

	if (!k)
		err_set(e, ERR_USAGE, "'%.60s' is not a source (--list names them)", name);
	else if (o->map && !(k->flags & SOURCE_TAKES_MAP))
		err_set(e, ERR_USAGE, "--map is for tsv, csv and jsonl: %s knows its own columns", name);
	else if (o->has_header && !(k->flags & SOURCE_TAKES_HEADER))
		err_set(e, ERR_USAGE, "-H is for tsv and csv");
	else if (o->has_escapes && !(k->flags & SOURCE_TAKES_ESCAPES))
		err_set(e, ERR_USAGE, "--escapes is for tsv");
	else if (o->user && !*o->user)
		err_set(e, ERR_USAGE, "--user: an empty name is no user");
	if (e->code)
		return NULL;
	struct source *s = mem_new(1, sizeof *s);
	s->o = o;
	s->kind = k;
	s->is_auto = k == &auto_kind;
	s->field = mem_new(MAX_FIELDS, sizeof *s->field);
	if (set_map(s, e)) {
		source_free(s);
		return NULL;
	}
	return s;
}

/* ---- the file at hand ---- */

static void close_file(struct source *s)
{
	line_release(&s->line);
	csv_close(s->csv);
	json_close(s->json);
	json_close(s->inner);
	json_close(s->helper);
	sql_close(s->sql);
	file_close(s->file);
	s->csv = NULL;
	s->json = s->inner = s->helper = NULL;
	s->sql = NULL;
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
	buf_release(&s->memo);
	arena_release(&s->kept);
	mem_free(s);
}

const char *source_file(const struct source *s) { return file_name(s->file); }
const char *source_name(const struct source *s) { return s->kind->name; }
bool source_zone_unknown(const struct source *s) { return s->is_zone_unknown; }
const char *source_reason(const struct source *s) { return s->reason; }
uint64_t source_offset(const struct source *s) { return file_offset(s->file); }

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
	return s->sql ? sql_row(s->sql) : s->csv ? csv_line(s->csv) + s->n_skipped : s->inner ? json_line(s->inner) : s->json ? json_line(s->json) : s->line.no;
}

/* put_own - the members that were asked for, as an object: nothing else of the row may be kept. */
static void put_own(struct source *s)
{
	buf_putc(&s->text, '{');
	for (size_t i = 0; i < s->n_own && s->object; i++) {
		const struct json_value *v = &s->object[i];
		if (v->type == JSON_MISSING || v->type == JSON_NULL || !strcmp(s->own_name[i], "platform"))	/* free text, that may name a device of its own */
			continue;
		if (s->text.len > 1)
			buf_putc(&s->text, ',');
		json_put(&s->text, s->own_name[i], strlen(s->own_name[i]));
		buf_putc(&s->text, ':');
		if (v->type == JSON_STRING)
			json_put(&s->text, v->text.p, v->text.len);
		else
			buf_put(&s->text, v->text.p, v->text.len);
	}
	buf_putc(&s->text, '}');
}

struct str source_text(struct source *s)
{
	buf_reset(&s->text);
	if (s->kind->flags & SOURCE_IS_PRIVATE) {
		put_own(s);
		return (struct str){ s->text.p, s->text.len };
	}
	if (s->json)
		return json_text(s->inner ? s->inner : s->json);
	if (!s->sql && !s->csv && s->format != ROW_TSV)
		return (struct str){ s->line.p ? s->line.p : "", s->line.len };
	if (!s->sql && !s->csv)
		return (struct str){ s->raw.p ? s->raw.p : "", s->raw.len };
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			buf_putc(&s->text, ',');
		csv_put(&s->text, s->row[i].p, s->row[i].len, ',');
	}
	return (struct str){ s->text.p ? s->text.p : "", s->text.len };
}

/* refuse - data that is no text of ours but of a kind that people have: say what would make it so. */
static int refuse(struct source *s, struct err *e)
{
	static const struct { const char *magic; size_t n; const char *is, *use; } known[] = {
		{ "\xfd" "7zXZ\0", 6, "xz data", "xz -dc" }, { "\x28\xb5\x2f\xfd", 4, "zstd data", "zstd -dc" },	/* built without it */
		{ "PK\3\4", 4, "a zip archive", "unzip -p" }, { "\x89TASTE\r\n", 8, "a taste file already", "taste-view" },
		{ "SQLite format 3\0", 16, "an SQLite database", "sqlite3 -readonly" },
	};
	static const char fmt[] = "%s: this is %s, not text in UTF-8; put it through %s first";
	const unsigned char *p;
	int64_t n = file_peek(s->file, 16, &p, e);

	if (n < 0)
		return (int)n;
	if (s->kind->flags & SOURCE_IS_SQL)
		return n >= 16 && !memcmp(p, "SQLite format 3", 16) ? 0 : err_set(e, ERR_DATA, "%s: not an SQLite database", file_name(s->file));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if ((size_t)n >= known[i].n && !memcmp(p, known[i].magic, known[i].n))
			return err_set(e, ERR_DATA, fmt, file_name(s->file), known[i].is, known[i].use);
	if (n >= 10 && !memcmp(p, "BZh", 3) && !memcmp(p + 4, "1AY&SY", 6))
		return err_set(e, ERR_DATA, fmt, file_name(s->file), "bzip2 data", "bzip2 -dc");
	if (n >= 4 && ((p[0] == 0xff && p[1] == 0xfe && !p[3]) || (p[0] == 0xfe && p[1] == 0xff && !p[2])))
		return err_set(e, ERR_DATA, fmt, file_name(s->file), "UTF-16", "iconv -f UTF-16 -t UTF-8");
	return 0;
}

/* guess - `auto`: the kind that knows how this file begins. An empty file is of any. */
static int guess(struct source *s, struct err *e)
{
	const unsigned char *p;
	int64_t n = file_peek(s->file, 16384, &p, e);

	if (n < 0)
		return (int)n;
	if (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
		p += 3;
		n -= 3;
	}
	const struct source_kind *k = source_guess((const char *)p, (size_t)n);
	s->kind = k ? k : source_find("tsv");
	if (n && !k) {
		int r = refuse(s, e);
		return r ? r : err_set(e, ERR_DATA, "%s: no source begins like this; name one (--list), or tsv, csv or jsonl with --map", file_name(s->file));
	}
	return 0;
}

/* open_file - for reading anew, with nothing known of it. */
static int open_file(struct source *s, const char *path, struct err *e)
{
	close_file(s);
	s->n = s->n_expected = s->n_own = 0;
	s->variant = 0;
	s->n_skipped = 0;
	s->is_zone_unknown = s->is_mapped = false;
	s->may_have_nul = true;
	s->object = NULL;
	s->is_first = s->is_ended = false;
	s->row = s->field;
	s->item_kind = NULL;
	for (size_t w = 0; w < WANTS; w++)
		s->at[w] = NOWHERE;
	if (!(s->file = file_open(path, e)))
		return e->code;
	file_digest_on(s->file);
	file_on_wait(s->file, s->o->on_wait, s->o->on_wait_ctx);
	if (s->is_auto && guess(s, e))
		return e->code;
	s->event = s->o->event;
	s->user = s->o->user ? s->o->user : s->kind->flags & SOURCE_IS_ONES ? SOURCE_ME : NULL;
	return refuse(s, e);
}

/* drain - read a file that somebody else makes sense of, for its digest. */
static int drain(struct file *f, struct err *e)
{
	char b[65536];
	int64_t n;

	while ((n = file_read(f, b, sizeof b, e)) > 0)
		;
	return (int)n;
}

int source_open(struct source *s, const char *path, struct err *e)
{
	int r = open_file(s, path, e);

	if (!r)
		r = s->kind->start(s, e);
	if (s->sql && r == SOURCE_ROW && drain(s->file, e))
		r = e->code;
	s->is_ended = r != SOURCE_ROW;
	return r == SOURCE_REJECT ? (int)e->code : r < 0 ? r : 0;
}

int source_first_line(struct source *s, struct str *l, struct err *e)
{
	const unsigned char *p;
	int64_t n = file_peek(s->file, 16384, &p, e);

	if (n <= 0)
		return (int)n;
	l->p = (const char *)p;
	if (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
		l->p += 3;
		n -= 3;
	}
	if (!n)
		return SOURCE_END;
	const char *nl = memchr(l->p, '\n', (size_t)n);
	l->len = nl ? (size_t)(nl - l->p) : (size_t)n;
	if (l->len && l->p[l->len - 1] == '\r')
		l->len--;
	return SOURCE_ROW;
}

int source_lines(struct source *s, enum row_format f)
{
	s->format = f;
	line_init(&s->line, s->file);
	return SOURCE_ROW;
}

int source_csv(struct source *s, struct err *e)
{
	s->csv = csv_open(s->file, ',', e);
	return s->csv ? SOURCE_ROW : (int)e->code;
}

int source_json(struct source *s, const char *at, size_t n_paths, struct err *e)
{
	s->json = json_open(s->file, at, s->path, n_paths, e);
	return s->json ? SOURCE_ROW : (int)e->code;
}

int source_members(struct source *s, const char *at, const char *const *names, size_t n, struct err *e)
{
	assert(n <= OWN_MAX);
	s->own_name = names;
	s->n_own = n;
	for (size_t i = 0; i < n; i++) {
		s->own[i] = i;
		s->path[i] = names[i];
	}
	return source_json(s, at, n, e);
}

int source_header(struct source *s, const char *const *names, size_t n, size_t n_must, struct err *e)
{
	assert(n <= OWN_MAX);
	s->own_name = names;
	s->n_own = n;
	s->n_expected = s->n;
	for (size_t i = 0; i < n; i++) {
		s->own[i] = NOWHERE;
		for (size_t c = s->n; c--;)
			if (s->row[c].len == strlen(names[i]) && !strncasecmp(s->row[c].p, names[i], s->row[c].len))
				s->own[i] = c;
		if (s->own[i] == NOWHERE && i < n_must)
			return source_bad(s, e, "no column is named '%.60s'", names[i]);
	}
	return SOURCE_ROW;
}

void source_columns(struct source *s, size_t n, int user, int item, int time, int value)
{
	s->at[WANT_USER] = user < 0 ? NOWHERE : (size_t)user;
	s->at[WANT_ITEM] = item < 0 ? NOWHERE : (size_t)item;
	s->at[WANT_TIME] = time < 0 ? NOWHERE : (size_t)time;
	s->at[WANT_VALUE] = value < 0 ? NOWHERE : (size_t)value;
	s->n_expected = n;
}

int source_must_have(const struct source *s, struct err *e)
{
	if (s->at[WANT_USER] == NOWHERE && !s->user)
		return err_set(e, ERR_DATA, "%s: no column holds the user (--map user=COLUMN, or --user NAME)", file_name(s->file));
	if (s->at[WANT_ITEM] == NOWHERE)
		return err_set(e, ERR_DATA, "%s: no column holds the item (--map item=COLUMN)", file_name(s->file));
	return 0;
}

/* ---- rows ---- */

int source_bad(const struct source *s, struct err *e, const char *fmt, ...)
{
	char t[ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t, sizeof t, fmt, ap);
	va_end(ap);
	return err_set(e, ERR_DATA, "%s:%llu: %s", file_name(s->file), (unsigned long long)source_line(s), t);
}

/* split_at_colons - cut the line at every ::; the line stays as it is. */
static size_t split_at_colons(struct source *s)
{
	const char *p = s->line.p, *end = p + s->line.len;
	size_t n = 0;

	for (;;) {
		const char *q = p == end ? NULL : memmem(p, (size_t)(end - p), "::", 2);
		if (n < MAX_FIELDS)
			s->field[n] = (struct str){ p, (size_t)((q ? q : end) - p) };
		n++;
		if (!q)
			return n;
		p = q + 2;
	}
}

/* split_tsv - undoing escapes, of which a copy keeps the row as it was. */
static int split_tsv(struct source *s, struct err *e)
{
	struct err why = { 0 };		/* 800 bytes: not for every row of every format */

	buf_reset(&s->raw);
	buf_put(&s->raw, s->line.p, s->line.len);
	int64_t n = tsv_split(&s->line, s->field, MAX_FIELDS, &why);
	if (n < 0) {
		s->reason = memchr(s->raw.p, '\0', s->raw.len) ? "nul" : "escape";
		err_set(e, ERR_DATA, "%s", why.msg);
		return SOURCE_REJECT;
	}
	s->n = (size_t)n;
	return SOURCE_ROW;
}

static int next_line(struct source *s, struct err *e)
{
	s->row = s->field;
	s->may_have_nul = true;
	int got = s->format == ROW_TSV_RAW ? line_next_split(&s->line, '\t', s->field, MAX_FIELDS, &s->n, &s->may_have_nul, e) : line_next(&s->line, e);
	if (got <= 0)
		return got;
	if (s->format == ROW_TSV && (got = split_tsv(s, e)) != SOURCE_ROW)
		return got;
	if (s->format == ROW_COLONS)
		s->n = split_at_colons(s);
	if (s->n > MAX_FIELDS)
		return REJECT(s, e, "columns", "%zu fields, more than %d", s->n, MAX_FIELDS);
	return SOURCE_ROW;
}

/* next_inner - of the arrays in member 0 of the objects. */
static int next_inner(struct source *s, struct err *e)
{
	for (;;) {
		int got = json_next(s->inner, &s->object, e);
		if (got || (got = json_next(s->json, &s->outer, e)) != 1)
			return got;
		if (s->outer->type == JSON_ARRAY) {
			json_feed(s->inner, s->outer->text, json_line(s->json));
		} else if (s->outer->type != JSON_MISSING && s->outer->type != JSON_NULL) {
			json_feed(s->inner, STR(""), json_line(s->json));
			return REJECT(s, e, "type", "member '%.60s' is no array", s->path[0]);
		}
	}
}

/* next_object - a broken object in JSON lines costs its line; in an array nothing says where the next one begins. */
static int next_object(struct source *s, struct err *e)
{
	int got = json_next(s->json, &s->object, e), skipped;

	if (got >= 0)
		return got;
	struct err why = *e, none = { 0 };
	*e = none;
	if ((skipped = json_skip_line(s->json, e)) < 0)
		return skipped;
	*e = why;
	s->object = NULL;
	s->reason = "json";
	return skipped ? SOURCE_REJECT : got;
}

int source_next_row(struct source *s, struct err *e)
{
	if (s->sql)
		return sql_next(s->sql, &s->row, &s->n, e);
	if (s->inner)
		return next_inner(s, e);
	if (s->json)
		return next_object(s, e);
	if (!s->csv)
		return next_line(s, e);
	int got = csv_next(s->csv, &s->row, &s->n, e);
	if (got == 1 && s->n > MAX_FIELDS)
		return REJECT(s, e, "columns", "%zu fields, more than %d", s->n, MAX_FIELDS);
	return got;
}

/* ---- from fields to an event ---- */

/* take - what stands at a place, as text; empty when it is not there. False when it is of a type that is no text. */
static bool take(const struct source *s, size_t at, struct str *out)
{
	*out = (struct str){ "", 0 };
	if (at == NOWHERE)
		return true;
	if (!s->json) {
		if (at < s->n)
			*out = s->row[at];
		return true;
	}
	const struct json_value *v = &s->object[at];
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
		*out = v->text;
		return false;
	}
}

static const char *name_of(size_t w)
{
	return w < WANT_CONTEXT_KEYS ? source_want_name[w] : "context";
}

static int reject_field(struct source *s, size_t w, struct str f, const char *reason, const char *what, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	err_clip(clip, f.p, f.len);
	if (s->json)
		return REJECT(s, e, reason, "member '%.60s': '%s' %s", s->path[s->at[w]], clip, what);
	return REJECT(s, e, reason, "field %zu: '%s' %s", s->at[w] + 1, clip, what);
}

/* map_wants - what of WANTS stands anywhere: the rest stays empty from row to row. */
static void map_wants(struct source *s)
{
	s->n_mapped = 0;
	for (size_t w = 0; w < WANTS; w++) {
		s->f[w] = (struct str){ "", 0 };
		if (s->at[w] != NOWHERE)
			s->mapped[s->n_mapped++] = w;
	}
	s->is_mapped = true;
}

/* take_all - everything wanted, into s->f; no ids or words with a NUL byte, which a line of text cannot carry. */
static int take_all(struct source *s, struct err *e)
{
	if (!s->is_mapped)
		map_wants(s);
	for (size_t i = 0; i < s->n_mapped; i++) {
		size_t w = s->mapped[i];
		struct str *f = &s->f[w];
		if (!take(s, s->at[w], f))
			return REJECT(s, e, name_of(w), "member '%.60s' is an object or an array", s->path[s->at[w]]);
		if (s->may_have_nul && f->len && memchr(f->p, '\0', f->len))
			return reject_field(s, w, *f, "nul", "has a NUL byte in it", e);
	}
	return SOURCE_ROW;
}

/* put_value - the two marks of a context cannot stand within a value. */
static void put_value(struct buf *b, struct str v)
{
	for (size_t i = 0; i < v.len; i++)
		buf_putc(b, v.p[i] == ';' || v.p[i] == '=' ? '_' : v.p[i]);
}

/* join_context - the context column and the context.KEY columns. */
static struct str join_context(struct source *s, const struct str *f)
{
	struct buf *b = &s->context;

	buf_reset(b);
	buf_put(b, f[WANT_CONTEXT].p, f[WANT_CONTEXT].len);
	for (size_t k = 0; k < s->n_context_keys; k++) {
		struct str v = f[WANT_CONTEXT_KEYS + k];
		if (!v.len)
			continue;
		if (b->len)
			buf_putc(b, ';');
		buf_puts(b, s->context_key[k]);
		buf_putc(b, '=');
		put_value(b, v);
	}
	return (struct str){ b->p, b->len };
}

static struct str text_or(struct str f, const char *constant)
{
	return f.len || !constant ? f : (struct str){ constant, strlen(constant) };
}

/* is_sane - within 30 million years: sums of times and lengths stay whole numbers. */
static bool is_sane(int64_t t) { return t > -1000000000000000 && t < 1000000000000000; }

/* ---- a format's own ---- */

struct str source_get(struct source *s, size_t i)
{
	struct str v;

	if (!take(s, s->own[i], &v))
		s->odd = i;
	return v;
}

bool source_is(struct source *s, size_t i, const char *text) { return str_is(source_get(s, i), text); }

int source_get_number(struct source *s, size_t i, double *v, struct err *e)
{
	struct str t = source_get(s, i);

	*v = NAN;
	return !t.len || (scan_f64(t.p, t.len, v) && fabs(*v) < 1e15) ? SOURCE_ROW : source_reject(s, i, "value", "is not a finite number", e);
}

int source_get_time(struct source *s, size_t i, enum scan_time_unit unit, int64_t *t, struct err *e)
{
	struct str v = source_get(s, i);

	*t = TIME_NONE;
	return !v.len || (scan_time(v.p, v.len, unit, t) && is_sane(*t)) ? SOURCE_ROW : source_reject(s, i, "time", "is not a time", e);
}

int source_reject(struct source *s, size_t i, const char *reason, const char *what, struct err *e)
{
	char clip[ERR_CLIP_MAX];
	struct str v;

	take(s, s->own[i], &v);
	err_clip(clip, v.p, v.len);
	if (s->json)
		return REJECT(s, e, reason, "member '%.60s': '%s' %s", s->own_name[i], clip, what);
	return REJECT(s, e, reason, "column '%.60s': '%s' %s", s->own_name[i], clip, what);
}

int source_pass(struct source *s, const char *why)
{
	s->reason = why;
	return SOURCE_PASS;
}

void source_context(struct source *s, const char *key, struct str value)
{
	if (!value.len)
		return;
	if (s->context.len)
		buf_putc(&s->context, ';');
	buf_puts(&s->context, key);
	buf_putc(&s->context, '=');
	put_value(&s->context, value);
}

struct str source_keep(struct source *s, const char *p, size_t len)
{
	return (struct str){ arena_bytes(&s->kept, p, len), len };
}

/* has_nul - in what a row says: JSON can say it, a line of text cannot carry it. */
static bool has_nul(const struct listen *l)
{
	const struct str *one[] = { &l->ev.user, &l->ev.item, &l->ev.kind, &l->ev.context, &l->mbid };

	for (size_t i = 0; i < sizeof one / sizeof *one; i++)
		if (one[i]->len && memchr(one[i]->p, '\0', one[i]->len))
			return true;
	for (int c = 0; c < ITEM_COLUMNS; c++)
		if (l->col[c].len && memchr(l->col[c].p, '\0', l->col[c].len))
			return true;
	return false;
}

/* make_own - a listen out of what a format calls its own. */
static int make_own(struct source *s, struct listen *l, struct err *e)
{
	*l = (struct listen){ .ev = { .time = TIME_NONE, .value = VALUE_NONE, .kind = text_or((struct str){ "", 0 }, s->event) }, .length = NAN };
	l->col[ITEM_KIND] = text_or((struct str){ "", 0 }, s->item_kind);
	arena_reset(&s->kept);
	buf_reset(&s->context);
	s->odd = NOWHERE;
	int r = s->kind->fill(s, l, e);
	if (s->odd != NOWHERE) {	/* whatever else it led to */
		*e = (struct err){ 0 };
		return source_reject(s, s->odd, "type", "is an object or an array", e);
	}
	if (r != SOURCE_ROW)
		return r;
	l->ev.context = (struct str){ s->context.p ? s->context.p : "", s->context.len };
	l->ev.user = l->ev.user.len ? l->ev.user : text_or(l->ev.user, s->user);
	if (has_nul(l))
		return REJECT(s, e, "nul", "a NUL byte in a name");
	if (!l->ev.user.len)
		return REJECT(s, e, "user", "names no user (--user NAME)");
	if (!listen_key(l, s->o->key, &s->name))
		return REJECT(s, e, "item", "names no item");
	if (!(l->length > 0))
		l->length = NAN;
	if (!isnan(l->length) && !l->col[ITEM_SECONDS].len) {
		buf_reset(&s->text);
		buf_put_f64(&s->text, l->length);
		l->col[ITEM_SECONDS] = source_keep(s, s->text.p, s->text.len);
	}
	return SOURCE_ROW;
}

static int make_event(struct source *s, struct listen *l, struct err *e)
{
	const struct str *f = s->f;
	struct event *ev = &l->ev;
	int r = take_all(s, e);

	if (r != SOURCE_ROW)
		return r;
	memcpy(l->col, f + WANT_ITEMS, sizeof l->col);
	l->mbid = (struct str){ "", 0 };
	l->length = NAN;
	l->is_incognito = l->is_finished = false;
	l->col[ITEM_KIND] = text_or(l->col[ITEM_KIND], s->item_kind);
	*ev = (struct event){ .user = text_or(f[WANT_USER], s->user), .item = f[WANT_ITEM], .time = TIME_NONE, .kind = text_or(f[WANT_EVENT], s->event),
			      .value = VALUE_NONE, .context = s->n_context_keys ? join_context(s, f) : f[WANT_CONTEXT] };
	if (!ev->item.len || s->o->key != KEY_URI)
		listen_key(l, s->o->key, &s->name);
	if (l->col[ITEM_SECONDS].len)
		scan_f64(l->col[ITEM_SECONDS].p, l->col[ITEM_SECONDS].len, &l->length);
	if (!(l->length > 0))
		l->length = NAN;
	if (!ev->user.len)
		return reject_field(s, WANT_USER, f[WANT_USER], "user", "is no user: an id is wanted", e);
	if (!ev->item.len)
		return reject_field(s, WANT_ITEM, f[WANT_ITEM], "item", "is no item: an id is wanted", e);
	if (f[WANT_TIME].len && (!scan_time(f[WANT_TIME].p, f[WANT_TIME].len, s->o->time_unit, &ev->time) || !is_sane(ev->time)))
		return reject_field(s, WANT_TIME, f[WANT_TIME], "time", "is not a time (seconds or milliseconds since 1970, or ISO 8601)", e);
	if (f[WANT_VALUE].len && !scan_f64(f[WANT_VALUE].p, f[WANT_VALUE].len, &ev->value))
		return reject_field(s, WANT_VALUE, f[WANT_VALUE], "value", "is not a finite number", e);
	return SOURCE_ROW;
}

/* first_row - of a file without names: it says how many columns there are; without a map they stand in the order of an events stream. */
static int first_row(struct source *s, struct err *e)
{
	s->is_first = s->is_mapped = false;
	s->n_expected = s->n;
	for (size_t w = 0; !(s->o->map && *s->o->map) && w < WANT_ITEMS && w < s->n; w++)
		s->at[w] = w;
	for (size_t w = 0; w < WANTS; w++)
		if (s->at[w] != NOWHERE && s->at[w] >= s->n)
			return source_bad(s, e, "%zu field%s, but --map says %s=%.24s", s->n, s->n == 1 ? "" : "s", name_of(w), s->asked[w]);
	return source_must_have(s, e);
}

int source_next(struct source *s, struct listen *l, struct err *e)
{
	if (s->is_ended)
		return SOURCE_END;
	int r = source_next_row(s, e);
	if (r != SOURCE_ROW)
		return r;
	if (s->is_first && (r = first_row(s, e)))
		return r;
	if (!s->json && s->n_expected && s->n != s->n_expected)
		return REJECT(s, e, "columns", "%zu field%s where %zu are expected", s->n, s->n == 1 ? "" : "s", s->n_expected);
	return s->n_own ? make_own(s, l, e) : make_event(s, l, e);
}

/* ---- catalogues ---- */

bool str_is(struct str a, const char *b)
{
	return a.len == strlen(b) && !memcmp(a.p, b, a.len);
}

bool source_has_member(const char *p, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (const char *end = p + n, *q = p; (q = memmem(q, (size_t)(end - q), name, len)); q++) {
		const char *colon = q + len + 1;
		if (q == p || q[-1] != '"' || colon >= end || colon[-1] != '"' || (q >= p + 2 && q[-2] == '\\'))
			continue;
		while (colon < end && (*colon == ' ' || *colon == '\t' || *colon == '\n' || *colon == '\r'))
			colon++;
		if (colon < end && *colon == ':')
			return true;
	}
	return false;
}

bool str_has(struct str a, const char *b)
{
	return memmem(a.p, a.len, b, strlen(b));
}

struct str *source_add_item(struct items *to, struct str id)
{
	size_t before = to->id.n;
	uint32_t i = vocab_add(&to->id, id.p, id.len);

	if (i < before)
		return NULL;
	arr_reserve(to->row, to->id.n, to->cap);
	for (int c = 0; c < ITEM_COLUMNS; c++)
		to->row[i][c] = (struct str){ "", 0 };
	return to->row[i];
}

void source_note_item(struct items *to, const struct listen *l)
{
	source_add_item(to, l->ev.item);
	struct str *row = to->row[vocab_find(&to->id, l->ev.item.p, l->ev.item.len)];

	for (int c = 0; c < ITEM_COLUMNS; c++)
		if (!row[c].len && l->col[c].len)
			row[c] = (struct str){ arena_bytes(&to->bytes, l->col[c].p, l->col[c].len), l->col[c].len };
}

static bool is_utf8(struct str s)
{
	for (size_t i = 0; i < s.len;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
		if (!n || n > s.len - i)
			return false;
		for (size_t k = 1; k < n; k++)
			if (((unsigned char)s.p[i + k] & 0xc0) != 0x80)
				return false;
		i += n;
	}
	return true;
}

struct str source_utf8(struct items *to, struct str text)
{
	if (is_utf8(text))
		return (struct str){ arena_bytes(&to->bytes, text.p, text.len), text.len };
	char *p = arena_alloc(&to->bytes, 2 * text.len);
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c >= 0x80)
			p[n++] = (char)(0xc0 | c >> 6);
		p[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 63));
	}
	return (struct str){ p, n };
}

int source_catalogue(struct items *items, const char *name, const char *path, bool has_header, struct err *e)
{
	static const struct source_opts none = { 0 };
	const struct source_kind *k = source_find(name);
	int r;

	if (!k || !k->catalogue)
		return items_load(items, path, has_header, NULL, NULL, e);
	struct source *s = source_new(name, &none, e);
	r = s ? open_file(s, path, e) : (int)e->code;
	if (!r)
		r = k->catalogue(s, items, e);
	source_free(s);
	if (r == SOURCE_REJECT)		/* no row of a catalogue may be missing */
		r = e->code;
	if (r < 0)
		items_release(items);
	return r < 0 ? r : 0;
}
