/*
 * trees_walk - a row goes down the nodes of the file one by one: the plain reference of the scores, and what each feature adds to one.
 */
#include <math.h>
#include <string.h>

#include "trees_node.h"

/* goes_right - of node i of the file; set: that of the node, where it asks for a word. */
static bool goes_right(const struct trees *t, size_t i, const uint8_t *set, const float *x)
{
	size_t f = t->parts.feature[i];

	if (set)
		return !trees_set_has(set, trees_word_code(x[f]));
	return isnan(x[f]) ? t->parts.missing[i] : x[f] > t->parts.cut[t->parts.cut_start[f] + t->parts.test[i]];
}

/* set_of - of node v of tree k; NULL: it asks for no word. Sets stand in the order of nodes. */
static const uint8_t *set_of(const struct trees *t, size_t k, size_t v)
{
	size_t i = t->parts.start[k], s = t->first_set[k];

	if (t->first_set[k] == t->first_set[k + 1] || !trees_is_words(t, t->parts.feature[i + v]))
		return NULL;
	for (size_t u = 0; u < v; u++)
		s += trees_is_words(t, t->parts.feature[i + u]);
	return t->parts.set + s * TREES_SET;
}

float trees_score_ref(const struct trees *t, const float *x)
{
	const struct trees_parts *p = &t->parts;
	float score = t->base;

	for (size_t k = 0; k < t->n_trees; k++) {
		size_t first = p->start[k], n = p->start[k + 1] - first, v = 0;
		while (v < n)
			v = p->child[2 * (first + v) + goes_right(t, first + v, set_of(t, k, v), x)];
		score += p->value[first + k + v - n];
	}
	return score;
}

/* ---- why ---- */

/* A feature on the way from the root: the share of subsets of what came before in which ... of Lundberg et al., algorithm 2. */
struct step {
	size_t feature;
	double zero, one;	/* share of rows that go on here when the feature is not known; 1 or 0: does this row, when it is */
	double weight;		/* of the subsets of as many features as the step's place */
};

struct explain {
	double inverse[TREES_DEPTH_MAX + 3];	/* 1 / i */
	const struct trees *t;
	size_t k;		/* tree */
	const float *x;
	double *phi;
};

static void extend(const struct explain *g, struct step *path, size_t n, double zero, double one, size_t feature)
{
	double part = g->inverse[n + 1];

	path[n] = (struct step){ feature, zero, one, n == 0 };
	for (size_t i = n; i-- > 0;) {
		double w = path[i].weight * part;
		path[i + 1].weight += one * w * (double)(i + 1);
		path[i].weight = zero * w * (double)(n - i);
	}
}

/* unwind - take step k out of path[0..n], of which n are left. */
static void unwind(const struct explain *g, struct step *path, size_t n, size_t k)
{
	double one = path[k].one, zero = path[k].zero, next = path[n].weight, all = (double)(n + 1), part = zero * g->inverse[n + 1], scale = all / zero;

	for (size_t i = n; i-- > 0;) {
		if (one != 0) {
			double w = path[i].weight;
			path[i].weight = next * all * g->inverse[i + 1];
			next = w - path[i].weight * part * (double)(n - i);
		} else {
			path[i].weight *= scale * g->inverse[n - i];
		}
	}
	for (size_t i = k; i < n; i++) {
		path[i].feature = path[i + 1].feature;
		path[i].zero = path[i + 1].zero;
		path[i].one = path[i + 1].one;
	}
}

/* unwound_sum - the sum of weights that unwind would leave. */
static double unwound_sum(const struct explain *g, const struct step *path, size_t n, size_t k)
{
	double next = path[n].weight, all = (double)(n + 1), part = path[k].zero * g->inverse[n + 1], sum = 0;

	if (path[k].one == 0) {
		for (size_t i = n; i-- > 0;)
			sum += path[i].weight * g->inverse[n - i];
		return sum * all / path[k].zero;
	}
	for (size_t i = n; i-- > 0;) {
		double w = next * all * g->inverse[i + 1];
		sum += w;
		next = path[i].weight - w * part * (double)(n - i);
	}
	return sum;
}

/* explain_node - what is below node or leaf `at`; the path to it has n steps, and room behind it for the way on. */
static void explain_node(const struct explain *g, size_t at, struct step *path, size_t n, double zero, double one, size_t feature)
{
	const struct trees_parts *p = &g->t->parts;
	size_t first = p->start[g->k], n_nodes = p->start[g->k + 1] - first;

	extend(g, path, n, zero, one, feature);
	if (at >= n_nodes) {
		double value = (double)p->value[first + g->k + at - n_nodes];
		for (size_t i = 1; i <= n; i++)
			g->phi[path[i].feature] += unwound_sum(g, path, n, i) * (path[i].one - path[i].zero) * value;
		return;
	}
	size_t f = p->feature[first + at], known = 1;
	bool right = goes_right(g->t, first + at, set_of(g->t, g->k, at), g->x);
	double was_zero = 1, was_one = 1, rows = (double)trees_node_rows(g->t, g->k, at);
	while (known <= n && path[known].feature != f)
		known++;
	if (known <= n) {
		was_zero = path[known].zero;
		was_one = path[known].one;
		unwind(g, path, n--, known);
	}
	for (int side = 0; side < 2; side++) {
		size_t child = p->child[2 * (first + at) + (size_t)side];
		struct step *next = path + n + 1;
		memcpy(next, path, (n + 1) * sizeof *next);
		explain_node(g, child, next, n + 1, was_zero * (double)trees_node_rows(g->t, g->k, child) / rows, right == side ? was_one : 0, f);
	}
}

size_t trees_explain_scratch(const struct trees *t)
{
	return (t->depth + 2) * (t->depth + 3) / 2 * sizeof(struct step);
}

void trees_explain(const struct trees *t, double *phi, const float *x, void *scratch)
{
	struct explain g = { .t = t, .x = x, .phi = phi };

	for (size_t i = 1; i < sizeof g.inverse / sizeof *g.inverse; i++)
		g.inverse[i] = 1 / (double)i;
	memset(phi, 0, t->n_features * sizeof *phi);
	phi[t->n_features] = t->mean;
	for (; g.k < t->n_trees; g.k++)
		explain_node(&g, 0, scratch, 0, 1, 1, SIZE_MAX);
}
