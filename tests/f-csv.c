/* Any bytes as CSV, parted by the first byte's choice of comma, semicolon or TAB: rows that came out can be written and read again to the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem-file.h"
#include "../lib/io/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	const struct str *field, *twice;
	struct buf b = { 0 };
	size_t k, k2;
	int fd, fd2;

	if (!n)
		return 0;
	char delim = ",;\t"[*p % 3];
	struct file *f = mem_file(p + 1, n - 1, AS_FILE, &fd);
	struct csv *c = csv_open(f, delim, &e);
	uint64_t line = 0;
	while (csv_next(c, &field, &k, &e) == 1) {
		assert(k && csv_line(c) >= line);
		line = csv_line(c);
		buf_reset(&b);
		for (size_t i = 0; i < k; i++) {
			if (i)
				buf_putc(&b, delim);
			csv_put(&b, field[i].p, field[i].len, delim);
		}
		buf_putc(&b, '\n');
		if ((k == 1 && !field->len) || (b.len >= 3 && !memcmp(b.p, "\xef\xbb\xbf", 3)) || !memcmp(b.p, "\x1f\x8b", 2) || (b.len >= 4 && !memcmp(b.p, "\x28\xb5\x2f\xfd", 4)) ||
		    (b.len >= 4 && !memcmp(b.p + 1, "\x2a\x4d\x18", 3)))	/* a blank line, a BOM, packed data */
			continue;
		struct file *g = mem_file(b.p, b.len, AS_FILE, &fd2);
		struct csv *c2 = csv_open(g, delim, &e);
		assert(csv_next(c2, &twice, &k2, &e) == 1 && k2 == k);
		for (size_t i = 0; i < k; i++)
			assert(field[i].len == twice[i].len && !memcmp(field[i].p, twice[i].p, field[i].len));
		csv_close(c2);
		file_close(g);
		close(fd2);
	}
	csv_close(c);
	file_close(f);
	close(fd);
	buf_release(&b);
	return 0;
}
