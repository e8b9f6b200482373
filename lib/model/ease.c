#include "ease.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/topk.h"

enum {
	ROWS = 16,		/* of the matrix in a chunk */
	ALIGN = 16,		/* floats: rows begin on cache lines */
};

/* Of a float's 2^-24: then a weight still has a digit or two. */
static const double AMPLIFIED_MAX = 1 << 20;

const char *ease_check(const struct ease_opts *o)
{
	if (!(o->lambda >= 0 && o->lambda <= 1e30))
		return "lambda is not a number from 0 up";
	if (!(o->dropout >= 0 && o->dropout < 1))
		return "dropout is not a number from 0 to less than 1";
	return NULL;
}

static size_t row_floats(size_t n)
{
	size_t lda = (n + ALIGN - 1) / ALIGN * ALIGN;

	return lda % 256 ? lda : lda + ALIGN;	/* a power of two would put a column into one cache set */
}

static size_t kept_of(size_t top, size_t n)
{
	return top && top < n ? top : n ? n - 1 : 0;
}

double ease_bytes(size_t n, size_t n_read, size_t n_pairs, size_t top, int threads)
{
	double matrix = 4 * (double)n * (double)row_floats(n), pairs = 8 * (double)n_read + 8 * (double)n_pairs, inverse = (double)num_spd_scratch(n, threads);
	double kept = 8 * (double)n * (double)kept_of(top, n) + (double)threads * 16 * (double)n;

	return matrix + fmax(pairs, fmax(inverse, kept));
}

/* ---- which items, and is there room ---- */

/* Items and pairs with at least min_users. */
static size_t count_left(const uint32_t *users, size_t n_items, size_t min_users, size_t *n_pairs)
{
	size_t n = 0;

	*n_pairs = 0;
	for (size_t i = 0; i < n_items; i++)
		if (users[i] && users[i] >= min_users) {
			n++;
			*n_pairs += users[i];
		}
	return n;
}

/* The least min_users, above the one asked for, that fits; 0: none does. By bisection: fewer items never need more. */
static size_t min_users_that_fits(const struct ease_make *m, int threads, size_t *left)
{
	size_t low = m->o.min_users, high = 1, pairs;

	for (size_t i = 0; i < m->n_items; i++)
		high = m->users[i] > high ? m->users[i] : high;
	*left = count_left(m->users, m->n_items, high, &pairs);
	if (ease_bytes(*left, m->n_read, pairs, m->o.top, threads) > (double)m->o.max_bytes)
		return 0;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2, n = count_left(m->users, m->n_items, mid, &pairs);
		if (ease_bytes(n, m->n_read, pairs, m->o.top, threads) > (double)m->o.max_bytes) {
			low = mid;
		} else {
			high = mid;
			*left = n;
		}
	}
	return high;
}

static int check_memory(const struct ease_make *m, int threads, struct err *e)
{
	double need = ease_bytes(m->n, m->n_read, m->n_pairs, m->o.top, threads), unit = need >= 1e9 ? 1 << 30 : 1 << 20;
	const char *name = unit > 1 << 20 ? "GB" : "MB";
	size_t left, least;

	if (!m->o.max_bytes || need <= (double)m->o.max_bytes)
		return 0;
	least = min_users_that_fits(m, threads, &left);
	if (!least)
		return err_set(e, ERR_MEM, "ease of %zu items needs %.1f %s of memory and may use %.1f %s (-M)", m->n, need / unit, name,
			       (double)m->o.max_bytes / unit, name);
	return err_set(e, ERR_MEM, "ease of %zu items needs %.1f %s of memory and may use %.1f %s (-M): --min-users %zu would leave %zu items, which fit", m->n,
		       need / unit, name, (double)m->o.max_bytes / unit, name, least, left);
}

static int count_users(struct ease_make *m, const struct csr *R, struct err *e)
{
	size_t n_pairs = m->n_read = R->start ? R->start[R->n_rows] : 0;

	if (!R->n_rows)
		return err_set(e, ERR_DATA, "no events to learn from");
	if (!n_pairs)
		return err_set(e, ERR_DATA, "no events to learn from: those read all weigh 0");
	if (!(m->users = mem_try0(R->n_cols, sizeof *m->users, "counts of items", e)))
		return ERR_MEM;
	for (size_t p = 0; p < n_pairs; p++)
		m->users[R->col[p]]++;
	m->n = count_left(m->users, m->n_items, m->o.min_users, &m->n_pairs);
	if (!m->n)
		return err_set(e, ERR_DATA, "no item has %zu users, which --min-users asks for", m->o.min_users);
	return 0;
}

/* R keeps the pairs of the items that are left, with their new numbers, and shape(r) for r. */
static int narrow(struct ease_make *m, struct csr *R, const struct weigh *w, struct err *e)
{
	uint32_t *to = mem_try(m->n_items, sizeof *to, "numbers of items", e);
	size_t at = 0, p = 0;
	int ret = 0;

	m->item = to ? mem_try(m->n, sizeof *m->item, "numbers of items", e) : NULL;
	if (!m->item) {
		mem_free(to);
		return ERR_MEM;
	}
	for (size_t i = 0; i < m->n_items; i++) {
		bool is_left = m->users[i] && m->users[i] >= m->o.min_users;
		to[i] = is_left ? (uint32_t)at : UINT32_MAX;
		if (is_left)
			m->item[at++] = (uint32_t)i;
	}
	at = 0;
	for (size_t u = 0; u < R->n_rows; u++) {
		size_t end = R->start[u + 1];
		for (; p < end; p++) {
			if (to[R->col[p]] == UINT32_MAX)
				continue;
			float x = weigh_pair(w, R->val[p]);
			if (!(x > 0 && x < INFINITY) && !ret)
				ret = weigh_bad(x, m->o.user, u, m->o.item, R->col[p], e);
			R->col[at] = to[R->col[p]];
			R->val[at++] = x;
		}
		R->start[u + 1] = at;
	}
	R->n_cols = m->n;
	mem_free(to);
	return ret;
}

/* ---- G ---- */

struct gram {
	struct ease_make *m;
	const struct csr *R, *T;	/* by user, by item */
};

static void gram_row(const struct gram *g, size_t i)
{
	float *a = g->m->A + i * g->m->lda;

	memset(a, 0, g->m->lda * sizeof *a);
	for (size_t p = g->T->start[i]; p < g->T->start[i + 1]; p++) {
		size_t u = g->T->col[p], end = g->R->start[u + 1];
		float x = g->T->val[p];
		for (size_t q = g->R->start[u]; q < end && g->R->col[q] <= i; q++)
			a[g->R->col[q]] = __builtin_fmaf(x, g->R->val[q], a[g->R->col[q]]);
	}
	double diag = (double)a[i] * (1 + g->m->o.dropout / (1 - g->m->o.dropout)) + g->m->o.lambda;
	a[i] = (float)diag;
}

static void gram_chunk(void *ctx, size_t chunk, int worker)
{
	const struct gram *g = ctx;
	size_t i = chunk * ROWS, end = i + ROWS < g->m->n ? i + ROWS : g->m->n;

	(void)worker;
	for (; i < end; i++)
		gram_row(g, i);
}

static size_t chunks(const struct ease_make *m)
{
	return m->n / ROWS + (m->n % ROWS != 0);
}

static int add_up(struct ease_make *m, const struct csr *R, struct par *pool, struct err *e)
{
	struct csr T;
	struct gram g = { m, R, &T };
	int ret = csr_transpose(&T, R, e);

	if (ret)
		return ret;
	m->lda = row_floats(m->n);
	if ((m->A = mem_try(m->n * m->lda, sizeof *m->A, "matrix of items by items", e)))
		par_for(pool, chunks(m), gram_chunk, &g);
	csr_release(&T);
	return m->A ? 0 : ERR_MEM;
}

int ease_fits(const struct csr *R, const struct ease_opts *o, struct par *pool, struct err *e)
{
	struct ease_make m = { .o = *o, .n_items = R->n_cols, .n_users = R->n_rows };

	if (!count_users(&m, R, e))
		check_memory(&m, par_threads(pool), e);
	ease_release(&m);
	return e->code;
}

int ease_init(struct ease_make *m, struct csr *R, const struct weigh *w, const struct ease_opts *o, struct par *pool, struct err *e)
{
	int ret;

	*m = (struct ease_make){ .o = *o, .n_items = R->n_cols, .n_users = R->n_rows };
	if (!(ret = count_users(m, R, e)) && !(ret = check_memory(m, par_threads(pool), e)) && !(ret = narrow(m, R, w, e)))
		ret = add_up(m, R, pool, e);
	csr_release(R);
	*R = (struct csr){ 0 };
	if (ret)
		ease_release(m);
	return ret;
}

void ease_release(struct ease_make *m)
{
	mem_free(m->users);
	mem_free(m->item);
	mem_free(m->A);
	mem_free(m->start);
	mem_free(m->col);
	mem_free(m->val);
	*m = (struct ease_make){ 0 };
}

/* ---- P ---- */

static int singular(const struct ease_make *m, size_t j, struct err *e)
{
	char clip[ERR_CLIP_MAX];
	size_t i = m->item[j];

	if (m->o.item)
		err_clip(clip, m->o.item->str[i].p, m->o.item->str[i].len);
	else
		snprintf(clip, sizeof clip, "%zu", i + 1);
	return err_set(e, ERR_NUMERIC, "item '%s' follows from the other items: the matrix has no inverse in single precision; a larger --lambda helps", clip);
}

/* A_jj P_jj is 1 / (1 - R^2) of item j from all others: how much of the rounding of A comes back in P. */
static int check_inverse(const struct ease_make *m, const float *diag, struct err *e)
{
	for (size_t j = 0; j < m->n; j++)
		if (!((double)diag[j] * (double)m->A[j * m->lda + j] <= AMPLIFIED_MAX))
			return singular(m, j, e);
	return 0;
}

int ease_invert(struct ease_make *m, const struct watch *step, struct par *pool, struct err *e)
{
	struct err local = { 0 };
	float *diag = mem_try(m->n, sizeof *diag, "diagonal of items by items", e);
	size_t pivot;
	int ret;

	if (!diag)
		return ERR_MEM;
	for (size_t j = 0; j < m->n; j++)
		diag[j] = m->A[j * m->lda + j];
	ret = num_spd_inverse(m->A, m->lda, m->n, &pivot, step, pool, &local);
	if (!ret)
		ret = check_inverse(m, diag, e);
	else if (ret == ERR_NUMERIC && pivot)
		ret = singular(m, pivot - 1, e);
	else
		ret = err_set(e, local.code, "%s", local.msg);
	mem_free(diag);
	return ret;
}

/* ---- B ---- */

struct prune {
	struct ease_make *m;
	float *size;			/* [n] for each worker: |b|, then b of those that are kept */
	struct topk_hit *hit;		/* [kept] likewise */
	uint64_t *count;		/* [n] weights that row i keeps; added up by all, and whole numbers add up alike in any order */
	size_t kept;
	bool bad;
};

/* Row j of P, which is its column j, becomes column j of B with zeros for what is dropped. */
static void prune_row(struct prune *f, size_t j, float *size, struct topk_hit *hit)
{
	size_t n = f->m->n;
	float *b = f->m->A + j * f->m->lda, diag = b[j];

	b[j] = 0;
	for (size_t i = 0; i < n; i++)
		b[i] = -b[i] / diag;
	b[j] = 0;
	if (!(diag > 0) || !num_is_finite(b, n)) {
		__atomic_store_n(&f->bad, true, __ATOMIC_RELAXED);
		return;
	}
	if (f->kept < n - 1) {
		struct topk best;
		topk_init(&best, hit, f->kept, NULL);
		for (size_t i = 0; i < n; i++)
			size[i] = fabsf(b[i]);
		topk_push_many(&best, size, 0, n);
		memset(size, 0, n * sizeof *size);
		for (size_t h = 0; h < best.n; h++)
			size[best.hit[h].row] = b[best.hit[h].row];
		memcpy(b, size, n * sizeof *b);
	}
	for (size_t i = 0; i < n; i++)
		if (b[i] != 0)
			__atomic_fetch_add(&f->count[i], 1, __ATOMIC_RELAXED);
}

static void prune_chunk(void *ctx, size_t chunk, int worker)
{
	struct prune *f = ctx;
	size_t j = chunk * ROWS, end = j + ROWS < f->m->n ? j + ROWS : f->m->n;

	for (; j < end; j++)
		prune_row(f, j, f->size + (size_t)worker * f->m->n, f->hit + (size_t)worker * f->kept);
}

/* Rows of the matrix are columns of B: taken in order, they come out ascending in each row of the file. */
static void fill(struct ease_make *m, uint64_t *next)
{
	for (size_t i = 0; i < m->n; i++)
		next[i] = m->start[m->item[i]];
	for (size_t j = 0; j < m->n; j++) {
		const float *b = m->A + j * m->lda;
		for (size_t i = 0; i < m->n; i++)
			if (b[i] != 0) {
				m->col[next[i]] = m->item[j];
				m->val[next[i]++] = b[i];
			}
	}
}

static int by_rows(struct ease_make *m, uint64_t *count, struct err *e)
{
	size_t at = 0;

	if (!(m->start = mem_try(m->n_items + 1, sizeof *m->start, "rows of weights", e)))
		return ERR_MEM;
	m->start[0] = 0;
	for (size_t i = 0; i < m->n_items; i++) {
		bool is_left = at < m->n && m->item[at] == i;
		m->start[i + 1] = m->start[i] + (is_left ? count[at++] : 0);
	}
	m->col = mem_try(m->start[m->n_items], sizeof *m->col, "weights of items", e);
	m->val = m->col ? mem_try(m->start[m->n_items], sizeof *m->val, "weights of items", e) : NULL;
	if (!m->val)
		return ERR_MEM;
	fill(m, count);
	return 0;
}

int ease_prune(struct ease_make *m, struct par *pool, struct err *e)
{
	size_t threads = (size_t)par_threads(pool);
	struct prune f = { .m = m, .kept = kept_of(m->o.top, m->n) };
	int ret = 0;

	f.size = mem_try(threads * m->n, sizeof *f.size, "weights of an item", e);
	f.hit = f.size ? mem_try(threads * f.kept, sizeof *f.hit, "weights of an item", e) : NULL;
	f.count = f.hit ? mem_try0(m->n, sizeof *f.count, "rows of weights", e) : NULL;
	if (!f.count)
		ret = ERR_MEM;
	if (!ret)
		par_for(pool, chunks(m), prune_chunk, &f);
	if (f.bad)
		ret = err_set(e, ERR_NUMERIC, "weights of items that are not finite; a larger --lambda helps");
	mem_free(f.size);
	mem_free(f.hit);
	if (!ret)
		ret = by_rows(m, f.count, e);
	mem_free(f.count);
	mem_free(m->A);
	m->A = NULL;
	return ret;
}

/* ---- the file ---- */

static void save_meta(const struct ease_make *m, struct artifactw *a, const struct weigh *w, uint64_t n_events)
{
	model_put_meta(a, m->n_users, m->n_items, n_events);
	artifactw_meta(a, "n_pairs", "%zu", m->n_pairs);
	artifactw_meta(a, "n_kept", "%zu", m->n);
	model_put_number(a, "lambda", m->o.lambda);
	model_put_number(a, "dropout", m->o.dropout);
	artifactw_meta(a, "top", "%zu", m->o.top);
	artifactw_meta(a, "min_users", "%zu", m->o.min_users);
	weigh_put(w, a);
	model_put_tuned(a, m->o.tuned);
}

static int save_weights(const struct ease_make *m, struct artifactw *a, struct err *e)
{
	uint64_t rows = m->n_items + 1, nnz = m->start[m->n_items];
	int ret = artifactw_tensor(a, "item.sim.start", DTYPE_U64, 1, &rows, m->start, e);

	if (!ret && nnz)
		ret = artifactw_tensor(a, "item.sim.col", DTYPE_U32, 1, &nnz, m->col, e);
	if (!ret && nnz)
		ret = artifactw_tensor(a, "item.sim.val", DTYPE_F32, 1, &nnz, m->val, e);
	return ret;
}

int ease_save(const struct ease_make *m, struct sink *s, const struct vocab *item, const struct weigh *w, uint64_t n_events, const struct prov *prov,
	      struct err *e)
{
	uint64_t n_items = m->n_items;
	double *count = mem_try(m->n_items, sizeof *count, "counts of items", e);
	struct artifactw *a = count ? artifactw_new(s, KIND_MODEL, "ease", e) : NULL;
	int ret;

	if (!a) {
		mem_free(count);
		return e ? (int)e->code : ERR_SYS;
	}
	for (size_t i = 0; i < m->n_items; i++)
		count[i] = m->users[i];
	save_meta(m, a, w, n_events);
	ret = save_weights(m, a, e);
	if (!ret)
		ret = artifactw_tensor(a, "item.count", DTYPE_F64, 1, &n_items, count, e);
	if (!ret)
		ret = artifactw_vocab(a, "item", item, e);
	if (!ret)
		ret = artifactw_finish(a, prov, e);
	artifactw_free(a);
	mem_free(count);
	return ret;
}

/* ---- using one ---- */

static int check_row(const struct ease *s, size_t i, const char *name, struct err *e)
{
	for (uint64_t p = s->start[i]; p < s->start[i + 1]; p++) {
		if (s->col[p] >= s->n_items || (p > s->start[i] && s->col[p] <= s->col[p - 1]))
			return err_set(e, ERR_DATA, "%s: row %zu of item.sim: its columns do not ascend below %zu", name, i + 1, s->n_items);
		if (!isfinite(s->val[p]))
			return err_set(e, ERR_DATA, "%s: row %zu of item.sim holds a weight that is not finite", name, i + 1);
	}
	return 0;
}

static int read_weights(struct ease *s, struct model *m, struct err *e)
{
	uint64_t rows = s->n_items + 1, nnz;
	const char *name = artifact_name(m->art);
	const void *data;
	int ret;

	if ((ret = artifact_tensor(m->art, "item.sim.start", DTYPE_U64, 1, &rows, &data, e)))
		return ret;
	s->start = data;
	nnz = s->start[s->n_items];
	if (s->start[0])
		return err_set(e, ERR_DATA, "%s: item.sim.start does not begin with 0", name);
	for (size_t i = 0; i < s->n_items; i++)
		if (s->start[i] > s->start[i + 1])
			return err_set(e, ERR_DATA, "%s: item.sim.start descends behind row %zu", name, i + 1);
	if (!nnz)		/* a size of 0 would ask for any */
		return 0;
	if ((ret = artifact_tensor(m->art, "item.sim.col", DTYPE_U32, 1, &nnz, &data, e)))
		return ret;
	s->col = data;
	if ((ret = artifact_tensor(m->art, "item.sim.val", DTYPE_F32, 1, &nnz, &data, e)))
		return ret;
	s->val = data;
	for (size_t i = 0; i < s->n_items && !ret; i++)
		ret = check_row(s, i, name, e);
	return ret;
}

int ease_open(struct ease *s, struct model *m, struct err *e)
{
	double top;
	int ret;

	*s = (struct ease){ .n_items = m->n[MODEL_ITEMS] };
	if (strcmp(m->kind, "ease"))
		return err_set(e, ERR_DATA, "%s: a model of kind %s holds no weights between items", artifact_name(m->art), m->kind);
	if (!(ret = weigh_load(&s->weigh, m, e)) && !(ret = model_number(m, "lambda", 0, 1e30, &s->lambda, e)) &&
	    !(ret = model_number(m, "dropout", 0, 1, &s->dropout, e)) && !(ret = model_number(m, "top", 0, UINT32_MAX, &top, e))) {
		s->top = (size_t)top;
		ret = read_weights(s, m, e);
	}
	if (ret)
		ease_close(s);
	return ret;
}

void ease_close(struct ease *s)
{
	weigh_release(&s->weigh);
	*s = (struct ease){ 0 };
}

void ease_add(const struct ease *s, float *score, size_t i, float x)
{
	for (uint64_t p = s->start[i]; p < s->start[i + 1]; p++)
		score[s->col[p]] = __builtin_fmaf(x, s->val[p], score[s->col[p]]);
}

void ease_score(const struct ease *s, float *score, const uint32_t *item, const float *r, size_t n)
{
	memset(score, 0, s->n_items * sizeof *score);
	for (size_t j = 0; j < n; j++)
		ease_add(s, score, item[j], weigh_pair(&s->weigh, r[j]));
}

float ease_weight(const struct ease *s, size_t i, size_t j)
{
	uint64_t end = s->start[i + 1], at = s->start[i] + below_u32(s->col + s->start[i], end - s->start[i], (uint32_t)j);

	return at < end && s->col[at] == j ? s->val[at] : 0;
}
