/*
 * seq_measure - what a model that learns knows of events that were held out.
 */
#include "seq_run.h"
#include "seq_step.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../num/act.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum { ASK = 64 };			/* listeners measured together */

struct ask { struct seq_learn *m; const struct seq_asked *asked; size_t first, n; float *x; struct seq_reader *reader; const float *w; struct seq_items items;
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
	struct seq_reader *r = &a->reader[worker];
	float *u = a->x + c * d, inv;

	for (size_t i = 0; i < len; i++)
		seq_read_event(m, k, i, end - len + i, !i);
	struct seq_events ev = seq_events_of(k);
	r->state.n = 0;
	seq_run(&r->state, r->h, s, &m->at, a->w, &a->items, &ev, len, r->scratch);
	seq_head(u, s, &m->at, a->w, r->h, kind, r->scratch);
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
	size_t d = m->o.dims.d, threads = (size_t)par_threads(pool);
	const float *y = best ? m->best_own : m->own;
	struct ask a = { .m = m, .asked = asked, .w = best ? m->best_w : m->w, .items = { .d = d, .vec = y }, .worker = s->worker };
	float *unit = NULL, *inv = NULL;

	*ndcg = *hr = 0;
	a.score = mem_try(m->n_items, ASK * sizeof *a.score, "scores", e);
	a.x = mem_try(ASK, d * sizeof *a.x, "vectors", e);
	a.reader = mem_new(threads, sizeof *a.reader);
	for (size_t t = 0; t < threads && !e->code; t++)
		seq_reader_init(&a.reader[t], &m->o.dims, e);
	if (m->o.is_cosine && !e->code) {
		unit = mem_try(m->n_items, d * sizeof *unit, "vectors of items", e);
		inv = mem_try(m->n_items, sizeof *inv, "vectors of items", e);
		if (unit && inv)
			act_unit(unit, inv, y, m->n_items, d);
		y = unit;
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
	for (size_t t = 0; t < threads; t++)
		seq_reader_release(&a.reader[t]);
	mem_free(a.reader);
	mem_free(a.x);
	mem_free(unit);
	mem_free(inv);
	mem_free(a.score);
	return e->code;
}
