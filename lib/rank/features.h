/*
 * features - what is known of a listener, an item and a situation, as numbers: a row for each candidate of a request. What trees learn from and rank by.
 *
 *   features_open      names the columns; sources (their names) get three of their own: from.SOURCE, its score; .place, 1 the best; .scaled, (s - min) / (max - min)
 *                      of what the source gave for the request
 *   features_request   a listener in a situation at the moment to which the past has been walked
 *   features_row       a row of theirs
 *
 * All that is read of the past happened before the request's moment; what happens later changes no bit. NAN is "not known". Words (names beginning with @) are numbers of words: features_word.
 *
 * The columns, in this order. Plays, skips (dislikes are among them) and likes are those of past.h: of all so far, and `own`, those of the listener's last FEATURES_EVENTS events. PLAYS, SKIPS, LIKES: of
 * anything by anybody. ln is the natural logarithm, l(x) = ln(1 + x), days(t) = l(days from t to the moment), 0 of what is later. s = (SKIPS + 1) / (PLAYS + SKIPS + 5) and
 * g = (LIKES + 0.1) / (PLAYS + 5) are what rates of few are drawn towards; N how many items there are (past.n_met), one at least. The session: the last events with no more than
 * 30 minutes from one to the next, and to the moment.
 *
 *   pop                 ln((plays + 1) / (PLAYS + N))
 *   pop.now             ln((recent + 0.1) / (RECENT + 0.1 N)), of plays that fade by half in PAST_FADE seconds             pop.rise      pop.now - pop
 *   skip.rate           (skips + 10 s) / (plays + skips + 10)                    like.rate     (likes + 10 g) / (plays + 10)
 *   item.age            days(its release)                                        item.seen     days(its first event)
 *   creator.pop         ln((plays + 1) / (PLAYS + creators))                     @kind         length        l(seconds)
 *   length.fit          from length to the mean length of the own plays of its kind, without a sign; the 64th kind and all behind it are one, and so are items without a kind
 *   user.events         l(events), of all there are                              user.skip     (own skips + 5 s) / (own plays + own skips + 5)
 *   user.new            of the plays among the last FEATURES_NEAR events the share of those whose item had no own play before
 *   user.gap            l(seconds since the last event)                          session.n session.skip    events and skips of the session
 *   own.item own.creator own.group           l(own plays)                        .last         days(the listener's last event), of item, creator, group, tag: of several tags the least
 *   own.item.skip own.creator.skip own.tag.skip    (skips + 5 s) / (plays + skips + 5), own; of several tags the mean of those met; missing where it was never met
 *   own.creator.share own.tag own.kind       own plays of it / (all own plays + 5); of tags the mean
 *   session.creator session.tag              play events of the session; of several tags the sum
 *   series.step         its place in the group (shelf.h) less the furthest one played: 1 is the next              series.open   share heard of the last one played there, if below 0.96
 *   near.last near.five near.session near.all near.skip       cosine to the last play, to the mean of the last 5, of those of the session, of the last FEATURES_NEAR, and of the last 20 skips. A session
 *                       is no longer than FEATURES_NEAR plays here. Of near. and shift. only what has a vector is looked at
 *   near.best           the largest cosine to one of the last 50 plays
 *   hour day pulse @device @place @mood @intent    the situation; day 0 .. 6 from Monday. A word that no play has had so far is not known
 *   match.KEY           ln(p / b), b = PLAYS in this situation / PLAYS where KEY is known, and p the same of the kind drawn towards b, of the tags (the mean) drawn towards that, of the creator, of the
 *                       item: (plays in it + 10 q) / (plays + 10) with q what it is drawn towards; a step that there is nothing of is left out
 *   own.KEY             ln(p / b) of own plays: b drawn towards that of all, kind, tags, creator, as (plays in it + 5 q) / (plays + 5), where plays are all of them, known or not in KEY
 *   shift.KEY           product of its vector and past.shift of the situation: of what is heard in it beyond what is heard anyway
 *   near.KEY            product of its vector and (S^-1 (sum of own plays in it - their number x mean of own plays) - sum of past.shift over the codes of these plays) / (their number + 100)
 *   match own shift near    sums of these over the keys hour .. pulse; what is not known is 0
 *   from.SOURCE .place .scaled    as above
 *
 * Not known: item.age, length and what follows from it, and @kind, where the catalogue does not say; item.seen before it was met; creator.pop of no creator; user.gap and all
 * days() without times, where there is no session either; user.new without plays; .last and .skip of what the listener has not met; series.* of a group without own plays; near.* without plays to be near to or without a vector;
 * .KEY where the situation does not say, match, own and shift also where no play was in it yet. An item that is not known is one that nobody met.
 *
 * One thread each; the past is not changed. Memory: 64 bytes for each item, creator, group and tag, touched only where the listener met them, and the sums of vectors.
 */
#ifndef TASTE_FEATURES_H
#define TASTE_FEATURES_H

#include <float.h>

#include "past.h"

enum { FEATURES_EVENTS = PAST_KEPT };	/* of a listener, the last ones, are looked at */
enum { FEATURES_NEAR = 200 };	/* plays that a listener is near to */

struct features_source { uint32_t source; float score, scaled, place; };

/* features_score - a score as a column holds it: the float that is nearest, and finite. */
static inline float features_score(double score)
{
	return score > FLT_MAX ? FLT_MAX : score < -FLT_MAX ? -FLT_MAX : (float)score;
}

struct features {
	const struct past *past;
	size_t n, n_fixed, n_sources;	/* columns */
	/* private */
	struct features_store *store;
};

/* features_open - past outlives it; source [n] are names. 0 or ERR_MEM. */
int features_open(struct features *f, const struct past *past, const struct str *source, size_t n, struct err *e);
void features_release(struct features *f);	/* zeroed is empty */
/* features_name - of column c < n, into b (appended), not escaped. */
void features_name(const struct features *f, size_t c, struct buf *b);
/* features_fixed_name - of the c-th of those that do not depend on sources, NULL behind the last. */
const char *features_fixed_name(size_t c);
bool features_has_words(const struct features *f, size_t c);
/* features_word - the word that a value of such a column stands for; empty: none. */
struct str features_word(const struct features *f, size_t c, float value);
/* features_request - VOCAB_NONE: a listener of whom nothing is known. c->time TIME_NONE: who knows when. */
void features_request(struct features *f, uint32_t user, const struct context *c);
/* features_row - x [n] of an item (VOCAB_NONE: not known) that these sources gave. */
void features_row(struct features *f, float *x, uint32_t item, const struct features_source *from, size_t n_from);

#endif
