/* Any bytes as TSV: lines and fields stay within the input, and what was split can be written and split again to the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem-file.h"
#include "../lib/io/tsv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct line l, again;
	struct str field[6], twice[6];
	struct buf b = { 0 };
	int fd, fd2;
	struct file *f = mem_file(p, n, AS_FILE, &fd);

	line_init(&l, f);
	while (line_next(&l, &e) == 1) {
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
		if (b.len >= 3 && !memcmp(b.p, "\xef\xbb\xbf", 3))	/* would be dropped */
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
	return 0;
}
