/*
 * block: a stream comes back as it was written; every cut and every flipped bit of a small file is found, mapped and piped; a file whose checksums were
 * made right again around a lie is refused, and one at the edge of what is legal is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "mem-file.h"
#include "../lib/io/block.h"

enum { BIG = 1 << 20 };
static unsigned char file[8192];	/* header, META raw, EVNT packed, EVNT empty, TNSR raw, END */
static size_t file_n;
static char text[600];

/* written - what a sink with these blocks holds. */
static size_t written(unsigned char *out, size_t cap, void (*fill)(struct blockw *w, struct err *e))
{
	char path[] = "/tmp/taste-u-block.XXXXXX";
	struct err e = { 0 };
	int fd = mkstemp(path);
	struct sink *s = sink_open(path, &e);
	assert_non_null(s);
	struct blockw *w = blockw_new(s, KIND_EVENTS, &e);
	fill(w, &e);
	blockw_free(w);
	assert_int_equal(e.code, 0);
	assert_int_equal(sink_close(s, &e), 0);
	close(fd);
	fd = open(path, O_RDONLY);
	ssize_t n = read(fd, out, cap);
	assert_in_range(n, 1, cap - 1);
	close(fd);
	unlink(path);
	return (size_t)n;
}

static void fill_blocks(struct blockw *w, struct err *e)
{
	static const float tensor[4] = { 1, 2, 3, 4 };

	memset(text, 'a', sizeof text);
	assert_int_equal(blockw_write(w, BLOCK_META, 0, BLOCK_RAW, 0, 0, "key\tvalue\n", 10, e), 0);
	assert_int_equal(blockw_write(w, BLOCK_EVENTS, 0, BLOCK_ZLIB, 6, 3, text, sizeof text, e), 0);
	assert_int_equal(blockw_write(w, BLOCK_EVENTS, BLOCK_SKIPPABLE, BLOCK_ZLIB, 6, 0, "", 0, e), 0);
	assert_int_equal(blockw_write(w, BLOCK_TENSOR, 0, BLOCK_RAW, 0, 1, tensor, sizeof tensor, e), 0);
	assert_int_equal(blockw_finish(w, e), 0);
}

static void fill_nothing(struct blockw *w, struct err *e)
{
	assert_int_equal(blockw_finish(w, e), 0);
}

static void fill_unfinished(struct blockw *w, struct err *e)
{
	assert_int_equal(blockw_write(w, BLOCK_META, 0, BLOCK_RAW, 0, 0, "key\tvalue\n", 10, e), 0);
}

static int setup(void **state)
{
	(void)state;
	file_n = written(file, sizeof file, fill_blocks);
	return 0;
}

/*
 * walk - read to the end: how often a stream ended, or <0; the message behind the file's name in msg. With `lazy`, payloads are verified one by one. The
 * payload bytes are all looked at, so that a sanitizer sees them.
 */
static int walk(const void *p, size_t n, int how, enum blockr_flags flags, char msg[ERR_MSG_MAX])
{
	struct err e = { 0 };
	struct block b;
	int fd, ret = 0, got;
	unsigned sum = 0;
	struct file *f = mem_file(p, n, how, &fd);
	struct blockr *r = blockr_new(f, flags);

	while ((got = blockr_next(r, &b, &e)) > 0) {
		ret += got == BLOCK_STREAM_END;
		if (got == BLOCK_BLOCK && flags & BLOCKR_LAZY && block_verify(r, &b, &e)) {
			got = e.code;
			break;
		}
		for (size_t i = 0; got == BLOCK_BLOCK && i < b.n; i++)
			sum += b.p[i];
	}
	if (got < 0) {
		ret = got;
		assert_int_equal(e.code, got);
		const char *at = strchr(e.msg, ':');
		assert_non_null(at);
		snprintf(msg, ERR_MSG_MAX, "%s", at + 2);
		if (blockr_next(r, &b, &(struct err){ 0 }) != got)	/* it sticks, unless block_verify said so */
			assert_true(flags & BLOCKR_LAZY);
	}
	blockr_free(r);
	file_close(f);
	close(fd);
	return sum == UINT32_MAX ? 99 : ret;
}

static void comes_back(void **state)
{
	static const enum blockr_flags flags[] = { 0, BLOCKR_MAP, BLOCKR_MAP | BLOCKR_LAZY };
	static const int how[] = { AS_FILE, AS_PIPE, 64, 37 };
	struct err e = { 0 };
	struct block b;
	char digest[33] = "";

	(void)state;
	for (int i = 0; i < 12; i++) {
		int fd;
		struct file *f = mem_file(file, file_n, how[i % 4], &fd);
		assert_int_equal(block_sniff(f, &e), 1);
		struct blockr *r = blockr_new(f, flags[i / 4]);
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_STREAM);
		assert_int_equal(b.kind, KIND_EVENTS);
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_BLOCK);
		assert_int_equal(b.type, BLOCK_META);
		assert_int_equal(b.offset, 64);
		assert_int_equal(b.n, 10);
		assert_memory_equal(b.p, "key\tvalue\n", 10);
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_BLOCK);
		assert_int_equal(b.type, BLOCK_EVENTS);
		assert_int_equal(b.codec, BLOCK_ZLIB);
		assert_int_equal(b.records, 3);
		assert_int_equal(b.n, sizeof text);
		assert_true(b.stored < b.n);
		assert_memory_equal(b.p, text, sizeof text);
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_BLOCK);
		assert_int_equal(b.n, 0);
		assert_non_null(b.p);
		assert_int_equal(b.codec, BLOCK_RAW);	/* kept raw: no smaller */
		assert_int_equal(b.flags, BLOCK_SKIPPABLE);
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_BLOCK);
		assert_int_equal(b.type, BLOCK_TENSOR);
		assert_int_equal(b.n, 16);
		assert_int_equal((uintptr_t)b.p % 64, 0);
		assert_int_equal(block_verify(r, &b, &e), 0);
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_STREAM_END);
		assert_int_equal(strlen(b.digest), 16);
		if (*digest)
			assert_string_equal(b.digest, digest);
		strcpy(digest, b.digest);
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_EOF);
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_EOF);
		assert_int_equal(e.code, 0);
		blockr_free(r);
		file_close(f);
		close(fd);
	}
}

static const int how_all[] = { AS_FILE, AS_FILE, AS_FILE, AS_PIPE };
static const enum blockr_flags flags_all[] = { 0, BLOCKR_MAP, BLOCKR_MAP | BLOCKR_LAZY, 0 };
enum { WAYS = 4 };

static void every_cut(void **state)
{
	char msg[ERR_MSG_MAX];

	(void)state;
	for (int w = 0; w < WAYS; w++) {
		assert_int_equal(walk(file, 0, how_all[w], flags_all[w], msg), 0);
		for (size_t n = 1; n < file_n; n++) {
			assert_int_equal(walk(file, n, how_all[w], flags_all[w], msg), ERR_DATA);
			char want[64];
			snprintf(want, sizeof want, "ends at byte %zu", n);
			assert_memory_equal(msg, want, strlen(want));
		}
		assert_int_equal(walk(file, file_n, how_all[w], flags_all[w], msg), 1);
	}
	walk(file, 64, AS_FILE, 0, msg);
	assert_string_equal(msg, "ends at byte 64 with no end block: the writer did not finish, or the file was cut short");
	walk(file, 100, AS_PIPE, 0, msg);
	assert_string_equal(msg, "ends at byte 100 within the header of block 0 at byte 64: the file was cut short");
	walk(file, 130, AS_PIPE, 0, msg);
	assert_string_equal(msg, "ends at byte 130 within block 0 (META) at byte 64: the file was cut short");
	walk(file, 192, AS_FILE, BLOCKR_MAP, msg);
	assert_string_equal(msg, "ends at byte 192 with no end block: the writer did not finish, or the file was cut short (last whole block: 0 at byte 64)");
}

static void every_flip(void **state)
{
	unsigned char bad[sizeof file];
	char msg[ERR_MSG_MAX];

	(void)state;
	memcpy(bad, file, file_n);
	for (int w = 0; w < WAYS; w++)
		for (size_t bit = 0; bit < file_n * 8; bit++) {
			bad[bit / 8] ^= (unsigned char)(1 << bit % 8);
			if (walk(bad, file_n, how_all[w], flags_all[w], msg) != ERR_DATA)
				fail_msg("bit %zu of byte %zu was flipped unseen, way %d", bit % 8, bit / 8, w);
			if (!strstr(msg, "byte "))
				fail_msg("bit %zu: no byte offset in: %s", bit, msg);
			bad[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
	bad[130] ^= 1;
	walk(bad, file_n, AS_PIPE, 0, msg);
	assert_string_equal(msg, "block 0 (META) at byte 64: the payload does not match its checksum");
}

static void streams(void **state)
{
	unsigned char two[2 * sizeof file], small[256];
	char msg[ERR_MSG_MAX];
	size_t n = written(small, sizeof small, fill_nothing);

	(void)state;
	assert_int_equal(n, 64 + 128);
	memcpy(two, file, file_n);
	memcpy(two + file_n, file, file_n);
	for (int w = 0; w < WAYS; w++) {
		assert_int_equal(walk(two, 2 * file_n, how_all[w], flags_all[w], msg), 2);
		assert_int_equal(walk(two, file_n + 64, how_all[w], flags_all[w], msg), ERR_DATA);
		assert_int_equal(walk(small, n, how_all[w], flags_all[w], msg), 1);
	}
	memcpy(two + file_n, "junk", 4);
	assert_int_equal(walk(two, file_n + 4, AS_PIPE, 0, msg), ERR_DATA);
	snprintf((char *)small, sizeof small, "what follows at byte %zu is not a taste stream", file_n);
	assert_string_equal(msg, (char *)small);
	n = written(two, sizeof two, fill_unfinished);
	assert_int_equal(walk(two, n, AS_PIPE, 0, msg), ERR_DATA);
	/* a block of the middle taken out, one doubled, two swapped */
	memcpy(two, file, 64);
	memcpy(two + 64, file + 192, file_n - 192);
	assert_int_equal(walk(two, file_n - 128, AS_PIPE, 0, msg), ERR_DATA);
	assert_non_null(strstr(msg, "it is numbered 1: blocks are missing or out of order"));
	memcpy(two, file, 192);
	memcpy(two + 192, file + 64, file_n - 64);
	assert_int_equal(walk(two, file_n + 128, AS_PIPE, 0, msg), ERR_DATA);
	assert_non_null(strstr(msg, "it is numbered 0: blocks are missing or out of order"));
}

/* patch - change bytes of a header and make its hash right again. */
static void patch(unsigned char *p, size_t header, size_t at, const void *to, size_t n)
{
	memcpy(p + header + at, to, n);
	XXH64_hash_t h = XXH3_64bits(p + header, 56);
	for (int i = 0; i < 8; i++)
		p[header + 56 + (size_t)i] = (unsigned char)(h >> 8 * i);
}

static void lies(void **state)
{
	static const struct { size_t header, at, n; uint64_t to; const char *want; } t[] = {
		{ 0, 12, 2, 2, "written in format 2.0, which is newer than this program knows (1.0)" },
		{ 0, 12, 2, 0, "written in format 0.0, which is newer than this program knows (1.0)" },
		{ 0, 20, 4, 1, "the stream header at byte 0 (EVTS) has bytes that must be zero" },
		{ 0, 48, 1, 1, "the stream header at byte 0 (EVTS) has bytes that must be zero" },
		{ 0, 8, 4, 0x04030201, "the stream at byte 0 was written by a big-endian machine" },
		{ 0, 8, 4, 0x04030204, "the stream header at byte 0 is damaged" },
		{ 64, 0, 4, 0, "block 0 at byte 64: its header is damaged" },
		{ 64, 8, 8, UINT64_MAX, "block 0 (META) at byte 64: its sizes (18446744073709551615 stored, 10 unpacked) cannot be" },
		{ 64, 16, 8, 11, "block 0 (META) at byte 64: its sizes (10 stored, 11 unpacked) cannot be" },
		{ 64, 24, 4, 2, "block 0 (META) at byte 64: packed in a way this program does not know (2)" },
		{ 64, 24, 4, 1, "block 0 (META) at byte 64: does not unpack to the 10 bytes it says" },
		{ 64, 28, 4, 4, "block 0 (META) at byte 64: marked in a way this program does not know (flags 0x4)" },
		{ 64, 32, 8, 1, "block 0 (META) at byte 64: it is numbered 1: blocks are missing or out of order" },
		{ 64, 40, 8, 5, "its totals do not match what came before" },
		{ 64, 4, 4, 0x5a5a5a5a, "its totals do not match what came before" },	/* another type: the end block knows the header hashes */
		{ 192, 16, 8, 599, "block 1 (EVNT) at byte 192: does not unpack to the 599 bytes it says" },
		{ 192, 16, 8, 601, "block 1 (EVNT) at byte 192: does not unpack to the 601 bytes it says" },
		{ 192, 16, 8, 100000, "cannot be" },
		{ 192, 16, 8, BLOCK_PACKED_MAX + 1, "cannot be" },
	};
	unsigned char bad[sizeof file];
	char msg[ERR_MSG_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		for (int w = 0; w < WAYS; w++) {
			unsigned char le[8];
			for (int k = 0; k < 8; k++)
				le[k] = (unsigned char)(t[i].to >> 8 * k);
			memcpy(bad, file, file_n);
			patch(bad, t[i].header, t[i].at, le, t[i].n);
			assert_int_equal(walk(bad, file_n, how_all[w], flags_all[w], msg), ERR_DATA);
			if (!strstr(msg, t[i].want))
				fail_msg("lie %zu: %s", i, msg);
		}
	/* a terabyte promised: no memory for it is taken, mapped or not */
	unsigned char tera[16] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0 };
	for (int w = 0; w < WAYS; w++) {
		memcpy(bad, file, file_n);
		patch(bad, 64, 8, tera, 16);
		assert_int_equal(walk(bad, file_n, how_all[w], flags_all[w], msg), ERR_DATA);
		char want[80];
		snprintf(want, sizeof want, "ends at byte %zu within block 0 (META) at byte 64: the file was cut short", file_n);
		assert_string_equal(msg, want);
	}
	/* a newer minor version is read */
	memcpy(bad, file, file_n);
	patch(bad, 0, 14, "\x07", 1);
	assert_int_equal(walk(bad, file_n, AS_PIPE, 0, msg), 1);
}

static unsigned char *big;

static void fill_big(struct blockw *w, struct err *e)
{
	assert_int_equal(blockw_write(w, BLOCK_TENSOR, 0, BLOCK_RAW, 0, 1, big, 3 * BIG + 5, e), 0);
	assert_int_equal(blockw_write(w, BLOCK_EVENTS, 0, BLOCK_ZLIB, 9, 1, big, 3 * BIG + 5, e), 0);
	assert_int_equal(blockw_finish(w, e), 0);
}

/* Larger than every buffer on the way, and as well packed as zlib can. */
static void large(void **state)
{
	static unsigned char out[8 * BIG];
	struct err e = { 0 };
	struct block b;

	(void)state;
	big = calloc(3 * BIG + 5, 1);
	size_t n = written(out, sizeof out, fill_big);
	for (int map = 0; map < 2; map++) {
		int fd;
		struct file *f = mem_file(out, n, AS_FILE, &fd);
		struct blockr *r = blockr_new(f, map ? BLOCKR_MAP : 0);
		blockr_next(r, &b, &e);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(blockr_next(r, &b, &e), BLOCK_BLOCK);
			assert_int_equal(b.n, 3 * BIG + 5);
			assert_false(memcmp(b.p, big, b.n));
		}
		assert_int_equal(blockr_next(r, &b, &e), BLOCK_STREAM_END);
		blockr_free(r);
		file_close(f);
		close(fd);
	}
	free(big);
}

/* With BLOCKR_LAZY a damaged tensor passes the reader and is found when it is verified. */
static void lazy(void **state)
{
	unsigned char bad[sizeof file];
	struct err e = { 0 };
	struct block b;
	size_t at = 0;
	int fd;

	(void)state;
	memcpy(bad, file, file_n);
	while (memcmp(bad + at, "tblkTNSR", 8))
		at += 64;
	bad[at + 64 + 3] ^= 8;
	struct file *f = mem_file(bad, file_n, AS_FILE, &fd);
	struct blockr *r = blockr_new(f, BLOCKR_MAP | BLOCKR_LAZY);
	for (int got; (got = blockr_next(r, &b, &e)) != BLOCK_EOF;) {
		assert_true(got > 0);
		if (got == BLOCK_BLOCK && b.type == BLOCK_TENSOR) {
			assert_int_equal(block_verify(r, &b, &e), ERR_DATA);
			assert_non_null(strstr(e.msg, ": block 3 (TNSR) at byte 384: the payload does not match its checksum"));
		} else if (got == BLOCK_BLOCK) {
			assert_int_equal(block_verify(r, &b, &(struct err){ 0 }), 0);
		}
	}
	assert_int_equal(e.code, ERR_DATA);
	blockr_free(r);
	file_close(f);
	close(fd);
}

static void sniffing(void **state)
{
	static const struct { const char *p; size_t n; int want; } t[] = {
		{ "", 0, 0 }, { "\x89", 1, 1 }, { "\x89TA", 3, 1 }, { "\x89TASTE\r\n", 8, 1 }, { "\x89TASTE\n", 7, 0 }, { "\x89TASTE\n....", 11, 1 },
		{ "\x09TASTE\r\n", 8, 1 }, { "TASTE\r\n", 7, 0 }, { "user\titem\n", 10, 0 }, { "\x89", 1, 1 }, { "\x1f\x8b", 2, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct err e = { 0 };
		int fd;
		struct file *f = mem_file(t[i].p, t[i].n, AS_PIPE, &fd);
		int got = block_sniff(f, &e);
		if (t[i].want < 0 ? got >= 0 : got != t[i].want)
			fail_msg("case %zu: %d", i, got);
		file_close(f);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(every_flip),
		cmocka_unit_test(streams),
		cmocka_unit_test(lies),
		cmocka_unit_test(large),
		cmocka_unit_test(lazy),
		cmocka_unit_test(sniffing),
	};
	return cmocka_run_group_tests(test, setup, NULL);
}
