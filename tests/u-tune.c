/* tune: a known hill is climbed, halving keeps what it should, a log is gone on from at every length it can have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/base/buf.h"
#include "../lib/eval/tune.h"
#include "../lib/num/fmath.h"

static double x, y;
static struct { size_t calls, fail_at; struct buf shown; } seen;

/* hill - the best is x = 0.03 (of logs) and y = 0.7; a larger budget is better, unless x is far off. */
static int hill(void *ctx, int64_t budget, double *score, double *second, struct err *e)
{
	double dx = (fm_log(x) - fm_log(0.03)) / 3, dy = y - 0.7;

	(void)ctx;
	if (++seen.calls == seen.fail_at)
		return err_set(e, ERR_SYS, "the power is out");
	*score = 1 - dx * dx - dy * dy - 0.1 / (double)budget;
	*second = (double)budget;
	return 0;
}

static void remember(void *ctx, const char *line)
{
	(void)ctx;
	buf_puts(&seen.shown, line);
}

static struct tune search(void)
{
	x = 0.9;
	y = 0.1;
	seen.calls = seen.fail_at = 0;
	buf_reset(&seen.shown);
	return (struct tune){ .param = { { "x", 0.001, 1, true, &x }, { "y", 0, 1, false, &y } }, .n_params = 2, .budget_name = "b", .score_name = "s", .second_name = "t",
		.budget = { 1, 2, 4, 8 }, .n_budgets = 4, .given = 2, .n_trials = 27, .n_near = 9, .seed = 1, .measure = hill, .show = remember, .identity = "one" };
}

static void the_top_of_a_hill_is_found(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct tune t = search();
		struct tune_row best;
		struct err e = { 0 };
		size_t n;
		t.seed = seed;
		assert_int_equal(tune_run(&t, &best, &n, &e), 0);
		assert_int_equal(n, 27 + 10 + 4 + 1 + 9);	/* trial 0 is bad, but goes as far as the given budget */
		assert_int_equal(n, seen.calls);
		assert_true(best.score > 0.96 && best.budget == 8);
		assert_true(x == best.value[0] && y == best.value[1]);
	}
}

static void many_trials_cost_what_they_are_measured_for(void **state)
{
	(void)state;
	struct tune t = search();
	struct tune_row best;
	struct err e = { 0 };
	size_t n;
	clock_t start = clock();

	t.n_trials = 12000;		/* 4000 go on: looked for among those that already do, 10^11 steps */
	t.show = NULL;
	assert_int_equal(tune_run(&t, &best, &n, &e), 0);
	assert_int_equal(n, 12000 + 4001 + 1335 + 445 + 9);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 10);
}

/* fields of a shown row */
struct shown { size_t rung, trial; long budget; double x, y, score; };
static size_t shown_rows(struct shown *row, size_t most)
{
	size_t n = 0;

	for (char *p = strchr(seen.shown.p, '\n'); p && p[1] && n < most; p = strchr(p + 1, '\n'), n++)
		assert_int_equal(sscanf(p + 1, "%zu %zu %ld %lf %lf %lf", &row[n].rung, &row[n].trial, &row[n].budget, &row[n].x, &row[n].y, &row[n].score), 6);
	return n;
}

static void each_rung_keeps_the_best_third_and_what_was_given(void **state)
{
	(void)state;
	struct tune t = search();
	struct tune_row best;
	struct err e = { 0 };
	struct shown row[64];
	size_t n;

	assert_int_equal(tune_run(&t, &best, &n, &e), 0);
	assert_int_equal(shown_rows(row, 64), n);
	assert_true(row[0].trial == 0 && row[0].x == 0.9 && row[0].y == 0.1);
	for (size_t i = 0; i < 27; i++) {
		assert_true(row[i].rung == 0 && row[i].trial == i && row[i].budget == 1);
		assert_true(!i || (row[i].x >= 0.001 && row[i].x <= 1 && row[i].y >= 0 && row[i].y <= 1));
		size_t better = 0;
		bool goes_on = false;
		for (size_t j = 0; j < 27; j++)
			better += row[j].score > row[i].score || (row[j].score == row[i].score && j < i);
		for (size_t j = 27; j < 37; j++)
			goes_on |= row[j].trial == i;
		assert_int_equal(goes_on, better < 9 || i == 0);
	}
	for (size_t j = 0; j < 3; j++)		/* spread: each third of each range holds a third of the points, give or take two */
		for (int axis = 0; axis < 2; axis++) {
			size_t in = 0;
			for (size_t i = 1; i < 27; i++) {
				double u = axis ? row[i].y : fm_log(row[i].x / 0.001) / fm_log(1000);
				in += u >= (double)j / 3 && u < (double)(j + 1) / 3;
			}
			assert_true(in >= 7 && in <= 11);
		}
	assert_true(row[40].rung == 2 && row[40].trial == 0 && row[40].budget == 4);	/* the given one at the given budget, and no further */
	assert_true(row[41].rung == 3 && row[41].trial != 0);
	assert_true(row[42].rung == 4 && row[42].trial == 27 && row[50].trial == 35);
}

static int flat(void *ctx, int64_t budget, double *score, double *second, struct err *e)
{
	(void)ctx, (void)budget, (void)e;
	*score = *second = 0;
	return 0;
}

static void of_equals_the_given_one_wins(void **state)
{
	(void)state;
	struct tune t = search();
	struct tune_row best;
	struct err e = { 0 };
	size_t n;

	t.measure = flat;
	assert_int_equal(tune_run(&t, &best, &n, &e), 0);
	assert_true(best.trial == 0 && x == 0.9 && y == 0.1);
	t = search();
	t.n_params = 0;		/* budgets alone */
	t.n_trials = 1;
	assert_int_equal(tune_run(&t, &best, &n, &e), 0);
	assert_true(n == 4 && best.trial == 0);
}

/* shrink - a smaller budget looks better. */
static int shrink(void *ctx, int64_t budget, double *score, double *second, struct err *e)
{
	hill(ctx, budget, score, second, e);
	*score += 10 / (double)budget;
	return e->code;
}

static void a_small_budget_wins_only_where_it_may(void **state)
{
	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		struct tune t = search();
		struct tune_row best;
		struct shown row[64];
		struct err e = { 0 };
		size_t n;
		t.measure = shrink;
		t.whole_only = whole;
		t.n_budgets = 3;
		assert_int_equal(tune_run(&t, &best, &n, &e), 0);
		assert_int_equal(best.budget, whole ? 4 : 1);
		shown_rows(row, 64);
		for (size_t i = 0; i < n; i++) {
			assert_true(row[i].rung < 3 || row[i].budget == best.budget);
			assert_true(row[i].budget != best.budget || row[i].score <= best.score);
		}
	}
}

static void put_file(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static size_t get_file(const char *path, char *p, size_t room)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t n = fread(p, 1, room, f);
	fclose(f);
	return n;
}

/* but for the last column, which is seconds */
static void strip(char *text, size_t *n)
{
	size_t to = 0;
	for (size_t i = 0; i < *n; i++) {
		size_t end = i;
		while (text[end] != '\n')
			end++;
		size_t cut = end;
		while (cut > i && text[cut] != '\t')
			cut--;
		memmove(text + to, text + i, cut - i);
		to += cut - i;
		i = end;
	}
	*n = to;
}

static void a_log_cut_anywhere_is_gone_on_from(void **state)
{
	(void)state;
	static char whole[1 << 16], again[1 << 16];
	char path[] = "/tmp/u-tune.XXXXXX";
	struct tune_row want, got;
	struct err e = { 0 };
	size_t n, n_rows;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	struct tune t = search();
	t.log = path;
	assert_int_equal(tune_run(&t, &want, &n_rows, &e), 0);
	assert_int_equal(seen.calls, n_rows);
	size_t len = get_file(path, whole, sizeof whole);
	for (size_t cut = 0; cut <= len; cut += cut > 150 && cut + 100 < len ? 5 : 1) {
		size_t lines = 0;
		for (size_t i = 0; i < cut; i++)
			lines += whole[i] == '\n';
		put_file(path, whole, cut);
		t = search();
		t.log = path;
		assert_int_equal(tune_run(&t, &got, &n, &e), 0);
		assert_int_equal(seen.calls, lines < 2 ? n_rows : n_rows - (lines - 2));
		assert_true(n == n_rows && got.trial == want.trial && got.score == want.score && x == want.value[0] && y == want.value[1]);
		if (cut % 12)
			continue;
		n = get_file(path, again, sizeof again);
		memcpy(again + n, "", 1);
		size_t whole_n = len;
		char *copy = malloc(len);
		memcpy(copy, whole, len);
		strip(copy, &whole_n);
		strip(again, &n);
		assert_int_equal(n, whole_n);
		assert_memory_equal(again, copy, n);
		free(copy);
	}

	/* what failed half way, too */
	put_file(path, "", 0);
	t = search();
	t.log = path;
	seen.fail_at = 20;
	assert_int_equal(tune_run(&t, &got, &n, &e), ERR_SYS);
	assert_true(x == 0.9 && y == 0.1);
	e = (struct err){ 0 };
	t = search();
	t.log = path;
	assert_int_equal(tune_run(&t, &got, &n, &e), 0);
	assert_int_equal(seen.calls, n_rows - 19);
	assert_true(got.score == want.score);

	/* of another search, none at all, edited, too long: refused and left as they were */
	for (int bad = 0; bad < 7; bad++) {
		t = search();
		t.log = path;
		put_file(path, whole, len);
		if (bad == 0)
			t.identity = "two";
		else if (bad == 1)
			t.n_params = 1;
		else if (bad == 2)
			put_file(path, "u1\ti1\n", 6);
		else if (bad == 3)
			t.n_trials = 9;
		else if (bad == 4)
			t.seed = 2;
		else if (bad == 5) {
			memcpy(again, whole, len);
			memcpy(again + len, "9\t9\t9\n", 6);
			put_file(path, again, len + 6);
		} else {
			memcpy(again, whole, len);
			char *tab = memrchr(again, '\t', len - 40);
			tab[1] = 'x';
			put_file(path, again, len);
		}
		n = get_file(path, again, sizeof again);
		e = (struct err){ 0 };
		assert_int_equal(tune_run(&t, &got, &n_rows, &e), ERR_DATA);
		assert_non_null(strstr(e.msg, path));
		static char after[1 << 16];
		assert_int_equal(get_file(path, after, sizeof after), n);
		if (bad < 3)
			assert_memory_equal(after, again, n);
	}
	e = (struct err){ 0 };
	t = search();
	t.log = "/tmp";
	assert_int_equal(tune_run(&t, &got, &n, &e), ERR_SYS);
	e = (struct err){ 0 };
	t.log = "/dev/null";
	assert_int_equal(tune_run(&t, &got, &n, &e), ERR_DATA);
	unlink(path);
	buf_release(&seen.shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_top_of_a_hill_is_found),
		cmocka_unit_test(many_trials_cost_what_they_are_measured_for),
		cmocka_unit_test(each_rung_keeps_the_best_third_and_what_was_given),
		cmocka_unit_test(of_equals_the_given_one_wins),
		cmocka_unit_test(a_small_budget_wins_only_where_it_may),
		cmocka_unit_test(a_log_cut_anywhere_is_gone_on_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
