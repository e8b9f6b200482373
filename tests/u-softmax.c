/* softmax against a reference in double that follows softmax.h line by line, against finite differences, and against itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/cpu.h"
#include "../lib/base/rng.h"
#include "../lib/model/softmax.h"
#include "../lib/num/adam.h"

enum { USERS = 19, ITEMS = 13 };

static const struct softmax_opts plain = { .d = 5, .epochs = 1, .layers = 2, .ego = 0.4, .temperature = 0.3, .neg_power = -0.4, .user_power = 0.6, .rate = 0.03,
					   .batch = 7, .seed = 3 };

/* make_world - the last user and the last item have no pairs. */
static void make_world(struct csr *R, size_t n_users, size_t n_items, double density)
{
	uint32_t *row = malloc(n_users * n_items * sizeof *row), *col = malloc(n_users * n_items * sizeof *col);
	struct err e = { 0 };
	struct pcg32 r;
	size_t n = 0;

	pcg32_seed(&r, 42, 0);
	for (size_t u = 0; u + 1 < n_users; u++)
		for (size_t i = 0; i + 1 < n_items; i++)
			if (pcg32_f64(&r) < density) {
				row[n] = (uint32_t)u;
				col[n++] = (uint32_t)i;
			}
	assert_int_equal(csr_from_pairs(R, row, col, NULL, n, n_users, n_items, &e), 0);
	free(row);
	free(col);
}

static void start(struct softmax *m, size_t n_users, size_t n_items, double density, const struct softmax_opts *o)
{
	struct err e = { 0 };
	struct csr R;

	make_world(&R, n_users, n_items, density);
	assert_int_equal(softmax_init(m, &R, o, &e), 0);
	assert_null(R.start);
}

/* ---- the reference: dense, in double ---- */

/* ref_loss - the terms of L of users order[first .. first + n), at own, which is [n x d]. f gets the vectors, of length 1. */
static double ref_loss(const struct softmax *m, const double *own, size_t first, size_t n, const uint32_t *items, size_t n_drawn, double *f)
{
	size_t N = m->n, d = m->o.d, pairs = 0;
	double *A = calloc(N * N, sizeof *A), *p = malloc(N * d * sizeof *p), *q = malloc(N * d * sizeof *q), *degree = calloc(N, sizeof *degree), loss = 0;
	struct csr R;

	make_world(&R, USERS, ITEMS, 0.3);
	for (size_t u = 0; u < USERS; u++)
		for (size_t j = R.start[u]; j < R.start[u + 1]; j++, pairs++) {
			degree[R.col[j]]++;
			degree[ITEMS + u]++;
		}
	for (size_t u = 0; u < USERS; u++)
		for (size_t j = R.start[u]; j < R.start[u + 1]; j++) {
			size_t i = R.col[j], v = ITEMS + u;
			A[i * N + v] = A[v * N + i] = 1 / sqrt(degree[i] * degree[v]);
		}
	memcpy(p, own, N * d * sizeof *p);
	for (size_t k = 0; k < N * d; k++)
		f[k] = m->o.ego * own[k];
	for (size_t l = 0; l < m->o.layers; l++) {
		memset(q, 0, N * d * sizeof *q);
		for (size_t r = 0; r < N; r++)
			for (size_t c = 0; c < N; c++)
				for (size_t k = 0; k < d; k++)
					q[r * d + k] += A[r * N + c] * p[c * d + k];
		memcpy(p, q, N * d * sizeof *p);
		for (size_t k = 0; k < N * d; k++)
			f[k] += p[k];
	}
	for (size_t r = 0; r < N; r++) {
		double length = 0;
		for (size_t k = 0; k < d; k++)
			length += f[r * d + k] * f[r * d + k];
		for (size_t k = 0; k < d; k++)
			f[r * d + k] = length > 0 ? f[r * d + k] / sqrt(length) : 0;
	}
	for (size_t at = first; at < first + n; at++) {
		size_t u = m->order[at];
		double sum = 0, mean = 0;
		for (size_t j = 0; j < (items ? n_drawn : ITEMS); j++) {
			size_t i = items ? items[j] : j;
			double s = 0;
			for (size_t k = 0; k < d; k++)
				s += f[(ITEMS + u) * d + k] * f[i * d + k];
			sum += degree[i] > 0 ? pow(degree[i] * ITEMS / (double)pairs, m->o.neg_power) * exp(s / m->o.temperature) : 0;
		}
		for (size_t j = R.start[u]; j < R.start[u + 1]; j++)
			for (size_t k = 0; k < d; k++)
				mean += f[(ITEMS + u) * d + k] * f[R.col[j] * d + k] / m->o.temperature / degree[ITEMS + u];
		loss += pow(degree[ITEMS + u], m->o.user_power) * (log(sum) - mean);
	}
	csr_release(&R);
	free(A);
	free(p);
	free(q);
	free(degree);
	return loss;
}

/* ---- tests ---- */

static void check_gradient(const struct softmax_opts *o, size_t first, size_t n, const uint32_t *items, size_t n_drawn)
{
	struct softmax m;
	struct err e = { 0 };
	double loss, largest = 0;

	start(&m, USERS, ITEMS, 0.3, o);
	assert_true(m.n_active >= 10 && m.n_active < USERS);
	n = n < m.n_active - first ? n : m.n_active - first;
	m.rows = 3;				/* users do not come in blocks of that many */
	size_t size = m.n * o->d;
	double *own = malloc(size * sizeof *own), *f = malloc(size * sizeof *f), *slope = malloc(size * sizeof *slope);
	softmax_smooth(&m, NULL);
	assert_int_equal(softmax_gradient(&m, &loss, first, n, items, n_drawn, NULL, &e), 0);
	for (size_t k = 0; k < size; k++)
		own[k] = (double)m.own[k];
	double want = ref_loss(&m, own, first, n, items, n_drawn, f);
	if (fabs(loss - want) > 1e-5 * fabs(want))
		fail_msg("loss %.9g, the reference says %.9g", loss, want);
	for (size_t k = 0; k < size; k++)
		if (fabs((double)m.unit[k] - f[k]) > 1e-6)
			fail_msg("component %zu of the vectors: %.9g, the reference says %.9g", k, (double)m.unit[k], f[k]);
	for (size_t k = 0; k < size; k++) {
		const double h = 1e-5;
		double at = own[k];
		own[k] = at + h;
		slope[k] = ref_loss(&m, own, first, n, items, n_drawn, f);
		own[k] = at - h;
		slope[k] = (slope[k] - ref_loss(&m, own, first, n, items, n_drawn, f)) / (2 * h);
		own[k] = at;
		largest = fabs(slope[k]) > largest ? fabs(slope[k]) : largest;
	}
	assert_true(largest > 0.1);
	for (size_t k = 0; k < size; k++) {
		bool is_idle = m.adj.start[k / o->d] == m.adj.start[k / o->d + 1];
		if (is_idle ? m.grad[k] != 0 : fabs((double)m.grad[k] - slope[k]) > 2e-5 * largest)
			fail_msg("component %zu of the gradient: %.9g, finite differences say %.9g (largest %g)", k, (double)m.grad[k], slope[k], largest);
	}
	free(own);
	free(f);
	free(slope);
	softmax_release(&m);
}

static void the_gradient_is_that_of_the_loss(void **state)
{
	static const uint32_t some[] = { 1, 4, 5, 11, 12 };
	(void)state;

	for (size_t layers = 1; layers <= 3; layers++) {
		struct softmax_opts o = plain;
		o.layers = layers;
		check_gradient(&o, 0, USERS, NULL, 0);
		check_gradient(&o, 4, 7, NULL, 0);
		o.negatives = 5;
		check_gradient(&o, 2, 8, some, 5);
	}
}

static void the_exponential_is_libms_and_sums_up(void **state)
{
	enum { N = 5000 };
	float *x = malloc(N * sizeof *x), *b = malloc(N * sizeof *b);
	double sum = 0;
	struct pcg32 r;
	(void)state;

	pcg32_seed(&r, 5, 0);
	for (size_t n = 0; n < N; n = 3 * n + 1) {
		for (size_t j = 0; j < n; j++) {
			x[j] = 60 * (pcg32_f32(&r) - 0.5f);
			b[j] = 4 * pcg32_f32(&r) - 30;
		}
		float *y = malloc((n + 1) * sizeof *y);
		memcpy(y, x, n * sizeof *y);
		double got = adam_exp(y, 1.5f, b, n);
		sum = 0;
		for (size_t j = 0; j < n; j++) {
			double t = (double)fmaf(1.5f, x[j], b[j]), want = exp(t < -87 ? -87 : t);
			sum += want;
			if (fabs((double)y[j] - want) > 2 * want * 0x1p-23)
				fail_msg("e^%.9g: %.9g, libm says %.9g", t, (double)y[j], want);
		}
		assert_true(fabs(got - sum) <= 1e-5 * sum);
		free(y);
	}
	float edge[2] = { 1e30f, -1e30f }, zero[2] = { 0 };
	assert_true(isfinite(adam_exp(edge, 1, zero, 2)) && edge[0] > 1e38f && edge[1] > 0 && edge[1] < 1e-37f);
	free(x);
	free(b);
}

static void a_step_is_adams(void **state)
{
	float x[3] = { 1, -2, 0 }, m[3] = { 0 }, v[3] = { 0 };
	double rx[3] = { 1, -2, 0 }, rm[3] = { 0 }, rv[3] = { 0 };
	(void)state;

	for (int t = 1; t <= 50; t++) {
		float g[3] = { 0.3f * (float)t, -1e-3f, (float)(t % 5) - 2 };
		adam_step(x, m, v, g, 3, 0.02, (size_t)t, NULL);
		for (int i = 0; i < 3; i++) {
			rm[i] = 0.9 * rm[i] + 0.1 * (double)g[i];
			rv[i] = 0.999 * rv[i] + 0.001 * (double)g[i] * (double)g[i];
			rx[i] -= 0.02 * rm[i] / (1 - pow(0.9, t)) / sqrt(rv[i] / (1 - pow(0.999, t)));
			if (fabs((double)x[i] - rx[i]) > 1e-3)
				fail_msg("step %d, parameter %d: %.9g, the reference says %.9g", t, i, (double)x[i], rx[i]);
		}
	}
}

static void threads_and_cpus_change_no_bit(void **state)
{
	static const char *const cpu[] = { "plain", "avx2", "avx512" };
	static const int threads[] = { 1, 2, 7 };
	struct err e = { 0 };
	struct softmax_opts o = plain;
	struct softmax first = { 0 };
	double loss, want = 0;
	(void)state;

	o.d = 24;
	o.batch = 300;
	for (size_t negatives = 0; negatives <= 200; negatives += 200) {
		o.negatives = negatives;
		for (size_t c = 0; c < 3; c++) {
			if (cpu_select(cpu[c], &e)) {
				e = (struct err){ 0 };
				continue;
			}
			for (size_t t = 0; t < 3; t++) {
				struct par *pool = par_new(threads[t], &e);
				struct softmax m;
				start(&m, 900, 700, 0.03, &o);
				for (size_t epoch = 0; epoch < 2; epoch++)
					assert_int_equal(softmax_epoch(&m, &loss, epoch, pool, &e), 0);
				softmax_smooth(&m, pool);
				if (!first.own) {
					first = m;
					want = loss;
				} else {
					assert_memory_equal(m.own, first.own, m.n * o.d * sizeof *m.own);
					assert_memory_equal(m.unit, first.unit, m.n * o.d * sizeof *m.unit);
					assert_memory_equal(&loss, &want, sizeof loss);
					softmax_release(&m);
				}
				par_free(pool);
			}
		}
		softmax_release(&first);
	}
	cpu_select("auto", &e);
}

static void the_loss_falls(void **state)
{
	struct softmax_opts o = plain;
	struct err e = { 0 };
	struct softmax m;
	double loss, begin = 0;
	(void)state;

	o.d = 16;
	start(&m, 200, 150, 0.05, &o);
	for (size_t epoch = 0; epoch < 10; epoch++) {
		assert_int_equal(softmax_epoch(&m, &loss, epoch, NULL, &e), 0);
		begin = epoch ? begin : loss;
	}
	assert_true(loss < 0.9 * begin);
	softmax_release(&m);
}

static void nothing_to_learn_from(void **state)
{
	struct softmax_opts o = plain;
	struct csr none = { 0 };
	struct softmax m;
	struct err e = { 0 };
	(void)state;

	assert_int_equal(csr_from_pairs(&none, NULL, NULL, NULL, 0, 3, 4, &e), 0);
	assert_int_equal(softmax_init(&m, &none, &o, &e), ERR_DATA);
	assert_non_null(strstr(e.msg, "no events to learn from"));
	assert_null(softmax_check(&o));
	o.temperature = 0;
	assert_non_null(strstr(softmax_check(&o), "temperature"));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(the_gradient_is_that_of_the_loss),
		cmocka_unit_test(the_exponential_is_libms_and_sums_up),
		cmocka_unit_test(a_step_is_adams),
		cmocka_unit_test(threads_and_cpus_change_no_bit),
		cmocka_unit_test(the_loss_falls),
		cmocka_unit_test(nothing_to_learn_from),
	};

	return cmocka_run_group_tests_name("softmax", all, NULL, NULL);
}
