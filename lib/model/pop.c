#include "pop.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/fmath.h"

/* ---- making one ---- */

static const double LN_2 = 0.69314718055994530942;

/* decay - 2^(-seconds / half_life); seconds >= 0. */
static double decay(const struct pop_make *p, int64_t from, int64_t to)
{
	if (!(p->o->half_life > 0) || from == to)
		return 1;
	return fm_exp(-((double)to - (double)from) / p->o->half_life * LN_2);
}

void pop_make_init(struct pop_make *p, const struct pop_opts *o)
{
	*p = (struct pop_make){ .o = o, .newest = TIME_NONE };
}

void pop_make_release(struct pop_make *p)
{
	vocab_release(&p->user);
	vocab_release(&p->item);
	mem_free(p->score);
	mem_free(p->ref);
	mem_free(p->pair);
	mem_free(p->time);
	*p = (struct pop_make){ 0 };
}

static void reserve_items(struct pop_make *p)
{
	size_t had = p->cap_items, cap = had;

	if (p->item.n <= had)
		return;
	arr_reserve(p->score, p->item.n, cap);
	memset(p->score + had, 0, (cap - had) * sizeof *p->score);
	p->ref = mem_grow(p->ref, cap, sizeof *p->ref);
	for (size_t i = had; i < cap; i++)
		p->ref[i] = TIME_NONE;
	p->cap_items = cap;
}

/* add_to - one more weight, of time t. The sum is kept as of the newest time it has seen, so that nothing can overflow. */
static void add_to(struct pop_make *p, uint32_t i, double w, int64_t t)
{
	if (p->ref[i] == TIME_NONE) {
		p->score[i] = w;
		p->ref[i] = t;
	} else if (t > p->ref[i]) {
		p->score[i] = p->score[i] * decay(p, p->ref[i], t) + w;
		p->ref[i] = t;
	} else {
		p->score[i] += w * decay(p, t, p->ref[i]);
	}
}

int pop_make_event(struct pop_make *p, const struct event *ev, struct err *e)
{
	double w = weigh_event(ev, (void *)&p->o->weigh);
	bool has_decay = p->o->half_life > 0;
	uint32_t u, i;

	if (has_decay && ev->time == TIME_NONE)
		return err_set(e, ERR_DATA, "an event without a time, which a half-life needs");
	u = vocab_add(&p->user, ev->user.p, ev->user.len);
	i = vocab_add(&p->item, ev->item.p, ev->item.len);
	reserve_items(p);
	p->n_events++;
	if (ev->time > p->newest)
		p->newest = ev->time;
	if (!(w > 0))
		return 0;
	p->n_counted++;
	if (p->o->count == POP_EVENTS) {
		add_to(p, i, w, has_decay ? ev->time : 0);
		return 0;
	}
	if (p->n_pairs == UINT32_MAX)
		return err_set(e, ERR_DATA, "more than %u events, too many to count users; count events instead", UINT32_MAX);
	arr_reserve(p->pair, p->n_pairs + 1, p->cap_pairs);
	p->pair[p->n_pairs] = (uint64_t)u << 32 | i;
	if (has_decay) {
		arr_reserve(p->time, p->n_pairs + 1, p->cap_times);
		p->time[p->n_pairs] = ev->time;
	}
	p->n_pairs++;
	return 0;
}

/* count_users - one for each distinct (user, item), at the newest time of the pair. */
static int count_users(struct pop_make *p, struct err *e)
{
	uint32_t *at = NULL;

	if (p->time) {
		if (!(at = mem_try(p->n_pairs, sizeof *at, "order of the events", e)))
			return ERR_MEM;
		for (size_t j = 0; j < p->n_pairs; j++)
			at[j] = (uint32_t)j;
	}
	if (sort_u64(p->pair, at, p->n_pairs, e)) {
		mem_free(at);
		return ERR_MEM;
	}
	for (size_t j = 0, next; j < p->n_pairs; j = next) {
		int64_t newest = at ? p->time[at[j]] : 0;
		for (next = j + 1; next < p->n_pairs && p->pair[next] == p->pair[j]; next++)
			if (at && p->time[at[next]] > newest)
				newest = p->time[at[next]];
		p->score[(uint32_t)p->pair[j]] += at ? decay(p, newest, p->newest) : 1;
	}
	mem_free(at);
	return 0;
}

int pop_make_count(struct pop_make *p, struct err *e)
{
	if (!p->n_counted)
		return err_set(e, ERR_DATA, "no events to learn from%s", p->n_events ? ": those read all weigh 0" : "");
	if (p->o->count == POP_USERS)
		return count_users(p, e);
	for (size_t i = 0; i < p->item.n; i++)
		if (p->ref[i] != TIME_NONE && p->o->half_life > 0)
			p->score[i] *= decay(p, p->ref[i], p->newest);
	for (size_t i = 0; i < p->item.n; i++)
		if (!isfinite(p->score[i])) {
			struct str id = p->item.str[i];
			char clip[ERR_CLIP_MAX];
			return err_set(e, ERR_NUMERIC, "the weights of the events of item '%s' add up to more than a number holds", err_clip(clip, id.p, id.len));
		}
	return 0;
}

int pop_make_save(struct pop_make *p, struct sink *s, const struct prov *prov, struct err *e)
{
	uint64_t dim = p->item.n;
	struct buf weight = { 0 };
	struct artifactw *w = artifactw_new(s, KIND_MODEL, "pop", e);

	if (!w)
		return e ? (int)e->code : ERR_SYS;
	weigh_text(&p->o->weigh, &weight);
	model_put_meta(w, p->user.n, p->item.n, p->n_events);
	artifactw_meta(w, "count", "%s", p->o->count == POP_USERS ? "users" : "events");
	model_put_number(w, "half_life", p->o->half_life);
	artifactw_meta(w, "weight", "%s", weight.p);
	int ret = artifactw_tensor(w, "item.count", DTYPE_F64, 1, &dim, p->score, e);
	if (!ret)
		ret = artifactw_vocab(w, "item", &p->item, e);
	if (!ret)
		ret = artifactw_finish(w, prov, e);
	artifactw_free(w);
	buf_release(&weight);
	return ret;
}

/* ---- using one ---- */

/* Counts are finite and >= 0: their bits as integers have the same order. */
static int sort_counts(double *v, size_t n, struct err *e)
{
	_Static_assert(sizeof(double) == sizeof(uint64_t), "doubles are 64 bits");
	uint64_t *key = mem_try(n, sizeof *key, "counts", e);
	int ret;

	if (!key)
		return ERR_MEM;
	for (size_t i = 0; i < n; i++)
		v[i] += 0.0;		/* -0 becomes 0 */
	memcpy(key, v, n * sizeof *key);
	ret = sort_u64(key, NULL, n, e);
	memcpy(v, key, n * sizeof *key);
	mem_free(key);
	return ret;
}

int pop_load(struct pop *p, const char *path, struct prov *prov, struct buf *inputs, struct err *e)
{
	int ret;

	*p = (struct pop){ 0 };
	if ((ret = model_open(&p->model, path, e)))
		return ret;
	size_t n = p->model.n[MODEL_ITEMS];
	ret = model_ids(&p->model, MODEL_ITEMS, e);
	if (!ret)
		ret = model_counts(&p->model, &p->count, e);
	if (!ret && !(p->sorted = mem_try(n, sizeof *p->sorted, "counts", e)))
		ret = ERR_MEM;
	if (!ret) {
		memcpy(p->sorted, p->count, n * sizeof *p->sorted);
		ret = sort_counts(p->sorted, n, e);
	}
	if (!ret && prov && inputs)
		ret = artifact_prov(p->model.art, prov, inputs, e);
	if (ret) {
		pop_release(p);
		return ret;
	}
	p->largest = n ? p->sorted[n - 1] : 0;
	return 0;
}

void pop_release(struct pop *p)
{
	model_release(&p->model);
	mem_free(p->sorted);
	*p = (struct pop){ 0 };
}

double pop_scaled(const struct pop *p, struct str item)
{
	uint32_t i = idtab_find(&p->model.ids[MODEL_ITEMS], item.p, item.len);

	double whole = fm_log(1 + p->largest);		/* 0 also of counts that vanish beside 1 */

	return i == VOCAB_NONE || !(whole > 0) ? 0 : fm_log(1 + p->count[i]) / whole;
}

double pop_top_share(const struct pop *p, struct str item)
{
	uint32_t i = idtab_find(&p->model.ids[MODEL_ITEMS], item.p, item.len);
	size_t n = p->model.n[MODEL_ITEMS], lo = 0, hi = n;

	if (i == VOCAB_NONE)
		return 1;
	while (lo < hi) {		/* the first that is not below */
		size_t mid = lo + (hi - lo) / 2;
		if (p->sorted[mid] < p->count[i])
			lo = mid + 1;
		else
			hi = mid;
	}
	return (double)(n - lo) / (double)n;
}
