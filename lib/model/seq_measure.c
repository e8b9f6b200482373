/*
 * seq_measure - what a model that learns knows of events that were held out.
 */
#include "seq_step.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../num/act.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum { ASK = 64 };			/* listeners measured together */

struct ask { struct seq_learn *m; const struct seq_asked *asked; size_t first, n; float *x; struct seq_state *state; float **scratch, **h; const float *w; struct seq_items items;
	     struct seq_worker *worker; float *score; size_t place[ASK]; };

/* ask_one - chunk c is a listener: u, of the kind asked for. */
static void ask_one(void *ctx, size_t c, int worker)
{
	struct ask *a = ctx;
	struct seq_learn *m = a->m;
	const struct seq_asked *q = &a->asked[a->first + c];
	const struct seq_dims *s = &m->o.dims;
	struct seq_worker *k = &a->worker[worker];
	size_t from = m->data->start[q->user], end = m->end[q->user], len = min_size(end - from, s->n), d = s->d, kind = seq_kind_of(m, q->item);
	float *h = a->h[worker], *u = a->x + c * d, inv;

	for (size_t i = 0; i < len; i++)
		seq_read_event(m, k, i, end - len + i, !i);
	struct seq_events ev = seq_events_of(k);
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
	size_t kind = seq_kind_of(m, q->item), place = 0;

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
