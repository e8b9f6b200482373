/*
 * train-trees - trees: rows of features, some perhaps held out, and tree after tree.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/cli/progress.h"
#include "../lib/model/trees_learn.h"
#include "train.h"

enum { SAY_EVERY = 10 };		/* trees between two rows of -v */

static struct trees_opts options(void)
{
	return (struct trees_opts){ .objective = (enum trees_objective)o.objective,
				    .grow = { (size_t)o.leaves, (size_t)o.depth, o.rate, o.lambda, o.min_split, o.min_hessian, (double)o.min_rows, o.feature_share, (uint64_t)o.seed },
				    .trees = (size_t)o.trees, .bins = (size_t)o.bins, .k = (size_t)o.k, .pairs = (size_t)o.pairs, .patience = (size_t)o.patience,
				    .row_share = o.row_share, .valid_share = o.valid_share, .is_linear = o.gains };
}

/* next_name - of a list of lists, behind where *at stands in list *i. */
static bool next_name(const struct opt_list *names, size_t *i, const char **at, struct str *name)
{
	for (; *i < names->n; ++*i, *at = NULL) {
		const char *s = *at ? *at : names->v[*i];
		if (!*s)
			continue;
		*name = (struct str){ s, strcspn(s, ",") };
		*at = s + name->len + (s[name->len] == ',');
		return true;
	}
	return false;
}

/* check_slopes - no feature rises and falls. */
static void check_slopes(void)
{
	const char *a = NULL;
	struct str up, down;

	for (size_t i = 0; next_name(&o.rising, &i, &a, &up);) {
		const char *b = NULL;
		for (size_t j = 0; next_name(&o.falling, &j, &b, &down);)
			if (!str_cmp(up, down))
				usage_die("'%.*s' cannot both rise and fall", (int)min_size(up.len, 40), up.p);
	}
}

void check_trees(void)
{
	struct trees_opts to = options();
	const char *wrong = trees_check(&to);

	if (wrong)
		usage_die("%s", wrong);
	check_slopes();
	if (o.weight.n || o.value.n)
		usage_die("--weight and --value are of events; trees read rows of features");
	if (o.has_header)
		usage_die("-H is of events: a table of features has always a header");
	if (o.objective != TREES_RANK && (o.gains || o.pairs))
		usage_die("--gains and --pairs are of --objective rank");
	if (o.objective != TREES_RANK && tool_is_set(&o.k))
		usage_die("-k is of --objective rank");
	if (o.valid.n && o.valid_share > 0)
		usage_die("--valid-share is for when there is no --valid");
	if (o.groups && tool.n_args > 1)
		usage_die("--groups is of one file");
	if (o.valid_groups && o.valid.n != 1)
		usage_die("--valid-groups is of one --valid");
	tool_reads(o.groups);
	tool_reads(o.valid_groups);
	for (size_t i = 0; i < o.valid.n; i++)
		tool_reads(o.valid.v[i]);
	tool_reads_args(0);
}

/* load - the rows of files, their columns as in `like`. */
static void load(struct frame *f, const struct frame *like, const char *const *path, size_t n, const char *groups, struct err *e)
{
	struct frame_opts fo = { trees_labels((enum trees_objective)o.objective, o.gains), o.absent, groups };
	struct progress pr;

	progress_start(&pr, "read", "rows", 0);
	if (frame_load(f, like, path, n, &fo, progress_show, &pr, &prov, &inputs, e))
		die_err(e);
	progress_end(&pr);
}

/* take_slopes - of the features that a list names. */
static void take_slopes(int8_t *slope, const struct frame *f, const struct opt_list *names, int8_t sign, const char *option)
{
	const char *at = NULL;
	struct str s;

	for (size_t i = 0; next_name(names, &i, &at, &s);) {
		uint32_t c = vocab_find(&f->name, s.p, s.len);
		if (c == VOCAB_NONE)
			usage_die("--%s: the rows have no feature '%.*s'", option, (int)min_size(s.len, 40), s.p);
		if (f->words[c])
			usage_die("--%s: '%.*s' holds words, which have no order", option, (int)min_size(s.len, 40), s.p);
		slope[c] = sign;
	}
}

/* say - with -v a row on stderr, for the first tree, each tenth and the last. */
static void say(struct trees_learn *l, bool is_last, double start)
{
	static size_t said;

	if (!tool.is_verbose || l->n_trees == said || !(is_last || l->n_trees == 1 || l->n_trees % SAY_EVERY == 0))
		return;
	if (!said)
		fprintf(stderr, "tree\tleaves\t%s\theld\tseconds\n", trees_measure_name(l->o.objective));
	said = l->n_trees;
	fprintf(stderr, "%zu\t%zu\t%.6f\t", l->n_trees, l->n_leaves, trees_learn_measure(l));
	fprintf(stderr, l->held.c.n ? "%.6f\t%.3f\n" : "-\t%.3f\n", l->held.c.n ? l->measure : clock_now() - start, clock_now() - start);
}

/* check_valid - rows that have none of the features would say nothing of the trees, and yet how many there are. */
static void check_valid(const struct frame *valid, const struct frame *train)
{
	size_t n = train->name.n, c = 0;

	if (!valid->n || valid->shared.n == n)
		return;
	if (!valid->shared.n)
		die(EXIT_DATA, "--valid: its rows have none of the features of those learnt from");
	while (vocab_find(&valid->shared, train->name.str[c].p, train->name.str[c].len) != VOCAB_NONE)
		c++;
	if (!valid->absent_is_zero)
		warn("--valid: %zu of %zu features are missing in all of its rows, the first is '%.*s'", n - valid->shared.n, n, (int)min_size(train->name.str[c].len, 40), train->name.str[c].p);
}

static void learn(struct trees_learn *l, struct err *e)
{
	struct progress pr;
	double start = clock_now();
	int got;

	progress_start(&pr, "train", "trees", (uint64_t)o.trees);
	while ((got = trees_learn_next(l, e)) == 1) {
		progress_set(&pr, l->n_trees);
		say(l, false, start);
	}
	progress_end(&pr);
	if (got < 0)
		die_err(e);
	if (l->n_trees)
		say(l, true, start);
	if (!l->n_best)
		warn("nothing could be learnt: a model of no trees");
	else if (l->held.c.n)
		note("%zu of %zu trees, %s %.6f of %zu rows held out", l->n_best, l->n_trees, trees_measure_name(l->o.objective), l->best, l->held.c.n);
}

void train_trees(struct sink *out, struct err *e)
{
	struct trees_opts to = options();
	struct frame train, valid;
	struct trees_learn l;
	int8_t *slope;

	load(&train, NULL, tool.arg, tool.n_args, o.groups, e);
	if (o.valid.n) {
		load(&valid, &train, o.valid.v, o.valid.n, o.valid_groups, e);
		check_valid(&valid, &train);
	}
	note("%zu rows of %zu queries, %zu features", train.n, train.n_queries, train.name.n);
	slope = mem_new(train.name.n + 1, sizeof *slope);
	take_slopes(slope, &train, &o.rising, 1, "rising");
	take_slopes(slope, &train, &o.falling, -1, "falling");
	to.grow.slope = o.rising.n || o.falling.n ? slope : NULL;
	if (trees_learn_init(&l, &train, o.valid.n ? &valid : NULL, &to, tool_pool(), e))
		die_err(e);
	note("%zu features are not the same everywhere", l.bins.n);
	frame_release(&train);
	if (o.valid.n)
		frame_release(&valid);
	learn(&l, e);
	finish_prov();
	if (trees_learn_save(&l, out, &prov, e))
		die_err(e);
	trees_learn_release(&l);
	mem_free(slope);
}
