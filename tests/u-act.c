/* act: each function against its definition in double, the ways back against finite differences of those, what may lie in place of what, and the shares of dropout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/rng.h"
#include "../lib/num/act.h"

enum { ROWS = 5, MOST = 67 };
static const size_t widths[] = { 1, 2, 15, 16, 17, 32, 48, MOST };
static struct pcg32 rng;

static void fill(float *x, size_t n, float size)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (2 * pcg32_f32(&rng) - 1) * size;
}

static void to_double(double *y, const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = (double)x[i];
}

/* ---- definitions: a row of n ---- */

typedef void row(double *y, const double *x, const double *with, size_t n);	/* with: gain, bias, ... */

static void ref_rms(double *y, const double *x, const double *gain, size_t n)
{
	double square = 0;

	for (size_t i = 0; i < n; i++)
		square += x[i] * x[i] / (double)n;
	for (size_t i = 0; i < n; i++)
		y[i] = (gain ? gain[i] : 1) * x[i] / sqrt(square + 1e-6);
}

static void ref_unit(double *y, const double *x, const double *with, size_t n)
{
	double square = 0;
	(void)with;

	for (size_t i = 0; i < n; i++)
		square += x[i] * x[i];
	for (size_t i = 0; i < n; i++)
		y[i] = square > 0 ? x[i] / sqrt(square) : 0;
}

static void ref_silu(double *y, const double *x, const double *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = *a * x[i] / (1 + exp(-x[i]));
}

/* ref_gate - x [2n], y [n]; n is that of y. */
static void ref_gate(double *y, const double *x, const double *with, size_t n)
{
	(void)with;
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] / (1 + exp(-x[i])) * x[n + i];
}

static double ref_softmax(double *y, const double *x, double a, const double *b, size_t n)
{
	double sum = 0, most = -INFINITY;

	for (size_t i = 0; i < n; i++) {
		y[i] = a * x[i] + (b ? b[i] : 0);
		most = y[i] > most ? y[i] : most;
	}
	for (size_t i = 0; i < n; i++)
		sum += y[i] = exp(y[i] - most);
	for (size_t i = 0; i < n; i++)
		y[i] /= sum;
	return most + log(sum);
}

static void ref_softmax_row(double *y, const double *x, const double *with, size_t n)
{
	(void)with;
	ref_softmax(y, x, 1, NULL, n);
}

static void near(const float *got, const double *want, size_t n, double share, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (fabs((double)got[i] - want[i]) > share * (fabs(want[i]) + 1e-5))
			fail_msg("%s: element %zu of %zu is %.9g, should be %.9g", what, i, n, (double)got[i], want[i]);
}

/* back_of - the gradient of gy . f(x) with respect to x [n_in] by differences. */
static void back_of(double *gx, row *f, const float *x, size_t n_in, const float *gy, size_t n_out, const double *with)
{
	double at[2 * MOST], y[MOST];

	to_double(at, x, n_in);
	for (size_t i = 0; i < n_in; i++) {
		double kept = at[i], step = 1e-5, sum = 0;
		for (int side = -1; side <= 1; side += 2) {
			at[i] = kept + side * step;
			f(y, at, with, n_out);
			for (size_t j = 0; j < n_out; j++)
				sum += side * y[j] * (double)gy[j];
		}
		at[i] = kept;
		gx[i] = sum / (2 * step);
	}
}

/* ---- tests ---- */

static void norms_are_what_the_header_says(void **state)
{
	float x[ROWS * MOST], y[ROWS * MOST], gain[MOST], inv[ROWS];
	double xd[ROWS * MOST], want[ROWS * MOST], gd[MOST];
	(void)state;

	for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
		for (int kind = 0; kind < 3; kind++) {	/* rms, rms with a gain, unit */
			size_t d = widths[w];
			fill(x, ROWS * d, 3);
			memset(x + d, 0, d * sizeof *x);
			fill(gain, d, 2);
			to_double(xd, x, ROWS * d);
			to_double(gd, gain, d);
			for (size_t r = 0; r < ROWS; r++)
				(kind < 2 ? ref_rms : ref_unit)(want + r * d, xd + r * d, kind == 1 ? gd : NULL, d);
			for (int in_place = 0; in_place < 2; in_place++) {
				memcpy(y, x, ROWS * d * sizeof *y);
				if (kind < 2)
					act_rms(y, inv, in_place ? y : x, kind == 1 ? gain : NULL, ROWS, d);
				else
					act_unit(y, inv, in_place ? y : x, ROWS, d);
				near(y, want, ROWS * d, 1e-6, kind < 2 ? "rms" : "unit");
				if (kind == 2)
					assert_true(inv[1] == 0);
			}
		}
}

static void norms_go_back(void **state)
{
	float x[ROWS * MOST], y[ROWS * MOST], gy[ROWS * MOST], gx[ROWS * MOST], begun[ROWS * MOST], gain[MOST], ggain[MOST], inv[ROWS];
	double want[MOST], gd[MOST];
	(void)state;

	for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
		for (int kind = 0; kind < 3; kind++) {
			size_t d = widths[w];
			fill(x, ROWS * d, 3);
			fill(gy, ROWS * d, 1);
			fill(gain, d, 2);
			fill(begun, ROWS * d, 1);
			to_double(gd, gain, d);
			memcpy(gx, begun, sizeof gx);
			memset(ggain, 0, sizeof ggain);
			if (kind < 2) {
				act_rms(y, inv, x, kind ? gain : NULL, ROWS, d);
				act_rms_back(gx, kind ? ggain : NULL, gy, x, inv, kind ? gain : NULL, ROWS, d);
			} else {
				act_unit(y, inv, x, ROWS, d);
				memcpy(gx, gy, sizeof gx);	/* in place */
				act_unit_back(gx, gx, y, inv, ROWS, d);
			}
			for (size_t r = 0; r < ROWS; r++) {
				back_of(want, kind < 2 ? ref_rms : ref_unit, x + r * d, d, gy + r * d, d, kind == 1 ? gd : NULL);
				for (size_t i = 0; i < d; i++)
					if (fabs((double)gx[r * d + i] - (kind < 2 ? (double)begun[r * d + i] : 0) - want[i]) > 2e-5 * (1 + fabs(want[i])))
						fail_msg("norm %d, width %zu: the gradient is %g, should be %g", kind, d, (double)gx[r * d + i], want[i]);
			}
			for (size_t i = 0; kind == 1 && i < d; i++) {
				double sum = 0;
				for (size_t r = 0; r < ROWS; r++)
					sum += (double)gy[r * d + i] * (double)x[r * d + i] * (double)inv[r];
				assert_true(fabs(sum - (double)ggain[i]) < 1e-5 * (1 + fabs(sum)));
			}
		}
}

static void gates_and_their_ways_back(void **state)
{
	float u[ROWS * 2 * MOST], h[ROWS * MOST], gh[ROWS * MOST], gu[ROWS * 2 * MOST], y[MOST], gx[MOST];
	double ud[2 * MOST], want[2 * MOST], a = 0.7;
	(void)state;

	for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
		size_t f = widths[w];
		fill(u, ROWS * 2 * f, 6);
		fill(gh, ROWS * f, 1);
		act_gate(h, u, ROWS, f);
		act_gate_back(gu, gh, u, ROWS, f);
		for (size_t r = 0; r < ROWS; r++) {
			to_double(ud, u + r * 2 * f, 2 * f);
			ref_gate(want, ud, NULL, f);
			near(h + r * f, want, f, 1e-6, "gate");
			back_of(want, ref_gate, u + r * 2 * f, 2 * f, gh + r * f, f, NULL);
			near(gu + r * 2 * f, want, 2 * f, 2e-4, "gate back");
		}
		to_double(ud, u, f);
		ref_silu(want, ud, &a, f);
		memcpy(y, u, f * sizeof *y);
		act_silu(y, y, (float)a, f);
		near(y, want, f, 1e-6, "silu");
		back_of(want, ref_silu, u, f, gh, f, &a);
		memcpy(gx, gh, f * sizeof *gx);
		act_silu_back(gx, gx, u, (float)a, f);
		near(gx, want, f, 2e-4, "silu back");
	}
	float far[4] = { 200, -200, 88, -88 }, out[4];
	act_silu(out, far, 1, 4);
	assert_true(out[0] == 200 && fabsf(out[1]) < 1e-30f && out[2] == 88 && fabsf(out[3]) < 1e-30f);
}

static void softmax_and_its_way_back(void **state)
{
	static const size_t lengths[] = { 1, 2, 15, 16, 17, 33, MOST, 1000 };
	static float x[1000], b[1000], p[1000], gp[MOST], gs[MOST];
	static double xd[1000], bd[1000], want[1000];
	(void)state;

	assert_true(act_softmax(x, 1, NULL, 0) == 0);
	for (size_t w = 0; w < sizeof lengths / sizeof *lengths; w++)
		for (int kind = 0; kind < 4; kind++) {	/* scaled, with a bias */
			size_t n = lengths[w];
			float a = kind & 1 ? 0.3f : 1;
			fill(x, n, 8);
			fill(b, n, 3);
			to_double(xd, x, n);
			to_double(bd, b, n);
			double lse = ref_softmax(want, xd, (double)a, kind & 2 ? bd : NULL, n);
			memcpy(p, x, n * sizeof *p);
			float got = act_softmax(p, a, kind & 2 ? b : NULL, n);
			near(p, want, n, 4e-6, "softmax");
			assert_true(fabs((double)got - lse) < 2e-6 * (1 + fabs(lse)));
			if (n > MOST || kind)
				continue;
			fill(gp, n, 1);
			back_of(want, ref_softmax_row, x, n, gp, n, NULL);
			memcpy(gs, gp, n * sizeof *gs);
			act_softmax_back(gs, gs, p, n);
			near(gs, want, n, 1e-3, "softmax back");
		}
	float wide[3] = { 0, -87, -1e30f };	/* what is further below counts as 87 below */
	act_softmax(wide, 1, NULL, 3);
	assert_true(wide[0] == 1 && wide[1] > 0 && wide[1] == wide[2]);
	float far[20];
	for (size_t i = 0; i < 20; i++)
		far[i] = i < 19 ? 3e38f : -3e38f;
	act_softmax(far, 1, NULL, 20);
	assert_true(fabsf(far[0] - 1 / 19.0f) < 1e-6f);
}

/* The exponential of all this is within 2 ulp: that of two numbers of which one is 0. */
static void the_exponential_keeps_its_bound(void **state)
{
	double worst = 0;
	(void)state;

	for (int i = 1; i < 870000; i++) {
		float t = -(float)i * 1e-4f, x[2] = { 0, t };
		act_softmax(x, 1, NULL, 2);
		double want = exp((double)t), off = fabs((double)x[1] / (double)x[0] - want);
		worst = fmax(worst, off / ldexp(1, ilogb(want) - 23));
	}
	if (worst > 4)	/* 2, and one for each of sum and product */
		fail_msg("%g ulp off", worst);
}

static void scale_add_is_one_rounding(void **state)
{
	float x[MOST], y[MOST], b[MOST];
	(void)state;

	for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
		size_t n = widths[w];
		fill(x, n, 5);
		fill(b, n, 5);
		memcpy(y, x, n * sizeof *y);
		act_scale_add(y, 0.37f, b, n);
		for (size_t i = 0; i < n; i++)
			assert_true(y[i] == fmaf(0.37f, x[i], b[i]));
	}
}

static void dropout_drops_its_share_and_keeps_the_mean(void **state)
{
	enum { N = 200000 };
	static const double share[] = { 0, 0.1, 0.5, 0.9, 0.999 };
	float *x = malloc(N * sizeof *x), *again = malloc(N * sizeof *x);
	(void)state;

	for (size_t s = 0; s < sizeof share / sizeof *share; s++)
		for (uint64_t k = 0; k < 3; k++) {
			size_t n_dropped = 0, pairs = 0;
			double sum = 0;
			for (size_t i = 0; i < N; i++)
				x[i] = again[i] = 1;
			act_drop(x, N, act_key(1, k, 7), share[s]);
			act_drop(again, N, act_key(1, k, 7), share[s]);
			assert_memory_equal(x, again, N * sizeof *x);
			for (size_t i = 0; i < N; i++) {
				n_dropped += x[i] == 0;
				pairs += i && x[i] == 0 && x[i - 1] == 0;
				sum += (double)x[i];
				assert_true(x[i] == 0 || x[i] == (float)(1 / (1 - share[s])));
			}
			double p = share[s], deviation = sqrt(N * p * (1 - p)) + 1e-9;
			assert_true(fabs((double)n_dropped - N * p) < 5 * deviation);
			assert_true(fabs((double)pairs - N * p * p) < 6 * deviation + 1);	/* neighbours are apart */
			assert_true(fabs(sum / N - 1) < 5 * deviation / (1 - p) / N);
		}
	for (size_t i = 0; i < N; i++)
		x[i] = again[i] = 1;
	act_drop(x, N, act_key(1, 2, 3), 0.5);
	act_drop(again, N, act_key(1, 3, 2), 0.5);
	size_t both = 0;
	for (size_t i = 0; i < N; i++)
		both += x[i] == 0 && again[i] == 0;
	assert_true(fabs((double)both - N / 4.0) < 5 * sqrt(N * 3 / 16.0));	/* keys are apart */
	free(x);
	free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(norms_are_what_the_header_says),
		cmocka_unit_test(norms_go_back),
		cmocka_unit_test(gates_and_their_ways_back),
		cmocka_unit_test(softmax_and_its_way_back),
		cmocka_unit_test(the_exponential_keeps_its_bound),
		cmocka_unit_test(scale_add_is_one_rounding),
		cmocka_unit_test(dropout_drops_its_share_and_keeps_the_mean),
	};
	pcg32_seed(&rng, 42, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
