#include "seq.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../num/act.h"
#include "../num/fmath.h"
#include "../num/num.h"

static const char *const attention_name[] = { "softmax", "pointwise" };

/* ---- codes ---- */

/* quantise - n numbers as code times scale; returns the scale. */
static float quantise(int8_t *code, const float *x, size_t n)
{
	float most = 0;

	for (size_t i = 0; i < n; i++)
		most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
	float scale = most / 127;
	if (scale < FLT_MIN)		/* too few bits to divide by */
		scale = 0;
	for (size_t i = 0; i < n; i++)
		code[i] = scale > 0 ? (int8_t)__builtin_rintf(x[i] / scale) : 0;
	return scale;
}

static void dequantise(float *x, const int8_t *code, float scale, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = scale * (float)code[i];
}

/* vector_of - an item of the best epoch, as the file has it. */
static void vector_of(const struct seq_learn *m, float *y, size_t item)
{
	size_t d = m->o.dims.d;
	float inv;

	memcpy(y, m->best_own + item * d, d * sizeof *y);
	if (m->o.is_cosine)
		act_unit(y, &inv, y, 1, d);
}

void seq_quantise(struct seq_learn *m)
{
	size_t d = m->o.dims.d;
	float y[MODEL_DIM_MAX];
	int8_t code[MODEL_DIM_MAX];

	for (size_t i = 0; i < m->n_items; i++) {
		vector_of(m, y, i);
		dequantise(m->best_own + i * d, code, quantise(code, y, d), d);
	}
	for (size_t i = 0; i < m->at.n_params; i += SEQ_GROUP) {
		size_t n = m->at.n_params - i < SEQ_GROUP ? m->at.n_params - i : SEQ_GROUP;
		dequantise(m->best_w + i, code, quantise(code, m->best_w + i, n), n);
	}
}

/* ---- writing ---- */

static void save_meta(const struct seq_learn *m, struct artifactw *a, const struct weigh *w)
{
	const struct seq_opts *o = &m->o;
	const struct seq_dims *s = &o->dims;

	model_put_meta(a, m->data->n_users, m->n_items, m->data->n_events);
	artifactw_meta(a, "d", "%zu", s->d);
	artifactw_meta(a, "layers", "%zu", s->layers);
	artifactw_meta(a, "heads", "%zu", s->heads);
	artifactw_meta(a, "hidden", "%zu", s->hidden);
	artifactw_meta(a, "length", "%zu", s->n);
	artifactw_meta(a, "attention", "%s", attention_name[s->attention]);
	artifactw_meta(a, "features", "%d", s->features);
	model_put_number(a, "temperature", o->temperature);
	artifactw_meta(a, "cosine", "%d", o->is_cosine);
	artifactw_meta(a, "epochs", "%zu", o->epochs);
	artifactw_meta(a, "best_epoch", "%zu", m->best_epoch);
	model_put_number(a, "best_ndcg", m->best);
	artifactw_meta(a, "batch", "%zu", o->batch);
	artifactw_meta(a, "negatives", "%zu", o->negatives);
	model_put_number(a, "neg_power", o->neg_power);
	model_put_number(a, "user_power", o->user_power);
	model_put_number(a, "kind_power", o->kind_power);
	model_put_number(a, "stddev", o->stddev);
	model_put_number(a, "dropout", o->dropout);
	model_put_number(a, "rate", o->rate);
	model_put_number(a, "warmup", o->warmup);
	model_put_number(a, "clip", o->clip);
	artifactw_meta(a, "seed", "%llu", (unsigned long long)o->seed);
	weigh_put(w, a);
}

static int save_items(const struct seq_learn *m, bool is_quantised, struct artifactw *a, struct err *e)
{
	size_t d = m->o.dims.d;
	uint64_t dim[2] = { m->n_items, d }, n = m->n_items;
	float *y = mem_try(m->n_items, d * sizeof *y, "vectors of items", e), *scale = mem_try(m->n_items, sizeof *scale, "vectors of items", e);
	int8_t *code = mem_try(is_quantised ? m->n_items : 0, d, "vectors of items", e);
	int ret = e->code;

	for (size_t i = 0; !ret && i < m->n_items; i++) {
		vector_of(m, y + i * d, i);
		if (is_quantised)
			scale[i] = quantise(code + i * d, y + i * d, d);
	}
	if (!ret)
		ret = is_quantised ? artifactw_tensor(a, "item.code", DTYPE_I8, 2, dim, code, e) || artifactw_tensor(a, "item.scale", DTYPE_F32, 1, &n, scale, e)
				   : artifactw_tensor(a, "item.vec", DTYPE_F32, 2, dim, y, e);
	if (!ret && m->kind)
		ret = artifactw_tensor(a, "item.kind", DTYPE_U8, 1, &n, m->kind, e);
	mem_free(y);
	mem_free(scale);
	mem_free(code);
	return ret;
}

static int save_net(const struct seq_learn *m, bool is_quantised, struct artifactw *a, struct err *e)
{
	uint64_t n = m->at.n_params, groups = (n + SEQ_GROUP - 1) / SEQ_GROUP;

	if (!is_quantised)
		return artifactw_tensor(a, "net", DTYPE_F32, 1, &n, m->best_w, e);
	int8_t *code = mem_try(n, 1, "the net's codes", e);
	float *scale = mem_try(groups, sizeof *scale, "the net's codes", e);
	int ret = e->code;
	for (size_t g = 0; !ret && g < groups; g++)
		scale[g] = quantise(code + g * SEQ_GROUP, m->best_w + g * SEQ_GROUP, n - g * SEQ_GROUP < SEQ_GROUP ? n - g * SEQ_GROUP : SEQ_GROUP);
	if (!ret)
		ret = artifactw_tensor(a, "net.code", DTYPE_I8, 1, &n, code, e) || artifactw_tensor(a, "net.scale", DTYPE_F32, 1, &groups, scale, e);
	mem_free(code);
	mem_free(scale);
	return ret;
}

int seq_save(const struct seq_learn *m, bool is_quantised, struct sink *s, const struct seq_names *names, const struct weigh *w, const struct prov *prov, struct err *e)
{
	struct artifactw *a = artifactw_new(s, KIND_MODEL, "seq", e);
	uint64_t n_items = m->n_items;

	if (a)
		save_meta(m, a, w);
	int ret = !a || save_items(m, is_quantised, a, e) || artifactw_tensor(a, "item.count", DTYPE_F64, 1, &n_items, m->count, e) ||
		  artifactw_vocab(a, "item", names->item, e) || (names->kinds && artifactw_vocab(a, "kind", names->kinds, e)) ||
		  (names->devices && artifactw_vocab(a, "device", names->devices, e)) || save_net(m, is_quantised, a, e) || artifactw_finish(a, prov, e);

	artifactw_free(a);
	return ret ? (e->code ? (int)e->code : ERR_SYS) : 0;
}

/* ---- opening ---- */

static int get_names(struct seq *s, const char *name, size_t min, size_t max, struct idtab *t, struct err *e)
{
	int ret = artifact_idtab(s->m->art, name, t, e);

	if (!ret && (t->n < min || t->n > max))
		ret = err_set(e, ERR_DATA, "%s: %zu names of %ss, not %zu to %zu", artifact_name(s->m->art), t->n, name, min, max);
	return ret;
}

static int get_dims(struct seq *s, struct err *e)
{
	struct seq_dims *d = &s->dims;
	struct seq_opts o = { .temperature = 1, .rate = 1, .batch = 1 };
	const char *attention = artifact_meta(s->m->art, "attention"), *wrong;
	size_t features, cosine;

	d->d = s->m->d;
	if (model_whole(s->m, "layers", SEQ_LAYERS_MAX, &d->layers, e) || model_whole(s->m, "heads", MODEL_DIM_MAX, &d->heads, e) || model_whole(s->m, "hidden", 65536, &d->hidden, e) ||
	    model_whole(s->m, "length", 65536, &d->n, e) || model_whole(s->m, "features", 15, &features, e) || model_whole(s->m, "cosine", 1, &cosine, e) ||
	    model_number(s->m, "temperature", 0.001, 100, &s->temperature, e))
		return e->code;
	d->features = (int)features;
	s->is_cosine = cosine;
	while (attention && d->attention <= SEQ_POINTWISE && strcmp(attention_name[d->attention], attention))
		d->attention++;
	if (!attention || d->attention > SEQ_POINTWISE)
		return err_set(e, ERR_DATA, "%s: meta 'attention' is neither softmax nor pointwise", artifact_name(s->m->art));
	d->n_kinds = 1;
	if (artifact_has(s->m->art, "kind.off") && get_names(s, "kind", 1, SEQ_KINDS_MAX, &s->kinds, e))
		return e->code;
	if (s->kinds.n > 1)
		d->n_kinds = s->kinds.n;
	if (d->features & SEQ_DEVICE) {
		if (get_names(s, "device", 0, SEQS_DEVICES_MAX, &s->devices, e))
			return e->code;
		d->n_devices = s->devices.n + 1;
	}
	o.dims = *d;
	wrong = seq_check(&o);
	return wrong ? err_set(e, ERR_DATA, "%s: %s", artifact_name(s->m->art), wrong) : 0;
}

/* get_floats - a tensor of n numbers, none of them NaN or infinite. */
static int get_floats(struct seq *s, const char *name, size_t ndim, uint64_t *dim, const float **out, struct err *e)
{
	const void *p;
	int ret = artifact_tensor(s->m->art, name, DTYPE_F32, ndim, dim, &p, e);

	if (ret)
		return ret;
	*out = p;
	if (!num_is_finite(p, dim[0] * (ndim > 1 ? dim[1] : 1)))
		return err_set(e, ERR_DATA, "%s: tensor %s holds what is no number", artifact_name(s->m->art), name);
	return 0;
}

static int get_items(struct seq *s, struct err *e)
{
	struct artifact *a = s->m->art;
	uint64_t dim[2] = { s->m->n[MODEL_ITEMS], s->m->d }, n = dim[0];
	const void *p;
	int ret;

	s->items.d = s->m->d;
	if (artifact_has(a, "item.code")) {
		if ((ret = artifact_tensor(a, "item.code", DTYPE_I8, 2, dim, &p, e)))
			return ret;
		s->items.code = p;
		if ((ret = get_floats(s, "item.scale", 1, &n, &s->items.scale, e)))
			return ret;
	} else if ((ret = get_floats(s, "item.vec", 2, dim, &s->items.vec, e))) {
		return ret;
	}
	if (s->dims.n_kinds > 1) {
		if ((ret = artifact_tensor(a, "item.kind", DTYPE_U8, 1, &n, &p, e)))
			return ret;
		s->kind = p;
		for (size_t i = 0; i < n; i++)
			if (s->kind[i] >= s->dims.n_kinds)
				return err_set(e, ERR_DATA, "%s: item %zu is of a kind that has no name", artifact_name(a), i + 1);
	}
	return 0;
}

static int get_net(struct seq *s, struct err *e)
{
	uint64_t n = s->at.n_params, groups = (n + SEQ_GROUP - 1) / SEQ_GROUP;
	const float *scale;
	const void *p;
	int ret;

	if (!artifact_has(s->m->art, "net.code"))
		return get_floats(s, "net", 1, &n, &s->w, e);
	if ((ret = artifact_tensor(s->m->art, "net.code", DTYPE_I8, 1, &n, &p, e)) || (ret = get_floats(s, "net.scale", 1, &groups, &scale, e)))
		return ret;
	if (!(s->w_mem = mem_try(n, sizeof *s->w_mem, "the net", e)))
		return ERR_MEM;
	for (size_t g = 0; g < groups; g++)
		dequantise(s->w_mem + g * SEQ_GROUP, (const int8_t *)p + g * SEQ_GROUP, scale[g], n - g * SEQ_GROUP < SEQ_GROUP ? n - g * SEQ_GROUP : SEQ_GROUP);
	s->w = s->w_mem;
	return 0;
}

int seq_open(struct seq *s, struct model *m, struct err *e)
{
	*s = (struct seq){ .m = m };
	if (strcmp(m->kind, "seq"))
		return err_set(e, ERR_DATA, "%s: a model of kind %s is no seq", artifact_name(m->art), m->kind);
	if (!m->n[MODEL_ITEMS])
		return err_set(e, ERR_DATA, "%s: a model of no items", artifact_name(m->art));
	int ret = weigh_load(&s->weigh, m, e);
	if (!ret && !(ret = get_dims(s, e))) {
		seq_layout(&s->at, &s->dims);
		if (!(ret = get_items(s, e)))
			ret = get_net(s, e);
	}
	if (ret)
		seq_close(s);
	return ret;
}

void seq_close(struct seq *s)
{
	weigh_release(&s->weigh);
	mem_free(s->w_mem);
	*s = (struct seq){ 0 };
}

uint32_t seq_kind_find(const struct seq *s, struct str name)
{
	return s->kinds.n ? idtab_find(&s->kinds, name.p, name.len) : VOCAB_NONE;
}

/* ---- reading a listener ---- */

void seq_read(const struct seq *s, struct seq_reader *r, const struct seq_past *past)
{
	size_t n = past->n < s->dims.n ? past->n : s->dims.n, from = past->n - n, cap = s->dims.n;
	uint8_t *kind = r->code, *gap = kind + cap, *hour = gap + cap, *device = hour + cap;
	int64_t *time = r->state.time;

	r->state.n = 0;
	for (size_t i = 0; i < n; i++) {
		size_t j = from + i;
		time[i] = past->time ? past->time[j] : TIME_NONE;
		kind[i] = s->kind ? s->kind[past->what[j]] : 0;
		gap[i] = i ? seq_gap(time[i - 1], time[i]) : 0;
		hour[i] = seq_hour(time[i]);
		device[i] = past->device_of ? past->device_of[j] : 0;
	}
	if (!n)
		return;
	struct seq_events ev = { past->what + from, past->act + from, kind, gap, hour, device, time };
	seq_run(&r->state, r->h, &s->dims, &s->at, s->w, &s->items, &ev, n, r->scratch);
}

/* forget - the n oldest events. */
static void forget(struct seq_state *st, const struct seq_dims *s, size_t n)
{
	st->n -= n;
	for (size_t i = 0; i < seq_state_rows(s); i++)
		memmove(st->kv + i * st->cap * s->d, st->kv + (i * st->cap + n) * s->d, st->n * s->d * sizeof *st->kv);
	memmove(st->time, st->time + n, st->n * sizeof *st->time);
	memmove(st->kind, st->kind + n, st->n);
}

void seq_append(const struct seq *s, struct seq_reader *r, const struct seq_past *past)
{
	struct seq_state *st = &r->state;
	size_t n = past->n, cap = st->cap;
	bool is_first = !st->n;

	if (!n)
		return;
	if (n >= cap) {
		seq_read(s, r, past);
		return;
	}
	int64_t before = is_first ? TIME_NONE : st->time[st->n - 1], *time;
	uint8_t *kind = r->code, *gap = kind + cap, *hour = gap + cap, *device = hour + cap;
	if (st->n + n > cap)
		forget(st, &s->dims, st->n + n - cap);
	time = st->time + st->n;
	for (size_t i = 0; i < n; i++) {
		time[i] = past->time ? past->time[i] : TIME_NONE;
		kind[i] = s->kind ? s->kind[past->what[i]] : 0;
		gap[i] = i ? seq_gap(time[i - 1], time[i]) : is_first ? 0 : seq_gap(before, time[i]);
		hour[i] = seq_hour(time[i]);
		device[i] = past->device_of ? past->device_of[i] : 0;
	}
	struct seq_events ev = { past->what, past->act, kind, gap, hour, device, time };
	seq_run(st, r->h, &s->dims, &s->at, s->w, &s->items, &ev, n, r->scratch);
}

void seq_vector(const struct seq *s, const struct seq_reader *r, size_t k, float *u)
{
	size_t d = s->dims.d;
	float inv;

	seq_head(u, &s->dims, &s->at, s->w, r->h, k, r->scratch);
	if (s->is_cosine)
		act_unit(u, &inv, u, 1, d);
}

void seq_scores(const struct seq *s, const struct seq_reader *r, float *out, float *u)
{
	size_t d = s->dims.d, n = s->m->n[MODEL_ITEMS], kinds = s->dims.n_kinds;
	const float *y = s->m->vec[MODEL_ITEMS];
	float choice[SEQ_KINDS_MAX];

	if (kinds == 1) {
		seq_vector(s, r, 0, u);
		num_dots(out, u, y, n, d, d);
		return;
	}
	num_dots(choice, r->h + kinds * d, s->w + s->at.choice, kinds, d, d);
	float inverse = (float)(1 / s->temperature);

	act_softmax(choice, 1, s->w + s->at.choice_bias, kinds);
	for (size_t k = 0; k < kinds; k++) {
		double sum = 0;
		float most = -INFINITY;
		seq_vector(s, r, k, u);
		for (size_t i = 0; i < n; i++)
			if (s->kind[i] == k) {
				out[i] = num_dot(u, y + i * d, d) * inverse;
				most = out[i] > most ? out[i] : most;
			}
		for (size_t i = 0; i < n; i++)
			if (s->kind[i] == k)
				sum += (double)fm_expf(out[i] - most);
		float less = fm_logf(choice[k]) - most - (float)fm_log(sum);
		for (size_t i = 0; i < n; i++)
			if (s->kind[i] == k)
				out[i] += less;
	}
}

/* ---- checkpoints ---- */

struct kept { const char *name; float *p; size_t n; };

static size_t all_kept(const struct seq_learn *m, struct kept *k)
{
	size_t items = m->n_items * m->o.dims.d, net = m->at.n_params, n = 0;

	k[n++] = (struct kept){ "own", m->own, items };
	k[n++] = (struct kept){ "own.m", m->own_m[0], items };
	k[n++] = (struct kept){ "own.v", m->own_m[1], items };
	k[n++] = (struct kept){ "net", m->w, net };
	k[n++] = (struct kept){ "net.m", m->w_m[0], net };
	k[n++] = (struct kept){ "net.v", m->w_m[1], net };
	if (m->best_epoch && m->best_epoch != m->n_epochs) {
		k[n++] = (struct kept){ "best.own", m->best_own, items };
		k[n++] = (struct kept){ "best.net", m->best_w, net };
	}
	return n;
}

int seq_checkpoint(const struct seq_learn *m, struct sink *s, const char *identity, const struct prov *prov, struct err *e)
{
	struct artifactw *a = artifactw_new(s, KIND_MODEL, "seq.run", e);
	struct kept kept[8];
	int ret = !a;

	if (a) {
		artifactw_meta(a, "identity", "%s", identity);
		artifactw_meta(a, "n_epochs", "%zu", m->n_epochs);
		artifactw_meta(a, "n_steps", "%zu", m->n_steps);
		artifactw_meta(a, "best_epoch", "%zu", m->best_epoch);
		model_put_number(a, "best_ndcg", m->best);
	}
	for (size_t i = 0, n = all_kept(m, kept); !ret && i < n; i++) {
		uint64_t dim = kept[i].n;
		ret = artifactw_tensor(a, kept[i].name, DTYPE_F32, 1, &dim, kept[i].p, e);
	}
	ret = ret || artifactw_finish(a, prov, e);
	artifactw_free(a);
	return ret ? (e->code ? (int)e->code : ERR_SYS) : 0;
}

static int resume_number(struct artifact *a, const char *key, size_t *out, struct err *e)
{
	int64_t v;

	if (artifact_meta_i64(a, key, &v, e))
		return e->code;
	if (v < 0)
		return err_set(e, ERR_DATA, "%s: meta '%s' is below 0", artifact_name(a), key);
	*out = (size_t)v;
	return 0;
}

/* word_at - the option of an identity, or its version or digest, in which byte i stands. */
static struct str word_at(const char *identity, size_t i)
{
	size_t from = i, to = i;

	while (from > 0 && !(identity[from - 1] == ' ' && (identity[from] == '-' || identity[from] == '|')))
		from--;
	from += strncmp(identity + from, "| ", 2) ? 0 : 2;
	for (to = max_size(from, i); identity[to] && !(identity[to] == ' ' && (identity[to + 1] == '-' || identity[to + 1] == '|')); to++)
		;
	return (struct str){ identity + from, to - from };
}

static int other_run(const struct artifact *a, const char *was, const char *is, struct err *e)
{
	char clip[2][ERR_CLIP_MAX];
	size_t i = 0;

	while (was[i] && was[i] == is[i])
		i++;
	struct str old = word_at(was, i), new = word_at(is, i);
	return err_set(e, ERR_DATA, "%s: a checkpoint of another version, other events or options: '%s' where this run has '%s'", artifact_name(a), err_clip(clip[0], old.p, old.len), err_clip(clip[1], new.p, new.len));
}

int seq_resume(struct seq_learn *m, const char *path, const char *identity, struct err *e)
{
	struct artifact *a = artifact_load(path, KIND_MODEL, e);
	const char *kind = a ? artifact_meta(a, "kind") : NULL, *was = a ? artifact_meta(a, "identity") : NULL;
	struct kept kept[8];

	if (a && (!kind || strcmp(kind, "seq.run")))
		err_set(e, ERR_DATA, "%s: no checkpoint of a seq model", artifact_name(a));
	else if (a && (!was || strcmp(was, identity)))
		other_run(a, was ? was : "", identity, e);
	if (!e->code && !resume_number(a, "n_epochs", &m->n_epochs, e) && !resume_number(a, "n_steps", &m->n_steps, e) && !resume_number(a, "best_epoch", &m->best_epoch, e) &&
	    !artifact_meta_f64(a, "best_ndcg", &m->best, e) &&
	    (!m->best_epoch || m->n_epochs > m->o.epochs || m->best_epoch > m->n_epochs || m->n_steps / m->steps_in_epoch != m->n_epochs || m->n_steps % m->steps_in_epoch))
		err_set(e, ERR_DATA, "%s: epoch %zu of %zu, the best %zu, after %zu steps of %zu an epoch", artifact_name(a), m->n_epochs, m->o.epochs, m->best_epoch, m->n_steps, m->steps_in_epoch);
	for (size_t i = 0, n = all_kept(m, kept); !e->code && i < n; i++) {
		uint64_t dim = kept[i].n;
		const void *p;
		if (!artifact_tensor(a, kept[i].name, DTYPE_F32, 1, &dim, &p, e)) {
			memcpy(kept[i].p, p, kept[i].n * sizeof(float));
			if (!num_is_finite(p, kept[i].n))
				err_set(e, ERR_DATA, "%s: tensor %s holds what is no number", artifact_name(a), kept[i].name);
		}
	}
	if (!e->code && m->best_epoch && m->best_epoch == m->n_epochs)
		seq_keep(m, m->best);
	artifact_free(a);
	return e->code;
}
