/*
 * lists - rows of (user, item, number) out of what is measured: ranked lists with scores and truth with gains, as tables or in the formats of TREC.
 */
#ifndef TASTE_LISTS_H
#define TASTE_LISTS_H

#include "../data/pairs.h"

enum list_format {
	LIST_RANKED,		/* a table: user, item, score; what pairs_is_event is an error, but behind a header */
	LIST_TRUTH,		/* events, or a table of user and item; every gain is 1 */
	LIST_GAINS,		/* a table: user, item, gain; events are an error */
	LIST_TREC_RUN,		/* topic, Q0, document, rank, similarity, name: cut at blanks; the rank is not used */
	LIST_TREC_QRELS,	/* topic, iteration, document, relevance */
};

struct listr;
/* listr_open - path or "-". has_header: a text's first line is names; TREC's never is. NULL: error. */
struct listr *listr_open(const char *path, enum list_format f, bool has_header, struct err *e);
/* listr_next - 1 a row, 0 the end, <0 an error that names the line. Neither user nor item is empty, number is finite. The strings die at the next call. */
int listr_next(struct listr *r, struct str *user, struct str *item, double *number, struct err *e);
/* listr_is_against - the last row of LIST_TRUTH is an event that says the item was not wanted: a skip or a dislike, as seqs_act_of has them. */
bool listr_is_against(const struct listr *r);
/* listr_feature - the value of key in the k=v fields behind the fourth of a ranked row, the last of several, which whoever wrote the list last has put there; false when it is not there. It dies at the next listr_next. */
bool listr_feature(const struct listr *r, const char *key, struct str *value);
/* listr_bad - ERR_DATA with a sentence that begins with the line of the last row. */
int listr_bad(const struct listr *r, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void listr_close(struct listr *r);

#endif
