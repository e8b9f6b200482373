#include <math.h>
#include <string.h>

#include "boot.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"

struct boot_job {
	double *sum;			/* [n_boot x n_cols] */
	const double *v;		/* [n x n_cols] */
	size_t n, n_cols;
	uint64_t seed;
};

static void sum_replica(void *ctx, size_t b, int worker)
{
	const struct boot_job *j = ctx;
	double *sum = j->sum + b * j->n_cols;
	struct pcg32 r;

	(void)worker;
	memset(sum, 0, j->n_cols * sizeof *sum);
	pcg32_seed(&r, j->seed, b);
	for (size_t i = 0; i < j->n; i++) {
		const double *v = j->v + (size_t)pcg32_bounded(&r, (uint32_t)j->n) * j->n_cols;
		for (size_t c = 0; c < j->n_cols; c++)
			sum[c] += v[c];
	}
}

void boot_sums(double *sum, const double *v, size_t n_users, size_t n_cols, size_t n_boot, uint64_t seed, struct par *pool)
{
	struct boot_job j = { sum, v, n_users, n_cols, seed };

	par_for(pool, n_boot, sum_replica, &j);
}

static void sum_flips(void *ctx, size_t b, int worker)
{
	const struct boot_job *j = ctx;
	double *sum = j->sum + b * j->n_cols;
	uint32_t bits = 0;
	struct pcg32 r;

	(void)worker;
	memset(sum, 0, j->n_cols * sizeof *sum);
	pcg32_seed(&r, j->seed, (UINT64_C(1) << 32) + b);
	for (size_t i = 0; i < j->n; i++, bits >>= 1) {
		const double *v = j->v + i * j->n_cols;
		if (i % 32 == 0)
			bits = pcg32_next(&r);
		for (size_t c = 0; c < j->n_cols; c++)
			sum[c] += bits & 1 ? -v[c] : v[c];
	}
}

static int cmp_double(const void *a, const void *b, void *ctx)
{
	double x = *(const double *)a, y = *(const double *)b;

	(void)ctx;
	return (x > y) - (x < y);
}

/* quantile - of n sorted values, linear between neighbours. */
static double quantile(const double *v, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t i = (size_t)at;

	return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

int boot_bounds(struct boot_interval *out, double *value, size_t n_boot, struct err *e)
{
	int ret = sort_stable(value, n_boot, sizeof *value, cmp_double, NULL, e);

	if (!ret && n_boot) {
		out->low = quantile(value, n_boot, 0.025);
		out->high = quantile(value, n_boot, 0.975);
	}
	return ret;
}

/* The values that count, NaN as 0, and behind them 1 or 0 for each column that has a NaN: how many values there are. */
struct kept {
	double *v;			/* [n x n_cols] */
	size_t n, n_cols;
	size_t *count;			/* [columns] where a column's ones stand, 0: all have a value */
};

static int keep(struct kept *k, const double *v, size_t n_users, size_t n_cols, const uint8_t *use, struct err *e)
{
	*k = (struct kept){ .n_cols = n_cols, .count = mem_new(n_cols + 1, sizeof *k->count) };
	for (size_t u = 0; u < n_users; u++)
		for (size_t c = 0; c < n_cols && (!use || use[u]); c++)
			if (isnan(v[u * n_cols + c]) && !k->count[c])
				k->count[c] = k->n_cols++;
	if (!(k->v = mem_try(n_users * k->n_cols, sizeof *k->v, "values of users", e)))
		return ERR_MEM;
	for (size_t u = 0; u < n_users; u++) {
		if (use && !use[u])
			continue;
		double *to = k->v + k->n++ * k->n_cols;
		for (size_t c = 0; c < n_cols; c++) {
			double x = v[u * n_cols + c];
			to[c] = isnan(x) ? 0 : x;
			if (k->count[c])
				to[k->count[c]] = !isnan(x);
		}
	}
	return 0;
}

static void kept_release(struct kept *k)
{
	mem_free(k->v);
	mem_free(k->count);
}

static double total(const struct kept *k, size_t c)
{
	double sum = 0;

	for (size_t i = 0; i < k->n; i++)
		sum += k->v[i * k->n_cols + c];
	return sum;
}

int boot_means(struct boot_interval *out, const double *v, size_t n_users, size_t n_cols, const uint8_t *use, size_t n_boot, uint64_t seed, struct par *pool, struct err *e)
{
	struct kept k;
	double *sum = NULL, *mean = NULL;
	int ret = keep(&k, v, n_users, n_cols, use, e);

	if (!ret && (!(sum = mem_try(n_boot * k.n_cols, sizeof *sum, "bootstrap sums", e)) || !(mean = mem_try(n_boot, sizeof *mean, "bootstrap means", e))))
		ret = ERR_MEM;
	if (!ret && k.n)
		boot_sums(sum, k.v, k.n, k.n_cols, n_boot, seed, pool);
	for (size_t c = 0; c < n_cols && !ret; c++) {
		double n = k.count[c] ? total(&k, k.count[c]) : (double)k.n;
		out[c] = (struct boot_interval){ NAN, NAN, NAN, (size_t)n };
		if (!(n > 0))
			continue;
		out[c].value = out[c].low = out[c].high = total(&k, c) / n;
		for (size_t b = 0; b < n_boot; b++) {	/* a replica without anybody says nothing: it is where the mean is */
			double m = k.count[c] ? sum[b * k.n_cols + k.count[c]] : n;
			mean[b] = m > 0 ? sum[b * k.n_cols + c] / m : out[c].value;
		}
		ret = boot_bounds(&out[c], mean, n_boot, e);
	}
	kept_release(&k);
	mem_free(sum);
	mem_free(mean);
	return ret;
}

int boot_flips(double *p, const double *v, size_t n_users, size_t n_cols, const uint8_t *use, size_t n_boot, uint64_t seed, struct par *pool, struct err *e)
{
	struct kept k;
	double *sum = NULL;
	int ret = keep(&k, v, n_users, n_cols, use, e);

	if (!ret && !(sum = mem_try(n_boot * k.n_cols, sizeof *sum, "sums of flipped signs", e)))
		ret = ERR_MEM;
	if (!ret) {
		struct boot_job j = { sum, k.v, k.n, k.n_cols, seed };
		par_for(pool, n_boot, sum_flips, &j);
	}
	for (size_t c = 0; c < n_cols && !ret; c++) {
		size_t n = k.count[c] ? (size_t)total(&k, k.count[c]) : k.n, n_far = 1;
		double all = fabs(total(&k, c));
		for (size_t b = 0; b < n_boot; b++)	/* the same terms with other signs: what is as far but for rounding is as far */
			n_far += fabs(sum[b * k.n_cols + c]) >= all * (1 - 1e-12);
		p[c] = n && n_boot ? (double)n_far / (double)(n_boot + 1) : NAN;
	}
	kept_release(&k);
	mem_free(sum);
	return ret;
}
