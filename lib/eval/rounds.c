#include <math.h>
#include <stdio.h>

#include "rounds.h"
#include "../base/rng.h"

enum { CHUNK = 1024 };		/* users, or pairs of them, a piece of work */

size_t round_columns(const struct rounds *o)
{
	return ROUND_LABELS + 2 * o->n_by;
}

const char *round_name(const struct rounds *o, size_t c, char out[64])
{
	static const char *const name[ROUND_LABELS] = { "tail_share", "overlap", "jaccard", "gini", "coverage" };

	if (c < ROUND_LABELS)
		return name[c];
	snprintf(out, 64, "%s_%s", (c - ROUND_LABELS) % 2 ? "span" : "entropy", o->by[(c - ROUND_LABELS) / 2].name);
	return out;
}

static size_t length(const struct metric_run *run, size_t u, size_t k)
{
	size_t n = run->start[u + 1] - run->start[u];

	return n < k ? n : k;
}

/* ---- mixes of users ---- */

struct mixes_job {
	const struct rounds *o;
	const struct metric_run *const *run;
	size_t at, first, k;			/* rounds first .. at are added up */
	const struct labels *labels;
	double *entropy;			/* [users] NaN: none */
	struct label_mix *mix;			/* [threads] */
};

static void mixes_chunk(void *ctx, size_t chunk, int worker)
{
	const struct mixes_job *j = ctx;
	size_t n_users = j->run[j->at]->n_users, end = (chunk + 1) * CHUNK < n_users ? (chunk + 1) * CHUNK : n_users;
	struct label_mix *m = &j->mix[worker];

	for (size_t u = chunk * CHUNK; u < end; u++) {
		label_mix_reset(m);
		for (size_t r = j->first; r <= j->at && length(j->run[j->at], u, j->k); r++) {
			const struct metric_run *run = j->run[r];
			for (size_t i = 0; i < length(run, u, j->k); i++)
				label_mix_add(m, j->labels, run->item[run->start[u] + i]);
		}
		j->entropy[u] = label_mix_entropy(m);
	}
}

/* mean_entropy - over the users of round at who have one. */
static int mean_entropy(double *mean, struct mixes_job *j, struct par *pool, struct err *e)
{
	size_t threads = (size_t)par_threads(pool), n_users = j->run[j->at]->n_users, n = 0;
	double sum = 0;
	int ret = 0;

	j->mix = mem_new(threads, sizeof *j->mix);
	for (size_t t = 0; t < threads && !ret; t++)
		ret = label_mix_init(&j->mix[t], j->labels, e);
	if (!ret)
		par_for(pool, (n_users + CHUNK - 1) / CHUNK, mixes_chunk, j);
	for (size_t u = 0; u < n_users && !ret; u++)
		if (!isnan(j->entropy[u])) {
			sum += j->entropy[u];
			n++;
		}
	*mean = n ? sum / (double)n : NAN;
	for (size_t t = 0; t < threads; t++)
		label_mix_release(&j->mix[t]);
	mem_free(j->mix);
	return ret;
}

static int measure_mixes(struct round *r, const struct rounds *o, const struct metric_run *const *run, size_t at, size_t k, struct par *pool, struct err *e)
{
	double *entropy = mem_try(run[at]->n_users, sizeof *entropy, "entropies of users", e);
	int ret = entropy ? 0 : ERR_MEM;

	for (size_t b = 0; b < o->n_by && !ret; b++) {
		struct mixes_job j = { .o = o, .run = run, .at = at, .first = at, .k = k, .labels = &o->by[b], .entropy = entropy };
		ret = mean_entropy(&r->v[ROUND_LABELS + 2 * b], &j, pool, e);
		if (at + 1 < o->window || ret)
			continue;
		j.first = at + 1 - o->window;
		ret = mean_entropy(&r->v[ROUND_LABELS + 2 * b + 1], &j, pool, e);
	}
	mem_free(entropy);
	return ret;
}

/* ---- pairs of users ---- */

struct pairs_job {
	const struct csr *has;			/* [users with anything x items] */
	size_t n_pairs;
	bool is_all;				/* every pair, a row of them a chunk; else drawn */
	uint64_t seed;
	double *sum;				/* [chunks] */
};

static double jaccard(const struct csr *m, size_t a, size_t b)
{
	size_t i = m->start[a], j = m->start[b], n = m->start[a + 1] - i + m->start[b + 1] - j, both = 0;

	while (i < m->start[a + 1] && j < m->start[b + 1]) {
		uint32_t x = m->col[i], y = m->col[j];
		both += x == y;
		i += x <= y;
		j += y <= x;
	}
	return (double)both / (double)(n - both);
}

static void pairs_chunk(void *ctx, size_t chunk, int worker)
{
	const struct pairs_job *j = ctx;
	size_t n = j->has->n_rows, end = (chunk + 1) * CHUNK < j->n_pairs ? (chunk + 1) * CHUNK : j->n_pairs;
	double sum = 0;
	struct pcg32 r;

	(void)worker;
	if (j->is_all) {
		for (size_t b = 0; b < chunk; b++)
			sum += jaccard(j->has, chunk, b);
	} else {
		pcg32_seed(&r, j->seed, chunk);
		for (size_t i = chunk * CHUNK; i < end; i++) {
			uint32_t a = pcg32_bounded(&r, (uint32_t)n), b = pcg32_bounded(&r, (uint32_t)n - 1);
			sum += jaccard(j->has, a, b + (b >= a));
		}
	}
	j->sum[chunk] = sum;
}

static int mean_jaccard(double *mean, const struct csr *has, const struct rounds *o, struct par *pool, struct err *e)
{
	size_t n = has->n_rows;
	bool is_all = n < (size_t)1 << 31 && n * (n - 1) / 2 <= o->n_pairs;
	size_t pairs = is_all ? n * (n - 1) / 2 : o->n_pairs, chunks = is_all ? n : (o->n_pairs + CHUNK - 1) / CHUNK;
	struct pairs_job j = { has, pairs, is_all, o->seed, mem_try(chunks, sizeof *j.sum, "sums of pairs", e) };
	double sum = 0;

	if (!j.sum)
		return ERR_MEM;
	par_for(pool, chunks, pairs_chunk, &j);
	for (size_t c = 0; c < chunks; c++)
		sum += j.sum[c];
	*mean = sum / (double)pairs;
	mem_free(j.sum);
	return 0;
}

static double expected_overlap(const struct csr *has)
{
	uint64_t *users = mem_new(has->n_cols + 1, sizeof *users);
	double n = (double)has->n_rows, shared = 0, all = (double)has->start[has->n_rows];

	for (size_t i = 0; i < has->start[has->n_rows]; i++)
		users[has->col[i]]++;
	for (size_t i = 0; i < has->n_cols; i++)
		if (users[i])
			shared += (double)users[i] * (double)(users[i] - 1);
	mem_free(users);
	return shared / (n * (n - 1)) / (all / n);
}

/* measure_users - what is of sets of items: users in the order of their numbers, those with nothing left out. */
static int measure_users(struct round *r, const struct rounds *o, const struct metric_run *run, size_t k, struct par *pool, struct err *e)
{
	struct csr_entries t = { 0 };
	struct csr has = { 0 };
	double tail = 0;
	int ret;

	for (size_t u = 0; u < run->n_users; u++) {
		size_t n = length(run, u, k), outside = 0;
		for (size_t i = 0; i < n; i++) {
			uint32_t it = run->item[run->start[u] + i];
			csr_entries_add(&t, (uint32_t)r->n_users, it, 1);
			outside += o->is_head && !o->is_head[it];
		}
		r->n_users += n > 0;
		r->n_shown += n;
		if (n)
			tail += (double)outside / (double)n;
	}
	ret = csr_from_pairs(&has, t.row, t.col, NULL, t.n, r->n_users, o->catalogue->gain.n_cols, e);
	csr_entries_release(&t);
	if (!ret && r->n_users && o->is_head)
		r->v[ROUND_TAIL] = tail / (double)r->n_users;
	if (!ret && r->n_users > 1) {
		r->v[ROUND_OVERLAP] = expected_overlap(&has);
		ret = mean_jaccard(&r->v[ROUND_JACCARD], &has, o, pool, e);
	}
	csr_release(&has);
	return ret;
}

static void count_items(struct round *r, const struct rounds *o, const struct metric_run *run, size_t k)
{
	uint8_t *is_there = mem_new(o->catalogue->gain.n_cols + 1, 1);

	for (size_t u = 0; u < run->n_users; u++)
		for (size_t i = 0; i < length(run, u, k); i++) {
			uint32_t it = run->item[run->start[u] + i];
			r->n_items += !is_there[it];
			is_there[it] = 1;
		}
	mem_free(is_there);
}

int round_measure(struct round *r, const struct rounds *o, const struct metric_run *const *run, size_t at, size_t k, struct par *pool, struct err *e)
{
	int ret;

	*r = (struct round){ 0 };
	for (size_t c = 0; c < ROUND_MAX; c++)
		r->v[c] = NAN;
	count_items(r, o, run[at], k);
	if ((ret = measure_users(r, o, run[at], k, pool, e)) || !r->n_users)
		return ret;
	if ((ret = metric_whole(&r->v[ROUND_COVERAGE], &r->v[ROUND_GINI], run[at], o->catalogue, NULL, k, e)))
		return ret;
	return measure_mixes(r, o, run, at, k, pool, e);
}
