/*
 * taste-eval interleave: two lists of each user in one, by draft.h; and with what came of it, whose part was taken up. Holds both lists (16 bytes a line), and the answers (32 bytes each).
 */
#include <math.h>
#include <string.h>

#include "../lib/eval/draft.h"
#include "eval.h"

static struct feedback feedback;
static size_t k;
static uint32_t *mark;				/* [items] user + 1 whose draft had the item last */
static struct draft_pick *pick;			/* [longest] */

static size_t length(size_t r, size_t u)
{
	return run[r].lists.start[u + 1] - run[r].lists.start[u];
}

static size_t draft(size_t u)
{
	const uint32_t *const list[2] = { run[0].lists.item + run[0].lists.start[u], run[1].lists.item + run[1].lists.start[u] };
	const size_t n[2] = { length(0, u), length(1, u) };

	return n[0] && n[1] ? draft_make(pick, list, n, k, (uint64_t)o.seed, user.str[u], mark, (uint32_t)u + 1) : 0;
}

/* check_users - everybody has both lists. */
static void check_users(size_t n_users)
{
	size_t n_lacking = 0, example = 0;
	char clip[ERR_CLIP_MAX];

	for (size_t u = 0; u < n_users; u++)
		if (!length(0, u) != !length(1, u) && !n_lacking++)
			example = u;
	if (n_lacking && !o.allows_extra)
		die(EXIT_DATA, "%s: %zu users have only one of the two lists, such as '%s' (--allow-extra-users leaves them out)", file_shown(run[!length(1, example)].path), n_lacking,
		    err_clip(clip, user.str[example].p, user.str[example].len));
	if (n_lacking)
		note("%zu users have only one of the two lists and are left out", n_lacking);
}

/* ---- drafts out ---- */

static void put_draft(size_t u, struct err *e)
{
	size_t n = draft(u);

	for (size_t i = 0; i < n; i++) {
		const char *name = run[pick[i].team].name;
		struct str it = item.str[pick[i].item];
		tsv_put(&text, user.str[u].p, user.str[u].len);
		buf_putc(&text, '\t');
		tsv_put(&text, it.p, it.len);
		buf_printf(&text, "\t%zu\t", n - i);
		tsv_put(&text, name, strlen(name));
		buf_printf(&text, " #%u\tteam=%c\n", pick[i].from + 1, "AB"[pick[i].team]);
	}
	put(out, e);
}

/* ---- answers in ---- */

static void refuse(const struct feedback_row *r)
{
	char cu[ERR_CLIP_MAX], ci[ERR_CLIP_MAX];

	die(EXIT_DATA, "%s: user '%s' answered to item '%s' at place %u, where the draft has it not: is it the same seed, and are they the same lists?", file_shown(o.answers),
	    err_clip(cu, user.str[r->user].p, user.str[r->user].len), err_clip(ci, item.str[r->item].p, item.str[r->item].len), r->place + 1);
}

/* credit - to both teams, what a user's answers [n] brought. */
static void credit(double sum[2], size_t u, const struct feedback_row *const *row, size_t n)
{
	size_t n_picks = draft(u);

	for (size_t i = 0; i < n; i++) {
		if (row[i]->place >= n_picks || pick[row[i]->place].item != row[i]->item)
			refuse(row[i]);
		sum[pick[row[i]->place].team] += row[i]->reward;
	}
}

static void put_score(const struct draft_score *s, const double sum[2])
{
	if (o.is_table) {
		buf_printf(&text, "%s against %s: %zu won, %zu tied, %zu lost of %zu users who answered; rewards %g and %g\n", run[0].name, run[1].name, s->wins, s->ties, s->losses,
			   s->wins + s->ties + s->losses, sum[0], sum[1]);
		if (!isnan(s->share))
			buf_printf(&text, "won %.1f %% of those that are no ties [%.1f, %.1f], p %.4f\n", 100 * s->share, 100 * s->low, 100 * s->high, s->p);
		return;
	}
	buf_puts(&text, "a\tb\tusers\twins\tties\tlosses\treward_a\treward_b\tshare\tlow\thigh\tp\n");
	tsv_put(&text, run[0].name, strlen(run[0].name));
	buf_putc(&text, '\t');
	tsv_put(&text, run[1].name, strlen(run[1].name));
	buf_printf(&text, "\t%zu\t%zu\t%zu\t%zu", s->wins + s->ties + s->losses, s->wins, s->ties, s->losses);
	const double v[] = { sum[0], sum[1], s->share, s->low, s->high, s->p };
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		buf_putc(&text, '\t');
		put_number(v[i]);
	}
	buf_putc(&text, '\n');
}

/* score_answers - users in the order of their numbers, each with all that it answered. */
static void score_answers(struct err *e)
{
	struct draft_score s = { 0 };
	size_t *at = mem_new(user.n + 2, sizeof *at);
	const struct feedback_row **row = mem_new(feedback.n + 1, sizeof *row);
	double all[2] = { 0 };

	for (size_t i = 0; i < feedback.n; i++)
		at[feedback.row[i].user + 2]++;
	for (size_t u = 0; u < user.n; u++)
		at[u + 2] += at[u + 1];
	for (size_t i = 0; i < feedback.n; i++)
		row[at[feedback.row[i].user + 1]++] = &feedback.row[i];
	for (size_t u = 0; u < user.n; u++) {
		double sum[2] = { 0 };
		if (at[u + 1] == at[u] || (o.allows_extra && !(length(0, u) && length(1, u))))
			continue;
		credit(sum, u, row + at[u], at[u + 1] - at[u]);
		s.wins += sum[0] > sum[1];
		s.losses += sum[0] < sum[1];
		s.ties += sum[0] == sum[1];
		all[0] += sum[0];
		all[1] += sum[1];
	}
	draft_settle(&s);
	put_score(&s, all);
	put(out, e);
	mem_free(at);
	mem_free(row);
}

static void check_options(void)
{
	k = cut_of_verb();
	if (tool.n_args != 2)
		usage_die("interleave takes two lists of each user");
	if (o.reward.n && !o.answers)
		usage_die("--reward is of --answers");
	if (o.is_table && !o.answers)
		usage_die("drafts are lists, not a table: --table is of --answers");
	feedback_as_told(&feedback);
	tool_reads_args(0);
	tool_reads(o.answers);
}

void eval_interleave(struct err *e)
{
	size_t longest = 0;

	check_options();
	out = tool_output(o.out, false);
	runs_open();
	runs_check_names();
	runs_read(false, e);
	size_t n_users = user.n;
	if (o.answers)
		feedback_read(&feedback, false, e);
	for (size_t r = 0; r < 2; r++) {
		run_build(&run[r], o.order != BY_SCORE, e);
		run_check_twice(&run[r], e);
	}
	check_users(n_users);
	for (size_t u = 0; u < n_users; u++)
		longest = max_size(longest, min_size(k, length(0, u) + length(1, u)));
	mark = mem_new(item.n + 1, sizeof *mark);
	pick = mem_new(longest + 1, sizeof *pick);
	if (o.answers)
		score_answers(e);
	for (size_t u = 0; u < n_users && !o.answers; u++)
		put_draft(u, e);
	tool_output_close(out);
	mem_free(mark);
	mem_free(pick);
	feedback_release(&feedback);
	runs_release();
	buf_release(&text);
}
