/*
 * taste-eval - how good ranked lists are: lists, truth and training events in; metrics with intervals out, popularity beside them.
 * Holds the lists (16 bytes a line), the truth and the training pairs (8 bytes each, 16 an event while reading), and the ids.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/base/sort.h"
#include "../lib/cli/output.h"
#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/data/items.h"
#include "../lib/eval/lists.h"
#include "../lib/eval/metric.h"

enum { MAX_CUTS = 16 };
enum { BY_SCORE, BY_INPUT };

static struct {
	const char *k, *truth, *items, *per_user, *write_run, *write_qrels, *out;
	struct opt_list train, name;
	int64_t bootstrap, seed;
	int order;
	bool has_header, has_gains, allows_seen, allows_extra, only_listed, no_train, is_trec, is_table;
} o = { .k = "10,20", .bootstrap = 1000, .seed = 1, .out = "-" };

static const struct opt opts[] = {
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "text inputs begin with a line of column names" },
	{ 'k', "cuts", OPT_STR, &o.k, "N,...", "cut the lists at these lengths" },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all" },
	{ 's', "seed", OPT_INT, &o.seed, "N", "of the bootstrap" },
	{ 0, "truth", OPT_STR, &o.truth, "FILE", "what the users went on to have: events, or user, item and gain" },
	{ 0, "train", OPT_LIST, &o.train, "EVENTS", "what the model learnt from" },
	{ 0, "no-train", OPT_FLAG, &o.no_train, NULL, "go without: no popularity row, no check for leaks" },
	{ 0, "items", OPT_STR, &o.items, "FILE", "the catalogue, for coverage and gini" },
	{ 0, "gains", OPT_FLAG, &o.has_gains, NULL, "the third column of a truth table is the gain" },
	{ 0, "allow-seen", OPT_FLAG, &o.allows_seen, NULL, "do not refuse lists with items the user has in train" },
	{ 0, "allow-extra-users", OPT_FLAG, &o.allows_extra, NULL, "leave out users without truth instead of refusing them" },
	{ 0, "only-listed", OPT_FLAG, &o.only_listed, NULL, "average over users with a list; else who has none counts 0" },
	{ 0, "order", OPT_ENUM, &o.order, "HOW", "a list's order: by score, ties by id; or as it stands", .names = "score|input" },
	{ 0, "name", OPT_LIST, &o.name, "NAME", "a run's name, one for each file; else the file's own" },
	{ 0, "bootstrap", OPT_INT, &o.bootstrap, "N", "replicas for the 95 % intervals; 0: none", .min = 0, .max = 1000000 },
	{ 0, "table", OPT_FLAG, &o.is_table, NULL, "a table for people instead of a line for each number" },
	{ 0, "per-user", OPT_STR, &o.per_user, "FILE", "write each user's values there" },
	{ 0, "trec", OPT_FLAG, &o.is_trec, NULL, "lists are TREC runs, the truth TREC qrels" },
	{ 0, "write-run", OPT_STR, &o.write_run, "FILE", "write the lists as a TREC run" },
	{ 0, "write-qrels", OPT_STR, &o.write_qrels, "FILE", "write the truth as TREC qrels" },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-eval",
	.about = "metrics of ranked lists, with intervals, and popularity beside them",
	.usage = "--truth file [options] [ranked...]",
	.opts = opts,
};

static struct vocab user, item;		/* users with truth; all items */
static struct metric_truth truth;
static struct csr train;		/* [train_user.n x item.n] */
static struct vocab train_user;
static size_t cut[MAX_CUTS], n_cuts, max_k;
static struct buf text;

/* ---- reading ---- */

struct entry { uint32_t user, item; double score; };
struct run {
	const char *name;
	struct entry *entry;
	size_t n, cap;
	struct metric_run lists;
	bool is_pop;
};
static struct run *run;
static size_t n_runs;

/* read_truth - pairs with a gain above 0; of a pair that comes twice the first gain counts. */
static void read_truth(struct csr_entries *t, struct err *e)
{
	struct listr *r = listr_open(o.truth, o.is_trec ? LIST_TREC_QRELS : o.has_gains ? LIST_GAINS : LIST_TRUTH, o.has_header, e);
	struct str u, i;
	double gain;
	int got = 0;

	while (r && (got = listr_next(r, &u, &i, &gain, e)) == 1)
		if (gain > 0) {
			if (!((float)gain > 0) || isinf((float)gain))
				die(EXIT_DATA, "%s: a gain of %g is beyond the range of single precision", o.truth, gain);
			csr_entries_add(t, vocab_add(&user, u.p, u.len), vocab_add(&item, i.p, i.len), (float)(o.has_gains ? gain : 1));
		}
	if (!r || got < 0)
		die_err(e);
	listr_close(r);
	if (!user.n)
		die(EXIT_DATA, "%s: there is no truth in it: nothing can be measured", o.truth);
}

static void build_truth(const struct csr_entries *t, struct err *e)
{
	if (csr_from_pairs(&truth.gain, t->row, t->col, NULL, t->n, user.n, item.n, e))
		die_err(e);
	float *val = truth.gain.val;
	for (size_t k = 0; k < truth.gain.start[user.n]; k++)
		val[k] = 0;
	for (size_t k = 0; k < t->n; k++) {
		size_t at = csr_find(&truth.gain, t->row[k], t->col[k]);
		if (!(val[at] > 0))
			val[at] = t->val[k];
	}
}

/* read_train - pairs of all training events, items numbered with the others. */
static void read_train(struct csr_entries *t, struct err *e)
{
	struct inter in;
	struct inter_opts io = { .has_header = o.has_header };

	if (inter_load(&in, o.train.v, o.train.n, &io, NULL, NULL, e))
		die_err(e);
	uint32_t *to = mem_new(in.item.n + 1, sizeof *to);
	for (size_t i = 0; i < in.item.n; i++)
		to[i] = vocab_add(&item, in.item.str[i].p, in.item.str[i].len);
	for (size_t u = 0; u < in.user.n; u++)
		for (size_t j = in.m.start[u]; j < in.m.start[u + 1]; j++)
			csr_entries_add(t, (uint32_t)u, to[in.m.col[j]], 1);
	train_user = in.user;
	in.user = (struct vocab){ 0 };
	inter_release(&in);
	mem_free(to);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strchr(base, '.');
	char *s = mem_strdup(!strcmp(path, "-") ? "run" : base);

	if (strcmp(path, "-") && dot && dot > base)
		s[dot - base] = '\0';
	return s;
}

static void read_run(struct run *rn, const char *path, struct err *e)
{
	uint64_t n_extra = 0;
	char clip[ERR_CLIP_MAX];
	struct buf example = { 0 };
	struct listr *r = listr_open(path, o.is_trec ? LIST_TREC_RUN : LIST_RANKED, o.has_header, e);
	struct str u, i;
	double score;
	int got = 0;

	while (r && (got = listr_next(r, &u, &i, &score, e)) == 1) {
		uint32_t un = vocab_find(&user, u.p, u.len);
		if (un == VOCAB_NONE) {
			if (!n_extra++)
				buf_puts(&example, err_clip(clip, u.p, u.len));
			continue;
		}
		arr_reserve(rn->entry, rn->n + 1, rn->cap);
		rn->entry[rn->n++] = (struct entry){ un, vocab_add(&item, i.p, i.len), score };
	}
	if (!r || got < 0)
		die_err(e);
	listr_close(r);
	if (n_extra && !o.allows_extra)
		die(EXIT_DATA, "%s: %llu lines are of users without truth, such as '%s' (--allow-extra-users leaves them out)", path,
		    (unsigned long long)n_extra, example.p);
	if (n_extra)
		note("%s: %llu lines of users without truth left out", path, (unsigned long long)n_extra);
	buf_release(&example);
}

static int cmp_entries(const void *a, const void *b, void *ctx)
{
	const struct entry *x = a, *y = b;

	(void)ctx;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	if (o.order == BY_INPUT)
		return 0;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return str_cmp(item.str[x->item], item.str[y->item]);
}

/* train_row - a user's number in train, VOCAB_NONE when not there. */
static uint32_t train_row(size_t u)
{
	return vocab_find(&train_user, user.str[u].p, user.str[u].len);
}

/* check_lists - no item twice; none of train unless allowed. */
static void check_lists(const struct run *rn, const char *path, struct err *e)
{
	uint32_t *last = mem_try0(item.n, sizeof *last, "items", e);	/* user + 1 who had the item last */
	uint64_t n_seen = 0;
	char cu[ERR_CLIP_MAX], ci[ERR_CLIP_MAX], su[ERR_CLIP_MAX] = "", si[ERR_CLIP_MAX] = "";

	if (!last)
		die_err(e);
	for (size_t u = 0; u < user.n; u++) {
		uint32_t row = o.train.n ? train_row(u) : VOCAB_NONE;
		for (size_t k = rn->lists.start[u]; k < rn->lists.start[u + 1]; k++) {
			uint32_t it = rn->lists.item[k];
			if (last[it] == u + 1)
				die(EXIT_DATA, "%s: item '%s' stands twice in the list of user '%s'", path, err_clip(ci, item.str[it].p, item.str[it].len),
				    err_clip(cu, user.str[u].p, user.str[u].len));
			last[it] = (uint32_t)u + 1;
			if (row != VOCAB_NONE && csr_has(&train, row, it) && !n_seen++) {
				err_clip(su, user.str[u].p, user.str[u].len);
				err_clip(si, item.str[it].p, item.str[it].len);
			}
		}
	}
	mem_free(last);
	if (n_seen && !o.allows_seen)
		die(EXIT_DATA, "%s: %llu lines recommend what the user has in train, such as '%s' to '%s' (--allow-seen goes on)", path,
		    (unsigned long long)n_seen, si, su);
	if (n_seen)
		note("%s: %llu lines recommend what the user has in train", path, (unsigned long long)n_seen);
}

static void build_lists(struct run *rn, struct err *e)
{
	if (sort_stable(rn->entry, rn->n, sizeof *rn->entry, cmp_entries, NULL, e))
		die_err(e);
	rn->lists.n_users = user.n;
	rn->lists.start = mem_new(user.n + 1, sizeof *rn->lists.start);
	rn->lists.item = mem_new(rn->n + 1, sizeof *rn->lists.item);
	for (size_t i = 0; i < rn->n; i++) {
		rn->lists.start[rn->entry[i].user + 1]++;
		rn->lists.item[i] = rn->entry[i].item;
	}
	for (size_t u = 0; u < user.n; u++)
		rn->lists.start[u + 1] += rn->lists.start[u];
}

static int cmp_popular(const void *a, const void *b, void *ctx)
{
	const uint32_t *count = ctx, x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (count[x] != count[y])
		return count[x] > count[y] ? -1 : 1;
	return str_cmp(item.str[x], item.str[y]);
}

/* build_pop - the popularity row: items of train by users, ties by id, without what the user has in train. */
static void build_pop(struct run *rn, const uint32_t *count, struct err *e)
{
	uint32_t *order = mem_try(item.n, sizeof *order, "items", e);
	size_t n = 0;

	if (!order)
		die_err(e);
	for (size_t i = 0; i < item.n; i++)
		if (count[i])
			order[n++] = (uint32_t)i;
	if (sort_stable(order, n, sizeof *order, cmp_popular, (void *)(uintptr_t)count, e))
		die_err(e);
	*rn = (struct run){ .name = "pop", .is_pop = true };
	rn->lists.n_users = user.n;
	rn->lists.start = mem_new(user.n + 1, sizeof *rn->lists.start);
	if (!(rn->lists.item = mem_try(user.n * max_k, sizeof *rn->lists.item, "the popularity row", e)))
		die_err(e);
	for (size_t u = 0, at = 0; u < user.n; u++) {
		uint32_t row = train_row(u);
		for (size_t i = 0, k = 0; i < n && k < max_k; i++)
			if (row == VOCAB_NONE || !csr_has(&train, row, order[i])) {
				rn->lists.item[at++] = order[i];
				k++;
			}
		rn->lists.start[u + 1] = at;
	}
	mem_free(order);
}

/* ---- the catalogue ---- */

static void build_catalogue(uint32_t *count, struct err *e)
{
	uint8_t *in = mem_new(item.n + 1, 1);
	struct items it = { 0 };

	for (size_t j = 0; o.train.n && j < train.start[train_user.n]; j++)
		count[train.col[j]]++;
	if (o.items) {
		if (items_load(&it, o.items, o.has_header, NULL, NULL, e))
			die_err(e);
		for (size_t i = 0; i < item.n; i++)
			in[i] = vocab_find(&it.id, item.str[i].p, item.str[i].len) != VOCAB_NONE;
	} else {
		for (size_t i = 0; i < item.n; i++)
			in[i] = !o.train.n || count[i] > 0;
		for (size_t j = 0; j < truth.gain.start[user.n]; j++)
			in[truth.gain.col[j]] = 1;
	}
	truth.in_catalogue = in;
	for (size_t i = 0; i < item.n; i++)
		truth.n_catalogue += in[i];
	if (o.items)
		truth.n_catalogue = it.id.n;
	items_release(&it);
	truth.item_users = o.train.n ? count : NULL;
	truth.n_train_users = train_user.n;
}

/* ---- writing ---- */

static struct sink *out, *per_user, *run_out, *qrels_out;

static void put(struct sink *s, struct err *e)
{
	if (sink_write(s, text.p ? text.p : "", text.len, e))
		die_err(e);
	buf_reset(&text);
}

static void put_id(struct str s, const char *what)
{
	char clip[ERR_CLIP_MAX];

	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ')
			die(EXIT_DATA, "the %s id '%s' has a blank in it: TREC files cannot hold it", what, err_clip(clip, s.p, s.len));
	buf_put(&text, s.p, s.len);
}

static void write_trec(struct err *e)
{
	if (qrels_out) {
		for (size_t u = 0; u < user.n; u++)
			for (size_t j = truth.gain.start[u]; j < truth.gain.start[u + 1]; j++) {
				put_id(user.str[u], "user");
				buf_puts(&text, " 0 ");
				put_id(item.str[truth.gain.col[j]], "item");
				float g = truth.gain.val[j];
				if (g != floorf(g) || g > 127)
					die(EXIT_DATA, "a gain of %g is no whole number up to 127: TREC qrels cannot hold it", (double)g);
				buf_printf(&text, " %d\n", (int)g);
				put(qrels_out, e);
			}
		tool_output_close(qrels_out);
	}
	if (!run_out)
		return;
	for (size_t r = 0; r < n_runs; r++)
		for (size_t i = 0, place = 0; !run[r].is_pop && i < run[r].n; i++) {
			const struct entry *x = &run[r].entry[i];
			place = i && run[r].entry[i - 1].user == x->user ? place + 1 : 1;
			put_id(user.str[x->user], "user");
			buf_puts(&text, " Q0 ");
			put_id(item.str[x->item], "item");
			buf_printf(&text, " %zu ", place);
			buf_put_f64(&text, x->score);
			buf_putc(&text, ' ');
			put_id((struct str){ run[r].name, strlen(run[r].name) }, "run's");
			buf_putc(&text, '\n');
			put(run_out, e);
		}
	tool_output_close(run_out);
}

static const enum metric order[] = { METRIC_RECALL, METRIC_RECALL_MIN, METRIC_PRECISION, METRIC_HR, METRIC_NDCG, METRIC_MRR, METRIC_MAP, METRIC_NOVELTY };
enum { N_ORDER = sizeof order / sizeof *order };

static void put_long_row(const char *name, enum metric m, size_t k, struct metric_interval v, size_t n)
{
	tsv_put(&text, name, strlen(name));
	buf_printf(&text, "\t%s\t%zu\t", metric_name(m), k);
	buf_put_f64(&text, v.value);
	buf_putc(&text, '\t');
	if (m < METRIC_PER_USER && o.bootstrap)
		buf_put_f64(&text, v.low);
	buf_putc(&text, '\t');
	if (m < METRIC_PER_USER && o.bootstrap)
		buf_put_f64(&text, v.high);
	buf_printf(&text, "\t%zu\n", n);
}

static void put_table_row(const char *name, size_t k, const struct metric_interval *v, double coverage, double gini, size_t n)
{
	buf_printf(&text, "%-12.24s %4zu %7zu", name, k, n);
	for (int i = 0; i < 2; i++) {
		const struct metric_interval *x = &v[i ? METRIC_NDCG : METRIC_RECALL];
		buf_printf(&text, "  %.4f", x->value);
		if (o.bootstrap)
			buf_printf(&text, " [%.4f, %.4f]", x->low, x->high);
	}
	buf_printf(&text, "  %10.4f %6.4f %6.4f %6.4f %6.4f", v[METRIC_RECALL_MIN].value, v[METRIC_PRECISION].value, v[METRIC_HR].value, v[METRIC_MRR].value,
		   v[METRIC_MAP].value);
	if (truth.item_users)
		buf_printf(&text, " %7.2f", v[METRIC_NOVELTY].value);
	buf_printf(&text, " %8.4f %6.4f\n", coverage, gini);
}

static void put_head(void)
{
	const char *gap = o.bootstrap ? "                 " : "";

	if (!o.is_table)
		buf_puts(&text, "model\tmetric\tk\tvalue\tlow\thigh\tusers\n");
	else
		buf_printf(&text, "%-12s %4s %7s  recall%s  ndcg  %s  %s   prec     hr    mrr    map%s coverage   gini\n", "model", "k", "users", gap, gap,
			   "recall_min", truth.item_users ? " novelty" : "");
}

static void put_per_user(const char *name, size_t k, const double *v, const uint8_t *use, struct err *e)
{
	for (size_t u = 0; u < user.n; u++) {
		if (use && !use[u])
			continue;
		tsv_put(&text, user.str[u].p, user.str[u].len);
		buf_putc(&text, '\t');
		tsv_put(&text, name, strlen(name));
		buf_printf(&text, "\t%zu", k);
		for (int i = 0; i < N_ORDER; i++) {
			buf_putc(&text, '\t');
			buf_put_f64(&text, v[u * METRIC_PER_USER + order[i]]);
		}
		buf_putc(&text, '\n');
		put(per_user, e);
	}
}

/* measure - all rows of one run. */
static void measure(const struct run *rn, struct err *e)
{
	double *v = mem_try(user.n * METRIC_PER_USER, sizeof *v, "values of users", e);
	uint8_t *use = o.only_listed ? mem_new(user.n, 1) : NULL;
	struct metric_interval m[METRIC_PER_USER];
	double coverage, gini;
	size_t n = user.n;

	if (!v)
		die_err(e);
	for (size_t u = 0; u < user.n && use; u++) {	/* the popularity row is measured on the users of the first run */
		use[u] = run[rn->is_pop ? 0 : (size_t)(rn - run)].lists.start[u + 1] > run[rn->is_pop ? 0 : (size_t)(rn - run)].lists.start[u];
		n -= !use[u];
	}
	if (!n)
		die(EXIT_DATA, "%s: --only-listed leaves nobody: no user with truth has a list", rn->name);
	for (size_t c = 0; c < n_cuts; c++) {
		if (metric_users(v, &rn->lists, &truth, cut[c], tool_pool(), e) ||
		    metric_bootstrap(m, v, user.n, use, (size_t)o.bootstrap, (uint64_t)o.seed, tool_pool(), e) ||
		    metric_whole(&coverage, &gini, &rn->lists, &truth, use, cut[c], e))
			die_err(e);
		if (per_user)
			put_per_user(rn->name, cut[c], v, use, e);
		if (o.is_table) {
			put_table_row(rn->name, cut[c], m, coverage, gini, n);
			put(out, e);
			continue;
		}
		for (int i = 0; i < N_ORDER; i++)
			if (order[i] != METRIC_NOVELTY || truth.item_users)
				put_long_row(rn->name, order[i], cut[c], m[order[i]], n);
		put_long_row(rn->name, METRIC_COVERAGE, cut[c], (struct metric_interval){ .value = coverage }, n);
		put_long_row(rn->name, METRIC_GINI, cut[c], (struct metric_interval){ .value = gini }, n);
		put(out, e);
	}
	mem_free(v);
	mem_free(use);
}

static void free_all(uint32_t *count)
{
	for (size_t i = 0; i < n_runs; i++) {
		if (!run[i].is_pop && !o.name.n)
			mem_free((void *)(uintptr_t)run[i].name);
		mem_free(run[i].entry);
		mem_free(run[i].lists.start);
		mem_free(run[i].lists.item);
	}
	mem_free(run);
	mem_free(count);
	mem_free((void *)(uintptr_t)truth.in_catalogue);
	csr_release(&truth.gain);
	csr_release(&train);
	vocab_release(&user);
	vocab_release(&item);
	vocab_release(&train_user);
	buf_release(&text);
}

static void check_options(void)
{
	if (!o.truth)
		usage_die("--truth FILE says what is right");
	if (!o.train.n == !o.no_train)
		usage_die(o.no_train ? "--train and --no-train exclude each other" :
				       "--train EVENTS is needed for the popularity row and the check for leaks (--no-train goes without)");
	for (const char *p = o.k; *p;) {
		size_t len = strcspn(p, ",");
		uint64_t v;
		if (!scan_u64(p, len, &v) || !v || v > 1000000 || n_cuts == MAX_CUTS)
			usage_die("--cuts: '%.60s' is not up to %d lengths from 1 to 1000000", o.k, MAX_CUTS);
		cut[n_cuts++] = (size_t)v;
		max_k = v > max_k ? (size_t)v : max_k;
		p += len + (p[len] == ',');
	}
	if (!n_cuts)
		usage_die("--cuts: no lengths");
	if (o.name.n && o.name.n != (tool.n_args ? tool.n_args : 1))
		usage_die("--name is given %zu times for %zu lists", o.name.n, tool.n_args ? tool.n_args : 1);
	for (size_t i = 0; i < o.name.n; i++)
		if (!strcmp(o.name.v[i], "pop") && !o.no_train)
			usage_die("--name pop is the popularity row's");
	if (o.is_trec && o.has_header)
		usage_die("TREC files have no header");
	tool_reads_args(0);
	tool_reads(o.truth);
	tool_reads(o.items);
	for (size_t i = 0; i < o.train.n; i++)
		tool_reads(o.train.v[i]);
}

int main(int argc, char **argv)
{
	static const char *from_stdin[] = { "-" };
	struct csr_entries t = { 0 }, tr = { 0 };
	struct err e = { 0 };

	tool_init(&tool, argc, argv);
	check_options();
	const char **path = tool.n_args ? tool.arg : from_stdin;
	size_t n_files = tool.n_args ? tool.n_args : 1;
	out = tool_output(o.out, false);
	per_user = o.per_user ? tool_output_aside(o.per_user) : NULL;
	run_out = o.write_run ? tool_output_aside(o.write_run) : NULL;
	qrels_out = o.write_qrels ? tool_output_aside(o.write_qrels) : NULL;
	run = mem_new(n_files + 1, sizeof *run);
	read_truth(&t, &e);
	if (o.train.n)
		read_train(&tr, &e);
	for (; n_runs < n_files; n_runs++) {
		run[n_runs].name = o.name.n ? o.name.v[n_runs] : base_name(path[n_runs]);
		read_run(&run[n_runs], path[n_runs], &e);
	}
	build_truth(&t, &e);
	if (o.train.n && csr_from_pairs(&train, tr.row, tr.col, NULL, tr.n, train_user.n, item.n, &e))
		die_err(&e);
	csr_entries_release(&t);
	csr_entries_release(&tr);
	uint32_t *count = mem_new(item.n + 1, sizeof *count);
	build_catalogue(count, &e);
	for (size_t i = 0; i < n_files; i++) {
		build_lists(&run[i], &e);
		check_lists(&run[i], path[i], &e);
		size_t n_empty = 0;
		for (size_t u = 0; u < user.n; u++)
			n_empty += run[i].lists.start[u] == run[i].lists.start[u + 1];
		if (n_empty)
			note("%s: %zu of %zu users with truth have no list%s", path[i], n_empty, user.n, o.only_listed ? " and are left out" : ": they count 0");
	}
	write_trec(&e);
	if (o.train.n)
		build_pop(&run[n_runs++], count, &e);
	put_head();
	if (per_user) {
		struct buf head = { 0 };
		buf_puts(&head, "user\tmodel\tk");
		for (int i = 0; i < N_ORDER; i++)
			buf_printf(&head, "\t%s", metric_name(order[i]));
		buf_putc(&head, '\n');
		if (sink_write(per_user, head.p, head.len, &e))
			die_err(&e);
		buf_release(&head);
	}
	put(out, &e);
	for (size_t i = 0; i < n_runs; i++)
		measure(&run[i], &e);
	if (per_user)
		tool_output_close(per_user);
	tool_output_close(out);
	free_all(count);
	return tool_close(0);
}
