#include "scorer.h"
#include "blend.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../num/num.h"

/* need_scratch - n floats and a vector for each thread. */
static void need_scratch(struct scorer *s, size_t n, struct par *pool, struct err *e)
{
	s->n_scratch = par_threads(pool);
	s->scratch = mem_new((size_t)s->n_scratch, sizeof *s->scratch);
	for (int i = 0; i < s->n_scratch; i++)
		s->scratch[i] = mem_try(n + s->m->d, sizeof **s->scratch, "normal equations", e);
}

static void need_readers(struct scorer *s, struct par *pool, struct err *e)
{
	s->n_readers = par_threads(pool);
	s->reader = mem_new((size_t)s->n_readers, sizeof *s->reader);
	for (int i = 0; i < s->n_readers && !e->code; i++)
		ordered_reader_init(&s->reader[i], &s->ordered, e);
}

/* kind_of - blend_open refuses what is none of them. */
static enum scorer_kind kind_of(const struct model *m)
{
	static const char *const name[] = { "pop", "als", "ease", "graph", "softmax" };
	int k = SCORER_POP;

	while (k < SCORER_ORDERED && strcmp(name[k], m->kind))
		k++;
	return k < SCORER_ORDERED ? (enum scorer_kind)k : ordered_is(m->kind) ? SCORER_ORDERED : SCORER_BLEND;
}

int scorer_open(struct scorer *s, struct model *m, struct par *pool, struct err *e)
{
	*s = (struct scorer){ .m = m, .kind = kind_of(m) };
	weigh_init(&s->plain);
	switch (s->kind) {
	case SCORER_POP:
		s->is_for_all = !model_counts(m, &s->count, e);
		break;
	case SCORER_ALS:
		if (!als_fold_open(&s->fold, m, e))
			need_scratch(s, als_fold_scratch(&s->fold, m->n[MODEL_ITEMS]), pool, e);
		break;
	case SCORER_EASE:
		ease_open(&s->ease, m, e);
		break;
	case SCORER_GRAPH:
		graph_open(&s->graph, m, e);
		break;
	case SCORER_SOFTMAX:
		if (!softmax_fold_open(&s->softmax, m, e))
			need_scratch(s, softmax_fold_scratch(&s->softmax), pool, e);
		break;
	case SCORER_ORDERED:
		if (!ordered_open(&s->ordered, m, e))
			need_readers(s, pool, e);
		break;
	case SCORER_BLEND:
		s->blend = mem_new(1, sizeof *s->blend);
		if (!blend_open(s->blend, m, pool, e))
			s->is_for_all = blend_is_for_all(s->blend);
		break;
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
	softmax_fold_release(&s->softmax);
	for (int i = 0; i < s->n_readers; i++)
		ordered_reader_release(&s->reader[i]);
	mem_free(s->reader);
	ordered_release(&s->ordered);
	ease_close(&s->ease);
	graph_release(&s->graph);
	if (s->blend)
		blend_release(s->blend);
	mem_free(s->blend);
	*s = (struct scorer){ 0 };
}

struct weigh *scorer_weigh(struct scorer *s)
{
	struct weigh *w = NULL;

	switch (s->kind) {
	case SCORER_POP: break;
	case SCORER_ALS: w = &s->fold.weigh; break;
	case SCORER_EASE: w = &s->ease.weigh; break;
	case SCORER_GRAPH: w = &s->graph.weigh; break;
	case SCORER_SOFTMAX: w = &s->softmax.weigh; break;
	case SCORER_ORDERED: w = ordered_weigh(&s->ordered); break;
	case SCORER_BLEND: w = blend_weigh(s->blend); break;
	}
	return w ? w : &s->plain;
}

bool scorer_wants_order(const struct scorer *s)
{
	return s->kind == SCORER_ORDERED || (s->kind == SCORER_BLEND && blend_wants_order(s->blend));
}

struct folding { struct scorer *s; float *out; const struct csr *h; size_t first; struct err err[SCORER_USERS]; };

/* score_one - chunk c is a listener. */
static void score_one(void *ctx, size_t c, int worker)
{
	struct folding *f = ctx;
	struct scorer *s = f->s;
	size_t row = f->first + c, from = f->h->start[row], n = f->h->start[row + 1] - from, items = s->m->n[MODEL_ITEMS];
	float *out = f->out + c * items;

	if (s->kind == SCORER_EASE) {
		ease_score(&s->ease, out, f->h->col + from, f->h->val + from, n);
	} else if (s->kind == SCORER_SOFTMAX) {
		float *y = s->scratch[worker] + softmax_fold_scratch(&s->softmax);
		softmax_fold(&s->softmax, y, f->h->col + from, n, s->scratch[worker]);
		num_dots(out, y, s->softmax.item, items, s->m->d, s->m->d);
	} else {
		float *x = s->scratch[worker] + als_fold_scratch(&s->fold, items);
		if (als_fold(&s->fold, x, f->h->col + from, f->h->val + from, n, s->scratch[worker], &f->err[c]))
			return;
		num_dots(out, x, s->fold.item, items, s->m->d, s->m->d);
	}
	if (!num_is_finite(out, items))
		err_set(&f->err[c], ERR_NUMERIC, "a score is not finite");
}

struct reading { struct scorer *s; float *out; struct ordered_view view; size_t first; bool is_ill[SCORER_USERS]; };

/* read_one - chunk c is a listener. */
static void read_one(void *ctx, size_t c, int worker)
{
	struct reading *r = ctx;
	size_t items = r->s->m->n[MODEL_ITEMS];

	ordered_scores(&r->view, &r->s->reader[worker], r->out + c * items, r->first + c);
	r->is_ill[c] = !num_is_finite(r->out + c * items, items);
}

static int in_order(struct scorer *s, float *out, const struct seqs *order, size_t first, size_t n, struct par *pool, struct err *e)
{
	struct reading r = { .s = s, .out = out, .first = first };

	ordered_see(&r.view, &s->ordered, order);
	par_for(pool, n, read_one, &r);
	for (size_t c = 0; c < n; c++)
		if (r.is_ill[c])
			return err_set(e, ERR_NUMERIC, "a score is not finite");
	return 0;
}

static int scores_of(struct scorer *s, float *out, const struct csr *h, const struct seqs *order, size_t first, size_t n, struct par *pool, struct err *e)
{
	size_t items = s->m->n[MODEL_ITEMS];

	if (s->kind == SCORER_POP) {
		for (size_t i = 0; i < n * items; i++)
			out[i] = (float)s->count[i % items];
		return num_is_finite(out, n * items) ? 0 : err_set(e, ERR_NUMERIC, "a score is not finite");
	}
	if (s->kind == SCORER_BLEND)
		return blend_scores(s->blend, out, h, order, first, n, pool, e);
	if (s->kind == SCORER_ORDERED)
		return in_order(s, out, order, first, n, pool, e);
	if (s->kind == SCORER_GRAPH)
		return graph_scores(&s->graph, out, h, first, n, pool, e);
	struct folding f = { .s = s, .out = out, .h = h, .first = first };
	par_for(pool, n, score_one, &f);
	for (size_t c = 0; c < n; c++)
		if (f.err[c].code)
			return err_set(e, f.err[c].code, "%s", f.err[c].msg);
	return 0;
}

int scorer_scores(struct scorer *s, float *out, const struct csr *h, const struct seqs *order, size_t first, size_t n, struct par *pool, struct err *e)
{
	int ret = scores_of(s, out, h, order, first, n, pool, e);

	return ret == ERR_NUMERIC && s->kind != SCORER_BLEND ? err_prefix(e, "%s", artifact_name(s->m->art)) : ret;	/* a blend's parts say who they are */
}

void scorer_choose(struct topk *best, struct topk_hit *hit, size_t k, float *score, size_t n_items, const struct csr *has, size_t row, const uint32_t *rank)
{
	for (size_t j = has->start[row]; j < has->start[row + 1]; j++)
		score[has->col[j]] = NAN;	/* topk never keeps one */
	topk_init(best, hit, k, rank);
	topk_push_many(best, score, 0, n_items);
	topk_sort(best);
}

struct choice { float *score; struct topk best[SCORER_USERS]; struct topk_hit *hit; size_t k, first, n_items; const struct csr *h; const uint32_t *rank; };

/* choose_one - chunk c is a listener. */
static void choose_one(void *ctx, size_t c, int worker)
{
	struct choice *b = ctx;

	(void)worker;
	scorer_choose(&b->best[c], b->hit + c * b->k, b->k, b->score + c * b->n_items, b->n_items, b->h, b->first + c, b->rank);
}

int scorer_best(struct scorer *s, size_t *start, uint32_t *item, size_t k, const struct csr *h, const struct seqs *order, const uint32_t *rank, struct par *pool, struct err *e)
{
	struct choice b = { .k = k, .n_items = s->m->n[MODEL_ITEMS], .h = h, .rank = rank };
	size_t room = 0, to = 0;

	if (mem_mul(b.n_items, SCORER_USERS, &room))
		b.score = mem_try(room, sizeof *b.score, "scores", e);
	if (b.score && mem_mul(k, SCORER_USERS, &room))
		b.hit = mem_try(room, sizeof *b.hit, "hits", e);
	start[0] = 0;
	for (size_t n; b.hit && b.first < h->n_rows && !e->code; b.first += n) {
		n = h->n_rows - b.first < SCORER_USERS ? h->n_rows - b.first : SCORER_USERS;
		if (scorer_scores(s, b.score, h, order, b.first, n, pool, e))
			break;
		par_for(pool, n, choose_one, &b);
		for (size_t c = 0; c < n; c++) {
			for (size_t i = 0; i < b.best[c].n; i++)
				item[to++] = b.best[c].hit[i].row;
			start[b.first + c + 1] = to;
		}
	}
	mem_free(b.score);
	mem_free(b.hit);
	return e->code;
}
