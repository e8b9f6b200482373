/* seqs: events in order of time, their values with them, the same from text, from binary and from pieces; ties and missing times keep the order read; what is left out is counted; gaps cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/data/seqs.h"

struct log { size_t n; uint64_t seed; enum event_format format; bool is_ordered; };

static struct str text(char *out, size_t size, const char *fmt, unsigned i)
{
	return (struct str){ out, (size_t)snprintf(out, size, fmt, i) };
}

static void fill_log(struct sink *s, void *ctx)
{
	static const char *const kind[] = { "", "play", "skip", "love", "ban", "plays" };
	static const char *const context[] = { "", "device=phone", "shuffle=1;device=car", "device=", "mydevice=x;device=tv;device=other", "device=desk;a=b", "devices=9" };
	const struct log *l = ctx;
	struct err e = { 0 };
	struct eventw *w = eventw_new(s, l->format, &e);
	struct pcg32 r;
	char u[32], it[32];

	pcg32_seed(&r, l->seed, 0);
	for (size_t i = 0; i < l->n; i++) {
		const char *k = kind[pcg32_bounded(&r, 6)], *c = context[pcg32_bounded(&r, 7)];
		struct event ev = { .value = i % 3 ? (double)(i % 1000) / 4 : VALUE_NONE, .kind = { k, strlen(k) }, .context = { c, strlen(c) } };
		ev.time = !pcg32_bounded(&r, 5) ? TIME_NONE : l->is_ordered ? (int64_t)i : (int64_t)pcg32_bounded(&r, 300) - 150;
		unsigned user = pcg32_bounded(&r, 40);
		ev.user = text(u, sizeof u, "u%u", user * user / 40);	/* some have much more than others */
		ev.item = text(it, sizeof it, "i%u", pcg32_bounded(&r, 60));
		assert_int_equal(eventw_write(w, &ev, &e), 0);
	}
	assert_int_equal(eventw_finish(w, NULL, &e), 0);
	eventw_free(w);
}

static double no_skips(const struct event *ev, void *ctx)
{
	++*(int *)ctx;
	return ev->kind.len == 4 && !memcmp(ev->kind.p, "skip", 4) ? 0 : 1;
}

static void same_vocab(const struct vocab *a, const struct vocab *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_int_equal(str_cmp(a->str[i], b->str[i]), 0);
}

static void is_same(const struct seqs *a, const struct seqs *b)
{
	same_vocab(&a->user, &b->user);
	same_vocab(&a->item, &b->item);
	same_vocab(&a->device, &b->device);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->n_users, b->n_users);
	assert_int_equal(a->n_events, b->n_events);
	assert_int_equal(a->n_unknown, b->n_unknown);
	assert_memory_equal(a->start, b->start, (a->n_users + 1) * sizeof *a->start);
	if (!a->n)
		return;
	assert_memory_equal(a->what, b->what, a->n * sizeof *a->what);
	assert_memory_equal(a->act, b->act, a->n);
	assert_memory_equal(a->time, b->time, a->n * sizeof *a->time);
	assert_int_equal(!a->device_of, !b->device_of);
	if (a->device_of)
		assert_memory_equal(a->device_of, b->device_of, a->n);
	assert_int_equal(!a->value_of, !b->value_of);
	for (size_t i = 0; i < a->n && a->value_of; i++)
		assert_true(a->value_of[i] == b->value_of[i] || (isnan(a->value_of[i]) && isnan(b->value_of[i])));
}

static void load(struct seqs *s, const struct buf *b, enum mem_way way, const struct seqs_opts *o)
{
	struct err e = { 0 };
	const char *path = mem_path(b->p, b->len, way);

	if (seqs_load(s, &path, 1, o, NULL, NULL, &e))
		fail_msg("%s", e.msg);
}

static void load_text_of(struct seqs *s, const char *log, const struct seqs_opts *o)
{
	struct buf b = { 0 };

	buf_puts(&b, log);
	*s = (struct seqs){ 0 };
	load(s, &b, MEM_PIPED, o);
	buf_release(&b);
}

/* item_at - the id of user u's event i. */
static const char *item_at(const struct seqs *s, size_t u, size_t i)
{
	assert_true(s->start[u] + i < s->start[u + 1]);
	return s->item.str[s->what[s->start[u] + i]].p;
}

static void ties_keep_the_order_read(void **state)
{
	struct seqs_opts o = { 0 };
	struct seqs s;

	(void)state;
	load_text_of(&s, "a\tx\t7\nb\ty\t1\na\ty\t5\na\tz\t7\na\tx\t5\na\tz\t5\nb\tx\t1\n", &o);
	static const char *const want[] = { "y", "x", "z", "x", "z" };
	assert_int_equal(s.start[1], 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(item_at(&s, 0, i), want[i]);
	assert_string_equal(item_at(&s, 1, 0), "y");
	assert_string_equal(item_at(&s, 1, 1), "x");
	seqs_release(&s);
}

static void without_a_time_behind_the_one_before(void **state)
{
	struct seqs_opts o = { 0 };
	struct seqs s;

	(void)state;
	load_text_of(&s, "a\tfirst\na\tsecond\t\na\tlate\t9\na\tafter-late\nb\tother\t1\na\tearly\t-4\na\tafter-early\na\tlate-2\t9\n", &o);
	static const char *const want[] = { "first", "second", "early", "after-early", "late", "after-late", "late-2" };
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(item_at(&s, 0, i), want[i]);
	assert_true(s.time[0] == TIME_NONE && s.time[3] == TIME_NONE && s.time[2] == -4 && s.time[5] == TIME_NONE && s.time[6] == 9);
	seqs_release(&s);
	load_text_of(&s, "a\tz\nb\tx\na\ty\na\tx\nb\ta\na\tz", &o);	/* no times at all, and no final newline */
	static const char *const as_read[] = { "z", "y", "x", "z" };
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(item_at(&s, 0, i), as_read[i]);
	seqs_release(&s);
}

static void acts_and_weightless(void **state)
{
	static const char log[] = "a\t1\t1\na\t2\t2\tplay\na\t3\t3\tskip\na\t4\t4\tlike\na\t5\t5\tlove\na\t6\t6\tsave\na\t7\t7\tdislike\na\t8\t8\tban\na\t9\t9\thate\na\t10\t10\tskips\na\t10\t10\tunlike\nb\t11\t11\tskip\n";
	static const unsigned want[] = { SEQS_PLAY, SEQS_PLAY, SEQS_SKIP | SEQS_WEIGHTLESS, SEQS_LIKE, SEQS_LIKE, SEQS_LIKE, SEQS_DISLIKE, SEQS_DISLIKE, SEQS_DISLIKE, SEQS_PLAY };
	int calls = 0;
	struct seqs_opts o = { .weight = no_skips, .ctx = &calls };
	struct seqs s;

	(void)state;
	load_text_of(&s, log, &o);
	assert_int_equal(s.n, 9);
	assert_int_equal(s.n_users, 2);		/* b is numbered, though nothing of hers counts */
	assert_int_equal(s.item.n, 11);
	assert_int_equal(s.start[1], 9);
	assert_int_equal(s.start[2], 9);
	assert_int_equal(s.n_events, 12);
	for (size_t i = 0, j = 0; i < 10; i++)
		if (i != 2)
			assert_int_equal(s.act[j++], want[i]);
	seqs_release(&s);
	o.keep_weightless = true;
	load_text_of(&s, log, &o);
	assert_int_equal(s.n, 11);
	assert_memory_equal(s.start, ((size_t[]){ 0, 10, 11 }), 3 * sizeof *s.start);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(s.act[i], want[i]);
	assert_int_equal(s.act[10], SEQS_SKIP | SEQS_WEIGHTLESS);
	assert_int_equal(calls, 24);
	seqs_release(&s);
}

static void devices(void **state)
{
	static const char log[] = "a\tx\t1\t\t\tdevice=phone\na\tx\t2\t\t\tmydevice=no;device=car;device=second\na\tx\t3\t\t\tdevices=9\na\tx\t4\na\tx\t5\t\t\tplace=a;device=\n"
				  "a\tx\t6\t\t\tdevice=phone;k=v\na\ty\t7\t\t\tdevice=new\n";
	struct seqs_opts o = { .has_devices = true };
	struct seqs s;

	(void)state;
	load_text_of(&s, log, &o);
	assert_int_equal(s.device.n, 3);
	assert_string_equal(s.device.str[1].p, "car");
	assert_memory_equal(s.device_of, ((uint8_t[]){ 1, 2, 0, 0, 0, 1, 3 }), 7);
	seqs_release(&s);
	s = (struct seqs){ 0 };
	vocab_add(&s.device, "car", 3);
	vocab_add(&s.item, "x", 1);
	o.keep_devices = o.keep_items = true;
	struct buf b = { 0 };
	buf_puts(&b, log);
	load(&s, &b, MEM_PIPED, &o);
	assert_int_equal(s.device.n, 1);
	assert_int_equal(s.n_unknown, 1);
	assert_memory_equal(s.device_of, ((uint8_t[]){ 0, 1, 0, 0, 0, 0 }), 6);
	seqs_release(&s);
	buf_reset(&b);
	o.keep_devices = o.keep_items = false;
	for (int i = 0; i < 300; i++)
		buf_printf(&b, "a\tx\t\t\t\tdevice=d%d\n", i);
	buf_puts(&b, "a\tx\t\t\t\tdevice=d254\n");
	s = (struct seqs){ 0 };
	load(&s, &b, MEM_PIPED, &o);
	assert_int_equal(s.device.n, SEQS_DEVICES_MAX);
	assert_true(s.device_of[0] == 1 && s.device_of[254] == 255 && s.device_of[255] == 0 && s.device_of[299] == 0 && s.device_of[300] == 255);
	seqs_release(&s);
	buf_release(&b);
}

static void values_go_with_their_events(void **state)
{
	struct seqs_opts o = { .has_values = true };
	struct seqs s;

	(void)state;
	load_text_of(&s, "a\tx\t9\tplay\t90\nb\ty\t2\tfollow\t20\na\ty\t1\tskip\t10.5\na\tz\t5\tplay\nb\tx\t1\t\t-1\nb\tz\t3\tplays\t7\n", &o);
	assert_true(s.value_of[0] == 10.5f && isnan(s.value_of[1]) && s.value_of[2] == 90 && s.value_of[3] == -1 && s.value_of[4] == 20);
	assert_int_equal(s.act[4], SEQS_LIKE);
	assert_int_equal(s.act[5], SEQS_PLAY | SEQS_PLAYS);
	seqs_release(&s);
	o.has_values = false;
	load_text_of(&s, "a\tx\t9\tplays\t90\n", &o);
	assert_null(s.value_of);
	assert_int_equal(s.act[0], SEQS_PLAY);
	seqs_release(&s);
}

static void text_and_binary_agree(void **state)
{
	struct err e = { 0 };
	struct par *pool = par_new(3, &e);
	int calls = 0;

	(void)state;
	assert_non_null(pool);
	for (int way = 0; way < 8; way++) {
		struct log one = { 9000, 1, EVENT_TSV, way & 4 }, two = { 3000, 2, EVENT_TSV, way & 4 };
		struct seqs_opts o = { .has_devices = way & 1, .has_values = way & 2, .weight = way & 2 ? no_skips : NULL, .ctx = &calls, .keep_weightless = way & 1 };
		struct seqs want = { 0 }, got = { 0 };
		struct buf a = mem_written(fill_log, &one), b = mem_written(fill_log, &two);
		buf_put(&a, b.p, b.len);
		load(&want, &a, MEM_MAPPED, &o);
		assert_int_equal(want.n_events, 12000);
		assert_int_equal(want.device.n, way & 1 ? 4 : 0);
		buf_release(&a);
		buf_release(&b);
		one.format = two.format = EVENT_BINARY;
		a = mem_written(fill_log, &one);
		b = mem_written(fill_log, &two);
		buf_put(&a, b.p, b.len);	/* joined: the second stream has a dictionary of its own */
		o.pool = pool;
		for (int as = 0; as < MEM_WAYS; as++) {
			load(&got, &a, (enum mem_way)as, &o);
			is_same(&got, &want);
			seqs_release(&got);
		}
		struct buf first = { 0 };
		buf_put(&first, a.p, a.len - b.len);
		const char *path[] = { mem_path(first.p, first.len, MEM_MAPPED), mem_path(b.p, b.len, MEM_PIPED) };
		struct buf in = { 0 };
		struct prov p = { { 0 } };
		assert_int_equal(seqs_load(&got, path, 2, &o, &p, &in, &e), 0);
		is_same(&got, &want);
		assert_int_equal(in.len, 2 * strlen("taste:0123456789abcdef") + 1);
		seqs_release(&got);
		seqs_release(&want);
		prov_release(&p);
		buf_release(&in);
		buf_release(&a);
		buf_release(&b);
		buf_release(&first);
	}
	par_free(pool);
}

struct one { int64_t key; uint32_t item; int64_t time; };

/* The plain way: each event goes behind all that are not later. */
static void a_plain_sort_agrees(void **state)
{
	struct log l = { 5000, 7, EVENT_TSV, false };
	struct seqs_opts o = { 0 };
	struct seqs s = { 0 };
	struct err e = { 0 };
	struct event ev;

	(void)state;
	struct buf b = mem_written(fill_log, &l);
	load(&s, &b, MEM_MAPPED, &o);
	for (size_t u = 0; u < s.user.n; u++) {
		struct one *x = mem_new(l.n, sizeof *x);
		size_t n = 0;
		struct eventr *r = eventr_open(mem_path(b.p, b.len, MEM_MAPPED), false, &e);
		int64_t last = TIME_NONE;
		while (eventr_next(r, &ev, &e) == 1) {
			if (str_cmp(ev.user, s.user.str[u]))
				continue;
			last = ev.time == TIME_NONE ? last : ev.time;
			size_t at = n++;
			for (; at > 0 && x[at - 1].key > last; at--)
				x[at] = x[at - 1];
			x[at] = (struct one){ last, vocab_find(&s.item, ev.item.p, ev.item.len), ev.time };
		}
		eventr_close(r);
		assert_int_equal(s.start[u + 1] - s.start[u], n);
		for (size_t i = 0; i < n; i++)
			assert_true(s.what[s.start[u] + i] == x[i].item && s.time[s.start[u] + i] == x[i].time);
		mem_free(x);
	}
	seqs_release(&s);
	buf_release(&b);
}

static void ids_that_stay(void **state)
{
	struct log l = { 20000, 3, EVENT_TSV, false };
	uint64_t unknown = 0;

	(void)state;
	for (int bin = 0; bin < 2; bin++) {
		struct seqs_opts o = { .keep_items = true, .has_devices = true };
		l.format = bin ? EVENT_BINARY : EVENT_TSV;
		struct buf b = mem_written(fill_log, &l);
		struct seqs s = { 0 };
		vocab_add(&s.item, "i3", 2);
		vocab_add(&s.item, "nothing", 7);
		load(&s, &b, MEM_MAPPED, &o);
		assert_int_equal(s.item.n, 2);
		assert_in_range(s.user.n, 20, 39);	/* numbered, whatever they had */
		assert_int_equal(s.n_events, 20000);
		assert_int_equal(s.n_unknown + s.n, 20000);
		assert_true(s.n > 100);
		for (size_t i = 0; i < s.n; i++)
			assert_int_equal(s.what[i], 0);
		if (bin)
			assert_int_equal(s.n_unknown, unknown);
		unknown = s.n_unknown;
		seqs_release(&s);
		o = (struct seqs_opts){ .keep_users = true };
		vocab_add(&s.user, "nobody", 6);
		vocab_add(&s.user, "u1", 2);
		load(&s, &b, MEM_MAPPED, &o);
		assert_int_equal(s.user.n, 2);
		assert_int_equal(s.item.n, 60);
		assert_int_equal(s.start[1], 0);
		assert_int_equal(s.start[2], s.n);
		assert_int_equal(s.n_unknown + s.n, 20000);
		seqs_release(&s);
		buf_release(&b);
	}
}

static void numbers_of_others(void **state)
{
	struct seqs s = { 0 };
	struct seqs_opts o = { 0 };
	struct err e = { 0 };
	struct event ev = { .time = 5 };

	(void)state;
	struct seqs_make *m = seqs_begin(&s, &o);
	seqs_put(m, 2, 7, 1, &ev);
	ev.time = 4;
	seqs_put(m, 2, 8, 1, &ev);
	seqs_put(m, 1, VOCAB_NONE, 1, &ev);
	s.n_users = 4;
	assert_int_equal(seqs_end(m, &e), 0);
	assert_memory_equal(s.start, ((size_t[]){ 0, 0, 0, 2, 2 }), 5 * sizeof *s.start);
	assert_true(s.what[0] == 8 && s.what[1] == 7 && s.n_unknown == 1 && s.n_events == 3);
	seqs_release(&s);
	m = seqs_begin(&s, &o);
	seqs_put(m, 0, 1, 1, &ev);
	err_set(&e, ERR_DATA, "what went wrong elsewhere");
	assert_int_equal(seqs_end(m, &e), ERR_DATA);
	assert_null(s.what);
}

static void rows_of_others(void **state)
{
	struct seqs_opts o = { .has_devices = true };
	struct seqs s, t;
	struct err e = { 0 };

	(void)state;
	load_text_of(&s, "a\tx\t1\na\ty\t2\tlike\t\tdevice=car\nb\tz\t3\nc\tx\t4\t\t\tdevice=tv\n", &o);
	assert_int_equal(seqs_rows(&t, &s, (uint32_t[]){ 2, VOCAB_NONE, 0, 2 }, 0, 4, &e), 0);
	assert_memory_equal(t.start, ((size_t[]){ 0, 1, 1, 3, 4 }), 5 * sizeof *t.start);
	assert_memory_equal(t.what, ((uint32_t[]){ 0, 0, 1, 0 }), 4 * sizeof *t.what);
	assert_memory_equal(t.time, ((int64_t[]){ 4, 1, 2, 4 }), 4 * sizeof *t.time);
	assert_memory_equal(t.act, ((uint8_t[]){ SEQS_PLAY, SEQS_PLAY, SEQS_LIKE, SEQS_PLAY }), 4);
	assert_memory_equal(t.device_of, ((uint8_t[]){ 2, 0, 1, 2 }), 4);
	same_vocab(&t.device, &s.device);
	seqs_release(&t);
	assert_int_equal(seqs_rows(&t, &s, NULL, 1, 2, &e), 0);
	assert_true(t.n == 2 && t.n_users == 2 && t.what[0] == 2 && t.what[1] == 0 && t.start[1] == 1);
	seqs_release(&t);
	assert_int_equal(seqs_rows(&t, &s, NULL, 0, 0, &e), 0);
	assert_int_equal(t.start[0], 0);
	seqs_release(&t);
	seqs_release(&s);
}

static void gaps_cut(void **state)
{
	struct seqs_opts o = { 0 };
	struct seqs s;
	struct err e = { 0 };
	size_t *start, n;

	(void)state;
	load_text_of(&s, "a\tx\na\tx\t100\na\tx\t130\na\tx\na\tx\t161\nb\tx\t161\nb\tx\t190\nc\tx\n" "d\tx\t-9223372036854775807\nd\tx\t9223372036854775807\n", &o);
	assert_int_equal(seqs_cut(&s, 30, &start, &n, &e), 0);
	assert_int_equal(n, 6);
	assert_memory_equal(start, ((size_t[]){ 0, 4, 5, 7, 8, 9, 10 }), 7 * sizeof *start);
	mem_free(start);
	assert_int_equal(seqs_cut(&s, 31, &start, &n, &e), 0);
	assert_memory_equal(start, ((size_t[]){ 0, 5, 7, 8, 9, 10 }), 6 * sizeof *start);
	mem_free(start);
	assert_int_equal(seqs_cut(&s, 0, &start, &n, &e), 0);
	assert_int_equal(n, 4);
	assert_memory_equal(start, ((size_t[]){ 0, 5, 7, 8, 10 }), 5 * sizeof *start);
	mem_free(start);
	seqs_release(&s);
	struct buf b = { 0 };
	o.keep_users = true;
	vocab_add(&s.user, "nobody", 6);
	vocab_add(&s.user, "a", 1);
	buf_puts(&b, "a\tx\t1\n");
	load(&s, &b, MEM_PIPED, &o);
	assert_int_equal(seqs_cut(&s, 0, &start, &n, &e), 0);
	assert_int_equal(n, 1);		/* nobody's is no session */
	mem_free(start);
	seqs_release(&s);
	buf_release(&b);
}

static void bad_and_empty_input(void **state)
{
	struct seqs_opts o = { .has_devices = true };
	struct seqs s = { 0 };
	struct err e = { 0 };
	const char *path = mem_path("a\tx\nb\n", 6, MEM_PIPED);
	size_t *start, n;

	(void)state;
	assert_int_equal(seqs_load(&s, &path, 1, &o, NULL, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "(standard input):2: 1 field: an event has 2 to 6 (user item time event value context)");
	assert_int_equal(s.user.n, 0);
	assert_null(s.start);
	e = (struct err){ 0 };
	path = "/nonexistent/log";
	assert_int_equal(seqs_load(&s, &path, 1, &o, NULL, NULL, &e), ERR_SYS);
	e = (struct err){ 0 };
	mem_path("", 0, MEM_PIPED);
	assert_int_equal(seqs_load(&s, NULL, 0, &o, NULL, NULL, &e), 0);	/* no path: standard input, which is empty */
	assert_true(!s.n && !s.n_users && !s.start[0]);
	assert_int_equal(seqs_cut(&s, 10, &start, &n, &e), 0);
	assert_true(!n && !start[0]);
	mem_free(start);
	seqs_release(&s);
	struct log l = { 3000, 4, EVENT_BINARY, false };
	struct buf b = mem_written(fill_log, &l);
	path = mem_path(b.p, b.len / 2, MEM_MAPPED);
	assert_int_equal(seqs_load(&s, &path, 1, &o, NULL, NULL, &e), ERR_DATA);
	assert_null(s.what);
	buf_release(&b);
}

static void count_call(void *ctx, uint64_t done, uint64_t total)
{
	assert_true(done <= total || !total);
	++*(int *)ctx;
}

static void progress_is_told(void **state)
{
	struct log l = { 70000, 4, EVENT_TSV, true };
	int calls;
	struct seqs_opts o = { .progress = count_call, .progress_ctx = &calls };

	(void)state;
	for (int bin = 0; bin < 2; bin++) {
		struct seqs s = { 0 };
		l.format = bin ? EVENT_BINARY : EVENT_TSV;
		struct buf b = mem_written(fill_log, &l);
		calls = 0;
		load(&s, &b, MEM_MAPPED, &o);
		assert_int_equal(calls, bin ? 2 : 70000 / 4096);
		seqs_release(&s);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(ties_keep_the_order_read),
		cmocka_unit_test(without_a_time_behind_the_one_before),
		cmocka_unit_test(acts_and_weightless),
		cmocka_unit_test(devices),
		cmocka_unit_test(values_go_with_their_events),
		cmocka_unit_test(text_and_binary_agree),
		cmocka_unit_test(a_plain_sort_agrees),
		cmocka_unit_test(ids_that_stay),
		cmocka_unit_test(numbers_of_others),
		cmocka_unit_test(rows_of_others),
		cmocka_unit_test(gaps_cut),
		cmocka_unit_test(bad_and_empty_input),
		cmocka_unit_test(progress_is_told),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
