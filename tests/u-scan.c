/* Numbers and times, out of text and into it. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/base/buf.h"
#include "../lib/base/rng.h"
#include "../lib/base/scan.h"

static void whole_numbers(void **state)
{
	static const struct { const char *s; bool ok; int64_t v; } t[] = {
		{ "0", true, 0 }, { "-0", true, 0 }, { "+7", true, 7 }, { "9223372036854775807", true, INT64_MAX }, { "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 }, { "-9223372036854775809", false, 0 }, { "", false, 0 }, { "-", false, 0 }, { "+", false, 0 }, { "--1", false, 0 },
		{ "-+1", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 }, { "1.0", false, 0 }, { "0x1", false, 0 }, { "00012", true, 12 } };
	uint64_t u;
	int64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		assert_int_equal(scan_i64(t[i].s, strlen(t[i].s), &v), t[i].ok);
		if (t[i].ok)
			assert_true(v == t[i].v);
	}
	assert_true(scan_u64("18446744073709551615", 20, &u) && u == UINT64_MAX);
	assert_false(scan_u64("18446744073709551616", 20, &u));
	assert_true(scan_i64("123456", 3, &v) && v == 123);	/* the length is the end */
}

static void floats_are_refused(void **state)
{
	static const char *const bad[] = { "", "-", ".", "+.", "e5", "1e", "1e+", "nan", "NaN", "inf", "-Infinity", "0x1p3", "1e400", "-1e400", "1 ", " 1", "1..2", "1.2.3",
		"1e5.0", "1_0", "1,5", "1e99999999999999999999" };
	double d;
	float f;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(scan_f64(bad[i], strlen(bad[i]), &d));
		assert_false(scan_f32(bad[i], strlen(bad[i]), &f));
	}
	assert_false(scan_f32("1e39", 4, &f));		/* too large for a float only */
	assert_true(scan_f64("1e39", 4, &d) && d == 1e39);
	assert_true(scan_f64("1e-400", 6, &d) && d == 0);
	assert_true(scan_f64("0e99999999999", 13, &d) && d == 0);
}

/* random decimals of every shape against libc's correctly rounded conversions */
static void floats_are_rounded_correctly(void **state)
{
	struct pcg32 r;
	char s[64];
	double d;
	float f;

	(void)state;
	pcg32_seed(&r, 1, 1);
	for (int i = 0; i < 400000; i++) {
		int n = 0, digits = 1 + (int)pcg32_bounded(&r, 20), dot = (int)pcg32_bounded(&r, 22);
		if (pcg32_bounded(&r, 2))
			s[n++] = '-';
		for (int k = 0; k < digits; k++) {
			if (k == dot)
				s[n++] = '.';
			s[n++] = (char)('0' + pcg32_bounded(&r, 10));
		}
		if (pcg32_bounded(&r, 2))
			n += sprintf(s + n, "e%d", (int)pcg32_bounded(&r, 80) - 45);
		s[n] = '\0';
		double want = strtod(s, NULL);
		assert_true(scan_f64(s, (size_t)n, &d) && d == want);
		float want_f = strtof(s, NULL);
		if (isfinite(want_f))
			assert_true(scan_f32(s, (size_t)n, &f) && f == want_f);
	}
	/* halfway between two floats, and just beside: rounding twice would go wrong */
	assert_true(scan_f32("16777217", 8, &f) && f == 16777216);
	assert_true(scan_f32("16777217.0000000001", 19, &f) && f == 16777218);
	assert_true(scan_f32("1.000000059604644775390625", 26, &f) && f == 1);
	assert_true(scan_f32("1.000000059604644775390626", 26, &f) && f == nextafterf(1, 2));
	/* a long one */
	char *long_one = malloc(100001);
	memset(long_one, '3', 100000);
	long_one[1] = '.';
	assert_true(scan_f64(long_one, 100000, &d) && d == 10.0 / 3);
	free(long_one);
}

static void put(struct buf *b, float v)
{
	buf_reset(b);
	buf_put_f32(b, v);
}

static void floats_print_short_and_read_back(void **state)
{
	static const struct { float v; const char *s; } t[] = { { 0, "0" }, { -0.0f, "-0" }, { 1, "1" }, { -1.5f, "-1.5" }, { 0.1f, "0.1" }, { 1e10f, "10000000000" },
		{ 3.4028235e38f, "3.4028235e38" }, { 1e-45f, "1e-45" }, { 1.17549435e-38f, "1.1754944e-38" }, { 16777216, "16777216" }, { 0.00001f, "0.00001" }, { 1e-6f, "1e-6" },
		{ 123456.7f, "123456.7" }, { 9.999999f, "9.999999" }, { 9.9999999e9f, "10000000000" }, { 0.3f, "0.3" }, { 1e15f, "999999986991104" } };
	struct buf b = { 0 };
	struct pcg32 r;
	uint32_t bits;
	float v, back;
	char s[64];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		put(&b, t[i].v);
		assert_string_equal(b.p, t[i].s);
	}
	pcg32_seed(&r, 3, 3);
	for (int i = 0; i < 2000000; i++) {
		bits = i & 1 ? pcg32_next(&r) : 0x20000000u + pcg32_bounded(&r, 0x40000000u);	/* all, and those of every day */
		memcpy(&v, &bits, 4);
		if (!isfinite(v))
			continue;
		put(&b, v);
		if (!scan_f32(b.p, b.len, &back) || memcmp(&v, &back, 4)) {
			print_error("%a prints as %s\n", (double)v, b.p);
			fail();
		}
		if (i % 16)
			continue;
		/* no fewer digits would do */
		int n = 0;
		for (const char *p = b.p; *p && *p != 'e'; p++)
			n += *p >= '0' && *p <= '9';
		for (const char *p = b.p; *p == '0' || *p == '.' || *p == '-'; p++)
			n -= *p == '0';
		if (n > 6 && !(fabsf(v) >= 1e6f && fabsf(v) < 1e16f && v == floorf(v))) {
			snprintf(s, sizeof s, "%.*e", n - 2, (double)v);
			if (strtof(s, NULL) == v) {
				print_error("%s for %s\n", b.p, s);
				fail();
			}
		}
	}
	buf_release(&b);
}

static void doubles_print_and_read_back(void **state)
{
	struct buf b = { 0 };
	struct pcg64 r;
	double v, back;

	(void)state;
	pcg64_seed(&r, 3, 3);
	for (int i = 0; i < 200000; i++) {
		uint64_t bits = pcg64_next(&r);
		memcpy(&v, &bits, 8);
		if (i & 1)
			v = (double)(int64_t)(bits >> 20) / 100;
		if (!isfinite(v))
			continue;
		buf_reset(&b);
		buf_put_f64(&b, v);
		assert_true(scan_f64(b.p, b.len, &back) && !memcmp(&v, &back, 8));
	}
	buf_reset(&b);
	buf_put_f64(&b, 201.5);
	buf_putc(&b, ' ');
	buf_put_f64(&b, -1e300);
	buf_putc(&b, ' ');
	buf_put_i64(&b, INT64_MIN);
	buf_putc(&b, ' ');
	buf_put_fixed(&b, 2.675, 2);
	assert_string_equal(b.p, "201.5 -1e300 -9223372036854775808 2.67");
	buf_release(&b);
}

static void decimals_round_as_printf_does(void **state)
{
	struct buf b = { 0 };
	struct pcg64 r;
	char s[512];

	(void)state;
	pcg64_seed(&r, 9, 9);
	for (int i = 0; i < 400000; i++) {
		uint64_t x = pcg64_next(&r);
		int digits = (int)pcg64_bounded(&r, 10);
		double v;
		if (i % 4 == 0)
			memcpy(&v, &x, 8);
		else if (i % 4 == 1)
			v = (double)(int64_t)(x >> 40) / (double)(1 << (x & 15));	/* many ties */
		else if (i % 4 == 2)
			v = (double)(x >> 44) / (x & 1 ? 1000 : -1000);
		else
			v = (double)(x >> 11) * 0x1p-53 - 0.5;
		if (!(fabs(v) < 1e100))
			continue;
		buf_reset(&b);
		buf_put_fixed(&b, v, digits);
		snprintf(s, sizeof s, "%.*f", digits, v);
		assert_string_equal(b.p, s);
	}
	static const struct { double v; int digits; const char *s; } t[] = { { 0.5, 0, "0" }, { 1.5, 0, "2" }, { 2.5, 0, "2" }, { -0.04, 1, "-0.0" }, { 0.125, 2, "0.12" },
		{ 0.375, 2, "0.38" }, { 1.005, 2, "1.00" }, { 4503599627370495.5, 0, "4503599627370496" }, { 1e22, 1, "10000000000000000000000.0" }, { 9.9999, 3, "10.000" },
		{ 5e-324, 9, "0.000000000" } };
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		buf_reset(&b);
		buf_put_fixed(&b, t[i].v, t[i].digits);
		assert_string_equal(b.p, t[i].s);
	}
	buf_release(&b);
}

static void times(void **state)
{
	static const struct { const char *s; bool ok; int64_t v; } t[] = {
		{ "0", true, 0 }, { "-1", true, -1 }, { "1700000000", true, 1700000000 }, { "1700000000123", true, 1700000000 }, { "-100000000001", true, -100000001 },
		{ "99999999999", true, 99999999999 }, { "1700000000.9", true, 1700000000 }, { "-0.5", true, -1 }, { "1.7e9", true, 1700000000 },
		{ "1970-01-01", true, 0 }, { "1970-01-01T00:00:00Z", true, 0 }, { "1969-12-31T23:59:59Z", true, -1 }, { "2000-02-29", true, 951782400 },
		{ "1900-02-29", false, 0 }, { "2023-02-29", false, 0 }, { "2024-02-29T12:00", true, 1709208000 }, { "2023-11-14T22:13:20.999Z", true, 1700000000 },
		{ "2023-11-14 23:13:20+01:00", true, 1700000000 }, { "2023-11-14T23:13:20+0100", true, 1700000000 }, { "2023-11-14T17:13:20-05", true, 1700000000 },
		{ "2016-12-31T23:59:60Z", true, 1483228799 }, { "0000-01-01", true, -62167219200 }, { "9999-12-31T23:59:59Z", true, 253402300799 },
		{ "2023-13-01", false, 0 }, { "2023-00-01", false, 0 }, { "2023-01-32", false, 0 }, { "2023-01-00", false, 0 }, { "2023-01-01T24:00", false, 0 },
		{ "2023-01-01T23:60", false, 0 }, { "2023-01-01T1:00", false, 0 }, { "2023-01-01Z", false, 0 }, { "2023-01-01T01:00:00.", false, 0 }, { "2023-01-01T", false, 0 },
		{ "2023-1-1", false, 0 }, { "soon", false, 0 }, { "", false, 0 }, { "1e300", false, 0 }, { "nan", false, 0 }, { "2023-01-01T00:00:00 Z", false, 0 },
		{ "-9223372036854775808", true, -9223372036854776 }, { "2023-01-01T00:00+01:", false, 0 }, { "2023-01-01T00:00+1", false, 0 },
		{ "2023-01-01T00:00-00:30", true, 1672533000 }, { "2023-01-01T00:00+24:00", false, 0 }, { "2023-01-01T00:00+01:60", false, 0 },
		{ "1443521964.9999999999", true, 1443521964 }, { "-1.0000000000000000000001", true, -2 }, { "-1.000", true, -1 }, { "1699999999999.9999999", true, 1699999999 },
		{ "-100000000000.5", true, -100000001 }, { "-99999999999.5", true, -100000000000 }, { "5.", true, 5 }, { "1.5.", false, 0 }, { "0001-01-01", true, -62135596800 },
		{ "2100-02-29", false, 0 }, { "2000-02-30", false, 0 }, { "2023-04-31", false, 0 }, { "12023-01-01", false, 0 }, { "9223372036854775807", true, 9223372036854775 } };
	char iso[32];
	int64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		bool ok = scan_time(t[i].s, strlen(t[i].s), TIME_AUTO, &v);
		if (ok != t[i].ok || (ok && v != t[i].v)) {
			print_error("'%s': %d %lld\n", t[i].s, ok, (long long)v);
			fail();
		}
	}
	assert_true(scan_time("1700000000", 10, TIME_MS, &v) && v == 1700000);
	assert_true(scan_time("-1", 2, TIME_MS, &v) && v == -1);
	assert_true(scan_time("1700000000123", 13, TIME_S, &v) && v == 1700000000123);
	assert_true(scan_when("2024", &v) && v == 1704067200);
	assert_true(scan_when("0070", &v) && scan_when("02024", &v) && v == 2024 && scan_when("202", &v) && v == 202 && scan_when("2024-06-01", &v) && v == 1717200000);
	assert_false(scan_when("", &v) || scan_when("202x", &v));
	for (int64_t x = -62167219200; x < 253402300799; x += 86399 * 331) {	/* there and back again */
		time_iso(x, iso);
		assert_true(scan_time(iso, strlen(iso), TIME_AUTO, &v) && v == x);
	}
}

static void sizes_and_varints(void **state)
{
	struct buf b = { 0 };
	uint64_t v;

	(void)state;
	assert_true(scan_size("10", 2, &v) && v == 10);
	assert_true(scan_size("64K", 3, &v) && v == 65536);
	assert_true(scan_size("1.5M", 4, &v) && v == 1572864);
	assert_true(scan_size("9007199254740993", 16, &v) && v == 9007199254740993);
	assert_true(scan_size("8388607T", 8, &v) && v == 8388607ULL << 40);
	assert_false(scan_size("8388608T", 8, &v) || scan_size("9223372036854775808", 19, &v));
	assert_false(scan_size("K", 1, &v) || scan_size("-1K", 3, &v) || scan_size("99999999T", 9, &v) || scan_size("", 0, &v));
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX };
	for (size_t i = 0; i < 8; i++)
		buf_put_varint(&b, values[i]);
	const unsigned char *p = (const unsigned char *)b.p, *end = p + b.len;
	for (size_t i = 0; i < 8; i++)
		assert_true(scan_varint(&p, end, &v) && v == values[i]);
	assert_true(p == end && !scan_varint(&p, end, &v));
	static const unsigned char over[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 };
	p = over;
	assert_false(scan_varint(&p, over + sizeof over, &v));
	assert_true(unzigzag(zigzag(INT64_MIN)) == INT64_MIN && unzigzag(zigzag(-1)) == -1 && zigzag(-1) == 1);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest t[] = {
		cmocka_unit_test(whole_numbers), cmocka_unit_test(floats_are_refused), cmocka_unit_test(floats_are_rounded_correctly),
		cmocka_unit_test(floats_print_short_and_read_back), cmocka_unit_test(doubles_print_and_read_back), cmocka_unit_test(decimals_round_as_printf_does), cmocka_unit_test(times),
		cmocka_unit_test(sizes_and_varints),
	};
	return cmocka_run_group_tests(t, NULL, NULL);
}
