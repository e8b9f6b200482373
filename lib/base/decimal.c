#include <string.h>

#include "decimal.h"

typedef unsigned __int128 u128;

/* floor(log10(2^q)), floor(log10(3/4 * 2^q)), floor(log2(10^k)): exact for every exponent of a double (checked in tests/u-decimal.c). >> of a
 * negative number is arithmetic in every compiler that has __int128. */
static int log10_of_pow2(int q) { return (q * 1262611) >> 22; }
static int log10_of_34_pow2(int q) { return (q * 1262611 - 524031) >> 22; }
static int log2_of_pow10(int k) { return (k * 1741647) >> 19; }

/*
 * shortest - pick the digits once the value and the ends of its rounding interval are known, all times 4 and rounded to odd (that is, with the last bit
 * set when anything was cut off, which is all that comparisons need).
 *
 *        low        4s    value   4(s+1)      high          s digits: candidates s and s + 1 are always at hand,
 *    -----|---------|-------|-------|-----------|----       one digit shorter: 10 (s / 10) and 10 (s / 10) + 10
 *
 * At most one of the two shorter ones lies inside, since the interval is narrower than 10. is_open: the ends themselves round elsewhere.
 */
static inline uint64_t shortest(uint64_t low, uint64_t value, uint64_t high, bool is_open, int *exp10)
{
	uint64_t s = value / 4;

	low += is_open;
	high -= is_open;
	if (s >= 10) {
		uint64_t t = s / 10;
		bool is_down = low <= 40 * t, is_up = 40 * t + 40 <= high;
		if (is_down != is_up) {
			++*exp10;
			return t + is_up;
		}
	}
	bool is_down = low <= 4 * s, is_up = 4 * s + 4 <= high;
	if (is_down != is_up)
		return s + is_up;
	uint64_t middle = 4 * s + 2;
	return s + (value > middle || (value == middle && s & 1));
}

static inline uint32_t times32(uint64_t g, uint32_t c)
{
	u128 p = (u128)g * c;

	return (uint32_t)(p >> 64) | ((uint32_t)(p >> 32) > 1);
}

uint32_t decimal_of_f32(float v, int *exp10)
{
	uint32_t bits;

	memcpy(&bits, &v, 4);
	uint32_t fraction = bits & 0x7fffff, biased = bits >> 23 & 255;
	uint32_t c = biased ? fraction | 0x800000 : fraction;
	int q = (biased ? (int)biased : 1) - 150;		/* v = c * 2^q */
	bool is_narrow = !fraction && biased > 1;		/* the float below is half as far as the one above */
	int k = is_narrow ? log10_of_34_pow2(q) : log10_of_pow2(q);
	int h = q + log2_of_pow10(-k) + 1;
	const struct pow10 *p = &pow10_table[-k - POW10_MIN];
	uint64_t g = p->hi + (p->lo != 0);

	*exp10 = k;
	return (uint32_t)shortest(times32(g, (4 * c - 2 + is_narrow) << h), times32(g, (4 * c) << h), times32(g, (4 * c + 2) << h), c & 1, exp10);
}

static inline uint64_t times64(const struct pow10 *g, uint64_t c)
{
	u128 p = (u128)g->hi * c + (uint64_t)((u128)g->lo * c >> 64);

	return (uint64_t)(p >> 64) | ((uint64_t)p > 1);
}

uint64_t decimal_of_f64(double v, int *exp10)
{
	uint64_t bits;

	memcpy(&bits, &v, 8);
	uint64_t fraction = bits & 0xfffffffffffff, biased = bits >> 52 & 2047;
	uint64_t c = biased ? fraction | 1ULL << 52 : fraction;
	int q = (biased ? (int)biased : 1) - 1075;
	bool is_narrow = !fraction && biased > 1;
	int k = is_narrow ? log10_of_34_pow2(q) : log10_of_pow2(q);
	int h = q + log2_of_pow10(-k) + 1;
	const struct pow10 *g = &pow10_table[-k - POW10_MIN];

	*exp10 = k;
	return shortest(times64(g, (4 * c - 2 + is_narrow) << h), times64(g, (4 * c) << h), times64(g, (4 * c + 2) << h), c & 1, exp10);
}

/*
 * to_binary - digits * 10^exp10 rounded to `bits` significant bits: *m * 2^*e2 with 2^(bits-1) <= m < 2^bits.
 *
 * w is digits moved up to 64 bits; the exact product lies in (w * (g - 1), w * g], that is, less than 2^64 below w * g in 192 bits. Only the upper 128 are kept:
 * exact < top + 1, and exact > top - 1. Both ends are rounded; when they agree so does everything between them.
 */
static bool to_binary(uint64_t digits, int64_t exp10, int bits, uint64_t *m, int *e2)
{
	if (exp10 < POW10_MIN || exp10 > POW10_MAX)
		return false;
	const struct pow10 *g = &pow10_table[exp10 - POW10_MIN];
	int up = __builtin_clzll(digits);
	uint64_t w = digits << up;
	u128 top = (u128)w * g->hi + (uint64_t)((u128)w * g->lo >> 64);	/* 2^126 <= top < 2^128 */
	int cut = (top >> 127 ? 128 : 127) - bits;
	u128 half = (u128)1 << (cut - 1);
	uint64_t low = (uint64_t)((top - 1 + half) >> cut), high = (uint64_t)((top + 1 + half) >> cut);

	/* top + 1 + half may pass 2^128 when all the bits are set: leave that to the slow way */
	if (low != high || top > ~(u128)0 - half - 1)
		return false;
	/* An end exactly on a tie: low was rounded up from it, but what lies between is above it, so that is right; high likewise. */
	*e2 = cut + 64 + log2_of_pow10((int)exp10) - 127 - up;
	if (low >> bits) {
		low >>= 1;
		++*e2;
	}
	*m = low;
	return true;
}

bool decimal_to_f64(uint64_t digits, int64_t exp10, double *out)
{
	uint64_t m;
	int e2;

	if (!to_binary(digits, exp10, 53, &m, &e2))
		return false;
	int biased = e2 + 52 + 1023;
	if (biased < 1 || biased > 2046)
		return false;
	uint64_t v = (uint64_t)biased << 52 | (m & 0xfffffffffffff);
	memcpy(out, &v, 8);
	return true;
}

bool decimal_to_f32(uint64_t digits, int64_t exp10, float *out)
{
	uint64_t m;
	int e2;

	if (!to_binary(digits, exp10, 24, &m, &e2))
		return false;
	int biased = e2 + 23 + 127;
	if (biased < 1 || biased > 254)
		return false;
	uint32_t v = (uint32_t)biased << 23 | (uint32_t)(m & 0x7fffff);
	memcpy(out, &v, 4);
	return true;
}
