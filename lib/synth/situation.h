/*
 * situation - when, where and how a listener of a world listens: the hour of a session by its kind, the device by the hour, the place by device, hour and day of the
 * week, and the mood by place and hour. Tables of tens: what can be drawn can also be counted, so that the chance of every situation is known exactly.
 *
 * As text it is `device=car;place=road;mood=energetic`, any of the three left out; tests/t-synth.sh holds the chances against a log. Thread-safe: there is no state.
 */
#ifndef TASTE_SITUATION_H
#define TASTE_SITUATION_H

#include <stdbool.h>
#include "../base/buf.h"
#include "../base/err.h"
#include "../base/rng.h"

enum world_kind { WORLD_MUSIC, WORLD_PODCAST, WORLD_AUDIOBOOK, WORLD_KINDS };

enum situation_key { SITUATION_DEVICE, SITUATION_PLACE, SITUATION_MOOD, SITUATION_KEYS };
enum { SITUATION_VALUES = 4, SITUATIONS = (SITUATION_VALUES + 1) * (SITUATION_VALUES + 1) * (SITUATION_VALUES + 1) };
struct situation { uint8_t v[SITUATION_KEYS]; };	/* 1 .. SITUATION_VALUES, 0: not known */

/* situation_hour - 0 .. 23, of a session's beginning. */
int situation_hour(struct pcg32 *r, enum world_kind k, bool is_weekend);
/* situation_draw - where a session of that hour is heard; only the device with is_plain. */
struct situation situation_draw(struct pcg32 *r, int hour, bool is_weekend, enum world_kind k, bool is_plain);
/* situation_number - below SITUATIONS. */
static inline size_t situation_number(struct situation s)
{
	return ((size_t)s.v[0] * (SITUATION_VALUES + 1) + s.v[1]) * (SITUATION_VALUES + 1) + s.v[2];
}
/* situation_chances - out[k][n]: how probable it is that in a session of kind k what situation number n knows is so; 1 for n = 0. A day of the weekend weighs `weekend`, any
 * other `weekday`: sessions a day. */
void situation_chances(double weekday, double weekend, double out[WORLD_KINDS][SITUATIONS]);
/* situation_scan - out of k=v;k=v, of which a key given twice counts as the last. Other keys are passed over, but with is_strict an error, as is what no device, place or mood is.
 * The sentence names neither file nor line. */
int situation_scan(const char *p, size_t len, bool is_strict, struct situation *s, struct err *e);
/* situation_put - append it as text; nothing when nothing is known. */
void situation_put(struct situation s, struct buf *b);

#endif
