/* context: each key in both spellings of a list, what cannot be read, what is not known, the order in which keys count, and hour and day of times on both sides of 1970. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lib/rank/context.h"

static struct context_words words;
static size_t unknown, bad;

static struct context read_at(int64_t time, const char *text, bool adds)
{
	struct context c;

	bad = 0;
	unknown = context_read(&c, &words, time, (struct str){ text, strlen(text) }, adds, &bad);
	return c;
}

static void each_key_is_read(void **state)
{
	static const char *const texts[] = { "device=tv;place=home;mood=calm;intent=wake;heart_rate=120;hour=7.5;day=tue", ",;day=1,hour=0.75e1,heart_rate=120.0,intent=wake;;mood=calm,place=home;device=tv;" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct context c = read_at(TIME_NONE, texts[i], true);
		const uint8_t at[CONTEXT_KEYS] = { 3, 2, 1, 1, 1, 1, 3 };
		assert_memory_equal(c.at, at, sizeof at);
		assert_true(c.hour == 7.5f && c.pulse == 120 && c.time == TIME_NONE);
		assert_true(!unknown && !bad);
	}
	struct context c = read_at(TIME_NONE, "", false);
	assert_true(isnan(c.hour) && isnan(c.pulse) && !c.at[CONTEXT_HOUR] && !c.at[CONTEXT_DEVICE]);
	for (int k = 0; k < CONTEXT_KEYS; k++)
		assert_int_equal(context_has_words((enum context_key)k), k >= CONTEXT_DEVICE && k <= CONTEXT_INTENT);
	assert_string_equal(context_name(CONTEXT_PULSE), "pulse");
	assert_string_equal(context_name(CONTEXT_HOUR), "hour");
	assert_int_equal(context_codes(&words, CONTEXT_HOUR), 8);
	assert_int_equal(context_codes(&words, CONTEXT_DAY), 7);
	assert_int_equal(context_codes(&words, CONTEXT_DEVICE), 1);
	assert_int_equal(context_codes(&words, CONTEXT_PULSE), 4);
	context_release(&words);
	words = (struct context_words){ 0 };
}

static void what_has_an_order_is_cut(void **state)
{
	static const struct { const char *text; int key, at; } want[] = {
		{ "hour=0", CONTEXT_HOUR, 1 }, { "hour=2.999", CONTEXT_HOUR, 1 }, { "hour=3", CONTEXT_HOUR, 2 }, { "hour=23.99", CONTEXT_HOUR, 8 }, { "heart_rate=20", CONTEXT_PULSE, 1 },
		{ "heart_rate=89.9", CONTEXT_PULSE, 1 }, { "heart_rate=90", CONTEXT_PULSE, 2 }, { "heart_rate=120", CONTEXT_PULSE, 3 }, { "heart_rate=150", CONTEXT_PULSE, 4 },
		{ "heart_rate=250", CONTEXT_PULSE, 4 }, { "day=mon", CONTEXT_DAY, 1 }, { "day=sun", CONTEXT_DAY, 7 }, { "day=0", CONTEXT_DAY, 1 }, { "day=6", CONTEXT_DAY, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		assert_int_equal(read_at(TIME_NONE, want[i].text, false).at[want[i].key], want[i].at);
}

static void what_cannot_be_read_is_counted(void **state)
{
	static const char *const texts[] = { "hour=24", "hour=-1", "hour=", "hour", "hour=23.99999999999", "hour=nan", "hour=7h", "day=7", "day=Mon", "day=", "day=monday", "day=00", "heart_rate=19",
					     "heart_rate=251", "heart_rate=x", "device=", "device", "mood=", "time=", "time=soon", "time" };
	static const char *const strange[] = { "shuffle=1", "Device=tv", "devic=tv", "devices=tv", "=tv", "pulse=100", " hour=3", "\xff=\xfe" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct context c = read_at(TIME_NONE, texts[i], true);
		if (bad != 1 || unknown)
			fail_msg("'%s': %zu bad, %zu unknown", texts[i], bad, unknown);
		for (int k = 0; k < CONTEXT_KEYS; k++)
			assert_int_equal(c.at[k], 0);
	}
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
		read_at(TIME_NONE, strange[i], true);
		if (bad || unknown != 1)
			fail_msg("'%s': %zu bad, %zu unknown", strange[i], bad, unknown);
	}
	read_at(TIME_NONE, "a=1;b=2,hour=99;day=x;hour=3;c", true);
	assert_true(unknown == 3 && bad == 2);
	struct context c;
	assert_int_equal(context_read(&c, &words, TIME_NONE, (struct str){ "hour=99;x=", 10 }, true, NULL), 1);
	assert_int_equal(words.word[CONTEXT_DEVICE].n, 0);
	static const struct { const char *text, *key; } first[] = { { "", "" }, { ";,;", "" }, { "time=1,day=mon;hour=x;device=", "" }, { "hour=1,,a=1;b=2", "a" }, { "place;time=0;b", "b" }, { "device=a=b;=5;c", "" } };
	for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
		struct str key = context_stranger((struct str){ first[i].text, strlen(first[i].text) });
		assert_int_equal(key.len, strlen(first[i].key));
		assert_memory_equal(key.p, first[i].key, key.len);
	}
}

static void words_have_an_end(void **state)
{
	char text[32];

	(void)state;
	for (int i = 0; i < CONTEXT_WORDS + 3; i++) {
		sprintf(text, "device=d%d;place=same", i);
		struct context c = read_at(TIME_NONE, text, true);
		assert_int_equal(c.at[CONTEXT_DEVICE], i < CONTEXT_WORDS ? i + 1 : 0);
		assert_int_equal(c.at[CONTEXT_PLACE], 1);
		assert_true(!bad && !unknown);
	}
	assert_int_equal(words.word[CONTEXT_DEVICE].n, CONTEXT_WORDS);
	assert_int_equal(read_at(TIME_NONE, "device=d4", true).at[CONTEXT_DEVICE], 5);
	assert_int_equal(read_at(TIME_NONE, "place=other", false).at[CONTEXT_PLACE], 0);
	assert_int_equal(words.word[CONTEXT_PLACE].n, 1);
	assert_int_equal(read_at(TIME_NONE, "mood=a=b c\xff", true).at[CONTEXT_MOOD], 1);
	assert_memory_equal(words.word[CONTEXT_MOOD].str[0].p, "a=b c\xff", 6);
	context_release(&words);
	words = (struct context_words){ 0 };
}

static void times_say_hour_and_day(void **state)
{
	static const struct { int64_t time; double hour; int day; } want[] = {
		{ 0, 0, 4 }, { 86399, 23 + 3599 / 3600.0, 4 }, { 86400, 0, 5 }, { -1, 23 + 3599 / 3600.0, 3 }, { -86400, 0, 3 }, { -86401, 23 + 3599 / 3600.0, 2 }, { 1700000000, 22 + 800 / 3600.0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		struct context c = read_at(want[i].time, "", false);
		assert_float_equal(c.hour, want[i].hour, 1e-5);
		assert_int_equal(c.at[CONTEXT_DAY], want[i].day);
		assert_int_equal(c.at[CONTEXT_HOUR], 1 + (int)(want[i].hour / 3));
	}
	for (int i = 0; i < 3; i++) {		/* the ends of time are some hour of some day */
		struct context c = read_at(i ? i == 1 ? INT64_MAX : INT64_MIN + 1 : INT64_MIN + 86400, "", false);
		assert_true(c.hour >= 0 && c.hour < 24 && c.at[CONTEXT_DAY] >= 1 && c.at[CONTEXT_DAY] <= 7);
	}
	struct context c = read_at(0, "day=mon;time=2023-11-14T22:13:20Z", false);	/* the text's time over the event's, day over it wherever it stands */
	assert_int_equal(c.time, 1700000000);
	assert_int_equal(c.at[CONTEXT_DAY], 1);
	assert_int_equal(c.at[CONTEXT_HOUR], 8);
	c = read_at(0, "time=soon", false);
	assert_true(c.time == 0 && bad == 1);
}

static void one_text_over_another(void **state)
{
	struct context c = read_at(TIME_NONE, "device=tv;hour=5", true);

	(void)state;
	context_at(&c, 1700000000);			/* what is said stays */
	assert_true(c.time == 1700000000 && c.hour == 5 && c.at[CONTEXT_HOUR] == 2 && c.at[CONTEXT_DAY] == 2);
	context_at(&c, 0);
	assert_int_equal(c.time, 1700000000);
	assert_int_equal(context_put(&c, &words, (struct str){ "hour=9,device=tv,x=1", 20 }, false, NULL), 1);
	assert_true(c.hour == 9 && c.at[CONTEXT_HOUR] == 4 && c.at[CONTEXT_DAY] == 2 && c.at[CONTEXT_DEVICE] == 1);
	context_put(&c, &words, (struct str){ "device=fridge", 13 }, false, NULL);		/* something else, which nobody knows */
	assert_int_equal(c.at[CONTEXT_DEVICE], 0);
	context_put(&c, &words, (struct str){ "time=86400", 10 }, false, NULL);
	assert_true(c.time == 86400 && c.hour == 0 && c.at[CONTEXT_DAY] == 5);
	c = read_at(TIME_NONE, "", false);
	context_at(&c, TIME_NONE);
	assert_true(c.time == TIME_NONE && isnan(c.hour) && !c.at[CONTEXT_HOUR]);
	context_release(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_is_read),
		cmocka_unit_test(what_has_an_order_is_cut),
		cmocka_unit_test(what_cannot_be_read_is_counted),
		cmocka_unit_test(words_have_an_end),
		cmocka_unit_test(times_say_hour_and_day),
		cmocka_unit_test(one_text_over_another),
	};

	return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
