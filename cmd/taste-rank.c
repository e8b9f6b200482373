/*
 * taste-rank - from candidates to the lists that are shown. Reads candidates with the lines of a user together, joins, filters, scores anew by a model, blends with
 * popularity, caps creators, cuts to k, and writes each kept line with its reason. Streams: holds one user's candidates (64 users' with --score or --why), and the side files given.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/data/items.h"
#include "../lib/data/vecs.h"
#include "../lib/model/explain.h"
#include "../lib/model/history.h"
#include "../lib/model/pop.h"
#include "../lib/num/num.h"
#include "../lib/rank/rerank.h"

static struct {
	int64_t k, per_creator;
	double pop_weight;
	const char *model, *items, *because, *score, *why, *dropped, *out;
	struct opt_list allow, deny, seen;
	bool has_header, is_binary, wants_header;
} o = { .k = 10, .pop_weight = 0.1, .out = "-" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the lists in binary", .flags = OPT_NO_PROV },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "text inputs begin with a line of column names" },
	{ 'k', "top", OPT_INT, &o.k, "N", "length of each list", .min = 1, .max = 1000000 },
	{ 'm', "model", OPT_STR, &o.model, "MODEL", "popularity model (taste-train pop) to blend with", .flags = OPT_IS_PATH },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "allow", OPT_LIST, &o.allow, "FILE", "keep only items listed here (first column)", .flags = OPT_IS_PATH },
	{ 0, "because", OPT_STR, &o.because, "VECTORS", "item vectors: name the item of the user's own (--seen) that is nearest", .flags = OPT_IS_PATH },
	{ 0, "deny", OPT_LIST, &o.deny, "FILE", "drop items listed here (first column)", .flags = OPT_IS_PATH },
	{ 0, "dropped", OPT_STR, &o.dropped, "FILE", "write what was dropped: user, item, step", .flags = OPT_NO_PROV },
	{ 0, "header-out", OPT_FLAG, &o.wants_header, NULL, "write a line of column names first", .flags = OPT_NO_PROV },
	{ 0, "items", OPT_STR, &o.items, "FILE", "catalogue: adds title, creator and kind; needed by --per-creator", .flags = OPT_IS_PATH },
	{ 0, "per-creator", OPT_INT, &o.per_creator, "N", "at most N of one creator in a list; 0: no cap", .min = 0, .max = 1000000 },
	{ 0, "popularity", OPT_FLOAT, &o.pop_weight, "W", "weight of popularity in the blend, with -m", .min = 0, .max = 1 },
	{ 0, "score", OPT_STR, &o.score, "MODEL", "score the candidates anew: what this model thinks, by what the user has (--seen)", .flags = OPT_IS_PATH },
	{ 0, "seen", OPT_LIST, &o.seen, "EVENTS", "drop what the user already has in these events", .flags = OPT_IS_PATH },
	{ 0, "why", OPT_STR, &o.why, "MODEL", "name the items of the user's own (--seen) from which this model's score comes", .flags = OPT_IS_PATH },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-rank",
	.about = "filter, blend and cut candidates: user, item, score, source in; user, item, score, reason out",
	.usage = "[options] [candidates...]",
	.opts = opts,
};

static struct {			/* the side files, loaded once */
	struct vocab allow, deny;
	struct items items;
	struct inter seen;
	struct vecs vecs;
	struct vocab vec_row;	/* id -> row of vecs */
	struct pop pop;
} side;

static struct taste {		/* a model of --score or --why, and what the users have in its items */
	const char *path;
	struct model model;
	struct scorer scorer;
	struct history_make make;
	struct history history;
} tastes[2];
static struct taste *scores, *why;	/* the same when they name the same file */

static struct seat {			/* a user whose candidates are held */
	struct buf user;
	struct rerank list;
	uint32_t *item, *place;		/* --why: what is asked of the model; which of it list.cand[i] is, or VOCAB_NONE */
	size_t cap_items, cap_places;
	float *part;			/* its answer, see explain.h */
} seat[SCORER_USERS];
static size_t n_seats, most_seats = 1;

static struct buf line, reason;
static struct tablew *table;
static struct sink *dropped;
static uint64_t n_dropped[DROP_CUT + 1], n_in, n_out, n_users;
static uint64_t n_unscored_users, n_unscored, n_why_strangers, n_why_unknown, n_why_nothing;
static struct prov prov;
static struct buf inputs;

static void read_ids(struct vocab *v, const struct opt_list *files, struct err *e)
{
	const struct str *field;
	size_t n;
	int got = 0;

	for (size_t i = 0; i < files->n; i++) {
		struct tabler *r = tabler_open(files->v[i], NULL, o.has_header, e);
		if (!r)
			die_err(e);
		while ((got = tabler_next(r, &field, &n, e)) == 1)
			vocab_add(v, field[0].p, field[0].len);
		if (got < 0 || tabler_prov(r, &prov, &inputs, e))
			die_err(e);
		tabler_close(r);
	}
}

static struct taste *open_taste(struct taste *t, const char *path, struct err *e)
{
	t->path = path;
	if (model_open(&t->model, path, e) || model_ids(&t->model, MODEL_ITEMS, e) || scorer_open(&t->scorer, &t->model, tool_pool(), e) ||
	    artifact_prov(t->model.art, &prov, &inputs, e))
		die_err(e);
	history_begin(&t->make, &t->history, &t->model, weigh_event, scorer_weigh(&t->scorer));
	return t;
}

static void close_taste(struct taste *t)
{
	history_release(&t->history);
	scorer_release(&t->scorer);
	model_release(&t->model);
}

static void open_tastes(struct err *e)
{
	if (o.score)
		scores = open_taste(&tastes[0], o.score, e);
	if (o.why)
		why = scores && !strcmp(o.score, o.why) ? scores : open_taste(&tastes[1], o.why, e);
	if (why && explain_can(&why->scorer))
		die(EXIT_DATA, "%s: %s", why->path, explain_can(&why->scorer));
	if (scores || why)
		most_seats = SCORER_USERS;
}

/* see - an event of --seen, which is read once: it may be a pipe. */
static double see(const struct event *ev, void *ctx)
{
	(void)ctx;
	for (size_t i = 0; i < 2; i++)
		if (tastes[i].path)
			history_event(&tastes[i].make, ev);
	return 1;
}

static void load_seen(struct err *e)
{
	struct inter_opts io = { .has_header = o.has_header, .weight = scores || why ? see : NULL };

	if (inter_load(&side.seen, o.seen.v, o.seen.n, &io, &prov, &inputs, e))
		die_err(e);
	for (size_t i = 0; i < 2; i++) {
		if (!tastes[i].path)
			continue;
		if (history_end(&tastes[i].make, e))
			die_err(e);
		if (tastes[i].history.unknown.n)
			note("%zu items of --seen are unknown to %s: their events do not count", tastes[i].history.unknown.n, tastes[i].path);
	}
}

static void load_side(struct err *e)
{
	read_ids(&side.allow, &o.allow, e);
	read_ids(&side.deny, &o.deny, e);
	if (o.items && items_load(&side.items, o.items, o.has_header, &prov, &inputs, e))
		die_err(e);
	open_tastes(e);
	if (o.seen.n)
		load_seen(e);
	if (o.model && pop_load(&side.pop, o.model, &prov, &inputs, e))
		die_err(e);
	if (o.because) {
		if (vecs_load(&side.vecs, o.because, &prov, &inputs, e))
			die_err(e);
		for (size_t r = 0; r < side.vecs.n; r++) {
			struct str id = vecs_id(&side.vecs, r);
			if (vocab_add(&side.vec_row, id.p, id.len) != r) {
				char c[ERR_CLIP_MAX];
				die(EXIT_DATA, "%s: the id '%s' of vector %zu was there before", o.because,
				    err_clip(c, id.p, id.len), r + 1);
			}
		}
	}
}

/* mark_filters - step 2 and the popularity of each candidate. */
static void mark_filters(struct seat *s)
{
	uint32_t u = vocab_find(&side.seen.user, s->user.p, s->user.len);

	for (size_t i = 0; i < s->list.n; i++) {
		struct rerank_cand *c = &s->list.cand[i];
		uint32_t it = u == VOCAB_NONE ? VOCAB_NONE : vocab_find(&side.seen.item, c->item.p, c->item.len);
		if (o.allow.n && vocab_find(&side.allow, c->item.p, c->item.len) == VOCAB_NONE)
			c->drop = DROP_ALLOW;
		else if (o.deny.n && vocab_find(&side.deny, c->item.p, c->item.len) != VOCAB_NONE)
			c->drop = DROP_DENY;
		else if (it != VOCAB_NONE && csr_has(&side.seen.m, u, it))
			c->drop = DROP_SEEN;
		c->creator = items_get(&side.items, c->item, ITEM_CREATOR);
		c->pop = o.model ? pop_scaled(&side.pop, c->item) : 0;
	}
}

/* ---- what a model thinks ---- */

static struct csr own;			/* row s: what the user on seat s has, in the items of one of the models */
static size_t own_cap[2];
static float *fresh;			/* [SCORER_USERS x items] scores of --score */

static void gather(const struct taste *t)
{
	const struct csr *liked = &t->history.liked;

	own.n_rows = n_seats;
	own.n_cols = liked->n_cols;
	if (!own.start)
		own.start = mem_new(SCORER_USERS + 1, sizeof *own.start);
	for (size_t s = 0; s < n_seats; s++) {
		uint32_t u = vocab_find(&t->history.user, seat[s].user.p, seat[s].user.len);
		size_t at = own.start[s], from = u == VOCAB_NONE ? 0 : liked->start[u], n = u == VOCAB_NONE ? 0 : liked->start[u + 1] - from;
		own.start[s + 1] = at + n;
		arr_reserve(own.col, at + n, own_cap[0]);
		arr_reserve(own.val, at + n, own_cap[1]);
		if (n) {
			memcpy(own.col + at, liked->col + from, n * sizeof *own.col);
			memcpy(own.val + at, liked->val + from, n * sizeof *own.val);
		}
	}
}

static uint32_t row_in(const struct taste *t, struct str item)
{
	return idtab_find(&t->model.ids[MODEL_ITEMS], item.p, item.len);
}

/* judge - the model's scores for what is left of the user's candidates; items that it does not know come last. */
static void judge(struct rerank *list, const float *of)
{
	double lowest = INFINITY;
	uint64_t n_unknown = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct rerank_cand *c = &list->cand[i];
		uint32_t row = c->drop ? VOCAB_NONE : row_in(scores, c->item);
		if (row != VOCAB_NONE && (double)of[row] < lowest)
			lowest = (double)of[row];
		n_unknown += row == VOCAB_NONE && !c->drop;
	}
	if (lowest == INFINITY) {
		n_unscored_users += n_unknown > 0;
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		struct rerank_cand *c = &list->cand[i];
		uint32_t row = c->drop ? VOCAB_NONE : row_in(scores, c->item);
		c->score = row == VOCAB_NONE ? lowest : (double)of[row];
	}
	n_unscored += n_unknown;
}

static void score_seats(struct err *e)
{
	size_t n_items = scores->model.n[MODEL_ITEMS];

	if (!fresh && !(fresh = mem_try(SCORER_USERS * n_items, sizeof *fresh, "scores", e)))
		die_err(e);
	gather(scores);
	if (scorer_scores(&scores->scorer, fresh, &own, 0, n_seats, tool_pool(), e))
		die_err(e);
	for (size_t s = 0; s < n_seats; s++)
		if (own.start[s] < own.start[s + 1] || scores->scorer.count)	/* popularity is for all */
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

static void explain_seats(struct err *e)
{
	struct explain_ask ask[SCORER_USERS];

	gather(why);
	for (size_t s = 0; s < n_seats; s++)
		ask[s] = ask_about(s, e);
	if (explain_run(&why->scorer, ask, n_seats, &own, tool_pool(), e))
		die_err(e);
}

/* ---- the lists ---- */

static struct str title_or_id(struct str id)
{
	struct str t = items_get(&side.items, id, ITEM_TITLE);

	return t.len ? t : id;
}

/* own_id - of entry j of own, when that was gathered for --why. */
static struct str own_id(size_t j)
{
	return idtab_id(&why->model.ids[MODEL_ITEMS], own.col[j]);
}

/* nearest_own - the item of the user's own with the highest cosine to this one; VOCAB_NONE when there is none. */
static uint32_t nearest_own(uint32_t u, struct str item, float *cosine)
{
	uint32_t best = VOCAB_NONE, row = vocab_find(&side.vec_row, item.p, item.len);
	size_t d = side.vecs.d;

	*cosine = 0;
	if (u == VOCAB_NONE || row == VOCAB_NONE)
		return best;
	const float *x = vecs_row(&side.vecs, row);
	double xx = num_norm(x, d);
	for (size_t j = side.seen.m.start[u]; j < side.seen.m.start[u + 1]; j++) {
		struct str id = side.seen.item.str[side.seen.m.col[j]];
		uint32_t r = vocab_find(&side.vec_row, id.p, id.len);
		if (r == VOCAB_NONE || r == row)
			continue;
		const float *y = vecs_row(&side.vecs, r);
		double yy = num_norm(y, d);
		float c = xx > 0 && yy > 0 ? (float)(num_dot(x, y, d) / xx / yy) : 0;
		if (c > *cosine || (c == *cosine && best != VOCAB_NONE && str_cmp(id, side.seen.item.str[best]) < 0)) {
			*cosine = c;
			best = side.seen.m.col[j];
		}
	}
	return best;
}

/* put_why - "; because TITLE (P %), TITLE (P %)": of the user's own, those from which most of the score of list.cand[i] comes, and how much of what speaks for it. */
static void put_why(size_t s, size_t i)
{
	enum { MOST = 3 };
	size_t from = own.start[s], n = own.start[s + 1] - from, best[MOST], n_best = 0;
	const float *part = seat[s].part + seat[s].place[i] * n;
	double sum = 0, all = 0;

	for (size_t j = 0; j < n; j++) {
		size_t at = n_best < MOST ? n_best : MOST;
		all += (double)part[j];
		if (!(part[j] > 0))
			continue;
		sum += (double)part[j];
		while (at && (part[j] > part[best[at - 1]] || (part[j] == part[best[at - 1]] && str_cmp(own_id(from + j), own_id(from + best[at - 1])) < 0)))
			at--;
		if (at == MOST)
			continue;
		n_best += n_best < MOST;
		memmove(best + at + 1, best + at, (n_best - 1 - at) * sizeof *best);
		best[at] = j;
	}
	if (!(all > 0))			/* what speaks against it outweighs that */
		n_best = 0;
	n_why_nothing += !n_best;
	for (size_t b = 0; b < n_best; b++) {
		struct str t = title_or_id(own_id(from + best[b]));
		double percent = 100 * (double)part[best[b]] / sum;
		buf_puts(&reason, b ? ", " : "; because ");
		buf_put(&reason, t.p, t.len);
		buf_puts(&reason, percent < 0.5 ? " (<1" : " (");
		if (percent >= 0.5)
			buf_put_fixed(&reason, percent, 0);
		buf_puts(&reason, " %)");
	}
}

/* write_reason - clauses parted by "; ": SOURCE #PLACE; because TITLE (share), ...; like TITLE (cosine); popular, top P %. */
static void write_reason(size_t s, size_t i, uint32_t u)
{
	const struct rerank_cand *c = &seat[s].list.cand[i];
	float cosine;

	buf_reset(&reason);
	buf_put(&reason, c->source.p, c->source.len);
	buf_printf(&reason, " #%zu", c->place_in);
	if (why && seat[s].place[i] != VOCAB_NONE)
		put_why(s, i);
	uint32_t nearest = o.because ? nearest_own(u, c->item, &cosine) : VOCAB_NONE;
	if (nearest != VOCAB_NONE) {
		struct str t = title_or_id(side.seen.item.str[nearest]);
		buf_puts(&reason, "; like ");
		buf_put(&reason, t.p, t.len);
		buf_puts(&reason, " (");
		buf_put_fixed(&reason, cosine, 2);
		buf_putc(&reason, ')');
	}
	if (o.model) {
		double top = pop_top_share(&side.pop, c->item);
		if (top <= 0.1)
			buf_printf(&reason, "; popular, top %d %%", top <= 0.01 ? 1 : (int)ceil(top * 100));
	}
}

static void put_feature(const char *key, struct str v)
{
	if (!v.len)
		return;
	buf_putc(&line, '\t');
	buf_puts(&line, key);
	buf_putc(&line, '=');
	tsv_put(&line, v.p, v.len);
}

static void write_list(size_t s, struct err *e)
{
	const struct buf *user = &seat[s].user;
	uint32_t u = vocab_find(&side.seen.user, user->p, user->len);

	for (size_t i = 0; i < seat[s].list.n; i++) {
		const struct rerank_cand *c = &seat[s].list.cand[i];
		buf_reset(&line);
		tsv_put(&line, user->p, user->len);
		buf_putc(&line, '\t');
		tsv_put(&line, c->item.p, c->item.len);
		buf_putc(&line, '\t');
		n_dropped[c->drop]++;
		if (c->drop) {
			buf_puts(&line, rerank_drop_name(c->drop));
			buf_putc(&line, '\n');
			if (dropped && sink_write(dropped, line.p, line.len, e))
				die_err(e);
			continue;
		}
		write_reason(s, i, u);
		buf_put_f64(&line, c->blend);
		buf_putc(&line, '\t');
		tsv_put(&line, reason.p, reason.len);
		if (c->features.len) {
			buf_putc(&line, '\t');
			buf_put(&line, c->features.p, c->features.len);
		}
		if (o.items) {
			put_feature("title", items_get(&side.items, c->item, ITEM_TITLE));
			put_feature("creator", items_get(&side.items, c->item, ITEM_CREATOR));
			put_feature("kind", items_get(&side.items, c->item, ITEM_KIND));
		}
		if (tablew_row(table, line.p, line.len, e))
			die_err(e);
		n_out++;
	}
}

/* finish_seats - steps 2 and on for the users who are held. */
static void finish_seats(struct err *e)
{
	struct rerank_opts ro = { .pop_weight = o.model ? o.pop_weight : 0, .per_creator = (size_t)o.per_creator, .k = (size_t)o.k };

	for (size_t s = 0; s < n_seats; s++)
		mark_filters(&seat[s]);
	if (scores && n_seats)
		score_seats(e);
	for (size_t s = 0; s < n_seats; s++)
		if (rerank_run(&seat[s].list, &ro, e))
			die_err(e);
	if (why && n_seats)
		explain_seats(e);
	for (size_t s = 0; s < n_seats; s++) {
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
	if (n_seats == most_seats)
		finish_seats(e);
	struct seat *s = &seat[n_seats++];
	buf_reset(&s->user);
	buf_put(&s->user, user.p, user.len);
	return s;
}

/* add_line - check one candidate row and put it into the user's list. */
static void add_line(struct rerank *list, const struct tabler *r, const struct str *f, size_t n)
{
	struct buf where = { 0 }, features = { 0 };
	char clip[ERR_CLIP_MAX];
	double score;

	if (n < 3 || !f[0].len || !f[1].len || !scan_f64(f[2].p, f[2].len, &score)) {
		tabler_where(r, &where);
		if (n < 3)
			die(EXIT_DATA, "%s: %zu field%s, a candidate has user, item and score", where.p, n, n == 1 ? "" : "s");
		if (!f[0].len || !f[1].len)
			die(EXIT_DATA, "%s: field %d: %s is empty", where.p, f[0].len ? 2 : 1, f[0].len ? "the item" : "the user");
		die(EXIT_DATA, "%s: field 3: '%s' is not a score (a finite number)", where.p, err_clip(clip, f[2].p, f[2].len));
	}
	for (size_t i = 4; i < n; i++) {
		if (i > 4)
			buf_putc(&features, '\t');
		tsv_put(&features, f[i].p, f[i].len);
	}
	struct str source = n > 3 && f[3].len ? f[3] : (struct str){ "candidate", 9 };
	rerank_add(list, f[1], score, source, (struct str){ features.p ? features.p : "", features.len });
	buf_release(&features);
}

static void rank_file(const char *path, struct vocab *done, struct progress *pr, struct err *e)
{
	static const char *const names[] = { "user", "item", "score" };
	struct tabler *r = tabler_open(path, "candidates", o.has_header, e);
	struct seat *s = n_seats ? &seat[n_seats - 1] : NULL;
	const struct str *f;
	size_t n;
	int got;

	if (!r || tabler_order(r, names, 3, e))
		die_err(e);
	while ((got = tabler_next(r, &f, &n, e)) == 1) {
		if (!s || f[0].len != s->user.len || memcmp(f[0].p, s->user.p, s->user.len)) {
			size_t n_before = done->n;
			if (vocab_add(done, f[0].p, f[0].len) < n_before) {
				struct buf where = { 0 };
				char clip[ERR_CLIP_MAX];
				tabler_where(r, &where);
				die(EXIT_DATA, "%s: user '%s' comes again: the lines of a user must stand together (sort -s -k1,1)",
				    where.p, err_clip(clip, f[0].p, f[0].len));
			}
			s = next_seat(f[0], e);
		}
		add_line(&s->list, r, f, n);
		progress_set(pr, ++n_in);
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	tabler_close(r);
}

static void say_unjudged(void)
{
	if (n_unscored)
		warn("%llu candidates are unknown to %s: ranked as the lowest of their user's", (unsigned long long)n_unscored, o.score);
	if (n_unscored_users)
		warn("%llu of %llu users have nothing that %s knows: their candidates keep the scores they came with", (unsigned long long)n_unscored_users,
		     (unsigned long long)n_users, o.score);
	if (n_why_strangers)
		note("%llu lines without a because: the user has nothing of weight that %s knows", (unsigned long long)n_why_strangers, o.why);
	if (n_why_unknown)
		note("%llu lines without a because: the item is unknown to %s", (unsigned long long)n_why_unknown, o.why);
	if (n_why_nothing)
		note("%llu lines without a because: all in all, nothing of the user's own speaks for the item", (unsigned long long)n_why_nothing);
}

static void check_options(void)
{
	if (o.per_creator && !o.items)
		usage_die("--per-creator needs --items, which names the creators");
	if (o.because && !o.seen.n)
		usage_die("--because needs --seen, which says what the user has");
	if ((o.score || o.why) && !o.seen.n)
		usage_die("%s needs --seen, which says what the user has", o.score ? "--score" : "--why");
	tool_reads_args(0);
	tool_reads(o.model);
	tool_reads(o.because);
	tool_reads(o.score);
	if (!o.score || !o.why || strcmp(o.score, o.why))
		tool_reads(o.why);
	tool_reads(o.items);
	const struct opt_list *const lists[] = { &o.allow, &o.deny, &o.seen };
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (size_t i = 0; i < lists[l]->n; i++)
			tool_reads(lists[l]->v[i]);
}

int main(int argc, char **argv)
{
	static const char *const from_stdin[] = { "-" };
	struct err e = { 0 };
	struct vocab done = { 0 };
	struct progress pr;

	tool_init(&tool, argc, argv);
	check_options();
	struct sink *out = tool_output(o.out, o.is_binary);
	dropped = o.dropped ? tool_output_aside(o.dropped) : NULL;
	load_side(&e);
	if (!(table = tablew_new(out, "ranked", o.is_binary, &e)))
		die_err(&e);
	if (o.wants_header && !o.is_binary && tablew_row(table, "user\titem\tscore\treason", 22, &e))
		die_err(&e);
	progress_start(&pr, "rank", "candidates", 0);
	for (size_t i = 0; i < (tool.n_args ? tool.n_args : 1); i++)
		rank_file(tool.n_args ? tool.arg[i] : from_stdin[0], &done, &pr, &e);
	finish_seats(&e);
	progress_end(&pr);
	prov_step(&prov, tool.name, tool_version, tool.prov.p ? tool.prov.p : "", inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, &e))
		die_err(&e);
	if (dropped)
		tool_output_close(dropped);
	tool_output_close(out);
	note("%llu candidates of %llu users: %llu kept", (unsigned long long)n_in, (unsigned long long)n_users, (unsigned long long)n_out);
	for (int d = DROP_ALLOW; d <= DROP_CUT; d++)
		if (n_dropped[d])
			note("%llu dropped by %s", (unsigned long long)n_dropped[d], rerank_drop_name((enum rerank_drop)d));
	say_unjudged();
	tablew_free(table);
	for (size_t s = 0; s < SCORER_USERS; s++) {
		rerank_release(&seat[s].list);
		buf_release(&seat[s].user);
		mem_free(seat[s].item);
		mem_free(seat[s].place);
	}
	csr_release(&own);
	mem_free(fresh);
	close_taste(&tastes[0]);
	close_taste(&tastes[1]);
	vocab_release(&done);
	vocab_release(&side.allow);
	vocab_release(&side.deny);
	vocab_release(&side.vec_row);
	items_release(&side.items);
	inter_release(&side.seen);
	vecs_release(&side.vecs);
	pop_release(&side.pop);
	buf_release(&line);
	buf_release(&reason);
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
