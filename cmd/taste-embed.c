/*
 * taste-embed - vectors out of a model: of items or users it knows, by id or all, or of users it never saw, folded in from their events.
 * Known vectors stream from the mapped model, holding nothing. Folding in holds the events (12 bytes each while reading, then 8 bytes a distinct pair and the ids; what history.h says for
 * models that read them in order). --state and --follow: embed-state.c.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/sort.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/data/inter.h"
#include "../lib/data/table.h"
#include "../lib/data/vecs.h"
#include "../lib/model/als.h"
#include "../lib/model/graph.h"
#include "../lib/model/softmax.h"
#include "../lib/num/num.h"
#include "embed.h"

enum { BATCH = 1024 };			/* users folded in together; the answer does not depend on it */

struct embed_opts o = { .out = "-" };

static const enum vecs_format FORMATS[] = { VECS_TSV, VECS_W2V, VECS_W2V_BIN };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the vectors in binary", .flags = OPT_NO_PROV },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "text inputs begin with a line of column names", .flags = 0 },
	{ 'm', "model", OPT_STR, &o.model, "MODEL", "the model, made by taste-train", .flags = OPT_IS_PATH },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "fold", OPT_LIST, &o.fold, "EVENTS", "fold in the users of these events, as of the operands", .flags = OPT_IS_PATH },
	{ 0, "follow", OPT_FLAG, &o.follow, NULL, "answer each event line of standard input at once with its user's vector (seq)", .flags = OPT_NO_PROV },
	{ 0, "format", OPT_ENUM, &o.format, "FORMAT", "write text, or what word2vec writes", .names = "tsv|w2v|w2v-bin", .flags = OPT_NO_PROV },
	{ 0, "items", OPT_STR, &o.items, "all|FILE", "vectors of all items, or of those in the file's first column", .names = "all", .flags = OPT_IS_PATH },
	{ 0, "kind", OPT_STR, &o.kind, "NAME", "folding in: vectors to be searched among items of this kind of content, where the model tells kinds apart", .flags = 0 },
	{ 0, "normalise", OPT_FLAG, &o.normalise, NULL, "scale each vector to length 1", .flags = 0 },
	{ 0, "skip-unknown", OPT_FLAG, &o.skip_unknown, NULL, "leave out and count ids that the model does not know", .flags = 0 },
	{ 0, "state", OPT_STR, &o.state, "FILE", "what is remembered of listeners: read events behind it and write it anew (seq)", .flags = OPT_IS_PATH },
	{ 0, "users", OPT_STR, &o.users, "all|FILE", "vectors of all users, or of those in the file's first column", .names = "all", .flags = OPT_IS_PATH },
	{ 0 },
};

struct tool tool = {
	.name = "taste-embed",
	.about = "vectors out of a model: known items or users, or new users folded in from their events",
	.usage = "-m model [options] [events...]",
	.opts = opts,
	.makes_other = true,
};

struct model model;
static struct vecsw *vectors;
static float *unit;			/* [d] room for a scaled copy */
struct prov prov;
struct buf inputs;

void write_vector(struct str id, const float *v, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	if (!num_is_finite(v, model.d))
		die(EXIT_DATA, "%s: the vector of '%s' is not finite", file_shown(o.model), err_clip(clip, id.p, id.len));
	if (o.normalise) {
		double length = num_norm(v, model.d);
		for (size_t i = 0; i < model.d; i++)
			unit[i] = length > 0 ? (float)(v[i] / length) : 0;
		v = unit;
	}
	if (vecsw_write(vectors, id, v, e))
		die_err(e);
}

/* ---- known ids ---- */

/* is_nobody - a user of whom only events were read that weigh nothing: zeros, to which all items are alike. Folding in has no vector for them either. */
static bool is_nobody(size_t user)
{
	const float *v = model.vec[MODEL_USERS] + user * model.d;
	size_t i = 0;

	while (i < model.d && v[i] == 0)
		i++;
	return i == model.d;
}

static size_t count_nobody(void)
{
	size_t n = 0;

	for (size_t i = 0; i < model.n[MODEL_USERS]; i++)
		n += is_nobody(i);
	return n;
}

static void warn_strangers(uint64_t n, size_t all)
{
	if (n)
		warn("%llu of %zu users have no item of weight that %s knows: no vectors for them", (unsigned long long)n, all, file_shown(o.model));
}

static void write_all(enum model_axis axis, struct err *e)
{
	uint64_t n_nobody = 0;

	for (size_t i = 0; i < model.n[axis]; i++)
		if (axis == MODEL_USERS && is_nobody(i))
			n_nobody++;
		else
			write_vector(idtab_id(&model.ids[axis], i), model.vec[axis] + i * model.d, e);
	warn_strangers(n_nobody, model.n[axis]);
}

static void write_listed(enum model_axis axis, const char *path, struct err *e)
{
	struct tabler *r = tabler_open(path, NULL, o.has_header, e);
	const struct str *field;
	uint64_t n_unknown = 0;
	size_t n;
	int got;

	if (!r)
		die_err(e);
	while ((got = tabler_next(r, &field, &n, e)) == 1) {
		uint32_t i = idtab_find(&model.ids[axis], field[0].p, field[0].len);
		if (i != VOCAB_NONE) {
			write_vector(field[0], model.vec[axis] + i * model.d, e);
		} else if (o.skip_unknown) {
			n_unknown++;
		} else {
			char clip[ERR_CLIP_MAX];
			tabler_bad(r, e, "field 1: '%s' is no %s of %s (--skip-unknown leaves such ids out)", err_clip(clip, field[0].p, field[0].len), model_axis_name[axis], file_shown(o.model));
			die_err(e);
		}
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	tabler_close(r);
	if (n_unknown)
		warn("%llu ids left out: no %s of %s", (unsigned long long)n_unknown, model_axis_name[axis], file_shown(o.model));
}

static void write_known(enum model_axis axis, const char *which, struct err *e)
{
	if (model_vectors(&model, axis, e) || model_ids(&model, axis, e))
		die_err(e);
	if (!strcmp(which, "all"))
		write_all(axis, e);
	else
		write_listed(axis, which, e);
}

/* ---- new users ---- */

static struct {
	enum { ALS, GRAPH, SOFTMAX, ORDERED } kind;
	struct als_fold als;		/* one of the four */
	struct graph graph;
	struct softmax_fold softmax;
	struct ordered ordered;
	struct ordered_view view;
	struct weigh *weigh;		/* its */
	struct history history;		/* ordered */
	struct inter in;		/* the others */
	uint32_t *row;			/* [in.item.n] item of the events -> row of the model, VOCAB_NONE */
	uint64_t n_unknown;
	size_t first;			/* user of the batch's first vector */
	float *x;			/* [BATCH x d] */
	size_t n_known[BATCH];
	struct err err[BATCH];
	struct fold_worker { float *scratch, *r; uint32_t *item; uint64_t *key; struct ordered_reader reader; } *worker;
} job;

static const struct vocab *users(void)
{
	return job.kind == ORDERED ? &job.history.user : &job.in.user;
}

/* warn_unknown - n of all (0: not counted) items. */
static void warn_unknown(uint64_t n, size_t all)
{
	if (n && all)
		warn("%llu of %zu items are unknown to %s: their events do not count", (unsigned long long)n, all, file_shown(o.model));
	else if (n)
		warn("%llu items are unknown to %s: their events do not count", (unsigned long long)n, file_shown(o.model));
}

static void read_pairs(const char *const *path, size_t n, struct err *e)
{
	struct inter_opts io = { .weight = weigh_event, .ctx = job.weigh, .has_header = o.has_header, .pool = tool_pool() };

	if (inter_load(&job.in, path, n, &io, &prov, &inputs, e))
		die_err(e);
	if (!(job.row = mem_try(job.in.item.n, sizeof *job.row, "items of the events", e)))
		die_err(e);
	for (size_t i = 0; i < job.in.item.n; i++) {
		job.row[i] = idtab_find(&model.ids[MODEL_ITEMS], job.in.item.str[i].p, job.in.item.str[i].len);
		job.n_unknown += job.row[i] == VOCAB_NONE;
	}
}

static void read_new(struct err *e)
{
	size_t n = o.fold.n + tool.n_args;
	const char **path = mem_new(n + 1, sizeof *path);
	struct history_source from = { path, n, NULL, 0, weigh_event, job.weigh, o.has_header, true };

	if (o.fold.n)
		memcpy(path, o.fold.v, o.fold.n * sizeof *path);
	memcpy(path + o.fold.n, tool.arg, tool.n_args * sizeof *path);
	if (job.kind != ORDERED)
		read_pairs(path, n, e);
	else if (history_load(&job.history, &from, &model, &prov, &inputs, e))
		die_err(e);
	mem_free(path);
}

static void make_workers(struct err *e)
{
	size_t most = 0;
	int n = par_threads(tool_pool());

	for (size_t u = 0; u < job.in.m.n_rows; u++) {
		size_t has = job.in.m.start[u + 1] - job.in.m.start[u];
		most = has > most ? has : most;
	}
	job.worker = mem_new((size_t)n, sizeof *job.worker);
	for (int i = 0; i < n; i++) {
		struct fold_worker *w = &job.worker[i];
		size_t scratch = job.kind == GRAPH || job.kind == ORDERED ? 0 : job.kind == SOFTMAX ? softmax_fold_scratch(&job.softmax) : als_fold_scratch(&job.als, most);
		if (job.kind == ORDERED && ordered_reader_init(&w->reader, &job.ordered, e))
			die_err(e);
		w->scratch = mem_try(scratch, sizeof *w->scratch, "normal equations", e);
		w->r = mem_try(most, sizeof *w->r, "weights of a user", e);
		w->item = mem_try(most, sizeof *w->item, "items of a user", e);
		w->key = mem_try(most, sizeof *w->key, "items of a user", e);
		if (!w->scratch || !w->r || !w->item || !w->key)
			die_err(e);
	}
	if (!(job.x = mem_try(BATCH, model.d * sizeof *job.x, "vectors", e)))
		die_err(e);
}

/* fold_user - chunk c of a batch is one user: their known items in the model's order, then the fold of its kind. */
static void fold_user(void *ctx, size_t c, int worker)
{
	const struct csr *m = &job.in.m;
	struct fold_worker *w = &job.worker[worker];
	size_t u = job.first + c, n = 0;
	struct err *e = &job.err[c];
	(void)ctx;

	for (size_t j = m->start[u]; j < m->start[u + 1]; j++)
		if (job.row[m->col[j]] != VOCAB_NONE) {
			w->key[n] = job.row[m->col[j]];
			w->item[n++] = (uint32_t)(j - m->start[u]);
		}
	job.n_known[c] = n;
	if (sort_u64(w->key, w->item, n, e))
		return;
	for (size_t i = 0; i < n; i++) {
		w->r[i] = m->val[m->start[u] + w->item[i]];
		w->item[i] = (uint32_t)w->key[i];
	}
	if (job.kind == GRAPH)
		graph_fold(&job.graph, job.x + c * model.d, w->item, w->r, n);
	else if (job.kind == SOFTMAX)
		softmax_fold(&job.softmax, job.x + c * model.d, w->item, n, w->scratch);
	else
		als_fold(&job.als, job.x + c * model.d, w->item, w->r, n, w->scratch, e);
}

/* fold_sequence - the same of a model that reads events in order. */
static void fold_sequence(void *ctx, size_t c, int worker)
{
	const struct csr *liked = &job.history.liked;
	size_t u = job.first + c;

	(void)ctx;
	job.n_known[c] = liked->start[u + 1] - liked->start[u];
	if (o.state) {
		job.n_known[c] = states_vector(&job.view, &job.worker[worker].reader, u, job.n_known[c] > 0, job.x + c * model.d, &job.err[c]);
		return;
	}
	ordered_vector(&job.view, &job.worker[worker].reader, job.x + c * model.d, u);
}

static void write_folded(struct err *e)
{
	uint64_t n_strangers = 0;
	struct progress pr;
	size_t n_users = users()->n;

	progress_start(&pr, "fold", "users", n_users);
	for (job.first = 0; job.first < n_users; job.first += BATCH) {
		size_t n = n_users - job.first < BATCH ? n_users - job.first : BATCH;
		par_for(tool_pool(), n, job.kind == ORDERED ? fold_sequence : fold_user, NULL);
		for (size_t c = 0; c < n; c++) {
			struct str id = users()->str[job.first + c];
			char clip[ERR_CLIP_MAX];
			if (job.err[c].code) {
				err_prefix(&job.err[c], "%s: user '%s'", file_shown(o.model), err_clip(clip, id.p, id.len));
				die_err(&job.err[c]);
			}
			if (job.n_known[c])
				write_vector(id, job.x + c * model.d, e);
			else
				n_strangers++;
		}
		progress_set(&pr, job.first + n);
	}
	progress_end(&pr);
	warn_strangers(n_strangers, n_users);
}

static void open_fold(struct err *e)
{
	if (o.kind && !ordered_is(model.kind))
		usage_die("--kind: a model of kind %s does not tell kinds of content apart", model.kind);
	if (!strcmp(model.kind, "graph")) {
		job.kind = GRAPH;
		job.weigh = &job.graph.weigh;
		graph_fold_open(&job.graph, &model, e);
	} else if (!strcmp(model.kind, "softmax")) {
		job.kind = SOFTMAX;
		job.weigh = &job.softmax.weigh;
		softmax_fold_open(&job.softmax, &model, e);
	} else if (ordered_is(model.kind)) {
		job.kind = ORDERED;
		if (!ordered_open(&job.ordered, &model, e) && ordered_choose(&job.ordered, o.kind, e))
			err_prefix(e, "--kind");
		job.weigh = ordered_weigh(&job.ordered);
	} else {
		job.weigh = &job.als.weigh;
		als_fold_open(&job.als, &model, e);
	}
	if (e->code)
		die_err(e);
}

static void fold_in(struct sink *out, struct err *e)
{
	open_fold(e);
	if (model_ids(&model, MODEL_ITEMS, e))
		die_err(e);
	if (o.state || o.follow)
		states_open(&job.ordered, e);
	if (o.follow) {
		states_follow(&job.ordered, out, e);
		return;
	}
	read_new(e);
	make_workers(e);
	if (job.kind == ORDERED)
		ordered_see(&job.view, &job.ordered, &job.history.order);
	if (o.state)
		states_see(&job.history);
	write_folded(e);
	warn_unknown(job.kind == ORDERED ? job.history.unknown.n : job.n_unknown, job.in.item.n);
	for (int i = 0; i < par_threads(tool_pool()); i++) {
		struct fold_worker *w = &job.worker[i];
		mem_free(w->scratch);
		mem_free(w->r);
		mem_free(w->item);
		mem_free(w->key);
		ordered_reader_release(&w->reader);
	}
	mem_free(job.worker);
	mem_free(job.row);
	mem_free(job.x);
	als_fold_release(&job.als);
	graph_release(&job.graph);
	softmax_fold_release(&job.softmax);
	history_release(&job.history);
	inter_release(&job.in);
}

/* ---- main ---- */

static void check_options(void)
{
	const char *listed = o.items ? o.items : o.users;

	if (!o.model)
		usage_die("which model? (-m)");
	if (!!o.items + !!o.users + (o.fold.n || tool.n_args) > 1)
		usage_die("--items, --users and events to fold in: one at a time");
	if (o.skip_unknown && !listed)
		usage_die("--skip-unknown needs --items or --users; items of events that are folded in may always be unknown");
	if (o.kind && listed)
		usage_die("--kind is of users who are folded in");
	if (o.is_binary && o.format)
		usage_die("-b and --format: one at a time");
	if ((o.state || o.follow) && listed)
		usage_die("--state and --follow are of users who are folded in");
	if (o.state && !strcmp(o.state, "-"))
		usage_die("--state: '-' will not do: a file, which is written anew");
	if (o.follow && (o.fold.n || tool.n_args))
		usage_die("--follow reads standard input: no files of events");
	if (o.follow && (o.is_binary || o.format))
		usage_die("--follow answers in text, at once: neither -b nor --format");
	tool_reads(o.model);
	if (listed && strcmp(listed, "all"))
		tool_reads(listed);
	for (size_t i = 0; i < o.fold.n; i++)
		tool_reads(o.fold.v[i]);
	if (!listed && (tool.n_args || !o.fold.n))
		tool_reads_args(0);
}

/* open_vectors - how many there will be is known when all are asked for. */
static void open_vectors(struct sink *out, struct err *e)
{
	uint64_t n = o.items && !strcmp(o.items, "all") ? model.n[MODEL_ITEMS] : VECSW_UNKNOWN;

	if (o.users && !strcmp(o.users, "all")) {
		if (model_vectors(&model, MODEL_USERS, e))
			die_err(e);
		n = model.n[MODEL_USERS] - count_nobody();
	}
	vectors = o.format ? vecsw_new_words(out, model.d, FORMATS[o.format], n, e) : vecsw_new(out, model.d, o.is_binary, e);
	if (!vectors)
		die_err(e);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	tool_init(&tool, argc, argv);
	check_options();
	if (o.state) {
		tool_output_again_at(o.state);
		tool_hold_file(o.state, true);
	}
	struct sink *out = tool_output(o.out, o.is_binary || FORMATS[o.format] == VECS_W2V_BIN);

	if (model_open(&model, o.model, &e))
		die_err(&e);
	if (!model.d)
		die(EXIT_DATA, "%s: a model of kind %s has no vectors%s", file_shown(o.model), model.kind, o.items || o.users ? "" : " (taste-score takes the events)");
	unit = mem_new(model.d, sizeof *unit);
	open_vectors(out, &e);
	if (o.items)
		write_known(MODEL_ITEMS, o.items, &e);
	else if (o.users)
		write_known(MODEL_USERS, o.users, &e);
	else
		fold_in(out, &e);
	if (artifact_prov(model.art, &prov, &inputs, &e))
		die_err(&e);
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	if (vecsw_finish(vectors, &prov, &e))
		die_err(&e);
	tool_output_close(out);
	if (o.state)
		states_write(&e);
	states_close();
	ordered_release(&job.ordered);
	vecsw_free(vectors);
	mem_free(unit);
	model_release(&model);
	prov_release(&prov);
	buf_release(&inputs);
	return tool_close(0);
}
