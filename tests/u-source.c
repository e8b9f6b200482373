/* Sources through their interface: what a row becomes, what a bad one says, and that no border between two reads matters. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/base/buf.h"
#include "../lib/source/source.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* told - all that a source says of some bytes, as text: rows, rejects and the last error. */
static const char *told(const char *source, const struct source_opts *o, const char *bytes, size_t len, struct buf *b)
{
	struct listen l;
	struct err e = { 0 };
	char path[32];
	int fd = memfd_create("test", MFD_CLOEXEC), got;

	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	buf_reset(b);
	buf_puts(b, "");
	struct source *s = source_new(source, o, &e);
	if (!s || source_open(s, path, &e)) {
		buf_printf(b, "error %s", e.msg);
		source_free(s);
		close(fd);
		return b->p;
	}
	while ((got = source_next(s, &l, &e)) > 0) {
		if (got == SOURCE_PASS)
			continue;
		if (got == SOURCE_REJECT) {
			struct str t = source_text(s);
			assert_int_equal(e.code, ERR_DATA);
			assert_true(e.msg[0]);
			buf_printf(b, "reject %s %llu '%.*s'|", source_reason(s), (unsigned long long)source_line(s), (int)t.len, t.p ? t.p : "");
			e = (struct err){ 0 };
			continue;
		}
		buf_printf(b, "%.*s %.*s", (int)l.ev.user.len, l.ev.user.p, (int)l.ev.item.len, l.ev.item.p);
		if (l.ev.time != TIME_NONE)
			buf_printf(b, " @%lld", (long long)l.ev.time);
		if (l.ev.kind.len)
			buf_printf(b, " %.*s", (int)l.ev.kind.len, l.ev.kind.p);
		if (!isnan(l.ev.value))
			buf_printf(b, " %g", l.ev.value);
		if (l.ev.context.len)
			buf_printf(b, " [%.*s]", (int)l.ev.context.len, l.ev.context.p);
		for (int c = 0; c < ITEM_COLUMNS; c++)
			if (l.col[c].len)
				buf_printf(b, " %d:%.*s", c, (int)l.col[c].len, l.col[c].p);
		buf_putc(b, '|');
	}
	if (got < 0) {
		assert_int_not_equal(e.code, ERR_NONE);
		buf_printf(b, "error %s", strchr(e.msg, ':') ? strchr(e.msg, ':') : e.msg);
	}
	source_free(s);
	close(fd);
	return b->p;
}

static struct source_opts none;

static void rows_become_events(void **state)
{
	struct source_opts map = { .map = "user=2,item=1,value=3,context.a=4,title=5", .event = "play" }, named = { .has_header = true };
	struct buf b = { 0 };
	static const char tsv[] = "I\tU\t1.5\tx=;y\tT t\nJ\tU\t\t\t\n", csv[] = "time,item,user,tags\n2020-01-01,\"a\nb\",u,x\n";
	static const char json[] = "[{\"user\":1,\"item\":\"i\",\"seconds\":2.50}]{\"user\":true,\"item\":null}";

	(void)state;
	assert_string_equal(told("tsv", &map, tsv, sizeof tsv - 1, &b), "U I play 1.5 [a=x__y] 1:T t|U J play|");
	assert_string_equal(told("csv", &named, csv, sizeof csv - 1, &b), "u a\nb @1577836800 6:x|");
	assert_string_equal(told("jsonl", &none, json, sizeof json - 1, &b), "1 i 5:2.50|reject item 1 '{\"user\":true,\"item\":null}'|");
	assert_string_equal(told("movielens", &none, "1::2::4.5::9\n", strlen("1::2::4.5::9\n"), &b), "1 2 @9 rate 4.5 0:movie|");
	assert_string_equal(told("lastfm", &none, "u\t\tB\t7", strlen("u\t\tB\t7"), &b), "u b plays 7 0:artist 1:B 2:B|");
	buf_release(&b);
}

static void bad_rows_are_told_and_passed(void **state)
{
	struct source_opts escapes = { .has_escapes = true };
	struct buf b = { 0 };
	static const char tsv[] = "u\ti\t1\nu\ti\t1e400\nu\ti\n\ti\t1\nu\t\t1\nu\ti\0\t1\nv\tj\t2\n", esc[] = "u\\t\ti\nu\\x\ti\nu\ti\\\nv\tj\n";
	static const char json[] = "{\"user\":[],\"item\":1}\n{,}\n{\"user\":1,\"item\":2}";

	(void)state;
	assert_string_equal(told("tsv", &none, tsv, sizeof tsv - 1, &b), "u i @1|reject time 2 'u\ti\t1e400'|reject columns 3 'u\ti'|reject user 4 '\ti\t1'|"
			    "reject item 5 'u\t\t1'|reject nul 6 'u\ti'|v j @2|");
	assert_string_equal(told("tsv", &escapes, esc, sizeof esc - 1, &b), "u\t i|reject escape 2 'u\\x\ti'|reject escape 3 'u\ti\\'|v j|");
	assert_string_equal(told("jsonl", &none, json, sizeof json - 1, &b),
			    "reject user 1 '{\"user\":[],\"item\":1}'|reject json 2 '{,}'|1 2|");
	buf_release(&b);
}

/* One source reads one file after another, whatever the one before was. */
static void files_follow_each_other(void **state)
{
	static const char *const text[] = { "1::2::3::4\n", "", "userId,movieId,rating,timestamp\n1,2,3,4\n", "\n", "1\t2\t3\t4\n", "userId,movieId,rating,timestamp\n" };
	static const int want[] = { 1, 0, 1, -1, 1, 0 };
	struct err e = { 0 };
	struct source *s = source_new("movielens", &none, &e);

	(void)state;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 6; i++) {
			struct listen l;
			char path[32], digest[40];
			int fd = memfd_create("test", MFD_CLOEXEC), n = 0;
			assert_int_equal(write(fd, text[i], strlen(text[i])), (ssize_t)strlen(text[i]));
			snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
			e = (struct err){ 0 };
			int r = source_open(s, path, &e);
			assert_int_equal(r < 0, want[i] < 0);
			while (!r && source_next(s, &l, &e) == SOURCE_ROW) {
				n++;
				assert_memory_equal(l.ev.user.p, "1", 1);
				assert_memory_equal(l.ev.item.p, "2", 1);
				assert_int_equal(l.ev.time, 4);
			}
			if (!r) {
				assert_int_equal(n, want[i]);
				assert_int_equal(source_offset(s), strlen(text[i]));
				source_digest(s, digest);
				assert_int_equal(strlen(digest), 37);
			}
			close(fd);
		}
	source_free(s);
}

/* A file cut at any byte: rows that were whole come out the same, and nothing is made up. */
static void a_cut_file_loses_only_its_tail(void **state)
{
	static const struct { const char *source, *text; } t[] = {
		{ "tsv", "u1\ti1\t10\nu2\ti2\t20\nu3\ti3\t30\n" }, { "csv", "u1,\"i,1\",10\r\nu2,i2,20\r\n\r\nu3,i3,30\r\n" },
		{ "jsonl", "{\"user\":\"u1\",\"item\":\"i1\"}\n[{\"user\":\"u2\",\"item\":\"i2\"},{\"user\":\"\\u00e9\",\"item\":3}]\n" },
		{ "movielens", "1::2::3::4\n5::6::7::8\n" }, { "movielens", "userId,movieId,rating,timestamp\n1,2,3,4\n5,6,7,8\n" },
		{ "lastfm", "u\t2009-05-04T23:08:57Z\ta\tA\tt\tT\nu\t2009-05-04T23:08:57Z\ta\tA\t\tT\n" },
	};
	struct buf whole = { 0 }, part = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		told(t[i].source, &none, t[i].text, strlen(t[i].text), &whole);
		for (size_t n = 0; n < strlen(t[i].text); n++) {
			const char *got = told(t[i].source, &none, t[i].text, n, &part);
			size_t same = 0, rows = 0;
			while (got[same] && got[same] == whole.p[same])
				rows += got[same++] == '|';
			for (const char *p = got; (p = strchr(p, '|')); p++)	/* at most one more: the one that was cut, read as it stands */
				rows--;
			assert_true(rows == 0 || rows == (size_t)-1);
		}
	}
	buf_release(&whole);
	buf_release(&part);
}

static void a_catalogue_is_each_item_once(void **state)
{
	struct items it = { 0 };
	struct listen row = { .ev.item = { "i", 1 } };

	(void)state;
	row.col[ITEM_TITLE] = (struct str){ "A", 1 };
	source_note_item(&it, &row);
	row.col[ITEM_TITLE] = (struct str){ "B", 1 };
	row.col[ITEM_TAGS] = (struct str){ "t", 1 };
	source_note_item(&it, &row);
	assert_int_equal(it.id.n, 1);
	assert_string_equal(items_get(&it, row.ev.item, ITEM_TITLE).p, "A");
	assert_string_equal(items_get(&it, row.ev.item, ITEM_TAGS).p, "t");
	items_release(&it);
}

static void every_source_has_a_name_and_a_start(void **state)
{
	struct err e = { 0 };

	(void)state;
	for (const struct source_kind *k = source_list; k->name; k++) {
		assert_ptr_equal(source_find(k->name), k);
		assert_non_null(k->about);
		assert_non_null(k->start);
	}
	assert_null(source_find("no such"));
	assert_null(source_new("no such", &none, &e));
	assert_int_equal(e.code, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_events),
		cmocka_unit_test(bad_rows_are_told_and_passed),
		cmocka_unit_test(files_follow_each_other),
		cmocka_unit_test(a_cut_file_loses_only_its_tail),
		cmocka_unit_test(a_catalogue_is_each_item_once),
		cmocka_unit_test(every_source_has_a_name_and_a_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
