/*
 * progress - a line for the person who watches: "train:  43 % 1.2 M events/s, 0:12 left". Shown when stderr is a terminal or
 * with --progress, never with -q; at most five times a second; wiped when done. total 0: unknown, then only the rate. One thread. Tests put their own clock, stream and
 * is_on into the struct behind progress_start.
 */
#ifndef TASTE_PROGRESS_H
#define TASTE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	const char *what, *unit;
	uint64_t total, done;
	bool is_on;
	FILE *to;
	double (*clock)(void);		/* seconds */
	double start, last;
	uint64_t looked;		/* done, when the clock was last looked at */
	bool has_line;
};

/* progress_enable - for the whole process; tool_init decides. */
void progress_enable(bool on);
void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total);
void progress_set(struct progress *p, uint64_t done);
/* progress_show - progress_set with the total, as those call who are told to (struct watch, inter_opts.progress, ...): p is the struct progress. */
void progress_show(void *p, uint64_t done, uint64_t total);
void progress_end(struct progress *p);
/* progress_wipe - what to write before anything else is said on stderr: it takes the line away that stands there, and the next look draws it again; "" where none stands. */
const char *progress_wipe(void);

#endif
