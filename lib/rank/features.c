#include "features.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"
#include "../num/fmath.h"
#include "../num/num.h"

#define COLUMNS(X) \
	X(POP, "pop") X(POP_NOW, "pop.now") X(POP_RISE, "pop.rise") X(SKIP_RATE, "skip.rate") X(LIKE_RATE, "like.rate") X(ITEM_AGE, "item.age") X(ITEM_SEEN, "item.seen") \
	X(CREATOR_POP, "creator.pop") X(KIND, "@kind") X(LENGTH, "length") X(LENGTH_FIT, "length.fit") \
	X(USER_EVENTS, "user.events") X(USER_SKIP, "user.skip") X(USER_NEW, "user.new") X(USER_GAP, "user.gap") X(SESSION_N, "session.n") X(SESSION_SKIP, "session.skip") \
	X(OWN_ITEM, "own.item") X(OWN_ITEM_LAST, "own.item.last") X(OWN_ITEM_SKIP, "own.item.skip") \
	X(OWN_CREATOR, "own.creator") X(OWN_CREATOR_LAST, "own.creator.last") X(OWN_CREATOR_SKIP, "own.creator.skip") X(OWN_CREATOR_SHARE, "own.creator.share") \
	X(OWN_GROUP, "own.group") X(OWN_GROUP_LAST, "own.group.last") X(OWN_TAG, "own.tag") X(OWN_TAG_LAST, "own.tag.last") X(OWN_TAG_SKIP, "own.tag.skip") X(OWN_KIND, "own.kind") \
	X(SESSION_CREATOR, "session.creator") X(SESSION_TAG, "session.tag") X(SERIES_STEP, "series.step") X(SERIES_OPEN, "series.open") \
	X(NEAR_LAST, "near.last") X(NEAR_FIVE, "near.five") X(NEAR_SESSION, "near.session") X(NEAR_ALL, "near.all") X(NEAR_SKIP, "near.skip") X(NEAR_BEST, "near.best") \
	X(HOUR, "hour") X(DAY, "day") X(PULSE, "pulse") X(DEVICE, "@device") X(PLACE, "@place") X(MOOD, "@mood") X(INTENT, "@intent")

#define COLUMN_ENUM(id, name) F_##id,
#define COLUMN_NAME(id, name) name,
enum { COLUMNS(COLUMN_ENUM) F_MATCH, F_OWN = F_MATCH + CONTEXT_KEYS, F_SHIFT = F_OWN + CONTEXT_KEYS, F_NEAR = F_SHIFT + CONTEXT_KEYS, F_MATCH_ALL = F_NEAR + CONTEXT_KEYS, F_OWN_ALL, F_SHIFT_ALL, F_NEAR_ALL_KEYS,
	F_FIXED };

enum { SESSION_GAP = 1800, BEST_OF = 50, DAY_SECONDS = 86400 };
/* How many plays what is common to all counts as, where few of something are looked at. */
#define PRIOR 10.0f
#define PRIOR_OWN 5.0f
#define PRIOR_NEAR 100.0f

static const char *const fixed_name[] = { COLUMNS(COLUMN_NAME) "match.hour", "match.day", "match.device", "match.place", "match.mood", "match.intent", "match.pulse", "own.hour", "own.day", "own.device",
	"own.place", "own.mood", "own.intent", "own.pulse", "shift.hour", "shift.day", "shift.device", "shift.place", "shift.mood", "shift.intent", "shift.pulse", "near.hour", "near.day", "near.device",
	"near.place", "near.mood", "near.intent", "near.pulse", "match", "own", "shift", "near" };
_Static_assert(sizeof fixed_name / sizeof *fixed_name == F_FIXED, "a name for each column");

/* What a listener had of something: good while stamp is the request's. */
struct own {
	int64_t last;			/* TIME_NONE: not known */
	uint32_t stamp;
	float plays, skips, session;
	float in[CONTEXT_KEYS];		/* plays in the request's situation, by each key alone */
	uint32_t place;			/* groups: the furthest heard */
	uint8_t open;			/* groups: heard of the last one met; 255: not known */
};

/* Vectors of a request that candidates are held against. */
enum { V_LAST, V_FIVE, V_SESSION, V_ALL, V_SKIP, V_SHIFT, V_NEAR = V_SHIFT + CONTEXT_KEYS, V_ROWS = V_NEAR + CONTEXT_KEYS };

struct features_store {
	struct buf *source;		/* [n_sources] names */
	struct own *own[PAST_ALL];
	uint32_t stamp;
	struct context c;
	struct own all;			/* of all the listener had */
	uint64_t n_known;		/* events of theirs */
	float share_new, session_n, session_skips, skip_rate, like_rate, recent;
	int64_t last;
	float base[CONTEXT_KEYS], own_base[CONTEXT_KEYS];	/* shares of plays that are in the situation by each key alone, of all and drawn towards that of the listener's; 0: nobody has played in it */
	float row[F_FIXED];		/* what does not depend on the item; NAN elsewhere */
	double sum_length[64], n_length[64];	/* by kind; the last for the others */
	bool has[V_ROWS];
	float *v;			/* [V_ROWS x d] */
	uint32_t *order;		/* [n_order] past_order */
	size_t n_order;
	uint32_t best[BEST_OF];		/* items heard last */
	size_t n_best;
};

const char *features_fixed_name(size_t c)
{
	return c < F_FIXED ? fixed_name[c] : NULL;
}

int features_open(struct features *f, const struct past *past, const struct str *source, size_t n, struct err *e)
{
	struct features_store *s = mem_new(1, sizeof *s);

	*f = (struct features){ .past = past, .n_fixed = F_FIXED, .n_sources = n, .n = F_FIXED + 3 * n, .store = s };
	s->source = mem_new(n + 1, sizeof *s->source);
	for (size_t i = 0; i < n; i++)
		buf_put(&s->source[i], source[i].p, source[i].len);
	s->order = mem_new(past->n_codes + 1, sizeof *s->order);
	s->n_order = past_order(past, s->order);
	for (int k = 0; k < PAST_ALL; k++)	/* calloc: pages that nobody touches are none */
		s->own[k] = mem_new(past->n[k] + 1, sizeof **s->own);
	if (!(s->v = mem_try0(V_ROWS * past->d + 1, sizeof *s->v, "vectors of a request", e)))
		features_release(f);
	return e->code;
}

void features_release(struct features *f)
{
	struct features_store *s = f->store;

	for (size_t i = 0; s && i < f->n_sources; i++)
		buf_release(&s->source[i]);
	for (int k = 0; s && k < PAST_ALL; k++)
		mem_free(s->own[k]);
	if (s) {
		mem_free(s->source);
		mem_free(s->v);
		mem_free(s->order);
	}
	mem_free(s);
	*f = (struct features){ 0 };
}

void features_name(const struct features *f, size_t c, struct buf *b)
{
	static const char *const part[] = { "", ".place", ".scaled" };

	if (c < F_FIXED) {
		buf_puts(b, fixed_name[c]);
		return;
	}
	const struct buf *source = &f->store->source[(c - F_FIXED) / 3];
	buf_puts(b, "from.");
	buf_put(b, source->p ? source->p : "", source->len);
	buf_puts(b, part[(c - F_FIXED) % 3]);
}

bool features_has_words(const struct features *f, size_t c)
{
	(void)f;
	return c == F_KIND || (c >= F_DEVICE && c <= F_INTENT);
}

struct str features_word(const struct features *f, size_t c, float value)
{
	const struct vocab *v = c == F_KIND ? &f->past->kind_name : &f->past->words.word[CONTEXT_DEVICE + (c - F_DEVICE)];

	return value >= 0 && value < (float)v->n ? v->str[(size_t)value] : (struct str){ "", 0 };
}

static float log1(float x)
{
	return fm_logf(1 + x);
}

/* days - log(1 + days) between two moments, as well as they are known. */
static float days(int64_t from, int64_t to)
{
	if (from == TIME_NONE || to == TIME_NONE)
		return NAN;
	int64_t age = event_age(from, to);
	return log1(age > 0 ? (float)age / DAY_SECONDS : 0);
}

/* ---- a request ---- */

/* own_of - what is counted of thing k number id, begun anew for this request. */
static struct own *own_of(struct features_store *s, int k, uint32_t id)
{
	struct own *o = &s->own[k][id];

	if (o->stamp != s->stamp)
		*o = (struct own){ .stamp = s->stamp, .last = TIME_NONE, .open = 255 };
	return o;
}

static bool is_skip(const struct past_event *ev)
{
	return ev->act == SEQS_SKIP || ev->act == SEQS_DISLIKE;
}

static void count(struct own *o, const struct past_event *ev, const struct context *c, bool is_session)
{
	o->last = ev->time;
	if (is_skip(ev)) {
		o->skips += 1;
		return;
	}
	if (ev->act != SEQS_PLAY)
		return;
	o->plays += (float)ev->times;
	o->session += is_session;
	for (int k = 0; k < CONTEXT_KEYS; k++)
		if (c->at[k] && c->at[k] == ev->at[k])
			o->in[k] += (float)ev->times;
}

static void count_group(struct own *o, const struct past_event *ev, const struct past_item *it)
{
	if (ev->act != SEQS_PLAY)
		return;
	if (it->place > o->place)
		o->place = it->place;
	o->open = ev->heard;
}

/* session_start - the first of the events of the session that goes on; n when none does. */
static size_t session_start(const struct past_event *ev, size_t n, int64_t now)
{
	size_t at = n;

	if (now == TIME_NONE)
		return n;
	while (at && ev[at - 1].time != TIME_NONE && event_age(ev[at - 1].time, at == n ? now : ev[at].time) <= SESSION_GAP)
		at--;
	return at;
}

static void add_vector(struct features *f, int row, const float *v)
{
	num_axpy(f->store->v + (size_t)row * f->past->d, 1, v, f->past->d);
	f->store->has[row] = true;
}

static bool to_length_1(float *v, size_t d)
{
	double norm = num_norm(v, d);

	if (norm > 0)
		num_scale(v, (float)(1 / norm), d);
	return norm > 0;
}

static bool has_vector(const struct past *p, uint32_t item)
{
	const float *v = p->vec + (size_t)item * p->d;

	return num_dot(v, v, p->d) > 0;
}

/* take_vectors - of the events, the newest last: what the listener is near to. */
static void take_vectors(struct features *f, const struct past_event *ev, size_t n, size_t session)
{
	struct features_store *s = f->store;
	const struct past *p = f->past;
	size_t d = p->d, plays = 0, skips = 0;

	memset(s->v, 0, V_ROWS * d * sizeof *s->v);
	for (size_t i = n; i-- && (plays < FEATURES_NEAR || skips < 20);) {
		const float *v = p->vec + (size_t)ev[i].item * d;
		if (!has_vector(p, ev[i].item))
			continue;
		if (is_skip(&ev[i])) {
			if (skips++ < 20)
				add_vector(f, V_SKIP, v);
			continue;
		}
		if (ev[i].act != SEQS_PLAY || plays++ >= FEATURES_NEAR)
			continue;
		if (plays == 1)
			add_vector(f, V_LAST, v);
		if (plays <= 5)
			add_vector(f, V_FIVE, v);
		if (i >= session)
			add_vector(f, V_SESSION, v);
		if (s->n_best < BEST_OF)
			s->best[s->n_best++] = ev[i].item;
		add_vector(f, V_ALL, v);
	}
	for (int r = V_LAST; r <= V_SKIP; r++)	/* one that is 0 is near to nothing */
		s->has[r] = to_length_1(s->v + (size_t)r * d, d);
}

/* take_shifts - what is heard in this situation beyond what is heard anyway, by all; and by the listener beyond what that foretells. */
static void take_shifts(struct features *f, const struct past_event *ev, size_t n)
{
	struct features_store *s = f->store;
	const struct past *p = f->past;
	size_t d = p->d;
	float in[CONTEXT_KEYS] = { 0 }, plays = 0, *mean = mem_new(d + 1, sizeof *mean), *met = mem_new(CONTEXT_KEYS * p->n_codes + 1, sizeof *met);

	for (size_t i = 0; i < n; i++) {
		if (ev[i].act != SEQS_PLAY || !has_vector(p, ev[i].item))
			continue;
		const float *v = p->vec + (size_t)ev[i].item * d;
		num_axpy(mean, 1, v, d);
		plays++;
		for (int k = 0; k < CONTEXT_KEYS; k++) {
			if (!s->c.at[k] || s->c.at[k] != ev[i].at[k])
				continue;
			add_vector(f, V_NEAR + k, v);
			in[k]++;
			for (int l = 0; l < CONTEXT_KEYS; l++)
				if (ev[i].at[l])
					met[(size_t)k * p->n_codes + p->first[l] + ev[i].at[l] - 1]++;
		}
	}
	for (int k = 0; k < CONTEXT_KEYS; k++) {
		float *near = s->v + (size_t)(V_NEAR + k) * d, *shift = s->v + (size_t)(V_SHIFT + k) * d;
		size_t code = p->first[k] + s->c.at[k] - 1;
		if (!s->c.at[k] || !p->in[PAST_ALL][code])
			continue;
		memcpy(shift, p->shift + code * d, d * sizeof *shift);
		s->has[V_SHIFT + k] = true;
		if (!(plays > 0))
			continue;
		num_axpy(near, -in[k] / plays, mean, d);
		past_lift(p, near);
		for (size_t j = 0; j < s->n_order; j++) {
			size_t c = s->order[j];
			if (met[(size_t)k * p->n_codes + c] > 0)
				num_axpy(near, -met[(size_t)k * p->n_codes + c], p->shift + c * d, d);
		}
		num_scale(near, 1 / (in[k] + PRIOR_NEAR), d);
		s->has[V_NEAR + k] = true;
	}
	mem_free(mean);
	mem_free(met);
}

static void take_length(struct features_store *s, const struct past_item *it)
{
	uint32_t k = it->kind < 63 ? it->kind : 63;

	if (it->seconds > 0) {
		s->sum_length[k] += (double)log1(it->seconds);
		s->n_length[k]++;
	}
}

/* take_situation - a word that no play has had so far is not known, whether or not one has it later. */
static void take_situation(struct features_store *s, const struct past *p, const struct context *c)
{
	s->c = *c;
	for (int k = 0; k < CONTEXT_KEYS; k++) {
		size_t code = p->first[k] + s->c.at[k] - 1;
		if (s->c.at[k] && (code >= p->any[k] || (context_has_words((enum context_key)k) && !p->in[PAST_ALL][code])))
			s->c.at[k] = 0;
	}
}

static float rate_of(const struct features_store *s, const struct own *o)
{
	return (o->skips + PRIOR_OWN * s->skip_rate) / (o->plays + o->skips + PRIOR_OWN);
}

static float drawn(float in, float any, float to, float prior)
{
	return (in + prior * to) / (any + prior);
}

/* take_bases - what matches are held against. */
static void take_bases(struct features_store *s, const struct past *p)
{
	const uint32_t *all = p->in[PAST_ALL];

	for (int k = 0; k < CONTEXT_KEYS; k++) {
		size_t c = p->first[k] + s->c.at[k] - 1;
		s->base[k] = s->c.at[k] && all[c] ? (float)all[c] / (float)all[p->any[k]] : 0;
		s->own_base[k] = drawn(s->all.in[k], s->all.plays, s->base[k], PRIOR_OWN);
	}
}

/* take_row - the columns of listener and situation. */
static void take_row(struct features_store *s)
{
	float *x = s->row;

	for (size_t c = 0; c < F_FIXED; c++)
		x[c] = NAN;
	x[F_USER_EVENTS] = log1((float)s->n_known);
	x[F_USER_SKIP] = rate_of(s, &s->all);
	x[F_USER_NEW] = s->share_new;
	if (s->last != TIME_NONE && s->c.time != TIME_NONE)
		x[F_USER_GAP] = log1(s->c.time > s->last ? (float)event_age(s->last, s->c.time) : 0);
	x[F_SESSION_N] = s->session_n;
	x[F_SESSION_SKIP] = s->session_skips;
	x[F_HOUR] = s->c.hour;
	x[F_PULSE] = s->c.pulse;
	if (s->c.at[CONTEXT_DAY])
		x[F_DAY] = (float)(s->c.at[CONTEXT_DAY] - 1);
	for (int k = CONTEXT_DEVICE; k <= CONTEXT_INTENT; k++)
		if (s->c.at[k])
			x[F_DEVICE + k - CONTEXT_DEVICE] = (float)(s->c.at[k] - 1);
}

void features_request(struct features *f, uint32_t user, const struct context *c)
{
	struct features_store *s = f->store;
	const struct past *p = f->past;
	const struct past_tally *all = p->tally[PAST_ALL];
	const struct past_user *u = user < p->n_users ? &p->user[user] : NULL;
	size_t n = u ? u->n : 0, first = n > FEATURES_EVENTS ? n - FEATURES_EVENTS : 0, fresh = 0, recent = 0;
	const struct past_event *ev = n ? u->ev + first : NULL;

	if (!++s->stamp)
		s->stamp = 1;
	take_situation(s, p, c);
	s->all = (struct own){ .last = TIME_NONE };
	s->n_known = u ? (size_t)u->n_gone + n : 0;
	s->session_n = s->session_skips = 0;
	s->last = n ? u->ev[n - 1].time : TIME_NONE;
	memset(s->sum_length, 0, sizeof s->sum_length);
	memset(s->n_length, 0, sizeof s->n_length);
	memset(s->has, 0, sizeof s->has);
	s->n_best = 0;
	s->skip_rate = ((float)all->skips + 1) / ((float)all->plays + (float)all->skips + 5);
	s->like_rate = ((float)all->likes + 0.1f) / ((float)all->plays + 5);
	n -= first;
	size_t session = session_start(ev, n, c->time);
	for (size_t i = 0; i < n; i++) {
		const struct past_item *it = &p->item[ev[i].item];
		bool is_session = i >= session, is_play = ev[i].act == SEQS_PLAY;
		struct own *item = own_of(s, PAST_ITEM, ev[i].item);
		if (is_play && i + FEATURES_NEAR >= n) {
			recent++;
			fresh += item->plays == 0;
		}
		count(item, &ev[i], &s->c, is_session);
		count(&s->all, &ev[i], &s->c, is_session);
		s->session_n += is_session;
		s->session_skips += is_session && is_skip(&ev[i]);
		if (it->creator != VOCAB_NONE)
			count(own_of(s, PAST_CREATOR, it->creator), &ev[i], &s->c, is_session);
		if (it->group != VOCAB_NONE) {
			struct own *g = own_of(s, PAST_GROUP, it->group);
			count(g, &ev[i], &s->c, is_session);
			count_group(g, &ev[i], it);
		}
		for (uint32_t t = 0; t < it->n_tags; t++)
			count(own_of(s, PAST_TAG, p->tags[it->tag + t]), &ev[i], &s->c, is_session);
		if (it->kind != VOCAB_NONE)
			count(own_of(s, PAST_KIND, it->kind), &ev[i], &s->c, is_session);
		if (is_play)
			take_length(s, it);
	}
	s->recent = past_recent(all, c->time);
	take_bases(s, p);
	s->share_new = recent ? (float)fresh / (float)recent : NAN;
	if (p->vec) {
		take_vectors(f, ev, n, session);
		take_shifts(f, ev, n);
	}
	take_row(s);
}

/* ---- a row ---- */

/* met - what the listener had of a thing; NULL: nothing. */
static const struct own *met(const struct features_store *s, int k, uint32_t id)
{
	return id != VOCAB_NONE && s->own[k][id].stamp == s->stamp ? &s->own[k][id] : NULL;
}

static float share_of_plays(const struct past *p, uint32_t plays, size_t n)
{
	return fm_logf(((float)plays + 1) / ((float)p->tally[PAST_ALL]->plays + (float)n));
}

static void put_item(const struct features *f, float *x, const struct past_item *it, const struct past_tally *t)
{
	const struct features_store *s = f->store;
	const struct past *p = f->past;
	size_t n = max_size(p->n_met, 1);

	x[F_POP] = share_of_plays(p, t->plays, n);
	x[F_POP_NOW] = fm_logf((past_recent(t, s->c.time) + 0.1f) / (s->recent + 0.1f * (float)n));
	x[F_POP_RISE] = x[F_POP_NOW] - x[F_POP];
	x[F_SKIP_RATE] = ((float)t->skips + PRIOR * s->skip_rate) / ((float)t->plays + (float)t->skips + PRIOR);
	x[F_LIKE_RATE] = ((float)t->likes + PRIOR * s->like_rate) / ((float)t->plays + PRIOR);
	x[F_ITEM_AGE] = days(it->released, s->c.time);
	x[F_ITEM_SEEN] = days(t->first, s->c.time);
	if (it->creator != VOCAB_NONE)
		x[F_CREATOR_POP] = share_of_plays(p, p->tally[PAST_CREATOR][it->creator].plays, p->n[PAST_CREATOR]);
	if (it->kind != VOCAB_NONE)
		x[F_KIND] = (float)it->kind;
	if (it->seconds > 0) {
		uint32_t k = it->kind < 63 ? it->kind : 63;
		x[F_LENGTH] = log1(it->seconds);
		if (s->n_length[k] > 0)
			x[F_LENGTH_FIT] = fabsf(x[F_LENGTH] - (float)(s->sum_length[k] / s->n_length[k]));
	}
}

static void put_own(const struct features *f, float *x, const struct past_item *it, uint32_t i)
{
	const struct features_store *s = f->store;
	const struct past *p = f->past;
	const struct own *o;
	float plays = s->all.plays;

	x[F_OWN_ITEM] = x[F_OWN_CREATOR] = x[F_OWN_GROUP] = x[F_OWN_TAG] = x[F_OWN_KIND] = x[F_OWN_CREATOR_SHARE] = x[F_SESSION_CREATOR] = x[F_SESSION_TAG] = 0;
	if ((o = met(s, PAST_ITEM, i))) {
		x[F_OWN_ITEM] = log1(o->plays);
		x[F_OWN_ITEM_LAST] = days(o->last, s->c.time);
		x[F_OWN_ITEM_SKIP] = rate_of(s, o);
	}
	if ((o = met(s, PAST_CREATOR, it->creator))) {
		x[F_OWN_CREATOR] = log1(o->plays);
		x[F_OWN_CREATOR_LAST] = days(o->last, s->c.time);
		x[F_OWN_CREATOR_SKIP] = rate_of(s, o);
		x[F_OWN_CREATOR_SHARE] = o->plays / (plays + PRIOR_OWN);
		x[F_SESSION_CREATOR] = o->session;
	}
	if ((o = met(s, PAST_GROUP, it->group))) {
		x[F_OWN_GROUP] = log1(o->plays);
		x[F_OWN_GROUP_LAST] = days(o->last, s->c.time);
		if (o->plays > 0) {
			x[F_SERIES_STEP] = (float)it->place - (float)o->place;
			x[F_SERIES_OPEN] = o->open < 240 ? (float)o->open / 250 : NAN;
		}
	}
	float heard = 0, skip = 0, last = NAN, n = 0;
	for (uint32_t t = 0; t < it->n_tags; t++) {
		if (!(o = met(s, PAST_TAG, p->tags[it->tag + t])))
			continue;
		float at = days(o->last, s->c.time);
		heard += o->plays;
		skip += rate_of(s, o);
		x[F_SESSION_TAG] += o->session;
		last = isnan(last) || at < last ? at : last;
		n++;
	}
	if (n > 0) {
		x[F_OWN_TAG] = heard / (plays + PRIOR_OWN) / (float)it->n_tags;
		x[F_OWN_TAG_SKIP] = skip / n;
		x[F_OWN_TAG_LAST] = last;
	}
	if ((o = met(s, PAST_KIND, it->kind)))
		x[F_OWN_KIND] = o->plays / (plays + PRIOR_OWN);
}

/* drawn_in - by the plays of a thing in situation c of those where any of its key is known. */
static float drawn_in(const struct past *p, int thing, uint32_t id, size_t c, size_t any, float to)
{
	const uint32_t *in = p->in[thing] + (size_t)id * p->n_codes;

	return id == VOCAB_NONE ? to : drawn((float)in[c], (float)in[any], to, PRIOR);
}

/* match_of - log of how much likelier an item is in situation c by key k, by all plays. */
static float match_of(const struct features *f, const struct past_item *it, uint32_t i, int k)
{
	const struct features_store *s = f->store;
	const struct past *p = f->past;
	size_t c = p->first[k] + s->c.at[k] - 1, any = p->any[k];
	float sum = 0, share = drawn_in(p, PAST_KIND, it->kind, c, any, s->base[k]);

	for (uint32_t t = 0; t < it->n_tags; t++)
		sum += drawn_in(p, PAST_TAG, p->tags[it->tag + t], c, any, share);
	if (it->n_tags)
		share = sum / (float)it->n_tags;
	share = drawn_in(p, PAST_CREATOR, it->creator, c, any, share);
	share = drawn_in(p, PAST_ITEM, i, c, any, share);
	return fm_logf(share / s->base[k]);
}

/* own_match_of - the same by the listener's own plays. */
static float own_match_of(const struct features *f, const struct past_item *it, int k)
{
	const struct features_store *s = f->store;
	const struct past *p = f->past;
	const struct own *o;
	float share = s->own_base[k], sum = 0;

	if ((o = met(s, PAST_KIND, it->kind)))
		share = drawn(o->in[k], o->plays, share, PRIOR_OWN);
	for (uint32_t t = 0; t < it->n_tags; t++) {
		o = met(s, PAST_TAG, p->tags[it->tag + t]);
		sum += o ? drawn(o->in[k], o->plays, share, PRIOR_OWN) : share;
	}
	if (it->n_tags)
		share = sum / (float)it->n_tags;
	if ((o = met(s, PAST_CREATOR, it->creator)))
		share = drawn(o->in[k], o->plays, share, PRIOR_OWN);
	return fm_logf(share / s->own_base[k]);
}

static void put_vectors(const struct features *f, float *x, uint32_t i)
{
	static const uint8_t to[] = { F_NEAR_LAST, F_NEAR_FIVE, F_NEAR_SESSION, F_NEAR_ALL, F_NEAR_SKIP };
	const struct features_store *s = f->store;
	const struct past *p = f->past;
	float dot[V_ROWS], best = -2, each[BEST_OF];
	const float *v = p->vec + (size_t)i * p->d;

	if (!has_vector(p, i))
		return;
	num_dots(dot, v, s->v, V_ROWS, p->d, p->d);
	for (int r = V_LAST; r <= V_SKIP; r++)
		if (s->has[r])
			x[to[r]] = dot[r];
	for (int k = 0; k < CONTEXT_KEYS; k++) {
		if (s->has[V_SHIFT + k])
			x[F_SHIFT + k] = dot[V_SHIFT + k];
		if (s->has[V_NEAR + k])
			x[F_NEAR + k] = dot[V_NEAR + k];
	}
	num_dots_rows(each, v, p->vec, p->d, s->best, s->n_best, p->d);
	for (size_t j = 0; j < s->n_best; j++)
		best = each[j] > best ? each[j] : best;
	if (s->n_best)
		x[F_NEAR_BEST] = best;
}

static void put_context(const struct features *f, float *x, const struct past_item *it, uint32_t i)
{
	const struct features_store *s = f->store;

	for (int k = 0; k < CONTEXT_KEYS; k++)
		if (s->base[k] > 0) {
			x[F_MATCH + k] = match_of(f, it, i, k);
			x[F_OWN + k] = own_match_of(f, it, k);
		}
	for (int g = 0; g < 4; g++) {
		float sum = 0;
		for (int k = 0; k < CONTEXT_KEYS; k++)
			sum += isnan(x[F_MATCH + g * CONTEXT_KEYS + k]) ? 0 : x[F_MATCH + g * CONTEXT_KEYS + k];
		x[F_MATCH_ALL + g] = sum;
	}
}

void features_row(struct features *f, float *x, uint32_t item, const struct features_source *from, size_t n_from)
{
	static const struct past_item unknown = { .released = TIME_NONE, .creator = VOCAB_NONE, .group = VOCAB_NONE, .kind = VOCAB_NONE };
	static const struct past_tally never = { .first = TIME_NONE, .recent_at = TIME_NONE };
	const struct features_store *s = f->store;
	bool is_known = item != VOCAB_NONE;
	const struct past_item *it = is_known ? &f->past->item[item] : &unknown;

	memcpy(x, s->row, sizeof s->row);
	for (size_t c = F_FIXED; c < f->n; c++)
		x[c] = NAN;
	put_item(f, x, it, is_known ? &f->past->tally[PAST_ITEM][item] : &never);
	put_own(f, x, it, item);
	if (f->past->vec && is_known)
		put_vectors(f, x, item);
	put_context(f, x, it, item);
	for (size_t i = 0; i < n_from; i++) {
		float *y = x + F_FIXED + 3 * (size_t)from[i].source;
		y[0] = from[i].score;
		y[1] = from[i].place;
		y[2] = from[i].scaled;
	}
	for (size_t c = 0; c < f->n; c++)	/* vast vectors */
		x[c] = isinf(x[c]) ? NAN : x[c];
}
