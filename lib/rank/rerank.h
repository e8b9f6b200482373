/*
 * rerank - from one user's candidates to the list that is shown: join, filter, blend, cap, cut.
 *
 * Steps, in this order, for the candidates of one user:
 *   1 join      the same item from several sources is one candidate: its best score (ties: the earlier line), all its sources
 *   2 filter    --allow, --deny, --seen (the program marks those; reasons are kept)
 *   3 scale     score to [0, 1]: (s - min) / (max - min) over what is left; all equal: 1
 *   4 blend     (1 - w) * scaled + w * pop, pop in [0, 1] by the program
 *   5 order     by blend, then by id bytes
 *   6 cap       walk from the top, at most n of one creator (an empty creator is never capped)
 *   7 cut       the first k
 * Nothing is forgotten: what falls out carries the step that dropped it. Memory: one user's candidates.
 */
#ifndef TASTE_RERANK_H
#define TASTE_RERANK_H

#include <stdbool.h>
#include "../base/arena.h"
#include "../data/vocab.h"

struct rerank_from {		/* what a source said of a candidate */
	double score;			/* its best */
	uint32_t source;		/* number in rerank.source */
	uint32_t cand;			/* index in rerank.cand as rerank_add gave it: good until rerank_run puts them in order */
	uint32_t before;		/* 1 + index of another of the same candidate, 0: none; good until rerank_places */
	uint32_t place;			/* 1 + how many candidates the source gave a better score (ties by id); after rerank_places */
};

enum rerank_drop { DROP_NOT, DROP_ALLOW, DROP_DENY, DROP_SEEN, DROP_CREATOR, DROP_CUT };

struct rerank_cand {
	struct str item, source, creator, features;	/* features: the candidate's own k=v columns, TAB between, escaped */
	double score;			/* as it came, or what the program sets before rerank_run; finite */
	double came;			/* as it came */
	double scaled, pop, blend;	/* step 3 and 4; pop is the caller's */
	uint32_t last_from;		/* 1 + index in rerank.from; good until rerank_places */
	uint32_t row;			/* the program's */
	size_t place_in;		/* 1 + how many candidates came with a better score (ties by id), whatever score is now */
	enum rerank_drop drop;
};

struct rerank {			/* one user's list; zeroed is empty */
	struct rerank_cand *cand;
	size_t n, cap;
	struct arena bytes;		/* the strings of cand */
	struct vocab item;		/* id -> index in cand */
	struct rerank_from *from;	/* of a source that names an item twice there is one */
	size_t n_from, cap_from;
	struct vocab source;		/* names; kept by rerank_reset, so that numbers stay from user to user */
};

struct rerank_opts {
	double pop_weight;		/* w, 0..1 */
	size_t per_creator;		/* 0: no cap */
	size_t k;
};

void rerank_reset(struct rerank *r);
void rerank_release(struct rerank *r);
/* rerank_add - one candidate line; strings are copied. Returns its place in r->cand, where the caller sets creator, pop and drop. Joins as step 1 says. */
size_t rerank_add(struct rerank *r, struct str item, double score, struct str source, struct str features);
/* rerank_places - from[].place. After the last rerank_add. 0 or ERR_MEM. */
int rerank_places(struct rerank *r, struct err *e);
/* rerank_run - steps 3 to 7: afterwards cand[] is in final order, the kept ones (drop == DROP_NOT) by rank, the dropped ones marked. 0 or ERR_MEM. */
int rerank_run(struct rerank *r, const struct rerank_opts *o, struct err *e);
const char *rerank_drop_name(enum rerank_drop d);	/* "allow", "deny", "seen", "per-creator", "cut" */

#endif
