/*
 * diverse - how unlike what stands above each candidate is, as a list grows: maximal marginal relevance, or a determinantal point process.
 *
 * Similarity s of two candidates, 1 of one with itself:
 *   by vectors     the cosine; 0 where one of the two has no vector
 *   by catalogue   0.4 for the same creator + 0.2 for the same group (items_group) + 0.4 |tags of both| / |tags of either|; what is unknown of one adds nothing
 *
 *   DIVERSE_MMR   diverse_term(i) = - the largest s to what is in the list, not above 0 (an opposite is no better than a stranger)
 *                 Source: Carbonell and Goldstein 1998.
 *   DIVERSE_DPP   diverse_term(i) = log of what is left of i when its likeness to the list is taken away: the step in log det of S' = 0.99 S + 0.01 I over the list. So greedy
 *                 steps of (1 - X) relevance + X term are those of the kernel L_ij = q_i S'_ij q_j, q = exp((1 - X) relevance / 2X). The 0.01 bounds a term at
 *                 log 0.01 and lets a list be longer than vectors have components.
 *                 Source: Chen, Zhang and Zhou 2018, "Fast greedy MAP inference for determinantal point process", alg. 1, whose Cholesky rows are kept here.
 *
 *   diverse_begin, then diverse_term and diverse_take, diverse_release. One thread.
 *
 * n candidates, k taken, d components. Cost: n d for each taken (a look at each tag of each by catalogue), and for DPP n r more for the r-th. Memory: 4 n d bytes (by catalogue 4 a tag), 28 n, and for DPP
 * 8 n k.
 */
#ifndef TASTE_DIVERSE_H
#define TASTE_DIVERSE_H

#include "../data/facets.h"

enum diverse_how { DIVERSE_MMR, DIVERSE_DPP };

struct diverse_by {		/* what likeness is made of: d > 0 vectors, else the catalogue, of which any may be NULL */
	size_t d;
	const struct facets *creator, *group, *tags;
};

struct diverse {		/* zeroed is empty */
	enum diverse_how how;
	struct diverse_by by;
	size_t n, n_taken;
	float *unit;			/* [n x d] of length 1, or 0 */
	uint32_t *creator, *group;	/* by catalogue [n], VOCAB_NONE: not known */
	uint32_t *tag_start, *tag;	/* by catalogue [n + 1]: the tags of candidate i, numbered among those of all */
	uint8_t *is_its;		/* [tags] is it one of the last one taken? */
	float *like;			/* [n] to the last one taken */
	double *near;			/* [n] the largest so far */
	uint32_t *near_to;		/* [n] which of those taken that was, by order of taking; VOCAB_NONE: none above 0 */
	double *left;			/* DPP [n] what is left */
	double *row;			/* DPP [k x n] */
};

/* diverse_begin - n candidates, vec [n] (NULL: it has none; used when by->d) and item [n], of which up to k will be taken. 0 or ERR_MEM, then it is released. */
int diverse_begin(struct diverse *v, enum diverse_how how, const struct diverse_by *by, const float *const *vec, const uint32_t *item, size_t n, size_t k, struct err *e);
void diverse_release(struct diverse *v);
double diverse_term(const struct diverse *v, size_t i);
void diverse_take(struct diverse *v, size_t i);

#endif
