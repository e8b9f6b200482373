/*
 * rank-rules - what the options ask of a list, as rerank.h wants it: hard conditions, floors and caps, distances, the listener's own mix, chance, and the list shown before.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/base/sort.h"
#include "rank.h"

enum { DAY = 86400 };
static const struct { const char *name; enum items_column column; } facet_names[RERANK_MIXES] = {
	{ "kind", ITEM_KIND }, { "creator", ITEM_CREATOR }, { "group", ITEM_GROUP }, { "tags", ITEM_TAGS },
};

static struct rerank_opts run;
static struct rule {			/* of a floor or cap: what is counted */
	enum { BY_WHERE, BY_TAIL, BY_NEW } by;
	struct where where[2];		/* all n hold */
	size_t n;
	struct str name;
} rules[QUOTA_MAX];
static struct where *never;		/* [o.never.n] */
static struct facets facets[ITEM_COLUMNS];
static struct mix own[RERANK_MIXES];	/* of the listener in hand, by run.mix */
static enum items_column mix_column[RERANK_MIXES];
static uint32_t *heard_by;		/* [creators] number of the listener in hand who has one */
static uint32_t listener;
static double head_count;		/* items of fewer plays are of the tail, and of as many those behind head_last */
static struct str head_last;		/* of the ids of the model */
static int64_t day;			/* days since the epoch; INT64_MIN: not known */
static uint64_t n_unspaced, n_missed[QUOTA_MAX];

static struct shown { struct str item, p; double score; size_t user, place; } *shown;	/* by user, each user's as in the file */
static size_t n_shown, cap_shown, *shown_start;	/* [shown_user.n + 1] */
static struct vocab shown_user;
static struct arena shown_bytes;

/* ---- options ---- */

/* split - "NAME<sep>NUMBER" at the last sep; min <= number <= max. */
static struct str split(const char *option, const char *text, char sep, double min, double max, double *number)
{
	const char *at = strrchr(text, sep);
	char clip[ERR_CLIP_MAX];

	if (!at || at == text || !scan_f64(at + 1, strlen(at + 1), number) || *number < min || *number > max) {
		err_clip(clip, text, strlen(text));
		if (!strcmp(option, "--explore"))
			usage_die("--explore: '%s' is not epsilon:E, softmax:T or thompson:S, with a number from %g to %g", clip, min, max);
		usage_die("%s: '%s' is not %s%c and a number from %g to %g", option, clip, sep == ':' ? "a condition" : "a name", sep, min, max);
	}
	return (struct str){ text, (size_t)(at - text) };
}

static void parse_where(struct where *w, const char *option, struct str text)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	buf_put(&b, text.p, text.len);
	if (where_parse(w, b.p, &e))
		usage_die("%s: %s", option, e.msg);
	buf_release(&b);
}

static struct rule *add_rule(int by, const char *name, size_t len, double least, double most)
{
	if (run.n_quotas == QUOTA_MAX)
		usage_die("there are more than %d floors and caps", QUOTA_MAX);
	struct rule *r = &rules[run.n_quotas];
	run.quota[run.n_quotas++] = (struct quota){ least, most };
	r->by = by;
	r->name = (struct str){ name, len };
	return r;
}

static void parse_rules(const char *option, const struct opt_list *list, bool is_floor)
{
	for (size_t i = 0; i < list->n; i++) {
		double share;
		struct str text = split(option, list->v[i], ':', 0, 1, &share);
		struct rule *r = add_rule(BY_WHERE, text.p, text.len, is_floor ? share : 0, is_floor ? 1 : share);
		parse_where(&r->where[r->n++], option, text);
	}
}

static void parse_calibrate(void)
{
	for (size_t i = 0; i < o.calibrate.n; i++) {
		double weight;
		size_t f = 0;
		struct str name = split("--calibrate", o.calibrate.v[i], '=', 0, 1000, &weight);
		while (f < RERANK_MIXES && !str_is(name, facet_names[f].name))
			f++;
		if (f == RERANK_MIXES)
			usage_die("--calibrate: '%.*s' is not one of kind, creator, group and tags", (int)min_size(name.len, 40), name.p);
		for (size_t a = 0; a < run.n_mixes; a++)
			if (mix_column[a] == facet_names[f].column)
				usage_die("--calibrate: %s comes twice", facet_names[f].name);
		mix_column[run.n_mixes] = facet_names[f].column;
		run.mix[run.n_mixes++].weight = weight;
	}
}

static void parse_space(void)
{
	for (size_t i = 0; i < o.space.n; i++) {
		double n;
		struct str name = split("--space", o.space.v[i], '=', 0, 1e6, &n);
		if ((!str_is(name, "creator") && !str_is(name, "group")) || n != floor(n))
			usage_die("--space: '%.40s' is not creator=N or group=N", o.space.v[i]);
		for (size_t k = 0; k < i; k++)
			if (o.space.v[k][0] == o.space.v[i][0])
				usage_die("--space: %.*s comes twice", (int)name.len, name.p);
		*(str_is(name, "creator") ? &run.space_creator : &run.space_group) = (size_t)n;
	}
}

static void parse_explore(void)
{
	double amount;

	if (!o.explore)
		return;
	struct str name = split("--explore", o.explore, ':', 0, 1e6, &amount);
	run.explore.amount = amount;
	if (str_is(name, "epsilon"))
		run.explore.how = EXPLORE_EPSILON;
	else if (str_is(name, "softmax"))
		run.explore.how = EXPLORE_SOFTMAX;
	else if (str_is(name, "thompson"))
		run.explore.how = EXPLORE_THOMPSON;
	else
		usage_die("--explore: '%.*s' is not one of epsilon, softmax and thompson", (int)min_size(name.len, 40), name.p);
	if (run.explore.how == EXPLORE_EPSILON && amount > 1)
		usage_die("--explore: epsilon is a probability, 0 to 1");
	if (run.explore.how == EXPLORE_SOFTMAX && !(amount >= 1e-6))
		usage_die("--explore: the temperature of softmax is 1e-6 or more");
	if (run.explore.how == EXPLORE_THOMPSON && amount > 0 && amount < 1e-6)
		usage_die("--explore: the deviation of thompson is 0, or 1e-6 or more");
}

static void parse_day(void)
{
	int64_t t;

	day = INT64_MIN;
	if (!o.day)
		return;
	if (strlen(o.day) != 10 || o.day[4] != '-' || !scan_time(o.day, 10, TIME_S, &t))
		usage_die("--day: '%.40s' is not a day (YYYY-MM-DD)", o.day);
	day = t / DAY - (t % DAY < 0);
}

void rules_check(void)
{
	parse_rules("--floor", &o.floor, true);
	parse_rules("--cap", &o.cap, false);
	parse_calibrate();
	parse_space();
	parse_explore();
	parse_day();
	never = mem_new(o.never.n + 1, sizeof *never);
	for (size_t i = 0; i < o.never.n; i++)
		parse_where(&never[i], "--never", (struct str){ o.never.v[i], strlen(o.never.v[i]) });
	const struct { const char *name; bool is_set; } needs_items[] = {
		{ "--per-creator", o.per_creator > 0 }, { "--space", o.space.n > 0 }, { "--never", o.never.n > 0 }, { "--floor", o.floor.n > 0 }, { "--cap", o.cap.n > 0 },
		{ "--calibrate", o.calibrate.n > 0 }, { "--fresh-share", o.fresh_share > 0 }, { "--new-share", o.new_share > 0 },
	};
	for (size_t i = 0; i < sizeof needs_items / sizeof *needs_items; i++)
		if (needs_items[i].is_set && !o.items)
			usage_die("%s needs --items, the catalogue", needs_items[i].name);
	const struct { const char *name, *of; const void *var; bool has_effect; } hangs_on[] = {	/* not --vectors: who tries weights of --diversity begins with 0 */
		{ "--diverse", "--diversity", &o.diverse, o.diversity > 0 }, { "--fresh-days", "--fresh-share", &o.fresh_days, o.fresh_share > 0 },
		{ "--tail-head", "--tail-share", &o.tail_head, o.tail_share > 0 }, { "--popularity", "-m", &o.pop_weight, o.model != NULL },
		{ "--day", "--fresh-share or --explore", &o.day, o.fresh_share > 0 || o.explore }, { "-s", "--explore", &o.seed, o.explore },
	};
	for (size_t i = 0; i < sizeof hangs_on / sizeof *hangs_on; i++)
		if (!hangs_on[i].has_effect && tool_is_set(hangs_on[i].var))
			usage_die("%s says nothing without %s", hangs_on[i].name, hangs_on[i].of);
	if (o.diversity > 0 && !o.vectors && !o.items)
		usage_die("--diversity needs --vectors or --items, which say what is alike");
	if (o.tail_share > 0 && !o.model)
		usage_die("--tail-share needs -m, which says what is popular");
	if (!o.seen.n && (o.calibrate.n || o.new_share > 0))
		usage_die("%s needs --seen, which says what the user has", o.calibrate.n ? "--calibrate" : "--new-share");
	if (o.fresh_share > 0 && !o.day && !o.seen.n)
		usage_die("--fresh-share needs --day, or --seen with times");
}

/* ---- before the first list ---- */

static int by_id(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* find_head - the most popular items, of equal ones the first by id, until they make up their share of all counts: those above head_count, and of those that have it all up to head_last. */
static void find_head(struct err *e)
{
	const struct pop *p = &side.pop;
	double all = 0, sum = 0;
	size_t n = p->model.n[MODEL_ITEMS], n_equal = 0, n_wanted = 0;
	struct str *equal;

	for (size_t i = 0; i < n; i++)
		all += p->sorted[i];
	head_count = INFINITY;
	for (size_t i = n; i-- && sum < o.tail_head * all;) {
		sum += p->sorted[i];
		n_wanted = p->sorted[i] < head_count ? 1 : n_wanted + 1;
		head_count = p->sorted[i];
	}
	if (!(equal = mem_try(n, sizeof *equal, "items of the head", e)))
		die_err(e);
	for (size_t i = 0; i < n; i++)
		if (p->count[i] == head_count)
			equal[n_equal++] = idtab_id(&p->model.ids[MODEL_ITEMS], (uint32_t)i);
	if (sort_stable(equal, n_equal, sizeof *equal, by_id, NULL, e))
		die_err(e);
	if (n_wanted)
		head_last = equal[n_wanted - 1];
	mem_free(equal);
}

static double count_of(struct str item)
{
	uint32_t i = idtab_find(&side.pop.model.ids[MODEL_ITEMS], item.p, item.len);

	return i == VOCAB_NONE ? 0 : side.pop.count[i];
}

static void put_day(struct buf *b, int64_t d)
{
	char text[32];

	buf_reset(b);
	buf_put(b, time_iso(d * DAY, text), 10);
}

static void open_fresh(void)
{
	struct rule *r = add_rule(BY_WHERE, "fresh", 5, o.fresh_share, 1);
	struct buf from = { 0 }, to = { 0 }, text = { 0 };

	if (day == INT64_MIN)
		die(EXIT_DATA, "the events of --seen have no times: --fresh-share needs --day");
	if (day > 2932896 || day < -719528)		/* years 0000 to 9999 */
		die(EXIT_DATA, "the newest event of --seen is at a time that has no date (milliseconds?): --fresh-share needs --day");
	if (day <= -719528 + o.fresh_days)
		die(EXIT_DATA, "--fresh-days: %lld days before the day of the lists there is no date", (long long)o.fresh_days);
	put_day(&from, day - o.fresh_days - 1);		/* behind the day before: a year or month that begins with the first day is after it */
	put_day(&to, day);
	buf_printf(&text, "released>%s", from.p);
	parse_where(&r->where[r->n++], "--fresh-days", (struct str){ text.p, text.len });
	buf_reset(&text);
	buf_printf(&text, "released<=%s", to.p);
	parse_where(&r->where[r->n++], "--day", (struct str){ text.p, text.len });
	buf_release(&from);
	buf_release(&to);
	buf_release(&text);
}

static const struct facets *facets_by(enum items_column c, struct err *e)
{
	if (!facets[c].start && facets_make(&facets[c], &side.items, c, NULL, e))
		die_err(e);
	return &facets[c];
}

/* shown_p - the p= of a line of --shown, as it is written. */
static struct str shown_p(const struct tabler *r, const struct str *f, size_t n)
{
	struct str p = { "", 0 };
	struct err e = { 0 };
	char clip[ERR_CLIP_MAX];
	double v;

	for (size_t i = 4; i < n; i++) {
		if (f[i].len < 2 || memcmp(f[i].p, "p=", 2))
			continue;
		p = (struct str){ f[i].p + 2, f[i].len - 2 };
		if (scan_f64(p.p, p.len, &v) && v > 0 && v <= 1)
			continue;
		tabler_bad(r, &e, "field %zu: '%s' is not a probability above 0, at most 1", i + 1, err_clip(clip, f[i].p, f[i].len));
		die_err(&e);
	}
	return p;
}

static void load_shown(struct err *e)
{
	static const char *const names[] = { "user", "item", "score" };
	struct tabler *r = tabler_open(o.shown, "ranked", o.has_header, e);
	const struct str *f;
	size_t n;
	int got;

	if (!r || tabler_order(r, names, 3, e))
		die_err(e);
	while ((got = tabler_next(r, &f, &n, e)) == 1) {
		double score;
		check_candidate(r, f, n, &score);
		struct shown s = { .score = score < 0 ? 0 : score > 1 ? 1 : score, .user = vocab_add(&shown_user, f[0].p, f[0].len), .p = { "", 0 } };
		s.item = (struct str){ arena_bytes(&shown_bytes, f[1].p, f[1].len), f[1].len };
		struct str p = rules_explore() ? shown_p(r, f, n) : s.p;	/* else it is not written */
		s.p = (struct str){ arena_bytes(&shown_bytes, p.p, p.len), p.len };
		arr_reserve(shown, n_shown + 1, cap_shown);
		shown[n_shown++] = s;
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	tabler_close(r);
}

/* index_shown - by user; place is then 1, 2, ... of each user's. */
static void index_shown(void)
{
	struct shown *sorted = mem_new(n_shown + 1, sizeof *sorted);

	shown_start = mem_new(shown_user.n + 1, sizeof *shown_start);
	for (size_t i = 0; i < n_shown; i++)
		shown_start[shown[i].user + 1]++;
	for (size_t u = 0; u < shown_user.n; u++)
		shown_start[u + 1] += shown_start[u];
	size_t *at = mem_new(shown_user.n + 1, sizeof *at);
	for (size_t i = 0; i < n_shown; i++) {
		struct shown *s = &sorted[shown_start[shown[i].user] + at[shown[i].user]];
		*s = shown[i];
		s->place = ++at[shown[i].user];
	}
	mem_free(at);
	mem_free(shown);
	shown = sorted;
}

/* warn_nothing - about what no item has; text: the condition. */
static void warn_nothing(const struct where *w, struct str text)
{
	if (!where_is_about(w, &side.items))
		text = w->name;
	else if (w->column != ITEM_KIND || w->op != WHERE_IS || where_is_met(w, &side.items))
		return;		/* a tag that nothing has today may be right; a kind, of which there are few, is not */
	warn("%s: no item has '%.*s', which a rule asks for", file_shown(o.items), (int)min_size(text.len, 60), text.p);
}

void rules_open(struct err *e)
{
	if (day == INT64_MIN && side.newest != TIME_NONE)
		day = side.newest / DAY - (side.newest % DAY < 0);
	run.pop_weight = o.model ? o.pop_weight : 0;
	run.per_creator = (size_t)o.per_creator;
	run.k = (size_t)o.k;
	run.diversity = o.diversity;
	run.how = (enum diverse_how)o.diverse;
	run.seed = (uint64_t)o.seed;
	run.wants_held = o.explains || o.why_not.n;
	if (side.vectors)
		run.by.d = side.vectors->vecs.d;
	else if (o.diversity > 0)
		run.by = (struct diverse_by){ 0, facets_by(ITEM_CREATOR, e), facets_by(ITEM_GROUP, e), facets_by(ITEM_TAGS, e) };
	for (size_t a = 0; a < run.n_mixes; a++)
		run.mix[a].facets = facets_by(mix_column[a], e);
	if (run.space_group)
		facets_by(ITEM_GROUP, e);
	if (o.tail_share > 0) {
		add_rule(BY_TAIL, "tail", 4, o.tail_share, 1);
		find_head(e);
	}
	if (o.new_share > 0) {
		add_rule(BY_NEW, "new", 3, o.new_share, 1);
		heard_by = mem_new(facets_by(ITEM_CREATOR, e)->name.n + 1, sizeof *heard_by);
	}
	if (o.fresh_share > 0)
		open_fresh();
	for (size_t i = 0; i < o.never.n; i++)
		warn_nothing(&never[i], (struct str){ o.never.v[i], strlen(o.never.v[i]) });
	for (size_t q = 0; q < run.n_quotas; q++)
		if (rules[q].n)
			warn_nothing(&rules[q].where[0], rules[q].name);
	if (o.shown) {
		load_shown(e);
		index_shown();
	}
}

/* ---- for each list ---- */

const char *rules_never(uint32_t row, struct str item)
{
	for (size_t i = 0; i < o.never.n && row != VOCAB_NONE; i++)
		if (where_holds(&never[i], 1, &side.items, item))
			return o.never.v[i];
	return NULL;
}

/* shown_to - the list that was shown to a user before. */
static const struct shown *shown_to(struct str user, size_t *n)
{
	uint32_t u = vocab_find(&shown_user, user.p, user.len);

	*n = u == VOCAB_NONE ? 0 : shown_start[u + 1] - shown_start[u];
	return *n ? shown + shown_start[u] : NULL;
}

void rules_add_shown(struct seat *s)
{
	static const double LAST = -1.7976931348623157e308;	/* behind whatever came */
	size_t n;
	const struct shown *before = shown_to((struct str){ s->user.p, s->user.len }, &n);

	for (size_t j = 0; j < n; j++) {
		uint32_t i = vocab_find(&s->list.item, before[j].item.p, before[j].item.len);
		if (i == VOCAB_NONE) {
			i = (uint32_t)rerank_add(&s->list, before[j].item, LAST, (struct str){ "shown", 5 }, (struct str){ "", 0 });
			s->list.cand[i].has_stays_score = true;
			s->list.cand[i].stays_score = before[j].score;
		}
		if (!s->list.cand[i].stays)
			s->list.cand[i].stays = before[j].place;
	}
}

struct str rules_shown_p(struct str user, const struct rerank_cand *c)
{
	size_t n;
	const struct shown *before = shown_to(user, &n);

	for (size_t j = 0; j < n && c->stays; j++)
		if (before[j].place == c->stays)
			return before[j].p;
	return (struct str){ "", 0 };
}

/* look_at_own - the listener's mixes, of what they like, and the creators they have. */
static void look_at_own(uint32_t u, struct err *e)
{
	listener++;
	for (size_t a = 0; a < run.n_mixes; a++)
		mix_clear(&own[a]);
	for (size_t j = u == VOCAB_NONE ? 0 : side.seen.m.start[u]; u != VOCAB_NONE && j < side.seen.m.start[u + 1]; j++) {
		uint32_t row = side.seen_row[side.seen.m.col[j]], creator = facets_first(&facets[ITEM_CREATOR], row);
		for (size_t a = 0; a < run.n_mixes && is_liked(j); a++)
			mix_add(&own[a], run.mix[a].facets, row);
		if (heard_by && creator != VOCAB_NONE)
			heard_by[creator] = listener;
	}
	for (size_t a = 0; a < run.n_mixes; a++)
		if (mix_end(&own[a], e))
			die_err(e);
}

static bool counts_for(const struct rule *r, const struct rerank_cand *c)
{
	uint32_t creator;

	switch (r->by) {
	case BY_TAIL:
		return count_of(c->item) < head_count || (count_of(c->item) == head_count && str_cmp(c->item, head_last) > 0);
	case BY_NEW:
		creator = facets_first(&facets[ITEM_CREATOR], c->row);
		return creator != VOCAB_NONE && heard_by[creator] != listener;
	case BY_WHERE:
		break;
	}
	return c->row != VOCAB_NONE && where_holds(r->where, r->n, &side.items, c->item);
}

void rules_prepare(struct seat *s, struct err *e)
{
	struct str user = { s->user.p, s->user.len };

	s->list.mix = own;
	s->list.stream = explore_stream(user, day);
	if (run.n_mixes || heard_by)
		look_at_own(vocab_find(&side.seen.user, user.p, user.len), e);
	for (size_t i = 0; i < s->list.n; i++) {
		struct rerank_cand *c = &s->list.cand[i];
		if (c->drop)
			continue;
		uint32_t group = run.space_group ? facets_first(&facets[ITEM_GROUP], c->row) : VOCAB_NONE;
		c->group = group == VOCAB_NONE ? (struct str){ "", 0 } : facets[ITEM_GROUP].name.str[group];
		for (size_t q = 0; q < run.n_quotas; q++)
			c->kinds |= (uint32_t)counts_for(&rules[q], c) << q;
		if (run.explore.how == EXPLORE_THOMPSON)
			c->spread = 1 / sqrt(1 + (o.model ? count_of(c->item) : 0));
	}
}

const struct rerank_opts *rules_opts(void)
{
	return &run;
}

struct str rules_name(size_t q)
{
	return rules[q].name;
}

bool rules_explore(void)
{
	return run.explore.how != EXPLORE_NOT;
}

void rules_count(const struct rerank *list)
{
	n_unspaced += list->n_unspaced;
	for (size_t q = 0; q < run.n_quotas; q++)
		n_missed[q] += list->missed[q];
}

void rules_say(void)
{
	if (n_unspaced)
		note("%llu lines are nearer to one of their creator or group than --space asks: there was nobody else", (unsigned long long)n_unspaced);
	for (size_t q = 0; q < run.n_quotas; q++)
		if (n_missed[q])
			note("%llu lines more should be %.*s: there were no such candidates", (unsigned long long)n_missed[q], (int)min_size(rules[q].name.len, 60), rules[q].name.p);
}

void rules_close(void)
{
	for (size_t q = 0; q < run.n_quotas; q++)
		for (size_t i = 0; i < rules[q].n; i++)
			where_release(&rules[q].where[i]);
	for (size_t i = 0; i < o.never.n; i++)
		where_release(&never[i]);
	for (size_t c = 0; c < ITEM_COLUMNS; c++)
		facets_release(&facets[c]);
	for (size_t a = 0; a < RERANK_MIXES; a++)
		mix_release(&own[a]);
	mem_free(never);
	mem_free(heard_by);
	mem_free(shown);
	mem_free(shown_start);
	vocab_release(&shown_user);
	arena_release(&shown_bytes);
}
