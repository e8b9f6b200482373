/*
 * feedback - what people did with what they were shown: the log that a policy is judged by, out of events or a table.
 *
 * Of events those count whose context has place_in=R (1, 2, ...: where in the list it stood); the others are passed over and counted. p=P (above 0, at most 1) is the propensity: the
 * probability with which the list that was shown had this item at this place, given what stood above it. Everything of one item at one place of one list is one row, its reward the largest
 * of its events (a play that is then liked). A user's events come in order; a new list begins with a place that is not further down than the last one, or a second play or
 * skip at the same place. A table has user, item, propensity, reward; each row is a list of one place.
 *
 * Rewards go by the kind of an event, 0 for kinds that are not named. Order of calls: feedback_init, feedback_rewards, feedback_events or feedback_table, feedback_sort.
 * Memory: 32 bytes a row, 16 a user; 56 more a row while sorting.
 */
#ifndef TASTE_FEEDBACK_H
#define TASTE_FEEDBACK_H

#include "../data/vocab.h"

struct feedback_row {
	uint32_t user, item;
	uint32_t list, place;		/* lists are numbered over all users; places from 0 */
	double p, reward;		/* p NaN: there is none */
};

struct feedback_kind { char *name; double reward; bool is_told; };

struct feedback {
	struct feedback_row *row;	/* after feedback_sort by list, then place */
	size_t n, cap, n_lists;
	uint64_t n_other;		/* events that are no answer */
	struct feedback_kind *kind;
	size_t n_kinds, cap_kinds;
	struct feedback_user *last;	/* [users] */
	size_t cap_last;
};

/* feedback_init - play=1,like=1,skip=0. */
void feedback_init(struct feedback *f);
void feedback_release(struct feedback *f);
/* feedback_rewards - change them by "KIND=REWARD,...", any finite number; what is not named keeps its own, and what was named before may not come again. ERR_USAGE with what is wrong with which part. */
int feedback_rewards(struct feedback *f, const char *spec, struct err *e);
/* feedback_events, feedback_table - read path, numbering users and items. needs_p: a row without a propensity is an error, as is one that is no probability; it names the line. */
int feedback_events(struct feedback *f, const char *path, bool has_header, bool needs_p, struct vocab *user, struct vocab *item, struct err *e);
int feedback_table(struct feedback *f, const char *path, bool has_header, struct vocab *user, struct vocab *item, struct err *e);
int feedback_sort(struct feedback *f, struct err *e);

#endif
