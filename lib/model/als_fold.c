/* als_fold - users a finished model never saw: their vectors, and what is behind their scores. */
#include "als.h"

#include <string.h>

#include "../base/mem.h"

int als_fold_open(struct als_fold *f, struct model *m, struct err *e)
{
	uint64_t dim[2] = { m->d, m->d };
	uint64_t n_items = m->n[MODEL_ITEMS];
	const void *gram, *item_weight;
	int ret;

	*f = (struct als_fold){ .n_items = m->n[MODEL_ITEMS] };
	if (strcmp(m->kind, "als"))
		return err_set(e, ERR_DATA, "%s: users cannot be folded into a model of kind %s (taste-score takes their events)", artifact_name(m->art), m->kind);
	if ((ret = als_options(&f->o, &f->weigh, m, e)) || (ret = model_number(m, "w0", 0, ALS_NUMBER_MAX, &f->w0, e)) ||
	    (ret = model_vectors(m, MODEL_ITEMS, e)) || (ret = artifact_tensor(m->art, "item.gram", DTYPE_F32, 2, dim, &gram, e)) ||
	    (ret = artifact_tensor(m->art, "item.weight", DTYPE_F32, 1, &n_items, &item_weight, e)))
		goto out;
	f->item = m->vec[MODEL_ITEMS];
	f->item_weight = item_weight;
	for (size_t i = 0; i < f->n_items; i++)
		if (!(f->item_weight[i] >= 0)) {
			ret = err_set(e, ERR_DATA, "%s: item.weight is negative or no number", artifact_name(m->art));
			goto out;
		}
	if (!(f->base = mem_try(m->d * m->d, sizeof *f->base, "Gram matrix", e))) {
		ret = ERR_MEM;
		goto out;
	}
	for (size_t i = 0; i < m->d * m->d; i++)
		f->base[i] = (float)f->w0 * ((const float *)gram)[i];
out:
	if (ret)
		als_fold_release(f);
	return ret;
}

void als_fold_release(struct als_fold *f)
{
	weigh_release(&f->weigh);
	mem_free(f->base);
	*f = (struct als_fold){ 0 };
}

static struct ridge fold_equations(const struct als_fold *f)
{
	struct ridge q = als_equations(&f->o, ALS_USERS, f->w0, f->item, f->n_items, f->base);

	ridge_from_nothing(&q);
	return q;
}

size_t als_fold_scratch(const struct als_fold *f, size_t n)
{
	struct ridge q = fold_equations(f);

	return (n + 15) / 16 * 16 + ridge_scratch(&q, n);
}

/* lay_out_own - the weights of a listener's pairs; false when all are 0, as of items that had no user: that is no history, and without w0 no equations either. */
static bool lay_out_own(float *to, const struct als_fold *f, const uint32_t *item, const float *r, size_t n)
{
	bool weighs = false;

	for (size_t j = 0; j < n; j++) {
		to[j] = weigh_pair(&f->weigh, r[j]) * f->item_weight[item[j]];
		weighs |= to[j] != 0;
	}
	return weighs;
}

int als_fold(const struct als_fold *f, float *x, const uint32_t *item, const float *r, size_t n, float *scratch, struct err *e)
{
	struct ridge q = fold_equations(f);
	float *weights = scratch;
	size_t bad;

	memset(x, 0, q.d * sizeof *x);
	if (!n)
		return 0;
	if (!lay_out_own(weights, f, item, r, n))
		return 0;
	bad = ridge_solve(&q, x, item, weights, n, scratch + (n + 15) / 16 * 16);
	return bad ? ridge_error(e, "a user who is folded in", bad) : 0;
}

size_t als_explain_scratch(const struct als_fold *f)
{
	struct ridge q = fold_equations(f);

	return ridge_explain_scratch(&q);
}

int als_explain(const struct als_fold *f, float *part, float *rest, const uint32_t *to, size_t n_to, const uint32_t *item, const float *r, size_t n, float *scratch,
		struct err *e)
{
	struct ridge q = fold_equations(f);
	float *weights;
	size_t bad;

	memset(rest, 0, n_to * sizeof *rest);
	if (!n || !n_to)
		return 0;
	weights = part + (n_to - 1) * n;	/* until it is the last row's turn */
	if (!lay_out_own(weights, f, item, r, n)) {
		memset(part, 0, n_to * n * sizeof *part);
		return 0;
	}
	bad = ridge_explain(&q, part, rest, to, n_to, item, weights, n, scratch);
	return bad ? ridge_error(e, "a user who is folded in", bad) : 0;
}
