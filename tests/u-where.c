/* where: what each operator means for each column, dates as far as they go, what is missing, and the place of each fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/data/where.h"

static const char catalogue[] =
	"a\tmusic\tLive at Home\tThe Tides\tFirst\t2020-05-17\t300\tjazz;live\tbpm=120\n"
	"b\tpodcast\tTalk\tAnn|Ben\t\t2020\t3600.5\ttalk\tbpm=fast\tx y=1\n"
	"c\taudiobook\t\\\\n\t\t\t2019-12-31T23:30:00-01:00\t1e2\t;;jazzy;\tbpm=-1.5\n"
	"d\n"
	"e\tmusic\t\t\t\tunknown\tlong\t\n";

/* held - the items of the catalogue for which all conditions (parted by " && ") hold, as letters. */
static const char *held(const char *conditions, char out[16])
{
	struct err e = { 0 };
	struct items it;
	struct where w[4];
	size_t n = 0, at = 0;
	char text[256], *p = text;

	assert_int_equal(items_load(&it, mem_path(catalogue, sizeof catalogue - 1, MEM_MAPPED), false, NULL, NULL, &e), 0);
	snprintf(text, sizeof text, "%s", conditions);
	while (p && *p) {
		char *to = strstr(p, " && ");
		if (to)
			*to = '\0';
		if (where_parse(&w[n++], p, &e))
			fail_msg("%s", e.msg);
		p = to ? to + 4 : NULL;
	}
	for (const char *id = "abcdef"; *id; id++)
		if (where_holds(w, n, &it, (struct str){ id, 1 }))
			out[at++] = *id;
	out[at] = '\0';
	while (n)
		where_release(&w[--n]);
	items_release(&it);
	return out;
}

static void conditions_hold_for_what_they_say(void **state)
{
	static const struct { const char *condition, *want; } t[] = {
		{ "", "abcde" },		/* f is not in the catalogue */
		{ "kind=podcast", "b" }, { "kind=podcast|audiobook", "bc" }, { "kind!=podcast|audiobook", "ade" }, { "kind=Podcast", "" }, { "kind~POD|book", "bc" },
		{ "kind!~pod", "acde" }, { "item=a|d|f", "ad" }, { "item!=a", "bcde" },
		{ "title~live", "a" }, { "title~LIVE", "a" }, { "title~at home", "a" }, { "title=live at home", "" }, { "title!~live", "bcde" }, { "title=\\n", "c" },
		{ "title=\\\\n", "c" }, { "creator=Ann\\|Ben", "b" }, { "creator=Ann|Ben", "" }, { "creator=The Tides", "a" }, { "creator!=The Tides", "bcde" },
		{ "group=First", "a" }, { "group~f", "a" },
		{ "tags=jazz", "a" }, { "tags!=jazz", "bcde" }, { "tags~jazz", "ac" }, { "tags!~jazz", "bde" }, { "tags=live|talk", "ab" }, { "tags!=live", "bcde" },
		{ "tags=jazz;live", "" },
		{ "seconds<600", "ac" }, { "seconds<=300", "ac" }, { "seconds<300", "c" }, { "seconds>300", "b" }, { "seconds>=300", "ab" }, { "seconds=300.0", "a" },
		{ "seconds=100|3600.5", "bc" }, { "seconds!=100", "abde" }, { "seconds~00", "ab" }, { "seconds!~00", "cde" },
		{ "released=2020", "abc" },	/* c: in UTC */
		{ "released=2020-05", "a" }, { "released=2020-05-17", "a" }, { "released=2020-05-17T00:00", "" }, { "released<2020-05-17T00:00:00Z", "abc" },
		{ "released=2020-01-01", "c" }, { "released=2020-01-01T00:30", "c" }, { "released=2020-01-01T01:30:00+01:00", "c" }, { "released>2020-01-01T00:29:59Z", "ac" },
		{ "released>=2020", "abc" }, { "released>2020", "" }, { "released<2020", "" }, { "released<=2020", "abc" }, { "released>2019", "abc" },
		{ "released<2020-01", "b" }, { "released<=2020-01", "bc" }, { "released>2020-01", "a" }, { "released>=2020-01-01", "ac" }, { "released!=2020", "de" },
		{ "released!=2020-05", "bcde" }, { "released=1999|2020-05", "a" }, { "released~05", "a" }, { "released=0000", "" },
		{ "bpm>100", "a" }, { "bpm<0", "c" }, { "bpm<=120", "ac" }, { "bpm=fast", "b" }, { "bpm=120.0", "" }, { "bpm!=120", "bcde" }, { "bpm~AS", "b" },
		{ "x y=1", "b" }, { "nothing=1", "" }, { "nothing!=1", "abcde" }, { "nothing<1", "" }, { "nothing!~1", "abcde" },
		{ "kind=music && tags=jazz", "a" }, { "kind=music|podcast && seconds>300 && released=2020", "b" }, { "tags!=live && tags!=talk && title!~x", "cde" },
	};
	char got[16];

	(void)state;
	assert_string_equal(held("title~ x", got), "");		/* a blank is looked for */
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		if (strcmp(held(t[i].condition, got), t[i].want))
			fail_msg("%s: '%s', wanted '%s'", t[i].condition, got, t[i].want);
}

static void one_of_less_is_and_more_holds(void **state)
{
	static const char *const date[] = { "0000", "1999", "2020", "2020-01", "2020-01-01", "2020-01-01T00:00:00Z", "2020-01-01 00:00:01", "2020-02-29", "2020-12", "9999-12-31T23:59:59Z" };
	enum { N = sizeof date / sizeof *date };
	struct err e = { 0 };
	struct items it;
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < N; i++)
		buf_printf(&b, "%zu\t\t\t\t\t%s\n", i, date[i]);
	assert_int_equal(items_load(&it, mem_path(b.p, b.len, MEM_MAPPED), false, NULL, NULL, &e), 0);
	for (size_t i = 0; i < N; i++) {
		static const char *const op[] = { "<", "=", ">", "<=", ">=", "!=" };
		struct where w[6];
		for (size_t o = 0; o < 6; o++) {
			buf_reset(&b);
			buf_printf(&b, "released%s%s", op[o], date[i]);
			assert_int_equal(where_parse(&w[o], b.p, &e), 0);
		}
		for (size_t k = 0; k < N; k++) {
			bool h[6];
			for (size_t o = 0; o < 6; o++)
				h[o] = where_holds(&w[o], 1, &it, it.id.str[k]);
			assert_int_equal(h[0] + h[1] + h[2], 1);
			assert_int_equal(h[3], h[0] || h[1]);
			assert_int_equal(h[4], h[2] || h[1]);
			assert_int_equal(h[5], !h[1]);
			/* the dates above stand in their order */
			if (k < i)
				assert_false(h[2] && !strncmp(date[k], date[i], strlen(date[k])));
			if (k == i)
				assert_true(h[1]);
		}
		for (size_t o = 0; o < 6; o++)
			where_release(&w[o]);
	}
	items_release(&it);
	buf_release(&b);
}

static void faults_are_told_with_their_place(void **state)
{
	static const struct { const char *text, *want; } t[] = {
		{ "", "condition '', byte 1: no operator (= != < <= > >= ~ !~) behind the name" },
		{ "kind", "condition 'kind', byte 5: no operator (= != < <= > >= ~ !~) behind the name" },
		{ "=x", "condition '=x', byte 1: no name before the operator" },
		{ "kind!x", "condition 'kind!x', byte 5: '!' is no operator: != or !~" },
		{ "kind!", "condition 'kind!', byte 5: '!' is no operator: != or !~" },
		{ "kind==x", "condition 'kind==x', byte 5: '==' is no operator: one of = != < <= > >= ~ !~" },
		{ "kind=~x", "condition 'kind=~x', byte 5: '=~' is no operator: one of = != < <= > >= ~ !~" },
		{ " kind=x", "condition ' kind=x', byte 1: a blank beside the name" },
		{ "kind =x", "condition 'kind =x', byte 5: a blank beside the name" },
		{ "kind=", "condition 'kind=', byte 6: no value" },
		{ "kind!=", "condition 'kind!=', byte 7: no value" },
		{ "seconds<", "condition 'seconds<', byte 9: no value" },
		{ "kind=a||b", "condition 'kind=a||b', byte 8: a value is empty" },
		{ "kind=|b", "condition 'kind=|b', byte 6: a value is empty" },
		{ "kind=a|", "condition 'kind=a|', byte 8: a value is empty" },
		{ "kind= x", "condition 'kind= x', byte 6: a blank before the value" },
		{ "kind=y|\tx", "condition 'kind=y|?x', byte 8: a blank before the value" },
		{ "seconds<abc", "condition 'seconds<abc', byte 9: 'abc' is not a number" },
		{ "seconds<nan", "condition 'seconds<nan', byte 9: 'nan' is not a number" },
		{ "seconds=1|x", "condition 'seconds=1|x', byte 11: 'x' is not a number" },
		{ "seconds<1|2", "condition 'seconds<1|2', byte 9: '1|2' is not a number" },
		{ "bpm<a", "condition 'bpm<a', byte 5: 'a' is not a number" },
		{ "released>20", "condition 'released>20', byte 10: '20' is not a date (YYYY, YYYY-MM, YYYY-MM-DD, or one with a time)" },
		{ "title<b", "condition 'title<b', byte 6: title has no order: only released, seconds and extras have one" },
		{ "tags>=b", "condition 'tags>=b', byte 5: tags has no order: only released, seconds and extras have one" },
		{ "item<b", "condition 'item<b', byte 5: item has no order: only released, seconds and extras have one" },
	};
	static const char *const no_date[] = { "2020-13", "2020-00", "2020-1", "2020-02-30", "20200517", "2020-05-17T", "2020-05-17T25:00", "1600000000", "123e-50000", "2020/05", "0000-01-01T00:00+01:00" };

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct err e = { 0 };
		struct where w;
		assert_int_equal(where_parse(&w, t[i].text, &e), ERR_USAGE);
		if (strcmp(e.msg, t[i].want))
			fail_msg("'%s', wanted '%s'", e.msg, t[i].want);
	}
	for (size_t i = 0; i < sizeof no_date / sizeof *no_date; i++) {
		struct err e = { 0 };
		struct where w;
		char text[64];
		snprintf(text, sizeof text, "released=%s", no_date[i]);
		if (!where_parse(&w, text, &e))
			fail_msg("%s was taken", text);
		assert_non_null(strstr(e.msg, "is not a date"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_hold_for_what_they_say),
		cmocka_unit_test(one_of_less_is_and_more_holds),
		cmocka_unit_test(faults_are_told_with_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
