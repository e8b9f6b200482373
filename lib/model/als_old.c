/* als_old - what an older model gives to a new one: its options, its vectors, its space. */
#include "als.h"

#include <string.h>

#include "align.h"
#include "../base/mem.h"
#include "../num/num.h"

int als_options(struct als_opts *o, struct weigh *w, const struct model *m, struct err *e)
{
	const char *solver = artifact_meta(m->art, "solver");
	double bias = 0, block = 0, steps = 1, seed;
	int ret, s = RIDGE_CG;

	*o = (struct als_opts){ 0 };
	*w = (struct weigh){ 0 };
	if (strcmp(m->kind, "als"))
		return err_set(e, ERR_DATA, "%s: a model of kind %s, not als", artifact_name(m->art), m->kind);
	if ((ret = weigh_load(w, m, e)) || (ret = model_number(m, "lambda", 0, ALS_NUMBER_MAX, &o->lambda, e)) || (ret = model_number(m, "nu", 0, 4, &o->nu, e)) ||
	    (ret = model_number(m, "unobserved", 0, ALS_NUMBER_MAX, &o->unobserved, e)) || (ret = model_number(m, "damp", 0, 2, &o->damp, e)) ||
	    (ret = model_number(m, "stddev", 0, ALS_NUMBER_MAX, &o->stddev, e)) || (ret = model_number(m, "seed", 0, 9e15, &seed, e)) ||
	    (solver && ((ret = model_number(m, "bias", 0, 1, &bias, e)) || (ret = model_number(m, "block", 0, MODEL_DIM_MAX, &block, e)) ||
			(ret = model_number(m, "steps", 0, 1000, &steps, e)))))
		return ret;
	if (!solver)		/* from before there was a choice */
		solver = ridge_solver_name[RIDGE_EXACT];
	while (s >= 0 && strcmp(solver, ridge_solver_name[s]))
		s--;
	if (s < 0 || (bias > 0 && m->d < 3))
		return err_set(e, ERR_DATA, "%s: does not say how its vectors were solved", artifact_name(m->art));
	o->solver = (enum ridge_solver)s;
	o->has_bias = bias > 0;
	o->d = m->d - (o->has_bias ? 2 : 0);
	o->block = (size_t)block;
	o->steps = (int)steps;
	o->seed = (uint64_t)seed;
	return 0;
}

int als_same_width(const struct als_opts *want, const struct model *old, struct err *e)
{
	struct als_opts o;
	struct weigh w;
	int ret = als_options(&o, &w, old, e);

	if (!ret && (o.d != want->d || o.has_bias != want->has_bias))
		ret = err_set(e, ERR_USAGE, "%s has vectors of %zu components%s; %zu%s are wanted", artifact_name(old->art), o.d, o.has_bias ? " and biases" : "", want->d,
			      want->has_bias ? " and biases" : "");
	weigh_release(&w);
	return ret;
}

int als_take(struct als *m, enum als_axis axis, struct model *old, const struct vocab *ids, size_t *n_found, struct err *e)
{
	struct als_side *s = &m->side[axis];
	size_t d = als_width(&m->o);
	int ret;

	*n_found = 0;
	if ((ret = als_same_width(&m->o, old, e)) || (ret = model_ids(old, (enum model_axis)axis, e)) || (ret = model_vectors(old, (enum model_axis)axis, e)))
		return ret;
	for (size_t r = 0; r < s->n; r++) {
		uint32_t i = idtab_find(&old->ids[axis], ids->str[r].p, ids->str[r].len);
		float *x = s->v + r * d;
		if (i == VOCAB_NONE)
			memset(x, 0, d * sizeof *x);
		else
			memcpy(x, old->vec[axis] + i * d, d * sizeof *x);
		*n_found += i != VOCAB_NONE;
	}
	s->has_gram = false;
	return num_is_finite(s->v, s->n * d) ? 0 : err_set(e, ERR_DATA, "%s: a vector that is not finite", artifact_name(old->art));
}

int als_align(struct als *m, struct model *old, const struct vocab *items, size_t *n_shared, double *residual, struct par *pool, struct err *e)
{
	struct als_side *s = &m->side[ALS_ITEMS];
	size_t d = m->o.d, width = als_width(&m->o), n = 0;
	float *both = NULL, *R = NULL;
	int ret;

	if ((ret = als_same_width(&m->o, old, e)) || (ret = model_ids(old, MODEL_ITEMS, e)) || (ret = model_vectors(old, MODEL_ITEMS, e)))
		return ret;
	both = mem_try(2 * s->n, d * sizeof *both, "vectors of both models", e);
	R = mem_try(d, d * sizeof *R, "rotation", e);
	if (!both || !R)
		ret = ERR_MEM;
	for (size_t r = 0; r < s->n && !ret; r++) {
		uint32_t i = idtab_find(&old->ids[MODEL_ITEMS], items->str[r].p, items->str[r].len);
		if (i == VOCAB_NONE)
			continue;
		memcpy(both + n * d, s->v + r * width, d * sizeof *both);
		memcpy(both + (s->n + n++) * d, old->vec[MODEL_ITEMS] + i * width, d * sizeof *both);
	}
	*n_shared = n;
	if (!ret && !n)
		ret = err_set(e, ERR_DATA, "%s has no item in common with the events", artifact_name(old->art));
	if (!ret)
		ret = align_rotation(R, both, d, both + s->n * d, d, n, d, residual, pool, e) == ERR_NUMERIC ? err_prefix(e, "%s", artifact_name(old->art)) : (int)e->code;
	/* rows a piece at a time, so that the turned ones have somewhere to be */
	for (size_t r = 0, some; r < s->n && !ret; r += some) {
		some = s->n - r < 2 * n ? s->n - r : 2 * n;
		if ((ret = num_gemm(both, d, s->v + r * width, width, NUM_N, R, d, NUM_N, some, d, d, false, pool, e)))
			break;
		for (size_t i = 0; i < some; i++)
			memcpy(s->v + (r + i) * width, both + i * d, d * sizeof *both);
	}
	s->has_gram = false;
	mem_free(both);
	mem_free(R);
	return ret ? ret : als_settle(m, pool, e);
}
