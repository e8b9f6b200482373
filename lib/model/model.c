#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/buf.h"
#include "../base/mem.h"

const char *const model_axis_name[2] = { "item", "user" };

static const struct { const char *kind; bool has_vectors, may_have_none; } model_kinds[] = {
	{ "pop", false, false },
	{ "als", true, false },
	{ "ease", false, false },
	{ "graph", true, true },
	{ "blend", false, false },
	{ "softmax", true, false },
	{ "seq", true, false },
	{ "session", true, false },
};

int model_whole(const struct model *m, const char *key, double max, uint64_t *out, struct err *e)
{
	double v;

	if (model_number(m, key, 0, max, &v, e))
		return ERR_DATA;
	if (v != floor(v))
		return err_set(e, ERR_DATA, "%s: meta '%s' is not a whole number", artifact_name(m->art), key);
	*out = (uint64_t)v;
	return 0;
}

static int read_meta(struct model *m, struct err *e)
{
	static const double max_rows = UINT32_MAX - 1;		/* what a vocabulary holds */
	const char *kind = artifact_meta(m->art, "kind");
	uint64_t n_users, n_items, d = 0;
	size_t k = 0, n_kinds = sizeof model_kinds / sizeof *model_kinds;
	char clip[ERR_CLIP_MAX];

	if (!kind)
		return err_set(e, ERR_DATA, "%s: a model that does not say its kind", artifact_name(m->art));
	if (!strcmp(kind, "trees"))
		return err_set(e, ERR_DATA, "%s: a model of trees scores rows of features (taste-rank predict): it knows no items", artifact_name(m->art));
	while (k < n_kinds && strcmp(model_kinds[k].kind, kind))
		k++;
	if (k == n_kinds)
		return err_set(e, ERR_DATA, "%s: a model of kind '%s', which this version does not know", artifact_name(m->art),
			       err_clip(clip, kind, strlen(kind)));
	m->kind = model_kinds[k].kind;
	if (model_whole(m, "n_users", max_rows, &n_users, e) || model_whole(m, "n_items", max_rows, &n_items, e) ||
	    model_whole(m, "n_events", 9e15, &m->n_events, e) ||
	    (model_kinds[k].has_vectors && model_whole(m, "d", MODEL_DIM_MAX, &d, e)))
		return ERR_DATA;
	if (model_kinds[k].has_vectors && !model_kinds[k].may_have_none && !d)
		return err_set(e, ERR_DATA, "%s: vectors of no components", artifact_name(m->art));
	m->n[MODEL_USERS] = n_users;
	m->n[MODEL_ITEMS] = n_items;
	m->d = d;
	return 0;
}

static int open_artifact(struct model *m, struct artifact *a, struct err *e)
{
	int ret;

	*m = (struct model){ .art = a };
	if (!a)
		return e->code;
	ret = read_meta(m, e);
	if (ret)
		model_release(m);
	return ret;
}

int model_open(struct model *m, const char *path, struct err *e)
{
	struct err local = { 0 }, *err = e ? e : &local;

	return open_artifact(m, artifact_load(path, KIND_MODEL, err), err);
}

int model_open_memory(struct model *m, const char *name, const void *p, size_t n, struct err *e)
{
	struct err local = { 0 }, *err = e ? e : &local;

	return open_artifact(m, artifact_load_memory(name, p, n, KIND_MODEL, err), err);
}

void model_release(struct model *m)
{
	artifact_free(m->art);
	mem_free(m->made);
	*m = (struct model){ 0 };
}

int model_ids(struct model *m, enum model_axis axis, struct err *e)
{
	struct idtab t;
	int ret;

	if (m->ids[axis].off)
		return 0;
	if ((ret = artifact_idtab(m->art, model_axis_name[axis], &t, e)))
		return ret;
	if (t.n != m->n[axis])
		return err_set(e, ERR_DATA, "%s: %zu %s ids where the header says %zu", artifact_name(m->art), t.n,
			       model_axis_name[axis], m->n[axis]);
	m->ids[axis] = t;
	return 0;
}

/* item_codes - vectors out of codes: 4 d bytes an item. */
static int item_codes(struct model *m, struct err *e)
{
	uint64_t dim[2] = { m->n[MODEL_ITEMS], m->d }, n = dim[0];
	const void *code, *scale;
	int ret;

	if ((ret = artifact_tensor(m->art, "item.code", DTYPE_I8, 2, dim, &code, e)) || (ret = artifact_tensor(m->art, "item.scale", DTYPE_F32, 1, &n, &scale, e)))
		return ret;
	if (!(m->made = mem_try(n, m->d * sizeof *m->made, "vectors of items", e)))
		return ERR_MEM;
	for (size_t i = 0; i < n * m->d; i++)
		m->made[i] = ((const float *)scale)[i / m->d] * (float)((const int8_t *)code)[i];
	m->vec[MODEL_ITEMS] = m->made;
	return 0;
}

int model_vectors(struct model *m, enum model_axis axis, struct err *e)
{
	char name[16];
	uint64_t dim[2] = { m->n[axis], m->d };
	const void *data;
	int ret;

	if (m->vec[axis])
		return 0;
	if (!m->d)
		return err_set(e, ERR_DATA, "%s: a model of kind %s has no vectors", artifact_name(m->art), m->kind);
	if (axis == MODEL_USERS && !strcmp(m->kind, "graph"))
		return err_set(e, ERR_DATA, "%s: a model of kind graph has no vectors of users: fold in their events, or ask taste-score", artifact_name(m->art));
	if (axis == MODEL_USERS && (!strcmp(m->kind, "seq") || !strcmp(m->kind, "session")))
		return err_set(e, ERR_DATA, "%s: a model of kind %s has no vectors of users: fold in their events", artifact_name(m->art), m->kind);
	snprintf(name, sizeof name, "%s.vec", model_axis_name[axis]);
	/* a size of 0 would ask for any */
	if (!m->n[axis])
		return err_set(e, ERR_DATA, "%s: a model of no %ss", artifact_name(m->art), model_axis_name[axis]);
	if (axis == MODEL_ITEMS && artifact_has(m->art, "item.code"))
		return item_codes(m, e);
	if ((ret = artifact_tensor(m->art, name, DTYPE_F32, 2, dim, &data, e)))
		return ret;
	m->vec[axis] = data;
	return 0;
}

int model_counts(struct model *m, const double **count, struct err *e)
{
	uint64_t dim = m->n[MODEL_ITEMS];
	const void *data;
	int ret;

	if ((ret = artifact_tensor(m->art, "item.count", DTYPE_F64, 1, &dim, &data, e)))
		return ret;
	if (dim != m->n[MODEL_ITEMS])
		return err_set(e, ERR_DATA, "%s: counts of %llu items where the header says %zu", artifact_name(m->art),
			       (unsigned long long)dim, m->n[MODEL_ITEMS]);
	*count = data;
	for (size_t i = 0; i < dim; i++)
		if (!isfinite((*count)[i]) || (*count)[i] < 0)
			return err_set(e, ERR_DATA, "%s: the count of item %zu is not a number from 0 up", artifact_name(m->art), i + 1);
	return 0;
}

int model_damaged(const struct model *m, const char *what, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: %s", artifact_name(m->art), what);
}

int model_number(const struct model *m, const char *key, double min, double max, double *out, struct err *e)
{
	int ret = artifact_meta_f64(m->art, key, out, e);

	if (ret)
		return ret;
	if (!(*out >= min && *out <= max))
		return err_set(e, ERR_DATA, "%s: meta '%s' is out of its range", artifact_name(m->art), key);
	return 0;
}

void model_put_meta(struct artifactw *w, size_t n_users, size_t n_items, uint64_t n_events)
{
	artifactw_meta(w, "n_users", "%zu", n_users);
	artifactw_meta(w, "n_items", "%zu", n_items);
	artifactw_meta(w, "n_events", "%llu", (unsigned long long)n_events);
}

void model_put_number(struct artifactw *w, const char *key, double v)
{
	struct buf b = { 0 };

	buf_put_f64(&b, v);
	artifactw_meta(w, key, "%s", b.p);
	buf_release(&b);
}

void model_put_tuned(struct artifactw *w, const struct model_tuned *t)
{
	if (!t)
		return;
	model_put_number(w, "tuned_ndcg", t->ndcg);
	artifactw_meta(w, "tuned_k", "%zu", t->k);
	artifactw_meta(w, "tuned_users", "%zu", t->users);
	artifactw_meta(w, "tuned_trials", "%zu", t->trials);
}
