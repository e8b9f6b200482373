#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"
#include "mem.h"
#include "scan.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool scan_u64(const char *p, size_t len, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = len && *p == '+';

	if (i == len)
		return false;
	for (; i < len; i++)
		if (!is_digit(p[i]) || __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(p[i] - '0'), &v))
			return false;
	*out = v;
	return true;
}

bool scan_i64(const char *p, size_t len, int64_t *out)
{
	bool is_negative = len && *p == '-';
	uint64_t v;

	if (is_negative && (len < 2 || !is_digit(p[1])))
		return false;
	if (!scan_u64(p + is_negative, len - is_negative, &v) || v > (uint64_t)INT64_MAX + is_negative)
		return false;
	*out = is_negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/* A decimal number taken apart: value = mantissa * 10^exp10 exactly, when is_exact. */
struct decimal { uint64_t mantissa; int64_t exp10; bool is_negative, is_exact; };

/* take_decimal - check the grammar of all len bytes; digits beyond the 19th are not in the mantissa. */
static bool take_decimal(const char *p, size_t len, struct decimal *d)
{
	const char *end = p + len;
	int n_digits = 0;
	bool has_digit = false;

	*d = (struct decimal){ .is_exact = true };
	if (p < end && (*p == '-' || *p == '+'))
		d->is_negative = *p++ == '-';
	for (bool is_fraction = false; p < end; p++) {
		if (*p == '.' && !is_fraction) {
			is_fraction = true;
			continue;
		}
		if (!is_digit(*p))
			break;
		has_digit = true;
		if (n_digits < 19) {
			d->mantissa = d->mantissa * 10 + (uint64_t)(*p - '0');
			n_digits += d->mantissa != 0;
			d->exp10 -= is_fraction;
		} else {
			d->is_exact &= *p == '0';
			d->exp10 += !is_fraction;
		}
	}
	if (!has_digit)
		return false;
	if (p < end && (*p == 'e' || *p == 'E')) {
		bool is_minus = ++p < end && *p == '-';
		int64_t x = 0;
		if (p < end && (*p == '-' || *p == '+'))
			p++;
		if (p == end)
			return false;
		for (; p < end && is_digit(*p); p++)
			x = x < 100000000 ? x * 10 + (*p - '0') : x;
		d->exp10 += is_minus ? -x : x;
	}
	return p == end;
}

/* slow_f64, slow_f32 - libc's correctly rounded conversions, which want a NUL; the process never leaves the C locale. */
static const char *with_nul(const char *p, size_t len, char small[128])
{
	char *s = len < 128 ? small : mem_new(len + 1, 1);

	memcpy(s, p, len);
	s[len] = '\0';
	return s;
}

static bool slow_f64(const char *p, size_t len, double *out)
{
	char small[128];
	const char *s = with_nul(p, len, small);

	*out = strtod(s, NULL);
	if (s != small)
		mem_free((void *)(uintptr_t)s);
	return isfinite(*out);
}

static bool slow_f32(const char *p, size_t len, float *out)
{
	char small[128];
	const char *s = with_nul(p, len, small);

	*out = strtof(s, NULL);
	if (s != small)
		mem_free((void *)(uintptr_t)s);
	return isfinite(*out);
}

bool scan_f64(const char *p, size_t len, double *out)
{
	static const double ten[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
				      1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	struct decimal d;
	double v;

	if (!take_decimal(p, len, &d))
		return false;
	/* Clinger 1990: both factors are exact doubles, so one rounding is all there is. */
	if (d.is_exact && d.mantissa <= 1ULL << 53 && d.exp10 >= -22 && d.exp10 <= 22) {
		v = (double)d.mantissa;
		v = d.exp10 < 0 ? v / ten[-d.exp10] : v * ten[d.exp10];
		*out = d.is_negative ? -v : v;
		return true;
	}
	if (d.is_exact && d.mantissa && decimal_to_f64(d.mantissa, d.exp10, &v)) {
		*out = d.is_negative ? -v : v;
		return true;
	}
	if (!slow_f64(p, len, &v))
		return false;
	*out = v;
	return true;
}

bool scan_f32(const char *p, size_t len, float *out)
{
	static const float ten[] = { 1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f };
	struct decimal d;
	float v;

	if (!take_decimal(p, len, &d))
		return false;
	if (d.is_exact && d.mantissa <= 1u << 24 && d.exp10 >= -10 && d.exp10 <= 10) {
		v = (float)d.mantissa;
		v = d.exp10 < 0 ? v / ten[-d.exp10] : v * ten[d.exp10];
		*out = d.is_negative ? -v : v;
		return true;
	}
	if (d.is_exact && d.mantissa && decimal_to_f32(d.mantissa, d.exp10, &v)) {
		*out = d.is_negative ? -v : v;
		return true;
	}
	if (!slow_f32(p, len, &v))
		return false;
	*out = v;
	return true;
}

bool scan_seconds(const char *p, size_t len, double *out)
{
	static const struct { char letter; int seconds; } unit[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	double scale = 1;

	for (size_t i = 0; len && i < sizeof unit / sizeof *unit; i++)
		if (p[len - 1] == unit[i].letter) {
			scale = unit[i].seconds;
			len--;
			break;
		}
	if (!scan_f64(p, len, out) || *out < 0)
		return false;
	*out *= scale;
	return *out < 1e18;
}


bool scan_size(const char *p, size_t len, uint64_t *out)
{
	double v;
	int shift = 0;

	if (!len)
		return false;
	switch (p[len - 1]) {
	case 'K': case 'k': shift = 10; break;
	case 'M': case 'm': shift = 20; break;
	case 'G': case 'g': shift = 30; break;
	case 'T': case 't': shift = 40; break;
	}
	uint64_t n;
	if (scan_u64(p, len - (shift > 0), &n)) {		/* a whole number keeps every digit */
		if (n > (uint64_t)INT64_MAX >> shift)
			return false;
		*out = n << shift;
		return true;
	}
	if (!scan_f64(p, len - (shift > 0), &v) || v < 0 || ldexp(v, shift) >= 0x1p63)
		return false;
	*out = (uint64_t)ldexp(v, shift);
	return true;
}

/* ---- time ---- */

/* days_of - days from 1970-01-01 to a date of the proleptic Gregorian calendar (year 0000 on). */
static int64_t days_of(int64_t y, int m, int d)
{
	y -= m <= 2;		/* years that begin in March: leap days come last */
	int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* digits - exactly n digits at *p as a number; advances. */
static bool digits(const char **p, const char *end, int n, int *out)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (*p >= end || !is_digit(**p))
			return false;
		v = v * 10 + (**p - '0');
	}
	*out = v;
	return true;
}

static bool scan_iso(const char *p, const char *end, int64_t *out)
{
	static const int month_days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d, hh = 0, mm = 0, ss = 0, zh = 0, zm = 0, sign = 0;

	if (!digits(&p, end, 4, &y) || p >= end || *p++ != '-' || !digits(&p, end, 2, &m) || p >= end || *p++ != '-' ||
	    !digits(&p, end, 2, &d))
		return false;
	bool is_leap = (y % 4 == 0 && y % 100) || y % 400 == 0;
	if (m < 1 || m > 12 || d < 1 || d > month_days[m - 1] || (m == 2 && d == 29 && !is_leap))
		return false;
	if (p < end && (*p == 'T' || *p == 't' || *p == ' ')) {
		p++;
		if (!digits(&p, end, 2, &hh) || p >= end || *p++ != ':' || !digits(&p, end, 2, &mm))
			return false;
		if (p < end && *p == ':') {
			p++;
			if (!digits(&p, end, 2, &ss))
				return false;
			if (p < end && (*p == '.' || *p == ',')) {
				if (++p >= end || !is_digit(*p))
					return false;
				while (p < end && is_digit(*p))
					p++;
			}
		}
		if (hh > 23 || mm > 59 || ss > 60)
			return false;
		if (ss == 60)
			ss = 59;
		if (end - p >= 2 && *p == ' ' && (p[1] == '+' || p[1] == '-'))
			p++;
		if (p < end && (*p == 'Z' || *p == 'z')) {
			p++;
		} else if (p < end && (*p == '+' || *p == '-')) {
			sign = *p++ == '-' ? -1 : 1;
			if (!digits(&p, end, 2, &zh))
				return false;
			if (p < end) {
				p += *p == ':';
				if (!digits(&p, end, 2, &zm))
					return false;
			}
			if (zh > 23 || zm > 59)
				return false;
		}
	}
	if (p != end)
		return false;
	*out = days_of(y, m, d) * 86400 + hh * 3600 + mm * 60 + ss - sign * (zh * 3600 + zm * 60);
	return true;
}

/* take_epoch - [+-]digits.digits as the whole units before it and whether a fraction follows: exact, where a double would round up to the next second. */
static bool take_epoch(const char *p, size_t len, int64_t *v, bool *has_fraction)
{
	const char *dot = memchr(p, '.', len);
	size_t n = dot ? (size_t)(dot - p) : len;

	*has_fraction = false;
	if (!n || !is_digit(p[n - 1]) || !scan_i64(p, n, v))
		return false;
	if (n + 1 == len)
		return false;
	for (size_t i = n + 1; i < len; i++) {
		if (!is_digit(p[i]))
			return false;
		*has_fraction |= p[i] != '0';
	}
	return true;
}

bool scan_time(const char *p, size_t len, enum scan_time_unit unit, int64_t *out)
{
	bool has_fraction;
	int64_t v;
	double f;

	if (!len)
		return false;
	if (take_epoch(p, len, &v, &has_fraction)) {
		bool is_ms = unit == TIME_MS || (unit == TIME_AUTO && (v >= 100000000000 || v <= -100000000000));
		if (v == INT64_MIN && (has_fraction || !is_ms))
			return false;
		v -= has_fraction && *p == '-';
		*out = is_ms ? v / 1000 - (v % 1000 < 0) : v;
		return true;
	}
	if (len > 4 && is_digit(p[0]) && p[4] == '-')
		return scan_iso(p, p + len, out);
	if (!scan_f64(p, len, &f))		/* 1.7e9 */
		return false;
	f = floor(unit == TIME_MS || (unit == TIME_AUTO && fabs(f) >= 1e11) ? f / 1000 : f);
	if (fabs(f) >= 0x1p62)
		return false;
	*out = (int64_t)f;
	return true;
}

bool scan_when(const char *s, int64_t *out)
{
	size_t len = strlen(s);
	char first[16];

	if (len != 4 || strspn(s, "0123456789") != len)
		return scan_time(s, len, TIME_AUTO, out);
	memcpy(first, s, 4);
	memcpy(first + 4, "-01-01", 7);
	return scan_time(first, 10, TIME_S, out);
}

const char *time_iso(int64_t t, char out[32])
{
	int64_t days = t / 86400, s = t % 86400;

	if (s < 0) {
		s += 86400;
		days--;
	}
	if (days < -719528 || days > 2932896) {		/* outside years 0000-9999 */
		snprintf(out, 32, "%lld", (long long)t);
		return out;
	}
	/* the inverse of days_of */
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153, d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
	int64_t y = yoe + era * 400 + (m <= 2);
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)y % 10000, (unsigned)m % 100, (unsigned)d % 100,
		 (unsigned)(s / 3600) % 100, (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	return out;
}
