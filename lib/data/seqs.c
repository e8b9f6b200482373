#include <string.h>

#include "seqs.h"
#include "../base/mem.h"
#include "../base/pieces.h"
#include "../base/sort.h"

enum { CHUNK = 1 << 16 };	/* events of users that are put in order together */

/* What a code of the file is here, found when an event with it is first kept. */
struct memo { uint16_t *to; size_t n, cap; };
enum { NOT_YET = UINT16_MAX };

struct seqs_make {
	struct seqs *s;
	struct seqs_opts o;
	uint32_t *user;			/* [s->n] */
	size_t cap;			/* of it and of the arrays of s */
};

enum seqs_act seqs_act_of(struct str kind)
{
	static const struct { const char *name; enum seqs_act act; } known[] = {
		{ "skip", SEQS_SKIP }, { "like", SEQS_LIKE }, { "love", SEQS_LIKE }, { "save", SEQS_LIKE }, { "follow", SEQS_LIKE }, { "dislike", SEQS_DISLIKE }, { "ban", SEQS_DISLIKE },
		{ "hate", SEQS_DISLIKE }, { "unlike", SEQS_NOTHING },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(kind, known[i].name))
			return known[i].act;
	return SEQS_PLAY;
}

bool seqs_is_against(struct str kind)
{
	enum seqs_act act = seqs_act_of(kind);

	return act == SEQS_SKIP || act == SEQS_DISLIKE;
}

double seqs_wanted(const struct event *ev, void *ctx)
{
	(void)ctx;
	return seqs_is_against(ev->kind) ? 0x1p-100 : 1;
}

/* flags_of - what goes with the act of a kind: SEQS_PLAYS, or nothing. */
static unsigned flags_of(const struct seqs_make *m, struct str kind)
{
	return m->o.has_values && str_is(kind, "plays") ? SEQS_PLAYS : 0;
}

static uint8_t device_of(struct seqs_make *m, struct str context)
{
	struct vocab *v = &m->s->device;
	struct str d;

	if (!pieces_value(context, "device", &d) || !d.len)
		return 0;
	uint32_t i = m->o.keep_devices || v->n == SEQS_DEVICES_MAX ? vocab_find(v, d.p, d.len) : vocab_add(v, d.p, d.len);
	return i < SEQS_DEVICES_MAX ? (uint8_t)(i + 1) : 0;
}

/* ---- reading ---- */

static void grow(struct seqs_make *m)
{
	struct seqs *s = m->s;

	m->cap = m->cap ? 2 * m->cap : 1024;
	m->user = mem_grow(m->user, m->cap, sizeof *m->user);
	s->what = mem_grow(s->what, m->cap, sizeof *s->what);
	s->act = mem_grow(s->act, m->cap, sizeof *s->act);
	s->time = mem_grow(s->time, m->cap, sizeof *s->time);
	if (m->o.has_devices)
		s->device_of = mem_grow(s->device_of, m->cap, sizeof *s->device_of);
	if (m->o.has_values)
		s->value_of = mem_grow(s->value_of, m->cap, sizeof *s->value_of);
}

/* counts - is the event to be kept? It is counted in any case. */
static inline bool counts(struct seqs_make *m, uint32_t u, uint32_t i, double w)
{
	m->s->n_events++;
	if (u == VOCAB_NONE || i == VOCAB_NONE) {
		m->s->n_unknown++;
		return false;
	}
	return w > 0 || m->o.keep_weightless;
}

static inline void put(struct seqs_make *m, uint32_t u, uint32_t i, double w, int64_t time, unsigned act, uint8_t device, double value)
{
	struct seqs *s = m->s;

	if (s->n == m->cap)
		grow(m);
	m->user[s->n] = u;
	s->what[s->n] = i;
	s->act[s->n] = (uint8_t)(act | (w > 0 ? 0 : SEQS_WEIGHTLESS));
	s->time[s->n] = time;
	s->newest = time > s->newest ? time : s->newest;
	if (s->device_of)
		s->device_of[s->n] = device;
	if (s->value_of)
		s->value_of[s->n] = (float)value;
	s->n++;
}

struct seqs_make *seqs_begin(struct seqs *s, const struct seqs_opts *o)
{
	struct seqs_make *m = mem_new(1, sizeof *m);

	*m = (struct seqs_make){ .s = s, .o = *o };
	s->newest = TIME_NONE;
	grow(m);
	return m;
}

void seqs_put(struct seqs_make *m, uint32_t user, uint32_t item, double weight, const struct event *ev)
{
	enum seqs_act act = seqs_act_of(ev->kind);

	if (counts(m, user, item, weight) && act != SEQS_NOTHING)
		put(m, user, item, weight, ev->time, act | flags_of(m, ev->kind), m->o.has_devices ? device_of(m, ev->context) : 0, ev->value);
}

void seqs_add(struct seqs_make *m, const struct event *ev)
{
	uint32_t u = vocab_number(&m->s->user, ev->user, m->o.keep_users), i = vocab_number(&m->s->item, ev->item, m->o.keep_items);

	seqs_put(m, u, i, m->o.weight ? m->o.weight(ev, m->o.ctx) : 1, ev);
}

static void tell(const struct seqs_make *m, const struct eventr *r)
{
	uint64_t total, done = eventr_bytes(r, &total);

	m->o.progress(m->o.progress_ctx, done, total);
}

static int load_text(struct seqs_make *m, struct eventr *r, struct err *e)
{
	struct event ev;
	int got;

	while ((got = eventr_next(r, &ev, e)) == 1) {
		if (m->o.time_for && eventr_time(r, ev.time, m->o.time_for, e))
			return ERR_DATA;
		seqs_add(m, &ev);
		if (m->o.progress && !(m->s->n_events & 4095))
			tell(m, r);
	}
	return got;
}

/* memo_of - of a code that is 0 where the field is missing. */
static uint16_t *memo_of(struct memo *k, uint32_t code)
{
	if (code >= k->n) {
		arr_reserve(k->to, (size_t)code + 1, k->cap);
		for (; k->n <= code; k->n++)
			k->to[k->n] = NOT_YET;
	}
	return &k->to[code];
}

struct coded { struct vocab_remap user, item; struct memo act, device; };

static void take_block(struct seqs_make *m, struct coded *c, const struct event_block *b)
{
	struct event ev;

	if (b->is_new_stream)
		c->user.n = c->item.n = c->act.n = c->device.n = 0;
	vocab_follow(&c->user, b->users, b->n_users, &m->s->user, m->o.keep_users);
	vocab_follow(&c->item, b->items, b->n_items, &m->s->item, m->o.keep_items);
	for (size_t i = 0; i < b->n; i++) {
		uint32_t u = c->user.to[b->user[i]], it = c->item.to[b->item[i]];
		uint16_t *act = memo_of(&c->act, b->kind[i]), *device = m->o.has_devices ? memo_of(&c->device, b->context[i]) : NULL;
		double w = 1;
		if (m->o.weight) {
			event_block_get(b, i, &ev);
			w = m->o.weight(&ev, m->o.ctx);
		}
		if (!counts(m, u, it, w))
			continue;
		if (*act == NOT_YET)
			*act = b->kind[i] ? (uint16_t)(seqs_act_of(b->kinds[b->kind[i] - 1]) | flags_of(m, b->kinds[b->kind[i] - 1])) : SEQS_PLAY;
		if (*act == SEQS_NOTHING)
			continue;
		if (device && *device == NOT_YET)
			*device = b->context[i] ? device_of(m, b->contexts[b->context[i] - 1]) : 0;
		put(m, u, it, w, b->time[i], *act, device ? (uint8_t)*device : 0, b->value[i]);
	}
}

static int load_binary(struct seqs_make *m, struct eventr *r, struct err *e)
{
	struct coded c = { .user = { 0 } };
	struct event_block b;
	int got;

	while ((got = eventr_block(r, &b, e)) == 1) {
		for (size_t i = 0; m->o.time_for && i < b.n && got > 0; i++)
			if (eventr_time(r, b.time[i], m->o.time_for, e))
				got = ERR_DATA;
		if (got < 0)
			break;
		take_block(m, &c, &b);
		if (m->o.progress)
			tell(m, r);
	}
	mem_free(c.user.to);
	mem_free(c.item.to);
	mem_free(c.act.to);
	mem_free(c.device.to);
	return got;
}

/* ---- by user: a counting sort, one array after the other ---- */

/* count_users - start[u + 1] from the users; whether they stand together in order of their numbers already, so that nothing has to move. */
static bool count_users(const struct seqs_make *m, size_t n_users)
{
	const struct seqs *s = m->s;
	bool is_grouped = true;

	for (size_t i = 0; i < s->n; i++) {
		s->start[m->user[i] + 1]++;
		is_grouped &= !i || m->user[i] >= m->user[i - 1];
	}
	for (size_t u = 0; u < n_users; u++)
		s->start[u + 1] += s->start[u];
	return is_grouped;
}

/* deal - *a [n] of size bytes each into place; next [users] is scratch. */
static int deal(const struct seqs_make *m, void *a, size_t size, size_t *next, size_t n_users, struct err *e)
{
	const uint32_t *user = m->user;
	size_t n = m->s->n;
	void *from, *to = mem_try(n, size, "events by user", e);

	if (!to)
		return ERR_MEM;
	memcpy(&from, a, sizeof from);
	memcpy(next, m->s->start, n_users * sizeof *next);
	for (size_t i = 0; i < n; i++) {
		size_t j = next[user[i]]++;
		if (size == 1)
			((uint8_t *)to)[j] = ((const uint8_t *)from)[i];
		else if (size == 4)
			memcpy((char *)to + 4 * j, (const char *)from + 4 * i, 4);
		else
			((int64_t *)to)[j] = ((const int64_t *)from)[i];
	}
	mem_free(from);
	memcpy(a, &to, sizeof to);
	return 0;
}

static int group(struct seqs_make *m, size_t n_users, struct err *e)
{
	struct seqs *s = m->s;

	if (s->n > UINT32_MAX)
		return err_set(e, ERR_DATA, "%zu events: sequences take at most 4294967295", s->n);
	if (!(s->start = mem_try0(n_users + 1, sizeof *s->start, "where sequences start", e)))
		return ERR_MEM;
	if (count_users(m, n_users))
		return 0;
	size_t *next = mem_try(n_users, sizeof *next, "where sequences start", e);
	int ret = next ? 0 : ERR_MEM;
	if (!ret)
		ret = deal(m, &s->what, sizeof *s->what, next, n_users, e);
	if (!ret)
		ret = deal(m, &s->act, sizeof *s->act, next, n_users, e);
	if (!ret && s->device_of)
		ret = deal(m, &s->device_of, sizeof *s->device_of, next, n_users, e);
	if (!ret && s->value_of)
		ret = deal(m, &s->value_of, sizeof *s->value_of, next, n_users, e);
	if (!ret)
		ret = deal(m, &s->time, sizeof *s->time, next, n_users, e);
	mem_free(next);
	return ret;
}

/* ---- by time, within a user ---- */

struct scratch { uint64_t *key[2]; uint32_t *at[2]; size_t n; struct err err; };
struct timing { struct seqs *s; size_t *chunk; struct scratch *scratch; };	/* chunk [chunks + 1]: first users */

static bool is_in_time(const int64_t *time, size_t n)
{
	int64_t last = TIME_NONE;	/* the smallest */

	for (size_t i = 0; i < n; i++) {
		if (time[i] == TIME_NONE)
			continue;
		if (time[i] < last)
			return false;
		last = time[i];
	}
	return true;
}

static void scratch_release(struct scratch *k)
{
	for (int i = 0; i < 2; i++) {
		mem_free(k->key[i]);
		mem_free(k->at[i]);
	}
	*k = (struct scratch){ .err = k->err };
}

static bool has_room(struct scratch *k, size_t n)
{
	if (n <= k->n)
		return true;
	scratch_release(k);
	for (int i = 0; i < 2; i++) {
		k->key[i] = mem_try(n, sizeof *k->key[i], "a user's events by time", &k->err);
		k->at[i] = mem_try(n, sizeof *k->at[i], "a user's events by time", &k->err);
	}
	k->n = k->err.code ? 0 : n;
	return k->n;
}

/* sort_user - the n events from `from` on; where there is no time, by the one before. */
static void sort_user(struct seqs *s, size_t from, size_t n, struct scratch *k)
{
	int64_t last = TIME_NONE;

	for (size_t i = 0; i < n; i++) {
		last = s->time[from + i] == TIME_NONE ? last : s->time[from + i];
		k->key[0][i] = (uint64_t)last ^ UINT64_C(1) << 63;
		k->at[0][i] = (uint32_t)i;
	}
	sort_u64_in(k->key[0], k->at[0], k->key[1], k->at[1], n);
	const uint32_t *at = k->at[0];
	void *tmp = k->key[0];
	for (size_t i = 0; i < n; i++)
		((int64_t *)tmp)[i] = s->time[from + at[i]];
	memcpy(s->time + from, tmp, n * sizeof *s->time);
	for (size_t i = 0; i < n; i++)
		((uint32_t *)tmp)[i] = s->what[from + at[i]];
	memcpy(s->what + from, tmp, n * sizeof *s->what);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)tmp)[i] = s->act[from + at[i]];
	memcpy(s->act + from, tmp, n);
	if (s->value_of) {
		for (size_t i = 0; i < n; i++)
			((float *)tmp)[i] = s->value_of[from + at[i]];
		memcpy(s->value_of + from, tmp, n * sizeof *s->value_of);
	}
	if (!s->device_of)
		return;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)tmp)[i] = s->device_of[from + at[i]];
	memcpy(s->device_of + from, tmp, n);
}

static void sort_chunk(void *ctx, size_t c, int worker)
{
	struct timing *t = ctx;
	struct seqs *s = t->s;
	struct scratch *k = &t->scratch[worker];

	for (size_t u = t->chunk[c]; u < t->chunk[c + 1]; u++) {
		size_t from = s->start[u], n = s->start[u + 1] - from;
		if (!is_in_time(s->time + from, n) && has_room(k, n))
			sort_user(s, from, n, k);
	}
}

static int by_time(struct seqs *s, size_t n_users, struct par *pool, struct err *e)
{
	struct timing t = { .s = s };
	size_t n_chunks = 0;

	if (!(t.chunk = mem_try(s->n / CHUNK + 2, sizeof *t.chunk, "sequences", e)))
		return ERR_MEM;
	for (size_t u = 0, next = 0; u < n_users; u++)
		if (s->start[u] >= next && s->start[u + 1] > s->start[u]) {
			t.chunk[n_chunks++] = u;
			next = s->start[u] + CHUNK;
		}
	t.chunk[n_chunks] = n_users;
	t.scratch = mem_new((size_t)par_threads(pool), sizeof *t.scratch);
	par_for(pool, n_chunks, sort_chunk, &t);
	for (int i = 0; i < par_threads(pool); i++) {
		if (t.scratch[i].err.code)
			err_set(e, t.scratch[i].err.code, "%s", t.scratch[i].err.msg);
		scratch_release(&t.scratch[i]);
	}
	mem_free(t.scratch);
	mem_free(t.chunk);
	return e->code;
}

int seqs_end(struct seqs_make *m, struct err *e)
{
	struct seqs *s = m->s;
	int ret = e->code;

	if (s->n_users < s->user.n)
		s->n_users = s->user.n;
	if (!ret)
		ret = group(m, s->n_users, e);
	if (!ret)
		ret = by_time(s, s->n_users, m->o.pool, e);
	mem_free(m->user);
	mem_free(m);
	if (ret)
		seqs_release(s);
	return ret;
}

int seqs_load(struct seqs *s, const char *const *path, size_t n, const struct seqs_opts *o, struct prov *p, struct buf *inputs, struct err *e)
{
	static const char *const from_stdin[] = { "-" };
	struct seqs_make *m = seqs_begin(s, o);
	int got = 0;

	if (!n) {
		path = from_stdin;
		n = 1;
	}
	for (size_t i = 0; i < n && !got; i++) {
		struct eventr *r = eventr_open(path[i], o->has_header, e);
		if (!r)
			break;
		got = eventr_is_binary(r) ? load_binary(m, r, e) : load_text(m, r, e);
		if (!got)
			got = eventr_prov(r, p, inputs, e);
		eventr_close(r);
	}
	return seqs_end(m, e);
}

void seqs_release(struct seqs *s)
{
	vocab_release(&s->user);
	vocab_release(&s->item);
	vocab_release(&s->device);
	mem_free(s->start);
	mem_free(s->what);
	mem_free(s->act);
	mem_free(s->time);
	mem_free(s->device_of);
	mem_free(s->value_of);
	*s = (struct seqs){ 0 };
}

static int make_room(struct seqs *s, size_t n, bool has_devices, struct err *e)
{
	s->what = mem_try(n, sizeof *s->what, "items of sequences", e);
	s->act = mem_try(n, sizeof *s->act, "acts of sequences", e);
	s->time = mem_try(n, sizeof *s->time, "times of sequences", e);
	if (has_devices)
		s->device_of = mem_try(n, sizeof *s->device_of, "devices of sequences", e);
	return e->code;
}

int seqs_rows(struct seqs *out, const struct seqs *s, const uint32_t *row, size_t first, size_t n, struct err *e)
{
	size_t n_events = 0, to = 0;

	*out = (struct seqs){ .n_users = n };
	if (!(out->start = mem_try(n + 1, sizeof *out->start, "where sequences start", e)))
		return ERR_MEM;
	for (size_t k = 0; k < n; k++) {
		size_t u = row ? row[k] : first + k;
		n_events += u == VOCAB_NONE ? 0 : s->start[u + 1] - s->start[u];
	}
	if (make_room(out, n_events, s->device_of != NULL, e)) {
		seqs_release(out);
		return ERR_MEM;
	}
	for (size_t k = 0; k < n; k++) {
		size_t u = row ? row[k] : first + k, from = u == VOCAB_NONE ? 0 : s->start[u], len = u == VOCAB_NONE ? 0 : s->start[u + 1] - from;
		out->start[k] = to;
		if (!len)
			continue;
		memcpy(out->what + to, s->what + from, len * sizeof *out->what);
		memcpy(out->act + to, s->act + from, len * sizeof *out->act);
		memcpy(out->time + to, s->time + from, len * sizeof *out->time);
		if (s->device_of)
			memcpy(out->device_of + to, s->device_of + from, len);
		to += len;
	}
	out->start[n] = out->n = to;
	for (size_t i = 0; i < s->device.n; i++)
		vocab_add(&out->device, s->device.str[i].p, s->device.str[i].len);
	return 0;
}

/* ---- sessions ---- */

/* cut - where sessions start; start NULL: only how many there are. */
static size_t cut(const struct seqs *s, int64_t gap, size_t *start)
{
	size_t k = 0;

	for (size_t u = 0; u < s->n_users; u++) {
		int64_t last = TIME_NONE;
		for (size_t i = s->start[u]; i < s->start[u + 1]; i++) {
			int64_t t = s->time[i];
			if (i == s->start[u] || (gap > 0 && t != TIME_NONE && last != TIME_NONE && event_age(last, t) > gap)) {
				if (start)
					start[k] = i;
				k++;
			}
			last = t == TIME_NONE ? last : t;
		}
	}
	if (start)
		start[k] = s->n;
	return k;
}

int seqs_cut(const struct seqs *s, int64_t gap, size_t **start, size_t *n_sessions, struct err *e)
{
	*n_sessions = cut(s, gap, NULL);
	if (!(*start = mem_try(*n_sessions + 1, sizeof **start, "where sessions start", e)))
		return ERR_MEM;
	cut(s, gap, *start);
	return 0;
}
