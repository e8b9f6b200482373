/*
 * prov - the chain of what made a file: one line a step, oldest first. No clock, no host, no path, so
 * that the same work gives the same bytes. A line is TAB-separated:
 *
 *   program TAB version TAB options TAB input-digest[,input-digest...]
 *
 * options is the command's argument list as it changes the result (never -t, -o, -v, -q, -T, --cpu, --progress, nor file names). A digest is
 * "xxh3:32 hex" of a text input's bytes, or "taste:16 hex" of a binary stream's end hash. Steps of several inputs are listed once each.
 */
#ifndef TASTE_PROV_H
#define TASTE_PROV_H

#include "block.h"

struct prov {				/* zeroed is empty; prov_reset forgets */
	struct buf text;
	size_t *slot, n_slots, n;	/* [n_slots] 1 + where one of the n lines begins, by its hash, 0: empty */
};


void prov_release(struct prov *p);
void prov_reset(struct prov *p);
/* prov_merge - take over the steps of an input's PROV payload that are not here yet. <0 when it is not such text. */
int prov_merge(struct prov *p, const void *text, size_t n, struct err *e);
/* prov_step - append this program's own step. inputs is "" or a comma-separated list of digests. */
void prov_step(struct prov *p, const char *program, const char *version, const char *options, const char *inputs);
int prov_write(const struct prov *p, struct blockw *w, struct err *e);

#endif
