/* align: a rotation that was made is found again; what cannot be found is still a rotation; nothing is a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/rng.h"
#include "../lib/model/align.h"
#include "../lib/num/fmath.h"

enum { N = 400, D = 24 };

static void draw(float *v, size_t n, uint64_t stream)
{
	struct pcg32 r;

	pcg32_seed(&r, 5, stream);
	for (size_t i = 0; i < n; i++)
		v[i] = fm_normal(&r);
}

/* orthogonal - Q [D x D] from random rows by Gram and Schmidt, in double. */
static void orthogonal(float Q[D][D])
{
	double q[D][D];
	float v[D * D];

	draw(v, D * D, 9);
	for (int i = 0; i < D; i++) {
		double norm = 0;
		for (int k = 0; k < D; k++)
			q[i][k] = (double)v[i * D + k];
		for (int j = 0; j < i; j++) {
			double dot = 0;
			for (int k = 0; k < D; k++)
				dot += q[i][k] * q[j][k];
			for (int k = 0; k < D; k++)
				q[i][k] -= dot * q[j][k];
		}
		for (int k = 0; k < D; k++)
			norm += q[i][k] * q[i][k];
		for (int k = 0; k < D; k++)
			Q[i][k] = (float)(q[i][k] /= sqrt(norm));
	}
}

static void turn(float *to, size_t ld, const float *from, float Q[D][D])
{
	for (size_t r = 0; r < N; r++)
		for (int k = 0; k < D; k++) {
			double sum = 0;
			for (int j = 0; j < D; j++)
				sum += (double)from[r * D + (size_t)j] * (double)Q[j][k];
			to[r * ld + (size_t)k] = (float)sum;
		}
}

static double far_from_orthogonal(const float *R)
{
	double far = 0;

	for (int i = 0; i < D; i++)
		for (int j = 0; j < D; j++) {
			double dot = 0;
			for (int k = 0; k < D; k++)
				dot += (double)R[k * D + i] * (double)R[k * D + j];
			far = fmax(far, fabs(dot - (i == j)));
		}
	return far;
}

static void a_rotation_is_found_again(void **state)
{
	static float F[N * D], T[N * (D + 3)], Q[D][D], R[D * D];
	struct err e = { 0 };
	double residual;
	(void)state;

	draw(F, N * D, 1);
	for (size_t r = 0; r < N; r++)		/* directions of very different length */
		for (size_t k = 0; k < D; k++)
			F[r * D + k] *= (float)pow(0.7, (double)k);
	orthogonal(Q);
	turn(T, D + 3, F, Q);
	if (align_rotation(R, F, D, T, D + 3, N, D, &residual, NULL, &e))
		fail_msg("%s", e.msg);
	assert_true(residual < 1e-4);
	assert_true(far_from_orthogonal(R) < 1e-5);
	for (int i = 0; i < 12; i++)		/* behind them M is rounding */
		for (int j = 0; j < D; j++)
			assert_true(fabs((double)R[i * D + j] - (double)Q[i][j]) < 1e-3);
	for (size_t i = 0; i < N * (D + 3); i++)	/* and with noise: better than no rotation at all, and no worse than the true one */
		T[i] += 0.1f * F[(i * 7) % (N * D)];
	double truth = 0, length = 0;
	static float turned[N * D];
	turn(turned, D, F, Q);
	for (size_t r = 0; r < N; r++)
		for (size_t k = 0; k < D; k++) {
			double miss = (double)turned[r * D + k] - (double)T[r * (D + 3) + k], t = (double)T[r * (D + 3) + k];
			truth += miss * miss;
			length += t * t;
		}
	assert_int_equal(align_rotation(R, F, D, T, D + 3, N, D, &residual, NULL, &e), 0);
	assert_true(residual <= sqrt(truth / length) * (1 + 1e-6));
	assert_true(far_from_orthogonal(R) < 1e-5);
}

static void threads_change_no_bit(void **state)
{
	static float F[N * D], T[N * D], R1[D * D], R3[D * D];
	struct err e = { 0 };
	struct par *pool = par_new(3, &e);
	double r1, r3;
	(void)state;

	draw(F, N * D, 2);
	draw(T, N * D, 3);
	assert_int_equal(align_rotation(R1, F, D, T, D, N, D, &r1, NULL, &e), 0);
	assert_int_equal(align_rotation(R3, F, D, T, D, N, D, &r3, pool, &e), 0);
	assert_memory_equal(R1, R3, sizeof R1);
	assert_true(r1 == r3);
	par_free(pool);
}

static void fewer_vectors_than_directions_still_turn(void **state)
{
	static float F[5 * D], R[D * D];
	struct err e = { 0 };
	double residual;
	(void)state;

	draw(F, 5 * D, 4);
	if (align_rotation(R, F, D, F, D, 5, D, &residual, NULL, &e))
		fail_msg("%s", e.msg);
	assert_true(residual < 1e-3);
	assert_true(far_from_orthogonal(R) < 1e-4);
}

static void nothing_is_a_sentence(void **state)
{
	static float F[N * D], T[N * D], R[D * D];
	struct err e = { 0 };
	double residual;
	(void)state;

	draw(F, N * D, 2);
	assert_int_equal(align_rotation(R, F, D, T, D, N, D, &residual, NULL, &e), ERR_NUMERIC);
	e = (struct err){ 0 };
	memcpy(T, F, sizeof T);
	T[7] = NAN;
	assert_int_equal(align_rotation(R, F, D, T, D, N, D, &residual, NULL, &e), ERR_NUMERIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rotation_is_found_again),
		cmocka_unit_test(threads_change_no_bit),
		cmocka_unit_test(fewer_vectors_than_directions_still_turn),
		cmocka_unit_test(nothing_is_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
