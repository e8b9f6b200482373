/*
 * scrobbles - what scrobblers leave behind. Each row is a listen by the service's own rule; how long it was heard is not told, but by Maloja.
 *   scrobbler   .scrobbler.log, Audioscrobbler portable 1.1: header lines with #, then artist album title number length rating(L listened, S skipped) time mbid
 *   librefm     CSV; comments and titles, then a header with time, artist and track somewhere in it
 *   maloja      {"scrobbles": [{"time", "duration", "track": {"title", "artists": []}}]}
 *   pano        JSON lines: timeMs, artist, track
 */
#include <string.h>
#include <strings.h>

#include "kind.h"

/* ---- .scrobbler.log ---- */

enum { S_ARTIST, S_ALBUM, S_TITLE, S_NUMBER, S_LENGTH, S_RATING, S_TIME, S_MBID, S_OWN };
static const char *const s_name[S_OWN] = { "artist", "album", "title", "number", "length", "rating", "time", "mbid" };

bool scrobbler_knows(const char *p, size_t n)
{
	return n >= 16 && !memcmp(p, "#AUDIOSCROBBLER/", 16);
}

int scrobbler_start(struct source *s, struct err *e)
{
	struct str l;
	int r = source_first_line(s, &l, e);

	if (r != SOURCE_ROW)
		return r;
	s->is_zone_unknown = true;
	s->own_name = s_name;
	s->n_own = S_OWN;
	for (size_t i = 0; i < S_OWN; i++)
		s->own[i] = i;
	return source_lines(s, ROW_TSV_RAW);
}

int scrobbler_fill(struct source *s, struct listen *l, struct err *e)
{
	int r;

	if (!s->variant && s->line.len && *s->line.p == '#' && (s->n < 7 || (s->row[1].len && *s->row[1].p == '#'))) {	/* of the header, not an artist such as #1 Dads */
		if (str_has((struct str){ s->line.p, s->line.len }, "#TZ/UTC"))
			s->is_zone_unknown = false;
		return source_pass(s, NULL);
	}
	s->variant = 1;
	if (s->n != 7 && s->n != 8)
		return REJECT(s, e, "columns", "%zu field%s where 7 or 8 are expected", s->n, s->n == 1 ? "" : "s");
	if ((r = source_get_time(s, S_TIME, TIME_S, &l->ev.time, e)) != SOURCE_ROW || (r = source_get_number(s, S_LENGTH, &l->length, e)) != SOURCE_ROW)
		return r;
	struct str artist = source_get(s, S_ARTIST), title = source_get(s, S_TITLE), rating = source_get(s, S_RATING);
	if (rating.len && !str_is(rating, "L") && !str_is(rating, "S"))
		return source_reject(s, S_RATING, "event", "is not L (listened) or S (skipped)", e);
	if (!title.len || str_is(title, "<Untagged>"))
		return source_pass(s, "untagged");
	if (l->ev.time != TIME_NONE && s->is_zone_unknown)	/* the player's own clock */
		l->ev.time -= s->o->zone;
	l->ev.kind = str_is(rating, "S") ? STR("skip") : STR("play");
	l->mbid = source_get(s, S_MBID);
	l->col[ITEM_KIND] = STR("music");
	l->col[ITEM_TITLE] = title;
	l->col[ITEM_CREATOR] = str_is(artist, "<Untagged>") ? (struct str){ "", 0 } : artist;
	l->col[ITEM_GROUP] = source_get(s, S_ALBUM);
	return SOURCE_ROW;
}

/* ---- Libre.fm ---- */

enum { F_TIME, F_ARTIST, F_TRACK, F_ALBUM, F_OWN };
static const char *const f_name[F_OWN] = { "time", "artist", "track", "album" };

static bool is_librefm_header(const struct str *row, size_t n)
{
	bool has[3] = { false };

	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			has[k] |= row[i].len == strlen(f_name[k]) && !strncasecmp(row[i].p, f_name[k], row[i].len);
	return has[0] && has[1] && has[2];
}

/* find_header - where in the text the line begins that is such a header, behind a BOM, and how many lines are before it; n: none is. */
static size_t find_header(const char *p, size_t n, uint64_t *lines)
{
	*lines = 0;
	for (const char *at = p + (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3) ? 3 : 0), *end = p + n; at < end; ++*lines) {
		const char *nl = memchr(at, '\n', (size_t)(end - at)), *stop = nl ? nl : end, *q = at;
		struct str f[16];
		size_t k = 0;
		while (k < 16 && q <= stop) {
			const char *comma = memchr(q, ',', (size_t)(stop - q)), *to = comma ? comma : stop;
			f[k] = (struct str){ q, (size_t)(to - q) - (to > q && to[-1] == '\r') };
			if (f[k].len >= 2 && *q == '"' && q[f[k].len - 1] == '"')
				f[k] = (struct str){ q + 1, f[k].len - 2 };
			k++;
			q = to + 1;
		}
		if (is_librefm_header(f, k))
			return (size_t)(at - p);
		at = stop + 1;
	}
	return n;
}

bool librefm_knows(const char *p, size_t n)
{
	uint64_t lines;

	return find_header(p, n, &lines) < n;
}

int librefm_start(struct source *s, struct err *e)
{
	const unsigned char *p;
	char drop[16384];
	uint64_t lines;
	int64_t n = file_peek(s->file, sizeof drop, &p, e);

	if (n <= 0)
		return (int)n;
	size_t at = find_header((const char *)p, (size_t)n, &lines);
	if (at == (size_t)n)
		return err_set(e, ERR_DATA, "%s: no line names the columns time, artist and track", file_name(s->file));
	if (file_read(s->file, drop, at, e) < 0)	/* comments and titles are no CSV */
		return e->code;
	int r = source_csv(s, e);
	if (r == SOURCE_ROW)
		csv_lines_before(s->csv, lines);
	return r != SOURCE_ROW || (r = source_next_row(s, e)) != SOURCE_ROW ? r : source_header(s, f_name, F_OWN, 3, e);
}

int librefm_fill(struct source *s, struct listen *l, struct err *e)
{
	int r = source_get_time(s, F_TIME, TIME_AUTO, &l->ev.time, e);

	if (r != SOURCE_ROW)
		return r;
	l->ev.kind = STR("play");
	l->col[ITEM_KIND] = STR("music");
	l->col[ITEM_TITLE] = source_get(s, F_TRACK);
	l->col[ITEM_CREATOR] = source_get(s, F_ARTIST);
	l->col[ITEM_GROUP] = source_get(s, F_ALBUM);
	return SOURCE_ROW;
}

/* ---- Maloja ---- */

enum { M_TIME, M_DURATION, M_TITLE, M_ARTISTS, M_LENGTH, M_ALBUM, M_OLD_TITLE, M_OLD_ARTISTS, M_OWN };
static const char *const m_name[M_OWN] = { "time", "duration", "track.title", "track.artists", "track.length", "track.album.albumtitle", "title", "artists" };

bool maloja_knows(const char *p, size_t n)
{
	return source_has_member(p, n, "scrobbles") && (source_has_member(p, n, "maloja") || source_has_member(p, n, "origin") || source_has_member(p, n, "artists"));
}

int maloja_start(struct source *s, struct err *e)
{
	return source_members(s, "scrobbles", m_name, M_OWN, e);
}

int maloja_fill(struct source *s, struct listen *l, struct err *e)
{
	const struct json_value *artists = s->object[M_ARTISTS].type == JSON_MISSING ? &s->object[M_OLD_ARTISTS] : &s->object[M_ARTISTS];
	int r = source_get_time(s, M_TIME, TIME_S, &l->ev.time, e);

	if (r != SOURCE_ROW || (r = source_get_number(s, M_DURATION, &l->ev.value, e)) != SOURCE_ROW || (r = source_get_number(s, M_LENGTH, &l->length, e)) != SOURCE_ROW)
		return r;
	buf_reset(&s->text);
	if (artists->type == JSON_ARRAY)
		json_join(&s->text, artists->text, ", ");
	l->ev.kind = STR("play");
	l->col[ITEM_KIND] = STR("music");
	l->col[ITEM_TITLE] = source_get(s, source_get(s, M_TITLE).len ? M_TITLE : M_OLD_TITLE);
	l->col[ITEM_CREATOR] = source_keep(s, s->text.p ? s->text.p : "", s->text.len);
	l->col[ITEM_GROUP] = source_get(s, M_ALBUM);
	if (!l->col[ITEM_TITLE].len || !l->col[ITEM_CREATOR].len)
		return source_reject(s, M_TITLE, "item", "lacks a title or an artist", e);
	return SOURCE_ROW;
}

/* ---- Pano Scrobbler ---- */

enum { P_TIME, P_ARTIST, P_TRACK, P_ALBUM, P_LENGTH, P_PLAYER, P_EVENT, P_OWN };
static const char *const p_name[P_OWN] = { "timeMs", "artist", "track", "album", "durationMs", "mediaPlayerName", "event" };

bool pano_knows(const char *p, size_t n)
{
	return source_has_member(p, n, "timeMs") && source_has_member(p, n, "artist");
}

int pano_start(struct source *s, struct err *e)
{
	return source_members(s, NULL, p_name, P_OWN, e);
}

int pano_fill(struct source *s, struct listen *l, struct err *e)
{
	double ms;
	struct str event = source_get(s, P_EVENT);
	int r = source_get_time(s, P_TIME, TIME_MS, &l->ev.time, e);

	if (r != SOURCE_ROW || (r = source_get_number(s, P_LENGTH, &ms, e)) != SOURCE_ROW)
		return r;
	if (str_is(event, "love") || str_is(event, "unlove"))
		l->ev.kind = str_is(event, "love") ? STR("like") : STR("unlike");
	else if (event.len && !str_is(event, "scrobble"))
		return source_pass(s, "no scrobble");
	else
		l->ev.kind = STR("play");
	l->length = ms / 1000;
	l->col[ITEM_KIND] = STR("music");
	l->col[ITEM_TITLE] = source_get(s, P_TRACK);
	l->col[ITEM_CREATOR] = source_get(s, P_ARTIST);
	l->col[ITEM_GROUP] = source_get(s, P_ALBUM);
	source_context(s, "player", source_get(s, P_PLAYER));
	return SOURCE_ROW;
}
