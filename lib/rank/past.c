#include "past_store.h"

#include <string.h>

#include "shelf.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../base/sort.h"
#include "../num/fmath.h"
#include "../num/num.h"

#define ROUND 0.3f			/* of its mean diagonal is added to the diagonal of a spread: measured in worlds whose truth is known */

const char *const past_thing_name[PAST_THINGS] = { "item", "creator", "group", "tag", "kind", "all" };

struct past *past_new(void)
{
	struct past *p = mem_new(1, sizeof *p);

	p->store = mem_new(1, sizeof *p->store);
	p->now = p->newest = TIME_NONE;
	return p;
}

void past_free(struct past *p)
{
	if (!p)
		return;
	struct past_store *s = p->store;
	for (size_t u = 0; u < p->n_users; u++)
		if (p->user[u].cap)
			mem_free((void *)p->user[u].ev);
	mem_free(p->user);
	if (!s->file) {
		mem_free(p->item);
		mem_free(p->tags);
		mem_free(p->vec);
		mem_free(p->shift);
		mem_free(p->spread);
		mem_free(s->together);
		mem_free(s->in_vec);
		mem_free(s->squares);
		mem_free(s->scratch);
		mem_free(s->all_vec);
		for (int k = 0; k < PAST_THINGS; k++) {
			mem_free(p->tally[k]);
			mem_free(p->in[k]);
		}
	}
	context_release(&p->words);
	vocab_release(&p->kind_name);
	vocab_release(&s->user);
	vocab_release(&s->item);
	vocab_release(&s->creator);
	vocab_release(&s->tag);
	buf_release(&s->last_text);
	mem_free(s->order);
	artifact_free(s->file);
	mem_free(s);
	mem_free(p);
}

/* ---- the catalogue ---- */

uint32_t past_item(struct past *p, struct str id, bool adds)
{
	struct past_store *s = p->store;

	if (s->file)
		return idtab_find(&s->item_id, id.p, id.len);
	if (s->is_ready || !adds)
		return vocab_find(&s->item, id.p, id.len);
	uint32_t i = vocab_add(&s->item, id.p, id.len);
	if (i == p->n[PAST_ITEM]) {
		arr_reserve(p->item, (size_t)i + 1, s->cap_items);
		p->item[p->n[PAST_ITEM]++] = (struct past_item){ .released = TIME_NONE, .creator = VOCAB_NONE, .group = VOCAB_NONE, .kind = VOCAB_NONE, .tag = (uint32_t)p->n_tags };
	}
	return i;
}

/* put_listed - what the shelf knows of its item i. */
static void put_listed(struct past *p, struct past_item *x, const struct shelf *shelf, size_t i, struct str kind)
{
	struct past_store *s = p->store;
	uint32_t creator = shelf->creator_of[i], group = shelf->group_of[i];

	x->released = shelf->released[i];
	if (creator != VOCAB_NONE)
		x->creator = vocab_add(&s->creator, shelf->creator.str[creator].p, shelf->creator.str[creator].len);
	if (group != VOCAB_NONE) {
		x->group = (uint32_t)s->n_groups + group;
		x->place = shelf->place_of[i] - (uint32_t)shelf->group_start[group];
	}
	if (kind.len)
		x->kind = vocab_add(&p->kind_name, kind.p, kind.len);
	if (shelf->seconds[i] <= 1e9F)
		x->seconds = shelf->seconds[i];
	x->tag = (uint32_t)p->n_tags;
	for (size_t j = shelf->tag_start[i]; j < shelf->tag_start[i + 1]; j++) {
		struct str tag = shelf->tag.str[shelf->tag_of[j]];
		arr_reserve(p->tags, p->n_tags + 1, s->cap_tags);
		p->tags[p->n_tags++] = vocab_add(&s->tag, tag.p, tag.len);
		x->n_tags++;
	}
}

int past_items(struct past *p, const struct items *it, struct err *e)
{
	struct shelf shelf;

	if (shelf_make(&shelf, it, e))
		return e->code;
	for (size_t i = 0; i < it->id.n; i++) {
		uint32_t n = past_item(p, it->id.str[i], true);
		struct past_item *x = &p->item[n];
		if (x->is_listed)
			continue;
		x->is_listed = 1;
		p->n_met++;
		put_listed(p, x, &shelf, i, it->row[i][ITEM_KIND]);
	}
	p->store->n_groups += shelf.n_groups;
	shelf_release(&shelf);
	return 0;
}

/* ---- the log ---- */

uint32_t past_user(struct past *p, struct str id, bool adds)
{
	struct past_store *s = p->store;
	uint32_t u = s->file ? idtab_find(&s->user_id, id.p, id.len) : VOCAB_NONE;

	if (u != VOCAB_NONE)
		return u;
	u = adds ? vocab_add(&s->user, id.p, id.len) : vocab_find(&s->user, id.p, id.len);
	if (u == VOCAB_NONE)
		return u;
	u += (uint32_t)s->n_old_users;
	if (u == p->n_users) {
		arr_reserve(p->user, (size_t)u + 1, s->cap_users);
		p->user[p->n_users++] = (struct past_user){ 0 };
	}
	return u;
}

/* read_context - memory of the last text: neighbours often have the same. */
static struct context read_context(struct past *p, const struct event *ev)
{
	struct past_store *s = p->store;
	size_t bad = 0;

	if (!ev->context.len || ev->context.len != s->last_text.len || s->last.time != ev->time || memcmp(ev->context.p, s->last_text.p, s->last_text.len)) {
		s->last_unknown = context_read(&s->last, &p->words, ev->time, ev->context, !s->is_ready, &bad);
		s->last_bad = bad;
		buf_reset(&s->last_text);
		buf_put(&s->last_text, ev->context.p, ev->context.len);
	}
	p->n_unknown_keys += s->last_unknown;
	p->n_bad_values += s->last_bad;
	return s->last;
}

static struct past_event event_of(struct past *p, const struct event *ev, uint32_t item)
{
	struct context c = read_context(p, ev);
	struct past_event x = { .time = ev->time, .item = item, .times = 1, .act = (uint8_t)seqs_act_of(ev->kind), .heard = 255 };
	float seconds = p->item[item].seconds;

	memcpy(x.at, c.at, sizeof x.at);
	if (str_is(ev->kind, "plays"))
		x.times = ev->value >= 65535 ? 65535 : ev->value >= 0 ? (uint16_t)(ev->value + 0.5) : 1;
	else if (seconds > 0 && ev->value >= 0 && (!ev->kind.len || str_is(ev->kind, "play") || str_is(ev->kind, "skip")))
		x.heard = (uint8_t)(ev->value >= (double)seconds ? 250 : ev->value * 250 / (double)seconds);
	return x;
}

static struct past_event *push(struct past_user *u)
{
	if (u->n_all >= u->cap) {	/* or they are of a file */
		size_t cap = u->cap ? 2 * (size_t)u->cap : max_size(4, (size_t)u->n_all + u->n_all / 4 + 1);
		struct past_event *own = mem_grow(u->cap ? (void *)u->ev : NULL, cap, sizeof *own);
		if (!u->cap && u->n_all)	/* of a file */
			memcpy(own, u->ev, u->n_all * sizeof *own);
		u->ev = own;
		u->cap = (uint32_t)cap;
	}
	return (struct past_event *)&u->ev[u->n_all++];
}

void past_event(struct past *p, const struct event *ev)
{
	uint32_t u = past_user(p, ev->user, true), i = past_item(p, ev->item, true);

	if (seqs_act_of(ev->kind) == SEQS_NOTHING)
		return;
	*push(&p->user[u]) = event_of(p, ev, i);
	p->n_events++;
	if (ev->time != TIME_NONE && (p->newest == TIME_NONE || ev->time > p->newest))
		p->newest = ev->time;
}

/* let_go - of events that nothing looks at any more. */
static void let_go(struct past_user *u)
{
	if (u->n_all < PAST_KEPT + PAST_KEPT / 4)
		return;
	uint32_t gone = u->n_all - PAST_KEPT;
	if (u->cap)
		memmove((void *)u->ev, u->ev + gone, PAST_KEPT * sizeof *u->ev);
	else				/* of a file */
		u->ev += gone;
	u->n_gone += gone;
	u->n_all = PAST_KEPT;
}

bool past_append(struct past *p, const struct event *ev)
{
	uint32_t i = past_item(p, ev->item, false);

	if (i == VOCAB_NONE || i >= p->n[PAST_ITEM])
		return false;
	if (seqs_act_of(ev->kind) == SEQS_NOTHING)
		return true;
	uint32_t u = past_user(p, ev->user, true);
	let_go(&p->user[u]);
	*push(&p->user[u]) = event_of(p, ev, i);
	p->user[u].n = p->user[u].n_all;
	return true;
}

/* row_of_1 - x = row r of v, of length 1, or 0. */
static void row_of_1(float *x, const struct vecs *v, size_t r)
{
	const float *from = vecs_row(v, r);
	double norm = num_norm(from, v->d);

	for (size_t k = 0; k < v->d; k++)
		x[k] = norm > 0 ? (float)((double)from[k] / norm) : 0;
}

int past_vectors(struct past *p, const struct vecs *v, struct err *e)
{
	size_t n = p->n[PAST_ITEM], d = v->d;

	if (!d)		/* of nothing */
		return 0;
	if (!(p->vec = mem_try0(n * d + 1, sizeof *p->vec, "item vectors", e)))
		return e->code;
	p->d = d;
	for (size_t r = 0; r < v->n; r++) {
		uint32_t i = past_item(p, vecs_id(v, r), false);
		if (i != VOCAB_NONE)
			row_of_1(p->vec + i * d, v, r);
	}
	return 0;
}

void past_codes(struct past *p)
{
	size_t n = 0;

	for (int k = 0; k < CONTEXT_KEYS; k++) {
		p->first[k] = n;
		n += context_codes(&p->words, (enum context_key)k);
		p->any[k] = n++;
	}
	p->n_codes = n;
}

static int by_time(const void *a, const void *b, void *ctx)
{
	const struct past_event *x = a, *y = b;

	(void)ctx;
	return x->time < y->time ? -1 : x->time > y->time;
}

void past_lift(const struct past *p, float *v)
{
	if (p->spread)
		num_chol_solve(p->spread, p->d, v, p->d);
}

static int make_order(struct past *p, struct err *e)
{
	struct past_store *s = p->store;
	uint64_t *key = mem_try(p->n_events + 1, sizeof *key, "order of the events", e);
	uint32_t *at = mem_try(p->n_events + 1, sizeof *at, "order of the events", e);
	uint32_t *rank = mem_try(p->n_users + 1, sizeof *rank, "order of the listeners", e), *user = mem_try(p->n_users + 1, sizeof *user, "order of the listeners", e);
	size_t n = 0;

	s->order = mem_try(p->n_events + 1, sizeof *s->order, "order of the events", e);
	if (p->n_events > UINT32_MAX)
		err_set(e, ERR_DATA, "more events than a past may have (4294967295)");
	else if (!e->code && !vocab_rank(&s->user, rank, e))
		for (size_t u = 0; u < p->n_users; u++)
			user[rank[u]] = (uint32_t)u;
	for (size_t r = 0; r < p->n_users && !e->code; r++) {
		size_t u = user[r];
		struct past_user *x = &p->user[u];
		bool is_in_order = true;
		for (uint32_t i = 1; i < x->n_all && is_in_order; i++)
			is_in_order = x->ev[i].time >= x->ev[i - 1].time;
		if (!is_in_order && sort_stable((void *)x->ev, x->n_all, sizeof *x->ev, by_time, NULL, e))
			break;
		for (uint32_t i = 0; i < x->n_all; i++, n++) {
			key[n] = (uint64_t)x->ev[i].time ^ 1ULL << 63;
			at[n] = (uint32_t)n;
			s->order[n] = (uint64_t)u << 32 | i;
		}
	}
	if (!e->code && !sort_u64(key, at, n, e)) {
		memcpy(key, s->order, n * sizeof *key);
		for (size_t i = 0; i < n; i++)
			s->order[i] = key[at[i]];
	}
	mem_free(key);
	mem_free(at);
	mem_free(rank);
	mem_free(user);
	return e->code;
}

/* make_room - tallies of things, and what is kept by situation. */
static int make_room(struct past *p, struct err *e)
{
	for (int k = 0; k < PAST_THINGS; k++) {
		if (!(p->tally[k] = mem_try(p->n[k] + 1, sizeof *p->tally[k], "tallies", e)))
			return e->code;
		for (size_t i = 0; i < p->n[k]; i++)
			p->tally[k][i] = (struct past_tally){ .first = TIME_NONE, .recent_at = TIME_NONE };
		if (k != PAST_GROUP && !(p->in[k] = mem_try0(p->n[k] * p->n_codes + 1, sizeof *p->in[k], "plays by situation", e)))
			return e->code;
	}
	if (p->vec) {
		p->store->in_vec = mem_try0(p->n_codes * p->d + 1, sizeof *p->shift, "vectors by situation", e);
		p->store->all_vec = mem_try0(p->d + 1, sizeof *p->shift, "vectors by situation", e);
		p->store->together = mem_try0(p->n_codes * p->n_codes + 1, sizeof *p->store->together, "vectors by situation", e);
		p->shift = mem_try0(p->n_codes * p->d + 1, sizeof *p->shift, "vectors by situation", e);
	}
	if (p->vec && p->d <= PAST_SPREAD) {
		p->spread = mem_try0(p->d * p->d + 1, sizeof *p->spread, "spread of the vectors", e);
		p->store->squares = mem_try0(p->d * p->d + 1, sizeof *p->spread, "spread of the vectors", e);
	}
	return e->code;
}

int past_ready(struct past *p, struct err *e)
{
	struct past_store *s = p->store;

	p->n[PAST_CREATOR] = s->creator.n;
	p->n[PAST_GROUP] = s->n_groups;
	p->n[PAST_TAG] = s->tag.n;
	p->n[PAST_KIND] = p->kind_name.n;
	p->n[PAST_ALL] = 1;
	if (p->kind_name.n > PAST_KINDS_MAX)
		return err_set(e, ERR_DATA, "the catalogue has %zu kinds, more than a past holds (%d)", p->kind_name.n, PAST_KINDS_MAX);
	s->is_ready = true;
	past_codes(p);
	if (make_order(p, e))
		return e->code;
	return make_room(p, e);
}

/* ---- walking ---- */

static float faded(float x, int64_t from, int64_t to)
{
	int64_t age = event_age(from, to);

	return age <= 0 ? x : x * (float)fm_exp(-0.6931471805599453 * (double)age / PAST_FADE);
}

float past_recent(const struct past_tally *t, int64_t time)
{
	return t->recent_at == TIME_NONE ? 0 : time == TIME_NONE ? t->recent : faded(t->recent, t->recent_at, time);
}

/* more - as many more, or as many as can be told. */
static uint32_t more(uint32_t x, uint32_t by)
{
	return x > UINT32_MAX - by ? UINT32_MAX : x + by;
}

static void count(struct past_tally *t, const struct past_event *ev)
{
	bool is_play = ev->act == SEQS_PLAY;

	if (is_play)
		t->plays = more(t->plays, ev->times);
	else if (ev->act == SEQS_LIKE)
		t->likes = more(t->likes, 1);
	else
		t->skips = more(t->skips, 1);
	if (ev->time == TIME_NONE)
		return;
	if (t->first == TIME_NONE)
		t->first = ev->time;
	if (is_play) {
		t->recent = past_recent(t, ev->time) + (float)ev->times;
		t->recent_at = ev->time;
	}
}

static void count_in(const struct past *p, uint32_t *in, const struct past_event *ev)
{
	for (int k = 0; k < CONTEXT_KEYS; k++)
		if (ev->at[k]) {
			in[p->first[k] + ev->at[k] - 1] = more(in[p->first[k] + ev->at[k] - 1], ev->times);
			in[p->any[k]] = more(in[p->any[k]], ev->times);
		}
}

/* add_squares - of the plays that were not added yet: sum of v v'. */
static void add_squares(struct past *p)
{
	struct past_store *s = p->store;

	if (!s->scratch)
		s->scratch = mem_new(num_syrk_scratch(p->d) + 1, sizeof *s->scratch);
	num_syrk_rows(s->squares, p->d, p->vec, p->d, s->fresh, NULL, s->n_fresh, p->d, s->scratch);
	s->n_fresh = 0;
}

bool past_is_met(const struct past *p, uint32_t item)
{
	const struct past_tally *t = &p->tally[PAST_ITEM][item];

	return p->item[item].is_listed || t->plays || t->skips || t->likes || t->first != TIME_NONE;
}

static void learn(struct past *p, const struct past_event *ev)
{
	const struct past_item *it = &p->item[ev->item];
	bool is_play = ev->act == SEQS_PLAY;
	bool was_met = past_is_met(p, ev->item);
	const uint32_t of[] = { ev->item, it->creator, it->group, VOCAB_NONE, it->kind, 0 };

	for (int k = 0; k < PAST_THINGS; k++) {
		const uint32_t *id = k == PAST_TAG ? p->tags + it->tag : &of[k];
		for (size_t j = 0; j < (k == PAST_TAG ? it->n_tags : 1); j++) {
			if (id[j] == VOCAB_NONE)
				continue;
			count(&p->tally[k][id[j]], ev);
			if (is_play && p->in[k])
				count_in(p, p->in[k] + id[j] * p->n_codes, ev);
		}
	}
	p->n_met += !was_met && past_is_met(p, ev->item);
	if (!p->vec || !is_play)
		return;
	const float *v = p->vec + (size_t)ev->item * p->d;
	struct past_store *s = p->store;
	size_t code[CONTEXT_KEYS], n = 0;
	num_axpy(s->all_vec, 1, v, p->d);
	s->n_plays++;
	if (s->squares) {
		s->fresh[s->n_fresh++] = ev->item;
		if (s->n_fresh == PAST_FRESH)
			add_squares(p);
	}
	for (int k = 0; k < CONTEXT_KEYS; k++)
		if (ev->at[k])
			code[n++] = p->first[k] + ev->at[k] - 1;
	for (size_t i = 0; i < n; i++) {
		num_axpy(s->in_vec + code[i] * p->d, 1, v, p->d);
		for (size_t j = 0; j < n; j++)
			s->together[code[i] * p->n_codes + code[j]]++;
	}
}

/* make_spread - of what was played: S = sum v v' / n - m m', drawn towards a round one. */
static void make_spread(struct past *p)
{
	struct past_store *s = p->store;
	size_t d = p->d;
	float n = (float)s->n_plays, trace = 0;

	add_squares(p);
	for (size_t i = 0; i < d; i++)
		for (size_t j = 0; j <= i; j++)
			p->spread[i * d + j] = s->squares[i * d + j] / n - s->all_vec[i] / n * (s->all_vec[j] / n);
	for (size_t i = 0; i < d; i++)
		trace += p->spread[i * d + i];
	for (size_t i = 0; i < d; i++)
		p->spread[i * d + i] += ROUND * trace / (float)d + 1e-6f;
	if (num_chol(p->spread, d, d)) {	/* numbers that are none: as if it were round */
		memset(p->spread, 0, d * d * sizeof *p->spread);
		for (size_t i = 0; i < d; i++)
			p->spread[i * d + i] = 1;
	}
}

size_t past_order(const struct past *p, uint32_t *code)
{
	size_t n = 0;

	for (int k = 0; k < CONTEXT_KEYS; k++)
		for (size_t c = p->first[k], begin = n, at; c < p->any[k]; c++) {
			const struct str *word = p->words.word[k].str;
			for (at = n++; at > begin && context_has_words((enum context_key)k) && str_cmp(word[code[at - 1] - p->first[k]], word[c - p->first[k]]) > 0; at--)
				code[at] = code[at - 1];
			code[at] = (uint32_t)c;
		}
	return n;
}

/* codes_heard - those that any play has had, in past_order. */
static size_t codes_heard(const struct past *p, uint32_t *code)
{
	size_t n = past_order(p, code), heard = 0;

	for (size_t i = 0; i < n; i++)
		if (p->store->together[(size_t)code[i] * p->n_codes + code[i]] > 0)
			code[heard++] = code[i];
	return heard;
}

/* make_shift - past.h says what. */
static void make_shift(struct past *p)
{
	struct past_store *s = p->store;
	size_t all = p->n_codes, d = p->d, n;
	uint32_t *code = mem_new(all + 1, sizeof *code);

	n = codes_heard(p, code);
	float *a = mem_new(n * n + 1, sizeof *a), *b = mem_new(n + 1, sizeof *b);

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++)
			a[i * n + j] = (float)s->together[code[i] * all + code[j]];
		a[i * n + i] += PAST_SHIFT;
	}
	if (!num_chol(a, n, n)) {
		for (size_t j = 0; j < d; j++) {
			float mean = s->all_vec[j] / (float)s->n_plays;
			for (size_t i = 0; i < n; i++)
				b[i] = s->in_vec[code[i] * d + j] - (float)s->together[code[i] * all + code[i]] * mean;
			num_chol_solve(a, n, b, n);
			for (size_t i = 0; i < n; i++)
				p->shift[code[i] * d + j] = b[i];
		}
		if (p->spread)
			make_spread(p);
		for (size_t i = 0; i < n; i++)
			past_lift(p, p->shift + code[i] * d);
	}
	s->n_shifted = s->n_plays;
	mem_free(code);
	mem_free(a);
	mem_free(b);
}

void past_walk(struct past *p, int64_t time)
{
	struct past_store *s = p->store;

	for (; !s->file && s->n_walked < p->n_events; s->n_walked++) {
		struct past_user *u = &p->user[s->order[s->n_walked] >> 32];
		const struct past_event *ev = &u->ev[(uint32_t)s->order[s->n_walked]];
		if (ev->time != TIME_NONE && time != INT64_MAX && ev->time >= time)
			break;
		learn(p, ev);
		u->n++;
		if (p->shift && s->n_plays > s->n_shifted + s->n_shifted / 100)
			make_shift(p);
	}
	p->now = time;
}
