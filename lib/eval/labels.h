/*
 * labels - what items are, as a mix: each item has the labels that a column of the catalogue gives it (kind, creator, group: one; tags: those parted by ';', each once), or none.
 *
 * An item of n labels adds 1/n to each of them, so that every item weighs the same; one without labels adds nothing. A mix is what some items add up to: its shares p sum to 1.
 *
 *   entropy       -sum p log2 p, bits: 0 when all is of one label, log2(n) when n labels have equal parts
 *   divergence    sum p log2(p / q'), bits, q' = (1 - LABELS_SMOOTH) q + LABELS_SMOOTH p: how far q is from p, 0 when they are alike; finite, for nothing that p has is missing
 *                 in q' (Steck 2018, "Calibrated recommendations", with its alpha of 0.01)
 *   distance      of two items: 1 - |A and B| / |A or B| (Jaccard); NaN when one has no labels
 *
 * Sums are in the order in which labels were first added. A mix is one thread's. Memory: facets.h, and 12 bytes a label and mix.
 */
#ifndef TASTE_LABELS_H
#define TASTE_LABELS_H

#include "../data/facets.h"

#define LABELS_SMOOTH 0.01

struct labels {
	const char *name;		/* of the column */
	struct facets of;		/* of.name has those of the whole catalogue */
};

/* labels_init - of the items in `item`, by their numbers there. 0 or ERR_MEM; zeroed is empty. */
int labels_init(struct labels *l, const struct items *it, const struct vocab *item, enum items_column column, struct err *e);
void labels_release(struct labels *l);
double labels_distance(const struct labels *l, uint32_t a, uint32_t b);

struct label_mix {
	double *sum;			/* [labels] */
	uint32_t *has;			/* those with a sum, n_has of them, by first sight */
	size_t n_has;
	double total;
};

int label_mix_init(struct label_mix *m, const struct labels *l, struct err *e);
void label_mix_release(struct label_mix *m);	/* zeroed is empty */
void label_mix_reset(struct label_mix *m);
void label_mix_add(struct label_mix *m, const struct labels *l, uint32_t item);
double label_mix_entropy(const struct label_mix *m);				/* NaN when nothing was added */
double label_mix_divergence(const struct label_mix *p, const struct label_mix *q);	/* likewise, to either */

#endif
