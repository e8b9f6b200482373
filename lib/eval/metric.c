#include <string.h>

#include "metric.h"
#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/fmath.h"

const char *metric_name(enum metric m)
{
	static const char *const name[METRIC_COUNT] = { "recall", "recall_min", "precision", "hr", "ndcg", "mrr", "map", "novelty", "coverage", "gini" };

	return name[m];
}

enum { CHUNK = 1024 };		/* users a piece of work */

struct users_job {
	double *v;
	const struct metric_run *run;
	const struct metric_truth *t;
	size_t k;
	const double *discount;		/* [k] 1 / log2(r + 2) for r from 0 */
};

/* gain_of - the gain of an item for a user, 0 when it is not in the truth. */
static double gain_of(const struct csr *m, size_t u, uint32_t item)
{
	size_t at = csr_find(m, u, item);

	return at == SIZE_MAX ? 0 : (double)m->val[at];
}

/* ideal - the best DCG in n places: the n largest gains in order. Gains are nearly always all 1. */
static double ideal(const struct csr *m, size_t u, size_t n, const double *discount)
{
	size_t from = m->start[u], count = m->start[u + 1] - from;
	double sum = 0;
	bool is_flat = true;

	for (size_t i = 1; i < count; i++)
		is_flat &= m->val[from + i] == m->val[from];
	if (is_flat) {
		for (size_t r = 0; r < n; r++)
			sum += (double)m->val[from] * discount[r];
		return sum;
	}
	uint64_t *key = mem_new(count, sizeof *key);
	struct err e = { 0 };
	for (size_t i = 0; i < count; i++) {	/* the bits of positive floats are in the order of the floats */
		uint32_t bits;
		memcpy(&bits, m->val + from + i, sizeof bits);
		key[i] = bits;
	}
	if (sort_u64(key, NULL, count, &e))
		mem_oom(count * sizeof *key);
	for (size_t r = 0; r < n; r++) {
		uint32_t bits = (uint32_t)key[count - 1 - r];
		float g;
		memcpy(&g, &bits, sizeof g);
		sum += (double)g * discount[r];
	}
	mem_free(key);
	return sum;
}

static void one_user(const struct users_job *j, size_t u)
{
	const struct metric_truth *t = j->t;
	double *v = j->v + u * METRIC_PER_USER;
	size_t n_truth = t->gain.start[u + 1] - t->gain.start[u], places = n_truth < j->k ? n_truth : j->k;
	const uint32_t *list = j->run->item + j->run->start[u];
	size_t n = j->run->start[u + 1] - j->run->start[u], hits = 0;
	double dcg = 0, ap = 0, novelty = 0;

	memset(v, 0, METRIC_PER_USER * sizeof *v);
	if (n > j->k)
		n = j->k;
	for (size_t r = 0; r < n; r++) {
		double g = gain_of(&t->gain, u, list[r]);
		if (t->item_users)
			novelty -= fm_log2(((double)t->item_users[list[r]] + 1) / ((double)t->n_train_users + 1));
		if (!(g > 0))
			continue;
		hits++;
		dcg += g * j->discount[r];
		ap += (double)hits / (double)(r + 1);
		if (hits == 1)
			v[METRIC_MRR] = 1 / (double)(r + 1);
	}
	if (n)
		v[METRIC_NOVELTY] = novelty / (double)n;
	if (!n_truth)
		return;
	v[METRIC_RECALL] = (double)hits / (double)n_truth;
	v[METRIC_RECALL_MIN] = (double)hits / (double)places;
	v[METRIC_PRECISION] = (double)hits / (double)j->k;
	v[METRIC_HR] = hits > 0;
	v[METRIC_NDCG] = dcg / ideal(&t->gain, u, places, j->discount);
	v[METRIC_MAP] = ap / (double)places;
}

static void users_chunk(void *ctx, size_t chunk, int worker)
{
	const struct users_job *j = ctx;
	size_t end = (chunk + 1) * CHUNK < j->run->n_users ? (chunk + 1) * CHUNK : j->run->n_users;

	(void)worker;
	for (size_t u = chunk * CHUNK; u < end; u++)
		one_user(j, u);
}

int metric_users(double *v, const struct metric_run *run, const struct metric_truth *t, size_t k, struct par *pool, struct err *e)
{
	double *discount = mem_try(k, sizeof *discount, "discounts", e);
	struct users_job j = { v, run, t, k, discount };

	if (!discount)
		return e->code;
	for (size_t r = 0; r < k; r++)
		discount[r] = 1 / fm_log2((double)r + 2);
	par_for(pool, (run->n_users + CHUNK - 1) / CHUNK, users_chunk, &j);
	mem_free(discount);
	return 0;
}

/* G = sum (2i - N - 1) x_i / (N sum x), x ascending, i from 1. */
double metric_gini(const uint64_t *count, size_t n, size_t all)
{
	double total = 0, weighted = 0;

	for (size_t i = 0; i < n; i++) {
		total += (double)count[i];
		weighted += (2 * (double)(all - n + i + 1) - (double)all - 1) * (double)count[i];
	}
	return total > 0 ? weighted / ((double)all * total) : 0;
}

int metric_whole(double *coverage, double *gini, const struct metric_run *run, const struct metric_truth *t, const uint8_t *use, size_t k, struct err *e)
{
	uint64_t *shown = mem_try0(t->gain.n_cols, sizeof *shown, "exposure of items", e);
	size_t n = 0, distinct = 0;

	*coverage = *gini = 0;
	if (!shown)
		return e->code;
	for (size_t u = 0; u < run->n_users; u++)
		for (size_t i = run->start[u]; (!use || use[u]) && i < run->start[u + 1] && i < run->start[u] + k; i++)
			shown[run->item[i]]++;
	for (size_t i = 0; i < t->gain.n_cols; i++)
		if (t->in_catalogue[i]) {
			distinct += shown[i] > 0;
			shown[n++] = shown[i];
		}
	if (sort_u64(shown, NULL, n, e)) {
		mem_free(shown);
		return e->code;
	}
	size_t all = t->n_catalogue > n ? t->n_catalogue : n;
	if (all)
		*coverage = (double)distinct / (double)all;
	*gini = metric_gini(shown, n, all);
	mem_free(shown);
	return 0;
}
