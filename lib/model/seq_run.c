#include "seq_run.h"

#include <string.h>

#include "seq_attend.h"
#include "../base/mem.h"
#include "../num/act.h"
#include "../num/num.h"

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

	return n * (3 * s->d + 1 + seq_width(s) + (up > s->d ? up : s->d)) + n * cap + (SEQ_ROWS + 1) * cap + num_gemm_scratch() + 64;
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
	size_t d = k->s->d, width = seq_width(k->s);

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
	size_t d = s->d, f = s->hidden, width = seq_width(s), dh = d / s->heads;

	for (size_t head = 0; head < s->heads; head++) {
		struct seq_attend one = { s, qkv + (width - 3 * d) + head * dh, key + head * dh, value + head * dh, width, d, first, rows, w + g->pos + head * s->n,
				    s->features & SEQ_TIME ? w + g->time + head * SEQ_TIMES : NULL, k->st->time,
				    s->n_kinds > 1 ? w + g->near + head * SEQ_NEAR : NULL, k->st->kind, asked, k->p, k->st->cap, k->o + head * dh,
				    k->gate, k->gate + SEQ_ROWS * k->st->cap, k->mul };
		seq_attend(&one);
	}
	if (s->attention == SEQ_POINTWISE) {
		act_rms(k->o, k->inv, k->o, w + g->norm3, rows, d);
		seq_times_u(k->o, qkv, width, rows, d);
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
		columns(k, l, to, qkv, 1, 0, seq_width(s) - 2 * d);
		rest(k, l, to, qkv, last, 1, &asked);
	}
}

void seq_run(struct seq_state *st, float *h, const struct seq_dims *s, const struct seq_at *at, const float *w, const struct seq_items *it, const struct seq_events *ev, size_t n,
	     float *scratch)
{
	size_t d = s->d, width = seq_width(s), up_floats = 3 * s->hidden > d ? 3 * s->hidden : d, last = st->n + n - 1;
	float *x = scratch, *a = x + n * d, *o = a + n * d, *inv = o + n * d, *qkv = inv + n, *up = qkv + n * width, *p = up + n * up_floats, *gate = p + n * st->cap,
	      *x_last = x + (n - 1) * d, *qkv_last = qkv + (n - 1) * width;
	struct stepping k = { s, at, w, st, a, o, inv, qkv, up, p, gate, gate + (SEQ_ROWS + 1) * st->cap };

	seq_input(x, s, at, w, it, ev, n);
	for (size_t i = 0; s->features & SEQ_TIME && i < n; i++)
		st->time[st->n + i] = ev->time[i];
	for (size_t i = 0; s->n_kinds > 1 && i < n; i++)
		st->kind[st->n + i] = ev->kind[i];
	for (size_t l = 0; l < s->layers; l++) {
		float *key = st->kv + 2 * l * st->cap * d, *value = key + st->cap * d;
		columns(&k, l, x, qkv, n, seq_is_asked(s, l) ? width - 2 * d : 0, width);
		for (size_t i = 0; i < n; i++) {
			memcpy(key + (st->n + i) * d, qkv + (i + 1) * width - 2 * d, d * sizeof *key);
			memcpy(value + (st->n + i) * d, qkv + (i + 1) * width - d, d * sizeof *value);
		}
		if (seq_is_asked(s, l)) {
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
