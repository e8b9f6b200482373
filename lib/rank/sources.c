#include <math.h>

#include "sources.h"
#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/fmath.h"

enum { LOOK_MORE = 4, LOOK_AT_LEAST = 1000, LIKE_COUNTS = 5, SEEDS = 20, TIMES = 100, AROUND = 5, SILENCE = 1800, PLAYS_MAX = 65535 };

/* What a user did with an item, or with the items of a creator. */
struct deeds { uint32_t n[SEQS_ACTS]; };

struct own {
	struct deeds did;
	uint32_t item;
	int64_t last;			/* when it was heard last: played or liked; TIME_NONE */
	double heard;			/* seconds of plays and skips; INFINITY once there was one without a value */
	uint8_t listened;		/* 1 + the last act of play and skip */
	bool is_seed;
};

struct follows { struct deeds did; uint32_t creator; double f; };

struct sources_user {
	const struct sources *s;
	int64_t t;
	size_t from, to;		/* the user's events before t */
	struct own *own;
	size_t n_own, cap_own;
	uint32_t *slot;			/* [log->item.n] 1 + index in own */
	struct follows *creator;
	size_t n_creators, cap_creators;
	uint32_t *creator_slot;		/* [creators] 1 + index in creator */
	double *tag;			/* [tags] */
	uint32_t *group;		/* those begun */
	size_t n_groups, cap_groups;
	uint8_t *is_begun;		/* [groups] */
	double *sum;			/* [n_items] near */
	uint32_t *touched;
	size_t n_touched, cap_touched;
	struct topk_hit *of_creator;	/* [k] */
};

static const char *const names[SOURCES] = { "now", "rising", "followed", "new", "continue", "again", "near" };

const char *sources_name(enum sources_which which)
{
	return names[which];
}

enum sources_which sources_of_name(struct str name)
{
	int i = 0;

	while (i < SOURCES && (strlen(names[i]) != name.len || memcmp(names[i], name.p, name.len)))
		i++;
	return (enum sources_which)i;
}

/* ---- what is there for all ---- */

static bool is_heard(const struct seqs *log, size_t i)
{
	unsigned act = log->act[i] & SEQS_ACT;

	return act == SEQS_PLAY || act == SEQS_LIKE;
}

static uint64_t time_key(int64_t t)
{
	return (uint64_t)t ^ UINT64_C(1) << 63;
}

/* by_item - plays and likes of each item, by time; of equal times as they stand in the log. */
static int by_item(struct sources *s, struct err *e)
{
	const struct seqs *log = s->log;
	size_t n = log->item.n, longest = 0;

	s->heard_start = mem_try0(n + 2, sizeof *s->heard_start, "events of items", e);
	s->heard = mem_try(log->n, sizeof *s->heard, "events of items", e);
	if (!s->heard_start || !s->heard)
		return ERR_MEM;
	size_t *at = s->heard_start + 1;
	for (size_t i = 0; i < log->n; i++)
		if (is_heard(log, i))
			longest = max_size(longest, ++at[log->what[i] + 1]);
	for (size_t k = 0; k < n; k++)
		at[k + 1] += at[k];
	for (size_t i = 0; i < log->n; i++)
		if (is_heard(log, i))
			s->heard[at[log->what[i]]++] = (uint32_t)i;
	uint64_t *key = mem_try(2 * longest, sizeof *key, "times of an item's events", e);
	uint32_t *val = mem_try(longest, sizeof *val, "times of an item's events", e);
	for (size_t k = 0; k < n && key && val; k++) {
		uint32_t *event = s->heard + s->heard_start[k];
		size_t m = s->heard_start[k + 1] - s->heard_start[k];
		for (size_t i = 0; i < m; i++)
			key[i] = time_key(log->time[event[i]]);
		sort_u64_in(key, event, key + longest, val, m);
	}
	mem_free(key);
	mem_free(val);
	return e->code;
}

/* creators - of the items of the log: those that the catalogue does not have may be a creator's name. */
static int creators(struct sources *s, struct err *e)
{
	const struct vocab *item = &s->log->item;

	if (!(s->creator_of = mem_try(item->n, sizeof *s->creator_of, "creators of items", e)))
		return ERR_MEM;
	for (size_t i = 0; i < item->n; i++)
		s->creator_of[i] = i < s->shelf->n ? s->shelf->creator_of[i] : vocab_find(&s->shelf->creator, item->str[i].p, item->str[i].len);
	return 0;
}

static size_t n_classes(const struct sources *s)
{
	size_t n = s->o.each_kind && s->shelf ? s->shelf->kind.n : 1;

	return n < SHELF_KINDS_MAX ? max_size(n, 1) : SHELF_KINDS_MAX + 1;
}

static int make_charts(struct sources *s, const int64_t *tick, size_t n_ticks, struct err *e)
{
	struct charts_opts o = { .half_life = s->o.half_life, .len = LOOK_MORE * s->o.k + LOOK_AT_LEAST, .n_items = s->n_items, .n_classes = n_classes(s), .rank = s->rank,
				 .class_of = s->o.each_kind && s->shelf ? s->shelf->kind_of : NULL, .wants_rising = s->o.wants >> SOURCES_RISING & 1 };

	return charts_make(&s->charts, s->log, tick, s->n_items ? n_ticks : 0, &o, e);
}

int sources_make(struct sources *s, const struct seqs *log, const struct shelf *shelf, const struct sources_opts *o, const int64_t *tick, size_t n_ticks, struct err *e)
{
	unsigned w = o->wants;
	int ret = 0;

	*s = (struct sources){ .o = *o, .log = log, .shelf = shelf, .n_items = shelf ? shelf->n : log->item.n };
	if (!(s->rank = mem_try(log->item.n, sizeof *s->rank, "order of ids", e)))
		ret = ERR_MEM;
	if (!ret)
		ret = vocab_rank(&log->item, s->rank, e);
	if (!ret && w & (1 << SOURCES_NEAR | 1 << SOURCES_FOLLOWED))
		ret = by_item(s, e);
	if (!ret && shelf)
		ret = creators(s, e);
	if (!ret && w & (1 << SOURCES_NOW | 1 << SOURCES_RISING))
		ret = make_charts(s, tick, n_ticks, e);
	for (size_t i = 0; i < o->n_serial && shelf; i++) {
		uint32_t k = vocab_find(&shelf->kind, o->serial[i], strlen(o->serial[i]));
		if (k < SHELF_KINDS_MAX)
			s->is_serial[k] = true;
	}
	if (ret)
		sources_release(s);
	return ret;
}

void sources_release(struct sources *s)
{
	mem_free(s->rank);
	mem_free(s->creator_of);
	mem_free(s->heard_start);
	mem_free(s->heard);
	charts_release(&s->charts);
	*s = (struct sources){ 0 };
}

size_t sources_room(const struct sources *s, enum sources_which which)
{
	return min_size(s->o.k * (which <= SOURCES_RISING ? n_classes(s) : 1), s->n_items);
}

/* heard_before - how many of an item's plays and likes are. */
static size_t heard_before(const struct sources *s, uint32_t item, int64_t t)
{
	size_t lo = s->heard_start[item], hi = s->heard_start[item + 1];

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->log->time[s->heard[mid]] < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo - s->heard_start[item];
}

/* ---- a user ---- */

struct sources_user *sources_user_new(const struct sources *s, struct err *e)
{
	struct sources_user *w = mem_new(1, sizeof *w);
	const struct shelf *h = s->shelf;

	w->s = s;
	w->slot = mem_try0(s->log->item.n, sizeof *w->slot, "a user's items", e);
	w->creator_slot = mem_try0(h ? h->creator.n : 0, sizeof *w->creator_slot, "a user's creators", e);
	w->tag = mem_try0(h ? h->tag.n : 0, sizeof *w->tag, "a user's tags", e);
	w->is_begun = mem_try0(h ? h->n_groups : 0, sizeof *w->is_begun, "a user's groups", e);
	w->sum = mem_try0(s->log->item.n, sizeof *w->sum, "scores of items", e);
	w->of_creator = mem_try(min_size(s->o.k, s->n_items), sizeof *w->of_creator, "items of a creator", e);
	if (!w->slot || !w->creator_slot || !w->tag || !w->is_begun || !w->sum || !w->of_creator) {
		sources_user_free(w);
		return NULL;
	}
	return w;
}

void sources_user_free(struct sources_user *w)
{
	if (!w)
		return;
	mem_free(w->own);
	mem_free(w->slot);
	mem_free(w->creator);
	mem_free(w->creator_slot);
	mem_free(w->tag);
	mem_free(w->group);
	mem_free(w->is_begun);
	mem_free(w->sum);
	mem_free(w->touched);
	mem_free(w->of_creator);
	mem_free(w);
}

static double taste_of(const struct deeds *d)
{
	double t = (double)d->n[SEQS_PLAY] + d->n[SEQS_LIKE] - d->n[SEQS_SKIP] - d->n[SEQS_DISLIKE];

	return t > 0 ? t : 0;
}

/* add_deeds - no count goes beyond what it holds. */
static void add_deeds(uint32_t *to, uint32_t n)
{
	*to = n < UINT32_MAX - *to ? *to + n : UINT32_MAX;
}

static struct own *own_of(struct sources_user *w, uint32_t item)
{
	if (!w->slot[item]) {
		arr_reserve(w->own, w->n_own + 1, w->cap_own);
		w->own[w->n_own++] = (struct own){ .item = item, .last = TIME_NONE };
		w->slot[item] = (uint32_t)w->n_own;
	}
	return &w->own[w->slot[item] - 1];
}

static void add_event(struct sources_user *w, size_t i)
{
	const struct seqs *log = w->s->log;
	unsigned act = log->act[i] & SEQS_ACT;
	struct own *own = own_of(w, log->what[i]);
	float v = log->value_of ? log->value_of[i] : NAN;
	bool is_count = log->act[i] & SEQS_PLAYS;

	add_deeds(&own->did.n[act], is_count && v >= 0 ? (uint32_t)fminf(v + 0.5f, PLAYS_MAX) : 1);
	if (is_heard(log, i))
		own->last = log->time[i];
	if (act == SEQS_PLAY || act == SEQS_SKIP) {
		own->listened = (uint8_t)(1 + act);
		own->heard += !isnan(v) && !is_count ? (double)v : act == SEQS_PLAY ? (double)INFINITY : 0;
	}
}

static void add_creator(struct sources_user *w, const struct own *own)
{
	uint32_t c = w->s->creator_of ? w->s->creator_of[own->item] : VOCAB_NONE;

	if (c == VOCAB_NONE)
		return;
	if (!w->creator_slot[c]) {
		arr_reserve(w->creator, w->n_creators + 1, w->cap_creators);
		w->creator[w->n_creators++] = (struct follows){ .creator = c };
		w->creator_slot[c] = (uint32_t)w->n_creators;
	}
	for (int a = 0; a < SEQS_ACTS; a++)
		add_deeds(&w->creator[w->creator_slot[c] - 1].did.n[a], own->did.n[a]);
}

void sources_user_is(struct sources_user *w, uint32_t user, int64_t t)
{
	const struct seqs *log = w->s->log;

	for (size_t i = 0; i < w->n_own; i++)
		w->slot[w->own[i].item] = 0;
	for (size_t i = 0; i < w->n_creators; i++)
		w->creator_slot[w->creator[i].creator] = 0;
	w->n_own = w->n_creators = 0;
	w->t = t;
	w->from = w->to = user == VOCAB_NONE ? 0 : log->start[user];
	for (; user != VOCAB_NONE && w->to < log->start[user + 1] && log->time[w->to] < t; w->to++)
		add_event(w, w->to);
	for (size_t i = 0; i < w->n_own; i++)
		add_creator(w, &w->own[i]);
}

/* is_to_come - it was not released yet, by the catalogue. */
static bool is_to_come(const struct sources_user *w, uint32_t item)
{
	const struct shelf *h = w->s->shelf;

	return h && h->released[item] != TIME_NONE && h->released[item] > w->t;
}

/* is_out - not to be found: the user has it, or it is not there yet. */
static bool is_out(const struct sources_user *w, uint32_t item)
{
	return item >= w->s->n_items || (w->slot[item] && !w->s->o.keep) || is_to_come(w, item);
}

static double lives_left(const struct sources_user *w, int64_t since, double half_life)
{
	double lives = (double)event_age(since, w->t) / half_life;

	return lives > 64 ? 0 : fm_pow(2, -lives);
}

/* ---- now, rising ---- */

static void find_chart(const struct sources_user *w, enum charts_which which, struct topk *best)
{
	const struct charts *c = &w->s->charts;
	size_t n;

	for (size_t k = 0; k < c->n_classes; k++) {
		const struct topk_hit *hit = charts_at(c, which, k, w->t, &n);
		for (size_t i = 0, found = 0; i < n && found < w->s->o.k; i++)
			if (!is_out(w, hit[i].row)) {
				topk_push(best, hit[i].score, hit[i].row);
				found++;
			}
	}
}

/* ---- followed ---- */

static int by_f(const void *a, const void *b, void *ctx)
{
	const struct follows *x = a, *y = b;

	(void)ctx;
	return x->f > y->f ? -1 : x->f < y->f;
}

static void find_of_creator(struct sources_user *w, const struct follows *c, struct topk *best)
{
	const struct shelf *h = w->s->shelf;
	struct topk its;

	topk_init(&its, w->of_creator, min_size(w->s->o.k, w->s->n_items), w->s->rank);
	for (size_t j = h->creator_start[c->creator]; j < h->creator_start[c->creator + 1]; j++) {
		uint32_t item = h->by_creator[j];
		if (is_out(w, item))
			continue;
		int64_t day = h->released[item] == TIME_NONE ? INT32_MIN : h->released[item] / 86400;
		topk_push(&its, w->s->o.newest_first ? (float)day : (float)heard_before(w->s, item, w->t), item);
	}
	topk_sort(&its);
	for (size_t i = 0; i < its.n; i++)
		topk_push(best, (float)(c->f / (double)(1 + i)), its.hit[i].row);
}

static void find_followed(struct sources_user *w, struct topk *best)
{
	struct err none = { 0 };

	for (size_t i = 0; i < w->n_creators; i++) {
		const uint32_t *n = w->creator[i].did.n;
		double good = (double)n[SEQS_PLAY] + n[SEQS_LIKE], bad = (double)n[SEQS_SKIP] + n[SEQS_DISLIKE];
		w->creator[i].f = (n[SEQS_PLAY] + (double)LIKE_COUNTS * n[SEQS_LIKE]) * (good + 1) / (good + bad + 2);
	}
	/* Only in order is it known where to stop. */
	bool is_sorted = !sort_stable(w->creator, w->n_creators, sizeof *w->creator, by_f, NULL, &none);
	for (size_t i = 0; i < w->n_creators; i++)
		w->creator_slot[w->creator[i].creator] = (uint32_t)i + 1;
	for (size_t i = 0; i < w->n_creators; i++) {
		const struct follows *c = &w->creator[i];
		if (is_sorted && best->n == best->k && best->k && (float)c->f < best->hit[0].score)
			break;
		if (c->f > 0)
			find_of_creator(w, c, best);
	}
}

/* ---- new ---- */

static double all_taste(const struct sources_user *w)
{
	double all = 0;

	for (size_t i = 0; i < w->n_own; i++)
		all += taste_of(&w->own[i].did);
	return all;
}

/* add_tags - to those of each item that the user has, the taste for it times a factor; 0 clears. */
static void add_tags(struct sources_user *w, double factor)
{
	const struct shelf *h = w->s->shelf;

	for (size_t i = 0; i < w->n_own; i++) {
		uint32_t item = w->own[i].item;
		if (item >= h->n)
			continue;
		for (size_t j = h->tag_start[item]; j < h->tag_start[item + 1]; j++)
			w->tag[h->tag_of[j]] = factor > 0 ? w->tag[h->tag_of[j]] + factor * taste_of(&w->own[i].did) : 0;
	}
}

/* first_dated - the first of by_date that was released behind t. */
static size_t first_dated(const struct shelf *h, double t)
{
	size_t lo = 0, hi = h->n_dated;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if ((double)h->released[h->by_date[mid]] > t)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* creator_tastes - f of each creator becomes the taste for its items. */
static void creator_tastes(struct sources_user *w)
{
	for (size_t i = 0; i < w->n_creators; i++)
		w->creator[i].f = 0;
	for (size_t i = 0; i < w->n_own; i++) {
		uint32_t c = w->s->creator_of[w->own[i].item];
		if (c != VOCAB_NONE)
			w->creator[w->creator_slot[c] - 1].f += taste_of(&w->own[i].did);
	}
}

static double tag_mean(const struct sources_user *w, uint32_t item)
{
	const struct shelf *h = w->s->shelf;
	size_t n = h->tag_start[item + 1] - h->tag_start[item];
	double sum = 0;

	for (size_t j = h->tag_start[item]; j < h->tag_start[item + 1]; j++)
		sum += w->tag[h->tag_of[j]];
	return n ? sum / (double)n : 0;
}

static void find_new(struct sources_user *w, struct topk *best)
{
	const struct shelf *h = w->s->shelf;
	double all = all_taste(w), window = w->s->o.new_for;

	if (!(all > 0))
		return;
	creator_tastes(w);
	add_tags(w, 1);
	for (size_t j = first_dated(h, (double)w->t - window), end = first_dated(h, (double)w->t); j < end; j++) {
		uint32_t item = h->by_date[j], c = h->creator_of[item];
		if (is_out(w, item))
			continue;
		double by_creator = c != VOCAB_NONE && w->creator_slot[c] ? w->creator[w->creator_slot[c] - 1].f : 0, taste = (by_creator + tag_mean(w, item)) / all;
		if (taste > 0)
			topk_push(best, (float)(taste * (1 - (double)event_age(h->released[item], w->t) / (2 * window))), item);
	}
	add_tags(w, 0);
}

/* ---- continue ---- */

static bool is_finished(const struct sources_user *w, const struct own *own)
{
	float seconds = w->s->shelf->seconds[own->item];

	return own->did.n[SEQS_PLAY] && (isnan(seconds) || own->heard >= w->s->o.finished * (double)seconds);
}

/* is_done - finished or skipped. */
static bool is_done(const struct sources_user *w, uint32_t item)
{
	const struct own *own = w->slot[item] ? &w->own[w->slot[item] - 1] : NULL;

	return own && (own->listened == 1 + SEQS_SKIP || is_finished(w, own));
}

/* where_at - the item of the group to go on with, when `item` is the one listened to last; VOCAB_NONE: there is none. */
static uint32_t where_at(const struct sources_user *w, uint32_t item)
{
	const struct shelf *h = w->s->shelf;
	uint32_t g = h->group_of[item];

	if (!is_done(w, item) && !is_to_come(w, item))
		return item;
	for (size_t j = h->place_of[item] + 1; j < h->group_start[g + 1]; j++) {
		uint32_t next = h->in_group[j];
		if (!is_done(w, next) && !is_to_come(w, next))
			return next;
	}
	return VOCAB_NONE;
}

static void find_continue(struct sources_user *w, struct topk *best)
{
	const struct sources *s = w->s;
	const struct shelf *h = s->shelf;

	w->n_groups = 0;
	for (size_t i = w->to; i-- > w->from && (double)event_age(s->log->time[i], w->t) <= s->o.lately; ) {
		unsigned act = s->log->act[i] & SEQS_ACT;
		uint32_t item = s->log->what[i], g = item < h->n ? h->group_of[item] : VOCAB_NONE;
		if (g == VOCAB_NONE || !s->is_serial[h->kind_of[item]] || (act != SEQS_PLAY && act != SEQS_SKIP) || w->is_begun[g])
			continue;
		w->is_begun[g] = 1;
		arr_reserve(w->group, w->n_groups + 1, w->cap_groups);
		w->group[w->n_groups++] = g;
		const struct deeds *did = &w->own[w->slot[item] - 1].did;
		uint32_t next = did->n[SEQS_DISLIKE] > did->n[SEQS_LIKE] ? VOCAB_NONE : where_at(w, item);
		if (next != VOCAB_NONE)
			topk_push(best, (float)lives_left(w, s->log->time[i], s->o.half_life), next);
	}
	for (size_t i = 0; i < w->n_groups; i++)
		w->is_begun[w->group[i]] = 0;
}

/* ---- again ---- */

static void find_again(struct sources_user *w, struct topk *best)
{
	const struct sources *s = w->s;

	for (size_t i = 0; i < w->n_own; i++) {
		const struct own *own = &w->own[i];
		double n = taste_of(&own->did);
		if (n < 2 || own->item >= s->n_items || is_to_come(w, own->item) || (s->shelf && s->is_serial[s->shelf->kind_of[own->item]]))
			continue;
		double rested = s->o.rest > 0 ? 1 - lives_left(w, own->last, s->o.rest) : 1;
		if (rested > 0)
			topk_push(best, (float)(fm_log2(1 + n) * rested), own->item);
	}
}

/* ---- near ---- */

static void add_near(struct sources_user *w, size_t event, uint32_t seed, double x)
{
	const struct seqs *log = w->s->log;
	uint32_t item = log->what[event];

	if (!is_heard(log, event) || item == seed || is_out(w, item))
		return;
	if (w->sum[item] == 0) {
		arr_reserve(w->touched, w->n_touched + 1, w->cap_touched);
		w->touched[w->n_touched++] = item;
	}
	w->sum[item] += x;
}

/* row_of - of an event: the user whose it is. */
static size_t row_of(const struct seqs *log, size_t event)
{
	size_t lo = 0, hi = log->n_users;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;
		if (log->start[mid] <= event)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static void look_around(struct sources_user *w, size_t event, uint32_t seed, double x)
{
	const struct seqs *log = w->s->log;
	size_t u = row_of(log, event), from = log->start[u], to = log->start[u + 1];

	for (size_t j = event, d = 1; j > from && d <= AROUND && event_age(log->time[j - 1], log->time[j]) <= SILENCE; j--, d++)
		add_near(w, j - 1, seed, x / (double)d);
	for (size_t j = event + 1, d = 1; j < to && d <= AROUND && log->time[j] < w->t && event_age(log->time[j - 1], log->time[j]) <= SILENCE; j++, d++)
		add_near(w, j, seed, x / (double)d);
}

static void find_near(struct sources_user *w, struct topk *best)
{
	const struct sources *s = w->s;
	const double most = sqrt(sqrt(10.0));
	size_t n_seeds = 0;

	w->n_touched = 0;
	for (size_t i = w->to; i-- > w->from && n_seeds < SEEDS; ) {
		uint32_t seed = s->log->what[i];
		struct own *own = &w->own[w->slot[seed] - 1];
		if (!is_heard(s->log, i) || own->is_seed)
			continue;
		own->is_seed = true;
		size_t n = heard_before(s, seed, w->t), times = min_size(n, TIMES);
		double x = 5.0 / (double)(5 + n_seeds++) / (double)(10 + times);
		for (size_t j = n - times; j < n; j++)
			look_around(w, s->heard[s->heard_start[seed] + j], seed, x);
	}
	for (size_t i = 0; i < w->n_own; i++)
		w->own[i].is_seed = false;
	for (size_t i = 0; i < w->n_touched; i++) {
		uint32_t item = w->touched[i];
		bool may_be = best->n < best->k || (float)(w->sum[item] / most) >= best->hit[0].score;	/* were it hardly heard; counting waits for memory */
		if (may_be)
			topk_push(best, (float)(w->sum[item] / sqrt(sqrt((double)(10 + heard_before(s, item, w->t))))), item);
		w->sum[item] = 0;
	}
}

size_t sources_find(struct sources_user *w, enum sources_which which, struct topk_hit *hit)
{
	struct topk best;

	topk_init(&best, hit, sources_room(w->s, which), w->s->rank);
	switch (which) {
	case SOURCES_NOW: find_chart(w, CHARTS_POPULAR, &best); break;
	case SOURCES_RISING: find_chart(w, CHARTS_RISING, &best); break;
	case SOURCES_FOLLOWED: find_followed(w, &best); break;
	case SOURCES_NEW: find_new(w, &best); break;
	case SOURCES_CONTINUE: find_continue(w, &best); break;
	case SOURCES_AGAIN: find_again(w, &best); break;
	case SOURCES_NEAR: find_near(w, &best); break;
	case SOURCES: break;
	}
	topk_sort(&best);
	return best.n;
}
