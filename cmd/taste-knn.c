/*
 * taste-knn - nearest neighbours. A vectors file is searched for the k best rows of each query vector that comes in; candidates go out
 * as soon as their batch is done. Holds the searched vectors (mapped from disk when they are a binary file) and, with --exclude, the events' ids and pairs.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/sort.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/data/table.h"
#include "../lib/data/vecs.h"
#include "../lib/index/flat.h"
#include "knn.h"

enum { BATCH = 256 };			/* queries searched together; the answer does not depend on it */

static struct {
	int64_t k;
	int metric;
	const char *source;
	struct opt_list exclude;
	bool has_header, no_self, is_binary;
	const char *out;
} o = { .k = 10, .metric = FLAT_IP, .source = "knn", .out = "-" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the candidates in binary", .flags = OPT_NO_PROV },
	{ 'k', "neighbours", OPT_INT, &o.k, "N", "candidates for each query", .min = 1, .max = 1000000 },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "metric", OPT_ENUM, &o.metric, "NAME", "ip (inner product), cosine, or l2 (minus squared distance)", .names = "ip|cosine|l2" },
	{ 0, "source", OPT_STR, &o.source, "NAME", "text of the fourth column" },
	{ 0, "exclude", OPT_LIST, &o.exclude, "EVENTS", "leave out what the user (the query's id) already has in these events", .flags = OPT_IS_PATH },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "the --exclude files begin with a line of column names" },
	{ 0, "no-self", OPT_FLAG, &o.no_self, NULL, "never find the row whose id is the query's" },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-knn",
	.about = "find the nearest vectors of each query: vectors in, candidates (query, item, score, source) out",
	.usage = "search [options] vectors [queries]\n       taste-knn merge [options] candidates candidates...",
	.opts = opts,
	.verbs = "search|merge",
};

/* What is needed to leave rows out: which rows each user has, and where an id stands. */
static struct {
	struct vocab row_id;		/* id -> row, made only when something needs it */
	struct vocab user;
	struct csr rows;		/* [users x vectors] */
} has;

static struct tablew *table;
static struct buf line;
static struct vecs vecs;
static struct prov prov;
static struct buf inputs;

static void index_rows(struct err *e)
{
	for (size_t r = 0; r < vecs.n; r++) {
		struct str id = vecs_id(&vecs, r);
		if (vocab_add(&has.row_id, id.p, id.len) != r) {
			char c[ERR_CLIP_MAX];
			err_set(e, ERR_DATA, "%s: the id '%s' of vector %zu was there before: ids must differ to be left out",
				tool.arg[0], err_clip(c, id.p, id.len), r + 1);
			die_err(e);
		}
	}
}

/* read_exclude - turn the events' (user, item) pairs into (user, row) pairs; items that are not searched drop out. */
static void read_exclude(struct err *e)
{
	struct inter in;
	struct inter_opts io = { .has_header = o.has_header, .pool = tool_pool() };
	uint32_t *row, *user, *item_row;
	size_t n = 0;

	if (inter_load(&in, o.exclude.v, o.exclude.n, &io, &prov, &inputs, e))
		die_err(e);
	size_t nnz = in.m.start[in.m.n_rows];
	row = mem_try(nnz, sizeof *row, "excluded pairs", e);
	user = mem_try(nnz, sizeof *user, "excluded pairs", e);
	item_row = mem_try(in.item.n, sizeof *item_row, "excluded items", e);
	if (!row || !user || !item_row)
		die_err(e);
	for (size_t i = 0; i < in.item.n; i++)
		item_row[i] = vocab_find(&has.row_id, in.item.str[i].p, in.item.str[i].len);
	for (size_t u = 0; u < in.m.n_rows; u++)
		for (size_t j = in.m.start[u]; j < in.m.start[u + 1]; j++)
			if (item_row[in.m.col[j]] != VOCAB_NONE) {
				user[n] = (uint32_t)u;
				row[n++] = item_row[in.m.col[j]];
			}
	if (csr_from_pairs(&has.rows, user, row, NULL, n, in.user.n, vecs.n, e))
		die_err(e);
	has.user = in.user;
	in.user = (struct vocab){ 0 };
	inter_release(&in);
	mem_free(row);
	mem_free(user);
	mem_free(item_row);
}

/* ban_of - the rows that a query may not find; `self` is room for one more row than its user has. */
static struct flat_ban ban_of(struct str id, struct buf *self)
{
	struct flat_ban ban = { NULL, 0 };
	uint32_t u = o.exclude.n ? vocab_find(&has.user, id.p, id.len) : VOCAB_NONE;
	uint32_t me = o.no_self ? vocab_find(&has.row_id, id.p, id.len) : VOCAB_NONE;

	if (u != VOCAB_NONE) {
		ban.row = has.rows.col + has.rows.start[u];
		ban.n = has.rows.start[u + 1] - has.rows.start[u];
	}
	if (me != VOCAB_NONE && !(u != VOCAB_NONE && csr_has(&has.rows, u, me))) {
		size_t at = 0;
		uint32_t *p = (uint32_t *)(void *)buf_reserve(self, (ban.n + 1) * sizeof *p);
		while (at < ban.n && ban.row[at] < me)
			at++;
		for (size_t i = 0; i < ban.n; i++)
			p[i + (i >= at)] = ban.row[i];
		p[at] = me;
		ban = (struct flat_ban){ p, ban.n + 1 };
	}
	return ban;
}

static void write_hits(struct str query, const struct flat_hits *h, struct err *e)
{
	for (size_t i = 0; i < h->n; i++) {
		struct str id = vecs_id(&vecs, h->hit[i].row);
		buf_reset(&line);
		tsv_put(&line, query.p, query.len);
		buf_putc(&line, '\t');
		tsv_put(&line, id.p, id.len);
		buf_putc(&line, '\t');
		buf_put_f32(&line, h->hit[i].score);
		buf_putc(&line, '\t');
		tsv_put(&line, o.source, strlen(o.source));
		if (tablew_row(table, line.p, line.len, e))
			die_err(e);
	}
}

/* One batch: query vectors side by side, their ids in one buffer. */
static struct {
	float *q;			/* [BATCH x d] */
	struct buf ids;
	size_t id_end[BATCH], n;
	struct topk_hit *storage;	/* [BATCH x (k + 1)] */
	struct flat_hits hits[BATCH];
	struct flat_ban ban[BATCH];
	struct buf self[BATCH];
} batch;

static struct str batch_id(size_t q)
{
	size_t from = q ? batch.id_end[q - 1] : 0;

	return (struct str){ batch.ids.p + from, batch.id_end[q] - from };
}

static void search_batch(struct flat *flat, size_t k, struct err *e)
{
	bool needs_ban = o.exclude.n || o.no_self;

	for (size_t q = 0; q < batch.n && needs_ban; q++)
		batch.ban[q] = ban_of(batch_id(q), &batch.self[q]);
	if (flat_search(flat, batch.hits, batch.storage, k, batch.q, batch.n, needs_ban ? batch.ban : NULL, e))
		die_err(e);
	for (size_t q = 0; q < batch.n; q++)
		write_hits(batch_id(q), &batch.hits[q], e);
	batch.n = 0;
	buf_reset(&batch.ids);
}

static void search_queries(struct vecsr *r, const char *name, struct flat *flat, struct err *e)
{
	size_t k = (size_t)o.k < vecs.n ? (size_t)o.k : vecs.n, d;
	struct progress pr;
	uint64_t n = 0;
	struct str id;
	const float *v;
	int got;

	batch.q = mem_try(BATCH * vecs.d, sizeof *batch.q, "queries", e);
	batch.storage = mem_try(BATCH * (k + 1), sizeof *batch.storage, "hits", e);
	if (!batch.q || !batch.storage)
		die_err(e);
	progress_start(&pr, "search", "queries", 0);
	while ((got = vecsr_next(r, &id, &v, &d, e)) == 1) {
		if (!vecs.n)
			continue;	/* nothing to find, but the queries are still checked */
		if (d != vecs.d)
			die(EXIT_DATA, "%s: vector %llu has %zu components, those of %s have %zu", name,
			    (unsigned long long)n + 1, d, tool.arg[0], vecs.d);
		memcpy(batch.q + batch.n * d, v, d * sizeof *v);
		buf_put(&batch.ids, id.p, id.len);
		batch.id_end[batch.n++] = batch.ids.len;
		if (batch.n == BATCH)
			search_batch(flat, k, e);
		progress_set(&pr, ++n);
	}
	if (got < 0)
		die_err(e);
	if (batch.n)
		search_batch(flat, k, e);
	progress_end(&pr);
	note("%llu queries, %zu vectors of %zu", (unsigned long long)n, vecs.n, vecs.d);
	mem_free(batch.q);
	mem_free(batch.storage);
	for (size_t q = 0; q < BATCH; q++)
		buf_release(&batch.self[q]);
	buf_release(&batch.ids);
}

/* check_merge - what is of search only is not taken for what it does not do. */
static void check_merge(void)
{
	if (o.metric != FLAT_IP || strcmp(o.source, "knn") || o.exclude.n || o.has_header || o.no_self)
		usage_die("merge has no options of its own but -k, -o and -b");
}

static void check_options(void)
{
	if (tool.n_args < 1)
		usage_die("which vectors are to be searched?");
	if (tool.n_args > 2)
		usage_die("'%s' is one file too many", tool.arg[2]);
	int stdins = !strcmp(tool.arg[0], "-") + (tool.n_args < 2 || !strcmp(tool.arg[1], "-"));
	for (size_t i = 0; i < o.exclude.n; i++)
		stdins += !strcmp(o.exclude.v[i], "-");
	if (stdins > 1)
		usage_die("standard input can be only one of vectors, queries and --exclude");
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct flat flat;

	tool_init(&tool, argc, argv);
	if (!strcmp(tool.verb, "merge")) {
		check_merge();
		return knn_merge(&tool, (size_t)o.k, o.out, o.is_binary);
	}
	check_options();
	const char *queries = tool.n_args > 1 ? tool.arg[1] : "-";
	struct sink *out = tool_output(o.out, o.is_binary);

	if (vecs_load(&vecs, tool.arg[0], &prov, &inputs, &e))
		die_err(&e);
	if (o.exclude.n || o.no_self)
		index_rows(&e);
	if (o.exclude.n)
		read_exclude(&e);
	struct vecsr *r = vecsr_open(queries, &e);
	if (!r || flat_init(&flat, &vecs, (enum flat_metric)o.metric, tool_pool(), &e) ||
	    !(table = tablew_new(out, "candidates", o.is_binary, &e)))
		die_err(&e);
	search_queries(r, queries, &flat, &e);
	if (vecsr_prov(r, &prov, &inputs, &e))
		die_err(&e);
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, &e))
		die_err(&e);
	tool_output_close(out);
	tablew_free(table);
	flat_release(&flat);
	vecsr_close(r);
	vecs_release(&vecs);
	vocab_release(&has.row_id);
	vocab_release(&has.user);
	csr_release(&has.rows);
	buf_release(&line);
	prov_release(&prov);
	buf_release(&inputs);
	return tool_close(0);
}
