/*
 * world_store - what the files of a world share: who is in it (world_make.c), what a day of a listener is (world_day.c), what comes out (world.c).
 */
#ifndef TASTE_WORLD_STORE_H
#define TASTE_WORLD_STORE_H

#include <math.h>

#include "world.h"
#include "world_words.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../num/fmath.h"

#define SEEK 0.6f		/* of the affinity, in choosing a creator */
#define CONTEXT_ALL 0.258f	/* normal variates of a situation's directions: for all, and a listener's own. sqrt(3 (a^2 + b^2)) = 0.5 */
#define CONTEXT_OWN 0.129f
#define WEEKEND 1.3f		/* sessions a day, where 1 is the mean */
#define WEEKDAY 0.88f
enum { FAVOURITES = 12, SHOWS = 3, DAY = 86400 };

struct creator {
	float v[WORLD_DIM];
	uint32_t first, n;		/* items */
	uint8_t kind, genre;
	double weight;			/* popularity */
	char *name;
};

struct group { char *title; int32_t released; };	/* a year; of a show the day of its first episode */

struct item {
	float v[WORLD_DIM];
	float appeal, seconds;
	float share;			/* of its creator's plays, about */
	uint32_t creator, group, place;	/* place in the group, from 0 */
	char *title;
};

struct listener {
	float a[WORLD_DIM], b[WORLD_DIM];
	float activity;			/* sessions a day */
	uint8_t share[WORLD_KINDS];	/* of 256: kinds of session */
	uint32_t favourite[FAVOURITES], n_favourites;
	struct { uint32_t creator, next; float at; } show[SHOWS];	/* next episode; seconds of it heard */
	uint32_t n_shows;
	uint32_t book, chapter;		/* first item of the book at hand + 1, 0 none; next chapter */
	float at;			/* seconds of it heard */
	int64_t last;			/* end of the last event */
};

/* Walker's alias table: O(1) draws by weight (Vose 1991). */
struct alias { uint32_t n; float *p; uint32_t *other; };

struct chunk_out { struct world_event *ev; size_t n, cap; };

struct world {
	struct world_opts o;
	struct par *pool;
	float genre[WORLD_KINDS][WORDS_GENRES][WORLD_DIM];
	struct creator *creator;
	size_t n_creators, first_creator[WORLD_KINDS + 1];
	struct group *group;
	size_t n_groups, cap_groups;
	int year;			/* of the first day */
	struct item *item;
	size_t n_items, first_item[WORLD_KINDS + 1];
	struct listener *user;
	struct vocab user_id, item_id;
	struct alias by_popularity[WORLD_KINDS];
	struct arena names;
	struct str context[2][SITUATIONS];	/* as text; with shuffle=1 */
	float direction[SITUATION_KEYS][SITUATION_VALUES][WORLD_DIM];
	double chance[WORLD_KINDS][SITUATIONS];
	double wander;			/* radians a day */
	size_t day;
	uint64_t written;
	struct chunk_out *chunk;
	size_t n_chunks;
	struct world_event *all, *ev[2], *pending;	/* a day's, as made; in order, this day's and the last's; behind midnight */
	size_t cap_all, n_ev, cap_ev[2], n_pending, cap_pending;
	uint64_t *key;
	uint32_t *at;
	size_t cap_key;
};

/* ---- world_make.c ---- */

/* world_plays - plays, skips and likes of a session, measured in worlds of one kind. */
extern const double world_plays[WORLD_KINDS];
/* world_make - catalogue, listeners and the directions of situations; options, day 0 and the year are there. */
int world_make(struct world *w, struct err *e);

/* ---- world_day.c ---- */

struct session { int64_t time; int hour; enum world_kind kind; };

/* world_live - append what listener u does today, not in order of time. */
void world_live(const struct world *w, uint32_t u, struct chunk_out *out);
/* world_stand - where a listener stands on a day. */
void world_stand(const struct world *w, const struct listener *l, double day, float p[WORLD_DIM]);
float world_affinity(const float p[WORLD_DIM], const float v[WORLD_DIM]);
/* world_item_weight - by which an item is drawn among its creator's, where there is context. */
float world_item_weight(const struct item *it, const float p[WORLD_DIM]);
bool world_is_weekend(int64_t midnight);
struct session world_draw_session(const struct listener *l, int64_t midnight, bool is_weekend, struct pcg32 *r);

static inline float world_normal(struct pcg32 *r, float sd) { return sd * fm_normal(r); }

#endif
