/*
 * latency - how long answers took, as a histogram in eighths of octaves from a microsecond on; said with -v. A struct a thread, added up in the end.
 */
#ifndef TASTE_LATENCY_H
#define TASTE_LATENCY_H

#include <stdint.h>

enum { LATENCY_BUCKETS = 8 * 36 };
struct latency { uint64_t count[LATENCY_BUCKETS]; double longest; };	/* zeroed is empty; seconds */

void latency_put(struct latency *l, double seconds);
void latency_add(struct latency *to, const struct latency *l);
/* latency_note - "WHAT took ... us (median), ..." and a line for each octave; nothing where nothing was measured. */
void latency_note(const struct latency *l, const char *what);

#endif
