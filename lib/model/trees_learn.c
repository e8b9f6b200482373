#include "trees_learn.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/act.h"
#include "../num/fmath.h"
#include "../num/loss.h"
#include "../num/num.h"

enum { QUERIES = 32, ROWS = 8192, MORE_PAIRS = 20 };	/* of a chunk */

const char *trees_check(const struct trees_opts *o)
{
	const struct grow_opts *g = &o->grow;

	if (g->leaves < 2 || g->leaves > TREES_LEAVES_MAX)
		return "a tree has 2 to 256 leaves";
	if (g->depth < 1 || g->depth > TREES_DEPTH_MAX)
		return "a tree is 1 to 64 deep";
	if (o->bins < 2 || o->bins > TREES_CUTS_MAX + 1)
		return "a feature has 2 to 255 bins";
	if (o->trees > TREES_MAX)
		return "more than 100000 trees";
	if (!o->k)
		return "ndcg of lists of no length says nothing";
	if (!(g->rate > 0 && g->rate <= 1) || !(g->l2 >= 0) || !(g->min_gain >= 0) || !(g->min_hessian >= 0) || !(g->min_rows >= 0))
		return "the rate is above 0, and no more than 1; the other numbers are not below 0";
	if (!(g->feature_share > 0 && g->feature_share <= 1) || !(o->row_share > 0 && o->row_share <= 1) || !(o->valid_share >= 0 && o->valid_share < 1))
		return "shares are above 0 and no more than 1, what is held out below 1";
	return NULL;
}

enum frame_labels trees_labels(enum trees_objective objective, bool is_linear)
{
	return objective == TREES_RANK ? is_linear ? FRAME_GRADES : FRAME_POWERS : objective == TREES_LOGISTIC ? FRAME_CHANCES : FRAME_ANY;
}

const char *trees_measure_name(enum trees_objective objective)
{
	return objective == TREES_RANK ? "ndcg" : objective == TREES_LOGISTIC ? "logloss" : "rmse";
}

/* ---- ranks ---- */

struct rank_scratch {			/* of the longest query */
	uint64_t *key;			/* [2 n] */
	float *s, *gain, *g, *h, *t;	/* [n], t [3 n] */
};

/* sort_rows - key[i] & 0xffffffff: the row, of n from 0, at place i by falling x; equal ones as they stand. */
static void sort_rows(uint64_t *key, const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		key[i] = (uint64_t)~bins_key(x[i]) << 32 | i;
	sort_u64_in(key, NULL, key + n, NULL, n);
}

static double discount(size_t place)
{
	return 1 / fm_log2((double)(place + 2));
}

/* dcg - of the first k, in the order of key. */
static double dcg(const uint64_t *key, const float *gain, size_t n, size_t k)
{
	double sum = 0;

	for (size_t i = 0; i < min_size(n, k); i++)
		sum += (double)gain[(uint32_t)key[i]] * discount(i);
	return sum;
}

struct rank_work { struct trees_learn *l; struct learn_rows *r; size_t k; };

static void ideal_chunk(void *ctx, size_t chunk, int worker)
{
	struct rank_work *w = ctx;
	const struct coded *c = &w->r->c;
	uint64_t *key = w->l->scratch[worker].key;

	for (size_t q = chunk * QUERIES; q < min_size(c->n_queries, (chunk + 1) * QUERIES); q++) {
		size_t n = c->start[q + 1] - c->start[q];
		sort_rows(key, w->r->gain + c->start[q], n);
		w->r->ideal[q] = dcg(key, w->r->gain + c->start[q], n, w->k);
	}
}

static void ndcg_chunk(void *ctx, size_t chunk, int worker)
{
	struct rank_work *w = ctx;
	const struct coded *c = &w->r->c;
	uint64_t *key = w->l->scratch[worker].key;

	for (size_t q = chunk * QUERIES; q < min_size(c->n_queries, (chunk + 1) * QUERIES); q++) {
		size_t n = c->start[q + 1] - c->start[q];
		w->r->measured[q] = NAN;
		if (!(w->r->ideal[q] > 0))
			continue;
		sort_rows(key, c->score + c->start[q], n);
		w->r->measured[q] = dcg(key, w->r->gain + c->start[q], n, w->k) / w->r->ideal[q];
	}
}

static size_t query_chunks(const struct coded *c)
{
	return (c->n_queries + QUERIES - 1) / QUERIES;
}

static double measure_rank(struct trees_learn *l, struct learn_rows *r)
{
	struct rank_work w = { l, r, l->o.k };
	double sum = 0;
	size_t n = 0;

	par_for(l->pool, query_chunks(&r->c), ndcg_chunk, &w);
	for (size_t q = 0; q < r->c.n_queries; q++)
		if (!isnan(r->measured[q])) {
			sum += r->measured[q];
			n++;
		}
	return n ? sum / (double)n : 0;
}

/* rank_chunk - gradients of some queries. */
static void rank_chunk(void *ctx, size_t chunk, int worker)
{
	struct rank_work *w = ctx;
	struct trees_learn *l = w->l;
	const struct coded *c = &w->r->c;
	struct rank_scratch *s = &l->scratch[worker];

	for (size_t q = chunk * QUERIES; q < min_size(c->n_queries, (chunk + 1) * QUERIES); q++) {
		size_t first = c->start[q], n = c->start[q + 1] - first;
		sort_rows(s->key, c->score + first, n);
		for (size_t i = 0; i < n; i++) {
			s->s[i] = c->score[first + (uint32_t)s->key[i]];
			s->gain[i] = w->r->gain[first + (uint32_t)s->key[i]];
		}
		double ideal = w->r->ideal[q];
		float inv = ideal > 0 ? (float)fmin(1 / ideal, (double)FLT_MAX) : 0;
		loss_lambda(s->g, s->h, s->s, s->gain, l->discount, n, w->k, inv, true, s->t);
		for (size_t i = 0; i < n; i++) {
			l->g[first + (uint32_t)s->key[i]] = s->g[i];
			l->h[first + (uint32_t)s->key[i]] = s->h[i];
		}
	}
}

/* ---- rows by themselves ---- */

static void row_chunk(void *ctx, size_t chunk, int worker)
{
	struct trees_learn *l = ctx;
	const struct coded *c = &l->rows.c;
	size_t i = chunk * ROWS, n = min_size(ROWS, c->n - i);

	(void)worker;
	if (l->o.objective == TREES_LOGISTIC) {
		loss_logistic(l->g + i, l->h + i, c->score + i, c->label + i, n);
		return;
	}
	for (size_t end = i + n; i < end; i++) {
		l->g[i] = c->score[i] - c->label[i];
		l->h[i] = 1;
	}
}

static double measure_rows(const struct trees_learn *l, const struct coded *c)
{
	double sum = 0;

	for (size_t i = 0; i < c->n; i++) {
		double s = (double)c->score[i], y = (double)c->label[i];
		if (l->o.objective == TREES_SQUARED)
			sum += (s - y) * (s - y);
		else		/* log(1 + e^s) - y s, the larger of the two exponents taken out */
			sum += (s > 0 ? s : 0) + fm_log(1 + fm_exp(-fabs(s))) - y * s;
	}
	sum /= (double)c->n;
	return l->o.objective == TREES_SQUARED ? sqrt(sum) : sum;
}

static double measure(struct trees_learn *l, struct learn_rows *r)
{
	return l->o.objective == TREES_RANK ? measure_rank(l, r) : measure_rows(l, &r->c);
}

/* ---- the beginning ---- */

/* draw - from 0 to 1: query q takes part in what is drawn for `number` when this is below the share. */
static double draw(uint64_t seed, uint64_t number, uint64_t q)
{
	return (double)(act_key(seed, number, q) >> 11) * 0x1p-53;
}

/* each_row - where nothing says which rows belong together, each stands for itself. */
static int each_row(struct frame *f, struct err *e)
{
	size_t *start = mem_try(f->n + 1, sizeof *start, "rows", e);

	if (!start)
		return ERR_MEM;
	for (size_t i = 0; i <= f->n; i++)
		start[i] = i;
	mem_free(f->start);
	f->start = start;
	f->n_queries = f->n;
	return 0;
}

/* take_rows - all of train, or what is not held out of it. */
static int take_rows(struct trees_learn *l, struct frame *train, struct frame *valid, struct err *e)
{
	uint32_t *query[2] = { NULL };
	size_t n[2] = { 0 };

	if (l->o.valid_share > 0 && !valid) {
		for (int i = 0; i < 2; i++)
			if (!(query[i] = mem_try(train->n_queries, sizeof *query[i], "queries", e)))
				goto out;
		for (size_t q = 0; q < train->n_queries; q++) {
			int to = draw(l->o.grow.seed, 0, q) < l->o.valid_share;
			query[to][n[to]++] = (uint32_t)q;
		}
		if (!n[0] || !n[1]) {
			err_set(e, ERR_DATA, "of %zu queries %zu are held out: too few to learn from, or to measure by", train->n_queries, n[1]);
			goto out;
		}
	}
	if (!coded_make(&l->rows.c, &l->bins, train, query[0], n[0], l->pool, e)) {
		if (query[1])
			coded_make(&l->held.c, &l->bins, train, query[1], n[1], l->pool, e);
		else if (valid)
			coded_make(&l->held.c, &l->bins, valid, NULL, 0, l->pool, e);
	}
out:
	mem_free(query[0]);
	mem_free(query[1]);
	return e->code;
}

/* find_base - the score of no trees. */
static void find_base(struct trees_learn *l)
{
	const struct coded *c = &l->rows.c;
	double sum = 0;

	if (l->o.objective != TREES_RANK) {
		for (size_t i = 0; i < c->n; i++)
			sum += (double)c->label[i];
		sum /= (double)c->n;
	}
	if (l->o.objective == TREES_LOGISTIC) {
		double least = 1e-6, p = sum < least ? least : sum > 1 - least ? 1 - least : sum;
		sum = fm_log(p / (1 - p));
	}
	l->base = (float)sum;
	l->range[0] = l->range[1] = (double)l->base;
	for (size_t i = 0; i < l->rows.c.n; i++)
		l->rows.c.score[i] = l->base;
	for (size_t i = 0; i < l->held.c.n; i++)
		l->held.c.score[i] = l->base;
}

static int prepare_rows(struct trees_learn *l, struct learn_rows *r, size_t k, struct err *e)
{
	const struct coded *c = &r->c;
	struct rank_work w = { l, r, k };

	if (!(r->gain = mem_try(c->n, sizeof *r->gain, "gains of rows", e)) || !(r->ideal = mem_try(c->n_queries, sizeof *r->ideal, "queries", e)) ||
	    !(r->measured = mem_try(c->n_queries, sizeof *r->measured, "queries", e)))
		return ERR_MEM;
	for (size_t i = 0; i < c->n; i++)
		r->gain[i] = l->o.is_linear ? c->label[i] : (float)(fm_exp((double)c->label[i] * 0.69314718055994530942) - 1);
	par_for(l->pool, query_chunks(c), ideal_chunk, &w);
	return 0;
}

static int prepare_ranks(struct trees_learn *l, struct err *e)
{
	size_t longest = max_size(l->rows.c.longest, l->held.c.longest), threads = (size_t)par_threads(l->pool);

	l->scratch = mem_new(threads, sizeof *l->scratch);
	for (size_t w = 0; w < threads; w++) {
		struct rank_scratch *s = &l->scratch[w];
		if (!(s->key = mem_try(longest, 2 * sizeof *s->key, "rows of a query", e)) || !(s->s = mem_try(longest, 7 * sizeof *s->s, "rows of a query", e)))
			return ERR_MEM;
		s->gain = s->s + longest;
		s->g = s->gain + longest;
		s->h = s->g + longest;
		s->t = s->h + longest;
	}
	if (!(l->discount = mem_try(longest, sizeof *l->discount, "places", e)))
		return ERR_MEM;
	for (size_t i = 0; i < longest; i++)
		l->discount[i] = (float)discount(i);
	if (!l->o.pairs)
		l->o.pairs = l->o.k + MORE_PAIRS;
	return prepare_rows(l, &l->rows, l->o.pairs, e) || (l->held.c.n && prepare_rows(l, &l->held, l->o.k, e)) ? (int)e->code : 0;
}

static int check_rows(const struct trees_learn *l, const struct frame *train, const struct frame *valid, struct err *e)
{
	if (!train->n)
		return err_set(e, ERR_DATA, "no rows to learn from");
	if (valid && !valid->n)
		return err_set(e, ERR_DATA, "no rows to measure by");
	if (!train->name.n)
		return err_set(e, ERR_DATA, "the rows have no features");
	if (l->o.objective == TREES_RANK && (!train->has_queries || (valid && !valid->has_queries)))
		return err_set(e, ERR_DATA, "nothing says which rows %sare a query: qid:N in LIBSVM rows, or a file of their numbers of rows", train->has_queries ? "to measure by " : "");
	return 0;
}

int trees_learn_init(struct trees_learn *l, struct frame *train, struct frame *valid, const struct trees_opts *o, struct par *pool, struct err *e)
{
	*l = (struct trees_learn){ .o = *o, .pool = pool, .best = NAN, .measure = NAN, .absent_is_zero = train->absent_is_zero };
	if (check_rows(l, train, valid, e))
		return e->code;
	if ((!train->has_queries && each_row(train, e)) || (valid && !valid->has_queries && each_row(valid, e)))
		return e->code;
	for (size_t c = 0; c < train->name.n; c++)
		vocab_add(&l->names, train->name.str[c].p, train->name.str[c].len);
	if (bins_make(&l->bins, train, o->bins, pool, e) || take_rows(l, train, valid, e))
		goto out;
	if (!(l->g = mem_try(l->rows.c.n, sizeof *l->g, "gradients", e)) || !(l->h = mem_try(l->rows.c.n, sizeof *l->h, "gradients", e)))
		goto out;
	find_base(l);
	if (o->objective == TREES_RANK && prepare_ranks(l, e))
		goto out;
	grow_init(&l->grow, &l->bins, &l->rows.c, &l->o.grow, pool, e);
	arr_reserve(l->start, 1, l->cap[0]);
	l->start[0] = 0;
out:
	if (e->code)
		trees_learn_release(l);
	return e->code;
}

void trees_learn_release(struct trees_learn *l)
{
	struct learn_rows *rows[] = { &l->rows, &l->held };

	for (int i = 0; i < 2; i++) {
		coded_release(&rows[i]->c);
		mem_free(rows[i]->gain);
		mem_free(rows[i]->ideal);
		mem_free(rows[i]->measured);
	}
	for (int w = 0; l->scratch && w < par_threads(l->pool); w++) {
		mem_free(l->scratch[w].key);
		mem_free(l->scratch[w].s);
	}
	mem_free(l->scratch);
	bins_release(&l->bins);
	grow_release(&l->grow);
	vocab_release(&l->names);
	mem_free(l->g);
	mem_free(l->h);
	mem_free(l->discount);
	mem_free(l->start);
	mem_free(l->feature);
	mem_free(l->child);
	mem_free(l->node_rows);
	mem_free(l->leaf_rows);
	mem_free(l->test);
	mem_free(l->missing);
	mem_free(l->set);
	mem_free(l->value);
	mem_free(l->node_gain);
	*l = (struct trees_learn){ 0 };
}

/* ---- tree after tree ---- */

static void find_gradients(struct trees_learn *l)
{
	struct rank_work w = { l, &l->rows, l->o.pairs };

	if (l->o.objective == TREES_RANK)
		par_for(l->pool, query_chunks(&l->rows.c), rank_chunk, &w);
	else
		par_for(l->pool, (l->rows.c.n + ROWS - 1) / ROWS, row_chunk, l);
}

/* take_query - its rows behind the n of grow.row; how many there are then. */
static size_t take_query(struct trees_learn *l, size_t n, size_t q)
{
	for (size_t i = l->rows.c.start[q]; i < l->rows.c.start[q + 1]; i++)
		l->grow.row[n++] = (uint32_t)i;
	return n;
}

/* draw_rows - of this tree, into grow.row; how many. Of one query at least: the one that came nearest to being drawn. */
static size_t draw_rows(struct trees_learn *l)
{
	size_t n = 0, nearest = 0;
	double least = 1;

	for (size_t q = 0; q < l->rows.c.n_queries; q++) {
		double drawn = l->o.row_share == 1 ? 0 : draw(l->o.grow.seed, 2 + l->n_trees, q);
		if (drawn < l->o.row_share)
			n = take_query(l, n, q);
		if (drawn < least) {
			least = drawn;
			nearest = q;
		}
	}
	return n ? n : take_query(l, 0, nearest);
}

struct add { const struct grow *g; const struct grown *t; const struct coded *c; };

static void add_chunk(void *ctx, size_t chunk, int worker)
{
	const struct add *a = ctx;

	(void)worker;
	grown_add(a->t, a->c, a->c->score, chunk * ROWS, min_size(ROWS, a->c->n - chunk * ROWS));
}

static void add_leaf(void *ctx, size_t leaf, int worker)
{
	const struct add *a = ctx;

	(void)worker;
	for (size_t i = a->g->leaf[leaf].begin; i < a->g->leaf[leaf].end; i++)
		a->c->score[a->g->row[i]] += a->t->value[leaf];
}

/* add_scores - what the new tree makes of all rows; of those it was grown of it is known where they are. */
static void add_scores(struct trees_learn *l, const struct grown *t, bool has_all)
{
	struct add rows = { &l->grow, t, &l->rows.c }, held = { &l->grow, t, &l->held.c };

	par_for(l->pool, has_all ? t->n + 1 : (l->rows.c.n + ROWS - 1) / ROWS, has_all ? add_leaf : add_chunk, &rows);
	par_for(l->pool, (l->held.c.n + ROWS - 1) / ROWS, add_chunk, &held);
}

/* keep - the tree becomes part of the model. */
static void keep(struct trees_learn *l, const struct grown *t)
{
	size_t n = l->n_nodes + t->n, leaves = l->n_leaves + t->n + 1;

	arr_reserve(l->start, l->n_trees + 2, l->cap[0]);
	arr_reserve(l->feature, n, l->cap[1]);
	arr_reserve(l->child, 2 * n, l->cap[2]);
	arr_reserve(l->node_rows, n, l->cap[3]);
	arr_reserve(l->leaf_rows, leaves, l->cap[4]);
	arr_reserve(l->test, n, l->cap[5]);
	arr_reserve(l->missing, n, l->cap[6]);
	arr_reserve(l->value, leaves, l->cap[7]);
	arr_reserve(l->node_gain, n, l->cap[8]);
	for (size_t v = 0; v < t->n; v++) {
		const struct grow_split *s = &t->split[v];
		size_t at = l->n_nodes++;
		l->feature[at] = l->bins.feature[s->place];
		l->test[at] = s->code;
		l->missing[at] = s->missing_right && !s->is_set;
		l->child[2 * at] = t->child[v][0];
		l->child[2 * at + 1] = t->child[v][1];
		l->node_rows[at] = t->node_rows[v];
		l->node_gain[at] = s->gain;
		if (s->is_set) {
			arr_reserve(l->set, (l->n_sets + 1) * TREES_SET, l->cap[9]);
			memcpy(l->set + l->n_sets++ * TREES_SET, s->set, TREES_SET);
		}
	}
	memcpy(l->value + l->n_leaves, t->value, (t->n + 1) * sizeof *t->value);
	memcpy(l->leaf_rows + l->n_leaves, t->leaf_rows, (t->n + 1) * sizeof *t->leaf_rows);
	l->n_leaves = leaves;
	l->start[++l->n_trees] = (uint32_t)l->n_nodes;
}

static bool is_better(const struct trees_learn *l)
{
	return isnan(l->best) || (l->o.objective == TREES_RANK ? l->measure > l->best : l->measure < l->best);
}

int trees_learn_next(struct trees_learn *l, struct err *e)
{
	struct grown t;

	if (l->n_trees >= l->o.trees || (l->held.c.n && l->o.patience && l->n_trees - l->n_best >= l->o.patience))
		return 0;
	find_gradients(l);
	if (!num_is_finite(l->g, l->rows.c.n) || !num_is_finite(l->h, l->rows.c.n))
		return err_set(e, ERR_NUMERIC, "tree %zu: gradients are not finite numbers: labels are too large, or a larger --lambda or a smaller --rate helps", l->n_trees + 1);
	if (!l->bins.n)
		return 0;
	size_t n = draw_rows(l);
	grow_tree(&l->grow, &t, n, l->g, l->h, l->n_trees);
	if (!t.n && l->o.row_share == 1 && l->o.grow.feature_share == 1)
		return 0;
	add_scores(l, &t, n == l->rows.c.n);
	keep(l, &t);
	if (!num_is_finite(t.value, t.n + 1))
		return err_set(e, ERR_NUMERIC, "tree %zu: the value of a leaf is not a finite number; a larger --lambda or a smaller --rate helps", l->n_trees);
	if (!trees_range(l->range, t.value, t.n + 1))
		return err_set(e, ERR_NUMERIC, "tree %zu: with it scores may be beyond the range of single precision: labels are too large, or a larger --lambda or a smaller --rate helps", l->n_trees);
	if (!l->held.c.n) {
		l->n_best = l->n_trees;
		return 1;
	}
	l->measure = measure(l, &l->held);
	if (is_better(l)) {
		l->best = l->measure;
		l->n_best = l->n_trees;
	}
	return 1;
}

double trees_learn_measure(struct trees_learn *l)
{
	struct learn_rows r = l->rows;
	struct rank_work w = { l, &r, l->o.k };
	double m;

	if (l->o.objective != TREES_RANK)
		return measure(l, &r);
	r.ideal = mem_new(r.c.n_queries, sizeof *r.ideal);	/* at k, not at what pairs are weighed by */
	par_for(l->pool, query_chunks(&r.c), ideal_chunk, &w);
	m = measure(l, &r);
	mem_free(r.ideal);
	return m;
}

/* ---- the file ---- */

/* put_meta - what it was made with. A trees_meta. */
static void put_meta(void *ctx, struct artifactw *a)
{
	const struct trees_learn *l = ctx;
	const struct trees_opts *o = &l->o;
	const struct grow_opts *g = &o->grow;

	artifactw_meta(a, "leaves", "%zu", g->leaves);
	artifactw_meta(a, "depth", "%zu", g->depth);
	artifactw_meta(a, "bins", "%zu", o->bins);
	model_put_number(a, "rate", g->rate);
	model_put_number(a, "l2", g->l2);
	model_put_number(a, "min_gain", g->min_gain);
	model_put_number(a, "min_hessian", g->min_hessian);
	model_put_number(a, "min_rows", g->min_rows);
	model_put_number(a, "feature_share", g->feature_share);
	model_put_number(a, "row_share", o->row_share);
	artifactw_meta(a, "n_rows", "%zu", l->rows.c.n);
	artifactw_meta(a, "seed", "%llu", (unsigned long long)g->seed);
	if (o->objective == TREES_RANK) {
		artifactw_meta(a, "n_queries", "%zu", l->rows.c.n_queries);
		artifactw_meta(a, "k", "%zu", o->k);
		artifactw_meta(a, "pairs", "%zu", o->pairs);
		artifactw_meta(a, "gains", "%s", o->is_linear ? "linear" : "exponential");
	}
	if (l->held.c.n && !isnan(l->best)) {
		artifactw_meta(a, "measure", "%s", trees_measure_name(o->objective));
		model_put_number(a, "held", l->best);
		artifactw_meta(a, "n_held", "%zu", l->held.c.n);
	}
}

/* prune - cuts that no node asks for are left out: cut [all] and start [n_features + 1] as they then are, and to test [nodes] the node's cut among them. */
static void prune(const struct trees_learn *l, size_t nodes, float *cut, uint32_t *start, uint8_t *test, uint8_t *is_asked)
{
	const struct bins *b = &l->bins;
	uint32_t n = 0;

	for (size_t i = 0; i < nodes; i++)
		if (!b->word_code[l->feature[i]])
			is_asked[b->cut_start[l->feature[i]] + l->test[i]] = 1;
	for (size_t f = 0; f < b->n_features; f++) {
		start[f] = n;
		for (size_t c = b->cut_start[f]; c < b->cut_start[f + 1]; c++)
			if (is_asked[c]) {
				is_asked[c] = (uint8_t)(n - start[f]);
				cut[n++] = b->cut[c];
			}
	}
	start[b->n_features] = n;
	for (size_t i = 0; i < nodes; i++)
		test[i] = b->word_code[l->feature[i]] ? 0 : is_asked[b->cut_start[l->feature[i]] + l->test[i]];
}

int trees_learn_save(const struct trees_learn *l, struct sink *s, const struct prov *prov, struct err *e)
{
	size_t n = l->n_best, nodes = l->start[n], n_sets = 0, n_cuts = l->bins.cut_start[l->names.n];
	struct trees_meta meta = { put_meta, (void *)(uintptr_t)l };
	double *gain = mem_try0(l->names.n, sizeof *gain, "features", e);
	float *cut = gain ? mem_try(n_cuts, sizeof *cut, "cuts", e) : NULL;
	uint32_t *start = cut ? mem_try(l->names.n + 1, sizeof *start, "features", e) : NULL;
	uint8_t *test = start ? mem_try(nodes, 1, "nodes", e) : NULL, *is_asked = test ? mem_try0(n_cuts, 1, "cuts", e) : NULL;
	int ret = ERR_MEM;

	if (is_asked) {
		prune(l, nodes, cut, start, test, is_asked);
		for (size_t i = 0; i < nodes; i++) {
			gain[l->feature[i]] += l->node_gain[i];
			n_sets += l->bins.word_code[l->feature[i]] != NULL;
		}
		struct trees_parts p = { l->o.objective, l->absent_is_zero, l->base, l->names.n, n, nodes, nodes + n, n_sets, l->bins.words.n, gain, start, l->bins.word_start, l->start,
					 l->feature, l->child, l->node_rows, l->leaf_rows, cut, l->value, test, l->missing, l->set };
		ret = trees_save(&p, &l->names, &l->bins.words, &meta, s, prov, e);
	}
	mem_free(gain);
	mem_free(cut);
	mem_free(start);
	mem_free(test);
	mem_free(is_asked);
	return ret;
}
