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

#include "../base/mem.h"
#include "../base/rng.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum {
	PIECE = 1024,			/* pairs of a row whose weights are laid out at a time */
	FETCH = 16,			/* rows of the next row's pairs to fetch meanwhile */
	CUT_COST = 4096,		/* a chunk of rows: about as much work as this many pairs */
	MAX_LEVELS = 65536,		/* what a 16-bit code can name */
	LEVEL_SLOTS = 4 * MAX_LEVELS,
};

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

struct ridge als_equations(const struct als_opts *o, enum als_axis axis, double w0, const float *other, size_t n_other, const float *base)
{
	size_t width = als_width(o);
	size_t fixed = !o->has_bias ? RIDGE_ALL_FREE : axis == ALS_USERS ? width - 1 : width - 2;

	return (struct ridge){ other, base, width, n_other, o->lambda, o->nu, w0, o->solver, o->block, o->steps, fixed };
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
		return ridge_error(e, who, w->bad[c]);
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

	w.q = als_equations(&m->o, axis, m->w0, other->v, other->n, base);
	if (is_fold)
		ridge_from_nothing(&w.q);
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
	struct ridge q = als_equations(&m->o, l->axis, m->w0, other->v, other->n, NULL);
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
static int weigh_all(struct csr *R, const struct weigh *w, const struct vocab *const ids[2], struct err *e)
{
	for (size_t u = 0; u < R->n_rows; u++)
		for (size_t j = R->start[u]; j < R->start[u + 1]; j++) {
			float a = weigh_pair(w, R->val[j]);
			if (!(a > 0) || !isfinite(a))
				return weigh_bad(a, ids[ALS_USERS], u, ids[ALS_ITEMS], R->col[j], e);
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
	return m->w0 <= ALS_NUMBER_MAX ? 0 : err_set(e, ERR_NUMERIC, "the weights of unobserved pairs come to %g each: those of the events are too large", m->w0);
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
	if ((ret = weigh_all(R, w, m->o.ids, e)) || (ret = encode(m, R->val, nnz, &users->code, e)))
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

static void save_meta(const struct als *m, struct artifactw *a, const struct weigh *w, const struct als_made *made)
{
	model_put_meta(a, m->side[ALS_USERS].n, m->side[ALS_ITEMS].n, made->n_events);
	artifactw_meta(a, "n_pairs", "%zu", m->side[ALS_USERS].start[m->side[ALS_USERS].n]);
	artifactw_meta(a, "d", "%zu", als_width(&m->o));
	artifactw_meta(a, "bias", "%d", m->o.has_bias);
	artifactw_meta(a, "solver", "%s", ridge_solver_name[m->o.solver]);
	artifactw_meta(a, "block", "%zu", m->o.block);
	artifactw_meta(a, "steps", "%d", m->o.steps);
	artifactw_meta(a, "epochs", "%zu", made->epochs);
	if (made->is_updated)
		artifactw_meta(a, "updated", "1");
	if (made->is_aligned)
		model_put_number(a, "align_residual", made->residual);
	model_put_number(a, "lambda", m->o.lambda);
	model_put_number(a, "nu", m->o.nu);
	model_put_number(a, "unobserved", m->o.unobserved);
	model_put_number(a, "stddev", m->o.stddev);
	artifactw_meta(a, "seed", "%llu", (unsigned long long)m->o.seed);
	model_put_number(a, "damp", m->o.damp);
	model_put_number(a, "w0", m->w0);
	weigh_put(w, a);
	model_put_tuned(a, m->o.tuned);
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
	save_meta(m, a, w, made);
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
