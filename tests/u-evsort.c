/*
 * evsort: one order whatever the memory, the one that a plain stable sort gives; nothing touches the disk while it fits; memory stays inside what was said; and a
 * scratch file that cannot be made, written or read back is an error that names its directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../lib/base/rng.h"
#include "../lib/base/tmp.c"
#include "../lib/data/evsort.c"

struct log { struct event *ev; size_t n; struct arena bytes; };

static struct str str_of(const char *s) { return (struct str){ s, strlen(s) }; }
static bool is_str(struct str a, struct str b) { return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len)); }

static bool is_event(const struct event *a, const struct event *b)
{
	return is_str(a->user, b->user) && is_str(a->item, b->item) && a->time == b->time && is_str(a->kind, b->kind) && is_str(a->context, b->context) &&
	       ((isnan(a->value) && isnan(b->value)) || !memcmp(&a->value, &b->value, 8));
}

/* some_id - ids that are hard to order: names of many lengths, zero bytes at the end, alike in their first 1 to 23 or 600 bytes, all kinds of bytes. */
static struct str some_id(struct pcg32 *r, struct arena *a)
{
	static const char hard[] = { 0, 1, (char)0x7f, (char)0x80, (char)0xff, 'a' };
	static char s[700];
	size_t n = 0, shared;

	switch (pcg32_bounded(r, 8)) {
	case 0: case 1:
		n = (size_t)sprintf(s, "u%u", pcg32_bounded(r, 3000));
		break;
	case 2:				/* one user with many events, and those that begin like it */
		n = (size_t)sprintf(s, "somebody%.*s", (int)pcg32_bounded(r, 4), "\1\1\1\1");
		break;
	case 3:
		memset(s, 0, n = pcg32_bounded(r, 20));
		break;
	case 4:
		shared = pcg32_bounded(r, 40) ? pcg32_bounded(r, 24) : 600;
		memset(s, 'x', shared);
		n = shared + (size_t)sprintf(s + shared, "%u", pcg32_bounded(r, 16));
		break;
	default:
		n = 1 + pcg32_bounded(r, 12);
		for (size_t i = 0; i < n; i++)
			s[i] = pcg32_bounded(r, 3) ? hard[pcg32_bounded(r, sizeof hard)] : (char)pcg32_bounded(r, 256);
	}
	return (struct str){ arena_bytes(a, s, n), n };
}

static int64_t some_time(struct pcg32 *r, size_t i)
{
	switch (pcg32_bounded(r, 6)) {
	case 0: return TIME_NONE;
	case 1: return -(int64_t)pcg32_bounded(r, 1000);
	case 2: return (int64_t)((uint64_t)pcg32_next(r) << 32 | pcg32_next(r) | 1);
	case 3: return pcg32_bounded(r, 2) ? INT64_MAX : INT64_MIN + 1;
	case 4: return 1600000000 + (int64_t)i;
	default: return 7;
	}
}

static struct log make_log(size_t n, unsigned seed)
{
	static const char *const kind[] = { "", "play", "skip", "any\tkind\n" };
	struct log l = { .ev = mem_new(n + 1, sizeof *l.ev), .n = n };
	struct pcg32 r;
	char s[64];

	pcg32_seed(&r, 3, seed);
	for (size_t i = 0; i < n; i++) {
		struct event *ev = &l.ev[i];
		size_t k = (size_t)sprintf(s, "i%zu", i);	/* tells events apart that are alike in the key */
		ev->user = some_id(&r, &l.bytes);
		ev->item = (struct str){ arena_bytes(&l.bytes, s, k), k };
		ev->time = some_time(&r, i);
		ev->kind = str_of(kind[pcg32_bounded(&r, 4)]);
		ev->value = pcg32_bounded(&r, 3) ? pcg32_bounded(&r, 2) ? -0.0 : pcg32_f64(&r) * 1e9 : VALUE_NONE;
		k = pcg32_bounded(&r, 2) ? 0 : (size_t)sprintf(s, "device=%u;hour=%u", pcg32_bounded(&r, 4), pcg32_bounded(&r, 24));
		ev->context = k ? (struct str){ arena_bytes(&l.bytes, s, k), k } : (struct str){ 0 };
	}
	return l;
}

static void free_log(struct log *l)
{
	mem_free(l->ev);
	arena_release(&l->bytes);
}

/* ---- the reference ---- */

static int by_time(const void *a, const void *b, void *ctx)
{
	const struct event *x = a, *y = b;

	(void)ctx;
	if (x->time == TIME_NONE || y->time == TIME_NONE)
		return (y->time == TIME_NONE) - (x->time == TIME_NONE);
	return x->time < y->time ? -1 : x->time > y->time;
}

static int by_user(const void *a, const void *b, void *ctx)
{
	const struct event *x = a, *y = b;
	size_t n = x->user.len < y->user.len ? x->user.len : y->user.len;
	int c = n ? memcmp(x->user.p, y->user.p, n) : 0;

	if (!c)
		c = x->user.len < y->user.len ? -1 : x->user.len > y->user.len;
	return c ? c : by_time(a, b, ctx);
}

static struct event *reference(const struct log *l, enum evsort_key key)
{
	struct event *out = mem_new(l->n + 1, sizeof *out);
	struct err e = { 0 };

	memcpy(out, l->ev, l->n * sizeof *out);
	assert_int_equal(sort_stable(out, l->n, sizeof *out, key == EVSORT_TIME ? by_time : by_user, NULL, &e), 0);
	return out;
}

static struct evsort *filled(const struct log *l, enum evsort_key key, size_t memory)
{
	struct err e = { 0 };
	struct evsort *s = evsort_new(key, memory, &e);

	assert_non_null(s);
	for (size_t i = 0; i < l->n; i++)
		if (evsort_add(s, &l->ev[i], &e))
			fail_msg("event %zu: %s", i, e.msg);
	return s;
}

/* sorts - l comes out in the order of ref; returns the bytes that were spilled. */
static uint64_t sorts(const struct log *l, const struct event *ref, enum evsort_key key, size_t memory)
{
	struct evsort *s = filled(l, key, memory);
	struct err e = { 0 };
	struct event ev;

	for (size_t i = 0; i < l->n; i++) {
		int got = evsort_next(s, &ev, &e);
		if (got != 1 || !is_event(&ev, &ref[i]))
			fail_msg("key %d, memory %zu, event %zu of %zu: %d %s", key, memory, i, l->n, got, e.msg);
	}
	assert_int_equal(evsort_next(s, &ev, &e), 0);
	assert_int_equal(evsort_next(s, &ev, &e), 0);
	uint64_t spilled = evsort_spilled(s);
	evsort_free(s);
	return spilled;
}

/* ---- tests ---- */

/* First, while this program is small: its peak is what the child's is measured against. */
static void memory_is_the_bound(void **state)
{
	enum { MEMORY = 24 << 20 };

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip();
#endif
	if (getenv("UNDER_MEMCHECK"))		/* scripts/valgrind: it keeps as much again beside what we hold */
		skip();
	for (enum evsort_key key = EVSORT_TIME; key <= EVSORT_USER; key++) {
		int status;
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			struct evsort *s = evsort_new(key, MEMORY, NULL);
			struct rusage before, after;
			struct pcg32 r;
			struct event ev = { .kind = str_of("play"), .value = 3 };
			static char u[64], pad[3000];
			getrusage(RUSAGE_SELF, &before);
			pcg32_seed(&r, 1, 1);
			for (size_t i = 0; i < 1000000; i++) {		/* short events first, long ones behind: index and records take turns in being large */
				int64_t t = pcg32_next(&r);
				ev.user = (struct str){ u, (size_t)sprintf(u, "somebody-%u", pcg32_bounded(&r, 20000)) };
				ev.item = str_of("i");
				ev.time = t;
				ev.context = (struct str){ pad, i > 980000 ? sizeof pad : 0 };
				if (evsort_add(s, &ev, NULL))
					_exit(1);
			}
			size_t n = 0;
			while (evsort_next(s, &ev, NULL) == 1)
				n++;
			getrusage(RUSAGE_SELF, &after);
			if (n != 1000000 || evsort_spilled(s) < MEMORY)
				_exit(2);
			_exit((after.ru_maxrss - before.ru_maxrss) * 1024 > MEMORY / 10 * 11 ? 3 : 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void every_memory_gives_the_stable_order(void **state)
{
	struct log l = make_log(200000, 1);

	(void)state;
	for (enum evsort_key key = EVSORT_TIME; key <= EVSORT_USER; key++) {
		struct event *ref = reference(&l, key);
		assert_int_equal(sorts(&l, ref, key, 64 << 20), 0);
		uint64_t one_pass = sorts(&l, ref, key, 2 << 20), passes = sorts(&l, ref, key, 0);
		assert_true(one_pass > 1 << 20);
		assert_true(passes > 2 * one_pass);
		mem_free(ref);
	}
	free_log(&l);
}

static void few_events(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++) {
		struct log l = make_log(n, (unsigned)n);
		for (enum evsort_key key = EVSORT_TIME; key <= EVSORT_USER; key++) {
			struct event *ref = reference(&l, key);
			assert_int_equal(sorts(&l, ref, key, 1 << 20), 0);
			mem_free(ref);
		}
		free_log(&l);
	}
}

/* Every number of runs around what is merged at once, so that each shape of pass comes up. */
static void any_number_of_runs(void **state)
{
	struct log l = make_log(2000, 5);
	char *pad = mem_new(1, 30000);

	(void)state;
	for (size_t i = 0; i < l.n; i++)		/* two events are a run */
		l.ev[i].context = (struct str){ pad, 25000 };
	for (size_t n = 1; n < 460; n += n < 64 ? 1 : 23) {
		struct log part = { .ev = l.ev, .n = n };
		struct event *ref = reference(&part, EVSORT_USER);
		uint64_t spilled = sorts(&part, ref, EVSORT_USER, 0);
		assert_true(n < 3 ? !spilled : spilled >= n * 25000);
		mem_free(ref);
	}
	mem_free(pad);
	free_log(&l);
}

static void an_event_may_be_longer_than_memory(void **state)
{
	enum { LEN = 64 << 20, ID = 3 << 20, N = 6 };
	char *big = mem_new(1, LEN), *id[2] = { mem_new(1, ID), mem_new(1, ID) };
	struct event ev[N];
	struct log l = { .ev = ev, .n = N };

	(void)state;
	memset(big, 'b', LEN);
	id[1][ID - 1] = 1;
	for (int i = 0; i < N; i++)
		ev[i] = (struct event){ { id[i % 2], ID }, { "i", 1 }, -i, { "play", 4 }, i, { "x", 1 } };
	ev[1].context = (struct str){ big, LEN };
	ev[2].user = (struct str){ big, LEN };
	ev[4].user = (struct str){ "u", 1 };
	ev[4].item = (struct str){ big + 1, LEN - 1 };
	for (enum evsort_key key = EVSORT_TIME; key <= EVSORT_USER; key++) {
		struct event *ref = reference(&l, key);
		assert_true(sorts(&l, ref, key, 1 << 20) > 3u * LEN);
		mem_free(ref);
	}
	mem_free(big);
	mem_free(id[0]);
	mem_free(id[1]);
}

static void scratch_has_no_name(void **state)
{
	char dir[] = "/tmp/u-evsort.XXXXXX";
	struct log l = make_log(5000, 2);

	(void)state;
	assert_non_null(mkdtemp(dir));
	int fd = open_named(dir);		/* the way of file systems without O_TMPFILE */
	assert_true(fd >= 0);
	close(fd);
	tmp_dir_set(dir);
	struct evsort *s = filled(&l, EVSORT_TIME, 0);
	assert_true(evsort_spilled(s) > 0);
	assert_int_equal(rmdir(dir), 0);	/* nothing is in it */
	evsort_free(s);			/* in the middle of adding */
	tmp_dir_set(NULL);
	free_log(&l);
}

static void a_missing_directory_is_named(void **state)
{
	struct log l = make_log(2000, 2);
	struct err e = { 0 }, again = { 0 };
	struct evsort *s = evsort_new(EVSORT_TIME, 0, &e);
	struct event ev;
	size_t i = 0;

	(void)state;
	tmp_dir_set("/nonexistent/dir");
	while (i < l.n && !evsort_add(s, &l.ev[i], &e))
		i++;
	assert_in_range(i, 100, l.n - 1);
	assert_int_equal(e.code, ERR_SYS);
	assert_string_equal(e.msg, "cannot make a scratch file in /nonexistent/dir: No such file or directory");
	assert_int_equal(evsort_next(s, &ev, &again), ERR_SYS);		/* it sticks */
	assert_string_equal(again.msg, e.msg);
	tmp_dir_set(NULL);
	evsort_free(s);
	free_log(&l);
}

static void a_full_disk_is_told(void **state)
{
	struct log l = make_log(30000, 2);
	struct rlimit was, small;
	struct err e = { 0 };
	struct evsort *s = evsort_new(EVSORT_TIME, 0, &e);

	(void)state;
	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 1 << 20;
	signal(SIGXFSZ, SIG_IGN);
	tmp_dir_set("/tmp");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (size_t i = 0; i < l.n && !evsort_add(s, &l.ev[i], &e); i++)
		;
	setrlimit(RLIMIT_FSIZE, &was);
	tmp_dir_set(NULL);
	assert_int_equal(e.code, ERR_SYS);
	assert_string_equal(e.msg, "cannot write the scratch file in /tmp (1.0 MB written so far): File too large");
	evsort_free(s);
	free_log(&l);
}

static void a_cut_scratch_file_is_told(void **state)
{
	struct log l = make_log(20000, 2);

	(void)state;
	for (int k = 1; k < 8; k++) {
		struct evsort *s = filled(&l, EVSORT_USER, 1 << 20);
		struct err e = { 0 };
		struct event ev;
		size_t n = 0;
		int got;
		assert_int_equal(spill(s), 0);
		assert_int_equal(ftruncate(s->fd, (off_t)(s->file_end * (unsigned)k / 8)), 0);
		while ((got = evsort_next(s, &ev, &e)) == 1)
			n++;
		assert_int_equal(got, ERR_SYS);
		assert_true(n < l.n);
		assert_non_null(strstr(e.msg, "the scratch file in "));
		assert_non_null(strstr(e.msg, " ends at byte "));
		evsort_free(s);
	}
	free_log(&l);
}

/* Bytes that changed on the disk may give other events, but never a read outside of what there is. */
static void a_damaged_scratch_file_is_safe(void **state)
{
	struct log l = make_log(1500, 2);
	struct pcg32 r;
	size_t refused = 0;

	(void)state;
	pcg32_seed(&r, 2, 2);
	for (int k = 0; k < 300; k++) {
		struct evsort *s = filled(&l, EVSORT_USER, 0);
		struct err e = { 0 };
		struct event ev;
		int got;
		assert_int_equal(spill(s), 0);
		for (int i = 0; i < 3; i++) {
			unsigned char c = (unsigned char)(pcg32_bounded(&r, 2) ? 255 : pcg32_bounded(&r, 256));
			assert_int_equal(pwrite(s->fd, &c, 1, (off_t)pcg32_bounded(&r, (uint32_t)s->file_end)), 1);
		}
		while ((got = evsort_next(s, &ev, &e)) == 1)
			;
		refused += got < 0;
		if (got < 0)
			assert_non_null(strstr(e.msg, " is damaged near byte "));
		evsort_free(s);
	}
	assert_true(refused > 50);
	free_log(&l);
}

static void a_record_that_leaves_its_run_is_refused(void **state)
{
	struct log l = make_log(1500, 2);

	(void)state;
	for (enum evsort_key key = EVSORT_TIME; key <= EVSORT_USER; key++) {
		struct evsort *s = filled(&l, key, 0);
		struct err e = { 0 };
		struct event ev;
		int got;
		assert_true(s->n_runs > 0);
		s->run[0].end--;
		while ((got = evsort_next(s, &ev, &e)) == 1)
			;
		assert_int_equal(got, ERR_SYS);
		assert_non_null(strstr(e.msg, " is damaged near byte "));
		evsort_free(s);
	}
	free_log(&l);
}

/* Places are 32 bits; beyond 4 GiB they count larger units. */
static void units_of_more_than_a_byte(void **state)
{
	struct log l = make_log(20000, 9);

	(void)state;
	for (unsigned shift = 1; shift < 6; shift += 2) {
		struct event *ref = reference(&l, EVSORT_USER);
		for (size_t memory = 1 << 20; memory <= 16 << 20; memory *= 16) {
			struct err e = { 0 };
			struct evsort *s = evsort_new(EVSORT_USER, memory, &e);
			struct event ev;
			s->shift = shift;
			for (size_t i = 0; i < l.n; i++)
				assert_int_equal(evsort_add(s, &l.ev[i], &e), 0);
			for (size_t i = 0; i < l.n; i++)
				assert_true(evsort_next(s, &ev, &e) == 1 && is_event(&ev, &ref[i]));
			assert_int_equal(evsort_next(s, &ev, &e), 0);
			evsort_free(s);
		}
		mem_free(ref);
	}
	free_log(&l);
}

static void memory_that_cannot_be_had(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_null(evsort_new(EVSORT_TIME, SIZE_MAX / 2, &e));
	assert_int_equal(e.code, ERR_MEM);
	evsort_free(NULL);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(memory_is_the_bound),
		cmocka_unit_test(every_memory_gives_the_stable_order),
		cmocka_unit_test(few_events),
		cmocka_unit_test(any_number_of_runs),
		cmocka_unit_test(an_event_may_be_longer_than_memory),
		cmocka_unit_test(scratch_has_no_name),
		cmocka_unit_test(a_missing_directory_is_named),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(a_cut_scratch_file_is_told),
		cmocka_unit_test(a_damaged_scratch_file_is_safe),
		cmocka_unit_test(a_record_that_leaves_its_run_is_refused),
		cmocka_unit_test(units_of_more_than_a_byte),
		cmocka_unit_test(memory_that_cannot_be_had),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
