/*
 * What taste-eval writes without a verb: a line for each number, or a table for people; each user's values; and the lists and the truth in the formats of TREC.
 */
#include <math.h>
#include <string.h>

#include "eval.h"

struct sink *out;
struct buf text;

static struct buf beyond_table, against_table;	/* of --table, behind the lines */

void put(struct sink *s, struct err *e)
{
	if (sink_write(s, text.p ? text.p : "", text.len, e))
		die_err(e);
	buf_reset(&text);
}

void put_number(double v)
{
	if (!isnan(v))
		buf_put_f64(&text, v);
}

void put_interval(const struct boot_interval *x)
{
	buf_putc(&text, '\t');
	put_number(x->value);
	buf_putc(&text, '\t');
	if (o.bootstrap)
		put_number(x->low);
	buf_putc(&text, '\t');
	if (o.bootstrap)
		put_number(x->high);
}

/* ---- TREC ---- */

static void put_id(struct str s, const char *what)
{
	char clip[ERR_CLIP_MAX];

	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ')
			die(EXIT_DATA, "the %s id '%s' has a blank in it: TREC files cannot hold it", what, err_clip(clip, s.p, s.len));
	buf_put(&text, s.p, s.len);
}

void write_trec(struct err *e)
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
		for (size_t i = 0, place = 0, end = 0; !run[r].is_pop && i < run[r].n; i++) {
			const struct entry *x = &run[r].entry[i];
			place = i && run[r].entry[i - 1].user == x->user ? place + 1 : 1;
			while (end < run[r].n && run[r].entry[end].user == x->user)
				end++;
			put_id(user.str[x->user], "user");
			buf_puts(&text, " Q0 ");
			put_id(item.str[x->item], "item");
			buf_printf(&text, " %zu ", place);
			buf_put_f64(&text, o.order == BY_INPUT ? (double)(end - i) : x->score);	/* readers go by it, not by the place */
			buf_putc(&text, ' ');
			put_id((struct str){ run[r].name, strlen(run[r].name) }, "run's");
			buf_putc(&text, '\n');
			put(run_out, e);
		}
	tool_output_close(run_out);
}

/* ---- a line for each number ---- */

static void put_long_row(const struct run *rn, size_t k, const struct measured *m, size_t c)
{
	const struct boot_interval *x = &m->m[c];

	tsv_put(&text, rn->name, strlen(rn->name));
	buf_printf(&text, "\t%s\t%zu", column[c].name, k);
	put_interval(x);
	buf_printf(&text, "\t%zu", x->n);
	if (o.against && (column[c].is_whole || m->against[c] == SIZE_MAX)) {
		buf_puts(&text, "\t\t\t\t\t");
	} else if (o.against) {
		const struct boot_interval *d = &m->diff[c];
		const char *base = run[m->against[c]].name;
		buf_putc(&text, '\t');
		tsv_put(&text, base, strlen(base));
		put_interval(d);
		buf_putc(&text, '\t');
		put_number(m->p[c]);
	}
	buf_putc(&text, '\n');
}

/* ---- a table ---- */

static size_t find_column(const char *name)
{
	for (size_t c = 0; c < n_columns; c++)
		if (!strcmp(column[c].name, name))
			return c;
	return SIZE_MAX;
}

static bool is_in_second_table(size_t c)
{
	return column[c].is_beyond || (column[c].is_whole && !strcmp(column[c].name, "creator_gini"));
}

static void put_beyond_head(void)
{
	buf_printf(&beyond_table, "\n%-12s %4s", "model", "k");
	for (size_t c = 0; c < n_columns; c++)
		if (is_in_second_table(c))
			buf_printf(&beyond_table, "  %s", column[c].name);
	buf_putc(&beyond_table, '\n');
}

static void put_beyond_row(const char *name, size_t k, const struct measured *m)
{
	buf_printf(&beyond_table, "%-12.24s %4zu", name, k);
	for (size_t c = 0; c < n_columns; c++) {
		int width = (int)strlen(column[c].name);
		if (!is_in_second_table(c))
			continue;
		if (isnan(m->m[c].value))
			buf_printf(&beyond_table, "  %*s", width, "-");
		else
			buf_printf(&beyond_table, "  %*.4f", width, m->m[c].value);
	}
	buf_putc(&beyond_table, '\n');
}

/* put_against - a line for each difference, with a word for what the interval leaves open. */
static void put_against(const char *name, size_t k, const struct measured *m)
{
	if (!against_table.len)
		buf_printf(&against_table, "\n%-12s %4s %-20s %-12s %10s%s\n", "model", "k", "metric", "against", "difference", o.bootstrap ? "  95 % interval           p" : "");
	for (size_t c = 0; c < n_means; c++) {
		const struct boot_interval *d = &m->diff[c];
		if (m->against[c] == SIZE_MAX || column[c].is_hidden || isnan(d->value))
			continue;
		buf_printf(&against_table, "%-12.24s %4zu %-20s %-12.24s %+10.4f", name, k, column[c].name, run[m->against[c]].name, d->value);
		if (o.bootstrap)
			buf_printf(&against_table, "  [%+.4f, %+.4f]  %.4f  %s", d->low, d->high, m->p[c], d->low > 0 ? "above" : d->high < 0 ? "below" : "-");
		buf_putc(&against_table, '\n');
	}
}

static void put_table_row(const char *name, size_t k, const struct measured *m)
{
	static const char *const wide[] = { "recall", "ndcg" }, *const narrow[] = { "precision", "hr", "mrr", "map" };

	buf_printf(&text, "%-12.24s %4zu %7zu", name, k, m->m[0].n);
	for (int i = 0; i < 2; i++) {
		const struct boot_interval *x = &m->m[find_column(wide[i])];
		buf_printf(&text, "  %.4f", x->value);
		if (o.bootstrap)
			buf_printf(&text, " [%.4f, %.4f]", x->low, x->high);
	}
	buf_printf(&text, "  %10.4f", m->m[find_column("recall_min")].value);
	for (int i = 0; i < 4; i++)
		buf_printf(&text, " %6.4f", m->m[find_column(narrow[i])].value);
	if (truth.item_users)
		buf_printf(&text, " %7.2f", m->m[find_column("novelty")].value);
	buf_printf(&text, " %8.4f %6.4f\n", m->m[find_column("coverage")].value, m->m[find_column("gini")].value);
	put_beyond_row(name, k, m);
	if (o.against)
		put_against(name, k, m);
}

/* ---- all of it ---- */

void put_head(struct err *e)
{
	const char *gap = o.bootstrap ? "                 " : "";

	if (!o.is_table) {
		buf_printf(&text, "model\tmetric\tk\tvalue\tlow\thigh\tusers%s\n", o.against ? "\tagainst\tdifference\tdifference_low\tdifference_high\tp" : "");
	} else {
		buf_printf(&text, "%-12s %4s %7s  recall%s  ndcg  %s  %s   prec     hr    mrr    map%s coverage   gini\n", "model", "k", "users", gap, gap,
			   "recall_min", truth.item_users ? " novelty" : "");
		put_beyond_head();
	}
	put(out, e);
}

void put_measured(const struct run *rn, size_t k, const struct measured *m, struct err *e)
{
	if (o.is_table)
		put_table_row(rn->name, k, m);
	for (size_t c = 0; c < n_columns && !o.is_table; c++)
		if (!column[c].is_hidden)
			put_long_row(rn, k, m, c);
	put(out, e);
}

void put_tail(struct err *e)
{
	buf_put(&text, beyond_table.p, beyond_table.len);
	buf_put(&text, against_table.p, against_table.len);
	put(out, e);
	buf_release(&beyond_table);
	buf_release(&against_table);
	buf_release(&text);
}

void put_user_head(struct err *e)
{
	buf_puts(&text, "user\tmodel\tk");
	for (size_t c = 0; c < n_means; c++)
		buf_printf(&text, "\t%s", column[c].name);
	buf_putc(&text, '\n');
	put(per_user, e);
}

void put_users(const struct run *rn, size_t k, const struct measured *m, const uint8_t *use, struct err *e)
{
	for (size_t u = 0; u < user.n; u++) {
		if (use && !use[u])
			continue;
		tsv_put(&text, user.str[u].p, user.str[u].len);
		buf_putc(&text, '\t');
		tsv_put(&text, rn->name, strlen(rn->name));
		buf_printf(&text, "\t%zu", k);
		for (size_t c = 0; c < n_means; c++) {
			buf_putc(&text, '\t');
			put_number(m->v[u * n_means + c]);
		}
		buf_putc(&text, '\n');
		put(per_user, e);
	}
}
