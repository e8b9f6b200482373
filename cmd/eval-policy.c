/*
 * taste-eval ips, snips and dr: what lists would be worth by a log of other lists that were shown with known probabilities. Reads the log, then the lists of its users; policy.h has the
 * estimators. Holds the log (32 bytes a row), the lists (16 bytes a line), and the model's rewards (8 bytes a pair).
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../lib/base/scan.h"
#include "../lib/base/sort.h"
#include "../lib/eval/policy.h"
#include "eval.h"

static struct feedback feedback;
static struct policy *target;		/* [n_runs] */
static struct csr predicted;
static size_t k;

/* ---- the lists ---- */

struct choice { uint32_t user; struct policy_choice c; };
struct choices { struct choice *v; size_t n, cap; };

static int cmp_choices(const void *a, const void *b, void *ctx)
{
	const struct choice *x = a, *y = b;

	(void)ctx;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	if (x->c.place != y->c.place)
		return x->c.place < y->c.place ? -1 : 1;
	return (x->c.item > y->c.item) - (x->c.item < y->c.item);
}

/* check_place - of one user and place: no item twice, and no more than certainty together. */
static void check_place(const struct run *rn, const struct choice *l, size_t n)
{
	char cu[ERR_CLIP_MAX], ci[ERR_CLIP_MAX];
	const struct str u = user.str[l->user];
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += l[i].c.p;
		if (i && l[i].c.item == l[i - 1].c.item)
			die(EXIT_DATA, "%s: item '%s' stands twice at place %u of user '%s'", file_shown(rn->path), err_clip(ci, item.str[l[i].c.item].p, item.str[l[i].c.item].len),
			    l->c.place + 1, err_clip(cu, u.p, u.len));
	}
	if (sum > 1 + 1e-6)
		die(EXIT_DATA, "%s: the probabilities at place %u of user '%s' add up to %g", file_shown(rn->path), l->c.place + 1, err_clip(cu, u.p, u.len), sum);
}

static void settle(struct policy *t, const struct run *rn, struct choices *l, struct err *e)
{
	if (sort_stable(l->v, l->n, sizeof *l->v, cmp_choices, NULL, e))
		die_err(e);
	for (size_t i = 0, n; i < l->n; i += n) {
		for (n = 1; i + n < l->n && l->v[i + n].user == l->v[i].user && l->v[i + n].c.place == l->v[i].c.place; n++)
			;
		check_place(rn, &l->v[i], n);
	}
	t->start = mem_new(user.n + 1, sizeof *t->start);
	t->choice = mem_new(l->n + 1, sizeof *t->choice);
	for (size_t i = 0; i < l->n; i++) {
		t->start[l->v[i].user + 1]++;
		t->choice[i] = l->v[i].c;
	}
	for (size_t u = 0; u < user.n; u++)
		t->start[u + 1] += t->start[u];
	mem_free(l->v);
}

/* read_sure - lists: their item at each place, or with --match item any of theirs. */
static void read_sure(struct policy *t, struct run *rn, struct err *e)
{
	struct listr *r = listr_open(rn->path, LIST_RANKED, o.has_header, e);
	struct choices l = { 0 };
	struct str u, i;
	double score;
	int got = 0;

	while (r && (got = listr_next(r, &u, &i, &score, e)) == 1) {
		uint32_t un = vocab_find(&user, u.p, u.len);
		if (un != VOCAB_NONE)
			run_add(rn, un, vocab_add(&item, i.p, i.len), score);
	}
	if (!r || got < 0)
		die_err(e);
	listr_close(r);
	run_build(rn, o.order != BY_SCORE, e);
	run_check_twice(rn, e);
	for (size_t un = 0; un < user.n; un++) {
		size_t from = rn->lists.start[un], n = min_size(rn->lists.start[un + 1] - from, k);
		for (size_t p = 0; p < n; p++) {
			arr_reserve(l.v, l.n + 1, l.cap);
			bool is_any = o.match == POLICY_ITEM;
			l.v[l.n++] = (struct choice){ (uint32_t)un, { is_any ? 0 : (uint32_t)p, rn->lists.item[from + p], is_any ? 1 / (double)n : 1 } };
		}
	}
	settle(t, rn, &l, e);
}

/* read_probable - every line an item that may be shown, with its p and its place. */
static void read_probable(struct policy *t, struct run *rn, struct err *e)
{
	struct listr *r = listr_open(rn->path, LIST_RANKED, o.has_header, e);
	struct choices l = { 0 };
	struct str u, i, s;
	double score, p = 0;
	int got = 0;

	while (r && (got = listr_next(r, &u, &i, &score, e)) == 1) {
		uint32_t un = vocab_find(&user, u.p, u.len);
		uint64_t place = 1;
		char clip[ERR_CLIP_MAX];
		if (!listr_feature(r, "p", &s))
			listr_bad(r, e, "there is no p=, which --probabilities is about");
		else if (!scan_f64(s.p, s.len, &p) || p < 0 || p > 1)
			listr_bad(r, e, "p=%s is not a probability", err_clip(clip, s.p, s.len));
		else if (listr_feature(r, "place", &s) && (!scan_u64(s.p, s.len, &place) || !place || place > 1000000))
			listr_bad(r, e, "place=%s is no place from 1 to 1000000", err_clip(clip, s.p, s.len));
		if (e->code)
			die_err(e);
		if (un == VOCAB_NONE || place > k || !(p > 0))
			continue;
		arr_reserve(l.v, l.n + 1, l.cap);
		l.v[l.n++] = (struct choice){ un, { o.match == POLICY_ITEM ? 0 : (uint32_t)place - 1, vocab_add(&item, i.p, i.len), p } };
	}
	if (!r || got < 0)
		die_err(e);
	listr_close(r);
	settle(t, rn, &l, e);
}

/* ---- the log ---- */

/* keep_rows - those above the cut, of users who have something in every list. */
static void keep_rows(void)
{
	uint8_t *lacks = mem_new(user.n + 1, 1);
	char clip[ERR_CLIP_MAX];
	size_t n = 0, n_lacking = 0, example = 0, run_at = 0;

	for (size_t r = 0; r < n_runs; r++)
		for (size_t u = 0; u < user.n; u++)
			if (target[r].start[u + 1] == target[r].start[u] && !lacks[u]) {
				lacks[u] = 1;
				run_at = n_lacking ? run_at : r;
				example = n_lacking++ ? example : u;
			}
	if (n_lacking && !o.allows_extra)
		die(EXIT_DATA, "%s: %zu users of the log have no list, such as '%s' (--allow-extra-users leaves them out)", file_shown(run[run_at].path), n_lacking,
		    err_clip(clip, user.str[example].p, user.str[example].len));
	if (n_lacking == user.n)
		die(EXIT_DATA, "%s: no user of the log has a list", file_shown(run[run_at].path));
	if (n_lacking)
		note("%zu of %zu users of the log lack a list and are left out", n_lacking, user.n);
	for (size_t i = 0; i < feedback.n; i++)
		if (!lacks[feedback.row[i].user] && (feedback.row[i].place < k || o.match == POLICY_ITEM))
			feedback.row[n++] = feedback.row[i];
	feedback.n = n;
	mem_free(lacks);
}

/* ---- what a model expects ---- */

static void read_predicted(struct err *e)
{
	struct listr *r = listr_open(o.predicted, LIST_GAINS, o.has_header, e);
	struct csr_entries t = { 0 };
	struct str u, i;
	double reward;
	int got = 0;

	while (r && (got = listr_next(r, &u, &i, &reward, e)) == 1) {
		uint32_t un = vocab_find(&user, u.p, u.len), in = vocab_find(&item, i.p, i.len);
		if (fabs(reward) > (double)FLT_MAX) {
			listr_bad(r, e, "a reward of %g is beyond the range of single precision", reward);
			die_err(e);
		}
		if (un != VOCAB_NONE && in != VOCAB_NONE)
			csr_entries_add(&t, un, in, (float)reward);
	}
	if (!r || got < 0)
		die_err(e);
	listr_close(r);
	if (csr_from_pairs(&predicted, t.row, t.col, t.val, t.n, user.n, item.n, e))
		die_err(e);
	if (predicted.start[user.n] < t.n)
		die(EXIT_DATA, "%s: %zu pairs of a user and an item come twice", file_shown(o.predicted), t.n - predicted.start[user.n]);
	csr_entries_release(&t);
}

static void warn_unpredicted(void)
{
	size_t n = 0, all = feedback.n;

	for (size_t i = 0; i < feedback.n; i++)
		n += !csr_has(&predicted, feedback.row[i].user, feedback.row[i].item);
	for (size_t r = 0; r < n_runs; r++)
		for (size_t u = 0; u < user.n; u++)
			for (size_t i = target[r].start[u]; i < target[r].start[u + 1]; i++, all++)
				n += !csr_has(&predicted, u, target[r].choice[i].item);
	if (n)
		warn("%s: %zu of %zu rows and lines are of a user and an item that it has not: 0 is expected of them", file_shown(o.predicted), n, all);
}

/* ---- what is said ---- */

static const char *const estimator[POLICY_VALUES] = { "mean", "ips", "snips", "dm", "dr" };

static void put_line(const char *name, const struct policy_estimate *x, enum policy_value v)
{
	bool is_weighted = v != POLICY_LOGGED && v != POLICY_DM;

	tsv_put(&text, name, strlen(name));
	buf_printf(&text, "\t%s", estimator[v]);
	put_interval(&x->v[v]);
	if (v == POLICY_LOGGED)
		buf_puts(&text, "\t\t\t");
	else
		put_interval(&x->gain[v]);
	buf_printf(&text, "\t%zu\t%zu\t%zu", x->v[v].n, x->n_lists, x->n_rows);
	if (is_weighted) {
		buf_printf(&text, "\t%zu\t", x->n_matched);
		put_number(x->ess);
		buf_putc(&text, '\t');
		put_number(x->clipped);
		put_interval(&x->weight);
	} else {
		buf_puts(&text, "\t\t\t\t\t\t");
	}
	buf_putc(&text, '\n');
}

static void put_table_line(const char *name, const struct policy_estimate *x, enum policy_value v)
{
	buf_printf(&text, "%-16.32s %-5s %9.4f", name, estimator[v], x->v[v].value);
	if (o.bootstrap)
		buf_printf(&text, " [%.4f, %.4f]", x->v[v].low, x->v[v].high);
	if (v != POLICY_LOGGED)
		buf_printf(&text, "  %+9.4f", x->gain[v].value);
	if (v != POLICY_LOGGED && o.bootstrap)
		buf_printf(&text, " [%+.4f, %+.4f]", x->gain[v].low, x->gain[v].high);
	if (v != POLICY_LOGGED && v != POLICY_DM)
		buf_printf(&text, "  %zu of %zu rows, worth %.1f; weight %.3f, %.2g clipped", x->n_matched, x->n_rows, x->ess, x->weight.value, x->clipped);
	buf_putc(&text, '\n');
}

static void put_value(const char *name, const struct policy_estimate *x, enum policy_value v)
{
	if (o.is_table)
		put_table_line(name, x, v);
	else
		put_line(name, x, v);
}

static void judge(struct err *e)
{
	struct policy_opts po = { .match = (enum policy_match)o.match, .clip = o.clip, .reward = o.predicted ? &predicted : NULL, .n_boot = (size_t)o.bootstrap,
				  .seed = (uint64_t)o.seed, .pool = tool_pool() };

	for (size_t r = 0; r < n_runs; r++) {
		struct policy_estimate x;
		if (policy_estimate(&x, &feedback, &target[r], user.n, &po, e)) {
			err_prefix(e, "%s", file_shown(run[r].path));
			die_err(e);
		}
		if (!r)
			put_value("logged", &x, POLICY_LOGGED);
		if (!strcmp(tool.verb, "dr"))
			put_value(run[r].name, &x, POLICY_DM);
		put_value(run[r].name, &x, !strcmp(tool.verb, "dr") ? POLICY_DR : !strcmp(tool.verb, "ips") ? POLICY_IPS : POLICY_SNIPS);
		if (x.weight.high < 0.95)
			warn("%s: the weights are %.3f on average where 1 is right: the log could not show%s part of what this shows", file_shown(run[r].path), x.weight.value,
			     o.match == POLICY_PLACE ? ", or had above already," : "");
		else if (o.bootstrap && x.weight.low > 1.05)
			warn("%s: the weights are %.3f on average where 1 is right: these lists are made from the log's own draws, or the propensities are not theirs", file_shown(run[r].path),
			     x.weight.value);
	}
}

/* ---- all of it ---- */

static void check_options(void)
{
	k = cut_of_verb();
	if (!o.answers == !o.log)
		usage_die(o.log ? "--answers and --log exclude each other" : "--answers EVENTS or --log FILE says what was shown and what came of it");
	if (o.log && o.reward.n)
		usage_die("a table has its rewards: --reward is of --answers");
	if (!strcmp(tool.verb, "dr") && !o.predicted)
		usage_die("dr needs --model-rewards, which says what a model expects");
	if (o.has_p && o.order >= 0)
		usage_die("with --probabilities lines have no order");
	feedback_as_told(&feedback);
	tool_reads_args(0);
	tool_reads(o.answers);
	tool_reads(o.log);
	tool_reads(o.predicted);
}

void eval_policy(struct err *e)
{
	check_options();
	out = tool_output(o.out, false);
	runs_open();
	runs_check_names();
	feedback_read(&feedback, true, e);
	target = mem_new(n_runs, sizeof *target);
	for (size_t r = 0; r < n_runs; r++)
		(o.has_p ? read_probable : read_sure)(&target[r], &run[r], e);
	keep_rows();
	if (o.match == POLICY_LIST && policy_places(&feedback, &user, e)) {
		err_prefix(e, "%s", file_shown(feedback_path()));
		die_err(e);
	}
	if (o.predicted) {
		read_predicted(e);
		warn_unpredicted();
	}
	if (!o.is_table)
		buf_puts(&text, "policy\testimator\tvalue\tlow\thigh\tgain\tgain_low\tgain_high\tusers\tlists\trows\tmatched\teffective\tclipped\tweight\tweight_low\tweight_high\n");
	judge(e);
	put(out, e);
	tool_output_close(out);
	for (size_t r = 0; r < n_runs; r++) {
		mem_free(target[r].start);
		mem_free(target[r].choice);
	}
	mem_free(target);
	csr_release(&predicted);
	feedback_release(&feedback);
	runs_release();
	buf_release(&text);
}
