/* Any bytes as a model of trees: what opens scores rows, each as walking it does, and says why with numbers that are finite. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/model/trees.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ROWS = 70, FEATURES = 64 };

static void score(const struct trees *t)
{
	float x[ROWS * FEATURES], out[ROWS];
	double *phi = mem_new(t->n_features + 1, sizeof *phi);
	void *scratch = mem_new(1, trees_explain_scratch(t));

	for (size_t i = 0; i < ROWS * FEATURES; i++)
		x[i] = i % 11 == 0 ? NAN : i % 7 == 0 ? (float)(i % 300) : (float)(i % 97) / 10 - 4;
	trees_scores(t, out, x, t->n_features, ROWS);
	for (size_t i = 0; i < ROWS; i++) {
		float want = trees_score_ref(t, x + i * t->n_features);
		assert(!memcmp(&want, &out[i], sizeof want));
	}
	if (t->n_leaves < 10000) {
		trees_explain(t, phi, x, scratch);
		for (size_t f = 0; f <= t->n_features; f++)
			assert(!isnan(phi[f]));
	}
	for (size_t f = 0; f < t->n_features; f++) {
		float w = trees_word(t, f, (struct str){ "car", 3 });
		assert(isnan(w) || (w >= 0 && w < TREES_WORDS_MAX));
		assert(trees_find(t, trees_feature(t, f)) < t->n_features || trees_find(t, trees_feature(t, f)) == SIZE_MAX);
	}
	mem_free(phi);
	mem_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct trees t;
	struct err e = { 0 };

	if (trees_open_memory(&t, "fuzz", p, n, &e)) {
		assert(e.code);
		return 0;
	}
	if (t.n_features <= FEATURES)
		score(&t);
	trees_release(&t);
	return 0;
}
