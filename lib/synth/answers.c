#include <math.h>
#include <string.h>

#include "answers.h"
#include "../data/table.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../base/sort.h"

#define TIRED 0.5f		/* what a play of late leaves of a preference */
enum { WEEK = 7 * 86400, LISTS_FIRST_FIELD = 4 };

struct shown { uint32_t user, item, list; float preference; const char *p; };	/* p: as it was written, NULL none */
struct list { size_t first, end; struct situation at; bool has_situation; };
struct heard { uint64_t key; int64_t time; };		/* user << 32 | item */
struct answer { int64_t time; size_t line; float seconds; uint8_t what; };

struct answers {
	const struct world *w;
	struct answers_opts o;
	struct shown *line;
	size_t n_lines, cap_lines;
	struct list *list;
	size_t n_lists, cap_lists;
	struct heard *heard;
	size_t n_heard, cap_heard;
	uint64_t *tired;		/* [n_tired] keys of what was heard of late, in order */
	size_t n_tired;
	double (*mean)[WORLD_DIM];	/* [listeners] with pull: sums over what was heard to its end */
	uint32_t *n_of;			/* [listeners] lists answered, */
	int64_t *last;			/* and the end of the last of them */
	struct answer *ev;
	size_t n_ev, cap_ev;
	uint32_t *order;		/* [n_ev] by time */
	double *examined;		/* [longest list] */
	struct arena texts;
	struct buf context;
};

static uint64_t key_of(uint32_t user, uint32_t item) { return (uint64_t)user << 32 | item; }

/* mix - bits that have nothing to do with those of a neighbour: the last step of a multiply-and-shift hash of 64 bits. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

/* ---- what is read ---- */

static int find(const struct answers *a, struct str user, struct str item, uint32_t *u, uint32_t *i, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	*u = vocab_find(world_users(a->w), user.p, user.len);
	if (*u == VOCAB_NONE)
		return err_set(e, ERR_DATA, "field 1: '%s' is not in this world", err_clip(clip, user.p, user.len));
	*i = vocab_find(world_items(a->w), item.p, item.len);
	if (*i == VOCAB_NONE)
		return err_set(e, ERR_DATA, "field 2: '%s' is not in this world", err_clip(clip, item.p, item.len));
	return 0;
}

static bool starts(struct str s, const char *with, struct str *rest)
{
	size_t n = strlen(with);

	if (s.len < n || memcmp(s.p, with, n))
		return false;
	*rest = (struct str){ s.p + n, s.len - n };
	return true;
}

static int read_field(struct answers *a, struct str f, size_t at, struct shown *l, struct list *s, struct err *e)
{
	char clip[ERR_CLIP_MAX];
	struct str v;
	double p;

	if (starts(f, "p=", &v)) {
		if (!scan_f64(v.p, v.len, &p) || !(p > 0 && p <= 1))
			return err_set(e, ERR_DATA, "field %zu: '%s' is not a probability above 0, at most 1", at + 1, err_clip(clip, f.p, f.len));
		l->p = arena_bytes(&a->texts, v.p, v.len);
	} else if (starts(f, "context=", &v)) {
		s->has_situation = true;
		if (situation_scan(v.p, v.len, false, &s->at, e)) {
			err_prefix(e, "field %zu", at + 1);
			return e->code;
		}
	}
	return 0;
}

static int read_line(struct answers *a, const struct str *f, size_t n, struct err *e)
{
	struct shown l = { 0 };
	struct list s = { .first = a->n_lines, .end = a->n_lines + 1 }, *last = a->n_lists ? &a->list[a->n_lists - 1] : NULL;

	if (n < 2)
		return err_set(e, ERR_DATA, "one field: a user and an item are wanted");
	if (a->n_lines == UINT32_MAX / 2)
		return err_set(e, ERR_DATA, "more lines than are answered at once (%u)", UINT32_MAX / 2);
	if (find(a, f[0], f[1], &l.user, &l.item, e))
		return e->code;
	for (size_t i = LISTS_FIRST_FIELD; i < n; i++)
		if (read_field(a, f[i], i, &l, &s, e))
			return e->code;
	bool is_next = last && a->line[last->first].user == l.user && last->has_situation == s.has_situation && situation_number(last->at) == situation_number(s.at);
	if (is_next) {
		last->end++;
	} else {
		arr_reserve(a->list, a->n_lists + 1, a->cap_lists);
		a->list[a->n_lists++] = s;
	}
	l.list = (uint32_t)(a->n_lists - 1);
	arr_reserve(a->line, a->n_lines + 1, a->cap_lines);
	a->line[a->n_lines++] = l;
	return 0;
}

static int read_lists(struct answers *a, struct tabler *r, struct prov *p, struct buf *inputs, struct err *e)
{
	const struct str *f;
	size_t n;
	int got;

	while ((got = tabler_next(r, &f, &n, e)) == 1)
		if (read_line(a, f, n, e))
			return tabler_at(r, e);
	return got < 0 ? got : tabler_prov(r, p, inputs, e);
}

struct answers *answers_read(const struct world *w, const char *path, const struct answers_opts *o, struct prov *p, struct buf *inputs, struct err *e)
{
	struct answers *a = mem_new(1, sizeof *a);
	struct tabler *r = tabler_open(path, NULL, false, e);
	size_t n = world_users(w)->n;

	a->w = w;
	a->o = *o;
	a->n_of = mem_try0(n + 1, sizeof *a->n_of, "listeners", e);
	a->last = mem_try0(n + 1, sizeof *a->last, "listeners", e);
	if (o->pull > 0)
		a->mean = mem_try0(n + 1, sizeof *a->mean, "places of what was heard", e);
	if (!e->code)
		read_lists(a, r, p, inputs, e);
	tabler_close(r);
	if (!e->code)
		return a;
	answers_free(a);
	return NULL;
}

static void hear(struct answers *a, uint32_t user, uint32_t item, int64_t time)
{
	arr_reserve(a->heard, a->n_heard + 1, a->cap_heard);
	a->heard[a->n_heard++] = (struct heard){ key_of(user, item), time };
}

/* forget - what was heard before. */
static void forget(struct answers *a, int64_t before)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_heard; i++)
		if (a->heard[i].time >= before)
			a->heard[n++] = a->heard[i];
	a->n_heard = n;
}

void answers_heard(struct answers *a, const struct world_event *ev, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ev[i].what != WORLD_PLAY)
			continue;
		if (a->n_heard == a->cap_heard) {
			forget(a, ev[i].time - WEEK);
			if (a->n_heard >= a->cap_heard / 2)	/* so that it is not soon full again */
				arr_reserve(a->heard, a->cap_heard + 1, a->cap_heard);
		}
		hear(a, ev[i].user, ev[i].item, ev[i].time);
	}
}

/* is_late - not earlier than a week before the day of the answers. */
static bool is_late(const struct answers *a, int64_t time) { return time >= world_midnight(a->w, a->o.day) - WEEK; }

static int after(struct answers *a, const struct event *ev, struct err *e)
{
	uint32_t u, i;

	if (find(a, ev->user, ev->item, &u, &i, e))
		return e->code;
	if (ev->time == TIME_NONE)
		return err_set(e, ERR_DATA, "field 3: an answer without a time");
	if (ev->kind.len && !(ev->kind.len == 4 && !memcmp(ev->kind.p, "play", 4)))
		return 0;
	if (is_late(a, ev->time))
		hear(a, u, i, ev->time);
	if (a->mean && !(ev->value < (double)world_seconds(a->w, i) - 1)) {
		const float *v = world_item_place(a->w, i);
		for (int d = 0; d < WORLD_DIM; d++)
			a->mean[u][d] += (double)v[d];
	}
	return 0;
}

int answers_after(struct answers *a, const char *path, struct prov *p, struct buf *inputs, struct err *e)
{
	struct eventr *r = eventr_open(path, false, e);
	struct event ev;

	while (r && eventr_next(r, &ev, e) == 1)
		if (after(a, &ev, e)) {
			eventr_at(r, e);
			break;
		}
	if (r && !e->code)
		eventr_prov(r, p, inputs, e);
	eventr_close(r);
	return e->code;
}

/* ---- answering ---- */

static int sum_tired(struct answers *a, struct err *e)
{
	if (!(a->tired = mem_try(a->n_heard + 1, sizeof *a->tired, "plays of a week", e)))
		return e->code;
	for (size_t i = 0; i < a->n_heard; i++)
		if (is_late(a, a->heard[i].time))
			a->tired[a->n_tired++] = a->heard[i].key;
	return sort_u64(a->tired, NULL, a->n_tired, e);
}

static float freshness(const struct answers *a, uint32_t user, uint32_t item)
{
	uint64_t key = key_of(user, item);
	float f = 1;

	for (size_t n = below_u64(a->tired, a->n_tired, key + 1) - below_u64(a->tired, a->n_tired, key); n && f > 0; n--)
		f *= TIRED;
	return f;
}

static void be_pulled(const struct answers *a, uint32_t user, float p[WORLD_DIM])
{
	double pp = 0, mm = 0;

	if (!a->mean)
		return;
	for (int d = 0; d < WORLD_DIM; d++) {
		pp += (double)p[d] * (double)p[d];
		mm += a->mean[user][d] * a->mean[user][d];
	}
	for (int d = 0; d < WORLD_DIM && mm > 0; d++)
		p[d] += (float)(a->o.pull * (a->mean[user][d] * sqrt(pp / mm) - (double)p[d]));
}

static void put(struct answers *a, size_t line, uint8_t what, float seconds, int64_t time)
{
	arr_reserve(a->ev, a->n_ev + 1, a->cap_ev);
	a->ev[a->n_ev++] = (struct answer){ .time = time, .line = line, .seconds = seconds, .what = what };
}

/* answer_line - one item seen; returns when the next one is. */
static int64_t answer_line(struct answers *a, size_t line, struct pcg32 *r, int64_t now)
{
	const struct shown *l = &a->line[line];
	float seconds = world_seconds(a->w, l->item);
	bool is_played = pcg32_f32(r) < l->preference;

	if (!is_played)
		seconds = world_skip_after(seconds, l->preference, pcg32_f32(r));
	put(a, line, is_played ? WORLD_PLAY : WORLD_SKIP, seconds, now);
	now += (int64_t)seconds + 1;
	if (is_played && world_is_liked(l->preference, pcg32_f32(r)))
		put(a, line, WORLD_LIKE, 0, now - 1);
	return now + 1 + pcg32_bounded(r, 4);
}

static void answer_list(struct answers *a, struct list *s)
{
	const uint32_t user = a->line[s->first].user;
	const uint64_t seed = world_seed(a->w, a->o.day) + 0xbf58476d1ce4e5b9ULL * a->n_of[user]++;
	const uint64_t stream = 3000000019ULL + 3 * (uint64_t)user;
	struct situation drawn;
	struct pcg32 r, look;
	float p[WORLD_DIM];

	pcg32_seed(&r, seed, stream);
	pcg32_seed(&look, seed, stream + 1);
	int64_t now = world_session(a->w, user, a->o.day, &r, &drawn);
	if (now <= a->last[user] && a->n_of[user] > 1)		/* later than meant: the last one took long */
		now = a->last[user] + 300 + pcg32_bounded(&r, 1800);
	if (!s->has_situation)
		s->at = a->o.has_situation ? a->o.situation : drawn;
	world_place(a->w, user, a->o.day, p);
	be_pulled(a, user, p);
	world_move_to(a->w, user, s->at, p);
	bool is_looking = true;
	for (size_t i = s->first; i < s->end; i++) {
		struct shown *l = &a->line[i];
		l->preference = world_like(a->w, p, l->item) * freshness(a, user, l->item);
		if (is_looking) {
			pcg32_seed(&r, mix(seed ^ mix(l->item)), stream + 2);
			now = answer_line(a, i, &r, now);
		}
		is_looking = is_looking && pcg32_f32(&look) < (float)a->o.patience;
	}
	a->last[user] = now;
}

static int sort_events(struct answers *a, struct err *e)
{
	uint64_t *key = mem_try(a->n_ev + 1, sizeof *key, "answers", e);
	int ret = key ? 0 : (int)e->code;

	a->order = mem_try(a->n_ev + 1, sizeof *a->order, "answers", e);
	if (key && a->order) {
		for (size_t i = 0; i < a->n_ev; i++) {
			key[i] = (uint64_t)a->ev[i].time ^ 1ULL << 63;
			a->order[i] = (uint32_t)i;
		}
		ret = sort_u64(key, a->order, a->n_ev, e);
	}
	mem_free(key);
	return e->code ? (int)e->code : ret;
}

static int list_chances(struct answers *a, struct err *e)
{
	size_t longest = 0;
	double x = 1;

	for (size_t i = 0; i < a->n_lists; i++)
		longest = max_size(longest, a->list[i].end - a->list[i].first);
	if (!(a->examined = mem_try(longest + 1, sizeof *a->examined, "places of a list", e)))
		return e->code;
	for (size_t i = 0; i < longest; i++, x *= a->o.patience)
		a->examined[i] = x;
	return 0;
}

int answers_make(struct answers *a, struct err *e)
{
	if (sum_tired(a, e) || list_chances(a, e))
		return e->code;
	for (size_t i = 0; i < a->n_lists; i++)
		answer_list(a, &a->list[i]);
	return sort_events(a, e);
}

size_t answers_n(const struct answers *a) { return a->n_ev; }
size_t answers_n_lines(const struct answers *a) { return a->n_lines; }

void answers_get(struct answers *a, size_t i, struct event *ev)
{
	const struct answer *x = &a->ev[a->order[i]];
	const struct shown *l = &a->line[x->line];
	const struct list *s = &a->list[l->list];
	struct str c = world_context(a->w, s->at);

	buf_reset(&a->context);
	buf_put(&a->context, c.p, c.len);
	buf_printf(&a->context, "%splace_in=%zu", c.len ? ";" : "", x->line - s->first + 1);
	if (l->p)
		buf_printf(&a->context, ";p=%s", l->p);
	*ev = (struct event){ .user = world_users(a->w)->str[l->user], .item = world_items(a->w)->str[l->item], .time = x->time, .kind = world_what[x->what],
			      .value = x->what == WORLD_LIKE ? VALUE_NONE : (double)x->seconds, .context = { a->context.p, a->context.len } };
}

void answers_truth(const struct answers *a, size_t line, struct answer_truth *t)
{
	const struct shown *l = &a->line[line];
	const struct list *s = &a->list[l->list];

	*t = (struct answer_truth){ .user = l->user, .item = l->item, .place = line - s->first + 1, .examined = a->examined[line - s->first], .preference = (double)l->preference,
				    .context = world_context(a->w, s->at) };
}

void answers_free(struct answers *a)
{
	if (!a)
		return;
	mem_free(a->line);
	mem_free(a->list);
	mem_free(a->heard);
	mem_free(a->tired);
	mem_free(a->mean);
	mem_free(a->n_of);
	mem_free(a->last);
	mem_free(a->ev);
	mem_free(a->order);
	mem_free(a->examined);
	arena_release(&a->texts);
	buf_release(&a->context);
	mem_free(a);
}
