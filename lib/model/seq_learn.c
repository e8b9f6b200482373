/*
 * seq_learn - a step: candidates, then each task its windows forward, the loss, and back; then the tasks' sums, items' rows, and Adam.
 */
#include "seq_learn.h"

#include <math.h>
#include <string.h>

#include "model.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"
#include "../num/act.h"
#include "../num/adam.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum {
	TASK_TOKENS = 256,		/* events of a task at least, where there are enough */
	CHUNK_TOKENS = 512,		/* events that go through the net together, or one window */
	TILE = 128,			/* targets whose scores are there at a time */
	ROW_CHUNK = 64,			/* items of a chunk of par_for */
	ASK = 64,			/* listeners measured together */
	NEGATIVES = 1024,
	STREAM_ORDER = 1, STREAM_CUT = 2, STREAM_DRAW = 3, STREAM_DROP = 4,	/* what is drawn, with the epoch or step: act_key */
};

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

/* ---- what a step needs ---- */

struct task {				/* part of a batch */
	size_t first, n;		/* windows */
	size_t token;			/* of the batch, its first */
	float *gw, *gy;			/* [n_params] [n_cand x d] */
	double loss;
};

struct worker {
	struct seq_room room;
	size_t *start;			/* [CHUNK + 1] */
	uint32_t *item;			/* [tokens] what the net reads ... */
	uint8_t *act, *kind, *gap, *hour, *device, *asked;
	int64_t *time;
	uint32_t *target;		/* ... and what comes next, VOCAB_NONE: no target */
	float *weight;			/* [tokens] of targets, of all those of the step */
	uint32_t *row;			/* [tokens] those of a kind */
	float *h, *z, *inv, *gz, *own, *own_inv;	/* [tokens x d] [tokens] */
	float *score;			/* [TILE x n_cand] */
};

struct seq_step {
	/* windows of an epoch */
	size_t *from;
	uint32_t *len, *order;
	size_t n_windows;
	/* candidates: those of kind k are cand_start[k] .. */
	bool is_full;
	size_t n_cand, cand_start[SEQ_KINDS_MAX + 1];
	uint32_t *cand;			/* [n_cand] items */
	uint32_t *place;		/* [n_items] full: where an item is among them */
	float *y, *y_inv, *logw;	/* [n_cand x d] unit, 1 / length; NULL when full */
	double *upto[SEQ_KINDS_MAX];	/* drawn: running sums of q over the items of a kind */
	uint32_t *of_kind;		/* [n_items] items by kind, kind_start[k] .. */
	size_t kind_start[SEQ_KINDS_MAX + 1];
	/* a batch */
	const size_t *b_from;
	const uint32_t *b_len;
	double *b_weight, weight;	/* of a target of each window; sum over all targets */
	size_t cap_windows, n_targets, n_tokens, cap_tokens;
	uint64_t number;
	struct task task[SEQ_TASKS_MAX];
	size_t n_tasks;
	float *gx, *gt;			/* [tokens x d] by token: of inputs, of targets (drawn) */
	uint64_t *key, *key2;		/* [2 tokens + n_cand] item << 32 | source */
	size_t cap_keys;
	struct touched { uint32_t item; size_t from, to; } *row;
	size_t n_rows, cap_rows;
	float *g;			/* [n_rows x d] */
	size_t cap_g;
	double *square;			/* [chunks of rows] */
	float *gw;			/* [n_params] all tasks */
	struct worker *worker;
	int n_workers;
	size_t chunk_tokens;
};

static bool is_target(const struct seqs *s, size_t at)
{
	return !(s->act[at] & SEQS_WEIGHTLESS);
}

/* ---- candidates ---- */

static size_t kind_of(const struct seq_learn *m, uint32_t item)
{
	return m->kind ? m->kind[item] : 0;
}

/* draw_of - an item of a kind by its running sums. */
static uint32_t draw_of(const struct seq_step *s, size_t k, double at)
{
	size_t low = 0, high = s->kind_start[k + 1] - s->kind_start[k] - 1;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (s->upto[k][mid] > at)
			high = mid;
		else
			low = mid + 1;
	}
	return (uint32_t)(s->kind_start[k] + low);
}

/* draw - the candidates of a step: those drawn more than once count so often. */
static void draw(struct seq_learn *m)
{
	struct seq_step *s = m->step;
	struct pcg32 g;

	pcg32_seed(&g, m->o.seed, act_key(STREAM_DRAW, s->number, 0));
	s->n_cand = 0;
	for (size_t k = 0; k < m->o.dims.n_kinds; k++) {
		size_t n_k = s->kind_start[k + 1] - s->kind_start[k], n = n_k ? m->o.negatives : 0;
		s->cand_start[k] = s->n_cand;
		double all = n_k ? s->upto[k][n_k - 1] : 0;
		for (size_t j = 0; j < n; j++)
			s->key[j] = draw_of(s, k, pcg32_f64(&g) * all);
		sort_u64_in(s->key, NULL, s->key2, NULL, n);
		for (size_t j = 0, same; j < n; j += same) {
			size_t at = s->key[j] - s->kind_start[k];
			for (same = 1; j + same < n && s->key[j + same] == s->key[j]; same++)
				;
			double q = (s->upto[k][at] - (at ? s->upto[k][at - 1] : 0)) / all;
			s->cand[s->n_cand] = s->of_kind[s->key[j]];
			s->logw[s->n_cand++] = (float)fm_log((double)same / ((double)n * q));
		}
	}
	s->cand_start[m->o.dims.n_kinds] = s->n_cand;
}

static void gather_chunk(void *ctx, size_t chunk, int worker)
{
	struct seq_learn *m = ctx;
	struct seq_step *s = m->step;
	size_t d = m->o.dims.d, end = min_size((chunk + 1) * ROW_CHUNK, s->n_cand);

	(void)worker;
	for (size_t c = chunk * ROW_CHUNK; c < end; c++)
		memcpy(s->y + c * d, m->own + s->cand[c] * d, d * sizeof *s->y);
	if (m->o.is_cosine)
		act_unit(s->y + chunk * ROW_CHUNK * d, s->y_inv + chunk * ROW_CHUNK, s->y + chunk * ROW_CHUNK * d, end - chunk * ROW_CHUNK, d);
}

/* ---- a chunk of windows: what it reads ---- */

static void read_event(const struct seq_learn *m, struct worker *k, size_t at, size_t j, bool is_first)
{
	const struct seqs *s = m->data;

	k->item[at] = s->what[j];
	k->act[at] = s->act[j] & SEQS_ACT;
	k->kind[at] = (uint8_t)kind_of(m, s->what[j]);
	k->time[at] = s->time[j];
	k->gap[at] = is_first ? 0 : seq_gap(s->time[j - 1], s->time[j]);
	k->hour[at] = seq_hour(s->time[j]);
	k->device[at] = s->device_of ? s->device_of[j] : 0;
}

static size_t read_window(struct seq_learn *m, struct worker *k, size_t at, size_t from, size_t len, double weight)
{
	const struct seqs *s = m->data;

	for (size_t i = 0; i < len; i++, at++) {
		size_t j = from + i;
		read_event(m, k, at, j, !i);
		k->target[at] = is_target(s, j + 1) ? s->what[j + 1] : VOCAB_NONE;
		k->asked[at] = k->target[at] == VOCAB_NONE ? 0 : (uint8_t)kind_of(m, k->target[at]);
		k->weight[at] = (float)(weight / m->step->weight * (k->target[at] == VOCAB_NONE ? 0 : m->kind_weight[k->asked[at]]));
	}
	return at;
}

static struct seq_events events_of(const struct worker *k)
{
	return (struct seq_events){ k->item, k->act, k->kind, k->gap, k->hour, k->device, k->time, k->asked };
}

/* ---- the loss of a chunk ---- */

struct chunk { struct seq_learn *m; struct worker *k; struct task *t; size_t n, token; };

/* own_rows - of the targets, which may not be among the candidates drawn. */
static void own_rows(const struct chunk *c, size_t n)
{
	struct seq_learn *m = c->m;
	size_t d = m->o.dims.d;

	for (size_t i = 0; i < n; i++)
		memcpy(c->k->own + i * d, m->own + c->k->target[c->k->row[i]] * d, d * sizeof *c->k->own);
	if (m->o.is_cosine)
		act_unit(c->k->own, c->k->own_inv, c->k->own, n, d);
}

/* full_row - scores become their gradient; returns the loss. */
static double full_row(float *score, size_t n, size_t own, float inverse, float weight)
{
	float mine = score[own] * inverse, lse = act_softmax(score, inverse, NULL, n);

	score[own] -= 1;
	num_scale(score, weight * inverse, n);
	return (double)weight * ((double)lse - (double)mine);
}

/* drawn_row - likewise; *g_own: of the target's own score, which is not among them. */
static double drawn_row(float *score, const uint32_t *cand, const float *logw, size_t n, uint32_t target, float own, float inverse, float weight, float *g_own)
{
	float mine = own * inverse;

	for (size_t j = 0; j < n; j++)
		score[j] = cand[j] == target ? -1e30f : score[j] * inverse + logw[j];
	float others = act_softmax(score, 1, NULL, n), most = others > mine ? others : mine;
	float lse = most + fm_logf(fm_expf(others - most) + fm_expf(mine - most)), p = fm_expf(mine - lse);
	num_scale(score, (1 - p) * weight * inverse, n);
	*g_own = (p - 1) * weight * inverse;
	return (double)weight * ((double)lse - (double)mine);
}

/* score_kind - the n targets k->row of kind `kind`: their loss; what it says of h is added to the room's gx. */
static double score_kind(const struct chunk *c, size_t kind, size_t n)
{
	struct seq_learn *m = c->m;
	struct seq_step *s = m->step;
	struct worker *k = c->k;
	const struct seq_dims *dim = &m->o.dims;
	size_t d = dim->d, from = s->cand_start[kind], width = s->cand_start[kind + 1] - from;
	const float *head = m->w + m->at.head + kind * d * d, *y = s->y + from * d;
	float inverse = (float)(1 / m->o.temperature);
	double loss = 0;

	for (size_t i = 0; i < n; i++)
		memcpy(k->h + i * d, k->room.h + k->row[i] * d, d * sizeof *k->h);
	if (dim->n_kinds > 1)
		num_gemm_in(k->z, d, k->h, d, NUM_N, head, d, NUM_N, n, d, d, false, k->room.scratch);
	else
		memcpy(k->z, k->h, n * d * sizeof *k->z);
	if (m->o.is_cosine)
		act_unit(k->z, k->inv, k->z, n, d);
	if (!s->is_full)
		own_rows(c, n);
	for (size_t i = 0, rows; i < n; i += rows) {
		rows = min_size(TILE, n - i);
		num_gemm_in(k->score, width, k->z + i * d, d, NUM_N, y, d, NUM_T, rows, width, d, false, k->room.scratch);
		for (size_t r = 0; r < rows; r++) {
			uint32_t target = k->target[k->row[i + r]];
			float *score = k->score + r * width, weight = k->weight[k->row[i + r]], g;
			if (s->is_full) {
				loss += full_row(score, width, s->place[target] - from, inverse, weight);
				continue;
			}
			const float *own = k->own + (i + r) * d, *z = k->z + (i + r) * d;
			float *gt = s->gt + (c->token + k->row[i + r]) * d;
			loss += drawn_row(score, s->cand + from, s->logw + from, width, target, num_dot(own, z, d), inverse, weight, &g);
			for (size_t x = 0; x < d; x++)
				gt[x] = g * z[x];
			k->inv[n + r] = g;
		}
		num_gemm_in(k->gz + i * d, d, k->score, width, NUM_N, y, d, NUM_N, rows, d, width, false, k->room.scratch);
		for (size_t r = 0; !s->is_full && r < rows; r++)
			num_axpy(k->gz + (i + r) * d, k->inv[n + r], k->own + (i + r) * d, d);
		num_gemm_in(c->t->gy + from * d, d, k->score, width, NUM_T, k->z + i * d, d, NUM_N, width, d, rows, true, k->room.scratch);
	}
	if (m->o.is_cosine)
		act_unit_back(k->gz, k->gz, k->z, k->inv, n, d);
	if (dim->n_kinds > 1) {
		num_gemm_in(c->t->gw + m->at.head + kind * d * d, d, k->h, d, NUM_T, k->gz, d, NUM_N, d, d, n, true, k->room.scratch);
		num_gemm_in(k->z, d, k->gz, d, NUM_N, head, d, NUM_T, n, d, d, false, k->room.scratch);
	}
	const float *gh = dim->n_kinds > 1 ? k->z : k->gz;
	for (size_t i = 0; i < n; i++)
		num_axpy(k->room.gx + k->row[i] * d, 1, gh + i * d, d);
	return loss;
}

/* choose_kind - which kind comes next; the n targets are in k->row. */
static double choose_kind(const struct chunk *c, size_t n)
{
	struct seq_learn *m = c->m;
	struct worker *k = c->k;
	size_t d = m->o.dims.d, kinds = m->o.dims.n_kinds;
	const float *choice = m->w + m->at.choice, *bias = m->w + m->at.choice_bias;
	float *gc = c->t->gw + m->at.choice, *gb = c->t->gw + m->at.choice_bias;
	double loss = 0;

	for (size_t i = 0; i < n; i++) {
		const float *h = k->room.said + k->row[i] * d;
		size_t own = kind_of(m, k->target[k->row[i]]);
		float p[SEQ_KINDS_MAX], weight = k->weight[k->row[i]] / (float)m->kind_weight[own];
		num_dots(p, h, choice, kinds, d, d);
		float mine = p[own] + bias[own];
		loss += (double)weight * ((double)act_softmax(p, 1, bias, kinds) - (double)mine);
		p[own] -= 1;
		for (size_t j = 0; j < kinds; j++) {
			num_axpy(gc + j * d, p[j] * weight, h, d);
			gb[j] += p[j] * weight;
			num_axpy(k->room.gsaid + k->row[i] * d, p[j] * weight, choice + j * d, d);
		}
	}
	return loss;
}

static double chunk_loss(const struct chunk *c)
{
	struct seq_learn *m = c->m;
	struct worker *k = c->k;
	size_t kinds = m->o.dims.n_kinds, all = 0;
	double loss = 0;

	memset(k->room.gx, 0, c->n * m->o.dims.d * sizeof *k->room.gx);
	memset(k->room.gsaid, 0, c->n * m->o.dims.d * sizeof *k->room.gsaid);
	for (size_t kind = 0; kind < kinds; kind++) {
		size_t n = 0;
		for (size_t t = 0; t < c->n; t++)
			if (k->target[t] != VOCAB_NONE && kind_of(m, k->target[t]) == kind)
				k->row[n++] = (uint32_t)t;
		if (n)
			loss += score_kind(c, kind, n);
	}
	for (size_t t = 0; kinds > 1 && t < c->n; t++)
		if (k->target[t] != VOCAB_NONE)
			k->row[all++] = (uint32_t)t;
	return kinds > 1 ? loss + choose_kind(c, all) : loss;
}

/* ---- a task ---- */

static void run_task(void *ctx, size_t i, int worker)
{
	struct seq_learn *m = ctx;
	struct seq_step *s = m->step;
	struct task *t = &s->task[i];
	struct worker *k = &s->worker[worker];
	struct seq_items it = { .d = m->o.dims.d, .vec = m->own };
	size_t d = m->o.dims.d, token = t->token;

	t->loss = 0;
	memset(t->gw, 0, m->at.n_params * sizeof *t->gw);
	memset(t->gy, 0, s->n_cand * d * sizeof *t->gy);
	for (size_t w = t->first, end = t->first + t->n; w < end;) {
		struct seq_drop drop = { m->o.dropout, act_key(STREAM_DROP, s->number ^ m->o.seed << 40, w) };
		size_t n_seq = 0, n = 0;
		for (; w < end && n_seq < CHUNK_TOKENS && (!n || n + s->b_len[w] <= s->chunk_tokens); w++) {
			k->start[n_seq++] = n;
			n = read_window(m, k, n, s->b_from[w], s->b_len[w], s->b_weight[w]);
		}
		k->start[n_seq] = n;
		struct seq_events ev = events_of(k);
		struct chunk c = { m, k, t, n, token };
		seq_forward(&k->room, &m->at, m->w, &it, &ev, k->start, n_seq, drop);
		t->loss += chunk_loss(&c);
		seq_back(&k->room, &m->at, m->w, t->gw, &ev, k->start, n_seq, drop);
		memcpy(s->gx + token * d, k->room.gx, n * d * sizeof *s->gx);
		for (size_t j = 0; j < n; j++) {
			s->key[token + j] = (uint64_t)k->item[j] << 32 | (token + j);
			s->key[s->n_tokens + token + j] = (s->is_full || k->target[j] == VOCAB_NONE ? UINT64_MAX << 32 : (uint64_t)k->target[j] << 32) | (s->n_tokens + token + j);
		}
		token += n;
	}
}

/* ---- items' rows ---- */

/* find_rows - the items that a step touches, and for each where its sources stand among the sorted keys. */
static void find_rows(struct seq_learn *m)
{
	struct seq_step *s = m->step;
	size_t n = s->is_full ? s->n_tokens : 2 * s->n_tokens;
	uint32_t next = 0;

	if (!s->is_full)
		for (size_t c = 0; c < s->n_cand; c++)
			s->key[n++] = (uint64_t)s->cand[c] << 32 | (2 * s->n_tokens + c);
	sort_u64_in(s->key, NULL, s->key2, NULL, n);
	s->n_rows = 0;
	for (size_t j = 0, to; j < n; j = to) {
		uint32_t item = (uint32_t)(s->key[j] >> 32);
		for (to = j + 1; to < n && s->key[to] >> 32 == item; to++)
			;
		if (item == VOCAB_NONE)
			break;
		for (; s->is_full && next < item; next++)
			s->row[s->n_rows++] = (struct touched){ next, j, j };
		s->row[s->n_rows++] = (struct touched){ item, j, to };
		next = item + 1;
	}
	for (; s->is_full && next < m->n_items; next++)
		s->row[s->n_rows++] = (struct touched){ next, 0, 0 };
}

/* add_candidate - what the tasks found of candidate c, in their order. */
static void add_candidate(const struct seq_learn *m, float *gu, size_t c)
{
	const struct seq_step *s = m->step;
	size_t d = m->o.dims.d;

	for (size_t t = 0; t < s->n_tasks; t++)
		num_axpy(gu, 1, s->task[t].gy + c * d, d);
}

static void sum_rows(void *ctx, size_t chunk, int worker)
{
	struct seq_learn *m = ctx;
	struct seq_step *s = m->step;
	size_t d = m->o.dims.d, end = min_size((chunk + 1) * ROW_CHUNK, s->n_rows);
	float *gu = s->worker[worker].gz, *unit = gu + d, inv, root = __builtin_sqrtf((float)d);	/* gz has rows for both: CHUNK_TOKENS of them */

	s->square[chunk] = 0;
	for (size_t r = chunk * ROW_CHUNK; r < end; r++) {
		const struct touched *row = &s->row[r];
		float *g = s->g + r * d;
		memset(g, 0, d * sizeof *g);
		memset(gu, 0, d * sizeof *gu);
		for (size_t j = row->from; j < row->to; j++) {
			size_t source = (uint32_t)s->key[j];
			if (source < s->n_tokens)
				num_axpy(g, root, s->gx + source * d, d);
			else if (source < 2 * s->n_tokens)
				num_axpy(gu, 1, s->gt + (source - s->n_tokens) * d, d);
			else
				add_candidate(m, gu, source - 2 * s->n_tokens);
		}
		if (s->is_full)
			add_candidate(m, gu, s->place[row->item]);
		act_unit(unit, &inv, m->own + row->item * d, 1, d);
		act_unit_back(g, g, unit, &inv, 1, d);
		if (m->o.is_cosine)
			act_unit_back(gu, gu, unit, &inv, 1, d);
		num_axpy(g, 1, gu, d);
		s->square[chunk] += (double)num_dot(g, g, d);
	}
}

struct adam_rows { struct seq_learn *m; float rate, scale; };

static void adam_rows(void *ctx, size_t chunk, int worker)
{
	struct adam_rows *a = ctx;
	struct seq_step *s = a->m->step;
	size_t d = a->m->o.dims.d, end = min_size((chunk + 1) * ROW_CHUNK, s->n_rows);

	(void)worker;
	for (size_t r = chunk * ROW_CHUNK; r < end; r++) {
		size_t at = s->row[r].item * d;
		num_scale(s->g + r * d, a->scale, d);
		adam_span(a->m->own + at, a->m->own_m[0] + at, a->m->own_m[1] + at, s->g + r * d, d, a->rate);
	}
}

/* ---- a step ---- */

/* cut_tasks - by the windows' lengths. */
static void cut_tasks(struct seq_step *s, size_t n)
{
	size_t tokens = 0, at = 0, window = 0;

	for (size_t i = 0; i < n; i++)
		tokens += s->b_len[i];
	s->n_tokens = tokens;
	s->n_tasks = min_size(min_size(SEQ_TASKS_MAX, n), max_size(tokens / TASK_TOKENS, 2));
	for (size_t t = 0; t < s->n_tasks; t++) {
		struct task *k = &s->task[t];
		k->first = window;
		k->token = at;
		while (window < n && (t + 1 == s->n_tasks || at * s->n_tasks < (t + 1) * tokens) && n - window > s->n_tasks - 1 - t)
			at += s->b_len[window++];
		k->n = window - k->first;
	}
}

static int need_step(struct seq_learn *m, struct err *e)
{
	struct seq_step *s = m->step;
	size_t d = m->o.dims.d, keys = 2 * s->n_tokens + s->n_cand;

	if (s->n_tokens > s->cap_tokens) {
		mem_free(s->gx);
		mem_free(s->gt);
		s->gt = NULL;
		s->cap_tokens = s->n_tokens + s->n_tokens / 4;
		if (!(s->gx = mem_try(s->cap_tokens, d * sizeof *s->gx, "gradients of a step", e)) ||
		    (!s->is_full && !(s->gt = mem_try(s->cap_tokens, d * sizeof *s->gt, "gradients of a step", e))))
			return ERR_MEM;
	}
	if (keys > s->cap_keys) {
		mem_free(s->key);
		mem_free(s->key2);
		s->cap_keys = keys + keys / 4;
		s->key = mem_try(s->cap_keys, sizeof *s->key, "the items of a step", e);
		s->key2 = mem_try(s->cap_keys, sizeof *s->key2, "the items of a step", e);
		if (!s->key || !s->key2)
			return ERR_MEM;
	}
	size_t rows = s->is_full ? m->n_items : min_size(keys, m->n_items);
	if (rows > s->cap_rows) {
		mem_free(s->row);
		mem_free(s->g);
		mem_free(s->square);
		s->cap_rows = rows;
		s->row = mem_try(rows, sizeof *s->row, "the items of a step", e);
		s->g = mem_try(rows, d * sizeof *s->g, "the items of a step", e);
		s->square = mem_try(rows / ROW_CHUNK + 1, sizeof *s->square, "the items of a step", e);
		if (!s->row || !s->g || !s->square)
			return ERR_MEM;
	}
	for (size_t t = 0; t < s->n_tasks; t++) {
		struct task *k = &s->task[t];
		if (!k->gw && !(k->gw = mem_try(m->at.n_params, sizeof *k->gw, "a task's gradient", e)))
			return ERR_MEM;
		if (!k->gy && !(k->gy = mem_try(s->is_full ? m->n_items : m->o.negatives * m->o.dims.n_kinds, d * sizeof *k->gy, "a task's gradient", e)))
			return ERR_MEM;
	}
	return 0;
}

struct sum_w { struct seq_learn *m; double square[64]; };

static void sum_w(void *ctx, size_t chunk, int worker)
{
	struct sum_w *a = ctx;
	struct seq_learn *m = a->m;
	struct seq_step *s = m->step;
	size_t n = m->at.n_params, from = n * chunk / 64, to = n * (chunk + 1) / 64;

	(void)worker;
	memcpy(s->gw + from, s->task[0].gw + from, (to - from) * sizeof *s->gw);
	for (size_t t = 1; t < s->n_tasks; t++)
		num_axpy(s->gw + from, 1, s->task[t].gw + from, to - from);
	a->square[chunk] = (double)num_dot(s->gw + from, s->gw + from, to - from);
}

/* user_of - whose event it is: the last user that starts at it or before. */
static size_t user_of(const struct seqs *s, size_t event)
{
	size_t low = 0, high = s->n_users - 1;

	while (low < high) {
		size_t mid = (low + high + 1) / 2;
		if (s->start[mid] <= event)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* weigh_windows - a user's events weigh n^user_power together. */
static void weigh_windows(struct seq_learn *m, size_t n)
{
	struct seq_step *s = m->step;

	arr_reserve(s->b_weight, n, s->cap_windows);
	s->n_targets = 0;
	s->weight = 0;
	for (size_t i = 0; i < n; i++) {
		size_t targets = 0, u = user_of(m->data, s->b_from[i]);
		double weight = 0;
		for (size_t j = s->b_from[i] + 1; j <= s->b_from[i] + s->b_len[i]; j++)
			if (is_target(m->data, j)) {
				targets++;
				weight += m->kind_weight[kind_of(m, m->data->what[j])];
			}
		s->b_weight[i] = fm_pow((double)(m->end[u] - m->data->start[u]), m->o.user_power - 1);
		s->n_targets += targets;
		s->weight += s->b_weight[i] * weight;
	}
}

/* gradient - returns the square of its length in *square. */
static int gradient(struct seq_learn *m, double *loss, double *square, const size_t *from, const uint32_t *len, size_t n, uint64_t number, struct par *pool, struct err *e)
{
	struct seq_step *s = m->step;
	struct sum_w sw = { .m = m };

	s->number = number;
	s->b_from = from;
	s->b_len = len;
	weigh_windows(m, n);
	*loss = *square = 0;
	if (!s->n_targets)
		return 0;
	cut_tasks(s, n);
	if (!s->is_full)
		s->n_cand = m->o.negatives * m->o.dims.n_kinds;
	if (need_step(m, e))
		return e->code;
	if (!s->is_full)
		draw(m);
	par_for(pool, (s->n_cand + ROW_CHUNK - 1) / ROW_CHUNK, gather_chunk, m);
	par_for(pool, s->n_tasks, run_task, m);
	find_rows(m);
	size_t chunks = (s->n_rows + ROW_CHUNK - 1) / ROW_CHUNK;
	par_for(pool, chunks, sum_rows, m);
	par_for(pool, 64, sum_w, &sw);
	for (size_t t = 0; t < s->n_tasks; t++)
		*loss += s->task[t].loss;
	for (size_t c = 0; c < chunks; c++)
		*square += s->square[c];
	for (size_t c = 0; c < 64; c++)
		*square += sw.square[c];
	return 0;
}

int seq_gradient(struct seq_learn *m, double *loss, const size_t *from, const uint32_t *len, size_t n, uint64_t step, struct par *pool, struct err *e)
{
	double square;

	return gradient(m, loss, &square, from, len, n, step, pool, e);
}

const float *seq_gradient_w(const struct seq_learn *m)
{
	return m->step->gw;
}

const float *seq_gradient_item(const struct seq_learn *m, uint32_t item)
{
	const struct seq_step *s = m->step;

	for (size_t r = 0; r < s->n_rows; r++)
		if (s->row[r].item == item)
			return s->g + r * m->o.dims.d;
	return NULL;
}

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
	struct seq_step *s = m->step;
	double square;

	if (gradient(m, loss, &square, from, len, n, m->n_steps, pool, e))
		return e->code;
	if (!isfinite(*loss) || !isfinite(square))
		return err_set(e, ERR_NUMERIC, "step %zu: the loss is not finite (a smaller --rate may help)", m->n_steps + 1);
	if (s->n_targets) {
		double length = sqrt(square), rate = rate_at(m, m->n_steps);
		struct adam_rows a = { m, adam_rate(rate, m->n_steps + 1), m->o.clip > 0 && length > m->o.clip ? (float)(m->o.clip / length) : 1 };
		num_scale(s->gw, a.scale, m->at.n_params);
		adam_step(m->w, m->w_m[0], m->w_m[1], s->gw, m->at.n_params, rate, m->n_steps + 1, pool);
		par_for(pool, (s->n_rows + ROW_CHUNK - 1) / ROW_CHUNK, adam_rows, &a);
	}
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
	pcg32_seed(&g, m->o.seed, act_key(STREAM_CUT, epoch, 0));
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
	pcg32_seed(&g, m->o.seed, act_key(STREAM_ORDER, epoch, 0));
	rng_shuffle_u32(&g, s->order, (uint32_t)s->n_windows);
}

int seq_epoch(struct seq_learn *m, double *loss, const struct seq_progress *pr, struct par *pool, struct err *e)
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
	mem_free(from);
	mem_free(len);
	return e->code;
}

/* ---- begin and end ---- */

static int make_worker(struct seq_learn *m, struct worker *k, struct err *e)
{
	struct seq_step *s = m->step;
	size_t T = s->chunk_tokens, d = m->o.dims.d, width = 0;

	for (size_t i = 0; i < m->o.dims.n_kinds; i++)
		width = max_size(width, s->is_full ? s->kind_start[i + 1] - s->kind_start[i] : m->o.negatives);
	if (seq_room_init(&k->room, &m->o.dims, T, e))
		return e->code;
	k->start = mem_new(CHUNK_TOKENS + 1, sizeof *k->start);
	k->item = mem_try(T, sizeof *k->item, "events", e);
	k->act = mem_try(6 * T, 1, "events", e);
	k->time = mem_try(T, sizeof *k->time, "events", e);
	k->target = mem_try(2 * T, sizeof *k->target, "events", e);
	k->weight = mem_try(T, sizeof *k->weight, "events", e);
	k->h = mem_try(4 * T + 2, d * sizeof *k->h, "events", e);
	k->inv = mem_try(2 * T + TILE, sizeof *k->inv, "events", e);
	k->own_inv = mem_try(T, sizeof *k->own_inv, "events", e);
	k->score = mem_try(width, TILE * sizeof *k->score, "scores", e);
	if (e->code)
		return e->code;
	k->kind = k->act + T;
	k->gap = k->kind + T;
	k->hour = k->gap + T;
	k->device = k->hour + T;
	k->asked = k->device + T;
	k->row = k->target + T;
	k->z = k->h + T * d;
	k->own = k->z + T * d;
	k->gz = k->own + T * d;
	return 0;
}

static void free_worker(struct worker *k)
{
	seq_room_release(&k->room);
	mem_free(k->start);
	mem_free(k->item);
	mem_free(k->act);
	mem_free(k->time);
	mem_free(k->target);
	mem_free(k->weight);
	mem_free(k->h);
	mem_free(k->inv);
	mem_free(k->own_inv);
	mem_free(k->score);
}

/* weigh_kinds - all targets of a kind weigh n^kind_power together. */
static void weigh_kinds(struct seq_learn *m)
{
	double n[SEQ_KINDS_MAX] = { 0 }, all = 0;

	for (uint32_t i = 0; i < m->n_items; i++) {
		n[kind_of(m, i)] += m->count[i];
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
			m->count[m->data->what[at + j]] += is_target(m->data, at + j);
			*n_next += j && is_target(m->data, at + j);
		}
		if (len > 1)
			windows += len - 1 > n ? (len - 2) / n + 2 : 1;
	}
	return windows;
}

static int sort_kinds(struct seq_learn *m, struct err *e)
{
	struct seq_step *s = m->step;
	size_t at = 0;

	s->of_kind = mem_try(m->n_items, sizeof *s->of_kind, "items by kind", e);
	s->place = mem_try(m->n_items, sizeof *s->place, "items by kind", e);
	if (!s->of_kind || !s->place)
		return ERR_MEM;
	for (size_t k = 0; k < m->o.dims.n_kinds; k++) {
		s->kind_start[k] = at;
		for (uint32_t i = 0; i < m->n_items; i++)
			if (kind_of(m, i) == k) {
				s->place[i] = (uint32_t)at;
				s->of_kind[at++] = i;
			}
	}
	s->kind_start[m->o.dims.n_kinds] = at;
	return 0;
}

static int prepare_candidates(struct seq_learn *m, struct err *e)
{
	struct seq_step *s = m->step;
	size_t kinds = m->o.dims.n_kinds;

	s->n_cand = s->is_full ? m->n_items : m->o.negatives * kinds;
	s->y = mem_try(s->n_cand, m->o.dims.d * sizeof *s->y, "vectors of candidates", e);
	s->y_inv = mem_try(s->n_cand, sizeof *s->y_inv, "vectors of candidates", e);
	if (!s->y || !s->y_inv)
		return ERR_MEM;
	if (s->is_full) {
		s->cand = s->of_kind;
		memcpy(s->cand_start, s->kind_start, sizeof s->cand_start);
		return 0;
	}
	s->cand = mem_try(s->n_cand, sizeof *s->cand, "candidates", e);
	s->logw = mem_try(s->n_cand, sizeof *s->logw, "candidates", e);
	for (size_t k = 0; k < kinds; k++) {
		size_t n = s->kind_start[k + 1] - s->kind_start[k];
		double sum = 0;
		if (!(s->upto[k] = mem_try(n, sizeof *s->upto[k], "how often items are drawn", e)))
			return ERR_MEM;
		for (size_t j = 0; j < n; j++)
			s->upto[k][j] = sum += fm_pow(m->count[s->of_kind[s->kind_start[k] + j]] + 1, m->o.neg_power);
	}
	return s->cand && s->logw ? 0 : ERR_MEM;
}

static int allocate(struct seq_learn *m, struct par *pool, struct err *e)
{
	struct seq_step *s = m->step = mem_new(1, sizeof *m->step);
	size_t d = m->o.dims.d, n_next, tokens = min_size(m->o.batch * m->o.dims.n, m->data->n), n_drawn;

	if (!(m->count = mem_try0(m->n_items, sizeof *m->count, "counts of items", e)))
		return ERR_MEM;
	s->n_windows = m->cap_windows = count_all(m, &n_next);
	weigh_kinds(m);
	if (!n_next)
		return err_set(e, ERR_DATA, "nobody has an event of weight behind another one: there is nothing to foretell");
	if (s->n_windows > UINT32_MAX)
		return err_set(e, ERR_DATA, "%zu windows are more than 4294967295", s->n_windows);
	s->is_full = !m->o.negatives && m->n_items <= SEQ_FULL_MAX;
	if (!s->is_full && !m->o.negatives)
		m->o.negatives = NEGATIVES;
	n_drawn = m->o.negatives * m->o.dims.n_kinds;
	if (2 * tokens + n_drawn > UINT32_MAX)
		return err_set(e, ERR_USAGE, "a step of up to %zu events and %zu items drawn is more than there are numbers for (--batch, --negatives)", tokens, n_drawn);
	m->steps_in_epoch = (s->n_windows + m->o.batch - 1) / m->o.batch;
	s->chunk_tokens = max_size(CHUNK_TOKENS, m->o.dims.n);
	s->from = mem_try(s->n_windows, sizeof *s->from, "windows", e);
	s->len = mem_try(s->n_windows, sizeof *s->len, "windows", e);
	s->order = mem_try(s->n_windows, sizeof *s->order, "windows", e);
	s->gw = mem_try(m->at.n_params, sizeof *s->gw, "the gradient", e);
	float **all[] = { &m->own, &m->own_m[0], &m->own_m[1], &m->best_own };
	for (size_t i = 0; i < 4; i++)
		if (!(*all[i] = mem_try0(m->n_items, d * sizeof **all[i], "vectors of items", e)))
			return ERR_MEM;
	float **net[] = { &m->w, &m->w_m[0], &m->w_m[1], &m->best_w };
	for (size_t i = 0; i < 4; i++)
		if (!(*net[i] = mem_try0(m->at.n_params, sizeof **net[i], "the net", e)))
			return ERR_MEM;
	if (sort_kinds(m, e) || prepare_candidates(m, e))
		return e->code;
	s->n_workers = par_threads(pool);
	s->worker = mem_new((size_t)s->n_workers, sizeof *s->worker);
	for (int i = 0; i < s->n_workers; i++)
		if (make_worker(m, &s->worker[i], e))
			return e->code;
	return e->code;
}

static void begin_chunk(void *ctx, size_t i, int worker)
{
	struct seq_learn *m = ctx;
	size_t d = m->o.dims.d, end = min_size((i + 1) * ROW_CHUNK, m->n_items);
	float length = (float)m->o.stddev / __builtin_sqrtf((float)d);

	(void)worker;
	for (size_t r = i * ROW_CHUNK; r < end; r++) {
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
	par_for(pool, (m->n_items + ROW_CHUNK - 1) / ROW_CHUNK, begin_chunk, m);
	seq_begin(m->w, &o->dims, &m->at, o->seed);
	return 0;
}

static void free_step(struct seq_step *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n_workers; i++)
		free_worker(&s->worker[i]);
	for (size_t t = 0; t < SEQ_TASKS_MAX; t++) {
		mem_free(s->task[t].gw);
		mem_free(s->task[t].gy);
	}
	for (size_t k = 0; k < SEQ_KINDS_MAX; k++)
		mem_free(s->upto[k]);
	if (s->cand != s->of_kind)
		mem_free(s->cand);
	void *all[] = { s->from, s->len, s->order, s->place, s->y, s->y_inv, s->logw, s->of_kind, s->gx, s->gt, s->key, s->key2, s->row, s->g, s->square, s->gw, s->worker, s->b_weight, s };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		mem_free(all[i]);
}

void seq_learn_release(struct seq_learn *m)
{
	float *all[] = { m->own, m->own_m[0], m->own_m[1], m->best_own, m->w, m->w_m[0], m->w_m[1], m->best_w };

	free_step(m->step);
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

/* ---- measuring ---- */

struct ask { struct seq_learn *m; const struct seq_asked *asked; size_t first, n; float *x; struct seq_state *state; float **scratch, **h; const float *w; struct seq_items items;
	     struct worker *worker; float *score; size_t place[ASK]; };

/* ask_one - chunk c is a listener: u, of the kind asked for. */
static void ask_one(void *ctx, size_t c, int worker)
{
	struct ask *a = ctx;
	struct seq_learn *m = a->m;
	const struct seq_asked *q = &a->asked[a->first + c];
	const struct seq_dims *s = &m->o.dims;
	struct worker *k = &a->worker[worker];
	size_t from = m->data->start[q->user], end = m->end[q->user], len = min_size(end - from, s->n), d = s->d, kind = kind_of(m, q->item);
	float *h = a->h[worker], *u = a->x + c * d, inv;

	for (size_t i = 0; i < len; i++)
		read_event(m, k, i, end - len + i, !i);
	struct seq_events ev = events_of(k);
	a->state[worker].n = 0;
	seq_run(&a->state[worker], h, s, &m->at, a->w, &a->items, &ev, len, a->scratch[worker]);
	seq_head(u, s, &m->at, a->w, h, kind, a->scratch[worker]);
	if (m->o.is_cosine)
		act_unit(u, &inv, u, 1, d);
}

/* place_one - how many items of the kind are before the one that listener c is asked for; equal scores by number. */
static void place_one(void *ctx, size_t c, int worker)
{
	struct ask *a = ctx;
	struct seq_learn *m = a->m;
	struct seq_step *s = m->step;
	const struct seq_asked *q = &a->asked[a->first + c];
	float *score = a->score + c * m->n_items, own = score[q->item];
	size_t kind = kind_of(m, q->item), place = 0;

	(void)worker;
	for (size_t j = m->data->start[q->user]; j < m->end[q->user]; j++)
		score[m->data->what[j]] = -INFINITY;
	for (size_t j = s->kind_start[kind]; j < s->kind_start[kind + 1]; j++) {
		uint32_t i = s->of_kind[j];
		place += !(score[i] < own || (score[i] == own && i >= q->item));	/* what is no number stands before it */
	}
	a->place[c] = place;
}

int seq_measure(struct seq_learn *m, bool best, const struct seq_asked *asked, size_t n, double *ndcg, double *hr, struct par *pool, struct err *e)
{
	struct seq_step *s = m->step;
	size_t d = m->o.dims.d, cap = m->o.dims.n, floats = seq_step_scratch(&m->o.dims, cap, cap), threads = (size_t)par_threads(pool);
	const float *own = best ? m->best_own : m->own;
	struct ask a = { .m = m, .asked = asked, .w = best ? m->best_w : m->w, .items = { .d = d, .vec = own }, .worker = s->worker };
	float *y = mem_try(m->n_items, d * sizeof *y, "vectors of items", e), *inv = mem_try(m->n_items, sizeof *inv, "vectors of items", e);

	*ndcg = *hr = 0;
	a.score = mem_try(m->n_items, ASK * sizeof *a.score, "scores", e);
	a.x = mem_try(ASK, d * sizeof *a.x, "vectors", e);
	a.state = mem_new(threads, sizeof *a.state);
	a.scratch = mem_new(threads, sizeof *a.scratch);
	a.h = mem_new(threads, sizeof *a.h);
	for (size_t t = 0; t < threads; t++) {
		a.state[t].cap = cap;
		a.state[t].kv = mem_try(seq_state_floats(&m->o.dims, cap), sizeof *a.state[t].kv, "keys and values", e);
		a.state[t].time = mem_try(cap, sizeof *a.state[t].time, "keys and values", e);
		a.state[t].kind = mem_try(cap, 1, "keys and values", e);
		a.scratch[t] = mem_try(floats, sizeof **a.scratch, "the layers' values", e);
		a.h[t] = mem_try(seq_said_floats(&m->o.dims), sizeof **a.h, "the layers' values", e);
	}
	if (!e->code) {
		memcpy(y, own, m->n_items * d * sizeof *y);
		if (m->o.is_cosine)
			act_unit(y, inv, y, m->n_items, d);
	}
	for (; !e->code && a.first < n; a.first += a.n) {
		a.n = min_size(ASK, n - a.first);
		par_for(pool, a.n, ask_one, &a);
		if (num_gemm(a.score, m->n_items, a.x, d, NUM_N, y, d, NUM_T, a.n, m->n_items, d, false, pool, e))
			break;
		par_for(pool, a.n, place_one, &a);
		for (size_t c = 0; c < a.n; c++)
			if (a.place[c] < 10) {
				*hr += 1;
				*ndcg += 1 / fm_log2((double)a.place[c] + 2);
			}
	}
	*hr /= n ? (double)n : 1;
	*ndcg /= n ? (double)n : 1;
	for (size_t t = 0; t < threads; t++) {
		mem_free(a.state[t].kv);
		mem_free(a.state[t].time);
		mem_free(a.state[t].kind);
		mem_free(a.scratch[t]);
		mem_free(a.h[t]);
	}
	mem_free(a.state);
	mem_free(a.scratch);
	mem_free(a.h);
	mem_free(a.x);
	mem_free(y);
	mem_free(inv);
	mem_free(a.score);
	return e->code;
}
