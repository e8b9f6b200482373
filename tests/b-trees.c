/*
 * b-trees [MODEL ROWS.f32]: how fast a model of trees scores, in process, one thread; TSV on stdout:
 *
 *	path  rows  features  trees  leaves  ms
 *
 * path: of the CPU; walk, each row from root to leaf; reasons, trees_explain of each row. Milliseconds of this thread's CPU time: the median of RUNS runs. Without arguments the model is 300 trees of 63 leaves over
 * 60 features, learnt from noise here, and there are 500 rows; with them the rows are the file's, float32 row by row, all of them and the first 500.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/io/file.h"
#include "../lib/io/sink.h"
#include "../lib/model/trees_learn.h"
#include "../lib/num/fmath.h"

enum { RUNS = 15 };

static struct err err;

static void check(bool is_good)
{
	if (!is_good) {
		fprintf(stderr, "b-trees: %s\n", err.msg);
		exit(3);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* make_model - learnt from noise, so that its trees are as large as they may be. */
static void make_model(struct trees *t, struct buf *file)
{
	enum { ROWS = 6000, FEATURES = 60 };
	struct trees_opts o = { .objective = TREES_SQUARED, .grow = { 63, 64, 0.1, 1, 0, 0, 5, 1, 1 }, .trees = 300, .bins = 255, .k = 10, .row_share = 1 };
	struct frame f = { .n = ROWS, .n_queries = 1, .fill = NAN, .n_chunks = (ROWS + FRAME_CHUNK - 1) / FRAME_CHUNK };
	struct trees_learn l;
	struct pcg32 r;
	char name[8];

	pcg32_seed(&r, 1, 1);
	f.chunk = mem_new(f.n_chunks, sizeof *f.chunk);
	f.label = mem_try(ROWS, sizeof *f.label, "labels", &err);
	f.start = mem_try(2, sizeof *f.start, "queries", &err);
	f.words = mem_new(FEATURES, sizeof *f.words);
	f.start[0] = 0;
	f.start[1] = ROWS;
	for (int c = 0; c < FEATURES; c++)
		vocab_add(&f.name, name, (size_t)snprintf(name, sizeof name, "f%d", c));
	for (size_t k = 0; k < f.n_chunks; k++)
		f.chunk[k] = (struct frame_chunk){ mem_try((size_t)FRAME_CHUNK * FEATURES, sizeof(float), "rows", &err), FEATURES };
	for (size_t i = 0; i < ROWS; i++) {
		f.label[i] = fm_normal(&r);
		for (size_t c = 0; c < FEATURES; c++)
			f.chunk[i / FRAME_CHUNK].x[i % FRAME_CHUNK * FEATURES + c] = fm_normal(&r);
	}
	check(!trees_learn_init(&l, &f, NULL, &o, NULL, &err));
	while (trees_learn_next(&l, &err) == 1)
		;
	struct sink *s = sink_open_memory("model", file);
	check(!trees_learn_save(&l, s, NULL, &err) && !sink_close(s, &err) && !trees_open_memory(t, "model", file->p, file->len, &err));
	trees_learn_release(&l);
	frame_release(&f);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

enum how { SCORES, WALK, REASONS };

static void measure(const struct trees *t, const float *x, size_t n, const char *path, enum how how)
{
	float *out = mem_try(n, sizeof *out, "scores", &err);
	double *phi = mem_new(t->n_features + 1, sizeof *phi), ms[RUNS];
	void *scratch = mem_try(max_size(trees_explain_scratch(t), trees_scratch(t)), 1, "scores and reasons", &err);
	size_t some = how == REASONS && n > 50 ? 50 : n;

	check(out && scratch);
	for (int run = 0; run < RUNS; run++) {
		double start = now();
		if (how == SCORES)
			trees_scores_in(t, out, x, t->n_features, n, scratch);
		for (size_t i = 0; i < some && how == WALK; i++)
			out[i] = trees_score_ref(t, x + i * t->n_features);
		for (size_t i = 0; i < some && how == REASONS; i++)
			trees_explain(t, phi, x + i * t->n_features, scratch);
		ms[run] = 1e3 * (now() - start);
	}
	qsort(ms, RUNS, sizeof *ms, by_value);
	printf("%s\t%zu\t%zu\t%zu\t%zu\t%.4f\n", path, some, t->n_features, t->n_trees, t->n_leaves, ms[RUNS / 2]);
	mem_free(out);
	mem_free(phi);
	mem_free(scratch);
}

static float *read_rows(const char *path, size_t n_features, size_t *n)
{
	struct file *f = file_open(path, &err);
	check(f);
	size_t bytes = file_size(f);
	float *x = mem_try(bytes, 1, "rows", &err);

	check(x && file_read(f, x, bytes, &err) == (int64_t)bytes);
	file_close(f);
	*n = bytes / sizeof *x / n_features;
	return x;
}

int main(int argc, char **argv)
{
	static const char *const paths[] = { "plain", "avx2", "avx512" };
	struct buf file = { 0 };
	struct trees t;
	size_t n = 500;
	float *x;

	if (argc == 3) {
		check(!trees_open(&t, argv[1], &err));
		x = read_rows(argv[2], t.n_features, &n);
	} else {
		struct pcg32 r;
		make_model(&t, &file);
		pcg32_seed(&r, 2, 2);
		x = mem_try(n * t.n_features, sizeof *x, "rows", &err);
		check(x);
		for (size_t i = 0; i < n * t.n_features; i++)
			x[i] = fm_normal(&r);
	}
	printf("path\trows\tfeatures\ttrees\tleaves\tms\n");
	for (size_t p = 0; p < 3; p++) {
		if (cpu_select(paths[p], &err)) {
			err = (struct err){ 0 };
			continue;
		}
		if (n > 500)
			measure(&t, x, n, paths[p], SCORES);
		measure(&t, x, n < 500 ? n : 500, paths[p], SCORES);
	}
	measure(&t, x, n < 500 ? n : 500, "walk", WALK);
	measure(&t, x, n < 500 ? n : 500, "reasons", REASONS);
	trees_release(&t);
	buf_release(&file);
	mem_free(x);
	return 0;
}
