/* boot: intervals cover the mean of what was drawn, as often as they say; columns with gaps; sign flips against all of them counted; the same for any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/eval/boot.h"

static void means_are_over_those_who_have_a_value(void **state)
{
	(void)state;
	double v[4][3] = { { 1, NAN, NAN }, { 2, 5, NAN }, { 3, NAN, NAN }, { 6, 7, NAN } };
	uint8_t use[4] = { 1, 1, 1, 0 };
	struct boot_interval out[3];
	struct err e = { 0 };

	assert_int_equal(boot_means(out, v[0], 4, 3, NULL, 200, 1, NULL, &e), 0);
	assert_true(out[0].value == 3 && out[0].n == 4 && out[0].low >= 1 && out[0].high <= 6 && out[0].low < 3 && out[0].high > 3);
	assert_true(out[1].value == 6 && out[1].n == 2 && out[1].low == 5 && out[1].high == 7);
	assert_true(isnan(out[2].value) && isnan(out[2].low) && out[2].n == 0);
	assert_int_equal(boot_means(out, v[0], 4, 3, use, 0, 1, NULL, &e), 0);
	assert_true(out[0].value == 2 && out[0].n == 3 && out[0].low == 2 && out[0].high == 2);
	assert_true(out[1].value == 5 && out[1].n == 1);
	assert_int_equal(boot_means(out, v[0], 0, 3, NULL, 10, 1, NULL, &e), 0);
	assert_true(isnan(out[0].value) && out[0].n == 0);
}

/* Two gaps that fall together do not touch each other; a column says the same alone and in company. */
static void a_column_does_not_depend_on_the_others(void **state)
{
	(void)state;
	enum { N = 500 };
	static double v[N][3], one[N];
	struct boot_interval all[3], alone;
	struct err e = { 0 };
	struct pcg32 r;

	pcg32_seed(&r, 3, 0);
	for (int i = 0; i < N; i++)
		for (int c = 0; c < 3; c++)
			v[i][c] = c && pcg32_bounded(&r, 3) == 0 ? NAN : pcg32_f64(&r);
	assert_int_equal(boot_means(all, v[0], N, 3, NULL, 300, 9, NULL, &e), 0);
	for (int c = 0; c < 3; c++) {
		for (int i = 0; i < N; i++)
			one[i] = v[i][c];
		assert_int_equal(boot_means(&alone, one, N, 1, NULL, 300, 9, NULL, &e), 0);
		assert_memory_equal(&alone, &all[c], sizeof alone);
	}
	struct par *pool = par_new(3, &e);
	struct boot_interval again[3];
	assert_int_equal(boot_means(again, v[0], N, 3, NULL, 300, 9, pool, &e), 0);
	assert_memory_equal(again, all, sizeof all);
	par_free(pool);
}

static void an_interval_covers_as_often_as_it_says(void **state)
{
	(void)state;
	enum { N = 200, TRIALS = 400 };
	static double v[N];
	int covered = 0;

	for (uint64_t t = 0; t < TRIALS; t++) {
		struct boot_interval out;
		struct err e = { 0 };
		struct pcg32 r;
		pcg32_seed(&r, 11, t);
		for (int i = 0; i < N; i++)
			v[i] = pcg32_f64(&r);
		assert_int_equal(boot_means(&out, v, N, 1, NULL, 400, t, NULL, &e), 0);
		covered += out.low <= .5 && out.high >= .5;
	}
	assert_in_range(covered, TRIALS * 91 / 100, TRIALS * 98 / 100);
}

/* All 2^N sign choices counted. */
static void flips_are_those_of_all_signs(void **state)
{
	(void)state;
	enum { N = 10, B = 20000 };
	static const double v[N] = { 1, 2, -.5, 3, .25, -1, 1.5, 2, 0, .75 };
	double sum = 0, p;
	struct err e = { 0 };
	int far = 0;

	for (int i = 0; i < N; i++)
		sum += v[i];
	for (int s = 0; s < 1 << N; s++) {
		double x = 0;
		for (int i = 0; i < N; i++)
			x += s >> i & 1 ? -v[i] : v[i];
		far += fabs(x) >= fabs(sum) - 1e-9;
	}
	double want = (double)far / (1 << N);
	assert_int_equal(boot_flips(&p, v, N, 1, NULL, B, 5, NULL, &e), 0);
	assert_true(fabs(p - want) < 4 * sqrt(want * (1 - want) / B) + 1.0 / B);
	assert_int_equal(boot_flips(&p, v, N, 1, NULL, 0, 5, NULL, &e), 0);
	assert_true(isnan(p));
	double none[2] = { NAN, NAN };
	assert_int_equal(boot_flips(&p, none, 2, 1, NULL, 10, 5, NULL, &e), 0);
	assert_true(isnan(p));
	double same[40] = { 0 };
	assert_int_equal(boot_flips(&p, same, 40, 1, NULL, 10, 5, NULL, &e), 0);
	assert_true(p == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(means_are_over_those_who_have_a_value),
		cmocka_unit_test(a_column_does_not_depend_on_the_others),
		cmocka_unit_test(an_interval_covers_as_often_as_it_says),
		cmocka_unit_test(flips_are_those_of_all_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
