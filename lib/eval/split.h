/*
 * split - cutting an event log into what is learnt from and what is tested on.
 *
 * A log is read whole (split_read), then one protocol says for every event which part it belongs to. Parts keep the order of the input. What each protocol promises is in its
 * comment and in taste-split(1); none looks at the test part to decide anything about the train part.
 *
 * Memory: 33 bytes an event, + the ids; while reading up to 96 of an array that doubles; then 16 more an event while split_time_cuts sorts, 24 while repeats are looked for, 4 in the other
 * protocols.
 * Sources: loo: Rendle et al. 2009 and the sequential papers (SASRec 2018); ratio: the split of Wang et al. 2019 and the LightGCN papers; users: Liang et al. 2018 ("strong
 * generalisation", Marlin 2004); time: what a service that goes live tomorrow would have known.
 */
#ifndef TASTE_SPLIT_H
#define TASTE_SPLIT_H

#include "../data/event.h"

enum split_part { PART_TRAIN, PART_VALID, PART_TEST, PART_VALID_FOLD, PART_TEST_FOLD, PART_NONE, PART_COUNT };
const char *split_part_name(enum split_part p);		/* "train", "valid", "test", "valid-fold", "test-fold", "" */

struct split_event {
	int64_t time;			/* or TIME_NONE */
	double value;
	uint32_t user, item, kind, context;	/* kind, context: 1 + number, 0 missing */
};

struct split_log {
	struct vocab user, item, kind, context;
	struct split_event *ev;		/* [n] in input order */
	size_t n, cap;
	uint8_t *part;			/* [n] enum split_part, after a protocol */
};

/* split_read - all events of paths[n] (none: stdin). needs_time: an event without a time is an error. is_distinct: only the first event of a (user, item) pair is kept; the others become
 * PART_NONE and are counted. Returns 0 or <0; then the log is released. */
int split_read(struct split_log *l, const char *const *path, size_t n, bool has_header, bool needs_time, bool is_distinct, uint64_t *n_repeats, struct prov *p,
	       struct buf *inputs, struct err *e);
void split_release(struct split_log *l);
/* split_get - event i as a record; strings live with the log. */
void split_get(const struct split_log *l, size_t i, struct event *ev);

/* split_loo - each user's last event is test, the one before it valid, the rest train. "Last" is by time; equal times keep input order; events without a time come
 * before those with one, in input order. Users with fewer than min events (min >= 3) stay in train whole. */
int split_loo(struct split_log *l, size_t min, struct err *e);

/* split_time - events before valid_from are train, those before test_from valid, the rest test. Every event is to have a time: needs_time of split_read. */
void split_time(struct split_log *l, int64_t valid_from, int64_t test_from);
/* split_time_cuts - where split_time has to cut for these shares: test is the largest end of the log with at most floor(n * test_share) events, valid the largest end of what is
 * before it with at most floor(n * valid_share). Equal times never straddle a cut, so a part may be smaller, never larger. Every event is to have a time. INT64_MAX: the part is empty. */
int split_time_cuts(struct split_log *l, double valid_share, double test_share, int64_t *valid_from, int64_t *test_from, struct err *e);

/*
 * Shares are the decimals that were typed: floor(100 * 0.29) is 29 here.
 *
 * split_ratio - of each user's n events, floor(n * test) drawn at random are test, floor(n * valid) of the others valid. A user's draw comes from a PCG stream of (seed, hash of the user's
 * id): it does not depend on the other users. A user always keeps one event in train.
 */
int split_ratio(struct split_log *l, double valid, double test, uint64_t seed, struct err *e);

/* split_users - users (of those with at least min events, and 2; by the order of a seeded hash) are held out whole: valid and test are shares of these users when < 1, else their number, which
 * is an error when there are fewer. floor(n * fold) of a held-out user's events, drawn as in split_ratio, at least one and not all, are the fold-in part, the rest the target. All events of the
 * others are train. */
int split_users(struct split_log *l, double valid, double test, double fold, size_t min, uint64_t seed, struct err *e);

/* split_known - events of valid, test and fold-in parts whose item has no event in train become PART_NONE. Returns how many. */
uint64_t split_known(struct split_log *l);

#endif
