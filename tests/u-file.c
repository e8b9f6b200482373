/* file: what goes in comes out, gzip or not; an output appears whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <xxhash.h>
#include <zlib.h>

#include "mem-file.h"
#include "../lib/io/sink.h"
#include "../lib/base/buf.h"
#include "../lib/base/rng.h"

static char dir[] = "/tmp/taste-u-file.XXXXXX";

static int setup(void **state)
{
	(void)state;
	umask(022);
	return !mkdtemp(dir) || chdir(dir);
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") || rmdir(dir);	/* fails when a temporary was left */
}

static void put(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

static int is_content(const char *path, const char *want)
{
	char got[64] = "";
	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	size_t n = fread(got, 1, sizeof got - 1, f);
	fclose(f);
	return n == strlen(want) && !memcmp(got, want, n);
}

static int files_here(void)
{
	int n = 0;
	DIR *d = opendir(".");
	for (struct dirent *e; (e = readdir(d));)
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(d);
	return n;
}

/* One gzip member of n bytes. */
static void pack(struct buf *b, const void *p, size_t n)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	uLong bound = deflateBound(&z, (uLong)n);
	z.next_out = (Bytef *)buf_reserve(b, bound);
	z.avail_out = (uInt)bound;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b->len += bound - z.avail_out;
	deflateEnd(&z);
}

/* Read all of it in pieces of many sizes, with peeks between, and compare. Returns <0 with e when reading fails. */
static int64_t drain(struct file *f, const unsigned char *want, size_t n, uint64_t seed, struct err *e)
{
	static unsigned char got[1 << 20];
	struct pcg32 r;
	size_t at = 0;
	int64_t k;

	pcg32_seed(&r, seed, 1);
	for (;;) {
		const unsigned char *p;
		size_t ask = 1 + pcg32_bounded(&r, pcg32_bounded(&r, 4) ? 3000 : sizeof got);
		if (pcg32_bounded(&r, 3) == 0) {
			size_t few = ask < 65536 ? ask : 65536;
			k = file_peek(f, few, &p, e);
			if (k < 0)
				return k;
			assert_int_equal(k, n - at < few ? n - at : few);
			assert_false(memcmp(p, want + at, (size_t)k));
		}
		assert_int_equal(file_offset(f), at);
		bool is_some = pcg32_bounded(&r, 2);
		k = is_some ? file_read_some(f, got, ask, e) : file_read(f, got, ask, e);
		if (k < 0)
			return k;
		assert_true(k <= (int64_t)(n - at));
		if (!is_some)
			assert_int_equal(k, n - at < ask ? n - at : ask);
		assert_false(memcmp(got, want + at, (size_t)k));
		if (!k) {
			assert_int_equal(at, n);
			return 0;
		}
		at += (size_t)k;
	}
}

static void reading(void **state)
{
	enum { N = 3000000 };
	unsigned char *data = malloc(N);
	struct buf gz = { 0 };
	struct pcg32 r;
	char want[33], got[33];

	(void)state;
	pcg32_seed(&r, 9, 9);
	for (size_t i = 0; i < N; i++)
		data[i] = (unsigned char)(pcg32_bounded(&r, 16) ? 'a' : pcg32_bounded(&r, 5) * i >> 7);
	pack(&gz, data, 1000000);
	pack(&gz, data + 1000000, 0);
	pack(&gz, data + 1000000, 7);
	pack(&gz, data + 1000007, N - 1000007);
	buf_put(&gz, "\0\0\0\0\0", 5);
	XXH128_hash_t h = XXH3_128bits(data, N);
	snprintf(want, sizeof want, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
	for (int i = 0; i < 6; i++) {
		struct err e = { 0 };
		bool is_gz = i % 2;
		int fd;
		int how = i < 4 ? AS_FILE : AS_PIPE;
		size_t n = i == 4 ? 1000000 : N;	/* a pipe holds a megabyte */
		assert_in_range(gz.len, 1, 1 << 20);
		struct file *f = is_gz ? mem_file(gz.p, gz.len, how, &fd) : mem_file(data, n, how, &fd);
		file_digest_on(f);
		assert_int_equal(drain(f, data, n, (uint64_t)i, &e), 0);
		if (n == N) {
			file_digest(f, got);
			assert_string_equal(got, want);
		}
		assert_int_equal(e.code, 0);
		file_close(f);
		close(fd);
	}
	buf_release(&gz);
	free(data);
}

static void broken_gzip(void **state)
{
	static const char text[] = "user\titem\nana\tsong\n";
	static const unsigned char *want = (const unsigned char *)text;
	enum { N = sizeof text - 1 };
	struct buf gz = { 0 };
	int fd;

	(void)state;
	pack(&gz, text, N);
	for (int how = AS_PIPE; how <= AS_FILE; how++)
		for (size_t n = 2; n < gz.len; n++) {
			struct err e = { 0 };
			struct file *f = mem_file(gz.p, n, how, &fd);
			assert_int_equal(drain(f, want, N, n, &e), ERR_DATA);
			assert_non_null(strstr(e.msg, ": the gzip data ends early"));
			assert_int_equal(file_read(f, (char[1]){ 0 }, 1, &(struct err){ 0 }), ERR_DATA);	/* it sticks */
			file_close(f);
			close(fd);
		}
	for (size_t bit = 0; bit < gz.len * 8; bit++) {
		struct err e = { 0 };
		size_t at = bit / 8;
		if (at < 10 && at != 2)		/* marks, time and system of the header carry no check; another magic makes it plain text */
			continue;
		gz.p[at] ^= (char)(1 << bit % 8);
		struct file *f = mem_file(gz.p, gz.len, AS_FILE, &fd);
		char got[64];
		int64_t k, n = 0;
		while ((k = file_read(f, n < 50 ? got + n : got, 7, &e)) > 0)
			n += k;
		if (k != ERR_DATA && !(n == N && !memcmp(got, text, N)))	/* bits behind the last code are padding */
			fail_msg("bit %zu of byte %zu was flipped unseen", bit % 8, at);
		gz.p[at] ^= (char)(1 << bit % 8);
		file_close(f);
		close(fd);
	}
	struct err e = { 0 };
	buf_put(&gz, "\0\0x", 3);
	struct file *f = mem_file(gz.p, gz.len, AS_FILE, &fd);
	assert_int_equal(drain(f, want, N, 1, &e), ERR_DATA);
	assert_non_null(strstr(e.msg, ": there is something other than gzip behind the gzip data"));
	file_close(f);
	close(fd);
	buf_release(&gz);
}

static void mapping(void **state)
{
	const unsigned char *p;
	struct buf gz = { 0 };
	struct err e = { 0 };
	size_t n;
	int fd;

	(void)state;
	struct file *f = mem_file("hello", 5, AS_FILE, &fd);
	assert_int_equal(file_peek(f, 2, &p, &e), 2);
	assert_true(file_map(f, &p, &n));
	assert_int_equal(n, 5);
	assert_memory_equal(p, "hello", 5);
	file_close(f);
	close(fd);
	f = mem_file("hello", 5, AS_PIPE, &fd);
	assert_false(file_map(f, &p, &n));
	assert_int_equal(drain(f, (const unsigned char *)"hello", 5, 1, &e), 0);
	file_close(f);
	close(fd);
	f = mem_file("hello", 5, AS_FILE, &fd);
	assert_int_equal(file_read(f, (char[1]){ 0 }, 1, &e), 1);
	assert_false(file_map(f, &p, &n));
	file_close(f);
	close(fd);
	pack(&gz, "hello", 5);
	f = mem_file(gz.p, gz.len, AS_FILE, &fd);
	assert_false(file_map(f, &p, &n));
	assert_int_equal(drain(f, (const unsigned char *)"hello", 5, 1, &e), 0);
	file_close(f);
	close(fd);
	buf_release(&gz);
}

/* What is taken from the mapping behind what was read is in the digest as if it had been read, and nothing comes behind it. */
static void taken_is_read(void **state)
{
	struct err e = { 0 };
	const unsigned char *p;
	size_t n;
	char want[33], got[33], all[8];
	int fd;

	(void)state;
	for (size_t before = 0; before <= 5; before++) {
		struct file *f = mem_file("hello", 5, AS_PIPE, &fd);
		file_digest_on(f);
		assert_int_equal(file_read(f, all, sizeof all, &e), 5);
		file_digest(f, want);
		file_close(f);
		close(fd);
		f = mem_file("hello", 5, AS_FILE, &fd);
		file_digest_on(f);
		assert_true(file_map(f, &p, &n));
		assert_int_equal(file_read(f, all, before, &e), before);
		file_map_taken(f);
		file_digest(f, got);
		assert_string_equal(got, want);
		assert_int_equal(file_offset(f), 5);
		assert_int_equal(file_read(f, all, 1, &e), 0);
		file_close(f);
		close(fd);
	}
}

static void odd_inputs(void **state)
{
	struct err e = { 0 };
	int fd;

	(void)state;
	assert_null(file_open("nowhere", &e));
	assert_string_equal(e.msg, "nowhere: No such file or directory");
	assert_int_equal(e.code, ERR_SYS);
	e = (struct err){ 0 };
	assert_null(file_open(".", &e));
	assert_string_equal(e.msg, ".: Is a directory");
	e = (struct err){ 0 };
	struct file *f = mem_file("", 0, AS_PIPE, &fd);
	assert_int_equal(drain(f, (const unsigned char *)"", 0, 1, &e), 0);
	file_close(f);
	close(fd);
	f = mem_file("\x1f", 1, AS_FILE, &fd);
	assert_int_equal(drain(f, (const unsigned char *)"\x1f", 1, 1, &e), 0);
	file_close(f);
	close(fd);
}

/* A reader at a pipe gets the first line before the second is written. */
static void answers_at_once(void **state)
{
	struct err e = { 0 };
	char got[100], path[32];
	int end[2];

	(void)state;
	assert_int_equal(pipe(end), 0);
	assert_int_equal(write(end[1], "one\n", 4), 4);
	snprintf(path, sizeof path, "/dev/fd/%d", end[0]);
	struct file *f = file_open(path, &e);
	assert_int_equal(file_read_some(f, got, sizeof got, &e), 4);
	assert_int_equal(write(end[1], "two\n", 4), 4);
	assert_int_equal(file_read_some(f, got, 2, &e), 2);
	assert_int_equal(file_read_some(f, got, sizeof got, &e), 2);
	close(end[1]);
	assert_int_equal(file_read_some(f, got, sizeof got, &e), 0);
	file_close(f);
	close(end[0]);
}

/* Standard input that was only peeked at is there again for the next who opens it. */
static void given_back(void **state)
{
	const unsigned char *p;
	struct err e = { 0 };
	int end[2], keep = dup(0);

	(void)state;
	assert_int_equal(pipe(end), 0);
	assert_int_equal(write(end[1], "hello", 5), 5);
	close(end[1]);
	dup2(end[0], 0);
	struct file *f = file_open("-", &e);
	assert_int_equal(file_peek(f, 3, &p, &e), 3);
	file_unopen(f);
	f = file_open("-", &e);
	assert_string_equal(file_name(f), "(standard input)");
	assert_int_equal(drain(f, (const unsigned char *)"hello", 5, 1, &e), 0);
	file_close(f);
	close(end[0]);
	dup2(keep, 0);
	close(keep);
}

static void whole_or_not(void **state)
{
	struct err e = { 0 };
	struct stat st;

	(void)state;
	struct sink *s = sink_open("new", &e);
	assert_int_equal(sink_write(s, "hello", 5, &e), 0);
	assert_int_equal(sink_flush(s, &e), 0);
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(sink_close(s, &e), 0);
	assert_true(is_content("new", "hello"));
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	/* abandoned: as it was */
	s = sink_open("new", &e);
	assert_int_equal(sink_write(s, "other", 5, &e), 0);
	assert_int_equal(sink_flush(s, &e), 0);
	sink_abandon(s);
	assert_true(is_content("new", "hello"));
	/* the old file's mode stays, and so does a link to it */
	assert_int_equal(chmod("new", 0640), 0);
	assert_int_equal(symlink("new", "link"), 0);
	s = sink_open("link", &e);
	assert_int_equal(sink_write(s, "third", 5, &e), 0);
	assert_int_equal(sink_close(s, &e), 0);
	assert_true(is_content("new", "third"));
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(files_here(), 2);
	/* one that leads to nothing yet leads to the file then */
	unlink("new");
	s = sink_open("link", &e);
	assert_int_equal(sink_write(s, "first", 5, &e), 0);
	assert_int_equal(sink_close(s, &e), 0);
	assert_true(is_content("new", "first"));
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink("link");
	unlink("new");
	assert_int_equal(symlink("link", "link"), 0);
	assert_null(sink_open("link", &e));
	assert_string_equal(e.msg, "link: Too many levels of symbolic links");
	unlink("link");
}

/* A descriptor's name is the descriptor: what stands in an open log stays. */
static void named_descriptors(void **state)
{
	static const char *const under[] = { "/dev/fd/", "/proc/self/fd/" };
	struct err e = { 0 };
	char name[64];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		put("log", "old ", 4);
		int fd = open("log", O_WRONLY | O_APPEND);
		snprintf(name, sizeof name, "%s%d", under[i], fd);
		struct sink *s = sink_open(name, &e);
		assert_int_equal(sink_write(s, "new", 3, &e), 0);
		assert_int_equal(sink_close(s, &e), 0);
		assert_true(is_content("log", "old new"));
		assert_int_equal(close(fd), 0);		/* still the caller's */
		assert_null(sink_open(name, &e));
		e = (struct err){ 0 };
	}
	assert_true(sink_is_stdout("-") && sink_is_stdout("/dev/stdout") && sink_is_stdout("/dev/fd/1") && sink_is_stdout("/proc/self/fd/1"));
	assert_false(sink_is_stdout("/dev/fd/11") || sink_is_stdout("/dev/fd/") || sink_is_stdout("/dev/fd/1x") || sink_is_stdout("1"));
	unlink("log");
}

static void large_output(void **state)
{
	enum { N = 2000000 };
	unsigned char *data = malloc(N);
	struct err e = { 0 };
	struct pcg32 r;
	size_t at = 0;

	(void)state;
	pcg32_seed(&r, 7, 7);
	for (size_t i = 0; i < N; i++)
		data[i] = (unsigned char)pcg32_next(&r);
	struct sink *s = sink_open("big", &e);
	while (at < N) {
		size_t n = pcg32_bounded(&r, pcg32_bounded(&r, 20) ? 5000 : 600000);
		n = n < N - at ? n : N - at;
		assert_int_equal(sink_write(s, data + at, n, &e), 0);
		at += n;
	}
	assert_int_equal(sink_close(s, &e), 0);
	struct file *f = file_open("big", &e);
	assert_int_equal(file_size(f), N);
	assert_int_equal(drain(f, data, N, 3, &e), 0);
	assert_int_equal(file_consumed(f), N);
	file_close(f);
	unlink("big");
	free(data);
}

static void odd_outputs(void **state)
{
	struct err e = { 0 };
	char block[300000] = "";

	(void)state;
	assert_null(sink_open("no/such/place", &e));
	assert_string_equal(e.msg, "no/such/place: No such file or directory");
	e = (struct err){ 0 };
	assert_null(sink_open(".", &e));
	assert_string_equal(e.msg, ".: Is a directory");
	e = (struct err){ 0 };
	assert_null(sink_open("", &e));
	e = (struct err){ 0 };
	struct sink *s = sink_open("/dev/null", &e);
	assert_int_equal(sink_write(s, "x", 1, &e), 0);
	assert_int_equal(sink_close(s, &e), 0);
	s = sink_open("/dev/full", &e);
	assert_int_equal(sink_write(s, "x", 1, &e), 0);
	assert_int_equal(sink_close(s, &e), ERR_SYS);
	assert_string_equal(e.msg, "/dev/full: No space left on device");
	e = (struct err){ 0 };
	s = sink_open("/dev/full", &e);
	assert_int_equal(sink_write(s, block, sizeof block, &e), ERR_SYS);
	assert_int_equal(sink_write(s, "x", 1, &(struct err){ 0 }), ERR_SYS);	/* it sticks */
	assert_int_equal(sink_close(s, &(struct err){ 0 }), ERR_SYS);
	e = (struct err){ 0 };
	put("there", "old", 3);
	if (geteuid()) {
		assert_int_equal(chmod("there", 0444), 0);
		assert_null(sink_open("there", &e));
		assert_string_equal(e.msg, "there: Permission denied");
	}
	unlink("there");
	char name[256];
	memset(name, 'n', 255);		/* the longest name there is: the temporary's must not be longer */
	name[255] = '\0';
	s = sink_open(name, &(struct err){ 0 });
	assert_non_null(s);
	assert_int_equal(sink_close(s, &(struct err){ 0 }), 0);
	unlink(name);
}

/* Where the reader has gone we die as SIGPIPE would have it, also when it was ignored. */
static void closed_reader(void **state)
{
	(void)state;
	for (int ignored = 0; ignored < 2; ignored++) {
		int end[2], status;
		assert_int_equal(pipe(end), 0);
		close(end[0]);
		pid_t child = fork();
		if (!child) {
			struct err e = { 0 };
			signal(SIGPIPE, ignored ? SIG_IGN : SIG_DFL);
			dup2(end[1], 1);
			struct sink *s = sink_open("-", &e);
			sink_write(s, "x", 1, &e);
			sink_close(s, &e);
			_exit(0);
		}
		close(end[1]);
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGPIPE);
	}
}

static void full_stdout(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (!child) {
		struct err e = { 0 };
		int fd = open("/dev/full", O_WRONLY);
		dup2(fd, 1);
		struct sink *s = sink_open("-", &e);
		sink_write(s, "x", 1, &e);
		_exit(sink_close(s, &e) == ERR_SYS && !strcmp(e.msg, "(standard output): No space left on device") ? 7 : 1);
	}
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* bytes in memory: as a file that is mapped, packed or not, and nothing at all, which may be nowhere. */
static void in_memory(void **state)
{
	unsigned char packed[128], back[64];
	const unsigned char *map;
	struct err e = { 0 };
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)"hello, hello", .avail_in = 12, .next_out = packed, .avail_out = sizeof packed };
	size_t n;
	(void)state;

	struct file *f = file_open_memory("plain", "hello", 5);
	assert_true(file_map(f, &map, &n));
	assert_int_equal(n, 5);
	assert_int_equal(file_read(f, back, sizeof back, &e), 5);
	assert_memory_equal(back, "hello", 5);
	assert_int_equal(file_read(f, back, sizeof back, &e), 0);
	file_close(f);

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	f = file_open_memory("packed", packed, sizeof packed - z.avail_out);
	assert_false(file_map(f, &map, &n));
	assert_int_equal(file_read(f, back, sizeof back, &e), 12);
	assert_memory_equal(back, "hello, hello", 12);
	file_close(f);
	f = file_open_memory("cut", packed, sizeof packed - z.avail_out - 3);
	while ((n = (size_t)file_read(f, back, sizeof back, &e)) && (int64_t)n > 0)
		;
	assert_true((int64_t)n < 0);
	file_close(f);

	e = (struct err){ 0 };
	f = file_open_memory("nothing", NULL, 0);
	assert_int_equal(file_read(f, back, sizeof back, &e), 0);
	file_close(f);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(broken_gzip),
		cmocka_unit_test(mapping),
		cmocka_unit_test(taken_is_read),
		cmocka_unit_test(odd_inputs),
		cmocka_unit_test(answers_at_once),
		cmocka_unit_test(given_back),
		cmocka_unit_test(whole_or_not),
		cmocka_unit_test(large_output),
		cmocka_unit_test(named_descriptors), cmocka_unit_test(odd_outputs),
		cmocka_unit_test(closed_reader),
		cmocka_unit_test(full_stdout),
		cmocka_unit_test(in_memory),
	};
	return cmocka_run_group_tests(test, setup, teardown);
}
