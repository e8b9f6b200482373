#include <math.h>
#include <string.h>

#include "diverse.h"
#include "../base/mem.h"
#include "../num/fmath.h"
#include "../num/num.h"

static const double SAME_CREATOR = 0.4, SAME_GROUP = 0.2, SAME_TAGS = 0.4, OWN = 0.01;

/* unit_rows - the vectors side by side, scaled to length 1. In two steps, as a float's reciprocal may be beyond its range. */
static void unit_rows(struct diverse *v, const float *const *vec)
{
	size_t d = v->by.d;

	for (size_t i = 0; i < v->n; i++) {
		float *u = v->unit + i * d;
		double norm = vec[i] ? num_norm(vec[i], d) : 0;
		for (size_t j = 0; j < d; j++)
			u[j] = norm > 0 ? (float)((double)vec[i][j] / norm) : 0;
	}
}

int diverse_begin(struct diverse *v, enum diverse_how how, const struct diverse_by *by, const float *const *vec, const uint32_t *item, size_t n, size_t k, struct err *e)
{
	size_t cells = 0;

	*v = (struct diverse){ .how = how, .by = *by, .n = n, .item = item };
	if (!mem_mul(n, max_size(how == DIVERSE_DPP ? k : 0, by->d), &cells))
		return err_set(e, ERR_MEM, "%zu candidates and lists of %zu are too many to compare", n, k);
	v->unit = mem_try(n * by->d, sizeof *v->unit, "vectors of candidates", e);
	v->like = mem_try(n, sizeof *v->like, "similarities", e);
	v->near = mem_try0(n, sizeof *v->near, "similarities", e);
	v->near_to = mem_try(n, sizeof *v->near_to, "similarities", e);
	v->left = how == DIVERSE_DPP ? mem_try(n, sizeof *v->left, "determinants", e) : NULL;
	v->row = how == DIVERSE_DPP ? mem_try(n * k, sizeof *v->row, "determinants", e) : NULL;
	if (!v->unit || !v->like || !v->near || !v->near_to || (how == DIVERSE_DPP && (!v->left || !v->row))) {
		diverse_release(v);
		return ERR_MEM;
	}
	if (by->d)
		unit_rows(v, vec);
	for (size_t i = 0; i < n; i++) {
		v->near_to[i] = VOCAB_NONE;
		if (v->left)
			v->left[i] = 1;
	}
	return 0;
}

void diverse_release(struct diverse *v)
{
	mem_free(v->unit);
	mem_free(v->like);
	mem_free(v->near);
	mem_free(v->near_to);
	mem_free(v->left);
	mem_free(v->row);
	*v = (struct diverse){ 0 };
}

double diverse_term(const struct diverse *v, size_t i)
{
	return v->how == DIVERSE_MMR ? -v->near[i] : fm_log(v->left[i]);
}

static double tags_of_both(const struct facets *f, uint32_t a, uint32_t b)
{
	size_t na, nb, both = 0;
	const uint32_t *x = facets_of(f, a, &na), *y = facets_of(f, b, &nb);

	for (size_t i = 0, j = 0; i < na && j < nb;) {
		both += x[i] == y[j];
		size_t step = x[i] <= y[j];
		j += x[i] >= y[j];
		i += step;
	}
	return both ? (double)both / (double)(na + nb - both) : 0;
}

static double alike(const struct diverse *v, uint32_t a, uint32_t b)
{
	uint32_t creator = facets_first(v->by.creator, a), group = facets_first(v->by.group, a);
	double s = 0;

	if (creator != VOCAB_NONE && creator == facets_first(v->by.creator, b))
		s += SAME_CREATOR;
	if (group != VOCAB_NONE && group == facets_first(v->by.group, b))
		s += SAME_GROUP;
	return v->by.tags ? s + SAME_TAGS * tags_of_both(v->by.tags, a, b) : s;
}

/* cut_off - the part of each candidate that the new one explains, and the others before it did not. */
static void cut_off(struct diverse *v, size_t taken)
{
	double *restrict new = v->row + v->n_taken * v->n, *restrict left = v->left;
	double root = sqrt(left[taken]);

	for (size_t i = 0; i < v->n; i++)
		new[i] = (1 - OWN) * (double)v->like[i];
	for (size_t r = 0; r < v->n_taken; r++) {
		const double *restrict old = v->row + r * v->n;
		double its = old[taken];
		for (size_t i = 0; i < v->n; i++)
			new[i] -= its * old[i];
	}
	for (size_t i = 0; i < v->n; i++) {
		new[i] /= root;
		left[i] -= new[i] * new[i];
		left[i] = left[i] > OWN ? left[i] : OWN;	/* less is rounding: the smallest eigenvalue of S' is no less */
	}
}

void diverse_take(struct diverse *v, size_t taken)
{
	if (v->by.d)
		num_dots(v->like, v->unit + taken * v->by.d, v->unit, v->n, v->by.d, v->by.d);
	else
		for (size_t i = 0; i < v->n; i++)
			v->like[i] = (float)alike(v, v->item[taken], v->item[i]);
	for (size_t i = 0; i < v->n; i++)
		if ((double)v->like[i] > v->near[i]) {
			v->near[i] = v->like[i] < 1 ? (double)v->like[i] : 1;
			v->near_to[i] = (uint32_t)v->n_taken;
		}
	if (v->how == DIVERSE_DPP)
		cut_off(v, taken);
	v->n_taken++;
}
