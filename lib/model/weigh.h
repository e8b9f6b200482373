/*
 * weigh - from events to the weight of an observed (user, item) pair, in two steps:
 *
 *   r = sum over the pair's events of the weight of the event's kind         weigh_event, while the events are read
 *       times a function of the event's value, where its kind has one: v, log2(1 + v), or 1 for v > 0; 0 for v <= 0, 1 where there is none
 *       times 2^(-age / half_life), where there is a half-life                 weigh_fade
 *   shape(r)                                                                 weigh_pair, once a pair
 *       binary   1
 *       linear   r
 *       log      log2(1 + r)
 *
 * The three agree at r = 1. A model keeps both steps in its file, so that users who are folded in are weighed as those it
 * learnt from: an age is the time to the newest event the model has learnt from, and 0 for what came later or has no time. What is older than
 * WEIGH_FADED half-lives weighs nothing. An event without a kind is a play. Kinds are compared byte by byte; there are few, so by a plain loop.
 * Reading an event's weight is thread-safe, changing the table is not.
 * Source of the shapes: Hu, Koren, Volinsky 2008, "Collaborative Filtering for Implicit Feedback Datasets", section 4 (linear
 * and log). We take log2(1 + r) where they have log(1 + r / epsilon), so that one play means the same under every shape, and no factor alpha: als sets the
 * weight of what was not observed beside it, which is the same thing.
 */
#ifndef TASTE_WEIGH_H
#define TASTE_WEIGH_H

#include "../base/buf.h"
#include "../data/event.h"
#include "../data/vocab.h"

struct artifactw;
struct model;

enum weigh_shape { WEIGH_BINARY, WEIGH_LINEAR, WEIGH_LOG };
#define WEIGH_SHAPES "binary|linear|log"	/* their names, for option tables */
enum weigh_value { VALUE_OTHER = -1, VALUE_IGNORE, VALUE_BINARY, VALUE_LINEAR, VALUE_LOG };

struct weigh {
	struct weigh_kind {
		char *name;
		size_t len;
		double w;			/* below 0: as any other */
		enum weigh_value value;		/* VALUE_OTHER: as of any other */
	} *kind;				/* sorted by name */
	size_t n, cap;
	double other;		/* of kinds that are not in the table */
	enum weigh_value other_value;
	enum weigh_shape shape;
	double half_life;	/* seconds; 0: none */
	int64_t newest;		/* where ages count from; TIME_NONE: not known yet, every age is 0 */
};

enum { WEIGH_FADED = 20 };

/* weigh_init - skip, dislike, ban, hate and unlike 0, all others 1; values are ignored but those of `plays`, a count, which is linear: so many plays; log; no half-life. */
void weigh_init(struct weigh *w);
void weigh_release(struct weigh *w);
/* weigh_parse - change the table by "KIND=W[,KIND=W...]"; the kind * stands for all that are not in the table. W is 0 (leave such events out)
 * to 1e6. Returns 0, or ERR_USAGE with a sentence that says what is wrong with which part. */
int weigh_parse(struct weigh *w, const char *spec, struct err *e);
/* weigh_parse_values - the same by "KIND=HOW[,KIND=HOW...]": ignore, binary, linear or log. */
int weigh_parse_values(struct weigh *w, const char *spec, struct err *e);
/* weigh_text - append the table as weigh_parse takes it, one way only: "*=1,ban=0,dislike=0,hate=0,skip=0,unlike=0". */
void weigh_text(const struct weigh *w, struct buf *out);
/* weigh_values_text - likewise, as weigh_parse_values takes it: "*=ignore,plays=linear". */
void weigh_values_text(const struct weigh *w, struct buf *out);
/* weigh_event - the weight of one event; an inter_weight, ctx is the struct weigh. */
double weigh_event(const struct event *ev, void *ctx);
/* weigh_fade - what is left of a weight after so many seconds; an inter_fade, ctx is the struct weigh. */
double weigh_fade(int64_t age, void *ctx);
/* weigh_put - meta weight, value and shape, and where there is a half-life half_life (seconds) and newest. */
void weigh_put(const struct weigh *w, struct artifactw *a);
/* weigh_copy - *to, which is not released, becomes like *w. */
void weigh_copy(struct weigh *to, const struct weigh *w);
/* weigh_load - all of it as weigh_put has left it in a model file. On failure *w is to be released like any. */
int weigh_load(struct weigh *w, const struct model *m, struct err *e);
/* weigh_shape - one of WEIGH_SHAPES. */
const char *weigh_shape(const struct weigh *w);
/* weigh_pair - shape(r), r > 0. */
float weigh_pair(const struct weigh *w, float r);
/* weigh_bad - ERR_NUMERIC with a sentence that a pair, of user u and item i, weighs x, which is not positive and finite. user, item: to name them, or NULL. */
int weigh_bad(float x, const struct vocab *user, size_t u, const struct vocab *item, size_t i, struct err *e);

#endif
