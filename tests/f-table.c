/* Any bytes as a table: mapped and piped, the rows and the end are the same; and as a catalogue and as pairs. */
#include "fuzz-stream.h"
#include "../lib/data/items.h"
#include "../lib/data/pairs.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int walk(const struct buf *b, enum mem_way way, bool has_header, uint64_t *seen)
{
	struct err e = { 0 }, again = { 0 };
	struct tabler *r = tabler_open(mem_path(b->p, b->len, way), "items", has_header, &e);
	const struct str *f;
	size_t n;
	int got = ERR_DATA;

	while (r && (got = tabler_next(r, &f, &n, &e)) == 1)
		for (size_t i = 0; i < n; i++)
			*seen = fuzz_mix(*seen, f[i].p, f[i].len);
	assert(got == e.code);
	if (r)
		assert(tabler_next(r, &f, &n, &again) == got);
	tabler_close(r);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > FUZZ_MAX)
		return 0;
	struct buf b = fuzz_stream(KIND_TABLE, p, n);
	uint64_t mapped = 0, piped = 0;
	int got = walk(&b, MEM_MAPPED, n & 1, &mapped), same = walk(&b, MEM_PIPED, n & 1, &piped);
	assert(got == same && mapped == piped);

	struct items it;
	struct err e = { 0 };
	same = items_load(&it, mem_path(b.p, b.len, MEM_MAPPED), n & 1, NULL, NULL, &e);
	assert(got >= 0 || same < 0);
	items_release(&it);
	e = (struct err){ 0 };
	struct pairsr *r = pairsr_open(mem_path(b.p, b.len, MEM_MAPPED), n & 1, &e);
	struct str u, i, x;
	while (r && pairsr_next(r, &u, &i, &x, &e) == 1)
		assert(u.len && i.len);
	pairsr_close(r);
	buf_release(&b);
	return 0;
}
