/* features: every column beside the definition in features.h, worked out anew from the raw events and in double, over random logs with missing times, skips, likes, counts, tags, groups and contexts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/num/num.h"
#include "../lib/rank/features.h"
#include "mem-path.h"

enum { USERS = 6, ITEMS = 40, LISTED = 34, WITH_VECTOR = 36, LONG = 2300, EVENTS = LONG + 700, D = 5, TAGS = 6, KEYS = CONTEXT_KEYS, CODES = 64, QUERIES = 40 };

/* ---- the world, as the test knows it ---- */

struct raw { int64_t time; unsigned user, item, times, arrival; enum seqs_act act; double heard; int at[KEYS]; char kind[8], context[96]; double value; };
struct thing { int kind, creator, group, tag[4], n_tags; unsigned place; double seconds; int64_t released; bool is_listed; double v[D]; bool has_v; };

static struct raw log_[EVENTS];
static struct thing thing[ITEMS];
static double lift[D][D];		/* S */
static struct pcg32 rng;

static unsigned any(unsigned n)
{
	return pcg32_bounded(&rng, n);
}

static const char *const word[4][4] = { { "phone", "tv", "car", "watch" }, { "home", "work", "road", "gym" }, { "calm", "wild", "sad", "gay" }, { "wake", "run", "sleep", "read" } };
static const char *const kind_name[3] = { "music", "podcast", "audiobook" };

/* situation - random; the text says it, at and hour what follows from it and the time. */
static void situation(char *text, int at[KEYS], int64_t time, double *hour, double *pulse)
{
	static const char *const day[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	char *p = text;

	*p = '\0';
	*hour = *pulse = NAN;
	memset(at, 0, KEYS * sizeof *at);
	if (time != TIME_NONE) {
		struct tm tm;
		time_t t = (time_t)time;
		gmtime_r(&t, &tm);
		*hour = tm.tm_hour + tm.tm_min / 60.0 + tm.tm_sec / 3600.0;
		at[CONTEXT_DAY] = 1 + (tm.tm_wday + 6) % 7;
	}
	for (int k = 0; k < 4; k++)
		if (any(3)) {
			int w = (int)any(k == 3 ? 2 : 4);
			at[CONTEXT_DEVICE + k] = 1 + w;
			p += sprintf(p, "%s=%s%c", context_name(CONTEXT_DEVICE + k), word[k][w], any(2) ? ';' : ',');
		}
	if (!any(3)) {
		*pulse = 60 + any(120);
		at[CONTEXT_PULSE] = *pulse < 90 ? 1 : *pulse < 120 ? 2 : *pulse < 150 ? 3 : 4;
		p += sprintf(p, "heart_rate=%g;", *pulse);
	}
	if (!any(4)) {
		*hour = any(96) / 4.0;
		p += sprintf(p, "hour=%g;", *hour);
	}
	if (!any(4)) {
		at[CONTEXT_DAY] = 1 + (int)any(7);
		p += sprintf(p, "day=%s;", day[at[CONTEXT_DAY] - 1]);
	}
	if (!any(4))
		sprintf(p, "shuffle=1;mood");
	at[CONTEXT_HOUR] = isnan(*hour) ? 0 : 1 + (int)(*hour / 3);
}

static void make_things(struct buf *catalogue, struct buf *vectors)
{
	static const struct { const char *text; int64_t at; } released[] = { { "2019", 1546300800 }, { "2020-05", 1588291200 }, { "2021-03-04", 1614816000 }, { "", TIME_NONE }, { "soon", TIME_NONE },
		{ "1614816000", TIME_NONE } };
	static const double seconds[] = { 0, 180, 240.5, 3600 };
	for (int i = 0; i < ITEMS; i++) {
		struct thing *t = &thing[i];
		*t = (struct thing){ .kind = -1, .creator = -1, .group = -1, .released = TIME_NONE, .is_listed = i < LISTED };
		if (i < LISTED) {
			unsigned r = any(6), creator = any(6), group = any(4);
			t->kind = (int)any(4) - 1;
			t->creator = (int)creator - 1;
			t->group = group ? ((t->kind + 1) * 8 + (int)creator) * 8 + (int)group : -1;
			t->seconds = seconds[any(4)];
			t->released = released[r].at;
			buf_printf(catalogue, "i%02d\t%s\tT\t", i, t->kind < 0 ? "" : kind_name[t->kind]);
			if (creator)
				buf_printf(catalogue, "c%u", creator);
			buf_putc(catalogue, '\t');
			if (group)
				buf_printf(catalogue, "g%u", group);
			buf_printf(catalogue, "\t%s\t", released[r].text);
			if (t->seconds > 0)
				buf_printf(catalogue, "%g", t->seconds);
			buf_putc(catalogue, '\t');
			for (int j = (int)any(5); j > 0; j--) {
				int tag = (int)any(TAGS), k = 0;
				buf_printf(catalogue, ";t%d;", tag);
				while (k < t->n_tags && t->tag[k] != tag)
					k++;
				t->tag[k] = tag;	/* of equal ones one counts */
				t->n_tags += k == t->n_tags;
			}
			buf_putc(catalogue, '\n');
		}
		if (i >= WITH_VECTOR)
			continue;
		double norm = 0, x[D];
		buf_printf(vectors, "i%02d", i);
		for (int k = 0; k < D; k++) {
			x[k] = i == 3 ? 0 : ((int)any(400) - 150) / 16.0;
			norm += x[k] * x[k];
			buf_printf(vectors, "\t%g", x[k]);
		}
		buf_putc(vectors, '\n');
		t->has_v = norm > 0;
		for (int k = 0; k < D && t->has_v; k++)
			t->v[k] = x[k] / sqrt(norm);
	}
	for (int i = 0; i < LISTED; i++)		/* by date, what has none last; by the catalogue */
		for (int j = 0; j < LISTED && thing[i].group >= 0; j++) {
			int64_t a = thing[j].released, b = thing[i].released;
			bool is_before = a == b ? j < i : a != TIME_NONE && (b == TIME_NONE || a < b);
			thing[i].place += thing[j].group == thing[i].group && is_before;
		}
}

static void make_log(void)
{
	static const struct { const char *kind; enum seqs_act act; } kinds[] = { { "play", SEQS_PLAY }, { "", SEQS_PLAY }, { "play", SEQS_PLAY }, { "skip", SEQS_SKIP }, { "like", SEQS_LIKE },
										  { "dislike", SEQS_DISLIKE }, { "plays", SEQS_PLAY }, { "rate", SEQS_PLAY } };
	static const int step[] = { 0, 0, 60, 600, 1800, 1801, 5000, 90000 };
	int64_t t[USERS];

	for (int u = 0; u < USERS; u++)
		t[u] = 1700000000 + any(86400);
	for (unsigned i = 0; i < EVENTS; i++) {
		struct raw *r = &log_[i];
		unsigned k = any(8), u = i < LONG ? 0 : 1 + any(USERS - 1);
		double hour, pulse;
		t[u] += step[any(i < LONG ? 5 : 8)];
		*r = (struct raw){ .time = any(12) ? t[u] : TIME_NONE, .user = u, .item = any(1 + any(ITEMS)), .times = 1, .act = kinds[k].act, .heard = NAN, .value = NAN };
		strcpy(r->kind, kinds[k].kind);
		situation(r->context, r->at, r->time, &hour, &pulse);
		if (k == 6) {
			r->value = any(3) ? 1 + any(4) + any(2) * 0.6 : NAN;
			r->times = isnan(r->value) ? 1 : (unsigned)(r->value + 0.5);
		} else if (any(3)) {
			r->value = any(400);
			if (thing[r->item].seconds > 0 && k != 7)
				r->heard = r->value >= thing[r->item].seconds ? 1 : floor(250 * r->value / thing[r->item].seconds) / 250;
		}
	}
	for (unsigned i = EVENTS - 1; i; i--) {		/* in any order */
		unsigned j = any(i + 1);
		struct raw x = log_[i];
		log_[i] = log_[j];
		log_[j] = x;
	}
	for (unsigned i = 0; i < EVENTS; i++)
		log_[i].arrival = i;
}

static struct past *make_past(const struct buf *catalogue, const struct buf *vectors)
{
	struct past *p = past_new();
	struct items it = { 0 };
	struct vecs v;
	struct err e = { 0 };
	char user[8], item[8];

	assert_int_equal(items_load(&it, mem_path(catalogue->p, catalogue->len, MEM_MAPPED), false, NULL, NULL, &e), 0);
	assert_int_equal(past_items(p, &it, &e), 0);
	items_release(&it);
	for (unsigned i = 0; i < EVENTS; i++) {
		const struct raw *r = &log_[i];
		past_event(p, &(struct event){ .user = { user, (size_t)sprintf(user, "u%u", r->user) }, .item = { item, (size_t)sprintf(item, "i%02u", r->item) }, .time = r->time,
					       .kind = { r->kind, strlen(r->kind) }, .value = r->value, .context = { r->context, strlen(r->context) } });
		if (!(i % 9))		/* what is taken back is nothing */
			past_event(p, &(struct event){ .user = { user, strlen(user) }, .item = { item, strlen(item) }, .time = r->time, .kind = { "unlike", 6 }, .value = NAN });
	}
	assert_int_equal(vecs_load(&v, mem_path(vectors->p, vectors->len, MEM_MAPPED), NULL, NULL, &e), 0);
	assert_int_equal(past_vectors(p, &v, &e), 0);
	vecs_release(&v);
	assert_int_equal(past_ready(p, &e), 0);
	return p;
}

/* ---- the definitions ---- */

static const struct raw *known[EVENTS], *own[EVENTS];	/* of all, and the listener's last FEATURES_EVENTS */
static unsigned n_known, n_own, n_of_user;
static int64_t now;
static int here[KEYS];			/* the situation, as far as it is known */
static const struct features *F;
static double want[128];
static bool is_told[128];

static int by_time(const void *a, const void *b)
{
	const struct raw *x = *(const struct raw *const *)a, *y = *(const struct raw *const *)b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	return x->arrival < y->arrival ? -1 : 1;
}

static void know(unsigned user, int64_t t)
{
	now = t;
	n_known = n_own = n_of_user = 0;
	for (unsigned i = 0; i < EVENTS; i++)
		if (log_[i].time == TIME_NONE || t == TIME_NONE || log_[i].time < t)
			known[n_known++] = &log_[i];
	qsort(known, n_known, sizeof *known, by_time);
	for (unsigned i = 0; i < n_known; i++)
		n_of_user += known[i]->user == user;
	unsigned seen = 0;
	for (unsigned i = 0; i < n_known; i++)
		if (known[i]->user == user && ++seen + FEATURES_EVENTS > n_of_user)
			own[n_own++] = known[i];
}

static void say(const char *name, double x)
{
	struct buf b = { 0 };

	for (size_t c = 0; c < F->n; c++) {
		buf_reset(&b);
		features_name(F, c, &b);
		if (b.len != strlen(name) || memcmp(b.p, name, b.len))
			continue;
		assert_false(is_told[c]);
		is_told[c] = true;
		want[c] = x;
		buf_release(&b);
		return;
	}
	fail_msg("no column %s", name);
}

static void say_key(const char *what, int k, double x)
{
	char name[32];

	sprintf(name, "%s.%s", what, context_name((enum context_key)k));
	say(name, x);
}

static double days(int64_t t)
{
	return t == TIME_NONE || now == TIME_NONE ? NAN : t > now ? 0 : log1p((double)(now - t) / 86400);
}

/* Is event r of the thing: item, creator, group, tag, kind, anything? */
enum { OF_ITEM, OF_CREATOR, OF_GROUP, OF_TAG, OF_KIND, OF_ALL };

static int is_of(const struct raw *r, int what, int id)
{
	const struct thing *t = &thing[r->item];
	int n = 0;

	for (int j = 0; j < t->n_tags && what == OF_TAG; j++)
		n += t->tag[j] == id;
	return what == OF_TAG ? n : what == OF_ALL ? 1 : id < 0 ? 0 : id == (what == OF_ITEM ? (int)r->item : what == OF_CREATOR ? t->creator : what == OF_GROUP ? t->group : t->kind);
}

struct sums { double plays, skips, likes, recent, in[KEYS], known[KEYS], session; int64_t first, last; unsigned n; };

static struct sums sum(const struct raw *const *ev, unsigned n, int what, int id, unsigned session)
{
	struct sums s = { .first = TIME_NONE, .last = TIME_NONE };
	int64_t latest = TIME_NONE;

	for (unsigned i = 0; i < n; i++)
		for (int j = is_of(ev[i], what, id); j > 0; j--) {
			const struct raw *r = ev[i];
			s.n++;
			s.last = r->time;
			if (s.first == TIME_NONE)
				s.first = r->time;
			s.skips += r->act == SEQS_SKIP || r->act == SEQS_DISLIKE;
			s.likes += r->act == SEQS_LIKE;
			if (r->act != SEQS_PLAY)
				continue;
			s.plays += r->times;
			s.session += i >= session;
			if (r->time != TIME_NONE)
				latest = r->time;
			for (int k = 0; k < KEYS; k++) {
				s.known[k] += r->at[k] ? r->times : 0;
				s.in[k] += here[k] && r->at[k] == here[k] ? r->times : 0;
			}
		}
	for (unsigned i = 0; i < n; i++)
		if (ev[i]->act == SEQS_PLAY && ev[i]->time != TIME_NONE && is_of(ev[i], what, id))
			s.recent += is_of(ev[i], what, id) * (double)ev[i]->times * exp2(-(double)((now == TIME_NONE ? latest : now) - ev[i]->time) / PAST_FADE);
	return s;
}

static double drawn(double in, double n, double to, double prior)
{
	return (in + prior * to) / (n + prior);
}

/* solve - x = A^-1 x, [n x n] and [n x columns]. */
static void solve(double *a, double *x, int n, int columns)
{
	for (int i = 0; i < n; i++)
		for (int r = 0; r < n; r++) {
			if (r == i)
				continue;
			double f = a[r * n + i] / a[i * n + i];
			for (int c = 0; c < n; c++)
				a[r * n + c] -= f * a[i * n + c];
			for (int c = 0; c < columns; c++)
				x[r * columns + c] -= f * x[i * columns + c];
		}
	for (int i = 0; i < n; i++)
		for (int c = 0; c < columns; c++)
			x[i * columns + c] /= a[i * n + i];
}

static double lifted(const double *x, const double *v)
{
	double a[D * D], y[D], dot = 0;

	memcpy(a, lift, sizeof a);
	memcpy(y, x, sizeof y);
	solve(a, y, D, 1);
	for (int k = 0; k < D; k++)
		dot += y[k] * v[k];
	return dot;
}

static int code_of(int key, int at)
{
	return key * 9 + at - 1;
}

/* make_lift - S of the first n plays, which have this mean. */
static void make_lift(const double *mean, unsigned n)
{
	double trace = 0;
	unsigned plays = 0;

	memset(lift, 0, sizeof lift);
	for (unsigned i = 0; i < n_known && plays < n; i++) {
		const double *v = thing[known[i]->item].v;
		if (known[i]->act != SEQS_PLAY)
			continue;
		plays++;
		for (int j = 0; j < D; j++)
			for (int k = 0; k < D; k++)
				lift[j][k] += v[j] * v[k] / n;
	}
	for (int j = 0; j < D; j++)
		for (int k = 0; k < D; k++)
			lift[j][k] -= mean[j] * mean[k];
	for (int j = 0; j < D; j++)
		trace += lift[j][j];
	for (int j = 0; j < D; j++)
		lift[j][j] += 0.3 * trace / D + 1e-6;
}

/* shifts - b of each code, by the plays up to the last that made them more by a hundredth. */
static void shifts(double b[CODES][D])
{
	static double a[CODES * CODES];
	double mean[D] = { 0 };
	unsigned n = 0, upto = 0, plays = 0;

	for (unsigned i = 0; i < n_known; i++)
		if (known[i]->act == SEQS_PLAY && ++n > upto + upto / 100)
			upto = n;
	memset(a, 0, sizeof a);
	memset(b, 0, CODES * sizeof *b);
	for (unsigned i = 0; i < n_known && plays < upto; i++) {
		const struct raw *r = known[i];
		if (r->act != SEQS_PLAY)
			continue;
		plays++;
		for (int k = 0; k < D; k++)
			mean[k] += thing[r->item].v[k] / upto;
		for (int j = 0; j < KEYS; j++) {
			if (!r->at[j])
				continue;
			for (int k = 0; k < D; k++)
				b[code_of(j, r->at[j])][k] += thing[r->item].v[k];
			for (int k = 0; k < KEYS; k++)
				if (r->at[k])
					a[code_of(j, r->at[j]) * CODES + code_of(k, r->at[k])]++;
		}
	}
	for (int c = 0; c < CODES; c++) {
		for (int k = 0; k < D; k++)
			b[c][k] -= a[c * CODES + c] * mean[k];
		a[c * CODES + c] += PAST_SHIFT;
	}
	solve(a, b[0], CODES, D);
	make_lift(mean, upto);
}

static void say_vectors(int item, unsigned session)
{
	static const char *const name[] = { "near.last", "near.five", "near.session", "near.all", "near.skip" };
	const struct thing *t = &thing[item < 0 ? 0 : item];
	bool has_v = item >= 0 && t->has_v;
	double b[CODES][D], v[5][D] = { { 0 } }, best = -2, total[2] = { 0 };
	unsigned plays = 0, skips = 0;

	for (unsigned i = n_own; i--;) {
		const struct thing *o = &thing[own[i]->item];
		double dot = 0;
		if (!o->has_v)
			continue;
		bool is_skip = own[i]->act == SEQS_SKIP || own[i]->act == SEQS_DISLIKE, is_play = own[i]->act == SEQS_PLAY;
		plays += is_play;
		skips += is_skip;
		for (int k = 0; k < D; k++) {
			dot += o->v[k] * t->v[k];
			v[0][k] += is_play && plays == 1 ? o->v[k] : 0;
			v[1][k] += is_play && plays <= 5 ? o->v[k] : 0;
			v[2][k] += is_play && i >= session && plays <= FEATURES_NEAR ? o->v[k] : 0;
			v[3][k] += is_play && plays <= FEATURES_NEAR ? o->v[k] : 0;
			v[4][k] += is_skip && skips <= 20 ? o->v[k] : 0;
		}
		best = is_play && plays <= 50 && dot > best ? dot : best;
	}
	say("near.best", has_v && best > -2 ? best : NAN);
	for (int j = 0; j < 5; j++) {
		double norm = 0, dot = 0;
		for (int k = 0; k < D; k++) {
			norm += v[j][k] * v[j][k];
			dot += v[j][k] * t->v[k];
		}
		say(name[j], has_v && norm > 0 ? dot / sqrt(norm) : NAN);
	}
	shifts(b);
	for (int k = 0; k < KEYS; k++) {
		double mean[D] = { 0 }, near[D] = { 0 }, n = 0, in = 0, x, foretold = 0;
		for (unsigned i = 0; i < n_own; i++)
			if (own[i]->act == SEQS_PLAY && thing[own[i]->item].has_v) {
				n++;
				in += here[k] && own[i]->at[k] == here[k];
				for (int j = 0; j < KEYS && here[k] && own[i]->at[k] == here[k]; j++)
					foretold += own[i]->at[j] ? lifted(b[code_of(j, own[i]->at[j])], t->v) : 0;
				for (int j = 0; j < D; j++) {
					mean[j] += thing[own[i]->item].v[j];
					near[j] += here[k] && own[i]->at[k] == here[k] ? thing[own[i]->item].v[j] : 0;
				}
			}
		for (int j = 0; j < D; j++)
			near[j] = n > 0 ? near[j] - in * mean[j] / n : 0;
		x = has_v && here[k] && n > 0 ? (lifted(near, t->v) - foretold) / (in + 100) : NAN;
		say_key("near", k, x);
		total[0] += isnan(x) ? 0 : x;
		x = has_v && here[k] && sum(known, n_known, OF_ALL, 0, 0).in[k] > 0 ? lifted(b[code_of(k, here[k])], t->v) : NAN;
		say_key("shift", k, x);
		total[1] += isnan(x) ? 0 : x;
	}
	say("near", total[0]);
	say("shift", total[1]);
}

static void say_matches(const struct thing *t, int item)
{
	struct sums all = sum(known, n_known, OF_ALL, 0, 0), mine = sum(own, n_own, OF_ALL, 0, 0), s;
	double total[2] = { 0 };

	for (int k = 0; k < KEYS; k++) {
		double b = all.in[k] / all.known[k], q = b, x = 0, mean = 0;
		bool is_known = here[k] && all.in[k] > 0;
		if (t->kind >= 0)
			s = sum(known, n_known, OF_KIND, t->kind, 0), q = drawn(s.in[k], s.known[k], q, 10);
		for (int j = 0; j < t->n_tags; j++)
			s = sum(known, n_known, OF_TAG, t->tag[j], 0), mean += drawn(s.in[k], s.known[k], q, 10) / t->n_tags;
		q = t->n_tags ? mean : q;
		if (t->creator >= 0)
			s = sum(known, n_known, OF_CREATOR, t->creator, 0), q = drawn(s.in[k], s.known[k], q, 10);
		if (item >= 0)
			s = sum(known, n_known, OF_ITEM, item, 0), q = drawn(s.in[k], s.known[k], q, 10);
		x = is_known ? log(q / b) : NAN;
		say_key("match", k, x);
		total[0] += is_known ? x : 0;

		b = drawn(mine.in[k], mine.plays, all.in[k] / all.known[k], 5);
		q = b, mean = 0;
		if (t->kind >= 0 && (s = sum(own, n_own, OF_KIND, t->kind, 0)).n)
			q = drawn(s.in[k], s.plays, q, 5);
		for (int j = 0; j < t->n_tags; j++) {
			s = sum(own, n_own, OF_TAG, t->tag[j], 0);
			mean += (s.n ? drawn(s.in[k], s.plays, q, 5) : q) / t->n_tags;
		}
		q = t->n_tags ? mean : q;
		if (t->creator >= 0 && (s = sum(own, n_own, OF_CREATOR, t->creator, 0)).n)
			q = drawn(s.in[k], s.plays, q, 5);
		x = is_known ? log(q / b) : NAN;
		say_key("own", k, x);
		total[1] += is_known ? x : 0;
	}
	say("match", total[0]);
	say("own", total[1]);
}

static void say_item(const struct thing *t, int item)
{
	struct sums all = sum(known, n_known, OF_ALL, 0, 0), s = sum(known, n_known, OF_ITEM, item, 0);
	double N = 0, skip = (all.skips + 1) / (all.plays + all.skips + 5), like = (all.likes + 0.1) / (all.plays + 5), pop, recent, mean = 0, n = 0, creators = 0;

	for (int i = 0; i < ITEMS; i++)
		N += thing[i].is_listed || sum(known, n_known, OF_ITEM, i, 0).n;
	for (int c = 0; c < 6; c++)
		for (int i = 0, is_there = 0; i < ITEMS && !is_there; i++)
			creators += is_there = thing[i].creator == c;
	if (item < 0)
		s = (struct sums){ .first = TIME_NONE };
	pop = log((s.plays + 1) / (all.plays + N));
	recent = log((s.recent + 0.1) / (all.recent + 0.1 * N));
	say("pop", pop);
	say("pop.now", recent);
	say("pop.rise", recent - pop);
	say("skip.rate", (s.skips + 10 * skip) / (s.plays + s.skips + 10));
	say("like.rate", (s.likes + 10 * like) / (s.plays + 10));
	say("item.age", days(t->released));
	say("item.seen", days(s.first));
	say("creator.pop", t->creator < 0 ? NAN : log((sum(known, n_known, OF_CREATOR, t->creator, 0).plays + 1) / (all.plays + creators)));
	say("@kind", t->kind < 0 ? NAN : t->kind);
	say("length", t->seconds > 0 ? log1p(t->seconds) : NAN);
	for (unsigned i = 0; i < n_own; i++) {
		const struct thing *o = &thing[own[i]->item];
		if (own[i]->act == SEQS_PLAY && o->seconds > 0 && o->kind == t->kind) {
			mean += log1p(o->seconds);
			n++;
		}
	}
	say("length.fit", t->seconds > 0 && n > 0 ? fabs(log1p(t->seconds) - mean / n) : NAN);
}

static void say_own(const struct thing *t, int item, unsigned session, double skip)
{
	struct sums all = sum(own, n_own, OF_ALL, 0, session), s;
	double fresh = 0, plays = 0, skips = 0;

	say("user.events", log1p(n_of_user));
	say("user.skip", drawn(all.skips, all.plays + all.skips, skip, 5));
	for (unsigned i = n_own > FEATURES_NEAR ? n_own - FEATURES_NEAR : 0; i < n_own; i++)
		if (own[i]->act == SEQS_PLAY) {
			plays++;
			fresh += sum(own, i, OF_ITEM, (int)own[i]->item, 0).plays == 0;
		}
	say("user.new", plays > 0 ? fresh / plays : NAN);
	say("user.gap", n_own && own[n_own - 1]->time != TIME_NONE && now != TIME_NONE ? log1p((double)(now - own[n_own - 1]->time)) : NAN);
	for (unsigned i = session; i < n_own; i++)
		skips += own[i]->act == SEQS_SKIP || own[i]->act == SEQS_DISLIKE;
	say("session.n", n_own - session);
	say("session.skip", skips);
	s = item < 0 ? (struct sums){ .last = TIME_NONE } : sum(own, n_own, OF_ITEM, item, session);
	say("own.item", log1p(s.plays));
	say("own.item.last", days(s.last));
	say("own.item.skip", s.n ? drawn(s.skips, s.plays + s.skips, skip, 5) : NAN);
	s = sum(own, n_own, OF_CREATOR, t->creator, session);
	say("own.creator", log1p(s.plays));
	say("own.creator.last", days(s.last));
	say("own.creator.skip", s.n ? drawn(s.skips, s.plays + s.skips, skip, 5) : NAN);
	say("own.creator.share", s.plays / (all.plays + 5));
	say("session.creator", s.session);
	s = sum(own, n_own, OF_GROUP, t->group, session);
	say("own.group", log1p(s.plays));
	say("own.group.last", days(s.last));
	unsigned furthest = 0;
	double heard = NAN;
	for (unsigned i = 0; i < n_own; i++)
		if (own[i]->act == SEQS_PLAY && is_of(own[i], OF_GROUP, t->group)) {
			furthest = thing[own[i]->item].place > furthest ? thing[own[i]->item].place : furthest;
			heard = own[i]->heard;
		}
	say("series.step", s.plays > 0 ? (double)t->place - furthest : NAN);
	say("series.open", s.plays > 0 && heard < 0.96 ? heard : NAN);
	double tag = 0, rate = 0, last = NAN, n = 0, in_session = 0;
	for (int j = 0; j < t->n_tags; j++) {
		s = sum(own, n_own, OF_TAG, t->tag[j], session);
		tag += s.plays / (all.plays + 5) / t->n_tags;
		in_session += s.session;
		if (!s.n)
			continue;
		rate += drawn(s.skips, s.plays + s.skips, skip, 5);
		last = isnan(last) || days(s.last) < last ? days(s.last) : last;
		n++;
	}
	say("own.tag", tag);
	say("own.tag.last", last);
	say("own.tag.skip", n > 0 ? rate / n : NAN);
	say("session.tag", in_session);
	say("own.kind", sum(own, n_own, OF_KIND, t->kind, session).plays / (all.plays + 5));
}

/* work_out - all columns but those of sources. */
static void work_out(int item, double hour, double pulse)
{
	static const struct thing nothing = { .kind = -1, .creator = -1, .group = -1, .released = TIME_NONE };
	const struct thing *t = item < 0 ? &nothing : &thing[item];
	struct sums all = sum(known, n_known, OF_ALL, 0, 0);
	unsigned session = n_own;

	while (now != TIME_NONE && session && own[session - 1]->time != TIME_NONE && (session == n_own ? now : own[session]->time) - own[session - 1]->time <= 1800)
		session--;
	memset(is_told, 0, sizeof is_told);
	say_item(t, item);
	say_own(t, item, session, (all.skips + 1) / (all.plays + all.skips + 5));
	say_vectors(item, session);
	say_matches(t, item);
	say("hour", hour);
	say("day", here[CONTEXT_DAY] ? here[CONTEXT_DAY] - 1 : NAN);
	say("pulse", pulse);
	for (int k = CONTEXT_DEVICE; k <= CONTEXT_INTENT; k++) {
		char name[16] = "@";
		strcat(name, context_name((enum context_key)k));
		say(name, here[k] ? here[k] - 1 : NAN);
	}
}

/* in_words - ours, of the past's numbers of words. */
static double in_words(size_t c, double x)
{
	struct str w = features_word(F, c, (float)x);

	for (int k = 0; k < 3; k++)
		if (w.len == strlen(kind_name[k]) && !memcmp(w.p, kind_name[k], w.len))
			return k;
	for (int k = 0; k < 16; k++)
		if (w.len == strlen(word[k / 4][k % 4]) && !memcmp(w.p, word[k / 4][k % 4], w.len))
			return k % 4;
	return -1;
}

static void hold(const float *x, const char *what)
{
	struct buf b = { 0 };

	for (size_t c = 0; c < F->n_fixed; c++) {
		const char *name = features_fixed_name(c);
		double got = isnan(x[c]) || !features_has_words(F, c) ? (double)x[c] : in_words(c, (double)x[c]);
		double room = strncmp(name, "shift", 5) && strncmp(name, "near", 4) ? 2e-4 : 2e-3;
		if (!is_told[c])
			fail_msg("%s is not held against anything", name);
		if (isnan(want[c]) != isnan(got) || fabs(want[c] - got) > room * (1 + fabs(want[c])))
			fail_msg("%s: %s is %.9g, by the definition %.9g", what, name, got, want[c]);
	}
	buf_release(&b);
}

static void columns_are_as_defined(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 3; seed++) {
		struct buf catalogue = { 0 }, vectors = { 0 };
		struct str source[2] = { { "als", 3 }, { "po p", 4 } };
		struct features f;
		struct err e = { 0 };
		int64_t t = 1700000000;
		float x[128];
		pcg32_seed(&rng, seed, 77);
		make_things(&catalogue, &vectors);
		make_log();
		struct past *p = make_past(&catalogue, &vectors);
		assert_int_equal(features_open(&f, p, source, 2, &e), 0);
		F = &f;
		assert_true(f.n < 128 && f.n == f.n_fixed + 6 && !features_fixed_name(f.n_fixed));
		for (unsigned q = 0; q < QUERIES; q++) {
			char text[96], user[8], id[8], what[64];
			struct context c;
			double hour, pulse;
			unsigned u = any(3) ? any(USERS + 1) : 0;
			size_t bad = 0;
			t = q + 2 >= QUERIES ? TIME_NONE : any(3) || !q ? t + any(40000) : log_[any(EVENTS)].time > t ? log_[any(EVENTS)].time : t;
			if (q + 2 < QUERIES && t < p->now)
				t = p->now;
			know(u, t);
			past_walk(p, t == TIME_NONE ? INT64_MAX : t);
			situation(text, here, t, &hour, &pulse);
			context_read(&c, &p->words, t, (struct str){ text, strlen(text) }, false, &bad);
			for (int k = CONTEXT_DEVICE; k <= CONTEXT_INTENT; k++)	/* of a word that was not played in nothing is known */
				if (sum(known, n_known, OF_ALL, 0, 0).in[k] == 0)
					here[k] = 0;
			features_request(&f, past_user(p, (struct str){ user, (size_t)sprintf(user, "u%u", u) }, false), &c);
			for (int k = 0; k < 4; k++) {
				int item = k == 3 ? -1 : (int)any(ITEMS);
				struct features_source from = { 1, 2.5f, 0.25f, 3 };
				sprintf(id, "i%02d", item);
				uint32_t i = past_item(p, (struct str){ id, strlen(id) }, false);
				features_row(&f, x, i, &from, k == 1);
				work_out(i == VOCAB_NONE ? -1 : item, hour, pulse);
				sprintf(what, "seed %u, request %u of %s for %s", seed, q, user, id);
				hold(x, what);
				assert_true(isnan(x[f.n_fixed]) && isnan(x[f.n_fixed + 1]) && isnan(x[f.n_fixed + 2]));
				assert_true(k == 1 ? x[f.n_fixed + 3] == 2.5f && x[f.n_fixed + 4] == 3 && x[f.n_fixed + 5] == 0.25f : isnan(x[f.n_fixed + 3]));
			}
		}
		features_release(&f);
		past_free(p);
		buf_release(&catalogue);
		buf_release(&vectors);
	}
}

static void names_are_those_of_the_table(void **state)
{
	struct past *p = past_new();
	struct str source[1] = { { "a\tb", 3 } };
	struct features f;
	struct err e = { 0 };
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(past_ready(p, &e), 0);
	assert_int_equal(features_open(&f, p, source, 1, &e), 0);
	for (size_t c = f.n_fixed; c < f.n; c++) {
		features_name(&f, c, &b);
		buf_putc(&b, ' ');
	}
	assert_int_equal(b.len, 40);
	assert_memory_equal(b.p, "from.a\tb from.a\tb.place from.a\tb.scaled ", 40);
	buf_release(&b);
	for (size_t c = 0; c < f.n_fixed; c++) {
		assert_int_equal(features_has_words(&f, c), features_fixed_name(c)[0] == '@');
		for (size_t k = 0; k < c; k++)
			assert_string_not_equal(features_fixed_name(c), features_fixed_name(k));
	}
	features_release(&f);
	features_release(&f);
	past_free(p);
}

static void scores_are_finite_and_scaled(void **state)
{
	(void)state;
	assert_true(features_score(1e300) == FLT_MAX && features_score(-1e300) == -FLT_MAX && features_score(0.1) == 0.1f);
	assert_true(num_scaled(2, 2, 2) == 1 && num_scaled(1.5, 1, 2) == 0.5f && num_scaled(1e308, -1e308, 1e308) == 1 && num_scaled(-1e308, -1e308, 1e308) == 0);
	assert_true(num_scaled(4.9406564584124654e-324, 0, 4.9406564584124654e-324) == 1 && num_scaled(0, 0, 4.9406564584124654e-324) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_defined),
		cmocka_unit_test(names_are_those_of_the_table),
		cmocka_unit_test(scores_are_finite_and_scaled),
	};

	return cmocka_run_group_tests_name("features", tests, NULL, NULL);
}
