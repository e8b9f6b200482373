/* draft: each takes its best that is left, the coins are fair and the user's own; the sign test against all outcomes counted, the interval against its equation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../lib/base/rng.h"
#include "../lib/eval/draft.h"

enum { ITEMS = 12 };

static size_t draft_of(struct draft_pick *pick, const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b, size_t k, uint64_t seed, const char *user)
{
	static uint32_t mark[ITEMS], now;
	const uint32_t *const list[2] = { a, b };

	return draft_make(pick, list, (const size_t[]){ n_a, n_b }, k, seed, (struct str){ user, strlen(user) }, mark, ++now);
}

/* The rules said once more: pairs of places, one of each team; each its first that is not above. */
static void assert_is_draft(const struct draft_pick *pick, size_t n, const uint32_t *const list[2], const size_t len[2])
{
	for (size_t i = 0; i < n; i++) {
		const struct draft_pick *p = &pick[i];
		if (i % 2)
			assert_int_not_equal(p->team, pick[i - 1].team);
		assert_true(p->from < len[p->team]);
		assert_int_equal(list[p->team][p->from], p->item);
		for (size_t f = 0; f <= p->from; f++) {
			bool is_above = false;
			for (size_t j = 0; j < i; j++)
				is_above |= pick[j].item == list[p->team][f];
			assert_true(is_above == (f < p->from));
		}
	}
}

static void each_takes_its_best_that_is_left(void **state)
{
	(void)state;
	struct draft_pick pick[2 * ITEMS], less[2 * ITEMS];
	uint32_t a[ITEMS], b[ITEMS];
	struct pcg32 r;

	pcg32_seed(&r, 1, 1);
	for (uint64_t t = 0; t < 500; t++) {
		for (uint32_t i = 0; i < ITEMS; i++)
			a[i] = b[i] = i;
		rng_shuffle_u32(&r, a, ITEMS);
		rng_shuffle_u32(&r, b, ITEMS);
		size_t len[2] = { 1 + pcg32_bounded(&r, ITEMS), 1 + pcg32_bounded(&r, ITEMS) };
		size_t n = draft_of(pick, a, len[0], b, len[1], SIZE_MAX, t, "u"), k = pcg32_bounded(&r, ITEMS);
		assert_is_draft(pick, n, (const uint32_t *const[]){ a, b }, len);
		assert_true(n >= 1 && n <= len[0] + len[1]);
		size_t m = draft_of(less, a, len[0], b, len[1], k, t, "u");
		assert_int_equal(m, n < k ? n : k);
		for (size_t i = 0; i < m; i++)
			assert_true(less[i].item == pick[i].item && less[i].team == pick[i].team && less[i].from == pick[i].from);
	}
	assert_int_equal(draft_of(pick, a, 0, b, 0, 5, 1, "u"), 0);
}

/* Chi-square of who begins the first three rounds, over users and over seeds: 8 outcomes, 7 degrees of freedom, 24.3 is passed once in a thousand times. */
static void coins_are_fair(void **state)
{
	(void)state;
	static const uint32_t a[] = { 0, 1, 2, 3, 4, 5 }, b[] = { 6, 7, 8, 9, 10, 11 };
	struct draft_pick pick[6];

	for (int way = 0; way < 2; way++) {
		double count[8] = { 0 }, chi = 0;
		for (int t = 0; t < 4000; t++) {
			char user[16];
			snprintf(user, sizeof user, "user %d", way ? 0 : t);
			assert_int_equal(draft_of(pick, a, 6, b, 6, 6, way ? (uint64_t)t : 1, user), 6);
			count[pick[0].team << 2 | pick[2].team << 1 | pick[4].team]++;
		}
		for (int i = 0; i < 8; i++)
			chi += (count[i] - 500) * (count[i] - 500) / 500;
		assert_true(chi < 24.3);
	}
}

static void the_sign_test_is_exact(void **state)
{
	(void)state;
	for (size_t w = 0; w <= 12; w++)
		for (size_t l = 0; l + w <= 12; l++) {
			struct draft_score s = { .wins = w, .ties = 3, .losses = l };
			size_t n = w + l, far = 0, off = w > l ? w - l : l - w;
			draft_settle(&s);
			if (!n) {
				assert_true(isnan(s.share) && s.p == 1);
				continue;
			}
			for (size_t x = 0; x < (size_t)1 << n; x++) {
				size_t heads = (size_t)__builtin_popcountll(x), d = 2 * heads > n ? 2 * heads - n : n - 2 * heads;
				far += d >= off;
			}
			assert_true(fabs(s.p - (double)far / (double)((size_t)1 << n)) < 1e-12);
			double z = 1.959963984540054;	/* the bounds are where (share - p)^2 = z^2 p (1 - p) / n */
			for (int side = 0; side < 2; side++) {
				double p = side ? s.high : s.low;
				assert_true(fabs((s.share - p) * (s.share - p) - z * z * p * (1 - p) / (double)n) < 1e-12);
			}
			assert_true(s.low <= s.share && s.share <= s.high);
		}
	struct draft_score many = { .wins = 505000, .losses = 495000 };
	draft_settle(&many);
	assert_true(many.p > 0 && many.p < 1e-20 && many.low > .5);
	many = (struct draft_score){ .wins = 500000, .losses = 500000 };
	draft_settle(&many);
	assert_true(many.p > .999 && many.p <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_takes_its_best_that_is_left),
		cmocka_unit_test(coins_are_fair),
		cmocka_unit_test(the_sign_test_is_exact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
