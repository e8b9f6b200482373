/*
 * watch - who is told how far long work is: fn, now and then, by the thread that asked for the work, with what is done and what there is. Where one may be NULL, nobody wants to know.
 */
#ifndef TASTE_WATCH_H
#define TASTE_WATCH_H

#include <stdint.h>

struct watch { void (*fn)(void *ctx, uint64_t done, uint64_t total); void *ctx; };

#endif
