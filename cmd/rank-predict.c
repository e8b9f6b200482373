/*
 * rank-predict - taste-rank predict: rows of features, as taste-rank features or a LIBSVM file has them, scored by a model of taste-train trees. Holds BLOCK rows, and the ids of queries.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/data/framer.h"
#include "../lib/model/trees.h"
#include "rank.h"

enum { BLOCK = 4096, PART = 256 };	/* rows held; rows of a thread's turn */

static struct trees model;
static struct tablew *table;
static struct buf line, ids;			/* ids: user, item and query of each row */
static struct held { size_t user, item, query, end; } row[BLOCK];	/* where they begin in ids */
static float *x, score[BLOCK];			/* x [BLOCK x n_features] */
static size_t n_held, n_known;			/* rows; features that the input has */
static bool *is_known;				/* [n_features] */
static char *scratch;				/* [threads][size] */
static size_t scratch_size;
static void *explain;
static double *phi;

/* A frame_columns. */
static uint32_t column_of(void *ctx, struct str name)
{
	size_t f = trees_find(&model, name);

	(void)ctx;
	if (f == SIZE_MAX)
		return FRAME_NONE;
	n_known += !is_known[f];
	is_known[f] = true;
	return (uint32_t)f;
}

static float number_of(void *ctx, uint32_t column, struct str word)
{
	(void)ctx;
	return trees_word(&model, column, word);
}

static void score_part(void *ctx, size_t chunk, int worker)
{
	size_t first = chunk * PART, n = min_size(PART, n_held - first);

	(void)ctx;
	trees_scores_in(&model, score + first, x + first * model.n_features, model.n_features, n, scratch + (size_t)worker * scratch_size);
}

/* put_words - "; by NAME (+X), ..." behind the reason, of the features that say most. */
static void put_words(const size_t *best, size_t n)
{
	struct buf words = { 0 };

	for (size_t j = 0; j < n; j++)
		put_top_feature(&words, trees_feature(&model, best[j]), phi[best[j]], !j);
	tsv_put(&line, words.p ? words.p : "", words.len);
	buf_release(&words);
}

/* put_fields - the same as NAME=X, behind all others. */
static void put_fields(const size_t *best, size_t n)
{
	for (size_t j = 0; j < n; j++) {
		struct str name = trees_feature(&model, best[j]);
		buf_putc(&line, '\t');
		tsv_put(&line, name.p, name.len);
		buf_putc(&line, '=');
		buf_put_fixed(&line, phi[best[j]], 6);
	}
}

static void write_row(size_t i, struct err *e)
{
	const struct held *h = &row[i];
	size_t best[TOP_FEATURES], n = 0;

	if (o.top_features) {
		trees_explain(&model, phi, x + i * model.n_features, explain);
		n = top_features(best, phi, model.n_features);
	}
	buf_reset(&line);
	bool is_query = o.by_query && h->end > h->query;
	tsv_put(&line, ids.p + (is_query ? h->query : h->user), is_query ? h->end - h->query : h->item - h->user);
	buf_putc(&line, '\t');
	tsv_put(&line, ids.p + h->item, h->query - h->item);
	buf_putc(&line, '\t');
	if (model.objective == TREES_LOGISTIC)
		buf_put_f64(&line, trees_chance((double)score[i]));
	else
		buf_put_f32(&line, score[i]);
	buf_puts(&line, "\ttrees");
	put_words(best, n);
	if (h->end > h->query && !o.by_query) {
		buf_puts(&line, "\tquery=");
		tsv_put(&line, ids.p + h->query, h->end - h->query);
	}
	put_fields(best, n);
	if (tablew_row(table, line.p, line.len, e))
		die_err(e);
}

static void finish_block(struct err *e)
{
	par_for(tool_pool(), (n_held + PART - 1) / PART, score_part, NULL);
	for (size_t i = 0; i < n_held; i++)
		write_row(i, e);
	n_held = 0;
	buf_reset(&ids);
}

/* hold - a row, until its block is full. */
static void hold(const struct frame_row *r, struct err *e)
{
	float *to = x + n_held * model.n_features;
	struct held *h = &row[n_held];

	if (r->n)
		memcpy(to, r->x, r->n * sizeof *to);
	for (size_t f = r->n; f < model.n_features; f++)
		to[f] = r->fill;
	h->user = ids.len;
	buf_put(&ids, r->user.len ? r->user.p : "-", r->user.len ? r->user.len : 1);
	h->item = ids.len;
	buf_put(&ids, r->item.p, r->item.len);
	h->query = ids.len;
	if (r->query.len != r->user.len || memcmp(r->query.p, r->user.p, r->user.len))
		buf_put(&ids, r->query.p, r->query.len);
	h->end = ids.len;
	if (++n_held == BLOCK)
		finish_block(e);
}

static uint64_t predict_file(const char *path, struct progress *pr, uint64_t n, struct err *e)
{
	struct frame_columns columns = { column_of, number_of, NULL };
	struct frame_opts fo = { FRAME_ANY, model.absent_is_zero, o.groups };
	struct framer *r = framer_open(path, &columns, &fo, e);
	struct frame_row f;
	int got = 0;

	while (r && (got = framer_next(r, &f, e)) == 1) {
		hold(&f, e);
		progress_set(pr, ++n);
	}
	if (!r || got < 0 || framer_prov(r, &prov, &inputs, e))
		die_err(e);
	framer_close(r);
	return n;
}

static void open_all(struct err *e)
{
	if (trees_open(&model, o.model, e) || artifact_prov(model.art, &prov, &inputs, e))
		die_err(e);
	scratch_size = (trees_scratch(&model) + 63) / 64 * 64;
	is_known = mem_new(model.n_features, sizeof *is_known);
	phi = mem_new(model.n_features + 1, sizeof *phi);
	if (!(x = mem_try(BLOCK, model.n_features * sizeof *x, "rows of features", e)) || !(scratch = mem_try((size_t)par_threads(tool_pool()), scratch_size, "codes of rows", e)) ||
	    !(explain = mem_try(trees_explain_scratch(&model), 1, "reasons", e)))
		die_err(e);
}

static void check_predict(void)
{
	if (!o.model)
		usage_die("which model? -m FILE");
	if (o.groups && tool.n_args > 1)
		usage_die("--groups is of one file");
	tool_reads(o.model);
	tool_reads(o.groups);
	tool_reads_args(0);
}

void rank_predict(struct err *e)
{
	struct progress pr;
	uint64_t n = 0;

	check_predict();
	struct sink *out = tool_output(o.out, o.is_binary);
	open_all(e);
	if (!(table = tablew_new(out, "ranked", o.is_binary, e)) || (o.wants_header && !o.is_binary && tablew_row(table, "user\titem\tscore\treason", 22, e)))
		die_err(e);
	progress_start(&pr, "predict", "rows", 0);
	for (size_t i = 0; i < (tool.n_args ? tool.n_args : 1); i++)
		n = predict_file(tool.n_args ? tool.arg[i] : "-", &pr, n, e);
	finish_block(e);
	progress_end(&pr);
	prov_step(&prov, tool.name, tool_version, tool.prov.p ? tool.prov.p : "", inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, e))
		die_err(e);
	tool_output_close(out);
	if (n && n_known < model.n_features)
		warn("%zu of %zu features of %s are not in the input", model.n_features - n_known, model.n_features, file_shown(o.model));
	note("%llu rows", (unsigned long long)n);
	tablew_free(table);
	trees_release(&model);
	mem_free(x);
	mem_free(scratch);
	mem_free(explain);
	mem_free(is_known);
	mem_free(phi);
	buf_release(&line);
	buf_release(&ids);
}
