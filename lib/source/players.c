/*
 * players - what other services and programs give out.
 *   youtube   watch-history.json of a takeout: {header, title: "Watched X", titleUrl, subtitles: [{name: "Artist - Topic"}], time}. What was watched elsewhere than on YouTube Music is
 *             passed over. How long is not told.
 *   tidal     CSV with the header entry_date, track_title, artist_name, album_name, stream_duration_ms, product_type
 *   gpodder   episode actions, an array or below "actions": {podcast, episode, guid, device, action, timestamp, started, position, total}; -1 is unknown
 */
#include <string.h>
#include <strings.h>

#include "kind.h"

/* lacks - is own i no member of the row's object? A row that has none of its source's is of another. */
static bool lacks(const struct source *s, size_t i)
{
	return s->object[i].type == JSON_MISSING;
}

/* ---- YouTube ---- */

enum { Y_HEADER, Y_TITLE, Y_URL, Y_TIME, Y_SUBTITLES, Y_OWN };
static const char *const y_name[Y_OWN] = { "header", "title", "titleUrl", "time", "subtitles" };

bool youtube_knows(const char *p, size_t n)
{
	return source_has_member(p, n, "header") && source_has_member(p, n, "titleUrl");
}

int youtube_start(struct source *s, struct err *e)
{
	static const char *const name[] = { "name" };

	s->helper = json_open_text(file_name(s->file), name, 1);
	return source_members(s, NULL, y_name, Y_OWN, e);
}

/* channel - the first name of the subtitles; of an artist's own channel without " - Topic". */
static struct str channel(struct source *s)
{
	static const char topic[] = " - Topic";
	const struct json_value *all = &s->object[Y_SUBTITLES], *v;
	struct err none = { 0 };	/* what cannot be read there names nobody */

	if (all->type != JSON_ARRAY)
		return (struct str){ "", 0 };
	json_feed(s->helper, all->text, json_line(s->json));
	if (json_next(s->helper, &v, &none) != 1 || v->type != JSON_STRING)
		return (struct str){ "", 0 };
	size_t len = v->text.len, tail = sizeof topic - 1;
	if (len > tail && !memcmp(v->text.p + len - tail, topic, tail))
		len -= tail;
	return source_keep(s, v->text.p, len);
}

int youtube_fill(struct source *s, struct listen *l, struct err *e)
{
	static const char watched[] = "Watched ";
	struct str title = source_get(s, Y_TITLE), url = source_get(s, Y_URL);
	int r;

	if (lacks(s, Y_HEADER) && lacks(s, Y_TITLE) && lacks(s, Y_URL))
		return REJECT(s, e, "columns", "neither header, title nor titleUrl is there: not of a watch history");
	if (!source_is(s, Y_HEADER, "YouTube Music"))
		return source_pass(s, "not on YouTube Music");
	if ((r = source_get_time(s, Y_TIME, TIME_S, &l->ev.time, e)) != SOURCE_ROW)
		return r;
	const char *v = url.len ? memmem(url.p, url.len, "v=", 2) : NULL;
	if (!v)
		return source_pass(s, "names no item");
	v += 2;
	const char *end = memchr(v, '&', (size_t)(url.p + url.len - v));
	buf_reset(&s->text);
	buf_puts(&s->text, "youtube:");
	buf_put(&s->text, v, (size_t)((end ? end : url.p + url.len) - v));
	l->ev.item = source_keep(s, s->text.p, s->text.len);
	if (title.len > sizeof watched - 1 && !memcmp(title.p, watched, sizeof watched - 1)) {
		title.p += sizeof watched - 1;
		title.len -= sizeof watched - 1;
	}
	l->ev.kind = STR("play");
	l->col[ITEM_KIND] = STR("music");
	if (!str_has(title, "://"))		/* a video that is gone has its address for a title */
		l->col[ITEM_TITLE] = title;
	l->col[ITEM_CREATOR] = channel(s);
	return SOURCE_ROW;
}

/* ---- Tidal ---- */

enum { T_DATE, T_TRACK, T_ARTIST, T_MS, T_ALBUM, T_TYPE, T_CLIENT, T_OWN };
static const char *const t_name[T_OWN] = { "entry_date", "track_title", "artist_name", "stream_duration_ms", "album_name", "product_type", "client_name_from_session" };

bool tidal_knows(const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);
	size_t first = nl ? (size_t)(nl - p) : n;

	return memmem(p, first, "entry_date", 10) && memmem(p, first, "track_title", 11);
}

int tidal_start(struct source *s, struct err *e)
{
	int r = source_csv(s, e);

	return r != SOURCE_ROW || (r = source_next_row(s, e)) != SOURCE_ROW ? r : source_header(s, t_name, T_OWN, 3, e);
}

int tidal_fill(struct source *s, struct listen *l, struct err *e)
{
	double ms;
	struct str type = source_get(s, T_TYPE);
	int r = source_get_time(s, T_DATE, TIME_AUTO, &l->ev.time, e);

	if (r != SOURCE_ROW || (r = source_get_number(s, T_MS, &ms, e)) != SOURCE_ROW)
		return r;
	l->ev.kind = STR("play");
	l->ev.value = ms / 1000;
	l->col[ITEM_KIND] = str_has(type, "VIDEO") || str_has(type, "video") ? STR("video") : STR("music");
	l->col[ITEM_TITLE] = source_get(s, T_TRACK);
	l->col[ITEM_CREATOR] = source_get(s, T_ARTIST);
	l->col[ITEM_GROUP] = source_get(s, T_ALBUM);
	source_context(s, "player", source_get(s, T_CLIENT));
	return SOURCE_ROW;
}

/* ---- gpodder ---- */

enum { G_PODCAST, G_EPISODE, G_GUID, G_DEVICE, G_ACTION, G_TIME, G_STARTED, G_POSITION, G_TOTAL, G_OWN };
static const char *const g_name[G_OWN] = { "podcast", "episode", "guid", "device", "action", "timestamp", "started", "position", "total" };

bool gpodder_knows(const char *p, size_t n)
{
	return source_has_member(p, n, "episode") && source_has_member(p, n, "podcast") && source_has_member(p, n, "action");
}

int gpodder_start(struct source *s, struct err *e)
{
	const unsigned char *p;
	int64_t n = file_peek(s->file, 4096, &p, e);

	if (n < 0)
		return (int)n;
	return source_members(s, source_has_member((const char *)p, (size_t)n, "actions") ? "actions" : NULL, g_name, G_OWN, e);
}

int gpodder_fill(struct source *s, struct listen *l, struct err *e)
{
	struct str action = source_get(s, G_ACTION);
	double started, position, total;

	if (lacks(s, G_ACTION) && lacks(s, G_EPISODE) && lacks(s, G_PODCAST))
		return REJECT(s, e, "columns", "neither action, episode nor podcast is there: not of gpodder");
	int r = source_get_time(s, G_TIME, TIME_AUTO, &l->ev.time, e);
	if (r != SOURCE_ROW || (r = source_get_number(s, G_STARTED, &started, e)) != SOURCE_ROW || (r = source_get_number(s, G_POSITION, &position, e)) != SOURCE_ROW ||
	    (r = source_get_number(s, G_TOTAL, &total, e)) != SOURCE_ROW)
		return r;
	bool is_play = action.len == 4 && !strncasecmp(action.p, "play", 4);	/* AntennaPod shouts */
	if (!is_play && !(action.len == 8 && !strncasecmp(action.p, "download", 8)))
		return source_pass(s, "neither play nor download");
	l->ev.item = source_get(s, G_EPISODE).len ? source_get(s, G_EPISODE) : source_get(s, G_GUID);
	l->ev.kind = is_play ? STR("play") : STR("save");
	if (is_play && started >= 0 && position >= started) {
		l->ev.value = position - started;
		if (l->ev.time != TIME_NONE)		/* the action is told when it is over */
			l->ev.time -= (int64_t)l->ev.value;
	}
	if (total > 0) {
		l->length = total;
		l->is_finished = position >= 0.95 * total;
	}
	l->col[ITEM_KIND] = STR("podcast");
	l->col[ITEM_GROUP] = source_get(s, G_PODCAST);
	source_context(s, "device", source_get(s, G_DEVICE));
	return SOURCE_ROW;
}
