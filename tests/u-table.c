/* table, items, pairs: rows are the same from text and from binary; a schema is held to; what a block says of its rows must be so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/data/items.h"
#include "../lib/data/pairs.h"
#include "../lib/data/table.h"

struct rows { const char *text, *schema; bool is_binary; };

static void fill_rows(struct sink *s, void *ctx)
{
	const struct rows *r = ctx;
	struct err e = { 0 };
	struct prov p = { { 0 } };
	struct tablew *w = tablew_new(s, r->schema, r->is_binary, &e);

	for (const char *p0 = r->text, *nl; (nl = strchr(p0, '\n')); p0 = nl + 1)
		assert_int_equal(tablew_row(w, p0, (size_t)(nl - p0), &e), 0);
	prov_step(&p, "u-table", "1", "", "");
	assert_int_equal(tablew_finish(w, &p, &e), 0);
	tablew_free(w);
	prov_release(&p);
}

/* said - rows as "a|b|c;" and then the error behind the file's name. */
static void said(const char *p, size_t n, const char *schema, bool has_header, enum mem_way way, char *out, size_t room)
{
	struct err e = { 0 }, again = { 0 };
	struct tabler *r = tabler_open(mem_path(p, n, way), schema, has_header, &e);
	const struct str *f;
	size_t at = 0, k;
	int got = -1;

	*out = '\0';
	while (r && (got = tabler_next(r, &f, &k, &e)) == 1 && at + 200 < room)
		for (size_t i = 0; i < k; i++)
			at += (size_t)snprintf(out + at, room - at, "%.*s%c", (int)f[i].len, f[i].p, i + 1 < k ? '|' : ';');
	if (got < 0) {
		assert_int_equal(e.code, ERR_DATA);
		snprintf(out + at, room - at, "%s", e.msg + (way == MEM_PIPED ? strlen("(standard input)") : strcspn(e.msg, ": ")));
		if (r) {
			assert_int_equal(tabler_next(r, &f, &k, &again), e.code);
			assert_string_equal(again.msg, e.msg);
		}
	}
	tabler_close(r);
}

static void says(const struct buf *b, const char *schema, bool has_header, const char *want)
{
	char got[4096];

	for (int way = 0; way < MEM_WAYS; way++) {
		said(b->p, b->len, schema, has_header, (enum mem_way)way, got, sizeof got);
		if (strcmp(got, want))
			fail_msg("'%s', wanted '%s'", got, want);
	}
}

static void text_and_binary_agree(void **state)
{
	static const char text[] = "m1\tmusic\tA \\\\ \\t title\n x \nm2\t\t\n\xff\"q\"\t1\t2\t3\t4\n", want[] = "m1|music|A \\ \t title; x ;m2||;\xff\"q\"|1|2|3|4;";
	struct rows r = { text, "items", false };

	(void)state;
	for (int bin = 0; bin < 2; bin++) {
		r.is_binary = bin;
		struct buf b = mem_written(fill_rows, &r);
		if (!bin)
			assert_string_equal(b.p, text);
		says(&b, "items", false, want);
		says(&b, NULL, false, want);
		buf_release(&b);
	}
	struct rows none = { "", "items", true };
	struct buf b = mem_written(fill_rows, &none);
	says(&b, "items", false, "");
	buf_release(&b);
}

static void text_may_be_odd(void **state)
{
	static const struct { const char *in; size_t n; bool has_header; const char *want; } t[] = {
#define T(in, h, want) { in, sizeof in - 1, h, want }
		T("", false, ""), T("", true, ""), T("a", false, "a;"), T("a\tb\r\nc\r\n", false, "a|b;c;"), T("\xef\xbb\xbf" "a\n", false, "a;"),
		T("h1\th2\nx\ty\n", true, "x|y;"), T("h1\n", true, ""), T("a\n\nb\n", false, "a;:2: an empty line"), T("\n", false, ":1: an empty line"),
		T("\t\n", false, "|;"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf b = { 0 };
		buf_put(&b, t[i].in, t[i].n);
		says(&b, "items", t[i].has_header, t[i].want);
		buf_release(&b);
	}
	struct buf wide = { 0 };
	for (int i = 0; i < 4096; i++)
		buf_putc(&wide, '\t');
	says(&wide, NULL, false, ":1: 4097 fields, more than 4096");
	buf_release(&wide);
}

static void a_header_is_kept(void **state)
{
	struct err e = { 0 };
	size_t n;
	const char text[] = "item\tti\\ttle\n" "m\tt\n";
	struct tabler *r = tabler_open(mem_path(text, sizeof text - 1, MEM_MAPPED), NULL, true, &e);
	const struct str *f, *h = tabler_header(r, &n);

	(void)state;
	assert_int_equal(n, 2);
	assert_int_equal(tabler_next(r, &f, &n, &e), 1);
	assert_memory_equal(h[0].p, "item", h[0].len);
	assert_int_equal(h[1].len, 6);
	assert_memory_equal(h[1].p, "ti\ttle", 6);
	struct buf w = { 0 };
	tabler_where(r, &w);
	assert_non_null(strstr(w.p, ":2"));
	assert_int_equal(tabler_line(r), 2);
	assert_int_equal(tabler_bad(r, &e, "field %d: no", 1), ERR_DATA);
	assert_non_null(strstr(e.msg, ":2: field 1: no"));
	e = (struct err){ 0 };
	err_set(&e, ERR_MEM, "no room");
	assert_int_equal(tabler_at(r, &e), ERR_MEM);
	assert_non_null(strstr(e.msg, ":2: no room"));
	buf_release(&w);
	tabler_close(r);
}

static void a_schema_is_held_to(void **state)
{
	struct rows items = { "a\tb\n", "items", true }, ranked = { "a\tb\n", "ranked", true };
	struct buf b = mem_written(fill_rows, &items), c = mem_written(fill_rows, &ranked), j = { 0 };

	(void)state;
	says(&b, "truth", false, " holds items, not truth");
	says(&b, "item", false, " holds items, not item");
	says(&c, "candidates", false, "a|b;");		/* a ranked list is a list of candidates */
	says(&c, "items", false, " holds ranked, not items");
	buf_put(&j, b.p, b.len);
	buf_put(&j, b.p, b.len);
	says(&j, "items", false, "a|b;a|b;");
	buf_put(&j, c.p, c.len);
	says(&j, "items", false, "a|b;a|b; holds ranked, not items");
	says(&j, NULL, false, "a|b;a|b; holds items, and behind them ranked: these are no one table");
	buf_release(&b);
	buf_release(&c);
	buf_release(&j);
	b = mem_stream(KIND_EVENTS, NULL, 0);
	says(&b, "items", false, " holds events, not items");
	says(&b, NULL, false, " holds events, not a table");
	buf_release(&b);
}

static void lies_are_refused(void **state)
{
	static const struct { const char *meta, *rows; uint64_t records; const char *want; } t[] = {
		{ "schema\titems\n", "a\tb\n", 1, "a|b;" },
		{ "schema\titems\n", "a\nb\n", 1, "a;: block 1 at byte 192: its rows do not end where they should" },
		{ "schema\titems\n", "a\nb\n", 3, "a;b;: block 1 at byte 192: holds 1 rows fewer than it says" },
		{ "schema\titems\n", "a\nb", 2, "a;: block 1 at byte 192: its rows do not end where they should" },
		{ "schema\titems\n", "", 1, ": block 1 at byte 192: holds 1 rows fewer than it says" },
		{ "schema\titems\n", "", 0, "" },
		{ "schema\titems\n", "a\n\n", 2, "a;:2: an empty line" },
		{ "schema\titems", "a\n", 1, ": block 0 at byte 64: does not say what the table holds" },
		{ "schema items\n", "a\n", 1, ": block 0 at byte 64: does not say what the table holds" },
		{ "schema\titems\nx\ty\n", "a\n", 1, ": block 0 at byte 64: does not say what the table holds" },
		{ "", "a\n", 1, ": block 0 at byte 64: does not say what the table holds" },
		{ "schema\t\n", "a\n", 1, " holds , not items" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct mem_block b[] = { { BLOCK_META, 0, BLOCK_RAW, 0, t[i].meta, strlen(t[i].meta) },
					 { BLOCK_ROWS, 0, BLOCK_RAW, t[i].records, t[i].rows, strlen(t[i].rows) } };
		struct buf f = mem_stream(KIND_TABLE, b, 2);
		says(&f, "items", false, t[i].want);
		buf_release(&f);
	}
	struct mem_block b = { BLOCK_ROWS, 0, BLOCK_ZLIB, 1, "a\n", 2 };
	struct buf f = mem_stream(KIND_TABLE, &b, 1);
	says(&f, "items", false, ": block 0 at byte 64: rows come before it is said what they are");
	buf_release(&f);
}

static void many_rows_are_several_blocks(void **state)
{
	enum { N = 120000 };
	struct buf text = { 0 };
	struct err e = { 0 };
	const struct str *f;
	size_t n, k;

	(void)state;
	for (int i = 0; i < N; i++)
		buf_printf(&text, "user%d\titem%d\t%d\n", i / 7, i * 31 % 1000, i);
	struct rows r = { text.p, "truth", true };
	struct buf b = mem_written(fill_rows, &r);
	assert_true(b.len < text.len / 3);
	struct tabler *t = tabler_open(mem_path(b.p, b.len, MEM_MAPPED), "truth", false, &e);
	for (n = 0; tabler_next(t, &f, &k, &e) == 1; n++) {
		char s[64];
		assert_int_equal(k, 3);
		assert_int_equal(f[2].len, snprintf(s, sizeof s, "%zu", n));
		assert_memory_equal(f[2].p, s, f[2].len);
	}
	assert_int_equal(e.code, 0);
	assert_int_equal(n, N);
	struct prov p = { { 0 } };
	struct buf in = { 0 };
	assert_int_equal(tabler_prov(t, &p, &in, &e), 0);
	assert_string_equal(p.text.p, "u-table\t1\t\t\n");
	assert_memory_equal(in.p, "taste:", 6);
	prov_release(&p);
	buf_release(&in);
	tabler_close(t);
	buf_release(&b);
	buf_release(&text);
}

static void every_cut_and_flip_is_found(void **state)
{
	struct rows r = { "m1\tmusic\tx\nm2\tmusic\ty\n", "items", true };
	struct buf b = mem_written(fill_rows, &r);
	char got[4096];

	(void)state;
	for (int way = 0; way < MEM_WAYS; way++) {
		for (size_t n = 1; n < b.len; n++) {
			said(b.p, n, "items", false, (enum mem_way)way, got, sizeof got);
			if (!strstr(got, "byte "))
				fail_msg("cut at %zu: %s", n, got);
		}
		for (size_t bit = 0; bit < 8 * b.len; bit++) {
			b.p[bit / 8] ^= (char)(1 << bit % 8);
			said(b.p, b.len, "items", false, (enum mem_way)way, got, sizeof got);
			if (!strstr(got, "byte "))
				fail_msg("bit %zu: %s", bit, got);
			b.p[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	buf_release(&b);
}

/* ---- items ---- */

static void is_get(const struct items *it, const char *id, enum items_column c, const char *want)
{
	struct str s = items_get(it, (struct str){ id, strlen(id) }, c);

	if (s.len != strlen(want) || memcmp(s.p, want, s.len))
		fail_msg("%s: '%.*s', wanted '%s'", id, (int)s.len, s.p, want);
}

static void extra_is(const struct items *it, size_t i, const char *key, const char *want)
{
	struct str s = items_extra(it, i, (struct str){ key, strlen(key) });

	if (s.len != strlen(want) || memcmp(s.p, want, s.len))
		fail_msg("%s of %zu: '%.*s', wanted '%s'", key, i, (int)s.len, s.p, want);
}

static void items_keep_extras(void **state)
{
	static const char text[] = "a\tmusic\t\t\t\t\t\t\tbpm=120\tnone\t=x\tkey=\tbpm=90\tnote=a=b\nb\na\t\t\t\t\t\t\t\tlate=1\nc\t\t\t\t\t\t\t\tbpm=80\n";
	static const char named[] = "item\tbpm\tkind\na\tx=1\tmusic\tmood=calm\nb\t\t\n";
	struct items it;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(items_load(&it, mem_path(text, sizeof text - 1, MEM_PIPED), false, NULL, NULL, &e), 0);
	extra_is(&it, 0, "bpm", "120");
	extra_is(&it, 0, "note", "a=b");
	extra_is(&it, 0, "key", "");
	extra_is(&it, 0, "none", "");
	extra_is(&it, 0, "late", "");
	extra_is(&it, 1, "bpm", "");
	extra_is(&it, 2, "bpm", "80");
	assert_int_equal(it.n_extras, 3);
	items_release(&it);
	assert_int_equal(items_load(&it, mem_path(named, sizeof named - 1, MEM_MAPPED), true, NULL, NULL, &e), 0);
	extra_is(&it, 0, "bpm", "x=1");
	extra_is(&it, 0, "mood", "calm");
	extra_is(&it, 1, "bpm", "");
	assert_string_equal(items_column_name(ITEM_TAGS), "tags");
	items_release(&it);
}

static void items_keep_the_first_row(void **state)
{
	static const char text[] = "m1\tmusic\tOne\tX\tAlbum\t1999\t180\ta;b\tk=v\nm2\nm1\tpodcast\tOther\nm3\t\tThree\n";
	static const char named[] = "title\textra\titem\tcreator\nOne\t?\tm1\tX\nTwo\t?\tm2\t\n";
	struct items it;
	struct err e = { 0 };
	struct buf in = { 0 };

	(void)state;
	assert_int_equal(items_load(&it, mem_path(text, sizeof text - 1, MEM_PIPED), false, NULL, &in, &e), 0);
	assert_int_equal(it.id.n, 3);
	is_get(&it, "m1", ITEM_TITLE, "One");
	is_get(&it, "m1", ITEM_TAGS, "a;b");
	is_get(&it, "m1", ITEM_SECONDS, "180");
	is_get(&it, "m2", ITEM_TITLE, "");
	is_get(&it, "m3", ITEM_TITLE, "Three");
	is_get(&it, "none", ITEM_TITLE, "");
	assert_memory_equal(in.p, "xxh3:", 5);
	extra_is(&it, 0, "k", "v");
	extra_is(&it, 1, "k", "");
	extra_is(&it, 2, "k", "");
	items_release(&it);
	buf_release(&in);
	assert_int_equal(items_load(&it, mem_path(named, sizeof named - 1, MEM_MAPPED), true, NULL, NULL, &e), 0);
	is_get(&it, "m1", ITEM_TITLE, "One");
	is_get(&it, "m1", ITEM_CREATOR, "X");
	is_get(&it, "m1", ITEM_KIND, "");
	extra_is(&it, 0, "extra", "?");
	extra_is(&it, 1, "extra", "?");
	extra_is(&it, 1, "title", "");
	items_release(&it);
	assert_int_equal(items_load(&it, mem_path("a\n\tmusic\n", 9, MEM_PIPED), false, NULL, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "(standard input):2: field 1: the item's id is empty");
	e = (struct err){ 0 };
	assert_int_equal(items_load(&it, mem_path("id\tx\nm\ty\n", 9, MEM_PIPED), true, NULL, NULL, &e), ERR_DATA);
	assert_non_null(strstr(e.msg, ":1: no column is named 'item'"));
	items_release(&it);
}

/* ---- pairs ---- */

static void pairs_said(const struct buf *b, enum mem_way way, bool has_header, const char *want)
{
	struct err e = { 0 };
	struct pairsr *r = pairsr_open(mem_path(b->p, b->len, way), has_header, &e);
	struct str u, i, x;
	char got[1024] = "";
	size_t at = 0;

	while (r && pairsr_next(r, &u, &i, &x, &e) == 1)
		at += (size_t)snprintf(got + at, sizeof got - at, "%.*s|%.*s|%.*s;", (int)u.len, u.p, (int)i.len, i.p, (int)x.len, x.p);
	if (e.code)
		snprintf(got + at, sizeof got - at, "%s", e.msg + (way == MEM_PIPED ? strlen("(standard input)") : strcspn(e.msg, ": ")));
	if (strcmp(got, want))
		fail_msg("'%s', wanted '%s'", got, want);
	pairsr_close(r);
}

static void pairs_come_from_anything(void **state)
{
	static const struct { const char *in; bool has_header; const char *want; } t[] = {
		{ "", false, "" }, { "a\tx\n", false, "a|x|;" }, { "a\tx\t2\tmore\nb\ty\n", false, "a|x|2;b|y|;" }, { "u\ti\na\tx\n", true, "a|x|;" },
		{ "a\n", false, ":1: one field: a user and an item are wanted" }, { "a\tx\n\ty\n", false, "a|x|;:2: field 1: the user is empty" },
		{ "a\t\n", false, ":1: field 2: the item is empty" }, { "item\tuser\nx\ta\n", true, "a|x|;" },
		{ "user\titem\tuser\n", true, ":1: columns 1 and 3 are both named 'user'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf b = { 0 };
		buf_puts(&b, t[i].in);
		for (int way = 0; way < MEM_WAYS; way++)
			pairs_said(&b, (enum mem_way)way, t[i].has_header, t[i].want);
		buf_release(&b);
	}
	struct rows r = { "a\tx\t1\nb\ty\n", "truth", true };
	struct buf b = mem_written(fill_rows, &r);
	pairs_said(&b, MEM_MAPPED, false, "a|x|1;b|y|;");
	buf_release(&b);
	static const char ev[] = "\1\0\0\0" "\1\1a" "\1\1x" "\0\0" "\0\1\0" "\0\1\0" "\0\1\0" "\0\1\0" "\0\1\0" "\0\1\0" "\1" "\0\1\0" "\0\1\0";
	struct mem_block mb = { BLOCK_EVENTS, 0, BLOCK_RAW, 1, ev, sizeof ev - 1 };
	b = mem_stream(KIND_EVENTS, &mb, 1);
	pairs_said(&b, MEM_MAPPED, false, "a|x|;");
	buf_release(&b);
	b = mem_stream(KIND_VECTORS, NULL, 0);
	pairs_said(&b, MEM_MAPPED, false, " holds vectors, not events");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(text_and_binary_agree),
		cmocka_unit_test(text_may_be_odd),
		cmocka_unit_test(a_header_is_kept),
		cmocka_unit_test(a_schema_is_held_to),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(many_rows_are_several_blocks),
		cmocka_unit_test(every_cut_and_flip_is_found),
		cmocka_unit_test(items_keep_the_first_row),
		cmocka_unit_test(items_keep_extras),
		cmocka_unit_test(pairs_come_from_anything),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
