/*
 * policy - what another way to rank would be worth, by a log of what was shown with known probabilities and how people took it: off-policy evaluation.
 *
 * The log has lists; row (u, r, a) says that user u saw item a at place r of a list, where it was put with probability p > 0, and reward y came of it. A row is there when the place was
 * looked at. The target policy puts item a at place r of u's list with probability pi(a | u, r): 1 for the item of a list that is given, or as said. Values are rewards a list, L lists:
 *
 *   logged   sum y / L                                      what was
 *   ips      sum w y / L,  w = min(pi / p, clip)            Horvitz, Thompson 1952; by places (item-position model): Li et al. 2018
 *   snips    sum over places of  M_r / L * sum w y / sum w  Swaminathan, Joachims 2015: biased by O(1/n), of less variance, and never above the largest reward a place
 *   dm       sum of m(u, r) / L                             what a model says: m(u, r) = sum over a of pi(a | u, r) y'(u, a)
 *   dr       sum of m(u, r) + w (y - y'(u, a)) / L          Dudík, Langford, Li 2011: right on average where either the propensities or the model y' are
 *
 * sums being over rows; in snips over those of place r (places from POLICY_PLACES on together), M_r the sum of pi over all items, 1 where the target has anything there; a place
 * where nothing matches adds nothing.
 * Matches:
 *   place   as above. Right when what comes of an item at a place does not depend on the rest of the list, and whether a place is looked at not on the items above
 *   list    w is the product of pi / p over this and all places above (clipped at the end), and m of dr is multiplied by that of the places above: right also when it does depend on what
 *           stands above (McInerney et al. 2020, reward interaction), but the products vary more and more further down
 *   item    places do not count: pi is 1/n for each of a list of n, or as said, and p has to be the probability of the item whatever the place: logs of single items. Every row is a list
 *
 * What nobody can see from a log: rewards of items that were never shown. Where the target puts what the log could not show, ips says 0. p is given what stands above, so
 * with place this is also so where the target's item stands above already. The mean of w, over rows where the target has anything, is 1 on average if nothing of this is so; how much less says how
 * much is missing. snips divides by it.
 *
 * Intervals: bootstrap over users (boot.h), all sums of a user together. Sums are in the order of rows. Memory: 16 bytes a row, 8 (8 + 3 places) bytes a user and 96 more a replica.
 */
#ifndef TASTE_POLICY_H
#define TASTE_POLICY_H

#include "boot.h"
#include "feedback.h"
#include "../num/csr.h"

enum { POLICY_PLACES = 32 };
enum policy_match { POLICY_PLACE, POLICY_ITEM, POLICY_LIST };
enum policy_value { POLICY_LOGGED, POLICY_IPS, POLICY_SNIPS, POLICY_DM, POLICY_DR, POLICY_VALUES };

struct policy_choice { uint32_t place, item; double p; };	/* with POLICY_ITEM place is 0 */
struct policy {
	size_t *start;			/* [users + 1] */
	struct policy_choice *choice;	/* of a user ascending by place, then item, none twice */
};

struct policy_opts {
	enum policy_match match;
	double clip;			/* 0: none */
	const struct csr *reward;	/* y' [users x items], 0 where there is no entry; NULL: none, and neither dm nor dr */
	size_t n_boot;
	uint64_t seed;
	struct par *pool;
};

struct policy_estimate {
	struct boot_interval v[POLICY_VALUES], gain[POLICY_VALUES];	/* n: users; gain: above logged */
	struct boot_interval weight;	/* mean of w before clipping, see above; NaN where the target has nothing */
	size_t n_rows, n_lists, n_matched;	/* matched: rows of w > 0 */
	double ess;			/* (sum w)^2 / sum w^2: as many rows as the target's own would say as much */
	double clipped;			/* share of the sum of weights that clip took away */
};

/* policy_places - has every list of the log, which is sorted, all its places down to the last? 0, or ERR_DATA with a sentence that names the user of one that has not. */
int policy_places(const struct feedback *f, const struct vocab *user, struct err *e);
/* policy_estimate - of the rows of the log, which is sorted; with POLICY_LIST policy_places holds. Users are 0 .. n_users. 0, ERR_MEM, ERR_DATA where nothing matched, ERR_NUMERIC for weights or values beyond the range of a double. */
int policy_estimate(struct policy_estimate *out, const struct feedback *f, const struct policy *target, size_t n_users, const struct policy_opts *o, struct err *e);

#endif
