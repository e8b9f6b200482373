#include <math.h>
#include <string.h>

#include "diverse.h"
#include "../base/mem.h"
#include "../base/sort.h"
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

/* number_tags - tags of the catalogue to 0, 1, ... in place, n of them; returns how many are different. */
static int number_tags(uint32_t *tag, size_t n, size_t *n_different, struct err *e)
{
	uint64_t *key = mem_try(n, sizeof *key, "tags", e);
	uint32_t *at = mem_try(n, sizeof *at, "tags", e);
	int ret = key && at ? 0 : ERR_MEM;

	for (size_t j = 0; j < n && !ret; j++) {
		key[j] = tag[j];
		at[j] = (uint32_t)j;
	}
	if (!ret)
		ret = sort_u64(key, at, n, e);
	*n_different = 0;
	for (size_t j = 0; j < n && !ret; j++) {
		*n_different += !j || key[j] != key[j - 1];
		tag[at[j]] = (uint32_t)(*n_different - 1);
	}
	mem_free(key);
	mem_free(at);
	return ret;
}

/* gather - what the catalogue says of each candidate. */
static int gather(struct diverse *v, const uint32_t *item, struct err *e)
{
	size_t n_tags = 0, n = 0, at = 0;

	for (size_t i = 0; i < v->n && v->by.tags; i++) {
		facets_of(v->by.tags, item[i], &n);
		n_tags += n;
	}
	if (n_tags > UINT32_MAX)
		return err_set(e, ERR_MEM, "%zu tags of candidates are too many", n_tags);
	v->creator = mem_try(v->n, sizeof *v->creator, "creators", e);
	v->group = mem_try(v->n, sizeof *v->group, "groups", e);
	v->tag_start = mem_try(v->n + 1, sizeof *v->tag_start, "tags", e);
	v->tag = mem_try(n_tags, sizeof *v->tag, "tags", e);
	if (!v->creator || !v->group || !v->tag_start || !v->tag)
		return ERR_MEM;
	for (size_t i = 0; i < v->n; i++) {
		const uint32_t *tag = v->by.tags ? facets_of(v->by.tags, item[i], &n) : NULL;
		v->creator[i] = facets_first(v->by.creator, item[i]);
		v->group[i] = facets_first(v->by.group, item[i]);
		v->tag_start[i] = (uint32_t)at;
		for (size_t j = 0; tag && j < n; j++)
			v->tag[at++] = tag[j];
	}
	v->tag_start[v->n] = (uint32_t)at;
	if (number_tags(v->tag, n_tags, &n, e))
		return ERR_MEM;
	v->is_its = mem_try0(n, 1, "tags", e);
	return v->is_its ? 0 : ERR_MEM;
}

int diverse_begin(struct diverse *v, enum diverse_how how, const struct diverse_by *by, const float *const *vec, const uint32_t *item, size_t n, size_t k, struct err *e)
{
	size_t cells = 0;

	*v = (struct diverse){ .how = how, .by = *by, .n = n };
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
	else if (gather(v, item, e)) {
		diverse_release(v);
		return ERR_MEM;
	}
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
	mem_free(v->creator);
	mem_free(v->group);
	mem_free(v->tag_start);
	mem_free(v->tag);
	mem_free(v->is_its);
	mem_free(v->near);
	mem_free(v->near_to);
	mem_free(v->left);
	mem_free(v->row);
	*v = (struct diverse){ 0 };
}

double diverse_term(const struct diverse *v, size_t i)
{
	return v->how == DIVERSE_MMR ? -v->near[i] : (double)fm_logf((float)v->left[i]);
}

/* compare - all with the one taken, by catalogue. */
static void compare(struct diverse *v, size_t taken)
{
	const uint32_t *start = v->tag_start;
	size_t n_its = start[taken + 1] - start[taken];

	for (size_t j = start[taken]; j < start[taken + 1]; j++)
		v->is_its[v->tag[j]] = 1;
	for (size_t i = 0; i < v->n; i++) {
		double s = 0;
		size_t both = 0, n = start[i + 1] - start[i];
		if (v->creator[i] == v->creator[taken] && v->creator[i] != VOCAB_NONE)
			s += SAME_CREATOR;
		if (v->group[i] == v->group[taken] && v->group[i] != VOCAB_NONE)
			s += SAME_GROUP;
		for (size_t j = start[i]; j < start[i + 1]; j++)
			both += v->is_its[v->tag[j]];
		v->like[i] = (float)(both ? s + SAME_TAGS * (double)both / (double)(n + n_its - both) : s);
	}
	for (size_t j = start[taken]; j < start[taken + 1]; j++)
		v->is_its[v->tag[j]] = 0;
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
		compare(v, taken);
	for (size_t i = 0; i < v->n; i++)
		if ((double)v->like[i] > v->near[i]) {
			v->near[i] = v->like[i] < 1 ? (double)v->like[i] : 1;
			v->near_to[i] = (uint32_t)v->n_taken;
		}
	if (v->how == DIVERSE_DPP)
		cut_off(v, taken);
	v->n_taken++;
}
