/*
 * softmax - a step: smooth, scores of a few hundred users at a time, back through the lengths and the graph, Adam.
 */
#include "softmax.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/rng.h"
#include "../num/adam.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum {
	CHUNK_ROWS = 128,		/* nodes of a chunk */
	SCORES = 4 << 20,		/* floats of scores at a time ... */
	ROWS_MIN = 16, ROWS_MAX = 1024,	/* ... but of so many users */
	STEPS_MIN = 32, BATCH_MAX = 1024,	/* what a batch is chosen for */
};

const char *softmax_check(const struct softmax_opts *o)
{
	if (o->d < 1 || o->d > MODEL_DIM_MAX)
		return "the number of dimensions is not in 1..4096";
	if (o->layers < 1 || o->layers > SOFTMAX_LAYERS_MAX)
		return "the number of layers is not in 1..8";
	if (!(o->temperature >= 0.01 && o->temperature <= 100))
		return "the temperature is not in 0.01..100";
	if (!(o->ego >= 0 && o->ego <= 1000))
		return "the weight of a node's own numbers is not in 0..1000";
	if (!(fabs(o->neg_power) <= 2 && fabs(o->user_power) <= 2))
		return "a power is not in -2..2";
	if (!(o->rate > 0 && o->rate <= 10))
		return "the rate is not above 0 and at most 10";
	return NULL;
}

static size_t n_chunks(size_t n)
{
	return (n + CHUNK_ROWS - 1) / CHUNK_ROWS;
}

/* ---- the graph ---- */

/* product - to = A from, then y = a x + to; y may be x. */
struct product { const struct softmax *m; float *to; const float *from; float *y, a; const float *x; };

static void product_chunk(void *ctx, size_t chunk, int worker)
{
	const struct product *p = ctx;
	const struct csr *adj = &p->m->adj;
	size_t d = p->m->o.d, end = (chunk + 1) * CHUNK_ROWS < adj->n_rows ? (chunk + 1) * CHUNK_ROWS : adj->n_rows;

	(void)worker;
	for (size_t r = chunk * CHUNK_ROWS; r < end; r++) {
		size_t at = adj->start[r];
		float *to = p->to + r * d, *y = p->y + r * d;
		memset(to, 0, d * sizeof *to);
		num_axpy_rows(to, p->from, d, adj->col + at, adj->val + at, adj->start[r + 1] - at, d);
		for (size_t k = 0; k < d; k++)
			y[k] = __builtin_fmaf(p->a, p->x[r * d + k], to[k]);
	}
}

static void product(const struct softmax *m, float *to, const float *from, float *y, float a, const float *x, struct par *pool)
{
	struct product p = { m, to, from, y, a, x };

	par_for(pool, n_chunks(m->n), product_chunk, &p);
}

static void unit_chunk(void *ctx, size_t chunk, int worker)
{
	struct softmax *m = ctx;
	size_t d = m->o.d, end = (chunk + 1) * CHUNK_ROWS < m->n ? (chunk + 1) * CHUNK_ROWS : m->n;

	(void)worker;
	for (size_t r = chunk * CHUNK_ROWS; r < end; r++) {
		float length = __builtin_sqrtf(num_dot(m->unit + r * d, m->unit + r * d, d));
		m->length[r] = length;
		num_scale(m->unit + r * d, length > 0 ? 1 / length : 0, d);
	}
}

void softmax_smooth(struct softmax *m, struct par *pool)
{
	const float *from = m->own;

	for (size_t l = 0; l < m->o.layers; l++) {
		product(m, m->t[l % 2], from, m->unit, l ? 1 : (float)m->o.ego, l ? m->unit : m->own, pool);
		from = m->t[l % 2];
	}
	par_for(pool, n_chunks(m->n), unit_chunk, m);
}

/* ---- the gradient ---- */

/* scores - of users order[first ..], their sums and what they say of x. */
struct scores {
	struct softmax *m;
	const float *log_b;
	size_t first, width;
	double *part;
};

static size_t node_of(const struct softmax *m, size_t at)
{
	return m->n_items + m->order[at];
}

static size_t n_pairs_of(const struct softmax *m, size_t node)
{
	return m->adj.start[node + 1] - m->adj.start[node];
}

static double weight_of(const struct softmax *m, size_t node)
{
	return fm_pow((double)n_pairs_of(m, node), m->o.user_power);
}

/* exp_user - chunk c is a user: scores become w / (sum temperature) b e^(s / temperature), the gradient with respect to them. */
static void exp_user(void *ctx, size_t c, int worker)
{
	const struct scores *s = ctx;
	struct softmax *m = s->m;
	size_t d = m->o.d, u = node_of(m, s->first + c), n = n_pairs_of(m, u);
	const uint32_t *item = m->adj.col + m->adj.start[u];
	const float *x = m->unit + u * d;
	double inverse = 1 / m->o.temperature, weight = weight_of(m, u), own = 0;
	float *row = m->score + c * s->width;

	(void)worker;
	for (size_t j = 0; j < n; j++)
		own += (double)num_dot(x, m->unit + item[j] * d, d);
	double sum = adam_exp(row, (float)inverse, s->log_b, s->width);
	num_scale(row, (float)(weight * inverse / sum), s->width);
	m->mean[c] = (float)(weight * inverse / (double)n);
	s->part[c] = weight * (fm_log(sum) - (own / (double)n - 1) * inverse);	/* log_b has the 1 */
}

/* pull - what the users' own items say, to both ends. In order, by one thread: 2 d multiply-adds a pair, nothing beside the scores. */
static void pull(struct softmax *m, size_t first, size_t n)
{
	size_t d = m->o.d;

	for (size_t c = 0; c < n; c++) {
		size_t u = node_of(m, first + c);
		float *gu = m->grad + u * d;
		memcpy(gu, m->gx + c * d, d * sizeof *gu);
		for (size_t j = m->adj.start[u]; j < m->adj.start[u + 1]; j++) {
			size_t i = m->adj.col[j];
			num_axpy(gu, -m->mean[c], m->unit + i * d, d);
			num_axpy(m->grad + i * d, -m->mean[c], m->unit + u * d, d);
		}
	}
}

/* through_length - from the gradient with respect to unit to that with respect to f. */
static void through_length(void *ctx, size_t chunk, int worker)
{
	struct softmax *m = ctx;
	size_t d = m->o.d, end = (chunk + 1) * CHUNK_ROWS < m->n ? (chunk + 1) * CHUNK_ROWS : m->n;

	(void)worker;
	for (size_t r = chunk * CHUNK_ROWS; r < end; r++) {
		float *g = m->grad + r * d, length = m->length[r];
		num_axpy(g, -num_dot(g, m->unit + r * d, d), m->unit + r * d, d);
		num_scale(g, length > 0 ? 1 / length : 0, d);
	}
}

/* through_graph - A is symmetric: ego g + A (g + A (g + ...)). */
static void through_graph(struct softmax *m, struct par *pool)
{
	float *from = m->grad;

	for (size_t l = 0; l < m->o.layers; l++) {
		float *to = m->t[l % 2];
		product(m, to, from, to, l + 1 == m->o.layers ? (float)m->o.ego : 1, m->grad, pool);
		from = to;
	}
	m->t[(m->o.layers - 1) % 2] = m->grad;
	m->grad = from;
}

static void gather(float *to, const float *from, const uint32_t *row, size_t n, size_t d)
{
	for (size_t j = 0; j < n; j++)
		memcpy(to + j * d, from + row[j] * d, d * sizeof *to);
}

int softmax_gradient(struct softmax *m, double *loss, size_t first, size_t n, const uint32_t *items, size_t n_drawn, struct par *pool, struct err *e)
{
	size_t d = m->o.d, width = items ? n_drawn : m->n_items;
	const float *Y = items ? m->y : m->unit;
	float *G = items ? m->gy : m->grad;
	struct scores s = { m, items ? m->log_b : m->bias, 0, width, m->part };

	memset(m->grad, 0, m->n * d * sizeof *m->grad);
	if (items) {
		gather(m->y, m->unit, items, width, d);
		gather(m->log_b, m->bias, items, width, 1);
		memset(m->gy, 0, width * d * sizeof *m->gy);
	}
	*loss = 0;
	for (size_t at = first, k; at < first + n; at += k) {
		k = first + n - at < m->rows ? first + n - at : m->rows;
		s.first = at;
		for (size_t c = 0; c < k; c++)
			memcpy(m->x + c * d, m->unit + node_of(m, at + c) * d, d * sizeof *m->x);
		if (num_gemm(m->score, width, m->x, d, NUM_N, Y, d, NUM_T, k, width, d, false, pool, e))
			return e->code;
		par_for(pool, k, exp_user, &s);
		if (num_gemm(m->gx, d, m->score, width, NUM_N, Y, d, NUM_N, k, d, width, false, pool, e) ||
		    num_gemm(G, d, m->score, width, NUM_T, m->x, d, NUM_N, width, d, k, true, pool, e))
			return e->code;
		pull(m, at, k);
		for (size_t c = 0; c < k; c++)
			*loss += m->part[c];
	}
	for (size_t j = 0; items && j < width; j++)
		num_axpy(m->grad + items[j] * d, 1, m->gy + j * d, d);
	par_for(pool, n_chunks(m->n), through_length, m);
	through_graph(m, pool);
	return 0;
}

/* draw - o.negatives different items of those there are, ascending (Floyd: for j = N - n .. N - 1 a number up to j, or j itself when that is taken already). */
static void draw(struct softmax *m, struct pcg32 *r)
{
	size_t n = 0, from = m->n_items - m->o.negatives;
	unsigned char *taken = (unsigned char *)m->score;	/* not in use between batches */

	memset(taken, 0, m->n_items);
	for (size_t j = from; j < m->n_items; j++) {
		uint32_t i = pcg32_bounded(r, (uint32_t)j + 1);
		taken[taken[i] ? j : i] = 1;
	}
	for (size_t i = 0; i < m->n_items; i++)
		if (taken[i])
			m->drawn[n++] = (uint32_t)i;
}

int softmax_epoch(struct softmax *m, double *loss, size_t epoch, struct par *pool, struct err *e)
{
	size_t batches = (m->n_active + m->o.batch - 1) / m->o.batch, size = m->n * m->o.d;
	struct pcg32 r;
	double total = 0;

	pcg32_seed(&r, m->o.seed, (1ull << 32) + epoch);
	rng_shuffle_u32(&r, m->order, (uint32_t)m->n_active);
	for (size_t b = 0; b < batches; b++) {
		size_t first = b * m->o.batch, n = m->n_active - first < m->o.batch ? m->n_active - first : m->o.batch;
		double part;
		if (m->o.negatives)
			draw(m, &r);
		softmax_smooth(m, pool);
		if (softmax_gradient(m, &part, first, n, m->o.negatives ? m->drawn : NULL, m->o.negatives, pool, e))
			return e->code;
		total += part;
		adam_step(m->own, m->moment[0], m->moment[1], m->grad, size, m->o.rate, ++m->n_steps, pool);
	}
	*loss = total / m->weight;
	if (!isfinite(total) || !num_is_finite(m->own, size))
		return err_set(e, ERR_NUMERIC, "epoch %zu: the vectors are not finite: --rate is too large", epoch + 1);
	return 0;
}

/* ---- start and end ---- */

/* join - adj from R and its transpose: nodes of items, then of users. */
static int join(struct softmax *m, const struct csr *R, const struct csr *T, struct err *e)
{
	size_t nnz = R->start[R->n_rows], bytes, k = 0;
	struct csr *adj = &m->adj;

	if (!mem_mul(nnz, 2, &bytes))
		return err_set(e, ERR_MEM, "the graph does not fit into memory");
	*adj = (struct csr){ m->n, m->n, mem_try(m->n + 1, sizeof *adj->start, "graph", e), mem_try(bytes, sizeof *adj->col, "graph", e), mem_try(bytes, sizeof *adj->val, "graph", e) };
	if (!adj->start || !adj->col || !adj->val)
		return ERR_MEM;
	for (size_t r = 0; r < m->n; r++) {
		bool is_item = r < m->n_items;
		const struct csr *from = is_item ? T : R, *back = is_item ? R : T;
		size_t row = is_item ? r : r - m->n_items, begin = from->start[row], end = from->start[row + 1];
		adj->start[r] = k;
		for (size_t j = begin; j < end; j++, k++) {
			size_t c = from->col[j], other = back->start[c + 1] - back->start[c];
			adj->col[k] = (uint32_t)(is_item ? m->n_items + c : c);
			adj->val[k] = (float)(1 / sqrt((double)(end - begin) * (double)other));
		}
	}
	adj->start[m->n] = k;
	return 0;
}

static int allocate(struct softmax *m, struct err *e)
{
	size_t d = m->o.d, width = m->o.negatives ? m->o.negatives : m->n_items, bytes = d * sizeof(float);
	float **all[] = { &m->own, &m->unit, &m->grad, &m->moment[0], &m->moment[1], &m->t[0], &m->t[1] };

	m->rows = SCORES / width < ROWS_MIN ? ROWS_MIN : SCORES / width > ROWS_MAX ? ROWS_MAX : SCORES / width;
	if (m->rows > m->o.batch)
		m->rows = m->o.batch;
	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		if (!(*all[k] = mem_try0(m->n, bytes, "vectors", e)))
			return ERR_MEM;
	m->length = mem_try(m->n, sizeof *m->length, "vectors", e);
	m->bias = mem_try(m->n_items, sizeof *m->bias, "weights of items", e);
	m->order = mem_try(m->n_users, sizeof *m->order, "order of users", e);
	m->score = mem_try(m->rows * sizeof *m->score, width > m->n_items / 4 ? width : m->n_items / 4 + 1, "scores", e);
	m->x = mem_try(m->rows, bytes, "vectors of a batch", e);
	m->gx = mem_try(m->rows, bytes, "vectors of a batch", e);
	m->part = mem_try(m->rows, sizeof *m->part, "losses", e);
	m->mean = mem_try(m->rows, sizeof *m->mean, "losses", e);
	if (m->o.negatives) {
		m->y = mem_try(width, bytes, "vectors of drawn items", e);
		m->gy = mem_try(width, bytes, "vectors of drawn items", e);
		m->log_b = mem_try(width, sizeof *m->log_b, "weights of drawn items", e);
		m->drawn = mem_try(width, sizeof *m->drawn, "drawn items", e);
		if (!m->y || !m->gy || !m->log_b || !m->drawn)
			return ERR_MEM;
	}
	return m->length && m->bias && m->order && m->score && m->x && m->gx && m->part && m->mean ? 0 : ERR_MEM;
}

/* log_b - of an item of n users, less 1 / temperature, so that no exponent is large. */
static float log_b(double n, double mean, double neg_power, double temperature)
{
	return n > 0 ? (float)(neg_power * fm_log(n / mean) - 1 / temperature) : -1e30f;
}

/* begin - log b, who has items, and the first numbers. */
static void begin(struct softmax *m)
{
	size_t d = m->o.d;
	double mean = (double)m->adj.start[m->n_items] / (double)m->n_items;

	for (size_t i = 0; i < m->n_items; i++) {
		size_t n = n_pairs_of(m, i);
		m->bias[i] = log_b((double)n, mean, m->o.neg_power, m->o.temperature);
	}
	for (size_t u = 0; u < m->n_users; u++)
		if (n_pairs_of(m, m->n_items + u)) {
			m->weight += weight_of(m, m->n_items + u);
			m->order[m->n_active++] = (uint32_t)u;
		}
	for (size_t r = 0; r < m->n; r++) {
		struct pcg32 g;
		pcg32_seed(&g, m->o.seed, r);
		for (size_t k = 0; k < d && n_pairs_of(m, r); k++)
			m->own[r * d + k] = 0.1f * fm_normal(&g);
	}
}

int softmax_init(struct softmax *m, struct csr *R, const struct softmax_opts *o, struct err *e)
{
	struct csr T = { 0 };
	int ret = 0;

	*m = (struct softmax){ .o = *o, .n_items = R->n_cols, .n_users = R->n_rows, .n = R->n_cols + R->n_rows };
	if (m->o.negatives >= m->n_items)
		m->o.negatives = 0;
	if (!m->o.batch)
		m->o.batch = m->n_users / STEPS_MIN > BATCH_MAX ? BATCH_MAX : m->n_users / STEPS_MIN + 1;
	if (!R->start || !R->start[R->n_rows])
		ret = err_set(e, ERR_DATA, "no events to learn from%s", R->n_rows ? ": those read all weigh 0" : "");
	else if (m->n > UINT32_MAX)
		ret = err_set(e, ERR_DATA, "%zu users and items are more than 4294967295", m->n);
	if (!ret && !(ret = csr_transpose(&T, R, e)))
		ret = join(m, R, &T, e);
	csr_release(&T);
	csr_release(R);
	if (!ret && !(ret = allocate(m, e)))
		begin(m);
	if (ret)
		softmax_release(m);
	return ret;
}

void softmax_release(struct softmax *m)
{
	float *all[] = { m->own, m->unit, m->length, m->grad, m->moment[0], m->moment[1], m->t[0], m->t[1], m->bias, m->score, m->x, m->gx, m->y, m->gy, m->log_b, m->mean };

	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		mem_free(all[k]);
	csr_release(&m->adj);
	mem_free(m->order);
	mem_free(m->drawn);
	mem_free(m->part);
	*m = (struct softmax){ 0 };
}

static void save_meta(const struct softmax *m, struct artifactw *a, const struct weigh *w, uint64_t n_events, double fold_step)
{
	const struct softmax_opts *o = &m->o;

	model_put_meta(a, m->n_users, m->n_items, n_events);
	artifactw_meta(a, "n_pairs", "%zu", m->adj.start[m->n_items]);
	artifactw_meta(a, "d", "%zu", o->d);
	artifactw_meta(a, "epochs", "%zu", o->epochs);
	artifactw_meta(a, "layers", "%zu", o->layers);
	model_put_number(a, "ego", o->ego);
	model_put_number(a, "temperature", o->temperature);
	model_put_number(a, "neg_power", o->neg_power);
	model_put_number(a, "user_power", o->user_power);
	model_put_number(a, "rate", o->rate);
	artifactw_meta(a, "batch", "%zu", o->batch);
	artifactw_meta(a, "negatives", "%zu", o->negatives);
	artifactw_meta(a, "seed", "%llu", (unsigned long long)o->seed);
	model_put_number(a, "fold_step", fold_step);
	weigh_put(w, a);
	model_put_tuned(a, m->o.tuned);
}

/* make_fold - item.fold into the items' rows of grad: the sum over all powers of A but the last, times n_i^-1/2. */
static void make_fold(struct softmax *m, struct par *pool)
{
	size_t d = m->o.d;
	const float *from = m->own;

	memcpy(m->grad, m->own, m->n * d * sizeof *m->grad);
	for (size_t l = 0; l + 1 < m->o.layers; l++) {
		product(m, m->t[l % 2], from, m->grad, 1, m->grad, pool);
		from = m->t[l % 2];
	}
	for (size_t i = 0; i < m->n_items; i++) {
		size_t n = n_pairs_of(m, i);
		num_scale(m->grad + i * d, n ? (float)(1 / sqrt((double)n)) : 0, d);
	}
}

/* fold_begin - x0 into x, its slope along the sphere into g. scratch [n_items]. */
static void fold_begin(const struct softmax_fold *f, float *x, float *g, const uint32_t *item, size_t n, float *scratch)
{
	size_t d = f->d;

	memset(x, 0, d * sizeof *x);
	memset(g, 0, d * sizeof *g);
	for (size_t j = 0; j < n; j++)
		num_axpy(x, 1, f->fold + item[j] * d, d);
	double length = num_norm(x, d);
	num_scale(x, length > 0 ? (float)(1 / length) : 0, d);
	num_dots(scratch, x, f->item, f->n_items, d, d);
	double sum = adam_exp(scratch, (float)(1 / f->temperature), f->log_b, f->n_items);
	num_scale(scratch, (float)(-1 / sum), f->n_items);
	for (size_t i = 0; i < f->n_items; i++)
		num_axpy(g, scratch[i], f->item + i * d, d);
	for (size_t j = 0; j < n; j++)
		num_axpy(g, (float)(1 / (double)n), f->item + item[j] * d, d);
	num_axpy(g, -num_dot(g, x, d), x, d);
}

/* fit_step - of users in the order of the last epoch. In the plane that touches the sphere at x0 a user's own vector is at x / (x.x0) - x0. */
static double fit_step(struct softmax *m)
{
	struct softmax_fold f = { .d = m->o.d, .n_items = m->n_items, .temperature = m->o.temperature, .item = m->unit, .fold = m->grad, .log_b = m->bias };
	size_t d = m->o.d;
	float *x = m->t[1], *g = m->t[1] + d;	/* two rows at least: a user and an item */
	double along = 0, square = 0;

	for (size_t at = 0; at < m->n_active && at < FOLD_SAMPLE; at++) {
		size_t u = node_of(m, at);
		fold_begin(&f, x, g, m->adj.col + m->adj.start[u], n_pairs_of(m, u), m->t[0]);
		double near = (double)num_dot(m->unit + u * d, x, d);
		if (near < 0.5)
			continue;
		along += (double)num_dot(m->unit + u * d, g, d) / near;	/* g.x0 is 0 */
		square += (double)num_dot(g, g, d);
	}
	return along > 0 && square > 0 && along < 1e6 * square ? along / square : 0;
}

int softmax_save(struct softmax *m, struct sink *s, const struct vocab *user, const struct vocab *item, const struct weigh *w, uint64_t n_events, const struct prov *prov,
		 struct par *pool, struct err *e)
{
	uint64_t user_dim[2] = { m->n_users, m->o.d }, item_dim[2] = { m->n_items, m->o.d }, n_items = m->n_items;
	double *count = mem_try(m->n_items, sizeof *count, "counts of items", e);
	struct artifactw *a = count ? artifactw_new(s, KIND_MODEL, "softmax", e) : NULL;
	int ret = a ? 0 : ERR_SYS;

	for (size_t i = 0; count && i < m->n_items; i++)
		count[i] = (double)n_pairs_of(m, i);
	if (a) {
		softmax_smooth(m, pool);
		make_fold(m, pool);
		save_meta(m, a, w, n_events, fit_step(m));
		ret = artifactw_tensor(a, "item.vec", DTYPE_F32, 2, item_dim, m->unit, e) ||
		      artifactw_tensor(a, "item.fold", DTYPE_F32, 2, item_dim, m->grad, e) || artifactw_tensor(a, "item.count", DTYPE_F64, 1, &n_items, count, e) ||
		      artifactw_vocab(a, "item", item, e) || artifactw_tensor(a, "user.vec", DTYPE_F32, 2, user_dim, m->unit + m->n_items * m->o.d, e) ||
		      artifactw_vocab(a, "user", user, e) || artifactw_finish(a, prov, e);
	}
	artifactw_free(a);
	mem_free(count);
	return ret ? (e->code ? (int)e->code : ERR_SYS) : 0;
}

/* ---- folding in ---- */

int softmax_fold_open(struct softmax_fold *f, struct model *m, struct err *e)
{
	uint64_t dim[2] = { m->n[MODEL_ITEMS], m->d };
	double neg_power, mean = 0;
	const double *count;
	const void *fold;
	int ret;

	*f = (struct softmax_fold){ .d = m->d, .n_items = m->n[MODEL_ITEMS] };
	if (strcmp(m->kind, "softmax"))
		return err_set(e, ERR_DATA, "%s: a model of kind %s is no softmax", artifact_name(m->art), m->kind);
	if ((ret = weigh_load(&f->weigh, m, e)) || (ret = model_number(m, "temperature", 0.01, 100, &f->temperature, e)) ||
	    (ret = model_number(m, "neg_power", -2, 2, &neg_power, e)) || (ret = model_number(m, "fold_step", 0, 1e6, &f->step, e)) ||
	    (ret = model_vectors(m, MODEL_ITEMS, e)) || (ret = model_counts(m, &count, e)) ||
	    (ret = artifact_tensor(m->art, "item.fold", DTYPE_F32, 2, dim, &fold, e)))
		goto out;
	if (!(f->log_b = mem_try(f->n_items, sizeof *f->log_b, "weights of items", e))) {
		ret = ERR_MEM;
		goto out;
	}
	for (size_t i = 0; i < f->n_items; i++)
		mean += count[i] / (double)f->n_items;
	for (size_t i = 0; i < f->n_items; i++)
		f->log_b[i] = log_b(count[i], mean, neg_power, f->temperature);
	f->item = m->vec[MODEL_ITEMS];
	f->fold = fold;
out:
	if (ret)
		softmax_fold_release(f);
	return ret;
}

void softmax_fold_release(struct softmax_fold *f)
{
	weigh_release(&f->weigh);
	mem_free(f->log_b);
	*f = (struct softmax_fold){ 0 };
}

size_t softmax_fold_scratch(const struct softmax_fold *f)
{
	return f->n_items + f->d;
}

void softmax_fold(const struct softmax_fold *f, float *x, const uint32_t *item, size_t n, float *scratch)
{
	float *g = scratch + f->n_items;

	if (!n) {
		memset(x, 0, f->d * sizeof *x);
		return;
	}
	fold_begin(f, x, g, item, n, scratch);
	num_axpy(x, (float)f->step, g, f->d);
	double length = num_norm(x, f->d);
	num_scale(x, length > 0 ? (float)(1 / length) : 0, f->d);
}
