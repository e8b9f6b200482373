/* graph: scores against the formulas in dense doubles, the basis is orthonormal and invariant, the same bits for any number of threads, hostile files are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/model/graph.h"
#include "../lib/num/num.h"

enum { USERS = 30, ITEMS = 17 };

static void random_pairs(struct csr *m, uint64_t seed, bool has_weights)
{
	uint32_t user[400], item[400];
	float w[400];
	struct err e = { 0 };
	struct pcg32 r;

	pcg32_seed(&r, seed, 1);
	for (int i = 0; i < 400; i++) {
		user[i] = pcg32_bounded(&r, USERS - 1);		/* the last user and item have nothing */
		item[i] = pcg32_bounded(&r, 1 + pcg32_bounded(&r, ITEMS - 1));
		w[i] = has_weights ? 1 + (float)pcg32_bounded(&r, 4) : 1;
	}
	assert_int_equal(csr_from_pairs(m, user, item, w, 120, USERS, ITEMS, &e), 0);
}

/* reference - the scores of user u by the formulas, V V^T the projector on the rows of R' (d at least its rank). */
static void reference(double *s, const struct csr *m, const struct weigh *w, const struct graph_opts *o, size_t u)
{
	static double R[USERS][ITEMS], P[ITEMS][ITEMS], Q[USERS][ITEMS];
	double du[USERS] = { 0 }, di[ITEMS] = { 0 }, x[ITEMS], y[ITEMS], norm = 0, term[ITEMS];
	size_t n_q = 0;

	memset(R, 0, sizeof R);
	for (size_t v = 0; v < USERS; v++)
		for (size_t j = m->start[v]; j < m->start[v + 1]; j++) {
			R[v][m->col[j]] = weigh_pair(w, m->val[j]);
			du[v] += R[v][m->col[j]];
			di[m->col[j]] += R[v][m->col[j]];
		}
	double h[ITEMS];
	memcpy(h, R[u], sizeof h);
	for (size_t v = 0; v < USERS; v++)
		for (size_t i = 0; i < ITEMS; i++)
			R[v][i] = R[v][i] ? R[v][i] * pow(du[v], -o->row_power) * pow(di[i], -o->col_power) : 0;
	for (size_t i = 0; i < ITEMS; i++) {
		x[i] = 1;
		for (size_t j = 0; j < ITEMS; j++) {
			P[i][j] = 0;
			for (size_t v = 0; v < USERS; v++)
				P[i][j] += R[v][i] * R[v][j];
		}
	}
	for (int k = 0; k < 2000; k++) {
		norm = 0;
		for (size_t i = 0; i < ITEMS; i++) {
			y[i] = 0;
			for (size_t j = 0; j < ITEMS; j++)
				y[i] += P[i][j] * x[j];
			norm += y[i] * y[i];
		}
		norm = sqrt(norm);
		for (size_t i = 0; i < ITEMS; i++)
			x[i] = y[i] / norm;
	}
	for (size_t i = 0; i < ITEMS; i++)
		for (size_t j = 0; j < ITEMS; j++)
			P[i][j] /= norm;
	for (size_t v = 0; v < USERS; v++) {		/* an orthonormal basis of the rows */
		memcpy(Q[n_q], R[v], sizeof R[v]);
		double before = 0, after = 0;
		for (size_t i = 0; i < ITEMS; i++)
			before += Q[n_q][i] * Q[n_q][i];
		for (int twice = 0; twice < 2; twice++)
			for (size_t b = 0; b < n_q; b++) {
				double dot = 0;
				for (size_t i = 0; i < ITEMS; i++)
					dot += Q[b][i] * Q[n_q][i];
				for (size_t i = 0; i < ITEMS; i++)
					Q[n_q][i] -= dot * Q[b][i];
			}
		for (size_t i = 0; i < ITEMS; i++)
			after += Q[n_q][i] * Q[n_q][i];
		if (after < 1e-12 * before || !before)
			continue;
		for (size_t i = 0; i < ITEMS; i++)
			Q[n_q][i] /= sqrt(after);
		n_q++;
	}
	for (size_t i = 0; i < ITEMS; i++) {
		s[i] = 0;
		for (size_t j = 0; j < ITEMS; j++)
			s[i] += P[i][j] * h[j];
		for (size_t b = 0; b < n_q && o->d; b++)
			for (size_t j = 0; j < ITEMS; j++)
				s[i] += di[j] > 0 ? o->low * sqrt(di[i]) * Q[b][i] * Q[b][j] * h[j] / sqrt(di[j]) : 0;
		term[i] = s[i];
	}
	for (int k = 1; k <= GRAPH_ORDER; k++) {
		for (size_t i = 0; i < ITEMS; i++) {
			y[i] = 0;
			for (size_t j = 0; j < ITEMS; j++)
				y[i] += P[i][j] * term[j];
		}
		for (size_t i = 0; i < ITEMS; i++)
			s[i] += term[i] = -o->sharpen / k * y[i];
	}
}

static void scores_follow_the_formulas(void **state)
{
	static const struct graph_opts t[] = { { 0, 0.5, 0.5, 0, 0, 3, 1 }, { 0, 0.3, 0.4, 0, 2, 3, 1 }, { ITEMS, 0.5, 0.5, 0.3, 0, 30, 1 }, { ITEMS, 0.3, 0.4, 0.1, 2, 30, 7 }, { 999, 0, 1, 2, 0.5, 30, 1 } };
	struct weigh w;
	struct err e = { 0 };

	(void)state;
	weigh_init(&w);
	for (size_t k = 0; k < sizeof t / sizeof *t; k++)
		for (int shape = 0; shape < 3; shape++) {
			struct csr m, copy;
			struct graph g;
			w.shape = (enum weigh_shape)shape;
			random_pairs(&m, k + 1, true);
			random_pairs(&copy, k + 1, true);
			assert_int_equal(graph_make(&g, &copy, &w, &t[k], NULL, &e), 0);
			assert_null(copy.start);
			float *out = mem_new(USERS * ITEMS, sizeof *out);
			assert_int_equal(graph_scores(&g, out, &m, 0, USERS, NULL, &e), 0);
			for (size_t u = 0; u < USERS; u++) {
				double want[ITEMS], most = 0;
				reference(want, &m, &w, &t[k], u);
				for (size_t i = 0; i < ITEMS; i++)
					most = fabs(want[i]) > most ? fabs(want[i]) : most;
				for (size_t i = 0; i < ITEMS; i++)
					if (!(fabs(out[u * ITEMS + i] - want[i]) <= 2e-4 * (most + 1e-6)))
						fail_msg("options %zu, shape %d, user %zu, item %zu: %g, wanted %g", k, shape, u, i, (double)out[u * ITEMS + i], want[i]);
			}
			/* one at a time is the same */
			float alone[ITEMS];
			for (size_t u = 0; u < USERS; u += 7) {
				assert_int_equal(graph_scores(&g, alone, &m, u, 1, NULL, &e), 0);
				assert_memory_equal(alone, out + u * ITEMS, sizeof alone);
			}
			mem_free(out);
			graph_release(&g);
			csr_release(&m);
		}
	weigh_release(&w);
}

static void the_basis_is_orthonormal_and_invariant(void **state)
{
	struct graph_opts o = { 5, 0.5, 0.5, 1, 1, 200, 3 };
	struct weigh w;
	struct csr m;
	struct graph g;
	struct err e = { 0 };
	float V[ITEMS * 5], y[ITEMS], t[USERS];

	(void)state;
	weigh_init(&w);
	random_pairs(&m, 9, false);
	assert_int_equal(graph_make(&g, &m, &w, &o, NULL, &e), 0);
	for (size_t i = 0; i < ITEMS; i++)
		for (size_t k = 0; k < 5; k++)
			V[i * 5 + k] = g.degree[i] > 0 ? g.vec[i * 5 + k] / sqrtf(g.degree[i]) : 0;
	for (size_t a = 0; a < 5; a++) {
		double left = 0;
		memset(t, 0, sizeof t);
		for (size_t u = 0; u < USERS; u++)
			for (size_t j = g.rows.start[u]; j < g.rows.start[u + 1]; j++)
				t[u] += g.rows.val[j] * V[g.rows.col[j] * 5 + a];
		memset(y, 0, sizeof y);
		for (size_t u = 0; u < USERS; u++)
			for (size_t j = g.rows.start[u]; j < g.rows.start[u + 1]; j++)
				y[g.rows.col[j]] += g.rows.val[j] * t[u];
		for (size_t b = 0; b < 5; b++) {
			double dot = 0, in = 0;
			for (size_t i = 0; i < ITEMS; i++) {
				dot += (double)V[i * 5 + a] * V[i * 5 + b];
				in += (double)V[i * 5 + b] * y[i];
			}
			assert_true(fabs(dot - (a == b)) < 1e-4);
			for (size_t i = 0; i < ITEMS; i++)
				y[i] -= (float)in * V[i * 5 + b];
		}
		for (size_t i = 0; i < ITEMS; i++)
			left += (double)y[i] * y[i];
		assert_true(sqrt(left) < 1e-3);		/* P V stays in the span of V */
	}
	graph_release(&g);
	weigh_release(&w);
}

static void nothing_to_learn_from(void **state)
{
	struct graph_opts o = { 5, 0.5, 0.5, 1, 1, 3, 1 };
	struct csr none = { 0 };
	struct weigh w;
	struct graph g;
	struct err e = { 0 };

	(void)state;
	weigh_init(&w);
	assert_int_equal(csr_from_pairs(&none, NULL, NULL, NULL, 0, 3, 4, &e), 0);
	assert_int_equal(graph_make(&g, &none, &w, &o, NULL, &e), ERR_DATA);
	assert_string_equal(e.msg, "no events to learn from: those read all weigh 0");
	weigh_release(&w);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(scores_follow_the_formulas),
		cmocka_unit_test(the_basis_is_orthonormal_and_invariant),
		cmocka_unit_test(nothing_to_learn_from),
	};

	return cmocka_run_group_tests_name("graph", all, NULL, NULL);
}
