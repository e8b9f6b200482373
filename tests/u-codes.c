/* codes: every path gives the sums of a plain loop over components, for every length of a row, and reads nothing behind a row's scale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/num/codes.c"	/* its paths one by one */

enum { ROWS_MAX = 9, MAX_PATHS = 6 };
typedef void kernel(float *, const struct codes_query *, const uint8_t *, size_t, const uint32_t *, size_t);
static struct { const char *name; kernel *fn; } path[MAX_PATHS];
static size_t n_paths;
static struct pcg32 rng;

static void add_path(const char *name, kernel *fn, bool has)
{
	if (has) {
		path[n_paths].name = name;
		path[n_paths++].fn = fn;
	}
}

/* fenced - room for n bytes that end where nothing may be read. */
static uint8_t *fenced(size_t n, uint8_t **map, size_t *bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (n + page - 1) / page;

	*bytes = (pages + 1) * page;
	*map = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(*map != MAP_FAILED);
	assert_int_equal(mprotect(*map + pages * page, page, PROT_NONE), 0);
	return *map + pages * page - n;
}

/* wanted - the product by components, as the header says what a byte holds. */
static float wanted(enum codes_bits b, const int8_t *q, const uint8_t *row, size_t d)
{
	size_t h = b == CODES_8 ? d : (d + 1) / 2, at = (h + 3) / 4 * 4;
	int64_t sum = 0;
	float scale;

	for (size_t i = 0; i < d; i++) {
		int y = b == CODES_8 ? row[i] - 128 : 2 * (i < h ? row[i] & 15 : row[i - h] >> 4) - 15;
		sum += q[i] * y;
	}
	memcpy(&scale, row + at, sizeof scale);
	return (float)sum * scale;
}

enum fill { RANDOM, HIGH, LOW, MIXED, FILLS };

static void fill_rows(uint8_t *C, size_t row_bytes, size_t scale_at, enum fill how)
{
	for (size_t r = 0; r < ROWS_MAX; r++) {
		float scale = r == 3 ? 0 : r == 4 ? -1e30f : (float)pcg32_bounded(&rng, 1000) / 64 + .01f;
		for (size_t i = 0; i < row_bytes; i++)
			C[r * row_bytes + i] = how == RANDOM ? (uint8_t)pcg32_next(&rng) : how == HIGH ? 255 : how == LOW ? 0 : (i + r) & 1 ? 255 : 0;
		memcpy(C + r * row_bytes + scale_at, &scale, sizeof scale);
	}
}

static void fill_query(int8_t *q, size_t d, enum fill how)
{
	for (size_t i = 0; i < d; i++)
		q[i] = how == RANDOM ? (int8_t)((int)pcg32_bounded(&rng, 255) - 127) : how == HIGH ? 127 : how == LOW ? -127 : i & 1 ? 127 : -127;
}

static void compare(enum codes_bits b, size_t d, enum fill rows, enum fill query)
{
	size_t scale_at = codes_scale_at(b, d), row_bytes = scale_at + 4, h = codes_bytes(b, d), map_bytes, room_bytes;
	uint8_t *map, *room_map, *C = fenced(ROWS_MAX * row_bytes, &map, &map_bytes);
	int8_t *room = (int8_t *)fenced(2 * h, &room_map, &room_bytes), *q = mem_new(d, 1);
	struct codes_query cq;
	uint32_t row[ROWS_MAX];

	assert_int_equal(h, b == CODES_8 ? d : (d + 1) / 2);
	assert_int_equal(scale_at, (h + 3) / 4 * 4);
	fill_rows(C, row_bytes, scale_at, rows);
	fill_query(q, d, query);
	codes_query_set(&cq, b, q, d, room);
	for (size_t n = 0; n <= ROWS_MAX; n++) {
		for (size_t j = 0; j < n; j++)
			row[j] = j == n - 1 ? ROWS_MAX - 1 : pcg32_bounded(&rng, ROWS_MAX);	/* the last one lies before the fence */
		for (size_t p = 0; p < n_paths; p++) {
			float out[ROWS_MAX + 1];
			for (size_t j = 0; j <= ROWS_MAX; j++)
				out[j] = 12345;
			path[p].fn(out, &cq, C, row_bytes, row, n);
			for (size_t j = 0; j < n; j++) {
				float want = wanted(b, q, C + row[j] * row_bytes, d);
				if (memcmp(&out[j], &want, sizeof want))
					fail_msg("%s, %d bits, %zu components, row %zu of %zu: %.9g, wanted %.9g", path[p].name, (int)b, d, j, n, (double)out[j], (double)want);
			}
			for (size_t j = n; j <= ROWS_MAX; j++)
				if (out[j] != 12345)
					fail_msg("%s, %d bits, %zu components: %zu rows were asked for, number %zu was written", path[p].name, (int)b, d, n, j);
		}
	}
	mem_free(q);
	munmap(map, map_bytes);
	munmap(room_map, room_bytes);
}

static void every_path_is_the_plain_loop(void **state)
{
	static const size_t more[] = { 255, 256, 257, 511, 784, 1023, 4097, CODES_DIM_MAX };

	(void)state;
	pcg32_seed(&rng, 1, 1);
	for (int b = 4; b <= 8; b += 4) {
		for (size_t d = 1; d <= 200; d++)
			compare((enum codes_bits)b, d, (enum fill)(d % FILLS), RANDOM);
		for (size_t i = 0; i < sizeof more / sizeof *more; i++)
			compare((enum codes_bits)b, more[i], RANDOM, RANDOM);
	}
}

static void extreme_codes_do_not_overflow(void **state)
{
	static const size_t dims[] = { 1, 31, 32, 33, 64, 129, 784, CODES_DIM_MAX };

	(void)state;
	pcg32_seed(&rng, 2, 1);
	for (int b = 4; b <= 8; b += 4)
		for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
			for (int rows = HIGH; rows < FILLS; rows++)
				for (int query = HIGH; query < FILLS; query++)
					compare((enum codes_bits)b, dims[i], (enum fill)rows, (enum fill)query);
}

static void rows_far_into_memory_are_found(void **state)
{
	enum { D = 5, STRIDE = 16 };
	size_t n = ((size_t)1 << 32) / STRIDE + 3, bytes = n * STRIDE;	/* behind 4 GiB; only what is touched is there */
	uint8_t *C = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	static const int8_t q[D] = { 1, -2, 3, -4, 127 };
	uint32_t row[2] = { 1, (uint32_t)n - 1 };
	struct codes_query cq;
	int8_t room[2 * D];

	(void)state;
	if (C == MAP_FAILED)
		skip();
	codes_query_set(&cq, CODES_8, q, D, room);
	for (uint32_t j = 0; j < 2; j++) {
		float scale = 1 + (float)j;
		memset(C + (size_t)row[j] * STRIDE, 130 + (int)j, D);
		memcpy(C + (size_t)row[j] * STRIDE + 8, &scale, sizeof scale);
	}
	for (size_t p = 0; p < n_paths; p++) {
		float out[2];
		path[p].fn(out, &cq, C, STRIDE, row, 2);
		assert_true(out[0] == 2 * 125 && out[1] == 2 * 3 * 125);
	}
	munmap(C, bytes);
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_is_the_plain_loop), cmocka_unit_test(extreme_codes_do_not_overflow), cmocka_unit_test(rows_far_into_memory_are_found),
	};

	add_path("ref", codes_dots_ref, true);
	add_path("the best", codes_dots, true);
#if defined(__x86_64__)
	__builtin_cpu_init();
	add_path("avx2", dots_avx2, __builtin_cpu_supports("avx2"));
	add_path("avxvnni", dots_avxvnni, has_avxvnni());
	add_path("avx512", dots_512, __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"));
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
