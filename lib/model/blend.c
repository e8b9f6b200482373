#include "blend.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/num.h"

/* ---- parts ---- */

static const char *name_of(const struct blend_part *p)
{
	return artifact_name(p->model.art);
}

/* match_items - fill p->to. */
static int match_items(const struct blend *b, struct blend_part *p, struct err *e)
{
	const struct idtab *own = &p->model.ids[MODEL_ITEMS];
	const char *first = b->n ? name_of(&b->part[0]) : "the blend";
	char clip[ERR_CLIP_MAX];
	bool is_same = true;

	if (!(p->to = mem_try(b->n_items, sizeof *p->to, "numbers of items", e)))
		return e->code;
	for (size_t i = 0; i < b->n_items; i++) {
		struct str id = idtab_id(&b->ids, i);
		p->to[i] = idtab_find(own, id.p, id.len);
		if (p->to[i] == VOCAB_NONE)
			return err_set(e, ERR_DATA, "%s: does not know item '%s', as %s does: the parts of a blend know the same items", name_of(p),
				       err_clip(clip, id.p, id.len), first);
		is_same &= p->to[i] == i;
	}
	for (size_t i = 0; i < own->n; i++) {
		struct str id = idtab_id(own, i);
		if (idtab_find(&b->ids, id.p, id.len) == VOCAB_NONE)
			return err_set(e, ERR_DATA, "%s: knows item '%s', which %s does not: the parts of a blend know the same items", name_of(p),
				       err_clip(clip, id.p, id.len), first);
	}
	if (own->n != b->n_items)	/* what both know they know by as many names: scores would not fit */
		return err_set(e, ERR_DATA, "%s: has an item twice: %zu ids, of which %zu are different", own->n > b->n_items ? name_of(p) : first,
			       own->n > b->n_items ? own->n : b->n_items, own->n > b->n_items ? b->n_items : own->n);
	if (is_same) {
		mem_free(p->to);
		p->to = NULL;
	}
	return 0;
}

static bool reads_history(const struct blend_part *p)
{
	return !p->scorer.count;
}

struct weigh *blend_weigh(struct blend *b)
{
	for (size_t k = 0; k < b->n; k++)
		if (reads_history(&b->part[k]))
			return scorer_weigh(&b->part[k].scorer);
	return NULL;
}

bool blend_wants_order(const struct blend *b)
{
	for (size_t k = 0; k < b->n; k++)
		if (scorer_wants_order(&b->part[k].scorer))
			return true;
	return false;
}

bool blend_is_for_all(const struct blend *b)
{
	for (size_t k = 0; k < b->n; k++)
		if (!reads_history(&b->part[k]) && b->part[k].weight > 0)
			return true;
	return false;
}

static void describe_weigh(const struct weigh *w, struct buf *to)
{
	weigh_text(w, to);
	buf_puts(to, " and values as ");
	weigh_values_text(w, to);
	if (w->half_life > 0) {
		buf_puts(to, " with a half-life of ");
		buf_put_f64(to, w->half_life);
		buf_printf(to, " s from %lld", (long long)w->newest);
	}
}

static int match_weigh(struct blend *b, struct blend_part *p, struct err *e)
{
	struct buf own = { 0 }, others = { 0 };
	const struct weigh *w = blend_weigh(b);

	if (!w || !reads_history(p))
		return 0;
	describe_weigh(scorer_weigh(&p->scorer), &own);
	describe_weigh(w, &others);
	if (strcmp(own.p, others.p))
		err_set(e, ERR_DATA, "%s: weighs events as %.200s, the parts before it as %.200s: one history cannot serve both", name_of(p), own.p, others.p);
	buf_release(&own);
	buf_release(&others);
	return e->code;
}

static void release_part(struct blend_part *p)
{
	scorer_release(&p->scorer);
	model_release(&p->model);
	mem_free(p->to);
	buf_release(&p->copy);
	file_close(p->file);
	*p = (struct blend_part){ 0 };
}

/* open_part - the file in p->bytes as part b->n. */
static int open_part(struct blend *b, struct blend_part *p, const char *name, struct par *pool, struct err *e)
{
	if (model_open_memory(&p->model, name, p->bytes, p->n_bytes, e))
		return e->code;
	if (!strcmp(p->model.kind, "blend"))
		return err_set(e, ERR_DATA, "%s: a blend cannot be part of a blend; name its parts", name);
	if (model_ids(&p->model, MODEL_ITEMS, e))
		return e->code;
	if (!b->ids.off) {
		b->ids = p->model.ids[MODEL_ITEMS];
		b->n_items = b->ids.n;
	}
	if (scorer_open(&p->scorer, &p->model, pool, e) || match_items(b, p, e) || match_weigh(b, p, e))
		return e->code;
	b->n++;
	return 0;
}

/* read_whole - p->bytes: the mapping, or what a pipe or a packed file gives. */
static int read_whole(struct blend_part *p, const char *path, struct err *e)
{
	enum { STEP = 1 << 20 };
	const unsigned char *map;
	int64_t got;

	if (!(p->file = file_open(path, e)))
		return e->code;
	if (file_map(p->file, &map, &p->n_bytes)) {
		p->bytes = map;
		return 0;
	}
	while ((got = file_read(p->file, buf_reserve(&p->copy, STEP), STEP, e)) > 0)
		p->copy.len += (size_t)got;
	p->bytes = p->copy.p;
	p->n_bytes = p->copy.len;
	return (int)got;
}

/* check_tensors - also those that scoring never looks at: in a blend they would get a new, good hash. */
static int check_tensors(struct model *m, struct err *e)
{
	for (size_t i = 0; i < artifact_n_tensors(m->art); i++) {
		uint64_t dim[3] = { 0 };
		const uint64_t *shape;
		const char *name;
		const void *data;
		enum dtype t;
		size_t n_dims;
		artifact_tensor_at(m->art, i, &name, &t, &n_dims, &shape);
		if (artifact_tensor(m->art, name, t, n_dims, dim, &data, e))
			return e->code;
	}
	return 0;
}

int blend_add(struct blend *b, const char *path, struct par *pool, struct err *e)
{
	size_t n = b->n;
	struct blend_part *p = &b->part[n];

	if (n == BLEND_PARTS)
		return err_set(e, ERR_USAGE, "more than %d parts of a blend", BLEND_PARTS);
	if (!read_whole(p, path, e) && !open_part(b, p, file_name(p->file), pool, e))
		check_tensors(&p->model, e);
	if (e->code) {
		release_part(p);
		b->n = n;
		if (!n)
			b->ids = (struct idtab){ 0 };
	}
	return e->code;
}

/* ---- the file ---- */

static int open_parts(struct blend *b, struct model *m, struct par *pool, struct err *e)
{
	uint64_t n = 0;
	const void *data;
	double sum = 0;
	int ret;

	if (artifact_tensor(m->art, "weight", DTYPE_F64, 1, &n, &data, e))
		return e->code;
	if (!n || n > BLEND_PARTS)
		return model_damaged(m, "a blend of no parts, or of too many", e);
	for (size_t k = 0; k < n; k++) {
		struct blend_part *p = &b->part[k];
		struct buf name = { 0 };
		char tensor[32];
		uint64_t bytes = 0;
		memcpy(&p->weight, (const char *)data + k * sizeof p->weight, sizeof p->weight);
		if (!(p->weight >= 0 && p->weight <= 1))
			return model_damaged(m, "a weight of a part is not a number from 0 to 1", e);
		sum += p->weight;
		snprintf(tensor, sizeof tensor, "part.%zu", k);
		if (artifact_tensor(m->art, tensor, DTYPE_U8, 1, &bytes, &p->bytes, e))
			return e->code;
		p->n_bytes = bytes;
		buf_printf(&name, "%s: part %zu", artifact_name(m->art), k + 1);
		ret = open_part(b, p, name.p, pool, e);
		buf_release(&name);
		if (ret) {
			release_part(p);
			return ret;
		}
	}
	return fabs(sum - 1) < 1e-6 ? 0 : model_damaged(m, "the weights of the parts do not add up to 1", e);
}

int blend_open(struct blend *b, struct model *m, struct par *pool, struct err *e)
{
	*b = (struct blend){ 0 };
	if (strcmp(m->kind, "blend"))
		return err_set(e, ERR_DATA, "%s: a model of kind %s is no blend", artifact_name(m->art), m->kind);
	if (!model_ids(m, MODEL_ITEMS, e)) {
		b->ids = m->ids[MODEL_ITEMS];
		b->n_items = b->ids.n;
		open_parts(b, m, pool, e);
	}
	if (e->code)
		blend_release(b);
	return e->code;
}

void blend_release(struct blend *b)
{
	for (size_t k = 0; k < b->n; k++)
		release_part(&b->part[k]);
	mem_free(b->score);
	mem_free(b->turned);
	*b = (struct blend){ 0 };
}

static void put_fit(struct artifactw *w, const struct blend *b, const struct blend_fit *f)
{
	char key[40];

	artifactw_meta(w, "metric", "ndcg");
	artifactw_meta(w, "k", "%zu", f->k);
	artifactw_meta(w, "n_fit", "%zu", f->n_users);
	model_put_number(w, "value", f->ndcg[b->n]);
	model_put_number(w, "ndcg", f->ndcg[b->n]);
	model_put_number(w, "recall", f->recall[b->n]);
	for (size_t k = 0; k < b->n; k++) {
		snprintf(key, sizeof key, "part.%zu.ndcg", k);
		model_put_number(w, key, f->ndcg[k]);
		snprintf(key, sizeof key, "part.%zu.recall", k);
		model_put_number(w, key, f->recall[k]);
	}
}

/* put_meta - f: NULL where nothing was fitted. */
static void put_meta(struct artifactw *w, const struct blend *b, const char *kinds, const struct blend_fit *f)
{
	const struct model *first = &b->part[0].model;

	model_put_meta(w, first->n[MODEL_USERS], b->n_items, first->n_events);
	artifactw_meta(w, "parts", "%zu", b->n);
	artifactw_meta(w, "kinds", "%s", kinds);
	if (f)
		put_fit(w, b, f);
}

/* put_ids - the table as it is in the first part. */
static int put_ids(struct artifactw *w, const struct idtab *t, struct err *e)
{
	uint64_t n_off = t->n + 1, n_str = t->off[t->n], n_slots = t->n_slots;

	return artifactw_tensor(w, "item.off", DTYPE_U64, 1, &n_off, t->off, e) || artifactw_tensor(w, "item.str", DTYPE_U8, 1, &n_str, t->str, e) ||
	       artifactw_tensor(w, "item.slot", DTYPE_U32, 1, &n_slots, t->slot, e);
}

int blend_save(struct blend *b, struct sink *s, const struct blend_fit *f, const struct prov *prov, struct err *e)
{
	struct model *first = &b->part[0].model;
	uint64_t n = b->n, n_items = b->n_items;
	double weight[BLEND_PARTS];
	struct buf kinds = { 0 };
	const double *count;

	if (model_counts(first, &count, e))
		return e->code;
	for (size_t k = 0; k < b->n; k++) {
		weight[k] = b->part[k].weight;
		buf_printf(&kinds, "%s%s", k ? "," : "", b->part[k].model.kind);
	}
	struct artifactw *w = artifactw_new(s, KIND_MODEL, "blend", e);
	if (w)
		put_meta(w, b, kinds.p, f);
	if (w && !artifactw_tensor(w, "weight", DTYPE_F64, 1, &n, weight, e) &&
	    !artifactw_tensor(w, "item.count", DTYPE_F64, 1, &n_items, count, e) && !put_ids(w, &b->ids, e)) {
		for (size_t k = 0; k < b->n && !e->code; k++) {
			char name[32];
			uint64_t bytes = b->part[k].n_bytes;
			snprintf(name, sizeof name, "part.%zu", k);
			artifactw_tensor(w, name, DTYPE_U8, 1, &bytes, b->part[k].bytes, e);
		}
		if (!e->code)
			artifactw_finish(w, prov, e);
	}
	artifactw_free(w);
	buf_release(&kinds);
	return e->code;
}

/* ---- scores ---- */

enum { LANES = 8 };

/* sum_lanes - lane l holds l, l + 8, ...; then in a fixed tree. */
static double sum_lanes(const double *lane)
{
	return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* spread - the standard deviation of x [n], n > 0, twice over the differences to x[0]. */
static double spread(const float *x, size_t n)
{
	double lane[LANES] = { 0 }, zero = (double)x[0];

	for (size_t i = 0; i < n; i++)
		lane[i % LANES] += (double)x[i] - zero;
	double mean = sum_lanes(lane) / (double)n;
	memset(lane, 0, sizeof lane);
	for (size_t i = 0; i < n; i++) {
		double d = (double)x[i] - zero - mean;
		lane[i % LANES] += d * d;
	}
	return sqrt(sum_lanes(lane) / (double)n);
}

struct scaling { const struct blend *b; const struct blend_part *p; float *out; double sd[SCORER_USERS]; };

/* scale_one - chunk c is a listener: turned into the blend's numbering, divided by the spread. */
static void scale_one(void *ctx, size_t c, int worker)
{
	struct scaling *s = ctx;
	size_t n = s->b->n_items;
	float *x = s->out + c * n;
	const float *from = s->p->to ? s->b->turned + c * n : NULL;

	(void)worker;
	for (size_t i = 0; i < n && s->p->to; i++)
		x[i] = from[s->p->to[i]];
	double sd = spread(x, n), f = sd > 0 ? 1 / sd : 0;
	s->sd[c] = sd;
	for (size_t i = 0; i < n; i++)
		x[i] = (float)((double)x[i] * f);
}

int blend_turn(struct csr *out, const struct blend *b, size_t part, const struct csr *h, size_t first, size_t n, struct err *e)
{
	const uint32_t *to = b->part[part].to;
	struct csr_keys t = { 0 };

	for (size_t u = 0; u < n; u++)
		for (size_t j = h->start[first + u]; j < h->start[first + u + 1]; j++)
			csr_keys_add(&t, (uint32_t)u, to ? to[h->col[j]] : h->col[j], h->val[j]);
	return csr_take(out, &t, n, h->n_cols, NULL, e);
}

/* turn_order - the same of what the listeners did. */
static int turn_order(struct seqs *out, const struct blend *b, size_t part, const struct seqs *order, size_t first, size_t n, struct err *e)
{
	if (seqs_rows(out, order, NULL, first, n, e))
		return e->code;
	for (size_t i = 0; i < out->n; i++)
		out->what[i] = b->part[part].to[out->what[i]];
	return 0;
}

static int scratch(float **p, const struct blend *b, struct err *e)
{
	return *p || (*p = mem_try(SCORER_USERS * b->n_items, sizeof **p, "scores", e)) ? 0 : e->code;
}

int blend_part_scores(struct blend *b, size_t part, float *out, double *sd, const struct csr *h, const struct seqs *order, size_t first, size_t n, struct par *pool, struct err *e)
{
	struct blend_part *p = &b->part[part];
	struct scaling s = { .b = b, .p = p, .out = out };
	int ret;

	if (!b->n_items)
		return 0;
	if (p->to) {
		struct csr turned = { 0 };
		struct seqs turned_order = { 0 };
		bool has_order = scorer_wants_order(&p->scorer);
		ret = scratch(&b->turned, b, e);
		if (!ret)
			ret = has_order ? turn_order(&turned_order, b, part, order, first, n, e) : blend_turn(&turned, b, part, h, first, n, e);
		if (!ret)
			ret = scorer_scores(&p->scorer, b->turned, &turned, &turned_order, 0, n, pool, e);
		csr_release(&turned);
		seqs_release(&turned_order);
	} else {
		ret = scorer_scores(&p->scorer, out, h, order, first, n, pool, e);
	}
	if (ret)
		return ret;
	par_for(pool, n, scale_one, &s);
	for (size_t c = 0; c < n; c++)
		if (!isfinite(s.sd[c]))
			return err_set(e, ERR_NUMERIC, "%s: a score is not finite", name_of(p));
	if (sd)
		memcpy(sd, s.sd, n * sizeof *sd);
	return 0;
}

struct adding { float *out; const float *x; float w; size_t n; };

static void add_one(void *ctx, size_t c, int worker)
{
	const struct adding *a = ctx;

	(void)worker;
	num_axpy(a->out + c * a->n, a->w, a->x + c * a->n, a->n);
}

int blend_scores(struct blend *b, float *out, const struct csr *h, const struct seqs *order, size_t first, size_t n, struct par *pool, struct err *e)
{
	int ret;

	if ((ret = scratch(&b->score, b, e)))
		return ret;
	memset(out, 0, n * b->n_items * sizeof *out);
	for (size_t k = 0; k < b->n; k++) {
		struct adding a = { out, b->score, (float)b->part[k].weight, b->n_items };
		if (!(b->part[k].weight > 0))
			continue;
		if ((ret = blend_part_scores(b, k, b->score, NULL, h, order, first, n, pool, e)))
			return ret;
		par_for(pool, n, add_one, &a);
	}
	return 0;
}
