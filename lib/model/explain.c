#include "explain.h"

#include <string.h>

#include "blend.h"
#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/num.h"

const char *explain_can(const struct scorer *s)
{
	switch (s->kind) {
	case SCORER_ALS: case SCORER_EASE: case SCORER_GRAPH:
		return NULL;
	case SCORER_POP:
		return "scores by popularity are the same for everybody: nothing of the listener's own is behind them";
	case SCORER_SOFTMAX: case SCORER_ORDERED:
		return "scores of this kind cannot be taken apart by what the listener has";
	case SCORER_BLEND:
		break;
	}
	for (size_t k = 0; k < s->blend->n; k++)
		if (s->blend->part[k].weight > 0 && !explain_can(&s->blend->part[k].scorer))
			return NULL;
	return "none of a blend's parts that count can be taken apart by what the listener has";
}

struct job {
	struct scorer *s;
	const struct explain_ask *ask;
	const struct csr *h;
	const struct seqs *order;
	struct err *err;		/* [asks] */
	float *scratch;			/* als: [threads x per_worker]; a rest that nobody wants goes behind als_explain's */
	size_t per_worker;
};

/* one - chunk c is an ask: als and ease. */
static void one(void *ctx, size_t c, int worker)
{
	const struct job *job = ctx;
	const struct explain_ask *a = &job->ask[c];
	struct scorer *s = job->s;
	size_t from = job->h->start[a->row], n = job->h->start[a->row + 1] - from;
	const uint32_t *own = job->h->col + from;
	const float *r = job->h->val + from;

	if (s->kind == SCORER_ALS) {
		float *scratch = job->scratch + (size_t)worker * job->per_worker;
		als_explain(&s->fold, a->part, a->rest ? a->rest : scratch + als_explain_scratch(&s->fold), a->item, a->n, own, r, n, scratch, &job->err[c]);
		return;
	}
	for (size_t j = 0; j < n; j++) {
		float x = weigh_pair(&s->ease.weigh, r[j]);
		for (size_t i = 0; i < a->n; i++)
			a->part[i * n + j] = x * ease_weight(&s->ease, own[j], a->item[i]);
	}
}

static int each(const struct job *job, size_t n_asks, struct par *pool, struct err *e)
{
	struct job j = *job;
	size_t most = 0;

	for (size_t c = 0; c < n_asks; c++)
		most = j.ask[c].n > most ? j.ask[c].n : most;
	if (j.s->kind == SCORER_ALS)
		j.per_worker = als_explain_scratch(&j.s->fold) + (most + 15) / 16 * 16;
	j.scratch = mem_try((size_t)par_threads(pool), j.per_worker * sizeof *j.scratch, "normal equations", e);
	j.err = mem_try0(n_asks, sizeof *j.err, "errors", e);
	if (j.scratch && j.err)
		par_for(pool, n_asks, one, &j);
	for (size_t c = 0; c < n_asks && !e->code; c++)
		if (j.err[c].code)
			err_set(e, j.err[c].code, "%s", j.err[c].msg);
	mem_free(j.scratch);
	mem_free(j.err);
	return e->code;
}

/* ---- graph: all asks together, by the items they ask for ---- */

struct want { uint64_t *item; uint32_t *at; size_t n; };	/* each ask's items one after the other, sorted by item; at: which they were */

static int gather(struct want *w, const struct explain_ask *ask, size_t n_asks, struct err *e)
{
	size_t n = 0;

	for (size_t a = 0; a < n_asks; a++)
		n += ask[a].n;
	*w = (struct want){ mem_try(n, sizeof *w->item, "items to explain", e), mem_try(n, sizeof *w->at, "items to explain", e), 0 };
	if (!w->item || !w->at)
		return e->code;
	for (size_t a = 0; a < n_asks; a++)
		for (size_t i = 0; i < ask[a].n; i++) {
			w->at[w->n] = (uint32_t)w->n;
			w->item[w->n++] = ask[a].item[i];
		}
	return sort_u64(w->item, w->at, w->n, e);
}

/* put_parts - place `at` of all asks' items is explained by one row of graph_towards. */
static void put_parts(const struct job *job, size_t at, const float *towards)
{
	const struct explain_ask *a = job->ask;

	for (; at >= a->n; a++)
		at -= a->n;
	size_t from = job->h->start[a->row], n = job->h->start[a->row + 1] - from;
	for (size_t j = 0; j < n; j++)
		a->part[at * n + j] = weigh_pair(&job->s->graph.weigh, job->h->val[from + j]) * towards[job->h->col[from + j]];
}

static int by_item(const struct job *job, size_t n_asks, struct par *pool, struct err *e)
{
	size_t n_items = job->s->m->n[MODEL_ITEMS];
	float *towards = mem_try(GRAPH_USERS * n_items, sizeof *towards, "scores", e);
	uint32_t to[GRAPH_USERS];
	struct want w = { 0 };

	for (size_t at = towards && !gather(&w, job->ask, n_asks, e) ? 0 : w.n, end, n; at < w.n; at = end) {
		for (end = at, n = 0; end < w.n; end++) {
			bool is_new = end == at || w.item[end] != w.item[end - 1];
			if (is_new && n == GRAPH_USERS)
				break;
			if (is_new)
				to[n++] = (uint32_t)w.item[end];
		}
		if (graph_towards(&job->s->graph, towards, to, n, pool, e))
			break;
		for (size_t k = at, c = 0; k < end; k++) {
			c += w.item[k] != to[c];
			put_parts(job, w.at[k], towards + c * n_items);
		}
	}
	mem_free(towards);
	mem_free(w.item);
	mem_free(w.at);
	return e->code;
}

/* ---- blend: what its parts say ---- */

struct mixing {				/* of up to SCORER_USERS asks */
	struct blend *b;
	const struct explain_ask *ask;	/* [n] */
	size_t n;
	struct csr own;			/* [n rows] their histories */
	struct seqs order;		/* likewise, where a part wants it */
	float *z;			/* [n x items] */
	double sd[SCORER_USERS];
};

/* gather_own - the asks' rows of h and order. */
static int gather_own(struct mixing *m, const struct csr *h, const struct seqs *order, struct err *e)
{
	uint32_t row[SCORER_USERS];

	for (size_t a = 0; a < m->n; a++)
		row[a] = (uint32_t)m->ask[a].row;
	if (csr_rows(&m->own, h, row, m->n, e) || (blend_wants_order(m->b) && seqs_rows(&m->order, order, row, 0, m->n, e)))
		return e->code;
	return 0;
}

/* ask_part - the same of part k, in its numbers: sub [n] with room for all it answers at *room. */
static int ask_part(const struct mixing *m, size_t k, struct explain_ask *sub, uint32_t **items, float **room, struct err *e)
{
	const uint32_t *to = m->b->part[k].to;
	size_t n_items = 0, n_parts = 0;

	for (size_t a = 0; a < m->n; a++) {
		n_items += m->ask[a].n;
		n_parts += m->ask[a].n * (m->own.start[a + 1] - m->own.start[a] + 1);
	}
	*items = mem_try(n_items, sizeof **items, "items to explain", e);
	*room = mem_try(n_parts, sizeof **room, "parts of scores", e);
	if (!*items || !*room)
		return e->code;
	uint32_t *item = *items;
	float *f = *room;
	for (size_t a = 0; a < m->n; a++) {
		size_t n = m->ask[a].n, own = m->own.start[a + 1] - m->own.start[a];
		sub[a] = (struct explain_ask){ a, item, n, f, f + n * own };
		for (size_t i = 0; i < n; i++)
			*item++ = to ? to[m->ask[a].item[i]] : m->ask[a].item[i];
		f += n * (own + 1);
	}
	return 0;
}

/* mix_in - part k's answers, by its weight and spread; entries of `turned` stand in its order. */
static void mix_in(const struct mixing *m, size_t k, const struct explain_ask *sub, const struct csr *turned)
{
	const struct blend_part *p = &m->b->part[k];

	for (size_t a = 0; a < m->n; a++) {
		const struct explain_ask *to = &m->ask[a];
		size_t from = m->own.start[a], n = m->own.start[a + 1] - from;
		float f = m->sd[a] > 0 ? (float)(p->weight / m->sd[a]) : 0;
		for (size_t i = 0; i < to->n && to->rest; i++)
			to->rest[i] += f * sub[a].rest[i];
		for (size_t j = 0; j < n; j++) {
			uint32_t col = m->own.col[from + j];
			size_t at = csr_find(turned, a, p->to ? p->to[col] : col) - turned->start[a];
			for (size_t i = 0; i < to->n; i++)
				to->part[i * n + j] += f * sub[a].part[i * n + at];
		}
	}
}

static int mix_part(struct mixing *m, size_t k, struct par *pool, struct err *e)
{
	struct blend_part *p = &m->b->part[k];
	struct explain_ask sub[SCORER_USERS];
	struct csr turned = { 0 };
	uint32_t *items = NULL;
	float *room = NULL;
	bool has_parts = !explain_can(&p->scorer), is_asked = has_parts;

	for (size_t a = 0; a < m->n; a++)
		is_asked |= m->ask[a].rest != NULL;
	if (!is_asked)
		return 0;
	if (blend_part_scores(m->b, k, m->z, m->sd, &m->own, &m->order, 0, m->n, pool, e))
		return e->code;
	if (!has_parts) {
		for (size_t a = 0; a < m->n; a++)
			for (size_t i = 0; i < m->ask[a].n && m->ask[a].rest; i++)
				m->ask[a].rest[i] += (float)p->weight * m->z[a * m->b->n_items + m->ask[a].item[i]];
		return 0;
	}
	if (!blend_turn(&turned, m->b, k, &m->own, 0, m->n, e) && !ask_part(m, k, sub, &items, &room, e) &&
	    !explain_run(&p->scorer, sub, m->n, &turned, NULL, pool, e))
		mix_in(m, k, sub, &turned);
	csr_release(&turned);
	mem_free(items);
	mem_free(room);
	return e->code;
}

static int by_part(const struct job *job, size_t n_asks, struct par *pool, struct err *e)
{
	struct mixing m = { .b = job->s->blend };

	m.z = mem_try(SCORER_USERS * m.b->n_items, sizeof *m.z, "scores", e);
	for (size_t at = 0; m.z && at < n_asks && !e->code; at += m.n) {
		m.ask = job->ask + at;
		m.n = n_asks - at < SCORER_USERS ? n_asks - at : SCORER_USERS;
		if (gather_own(&m, job->h, job->order, e)) {
			csr_release(&m.own);
			break;
		}
		for (size_t a = 0; a < m.n; a++)
			memset(m.ask[a].part, 0, m.ask[a].n * (m.own.start[a + 1] - m.own.start[a]) * sizeof *m.ask[a].part);
		for (size_t k = 0; k < m.b->n && !e->code; k++)
			if (m.b->part[k].weight > 0)
				mix_part(&m, k, pool, e);
		csr_release(&m.own);
		seqs_release(&m.order);
	}
	mem_free(m.z);
	return e->code;
}

int explain_run(struct scorer *s, const struct explain_ask *ask, size_t n_asks, const struct csr *h, const struct seqs *order, struct par *pool, struct err *e)
{
	struct job job = { .s = s, .ask = ask, .h = h, .order = order };
	const char *no = explain_can(s);

	if (no)
		return err_set(e, ERR_DATA, "%s: %s", artifact_name(s->m->art), no);
	for (size_t a = 0; a < n_asks; a++)
		if (ask[a].rest)
			memset(ask[a].rest, 0, ask[a].n * sizeof *ask[a].rest);
	int ret = s->kind == SCORER_BLEND ? by_part(&job, n_asks, pool, e) : s->kind == SCORER_GRAPH ? by_item(&job, n_asks, pool, e) : each(&job, n_asks, pool, e);
	for (size_t a = 0; a < n_asks && !ret; a++) {
		size_t n = h->start[ask[a].row + 1] - h->start[ask[a].row];
		if (!num_is_finite(ask[a].part, ask[a].n * n) || (ask[a].rest && !num_is_finite(ask[a].rest, ask[a].n)))
			ret = err_set(e, ERR_NUMERIC, "a part of a score is not finite");	/* though the score may be */
	}
	return ret == ERR_NUMERIC && s->kind != SCORER_BLEND ? err_prefix(e, "%s", artifact_name(s->m->art)) : ret;
}
