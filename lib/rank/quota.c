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

/* forget - what was foreseen: the list is another. */
static void forget(struct quotas *q)
{
	for (size_t t = 0; t < q->n_kinds; t++)
		q->known[t] = -1;
}

static void fill_tables(struct quotas *q)
{
	for (size_t i = 0; i < q->n; i++) {
		uint32_t *allowed = q->allowed + i * (q->k + 2), *due = q->deadline + i * (q->k + 2);
		q->floors |= (uint32_t)(q->quota[i].least > 0) << i;
		q->caps |= (uint32_t)(q->quota[i].most < 1) << i;
		for (size_t r = 0; r < q->k + 2; r++) {
			allowed[r] = (uint32_t)quota_allowed(q->quota[i].most, r, q->k);
			due[r] = UINT32_MAX;
		}
		for (size_t c = 0, r = 1; r <= q->k; r++)
			for (; c < quota_due(q->quota[i].least, r); c++)
				due[c] = (uint32_t)r;
	}
	forget(q);
}

/* make_room - may one of this creator go, whichever, without taking away others? */
static void make_room(struct quotas *q, uint32_t creator)
{
	size_t left = q->taken[creator] < q->per ? q->per - q->taken[creator] : 0;

	q->is_roomy[creator] = left > 0;
	for (size_t u = 0; u < q->n_kinds; u++)
		q->is_roomy[creator] &= q->of[creator * q->n_kinds + u] < left;
}

int quotas_begin(struct quotas *q, const struct quota *quota, size_t n_quotas, const uint32_t *kinds, size_t n, const uint32_t *creator, size_t n_creators, size_t per, size_t k, struct err *e)
{
	*q = (struct quotas){ .quota = quota, .n = n_quotas, .k = k, .creator = per ? creator : NULL, .per = per };
	q->kind = mem_try(n, sizeof *q->kind, "quotas", e);
	q->kinds = mem_try(n, sizeof *q->kinds, "quotas", e);
	if (!q->kind || !q->kinds)
		goto failed;
	number_kinds(q, kinds, n);
	q->there = mem_try0(q->n_kinds, 2 * sizeof *q->there, "quotas", e);
	q->known = mem_try(q->n_kinds, sizeof *q->known, "quotas", e);
	q->allowed = mem_try(k + 2, n_quotas * sizeof *q->allowed, "quotas", e);
	q->deadline = mem_try(k + 2, n_quotas * sizeof *q->deadline, "quotas", e);
	if (!q->there || !q->known || !q->allowed || !q->deadline)
		goto failed;
	fill_tables(q);
	if (q->creator) {
		q->taken = mem_try0(n_creators, sizeof *q->taken, "quotas", e);
		q->of = mem_try0(n_creators, q->n_kinds * sizeof *q->of, "quotas", e);
		q->is_roomy = mem_try(n_creators, 1, "quotas", e);
		if (!q->taken || !q->of || !q->is_roomy)
			goto failed;
	}
	for (size_t i = 0; i < n; i++)
		if (q->creator && creator[i] != UINT32_MAX)
			q->of[creator[i] * q->n_kinds + q->kind[i]]++;
		else
			q->there[q->kind[i]]++;
	for (size_t c = 0; q->creator && c < n_creators; make_room(q, (uint32_t)c++))
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
	mem_free(q->known);
	mem_free(q->allowed);
	mem_free(q->deadline);
	mem_free(q->of);
	mem_free(q->taken);
	mem_free(q->is_roomy);
	*q = (struct quotas){ 0 };
}

/* allows - place r for one of these kinds when there are count[] of each before it. */
static bool allows(const struct quotas *q, const size_t *count, uint32_t kinds, size_t r)
{
	for (uint32_t left = kinds & q->caps; left; left &= left - 1) {
		size_t i = (size_t)__builtin_ctz(left);
		if (count[i] + 1 > q->allowed[i * (q->k + 2) + r])
			return false;
	}
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
	return q->floors != 0;
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

/* deadline - the place by which the next one is due, UINT32_MAX: none. */
static uint32_t deadline(const struct quotas *q, const size_t *count, size_t i)
{
	return count[i] > q->k ? UINT32_MAX : q->deadline[i * (q->k + 2) + count[i]];
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

/* next_kind - what place r goes to: the floor due first that can be served, or anything. due [n]: deadlines, of the floors in `wanted`. */
static size_t next_kind(const struct quotas *q, const size_t *there, const size_t *count, const uint32_t *due, uint32_t wanted, size_t r)
{
	for (uint32_t left = wanted; left;) {
		size_t first = (size_t)__builtin_ctz(left), t;
		for (uint32_t more = left & (left - 1); more; more &= more - 1) {
			size_t i = (size_t)__builtin_ctz(more);
			first = due[i] < due[first] ? i : first;
		}
		if ((t = serving(q, there, count, wanted, first, r)) != SIZE_MAX)
			return t;
		left &= ~(1u << first);
	}
	return serving(q, there, count, wanted, SIZE_MAX, r);
}

/* missing - of all floors among the first r places; due: their deadlines. One that is overdue misses as many as have their place up to r. */
static double missing(const struct quotas *q, const size_t *count, const uint32_t *due, size_t r)
{
	double sum = 0;

	for (uint32_t left = q->floors; left; left &= left - 1) {
		size_t i = (size_t)__builtin_ctz(left);
		if (due[i] <= r)
			sum += (double)(quota_due(q->quota[i].least, r) - count[i]);
	}
	return sum;
}

/* find_due - the deadlines, and which floors have one. */
static uint32_t find_due(const struct quotas *q, const size_t *count, uint32_t *due)
{
	uint32_t wanted = 0;

	for (uint32_t left = q->floors; left; left &= left - 1) {
		size_t i = (size_t)__builtin_ctz(left);
		due[i] = deadline(q, count, i);
		wanted |= (uint32_t)(due[i] != UINT32_MAX) << i;
	}
	return wanted;
}

/* takes_only_itself - is there, without candidate i, one less of its kind and else what there was? */
static bool takes_only_itself(const struct quotas *q, size_t i)
{
	uint32_t c = q->creator ? q->creator[i] : UINT32_MAX;

	if (c == UINT32_MAX || q->is_roomy[c])
		return true;
	size_t left = q->taken[c] < q->per ? q->per - q->taken[c] : 0;
	for (size_t u = 0; u < q->n_kinds; u++)		/* of its own kind it is one less in any case: min(of, left) - min(of - 1, left - 1) */
		if (u != q->kind[i] && q->of[c * q->n_kinds + u] > (left ? left - 1 : 0))
			return false;
	return left;
}

static double foresee(struct quotas *q, size_t i)
{
	size_t count[QUOTA_MAX], *there = q->there + q->n_kinds, r = q->n_list + 1;
	uint32_t due[QUOTA_MAX], wanted;
	double sum = 0;

	memcpy(count, q->count, sizeof count);
	memcpy(there, q->there, q->n_kinds * sizeof *there);
	if (i != SIZE_MAX) {
		leave(q, there, q->kind[i], q->creator ? q->creator[i] : UINT32_MAX, false);
		count_in(count, q->kinds[q->kind[i]]);
	}
	wanted = find_due(q, count, due);
	if (i != SIZE_MAX)
		sum = missing(q, count, due, r++);
	for (; r <= q->k && wanted; r++) {
		size_t t = next_kind(q, there, count, due, wanted, r);
		if (t != SIZE_MAX) {
			there[t]--;
			count_in(count, q->kinds[t]);
			wanted = find_due(q, count, due);
		}
		sum += missing(q, count, due, r);
	}
	return sum;
}

/* is_as_good - is another kind known to miss nothing that serves no floor that this one does not, and counts for all its caps? What is taken now need not be taken later. */
static bool is_as_good(const struct quotas *q, size_t t)
{
	uint32_t kinds = q->kinds[t];

	for (size_t u = 0; u < q->n_kinds; u++)
		if (q->known[u] == 0 && !(q->kinds[u] & q->floors & ~kinds) && !(kinds & q->caps & ~q->kinds[u]))
			return true;
	return false;
}

double quotas_short(struct quotas *q, size_t i)
{
	if (i == SIZE_MAX || !takes_only_itself(q, i))
		return foresee(q, i);
	double *known = &q->known[q->kind[i]];
	if (*known < 0)
		*known = is_as_good(q, q->kind[i]) ? 0 : foresee(q, i);
	return *known;
}

void quotas_take(struct quotas *q, size_t i)
{
	leave(q, q->there, q->kind[i], q->creator ? q->creator[i] : UINT32_MAX, true);
	count_in(q->count, q->kinds[q->kind[i]]);
	q->n_list++;
	if (q->creator && q->creator[i] != UINT32_MAX)
		make_room(q, q->creator[i]);
	forget(q);
}
