/*
 * past - what is known at a moment: of each listener the events so far, of items, creators, groups, tags and kinds how often they were heard and in which situations. What features.h
 * reads. Nothing that happens at a moment or after it is in what is known at it.
 *
 *   past_items, past_event, ...   the catalogue and a log, in any order
 *   past_ready                    puts it in order; nothing is known yet
 *   past_walk                     to a moment: events before it become known. Moments may only grow
 *
 * Events of a listener stand in order of time, of equal times in order of arrival. Those without a time come before all others. What happened at the moment itself is not known: a listener whose events
 * all bear the time of the day at midnight is known up to yesterday. Events of several listeners at one time are counted in the order of the listeners' ids. So what is known at a moment is the same bits
 * whatever comes later in the log, as long as the first CONTEXT_WORDS words of a key are the same.
 *
 * What an event counts as: a play, a skip, a like or a dislike (seqs_act), or nothing, then it is passed over; of kind "plays" so many plays as its value says, rounded, at most 65535 (without a value one). Dislikes are counted with
 * the skips. The value of an event of kind "play", "skip" or none is how many seconds were heard.
 *
 * A past that has been walked may be saved and opened from a mapping, which is checked once and used where it lies. Then past_append makes a listener's event known at once, to that
 * listener; tallies and what is common to all stay as they were saved, and it is no more to be saved itself.
 *
 * Groups (albums, shows, books) have an order: that of the catalogue's rows.
 *
 *   file     artifact of KIND_MODEL, kind "past"
 *   meta     n_users n_items n_events, d, newest (time of the newest event)
 *   ids      user, item, kind, device, place, mood, intent
 *   tensors  item.about u8 [n_items x sizeof(struct past_item)], item.tags u32 [], TALLY.tally u8 [n x sizeof(struct past_tally)] and TALLY.in u32 [n x codes] of item, creator, group, tag, kind and
 *            all, item.vec f32 [n_items x d], in.shift f32 [codes x d], spread f32 [d x d], user.start u64 [n_users + 1], event u8 [n_events x sizeof(struct past_event)]
 *
 * Memory: 24 bytes an event, and what arrays that double have in reserve, 8 more while it is walked, 24 more while it is put in order; of an item 72 bytes, its id, 4 bytes a tag, and 4 bytes for each code
 * of a situation (26 and one for each word of device, place, mood and intent); of creators, groups, tags and kinds 32 and, but for groups, the same; with vectors 4 d bytes an item and 12 d^2.
 * A mapped past: 24 bytes a listener.
 */
#ifndef TASTE_PAST_H
#define TASTE_PAST_H

#include "context.h"
#include "../data/artifact.h"
#include "../data/items.h"
#include "../data/seqs.h"
#include "../data/vecs.h"

struct past_event {
	int64_t time;			/* TIME_NONE: before all others */
	uint32_t item;
	uint16_t times;			/* how often: see above */
	uint8_t act;			/* enum seqs_act */
	uint8_t heard;			/* share of the item's length, in 250ths; 255: not known */
	uint8_t at[CONTEXT_KEYS];
	uint8_t zero;
};

struct past_item {
	int64_t released;		/* or TIME_NONE */
	uint32_t creator, group, kind;	/* VOCAB_NONE: not known */
	uint32_t place;			/* in the group, from 0 */
	uint32_t tag, n_tags;		/* in past.tags */
	float seconds;			/* 0: not known */
	uint32_t is_listed;		/* in the catalogue */
};

enum past_thing { PAST_ITEM, PAST_CREATOR, PAST_GROUP, PAST_TAG, PAST_KIND, PAST_ALL, PAST_THINGS };

struct past_tally {
	int64_t first, recent_at;	/* TIME_NONE: never */
	uint32_t plays, skips, likes;	/* at most 2^32 - 1 */
	float recent;			/* plays, fading by half every PAST_FADE seconds, as of recent_at */
};
enum { PAST_FADE = 7 * 86400 };

struct past_user { const struct past_event *ev; uint32_t n, n_all, cap, n_gone; };	/* n of them are known; cap 0: ev is not ours; n_gone came before these and are only counted */

struct past {
	struct context_words words;
	struct vocab kind_name;
	struct past_item *item;			/* [n[PAST_ITEM]] */
	uint32_t *tags;
	size_t n[PAST_THINGS], n_users, n_tags, d;
	size_t n_met;			/* items that are in the catalogue, or of which an event is known: past_is_met */
	struct past_tally *tally[PAST_THINGS];
	/* [n x n_codes] plays in each situation: first[k] + code - 1 of key k, and any[k], where the key is known. NULL of groups */
	uint32_t *in[PAST_THINGS];
	size_t n_codes, first[CONTEXT_KEYS], any[CONTEXT_KEYS];
	float *vec;				/* [n items x d] of length 1 or 0; NULL: none */
	float *shift;				/* [n_codes x d] what is heard in each situation beyond what is heard anyway: past_lift */
	float *spread;				/* [d x d] of vec over the items, its factor as num_chol leaves it; NULL: d > PAST_SPREAD */
	struct past_user *user;			/* [n_users] */
	int64_t now, newest;			/* what is known is before now; the newest event of all */
	uint64_t n_events, n_unknown_keys, n_bad_values;
	/* private */
	struct past_store *store;
};

/* past_new - empty. */
struct past *past_new(void);
void past_free(struct past *p);			/* takes NULL */
/* past_items - the catalogue, before any event. Each item of it becomes known by number. 0 or ERR_MEM. Beside it, while it runs: a shelf. */
int past_items(struct past *p, const struct items *it, struct err *e);
/* past_event - one of the log; its item and user get numbers. */
void past_event(struct past *p, const struct event *ev);
/* past_item, past_user - the number of an id, a new one where adds (not once it is ready), else VOCAB_NONE. */
uint32_t past_item(struct past *p, struct str id, bool adds);
uint32_t past_user(struct past *p, struct str id, bool adds);
/* past_vectors - of items, by id; those without, and those whose vector is 0, have none; of an id that comes twice the last counts. After all items have numbers, before past_ready. 0 or ERR_MEM. */
int past_vectors(struct past *p, const struct vecs *v, struct err *e);
int past_ready(struct past *p, struct err *e);
/* past_walk - events before `time` become known; INT64_MAX: all. No events without a time are left out. */
void past_walk(struct past *p, int64_t time);
/* past_now - the moment behind the log, as far as its times say: what a request is of that has no time of its own. TIME_NONE: there are no times. */
static inline int64_t past_now(const struct past *p)
{
	return p->newest == TIME_NONE || p->newest == INT64_MAX ? p->newest : p->newest + 1;
}
/* past_append - an event that happens now, of one listener, to that listener only. Its item has to be known. A user who is not becomes known. False: the item is not.
 * Of whoever has more the last PAST_KEPT events are kept, or a quarter more: as many as anything looks at. So a service that goes on for years holds no more. */
enum { PAST_KEPT = 2000 };
bool past_append(struct past *p, const struct event *ev);

/*
 * What is heard in a situation, in terms of vectors. With m the mean vector of all plays, those in a situation have the mean m + (sum of b over its codes): b by least squares over all plays so far, drawn
 * towards 0 as if by PAST_SHIFT plays each. Codes that go together (a place and an hour) so share what they explain. Were vectors of what is heard normally distributed with the same spread S in and out of
 * the situation, the log of how much likelier an item is in it were v S^-1 b, but for a constant: shift is S^-1 b, and S the spread of what was played, drawn towards a round one.
 * It is brought up to date with every play that makes them more by a hundredth, whatever moments were asked for.
 *
 * past_lift - v = S^-1 v, of d floats.
 */
enum { PAST_SHIFT = 20, PAST_SPREAD = 512 };
void past_lift(const struct past *p, float *v);
/* past_order - the codes (any[] are none) in an order for sums, code [n_codes], that does not hang on the numbers of words, which the order of the log decides: words of a key by their bytes. How many. */
size_t past_order(const struct past *p, uint32_t *code);
/* past_recent - a tally's plays, faded to a time. */
float past_recent(const struct past_tally *t, int64_t time);

int past_save(const struct past *p, struct sink *s, const struct prov *prov, struct err *e);
struct past *past_open(const char *path, struct prov *prov, struct buf *inputs, struct err *e);

#endif
