/*
 * seq_net - layers, one after the other, forward and back.
 */
#include "seq_net.h"

#include <math.h>
#include <string.h>

#include "seq_attend.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../data/event.h"
#include "../num/act.h"
#include "../num/fmath.h"
#include "../num/num.h"

/* ---- layout ---- */

static size_t take(size_t *at, size_t n)
{
	size_t here = *at;

	*at += n;
	return here;
}

void seq_layout(struct seq_at *at, const struct seq_dims *s)
{
	size_t p = 0, d = s->d;

	*at = (struct seq_at){ 0 };
	at->act = take(&p, SEQ_ACTS * d);
	at->kind = take(&p, s->n_kinds > 1 ? s->n_kinds * d : 0);
	at->gap = take(&p, s->features & SEQ_GAP ? SEQ_GAPS * d : 0);
	at->hour = take(&p, s->features & SEQ_HOUR ? SEQ_HOURS * d : 0);
	at->device = take(&p, s->features & SEQ_DEVICE ? s->n_devices * d : 0);
	for (size_t l = 0; l < s->layers; l++) {
		struct seq_layer_at *y = &at->layer[l];
		y->norm1 = take(&p, d);
		y->in = take(&p, d * seq_width(s));
		y->pos = take(&p, s->heads * s->n);
		y->time = take(&p, s->features & SEQ_TIME ? s->heads * SEQ_TIMES : 0);
		y->near = take(&p, s->n_kinds > 1 ? s->heads * SEQ_NEAR : 0);
		y->norm3 = take(&p, s->attention == SEQ_POINTWISE ? d : 0);
		y->out = take(&p, d * d);
		y->norm2 = take(&p, s->hidden ? d : 0);
		y->up = take(&p, d * 2 * s->hidden);
		y->down = take(&p, s->hidden * d);
	}
	at->ask = take(&p, s->n_kinds > 1 && s->layers ? s->n_kinds * d : 0);
	at->norm = take(&p, d);
	at->head = take(&p, s->n_kinds > 1 ? s->n_kinds * d * d : 0);
	at->choice = take(&p, s->n_kinds > 1 ? s->n_kinds * d : 0);
	at->choice_bias = take(&p, s->n_kinds > 1 ? s->n_kinds : 0);
	at->n_params = p;
}

static void ones(float *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		w[i] = 1;
}

static void normal(float *w, size_t n, double stddev, struct pcg32 *g)
{
	for (size_t i = 0; i < n; i++)
		w[i] = (float)stddev * fm_normal(g);
}

void seq_begin(float *w, const struct seq_dims *s, const struct seq_at *at, uint64_t seed)
{
	size_t d = s->d;
	struct pcg32 g;

	memset(w, 0, at->n_params * sizeof *w);
	for (size_t l = 0; l < s->layers; l++) {
		const struct seq_layer_at *y = &at->layer[l];
		double last = sqrt(1 / (double)s->layers);
		pcg32_seed(&g, seed, (1ULL << 33) + l);
		ones(w + y->norm1, d);
		normal(w + y->in, d * seq_width(s), sqrt(1 / (double)d), &g);
		normal(w + y->out, d * d, last * sqrt(1 / (double)d), &g);
		if (s->attention == SEQ_POINTWISE)
			ones(w + y->norm3, d);
		if (s->hidden) {
			ones(w + y->norm2, d);
			normal(w + y->up, d * 2 * s->hidden, sqrt(1 / (double)d), &g);
			normal(w + y->down, s->hidden * d, last * sqrt(1 / (double)s->hidden), &g);
		}
	}
	ones(w + at->norm, d);
	for (size_t k = 0; s->n_kinds > 1 && k < s->n_kinds; k++)
		for (size_t i = 0; i < d; i++)
			w[at->head + (k * d + i) * d + i] = 1;
}

/* ---- what an event is ---- */

static size_t log2_code(int64_t seconds, size_t most)	/* 0: none, 1: less than a second, then by powers of two */
{
	size_t bits = seconds > 0 ? 64 - (size_t)__builtin_clzll((unsigned long long)seconds) : 0;

	return bits + 1 < most ? bits + 1 : most;
}

uint8_t seq_gap(int64_t before, int64_t time)
{
	return before == TIME_NONE || time == TIME_NONE ? 0 : (uint8_t)log2_code(event_age(before, time), SEQ_GAPS - 1);
}

uint8_t seq_hour(int64_t time)
{
	return time == TIME_NONE ? 0 : (uint8_t)(1 + (time % 86400 + 86400) % 86400 / 3600);
}

size_t seq_time(int64_t from, int64_t to)
{
	return from == TIME_NONE || to == TIME_NONE ? 0 : log2_code(event_age(from, to), SEQ_TIMES - 1);
}

void seq_item(float *e, const struct seq_items *it, uint32_t item)
{
	size_t d = it->d, at = item * d;

	if (it->vec) {
		memcpy(e, it->vec + at, d * sizeof *e);
		return;
	}
	for (size_t i = 0; i < d; i++)
		e[i] = it->scale[item] * (float)it->code[at + i];
}

void seq_input(float *x, const struct seq_dims *s, const struct seq_at *at, const float *w, const struct seq_items *it, const struct seq_events *ev, size_t n)
{
	size_t d = s->d;
	float root = __builtin_sqrtf((float)d);

	for (size_t t = 0; t < n; t++, x += d) {
		float inv;
		seq_item(x, it, ev->item[t]);
		act_unit(x, &inv, x, 1, d);
		num_scale(x, root, d);
		num_axpy(x, 1, w + at->act + ev->act[t] % SEQ_ACTS * d, d);
		if (s->n_kinds > 1)
			num_axpy(x, 1, w + at->kind + ev->kind[t] * d, d);
		if (s->features & SEQ_GAP)
			num_axpy(x, 1, w + at->gap + ev->gap[t] * d, d);
		if (s->features & SEQ_HOUR)
			num_axpy(x, 1, w + at->hour + ev->hour[t] * d, d);
		if (s->features & SEQ_DEVICE)
			num_axpy(x, 1, w + at->device + ev->device[t] * d, d);
	}
}

/* input_back - what the events' codes are told; the items' share stays in gx. */
static void input_back(float *gw, const struct seq_dims *s, const struct seq_at *at, const float *gx, const struct seq_events *ev, size_t n)
{
	size_t d = s->d;

	for (size_t t = 0; t < n; t++, gx += d) {
		num_axpy(gw + at->act + ev->act[t] % SEQ_ACTS * d, 1, gx, d);
		if (s->n_kinds > 1)
			num_axpy(gw + at->kind + ev->kind[t] * d, 1, gx, d);
		if (s->features & SEQ_GAP)
			num_axpy(gw + at->gap + ev->gap[t] * d, 1, gx, d);
		if (s->features & SEQ_HOUR)
			num_axpy(gw + at->hour + ev->hour[t] * d, 1, gx, d);
		if (s->features & SEQ_DEVICE)
			num_axpy(gw + at->device + ev->device[t] * d, 1, gx, d);
	}
}

/* ---- room ---- */

/* part - hands out, or with mem NULL counts. */
static float *part(struct seq_room *r, size_t *at, size_t n)
{
	size_t here = *at;

	*at += (n + 15) / 16 * 16;
	return r->mem ? r->mem + here : NULL;
}

static size_t cut_room(struct seq_room *r)
{
	const struct seq_dims *s = &r->s;
	size_t at = 0, T = r->tokens, d = s->d, n = s->n, w = seq_width(s);
	bool is_pointwise = s->attention == SEQ_POINTWISE;

	for (size_t l = 0; l < s->layers; l++) {
		struct seq_layer_room *y = &r->layer[l];
		y->x = part(r, &at, T * d);
		y->inv1 = part(r, &at, T);
		y->a = part(r, &at, T * d);
		y->raw = part(r, &at, T * w);
		y->qkv = is_pointwise ? part(r, &at, T * w) : y->raw;
		y->p = part(r, &at, s->heads * T * n);
		y->o = part(r, &at, T * d);
		y->inv3 = is_pointwise ? part(r, &at, T) : NULL;
		y->y = is_pointwise ? part(r, &at, T * d) : y->o;
		y->mid = part(r, &at, T * d);
		y->inv2 = part(r, &at, T);
		y->b = part(r, &at, T * d);
		y->up = part(r, &at, T * 2 * s->hidden);
		y->hid = part(r, &at, T * s->hidden);
		y->xk = seq_is_asked(s, l) ? part(r, &at, T * d) : NULL;
		y->invk = seq_is_asked(s, l) ? part(r, &at, T) : NULL;
		y->ak = seq_is_asked(s, l) ? part(r, &at, T * d) : NULL;
		y->newest = seq_is_asked(s, l) ? (uint32_t *)part(r, &at, T) : NULL;
	}
	r->x = part(r, &at, T * d);
	r->inv = part(r, &at, T);
	r->h = part(r, &at, T * d);
	r->gx = part(r, &at, T * d);
	r->said = s->layers ? r->layer[s->layers - 1].a : r->h;
	r->gsaid = s->layers && s->n_kinds > 1 ? part(r, &at, T * d) : r->gx;
	r->ga = part(r, &at, T * d);
	r->gb = part(r, &at, T * (s->hidden > d ? s->hidden : d));
	r->gqkv = part(r, &at, T * w);
	r->gup = part(r, &at, T * 2 * s->hidden);
	r->gp = part(r, &at, SEQ_ROWS * n);
	r->gp2 = part(r, &at, (SEQ_ROWS + 1) * n);
	r->scratch = part(r, &at, num_gemm_scratch());
	return at;
}

int seq_room_init(struct seq_room *r, const struct seq_dims *s, size_t tokens, struct err *e)
{
	*r = (struct seq_room){ .s = *s, .tokens = tokens };
	size_t floats = cut_room(r);
	if (!(r->mem = mem_try(floats, sizeof *r->mem, "the layers' values", e)))
		return ERR_MEM;
	cut_room(r);
	return 0;
}

void seq_room_release(struct seq_room *r)
{
	mem_free(r->mem);
	*r = (struct seq_room){ 0 };
}

/* ---- forward ---- */

static uint64_t site(struct seq_drop drop, size_t k)
{
	return act_key(drop.key, k, 0);
}

static struct seq_attend head_of(const struct seq_room *r, size_t l, const struct seq_at *at, const float *w, size_t head, size_t from, size_t len, size_t p_at, const struct seq_events *ev)
{
	const struct seq_dims *s = &r->s;
	size_t d = s->d, width = seq_width(s), dh = d / s->heads;
	const float *q = r->layer[l].qkv + from * width + (width - 3 * d) + head * dh;

	const uint8_t *asked = seq_is_asked(s, l) ? ev->asked : ev->kind;

	return (struct seq_attend){ s, q, q + d, q + 2 * d, width, width, 0, len, w + at->layer[l].pos + head * s->n,
			      s->features & SEQ_TIME ? w + at->layer[l].time + head * SEQ_TIMES : NULL, ev->time ? ev->time + from : NULL,
			      s->n_kinds > 1 ? w + at->layer[l].near + head * SEQ_NEAR : NULL, ev->kind ? ev->kind + from : NULL, asked ? asked + from : NULL,
			      r->layer[l].p + p_at + head * len * len, len, r->layer[l].o + from * d + head * dh, r->gp2, r->gp2 + SEQ_ROWS * s->n, r->scratch };
}

/* join - x = x0 + drop(add), in `to`. */
static void join(float *to, const float *x0, float *add, size_t n, struct seq_drop drop, size_t k)
{
	act_drop(add, n, site(drop, k), drop.share);
	for (size_t i = 0; i < n; i++)
		to[i] = x0[i] + add[i];
}

/* find_newest - of the kind that each event is asked for, in its sequence. */
static void find_newest(uint32_t *newest, const struct seq_events *ev, const size_t *start, size_t n_seq)
{
	for (size_t i = 0; i < n_seq; i++) {
		uint32_t last[SEQ_KINDS_MAX];
		memset(last, 0xff, sizeof last);
		for (size_t t = start[i]; t < start[i + 1]; t++) {
			last[ev->kind[t]] = (uint32_t)t;
			newest[t] = last[ev->asked[t]];
		}
	}
}

/* ask - each event for one kind. */
static void ask(struct seq_room *r, size_t l, const struct seq_at *at, const float *w, const struct seq_events *ev, const size_t *start, size_t n_seq)
{
	struct seq_layer_room *y = &r->layer[l];
	size_t d = r->s.d, T = start[n_seq];

	find_newest(y->newest, ev, start, n_seq);
	for (size_t t = 0; t < T; t++) {
		memcpy(y->xk + t * d, w + at->ask + ev->asked[t] * d, d * sizeof *y->xk);
		if (y->newest[t] != UINT32_MAX)
			num_axpy(y->xk + t * d, 1, y->x + y->newest[t] * d, d);
	}
	act_rms(y->ak, y->invk, y->xk, w + at->layer[l].norm1, T, d);
}

/* ask_back - from the gradient of xk to that of x, in gx. */
static void ask_back(struct seq_room *r, size_t l, const struct seq_at *at, float *gw, const struct seq_events *ev, size_t T)
{
	const uint32_t *newest = r->layer[l].newest;
	size_t d = r->s.d;

	memcpy(r->gb, r->gx, T * d * sizeof *r->gb);
	memset(r->gx, 0, T * d * sizeof *r->gx);
	for (size_t t = 0; t < T; t++) {
		num_axpy(gw + at->ask + ev->asked[t] * d, 1, r->gb + t * d, d);
		if (newest[t] != UINT32_MAX)
			num_axpy(r->gx + newest[t] * d, 1, r->gb + t * d, d);
	}
}

static void layer_forward(struct seq_room *r, size_t l, float *to, const struct seq_at *at, const float *w, const struct seq_events *ev, const size_t *start, size_t n_seq,
			  struct seq_drop drop)
{
	const struct seq_dims *s = &r->s;
	const struct seq_layer_at *g = &at->layer[l];
	struct seq_layer_room *y = &r->layer[l];
	size_t T = start[n_seq], d = s->d, width = seq_width(s), p_at = 0;

	act_rms(y->a, y->inv1, y->x, w + g->norm1, T, d);
	if (seq_is_asked(s, l))
		ask(r, l, at, w, ev, start, n_seq);
	num_gemm_in(y->raw, width, seq_is_asked(s, l) ? y->ak : y->a, d, NUM_N, w + g->in, width, NUM_N, T, width - 2 * d, d, false, r->scratch);
	num_gemm_in(y->raw + width - 2 * d, width, y->a, d, NUM_N, w + g->in + width - 2 * d, width, NUM_N, T, 2 * d, d, false, r->scratch);
	if (s->attention == SEQ_POINTWISE)
		act_silu(y->qkv, y->raw, 1, T * width);
	for (size_t i = 0; i < n_seq; i++) {
		size_t len = start[i + 1] - start[i];
		for (size_t h = 0; h < s->heads; h++) {
			struct seq_attend one = head_of(r, l, at, w, h, start[i], len, p_at, ev);
			seq_attend(&one);
		}
		p_at += s->heads * len * len;
	}
	if (s->attention == SEQ_POINTWISE) {
		act_rms(y->y, y->inv3, y->o, w + g->norm3, T, d);
		seq_times_u(y->y, y->qkv, width, T, d);
	}
	float *after = s->hidden ? y->mid : to;
	num_gemm_in(r->ga, d, y->y, d, NUM_N, w + g->out, d, NUM_N, T, d, d, false, r->scratch);
	join(after, seq_is_asked(s, l) ? y->xk : y->x, r->ga, T * d, drop, 2 * l + 1);
	if (!s->hidden)
		return;
	act_rms(y->b, y->inv2, y->mid, w + g->norm2, T, d);
	num_gemm_in(y->up, 2 * s->hidden, y->b, d, NUM_N, w + g->up, 2 * s->hidden, NUM_N, T, 2 * s->hidden, d, false, r->scratch);
	act_gate(y->hid, y->up, T, s->hidden);
	num_gemm_in(r->ga, d, y->hid, s->hidden, NUM_N, w + g->down, d, NUM_N, T, d, s->hidden, false, r->scratch);
	join(to, y->mid, r->ga, T * d, drop, 2 * l + 2);
}

void seq_forward(struct seq_room *r, const struct seq_at *at, const float *w, const struct seq_items *it, const struct seq_events *ev, const size_t *start, size_t n_seq,
		 struct seq_drop drop)
{
	const struct seq_dims *s = &r->s;
	size_t T = start[n_seq], d = s->d;

	seq_input(s->layers ? r->layer[0].x : r->x, s, at, w, it, ev, T);
	act_drop(s->layers ? r->layer[0].x : r->x, T * d, site(drop, 0), drop.share);
	for (size_t l = 0; l < s->layers; l++)
		layer_forward(r, l, l + 1 < s->layers ? r->layer[l + 1].x : r->x, at, w, ev, start, n_seq, drop);
	act_rms(r->h, r->inv, r->x, w + at->norm, T, d);
}

/* ---- back ---- */

static void gradient_of(float *gw, const float *in, size_t n_in, const float *g, size_t n_out, size_t T, struct seq_room *r)
{
	num_gemm_in(gw, n_out, in, n_in, NUM_T, g, n_out, NUM_N, n_in, n_out, T, true, r->scratch);
}

/* through_u - from ga, the gradient of y = u rms(o) g3, to that of u in gqkv and of o in gb. */
static void through_u(struct seq_room *r, size_t l, const struct seq_at *at, const float *w, float *gw, size_t T)
{
	const struct seq_layer_at *g = &at->layer[l];
	struct seq_layer_room *y = &r->layer[l];
	size_t d = r->s.d, width = seq_width(&r->s);

	act_rms(y->y, y->inv3, y->o, w + g->norm3, T, d);	/* once more: y was multiplied by u */
	for (size_t t = 0; t < T; t++)
		for (size_t i = 0; i < d; i++) {
			float gy = r->ga[t * d + i];
			r->gqkv[t * width + i] = gy * y->y[t * d + i];
			r->ga[t * d + i] = gy * y->qkv[t * width + i];
		}
	memset(r->gb, 0, T * d * sizeof *r->gb);
	act_rms_back(r->gb, gw + g->norm3, r->ga, y->o, y->inv3, w + g->norm3, T, d);
}

static void attention_back(struct seq_room *r, size_t l, const struct seq_at *at, const float *w, float *gw, const float *go, const struct seq_events *ev, const size_t *start, size_t n_seq)
{
	const struct seq_dims *s = &r->s;
	size_t d = s->d, width = seq_width(s), dh = d / s->heads, p_at = 0;

	for (size_t i = 0; i < n_seq; i++) {
		size_t len = start[i + 1] - start[i];
		for (size_t h = 0; h < s->heads; h++) {
			float *gq = r->gqkv + start[i] * width + (width - 3 * d) + h * dh;
			struct seq_attend_back b = { head_of(r, l, at, w, h, start[i], len, p_at, ev), go + start[i] * d + h * dh, gq, gq + d, gq + 2 * d,
					       gw + at->layer[l].pos + h * s->n, s->features & SEQ_TIME ? gw + at->layer[l].time + h * SEQ_TIMES : NULL,
					       s->n_kinds > 1 ? gw + at->layer[l].near + h * SEQ_NEAR : NULL, r->gp };
			seq_attend_back(&b);
		}
		p_at += s->heads * len * len;
	}
}

static void layer_back(struct seq_room *r, size_t l, const struct seq_at *at, const float *w, float *gw, const struct seq_events *ev, const size_t *start, size_t n_seq,
		       struct seq_drop drop)
{
	const struct seq_dims *s = &r->s;
	const struct seq_layer_at *g = &at->layer[l];
	struct seq_layer_room *y = &r->layer[l];
	size_t T = start[n_seq], d = s->d, f = s->hidden, width = seq_width(s);

	if (f) {
		memcpy(r->ga, r->gx, T * d * sizeof *r->ga);
		act_drop(r->ga, T * d, site(drop, 2 * l + 2), drop.share);
		gradient_of(gw + g->down, y->hid, f, r->ga, d, T, r);
		num_gemm_in(r->gb, f, r->ga, d, NUM_N, w + g->down, d, NUM_T, T, f, d, false, r->scratch);
		act_gate_back(r->gup, r->gb, y->up, T, f);
		gradient_of(gw + g->up, y->b, d, r->gup, 2 * f, T, r);
		num_gemm_in(r->gb, d, r->gup, 2 * f, NUM_N, w + g->up, 2 * f, NUM_T, T, d, 2 * f, false, r->scratch);
		act_rms_back(r->gx, gw + g->norm2, r->gb, y->mid, y->inv2, w + g->norm2, T, d);
	}
	memcpy(r->gb, r->gx, T * d * sizeof *r->gb);
	act_drop(r->gb, T * d, site(drop, 2 * l + 1), drop.share);
	gradient_of(gw + g->out, y->y, d, r->gb, d, T, r);
	num_gemm_in(r->ga, d, r->gb, d, NUM_N, w + g->out, d, NUM_T, T, d, d, false, r->scratch);
	memset(r->gqkv, 0, T * width * sizeof *r->gqkv);
	if (s->attention == SEQ_POINTWISE)
		through_u(r, l, at, w, gw, T);
	attention_back(r, l, at, w, gw, s->attention == SEQ_POINTWISE ? r->gb : r->ga, ev, start, n_seq);
	if (s->attention == SEQ_POINTWISE)
		act_silu_back(r->gqkv, r->gqkv, y->raw, 1, T * width);
	const float *in = w + g->in + width - 2 * d, *gkv = r->gqkv + width - 2 * d;
	num_gemm_in(gw + g->in, width, seq_is_asked(s, l) ? y->ak : y->a, d, NUM_T, r->gqkv, width, NUM_N, d, width - 2 * d, T, true, r->scratch);
	num_gemm_in(gw + g->in + width - 2 * d, width, y->a, d, NUM_T, gkv, width, NUM_N, d, 2 * d, T, true, r->scratch);
	num_gemm_in(r->ga, d, r->gqkv, width, NUM_N, w + g->in, width, NUM_T, T, d, width - 2 * d, false, r->scratch);
	if (seq_is_asked(s, l)) {
		act_rms_back(r->gx, gw + g->norm1, r->ga, y->xk, y->invk, w + g->norm1, T, d);
		ask_back(r, l, at, gw, ev, T);
		memcpy(r->ga, r->gsaid, T * d * sizeof *r->ga);
	}
	num_gemm_in(r->ga, d, gkv, width, NUM_N, in, width, NUM_T, T, d, 2 * d, true, r->scratch);
	act_rms_back(r->gx, gw + g->norm1, r->ga, y->x, y->inv1, w + g->norm1, T, d);
}

void seq_back(struct seq_room *r, const struct seq_at *at, const float *w, float *gw, const struct seq_events *ev, const size_t *start, size_t n_seq, struct seq_drop drop)
{
	const struct seq_dims *s = &r->s;
	size_t T = start[n_seq], d = s->d;

	memcpy(r->ga, r->gx, T * d * sizeof *r->ga);
	memset(r->gx, 0, T * d * sizeof *r->gx);
	act_rms_back(r->gx, gw + at->norm, r->ga, r->x, r->inv, w + at->norm, T, d);
	for (size_t l = s->layers; l-- > 0;)
		layer_back(r, l, at, w, gw, ev, start, n_seq, drop);
	act_drop(r->gx, T * d, site(drop, 0), drop.share);
	input_back(gw, s, at, r->gx, ev, T);
}
