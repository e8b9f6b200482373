#include <math.h>
#include <string.h>

#include "context.h"
#include "../base/pieces.h"
#include "../base/scan.h"

static const char *const name[CONTEXT_KEYS] = { "hour", "day", "device", "place", "mood", "intent", "pulse" };
static const char *const day_name[CONTEXT_DAYS] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

const char *context_name(enum context_key k)
{
	return name[k];
}

size_t context_codes(const struct context_words *w, enum context_key k)
{
	return k == CONTEXT_HOUR ? CONTEXT_HOURS : k == CONTEXT_DAY ? CONTEXT_DAYS : k == CONTEXT_PULSE ? CONTEXT_PULSES : w->word[k].n;
}

static void set_hour(struct context *c, double hour)
{
	c->hour = (float)hour;
	c->at[CONTEXT_HOUR] = (uint8_t)(1 + (int)c->hour / (24 / CONTEXT_HOURS));	/* of the rounded one: both say the same */
}

static void set_time(struct context *c, int64_t time)
{
	int64_t day, second;

	c->time = time;
	if (time == TIME_NONE)
		return;
	second = time % 86400;
	day = time / 86400 - (second < 0);
	second += second < 0 ? 86400 : 0;
	set_hour(c, (double)second / 3600);
	c->at[CONTEXT_DAY] = (uint8_t)(1 + ((day + 3) % 7 + 7) % 7);	/* day 0 was a Thursday */
}

static bool put_pulse(struct context *c, struct str v)
{
	double pulse;

	if (!scan_f64(v.p, v.len, &pulse) || !(pulse >= 20 && pulse <= 250))
		return false;
	c->pulse = (float)pulse;
	c->at[CONTEXT_PULSE] = pulse < 90 ? 1 : pulse < 120 ? 2 : pulse < 150 ? 3 : 4;
	return true;
}

static bool put_day(struct context *c, struct str v)
{
	for (int d = 0; d < CONTEXT_DAYS; d++)
		if (str_is(v, day_name[d]) || (v.len == 1 && v.p[0] == '0' + d)) {
			c->at[CONTEXT_DAY] = (uint8_t)(1 + d);
			return true;
		}
	return false;
}

static void put_word(struct context *c, struct context_words *w, enum context_key k, struct str v, bool adds)
{
	uint32_t i = adds && w->word[k].n < CONTEXT_WORDS ? vocab_add(&w->word[k], v.p, v.len) : vocab_find(&w->word[k], v.p, v.len);

	c->at[k] = i < CONTEXT_WORDS ? (uint8_t)(1 + i) : 0;
}

enum put { PUT, PUT_BAD, PUT_UNKNOWN };

static enum put put_key(struct context *c, struct context_words *w, struct str key, struct str v, bool adds)
{
	double hour;

	for (int k = CONTEXT_DEVICE; k <= CONTEXT_INTENT; k++)
		if (str_is(key, name[k])) {
			if (v.len)
				put_word(c, w, (enum context_key)k, v, adds);
			return v.len ? PUT : PUT_BAD;
		}
	if (str_is(key, "hour")) {
		if (!scan_f64(v.p, v.len, &hour) || !(hour >= 0 && (float)hour < 24))
			return PUT_BAD;
		set_hour(c, hour);
		return PUT;
	}
	if (str_is(key, "day"))
		return put_day(c, v) ? PUT : PUT_BAD;
	if (str_is(key, "heart_rate"))
		return put_pulse(c, v) ? PUT : PUT_BAD;
	return PUT_UNKNOWN;
}

/* next_pair - k=v that *rest begins with, which is what stands behind it then. False when there is no more. */
static bool next_pair(struct str *rest, struct str *key, struct str *v)
{
	const char *end = rest->p + rest->len, *p = rest->p;

	while (p < end && (*p == ';' || *p == ','))
		p++;
	const char *stop = p;
	while (stop < end && *stop != ';' && *stop != ',')
		stop++;
	pieces_pair((struct str){ p, (size_t)(stop - p) }, key, v);
	*rest = (struct str){ stop, (size_t)(end - stop) };
	return stop > p;
}

size_t context_put(struct context *c, struct context_words *w, struct str text, bool adds, size_t *bad)
{
	size_t unknown = 0;
	int64_t time;

	/* the time first: hour and day go before what follows from it, wherever they stand */
	for (int round = 0; round < 2; round++) {
		struct str rest = text, key, v;
		while (next_pair(&rest, &key, &v)) {
			enum put how = PUT;
			if (str_is(key, "time") != !round)
				continue;
			if (round)
				how = put_key(c, w, key, v, adds);
			else if (scan_time(v.p, v.len, TIME_AUTO, &time))
				set_time(c, time);
			else
				how = PUT_BAD;
			unknown += how == PUT_UNKNOWN;
			if (bad)
				*bad += how == PUT_BAD;
		}
	}
	return unknown;
}

struct str context_stranger(struct str text)
{
	struct context c;
	struct context_words none = { 0 };
	struct str key, v;

	while (next_pair(&text, &key, &v))
		if (!str_is(key, "time") && put_key(&c, &none, key, v, false) == PUT_UNKNOWN)
			return key;
	return (struct str){ "", 0 };
}

void context_at(struct context *c, int64_t time)
{
	struct context then = { .time = time };

	set_time(&then, time);
	if (c->time != TIME_NONE || time == TIME_NONE)
		return;
	c->time = time;
	c->hour = c->at[CONTEXT_HOUR] ? c->hour : then.hour;
	for (int k = CONTEXT_HOUR; k <= CONTEXT_DAY; k++)
		c->at[k] = c->at[k] ? c->at[k] : then.at[k];
}

size_t context_read(struct context *c, struct context_words *w, int64_t time, struct str text, bool adds, size_t *bad)
{
	*c = (struct context){ .time = TIME_NONE, .hour = NAN, .pulse = NAN };
	set_time(c, time);
	return context_put(c, w, text, adds, bad);
}

void context_release(struct context_words *w)
{
	for (int k = 0; k < CONTEXT_KEYS; k++)
		vocab_release(&w->word[k]);
}
