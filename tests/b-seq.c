/*
 * b-seq [path [FILE]]: a finished seq model (2 layers, 2 heads, hidden 2 d, 200 events looked at) and one listener, in process, one thread; TSV on stdout:
 *
 *	call  d  items  events  us
 *
 * seq_read reads so many events anew, seq_append one more behind so many of them, seq_scores scores all items. Microseconds of this thread's CPU time a call: the median of
 * RUNS runs, each of as many calls as take RUN_S seconds. With FILE a model of d 64 and 100,000 items is left there, for cold processes to open, and nothing is measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/model/seq.h"

enum { RUNS = 9, LENGTH = 200 };
static const double RUN_S = 0.05;

static struct err err;

static void check(bool is_good)
{
	if (!is_good) {
		fprintf(stderr, "b-seq: %s\n", err.msg);
		exit(3);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* make_model - as it begins to learn: what it says is nonsense, what it takes is not. */
static void make_model(struct buf *file, struct model *m, size_t d, size_t n_items)
{
	struct seq_opts o = { .dims = { .d = d, .layers = 2, .heads = 2, .hidden = 2 * d, .n = LENGTH, .n_kinds = 1, .features = SEQ_GAP | SEQ_HOUR }, .epochs = 1, .batch = 1, .stddev = 1,
			      .temperature = 1, .rate = 0.001, .seed = 1 };
	struct seqs s = { 0 };
	struct seqs_opts so = { .keep_weightless = true };
	struct seq_learn learn;
	struct weigh w;
	char id[16];

	struct seqs_make *make = seqs_begin(&s, &so);
	for (size_t i = 0; i < n_items; i++) {
		struct event ev = { .user = { "u", 1 }, .item = { id, (size_t)snprintf(id, sizeof id, "%zu", i) }, .time = (int64_t)i };
		seqs_add(make, &ev);
	}
	check(!seqs_end(make, &err));
	size_t *end = mem_try(1, sizeof *end, "ends", &err);
	*end = s.start[1];
	check(!seq_learn_init(&learn, &o, &s, NULL, end, NULL, &err));
	seq_keep(&learn, 0);
	weigh_init(&w);
	struct sink *out = sink_open_memory("model", file);
	check(out && !seq_save(&learn, false, out, &(struct seq_names){ .item = &s.item }, &w, NULL, &err) && !sink_close(out, &err) &&
	      !model_open_memory(m, "model", file->p, file->len, &err) && !model_vectors(m, MODEL_ITEMS, &err));
	weigh_release(&w);
	seq_learn_release(&learn);
	seqs_release(&s);
}

struct subject {
	struct seq seq;
	struct seq_reader reader;
	struct seq_past past;
	uint32_t what[LENGTH];
	uint8_t act[LENGTH];
	int64_t time[LENGTH];
	float *out, *scratch;
};

static void read_all(struct subject *s)
{
	seq_read(&s->seq, &s->reader, &s->past);
}

/* append - the state is put back to where it was, which costs nothing: what is behind its end is not looked at. */
static void append(struct subject *s)
{
	size_t n = s->past.n - 1;

	s->reader.state.n = n;
	seq_append(&s->seq, &s->reader, &(struct seq_past){ 1, s->what + n, s->act + n, s->time + n, NULL });
}

static void score(struct subject *s)
{
	seq_scores(&s->seq, &s->reader, s->out, s->scratch);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(const char *call, void (*fn)(struct subject *s), struct subject *s, size_t n_items)
{
	double run[RUNS];

	for (int k = 0; k < RUNS; k++) {
		double start = now(), took;
		size_t calls = 0;
		do {
			fn(s);
			calls++;
		} while ((took = now() - start) < RUN_S);
		run[k] = 1e6 * took / (double)calls;
	}
	qsort(run, RUNS, sizeof *run, by_value);
	printf("%s\t%zu\t%zu\t%zu\t%.1f\n", call, s->seq.dims.d, n_items, s->past.n, run[RUNS / 2]);
}

int main(int argc, char **argv)
{
	static const size_t dims[] = { 64, 128 }, items[] = { 3416, 54542 }, events[] = { 20, LENGTH };

	if (cpu_require(&err) < 0 || cpu_select(argc > 1 ? argv[1] : "auto", &err) < 0)
		check(false);
	if (argc > 2) {
		struct buf file = { 0 };
		struct model m;
		make_model(&file, &m, 64, 100000);
		struct sink *out = sink_open(argv[2], &err);
		check(out && !sink_write(out, file.p, file.len, &err) && !sink_close(out, &err));
		model_release(&m);
		buf_release(&file);
		return 0;
	}
	printf("call\td\titems\tevents\tus\n");
	for (int i = 0; i < 4; i++) {
		size_t d = dims[i / 2], n_items = items[i % 2];
		struct buf file = { 0 };
		struct model m;
		struct subject s = { .past = { 0 } };
		struct pcg32 r;
		make_model(&file, &m, d, n_items);
		check(!seq_open(&s.seq, &m, &err) && !seq_reader_init(&s.reader, &s.seq.dims, &err) && (s.out = mem_try(n_items, sizeof *s.out, "scores", &err)) &&
		      (s.scratch = mem_try(d, sizeof *s.scratch, "scratch", &err)));
		pcg32_seed(&r, 1, 1);
		for (size_t k = 0; k < LENGTH; k++) {
			s.what[k] = pcg32_bounded(&r, (uint32_t)n_items);
			s.time[k] = (int64_t)k * 200;
		}
		for (int k = 0; k < 2; k++) {
			s.past = (struct seq_past){ events[k], s.what, s.act, s.time, NULL };
			measure("seq_read", read_all, &s, n_items);
			measure("seq_append", append, &s, n_items);
		}
		measure("seq_scores", score, &s, n_items);
		mem_free(s.out);
		mem_free(s.scratch);
		seq_reader_release(&s.reader);
		seq_close(&s.seq);
		model_release(&m);
		buf_release(&file);
	}
	return 0;
}
