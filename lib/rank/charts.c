/*
 * A count is a whole number of parts of 2^-30 at the beginning of a block of 32 half-lives, blocks counted from 1970: an event is 2^30 to 2^62 of them. Whole numbers add up to the same in
 * any order; where a block begins each count is divided by 2^32, whatever is left over dropped, behind the last event before and whether or not a chart is made there. So a chart depends
 * on nothing but the events before it. What is older than two whole blocks is gone: 2^32 events of 2^62 parts, divided by 2^96, are none.
 */
#include <math.h>

#include "charts.h"
#include "../base/mem.h"
#include "../num/fmath.h"

enum { LONG = 8, BLOCK = 32, BLOCKS = 3, PARTS = 1 << 30 };	/* LONG: of rising, in half-lives */

typedef unsigned __int128 parts;

struct sweep {
	const struct seqs *log;
	const struct charts_opts *o;
	struct charts *c;
	uint32_t *event;		/* those before each tick and not before the one before */
	size_t *start;			/* [n_ticks + 2] of event: behind the last tick, too */
	struct { parts *sum; double *count; int64_t block; } by[CHARTS];	/* [n_items] with the half-life, with LONG of them */
	float *score;			/* [n_items] */
};

/* tick_of - the first that is behind a time; n_ticks: none. */
static size_t tick_of(const struct charts *c, int64_t time)
{
	size_t lo = 0, hi = c->n_ticks;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (c->tick[mid] > time)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static bool counts(const struct sweep *w, size_t i)
{
	unsigned act = w->log->act[i] & SEQS_ACT;

	return w->log->what[i] < w->o->n_items && (act == SEQS_PLAY || act == SEQS_LIKE) && w->log->time[i] != TIME_NONE;
}

/* by_tick - a counting sort of the events. */
static int by_tick(struct sweep *w, struct err *e)
{
	size_t n = w->c->n_ticks;

	w->start = mem_try0(n + 3, sizeof *w->start, "moments of charts", e);
	w->event = mem_try(w->log->n, sizeof *w->event, "events by moment", e);
	if (!w->start || !w->event)
		return ERR_MEM;
	size_t *at = w->start + 1;
	for (size_t i = 0; i < w->log->n; i++)
		if (counts(w, i))
			at[tick_of(w->c, w->log->time[i]) + 1]++;
	for (size_t t = 0; t < n; t++)
		at[t + 1] += at[t];
	for (size_t i = 0; i < w->log->n; i++)
		if (counts(w, i))
			w->event[at[tick_of(w->c, w->log->time[i])]++] = (uint32_t)i;
	return 0;
}

/* block_of - the block of a time; *lives is how many half-lives it is behind its beginning. */
static int64_t block_of(int64_t time, double half_life, double *lives)
{
	double all = (double)time / half_life, block = floor(all / BLOCK);

	*lives = fmin(fmax(all - block * BLOCK, 0), BLOCK);
	return (int64_t)block;
}

static void go_to_block(parts *sum, size_t n, int64_t blocks)
{
	if (blocks >= BLOCKS)
		memset(sum, 0, n * sizeof *sum);
	for (size_t i = 0; i < n && blocks < BLOCKS; i++)
		sum[i] >>= blocks * BLOCK;
}

/* count_to - the counts as of a tick. */
static void count_to(struct sweep *w, size_t tick, int which)
{
	double h = w->o->half_life * (which == CHARTS_RISING ? LONG : 1), lives;
	int64_t last = block_of(w->c->tick[tick], h, &lives);
	double left = fm_pow(2, -lives) / PARTS;
	parts *sum = w->by[which].sum;

	if (!tick)
		w->by[which].block = last - BLOCKS;
	for (int64_t block = last - BLOCKS + 1; block <= last; block++) {
		if (block < w->by[which].block)
			continue;
		if (block > w->by[which].block)
			go_to_block(sum, w->o->n_items, block - w->by[which].block);
		w->by[which].block = block;
		for (size_t j = w->start[tick]; j < w->start[tick + 1]; j++) {
			double x;
			if (block_of(w->log->time[w->event[j]], h, &x) == block)
				sum[w->log->what[w->event[j]]] += (uint64_t)(fm_pow(2, x) * PARTS + 0.5);
		}
	}
	for (size_t i = 0; i < w->o->n_items; i++) {
		double n = (double)sum[i] * left;
		w->by[which].count[i] = n * PARTS < 1 ? 0 : n;
	}
}

static void score_popular(struct sweep *w)
{
	for (size_t i = 0; i < w->o->n_items; i++)
		w->score[i] = w->by[CHARTS_POPULAR].count[i] > 0 ? (float)w->by[CHARTS_POPULAR].count[i] : NAN;
}

static void score_rising(struct sweep *w)
{
	for (size_t i = 0; i < w->o->n_items; i++) {
		double n = w->by[CHARTS_POPULAR].count[i], m = w->by[CHARTS_RISING].count[i] / LONG;
		w->score[i] = n > m ? (float)((n - m) / sqrt(m + 1)) : NAN;
	}
}

static void choose(struct sweep *w, size_t tick, int which)
{
	const struct charts_opts *o = w->o;
	struct charts *c = w->c;
	struct topk best[UINT8_MAX + 1];

	for (size_t k = 0; k < c->n_classes; k++)
		topk_init(&best[k], c->hit[which] + (tick * c->n_classes + k) * c->len, c->len, o->rank);
	if (!o->class_of)
		topk_push_many(&best[0], w->score, 0, o->n_items);
	else
		for (size_t i = 0; i < o->n_items; i++)
			topk_push(&best[o->class_of[i]], w->score[i], (uint32_t)i);
	for (size_t k = 0; k < c->n_classes; k++) {
		topk_sort(&best[k]);
		c->n[which][tick * c->n_classes + k] = best[k].n;
	}
}

static int make_room(struct sweep *w, struct err *e)
{
	struct charts *c = w->c;
	size_t n_charts;

	if (!mem_mul(c->n_ticks, c->n_classes, &n_charts) || !mem_mul(n_charts, c->len, &(size_t){ 0 }))
		return err_set(e, ERR_MEM, "%zu charts of %zu places: too large", n_charts, c->len);
	for (int k = 0; k < (w->o->wants_rising ? CHARTS : CHARTS_RISING); k++) {
		w->by[k].sum = mem_try0(w->o->n_items, sizeof *w->by[k].sum, "counts of items", e);
		w->by[k].count = mem_try(w->o->n_items, sizeof *w->by[k].count, "counts of items", e);
		c->hit[k] = mem_try(n_charts * c->len, sizeof *c->hit[k], "charts", e);
		c->n[k] = mem_try0(n_charts, sizeof *c->n[k], "charts", e);
		if (!w->by[k].sum || !w->by[k].count || !c->hit[k] || !c->n[k])
			return ERR_MEM;
	}
	w->score = mem_try(w->o->n_items, sizeof *w->score, "scores of items", e);
	return w->score ? 0 : ERR_MEM;
}

int charts_make(struct charts *c, const struct seqs *log, const int64_t *tick, size_t n_ticks, const struct charts_opts *o, struct err *e)
{
	struct sweep w = { .log = log, .o = o, .c = c };

	*c = (struct charts){ .tick = tick, .n_ticks = n_ticks, .n_classes = o->n_classes, .len = min_size(o->len, o->n_items) };
	int ret = make_room(&w, e);
	if (!ret)
		ret = by_tick(&w, e);
	for (size_t t = 0; t < n_ticks && !ret; t++) {
		count_to(&w, t, CHARTS_POPULAR);
		score_popular(&w);
		choose(&w, t, CHARTS_POPULAR);
		if (!o->wants_rising)
			continue;
		count_to(&w, t, CHARTS_RISING);
		score_rising(&w);
		choose(&w, t, CHARTS_RISING);
	}
	for (int k = 0; k < CHARTS; k++) {
		mem_free(w.by[k].sum);
		mem_free(w.by[k].count);
	}
	mem_free(w.score);
	mem_free(w.event);
	mem_free(w.start);
	if (ret)
		charts_release(c);
	return ret;
}

const struct topk_hit *charts_at(const struct charts *c, enum charts_which which, size_t class, int64_t t, size_t *n)
{
	size_t tick = tick_of(c, t);

	*n = tick ? c->n[which][(tick - 1) * c->n_classes + class] : 0;
	return tick ? c->hit[which] + ((tick - 1) * c->n_classes + class) * c->len : NULL;
}

void charts_release(struct charts *c)
{
	for (int k = 0; k < CHARTS; k++) {
		mem_free(c->hit[k]);
		mem_free(c->n[k]);
	}
	*c = (struct charts){ 0 };
}
