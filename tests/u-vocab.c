/* vocab: numbers in order of first sight, the same as by looking through a list, for strings of any bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/data/vocab.h"

static void strings_are_kept_exactly(void **state)
{
	static const struct str s[] = { { "", 0 }, { "\0", 1 }, { "\0\0", 2 }, { "a", 1 }, { "a\0", 2 }, { "A", 1 }, { "a ", 2 }, { "\xff\xfe", 2 },
					{ "na\xc3\xafve", 6 }, { "\t\n\\\"'", 5 } };
	enum { N = sizeof s / sizeof *s };
	struct vocab v = { 0 };

	(void)state;
	assert_int_equal(vocab_find(&v, "a", 1), VOCAB_NONE);
	for (int again = 0; again < 2; again++)
		for (uint32_t i = 0; i < N; i++)
			assert_int_equal(vocab_add(&v, s[i].p, s[i].len), i);
	assert_int_equal(v.n, N);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(vocab_find(&v, s[i].p, s[i].len), i);
		assert_int_equal(v.str[i].len, s[i].len);
		assert_memory_equal(v.str[i].p, s[i].p, s[i].len);
		assert_int_equal(v.str[i].p[s[i].len], 0);
	}
	assert_int_equal(vocab_find(&v, "b", 1), VOCAB_NONE);
	vocab_reset(&v);
	assert_int_equal(v.n, 0);
	assert_int_equal(vocab_find(&v, "a", 1), VOCAB_NONE);
	assert_int_equal(vocab_add(&v, "z", 1), 0);
	vocab_release(&v);
	assert_int_equal(v.n, 0);
	vocab_release(&v);
}

static void is_a_list_of_first_sights(void **state)
{
	enum { N = 20000, RANGE = 3000 };
	static uint32_t number[RANGE];
	struct vocab v = { 0 };
	struct pcg32 r;
	uint32_t seen = 0;
	char s[32];

	(void)state;
	pcg32_seed(&r, 1, 2);
	memset(number, 0xff, sizeof number);
	for (int i = 0; i < N; i++) {
		uint32_t k = pcg32_bounded(&r, RANGE);
		size_t n = (size_t)snprintf(s, sizeof s, "%u", k);
		assert_int_equal(vocab_find(&v, s, n), number[k]);
		if (number[k] == VOCAB_NONE)
			number[k] = seen++;
		assert_int_equal(vocab_add(&v, s, n), number[k]);
	}
	assert_int_equal(v.n, seen);
	vocab_release(&v);
}

static void a_million_grow_it(void **state)
{
	enum { N = 1000000 };
	struct vocab v = { 0 };
	char s[32];

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(vocab_add(&v, s, (size_t)snprintf(s, sizeof s, "id%u", i * 2654435761u)), i);
	for (uint32_t i = 0; i < N; i += 7)
		assert_int_equal(vocab_find(&v, s, (size_t)snprintf(s, sizeof s, "id%u", i * 2654435761u)), i);
	assert_true(v.n_slots >= v.n + v.n / 4);
	vocab_release(&v);
}

/* The same numbers as one at a time, whatever the batches: with strings that are new twice in a batch, of every length around the loads of a comparison, through growth. */
static void many_are_as_one_by_one(void **state)
{
	static const size_t batch[] = { 1, 7, 64, 1000, 30000 };
	enum { N = 30000 };
	static char bytes[N][40];
	static struct str s[N];
	static uint32_t want[N], got[N];
	struct vocab one = { 0 };
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 5, 6);
	for (size_t i = 0; i < N; i++) {
		uint32_t k = pcg32_bounded(&r, 1 + (uint32_t)i / 2), n = k % 36, at = n ? (k / 36) % n : 0;
		memset(bytes[i], 'a', n);
		if (n)		/* like its fellows of this length but for one byte, which is everywhere once */
			bytes[i][at] = (char)(k / 36 / n);
		s[i] = (struct str){ bytes[i], n };
		want[i] = vocab_add(&one, s[i].p, s[i].len);
	}
	assert_true(one.n > 5000);
	for (size_t b = 0; b < sizeof batch / sizeof *batch; b++) {
		struct vocab many = { 0 };
		vocab_add_many(&many, s, 0, got);
		assert_int_equal(many.n, 0);
		for (size_t i = 0; i < N; i += batch[b])
			vocab_add_many(&many, s + i, N - i < batch[b] ? N - i : batch[b], got + i);
		assert_memory_equal(got, want, sizeof want);
		assert_int_equal(many.n, one.n);
		for (size_t i = 0; i < one.n; i++)
			assert_true(!str_cmp(many.str[i], one.str[i]));
		vocab_release(&many);
	}
	vocab_release(&one);
}

static void rank_is_byte_order(void **state)
{
	static const char *const s[] = { "b", "", "a", "ab", "\xff", "aa", "a b", "B" };
	static const uint32_t want[] = { 6, 0, 2, 5, 7, 4, 3, 1 };	/* "" B a "a b" aa ab b \xff */
	uint32_t rank[8];
	struct vocab v = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(vocab_rank(&v, rank, &e), 0);
	for (int i = 0; i < 8; i++)
		vocab_add(&v, s[i], strlen(s[i]));
	assert_int_equal(vocab_rank(&v, rank, &e), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(rank[i], want[i]);
	assert_true(str_cmp((struct str){ "a", 1 }, (struct str){ "a\0", 2 }) < 0);
	assert_true(str_cmp((struct str){ NULL, 0 }, (struct str){ "", 0 }) == 0);
	vocab_release(&v);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(strings_are_kept_exactly),
		cmocka_unit_test(is_a_list_of_first_sights),
		cmocka_unit_test(a_million_grow_it),
		cmocka_unit_test(many_are_as_one_by_one),
		cmocka_unit_test(rank_is_byte_order),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
