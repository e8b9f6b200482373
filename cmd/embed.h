/*
 * embed - what the files of taste-embed share. taste-embed.c has the options, vectors of known ids, and folding in; embed-state.c what a seq model remembers of listeners.
 *
 * To be included last: inline functions of lib have an o of their own.
 */
#ifndef TASTE_EMBED_H
#define TASTE_EMBED_H

#include "../lib/cli/tool.h"
#include "../lib/model/history.h"
#include "../lib/model/ordered.h"

extern struct embed_opts {
	const char *model, *items, *users, *kind, *state, *out;
	struct opt_list fold;
	bool has_header, is_binary, normalise, skip_unknown, follow;
	int format;			/* of FORMATS */
} o;
extern struct tool tool;
extern struct model model;
extern struct prov prov;
extern struct buf inputs;

void write_vector(struct str id, const float *v, struct err *e);

/* states_open - of --state, where the file is there; for --follow without it there are none to begin with. */
void states_open(struct ordered *m, struct err *e);
/* states_see - whose events are read; then states_vector for each, on any thread: the events of row u behind what is remembered. False: nothing of weight yet. */
void states_see(const struct history *h);
bool states_vector(const struct ordered_view *v, struct ordered_reader *r, size_t u, bool is_liked, float *x, struct err *e);
/* states_follow - --follow: events from standard input, each answered in out. */
void states_follow(struct ordered *m, struct sink *out, struct err *e);
/* states_write - --state anew. */
void states_write(struct err *e);
void states_close(void);

#endif
