/*
 * Any bytes as a file, plain, gzip or zstd, members behind each other: read at once, in small pieces, as it comes and by lines, mapped and piped, what comes out and how it ends are the same. What zpack
 * makes of them inflates to them.
 */
#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/io/line.h"
#include "../lib/io/zpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { OUT_MAX = 1 << 22 };		/* of what is unpacked, beyond which nobody looks */

/* walk - step 0: read_some. */
static int walk(const void *p, size_t n, enum mem_way way, size_t step, uint64_t *seen, uint64_t *bytes)
{
	static unsigned char piece[1 << 16];
	struct err e = { 0 };
	struct file *f = file_open(mem_path(p, n, way), &e);
	XXH3_state_t *sum = XXH3_createState();
	const unsigned char *peek;
	int64_t got, k;

	XXH3_64bits_reset(sum);
	*bytes = 0;
	assert(f);
	file_digest_on(f);
	do {
		k = file_peek(f, 100, &peek, &e);
		unsigned char first = k > 0 ? peek[0] : 0;
		got = step ? file_read(f, piece, step, &e) : file_read_some(f, piece, sizeof piece, &e);
		assert(got <= 0 || (k > 0 && piece[0] == first));
		assert(got < 0 || k >= 0);
		if (got > 0) {
			XXH3_64bits_update(sum, piece, (size_t)got);
			*bytes += (uint64_t)got;
			assert(file_offset(f) == *bytes);
		}
	} while (got > 0 && *bytes < OUT_MAX);
	*seen = XXH3_64bits_digest(sum);
	XXH3_freeState(sum);
	if (got <= 0) {
		struct err again = { 0 };
		assert(got == e.code && (!got || e.msg[0]) && file_read(f, piece, 1, &again) == got);
	}
	file_close(f);
	return (int)(got > 0 ? 1 : got);
}

/* lines - each ends where the next begins. */
static int lines(const void *p, size_t n, enum mem_way way, uint64_t *seen)
{
	struct err e = { 0 };
	struct line l;
	struct file *f = file_open(mem_path(p, n, way), &e);
	uint64_t bytes = 0;
	int got;

	line_init(&l, f);
	while ((got = line_next(&l, &e)) == 1 && bytes < OUT_MAX) {
		assert(!memchr(l.p, '\n', l.len));
		*seen = fuzz_mix(*seen, l.p, l.len);
		bytes += l.len + 1;
	}
	assert(got == 1 || got == e.code);
	line_release(&l);
	file_close(f);
	return got;
}

static void repack(const uint8_t *p, size_t n)
{
	struct zpack z = { 0 };
	size_t cut = n ? p[0] * n / 256 : 0;

	for (int level = 1; level <= 6; level += 5) {
		zpack_begin(&z, level);
		zpack_put(&z, p, cut);
		zpack_put(&z, p + cut, n - cut);
		zpack_end(&z);
		uLongf len = n + 1;
		unsigned char *out = mem_new(n + 1, 1);
		int r = uncompress(out, &len, (const Bytef *)z.out.p, z.out.len);
		assert(r == Z_OK && len == n && !memcmp(out, p, n));
		(void)r;
		mem_free(out);
	}
	zpack_release(&z);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const size_t steps[] = { 1 << 16, 700, 0 };
	uint64_t seen[2] = { 0 }, bytes[2], sum = 0, same_sum = 0;

	if (n > FUZZ_MAX)
		return 0;
	int got = walk(p, n, MEM_MAPPED, steps[0], &seen[0], &bytes[0]);
	for (int i = 1; i < 6 && got != 1; i++) {
		int same = walk(p, n, (enum mem_way)(i % 2), steps[i / 2], &seen[1], &bytes[1]);
		assert(same == got && (got || (seen[1] == seen[0] && bytes[1] == bytes[0])));
	}
	got = lines(p, n, MEM_MAPPED, &sum);
	int same = lines(p, n, MEM_PIPED, &same_sum);
	assert(got == same && sum == same_sum);
	repack(p, n);
	return 0;
}
