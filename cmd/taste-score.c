/*
 * taste-score - what a model thinks: listeners' events in, the best items of the whole catalogue out, as candidates. Holds the model, the histories (24 bytes an event, then 8 a
 * pair, twice) and the scores of 64 listeners.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/cli/tool.h"
#include "../lib/data/table.h"
#include "../lib/model/history.h"
#include "../lib/model/scorer.h"
#include "../lib/num/topk.h"

static struct {
	int64_t k;
	const char *model, *source, *out;
	struct opt_list exclude;
	bool has_header, is_binary, keeps;
} o = { .k = 10, .out = "-" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the candidates in binary", .flags = OPT_NO_PROV },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "the events begin with a line of column names" },
	{ 'k', "items", OPT_INT, &o.k, "N", "items for each listener", .min = 1, .max = 1000000 },
	{ 'm', "model", OPT_STR, &o.model, "FILE", "the model; required", .flags = OPT_IS_PATH },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "exclude", OPT_LIST, &o.exclude, "EVENTS", "leave out what the listener has in these events, too", .flags = OPT_IS_PATH },
	{ 0, "keep", OPT_FLAG, &o.keeps, NULL, "do not leave out what the listener already has; --exclude holds" },
	{ 0, "source", OPT_STR, &o.source, "NAME", "text of the fourth column; else the model's kind" },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-score",
	.about = "what a model thinks of every item: listeners' events in, candidates (user, item, score, source) out",
	.usage = "-m model [options] [events...]",
	.opts = opts,
	.makes_other = true,
};

static struct model model;
static struct scorer scorer;
static struct history history;
static struct tablew *table;
static struct prov prov;
static struct buf score, inputs;

static void read_histories(struct err *e)
{
	struct history_source from = { tool.arg, tool.n_args, o.exclude.v, o.exclude.n,
				       weigh_event, scorer_weigh(&scorer), o.has_header, scorer_wants_order(&scorer), o.keeps };

	if (history_load(&history, &from, &model, &prov, &inputs, e))
		die_err(e);
	if (history.unknown.n)
		warn("%zu items are unknown to %s: their events do not count", history.unknown.n, file_shown(o.model));
}

/* ---- the best ---- */

static struct {
	size_t first, k;
	float *score;			/* [SCORER_USERS x items] */
	struct topk best[SCORER_USERS];
	struct topk_hit *hit;		/* [SCORER_USERS x k] */
	uint32_t *rank;
} batch;

/* choose - chunk c is a listener. */
static void choose(void *ctx, size_t c, int worker)
{
	size_t n = model.n[MODEL_ITEMS];

	(void)ctx;
	(void)worker;
	scorer_choose(&batch.best[c], batch.hit + c * batch.k, batch.k, batch.score + c * n, n, &history.has, batch.first + c, batch.rank);
}

static void write_best(size_t u, const struct topk *best, struct err *e)
{
	for (size_t i = 0; i < best->n; i++) {
		struct str id = idtab_id(&model.ids[MODEL_ITEMS], best->hit[i].row);
		buf_reset(&score);
		buf_put_f32(&score, best->hit[i].score);
		if (tablew_candidate(table, history.user.str[u], id, (struct str){ score.p, score.len }, (struct str){ o.source, strlen(o.source) }, e))
			die_err(e);
	}
}

static void score_all(struct err *e)
{
	size_t n = model.n[MODEL_ITEMS];
	uint64_t n_strangers = 0;
	struct progress pr;

	batch.k = (size_t)o.k < n ? (size_t)o.k : n;
	batch.score = mem_try(SCORER_USERS * n, sizeof *batch.score, "scores", e);
	batch.hit = mem_try(SCORER_USERS * batch.k, sizeof *batch.hit, "hits", e);
	if (!batch.score || !batch.hit)
		die_err(e);
	if (!(batch.rank = idtab_rank(&model.ids[MODEL_ITEMS], e)))
		die_err(e);
	progress_start(&pr, "score", "listeners", history.user.n);
	for (size_t at = 0, m; at < history.user.n; at += m) {
		m = history.user.n - at < SCORER_USERS ? history.user.n - at : SCORER_USERS;
		batch.first = at;
		if (scorer_scores(&scorer, batch.score, &history.liked, &history.order, at, m, tool_pool(), e))
			die_err(e);
		par_for(tool_pool(), m, choose, NULL);
		for (size_t c = 0; c < m; c++) {
			bool is_stranger = history.liked.start[at + c] == history.liked.start[at + c + 1];
			n_strangers += is_stranger;
			if (!is_stranger || scorer.is_for_all)	/* popularity is for all */
				write_best(at + c, &batch.best[c], e);
		}
		progress_set(&pr, at + m);
	}
	progress_end(&pr);
	if (n_strangers && !scorer.is_for_all)
		warn("%llu of %zu listeners have no item of weight that %s knows: nothing for them", (unsigned long long)n_strangers, history.user.n, file_shown(o.model));
	note("%zu listeners, %zu items", history.user.n, n);
}

static void check_options(void)
{
	if (!o.model)
		usage_die("which model? -m FILE");
	tool_reads(o.model);
	tool_reads_args(0);
	for (size_t i = 0; i < o.exclude.n; i++)
		tool_reads(o.exclude.v[i]);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	tool_init(&tool, argc, argv);
	check_options();
	struct sink *out = tool_output(o.out, o.is_binary);
	if (model_open(&model, o.model, &e) || model_ids(&model, MODEL_ITEMS, &e) || scorer_open(&scorer, &model, tool_pool(), &e) ||
	    artifact_prov(model.art, &prov, &inputs, &e))
		die_err(&e);
	if (!o.source)
		o.source = model.kind;
	read_histories(&e);
	if (!(table = tablew_new(out, "candidates", o.is_binary, &e)))
		die_err(&e);
	if (history.user.n && model.n[MODEL_ITEMS])
		score_all(&e);
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, &e))
		die_err(&e);
	tool_output_close(out);
	tablew_free(table);
	scorer_release(&scorer);
	model_release(&model);
	history_release(&history);
	mem_free(batch.score);
	mem_free(batch.hit);
	mem_free(batch.rank);
	buf_release(&score);
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
