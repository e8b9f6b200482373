#include "graph.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/rng.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum { CHUNK_ROWS = 128, POWER_STEPS = 40 };

/* ---- products with a sparse matrix ---- */

struct product { const struct csr *m; const float *x; float *y; size_t d; };

static void product_chunk(void *ctx, size_t chunk, int worker)
{
	const struct product *p = ctx;
	size_t end = (chunk + 1) * CHUNK_ROWS < p->m->n_rows ? (chunk + 1) * CHUNK_ROWS : p->m->n_rows;

	(void)worker;
	for (size_t r = chunk * CHUNK_ROWS; r < end; r++) {
		size_t from = p->m->start[r], n = p->m->start[r + 1] - from;
		memset(p->y + r * p->d, 0, p->d * sizeof *p->y);
		num_axpy_rows(p->y + r * p->d, p->x, p->d, p->m->col + from, p->m->val + from, n, p->d);
	}
}

/* product - y [rows x d] = m x, x [columns x d]. */
static void product(const struct csr *m, const float *x, float *y, size_t d, struct par *pool)
{
	struct product p = { m, x, y, d };

	par_for(pool, (m->n_rows + CHUNK_ROWS - 1) / CHUNK_ROWS, product_chunk, &p);
}

/* step - y = P x; t [users x d] is scratch. */
static void step(const struct graph *g, const float *x, float *y, float *t, size_t d, struct par *pool)
{
	product(&g->rows, x, t, d, pool);
	product(&g->cols, t, y, d, pool);
}

/* ---- making ---- */

static void degrees(const struct csr *R, double *du, double *di)
{
	for (size_t u = 0; u < R->n_rows; u++)
		for (size_t j = R->start[u]; j < R->start[u + 1]; j++) {
			du[u] += (double)R->val[j];
			di[R->col[j]] += (double)R->val[j];
		}
}

/* scale_by_degrees - R becomes R' but for s1. */
static int scale_by_degrees(struct graph *g, const struct weigh *w, struct err *e)
{
	struct csr *R = &g->rows;
	double *du = mem_try0(R->n_rows, sizeof *du, "degrees", e), *di = mem_try0(R->n_cols, sizeof *di, "degrees", e);

	if (du && di && (g->degree = mem_try(R->n_cols, sizeof *g->degree, "degrees", e))) {
		for (size_t j = 0; j < R->start[R->n_rows]; j++)
			R->val[j] = weigh_pair(w, R->val[j]);
		degrees(R, du, di);
		for (size_t i = 0; i < R->n_cols; i++)
			g->degree[i] = (float)di[i];
		for (size_t i = 0; i < R->n_cols; i++)
			di[i] = di[i] > 0 ? fm_pow(di[i], -g->o.col_power) : 0;
		for (size_t u = 0; u < R->n_rows; u++) {
			double f = du[u] > 0 ? fm_pow(du[u], -g->o.row_power) : 0;
			for (size_t j = R->start[u]; j < R->start[u + 1]; j++)
				R->val[j] = (float)((double)R->val[j] * f * di[R->col[j]]);
		}
	}
	mem_free(du);
	mem_free(di);
	return e->code;
}

/* scale_to_one - divide by the largest singular value, found by power iteration. */
static int scale_to_one(struct graph *g, struct par *pool, struct err *e)
{
	size_t n = g->n_items, pairs = g->rows.start[g->rows.n_rows];
	float *x = mem_try(n, sizeof *x, "a vector", e), *y = mem_try(n, sizeof *y, "a vector", e), *t = mem_try(g->rows.n_rows, sizeof *t, "a vector", e);
	double norm = 0;

	if (x && y && t) {
		for (size_t i = 0; i < n; i++)
			x[i] = 1;
		for (int k = 0; k < POWER_STEPS; k++) {
			step(g, x, y, t, 1, pool);
			norm = num_norm(y, n);
			for (size_t i = 0; i < n; i++)
				x[i] = norm > 0 ? (float)(y[i] / norm) : 0;
		}
		if (!(norm > 0 && norm < 1e30))
			err_set(e, ERR_NUMERIC, "the pairs' weights have no largest singular value (%g)", norm);
		float f = (float)(1 / sqrt(norm));
		num_scale(g->rows.val, f, pairs);
		num_scale(g->cols.val, f, pairs);
	}
	mem_free(x);
	mem_free(y);
	mem_free(t);
	return e->code;
}

/* invert_lower - X [d x d] = L^-1, in double on the way. */
static void invert_lower(float *X, const float *L, size_t d, double *column)
{
	memset(X, 0, d * d * sizeof *X);
	for (size_t c = 0; c < d; c++)
		for (size_t i = c; i < d; i++) {
			double s = i == c;
			for (size_t j = c; j < i; j++)
				s -= (double)L[i * d + j] * column[j];
			column[i] = s / (double)L[i * d + i];
			X[i * d + c] = (float)column[i];
		}
}

/* is_full - had every pivot of the Cholesky factor at least a millionth of its diagonal left? */
static bool is_full(const float *L, const float *diagonal, size_t d)
{
	for (size_t i = 0; i < d; i++)
		if (!(L[i * d + i] * L[i * d + i] > 1e-6f * diagonal[i]))
			return false;
	return true;
}

/* gram_schmidt - for columns that hardly differ: one after the other, twice each, and what is left of a column that is nothing new is zero. */
static void gram_schmidt(float *Y, size_t n, size_t d)
{
	for (size_t c = 0; c < d; c++) {
		double before = 0, after = 0;
		for (size_t i = 0; i < n; i++)
			before += (double)Y[i * d + c] * (double)Y[i * d + c];
		for (int twice = 0; twice < 2; twice++)
			for (size_t b = 0; b < c; b++) {
				double s = 0;
				for (size_t i = 0; i < n; i++)
					s += (double)Y[i * d + b] * (double)Y[i * d + c];
				for (size_t i = 0; i < n; i++)
					Y[i * d + c] -= (float)(s * (double)Y[i * d + b]);
			}
		for (size_t i = 0; i < n; i++)
			after += (double)Y[i * d + c] * (double)Y[i * d + c];
		double f = after > 1e-6 * before && after > 0 ? 1 / sqrt(after) : 0;
		for (size_t i = 0; i < n; i++)
			Y[i * d + c] = (float)((double)Y[i * d + c] * f);
	}
}

/* orthonormalise - the columns of Y [n x d]; Z is scratch of that size, S of 2 d^2 + d + 1 floats and d doubles. */
static int orthonormalise(float *Y, float *Z, float *S, size_t n, size_t d, struct par *pool, struct err *e)
{
	float *G = S, *X = S + d * d, *diagonal = S + 2 * d * d;
	double *column = (double *)(void *)(S + 2 * d * d + d + (d & 1));

	for (int twice = 0; twice < 2; twice++) {
		if (num_gram(G, Y, n, d, d, pool, e))
			return e->code;
		for (size_t i = 0; i < d; i++)
			diagonal[i] = G[i * d + i];
		if (num_chol(G, d, d) || !is_full(G, diagonal, d)) {
			gram_schmidt(Y, n, d);
			return 0;
		}
		invert_lower(X, G, d, column);
		if (num_gemm(Z, d, Y, d, NUM_N, X, d, NUM_T, n, d, d, false, pool, e))
			return e->code;
		memcpy(Y, Z, n * d * sizeof *Y);
	}
	return 0;
}

struct fill { float *v; size_t n, d; uint64_t seed; };

static void fill_chunk(void *ctx, size_t chunk, int worker)
{
	const struct fill *f = ctx;
	size_t end = (chunk + 1) * CHUNK_ROWS < f->n ? (chunk + 1) * CHUNK_ROWS : f->n;
	struct pcg32 r;

	(void)worker;
	for (size_t i = chunk * CHUNK_ROWS; i < end; i++) {
		pcg32_seed(&r, f->seed, i);
		for (size_t k = 0; k < f->d; k++)
			f->v[i * f->d + k] = fm_normal(&r);
	}
}

/* find_basis - V, then vec = D^1/2 V. */
static int find_basis(struct graph *g, struct par *pool, struct err *e)
{
	size_t n = g->n_items, d = g->o.d, room = 2 * d * d + d + 2 + 2 * d;
	float *Y = mem_try(n * d, sizeof *Y, "singular vectors", e), *Z = mem_try(n * d, sizeof *Z, "singular vectors", e);
	float *T = mem_try(g->rows.n_rows * d, sizeof *T, "singular vectors", e), *S = mem_try(room, sizeof *S, "singular vectors", e);
	struct fill f = { Y, n, d, g->o.seed };

	if (Y && Z && T && S) {
		par_for(pool, (n + CHUNK_ROWS - 1) / CHUNK_ROWS, fill_chunk, &f);
		for (int k = 0; k < g->o.iterations && !e->code; k++) {
			step(g, Y, Z, T, d, pool);
			memcpy(Y, Z, n * d * sizeof *Y);
			orthonormalise(Y, Z, S, n, d, pool, e);
		}
		for (size_t i = 0; i < n; i++)
			num_scale(Y + i * d, sqrtf(g->degree[i]), d);
		if (!e->code && !num_is_finite(Y, n * d))
			err_set(e, ERR_NUMERIC, "a singular vector is not finite");
	}
	mem_free(Z);
	mem_free(T);
	mem_free(S);
	g->vec = Y;
	return e->code;
}

int graph_make(struct graph *g, struct csr *R, const struct weigh *w, const struct graph_opts *o, struct par *pool, struct err *e)
{
	size_t most = R->n_rows < R->n_cols ? R->n_rows : R->n_cols;

	*g = (struct graph){ .o = *o, .n_items = R->n_cols, .rows = *R, .owns_rows = true, .owns_vec = true };
	*R = (struct csr){ 0 };
	if (g->o.d > most)
		g->o.d = most;
	if (!g->rows.start || !g->rows.start[g->rows.n_rows])
		err_set(e, ERR_DATA, "no events to learn from%s", g->rows.n_rows ? ": those read all weigh 0" : "");
	weigh_copy(&g->weigh, w);
	if (e->code || scale_by_degrees(g, w, e) || csr_transpose(&g->cols, &g->rows, e) || scale_to_one(g, pool, e) ||
	    (g->o.d && find_basis(g, pool, e)))
		graph_release(g);
	return e->code;
}

void graph_release(struct graph *g)
{
	weigh_release(&g->weigh);
	if (g->owns_rows)
		csr_release(&g->rows);
	if (g->owns_vec) {
		mem_free(g->vec);
		mem_free(g->degree);
	}
	csr_release(&g->cols);
	mem_free(g->scratch);
	*g = (struct graph){ 0 };
}

/* ---- the file ---- */

static void save_meta(const struct graph *g, struct artifactw *a, size_t n_users, uint64_t n_events)
{
	model_put_meta(a, n_users, g->n_items, n_events);
	artifactw_meta(a, "d", "%zu", g->o.d);
	model_put_number(a, "row_power", g->o.row_power);
	model_put_number(a, "col_power", g->o.col_power);
	model_put_number(a, "low", g->o.low);
	model_put_number(a, "sharpen", g->o.sharpen);
	artifactw_meta(a, "iterations", "%d", g->o.iterations);
	artifactw_meta(a, "seed", "%llu", (unsigned long long)g->o.seed);
	weigh_put(&g->weigh, a);
	artifactw_meta(a, "n_pairs", "%zu", g->rows.start[g->rows.n_rows]);
	model_put_tuned(a, g->o.tuned);
}

int graph_save(const struct graph *g, struct sink *s, size_t n_users, const struct vocab *item, uint64_t n_events, const struct prov *prov, struct err *e)
{
	uint64_t n = g->n_items, rows = g->rows.n_rows + 1, pairs = g->rows.start[g->rows.n_rows], vec[2] = { n, g->o.d };
	double *count = mem_try(n, sizeof *count, "counts of items", e);
	struct artifactw *a = count ? artifactw_new(s, KIND_MODEL, "graph", e) : NULL;

	_Static_assert(sizeof(size_t) == sizeof(uint64_t), "starts are written as they are");
	for (size_t i = 0; a && i < n; i++)
		count[i] = (double)(g->cols.start[i + 1] - g->cols.start[i]);
	if (a)
		save_meta(g, a, n_users, n_events);
	if (a && (!g->o.d || !artifactw_tensor(a, "item.vec", DTYPE_F32, 2, vec, g->vec, e)) &&
	    !artifactw_tensor(a, "item.degree", DTYPE_F32, 1, &n, g->degree, e) && !artifactw_tensor(a, "item.count", DTYPE_F64, 1, &n, count, e) &&
	    !artifactw_vocab(a, "item", item, e) && !artifactw_tensor(a, "graph.start", DTYPE_U64, 1, &rows, g->rows.start, e) &&
	    !artifactw_tensor(a, "graph.col", DTYPE_U32, 1, &pairs, g->rows.col, e) && !artifactw_tensor(a, "graph.val", DTYPE_F32, 1, &pairs, g->rows.val, e))
		artifactw_finish(a, prov, e);
	artifactw_free(a);
	mem_free(count);
	return e->code;
}

/* open_rows - R' in place: every offset, column and value is looked at. */
static int open_rows(struct graph *g, struct model *m, struct err *e)
{
	uint64_t n_starts = 0, n_cols = 0, n_vals = 0;
	const void *start, *col, *val;

	if (artifact_tensor(m->art, "graph.start", DTYPE_U64, 1, &n_starts, &start, e) || artifact_tensor(m->art, "graph.col", DTYPE_U32, 1, &n_cols, &col, e) ||
	    artifact_tensor(m->art, "graph.val", DTYPE_F32, 1, &n_vals, &val, e))
		return e->code;
	struct csr r = { n_starts - 1, g->n_items, (size_t *)(uintptr_t)start, (uint32_t *)(uintptr_t)col, (float *)(uintptr_t)val };
	if (!n_starts || n_starts > UINT32_MAX || n_cols != n_vals || r.start[0] || r.start[r.n_rows] != n_cols || !num_is_finite(r.val, n_vals))
		return model_damaged(m, "the matrix of the graph is damaged", e);
	for (size_t u = 0; u < r.n_rows; u++) {
		if (r.start[u] > r.start[u + 1])
			return model_damaged(m, "the matrix of the graph is damaged", e);
		for (size_t j = r.start[u]; j < r.start[u + 1]; j++)
			if (r.col[j] >= g->n_items || (j > r.start[u] && r.col[j] <= r.col[j - 1]))
				return model_damaged(m, "the matrix of the graph has columns out of order", e);
	}
	g->rows = r;
	return csr_transpose(&g->cols, &g->rows, e);
}

/* open_smooth - all but the matrix. */
static int open_smooth(struct graph *g, struct model *m, struct err *e)
{
	uint64_t n = m->n[MODEL_ITEMS];
	const void *degree;

	*g = (struct graph){ .n_items = n, .o.d = m->d };
	if (strcmp(m->kind, "graph"))
		return err_set(e, ERR_DATA, "%s: a model of kind %s is no graph", artifact_name(m->art), m->kind);
	if (weigh_load(&g->weigh, m, e) || model_number(m, "low", 0, 1e6, &g->o.low, e) || model_number(m, "sharpen", 0, 100, &g->o.sharpen, e) ||
	    artifact_tensor(m->art, "item.degree", DTYPE_F32, 1, &n, &degree, e) || (m->d && model_vectors(m, MODEL_ITEMS, e)))
		return e->code;
	g->degree = (float *)(uintptr_t)degree;
	g->vec = (float *)(uintptr_t)m->vec[MODEL_ITEMS];
	for (size_t i = 0; i < n; i++)
		if (!(g->degree[i] >= 0 && g->degree[i] < 1e30f))
			return model_damaged(m, "an item's degree is negative or no number", e);
	return 0;
}

int graph_open(struct graph *g, struct model *m, struct err *e)
{
	if (open_smooth(g, m, e) || open_rows(g, m, e))
		graph_release(g);
	return e->code;
}

int graph_fold_open(struct graph *g, struct model *m, struct err *e)
{
	if (!open_smooth(g, m, e) && !(g->o.d && g->o.low > 0))
		err_set(e, ERR_DATA, "%s: was made without a low-pass filter: no vectors of users (taste-score takes their events)", artifact_name(m->art));
	if (e->code)
		graph_release(g);
	return e->code;
}

/* ---- scores ---- */

void graph_fold(const struct graph *g, float *x, const uint32_t *item, const float *r, size_t n)
{
	memset(x, 0, g->o.d * sizeof *x);
	for (size_t j = 0; j < n; j++) {
		float degree = g->degree[item[j]];
		if (degree > 0)
			num_axpy(x, (float)g->o.low * weigh_pair(&g->weigh, r[j]) / degree, g->vec + (size_t)item[j] * g->o.d, g->o.d);
	}
}

/* add_smooth - y += low D^1/2 V V^T D^-1/2 x, for the histories: x is sparse, so V^T D^-1/2 x is a sum of few rows of vec / D. c [b x d] is scratch. */
static int add_smooth(const struct graph *g, float *y, const struct csr *h, size_t first, size_t n, size_t b, float *c, struct par *pool, struct err *e)
{
	size_t d = g->o.d;

	memset(c + n * d, 0, (b - n) * d * sizeof *c);
	for (size_t u = first; u < first + n; u++)
		graph_fold(g, c + (u - first) * d, h->col + h->start[u], h->val + h->start[u], h->start[u + 1] - h->start[u]);
	return num_gemm(y, b, g->vec, d, NUM_N, c, d, NUM_T, g->n_items, b, d, true, pool, e);
}

struct sum { float *to; const float *x; float f; size_t n; };

static void add_chunk(void *ctx, size_t chunk, int worker)
{
	const struct sum *s = ctx;
	size_t from = chunk << 16, n = s->n - from < 1 << 16 ? s->n - from : 1 << 16;

	(void)worker;
	num_axpy(s->to + from, s->f, s->x + from, n);
}

/* sharpen - x becomes exp(-t P) x, to the fourth order; y, z of its size and t [users x b] are scratch. */
static void sharpen(const struct graph *g, float *x, float *y, float *z, float *t, size_t b, struct par *pool)
{
	size_t n = g->n_items * b;
	double f = 1;

	memcpy(y, x, n * sizeof *y);
	for (int k = 1; k <= GRAPH_ORDER && g->o.sharpen > 0; k++) {
		step(g, y, z, t, b, pool);
		f *= -g->o.sharpen / k;
		struct sum s = { x, z, (float)f, n };
		par_for(pool, (n + (1 << 16) - 1) >> 16, add_chunk, &s);
		float *swap = y;
		y = z;
		z = swap;
	}
}

struct turn { float *out; const float *x; size_t n_items, n, b; };

/* turn_chunk - from a row an item to a row a listener. */
static void turn_chunk(void *ctx, size_t chunk, int worker)
{
	const struct turn *t = ctx;
	size_t end = (chunk + 1) * 1024 < t->n_items ? (chunk + 1) * 1024 : t->n_items;

	(void)worker;
	for (size_t u = 0; u < t->n; u++)
		for (size_t i = chunk * 1024; i < end; i++)
			t->out[u * t->n_items + i] = t->x[i * t->b + u];
}

/* the scratch of one pass over b columns */
struct pass {
	float *x, *y, *z;		/* [items x b] */
	float *t;			/* [users x b] */
	float *c;			/* [b x d] */
};

static int make_room(struct graph *g, size_t b, struct pass *p, struct err *e)
{
	size_t items = g->n_items * b;

	if (g->width < b) {
		mem_free(g->scratch);
		g->width = b;
		g->scratch = mem_try(3 * items + g->rows.n_rows * b + b * g->o.d, sizeof *g->scratch, "scores", e);
		if (!g->scratch) {
			g->width = 0;
			return ERR_MEM;
		}
	}
	p->x = g->scratch;
	p->y = p->x + items;
	p->z = p->y + items;
	p->t = p->z + items;
	p->c = p->t + g->rows.n_rows * b;
	return 0;
}

static int turn_round(const struct graph *g, float *out, const float *x, size_t n, size_t b, struct par *pool, struct err *e)
{
	struct turn turn = { out, x, g->n_items, n, b };

	par_for(pool, (g->n_items + 1023) / 1024, turn_chunk, &turn);
	return num_is_finite(out, n * g->n_items) ? 0 : err_set(e, ERR_NUMERIC, "a score is not finite");
}

int graph_scores(struct graph *g, float *out, const struct csr *h, size_t first, size_t n, struct par *pool, struct err *e)
{
	size_t b = (n + 15) / 16 * 16;
	struct pass p;

	if (make_room(g, b, &p, e))
		return e->code;
	memset(p.y, 0, g->n_items * b * sizeof *p.y);
	for (size_t u = 0; u < n; u++)
		for (size_t j = h->start[first + u]; j < h->start[first + u + 1]; j++)
			p.y[(size_t)h->col[j] * b + u] = weigh_pair(&g->weigh, h->val[j]);
	step(g, p.y, p.x, p.t, b, pool);
	if (g->o.d && g->o.low > 0 && add_smooth(g, p.x, h, first, n, b, p.c, pool, e))
		return e->code;
	sharpen(g, p.x, p.y, p.z, p.t, b, pool);
	return turn_round(g, out, p.x, n, b, pool, e);
}

int graph_towards(struct graph *g, float *out, const uint32_t *to, size_t n, struct par *pool, struct err *e)
{
	size_t b = (n + 15) / 16 * 16, d = g->o.d;
	struct pass p;

	if (make_room(g, b, &p, e))
		return e->code;
	memset(p.x, 0, g->n_items * b * sizeof *p.x);
	for (size_t c = 0; c < n; c++)
		p.x[(size_t)to[c] * b + c] = 1;
	sharpen(g, p.x, p.y, p.z, p.t, b, pool);
	step(g, p.x, p.y, p.t, b, pool);
	if (d && g->o.low > 0) {
		if (num_gemm(p.c, d, p.x, b, NUM_T, g->vec, d, NUM_N, b, d, g->n_items, false, pool, e) ||
		    num_gemm(p.z, b, g->vec, d, NUM_N, p.c, d, NUM_T, g->n_items, b, d, false, pool, e))
			return e->code;
		for (size_t i = 0; i < g->n_items; i++)
			if (g->degree[i] > 0)
				num_axpy(p.y + i * b, (float)g->o.low / g->degree[i], p.z + i * b, b);
	}
	return turn_round(g, out, p.y, n, b, pool, e);
}
