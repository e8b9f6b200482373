/*
 * pop - how popular each item is: the baseline every model is shown beside, and a prior for ranking.
 *
 *   POP_USERS    count = number of distinct users who have an event of weight > 0 on the item
 *   POP_EVENTS   count = sum of the weights of the item's events
 *   half_life h  each user (by the newest of their events on the item) or event counts 2^(-(t_newest - t) / h), where t_newest
 *                is the largest time in the input: h before the newest event counts half. Every event must then have a time.
 *
 * An item whose events all weigh 0 is in the model with count 0. The order of the events matters only to the order of the items and, for
 * POP_EVENTS, to the last bit of sums of fractions.
 *
 * Making one: pop_make_init, pop_make_event for each, pop_make_save. Memory, besides the ids: POP_EVENTS 16 bytes an item; POP_USERS 8 bytes an
 * event (20 with a half-life) and as much again while sorting.
 * Using one: pop_load, from a model of any kind that counts its items (model.h): the file's own tables, in place, + 8 bytes an item.
 * The file: what model.h lists, and meta count (users, events), half_life (seconds; 0: none), weight. One thread for making; reading is thread-safe.
 */
#ifndef TASTE_POP_H
#define TASTE_POP_H

#include "model.h"
#include "weigh.h"

enum pop_count { POP_USERS, POP_EVENTS };
#define POP_COUNTS "users|events"	/* their names, for option tables */

struct pop_opts {
	enum pop_count count;
	double half_life;		/* seconds; 0: all times count the same */
	struct weigh weigh;		/* borrowed while the pop_make lives; shape is not used */
};

struct pop_make {
	const struct pop_opts *o;
	struct vocab user, item;
	uint64_t n_events, n_counted;	/* n_counted: of weight > 0 */
	int64_t newest;
	double *score;			/* [item.n], as of time ref[i] until pop_make_count */
	int64_t *ref;
	size_t cap_items;
	uint64_t *pair;			/* POP_USERS: user << 32 | item of each event that counts */
	int64_t *time;			/* of the same, with a half-life */
	size_t n_pairs, cap_pairs, cap_times;
};

void pop_make_init(struct pop_make *p, const struct pop_opts *o);	/* borrows o */
void pop_make_release(struct pop_make *p);
/* pop_make_event - count one event. ERR_DATA when it has no time and there is a half-life; the caller says where it stands. */
int pop_make_event(struct pop_make *p, const struct event *ev, struct err *e);
/* pop_make_count - after the last event: p->score becomes the counts. ERR_DATA when nothing counted, ERR_NUMERIC naming the first item whose count is
 * not finite. */
int pop_make_count(struct pop_make *p, struct err *e);
int pop_make_save(struct pop_make *p, struct sink *s, const struct prov *prov, struct err *e);

struct pop {
	struct model model;
	const double *count;		/* [n_items] */
	double *sorted;			/* the same, ascending */
	double largest;
};

/* pop_load - path or "-"; adds the file's provenance and digest to *p and *inputs when these are not NULL. */
int pop_load(struct pop *p, const char *path, struct prov *prov, struct buf *inputs, struct err *e);
void pop_release(struct pop *p);		/* zeroed is empty */
/* pop_scaled - log(1 + count) / log(1 + largest count), 0 to 1; 0 for an item that is not there or when all counts are 0. */
double pop_scaled(const struct pop *p, struct str item);
/* pop_top_share - the share of the catalogue that is at least as popular, in (0, 1]: 0.01 says "in the top 1 %". 1 for an item that is not there. */
double pop_top_share(const struct pop *p, struct str item);

#endif
