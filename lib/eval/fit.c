#include "fit.h"

#include <math.h>
#include <string.h>

#include "metric.h"
#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/fmath.h"
#include "../num/num.h"
#include "../num/topk.h"

enum { CHUNK = 32 };		/* listeners a piece of work in the search */

struct fit_user {		/* candidates by the rank of their ids */
	size_t n;
	float *z;		/* [parts x n] */
	uint8_t *is_held;	/* [n], behind z */
	double ideal;
};

struct worker {
	struct topk_hit *hit;	/* [pool] */
	uint64_t *key, *key2;	/* [most]: rank << 32 | item of candidates; scratch of their sort */
	float *sum;		/* [most] */
};

struct job {
	const struct fit_opts *o;
	const struct csr *truth;
	struct par *par;
	struct fit_user *user;	/* [n] */
	size_t n, pool, most;	/* candidates of a listener */
	double *discount;	/* [k] 1 / log2(place + 1) */
	struct worker *worker;
	int n_workers;
	float *score[FIT_PARTS + 1];	/* [FIT_USERS x n_items]; the last is the sum */
	size_t first;
	/* search */
	int w[FIT_PARTS];
	double *value;		/* [n] of each listener by w */
	double *kept;		/* [n] by other weights */
	size_t n_tried;
	/* measuring */
	uint32_t *list[FIT_PARTS + 1];	/* [n x k] */
	size_t *n_list[FIT_PARTS + 1];	/* [n + 1] lengths, then starts */
};

/* ---- 1: pools ---- */

static size_t put_candidate(const struct job *j, uint64_t *key, size_t n, uint32_t item)
{
	key[n] = (uint64_t)j->o->rank[item] << 32 | item;
	return n + 1;
}

static size_t collect(const struct job *j, struct worker *w, size_t c)
{
	size_t items = j->o->n_items, u = j->first + c, n = 0, distinct = 0;

	for (size_t p = 0; p < j->o->n_parts; p++) {
		struct topk best;
		topk_init(&best, w->hit, j->pool, j->o->rank);
		topk_push_many(&best, j->score[p] + c * items, 0, items);
		for (size_t i = 0; i < best.n; i++)
			n = put_candidate(j, w->key, n, best.hit[i].row);
	}
	for (size_t i = j->truth->start[u]; i < j->truth->start[u + 1]; i++) {
		uint32_t item = j->truth->col[i];
		if (item < items && !isnan(j->score[0][c * items + item]))
			n = put_candidate(j, w->key, n, item);
	}
	sort_u64_in(w->key, NULL, w->key2, NULL, n);
	for (size_t i = 0; i < n; i++)
		if (!i || w->key[i] != w->key[i - 1])
			w->key[distinct++] = w->key[i];
	return distinct;
}

/* keep_pool - chunk c is a listener. No memory: z stays NULL. */
static void keep_pool(void *ctx, size_t c, int worker)
{
	struct job *j = ctx;
	struct worker *w = &j->worker[worker];
	size_t items = j->o->n_items, parts = j->o->n_parts, u = j->first + c, places = j->truth->start[u + 1] - j->truth->start[u];
	struct fit_user *to = &j->user[u];
	size_t n = collect(j, w, c);

	to->n = n;
	if (!(to->z = mem_try(n * (parts * sizeof *to->z + 1), 1, "candidates", NULL)))
		return;
	to->is_held = (uint8_t *)(to->z + parts * n);
	for (size_t i = 0; i < n; i++) {
		uint32_t item = (uint32_t)w->key[i];
		to->is_held[i] = csr_has(j->truth, u, item);
		for (size_t p = 0; p < parts; p++)
			to->z[p * n + i] = j->score[p][c * items + item];
	}
	to->ideal = 0;
	for (size_t r = 0; r < places && r < j->o->k; r++)
		to->ideal += j->discount[r];
}

/* each_batch - all parts' scores of some listeners after the other, then fn for each listener. */
static int each_batch(struct job *j, void (*fn)(void *, size_t, int), uint64_t before, struct err *e)
{
	for (size_t m; j->first < j->n; j->first += m) {
		m = j->n - j->first < FIT_USERS ? j->n - j->first : FIT_USERS;
		for (size_t p = 0; p < j->o->n_parts; p++)
			if (j->o->scores(j->o->ctx, p, j->score[p], j->first, m, e))
				return e->code;
		par_for(j->par, m, fn, j);
		if (j->o->progress)
			j->o->progress(j->o->progress_ctx, before + j->first + m, 2 * (uint64_t)j->n);
	}
	j->first = 0;
	return 0;
}

static int make_pools(struct job *j, struct err *e)
{
	if (each_batch(j, keep_pool, 0, e))
		return e->code;
	for (size_t u = 0; u < j->n; u++)
		if (!j->user[u].z)
			return err_set(e, ERR_MEM, "cannot get memory for the candidates of %zu listeners", j->n);
	return 0;
}

/* ---- 2 and 3: search ---- */

static double value_of(const struct job *j, const struct fit_user *u, struct worker *w)
{
	struct topk best;
	double dcg = 0;

	memset(w->sum, 0, u->n * sizeof *w->sum);
	for (size_t p = 0; p < j->o->n_parts; p++)
		if (j->w[p])
			num_axpy(w->sum, (float)j->w[p] / FIT_GRID, u->z + p * u->n, u->n);
	topk_init(&best, w->hit, j->o->k, NULL);
	topk_push_many(&best, w->sum, 0, u->n);
	topk_sort(&best);
	for (size_t r = 0; r < best.n; r++)
		if (u->is_held[best.hit[r].row])
			dcg += j->discount[r];
	return dcg / u->ideal;
}

static void value_chunk(void *ctx, size_t chunk, int worker)
{
	struct job *j = ctx;
	size_t end = (chunk + 1) * CHUNK < j->n ? (chunk + 1) * CHUNK : j->n;

	for (size_t u = chunk * CHUNK; u < end; u++)
		j->value[u] = value_of(j, &j->user[u], &j->worker[worker]);
}

/* value - of j->w. */
static double value(struct job *j)
{
	double sum = 0;

	par_for(j->par, (j->n + CHUNK - 1) / CHUNK, value_chunk, j);
	for (size_t u = 0; u < j->n; u++)
		sum += j->value[u];
	j->n_tried++;
	return sum / (double)j->n;
}

/* climb - from j->w, whose value is best, among the parts of may. Returns the value of what j->w then is. */
static double climb(struct job *j, const bool *may, double best)
{
	for (int step = FIT_GRID / 4; step; step /= 2)
		for (bool moved = true; moved;) {
			moved = false;
			for (size_t to = 0; to < j->o->n_parts; to++)
				for (size_t from = 0; from < j->o->n_parts; from++) {
					int much = j->w[from] < step ? j->w[from] : step;
					if (to == from || !may[to] || !may[from] || !much)
						continue;
					j->w[from] -= much;
					j->w[to] += much;
					double v = value(j);
					if (v > best) {
						best = v;
						moved = true;
					} else {
						j->w[from] += much;
						j->w[to] -= much;
					}
				}
		}
	return best;
}

static void single(struct job *j, size_t part)
{
	memset(j->w, 0, sizeof j->w);
	j->w[part] = FIT_GRID;
}

/* hand_out - all weight among the parts of may as share says, what is left over going to the first ones. */
static void hand_out(struct job *j, const bool *may, const int *share)
{
	int sum = 0, left = FIT_GRID;

	for (size_t p = 0; p < j->o->n_parts; p++)
		sum += may[p] ? share[p] : 0;
	for (size_t p = 0; p < j->o->n_parts; p++) {
		j->w[p] = may[p] ? FIT_GRID * share[p] / sum : 0;
		left -= j->w[p];
	}
	for (size_t p = 0; left; p = (p + 1) % j->o->n_parts)
		if (may[p] && share[p]) {
			j->w[p]++;
			left--;
		}
}

/* is_missed - are the listeners better off by kept than by value, and enough? *by is how much, in standard errors. */
static bool is_missed(const struct job *j, double *by)
{
	double mean = 0, ss = 0, n = (double)j->n;

	for (size_t u = 0; u < j->n; u++)
		mean += j->kept[u] - j->value[u];
	mean /= n;
	for (size_t u = 0; u < j->n; u++) {
		double d = j->kept[u] - j->value[u] - mean;
		ss += d * d;
	}
	double error = n > 1 ? sqrt(ss / (n - 1) / n) : 0;
	*by = error > 0 ? mean / error : mean > 0 ? HUGE_VAL : 0;
	return *by > 0 && *by >= j->o->min_gain;
}

/* drop_useless - step 3, from j->w of the value best. */
static double drop_useless(struct job *j, bool *may, double best)
{
	for (;;) {
		int now[FIT_PARTS], least[FIT_PARTS];
		double least_by = 0, least_value = 0;
		size_t drop = SIZE_MAX, n_left = 0;
		memcpy(now, j->w, sizeof now);
		for (size_t p = 0; p < j->o->n_parts; p++) {
			may[p] = now[p] > 0;
			n_left += may[p];
		}
		value(j);
		memcpy(j->kept, j->value, j->n * sizeof *j->kept);
		for (size_t p = 0; p < j->o->n_parts && n_left > 1; p++) {
			double by;
			if (!may[p])
				continue;
			may[p] = false;
			hand_out(j, may, now);
			climb(j, may, value(j));
			double v = value(j);	/* again: value[] is of the last try */
			may[p] = true;
			if (!is_missed(j, &by) && (drop == SIZE_MAX || by < least_by)) {
				drop = p;
				least_by = by;
				least_value = v;
				memcpy(least, j->w, sizeof least);
			}
		}
		memcpy(j->w, drop == SIZE_MAX ? now : least, sizeof now);
		if (drop == SIZE_MAX)
			return best;
		best = least_value;
	}
}

static double search(struct job *j)
{
	static const int alike[FIT_PARTS] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	bool may[FIT_PARTS];
	int one[FIT_PARTS];
	double alone = -1, best;
	size_t best_part = 0;

	for (size_t p = 0; p < j->o->n_parts; p++) {
		single(j, p);
		double v = value(j);
		may[p] = true;
		if (v > alone) {
			alone = v;
			best_part = p;
		}
	}
	if (j->o->n_parts == 1)
		return alone;
	single(j, best_part);
	best = climb(j, may, alone);
	memcpy(one, j->w, sizeof one);
	hand_out(j, may, alike);
	double other = climb(j, may, value(j));
	if (other > best)
		best = other;
	else
		memcpy(j->w, one, sizeof one);
	best = drop_useless(j, may, best);
	if (best < alone) {
		single(j, best_part);
		best = alone;
	}
	return best;
}

/* ---- 4: lists ---- */

static void keep_lists(void *ctx, size_t c, int worker)
{
	struct job *j = ctx;
	size_t items = j->o->n_items, u = j->first + c, parts = j->o->n_parts;
	float *sum = j->score[parts] + c * items;

	memset(sum, 0, items * sizeof *sum);
	for (size_t p = 0; p < parts; p++)
		if (j->w[p])
			num_axpy(sum, (float)j->w[p] / FIT_GRID, j->score[p] + c * items, items);
	for (size_t p = 0; p <= parts; p++) {
		struct topk best;
		topk_init(&best, j->worker[worker].hit, j->o->k, j->o->rank);
		topk_push_many(&best, j->score[p] + c * items, 0, items);
		topk_sort(&best);
		for (size_t r = 0; r < best.n; r++)
			j->list[p][u * j->o->k + r] = best.hit[r].row;
		j->n_list[p][u] = best.n;
	}
}

static int measure(struct job *j, struct fit *f, struct err *e)
{
	double *v = mem_try(j->n, METRIC_PER_USER * sizeof *v, "values of listeners", e);
	struct metric_truth t = { .gain = *j->truth };

	for (size_t p = 0; p <= j->o->n_parts && !e->code; p++) {
		size_t at = 0, k = j->o->k;
		for (size_t u = 0; u < j->n; u++) {		/* close up, and lengths become starts */
			size_t len = j->n_list[p][u];
			memmove(j->list[p] + at, j->list[p] + u * k, len * sizeof **j->list);
			j->n_list[p][u] = at;
			at += len;
		}
		j->n_list[p][j->n] = at;
		struct metric_run run = { j->n, j->n_list[p], j->list[p] };
		if (metric_users(v, &run, &t, k, j->par, e))
			break;
		for (size_t u = 0; u < j->n; u++) {
			f->ndcg[p] += v[u * METRIC_PER_USER + METRIC_NDCG];
			f->recall[p] += v[u * METRIC_PER_USER + METRIC_RECALL];
		}
		f->ndcg[p] /= (double)j->n;
		f->recall[p] /= (double)j->n;
	}
	mem_free(v);
	return e->code;
}

/* not_worse - the sum is at least as good as each part. */
static void not_worse(struct fit *f, size_t parts)
{
	size_t best = 0;

	for (size_t p = 1; p < parts; p++)
		if (f->ndcg[p] > f->ndcg[best])
			best = p;
	if (f->ndcg[best] <= f->ndcg[parts])
		return;
	for (size_t p = 0; p < parts; p++)
		f->weight[p] = p == best;
	f->ndcg[parts] = f->ndcg[best];
	f->recall[parts] = f->recall[best];
}

/* ---- all of it ---- */

static int get_memory(struct job *j, struct err *e)
{
	size_t parts = j->o->n_parts, k = j->o->k, most_truth = 0;

	for (size_t u = 0; u < j->n; u++) {
		size_t n = j->truth->start[u + 1] - j->truth->start[u];
		most_truth = n > most_truth ? n : most_truth;
	}
	j->most = parts * j->pool + most_truth;
	j->n_workers = par_threads(j->par);
	j->worker = mem_new((size_t)j->n_workers, sizeof *j->worker);
	for (int i = 0; i < j->n_workers; i++) {
		struct worker *w = &j->worker[i];
		w->hit = mem_try(j->pool, sizeof *w->hit, "hits", e);
		w->key = mem_try(2 * j->most, sizeof *w->key, "candidates", e);
		w->key2 = w->key ? w->key + j->most : NULL;
		w->sum = mem_try(j->most, sizeof *w->sum, "candidates", e);
	}
	for (size_t p = 0; p <= parts; p++) {
		j->score[p] = mem_try(FIT_USERS * j->o->n_items, sizeof **j->score, "scores", e);
		j->list[p] = mem_try(j->n * k, sizeof **j->list, "lists", e);
		j->n_list[p] = mem_try(j->n + 1, sizeof **j->n_list, "lists", e);
	}
	j->user = mem_try0(j->n, sizeof *j->user, "listeners", e);
	j->value = mem_try(j->n, sizeof *j->value, "values of listeners", e);
	j->kept = mem_try(j->n, sizeof *j->kept, "values of listeners", e);
	if ((j->discount = mem_try(k, sizeof *j->discount, "places", e)))
		for (size_t r = 0; r < k; r++)
			j->discount[r] = 1 / fm_log2((double)r + 2);
	return e->code;
}

static void release(struct job *j)
{
	for (int i = 0; i < j->n_workers; i++) {
		mem_free(j->worker[i].hit);
		mem_free(j->worker[i].key);
		mem_free(j->worker[i].sum);
	}
	mem_free(j->worker);
	for (size_t p = 0; p <= j->o->n_parts; p++) {
		mem_free(j->score[p]);
		mem_free(j->list[p]);
		mem_free(j->n_list[p]);
	}
	for (size_t u = 0; u < j->n && j->user; u++)
		mem_free(j->user[u].z);
	mem_free(j->user);
	mem_free(j->value);
	mem_free(j->kept);
	mem_free(j->discount);
}

int fit_weights(struct fit *f, const struct fit_opts *o, const struct csr *truth, struct par *pool, struct err *e)
{
	struct job j = { .o = o, .truth = truth, .par = pool, .n = truth->n_rows };

	*f = (struct fit){ 0 };
	j.pool = o->k > FIT_POOL ? o->k : FIT_POOL;
	if (j.pool > o->n_items)
		j.pool = o->n_items;
	if (!get_memory(&j, e) && !make_pools(&j, e)) {
		f->searched = search(&j);
		f->n_tried = j.n_tried;
		for (size_t p = 0; p < o->n_parts; p++)
			f->weight[p] = (double)j.w[p] / FIT_GRID;
		if (!each_batch(&j, keep_lists, j.n, e) && !measure(&j, f, e))
			not_worse(f, o->n_parts);
	}
	release(&j);
	return e->code;
}
