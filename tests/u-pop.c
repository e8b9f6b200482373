/* pop and weigh: counts by hand, and what a spec of weights may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/model/pop.h"

static struct str str_of(const char *s) { return (struct str){ s, strlen(s) }; }

static struct event event_of(const char *user, const char *item, int64_t time, const char *kind)
{
	return (struct event){ str_of(user), str_of(item), time, str_of(kind), VALUE_NONE, { "", 0 } };
}

static const struct { const char *user, *item; int64_t day; const char *kind; } log_[] = {
	{ "ana", "x", 10, "" }, { "ana", "x", 8, "play" }, { "bo", "x", 6, "" }, { "bo", "y", 4, "play" }, { "bo", "y", 10, "like" },
	{ "cy", "y", 2, "skip" }, { "cy", "z", 4, "skip" }, { "ana", "y", 6, "" },
};

static void count(struct pop_make *p, const struct pop_opts *o)
{
	struct err e = { 0 };

	pop_make_init(p, o);
	for (size_t i = 0; i < sizeof log_ / sizeof *log_; i++) {
		struct event ev = event_of(log_[i].user, log_[i].item, log_[i].day * 86400, log_[i].kind);
		assert_int_equal(pop_make_event(p, &ev, &e), 0);
	}
	assert_int_equal(pop_make_count(p, &e), 0);
	assert_int_equal(p->n_events, 8);
	assert_int_equal(p->n_counted, 6);
	assert_int_equal(p->item.n, 3);
	assert_int_equal(p->user.n, 3);
}

static void is_about(const double *got, double x, double y, double z)
{
	if (fabs(got[0] - x) > 1e-12 || fabs(got[1] - y) > 1e-12 || fabs(got[2] - z) > 1e-12)
		fail_msg("x %.15g y %.15g z %.15g, wanted %.15g %.15g %.15g", got[0], got[1], got[2], x, y, z);
}

static void counts_are_those_by_hand(void **state)
{
	struct pop_opts o = { .count = POP_USERS };
	struct pop_make p;
	struct err e = { 0 };
	(void)state;

	weigh_init(&o.weigh);
	count(&p, &o);
	is_about(p.score, 2, 2, 0);
	pop_make_release(&p);

	o.half_life = 2 * 86400;		/* ana's x counts by its newest, day 10 */
	count(&p, &o);
	is_about(p.score, 1 + 0.25, 1 + 0.25, 0);
	pop_make_release(&p);

	o.count = POP_EVENTS;
	count(&p, &o);
	is_about(p.score, 1 + 0.5 + 0.25, 1 + 0.25 + 0.125, 0);
	pop_make_release(&p);

	o.half_life = 0;
	assert_int_equal(weigh_parse(&o.weigh, "like=2.5,*=0.5", &e), 0);
	count(&p, &o);
	is_about(p.score, 1.5, 3.5, 0);
	pop_make_release(&p);
	weigh_release(&o.weigh);
}

static void far_apart_times_neither_overflow_nor_lose_the_newest(void **state)
{
	static const int64_t time[] = { INT64_MIN + 1, INT64_MAX, 0 };
	struct pop_opts o = { .count = POP_EVENTS, .half_life = 1 };
	struct pop_make p;
	struct err e = { 0 };
	(void)state;

	weigh_init(&o.weigh);
	pop_make_init(&p, &o);
	for (size_t i = 0; i < 3; i++) {
		struct event ev = event_of("u", "i", time[i], "");
		assert_int_equal(pop_make_event(&p, &ev, &e), 0);
	}
	assert_int_equal(pop_make_count(&p, &e), 0);
	assert_true(p.score[0] == 1);
	pop_make_release(&p);
	weigh_release(&o.weigh);
}

static void a_half_life_needs_times_and_a_model_needs_events(void **state)
{
	struct pop_opts o = { .count = POP_USERS, .half_life = 1 };
	struct event timeless = event_of("u", "i", TIME_NONE, ""), skip = event_of("u", "i", 0, "skip");
	struct pop_make p;
	struct err e = { 0 };
	(void)state;

	weigh_init(&o.weigh);
	pop_make_init(&p, &o);
	assert_int_equal(pop_make_event(&p, &timeless, &e), ERR_DATA);
	assert_non_null(strstr(e.msg, "without a time"));
	e = (struct err){ 0 };
	assert_int_equal(pop_make_count(&p, &e), ERR_DATA);
	assert_string_equal(e.msg, "no events to learn from");
	e = (struct err){ 0 };
	assert_int_equal(pop_make_event(&p, &skip, &e), 0);
	assert_int_equal(pop_make_count(&p, &e), ERR_DATA);
	assert_string_equal(e.msg, "no events to learn from: those read all weigh 0");
	pop_make_release(&p);
	weigh_release(&o.weigh);
}

static void a_saved_model_answers_as_it_counted(void **state)
{
	char path[] = "/tmp/u-pop.XXXXXX";
	struct pop_opts o = { .count = POP_USERS };
	struct pop_make p;
	struct pop pop;
	struct err e = { 0 };
	(void)state;

	weigh_init(&o.weigh);
	pop_make_init(&p, &o);
	for (int i = 0; i < 10; i++)		/* item i has 10 - i users; two items have one */
		for (int u = 0; u < (i == 9 ? 2 : 10 - i); u++) {
			char user[2] = { (char)('a' + u), 0 }, item[2] = { (char)('A' + i), 0 };
			struct event ev = event_of(user, item, TIME_NONE, "");
			assert_int_equal(pop_make_event(&p, &ev, &e), 0);
		}
	assert_int_equal(pop_make_count(&p, &e), 0);
	close(mkstemp(path));
	struct sink *s = sink_open(path, &e);
	assert_non_null(s);
	assert_int_equal(pop_make_save(&p, s, NULL, &e), 0);
	assert_int_equal(sink_close(s, &e), 0);
	pop_make_release(&p);
	weigh_release(&o.weigh);

	if (pop_load(&pop, path, NULL, NULL, &e))
		fail_msg("%s", e.msg);
	assert_true(pop.largest == 10);
	assert_true(pop_scaled(&pop, str_of("A")) == 1);
	assert_true(fabs(pop_scaled(&pop, str_of("H")) - log(4) / log(11)) < 1e-12);
	assert_true(pop_scaled(&pop, str_of("unknown")) == 0);
	assert_true(pop_top_share(&pop, str_of("A")) == 0.1);
	assert_true(pop_top_share(&pop, str_of("I")) == 1);	/* the least, and as popular as J: all are at least that */
	assert_true(pop_top_share(&pop, str_of("unknown")) == 1);
	pop_release(&pop);
	unlink(path);
}

static void weights_follow_their_table(void **state)
{
	static const char *const bad[] = { "", "play", "play=", "=1", "play=x", "play=-1", "play=nan", "play=1e400", "play=1000001", "a=1,", ",a=1", "a=1,,b=2", "a\tb=1" };
	struct weigh w;
	struct buf text = { 0 };
	struct err e = { 0 };
	struct event ev;
	(void)state;

	weigh_init(&w);
	weigh_text(&w, &text);
	assert_string_equal(text.p, "*=1,ban=0,dislike=0,hate=0,skip=0,unlike=0");
	assert_int_equal(weigh_parse(&w, "save=2,play=0.5,*=3,skip=0.25", &e), 0);
	buf_reset(&text);
	weigh_text(&w, &text);
	assert_string_equal(text.p, "*=3,ban=0,dislike=0,hate=0,play=0.5,save=2,skip=0.25,unlike=0");
	ev = event_of("u", "i", 0, "");
	assert_true(weigh_event(&ev, &w) == 0.5);
	ev = event_of("u", "i", 0, "ski");
	assert_true(weigh_event(&ev, &w) == 3);
	ev = event_of("u", "i", 0, "skip");
	assert_true(weigh_event(&ev, &w) == 0.25);
	ev.kind = (struct str){ "skip\0x", 6 };
	assert_true(weigh_event(&ev, &w) == 3);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){ 0 };
		if (weigh_parse(&w, bad[i], &e) != ERR_USAGE)
			fail_msg("'%s' was taken", bad[i]);
	}
	weigh_release(&w);
	buf_release(&text);
}

static void shapes_agree_at_one(void **state)
{
	struct weigh w;
	(void)state;

	weigh_init(&w);
	for (int s = WEIGH_BINARY; s <= WEIGH_LOG; s++) {
		w.shape = (enum weigh_shape)s;
		assert_true(weigh_pair(&w, 1) == 1);
	}
	assert_true(weigh_pair(&w, 7) == 3);
	w.shape = WEIGH_LINEAR;
	assert_true(weigh_pair(&w, 7) == 7);
	w.shape = WEIGH_BINARY;
	assert_true(weigh_pair(&w, 7) == 1);
	weigh_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_those_by_hand),
		cmocka_unit_test(far_apart_times_neither_overflow_nor_lose_the_newest),
		cmocka_unit_test(a_half_life_needs_times_and_a_model_needs_events),
		cmocka_unit_test(a_saved_model_answers_as_it_counted),
		cmocka_unit_test(weights_follow_their_table),
		cmocka_unit_test(shapes_agree_at_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
