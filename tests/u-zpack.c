/* zpack: any inflate gets the bytes back, whatever the pieces look like, and numbers in columns come out no larger than from zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/io/zpack.h"

enum { PIECE = 32 << 10, MOST = 5 * PIECE };

static struct pcg32 r;
static unsigned char bytes[MOST], back[MOST + 1];

/* fill - n bytes of one kind. */
static void fill(unsigned char *p, size_t n, int kind)
{
	for (size_t i = 0; i < n; i++)
		switch (kind) {
		case 0: p[i] = 7; break;					/* one byte */
		case 1: p[i] = (unsigned char)pcg32_next(&r); break;		/* chance: cannot be packed */
		case 2: p[i] = (unsigned char)(pcg32_next(&r) & pcg32_next(&r)); break;
		case 3: p[i] = (unsigned char)(__builtin_ctz(pcg32_next(&r) | 1u << 31) * 5); break;	/* a deep code: halves of halves */
		case 4: p[i] = (unsigned char)"the quick brown fox jumps over the lazy dog; "[i % 45]; break;
		case 5: p[i] = pcg32_bounded(&r, 50) ? 0 : 1; break;		/* two symbols */
		case 6: p[i] = (unsigned char)(i / PIECE & 1 ? pcg32_bounded(&r, 9) : (unsigned)"abcabcabd"[i % 9]); break;	/* ways take turns */
		case 7: p[i] = i % 1000 ? 255 : 0; break;
		default: p[i] = (unsigned char)i; break;
		}
}
enum { KINDS = 9 };

static size_t packed(struct zpack *z, const unsigned char *p, size_t n, size_t part)
{
	zpack_begin(z, 2);
	for (size_t i = 0; i < n; i += part)
		zpack_put(z, p + i, n - i < part ? n - i : part);
	zpack_end(z);
	return z->out.len;
}

static void is_back(const struct zpack *z, const unsigned char *p, size_t n)
{
	uLongf k = sizeof back;

	assert_int_equal(uncompress(back, &k, (const Bytef *)z->out.p, z->out.len), Z_OK);
	assert_int_equal(k, n);
	assert_memory_equal(back, p, n);
}

static void comes_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 64, 257, 4096, PIECE - 1, PIECE, PIECE + 1, PIECE * 3 / 2, 65535, 65536, 65537, MOST };
	struct zpack z = { 0 };

	(void)state;
	pcg32_seed(&r, 1, 1);
	for (int kind = 0; kind < KINDS; kind++)
		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			size_t n = sizes[k];
			fill(bytes, n, kind);
			assert_true(packed(&z, bytes, n, MOST) <= n + n / 1000 + 64);
			is_back(&z, bytes, n);
			packed(&z, bytes, n, 1 + n / 3);
			is_back(&z, bytes, n);
		}
	zpack_release(&z);
	zpack_release(&z);
}

static void parts_of_any_size_come_back(void **state)
{
	struct zpack z = { 0 }, again = { 0 };

	(void)state;
	pcg32_seed(&r, 2, 2);
	for (int round = 0; round < 60; round++) {
		size_t n = 0;
		zpack_begin(&z, 1 + round % 9);
		zpack_begin(&again, 1 + round % 9);
		while (n < MOST) {
			size_t k = pcg32_bounded(&r, 1u << (1 + pcg32_bounded(&r, 17)));
			k = k < MOST - n ? k : MOST - n;
			fill(bytes + n, k, (int)pcg32_bounded(&r, KINDS));
			zpack_put(&z, bytes + n, k);
			zpack_put(&again, bytes + n, k);
			n += k;
		}
		zpack_end(&z);
		zpack_end(&again);
		is_back(&z, bytes, n);
		assert_int_equal(z.out.len, again.out.len);
		assert_memory_equal(z.out.p, again.out.p, z.out.len);
	}
	zpack_release(&z);
	zpack_release(&again);
}

/* Counts like Fibonacci's numbers make the deepest code there is: far over 14 bits before it is cut. */
static void deep_codes_are_cut(void **state)
{
	struct zpack z = { 0 };
	size_t n = 0;

	(void)state;
	pcg32_seed(&r, 3, 3);
	for (size_t a = 1, b = 1, s = 0; n + a < PIECE; s++) {
		memset(bytes + n, (int)s, a);
		n += a;
		b += a;
		a = b - a;
	}
	for (size_t i = n; i > 1; i--) {	/* shuffled, so that there is nothing to match */
		size_t j = pcg32_bounded(&r, (uint32_t)i);
		unsigned char c = bytes[i - 1];
		bytes[i - 1] = bytes[j];
		bytes[j] = c;
	}
	assert_true(packed(&z, bytes, n, n) < n / 2);
	is_back(&z, bytes, n);
	zpack_release(&z);
}

static void is_about_as_small_as_zlib(void **state)
{
	struct zpack z = { 0 };

	(void)state;
	pcg32_seed(&r, 4, 4);
	for (int kind = 0; kind < KINDS; kind++) {
		static unsigned char other[MOST + 1000];
		uLongf k = sizeof other;
		fill(bytes, MOST, kind);
		assert_int_equal(compress2(other, &k, bytes, MOST, 2), Z_OK);
		size_t n = packed(&z, bytes, MOST, MOST);
		if (n > k + k / 20 + 100)
			fail_msg("kind %d: %zu bytes, zlib makes %zu", kind, n, (size_t)k);
	}
	zpack_release(&z);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(parts_of_any_size_come_back),
		cmocka_unit_test(deep_codes_are_cut),
		cmocka_unit_test(is_about_as_small_as_zlib),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
