/*
 * lastfm - what one gets from Last.fm, and the research sets made from it, told apart by how they begin and by their columns.
 *   API pages         {"recenttracks": {"track": [...]}}, lovedtracks likewise; pages saved behind each other or in an array; {"track": [...]} alone
 *   CSV               with the header uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid; or artist,album,track,"DD Mon YYYY HH:MM" without one
 *   1K (Celma 2010)   userid time artid artname traid traname     an event a play; the item is the track
 *   360K (the same)   usersha1 artmbid artname plays              a row a pair; the item is the artist
 *   HetRec 2011       userID artistID weight, with that header    likewise; artists.dat holds the names
 * A count of plays is not a play: its event is `plays`, its value the count.
 */
#include <stdio.h>
#include <string.h>

#include "kind.h"

enum { ARTIST, TRACK, ALBUM, UTS, DAY, MBID, ARTIST_NAME, NOW, OWN };
static const char *const member[OWN] = { "artist.#text", "name", "album.#text", "date.uts", "date.#text", "mbid", "artist.name", "@attr.nowplaying" };
static const char *const column[] = { "artist", "track", "album", "uts", "utc_time", "track_mbid" };

enum variant { RESEARCH, RECENT, LOVED };

bool lastfm_knows(const char *p, size_t n)
{
	static const char hetrec[] = "userID\tartistID\tweight", csv[] = "uts,utc_time,artist,";

	return source_has_member(p, n, "recenttracks") || source_has_member(p, n, "lovedtracks") || (source_has_member(p, n, "track") && memmem(p, n, "\"#text\"", 7)) ||
	       (n >= sizeof hetrec - 1 && !memcmp(p, hetrec, sizeof hetrec - 1)) || (n >= sizeof csv + 1 && (!memcmp(p, csv, sizeof csv - 1) || !memcmp(p, "\"uts\",\"utc_time\"", 16)));
}

static bool starts_with(struct str l, const char *s)
{
	return l.len >= strlen(s) && !memcmp(l.p, s, strlen(s));
}

/* is_json - an object, or an array of them: an artist may be called [unknown]. */
static bool is_json(struct str l)
{
	size_t i = 1;

	if (!l.len || *l.p != '[')
		return l.len && *l.p == '{';
	while (i < l.len && (l.p[i] == ' ' || l.p[i] == '\t'))
		i++;
	return i == l.len || l.p[i] == '{' || l.p[i] == '[' || l.p[i] == ']';
}

static int start_json(struct source *s, struct err *e)
{
	const unsigned char *p;
	int64_t n = file_peek(s->file, 4096, &p, e);

	if (n < 0)
		return (int)n;
	bool is_loved = source_has_member((const char *)p, (size_t)n, "lovedtracks"), is_page = is_loved || source_has_member((const char *)p, (size_t)n, "recenttracks");
	s->variant = is_loved ? LOVED : RECENT;
	return source_members(s, is_loved ? "lovedtracks.track" : is_page ? "recenttracks.track" : "track", member, OWN, e);
}

static int start_csv(struct source *s, bool has_header, struct err *e)
{
	int r = source_csv(s, e);

	s->variant = RECENT;
	if (r != SOURCE_ROW)
		return r;
	if (has_header) {
		r = source_next_row(s, e);
		return r == SOURCE_ROW ? source_header(s, column, sizeof column / sizeof *column, 3, e) : r;
	}
	static const size_t at[] = { 0, 2, 1, NOWHERE, 3, NOWHERE };
	s->own_name = column;
	s->n_own = sizeof at / sizeof *at;
	s->n_expected = 4;
	memcpy(s->own, at, sizeof at);
	return SOURCE_ROW;
}

int lastfm_start(struct source *s, struct err *e)
{
	struct str l;
	int r = source_first_line(s, &l, e);
	size_t tabs = 0, commas = 0;

	if (r != SOURCE_ROW)
		return r;
	for (size_t i = 0; i < l.len; i++) {
		tabs += l.p[i] == '\t';
		commas += l.p[i] == ',';
	}
	if (is_json(l))
		return start_json(s, e);
	if (!tabs && commas >= 3)
		return start_csv(s, starts_with(l, "uts,") || starts_with(l, "\"uts\","), e);
	source_lines(s, ROW_TSV_RAW);
	s->event = s->o->event ? s->o->event : tabs == 5 ? "play" : "plays";
	s->item_kind = tabs == 5 ? "music" : "artist";
	s->user = s->o->user;
	if (tabs == 5) {
		source_columns(s, 6, 0, 4, 1, -1);
		s->at[WANT_ITEMS + ITEM_CREATOR] = 3;
		s->at[WANT_ITEMS + ITEM_TITLE] = 5;
		return SOURCE_ROW;
	}
	if (tabs == 3) {
		source_columns(s, 4, 0, 1, -1, 3);
		s->at[WANT_ITEMS + ITEM_TITLE] = s->at[WANT_ITEMS + ITEM_CREATOR] = 2;
		return SOURCE_ROW;
	}
	if (str_is(l, "userID\tartistID\tweight")) {
		source_columns(s, 3, 0, 1, -1, 2);
		return source_next_row(s, e);
	}
	return err_set(e, ERR_DATA, "%s:1: not of Last.fm: neither JSON, nor CSV with 4 columns or the header uts, nor a set of 6 (1K) or 4 (360K) tab-separated columns or with the "
		       "header userID artistID weight", file_name(s->file));
}

/* day_of - "22 Sep 2017, 12:58", the comma perhaps missing, in UTC. */
static bool day_of(struct str t, int64_t *out)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char iso[32], mon[4];
	int day, year, hour, minute, used = 0;
	char text[32];

	if (t.len >= sizeof text)
		return false;
	memcpy(text, t.p, t.len);
	text[t.len] = '\0';
	if (sscanf(text, "%2d %3[A-Za-z] %4d%*[, ]%2d:%2d%n", &day, mon, &year, &hour, &minute, &used) != 5 || (size_t)used != t.len || strlen(mon) != 3)
		return false;
	const char *m = strstr(months, mon);
	if (!m || (m - months) % 3 || day < 0 || year < 0 || hour < 0 || minute < 0)
		return false;
	int n = snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d", year, (int)(m - months) / 3 + 1, day, hour, minute);
	return scan_time(iso, (size_t)n, TIME_S, out);
}

int lastfm_fill(struct source *s, struct listen *l, struct err *e)
{
	struct str day = source_get(s, DAY);
	bool is_json = s->json;
	int r = source_get_time(s, UTS, TIME_S, &l->ev.time, e);

	if (r != SOURCE_ROW)
		return r;
	if (is_json && source_is(s, NOW, "true"))
		return source_pass(s, "playing now");
	if (l->ev.time == TIME_NONE && day.len && !day_of(day, &l->ev.time))
		return source_reject(s, DAY, "time", "is not a time such as 22 Sep 2017, 12:58", e);
	l->ev.kind = s->variant == LOVED ? STR("like") : STR("play");
	l->mbid = source_get(s, MBID);
	l->col[ITEM_KIND] = STR("music");
	l->col[ITEM_TITLE] = source_get(s, TRACK);
	l->col[ITEM_CREATOR] = source_get(s, ARTIST);
	if (is_json && !l->col[ITEM_CREATOR].len)
		l->col[ITEM_CREATOR] = source_get(s, ARTIST_NAME);
	l->col[ITEM_GROUP] = source_get(s, ALBUM);
	return SOURCE_ROW;
}

/* lastfm_catalogue - HetRec's artists.dat: id name url pictureURL, with a header. */
int lastfm_catalogue(struct source *s, struct items *to, struct err *e)
{
	int r;

	source_lines(s, ROW_TSV_RAW);
	while ((r = source_next_row(s, e)) == SOURCE_ROW) {
		if (s->n < 2 || !s->row[0].len)
			return source_bad(s, e, "%zu field%s: an artist has an id and a name", s->n, s->n == 1 ? "" : "s");
		if (s->line.no == 1 && str_is(s->row[0], "id"))
			continue;
		struct str *row = source_add_item(to, s->row[0]);
		if (!row)
			continue;
		row[ITEM_KIND] = (struct str){ "artist", 6 };
		row[ITEM_TITLE] = row[ITEM_CREATOR] = source_utf8(to, s->row[1]);
	}
	return r;
}
