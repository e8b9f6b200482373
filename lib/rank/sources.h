/*
 * sources - candidates that need no trained model, of a listener at a moment t. Only events before t count, and nothing released after t is found; so candidates of moments that
 * have passed are what they would have been then. The score of each source is its own and higher is better; equal ones stand by the bytes of the item id.
 *
 *   now        what is popular: charts.h, n(t)
 *   rising     what is more popular than it used to be: charts.h
 *   followed   of creators the listener holds to: f / (1 + place), f = (P + 5 L) (P + L + 1) / (P + L + S + D + 2) for P plays, L likes, S skips and D dislikes of the creator's
 *              items, place from 0 among those items of the creator that can be found: best known (most plays and likes before t), or newest (by the day released) first
 *   new        released within `new_for` seconds before t: (share of the listener's taste that is of its creator + mean over its tags of the share that has the tag) times
 *              1 - age / (2 new_for). The taste for an item is P + L - S - D, not below 0
 *   continue   of each group of a serial kind that was listened to within `lately` before t, where the listener is: the item listened to last when it was played less than
 *              `finished` of its length (all its events together; one without a value is whole) and not skipped, else the next in order of the group that was neither finished
 *              nor skipped. 2^(-age / half_life), age since the listener was there. Disliked more often than liked: the group is passed over
 *   again      what was liked well, but not lately: log2(1 + n) (1 - 2^(-age / rest)), n = P + L - S - D, 2 or more, age since it was heard last. Serial kinds are passed over
 *   near       what others heard in the same sessions as the 20 items heard last: the sum over those, place q from 0, and over the last 100 times each was heard before t by whomever,
 *              of what was heard up to 5 events before or behind it in the same session (no silence above half an hour): 5 / (5 + q) / distance / (10 + times), divided by
 *              the fourth root of 10 + plays and likes of the item found before t. (With now, the next tenth of ml-1m and of a made-up log: 21.8 and 11.3 % of it are among 100
 *              candidates of each; 21.2 and 10.9 % by the square root, 21.6 and 10.9 % without any.)
 *
 * All but again and continue leave out what the listener has in any event before t, unless keep is set. With a catalogue only its items are found. An event on an item that the
 * catalogue does not have counts for the creator of that name: so one follows a creator.
 *
 * An event of kind plays is as many plays as its value says, at most 65535, of the listener; in what is popular it is one, at its moment. That needs the values of the log (seqs.h),
 * as continue does: without them it is one play.
 *
 * now and rising look at the first 4 k + 1000 of a chart, made as of the last tick at or before t.
 *
 * Memory: 4 bytes an event (near, followed), 16 an item, the charts; for each user that is at work at a time 16 bytes an item, 4 a creator and group, 8 a tag, and 56 for each item that the
 * user has. Once made, reading is thread-safe.
 * Time: a user's own events; near up to 20000 events of others and a look at each item found; new all items within new_for.
 * Source of near: the neighbours of Sarwar et al. 2001, counted over sessions and no further back than the last times, as Jannach and Ludewig 2017 do with whole sessions.
 */
#ifndef TASTE_SOURCES_H
#define TASTE_SOURCES_H

#include "charts.h"
#include "shelf.h"

enum sources_which { SOURCES_NOW, SOURCES_RISING, SOURCES_FOLLOWED, SOURCES_NEW, SOURCES_CONTINUE, SOURCES_AGAIN, SOURCES_NEAR, SOURCES };

struct sources_opts {
	size_t k;			/* of each source, at most; with each_kind of now and rising k of each kind */
	unsigned wants;			/* 1 << which of those that are asked for */
	double half_life, new_for, lately, rest;	/* seconds, above 0; rest may be 0: whatever was heard often */
	double finished;		/* share of its length, 0 to 1 */
	const char *const *serial;	/* [n_serial] kinds that are heard in order */
	size_t n_serial;
	bool each_kind, keep, newest_first;
};

struct sources {
	struct sources_opts o;
	const struct seqs *log;
	const struct shelf *shelf;
	size_t n_items;			/* that can be found are numbered below it */
	uint32_t *rank;			/* [log->item.n] */
	uint32_t *creator_of;		/* [log->item.n] */
	size_t *heard_start;		/* [log->item.n + 1] */
	uint32_t *heard;		/* plays and likes of each item, by time */
	bool is_serial[UINT8_MAX + 1];	/* by shelf->kind_of */
	struct charts charts;
};

/*
 * sources_make - log and shelf are borrowed, and every event has a time. The items of the shelf come first in log->item, in their order; shelf NULL: there is no catalogue, and
 * followed, new and continue are not wanted. tick [n_ticks], ascending, are the moments of charts, borrowed. 0, or <0; then *s is released.
 */
int sources_make(struct sources *s, const struct seqs *log, const struct shelf *shelf, const struct sources_opts *o, const int64_t *tick, size_t n_ticks, struct err *e);
void sources_release(struct sources *s);
/* sources_name - "now", "rising", ... sources_of_name - the other way, SOURCES when there is none. */
const char *sources_name(enum sources_which which);
enum sources_which sources_of_name(struct str name);
/* sources_room - how many items a source finds at most. */
size_t sources_room(const struct sources *s, enum sources_which which);

struct sources_user;		/* one at a time in each thread */
struct sources_user *sources_user_new(const struct sources *s, struct err *e);
void sources_user_free(struct sources_user *w);
/* sources_user_is - a user of the log, VOCAB_NONE being one without events, and the moment. */
void sources_user_is(struct sources_user *w, uint32_t user, int64_t t);
/* sources_find - hit [sources_room], best first, and how many there are. */
size_t sources_find(struct sources_user *w, enum sources_which which, struct topk_hit *hit);

#endif
