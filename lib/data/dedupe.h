/*
 * dedupe - which events were there before. Two are the same when user, item, time, event and value are; the context may differ, for programs write their marks into it.
 * Events are known by the XXH3-128 of these: among 2^40 events the chance that two different ones meet is below 2^-48. Memory: 21 to 43 bytes an event, 64 while the table grows.
 */
#ifndef TASTE_DEDUPE_H
#define TASTE_DEDUPE_H

#include "event.h"

struct dedupe { uint64_t (*key)[2]; size_t n, n_slots; struct buf line; };	/* zeroed is empty */

/* dedupe_add - true when the event is new. */
bool dedupe_add(struct dedupe *d, const struct event *ev);
void dedupe_release(struct dedupe *d);

#endif
