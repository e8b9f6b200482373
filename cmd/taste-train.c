/*
 * taste-train - events in, a model out. pop counts; als factorises the users x items matrix; ease learns weights from items to items; graph finds the smooth
 * directions of the graph of users and items; softmax learns vectors that are smoothed over that graph; session learns from what stands together in sessions;
 * seq from what listeners did in order; trees rank rows of features. als holds all distinct pairs (8, 12 or 16 bytes each, 12 bytes an event while it reads) and one row of floats for each user and item;
 * softmax 16 bytes a pair and seven such rows; ease a float for each two items; session 17 bytes an event, twice while they are put in order, and two rows an item; seq likewise,
 * four to six rows an item, and what lib/model/seq_learn.h says;
 * trees 4 bytes for each row and feature while it reads, 5 while these become codes (lib/model/trees_learn.h), then 1;
 * pop 8 bytes an event, or with --count events 16 bytes an item; blend the models, the listeners' events and what lib/eval/fit.h says. --tune holds the pairs twice and the model of one trial.
 */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/base/limit.h"
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/model/pop.h"
#include "../lib/model/ridge.h"
#include "../lib/model/seq_net.h"
#include "../lib/model/session.h"
#include "../lib/model/softmax.h"
#include "../lib/model/trees.h"
#include "train.h"

struct train_opts o = {
	.out = "-", .d = 64, .epochs = 0, .seed = 1, .lambda = NAN, .nu = 1, .unobserved = 20, .damp = 0.2, .stddev = NAN,
	.confidence = -1, .dropout = 0.2, .top = 200, .min_users = 1, .memory = "80%", .rank = 512, .iterations = 6, .row_power = 0.3,
	.col_power = 0.4, .low = 0.1, .sharpen = 2, .block = 64,
	.layers = 2, .batch = 0, .negatives = 0, .ego = 0.3, .temperature = NAN, .neg_power = NAN, .user_power = NAN, .rate = NAN,
	.window = 5, .back = 0.3, .decay = 0.6, .gap = 1800, .tokens = "creator,group,tags",
	.heads = 2, .hidden = -1, .length = 200, .patience = -1, .warmup = 0.05, .clip = 1, .kind_power = 0.5,
	.fit_users = 10000, .min_gain = 0.7,
	.tune_k = 20, .tune_users = 5000, .trials = 27,
	.trees = 300, .leaves = 63, .depth = TREES_DEPTH_MAX, .bins = 255, .min_rows = 20, .feature_share = 1, .row_share = 1,
};

/* What stands for NAN and 0, by verb. */
static const struct { const char *verb; double *var, value; } own_numbers[] = {
	{ "als", &o.lambda, 0.002 }, { "ease", &o.lambda, 100 }, { "trees", &o.lambda, 1 },
	{ "als", &o.stddev, 0.1 }, { "seq", &o.stddev, 0.1 },
	{ "softmax", &o.temperature, 0.1 }, { "seq", &o.temperature, 1 },
	{ "softmax", &o.neg_power, -0.3 }, { "session", &o.neg_power, 0.75 }, { "seq", &o.neg_power, 0.5 },
	{ "softmax", &o.user_power, 0.5 }, { "seq", &o.user_power, 1 },
	{ "softmax", &o.rate, 0.03 }, { "session", &o.rate, 0.1 }, { "seq", &o.rate, 0.003 }, { "trees", &o.rate, 0.1 },
};
static const struct { const char *verb; int64_t *var, value; } own_counts[] = {
	{ "als", &o.epochs, 8 }, { "softmax", &o.epochs, 16 }, { "session", &o.epochs, 20 }, { "seq", &o.epochs, 30 },
	{ "session", &o.negatives, 64 },
	{ "blend", &o.k, 20 }, { "trees", &o.k, 10 },
	{ "session", &o.batch, 4096 }, { "seq", &o.batch, 32 },
};

static const struct opt opts[] = {
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "the events begin with a line of column names", .flags = 0 },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 's', "seed", OPT_INT, &o.seed, "N", "seed of first vectors (als, graph, softmax, session, seq) and what is drawn, of what --tune tries, of whom blend draws", .min = 0, .max = 9e15 },
	{ 0, "weight", OPT_LIST, &o.weight, "KIND=W,...", "weight of an event by its kind, * any other; else 1, skips and dislikes 0", .flags = 0 },
	{ 0, "value", OPT_LIST, &o.value, "KIND=HOW,...", "how an event's value counts: ignore, binary, linear, log; else plays=linear,*=ignore" },
	{ .type = OPT_SECTION, .help = "pop:" },
	{ 0, "count", OPT_ENUM, &o.count, "WHAT", "distinct users, or the weights of all events", .names = POP_COUNTS },
	{ .type = OPT_SECTION, .help = "pop, als and ease:" },
	{ 0, "half-life", OPT_FLOAT, &o.half_life, "DAYS", "count half what is so much older than the newest event; 0: all alike", .min = 0, .max = 1e6 },
	{ .type = OPT_SECTION, .help = "als:" },
	{ 0, "nu", OPT_FLOAT, &o.nu, "X", "power of a row's frequency in its regularisation", .min = 0, .max = 4 },
	{ 0, "unobserved", OPT_FLOAT, &o.unobserved, "W", "weight of all pairs together, that of the observed ones being 1", .min = 0, .max = 1e6 },
	{ 0, "damp", OPT_FLOAT, &o.damp, "X", "power of an item's popularity that its pairs' weights are divided by", .min = 0, .max = 2 },
	{ 0, "bias", OPT_FLAG, &o.has_bias, NULL, "a bias for each user and item: two components more" },
	{ 0, "solver", OPT_ENUM, &o.solver, "HOW", "how a row is solved", .names = RIDGE_SOLVERS },
	{ 0, "block", OPT_INT, &o.block, "N", "components that block solves together", .min = 1, .max = MODEL_DIM_MAX },
	{ 0, "steps", OPT_INT, &o.steps, "N", "passes of block or steps of cg in a sweep; 0: 1 and 3", .min = 0, .max = 1000 },
	{ 0, "init", OPT_STR, &o.init, "MODEL", "go on from this older model", .flags = OPT_IS_PATH },
	{ 0, "update", OPT_STR, &o.update, "EVENTS", "only what these events, newer than the others, touch is solved; with --init", .flags = OPT_IS_PATH },
	{ 0, "align", OPT_STR, &o.align, "MODEL", "turn the vectors onto those of this older model", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "graph:" },
	{ 0, "rank", OPT_INT, &o.rank, "N", "singular vectors of the low-pass filter; 0: none", .min = 0, .max = MODEL_DIM_MAX },
	{ 0, "iterations", OPT_INT, &o.iterations, "N", "of the subspace they are found by", .min = 1, .max = 1000 },
	{ 0, "row-power", OPT_FLOAT, &o.row_power, "X", "power of a user's weight that its pairs are divided by", .min = 0, .max = 2 },
	{ 0, "col-power", OPT_FLOAT, &o.col_power, "X", "power of an item's weight that its pairs are divided by", .min = 0, .max = 2 },
	{ 0, "low", OPT_FLOAT, &o.low, "X", "weight of the low-pass filter", .min = 0, .max = 1e6 },
	{ 0, "sharpen", OPT_FLOAT, &o.sharpen, "T", "how long the blur is run backwards", .min = 0, .max = 100 },
	{ .type = OPT_SECTION, .help = "blend and trees:" },
	{ 'k', "cut", OPT_INT, &o.k, "N", "the weights, or trees, maximise ndcg of lists of this length; 0: blend 20, trees 10", .min = 0, .max = 1000 },
	{ .type = OPT_SECTION, .help = "blend:" },
	{ 0, "fit-users", OPT_INT, &o.fit_users, "N", "listeners they are fitted on, drawn from those of --valid", .min = 1, .max = 4e9 },
	{ 0, "min-gain", OPT_FLOAT, &o.min_gain, "X", "standard errors of ndcg that a part must be worth to have a weight", .min = 0, .max = 100 },
	{ 0, "part", OPT_LIST, &o.part, "FILE", "a model that takes part; given for each", .flags = OPT_IS_PATH },
	{ 0, "weights", OPT_STR, &o.weights, "W,...", "weights of the parts, in their order; then nothing is fitted" },
	{ .type = OPT_SECTION, .help = "blend, seq and trees:" },
	{ 0, "valid", OPT_LIST, &o.valid, "FILE", "held-out events, or rows: blend fits its weights on them, seq finds its best epoch by them, trees their best number", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "ease and seq:" },
	{ 0, "dropout", OPT_FLOAT, &o.dropout, "P", "ease: regularisation by popularity, as if each input were dropped with this probability; seq: numbers that are dropped", .min = 0, .max = 0.999 },
	{ .type = OPT_SECTION, .help = "ease:" },
	{ 'M', "memory", OPT_STR, &o.memory, "SIZE", "refuse what would need more; N% is of this machine's", .flags = OPT_NO_PROV },
	{ 0, "min-users", OPT_INT, &o.min_users, "N", "leave out items of fewer users", .min = 1, .max = 4e9 },
	{ 0, "top", OPT_INT, &o.top, "N", "largest weights kept of each recommended item; 0: all", .min = 0, .max = 4e9 },
	{ .type = OPT_SECTION, .help = "softmax:" },
	{ 0, "ego", OPT_FLOAT, &o.ego, "X", "weight of a row's own numbers beside the smoothed ones", .min = 0, .max = 1000 },
	{ .type = OPT_SECTION, .help = "softmax and seq:" },
	{ 0, "user-power", OPT_FLOAT, &o.user_power, "X", "power of a user's number of items (seq: events) in their weight; softmax: 0.5, seq: 1", .min = -2, .max = 2 },
	{ 0, "layers", OPT_INT, &o.layers, "N", "softmax: steps over the graph of users and items that vectors are smoothed by; seq: blocks of attention", .min = 0, .max = SEQ_LAYERS_MAX },
	{ 0, "temperature", OPT_FLOAT, &o.temperature, "X", "that scores are divided by; softmax: 0.1, seq: 1", .min = 0.001, .max = 100 },
	{ .type = OPT_SECTION, .help = "session:" },
	{ 0, "window", OPT_INT, &o.window, "N", "events to each side that an item foretells; 0: the whole session", .min = 0, .max = SESSION_TASK - 1 },
	{ 0, "back", OPT_FLOAT, &o.back, "X", "weight of what stood before an item, that of what came after being 1", .min = 0, .max = 1 },
	{ 0, "subsample", OPT_FLOAT, &o.subsample, "T", "thin items that are a larger share of all events; 0: none", .min = 0, .max = 1 },
	{ 0, "gap", OPT_INT, &o.gap, "SECONDS", "a longer silence ends a session; 0: all of a user's events are one", .min = 0, .max = 1e10 },
	{ 0, "min-count", OPT_INT, &o.min_count, "N", "leave out items of fewer events", .min = 0, .max = 4e9 },
	{ 0, "decay", OPT_FLOAT, &o.decay, "X", "what an event counts in a listener's vector, that of the next one being 1", .min = 0, .max = 1 },
	{ 0, "tokens", OPT_STR, &o.tokens, "NAME,...", "columns of --items that say what items have in common: kind, creator, group, tags", .names = "kind|creator|group|tags" },
	{ .type = OPT_SECTION, .help = "session and seq:" },
	{ 0, "items", OPT_STR, &o.items, "FILE", "the catalogue; session: what items have in common is learnt too; seq: each kind has a head of its own", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "seq:" },
	{ 0, "length", OPT_INT, &o.length, "N", "events of a listener that are looked at", .min = 1, .max = 65536 },
	{ 0, "heads", OPT_INT, &o.heads, "N", "of attention", .min = 1, .max = MODEL_DIM_MAX },
	{ 0, "hidden", OPT_INT, &o.hidden, "N", "width of the feed-forward; 0: none, -1: 2 d", .min = -1, .max = 65536 },
	{ 0, "attention", OPT_ENUM, &o.attention, "HOW", "over all that came before, or each by itself", .names = "softmax|pointwise" },
	{ 0, "features", OPT_LIST, &o.features, "NAME,...", "of an event beside its item and kind: gap, hour, device; time: between events", .names = "gap|hour|device|time" },
	{ 0, "kind-power", OPT_FLOAT, &o.kind_power, "X", "power of a kind's number of events in their weight: 1 all alike, 0 all kinds alike", .min = -2, .max = 2 },
	{ 0, "warmup", OPT_FLOAT, &o.warmup, "SHARE", "of all steps, in which the rate grows", .min = 0, .max = 1 },
	{ 0, "clip", OPT_FLOAT, &o.clip, "X", "cut the gradient to this length; 0: not", .min = 0, .max = 1e9 },
	{ 0, "checkpoint", OPT_STR, &o.checkpoint, "FILE", "after each epoch, write there what --resume goes on from", .flags = OPT_NO_PROV },
	{ 0, "resume", OPT_STR, &o.resume, "FILE", "go on from this checkpoint, to the same bytes", .flags = OPT_NO_PROV },
	{ 0, "cosine", OPT_FLAG, &o.is_cosine, NULL, "score by cosines in place of products; --temperature 0.1 or so then", .flags = 0 },
	{ 0, "quantise", OPT_FLAG, &o.is_quantised, NULL, "write numbers of 8 bits, and say what that costs" },
	{ .type = OPT_SECTION, .help = "trees:" },
	{ 0, "absent", OPT_ENUM, &o.absent, "WHAT", "what a feature is that a LIBSVM row does not name", .names = "missing|zero" },
	{ 0, "bins", OPT_INT, &o.bins, "N", "of a feature, at most", .min = 2, .max = 255 },
	{ 0, "depth", OPT_INT, &o.depth, "N", "of a tree, at most", .min = 1, .max = TREES_DEPTH_MAX },
	{ 0, "falling", OPT_LIST, &o.falling, "NAME,...", "features with which no score rises", .flags = 0 },
	{ 0, "feature-share", OPT_FLOAT, &o.feature_share, "X", "of the features, that a tree may ask", .min = 0, .max = 1 },
	{ 0, "gains", OPT_ENUM, &o.gains, "HOW", "what a label is worth in ndcg: 2^label - 1, or the label", .names = "exponential|linear" },
	{ 0, "groups", OPT_STR, &o.groups, "FILE", "numbers of rows of the queries, line by line", .flags = OPT_IS_PATH },
	{ 0, "leaves", OPT_INT, &o.leaves, "N", "of a tree, at most", .min = 2, .max = TREES_LEAVES_MAX },
	{ 0, "min-hessian", OPT_FLOAT, &o.min_hessian, "X", "curvature of a leaf, at least", .min = 0, .max = 1e9 },
	{ 0, "min-rows", OPT_INT, &o.min_rows, "N", "of a leaf, at least, reckoned from its curvature", .min = 0, .max = 4e9 },
	{ 0, "min-split", OPT_FLOAT, &o.min_split, "X", "what a question must gain", .min = 0, .max = 1e9 },
	{ 0, "objective", OPT_ENUM, &o.objective, "WHAT", "order within queries, the odds of labels 0 and 1, or the labels themselves", .names = "rank|logistic|squared" },
	{ 0, "pairs", OPT_INT, &o.pairs, "N", "pairs of a query have one of so many first; 0: -k and 20", .min = 0, .max = 1e9 },
	{ 0, "rising", OPT_LIST, &o.rising, "NAME,...", "features with which no score falls", .flags = 0 },
	{ 0, "row-share", OPT_FLOAT, &o.row_share, "X", "of the queries, that a tree is grown of", .min = 0, .max = 1 },
	{ 0, "trees", OPT_INT, &o.trees, "N", "at most", .min = 0, .max = TREES_MAX },
	{ 0, "valid-groups", OPT_STR, &o.valid_groups, "FILE", "the same of --valid", .flags = OPT_IS_PATH },
	{ 0, "valid-share", OPT_FLOAT, &o.valid_share, "X", "of the queries, held out where there is no --valid", .min = 0, .max = 0.9 },
	{ .type = OPT_SECTION, .help = "seq and trees:" },
	{ 0, "patience", OPT_INT, &o.patience, "N", "end after so many epochs, or trees, without a better one; 0: never; -1: seq 10, trees 30", .min = -1, .max = 100000 },
	{ .type = OPT_SECTION, .help = "softmax, session and seq:" },
	{ 0, "neg-power", OPT_FLOAT, &o.neg_power, "X", "power of an item's popularity; softmax: in the sum over all items, -0.3; session, seq: in how often it is drawn, 0.75 and 0.5", .min = -2, .max = 2 },
	{ 0, "negatives", OPT_INT, &o.negatives, "N", "items drawn to be pushed away, in softmax and seq for a batch, 0: all (seq: up to 20000 items, else 1024); in session for 256 events, 0: 64", .min = 0, .max = 4e9 },
	{ 0, "batch", OPT_INT, &o.batch, "N", "between two steps; softmax: users, 0: a 32nd of them, at most 1024; session: events, 0: 4096; seq: windows, 0: 32", .min = 0, .max = 4e9 },
	{ .type = OPT_SECTION, .help = "softmax, session, seq and trees:" },
	{ 0, "rate", OPT_FLOAT, &o.rate, "X", "of a step; softmax: 0.03, session: 0.1, seq: 0.003, trees: 0.1", .min = 1e-9, .max = 10 },
	{ .type = OPT_SECTION, .help = "als, softmax, session and seq:" },
	{ 'd', "dim", OPT_INT, &o.d, "N", "components of a vector", .min = 1, .max = MODEL_DIM_MAX },
	{ 'e', "epochs", OPT_INT, &o.epochs, "N", "als: times that items and users are solved; softmax, session, seq: times over all; 0: 8, 16, 20 and 30", .min = 0, .max = 100000 },
	{ .type = OPT_SECTION, .help = "als and seq:" },
	{ 0, "stddev", OPT_FLOAT, &o.stddev, "X", "length of the first vectors; 0.1", .min = 1e-6, .max = 1e6 },
	{ .type = OPT_SECTION, .help = "als, ease and trees:" },
	{ 0, "lambda", OPT_FLOAT, &o.lambda, "X", "regularisation; als: 0.002, ease: 100, trees: 1", .min = 0, .max = 1e6 },
	{ .type = OPT_SECTION, .help = "als and ease:" },
	{ 0, "confidence", OPT_ENUM, &o.confidence, "HOW", "how a pair's summed weight r counts: 1, r, or log2(1 + r); als: log, ease: binary", .names = WEIGH_SHAPES },
	{ .type = OPT_SECTION, .help = "als, ease, graph and softmax:" },
	{ 0, "tune", OPT_STR, &o.tune, "EVENTS", "find the options by which these events are foretold best", .flags = OPT_IS_PATH },
	{ 0, "tune-k", OPT_INT, &o.tune_k, "N", "items of a list: ndcg at N decides", .min = 1, .max = 10000 },
	{ 0, "tune-log", OPT_STR, &o.tune_log, "FILE", "append what was tried, and go on from there", .flags = OPT_NO_PROV },
	{ 0, "tune-params", OPT_STR, &o.tune_params, "NAME,...", "which options; else those that are not given", .flags = 0 },
	{ 0, "tune-users", OPT_INT, &o.tune_users, "N", "measure by so many users at most", .min = 1, .max = 4e9 },
	{ 0, "trials", OPT_INT, &o.trials, "N", "settings to begin with", .min = 1, .max = 100000 },
	{ 0 },
};

struct tool tool = {
	.name = "taste-train",
	.about = "learn a model: events in, model out",
	.usage = "pop|als|ease|graph|softmax|session|seq|blend|trees [options] [file...]",
	.opts = opts,
	.makes_other = true,
	.verbs = "pop|als|ease|graph|softmax|session|seq|blend|trees",
};

struct weigh weigh;
uint64_t most_memory;
struct prov prov;
struct buf inputs;
const struct model_tuned *tuned;
bool is_trial;

void finish_prov(void)
{
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
}

void warn_unknown(const char *option, uint64_t n_unknown, uint64_t n_events)
{
	if (n_unknown > n_events / 2)
		warn("%s: %llu of %llu events are of users or items that are not learnt from", option, (unsigned long long)n_unknown, (unsigned long long)n_events);
}

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
			usage_die("-M: '%.40s' is not a share above 0%% and up to 100%%", o.memory);
		most_memory = (uint64_t)((double)limit_memory() * share / 100);
	} else if (!scan_size(o.memory, len, &most_memory) || most_memory < 1 << 20) {
		usage_die("-M: '%.40s' is neither a size of 1M at least nor a share such as 80%%", o.memory);
	}
}

static void check_options(void)
{
	struct err e = { 0 };
	struct stat st;
	bool is_ease = !strcmp(tool.verb, "ease");

	tool_check_verb(tool.verb);
	for (const struct opt *r = opts; r->name || r->type == OPT_SECTION; r++) {
		const char *verb = belongs_to(r);
		if (o.update && r->type != OPT_SECTION && (verb ? r->var != &o.init && r->var != &o.update && r->var != &o.align : r->var == &o.weight || r->var == &o.value || r->var == &o.seed) &&
		    tool_is_set(r->var))
			usage_die("--%s is as it was in --init with --update", r->name);
	}
	check_tune();
	for (size_t i = 0; i < sizeof own_numbers / sizeof *own_numbers; i++)
		if (!strcmp(own_numbers[i].verb, tool.verb) && isnan(*own_numbers[i].var))
			*own_numbers[i].var = own_numbers[i].value;
	for (size_t i = 0; i < sizeof own_counts / sizeof *own_counts; i++)
		if (!strcmp(own_counts[i].verb, tool.verb) && !*own_counts[i].var)
			*own_counts[i].var = own_counts[i].value;
	if (o.steps && o.solver == RIDGE_EXACT)
		usage_die("--steps is of --solver block and cg");
	if (tool_is_set(&o.block) && o.solver != RIDGE_BLOCK)
		usage_die("--block is of --solver block");
	if (!o.steps)
		o.steps = o.solver == RIDGE_CG ? 3 : 1;
	if (o.patience >= 0 && !strcmp(tool.verb, "trees") && !o.valid.n && !(o.valid_share > 0))
		usage_die("--patience of trees is about rows held out: --valid or --valid-share");
	if (o.patience < 0)
		o.patience = strcmp(tool.verb, "trees") ? 10 : 30;
	if (o.confidence < 0)
		o.confidence = is_ease ? WEIGH_BINARY : WEIGH_LOG;
	if (o.update && !o.init)
		usage_die("--update needs the model to update: --init");
	if (o.update && (!strcmp(o.update, "-") || (!stat(o.update, &st) && !S_ISREG(st.st_mode))))
		usage_die("--update: '%.60s' is read twice, which takes a regular file", o.update);
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
	if (tool_is_set(&o.seed) && (!strcmp(tool.verb, "pop") || (is_ease && !o.tune)))
		usage_die("-s: nothing is drawn by %s%s", tool.verb, is_ease ? " without --tune" : "");
	if (!strcmp(tool.verb, "graph") && !o.rank && tool_is_set(&o.iterations))
		usage_die("--iterations are of a --rank above 0");
	if (!strcmp(tool.verb, "session"))
		check_session();
	if (!strcmp(tool.verb, "blend"))
		check_blend();
	else if (!strcmp(tool.verb, "seq"))
		check_seq();
	else if (!strcmp(tool.verb, "trees"))
		check_trees();
	else
		tool_reads_args(0);
}

/* learner_of - of a verb that learns from pairs: tool_init lets no others through. */
static learner *learner_of(const char *verb)
{
	static const struct { const char *verb; learner *learn; } all[] = { { "als", learn_als }, { "ease", learn_ease }, { "graph", learn_graph }, { "softmax", learn_softmax } };
	size_t k = 0;

	while (strcmp(all[k].verb, verb))
		k++;
	return all[k].learn;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	tool_init(&tool, argc, argv);
	check_options();
	struct sink *out = tool_output(o.out, true);
	if (!strcmp(tool.verb, "pop"))
		train_pop(out, &e);
	else if (!strcmp(tool.verb, "session"))
		train_session(out, &e);
	else if (!strcmp(tool.verb, "blend"))
		train_blend(out, &e);
	else if (!strcmp(tool.verb, "seq"))
		train_seq(out, &e);
	else if (!strcmp(tool.verb, "trees"))
		train_trees(out, &e);
	else
		train_pairs(learner_of(tool.verb), out, &e);
	tool_output_close(out);
	weigh_release(&weigh);
	prov_release(&prov);
	buf_release(&inputs);
	return tool_close(0);
}
