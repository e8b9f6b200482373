/*
 * scan - numbers and times out of text by pointer and length: locale-free, the whole field or
 * nothing, range-checked. No function reads p[len] or needs a NUL.
 * Each returns true and sets *out only when all len bytes are the value. No surrounding blanks.
 */
#ifndef TASTE_SCAN_H
#define TASTE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool scan_i64(const char *p, size_t len, int64_t *out);		/* [+-]digits, no overflow */
bool scan_u64(const char *p, size_t len, uint64_t *out);
/* Decimal floats, correctly rounded: [+-]digits[.digits][e[+-]digits]. nan, inf, hex and values that overflow (1e400) are
 * refused; underflow gives 0 or a subnormal. */
bool scan_f64(const char *p, size_t len, double *out);
bool scan_f32(const char *p, size_t len, float *out);

enum scan_time_unit { TIME_AUTO, TIME_S, TIME_MS };
/*
 * scan_time - a moment as whole seconds since 1970-01-01T00:00:00Z (floor).
 *   integer or decimal epoch numbers: TIME_S seconds, TIME_MS milliseconds, TIME_AUTO: |v| >= 1e11 is milliseconds
 *   ISO 8601: YYYY-MM-DD, then optionally [T or blank]HH:MM[:SS[.fff]] and [Z or +HH:MM or +HHMM or +HH, perhaps a blank before the +]; no zone means UTC.
 * Dates are checked (month lengths, leap years, hour < 24, leap second 60 reads as 59). Years 0000-9999.
 */
bool scan_time(const char *p, size_t len, enum scan_time_unit unit, int64_t *out);
/* scan_when - a moment that somebody types as an option: as scan_time with TIME_AUTO, but four digits alone are a year, which begins then; nobody means a second of 1970. */
bool scan_when(const char *s, int64_t *out);

/* scan_size - 10, 64K, 1.5M, 2G (powers of 1024) as bytes. */
bool scan_size(const char *p, size_t len, uint64_t *out);

/* scan_seconds - a length of time as seconds: 90, 30m, 1.5h, 2d, 1w (s is the default unit). */
bool scan_seconds(const char *p, size_t len, double *out);

/* scan_varint - LEB128 from [*p, end): advances *p. False when cut or over 64 bits. */
static inline bool scan_varint(const unsigned char **p, const unsigned char *end, uint64_t *out)
{
	uint64_t v = 0;
	for (int shift = 0; *p < end && shift < 64; shift += 7) {
		unsigned char c = *(*p)++;
		if (shift == 63 && c > 1)
			return false;
		v |= (uint64_t)(c & 127) << shift;
		if (!(c & 128)) {
			*out = v;
			return true;
		}
	}
	return false;
}

static inline uint64_t zigzag(int64_t v) { return (uint64_t)v << 1 ^ -(uint64_t)(v < 0); }
static inline int64_t unzigzag(uint64_t v) { return (int64_t)(v >> 1) ^ -(int64_t)(v & 1); }

/* time_iso - "YYYY-MM-DDTHH:MM:SSZ" of a moment, for people. out holds 32 bytes. Returns out. */
const char *time_iso(int64_t t, char out[32]);

#endif
