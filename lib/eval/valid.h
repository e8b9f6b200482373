/*
 * valid - held-out events as a yardstick for those who choose between models while they learn: users and what they went on to have, in the numbers of a struct inter
 * that is learnt from.
 *
 * A user counts who has pairs there, and in the held-out events a pair that is new to them; both of weight. Items that nobody has learnt of are left out. At most n of these
 * users are drawn, by PCG stream 0 of the seed, and kept in their order.
 * Order of calls: valid_load, then for each model fill run (scorer_best does) and valid_means; valid_release.
 * Memory: 8 bytes for each pair that the users have, as much for each that is new, and 64 + 4 k bytes a user; while reading as inter.h says.
 */
#ifndef TASTE_VALID_H
#define TASTE_VALID_H

#include "metric.h"
#include "../data/inter.h"

struct valid {
	size_t n_users, k;
	struct csr has;			/* [n_users x items] what they learn from */
	struct metric_truth truth;	/* [n_users x items] and what is new to them, each worth 1 */
	struct metric_run run;		/* start [n_users + 1] and item [n_users x k], for the caller to fill */
	double *value;			/* [n_users x METRIC_PER_USER] */
	uint64_t n_events, n_unknown;	/* read; of users or items that are not in learnt */
};

/*
 * valid_load - learnt lends its ids while the events of path are read, and has them again when it returns 0; on failure it is released.
 *   o  weight, ctx and has_header are used: weights <= 0 leave events out
 * Fills *p and *inputs for provenance when not NULL. 0; ERR_DATA also when no user counts; ERR_MEM.
 */
int valid_load(struct valid *v, const char *path, struct inter *learnt, const struct inter_opts *o, size_t k, size_t n, uint64_t seed, struct prov *p,
	       struct buf *inputs, struct err *e);
void valid_release(struct valid *v);	/* zeroed is empty */
/* valid_means - of run over all users at k: ndcg and recall as in metric.h. */
int valid_means(struct valid *v, double *ndcg, double *recall, struct par *pool, struct err *e);

#endif
