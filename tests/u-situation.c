/* situation: what is drawn is what the chances say, and text goes both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../lib/synth/situation.h"

static double chance[WORLD_KINDS][SITUATIONS];

static void the_chances_of_a_key_add_up_to_one_and_more_knowledge_is_rarer(void **state)
{
	const uint8_t n = SITUATION_VALUES + 1;

	(void)state;
	for (int k = 0; k < WORLD_KINDS; k++) {
		double sum[SITUATION_KEYS + 1] = { 0 };
		assert_true(chance[k][0] > 1 - 1e-9 && chance[k][0] < 1 + 1e-9);
		for (int i = 0; i < SITUATIONS; i++) {
			struct situation s = { { (uint8_t)(i / n / n), (uint8_t)(i / n % n), (uint8_t)(i % n) } };
			assert_int_equal(situation_number(s), i);
			for (int key = 0; key < SITUATION_KEYS; key++) {
				struct situation less = s;
				less.v[key] = 0;
				assert_true(chance[k][situation_number(less)] >= chance[k][i]);
				if (s.v[key] && !situation_number(less))
					sum[key] += chance[k][i];
			}
			if (s.v[0] && s.v[1] && s.v[2])
				sum[SITUATION_KEYS] += chance[k][i];
		}
		for (int j = 0; j <= SITUATION_KEYS; j++)
			assert_true(sum[j] > 1 - 1e-9 && sum[j] < 1 + 1e-9);
	}
}

static void sessions_are_drawn_as_often_as_the_chances_say(void **state)
{
	static unsigned seen[SITUATIONS];
	enum { N = 200000 };
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 42, 7);
	for (int k = 0; k < WORLD_KINDS; k++) {
		double chi = 0;
		int cells = 0;
		memset(seen, 0, sizeof seen);
		for (int i = 0; i < N; i++) {
			bool is_weekend = pcg32_f64(&r) < 2 * 1.3 / (2 * 1.3 + 5 * 0.88);
			int hour = situation_hour(&r, (enum world_kind)k, is_weekend);
			assert_true(hour >= 0 && hour < 24);
			seen[situation_number(situation_draw(&r, hour, is_weekend, (enum world_kind)k, false))]++;
		}
		for (int i = 0; i < SITUATIONS; i++) {
			double want = N * chance[k][i];
			if (i / 25 == 0 || i / 5 % 5 == 0 || i % 5 == 0)
				assert_int_equal(seen[i], 0);		/* one of them is not known */
			else if (want == 0)
				assert_int_equal(seen[i], 0);
			else if (want > 5) {
				chi += (seen[i] - want) * (seen[i] - want) / want;
				cells++;
			}
		}
		assert_true(cells > 15);
		assert_true(chi < cells + 5 * 1.4143 * 6);	/* a chi-square of so many cells is hardly ever larger: mean + 5 sd, sd at 36 cells */
	}
}

static void a_plain_draw_knows_the_device_alone(void **state)
{
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 1, 1);
	for (int i = 0; i < 100; i++) {
		struct situation s = situation_draw(&r, i % 24, i & 1, WORLD_MUSIC, true);
		assert_true(s.v[SITUATION_DEVICE] && !s.v[SITUATION_PLACE] && !s.v[SITUATION_MOOD]);
	}
}

static void text_goes_both_ways_and_other_keys_are_passed_over(void **state)
{
	static const struct { const char *in, *out, *strict; } c[] = {	/* strict NULL: as in */
		{ "", "", NULL },
		{ "device=phone", "device=phone", NULL },
		{ "mood=calm;device=car", "device=car;mood=calm", NULL },
		{ "device=car;place=road;mood=social", "device=car;place=road;mood=social", NULL },
		{ "device=car;device=phone", "device=phone", NULL },
		{ "shuffle=1;place=gym;session=3", "place=gym", "no context" },
		{ ";;place=gym;", "place=gym", "no context" },
		{ "devic=car", "", "no context" },
		{ "=car", "", "no context" },
		{ "junk", "", "no context" } };
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct situation s;
		struct err e = { 0 };
		assert_int_equal(situation_scan(c[i].in, strlen(c[i].in), false, &s, &e), 0);
		buf_reset(&b);
		buf_puts(&b, "");
		situation_put(s, &b);
		assert_string_equal(b.p, c[i].out);
		assert_int_equal(situation_scan(c[i].in, strlen(c[i].in), true, &s, &e), c[i].strict ? ERR_DATA : 0);
		assert_true(!c[i].strict || strstr(e.msg, c[i].strict));
	}
	buf_release(&b);
}

static void what_is_no_device_is_told(void **state)
{
	static const char *const bad[] = { "device=toaster", "device=", "device", "place=phone", "device=phone;mood=calmer", "mood=cal" };
	struct situation s;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };
		assert_int_equal(situation_scan(bad[i], strlen(bad[i]), false, &s, &e), ERR_DATA);
		assert_non_null(strstr(e.msg, "is one of"));
	}
}

int main(void)
{
	situation_chances(0.88, 1.3, chance);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chances_of_a_key_add_up_to_one_and_more_knowledge_is_rarer),
		cmocka_unit_test(sessions_are_drawn_as_often_as_the_chances_say),
		cmocka_unit_test(a_plain_draw_knows_the_device_alone),
		cmocka_unit_test(text_goes_both_ways_and_other_keys_are_passed_over),
		cmocka_unit_test(what_is_no_device_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
