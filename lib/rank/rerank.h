/*
 * rerank - from one user's candidates to the list that is shown.
 *
 * Stages, in this order, for the candidates of one user:
 *   1 join      the same item from several sources is one candidate: its best score (ties: the earlier line), all its sources
 *   2 forbid    hard rules: --allow, --deny, --seen, --never. The program marks those (drop), and asks once more of what comes out: nothing later brings one back
 *   3 score     the program may set score anew: by a model (--score)
 *   4 blend     score to [0, 1]: (s - min) / (max - min) over what is left; all equal: 1. Then (1 - |w|) * scaled + |w| * pop, or + |w| * (1 - pop) when w < 0; pop in [0, 1] by
 *               the program
 *   5 order     by blend, then by id bytes: from here on nothing depends on the order in which candidates came
 *   6 compose   the list is built place by place, from what is left. The candidates of a place are those that
 *                 a  break no cap: --per-creator, and the caps among the quotas (quota.h)
 *                 b  miss no floor that another would hold, now or at a place to come (quota.h)
 *                 c  keep their distance: N others since the last of the same creator or group. Where b and c exclude each other b is held; where nobody keeps the
 *                    distance those who keep most of it stay
 *               and the one with the largest gain takes it, ties by the order of 5, or one by chance (explore.h):
 *                 gain = (1 - X) blend + X term - sum of W_a (KL_a with it - KL_a without)
 *               X and term: diversity (diverse.h); KL_a: the distance of the list's mix from the listener's own by facet a (mix.h).
 *               What was shown before (stays) is placed first, in its order, as far as 2 and a let it.
 *               A list ends when it is k long or nobody is left by a. Is it shorter, and more than its caps allow for its length, then it is composed anew for that length,
 *               or at once for the longest that its caps could allow where that is less.
 *   7 mark      all others: DROP_CREATOR or DROP_CAP where that rule forbade them a place behind the last, else DROP_CUT
 * Nothing is forgotten: what falls out carries the step that dropped it, and with wants_held at how many places each rule put a lower one before it.
 * With nothing but k and per_creator set a list is the order of 5, capped and cut.
 *
 * score falls along a list, so that a list sorted by it is the list: blend where that is so by itself, else 1e-6 less than the one above.
 *
 * Cost for n candidates and a list of k: n log n to order, and with any rule but per_creator n for each place and what the rules take (their headers). Memory: one user's candidates, 256 bytes each and
 * 400 while a list is made, and the rules'.
 */
#ifndef TASTE_RERANK_H
#define TASTE_RERANK_H

#include <stdbool.h>
#include "../base/arena.h"
#include "../data/vocab.h"
#include "diverse.h"
#include "explore.h"
#include "mix.h"
#include "quota.h"

struct rerank_from {		/* what a source said of a candidate */
	double score;			/* its best */
	uint32_t source;		/* number in rerank.source */
	uint32_t cand;			/* rerank_cand.number: its index in rerank.cand until rerank_run puts them in order */
	uint32_t before;		/* 1 + index of another of the same candidate, 0: none; after rerank_places of the next one behind it */
	uint32_t place;			/* 1 + how many candidates the source gave a better score (ties by id); after rerank_places */
};

enum rerank_drop { DROP_NOT, DROP_ALLOW, DROP_DENY, DROP_SEEN, DROP_NEVER, DROP_CREATOR, DROP_CAP, DROP_CUT };

/* Why a candidate with a better blend was passed over at a place. HELD_DIVERSITY and HELD_MIX: that term of the gain spoke most against it. */
enum rerank_held { HELD_CREATOR, HELD_CAP, HELD_FLOOR, HELD_SPACE, HELD_DIVERSITY, HELD_MIX, HELD_CHANCE, HELD_SHOWN, HELD_COUNT };

struct rerank_cand {
	struct str item, source, features;	/* features: the candidate's own k=v columns, TAB between, escaped */
	double score;			/* as it came, or what the program sets before rerank_run; finite */
	double came;			/* as it came */
	double scaled, pop, blend;	/* stage 4; pop is the caller's */
	double shown;			/* of those kept: the score that falls along the list */
	double propensity;		/* of those kept: explore.h; 1 without */
	double near;			/* of those kept: the largest likeness to one above, 0: none */
	uint32_t near_to;		/* which that is, by place in the list from 0 */
	uint32_t last_from;		/* 1 + index in rerank.from of its last; after rerank_places of its first */
	uint32_t number;		/* what rerank_add returned */
	uint32_t cap_source;		/* room at source.p, 0 while it has one source */
	size_t place_in;		/* 1 + how many candidates came with a better score (ties by id), whatever score is now */
	size_t place_blend;		/* 1 + how many come before it in the order of stage 5; 0: dropped before */
	enum rerank_drop drop;
	/* the caller's, before rerank_run */
	struct str creator, group;	/* of the rules about them; empty: not known, which no rule is about */
	uint32_t row;			/* number in the catalogue, VOCAB_NONE: it is not there */
	uint32_t kinds;			/* quotas for which it counts, by bits */
	size_t stays;			/* 1 + its place in the list shown before, 0: it was not there. With stays_score it is no candidate of this time: that is its blend */
	bool has_stays_score;
	double stays_score;
	const float *vec;		/* [diverse.d] or NULL */
	double spread;			/* EXPLORE_THOMPSON */
	/* out */
	uint16_t held[HELD_COUNT];	/* with wants_held: at how many places it was passed over for what */
	bool was_spaced, was_due, was_drawn;	/* of those kept: it stands where another kept no distance; where a floor was due; by chance */
};

struct rerank {			/* one user's list; zeroed is empty */
	struct rerank_cand *cand, *spare;	/* spare: where the next order is put */
	size_t n, cap, cap_spare;
	struct arena bytes;		/* the strings of cand */
	struct vocab item;		/* id -> index in cand */
	struct rerank_from *from;	/* of a source that names an item twice there is one */
	size_t n_from, cap_from;
	uint32_t *slot;			/* [n_slots] 1 + index in from, by candidate and source; used while n_found > 0: once a candidate has many sources */
	size_t n_slots, n_found;	/* n_found: of from, those that have a slot */
	struct vocab source;		/* names; kept by rerank_reset, so that numbers stay from user to user */
	struct vocab scratch;
	const struct mix *mix;		/* [n_mixes] the caller's: what the user has, by each facet of the options */
	uint64_t stream;		/* the caller's: of the user (and day): of random numbers */
	/* out */
	size_t n_kept;
	size_t n_unspaced;		/* places where nobody kept the distance */
	size_t missed[QUOTA_MAX];	/* by how much the list misses each floor */
};

enum { RERANK_MIXES = 4 };

struct rerank_opts {
	double pop_weight;		/* w, -1..1 */
	size_t per_creator;		/* 0: no cap */
	size_t k;
	double diversity;		/* X, 0..1 */
	enum diverse_how how;
	struct diverse_by by;
	size_t space_creator, space_group;	/* N others between; 0: no rule */
	struct quota quota[QUOTA_MAX];
	size_t n_quotas;
	struct { const struct facets *facets; double weight; } mix[RERANK_MIXES];
	size_t n_mixes;
	struct explore explore;
	uint64_t seed;
	bool wants_held;
};

void rerank_reset(struct rerank *r);
void rerank_release(struct rerank *r);
/* rerank_add - one candidate line; strings are copied. Returns its place in r->cand, where the caller sets creator, pop and drop. Joins as step 1 says. */
size_t rerank_add(struct rerank *r, struct str item, double score, struct str source, struct str features);
/* rerank_places - from[].place. After the last rerank_add. 0 or ERR_MEM. */
int rerank_places(struct rerank *r, struct err *e);
/* rerank_run - stages 4 to 7: afterwards cand[] is in final order, the n_kept kept ones (drop == DROP_NOT) as in the list, the dropped ones marked behind them. 0 or ERR_MEM. */
int rerank_run(struct rerank *r, const struct rerank_opts *o, struct err *e);
/* rerank_compose - stage 6 and 7 alone: of cand[0 .. n), none dropped, in the order of stage 5, list [min(k, n)] is filled and n_kept set. Called by rerank_run. 0 or ERR_MEM. */
int rerank_compose(struct rerank *r, const struct rerank_opts *o, size_t n, uint32_t *list, struct err *e);
const char *rerank_drop_name(enum rerank_drop d);	/* "allow", "deny", "seen", "never", "per-creator", "cap", "cut" */
const char *rerank_held_name(enum rerank_held h);	/* "per-creator", "cap", "floor", "space", "diversity", "mix", "chance", "shown" */

#endif
