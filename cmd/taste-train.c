/*
 * taste-train - events in, a model out. pop counts; als factorises the users x items matrix; ease learns weights from items to items; graph finds the smooth
 * directions of the graph of users and items; softmax learns vectors that are smoothed over that graph. als holds all distinct pairs
 * (8 to 12 bytes each, 12 bytes an event while it reads) and one row of floats for each user and item; softmax 16 bytes a pair and seven such rows; ease a float for each two items;
 * pop 8 bytes an event, or with --count events 16 bytes an item; blend the models, the listeners' events and what lib/eval/fit.h says. --tune holds the pairs twice and the model of one trial.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/eval/fit.h"
#include "../lib/eval/tune.h"
#include "../lib/eval/valid.h"
#include "../lib/model/als.h"
#include "../lib/model/blend.h"
#include "../lib/model/ease.h"
#include "../lib/model/graph.h"
#include "../lib/model/history.h"
#include "../lib/model/pop.h"
#include "../lib/model/scorer.h"
#include "../lib/model/softmax.h"

static struct {
	const char *out;
	bool has_header;
	struct opt_list weight, value;
	int count;			/* enum pop_count */
	double half_life;		/* days; 0: none */
	int64_t d, epochs, seed;
	double lambda;			/* NAN: the verb's own */
	double nu, unobserved, damp, stddev, dropout;
	int64_t top, min_users;
	int confidence;			/* enum weigh_shape; below 0: the verb's own */
	const char *memory;
	int64_t rank, iterations;
	bool has_bias;
	int solver;			/* enum ridge_solver */
	int64_t block, steps;
	const char *init, *update, *align;
	double row_power, col_power, low, sharpen;
	int64_t layers, batch, negatives;
	double ego, temperature, neg_power, user_power, rate;
	struct opt_list part, valid;
	int64_t k, fit_users;
	double min_gain;		/* standard errors */
	const char *weights;
	const char *tune, *tune_log, *tune_params;
	int64_t tune_k, tune_users, trials;
} o = {
	.out = "-", .d = 64, .epochs = 0, .seed = 1, .lambda = NAN, .nu = 1, .unobserved = 20, .damp = 0.2, .stddev = 0.1,
	.confidence = -1, .dropout = 0.2, .top = 200, .min_users = 1, .memory = "80%", .rank = 512, .iterations = 6, .row_power = 0.3,
	.col_power = 0.4, .low = 0.1, .sharpen = 2, .block = 64,
	.layers = 2, .batch = 0, .negatives = 0, .ego = 0.3, .temperature = 0.1, .neg_power = -0.3, .user_power = 0.5, .rate = 0.03,
	.k = 20, .fit_users = 10000, .min_gain = 0.7,
	.tune_k = 20, .tune_users = 5000, .trials = 27,
};
static const double als_lambda = 0.002, ease_lambda = 100;
static const int64_t als_epochs = 8, softmax_epochs = 16;

static const struct opt opts[] = {
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "the events begin with a line of column names", .flags = 0 },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 's', "seed", OPT_INT, &o.seed, "N", "seed of first vectors (als, graph, softmax), of what --tune tries, of whom blend draws", .min = 0, .max = 9e15 },
	{ 0, "weight", OPT_LIST, &o.weight, "KIND=W,...", "weight of an event by its kind, * any other; else skip=0,dislike=0,*=1", .flags = 0 },
	{ 0, "value", OPT_LIST, &o.value, "KIND=HOW,...", "how an event's value counts: ignore, binary, linear, log; else plays=linear,*=ignore" },
	{ .type = OPT_SECTION, .help = "pop:" },
	{ 0, "count", OPT_ENUM, &o.count, "WHAT", "distinct users, or the weights of all events", .names = "users|events" },
	{ .type = OPT_SECTION, .help = "pop, als and ease:" },
	{ 0, "half-life", OPT_FLOAT, &o.half_life, "DAYS", "count half what is so much older than the newest event; 0: all alike", .min = 0, .max = 1e6 },
	{ .type = OPT_SECTION, .help = "als:" },
	{ 0, "nu", OPT_FLOAT, &o.nu, "X", "power of a row's frequency in its regularisation", .min = 0, .max = 4 },
	{ 0, "unobserved", OPT_FLOAT, &o.unobserved, "W", "weight of all pairs together, that of the observed ones being 1", .min = 0, .max = 1e6 },
	{ 0, "damp", OPT_FLOAT, &o.damp, "X", "power of an item's popularity that its pairs' weights are divided by", .min = 0, .max = 2 },
	{ 0, "bias", OPT_FLAG, &o.has_bias, NULL, "a bias for each user and item: two components more" },
	{ 0, "solver", OPT_ENUM, &o.solver, "HOW", "how a row is solved", .names = "exact|block|cg" },
	{ 0, "block", OPT_INT, &o.block, "N", "components that block solves together", .min = 1, .max = MODEL_DIM_MAX },
	{ 0, "steps", OPT_INT, &o.steps, "N", "passes of block or steps of cg in a sweep; 0: 1 and 3", .min = 0, .max = 1000 },
	{ 0, "init", OPT_STR, &o.init, "MODEL", "go on from this older model", .flags = OPT_IS_PATH },
	{ 0, "update", OPT_STR, &o.update, "EVENTS", "only what these events, newer than the others, touch is solved; with --init", .flags = OPT_IS_PATH },
	{ 0, "align", OPT_STR, &o.align, "MODEL", "turn the vectors onto those of this older model", .flags = OPT_IS_PATH },
	{ 0, "stddev", OPT_FLOAT, &o.stddev, "X", "length of the first vectors", .min = 1e-6, .max = 1e6 },
	{ .type = OPT_SECTION, .help = "graph:" },
	{ 0, "rank", OPT_INT, &o.rank, "N", "singular vectors of the low-pass filter; 0: none", .min = 0, .max = MODEL_DIM_MAX },
	{ 0, "iterations", OPT_INT, &o.iterations, "N", "of the subspace they are found by", .min = 1, .max = 1000 },
	{ 0, "row-power", OPT_FLOAT, &o.row_power, "X", "power of a user's weight that its pairs are divided by", .min = 0, .max = 2 },
	{ 0, "col-power", OPT_FLOAT, &o.col_power, "X", "power of an item's weight that its pairs are divided by", .min = 0, .max = 2 },
	{ 0, "low", OPT_FLOAT, &o.low, "X", "weight of the low-pass filter", .min = 0, .max = 1e6 },
	{ 0, "sharpen", OPT_FLOAT, &o.sharpen, "T", "how long the blur is run backwards", .min = 0, .max = 100 },
	{ .type = OPT_SECTION, .help = "blend:" },
	{ 'k', "cut", OPT_INT, &o.k, "N", "the weights maximise ndcg of lists of this length", .min = 1, .max = 1000 },
	{ 0, "fit-users", OPT_INT, &o.fit_users, "N", "listeners they are fitted on, drawn from those of --valid", .min = 1, .max = 4e9 },
	{ 0, "min-gain", OPT_FLOAT, &o.min_gain, "X", "standard errors of ndcg that a part must be worth to have a weight", .min = 0, .max = 100 },
	{ 0, "part", OPT_LIST, &o.part, "FILE", "a model that takes part; given for each", .flags = OPT_IS_PATH },
	{ 0, "valid", OPT_LIST, &o.valid, "EVENTS", "held-out events that the weights are fitted on", .flags = OPT_IS_PATH },
	{ 0, "weights", OPT_STR, &o.weights, "W,...", "weights of the parts, in their order; then nothing is fitted" },
	{ .type = OPT_SECTION, .help = "ease:" },
	{ 'M', "memory", OPT_STR, &o.memory, "SIZE", "refuse what would need more; N% is of this machine's", .flags = OPT_NO_PROV },
	{ 0, "dropout", OPT_FLOAT, &o.dropout, "P", "regularisation by popularity, as if each input were dropped with this probability", .min = 0, .max = 0.999 },
	{ 0, "min-users", OPT_INT, &o.min_users, "N", "leave out items of fewer users", .min = 1, .max = 4e9 },
	{ 0, "top", OPT_INT, &o.top, "N", "largest weights kept of each recommended item; 0: all", .min = 0, .max = 4e9 },
	{ .type = OPT_SECTION, .help = "softmax:" },
	{ 0, "layers", OPT_INT, &o.layers, "N", "steps over the graph of users and items that vectors are smoothed by", .min = 1, .max = SOFTMAX_LAYERS_MAX },
	{ 0, "ego", OPT_FLOAT, &o.ego, "X", "weight of a row's own numbers beside the smoothed ones", .min = 0, .max = 1000 },
	{ 0, "temperature", OPT_FLOAT, &o.temperature, "X", "that the cosines are divided by", .min = 0.01, .max = 100 },
	{ 0, "neg-power", OPT_FLOAT, &o.neg_power, "X", "power of an item's popularity in the sum over all items", .min = -2, .max = 2 },
	{ 0, "user-power", OPT_FLOAT, &o.user_power, "X", "power of a user's number of items in their weight", .min = -2, .max = 2 },
	{ 0, "negatives", OPT_INT, &o.negatives, "N", "items drawn for the sum; 0: all", .min = 0, .max = 4e9 },
	{ 0, "batch", OPT_INT, &o.batch, "N", "users between two steps; 0: a 32nd of them, at most 1024", .min = 0, .max = 4e9 },
	{ 0, "rate", OPT_FLOAT, &o.rate, "X", "of a step of Adam", .min = 1e-9, .max = 10 },
	{ .type = OPT_SECTION, .help = "als and softmax:" },
	{ 'd', "dim", OPT_INT, &o.d, "N", "components of a vector", .min = 1, .max = MODEL_DIM_MAX },
	{ 'e', "epochs", OPT_INT, &o.epochs, "N", "als: times that items and users are solved; softmax: times over all users; 0: 8 and 16", .min = 0, .max = 100000 },
	{ .type = OPT_SECTION, .help = "als and ease:" },
	{ 0, "confidence", OPT_ENUM, &o.confidence, "HOW", "how a pair's summed weight r counts: 1, r, or log2(1 + r); als: log, ease: binary", .names = "binary|linear|log" },
	{ 0, "lambda", OPT_FLOAT, &o.lambda, "X", "regularisation; als: 0.002, ease: 100", .min = 0, .max = 1e6 },
	{ .type = OPT_SECTION, .help = "als, ease and graph:" },
	{ 0, "tune", OPT_STR, &o.tune, "EVENTS", "find the options by which these events are foretold best", .flags = OPT_IS_PATH },
	{ 0, "tune-k", OPT_INT, &o.tune_k, "N", "items of a list: ndcg at N decides", .min = 1, .max = 10000 },
	{ 0, "tune-log", OPT_STR, &o.tune_log, "FILE", "append what was tried, and go on from there", .flags = OPT_NO_PROV },
	{ 0, "tune-params", OPT_STR, &o.tune_params, "NAME,...", "which options; else those at their defaults", .flags = 0 },
	{ 0, "tune-users", OPT_INT, &o.tune_users, "N", "measure by so many users at most", .min = 1, .max = 4e9 },
	{ 0, "trials", OPT_INT, &o.trials, "N", "settings to begin with", .min = 1, .max = 100000 },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-train",
	.about = "learn a model: events in, model out",
	.usage = "pop|als|ease|graph|softmax|blend [options] [events...]",
	.opts = opts,
	.verbs = "pop|als|ease|graph|softmax|blend",
};

static struct weigh weigh;
static uint64_t most_memory;		/* bytes, of -M */
static struct prov prov;
static struct buf inputs;
static const struct model_tuned *tuned;	/* once the options have been searched */
static bool is_trial;			/* while they are */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void finish_prov(void)
{
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
}

/* ---- pop ---- */

static void count_file(struct pop_make *p, const char *path, struct progress *pr, struct err *e)
{
	struct eventr *r = eventr_open(path, o.has_header, e);
	struct event ev;
	uint64_t total;
	int got;

	if (!r)
		die_err(e);
	while ((got = eventr_next(r, &ev, e)) == 1) {
		if (pop_make_event(p, &ev, e)) {
			struct buf where = { 0 };
			eventr_where(r, &where);
			err_prefix(e, "%s", where.p);
			die_err(e);
		}
		if (p->n_events % 4096 == 0) {
			uint64_t done = eventr_bytes(r, &total);
			pr->total = total;
			progress_set(pr, done);
		}
	}
	if (got < 0 || eventr_prov(r, &prov, &inputs, e))
		die_err(e);
	eventr_close(r);
}

static void train_pop(struct sink *out, struct err *e)
{
	static const char *standard_input[] = { "-" };
	struct pop_opts po = { (enum pop_count)o.count, o.half_life * 86400, weigh };
	struct pop_make p;
	struct progress pr;
	size_t n_files = tool.n_args ? tool.n_args : 1;

	pop_make_init(&p, &po);
	for (size_t i = 0; i < n_files; i++) {
		progress_start(&pr, "read", "bytes", 0);
		count_file(&p, tool.n_args ? tool.arg[i] : standard_input[0], &pr, e);
		progress_end(&pr);
	}
	if (pop_make_count(&p, e))
		die_err(e);
	finish_prov();
	if (pop_make_save(&p, out, &prov, e))
		die_err(e);
	note("%llu events, %zu users, %zu items", (unsigned long long)p.n_events, p.user.n, p.item.n);
	pop_make_release(&p);
}

/* ---- als ---- */

/* show_done - for readers and the inverse alike. */
static void show_done(void *ctx, uint64_t done, uint64_t total)
{
	struct progress *pr = ctx;

	pr->total = total;
	progress_set(pr, done);
}

/* read_pairs - of the operands, and of `more` behind them (NULL: none). */
static void read_pairs(struct inter *in, const char *more, struct err *e)
{
	struct progress pr;
	const char **path = mem_new(tool.n_args + 2, sizeof *path);
	size_t n = tool.n_args;

	memcpy(path, tool.arg, n * sizeof *path);
	if (more && !n)
		path[n++] = "-";
	if (more)
		path[n++] = more;
	struct inter_opts io = { .weight = weigh_event, .ctx = &weigh, .has_header = o.has_header, .pool = tool_pool(), .progress = show_done, .progress_ctx = &pr };

	progress_start(&pr, "read", "bytes", 0);
	if (weigh.half_life > 0)
		io.fade = weigh_fade;
	if (inter_load(in, path, n, &io, &prov, &inputs, e))
		die_err(e);
	weigh.newest = io.newest;
	mem_free(path);
	progress_end(&pr);
	note("%llu events, %zu pairs, %zu users, %zu items", (unsigned long long)in->n_events, in->m.start ? in->m.start[in->m.n_rows] : 0,
	     in->user.n, in->item.n);
}

/* write_loss - with -v a row for each epoch on stderr; seconds are those of its two sweeps. */
static void write_loss(struct als *m, int64_t epoch, double took, struct err *e)
{
	struct als_loss l;

	if (als_loss(m, &l, tool_pool(), e))
		die_err(e);
	if (epoch == 1)
		fprintf(stderr, "epoch\tloss\tobserved\tunobserved\tregularisation\tseconds\n");
	fprintf(stderr, "%lld\t%.9g\t%.9g\t%.9g\t%.9g\t%.3f\n", (long long)epoch, l.total, l.observed, l.unobserved, l.regularisation, took);
}

/* go_on - both sides of the older model, then the users to the events that are there now: an epoch begins with the items. */
static void go_on(struct als *m, struct inter *in, struct model *old, struct err *e)
{
	size_t users, items;

	if (als_take(m, ALS_ITEMS, old, &in->item, &items, e) || als_take(m, ALS_USERS, old, &in->user, &users, e))
		die_err(e);
	note("of %zu users %zu and of %zu items %zu are in %s", in->user.n, users, in->item.n, items, o.init);
	if (!o.update && als_sweep(m, ALS_USERS, tool_pool(), e))
		die_err(e);
}

/* touched - [n] 1 for the ids that are in `by`. */
static uint8_t *touched(const struct vocab *ids, const struct vocab *by, size_t *n, struct err *e)
{
	uint8_t *is = mem_try0(ids->n, 1, "rows to solve", e);

	if (!is)
		die_err(e);
	*n = 0;
	for (size_t i = 0; i < ids->n; i++)
		*n += is[i] = vocab_find(by, ids->str[i].p, ids->str[i].len) != VOCAB_NONE;
	return is;
}

/* update_als - users, items and users again, of those that --update has events of; the others stay as they are. */
static void update_als(struct als *m, struct inter *in, struct err *e)
{
	static const enum als_axis order[] = { ALS_USERS, ALS_ITEMS, ALS_USERS };
	struct inter_opts io = { .has_header = o.has_header };
	struct inter fresh;
	size_t users, items;

	if (inter_load(&fresh, &o.update, 1, &io, NULL, NULL, e))
		die_err(e);
	uint8_t *only_users = touched(&in->user, &fresh.user, &users, e), *only_items = touched(&in->item, &fresh.item, &items, e);
	m->side[ALS_USERS].only = only_users;
	m->side[ALS_ITEMS].only = only_items;
	for (int i = 0; i < 3; i++)
		if (i < 2 ? als_sweep(m, order[i], tool_pool(), e) : als_settle(m, tool_pool(), e))
			die_err(e);
	note("solved %zu users and %zu items", users, items);
	m->side[ALS_USERS].only = m->side[ALS_ITEMS].only = NULL;
	mem_free(only_users);
	mem_free(only_items);
	inter_release(&fresh);
}

static void train_epochs(struct als *m, struct err *e)
{
	struct progress pr;

	progress_start(&pr, "train", "sweeps", 2 * (uint64_t)o.epochs);
	for (int64_t epoch = 1; epoch <= o.epochs && !e->code; epoch++) {
		double start = seconds();
		if (als_sweep(m, ALS_ITEMS, tool_pool(), e))
			break;
		progress_set(&pr, 2 * (uint64_t)epoch - 1);
		if (epoch < o.epochs ? als_sweep(m, ALS_USERS, tool_pool(), e) : als_settle(m, tool_pool(), e))
			break;
		progress_set(&pr, 2 * (uint64_t)epoch);
		if (tool.is_verbose && !is_trial)
			write_loss(m, epoch, seconds() - start, e);
	}
	progress_end(&pr);
}

static void align_als(struct als *m, struct inter *in, struct als_made *made, struct err *e)
{
	struct model old;
	size_t n;

	if (model_open(&old, o.align, e) || als_align(m, &old, &in->item, &n, &made->residual, tool_pool(), e) || artifact_prov(old.art, &prov, &inputs, e))
		die_err(e);
	made->is_aligned = true;
	note("aligned by %zu items; the residual is %.6f of the length of the older vectors", n, made->residual);
	model_release(&old);
}

static struct model old;		/* of --init */

/* open_old - before the events are read: an update weighs them as the older model did. */
static void open_old(struct err *e)
{
	struct als_opts ao = { 0 };

	if (o.init && model_open(&old, o.init, e))
		die_err(e);
	if (!o.update)
		return;
	weigh_release(&weigh);
	if (als_options(&ao, &weigh, &old, e))
		die_err(e);
}

/* learn_als - in->m is used up. */
static int learn_als(struct inter *in, struct sink *out, struct err *e)
{
	struct als_opts ao = { (size_t)o.d, o.lambda, o.nu, o.unobserved, o.damp, o.stddev, o.has_bias, (enum ridge_solver)o.solver, (size_t)o.block, (int)o.steps,
			       (uint64_t)o.seed, { NULL, NULL } };
	struct als_made made = { .epochs = (size_t)o.epochs, .n_events = in->n_events, .is_updated = o.update };
	struct als m;

	if (o.update) {
		struct weigh w = { 0 };		/* is there already, with the newest event of now */
		double epochs;
		if (als_options(&ao, &w, &old, e) || model_number(&old, "epochs", 0, 1e6, &epochs, e))
			die_err(e);
		made.epochs = (size_t)epochs;
		weigh_release(&w);
	}
	const char *wrong = als_check(&ao);
	if (wrong)
		usage_die("%s", wrong);
	ao.ids[ALS_ITEMS] = &in->item;
	ao.ids[ALS_USERS] = &in->user;
	ao.tuned = tuned;
	if (als_init(&m, &in->m, &weigh, &ao, tool_pool(), e))
		return e->code;
	if (o.init)
		go_on(&m, in, &old, e);
	if (o.update)
		update_als(&m, in, e);
	else
		train_epochs(&m, e);
	if (!e->code && o.init && artifact_prov(old.art, &prov, &inputs, e))
		die_err(e);
	if (!e->code && o.align && !is_trial)
		align_als(&m, in, &made, e);
	if (!e->code && !is_trial)
		finish_prov();
	if (!e->code)
		als_save(&m, out, &in->user, &in->item, &weigh, &made, &prov, e);
	als_release(&m);
	model_release(&old);
	return e->code;
}

/* ---- ease ---- */

static struct ease_opts ease_options(const struct inter *in)
{
	return (struct ease_opts){ o.lambda, o.dropout, (size_t)o.top, (size_t)o.min_users, most_memory, &in->item, tuned };
}

/* learn_ease - G, its inverse and the weights; in->m is used up. With -v a row on stderr of how long each took. */
static int learn_ease(struct inter *in, struct sink *out, struct err *e)
{
	struct ease_make m;
	struct ease_opts eo = ease_options(in);
	const char *wrong = ease_check(&eo);
	struct progress pr;
	struct num_step step = { show_done, &pr };
	double t[4] = { seconds() };

	if (wrong)
		usage_die("%s", wrong);
	if (ease_init(&m, &in->m, &weigh, &eo, tool_pool(), e))
		return e->code;
	t[1] = seconds();
	progress_start(&pr, "invert", "steps", 0);
	ease_invert(&m, &step, tool_pool(), e);
	progress_end(&pr);
	t[2] = seconds();
	if (!e->code)
		ease_prune(&m, tool_pool(), e);
	t[3] = seconds();
	if (tool.is_verbose && !is_trial && !e->code)
		fprintf(stderr, "items\tpairs\tweights\tgram\tinverse\tprune\n%zu\t%zu\t%llu\t%.3f\t%.3f\t%.3f\n", m.n, m.n_pairs,
			(unsigned long long)m.start[m.n_items], t[1] - t[0], t[2] - t[1], t[3] - t[2]);
	if (!e->code && !is_trial)
		finish_prov();
	if (!e->code)
		ease_save(&m, out, &in->item, &weigh, in->n_events, &prov, e);
	ease_release(&m);
	return e->code;
}

/* ---- graph ---- */

/* learn_graph - in->m is used up. */
static int learn_graph(struct inter *in, struct sink *out, struct err *e)
{
	struct graph_opts go = { (size_t)o.rank, o.row_power, o.col_power, o.low, o.sharpen, (int)o.iterations, (uint64_t)o.seed, tuned };
	struct graph g;
	double start = seconds();

	if (graph_make(&g, &in->m, &weigh, &go, tool_pool(), e))
		return e->code;
	if (!is_trial)
		note("%zu singular vectors in %.2f s", g.o.d, seconds() - start);
	if (!is_trial)
		finish_prov();
	graph_save(&g, out, in->user.n, &in->item, in->n_events, &prov, e);
	graph_release(&g);
	return e->code;
}

/* ---- softmax ---- */

/* learn_softmax - in->m is used up. With -v a row for each epoch on stderr. */
static int learn_softmax(struct inter *in, struct sink *out, struct err *e)
{
	struct softmax_opts so = { (size_t)o.d, (size_t)o.epochs, (size_t)o.layers, o.ego, o.temperature, o.neg_power, o.user_power, o.rate, (size_t)o.batch,
				   (size_t)o.negatives, (uint64_t)o.seed };
	const char *wrong = softmax_check(&so);
	struct softmax m;
	struct progress pr;

	if (wrong)
		usage_die("%s", wrong);
	if (softmax_init(&m, &in->m, &so, e))
		return e->code;
	progress_start(&pr, "train", "epochs", (uint64_t)o.epochs);
	for (int64_t epoch = 0; epoch < o.epochs; epoch++) {
		double start = seconds(), loss;
		if (softmax_epoch(&m, &loss, (size_t)epoch, tool_pool(), e))
			break;
		progress_set(&pr, (uint64_t)epoch + 1);
		if (tool.is_verbose && !is_trial)
			fprintf(stderr, "%s%lld\t%.9g\t%.3f\n", epoch ? "" : "epoch\tloss\tseconds\n", (long long)epoch + 1, loss, seconds() - start);
	}
	progress_end(&pr);
	if (!e->code && !is_trial)
		finish_prov();
	if (!e->code)
		softmax_save(&m, out, &in->user, &in->item, &weigh, in->n_events, &prov, tool_pool(), e);
	softmax_release(&m);
	return e->code;
}

/* ---- tune ---- */

typedef int learner(struct inter *in, struct sink *out, struct err *e);

static struct { const char *verb; struct tune_param param; bool is_off; } searched[] = {
	{ "als", { "lambda", 1e-4, 2e-2, true, &o.lambda } },
	{ "als", { "unobserved", 2, 500, true, &o.unobserved } },
	{ "als", { "damp", 0, 0.6, false, &o.damp } },
	{ "ease", { "lambda", 5, 5000, true, &o.lambda } },
	{ "ease", { "dropout", 0, 0.5, false, &o.dropout } },
	{ "graph", { "row-power", 0, 0.6, false, &o.row_power } },
	{ "graph", { "col-power", 0, 0.7, false, &o.col_power } },
	{ "graph", { "low", 0.003, 1, true, &o.low } },
	{ "graph", { "sharpen", 0, 4, false, &o.sharpen } },
};

struct trials {				/* what all of them share */
	learner *learn;
	struct inter *in;
	struct valid valid;
	uint32_t *rank;			/* [items] of ids */
	struct buf model;
	int64_t *budget;		/* epochs or rank; NULL: ease */
	uint32_t *users;		/* [items] ease: how many each has, most first */
};

/* set_budget - epochs, rank, or as many of the most popular items as --min-users can cut. */
static void set_budget(const struct trials *t, int64_t budget)
{
	if (t->budget)
		*t->budget = budget;
	else if ((size_t)budget < t->in->item.n && t->users[budget] >= o.min_users && t->users[budget] < t->users[0])
		o.min_users = (int64_t)t->users[budget] + 1;
}

/* measure - learn by the options as they are, and rank the whole catalogue for the users of the validation events. What has no solution is worth 0. */
static int measure(void *ctx, int64_t budget, double *ndcg, double *recall, struct err *e)
{
	struct trials *t = ctx;
	struct inter in = *t->in;
	struct model m = { 0 };
	struct scorer s = { 0 };
	struct valid *v = &t->valid;
	int64_t min_users = o.min_users;

	*ndcg = *recall = 0;
	set_budget(t, budget);
	buf_reset(&t->model);
	struct sink *out = sink_open_memory("a trial's model", &t->model);
	if (!csr_rows(&in.m, &t->in->m, NULL, t->in->m.n_rows, e))
		t->learn(&in, out, e);
	if (e->code)
		sink_abandon(out);
	else
		sink_close(out, e);
	csr_release(&in.m);
	o.min_users = min_users;
	if (e->code == ERR_NUMERIC) {
		note("%s: counts 0", e->msg);
		*e = (struct err){ 0 };
		return 0;
	}
	if (!e->code && !model_open_memory(&m, "a trial's model", t->model.p, t->model.len, e) && !scorer_open(&s, &m, tool_pool(), e) &&
	    !scorer_best(&s, v->run.start, v->run.item, v->k, &v->has, t->rank, tool_pool(), e))
		valid_means(v, ndcg, recall, tool_pool(), e);
	scorer_release(&s);
	model_release(&m);
	return e->code;
}

static void show_line(void *ctx, const char *line)
{
	(void)ctx;
	if (tool.is_verbose)
		fputs(line, stderr);
}

static int more_first(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x > y ? -1 : x < y;
}

/* choose_budgets - a quarter, half and all of what is given, of epochs twice as many besides; items not below 2000, which take no time. */
static void choose_budgets(struct tune *s, struct trials *t, struct err *e)
{
	const char *name[] = { "epochs", "rank", "items" };
	int64_t given, least = 1;
	int kind = !strcmp(tool.verb, "als") ? 0 : !strcmp(tool.verb, "graph") ? 1 : 2;

	t->budget = kind == 0 ? &o.epochs : kind == 1 ? &o.rank : NULL;
	if (kind < 2) {
		given = *t->budget;
	} else {
		struct ease_opts eo = ease_options(t->in);
		if (ease_fits(&t->in->m, &eo, tool_pool(), e))	/* now, and not after the smaller budgets */
			die_err(e);
		t->users = mem_new(t->in->item.n + 1, sizeof *t->users);
		for (size_t j = 0; j < t->in->m.start[t->in->m.n_rows]; j++)
			t->users[t->in->m.col[j]]++;
		qsort(t->users, t->in->item.n, sizeof *t->users, more_first);
		for (given = 0; t->users[given] && t->users[given] >= o.min_users; given++)
			;
		least = 2000;
	}
	s->budget_name = name[kind];
	for (int64_t part = 4; part; part /= 2) {
		int64_t b = given / part < least ? least : given / part;
		if (b < given && (!s->n_budgets || b > s->budget[s->n_budgets - 1]))
			s->budget[s->n_budgets++] = b;
	}
	s->given = s->n_budgets;
	s->budget[s->n_budgets++] = given;
	if (kind == 0)
		s->budget[s->n_budgets++] = 2 * given;
	s->whole_only = kind == 2;
}

/* tune - leave the best options in place. */
static void tune(struct inter *in, learner *learn, struct err *e)
{
	static struct model_tuned found;
	struct trials t = { .learn = learn, .in = in };
	struct tune s = { .score_name = "ndcg", .second_name = "recall", .n_trials = (size_t)o.trials, .n_near = (size_t)o.trials / TUNE_ETA, .seed = (uint64_t)o.seed,
			  .measure = measure, .show = show_line, .ctx = &t, .log = o.tune_log };
	struct inter_opts io = { .weight = weigh_event, .ctx = &weigh, .has_header = o.has_header };
	struct tune_row best;
	struct buf identity = { 0 };

	if (valid_load(&t.valid, o.tune, in, &io, (size_t)o.tune_k, (size_t)o.tune_users, (uint64_t)o.seed, &prov, &inputs, e))
		die_err(e);
	note("%llu events to tune by, %llu of unknown users or items; %zu users", (unsigned long long)t.valid.n_events, (unsigned long long)t.valid.n_unknown, t.valid.n_users);
	choose_budgets(&s, &t, e);
	for (size_t i = 0; i < sizeof searched / sizeof *searched; i++)
		if (!strcmp(searched[i].verb, tool.verb) && !searched[i].is_off)
			s.param[s.n_params++] = searched[i].param;
	if (!s.n_params)
		s.n_trials = 1;
	t.rank = mem_try(in->item.n, sizeof *t.rank, "order of ids", e);
	if (e->code || vocab_rank(&in->item, t.rank, e))
		die_err(e);
	buf_printf(&identity, "%s\n%s\n%s", tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	s.identity = identity.p;
	is_trial = true;
	if (tune_run(&s, &best, &found.trials, e))
		die_err(e);
	is_trial = false;
	set_budget(&t, best.budget);
	found.ndcg = best.score;
	found.k = t.valid.k;
	found.users = t.valid.n_users;
	tuned = &found;
	valid_release(&t.valid);
	mem_free(t.rank);
	mem_free(t.users);
	buf_release(&t.model);
	buf_release(&identity);
}

/* train - what als, ease, graph and softmax have in common. */
static void train(learner *learn, struct sink *out, struct err *e)
{
	struct inter in;

	if (learn == learn_graph || learn == learn_softmax)
		weigh.shape = WEIGH_BINARY;
	if (learn == learn_als)
		open_old(e);
	read_pairs(&in, o.update, e);
	if (o.tune && in.m.start[in.m.n_rows])
		tune(&in, learn, e);
	if (learn(&in, out, e))
		die_err(e);
	inter_release(&in);
}

/* ---- blend ---- */

static struct {
	struct blend b;
	struct history history;		/* of everybody */
	struct inter valid;
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
	static const char *const standard_input[] = { "-" };
	struct history_source from = { tool.n_args ? tool.arg : standard_input, tool.n_args ? tool.n_args : 1, NULL, 0, weigh_event,
				       blend_weigh(&mix.b) ? blend_weigh(&mix.b) : &weigh, o.has_header };
	struct progress pr;
	struct inter_opts io = { .weight = weigh_event, .ctx = from.ctx, .has_header = o.has_header, .progress = show_done, .progress_ctx = &pr };

	progress_start(&pr, "read", "bytes", 0);
	if (history_load(&mix.history, &from, &mix.b.part[0].model, &prov, &inputs, e) ||
	    inter_load(&mix.valid, o.valid.v, o.valid.n, &io, &prov, &inputs, e))
		die_err(e);
	progress_end(&pr);
	if (mix.history.unknown.n)
		warn("%zu items are unknown to the parts: their events do not count", mix.history.unknown.n);
}

/* held_out - put what row v of valid has and row u of the histories has not into t as row n; how many. */
static size_t held_out(size_t v, size_t u, const uint32_t *number, struct csr_entries *t, size_t n)
{
	const struct csr *m = &mix.valid.m;
	size_t before = t->n;

	for (size_t i = m->start[v]; i < m->start[v + 1]; i++)
		if (number[m->col[i]] >= mix.b.n_items || !csr_has(&mix.history.has, u, number[m->col[i]]))
			csr_entries_add(t, (uint32_t)n, number[m->col[i]], 1);
	return t->n - before;
}

static void take_row(struct csr_entries *t, size_t n, const struct csr *m, size_t row)
{
	for (size_t i = m->start[row]; i < m->start[row + 1]; i++)
		csr_entries_add(t, (uint32_t)n, m->col[i], m->val[i]);
}

static void make_rows(struct csr *m, struct csr_entries *t, size_t n, size_t n_cols, struct err *e)
{
	if (csr_from_pairs(m, t->row, t->col, t->val, t->n, n, n_cols, e))
		die_err(e);
	csr_entries_release(t);
}

/* draw_listeners - at most --fit-users of those with a history and with something held out that they do not have yet. */
static void draw_listeners(struct err *e)
{
	struct csr_entries liked = { 0 }, has = { 0 }, truth = { 0 };
	size_t n_valid = mix.valid.user.n, n_items = mix.b.n_items, n = 0;
	uint32_t *number = mem_try(mix.valid.item.n, sizeof *number, "numbers of items", e), *who = mem_try(n_valid, sizeof *who, "listeners", e);
	struct pcg32 r;

	if (!number || !who)
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
		take_row(&liked, n, &mix.history.liked, u);
		take_row(&has, n, &mix.history.has, u);
		n++;
	}
	if (!n)
		die(EXIT_DATA, "no listener of --valid has both a history and something that is not in it");
	make_rows(&mix.liked, &liked, n, n_items, e);
	make_rows(&mix.has, &has, n, n_items, e);
	make_rows(&mix.truth, &truth, n, n_items + mix.valid.item.n, e);
	mem_free(number);
	mem_free(who);
}

/* score_part - a fit_scores. */
static int score_part(void *ctx, size_t part, float *out, size_t first, size_t n, struct err *e)
{
	(void)ctx;
	if (blend_part_scores(&mix.b, part, out, NULL, &mix.liked, first, n, tool_pool(), e))
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
	struct fit_opts fo = { mix.b.n, mix.b.n_items, (size_t)o.k, idtab_rank(&mix.b.ids, e), o.min_gain, score_part, NULL, show_done, &pr };
	struct fit f;
	double start = seconds();

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
	note("%zu weights tried on %zu listeners in %.2f s, ndcg@%lld %.6f", f.n_tried, to->n_users, seconds() - start, (long long)o.k, f.searched);
	if (!tool.is_verbose)
		return;
	fprintf(stderr, "part\tkind\tweight\tndcg@%lld\trecall@%lld\n", (long long)o.k, (long long)o.k);
	for (size_t k = 0; k < mix.b.n; k++)
		fprintf(stderr, "%s\t%s\t%.6g\t%.6f\t%.6f\n", artifact_name(mix.b.part[k].model.art), mix.b.part[k].model.kind, f.weight[k], f.ndcg[k], f.recall[k]);
	fprintf(stderr, "-\tblend\t1\t%.6f\t%.6f\n", f.ndcg[mix.b.n], f.recall[mix.b.n]);
}

static void train_blend(struct sink *out, struct err *e)
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
	csr_release(&mix.has);
	csr_release(&mix.truth);
}

/* check_blend - what it reads. */
static void check_blend(void)
{
	if (o.part.n < 2)
		usage_die("a blend has two parts at least: --part FILE --part FILE");
	if (o.part.n > BLEND_PARTS)
		usage_die("more than %d parts of a blend", BLEND_PARTS);
	if (o.weight.n || o.value.n)
		usage_die("--weight and --value are not for blend: its parts say how they weigh events");
	if (o.weights && (o.valid.n || tool.n_args))
		usage_die("--weights are given: no events are read");
	if (!o.weights && !o.valid.n)
		usage_die("what are the weights fitted on? --valid EVENTS, or --weights");
	for (size_t i = 0; i < o.part.n; i++)
		tool_reads(o.part.v[i]);
	for (size_t i = 0; i < o.valid.n; i++)
		tool_reads(o.valid.v[i]);
	if (!o.weights)
		tool_reads_args(0);
}

/* ---- main ---- */

/* belongs_to - the heading, which names verbs, that an option stands under; NULL: any. */
static const char *belongs_to(const struct opt *of)
{
	const char *verb = NULL;

	for (const struct opt *r = opts; r != of; r++)
		if (r->type == OPT_SECTION)
			verb = r->help;
	return verb;
}

/* check_memory - -M as bytes. */
static void check_memory(void)
{
	size_t len = strlen(o.memory);
	double share;

	if (len && o.memory[len - 1] == '%') {
		if (!scan_f64(o.memory, len - 1, &share) || !(share > 0 && share <= 100))
			usage_die("-M: '%.40s' is not a share from 0%% to 100%%", o.memory);
		most_memory = (uint64_t)((double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) * share / 100);
	} else if (!scan_size(o.memory, len, &most_memory) || most_memory < 1 << 20) {
		usage_die("-M: '%.40s' is neither a size of 1M at least nor a share such as 80%%", o.memory);
	}
}

/* is_named - whether name is one of those of a list parted by commas. */
static bool is_named(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, name, len) && (p[len] == ',' || !p[len]))
			return true;
	return false;
}

/* check_tune - what is searched: what --tune-params names, else what argv has not changed. */
static void check_tune(const struct buf *defaults)
{
	size_t row = 0, n_names = o.tune_params != NULL, n_found = 0;
	struct buf names = { 0 };

	for (const struct opt *r = opts; r->name || r->type == OPT_SECTION; r++, row++) {
		struct buf v = { 0 };
		opt_value(&v, r);
		bool is_given = r->type != OPT_SECTION && v.len && strcmp(v.p, defaults[row].p ? defaults[row].p : "");
		buf_release(&v);
		if (is_given && !o.tune && (!strncmp(r->name, "tune-", 5) || r->var == &o.trials))
			usage_die("--%s needs --tune", r->name);
		for (size_t i = 0; i < sizeof searched / sizeof *searched; i++) {
			if (searched[i].param.value != r->var || strcmp(searched[i].verb, tool.verb))
				continue;
			searched[i].is_off = o.tune_params ? !is_named(o.tune_params, r->name) : is_given;
			n_found += !searched[i].is_off;
			buf_printf(&names, "%s%s", names.len ? ", " : "", r->name);
		}
	}
	for (const char *p = o.tune_params; p && (p = strchr(p, ',')); p++)
		n_names++;
	if (o.tune_params && n_found != n_names)
		usage_die("--tune-params: '%.60s' is not made of different ones of %s", o.tune_params, names.p);
	buf_release(&names);
	if (o.tune)
		tool_reads(o.tune);
	if (o.tune && o.init)
		usage_die("--tune and --init exclude each other");
	if (o.tune_log && (!strcmp(o.tune_log, "-") || !strcmp(o.tune_log, o.out)))
		usage_die("--tune-log: '%.60s' will not do: a file of its own, which is read again when the search goes on", o.tune_log);
	if (o.tune_log)
		tool_reads(o.tune_log);
}

/* check_options - defaults holds the values before argv: an option of another verb that changed something was meant for it. */
static void check_options(const struct buf *defaults)
{
	struct err e = { 0 };
	size_t row = 0;
	bool is_ease = !strcmp(tool.verb, "ease");

	for (const struct opt *r = opts; r->name || r->type == OPT_SECTION; r++, row++) {
		const char *verb = belongs_to(r);
		struct buf v = { 0 };
		opt_value(&v, r);
		if (r->type != OPT_SECTION && verb && !strstr(verb, tool.verb) && v.len && strcmp(v.p, defaults[row].p ? defaults[row].p : ""))
			usage_die("--%s is an option of %.*s", r->name, (int)strcspn(verb, ":"), verb);
		if (o.update && r->type != OPT_SECTION && (verb ? r->var != &o.init && r->var != &o.update && r->var != &o.align : r->var == &o.weight || r->var == &o.value || r->var == &o.seed) &&
		    v.len && strcmp(v.p, defaults[row].p ? defaults[row].p : ""))
			usage_die("--%s is as it was in --init with --update", r->name);
		buf_release(&v);
	}
	check_tune(defaults);
	if (isnan(o.lambda))
		o.lambda = is_ease ? ease_lambda : als_lambda;
	if (!o.epochs)
		o.epochs = !strcmp(tool.verb, "softmax") ? softmax_epochs : als_epochs;
	if (!o.steps)
		o.steps = o.solver == RIDGE_CG ? 3 : 1;
	if (o.confidence < 0)
		o.confidence = is_ease ? WEIGH_BINARY : WEIGH_LOG;
	if (o.update && !o.init)
		usage_die("--update needs the model to update: --init");
	if (o.init)
		tool_reads(o.init);
	if (o.align && (!o.init || strcmp(o.align, o.init)))
		tool_reads(o.align);
	if (o.update)
		tool_reads(o.update);
	check_memory();
	weigh_init(&weigh);
	weigh.shape = (enum weigh_shape)o.confidence;
	if (strcmp(tool.verb, "pop") && o.half_life > 0) {
		if (o.confidence == WEIGH_BINARY)
			usage_die("--half-life needs --confidence linear or log: a pair that is there counts 1, however old");
		weigh.half_life = o.half_life * 86400;
	}
	for (size_t i = 0; i < o.weight.n; i++)
		if (weigh_parse(&weigh, o.weight.v[i], &e))
			usage_die("--weight: %s", e.msg);
	for (size_t i = 0; i < o.value.n; i++)
		if (weigh_parse_values(&weigh, o.value.v[i], &e))
			usage_die("--value: %s", e.msg);
	if (!strcmp(tool.verb, "blend"))
		check_blend();
	else
		tool_reads_args(0);
}

int main(int argc, char **argv)
{
	struct buf defaults[sizeof opts / sizeof *opts] = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i + 1 < sizeof opts / sizeof *opts; i++)
		opt_value(&defaults[i], &opts[i]);
	tool_init(&tool, argc, argv);
	check_options(defaults);
	struct sink *out = tool_output(o.out, true);
	if (!strcmp(tool.verb, "pop"))
		train_pop(out, &e);
	else if (!strcmp(tool.verb, "blend"))
		train_blend(out, &e);
	else
		train(!strcmp(tool.verb, "ease") ? learn_ease : !strcmp(tool.verb, "graph") ? learn_graph : !strcmp(tool.verb, "softmax") ? learn_softmax : learn_als, out, &e);
	tool_output_close(out);
	weigh_release(&weigh);
	prov_release(&prov);
	buf_release(&inputs);
	for (size_t i = 0; i < sizeof opts / sizeof *opts; i++)
		buf_release(&defaults[i]);
	return tool_close(0);
}
