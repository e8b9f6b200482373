/* explain: the parts of a score beside the formulas in double, that they add up to what scorer_scores gives, and that company and threads change no bit; graph_fold likewise. */
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
#include "../lib/model/blend.h"
#include "../lib/model/explain.h"
#include "../lib/model/pop.h"

static const char *const kinds[] = { "als", "als bias", "als block", "als cg bias", "ease", "graph" };
enum { KINDS = sizeof kinds / sizeof *kinds };

enum { USERS = 70, ITEMS = 1300, OWN = 1100, D = 12 };	/* the first user has OWN items; the last has none */

static void make_world(struct csr *R)
{
	struct csr_entries t = { 0 };
	struct err e = { 0 };
	struct pcg32 r;

	pcg32_seed(&r, 11, 1);
	for (uint32_t u = 0; u + 1 < USERS; u++)
		for (uint32_t k = 0, n = u ? 1 + pcg32_bounded(&r, 60) : OWN; k < n; k++)
			csr_entries_add(&t, u, u ? pcg32_bounded(&r, 1 + pcg32_bounded(&r, ITEMS)) : k, (float)(1 + pcg32_bounded(&r, 5)));
	assert_int_equal(csr_from_pairs(R, t.row, t.col, t.val, t.n, USERS, ITEMS, &e), 0);
	csr_entries_release(&t);
}

static bool is_reversed;		/* ids run backwards */

static void make_vocab(struct vocab *v, const char *prefix, size_t n)
{
	char id[32];

	for (size_t i = 0; i < n; i++)
		vocab_add(v, id, (size_t)snprintf(id, sizeof id, "%s%zu", prefix, is_reversed ? n - 1 - i : i));
}

struct subject { char path[32]; struct csr h; struct model model; struct scorer scorer; };

static int save(const char *kind, struct sink *out, struct csr *R, const struct weigh *w)
{
	struct vocab user = { 0 }, item = { 0 };
	struct err e = { 0 };
	int ret = -1;

	make_vocab(&user, "u", USERS);
	make_vocab(&item, "i", ITEMS);
	if (!strncmp(kind, "als", 3)) {
		struct als_opts o = { .d = D, .lambda = 0.01, .nu = 1, .unobserved = 1, .damp = 0.3, .stddev = 0.1, .block = 5, .steps = 3, .seed = 1 };
		o.has_bias = strstr(kind, "bias");
		o.d -= o.has_bias ? 2 : 0;
		o.solver = strstr(kind, "block") ? RIDGE_BLOCK : strstr(kind, "cg") ? RIDGE_CG : RIDGE_EXACT;
		if (o.solver != RIDGE_EXACT)
			o.lambda = 1;		/* well enough conditioned for their few steps */
		struct als m;
		assert_int_equal(als_init(&m, R, w, &o, NULL, &e), 0);
		for (int k = 0; k < 3; k++)
			assert_int_equal(als_sweep(&m, ALS_ITEMS, NULL, &e) | als_sweep(&m, ALS_USERS, NULL, &e), 0);
		ret = als_settle(&m, NULL, &e) ? -1 : als_save(&m, out, &user, &item, w, &(struct als_made){ .epochs = 3, .n_events = 1 }, NULL, &e);
		als_release(&m);
	} else if (!strcmp(kind, "ease")) {
		struct ease_opts o = { .lambda = 5, .dropout = 0.2, .top = 200, .min_users = 1 };
		struct ease_make m;
		assert_int_equal(ease_init(&m, R, w, &o, NULL, &e) | ease_invert(&m, NULL, NULL, &e) | ease_prune(&m, NULL, &e), 0);
		ret = ease_save(&m, out, &item, w, 1, NULL, &e);
		ease_release(&m);
	} else if (!strcmp(kind, "graph")) {
		struct graph_opts o = { D, 0.3, 0.4, 0.2, 2, 5, 1 };
		struct graph g;
		assert_int_equal(graph_make(&g, R, w, &o, NULL, &e), 0);
		ret = graph_save(&g, out, USERS, &item, 1, NULL, &e);
		graph_release(&g);
	} else {
		struct pop_opts o = { .count = POP_USERS, .weigh = *w };
		struct pop_make m;
		struct event ev = { .user = { "u", 1 }, .item = { "i", 1 }, .time = TIME_NONE };
		pop_make_init(&m, &o);
		assert_int_equal(pop_make_event(&m, &ev, &e) | pop_make_count(&m, &e), 0);
		ret = pop_make_save(&m, out, NULL, &e);
		pop_make_release(&m);
		csr_release(R);
	}
	vocab_release(&user);
	vocab_release(&item);
	return ret;
}

static void open_subject(struct subject *s, const char *kind, enum weigh_shape shape, struct par *pool)
{
	struct weigh w;
	struct csr R;
	struct err e = { 0 };

	strcpy(s->path, "/tmp/u-explain.XXXXXX");
	close(mkstemp(s->path));
	weigh_init(&w);
	w.shape = shape;
	make_world(&R);
	make_world(&s->h);
	struct sink *out = sink_open(s->path, &e);
	assert_non_null(out);
	assert_int_equal(save(kind, out, &R, &w), 0);
	assert_int_equal(sink_close(out, &e), 0);
	if (model_open(&s->model, s->path, &e) || model_ids(&s->model, MODEL_ITEMS, &e) || scorer_open(&s->scorer, &s->model, pool, &e))
		fail_msg("%s", e.msg);
	weigh_release(&w);
}

static void close_subject(struct subject *s)
{
	scorer_release(&s->scorer);
	model_release(&s->model);
	csr_release(&s->h);
	unlink(s->path);
}

/* ---- the same in double ---- */

/* solve - A x = b by elimination; A [n x n] and b are taken apart. */
static void solve(double *A, double *b, size_t n)
{
	for (size_t k = 0; k < n; k++)
		for (size_t i = k + 1; i < n; i++) {
			double f = A[i * n + k] / A[k * n + k];
			for (size_t j = k; j < n; j++)
				A[i * n + j] -= f * A[k * n + j];
			b[i] -= f * b[k];
		}
	for (size_t k = n; k-- > 0;) {
		for (size_t j = k + 1; j < n; j++)
			b[k] -= A[k * n + j] * b[j];
		b[k] /= A[k * n + k];
	}
}

/* als_reference - with biases the last component of the user is 1: taken to the right-hand side. */
static double als_reference(double *part, const struct als_fold *f, const struct csr *h, size_t row, uint32_t to)
{
	enum { LAST = D - 1 };
	size_t from = h->start[row], n = h->start[row + 1] - from, d = f->o.has_bias ? LAST : D;
	double A[D * D], z[D], weight = 0, rest = f->o.has_bias && n ? (double)f->item[to * D + LAST] : 0;

	for (size_t i = 0; i < d * d; i++)
		A[i] = (double)f->base[i / d * D + i % d];
	for (size_t j = 0; j < n; j++) {
		const float *y = f->item + h->col[from + j] * D;
		double a = (double)weigh_pair(&f->weigh, h->val[from + j]) * (double)f->item_weight[h->col[from + j]];
		part[j] = a * (f->o.has_bias ? 1 - (double)y[LAST] : 1);
		weight += a;
		for (size_t i = 0; i < d * d; i++)
			A[i] += a * (double)y[i / d] * (double)y[i % d];
	}
	for (size_t i = 0; i < d; i++) {
		A[i * d + i] += f->o.lambda * pow(weight + f->w0 * ITEMS, f->o.nu);
		z[i] = (double)f->item[to * D + i];
	}
	solve(A, z, d);
	for (size_t i = 0; i < d && f->o.has_bias && n; i++)
		rest -= z[i] * (double)f->base[LAST * D + i];
	for (size_t j = 0; j < n; j++) {
		double dot = 0;
		for (size_t i = 0; i < d; i++)
			dot += z[i] * (double)f->item[h->col[from + j] * D + i];
		part[j] *= dot;
	}
	return rest;
}

static void ease_reference(double *part, const struct ease *s, const struct csr *h, size_t row, uint32_t to)
{
	size_t from = h->start[row], n = h->start[row + 1] - from;

	for (size_t j = 0; j < n; j++) {
		uint32_t i = h->col[from + j];
		part[j] = 0;
		for (uint64_t p = s->start[i]; p < s->start[i + 1]; p++)
			if (s->col[p] == to)
				part[j] += (double)weigh_pair(&s->weigh, h->val[from + j]) * (double)s->val[p];
	}
}

/* graph_step - y = P x. */
static void graph_step(const struct graph *g, const double *x, double *y)
{
	memset(y, 0, ITEMS * sizeof *y);
	for (size_t u = 0; u < USERS; u++) {
		double t = 0;
		for (size_t j = g->rows.start[u]; j < g->rows.start[u + 1]; j++)
			t += (double)g->rows.val[j] * x[g->rows.col[j]];
		for (size_t j = g->rows.start[u]; j < g->rows.start[u + 1]; j++)
			y[g->rows.col[j]] += (double)g->rows.val[j] * t;
	}
}

/* graph_smooth - b += low D^1/2 V V^T D^-1/2 h. */
static void graph_smooth(const struct graph *g, const double *h, double *b)
{
	for (size_t k = 0; k < g->o.d; k++) {
		double c = 0;
		for (size_t i = 0; i < ITEMS; i++)
			if (h[i] != 0 && g->degree[i] > 0)
				c += h[i] * (double)g->vec[i * g->o.d + k] / (double)g->degree[i];
		for (size_t i = 0; i < ITEMS; i++)
			b[i] += g->o.low * c * (double)g->vec[i * g->o.d + k];
	}
}

/* graph_reference - forwards from each item of the history alone, as the formula in graph.h goes. */
static void graph_reference(double *part, const struct graph *g, const struct csr *h, size_t row, uint32_t to)
{
	static double x[ITEMS], b[ITEMS], term[ITEMS], y[ITEMS];
	size_t from = h->start[row], n = h->start[row + 1] - from;

	for (size_t j = 0; j < n; j++) {
		memset(x, 0, sizeof x);
		x[h->col[from + j]] = (double)weigh_pair(&g->weigh, h->val[from + j]);
		graph_step(g, x, b);
		graph_smooth(g, x, b);
		memcpy(term, b, sizeof b);
		part[j] = b[to];
		for (int k = 1; k <= GRAPH_ORDER; k++) {
			graph_step(g, term, y);
			for (size_t i = 0; i < ITEMS; i++)
				term[i] = -g->o.sharpen / k * y[i];
			part[j] += term[to];
		}
	}
}

static double reference(double *part, const struct subject *s, const char *kind, size_t row, uint32_t to)
{
	if (*kind == 'a')
		return als_reference(part, &s->scorer.fold, &s->h, row, to);
	if (*kind == 'e')
		ease_reference(part, &s->scorer.ease, &s->h, row, to);
	else
		graph_reference(part, &s->scorer.graph, &s->h, row, to);
	return 0;
}

/* ---- tests ---- */

enum { ASKS = 40, TO = 7 };
static struct explain_ask asks[ASKS];
static uint32_t to[ASKS][TO];
static float rest[ASKS][TO];

static void make_asks(const struct csr *h)
{
	static float room[ASKS * 60 * TO + OWN * TO + TO];
	struct pcg32 r;
	float *p = room;

	pcg32_seed(&r, 5, 5);
	for (size_t a = 0; a < ASKS; a++) {
		size_t row = a ? USERS - ASKS + a : 0, n = a == 3 ? 0 : TO;	/* one who asks for nothing, one who has nothing */
		for (size_t i = 0; i < n; i++)
			to[a][i] = pcg32_bounded(&r, ITEMS);
		asks[a] = (struct explain_ask){ row, to[a], n, p, rest[a] };
		p += n * (h->start[row + 1] - h->start[row]);
	}
	assert_true(p <= room + sizeof room / sizeof *room);
}

static void parts_are_the_formula_and_add_up(void **state)
{
	static double want[OWN];
	static float score[ITEMS];
	struct err e = { 0 };
	(void)state;

	for (int k = 0; k < KINDS; k++)
		for (int shape = 0; shape < 3; shape++) {
			struct subject s;
			open_subject(&s, kinds[k], (enum weigh_shape)shape, NULL);
			assert_null(explain_can(&s.scorer));
			make_asks(&s.h);
			if (explain_run(&s.scorer, asks, ASKS, &s.h, NULL, NULL, &e))
				fail_msg("%s", e.msg);
			for (size_t a = 0; a < ASKS; a++) {
				size_t n = s.h.start[asks[a].row + 1] - s.h.start[asks[a].row];
				assert_int_equal(scorer_scores(&s.scorer, score, &s.h, NULL, asks[a].row, 1, NULL, &e), 0);
				double most = 0;
				for (size_t i = 0; i < ITEMS; i++)
					most = fabs((double)score[i]) > most ? fabs((double)score[i]) : most;
				for (size_t i = 0; i < asks[a].n; i++) {
					double sum = (double)rest[a][i], size = fabs(sum), want_rest = sum;
					if (strstr(kinds[k], "bias"))	/* the rest is a difference of these */
						size += 2 * fabs((double)s.scorer.fold.item[to[a][i] * D + D - 1]);
					if (a % 8 == 0)
						want_rest = reference(want, &s, kinds[k], asks[a].row, to[a][i]);
					for (size_t j = 0; j < n; j++) {
						sum += (double)asks[a].part[i * n + j];
						size += fabs((double)asks[a].part[i * n + j]);
					}
					double near = (*kinds[k] == 'g' ? 5e-5 * size + 5e-6 * most : 1e-5 * size) + 1e-9;	/* graph: sharpening cancels */
					double left = strstr(kinds[k], "cg") || strstr(kinds[k], "block") ? 0.01 * most : 0;	/* what they leave, in the score */
					if (!(fabs(want_rest - (double)rest[a][i]) <= near))
						fail_msg("%s, shape %d: rest of score %zu of ask %zu: %g, wanted %g", kinds[k], shape, i, a, (double)rest[a][i], want_rest);
					for (size_t j = 0; j < n && a % 8 == 0; j++)
						if (!(fabs(asks[a].part[i * n + j] - want[j]) <= near))
							fail_msg("%s, shape %d: part %zu of score %zu of ask %zu: %g, wanted %g", kinds[k], shape, j, i, a,
								 (double)asks[a].part[i * n + j], want[j]);
					if (!(fabs(sum - (double)score[to[a][i]]) <= near + left))
						fail_msg("%s, shape %d: score %zu of ask %zu: parts add up to %g, not %g", kinds[k], shape, i, a, sum, (double)score[to[a][i]]);
				}
			}
			close_subject(&s);
		}
}

static void company_and_threads_change_no_bit(void **state)
{
	static float alone[OWN];
	struct err e = { 0 };
	struct par *pool = par_new(3, &e);
	(void)state;

	for (int k = 0; k < KINDS; k++) {
		struct subject s;
		open_subject(&s, kinds[k], WEIGH_LOG, pool);
		make_asks(&s.h);
		assert_int_equal(explain_run(&s.scorer, asks, ASKS, &s.h, NULL, pool, &e), 0);
		for (size_t a = 0; a < ASKS; a += 3)
			for (size_t i = 0; i < asks[a].n; i++) {
				size_t n = s.h.start[asks[a].row + 1] - s.h.start[asks[a].row];
				struct explain_ask one = { asks[a].row, &to[a][i], 1, alone, NULL };
				assert_int_equal(explain_run(&s.scorer, &one, 1, &s.h, NULL, NULL, &e), 0);
				assert_memory_equal(alone, asks[a].part + i * n, n * sizeof *alone);
			}
		assert_int_equal(explain_run(&s.scorer, NULL, 0, &s.h, NULL, pool, &e), 0);
		close_subject(&s);
	}
	par_free(pool);
}

static void popularity_has_no_reasons(void **state)
{
	struct subject s;
	struct err e = { 0 };
	(void)state;

	open_subject(&s, "pop", WEIGH_LOG, NULL);
	assert_non_null(strstr(explain_can(&s.scorer), "the same for everybody"));
	assert_int_equal(explain_run(&s.scorer, NULL, 0, &s.h, NULL, NULL, &e), ERR_DATA);
	close_subject(&s);
}

static void a_blend_is_its_parts_together(void **state)
{
	static const char *const part[] = { "als", "graph", "ease", "als bias" };
	static const double weight[] = { 0.4, 0.3, 0.3, 0 };
	static float score[ITEMS];
	char path[] = "/tmp/u-explain.XXXXXX";
	struct err e = { 0 };
	struct subject s[4];
	struct blend b = { 0 };
	struct model model;
	struct scorer scorer;
	(void)state;

	for (int k = 0; k < 4; k++) {
		is_reversed = k == 1;
		open_subject(&s[k], part[k], WEIGH_LOG, NULL);
		if (blend_add(&b, s[k].path, NULL, &e))
			fail_msg("%s", e.msg);
		b.part[k].weight = weight[k];
	}
	is_reversed = false;
	close(mkstemp(path));
	struct sink *out = sink_open(path, &e);
	assert_int_equal(blend_save(&b, out, NULL, NULL, &e) | sink_close(out, &e), 0);
	blend_release(&b);
	if (model_open(&model, path, &e) || model_ids(&model, MODEL_ITEMS, &e) || scorer_open(&scorer, &model, NULL, &e))
		fail_msg("%s", e.msg);
	assert_null(explain_can(&scorer));
	const struct csr *h = &s[0].h;
	make_asks(h);
	if (explain_run(&scorer, asks, ASKS, h, NULL, NULL, &e))
		fail_msg("%s", e.msg);
	for (size_t a = 0; a < ASKS; a++) {
		size_t n = h->start[asks[a].row + 1] - h->start[asks[a].row];
		assert_int_equal(scorer_scores(&scorer, score, h, NULL, asks[a].row, 1, NULL, &e), 0);
		for (size_t i = 0; i < asks[a].n; i++) {
			double sum = (double)rest[a][i], size = 0.1;
			for (size_t j = 0; j < n; j++) {
				sum += (double)asks[a].part[i * n + j];
				size += fabs((double)asks[a].part[i * n + j]);
			}
			if (!(fabs(sum - (double)score[to[a][i]]) <= 1e-4 * size))
				fail_msg("score %zu of ask %zu: parts add up to %g, not %g", i, a, sum, (double)score[to[a][i]]);
		}
	}
	scorer_release(&scorer);
	model_release(&model);
	unlink(path);
	for (int k = 0; k < 4; k++)
		close_subject(&s[k]);
}

static void a_folded_graph_user_is_the_smooth_part(void **state)
{
	static double h[ITEMS], b[ITEMS];
	struct subject s;
	struct graph g;
	struct err e = { 0 };
	float x[D];
	(void)state;

	open_subject(&s, "graph", WEIGH_LOG, NULL);
	assert_int_equal(graph_fold_open(&g, &s.model, &e), 0);
	for (size_t u = 0; u < USERS; u++) {
		size_t from = s.h.start[u], n = s.h.start[u + 1] - from;
		double most = 0;
		memset(h, 0, sizeof h);
		memset(b, 0, sizeof b);
		for (size_t j = from; j < from + n; j++)
			h[s.h.col[j]] = (double)weigh_pair(&g.weigh, s.h.val[j]);
		graph_smooth(&g, h, b);
		graph_fold(&g, x, s.h.col + from, s.h.val + from, n);
		for (size_t i = 0; i < ITEMS; i++)
			most = fabs(b[i]) > most ? fabs(b[i]) : most;
		for (size_t i = 0; i < ITEMS; i++) {
			double dot = 0;
			for (size_t k = 0; k < D; k++)
				dot += (double)x[k] * (double)g.vec[i * D + k];
			assert_true(fabs(dot - b[i]) <= 1e-5 * most);
		}
		assert_true(n ? most > 0 : most == 0);
	}
	graph_release(&g);
	close_subject(&s);
	open_subject(&s, "ease", WEIGH_LOG, NULL);
	assert_int_equal(graph_fold_open(&g, &s.model, &e), ERR_DATA);
	close_subject(&s);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(parts_are_the_formula_and_add_up),
		cmocka_unit_test(company_and_threads_change_no_bit),
		cmocka_unit_test(popularity_has_no_reasons),
		cmocka_unit_test(a_blend_is_its_parts_together),
		cmocka_unit_test(a_folded_graph_user_is_the_smooth_part),
	};

	return cmocka_run_group_tests_name("explain", all, NULL, NULL);
}
