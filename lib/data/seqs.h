/*
 * seqs - events as sequences: what each user did, in order of time. What models of order learn from and what they fold in.
 *
 * Events of a user stand in order of time; of equal times in the order they were read (files one after the other). An event without a time stands right behind the one of the
 * same user that was read before it, so that a log without any times keeps its order; where none with a time was before it, it comes first.
 *
 * Memory: 13 bytes an event (1 more with devices, 4 with values), 8 bytes a user, and the ids. While reading 4 more, and what arrays that double have in reserve; 8 more an event while events are
 * brought together by user, which a log that has them so does not need; 24 bytes an event of the longest sequence that is not in order of time, for each thread.
 * Time: reading; putting in order is a counting sort by user, and by time a look at each event, and a radix sort of the sequences that need it.
 */
#ifndef TASTE_SEQS_H
#define TASTE_SEQS_H

#include "event.h"
#include "inter.h"
#include "../base/par.h"

/* What an event was, from its kind: skip; like, love, save, follow; dislike, ban, hate; unlike, which only takes a like back, is nothing, and left out; any other is a play. */
enum seqs_act { SEQS_PLAY, SEQS_SKIP, SEQS_LIKE, SEQS_DISLIKE, SEQS_ACTS, SEQS_NOTHING = 14, SEQS_ACT = 15, SEQS_PLAYS = 64, SEQS_WEIGHTLESS = 128 };
enum { SEQS_DEVICES_MAX = 255 };

struct seqs {
	struct vocab user, item;	/* numbered by first sight */
	size_t n;			/* events that are here, at most 2^32 - 1 */
	size_t n_users;			/* rows: user.n, or more (seqs_put) */
	size_t *start;			/* [n_users + 1] */
	uint32_t *what;			/* [n] items */
	uint8_t *act;			/* [n] enum seqs_act, + SEQS_WEIGHTLESS where the weight is not above 0, + SEQS_PLAYS with values where the kind is plays: then the value is their number */
	int64_t *time;			/* [n] TIME_NONE where the event has none */
	struct vocab device;		/* values of device= in the contexts, of events that are here, by first sight; at most SEQS_DEVICES_MAX of them */
	uint8_t *device_of;		/* [n] 0: none, or one more than there is room for; else 1 + number in device. NULL when not asked for */
	float *value_of;		/* [n] seconds heard, a rating: NaN where there is none. NULL when not asked for */
	int64_t newest;			/* time of the newest event that was put here, TIME_NONE where none has one; seqs_rows leaves it 0 */
	uint64_t n_events;		/* read, whatever became of them */
	uint64_t n_unknown;		/* left out because of keep_items or keep_users */
};

struct seqs_opts {
	inter_weight *weight;		/* of an event; NULL: 1 for each */
	void *ctx;
	bool keep_weightless;		/* else events whose weight is not above 0 are left out (their users and items are numbered all the same) */
	bool keep_items, keep_users;	/* item (user) already holds ids: events of others are left out and counted */
	bool keep_devices;		/* device already holds values, no new ones are added */
	bool has_devices, has_values;	/* device_of, value_of are asked for */
	bool has_header;
	const char *time_for;		/* what needs a time of each event, so that one without is an error of seqs_load; NULL: nothing does */
	struct par *pool;		/* may be NULL */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);	/* bytes; NULL: none */
	void *progress_ctx;
};

/* seqs_load - read paths[n] (none: stdin) one after the other into *s, which is zeroed but for the vocabularies to keep. Fills *p and *inputs for provenance when not NULL. 0 or
 * <0; then *s is released. */
int seqs_load(struct seqs *s, const char *const *path, size_t n, const struct seqs_opts *o, struct prov *p, struct buf *inputs, struct err *e);
/* For whoever reads the events and wants more of them than this: seqs_begin, seqs_add for each event, seqs_end, which is to be called in any case, and answers as seqs_load does; it
 * gives up when *e holds an error already. s is borrowed. */
struct seqs_make;
struct seqs_make *seqs_begin(struct seqs *s, const struct seqs_opts *o);
void seqs_add(struct seqs_make *m, const struct event *ev);
/* seqs_put - the same, its weight and the numbers of its user and item being known; VOCAB_NONE: it is left out and counted. Then s->n_users says before seqs_end how many users there are. */
void seqs_put(struct seqs_make *m, uint32_t user, uint32_t item, double weight, const struct event *ev);
int seqs_end(struct seqs_make *m, struct err *e);
void seqs_release(struct seqs *s);	/* zeroed is empty */
/* seqs_rows - out has the sequences row [n] of s in that order, VOCAB_NONE being one without events, and the devices of s; user and item are empty. Values stay behind. row NULL: the n from `first` on. */
int seqs_rows(struct seqs *out, const struct seqs *s, const uint32_t *row, size_t first, size_t n, struct err *e);

/* seqs_act_of - of an event's kind. */
enum seqs_act seqs_act_of(struct str kind);
bool seqs_is_against(struct str kind);	/* a skip or a dislike */
/* seqs_wanted - an inter_weight that tells pairs that have only skips and dislikes: these are next to nothing, so that however many are less than 1, and any other event is 1. */
double seqs_wanted(const struct event *ev, void *ctx);
/*
 * seqs_cut - sessions: sequences cut wherever more than gap seconds lie between two events (gap 0: nowhere), each [start[k], start[k+1]) of the events.
 * *start [*n_sessions + 1] is the caller's to free; sequences without events are none. 0 or ERR_MEM.
 */
int seqs_cut(const struct seqs *s, int64_t gap, size_t **start, size_t *n_sessions, struct err *e);

#endif
