/* prov: each step stands once, in the order in which it came, however many inputs with however long a chain of their own there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <string.h>

#include "../lib/io/prov.h"

enum { STEPS = 200000 };		/* a walk through them for each would take minutes */

static void each_step_stands_once_in_order_of_arrival(void **state)
{
	struct prov one = { 0 }, all = { 0 };
	struct err e = { 0 };
	char options[16];
	const char *at;
	(void)state;

	for (int i = 0; i < STEPS; i++) {
		snprintf(options, sizeof options, "-s %d", i);
		prov_step(&one, "u-prov", "1", options, "");
		prov_step(&one, "u-prov", "1", options, "");
	}
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(prov_merge(&all, one.text.p, one.text.len, &e), 0);
	assert_int_equal(all.text.len, one.text.len);
	assert_memory_equal(all.text.p, one.text.p, one.text.len);
	at = all.text.p;
	for (int i = 0; i < STEPS; i++) {
		char line[40];
		int n = snprintf(line, sizeof line, "u-prov\t1\t-s %d\t\n", i);
		assert_memory_equal(at, line, (size_t)n);
		at += n;
	}
	assert_true(at == all.text.p + all.text.len);
	prov_release(&one);
	prov_release(&all);
}

static void what_begins_as_another_step_is_one(void **state)
{
	static const char text[] = "a\t1\tx\t\n" "a\t1\tx\ty\n" "a\t1\tx\t\n" "a\t1\t\t\n";
	struct prov p = { 0 };
	struct err e = { 0 };
	(void)state;

	assert_int_equal(prov_merge(&p, text, strlen(text), &e), 0);
	assert_string_equal(p.text.p, "a\t1\tx\t\na\t1\tx\ty\na\t1\t\t\n");
	prov_reset(&p);
	prov_step(&p, "a", "1", "x", "y");
	prov_step(&p, "a", "1", "x", "y");
	assert_int_equal(p.text.len, strlen("a\t1\tx\ty\n"));
	assert_int_equal(prov_merge(&p, "a\t1\tx", 5, &e), ERR_DATA);
	prov_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_stands_once_in_order_of_arrival),
		cmocka_unit_test(what_begins_as_another_step_is_one),
	};
	return cmocka_run_group_tests_name("prov", tests, NULL, NULL);
}
