/*
 * features - what is known of a listener, an item and a situation, as numbers: a row for each candidate of a request. What trees learn from and rank by.
 *
 *   features_open      names the columns; sources (their names) get three of their own: from.SOURCE, its score; .place, 1 the best; .scaled, (s - min) / (max - min)
 *                      of what the source gave for the request
 *   features_request   a listener in a situation at the moment to which the past has been walked
 *   features_row       a row of theirs
 *
 * All that is read of the past happened before the request's moment. NAN is "not known". Words (names beginning with @) are numbers of words: features_word.
 *
 * The columns, in this order. Days and seconds are log(1 + x); a share is of the listener's own plays; faded: half after PAST_FADE. Rates and shares of few are drawn towards the common one.
 *
 *   pop pop.now         log share of all plays, before and faded          pop.rise      pop.now - pop
 *   skip.rate like.rate of all who met the item                          item.age      days since its release     item.seen  days since it was first heard
 *   creator.pop         log share of all plays                           @kind
 *   length              log seconds           length.fit                 how far from the listener's mean of the kind, in log seconds
 *   user.events user.skip                     user.new                   share of plays that were the first of their item, lately
 *   user.gap            seconds since the last event                     session.n session.skip    of the session that goes on (no gap of 30 minutes)
 *   own.item own.creator own.group            log(1 + plays)             .last         days since the listener last met it, of item, creator, group, tag
 *   own.creator.share own.tag own.kind        shares (of tags the mean)  .skip         rate, of item, creator, tag
 *   session.creator session.tag               plays of it in the session that goes on
 *   series.step         places from the furthest one heard of its group: 1 is the next    series.open    share heard of the last one met there, if it was not heard to its end
 *   near.last near.five near.session near.all near.best near.skip        cosine to the last play, the mean of the last five, of the session, of the last PAST_NEAR plays, the best of the last 50, to the mean
 *                       of what was skipped lately
 *   hour day pulse @device @place @mood @intent                          the situation
 *   match.KEY           log of how much likelier the item is in this situation than otherwise, by all who heard it: item, drawn towards creator, tags, kind
 *   own.KEY             the same by the listener's own plays: creator, drawn towards tags, kind
 *   shift.KEY           product of its vector and past.shift of the situation: of what is heard in it beyond what is heard anyway
 *   near.KEY            the same by the listener's own plays: of the listener's plays in it beyond their mean and what shift foretells of them, drawn towards 0
 *   match own shift near    sums of these over the keys hour .. pulse
 *
 * One thread each; the past is not changed. Memory: 64 bytes for each item, creator, group and tag, touched only where the listener met them, and the sums of vectors.
 */
#ifndef TASTE_FEATURES_H
#define TASTE_FEATURES_H

#include "past.h"

enum { FEATURES_EVENTS = 2000 };	/* of a listener, the last ones, are looked at */
enum { FEATURES_NEAR = 200 };

struct features_source { uint32_t source; float score, scaled, place; };

struct features {
	const struct past *past;
	size_t n, n_fixed, n_sources;	/* columns */
	/* private */
	struct features_store *store;
};

/* features_open - past outlives it; source [n] are names. 0 or ERR_MEM. */
int features_open(struct features *f, const struct past *past, const struct str *source, size_t n, struct err *e);
void features_release(struct features *f);	/* zeroed is empty */
/* features_name - of column c < n, into b (appended). */
void features_name(const struct features *f, size_t c, struct buf *b);
/* features_fixed_name - of the c-th of those that do not depend on sources, NULL behind the last. */
const char *features_fixed_name(size_t c);
bool features_has_words(const struct features *f, size_t c);
/* features_word - the word that a value of such a column stands for; empty: none. */
struct str features_word(const struct features *f, size_t c, float value);
/* features_request - VOCAB_NONE: a listener of whom nothing is known. c->time TIME_NONE: later than all, who knows when. */
void features_request(struct features *f, uint32_t user, const struct context *c);
/* features_row - x [n] of an item (VOCAB_NONE: not known) that these sources gave. */
void features_row(struct features *f, float *x, uint32_t item, const struct features_source *from, size_t n_from);

#endif
