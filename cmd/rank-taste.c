/*
 * rank-taste - what models think: the scores of --score, and what they come from for --why.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/model/explain.h"
#include "../lib/model/history.h"
#include "rank.h"

static struct taste {		/* a model of --score or --why, and what the users have in its items */
	const char *path;
	struct model model;
	struct scorer scorer;
	struct history_make make;
	struct history history;
} tastes[2];
static struct taste *scores, *why;	/* the same when they name the same file */
static uint64_t n_unscored_users, n_unscored, n_why_strangers, n_why_unknown, n_why_nothing;

static struct taste *open_taste(struct taste *t, const char *path, struct err *e)
{
	t->path = path;
	if (model_open(&t->model, path, e) || model_ids(&t->model, MODEL_ITEMS, e) || scorer_open(&t->scorer, &t->model, tool_pool(), e) ||
	    artifact_prov(t->model.art, &prov, &inputs, e))
		die_err(e);
	history_begin(&t->make, &t->history, &t->model, weigh_event, scorer_weigh(&t->scorer), scorer_wants_order(&t->scorer));
	return t;
}

static void close_taste(struct taste *t)
{
	history_release(&t->history);
	scorer_release(&t->scorer);
	model_release(&t->model);
}

void tastes_open(struct err *e)
{
	if (o.score)
		scores = open_taste(&tastes[0], o.score, e);
	if (o.why)
		why = o.score && !strcmp(o.score, o.why) ? scores : open_taste(&tastes[1], o.why, e);
	if (why && explain_can(&why->scorer))
		die(EXIT_DATA, "%s: %s", file_shown(why->path), explain_can(&why->scorer));
}

double tastes_see(const struct event *ev, void *ctx)
{
	for (size_t i = 0; i < 2; i++)
		if (tastes[i].path)
			history_event(&tastes[i].make, ev);
	return seqs_wanted(ev, ctx);
}

void tastes_seen(struct err *e)
{
	for (size_t i = 0; i < 2; i++) {
		if (!tastes[i].path)
			continue;
		if (history_end(&tastes[i].make, e))
			die_err(e);
		if (tastes[i].history.unknown.n)
			note("%zu items of --seen are unknown to %s: their events do not count", tastes[i].history.unknown.n, file_shown(tastes[i].path));
	}
}

static struct csr own;			/* row s: what the user on seat s has, in the items of one of the models */
static struct seqs own_order;		/* likewise, for models that want it */
static size_t own_cap[2];
static float *fresh;			/* [SCORER_USERS x items] scores of --score */

static void gather(const struct taste *t, struct err *e)
{
	uint32_t row[SCORER_USERS];
	const struct csr *liked = &t->history.liked;

	own.n_rows = n_seats;
	own.n_cols = liked->n_cols;
	if (!own.start)
		own.start = mem_new(SCORER_USERS + 1, sizeof *own.start);
	for (size_t s = 0; s < n_seats; s++) {
		uint32_t u = row[s] = vocab_find(&t->history.user, seat[s].user.p, seat[s].user.len);
		size_t at = own.start[s], from = u == VOCAB_NONE ? 0 : liked->start[u], n = u == VOCAB_NONE ? 0 : liked->start[u + 1] - from;
		own.start[s + 1] = at + n;
		arr_reserve(own.col, at + n, own_cap[0]);
		arr_reserve(own.val, at + n, own_cap[1]);
		if (n) {
			memcpy(own.col + at, liked->col + from, n * sizeof *own.col);
			memcpy(own.val + at, liked->val + from, n * sizeof *own.val);
		}
	}
	seqs_release(&own_order);
	if (scorer_wants_order(&t->scorer) && seqs_rows(&own_order, &t->history.order, row, 0, n_seats, e))
		die_err(e);
}

static uint32_t row_in(const struct taste *t, struct str item)
{
	return idtab_find(&t->model.ids[MODEL_ITEMS], item.p, item.len);
}

/* is_judged - by the model: what was only shown before has the score of then. */
static bool is_judged(const struct rerank_cand *c)
{
	return !c->drop && !c->has_stays_score;
}

/* judge - the model's scores for what is left of the user's candidates; items that it does not know come last. */
static void judge(struct rerank *list, const float *of)
{
	double lowest = INFINITY;
	uint64_t n_unknown = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct rerank_cand *c = &list->cand[i];
		uint32_t row = is_judged(c) ? row_in(scores, c->item) : VOCAB_NONE;
		if (row != VOCAB_NONE && (double)of[row] < lowest)
			lowest = (double)of[row];
		n_unknown += row == VOCAB_NONE && is_judged(c);
	}
	if (lowest == INFINITY) {
		n_unscored_users += n_unknown > 0;
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		struct rerank_cand *c = &list->cand[i];
		uint32_t row = is_judged(c) ? row_in(scores, c->item) : VOCAB_NONE;
		c->score = row == VOCAB_NONE ? lowest : (double)of[row];
	}
	n_unscored += n_unknown;
}

void tastes_score(struct err *e)
{
	size_t n_items = scores ? scores->model.n[MODEL_ITEMS] : 0;

	if (!scores || !n_seats)
		return;
	if (!fresh && !(fresh = mem_try(SCORER_USERS * n_items, sizeof *fresh, "scores", e)))
		die_err(e);
	gather(scores, e);
	if (scorer_scores(&scores->scorer, fresh, &own, &own_order, 0, n_seats, tool_pool(), e))
		die_err(e);
	for (size_t s = 0; s < n_seats; s++)
		if (own.start[s] < own.start[s + 1] || scores->scorer.is_for_all)	/* popularity is */
			judge(&seat[s].list, fresh + s * n_items);
		else
			n_unscored_users++;
}

/* ask_about - the kept items of the user on seat s that the model knows. */
static struct explain_ask ask_about(size_t s, struct err *e)
{
	struct seat *t = &seat[s];
	size_t n_own = own.start[s + 1] - own.start[s], n = 0;

	for (size_t i = 0; i < t->list.n && !t->list.cand[i].drop; i++) {
		uint32_t row = row_in(why, t->list.cand[i].item);
		arr_reserve(t->place, i + 1, t->cap_places);
		arr_reserve(t->item, n + 1, t->cap_items);
		t->place[i] = n_own && row != VOCAB_NONE ? (uint32_t)n : VOCAB_NONE;
		if (t->place[i] != VOCAB_NONE)
			t->item[n++] = row;
		else if (n_own)
			n_why_unknown++;
		else
			n_why_strangers++;
	}
	if (!(t->part = mem_try(n, n_own * sizeof *t->part, "parts of scores", e)))
		die_err(e);
	return (struct explain_ask){ s, t->item, n, t->part, NULL };
}

void tastes_explain(struct err *e)
{
	struct explain_ask ask[SCORER_USERS];

	if (!why || !n_seats)
		return;
	gather(why, e);
	for (size_t s = 0; s < n_seats; s++)
		ask[s] = ask_about(s, e);
	if (explain_run(&why->scorer, ask, n_seats, &own, &own_order, tool_pool(), e))
		die_err(e);
}

/* own_id - of entry j of own, when that was gathered for --why. */
static struct str own_id(size_t j)
{
	return idtab_id(&why->model.ids[MODEL_ITEMS], own.col[j]);
}

enum { MOST = 3 };
struct because { size_t at[MOST], n; double share[MOST]; };	/* entries of own, the largest first, and their shares of what speaks for an item */

/* find_because - of the user's own, those from which most of the score of list.cand[i] comes. */
static struct because find_because(size_t s, size_t i)
{
	struct because b = { .n = 0 };
	size_t best[MOST] = { 0 };
	double sum = 0, all = 0;

	if (!why || seat[s].place[i] == VOCAB_NONE)
		return b;
	size_t from = own.start[s], n = own.start[s + 1] - from;
	const float *part = seat[s].part + seat[s].place[i] * n;
	for (size_t j = 0; j < n; j++) {
		size_t at = b.n < MOST ? b.n : MOST;
		all += (double)part[j];
		if (!(part[j] > 0))
			continue;
		sum += (double)part[j];
		while (at && (part[j] > part[best[at - 1]] || (part[j] == part[best[at - 1]] && str_cmp(own_id(from + j), own_id(from + best[at - 1])) < 0)))
			at--;
		if (at == MOST)
			continue;
		b.n += b.n < MOST;
		memmove(best + at + 1, best + at, (b.n - 1 - at) * sizeof *best);
		best[at] = j;
	}
	if (!(all > 0))			/* what speaks against it outweighs that */
		b.n = 0;
	for (size_t j = 0; j < b.n; j++) {
		b.at[j] = from + best[j];
		b.share[j] = (double)part[best[j]] / sum;
	}
	return b;
}

void tastes_put_why(struct buf *reason, size_t s, size_t i)
{
	if (!why || seat[s].place[i] == VOCAB_NONE)
		return;
	struct because b = find_because(s, i);
	n_why_nothing += !b.n;
	for (size_t j = 0; j < b.n; j++) {
		struct str t = title_or_id(own_id(b.at[j]));
		double percent = 100 * b.share[j];
		buf_puts(reason, j ? ", " : "; because ");
		buf_put(reason, t.p, t.len);
		buf_puts(reason, percent < 0.5 ? " (<1" : " (");
		if (percent >= 0.5)
			buf_put_fixed(reason, percent, 0);
		buf_puts(reason, " %)");
	}
}

bool tastes_put_because(struct buf *out, size_t s, size_t i)
{
	struct because b = find_because(s, i);

	for (size_t j = 0; j < b.n; j++) {
		if (j)
			buf_putc(out, '|');
		put_escaped(out, own_id(b.at[j]));
		buf_putc(out, ':');
		buf_put_f64(out, b.share[j]);
	}
	return b.n > 0;
}

void tastes_say(uint64_t n_users)
{
	if (n_unscored)
		warn("%llu candidates are unknown to %s: ranked as the lowest of their user's", (unsigned long long)n_unscored, file_shown(o.score));
	if (n_unscored_users)
		warn("%llu of %llu users have nothing that %s knows: their candidates keep the scores they came with", (unsigned long long)n_unscored_users,
		     (unsigned long long)n_users, o.score);
	if (n_why_strangers)
		note("%llu lines without a because: the user has nothing of weight that %s knows", (unsigned long long)n_why_strangers, file_shown(o.why));
	if (n_why_unknown)
		note("%llu lines without a because: the item is unknown to %s", (unsigned long long)n_why_unknown, file_shown(o.why));
	if (n_why_nothing)
		note("%llu lines without a because: all in all, nothing of the user's own speaks for the item", (unsigned long long)n_why_nothing);
}

void tastes_close(void)
{
	csr_release(&own);
	seqs_release(&own_order);
	mem_free(fresh);
	close_taste(&tastes[0]);
	close_taste(&tastes[1]);
}
