/* Errors, memory, buffers, arenas, sorting, threads, progress: the ground everything stands on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../lib/base/arena.h"
#include "../lib/base/buf.h"
#include "../lib/base/mem.h"
#include "../lib/base/par.h"
#include "../lib/base/rng.h"
#include "../lib/base/sort.h"
#include "../lib/base/tmp.h"
#include "../lib/cli/opt.h"
#include "../lib/cli/progress.h"

static void errors_keep_the_first(void **state)
{
	struct err e = { 0 };
	char clip[ERR_CLIP_MAX];

	(void)state;
	assert_int_equal(err_set(&e, ERR_DATA, "a %d", 1), ERR_DATA);
	assert_int_equal(err_set(&e, ERR_SYS, "b"), ERR_SYS);
	assert_int_equal(e.code, ERR_DATA);
	assert_string_equal(e.msg, "a 1");
	err_prefix(&e, "file %s", "x");
	assert_string_equal(e.msg, "file x: a 1");
	assert_int_equal(err_set(NULL, ERR_MEM, "nobody listens"), ERR_MEM);
	e = (struct err){ 0 };
	err_sys(&e, ENOENT, "x");
	assert_string_equal(e.msg, "x: No such file or directory");
	/* of a path as long as any, the end of the sentence stays, behind whatever is put before it */
	char path[6000];
	memset(path, 'd', sizeof path);
	path[sizeof path - 1] = '\0';
	e = (struct err){ 0 };
	err_sys(&e, ENOENT, "%s", path);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	assert_non_null(strstr(e.msg, "ddd...ddd"));
	assert_string_equal(e.msg + strlen(e.msg) - 29, "ddd: No such file or directory" + 1);
	err_prefix(&e, "model %s", "m");
	assert_int_equal(strncmp(e.msg, "model m: ddd", 12), 0);
	assert_string_equal(e.msg + strlen(e.msg) - 29, "ddd: No such file or directory" + 1);
	e = (struct err){ 0 };
	path[ERR_MSG_MAX - 1 - 27] = '\0';		/* it just fits */
	err_sys(&e, ENOENT, "%s", path);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	assert_int_equal(err_exit(ERR_NONE) * 1000 + err_exit(ERR_USAGE) * 100 + err_exit(ERR_MEM) * 10 + err_exit(ERR_NUMERIC), 234);
	assert_string_equal(err_clip(clip, "tab\there\0nul", 12), "tab?here?nul");
	assert_string_equal(err_clip(clip, "0123456789012345678901234567890123456789", 40), "0123456789012345678901234567890123456789");
	assert_string_equal(err_clip(clip, "0123456789012345678901234567890123456789X", 41), "0123456789012345678901234567890123456789...");
	/* a character is not cut in half */
	assert_string_equal(err_clip(clip, "012345678901234567890123456789012345678\xc3\xa9\xc3\xa9", 43), "012345678901234567890123456789012345678...");
	/* what a terminal must not see: C1 controls, bytes that are not UTF-8, overlong forms, surrogates */
	assert_string_equal(err_clip(clip, "\xc2\x9b" "2J\xff\xc0\xaf\xed\xa0\x80|\xe2\x82\xac|\xf0\x9f\x8e\xb5|\xe2\x82", 22), "??2J??????|\xe2\x82\xac|\xf0\x9f\x8e\xb5|??");
	assert_string_equal(err_clip(clip, "", 0), "");
}

static void temporaries_are_removed(void **state)
{
	char dir[] = "/tmp/taste-u-base.XXXXXX", path[TMP_FILES + 1][64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i <= TMP_FILES; i++) {
		snprintf(path[i], sizeof path[i], "%s/%d", dir, i);
		FILE *f = fopen(path[i], "w");
		assert_non_null(f);
		fclose(f);
		assert_int_equal(tmp_register(path[i]), i < TMP_FILES ? 0 : -ENFILE);
	}
	tmp_unregister(path[3]);
	tmp_unregister("never registered");
	assert_int_equal(tmp_register(path[TMP_FILES]), 0);	/* its place is free again */
	tmp_unlink_all();
	for (int i = 0; i <= TMP_FILES; i++) {
		assert_int_equal(access(path[i], F_OK) == 0, i == 3);
		tmp_unregister(path[i]);
	}
	unlink(path[3]);
	assert_int_equal(rmdir(dir), 0);
}

static void memory_says_what_it_was_for(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_null(mem_try(SIZE_MAX / 4, 8, "item factors", &e));
	assert_int_equal(e.code, ERR_MEM);
	assert_non_null(strstr(e.msg, "for item factors"));
	e = (struct err){ 0 };
	char *p = mem_try(0, 8, "nothing", &e);
	assert_non_null(p);
	mem_free(p);
	p = mem_try0(1000, 8, "zeros", &e);
	assert_true(((uintptr_t)p & 63) == 0);
	for (int i = 0; i < 8000; i++)
		assert_int_equal(p[i], 0);
	mem_free(p);
	size_t x;
	assert_false(mem_mul(SIZE_MAX, 2, &x));
	assert_true(mem_mul(3, 4, &x) && x == 12);
}

static void buffers_grow(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, "%d,", i % 10);
	assert_int_equal(b.len, 20000);
	assert_int_equal(b.p[b.len], 0);
	buf_reset(&b);
	buf_put(&b, "a\0b", 3);
	buf_putc(&b, '!');
	assert_memory_equal(b.p, "a\0b!", 5);
	char *p = buf_detach(&b);
	assert_null(b.p);
	mem_free(p);
	buf_put(&b, NULL, 0);
	assert_string_equal(b.p, "");
	buf_release(&b);
}

static void arenas_hold_and_forget(void **state)
{
	struct arena a = { 0 };
	char *s[1000];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			char t[32];
			int n = sprintf(t, "string %d of %d", i, round);
			s[i] = arena_bytes(&a, t, (size_t)n);
			assert_true(((uintptr_t)arena_alloc(&a, (size_t)i) & 15) == 0);
		}
		for (int i = 0; i < 1000; i++) {
			char t[32];
			sprintf(t, "string %d of %d", i, round);
			assert_string_equal(s[i], t);
		}
		char *big = arena_alloc(&a, 5 << 20);
		memset(big, 1, 5 << 20);
		arena_reset(&a);
	}
	arena_release(&a);
}

static void radix_sort_is_stable(void **state)
{
	enum { N = 20000 };
	uint64_t *key = mem_new(N, sizeof *key), *was = mem_new(N, sizeof *was);
	uint32_t *val = mem_new(N, sizeof *val);
	struct err e = { 0 };
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 5, 5);
	for (int mode = 0; mode < 4; mode++) {
		for (uint32_t i = 0; i < N; i++) {
			uint64_t hi = pcg32_next(&r);
			key[i] = was[i] = mode == 0 ? hi << 32 | pcg32_next(&r) : mode == 1 ? hi % 7 << 40 : mode == 2 ? 3 : hi % 300;
			val[i] = i;
		}
		assert_int_equal(sort_u64(key, val, N, &e), 0);
		for (int i = 0; i < N; i++) {
			assert_true(key[i] == was[val[i]]);
			assert_true(!i || key[i] > key[i - 1] || (key[i] == key[i - 1] && val[i] > val[i - 1]));
		}
	}
	assert_int_equal(sort_u64(key, NULL, 0, &e) | sort_u64(key, NULL, 1, &e), 0);
	mem_free(key);
	mem_free(was);
	mem_free(val);
}

struct pair { int key, at; };

static int cmp_pair(const void *a, const void *b, void *ctx)
{
	++*(int *)ctx;
	return ((const struct pair *)a)->key - ((const struct pair *)b)->key;
}

static void merge_sort_is_stable(void **state)
{
	struct pair p[3000];
	struct err e = { 0 };
	struct pcg32 r;
	int calls = 0;

	(void)state;
	pcg32_seed(&r, 6, 6);
	for (size_t n = 0; n < 3000; n = n < 70 ? n + 1 : n * 3) {
		for (size_t i = 0; i < n; i++)
			p[i] = (struct pair){ (int)pcg32_bounded(&r, 20), (int)i };
		assert_int_equal(sort_stable(p, n, sizeof *p, cmp_pair, &calls, &e), 0);
		for (size_t i = 1; i < n; i++)
			assert_true(p[i].key > p[i - 1].key || (p[i].key == p[i - 1].key && p[i].at > p[i - 1].at));
	}
	assert_true(calls > 0);
}

static void below_is_where_it_stands(void **state)
{
	uint32_t v[] = { 3, 3, 5, UINT32_MAX };
	uint64_t w[] = { 3, 3, 5, UINT64_MAX };

	(void)state;
	for (size_t n = 0; n <= 4; n++)
		for (uint32_t x = 0; x < 8; x++) {
			size_t plain = 0;
			for (size_t i = 0; i < n; i++)
				plain += v[i] < x;
			assert_int_equal(below_u32(v, n, x), plain);
			assert_int_equal(below_u64(w, n, x), plain);
		}
	assert_int_equal(below_u32(v, 4, UINT32_MAX) + below_u64(w, 4, UINT64_MAX), 6);
	assert_int_equal(below_u32(NULL, 0, 1) + below_u64(NULL, 0, 1), 0);
}

struct work { _Atomic uint64_t sum; _Atomic int n[64]; uint64_t slot[5000]; int n_threads; };

static void do_chunk(void *ctx, size_t chunk, int worker)
{
	struct work *w = ctx;

	w->slot[chunk] = chunk * chunk;
	w->n[worker]++;
	w->sum += chunk;
}

static void every_chunk_is_done_once(void **state)
{
	struct err e = { 0 };

	(void)state;
	for (int t = 1; t <= 8; t += 3) {
		struct par *p = par_new(t, &e);
		assert_int_equal(par_threads(p), t);
		for (size_t n = 0; n < 5000; n = n * 2 + 1) {
			struct work w = { .sum = 0 };
			par_for(p, n, do_chunk, &w);
			assert_true(w.sum == (n ? (uint64_t)n * (n - 1) / 2 : 0));
			for (size_t i = 0; i < n; i++)
				assert_true(w.slot[i] == i * i);
		}
		par_free(p);
	}
	struct work w = { .sum = 0 };
	par_for(NULL, 10, do_chunk, &w);
	assert_true(w.sum == 45 && par_threads(NULL) == 1);
	par_free(NULL);
}

static double now;
static double fake_clock(void) { return now; }

static void progress_tells_share_rate_and_time_left(void **state)
{
	struct progress p;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	progress_start(&p, "train", "events", 1000000);
	p.is_on = true;
	p.to = f;
	p.clock = fake_clock;
	p.start = p.last = now = 100;
	progress_set(&p, 64);
	fflush(f);
	assert_int_equal(n, 0);		/* too early to say anything */
	now = 110;
	progress_set(&p, 250048);
	fflush(f);
	assert_string_equal(text, "\rtrain:  25 % 25 k events/s, 0:30 left\033[K");
	progress_end(&p);
	fclose(f);
	assert_string_equal(text + strlen(text) - 4, "\r\033[K");
	free(text);
}

static void options_are_checked_whole(void **state)
{
	static int64_t k;
	static double w;
	static bool flag;
	static int how;
	static const char *size = "64K", *name;
	static struct opt_list list;
	static const struct opt table[] = {
		{ 'k', "top", OPT_INT, &k, "N", "how many", .min = 1, .max = 100 }, { 0, "weight", OPT_FLOAT, &w, "W", "how much", .min = 0, .max = 1 },
		{ 'b', "binary", OPT_FLAG, &flag, NULL, "binary" }, { 0, "metric", OPT_ENUM, &how, "M", "which", .names = "ip|cosine|l2" },
		{ 'M', "memory", OPT_STR, &size, "BYTES", "room" }, { 'o', "output", OPT_STR, &name, "FILE", "where" },
		{ 0, "exclude", OPT_LIST, &list, "FILE", "leave out" }, { 0 } };
	static const struct { const char *arg[6]; const char *why; } bad[] = {
		{ { "-k", "0" }, "--top: '0' is not a whole number from 1 to 100" }, { { "-k", "7x" }, "--top: '7x' is not a whole number from 1 to 100" },
		{ { "--weight=-1" }, "--weight: '-1' is not a number from 0 to 1" }, { { "--metric", "l1" }, "--metric: 'l1' is not one of ip|cosine|l2" },
		{ { "--binary=yes" }, "--binary takes no value" }, { { "-k" }, "--top needs a value (N)" }, { { "--nope" }, "unknown option '--nope'" },
		{ { "-z" }, "unknown option -z" } };
	const char *rest[16];
	size_t n;
	struct err e = { 0 };
	struct buf b = { 0 };

	(void)state;
	static const char *const good[] = { "x", "a", "-bk", "5", "--weight=0.25", "--metric", "l2", "-M64K", "--exclude", "p", "--exclude=q", "--", "-k", NULL };
	char *argv[16] = { 0 };		/* getopt reorders it */
	for (int i = 0; i < 13; i++)
		argv[i] = (char *)(uintptr_t)good[i];
	assert_int_equal(opt_parse(13, argv, table, NULL, rest, &n, NULL, &e), 0);
	assert_true(k == 5 && w == 0.25 && flag && how == 2 && !strcmp(size, "64K") && !name && list.n == 2 && n == 2);
	assert_string_equal(rest[1], "-k");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char name0[] = "x", *v[8] = { name0 };
		int c = 1;
		for (; bad[i].arg[c - 1]; c++)
			v[c] = (char *)(uintptr_t)bad[i].arg[c - 1];
		e = (struct err){ 0 };
		assert_int_equal(opt_parse(c, v, table, NULL, rest, &n, NULL, &e), ERR_USAGE);
		assert_string_equal(e.msg, bad[i].why);
	}
	opt_help(&b, table);
	assert_non_null(strstr(b.p, "  -k, --top N               how many [5]\n"));
	assert_non_null(strstr(b.p, "      --metric M            which (ip|cosine|l2) [l2]\n"));
	assert_non_null(strstr(b.p, "  -M, --memory BYTES        room [64K]\n"));
	buf_release(&b);
	mem_free(list.v);
}

int main(void)
{
	const struct CMUnitTest t[] = {
		cmocka_unit_test(errors_keep_the_first), cmocka_unit_test(temporaries_are_removed), cmocka_unit_test(memory_says_what_it_was_for), cmocka_unit_test(buffers_grow),
		cmocka_unit_test(arenas_hold_and_forget), cmocka_unit_test(radix_sort_is_stable), cmocka_unit_test(merge_sort_is_stable), cmocka_unit_test(below_is_where_it_stands),
		cmocka_unit_test(every_chunk_is_done_once), cmocka_unit_test(progress_tells_share_rate_and_time_left),
		cmocka_unit_test(options_are_checked_whole),
	};
	return cmocka_run_group_tests(t, NULL, NULL);
}
