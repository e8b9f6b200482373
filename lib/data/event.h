/*
 * event - the events stream: who played what, when, how. TSV, gzipped TSV and binary go in anywhere; TSV or binary comes out.
 *
 * TSV columns: user item time event value context; all behind the second may be missing, empty means missing. User and item may not be empty.
 * Binary: man/taste-format.5. Ids stay as they are. Readers answer 1 an event, 0 the clean end, <0 an error that names file and line (or block and offset).
 */
#ifndef TASTE_EVENT_H
#define TASTE_EVENT_H

#include <math.h>
#include "vocab.h"
#include "../io/prov.h"

#define TIME_NONE INT64_MIN		/* no time */
#define VALUE_NONE NAN			/* no value; never a legal one */

struct event {
	struct str user, item;
	int64_t time;			/* seconds since the epoch, or TIME_NONE */
	struct str kind;		/* play, skip, like, ...; empty: missing, which readers of meaning take as play */
	double value;			/* seconds heard, rating, ...; NaN: missing */
	struct str context;		/* k=v;k=v */
};

struct eventr;
/* eventr_open - path or "-". has_header (-H): the first TSV line names the columns (user and item must be there, unknown ones are left out);
 * ignored for binary input. */
struct eventr *eventr_open(const char *path, bool has_header, struct err *e);
int eventr_next(struct eventr *r, struct event *ev, struct err *e);	/* strings die at the next call */
void eventr_where(const struct eventr *r, struct buf *out);	/* append "FILE:LINE" or "FILE: block N at OFFSET", of the last event */
uint64_t eventr_bytes(const struct eventr *r, uint64_t *total);	/* for progress */
/* eventr_prov - add the input's provenance steps and its digest ("xxh3:..." or "taste:...") to *p and *inputs (comma-separated). After the end. */
int eventr_prov(struct eventr *r, struct prov *p, struct buf *inputs, struct err *e);
void eventr_close(struct eventr *r);

struct eventw;
enum event_format { EVENT_TSV, EVENT_TSV_HEADER, EVENT_BINARY };
struct eventw *eventw_new(struct sink *s, enum event_format format, struct err *e);	/* borrows s */
int eventw_write(struct eventw *w, const struct event *ev, struct err *e);
/* eventw_finish - the last block, provenance (binary; may be NULL) and the end. eventw_free frees without finishing. */
int eventw_finish(struct eventw *w, const struct prov *p, struct err *e);
void eventw_free(struct eventw *w);

#endif
