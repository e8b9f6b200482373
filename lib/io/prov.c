#define XXH_INLINE_ALL
#include <string.h>

#include <xxhash.h>

#include "prov.h"
#include "tsv.h"
#include "../base/mem.h"

void prov_release(struct prov *p)
{
	buf_release(&p->text);
	mem_free(p->slot);
	*p = (struct prov){ 0 };
}

void prov_reset(struct prov *p)
{
	buf_reset(&p->text);
	p->n = 0;
	if (p->slot)
		memset(p->slot, 0, p->n_slots * sizeof *p->slot);
}

/* slot_of - that of a line of n bytes and LF, or the empty one where it would be. */
static size_t *slot_of(const struct prov *p, const char *line, size_t n)
{
	for (uint64_t at = XXH3_64bits(line, n);; at++) {
		size_t *slot = &p->slot[at & (p->n_slots - 1)];
		const char *old = *slot ? p->text.p + *slot - 1 : NULL;
		if (!old || (p->text.len - (*slot - 1) > n && !memcmp(old, line, n) && old[n] == '\n'))
			return slot;
	}
}

/* widen - half of the slots are empty, one line more counted. */
static void widen(struct prov *p)
{
	if (2 * (p->n + 1) <= p->n_slots)
		return;
	mem_free(p->slot);
	p->n_slots = p->n_slots ? 2 * p->n_slots : 64;
	p->slot = mem_new(p->n_slots, sizeof *p->slot);
	for (size_t at = 0, n; at < p->text.len; at += n + 1) {
		const char *line = p->text.p + at, *nl = memchr(line, '\n', p->text.len - at);
		n = (size_t)(nl - line);
		*slot_of(p, line, n) = at + 1;
	}
}

/* add_line - n bytes and LF, when they are not there yet. */
static void add_line(struct prov *p, const char *line, size_t n)
{
	widen(p);
	size_t *slot = slot_of(p, line, n);

	if (*slot)
		return;
	*slot = p->text.len + 1;
	p->n++;
	buf_put(&p->text, line, n + 1);
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
		add_line(p, at, (size_t)(nl - at));
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
	add_line(p, line.p, line.len - 1);
	buf_release(&line);
}

int prov_write(const struct prov *p, struct blockw *w, struct err *e)
{
	return blockw_write(w, BLOCK_PROV, BLOCK_SKIPPABLE, BLOCK_RAW, 0, 0, p->text.p ? p->text.p : "", p->text.len, e);
}
