/*
 * pairs - (user, item) and perhaps a number, out of whatever holds them: events or a table, text or binary. For truth, which may be the test part of a log or a list made elsewhere.
 */
#ifndef TASTE_PAIRS_H
#define TASTE_PAIRS_H

#include "event.h"
#include "table.h"

struct pairsr;
/* pairsr_open - path or "-". has_header: a text's first line is names; those that are called user and item are, wherever they stand, and the third is the first of the others. */
struct pairsr *pairsr_open(const char *path, bool has_header, struct err *e);
/* pairsr_next - 1 a pair, 0 the end, <0 error. *third is a table's third column, empty where there is none; of binary events always empty. Neither user nor item is empty. All die at the next call. */
int pairsr_next(struct pairsr *r, struct str *user, struct str *item, struct str *third, struct err *e);
/*
 * pairsr_is_event - whether the last pair is an event's, whose kind is *kind then: one of binary events (*kind may be empty), or a table's row whose fourth field, with a header the one called
 * event, is play, plays or what seqs_act_of knows. *kind dies at the next call.
 */
bool pairsr_is_event(const struct pairsr *r, struct str *kind);
/* pairs_is_event - whether a row of n fields, where the third should be a score, is an event's, most likely: the third a time from 1973 to 5138, the fourth as in pairsr_is_event but plays, which a source of
 * counts may be called. */
bool pairs_is_event(const struct str *f, size_t n);
void pairsr_where(const struct pairsr *r, struct buf *out);
void pairsr_close(struct pairsr *r);

#endif
