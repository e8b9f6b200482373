/* sources: each against a plain loop over the log as it was read, at many moments; a shelf's groups in order, dates and tags; charts of many moments are those of each alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/base/scan.h"
#include "../lib/rank/sources.h"

enum { N_USERS = 12, N_MAX = 6000, ITEMS_MAX = 100, T0 = 1700000000 };

struct ev { int user, item, act; int64_t t; double value; };

static struct ev ev[N_MAX];
static int n_events, n_items, n_catalogue;
static struct seqs log_;
static struct shelf shelf;

/* What the catalogue says, as it was made. */
static int creator[ITEMS_MAX], kind[ITEMS_MAX], group[ITEMS_MAX], tags[ITEMS_MAX][2];
static int64_t released[ITEMS_MAX];
static double seconds[ITEMS_MAX], number[ITEMS_MAX];

static void load_items(struct items *it, const char *text, size_t len)
{
	struct err e = { 0 };

	*it = (struct items){ 0 };
	if (items_load(it, mem_path(text, len, MEM_MAPPED), false, NULL, NULL, &e))
		fail_msg("%s", e.msg);
}

/* ---- shelf ---- */

static void dates_are_their_first_moment(void **state)
{
	static const struct { const char *text; int64_t t; } one[] = {
		{ "1970", 0 }, { "1970-02", 31 * 86400 }, { "1970-01-02", 86400 }, { "1970-01-01T00:01:00Z", 60 }, { "1969", -365 * 86400 }, { "", TIME_NONE }, { "197", TIME_NONE },
		{ "1970-13", TIME_NONE }, { "1970/01", TIME_NONE }, { "12345678901", TIME_NONE }, { "abcd", TIME_NONE }, { "1970-00-01", TIME_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof one / sizeof *one; i++)
		assert_true(shelf_date((struct str){ one[i].text, strlen(one[i].text) }) == one[i].t);
}

static void groups_stand_in_order(void **state)
{
	static const char text[] = "late\tpodcast\t\tc\tg\t2024-03-01\n" "none\tpodcast\t\tc\tg\n" "early\tpodcast\t\tc\tg\t2023\n" "two\tpodcast\t\tc\tg\t2025\t\t\ttrack=2\n"
				   "one\tpodcast\t\tc\tg\t2025\t\t\ttrack=9\tnumber=1\n" "other\tpodcast\t\td\tg\n" "alone\tmusic\t\tc\tg\n" "free\tpodcast\t\tc\n"
				   "same\tpodcast\t\tc\tg\t2023\t\tx;y;;x\n";
	static const char *const want[] = { "one", "two", "early", "same", "late", "none" };
	struct err e = { 0 };
	struct items it;
	struct shelf s;

	(void)state;
	load_items(&it, text, sizeof text - 1);
	assert_int_equal(shelf_make(&s, &it, &e), 0);
	assert_int_equal(s.n_groups, 3);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(it.id.str[s.in_group[i]].p, want[i]);
		assert_int_equal(s.place_of[s.in_group[i]], i);
	}
	assert_int_equal(s.group_of[7], VOCAB_NONE);
	assert_int_equal(s.tag_start[9] - s.tag_start[8], 2);
	assert_int_equal(s.n_dated, 5);
	assert_string_equal(it.id.str[s.by_date[0]].p, "early");
	assert_string_equal(it.id.str[s.by_date[1]].p, "same");
	assert_int_equal(s.creator_start[1] - s.creator_start[0], 8);
	shelf_release(&s);
	items_release(&it);
	load_items(&it, "", 0);
	assert_int_equal(shelf_make(&s, &it, &e), 0);
	assert_int_equal(s.n, 0);
	shelf_release(&s);
	items_release(&it);
}

static void more_kinds_than_there_is_room_for(void **state)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct items it;
	struct shelf s;

	(void)state;
	for (int i = 0; i < 400; i++)
		buf_printf(&b, "i%d\tkind%d\n", i, i);
	load_items(&it, b.p, b.len);
	assert_int_equal(shelf_make(&s, &it, &e), 0);
	assert_int_equal(s.kind.n, SHELF_KINDS_MAX);
	assert_int_equal(s.kind_of[254], 254);
	assert_int_equal(s.kind_of[399], 255);
	struct sources_opts o = { .k = 3, .wants = 1, .half_life = 1, .each_kind = true };
	struct seqs log = { 0 };
	struct sources so;
	for (size_t i = 0; i < it.id.n; i++)
		vocab_add(&log.item, it.id.str[i].p, it.id.str[i].len);
	log.start = mem_new(1, sizeof *log.start);
	assert_int_equal(sources_make(&so, &log, &s, &o, NULL, 0, &e), 0);
	assert_int_equal(sources_room(&so, SOURCES_NOW), 400);
	sources_release(&so);
	seqs_release(&log);
	shelf_release(&s);
	items_release(&it);
	buf_release(&b);
}

/* ---- a log and a catalogue by chance ---- */

static void make_world(uint64_t seed, int items, int catalogue, int events)
{
	static const char *const kinds[] = { "music", "podcast", "audiobook" }, *const acts[] = { "play", "skip", "like", "dislike" };
	struct buf cat = { 0 };
	struct items it;
	struct pcg32 r;
	struct err e = { 0 };
	char u[16], id[16];

	pcg32_seed(&r, seed, 0);
	n_items = items;
	n_catalogue = catalogue;
	n_events = events;
	for (int i = 0; i < catalogue; i++) {
		creator[i] = (int)pcg32_bounded(&r, 10) - 1;
		kind[i] = (int)pcg32_bounded(&r, 3);
		group[i] = (int)pcg32_bounded(&r, 4) - 1;
		int64_t day = pcg32_bounded(&r, 8) ? (int64_t)pcg32_bounded(&r, 60) : -1;
		released[i] = day < 0 ? TIME_NONE : (T0 / 86400 + day - 30) * 86400;
		seconds[i] = pcg32_bounded(&r, 4) ? 100 + pcg32_bounded(&r, 900) : NAN;
		number[i] = pcg32_bounded(&r, 3) ? pcg32_bounded(&r, 5) : NAN;
		for (int k = 0; k < 2; k++)
			tags[i][k] = (int)pcg32_bounded(&r, 6) - 1;
		tags[i][1] = tags[i][1] == tags[i][0] ? -1 : tags[i][1];
		char date[32] = "", len[16] = "", g[16] = "", c[16] = "", no[32] = "";
		if (day >= 0) {
			time_iso(released[i], date);
			date[10] = 0;
		}
		if (!isnan(seconds[i]))
			snprintf(len, sizeof len, "%d", (int)seconds[i]);
		if (group[i] >= 0)
			snprintf(g, sizeof g, "g%d", group[i]);
		if (creator[i] >= 0)
			snprintf(c, sizeof c, "c%d", creator[i]);
		if (!isnan(number[i]))
			snprintf(no, sizeof no, "\ttrack=%d", (int)number[i]);
		buf_printf(&cat, "i%d\t%s\t\t%s\t%s\t%s\t%s\t", i, kinds[kind[i]], c, g, date, len);
		for (int k = 0; k < 2; k++)
			if (tags[i][k] >= 0)
				buf_printf(&cat, "t%d;", tags[i][k]);
		buf_printf(&cat, "%s\n", no);
	}
	load_items(&it, cat.p, cat.len);
	buf_release(&cat);
	assert_int_equal(shelf_make(&shelf, &it, &e), 0);
	log_ = (struct seqs){ 0 };
	for (int i = 0; i < catalogue; i++)
		assert_int_equal(vocab_add(&log_.item, it.id.str[i].p, it.id.str[i].len), i);
	items_release(&it);
	struct seqs_opts so = { .has_values = true };
	struct seqs_make *m = seqs_begin(&log_, &so);
	for (int j = 0; j < events; j++) {
		struct ev *x = &ev[j];
		uint32_t a = pcg32_bounded(&r, 10);
		*x = (struct ev){ .user = j < N_USERS ? j : (int)pcg32_bounded(&r, N_USERS), .act = a < 6 ? 0 : a < 8 ? 1 : a == 8 ? 2 : 3,
				  .item = (int)(pcg32_bounded(&r, (uint32_t)items) * pcg32_bounded(&r, (uint32_t)items) / (uint32_t)items),
				  .t = T0 + (int64_t)pcg32_bounded(&r, 40) * 43200 + (int64_t)pcg32_bounded(&r, 6) * 900, .value = pcg32_bounded(&r, 3) ? pcg32_bounded(&r, 600) : NAN };
		struct event out = { .user = { u, (size_t)snprintf(u, sizeof u, "u%d", x->user) }, .time = x->t, .value = x->value, .kind = { acts[x->act], strlen(acts[x->act]) } };
		bool is_name = x->item >= catalogue;	/* what the catalogue does not have: some are the names of creators */
		out.item = (struct str){ id, (size_t)snprintf(id, sizeof id, is_name ? "c%d" : "i%d", is_name ? x->item - catalogue : x->item) };
		seqs_add(m, &out);
	}
	assert_int_equal(seqs_end(m, &e), 0);
	for (int j = 0; j < events; j++)		/* by the numbers of the log */
		if (ev[j].item >= catalogue) {
			size_t len = (size_t)snprintf(id, sizeof id, "c%d", ev[j].item - catalogue);
			ev[j].item = (int)vocab_find(&log_.item, id, len);
		}
	n_items = (int)log_.item.n;
}

static int creator_of(int item)
{
	const struct str *s = &log_.item.str[item];

	if (item < n_catalogue)
		return creator[item];
	return s->p[1] < '9' && s->len == 2 ? s->p[1] - '0' : -1;
}

/* comes_before - of two events of a user. */
static bool comes_before(int i, int j)
{
	return ev[i].t < ev[j].t || (ev[i].t == ev[j].t && i < j);
}

static bool is_heard(int j)
{
	return ev[j].act == 0 || ev[j].act == 2;
}

/* count - a user's events of an act on an item before t; act -1: any; item -1 - c: of creator c's. */
static double count(int user, int item, int act, int64_t t)
{
	double n = 0;

	for (int j = 0; j < n_events; j++)
		n += ev[j].user == user && ev[j].t < t && (act < 0 || ev[j].act == act) && (item >= 0 ? ev[j].item == item : creator_of(ev[j].item) == -1 - item);
	return n;
}

static double taste(int user, int item, int64_t t)
{
	double n = count(user, item, 0, t) + count(user, item, 2, t) - count(user, item, 1, t) - count(user, item, 3, t);

	return n > 0 ? n : 0;
}

static double plays(int item, int64_t t)
{
	double n = 0;

	for (int u = 0; u < N_USERS; u++)
		n += count(u, item, 0, t) + count(u, item, 2, t);
	return n;
}

static bool is_out(const struct sources_opts *o, int user, int item, int64_t t)
{
	return item >= n_catalogue || (!o->keep && count(user, item, -1, t) > 0) || (released[item] != TIME_NONE && released[item] > t);
}

/* ---- each source, the plain way: score[item], 0 where it is not found ---- */

static void plain_popular(const struct sources_opts *o, int user, int64_t t, double *score, bool rising)
{
	for (int i = 0; i < n_catalogue; i++) {
		double n = 0, m = 0;
		for (int j = 0; j < n_events; j++)
			if (ev[j].item == i && ev[j].t < t && is_heard(j)) {
				n += exp2(-(double)(t - ev[j].t) / o->half_life);
				m += exp2(-(double)(t - ev[j].t) / o->half_life / 8) / 8;
			}
		n = n < 0x1p-30 ? 0 : n;
		m = 8 * m < 0x1p-30 ? 0 : m;
		score[i] = is_out(o, user, i, t) ? 0 : rising ? (n - m) / sqrt(m + 1) : n;
	}
}

static void plain_followed(const struct sources_opts *o, int user, int64_t t, double *score)
{
	for (int i = 0; i < n_catalogue; i++) {
		int c = creator[i], place = 0;
		if (c < 0 || is_out(o, user, i, t))
			continue;
		double p = count(user, -1 - c, 0, t), s = count(user, -1 - c, 1, t), l = count(user, -1 - c, 2, t), d = count(user, -1 - c, 3, t);
		for (int k = 0; k < n_catalogue; k++) {
			if (k == i || creator[k] != c || is_out(o, user, k, t))
				continue;
			double x = o->newest_first ? (double)released[k] : plays(k, t), y = o->newest_first ? (double)released[i] : plays(i, t);
			place += x > y || (x == y && str_cmp(log_.item.str[k], log_.item.str[i]) < 0);
		}
		score[i] = (p + 5 * l) * (p + l + 1) / (p + l + s + d + 2) / (1 + place);
	}
}

static void plain_new(const struct sources_opts *o, int user, int64_t t, double *score)
{
	double all = 0;

	for (int i = 0; i < n_items; i++)
		all += taste(user, i, t);
	for (int i = 0; i < n_catalogue && all > 0; i++) {
		double by_creator = 0, by_tag = 0;
		int n_tags = 0;
		if (is_out(o, user, i, t) || released[i] == TIME_NONE || (double)released[i] <= (double)t - o->new_for)
			continue;
		for (int k = 0; k < n_items; k++)
			by_creator += creator[i] >= 0 && creator_of(k) == creator[i] ? taste(user, k, t) : 0;
		for (int g = 0; g < 2; g++) {
			n_tags += tags[i][g] >= 0;
			for (int k = 0; k < n_catalogue; k++)
				by_tag += tags[i][g] >= 0 && (tags[k][0] == tags[i][g] || tags[k][1] == tags[i][g]) ? taste(user, k, t) : 0;
		}
		score[i] = (by_creator + (n_tags ? by_tag / n_tags : 0)) / all * (1 - (double)(t - released[i]) / (2 * o->new_for));
	}
}

static bool is_done(const struct sources_opts *o, int user, int item, int64_t t)
{
	double heard = 0;
	int last = -1, n = 0;

	for (int j = 0; j < n_events; j++) {
		if (ev[j].user != user || ev[j].item != item || ev[j].t >= t || ev[j].act > 1)
			continue;
		heard += !isnan(ev[j].value) ? ev[j].value : ev[j].act == 0 ? 1e9 : 0;
		n += ev[j].act == 0;
		last = last < 0 || comes_before(last, j) ? j : last;
	}
	return last >= 0 && (ev[last].act == 1 || (n && (isnan(seconds[item]) || heard >= o->finished * seconds[item])));
}

static bool is_to_come(int item, int64_t t)
{
	return released[item] != TIME_NONE && released[item] > t;
}

/* goes_before - of two items of a group. */
static bool goes_before(int i, int k)
{
	if (isnan(number[i]) != isnan(number[k]))
		return isnan(number[k]);
	if (!isnan(number[i]) && number[i] != number[k])
		return number[i] < number[k];
	if ((released[i] == TIME_NONE) != (released[k] == TIME_NONE))
		return released[k] == TIME_NONE;
	return released[i] != released[k] ? released[i] < released[k] : i < k;
}

static void plain_continue(const struct sources_opts *o, int user, int64_t t, double *score)
{
	for (int k = 1; k < 3; k++)
		for (int c = -1; c < 9; c++)
			for (int g = 0; g < 3; g++) {
				int last = -1;
				for (int j = 0; j < n_events; j++) {
					int i = ev[j].item;
					if (i < n_catalogue && kind[i] == k && creator[i] == c && group[i] == g && ev[j].user == user && ev[j].t < t && ev[j].act < 2)
						last = last < 0 || comes_before(last, j) ? j : last;
				}
				if (last < 0 || (double)(t - ev[last].t) > o->lately || count(user, ev[last].item, 3, t) > count(user, ev[last].item, 2, t))
					continue;
				int at = ev[last].item, next = -1;
				if (!is_done(o, user, at, t) && !is_to_come(at, t))
					next = at;
				for (int i = 0; i < n_catalogue && next != at; i++)
					if (kind[i] == k && creator[i] == c && group[i] == g && goes_before(at, i) && (next < 0 || goes_before(i, next)) && !is_done(o, user, i, t) &&
					    !is_to_come(i, t))
						next = i;
				if (next >= 0)
					score[next] = exp2(-(double)(t - ev[last].t) / o->half_life);
			}
}

static void plain_again(const struct sources_opts *o, int user, int64_t t, double *score)
{
	for (int i = 0; i < n_catalogue; i++) {
		int64_t last = 0;
		for (int j = 0; j < n_events; j++)
			if (ev[j].user == user && ev[j].item == i && ev[j].t < t && is_heard(j) && ev[j].t > last)
				last = ev[j].t;
		if (kind[i] == 0 && taste(user, i, t) >= 2 && !is_to_come(i, t))
			score[i] = log2(1 + taste(user, i, t)) * (o->rest > 0 ? 1 - exp2(-(double)(t - last) / o->rest) : 1);
	}
}

/* user_of - by first sight, which is their order in ties of the last 100. */
static void plain_near(const struct sources_opts *o, int user, int64_t t, double *score)
{
	static int row[N_USERS][N_MAX], n_row[N_USERS], all[N_MAX];
	bool is_seed[ITEMS_MAX] = { false };
	int n_all = 0, q = 0;

	memset(n_row, 0, sizeof n_row);
	for (int j = 0; j < n_events; j++) {	/* insertion sorts: each user's, and all by time, user, order read */
		int u = ev[j].user, k = n_row[u]++;
		for (; k && ev[row[u][k - 1]].t > ev[j].t; k--)
			row[u][k] = row[u][k - 1];
		row[u][k] = j;
		for (k = n_all++; k && (ev[all[k - 1]].t > ev[j].t || (ev[all[k - 1]].t == ev[j].t && ev[all[k - 1]].user > u)); k--)
			all[k] = all[k - 1];
		all[k] = j;
	}
	for (int a = n_row[user] - 1; a >= 0 && q < 20; a--) {
		int s = row[user][a], seed = ev[s].item, times = 0;
		if (ev[s].t >= t || !is_heard(s) || is_seed[seed])
			continue;
		is_seed[seed] = true;
		double n = fmin(plays(seed, t), 100), x = 5.0 / (5 + q++) / (10 + n);
		for (int b = n_all - 1; b >= 0 && times < 100; b--) {
			int j = all[b], u = ev[j].user, at = 0;
			if (ev[j].item != seed || !is_heard(j) || ev[j].t >= t)
				continue;
			times++;
			while (row[u][at] != j)
				at++;
			for (int way = -1; way <= 1; way += 2)
				for (int d = 1; d <= 5; d++) {
					int y = at + way * d;
					if (y < 0 || y >= n_row[u] || ev[row[u][y]].t >= t || llabs(ev[row[u][y]].t - ev[row[u][y - way]].t) > 1800)
						break;
					int other = ev[row[u][y]].item;
					if (is_heard(row[u][y]) && other != seed && !is_out(o, user, other, t))
						score[other] += x / d;
				}
		}
	}
	for (int i = 0; i < n_catalogue; i++)
		score[i] = score[i] > 0 ? score[i] / sqrt(sqrt(10 + plays(i, t))) : 0;
}

static void check(const struct sources_opts *o, enum sources_which w, int user, int64_t t, const double *score, const struct topk_hit *hit, size_t n)
{
	size_t n_want = 0;
	bool was[ITEMS_MAX] = { false };

	for (int i = 0; i < n_catalogue; i++)
		n_want += score[i] > 0;
	if (n != min_size(n_want, o->k))
		fail_msg("%s of u%d at %lld: %zu, should be %zu", sources_name(w), user, (long long)(t - T0), n, min_size(n_want, o->k));
	for (size_t i = 0; i < n; i++) {
		double want = score[hit[i].row];
		assert_false(was[hit[i].row]);
		was[hit[i].row] = true;
		if (fabs(hit[i].score - want) > 1e-5 * want + 0x1p-29)
			fail_msg("%s of u%d at %lld: i%u has %.9g, should have %.9g", sources_name(w), user, (long long)(t - T0), hit[i].row, (double)hit[i].score, want);
		if (i)
			assert_true(hit[i - 1].score > hit[i].score ||
				    (hit[i - 1].score == hit[i].score && str_cmp(log_.item.str[hit[i - 1].row], log_.item.str[hit[i].row]) < 0));
	}
	for (int i = 0; i < n_catalogue && n; i++)
		assert_true(was[i] || score[i] <= (double)hit[n - 1].score * 1.00001 + 0x1p-29);
}

static void a_plain_loop_agrees(void **state)
{
	static const char *const serial[] = { "podcast", "audiobook", "film" };
	static const struct { int items, catalogue, events; } size[] = { { 60, 55, 700 }, { 12, 12, 3000 }, { 90, 80, 200 } };
	struct topk_hit hit[ITEMS_MAX];
	struct err e = { 0 };
	size_t n_found[SOURCES] = { 0 };

	(void)state;
	for (int round = 0; round < 6; round++) {
		make_world((uint64_t)round, size[round % 3].items, size[round % 3].catalogue, size[round % 3].events);
		struct sources_opts o = { .k = round % 2 ? 5 : 1000, .wants = (1 << SOURCES) - 1, .half_life = round == 2 ? 5000 : 3 * 86400, .new_for = 20 * 86400, .lately = 5 * 86400,
					  .rest = round == 3 ? 0 : 86400, .finished = 0.8, .serial = serial, .n_serial = 3, .keep = round == 4, .newest_first = round % 2 };
		int64_t tick[8];
		for (int i = 0; i < 8; i++)
			tick[i] = T0 + i * 3 * 86400 + i;
		struct sources s;
		assert_int_equal(sources_make(&s, &log_, &shelf, &o, tick, 8, &e), 0);
		struct sources_user *w = sources_user_new(&s, &e);
		for (int i = 0; i < 24; i++) {
			int user = i * 5 % N_USERS;
			int64_t t = tick[i % 8];
			sources_user_is(w, (uint32_t)user, t);
			for (int k = 0; k < SOURCES; k++) {
				double score[ITEMS_MAX] = { 0 };
				enum sources_which which = (enum sources_which)k;
				switch (which) {
				case SOURCES_NOW: plain_popular(&o, user, t, score, false); break;
				case SOURCES_RISING: plain_popular(&o, user, t, score, true); break;
				case SOURCES_FOLLOWED: plain_followed(&o, user, t, score); break;
				case SOURCES_NEW: plain_new(&o, user, t, score); break;
				case SOURCES_CONTINUE: plain_continue(&o, user, t, score); break;
				case SOURCES_AGAIN: plain_again(&o, user, t, score); break;
				case SOURCES_NEAR: plain_near(&o, user, t, score); break;
				case SOURCES: break;
				}
				size_t n = sources_find(w, which, hit);
				check(&o, which, user, t, score, hit, n);
				n_found[k] += n;
			}
		}
		sources_user_is(w, VOCAB_NONE, T0 + 86400 * 30);
		assert_true(sources_find(w, SOURCES_NOW, hit) > 0);
		for (int k = SOURCES_FOLLOWED; k < SOURCES; k++)
			assert_int_equal(sources_find(w, (enum sources_which)k, hit), 0);
		sources_user_is(w, 0, tick[0] - 1);
		assert_int_equal(sources_find(w, SOURCES_NOW, hit), 0);
		sources_user_free(w);
		sources_release(&s);
		seqs_release(&log_);
		shelf_release(&shelf);
	}
	for (int k = 0; k < SOURCES; k++)
		assert_true(n_found[k] > 50);
}

/* Each kind has its own chart, and a chart among many is what it is alone, to the bit. */
static void charts_of_each_kind(void **state)
{
	struct sources_opts o = { .k = 4, .wants = 3, .half_life = 9000, .each_kind = true, .keep = true };
	int64_t tick[4] = { T0 + 86400, T0 + 86401, T0 + 10 * 86400, T0 + 12 * 86400 };	/* in blocks 0, 0, 2 and 3, or so, of 32 half-lives */
	struct topk_hit a[ITEMS_MAX], b[ITEMS_MAX];
	struct sources many, one;
	struct err e = { 0 };

	(void)state;
	make_world(77, 60, 60, 2000);
	assert_int_equal(sources_make(&many, &log_, &shelf, &o, tick, 4, &e), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(sources_make(&one, &log_, &shelf, &o, tick + i, 1, &e), 0);
		struct sources_user *w = sources_user_new(&many, &e), *v = sources_user_new(&one, &e);
		sources_user_is(w, 0, tick[i]);
		sources_user_is(v, 0, tick[i]);
		for (int k = 0; k < 2; k++) {
			size_t n = sources_find(w, (enum sources_which)k, a), of[3] = { 0 };
			assert_int_equal(n, sources_find(v, (enum sources_which)k, b));
			for (size_t j = 0; j < n; j++) {
				assert_true(a[j].row == b[j].row && a[j].score == b[j].score);
				of[kind[a[j].row]]++;
			}
			assert_true(of[0] <= 4 && of[1] <= 4 && of[2] <= 4);
			assert_true(k || (of[0] == 4 && of[1] == 4 && of[2] == 4));
		}
		sources_user_free(w);
		sources_user_free(v);
		sources_release(&one);
	}
	sources_release(&many);
	seqs_release(&log_);
	shelf_release(&shelf);
}

/* A log of more plays than a count holds: the item stays one that was heard most. */
static void counts_do_not_begin_again(void **state)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct seqs log = { 0 };
	struct seqs_opts so = { .has_values = true };
	struct sources_opts o = { .k = 2, .wants = 1 << SOURCES_AGAIN, .half_life = 86400, .lately = 86400 };
	struct topk_hit hit[2];
	struct sources s;

	(void)state;
	for (int i = 0; i < 65538; i++)
		buf_puts(&b, "u\ta\t1700000000\tplays\t65535\n");
	buf_puts(&b, "u\tb\t1700000000\tplays\t65535\n" "u\tb\t1700000000\tplays\t65535\n");
	const char *path = mem_path(b.p, b.len, MEM_MAPPED);
	assert_int_equal(seqs_load(&log, &path, 1, &so, NULL, NULL, &e), 0);
	assert_int_equal(sources_make(&s, &log, NULL, &o, NULL, 0, &e), 0);
	struct sources_user *w = sources_user_new(&s, &e);
	sources_user_is(w, 0, T0 + 1);
	assert_int_equal(sources_find(w, SOURCES_AGAIN, hit), 2);
	assert_int_equal(hit[0].row, 0);
	assert_true(hit[0].score > 31.9f && hit[1].score < 17.1f);
	sources_user_free(w);
	sources_release(&s);
	seqs_release(&log);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_their_first_moment), cmocka_unit_test(groups_stand_in_order), cmocka_unit_test(more_kinds_than_there_is_room_for),
		cmocka_unit_test(a_plain_loop_agrees), cmocka_unit_test(counts_do_not_begin_again), cmocka_unit_test(charts_of_each_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
