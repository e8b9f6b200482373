/* Any bytes as a past: what is taken answers for every listener and item, takes an event more, and says the same from a pipe; what is refused has a sentence. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/rank/features.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ASK = 40 };	/* listeners and items, at most */

static void ask(struct past *p, struct features *f, uint64_t *seen)
{
	static const char *const texts[] = { "", "device=tv;place=home;heart_rate=100", "mood=calm;intent=run;hour=3;day=fri" };
	float *x = malloc((f->n + 1) * sizeof *x);

	for (uint32_t u = 0; u <= p->n_users && u < ASK; u++) {
		struct context c;
		context_read(&c, &p->words, u % 2 ? past_now(p) : TIME_NONE, (struct str){ texts[u % 3], strlen(texts[u % 3]) }, false, NULL);
		features_request(f, u < p->n_users ? u : VOCAB_NONE, &c);
		for (uint32_t i = 0; i <= p->n[PAST_ITEM] && i < ASK; i++) {
			features_row(f, x, i < p->n[PAST_ITEM] ? i : VOCAB_NONE, &(struct features_source){ 0, 1, 1, 1 }, 1);
			for (size_t k = 0; k < f->n; k++) {
				if (isnan(x[k]))
					x[k] = 0;
				else if (features_has_words(f, k))
					*seen = fuzz_mix(*seen, features_word(f, k, x[k]).p, features_word(f, k, x[k]).len);
			}
			*seen = fuzz_mix(*seen, x, f->n * sizeof *x);
		}
	}
	free(x);
}

static int use(const char *path, uint64_t *seen)
{
	static const struct str source = { "s", 1 };
	struct err e = { 0 };
	struct prov prov = { 0 };
	struct buf inputs = { 0 };
	struct past *p = past_open(path, &prov, &inputs, &e);
	struct features f;

	prov_release(&prov);
	buf_release(&inputs);
	if (!p) {
		assert(e.code != ERR_NONE && e.msg[0]);
		return (int)e.code;
	}
	if (features_open(&f, p, &source, 1, &e)) {
		assert(e.code == ERR_MEM);
	} else {
		ask(p, &f, seen);
		for (int i = 0; i < 3; i++)
			past_append(p, &(struct event){ { i ? "u" : "new", i ? 1 : 3 }, { "a", 1 }, 1700000000, { "play", 4 }, 10, { "device=tv", 9 } });
		ask(p, &f, seen);
		features_release(&f);
	}
	past_free(p);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint64_t seen[2] = { 0 };

	if (n > FUZZ_MAX)
		return 0;
	struct buf b = fuzz_stream(KIND_MODEL, p, n);
	int got = use(mem_path(b.p, b.len, MEM_MAPPED), &seen[0]), same = use(mem_path(b.p, b.len, MEM_PIPED), &seen[1]);
	assert(got ? got == same || !same : !same && seen[0] == seen[1]);
	buf_release(&b);
	return 0;
}
