/* trees: gradients against their definitions, splits against all there are, scores on every CPU path against walking, reasons against Shapley's formula; files that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem-path.h"
#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/model/trees_learn.h"
#include "../lib/num/fmath.h"
#include "../lib/num/loss.h"

static const struct trees_opts plain = { .objective = TREES_RANK, .grow = { 15, 64, 0.2, 1, 0, 0, 1, 1, 1 }, .trees = 12, .bins = 255, .k = 10, .patience = 0, .row_share = 1 };

/* Rows in queries: numbers, one that is often missing, one that is always the same, a query's own, and words. */
static struct buf make_rows(size_t n, size_t per_query, enum trees_objective objective, uint64_t seed)
{
	struct buf b = { 0 };
	struct pcg32 r;

	pcg32_seed(&r, seed, 3);
	buf_puts(&b, "query\tuser\titem\tlabel\ta\tb\t@word\tsame\tq\tc\n");
	for (size_t i = 0; i < n; i++) {
		double a = (double)fm_normal(&r), c = pcg32_bounded(&r, 5), missing = (double)pcg32_f32(&r);
		unsigned w = pcg32_bounded(&r, 7);
		double s = a + (w < 3 ? 1.0 : -0.5) + (missing < 0.3 ? 0.7 : -0.2) * c * 0.5 + 0.5 * (double)fm_normal(&r);
		double label = objective == TREES_RANK ? (s < 0 ? 0 : s < 1 ? 1 : s < 2 ? 2 : 3) : objective == TREES_LOGISTIC ? s > 0.5 : s;
		buf_printf(&b, "q%zu\tu\ti%zu\t", i / per_query, i);
		buf_put_f64(&b, label);
		buf_printf(&b, "\t%.4f\t", a);
		if (missing >= 0.3)
			buf_printf(&b, "%.3f", missing);
		buf_puts(&b, "\t");
		if (w != 6)
			buf_printf(&b, "w%u", w);
		buf_printf(&b, "\t7\t%zu\t%g\n", i / per_query, c);
	}
	return b;
}

static void load(struct frame *f, const struct buf *b, const struct frame *like, enum trees_objective objective)
{
	struct err e = { 0 };
	const char *path = mem_path(b->p, b->len, MEM_MAPPED);
	struct frame_opts o = { .labels = trees_labels(objective, false) };

	if (frame_load(f, like, &path, 1, &o, NULL, NULL, NULL, NULL, &e))
		fail_msg("%s", e.msg);
}

struct save { const struct trees_learn *l; };

/* scores_of - trees_scores_in, in scratch of its own. */
static void scores_of(const struct trees *t, float *out, const float *x, size_t ld, size_t n)
{
	struct err e = { 0 };
	void *scratch = mem_try(trees_scratch(t), 1, "codes of rows", &e);

	trees_scores_in(t, out, x, ld, n, scratch);
	mem_free(scratch);
}

static void fill_model(struct sink *s, void *ctx)
{
	struct save *v = ctx;
	struct err e = { 0 };

	if (trees_learn_save(v->l, s, NULL, &e))
		fail_msg("%s", e.msg);
}

/* learn - a model out of rows, as a file; l stays. */
static struct buf learn(struct trees_learn *l, const struct buf *rows, const struct trees_opts *o, struct par *pool)
{
	struct frame f;
	struct err e = { 0 };
	struct save v = { l };
	int got;

	load(&f, rows, NULL, o->objective);
	if (trees_learn_init(l, &f, NULL, o, pool, &e))
		fail_msg("%s", e.msg);
	frame_release(&f);
	while ((got = trees_learn_next(l, &e)) == 1)
		;
	if (got)
		fail_msg("%s", e.msg);
	return mem_written(fill_model, &v);
}

static void open_model(struct trees *t, const struct buf *file)
{
	struct err e = { 0 };

	if (trees_open_memory(t, "model", file->p, file->len, &e))
		fail_msg("%s", e.msg);
}

/* rows_for - the values of f's rows as model t wants them. */
static float *rows_for(const struct trees *t, const struct frame *f)
{
	float *x = malloc(f->n * t->n_features * sizeof *x);

	for (size_t i = 0; i < f->n; i++) {
		float *to = x + i * t->n_features;
		frame_get(f, i, to, t->n_features);
		for (size_t c = 0; c < t->n_features; c++)
			if (trees_is_words(t, c) && !isnan(to[c]))
				to[c] = trees_word(t, c, f->words[c]->str[(size_t)to[c]]);
	}
	return x;
}

/* ---- gradients ---- */

static void lambdas_are_what_they_are_defined_to_be(void **state)
{
	enum { N = 37 };
	float s[N], gain[N], disc[N], g[N], h[N], t[3 * N];
	struct pcg32 r;

	(void)state;
	pcg32_seed(&r, 1, 1);
	for (int round = 0; round < 24; round++) {
		size_t n = round < 3 ? (size_t)round : 2 + pcg32_bounded(&r, N - 1), top = 1 + pcg32_bounded(&r, 40);
		bool is_normed = round & 1;
		double G[N] = { 0 }, H[N] = { 0 }, all = 0, at = 5;
		for (size_t i = 0; i < n; i++) {
			s[i] = (float)(at -= round == 4 ? 0 : (double)pcg32_f32(&r) * (round == 5 ? 60 : 1));
			gain[i] = (float)(pcg32_bounded(&r, 3) * 2);
			disc[i] = (float)(1 / log2((double)i + 2));
		}
		loss_lambda(g, h, s, gain, disc, n, top, 0.25f, is_normed, t);
		for (size_t i = 0; i < n && i < top; i++)
			for (size_t j = i + 1; j < n; j++) {
				size_t better = gain[i] > gain[j] ? i : j, worse = better == i ? j : i;
				double apart = (double)s[better] - (double)s[worse];
				double w = fabs((double)gain[i] - (double)gain[j]) * ((double)disc[i] - (double)disc[j]) * 0.25;
				if (is_normed && s[0] != s[n - 1])
					w /= 0.01 + fabs(apart);
				double p = 1 / (1 + exp(apart));
				G[better] -= w * p;
				G[worse] += w * p;
				H[better] += w * p * (1 - p);
				H[worse] += w * p * (1 - p);
				all += 2 * w * p;
			}
		for (size_t i = 0; i < n; i++) {
			double scale = is_normed && all > 0 ? log2(1 + all) / all : 1;
			assert_float_equal(g[i], G[i] * scale, 2e-5 * (1 + fabs(G[i])));
			assert_float_equal(h[i], H[i] * scale, 2e-5 * (1 + fabs(H[i])));
		}
	}
}

static double nll(double s, double y)
{
	return log(1 + exp(s)) - y * s;
}

static void the_logistic_gradient_is_a_difference(void **state)
{
	float s[] = { -4, -1, -0.1f, 0, 0.3f, 2, 5 }, y[] = { 0, 1, 0.25f, 1, 0, 1, 0.5f }, g[7], h[7];

	(void)state;
	loss_logistic(g, h, s, y, 7);
	for (int i = 0; i < 7; i++) {
		double d = 1e-4, at = (double)s[i], to = (double)y[i];
		assert_float_equal(g[i], (nll(at + d, to) - nll(at - d, to)) / (2 * d), 1e-5);
		assert_float_equal(h[i], (nll(at + d, to) - 2 * nll(at, to) + nll(at - d, to)) / (d * d), 1e-4);
	}
}

/* ---- bins ---- */

static void few_values_are_cut_between_and_many_evenly(void **state)
{
	struct frame f;
	struct bins b;
	struct coded c;
	struct buf text = { 0 };
	struct err e = { 0 };

	(void)state;
	buf_puts(&text, "query\tuser\titem\tlabel\tfew\tmany\tsparse\tnever\tonce\n");
	for (int i = 0; i < 4000; i++)	/* many: a value of a third of the rows; sparse: missing now and then; once: there once */
		buf_printf(&text, "q\tu\ti\t0\t%d\t%d\t%s\t\t%s\n", i % 3 * 2, i % 3 ? i : -5, i % 4 ? "1" : "", i == 7 ? "3" : "");
	load(&f, &text, NULL, TREES_RANK);
	assert_int_equal(bins_make(&b, &f, 16, NULL, &e), 0);
	assert_int_equal(b.cut_start[1], 2);
	assert_true(b.cut[0] == 1 && b.cut[1] == 3);
	size_t many = b.cut_start[2] - b.cut_start[1];
	assert_true(many >= 12 && many <= 15);
	assert_true(b.cut[2] >= -5 && b.cut[2] < 1);
	assert_int_equal(b.cut_start[3] - b.cut_start[2], 1);
	assert_true(b.cut[b.cut_start[2]] == FLT_MAX);
	assert_int_equal(b.cut_start[4], b.cut_start[3]);
	assert_int_equal(b.n, 4);	/* never is the same everywhere */
	assert_int_equal(coded_make(&c, &b, &f, NULL, 0, NULL, &e), 0);
	size_t in_bin[256] = { 0 };
	for (size_t i = 0; i < f.n; i++) {
		float x[5];
		frame_get(&f, i, x, 5);
		for (size_t p = 0; p < b.n; p++) {
			size_t feature = b.feature[p], want = 0;
			for (size_t k = b.cut_start[feature]; k < b.cut_start[feature + 1]; k++)
				want += x[feature] > b.cut[k];
			assert_int_equal(coded_at(&c, p, i), isnan(x[feature]) ? BINS_MISSING : want);
		}
		in_bin[coded_at(&c, 1, i)]++;
	}
	assert_true(in_bin[0] >= 1333 && in_bin[0] <= 1335);
	for (size_t k = 1; k <= many; k++)
		assert_true(in_bin[k] > 80 && in_bin[k] < 400);
	coded_release(&c);
	bins_release(&b);
	frame_release(&f);
	buf_release(&text);
}

/* ---- splits ---- */

static double part_gain(double g, double h, double l2)
{
	return g * g / (h + l2);
}

/* gain_of - of the sides that right[] makes of n rows. */
static double gain_of(const float *g, const float *h, const bool *right, size_t n, double l2, double least)
{
	double G[2] = { 0 }, H[2] = { 0 };

	for (size_t i = 0; i < n; i++) {
		G[right[i]] += (double)g[i];
		H[right[i]] += (double)h[i];
	}
	if (H[0] < least || H[1] < least)
		return 0;
	return part_gain(G[0], H[0], l2) + part_gain(G[1], H[1], l2) - part_gain(G[0] + G[1], H[0] + H[1], l2);
}

static void the_first_split_is_the_best_of_all(void **state)
{
	enum { N = 210 };
	struct trees_opts o = plain;
	float g[N], h[N], x[6];
	struct pcg32 r;

	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct buf rows = make_rows(N, 30, TREES_RANK, seed);
		struct frame f;
		struct bins b;
		struct coded c;
		struct grow grow;
		struct grown t;
		struct err e = { 0 };
		bool right[N];
		double best = 0;
		pcg32_seed(&r, seed, 9);
		load(&f, &rows, NULL, TREES_RANK);
		assert_int_equal(bins_make(&b, &f, 255, NULL, &e), 0);
		assert_int_equal(coded_make(&c, &b, &f, NULL, 0, NULL, &e), 0);
		for (size_t i = 0; i < N; i++) {
			frame_get(&f, i, x, 6);
			bool steps = seed % 4 == 0 ? x[2] == 1 || x[2] == 4 : seed % 4 == 1 ? isnan(x[1]) : seed % 4 == 2 ? x[0] > 0.7f : x[1] > 0.6f || isnan(x[1]);
			g[i] = (steps ? 2.0f : -1.0f) + fm_normal(&r);
			h[i] = 0.5f + (seed % 2 ? 0 : pcg32_f32(&r));
		}
		o.grow.leaves = 2;
		o.grow.min_rows = 0;
		o.grow.min_hessian = 3;
		assert_int_equal(grow_init(&grow, &b, &c, &o.grow, NULL, &e), 0);
		for (size_t i = 0; i < N; i++)
			grow.row[i] = (uint32_t)i;
		grow_tree(&grow, &t, N, g, h, 0);
		assert_int_equal(t.n, 1);
		for (size_t p = 0; p < b.n; p++) {		/* all cuts, missing on either side; words: by their numbers, one against all others */
			size_t nc = b.word_code[b.feature[p]] ? 8 : b.cut_start[b.feature[p] + 1] - b.cut_start[b.feature[p]];
			for (size_t k = 0; k < nc; k++)
				for (int side = 0; side < 2; side++) {
					for (size_t i = 0; i < N; i++) {
						uint8_t code = coded_at(&c, p, i);
						right[i] = nc == 8 && b.word_code[b.feature[p]] ? (code == k) == side : code == BINS_MISSING ? side : code > k;
					}
					double l2 = b.word_code[b.feature[p]] ? 1000 : o.grow.l2;	/* smoothed, and not to be held to this */
					best = fmax(best, gain_of(g, h, right, N, l2, 3));
				}
		}
		for (size_t i = 0; i < N; i++) {
			uint8_t code = coded_at(&c, t.split[0].place, i);
			right[i] = t.split[0].is_set ? !(t.split[0].set[code / 8] >> code % 8 & 1) : code == BINS_MISSING ? t.split[0].missing_right : code > t.split[0].code;
		}
		double smooth = 0;
		for (size_t i = 0; i < N; i++)
			smooth += (double)h[i] * 10 / N;
		double got = gain_of(g, h, right, N, o.grow.l2 + (t.split[0].is_set ? smooth : 0), 3);
		assert_true(got >= best * (1 - 1e-3));
		assert_float_equal(t.split[0].gain, got, 1e-3 * got);
		if (seed % 4 == 0)
			assert_true(t.split[0].is_set);
		for (int side = 0; side < 2; side++) {		/* values of leaves are exact */
			double G = 0, H = o.grow.l2;
			size_t rows_of = 0;
			for (size_t i = 0; i < N; i++)
				if (right[i] == side) {
					G += (double)g[i];
					H += (double)h[i];
					rows_of++;
				}
			size_t leaf = t.child[0][side] - t.n;
			assert_int_equal(t.leaf_rows[leaf], rows_of);
			assert_float_equal(t.value[leaf], -o.grow.rate * G / H, 1e-6 * fabs(G / H));
		}
		grow_release(&grow);
		coded_release(&c);
		bins_release(&b);
		frame_release(&f);
		buf_release(&rows);
	}
}

static void sets_of_words_are_the_best_of_all_subsets(void **state)
{
	struct buf text = { 0 };
	struct frame f;
	struct bins b;
	struct coded c;
	struct grow grow;
	struct grown t;
	struct err e = { 0 };
	struct trees_opts o = plain;
	float g[160], h[160];
	bool right[160];
	struct pcg32 r;
	double best = 0;

	(void)state;
	pcg32_seed(&r, 5, 5);
	buf_puts(&text, "query\tuser\titem\tlabel\t@w\n");
	for (int i = 0; i < 160; i++) {		/* as many rows of each word: then the order by mean has the best set */
		buf_printf(&text, "q\tu\ti\t0\t%.1s\n", &"abcdefg"[i % 8]);
		g[i] = fm_normal(&r) + (float)(i % 8 * 5 % 8);
		h[i] = 1;
	}
	load(&f, &text, NULL, TREES_RANK);
	o.grow.leaves = 2;
	o.grow.min_rows = 0;
	assert_true(!bins_make(&b, &f, 255, NULL, &e) && !coded_make(&c, &b, &f, NULL, 0, NULL, &e) && !grow_init(&grow, &b, &c, &o.grow, NULL, &e));
	assert_true(b.has_missing[0]);
	for (size_t i = 0; i < 160; i++)
		grow.row[i] = (uint32_t)i;
	grow_tree(&grow, &t, 160, g, h, 0);
	assert_true(t.n == 1 && t.split[0].is_set);
	for (int set = 1; set < 255; set++) {
		for (int i = 0; i < 160; i++)
			right[i] = set >> i % 8 & 1;
		best = fmax(best, gain_of(g, h, right, 160, 11, 1));
	}
	assert_float_equal(t.split[0].gain, best, 1e-4 * best);
	grow_release(&grow);
	coded_release(&c);
	bins_release(&b);
	frame_release(&f);
	buf_release(&text);
}

/* ---- scores ---- */

static void scores_are_the_same_bits_however_they_are_found(void **state)
{
	static const char *const paths[] = { "plain", "avx2", "avx512" };
	struct err e = { 0 };

	(void)state;
	for (int k = 0; k < 4; k++) {
		struct trees_opts o = plain;
		struct buf rows = make_rows(900, 30, (enum trees_objective)(k % 3), 4);
		struct trees_learn l;
		struct trees t;
		struct frame f;
		o.objective = (enum trees_objective)(k % 3);
		o.grow.leaves = k == 3 ? 256 : 40;
		struct buf file = learn(&l, &rows, &o, NULL);
		open_model(&t, &file);
		assert_int_equal(t.n_trees, o.trees);
		assert_true(t.parts.n_sets > 0);
		load(&f, &rows, NULL, o.objective);
		float *x = rows_for(&t, &f), out[900];
		for (size_t i = 0; i < f.n; i += 7)	/* words and numbers that were not in training */
			x[i * t.n_features + 2 * (i % 2)] = i % 3 ? NAN : i % 5 ? 1e30f : -3.5f;
		for (size_t p = 0; p < 3; p++) {
			if (cpu_select(paths[p], &e)) {
				e = (struct err){ 0 };
				continue;
			}
			for (size_t n = 1; n <= f.n; n += n < 70 ? 23 : 415) {
				memset(out, 0xee, sizeof out);
				scores_of(&t, out, x + (f.n - n) * t.n_features, t.n_features, n);
				for (size_t i = 0; i < n; i++) {
					float want = trees_score_ref(&t, x + (f.n - n + i) * t.n_features);
					assert_memory_equal(&want, &out[i], 4);
				}
			}
		}
		cpu_select("auto", &e);
		free(x);
		x = rows_for(&t, &f);		/* as in training */
		for (size_t i = 0; i < f.n; i++) {
			float got = trees_score_ref(&t, x + i * t.n_features);
			assert_memory_equal(&got, &l.rows.c.score[i], 4);
		}
		free(x);
		frame_release(&f);
		trees_release(&t);
		trees_learn_release(&l);
		buf_release(&file);
		buf_release(&rows);
	}
}

/* One feature is held to rise and one to fall, against what the rows say of the second. */
static void slopes_are_kept_everywhere(void **state)
{
	static const int8_t slope[6] = { 1, 0, 0, 0, 0, -1 };

	(void)state;
	for (int k = 0; k < 3; k++) {
		struct trees_opts o = plain;
		struct buf rows = make_rows(1500, 30, (enum trees_objective)k, 21);
		struct trees_learn l;
		struct trees t;
		struct frame f;
		struct pcg32 r;
		size_t moves = 0;
		o.objective = (enum trees_objective)k;
		o.trees = 30;
		o.grow.slope = slope;
		struct buf file = learn(&l, &rows, &o, NULL);
		open_model(&t, &file);
		load(&f, &rows, NULL, o.objective);
		float *x = rows_for(&t, &f);
		pcg32_seed(&r, 3, 3);
		for (size_t i = 0; i < f.n; i += 3) {
			float row[6];
			for (int c = 0; c < 6; c += 5) {
				memcpy(row, x + i * 6, sizeof row);
				float last = 0, at = -4;
				for (int step = 0; step < 60; step++, at += pcg32_f32(&r) * 0.3f) {
					row[c] = at;
					float s = trees_score_ref(&t, row);
					if (step)
						assert_true(c == 0 ? s >= last : s <= last);
					moves += step && s != last;
					last = s;
				}
			}
		}
		assert_true(moves > 100);
		free(x);
		frame_release(&f);
		trees_release(&t);
		trees_learn_release(&l);
		buf_release(&file);
		buf_release(&rows);
	}
}

static void learning_lowers_the_loss(void **state)
{
	(void)state;
	for (int k = 0; k < 3; k++) {
		struct trees_opts o = plain;
		struct buf rows = make_rows(1500, 30, (enum trees_objective)k, 6);
		struct trees_learn l;
		o.objective = (enum trees_objective)k;
		o.trees = 1;
		struct buf file = learn(&l, &rows, &o, NULL);
		double first = trees_learn_measure(&l);
		trees_learn_release(&l);
		buf_release(&file);
		o.trees = 40;
		file = learn(&l, &rows, &o, NULL);
		double last = trees_learn_measure(&l);
		assert_true(k == TREES_RANK ? last > first + 0.02 && last <= 1 : last < first * 0.85);
		trees_learn_release(&l);
		buf_release(&file);
		buf_release(&rows);
	}
}

static void threads_change_no_byte(void **state)
{
	struct buf rows = make_rows(20000, 40, TREES_RANK, 2), file[3];
	static const int threads[] = { 1, 2, 5 };
	struct trees_opts o = plain;
	struct err e = { 0 };

	(void)state;
	o.row_share = 0.8;
	o.grow.feature_share = 0.7;
	o.valid_share = 0.1;
	o.trees = 6;
	for (int i = 0; i < 3; i++) {
		struct par *pool = par_new(threads[i], &e);
		struct trees_learn l;
		file[i] = learn(&l, &rows, &o, pool);
		assert_true(l.held.c.n > 1000 && l.held.c.n < 3000 && l.held.c.n + l.rows.c.n == 20000);
		trees_learn_release(&l);
		par_free(pool);
	}
	for (int i = 1; i < 3; i++) {
		assert_int_equal(file[0].len, file[i].len);
		assert_memory_equal(file[0].p, file[i].p, file[0].len);
		buf_release(&file[i]);
	}
	buf_release(&file[0]);
	buf_release(&rows);
}

static void patience_keeps_the_best(void **state)
{
	struct buf rows = make_rows(600, 20, TREES_RANK, 8), others = make_rows(600, 20, TREES_RANK, 9);
	struct frame f, held;
	struct trees_learn l;
	struct trees t;
	struct trees_opts o = plain;
	struct err e = { 0 };
	double best = 0;
	size_t at = 0;

	(void)state;
	o.trees = 500;
	o.patience = 5;
	load(&f, &rows, NULL, TREES_RANK);
	load(&held, &others, &f, TREES_RANK);
	assert_int_equal(trees_learn_init(&l, &f, &held, &o, NULL, &e), 0);
	while (trees_learn_next(&l, &e) == 1)
		if (l.measure > best) {
			best = l.measure;
			at = l.n_trees;
		}
	assert_int_equal(l.n_best, at);
	assert_int_equal(l.n_trees, at + 5);
	struct save v = { &l };
	struct buf file = mem_written(fill_model, &v);
	open_model(&t, &file);
	assert_int_equal(t.n_trees, at);
	float *x = malloc(held.n * t.n_features * sizeof *x);
	for (size_t i = 0; i < held.n; i++) {		/* words of held rows are numbered as those of f */
		frame_get(&held, i, x + i * t.n_features, t.n_features);
		float *word = x + i * t.n_features + 2;
		*word = isnan(*word) ? NAN : trees_word(&t, 2, f.words[2]->str[(size_t)*word]);
	}
	o.patience = 0;		/* the scores of as many trees */
	o.trees = at;
	struct trees_learn again;
	assert_int_equal(trees_learn_init(&again, &f, &held, &o, NULL, &e), 0);
	while (trees_learn_next(&again, &e) == 1)
		;
	for (size_t i = 0; i < held.n; i++) {
		float got = trees_score_ref(&t, x + i * t.n_features);
		assert_memory_equal(&got, &again.held.c.score[i], 4);
	}
	free(x);
	trees_learn_release(&again);
	trees_learn_release(&l);
	trees_release(&t);
	frame_release(&f);
	frame_release(&held);
	buf_release(&file);
	buf_release(&rows);
	buf_release(&others);
}

static void rows_that_teach_nothing_make_no_trees(void **state)
{
	static const char *const text[] = {
		"query\tuser\titem\tlabel\ta\nq\tu\ti\t1\t3\n",							/* one row */
		"query\tuser\titem\tlabel\ta\nq\tu\ti\t1\t3\nq\tu\tj\t1\t4\nq\tu\tk\t1\t5\n",		/* labels all the same */
		"query\tuser\titem\tlabel\ta\t@w\nq\tu\ti\t1\t3\tx\nq\tu\tj\t0\t3\tx\n",			/* features all the same */
		"query\tuser\titem\tlabel\ta\nq\tu\ti\t1\t\nq\tu\tj\t0\t\n",				/* nothing there */
	};

	(void)state;
	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		for (int k = 0; k < 3; k++) {
			struct buf rows = { 0 };
			struct trees_learn l;
			struct trees t;
			struct trees_opts o = plain;
			float x[2] = { 1, NAN }, out;
			buf_puts(&rows, text[i]);
			o.objective = (enum trees_objective)k;
			struct buf file = learn(&l, &rows, &o, NULL);
			open_model(&t, &file);
			assert_int_equal(t.n_trees, 0);
			scores_of(&t, &out, x, 2, 1);
			assert_true(out == t.base && isfinite(out));
			double phi[3];
			void *scratch = mem_new(1, trees_explain_scratch(&t));
			trees_explain(&t, phi, x, scratch);
			assert_true(phi[0] == 0 && phi[t.n_features] == (double)t.base);
			mem_free(scratch);
			trees_release(&t);
			trees_learn_release(&l);
			buf_release(&file);
			buf_release(&rows);
		}
}

/* ---- reasons ---- */

/* expected - of what is below node v of tree k, when only the features of a set are known. */
static double expected(const struct trees *t, size_t k, size_t v, unsigned known, const float *x, size_t *sets)
{
	const struct trees_parts *p = &t->parts;
	size_t first = p->start[k], n = p->start[k + 1] - first;

	if (v >= n)
		return (double)p->value[first + k + v - n];
	size_t f = p->feature[first + v], s = 0;
	for (size_t i = 0; i < first + v; i++)
		s += trees_is_words(t, p->feature[i]);
	unsigned w = trees_is_words(t, f) && !isnan(x[f]) ? (unsigned)x[f] : 255;
	int right = trees_is_words(t, f) ? !(p->set[s * TREES_SET + w / 8] >> w % 8 & 1) : isnan(x[f]) ? p->missing[first + v] : x[f] > p->cut[p->cut_start[f] + p->test[first + v]];
	if (known >> f & 1)
		return expected(t, k, p->child[2 * (first + v) + (size_t)right], known, x, sets);
	double sum = 0;
	for (size_t side = 0; side < 2; side++) {
		size_t c = p->child[2 * (first + v) + side];
		double rows = c < n ? p->node_rows[first + c] : p->leaf_rows[first + k + c - n];
		sum += rows / p->node_rows[first + v] * expected(t, k, c, known, x, sets);
	}
	return sum;
}

static void reasons_are_shapleys_and_sum_to_the_score(void **state)
{
	struct buf rows = make_rows(400, 20, TREES_RANK, 12);
	struct trees_opts o = plain;
	struct trees_learn l;
	struct trees t;
	struct frame f;
	double phi[7], value[64];

	(void)state;
	o.grow.leaves = 12;
	o.trees = 5;
	struct buf file = learn(&l, &rows, &o, NULL);
	open_model(&t, &file);
	load(&f, &rows, NULL, TREES_RANK);
	float *x = rows_for(&t, &f);
	void *scratch = mem_new(1, trees_explain_scratch(&t));
	assert_int_equal(t.n_features, 6);
	for (size_t i = 0; i < f.n; i += 13) {
		const float *row = x + i * 6;
		double sum = 0;
		trees_explain(&t, phi, row, scratch);
		for (unsigned set = 0; set < 64; set++) {
			value[set] = (double)t.base;
			for (size_t k = 0; k < t.n_trees; k++)
				value[set] += expected(&t, k, 0, set, row, NULL);
		}
		static const double factorial[] = { 1, 1, 2, 6, 24, 120, 720 };
		for (size_t c = 0; c < 6; c++) {
			double want = 0;
			for (unsigned set = 0; set < 64; set++)
				if (!(set >> c & 1)) {
					int n = __builtin_popcount(set);
					want += factorial[n] * factorial[5 - n] / 720 * (value[set | 1u << c] - value[set]);
				}
			assert_float_equal(phi[c], want, 1e-9);
			sum += phi[c];
		}
		assert_float_equal(phi[6], value[0], 1e-9);
		assert_float_equal(sum + phi[6], trees_score_ref(&t, row), 1e-5);
	}
	mem_free(scratch);
	free(x);
	frame_release(&f);
	trees_release(&t);
	trees_learn_release(&l);
	buf_release(&file);
	buf_release(&rows);
}

/* ---- files ---- */

static void every_flipped_byte_is_seen(void **state)
{
	struct buf rows = make_rows(60, 20, TREES_RANK, 3);
	struct trees_opts o = plain;
	struct trees_learn l;

	(void)state;
	o.trees = 2;
	o.grow.leaves = 4;
	struct buf file = learn(&l, &rows, &o, NULL);
	for (size_t i = 0; i < file.len; i++) {
		struct trees t;
		struct err e = { 0 };
		file.p[i] = (char)(file.p[i] ^ (1 << i % 8));
		int got = trees_open_memory(&t, "flipped", file.p, file.len, &e);
		assert_true(got < 0 && *e.msg);
		file.p[i] = (char)(file.p[i] ^ (1 << i % 8));
	}
	for (size_t n = 0; n < file.len; n += 61) {
		struct trees t;
		struct err e = { 0 };
		assert_true(trees_open_memory(&t, "cut", file.p, n, &e) < 0);
	}
	trees_learn_release(&l);
	buf_release(&file);
	buf_release(&rows);
}

struct forged { const struct trees_parts *p; const struct vocab *names, *words; };

static void fill_forged(struct sink *s, void *ctx)
{
	struct forged *f = ctx;
	struct err e = { 0 };

	if (trees_save(f->p, f->names, f->words, NULL, s, NULL, &e))
		fail_msg("%s", e.msg);
}

static void forged_files_are_refused(void **state)
{
	/* Two trees: 0 -> (1 -> (l0, l1), l2) over a and @w; and a leaf. */
	const double gain[] = { 1, 1 };
	static const uint32_t cut_start[] = { 0, 2, 2 }, word_start[] = { 0, 0, 1 }, start[] = { 0, 2, 2 }, feature[] = { 0, 1 }, child[] = { 1, 4, 2, 3 }, node_rows[] = { 9, 5 },
			      leaf_rows[] = { 2, 3, 4, 9 };
	static const float cut[] = { 1, 2 }, value[] = { 0.5f, 1, 2, 3 };
	static const uint8_t test[] = { 1, 0 }, missing[] = { 1, 0 }, set[TREES_SET] = { 1 };
	const struct trees_parts good = { TREES_RANK, false, 0, 2, 2, 2, 4, 1, 1, gain, cut_start, word_start, start, feature, child, node_rows, leaf_rows, cut, value, test, missing, set };
	static const uint32_t loop[] = { 1, 4, 0, 3 }, itself[] = { 1, 4, 1, 3 }, twice[] = { 1, 4, 2, 4 }, beyond[] = { 1, 4, 2, 5 }, huge[] = { 1, 4, 2, 0xffffffff }, strange[] = { 0, 2 },
			      not_ascending[] = { 0, 3, 2 }, few_rows[] = { 9, 6 }, no_rows[] = { 0, 5, 4, 9 }, cut_back[] = { 0, 0, 2 }, word_back[] = { 0, 1, 1 };
	static const float nan_cut[] = { 1, NAN }, same_cut[] = { 2, 2 }, bad_value[] = { 0.5f, INFINITY, 2, 3 };
	static const uint8_t far_test[] = { 2, 0 }, word_test[] = { 1, 1 }, bad_side[] = { 2, 0 };
	const double bad_gain[] = { NAN, 1 };
	struct vocab names = { 0 }, words = { 0 }, few_names = { 0 };

	(void)state;
	vocab_add(&names, "a", 1);
	vocab_add(&names, "@w", 2);
	vocab_add(&few_names, "a", 1);
	vocab_add(&words, "1\tx", 3);
	for (int i = 0; i < 21; i++) {
		struct trees_parts p = good;
		struct forged f = { &p, &names, &words };
		struct trees t;
		struct err e = { 0 };
		switch (i) {
		case 1: p.child = loop; break;
		case 2: p.child = itself; break;
		case 3: p.child = twice; break;
		case 4: p.child = beyond; break;
		case 5: p.child = huge; break;
		case 6: p.feature = strange; break;
		case 7: p.start = not_ascending; break;
		case 8: p.node_rows = few_rows; break;
		case 9: p.leaf_rows = no_rows; break;
		case 10: p.cut = nan_cut; break;
		case 11: p.cut = same_cut; break;
		case 12: p.value = bad_value; break;
		case 13: p.test = far_test; break;
		case 14: p.test = word_test; break;
		case 15: p.missing = bad_side; break;
		case 16: p.gain = bad_gain; break;
		case 17: p.cut_start = cut_back; break;
		case 18: p.word_start = word_back; break;
		case 19: f.names = &few_names; break;
		case 20: p.n_sets = 0; break;
		}
		struct buf file = mem_written(fill_forged, &f);
		int got = trees_open_memory(&t, "forged", file.p, file.len, &e);
		if (i ? got != ERR_DATA || strncmp(e.msg, "forged: ", 8) : got)
			fail_msg("lie %d: %d %s", i, got, e.msg);
		if (!i) {
			float x[] = { 1.5f, 0, 3, NAN, NAN, NAN, 1, NAN }, out[4];
			scores_of(&t, out, x, 2, 4);
			assert_true(out[0] == 3.5f && out[1] == 5 && out[2] == 5 && out[3] == 4);
			assert_true(trees_word(&t, 1, (struct str){ "x", 1 }) == 0);
			assert_true(isnan(trees_word(&t, 1, (struct str){ "y", 1 })) && isnan(trees_word(&t, 0, (struct str){ "x", 1 })));
			assert_int_equal(trees_find(&t, (struct str){ "@w", 2 }), 1);
			assert_true(trees_find(&t, (struct str){ "w", 1 }) == SIZE_MAX);
		}
		trees_release(&t);
		buf_release(&file);
	}
	vocab_release(&names);
	vocab_release(&few_names);
	vocab_release(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lambdas_are_what_they_are_defined_to_be),
		cmocka_unit_test(the_logistic_gradient_is_a_difference),
		cmocka_unit_test(few_values_are_cut_between_and_many_evenly),
		cmocka_unit_test(the_first_split_is_the_best_of_all),
		cmocka_unit_test(sets_of_words_are_the_best_of_all_subsets),
		cmocka_unit_test(scores_are_the_same_bits_however_they_are_found),
		cmocka_unit_test(slopes_are_kept_everywhere),
		cmocka_unit_test(learning_lowers_the_loss),
		cmocka_unit_test(threads_change_no_byte),
		cmocka_unit_test(patience_keeps_the_best),
		cmocka_unit_test(rows_that_teach_nothing_make_no_trees),
		cmocka_unit_test(reasons_are_shapleys_and_sum_to_the_score),
		cmocka_unit_test(every_flipped_byte_is_seen),
		cmocka_unit_test(forged_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
