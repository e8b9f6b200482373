#include "explain.h"

#include <string.h>

#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/num.h"

enum kind { ALS, EASE, GRAPH, OTHER };

static enum kind kind_of(const struct scorer *s)
{
	static const char *const name[OTHER] = { "als", "ease", "graph" };
	int k = ALS;

	while (k < OTHER && strcmp(s->m->kind, name[k]))
		k++;
	return (enum kind)k;
}

const char *explain_can(const struct scorer *s)
{
	if (kind_of(s) != OTHER)
		return NULL;
	return s->count ? "scores by popularity are the same for everybody: nothing of the listener's own is behind them" :
			  "scores of this kind cannot be taken apart by what the listener has";
}

struct job {
	struct scorer *s;
	const struct explain_ask *ask;
	const struct csr *h;
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

	if (kind_of(s) == ALS) {
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
	if (kind_of(j.s) == ALS)
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

int explain_run(struct scorer *s, const struct explain_ask *ask, size_t n_asks, const struct csr *h, struct par *pool, struct err *e)
{
	struct job job = { .s = s, .ask = ask, .h = h };
	const char *no = explain_can(s);

	if (no)
		return err_set(e, ERR_DATA, "%s: %s", artifact_name(s->m->art), no);
	for (size_t a = 0; a < n_asks; a++)
		if (ask[a].rest)
			memset(ask[a].rest, 0, ask[a].n * sizeof *ask[a].rest);
	return kind_of(s) == GRAPH ? by_item(&job, n_asks, pool, e) : each(&job, n_asks, pool, e);
}
