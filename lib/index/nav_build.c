/* nav_build - the lists of a graph: linking rows in batches, unlinking them, cutting lists to the degree. Their order is nav_order.c's. */
#include <stdlib.h>
#include <string.h>

#include "nav_row.h"
#include "../base/mem.h"
#include "../base/sort.h"

enum { CHUNK = 16, BATCH_MIN = 64, BATCH_SHARE = 50, SPARES = 4 * NAV_DEGREE_MAX };

int nav_make_init(struct nav_make *m, const struct nav_opts *o, const struct quant *z, size_t cap, struct par *pool, struct err *e)
{
	*m = (struct nav_make){ .o = *o, .z = z, .pool = pool };
	m->slots = o->degree * 2;
	if (!(m->codes = mem_try(cap, z->row_bytes, "codes", e)) || !(m->sum = mem_try(cap, sizeof *m->sum, "sums of codes", e)) ||
	    !(m->nbr = mem_try(cap, m->slots * sizeof *m->nbr, "a graph", e)) || !(m->n_nbr = mem_try0(cap, 1, "a graph", e))) {
		nav_make_release(m);
		return e->code;
	}
	return 0;
}

void nav_make_release(struct nav_make *m)
{
	mem_free(m->codes);
	mem_free(m->sum);
	mem_free(m->nbr);
	mem_free(m->n_nbr);
	*m = (struct nav_make){ 0 };
}

void nav_make_rows(struct nav_make *m, size_t n)
{
	m->n = n;
	for (size_t r = 0; r < n; r++) {
		const uint8_t *c = nav_row_codes(m, r);
		int32_t s = 0;
		for (size_t i = 0; i < m->z->d; i++)
			s += c[i] - 128;
		m->sum[r] = s;
	}
}

/* ---- choosing neighbours ---- */

struct near { float dist; uint32_t row; };

struct worker {
	struct nav_row q, other;
	struct nav_walk *walk;
	struct near *cand;		/* candidates of the row at hand */
	size_t n_cand, cap_cand;
	struct near spare[SPARES];	/* the nearest of those that were covered, not in order */
	float score[NAV_BLOCK];
	uint32_t row[NAV_BLOCK];
};

static int cmp_near(const void *a, const void *b)
{
	const struct near *x = a, *y = b;

	if (x->dist != y->dist)
		return x->dist < y->dist ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* sort_near - candidates are few, and mostly in order: they come from a search. */
static void sort_near(struct near *c, size_t n)
{
	if (n > 64) {
		qsort(c, n, sizeof *c, cmp_near);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		struct near x = c[i];
		size_t j = i;
		for (; j && cmp_near(&x, &c[j - 1]) < 0; j--)
			c[j] = c[j - 1];
		c[j] = x;
	}
}

/* offer - candidates for the row that w->q stands for. */
static void offer(struct worker *w, const uint32_t *row, size_t n)
{
	arr_reserve(w->cand, w->n_cand + n, w->cap_cand);
	for (size_t at = 0; at < n; at += NAV_BLOCK) {
		size_t k = n - at < NAV_BLOCK ? n - at : NAV_BLOCK;
		nav_row_score(&w->q, w->score, row + at, k);
		for (size_t i = 0; i < k; i++)
			w->cand[w->n_cand++] = (struct near){ w->q.norm - w->score[i], row[at + i] };
	}
}

/*
 * choose - of the candidates the nearest, then each nearest that none of those chosen is alpha times nearer to; at most the degree, into list. Where these are few the nearest of the others are added up to o.fill: rows that are
 * alike, and by products all that are not long, would not be found else.
 */
static size_t choose(const struct nav_make *m, struct worker *w, uint32_t self, uint32_t *list)
{
	float alpha = m->o.alpha * m->o.alpha;	/* distances are squares */
	struct near *c = w->cand;
	size_t n = 0, kept = 0, spares = 0;

	sort_near(c, w->n_cand);
	for (size_t i = 0; i < w->n_cand; i++)	/* equal rows stand together */
		if (c[i].row != self && (!n || c[n - 1].row != c[i].row))
			c[n++] = c[i];
	while (n && kept < m->o.degree) {
		struct near k = c[0];
		size_t left = 0;
		list[kept++] = k.row;
		if (kept == m->o.degree)
			break;
		nav_row_set(&w->other, m, k.row);
		for (size_t at = 1; at < n; at += NAV_BLOCK) {
			size_t b = n - at < NAV_BLOCK ? n - at : NAV_BLOCK;
			for (size_t i = 0; i < b; i++)
				w->row[i] = c[at + i].row;
			nav_row_score(&w->other, w->score, w->row, b);
			for (size_t i = 0; i < b; i++)
				if (alpha * (w->other.norm - w->score[i]) > c[at + i].dist)
					c[left++] = c[at + i];
				else if (spares < SPARES)
					w->spare[spares++] = c[at + i];
		}
		n = left;
	}
	if (kept < m->o.fill) {
		sort_near(w->spare, spares);
		for (size_t i = 0; i < spares && kept < m->o.fill; i++)
			list[kept++] = w->spare[i].row;
	}
	w->n_cand = 0;
	return kept;
}

static void set_list(struct nav_make *m, uint32_t row, const uint32_t *list, size_t n)
{
	uint32_t *l = m->nbr + (size_t)row * m->slots;

	if (n)			/* list may be NULL then */
		memmove(l, list, n * sizeof *l);
	if (n < m->slots)
		l[n] = NAV_NONE;
	m->n_nbr[row] = (uint8_t)n;
}

/* ---- linking ---- */

struct link_job {
	struct nav_make *m;
	struct worker *w;
	struct nav g;			/* as it is before the batch */
	uint32_t first;
	size_t n;
	uint32_t *list;			/* [n x degree] the batch's */
	uint8_t *n_list;
	uint64_t *edge, *spare;		/* target << 32 | source */
	size_t n_edges;
	size_t *run, n_runs;		/* where each target's edges begin */
	const uint64_t *gone;		/* unlinking */
};

static int workers_new(struct link_job *j, struct err *e)
{
	int n = par_threads(j->m->pool);

	j->w = mem_new((size_t)n, sizeof *j->w);
	for (int i = 0; i < n; i++) {
		struct worker *w = &j->w[i];
		w->q.room = mem_new(j->m->z->d, 2);
		w->other.room = mem_new(j->m->z->d, 2);
		if (!(w->walk = nav_walk_new(j->m->n, e)))
			return e->code;
	}
	return 0;
}

static void job_free(struct link_job *j)
{
	for (int i = 0; j->w && i < par_threads(j->m->pool); i++) {
		mem_free(j->w[i].q.room);
		mem_free(j->w[i].other.room);
		mem_free(j->w[i].cand);
		nav_walk_free(j->w[i].walk);
	}
	mem_free(j->w);
	mem_free(j->list);
	mem_free(j->n_list);
	mem_free(j->edge);
	mem_free(j->spare);
	mem_free(j->run);
}

static void find_chunk(void *ctx, size_t chunk, int worker)
{
	struct link_job *j = ctx;
	struct nav_make *m = j->m;
	struct worker *w = &j->w[worker];
	size_t end = (chunk + 1) * CHUNK < j->n ? (chunk + 1) * CHUNK : j->n;

	for (size_t i = chunk * CHUNK; i < end; i++) {
		uint32_t row = j->first + (uint32_t)i;
		struct nav_probe p = { .score = nav_row_score, .ctx = &w->q, .rows = m->codes, .stride = m->z->row_bytes, .bytes = m->z->row_bytes };
		const struct topk_hit *hit;
		nav_row_set(&w->q, m, row);
		size_t n = nav_search(&j->g, &p, w->walk, m->o.ef, NULL, NULL, 0, 0, &hit, NULL);
		arr_reserve(w->cand, n, w->cap_cand);
		for (size_t h = 0; h < n; h++)
			w->cand[w->n_cand++] = (struct near){ w->q.norm - hit[h].score, hit[h].row };
		if (m->n_nbr[row])
			offer(w, m->nbr + (size_t)row * m->slots, m->n_nbr[row]);
		j->n_list[i] = (uint8_t)choose(m, w, row, j->list + i * m->o.degree);
	}
}

static void back_chunk(void *ctx, size_t chunk, int worker)
{
	struct link_job *j = ctx;
	struct nav_make *m = j->m;
	struct worker *w = &j->w[worker];
	size_t end = (chunk + 1) * CHUNK < j->n_runs ? (chunk + 1) * CHUNK : j->n_runs;

	for (size_t r = chunk * CHUNK; r < end; r++) {
		size_t from = j->run[r], to = j->run[r + 1];
		uint32_t row = (uint32_t)(j->edge[from] >> 32), *l = m->nbr + (size_t)row * m->slots, n = m->n_nbr[row];
		uint32_t list[NAV_DEGREE_MAX + 1];
		size_t fresh = 0;

		nav_row_set(&w->q, m, row);
		for (size_t i = from; i < to; i++) {	/* those not in the list yet */
			uint32_t s = (uint32_t)j->edge[i], at = 0;
			while (at < n && l[at] != s)
				at++;
			if (at == n)
				j->spare[from + fresh++] = s;
		}
		if (n + fresh <= m->slots) {
			for (size_t i = 0; i < fresh; i++)
				l[n++] = (uint32_t)j->spare[from + i];
			if (n < m->slots)
				l[n] = NAV_NONE;
			m->n_nbr[row] = (uint8_t)n;
			continue;
		}
		offer(w, l, n);
		for (size_t i = 0; i < fresh; i++) {
			uint32_t s = (uint32_t)j->spare[from + i];
			offer(w, &s, 1);
		}
		set_list(m, row, list, choose(m, w, row, list));
	}
}

static void link_batch(struct link_job *j)
{
	struct nav_make *m = j->m;

	size_t start = m->n_start ? m->n_start : m->o.entries;

	j->g = (struct nav){ j->first, m->slots, j->first < start ? j->first : start, (const uint8_t *)m->nbr, sizeof *m->nbr };
	par_for(m->pool, (j->n + CHUNK - 1) / CHUNK, find_chunk, j);
	j->n_edges = j->n_runs = 0;
	for (size_t i = 0; i < j->n; i++) {
		uint32_t row = j->first + (uint32_t)i;
		set_list(m, row, j->list + i * m->o.degree, j->n_list[i]);
		for (size_t k = 0; k < j->n_list[i]; k++)
			j->edge[j->n_edges++] = (uint64_t)j->list[i * m->o.degree + k] << 32 | row;
	}
	sort_u64_in(j->edge, NULL, j->spare, NULL, j->n_edges);
	for (size_t i = 0; i < j->n_edges; i++)
		if (!i || j->edge[i] >> 32 != j->edge[i - 1] >> 32)
			j->run[j->n_runs++] = i;
	j->run[j->n_runs] = j->n_edges;
	par_for(m->pool, (j->n_runs + CHUNK - 1) / CHUNK, back_chunk, j);
}

static size_t batch_most(const struct nav_make *m)
{
	size_t most = m->n / BATCH_SHARE < BATCH_MIN ? BATCH_MIN : m->n / BATCH_SHARE;

	return most < m->n ? most : m->n;
}

/* batch_of - rows linked together behind the first `at`, which is 1 or more: as many as there are before them, up to batch_most. */
static size_t batch_of(const struct nav_make *m, size_t at)
{
	size_t most = batch_most(m), b = at < most ? at : most;

	return b > m->n - at ? m->n - at : b;
}

int nav_make_link(struct nav_make *m, size_t from, const struct watch *step, struct err *e)
{
	size_t most = batch_most(m), deg = m->o.degree;
	struct link_job j = { .m = m };
	int ret = ERR_MEM;

	if (workers_new(&j, e) || !(j.list = mem_try(most * deg, sizeof *j.list, "lists of a batch", e)) || !(j.n_list = mem_try(most, 1, "lists of a batch", e)) ||
	    !(j.edge = mem_try(most * deg, sizeof *j.edge, "edges of a batch", e)) || !(j.spare = mem_try(most * deg, sizeof *j.spare, "edges of a batch", e)) ||
	    !(j.run = mem_try(most * deg + 1, sizeof *j.run, "edges of a batch", e)))
		goto out;
	if (!from && m->n) {
		set_list(m, 0, NULL, 0);
		from = 1;
	}
	for (size_t at = from; at < m->n; at += j.n) {
		j.first = (uint32_t)at;
		j.n = batch_of(m, at);
		for (size_t i = 0; i < j.n; i++)
			m->n_nbr[at + i] = 0;
		link_batch(&j);
		if (step && step->fn)
			step->fn(step->ctx, at + j.n, m->n);
	}
	ret = 0;
out:
	job_free(&j);
	return ret;
}

/* ---- cutting, unlinking ---- */

static void trim_chunk(void *ctx, size_t chunk, int worker)
{
	struct link_job *j = ctx;
	struct nav_make *m = j->m;
	struct worker *w = &j->w[worker];
	size_t end = (chunk + 1) * CHUNK < m->n ? (chunk + 1) * CHUNK : m->n;
	uint32_t list[NAV_DEGREE_MAX + 1];

	for (size_t r = chunk * CHUNK; r < end; r++)
		if (m->n_nbr[r] > m->o.degree) {
			nav_row_set(&w->q, m, (uint32_t)r);
			offer(w, m->nbr + r * m->slots, m->n_nbr[r]);
			set_list(m, (uint32_t)r, list, choose(m, w, (uint32_t)r, list));
		}
}

int nav_make_trim(struct nav_make *m, struct err *e)
{
	struct link_job j = { .m = m };
	int ret = workers_new(&j, e);

	if (!ret)
		par_for(m->pool, (m->n + CHUNK - 1) / CHUNK, trim_chunk, &j);
	job_free(&j);
	return ret;
}

/*
 * unlink_chunk - new lists go to j->list, as others still read the old ones. A row that lost neighbours keeps the rest and is offered the neighbours of the lost.
 */
static void unlink_chunk(void *ctx, size_t chunk, int worker)
{
	struct link_job *j = ctx;
	struct nav_make *m = j->m;
	struct worker *w = &j->w[worker];
	size_t end = (chunk + 1) * CHUNK < j->n ? (chunk + 1) * CHUNK : j->n;

	for (size_t i = chunk * CHUNK; i < end; i++) {
		uint32_t row = j->first + (uint32_t)i, *l = m->nbr + (size_t)row * m->slots, *list = j->list + i * m->slots;
		size_t n = m->n_nbr[row], lost = 0;
		for (size_t k = 0; k < n; k++)
			lost += nav_bit(j->gone, l[k]);
		if (!lost || nav_bit(j->gone, row)) {
			j->n_list[i] = UINT8_MAX;	/* leave it */
			continue;
		}
		nav_row_set(&w->q, m, row);
		for (size_t k = 0; k < n; k++) {
			if (!nav_bit(j->gone, l[k])) {
				offer(w, &l[k], 1);
				continue;
			}
			const uint32_t *far = m->nbr + (size_t)l[k] * m->slots;
			for (size_t f = 0; f < m->n_nbr[l[k]]; f++)
				if (!nav_bit(j->gone, far[f]))
					offer(w, &far[f], 1);
		}
		j->n_list[i] = (uint8_t)choose(m, w, row, list);
	}
}

int nav_make_unlink(struct nav_make *m, const uint64_t *gone, struct err *e)
{
	struct link_job j = { .m = m, .gone = gone };
	int ret = ERR_MEM;

	if (workers_new(&j, e) || !(j.list = mem_try(m->n, m->slots * sizeof *j.list, "new lists", e)) || !(j.n_list = mem_try(m->n, 1, "new lists", e)))
		goto out;
	j.n = m->n;
	par_for(m->pool, (m->n + CHUNK - 1) / CHUNK, unlink_chunk, &j);
	for (size_t r = 0; r < m->n; r++)
		if (nav_bit(gone, (uint32_t)r))
			set_list(m, (uint32_t)r, NULL, 0);
		else if (j.n_list[r] != UINT8_MAX)
			set_list(m, (uint32_t)r, j.list + r * m->slots, j.n_list[r]);
	ret = 0;
out:
	job_free(&j);
	return ret;
}
