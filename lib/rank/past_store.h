/*
 * past_store - what past.c and past_file.c share: what is behind a past.
 */
#ifndef TASTE_PAST_STORE_H
#define TASTE_PAST_STORE_H

#include "past.h"

enum { PAST_FRESH = 1024, PAST_KINDS_MAX = 1 << 20 };

struct past_store {
	struct vocab user, item, creator, tag;	/* user: with a file, those who came later */
	size_t cap_items, cap_tags, cap_users;
	size_t n_groups;
	uint64_t *order;		/* [n_events] user << 32 | index in its events, by time */
	size_t n_walked;
	double *together;		/* [n_codes x n_codes] plays with both codes */
	float *in_vec, *all_vec;	/* [n_codes x d], [d] sums of vec over plays */
	float *squares, *scratch;	/* [d x d] sum of v v' over plays, but for those of the n_fresh items */
	uint32_t fresh[PAST_FRESH];
	size_t n_fresh;
	uint64_t n_plays, n_shifted;	/* of plays, now and when shift was made */
	struct buf last_text;		/* the context that was read last, and what it said */
	struct context last;
	size_t last_unknown, last_bad;
	bool is_ready;
	/* from a file */
	struct artifact *file;
	struct idtab user_id, item_id;
	size_t n_old_users;
};

/* past_is_met - is the item in the catalogue, or anything known to have happened to it? */
bool past_is_met(const struct past *p, uint32_t item);
/* past_codes - first, any and n_codes, from the words. */
void past_codes(struct past *p);
extern const char *const past_thing_name[PAST_THINGS];

#endif
