/*
 * taste-knn - nearest neighbours: the k best rows of vectors, or of an index of them, for each query vector that comes in; and the making and changing of indexes. knn.h tells which
 * file does what.
 */
#include <math.h>
#include <string.h>

#include "../lib/data/vecs.h"
#include "knn.h"

struct knn_opts o = {
	.k = 10, .ef = 0, .degree = 32, .entries = 64, .seed = 1, .metric = -1, .codes = ANN_I8, .source = "knn", .recall = .95, .alpha = 1.1, .least = NAN,
};
struct prov prov;
struct buf inputs;

static const struct opt opts[] = {
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all (standard output; of add and delete the index itself)", .flags = OPT_NO_PROV },
	{ .type = OPT_SECTION, .help = "search and merge:" },
	{ 'k', "neighbours", OPT_INT, &o.k, "N", "candidates for each query", .min = 1, .max = 1000000 },
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the candidates in binary", .flags = OPT_NO_PROV },
	{ .type = OPT_SECTION, .help = "search and build:" },
	{ 0, "metric", OPT_ENUM, &o.metric, "NAME", "ip (inner product, the default), cosine, or l2 (minus squared distance); an index has its own", .names = "ip|cosine|l2" },
	{ 0, "ef", OPT_INT, &o.ef, "N", "keep the N best while searching an index, or building it (0: by --recall; building: 200)", .min = 0, .max = 1000000 },
	{ .type = OPT_SECTION, .help = "search, build and add:" },
	{ 0, "format", OPT_ENUM, &o.format, "NAME", "what the vectors are, where their first bytes and their name do not say", .names = VECS_FORMAT_NAMES },
	{ .type = OPT_SECTION, .help = "search:" },
	{ 0, "output-format", OPT_ENUM, &o.output, "NAME", "candidates as TSV or binary, a TREC run, or sonicMatch in JSON lines", .names = KNN_FORMATS, .flags = OPT_NO_PROV },
	{ 0, "source", OPT_STR, &o.source, "NAME", "text of the fourth column" },
	{ 0, "recall", OPT_FLOAT, &o.recall, "R", "look as far into an index as found this share of the ten nearest when it was made", .min = 0, .max = 1 },
	{ 0, "exact", OPT_FLAG, &o.is_exact, NULL, "compare every vector of an index" },
	{ 0, "line", OPT_FLAG, &o.is_line, NULL, "answer each request line as it comes, with an empty line behind the answer" },
	{ 0, "queries-per-user", OPT_FLAG, &o.by_user, NULL, "queries of one id that stand together are one user's: one answer, the best of all" },
	{ .type = OPT_SECTION, .help = "search: what may be found" },
	{ 0, "exclude", OPT_LIST, &o.exclude, "EVENTS", "leave out what the user (the query's id) already has in these events", .flags = OPT_IS_PATH },
	{ 0, "among", OPT_LIST, &o.among, "EVENTS", "find only what the user has in these events", .flags = OPT_IS_PATH },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "the files of --exclude, --among and --items begin with a line of column names" },
	{ 0, "no-self", OPT_FLAG, &o.no_self, NULL, "never find the row whose id is the query's" },
	{ 0, "allow", OPT_LIST, &o.allow, "IDS", "find only ids in the first column of this file", .flags = OPT_IS_PATH },
	{ 0, "deny", OPT_LIST, &o.deny, "IDS", "leave out ids in the first column of this file", .flags = OPT_IS_PATH },
	{ 0, "items", OPT_STR, &o.items, "FILE", "the catalogue, for --where, --per-creator and sonicMatch", .flags = OPT_IS_PATH },
	{ 0, "where", OPT_LIST, &o.where, "CONDITION", "find only items for which this holds: kind=podcast, released>=2020, tags!=live" },
	{ 0, "per-creator", OPT_INT, &o.per_creator, "N", "at most N items of one creator (0: any number)", .min = 0, .max = 1000000 },
	{ 0, "min-score", OPT_FLOAT, &o.least, "S", "find only scores from S on" },
	{ .type = OPT_SECTION, .help = "build:" },
	{ 0, "codes", OPT_ENUM, &o.codes, "NAME", "what a search reads of a vector: f32, i8 or i4", .names = ANN_CODES_NAMES },
	{ 0, "degree", OPT_INT, &o.degree, "N", "most neighbours of a row in the graph", .min = 8, .max = 127 },
	{ 0, "alpha", OPT_FLOAT, &o.alpha, "A", "keep neighbours that others cover, when not A times better (cosine, l2)", .min = 1, .max = 2 },
	{ 0, "entries", OPT_INT, &o.entries, "N", "rows that searches start from", .min = 1, .max = 65536 },
	{ 0, "seed", OPT_INT, &o.seed, "N", "of the order of building", .min = 0, .max = 9e15 },
	{ 0, "queries", OPT_STR, &o.queries, "VECTORS", "measure recall by these queries, not by the vectors themselves", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "stats:" },
	{ 0, "check", OPT_FLAG, &o.is_check, NULL, "look at every page, list and id" },
	{ 0 },
};

struct tool tool = {
	.name = "taste-knn",
	.about = "find the nearest vectors of each query: vectors or an index in, candidates (query, item, score, source) out",
	.usage = "search [options] vectors|index [queries]\n"
		 "       taste-knn build [options] [-o index] [vectors]\n"
		 "       taste-knn add [-o index] index [vectors]\n"
		 "       taste-knn delete [-o index] index [ids]\n"
		 "       taste-knn merge [-b] [-k N] [-o file] candidates candidates...\n"
		 "       taste-knn stats [--check] index",
	.opts = opts,
	.verbs = "search|build|add|delete|merge|stats",
};

static bool is_verb(const char *v) { return !strcmp(tool.verb, v); }

static void check_files(size_t least, size_t most, const char *what)
{
	if (tool.n_args < least)
		usage_die("%s", what);
	if (tool.n_args > most)
		usage_die("'%s' is one file too many", tool.arg[most]);
	if (is_verb("add") || is_verb("delete")) {	/* the index makes way for a new one; what is put in or taken out does not */
		tool_replaces(tool.arg[0]);
		tool_reads_args(1);
		return;
	}
	tool_reads_args(0);
	if (tool.n_args && tool.n_args < most)
		tool_reads_args(tool.n_args);	/* standard input */
}

static void check_search(void)
{
	const struct opt_list *lists[] = { &o.exclude, &o.among, &o.allow, &o.deny };

	check_files(1, 2, "which vectors are to be searched?");
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (size_t i = 0; i < lists[l]->n; i++)
			tool_reads(lists[l]->v[i]);
	if (o.items)
		tool_reads(o.items);
	if (o.is_binary && o.output > KNN_BINARY)
		usage_die("-b is of candidates, not of --output-format %s", o.output == KNN_TREC ? "trec" : "sonic");
	if (o.is_binary)
		o.output = KNN_BINARY;
	if ((o.where.n || o.per_creator) && !o.items)
		usage_die("--where and --per-creator need --items");
	if (o.is_line && (o.output == KNN_BINARY || o.by_user))
		usage_die("--line answers in text, a query at a time");
	if (o.is_exact && (o.ef || tool_is_set(&o.recall)))
		usage_die("--exact has no --ef and no --recall");
	if (o.ef && tool_is_set(&o.recall))
		usage_die("--ef and --recall say how far to look: one of them");
}

int main(int argc, char **argv)
{
	tool_init(&tool, argc, argv);
	tool_check_verb(tool.verb);
	tool.makes_other = !is_verb("merge");
	if (is_verb("merge"))
		return knn_merge();
	if (is_verb("build")) {
		check_files(0, 1, "");
		if (o.queries)
			tool_reads(o.queries);
		return knn_build();
	}
	if (is_verb("add")) {
		check_files(1, 2, "which index is to be added to?");
		return knn_add();
	}
	if (is_verb("delete")) {
		check_files(1, 2, "which index is to be deleted from?");
		return knn_delete();
	}
	if (is_verb("stats")) {
		check_files(1, 1, "which index?");
		return knn_stats();
	}
	check_search();
	return knn_search();
}
