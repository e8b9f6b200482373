/*
 * progress - a line for the person who watches: "train: 43 % 1.2 M events/s, 0:12 left". Only when stderr is a terminal or with --progress, never with -q; at most
 * five times a second; wiped when done. Clock and terminal are injected for tests. total 0: unknown (then rate only). One thread.
 */
#ifndef TASTE_PROGRESS_H
#define TASTE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	const char *what, *unit;
	uint64_t total, done;
	/* private */
	double start, last;
	bool is_on, has_line;
	FILE *to;
	double (*clock)(void);
};

void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total);
void progress_set(struct progress *p, uint64_t done);
void progress_end(struct progress *p);

#endif
