/*
 * seq_net - layers, one after the other; attention a head of a sequence at a time, some rows of queries against the keys that they may see.
 */
#include "seq_net.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/rng.h"
#include "../data/event.h"
#include "../num/act.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum { ROWS = 64 };			/* queries of one product */

static size_t width_of(const struct seq_dims *s)	/* of In: q k v, pointwise u q k v */
{
	return (s->attention == SEQ_POINTWISE ? 4 : 3) * s->d;
}

/* is_asked - does layer l know which kind is wanted? */
static bool is_asked(const struct seq_dims *s, size_t l)
{
	return s->n_kinds > 1 && l + 1 == s->layers;
}

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
		y->in = take(&p, d * width_of(s));
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
		normal(w + y->in, d * width_of(s), sqrt(1 / (double)d), &g);
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

/* ---- attention of one head ---- */

struct head {
	const struct seq_dims *s;
	const float *q, *k, *v;		/* rows ldq, ldk, ldk apart; those of q are events first, first + 1, ... */
	size_t ldq, ldk, first, rows;
	const float *pos, *time;	/* of this head; time NULL: none */
	const int64_t *when;		/* with time */
	const float *near;		/* of this head; NULL: none */
	const uint8_t *kind, *asked;	/* with near: of the events, of the rows */
	float *p;			/* [rows x ldp] */
	size_t ldp;
	float *o;			/* rows d apart */
	float *a, *row, *scratch;	/* [ROWS x keys] pointwise; [keys] with time; of products */
};

/* near_code - of event j, going back from the newest: *rank counts those of the kind asked for. */
static size_t near_code(uint8_t kind, uint8_t asked, size_t *rank)
{
	if (kind != asked)
		return SEQ_NEAR - 1;
	return *rank < SEQ_NEAR - 2 ? (*rank)++ : SEQ_NEAR - 2;
}

/* bias_of - of event t to events 0 .. t. */
static const float *bias_of(const struct head *h, size_t t)
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
	return 1 / __builtin_sqrtf((float)(s->d / s->heads));
}

static void attend(const struct head *h)
{
	size_t dh = h->s->d / h->s->heads;
	float scale = scale_of(h->s);

	for (size_t r = 0, rows; r < h->rows; r += rows) {
		rows = h->rows - r < ROWS ? h->rows - r : ROWS;
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

struct head_back {
	struct head h;			/* first 0; a [ROWS x rows] */
	const float *go;		/* rows d apart */
	float *gq, *gk, *gv;		/* rows ldq apart; gk and gv += */
	float *gpos, *gtime, *gnear;
	float *gp;			/* [ROWS x rows] */
};

/* bias_back - g of event t to events 0 .. t. */
static void bias_back(const struct head_back *b, const float *g, size_t t)
{
	const struct head *h = &b->h;
	size_t rank = 0;

	num_axpy(b->gpos + (h->s->n - 1 - t), 1, g, t + 1);
	for (size_t j = 0; h->time && j <= t; j++)
		b->gtime[seq_time(h->when[j], h->when[t])] += g[j];
	for (size_t j = t + 1; h->near && j-- > 0;)
		b->gnear[near_code(h->kind[j], h->asked[t], &rank)] += g[j];
}

static void attend_back(const struct head_back *b)
{
	const struct head *h = &b->h;
	size_t d = h->s->d, dh = d / h->s->heads;
	float scale = scale_of(h->s);

	for (size_t r = 0, rows; r < h->rows; r += rows) {
		rows = h->rows - r < ROWS ? h->rows - r : ROWS;
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
	size_t at = 0, T = r->tokens, d = s->d, n = s->n, w = width_of(s);
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
		y->xk = is_asked(s, l) ? part(r, &at, T * d) : NULL;
		y->invk = is_asked(s, l) ? part(r, &at, T) : NULL;
		y->ak = is_asked(s, l) ? part(r, &at, T * d) : NULL;
		y->newest = is_asked(s, l) ? (uint32_t *)part(r, &at, T) : NULL;
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
	r->gp = part(r, &at, ROWS * n);
	r->gp2 = part(r, &at, (ROWS + 1) * n);
	r->scratch = part(r, &at, num_gemm_scratch());
	return at;
}

size_t seq_room_floats(const struct seq_dims *s, size_t tokens)
{
	struct seq_room r = { .s = *s, .tokens = tokens };

	return cut_room(&r);
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

/* times_u - y = u rms(o) g3: rms(o) g3 is in y. */
static void times_u(float *y, const float *qkv, size_t w, size_t rows, size_t d)
{
	for (size_t t = 0; t < rows; t++)
		for (size_t i = 0; i < d; i++)
			y[t * d + i] *= qkv[t * w + i];
}

static struct head head_of(const struct seq_room *r, size_t l, const struct seq_at *at, const float *w, size_t head, size_t from, size_t len, size_t p_at, const struct seq_events *ev)
{
	const struct seq_dims *s = &r->s;
	size_t d = s->d, width = width_of(s), dh = d / s->heads;
	const float *q = r->layer[l].qkv + from * width + (width - 3 * d) + head * dh;

	const uint8_t *asked = is_asked(s, l) ? ev->asked : ev->kind;

	return (struct head){ s, q, q + d, q + 2 * d, width, width, 0, len, w + at->layer[l].pos + head * s->n,
			      s->features & SEQ_TIME ? w + at->layer[l].time + head * SEQ_TIMES : NULL, ev->time ? ev->time + from : NULL,
			      s->n_kinds > 1 ? w + at->layer[l].near + head * SEQ_NEAR : NULL, ev->kind ? ev->kind + from : NULL, asked ? asked + from : NULL,
			      r->layer[l].p + p_at + head * len * len, len, r->layer[l].o + from * d + head * dh, r->gp2, r->gp2 + ROWS * s->n, r->scratch };
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
	size_t T = start[n_seq], d = s->d, width = width_of(s), p_at = 0;

	act_rms(y->a, y->inv1, y->x, w + g->norm1, T, d);
	if (is_asked(s, l))
		ask(r, l, at, w, ev, start, n_seq);
	num_gemm_in(y->raw, width, is_asked(s, l) ? y->ak : y->a, d, NUM_N, w + g->in, width, NUM_N, T, width - 2 * d, d, false, r->scratch);
	num_gemm_in(y->raw + width - 2 * d, width, y->a, d, NUM_N, w + g->in + width - 2 * d, width, NUM_N, T, 2 * d, d, false, r->scratch);
	if (s->attention == SEQ_POINTWISE)
		act_silu(y->qkv, y->raw, 1, T * width);
	for (size_t i = 0; i < n_seq; i++) {
		size_t len = start[i + 1] - start[i];
		for (size_t h = 0; h < s->heads; h++) {
			struct head one = head_of(r, l, at, w, h, start[i], len, p_at, ev);
			attend(&one);
		}
		p_at += s->heads * len * len;
	}
	if (s->attention == SEQ_POINTWISE) {
		act_rms(y->y, y->inv3, y->o, w + g->norm3, T, d);
		times_u(y->y, y->qkv, width, T, d);
	}
	float *after = s->hidden ? y->mid : to;
	num_gemm_in(r->ga, d, y->y, d, NUM_N, w + g->out, d, NUM_N, T, d, d, false, r->scratch);
	join(after, is_asked(s, l) ? y->xk : y->x, r->ga, T * d, drop, 2 * l + 1);
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
	size_t d = r->s.d, width = width_of(&r->s);

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
	size_t d = s->d, width = width_of(s), dh = d / s->heads, p_at = 0;

	for (size_t i = 0; i < n_seq; i++) {
		size_t len = start[i + 1] - start[i];
		for (size_t h = 0; h < s->heads; h++) {
			float *gq = r->gqkv + start[i] * width + (width - 3 * d) + h * dh;
			struct head_back b = { head_of(r, l, at, w, h, start[i], len, p_at, ev), go + start[i] * d + h * dh, gq, gq + d, gq + 2 * d,
					       gw + at->layer[l].pos + h * s->n, s->features & SEQ_TIME ? gw + at->layer[l].time + h * SEQ_TIMES : NULL,
					       s->n_kinds > 1 ? gw + at->layer[l].near + h * SEQ_NEAR : NULL, r->gp };
			attend_back(&b);
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
	size_t T = start[n_seq], d = s->d, f = s->hidden, width = width_of(s);

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
	num_gemm_in(gw + g->in, width, is_asked(s, l) ? y->ak : y->a, d, NUM_T, r->gqkv, width, NUM_N, d, width - 2 * d, T, true, r->scratch);
	num_gemm_in(gw + g->in + width - 2 * d, width, y->a, d, NUM_T, gkv, width, NUM_N, d, 2 * d, T, true, r->scratch);
	num_gemm_in(r->ga, d, r->gqkv, width, NUM_N, w + g->in, width, NUM_T, T, d, width - 2 * d, false, r->scratch);
	if (is_asked(s, l)) {
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

/* ---- event by event ---- */

size_t seq_state_rows(const struct seq_dims *s)
{
	return s->layers * 2 + (s->n_kinds > 1 && s->layers);
}

size_t seq_state_floats(const struct seq_dims *s, size_t cap)
{
	return seq_state_rows(s) * cap * s->d;
}

size_t seq_step_scratch(const struct seq_dims *s, size_t n, size_t cap)
{
	size_t up = 3 * s->hidden;

	return n * (3 * s->d + 1 + width_of(s) + (up > s->d ? up : s->d)) + n * cap + (ROWS + 1) * cap + num_gemm_scratch() + 64;
}

size_t seq_said_floats(const struct seq_dims *s)
{
	return s->d * (s->n_kinds > 1 ? s->n_kinds + 1 : 1);
}

int seq_reader_init(struct seq_reader *r, const struct seq_dims *s, struct err *e)
{
	size_t n = s->n;

	*r = (struct seq_reader){ .state.cap = n };
	r->state.kv = mem_try(seq_state_floats(s, n), sizeof *r->state.kv, "keys and values", e);
	r->state.time = mem_try(n, sizeof *r->state.time, "keys and values", e);
	r->state.kind = mem_try(n, 1, "keys and values", e);
	r->scratch = mem_try(seq_step_scratch(s, n, n), sizeof *r->scratch, "the layers' values", e);
	r->h = mem_try(seq_said_floats(s), sizeof *r->h, "the layers' values", e);
	r->code = mem_try(4, n, "codes of events", e);
	if (e->code)
		seq_reader_release(r);
	return e->code;
}

void seq_reader_release(struct seq_reader *r)
{
	mem_free(r->state.kv);
	mem_free(r->state.time);
	mem_free(r->state.kind);
	mem_free(r->scratch);
	mem_free(r->h);
	mem_free(r->code);
	*r = (struct seq_reader){ 0 };
}

/* stepping - what the layers of seq_run share. */
struct stepping {
	const struct seq_dims *s;
	const struct seq_at *at;
	const float *w;
	struct seq_state *st;
	float *a, *o, *inv, *qkv, *up, *p, *gate, *mul;
};

/* columns - of In, from .. to, for rows of x: into qkv. */
static void columns(const struct stepping *k, size_t l, const float *x, float *qkv, size_t rows, size_t from, size_t to)
{
	size_t d = k->s->d, width = width_of(k->s);

	act_rms(k->a, k->inv, x, k->w + k->at->layer[l].norm1, rows, d);
	num_gemm_in(qkv + from, width, k->a, d, NUM_N, k->w + k->at->layer[l].in + from, width, NUM_N, rows, to - from, d, false, k->mul);
	for (size_t i = 0; k->s->attention == SEQ_POINTWISE && i < rows; i++)
		act_silu(qkv + i * width + from, qkv + i * width + from, 1, to - from);
}

/* rest - of layer l for some rows, events first .. of the state, whose qkv are there: x is added to. asked: the kinds, one a row. */
static void rest(const struct stepping *k, size_t l, float *x, const float *qkv, size_t first, size_t rows, const uint8_t *asked)
{
	const struct seq_dims *s = k->s;
	const struct seq_layer_at *g = &k->at->layer[l];
	const float *w = k->w, *key = k->st->kv + 2 * l * k->st->cap * s->d, *value = key + k->st->cap * s->d;
	size_t d = s->d, f = s->hidden, width = width_of(s), dh = d / s->heads;

	for (size_t head = 0; head < s->heads; head++) {
		struct head one = { s, qkv + (width - 3 * d) + head * dh, key + head * dh, value + head * dh, width, d, first, rows, w + g->pos + head * s->n,
				    s->features & SEQ_TIME ? w + g->time + head * SEQ_TIMES : NULL, k->st->time,
				    s->n_kinds > 1 ? w + g->near + head * SEQ_NEAR : NULL, k->st->kind, asked, k->p, k->st->cap, k->o + head * dh,
				    k->gate, k->gate + ROWS * k->st->cap, k->mul };
		attend(&one);
	}
	if (s->attention == SEQ_POINTWISE) {
		act_rms(k->o, k->inv, k->o, w + g->norm3, rows, d);
		times_u(k->o, qkv, width, rows, d);
	}
	num_gemm_in(k->a, d, k->o, d, NUM_N, w + g->out, d, NUM_N, rows, d, d, false, k->mul);
	num_axpy(x, 1, k->a, rows * d);
	if (!f)
		return;
	act_rms(k->a, k->inv, x, w + g->norm2, rows, d);
	num_gemm_in(k->up, 2 * f, k->a, d, NUM_N, w + g->up, 2 * f, NUM_N, rows, 2 * f, d, false, k->mul);
	act_gate(k->up + rows * 2 * f, k->up, rows, f);
	num_gemm_in(k->a, d, k->up + rows * 2 * f, f, NUM_N, w + g->down, d, NUM_N, rows, d, f, false, k->mul);
	num_axpy(x, 1, k->a, rows * d);
}

/* ask_all - the last layer, for each kind, as of event `last`: into h. */
static void ask_all(const struct stepping *k, float *h, float *qkv, size_t last)
{
	const struct seq_dims *s = k->s;
	size_t d = s->d, l = s->layers - 1;
	const float *read = k->st->kv + 2 * s->layers * k->st->cap * d;

	for (size_t kind = 0; kind < s->n_kinds; kind++) {
		float *to = h + kind * d;
		uint8_t asked = (uint8_t)kind;
		size_t newest = last + 1;
		while (newest && k->st->kind[newest - 1] != asked)
			newest--;
		memcpy(to, k->w + k->at->ask + kind * d, d * sizeof *to);
		if (newest)
			num_axpy(to, 1, read + (newest - 1) * d, d);
		columns(k, l, to, qkv, 1, 0, width_of(s) - 2 * d);
		rest(k, l, to, qkv, last, 1, &asked);
	}
}

void seq_run(struct seq_state *st, float *h, const struct seq_dims *s, const struct seq_at *at, const float *w, const struct seq_items *it, const struct seq_events *ev, size_t n,
	     float *scratch)
{
	size_t d = s->d, width = width_of(s), up_floats = 3 * s->hidden > d ? 3 * s->hidden : d, last = st->n + n - 1;
	float *x = scratch, *a = x + n * d, *o = a + n * d, *inv = o + n * d, *qkv = inv + n, *up = qkv + n * width, *p = up + n * up_floats, *gate = p + n * st->cap,
	      *x_last = x + (n - 1) * d, *qkv_last = qkv + (n - 1) * width;
	struct stepping k = { s, at, w, st, a, o, inv, qkv, up, p, gate, gate + (ROWS + 1) * st->cap };

	seq_input(x, s, at, w, it, ev, n);
	for (size_t i = 0; s->features & SEQ_TIME && i < n; i++)
		st->time[st->n + i] = ev->time[i];
	for (size_t i = 0; s->n_kinds > 1 && i < n; i++)
		st->kind[st->n + i] = ev->kind[i];
	for (size_t l = 0; l < s->layers; l++) {
		float *key = st->kv + 2 * l * st->cap * d, *value = key + st->cap * d;
		columns(&k, l, x, qkv, n, is_asked(s, l) ? width - 2 * d : 0, width);
		for (size_t i = 0; i < n; i++) {
			memcpy(key + (st->n + i) * d, qkv + (i + 1) * width - 2 * d, d * sizeof *key);
			memcpy(value + (st->n + i) * d, qkv + (i + 1) * width - d, d * sizeof *value);
		}
		if (is_asked(s, l)) {
			memcpy(h + s->n_kinds * d, a + (n - 1) * d, d * sizeof *h);
			memcpy(st->kv + (2 * s->layers * st->cap + st->n) * d, x, n * d * sizeof *x);
			ask_all(&k, h, qkv_last, last);
		} else if (l + 1 == s->layers) {
			rest(&k, l, x_last, qkv_last, last, 1, NULL);	/* only the last event is wanted */
		} else {
			rest(&k, l, x, qkv, st->n, n, ev->kind);
		}
	}
	if (s->n_kinds == 1 || !s->layers)
		memcpy(h, x_last, d * sizeof *h);
	for (size_t kind = 1; kind < s->n_kinds && !s->layers; kind++)
		memcpy(h + kind * d, x_last, d * sizeof *h);
	for (size_t kind = 0; kind < s->n_kinds; kind++)
		act_rms(h + kind * d, inv, h + kind * d, w + at->norm, 1, d);
	if (s->n_kinds > 1 && !s->layers)
		memcpy(h + s->n_kinds * d, h, d * sizeof *h);
	st->n += n;
}

void seq_head(float *z, const struct seq_dims *s, const struct seq_at *at, const float *w, const float *h, size_t k, float *scratch)
{
	size_t d = s->d;

	if (s->n_kinds > 1)
		num_gemm_in(z, d, h + k * d, d, NUM_N, w + at->head + k * d * d, d, NUM_N, 1, d, d, false, scratch);
	else
		memcpy(z, h, d * sizeof *z);
}
