/* quant: the turn keeps lengths and products, products by codes are as near to the true ones as the steps allow, and odd vectors (zero, one component, huge, tiny) stay finite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/index/quant.h"

static struct pcg32 rng;
static const size_t dims[] = { 1, 2, 3, 5, 7, 8, 31, 64, 65, 100, 127, 128, 129, 300, 784 };
enum { N_DIMS = sizeof dims / sizeof *dims, MAX_D = 784 };

static float normal(void)
{
	float s = 0;

	for (int i = 0; i < 12; i++)
		s += pcg32_f32(&rng);
	return s - 6;
}

static void draw(float *x, size_t d) { for (size_t i = 0; i < d; i++) x[i] = normal(); }

static double dot(const float *x, const float *y, size_t d)
{
	double s = 0;

	for (size_t i = 0; i < d; i++)
		s += (double)x[i] * (double)y[i];
	return s;
}

static void the_turn_is_orthogonal(void **state)
{
	float x[MAX_D], y[MAX_D], m[MAX_D], a[MAX_D], b[MAX_D], again[MAX_D];
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 1, 1);
	for (size_t k = 0; k < N_DIMS; k++)
		for (int rep = 0; rep < 5; rep++) {
			size_t d = dims[k];
			struct quant z, other;
			draw(x, d);
			draw(y, d);
			draw(m, d);
			assert_int_equal(quant_init(&z, CODES_8, true, d, m, 7, &e), 0);
			quant_turn(&z, a, x, true);
			quant_turn(&z, b, y, true);
			double xx = dot(x, x, d), yy = dot(y, y, d), most = sqrt(xx * yy);
			assert_true(fabs(dot(a, a, d) - xx) <= 1e-5 * xx && fabs(dot(b, b, d) - yy) <= 1e-5 * yy);
			assert_true(fabs(dot(a, b, d) - dot(x, y, d)) <= 1e-5 * most);
			/* about the mean: T (x - m) = T x - T m */
			quant_turn(&z, again, x, false);
			quant_turn(&z, b, m, true);
			for (size_t i = 0; i < d; i++)
				assert_true(fabsf(again[i] - (a[i] - b[i])) <= 1e-5f * (float)(sqrt(xx) + sqrt(dot(m, m, d))));
			/* the seed says which turn it is */
			assert_int_equal(quant_init(&other, CODES_4, false, d, m, 7, &e), 0);
			quant_turn(&other, b, x, true);
			assert_memory_equal(a, b, d * sizeof *a);
			quant_release(&other);
			assert_int_equal(quant_init(&other, CODES_4, false, d, m, 8, &e), 0);
			quant_turn(&other, b, x, true);
			assert_true(d < 8 || memcmp(a, b, d * sizeof *a));
			quant_release(&other);
			quant_release(&z);
		}
}

/* What one component carries is spread: no component of a turned unit vector holds more than a fraction that falls with d. */
static void one_component_is_spread(void **state)
{
	static const size_t d[] = { 64, 65, 100, 127, 128, 784 };
	float x[MAX_D], r[MAX_D], m[MAX_D] = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t k = 0; k < sizeof d / sizeof *d; k++) {
		struct quant z;
		assert_int_equal(quant_init(&z, CODES_8, false, d[k], m, 3, &e), 0);
		for (size_t i = 0; i < d[k]; i++) {
			memset(x, 0, sizeof x);
			x[i] = 1;
			quant_turn(&z, r, x, true);
			for (size_t j = 0; j < d[k]; j++)
				assert_true(fabsf(r[j]) <= 6 / sqrtf((float)d[k]));
		}
		quant_release(&z);
	}
}

/* products - of a query and a row, by their codes; the row's bytes too. */
static double product(const struct quant *z, const float *q, const float *x, uint8_t *row, float *norm)
{
	float turned[MAX_D], scale, out;
	int8_t room[3 * MAX_D + 2];
	struct codes_query cq;
	uint32_t zero = 0;

	quant_turn(z, turned, x, false);
	*norm = quant_encode(z, row, turned);
	quant_turn(z, turned, q, true);
	quant_query(z, &cq, &scale, turned, room);
	codes_dots(&out, &cq, row, z->row_bytes, &zero, 1);
	return (double)scale * (double)out;
}

/*
 * With |q| = |r| = 1: components of 8 bits are off by steps of max|r_i| / 127, evenly, which is 1 / sqrt(12) of a step on average; with a max of about 3.3 / sqrt(d) the product is off by
 * .0075 / sqrt(d), and as much again for the query: .0106 / sqrt(d) together. 16 levels leave .0115 of the square of a normal distribution (Max, 1960): .107 / sqrt(d).
 * Three times as much is allowed.
 */
static void products_by_codes_are_near(void **state)
{
	static const size_t d[] = { 32, 33, 64, 100, 128, 300, 784 };
	float q[MAX_D], x[MAX_D], m[MAX_D];
	uint8_t row[MAX_D + 16];
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 5, 1);
	for (int bits = 4; bits <= 8; bits += 4)
		for (size_t k = 0; k < sizeof d / sizeof *d; k++) {
			double sum = 0, bias = 0;
			enum { TIMES = 200 };
			struct quant z;
			draw(m, d[k]);
			assert_int_equal(quant_init(&z, (enum codes_bits)bits, true, d[k], m, 11, &e), 0);
			for (int t = 0; t < TIMES; t++) {
				float diff[MAX_D], norm;
				draw(q, d[k]);
				draw(x, d[k]);
				for (size_t i = 0; i < d[k]; i++)
					diff[i] = x[i] - m[i];
				double got = product(&z, q, x, row, &norm), want = dot(q, diff, d[k]), unit = sqrt(dot(q, q, d[k]) * dot(diff, diff, d[k]));
				sum += (got - want) * (got - want) / unit / unit;
				/* with itself, as far as its own rounding as a query lets it be seen */
				got = product(&z, diff, x, row, &norm);
				bias += got / dot(diff, diff, d[k]) - 1;
				assert_true(fabs((double)norm / dot(diff, diff, d[k]) - 1) < 1e-5 && norm == quant_norm(&z, row));
				assert_true(fabs(got / dot(diff, diff, d[k]) - 1) < (bits == 8 ? 3 : 10) * .04 / sqrt((double)d[k]));
			}
			double rms = sqrt(sum / TIMES), most = (bits == 8 ? .03 : .32) / sqrt((double)d[k]);
			if (!(rms <= most))
				fail_msg("%d bits, %zu components: off by %g, at most %g was wanted", bits, d[k], rms, most);
			assert_true(fabs(bias / TIMES) < 1e-3);
			quant_release(&z);
		}
}

static void odd_vectors_stay_finite(void **state)
{
	float x[MAX_D], m[MAX_D] = { 0 }, norm;
	uint8_t row[MAX_D + 16];
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 9, 1);
	for (int bits = 4; bits <= 8; bits += 4)
		for (size_t k = 0; k < N_DIMS; k++) {
			size_t d = dims[k];
			struct quant z;
			assert_int_equal(quant_init(&z, (enum codes_bits)bits, true, d, m, 2, &e), 0);
			memset(x, 0, sizeof x);
			assert_true(product(&z, x, x, row, &norm) == 0 && norm == 0);
			for (int p = -45; p <= 14; p++) {
				float unit = (float)pow(10, p);
				for (int one = 0; one < 2; one++) {
					memset(x, 0, sizeof x);
					for (size_t i = 0; i < d; i++)
						x[i] = one ? i == d / 2 ? unit : 0 : normal() * unit / sqrtf((float)d);
					double got = product(&z, x, x, row, &norm), want = dot(x, x, d);
					assert_true(isfinite(got) && isfinite(norm) && got >= 0);
					if (p >= -17 && !(fabs(got - want) <= (bits == 8 ? .02 : .3) * want))
						fail_msg("%d bits, %zu components of about 1e%d: %g, wanted %g", bits, d, p, got, want);
				}
			}
			quant_release(&z);
		}
}

/* What is behind a row's last byte belongs to the next; what is not a component's is zero. */
static void a_row_is_its_bytes(void **state)
{
	float x[MAX_D], m[MAX_D] = { 0 };
	uint8_t row[MAX_D + 32], again[MAX_D + 32];
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 4, 1);
	for (int bits = 4; bits <= 8; bits += 4)
		for (int has_norm = 0; has_norm < 2; has_norm++)
			for (size_t k = 0; k < N_DIMS; k++) {
				size_t d = dims[k], h = codes_bytes((enum codes_bits)bits, d);
				struct quant z;
				assert_int_equal(quant_init(&z, (enum codes_bits)bits, has_norm, d, m, 2, &e), 0);
				assert_int_equal(z.row_bytes, quant_row_bytes((enum codes_bits)bits, has_norm, d));
				assert_int_equal(z.row_bytes, (h + 3) / 4 * 4 + (has_norm ? 8 : 4));
				draw(x, d);
				memset(row, 0xaa, sizeof row);
				memset(again, 0x55, sizeof again);
				quant_encode(&z, row, x);
				quant_encode(&z, again, x);
				assert_memory_equal(row, again, z.row_bytes);
				for (size_t i = z.row_bytes; i < sizeof row; i++)
					assert_int_equal(row[i], 0xaa);
				for (size_t i = h; i < codes_scale_at((enum codes_bits)bits, d); i++)
					assert_int_equal(row[i], 0);
				if (bits == 4 && d % 2)
					assert_int_equal(row[h - 1] >> 4, 0);
				quant_release(&z);
			}
}

static const float *row_at(const void *ctx, size_t i) { return (const float *)ctx + i * 3; }

static void the_mean_is_the_same_for_any_pool(void **state)
{
	enum { N = 20000 };
	float *x = mem_new(N * 3, sizeof *x), mean[3], other[3];
	struct err e = { 0 };

	(void)state;
	pcg32_seed(&rng, 6, 1);
	draw(x, N * 3);
	for (size_t n = 0; n <= N; n = n < 3 ? n + 1 : n * 5 + 1) {
		assert_int_equal(quant_mean(mean, row_at, x, n, 3, NULL, &e), 0);
		for (size_t c = 0; c < 3; c++) {
			double s = 0;
			for (size_t i = 0; i < n; i++)
				s += (double)x[i * 3 + c];
			assert_true(fabs((double)mean[c] - (n ? s / (double)n : 0)) < 1e-6);
		}
		struct par *pool = par_new(3, &e);
		assert_int_equal(quant_mean(other, row_at, x, n, 3, pool, &e), 0);
		assert_memory_equal(mean, other, sizeof mean);
		par_free(pool);
	}
	mem_free(x);
}

static void codes_are_the_same_on_every_path(void **state)
{
	static const char *const names[] = { "plain", "avx2", "avx512" };
	float x[MAX_D], m[MAX_D] = { 0 }, norm;
	uint8_t row[3][MAX_D + 16];
	struct err e = { 0 };

	(void)state;
	for (int bits = 4; bits <= 8; bits += 4)
		for (size_t k = 0; k < N_DIMS; k++) {
			double got[3];
			for (int p = 0; p < 3; p++) {
				struct quant z;
				assert_int_equal(cpu_select(strstr(cpu_names(), names[p]) ? names[p] : "auto", &e), 0);
				pcg32_seed(&rng, 8, k);
				draw(x, dims[k]);
				memset(row[p], 0, sizeof row[p]);
				assert_int_equal(quant_init(&z, (enum codes_bits)bits, true, dims[k], m, 2, &e), 0);
				got[p] = product(&z, x, x, row[p], &norm);
				quant_release(&z);
			}
			assert_true(got[0] == got[1] && got[0] == got[2]);
			assert_memory_equal(row[0], row[1], sizeof row[0]);
			assert_memory_equal(row[0], row[2], sizeof row[0]);
		}
	cpu_select("auto", &e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_turn_is_orthogonal), cmocka_unit_test(one_component_is_spread), cmocka_unit_test(products_by_codes_are_near),
		cmocka_unit_test(odd_vectors_stay_finite), cmocka_unit_test(a_row_is_its_bytes), cmocka_unit_test(the_mean_is_the_same_for_any_pool),
		cmocka_unit_test(codes_are_the_same_on_every_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
