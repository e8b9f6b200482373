/*
 * train-blend - blend: models put together by weights, which are given or fitted on held-out events.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/base/scan.h"
#include "../lib/cli/progress.h"
#include "../lib/eval/fit.h"
#include "../lib/model/blend.h"
#include "../lib/model/history.h"
#include "train.h"

static struct {
	struct blend b;
	struct history history;		/* of everybody */
	struct inter valid;
	struct seqs order;		/* of the listeners that were drawn, where a part wants it */
	struct csr liked, has, truth;	/* rows: the listeners that were drawn. Items of truth behind the catalogue's are unknown to it */
} mix;

/* give_weights - --weights, scaled to the sum 1. */
static void give_weights(void)
{
	const char *at = o.weights;
	double sum = 0;
	size_t n = 0;

	for (;; at++, n++) {
		size_t len = strcspn(at, ",");
		double w;
		if (!scan_f64(at, len, &w) || !(w >= 0 && w <= 1e6))
			usage_die("--weights: '%.*s' is not a number from 0 to 1000000", (int)(len < 40 ? len : 40), at);
		if (n < mix.b.n)
			mix.b.part[n].weight = w;
		sum += w;
		at += len;
		if (!*at)
			break;
	}
	if (++n != mix.b.n)
		usage_die("--weights: %zu weights for %zu parts", n, mix.b.n);
	if (!(sum > 0))
		usage_die("--weights: one at least is more than 0");
	for (size_t k = 0; k < n; k++)
		mix.b.part[k].weight /= sum;
}

/* read_listeners - their histories and what was held out. */
static void read_listeners(struct err *e)
{
	struct history_source from = { tool.arg, tool.n_args, NULL, 0, weigh_event,
				       blend_weigh(&mix.b) ? blend_weigh(&mix.b) : &weigh, o.has_header, blend_wants_order(&mix.b) };
	struct progress pr;
	struct inter_opts io = { .weight = weigh_event, .ctx = from.ctx, .has_header = o.has_header, .progress = progress_show, .progress_ctx = &pr };

	progress_start(&pr, "read", "bytes", 0);
	if (history_load(&mix.history, &from, &mix.b.part[0].model, &prov, &inputs, e) ||
	    inter_load(&mix.valid, o.valid.v, o.valid.n, &io, &prov, &inputs, e))
		die_err(e);
	progress_end(&pr);
	if (mix.history.unknown.n)
		warn("%zu items are unknown to the parts: their events do not count", mix.history.unknown.n);
}

/* held_out - put what row v of valid has and row u of the histories has not into t as row n; how many. */
static size_t held_out(size_t v, size_t u, const uint32_t *number, struct csr_keys *t, size_t n)
{
	const struct csr *m = &mix.valid.m;
	size_t before = t->n;

	for (size_t i = m->start[v]; i < m->start[v + 1]; i++)
		if (number[m->col[i]] >= mix.b.n_items || !csr_has(&mix.history.has, u, number[m->col[i]]))
			csr_keys_add(t, (uint32_t)n, number[m->col[i]], 1);
	return t->n - before;
}

/* draw_listeners - at most --fit-users of those with a history and with something held out that they do not have yet. */
static void draw_listeners(struct err *e)
{
	struct csr_keys truth = { 0 };
	size_t n_valid = mix.valid.user.n, n_items = mix.b.n_items, n = 0;
	uint32_t *number = mem_try(mix.valid.item.n, sizeof *number, "numbers of items", e), *who = mem_try(n_valid, sizeof *who, "listeners", e);
	uint32_t *row = mem_try(n_valid, sizeof *row, "listeners", e);	/* of the histories, by drawn listener */
	struct pcg32 r;

	if (!number || !who || !row)
		die_err(e);
	if (n_items + mix.valid.item.n > UINT32_MAX)
		die(EXIT_DATA, "more than %u items", UINT32_MAX);
	for (size_t i = 0; i < mix.valid.item.n; i++) {
		number[i] = idtab_find(&mix.b.ids, mix.valid.item.str[i].p, mix.valid.item.str[i].len);
		if (number[i] == VOCAB_NONE)
			number[i] = (uint32_t)(n_items + i);
	}
	for (size_t v = 0; v < n_valid; v++)
		who[v] = (uint32_t)v;
	pcg32_seed(&r, (uint64_t)o.seed, 0);
	rng_shuffle_u32(&r, who, (uint32_t)n_valid);
	for (size_t i = 0; i < n_valid && n < (size_t)o.fit_users; i++) {
		size_t v = who[i];
		uint32_t u = vocab_find(&mix.history.user, mix.valid.user.str[v].p, mix.valid.user.str[v].len);
		if (u == VOCAB_NONE || mix.history.liked.start[u] == mix.history.liked.start[u + 1] || !held_out(v, u, number, &truth, n))
			continue;
		row[n++] = u;
	}
	if (!n)
		die(EXIT_DATA, "no listener of --valid has both a history and something that is not in it");
	if (csr_rows(&mix.liked, &mix.history.liked, row, n, e) || csr_rows(&mix.has, &mix.history.has, row, n, e) ||
	    (blend_wants_order(&mix.b) && seqs_rows(&mix.order, &mix.history.order, row, 0, n, e)) ||
	    csr_take(&mix.truth, &truth, n, n_items + mix.valid.item.n, tool_pool(), e))
		die_err(e);
	mem_free(number);
	mem_free(who);
	mem_free(row);
}

/* score_part - a fit_scores. */
static int score_part(void *ctx, size_t part, float *out, size_t first, size_t n, struct err *e)
{
	(void)ctx;
	if (blend_part_scores(&mix.b, part, out, NULL, &mix.liked, &mix.order, first, n, tool_pool(), e))
		return e->code;
	for (size_t u = 0; u < n; u++)
		for (size_t i = mix.has.start[first + u]; i < mix.has.start[first + u + 1]; i++)
			out[u * mix.b.n_items + mix.has.col[i]] = NAN;
	return 0;
}

/* fit_blend - fill the weights and *to. With -v a row for each part on stderr. */
static void fit_blend(struct blend_fit *to, struct err *e)
{
	struct progress pr;
	struct fit_opts fo = { mix.b.n, mix.b.n_items, (size_t)o.k, idtab_rank(&mix.b.ids, e), o.min_gain, score_part, NULL, progress_show, &pr };
	struct fit f;
	double start = clock_now();

	if (!fo.rank)
		die_err(e);
	progress_start(&pr, "fit", "listeners", 0);
	if (fit_weights(&f, &fo, &mix.truth, tool_pool(), e))
		die_err(e);
	progress_end(&pr);
	*to = (struct blend_fit){ .k = (size_t)o.k, .n_users = mix.truth.n_rows };
	for (size_t k = 0; k < mix.b.n; k++)
		mix.b.part[k].weight = f.weight[k];
	memcpy(to->ndcg, f.ndcg, sizeof to->ndcg);
	memcpy(to->recall, f.recall, sizeof to->recall);
	mem_free((uint32_t *)(uintptr_t)fo.rank);
	note("%zu weights tried on %zu listeners in %.2f s, ndcg@%lld %.6f", f.n_tried, to->n_users, clock_now() - start, (long long)o.k, f.searched);
	if (!tool.is_verbose)
		return;
	fprintf(stderr, "part\tkind\tweight\tndcg@%lld\trecall@%lld\n", (long long)o.k, (long long)o.k);
	for (size_t k = 0; k < mix.b.n; k++)
		fprintf(stderr, "%s\t%s\t%.6g\t%.6f\t%.6f\n", artifact_name(mix.b.part[k].model.art), mix.b.part[k].model.kind, f.weight[k], f.ndcg[k], f.recall[k]);
	fprintf(stderr, "-\tblend\t1\t%.6f\t%.6f\n", f.ndcg[mix.b.n], f.recall[mix.b.n]);
}

void train_blend(struct sink *out, struct err *e)
{
	struct blend_fit f = { 0 };

	for (size_t i = 0; i < o.part.n; i++)
		if (blend_add(&mix.b, o.part.v[i], tool_pool(), e) || artifact_prov(mix.b.part[i].model.art, &prov, &inputs, e))
			die_err(e);
	if (o.weights) {
		give_weights();
	} else {
		read_listeners(e);
		draw_listeners(e);
		fit_blend(&f, e);
	}
	finish_prov();
	if (blend_save(&mix.b, out, o.weights ? NULL : &f, &prov, e))
		die_err(e);
	blend_release(&mix.b);
	history_release(&mix.history);
	inter_release(&mix.valid);
	csr_release(&mix.liked);
	seqs_release(&mix.order);
	csr_release(&mix.has);
	csr_release(&mix.truth);
}

void check_blend(void)
{
	if (o.part.n < 2)
		usage_die("a blend has two parts at least: --part FILE --part FILE");
	if (o.part.n > BLEND_PARTS)
		usage_die("more than %d parts of a blend", BLEND_PARTS);
	if (o.weight.n || o.value.n)
		usage_die("--weight and --value are not for blend: its parts say how they weigh events");
	if (o.weights && (o.valid.n || tool.n_args))
		usage_die("--weights are given: no events are read");
	if (o.weights && (tool_is_set(&o.k) || tool_is_set(&o.min_gain) || tool_is_set(&o.fit_users) || tool_is_set(&o.seed)))
		usage_die("--weights are given: -k, --min-gain, --fit-users and -s are of a fit");
	if (!o.weights && !o.valid.n)
		usage_die("what are the weights fitted on? --valid EVENTS, or --weights");
	for (size_t i = 0; i < o.part.n; i++)
		tool_reads(o.part.v[i]);
	for (size_t i = 0; i < o.valid.n; i++)
		tool_reads(o.valid.v[i]);
	if (!o.weights)
		tool_reads_args(0);
}
