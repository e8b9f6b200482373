/*
 * b-event [FILE.taste]: how fast events are read, sorted and written. Rate TAB what on stdout, each the best of five: by CPU time on one thread, then the writer alone by the
 * wall clock, from events in memory, and look-ups in a dictionary. The file lies in the page cache. Without FILE: a million events of 6000 users and 4000 items, every
 * column filled, times ascending, 40 kinds of context. Sorting spills to TMPDIR when it is given less than 1 GiB. Then the bytes an event takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../lib/base/arena.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/data/evsort.h"
#include "../lib/data/inter.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void stop(const struct err *e)
{
	fprintf(stderr, "b-event: %s\n", e->msg);
	exit(4);
}

static uint64_t by_block(const char *path, struct err *e)
{
	struct eventr *r = eventr_open(path, false, e);
	struct event_block b;
	uint64_t n = 0, sum = 0;
	int got = -1;

	while (r && (got = eventr_block(r, &b, e)) == 1)
		for (size_t i = 0; i < b.n; i++, n++)
			sum += b.user[i] + b.item[i] + (uint64_t)b.time[i];
	if (got || sum == 1)
		stop(e);
	eventr_close(r);
	return n;
}

static uint64_t by_event(const char *path, struct err *e)
{
	struct eventr *r = eventr_open(path, false, e);
	struct event ev;
	uint64_t n = 0, sum = 0;
	int got = -1;

	while (r && (got = eventr_next(r, &ev, e)) == 1) {
		sum += ev.user.len + ev.item.len + (uint64_t)ev.time;
		n++;
	}
	if (got || sum == 1)
		stop(e);
	eventr_close(r);
	return n;
}

static uint64_t to_matrix(const char *path, struct err *e)
{
	struct inter m;
	struct inter_opts o = { 0 };

	if (inter_load(&m, &path, 1, &o, NULL, NULL, e))
		stop(e);
	uint64_t n = m.n_events;
	inter_release(&m);
	return n;
}

static uint64_t rewrite(const char *path, const char *to, enum event_format f, struct err *e)
{
	struct eventr *r = eventr_open(path, false, e);
	struct sink *s = sink_open(to, e);
	struct eventw *w = r && s ? eventw_new(s, f, e) : NULL;
	struct event ev;
	uint64_t n = 0;
	int got = -1;

	while (w && (got = eventr_next(r, &ev, e)) == 1 && !(got = eventw_write(w, &ev, e)))
		n++;
	if (got || eventw_finish(w, NULL, e) || sink_close(s, e))
		stop(e);
	eventw_free(w);
	eventr_close(r);
	return n;
}

/* sort - read, sort, look at every event. The log's times ascend already, so that by time it measures everything but the sorting. */
static uint64_t sort(const char *path, enum evsort_key key, size_t memory, struct err *e)
{
	struct eventr *r = eventr_open(path, false, e);
	struct evsort *s = r ? evsort_new(key, memory, e) : NULL;
	struct event ev;
	uint64_t n = 0, sum = 0;
	int got = -1;

	while (s && (got = eventr_next(r, &ev, e)) == 1 && !(got = evsort_add(s, &ev, e)))
		;
	if (!got)
		while ((got = evsort_next(s, &ev, e)) == 1) {
			sum += ev.user.len + (uint64_t)ev.time;
			n++;
		}
	if (got || sum == 1)
		stop(e);
	evsort_free(s);
	eventr_close(r);
	return n;
}

static void make_log(const char *path, struct err *e)
{
	static const char *const kind[] = { "play", "play", "play", "play", "play", "skip", "skip", "like" };
	struct sink *s = sink_open(path, e);
	struct eventw *w = s ? eventw_new(s, EVENT_BINARY, e) : NULL;
	struct pcg32 r;
	char u[16], i[16], c[32];

	pcg32_seed(&r, 1, 1);
	for (int n = 0; w && n < 1000000; n++) {
		uint32_t x = pcg32_bounded(&r, 4000);
		struct event ev = { .time = 1700000000 + n, .value = 1 + pcg32_bounded(&r, 300) };
		const char *k = kind[pcg32_bounded(&r, 8)];
		ev.user = (struct str){ u, (size_t)snprintf(u, sizeof u, "u%u", pcg32_bounded(&r, 6000)) };
		ev.item = (struct str){ i, (size_t)snprintf(i, sizeof i, "i%u", pcg32_bounded(&r, x + 1)) };
		ev.kind = (struct str){ k, 4 };
		ev.context = (struct str){ c, (size_t)snprintf(c, sizeof c, "device=d%u;hour=%u", pcg32_bounded(&r, 4), pcg32_bounded(&r, 10)) };
		if (eventw_write(w, &ev, e))
			stop(e);
	}
	if (!w || eventw_finish(w, NULL, e) || sink_close(s, e))
		stop(e);
	eventw_free(w);
}

/* ---- the writer alone ---- */

enum { EVENTS_MAX = 4000000, BATCH = 256 };
static struct event *ev;
static size_t n_ev;

static struct str keep(struct arena *a, struct str s)
{
	return (struct str){ arena_bytes(a, s.p, s.len), s.len };
}

static void load(const char *path, struct arena *a, struct err *e)
{
	struct eventr *r = eventr_open(path, false, e);
	size_t cap = 0;
	struct event x;
	int got = -1;

	while (r && n_ev < EVENTS_MAX && (got = eventr_next(r, &x, e)) == 1) {
		arr_reserve(ev, n_ev + 1, cap);
		ev[n_ev++] = (struct event){ keep(a, x.user), keep(a, x.item), x.time, keep(a, x.kind), x.value, keep(a, x.context) };
	}
	if (got < 0)
		stop(e);
	eventr_close(r);
}

static void write_all(enum event_format f, int threads, struct err *e)
{
	struct sink *s = sink_open("/dev/null", e);
	struct eventw *w = s ? eventw_new(s, f, e) : NULL;
	int r = !w;

	if (!r)
		eventw_threads(w, threads);
	for (size_t i = 0; i < n_ev && !r; i++)
		r = eventw_write(w, &ev[i], e);
	if (r || eventw_finish(w, NULL, e) || sink_close(s, e))
		stop(e);
	eventw_free(w);
}

static double wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void bench_writer(struct err *e)
{
	static const struct { enum event_format f; int threads; const char *what; } t[] = {
		{ EVENT_BINARY, 1, "write binary, one thread" }, { EVENT_BINARY, 2, "write binary, two threads" }, { EVENT_TSV, 1, "write TSV" },
	};

	for (size_t k = 0; k < sizeof t / sizeof *t; k++) {
		double best = 1e9;
		for (int i = 0; i < 5; i++) {
			double start = wall();
			write_all(t[k].f, t[k].threads, e);
			best = wall() - start < best ? wall() - start : best;
		}
		printf("%8.1f M events/s\t%s, wall\n", (double)n_ev / best / 1e6, t[k].what);
	}
}

/* bench_vocab - n_ids random ids, known already, looked up two million times. */
static void bench_vocab(uint32_t n_ids)
{
	enum { N = 2000000 };
	struct str *s = mem_new(N, sizeof *s);
	uint32_t *out = mem_new(N, sizeof *out), sum = 0;
	struct vocab v = { 0 };
	struct arena a = { 0 };
	struct pcg32 r;
	double best[2] = { 1e9, 1e9 };
	char t[16];

	pcg32_seed(&r, 1, n_ids);
	for (size_t i = 0; i < N; i++)
		s[i] = keep(&a, (struct str){ t, (size_t)snprintf(t, sizeof t, "u%u", pcg32_bounded(&r, n_ids)) });
	vocab_add_many(&v, s, N, out);
	for (int k = 0; k < 10; k++) {
		double start = now();
		for (size_t i = 0; i < N && k & 1; i += BATCH)
			vocab_add_many(&v, s + i, N - i < BATCH ? N - i : BATCH, out + i);
		for (size_t i = 0; i < N && !(k & 1); i++)
			sum += vocab_add(&v, s[i].p, s[i].len);
		start = now() - start;
		best[k & 1] = start < best[k & 1] ? start : best[k & 1];
	}
	printf("%8.1f M look-ups/s\tvocab_add, %u ids\n%8.1f M look-ups/s\tvocab_add_many, %u ids\n", N / best[0] / 1e6, n_ids, N / best[1] / 1e6, n_ids);
	if (sum == 1)
		puts("");
	vocab_release(&v);
	arena_release(&a);
	mem_free(s);
	mem_free(out);
}

static long bytes_of(const char *path)
{
	FILE *f = fopen(path, "rb");
	long n = -1;

	if (f && !fseek(f, 0, SEEK_END))
		n = ftell(f);
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	static const char *const what[] = { "binary, a block at a time", "binary, event by event", "binary to matrix", "binary to binary", "binary to TSV",
					    "TSV, event by event", "TSV to matrix", "binary, sorted by time in 1 GiB", "binary, sorted by user in 1 GiB",
					    "binary, sorted by time in 8 MiB", "binary, sorted by user in 8 MiB", "binary, sorted by user in 1 MiB" };
	struct err e = { 0 };
	char dir[] = "/tmp/b-event.XXXXXX", text[64], made[64];
	const char *log = made;
	uint64_t n = 0;

	if (!mkdtemp(dir)) {
		perror("b-event");
		return 3;
	}
	snprintf(text, sizeof text, "%s/log.tsv", dir);
	snprintf(made, sizeof made, "%s/log.taste", dir);
	if (argc > 1)
		log = argv[1];
	else
		make_log(made, &e);
	for (size_t k = 0; k < sizeof what / sizeof *what; k++) {
		double best = 1e9;
		for (int i = 0; i < 5; i++) {
			double t = now();
			switch (k) {
			case 0: n = by_block(log, &e); break;
			case 1: n = by_event(log, &e); break;
			case 2: n = to_matrix(log, &e); break;
			case 3: n = rewrite(log, "/dev/null", EVENT_BINARY, &e); break;
			case 4: n = rewrite(log, text, EVENT_TSV, &e); break;
			case 5: n = by_event(text, &e); break;
			case 6: n = to_matrix(text, &e); break;
			case 7: n = sort(log, EVSORT_TIME, 1 << 30, &e); break;
			case 8: n = sort(log, EVSORT_USER, 1 << 30, &e); break;
			case 9: n = sort(log, EVSORT_TIME, 8 << 20, &e); break;
			case 10: n = sort(log, EVSORT_USER, 8 << 20, &e); break;
			case 11: n = sort(log, EVSORT_USER, 1 << 20, &e); break;
			}
			t = now() - t;
			best = t < best ? t : best;
		}
		printf("%8.1f M events/s\t%s\n", (double)n / best / 1e6, what[k]);
	}
	printf("%8.2f bytes an event\tbinary\n%8.2f bytes an event\tTSV\n", (double)bytes_of(log) / (double)n, (double)bytes_of(text) / (double)n);
	struct arena a = { 0 };
	load(log, &a, &e);
	bench_writer(&e);
	bench_vocab(50000);
	bench_vocab(1000000);
	arena_release(&a);
	mem_free(ev);
	remove(text);
	remove(made);
	remove(dir);
	return 0;
}
