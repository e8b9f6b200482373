#include "situation.h"
#include "../base/pieces.h"

enum { PHONE, DESKTOP, SPEAKER, CAR };
enum { HOME, WORK, ROAD, GYM };
enum { CALM, FOCUS, ENERGETIC, SOCIAL };

static const char *const key_name[SITUATION_KEYS] = { "device", "place", "mood" };
static const char *const value_name[SITUATION_KEYS][SITUATION_VALUES] = {
	{ "phone", "desktop", "speaker", "car" }, { "home", "work", "road", "gym" }, { "calm", "focus", "energetic", "social" } };

/* Sessions by the hour of the day: commutes, lunch, evenings. */
static const uint8_t by_hour[WORLD_KINDS][24] = {
	{ 3, 2, 1, 1, 1, 2, 4, 8, 9, 9, 10, 9, 9, 9, 9, 9, 10, 12, 11, 10, 10, 10, 8, 5 },
	{ 1, 1, 0, 0, 1, 3, 10, 18, 14, 6, 4, 4, 6, 4, 3, 4, 7, 13, 10, 5, 4, 4, 3, 2 },
	{ 3, 1, 1, 0, 0, 1, 2, 4, 3, 2, 2, 2, 3, 2, 2, 2, 2, 4, 4, 5, 9, 15, 18, 10 } };

/* Of each ten, which: a row for each circumstance. */
static const uint8_t tens_device[][10] = {
	{ PHONE, PHONE, PHONE, PHONE, PHONE, PHONE, CAR, CAR, CAR, DESKTOP },				/* on the way to work and back */
	{ SPEAKER, SPEAKER, SPEAKER, SPEAKER, PHONE, PHONE, PHONE, PHONE, PHONE, DESKTOP },		/* evening */
	{ SPEAKER, SPEAKER, SPEAKER, SPEAKER, PHONE, PHONE, PHONE, PHONE, PHONE, PHONE },		/* evening, being read to */
	{ DESKTOP, DESKTOP, DESKTOP, DESKTOP, DESKTOP, PHONE, PHONE, PHONE, SPEAKER, CAR } };
static const uint8_t tens_place[][10] = {
	{ ROAD, ROAD, ROAD, ROAD, ROAD, ROAD, ROAD, ROAD, ROAD, ROAD },		/* a car */
	{ HOME, HOME, HOME, HOME, HOME, HOME, HOME, HOME, HOME, HOME },		/* a speaker; anything at night; being read to in the evening */
	{ WORK, WORK, WORK, WORK, WORK, WORK, WORK, WORK, HOME, HOME },		/* a desktop, office hours */
	{ ROAD, ROAD, ROAD, ROAD, ROAD, ROAD, HOME, HOME, GYM, GYM },		/* a phone, on the way to work and back */
	{ ROAD, ROAD, ROAD, ROAD, ROAD, ROAD, ROAD, ROAD, HOME, WORK },		/* the same, talk and books */
	{ WORK, WORK, WORK, WORK, WORK, ROAD, ROAD, GYM, GYM, HOME },		/* a phone, office hours */
	{ ROAD, ROAD, ROAD, ROAD, ROAD, WORK, WORK, HOME, HOME, GYM },		/* the same, talk and books */
	{ HOME, HOME, HOME, HOME, HOME, ROAD, ROAD, ROAD, GYM, GYM } };		/* a phone, evening or weekend */
static const uint8_t tens_mood[][10] = {
	{ ENERGETIC, ENERGETIC, ENERGETIC, ENERGETIC, ENERGETIC, ENERGETIC, ENERGETIC, ENERGETIC, ENERGETIC, FOCUS },	/* gym */
	{ FOCUS, FOCUS, FOCUS, FOCUS, FOCUS, FOCUS, FOCUS, CALM, CALM, ENERGETIC },					/* work */
	{ ENERGETIC, ENERGETIC, ENERGETIC, ENERGETIC, FOCUS, FOCUS, CALM, CALM, CALM, SOCIAL },			/* road, before noon */
	{ CALM, CALM, CALM, CALM, CALM, ENERGETIC, ENERGETIC, SOCIAL, SOCIAL, SOCIAL },				/* road, later */
	{ CALM, CALM, CALM, CALM, CALM, CALM, CALM, CALM, FOCUS, FOCUS },						/* home, night */
	{ CALM, CALM, CALM, ENERGETIC, ENERGETIC, ENERGETIC, FOCUS, FOCUS, FOCUS, SOCIAL },				/* home, day */
	{ SOCIAL, SOCIAL, SOCIAL, SOCIAL, CALM, CALM, CALM, CALM, ENERGETIC, FOCUS } };				/* home, evening */

static bool is_commute(int hour) { return (hour >= 6 && hour < 9) || (hour >= 16 && hour < 19); }
static bool is_evening(int hour) { return hour >= 19 || hour < 1; }
static bool is_night(int hour) { return hour >= 22 || hour < 6; }

static const uint8_t *devices_at(int hour, enum world_kind k)
{
	return tens_device[is_commute(hour) ? 0 : !is_evening(hour) ? 3 : k == WORLD_AUDIOBOOK ? 2 : 1];
}

static const uint8_t *places_at(int hour, bool is_weekend, enum world_kind k, int device)
{
	bool is_speech = k != WORLD_MUSIC, is_read_to = k == WORLD_AUDIOBOOK && is_evening(hour), is_office = !is_weekend && hour >= 9 && hour < 16;

	if (device == CAR)
		return tens_place[0];
	if (device == SPEAKER || is_read_to || hour < 6)
		return tens_place[1];
	if (device == DESKTOP)
		return tens_place[is_office || (!is_weekend && is_commute(hour)) ? 2 : 1];
	if (!is_weekend && is_commute(hour))
		return tens_place[3 + is_speech];
	return tens_place[is_office ? 5 + is_speech : 7];
}

static const uint8_t *moods_at(int hour, int place)
{
	if (place == GYM || place == WORK)
		return tens_mood[place == WORK];
	if (place == ROAD)
		return tens_mood[hour < 12 ? 2 : 3];
	return tens_mood[is_night(hour) ? 4 : is_evening(hour) ? 6 : 5];
}

/* later - nobody gets up early at the weekend. */
static int later(int hour, bool is_weekend) { return is_weekend && hour < 12 ? hour + 2 : hour; }

int situation_hour(struct pcg32 *r, enum world_kind k, bool is_weekend)
{
	uint32_t sum = 0, x;
	int h = 0;

	for (int i = 0; i < 24; i++)
		sum += by_hour[k][i];
	x = pcg32_bounded(r, sum);
	while (x >= by_hour[k][h])
		x -= by_hour[k][h++];
	return later(h, is_weekend);
}

struct situation situation_draw(struct pcg32 *r, int hour, bool is_weekend, enum world_kind k, bool is_plain)
{
	int device = devices_at(hour, k)[pcg32_bounded(r, 10)];

	if (is_plain)
		return (struct situation){ { (uint8_t)(1 + device) } };
	int place = places_at(hour, is_weekend, k, device)[pcg32_bounded(r, 10)];
	return (struct situation){ { (uint8_t)(1 + device), (uint8_t)(1 + place), (uint8_t)(1 + moods_at(hour, place)[pcg32_bounded(r, 10)]) } };
}

/* count - c more for a situation and for all that know less. */
static void count(double *out, struct situation s, double c)
{
	for (int known = 0; known < 8; known++) {
		struct situation less = s;
		for (int key = 0; key < SITUATION_KEYS; key++)
			if (!(known >> key & 1))
				less.v[key] = 0;
		out[situation_number(less)] += c;
	}
}

static void count_hour(double *out, int hour, bool is_weekend, enum world_kind k, double c)
{
	for (int d = 0; d < 10; d++) {
		int device = devices_at(hour, k)[d];
		for (int p = 0; p < 10; p++) {
			int place = places_at(hour, is_weekend, k, device)[p];
			for (int m = 0; m < 10; m++)
				count(out, (struct situation){ { (uint8_t)(1 + device), (uint8_t)(1 + place), (uint8_t)(1 + moods_at(hour, place)[m]) } }, c / 1000);
		}
	}
}

void situation_chances(double weekday, double weekend, double out[WORLD_KINDS][SITUATIONS])
{
	for (int k = 0; k < WORLD_KINDS; k++) {
		double sum = 0;
		memset(out[k], 0, sizeof out[k]);
		for (int h = 0; h < 24; h++)
			sum += by_hour[k][h] * (5 * weekday + 2 * weekend);
		for (int h = 0; h < 24; h++) {
			count_hour(out[k], later(h, false), false, (enum world_kind)k, by_hour[k][h] * 5 * weekday / sum);
			count_hour(out[k], later(h, true), true, (enum world_kind)k, by_hour[k][h] * 2 * weekend / sum);
		}
	}
}


static int refuse(const char *p, size_t len, int key, struct err *e)
{
	char clip[ERR_CLIP_MAX];
	const char *const *v = value_name[key < SITUATION_KEYS ? key : 0];

	if (key == SITUATION_KEYS)
		return err_set(e, ERR_DATA, "'%s' is no context: device=, place= and mood= are", err_clip(clip, p, len));
	return err_set(e, ERR_DATA, "'%s': %s is one of %s, %s, %s, %s", err_clip(clip, p, len), key_name[key], v[0], v[1], v[2], v[3]);
}

int situation_scan(const char *p, size_t len, bool is_strict, struct situation *s, struct err *e)
{
	*s = (struct situation){ { 0 } };
	for (struct str rest = { p, len }, piece, k, v; pieces_next(&rest, &piece);) {
		int key = 0, value = 0;
		pieces_pair(piece, &k, &v);
		while (key < SITUATION_KEYS && !str_is(k, key_name[key]))
			key++;
		if (key == SITUATION_KEYS && !is_strict)
			continue;
		while (key < SITUATION_KEYS && value < SITUATION_VALUES && !str_is(v, value_name[key][value]))
			value++;
		if (key == SITUATION_KEYS || value == SITUATION_VALUES)
			return refuse(piece.p, piece.len, key, e);
		s->v[key] = (uint8_t)(1 + value);
	}
	return 0;
}

void situation_put(struct situation s, struct buf *b)
{
	const char *between = "";

	for (int key = 0; key < SITUATION_KEYS; key++) {
		if (!s.v[key])
			continue;
		buf_printf(b, "%s%s=%s", between, key_name[key], value_name[key][s.v[key] - 1]);
		between = ";";
	}
}
