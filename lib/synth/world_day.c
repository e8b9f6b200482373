/*
 * world_day - a day of a listener: sessions by hour, what is sought in each, what is skipped, stopped, liked and taken up again.
 */
#include <string.h>

#include "world_store.h"

#define AFFINITY_SCALE 2.2
#define SEEK_ITEM 1.0f		/* of affinity and appeal, in choosing among a creator's tracks, where there is context */
enum { TRIES = 16, ITEM_TRIES = 8, SESSIONS_A_DAY = 32 };

static float dot8(const float *x, const float *y)
{
	float s = 0;

	for (int i = 0; i < WORLD_DIM; i++)
		s = __builtin_fmaf(x[i], y[i], s);
	return s;
}

float world_affinity(const float p[WORLD_DIM], const float v[WORLD_DIM])
{
	return (float)(AFFINITY_SCALE / 2.8284271247461903) * dot8(p, v);
}

float world_item_weight(const struct item *it, const float p[WORLD_DIM]) { return fm_expf(SEEK_ITEM * (world_affinity(p, it->v) + it->appeal)); }

/* place_of - where a listener stands on a day; sin and cos by their series: the angle stays small. */
void world_stand(const struct world *w, const struct listener *l, double day, float p[WORLD_DIM])
{
	double x = w->wander * day, turns = floor(x / 6.283185307179586 + 0.5);
	x -= turns * 6.283185307179586;
	double x2 = x * x;
	double s = x * (1 - x2 / 6 * (1 - x2 / 20 * (1 - x2 / 42 * (1 - x2 / 72 * (1 - x2 / 110 * (1 - x2 / 156 * (1 - x2 / 210)))))));
	double c = 1 - x2 / 2 * (1 - x2 / 12 * (1 - x2 / 30 * (1 - x2 / 56 * (1 - x2 / 90 * (1 - x2 / 132 * (1 - x2 / 182 * (1 - x2 / 240)))))));

	for (int d = 0; d < WORLD_DIM; d++)
		p[d] = (float)((double)l->a[d] * c + (double)l->b[d] * s);
}

void world_move_to(const struct world *w, uint32_t user, struct situation at, float p[WORLD_DIM])
{
	for (int key = 0; key < SITUATION_KEYS && w->o.context > 0; key++) {
		struct pcg32 r;
		if (!at.v[key])
			continue;
		pcg32_seed(&r, w->o.seed + 0xd1b54a32d192ed03ULL * (uint64_t)(key * SITUATION_VALUES + at.v[key]), 2000000011ULL + user);
		for (int d = 0; d < WORLD_DIM; d++)
			p[d] += (float)w->o.context * (w->direction[key][at.v[key] - 1][d] + world_normal(&r, CONTEXT_OWN));
	}
}

struct today {			/* what a listener's day needs */
	const struct world *w;
	struct listener *l;
	uint32_t user;
	float anywhere[WORLD_DIM], p[WORLD_DIM];	/* the listener's place, and as it is in this session */
	struct pcg32 r;
	struct chunk_out *out;
	struct situation at;
	bool is_shuffle;
	int64_t now;
};

static void put_event(struct today *t, uint32_t item, uint8_t what, float seconds, int64_t time)
{
	arr_reserve(t->out->ev, t->out->n + 1, t->out->cap);
	t->out->ev[t->out->n++] = (struct world_event){ .time = time, .user = t->user, .item = item, .seconds = seconds, .what = what, .at = t->at,
							.is_shuffle = t->is_shuffle };
}

enum heard { SKIPPED, STOPPED, HEARD };

/* play - an item from that second on: skipped, heard to its end, or, speech, stopped on the way. Perhaps liked. What was begun another day is not skipped. */
static enum heard play(struct today *t, uint32_t i, float from, float *seconds)
{
	const struct item *it = &t->w->item[i];
	float like = world_like(t->w, t->p, i), x = pcg32_f32(&t->r);
	enum heard h = from > 0 || x < like ? HEARD : SKIPPED;

	*seconds = it->seconds - from;
	if (h == SKIPPED) {
		*seconds = world_skip_after(it->seconds, like, pcg32_f32(&t->r));
	} else if (t->w->creator[it->creator].kind != WORLD_MUSIC && *seconds > 300 && pcg32_bounded(&t->r, 4) == 0) {
		h = STOPPED;
		*seconds = floorf(*seconds * (0.2f + 0.7f * pcg32_f32(&t->r)));
	}
	put_event(t, i, h == SKIPPED ? WORLD_SKIP : WORLD_PLAY, *seconds, t->now);
	t->now += (int64_t)*seconds + 1;
	if (h == HEARD && world_is_liked(like, pcg32_f32(&t->r)))
		put_event(t, i, WORLD_LIKE, 0, t->now - 1);
	t->now += 1 + pcg32_bounded(&t->r, 4);
	return h;
}

static bool play_track(struct today *t, uint32_t i)
{
	float seconds;

	return play(t, i, 0, &seconds) == HEARD;
}

static uint32_t alias_draw(const struct alias *t, struct pcg32 *r)
{
	uint32_t i = pcg32_bounded(r, t->n);

	return pcg32_f32(r) < t->p[i] ? i : t->other[i];
}

/* find_creator - of some by popularity, one by taste: popularity * exp(SEEK * affinity) is what is drawn by, about. */
static uint32_t find_creator(struct today *t, enum world_kind k)
{
	const struct world *w = t->w;
	uint32_t first = (uint32_t)w->first_creator[k], chosen = 0;
	float sum = 0;

	if (w->o.noise > 0 && pcg32_f32(&t->r) < (float)w->o.noise)
		return first + pcg32_bounded(&t->r, w->by_popularity[k].n);
	for (int i = 0; i < TRIES; i++) {
		uint32_t c = first + alias_draw(&w->by_popularity[k], &t->r);
		float weight = fm_expf(SEEK * world_affinity(t->p, w->creator[c].v));
		sum += weight;
		if (pcg32_f32(&t->r) * sum < weight)
			chosen = c;
	}
	return chosen;
}

/* return_to - one of n creators that are liked, with regard to where one is. */
static uint32_t return_to(struct today *t, const uint32_t *creator, uint32_t n)
{
	uint32_t chosen = 0;
	float sum = 0;

	if (!(t->w->o.context > 0))
		return pcg32_bounded(&t->r, n);
	for (uint32_t i = 0; i < n; i++) {
		const float *v = t->w->creator[creator[i]].v;
		float weight = fm_expf(SEEK * (world_affinity(t->p, v) - world_affinity(t->anywhere, v)));
		sum += weight;
		if (pcg32_f32(&t->r) * sum < weight)
			chosen = i;
	}
	return chosen;
}

/* any_track, known_track - of a creator, from 0: each alike, or rather the first. */
static uint32_t any_track(struct pcg32 *r, const struct creator *c) { return pcg32_bounded(r, c->n); }
static uint32_t known_track(struct pcg32 *r, const struct creator *c)
{
	float x = pcg32_f32(r);

	return (uint32_t)((float)c->n * x * x * 0.9999f);
}

/* find_track - an item of c as draw draws it; where there is context, of some the one that is liked, as find_creator does. */
static uint32_t find_track(struct today *t, const struct creator *c, uint32_t (*draw)(struct pcg32 *r, const struct creator *c))
{
	uint32_t chosen = 0;
	float sum = 0;

	if (!(t->w->o.context > 0))
		return c->first + draw(&t->r, c);
	for (int i = 0; i < ITEM_TRIES; i++) {
		uint32_t at = c->first + draw(&t->r, c);
		float weight = world_item_weight(&t->w->item[at], t->p);
		sum += weight;
		if (pcg32_f32(&t->r) * sum < weight)
			chosen = at;
	}
	return chosen;
}

static void remember(struct listener *l, uint32_t creator, struct pcg32 *r)
{
	for (uint32_t i = 0; i < l->n_favourites; i++)
		if (l->favourite[i] == creator)
			return;
	if (l->n_favourites < FAVOURITES)
		l->favourite[l->n_favourites++] = creator;
	else
		l->favourite[pcg32_bounded(r, FAVOURITES)] = creator;
}

static void music_session(struct today *t)
{
	const struct world *w = t->w;
	int left = 3 + (int)pcg32_bounded(&t->r, 12);

	t->is_shuffle = pcg32_bounded(&t->r, 3) == 0;
	while (left > 0) {
		struct listener *l = t->l;
		uint32_t c = l->n_favourites && pcg32_bounded(&t->r, 5) < 2 ? l->favourite[return_to(t, l->favourite, l->n_favourites)] :
									      find_creator(t, WORLD_MUSIC);
		const struct creator *cr = &w->creator[c];
		int n_heard = 0, n_played = 0;
		if (!t->is_shuffle && pcg32_bounded(&t->r, 3) == 0) {	/* a run of an album, in order */
			uint32_t i = find_track(t, cr, any_track);
			i -= w->item[i].place < i - cr->first ? w->item[i].place : i - cr->first;
			for (int run = 2 + (int)pcg32_bounded(&t->r, 7); run > 0 && left > 0 && i < cr->first + cr->n; run--, left--, i++) {
				n_played++;
				n_heard += play_track(t, i);
				if (n_played >= 2 && !n_heard)
					break;
			}
		} else {			/* a few of the creator's best known */
			for (int run = t->is_shuffle ? 1 : 1 + (int)pcg32_bounded(&t->r, 3); run > 0 && left > 0; run--, left--) {
				n_played++;
				n_heard += play_track(t, find_track(t, cr, known_track));
			}
		}
		if (n_heard == n_played && pcg32_bounded(&t->r, 2))
			remember(l, c, &t->r);
	}
}

static uint32_t return_to_show(struct today *t)
{
	uint32_t creator[SHOWS];

	for (uint32_t s = 0; s < t->l->n_shows; s++)
		creator[s] = t->l->show[s].creator;
	return return_to(t, creator, t->l->n_shows);
}

static void podcast_session(struct today *t)
{
	struct listener *l = t->l;

	t->is_shuffle = 0;
	for (int left = 1 + (int)pcg32_bounded(&t->r, 3); left > 0; left--) {
		uint32_t s = l->n_shows && pcg32_bounded(&t->r, 5) ? return_to_show(t) : SHOWS;
		if (s == SHOWS) {	/* a show never heard, in the place of the one listened to least lately when there are enough */
			uint32_t c = find_creator(t, WORLD_PODCAST);
			for (s = 0; s < l->n_shows && l->show[s].creator != c;)
				s++;
			if (s == l->n_shows) {
				if (l->n_shows < SHOWS)
					l->n_shows++;
				else
					s = pcg32_bounded(&t->r, SHOWS);
				l->show[s].creator = c;
				l->show[s].next = pcg32_bounded(&t->r, t->w->creator[c].n);
				l->show[s].at = 0;
			}
		}
		const struct creator *c = &t->w->creator[l->show[s].creator];
		if (l->show[s].next >= c->n) {		/* all heard */
			l->show[s] = l->show[--l->n_shows];
			continue;
		}
		float seconds;
		enum heard h = play(t, c->first + l->show[s].next, l->show[s].at, &seconds);
		if (h == STOPPED) {		/* to be taken up where it was left */
			l->show[s].at += seconds;
			break;
		}
		l->show[s].next++;
		l->show[s].at = 0;
		if (h == SKIPPED && pcg32_bounded(&t->r, 2))
			l->show[s] = l->show[--l->n_shows];
	}
}

static void audiobook_session(struct today *t)
{
	const struct world *w = t->w;
	struct listener *l = t->l;

	t->is_shuffle = 0;
	for (int left = 1 + (int)pcg32_bounded(&t->r, 3); left > 0; left--) {
		if (!l->book) {
			const struct creator *c = &w->creator[find_creator(t, WORLD_AUDIOBOOK)];
			uint32_t i = c->first + pcg32_bounded(&t->r, c->n);
			l->book = i - w->item[i].place + 1;
			l->chapter = 0;
			l->at = 0;
		}
		uint32_t i = l->book - 1 + l->chapter;
		if (i >= w->first_item[WORLD_KINDS] || w->item[i].group != w->item[l->book - 1].group) {
			l->book = 0;		/* finished */
			continue;
		}
		float seconds;
		enum heard h = play(t, i, l->at, &seconds);
		if (h == HEARD) {
			l->chapter++;
			l->at = 0;
		} else if (h == STOPPED) {
			l->at += seconds;
			break;
		} else if (l->chapter < 2 || pcg32_bounded(&t->r, 2)) {
			l->book = 0;		/* not for me */
		} else {
			break;			/* not tonight */
		}
	}
}

bool world_is_weekend(int64_t midnight)
{
	int weekday = (int)(((midnight / DAY + 4) % 7 + 7) % 7);	/* day 0 was a Thursday */

	return weekday % 6 == 0;
}

struct session world_draw_session(const struct listener *l, int64_t midnight, bool is_weekend, struct pcg32 *r)
{
	const uint8_t *share = l->share;
	uint32_t which = pcg32_bounded(r, (uint32_t)share[0] + share[1] + share[2]);
	struct session s = { .kind = which < share[0] ? WORLD_MUSIC : which < (uint32_t)share[0] + share[1] ? WORLD_PODCAST : WORLD_AUDIOBOOK };

	s.hour = situation_hour(r, s.kind, is_weekend);
	s.time = midnight + s.hour * 3600 + pcg32_bounded(r, 3600);
	return s;
}

void world_live(const struct world *w, uint32_t u, struct chunk_out *out)
{
	struct today t = { .w = w, .l = &w->user[u], .user = u, .out = out };
	int64_t midnight = w->o.start + (int64_t)w->day * DAY;
	bool is_weekend = world_is_weekend(midnight);
	struct session session[SESSIONS_A_DAY];

	if (t.l->last >= midnight + DAY)	/* a session that never ends */
		return;
	pcg32_seed(&t.r, world_seed(w, 0), 1000000007ULL + u);
	/* how many sessions: a whole number and perhaps one more, so that the mean is the activity */
	float x = t.l->activity * (is_weekend ? WEEKEND : WEEKDAY) * 2 * pcg32_f32(&t.r);
	if (x > SESSIONS_A_DAY - 1)
		x = SESSIONS_A_DAY - 1;
	int n = (int)x + (pcg32_f32(&t.r) < x - floorf(x));
	if (n)
		world_stand(w, t.l, (double)w->day, t.anywhere);
	for (int s = 0; s < n; s++) {
		struct session next = world_draw_session(t.l, midnight, is_weekend, &t.r);
		int at = s;
		for (; at && session[at - 1].time > next.time; at--)
			session[at] = session[at - 1];
		session[at] = next;
	}
	for (int s = 0; s < n; s++) {
		t.now = session[s].time;
		if (t.now <= t.l->last)		/* later than meant: the last one took long */
			t.now = t.l->last + 300 + pcg32_bounded(&t.r, 1800);
		if (t.now >= midnight + DAY)
			break;
		t.at = situation_draw(&t.r, session[s].hour, is_weekend, session[s].kind, !(w->o.context > 0));
		memcpy(t.p, t.anywhere, sizeof t.p);
		world_move_to(w, u, t.at, t.p);
		if (session[s].kind == WORLD_MUSIC)
			music_session(&t);
		else if (session[s].kind == WORLD_PODCAST)
			podcast_session(&t);
		else
			audiobook_session(&t);
		t.l->last = t.now;
	}
}
