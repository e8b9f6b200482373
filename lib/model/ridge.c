#include "ridge.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "../num/fmath.h"
#include "../num/num.h"

const char *const ridge_solver_name[] = { "exact", "block", "cg" };

enum {
	EXACT_MAX = 512,		/* components up to which a row from nothing is solved exactly, whatever the solver; beyond: */
	PASSES = 8, STEPS = 24,		/* of block and cg */
};

void ridge_from_nothing(struct ridge *q)
{
	if (q->d <= EXACT_MAX)
		q->solver = RIDGE_EXACT;
	q->steps = q->solver == RIDGE_BLOCK ? PASSES : STEPS;
}

int ridge_error(struct err *e, const char *who, size_t bad)
{
	if (bad == RIDGE_NOT_FINITE)
		return err_set(e, ERR_NUMERIC, "the vector of %s is not finite: the weights are too large or --lambda is too small", who);
	return err_set(e, ERR_NUMERIC, "the equations of %s are not positive definite (pivot %zu): --lambda or --unobserved is too small", who, bad);
}

enum { AT_ONCE = 16 };		/* rows */

static size_t in_lines(size_t floats) { return (floats + 15) / 16 * 16; }

static size_t block_of(const struct ridge *q)
{
	return q->block && q->block < q->d ? q->block : q->d;
}

size_t ridge_scratch(const struct ridge *q, size_t n)
{
	size_t b = block_of(q);

	switch (q->solver) {
	case RIDGE_EXACT:
		return in_lines(q->d * q->d + num_syrk_scratch(q->d));
	case RIDGE_BLOCK:
		return in_lines(b * b) + in_lines(b) + 2 * in_lines(n) + in_lines(num_syrk_scratch(b));
	case RIDGE_CG:
		return 3 * in_lines(q->d);
	}
	return 0;
}

double ridge_weight(const struct ridge *q, double weight)
{
	return q->lambda * fm_pow(weight + q->w0 * (double)q->n_other, q->nu);
}

/* drop - take component f, one of the last two and held at 1, out of A x = b: d - 1 equations are left, those behind it move up. */
static void drop(float *A, float *b, size_t d, size_t f)
{
	for (size_t i = 0; i < f; i++)
		b[i] -= A[f * d + i];
	if (f + 2 == d) {
		float *to = A + f * d, *from = to + d;
		b[f] = b[f + 1] - from[f];
		memcpy(to, from, f * sizeof *to);
		to[f] = from[f + 1];
	}
}

/* put_back - x as solved without component f becomes whole. */
static void put_back(float *x, size_t d, size_t f)
{
	if (f + 2 == d)
		x[f + 1] = x[f];
	x[f] = 1;
}

static size_t solve_exact(const struct ridge *q, float *x, const uint32_t *col, const float *w, size_t n, float reg, float *scratch)
{
	size_t d = q->d, free = q->fixed == RIDGE_ALL_FREE ? d : d - 1, bad;
	float *A = scratch;

	memcpy(A, q->base, d * d * sizeof *A);
	memset(x, 0, d * sizeof *x);
	num_syrk_rows(A, d, q->Y, d, col, w, n, d, scratch + d * d);
	num_axpy_rows(x, q->Y, d, col, w, n, d);
	if (free < d)
		drop(A, x, d, q->fixed);
	for (size_t i = 0; i < free; i++)
		A[i * d + i] += reg;
	if ((bad = num_chol(A, d, free)))
		return bad;
	num_chol_solve(A, d, x, free);
	if (free < d)
		put_back(x, d, q->fixed);
	return 0;
}

/* solve_part - components at .. at + b, the others fixed: their equations for the step from x. miss [n] holds 1 - x.y_j, and does again behind it unless is_last. */
static size_t solve_part(const struct ridge *q, float *x, size_t at, size_t b, const uint32_t *col, const float *w, size_t n, float *miss, float *t, float reg,
			 float *scratch, bool is_last)
{
	size_t d = q->d, bad;
	float *H = scratch, *g = H + in_lines(b * b);

	num_dots(g, x, q->base + at * d, b, d, d);
	for (size_t i = 0; i < b; i++)
		g[i] = -g[i] - reg * x[at + i];
	for (size_t j = 0; j < n; j++)
		t[j] = w[j] * miss[j];
	num_axpy_rows(g, q->Y + at, d, col, t, n, b);
	for (size_t i = 0; i < b; i++) {
		memcpy(H + i * b, q->base + (at + i) * d + at, (i + 1) * sizeof *H);
		H[i * b + i] += reg;
	}
	num_syrk_rows(H, b, q->Y + at, d, col, w, n, b, g + in_lines(b));
	if ((bad = num_chol(H, b, b)))
		return at + bad;
	num_chol_solve(H, b, g, b);
	for (size_t i = 0; i < b; i++)
		x[at + i] += g[i];
	if (is_last)
		return 0;
	num_dots_rows(t, g, q->Y + at, d, col, n, b);
	for (size_t j = 0; j < n; j++)
		miss[j] -= t[j];
	return 0;
}

static size_t solve_blocks(const struct ridge *q, float *x, const uint32_t *col, const float *w, size_t n, float reg, float *scratch)
{
	size_t b = block_of(q), d = q->d;
	float *miss = scratch, *t = miss + in_lines(n), *rest = t + in_lines(n);

	for (size_t j = 0, m; j < n; j += m) {
		m = n - j < AT_ONCE ? n - j : AT_ONCE;
		num_fetch_rows(q->Y, d, col + j + m, n - j - m < AT_ONCE ? n - j - m : AT_ONCE, d);
		num_dots_rows(miss + j, x, q->Y, d, col + j, m, d);
		for (size_t i = j; i < j + m; i++)
			miss[i] = 1 - miss[i];
	}
	for (int s = 0; s < q->steps; s++)
		for (size_t at = 0, next; at < d; at = next) {
			size_t end = d - at < b ? d : at + b, bad;
			if (at <= q->fixed && end > q->fixed)	/* up to the one that is held, and on behind it */
				end = q->fixed;
			next = end == q->fixed ? end + 1 : end;
			if (end > at && (bad = solve_part(q, x, at, end - at, col, w, n, miss, t, reg, rest, s + 1 == q->steps && next == d)))
				return bad;
		}
	return 0;
}

/* add_pairs - to [d] += sum over the pairs of w_j (target - v.y_j) y_j; a few rows at a time, so that each comes from memory once and is read again where it is near. */
static void add_pairs(const struct ridge *q, float *to, const float *v, const uint32_t *col, const float *w, size_t n, float target, bool is_first)
{
	size_t d = q->d;
	float t[AT_ONCE];

	for (size_t j = 0, m; j < n; j += m) {
		m = n - j < AT_ONCE ? n - j : AT_ONCE;
		if (is_first && j + m < n)
			num_fetch_rows(q->Y, d, col + j + m, n - j - m < AT_ONCE ? n - j - m : AT_ONCE, d);
		num_dots_rows(t, v, q->Y, d, col + j, m, d);
		for (size_t i = 0; i < m; i++)
			t[i] = w[j + i] * (target - t[i]);
		num_axpy_rows(to, q->Y, d, col + j, t, m, d);
	}
}

static size_t solve_cg(const struct ridge *q, float *x, const uint32_t *col, const float *w, size_t n, float reg, float *scratch)
{
	size_t d = q->d;
	float *r = scratch, *p = r + in_lines(d), *Ap = p + in_lines(d);

	/* the residual: B and the regularisation take from it what x has, the pairs add what they miss */
	num_dots(r, x, q->base, d, d, d);
	for (size_t i = 0; i < d; i++)
		r[i] = -r[i] - reg * x[i];
	add_pairs(q, r, x, col, w, n, 1, true);
	if (q->fixed != RIDGE_ALL_FREE)
		r[q->fixed] = 0;
	memcpy(p, r, d * sizeof *p);
	float rr = num_dot(r, r, d), first = rr;
	for (int s = 0; s < q->steps && rr > 1e-14f * first; s++) {
		num_dots(Ap, p, q->base, d, d, d);		/* -A p: the pairs come with that sign */
		for (size_t i = 0; i < d; i++)
			Ap[i] = -Ap[i] - reg * p[i];
		add_pairs(q, Ap, p, col, w, n, 0, false);
		if (q->fixed != RIDGE_ALL_FREE)
			Ap[q->fixed] = 0;
		float pAp = -num_dot(p, Ap, d);
		if (!(pAp > 0))
			return pAp <= 0 ? 1 : RIDGE_NOT_FINITE;
		float a = rr / pAp, was = rr;
		num_axpy(x, a, p, d);
		num_axpy(r, a, Ap, d);
		rr = num_dot(r, r, d);
		num_scale(p, rr / was, d);
		num_axpy(p, 1, r, d);
	}
	return 0;
}

size_t ridge_solve(const struct ridge *q, float *x, const uint32_t *col, const float *w, size_t n, float *scratch)
{
	double weight = 0;
	size_t bad;

	for (size_t j = 0; j < n; j++)
		weight += (double)w[j];
	float reg = (float)ridge_weight(q, weight);
	if (q->fixed != RIDGE_ALL_FREE)
		x[q->fixed] = 1;
	if (q->solver == RIDGE_EXACT)
		bad = solve_exact(q, x, col, w, n, reg, scratch);
	else if (q->solver == RIDGE_BLOCK)
		bad = solve_blocks(q, x, col, w, n, reg, scratch);
	else
		bad = solve_cg(q, x, col, w, n, reg, scratch);
	return bad ? bad : num_is_finite(x, q->d) ? 0 : RIDGE_NOT_FINITE;
}

size_t ridge_explain_scratch(const struct ridge *q)
{
	return in_lines(q->d * q->d + num_syrk_scratch(q->d)) + in_lines(q->d);
}

size_t ridge_explain(const struct ridge *q, float *part, float *rest, const uint32_t *to, size_t n_to, const uint32_t *col, const float *w, size_t n, float *scratch)
{
	size_t d = q->d, free = q->fixed == RIDGE_ALL_FREE ? d : d - 1, bad;
	float *A = scratch, *z = A + in_lines(d * d + num_syrk_scratch(d)), reg;
	double weight = 0;

	assert(free == d || q->fixed == free);
	for (size_t j = 0; j < n; j++)
		weight += (double)w[j];
	reg = (float)ridge_weight(q, weight);
	memcpy(A, q->base, d * d * sizeof *A);
	num_syrk_rows(A, d, q->Y, d, col, w, n, d, A + d * d);
	for (size_t i = 0; i < free; i++)
		A[i * d + i] += reg;
	if ((bad = num_chol(A, d, free)))
		return bad;
	for (size_t k = 0; k < n_to; k++) {
		const float *y = q->Y + to[k] * d;
		memcpy(z, y, free * sizeof *z);
		num_chol_solve(A, d, z, free);
		rest[k] = free < d ? y[free] - num_dot(z, q->base + free * d, free) : 0;
		for (size_t j = 0; j < n; j++) {
			const float *own = q->Y + col[j] * d;
			part[k * n + j] = w[j] * (free < d ? 1 - own[free] : 1) * num_dot(z, own, free);
		}
	}
	return num_is_finite(part, n_to * n) && num_is_finite(rest, n_to) ? 0 : RIDGE_NOT_FINITE;
}
