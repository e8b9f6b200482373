/*
 * taste-split - cut an event log into train, valid and test parts by a stated protocol. Holds the whole log: 33 bytes an event and the ids.
 * All parts appear, or none.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/cli/tool.h"
#include "../lib/eval/split.h"

static struct {
	const char *prefix, *valid_from, *test_from;
	double valid, test, fold;	/* -1: the protocol's own default */
	int64_t min, seed;
	bool has_header, is_binary, is_distinct, is_known;
} o = { .valid = -1, .test = -1, .fold = 0.8, .min = 3, .seed = 1 };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write binary parts, PREFIX.train.taste and so on", .flags = OPT_NO_PROV },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "the events begin with a line of column names" },
	{ 'o', "output", OPT_STR, &o.prefix, "PREFIX", "write PREFIX.train.tsv, PREFIX.valid.tsv, PREFIX.test.tsv", .flags = OPT_NO_PROV },
	{ 's', "seed", OPT_INT, &o.seed, "N", "of ratio and users" },
	{ 0, "distinct", OPT_FLAG, &o.is_distinct, NULL, "keep only the first event of a user with an item" },
	{ 0, "fold", OPT_FLOAT, &o.fold, "SHARE", "users: share of a held-out user's events to fold in", .min = 0, .max = 1 },
	{ 0, "known", OPT_FLAG, &o.is_known, NULL, "drop held-out events whose item is not in train" },
	{ 0, "min", OPT_INT, &o.min, "N", "loo, users: users with fewer events stay in train", .min = 2, .max = 1000000 },
	{ 0, "test", OPT_FLOAT, &o.test, "SHARE", "share of test; users: or how many; -1: 0.1, ratio 0.2", .min = -1, .max = 1e9 },
	{ 0, "test-from", OPT_STR, &o.test_from, "TIME", "time: test begins here (a year, ISO 8601, or seconds since 1970)" },
	{ 0, "valid", OPT_FLOAT, &o.valid, "SHARE", "share of valid; users: or how many; -1: 0.1, ratio 0", .min = -1, .max = 1e9 },
	{ 0, "valid-from", OPT_STR, &o.valid_from, "TIME", "time: valid begins here" },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-split",
	.about = "cut events into train, valid and test parts by a stated protocol",
	.usage = "loo|time|ratio|users -o PREFIX [options] [events...]",
	.opts = opts,
	.verbs = "loo|time|ratio|users",
};

static struct split_log split;
static struct prov prov;
static struct buf inputs;

static bool is_verb(const char *v)
{
	return !strcmp(tool.verb, v);
}

static int64_t time_of(const char *s, const char *option)
{
	int64_t t;

	if (!scan_when(s, &t))
		usage_die("--%s: '%.40s' is not a time (a year, ISO 8601, or seconds since 1970)", option, s);
	return t;
}

static void assign_by_time(struct err *e)
{
	int64_t valid_from = 0, test_from = 0;

	if (o.test_from) {
		test_from = time_of(o.test_from, "test-from");
		valid_from = o.valid_from ? time_of(o.valid_from, "valid-from") : test_from;
		if (valid_from > test_from)
			usage_die("--valid-from lies behind --test-from");
	} else if (split_time_cuts(&split, o.valid, o.test, &valid_from, &test_from, e)) {
		die_err(e);
	}
	char a[32], b[32];
	note("valid from %s, test from %s", valid_from == INT64_MAX ? "nowhere" : time_iso(valid_from, a), test_from == INT64_MAX ? "nowhere" : time_iso(test_from, b));
	split_time(&split, valid_from, test_from);
}

static void assign(struct err *e)
{
	int ret = 0;

	if (is_verb("loo"))
		ret = split_loo(&split, (size_t)o.min, e);
	else if (is_verb("time"))
		assign_by_time(e);
	else if (is_verb("ratio"))
		ret = split_ratio(&split, o.valid, o.test, (uint64_t)o.seed, e);
	else
		ret = split_users(&split, o.valid, o.test, o.fold, (size_t)o.min, (uint64_t)o.seed, e);
	if (ret)
		die_err(e);
	if (o.is_known)
		note("%llu held-out events dropped: their item is not in train", (unsigned long long)split_known(&split));
}

/* write_parts - all of them are opened before any is written, and get their names only when all are on disk. */
static void write_parts(struct err *e)
{
	struct sink *sink[PART_NONE] = { 0 };
	struct eventw *w[PART_NONE] = { 0 };
	uint64_t n[PART_NONE] = { 0 };
	int n_parts = is_verb("users") ? PART_NONE : PART_TEST + 1;
	int64_t newest = TIME_NONE;
	struct event ev;

	for (int p = 0; p < n_parts; p++) {
		struct buf path = { 0 };
		buf_printf(&path, "%s.%s.%s", o.prefix, split_part_name((enum split_part)p), o.is_binary ? "taste" : "tsv");
		sink[p] = tool_output(path.p, o.is_binary);
		if (!(w[p] = eventw_new(sink[p], o.is_binary ? EVENT_BINARY : EVENT_TSV, e)))
			die_err(e);
		eventw_threads(w[p], (int)tool.threads);
		buf_release(&path);
	}
	for (size_t i = 0; i < split.n; i++) {
		if (split.part[i] == PART_NONE)
			continue;
		split_get(&split, i, &ev);
		if (eventw_write(w[split.part[i]], &ev, e))
			die_err(e);
		n[split.part[i]]++;
		newest = ev.time > newest ? ev.time : newest;
	}
	for (int p = 0; p < n_parts; p++) {
		struct prov mine = { { 0 } };
		struct buf options = { 0 };
		prov_merge(&mine, prov.text.p ? prov.text.p : "", prov.text.len, e);
		buf_printf(&options, "%s: %s", split_part_name((enum split_part)p), tool.prov.p);
		prov_step(&mine, tool.name, tool_version, options.p, inputs.p ? inputs.p : "");
		if (eventw_finish(w[p], &mine, e))
			die_err(e);
		tool_output_settle(sink[p]);
		eventw_free(w[p]);
		prov_release(&mine);
		buf_release(&options);
	}
	for (int p = 0; p < n_parts; p++) {
		tool_output_close(sink[p]);
		note("%s: %llu events", split_part_name((enum split_part)p), (unsigned long long)n[p]);
	}
	warn_far(newest);
	if (split.n && !n[PART_TRAIN])
		warn("the train part is empty");
	if (split.n && !n[PART_TEST] && o.test > 0)
		warn("the test part is empty");
}

static void check_share(const char *option, double v)
{
	if (v < 0 && v != -1)
		usage_die("--%s: a share lies between 0 and 1", option);
	if (v > 1 && !is_verb("users"))
		usage_die("--%s: a share lies between 0 and 1 (only users takes a number, of users)", option);
	if (v >= 1 && v != (double)(int64_t)v)
		usage_die("--%s: a share of the users lies below 1, a number of them is whole", option);
}

static void check_options(void)
{
	if (!o.prefix)
		usage_die("-o PREFIX says where the parts go");
	if ((o.test_from || o.valid_from) && !is_verb("time"))
		usage_die("--test-from and --valid-from belong to time");
	if (o.valid_from && !o.test_from)
		usage_die("--valid-from needs --test-from");
	if ((tool_is_set(&o.test) || tool_is_set(&o.valid)) && (is_verb("loo") || o.test_from))
		usage_die(o.test_from ? "--test and --valid are shares: --test-from and --valid-from say where to cut" : "loo has no shares: --test and --valid belong to the others");
	if (tool_is_set(&o.fold) && !is_verb("users"))
		usage_die("--fold belongs to users");
	if (tool_is_set(&o.seed) && !is_verb("ratio") && !is_verb("users"))
		usage_die("-s belongs to ratio and users: nothing else is drawn");
	if (tool_is_set(&o.min) && !is_verb("loo") && !is_verb("users"))
		usage_die("--min belongs to loo and users");
	if (o.min < 3 && is_verb("loo"))
		usage_die("--min: loo takes an event for test and one for valid, and leaves one: 3 at least");
	check_share("test", o.test);
	check_share("valid", o.valid);
	if (o.test < 0)
		o.test = is_verb("ratio") ? 0.2 : 0.1;
	if (o.valid < 0)
		o.valid = is_verb("ratio") ? 0 : 0.1;
	if (o.test + o.valid > 1 + 1e-12 && (o.test < 1 || !is_verb("users")) && (o.valid < 1 || !is_verb("users")))
		usage_die("--test and --valid together are more than everything");
	tool_reads_args(0);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	uint64_t n_repeats;

	tool_init(&tool, argc, argv);
	check_options();
	if (split_read(&split, tool.arg, tool.n_args, o.has_header, is_verb("time"), o.is_distinct, &n_repeats, &prov, &inputs, &e))
		die_err(&e);
	note("%zu events of %zu users and %zu items, %llu repeats left out", split.n, split.user.n, split.item.n, (unsigned long long)n_repeats);
	assign(&e);
	write_parts(&e);
	split_release(&split);
	prov_release(&prov);
	buf_release(&inputs);
	return tool_close(0);
}
