/*
 * servers - the databases of people's own servers.
 *   navidrome        scrobbles (since 2025-12) are plays; where there are none yet, the counts of annotation are `plays`, at the time of the last one. Stars are likes,
 *                    ratings rates, of tracks.
 *   audiobookshelf   each playback session is a play of a book or an episode, with the seconds listened; a finished book or episode is a `finish`
 */
#include <string.h>

#include "kind.h"
#include "sql.h"

enum { N_USER, N_ITEM, N_TIME, N_KIND, N_VALUE, N_TITLE, N_CREATOR, N_GROUP, N_YEAR, N_SECONDS, N_TAGS, N_MBID, N_WHAT, N_OWN };
static const char *const name[N_OWN] = { "user", "item", "time", "event", "value", "title", "creator", "group", "released", "seconds", "tags", "mbid", "kind" };

static int start(struct source *s, const char *query, struct err *e)
{
	s->own_name = name;
	s->n_own = N_OWN;
	for (size_t i = 0; i < N_OWN; i++)
		s->own[i] = i;
	return sql_query(s->sql, query, e) ? (int)e->code : SOURCE_ROW;
}

/* servers_fill - a row of the columns above, for both. */
int servers_fill(struct source *s, struct listen *l, struct err *e)
{
	int r = source_get_time(s, N_TIME, TIME_AUTO, &l->ev.time, e);

	if (r != SOURCE_ROW || (r = source_get_number(s, N_VALUE, &l->ev.value, e)) != SOURCE_ROW || (r = source_get_number(s, N_SECONDS, &l->length, e)) != SOURCE_ROW)
		return r;
	l->ev.user = source_get(s, N_USER);
	l->ev.item = source_get(s, N_ITEM);
	l->ev.kind = source_get(s, N_KIND);
	l->mbid = source_get(s, N_MBID);
	static const int from[ITEM_COLUMNS] = { N_WHAT, N_TITLE, N_CREATOR, N_GROUP, N_YEAR, -1, N_TAGS };
	for (int c = 0; c < ITEM_COLUMNS; c++)
		if (from[c] >= 0)
			l->col[c] = source_get(s, (size_t)from[c]);
	if (str_is(l->col[ITEM_RELEASED], "0"))
		l->col[ITEM_RELEASED].len = 0;
	return SOURCE_ROW;
}

/* ---- Navidrome ---- */

bool navidrome_knows(const char *p, size_t n)
{
	return n >= 16 && !memcmp(p, "SQLite format 3", 16) && memmem(p, n, "media_file", 10);
}

int navidrome_start(struct source *s, struct err *e)
{
	struct buf q = { 0 };

	if (!(s->sql = sql_open(file_name(s->file), e)))
		return e->code;
	if (!sql_has(s->sql, "media_file", NULL) || !sql_has(s->sql, "annotation", NULL))
		return sql_error(s->sql, e) ? (int)e->code : err_set(e, ERR_DATA, "%s: no Navidrome database: the tables media_file and annotation are not there", file_name(s->file));
	const char *who = sql_has(s->sql, "user", "user_name") ? "coalesce(u.user_name, x.user_id)" : "x.user_id";
	const char *users = sql_has(s->sql, "user", "user_name") ? " left join user u on u.id = x.user_id" : "";
	const char *mbid = sql_has(s->sql, "media_file", "mbz_recording_id") ? "f.mbz_recording_id" : "''";
	const char *rated = sql_has(s->sql, "annotation", "rated_at") ? "x.rated_at" : "null";
	bool has_scrobbles = sql_has(s->sql, "scrobbles", "submission_time") && sql_any(s->sql, "select 1 from scrobbles limit 1");
	static const char item[] = "f.title, f.artist, f.album, f.year, f.duration, f.genre";
	static const char from[] = "from annotation x join media_file f on f.id = x.item_id";
	/* order: as in time, what has none first; what is the same stays apart by its rowid */
	buf_puts(&q, "select * from (");
	if (has_scrobbles)
		buf_printf(&q, "select %s, f.id, x.submission_time as t, 'play', null, %s, %s, 'music', 0 as k, x.rowid as n from scrobbles x join media_file f on f.id = x.media_file_id%s",
			   who, item, mbid, users);
	else
		buf_printf(&q, "select %s, f.id, x.play_date as t, 'plays', x.play_count, %s, %s, 'music', 0 as k, x.rowid as n %s%s where x.item_type = 'media_file' and x.play_count > 0",
			   who, item, mbid, from, users);
	buf_printf(&q, " union all select %s, f.id, x.starred_at, 'like', null, %s, %s, 'music', 1, x.rowid %s%s where x.item_type = 'media_file' and x.starred", who, item, mbid, from,
		   users);
	buf_printf(&q, " union all select %s, f.id, %s, 'rate', x.rating, %s, %s, 'music', 2, x.rowid %s%s where x.item_type = 'media_file' and x.rating > 0", who, rated, item, mbid,
		   from, users);
	buf_puts(&q, ") order by case typeof(t) when 'text' then strftime('%s', t) + 0 else t end, k, n");
	int r = start(s, q.p, e);
	buf_release(&q);
	return r;
}

/* ---- Audiobookshelf ---- */

bool audiobookshelf_knows(const char *p, size_t n)
{
	return n >= 16 && !memcmp(p, "SQLite format 3", 16) && (memmem(p, n, "playbackSessions", 16) || memmem(p, n, "mediaProgresses", 15));
}

int audiobookshelf_start(struct source *s, struct err *e)
{
	struct buf q = { 0 };

	if (!(s->sql = sql_open(file_name(s->file), e)))
		return e->code;
	if (!sql_has(s->sql, "playbackSessions", NULL))
		return sql_error(s->sql, e) ? (int)e->code : err_set(e, ERR_DATA, "%s: no Audiobookshelf database: the table playbackSessions is not there", file_name(s->file));
	const char *who = sql_has(s->sql, "users", "username") ? "coalesce(u.username, x.userId)" : "x.userId";
	const char *users = sql_has(s->sql, "users", "username") ? " left join users u on u.id = x.userId" : "";
	static const char what[] = "case x.mediaItemType when 'podcastEpisode' then 'podcast' else 'audiobook' end";
	buf_printf(&q, "select * from (select %s, x.mediaItemId, x.createdAt as t, 'play', x.timeListening, x.displayTitle, x.displayAuthor, '', '', x.duration, '', '', %s, 0 as k, x.rowid as n"
		   " from playbackSessions x%s", who, what, users);
	if (sql_has(s->sql, "mediaProgresses", "finishedAt"))
		buf_printf(&q, " union all select %s, x.mediaItemId, x.finishedAt, 'finish', null, '', '', '', '', x.duration, '', '', %s, 1, x.rowid from mediaProgresses x%s"
			   " where x.isFinished", who, what, users);
	buf_puts(&q, ") order by case typeof(t) when 'text' then strftime('%s', t) + 0 else t end, k, n");
	int r = start(s, q.p, e);
	buf_release(&q);
	return r;
}
