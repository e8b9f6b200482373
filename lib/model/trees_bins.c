#include "trees_bins.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"
#include "../num/forest.h"

enum { SAMPLE = 1 << 18, ROWS = 4096, GROUP = 16 };	/* rows that cuts are made from, at most; rows of a chunk of coding; features read together */

/* ---- cuts ---- */

/* of_key - the float of a bins_key. */
static float of_key(uint32_t k)
{
	float x;
	uint32_t u = k & 0x80000000u ? k & 0x7fffffffu : ~k;

	memcpy(&x, &u, 4);
	return x;
}

/* between - a float a <= m < b, halfway where there is one. */
static float between(float a, float b)
{
	float m = a / 2 + b / 2;

	return m >= a && m < b ? m : a;
}

struct values {			/* of one feature, ascending and distinct */
	float *value;
	uint32_t *count;
	size_t n, rows;
};

/* cut_values - to cut[], at most bins - 1; how many. Few values: between all. Else bins of about as many rows, and a value of as many by itself. */
static size_t cut_values(float *cut, const struct values *v, size_t bins)
{
	size_t n = 0, left_rows = 0, left_bins = bins, rows = 0;

	if (v->n <= bins) {
		for (size_t i = 0; i + 1 < v->n; i++)
			cut[n++] = between(v->value[i], v->value[i + 1]);
		return n;
	}
	double heavy = (double)v->rows / (double)bins;
	for (size_t i = 0; i < v->n; i++) {
		if (v->count[i] >= heavy)
			left_bins--;
		else
			left_rows += v->count[i];
	}
	double mean = (double)left_rows / (double)max_size(left_bins, 1);
	for (size_t i = 0; i + 1 < v->n && n + 1 < bins; i++) {
		bool is_heavy = v->count[i] >= heavy;
		rows += v->count[i];
		if (!is_heavy)
			left_rows -= v->count[i];
		if (!is_heavy && !(v->count[i + 1] >= heavy && (double)rows >= mean / 2) && (double)rows < mean)
			continue;
		cut[n++] = between(v->value[i], v->value[i + 1]);
		rows = 0;
		if (!is_heavy && left_bins > 1)
			mean = (double)left_rows / (double)--left_bins;
	}
	return n;
}

struct make {
	struct bins *b;
	const struct frame *f;
	size_t max_bins, n_sampled;
	uint32_t *sample;		/* rows; NULL: all */
	float *cuts;			/* [n_features x TREES_CUTS_MAX] */
	uint32_t *n_cuts;
	uint32_t **word_of;		/* [n_features] words by code */
	uint32_t *n_words;
	bool *is_constant;
	uint64_t **key;			/* [workers] 2 x n_sampled */
	uint32_t **count;		/* [workers] n_sampled */
	float **value;			/* [workers] GROUP x n_sampled */
};

/* sample_group - the drawn rows of up to GROUP features, which stand beside each other in memory, as columns. */
static void sample_group(const struct make *m, size_t first, size_t n, float *value)
{
	for (size_t i = 0; i < m->n_sampled; i++)
		for (size_t c = 0; c < n; c++)
			frame_column(m->f, first + c, value + c * m->n_sampled + i, m->sample ? m->sample[i] : i, 1);
}

/* find_missing - features that are missing somewhere, also in rows that are not drawn; by row, as they lie. */
static int find_missing(const struct frame *f, bool *has_missing, struct err *e)
{
	size_t n = f->name.n;
	float *x = mem_try(n, sizeof *x, "values of a row", e);

	if (!x)
		return ERR_MEM;
	for (size_t i = 0; i < f->n; i++) {
		frame_get(f, i, x, n);
		for (size_t c = 0; c < n; c++)
			has_missing[c] |= isnan(x[c]);
	}
	mem_free(x);
	return 0;
}

/* cut_numbers - feature c, whose drawn values these are; they are written over. */
static void cut_numbers(struct make *m, size_t c, float *value, int worker)
{
	uint64_t *key = m->key[worker];
	float *cut = m->cuts + c * TREES_CUTS_MAX;
	struct values v = { value, m->count[worker], 0, 0 };
	size_t k = 0;

	for (size_t i = 0; i < m->n_sampled; i++)
		if (!isnan(value[i]))
			key[k++] = bins_key(value[i]);
	sort_u64_in(key, NULL, key + m->n_sampled, NULL, k);
	for (size_t i = 0; i < k; i++) {
		if (!i || key[i] != key[i - 1]) {
			v.value[v.n] = of_key((uint32_t)key[i]);
			v.count[v.n++] = 0;
		}
		v.count[v.n - 1]++;
	}
	v.rows = k;
	bool missing = m->b->has_missing[c];
	size_t n_cuts = cut_values(cut, &v, min_size(m->max_bins, missing ? TREES_CUTS_MAX : TREES_CUTS_MAX + 1));
	if (missing && k)
		cut[n_cuts++] = FLT_MAX;
	m->n_cuts[c] = (uint32_t)n_cuts;
	m->is_constant[c] = !n_cuts;
}

/* By falling frequency, then by the word. */
static int by_frequency(const void *a, const void *b, void *ctx)
{
	const struct { const uint32_t *count; const struct vocab *words; } *by = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	if (by->count[i] != by->count[j])
		return by->count[i] > by->count[j] ? -1 : 1;
	return str_cmp(by->words->str[i], by->words->str[j]);
}

static int number_words(struct make *m, size_t c, struct err *e)
{
	const struct vocab *words = m->f->words[c];
	uint32_t *count = mem_try0(words->n, sizeof *count, "words of a feature", e), *order = mem_try(words->n, sizeof *order, "words of a feature", e);
	struct { const uint32_t *count; const struct vocab *words; } by = { count, words };
	float x[256];

	m->b->word_code[c] = mem_try(words->n, 1, "words of a feature", e);
	if (!count || !order || !m->b->word_code[c])
		goto out;
	for (size_t i = 0; i < m->f->n; i += 256) {
		size_t n = min_size(256, m->f->n - i);
		frame_column(m->f, c, x, i, n);
		for (size_t k = 0; k < n; k++)
			if (!isnan(x[k]))
				count[(uint32_t)x[k]]++;
	}
	for (size_t w = 0; w < words->n; w++)
		order[w] = (uint32_t)w;
	if (sort_stable(order, words->n, sizeof *order, by_frequency, &by, e))
		goto out;
	size_t n = min_size(words->n, TREES_WORDS_MAX);
	memset(m->b->word_code[c], BINS_MISSING, words->n);
	for (size_t w = 0; w < n; w++)
		m->b->word_code[c][order[w]] = (uint8_t)w;
	m->b->has_missing[c] |= n < words->n;
	m->n_words[c] = (uint32_t)n;
	m->is_constant[c] = n + m->b->has_missing[c] < 2;
	m->word_of[c] = order;
	order = NULL;
out:
	mem_free(count);
	mem_free(order);
	return e->code;
}

static void cut_group(void *ctx, size_t group, int worker)
{
	struct make *m = ctx;
	size_t first = group * GROUP, n = min_size(GROUP, m->f->name.n - first);

	sample_group(m, first, n, m->value[worker]);
	for (size_t c = 0; c < n; c++)
		if (!m->f->words[first + c])
			cut_numbers(m, first + c, m->value[worker] + c * m->n_sampled, worker);
}

/* draw_rows - evenly, one of each stretch. */
static int draw_rows(struct make *m, struct err *e)
{
	struct pcg32 r;

	m->n_sampled = min_size(m->f->n, SAMPLE);
	if (m->f->n <= SAMPLE)
		return 0;
	if (!(m->sample = mem_try(SAMPLE, sizeof *m->sample, "rows that are drawn", e)))
		return ERR_MEM;
	pcg32_seed(&r, 1, 0);
	for (size_t i = 0; i < SAMPLE; i++) {
		size_t from = i * m->f->n / SAMPLE, to = (i + 1) * m->f->n / SAMPLE;
		m->sample[i] = (uint32_t)(from + pcg32_bounded(&r, (uint32_t)(to - from)));
	}
	return 0;
}

/* pack - what was found of each feature into the arrays of a model. */
static int pack(struct make *m, struct err *e)
{
	struct bins *b = m->b;
	struct buf key = { 0 };
	size_t n_cuts = 0;

	for (size_t c = 0; c < b->n_features; c++)
		n_cuts += m->n_cuts[c];
	if (!(b->cut = mem_try(n_cuts, sizeof *b->cut, "cuts", e)))
		return ERR_MEM;
	n_cuts = 0;
	for (size_t c = 0; c < b->n_features; c++) {
		b->cut_start[c] = (uint32_t)n_cuts;
		b->word_start[c] = (uint32_t)b->words.n;
		memcpy(b->cut + n_cuts, m->cuts + c * TREES_CUTS_MAX, m->n_cuts[c] * sizeof *b->cut);
		n_cuts += m->n_cuts[c];
		for (size_t w = 0; w < m->n_words[c]; w++) {
			struct str s = m->f->words[c]->str[m->word_of[c][w]];
			buf_reset(&key);
			buf_put_u64(&key, c);
			buf_putc(&key, '\t');
			buf_put(&key, s.p, s.len);
			vocab_add(&b->words, key.p, key.len);
		}
		b->place[c] = FRAME_NONE;
		if (!m->is_constant[c]) {
			b->place[c] = (uint32_t)b->n;
			b->feature[b->n++] = (uint32_t)c;
		}
	}
	b->cut_start[b->n_features] = (uint32_t)n_cuts;
	b->word_start[b->n_features] = (uint32_t)b->words.n;
	b->n_blocks = (b->n + BINS_BLOCK - 1) / BINS_BLOCK;
	buf_release(&key);
	return 0;
}

int bins_make(struct bins *b, const struct frame *f, size_t max_bins, struct par *pool, struct err *e)
{
	size_t n = f->name.n, workers = (size_t)par_threads(pool);
	struct make m = { .b = b, .f = f, .max_bins = max_bins };

	*b = (struct bins){ .n_features = n };
	if (draw_rows(&m, e))
		return e->code;
	m.key = mem_new(workers, sizeof *m.key);
	m.count = mem_new(workers, sizeof *m.count);
	m.value = mem_new(workers, sizeof *m.value);
	m.word_of = mem_new(n, sizeof *m.word_of);
	b->word_code = mem_new(n, sizeof *b->word_code);
	for (size_t w = 0; w < workers && !e->code; w++)
		if ((m.key[w] = mem_try(2 * m.n_sampled, sizeof **m.key, "values of a feature", e)) && (m.count[w] = mem_try(m.n_sampled, sizeof **m.count, "values of a feature", e)))
			m.value[w] = mem_try(m.n_sampled, GROUP * sizeof **m.value, "values of features", e);
	if (!e->code && (m.cuts = mem_try(n, TREES_CUTS_MAX * sizeof *m.cuts, "cuts", e)) && (m.n_cuts = mem_try0(n, sizeof *m.n_cuts, "features", e)) &&
	    (m.n_words = mem_try0(n, sizeof *m.n_words, "features", e)) && (m.is_constant = mem_try0(n, sizeof *m.is_constant, "features", e)) &&
	    (b->has_missing = mem_try0(n, sizeof *b->has_missing, "features", e)) && (b->cut_start = mem_try0(n + 1, sizeof *b->cut_start, "features", e)) &&
	    (b->word_start = mem_try0(n + 1, sizeof *b->word_start, "features", e)) && (b->feature = mem_try(n, sizeof *b->feature, "features", e)) &&
	    (b->place = mem_try(n, sizeof *b->place, "features", e)) && !find_missing(f, b->has_missing, e)) {
		par_for(pool, (n + GROUP - 1) / GROUP, cut_group, &m);
		for (size_t c = 0; c < n && !e->code; c++)
			if (f->words[c])
				number_words(&m, c, e);
		if (!e->code)
			pack(&m, e);
	}
	for (size_t w = 0; w < workers; w++) {
		mem_free(m.key[w]);
		mem_free(m.count[w]);
		mem_free(m.value[w]);
	}
	for (size_t c = 0; c < n; c++)
		mem_free(m.word_of[c]);
	mem_free(m.key);
	mem_free(m.count);
	mem_free(m.value);
	mem_free(m.word_of);
	mem_free(m.sample);
	mem_free(m.cuts);
	mem_free(m.n_cuts);
	mem_free(m.n_words);
	mem_free(m.is_constant);
	if (e->code)
		bins_release(b);
	return e->code;
}

void bins_release(struct bins *b)
{
	for (size_t c = 0; c < b->n_features && b->word_code; c++)
		mem_free(b->word_code[c]);
	mem_free(b->word_code);
	vocab_release(&b->words);
	mem_free(b->cut_start);
	mem_free(b->cut);
	mem_free(b->word_start);
	mem_free(b->has_missing);
	mem_free(b->feature);
	mem_free(b->place);
	*b = (struct bins){ 0 };
}

/* ---- codes ---- */

struct coding {
	struct coded *c;
	const struct bins *b;
	const struct frame *f;
	const uint32_t *row;		/* [n] of the frame; NULL: the same */
	float *padded;			/* [b->n x BINS_CODES] cuts, infinity behind them */
};

/* code_rows - FOREST_ROWS rows of one feature. */
static void code_values(const struct coding *g, size_t place, const float *x, size_t n, uint8_t *out)
{
	size_t c = g->b->feature[place];

	if (g->b->word_code[c]) {
		for (size_t i = 0; i < n; i++)
			out[i * BINS_BLOCK] = isnan(x[i]) ? BINS_MISSING : g->b->word_code[c][(uint32_t)x[i]];
		return;
	}
	int8_t code[FOREST_ROWS];
	size_t steps = 1;
	while (steps <= g->b->cut_start[c + 1] - g->b->cut_start[c])
		steps *= 2;
	num_codes_of(code, x, n, g->padded + place * BINS_CODES, steps);
	for (size_t i = 0; i < n; i++)
		out[i * BINS_BLOCK] = isnan(x[i]) ? BINS_MISSING : (uint8_t)(code[i] + 128);
}

static void code_chunk(void *ctx, size_t chunk, int worker)
{
	const struct coding *g = ctx;
	struct coded *c = g->c;
	float x[FOREST_ROWS];

	(void)worker;
	for (size_t i = chunk * ROWS, end = min_size(c->n, i + ROWS); i < end; i += FOREST_ROWS) {
		size_t n = min_size(FOREST_ROWS, end - i);
		for (size_t p = 0; p < g->b->n_blocks * BINS_BLOCK; p++) {
			uint8_t *out = c->code + (p / BINS_BLOCK * c->n + i) * BINS_BLOCK + p % BINS_BLOCK;
			if (p >= g->b->n) {
				for (size_t k = 0; k < n; k++)
					out[k * BINS_BLOCK] = 0;
				continue;
			}
			if (!g->row)
				frame_column(g->f, g->b->feature[p], x, i, n);
			else
				for (size_t k = 0; k < n; k++)
					frame_column(g->f, g->b->feature[p], x + k, g->row[i + k], 1);
			code_values(g, p, x, n, out);
		}
	}
}

/* take_rows - labels and queries; row is filled where only some are taken. */
static void take_rows(struct coded *c, const struct frame *f, const uint32_t *query, uint32_t *row)
{
	size_t n = 0;

	for (size_t q = 0; q < c->n_queries; q++) {
		size_t from = f->start[query ? query[q] : q], to = f->start[(query ? query[q] : q) + 1];
		c->start[q] = n;
		c->longest = max_size(c->longest, to - from);
		for (size_t i = from; i < to; i++, n++) {
			c->label[n] = f->label[i];
			if (row)
				row[n] = (uint32_t)i;
		}
	}
	c->start[c->n_queries] = n;
}

int coded_make(struct coded *c, const struct bins *b, const struct frame *f, const uint32_t *query, size_t n_queries, struct par *pool, struct err *e)
{
	struct coding g = { .c = c, .b = b, .f = f };
	uint32_t *row = NULL;

	*c = (struct coded){ .n_queries = query ? n_queries : f->n_queries };
	for (size_t q = 0; query && q < n_queries; q++)
		c->n += f->start[query[q] + 1] - f->start[query[q]];
	if (!query)
		c->n = f->n;
	if (!(c->code = mem_try(c->n, max_size(b->n_blocks, 1) * BINS_BLOCK, "codes of rows", e)) || !(c->label = mem_try(c->n, sizeof *c->label, "labels of rows", e)) ||
	    !(c->score = mem_try0(c->n, sizeof *c->score, "scores of rows", e)) || !(c->start = mem_try(c->n_queries + 1, sizeof *c->start, "queries", e)) ||
	    !(g.padded = mem_try(b->n, BINS_CODES * sizeof *g.padded, "cuts", e)) || (query && !(row = mem_try(c->n, sizeof *row, "rows", e))))
		goto out;
	take_rows(c, f, query, row);
	g.row = row;
	for (size_t p = 0; p < b->n; p++)
		for (size_t i = 0, k = b->cut_start[b->feature[p]]; i < BINS_CODES; i++, k++)
			g.padded[p * BINS_CODES + i] = k < b->cut_start[b->feature[p] + 1] ? b->cut[k] : INFINITY;
	par_for(pool, (c->n + ROWS - 1) / ROWS, code_chunk, &g);
out:
	mem_free(g.padded);
	mem_free(row);
	if (e->code)
		coded_release(c);
	return e->code;
}

void coded_release(struct coded *c)
{
	mem_free(c->code);
	mem_free(c->label);
	mem_free(c->score);
	mem_free(c->start);
	*c = (struct coded){ 0 };
}
