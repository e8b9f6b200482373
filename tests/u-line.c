/* line: what is a line, whatever the pieces it is read in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "mem-file.h"
#include "../lib/base/rng.h"
#include "../lib/io/line.h"

static void check(const char *text, size_t n, const char *want)
{
	static const int how[] = { AS_FILE, AS_PIPE, 1, 2, 3 };

	for (size_t h = 0; h < sizeof how / sizeof *how; h++) {
		char out[256] = "";
		size_t at = 0;
		struct err e = { 0 };
		struct line l;
		int fd, r;
		struct file *f = mem_file(text, n, how[h], &fd);
		line_init(&l, f);
		while ((r = line_next(&l, &e)) == 1)
			at += (size_t)snprintf(out + at, sizeof out - at, "%d[%.*s]", (int)l.no, (int)l.len, l.p);
		assert_int_equal(r, 0);
		assert_int_equal(line_next(&l, &e), 0);
		assert_string_equal(out, want);
		line_release(&l);
		file_close(f);
		close(fd);
	}
}
#define CHECK(text, want) check(text, sizeof text - 1, want)

static void ends(void **state)
{
	(void)state;
	CHECK("", "");
	CHECK("\n", "1[]");
	CHECK("a", "1[a]");
	CHECK("a\nb\n", "1[a]2[b]");
	CHECK("a\r\nb\r\n", "1[a]2[b]");
	CHECK("a\r\n\r\nb\r", "1[a]2[]3[b]");
	CHECK("a\rb\r\r\n", "1[a\rb\r]");
	CHECK("\n\n\nx", "1[]2[]3[]4[x]");
	CHECK("\xef\xbb\xbf" "a\nb", "1[a]2[b]");
	CHECK("\xef\xbb\xbf", "");
	CHECK("\xef\xbb\xbf\n", "1[]");
	CHECK("\xef\xbb\nx", "1[\xef\xbb]2[x]");
	CHECK("a\n\xef\xbb\xbf" "b", "1[a]2[\xef\xbb\xbf" "b]");
}

static void nul_bytes(void **state)
{
	struct err e = { 0 };
	struct line l;
	int fd;
	struct file *f = mem_file("a\0b\n\0\n", 6, AS_FILE, &fd);

	(void)state;
	line_init(&l, f);
	assert_int_equal(line_next(&l, &e), 1);
	assert_int_equal(l.len, 3);
	assert_memory_equal(l.p, "a\0b", 3);
	assert_int_equal(line_next(&l, &e), 1);
	assert_int_equal(l.len, 1);
	line_release(&l);
	file_close(f);
	close(fd);
}

/* Lines of all lengths about the size of the buffer, against cutting the text by hand. */
static void long_lines(void **state)
{
	enum { N = 12 << 20 };
	char *text = malloc(N);
	struct pcg32 r;
	struct err e = { 0 };
	struct line l;
	int fd;

	(void)state;
	pcg32_seed(&r, 3, 4);
	memset(text, 'x', N);
	for (size_t at = 0; at < N;) {
		at += pcg32_bounded(&r, 8) ? pcg32_bounded(&r, 300) : pcg32_bounded(&r, 3 << 20);
		if (at < N)
			text[at++] = '\n';
	}
	struct file *f = mem_file(text, N, AS_FILE, &fd);
	line_init(&l, f);
	for (const char *p = text, *end = text + N; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);
		assert_int_equal(line_next(&l, &e), 1);
		assert_int_equal(l.len, len);
		assert_false(memcmp(l.p, p, len));
		p += len + (nl != NULL);
	}
	assert_int_equal(line_next(&l, &e), 0);
	line_release(&l);
	file_close(f);
	close(fd);
	free(text);
}

/* A file of holes: longer than a line may be, and nobody's disk is filled. */
static void too_long(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	char path[32], want[96];
	struct err e = { 0 };
	struct line l;

	(void)state;
	assert_int_equal(write(fd, "short\n", 6), 6);
	assert_int_equal(ftruncate(fd, (off_t)LINE_MAX_BYTES + (2 << 20)), 0);
	snprintf(path, sizeof path, "/dev/fd/%d", fd);
	struct file *f = file_open(path, &e);
	line_init(&l, f);
	assert_int_equal(line_next(&l, &e), 1);
	assert_int_equal(line_next(&l, &e), ERR_DATA);
	snprintf(want, sizeof want, "%s:2: the line is longer than 64 MB", path);
	assert_string_equal(e.msg, want);
	line_release(&l);
	file_close(f);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(too_long),
	};
	return cmocka_run_group_tests(test, NULL, NULL);
}
