/*
 * json: what is taken, what is refused and where, values by path, whatever the pieces the text is read in.
 * With arguments it is a tool for t-json.sh: u-json FILE [PATH...] prints an array of the values of each object, missing as null. Exit 4 with the sentence on a fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "mem-file.h"
#include "../lib/base/rng.h"
#include "../lib/io/json.h"

/* Each object as LINE{type text,...}, then the fault behind the file's name. */
static void show(char *out, size_t cap, const char *text, size_t n, int how, bool skips)
{
	static const char *const path[] = { "a", "b.c", "b.d.e", "a" };
	struct err e = { 0 };
	const struct json_value *v;
	size_t at = 0;
	int fd, r;
	struct file *f = mem_file(text, n, how, &fd);
	struct json *j = json_open(f, NULL, path, 4, &e);

	*out = '\0';
	for (;;) {
		while ((r = json_next(j, &v, &e)) == 1) {
			at += (size_t)snprintf(out + at, cap - at, "%d{", (int)json_line(j));
			for (int i = 0; i < 3; i++)
				at += (size_t)snprintf(out + at, cap - at, "%s%c%.*s", i ? "," : "", "-0ftns{["[v[i].type], (int)v[i].text.len, v[i].text.p);
			assert_int_equal(v[3].type, v[0].type);		/* a path asked for twice */
			assert_int_equal(v[3].text.len, v[0].text.len);
			at += (size_t)snprintf(out + at, cap - at, "}");
			struct str whole = json_text(j);
			assert_true(whole.len >= 2 && whole.p[0] == '{' && whole.p[whole.len - 1] == '}');
		}
		if (!skips || r == 0)
			break;
		if (json_skip_line(j, &e) != 1)
			break;
		e = (struct err){ 0 };
		struct str t = json_text(j);
		at += (size_t)snprintf(out + at, cap - at, "!%d<%.*s>", (int)json_line(j), (int)t.len - (t.len && t.p[t.len - 1] == '\n'), t.p);
	}
	if (r < 0) {
		struct err again = { 0 };
		assert_int_equal(e.code, ERR_DATA);
		snprintf(out + at, cap - at, "%s", strchr(e.msg + 5, ':'));
		assert_int_equal(json_next(j, &v, &again), ERR_DATA);	/* it sticks */
		assert_string_equal(again.msg, e.msg);
	} else {
		assert_int_equal(json_next(j, &v, &e), 0);
	}
	json_close(j);
	file_close(f);
	close(fd);
}

static const int hows[] = { AS_FILE, AS_PIPE, 1, 2, 3, 7 };

static void check(const char *text, size_t n, const char *want, bool skips)
{
	char out[1024];

	for (size_t h = 0; h < sizeof hows / sizeof *hows; h++) {
		show(out, sizeof out, text, n, hows[h], skips);
		assert_string_equal(out, want);
	}
}
#define CHECK(text, want) check(text, sizeof text - 1, want, false)

static void objects(void **state)
{
	(void)state;
	CHECK("", "");
	CHECK(" \n\t\r\n", "");
	CHECK("{}", "1{-,-,-}");
	CHECK("{\"a\":1}\n{\"a\":2}\n", "1{n1,-,-}2{n2,-,-}");
	CHECK("{\"a\":1}{\"a\":2}", "1{n1,-,-}1{n2,-,-}");
	CHECK("[]", "");
	CHECK("[ ] [\n] {} []", "2{-,-,-}");
	CHECK("[{\"a\":1},\n{\"a\":2}\n]\n[{\"a\":3}]{\"a\":4}", "1{n1,-,-}2{n2,-,-}4{n3,-,-}4{n4,-,-}");
	CHECK("\xef\xbb\xbf{\"a\":1}", "1{n1,-,-}");
	CHECK("{\"x\":[1,{\"a\":2}],\"a\":\"s\",\"b\":{\"c\":null,\"d\":{\"e\":true}}}", "1{ss,0null,ttrue}");
	CHECK("{\"a\":{\"x\":[ 1 ]},\"b\":[{\"c\":1}]}", "1{{{\"x\":[ 1 ]},-,-}");
	CHECK("{\"a\":[1,\n\n2],\n\"b\":{\"c\":false}}\n{}", "1{[[1,\n\n2],ffalse,-}5{-,-,-}");
	CHECK("{\"a\":12345678901234567890,\"b\":{\"c\":-0.5e+10}}", "1{n12345678901234567890,n-0.5e+10,-}");
	CHECK("{\"b.c\":1,\"\":2}", "1{-,-,-}");
	CHECK("{\"a\":\"\"}", "1{s,-,-}");
}

static void last_wins(void **state)
{
	(void)state;
	CHECK("{\"a\":1,\"a\":\"x\"}", "1{sx,-,-}");
	CHECK("{\"b\":{\"c\":1,\"d\":{\"e\":2}},\"b\":{\"c\":3}}", "1{-,n3,-}");
	CHECK("{\"b\":{\"c\":1},\"b\":5}", "1{-,-,-}");
	CHECK("{\"a\":1}{}", "1{n1,-,-}1{-,-,-}");
}

static void strings(void **state)
{
	(void)state;
	CHECK("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "1{s\"\\/\b\f\n\r\t,-,-}");
	CHECK("{\"a\":\"x\\u00e9\\u20ac\\ud83d\\ude00y\"}", "1{sx\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80y,-,-}");
	CHECK("{\"\\u0061\":\"\\u004A\",\"\\u0062\":{\"\\u0063\":1}}", "1{sJ,n1,-}");
	CHECK("{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"}", "1{s\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f,-,-}");
	CHECK("{\"a\":\"\\\\\",\"b\":{\"c\":\"\\\\\\\\\"}}", "1{s\\,s\\\\,-}");
	CHECK("{\"a\":\"0123456\\n89abcdef\\tg\",\"x\":\"\\n\"}", "1{s0123456\n89abcdef\tg,-,-}");
}

static void faults(void **state)
{
	(void)state;
	CHECK("{", ":1:2: a member's name, in quotes, should stand here");
	CHECK("[", ":1:2: the input ends within an array");
	CHECK("[{}", "1{-,-,-}:1:4: the input ends within an array");
	CHECK("{\"a\":1]", ":1:7: a comma or } should stand here, at ']'");
	CHECK("{\"a\" 1}", ":1:6: a colon should stand here, at '1}'");
	CHECK("{\"a\":}", ":1:6: not a JSON value, at '}'");
	CHECK("{\"a\":", ":1:6: the input ends where a value should be");
	CHECK("{\"a\":1,}", ":1:8: a member's name, in quotes, should stand here, at '}'");
	CHECK("{,}", ":1:2: a member's name, in quotes, should stand here, at ',}'");
	CHECK("{\"a\":[1,]}", ":1:9: not a JSON value, at ']}'");
	CHECK("{\"a\":[1 2]}", ":1:9: a comma or ] should stand here, at '2]}'");
	CHECK("{a:1}", ":1:2: a member's name, in quotes, should stand here, at 'a:1}'");
	CHECK("{'a':1}", ":1:2: a member's name, in quotes, should stand here, at ''a':1}'");
	CHECK("{1:1}", ":1:2: a member's name, in quotes, should stand here, at '1:1}'");
	CHECK("[{},]", "1{-,-,-}:1:5: an object, or an array of them, should stand here, at ']'");
	CHECK("[,{}]", ":1:2: an object, or an array of them, should stand here, at ',{}]'");
	CHECK("[{} {}]", "1{-,-,-}:1:5: a comma or ] should stand here, at '{}]'");
	CHECK("[[{}]]", ":1:2: an array within an array, where objects are wanted, at '[{}]]'");
	CHECK("[1]", ":1:2: an object, or an array of them, should stand here, at '1]'");
	CHECK("{},{}", "1{-,-,-}:1:3: an object, or an array of them, should stand here, at ',{}'");
	CHECK("]", ":1:1: an object, or an array of them, should stand here, at ']'");
	CHECK("{}\n\"a\"\n", "1{-,-,-}:2:1: an object, or an array of them, should stand here, at '\"a\"'");
	CHECK("{}\n{\"a\":\n  tru}", "1{-,-,-}:3:6: not a JSON value, at '}'");
	CHECK("{\"a\":nulL}", ":1:9: not a JSON value, at 'L}'");
	CHECK("\xef\xbb\xbf{\"a\" 1}", ":1:6: a colon should stand here, at '1}'");
}

static void fault_of(const char *value, const char *what)
{
	char text[128], out[256];
	int n = snprintf(text, sizeof text, "{\"a\":%s}", value);

	for (size_t h = 0; h < sizeof hows / sizeof *hows; h++) {
		show(out, sizeof out, text, (size_t)n, hows[h], false);
		if (!strstr(out, what))
			fail_msg("%s: %s", value, out);
	}
}

static void value_faults(void **state)
{
	static const char *const number[] = { "01", "-01", "00" }, *const digit[] = { "-", "1.", "1.e1", "1e", "1e+", "-a", "0.", "0.e1" },
		*const value[] = { "+1", ".5", "NaN", "Infinity", "True", "0x10" },
		*const utf8[] = { "\"\x80\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xe0\x80\x80\"", "\"\xed\xa0\x80\"", "\"\xf0\x80\x80\x80\"", "\"\xf4\x90\x80\x80\"",
			"\"\xf5\x80\x80\x80\"", "\"\xff\"", "\"\xc3\"", "\"\xe2\x82\"", "\"\xc3(\"", "\"\xf0\x9f\x98\"", "\"abcdefgh\xe2(\xa1\"" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		fault_of(number[i], "a number may not begin with 0");
	for (size_t i = 0; i < 8; i++)
		fault_of(digit[i], "a number wants a digit here");
	for (size_t i = 0; i < 5; i++)
		fault_of(value[i], "not a JSON value");
	fault_of(value[5], "a comma or } should stand here");
	for (size_t i = 0; i < 14; i++)
		fault_of(utf8[i], "not UTF-8");
	fault_of("\"\\x\"", "a backslash wants one of");
	fault_of("\"\\u12G4\"", "\\u wants four hex digits");
	fault_of("\"\\u12\"", "\\u wants four hex digits");
	fault_of("\"\\ud83d\"", "the first half of a surrogate pair without the second");
	fault_of("\"\\ud83d\\n\"", "the first half of a surrogate pair without the second");
	fault_of("\"\\ud83d\\u0041\"", "the first half of a surrogate pair without the second");
	fault_of("\"\\ude00\"", "the second half of a surrogate pair without the first");
	fault_of("\"a\tb\"", "a control character (9) stands bare in a string");
	fault_of("\"abcdefghijklmnop\nb\"", "a control character (10) stands bare in a string");
	fault_of("\"abc", "the input ends within a string");
	fault_of("\"abc\\", "a backslash wants one of");
	CHECK("{\"a\":\"x\0y\"}", ":1:8: a control character (0) stands bare in a string, at '?y\"}'");
	CHECK("{\"a\":1\0}", ":1:7: a comma or } should stand here, at '?}'");
	CHECK("\0{}", ":1:1: an object, or an array of them, should stand here, at '?{}'");
	CHECK("{\"a\":\"\xe2\x82\0\"}", ":1:9: not UTF-8, at '?\"}'");
}

static void depth(void **state)
{
	char text[600], out[256];

	(void)state;
	for (int n = 63; n < 66; n++) {
		size_t at = (size_t)sprintf(text, "{\"x\":");
		for (int i = 1; i < n; i++)
			text[at++] = '[';
		for (int i = 1; i < n; i++)
			text[at++] = ']';
		text[at++] = '}';
		show(out, sizeof out, text, at, AS_FILE, false);
		if (n <= JSON_DEPTH_MAX)
			assert_string_equal(out, "1{-,-,-}");
		else
			assert_non_null(strstr(out, "nested deeper than 64"));
	}
	memset(text, '[', sizeof text);
	show(out, sizeof out, text, sizeof text, AS_PIPE, false);
	assert_non_null(strstr(out, "an array within an array"));
}

#define SKIP(text, want) check(text, sizeof text - 1, want, true)

static void skipping(void **state)
{
	(void)state;
	SKIP("{\"a\":1}\n{\"a\":\n{\"a\":3}\n", "1{n1,-,-}!2<{\"a\":>3{n3,-,-}");
	SKIP("{\"a\":tru}\nnoise\n\n{\"a\":3}\n{\"a\":\"x", "!1<{\"a\":tru}>!2<noise>4{n3,-,-}!5<{\"a\":\"x>");
	SKIP("{\"a\":1} x {\"a\":2}\n{\"a\":3}", "1{n1,-,-}!1<x {\"a\":2}>2{n3,-,-}");
	SKIP("{\"a\":1\n{\"a\":3}\n{\"a\":4", "!1<{\"a\":1>2{n3,-,-}!3<{\"a\":4>");
	SKIP(" {\"a\":\n {\"a\":3}\n {\"a\":4}\n", "!1<{\"a\":>2{n3,-,-}3{n4,-,-}");
	SKIP("[{\"a\":1},\n5,\n{}]", "1{n1,-,-}:2:1: an object, or an array of them, should stand here, at '5,'");
}

/* An object over several lines is not taken apart. */
static void not_skipping(void **state)
{
	(void)state;
	SKIP("{\"a\":1,\n \"b\":[\n{\"a\":2}\n],\"x\":oops}\n{\"a\":3}", ":4:7: not a JSON value, at 'oops}'");
	SKIP("{\"a\":1 \"x\":2,\n\"b\":[\n{\"a\":2}\n]}\n", ":1:8: a comma or } should stand here, at '\"x\":2,'");
	SKIP("{\"x\":tru,\"b\":[\n  {\"a\":2}\n]}\n", ":1:9: not a JSON value, at ',\"b\":['");
	SKIP("{\n  \"b\":[\n{\"a\":2}\n", ":4:1: a comma or ] should stand here");
	SKIP("{\n{\"a\":2}, 5}\n{\"a\":3}\n", "!1<{>2{n2,-,-}!2<, 5}>3{n3,-,-}");	/* as if torn */
}

/* Objects about the size of the buffer, an object over the cap, and a line number far down. */
static void large(void **state)
{
	static const char *const path[] = { "s", "n" };
	struct buf b = { 0 };
	struct err e = { 0 };
	const struct json_value *v;
	int fd;
	char want[32];

	(void)state;
	for (int i = 0; i < 300; i++) {
		buf_printf(&b, "{\"n\":%d,\n\"s\":\"\\n", i);
		for (int k = 0; k < i * 31; k++)
			buf_put(&b, "0123456789abcdefg", 17);
		buf_puts(&b, "\"}\n");
	}
	struct file *f = mem_file(b.p, b.len, AS_FILE, &fd);
	struct json *j = json_open(f, NULL, path, 2, &e);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(json_next(j, &v, &e), 1);
		assert_int_equal(json_line(j), 2 * i + 1);
		assert_int_equal(v[0].text.len, 1 + i * 31 * 17);
		assert_int_equal(v[0].text.p[0], '\n');
		sprintf(want, "%d", i);
		assert_int_equal(v[1].text.len, strlen(want));
		assert_memory_equal(v[1].text.p, want, strlen(want));
	}
	assert_int_equal(json_next(j, &v, &e), 0);
	json_close(j);
	file_close(f);
	close(fd);
	buf_reset(&b);
	buf_puts(&b, "{}\n{\"s\":\"");
	size_t n = JSON_OBJECT_MAX + (2 << 20);
	memset(buf_reserve(&b, n), 'x', n);
	b.len += n;
	f = mem_file(b.p, b.len, AS_FILE, &fd);
	j = json_open(f, NULL, path, 2, &e);
	assert_int_equal(json_next(j, &v, &e), 1);
	assert_int_equal(json_next(j, &v, &e), ERR_DATA);
	assert_non_null(strstr(e.msg, ":2: the object that begins here is longer than 64 MB"));
	assert_int_equal(json_skip_line(j, &e), 0);
	json_close(j);
	file_close(f);
	close(fd);
	buf_release(&b);
}

/* What json_put writes is JSON and comes back, invalid bytes as U+FFFD. */
static void round_trip(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "", "\"\"" }, { "a\"b\\", "\"a\\\"b\\\\\"" }, { "\n\t\r\b\f\x01", "\"\\n\\t\\r\\b\\f\\u0001\"" }, { "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
		{ "a\xff" "b", "\"a\xef\xbf\xbd" "b\"" }, { "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" }, { "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "/\x7f", "\"/\x7f\"" },
	};
	static const char *const path[] = { "a" };
	struct buf b = { 0 };
	struct pcg32 r;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		buf_reset(&b);
		json_put(&b, t[i].in, strlen(t[i].in));
		assert_string_equal(b.p, t[i].out);
	}
	pcg32_seed(&r, 11, 12);
	for (int round = 0; round < 2000; round++) {
		struct err e = { 0 };
		const struct json_value *v;
		char s[64];
		size_t n = pcg32_bounded(&r, sizeof s);
		for (size_t i = 0; i < n; i++)
			s[i] = (char)(round % 2 ? pcg32_bounded(&r, 128) : pcg32_next(&r));
		buf_reset(&b);
		buf_puts(&b, "{\"a\":");
		json_put(&b, s, n);
		buf_putc(&b, '}');
		int fd;
		struct file *f = mem_file(b.p, b.len, round % 3 ? AS_FILE : 5, &fd);
		struct json *j = json_open(f, NULL, path, 1, &e);
		assert_int_equal(json_next(j, &v, &e), 1);
		assert_int_equal(v->type, JSON_STRING);
		if (round % 2) {	/* ASCII, NUL among it: the same */
			assert_int_equal(v->text.len, n);
			assert_memory_equal(v->text.p, s, n);
		}
		json_close(j);
		file_close(f);
		close(fd);
	}
	buf_release(&b);
}

/* The objects at a path, one { x } each, then the fault. */
static void objects_at(void **state)
{
	static const struct { const char *at, *text, *want; } t[] = {
		{ "r.t", "{\"a\":{\"t\":[1]},\"r\":{\"u\":7,\"t\":[{\"x\":1},{\"x\":2}],\"v\":[[]]},\"z\":null}", "12" },
		{ "r.t", "{\"r\":{\"t\":{\"x\":1}}}{\"r\":{\"t\":[]}}", "1" },
		{ "r.t", "[{\"r\":[{\"t\":{\"x\":1}},{\"t\":[{\"x\":2},{\"x\":3}]}]},\n{\"r\":{\"t\":{\"x\":4}}}]", "1234" },
		{ "t", "[{\"\\u0074\":{\"x\":5}}]", "5" },
		{ "t", "{\"t\":null}", "" },
		{ "t", "[]", "" },
		{ "t", "{\"t\":[{\"x\":1}]}x", "1:1:16: an object, or an array of them, should stand here, at 'x'" },
		{ "t", "{\"u\":[{\"x\":1}]}", ":1:15: the object that ends here has no member 't', at '}'" },
		{ "t", "{\"t\":3}", ":1:6: 't' should hold objects, at '3}'" },
		{ "t", "{\"t\":[[]]}", ":1:7: an array within an array, where objects are wanted, at '[]]}'" },
		{ "t", "{\"t\":[{\"x\":1},]}", "1:1:15: an object, or an array of them, should stand here, at ']}'" },
		{ "t", "{\"t\":[{\"x\":1}],}", "1:1:16: a member's name, in quotes, should stand here, at '}'" },
		{ "t", "{\"t\":[{\"x\":1}]", "1:1:15: the input ends within an object" },
		{ "t", "{\"t\":[{\"x\":1}", "1:1:14: the input ends within an array" },
		{ "t", "{\"t\":[],\"t\":[]}", ":1:13: a second member 't', at '[]}'" },
		{ "t", "{\"s\":[1,}", ":1:9: not a JSON value, at '}'" },
	};
	static const char *const path[] = { "x" };

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		for (int how = AS_FILE; how < 4; how++) {
			const struct json_value *v;
			struct err e = { 0 };
			char out[512] = "";
			int fd, r;
			struct file *f = mem_file(t[i].text, strlen(t[i].text), how, &fd);
			struct json *j = json_open(f, t[i].at, path, 1, &e);
			while ((r = json_next(j, &v, &e)) == 1)
				strncat(out, v->text.p, v->text.len);
			if (r < 0)
				strcat(out, strchr(e.msg + 5, ':'));
			assert_string_equal(out, t[i].want);
			json_close(j);
			file_close(f);
			close(fd);
		}
	struct json *j = json_open_text("list", path, 1);
	const struct json_value *v;
	struct err e = { 0 };
	json_feed(j, (struct str){ "[{\"x\":1},{\"x\":\"b\"}]", 19 }, 7);
	assert_int_equal(json_next(j, &v, &e), 1);
	json_feed(j, (struct str){ "[{\"x\":3}]", 8 }, 8);
	assert_int_equal(json_next(j, &v, &e), 1);
	assert_memory_equal(v->text.p, "3", 1);
	assert_int_equal(json_next(j, &v, &e), ERR_DATA);
	assert_string_equal(e.msg, "list:8:9: the input ends within an array");
	json_close(j);
}

static int tool(char **arg, int n)
{
	struct err e = { 0 };
	const struct json_value *v;
	struct buf b = { 0 };
	int r = -1;
	struct file *f = file_open(arg[0], &e);
	struct json *j = f ? json_open(f, NULL, (const char *const *)arg + 1, (size_t)n - 1, &e) : NULL;

	while (j && (r = json_next(j, &v, &e)) == 1) {
		for (int i = 0; i < n - 1; i++) {
			buf_putc(&b, i ? ',' : '[');
			if (v[i].type == JSON_STRING)
				json_put(&b, v[i].text.p, v[i].text.len);
			else if (v[i].type == JSON_MISSING)
				buf_puts(&b, "null");
			else
				buf_put(&b, v[i].text.p, v[i].text.len);
		}
		buf_putc(&b, ']');
		buf_putc(&b, '\n');
	}
	if (b.len)
		fwrite(b.p, 1, b.len, stdout);
	if (r < 0)
		fprintf(stderr, "u-json: %s\n", e.msg);
	json_close(j);
	file_close(f);
	buf_release(&b);
	return r < 0 ? err_exit(e.code) : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(objects),
		cmocka_unit_test(last_wins),
		cmocka_unit_test(strings),
		cmocka_unit_test(faults),
		cmocka_unit_test(value_faults),
		cmocka_unit_test(depth),
		cmocka_unit_test(skipping),
		cmocka_unit_test(not_skipping),
		cmocka_unit_test(large),
		cmocka_unit_test(round_trip), cmocka_unit_test(objects_at),
	};
	return argc > 1 ? tool(argv + 1, argc - 1) : cmocka_run_group_tests(test, NULL, NULL);
}
