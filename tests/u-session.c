/* session against a reference in double that follows session.h line by line, against finite differences, and against itself. Includes the module, to make batches by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "../lib/base/cpu.h"
#include "../lib/model/session.c"

enum { ITEMS = 23, SESSIONS = 12, TOKENS = 6 };

static const struct session_opts plain = { .d = 7, .epochs = 3, .window = 3, .negatives = 5, .neg_power = 0.5, .back = 0.3, .rate = 0.1, .batch = 1000, .decay = 0.5, .seed = 3 };

struct world { struct session_data in; size_t start[SESSIONS + 1], token_start[ITEMS + 1]; uint32_t item[2000], token[ITEMS * 3]; };

/* make_world - sessions of 1 to 9 events, one of 75 and one of 600; items below 20; every third item has no tokens, the others 1 to 3. */
static void make_world(struct world *w)
{
	struct pcg32 r;

	pcg32_seed(&r, 42, 0);
	w->start[0] = w->token_start[0] = 0;
	for (size_t s = 0; s < SESSIONS; s++) {
		size_t n = s == 3 ? 75 : s == 8 ? 600 : 1 + pcg32_bounded(&r, 9);
		for (size_t j = 0; j < n; j++)
			w->item[w->start[s] + j] = pcg32_bounded(&r, 20) * pcg32_bounded(&r, 20) / 20;
		w->start[s + 1] = w->start[s] + n;
	}
	for (size_t i = 0; i < ITEMS; i++) {
		size_t n = i % 3 ? 1 + i % 2 * 2 : 0;
		for (size_t k = 0; k < n; k++)
			w->token[w->token_start[i] + k] = (uint32_t)((i + k) % TOKENS);
		w->token_start[i + 1] = w->token_start[i] + n;
	}
	w->in = (struct session_data){ ITEMS, SESSIONS, w->start, w->item, TOKENS, w->token_start, w->token };
}

/* a_batch - all sessions, and numbers as they may be after a while. */
static void a_batch(struct session *m, const struct world *w, const struct session_opts *o)
{
	struct err e = { 0 };
	struct pcg32 r;

	assert_int_equal(session_init(m, &w->in, o, NULL, &e), 0);
	pcg32_seed(&r, 9, 9);
	for (int side = 0; side < 2; side++)
		for (size_t k = 0; k < m->n_rows * o->d; k++)
			m->vec[side][k] = 1.2f * (pcg32_f32(&r) - 0.5f);
	assert_int_equal(fill_batch(m, 0, &r), m->n_pieces);
	for (size_t j = 0; j < m->n_tasks * o->negatives; j++)
		m->drawn[j] = draw(m, &r);
}

/* ---- the reference ---- */

static void ref_compose(const struct session *m, const double *vec, double *x, size_t i)
{
	size_t d = m->o.d, from = m->in.n_tokens ? m->in.token_start[i] : 0, n = m->in.n_tokens ? m->in.token_start[i + 1] - from : 0;

	for (size_t c = 0; c < d; c++) {
		x[c] = vec[i * d + c];
		for (size_t k = 0; k < n; k++)
			x[c] += vec[(ITEMS + m->in.token[from + k]) * d + c] / (double)n;
	}
}

static double ref_score(const struct session *m, double *const vec[2], size_t a, size_t b)
{
	double x[64], y[64], s = 0;

	ref_compose(m, vec[0], x, a);
	ref_compose(m, vec[1], y, b);
	for (size_t c = 0; c < m->o.d; c++)
		s += x[c] * y[c];
	return s;
}

static double ref_loss(const struct session *m, double *const vec[2], double *pairs)
{
	double loss = 0;

	*pairs = 0;
	for (size_t t = 0; t < m->n_tasks; t++)
		for (size_t s = m->task[t]; s < m->task[t + 1]; s++)
			for (size_t a = m->begin[s]; a < m->begin[s + 1]; a++) {
				double z = 0;
				for (size_t k = 0; k < m->o.negatives; k++)
					z += 5.0 / (double)m->o.negatives * exp(ref_score(m, vec, m->event[a], m->drawn[t * m->o.negatives + k]));
				for (size_t b = m->begin[s]; b < m->begin[s + 1]; b++) {
					size_t gap = a < b ? b - a : a - b;
					if (!gap || (m->o.window && gap > m->o.window))
						continue;
					double w = (m->o.window ? 1 - (double)(gap - 1) / (double)m->o.window : 1) * (b < a ? m->o.back : 1), x = ref_score(m, vec, m->event[a], m->event[b]);
					loss += w * (log(exp(x) + z) - x);
					*pairs += w;
				}
			}
	return loss;
}

static void check_gradient(const struct world *w, const struct session_opts *o)
{
	struct session m;
	double loss, pairs, want_pairs, largest = 0, *vec[2], *grad[2];

	a_batch(&m, w, o);
	assert_true(m.n_tasks > 1);
	session_gradient(&m, &loss, &pairs, NULL);
	for (int side = 0; side < 2; side++) {
		vec[side] = calloc(m.n_rows * o->d, sizeof **vec);
		grad[side] = calloc(m.n_rows * o->d, sizeof **grad);
		for (size_t k = 0; k < m.n_rows * o->d; k++)
			vec[side][k] = (double)m.vec[side][k];
		for (size_t j = 0; j < m.touch[side].n; j++) {
			size_t row = m.touch[side].row[j], from = m.touch[side].from[j];
			assert_true(!j || row >= m.touch[side].row[j - 1]);
			for (size_t c = 0; c < o->d; c++)
				grad[side][row * o->d + c] += (double)part_of(&m, row, from) * (double)m.grad[side][from * o->d + c];
		}
	}
	double want = ref_loss(&m, vec, &want_pairs);
	if (fabs(loss - want) > 1e-5 * fabs(want) || fabs(pairs - want_pairs) > 1e-5 * want_pairs)
		fail_msg("loss %.9g of %.9g pairs, the reference says %.9g of %.9g", loss, pairs, want, want_pairs);
	for (int pass = 0; pass < 2; pass++)
		for (int side = 0; side < 2; side++)
			for (size_t k = 0; k < m.n_rows * o->d; k += 1 + k % 5) {
				const double h = 1e-4;
				double at = vec[side][k], slope;
				if (!pass) {
					largest = fabs(grad[side][k]) > largest ? fabs(grad[side][k]) : largest;
					continue;
				}
				vec[side][k] = at + h;
				slope = ref_loss(&m, vec, &want_pairs);
				vec[side][k] = at - h;
				slope = (slope - ref_loss(&m, vec, &want_pairs)) / (2 * h);
				vec[side][k] = at;
				if (fabs(grad[side][k] - slope) > 2e-5 * largest)
					fail_msg("side %d, component %zu of row %zu: %.9g, finite differences say %.9g (largest %g)", side, k % o->d, k / o->d, grad[side][k], slope, largest);
			}
	assert_true(largest > 0.1);
	for (int side = 0; side < 2; side++) {
		free(vec[side]);
		free(grad[side]);
	}
	session_release(&m);
}

static void the_gradient_is_that_of_the_loss(void **state)
{
	struct session_opts o = plain;
	struct world w;
	(void)state;

	make_world(&w);
	w.start[9] = w.start[8] + 200;		/* the long one: as much as one stretch has room for, and the reference time for */
	for (size_t s = 9; s < SESSIONS; s++)
		w.start[s + 1] = w.start[s] + 2 + s % 3;
	check_gradient(&w, &o);
	o.window = 0;
	o.back = 1;
	check_gradient(&w, &o);
	o.window = 40;
	o.back = 0;
	o.negatives = 19;
	check_gradient(&w, &o);
	w.in.n_tokens = 0;
	check_gradient(&w, &o);
}

static void a_step_is_adagrads(void **state)
{
	struct session m;
	struct world w;
	double loss, pairs, *want, *square;
	(void)state;

	make_world(&w);
	a_batch(&m, &w, &plain);
	want = calloc(2 * m.n_rows * m.o.d, sizeof *want);
	square = calloc(2 * m.n_rows, sizeof *square);
	m.step = 0.25f;
	for (int times = 0; times < 3; times++) {
		session_gradient(&m, &loss, &pairs, NULL);
		for (size_t side = 0; side < 2; side++)
			for (size_t row = 0; row < m.n_rows; row++) {
				double g[64] = { 0 }, q = 0;
				for (size_t j = 0; j < m.touch[side].n; j++)
					for (size_t c = 0; c < m.o.d && m.touch[side].row[j] == row; c++)
						g[c] += (double)part_of(&m, row, m.touch[side].from[j]) * (double)m.grad[side][m.touch[side].from[j] * m.o.d + c];
				for (size_t c = 0; c < m.o.d; c++)
					q += g[c] * g[c] / (double)m.o.d;
				square[side * m.n_rows + row] += q;
				for (size_t c = 0; c < m.o.d; c++)
					want[(side * m.n_rows + row) * m.o.d + c] = (double)m.vec[side][row * m.o.d + c] - (q > 0 ? 0.25 * g[c] / sqrt(square[side * m.n_rows + row]) : 0);
			}
		par_for(NULL, 2 * STEP_CHUNKS, step_chunk, &m);
		for (size_t side = 0; side < 2; side++)
			for (size_t k = 0; k < m.n_rows * m.o.d; k++)
				if (fabs((double)m.vec[side][k] - want[side * m.n_rows * m.o.d + k]) > 1e-5)
					fail_msg("side %zu, row %zu: %.9g, the reference says %.9g", side, k / m.o.d, (double)m.vec[side][k], want[side * m.n_rows * m.o.d + k]);
	}
	free(want);
	free(square);
	session_release(&m);
}

/* chi-square: of 19 degrees of freedom 43.8 is passed once in a thousand. */
static void items_are_drawn_by_the_power_of_their_counts(void **state)
{
	static const double power[] = { 0, 0.75, -0.5 };
	enum { N = 200000 };
	struct err e = { 0 };
	struct world w;
	(void)state;

	make_world(&w);
	for (size_t p = 0; p < 3; p++) {
		struct session_opts o = plain;
		struct session m;
		size_t seen[ITEMS] = { 0 };
		double total = 0, chi = 0;
		struct pcg32 r;
		o.neg_power = power[p];
		assert_int_equal(session_init(&m, &w.in, &o, NULL, &e), 0);
		pcg32_seed(&r, 5, p);
		for (size_t j = 0; j < N; j++)
			seen[draw(&m, &r)]++;
		for (size_t i = 0; i < ITEMS; i++)
			total += m.count[i] > 0 ? pow(m.count[i], power[p]) : 0;
		for (size_t i = 0; i < ITEMS; i++) {
			double want = m.count[i] > 0 ? N * pow(m.count[i], power[p]) / total : 0;
			assert_true(want > 0 || !seen[i]);
			chi += want > 0 ? ((double)seen[i] - want) * ((double)seen[i] - want) / want : 0;
		}
		if (chi > 43.8)
			fail_msg("power %g: chi-square %g", power[p], chi);
		session_release(&m);
	}
}

static void frequent_items_are_thinned(void **state)
{
	struct session_opts o = plain;
	struct err e = { 0 };
	struct session m;
	struct world w;
	double kept = 0, want = 0;
	(void)state;

	make_world(&w);
	o.subsample = 0.02;
	assert_int_equal(session_init(&m, &w.in, &o, NULL, &e), 0);
	for (size_t k = 0; k < m.n_pieces; k++)
		for (size_t j = m.piece[k]; j < m.piece[k + 1]; j++) {
			double t = 0.02 * (double)m.piece[m.n_pieces] / m.count[m.in.item[j]];
			want += t < 1 && sqrt(t) + t < 1 ? sqrt(t) + t : 1;
		}
	for (size_t times = 0; times < 50; times++) {
		struct pcg32 r;
		pcg32_seed(&r, 1, times);
		fill_batch(&m, 0, &r);
		kept += (double)m.n / 50;
		for (size_t k = 0; k < m.n_begun; k++)
			assert_true(m.begin[k + 1] - m.begin[k] >= 2);
		for (size_t t = 0; t < m.n_tasks; t++)
			assert_true(m.begin[m.task[t + 1]] - m.begin[m.task[t]] <= SESSION_TASK);
	}
	if (fabs(kept - want) > 0.03 * want)
		fail_msg("%g events are kept, %g should be", kept, want);
	session_release(&m);
}

static void threads_and_cpus_change_no_bit(void **state)
{
	static const char *const cpu[] = { "plain", "avx2", "avx512" };
	static const int threads[] = { 1, 2, 7 };
	struct err e = { 0 };
	struct session_opts o = plain;
	struct session first = { 0 };
	struct world w;
	double loss, want = 0;
	(void)state;

	make_world(&w);
	o.d = 24;
	o.batch = 300;
	o.negatives = 21;
	o.subsample = 0.1;
	for (size_t c = 0; c < 3; c++) {
		if (cpu_select(cpu[c], &e)) {
			e = (struct err){ 0 };
			continue;
		}
		for (size_t t = 0; t < 3; t++) {
			struct par *pool = par_new(threads[t], &e);
			struct session m;
			assert_int_equal(session_init(&m, &w.in, &o, pool, &e), 0);
			for (size_t epoch = 0; epoch < o.epochs; epoch++)
				assert_int_equal(session_epoch(&m, &loss, epoch, pool, &e), 0);
			if (!first.n_rows) {
				first = m;
				want = loss;
			} else {
				assert_memory_equal(&loss, &want, sizeof loss);
				for (int side = 0; side < 2; side++)
					assert_memory_equal(m.vec[side], first.vec[side], m.n_rows * o.d * sizeof(float));
				session_release(&m);
			}
			par_free(pool);
		}
	}
	session_release(&first);
	cpu_select("auto", &e);
}

/* Two kinds of sessions: items 0 .. 9 and 10 .. 19. Item 20 has the token of the first, 21 that of the second, 22 none. */
static void what_goes_together_comes_together(void **state)
{
	enum { N = 300, LEN = 6 };
	struct session_opts o = plain;
	struct err e = { 0 };
	struct session m;
	static size_t start[N + 1], token_start[ITEMS + 1];
	static uint32_t item[N * LEN], token[ITEMS];
	double loss = 0, begin_loss = 0;
	struct pcg32 r;
	(void)state;

	pcg32_seed(&r, 4, 4);
	for (size_t s = 0; s < N; s++, start[s] = s * LEN)
		for (size_t j = 0; j < LEN; j++)
			item[s * LEN + j] = pcg32_bounded(&r, 10) + 10 * (uint32_t)(s % 2);
	for (size_t i = 0; i < ITEMS; i++) {
		token[token_start[i]] = i >= 20 ? (uint32_t)i - 20 : (uint32_t)i / 10;
		token_start[i + 1] = token_start[i] + (i < 22);
	}
	struct session_data in = { ITEMS, N, start, item, 2, token_start, token };
	o.epochs = 10;
	o.batch = 100;
	assert_int_equal(session_init(&m, &in, &o, NULL, &e), 0);
	for (size_t epoch = 0; epoch < o.epochs; epoch++) {
		assert_int_equal(session_epoch(&m, &loss, epoch, NULL, &e), 0);
		begin_loss = epoch ? begin_loss : loss;
	}
	assert_true(loss < begin_loss);
	float x[2][ITEMS * 7], q[7];
	finish(&m, IN, x[0]);
	finish(&m, OUT, x[1]);
	struct session_fold f = { .d = 7, .n_items = ITEMS, .decay = 0.5, .item = x[1], .fold = x[0] };
	for (uint32_t a = 0; a < 22; a++) {
		bool of_first = a < 10 || a == 20;
		session_fold(&f, q, &a, 1);
		for (size_t b = 0; b < 22; b++)
			if ((num_dot(q, x[1] + b * 7, 7) > 0) != (of_first == (b < 10 || b == 20)))
				fail_msg("item %u and item %zu: %g", a, b, (double)num_dot(q, x[1] + b * 7, 7));
	}
	for (size_t c = 0; c < 7; c++)
		assert_true(x[0][22 * 7 + c] == 0 && x[1][22 * 7 + c] == 0);
	session_release(&m);
}

static void folding_in_is_a_mean_that_forgets(void **state)
{
	static const float fold[] = { 1, 0, 0, 1, 4, 4 };
	static const uint32_t item[] = { 2, 0, 1 };
	struct session_fold f = { .d = 2, .n_items = 3, .decay = 0.5, .fold = fold };
	float x[2];
	(void)state;

	session_fold(&f, x, item, 3);
	assert_true(fabsf(x[0] - (0.5f + 0.25f * 4) / 1.75f) < 1e-6f && fabsf(x[1] - (1 + 0.25f * 4) / 1.75f) < 1e-6f);
	f.decay = 0;
	session_fold(&f, x, item, 3);
	assert_true(x[0] == 0 && x[1] == 1);
	f.decay = 1;
	session_fold(&f, x, item, 3);
	assert_true(fabsf(x[0] - 5.0f / 3) < 1e-6f && fabsf(x[1] - 5.0f / 3) < 1e-6f);
	session_fold(&f, x, item, 0);
	assert_true(x[0] == 0 && x[1] == 0);
}

static void nothing_to_learn_from(void **state)
{
	static const size_t start[] = { 0, 1, 2 };
	static const uint32_t item[] = { 0, 1 };
	struct session_data in = { 2, 2, start, item, 0, NULL, NULL };
	struct session_opts o = plain;
	struct session m;
	struct err e = { 0 };
	(void)state;

	assert_int_equal(session_init(&m, &in, &o, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "no events to learn from: no session has two");
	assert_null(session_check(&o));
	o.decay = 1.5;
	assert_non_null(strstr(session_check(&o), "decay"));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(the_gradient_is_that_of_the_loss),
		cmocka_unit_test(a_step_is_adagrads),
		cmocka_unit_test(items_are_drawn_by_the_power_of_their_counts),
		cmocka_unit_test(frequent_items_are_thinned),
		cmocka_unit_test(threads_and_cpus_change_no_bit),
		cmocka_unit_test(what_goes_together_comes_together),
		cmocka_unit_test(folding_in_is_a_mean_that_forgets),
		cmocka_unit_test(nothing_to_learn_from),
	};

	return cmocka_run_group_tests_name("session", all, NULL, NULL);
}
