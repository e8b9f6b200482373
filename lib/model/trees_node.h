/*
 * trees_node - private to trees*.c: what a node of the file asks.
 */
#ifndef TASTE_TREES_NODE_H
#define TASTE_TREES_NODE_H

#include "trees.h"

enum { TREES_WORD_MISSING = 255 };

/* trees_word_code - the number of a word as a row holds it, TREES_WORD_MISSING for what is none. */
static inline unsigned trees_word_code(float x)
{
	return x >= 0 && x < TREES_WORDS_MAX && x == (float)(int)x ? (unsigned)x : TREES_WORD_MISSING;
}

static inline bool trees_set_has(const uint8_t *set, unsigned w)
{
	return set[w / 8] >> w % 8 & 1;
}

/* trees_node_rows - of training, that came to what `at` stands for in tree k: a node, or n + a leaf. */
static inline uint64_t trees_node_rows(const struct trees *t, size_t k, size_t at)
{
	size_t first = t->parts.start[k], n = t->parts.start[k + 1] - first;

	return at < n ? t->parts.node_rows[first + at] : t->parts.leaf_rows[first + k + at - n];
}

#endif
