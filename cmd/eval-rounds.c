/*
 * taste-eval rounds: a file is a round, of lists or of what was heard; a line of rounds.h each, and how far that is from round 0. Holds all rounds (16 bytes a line).
 */
#include <math.h>
#include <string.h>

#include "../lib/eval/rounds.h"
#include "eval.h"

static struct rounds rounds;
static struct labels by[BEYOND_BY];
static size_t k;

/* read_heard - plays, and events of no kind; what was skipped, liked or shown was not heard. */
static void read_heard(struct run *rn, struct err *e)
{
	struct eventr *r = eventr_open(rn->path, o.has_header, e);
	struct event ev;
	int got = 0;

	while (r && (got = eventr_next(r, &ev, e)) == 1)
		if (!ev.kind.len || (ev.kind.len == 4 && !memcmp(ev.kind.p, "play", 4)))
			run_add(rn, vocab_add(&user, ev.user.p, ev.user.len), vocab_add(&item, ev.item.p, ev.item.len), 0);
	if (!r || got < 0)
		die_err(e);
	eventr_close(r);
}

/* ---- what is measured by ---- */

static void build_catalogue(struct metric_truth *t, struct err *e)
{
	uint8_t *in = mem_new(item.n + 1, 1);
	struct items it = { 0 };

	memset(in, 1, item.n);
	t->gain.n_cols = item.n;
	t->in_catalogue = in;
	t->n_catalogue = item.n;
	rounds.catalogue = t;
	if (!o.items)
		return;
	if (items_load(&it, o.items, o.has_header, NULL, NULL, e))
		die_err(e);
	catalogue_mark(in, &it);
	t->n_catalogue = it.id.n;
	rounds.n_by = by_read(by, o.by ? o.by : "creator,tags", &it, e);
	rounds.by = by;
	items_release(&it);
}

static void build_head(struct err *e)
{
	uint32_t *count = mem_new(item.n + 1, sizeof *count), *order;
	uint8_t *is_head = mem_new(item.n + 1, 1);
	size_t n;

	train_build(e);
	order = popular_order(count, &n, e);
	beyond_head(is_head, order, n, count, o.head);
	rounds.is_head = is_head;
	mem_free(order);
	mem_free(count);
}

/* ---- what is said ---- */

/* base_of - the round that a column is compared with: the first one, of a span the first that has one. */
static size_t base_of(size_t c)
{
	return c >= ROUND_LABELS && (c - ROUND_LABELS) % 2 ? (size_t)o.window - 1 : 0;
}

/* change - from the base, as a share of it; NaN where either is missing, infinite where the base is 0 and this is not. */
static double change(const struct round *round, size_t r, size_t c)
{
	size_t base = base_of(c);
	double now = round[r].v[c], then = r < base ? NAN : round[base].v[c];

	if (then == 0)
		return now == 0 ? 0 : isnan(now) ? NAN : INFINITY;
	return now / then - 1;
}

static bool is_held(size_t c)
{
	return c == ROUND_TAIL || (c >= ROUND_LABELS && !((c - ROUND_LABELS) % 2));
}

static void put_names(void)
{
	char name[64];

	buf_puts(&text, "round\tname\tusers\tshown\titems");
	for (size_t c = 0; c < round_columns(&rounds); c++)
		buf_printf(&text, "\t%s", round_name(&rounds, c, name));
	for (size_t c = 0; c < round_columns(&rounds); c++)
		buf_printf(&text, "\t%s_change", round_name(&rounds, c, name));
	buf_putc(&text, '\n');
}

static void put_round(const struct round *round, size_t r)
{
	buf_printf(&text, "%zu\t", r);
	tsv_put(&text, run[r].name, strlen(run[r].name));
	buf_printf(&text, "\t%zu\t%zu\t%zu", round[r].n_users, round[r].n_shown, round[r].n_items);
	for (size_t c = 0; c < round_columns(&rounds); c++) {
		buf_putc(&text, '\t');
		put_number(round[r].v[c]);
	}
	for (size_t c = 0; c < round_columns(&rounds); c++) {
		double x = change(round, r, c);
		buf_putc(&text, '\t');
		if (isfinite(x))
			buf_put_fixed(&text, 100 * x, 3);
	}
	buf_putc(&text, '\n');
}

static void put_table(const struct round *round)
{
	char name[64];

	buf_printf(&text, "%5s %-16s %7s %7s", "round", "name", "users", "items");
	for (size_t c = 0; c < round_columns(&rounds); c++)
		if (!isnan(round[base_of(c) < n_runs ? base_of(c) : 0].v[c]))
			buf_printf(&text, "  %15s", round_name(&rounds, c, name));
	buf_putc(&text, '\n');
	for (size_t r = 0; r < n_runs; r++) {
		buf_printf(&text, "%5zu %-16.32s %7zu %7zu", r, run[r].name, round[r].n_users, round[r].n_items);
		for (size_t c = 0; c < round_columns(&rounds); c++) {
			double x = change(round, r, c);
			if (isnan(round[base_of(c) < n_runs ? base_of(c) : 0].v[c]))
				continue;
			if (isnan(round[r].v[c]))
				buf_printf(&text, "  %15s", "-");
			else if (!isfinite(x))
				buf_printf(&text, "  %6.4f         ", round[r].v[c]);
			else
				buf_printf(&text, "  %6.4f %+6.1f %%", round[r].v[c], 100 * x);
		}
		buf_putc(&text, '\n');
	}
}

/* distance - from round 0, as a share of it, of what --tolerance holds; 0 of all else. What a round lacks is infinitely far. */
static double distance(const struct round *round, size_t r, size_t c)
{
	if (!is_held(c) || isnan(round[0].v[c]))
		return 0;
	return isnan(round[r].v[c]) ? INFINITY : fabs(change(round, r, c));
}

static void put_verdict(const struct round *round, size_t r, size_t c, double most)
{
	char name[64];

	if (most > 0)
		buf_printf(&text, "%s of round %zu (%s) is ", round_name(&rounds, c, name), r, run[r].name);
	if (!(most > 0))
		buf_puts(&text, "no round differs from round 0");
	else if (isfinite(most))
		buf_printf(&text, "%.2f %% %s round 0's", 100 * most, change(round, r, c) < 0 ? "below" : "above");
	else if (isnan(round[r].v[c]))
		buf_puts(&text, "missing");
	else
		buf_printf(&text, "%.4g and was 0 in round 0", round[r].v[c]);
	buf_printf(&text, ", %g %% allowed", 100 * o.tolerance);
}

/* verdict - whether every round is within the tolerance; what is furthest away is named, of equals the first. */
static int verdict(const struct round *round)
{
	double most = 0;
	size_t worst = 0, at = 0, n_held = 0;

	if (isnan(o.tolerance))
		return 0;
	for (size_t c = 0; c < round_columns(&rounds); c++) {
		n_held += is_held(c) && !isnan(round[0].v[c]);
		for (size_t r = 0; r < n_runs; r++)
			if (distance(round, r, c) > most) {
				most = distance(round, r, c);
				worst = r;
				at = c;
			}
	}
	if (!n_held)
		die(EXIT_DATA, "%s: there is neither a tail_share nor an entropy in round 0 that --tolerance could hold the others to", file_shown(run[0].path));
	bool is_kept = most <= o.tolerance;
	buf_reset(&text);
	buf_printf(&text, "%s: ", is_kept ? "kept" : "not kept");
	put_verdict(round, worst, at, most);
	if (!is_kept && !o.is_table)
		warn("%s", text.p);
	buf_putc(&text, '\n');
	return is_kept ? 0 : EXIT_NO;
}

/* ---- all of it ---- */

static void check_options(void)
{
	k = cut_of_verb();
	if (!o.items && tool_is_set(&o.window))
		usage_die("--window says nothing without --items, which has what span_ counts");
	if (!o.train.n && tool_is_set(&o.head))
		usage_die("--head says nothing without --train, which says what is popular");
	if (o.by && !o.items)
		usage_die("--by needs --items, which has the columns");
	if (o.by)
		by_read(by, o.by, NULL, NULL);
	if (!isnan(o.tolerance) && !o.items && !o.train.n)
		usage_die("--tolerance holds tail_share, which needs --train, and entropies, which need --items");
	if (o.is_heard && o.k)
		usage_die("what was heard is not cut");
	if (o.is_heard && o.order >= 0)
		usage_die("what was heard has no order");
	tool_reads_args(0);
	tool_reads(o.items);
	for (size_t i = 0; i < o.train.n; i++)
		tool_reads(o.train.v[i]);
}

int eval_rounds(struct err *e)
{
	struct metric_truth catalogue = { 0 };

	check_options();
	out = tool_output(o.out, false);
	runs_open();
	if (o.train.n)
		train_read(e);
	for (size_t r = 0; r < n_runs && o.is_heard; r++)
		read_heard(&run[r], e);
	if (!o.is_heard)
		runs_read(false, e);
	build_catalogue(&catalogue, e);
	if (o.train.n)
		build_head(e);
	rounds.window = (size_t)o.window;
	rounds.n_pairs = (size_t)o.pairs;
	rounds.seed = (uint64_t)o.seed;
	const struct metric_run **list = mem_new(n_runs, sizeof *list);
	struct round *round = mem_new(n_runs, sizeof *round);
	for (size_t r = 0; r < n_runs; r++) {
		run_build(&run[r], o.is_heard || o.order != BY_SCORE, e);
		if (!o.is_heard)
			run_check_twice(&run[r], e);
		mem_free(run[r].entry);
		run[r].entry = NULL;
		list[r] = &run[r].lists;
		if (round_measure(&round[r], &rounds, list, r, k, tool_pool(), e))
			die_err(e);
	}
	if (o.is_table) {
		put_table(round);
	} else {
		put_names();
		for (size_t r = 0; r < n_runs; r++)
			put_round(round, r);
	}
	put(out, e);
	int status = verdict(round);
	if (o.is_table && text.len)
		put(out, e);
	tool_output_close(out);
	for (size_t b = 0; b < rounds.n_by; b++)
		labels_release(&by[b]);
	mem_free((void *)(uintptr_t)rounds.is_head);
	mem_free((void *)(uintptr_t)catalogue.in_catalogue);
	mem_free(list);
	mem_free(round);
	runs_release();
	buf_release(&text);
	return status;
}
