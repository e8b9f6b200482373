/* ann_make - the making of an index: rows to codes, codes to a graph, all of it in the order the graph likes, measured, and written. */
#include <math.h>
#include <string.h>

#include "ann.h"
#include "../base/buf.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"
#include "../num/num.h"

enum { SAMPLE = 256, CHUNK = 64 };

struct make {
	const struct ann_opts *o;
	const struct ann_rows *rows;
	uint32_t *place;		/* [rows->n] row of the graph -> row of `rows` */
	float *mean;			/* [d] */
	struct quant z;			/* 8 bits with norm: what the graph is made by */
	struct nav_make m;
	uint32_t *order;		/* [n] row of the index -> row of the graph */
	uint32_t *from;			/* [n] row of the index -> row of `rows` */
	size_t n, n_entries;
	struct ann a;			/* the index, in memory */
	uint8_t *nbr;
	uint8_t *code;
	float *inv;			/* [n] of cosine */
	float **scratch;		/* [workers][2 d] */
	int odd;			/* a vector too long or too short */
	struct par *pool;
};

/* row_of - vector r, of cosine scaled to length 1. */
static const float *row_of(const struct make *k, size_t r, float *scratch)
{
	const float *x = k->rows->row(k->rows->ctx, r);
	size_t d = k->rows->d;

	if (k->o->metric != FLAT_COSINE)
		return x;
	double norm = num_norm(x, d);
	float inv = flat_inverse(norm);
	for (size_t i = 0; i < d; i++)
		scratch[i] = x[i] * inv;
	return scratch;
}

static const float *plain_row(const void *ctx, size_t r)
{
	const struct make *k = ctx;

	return k->rows->row(k->rows->ctx, r);
}

static const float *scaled_row(const void *ctx, size_t r)
{
	const struct make *k = ctx;

	return row_of(k, r, k->scratch[0]);
}

static void norm_chunk(void *ctx, size_t chunk, int worker)
{
	struct make *k = ctx;
	size_t end = (chunk + 1) * CHUNK < k->rows->n ? (chunk + 1) * CHUNK : k->rows->n;

	(void)worker;
	for (size_t r = chunk * CHUNK; r < end; r++) {
		if (!flat_has_scores(k->o->metric, num_norm(k->rows->row(k->rows->ctx, r), k->rows->d)))
			__atomic_store_n(&k->odd, 1, __ATOMIC_RELAXED);
	}
}

static void encode_chunk(void *ctx, size_t chunk, int worker)
{
	struct make *k = ctx;
	size_t end = (chunk + 1) * CHUNK < k->rows->n ? (chunk + 1) * CHUNK : k->rows->n, d = k->rows->d;
	float *s = k->scratch[worker];

	for (size_t r = chunk * CHUNK; r < end; r++) {
		quant_turn(&k->z, s + d, row_of(k, k->place[r], s), false);
		quant_encode(&k->z, k->m.codes + r * k->z.row_bytes, s + d);
	}
}

/* final_chunk - the index's own codes, in its order. */
static void final_chunk(void *ctx, size_t chunk, int worker)
{
	struct make *k = ctx;
	struct ann *a = &k->a;
	size_t end = (chunk + 1) * CHUNK < k->n ? (chunk + 1) * CHUNK : k->n, d = k->rows->d, bytes = codes_scale_at(CODES_8, d) + 4;
	float *s = k->scratch[worker];

	for (size_t r = chunk * CHUNK; r < end; r++)
		if (a->codes == ANN_I8) {
			const uint8_t *row = k->m.codes + k->order[r] * k->z.row_bytes;
			memcpy(k->code + r * a->row_bytes, row, bytes);
			if (a->z.has_norm)
				memcpy(k->code + r * a->row_bytes + a->z.norm_at, row + k->z.norm_at, 4);
		} else {
			quant_turn(&a->z, s + d, row_of(k, k->from[r], s), false);
			quant_encode(&a->z, k->code + r * a->row_bytes, s + d);
		}
}

static int make_graph(struct make *k, struct ann *old, const uint64_t *gone, const struct watch *step, struct err *e)
{
	size_t n = k->rows->n, first = old ? old->n : 0;
	struct nav_make *m = &k->m;
	struct pcg32 rng;

	if (!(k->place = mem_try(n, sizeof *k->place, "order of vectors", e)) || !(k->mean = mem_try(k->rows->d, sizeof *k->mean, "mean", e)))
		return e->code;
	for (size_t i = 0; i < n; i++)
		k->place[i] = (uint32_t)i;
	if (first) {
		memcpy(k->mean, old->z.mean, k->rows->d * sizeof *k->mean);
	} else {
		pcg32_seed(&rng, k->o->graph.seed, 0x706c61);
		rng_shuffle_u32(&rng, k->place, (uint32_t)n);
		if (quant_mean(k->mean, k->o->metric == FLAT_COSINE ? scaled_row : plain_row, k, n, k->rows->d, k->o->metric == FLAT_COSINE ? NULL : k->pool, e))
			return e->code;
	}
	if (quant_init(&k->z, CODES_8, true, k->rows->d, k->mean, k->o->graph.seed, e) || nav_make_init(m, &k->o->graph, &k->z, n, k->pool, e))
		return e->code;
	par_for(k->pool, (n + CHUNK - 1) / CHUNK, encode_chunk, k);
	nav_make_rows(m, n);
	for (size_t r = 0; r < first; r++) {	/* no list of a file is to be trusted */
		size_t deg = 0;
		for (size_t i = 0; i < old->g.degree; i++) {
			uint32_t to = nav_get(old->g.nbr, r * old->g.degree + i, old->g.width);
			if (to >= first)
				break;
			if (to != r)
				m->nbr[r * m->slots + deg++] = to;
		}
		if (deg < m->slots)
			m->nbr[r * m->slots + deg] = NAV_NONE;
		m->n_nbr[r] = (uint8_t)deg;
	}
	m->n_start = old ? old->g.n_entries : 0;
	if (nav_make_link(m, first, step, e) || (gone && nav_make_unlink(m, gone, e)) || nav_make_trim(m, e))
		return e->code;
	if (!(k->order = mem_try(n, sizeof *k->order, "order of vectors", e)) || !(k->from = mem_try(n, sizeof *k->from, "order of vectors", e)))
		return e->code;
	return nav_make_order(m, gone, k->order, &k->n, &k->n_entries, e);
}

static const float *index_row(const void *ctx, size_t r)
{
	const struct make *k = ctx;

	return k->rows->row(k->rows->ctx, k->from[r]);
}

static void inverse_chunk(void *ctx, size_t chunk, int worker)
{
	struct make *k = ctx;
	size_t end = (chunk + 1) * CHUNK < k->n ? (chunk + 1) * CHUNK : k->n;

	(void)worker;
	for (size_t r = chunk * CHUNK; r < end; r++)
		k->inv[r] = flat_inverse(num_norm(index_row(k, r), k->rows->d));
}

/* settle - the index in memory, out of the graph that was made. */
static int settle(struct make *k, struct err *e)
{
	struct ann *a = &k->a;
	size_t n = k->n, deg = k->o->graph.degree;
	unsigned width = nav_width(n);
	uint32_t *index_of = mem_try(k->rows->n, sizeof *index_of, "order of vectors", e);

	if (!index_of || !(k->nbr = mem_try(n, deg * width, "a graph", e))) {
		mem_free(index_of);
		return e->code;
	}
	for (size_t r = 0; r < n; r++) {
		index_of[k->order[r]] = (uint32_t)r;
		k->from[r] = k->place[k->order[r]];
	}
	for (size_t r = 0; r < n; r++) {
		const uint32_t *l = k->m.nbr + k->order[r] * k->m.slots;
		size_t have = k->m.n_nbr[k->order[r]];
		for (size_t i = 0; i < deg; i++)
			nav_put(k->nbr, r * deg + i, width, i < have ? index_of[l[i]] : NAV_NONE);
	}
	mem_free(index_of);
	*a = (struct ann){ .metric = k->o->metric, .codes = k->o->codes, .n = n, .d = k->rows->d, .row = index_row, .row_ctx = k, .made = k->o->graph, .few = ANN_FEW_ROWS };
	a->g = (struct nav){ n, deg, k->n_entries, k->nbr, width };
	if (quant_init(&a->z, a->codes == ANN_I4 ? CODES_4 : CODES_8, a->metric == FLAT_L2, a->d, k->mean, k->o->graph.seed, e))
		return e->code;
	a->row_bytes = a->codes == ANN_F32 ? 0 : a->z.row_bytes;
	if (a->codes != ANN_F32) {
		if (!(k->code = mem_try(n, a->row_bytes, "codes", e)))
			return e->code;
		par_for(k->pool, (n + CHUNK - 1) / CHUNK, final_chunk, k);
		a->code = k->code;
	}
	nav_make_release(&k->m);
	if (a->metric == FLAT_COSINE) {
		if (!(a->inv = k->inv = mem_try(n, sizeof *k->inv, "lengths", e)))
			return e->code;
		par_for(k->pool, (n + CHUNK - 1) / CHUNK, inverse_chunk, k);
	}
	return 0;
}

/* ---- measuring ---- */

struct measure {
	struct make *k;
	const float *q;			/* [n_q x d] */
	uint32_t self[SAMPLE];		/* the row that is the query: it is hidden, as a query comes from outside */
	size_t n_q, n_chunks;
	struct topk *top;		/* [chunks x n_q] */
	struct topk_hit *store;
	struct ann_walk **walk;
	size_t ef;
	size_t found[SAMPLE], wanted[SAMPLE];
	struct err err;
};

enum { EXACT_ROWS = 16384, K = ANN_TABLE_K };

static void exact_chunk(void *ctx, size_t chunk, int worker)
{
	struct measure *s = ctx;
	const struct make *k = s->k;
	size_t end = (chunk + 1) * EXACT_ROWS < k->n ? (chunk + 1) * EXACT_ROWS : k->n, d = k->rows->d;
	float score[SAMPLE];

	(void)worker;
	for (size_t r = chunk * EXACT_ROWS; r < end; r++) {
		const float *y = index_row(k, r);
		float inv = k->inv ? k->inv[r] : 1;
		if (k->o->metric == FLAT_L2)
			num_l2sqs(score, y, s->q, s->n_q, d, d);
		else
			num_dots(score, y, s->q, s->n_q, d, d);
		for (size_t q = 0; q < s->n_q; q++)
			if (r != s->self[q])
				topk_push(&s->top[chunk * s->n_q + q], k->o->metric == FLAT_L2 ? -score[q] : score[q] * inv, (uint32_t)r);
	}
}

/* exact_score - as exact_chunk has it. */
static float exact_score(const struct make *k, const float *q, size_t r)
{
	const float *y = index_row(k, r);
	size_t d = k->rows->d;

	if (k->o->metric == FLAT_L2)
		return -num_l2sq(y, q, d);
	return num_dot(y, q, d) * (k->inv ? k->inv[r] : 1);
}

static void sample_chunk(void *ctx, size_t q, int worker)
{
	struct measure *s = ctx;
	const struct make *k = s->k;
	struct ann_ask ask = { .k = K, .ef = s->ef, .least = -INFINITY, .hide = s->self[q] + 1 };
	struct topk_hit hit[K];
	size_t n;

	struct err e = { 0 };
	int none = 0;

	if (ann_search(&s->k->a, s->walk[worker], s->q + q * k->rows->d, &ask, hit, &n, NULL, &e)) {
		if (__atomic_compare_exchange_n(&s->err.code, &none, e.code, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			memcpy(s->err.msg, e.msg, sizeof e.msg);
		return;
	}
	s->found[q] = s->wanted[q] = 0;
	struct topk *t = &s->top[q];
	s->wanted[q] = t->n < K ? t->n : K;
	/* Of rows that score as the last of the wanted does any will do: ids are no measure of recall. */
	float least = t->n ? t->hit[0].score : 0;
	for (size_t j = 1; j < t->n; j++)
		least = t->hit[j].score < least ? t->hit[j].score : least;
	for (size_t i = 0; i < n; i++)
		s->found[q] += exact_score(k, s->q + q * k->rows->d, hit[i].row) >= least;
}

static int measure(struct make *k, struct err *e)
{
	static const uint16_t efs[] = { 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024 };
	size_t d = k->rows->d, threads = (size_t)par_threads(k->pool);
	struct measure *s = mem_new(1, sizeof *s);
	float *q = NULL;
	struct pcg32 rng;
	int ret = ERR_MEM;

	s->k = k;
	s->n_q = k->rows->query ? k->rows->n_queries : k->n;
	if (s->n_q > SAMPLE)
		s->n_q = SAMPLE;
	s->n_chunks = (k->n + EXACT_ROWS - 1) / EXACT_ROWS;
	size_t n_top = s->n_chunks * s->n_q;
	s->walk = mem_new(threads, sizeof *s->walk);
	if (!(q = mem_try(s->n_q * d, sizeof *q, "sample queries", e)) || !(s->top = mem_try(n_top, sizeof *s->top, "sample hits", e)) ||
	    !(s->store = mem_try(n_top, K * sizeof *s->store, "sample hits", e)))
		goto out;
	pcg32_seed(&rng, k->o->graph.seed, 0x736d70);
	for (size_t i = 0; i < s->n_q; i++) {
		size_t n = k->rows->query ? k->rows->n_queries : k->n, at = n * i / s->n_q, next = n * (i + 1) / s->n_q;
		at += pcg32_bounded(&rng, (uint32_t)(next - at));
		s->self[i] = k->rows->query ? NAV_NONE : (uint32_t)at;
		memcpy(q + i * d, k->rows->query ? k->rows->query + at * d : index_row(k, at), d * sizeof *q);
	}
	s->q = q;
	for (size_t i = 0; i < n_top; i++)
		topk_init(&s->top[i], s->store + i * K, K, NULL);
	par_for(k->pool, s->n_chunks, exact_chunk, s);
	for (size_t i = 0; i < s->n_q; i++)
		for (size_t c = 1; c < s->n_chunks; c++)
			topk_merge(&s->top[i], &s->top[c * s->n_q + i]);
	for (size_t t = 0; t < threads; t++)
		if (!(s->walk[t] = ann_walk_new(&k->a, e)))
			goto out;
	for (size_t i = 0; i < sizeof efs / sizeof *efs; i++) {
		size_t found = 0, wanted = 0;
		s->ef = efs[i];
		par_for(k->pool, s->n_q, sample_chunk, s);
		if (s->err.code) {		/* of a query: rows were looked at before */
			*e = s->err;
			ret = e->code;
			goto out;
		}
		for (size_t j = 0; j < s->n_q; j++) {
			found += s->found[j];
			wanted += s->wanted[j];
		}
		float recall = wanted ? (float)((double)found / (double)wanted) : 1;
		k->a.table[k->a.n_table].ef = efs[i];
		k->a.table[k->a.n_table++].recall = recall;
		if (recall >= .999f || efs[i] >= k->n)
			break;
	}
	ret = 0;
out:
	for (size_t t = 0; t < threads; t++)
		ann_walk_free(s->walk[t]);
	mem_free(s->walk);
	mem_free(s->top);
	mem_free(s->store);
	mem_free(q);
	mem_free(s);
	return ret;
}

/* ---- writing ---- */

static int fill_vectors(void *ctx, uint64_t at, void *p, size_t n, struct err *e)
{
	const struct make *k = ctx;
	size_t bytes = k->rows->d * sizeof(float);
	char *to = p;

	(void)e;
	while (n) {
		size_t in = (size_t)(at % bytes), some = bytes - in < n ? bytes - in : n;
		memcpy(to, (const char *)index_row(k, (size_t)(at / bytes)) + in, some);
		to += some;
		at += some;
		n -= some;
	}
	return 0;
}

static int write_ids(struct artifactw *w, const struct make *k, struct err *e)
{
	struct vocab v = { 0 };
	int r;

	for (size_t i = 0; i < k->n; i++) {
		struct str id = k->rows->id(k->rows->ctx, k->from[i]);
		vocab_add(&v, id.p, id.len);
	}
	r = artifactw_vocab_paged(w, "id", &v, e);
	vocab_release(&v);
	return r;
}

static int write_index(struct make *k, struct sink *s, const struct prov *prov, struct err *e)
{
	const struct ann *a = &k->a;
	const struct nav_opts *g = &k->o->graph;
	struct artifactw *w = artifactw_new(s, KIND_INDEX, "knn", e);
	struct block_fill mem;
	struct buf table = { 0 };
	uint64_t dim[2];
	int r = -1;

	if (!w)
		return e->code;
	for (size_t i = 0; i < a->n_table; i++)
		buf_printf(&table, "%s%u:%.4f", i ? " " : "", a->table[i].ef, (double)a->table[i].recall);
	artifactw_meta(w, "metric", "%s", flat_metric_name[k->o->metric]);
	artifactw_meta(w, "codes", "%s", ann_codes_name[k->o->codes]);
	artifactw_meta(w, "dim", "%zu", k->rows->d);
	artifactw_meta(w, "degree", "%zu", g->degree);
	artifactw_meta(w, "entries", "%zu", k->n_entries);
	artifactw_meta(w, "entries-wanted", "%zu", g->entries);
	artifactw_meta(w, "ef", "%zu", g->ef);
	artifactw_meta(w, "fill", "%zu", g->fill);
	artifactw_meta(w, "alpha", "%.6g", (double)g->alpha);
	artifactw_meta(w, "seed", "%llu", (unsigned long long)g->seed);
	if (table.len)
		artifactw_meta(w, "recall", "%s", table.p);
	buf_release(&table);
	if (write_ids(w, k, e))
		goto out;
	if (k->n) {
		dim[0] = k->rows->d;
		if (artifactw_tensor(w, "mean", DTYPE_F32, 1, dim, k->mean, e))
			goto out;
		dim[0] = k->n;
		dim[1] = g->degree * a->g.width;
		mem = block_fill_memory(k->nbr);
		if (artifactw_paged(w, "graph", DTYPE_U8, 2, dim, &mem, e))
			goto out;
		dim[1] = a->row_bytes;
		mem = block_fill_memory(k->code);
		if (k->code && artifactw_paged(w, "codes", DTYPE_U8, 2, dim, &mem, e))
			goto out;
		mem = block_fill_memory(k->inv);
		if (k->inv && artifactw_paged(w, "inverse", DTYPE_F32, 1, dim, &mem, e))
			goto out;
		dim[1] = k->rows->d;
		if (artifactw_paged(w, "vectors", DTYPE_F32, 2, dim, &(struct block_fill){ fill_vectors, k }, e))
			goto out;
	}
	r = artifactw_finish(w, prov, e);
out:
	artifactw_free(w);
	return r ? e->code : 0;
}

int ann_make(struct sink *s, const struct ann_opts *o, const struct ann_rows *rows, struct ann *old, const uint64_t *gone, const struct prov *prov,
	     const struct watch *step, struct par *pool, struct err *e)
{
	struct make k = { .o = o, .rows = rows, .pool = pool };
	size_t threads = (size_t)par_threads(pool);
	int ret = ERR_MEM;

	if (rows->n >= NAV_ROWS_MAX)
		return err_set(e, ERR_DATA, "%zu vectors are more than an index holds (%zu)", rows->n, NAV_ROWS_MAX - 1);
	if (rows->n && rows->d > CODES_DIM_MAX)
		return err_set(e, ERR_DATA, "vectors of %zu components are longer than an index takes (%d)", rows->d, CODES_DIM_MAX);
	k.scratch = mem_new(threads, sizeof *k.scratch);
	for (size_t t = 0; t < threads; t++)
		k.scratch[t] = mem_new(2 * rows->d + 1, sizeof **k.scratch);
	par_for(pool, (rows->n + CHUNK - 1) / CHUNK, norm_chunk, &k);
	if (k.odd) {
		ret = err_set(e, ERR_DATA, "a vector is shorter than %g or longer than %g: its scores cannot be told in single precision", FLAT_NORM_MIN, FLAT_NORM_MAX);
		goto out;
	}
	if (rows->n && (make_graph(&k, old, gone, step, e) || settle(&k, e) || (k.n && measure(&k, e)))) {
		ret = e->code;
		goto out;
	}
	ret = write_index(&k, s, prov, e);
out:
	for (size_t t = 0; t < threads; t++)
		mem_free(k.scratch[t]);
	mem_free(k.scratch);
	nav_make_release(&k.m);
	quant_release(&k.z);
	quant_release(&k.a.z);
	mem_free(k.place);
	mem_free(k.mean);
	mem_free(k.order);
	mem_free(k.from);
	mem_free(k.nbr);
	mem_free(k.code);
	mem_free(k.inv);
	return ret;
}
