/*
 * quota - floors and caps: at least, or at most, such a share of a list is of some kind. An item may count for several of them: bit q of its kinds says that it counts for quota q.
 *
 *   at least S    among the first r places of a list there are floor(S r) of them or more, for every r
 *   at most S     among the first r there are ceil(S r) of them or fewer, and in the whole list of k no more than floor(S k)
 *
 * (a product within 1e-9 of a whole number is that number). A cap is never broken. A floor is held as far as there are candidates: quotas_short says by how much all floors
 * together would be missed, summed over all places to come, if the list went on with a candidate; the best candidate is then one that misses least. That is worked out by
 * filling the places that are left by earliest deadline, the floor whose next one is due first, taking of the kinds that serve it the one that serves most floors, among what is
 * there, at most `per` of one creator. For one floor, and for several of which no item serves two, that is exact: a floor that can be held is held. Where creators or caps are
 * scarce too, about one list in a hundred of those that tests/u-quota.c compares with the search of all could have held more.
 *
 *   quotas_begin, then for each place quotas_allow and quotas_short of whom one likes and quotas_take of one; quotas_release. One thread.
 *
 * Cost: quotas_short takes k times floors times different kinds of items, once for each kind and place but for creators that are scarce. Memory: 12 bytes a candidate; 8 bytes a place
 * times quotas; 4 bytes a creator times different kinds of items.
 */
#ifndef TASTE_QUOTA_H
#define TASTE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

enum { QUOTA_MAX = 32 };

struct quota { double least, most; };		/* shares: least 0: no floor, most 1: no cap */

struct quotas {			/* zeroed is empty */
	const struct quota *quota;
	size_t n, k, n_list;
	uint32_t *kind;			/* [n_cands] which of kinds */
	uint32_t *kinds;		/* [n_kinds] the different ones: bits by quota */
	size_t *there;			/* [2 x n_kinds] candidates of it that could come, and scratch */
	uint32_t floors, caps;		/* which are, by bits */
	size_t n_kinds;
	size_t count[QUOTA_MAX];	/* in the list */
	uint32_t *allowed, *deadline;	/* [n x (k + 2)] quota_allowed at each place; the place by which one more than so many is due, UINT32_MAX: none */
	double *known;			/* [n_kinds] quotas_short of any of a kind whose leaving takes nothing else away, at this place; below 0: not known */
	const uint32_t *creator;	/* [n_cands] borrowed; NULL: nobody is capped */
	size_t per;
	uint32_t *of;			/* [n_creators x n_kinds] candidates not taken */
	uint32_t *taken;		/* [n_creators] in the list */
	bool *is_roomy;			/* [n_creators] whoever of them is taken, the others can come as before */
};

/*
 * quotas_begin - for a list of k out of n candidates whose kinds are kinds[n]. creator [n], each below n_creators or UINT32_MAX (not known), and per: at most so many of one creator;
 * NULL and 0: no such rule. n_quotas <= QUOTA_MAX; quota and creator outlive it. 0 or ERR_MEM, then it is released.
 */
int quotas_begin(struct quotas *q, const struct quota *quota, size_t n_quotas, const uint32_t *kinds, size_t n, const uint32_t *creator, size_t n_creators, size_t per, size_t k, struct err *e);
void quotas_release(struct quotas *q);
/* quotas_allow - no cap is broken by candidate i at the next place. */
bool quotas_allow(const struct quotas *q, size_t i);
/* quotas_short - by how much floors are missed from the next place on if candidate i takes it; SIZE_MAX: if whatever is best for them does. 0: not at all. */
double quotas_short(struct quotas *q, size_t i);
/* quotas_take - it does. */
void quotas_take(struct quotas *q, size_t i);
/* quotas_keep - do the caps hold for the list as it is, were it whole? */
bool quotas_keep(const struct quotas *q);
bool quotas_has_floors(const struct quotas *q);
/* quota_due, quota_allowed - floor(S r) and, for place r of a list of k, min(ceil(S r), floor(S k)). */
size_t quota_due(double least, size_t r);
size_t quota_allowed(double most, size_t r, size_t k);

#endif
