/* knn-search - the verb search: queries come in, batches of them are answered, and what was found goes out as soon as its batch is done. */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/sort.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "knn.h"

static struct knn_base base;
static struct knn_out *writer;

/* Query vectors side by side, their ids in one buffer. */
static struct {
	float *q;			/* [knn_find_batch() x d] */
	struct buf ids;
	size_t id_end[KNN_BATCH], n;
} batch;

/* With --queries-per-user: the answer of a user whose queries may not have ended. */
enum { USER_HITS = 1 << 16 };		/* and 4 k: so many are kept before the best of them are */
static struct {
	struct buf id;
	bool is_open;
	struct topk_hit *hit;
	size_t n, cap;
} user;

static void write_hits(struct str id, const struct topk_hit *hit, size_t n)
{
	static struct knn_hit *out;
	static size_t cap;
	struct err e = { 0 };

	arr_reserve(out, n + 1, cap);
	for (size_t i = 0; i < n; i++)
		out[i] = (struct knn_hit){ knn_base_id(&base, hit[i].row), hit[i].score };
	if (knn_out_query(writer, id, out, n, &e))
		die_err(&e);
}

static int cmp_row(const void *a, const void *b, void *ctx)
{
	const struct topk_hit *x = a, *y = b;

	(void)ctx;
	return x->row != y->row ? x->row < y->row ? -1 : 1 : x->score > y->score ? -1 : x->score < y->score;
}

static int cmp_score(const void *a, const void *b, void *ctx)
{
	const struct topk_hit *x = a, *y = b;

	(void)ctx;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return str_cmp(knn_base_id(&base, x->row), knn_base_id(&base, y->row));
}

/* settle_user - of the hits that are there the best k, each row once. What is left out would not be among them either when all hits of the user were there. */
static void settle_user(void)
{
	struct err e = { 0 };
	size_t n = 0;

	if (sort_stable(user.hit, user.n, sizeof *user.hit, cmp_row, NULL, &e))
		die_err(&e);
	for (size_t i = 0; i < user.n; i++)
		if (!n || user.hit[n - 1].row != user.hit[i].row)
			user.hit[n++] = user.hit[i];
	if (sort_stable(user.hit, n, sizeof *user.hit, cmp_score, NULL, &e))
		die_err(&e);
	user.n = knn_pick_spread(user.hit, user.hit, n, (size_t)o.k);
}

static void end_user(void)
{
	if (!user.is_open)
		return;
	settle_user();
	write_hits((struct str){ user.id.p, user.id.len }, user.hit, user.n);
	user.n = 0;
	user.is_open = false;
}

static void add_to_user(struct str id, const struct knn_answer *a)
{
	if (user.is_open && (user.id.len != id.len || memcmp(user.id.p, id.p, id.len)))
		end_user();
	if (!user.is_open) {
		buf_reset(&user.id);
		buf_put(&user.id, id.p, id.len);
		user.is_open = true;
	}
	if (user.n > USER_HITS + 4 * (size_t)o.k)
		settle_user();
	arr_reserve(user.hit, user.n + a->n, user.cap);
	if (a->n)
		memcpy(user.hit + user.n, a->hit, a->n * sizeof *a->hit);
	user.n += a->n;
}

static void search_batch(void)
{
	struct str id[KNN_BATCH];

	for (size_t i = 0, from = 0; i < batch.n; from = batch.id_end[i++])
		id[i] = (struct str){ batch.ids.p + from, batch.id_end[i] - from };
	const struct knn_answer *a = knn_find(batch.q, id, batch.n);
	for (size_t i = 0; i < batch.n; i++)
		if (o.by_user)
			add_to_user(id[i], &a[i]);
		else
			write_hits(id[i], a[i].hit, a[i].n);
	batch.n = 0;
	buf_reset(&batch.ids);
}

static void search_queries(const char *name)
{
	struct progress pr;
	uint64_t n = 0;
	struct err e = { 0 };
	struct str id;
	const float *v;
	size_t d;
	int got;
	struct vecsr *r = vecsr_open_as(name, (enum vecs_format)o.format, &e);

	if (!r || !(batch.q = mem_try(knn_find_batch(), (base.d + 1) * sizeof *batch.q, "queries", &e)))
		die_err(&e);
	progress_start(&pr, "search", "queries", 0);
	while ((got = vecsr_next(r, &id, &v, &d, &e)) == 1) {
		progress_set(&pr, ++n);
		if (base.n && d != base.d)
			die(EXIT_DATA, "%s: vector %llu has %zu components, those of %s have %zu", file_shown(name), (unsigned long long)n, d, file_shown(tool.arg[0]), base.d);
		if (base.n)
			knn_need_scores(v, d, base.metric, name, n);
		if (base.n)	/* else there is nothing to compare with, but queries are still checked */
			memcpy(batch.q + batch.n * d, v, d * sizeof *v);
		buf_put(&batch.ids, id.p, id.len);
		batch.id_end[batch.n++] = batch.ids.len;
		if (batch.n == knn_find_batch())
			search_batch();
	}
	if (got < 0)
		die_err(&e);
	if (batch.n)
		search_batch();
	end_user();
	progress_end(&pr);
	if (vecsr_prov(r, &prov, &inputs, &e))
		die_err(&e);
	note("%llu queries, %zu vectors of %zu", (unsigned long long)n, base.n, base.d);
	vecsr_close(r);
	mem_free(batch.q);
	buf_release(&batch.ids);
	mem_free(user.hit);
	buf_release(&user.id);
}

int knn_search(void)
{
	const char *queries = tool.n_args > 1 ? tool.arg[1] : "-";
	struct sink *out = tool_output(o.out ? o.out : "-", o.output == KNN_BINARY);
	struct err e = { 0 };

	knn_base_open(&base, tool.arg[0]);
	knn_pick_load(&base);
	knn_find_open(&base);
	if (!(writer = knn_out_new(out, (enum knn_format)o.output, base.metric, o.source, knn_pick_items(), &e)))
		die_err(&e);
	if (o.is_line)
		knn_serve(&base, queries, out, writer);
	else
		search_queries(queries);
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	if (knn_out_finish(writer, &prov, &e))
		die_err(&e);
	tool_output_close(out);
	knn_find_note();
	knn_pick_say();
	knn_out_free(writer);
	knn_find_close();
	knn_pick_release();
	knn_base_close(&base);
	prov_release(&prov);
	buf_release(&inputs);
	return tool_close(0);
}
