#include "scorer.h"
#include "blend.h"

#include <string.h>

#include "../base/mem.h"
#include "../num/num.h"

int scorer_open(struct scorer *s, struct model *m, struct par *pool, struct err *e)
{
	*s = (struct scorer){ .m = m };
	weigh_init(&s->plain);
	if (!strcmp(m->kind, "pop")) {
		s->is_for_all = !model_counts(m, &s->count, e);
	} else if (!strcmp(m->kind, "blend")) {
		s->blend = mem_new(1, sizeof *s->blend);
		if (!blend_open(s->blend, m, pool, e))
			s->is_for_all = blend_is_for_all(s->blend);
	} else if (!strcmp(m->kind, "graph")) {
		graph_open(&s->graph, m, e);
	} else if (!strcmp(m->kind, "ease")) {
		ease_open(&s->ease, m, e);
	} else if (!als_fold_open(&s->fold, m, e)) {
		s->n_scratch = par_threads(pool);
		s->scratch = mem_new((size_t)s->n_scratch, sizeof *s->scratch);
		for (int i = 0; i < s->n_scratch; i++)
			s->scratch[i] = mem_try(als_fold_scratch(&s->fold, m->n[MODEL_ITEMS]) + m->d, sizeof **s->scratch, "normal equations", e);
	}
	if (e->code)
		scorer_release(s);
	return e->code;
}

void scorer_release(struct scorer *s)
{
	for (int i = 0; i < s->n_scratch; i++)
		mem_free(s->scratch[i]);
	mem_free(s->scratch);
	weigh_release(&s->plain);
	als_fold_release(&s->fold);
	ease_close(&s->ease);
	graph_release(&s->graph);
	if (s->blend)
		blend_release(s->blend);
	mem_free(s->blend);
	*s = (struct scorer){ 0 };
}

struct weigh *scorer_weigh(struct scorer *s)
{
	if (s->blend) {
		struct weigh *w = blend_weigh(s->blend);
		return w ? w : &s->plain;
	}
	return s->count ? &s->plain : s->scratch ? &s->fold.weigh : s->ease.start ? &s->ease.weigh : &s->graph.weigh;
}

struct folding { struct scorer *s; float *out; const struct csr *h; size_t first; struct err err[SCORER_USERS]; };

/* score_one - chunk c is a listener. */
static void score_one(void *ctx, size_t c, int worker)
{
	struct folding *f = ctx;
	struct scorer *s = f->s;
	size_t row = f->first + c, from = f->h->start[row], n = f->h->start[row + 1] - from, items = s->m->n[MODEL_ITEMS];

	if (s->ease.start) {
		ease_score(&s->ease, f->out + c * items, f->h->col + from, f->h->val + from, n);
		return;
	}
	float *x = s->scratch[worker] + als_fold_scratch(&s->fold, items);
	if (!als_fold(&s->fold, x, f->h->col + from, f->h->val + from, n, s->scratch[worker], &f->err[c]))
		num_dots(f->out + c * items, x, s->fold.item, items, s->m->d, s->m->d);
}

int scorer_scores(struct scorer *s, float *out, const struct csr *h, size_t first, size_t n, struct par *pool, struct err *e)
{
	size_t items = s->m->n[MODEL_ITEMS];

	if (s->count) {
		for (size_t i = 0; i < n * items; i++)
			out[i] = (float)s->count[i % items];
		return 0;
	}
	if (s->blend)
		return blend_scores(s->blend, out, h, first, n, pool, e);
	if (!s->scratch && !s->ease.start)
		return graph_scores(&s->graph, out, h, first, n, pool, e);
	struct folding f = { .s = s, .out = out, .h = h, .first = first };
	par_for(pool, n, score_one, &f);
	for (size_t c = 0; c < n; c++)
		if (f.err[c].code)
			return err_set(e, f.err[c].code, "%s", f.err[c].msg);
	return 0;
}
