#include <math.h>
#include <string.h>

#include "quota.h"
#include "../base/mem.h"

static const double SLACK = 1e-9;

size_t quota_due(double least, size_t r)
{
	return (size_t)floor(least * (double)r + SLACK);
}

size_t quota_allowed(double most, size_t r, size_t k)
{
	double at_r = ceil(most * (double)r - SLACK);

	return min_size(at_r > 0 ? (size_t)at_r : 0, quota_due(most, k));
}

static size_t may_come(const struct quotas *q, uint32_t creator, size_t kind)
{
	size_t left = q->taken[creator] < q->per ? q->per - q->taken[creator] : 0;

	return min_size(q->of[creator * q->n_kinds + kind], left);
}

/* number_kinds - the different kinds that there are; kind[i] is a number among them. Few: looked up one after the other. */
static void number_kinds(struct quotas *q, const uint32_t *kinds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t j = i ? q->kind[i - 1] : 0;
		if (j >= q->n_kinds || q->kinds[j] != kinds[i])
			for (j = 0; j < q->n_kinds && q->kinds[j] != kinds[i];)
				j++;
		if (j == q->n_kinds)
			q->kinds[q->n_kinds++] = kinds[i];
		q->kind[i] = j;
	}
}

int quotas_begin(struct quotas *q, const struct quota *quota, size_t n_quotas, const uint32_t *kinds, size_t n, const uint32_t *creator, size_t n_creators, size_t per, size_t k, struct err *e)
{
	*q = (struct quotas){ .quota = quota, .n = n_quotas, .k = k, .creator = per ? creator : NULL, .per = per };
	q->kind = mem_try(n, sizeof *q->kind, "quotas", e);
	q->kinds = mem_try(n, sizeof *q->kinds, "quotas", e);
	if (!q->kind || !q->kinds)
		goto failed;
	number_kinds(q, kinds, n);
	if (!(q->there = mem_try0(q->n_kinds, 2 * sizeof *q->there, "quotas", e)))
		goto failed;
	if (q->creator) {
		q->taken = mem_try0(n_creators, sizeof *q->taken, "quotas", e);
		q->of = mem_try0(n_creators, q->n_kinds * sizeof *q->of, "quotas", e);
		if (!q->taken || !q->of)
			goto failed;
	}
	for (size_t i = 0; i < n; i++)
		if (q->creator && creator[i] != UINT32_MAX)
			q->of[creator[i] * q->n_kinds + q->kind[i]]++;
		else
			q->there[q->kind[i]]++;
	for (size_t c = 0; q->creator && c < n_creators; c++)
		for (size_t t = 0; t < q->n_kinds; t++)
			q->there[t] += may_come(q, (uint32_t)c, t);
	return 0;
failed:
	quotas_release(q);
	return ERR_MEM;
}

void quotas_release(struct quotas *q)
{
	mem_free(q->kind);
	mem_free(q->kinds);
	mem_free(q->there);
	mem_free(q->of);
	mem_free(q->taken);
	*q = (struct quotas){ 0 };
}

/* allows - place r for one of these kinds when there are count[] of each before it. */
static bool allows(const struct quotas *q, const size_t *count, uint32_t kinds, size_t r)
{
	for (size_t i = 0; i < q->n; i++)
		if (kinds >> i & 1 && q->quota[i].most < 1 && count[i] + 1 > quota_allowed(q->quota[i].most, r, q->k))
			return false;
	return true;
}

bool quotas_allow(const struct quotas *q, size_t i)
{
	return allows(q, q->count, q->kinds[q->kind[i]], q->n_list + 1);
}

bool quotas_keep(const struct quotas *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->quota[i].most < 1 && q->count[i] > quota_due(q->quota[i].most, q->n_list))
			return false;
	return true;
}

bool quotas_has_floors(const struct quotas *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->quota[i].least > 0)
			return true;
	return false;
}

static void count_in(size_t *count, uint32_t kinds)
{
	for (; kinds; kinds &= kinds - 1)
		count[__builtin_ctz(kinds)]++;
}

/* leave - one of kind t by this creator is a candidate no more: what there is of each kind then. is_real: the creator's own numbers, too. */
static void leave(struct quotas *q, size_t *there, size_t t, uint32_t creator, bool is_real)
{
	if (!q->creator || creator == UINT32_MAX) {
		there[t]--;
		return;
	}
	for (size_t u = 0; u < q->n_kinds; u++)
		there[u] -= may_come(q, creator, u);
	q->of[creator * q->n_kinds + t]--;
	q->taken[creator]++;
	for (size_t u = 0; u < q->n_kinds; u++)
		there[u] += may_come(q, creator, u);
	if (!is_real) {
		q->of[creator * q->n_kinds + t]++;
		q->taken[creator]--;
	}
}

/* deadline - the place by which the next one is due, beyond k: none. */
static size_t deadline(const struct quotas *q, const size_t *count, size_t i)
{
	double r = q->quota[i].least > 0 ? ceil((double)(count[i] + 1) / q->quota[i].least - SLACK) : INFINITY;

	return r > (double)q->k ? SIZE_MAX : (size_t)r;
}

/* serving - of the kinds that are there and allowed at place r and serve floor i, the one that serves most floors to come; SIZE_MAX none. i SIZE_MAX: any kind, fewest caps first. */
static size_t serving(const struct quotas *q, const size_t *there, const size_t *count, uint32_t wanted, size_t i, size_t r)
{
	size_t best = SIZE_MAX;
	int best_serves = 0;

	for (size_t t = 0; t < q->n_kinds; t++) {
		uint32_t kinds = q->kinds[t];
		if (!there[t] || (i != SIZE_MAX && !(kinds >> i & 1)))
			continue;
		/* a floor served outweighs whatever else an item is of */
		int serves = (QUOTA_MAX + 1) * __builtin_popcount(kinds & wanted) - __builtin_popcount(kinds & ~wanted);
		if ((best == SIZE_MAX || serves > best_serves) && allows(q, count, kinds, r)) {
			best = t;
			best_serves = serves;
		}
	}
	return best;
}

/* next_kind - what place r goes to: the floor due first that can be served, or anything. */
static size_t next_kind(const struct quotas *q, const size_t *there, const size_t *count, size_t r)
{
	size_t due[QUOTA_MAX], t;
	uint32_t wanted = 0;

	for (size_t i = 0; i < q->n; i++)
		if ((due[i] = deadline(q, count, i)) != SIZE_MAX)
			wanted |= 1u << i;
	for (uint32_t left = wanted; left;) {
		size_t first = SIZE_MAX;
		for (size_t i = 0; i < q->n; i++)
			if (left >> i & 1 && (first == SIZE_MAX || due[i] < due[first]))
				first = i;
		if ((t = serving(q, there, count, wanted, first, r)) != SIZE_MAX)
			return t;
		left &= ~(1u << first);
	}
	return serving(q, there, count, wanted, SIZE_MAX, r);
}

/* missing - of all floors among the first r places. */
static double missing(const struct quotas *q, const size_t *count, size_t r)
{
	double sum = 0;

	for (size_t i = 0; i < q->n; i++) {
		size_t due = quota_due(q->quota[i].least, r);
		sum += due > count[i] ? (double)(due - count[i]) : 0;
	}
	return sum;
}

/* are_met - no floor will miss another one up to the end. */
static bool are_met(const struct quotas *q, const size_t *count)
{
	for (size_t i = 0; i < q->n; i++)
		if (deadline(q, count, i) != SIZE_MAX)
			return false;
	return true;
}

double quotas_short(struct quotas *q, size_t i)
{
	size_t count[QUOTA_MAX], *there = q->there + q->n_kinds, r = q->n_list + 1;
	double sum = 0;

	memcpy(count, q->count, sizeof count);
	memcpy(there, q->there, q->n_kinds * sizeof *there);
	if (i != SIZE_MAX) {
		leave(q, there, q->kind[i], q->creator ? q->creator[i] : UINT32_MAX, false);
		count_in(count, q->kinds[q->kind[i]]);
		sum = missing(q, count, r++);
	}
	for (; r <= q->k && !are_met(q, count); r++) {
		size_t t = next_kind(q, there, count, r);
		if (t != SIZE_MAX) {
			there[t]--;
			count_in(count, q->kinds[t]);
		}
		sum += missing(q, count, r);
	}
	return sum;
}

void quotas_take(struct quotas *q, size_t i)
{
	leave(q, q->there, q->kind[i], q->creator ? q->creator[i] : UINT32_MAX, true);
	count_in(q->count, q->kinds[q->kind[i]]);
	q->n_list++;
}
