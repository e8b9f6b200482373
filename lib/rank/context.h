/*
 * context - the situation in which something is asked for or heard: text to codes.
 *
 * A context is k=v;k=v, as events have it, or k=v,k=v, as it is typed. Keys:
 *
 *   time        when: seconds since 1970 or ISO 8601. hour and day follow from it (UTC) where they are not given
 *   hour        0 and more, below 24; a fraction is allowed
 *   day         mon .. sun, or 0 (Monday) .. 6
 *   device, place, mood, intent    words, as the events have them: known by sight, the first CONTEXT_WORDS of each
 *   heart_rate  beats a minute, 20 .. 250
 *
 * Of a key that stands there twice the last counts. A word that is not known makes its key not known. An empty value is one that cannot be read.
 *
 * For counting, what has an order is cut: the hour into eight parts of three hours (0-3, 3-6, ...), the pulse below 90, below 120, below 150, and above. Code 0 is "not known"; a key whose value cannot be
 * read is as one that is not there.
 */
#ifndef TASTE_CONTEXT_H
#define TASTE_CONTEXT_H

#include "../data/event.h"

enum context_key { CONTEXT_HOUR, CONTEXT_DAY, CONTEXT_DEVICE, CONTEXT_PLACE, CONTEXT_MOOD, CONTEXT_INTENT, CONTEXT_PULSE, CONTEXT_KEYS };
enum { CONTEXT_WORDS = 15, CONTEXT_HOURS = 8, CONTEXT_DAYS = 7, CONTEXT_PULSES = 4 };

struct context {
	int64_t time;			/* or TIME_NONE */
	float hour, pulse;		/* NAN: not known */
	uint8_t at[CONTEXT_KEYS];	/* 0: not known; 1 .. */
};

struct context_words { struct vocab word[CONTEXT_KEYS]; };	/* of device, place, mood, intent; zeroed is empty */

/* context_name - "hour", "day", ..., "pulse". */
const char *context_name(enum context_key k);
/* context_has_words - is it one of the keys whose values are words? */
static inline bool context_has_words(enum context_key k) { return k >= CONTEXT_DEVICE && k <= CONTEXT_INTENT; }
/* context_codes - how many codes, 0 apart, a key has: its words, or its parts. */
size_t context_codes(const struct context_words *w, enum context_key k);
/*
 * context_read - *c at this time, then what the text says over it. New words are added where adds, and else are not known. Returns how many keys of the text are none of those above (as
 * shuffle=1); *bad (may be NULL) how many values could not be read.
 */
size_t context_read(struct context *c, struct context_words *w, int64_t time, struct str text, bool adds, size_t *bad);
/* context_put - what the text says, over what *c holds already; else as context_read. */
size_t context_put(struct context *c, struct context_words *w, struct str text, bool adds, size_t *bad);
/* context_stranger - the first of the keys that context_put counts as unknown; empty where there is none. */
struct str context_stranger(struct str text);
/* context_at - one without a time is of this moment; its hour and day are those of the moment, where they are not known. */
void context_at(struct context *c, int64_t time);
void context_release(struct context_words *w);

#endif
