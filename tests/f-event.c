/* Any bytes as an event log: mapped, piped, event by event and by the block, the events and the end are the same; and a matrix, sequences, sessions and every split come of what was read, with each event
 * in its part. */
#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/data/seqs.h"
#include "../lib/eval/split.h"

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

static void sequences(const char *path, bool has_header, int want)
{
	struct seqs s = { 0 };
	struct seqs_opts o = { .keep_weightless = true, .has_devices = true, .has_values = true, .has_header = has_header };
	struct err e = { 0 };
	size_t *start, n;
	int got = seqs_load(&s, &path, 1, &o, NULL, NULL, &e);

	assert(got == want);
	if (got)
		return;
	for (size_t u = 0; u < s.n_users; u++)
		for (size_t i = s.start[u] + 1; i < s.start[u + 1]; i++)
			assert(s.time[i] == TIME_NONE || s.time[i - 1] == TIME_NONE || s.time[i] >= s.time[i - 1]);
	for (int64_t gap = 0; gap < 4000; gap += 1800) {
		got = seqs_cut(&s, gap, &start, &n, &e);
		assert(!got && start[n] == s.n);
		mem_free(start);
	}
	seqs_release(&s);
}

static void splits(const char *path, bool has_header, int want)
{
	struct split_log l;
	struct err e = { 0 };
	uint64_t n_repeats;
	int64_t valid, test;
	int got = split_read(&l, &path, 1, has_header, false, has_header, &n_repeats, NULL, NULL, &e);

	assert(got == want);
	if (got)
		return;
	for (int how = 0; how < 4; how++) {
		e = (struct err){ 0 };
		got = how == 0 ? split_loo(&l, 3, &e) : how == 1 ? split_ratio(&l, 0.2, 0.2, 1, &e) : how == 2 ? split_users(&l, 0.3, 0.3, 0.8, 2, 1, &e) :
		      split_time_cuts(&l, 0.1, 0.1, &valid, &test, &e);
		assert(got == (int)e.code && (!got || e.msg[0]));
		if (how == 3 && !got)
			split_time(&l, valid, test);
		for (size_t i = 0; i < l.n && !got; i++) {
			struct event ev;
			split_get(&l, i, &ev);
			assert(l.part[i] < PART_COUNT && ev.user.len && ev.item.len);
		}
		if (!got)
			split_known(&l);
	}
	split_release(&l);
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
	sequences(path, n & 1, got);
	splits(path, n & 1, got);
	buf_release(&b);
	return 0;
}
