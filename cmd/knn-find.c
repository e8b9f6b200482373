/*
 * knn-find - the rows of a batch of queries. Vectors go through flat.h, an index through ann.h; what neither knows (at most so many of a creator, all from a
 * score on) is had by asking for more until it is enough.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/clock.h"
#include "../lib/base/mem.h"
#include "../lib/cli/latency.h"
#include "knn.h"

enum { HITS = 1 << 20 };		/* places for hits at a time, 8 bytes each: of queries that ask for many there are fewer at once, but no fewer than flat likes or threads */

static struct {
	struct knn_base *b;
	struct flat flat;
	bool by_flat;
	size_t k, ef;
	/* the batch */
	size_t batch;			/* queries of one, at most */
	const float *q;			/* [n x d] of those still sought */
	float *some;			/* [batch x d] */
	size_t n, want;			/* want: rows asked for */
	size_t from, n_asked;		/* those of them that are asked at once */
	uint32_t at[KNN_BATCH];		/* which queries of the batch they are */
	struct buf room[KNN_BATCH], others[FLAT_QUERIES];
	struct knn_rows ban[KNN_BATCH], among[KNN_BATCH];
	struct topk_hit *raw;		/* [n_asked x (want + 1)] */
	size_t cap_raw, n_raw[KNN_BATCH];
	struct topk_hit *hit;		/* [batch x k] */
	struct knn_answer answer[KNN_BATCH];
	/* a thread each */
	struct ann_walk **walk;
	uint64_t **set;			/* --among as bits, of an index */
	struct latency *latency;
	struct err err;			/* the first */
} find;

/* at_once - queries that may ask for k rows each. */
static size_t at_once(size_t k)
{
	size_t least = (size_t)par_threads(tool_pool()) > FLAT_QUERIES ? (size_t)par_threads(tool_pool()) : FLAT_QUERIES, n = HITS / (k + 1);

	n = n < least ? least : n;
	return n < KNN_BATCH ? n : KNN_BATCH;
}

size_t knn_find_batch(void) { return find.batch; }

/* open_exact - an index as vectors, for an exact search. */
static void open_exact(struct knn_base *b)
{
	struct err e = { 0 };

	if (!b->n)
		return;
	if (ann_check(&b->ann, true, tool_pool(), &e))
		die_err(&e);
	knn_base_ids(b);
	b->vecs = (struct vecs){ .n = b->n, .d = b->d, .n_parts = 1, .part = mem_new(1, sizeof *b->vecs.part) };
	b->vecs.part[0] = (struct vecs_part){ .v = b->ann.v, .off = b->id.off, .bytes = b->id.str, .n = b->n };
}

void knn_find_open(struct knn_base *b)
{
	size_t threads = (size_t)par_threads(tool_pool()), n_allowed;
	const uint32_t *row;
	struct err e = { 0 };
	bool is_reached;

	find.b = b;
	find.by_flat = !b->is_index || o.is_exact;
	find.k = (size_t)o.k < b->n ? (size_t)o.k : b->n;
	find.walk = mem_new(threads, sizeof *find.walk);
	find.set = mem_new(threads, sizeof *find.set);
	find.latency = mem_new(threads, sizeof *find.latency);
	find.batch = at_once(find.k);
	if (!(find.hit = mem_try(find.batch * (find.k + 1), sizeof *find.hit, "hits", &e)) || !(find.some = mem_try(find.batch, (b->d + 1) * sizeof *find.some, "queries", &e)))
		die_err(&e);
	if (find.by_flat) {
		if (b->is_index)
			open_exact(b);
		if (flat_init(&find.flat, &b->vecs, b->metric, tool_pool(), &e)) {
			for (size_t r = 0; r < b->n; r++)	/* which one? */
				knn_need_scores(vecs_row(&b->vecs, r), b->d, b->metric, tool.arg[0], r + 1);
			die_err(&e);
		}
		find.flat.allowed = knn_pick_allowed(&row, &n_allowed);
		return;
	}
	find.ef = o.ef ? (size_t)o.ef : ann_ef(&b->ann, o.recall, find.k ? find.k : 1, &is_reached);
	if (!o.ef && !is_reached)
		warn("no ef that was measured had a recall of %g: the largest is taken, %zu", o.recall, find.ef);
	note("ef %zu", find.ef);
	for (size_t t = 0; t < threads; t++) {
		if (!(find.walk[t] = ann_walk_new(&b->ann, &e)))
			die_err(&e);
		if (o.among.n && !(find.set[t] = mem_try0((b->n + 63) / 64, sizeof **find.set, "marks of rows", &e)))
			die_err(&e);
	}
}

void knn_find_close(void)
{
	int threads = par_threads(tool_pool());

	for (int t = 0; t < threads; t++) {
		ann_walk_free(find.walk[t]);
		mem_free(find.set[t]);
	}
	if (find.by_flat)
		flat_release(&find.flat);
	for (size_t i = 0; i < KNN_BATCH; i++)
		buf_release(&find.room[i]);
	for (size_t i = 0; i < FLAT_QUERIES; i++)
		buf_release(&find.others[i]);
	mem_free(find.walk);
	mem_free(find.set);
	mem_free(find.latency);
	mem_free(find.hit);
	mem_free(find.some);
	mem_free(find.raw);
}

/* fail - a search did. What is beyond numbers may be so by either file. */
static void fail(struct err *e)
{
	if (e->code == ERR_NUMERIC)
		err_prefix(e, "%s, %s", file_shown(tool.arg[0]), file_shown(tool.n_args > 1 ? tool.arg[1] : "-"));
	die_err(e);
}

/* ask_index - one of the queries that are asked. */
static void ask_index(void *ctx, size_t i, int worker)
{
	struct ann_ask ask = { .k = find.want, .ef = find.ef > find.want ? find.ef : find.want, .least = isnan(o.least) ? -INFINITY : (float)o.least };
	struct knn_rows ban = find.ban[find.at[find.from + i]], among = find.among[find.at[find.from + i]];
	uint64_t *set = find.set[worker];
	struct err e = { 0 };
	double start = clock_now();
	int none = 0;

	(void)ctx;
	ask.allowed = knn_pick_allowed(&ask.allowed_row, &ask.n_allowed);
	ask.ban = ban.row;
	ask.n_ban = ban.n;
	if (set) {
		size_t n = 0;
		for (size_t r = 0; r < among.n; r++)
			if (!ask.allowed || nav_bit(ask.allowed, among.row[r])) {
				nav_set_bit(set, among.row[r]);
				n++;
			}
		ask.allowed_row = n == among.n ? among.row : NULL;
		ask.allowed = set;
		ask.n_allowed = n;
	}
	if (ann_search(&find.b->ann, find.walk[worker], find.q + (find.from + i) * find.b->d, &ask, find.raw + i * (find.want + 1), &find.n_raw[i], NULL, &e) &&
	    __atomic_compare_exchange_n(&find.err.code, &none, e.code, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		memcpy(find.err.msg, e.msg, sizeof e.msg);
	for (size_t r = 0; set && r < among.n; r++)
		set[among.row[r] / 64] = 0;
	latency_put(&find.latency[worker], clock_now() - start);
}

/* others - the rows that query i of the batch may not find with --among: a ban of an exact search. */
static struct flat_ban others(size_t i, struct buf *room)
{
	struct knn_rows among = find.among[i], ban = find.ban[i];
	size_t n = 0, a = 0, x = 0;

	buf_reset(room);
	uint32_t *p = (uint32_t *)(void *)buf_reserve(room, (find.b->n + 1) * sizeof *p);
	for (uint32_t r = 0; r < find.b->n; r++) {
		bool is_in = a < among.n && among.row[a] == r, is_banned = x < ban.n && ban.row[x] == r;
		a += is_in;
		x += is_banned;
		if (!is_in || is_banned)
			p[n++] = r;
	}
	return (struct flat_ban){ p, n };
}

/* ask_flat - all that are asked; with --among a few at a time, as their bans are nearly all rows each. */
static void ask_flat(void)
{
	struct flat_hits hits[KNN_BATCH];
	struct flat_ban ban[KNN_BATCH];
	size_t most = o.among.n ? FLAT_QUERIES : KNN_BATCH;
	struct err e = { 0 };
	double start = clock_now();

	for (size_t at = 0; at < find.n_asked; at += most) {
		size_t n = find.n_asked - at < most ? find.n_asked - at : most;
		const uint32_t *no = find.at + find.from + at;
		for (size_t i = 0; i < n; i++)
			ban[i] = o.among.n ? others(no[i], &find.others[i]) : (struct flat_ban){ find.ban[no[i]].row, find.ban[no[i]].n };
		if (flat_search(&find.flat, hits + at, find.raw + at * (find.want + 1), find.want, find.q + (find.from + at) * find.b->d, n, ban, &e))
			fail(&e);
	}
	for (size_t i = 0; i < find.n_asked; i++) {
		size_t n = 0;
		for (size_t h = 0; h < hits[i].n; h++)
			if (isnan(o.least) || hits[i].hit[h].score >= (float)o.least)
				n++;
		memmove(find.raw + i * (find.want + 1), hits[i].hit, n * sizeof *find.raw);
		find.n_raw[i] = n;
	}
	for (size_t i = 0; i < find.n_asked; i++)
		latency_put(&find.latency[0], (clock_now() - start) / (double)find.n_asked);
}

/* settle - of what was found for query i of those that were asked, what is kept; true when it is enough, or all there is. */
static bool settle(size_t i)
{
	const struct topk_hit *raw = find.raw + i * (find.want + 1);
	uint32_t no = find.at[find.from + i];
	struct topk_hit *hit = find.hit + no * find.k;
	size_t n = knn_pick_spread(hit, raw, find.n_raw[i], find.k);

	find.answer[no] = (struct knn_answer){ hit, n };
	return n == find.k || find.n_raw[i] < find.want || find.want >= find.b->n;
}

/* ask_round - all that are still sought for find.want rows each; how many of them are to be asked for more, which then stand first. */
static size_t ask_round(void)
{
	size_t most = at_once(find.want), d = find.b->d, left = 0;
	struct err e = { 0 };

	most = most < find.n ? most : find.n;
	if (most * (find.want + 1) > find.cap_raw) {
		mem_free(find.raw);
		find.cap_raw = most * (find.want + 1);
		if (!(find.raw = mem_try(find.cap_raw, sizeof *find.raw, "hits", &e)))
			die_err(&e);
	}
	for (find.from = 0; find.from < find.n; find.from += most) {
		find.n_asked = find.n - find.from < most ? find.n - find.from : most;
		if (find.by_flat)
			ask_flat();
		else
			par_for(tool_pool(), find.n_asked, ask_index, NULL);
		if (find.err.code)
			fail(&find.err);
		for (size_t i = 0; i < find.n_asked; i++)
			if (!settle(i)) {
				memmove(find.some + left * d, find.q + (find.from + i) * d, d * sizeof *find.some);
				find.at[left++] = find.at[find.from + i];
			}
	}
	return left;
}

const struct knn_answer *knn_find(const float *q, const struct str *id, size_t n)
{
	struct err e = { 0 };

	memset(find.answer, 0, sizeof find.answer);
	if (!find.k)
		return find.answer;
	for (size_t i = 0; i < n; i++) {
		find.ban[i] = knn_pick_ban(find.b, id[i], &find.room[i]);
		find.among[i] = o.among.n ? knn_pick_among(id[i]) : (struct knn_rows){ NULL, 0 };
		find.at[i] = (uint32_t)i;
	}
	find.q = q;
	find.n = n;
	/* From a score on there may be few: nobody knows before. */
	find.want = o.per_creator ? find.k * 2 : !isnan(o.least) && find.k > 64 ? 64 : find.k;
	for (find.want = find.want < find.b->n ? find.want : find.b->n; (find.n = ask_round()); find.q = find.some)
		find.want = find.want * 4 < find.b->n ? find.want * 4 : find.b->n;
	/* The first answers were waited for; the rest of the file is looked at, once, before there are more. */
	if (!find.by_flat && n == find.batch && ann_check(&find.b->ann, false, tool_pool(), &e))
		die_err(&e);
	return find.answer;
}

void knn_find_note(void)
{
	struct latency all = { 0 };

	for (int t = 0; t < par_threads(tool_pool()); t++)
		latency_add(&all, &find.latency[t]);
	latency_note(&all, "a query");
}
