/*
 * b-rank [path]: what features cost, in process, one thread; TSV on stdout:
 *
 *	call  d  events  ns
 *
 * request: features_request for a listener of so many events; row: features_row, one of 500 candidates of theirs, the request apart; walk: past_walk, one of 200,000 events of all. In a situation with
 * all keys but intent, d components of vectors (0: none), 20,000 items of 2,000 creators, 2 of 60 tags each. Nanoseconds of this thread's CPU time: the median of RUNS runs. What trees make of the rows: b-trees.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/rank/features.h"
#include "mem-path.h"

enum { RUNS = 15, ITEMS = 20000, EVENTS = 200000, CANDIDATES = 500 };

static struct err err;

static void check(bool is_good)
{
	if (!is_good) {
		fprintf(stderr, "b-rank: %s\n", err.msg);
		exit(3);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void put_items(struct past *p)
{
	struct buf text = { 0 };
	struct items it = { 0 };

	for (int i = 0; i < ITEMS; i++)
		buf_printf(&text, "%d\t%s\tT\tc%d\ta%d\t20%02d\t%d\tt%d;t%d\n", i, i % 5 ? "music" : "podcast", i / 10, i / 10, i % 24, 100 + i % 300, i % 60, i / 10 % 60);
	check(!items_load(&it, mem_path(text.p, text.len, MEM_MAPPED), false, NULL, NULL, &err) && !past_items(p, &it, &err));
	items_release(&it);
	buf_release(&text);
}

/* item_of - the first are the most popular. */
static uint32_t item_of(struct pcg32 *r)
{
	return pcg32_bounded(r, 1 + pcg32_bounded(r, ITEMS));
}

static void put_log(struct past *p, size_t n_own)
{
	static const char *const device[] = { "phone", "car", "desktop", "speaker" }, *const place[] = { "home", "work", "road", "gym" };
	struct pcg32 r;
	char user[16], item[16], context[96];

	pcg32_seed(&r, 1, 1);
	for (size_t i = 0; i < EVENTS; i++) {
		bool is_own = i % (EVENTS / n_own) == 0;
		int k = (int)pcg32_bounded(&r, 4);
		struct event ev = { .time = 1700000000 + (int64_t)i * 60, .kind = pcg32_bounded(&r, 5) ? (struct str){ "play", 4 } : (struct str){ "skip", 4 }, .value = 60 };
		ev.user = (struct str){ user, (size_t)snprintf(user, sizeof user, "%u", is_own ? 0 : 1 + pcg32_bounded(&r, 200)) };
		ev.item = (struct str){ item, (size_t)snprintf(item, sizeof item, "%u", item_of(&r)) };
		ev.context = (struct str){ context, (size_t)snprintf(context, sizeof context, "device=%s;place=%s;mood=%s;heart_rate=%u", device[k], place[pcg32_bounded(&r, 4)], k % 2 ? "calm" : "wild",
								     60 + pcg32_bounded(&r, 100)) };
		past_event(p, &ev);
	}
}

static void put_vectors(struct past *p, size_t d)
{
	struct buf text = { 0 };
	struct pcg32 r;
	struct vecs v;

	pcg32_seed(&r, 2, 2);
	for (int i = 0; i < ITEMS; i++) {
		buf_printf(&text, "%d", i);
		for (size_t k = 0; k < d; k++)
			buf_printf(&text, "\t%d", (int)pcg32_bounded(&r, 200) - 90);
		buf_putc(&text, '\n');
	}
	check(!vecs_load(&v, mem_path(text.p, text.len, MEM_MAPPED), NULL, NULL, &err) && !past_vectors(p, &v, &err));
	vecs_release(&v);
	buf_release(&text);
}

static void say(const char *call, size_t d, size_t events, double *run)
{
	qsort(run, RUNS, sizeof *run, by_value);
	printf("%s\t%zu\t%zu\t%.0f\n", call, d, events, 1e9 * run[RUNS / 2]);
}

static void measure(size_t d, size_t n_own)
{
	static const char text[] = "device=phone;place=home;mood=calm;heart_rate=100";
	struct past *p = past_new();
	struct features f;
	struct context c;
	struct pcg32 r;
	double walk[RUNS], request[RUNS], row[RUNS];
	uint32_t item[CANDIDATES];
	struct features_source from = { 0, 1, 1, 1 };

	put_items(p);
	put_log(p, n_own);
	if (d)
		put_vectors(p, d);
	check(!past_ready(p, &err));
	for (int k = 0; k < RUNS; k++) {	/* a part of the log each */
		double start = now();
		past_walk(p, k + 1 < RUNS ? 1700000000 + (int64_t)(k + 1) * (EVENTS / RUNS) * 60 : INT64_MAX);
		walk[k] = (now() - start) / (EVENTS / RUNS);
	}
	check(!features_open(&f, p, &(struct str){ "source", 6 }, 1, &err));
	context_read(&c, &p->words, past_now(p), (struct str){ text, sizeof text - 1 }, false, NULL);
	float *x = mem_new(CANDIDATES * f.n, sizeof *x);
	pcg32_seed(&r, 3, 3);
	for (int i = 0; i < CANDIDATES; i++)
		item[i] = item_of(&r);
	for (int k = 0; k < RUNS; k++) {
		double start = now();
		for (int i = 0; i < 20; i++)
			features_request(&f, past_user(p, (struct str){ "0", 1 }, false), &c);
		request[k] = (now() - start) / 20;
		start = now();
		for (int i = 0; i < 20 * CANDIDATES; i++)
			features_row(&f, x + (size_t)(i % CANDIDATES) * f.n, item[i % CANDIDATES], &from, 1);
		row[k] = (now() - start) / (20 * CANDIDATES);
	}
	say("walk", d, EVENTS, walk);
	say("request", d, n_own, request);
	say("row", d, n_own, row);
	mem_free(x);
	features_release(&f);
	past_free(p);
}

int main(int argc, char **argv)
{
	if (cpu_require(&err) < 0 || cpu_select(argc > 1 ? argv[1] : "auto", &err) < 0)
		check(false);
	printf("call\td\tevents\tns\n");
	measure(0, 1000);
	measure(64, 1000);
	measure(64, 100);
	return 0;
}
