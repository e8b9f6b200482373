/*
 * marks - what only a user's events together tell, written into the context of each: which session it belongs to, and what no listener does. Nothing is deleted.
 *
 *   session=N       N counts a user's sessions from 1; a new one begins when nothing was heard for more than `gap` seconds
 *   suspect=WORD,.. from the event on where it shows; what came before is written already:
 *     overlap       when it began, an hour or more of what had been begun before was still to be played: more playing time than clock time
 *     burst         more than 100 starts in a minute of the clock
 *     clockwork     the 30 starts before it and it lie the same time apart, to the second
 *
 * Plays and skips are what is heard, for `value` seconds; other events are of the session they fall into. Marks that an earlier run wrote are replaced. Events without a time get no mark. The order of a user's events is that
 * in which they come: one that is earlier than the last is counted, takes part in its session and in nothing else. Memory: 91 to 181 bytes a user and the id.
 */
#ifndef TASTE_MARKS_H
#define TASTE_MARKS_H

#include "event.h"

enum suspect { SUSPECT_OVERLAP, SUSPECT_BURST, SUSPECT_CLOCKWORK, SUSPECTS };
extern const char *const suspect_name[SUSPECTS];

struct marks {
	double gap;			/* of sessions, seconds; <= 0: no sessions */
	bool has_suspects;
	uint64_t n_sessions, n_overlaps, n_unordered, n_suspect[SUSPECTS];	/* overlaps: began more than a second before the last one's end */
	/* private */
	struct vocab user;
	struct user_marks *of;
	size_t cap;
	struct buf context;
};

/* marks_put - ev->context with the marks; it lives until the next call. */
void marks_put(struct marks *m, struct event *ev);
void marks_release(struct marks *m);

#endif
