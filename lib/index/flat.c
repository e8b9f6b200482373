#include <assert.h>
#include <math.h>
#include <string.h>

#include "flat.h"
#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/num.h"

enum { TILE_FLOATS = 8192 };		/* 32 KiB of rows stay in L1 while a block of queries goes over them */
enum { SPAN_ROWS = 8192 };		/* rows a piece of work when queries are few */

static size_t tile_rows(size_t d)
{
	size_t n = TILE_FLOATS / (d ? d : 1);
	return n < 16 ? 16 : n;
}

const char *const flat_metric_name[3] = { "ip", "cosine", "l2" };

static float inv_norm(const float *x, size_t d) { return flat_inverse(num_norm(x, d)); }

struct norm_job { struct flat *f; bool is_odd; };

static void norm_chunk(void *ctx, size_t chunk, int worker)
{
	struct norm_job *j = ctx;
	struct flat *f = j->f;
	size_t end = (chunk + 1) * SPAN_ROWS < f->rows->n ? (chunk + 1) * SPAN_ROWS : f->rows->n;
	(void)worker;
	for (size_t r = chunk * SPAN_ROWS; r < end; r++) {
		double norm = num_norm(vecs_row(f->rows, r), f->rows->d);
		if (!flat_has_scores(f->metric, norm))
			__atomic_store_n(&j->is_odd, true, __ATOMIC_RELAXED);
		else if (f->inv_norm)
			f->inv_norm[r] = flat_inverse(norm);
	}
}

static int odd_norm(const char *which, struct err *e)
{
	return err_set(e, ERR_DATA, "a %s is shorter than %g or longer than %g: its scores cannot be told in single precision; scale it (taste-embed --normalise)", which,
		       FLAT_NORM_MIN, FLAT_NORM_MAX);
}

int flat_init(struct flat *f, const struct vecs *rows, enum flat_metric metric, struct par *pool, struct err *e)
{
	*f = (struct flat){ .rows = rows, .metric = metric, .pool = pool };
	if (rows->n >= UINT32_MAX)
		return err_set(e, ERR_DATA, "%zu vectors are more than one search holds (4294967294)", rows->n);
	if (metric == FLAT_COSINE && !(f->inv_norm = mem_try(rows->n, sizeof *f->inv_norm, "vector norms", e)))
		return e->code;
	struct norm_job j = { f, false };
	par_for(pool, (rows->n + SPAN_ROWS - 1) / SPAN_ROWS, norm_chunk, &j);
	if (!j.is_odd)
		return 0;
	flat_release(f);
	return odd_norm("vector", e);
}

void flat_release(struct flat *f)
{
	mem_free(f->inv_norm);
	mem_free(f->id_rank);
	*f = (struct flat){ 0 };
}

float flat_score(const struct flat *f, const float *q, size_t r)
{
	const float *y = vecs_row(f->rows, r);
	size_t d = f->rows->d;

	switch (f->metric) {
	case FLAT_L2:
		return 0 - num_l2sq(q, y, d);	/* 0 - x: no negative zero */
	case FLAT_COSINE:
		return num_dot(q, y, d) * inv_norm(q, d) * f->inv_norm[r];
	default:
		return num_dot(q, y, d);
	}
}

/* One batch of queries, as the pieces of work see it. */
struct search {
	struct flat *f;
	const float *Q;
	size_t nq, k;			/* k counts the extra hit that shows a tie across the border */
	const struct flat_ban *ban;
	struct topk *top;		/* [nq] or [spans x nq] */
	float *q_inv;			/* [nq] cosine */
	float *scratch;			/* [workers x FLAT_QUERIES x tile] */
	size_t tile;
};

/*
 * scan_rows - push rows [from, to) for queries [q0, q1) into top[q - q0]. Rows lie in the parts of the file, so a tile never crosses one.
 */
static void scan_rows(struct search *s, size_t q0, size_t q1, size_t from, size_t to, struct topk *top, float *score)
{
	const struct flat *f = s->f;
	const struct vecs *v = f->rows;
	size_t d = v->d, nq = q1 - q0;
	size_t ban_at[FLAT_QUERIES];

	assert(nq <= FLAT_QUERIES);
	for (size_t q = 0; q < nq; q++)		/* first banned row at or behind `from` */
		ban_at[q] = s->ban ? below_u32(s->ban[q0 + q].row, s->ban[q0 + q].n, (uint32_t)from) : 0;
	for (size_t p = 0; p < v->n_parts; p++) {
		const struct vecs_part *part = &v->part[p];
		size_t a = from > part->first ? from : part->first;
		size_t b = to < part->first + part->n ? to : part->first + part->n;
		for (; a < b; a += s->tile) {
			size_t n = b - a < s->tile ? b - a : s->tile;
			const float *y = part->v + (a - part->first) * d;
			if (f->metric == FLAT_L2)
				num_l2sqs_block(score, s->tile, s->Q + q0 * d, d, nq, y, d, n, d);
			else
				num_dots_block(score, s->tile, s->Q + q0 * d, d, nq, y, d, n, d);
			for (size_t q = 0; q < nq; q++) {
				float *sc = score + q * s->tile;
				if (f->metric == FLAT_L2)
					for (size_t i = 0; i < n; i++)
						sc[i] = 0 - sc[i];
				else if (f->metric == FLAT_COSINE)
					for (size_t i = 0; i < n; i++)
						sc[i] = sc[i] * s->q_inv[q0 + q] * f->inv_norm[a + i];
				if (s->ban) {
					const struct flat_ban *bn = &s->ban[q0 + q];
					for (; ban_at[q] < bn->n && bn->row[ban_at[q]] < a + n; ban_at[q]++)
						sc[bn->row[ban_at[q]] - a] = NAN;	/* topk never keeps one */
				}
				for (size_t i = 0; f->allowed && i < n; i++)
					if (!(f->allowed[(a + i) / 64] >> (a + i) % 64 & 1))
						sc[i] = NAN;
				topk_push_many(&top[q], sc, (uint32_t)a, n);
			}
		}
	}
}

static void query_block(void *ctx, size_t chunk, int worker)
{
	struct search *s = ctx;
	size_t q0 = chunk * FLAT_QUERIES, q1 = q0 + FLAT_QUERIES < s->nq ? q0 + FLAT_QUERIES : s->nq;

	scan_rows(s, q0, q1, 0, s->f->rows->n, s->top + q0, s->scratch + (size_t)worker * FLAT_QUERIES * s->tile);
}

static void row_span(void *ctx, size_t chunk, int worker)
{
	struct search *s = ctx;
	size_t from = chunk * SPAN_ROWS, n = s->f->rows->n, to = from + SPAN_ROWS < n ? from + SPAN_ROWS : n;

	scan_rows(s, 0, s->nq, from, to, s->top + chunk * s->nq, s->scratch + (size_t)worker * FLAT_QUERIES * s->tile);
}

/* search_all - fill storage with the s->k best of every query, best first, ties by row (or by rank). */
static int search_all(struct search *s, struct flat_hits *out, struct topk_hit *storage, const uint32_t *rank, struct err *e)
{
	size_t n = s->f->rows->n, spans = (n + SPAN_ROWS - 1) / SPAN_ROWS;
	bool is_few = s->nq <= FLAT_QUERIES && spans > 1;
	size_t n_top = is_few ? spans * s->nq : s->nq;
	struct topk_hit *part = NULL;
	int ret = ERR_MEM;

	s->top = mem_try(n_top, sizeof *s->top, "search heaps", e);
	if (!s->top || (is_few && !(part = mem_try(n_top * s->k, sizeof *part, "search heaps", e))))
		goto out;
	for (size_t i = 0; i < n_top; i++)
		topk_init(&s->top[i], (is_few ? part : storage) + i * s->k, s->k, rank);
	if (is_few) {
		par_for(s->f->pool, spans, row_span, s);
		for (size_t q = 0; q < s->nq; q++) {
			struct topk all;
			topk_init(&all, storage + q * s->k, s->k, rank);
			for (size_t c = 0; c < spans; c++)
				topk_merge(&all, &s->top[c * s->nq + q]);
			topk_sort(&all);
			out[q] = (struct flat_hits){ all.hit, all.n };
		}
	} else {
		par_for(s->f->pool, (s->nq + FLAT_QUERIES - 1) / FLAT_QUERIES, query_block, s);
		for (size_t q = 0; q < s->nq; q++) {
			topk_sort(&s->top[q]);
			out[q] = (struct flat_hits){ s->top[q].hit, s->top[q].n };
		}
	}
	ret = 0;
out:
	mem_free(part);
	mem_free(s->top);
	s->top = NULL;
	return ret;
}

static int cmp_rows(const void *a, const void *b, void *ctx)
{
	return str_cmp(vecs_id(ctx, *(const uint32_t *)a), vecs_id(ctx, *(const uint32_t *)b));
}

static int cmp_hits(const void *a, const void *b, void *ctx)
{
	const struct topk_hit *x = a, *y = b;

	return str_cmp(vecs_id(ctx, x->row), vecs_id(ctx, y->row));
}

/* make_rank - id_rank[row] = its place when all ids are sorted by bytes (equal ids: by row, as the sort is stable). */
static int make_rank(struct flat *f, struct err *e)
{
	size_t n = f->rows->n;
	uint32_t *order = mem_try(n, sizeof *order, "order of ids", e);
	int ret = ERR_MEM;

	f->id_rank = order ? mem_try(n, sizeof *f->id_rank, "order of ids", e) : NULL;
	if (f->id_rank) {
		for (size_t i = 0; i < n; i++)
			order[i] = (uint32_t)i;
		ret = sort_stable(order, n, sizeof *order, cmp_rows, (void *)f->rows, e);
		for (size_t i = 0; i < n && !ret; i++)
			f->id_rank[order[i]] = (uint32_t)i;
		if (ret) {
			mem_free(f->id_rank);
			f->id_rank = NULL;
		}
	}
	mem_free(order);
	return ret;
}

int flat_search(struct flat *f, struct flat_hits *out, struct topk_hit *storage, size_t k, const float *Q, size_t nq,
		const struct flat_ban *ban, struct err *e)
{
	struct search s = { .f = f, .Q = Q, .nq = nq, .k = k + 1, .ban = ban, .tile = tile_rows(f->rows->d) };
	size_t d = f->rows->d;
	bool is_split = false;
	int ret;

	if (!nq)
		return 0;
	s.scratch = mem_try((size_t)par_threads(f->pool) * FLAT_QUERIES * s.tile, sizeof *s.scratch, "search scratch", e);
	ret = ERR_MEM;
	if (!s.scratch)
		goto out;
	if (f->metric == FLAT_COSINE && !(s.q_inv = mem_try(nq, sizeof *s.q_inv, "query norms", e)))
		goto out;
	for (size_t q = 0; q < nq; q++) {
		double norm = num_norm(Q + q * d, d);
		if (!flat_has_scores(f->metric, norm)) {
			ret = odd_norm("query", e);
			goto out;
		}
		if (s.q_inv)
			s.q_inv[q] = flat_inverse(norm);
	}
	if ((ret = search_all(&s, out, storage, f->id_rank, e)))
		goto out;
	for (size_t q = 0; q < nq && !f->id_rank; q++)
		is_split |= out[q].n == k + 1 && out[q].hit[k].score == out[q].hit[k - 1].score;
	if (is_split && ((ret = make_rank(f, e)) || (ret = search_all(&s, out, storage, f->id_rank, e))))
		goto out;
	for (size_t q = 0; q < nq; q++) {
		struct topk_hit *h = out[q].hit;
		size_t n = out[q].n < k ? out[q].n : k;

		out[q].n = n;
		for (size_t i = 0, j; i < n && !f->id_rank; i = j) {
			for (j = i + 1; j < n && h[j].score == h[i].score;)
				j++;
			if (j - i > 1 && (ret = sort_stable(h + i, j - i, sizeof *h, cmp_hits, (void *)f->rows, e)))
				goto out;
		}
	}
out:
	mem_free(s.scratch);
	mem_free(s.q_inv);
	return ret;
}
