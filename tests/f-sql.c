/*
 * Any bytes as the rows of a server's database: the first byte chooses which; each line is a table and its columns in their order, parted by TAB, each a letter for its type (i, r, t, b; anything else: null)
 * and the value. What comes out of any source: rows with a user and an item, or a reason.
 */
#include "fuzz-stream.h"
#include "version.h"
#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#ifdef HAVE_SQLITE3
#include <sqlite3.h>

static const struct server { const char *name, *schema, *table[5]; int n_columns[5]; } servers[] = {
	{ "navidrome", "create table media_file(id,title,album,artist,year,duration,genre,mbz_recording_id); create table annotation(user_id,item_id,item_type,play_count,play_date,rating,starred,"
	  "starred_at,rated_at); create table scrobbles(media_file_id,user_id,submission_time); create table user(id,user_name)", { "media_file", "annotation", "scrobbles", "user" }, { 8, 9, 3, 2 } },
	{ "navidrome", "create table media_file(id,title,album,artist,year,duration,genre); create table annotation(user_id,item_id,item_type,play_count,play_date,rating,starred,starred_at)",
	  { "media_file", "annotation" }, { 7, 8 } },
	{ "audiobookshelf", "create table playbackSessions(userId,mediaItemId,mediaItemType,displayTitle,displayAuthor,duration,timeListening,createdAt);"
	  "create table mediaProgresses(userId,mediaItemId,mediaItemType,duration,isFinished,finishedAt); create table users(id,username)", { "playbackSessions", "mediaProgresses", "users" }, { 8, 6, 2 } },
};

static void bind(sqlite3_stmt *t, int at, const char *p, size_t len)
{
	int64_t i = 0;
	double x = 0;

	switch (len ? *p : 'n') {
	case 'i':
		scan_i64(p + 1, len - 1, &i);
		sqlite3_bind_int64(t, at, i);
		break;
	case 'r':
		scan_f64(p + 1, len - 1, &x);
		sqlite3_bind_double(t, at, x);
		break;
	case 't':
		sqlite3_bind_text(t, at, p + 1, (int)len - 1, SQLITE_TRANSIENT);
		break;
	case 'b':
		sqlite3_bind_blob(t, at, p + 1, (int)len - 1, SQLITE_TRANSIENT);
		break;
	default:
		sqlite3_bind_null(t, at);
	}
}

static void insert(sqlite3 *db, const struct server *s, const char *p, const char *end)
{
	int table = p < end ? *p - '0' : -1;
	struct buf q = { 0 };
	sqlite3_stmt *t = NULL;

	if (table < 0 || table > 3 || !s->table[table])
		return;
	buf_printf(&q, "insert into %s values (?", s->table[table]);
	for (int i = 1; i < s->n_columns[table]; i++)
		buf_puts(&q, ",?");
	buf_puts(&q, ")");
	int r = sqlite3_prepare_v2(db, q.p, -1, &t, NULL);
	assert(r == SQLITE_OK);
	(void)r;
	for (int i = 1; i <= s->n_columns[table] && p < end; i++) {
		const char *tab = memchr(p, '\t', (size_t)(end - p));
		p = tab ? tab + 1 : end;
		const char *stop = memchr(p, '\t', (size_t)(end - p));
		bind(t, i, p, (size_t)((stop ? stop : end) - p));
	}
	sqlite3_step(t);
	sqlite3_finalize(t);
	buf_release(&q);
}

static void read_all(const struct server *s, const char *path)
{
	struct source_opts o = { .key = KEY_MBID };
	struct err e = { 0 };
	struct listen l;
	struct source *src = source_new(s->name, &o, &e);
	struct items it = { 0 };
	int got = source_open(src, path, &e);

	assert(!got);
	while ((got = source_next(src, &l, &e)) > 0) {
		if (got == SOURCE_ROW) {
			assert(l.ev.user.len && l.ev.item.len && !isinf(l.ev.value));
			source_note_item(&it, &l);
		} else if (got == SOURCE_REJECT) {
			assert(e.code == ERR_DATA && e.msg[0] && source_reason(src) && (source_text(src).p || !source_text(src).len));
			e = (struct err){ 0 };
		}
	}
	assert(got == (int)e.code);
	items_release(&it);
	source_free(src);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	sqlite3 *db = NULL;
	sqlite3_int64 len = 0;

	if (!n || n > FUZZ_MAX)
		return 0;
	const struct server *s = &servers[*p % 3];
	int r = sqlite3_open(":memory:", &db) || sqlite3_exec(db, "pragma page_size = 512", NULL, NULL, NULL) || sqlite3_exec(db, s->schema, NULL, NULL, NULL);
	assert(!r);
	(void)r;
	for (const char *at = (const char *)p + 1, *end = (const char *)p + n; at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		insert(db, s, at, nl ? nl : end);
		at = nl ? nl + 1 : end;
	}
	unsigned char *bytes = sqlite3_serialize(db, "main", &len, 0);
	assert(bytes);
	read_all(s, mem_disk(bytes, (size_t)len));
	sqlite3_free(bytes);
	sqlite3_close(db);
	return 0;
}

#else

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return (void)p, (void)n, 0;
}

#endif
