/*
 * ordered - kinds of models that read what a listener did in order: one way to ask them all. history.h makes the sequences, with has_order.
 *
 *   session   the items of weight, the oldest first                 session_fold
 *   seq       the last events: item, act, time, device              seq_read
 *
 * Order of calls: ordered_open, ordered_see for the sequences that are asked about, and for each thread ordered_reader_init; then ordered_vector and ordered_scores. A sequence of which
 * nothing counts has a vector and scores of zeros. What a listener's are does not depend on threads or on the other sequences.
 */
#ifndef TASTE_ORDERED_H
#define TASTE_ORDERED_H

#include "seq.h"
#include "session.h"

struct ordered {
	struct model *m;
	enum ordered_kind { ORDERED_NONE, ORDERED_SESSION, ORDERED_SEQ } kind;
	struct session_fold session;	/* one of the two */
	struct seq seq;
	size_t content;			/* seq: the kind of content whose vectors ordered_vector gives */
};

/* ordered_is - is this the name of such a kind? */
bool ordered_is(const char *kind);
/* ordered_open - m must stay open. ERR_DATA for other kinds or a damaged file; then *o is released. */
int ordered_open(struct ordered *o, struct model *m, struct err *e);
void ordered_release(struct ordered *o);	/* zeroed is empty */
/* ordered_weigh - hand it to whoever reads the events. */
struct weigh *ordered_weigh(struct ordered *o);
/* ordered_choose - the kind of content, by its name; NULL: the only one there is. ERR_USAGE when there is no such, or it has to be named: the sentence says which there are. */
int ordered_choose(struct ordered *o, const char *content, struct err *e);

/* Sequences as a model sees them: h, whose items are the model's, is borrowed. */
struct ordered_view {
	const struct ordered *o;
	const struct seqs *h;
	uint8_t device[SEQS_DEVICES_MAX + 1];	/* code of h -> the model's */
};
void ordered_see(struct ordered_view *v, const struct ordered *o, const struct seqs *h);

/* One thread's room. */
struct ordered_reader {
	uint32_t *item;			/* session: those of weight */
	size_t cap;
	struct seq_reader seq;
	uint8_t *device;		/* [length] seq */
	float *x;			/* [d] */
};
int ordered_reader_init(struct ordered_reader *r, const struct ordered *o, struct err *e);
void ordered_reader_release(struct ordered_reader *r);	/* zeroed is empty */

/* ordered_vector - x [d] of row u. False, and zeros, when none of its events counts. */
bool ordered_vector(const struct ordered_view *v, struct ordered_reader *r, float *x, size_t u);
/* ordered_scores - out [n_items], likewise. */
bool ordered_scores(const struct ordered_view *v, struct ordered_reader *r, float *out, size_t u);

#endif
