/*
 * b-fold [path]: a listener folded into a finished model of 100,000 items, in process, one thread; TSV on stdout:
 *
 *	call  d  events  to  us
 *
 * als_fold gives the vector, als_explain what each event adds to each of `to` scores, graph_fold the place in a graph's space. Microseconds of this thread's
 * CPU time a call: the median of RUNS runs, each of as many calls as take RUN_S seconds, every call another of LISTENERS listeners, so that items come from memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/model/als.h"
#include "../lib/model/graph.h"

enum { RUNS = 9, ITEMS = 100000, LISTENERS = 2000, MOST = 1000, TO = 10 };
static const double RUN_S = 0.05;

static struct err err;

static void check(bool is_good)
{
	if (!is_good) {
		fprintf(stderr, "b-fold: %s\n", err.msg);
		exit(3);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* random_log - n different items for each listener, each a play or some. */
static struct csr random_log(size_t n)
{
	struct csr_entries t = { 0 };
	struct csr m;
	struct pcg32 r;

	pcg32_seed(&r, 1, n);
	for (uint32_t u = 0; u < LISTENERS; u++)
		for (uint32_t k = 0, at = 0; k < n; k++) {
			at += 1 + pcg32_bounded(&r, 2 * ITEMS / (uint32_t)n - 2);
			csr_entries_add(&t, u, at % ITEMS, (float)(1 + pcg32_bounded(&r, 9)));
		}
	check(!csr_from_pairs(&m, t.row, t.col, t.val, t.n, LISTENERS, ITEMS, &err));
	csr_entries_release(&t);
	return m;
}

static void make_model(struct model *m, const char *kind, size_t d)
{
	char path[] = "/tmp/b-fold.XXXXXX", id[16];
	struct vocab user = { 0 }, item = { 0 };
	struct csr R = random_log(50);
	struct weigh w;

	weigh_init(&w);
	for (int i = 0; i < ITEMS; i++)
		vocab_add(&item, id, (size_t)snprintf(id, sizeof id, "%d", i));
	for (int i = 0; i < LISTENERS; i++)
		vocab_add(&user, id, (size_t)snprintf(id, sizeof id, "%d", i));
	close(mkstemp(path));
	struct sink *out = sink_open(path, &err);
	check(out);
	if (*kind == 'a') {
		struct als_opts o = { .d = d, .lambda = 0.003, .nu = 1, .unobserved = 1, .damp = 0.3, .stddev = 0.1, .seed = 1 };
		struct als a;
		check(!als_init(&a, &R, &w, &o, NULL, &err) && !als_sweep(&a, ALS_ITEMS, NULL, &err) && !als_sweep(&a, ALS_USERS, NULL, &err) &&
		      !als_save(&a, out, &user, &item, &w, &(struct als_made){ .epochs = 1, .n_events = 1 }, NULL, &err));
		als_release(&a);
	} else {
		struct graph_opts o = { d, 0.3, 0.4, 0.1, 2, 1, 1 };
		struct graph g;
		check(!graph_make(&g, &R, &w, &o, NULL, &err) && !graph_save(&g, out, LISTENERS, &item, 1, NULL, &err));
		graph_release(&g);
	}
	check(!sink_close(out, &err) && !model_open(m, path, &err));
	unlink(path);
	vocab_release(&user);
	vocab_release(&item);
	weigh_release(&w);
}

struct subject { struct als_fold als; struct graph graph; float *x, *scratch, *part, rest[TO]; uint32_t to[TO]; const struct csr *log; };

static void fold_als(struct subject *s, const uint32_t *item, const float *r, size_t n)
{
	check(!als_fold(&s->als, s->x, item, r, n, s->scratch, &err));
}

static void explain_als(struct subject *s, const uint32_t *item, const float *r, size_t n)
{
	check(!als_explain(&s->als, s->part, s->rest, s->to, TO, item, r, n, s->scratch, &err));
}

static void fold_graph(struct subject *s, const uint32_t *item, const float *r, size_t n)
{
	graph_fold(&s->graph, s->x, item, r, n);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(const char *call, void (*fn)(struct subject *s, const uint32_t *item, const float *r, size_t n), struct subject *s, size_t d, size_t to)
{
	double run[RUNS];
	size_t u = 0;

	for (int k = 0; k < RUNS; k++) {
		double start = now(), took;
		size_t calls = 0;
		do {
			size_t at = s->log->start[u], n = s->log->start[u + 1] - at;
			fn(s, s->log->col + at, s->log->val + at, n);
			u = (u + 1) % LISTENERS;
			calls++;
		} while ((took = now() - start) < RUN_S);
		run[k] = 1e6 * took / (double)calls;
	}
	qsort(run, RUNS, sizeof *run, by_value);
	printf("%s\t%zu\t%zu\t%zu\t%.1f\n", call, d, s->log->start[1], to, run[RUNS / 2]);
}

int main(int argc, char **argv)
{
	static const size_t dims[] = { 64, 128, 256 }, events[] = { 20, 200, MOST };

	if (cpu_require(&err) < 0 || cpu_select(argc > 1 ? argv[1] : "auto", &err) < 0)
		check(false);
	printf("call\td\tevents\tto\tus\n");
	for (int i = 0; i < 3; i++) {
		size_t d = dims[i];
		struct model als, graph;
		struct subject s = { .to = { 0, 7, 99, 1000, 5555, 40000, 44444, 60000, 77777, ITEMS - 1 } };
		make_model(&als, "als", d);
		make_model(&graph, "graph", d);
		check(!als_fold_open(&s.als, &als, &err) && !graph_fold_open(&s.graph, &graph, &err));
		s.x = mem_new(d, sizeof *s.x);
		s.part = mem_new(TO * MOST, sizeof *s.part);
		check((s.scratch = mem_try(als_fold_scratch(&s.als, MOST) + als_explain_scratch(&s.als), sizeof *s.scratch, "scratch", &err)));
		for (int k = 0; k < 3; k++) {
			struct csr log = random_log(events[k]);
			s.log = &log;
			measure("als_fold", fold_als, &s, d, 0);
			measure("als_explain", explain_als, &s, d, TO);
			measure("graph_fold", fold_graph, &s, d, 0);
			csr_release(&log);
		}
		mem_free(s.x);
		mem_free(s.part);
		mem_free(s.scratch);
		als_fold_release(&s.als);
		graph_release(&s.graph);
		model_release(&als);
		model_release(&graph);
	}
	return 0;
}
