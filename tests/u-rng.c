/* PCG against the output that the authors' reference implementation prints (pcg-c, check-pcg32.out and check-pcg64.out), and what shuffles and bounds must be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/base/rng.h"

static void words(struct pcg32 *r, const uint32_t *want)
{
	for (int i = 0; i < 6; i++)
		assert_int_equal(pcg32_next(r), want[i]);
}

/* One round of the reference check: 6 words, 65 coins, 33 dice, a deck shuffled; the texts are wanted in round 1 only. */
static void round_of(struct pcg32 *r, const uint32_t *want, const char *coins, const char *dice, const char *deck)
{
	static const char number[] = "A23456789TJQK", suit[] = "hcds";
	uint8_t card[52];
	char got[256] = "";

	words(r, want);
	for (int i = 0; i < 65; i++)
		got[i] = pcg32_bounded(r, 2) ? 'H' : 'T';
	if (coins)
		assert_memory_equal(got, coins, 65);
	size_t n = 0;
	for (int i = 0; i < 33; i++)
		n += (size_t)sprintf(got + n, "%u ", pcg32_bounded(r, 6) + 1);
	if (dice)
		assert_string_equal(got, dice);
	for (uint8_t i = 0; i < 52; i++)
		card[i] = i;
	for (uint32_t i = 52; i > 1; i--) {
		uint32_t j = pcg32_bounded(r, i);
		uint8_t t = card[j];
		card[j] = card[i - 1];
		card[i - 1] = t;
	}
	n = 0;
	for (int i = 0; i < 52; i++)
		n += (size_t)sprintf(got + n, "%c%c ", number[card[i] / 4], suit[card[i] % 4]);
	if (deck)
		assert_string_equal(got, deck);
}

static void pcg32_is_the_reference(void **state)
{
	static const uint32_t want[5][6] = {
		{ 0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e },
		{ 0x74ab93ad, 0x1c1da000, 0x494ff896, 0x34462f2f, 0xd308a3e5, 0x0fa83bab },
		{ 0x39af5f9f, 0x04196b18, 0xc3c3eb28, 0xc076c60c, 0xc693e135, 0xf8f63932 },
		{ 0x55ce6851, 0x97a7726d, 0x17e10815, 0x58007d43, 0x962fb148, 0xb9bb55bd },
		{ 0xfcef7cd6, 0x1b488b5a, 0xd0daf7ea, 0x1d9a70f7, 0x241a37cf, 0x9a3857b7 } };
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 42, 54);
	assert_true(r.state == 0x185706b82c2e03f8 && r.inc == 0x6d);
	round_of(&r, want[0], "HHTTTHTHHHTHTTTHHHHHTTTHHHTHTHTHTTHTTTHHHHHHTTTTHHTTTTTHTTTTTTTHT",
		 "3 4 1 1 2 2 3 2 4 3 2 4 3 3 5 2 3 1 3 1 5 1 4 1 5 6 4 6 6 2 6 3 3 ",
		 "Qd Ks 6d 3s 3d 4c 3h Td Kc 5c Jh Kd Jd As 4s 4h Ad Th Ac Jc 7s Qs 2s 7h Kh 2d 6c Ah 4d Qh 9h 6s 5s 2c 9c Ts 8d 9s 3c 8c Js 5d 2h 6h "
		 "7d 8s 9d 5h 8h Qc 7c Tc ");
	for (int i = 1; i < 5; i++)
		round_of(&r, want[i], NULL, NULL, NULL);
}

static void pcg32_jumps(void **state)
{
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 42, 54);
	pcg32_advance(&r, 1000000);
	assert_int_equal(pcg32_next(&r), 0x11918599);
	pcg32_seed(&r, 42, 54);
	for (int i = 0; i < 6; i++)
		pcg32_next(&r);
	pcg32_advance(&r, (uint64_t)-6);
	assert_int_equal(pcg32_next(&r), 0xa15c02b7);
	pcg32_seed(&r, 42, 54);		/* a jump is as many draws */
	struct pcg32 s = r;
	for (int i = 0; i < 1000; i++)
		pcg32_next(&s);
	pcg32_advance(&r, 1000);
	assert_memory_equal(&r, &s, sizeof r);
}

static void pcg32_other_seeds(void **state)
{
	static const uint32_t zero[4] = { 0xe4c14788, 0x379c6516, 0x5c4ab3bb, 0x601d23e0 };
	static const uint32_t initializer[6] = { 0x152ca78d, 0x027c6003, 0xcb07bbf3, 0xf98befee, 0x1cd777e3, 0xa4e29590 };
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 0, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pcg32_next(&r), zero[i]);
	r = (struct pcg32){ 0x853c49e6748fea9bULL, 0xda3e39cb94b95bdbULL };
	words(&r, initializer);
}

static void pcg64_is_the_reference(void **state)
{
	static const uint64_t want[6] = { 0x86b1da1d72062b68, 0x1304aa46c9853d39, 0xa3670e9e0dd50358, 0xf9090e529a7dae00, 0xc85b9fd837996f2c,
		0x606121f8e3919196 };
	struct pcg64 r;

	(void)state;
	pcg64_seed(&r, 42, 54);
	assert_true((uint64_t)(r.state >> 64) == 0xde2bce05be013be3 && (uint64_t)r.state == 0xd3f6c45a41e54320);
	for (int i = 0; i < 6; i++)
		assert_true(pcg64_next(&r) == want[i]);
	pcg64_seed(&r, 42, 54);
	pcg64_advance(&r, 1000000);
	assert_true(pcg64_next(&r) == 0x3f79894a4e9c4f31);
	pcg64_seed(&r, 42, 54);
	assert_true(pcg64_f64(&r) == 0.52615130633241647);
	assert_true(pcg64_f64(&r) == 0.074289934427288595);
	assert_true(pcg64_f64(&r) == 0.63829127653828621);
}

static void numbers_stay_in_their_range(void **state)
{
	struct pcg32 r;
	struct pcg64 s;
	double sum = 0;

	(void)state;
	pcg32_seed(&r, 7, 7);
	pcg64_seed(&s, 7, 7);
	for (int i = 0; i < 100000; i++) {
		float f = pcg32_f32(&r);
		double d = pcg32_f64(&r);
		assert_true(f >= 0 && f < 1 && d >= 0 && d < 1);
		assert_true(pcg32_bounded(&r, 1) == 0 && pcg32_bounded(&r, 0xffffffff) < 0xffffffff && pcg64_bounded(&s, 3) < 3);
		sum += d;
	}
	assert_true(sum > 49000 && sum < 51000);
}

/* A chi-square over the 24 orders of four: an off-by-one in the shuffle shows at once (p = 1e-6 is at 74 for 23 degrees). */
static void shuffles_are_fair(void **state)
{
	int count[256] = { 0 }, n = 240000;
	struct pcg32 r;
	double chi = 0;

	(void)state;
	pcg32_seed(&r, 1, 2);
	for (int i = 0; i < n; i++) {
		uint32_t v[4] = { 0, 1, 2, 3 };
		rng_shuffle_u32(&r, v, 4);
		count[v[0] << 6 | v[1] << 4 | v[2] << 2 | v[3]]++;
	}
	int seen = 0;
	for (int i = 0; i < 256; i++)
		if (count[i]) {
			double d = count[i] - n / 24.0;
			chi += d * d / (n / 24.0);
			seen++;
		}
	assert_int_equal(seen, 24);
	assert_true(chi < 74);
}

int main(void)
{
	const struct CMUnitTest t[] = {
		cmocka_unit_test(pcg32_is_the_reference), cmocka_unit_test(pcg32_jumps), cmocka_unit_test(pcg32_other_seeds),
		cmocka_unit_test(pcg64_is_the_reference), cmocka_unit_test(numbers_stay_in_their_range), cmocka_unit_test(shuffles_are_fair),
	};
	return cmocka_run_group_tests(t, NULL, NULL);
}
