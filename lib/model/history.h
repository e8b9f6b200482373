/*
 * history - what listeners have, in the items of a model: the input of everything that folds them in (scorer.h, als_fold). Memory: 24 bytes an event while reading,
 * then 16 bytes a distinct pair, 16 a listener, and the ids; with has_order what seqs.h says besides.
 */
#ifndef TASTE_HISTORY_H
#define TASTE_HISTORY_H

#include "model.h"
#include "../data/inter.h"
#include "../data/seqs.h"

struct history {
	struct vocab user, unknown;	/* listeners by first sight; items that the model does not know */
	struct csr liked;		/* [users x items of the model] summed weights > 0 */
	struct csr has;			/* likewise: all that was there, whatever it weighs, of `more` too, or of that only */
	struct seqs order;		/* with has_order: the events as sequences, rows and items as above, weightless ones too, with devices that the model knows */
};

struct history_source {
	const char *const *path;	/* [n] events of listeners; n 0: standard input */
	size_t n;
	const char *const *more;	/* [n_more] events that only say what these listeners have */
	size_t n_more;
	inter_weight *weight;		/* weight(ev, ctx) */
	void *ctx;
	bool has_header;
	bool has_order;			/* scorer_wants_order */
	bool only_more;			/* history.has is of `more` alone */
};

/* history_load - m after model_ids of the items. Fills *p and *inputs for provenance when not NULL. 0 or <0; then *h is released. */
int history_load(struct history *h, const struct history_source *s, const struct model *m, struct prov *p, struct buf *inputs, struct err *e);
void history_release(struct history *h);	/* zeroed is empty */

/* For whoever reads the events and wants more of them than a history: history_begin, history_event for each, history_end, which answers as history_load does, is
 * to be called in any case, and gives up when *e holds an error already. m, h and ctx are borrowed. */
struct history_make {
	struct history *h;
	const struct model *m;
	inter_weight *weight;
	void *ctx;
	struct csr_keys liked, had;
	struct seqs_make *order;
	bool only_more;			/* history_event says nothing of what is had */
};
void history_begin(struct history_make *k, struct history *h, const struct model *m, inter_weight *weight, void *ctx, bool has_order);
void history_event(struct history_make *k, const struct event *ev);
int history_end(struct history_make *k, struct err *e);

#endif
