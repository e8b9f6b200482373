#include <string.h>

#include "prov.h"
#include "tsv.h"

void prov_release(struct prov *p)
{
	buf_release(&p->text);
}

static int has_line(const struct prov *p, const char *line, size_t n)
{
	if (!p->text.len)
		return 0;
	for (const char *at = p->text.p, *end = at + p->text.len; at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		if ((size_t)(nl - at) == n && !memcmp(at, line, n))
			return 1;
		at = nl + 1;
	}
	return 0;
}

int prov_merge(struct prov *p, const void *text, size_t n, struct err *e)
{
	const char *at = text, *end = at + n;

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		int tabs = 0;
		for (const char *c = at; nl && c < nl; c++)
			tabs += *c == '\t';
		if (!nl || tabs != 3 || memchr(at, '\0', (size_t)(nl - at)))
			return err_set(e, ERR_DATA, "the provenance block is not lines of program, version, options and inputs");
		if (!has_line(p, at, (size_t)(nl - at)))
			buf_put(&p->text, at, (size_t)(nl - at) + 1);
		at = nl + 1;
	}
	return 0;
}

void prov_step(struct prov *p, const char *program, const char *version, const char *options, const char *inputs)
{
	const char *const field[] = { program, version, options, inputs };
	struct buf line = { 0 };

	for (int i = 0; i < 4; i++) {
		tsv_put(&line, field[i], strlen(field[i]));
		buf_putc(&line, i < 3 ? '\t' : '\n');
	}
	if (!has_line(p, line.p, line.len - 1))
		buf_put(&p->text, line.p, line.len);
	buf_release(&line);
}

int prov_write(const struct prov *p, struct blockw *w, struct err *e)
{
	return blockw_write(w, BLOCK_PROV, BLOCK_SKIPPABLE, BLOCK_RAW, 0, 0, p->text.p ? p->text.p : "", p->text.len, e);
}
