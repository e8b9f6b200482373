#include "trees_grow.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../num/act.h"

enum { ROWS = 8192, WORD_ROWS = 10, AHEAD = 64 };	/* rows of a chunk; what smooths sets of words; rows that are fetched before their turn */

/* ---- sums: gradient in the upper half, curvature in the lower ---- */

static int64_t sum_g(int64_t s)
{
	return s >> 32;
}

static int64_t sum_h(int64_t s)
{
	return (int64_t)(uint32_t)s;
}

static size_t hist_size(const struct grow *g)
{
	return g->b->n_blocks * BINS_BLOCK * BINS_CODES;
}

int grow_init(struct grow *g, const struct bins *b, const struct coded *c, const struct grow_opts *o, struct par *pool, struct err *e)
{
	size_t blocks = max_size(b->n_blocks, 1);

	*g = (struct grow){ .b = b, .c = c, .o = *o, .pool = pool };
	if ((g->row = mem_try(c->n, sizeof *g->row, "rows of a tree", e)) && (g->left = mem_try(c->n, sizeof *g->left, "rows of a tree", e)) &&
	    (g->right = mem_try(c->n, sizeof *g->right, "rows of a tree", e)) && (g->gh = mem_try(c->n, sizeof *g->gh, "gradients", e)) &&
	    (g->ordered = mem_try(c->n, sizeof *g->ordered, "gradients", e)) && (g->hist = mem_try(o->leaves, max_size(hist_size(g), 1) * sizeof *g->hist, "histograms", e)) &&
	    (g->is_used = mem_try(blocks, BINS_BLOCK, "features", e)) && (g->found = mem_try(blocks, 2 * sizeof *g->found, "splits", e)) &&
	    (g->n_left = mem_try(c->n / ROWS + 1, sizeof *g->n_left, "chunks of rows", e)))
		return 0;
	grow_release(g);
	return ERR_MEM;
}

void grow_release(struct grow *g)
{
	mem_free(g->row);
	mem_free(g->left);
	mem_free(g->right);
	mem_free(g->gh);
	mem_free(g->ordered);
	mem_free(g->hist);
	mem_free(g->is_used);
	mem_free(g->found);
	mem_free(g->n_left);
	*g = (struct grow){ 0 };
}

/* ---- gradients as whole numbers ---- */

struct quantise {
	struct grow *g;
	const float *gradient, *curvature;
	size_t n;
	uint64_t key;
	float unit_g, unit_h;		/* units in 1 */
	int32_t most_g, most_h;
	float top_g[64], top_h[64], low_h[64];	/* of SLICES of chunks */
};

enum { SLICES = 64 };

static void find_most(void *ctx, size_t slice, int worker)
{
	struct quantise *q = ctx;
	float g = 0, h = 0, low = INFINITY;

	(void)worker;
	for (size_t i = q->n * slice / SLICES; i < q->n * (slice + 1) / SLICES; i++) {
		size_t r = q->g->row[i];
		g = fmaxf(g, fabsf(q->gradient[r]));
		h = fmaxf(h, q->curvature[r]);
		low = fminf(low, q->curvature[r]);
	}
	q->top_g[slice] = g;
	q->top_h[slice] = h;
	q->low_h[slice] = low;
}

/* mix - bits out of a key and a row's number. */
static uint64_t mix(uint64_t key, uint64_t row)
{
	uint64_t x = (key + row) * 0x9e3779b97f4a7c15u;

	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

static void quantise_chunk(void *ctx, size_t chunk, int worker)
{
	struct quantise *q = ctx;

	(void)worker;
	for (size_t i = chunk * ROWS, end = min_size(q->n, i + ROWS); i < end; i++) {
		size_t r = q->g->row[i];
		uint64_t draw = mix(q->key, r);
		float up_g = (float)(draw >> 40) * 0x1p-24f, up_h = (float)(draw & 0xffffff) * 0x1p-24f;
		int32_t g = (int32_t)floorf(q->gradient[r] * q->unit_g + up_g), h = (int32_t)(q->curvature[r] * q->unit_h + up_h);
		g = g > q->most_g ? q->most_g : g < -q->most_g ? -q->most_g : g;
		h = h > q->most_h ? q->most_h : h;
		q->g->gh[r] = (int64_t)g * ((int64_t)1 << 32) + h;
	}
}

/* scale_of - what a unit is, where `most` of them are the largest; not so little that units in 1 were beyond a float. */
static double scale_of(float top, int32_t most)
{
	return top > 0 ? fmax((double)top / most, 1 / (double)FLT_MAX) : 1;
}

/* quantise - the sums of n rows stay within 31 bits and a sign, and within 32. Curvatures that are all the same are 1, so that they count. */
static void quantise(struct grow *g, size_t n, const float *gradient, const float *curvature, uint64_t number)
{
	struct quantise q = { .g = g, .gradient = gradient, .curvature = curvature, .n = n, .key = act_key(g->o.seed, number, 1) };
	float top_g = 0, top_h = 0, low_h = INFINITY;

	par_for(g->pool, SLICES, find_most, &q);
	for (int s = 0; s < SLICES; s++) {
		top_g = fmaxf(top_g, q.top_g[s]);
		top_h = fmaxf(top_h, q.top_h[s]);
		low_h = fminf(low_h, q.low_h[s]);
	}
	q.most_g = (int32_t)min_size(((1u << 31) - 1) / n, 1 << 20);
	q.most_h = low_h == top_h ? 1 : (int32_t)min_size(UINT32_MAX / n, 1 << 20);
	g->scale_g = scale_of(top_g, q.most_g);
	g->scale_h = scale_of(top_h, q.most_h);
	q.unit_g = (float)(1 / g->scale_g);
	q.unit_h = (float)(1 / g->scale_h);
	par_for(g->pool, (n + ROWS - 1) / ROWS, quantise_chunk, &q);
}

/* ---- histograms ---- */

static inline __attribute__((always_inline)) void count_eight(int64_t *restrict hist, const uint8_t *at, int64_t gh, const size_t width)
{
	uint64_t eight;

	memcpy(&eight, at, 8);
#pragma GCC unroll 8
	for (size_t f = 0; f < width; f++)
		hist[f * BINS_CODES + (eight >> 8 * f & 255)] += gh;
}

/* count_rows - add n rows to the `width` histograms of a block. rows NULL: the first n. ordered [n] their gradients. */
static inline __attribute__((always_inline)) void count_rows(int64_t *restrict hist, const uint8_t *code, const uint32_t *rows, const int64_t *ordered, size_t n, const size_t width)
{
	for (size_t i = 0; i < n; i++) {
		const uint8_t *at = code + (rows ? rows[i] : i) * BINS_BLOCK;
		int64_t gh = ordered[i];
		if (rows)
			__builtin_prefetch(code + (size_t)rows[i + AHEAD < n ? i + AHEAD : i] * BINS_BLOCK);
		count_eight(hist, at, gh, width < 8 ? width : 8);
		if (width > 8)
			count_eight(hist + 8 * BINS_CODES, at + 8, gh, width - 8);
	}
}

static void count_block(int64_t *hist, const uint8_t *code, const uint32_t *rows, const int64_t *ordered, size_t n, size_t width)
{
	memset(hist, 0, BINS_BLOCK * BINS_CODES * sizeof *hist);
	if (width > 12)
		count_rows(hist, code, rows, ordered, n, 16);
	else if (width > 8)
		count_rows(hist, code, rows, ordered, n, 12);
	else if (width > 4)
		count_rows(hist, code, rows, ordered, n, 8);
	else
		count_rows(hist, code, rows, ordered, n, 4);
}

/* ---- the best split of a leaf ---- */

struct side { double g, h; };

static double score_of(double g, double h, double l2)
{
	return h + l2 > 0 ? g * g / (h + l2) : 0;
}

/* What one leaf asks of a split. */
struct ask {
	const struct grow *g;
	const struct grow_leaf *leaf;
	double G, H, least_h, base;	/* sums; of a side at least; what the leaf scores as it is */
};

static struct ask ask_of(const struct grow *g, const struct grow_leaf *leaf)
{
	struct ask a = { g, leaf, (double)sum_g(leaf->sum) * g->scale_g, (double)sum_h(leaf->sum) * g->scale_h, g->o.min_hessian, 0 };

	a.least_h = fmax(a.least_h, g->o.min_rows * a.H / (double)(leaf->end - leaf->begin));
	a.least_h = fmax(a.least_h, g->scale_h / 2);	/* no side without curvature */
	a.base = score_of(a.G, a.H, g->o.l2) + g->o.min_gain;
	return a;
}

/* gains - of left sides of which the sums are l[n]; -1 where a side is too small. */
static void gains(double *restrict gain, const double *restrict lg, const double *restrict lh, size_t n, double G, double H, double l2, double least_h)
{
	for (size_t i = 0; i < n; i++) {
		double rg = G - lg[i], rh = H - lh[i];
		double v = lg[i] * lg[i] / (lh[i] + l2) + rg * rg / (rh + l2);
		gain[i] = ((lh[i] >= least_h) & (rh >= least_h)) ? v : -1;
	}
}

/* hold_slope - -1 also where the left side would be more (rising), or less. */
static void hold_slope(double *gain, const double *lg, const double *lh, size_t n, const struct ask *a, int slope)
{
	double l2 = a->g->o.l2;

	for (size_t i = 0; i < n && slope; i++)
		if (slope * (lg[i] / (lh[i] + l2) - (a->G - lg[i]) / (a->H - lh[i] + l2)) < 0)
			gain[i] = -1;
}

static void keep_best(struct grow_split *best, const struct ask *a, const double *gain, size_t n, uint32_t place, bool missing_right, const int64_t *left)
{
	for (size_t i = 0; i < n; i++)
		if (gain[i] - a->base > best->gain)
			*best = (struct grow_split){ .gain = gain[i] - a->base, .place = place, .code = (uint8_t)i, .missing_right = missing_right, .left = left[i] };
}

/* try_numbers - all cuts of a feature, with what is missing on the right, and on the left. */
static void try_numbers(struct grow_split *best, const struct ask *a, const int64_t *hist, uint32_t place)
{
	const struct bins *b = a->g->b;
	size_t c = b->feature[place], n_cuts = b->cut_start[c + 1] - b->cut_start[c];
	int slope = a->g->o.slope ? a->g->o.slope[c] : 0;
	double lg[BINS_CODES], lh[BINS_CODES], gain[BINS_CODES];
	int64_t left[BINS_CODES], sum = 0, missing = hist[BINS_MISSING];

	if (!n_cuts)
		return;
	for (size_t i = 0; i < n_cuts; i++) {
		left[i] = sum += hist[i];
		lg[i] = (double)sum_g(sum) * a->g->scale_g;
		lh[i] = (double)sum_h(sum) * a->g->scale_h;
	}
	gains(gain, lg, lh, n_cuts, a->G, a->H, a->g->o.l2, a->least_h);
	hold_slope(gain, lg, lh, n_cuts, a, slope);
	struct grow_split was = *best;
	keep_best(best, a, gain, n_cuts, place, true, left);
	if (!missing) {		/* none here: those that come go with the more */
		if (best->gain > was.gain)
			best->missing_right = sum_h(best->left) * 2 < sum_h(a->leaf->sum);
		return;
	}
	for (size_t i = 0; i < n_cuts; i++) {
		left[i] += missing;
		lg[i] = (double)sum_g(left[i]) * a->g->scale_g;
		lh[i] = (double)sum_h(left[i]) * a->g->scale_h;
	}
	gains(gain, lg, lh, n_cuts, a->G, a->H, a->g->o.l2, a->least_h);
	hold_slope(gain, lg, lh, n_cuts, a, slope);
	keep_best(best, a, gain, n_cuts, place, false, left);
}

/* try_words - sets of words: those that stand before a cut of their order by mean gradient. Words that are not here go with the more. */
static void try_words(struct grow_split *best, const struct ask *a, const int64_t *hist, uint32_t place)
{
	uint8_t order[BINS_CODES];
	double mean[BINS_CODES], lg[BINS_CODES], lh[BINS_CODES], gain[BINS_CODES];
	double smooth = a->H * WORD_ROWS / (double)(a->leaf->end - a->leaf->begin), l2 = a->g->o.l2 + smooth;
	int64_t left[BINS_CODES], sum = 0;
	size_t n = 0;

	for (size_t w = 0; w < BINS_CODES; w++) {
		if (!hist[w])
			continue;
		size_t at = n++;
		double m = (double)sum_g(hist[w]) * a->g->scale_g / ((double)sum_h(hist[w]) * a->g->scale_h + smooth);
		for (; at && mean[at - 1] > m; at--) {
			mean[at] = mean[at - 1];
			order[at] = order[at - 1];
		}
		mean[at] = m;
		order[at] = (uint8_t)w;
	}
	if (n < 2)
		return;
	for (size_t i = 0; i + 1 < n; i++) {
		left[i] = sum += hist[order[i]];
		lg[i] = (double)sum_g(sum) * a->g->scale_g;
		lh[i] = (double)sum_h(sum) * a->g->scale_h;
	}
	gains(gain, lg, lh, n - 1, a->G, a->H, l2, a->least_h);
	struct ask smoothed = *a;
	struct grow_split was = *best;
	smoothed.base = score_of(a->G, a->H, l2) + a->g->o.min_gain;
	keep_best(best, &smoothed, gain, n - 1, place, false, left);
	if (!(best->gain > was.gain))
		return;
	bool others_left = sum_h(best->left) * 2 >= sum_h(a->leaf->sum);
	memset(best->set, others_left ? 255 : 0, sizeof best->set);
	for (size_t i = 0; i < n; i++) {
		uint8_t bit = (uint8_t)(1 << order[i] % 8), *at = &best->set[order[i] / 8];
		*at = (uint8_t)(i <= best->code ? *at | bit : *at & ~bit);
	}
	best->is_set = true;
	best->code = 0;
}

static void best_of_block(struct grow_split *best, const struct grow *g, const struct grow_leaf *leaf, const int64_t *hist, size_t block)
{
	struct ask a = ask_of(g, leaf);

	*best = (struct grow_split){ 0 };
	for (size_t p = block * BINS_BLOCK; p < min_size(g->b->n, (block + 1) * BINS_BLOCK); p++) {
		const int64_t *h = hist + p * BINS_CODES;
		if (!g->is_used[p])
			continue;
		if (g->b->word_code[g->b->feature[p]])
			try_words(best, &a, h, (uint32_t)p);
		else
			try_numbers(best, &a, h, (uint32_t)p);
	}
}

/* may_split - is it worth a look? */
static bool may_split(const struct grow *g, const struct grow_leaf *leaf)
{
	return leaf->depth < g->o.depth && (double)(leaf->end - leaf->begin) >= 2 * g->o.min_rows && leaf->end - leaf->begin >= 2 &&
	       (double)sum_h(leaf->sum) * g->scale_h >= 2 * g->o.min_hessian && sum_h(leaf->sum) > 1;
}

struct look {
	struct grow *g;
	size_t small, large;		/* leaves; large == small: the root */
	size_t small_at, large_at;	/* whose histogram lies where */
	bool all_rows;			/* the rows are the first ones */
	bool wants[2];
};

/* look_block - count the small leaf, take it from the other, and find the best splits of both, for the features of a block. */
static void look_block(void *ctx, size_t block, int worker)
{
	const struct look *k = ctx;
	const struct grow *g = k->g;
	const struct grow_leaf *small = &g->leaf[k->small];
	size_t at = block * BINS_BLOCK * BINS_CODES;
	int64_t *hist = g->hist + k->small_at * hist_size(g), *other = g->hist + k->large_at * hist_size(g);

	(void)worker;
	count_block(hist + at, g->c->code + block * g->c->n * BINS_BLOCK, k->all_rows ? NULL : g->row + small->begin, g->ordered + small->begin, small->end - small->begin,
		    min_size(BINS_BLOCK, g->b->n - block * BINS_BLOCK));
	if (k->large != k->small)
		for (size_t i = 0; i < BINS_BLOCK * BINS_CODES; i++)
			other[at + i] -= hist[at + i];
	g->found[2 * block] = g->found[2 * block + 1] = (struct grow_split){ 0 };
	if (k->wants[0])
		best_of_block(&g->found[2 * block], g, small, hist, block);
	if (k->wants[1])
		best_of_block(&g->found[2 * block + 1], g, &g->leaf[k->large], other, block);
}

/* look - best splits of two new leaves, or of the root. The histogram of the parent lies where leaf `parent` has its own. */
static void look(struct grow *g, size_t small, size_t large, size_t parent, size_t fresh, bool all_rows)
{
	struct look k = { g, small, large, fresh, parent, all_rows, { may_split(g, &g->leaf[small]), small != large && may_split(g, &g->leaf[large]) } };

	g->leaf[small].best = g->leaf[large].best = (struct grow_split){ 0 };
	if (!k.wants[0] && !k.wants[1])
		return;
	par_for(g->pool, g->b->n_blocks, look_block, &k);
	for (size_t b = 0; b < g->b->n_blocks; b++) {
		if (g->found[2 * b].gain > g->leaf[small].best.gain)
			g->leaf[small].best = g->found[2 * b];
		if (small != large && g->found[2 * b + 1].gain > g->leaf[large].best.gain)
			g->leaf[large].best = g->found[2 * b + 1];
	}
}

/* ---- rows to their sides ---- */

struct part {
	struct grow *g;
	const uint8_t *code;		/* of row 0 */
	uint8_t right[BINS_CODES];	/* by code: 1 */
	size_t begin, end, n_left;
	uint32_t *before;		/* left ones before each chunk */
	size_t from, to;		/* rows whose gradients are wanted in order */
};

static void part_chunk(void *ctx, size_t chunk, int worker)
{
	struct part *p = ctx;
	struct grow *g = p->g;
	size_t i = p->begin + chunk * ROWS, end = min_size(p->end, i + ROWS), nl = 0, nr = 0;
	uint32_t *left = g->left + i, *right = g->right + i;

	(void)worker;
	for (; i < end; i++) {
		uint32_t r = g->row[i];
		uint8_t to = p->right[p->code[(size_t)r * BINS_BLOCK]];
		__builtin_prefetch(p->code + (size_t)g->row[i + AHEAD < end ? i + AHEAD : i] * BINS_BLOCK);
		left[nl] = right[nr] = r;
		nl += !to;
		nr += to;
	}
	p->before[chunk] = (uint32_t)nl;
}

static void join_chunk(void *ctx, size_t chunk, int worker)
{
	struct part *p = ctx;
	struct grow *g = p->g;
	size_t i = p->begin + chunk * ROWS, n = min_size(p->end - i, ROWS);
	size_t left = p->before[chunk], nl = (chunk + 1 < (p->end - p->begin + ROWS - 1) / ROWS ? p->before[chunk + 1] : p->n_left) - left;
	size_t to[2] = { p->begin + left, p->begin + p->n_left + (i - p->begin - left) };

	(void)worker;
	memcpy(g->row + to[0], g->left + i, nl * sizeof *g->row);
	memcpy(g->row + to[1], g->right + i, (n - nl) * sizeof *g->row);
	for (int s = 0; s < 2; s++) {
		size_t k = to[s], end = k + (s ? n - nl : nl);
		if (k >= p->from && end <= p->to)
			for (; k < end; k++)
				g->ordered[k] = g->gh[g->row[k]];
	}
}

/* sides - of each code. */
static void sides(uint8_t right[BINS_CODES], const struct grow_split *s)
{
	for (unsigned w = 0; w < BINS_CODES; w++)
		right[w] = s->is_set ? !(s->set[w / 8] >> w % 8 & 1) : w > s->code;
	if (!s->is_set)
		right[BINS_MISSING] = s->missing_right;
}

/* part - the rows of a leaf, those that go left first, each in their order; how many go left. The gradients of the fewer are put in order. */
static size_t part(struct grow *g, const struct grow_leaf *leaf)
{
	const struct grow_split *s = &leaf->best;
	struct part p = { .g = g, .begin = leaf->begin, .end = leaf->end, .before = g->n_left };
	size_t chunks = (leaf->end - leaf->begin + ROWS - 1) / ROWS;

	p.code = g->c->code + s->place / BINS_BLOCK * g->c->n * BINS_BLOCK + s->place % BINS_BLOCK;
	sides(p.right, s);
	par_for(g->pool, chunks, part_chunk, &p);
	for (size_t c = 0; c < chunks; c++) {
		uint32_t n = p.before[c];
		p.before[c] = (uint32_t)p.n_left;
		p.n_left += n;
	}
	bool left_is_small = p.n_left * 2 <= leaf->end - leaf->begin;
	p.from = left_is_small ? leaf->begin : leaf->begin + p.n_left;
	p.to = left_is_small ? leaf->begin + p.n_left : leaf->end;
	par_for(g->pool, chunks, join_chunk, &p);
	return p.n_left;
}

/* ---- a tree ---- */

/* draw_features - those this tree may ask: feature_share of them, one at least. */
static void draw_features(struct grow *g, uint64_t number)
{
	size_t n = g->b->n, left = (size_t)((double)n * g->o.feature_share + 0.5);

	left = left ? left : 1;
	for (size_t p = 0; p < n; p++) {
		g->is_used[p] = left == n - p || mix(act_key(g->o.seed, number, 2), p) % (n - p) < left;
		left -= g->is_used[p];
	}
}

static double value_of(const struct grow *g, int64_t sum, const struct grow_leaf *within)
{
	double w = -(double)sum_g(sum) * g->scale_g / ((double)sum_h(sum) * g->scale_h + g->o.l2);

	return fmin(fmax(w, within->low), within->high);
}

/* part_range - where values of one side must not pass those of the other, their middle parts what either may become. */
static void part_range(const struct grow *g, const struct grow_leaf *whole, struct grow_leaf *left, struct grow_leaf *right)
{
	int slope = g->o.slope ? g->o.slope[g->b->feature[whole->best.place]] : 0;
	double middle = (value_of(g, left->sum, whole) + value_of(g, right->sum, whole)) / 2;

	left->low = right->low = whole->low;
	left->high = right->high = whole->high;
	if (slope)
		*(slope > 0 ? &left->high : &left->low) = *(slope > 0 ? &right->low : &right->high) = middle;
}

/* split - leaf l, whose right side becomes leaf `next` and whose question node next - 1. */
static void split(struct grow *g, struct grown *out, size_t l, size_t next)
{
	struct grow_leaf *left = &g->leaf[l], *right = &g->leaf[next], whole = *left;
	size_t node = next - 1, n = part(g, left);

	out->split[node] = left->best;
	out->node_rows[node] = (uint32_t)(left->end - left->begin);
	if (node)
		out->child[left->parent][left->side] = (uint16_t)node;
	*right = (struct grow_leaf){ left->begin + n, left->end, left->depth + 1, left->sum - left->best.left, { 0 }, (uint32_t)node, 1, 0, 0 };
	*left = (struct grow_leaf){ left->begin, left->begin + n, left->depth + 1, left->best.left, { 0 }, (uint32_t)node, 0, 0, 0 };
	part_range(g, &whole, left, right);
	out->n = next;
}

struct values { const struct grow *g; struct grown *out; const float *gradient, *curvature; };

static void value_of_leaf(void *ctx, size_t l, int worker)
{
	const struct values *v = ctx;
	const struct grow_leaf *leaf = &v->g->leaf[l];
	double G = 0, H = v->g->o.l2;

	(void)worker;
	for (size_t i = leaf->begin; i < leaf->end; i++) {
		G += (double)v->gradient[v->g->row[i]];
		H += (double)v->curvature[v->g->row[i]];
	}
	v->out->value[l] = H > 0 ? (float)(v->g->o.rate * fmin(fmax(-G / H, leaf->low), leaf->high)) : 0;
	v->out->leaf_rows[l] = (uint32_t)(leaf->end - leaf->begin);
}

void grow_tree(struct grow *g, struct grown *out, size_t n, const float *gradient, const float *curvature, uint64_t number)
{
	size_t leaves = 1, at[TREES_LEAVES_MAX] = { 0 };	/* whose histogram lies where */
	bool all_rows = n == g->c->n;

	quantise(g, n, gradient, curvature, number);
	draw_features(g, number);
	g->leaf[0] = (struct grow_leaf){ .end = n, .low = -INFINITY, .high = INFINITY };
	for (size_t i = 0; i < n; i++)
		g->leaf[0].sum += g->ordered[i] = g->gh[g->row[i]];
	out->n = 0;
	look(g, 0, 0, 0, 0, all_rows);
	while (leaves < g->o.leaves) {
		size_t l = 0;
		for (size_t k = 1; k < leaves; k++)
			if (g->leaf[k].best.gain > g->leaf[l].best.gain)
				l = k;
		if (!(g->leaf[l].best.gain > 0))
			break;
		split(g, out, l, leaves);
		size_t left = g->leaf[l].end - g->leaf[l].begin, right = g->leaf[leaves].end - g->leaf[leaves].begin;
		bool left_is_small = left <= right;
		size_t parent = at[l];
		at[left_is_small ? leaves : l] = parent;
		at[left_is_small ? l : leaves] = leaves;
		look(g, left_is_small ? l : leaves, left_is_small ? leaves : l, parent, leaves, false);
		leaves++;
	}
	for (size_t l = 0; l < leaves && leaves > 1; l++)
		out->child[g->leaf[l].parent][g->leaf[l].side] = (uint16_t)(leaves - 1 + l);
	struct values v = { g, out, gradient, curvature };
	par_for(g->pool, leaves, value_of_leaf, &v);
}

void grown_add(const struct grown *t, const struct coded *c, float *score, size_t first, size_t n)
{
	uint8_t right[TREES_LEAVES_MAX][BINS_CODES];
	const uint8_t *code[TREES_LEAVES_MAX];

	for (size_t v = 0; v < t->n; v++) {
		code[v] = c->code + t->split[v].place / BINS_BLOCK * c->n * BINS_BLOCK + t->split[v].place % BINS_BLOCK;
		sides(right[v], &t->split[v]);
	}
	for (size_t i = first; i < first + n; i++) {
		size_t at = 0;
		while (at < t->n)
			at = t->child[at][right[at][code[at][i * BINS_BLOCK]]];
		score[i] += t->value[at - t->n];
	}
}
