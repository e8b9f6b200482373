#include <assert.h>
#include <stdio.h>
#include <string.h>

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
	memcpy(out, "xxh3:", sizeof "xxh3:");
	file_digest(s->file, out + 5);
}

uint64_t source_line(const struct source *s)
{
	return s->sql ? sql_row(s->sql) : s->csv ? csv_line(s->csv) : s->inner ? json_line(s->inner) : s->json ? json_line(s->json) : s->line.no;
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
		return json_text(s->inner && s->object ? s->inner : s->json);
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
static int refuse(struct source *s, bool is_stdin, struct err *e)
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
	if (s->kind->flags & SOURCE_IS_SQL && (is_stdin || file_is_packed(s->file)))
		return err_set(e, ERR_DATA, "%s: a database is read where it lies: %s needs a file that is not compressed, not standard input", file_name(s->file), s->kind->name);
	if (s->is_auto && !(s->kind->flags & SOURCE_IS_SQL) && n >= 16 && !memcmp(p, "SQLite format 3", 16) && source_find("navidrome"))
		return err_set(e, ERR_DATA, "%s: an SQLite database that does not say of what: name navidrome or audiobookshelf", file_name(s->file));
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
		int r = refuse(s, false, e);
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
	return refuse(s, !strcmp(path, "-"), e);
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
		if (tsv_column(s->row, s->n, names[i], true, file_name(s->file), source_line(s), &s->own[i], e))
			return e->code;
		if (i < n_must && s->own[i] == NOWHERE)
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
