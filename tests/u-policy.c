/* policy: by hand; unbiased over many logs of bandits and of lists whose truth is known, with the variance that is to be expected; intervals; hostile numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/eval/policy.h"

enum { USERS = 20, ITEMS = 5, PLACES = 3 };

static struct vocab names;
static double reward_of[USERS][ITEMS];		/* the truth: how probable a reward of 1 is */
static double logging[USERS][ITEMS];		/* weights of the logging policy */

static void make_world(uint64_t seed)
{
	struct pcg32 r;
	char name[16];

	pcg32_seed(&r, seed, 77);
	vocab_release(&names);
	for (int u = 0; u < USERS; u++) {
		vocab_add(&names, name, (size_t)snprintf(name, sizeof name, "u%d", u));
		for (int i = 0; i < ITEMS; i++) {
			reward_of[u][i] = .1 + .8 * pcg32_f64(&r);
			logging[u][i] = .3 + pcg32_f64(&r);
		}
	}
}

/* show - a list of n_places items drawn one after the other by logging, without those above, as rows of the log. With is_tired an item's reward is halved where item 0 stands above. */
static void show(struct feedback *f, struct pcg32 *r, uint32_t u, int n_places, bool is_tired)
{
	bool is_above[ITEMS] = { false };

	for (int place = 0; place < n_places; place++) {
		double sum = 0, at, y;
		int i = 0;
		for (int k = 0; k < ITEMS; k++)
			sum += is_above[k] ? 0 : logging[u][k];
		at = pcg32_f64(r) * sum;
		for (; i < ITEMS - 1 && (is_above[i] || at >= logging[u][i]); i++)
			at -= is_above[i] ? 0 : logging[u][i];
		while (is_above[i])
			i--;
		y = reward_of[u][i] * (is_tired && is_above[0] ? .5 : 1);
		arr_reserve(f->row, f->n + 1, f->cap);
		f->row[f->n++] = (struct feedback_row){ u, (uint32_t)i, (uint32_t)f->n_lists, (uint32_t)place, logging[u][i] / sum, pcg32_f64(r) < y };
		is_above[i] = true;
	}
	f->n_lists++;
}

static void log_of(struct feedback *f, uint64_t seed, size_t n, int n_places, bool is_tired)
{
	struct pcg32 r;

	feedback_init(f);
	pcg32_seed(&r, seed, 5);
	for (size_t l = 0; l < n; l++)
		show(f, &r, (uint32_t)(l % USERS), n_places, is_tired);
}

/* The target shows items (u + place) % ITEMS, or with `soft` each item of place 0 with a probability. */
static struct policy_choice choice[USERS * ITEMS];
static size_t start[USERS + 1];
static const struct policy target = { start, choice };

static void make_target(int n_places, bool is_soft)
{
	size_t n = 0;

	for (uint32_t u = 0; u < USERS; u++) {
		for (uint32_t p = 0; p < (is_soft ? ITEMS : (uint32_t)n_places); p++)
			choice[n++] = is_soft ? (struct policy_choice){ 0, p, (p + 1) / 15. } : (struct policy_choice){ p, (u + p) % ITEMS, 1 };
		start[u + 1] = n;
	}
}

static double truth_of(int n_places, bool is_soft, bool is_tired)
{
	double sum = 0;

	(void)n_places;
	for (size_t u = 0; u < USERS; u++) {
		bool is_above = false;
		for (size_t i = start[u]; i < start[u + 1]; i++) {
			sum += choice[i].p * reward_of[u][choice[i].item] * (is_tired && !is_soft && is_above ? .5 : 1);
			is_above |= choice[i].item == 0;
		}
	}
	return sum / USERS;
}

struct moments { double mean[POLICY_VALUES], sd[POLICY_VALUES], weight; };

static struct moments over_logs(int n_logs, size_t n, int n_places, bool is_tired, const struct policy_opts *o)
{
	struct moments m = { 0 };

	for (int t = 0; t < n_logs; t++) {
		struct feedback f;
		struct policy_estimate x;
		struct err e = { 0 };
		log_of(&f, (uint64_t)t, n, n_places, is_tired);
		assert_int_equal(policy_estimate(&x, &f, &target, USERS, o, &e), 0);
		for (int v = 0; v < POLICY_VALUES; v++) {
			m.mean[v] += x.v[v].value / n_logs;
			m.sd[v] += x.v[v].value * x.v[v].value / n_logs;
		}
		m.weight += x.weight.value / n_logs;
		feedback_release(&f);
	}
	for (int v = 0; v < POLICY_VALUES; v++)
		m.sd[v] = sqrt(fmax(0, m.sd[v] - m.mean[v] * m.mean[v]));
	return m;
}

static void predict(struct csr *m, double truth, double noise)
{
	uint32_t row[USERS * ITEMS], col[USERS * ITEMS];
	float val[USERS * ITEMS];
	struct err e = { 0 };
	struct pcg32 r;

	pcg32_seed(&r, 1, 2);
	for (uint32_t i = 0; i < USERS * ITEMS; i++) {
		row[i] = i / ITEMS;
		col[i] = i % ITEMS;
		val[i] = (float)(truth * reward_of[i / ITEMS][i % ITEMS] + noise * pcg32_f64(&r));
	}
	assert_int_equal(csr_from_pairs(m, row, col, val, USERS * ITEMS, USERS, ITEMS, &e), 0);
}

/* A mean of n_logs values is within 4 standard errors. */
static void assert_unbiased(double mean, double sd, int n_logs, double truth)
{
	if (!(fabs(mean - truth) < 4 * sd / sqrt(n_logs)))
		fail_msg("%g +- %g is not %g", mean, sd / sqrt(n_logs), truth);
}

enum { LOGS = 400 };

static void a_bandit_is_judged_without_bias(void **state)
{
	(void)state;
	struct csr good, bad;

	make_world(1);
	predict(&good, 1, 0);
	predict(&bad, 0, .9);
	for (int soft = 0; soft < 2; soft++) {
		make_target(1, soft);
		double truth = truth_of(1, soft, false);
		struct policy_opts o = { .reward = &good };
		struct moments m = over_logs(LOGS, 200, 1, false, &o);
		assert_unbiased(m.mean[POLICY_IPS], m.sd[POLICY_IPS], LOGS, truth);
		assert_unbiased(m.mean[POLICY_DR], m.sd[POLICY_DR], LOGS, truth);
		assert_true(fabs(m.mean[POLICY_DM] - truth) < 1e-6);			/* the model is the truth */
		assert_true(fabs(m.mean[POLICY_SNIPS] - truth) < .02);			/* of order 1 / n */
		assert_true(fabs(m.weight - 1) < .03);
		assert_true(m.sd[POLICY_SNIPS] < m.sd[POLICY_IPS]);
		assert_true(m.sd[POLICY_DR] < m.sd[POLICY_SNIPS]);
		o.reward = &bad;
		struct moments b = over_logs(LOGS, 200, 1, false, &o);
		assert_unbiased(b.mean[POLICY_DR], b.sd[POLICY_DR], LOGS, truth);	/* though the model is not */
		assert_true(fabs(b.mean[POLICY_DM] - truth) > .05);
		assert_true(b.mean[POLICY_IPS] == m.mean[POLICY_IPS]);
	}
	csr_release(&good);
	csr_release(&bad);
}

/* Places: p is given what stands above. What cannot be there, because it stands above already, is missing from ips by just so much; list has no such hole. */
static void lists_are_judged_by_places_and_down_to_them(void **state)
{
	(void)state;
	struct csr good;

	make_world(2);
	make_target(PLACES, false);
	predict(&good, 1, 0);
	double truth = truth_of(PLACES, false, false);
	struct policy_opts o = { .match = POLICY_LIST, .reward = &good };
	struct moments list = over_logs(LOGS, 400, PLACES, false, &o);
	assert_unbiased(list.mean[POLICY_IPS], list.sd[POLICY_IPS], LOGS, truth);
	assert_unbiased(list.mean[POLICY_DR], list.sd[POLICY_DR], LOGS, truth);
	assert_true(list.sd[POLICY_DR] < list.sd[POLICY_IPS]);
	o.match = POLICY_PLACE;
	struct moments place = over_logs(LOGS, 400, PLACES, false, &o);
	assert_true(place.sd[POLICY_IPS] < list.sd[POLICY_IPS]);
	assert_true(place.weight < .9);
	assert_true(place.mean[POLICY_IPS] < truth - .05);
	assert_true(fabs(place.mean[POLICY_SNIPS] - truth) < .25 * (truth - place.mean[POLICY_IPS]));
	assert_true(fabs(place.mean[POLICY_DR] - truth) < .25 * (truth - place.mean[POLICY_IPS]));
	csr_release(&good);
}

/* Where what stands above matters, only list is right. */
static void what_stands_above_may_matter(void **state)
{
	(void)state;
	make_world(3);
	make_target(PLACES, false);
	double truth = truth_of(PLACES, false, true);
	struct policy_opts o = { .match = POLICY_LIST };
	struct moments m = over_logs(LOGS, 400, PLACES, true, &o);

	assert_unbiased(m.mean[POLICY_IPS], m.sd[POLICY_IPS], LOGS, truth);
	assert_true(isnan(m.mean[POLICY_DM]) && isnan(m.mean[POLICY_DR]));
}

/* One of the list of two at random, from single items. */
static void any_of_a_list(void **state)
{
	(void)state;
	make_world(4);
	for (uint32_t u = 0; u < USERS; u++) {
		choice[2 * u] = (struct policy_choice){ 0, u % 4, .5 };
		choice[2 * u + 1] = (struct policy_choice){ 0, u % 4 + 1, .5 };
		start[u + 1] = 2 * u + 2;
	}
	struct policy_opts o = { .match = POLICY_ITEM };
	struct moments m = over_logs(LOGS, 200, 1, false, &o);

	assert_unbiased(m.mean[POLICY_IPS], m.sd[POLICY_IPS], LOGS, truth_of(1, true, false));
}

static void intervals_cover_and_clips_are_told(void **state)
{
	(void)state;
	int covered[POLICY_VALUES] = { 0 };
	double bound = 0;

	make_world(5);
	make_target(1, false);
	double truth = truth_of(1, false, false);
	struct policy_opts o = { .n_boot = 200, .seed = 1 };
	for (uint64_t t = 0; t < 200; t++) {
		struct feedback f;
		struct policy_estimate x, y;
		struct err e = { 0 };
		log_of(&f, t, 400, 1, false);
		assert_int_equal(policy_estimate(&x, &f, &target, USERS, &o, &e), 0);
		covered[POLICY_IPS] += x.v[POLICY_IPS].low <= truth && truth <= x.v[POLICY_IPS].high;
		covered[POLICY_SNIPS] += x.v[POLICY_SNIPS].low <= truth && truth <= x.v[POLICY_SNIPS].high;
		assert_true(x.clipped == 0 && x.ess <= (double)x.n_matched + 1e-9 && x.ess > 0 && x.n_lists == 400 && x.n_rows == 400);
		assert_true(fabs(x.gain[POLICY_IPS].value - (x.v[POLICY_IPS].value - x.v[POLICY_LOGGED].value)) < 1e-12);
		struct policy_opts c = o;
		c.clip = 2;
		assert_int_equal(policy_estimate(&y, &f, &target, USERS, &c, &e), 0);
		assert_true(y.v[POLICY_IPS].value <= x.v[POLICY_IPS].value && y.clipped > 0 && y.clipped < 1);
		assert_true(y.weight.value == x.weight.value);
		bound = fmax(bound, y.v[POLICY_IPS].value);
		feedback_release(&f);
	}
	assert_true(bound <= 2);
	assert_in_range(covered[POLICY_IPS], 200 * 85 / 100, 200);	/* users are few, and the same in every log */
	assert_in_range(covered[POLICY_SNIPS], 200 * 85 / 100, 200);
}

static void by_hand(void **state)
{
	(void)state;
	struct feedback_row row[] = {	/* u0 saw 1 0 and then 0; u1 saw 2 */
		{ 0, 1, 0, 0, .5, 1 }, { 0, 0, 0, 1, .25, 0 }, { 0, 0, 1, 0, .5, 1 }, { 1, 2, 2, 0, .2, 1 },
	};
	struct feedback f = { .row = row, .n = 4, .n_lists = 3 };
	struct policy_choice c[] = { { 0, 1, 1 }, { 1, 0, 1 }, { 0, 2, .4 }, { 0, 3, .6 } };
	size_t s[] = { 0, 2, 4 };
	struct policy t = { s, c };
	struct policy_estimate x;
	struct err e = { 0 };
	struct policy_opts o = { 0 };

	assert_int_equal(policy_estimate(&x, &f, &t, 2, &o, &e), 0);
	assert_true(x.v[POLICY_LOGGED].value == 1);
	assert_true(fabs(x.v[POLICY_IPS].value - (2 + 0 + 0 + 2) / 3.) < 1e-12);	/* 1 / .5, 1 / .25, none, .4 / .2 */
	assert_true(fabs(x.v[POLICY_SNIPS].value - (3 * (2 + 2) / 4. + 1 * 0) / 3) < 1e-12);	/* place 1: three rows, weights 2 0 2; place 2: one, which brought nothing */
	assert_true(fabs(x.weight.value - (2 + 4 + 0 + 2) / 4.) < 1e-12 && x.n_matched == 3 && x.n_lists == 3);
	assert_true(fabs(x.ess - 64 / 24.) < 1e-12);
	o.match = POLICY_LIST;
	assert_int_equal(policy_estimate(&x, &f, &t, 2, &o, &e), 0);
	assert_true(fabs(x.weight.value - (2 + 8 + 0 + 2) / 4.) < 1e-12);
	assert_int_equal(policy_places(&f, &names, &e), 0);
	row[1].place = 2;
	assert_int_equal(policy_places(&f, &names, &e), ERR_DATA);
	assert_non_null(strstr(e.msg, "has place 3 but not place 2"));
	e = (struct err){ 0 };
	o.match = POLICY_PLACE;
	c[0].item = c[2].item = 4;
	assert_int_equal(policy_estimate(&x, &f, &t, 2, &o, &e), ERR_DATA);		/* place 3 is not the target's */
	e = (struct err){ 0 };
	c[0].item = 1;
	row[0].p = 1e-300;
	assert_int_equal(policy_estimate(&x, &f, &t, 2, &o, &e), ERR_NUMERIC);
}

/* ---- the log ---- */

static int read_events(struct feedback *f, struct vocab *user, struct vocab *item, const char *text, struct err *e)
{
	feedback_init(f);
	*e = (struct err){ 0 };
	int ret = feedback_events(f, mem_path(text, strlen(text), MEM_MAPPED), false, true, user, item, e);
	return ret ? ret : feedback_sort(f, e);
}

static void a_log_becomes_lists(void **state)
{
	(void)state;
	struct vocab user = { 0 }, item = { 0 };
	struct feedback f;
	struct err e;

	/* two users at once; a like behind its play; the same item again, which is another list; what is no answer */
	assert_int_equal(read_events(&f, &user, &item,
		"u\ta\t1\tplay\t9\tdevice=car;place_in=1;p=.5\n" "v\tb\t2\tskip\t\tplace_in=1;p=1\n" "u\ta\t3\tlike\t\tplace_in=1;p=.5\n" "u\tz\t3\tplay\n"
		"u\tb\t4\tskip\t1\tp=.25;place_in=3\n" "u\tb\t5\tplay\t1\tp=.25;place_in=3\n" "v\ta\t6\tdislike\t\tplace_in=2;p=.1\n", &e), 0);
	assert_int_equal(f.n, 5);
	assert_int_equal(f.n_lists, 3);
	assert_int_equal(f.n_other, 1);
	static const struct feedback_row want[] = { { 0, 0, 0, 0, .5, 1 }, { 0, 1, 0, 2, .25, 0 }, { 1, 1, 1, 0, 1, 0 }, { 1, 0, 1, 1, .1, 0 }, { 0, 1, 2, 2, .25, 1 } };
	for (size_t i = 0; i < 5; i++)
		assert_true(f.row[i].user == want[i].user && f.row[i].item == want[i].item && f.row[i].list == want[i].list && f.row[i].place == want[i].place &&
			    f.row[i].p == want[i].p && f.row[i].reward == want[i].reward);
	feedback_release(&f);
	static const struct { const char *text, *what; } bad[] = {
		{ "u\ta\t1\tplay\t\tplace_in=1\n", ":1: place_in has no p=" }, { "u\ta\t1\tplay\t\tplace_in=1;p=0\n", ":1: p=0 is not a probability above 0, at most 1" },
		{ "u\ta\t1\tplay\t\tplace_in=1;p=1.5\n", "p=1.5" }, { "u\ta\t1\tplay\t\tplace_in=0;p=1\n", "place_in=0 is no place" },
		{ "u\ta\nu\ta\t1\tplay\t\tplace_in=1x;p=1", ":2: place_in=1x" }, { "u\ta\t1\tplay\t\tplace_in=99999999999999999999;p=1", "is no place" },
		{ "u\ta\t1\tplay\t\tplace_in=1;p=nan", "p=nan" }, { "u\ta\t1\tplay\t\tplace_in=1;p=", "p= is not" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(read_events(&f, &user, &item, bad[i].text, &e), ERR_DATA);
		assert_non_null(strstr(e.msg, bad[i].what));
		feedback_release(&f);
	}
	vocab_release(&user);
	vocab_release(&item);
}

static void rewards_go_by_kind(void **state)
{
	(void)state;
	struct vocab user = { 0 }, item = { 0 };
	struct feedback f;
	struct err e = { 0 };
	static const char text[] = "u\ta\t\tskip\t\tplace_in=1\nu\tb\t\tsave\t\tplace_in=2\nu\tc\t\t\t\tplace_in=3\n";

	feedback_init(&f);
	assert_int_equal(feedback_rewards(&f, "skip=-.5,save=2", &e), 0);
	assert_int_equal(feedback_events(&f, mem_path(text, sizeof text - 1, MEM_PIPED), false, false, &user, &item, &e), 0);
	assert_true(f.row[0].reward == -.5 && f.row[1].reward == 2 && f.row[2].reward == 1 && isnan(f.row[0].p));
	static const char *const bad[] = { "x", "=1", "play=", "play=1,like", "play=inf", "play=1e999", "like=1,like=2", "save=1" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){ 0 };
		assert_int_equal(feedback_rewards(&f, bad[i], &e), ERR_USAGE);
	}
	feedback_release(&f);
	vocab_release(&user);
	vocab_release(&item);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bandit_is_judged_without_bias),
		cmocka_unit_test(lists_are_judged_by_places_and_down_to_them),
		cmocka_unit_test(what_stands_above_may_matter),
		cmocka_unit_test(any_of_a_list),
		cmocka_unit_test(intervals_cover_and_clips_are_told),
		cmocka_unit_test(by_hand),
		cmocka_unit_test(a_log_becomes_lists),
		cmocka_unit_test(rewards_go_by_kind),
	};
	int ret = cmocka_run_group_tests(tests, NULL, NULL);
	vocab_release(&names);
	return ret;
}
