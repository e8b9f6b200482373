/*
 * event: what is written comes back, bit for bit, whatever the shape of its columns; text is read as taste(7) says or refused with line and field; and a binary whose
 * checksums are right around a lie is refused with block and byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <string.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/base/scan.h"
#include "../lib/data/event.h"
#include "../lib/data/marks.h"

static struct str str_of(const char *s) { return (struct str){ s, strlen(s) }; }

static uint64_t bits_of(double v)
{
	uint64_t b;

	memcpy(&b, &v, 8);
	return b;
}

static bool is_str(struct str a, struct str b) { return a.len == b.len && !memcmp(a.p, b.p, a.len); }

static bool is_event(const struct event *a, const struct event *b)
{
	return is_str(a->user, b->user) && is_str(a->item, b->item) && a->time == b->time && is_str(a->kind, b->kind) && is_str(a->context, b->context) &&
	       ((isnan(a->value) && isnan(b->value)) || bits_of(a->value) == bits_of(b->value));
}

/* ---- round trips ---- */

struct log { struct event *ev; size_t n; enum event_format format; bool has_prov; int threads; };

static void fill_log(struct sink *s, void *ctx)
{
	const struct log *l = ctx;
	struct prov p = { { 0 } };
	struct err e = { 0 };
	struct eventw *w = eventw_new(s, l->format, &e);

	if (l->threads)
		eventw_threads(w, l->threads);
	for (size_t i = 0; i < l->n; i++)
		assert_int_equal(eventw_write(w, &l->ev[i], &e), 0);
	prov_step(&p, "u-event", "1", "", "");
	assert_int_equal(eventw_finish(w, l->has_prov ? &p : NULL, &e), 0);
	eventw_free(w);
	prov_release(&p);
}

static void reads_back(const struct buf *file, const struct log *l, enum mem_way way)
{
	struct err e = { 0 };
	struct eventr *r = eventr_open(mem_path(file->p, file->len, way), l->format == EVENT_TSV_HEADER, &e);
	struct event ev;
	int got;

	assert_non_null(r);
	for (size_t i = 0; i < l->n; i++) {
		got = eventr_next(r, &ev, &e);
		if (got != 1 || !is_event(&ev, &l->ev[i]))
			fail_msg("event %zu of %zu: %d %s", i, l->n, got, e.msg);
	}
	assert_int_equal(eventr_next(r, &ev, &e), 0);
	assert_int_equal(eventr_next(r, &ev, &e), 0);
	eventr_close(r);
	if (l->format != EVENT_BINARY)
		return;
	struct event_block b;
	size_t n = 0;
	r = eventr_open(mem_path(file->p, file->len, way), false, &e);
	assert_true(eventr_is_binary(r));
	while ((got = eventr_block(r, &b, &e)) == 1) {
		assert_int_equal(b.is_new_stream, !n);
		for (size_t i = 0; i < b.n; i++, n++) {
			assert_true(b.user[i] < b.n_users && b.item[i] < b.n_items);
			event_block_get(&b, i, &ev);
			assert_true(n < l->n && is_event(&ev, &l->ev[n]));
		}
	}
	assert_int_equal(got, 0);
	assert_int_equal(n, l->n);
	eventr_close(r);
}

/* Values that are hard to keep: beside the scales, at the edge of whole numbers in doubles, signed zero, the smallest and largest. */
static const double hard[] = { 0, -0.0, 0.5, 0.1, 0.001, 0.0001, 1.0 / 3, 4503599627370497.0, 9007199254740991.0, 9007199254740992.0, 9007199254740993e3,
			       DBL_MAX, -DBL_MAX, DBL_TRUE_MIN, -5, 1e15 + 0.5, 4503599627370496.5, 0.3, 2.675, -1234.567, 123456789012345.67 };

/* make_log - n events of one shape in every column: shape chooses how users, times and values go. */
static struct log make_log(size_t n, unsigned shape, struct arena *a)
{
	static const char *const kind[] = { "", "play", "skip", "a kind\twith\\everything\n" };
	struct log l = { .ev = mem_new(n ? n : 1, sizeof *l.ev), .n = n, .format = EVENT_BINARY, .has_prov = shape & 1 };
	struct pcg32 r;
	char s[64];

	pcg32_seed(&r, 7, shape);
	for (size_t i = 0; i < n; i++) {
		struct event *ev = &l.ev[i];
		unsigned u = shape % 5 == 0 ? 0 : shape % 5 == 1 ? (unsigned)i / 9 : shape % 5 == 2 ? (unsigned)i : pcg32_bounded(&r, 1u << (shape % 17));
		int k = snprintf(s, sizeof s, "u%u", u);
		ev->user = (struct str){ arena_bytes(a, s, (size_t)k), (size_t)k };
		k = snprintf(s, sizeof s, "i%c%u\t", shape % 3 ? 'x' : '\xff', pcg32_bounded(&r, 300 + shape * 70));
		ev->item = (struct str){ arena_bytes(a, s, (size_t)k), (size_t)k };
		switch (shape % 6) {
		case 0: ev->time = TIME_NONE; break;
		case 1: ev->time = 1600000000 + (int64_t)i * 30; break;
		case 2: ev->time = pcg32_bounded(&r, 2) ? TIME_NONE : (int64_t)pcg32_next(&r) - (1LL << 31); break;
		case 3: ev->time = pcg32_bounded(&r, 2) ? INT64_MAX : INT64_MIN + 1; break;
		case 4: ev->time = -7; break;
		case 5: ev->time = (int64_t)((uint64_t)pcg32_next(&r) << 32 | pcg32_next(&r) | 1); break;
		}
		ev->kind = str_of(kind[shape % 4 == 3 ? pcg32_bounded(&r, 4) : shape % 4]);
		switch (shape % 7) {
		case 0: ev->value = VALUE_NONE; break;
		case 1: ev->value = 1 + pcg32_bounded(&r, 5); break;
		case 2: ev->value = (1 + pcg32_bounded(&r, 10)) / 2.0; break;
		case 3: ev->value = pcg32_bounded(&r, 2000000) / 1000.0; break;
		case 4: ev->value = pcg32_bounded(&r, 3) ? pcg32_f64(&r) : VALUE_NONE; break;
		case 5: ev->value = hard[pcg32_bounded(&r, sizeof hard / sizeof *hard)]; break;
		case 6: ev->value = hard[shape % (sizeof hard / sizeof *hard)]; break;
		}
		k = snprintf(s, sizeof s, "device=%u", pcg32_bounded(&r, 4));
		ev->context = shape % 2 ? (struct str){ arena_bytes(a, s, (size_t)k), (size_t)k } : str_of("");
	}
	return l;
}

static void comes_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 63, 64, 65, 1000 };

	(void)state;
	for (unsigned shape = 0; shape < 110; shape += 3)
		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			struct arena a = { 0 };
			struct log l = make_log(sizes[k], shape, &a);
			struct buf b = mem_written(fill_log, &l);
			reads_back(&b, &l, MEM_MAPPED);
			if (b.len < 1 << 20)
				reads_back(&b, &l, MEM_PIPED);
			buf_release(&b);
			l.format = shape & 1 ? EVENT_TSV : EVENT_TSV_HEADER;
			b = mem_written(fill_log, &l);
			reads_back(&b, &l, MEM_MAPPED);
			buf_release(&b);
			mem_free(l.ev);
			arena_release(&a);
		}
}

static void many_blocks_come_back(void **state)
{
	(void)state;
	for (unsigned shape = 3; shape < 6; shape++) {
		struct arena a = { 0 };
		struct log l = make_log(65536 * 2 + (shape == 4 ? 0 : 17), shape, &a);
		struct buf b = mem_written(fill_log, &l);
		reads_back(&b, &l, MEM_MAPPED);
		buf_release(&b);
		mem_free(l.ev);
		arena_release(&a);
	}
}

static void one_log_has_one_binary(void **state)
{
	struct arena a = { 0 };
	struct log l = make_log(500, 33, &a);
	struct buf b = mem_written(fill_log, &l), c = mem_written(fill_log, &l);

	(void)state;
	assert_int_equal(b.len, c.len);
	assert_memory_equal(b.p, c.p, b.len);
	buf_release(&b);
	buf_release(&c);
	mem_free(l.ev);
	arena_release(&a);
}

static bool is_same_file(struct log l, const struct buf *want)
{
	struct buf b = mem_written(fill_log, &l);
	bool is_same = b.len == want->len && !memcmp(b.p, want->p, b.len);

	buf_release(&b);
	return is_same;
}

/* One log has one file, whoever packs it. */
static void threads_change_nothing(void **state)
{
	static const struct { size_t n; unsigned shape; } log[] = { { 0, 3 }, { 3, 3 }, { 65536, 7 }, { 70000, 3 }, { 65536 * 2 + 5, 13 } };

	(void)state;
	for (size_t k = 0; k < sizeof log / sizeof *log; k++) {
		struct arena a = { 0 };
		struct log l = make_log(log[k].n, log[k].shape, &a);
		for (int f = EVENT_TSV; f <= EVENT_BINARY; f++) {
			l.format = (enum event_format)f;
			l.threads = 0;
			struct buf want = mem_written(fill_log, &l);
			reads_back(&want, &l, MEM_MAPPED);
			for (l.threads = 1; l.threads <= (f == EVENT_BINARY ? 3 : 1); l.threads++)
				if (!is_same_file(l, &want))
					fail_msg("%zu events, format %d, %d threads: another file", l.n, f, l.threads);
			buf_release(&want);
		}
		mem_free(l.ev);
		arena_release(&a);
	}
}

/* A full disk is told, by some call, and not twice; who gives up in the middle leaves nothing running. */
static void a_helpers_error_is_told(void **state)
{
	struct arena a = { 0 };
	struct log l = make_log(65536 * 6, 7, &a);

	(void)state;
	for (int finishes = 0; finishes < 2; finishes++)
		for (int threads = 1; threads <= 2; threads++) {
			struct err e = { 0 };
			struct sink *s = sink_open(finishes ? "/dev/full" : "/dev/null", &e);
			struct eventw *w = eventw_new(s, EVENT_BINARY, &e);
			int r = 0;
			eventw_threads(w, threads);
			for (size_t i = 0; i < l.n && !r; i++)
				r = eventw_write(w, &l.ev[i], &e);
			assert_int_equal(r, finishes ? ERR_SYS : 0);
			if (finishes) {
				struct err again = { 0 };
				assert_non_null(strstr(e.msg, "/dev/full"));
				assert_int_equal(eventw_finish(w, NULL, &again), ERR_SYS);
				assert_string_equal(again.msg, e.msg);
			}
			eventw_free(w);
			sink_abandon(s);
		}
	mem_free(l.ev);
	arena_release(&a);
}

static void long_ids_end_a_block_early(void **state)
{
	enum { LEN = 30 << 20, N = 5 };
	char *big = memset(mem_new(LEN, 1), 'x', LEN);
	struct event ev[N];
	struct log l = { .ev = ev, .n = N, .format = EVENT_BINARY };
	struct err e = { 0 };
	struct event_block eb;
	size_t blocks = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		ev[i] = (struct event){ { big, LEN - (size_t)i }, { "x", 1 }, TIME_NONE, { "", 0 }, VALUE_NONE, { "", 0 } };
	struct buf b = mem_written(fill_log, &l);
	reads_back(&b, &l, MEM_MAPPED);
	struct eventr *r = eventr_open(mem_path(b.p, b.len, MEM_MAPPED), false, &e);
	while (eventr_block(r, &eb, &e) == 1)
		blocks++;
	assert_int_equal(blocks, 2);
	eventr_close(r);
	for (l.threads = 1; l.threads <= 2; l.threads++)
		assert_true(is_same_file(l, &b));
	buf_release(&b);
	mem_free(big);
}

static void joined_streams_start_afresh(void **state)
{
	struct event one[] = { { str_of("a"), str_of("x"), 1, str_of("play"), 1, str_of("") }, { str_of("b"), str_of("y"), 2, str_of(""), 2, str_of("") } };
	struct event two[] = { { str_of("b"), str_of("x"), 3, str_of("skip"), VALUE_NONE, str_of("k=v") } };
	struct event all[] = { one[0], one[1], two[0], two[0] };
	struct log l1 = { one, 2, EVENT_BINARY, true }, l2 = { two, 1, EVENT_BINARY, true }, none = { NULL, 0, EVENT_BINARY, false }, la = { all, 4, EVENT_BINARY, true };
	struct buf b = mem_written(fill_log, &l1), c = mem_written(fill_log, &l2), n = mem_written(fill_log, &none), j = { 0 };
	struct err e = { 0 };
	struct event ev;
	struct event_block eb;

	(void)state;
	buf_put(&j, n.p, n.len);	/* nothing, one, nothing, two, two */
	buf_put(&j, b.p, b.len);
	buf_put(&j, n.p, n.len);
	buf_put(&j, c.p, c.len);
	buf_put(&j, c.p, c.len);
	for (int way = 0; way < MEM_WAYS; way++) {
		struct eventr *r = eventr_open(mem_path(j.p, j.len, (enum mem_way)way), false, &e);
		for (size_t i = 0; i < la.n; i++) {
			assert_int_equal(eventr_next(r, &ev, &e), 1);
			assert_true(is_event(&ev, &all[i]));
		}
		assert_int_equal(eventr_next(r, &ev, &e), 0);
		struct prov p = { { 0 } };
		struct buf in = { 0 };
		assert_int_equal(eventr_prov(r, &p, &in, &e), 0);
		assert_string_equal(p.text.p, "u-event\t1\t\t\n");
		assert_int_equal(in.len, 5 * strlen("taste:0123456789abcdef") + 4);
		prov_release(&p);
		buf_release(&in);
		eventr_close(r);
		r = eventr_open(mem_path(j.p, j.len, (enum mem_way)way), false, &e);
		static const size_t want[3][3] = { { 2, 2, 2 }, { 1, 1, 1 }, { 1, 1, 1 } };	/* events, users, items */
		for (int i = 0; i < 3; i++) {
			assert_int_equal(eventr_block(r, &eb, &e), 1);
			assert_true(eb.is_new_stream);
			assert_int_equal(eb.n, want[i][0]);
			assert_int_equal(eb.n_users, want[i][1]);
			assert_int_equal(eb.n_items, want[i][2]);
			assert_true(is_str(eb.users[eb.user[0]], str_of(i ? "b" : "a")));
		}
		assert_int_equal(eventr_block(r, &eb, &e), 0);
		eventr_close(r);
	}
	buf_release(&b);
	buf_release(&c);
	buf_release(&n);
	buf_release(&j);
}

static void text_has_six_columns(void **state)
{
	struct event ev[] = { { str_of("a b"), str_of("x\ty"), TIME_NONE, str_of(""), VALUE_NONE, str_of("") },
			      { str_of("\\"), str_of("\xff"), -1, str_of("play"), 0.1, str_of("k=v;l=w") } };
	struct log l = { ev, 2, EVENT_TSV, false };

	(void)state;
	struct buf b = mem_written(fill_log, &l);
	assert_string_equal(b.p, "a b\tx\\ty\t\t\t\t\n\\\\\t\xff\t-1\tplay\t0.1\tk=v;l=w\n");
	buf_release(&b);
	l.format = EVENT_TSV_HEADER;
	b = mem_written(fill_log, &l);
	assert_string_equal(b.p, "user\titem\ttime\tevent\tvalue\tcontext\na b\tx\\ty\t\t\t\t\n\\\\\t\xff\t-1\tplay\t0.1\tk=v;l=w\n");
	buf_release(&b);
}

/* ---- text ---- */

/* said - the events as "user|item|time|event|value|context;" and then the error behind the file's name. */
static void said(const char *p, size_t n, bool has_header, enum mem_way way, char *out, size_t room)
{
	struct err e = { 0 }, again = { 0 };
	struct eventr *r = eventr_open(mem_path(p, n, way), has_header, &e);
	struct event ev;
	size_t at = 0;
	int got = -1;

	*out = '\0';
	while (r && (got = eventr_next(r, &ev, &e)) == 1) {
		char t[32] = "", v[32] = "";
		if (ev.time != TIME_NONE)
			snprintf(t, sizeof t, "%lld", (long long)ev.time);
		if (!isnan(ev.value))
			snprintf(v, sizeof v, "%g", ev.value);
		at += (size_t)snprintf(out + at, room - at, "%.*s|%.*s|%s|%.*s|%s|%.*s;", (int)ev.user.len, ev.user.p, (int)ev.item.len, ev.item.p, t,
				       (int)ev.kind.len, ev.kind.p, v, (int)ev.context.len, ev.context.p);
	}
	if (got < 0) {
		assert_int_equal(e.code, ERR_DATA);
		const char *name = way == MEM_PIPED ? "(standard input)" : mem_path("", 0, MEM_MAPPED), *msg = e.msg;
		(void)name;
		msg += way == MEM_PIPED ? strlen("(standard input)") : strcspn(msg, ": ");
		snprintf(out + at, room - at, "%s", msg);
		if (r) {	/* the first error sticks */
			assert_int_equal(eventr_next(r, &ev, &again), e.code);
			assert_string_equal(again.msg, e.msg);
		}
	} else {
		assert_int_equal(eventr_next(r, &ev, &e), 0);
	}
	eventr_close(r);
}

static void text_is_read_or_refused(void **state)
{
	static const struct { bool has_header; const char *in; size_t n; const char *want; } t[] = {
#define T(in, want) { false, in, sizeof in - 1, want }
#define H(in, want) { true, in, sizeof in - 1, want }
		T("", ""),
		T("a\tx", "a|x||||;"),
		T("a\tx\n", "a|x||||;"),
		T("a\tx\r\nb\ty\t5\r\n", "a|x||||;b|y|5|||;"),
		T("\xef\xbb\xbf" "a\tx\t\tplay\t.5\tk=v\n", "a|x||play|0.5|k=v;"),
		T("a b\t x \n", "a b| x ||||;"),
		T("a\\tb\tx\\\\\\n\n", "a\tb|x\\\n||||;"),
		T("a\tx\t-5\tskip\t-0\tc\n", "a|x|-5|skip|-0|c;"),
		T("\xff\xfe\t\"q\"\n", "\xff\xfe|\"q\"||||;"),
		T("a\n", ":1: 1 field: an event has 2 to 6 (user item time event value context)"),
		T("\n", ":1: 1 field: an event has 2 to 6 (user item time event value context)"),
		T("a\tx\nb\tx\t1\tp\t2\tc\td\n", "a|x||||;:2: 7 fields: an event has 2 to 6 (user item time event value context)"),
		T("\tx\n", ":1: field 1: the user is empty"),
		T("a\t\t5\n", ":1: field 2: the item is empty"),
		T("a\tx\t2020-01-01\n", ":1: field 3: '2020-01-01' is not a time (seconds since 1970; taste-ingest converts others)"),
		T("a\tx\t1.0\n", ":1: field 3: '1.0' is not a time (seconds since 1970; taste-ingest converts others)"),
		T("a\tx\t 1\n", ":1: field 3: ' 1' is not a time (seconds since 1970; taste-ingest converts others)"),
		T("a\tx\t9223372036854775807\n", "a|x|9223372036854775807|||;"),
		T("a\tx\t9223372036854775808\n", ":1: field 3: '9223372036854775808' is not a time (seconds since 1970; taste-ingest converts others)"),
		T("a\tx\t-9223372036854775808\n", ":1: field 3: '-9223372036854775808' is not a time (seconds since 1970; taste-ingest converts others)"),
		T("a\tx\t1\tp\tnan\n", ":1: field 5: 'nan' is not a value (a finite number)"),
		T("a\tx\t1\tp\t1e400\n", ":1: field 5: '1e400' is not a value (a finite number)"),
		T("a\tx\t1\tp\t0x1\n", ":1: field 5: '0x1' is not a value (a finite number)"),
		T("a\tx\t1\tp\t1,5\n", ":1: field 5: '1,5' is not a value (a finite number)"),
		T("a\tx\ty\x01z\n", ":1: field 3: 'y?z' is not a time (seconds since 1970; taste-ingest converts others)"),
		T("a\tx\nb\0\ty\n", "a|x||||;:2: field 1: a NUL byte"),
		T("a\tx\\q\n", ":1: field 2: '\\q' is not an escape (\\t \\n \\r \\\\)"),
		H("", ""),
		H("user\titem\n", ""),
		H("item\textra\tuser\nx\t?\ta\n", "a|x||||;"),
		H("value\tuser\titem\ttime\n2\ta\tx\t7\n", "a|x|7||2|;"),
		H("user\titem\tvalue\tuser\na\tb\t2\tc\n", ":1: columns 1 and 4 are both named 'user'"),
		H("value\tuser\titem\n2\ta\n", ":2: 2 fields, the header has 3"),
		H("value\tuser\titem\nz\ta\tx\n", ":2: field 1: 'z' is not a value (a finite number)"),
		H("value\tuser\titem\n1\t\tx\n", ":2: field 2: the user is empty"),
		H("user\ttime\na\t1\n", ":1: no column is named 'item'"),
		H("a\tx\n", ":1: no column is named 'user'"),
	};
	char got[2048];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		for (int way = 0; way < MEM_WAYS; way++) {
			said(t[i].in, t[i].n, t[i].has_header, (enum mem_way)way, got, sizeof got);
			if (strcmp(got, t[i].want) && !(strstr(t[i].want, "NUL") && strstr(got, "NUL")) && !(strstr(t[i].want, "escape") && strstr(got, ":1: field 2: ")))
				fail_msg("'%s': '%s', wanted '%s'", t[i].in, got, t[i].want);
		}
}

static void a_long_id_is_kept(void **state)
{
	enum { LEN = 10 << 20 };
	char *p = mem_new(LEN + 8, 1);
	struct err e = { 0 };
	struct event ev;

	(void)state;
	memset(p, 'q', LEN);
	memcpy(p + LEN, "\tx\t7\n", 5);
	struct eventr *r = eventr_open(mem_path(p, LEN + 5, MEM_MAPPED), false, &e);
	assert_int_equal(eventr_next(r, &ev, &e), 1);
	assert_int_equal(ev.user.len, LEN);
	assert_int_equal(ev.time, 7);
	eventr_close(r);
	mem_free(p);
}

static void other_kinds_are_named(void **state)
{
	static const struct { enum block_kind kind; const char *want; } t[] = {
		{ KIND_VECTORS, " holds vectors, not events" }, { KIND_MODEL, " holds a model, not events" }, { KIND_TABLE, " holds a table, not events" },
		{ (enum block_kind)BLOCK_CC('W', 'H', 'A', 'T'), " holds something this program does not know, not events" },
	};
	char got[2048];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf b = mem_stream(t[i].kind, NULL, 0);
		said(b.p, b.len, false, MEM_MAPPED, got, sizeof got);
		assert_string_equal(got, t[i].want);
		buf_release(&b);
	}
}

/* ---- binary, by the byte ---- */

/* One event for each packing, as taste-format(5) lays it out; the user column says 0 0 1 in every way there is. */
#define DICT_UI "\2\1\1" "ab" "\1\1x" "\0" "\0"
#define ITEMS "\0\1\0"			/* CONST 0 */
#define NO_TIMES "\0\1\0" "\0\1\0"	/* none present; an empty column */
#define NO_KINDS "\0\1\0"
#define NO_VALUES "\0\1\0" "\1" "\0\1\0"
#define NO_CONTEXTS "\0\1\0"
#define REST ITEMS NO_TIMES NO_KINDS NO_VALUES NO_CONTEXTS
#define N3 "\3\0\0\0"

static void says(const char *payload, size_t n, uint64_t records, const char *want)
{
	struct mem_block block = { BLOCK_EVENTS, 0, BLOCK_RAW, records, payload, n };
	char got[2048];

	for (int codec = 0; codec < 2; codec++) {
		block.codec = (enum block_codec)codec;
		struct buf b = mem_stream(KIND_EVENTS, &block, 1);
		for (int way = 0; way < MEM_WAYS; way++) {
			said(b.p, b.len, false, (enum mem_way)way, got, sizeof got);
			if (strcmp(got, want))
				fail_msg("'%s', wanted '%s'", got, want);
		}
		buf_release(&b);
	}
}
#define SAYS(payload, records, want) says(payload, sizeof payload - 1, records, want)

static void packings_are_as_documented(void **state)
{
	static const char three[] = "a|x||||;a|x||||;b|x||||;";

	(void)state;
	SAYS(N3 DICT_UI "\1\3\0\0\1" REST, 3, three);			/* VARINT */
	SAYS(N3 DICT_UI "\2\3\0\0\2" REST, 3, three);			/* DELTA: 0, 0, +1 as zigzag 2 */
	SAYS(N3 DICT_UI "\3\5\1\0\0\0\1" REST, 3, three);		/* PLANES: width 1, base 0 */
	SAYS(N3 DICT_UI "\3\10\2\0\0\0\1\0\0\0" REST, 3, three);	/* width 2 */
	SAYS(N3 DICT_UI "\4\4\0\2\1\1" REST, 3, three);			/* RUNS: 0 twice, 1 once */
	SAYS(N3 DICT_UI "\0\1\1" REST, 3, "b|x||||;b|x||||;b|x||||;");	/* CONST */
	SAYS("\1\0\0\0" "\1\1a" "\1\1x" "\1\4play" "\1\3k=v" "\0\1\0" "\0\1\0" "\0\1\1" "\0\1\2" "\0\1\1" "\0\1\1" "\12" "\0\1\3" "\0\1\1", 1,
	     "a|x|1|play|-0.2|k=v;");					/* time zigzag 2 = 1, value zigzag 3 = -2, over 10 */
	SAYS("\1\0\0\0" "\1\1a" "\1\1x" "\0\0" ITEMS ITEMS NO_TIMES NO_KINDS "\0\1\1" "\0" "\5\10\0\0\0\0\0\0\370\77" NO_CONTEXTS, 1, "a|x|||1.5|;");
	SAYS("\0\0\0\0" "\0\0\0\0" ITEMS REST, 0, "");			/* a block of nothing */
}

#define BAD(why) ": block 0 at byte 64: " why
static void lies_are_refused(void **state)
{
	(void)state;
	SAYS("", 0, BAD("too short for events"));
	SAYS("\1\0\0", 1, BAD("too short for events"));
	SAYS("\1\0\1\0", 65537, BAD("says a number of events that cannot be"));
	SAYS("\377\377\377\377", 0xffffffff, BAD("says a number of events that cannot be"));
	SAYS(N3 DICT_UI "\1\3\0\0\1" REST, 2, BAD("says a number of events that cannot be"));
	SAYS(N3, 3, BAD("says more new strings than it has events"));
	SAYS(N3 "\4\1\1\1\1abcd", 3, BAD("says more new strings than it has events"));
	SAYS(N3 "\377\377\377\377\377\377\377\377\377\1", 3, BAD("says more new strings than it has events"));
	SAYS(N3 "\377\377\377\377\377\377\377\377\377\3", 3, BAD("says more new strings than it has events"));	/* over 64 bits */
	SAYS(N3 "\2\1\4ab", 3, BAD("a string is longer than the block"));
	SAYS(N3 "\2\1\377\377\377\377\377\377\377\377\377\1" "ab", 3, BAD("a string is longer than the block"));	/* 1 + (2^64 - 1) wraps to 0 */
	SAYS(N3 "\2\1\375\377\377\377\377\377\377\377\377\1" "ab", 3, BAD("a string is longer than the block"));
	SAYS(N3 "\2\1", 3, BAD("a string is longer than the block"));
	SAYS(N3 "\2\0\1" "a", 3, BAD("a string is empty"));
	SAYS(N3 DICT_UI, 3, BAD("a column is missing"));
	SAYS(N3 DICT_UI "\1", 3, BAD("a column is longer than its block"));
	SAYS(N3 DICT_UI "\1\144", 3, BAD("a column is longer than its block"));
	SAYS(N3 DICT_UI "\1\377\377\377\377\377\377\377\377\377\1", 3, BAD("a column is longer than its block"));
	SAYS(N3 DICT_UI "\6\3\0\0\1" REST, 3, BAD("a column is packed in a way this program does not know"));
	SAYS(N3 DICT_UI "\5\3\0\0\1" REST, 3, BAD("a column is packed in a way this program does not know"));	/* doubles are not codes */
	SAYS(N3 DICT_UI "\0\2\0\0" REST, 3, BAD("a constant column is damaged"));
	SAYS(N3 DICT_UI "\0\0" REST, 3, BAD("a constant column is damaged"));
	SAYS(N3 DICT_UI "\0\1\200" REST, 3, BAD("a constant column is damaged"));
	SAYS(N3 DICT_UI "\1\2\0\0" REST, 3, BAD("a column of varints ends early"));
	SAYS(N3 DICT_UI "\1\4\0\0\1\0" REST, 3, BAD("a column has bytes too many"));
	SAYS(N3 DICT_UI "\2\2\0\0" REST, 3, BAD("a column of differences ends early"));
	SAYS(N3 DICT_UI "\2\3\0\0\1" REST, 3, BAD("an id that is not in the dictionary"));	/* -1 */
	SAYS(N3 DICT_UI "\3\5\0\0\0\0\1" REST, 3, BAD("a column of planes has the wrong size"));
	SAYS(N3 DICT_UI "\3\5\11\0\0\0\1" REST, 3, BAD("a column of planes has the wrong size"));
	SAYS(N3 DICT_UI "\3\4\1\0\0\0" REST, 3, BAD("a column of planes has the wrong size"));
	SAYS(N3 DICT_UI "\3\0" REST, 3, BAD("a column of planes has the wrong size"));
	SAYS(N3 DICT_UI "\4\4\0\2\1\2" REST, 3, BAD("a column of runs is damaged"));		/* four of three */
	SAYS(N3 DICT_UI "\4\4\0\0\1\3" REST, 3, BAD("a column of runs is damaged"));		/* a run of none */
	SAYS(N3 DICT_UI "\4\13\0\377\377\377\377\377\377\377\377\377\1" REST, 3, BAD("a column of runs is damaged"));
	SAYS(N3 DICT_UI "\4\2\0\2" REST, 3, BAD("a column of runs is damaged"));
	SAYS(N3 DICT_UI "\1\3\0\0\2" REST, 3, BAD("an id that is not in the dictionary"));
	SAYS(N3 DICT_UI "\0\12\200\200\200\200\200\200\200\200\200\1" REST, 3, BAD("an id that is not in the dictionary"));
	SAYS(N3 DICT_UI "\0\5\200\200\200\200\20" REST, 3, BAD("an id that is not in the dictionary"));	/* 2^32 is not 0 */
	SAYS(N3 DICT_UI ITEMS "\0\1\1" NO_TIMES NO_KINDS NO_VALUES NO_CONTEXTS, 3, BAD("an id that is not in the dictionary"));
	SAYS(N3 DICT_UI ITEMS ITEMS NO_TIMES "\0\1\1" NO_VALUES NO_CONTEXTS, 3, BAD("an id that is not in the dictionary"));
	SAYS(N3 DICT_UI ITEMS ITEMS NO_TIMES NO_KINDS NO_VALUES "\0\1\1", 3, BAD("an id that is not in the dictionary"));
	SAYS(N3 DICT_UI ITEMS ITEMS "\0\1\2" "\0\1\0" NO_KINDS NO_VALUES NO_CONTEXTS, 3, BAD("a presence flag is neither 0 nor 1"));
	SAYS(N3 DICT_UI ITEMS ITEMS "\0\1\1" "\0\12\377\377\377\377\377\377\377\377\377\1" NO_KINDS NO_VALUES NO_CONTEXTS, 3, BAD("a time that means none"));
	SAYS(N3 DICT_UI ITEMS ITEMS NO_TIMES NO_KINDS "\0\1\1" "\301\204\75" "\0\1\0" NO_CONTEXTS, 3, BAD("the scale of the values is damaged"));
	SAYS("\1\0\0\0" "\1\1a" "\1\1x" "\0\0" ITEMS ITEMS NO_TIMES NO_KINDS "\0\1\1" "\0" "\5\10\0\0\0\0\0\0\360\177" NO_CONTEXTS, 1,
	     BAD("a value is not finite"));
	SAYS("\1\0\0\0" "\1\1a" "\1\1x" "\0\0" ITEMS ITEMS NO_TIMES NO_KINDS "\0\1\1" "\0" "\5\7\0\0\0\0\0\0\360" NO_CONTEXTS, 1,
	     BAD("a column of doubles is damaged"));
	SAYS("\1\0\0\0" "\1\1a" "\1\1x" "\0\0" ITEMS ITEMS NO_TIMES NO_KINDS "\0\1\1" "\0" "\0\1\0" NO_CONTEXTS, 1, BAD("a column of doubles is damaged"));
	SAYS(N3 DICT_UI ITEMS REST "\0", 3, BAD("has bytes behind its last column"));
}

static void unknown_blocks(void **state)
{
	struct mem_block b[] = { { (enum block_type)BLOCK_CC('N', 'E', 'W', '1'), BLOCK_SKIPPABLE, 0, 1, "abc", 3 },
				 { BLOCK_EVENTS, 0, 0, 3, N3 DICT_UI ITEMS REST, sizeof N3 DICT_UI ITEMS REST - 1 } };
	char got[2048];

	(void)state;
	struct buf f = mem_stream(KIND_EVENTS, b, 2);
	said(f.p, f.len, false, MEM_MAPPED, got, sizeof got);
	assert_string_equal(got, "a|x||||;a|x||||;a|x||||;");
	buf_release(&f);
	b[0].flags = 0;
	f = mem_stream(KIND_EVENTS, b, 2);
	said(f.p, f.len, false, MEM_MAPPED, got, sizeof got);
	assert_string_equal(got, BAD("a block of a type this program does not know"));
	buf_release(&f);
}

static struct log small_log(struct arena *a)
{
	return make_log(12, 33, a);
}

static void every_cut_and_flip_is_found(void **state)
{
	struct arena a = { 0 };
	struct log l = small_log(&a);
	struct buf b = mem_written(fill_log, &l), c = { 0 };
	static char got[65536];

	(void)state;
	for (int way = 0; way < MEM_WAYS; way++) {
		said(b.p, b.len, false, (enum mem_way)way, got, sizeof got);
		assert_null(strstr(got, "byte"));
		for (size_t n = 1; n < b.len; n++) {
			said(b.p, n, false, (enum mem_way)way, got, sizeof got);
			if (!strstr(got, "byte "))
				fail_msg("cut at %zu: %s", n, got);
		}
		buf_put(&c, b.p, b.len);
		for (size_t bit = 0; bit < 8 * b.len; bit += 1 + 2 * (way == MEM_PIPED)) {
			c.p[bit / 8] ^= (char)(1 << bit % 8);
			said(c.p, c.len, false, (enum mem_way)way, got, sizeof got);
			if (!strstr(got, "byte "))
				fail_msg("bit %zu: %s", bit, got);
			c.p[bit / 8] ^= (char)(1 << bit % 8);
		}
		buf_reset(&c);
	}
	buf_release(&b);
	buf_release(&c);
	mem_free(l.ev);
	arena_release(&a);
}

/* Random damage under right checksums: whatever is handed out is in bounds, which the sanitizers check. */
static void damage_under_right_sums_is_safe(void **state)
{
	struct pcg32 r;
	size_t n_ok = 0, n_bad = 0;
	struct buf out = { 0 };

	(void)state;
	pcg32_seed(&r, 1, 1);
	for (int i = 0; i < 1200; i++) {
		unsigned char p[128] = N3 DICT_UI "\1\3\0\0\1" REST;
		size_t n = sizeof N3 DICT_UI "\1\3\0\0\1" REST - 1;
		for (uint32_t k = 1 + pcg32_bounded(&r, 3); k--;) {
			uint32_t at = 4 + pcg32_bounded(&r, (uint32_t)n - 4);
			switch (pcg32_bounded(&r, 3)) {
			case 0: p[at] = (unsigned char)pcg32_bounded(&r, 8); break;
			case 1: p[at] ^= (unsigned char)(1 << pcg32_bounded(&r, 8)); break;
			case 2: memmove(p + at + 1, p + at, n - at); n++; break;
			}
		}
		struct mem_block b = { BLOCK_EVENTS, 0, 0, 3, p, n };
		struct buf f = mem_stream(KIND_EVENTS, &b, 1);
		struct err e = { 0 };
		struct eventr *rd = eventr_open(mem_path(f.p, f.len, MEM_MAPPED), false, &e);
		struct event ev;
		int got;
		while ((got = eventr_next(rd, &ev, &e)) == 1) {
			buf_reset(&out);
			buf_put(&out, ev.user.p, ev.user.len);
			buf_put(&out, ev.item.p, ev.item.len);
			buf_put(&out, ev.kind.p, ev.kind.len);
			buf_put(&out, ev.context.p, ev.context.len);
		}
		n_ok += got == 0;
		n_bad += got < 0;
		assert_int_equal(eventr_next(rd, &ev, &e), got);
		eventr_close(rd);
		buf_release(&f);
	}
	buf_release(&out);
	assert_true(n_ok > 20 && n_bad > 200);
}

static void where_names_the_place(void **state)
{
	struct err e = { 0 };
	struct event ev;
	struct buf w = { 0 };
	struct mem_block b = { BLOCK_EVENTS, 0, 0, 3, N3 DICT_UI ITEMS REST, sizeof N3 DICT_UI ITEMS REST - 1 };

	(void)state;
	struct eventr *r = eventr_open(mem_path("a\tx\nb\ty\n", 8, MEM_PIPED), false, &e);
	eventr_next(r, &ev, &e);
	eventr_next(r, &ev, &e);
	eventr_where(r, &w);
	assert_string_equal(w.p, "(standard input):2");
	assert_int_equal(eventr_bad(r, &e, "field %d: no", 2), ERR_DATA);
	assert_string_equal(e.msg, "(standard input):2: field 2: no");
	e = (struct err){ 0 };
	assert_int_equal(eventr_at(r, &e), 0);
	err_set(&e, ERR_MEM, "no room");
	assert_int_equal(eventr_at(r, &e), ERR_MEM);
	assert_string_equal(e.msg, "(standard input):2: no room");
	e = (struct err){ 0 };
	struct event_block eb;
	assert_int_equal(eventr_block(r, &eb, &e), ERR_USAGE);
	eventr_close(r);
	struct buf f = mem_stream(KIND_EVENTS, &b, 1);
	e = (struct err){ 0 };
	r = eventr_open(mem_path(f.p, f.len, MEM_PIPED), false, &e);
	eventr_next(r, &ev, &e);
	buf_reset(&w);
	eventr_where(r, &w);
	assert_string_equal(w.p, "(standard input): block 0 at byte 64");
	eventr_close(r);
	buf_release(&f);
	buf_release(&w);
	assert_null(eventr_open("/nonexistent/log", false, &e));
	assert_int_equal(e.code, ERR_SYS);
}

/* What a session's end would be behind the end of time, and what lies further apart than can be said. */
static void marks_at_the_end_of_time(void **state)
{
	struct marks m = { .gap = 10, .has_suspects = true };
	static const int64_t time[] = { INT64_MIN + 1, INT64_MAX - 5, INT64_MAX - 5 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct event ev = { .user = { "u", 1 }, .item = { "i", 1 }, .time = time[i], .kind = { "play", 4 }, .value = 100, .context = { "", 0 } };
		marks_put(&m, &ev);
	}
	assert_int_equal(m.n_sessions, 2);
	assert_int_equal(m.n_overlaps, 1);
	assert_int_equal(m.n_unordered, 0);
	marks_release(&m);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(many_blocks_come_back),
		cmocka_unit_test(one_log_has_one_binary),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(a_helpers_error_is_told),
		cmocka_unit_test(long_ids_end_a_block_early),
		cmocka_unit_test(joined_streams_start_afresh),
		cmocka_unit_test(text_has_six_columns),
		cmocka_unit_test(text_is_read_or_refused),
		cmocka_unit_test(a_long_id_is_kept),
		cmocka_unit_test(other_kinds_are_named),
		cmocka_unit_test(packings_are_as_documented),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(unknown_blocks),
		cmocka_unit_test(every_cut_and_flip_is_found),
		cmocka_unit_test(damage_under_right_sums_is_safe),
		cmocka_unit_test(where_names_the_place),
		cmocka_unit_test(marks_at_the_end_of_time),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
