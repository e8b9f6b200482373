/* Any bytes as a model of trees: what opens, mapped and piped, scores rows, each as walking it does, and says why, with numbers that are finite. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/model/trees.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ROWS = 70, FEATURES = 64 };

/* scores_of - trees_scores_in, in scratch of its own. */
static void scores_of(const struct trees *t, float *out, const float *x, size_t ld, size_t n)
{
	struct err e = { 0 };
	void *scratch = mem_try(trees_scratch(t), 1, "codes of rows", &e);

	trees_scores_in(t, out, x, ld, n, scratch);
	mem_free(scratch);
}

static void score(const struct trees *t, uint64_t *seen)
{
	float x[ROWS * FEATURES], out[ROWS];
	double *phi = mem_new(t->n_features + 1, sizeof *phi);
	void *scratch = mem_new(1, trees_explain_scratch(t));

	for (size_t i = 0; i < ROWS * FEATURES; i++)
		x[i] = i % 11 == 0 ? NAN : i % 7 == 0 ? (float)(i % 300) : (float)(i % 97) / 10 - 4;
	scores_of(t, out, x, t->n_features, ROWS);
	for (size_t i = 0; i < ROWS; i++) {
		float want = trees_score_ref(t, x + i * t->n_features);
		assert(!memcmp(&want, &out[i], sizeof want) && isfinite(want) && isfinite(trees_chance((double)want)));
	}
	*seen = fuzz_mix(*seen, out, sizeof out);
	if (t->n_leaves < 10000) {
		trees_explain(t, phi, x, scratch);
		for (size_t f = 0; f <= t->n_features; f++)
			assert(isfinite(phi[f]));
		*seen = fuzz_mix(*seen, phi, (t->n_features + 1) * sizeof *phi);
	}
	for (size_t f = 0; f < t->n_features; f++) {
		float w = trees_word(t, f, (struct str){ "car", 3 });
		assert(isnan(w) || (w >= 0 && w < TREES_WORDS_MAX));
		assert(trees_find(t, trees_feature(t, f)) < t->n_features || trees_find(t, trees_feature(t, f)) == SIZE_MAX);
	}
	mem_free(phi);
	mem_free(scratch);
}

static int walk(const struct buf *b, enum mem_way way, uint64_t *seen)
{
	struct trees t;
	struct err e = { 0 };

	if (trees_open(&t, mem_path(b->p, b->len, way), &e)) {
		assert(e.code < 0 && e.msg[0]);
		return e.code;
	}
	if (t.n_features <= FEATURES)
		score(&t, seen);
	trees_release(&t);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fuzz_ways w = fuzz_both(KIND_MODEL, p, n, walk);

	assert(w.got ? w.got == w.same || !w.same : !w.same && w.mapped == w.piped);
	return 0;
}
