/*
 * decimal - the way between binary floats and decimal digits. buf prints with it, scan reads with it; nobody else needs it.
 *
 * Out: the shortest digits that read back to the same value, and of those the closest to it. Source: Giulietti 2020, "The Schubfach way
 * to render doubles". A float costs one 128-bit product for each of the value and the two ends of its rounding interval; there is no loop.
 * In: digits * 10^exp10 times a 128-bit power of ten, as Lemire 2021, "Number parsing at a gigabyte per second", does it. Where we differ: the
 * product is known to within an interval, and when its two ends round to different floats (a tie, or very close to one) we say so
 * and the caller takes the slow way. No proof about the table is needed for that to be right.
 *
 * No state; thread-safe. The table takes 10 KB.
 */
#ifndef TASTE_DECIMAL_H
#define TASTE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* decimal_of_f32, decimal_of_f64 - v = digits * 10^*exp10 for finite v > 0. At most 9 and 17 digits; may end in zeros. */
uint32_t decimal_of_f32(float v, int *exp10);
uint64_t decimal_of_f64(double v, int *exp10);

/* decimal_to_f32, decimal_to_f64 - *out = digits * 10^exp10, correctly rounded; false when this way cannot tell, or the result would be
 * subnormal, too large, or exp10 is outside the table. digits > 0. */
bool decimal_to_f32(uint64_t digits, int64_t exp10, float *out);
bool decimal_to_f64(uint64_t digits, int64_t exp10, double *out);

/* The table, for the test that works it out again. */
enum { POW10_MIN = -292, POW10_MAX = 324 };
struct pow10 { uint64_t hi, lo; };
extern const struct pow10 pow10_table[POW10_MAX - POW10_MIN + 1];

#endif
