/* tsv: fields in and out, escapes, and what is refused in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mem-file.h"
#include "../lib/base/rng.h"
#include "../lib/io/tsv.h"

/* Cut one line (as it stands in a file) and show the fields parted by '|', or the error behind the file's name. */
static const char *cut(const char *text, size_t n, size_t max)
{
	static char out[512];
	struct err e = { 0 };
	struct str field[8];
	struct line l;
	size_t at = 0;
	int fd;
	struct file *f = mem_file(text, n, AS_FILE, &fd);

	line_init(&l, f);
	if (line_next(&l, &e) != 1) {
		strcpy(out, "no line");
		goto done;
	}
	int64_t k = tsv_split(&l, field, max, &e);
	if (k < 0) {
		snprintf(out, sizeof out, "%s", strchr(e.msg + 5, ':') + 1);
		assert_int_equal(e.code, ERR_DATA);
		assert_int_equal(k, ERR_DATA);
	} else {
		at += (size_t)snprintf(out, sizeof out, "%d:", (int)k);
		for (size_t i = 0; i < (size_t)k && i < max; i++)
			at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s", i ? "|" : "", (int)field[i].len, field[i].p);
	}
done:
	line_release(&l);
	file_close(f);
	close(fd);
	return out;
}
#define CUT(text) cut(text, sizeof text - 1, 8)

static void fields(void **state)
{
	(void)state;
	assert_string_equal(CUT("a\tb\tc\n"), "3:a|b|c");
	assert_string_equal(CUT("a\tb\tc"), "3:a|b|c");
	assert_string_equal(CUT("a\t\t\r\n"), "3:a||");
	assert_string_equal(CUT("\n"), "1:");
	assert_string_equal(CUT("\t\n"), "2:|");
	assert_string_equal(CUT(" a b \t c\n"), "2: a b | c");
	assert_string_equal(CUT("\xff\xfe\t\"q\"\n"), "2:\xff\xfe|\"q\"");
	assert_string_equal(cut("1\t2\t3\t4", 7, 2), "4:1|2");
}

static void escapes(void **state)
{
	(void)state;
	assert_string_equal(CUT("a\\tb\tc\\nd\t\\\\\t\\r\n"), "4:a\tb|c\nd|\\|\r");
	assert_string_equal(CUT("\\\\t\n"), "1:\\t");
	assert_string_equal(CUT("a\tb\\x\n"), "1: field 2: a backslash is not followed by t, n, r or a backslash in 'b\\x'");
	assert_string_equal(CUT("\\t\\\n"), "1: field 1: a backslash is not followed by t, n, r or a backslash in '\\t\\'");
	assert_string_equal(CUT("a\tb\t\\N\n"), "1: field 3: a backslash is not followed by t, n, r or a backslash in '\\N'");
	assert_string_equal(CUT("a\tb\0c\n"), "1: field 2: there is a NUL byte in the line");
	assert_string_equal(CUT("0123456789012345678901234567890123456789012345678901234567890\\q\n"),
			    "1: field 1: a backslash is not followed by t, n, r or a backslash in '0123456789012345678901234567890123456789...'");
}

/* Fields of any bytes but NUL come back as they went in, whatever the pieces they are read in. */
static void round_trip(void **state)
{
	static const char alphabet[] = "ab\t\n\r\\tnr \xc3\xa9\xff\"',\x01";
	struct pcg32 r;
	struct buf text = { 0 };
	char want[8][40];
	size_t len[8];

	(void)state;
	pcg32_seed(&r, 1, 2);
	for (int round = 0; round < 3000; round++) {
		size_t n = 1 + pcg32_bounded(&r, 8);
		buf_reset(&text);
		for (size_t i = 0; i < n; i++) {
			len[i] = pcg32_bounded(&r, round % 40 + 1);
			for (size_t k = 0; k < len[i]; k++)
				want[i][k] = alphabet[pcg32_bounded(&r, sizeof alphabet - 1)];
			if (i)
				buf_putc(&text, '\t');
			tsv_put(&text, want[i], len[i]);
		}
		buf_putc(&text, '\n');
		struct err e = { 0 };
		struct str field[8];
		struct line l;
		int fd;
		struct file *f = mem_file(text.p, text.len, round % 2 ? AS_FILE : (int)text.len / 200 + 1, &fd);
		line_init(&l, f);
		assert_int_equal(line_next(&l, &e), 1);
		assert_int_equal(tsv_split(&l, field, 8, &e), n);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(field[i].len, len[i]);
			assert_memory_equal(field[i].p, want[i], len[i]);
		}
		assert_int_equal(line_next(&l, &e), 0);
		line_release(&l);
		file_close(f);
		close(fd);
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(escapes),
		cmocka_unit_test(round_trip),
	};
	return cmocka_run_group_tests(test, NULL, NULL);
}
