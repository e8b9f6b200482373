/* inter: the matrix of a log is the same from text, from binary and from pieces; weights add up; ids that must stay are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/data/inter.h"

struct log { size_t n; uint64_t seed; enum event_format format; };

static void fill_log(struct sink *s, void *ctx)
{
	static const char *const kind[] = { "", "play", "skip" };
	const struct log *l = ctx;
	struct err e = { 0 };
	struct eventw *w = eventw_new(s, l->format, &e);
	struct pcg32 r;
	char u[32], it[32];

	pcg32_seed(&r, l->seed, 0);
	for (size_t i = 0; i < l->n; i++) {
		struct event ev = { .time = (int64_t)i, .value = pcg32_bounded(&r, 4) ? pcg32_bounded(&r, 100) / 10.0 : VALUE_NONE };
		const char *k = kind[pcg32_bounded(&r, 3)];
		ev.user = (struct str){ u, (size_t)snprintf(u, sizeof u, "u%u", pcg32_bounded(&r, 40)) };
		ev.item = (struct str){ it, (size_t)snprintf(it, sizeof it, "i%u", pcg32_bounded(&r, 60)) };
		ev.kind = (struct str){ k, strlen(k) };
		assert_int_equal(eventw_write(w, &ev, &e), 0);
	}
	assert_int_equal(eventw_finish(w, NULL, &e), 0);
	eventw_free(w);
}

static double by_value(const struct event *ev, void *ctx)
{
	++*(int *)ctx;
	return ev->kind.len == 4 && !memcmp(ev->kind.p, "skip", 4) ? -1 : isnan(ev->value) ? 0.5 : ev->value;
}

static void is_same(const struct inter *a, const struct inter *b)
{
	assert_int_equal(a->user.n, b->user.n);
	assert_int_equal(a->item.n, b->item.n);
	assert_int_equal(a->n_events, b->n_events);
	for (size_t i = 0; i < a->user.n; i++)
		assert_int_equal(str_cmp(a->user.str[i], b->user.str[i]), 0);
	for (size_t i = 0; i < a->item.n; i++)
		assert_int_equal(str_cmp(a->item.str[i], b->item.str[i]), 0);
	assert_memory_equal(a->m.start, b->m.start, (a->user.n + 1) * sizeof *a->m.start);
	assert_memory_equal(a->m.col, b->m.col, a->m.start[a->user.n] * sizeof *a->m.col);
	assert_memory_equal(a->m.val, b->m.val, a->m.start[a->user.n] * sizeof *a->m.val);
}

static void load(struct inter *m, const struct buf *b, enum mem_way way, struct inter_opts *o)
{
	struct err e = { 0 };
	const char *path = mem_path(b->p, b->len, way);

	if (inter_load(m, &path, 1, o, NULL, NULL, &e))
		fail_msg("%s", e.msg);
}

static void text_and_binary_agree(void **state)
{
	int calls = 0;
	struct log one = { 5000, 1, EVENT_TSV }, two = { 3000, 2, EVENT_TSV };

	(void)state;
	for (int weighted = 0; weighted < 2; weighted++) {
		struct inter_opts o = { .weight = weighted ? by_value : NULL, .ctx = &calls };
		struct inter want, got;
		one.format = two.format = EVENT_TSV;
		struct buf a = mem_written(fill_log, &one), b = mem_written(fill_log, &two);
		buf_put(&a, b.p, b.len);
		calls = 0;
		load(&want, &a, MEM_MAPPED, &o);
		assert_int_equal(want.n_events, 8000);
		assert_int_equal(calls, weighted ? 8000 : 0);
		buf_release(&a);
		buf_release(&b);
		one.format = two.format = EVENT_BINARY;
		a = mem_written(fill_log, &one);
		b = mem_written(fill_log, &two);
		buf_put(&a, b.p, b.len);	/* joined: the second stream has a dictionary of its own */
		for (int way = 0; way < MEM_WAYS; way++) {
			load(&got, &a, (enum mem_way)way, &o);
			is_same(&got, &want);
			inter_release(&got);
		}
		/* and as two paths, one a mapping, one a pipe */
		struct buf first = { 0 };
		buf_put(&first, a.p, a.len - b.len);
		const char *path[] = { mem_path(first.p, first.len, MEM_MAPPED), mem_path(b.p, b.len, MEM_PIPED) };
		struct err e = { 0 };
		struct buf in = { 0 };
		struct prov p = { { 0 } };
		assert_int_equal(inter_load(&got, path, 2, &o, &p, &in, &e), 0);
		is_same(&got, &want);
		assert_int_equal(in.len, 2 * strlen("taste:0123456789abcdef") + 1);
		inter_release(&got);
		inter_release(&want);
		prov_release(&p);
		buf_release(&in);
		buf_release(&a);
		buf_release(&b);
		buf_release(&first);
	}
}

static void weights_by_hand(void **state)
{
	static const char text[] = "a\tx\t1\tplay\t2\na\ty\t2\tskip\nb\tx\t3\na\tx\t4\tlike\t0.25\nc\tz\t5\tplay\t0\n";
	int calls = 0;
	struct inter_opts o = { .weight = by_value, .ctx = &calls };
	struct inter m;
	struct buf b = { 0 };

	(void)state;
	buf_puts(&b, text);
	load(&m, &b, MEM_PIPED, &o);
	assert_int_equal(m.user.n, 3);		/* c is numbered, though nothing of hers counts */
	assert_int_equal(m.item.n, 3);
	assert_int_equal(m.n_events, 5);
	assert_int_equal(m.m.start[3], 2);
	assert_true(m.m.col[0] == 0 && m.m.val[0] == 2.25f);
	assert_true(m.m.col[1] == 0 && m.m.val[1] == 0.5f);
	assert_int_equal(m.m.start[2], m.m.start[3]);
	inter_release(&m);
	buf_release(&b);
}

static void ids_that_stay(void **state)
{
	struct log l = { 20000, 3, EVENT_TSV };
	struct inter_opts o = { .keep_vocab = true };
	uint64_t unknown = 0;

	(void)state;
	for (int bin = 0; bin < 2; bin++) {
		l.format = bin ? EVENT_BINARY : EVENT_TSV;
		struct buf b = mem_written(fill_log, &l);
		struct inter m = { 0 };
		vocab_add(&m.user, "u7", 2);
		vocab_add(&m.user, "nobody", 6);
		vocab_add(&m.item, "i3", 2);
		vocab_add(&m.item, "i1", 2);
		load(&m, &b, MEM_MAPPED, &o);
		assert_int_equal(m.user.n, 2);
		assert_int_equal(m.item.n, 2);
		assert_int_equal(m.n_events, 20000);
		assert_in_range(m.m.start[2], 1, 2);
		float sum = 0;
		for (size_t i = 0; i < m.m.start[2]; i++)
			sum += m.m.val[i];
		assert_int_equal(o.n_unknown + (uint64_t)sum, 20000);
		if (bin)
			assert_int_equal(o.n_unknown, unknown);
		unknown = o.n_unknown;
		inter_release(&m);
		buf_release(&b);
	}
}

static void bad_input_releases_all(void **state)
{
	struct inter_opts o = { 0 };
	struct inter m;
	struct err e = { 0 };
	const char *path = mem_path("a\tx\nb\n", 6, MEM_PIPED);

	(void)state;
	assert_int_equal(inter_load(&m, &path, 1, &o, NULL, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "(standard input):2: 1 field: an event has 2 to 6 (user item time event value context)");
	assert_int_equal(m.user.n, 0);
	assert_null(m.m.start);
	e = (struct err){ 0 };
	path = "/nonexistent/log";
	assert_int_equal(inter_load(&m, &path, 1, &o, NULL, NULL, &e), ERR_SYS);
	e = (struct err){ 0 };
	mem_path("", 0, MEM_PIPED);
	assert_int_equal(inter_load(&m, NULL, 0, &o, NULL, NULL, &e), 0);	/* no path: standard input, which is empty */
	assert_int_equal(m.n_events, 0);
	assert_int_equal(m.m.n_rows, 0);
	inter_release(&m);
}

static void count_call(void *ctx, uint64_t done, uint64_t total)
{
	assert_true(done <= total || !total);
	++*(int *)ctx;
}

static void progress_is_told(void **state)
{
	struct log l = { 70000, 4, EVENT_TSV };
	int calls;
	struct inter_opts o = { .progress = count_call, .progress_ctx = &calls };

	(void)state;
	for (int bin = 0; bin < 2; bin++) {
		struct inter m;
		l.format = bin ? EVENT_BINARY : EVENT_TSV;
		struct buf b = mem_written(fill_log, &l);
		calls = 0;
		load(&m, &b, MEM_MAPPED, &o);
		assert_int_equal(calls, bin ? 2 : 70000 / 4096);
		inter_release(&m);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(text_and_binary_agree),
		cmocka_unit_test(weights_by_hand),
		cmocka_unit_test(ids_that_stay),
		cmocka_unit_test(bad_input_releases_all),
		cmocka_unit_test(progress_is_told),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
