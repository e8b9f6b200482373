/*
 * listenbrainz - listens as JSON: of a user's export and the public dumps (one a line), of the API's answers (below payload.listens) and of import files (below payload);
 * feedback.jsonl. An item is the MusicBrainz recording: the one submitted, else the one ListenBrainz found; else MessyBrainz' id of just these words.
 */
#include <string.h>

#include "kind.h"

enum { LISTENED_AT, USER_NAME, USER_ID, MSID, MD_MSID, TRACK, ARTIST, RELEASE, MBID, MAPPED, DURATION_MS, DURATION, PLAYER, SERVICE, TAGS, SCORE, CREATED, FEEDBACK_MBID, INFO_MSID,
       PLAYING, OWN };
static const char *const name[OWN] = { "listened_at", "user_name", "user_id", "recording_msid", "track_metadata.recording_msid", "track_metadata.track_name", "track_metadata.artist_name",
	"track_metadata.release_name", "track_metadata.additional_info.recording_mbid", "track_metadata.mbid_mapping.recording_mbid",
	"track_metadata.additional_info.duration_ms", "track_metadata.additional_info.duration", "track_metadata.additional_info.media_player",
	"track_metadata.additional_info.music_service", "track_metadata.additional_info.tags", "score", "created", "recording_mbid", "track_metadata.additional_info.recording_msid", "playing_now" };

static const int64_t earliest = 1033430400;	/* 2002-10-01: when the first such service began; ListenBrainz takes nothing older */
static const int64_t latest = 4102444800;	/* 2100: seconds written as milli- or nanoseconds are found out */

bool listenbrainz_knows(const char *p, size_t n)
{
	return source_has_member(p, n, "track_metadata") || (source_has_member(p, n, "score") && memmem(p, n, "\"recording_m", 12));
}

int listenbrainz_start(struct source *s, struct err *e)
{
	const unsigned char *p;
	int64_t n = file_peek(s->file, 4096, &p, e);

	if (n < 0)
		return (int)n;
	bool has_payload = source_has_member((const char *)p, (size_t)n, "payload"), has_listens = source_has_member((const char *)p, (size_t)n, "listens");
	return source_members(s, has_payload ? has_listens ? "payload.listens" : "payload" : NULL, name, OWN, e);
}

static int fill_feedback(struct source *s, struct listen *l, struct err *e)
{
	struct str score = source_get(s, SCORE);
	int r = source_get_time(s, CREATED, TIME_AUTO, &l->ev.time, e);

	if (r != SOURCE_ROW)
		return r;
	l->mbid = source_get(s, FEEDBACK_MBID);
	l->ev.item = l->mbid.len ? l->mbid : source_get(s, MSID);
	if (str_is(score, "0"))
		return source_pass(s, "no opinion");
	if (!str_is(score, "1") && !str_is(score, "-1"))
		return source_reject(s, SCORE, "value", "is not 1, 0 or -1", e);
	l->ev.kind = str_is(score, "1") ? STR("like") : STR("dislike");
	return SOURCE_ROW;
}

int listenbrainz_fill(struct source *s, struct listen *l, struct err *e)
{
	double ms, seconds;
	int r;

	l->ev.user = source_get(s, USER_NAME);
	if (!l->ev.user.len)
		l->ev.user = source_get(s, USER_ID);
	l->col[ITEM_KIND] = STR("music");
	if (source_get(s, SCORE).len)
		return fill_feedback(s, l, e);
	if (source_is(s, PLAYING, "true"))
		return source_pass(s, "playing now");
	if ((r = source_get_time(s, LISTENED_AT, TIME_S, &l->ev.time, e)) != SOURCE_ROW)
		return r;
	if (l->ev.time == TIME_NONE)
		return source_reject(s, LISTENED_AT, "time", "is no time", e);
	if (l->ev.time < earliest || l->ev.time >= latest)
		return source_reject(s, LISTENED_AT, "time", "is not between 2002-10-01 and 2100, in seconds", e);
	if ((r = source_get_number(s, DURATION_MS, &ms, e)) != SOURCE_ROW || (r = source_get_number(s, DURATION, &seconds, e)) != SOURCE_ROW)
		return r;
	if (!source_get(s, TRACK).len || !source_get(s, ARTIST).len)
		return source_reject(s, source_get(s, TRACK).len ? ARTIST : TRACK, "item", "is no name", e);
	l->ev.kind = STR("play");
	l->length = ms > 0 ? ms / 1000 : seconds;
	l->mbid = source_get(s, MBID).len ? source_get(s, MBID) : source_get(s, MAPPED);
	l->ev.item = l->mbid;
	static const int msid[] = { MSID, MD_MSID, INFO_MSID };
	for (int i = 0; i < 3 && !l->ev.item.len; i++)
		l->ev.item = source_get(s, msid[i]);
	l->col[ITEM_TITLE] = source_get(s, TRACK);
	l->col[ITEM_CREATOR] = source_get(s, ARTIST);
	l->col[ITEM_GROUP] = source_get(s, RELEASE);
	if (s->object[TAGS].type == JSON_ARRAY) {
		buf_reset(&s->text);
		json_join(&s->text, s->object[TAGS].text, ";");
		l->col[ITEM_TAGS] = source_keep(s, s->text.p ? s->text.p : "", s->text.len);
	}
	source_context(s, "player", source_get(s, PLAYER));
	source_context(s, "service", source_get(s, SERVICE));
	return SOURCE_ROW;
}
