/* Any bytes as TSV: lines and fields stay within the input, and what was split can be written and split again to the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem-file.h"
#include "../lib/io/tsv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* splits_alike - lines cut as they are found, and found first and cut then. */
static void splits_alike(const uint8_t *p, size_t n)
{
	struct err e = { 0 }, e2 = { 0 };
	struct line l, m;
	struct str field[6];
	int fd, fd2, got;
	struct file *f = mem_file(p, n, AS_FILE, &fd), *g = mem_file(p, n, AS_FILE, &fd2);

	line_init(&l, f);
	line_init(&m, g);
	do {
		size_t k, at = 0, count = 1;
		bool has_nul;
		got = line_next_split(&l, '\t', field, 6, &k, &has_nul, &e);
		int same = line_next(&m, &e2);
		assert(got == same && e.code == e2.code);
		if (got != 1)
			break;
		assert(l.len == m.len && l.no == m.no && (!l.len || !memcmp(l.p, m.p, l.len)));
		assert(has_nul == (m.len && memchr(m.p, '\0', m.len)));
		for (size_t i = 0; i < m.len; i++)
			count += m.p[i] == '\t';
		assert(k == count);
		for (size_t i = 0; i < k && i < 6; i++) {
			assert(field[i].p == l.p + at);
			at += field[i].len + 1;
		}
		assert(k > 6 || at == l.len + 1);
	} while (1);
	line_release(&l);
	line_release(&m);
	file_close(f);
	file_close(g);
	close(fd);
	close(fd2);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct line l, again;
	struct str field[6], twice[6];
	struct buf b = { 0 };
	int fd, fd2;
	struct file *f = mem_file(p, n, AS_FILE, &fd);

	line_init(&l, f);
	for (int lines = 0; lines < 200 && line_next(&l, &e) == 1; lines++) {	/* a file for each; packed input may hold millions */
		int64_t k = tsv_split(&l, field, 6, &(struct err){ 0 });
		if (k < 1 || k > 6)
			continue;
		buf_reset(&b);
		for (int64_t i = 0; i < k; i++) {
			if (i)
				buf_putc(&b, '\t');
			tsv_put(&b, field[i].p, field[i].len);
		}
		buf_putc(&b, '\n');
		if ((b.len >= 3 && !memcmp(b.p, "\xef\xbb\xbf", 3)) || (b.len >= 2 && !memcmp(b.p, "\x1f\x8b", 2)) || (b.len >= 4 && !memcmp(b.p, "\x28\xb5\x2f\xfd", 4)) ||
		    (b.len >= 4 && !memcmp(b.p + 1, "\x2a\x4d\x18", 3)))	/* a BOM would be dropped, packed data unpacked */
			continue;
		struct file *g = mem_file(b.p, b.len, AS_FILE, &fd2);
		line_init(&again, g);
		assert(line_next(&again, &e) == 1);
		assert(tsv_split(&again, twice, 6, &e) == k);
		for (int64_t i = 0; i < k; i++)
			assert(field[i].len == twice[i].len && !memcmp(field[i].p, twice[i].p, field[i].len));
		line_release(&again);
		file_close(g);
		close(fd2);
	}
	line_release(&l);
	file_close(f);
	close(fd);
	buf_release(&b);
	splits_alike(p, n);
	return 0;
}
