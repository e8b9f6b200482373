/*
 * seq_loss - of a chunk of windows that went through the net: each target among the candidates of its kind, and which kind it is.
 */
#include "seq_step.h"

#include <string.h>

#include "../num/act.h"
#include "../num/fmath.h"
#include "../num/num.h"

/* own_rows - of the targets, which may not be among the candidates drawn. */
static void own_rows(const struct seq_chunk *c, size_t n)
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
static double score_kind(const struct seq_chunk *c, size_t kind, size_t n)
{
	struct seq_learn *m = c->m;
	struct seq_step *s = m->step;
	struct seq_worker *k = c->k;
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
		rows = min_size(SEQ_TILE, n - i);
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
static double choose_kind(const struct seq_chunk *c, size_t n)
{
	struct seq_learn *m = c->m;
	struct seq_worker *k = c->k;
	size_t d = m->o.dims.d, kinds = m->o.dims.n_kinds;
	const float *choice = m->w + m->at.choice, *bias = m->w + m->at.choice_bias;
	float *gc = c->t->gw + m->at.choice, *gb = c->t->gw + m->at.choice_bias;
	double loss = 0;

	for (size_t i = 0; i < n; i++) {
		const float *h = k->room.said + k->row[i] * d;
		size_t own = seq_kind_of(m, k->target[k->row[i]]);
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

double seq_loss(const struct seq_chunk *c)
{
	struct seq_learn *m = c->m;
	struct seq_worker *k = c->k;
	size_t kinds = m->o.dims.n_kinds, all = 0;
	double loss = 0;

	memset(k->room.gx, 0, c->n * m->o.dims.d * sizeof *k->room.gx);
	memset(k->room.gsaid, 0, c->n * m->o.dims.d * sizeof *k->room.gsaid);
	for (size_t kind = 0; kind < kinds; kind++) {
		size_t n = 0;
		for (size_t t = 0; t < c->n; t++)
			if (k->target[t] != VOCAB_NONE && seq_kind_of(m, k->target[t]) == kind)
				k->row[n++] = (uint32_t)t;
		if (n)
			loss += score_kind(c, kind, n);
	}
	for (size_t t = 0; kinds > 1 && t < c->n; t++)
		if (k->target[t] != VOCAB_NONE)
			k->row[all++] = (uint32_t)t;
	return kinds > 1 ? loss + choose_kind(c, all) : loss;
}
