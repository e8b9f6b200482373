/*
 * world - a seeded world of listeners whose true preferences are known.
 *
 * Everything lives in a space of taste of WORLD_DIM dimensions: genres, creators near their genre, items near their creator, and listeners, who wander slowly:
 *
 *   v_i              an item's place: genre + creator's own + item's own, normal variates
 *   p_u(t)           a listener's place: a cos(w t) + b sin(w t), |a| = |b|, w = drift * pi / 2 a year: with drift 1 a listener is somebody else after a year
 *   affinity         s p_u(t).v_i / sqrt(WORLD_DIM) + appeal_i
 *   preference       1 / (1 + exp(-affinity)): the probability that a play is heard to its end rather than skipped
 *   expected share   of the listener's plays, when nothing but taste and popularity mattered; within a kind proportional to
 *                    (popularity of the creator) * exp(0.6 affinity of the creator) * (the item's part of the creator's plays)
 *
 * The part of item j = 0 .. n-1 of a creator of music is 0.4 / n + 0.6 (sqrt(j+1) - sqrt(j)) / sqrt(n), of speech 1 / n.
 *
 * With context X > 0 a session also has a place and a mood beside its device (situation.h), and where p_u(t) stands above it is
 *
 *   p_u(t) + X (sum over the keys that are known of g + h_u)
 *
 * g a direction for the key's value, common to all (normal, 0.258 in each dimension; the directions of a key add up to nothing over the sessions of the world), h_u the
 * listener's own (0.129). Of three keys this is a variate of 0.5 at X = 1, half of what a listener is: p_u(t) has 1. All that is sought and skipped follows it: favourite
 * creators and shows are taken in proportion to exp(0.6 (affinity here - affinity anywhere)), and tracks of a creator in proportion to (the item's part) * exp(affinity +
 * appeal). In a situation a kind's part of the plays is in proportion to (its part anywhere) * (the chance of that situation in a session of that kind).
 *
 * A day of a listener is drawn from a PCG stream of (seed, listener, day): sessions by hour and device, music in runs of an album or a creator's best, episodes and
 * chapters in their order, taken up where they were left. Popularity of creators is Zipf. The output is in order of time and the same for any number of threads.
 *
 * Memory: about 120 bytes an item, 100 a creator, 200 a listener, the text of names, and 120 for each event of a day.
 */
#ifndef TASTE_WORLD_H
#define TASTE_WORLD_H

#include "../data/event.h"
#include "situation.h"
#include "../base/par.h"

enum { WORLD_DIM = 8 };
enum { WORLD_PLAY, WORLD_SKIP, WORLD_LIKE };

struct world_opts {
	uint64_t seed;
	size_t n_users, n_items[WORLD_KINDS];	/* tracks, episodes, chapters */
	uint64_t n_events;			/* how many there will be, exactly */
	size_t days;				/* over how many days, about */
	int64_t start;				/* of the first day, seconds since 1970: a midnight between the years 1900 and 3000 */
	double zipf, drift;
	double noise;				/* 0..1: how often a creator is chosen by chance */
	double context;				/* >= 0: how much tastes depend on the situation; 0: events have no place and no mood */
};

struct world_event { int64_t time; uint32_t user, item; float seconds; uint8_t what : 7, is_shuffle : 1; struct situation at; };	/* what: WORLD_PLAY, ... */

extern const struct str world_what[];	/* the names of events */

struct world;
struct world *world_new(const struct world_opts *o, struct par *pool, struct err *e);	/* pool borrowed */
void world_free(struct world *w);
/* world_next - the next events in order of time, about a day of them: *ev [*n]. Before the first call *ev is NULL. meanwhile(ctx), may be NULL, is called once, on any
 * thread, while they are made: *ev still points to the events handed out last, which are written then. 1, 0 when there are n_events, <0 error. */
int world_next(struct world *w, void (*meanwhile)(void *ctx), void *ctx, const struct world_event **ev, size_t *n, struct err *e);
/* world_get - as a record of the events stream; strings live with the world. */
void world_get(const struct world *w, const struct world_event *x, struct event *ev);

size_t world_n_items(const struct world *w);
/* world_put_item - append an item's row of the items stream, without newline. */
void world_put_item(const struct world *w, size_t i, struct buf *b);
const struct vocab *world_users(const struct world *w);		/* ids, numbered as in events */
const struct vocab *world_items(const struct world *w);

/* ---- the truth, after the last event; a day `later` counts from 0, the first that is not in the log any more ---- */

/* world_preference - in (0, 1), on day 0. In that situation, or with nothing known of it. */
double world_preference(const struct world *w, uint32_t user, uint32_t item, struct situation at);
/* world_shares - expected shares [n_items] of a listener's plays in that situation; they add up to 1. */
void world_shares(const struct world *w, uint32_t user, struct situation at, double *share);
/* world_place - p_u(t) of that day. world_move_to - to what it is in a situation. world_like - the preference of who stands there. */
void world_place(const struct world *w, uint32_t user, size_t later, float p[WORLD_DIM]);
void world_move_to(const struct world *w, uint32_t user, struct situation at, float p[WORLD_DIM]);
float world_like(const struct world *w, const float p[WORLD_DIM], uint32_t item);
/* world_session - when a session of the listener on that day may begin, and its situation, out of r. */
int64_t world_session(const struct world *w, uint32_t user, size_t later, struct pcg32 *r, struct situation *at);
int64_t world_midnight(const struct world *w, size_t later);	/* at which that day begins */
uint64_t world_seed(const struct world *w, size_t later);	/* of that day's streams: 1000000007 + user is its own */
float world_seconds(const struct world *w, uint32_t item);
const float *world_item_place(const struct world *w, uint32_t item);	/* [WORLD_DIM] */
struct str world_context(const struct world *w, struct situation at);	/* as text, which lives with the world */
/* world_skip_after - seconds until what is that long is skipped: the less it is liked the sooner. world_is_liked - an event of its own after a play. x uniform in 0..1. */
static inline float world_skip_after(float seconds, float like, float x) { return 2 + floorf(x * (seconds < 60 ? seconds : 60) * (0.2f + like)); }
static inline bool world_is_liked(float like, float x) { return x < 0.08f * like * like; }

#endif
