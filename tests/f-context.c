/* Any bytes as a time (the first eight) and a context: codes are of what there is, a second reading says the same, and so does the other separator. */
#include <math.h>
#include <string.h>

#include "fuzz-stream.h"
#include "../lib/rank/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct context *c, const struct context_words *w)
{
	for (int k = 0; k < CONTEXT_KEYS; k++) {
		assert(c->at[k] <= context_codes(w, (enum context_key)k));
		assert(!context_has_words((enum context_key)k) || w->word[k].n <= CONTEXT_WORDS);
	}
	assert(c->at[CONTEXT_HOUR] ? c->hour >= 0 && c->hour < 24 && c->at[CONTEXT_HOUR] == 1 + (int)c->hour / 3 : isnan(c->hour));
	assert(c->at[CONTEXT_PULSE] ? c->pulse >= 20 && c->pulse <= 250 : isnan(c->pulse));
}

static void same(const struct context *a, const struct context *b)
{
	assert(a->time == b->time && !memcmp(&a->hour, &b->hour, sizeof a->hour) && !memcmp(&a->pulse, &b->pulse, sizeof a->pulse) && !memcmp(a->at, b->at, sizeof a->at));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct context_words w = { 0 };
	struct context a, b, c;
	struct buf text = { 0 };
	size_t bad[3] = { 0 };
	int64_t time = TIME_NONE;

	if (n > FUZZ_MAX)
		return 0;
	if (n >= 8) {
		memcpy(&time, p, 8);
		p += 8;
		n -= 8;
	}
	buf_put(&text, p, n);
	struct str s = { text.p ? text.p : "", text.len };
	size_t unknown = context_read(&a, &w, time, s, true, &bad[0]);
	check(&a, &w);
	size_t again = context_read(&b, &w, time, s, false, &bad[1]);
	same(&a, &b);
	assert(unknown == again && bad[0] == bad[1]);
	for (size_t i = 0; i < text.len; i++)
		text.p[i] = text.p[i] == ';' ? ',' : text.p[i] == ',' ? ';' : text.p[i];
	again = context_read(&c, &w, time, s, false, &bad[2]);
	same(&a, &c);
	assert(unknown == again && bad[0] == bad[2]);
	again = context_put(&c, &w, s, false, NULL);		/* over itself */
	same(&a, &c);
	assert(unknown == again);
	context_at(&c, 1700000000);
	check(&c, &w);
	context_release(&w);
	buf_release(&text);
	return 0;
}
