/*
 * trees_bins - values of features as bytes: where they are cut, and the codes of all rows in the order in which histograms read them.
 *
 * A feature of numbers is cut between its distinct values where there are few, else so that bins hold about as many rows, a value that many rows have being a bin of its own; at most
 * TREES_CUTS_MAX cuts. Code b: more than b - 1 of them, and at most cut b. Many rows are looked at through 2^18 of them, drawn evenly. A feature that is missing somewhere has a last cut that nothing
 * exceeds, which parts what is there from what is missing. Of a feature of words the TREES_WORDS_MAX most frequent have codes, by falling frequency, ties by the word. BINS_MISSING: anything else.
 *
 * Features that are the same in all rows are left out. The others stand in blocks of BINS_BLOCK: the codes of a row's block are neighbours, so that one pass over rows fills the histograms of
 * BINS_BLOCK features, which together fit the nearest cache: 256 x 8 bytes each.
 *
 * Memory of bins_make: 84 bytes for each of those 2^18 rows on each thread, and 1 KB a feature.
 */
#ifndef TASTE_TREES_BINS_H
#define TASTE_TREES_BINS_H

#include <string.h>

#include "../base/par.h"
#include "../data/frame.h"
#include "trees.h"

enum { BINS_BLOCK = 16, BINS_MISSING = 255, BINS_CODES = 256 };

struct bins {
	size_t n_features;		/* of the frame */
	uint32_t *cut_start;		/* [n_features + 1] */
	float *cut;
	uint32_t *word_start;		/* [n_features + 1] */
	uint8_t **word_code;		/* [n_features] of each word of the frame; NULL: numbers */
	struct vocab words;		/* "FEATURE TAB WORD" by word_start */
	bool *has_missing;		/* [n_features] */
	size_t n;			/* features that are not the same everywhere */
	uint32_t *feature;		/* [n] which */
	uint32_t *place;		/* [n_features] where in feature, or FRAME_NONE */
	size_t n_blocks;
};

/* bins_make - from the rows of a frame; at most max_bins (2 to 255) of a feature. bins_release: zeroed is empty. */
int bins_make(struct bins *b, const struct frame *f, size_t max_bins, struct par *pool, struct err *e);
void bins_release(struct bins *b);

/* bins_key - a float, no NAN, as a number of the same order; -0 is 0. */
static inline uint32_t bins_key(float x)
{
	uint32_t u;

	x += 0.0f;
	memcpy(&u, &x, 4);
	return u & 0x80000000u ? ~u : u | 0x80000000u;
}

/* Rows as codes, with what else learning knows of them. */
struct coded {
	size_t n, n_queries;
	uint8_t *code;			/* [n_blocks x n x BINS_BLOCK] */
	float *label;			/* [n] */
	float *score;			/* [n] 0 */
	size_t *start;			/* [n_queries + 1] */
	size_t longest;			/* query */
};

/* coded_make - of the n_queries queries query[] of f (NULL: of all), in that order. */
int coded_make(struct coded *c, const struct bins *b, const struct frame *f, const uint32_t *query, size_t n_queries, struct par *pool, struct err *e);
void coded_release(struct coded *c);
static inline uint8_t coded_at(const struct coded *c, size_t place, size_t row)
{
	return c->code[(place / BINS_BLOCK * c->n + row) * BINS_BLOCK + place % BINS_BLOCK];
}

#endif
