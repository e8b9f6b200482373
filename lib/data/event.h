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

/* event_age - seconds from a time to a later one, neither of them TIME_NONE; what does not fit is INT64_MAX. */
static inline int64_t event_age(int64_t time, int64_t later)
{
	int64_t age;

	return __builtin_sub_overflow(later, time, &age) ? INT64_MAX : age;
}

/* event_kind_is_time - is it a whole number of 9 digits or more? That is no word for what happened, but a column from elsewhere: readers of text refuse it. */
bool event_kind_is_time(struct str kind);

struct eventr;
/* eventr_open - path or "-". has_header (-H): the first TSV line names the columns (user and item must be there, unknown ones are left out);
 * ignored for binary input. */
struct eventr *eventr_open(const char *path, bool has_header, struct err *e);
int eventr_next(struct eventr *r, struct event *ev, struct err *e);	/* strings die at the next call */
/* eventr_pass - eventr_next has failed: was it for one line of a text alone? Then it goes on behind that line. */
bool eventr_pass(struct eventr *r);
/*
 * The same, a block at a time, for those who load a whole log: ids come as codes, so that no string is hashed for an event. Only for binary input, and not mixed with
 * eventr_next. Codes index dictionaries that grow from block to block and start afresh at is_new_stream. All of it dies at the next call but the codes' meaning.
 */
struct event_block {
	size_t n;
	const uint32_t *user, *item;		/* [n] into users, items */
	const uint32_t *kind, *context;		/* [n] 1 + code into kinds, contexts; 0: missing */
	const int64_t *time;			/* [n] or TIME_NONE */
	const double *value;			/* [n] or NaN */
	const struct str *users, *items, *kinds, *contexts;
	size_t n_users, n_items;		/* strings so far */
	bool is_new_stream;
};
bool eventr_is_binary(const struct eventr *r);
int eventr_block(struct eventr *r, struct event_block *b, struct err *e);	/* 1 a block, 0 the clean end, <0 error */
void event_block_get(const struct event_block *b, size_t i, struct event *ev);
void eventr_where(const struct eventr *r, struct buf *out);	/* append "FILE:LINE" or "FILE: block N at OFFSET", of the last event */
int eventr_bad(const struct eventr *r, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));	/* ERR_DATA: such a place, and what is wrong there */
int eventr_time(const struct eventr *r, int64_t time, const char *what, struct err *e);	/* 0, or ERR_DATA: such a place, where an event has no time, which `what` needs */
int eventr_at(const struct eventr *r, struct err *e);	/* put the place before what *e says */
uint64_t eventr_bytes(const struct eventr *r, uint64_t *total);	/* for progress */
/* eventr_prov - add the input's provenance steps and its digest ("xxh3:..." or "taste:...") to *p and *inputs (comma-separated). After the end. */
int eventr_prov(struct eventr *r, struct prov *p, struct buf *inputs, struct err *e);
void eventr_close(struct eventr *r);

struct eventw;
enum event_format { EVENT_TSV, EVENT_TSV_HEADER, EVENT_BINARY };
struct eventw *eventw_new(struct sink *s, enum event_format format, struct err *e);	/* borrows s */
/*
 * eventw_threads - how many may work, the caller among them: 1 (as after eventw_new), or 0 for as many as there are CPUs to run on. Before the first event. With
 * more than 1 a worker looks events up in the dictionaries while the caller brings more, and another packs and writes blocks: until eventw_finish or eventw_free, which end
 * them, only the writer may touch the sink, and what goes wrong is told by a later call. The bytes are the same. Memory: 4 MB more.
 */
void eventw_threads(struct eventw *w, int n);
int eventw_write(struct eventw *w, const struct event *ev, struct err *e);	/* the first error sticks; strings may go when it returns */
/* eventw_counts - of a binary log, after eventw_finish: how many users and items there are in it. */
void eventw_counts(const struct eventw *w, size_t *users, size_t *items);
/* eventw_finish - the last block, provenance (binary; may be NULL) and the end. eventw_free frees without finishing. */
int eventw_finish(struct eventw *w, const struct prov *p, struct err *e);
void eventw_free(struct eventw *w);

#endif
