/* als against a reference in double that follows als.h line by line, against finite differences, and against itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/model/als.h"

/* ---- the reference: dense, in double, no Gram trick ---- */

struct ref {
	size_t n[2], d;			/* n by enum als_axis; d with biases */
	const struct als_opts *o;
	double *a;			/* [users x items] weights, 0 where nothing was observed */
	double w0;
};

static double shape_of(enum weigh_shape shape, double r)
{
	return shape == WEIGH_BINARY ? 1 : shape == WEIGH_LINEAR ? r : log2(1 + r);
}

static void ref_init(struct ref *f, const struct csr *R, const struct als_opts *o, enum weigh_shape shape)
{
	size_t nu = R->n_rows, ni = R->n_cols;
	double sum = 0;

	*f = (struct ref){ { ni, nu }, als_width(o), o, calloc(nu * ni, sizeof(double)), 0 };
	for (size_t u = 0; u < nu; u++)
		for (size_t j = R->start[u]; j < R->start[u + 1]; j++) {
			double n_i = 0;
			for (size_t k = 0; k < R->start[nu]; k++)
				n_i += R->col[k] == R->col[j];
			double a = shape_of(shape, (double)R->val[j]) * pow((double)R->start[nu] / (double)ni / n_i, o->damp);
			f->a[u * ni + R->col[j]] = a;
			sum += a;
		}
	f->w0 = o->unobserved * sum / ((double)nu * (double)ni);
}

static double ref_a(const struct ref *f, enum als_axis axis, size_t row, size_t col)
{
	return axis == ALS_USERS ? f->a[row * f->n[ALS_ITEMS] + col] : f->a[col * f->n[ALS_ITEMS] + row];
}

/* held - component i of a row of one side is 1 and no unknown. */
static bool held(const struct ref *f, enum als_axis axis, size_t i)
{
	return f->o->has_bias && i == f->d - (axis == ALS_USERS ? 1 : 2);
}

static double ref_f(const struct ref *f, enum als_axis axis, size_t row)
{
	double sum = f->w0 * (double)f->n[!axis];

	for (size_t c = 0; c < f->n[!axis]; c++)
		sum += ref_a(f, axis, row, c);
	return pow(sum, f->o->nu);
}

/* ref_row_loss - all of L that depends on row `row` of one side, when that row is x. */
static double ref_row_loss(const struct ref *f, enum als_axis axis, size_t row, const double *x, const float *Y)
{
	double loss = 0, norm = 0;

	for (size_t c = 0; c < f->n[!axis]; c++) {
		double s = 0, a = ref_a(f, axis, row, c);
		for (size_t i = 0; i < f->d; i++)
			s += x[i] * (double)Y[c * f->d + i];
		loss += a * (s - 1) * (s - 1) + f->w0 * s * s;
	}
	for (size_t i = 0; i < f->d; i++)
		norm += held(f, axis, i) ? 0 : x[i] * x[i];
	return loss + f->o->lambda * ref_f(f, axis, row) * norm;
}

static double ref_loss(const struct ref *f, const float *X, const float *Y)
{
	double loss = 0, *x = malloc(f->d * sizeof *x);

	for (size_t u = 0; u < f->n[ALS_USERS]; u++) {
		for (size_t i = 0; i < f->d; i++)
			x[i] = (double)X[u * f->d + i];
		loss += ref_row_loss(f, ALS_USERS, u, x, Y);
	}
	for (size_t r = 0; r < f->n[ALS_ITEMS]; r++)
		for (size_t i = 0; i < f->d; i++)
			loss += held(f, ALS_ITEMS, i) ? 0 : f->o->lambda * ref_f(f, ALS_ITEMS, r) * (double)Y[r * f->d + i] * (double)Y[r * f->d + i];
	free(x);
	return loss;
}

/* ref_solve - the minimum for one row by Gauss-Jordan with pivots. */
static void ref_solve(const struct ref *f, enum als_axis axis, size_t row, const float *Y, double *x)
{
	size_t d = f->d, w = d + 1;
	double *A = calloc(d * w, sizeof *A);

	for (size_t c = 0; c < f->n[!axis]; c++) {
		double a = ref_a(f, axis, row, c);
		for (size_t i = 0; i < d; i++) {
			double y = (double)Y[c * d + i];
			for (size_t j = 0; j < d; j++)
				A[i * w + j] += (a + f->w0) * y * (double)Y[c * d + j];
			A[i * w + d] += a * y;
		}
	}
	for (size_t i = 0; i < d; i++)
		A[i * w + i] += f->o->lambda * ref_f(f, axis, row);
	for (size_t p = 0; p < d; p++) {
		size_t best = p;
		for (size_t i = p; i < d; i++)
			if (fabs(A[i * w + p]) > fabs(A[best * w + p]))
				best = i;
		for (size_t j = 0; j < w; j++) {
			double t = A[p * w + j];
			A[p * w + j] = A[best * w + j];
			A[best * w + j] = t;
		}
		for (size_t i = 0; i < d; i++) {
			double k = A[i * w + p] / A[p * w + p];
			for (size_t j = p; j < w && i != p; j++)
				A[i * w + j] -= k * A[p * w + j];
		}
	}
	for (size_t i = 0; i < d; i++)
		x[i] = A[i * w + d] / A[i * w + i];
	free(A);
}

/* ---- small worlds ---- */

/* make_world - pairs with counts of plays; the last user and the last item have none. */
static void make_world(struct csr *R, size_t n_users, size_t n_items, double density, bool all_differ)
{
	uint32_t *row = malloc(n_users * n_items * sizeof *row), *col = malloc(n_users * n_items * sizeof *col);
	float *val = malloc(n_users * n_items * sizeof *val);
	struct err e = { 0 };
	struct pcg32 r;
	size_t n = 0;

	pcg32_seed(&r, 42, 0);
	for (size_t u = 0; u + 1 < n_users; u++)
		for (size_t i = 0; i + 1 < n_items; i++)
			if (pcg32_f64(&r) < density) {
				row[n] = (uint32_t)u;
				col[n] = (uint32_t)i;
				val[n] = all_differ ? 1 + (float)n / 65536 : (float)(1 + pcg32_bounded(&r, 6));
				n++;
			}
	assert_int_equal(csr_from_pairs(R, row, col, val, n, n_users, n_items, &e), 0);
	free(row);
	free(col);
	free(val);
}

static const struct als_opts plain = { .d = 5, .lambda = 0.05, .nu = 1, .unobserved = 3, .damp = 0.3, .stddev = 0.3, .seed = 7 };

static struct weigh weigh_of(enum weigh_shape shape)
{
	struct weigh w;

	weigh_init(&w);
	w.shape = shape;
	return w;
}

static void start(struct als *m, struct ref *f, size_t n_users, size_t n_items, double density, bool all_differ,
		  const struct als_opts *o, enum weigh_shape shape, struct par *pool)
{
	struct weigh w = weigh_of(shape);
	struct err e = { 0 };
	struct csr R;

	make_world(&R, n_users, n_items, density, all_differ);
	if (f)
		ref_init(f, &R, o, shape);
	assert_int_equal(als_init(m, &R, &w, o, pool, &e), 0);
	assert_null(R.start);
	weigh_release(&w);
}

static void sweep(struct als *m, enum als_axis axis)
{
	struct err e = { 0 };

	if (als_sweep(m, axis, NULL, &e))
		fail_msg("%s", e.msg);
}

static void check_rows(const struct als *m, const struct ref *f, enum als_axis axis, double tolerance)
{
	double *x = malloc(f->d * sizeof *x);

	for (size_t r = 0; r < f->n[axis]; r++) {
		double norm = 1e-3;
		ref_solve(f, axis, r, m->side[!axis].v, x);
		for (size_t i = 0; i < f->d; i++)
			norm += fabs(x[i]);
		for (size_t i = 0; i < f->d; i++)
			if (fabs(x[i] - (double)m->side[axis].v[r * f->d + i]) > tolerance * norm)
				fail_msg("%s %zu, component %zu: %.9g, the reference says %.9g", model_axis_name[axis], r, i,
					 (double)m->side[axis].v[r * f->d + i], x[i]);
	}
	free(x);
}

/* ---- tests ---- */

static void rows_are_the_reference(void **state)
{
	static const enum weigh_shape shape[] = { WEIGH_BINARY, WEIGH_LINEAR, WEIGH_LOG };
	static const double nu[] = { 0, 0.5, 1 };
	(void)state;

	for (size_t s = 0; s < 3; s++)
		for (size_t k = 0; k < 3; k++) {
			struct als_opts o = plain;
			struct als m;
			struct ref f;
			o.nu = nu[k];
			start(&m, &f, 23, 17, 0.3, false, &o, shape[s], NULL);
			assert_int_equal(m.n_levels, shape[s] == WEIGH_BINARY ? 1 : 6);
			assert_true(fabs(m.w0 - f.w0) < 1e-6 * f.w0);
			for (int epoch = 0; epoch < 2; epoch++) {
				sweep(&m, ALS_ITEMS);
				check_rows(&m, &f, ALS_ITEMS, 1e-4);
				sweep(&m, ALS_USERS);
				check_rows(&m, &f, ALS_USERS, 1e-4);
			}
			als_release(&m);
			free(f.a);
		}
}

static void more_dimensions_than_rows_are_fine(void **state)
{
	struct als_opts o = plain;
	struct als m;
	struct ref f;
	(void)state;

	o.d = 40;
	start(&m, &f, 9, 7, 0.5, false, &o, WEIGH_LOG, NULL);
	sweep(&m, ALS_ITEMS);
	sweep(&m, ALS_USERS);
	check_rows(&m, &f, ALS_USERS, 1e-3);
	als_release(&m);
	free(f.a);
}

static void rows_longer_than_a_piece_and_weights_that_all_differ(void **state)
{
	struct als_opts o = plain;
	struct als m;
	struct ref f;
	size_t n_users = 60, n_items = 1300;
	(void)state;

	o.d = 3;
	o.damp = 0;
	o.lambda = 2;
	start(&m, NULL, n_users, n_items, 0.95, true, &o, WEIGH_LINEAR, NULL);
	assert_int_equal(m.n_levels, 0);	/* more than 16 bits can name */
	assert_non_null(m.side[ALS_ITEMS].val);
	f = (struct ref){ { n_items, n_users }, o.d, &o, calloc(n_users * n_items, sizeof(double)), m.w0 };
	for (size_t u = 0; u < n_users; u++)
		for (size_t j = m.side[ALS_USERS].start[u]; j < m.side[ALS_USERS].start[u + 1]; j++)
			f.a[u * n_items + m.side[ALS_USERS].col[j]] = (double)m.side[ALS_USERS].val[j];
	sweep(&m, ALS_ITEMS);
	check_rows(&m, &f, ALS_ITEMS, 1e-3);
	sweep(&m, ALS_USERS);
	check_rows(&m, &f, ALS_USERS, 1e-3);
	als_release(&m);
	free(f.a);
}

static const struct { enum ridge_solver solver; size_t block; bool has_bias; } ways[] = {
	{ RIDGE_EXACT, 0, false }, { RIDGE_EXACT, 0, true }, { RIDGE_BLOCK, 2, false }, { RIDGE_BLOCK, 2, true }, { RIDGE_BLOCK, 3, true },
	{ RIDGE_BLOCK, 64, true }, { RIDGE_BLOCK, 1, true }, { RIDGE_CG, 0, false }, { RIDGE_CG, 0, true },
};
enum { WAYS = sizeof ways / sizeof *ways };

static struct als_opts this_way(const struct als_opts *o, int way, int steps)
{
	struct als_opts p = *o;

	p.solver = ways[way].solver;
	p.block = ways[way].block;
	p.has_bias = ways[way].has_bias;
	p.steps = steps;
	return p;
}

/* no_step_lowers - of rows that are solved to the end. */
static void no_step_lowers(int way)
{
	struct als_opts o = this_way(&plain, way, 200);
	struct als m;
	struct ref f;
	double x[8], zero[8] = { 0 };

	start(&m, &f, 23, 17, 0.3, false, &o, WEIGH_LOG, NULL);
	for (int half = 0; half < 4; half++) {
		enum als_axis axis = half % 2 ? ALS_USERS : ALS_ITEMS;
		const float *Y = m.side[!axis].v;
		sweep(&m, axis);
		for (size_t r = 0; r < f.n[axis]; r++)
			for (size_t i = 0; i < f.d; i++) {
				const double h = 1e-3;
				double slope, at_zero;
				if (held(&f, axis, i)) {
					assert_true(m.side[axis].v[r * f.d + i] == (m.side[axis].start[r] < m.side[axis].start[r + 1]));
					continue;
				}
				if (o.has_bias)
					zero[f.d - (axis == ALS_USERS ? 1 : 2)] = 1;
				if (m.side[axis].start[r] == m.side[axis].start[r + 1])
					continue;
				for (size_t k = 0; k < f.d; k++)
					x[k] = (double)m.side[axis].v[r * f.d + k];
				x[i] += h;
				slope = ref_row_loss(&f, axis, r, x, Y);
				x[i] -= 2 * h;
				slope = (slope - ref_row_loss(&f, axis, r, x, Y)) / (2 * h);
				zero[i] = h;
				at_zero = ref_row_loss(&f, axis, r, zero, Y);
				zero[i] = -h;
				at_zero = (at_zero - ref_row_loss(&f, axis, r, zero, Y)) / (2 * h);
				zero[i] = 0;
				if (fabs(slope) > 1e-4 * (fabs(at_zero) + 0.1))
					fail_msg("way %d, half sweep %d, row %zu, component %zu: slope %g (at zero: %g)", way, half, r, i, slope, at_zero);
				memset(zero, 0, sizeof zero);
			}
	}
	als_release(&m);
	free(f.a);
}

static void no_step_away_from_a_solved_row_lowers_the_loss(void **state)
{
	(void)state;
	for (int way = 0; way < WAYS; way++)
		no_step_lowers(way);
}

/* never_rises - with one pass or one step a sweep, too. */
static void never_rises(int way)
{
	struct als_opts o = this_way(&plain, way, 1);
	struct err e = { 0 };
	struct als_loss l, before = { .total = INFINITY };
	struct als m;
	struct ref f;

	start(&m, &f, 40, 30, 0.2, false, &o, WEIGH_LOG, NULL);
	sweep(&m, ALS_ITEMS);
	for (int half = 0; half < 20; half++) {
		sweep(&m, half % 2 ? ALS_ITEMS : ALS_USERS);
		assert_int_equal(als_loss(&m, &l, NULL, &e), 0);
		double want = ref_loss(&f, m.side[ALS_USERS].v, m.side[ALS_ITEMS].v);
		if (fabs(l.total - want) > 2e-6 * want)
			fail_msg("way %d, half sweep %d: loss %.9g, the reference says %.9g", way, half, l.total, want);
		assert_true(l.total <= before.total * (1 + 1e-6));
		assert_true(fabs(l.total - l.observed - l.unobserved - l.regularisation) < 1e-9 * l.total);
		before = l;
	}
	als_release(&m);
	free(f.a);
}

static void the_loss_is_the_reference_and_never_rises(void **state)
{
	(void)state;
	for (int way = 0; way < WAYS; way++)
		never_rises(way);
}

static void multiplying_all_weights_changes_nothing(void **state)
{
	struct als a, b;
	struct csr R;
	struct weigh w = weigh_of(WEIGH_LINEAR);
	struct err e = { 0 };
	(void)state;

	make_world(&R, 20, 15, 0.4, false);
	assert_int_equal(als_init(&a, &R, &w, &plain, NULL, &e), 0);
	make_world(&R, 20, 15, 0.4, false);
	for (size_t j = 0; j < R.start[R.n_rows]; j++)
		R.val[j] *= 8;
	assert_int_equal(als_init(&b, &R, &w, &plain, NULL, &e), 0);
	for (int half = 0; half < 4; half++) {
		sweep(&a, half % 2 ? ALS_USERS : ALS_ITEMS);
		sweep(&b, half % 2 ? ALS_USERS : ALS_ITEMS);
	}
	for (size_t i = 0; i < a.side[ALS_USERS].n * plain.d; i++)
		assert_true(fabsf(a.side[ALS_USERS].v[i] - b.side[ALS_USERS].v[i]) < 1e-4f);
	als_release(&a);
	als_release(&b);
	weigh_release(&w);
}

static void threads_change_no_bit(void **state)
{
	struct err e = { 0 };
	struct par *pool = par_new(3, &e);
	struct als one, three;
	struct als_loss l1, l3;
	struct als_opts o;
	(void)state;

	for (int way = 0; way < WAYS; way++) {
		o = this_way(&plain, way, 2);
		o.d = 24;
		start(&one, NULL, 900, 700, 0.05, false, &o, WEIGH_LOG, NULL);
		start(&three, NULL, 900, 700, 0.05, false, &o, WEIGH_LOG, pool);
		assert_true(one.side[ALS_USERS].n_cuts > 3);
		for (int half = 0; half < 4; half++) {
			enum als_axis axis = half % 2 ? ALS_USERS : ALS_ITEMS;
			assert_int_equal(als_sweep(&one, axis, NULL, &e), 0);
			assert_int_equal(als_sweep(&three, axis, pool, &e), 0);
			assert_memory_equal(one.side[axis].v, three.side[axis].v, one.side[axis].n * als_width(&o) * sizeof(float));
		}
		assert_int_equal(als_loss(&one, &l1, NULL, &e), 0);
		assert_int_equal(als_loss(&three, &l3, pool, &e), 0);
		assert_memory_equal(&l1, &l3, sizeof l1);
		als_release(&one);
		als_release(&three);
	}
	par_free(pool);
}

static void make_vocab(struct vocab *v, const char *prefix, size_t n)
{
	char id[32];

	for (size_t i = 0; i < n; i++)
		vocab_add(v, id, (size_t)snprintf(id, sizeof id, "%s%zu", prefix, i));
}

static void fold_this_way(int way)
{
	char path[] = "/tmp/u-als.XXXXXX";
	struct vocab user = { 0 }, item = { 0 };
	struct weigh w = weigh_of(WEIGH_LOG);
	struct err e = { 0 };
	struct als_opts o = this_way(&plain, way, 1);
	struct als_fold fold;
	struct model model;
	struct als m;
	struct csr R, again;

	o.d = 17;
	close(mkstemp(path));
	make_world(&R, 50, 2500, 0.6, false);
	make_world(&again, 50, 2500, 0.6, false);
	make_vocab(&user, "u", 50);
	make_vocab(&item, "i", 2500);
	assert_int_equal(als_init(&m, &R, &w, &o, NULL, &e), 0);
	sweep(&m, ALS_ITEMS);
	assert_int_equal(als_settle(&m, NULL, &e), 0);
	struct sink *s = sink_open(path, &e);
	assert_non_null(s);
	assert_int_equal(als_save(&m, s, &user, &item, &w, &(struct als_made){ .epochs = 1, .n_events = 99 }, NULL, &e), 0);
	assert_int_equal(sink_close(s, &e), 0);

	if (model_open(&model, path, &e) || als_fold_open(&fold, &model, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(model.n_events, 99);
	assert_int_equal(fold.weigh.shape, WEIGH_LOG);
	size_t width = als_width(&o);
	float *x = malloc(width * sizeof *x), *scratch = mem_try(als_fold_scratch(&fold, 2500), sizeof *scratch, "scratch", &e);
	for (size_t u = 0; u < 50; u++) {
		size_t at = again.start[u];
		assert_int_equal(als_fold(&fold, x, again.col + at, again.val + at, again.start[u + 1] - at, scratch, &e), 0);
		assert_memory_equal(x, m.side[ALS_USERS].v + u * width, width * sizeof *x);
	}
	free(x);
	mem_free(scratch);
	als_fold_release(&fold);
	model_release(&model);
	als_release(&m);
	csr_release(&again);
	vocab_release(&user);
	vocab_release(&item);
	weigh_release(&w);
	unlink(path);
}

static void folding_in_is_the_last_half_sweep(void **state)
{
	(void)state;
	for (int way = 0; way < WAYS; way++)
		fold_this_way(way);
}

static void few_steps_come_near(void **state)
{
	struct als_opts o = plain;
	struct err e = { 0 };
	struct als m[3];
	(void)state;

	o.d = 32;
	for (int k = 0; k < 3; k++) {
		o.solver = (enum ridge_solver)k;
		o.block = 8;
		o.steps = 1;
		start(&m[k], NULL, 300, 200, 0.1, false, &o, WEIGH_LOG, NULL);
		for (int half = 0; half < 4; half++)	/* the same items for all */
			if (!k)
				sweep(&m[0], half % 2 ? ALS_USERS : ALS_ITEMS);
		memcpy(m[k].side[ALS_ITEMS].v, m[0].side[ALS_ITEMS].v, 200 * 32 * sizeof(float));
		m[k].side[ALS_ITEMS].has_gram = false;
		assert_int_equal(als_settle(&m[k], NULL, &e), 0);
		double miss = 0, all = 0;
		for (size_t i = 0; i < 300 * 32; i++) {
			double x = (double)m[0].side[ALS_USERS].v[i], y = (double)m[k].side[ALS_USERS].v[i];
			miss += (x - y) * (x - y);
			all += x * x;
		}
		if (sqrt(miss / all) > 0.02)
			fail_msg("solver %d: %g away from exact", k, sqrt(miss / all));
	}
	for (int k = 0; k < 3; k++)
		als_release(&m[k]);
}

static void nothing_to_learn_from_is_a_sentence(void **state)
{
	struct weigh w = weigh_of(WEIGH_LOG);
	struct err e = { 0 };
	struct als m;
	struct csr none = { 0 }, R;
	(void)state;

	assert_int_equal(als_init(&m, &none, &w, &plain, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "no events to learn from");
	make_world(&R, 5, 5, 0, false);
	e = (struct err){ 0 };
	assert_int_equal(als_init(&m, &R, &w, &plain, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "no events to learn from: those read all weigh 0");
	assert_null(R.start);
	weigh_release(&w);
}

static void equations_without_a_solution_name_the_row(void **state)
{
	struct vocab user = { 0 }, item = { 0 };
	struct als_opts o = plain;
	struct err e = { 0 };
	struct als m;
	int ret = 0;
	(void)state;

	make_vocab(&user, "ana", 12);
	make_vocab(&item, "song", 9);
	o.lambda = 0;
	o.unobserved = 0;
	o.d = 40;
	o.ids[ALS_ITEMS] = &item;
	o.ids[ALS_USERS] = &user;
	start(&m, NULL, 12, 9, 0.4, false, &o, WEIGH_LOG, NULL);
	for (int i = 0; i < 4 && !ret; i++)
		ret = als_sweep(&m, i % 2 ? ALS_USERS : ALS_ITEMS, NULL, &e);
	assert_int_equal(ret, ERR_NUMERIC);
	assert_true(strstr(e.msg, "'ana") || strstr(e.msg, "'song"));
	assert_non_null(strstr(e.msg, "--lambda"));
	als_release(&m);
	vocab_release(&user);
	vocab_release(&item);
}

static void infinite_weights_are_refused(void **state)
{
	struct weigh w = weigh_of(WEIGH_LINEAR);
	struct err e = { 0 };
	struct als m;
	struct csr R;
	(void)state;

	make_world(&R, 5, 5, 1, false);
	R.val[3] = INFINITY;
	assert_int_equal(als_init(&m, &R, &w, &plain, NULL, &e), ERR_NUMERIC);
	assert_non_null(strstr(e.msg, "finite"));
	weigh_release(&w);
}

static void options_out_of_range_are_sentences(void **state)
{
	struct als_opts o = plain;
	(void)state;

	assert_null(als_check(&o));
	o.d = 0;
	assert_non_null(strstr(als_check(&o), "dimensions"));
	o = plain;
	o.lambda = -1;
	assert_non_null(strstr(als_check(&o), "lambda"));
	o = plain;
	o.unobserved = NAN;
	assert_non_null(strstr(als_check(&o), "unobserved"));
	o = plain;
	o.nu = 5;
	assert_non_null(strstr(als_check(&o), "nu"));
	o = plain;
	o.damp = -0.1;
	assert_non_null(strstr(als_check(&o), "damp"));
	o = plain;
	o.stddev = 0;
	assert_non_null(strstr(als_check(&o), "sd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_the_reference),
		cmocka_unit_test(more_dimensions_than_rows_are_fine),
		cmocka_unit_test(rows_longer_than_a_piece_and_weights_that_all_differ),
		cmocka_unit_test(no_step_away_from_a_solved_row_lowers_the_loss),
		cmocka_unit_test(the_loss_is_the_reference_and_never_rises),
		cmocka_unit_test(multiplying_all_weights_changes_nothing),
		cmocka_unit_test(threads_change_no_bit),
		cmocka_unit_test(folding_in_is_the_last_half_sweep),
		cmocka_unit_test(few_steps_come_near),
		cmocka_unit_test(nothing_to_learn_from_is_a_sentence),
		cmocka_unit_test(equations_without_a_solution_name_the_row),
		cmocka_unit_test(infinite_weights_are_refused),
		cmocka_unit_test(options_out_of_range_are_sentences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
