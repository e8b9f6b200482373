/*
 * taste-rank - from candidates to the lists that are shown. Reads candidates with the lines of a user together, joins, filters, scores anew by a model, blends with
 * popularity, composes lists of k by the rules asked for, and writes each line with its reason. Streams: holds one user's candidates (64 users' with --score, --why or --trees), and the side files given.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/data/pairs.h"
#include "rank.h"

struct rank_opts o = { .k = 10, .pop_weight = 0.1, .out = "-", .gap = 1800, .seed = 1, .tail_head = 0.8, .fresh_days = 30 };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the lists in binary", .flags = OPT_NO_PROV },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "text inputs begin with a line of column names" },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "header-out", OPT_FLAG, &o.wants_header, NULL, "write a line of column names first", .flags = OPT_NO_PROV },
	{ .type = OPT_SECTION, .help = "lists and candidates: how many" },
	{ 'k', "top", OPT_INT, &o.k, "N", "length of each list", .min = 1, .max = 1000000 },
	{ .type = OPT_SECTION, .help = "lists: who may come" },
	{ 0, "allow", OPT_LIST, &o.allow, "FILE", "keep only items listed here (first column)", .flags = OPT_IS_PATH },
	{ 0, "deny", OPT_LIST, &o.deny, "FILE", "drop items listed here (first column)", .flags = OPT_IS_PATH },
	{ 0, "never", OPT_LIST, &o.never, "COND", "drop items of which the catalogue says so: 'tags=live|demo'" },
	{ 0, "seen", OPT_LIST, &o.seen, "EVENTS", "drop what the user already has in these events", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "lists: order" },
	{ 0, "score", OPT_STR, &o.score, "MODEL", "score the candidates anew: what this model thinks, by what the user has (--seen)", .flags = OPT_IS_PATH },
	{ 0, "popularity", OPT_FLOAT, &o.pop_weight, "W", "weight of popularity in the blend, with -m; below 0: of being unpopular", .min = -1, .max = 1 },
	{ 0, "diversity", OPT_FLOAT, &o.diversity, "X", "weight of being unlike those above; the score has the rest", .min = 0, .max = 1 },
	{ 0, "diverse", OPT_ENUM, &o.diverse, "HOW", "unlike the nearest of them, or all of them together", .names = "mmr|dpp" },
	{ 0, "calibrate", OPT_LIST, &o.calibrate, "FACET=W", "near to the user's own (--seen) mix of kind, creator, group or tags" },
	{ .type = OPT_SECTION, .help = "lists: floors, caps and distances" },
	{ 0, "per-creator", OPT_INT, &o.per_creator, "N", "at most N of one creator in a list; 0: no cap", .min = 0, .max = 1000000 },
	{ 0, "cap", OPT_LIST, &o.cap, "COND:SHARE", "at most such a share of each list: 'tags=ai:0.1'" },
	{ 0, "floor", OPT_LIST, &o.floor, "COND:SHARE", "at least such a share of each list: 'kind=podcast:0.2'" },
	{ 0, "fresh-share", OPT_FLOAT, &o.fresh_share, "S", "floor of what was released of late", .min = 0, .max = 1 },
	{ 0, "fresh-days", OPT_INT, &o.fresh_days, "N", "which is so many days before the day of the lists", .min = 0, .max = 1000000 },
	{ 0, "new-share", OPT_FLOAT, &o.new_share, "S", "floor of creators of whom the user has nothing (--seen)", .min = 0, .max = 1 },
	{ 0, "tail-share", OPT_FLOAT, &o.tail_share, "S", "floor of what is not popular (-m)", .min = 0, .max = 1 },
	{ 0, "tail-head", OPT_FLOAT, &o.tail_head, "S", "popular are the items that have this share of all counts", .min = 0, .max = 1 },
	{ 0, "space", OPT_LIST, &o.space, "creator|group=N", "N others between two of one creator or album" },
	{ .type = OPT_SECTION, .help = "lists: chance and days" },
	{ 0, "explore", OPT_STR, &o.explore, "HOW:AMOUNT", "epsilon:E, softmax:T or thompson:S: let chance choose, and write p=" },
	{ 0, "day", OPT_STR, &o.day, "DATE", "the day of the lists; else that of the newest event of --seen" },
	{ 0, "shown", OPT_STR, &o.shown, "FILE", "lists shown before: they stay as they are and are filled up", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "lists: reasons" },
	{ 0, "because", OPT_STR, &o.because, "VECTORS", "item vectors: name the item of the user's own (--seen) that is nearest", .flags = OPT_IS_PATH },
	{ 0, "why", OPT_STR, &o.why, "MODEL", "name the items of the user's own (--seen) from which this model's score comes", .flags = OPT_IS_PATH },
	{ 0, "explain", OPT_FLAG, &o.explains, NULL, "reasons for programs, too: k=v columns" },
	{ 0, "dropped", OPT_STR, &o.dropped, "FILE", "write what was dropped: user, item, step", .flags = OPT_NO_PROV },
	{ 0, "why-not", OPT_LIST, &o.why_not, "ITEM", "no lists, but for each user why this item is not in theirs" },
	{ .type = OPT_SECTION, .help = "lists: scores by features" },
	{ 0, "line", OPT_FLAG, &o.is_line, NULL, "answer each block of candidates, which an empty line ends, before the next is read", .flags = OPT_NO_PROV },
	{ 0, "trees", OPT_STR, &o.trees, "MODEL", "score the candidates by their features (taste-train trees)", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "lists and predict: scores by features" },
	{ 'm', "model", OPT_STR, &o.model, "MODEL", "popularity model (taste-train pop) to blend with; predict: the model of trees", .flags = OPT_IS_PATH },
	{ 0, "top-features", OPT_INT, &o.top_features, "N", "name the N features that say most of an item's score", .min = 0, .max = 16 },
	{ .type = OPT_SECTION, .help = "predict:" },
	{ 0, "by-query", OPT_FLAG, &o.by_query, NULL, "write the query in place of the user: a list for each request" },
	{ 0, "groups", OPT_STR, &o.groups, "FILE", "numbers of rows of the queries, line by line", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "lists, features, past and candidates: what is known" },
	{ 0, "events", OPT_LIST, &o.events, "EVENTS", "the log: what happened", .flags = OPT_IS_PATH },
	{ 0, "items", OPT_STR, &o.items, "FILE", "catalogue: adds title, creator and kind; what the rules are about", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "lists, features and past: what else is known" },
	{ 0, "vectors", OPT_STR, &o.vectors, "VECTORS", "item vectors: what is alike, for --diversity; what is near to what the listener hears", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "lists and features: what is asked" },
	{ 0, "past", OPT_STR, &o.past, "FILE", "in place of --events, a log that taste-rank past has read", .flags = OPT_IS_PATH },
	{ 0, "context", OPT_STR, &o.context, "K=V,...", "the situation of all requests: time, hour, day, device, place, mood, intent, heart_rate" },
	{ 's', "seed", OPT_INT, &o.seed, "N", "of --explore and --sample" },
	{ .type = OPT_SECTION, .help = "lists, features and candidates: who asks" },
	{ 0, "requests", OPT_LIST, &o.requests, "EVENTS", "who asked when and in which situation, and what was heard then", .flags = OPT_IS_PATH },
	{ .type = OPT_SECTION, .help = "features:" },
	{ 0, "gap", OPT_FLOAT, &o.gap, "SECONDS", "events of a listener that are no further apart are one request", .min = 0, .max = 1e9 },
	{ 0, "label", OPT_ENUM, &o.label, "WHAT", "1: candidates that were heard; or, of the requests themselves, what was skipped", .names = "heard|skipped" },
	{ 0, "sample", OPT_INT, &o.sample, "N", "of the candidates with label 0 so many of each request, by chance; 0: all", .min = 0, .max = 1e9 },
	{ 0, "truth", OPT_STR, &o.truth, "FILE", "write what was heard in each request there: query, item", .flags = OPT_NO_PROV },
	{ 0, "only-hits", OPT_FLAG, &o.only_hits, NULL, "leave out requests whose candidates all have label 0" },
	{ .type = OPT_SECTION, .help = "candidates:" },
	{ 0, "source", OPT_LIST, &co.source, "NAME,...", "where candidates come from: now, rising, followed, new, continue, again, near; else all that can be had", .names = "now|rising|followed|new|continue|again|near" },
	{ 0, "users", OPT_STR, &co.users, "FILE", "for those listed here (first column); all: for all who have events", .names = "all", .flags = OPT_IS_PATH },
	{ 0, "time", OPT_STR, &co.time, "TIME", "only what came before it counts; else all (a year, ISO 8601, or seconds since 1970)" },
	{ 0, "half-life", OPT_FLOAT, &co.half_life, "DAYS", "now, rising, continue: what is so much older counts half", .min = 1e-3, .max = 1e6 },
	{ 0, "chart-every", OPT_FLOAT, &co.chart_every, "DAYS", "now, rising, with --requests: how often charts are made; 0: for each request", .min = 0, .max = 1e6 },
	{ 0, "each-kind", OPT_FLAG, &co.each_kind, NULL, "now, rising: -k of each kind of item" },
	{ 0, "newest", OPT_FLAG, &co.newest_first, NULL, "followed: a creator's newest first, not the best known" },
	{ 0, "new-days", OPT_FLOAT, &co.new_days, "DAYS", "new: how long something is", .min = 1e-3, .max = 1e6 },
	{ 0, "lately", OPT_FLOAT, &co.lately, "DAYS", "continue: what was not gone on with for longer is given up", .min = 1e-3, .max = 1e6 },
	{ 0, "serial", OPT_LIST, &co.serial, "KIND", "continue: kinds of items that are heard in order; else podcast and audiobook" },
	{ 0, "finished", OPT_FLOAT, &co.finished, "SHARE", "continue: of an item's length, from which on it is", .min = 0, .max = 1 },
	{ 0, "rest", OPT_FLOAT, &co.rest, "DAYS", "again: half-way to being longed for; 0: what was heard often", .min = 0, .max = 1e6 },
	{ 0, "keep", OPT_FLAG, &co.keep, NULL, "do not leave out what the listener has" },
	{ 0 },
};

struct tool tool = {
	.name = "taste-rank",
	.about = "candidates in, lists that say why out: user, item, score, source to user, item, score, reason; and where candidates and their features come from",
	.usage = "[options] [candidates...]\n"
		 "       taste-rank candidates [options] [events...]\n"
		 "       taste-rank merge [options] [candidates...]\n"
		 "       taste-rank features --events events|--past file [options] [candidates...]\n"
		 "       taste-rank past --events events [options]\n"
		 "       taste-rank predict -m model [options] [rows...]",
	.opts = opts,
	.may = "candidates|features|merge|past|predict",
};

struct seat seat[SCORER_USERS];
size_t n_seats;

static struct buf line, reason;
static struct tablew *table;
static struct sink *dropped;
static uint64_t n_dropped[DROP_CUT + 1], n_in, n_out, n_users;
struct prov prov;
struct buf inputs;

static void begin_line(const struct buf *user, struct str item)
{
	buf_reset(&line);
	tsv_put(&line, user->p, user->len);
	buf_putc(&line, '\t');
	tsv_put(&line, item.p, item.len);
	buf_putc(&line, '\t');
}

static void write_line(struct err *e)
{
	if (tablew_row(table, line.p, line.len, e))
		die_err(e);
	n_out++;
}

static void write_list(size_t s, struct err *e)
{
	const struct buf *user = &seat[s].user;
	uint32_t u = vocab_find(&side.seen.user, user->p, user->len);

	for (size_t i = 0; i < seat[s].list.n; i++) {
		struct rerank_cand *c = &seat[s].list.cand[i];
		if (!c->drop)
			c->drop = forbidden(u, c);	/* asked once more: whatever came between, it is not shown */
		begin_line(user, c->item);
		n_dropped[c->drop]++;
		if (c->drop) {
			buf_puts(&line, rerank_drop_name(c->drop));
			buf_putc(&line, '\n');
			if (dropped && sink_write(dropped, line.p, line.len, e))
				die_err(e);
			continue;
		}
		buf_reset(&reason);
		put_reason(&reason, s, i);
		buf_put_f64(&line, c->shown);
		buf_putc(&line, '\t');
		tsv_put(&line, reason.p, reason.len);
		if (c->features.len) {
			buf_putc(&line, '\t');
			buf_put(&line, c->features.p, c->features.len);
		}
		put_columns(&line, s, i);
		write_line(e);
	}
}

static void write_why_not(size_t s, struct err *e)
{
	for (size_t i = 0; i < o.why_not.n; i++) {
		struct str item = { o.why_not.v[i], strlen(o.why_not.v[i]) };
		begin_line(&seat[s].user, item);
		put_why_not(&line, s, item);
		write_line(e);
	}
}

/* finish_seats - stages 2 and on for the users who are held. */
void finish_seats(struct err *e)
{
	for (size_t s = 0; s < n_seats; s++) {
		if (o.shown)
			rules_add_shown(&seat[s]);
		if (o.explains && !o.trees && rerank_places(&seat[s].list, e))	/* --trees looks at places itself */
			die_err(e);
		mark_filters(&seat[s]);
	}
	tastes_score(e);
	stage_score(e);
	for (size_t s = 0; s < n_seats; s++) {
		rules_prepare(&seat[s], e);
		if (rerank_run(&seat[s].list, rules_opts(), e))
			die_err(e);
		rules_count(&seat[s].list);
	}
	if (!o.why_not.n)
		tastes_explain(e);
	for (size_t s = 0; s < n_seats; s++) {
		if (o.why_not.n)
			write_why_not(s, e);
		else
			write_list(s, e);
		rerank_reset(&seat[s].list);
		mem_free(seat[s].part);
		seat[s].part = NULL;
	}
	n_users += n_seats;
	n_seats = 0;
}

static struct seat *next_seat(struct str user, struct err *e)
{
	if (n_seats == (!o.is_line && (o.score || o.why || o.trees) ? SCORER_USERS : 1))
		finish_seats(e);
	struct seat *s = &seat[n_seats++];
	buf_reset(&s->user);
	buf_put(&s->user, user.p, user.len);
	return s;
}

bool candidate_is_wrong(const struct str *f, size_t n, double *score, char *what, size_t len)
{
	char clip[ERR_CLIP_MAX];

	if (n >= 3 && f[0].len && f[1].len && scan_f64(f[2].p, f[2].len, score))
		return false;
	if (n < 3)
		snprintf(what, len, "%zu field%s, a candidate has user, item and score", n, n == 1 ? "" : "s");
	else if (!f[0].len || !f[1].len)
		snprintf(what, len, "field %d: %s is empty", f[0].len ? 2 : 1, f[0].len ? "the item" : "the user");
	else if (!o.has_header && tsv_is_header(f, n))
		snprintf(what, len, "%s", TSV_HEADER);
	else
		snprintf(what, len, "field 3: '%s' is not a score (a finite number)", err_clip(clip, f[2].p, f[2].len));
	return true;
}

/* warn_event - once: a log as candidates has its times for scores. */
static void warn_event(const struct tabler *r, struct str kind)
{
	static bool was_told;
	struct buf where = { 0 };

	if (was_told)
		return;
	was_told = true;
	tabler_where(r, &where);
	warn("%s: fields 3 and 4 are a time and '%.*s': these look like events, where a candidate has a score and a source", where.p, (int)kind.len, kind.p);
	buf_release(&where);
}

void check_candidate(const struct tabler *r, const struct str *f, size_t n, double *score)
{
	struct err e = { 0 };
	char what[120];

	if (!candidate_is_wrong(f, n, score, what, sizeof what)) {
		if (!o.has_header && pairs_is_event(f, n))
			warn_event(r, f[3]);
		return;
	}
	tabler_bad(r, &e, "%s", what);
	die_err(&e);
}

/* add_line - one candidate row into the user's list. */
static void add_line(struct rerank *list, const struct str *f, size_t n, double score)
{
	struct buf features = { 0 };

	for (size_t i = 4; i < n; i++) {
		if (rules_explore() && f[i].len >= 2 && !memcmp(f[i].p, "p=", 2))	/* the list has its own */
			continue;
		if (features.len)
			buf_putc(&features, '\t');
		tsv_put(&features, f[i].p, f[i].len);
	}
	struct str source = n > 3 && f[3].len ? f[3] : (struct str){ "candidate", 9 };
	rerank_add(list, f[1], score, source, (struct str){ features.p ? features.p : "", features.len });
	buf_release(&features);
}

bool is_seated(struct str user)
{
	const struct buf *last = n_seats ? &seat[n_seats - 1].user : NULL;

	return last && user.len == last->len && !memcmp(user.p, last->p, user.len);
}

void seat_line(const struct str *f, size_t n, double score)
{
	struct err e = { 0 };

	add_line(is_seated(f[0]) ? &seat[n_seats - 1].list : &next_seat(f[0], &e)->list, f, n, score);
	n_in++;
}

void die_again(const struct tabler *r, struct str user, bool was_elsewhere)
{
	struct err e = { 0 };
	char clip[ERR_CLIP_MAX];

	tabler_bad(r, &e, "user '%s' comes again: the lines of a user must stand together (%s)", err_clip(clip, user.p, user.len),
		   was_elsewhere ? "taste-rank merge joins files" : "sort -s -t \"$(printf '\\t')\" -k 1,1");
	die_err(&e);
}

static void rank_file(const char *path, struct vocab *done, struct progress *pr, struct err *e)
{
	static const char *const names[] = { "user", "item", "score" };
	struct tabler *r = tabler_open(path, "candidates", o.has_header, e);
	const struct str *f;
	double score;
	size_t n, n_elsewhere = done->n;
	uint32_t u;
	int got;

	if (!r || tabler_order(r, names, 3, e))
		die_err(e);
	while ((got = tabler_next(r, &f, &n, e)) == 1) {
		size_t n_before = done->n;
		if (!is_seated(f[0]) && (u = vocab_add(done, f[0].p, f[0].len)) < n_before)
			die_again(r, f[0], u < n_elsewhere);
		check_candidate(r, f, n, &score);
		seat_line(f, n, score);
		progress_set(pr, n_in);
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	tabler_close(r);
}

static void check_options(void)
{
	rules_check();
	if (o.because && !o.seen.n)
		usage_die("--because needs --seen, which says what the user has");
	if ((o.score || o.why) && !o.seen.n)
		usage_die("%s needs --seen, which says what the user has", o.score ? "--score" : "--why");
	if (o.why_not.n && o.dropped)
		usage_die("--why-not writes no lists: nothing goes into --dropped");
	if (o.is_line && (o.is_binary || tool.n_args > 1 || o.requests.n > 1))
		usage_die("--line is of text, of one stream of candidates and one of --requests");
	tool_reads_args(0);
	check_stage();
	tool_reads(o.model);
	tool_reads(o.because);
	if (o.diversity > 0 && !o.trees && (!o.because || !o.vectors || strcmp(o.because, o.vectors)))	/* --trees says so, too */
		tool_reads(o.vectors);
	tool_reads(o.shown);
	tool_reads(o.score);
	if (!o.score || !o.why || strcmp(o.score, o.why))
		tool_reads(o.why);
	tool_reads(o.items);
	const struct opt_list *const lists[] = { &o.allow, &o.deny, &o.seen };
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (size_t i = 0; i < lists[l]->n; i++)
			tool_reads(lists[l]->v[i]);
}

void put_lines(struct tablew *t, const struct buf *lines, struct err *e)
{
	const char *end = lines->p + lines->len, *stop;

	for (const char *p = lines->p; lines->len && p < end; p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		if (tablew_row(t, p, (size_t)(stop - p), e))
			die_err(e);
	}
}

/* rank - without a verb: the lists. */
static void rank(struct err *e)
{
	static const char *const from_stdin[] = { "-" };
	struct vocab done = { 0 };
	struct progress pr;

	check_options();
	struct sink *out = tool_output(o.out, o.is_binary);
	dropped = o.dropped ? tool_output_aside(o.dropped) : NULL;
	side_load(e);
	stage_open(e);
	rules_open(e);
	if (!(table = tablew_new(out, "ranked", o.is_binary, e)))
		die_err(e);
	if (o.wants_header && !o.is_binary && tablew_row(table, "user\titem\tscore\treason", 22, e))
		die_err(e);
	if (o.is_line)
		serve(tool.n_args ? tool.arg[0] : from_stdin[0], out, e);
	progress_start(&pr, "rank", "candidates", 0);
	for (size_t i = 0; !o.is_line && i < (tool.n_args ? tool.n_args : 1); i++)
		rank_file(tool.n_args ? tool.arg[i] : from_stdin[0], &done, &pr, e);
	finish_seats(e);
	progress_end(&pr);
	prov_step(&prov, tool.name, tool_version, tool.prov.p ? tool.prov.p : "", inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, e))
		die_err(e);
	if (dropped)
		tool_output_close(dropped);
	tool_output_close(out);
	note("%llu candidates of %llu users: %llu kept", (unsigned long long)n_in, (unsigned long long)n_users, (unsigned long long)n_out);
	for (int d = DROP_ALLOW; d <= DROP_CUT; d++)
		if (n_dropped[d])
			note("%llu dropped by %s", (unsigned long long)n_dropped[d], rerank_drop_name((enum rerank_drop)d));
	rules_say();
	side_say();
	tastes_say(n_users);
	tablew_free(table);
	for (size_t s = 0; s < SCORER_USERS; s++) {
		rerank_release(&seat[s].list);
		buf_release(&seat[s].user);
		mem_free(seat[s].item);
		mem_free(seat[s].place);
		mem_free(seat[s].x);
	}
	tastes_close();
	stage_close();
	rules_close();
	side_release();
	vocab_release(&done);
	buf_release(&line);
	buf_release(&reason);
}

int main(int argc, char **argv)
{
	static const struct { const char *verb; void (*run)(struct err *e); } verbs[] = { { "candidates", rank_candidates }, { "features", rank_features }, { "merge", rank_merge }, { "past", rank_past }, { "predict", rank_predict } };
	struct err e = { 0 };
	size_t v = 0;

	tool_init(&tool, argc, argv);
	tool_check_verb(tool.verb ? tool.verb : "lists");
	tool.makes_other = !tool.verb || strcmp(tool.verb, "merge");
	if (o.is_binary && o.wants_header)
		usage_die("--header-out is of text: what -b writes has no line of names");
	if (tool.verb) {
		while (strcmp(verbs[v].verb, tool.verb))
			v++;
		verbs[v].run(&e);
	} else {
		rank(&e);
	}
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
