/*
 * seq_learn - epochs of steps (seq_step.h) over the windows of all users, and what the numbers are when it begins.
 */
#include "seq_step.h"

#include <math.h>
#include <string.h>

#include "model.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../num/act.h"
#include "../num/fmath.h"
#include "../num/num.h"

const char *seq_check(const struct seq_opts *o)
{
	const struct seq_dims *s = &o->dims;

	if (s->d < 1 || s->d > MODEL_DIM_MAX)
		return "the number of dimensions is not in 1..4096";
	if (!s->heads || s->d % s->heads)
		return "the dimensions cannot be shared out evenly to the heads";
	if (s->layers > SEQ_LAYERS_MAX)
		return "the number of layers is not in 0..32";
	if (s->hidden > 65536)
		return "the width of the feed-forward is not in 0..65536";
	if (s->n < 1 || s->n > 65536)
		return "the number of events looked at is not in 1..65536";
	if (!(o->temperature >= 0.001 && o->temperature <= 100))
		return "the temperature is not in 0.001..100";
	if (!(o->dropout >= 0 && o->dropout < 1))
		return "the dropout is not in 0..1";
	if (!(o->rate > 0 && o->rate <= 10))
		return "the rate is not above 0 and at most 10";
	if (!(fabs(o->neg_power) <= 2 && fabs(o->user_power) <= 2 && fabs(o->kind_power) <= 2))
		return "a power is not in -2..2";
	if (!(o->stddev >= 0 && o->stddev <= 1e6))
		return "the length of the first vectors is not in 0..1000000";
	if (!(o->warmup >= 0 && o->warmup <= 1))
		return "the share of warm-up is not in 0..1";
	if (!(o->clip >= 0))
		return "the length that gradients are cut to is below 0";
	if (o->batch < 1 || o->batch > UINT32_MAX)
		return "the number of windows of a batch is not in 1..4294967295";
	if (o->negatives > UINT32_MAX)
		return "the number of negatives is not in 0..4294967295";
	return NULL;
}

_Static_assert((int)SEQ_ACTS == (int)SEQS_ACTS, "what the net tells apart is what sequences do");

/* ---- steps ---- */

/* rate_at - warm-up, then a half cosine. */
static double rate_at(const struct seq_learn *m, size_t step)
{
	double all = (double)(m->o.epochs * m->steps_in_epoch), at = ((double)step + 0.5) / all, warm = m->o.warmup;

	if (at < warm)
		return m->o.rate * at / warm;
	double x = (at - warm) / (1 - warm);
	return m->o.rate * 0.5 * (1 + fm_cos_pi(x < 1 ? x : 1));
}

static int take_step(struct seq_learn *m, double *loss, const size_t *from, const uint32_t *len, size_t n, struct par *pool, struct err *e)
{
	double square;

	if (seq_step_gradient(m, loss, &square, from, len, n, m->n_steps, pool, e))
		return e->code;
	if (!isfinite(*loss) || !isfinite(square))
		return err_set(e, ERR_NUMERIC, "step %zu: the loss is not finite (a smaller --rate may help)", m->n_steps + 1);
	double length = sqrt(square);
	if (m->step->n_targets)
		seq_step_take(m, rate_at(m, m->n_steps), m->o.clip > 0 && length > m->o.clip ? (float)(m->o.clip / length) : 1, pool);
	m->n_steps++;
	return 0;
}

/* ---- an epoch ---- */

/* cut_windows - of all users, in a new order. The windows of a user with more events than one has begin at another place each epoch. */
static void cut_windows(struct seq_learn *m, size_t epoch)
{
	struct seq_step *s = m->step;
	size_t n = m->o.dims.n;
	struct pcg32 g;

	s->n_windows = 0;
	pcg32_seed(&g, m->o.seed, act_key(SEQ_STREAM_CUT, epoch, 0));
	for (size_t u = 0; u < m->data->n_users; u++) {
		size_t at = m->data->start[u], end = m->end[u], first;
		if (end < at + 2)
			continue;
		size_t inputs = end - at - 1;
		first = inputs > n ? 1 + pcg32_bounded(&g, (uint32_t)n) : inputs;
		for (size_t len = first; at < end - 1; at += len, len = min_size(n, end - 1 - at)) {
			s->from[s->n_windows] = at;
			s->len[s->n_windows++] = (uint32_t)len;
		}
	}
	for (size_t i = 0; i < s->n_windows; i++)
		s->order[i] = (uint32_t)i;
	pcg32_seed(&g, m->o.seed, act_key(SEQ_STREAM_ORDER, epoch, 0));
	rng_shuffle_u32(&g, s->order, (uint32_t)s->n_windows);
}

int seq_epoch(struct seq_learn *m, double *loss, const struct watch *pr, struct par *pool, struct err *e)
{
	struct seq_step *s = m->step;
	size_t most = min_size(m->o.batch, m->cap_windows), *from = mem_try(most, sizeof *from, "windows of a step", e);
	double weight = 0;
	uint32_t *len = mem_try(most, sizeof *len, "windows of a step", e);
	uint64_t done = 0, total = 0;

	*loss = 0;
	cut_windows(m, m->n_epochs);
	for (size_t i = 0; i < s->n_windows; i++)
		total += s->len[i];
	for (size_t i = 0, n; !e->code && i < m->steps_in_epoch; i++) {
		size_t at = s->n_windows * i / m->steps_in_epoch, end = s->n_windows * (i + 1) / m->steps_in_epoch;
		double l;
		for (n = 0; n < end - at; n++) {
			from[n] = s->from[s->order[at + n]];
			len[n] = s->len[s->order[at + n]];
			done += len[n];
		}
		if (take_step(m, &l, from, len, n, pool, e))
			break;
		*loss += l * s->weight;
		weight += s->weight;
		if (pr && pr->fn)
			pr->fn(pr->ctx, done, total);
	}
	*loss /= weight > 0 ? weight : 1;
	m->n_epochs++;
	if (!e->code && (!num_is_finite(m->own, m->n_items * m->o.dims.d) || !num_is_finite(m->w, m->at.n_params)))
		err_set(e, ERR_NUMERIC, "epoch %zu: the vectors are not finite (a smaller --rate may help)", m->n_epochs);	/* by its last step, which no loss has seen */
	mem_free(from);
	mem_free(len);
	return e->code;
}

/* ---- begin and end ---- */

/* weigh_kinds - all targets of a kind weigh n^kind_power together. */
static void weigh_kinds(struct seq_learn *m)
{
	double n[SEQ_KINDS_MAX] = { 0 }, all = 0;

	for (uint32_t i = 0; i < m->n_items; i++) {
		n[seq_kind_of(m, i)] += m->count[i];
		all += m->count[i];
	}
	for (size_t k = 0; k < m->o.dims.n_kinds; k++)
		m->kind_weight[k] = n[k] > 0 ? fm_pow(n[k] / all, m->o.kind_power - 1) : 1;
}

/* count_all - targets of each item, windows an epoch has at most; *n_next: targets that something stands before. */
static size_t count_all(struct seq_learn *m, size_t *n_next)
{
	size_t n = m->o.dims.n, windows = 0;

	*n_next = 0;
	for (size_t u = 0; u < m->data->n_users; u++) {
		size_t at = m->data->start[u], len = m->end[u] - at;
		for (size_t j = 0; j < len; j++) {
			m->count[m->data->what[at + j]] += seq_is_target(m->data, at + j);
			*n_next += j && seq_is_target(m->data, at + j);
		}
		if (len > 1)
			windows += len - 1 > n ? (len - 2) / n + 2 : 1;
	}
	return windows;
}

static int allocate(struct seq_learn *m, struct par *pool, struct err *e)
{
	struct seq_step *s = m->step = mem_new(1, sizeof *m->step);
	size_t d = m->o.dims.d, n_next;

	if (!(m->count = mem_try0(m->n_items, sizeof *m->count, "counts of items", e)))
		return ERR_MEM;
	s->n_windows = m->cap_windows = count_all(m, &n_next);
	weigh_kinds(m);
	if (!n_next)
		return err_set(e, ERR_DATA, "nobody has an event of weight behind another one: there is nothing to foretell");
	if (s->n_windows > UINT32_MAX)
		return err_set(e, ERR_DATA, "%zu windows are more than 4294967295", s->n_windows);
	m->steps_in_epoch = (s->n_windows + m->o.batch - 1) / m->o.batch;
	float **all[] = { &m->own, &m->own_m[0], &m->own_m[1], &m->best_own };
	for (size_t i = 0; i < 4; i++)
		if (!(*all[i] = mem_try0(m->n_items, d * sizeof **all[i], "vectors of items", e)))
			return ERR_MEM;
	float **net[] = { &m->w, &m->w_m[0], &m->w_m[1], &m->best_w };
	for (size_t i = 0; i < 4; i++)
		if (!(*net[i] = mem_try0(m->at.n_params, sizeof **net[i], "the net", e)))
			return ERR_MEM;
	return seq_step_need(m, pool, e);
}

static void begin_chunk(void *ctx, size_t i, int worker)
{
	struct seq_learn *m = ctx;
	size_t d = m->o.dims.d, end = min_size((i + 1) * SEQ_ROW_CHUNK, m->n_items);
	float length = (float)m->o.stddev / __builtin_sqrtf((float)d);

	(void)worker;
	for (size_t r = i * SEQ_ROW_CHUNK; r < end; r++) {
		struct pcg32 g;
		pcg32_seed(&g, m->o.seed, r);
		for (size_t k = 0; k < d; k++)
			m->own[r * d + k] = length * fm_normal(&g);
	}
}

int seq_learn_init(struct seq_learn *m, const struct seq_opts *o, const struct seqs *data, const uint8_t *kind, size_t *end, struct par *pool, struct err *e)
{
	*m = (struct seq_learn){ .o = *o, .data = data, .kind = o->dims.n_kinds > 1 ? kind : NULL, .end = end, .n_items = data->item.n, .best = -1 };
	seq_layout(&m->at, &o->dims);
	if (allocate(m, pool, e)) {
		seq_learn_release(m);
		return e->code;
	}
	par_for(pool, (m->n_items + SEQ_ROW_CHUNK - 1) / SEQ_ROW_CHUNK, begin_chunk, m);
	seq_begin(m->w, &o->dims, &m->at, o->seed);
	return 0;
}

void seq_learn_release(struct seq_learn *m)
{
	float *all[] = { m->own, m->own_m[0], m->own_m[1], m->best_own, m->w, m->w_m[0], m->w_m[1], m->best_w };

	seq_step_free(m->step);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		mem_free(all[i]);
	mem_free(m->count);
	mem_free(m->end);
	*m = (struct seq_learn){ 0 };
}

void seq_keep(struct seq_learn *m, double ndcg)
{
	memcpy(m->best_own, m->own, m->n_items * m->o.dims.d * sizeof *m->own);
	memcpy(m->best_w, m->w, m->at.n_params * sizeof *m->w);
	m->best = ndcg;
	m->best_epoch = m->n_epochs;
}
