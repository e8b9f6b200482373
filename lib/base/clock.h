/*
 * clock - seconds of a clock that never goes back, from an unknown moment on: for differences.
 */
#ifndef TASTE_CLOCK_H
#define TASTE_CLOCK_H

#include <time.h>

static inline double clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
