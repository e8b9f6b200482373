#include <math.h>
#include <stdio.h>
#include <string.h>

#include "beyond.h"
#include "../base/sort.h"
#include "../num/num.h"

enum { CHUNK = 256 };		/* users a piece of work */

size_t beyond_columns(const struct beyond *b)
{
	return BEYOND_LABELS + 2 * b->n_by;
}

const char *beyond_name(const struct beyond *b, size_t c, char out[64])
{
	static const char *const name[BEYOND_LABELS] = { "user_coverage", "tail_share", "serendipity", "diversity" };

	if (c < BEYOND_LABELS)
		return name[c];
	snprintf(out, 64, "%s_%s", (c - BEYOND_LABELS) % 2 ? "calibration" : "diversity", b->by[(c - BEYOND_LABELS) / 2].name);
	return out;
}

bool beyond_has(const struct beyond *b, size_t c)
{
	switch (c) {
	case BEYOND_COVERAGE:
		return true;
	case BEYOND_TAIL:
		return b->is_head;
	case BEYOND_SERENDIPITY:
		return b->pop;
	case BEYOND_DIVERSITY:
		return b->vecs;
	default:
		return b->by[(c - BEYOND_LABELS) / 2].of.name.n && (!beyond_is_error(c) || b->train);
	}
}

/* What one thread works in. */
struct desk {
	double *sum;				/* [d] of unit vectors */
	struct label_mix shown[BEYOND_BY], had[BEYOND_BY];
};

struct users_job {
	double *v;
	const struct metric_run *run;
	const struct beyond *b;
	size_t k;
	struct desk *desk;			/* [threads] */
};

/* The sum of all cosines of n unit vectors is |their sum|^2, n of them with themselves. */
static double vector_diversity(const struct beyond *b, const uint32_t *list, size_t n, double *sum)
{
	size_t d = b->vecs->d, m = 0;
	double all = 0, own = 0;

	memset(sum, 0, d * sizeof *sum);
	for (size_t r = 0; r < n; r++) {
		const float *x = b->vec[list[r]] == VOCAB_NONE ? NULL : vecs_row(b->vecs, b->vec[list[r]]);
		double norm = x ? num_norm(x, d) : 0, one = 0;
		if (!(norm > 0))
			continue;
		for (size_t i = 0; i < d; i++) {
			double u = (double)x[i] / norm;
			sum[i] += u;
			one += u * u;
		}
		own += one;
		m++;
	}
	for (size_t i = 0; i < d; i++)
		all += sum[i] * sum[i];
	return m < 2 ? NAN : 1 - (all - own) / ((double)m * (double)(m - 1));
}

static double label_diversity(const struct labels *l, const uint32_t *list, size_t n)
{
	size_t pairs = 0;
	double sum = 0;

	for (size_t r = 0; r < n; r++)
		for (size_t s = 0; s < r; s++) {
			double d = labels_distance(l, list[s], list[r]);
			if (!isnan(d)) {
				sum += d;
				pairs++;
			}
		}
	return pairs ? sum / (double)pairs : NAN;
}

static double calibration(struct label_mix *had, struct label_mix *shown, const struct labels *l, const struct csr *train, uint32_t row, const uint32_t *list, size_t n)
{
	if (row == VOCAB_NONE)
		return NAN;
	label_mix_reset(had);
	label_mix_reset(shown);
	for (size_t i = train->start[row]; i < train->start[row + 1]; i++)
		if (train->val[i] > 0)
			label_mix_add(had, l, train->col[i]);
	for (size_t r = 0; r < n; r++)
		label_mix_add(shown, l, list[r]);
	return label_mix_divergence(had, shown);
}

static bool is_among(const uint32_t *list, size_t n, uint32_t item)
{
	for (size_t r = 0; r < n; r++)
		if (list[r] == item)
			return true;
	return false;
}

static size_t shown_of(const struct metric_run *run, size_t u, size_t k, const uint32_t **list)
{
	size_t n = run->start[u + 1] - run->start[u];

	*list = run->item + run->start[u];
	return n < k ? n : k;
}

static void one_user(const struct users_job *j, size_t u, struct desk *d)
{
	const struct beyond *b = j->b;
	double *v = j->v + u * beyond_columns(b);
	const uint32_t *list, *pop = NULL;
	size_t n = shown_of(j->run, u, j->k, &list), n_pop = b->pop ? shown_of(b->pop, u, j->k, &pop) : 0, tail = 0, found = 0;

	for (size_t r = 0; r < n; r++) {
		tail += b->is_head && !b->is_head[list[r]];
		found += b->pop && csr_has(&b->truth->gain, u, list[r]) && !is_among(pop, n_pop, list[r]);
	}
	v[BEYOND_COVERAGE] = n > 0;
	v[BEYOND_TAIL] = n && b->is_head ? (double)tail / (double)n : NAN;
	v[BEYOND_SERENDIPITY] = (double)found / (double)j->k;
	v[BEYOND_DIVERSITY] = b->vecs ? vector_diversity(b, list, n, d->sum) : NAN;
	for (size_t c = 0; c < b->n_by; c++) {
		v[BEYOND_LABELS + 2 * c] = label_diversity(&b->by[c], list, n);
		v[BEYOND_LABELS + 2 * c + 1] = b->train ? calibration(&d->had[c], &d->shown[c], &b->by[c], b->train, b->train_row[u], list, n) : NAN;
	}
}

static void users_chunk(void *ctx, size_t chunk, int worker)
{
	const struct users_job *j = ctx;
	size_t end = (chunk + 1) * CHUNK < j->run->n_users ? (chunk + 1) * CHUNK : j->run->n_users;

	for (size_t u = chunk * CHUNK; u < end; u++)
		one_user(j, u, &j->desk[worker]);
}

static int desk_init(struct desk *d, const struct beyond *b, struct err *e)
{
	if (b->vecs && !(d->sum = mem_try(b->vecs->d, sizeof *d->sum, "a sum of vectors", e)))
		return ERR_MEM;
	for (size_t c = 0; c < b->n_by; c++)
		if (label_mix_init(&d->had[c], &b->by[c], e) || label_mix_init(&d->shown[c], &b->by[c], e))
			return ERR_MEM;
	return 0;
}

static void desk_release(struct desk *d)
{
	mem_free(d->sum);
	for (size_t c = 0; c < BEYOND_BY; c++) {
		label_mix_release(&d->had[c]);
		label_mix_release(&d->shown[c]);
	}
}

int beyond_users(double *v, const struct metric_run *run, const struct beyond *b, size_t k, struct par *pool, struct err *e)
{
	size_t threads = (size_t)par_threads(pool);
	struct users_job j = { v, run, b, k, mem_new(threads, sizeof *j.desk) };
	int ret = 0;

	for (size_t t = 0; t < threads && !ret; t++)
		ret = desk_init(&j.desk[t], b, e);
	if (!ret)
		par_for(pool, (run->n_users + CHUNK - 1) / CHUNK, users_chunk, &j);
	for (size_t t = 0; t < threads; t++)
		desk_release(&j.desk[t]);
	mem_free(j.desk);
	return ret;
}

int beyond_creators(double *gini, const struct metric_run *run, const struct labels *creator, const uint8_t *use, size_t k, struct err *e)
{
	size_t n_creators = creator->of.name.n;
	uint64_t *shown = mem_try0(n_creators, sizeof *shown, "exposure of creators", e);
	int ret = shown ? 0 : ERR_MEM;

	for (size_t u = 0; u < run->n_users && !ret; u++) {
		const uint32_t *list;
		size_t n = shown_of(run, u, k, &list);
		for (size_t r = 0; r < n && (!use || use[u]); r++) {
			size_t n_of;
			const uint32_t *of = facets_of(&creator->of, list[r], &n_of);
			for (size_t i = 0; i < n_of; i++)
				shown[of[i]]++;
		}
	}
	*gini = 0;
	if (!ret && !(ret = sort_u64(shown, NULL, n_creators, e)))
		*gini = metric_gini(shown, n_creators, n_creators);
	mem_free(shown);
	return ret;
}

void beyond_head(uint8_t *is_head, const uint32_t *order, size_t n, const uint32_t *item_users, double share)
{
	double all = 0, so_far = 0;

	for (size_t i = 0; i < n; i++)
		all += item_users[order[i]];
	for (size_t i = 0; i < n && so_far < share * all; i++) {
		is_head[order[i]] = 1;
		so_far += item_users[order[i]];
	}
}
