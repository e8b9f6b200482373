/*
 * als - sweeps over rows, a row at a time.
 *
 * A row costs n d^2 / 2 multiply-adds for its matrix and d^3 / 6 for the factor; with d = 64 the two are worth the same at about 20 pairs. Measured on two cores
 * of an EPYC with AVX-512: gowalla (810 k pairs, 71 k rows) 0.11 s an epoch, 9.3 M pairs of 100 k users and 50 k items 0.66 s, which is 120 Gflop/s and leaves
 * nothing to gain from numbering items by popularity (tried: no faster).
 */
#include "als.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "align.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum {
	PIECE = 1024,			/* pairs of a row whose weights are laid out at a time */
	FOLD_EXACT = 512,		/* components up to which folding in is exact whatever the solver; beyond: */
	FOLD_PASSES = 8, FOLD_STEPS = 24,	/* of block and cg, from nothing */
	FETCH = 16,			/* rows of the next row's pairs to fetch meanwhile */
	CUT_COST = 4096,		/* a chunk of rows: about as much work as this many pairs */
	MAX_LEVELS = 65536,		/* what a 16-bit code can name */
	LEVEL_SLOTS = 4 * MAX_LEVELS,
};
static const double NUMBER_MAX = 1e30;	/* of an option or weight that a model keeps */

const char *als_check(const struct als_opts *o)
{
	if (o->d < 1 || o->d > MODEL_DIM_MAX)
		return "the number of dimensions is not in 1..4096";
	if (als_width(o) > MODEL_DIM_MAX)
		return "the number of dimensions with biases is not in 1..4094";
	if (!(o->lambda >= 0) || !isfinite(o->lambda))
		return "lambda is not a number from 0 up";
	if (!(o->nu >= 0 && o->nu <= 4))
		return "nu is not in 0..4";
	if (!(o->unobserved >= 0) || !isfinite(o->unobserved))
		return "the weight of unobserved pairs is not a number from 0 up";
	if (!(o->damp >= 0 && o->damp <= 2))
		return "the power of damping is not in 0..2";
	if (!(o->stddev > 0) || !isfinite(o->stddev))
		return "the sd of the first vectors is not a number above 0";
	if (o->solver != RIDGE_EXACT && o->steps < 1)
		return "the number of steps is not 1 or more";
	return NULL;
}

/* ---- one row ---- */

size_t als_width(const struct als_opts *o)
{
	return o->d + (o->has_bias ? 2 : 0);
}

/* equations - of a row of one side; base is [width x width]. */
static struct ridge equations(const struct als_opts *o, enum als_axis axis, double w0, const float *other, size_t n_other, const float *base)
{
	size_t width = als_width(o);
	size_t fixed = !o->has_bias ? RIDGE_ALL_FREE : axis == ALS_USERS ? width - 1 : width - 2;

	return (struct ridge){ other, base, width, n_other, o->lambda, o->nu, w0, o->solver, o->block, o->steps, fixed };
}

/* from_nothing - solve a row as folding in does: exactly, or in as many steps as come near enough. */
static void from_nothing(struct ridge *q)
{
	if (q->d <= FOLD_EXACT)
		q->solver = RIDGE_EXACT;
	q->steps = q->solver == RIDGE_BLOCK ? FOLD_PASSES : FOLD_STEPS;
}

static int numeric(struct err *e, const char *who, size_t bad)
{
	if (bad == SIZE_MAX)
		return err_set(e, ERR_NUMERIC, "the vector of %s is not finite: the weights are too large or --lambda is too small", who);
	return err_set(e, ERR_NUMERIC, "the equations of %s are not positive definite (pivot %zu): --lambda or --unobserved is too small", who, bad);
}

/* ---- sweeps ---- */

struct sweep {
	struct als *m;
	enum als_axis axis;
	bool is_fold;			/* from nothing */
	struct ridge q;
	float *scratch;
	size_t longest, per_worker;
	size_t *bad;			/* [n_cuts] ridge_solve's answer ... */
	size_t *bad_row;		/* ... and whose */
};

/* lay_out - the weights a_ui of n pairs of row r, from pair `at` on. */
static void lay_out(float *to, const struct als *m, enum als_axis axis, size_t r, size_t at, size_t n)
{
	const struct als_side *s = &m->side[axis];

	for (size_t j = 0; j < n; j++) {
		float v = s->val ? s->val[at + j] : m->level[s->code ? s->code[at + j] : 0];
		to[j] = v * m->item_weight[axis == ALS_ITEMS ? r : s->col[at + j]];
	}
}

static void sweep_chunk(void *ctx, size_t c, int worker)
{
	struct sweep *w = ctx;
	struct als_side *s = &w->m->side[w->axis];
	size_t d = w->q.d;
	float *weights = w->scratch + (size_t)worker * w->per_worker, *scratch = weights + w->longest;

	for (size_t r = s->cut[c]; r < s->cut[c + 1]; r++) {
		size_t at = s->start[r], n = s->start[r + 1] - at, bad;
		float *x = s->v + r * d;
		if (s->only && !s->only[r])
			continue;
		if (!n || w->is_fold)
			memset(x, 0, d * sizeof *x);
		if (!n)
			continue;
		size_t next = s->start[r + 1], n_next = r + 1 < s->n ? s->start[r + 2] - next : 0;
		num_fetch_rows(w->q.Y, d, s->col + next, n_next < FETCH ? n_next : FETCH, d);
		lay_out(weights, w->m, w->axis, r, at, n);
		if ((bad = ridge_solve(&w->q, x, s->col + at, weights, n, scratch)) && !w->bad[c]) {
			w->bad[c] = bad;
			w->bad_row[c] = r;
		}
	}
}

static int need_gram(struct als *m, enum als_axis axis, struct par *pool, struct err *e)
{
	struct als_side *s = &m->side[axis];
	int ret = s->has_gram ? 0 : num_gram(s->gram, s->v, s->n, als_width(&m->o), als_width(&m->o), pool, e);

	s->has_gram = !ret;
	return ret;
}

static int name_bad_row(const struct sweep *w, struct err *e)
{
	char who[ERR_CLIP_MAX + 40], clip[ERR_CLIP_MAX];

	for (size_t c = 0; c < w->m->side[w->axis].n_cuts; c++) {
		if (!w->bad[c])
			continue;
		const struct vocab *ids = w->m->o.ids[w->axis];
		if (ids)
			snprintf(who, sizeof who, "%s '%s'", model_axis_name[w->axis],
				 err_clip(clip, ids->str[w->bad_row[c]].p, ids->str[w->bad_row[c]].len));
		else
			snprintf(who, sizeof who, "%s %zu", model_axis_name[w->axis], w->bad_row[c] + 1);
		return numeric(e, who, w->bad[c]);
	}
	return 0;
}

static int run(struct als *m, enum als_axis axis, bool is_fold, struct par *pool, struct err *e)
{
	struct als_side *s = &m->side[axis], *other = &m->side[!axis];
	size_t d = als_width(&m->o), dd = d * d, longest = 0;
	struct sweep w = { .m = m, .axis = axis, .is_fold = is_fold };
	size_t workers = (size_t)par_threads(pool);
	float *base = mem_try(dd, sizeof *base, "Gram matrix", e);
	int ret = base ? need_gram(m, (enum als_axis)!axis, pool, e) : ERR_MEM;

	w.q = equations(&m->o, axis, m->w0, other->v, other->n, base);
	if (is_fold)
		from_nothing(&w.q);
	for (size_t r = 0; r < s->n; r++)
		if (s->start[r + 1] - s->start[r] > longest)
			longest = s->start[r + 1] - s->start[r];
	w.longest = (longest + 15) / 16 * 16;
	w.per_worker = w.longest + ridge_scratch(&w.q, longest);
	w.scratch = mem_try(workers, w.per_worker * sizeof *w.scratch, "normal equations", e);
	w.bad = mem_try0(s->n_cuts, sizeof *w.bad, "checks of a sweep", e);
	w.bad_row = mem_try0(s->n_cuts, sizeof *w.bad_row, "checks of a sweep", e);
	if (!w.scratch || !w.bad || !w.bad_row)
		ret = ERR_MEM;
	if (!ret) {
		for (size_t i = 0; i < dd; i++)
			base[i] = (float)m->w0 * other->gram[i];
		s->has_gram = false;
		par_for(pool, s->n_cuts, sweep_chunk, &w);
		ret = name_bad_row(&w, e);
	}
	mem_free(base);
	mem_free(w.scratch);
	mem_free(w.bad);
	mem_free(w.bad_row);
	return ret;
}

int als_sweep(struct als *m, enum als_axis axis, struct par *pool, struct err *e)
{
	return run(m, axis, false, pool, e);
}

int als_settle(struct als *m, struct par *pool, struct err *e)
{
	return run(m, ALS_USERS, true, pool, e);
}

/* ---- the loss ---- */

struct loss_job { const struct als *m; enum als_axis axis; double *observed, *reg; };

/* loss_chunk - of some rows, the observed part (asked for users only) and |x|^2 f^nu. */
static void loss_chunk(void *ctx, size_t c, int worker)
{
	struct loss_job *l = ctx;
	const struct als *m = l->m;
	const struct als_side *s = &m->side[l->axis], *other = &m->side[!l->axis];
	size_t d = als_width(&m->o);
	struct ridge q = equations(&m->o, l->axis, m->w0, other->v, other->n, NULL);
	float w[PIECE];
	double observed = 0, reg = 0;
	(void)worker;

	for (size_t r = s->cut[c]; r < s->cut[c + 1]; r++) {
		const float *x = s->v + r * d;
		double weight = 0;
		if (s->start[r] == s->start[r + 1])
			continue;
		for (size_t at = s->start[r], n; at < s->start[r + 1]; at += n) {
			n = s->start[r + 1] - at < PIECE ? s->start[r + 1] - at : PIECE;
			lay_out(w, m, l->axis, r, at, n);
			for (size_t j = 0; j < n; j++) {
				weight += (double)w[j];
				if (!l->observed)
					continue;
				double miss = (double)num_dot(x, other->v + s->col[at + j] * d, d) - 1;
				observed += (double)w[j] * miss * miss;
			}
		}
		reg += ridge_weight(&q, weight) * ((double)num_dot(x, x, d) - (q.fixed == RIDGE_ALL_FREE ? 0 : 1));
	}
	l->reg[c] = reg;
	if (l->observed)
		l->observed[c] = observed;
}

static double sum_of(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

int als_loss(struct als *m, struct als_loss *l, struct par *pool, struct err *e)
{
	const struct als_side *users = &m->side[ALS_USERS], *items = &m->side[ALS_ITEMS];
	double *part = mem_try(2 * users->n_cuts + items->n_cuts, sizeof *part, "loss", e);
	int ret = part ? need_gram(m, ALS_USERS, pool, e) : ERR_MEM;

	if (!ret)
		ret = need_gram(m, ALS_ITEMS, pool, e);
	*l = (struct als_loss){ 0 };
	if (!ret) {
		double *observed = part, *reg_u = part + users->n_cuts, *reg_i = reg_u + users->n_cuts;
		par_for(pool, users->n_cuts, loss_chunk, &(struct loss_job){ m, ALS_USERS, observed, reg_u });
		par_for(pool, items->n_cuts, loss_chunk, &(struct loss_job){ m, ALS_ITEMS, NULL, reg_i });
		l->observed = sum_of(observed, users->n_cuts);
		for (size_t i = 0; i < als_width(&m->o) * als_width(&m->o); i++)
			l->unobserved += (double)users->gram[i] * (double)items->gram[i];
		l->unobserved *= m->w0;
		l->regularisation = sum_of(reg_u, users->n_cuts) + sum_of(reg_i, items->n_cuts);
		l->total = l->observed + l->unobserved + l->regularisation;
	}
	mem_free(part);
	return ret;
}

/* ---- start and end ---- */

/* weigh_all - val becomes shape(r). */
static int weigh_all(struct csr *R, const struct weigh *w, const struct vocab *ids, struct err *e)
{
	for (size_t u = 0; u < R->n_rows; u++)
		for (size_t j = R->start[u]; j < R->start[u + 1]; j++) {
			float a = weigh_pair(w, R->val[j]);
			if (!(a > 0) || !isfinite(a)) {
				char clip[ERR_CLIP_MAX];
				return err_set(e, ERR_NUMERIC, "user '%s': a pair whose weight is not positive and finite",
					       ids ? err_clip(clip, ids->str[u].p, ids->str[u].len) : "?");
			}
			R->val[j] = a;
		}
	return 0;
}

/*
 * encode - weights as 16-bit codes of the different ones, numbered by first sight, when they are at most MAX_LEVELS: then
 * a pair takes 6 bytes on each side and not 8. *code stays NULL when all are equal (level[0]), and with n_levels 0 when they are too many.
 */
static int encode(struct als *m, const float *val, size_t n, uint16_t **code, struct err *e)
{
	uint32_t *slot = mem_try0(LEVEL_SLOTS, sizeof *slot, "levels of weight", e);	/* 1 + number; 0 empty */

	m->level = mem_try(MAX_LEVELS, sizeof *m->level, "levels of weight", e);
	*code = mem_try(n, sizeof **code, "codes of weight", e);
	if (!slot || !m->level || !*code) {
		mem_free(slot);
		return ERR_MEM;
	}
	for (size_t j = 0; j < n; j++) {
		uint32_t bits, i;
		memcpy(&bits, &val[j], sizeof bits);
		i = (uint32_t)(bits * 2654435769u) / (uint32_t)(0x100000000ull / LEVEL_SLOTS);
		while (slot[i] && m->level[slot[i] - 1] != val[j])
			i = (i + 1) % LEVEL_SLOTS;
		if (!slot[i]) {
			if (m->n_levels == MAX_LEVELS) {
				m->n_levels = 0;
				break;
			}
			m->level[m->n_levels++] = val[j];
			slot[i] = (uint32_t)m->n_levels;
		}
		(*code)[j] = (uint16_t)(slot[i] - 1);
	}
	mem_free(slot);
	if (m->n_levels < 2) {
		mem_free(*code);
		*code = NULL;
	}
	return 0;
}

/* transpose - items' rows from the users'. Users come in ascending order, so each row is ascending. */
static int transpose(struct als_side *t, const struct als_side *s, size_t n, struct err *e)
{
	size_t nnz = s->start[s->n];

	t->n = n;
	t->start = mem_try0(n + 2, sizeof *t->start, "pairs by item", e);
	t->col = mem_try(nnz, sizeof *t->col, "pairs by item", e);
	if (s->code)
		t->code = mem_try(nnz, sizeof *t->code, "pairs by item", e);
	if (s->val)
		t->val = mem_try(nnz, sizeof *t->val, "pairs by item", e);
	if (!t->start || !t->col || (s->code && !t->code) || (s->val && !t->val))
		return ERR_MEM;
	size_t *next = t->start + 1;		/* becomes start: each entry moves up to where the next row begins */
	for (size_t j = 0; j < nnz; j++)
		next[s->col[j] + 1]++;
	for (size_t i = 0; i < n; i++)
		next[i + 1] += next[i];
	for (size_t u = 0; u < s->n; u++)
		for (size_t j = s->start[u]; j < s->start[u + 1]; j++) {
			size_t to = next[s->col[j]]++;
			t->col[to] = (uint32_t)u;
			if (s->code)
				t->code[to] = s->code[j];
			if (s->val)
				t->val[to] = s->val[j];
		}
	return 0;
}

/* cut_rows - chunks of about CUT_COST: a row costs its pairs and the d^3 / 6 of its solution, which is worth d / 3 pairs. */
static int cut_rows(struct als_side *s, size_t d, struct err *e)
{
	size_t own = d / 3 + 1, cost = 0;

	s->cut = mem_try((s->start[s->n] + own * s->n) / CUT_COST + 2, sizeof *s->cut, "chunks of rows", e);
	if (!s->cut)
		return ERR_MEM;
	s->cut[0] = 0;
	for (size_t r = 0; r < s->n; r++) {
		cost += s->start[r + 1] - s->start[r] + own;
		if (cost >= CUT_COST || r + 1 == s->n) {
			s->cut[++s->n_cuts] = r + 1;
			cost = 0;
		}
	}
	return 0;
}

static int alloc_vectors(struct als_side *s, size_t d, const char *what, struct err *e)
{
	size_t bytes;

	if (!mem_mul(d, sizeof(float), &bytes))
		return err_set(e, ERR_MEM, "%s do not fit into memory", what);
	s->v = mem_try0(s->n, bytes, what, e);
	s->gram = mem_try(d, bytes, "Gram matrix", e);
	return s->v && s->gram ? 0 : ERR_MEM;
}

/* set_weights - item_weight and w0, from both sides' pairs. */
static int set_weights(struct als *m, struct err *e)
{
	const struct als_side *users = &m->side[ALS_USERS], *items = &m->side[ALS_ITEMS];
	double mean = (double)items->start[items->n] / (double)items->n, sum = 0;
	float w[PIECE];

	if (!(m->item_weight = mem_try(items->n, sizeof *m->item_weight, "weights of items", e)))
		return ERR_MEM;
	for (size_t i = 0; i < items->n; i++) {
		size_t n = items->start[i + 1] - items->start[i];
		m->item_weight[i] = n ? (float)fm_pow(mean / (double)n, m->o.damp) : 0;
	}
	for (size_t i = 0; i < items->n; i++)
		for (size_t at = items->start[i], n; at < items->start[i + 1]; at += n) {
			n = items->start[i + 1] - at < PIECE ? items->start[i + 1] - at : PIECE;
			lay_out(w, m, ALS_ITEMS, i, at, n);
			for (size_t j = 0; j < n; j++)
				sum += (double)w[j];
		}
	m->w0 = m->o.unobserved * sum / ((double)users->n * (double)items->n);
	return m->w0 <= NUMBER_MAX ? 0 : err_set(e, ERR_NUMERIC, "the weights of unobserved pairs come to %g each: those of the events are too large", m->w0);
}

static void draw_chunk(void *ctx, size_t c, int worker)
{
	struct als *m = ctx;
	struct als_side *s = &m->side[ALS_USERS];
	size_t width = als_width(&m->o);
	float sd = (float)(m->o.stddev / sqrt((double)m->o.d));
	(void)worker;

	for (size_t u = s->cut[c]; u < s->cut[c + 1]; u++) {
		float *x = s->v + u * width;
		struct pcg32 r;
		if (s->start[u] == s->start[u + 1])
			continue;
		pcg32_seed(&r, m->o.seed, u);
		for (size_t i = 0; i < m->o.d; i++)
			x[i] = sd * fm_normal(&r);
		if (m->o.has_bias)
			x[width - 1] = 1;
	}
}

/* take_pairs - users' side out of R, which is empty afterwards. */
static int take_pairs(struct als *m, struct csr *R, const struct weigh *w, struct err *e)
{
	struct als_side *users = &m->side[ALS_USERS];
	size_t nnz = R->start ? R->start[R->n_rows] : 0;
	int ret;

	if (!nnz)
		return err_set(e, ERR_DATA, "no events to learn from%s", R->n_rows ? ": those read all weigh 0" : "");
	if ((ret = weigh_all(R, w, m->o.ids[ALS_USERS], e)) || (ret = encode(m, R->val, nnz, &users->code, e)))
		return ret;
	users->n = R->n_rows;
	users->start = R->start;
	users->col = R->col;
	if (!m->n_levels)
		users->val = R->val;
	else
		mem_free(R->val);
	*R = (struct csr){ .n_cols = R->n_cols };
	return 0;
}

int als_init(struct als *m, struct csr *R, const struct weigh *w, const struct als_opts *o, struct par *pool, struct err *e)
{
	int ret;

	*m = (struct als){ .o = *o };
	ret = take_pairs(m, R, w, e);
	if (!ret)
		ret = transpose(&m->side[ALS_ITEMS], &m->side[ALS_USERS], R->n_cols, e);
	if (!ret)
		ret = set_weights(m, e);
	csr_release(R);
	for (int a = 0; a < 2 && !ret; a++)
		if (!(ret = cut_rows(&m->side[a], als_width(o), e)))
			ret = alloc_vectors(&m->side[a], als_width(o), a == ALS_USERS ? "user vectors" : "item vectors", e);
	if (ret) {
		als_release(m);
		return ret;
	}
	par_for(pool, m->side[ALS_USERS].n_cuts, draw_chunk, m);
	return 0;
}

void als_release(struct als *m)
{
	for (int a = 0; a < 2; a++) {
		struct als_side *s = &m->side[a];
		mem_free(s->start);
		mem_free(s->col);
		mem_free(s->code);
		mem_free(s->val);
		mem_free(s->v);
		mem_free(s->gram);
		mem_free(s->cut);
	}
	mem_free(m->level);
	mem_free(m->item_weight);
	*m = (struct als){ 0 };
}

static const char *const solver_name[] = { "exact", "block", "cg" };	/* by enum ridge_solver */

static int save_meta(const struct als *m, struct artifactw *a, const struct weigh *w, const struct als_made *made)
{
	return model_put_meta(a, m->side[ALS_USERS].n, m->side[ALS_ITEMS].n, made->n_events) ||
	       artifactw_meta(a, "n_pairs", "%zu", m->side[ALS_USERS].start[m->side[ALS_USERS].n]) ||
	       artifactw_meta(a, "d", "%zu", als_width(&m->o)) || artifactw_meta(a, "bias", "%d", m->o.has_bias) ||
	       artifactw_meta(a, "solver", "%s", solver_name[m->o.solver]) || artifactw_meta(a, "block", "%zu", m->o.block) ||
	       artifactw_meta(a, "steps", "%d", m->o.steps) || artifactw_meta(a, "epochs", "%zu", made->epochs) ||
	       (made->is_updated && artifactw_meta(a, "updated", "1")) ||
	       (made->is_aligned && model_put_number(a, "align_residual", made->residual)) || model_put_number(a, "lambda", m->o.lambda) ||
	       model_put_number(a, "nu", m->o.nu) || model_put_number(a, "unobserved", m->o.unobserved) ||
	       model_put_number(a, "stddev", m->o.stddev) || artifactw_meta(a, "seed", "%llu", (unsigned long long)m->o.seed) ||
	       model_put_number(a, "damp", m->o.damp) || model_put_number(a, "w0", m->w0) || weigh_put(w, a) || model_put_tuned(a, m->o.tuned);
}

int als_save(struct als *m, struct sink *s, const struct vocab *user, const struct vocab *item, const struct weigh *w, const struct als_made *made,
	     const struct prov *prov, struct err *e)
{
	struct als_side *users = &m->side[ALS_USERS], *items = &m->side[ALS_ITEMS];
	uint64_t d = als_width(&m->o), gram[2] = { d, d }, user_dim[2] = { users->n, d }, item_dim[2] = { items->n, d }, n_items = items->n;
	double *count = mem_try(items->n, sizeof *count, "counts of items", e);
	struct artifactw *a = count ? artifactw_new(s, KIND_MODEL, "als", e) : NULL;
	int ret;

	if (!a) {
		mem_free(count);
		return e ? (int)e->code : ERR_SYS;
	}
	for (size_t i = 0; i < items->n; i++)
		count[i] = (double)(items->start[i + 1] - items->start[i]);
	ret = save_meta(m, a, w, made);
	if (!ret)
		ret = need_gram(m, ALS_ITEMS, NULL, e);
	if (!ret)
		ret = artifactw_tensor(a, "item.vec", DTYPE_F32, 2, item_dim, items->v, e);
	if (!ret)
		ret = artifactw_tensor(a, "item.gram", DTYPE_F32, 2, gram, items->gram, e);
	if (!ret)
		ret = artifactw_tensor(a, "item.weight", DTYPE_F32, 1, &n_items, m->item_weight, e);
	if (!ret)
		ret = artifactw_tensor(a, "item.count", DTYPE_F64, 1, &n_items, count, e);
	if (!ret)
		ret = artifactw_vocab(a, "item", item, e);
	if (!ret)
		ret = artifactw_tensor(a, "user.vec", DTYPE_F32, 2, user_dim, users->v, e);
	if (!ret)
		ret = artifactw_vocab(a, "user", user, e);
	if (!ret)
		ret = artifactw_finish(a, prov, e);
	artifactw_free(a);
	mem_free(count);
	return ret;
}

/* ---- going on from an older model ---- */

int als_options(struct als_opts *o, struct weigh *w, const struct model *m, struct err *e)
{
	const char *solver = artifact_meta(m->art, "solver");
	double bias = 0, block = 0, steps = 1, seed;
	int ret, s = RIDGE_CG;

	*o = (struct als_opts){ 0 };
	*w = (struct weigh){ 0 };
	if (strcmp(m->kind, "als"))
		return err_set(e, ERR_DATA, "%s: a %s model; an als model is wanted", artifact_name(m->art), m->kind);
	if ((ret = weigh_load(w, m, e)) || (ret = model_number(m, "lambda", 0, NUMBER_MAX, &o->lambda, e)) || (ret = model_number(m, "nu", 0, 4, &o->nu, e)) ||
	    (ret = model_number(m, "unobserved", 0, NUMBER_MAX, &o->unobserved, e)) || (ret = model_number(m, "damp", 0, 2, &o->damp, e)) ||
	    (ret = model_number(m, "stddev", 0, NUMBER_MAX, &o->stddev, e)) || (ret = model_number(m, "seed", 0, 9e15, &seed, e)) ||
	    (solver && ((ret = model_number(m, "bias", 0, 1, &bias, e)) || (ret = model_number(m, "block", 0, MODEL_DIM_MAX, &block, e)) ||
			(ret = model_number(m, "steps", 0, 1000, &steps, e)))))
		return ret;
	if (!solver)		/* from before there was a choice */
		solver = solver_name[RIDGE_EXACT];
	while (s >= 0 && strcmp(solver, solver_name[s]))
		s--;
	if (s < 0 || (bias > 0 && m->d < 3))
		return err_set(e, ERR_DATA, "%s: does not say how its vectors were solved", artifact_name(m->art));
	o->solver = (enum ridge_solver)s;
	o->has_bias = bias > 0;
	o->d = m->d - (o->has_bias ? 2 : 0);
	o->block = (size_t)block;
	o->steps = (int)steps;
	o->seed = (uint64_t)seed;
	return 0;
}

int als_same_width(const struct als_opts *want, const struct model *old, struct err *e)
{
	struct als_opts o;
	struct weigh w;
	int ret = als_options(&o, &w, old, e);

	if (!ret && (o.d != want->d || o.has_bias != want->has_bias))
		ret = err_set(e, ERR_USAGE, "%s has vectors of %zu components%s; %zu%s are wanted", artifact_name(old->art), o.d, o.has_bias ? " and biases" : "", want->d,
			      want->has_bias ? " and biases" : "");
	weigh_release(&w);
	return ret;
}

int als_take(struct als *m, enum als_axis axis, struct model *old, const struct vocab *ids, size_t *n_found, struct err *e)
{
	struct als_side *s = &m->side[axis];
	size_t d = als_width(&m->o);
	int ret;

	*n_found = 0;
	if ((ret = als_same_width(&m->o, old, e)) || (ret = model_ids(old, (enum model_axis)axis, e)) || (ret = model_vectors(old, (enum model_axis)axis, e)))
		return ret;
	for (size_t r = 0; r < s->n; r++) {
		uint32_t i = idtab_find(&old->ids[axis], ids->str[r].p, ids->str[r].len);
		float *x = s->v + r * d;
		if (i == VOCAB_NONE)
			memset(x, 0, d * sizeof *x);
		else
			memcpy(x, old->vec[axis] + i * d, d * sizeof *x);
		*n_found += i != VOCAB_NONE;
	}
	s->has_gram = false;
	return num_is_finite(s->v, s->n * d) ? 0 : err_set(e, ERR_DATA, "%s: a vector that is not finite", artifact_name(old->art));
}

int als_align(struct als *m, struct model *old, const struct vocab *items, size_t *n_shared, double *residual, struct par *pool, struct err *e)
{
	struct als_side *s = &m->side[ALS_ITEMS];
	size_t d = m->o.d, width = als_width(&m->o), n = 0;
	float *both = NULL, *R = NULL;
	int ret;

	if ((ret = als_same_width(&m->o, old, e)) || (ret = model_ids(old, MODEL_ITEMS, e)) || (ret = model_vectors(old, MODEL_ITEMS, e)))
		return ret;
	both = mem_try(2 * s->n, d * sizeof *both, "vectors of both models", e);
	R = mem_try(d, d * sizeof *R, "rotation", e);
	if (!both || !R)
		ret = ERR_MEM;
	for (size_t r = 0; r < s->n && !ret; r++) {
		uint32_t i = idtab_find(&old->ids[MODEL_ITEMS], items->str[r].p, items->str[r].len);
		if (i == VOCAB_NONE)
			continue;
		memcpy(both + n * d, s->v + r * width, d * sizeof *both);
		memcpy(both + (s->n + n++) * d, old->vec[MODEL_ITEMS] + i * width, d * sizeof *both);
	}
	*n_shared = n;
	if (!ret && !n)
		ret = err_set(e, ERR_DATA, "%s has no item in common with the events", artifact_name(old->art));
	if (!ret)
		ret = align_rotation(R, both, d, both + s->n * d, d, n, d, residual, pool, e);
	/* rows a piece at a time, so that the turned ones have somewhere to be */
	for (size_t r = 0, some; r < s->n && !ret; r += some) {
		some = s->n - r < 2 * n ? s->n - r : 2 * n;
		if ((ret = num_gemm(both, d, s->v + r * width, width, NUM_N, R, d, NUM_N, some, d, d, false, pool, e)))
			break;
		for (size_t i = 0; i < some; i++)
			memcpy(s->v + (r + i) * width, both + i * d, d * sizeof *both);
	}
	s->has_gram = false;
	mem_free(both);
	mem_free(R);
	return ret ? ret : als_settle(m, pool, e);
}

/* ---- folding in ---- */

int als_fold_open(struct als_fold *f, struct model *m, struct err *e)
{
	uint64_t dim[2] = { m->d, m->d };
	uint64_t n_items = m->n[MODEL_ITEMS];
	const void *gram, *item_weight;
	int ret;

	*f = (struct als_fold){ .n_items = m->n[MODEL_ITEMS] };
	if (strcmp(m->kind, "als"))
		return err_set(e, ERR_DATA, "%s: users cannot be folded into a %s model (taste-score takes their events)", artifact_name(m->art), m->kind);
	if ((ret = als_options(&f->o, &f->weigh, m, e)) || (ret = model_number(m, "w0", 0, NUMBER_MAX, &f->w0, e)) ||
	    (ret = model_vectors(m, MODEL_ITEMS, e)) || (ret = artifact_tensor(m->art, "item.gram", DTYPE_F32, 2, dim, &gram, e)) ||
	    (ret = artifact_tensor(m->art, "item.weight", DTYPE_F32, 1, &n_items, &item_weight, e)))
		goto out;
	f->item = m->vec[MODEL_ITEMS];
	f->item_weight = item_weight;
	for (size_t i = 0; i < f->n_items; i++)
		if (!(f->item_weight[i] >= 0)) {
			ret = err_set(e, ERR_DATA, "%s: item.weight is negative or no number", artifact_name(m->art));
			goto out;
		}
	if (!(f->base = mem_try(m->d * m->d, sizeof *f->base, "Gram matrix", e))) {
		ret = ERR_MEM;
		goto out;
	}
	for (size_t i = 0; i < m->d * m->d; i++)
		f->base[i] = (float)f->w0 * ((const float *)gram)[i];
out:
	if (ret)
		als_fold_release(f);
	return ret;
}

void als_fold_release(struct als_fold *f)
{
	weigh_release(&f->weigh);
	mem_free(f->base);
	*f = (struct als_fold){ 0 };
}

static struct ridge fold_equations(const struct als_fold *f)
{
	struct ridge q = equations(&f->o, ALS_USERS, f->w0, f->item, f->n_items, f->base);

	from_nothing(&q);
	return q;
}

size_t als_fold_scratch(const struct als_fold *f, size_t n)
{
	struct ridge q = fold_equations(f);

	return (n + 15) / 16 * 16 + ridge_scratch(&q, n);
}

/* lay_out_own - the weights of a listener's pairs; false when all are 0, as of items that had no user: that is no history, and without w0 no equations either. */
static bool lay_out_own(float *to, const struct als_fold *f, const uint32_t *item, const float *r, size_t n)
{
	bool weighs = false;

	for (size_t j = 0; j < n; j++) {
		to[j] = weigh_pair(&f->weigh, r[j]) * f->item_weight[item[j]];
		weighs |= to[j] != 0;
	}
	return weighs;
}

int als_fold(const struct als_fold *f, float *x, const uint32_t *item, const float *r, size_t n, float *scratch, struct err *e)
{
	struct ridge q = fold_equations(f);
	float *weights = scratch;
	size_t bad;

	memset(x, 0, q.d * sizeof *x);
	if (!n)
		return 0;
	if (!lay_out_own(weights, f, item, r, n))
		return 0;
	bad = ridge_solve(&q, x, item, weights, n, scratch + (n + 15) / 16 * 16);
	return bad ? numeric(e, "a user who is folded in", bad) : 0;
}

size_t als_explain_scratch(const struct als_fold *f)
{
	struct ridge q = fold_equations(f);

	return ridge_explain_scratch(&q);
}

int als_explain(const struct als_fold *f, float *part, float *rest, const uint32_t *to, size_t n_to, const uint32_t *item, const float *r, size_t n, float *scratch,
		struct err *e)
{
	struct ridge q = fold_equations(f);
	float *weights;
	size_t bad;

	memset(rest, 0, n_to * sizeof *rest);
	if (!n || !n_to)
		return 0;
	weights = part + (n_to - 1) * n;	/* until it is the last row's turn */
	if (!lay_out_own(weights, f, item, r, n)) {
		memset(part, 0, n_to * n * sizeof *part);
		return 0;
	}
	bad = ridge_explain(&q, part, rest, to, n_to, item, weights, n, scratch);
	return bad ? numeric(e, "a user who is folded in", bad) : 0;
}
