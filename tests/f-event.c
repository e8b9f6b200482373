/* Any bytes as an event log: mapped, piped, event by event and by the block, the events and the end are the same; and a matrix comes of what was read. */
#include "fuzz-stream.h"
#include "../lib/data/inter.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint64_t mix(uint64_t h, const struct event *ev)
{
	h = fuzz_mix(h, ev->user.p, ev->user.len);
	h = fuzz_mix(h, ev->item.p, ev->item.len);
	h = fuzz_mix(h, ev->kind.p, ev->kind.len);
	h = fuzz_mix(h, ev->context.p, ev->context.len);
	h = fuzz_mix(h, &ev->value, sizeof ev->value);
	return fuzz_mix(h, &ev->time, sizeof ev->time);
}

static int by_event(const struct buf *b, enum mem_way way, bool has_header, uint64_t *seen)
{
	struct err e = { 0 }, again = { 0 };
	struct eventr *r = eventr_open(mem_path(b->p, b->len, way), has_header, &e);
	struct event ev;
	int got = ERR_DATA;

	while (r && (got = eventr_next(r, &ev, &e)) == 1) {
		assert(ev.user.len && ev.item.len && !isinf(ev.value));
		*seen = mix(*seen, &ev);
	}
	assert(got == e.code);
	if (r)
		assert(eventr_next(r, &ev, &again) == got);
	eventr_close(r);
	return got;
}

static int by_block(const struct buf *b, uint64_t *seen)
{
	struct err e = { 0 };
	struct eventr *r = eventr_open(mem_path(b->p, b->len, MEM_MAPPED), false, &e);
	struct event_block eb;
	struct event ev;
	int got = ERR_DATA;

	if (r && !eventr_is_binary(r)) {
		eventr_close(r);
		return 1;
	}
	while (r && (got = eventr_block(r, &eb, &e)) == 1)
		for (size_t i = 0; i < eb.n; i++) {
			event_block_get(&eb, i, &ev);
			*seen = mix(*seen, &ev);
		}
	eventr_close(r);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > FUZZ_MAX)
		return 0;
	struct buf b = fuzz_stream(KIND_EVENTS, p, n);
	uint64_t mapped = 0, piped = 0, blocks = 0;
	int got = by_event(&b, MEM_MAPPED, n & 1, &mapped);
	int same = by_event(&b, MEM_PIPED, n & 1, &piped);
	assert(got == same && mapped == piped);
	same = by_block(&b, &blocks);
	assert(same == 1 || (got == same && mapped == blocks));

	struct inter m;
	struct inter_opts o = { .has_header = n & 1 };
	struct err e = { 0 };
	const char *path = mem_path(b.p, b.len, MEM_MAPPED);
	same = inter_load(&m, &path, 1, &o, NULL, NULL, &e);
	assert(same == got);
	inter_release(&m);
	buf_release(&b);
	return 0;
}
