/* Any bytes as lists that listeners of a small world answer, and, behind a line of dashes, as answers they gave before: what is taken is answered, once a line at most, with numbers that are what answers.h says. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/synth/answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct world *world(void)
{
	static struct world *w;
	struct err e = { 0 };
	const struct world_event *ev = NULL;
	size_t n;

	if (w)
		return w;
	struct world_opts o = { .seed = 1, .n_users = 4, .n_items = { 12, 4, 4 }, .n_events = 60, .days = 3, .start = 1704067200, .zipf = 1, .drift = 0.1, .context = 1 };
	w = world_new(&o, NULL, &e);
	assert(w);
	while (world_next(w, NULL, NULL, &ev, &n, &e) == 1)
		;
	return w;
}

static void check(const struct world *w, struct answers *a)
{
	struct answer_truth t;
	struct event ev;
	int64_t last = INT64_MIN;
	(void)w;

	for (size_t i = 0; i < answers_n(a); i++) {
		answers_get(a, i, &ev);
		assert(ev.user.len && ev.item.len && ev.time >= last && !isinf(ev.value) && memmem(ev.context.p, ev.context.len, "place_in=", 9));
		last = ev.time;
	}
	for (size_t i = 0; i < answers_n_lines(a); i++) {
		answers_truth(a, i, &t);
		assert(t.user < 4 && t.item < 20 && t.place >= 1 && t.place <= answers_n_lines(a) && t.examined >= 0 && t.examined <= 1 && t.preference >= 0 && t.preference < 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char cut[] = "\n---\n";

	if (!n || n > FUZZ_MAX)
		return 0;
	struct answers_opts o = { .patience = *p % 4 / 3.0, .pull = *p / 4 % 4 / 3.0, .day = *p / 16 % 4, .has_situation = *p >> 6 & 1, .situation = { { 1, 0, 2 } } };
	struct world *w = world();
	struct err e = { 0 };
	const uint8_t *second = memmem(p, n, cut, sizeof cut - 1), *end = p + n;
	struct answers *a = answers_read(w, mem_path(p + 1, (size_t)((second ? second + 1 : end) - p - 1), MEM_MAPPED), &o, NULL, NULL, &e);

	if (!a || (second && answers_after(a, mem_path(second + sizeof cut - 1, (size_t)(end - second) - sizeof cut + 1, MEM_MAPPED), NULL, NULL, &e)) || answers_make(a, &e))
		assert(e.code < 0 && e.msg[0]);
	else
		check(w, a);
	answers_free(a);
	return 0;
}
