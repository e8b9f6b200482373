/*
 * draft - two lists in one, so that a listener may choose between them without knowing: team-draft interleaving.
 *
 * The lists take turns as captains who pick players do. In every round a coin says who is first; each takes its best item that nobody has yet, which is of its team from then on. It ends
 * with k items, or when the one whose turn it is has none left. A shorter k is the beginning of a longer one. The coins of a user come from PCG stream (seed, XXH3-64 of the id): the same
 * seed, lists and user make the same draft anywhere, so that it need not be kept to know later whose item was taken up.
 *
 * Whoever's items were taken up more wins the user. With no difference between the lists a win is as probable as a loss: the sign test. Each list has the same chance of each place,
 * so it does not matter how places are looked at.
 * Source: Radlinski, Kurup, Joachims 2008, "How does clickthrough data reflect retrieval quality?"; Wilson 1927 (the interval of a share).
 */
#ifndef TASTE_DRAFT_H
#define TASTE_DRAFT_H

#include <stddef.h>
#include <stdint.h>
#include "../base/buf.h"

struct draft_pick { uint32_t item; uint32_t from; uint8_t team; };	/* from: its place in the list of its team, from 0 */

/* draft_make - pick [at most k and n[0] + n[1]]: how many. list[t] [n[t]] has no item twice. mark [items] of the caller has no `now` in it, and has it afterwards at those picked. */
size_t draft_make(struct draft_pick *pick, const uint32_t *const list[2], const size_t n[2], size_t k, uint64_t seed, struct str user, uint32_t *mark, uint32_t now);

struct draft_score {
	size_t wins, ties, losses;	/* of users, of the first list */
	double share, low, high;	/* wins / (wins + losses) and its 95 % interval; NaN without either */
	double p;			/* exact two-sided sign test; 1 without either */
};
/* draft_settle - the rest of *s from its three counts. Time: a step for each user of the fewer. */
void draft_settle(struct draft_score *s);

#endif
