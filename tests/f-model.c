/*
 * Any bytes as a model of any kind but trees: mapped and piped it says the same ids, counts, vectors, scores, lists, reasons and folded vectors, and every score is finite or there is a
 * sentence. A new als model goes on from it and turns to it.
 */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/model/blend.h"
#include "../lib/model/explain.h"
#include "../lib/model/history.h"
#include "../lib/model/pop.h"
#include "../lib/num/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { USERS = 4, ITEMS_MAX = 500, DIM_MAX = 64, BEST = 5 };

static int failed(const struct err *e)
{
	assert(e->code < 0 && e->msg[0]);
	return 1;
}

/* make_history - listeners of some items of the model: many, few, none it knows, and one whose events weigh nothing. */
static int make_history(struct history *h, const struct model *m, struct weigh *w, struct err *e)
{
	static const struct str what[] = { { "play", 4 }, { "skip", 4 }, { "like", 4 }, { "", 0 } }, device[] = { { "", 0 }, { "device=tv", 9 }, { "place=home;device=new", 21 } };
	struct history_make k;

	history_begin(&k, h, m, weigh_event, w, true);
	for (size_t i = 0; i < 14 && m->n[MODEL_ITEMS]; i++) {
		struct event ev = { .user = { i % 3 ? "a" : "b", 1 }, .item = idtab_id(&m->ids[MODEL_ITEMS], i * i % m->n[MODEL_ITEMS]), .time = 1700000000 + (int64_t)i * 700,
				    .kind = what[i % 4], .value = i % 5 ? (double)i : VALUE_NONE, .context = device[i % 3] };
		history_event(&k, &ev);
	}
	history_event(&k, &(struct event){ .user = { "c", 1 }, .item = { "\1unknown", 8 }, .time = TIME_NONE, .kind = what[3], .value = VALUE_NONE, .context = device[0] });
	if (m->n[MODEL_ITEMS])
		history_event(&k, &(struct event){ .user = { "d", 1 }, .item = idtab_id(&m->ids[MODEL_ITEMS], 0), .time = TIME_NONE, .kind = what[1], .value = -1, .context = device[0] });
	return history_end(&k, e);
}

static int scores(struct scorer *s, const struct history *h, uint64_t *seen)
{
	size_t n = s->m->n[MODEL_ITEMS], rows = h->liked.n_rows;
	float *out = mem_new(rows * n + 1, sizeof *out);
	struct err e = { 0 };
	int bad = scorer_scores(s, out, &h->liked, &h->order, 0, rows, NULL, &e);

	for (size_t i = 0; i < rows * n && !bad; i++)
		assert(isfinite(out[i]));
	if (!bad)
		*seen = fuzz_mix(*seen, out, rows * n * sizeof *out);
	mem_free(out);
	return bad ? failed(&e) : 0;
}

static int best(struct scorer *s, const struct history *h, uint64_t *seen)
{
	struct err e = { 0 };
	size_t rows = h->liked.n_rows, *start = mem_new(rows + 1, sizeof *start);
	uint32_t *rank = idtab_rank(&s->m->ids[MODEL_ITEMS], &e), *item = mem_new(rows * BEST + 1, sizeof *item);
	int bad = rank ? scorer_best(s, start, item, BEST, &h->liked, &h->order, rank, NULL, &e) : (int)e.code;

	for (size_t u = 0; u < rows && !bad; u++) {
		assert(start[u + 1] >= start[u] && start[u + 1] - start[u] <= BEST);
		for (size_t i = start[u]; i < start[u + 1]; i++)
			assert(item[i] < s->m->n[MODEL_ITEMS] && !csr_has(&h->liked, u, item[i]));
	}
	if (!bad)
		*seen = fuzz_mix(*seen, item, start[rows] * sizeof *item);
	mem_free(rank);
	mem_free(start);
	mem_free(item);
	return bad ? failed(&e) : 0;
}

/* reasons - of two scores of each listener. */
static int reasons(struct scorer *s, const struct history *h, uint64_t *seen)
{
	struct err e = { 0 };
	uint32_t item[] = { 0, (uint32_t)s->m->n[MODEL_ITEMS] - 1 };
	struct explain_ask ask[USERS];
	size_t n[USERS] = { 0 }, rows = h->liked.n_rows;

	assert(rows <= USERS);
	for (size_t u = 0; u < rows; u++) {
		n[u] = 2 * (h->liked.start[u + 1] - h->liked.start[u]);
		ask[u] = (struct explain_ask){ u, item, 2, mem_new(n[u] + 1, sizeof(float)), mem_new(2, sizeof(float)) };
	}
	int bad = explain_run(s, ask, rows, &h->liked, &h->order, NULL, &e);
	assert(bad == (int)e.code && (bad || !explain_can(s)));
	for (size_t u = 0; u < rows; u++) {
		assert(bad || (num_is_finite(ask[u].part, n[u]) && num_is_finite(ask[u].rest, 2)));
		if (!bad)
			*seen = fuzz_mix(fuzz_mix(*seen, ask[u].part, n[u] * sizeof(float)), ask[u].rest, 2 * sizeof(float));
		mem_free(ask[u].part);
		mem_free(ask[u].rest);
	}
	return bad ? failed(&e) : 0;
}

/* fold - the first listener's vector, as taste-embed makes it. */
static int fold(struct model *m, const struct history *h, uint64_t *seen)
{
	struct err e = { 0 };
	const uint32_t *item = h->liked.col;
	const float *r = h->liked.val;
	size_t n = h->liked.start[1];
	float x[DIM_MAX] = { 0 };

	if (!strcmp(m->kind, "als")) {
		struct als_fold f;
		if (als_fold_open(&f, m, &e))
			return failed(&e);
		float *scratch = mem_new(als_fold_scratch(&f, n) + 1, sizeof *scratch);
		als_fold(&f, x, item, r, n, scratch, &e);
		mem_free(scratch);
		als_fold_release(&f);
	} else if (!strcmp(m->kind, "graph")) {
		struct graph g;
		if (graph_fold_open(&g, m, &e))
			return failed(&e);
		graph_fold(&g, x, item, r, n);
		graph_release(&g);
	} else if (!strcmp(m->kind, "softmax")) {
		struct softmax_fold f;
		if (softmax_fold_open(&f, m, &e))
			return failed(&e);
		float *scratch = mem_new(softmax_fold_scratch(&f) + 1, sizeof *scratch);
		softmax_fold(&f, x, item, n, scratch);
		mem_free(scratch);
		softmax_fold_release(&f);
	} else if (ordered_is(m->kind)) {
		static const char *const contents[] = { NULL, "music", "unknown" };
		struct ordered o;
		struct ordered_view view;
		struct ordered_reader reader = { 0 };
		if (ordered_open(&o, m, &e))
			return failed(&e);
		ordered_see(&view, &o, &h->order);
		for (int k = 0; k < 3 && !ordered_reader_init(&reader, &o, &e); k++) {
			struct err none = { 0 };
			if (!ordered_choose(&o, contents[k], &none) && ordered_vector(&view, &reader, x, 0))
				*seen = fuzz_mix(*seen, x, m->d * sizeof *x);
			ordered_reader_release(&reader);
		}
		ordered_release(&o);
	}
	if (e.code)
		return failed(&e);
	*seen = fuzz_mix(*seen, x, m->d * sizeof *x);
	return 0;
}

/* go_on - a new als model begins with this one's vectors, learns the history, and turns to this one. */
static int go_on(struct model *m, const struct history *h, uint64_t *seen)
{
	struct err e = { 0 };
	struct als_opts o;
	struct weigh w = { 0 };
	struct vocab item = { 0 };
	struct csr R = { 0 };
	struct als als = { 0 };
	size_t n_found;
	double residual = 0;
	int bad = als_options(&o, &w, m, &e);

	if (!bad)
		assert(!als_same_width(&o, m, &e));
	for (size_t i = 0; i < m->n[MODEL_ITEMS]; i++) {
		struct str id = idtab_id(&m->ids[MODEL_ITEMS], i);
		vocab_add(&item, id.p, id.len);
	}
	bool is_table = item.n == m->n[MODEL_ITEMS];	/* ids may stand twice in a damaged one */
	o.ids[ALS_ITEMS] = &item;
	o.ids[ALS_USERS] = &h->user;
	if (!bad && is_table && !als_check(&o) && o.steps <= 10 && !(bad = csr_rows(&R, &h->liked, NULL, h->liked.n_rows, &e)) && !(bad = als_init(&als, &R, &w, &o, NULL, &e))) {
		bad = als_take(&als, ALS_ITEMS, m, &item, &n_found, &e);
		if (!bad && !(bad = als_sweep(&als, ALS_USERS, NULL, &e) || als_sweep(&als, ALS_ITEMS, NULL, &e) || als_settle(&als, NULL, &e)))
			bad = als_align(&als, m, &item, &n_found, &residual, NULL, &e);
		*seen = fuzz_mix(*seen, &residual, sizeof residual);
		als_release(&als);
	}
	csr_release(&R);
	weigh_release(&w);
	vocab_release(&item);
	return bad ? failed(&e) : 0;
}

static int popularity(const char *path, uint64_t *seen)
{
	struct err e = { 0 };
	struct prov prov = { 0 };
	struct buf inputs = { 0 };
	struct pop p;
	int bad = pop_load(&p, path, &prov, &inputs, &e);

	prov_release(&prov);
	buf_release(&inputs);
	if (bad)
		return failed(&e);
	for (size_t i = 0; i <= p.model.n[MODEL_ITEMS] && i < ITEMS_MAX; i++) {
		struct str id = i < p.model.n[MODEL_ITEMS] ? idtab_id(&p.model.ids[MODEL_ITEMS], i) : (struct str){ "\1unknown", 8 };
		double x[] = { pop_scaled(&p, id), pop_top_share(&p, id) };
		assert(x[0] >= 0 && x[0] <= 1 && x[1] > 0 && x[1] <= 1);
		*seen = fuzz_mix(*seen, x, sizeof x);
	}
	pop_release(&p);
	return 0;
}

/* known - what stands in the file of each axis. */
static int known(struct model *m, uint64_t *seen)
{
	int bad = 0;

	for (int axis = MODEL_ITEMS; axis <= MODEL_USERS; axis++) {
		struct err e = { 0 };
		if (model_vectors(m, (enum model_axis)axis, &e) || model_ids(m, (enum model_axis)axis, &e)) {
			bad |= failed(&e);
			continue;
		}
		for (size_t i = 0; i < m->n[axis]; i++) {
			struct str id = idtab_id(&m->ids[axis], i);
			*seen = fuzz_mix(fuzz_mix(*seen, id.p, id.len), m->vec[axis] + i * m->d, m->d * sizeof(float));
		}
	}
	return bad;
}

/* use - bits of what failed. */
static int use(struct model *m, uint64_t *seen)
{
	struct err e = { 0 };
	struct history h;
	struct scorer s;

	int bad = known(m, seen);
	if (model_ids(m, MODEL_ITEMS, &e))
		return 2 | failed(&e);
	if (m->n[MODEL_ITEMS] > ITEMS_MAX || m->d > DIM_MAX)
		return bad;
	if (scorer_open(&s, m, NULL, &e))
		return 4 | failed(&e);
	if (make_history(&h, m, scorer_weigh(&s), &e)) {
		bad |= 8 * failed(&e);
	} else {
		bad |= 16 * scores(&s, &h, seen) | 32 * best(&s, &h, seen) | (m->n[MODEL_ITEMS] ? 64 * reasons(&s, &h, seen) : 0) | 128 * fold(m, &h, seen);
		if (!strcmp(m->kind, "als"))
			bad |= 256 * go_on(m, &h, seen);
		history_release(&h);
	}
	scorer_release(&s);
	return bad;
}

static int walk(const struct buf *b, enum mem_way way, uint64_t *seen)
{
	struct err e = { 0 };
	struct model m;
	int bad = popularity(mem_path(b->p, b->len, way), seen);

	if (model_open(&m, mem_path(b->p, b->len, way), &e))
		return 1024 | failed(&e);
	bad = 512 * bad | use(&m, seen);
	model_release(&m);
	return bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fuzz_ways w = fuzz_both(KIND_MODEL, p, n, walk);

	assert(w.got || w.same || w.mapped == w.piped);
	assert((n && *p == 'F') || (w.got == w.same && w.mapped == w.piped));	/* what is piped is checked whole, not tensor by tensor */
	return 0;
}
