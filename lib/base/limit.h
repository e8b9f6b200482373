/*
 * limit - how much memory this process may have.
 */
#ifndef TASTE_LIMIT_H
#define TASTE_LIMIT_H

#include <stdint.h>

/* limit_memory - bytes: the least of the machine's memory, `ulimit -v`, and the limits of its control groups (both versions) and of those above them. What cannot be read limits nothing. */
uint64_t limit_memory(void);

#endif
