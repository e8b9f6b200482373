/*
 * corpora - research sets.
 *   recbole   .inter: tab-separated, the header names columns as name:type; user_id and item_id, rating and timestamp perhaps
 *   mpd       slices of the Million Playlist Dataset: a playlist is a user, a track on it a `save`, its name in the context
 *   mssd      sessions of the Sequential Skip Prediction set: a session is a user; skipped (skip_2, as the challenge scores it) is a skip
 */
#include <stdio.h>
#include <string.h>

#include "kind.h"

/* ---- RecBole ---- */

bool recbole_knows(const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);
	size_t first = nl ? (size_t)(nl - p) : n;

	return memmem(p, first, "user_id:token", 13) && memmem(p, first, "item_id:token", 13);
}

int recbole_start(struct source *s, struct err *e)
{
	static const struct { const char *name; enum want want; } known[] = { { "user_id", WANT_USER }, { "session_id", WANT_USER }, { "item_id", WANT_ITEM }, { "timestamp", WANT_TIME },
		{ "rating", WANT_VALUE } };
	bool has_type = true;

	source_lines(s, ROW_TSV_RAW);
	int r = source_next_row(s, e);
	if (r != SOURCE_ROW)
		return r;
	for (size_t c = 0; c < s->n; c++) {
		const char *colon = memchr(s->row[c].p, ':', s->row[c].len);
		has_type &= colon != NULL;
		for (size_t k = 0; colon && k < sizeof known / sizeof *known; k++)
			if (s->at[known[k].want] == NOWHERE && str_is((struct str){ s->row[c].p, (size_t)(colon - s->row[c].p) }, known[k].name))
				s->at[known[k].want] = c;
	}
	if (!has_type)
		return source_bad(s, e, "the header of a RecBole file names its columns as name:type");
	s->n_expected = s->n;
	s->event = s->o->event ? s->o->event : s->at[WANT_VALUE] == NOWHERE ? NULL : "rate";
	r = source_must_have(s, e);
	return r ? r : SOURCE_ROW;
}

/* ---- Million Playlist Dataset ---- */

enum { P_TRACKS, P_PID, P_NAME, P_MODIFIED, P_OUTER };
static const char *const playlist[P_OUTER] = { "tracks", "pid", "name", "modified_at" };
enum { T_URI, T_NAME, T_ARTIST, T_ALBUM, T_MS, T_POS, T_OWN };
static const char *const track[T_OWN] = { "track_uri", "track_name", "artist_name", "album_name", "duration_ms", "pos" };

bool mpd_knows(const char *p, size_t n)
{
	return source_has_member(p, n, "playlists") && source_has_member(p, n, "pid");
}

int mpd_start(struct source *s, struct err *e)
{
	for (size_t i = 0; i < P_OUTER; i++)
		s->path[i] = playlist[i];
	int r = source_json(s, "playlists", P_OUTER, e);
	if (r != SOURCE_ROW)
		return r;
	s->inner = json_open_text(file_name(s->file), track, T_OWN);
	s->own_name = track;
	s->n_own = T_OWN;
	for (size_t i = 0; i < T_OWN; i++)
		s->own[i] = i;
	return SOURCE_ROW;
}

int mpd_fill(struct source *s, struct listen *l, struct err *e)
{
	const struct json_value *o = s->outer;
	double ms;
	int r = source_get_number(s, T_MS, &ms, e);

	if (r != SOURCE_ROW)
		return r;
	if (o[P_PID].type != JSON_NUMBER && o[P_PID].type != JSON_STRING)
		return REJECT(s, e, "user", "the playlist has no pid");
	if (o[P_MODIFIED].text.len && o[P_MODIFIED].type != JSON_NULL && !source_is_time(o[P_MODIFIED].text, TIME_S, &l->ev.time))
		return REJECT(s, e, "time", "the playlist's modified_at is not a time");
	l->ev.user = o[P_PID].text;
	l->ev.item = source_get(s, T_URI);
	l->ev.kind = STR("save");
	l->length = ms / 1000;
	l->col[ITEM_KIND] = STR("music");
	l->col[ITEM_TITLE] = source_get(s, T_NAME);
	l->col[ITEM_CREATOR] = source_get(s, T_ARTIST);
	l->col[ITEM_GROUP] = source_get(s, T_ALBUM);
	if (o[P_NAME].type == JSON_STRING)
		source_context(s, "playlist", o[P_NAME].text);
	source_context(s, "position", source_get(s, T_POS));
	return SOURCE_ROW;
}

/* ---- Sequential Skip Prediction ---- */

enum { M_SESSION, M_TRACK, M_SKIP, M_DATE, M_HOUR, M_SHUFFLE, M_CONTEXT, M_PREMIUM, M_START, M_END, M_OWN };
static const char *const m_name[M_OWN] = { "session_id", "track_id_clean", "skip_2", "date", "hour_of_day", "hist_user_behavior_is_shuffle", "context_type", "premium",
	"hist_user_behavior_reason_start", "hist_user_behavior_reason_end" };

bool mssd_knows(const char *p, size_t n)
{
	return n >= 11 && !memcmp(p, "session_id,", 11) && memmem(p, n, "track_id_clean", 14);
}

int mssd_start(struct source *s, struct err *e)
{
	int r = source_csv(s, e);

	return r != SOURCE_ROW || (r = source_next_row(s, e)) != SOURCE_ROW ? r : source_header(s, m_name, M_OWN, 2, e);
}

int mssd_fill(struct source *s, struct listen *l, struct err *e)
{
	double hour;
	int r = source_get_time(s, M_DATE, TIME_S, &l->ev.time, e);

	if (r != SOURCE_ROW || (r = source_get_number(s, M_HOUR, &hour, e)) != SOURCE_ROW)
		return r;
	if (l->ev.time != TIME_NONE && hour >= 0 && hour < 24)
		l->ev.time += (int64_t)hour * 3600;
	l->ev.user = source_get(s, M_SESSION);
	l->ev.item = source_get(s, M_TRACK);
	l->ev.kind = source_is(s, M_SKIP, "true") || source_is(s, M_SKIP, "True") ? STR("skip") : STR("play");
	l->col[ITEM_KIND] = STR("music");
	if (source_is(s, M_SHUFFLE, "true") || source_is(s, M_SHUFFLE, "True"))
		source_context(s, "shuffle", STR("1"));
	source_context(s, "from", source_get(s, M_CONTEXT));
	source_context(s, "premium", source_get(s, M_PREMIUM));
	source_context(s, "start", source_get(s, M_START));
	source_context(s, "end", source_get(s, M_END));
	return SOURCE_ROW;
}
