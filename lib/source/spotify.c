/*
 * spotify - what one gets from the privacy page: the extended history (Streaming_History_Audio_*.json, endsong_*.json) and the last year of the account data
 * (StreamingHistory*.json). Arrays of objects, of which `unzip -p` may give several behind each other. Addresses and user agents are not asked for.
 *
 * The time in the extended history is that of the end: a listen began ms_played before. From 2015-04-13 to 2022-10-16 `skipped` is false whatever happened: there, and where it
 * is null, a track was skipped when it ended by a button. Source: FORMATS, after O. Hampton-Sullivan's study of one export of 227,024 plays.
 */
#include <string.h>

#include "kind.h"

enum { TS, USERNAME, PLATFORM, MS_PLAYED, TRACK, ARTIST, ALBUM, TRACK_URI, EPISODE, SHOW, EPISODE_URI, BOOK, BOOK_URI, CHAPTER_URI, CHAPTER, REASON_START, REASON_END, SHUFFLE, SKIPPED,
       OFFLINE, INCOGNITO, END_TIME, ARTIST_NAME, TRACK_NAME, MS, PODCAST, EPISODE_NAME, OWN };
static const char *const name[OWN] = { "ts", "username", "platform", "ms_played", "master_metadata_track_name", "master_metadata_album_artist_name", "master_metadata_album_album_name",
	"spotify_track_uri", "episode_name", "episode_show_name", "spotify_episode_uri", "audiobook_title", "audiobook_uri", "audiobook_chapter_uri", "audiobook_chapter_title",
	"reason_start", "reason_end", "shuffle", "skipped", "offline", "incognito_mode", "endTime", "artistName", "trackName", "msPlayed", "podcastName", "episodeName" };

static const int64_t lies_from = 1428883200, lies_until = 1665964800;	/* 2015-04-13 to the end of 2022-10-16 */

bool spotify_knows(const char *p, size_t n)
{
	return source_has_member(p, n, "ms_played") || (source_has_member(p, n, "endTime") && source_has_member(p, n, "msPlayed"));
}

int spotify_start(struct source *s, struct err *e)
{
	return source_members(s, NULL, name, OWN, e);
}

/* device_of - the free text of `platform` names models of telephones and more: only what sort of thing it is goes on. */
static const char *device_of(struct source *s, struct str platform)
{
	static const struct { const char *word, *device; } known[] = { { "tv", "tv" }, { "playstation", "tv" }, { "xbox", "tv" }, { "chromecast", "tv" }, { "cast", "speaker" },
		{ "sonos", "speaker" }, { "speaker", "speaker" }, { "google home", "speaker" }, { "alexa", "speaker" }, { "amazon", "speaker" }, { "car", "car" },
		{ "tesla", "car" }, { "watch", "watch" }, { "android", "phone" }, { "ios", "phone" }, { "iphone", "phone" }, { "windows", "desktop" },
		{ "os x", "desktop" }, { "osx", "desktop" }, { "macos", "desktop" }, { "linux", "desktop" }, { "web", "desktop" } };
	if (s->memo_is && s->memo.len == platform.len && !memcmp(s->memo.p, platform.p, platform.len))
		return s->memo_is;
	buf_reset(&s->memo);
	buf_put(&s->memo, platform.p, platform.len);
	s->memo_is = "";
	char low[128];
	size_t n = platform.len < sizeof low ? platform.len : sizeof low;

	for (size_t i = 0; i < n; i++)
		low[i] = (char)(platform.p[i] >= 'A' && platform.p[i] <= 'Z' ? platform.p[i] | 32 : platform.p[i]);
	if (memmem(low, n, "ipad", 4) || memmem(low, n, "tablet", 6))
		return s->memo_is = "tablet";
	char *model = memchr(low, '(', n);	/* of a telephone, say: a Cartier is no car */
	n = model ? (size_t)(model - low) : n;
	for (size_t k = 0; k < sizeof known / sizeof *known; k++)
		if (memmem(low, n, known[k].word, strlen(known[k].word)))
			return s->memo_is = known[k].device;
	return s->memo_is;
}

static struct str text(const char *s) { return (struct str){ s, strlen(s) }; }

/* what - the item of a row of the extended history: a track, an episode or a chapter. False when it names none, as rows of local files may. */
static bool what(struct source *s, struct listen *l)
{
	struct str track = source_get(s, TRACK), episode = source_get(s, EPISODE), book = source_get(s, BOOK), chapter = source_get(s, CHAPTER);

	if (track.len || source_get(s, TRACK_URI).len) {
		l->ev.item = source_get(s, TRACK_URI);
		l->col[ITEM_KIND] = STR("music");
		l->col[ITEM_TITLE] = track;
		l->col[ITEM_CREATOR] = source_get(s, ARTIST);
		l->col[ITEM_GROUP] = source_get(s, ALBUM);
	} else if (episode.len || source_get(s, EPISODE_URI).len) {
		l->ev.item = source_get(s, EPISODE_URI);
		l->col[ITEM_KIND] = STR("podcast");
		l->col[ITEM_TITLE] = episode;
		l->col[ITEM_CREATOR] = l->col[ITEM_GROUP] = source_get(s, SHOW);
	} else {
		l->ev.item = source_get(s, CHAPTER_URI).len ? source_get(s, CHAPTER_URI) : source_get(s, BOOK_URI);
		l->col[ITEM_KIND] = STR("audiobook");
		l->col[ITEM_TITLE] = chapter.len ? chapter : book;
		l->col[ITEM_CREATOR] = l->col[ITEM_GROUP] = book;
	}
	return l->ev.item.len || l->col[ITEM_TITLE].len;
}

static bool is_skip(struct source *s, const struct listen *l, int64_t ended)
{
	struct str end = source_get(s, REASON_END), skipped = source_get(s, SKIPPED);
	bool is_told = skipped.len && (ended < lies_from || ended >= lies_until);

	if (str_is(skipped, "true"))
		return true;
	return !is_told && str_is(l->col[ITEM_KIND], "music") && (str_is(end, "backbtn") || str_is(end, "unknown") || str_is(end, "endplay") || str_is(end, "fwdbtn"));
}

static int fill_account(struct source *s, struct listen *l, struct err *e)
{
	double ms;
	int r;

	if (!source_get(s, END_TIME).len)
		return source_reject(s, TS, "time", "is no time: neither ts nor endTime is there", e);
	if ((r = source_get_time(s, END_TIME, TIME_S, &l->ev.time, e)) != SOURCE_ROW || (r = source_get_number(s, MS, &ms, e)) != SOURCE_ROW)
		return r;
	bool is_podcast = source_get(s, EPISODE_NAME).len;
	l->ev.kind = STR("play");
	l->ev.value = ms / 1000;
	if (ms > 0)
		l->ev.time -= (int64_t)(ms / 1000);
	l->col[ITEM_KIND] = is_podcast ? STR("podcast") : STR("music");
	l->col[ITEM_TITLE] = source_get(s, is_podcast ? EPISODE_NAME : TRACK_NAME);
	l->col[ITEM_CREATOR] = source_get(s, is_podcast ? PODCAST : ARTIST_NAME);
	if (is_podcast)
		l->col[ITEM_GROUP] = l->col[ITEM_CREATOR];
	return l->col[ITEM_TITLE].len ? SOURCE_ROW : source_pass(s, "names no item");
}

int spotify_fill(struct source *s, struct listen *l, struct err *e)
{
	double ms;
	int r;

	if (!source_get(s, TS).len)
		return fill_account(s, l, e);
	if ((r = source_get_time(s, TS, TIME_S, &l->ev.time, e)) != SOURCE_ROW || (r = source_get_number(s, MS_PLAYED, &ms, e)) != SOURCE_ROW)
		return r;
	if (!what(s, l))
		return source_pass(s, "names no item");
	bool skip = is_skip(s, l, l->ev.time);
	l->ev.user = source_get(s, USERNAME);
	l->ev.kind = skip ? STR("skip") : STR("play");
	l->ev.value = ms / 1000;
	if (ms > 0)
		l->ev.time -= (int64_t)(ms / 1000);
	l->is_incognito = source_is(s, INCOGNITO, "true");
	l->is_finished = source_is(s, REASON_END, "trackdone");
	source_context(s, "device", text(device_of(s, source_get(s, PLATFORM))));
	if (source_is(s, SHUFFLE, "true"))
		source_context(s, "shuffle", STR("1"));
	if (source_is(s, OFFLINE, "true"))
		source_context(s, "offline", STR("1"));
	source_context(s, "start", source_get(s, REASON_START));
	source_context(s, "end", source_get(s, REASON_END));
	return SOURCE_ROW;
}
