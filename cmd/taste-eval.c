/*
 * taste-eval - how good ranked lists are: against what users went on to have, from round to round, by a log of other lists, and against each other in one list. eval.h tells which file
 * does what. Holds the lists (16 bytes a line), the truth and the training pairs (8 bytes each, 16 an event while reading), and the ids.
 */
#include <math.h>
#include <string.h>

#include "eval.h"

struct eval_opts o = { .bootstrap = 1000, .seed = 1, .window = 5, .pairs = 100000, .head = 0.8, .tolerance = NAN, .order = -1, .out = "-" };

static const struct opt opts[] = {
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "text inputs begin with a line of column names" },
	{ 'k', "cuts", OPT_STR, &o.k, "N,...", "cut the lists at these lengths; else 10,20, of a verb one length, else the whole list" },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all" },
	{ 's', "seed", OPT_INT, &o.seed, "N", "of what is drawn: the bootstrap, pairs of users" },
	{ 0, "order", OPT_ENUM, &o.order, "HOW", "a list's order: by score, ties by id; or as it stands, which is the default of the verbs", .names = "score|input" },
	{ 0, "name", OPT_LIST, &o.name, "NAME", "a run's name, one for each file; else the file's own" },
	{ 0, "table", OPT_FLAG, &o.is_table, NULL, "a table for people instead of a line for each number" },
	{ .type = OPT_SECTION, .help = "lists:" },
	{ 0, "truth", OPT_STR, &o.truth, "FILE", "what the users went on to have: events, or user, item and gain" },
	{ 0, "no-train", OPT_FLAG, &o.no_train, NULL, "go without: no popularity row, no check for leaks" },
	{ 0, "gains", OPT_FLAG, &o.has_gains, NULL, "the third column of a truth table is the gain" },
	{ 0, "against", OPT_STR, &o.against, "NAME", "differences to this run, user by user; first, or best: the best of the others" },
	{ 0, "vectors", OPT_STR, &o.vectors, "FILE", "vectors of items, for diversity" },
	{ 0, "allow-seen", OPT_FLAG, &o.allows_seen, NULL, "do not refuse lists with items the user has in train" },
	{ 0, "only-listed", OPT_FLAG, &o.only_listed, NULL, "average over users with a list; else who has none counts 0" },
	{ 0, "per-user", OPT_STR, &o.per_user, "FILE", "write each user's values there" },
	{ 0, "trec", OPT_FLAG, &o.is_trec, NULL, "lists are TREC runs, the truth TREC qrels" },
	{ 0, "write-run", OPT_STR, &o.write_run, "FILE", "write the lists as a TREC run" },
	{ 0, "write-qrels", OPT_STR, &o.write_qrels, "FILE", "write the truth as TREC qrels" },
	{ .type = OPT_SECTION, .help = "lists, ips, snips and dr:" },
	{ 0, "bootstrap", OPT_INT, &o.bootstrap, "N", "replicas for the 95 % intervals; 0: none", .min = 0, .max = 1000000 },
	{ .type = OPT_SECTION, .help = "lists, ips, snips, dr and interleave:" },
	{ 0, "allow-extra-users", OPT_FLAG, &o.allows_extra, NULL, "leave out users without truth, or whom a list lacks, instead of refusing them" },
	{ .type = OPT_SECTION, .help = "lists and rounds:" },
	{ 0, "train", OPT_LIST, &o.train, "EVENTS", "what the model learnt from" },
	{ 0, "items", OPT_STR, &o.items, "FILE", "the catalogue, for coverage, gini, and what lists are a mix of" },
	{ 0, "by", OPT_STR, &o.by, "COLUMN,...", "columns that mixes are by: kind, creator, group, tags; else kind,creator,tags, of rounds creator,tags", .names = "kind|creator|group|tags" },
	{ 0, "head", OPT_FLOAT, &o.head, "SHARE", "the tail is what is not of the most popular items that have this share of train", .min = 0, .max = 1 },
	{ .type = OPT_SECTION, .help = "rounds:" },
	{ 0, "heard", OPT_FLAG, &o.is_heard, NULL, "rounds are events, what was heard, not lists" },
	{ 0, "window", OPT_INT, &o.window, "N", "rounds that span_ looks back over", .min = 1, .max = 1000000 },
	{ 0, "pairs", OPT_INT, &o.pairs, "N", "pairs of users that are compared; all, where there are no more", .min = 1, .max = 1000000000 },
	{ 0, "tolerance", OPT_FLOAT, &o.tolerance, "X", "exit 1 when tail_share or an entropy is further than this share from round 0", .min = 0, .max = 1000 },
	{ .type = OPT_SECTION, .help = "ips, snips, dr and interleave:" },
	{ 0, "answers", OPT_STR, &o.answers, "EVENTS", "what came of lists: events with place_in=R and p=PROPENSITY in their context" },
	{ 0, "reward", OPT_LIST, &o.reward, "KIND=R,...", "what an answer is worth by its kind; else play=1,like=1, any other 0" },
	{ .type = OPT_SECTION, .help = "ips, snips and dr:" },
	{ 0, "log", OPT_STR, &o.log, "FILE", "likewise, a table: user, item, propensity, reward" },
	{ 0, "match", OPT_ENUM, &o.match, "HOW", "what has to be as the list has it: the item at its place, the item at all, or the list down to it", .names = "place|item|list" },
	{ 0, "clip", OPT_FLOAT, &o.clip, "W", "cut weights at W; 0: not", .min = 0, .max = 1e300 },
	{ 0, "probabilities", OPT_FLAG, &o.has_p, NULL, "lists have all that may be shown, each with its p=, at its place=" },
	{ .type = OPT_SECTION, .help = "dr:" },
	{ 0, "model-rewards", OPT_STR, &o.predicted, "FILE", "what a model expects: user, item, reward" },
	{ 0 },
};

struct tool tool = {
	.name = "taste-eval",
	.about = "metrics of ranked lists, with intervals, and popularity beside them",
	.usage = "--truth file [options] [ranked...]\n"
		 "       taste-eval rounds [options] round...\n"
		 "       taste-eval ips|snips|dr --answers events|--log file [options] ranked...\n"
		 "       taste-eval interleave [--answers events] [options] ranked ranked",
	.opts = opts,
	.makes_other = true,
	.may = "rounds|ips|snips|dr|interleave",
};

int main(int argc, char **argv)
{
	struct err e = { 0 };
	int status = 0;

	tool_init(&tool, argc, argv);
	tool_check_verb(tool.verb ? tool.verb : "lists");
	if (o.name.n && o.name.n != max_size(tool.n_args, 1))
		usage_die("--name is given %zu times for %zu lists", o.name.n, max_size(tool.n_args, 1));
	if (!tool.verb)
		eval_lists(&e);
	else if (!strcmp(tool.verb, "rounds"))
		status = eval_rounds(&e);
	else if (!strcmp(tool.verb, "interleave"))
		eval_interleave(&e);
	else
		eval_policy(&e);
	return tool_close(status);
}
