/* explore: what is drawn is drawn as often as its propensity says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "../lib/rank/explore.h"

static const double gain[] = { 0.5, 0.9, 0.7, 0.9, 0.1, 0.65, -0.2 }, spread[] = { 1, 0.01, 0.5, 0.2, 1, 0.001, 0.3 };
enum { N = sizeof gain / sizeof *gain, SEEDS = 40000 };

static void compare(const struct explore *x)
{
	size_t count[N] = { 0 };
	double sum = 0, p;

	for (size_t i = 0; i < N; i++)
		sum += explore_chance(x, gain, spread, N, i);
	if (fabs(sum - 1) > (x->how == EXPLORE_THOMPSON ? 2e-4 : 1e-12))
		fail_msg("propensities add up to %.9g", sum);
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct pcg32 rng;
		pcg32_seed(&rng, seed, 7);
		size_t i = explore_pick(x, gain, spread, N, &rng, &p);
		count[i]++;
		if (seed < 20)
			assert_true(p == explore_chance(x, gain, spread, N, i));
	}
	for (size_t i = 0; i < N; i++) {
		double want = explore_chance(x, gain, spread, N, i), got = (double)count[i] / SEEDS;
		if (fabs(got - want) > 4.5 * sqrt(want * (1 - want) / SEEDS) + 1e-4)
			fail_msg("way %d, candidate %zu: drawn %.6f, said %.6f", x->how, i, got, want);
	}
}

static void epsilon_is_drawn_as_it_says(void **state)
{
	(void)state;
	compare(&(struct explore){ EXPLORE_EPSILON, 0.3 });
	compare(&(struct explore){ EXPLORE_EPSILON, 1 });
	assert_true(explore_chance(&(struct explore){ EXPLORE_EPSILON, 0.7 }, gain, spread, N, 1) == 1 - 0.7 + 0.7 / N);
	assert_true(explore_chance(&(struct explore){ EXPLORE_EPSILON, 0.7 }, gain, spread, N, 3) == 0.7 / N);
}

static void softmax_is_drawn_as_it_says(void **state)
{
	(void)state;
	compare(&(struct explore){ EXPLORE_SOFTMAX, 0.3 });
	compare(&(struct explore){ EXPLORE_SOFTMAX, 5 });
	compare(&(struct explore){ EXPLORE_SOFTMAX, 0.001 });
}

static void thompson_is_drawn_as_it_says(void **state)
{
	(void)state;
	compare(&(struct explore){ EXPLORE_THOMPSON, 0.1 });
	compare(&(struct explore){ EXPLORE_THOMPSON, 1 });
	compare(&(struct explore){ EXPLORE_THOMPSON, 30 });
}

static void without_chance_it_is_the_first_of_the_best(void **state)
{
	static const struct explore none[] = { { EXPLORE_NOT, 0 }, { EXPLORE_EPSILON, 0 }, { EXPLORE_THOMPSON, 0 } };
	struct pcg32 rng;
	double p;
	(void)state;

	pcg32_seed(&rng, 1, 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(explore_pick(&none[i], gain, spread, N, &rng, &p), 1);
		assert_true(p == 1);
	}
	for (enum explore_how how = EXPLORE_NOT; how <= EXPLORE_THOMPSON; how++) {
		assert_int_equal(explore_pick(&(struct explore){ how, 0.5 }, gain, spread, 1, &rng, &p), 0);
		assert_true(p == 1);
	}
}

static void deviations_may_be_far_smaller_than_gains(void **state)
{
	static const double apart[] = { 0.95, 0.05 }, alike[] = { 0.7, 0.7 }, same[] = { 1, 1 }, one_is_known[] = { 1, 1e-12 };
	(void)state;

	for (double amount = 1e-2; amount > 1e-250; amount *= 1e-3) {
		struct explore x = { EXPLORE_THOMPSON, amount };
		assert_true(explore_chance(&x, apart, same, 2, 0) > 1 - 1e-6);
		assert_true(explore_chance(&x, apart, same, 2, 1) < 1e-6);
		assert_true(fabs(explore_chance(&x, alike, same, 2, 0) - 0.5) < 2e-4);
		assert_true(fabs(explore_chance(&x, alike, one_is_known, 2, 0) - 0.5) < 2e-4);
		assert_true(fabs(explore_chance(&x, alike, one_is_known, 2, 1) - 0.5) < 2e-4);
	}
}

static void the_normal_distribution_is_near_enough(void **state)
{
	(void)state;
	for (double z = -9; z <= 9; z += 0.01)
		assert_true(fabs(explore_normal(z) - erfc(-z / sqrt(2)) / 2) < 1e-7);
}

static void a_user_has_another_stream_each_day(void **state)
{
	struct str a = { "ann", 3 }, b = { "bob", 3 };
	(void)state;

	assert_true(explore_stream(a, 5) == explore_stream(a, 5));
	assert_true(explore_stream(a, 5) != explore_stream(a, 6));
	assert_true(explore_stream(a, 5) != explore_stream(b, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(epsilon_is_drawn_as_it_says),
		cmocka_unit_test(softmax_is_drawn_as_it_says),
		cmocka_unit_test(thompson_is_drawn_as_it_says),
		cmocka_unit_test(without_chance_it_is_the_first_of_the_best),
		cmocka_unit_test(deviations_may_be_far_smaller_than_gains),
		cmocka_unit_test(the_normal_distribution_is_near_enough),
		cmocka_unit_test(a_user_has_another_stream_each_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
