/*
 * session - a step: stretches of a batch are scored and differentiated on all threads, each into rows of its own, while the rows of the model that they touch are put in order; then
 * each row of the model is stepped by whoever has it, with its gradients added in the order of the batch.
 *
 *        drawn                    A stretch has its rows of in and out side by side. in x drawn is one product for all its sessions; the pairs of a session are
 *      +-------+   +---+          a small band of in x out, ROWS inputs at a time. Rows lie PAD floats further apart than they are long, so that those that a product
 *      |       |   | s |          walks over do not share cache sets.
 *   in |   S   |   +---+---+
 *      |       |       | s |
 *      +-------+       +---+
 */
#include "session.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"
#include "../num/adam.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum { IN, OUT };
enum {
	ROWS = 32,			/* inputs of a session at a time */
	PAD = 16,
	STEP_CHUNKS = 16,		/* parts of the rows of a side when they are stepped */
	BAND = SESSION_TASK + PAD,	/* floats between rows of a band, and of what was drawn turned around */
	TURNED = ROWS + PAD,		/* of a band turned around */
	ORDER_STREAM = 32,		/* 2^32 + epoch */
};

const char *session_check(const struct session_opts *o)
{
	if (o->d < 1 || o->d > MODEL_DIM_MAX)
		return "the number of dimensions is not in 1..4096";
	if (o->window >= SESSION_TASK)
		return "the window is not in 0..255";
	if (o->negatives < 1 || o->negatives > SESSION_NEGATIVES_MAX)
		return "the number of negatives is not in 1..4096";
	if (!(fabs(o->neg_power) <= 2))
		return "the power of the negatives is not in -2..2";
	if (!(o->back >= 0 && o->back <= 1))
		return "the weight of what went before is not in 0..1";
	if (!(o->subsample >= 0 && o->subsample <= 1))
		return "the threshold of thinning is not in 0..1";
	if (!(o->rate > 0 && o->rate <= 10))
		return "the rate is not above 0 and at most 10";
	if (o->batch < 1 || o->batch > SESSION_BATCH_MAX)
		return "the batch is not in 1..1048576";
	if (!(o->decay >= 0 && o->decay <= 1))
		return "the decay is not in 0..1";
	return NULL;
}

static size_t ceil16(size_t n)
{
	return (n + 15) / 16 * 16;
}

/* ---- composed rows ---- */

static size_t n_tokens_of(const struct session *m, size_t i)
{
	return m->in.n_tokens ? m->in.token_start[i + 1] - m->in.token_start[i] : 0;
}

/* compose - the vector of item i into to: its own and the mean of its tokens'. */
static void compose(const struct session *m, int side, float *to, size_t i)
{
	size_t d = m->o.d, n = n_tokens_of(m, i);

	memcpy(to, m->vec[side] + i * d, d * sizeof *to);
	for (size_t k = 0; k < n; k++)
		num_axpy(to, 1 / (float)n, m->vec[side] + (m->n_items + m->in.token[m->in.token_start[i] + k]) * d, d);
}

static void gather(const struct session *m, int side, float *to, size_t ld, const uint32_t *item, size_t n)
{
	enum { AHEAD = 8 };

	for (size_t j = 0; j < n; j++) {
		if (j + AHEAD < n)
			num_fetch(m->vec[side] + item[j + AHEAD] * m->o.d, m->o.d);
		compose(m, side, to + j * ld, item[j]);
	}
}

/* ---- the gradient of a stretch ---- */

/* session_work - rows are ld floats apart, but where something else is said; K: negatives. */
struct session_work {
	size_t ld, ldk;
	float *in, *out;		/* [SESSION_TASK] */
	float *drawn, *turned;		/* [K], [d x ldk] */
	float *s, *s_turned;		/* [SESSION_TASK x ldk], [K x BAND] */
	float *band, *band_turned;	/* [ROWS x BAND], [SESSION_TASK x TURNED] */
	float *e, *zero;		/* [BAND] */
	float *log_c;			/* [ldk] */
	double *z;			/* [SESSION_TASK] c sum_k e^s_ak */
	float *all;
};

static int work_init(struct session_work *w, const struct session_opts *o, struct err *e)
{
	size_t K = o->negatives, T = SESSION_TASK, ld = ceil16(o->d) + PAD, ldk = ceil16(K) + PAD, n = 0;
	struct { float **at; size_t n; } part[] = {
		{ &w->in, T * ld }, { &w->out, T * ld }, { &w->drawn, K * ld }, { &w->turned, o->d * ldk }, { &w->s, T * ldk }, { &w->s_turned, K * BAND },
		{ &w->band, ROWS * BAND }, { &w->band_turned, T * TURNED }, { &w->e, BAND }, { &w->zero, BAND }, { &w->log_c, ldk },
	};

	for (size_t k = 0; k < sizeof part / sizeof *part; k++)
		n += ceil16(part[k].n);
	*w = (struct session_work){ ld, ldk, .z = mem_try(T, sizeof *w->z, "sums of a batch", e), .all = mem_try0(n, sizeof(float), "scores of a batch", e) };
	if (!w->z || !w->all)
		return ERR_MEM;
	for (size_t k = 0, at = 0; k < sizeof part / sizeof *part; at += ceil16(part[k].n), k++)
		*part[k].at = w->all + at;
	for (size_t k = 0; k < K; k++)
		w->log_c[k] = (float)fm_log(SESSION_NEGATIVE / (double)K);
	return 0;
}

/* pair - a term of L and its slope with respect to s_ab: e = e^s_ab, z = c sum_k e^s_ak. Adds 1 / (e + z), by which what was drawn is pushed. */
static float pair(float e, double z, float w, double *loss, double *push)
{
	double share = 1 / ((double)e + z);

	*loss -= (double)w * fm_log((double)e * share);
	*push += (double)w * share;
	return w * (float)((double)e * share - 1);
}

/* band_row - scores s of input a with places lo .. lo + n become slopes. Returns the sum of the pairs' weights. */
static double band_row(const struct session *m, struct session_work *w, float *s, size_t a, size_t lo, size_t n, double *loss, double *push)
{
	size_t window = m->o.window ? m->o.window : SESSION_TASK - 1;
	double sum = 0;

	memcpy(w->e, s, n * sizeof *s);
	adam_exp(w->e, 1, w->zero, n);
	*push = 0;
	for (size_t c = 0; c < n; c++) {
		size_t b = lo + c, gap = b < a ? a - b : b - a;
		float weight = gap <= window ? m->weight[b < a][gap] : 0;
		s[c] = weight > 0 ? pair(w->e[c], w->z[a], weight, loss, push) : 0;
		sum += (double)weight;
	}
	return sum;
}

/* session_pairs - the pairs of the session at places first .. end of its stretch: gin is set, gout added to, and the inputs' rows of s scaled. */
static void session_pairs(const struct session *m, struct session_work *w, size_t first, size_t end, float *gin, float *gout, double *loss, double *pairs)
{
	size_t d = m->o.d, window = m->o.window ? m->o.window : SESSION_TASK;

	for (size_t r = first, rows; r < end; r += rows) {
		rows = end - r < ROWS ? end - r : ROWS;
		size_t lo = r - first > window ? r - window : first, hi = end - (r + rows) > window ? r + rows + window : end, n = hi - lo;
		num_dots_block(w->band, BAND, w->in + r * w->ld, w->ld, rows, w->out + lo * w->ld, w->ld, n, d);
		for (size_t a = r; a < r + rows; a++) {
			double push;
			*pairs += band_row(m, w, w->band + (a - r) * BAND, a, lo, n, loss, &push);
			num_scale(w->s + a * w->ldk, (float)push, m->o.negatives);
		}
		num_mul(gin + r * d, d, w->band, BAND, w->out + lo * w->ld, w->ld, rows, d, n, false);
		num_transpose(w->band_turned, TURNED, w->band, BAND, rows, n);
		num_mul(gout + lo * d, d, w->band_turned, TURNED, w->in + r * w->ld, w->ld, n, d, rows, true);
	}
}

static void stretch(struct session *m, size_t t, struct session_work *w)
{
	size_t d = m->o.d, K = m->o.negatives, first = m->begin[m->task[t]], n = m->begin[m->task[t + 1]] - first;
	float *gin = m->grad[IN] + first * d, *gout = m->grad[OUT] + first * d, *gdrawn = m->grad[OUT] + (m->room_n + t * K) * d;

	gather(m, IN, w->in, w->ld, m->event + first, n);
	gather(m, OUT, w->out, w->ld, m->event + first, n);
	gather(m, OUT, w->drawn, w->ld, m->drawn + t * K, K);
	num_transpose(w->turned, w->ldk, w->drawn, w->ld, K, d);
	num_mul(w->s, w->ldk, w->in, w->ld, w->turned, w->ldk, n, K, d, false);
	for (size_t a = 0; a < n; a++)
		w->z[a] = adam_exp(w->s + a * w->ldk, 1, w->log_c, K);
	memset(gout, 0, n * d * sizeof *gout);
	m->loss[t] = m->pairs[t] = 0;
	for (size_t k = m->task[t]; k < m->task[t + 1]; k++)
		session_pairs(m, w, m->begin[k] - first, m->begin[k + 1] - first, gin, gout, &m->loss[t], &m->pairs[t]);
	num_mul(gin, d, w->s, w->ldk, w->drawn, w->ld, n, d, K, true);
	num_transpose(w->s_turned, BAND, w->s, w->ldk, n, K);
	num_mul(gdrawn, d, w->s_turned, BAND, w->in, w->ld, K, d, n, false);
}

/* ---- which rows are touched ---- */

static void touch_item(const struct session *m, struct session_touch *to, size_t i, size_t from)
{
	to->row[to->n] = i;
	to->from[to->n++] = (uint32_t)from;
	for (size_t k = 0; k < n_tokens_of(m, i); k++) {
		to->row[to->n] = m->n_items + m->in.token[m->in.token_start[i] + k];
		to->from[to->n++] = (uint32_t)from;
	}
}

static void touch(struct session *m, int side)
{
	struct session_touch *to = &m->touch[side];

	to->n = 0;
	for (size_t j = 0; j < m->n; j++)
		touch_item(m, to, m->event[j], j);
	for (size_t j = 0; side == OUT && j < m->n_tasks * m->o.negatives; j++)
		touch_item(m, to, m->drawn[j], m->room_n + j);
	sort_u64_in(to->row, to->from, to->row2, to->from2, to->n);
}

static void gradient_chunk(void *ctx, size_t c, int worker)
{
	struct session *m = ctx;

	if (c < 2)
		touch(m, (int)c);
	else
		stretch(m, c - 2, &m->work[worker]);
}

void session_gradient(struct session *m, double *loss, double *pairs, struct par *pool)
{
	*loss = *pairs = 0;
	par_for(pool, m->n_tasks + 2, gradient_chunk, m);
	for (size_t t = 0; t < m->n_tasks; t++) {
		*loss += m->loss[t];
		*pairs += m->pairs[t];
	}
}

/* ---- a step ---- */

/* part_of - of a row's gradient: what row `from` of grad counts in it. */
static float part_of(const struct session *m, size_t row, size_t from)
{
	size_t i = from < m->room_n ? m->event[from] : m->drawn[from - m->room_n];

	return row < m->n_items ? 1 : 1 / (float)n_tokens_of(m, i);
}

/* step_chunk - a part of the touched rows of a side, those that begin in it. */
static void step_chunk(void *ctx, size_t c, int worker)
{
	struct session *m = ctx;
	int side = (int)(c / STEP_CHUNKS);
	const struct session_touch *t = &m->touch[side];
	const size_t ahead = 6;
	size_t d = m->o.d, at = t->n * (c % STEP_CHUNKS) / STEP_CHUNKS, end = t->n * (c % STEP_CHUNKS + 1) / STEP_CHUNKS;
	float *g = m->work[worker].in;

	while (at && at < end && t->row[at] == t->row[at - 1])
		at++;
	while (at < end) {
		size_t row = t->row[at];
		memset(g, 0, d * sizeof *g);
		for (; at < t->n && t->row[at] == row; at++) {
			if (at + ahead < t->n) {
				num_fetch(m->grad[side] + t->from[at + ahead] * d, d);
				num_fetch(m->vec[side] + t->row[at + ahead] * d, d);
			}
			num_axpy(g, part_of(m, row, t->from[at]), m->grad[side] + t->from[at] * d, d);
		}
		float q = m->square[side][row] += num_dot(g, g, d) / (float)d;
		num_axpy(m->vec[side] + row * d, q > 0 ? -m->step / __builtin_sqrtf(q) : 0, g, d);
	}
}

/* fill_batch - the next sessions, from piece s on, thinned. Returns the piece behind them. */
static size_t fill_batch(struct session *m, size_t s, struct pcg32 *r)
{
	m->n = m->n_begun = m->n_tasks = 0;
	m->begin[0] = m->task[0] = 0;
	for (; s < m->n_pieces && m->n < m->o.batch; s++) {
		size_t from = m->n;
		for (size_t j = m->piece[m->order[s]]; j < m->piece[m->order[s] + 1]; j++) {
			uint32_t i = m->in.item[j];
			if (!(m->o.subsample > 0) || m->keep[i] >= 1 || pcg32_f32(r) < m->keep[i])
				m->event[m->n++] = i;
		}
		if (m->n - from < 2) {
			m->n = from;
			continue;
		}
		if (m->n - m->begin[m->task[m->n_tasks]] > SESSION_TASK)
			m->task[++m->n_tasks] = m->n_begun;
		m->begin[++m->n_begun] = m->n;
	}
	if (m->n_begun)
		m->task[++m->n_tasks] = m->n_begun;
	return s;
}

static uint32_t draw(const struct session *m, struct pcg32 *r)
{
	uint32_t i = pcg32_bounded(r, (uint32_t)m->n_items);

	return pcg32_f32(r) < m->urn[i].own ? i : m->urn[i].other;
}

int session_epoch(struct session *m, double *loss, size_t epoch, struct par *pool, struct err *e)
{
	double total = 0, pairs = 0, all = (double)m->n_pieces * (double)m->o.epochs;
	struct pcg32 r;

	pcg32_seed(&r, m->o.seed, (1ull << ORDER_STREAM) + epoch);
	rng_shuffle_u32(&r, m->order, (uint32_t)m->n_pieces);
	for (size_t s = 0; s < m->n_pieces;) {
		double l, p;
		m->step = (float)(m->o.rate * (1 - ((double)m->n_pieces * (double)epoch + (double)s) / all));
		s = fill_batch(m, s, &r);
		for (size_t j = 0; j < m->n_tasks * m->o.negatives; j++)
			m->drawn[j] = draw(m, &r);
		session_gradient(m, &l, &p, pool);
		par_for(pool, 2 * STEP_CHUNKS, step_chunk, m);
		total += l;
		pairs += p;
	}
	*loss = pairs > 0 ? total / pairs : 0;
	if (!isfinite(total) || !num_is_finite(m->vec[IN], m->n_rows * m->o.d) || !num_is_finite(m->vec[OUT], m->n_rows * m->o.d))
		return err_set(e, ERR_NUMERIC, "epoch %zu: the vectors are not finite: --rate is too large", epoch + 1);
	return 0;
}

/* ---- start and end ---- */

/* cut - sessions of more than SESSION_TASK events in pieces; of less than two none. */
static int cut(struct session *m, struct err *e)
{
	const size_t *start = m->in.start;
	size_t n = 0;

	for (size_t s = 0; s < m->in.n_sessions; s++)
		n += (start[s + 1] - start[s] + SESSION_TASK - 1) / SESSION_TASK;
	if (n > UINT32_MAX)
		return err_set(e, ERR_DATA, "%zu sessions are more than 4294967295", n);
	if (!(m->piece = mem_try(n + 1, sizeof *m->piece, "sessions", e)) || !(m->order = mem_try(n, sizeof *m->order, "order of sessions", e)))
		return ERR_MEM;
	m->piece[0] = start[0];
	for (size_t s = 0; s < m->in.n_sessions; s++)
		for (size_t at = start[s]; at < start[s + 1]; at = m->piece[m->n_pieces]) {
			m->order[m->n_pieces] = (uint32_t)m->n_pieces;
			m->piece[++m->n_pieces] = start[s + 1] - at < SESSION_TASK ? start[s + 1] : at + SESSION_TASK;
		}
	for (size_t k = 0; k < m->n_pieces; k++)
		if (m->piece[k + 1] - m->piece[k] > 1)
			return 0;
	return err_set(e, ERR_DATA, "no events to learn from%s", m->in.n_sessions ? ": no session has two" : m->n_items ? ": those read all weigh 0" : "");
}

static int allocate(struct session *m, struct par *pool, struct err *e)
{
	size_t d = m->o.d, K = m->o.negatives, most = 0, window = m->o.window ? m->o.window : SESSION_TASK - 1;

	for (size_t i = 0; i < m->n_items; i++)
		most = n_tokens_of(m, i) > most ? n_tokens_of(m, i) : most;
	m->room_n = m->o.batch + SESSION_TASK;
	m->room_tasks = 2 * (m->room_n / SESSION_TASK + 1);	/* of two that follow each other one is more than half full */
	m->room_touch = (m->room_n + m->room_tasks * K) * (1 + most);
	if (m->room_n + m->room_tasks * K > UINT32_MAX || m->n_rows > UINT32_MAX)
		return err_set(e, ERR_DATA, "%zu items and tokens, and %zu rows of a batch: one of them is more than 4294967295", m->n_rows, m->room_n + m->room_tasks * K);
	for (int side = IN; side <= OUT; side++) {
		struct session_touch *t = &m->touch[side];
		m->vec[side] = mem_try0(m->n_rows, d * sizeof(float), "vectors", e);
		m->square[side] = mem_try0(m->n_rows, sizeof(float), "vectors", e);
		m->grad[side] = mem_try(m->room_n + (side == OUT ? m->room_tasks * K : 0), d * sizeof(float), "gradients of a batch", e);
		m->weight[side] = mem_try(window + 1, sizeof(float), "weights of pairs", e);
		*t = (struct session_touch){ mem_try(m->room_touch, sizeof *t->row, "rows of a batch", e), mem_try(m->room_touch, sizeof *t->row, "rows of a batch", e),
					     mem_try(m->room_touch, sizeof *t->from, "rows of a batch", e), mem_try(m->room_touch, sizeof *t->from, "rows of a batch", e) };
		if (!m->vec[side] || !m->square[side] || !m->grad[side] || !m->weight[side] || !t->row || !t->row2 || !t->from || !t->from2)
			return ERR_MEM;
	}
	m->count = mem_try0(m->n_items, sizeof *m->count, "counts of items", e);
	m->urn = mem_try(m->n_items, sizeof *m->urn, "weights of items", e);
	m->keep = mem_try(m->n_items, sizeof *m->keep, "weights of items", e);
	m->event = mem_try(m->room_n, sizeof *m->event, "events of a batch", e);
	m->begin = mem_try(m->room_n + 1, sizeof *m->begin, "events of a batch", e);
	m->task = mem_try(m->room_tasks + 1, sizeof *m->task, "events of a batch", e);
	m->drawn = mem_try(m->room_tasks * K, sizeof *m->drawn, "drawn items", e);
	m->loss = mem_try(m->room_tasks, sizeof *m->loss, "losses", e);
	m->pairs = mem_try(m->room_tasks, sizeof *m->pairs, "losses", e);
	if (!m->count || !m->urn || !m->keep || !m->event || !m->begin || !m->task || !m->drawn || !m->loss || !m->pairs)
		return ERR_MEM;
	m->work = mem_new((size_t)par_threads(pool), sizeof *m->work);
	for (m->n_work = 0; m->n_work < par_threads(pool);)
		if (work_init(&m->work[m->n_work++], &m->o, e))
			return ERR_MEM;
	return 0;
}

/*
 * fill_urns - one urn for each item, with room for a mean share of all weight. What has less fills its urn up from one that has more, so that a draw is one of an urn and one in it.
 * Source: Vose 1991, "A Linear Algorithm for Generating Random Numbers with a Given Distribution".
 */
static int fill_urns(struct session *m, struct err *e)
{
	size_t n = m->n_items, n_poor = 0, n_rich = 0;
	double *share = mem_try(n, sizeof *share, "weights of items", e), total = 0;
	uint32_t *list = mem_try(n, sizeof *list, "weights of items", e), some = 0;	/* the poor from the front, the rich from the back; some: an item that there is */

	for (size_t i = 0; share && list && i < n; i++) {
		total += share[i] = m->count[i] > 0 ? fm_pow(m->count[i], m->o.neg_power) : 0;
		some = m->count[i] > 0 ? (uint32_t)i : some;
	}
	for (size_t i = 0; share && list && i < n; i++) {
		share[i] *= (double)n / total;
		list[share[i] < 1 ? n_poor++ : n - ++n_rich] = (uint32_t)i;
		m->urn[i] = (struct session_urn){ share[i] > 0, some };
	}
	while (n_poor && n_rich) {
		uint32_t poor = list[--n_poor], rich = list[n - n_rich];
		m->urn[poor] = (struct session_urn){ (float)share[poor], rich };
		share[rich] -= 1 - share[poor];
		if (share[rich] < 1) {
			n_rich--;
			list[n_poor++] = rich;
		}
	}
	mem_free(list);
	mem_free(share);
	return e->code;
}

static int begin(struct session *m, struct err *e)
{
	size_t d = m->o.d, from = m->piece[0], n = m->piece[m->n_pieces] - from, window = m->o.window ? m->o.window : SESSION_TASK - 1;

	for (size_t j = from; j < from + n; j++)
		m->count[m->in.item[j]]++;
	for (size_t i = 0; i < m->n_items; i++) {
		double t = m->o.subsample * (double)n / m->count[i];
		m->keep[i] = m->o.subsample > 0 && t < 1 ? (float)(sqrt(t) + t) : 1;
	}
	for (size_t r = 0; r < m->n_rows; r++) {
		struct pcg32 g;
		pcg32_seed(&g, m->o.seed, r);
		for (size_t k = 0; k < d; k++)
			m->vec[IN][r * d + k] = (float)(0.1 / sqrt((double)d)) * fm_normal(&g);
	}
	for (size_t gap = 0; gap <= window; gap++) {
		float w = !gap ? 0 : m->o.window ? 1 - (float)(gap - 1) / (float)window : 1;
		m->weight[0][gap] = w;
		m->weight[1][gap] = (float)m->o.back * w;
	}
	return fill_urns(m, e);
}

int session_init(struct session *m, const struct session_data *in, const struct session_opts *o, struct par *pool, struct err *e)
{
	*m = (struct session){ .o = *o, .in = *in, .n_items = in->n_items, .n_rows = in->n_items + in->n_tokens };
	int ret = cut(m, e);

	if (ret || (ret = allocate(m, pool, e)) || (ret = begin(m, e)))
		session_release(m);
	return ret;
}

void session_release(struct session *m)
{
	void *all[] = { m->count, m->urn, m->keep, m->piece, m->order, m->event, m->begin, m->task, m->drawn, m->loss, m->pairs };

	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		mem_free(all[k]);
	for (int side = IN; side <= OUT; side++) {
		void *of[] = { m->vec[side], m->square[side], m->grad[side], m->weight[side], m->touch[side].row, m->touch[side].row2, m->touch[side].from, m->touch[side].from2 };
		for (size_t k = 0; k < sizeof of / sizeof *of; k++)
			mem_free(of[k]);
	}
	for (int t = 0; t < m->n_work; t++) {
		mem_free(m->work[t].all);
		mem_free(m->work[t].z);
	}
	mem_free(m->work);
	*m = (struct session){ 0 };
}

/* mean_row - of n rows of x that have is[i] > 0, into mean [d]. */
static void mean_row(float *mean, const float *x, const float *is, size_t n, size_t d)
{
	double *sum = mem_new(d, sizeof *sum), k = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; is[i] > 0 && c < d; c++) {
			sum[c] += (double)x[i * d + c];
			k += !c;
		}
	for (size_t c = 0; c < d; c++)
		mean[c] = k > 0 ? (float)(sum[c] / k) : 0;
	mem_free(sum);
}

/* finish - the items' vectors of a side, composed, into x [n_items x d]: see session.h. */
static void finish(struct session *m, int side, float *x)
{
	size_t d = m->o.d;
	const float *trained = m->square[IN];
	float *mean = mem_new(d, sizeof *mean);

	for (size_t r = m->n_items; r < m->n_rows; r++)
		if (!(m->square[IN][r] > 0))
			memset(m->vec[side] + r * d, 0, d * sizeof *mean);
	mean_row(mean, m->vec[side], trained, m->n_items, d);
	for (size_t i = 0; i < m->n_items; i++) {
		if (!(trained[i] > 0))
			memcpy(m->vec[side] + i * d, mean, d * sizeof *mean);
		compose(m, side, x + i * d, i);
	}
	mean_row(mean, x, trained, m->n_items, d);
	for (size_t i = 0; i < m->n_items; i++) {
		if (!(trained[i] > 0) && !n_tokens_of(m, i))
			memset(x + i * d, 0, d * sizeof *x);
		else if (side == OUT)
			num_axpy(x + i * d, -1, mean, d);
	}
	mem_free(mean);
}

static void save_meta(const struct session *m, struct artifactw *a, size_t n_users, const struct weigh *w, uint64_t n_events)
{
	const struct session_opts *o = &m->o;

	model_put_meta(a, n_users, m->n_items, n_events);
	artifactw_meta(a, "d", "%zu", o->d);
	artifactw_meta(a, "epochs", "%zu", o->epochs);
	artifactw_meta(a, "window", "%zu", o->window);
	artifactw_meta(a, "negatives", "%zu", o->negatives);
	model_put_number(a, "neg_power", o->neg_power);
	model_put_number(a, "back", o->back);
	model_put_number(a, "subsample", o->subsample);
	model_put_number(a, "rate", o->rate);
	artifactw_meta(a, "batch", "%zu", o->batch);
	model_put_number(a, "decay", o->decay);
	artifactw_meta(a, "seed", "%llu", (unsigned long long)o->seed);
	artifactw_meta(a, "min_count", "%zu", o->min_count);
	artifactw_meta(a, "gap", "%lld", (long long)o->gap);
	artifactw_meta(a, "n_sessions", "%zu", m->in.n_sessions);
	artifactw_meta(a, "n_tokens", "%zu", m->in.n_tokens);
	if (o->tokens)
		artifactw_meta(a, "tokens", "%s", o->tokens);
	weigh_put(w, a);
}

int session_save(struct session *m, struct sink *s, size_t n_users, const struct vocab *item, const struct weigh *w, uint64_t n_events, const struct prov *prov, struct err *e)
{
	uint64_t dim[2] = { m->n_items, m->o.d }, n_items = m->n_items;
	float *x = mem_try(m->n_items, m->o.d * sizeof *x, "vectors of items", e), *fold = mem_try(m->n_items, m->o.d * sizeof *x, "vectors of items", e);
	struct artifactw *a = x && fold ? artifactw_new(s, KIND_MODEL, "session", e) : NULL;
	int ret = a ? 0 : ERR_SYS;

	if (a) {
		finish(m, IN, fold);
		finish(m, OUT, x);
		save_meta(m, a, n_users, w, n_events);
		ret = artifactw_tensor(a, "item.vec", DTYPE_F32, 2, dim, x, e) || artifactw_tensor(a, "item.fold", DTYPE_F32, 2, dim, fold, e) ||
		      artifactw_tensor(a, "item.count", DTYPE_F64, 1, &n_items, m->count, e) || artifactw_vocab(a, "item", item, e) || artifactw_finish(a, prov, e);
	}
	artifactw_free(a);
	mem_free(x);
	mem_free(fold);
	return ret ? (e->code ? (int)e->code : ERR_SYS) : 0;
}

/* ---- folding in ---- */

int session_fold_open(struct session_fold *f, struct model *m, struct err *e)
{
	uint64_t dim[2] = { m->n[MODEL_ITEMS], m->d };
	const void *fold;
	int ret;

	*f = (struct session_fold){ .d = m->d, .n_items = m->n[MODEL_ITEMS] };
	if (strcmp(m->kind, "session"))
		return err_set(e, ERR_DATA, "%s: a model of kind %s is not of sessions", artifact_name(m->art), m->kind);
	if ((ret = weigh_load(&f->weigh, m, e)) || (ret = model_number(m, "decay", 0, 1, &f->decay, e)) || (ret = model_vectors(m, MODEL_ITEMS, e)) ||
	    (ret = artifact_tensor(m->art, "item.fold", DTYPE_F32, 2, dim, &fold, e))) {
		session_fold_release(f);
		return ret;
	}
	f->item = m->vec[MODEL_ITEMS];
	f->fold = fold;
	return 0;
}

void session_fold_release(struct session_fold *f)
{
	weigh_release(&f->weigh);
	*f = (struct session_fold){ 0 };
}

void session_fold(const struct session_fold *f, float *x, const uint32_t *item, size_t n)
{
	double w = 1, sum = 0;

	memset(x, 0, f->d * sizeof *x);
	for (size_t j = n; j-- > 0 && w >= 1e-9; w *= f->decay) {
		num_axpy(x, (float)w, f->fold + item[j] * f->d, f->d);
		sum += w;
	}
	num_scale(x, sum > 0 ? (float)(1 / sum) : 0, f->d);
}
