/* Floats to digits and back: the table worked out again, the shortest digits against a search, the product against libc. TASTE_LONG=1 takes 22 million floats instead of 400 000. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/base/decimal.h"
#include "../lib/base/rng.h"

/* ---- whole numbers of up to 2048 bits, least word first ---- */

enum { WORDS = 32 };
struct big { uint64_t w[WORDS]; };

static void times(struct big *a, uint64_t by)
{
	unsigned __int128 carry = 0;

	for (int i = 0; i < WORDS; i++) {
		carry += (unsigned __int128)a->w[i] * by;
		a->w[i] = (uint64_t)carry;
		carry >>= 64;
	}
	assert_true(!carry);
}

/* divide - a / by, true when nothing was left over. */
static int divide(struct big *a, uint64_t by)
{
	unsigned __int128 rest = 0;

	for (int i = WORDS; i-- > 0;) {
		rest = rest << 64 | a->w[i];
		a->w[i] = (uint64_t)(rest / by);
		rest %= by;
	}
	return rest == 0;
}

static int n_bits(const struct big *a)
{
	for (int i = WORDS; i-- > 0;)
		if (a->w[i])
			return 64 * i + 64 - __builtin_clzll(a->w[i]);
	return 0;
}

static int bit(const struct big *a, int i)
{
	return i >= 0 && a->w[i / 64] >> i % 64 & 1;
}

static void the_table_is_exact(void **state)
{
	(void)state;
	for (int k = POW10_MIN; k <= POW10_MAX; k++) {
		struct big a = { { 1 } };
		int is_exact = 1;
		if (k >= 0) {
			for (int i = 0; i < k; i++)
				times(&a, 10);
		} else {
			a.w[0] = 0;
			a.w[WORDS - 1] = 1;	/* 2^1984 / 10^-k keeps more than 128 bits */
			for (int i = 0; i < -k; i++)
				is_exact &= divide(&a, 10);
		}
		unsigned __int128 g = 0;
		int top = n_bits(&a);
		for (int i = 0; i < 128; i++)
			g = g << 1 | (unsigned)bit(&a, top - 1 - i);
		for (int i = top - 129; i >= 0; i--)
			is_exact &= !bit(&a, i);
		g += !is_exact;
		const struct pow10 *p = &pow10_table[k - POW10_MIN];
		assert_true(p->hi == (uint64_t)(g >> 64) && p->lo == (uint64_t)g);
	}
}

static int n_digits(uint64_t v)
{
	int n = 1;

	while (v >= 10) {
		v /= 10;
		n++;
	}
	return n;
}

/* compose - the text of digits * 10^exp10, for libc to read. */
static const char *compose(uint64_t digits, int exp10)
{
	static char s[64];

	sprintf(s, "%llue%d", (unsigned long long)digits, exp10);
	return s;
}

/* check_f32 - reads back; no float has a shorter text; of the shortest, none is closer. Fails with the bits. */
static void check_f32(uint32_t bits, int is_full)
{
	float v;
	int exp10;
	char s[64];

	memcpy(&v, &bits, 4);
	uint32_t d = decimal_of_f32(v, &exp10);
	int ok = strtof(compose(d, exp10), NULL) == v;
	if (ok && is_full) {
		while (d % 10 == 0) {
			d /= 10;
			exp10++;
		}
		/* One digit less: the two neighbours of v with that many digits. When they miss, every shorter one does (it is one of those, with zeros). */
		int n = n_digits(d);
		if (n > 1) {
			ok &= strtof(compose(d / 10, exp10 + 1), NULL) != v;
			ok &= strtof(compose(d / 10 + 1, exp10 + 1), NULL) != v;
		}
		snprintf(s, sizeof s, "%.*e", n - 1, (double)v);	/* the closest with n digits, if it reads back at all */
		if (strtof(s, NULL) == v)
			ok &= strtod(s, NULL) == strtod(compose(d, exp10), NULL);
	}
	if (!ok) {
		print_error("%08x %a gives %s\n", bits, (double)v, compose(d, exp10));
		fail();
	}
}

static void floats_get_their_shortest_digits(void **state)
{
	struct pcg32 r;

	(void)state;
	if (getenv("TASTE_LONG")) {
		for (uint32_t bits = 1; bits < 0x7f800000; bits += 97)
			check_f32(bits, 1);
		return;
	}
	for (uint32_t bits = 1; bits < 3000; bits++)			/* the smallest subnormals */
		check_f32(bits, 1);
	for (uint32_t e = 0; e < 255; e++)				/* around every power of two, where the interval is lopsided */
		for (uint32_t i = 0; i < 200; i++) {
			check_f32((e << 23) + i + !e, 1);
			check_f32((e << 23) + 0x7fffff - i, 1);
		}
	pcg32_seed(&r, 1, 2);
	for (int i = 0; i < 300000; i++)
		check_f32(1 + pcg32_bounded(&r, 0x7f7fffff), 1);
}

static void check_f64(uint64_t bits)
{
	double v;
	int exp10;
	char s[64];

	memcpy(&v, &bits, 8);
	if (!isfinite(v) || !(v > 0))
		return;
	uint64_t d = decimal_of_f64(v, &exp10);
	int ok = strtod(compose(d, exp10), NULL) == v;
	while (d % 10 == 0) {
		d /= 10;
		exp10++;
	}
	int n = n_digits(d);
	ok &= n <= 17;
	if (n > 1) {
		ok &= strtod(compose(d / 10, exp10 + 1), NULL) != v;
		ok &= strtod(compose(d / 10 + 1, exp10 + 1), NULL) != v;
	}
	snprintf(s, sizeof s, "%.*e", n - 1, v);
	if (strtod(s, NULL) == v) {		/* the closest with n digits is what we have */
		char t[64];
		snprintf(t, sizeof t, "%llu", (unsigned long long)d);
		for (char *p = s, *q = t; *p != 'e'; p++)
			if (*p != '.')
				ok &= *p == *q++;
	}
	if (!ok) {
		print_error("%016llx %a gives %s\n", (unsigned long long)bits, v, compose(d, exp10));
		fail();
	}
}

static void doubles_get_their_shortest_digits(void **state)
{
	int n = getenv("TASTE_LONG") ? 20000000 : 100000;
	struct pcg64 r;

	(void)state;
	for (uint64_t bits = 1; bits < 1000; bits++)
		check_f64(bits);
	for (uint64_t e = 0; e < 2047; e++)
		for (uint64_t i = 0; i < 10; i++) {
			check_f64((e << 52) + i);
			check_f64((e << 52) + 0xfffffffffffff - i);
		}
	pcg64_seed(&r, 1, 2);
	for (int i = 0; i < n; i++)
		check_f64(pcg64_next(&r) >> 1);
	/* the fewest and the most famous */
	static const struct { double v; uint64_t digits; int exp10; } t[] = { { 5e-324, 5, -324 }, { 1.7976931348623157e308, 17976931348623157, 292 },
		{ 0.1, 1, -1 }, { 2.2250738585072014e-308, 22250738585072014, -324 }, { 9007199254740993.0, 9007199254740992, 0 }, { 1e23, 1, 23 }, { 0.3, 3, -1 } };
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		int exp10;
		uint64_t d = decimal_of_f64(t[i].v, &exp10);
		for (; d % 10 == 0; d /= 10)
			exp10++;
		assert_true(d == t[i].digits && exp10 == t[i].exp10);
	}
}

/* digits to floats: whenever there is an answer it is libc's; and there nearly always is one */
static void digits_become_the_nearest_float(void **state)
{
	int n = getenv("TASTE_LONG") ? 20000000 : 400000, told = 0, told_f = 0, normal = 0, normal_f = 0;
	struct pcg64 r;

	(void)state;
	pcg64_seed(&r, 3, 4);
	for (int i = 0; i < n; i++) {
		uint64_t d = (pcg64_next(&r) >> pcg64_bounded(&r, 63)) + 1;
		int k = (int)pcg64_bounded(&r, i & 1 ? 650 : 60) - (i & 1 ? 330 : 45);
		double want = strtod(compose(d, k), NULL), got;
		float want_f = strtof(compose(d, k), NULL), got_f;
		if (k >= POW10_MIN && want >= 0x1p-1022 && isfinite(want))
			normal++;
		if (k >= POW10_MIN && want_f >= 0x1p-126f && isfinite(want_f))
			normal_f++;
		if (decimal_to_f64(d, k, &got)) {
			assert_true(got == want);
			told++;
		}
		if (decimal_to_f32(d, k, &got_f)) {
			assert_true(got_f == want_f);
			told_f++;
		}
	}
	/* within the table, what it leaves is ties of few digits */
	assert_true(told > normal * 0.98 && told <= normal && told_f > normal_f * 0.98 && told_f <= normal_f);

	/* beside and on the middle between two floats */
	float f;
	double g;
	assert_false(decimal_to_f32(16777217, 0, &f));			/* a tie: not told */
	assert_true(decimal_to_f32(167772170000000001, -10, &f) && f == 16777218);
	assert_true(decimal_to_f32(167772169999999999, -10, &f) && f == 16777216);
	assert_false(decimal_to_f64(9007199254740993, 0, &g));
	assert_true(decimal_to_f64(18014398509481987, -1, &g) && g == 1801439850948198.8);	/* 1801439850948198.7 is nearest to .75 */
	assert_false(decimal_to_f64(1, 309, &g) || decimal_to_f64(1, -308, &g) || decimal_to_f64(1, -5000, &g) || decimal_to_f64(1, 5000, &g));
	assert_false(decimal_to_f32(1, 39, &f) || decimal_to_f32(1, -38, &f));
	assert_true(decimal_to_f64(17976931348623157, 292, &g) && g == 1.7976931348623157e308);
	assert_false(decimal_to_f64(17976931348623159, 292, &g));
}

int main(void)
{
	const struct CMUnitTest t[] = {
		cmocka_unit_test(the_table_is_exact), cmocka_unit_test(floats_get_their_shortest_digits), cmocka_unit_test(doubles_get_their_shortest_digits),
		cmocka_unit_test(digits_become_the_nearest_float),
	};
	return cmocka_run_group_tests(t, NULL, NULL);
}
