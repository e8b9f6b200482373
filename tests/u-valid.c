/* valid: who counts and what is new to them, by hand; draws; the means of lists that are known; failures leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mem-path.h"
#include "../lib/eval/valid.h"

static double no_skips(const struct event *ev, void *ctx)
{
	(void)ctx;
	return ev->kind.len == 4 && !memcmp(ev->kind.p, "skip", 4) ? 0 : 1;
}

static struct inter_opts plain = { .weight = no_skips };

static void learn(struct inter *in, const char *text)
{
	struct err e = { 0 };
	const char *path = mem_path(text, strlen(text), MEM_MAPPED);

	assert_int_equal(inter_load(in, &path, 1, &plain, NULL, NULL, &e), 0);
}

/* a has x y, b has y z, c only skipped x; w is known, though nobody has it */
static const char learnt[] = "a\tx\na\ty\nb\ty\nb\tz\nc\tx\t\tskip\nc\tw\t\tskip\n";

static int hold(struct valid *v, struct inter *in, const char *text, size_t n, struct err *e)
{
	*e = (struct err){ 0 };
	learn(in, learnt);
	return valid_load(v, mem_path(text, strlen(text), MEM_MAPPED), in, &plain, 2, n, 1, NULL, NULL, e);
}

static void what_is_new_to_whom(void **state)
{
	(void)state;
	struct inter in;
	struct valid v;
	struct err e;
	double ndcg, recall;

	/* a: z is new, w too, x is not, q is unknown, a skip is nothing; b: nothing but what it has; c has no history; d is a stranger */
	assert_int_equal(hold(&v, &in, "a\tz\na\tz\nd\tx\na\tx\nb\ty\na\tw\na\tq\nc\ty\nb\tx\t\tskip\n", 9, &e), 0);
	assert_int_equal(v.n_users, 1);
	assert_int_equal(v.n_events, 9);
	assert_int_equal(v.n_unknown, 2);
	assert_int_equal(v.has.start[1], 2);
	assert_memory_equal(v.has.col, ((uint32_t[]){ 0, 1 }), 2 * sizeof(uint32_t));
	assert_int_equal(v.truth.gain.start[1], 2);
	assert_memory_equal(v.truth.gain.col, ((uint32_t[]){ 2, 3 }), 2 * sizeof(uint32_t));	/* z, w */
	assert_memory_equal(v.truth.gain.val, ((float[]){ 1, 1 }), 2 * sizeof(float));	/* twice z is z */
	assert_int_equal(in.user.n, 3);
	assert_int_equal(in.item.n, 4);
	assert_int_equal(vocab_find(&in.item, "z", 1), 2);

	v.run.start[1] = 1;
	v.run.item[0] = 3;
	assert_int_equal(valid_means(&v, &ndcg, &recall, NULL, &e), 0);
	assert_true(recall == 0.5 && fabs(ndcg - 1 / (1 + 1 / log2(3))) < 1e-12);
	valid_release(&v);
	valid_release(&v);	/* twice is harmless */
	inter_release(&in);
}

static void users_are_drawn_and_kept_in_order(void **state)
{
	(void)state;
	struct inter in;
	struct valid v;
	struct err e = { 0 };
	struct buf b = { 0 }, held = { 0 };
	size_t hits[50] = { 0 };

	for (int u = 0; u < 50; u++) {
		buf_printf(&b, "u%d\ti%d\n", u, u);
		buf_printf(&held, "u%d\ti%d\n", u, (u + 1) % 50);
	}
	for (uint64_t seed = 0; seed < 1000; seed++) {
		learn(&in, b.p);
		assert_int_equal(valid_load(&v, mem_path(held.p, held.len, MEM_MAPPED), &in, &plain, 2, 10, seed, NULL, NULL, &e), 0);
		assert_int_equal(v.n_users, 10);
		for (size_t u = 0; u < 10; u++) {
			assert_int_equal(v.has.start[u + 1], u + 1);
			assert_true(!u || v.has.col[u] > v.has.col[u - 1]);
			assert_int_equal(v.truth.gain.col[u], (v.has.col[u] + 1) % 50);
			hits[v.has.col[u]]++;
		}
		valid_release(&v);
		inter_release(&in);
	}
	for (int u = 0; u < 50; u++)	/* 200 and a standard deviation of 12.6 */
		assert_true(hits[u] > 137 && hits[u] < 263);
	buf_release(&b);
	buf_release(&held);
}

static void what_will_not_do(void **state)
{
	(void)state;
	static const struct { const char *text, *says; } bad[] = {
		{ "", "no user who has events" }, { "d\tx\n", "no user" }, { "a\tq\n", "no user" }, { "a\tx\nb\tz\n", "no user" }, { "c\ty\n", "no user" },
		{ "a\tz\t\tskip\n", "no user" }, { "a\tz\nb\n", ":2: " }, { "a\tz\tnever\n", "'never'" },
	};
	struct inter in;
	struct valid v;
	struct err e;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(hold(&v, &in, bad[i].text, 9, &e), ERR_DATA);
		assert_non_null(strstr(e.msg, bad[i].says));
		assert_null(in.user.str);
		assert_null(v.has.start);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_new_to_whom),
		cmocka_unit_test(users_are_drawn_and_kept_in_order),
		cmocka_unit_test(what_will_not_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
