#include "seq_attend.h"

#include <string.h>

#include "../num/act.h"
#include "../num/num.h"

/* near_code - of event j, going back from the newest: *rank counts those of the kind asked for. */
static size_t near_code(uint8_t kind, uint8_t asked, size_t *rank)
{
	if (kind != asked)
		return SEQ_NEAR - 1;
	return *rank < SEQ_NEAR - 2 ? (*rank)++ : SEQ_NEAR - 2;
}

/* bias_of - of event t to events 0 .. t. */
static const float *bias_of(const struct seq_attend *h, size_t t)
{
	const float *pos = h->pos + (h->s->n - 1 - t);
	size_t rank = 0;

	if (!h->time && !h->near)
		return pos;
	memcpy(h->row, pos, (t + 1) * sizeof *pos);
	for (size_t j = 0; h->time && j <= t; j++)
		h->row[j] += h->time[seq_time(h->when[j], h->when[t])];
	for (size_t j = t + 1; h->near && j-- > 0;)
		h->row[j] += h->near[near_code(h->kind[j], h->asked[t - h->first], &rank)];
	return h->row;
}

static float scale_of(const struct seq_dims *s)
{
	size_t dh = s->d / s->heads;

	return 1 / __builtin_sqrtf((float)dh);
}

void seq_attend(const struct seq_attend *h)
{
	size_t dh = h->s->d / h->s->heads;
	float scale = scale_of(h->s);

	for (size_t r = 0, rows; r < h->rows; r += rows) {
		rows = h->rows - r < SEQ_ROWS ? h->rows - r : SEQ_ROWS;
		size_t keys = h->first + r + rows, lda = h->ldp;
		float *p = h->p + r * h->ldp;
		const float *a = p;
		num_gemm_in(p, h->ldp, h->q + r * h->ldq, h->ldq, NUM_N, h->k, h->ldk, NUM_T, rows, keys, dh, false, h->scratch);
		for (size_t i = 0; i < rows; i++) {
			size_t t = h->first + r + i;
			float *x = p + i * h->ldp;
			const float *bias = bias_of(h, t);
			if (h->s->attention == SEQ_SOFTMAX) {
				act_softmax(x, scale, bias, t + 1);
				memset(x + t + 1, 0, (keys - t - 1) * sizeof *x);
				continue;
			}
			act_scale_add(x, scale, bias, t + 1);
			act_silu(h->a + i * keys, x, 1, t + 1);
			memset(h->a + i * keys + t + 1, 0, (keys - t - 1) * sizeof *x);
			a = h->a;
			lda = keys;
		}
		num_gemm_in(h->o + r * h->s->d, h->s->d, a, lda, NUM_N, h->v, h->ldk, NUM_N, rows, dh, keys, false, h->scratch);
	}
}

/* bias_back - g of event t to events 0 .. t. */
static void bias_back(const struct seq_attend_back *b, const float *g, size_t t)
{
	const struct seq_attend *h = &b->h;
	size_t rank = 0;

	num_axpy(b->gpos + (h->s->n - 1 - t), 1, g, t + 1);
	for (size_t j = 0; h->time && j <= t; j++)
		b->gtime[seq_time(h->when[j], h->when[t])] += g[j];
	for (size_t j = t + 1; h->near && j-- > 0;)
		b->gnear[near_code(h->kind[j], h->asked[t], &rank)] += g[j];
}

void seq_attend_back(const struct seq_attend_back *b)
{
	const struct seq_attend *h = &b->h;
	size_t d = h->s->d, dh = d / h->s->heads;
	float scale = scale_of(h->s);

	for (size_t r = 0, rows; r < h->rows; r += rows) {
		rows = h->rows - r < SEQ_ROWS ? h->rows - r : SEQ_ROWS;
		size_t keys = r + rows, lda = h->ldp;
		const float *a = h->p + r * h->ldp;
		num_gemm_in(b->gp, keys, b->go + r * d, d, NUM_N, h->v, h->ldk, NUM_T, rows, keys, dh, false, h->scratch);
		if (h->s->attention == SEQ_POINTWISE) {
			a = h->a;
			lda = keys;
		}
		for (size_t i = 0; i < rows; i++) {
			size_t t = r + i;
			const float *p = h->p + t * h->ldp;
			float *g = b->gp + i * keys;
			if (h->s->attention == SEQ_POINTWISE) {
				act_silu(h->a + i * keys, p, 1, t + 1);
				memset(h->a + i * keys + t + 1, 0, (keys - t - 1) * sizeof *g);
				act_silu_back(g, g, p, 1, t + 1);
			} else {
				act_softmax_back(g, g, p, t + 1);
			}
			memset(g + t + 1, 0, (keys - t - 1) * sizeof *g);
			bias_back(b, g, t);
			num_scale(g, scale, t + 1);
		}
		num_gemm_in(b->gq + r * h->ldq, h->ldq, b->gp, keys, NUM_N, h->k, h->ldk, NUM_N, rows, dh, keys, false, h->scratch);
		num_gemm_in(b->gk, h->ldq, b->gp, keys, NUM_T, h->q + r * h->ldq, h->ldq, NUM_N, keys, dh, rows, true, h->scratch);
		num_gemm_in(b->gv, h->ldq, a, lda, NUM_T, b->go + r * d, d, NUM_N, keys, dh, rows, true, h->scratch);
	}
}

void seq_times_u(float *y, const float *qkv, size_t w, size_t rows, size_t d)
{
	for (size_t t = 0; t < rows; t++)
		for (size_t i = 0; i < d; i++)
			y[t * d + i] *= qkv[t * w + i];
}
