/*
 * inter - a whole events stream in memory as a users x items matrix: what trainers and evaluators hold. Entry (u, i) is the sum of weights of u's events on i.
 * A pair's sum does not depend on the order of the events (csr_take).
 * Memory: 12 bytes an event that counts while reading (20 when events fade), 8 bytes a distinct pair in the end, 8 a user, and the ids.
 */
#ifndef TASTE_INTER_H
#define TASTE_INTER_H

#include "event.h"
#include "../num/csr.h"

struct inter {
	struct vocab user, item;	/* numbered by first sight */
	struct csr m;			/* [users x items] summed weights, > 0 */
	uint64_t n_events;		/* read, whatever their weight */
};

/* weight(ev, ctx): what an event adds; <= 0 leaves it out (its ids are still numbered). NULL: 1 for each. */
typedef double inter_weight(const struct event *ev, void *ctx);
/* fade(age, ctx): what is left of a weight so many seconds after the event; 0 leaves it out. */
typedef double inter_fade(int64_t age, void *ctx);

struct inter_opts {
	inter_weight *weight;
	inter_fade *fade;		/* by the time to the newest event read; one without a time is an error. NULL: none */
	void *ctx;
	struct par *pool;		/* to sort by; may be NULL */
	int64_t newest;			/* out: time of the newest event, TIME_NONE where none has one */
	bool has_header;
	bool keep_vocab;		/* user and item already hold ids: events of others are left out (and counted) */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);	/* bytes; NULL none */
	void *progress_ctx;
	uint64_t n_unknown;		/* out: events left out because of keep_vocab */
};

/* inter_load - read paths[n] (none: stdin) one after the other. Fills *p and *inputs for provenance when not NULL. 0 or <0; then *m is released. */
int inter_load(struct inter *m, const char *const *path, size_t n, struct inter_opts *o, struct prov *p, struct buf *inputs, struct err *e);
void inter_release(struct inter *m);

#endif
