/*
 * answers - the listeners of a world are shown ranked lists and answer: what they play, skip or never get to. With the truth of it.
 *
 * LISTS is a table of user, item, score, reason, k=v...; the order of the list is the order of the lines. Score and reason are not looked at; of the k=v two are: p=, the
 * probability with which the item was shown, above 0 and at most 1, which is copied to the event; and context=, the situation the list is asked for in. Lines that follow
 * each other with the same user and the same context are a list; a user may have several, which are answered one after the other.
 *
 * A list is answered on day 0 (the first behind the log) + `day`, at a time and in a situation drawn as for any session, whatever is in it; a situation given for all, or on
 * the list's lines, takes the place of the drawn one, and of what it does not name nothing is known. Place r = 1, 2, ... of the list is seen with probability
 *
 *   e_r = patience^(r - 1)
 *
 * from the top until it is enough. What is seen is played to its end with probability
 *
 *   (the preference in that situation, on that day) * 0.5^(plays of that item by that listener in the 7 days before the day)
 *
 * and skipped otherwise; a play may be liked. Plays are those of the log and those of the answers given before (answers_after), which may end after midnight. The listener's
 * place, before the situation moves it, is p + pull (m - p), m the mean place of all the items heard to their end in the answers given before, brought to the length of p: what
 * is heard turns a taste, but it does not make it weaker.
 *
 * Everything is drawn from streams of (seed, listener, day, which of the listener's lists): how far down one looks does not depend on what is in the list, and an item is
 * answered the same wherever it stands in it. So two lists for one day are compared with little noise.
 *
 * Order of calls: answers_read, answers_heard for the whole log, answers_after, answers_make, then the rest. Memory: 24 bytes a line, 24 a list, 16 for each play of a week, 12 bytes a
 * listener, with pull 64 more, 24 for each event out.
 */
#ifndef TASTE_ANSWERS_H
#define TASTE_ANSWERS_H

#include "world.h"

struct answers_opts {
	double patience;		/* 0..1 */
	double pull;			/* 0..1 */
	size_t day;
	bool has_situation;		/* for all that have none of their own */
	struct situation situation;
};

struct answers;
/* answers_read - the lists; path or "-". The world is borrowed. Users or items that are not in it are an error, as is a p or a context that is none; it names the line. */
struct answers *answers_read(const struct world *w, const char *path, const struct answers_opts *o, struct prov *p, struct buf *inputs, struct err *e);
/* answers_heard - the next events of the log, in order of time. */
void answers_heard(struct answers *a, const struct world_event *ev, size_t n);
/* answers_after - events that were answers before; several files, in any order. An event needs a time. */
int answers_after(struct answers *a, const char *path, struct prov *p, struct buf *inputs, struct err *e);
/* answers_make - when the log has ended. */
int answers_make(struct answers *a, struct err *e);
size_t answers_n(const struct answers *a);
/* answers_get - event i in order of time; events of one moment are in the order of the lists. Its context, the situation; place_in=R; p=P, dies at the next call. */
void answers_get(struct answers *a, size_t i, struct event *ev);

struct answer_truth {
	uint32_t user, item;
	size_t place;			/* in the list, from 1 */
	double examined, preference;	/* that it is seen; that it is then played */
	struct str context;
};
size_t answers_n_lines(const struct answers *a);
void answers_truth(const struct answers *a, size_t line, struct answer_truth *t);
void answers_free(struct answers *a);

#endif
