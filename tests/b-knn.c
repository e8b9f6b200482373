/*
 * b-knn - the graph index on vectors in files: b-knn SET METRIC BASE.fbin QUERY.fbin TRUTH.ibin INDEX [key=value...] with codes, degree, ef, alpha, entries, fill, t (threads that build), runs,
 * most (ef of the last point), clock=wall (else CPU time of the thread), anew=1, tells=1 (rows looked at), parts=1.
 * Builds INDEX where it is not there, then searches all queries by one thread for a range of ef; each point the median of the runs. Rows out (TSV): set, metric, method, parameters, recall@10,
 * queries a second, bytes of graph and codes, resident bytes, seconds of building. With parts=1 instead: the tail of single queries, and filters. scripts/bench-knn calls it.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/index/ann.h"
#include "../lib/num/num.h"
#include "../lib/base/rng.h"
#include "../lib/base/mem.h"

enum { K = 10, RUNS_MAX = 99 };

struct bin { uint32_t n, d; const void *p; };

/* clock=cpu: of this thread alone, for a look on a busy machine. */
static clockid_t which_clock = CLOCK_MONOTONIC;

static double now(void)
{
	struct timespec t;

	clock_gettime(which_clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "b-knn: %s: %s\n", what, why);
	exit(3);
}

static struct bin open_bin(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		fail(path, "cannot be read");
	const uint32_t *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED || st.st_size < 8 || 8 + (uint64_t)p[0] * p[1] * 4 > (uint64_t)st.st_size)
		fail(path, "is no fbin or ibin");
	close(fd);
	return (struct bin){ p[0], p[1], p + 2 };
}

static const float *row(const void *ctx, size_t r)
{
	const struct bin *b = ctx;

	return (const float *)b->p + r * b->d;
}

static struct str id(const void *ctx, size_t r)
{
	static char text[24];

	(void)ctx;
	return (struct str){ text, (size_t)snprintf(text, sizeof text, "%zu", r) };
}

static double field(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	double v = 0;

	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			v = atof(line + strlen(name)) * 1024;
	if (f)
		fclose(f);
	return v;
}

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct {
	const char *set, *metric;
	struct bin base, query, truth;
	int runs;
	size_t most;
	const float *(*query_row)(const void *ctx, size_t r);
	char build[32];
	bool tells;
} o = { .runs = 5, .most = 800, .build = "-" };

static void sweep(const char *index, const char *label)
{
	static const size_t efs[] = { 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 800, 1200, 1600 };
	struct ann a;
	struct err e = { 0 };
	double t[RUNS_MAX], before = field("RssAnon:") + field("RssFile:");

	if (ann_open(&a, index, &e))
		fail(index, e.msg);
	double cold = now();
	struct ann_walk *w = ann_walk_new(&a, &e);
	struct topk_hit hit[K];
	size_t n, looked;
	if (ann_search(&a, w, row(&o.query, 0), &(struct ann_ask){ .k = K, .ef = 64, .least = -INFINITY }, hit, &n, NULL, &e))
		fail(index, e.msg);
	fprintf(stderr, "b-knn: %s %s: first answer %.2f ms after opening\n", o.set, label, (now() - cold) * 1e3);
	if (ann_check(&a, false, NULL, &e))
		fail(index, e.msg);
	struct str s = { 0 };
	uint32_t *real = mem_new(a.n, sizeof *real);
	for (size_t r = 0; r < a.n; r++)
		for (size_t i = ann_id(&a, r, &s) ? 0 : s.len; i < s.len; i++)
			real[r] = real[r] * 10 + (uint32_t)(s.p[i] - '0');
	for (size_t i = 0; i < sizeof efs / sizeof *efs && efs[i] <= o.most; i++) {
		uint64_t found = 0, total = 0;
		for (int run = -1; run < o.runs; run++) {	/* the first for its answers */
			double start = now();
			for (size_t q = 0; q < o.query.n; q++) {
				if (ann_search(&a, w, row(&o.query, q), &(struct ann_ask){ .k = K, .ef = efs[i], .least = -INFINITY }, hit, &n, &looked, &e))
					fail(index, e.msg);
				for (size_t j = 0; run < 0 && j < n; j++)
					for (size_t k = 0; k < K; k++)
						found += ((const uint32_t *)o.truth.p)[q * o.truth.d + k] == real[hit[j].row];
				total += run < 0 ? looked : 0;
			}
			if (run >= 0)
				t[run] = now() - start;
		}
		qsort(t, (size_t)o.runs, sizeof *t, cmp_double);
		double recall = (double)found / (double)o.query.n / K;
		printf("%s\t%s\ttaste\t%s ef=%zu\t%.5f\t%.1f\t%zu\t%.0f\t%s\n", o.set, o.metric, label, efs[i], recall, o.query.n / t[o.runs / 2],
		       a.n * (a.row_bytes + a.g.degree * a.g.width), field("RssAnon:") + field("RssFile:") - before, o.build);
		if (o.tells)
			fprintf(stderr, "b-knn: ef %zu: %llu rows looked at\n", efs[i], (unsigned long long)(total / o.query.n));
		fflush(stdout);
		if (recall > .9995)
			break;
	}
	mem_free(real);
	ann_walk_free(w);
	ann_close(&a);
}

/* ---- filters, tail ---- */

static float exact(const struct ann *a, const float *q, size_t r)
{
	const float *y = ann_vector(a, r);

	return a->metric == FLAT_L2 ? -num_l2sq(q, y, a->d) : a->metric == FLAT_IP ? num_dot(q, y, a->d) : num_dot(q, y, a->d) / (float)(num_norm(q, a->d) * num_norm(y, a->d));
}

/* filters - random subsets: recall and time, and the time of an exact scan of the subset, whose rows are known beforehand. */
static void filters(struct ann *a, struct ann_walk *w, size_t ef)
{
	static const double share[] = { .5, .1, .01, .001 };
	size_t n_q = o.query.n < 200 ? o.query.n : 200, d = a->d;
	uint64_t *set = mem_new(a->n / 64 + 1, sizeof *set);
	struct err e = { 0 };
	struct pcg32 rng;

	printf("%-8s %9s %10s %10s %10s %8s\n", "share", "rows", "recall@10", "us", "scan us", "ratio");
	for (size_t s = 0; s < 4; s++) {
		struct ann_ask ask = { .k = K, .ef = ef, .least = -INFINITY, .allowed = set };
		struct topk_hit hit[K], best[K];
		uint32_t *row = mem_new(a->n, sizeof *row);
		double ours = 0, scan = 0, start;
		size_t n, found = 0, wanted = 0;
		memset(set, 0, (a->n / 64 + 1) * sizeof *set);
		pcg32_seed(&rng, 7, s);
		for (uint32_t r = 0; r < a->n; r++)
			if (pcg32_f64(&rng) < share[s]) {
				set[r / 64] |= (uint64_t)1 << r % 64;
				row[ask.n_allowed++] = r;
			}
		float *score = mem_new(ask.n_allowed + 1, sizeof *score);
		ask.allowed_row = row;
		for (size_t q = 0; q < n_q; q++) {
			const float *x = o.query_row(&o.query, q);
			start = now();
			if (ann_search(a, w, x, &ask, hit, &n, NULL, &e))
				fail("filters", e.msg);
			ours += now() - start;
			struct topk t;
			topk_init(&t, best, K, NULL);
			start = now();
			if (a->metric == FLAT_L2)
				for (size_t i = 0; i < ask.n_allowed; i++)
					score[i] = -num_l2sq(x, a->v + row[i] * d, d);
			else
				num_dots_rows(score, x, a->v, d, row, ask.n_allowed, d);
			topk_push_many(&t, score, 0, ask.n_allowed);
			scan += now() - start;
			if (a->metric == FLAT_COSINE) {
				topk_init(&t, best, K, NULL);
				for (size_t i = 0; i < ask.n_allowed; i++)
					topk_push(&t, exact(a, x, row[i]), (uint32_t)i);
			}
			wanted += t.n;
			for (size_t i = 0; i < n; i++)
				for (size_t j = 0; j < t.n; j++)
					found += row[best[j].row] == hit[i].row;
		}
		printf("%-8g %9zu %10.4f %10.1f %10.1f %8.2f\n", share[s], ask.n_allowed, (double)found / (double)wanted, ours / (double)n_q * 1e6, scan / (double)n_q * 1e6, ours / scan);
		mem_free(row);
		mem_free(score);
	}
	mem_free(set);
}

/* tail - how long single queries take. */
static void tail(struct ann *a, struct ann_walk *w, size_t ef)
{
	double *t = mem_new((size_t)o.runs * o.query.n, sizeof *t);
	struct topk_hit hit[K];
	struct err e = { 0 };
	size_t n, k = 0;

	for (int run = 0; run < o.runs; run++)
		for (size_t q = 0; q < o.query.n; q++) {
			double start = now();
			if (ann_search(a, w, o.query_row(&o.query, q), &(struct ann_ask){ .k = K, .ef = ef, .least = -INFINITY }, hit, &n, NULL, &e))
				fail("tail", e.msg);
			t[k++] = now() - start;
		}
	qsort(t, k, sizeof *t, cmp_double);
	printf("ef %zu: a query takes %.1f us (median), %.1f (99 %%), %.1f (99.9 %%): 99 %% / median %.2f\n", ef, t[k / 2] * 1e6, t[k * 99 / 100] * 1e6, t[k * 999 / 1000] * 1e6,
	       t[k * 99 / 100] / t[k / 2]);
	mem_free(t);
}

static void parts(const char *index)
{
	struct err e = { 0 };
	struct ann a;
	bool is_reached;

	if (ann_open(&a, index, &e) || ann_check(&a, true, NULL, &e))
		fail(index, e.msg);
	struct ann_walk *w = ann_walk_new(&a, &e);
	tail(&a, w, ann_ef(&a, .95, K, &is_reached));
	filters(&a, w, ann_ef(&a, .97, K, &is_reached));
	ann_walk_free(w);
	ann_close(&a);
}

static const char *get(int argc, char **argv, const char *key, const char *other)
{
	for (int i = 7; i < argc; i++)
		if (!strncmp(argv[i], key, strlen(key)) && argv[i][strlen(key)] == '=')
			return argv[i] + strlen(key) + 1;
	return other;
}

int main(int argc, char **argv)
{
	static const char *const metrics[] = { "ip", "cosine", "l2" }, *const codes[] = { "f32", "i8", "i4" };
	struct err e = { 0 };

	if (argc < 7) {
		puts("b-knn: run by scripts/bench-knn");
		return 0;
	}
	o.set = argv[1];
	o.metric = argv[2];
	o.base = open_bin(argv[3]);
	o.query = open_bin(argv[4]);
	o.truth = open_bin(argv[5]);
	o.runs = atoi(get(argc, argv, "runs", "5"));
	o.most = (size_t)atoll(get(argc, argv, "most", "800"));
	const char *code = get(argc, argv, "codes", "i8");
	struct ann_opts a = { .graph = { .degree = (size_t)atoi(get(argc, argv, "degree", "32")), .ef = (size_t)atoi(get(argc, argv, "ef", "200")),
		.alpha = (float)atof(get(argc, argv, "alpha", "1.1")), .entries = (size_t)atoi(get(argc, argv, "entries", "64")), .seed = 1 } };
	for (int i = 0; i < 3; i++) {
		if (!strcmp(metrics[i], o.metric))
			a.metric = (enum flat_metric)i;
		if (!strcmp(codes[i], code))
			a.codes = (enum ann_codes)i;
	}
	a.graph.by_product = a.metric == FLAT_IP;
	a.graph.alpha = a.metric == FLAT_IP ? 1 : a.graph.alpha;
	a.graph.fill = (size_t)atoi(get(argc, argv, "fill", "0"));
	if (!a.graph.fill)
		a.graph.fill = a.graph.degree * 3 / 4;
	o.tells = atoi(get(argc, argv, "tells", "0")) != 0;
	if (access(argv[6], R_OK) || atoi(get(argc, argv, "anew", "0"))) {
		struct par *pool = par_new(atoi(get(argc, argv, "t", "2")), &e);
		struct sink *s = sink_open(argv[6], &e);
		double start = now();
		struct ann_rows rows = { .n = o.base.n, .d = o.base.d, .row = row, .id = id, .ctx = &o.base };
		if (!s || ann_make(s, &a, &rows, NULL, NULL, NULL, NULL, pool, &e) || sink_close(s, &e))
			fail(argv[6], e.msg);
		snprintf(o.build, sizeof o.build, "%.2f", now() - start);
		par_free(pool);
	}
	if (!strcmp(get(argc, argv, "clock", "cpu"), "cpu"))
		which_clock = CLOCK_THREAD_CPUTIME_ID;
	o.query_row = row;
	if (atoi(get(argc, argv, "parts", "0")))
		parts(argv[6]);
	else
		sweep(argv[6], code);
	return 0;
}
