/* Any bytes as JSON: values lie within the input, strings can be written and read again to the same, and broken lines can be skipped to the end. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem-file.h"
#include "../lib/io/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *const path[] = { "a", "b.c", "b.d.e", "ts" };
enum { PATHS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	const struct json_value *v, *w;
	struct buf b = { 0 };
	int fd, fd2, r;
	struct file *f = mem_file(p, n, AS_FILE, &fd);
	struct json *j = json_open(f, NULL, path, PATHS, &e);
	uint64_t line = 0;

	while ((r = json_next(j, &v, &e)) == 1 || (r < 0 && json_skip_line(j, &e) == 1)) {
		struct str whole = json_text(j);
		assert(json_line(j) >= line);
		line = json_line(j);
		if (r < 0) {
			e = (struct err){ 0 };
			continue;
		}
		/* the object alone, and its strings written anew, say the same */
		buf_reset(&b);
		buf_put(&b, whole.p, whole.len);
		buf_puts(&b, "[{\"a\":");
		if (v[0].type == JSON_STRING)
			json_put(&b, v[0].text.p, v[0].text.len);
		else
			buf_puts(&b, "null");
		buf_puts(&b, "}]");
		struct file *g = mem_file(b.p, b.len, AS_FILE, &fd2);
		struct json *k = json_open(g, NULL, path, PATHS, &e);
		assert(json_next(k, &w, &e) == 1);
		for (int i = 0; i < PATHS; i++)
			assert(v[i].type == w[i].type && v[i].text.len == w[i].text.len && !memcmp(v[i].text.p, w[i].text.p, v[i].text.len));
		assert(json_next(k, &w, &e) == 1);
		assert(v[0].type != JSON_STRING || (w[0].text.len == v[0].text.len && !memcmp(v[0].text.p, w[0].text.p, v[0].text.len)));
		assert(json_next(k, &w, &e) == 0);
		json_close(k);
		file_close(g);
		close(fd2);
	}
	json_close(j);
	file_close(f);
	close(fd);
	buf_release(&b);

	f = mem_file(p, n, AS_FILE, &fd);	/* whatever is found at a path is an object */
	e = (struct err){ 0 };
	j = json_open(f, "a.t", path, PATHS, &e);
	while ((r = json_next(j, &v, &e)) == 1)
		assert(*json_text(j).p == '{');
	json_close(j);
	file_close(f);
	close(fd);
	return 0;
}
