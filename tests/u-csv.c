/* csv: rows, line numbers and errors, whatever the pieces the text is read in. The traps are libcsv's (trimming, blank lines, open quotes). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "mem-file.h"
#include "../lib/base/rng.h"
#include "../lib/io/csv.h"

/* Every row as LINE[field|field], then the error behind the file's name, if there is one. */
static void show(char *out, size_t cap, const char *text, size_t n, char delim, int how)
{
	struct err e = { 0 };
	const struct str *field;
	size_t n_fields, at = 0;
	int fd, r;
	struct file *f = mem_file(text, n, how, &fd);
	struct csv *c = csv_open(f, delim, &e);

	*out = '\0';
	while ((r = csv_next(c, &field, &n_fields, &e)) == 1) {
		at += (size_t)snprintf(out + at, cap - at, "%d[", (int)csv_line(c));
		for (size_t i = 0; i < n_fields; i++)
			at += (size_t)snprintf(out + at, cap - at, "%s%.*s", i ? "|" : "", (int)field[i].len, field[i].p);
		at += (size_t)snprintf(out + at, cap - at, "]");
	}
	if (r < 0) {
		struct err again = { 0 };
		assert_int_equal(e.code, ERR_DATA);
		snprintf(out + at, cap - at, "%s", strchr(e.msg + 5, ':'));
		assert_int_equal(csv_next(c, &field, &n_fields, &again), ERR_DATA);	/* it sticks */
		assert_string_equal(again.msg, e.msg);
	} else {
		assert_int_equal(csv_next(c, &field, &n_fields, &e), 0);
	}
	csv_close(c);
	file_close(f);
	close(fd);
}

static void check(const char *text, size_t n, char delim, const char *want)
{
	static const int how[] = { AS_FILE, AS_PIPE, 1, 2, 3 };
	char out[512];

	for (size_t h = 0; h < sizeof how / sizeof *how; h++) {
		show(out, sizeof out, text, n, delim, how[h]);
		assert_string_equal(out, want);
	}
}
#define CHECK(text, want) check(text, sizeof text - 1, ',', want)

static void rows(void **state)
{
	(void)state;
	CHECK("", "");
	CHECK("a,b", "1[a|b]");
	CHECK("a,b\n", "1[a|b]");
	CHECK("a,b\r\nc,d\r\n", "1[a|b]2[c|d]");
	CHECK(",\n", "1[|]");
	CHECK("a,\n,b", "1[a|]2[|b]");
	CHECK("  a  ,b ,\tc\n", "1[  a  |b |\tc]");
	CHECK("   \n", "1[   ]");
	CHECK("\"a\",\"\",\"b \"\"c\"\"\"\n", "1[a||b \"c\"]");
	CHECK("\"a,b\",\"c\nd\",e\nf\n", "1[a,b|c\nd|e]3[f]");
	CHECK("\"c\r\nd\"\r\nf\r\n", "1[c\r\nd]3[f]");
	CHECK("a\n\n\r\n\nb\n", "1[a]5[b]");
	CHECK("\n\n", "");
	CHECK("\n\"\n\n\"\n\nz", "2[\n\n]6[z]");
	CHECK("\xef\xbb\xbf\"a\",b\n", "1[a|b]");
	CHECK("\xef\xbb\xbf", "");
	CHECK("\xef\xbb", "1[\xef\xbb]");
	CHECK("\xff\xfe,\xc3\xa9\n", "1[\xff\xfe|\xc3\xa9]");
	CHECK("a\rb\r\n", "1[a]1[b]");
	check("a;b,c;d\n", 8, ';', "1[a|b,c|d]");
	check("a\t b\t\n", 6, '\t', "1[a| b|]");
}

static void faults(void **state)
{
	(void)state;
	CHECK("a,b\"c,d\n", ":1: field 2: a quote or text where none may be, at byte 3");
	CHECK("ok,1\n\n\"a\"b,c\n", "1[ok|1]:3: field 1: a quote or text where none may be, at byte 9");
	CHECK("ok,1\nx,\"a\nb", "1[ok|1]:2: field 2: its quote is never closed (the input ends at byte 11)");
	CHECK("ok\n\"a\nb\"c\n", "1[ok]:3: field 1: a quote or text where none may be, at byte 8");
	CHECK("\"", ":1: field 1: its quote is never closed (the input ends at byte 1)");
}

static void nul_bytes(void **state)
{
	struct err e = { 0 };
	const struct str *field;
	size_t n;
	int fd;
	struct file *f = mem_file("a\0b,c\n", 6, AS_FILE, &fd);
	struct csv *c = csv_open(f, ',', &e);

	(void)state;
	assert_int_equal(csv_next(c, &field, &n, &e), 1);
	assert_int_equal(n, 2);
	assert_int_equal(field[0].len, 3);
	assert_memory_equal(field[0].p, "a\0b", 3);
	csv_close(c);
	file_close(f);
	close(fd);
}

/* An open quote must not eat the memory, nor a row of a million commas. */
static void caps(void **state)
{
	static char text[20 << 20], out[256];

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, "ok\na,\"", 6);
	show(out, sizeof out, text, sizeof text, ',', AS_FILE);
	assert_string_equal(out, "1[ok]:2: field 2: longer than 16 MB (a quote that is never closed?)");
	memset(text + 3, ',', 1 << 20);
	show(out, sizeof out, text, 1 << 20, ',', AS_FILE);
	assert_string_equal(out, "1[ok]:2: a row of more than 65536 fields or 64 MB");
}

/* What csv_put writes comes back as it was. */
static void round_trip(void **state)
{
	static const char alphabet[] = "ab,; \t\"\r\n\xc3\xa9\xff'";
	enum { ROWS = 4000, COLS = 5, MOST = 24 };
	static char want[ROWS][COLS][MOST];
	static size_t len[ROWS][COLS];
	struct pcg32 r;
	struct err e = { 0 };

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct buf b = { 0 };
		char delim = round ? ';' : ',';
		pcg32_seed(&r, 5, (uint64_t)round);
		for (size_t i = 0; i < ROWS; i++) {
			for (size_t k = 0; k < COLS; k++) {
				len[i][k] = pcg32_bounded(&r, MOST) + !k;
				for (size_t c = 0; c < len[i][k]; c++)
					want[i][k][c] = alphabet[pcg32_bounded(&r, sizeof alphabet - 1)];
				csv_put(&b, want[i][k], len[i][k], delim);
				buf_putc(&b, k < COLS - 1 ? delim : '\n');
			}
		}
		for (int how = AS_PIPE; how <= AS_FILE; how++) {
			const struct str *field;
			size_t n;
			int fd;
			struct file *f = mem_file(b.p, b.len, how, &fd);
			struct csv *c = csv_open(f, delim, &e);
			uint64_t line = 1;
			for (size_t i = 0; i < ROWS; i++) {
				assert_int_equal(csv_next(c, &field, &n, &e), 1);
				assert_int_equal(n, COLS);
				assert_int_equal(csv_line(c), line++);
				for (size_t k = 0; k < COLS; k++) {
					assert_int_equal(field[k].len, len[i][k]);
					assert_memory_equal(field[k].p, want[i][k], len[i][k]);
					for (size_t x = 0; x < len[i][k]; x++)
						line += want[i][k][x] == '\n';
				}
			}
			assert_int_equal(csv_next(c, &field, &n, &e), 0);
			csv_close(c);
			file_close(f);
			close(fd);
		}
		buf_release(&b);
	}
}

static void quoting(void **state)
{
	static const struct { const char *in, *out; } t[] = {
		{ "", "" }, { "a", "a" }, { "a b", "a b" }, { " a", "\" a\"" }, { "a\t", "\"a\t\"" }, { "a,b", "\"a,b\"" }, { "a;b", "a;b" },
		{ "say \"x\"", "\"say \"\"x\"\"\"" }, { "a\nb", "\"a\nb\"" }, { "a\rb", "\"a\rb\"" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		buf_reset(&b);
		csv_put(&b, t[i].in, strlen(t[i].in), ',');
		assert_string_equal(b.len ? b.p : "", t[i].out);
	}
	buf_release(&b);
}

/* Lines without quotes are cut here, the others by libcsv, as are all that come in pieces: no text may tell which it was. */
static void whole_lines_and_pieces(void **state)
{
	static const char few[] = "aaaaabc,,,,\n\n\"\r ";
	char text[220], one[4096], other[4096];
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 5, 6);
	for (int round = 0; round < 20000; round++) {
		size_t n = 1 + pcg32_bounded(&r, sizeof text), kinds = 3 + pcg32_bounded(&r, sizeof few - 4);
		for (size_t i = 0; i < n; i++)
			text[i] = few[sizeof few - 2 - pcg32_bounded(&r, (uint32_t)kinds)];
		if (round % 3 == 0)
			for (size_t i = 0; i < n; i++)
				text[i] = few[pcg32_bounded(&r, 13)];
		if (round % 3 == 1) {	/* mostly well-formed fields */
			static const char *const piece[] = { "a", "\"b\"", "\"\"", "", "\"c,d\"", "\"e\nf\"", "\"g\"\"h\"", "\"i\rj\"", "k\"", "\" l \"" };
			static const char *const mark[] = { ",", ",", ",", "\n", "\r\n", "\n\n", "\r" };
			for (n = 0; n < 100;)
				n += (size_t)sprintf(text + n, "%s%s", piece[pcg32_bounded(&r, 7 + 3 * (round % 9 == 1))], mark[pcg32_bounded(&r, 6 + (round % 2))]);
		}
		show(one, sizeof one, text, n, ',', AS_FILE);
		show(other, sizeof other, text, n, ',', 1);
		assert_string_equal(one, other);
	}
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(faults),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(caps),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(quoting),
		cmocka_unit_test(whole_lines_and_pieces),
	};
	return cmocka_run_group_tests(test, NULL, NULL);
}
