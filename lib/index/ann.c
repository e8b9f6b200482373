#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ann.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../base/sort.h"
#include "../num/num.h"

/* ---- opening ---- */

const char *const ann_codes_name[3] = { "f32", "i8", "i4" };

static int damaged(const struct ann *a, const char *what, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: %s of the index is damaged", artifact_name(a->file), what);
}

static int get_name(const struct ann *a, const char *key, const char *const *name, int n, int *out, struct err *e)
{
	const char *v = artifact_meta(a->file, key);

	for (int i = 0; v && i < n; i++)
		if (!strcmp(v, name[i])) {
			*out = i;
			return 0;
		}
	return damaged(a, key, e);
}

static int get_size(const struct ann *a, const char *key, uint64_t least, uint64_t most, size_t *out, struct err *e)
{
	int64_t v;

	if (artifact_meta_i64(a->file, key, &v, e))
		return e->code;
	if (v < 0 || (uint64_t)v < least || (uint64_t)v > most)
		return damaged(a, key, e);
	*out = (size_t)v;
	return 0;
}

/* get_table - "ef:recall ef:recall ..." */
static int get_table(struct ann *a, struct err *e)
{
	const char *p = artifact_meta(a->file, "recall");

	while (p && *p) {
		const char *colon = strchr(p, ':'), *end = strchr(p, ' ');
		int64_t ef;
		float r;
		end = end ? end : p + strlen(p);
		if (a->n_table == ANN_TABLE_MAX || !colon || colon > end || !scan_i64(p, (size_t)(colon - p), &ef) || ef < 1 || ef > INT32_MAX ||
		    !scan_f32(colon + 1, (size_t)(end - colon - 1), &r) || (a->n_table && ef <= a->table[a->n_table - 1].ef))
			return damaged(a, "recall", e);
		a->table[a->n_table].ef = (uint32_t)ef;
		a->table[a->n_table++].recall = r;
		p = *end ? end + 1 : end;
	}
	return 0;
}

static int get_meta(struct ann *a, struct err *e)
{
	int metric = 0, codes = 0;
	size_t seed = 0;
	double alpha = 0;

	if (get_name(a, "metric", flat_metric_name, 3, &metric, e) || get_name(a, "codes", ann_codes_name, 3, &codes, e) ||
	    get_size(a, "dim", 0, VECS_DIM_MAX, &a->d, e) || get_size(a, "degree", 4, NAV_DEGREE_MAX, &a->g.degree, e) ||
	    get_size(a, "entries", 0, NAV_ROWS_MAX, &a->g.n_entries, e) || get_size(a, "ef", 8, 4096, &a->made.ef, e) ||
	    get_size(a, "entries-wanted", 1, 65536, &a->made.entries, e) || get_size(a, "seed", 0, INT64_MAX, &seed, e) || get_size(a, "fill", 0, a->g.degree, &a->made.fill, e) ||
	    artifact_meta_f64(a->file, "alpha", &alpha, e))
		return e->code;
	if (!(alpha >= 1 && alpha <= 2) || a->g.degree > 127 || (codes != ANN_F32 && a->d > CODES_DIM_MAX))
		return damaged(a, "what it says of itself", e);
	a->metric = (enum flat_metric)metric;
	a->codes = (enum ann_codes)codes;
	a->made.degree = a->g.degree;
	a->made.seed = seed;
	a->made.alpha = (float)alpha;
	a->made.by_product = metric == FLAT_IP;
	return get_table(a, e);
}

static int get_tensors(struct ann *a, struct err *e)
{
	uint64_t dim[2], n_off = 0, n_str = 0;
	const void *mean = NULL;

	if (artifact_paged(a->file, "id.off", DTYPE_U64, 1, &n_off, &a->off_pages, e) || artifact_paged(a->file, "id.str", DTYPE_U8, 1, &n_str, &a->str_pages, e))
		return e->code;
	if (!n_off || n_off - 1 >= NAV_ROWS_MAX || a->g.n_entries > n_off - 1 || (n_off > 1 && (!a->d || !a->g.n_entries)))
		return damaged(a, "what it says of itself", e);
	a->n = a->g.n = (size_t)n_off - 1;
	if (!a->n)
		return 0;
	dim[0] = a->n;
	a->g.width = nav_width(a->n);
	dim[1] = a->g.degree * a->g.width;
	if (artifact_paged(a->file, "graph", DTYPE_U8, 2, dim, &a->graph_pages, e))
		return e->code;
	dim[1] = a->d;
	if (artifact_paged(a->file, "vectors", DTYPE_F32, 2, dim, &a->vector_pages, e))
		return e->code;
	if (a->metric == FLAT_COSINE && artifact_paged(a->file, "inverse", DTYPE_F32, 1, dim, &a->inv_pages, e))
		return e->code;
	a->inv = (const float *)(const void *)a->inv_pages.p;
	paged_scattered(a->file, &a->vector_pages);
	dim[0] = a->d;
	if (artifact_tensor(a->file, "mean", DTYPE_F32, 1, dim, &mean, e))
		return e->code;
	if (!num_is_finite(mean, a->d) || num_norm(mean, a->d) > 2 * FLAT_NORM_MAX)
		return damaged(a, "mean", e);
	a->g.nbr = a->graph_pages.p;
	a->v = (const float *)(const void *)a->vector_pages.p;
	if (quant_init(&a->z, a->codes == ANN_I4 ? CODES_4 : CODES_8, a->metric == FLAT_L2, a->d, mean, a->made.seed, e))
		return e->code;
	if (a->codes != ANN_F32) {
		dim[0] = a->n;
		dim[1] = a->row_bytes = a->z.row_bytes;
		if (artifact_paged(a->file, "codes", DTYPE_U8, 2, dim, &a->code_pages, e))
			return e->code;
		a->code = a->code_pages.p;
	}
	return 0;
}

int ann_open(struct ann *a, const char *path, struct err *e)
{
	*a = (struct ann){ .few = ANN_FEW_ROWS };
	if (!(a->file = artifact_load(path, KIND_INDEX, e)))
		return e->code;
	if (get_meta(a, e) || get_tensors(a, e)) {
		int r = e->code;
		ann_close(a);
		return r;
	}
	return 0;
}

void ann_close(struct ann *a)
{
	paged_release(&a->graph_pages);
	paged_release(&a->code_pages);
	paged_release(&a->vector_pages);
	paged_release(&a->inv_pages);
	paged_release(&a->off_pages);
	paged_release(&a->str_pages);
	quant_release(&a->z);
	artifact_free(a->file);
	*a = (struct ann){ 0 };
}

enum { CHECK_PAGES = 256 };
struct check { const struct paged *p; bool is_bad; };

static void check_chunk(void *ctx, size_t chunk, int worker)
{
	struct check *c = ctx;
	uint64_t at = (uint64_t)chunk * CHECK_PAGES * ARTIFACT_PAGE, n = (uint64_t)CHECK_PAGES * ARTIFACT_PAGE;

	(void)worker;
	if (!paged_need(c->p, at, c->p->bytes - at < n ? c->p->bytes - at : n))
		__atomic_store_n(&c->is_bad, true, __ATOMIC_RELAXED);
}

int ann_check(struct ann *a, bool with_vectors, struct par *pool, struct err *e)
{
	const struct paged *all[] = { &a->graph_pages, &a->code_pages, &a->off_pages, &a->str_pages, &a->inv_pages, &a->vector_pages };
	size_t n = sizeof all / sizeof *all - !with_vectors;

	if (!a->file)
		return 0;
	for (size_t i = a->is_checked ? 5 : 0; i < n; i++) {
		struct check c = { all[i], false };
		size_t page = (size_t)CHECK_PAGES * ARTIFACT_PAGE;
		par_for(pool, (size_t)((all[i]->bytes + page - 1) / page), check_chunk, &c);
		if (c.is_bad)
			return paged_error(a->file, all[i], e);
	}
	a->is_checked = true;
	a->has_good_vectors |= with_vectors;
	return 0;
}

int ann_check_numbers(const struct ann *a, struct err *e)
{
	for (size_t r = 0; r < a->n; r++) {
		const float *x = ann_vector(a, r);
		double norm = num_norm(x, a->d);
		if (!num_is_finite(x, a->d))
			return err_set(e, ERR_DATA, "%s: vector %zu of the index is not finite", artifact_name(a->file), r + 1);
		if (a->inv && a->inv[r] != flat_inverse(norm))
			return err_set(e, ERR_DATA, "%s: the length of vector %zu of the index is another than it says", artifact_name(a->file), r + 1);
	}
	return 0;
}

bool ann_id(const struct ann *a, size_t row, struct str *id)
{
	const uint64_t *off = (const uint64_t *)(const void *)a->off_pages.p;

	if (row >= a->n || !paged_need(&a->off_pages, row * sizeof *off, 2 * sizeof *off) || off[row + 1] < off[row] ||
	    !paged_need(&a->str_pages, off[row], off[row + 1] - off[row]))
		return false;
	*id = (struct str){ (const char *)a->str_pages.p + off[row], (size_t)(off[row + 1] - off[row]) };
	return true;
}

const float *ann_vector(const struct ann *a, size_t row)
{
	if (!a->v)
		return a->row(a->row_ctx, row);
	if (a->file && !paged_need(&a->vector_pages, row * a->d * sizeof *a->v, a->d * sizeof *a->v))
		return NULL;
	return a->v + row * a->d;
}

int ann_ids(struct ann *a, struct idtab *t, struct err *e)
{
	int r = artifact_idtab(a->file, "id", t, e);

	return r ? r : idtab_check(a->file, "id", t, e);
}

size_t ann_ef(const struct ann *a, double recall, size_t k, bool *is_reached)
{
	size_t i = 0, ef;

	*is_reached = true;
	if (!a->n_table)
		return 10 * k;
	while (i < a->n_table && (double)a->table[i].recall < recall)
		i++;
	*is_reached = i < a->n_table;
	ef = a->table[*is_reached ? i : a->n_table - 1].ef;
	/* More hits want more room, but less of it for each. */
	return k <= ANN_TABLE_K ? ef : k + (size_t)((double)(ef > ANN_TABLE_K ? ef - ANN_TABLE_K : 0) * sqrt((double)k / ANN_TABLE_K));
}

/* ---- searching ---- */

enum { SCAN_BLOCK = 128 };

struct ann_walk {
	struct ann *a;
	struct nav_walk *walk;
	struct codes_query q;
	const float *x;			/* the query */
	float mul, inv;			/* of l2: 2 * scale; of cosine: 1 / |x| */
	float *turned;			/* [d] */
	int8_t *room;			/* [3 d + 2] */
	struct topk_hit *hit;
	size_t cap_hit;
	float score[SCAN_BLOCK];
	uint32_t row[SCAN_BLOCK];
};

struct ann_walk *ann_walk_new(const struct ann *a, struct err *e)
{
	struct ann_walk *w = mem_new(1, sizeof *w);

	w->turned = mem_new(a->d + 1, sizeof *w->turned);
	w->room = mem_new(3 * a->d + 2, 1);
	if (!(w->walk = nav_walk_new(a->n, e))) {
		ann_walk_free(w);
		return NULL;
	}
	return w;
}

void ann_walk_free(struct ann_walk *w)
{
	if (!w)
		return;
	nav_walk_free(w->walk);
	mem_free(w->turned);
	mem_free(w->room);
	mem_free(w->hit);
	mem_free(w);
}

static void mark_damage(struct ann *a) { __atomic_store_n(&a->is_damaged, true, __ATOMIC_RELAXED); }
static bool has_damage(const struct ann *a) { return __atomic_load_n(&a->is_damaged, __ATOMIC_RELAXED); }

static void score_codes(const void *ctx, float *out, const uint32_t *row, size_t n)
{
	const struct ann_walk *w = ctx;
	struct ann *a = w->a;

	if (a->file && !a->is_checked)
		for (size_t j = 0; j < n; j++)
			if (!paged_need(&a->code_pages, row[j] * a->row_bytes, a->row_bytes))
				mark_damage(a);
	codes_dots(out, &w->q, a->code, a->row_bytes, row, n);
	if (a->metric == FLAT_L2)
		for (size_t j = 0; j < n; j++)
			out[j] = out[j] * w->mul - quant_norm(&a->z, a->code + row[j] * a->row_bytes);
}

/* readable - the row's vector, and its length, may be used; notes it when they may not. */
static bool readable(struct ann *a, uint32_t row)
{
	if (!a->file || a->has_good_vectors)
		return true;
	if (paged_need(&a->vector_pages, row * a->d * sizeof *a->v, a->d * sizeof *a->v) && (!a->inv || a->is_checked || paged_need(&a->inv_pages, row * sizeof *a->inv, sizeof *a->inv)))
		return true;
	mark_damage(a);
	return false;
}

/* score_floats - what flat.h would score the rows; -INFINITY where the index is damaged. */
static void score_floats(const void *ctx, float *out, const uint32_t *row, size_t n)
{
	const struct ann_walk *w = ctx;
	struct ann *a = w->a;

	bool is_good = a->v;

	for (size_t j = 0; j < n; j++)
		is_good &= readable(a, row[j]);
	if (is_good && a->metric != FLAT_L2) {
		num_dots_rows(out, w->x, a->v, a->d, row, n, a->d);
	} else {
		for (size_t j = 0; j < n; j++) {
			const float *y = readable(a, row[j]) ? ann_vector(a, row[j]) : NULL;
			out[j] = !y ? -INFINITY : a->metric == FLAT_L2 ? 0 - num_l2sq(w->x, y, a->d) : num_dot(w->x, y, a->d);
		}
	}
	for (size_t j = 0; j < n && a->metric == FLAT_COSINE; j++)
		out[j] = out[j] * w->inv * a->inv[row[j]];
	for (size_t j = 0; j < n; j++)
		if (out[j] != out[j])
			out[j] = -INFINITY;
}

static void visit(const void *ctx, uint32_t row)
{
	struct ann *a = ((const struct ann_walk *)ctx)->a;
	size_t bytes = a->g.degree * a->g.width;

	if (!a->is_checked && !paged_need(&a->graph_pages, row * bytes, bytes))
		mark_damage(a);
}

/* set_query - 0, or <0 when it cannot be scored. */
static int set_query(struct ann_walk *w, const float *q, bool by_floats, struct err *e)
{
	const struct ann *a = w->a;
	double norm = num_norm(q, a->d);
	float scale;

	w->x = q;
	if (!flat_has_scores(a->metric, norm))
		return err_set(e, ERR_DATA, "a query is shorter than %g or longer than %g: its scores cannot be told in single precision", FLAT_NORM_MIN, FLAT_NORM_MAX);
	w->inv = flat_inverse(norm);
	if (by_floats)
		return 0;
	quant_turn(&a->z, w->turned, q, a->metric != FLAT_L2);
	quant_query(&a->z, &w->q, &scale, w->turned, w->room);
	w->mul = 2 * scale;
	return 0;
}

/* push - the rows that were taken, scored. */
static void push(struct ann_walk *w, const struct nav_probe *p, struct topk *top, size_t n, size_t *looked)
{
	p->score(p->ctx, w->score, w->row, n);
	for (size_t i = 0; i < n; i++)
		if (top->n < top->k || w->score[i] >= top->hit[0].score)
			topk_push(top, w->score[i], w->row[i]);
	*looked += n;
}

static inline void take(struct ann_walk *w, const struct nav_probe *p, struct topk *top, uint32_t row, size_t *n, size_t *looked)
{
	w->row[(*n)++] = row;
	for (size_t at = 0; p->rows && at < p->bytes; at += 64)
		__builtin_prefetch((const char *)p->rows + row * p->stride + at);
	if (*n == SCAN_BLOCK) {
		push(w, p, top, *n, looked);
		*n = 0;
	}
}

static void scan_bits(struct ann_walk *w, const struct nav_probe *p, struct topk *top, const struct ann_ask *ask, size_t *n, size_t *looked)
{
	size_t ban = 0;

	for (size_t word = 0; word * 64 < w->a->n; word++) {
		size_t left = w->a->n - word * 64;
		uint64_t bits = ask->allowed ? ask->allowed[word] : ~(uint64_t)0;
		if (left < 64)
			bits &= ((uint64_t)1 << left) - 1;
		if (ask->hide && (ask->hide - 1) / 64 == word)
			bits &= ~((uint64_t)1 << (ask->hide - 1) % 64);
		for (; ban < ask->n_ban && ask->ban[ban] < word * 64 + 64; ban++)
			bits &= ~((uint64_t)1 << ask->ban[ban] % 64);
		for (; bits; bits &= bits - 1)
			take(w, p, top, (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits), n, looked);
	}
}

/* scan - the ef best of the rows that may be found, by their codes, into w->hit. */
static size_t scan(struct ann_walk *w, const struct nav_probe *p, size_t ef, const struct ann_ask *ask, size_t *looked)
{
	struct topk top;
	size_t ban = 0, n_row = 0;

	arr_reserve(w->hit, ef + 1, w->cap_hit);
	topk_init(&top, w->hit, ef, NULL);
	if (ask->allowed_row)
		for (size_t i = 0; i < ask->n_allowed; i++) {
			uint32_t row = ask->allowed_row[i];
			while (ban < ask->n_ban && ask->ban[ban] < row)
				ban++;
			if (!(ban < ask->n_ban && ask->ban[ban] == row) && row + 1 != ask->hide)
				take(w, p, &top, row, &n_row, looked);
		}
	else
		scan_bits(w, p, &top, ask, &n_row, looked);
	push(w, p, &top, n_row, looked);
	topk_sort(&top);
	return top.n;
}

static int cmp_hits(const void *a, const void *b, void *ctx)
{
	const struct topk_hit *x = a, *y = b;
	struct str s, t;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	if (!ann_id(ctx, x->row, &s) || !ann_id(ctx, y->row, &t)) {
		if (((const struct ann *)ctx)->file)	/* in memory there are no ids yet */
			mark_damage(ctx);
		return x->row < y->row ? -1 : x->row > y->row;
	}
	return str_cmp(s, t);
}

/* way_is_scan - is going over all rows that may be found cheaper than the graph? A search looks at about 20 rows for each of ef, and at 1/share as many when only that share may be found;
 * rows one behind another cost about half of those that are not. */
static bool way_is_scan(const struct ann *a, const struct ann_ask *ask, size_t ef, size_t n_allowed)
{
	double looks = 20 * (double)ef * (double)a->n / (double)(n_allowed ? n_allowed : 1);

	return ef >= n_allowed || n_allowed <= a->few || ((ask->allowed || ask->n_ban) && looks > (double)n_allowed / 2);
}

int ann_search(struct ann *a, struct ann_walk *w, const float *q, const struct ann_ask *ask, struct topk_hit *hit, size_t *n, size_t *looked, struct err *e)
{
	struct nav_probe p = { .score = score_codes, .visit = a->file && !a->is_checked ? visit : NULL, .ctx = w, .rows = a->code, .stride = a->row_bytes, .bytes = a->row_bytes,
				 .hide = ask->hide, .keep = ask->k + ask->k / 2 + 1 };
	size_t n_allowed = ask->allowed ? ask->n_allowed : a->n, ef = ask->ef > ask->k ? ask->ef : ask->k, found, total = 0, some = 0;
	const struct topk_hit *pool;

	bool by_floats = a->codes == ANN_F32 || n_allowed <= a->few;
	*n = 0;
	w->a = a;
	if (!a->n || !ask->k)
		return 0;
	if (by_floats) {
		p.score = score_floats;
		p.rows = a->v;
		p.stride = p.bytes = a->d * sizeof *a->v;
	}
	if (set_query(w, q, by_floats, e))
		return e->code;
	if (ef > a->n)
		ef = a->n;
	found = SIZE_MAX;
	if (!way_is_scan(a, ask, ef, n_allowed)) {
		found = nav_search(&a->g, &p, w->walk, ef, ask->allowed, ask->ban, ask->n_ban, ask->allowed ? n_allowed / 2 + 1000 : 0, &pool, &some);
		total += some;
	}
	if (found == SIZE_MAX) {
		size_t k = ask->k < a->n ? ask->k : a->n;
		found = scan(w, &p, by_floats ? k + 1 : ef, ask, &total);
		if (by_floats && found > k && w->hit[k].score == w->hit[k - 1].score)	/* a tie across the last place: which ids are first is to be seen */
			found = scan(w, &p, n_allowed, ask, &some);
		pool = w->hit;
	}
	/* The last word is the vectors'. */
	size_t again = a->codes == ANN_I4 ? found : by_floats ? ask->k : ask->k + ask->k / 2 + 10;
	if (again > found)
		again = found;
	while (by_floats && again && again < found && pool[again].score == pool[again - 1].score)
		again++;
	arr_reserve(w->hit, again + 1, w->cap_hit);	/* of a scan there is room already */
	if (pool != w->hit)
		memcpy(w->hit, pool, again * sizeof *pool);
	if (!by_floats) {
		for (size_t i = 0; i < again && a->v; i++)
			num_fetch(a->v + w->hit[i].row * a->d, a->d);
		for (size_t at = 0; at < again; at += SCAN_BLOCK) {
			size_t m = again - at < SCAN_BLOCK ? again - at : SCAN_BLOCK;
			for (size_t i = 0; i < m; i++)
				w->row[i] = w->hit[at + i].row;
			score_floats(w, w->score, w->row, m);
			for (size_t i = 0; i < m; i++)
				w->hit[at + i].score = w->score[i];
		}
	}
	size_t kept = 0;
	for (size_t i = 0; i < again; i++) {
		if (!isfinite(w->hit[i].score) && !has_damage(a))
			return err_set(e, ERR_NUMERIC, "a score is beyond the range of single precision: the vectors are too long");
		if (w->hit[i].score >= ask->least)
			w->hit[kept++] = w->hit[i];
	}
	int r = kept > 1 ? sort_stable(w->hit, kept, sizeof *w->hit, cmp_hits, a, e) : 0;
	if (r)
		return r;
	if (has_damage(a))
		return err_set(e, ERR_DATA, "%s: the index is damaged: a page does not match its checksum", artifact_name(a->file));
	*n = kept < ask->k ? kept : ask->k;
	memcpy(hit, w->hit, *n * sizeof *hit);
	if (looked)
		*looked = total;
	return 0;
}
