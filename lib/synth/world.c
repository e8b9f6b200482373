/*
 * world - days come out of it in order of time, then the truth.
 */
#include <string.h>

#include "world_store.h"
#include "../base/sort.h"

enum { USERS_A_CHUNK = 128 };

/* date_of - the day of the calendar that is so many days behind 1970-01-01. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March,
 * so that the leap day is a year's last. */
static void date_of(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

struct world *world_new(const struct world_opts *o, struct par *pool, struct err *e)
{
	struct world *w = mem_new(1, sizeof *w);

	w->o = *o;
	w->pool = pool;
	int month, day;
	date_of(o->start / DAY, &w->year, &month, &day);
	w->wander = o->drift * 3.14159265358979 / 2 / 365;
	w->n_chunks = (o->n_users + USERS_A_CHUNK - 1) / USERS_A_CHUNK;
	w->chunk = mem_new(w->n_chunks + 1, sizeof *w->chunk);
	if (world_make(w, e)) {
		world_free(w);
		return NULL;
	}
	return w;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_chunks; i++)
		mem_free(w->chunk[i].ev);
	for (int k = 0; k < WORLD_KINDS; k++) {
		mem_free(w->by_popularity[k].p);
		mem_free(w->by_popularity[k].other);
	}
	mem_free(w->chunk);
	mem_free(w->creator);
	mem_free(w->item);
	mem_free(w->user);
	mem_free(w->group);
	mem_free(w->all);
	mem_free(w->ev[0]);
	mem_free(w->ev[1]);
	mem_free(w->pending);
	mem_free(w->key);
	mem_free(w->at);
	vocab_release(&w->user_id);
	vocab_release(&w->item_id);
	arena_release(&w->names);
	mem_free(w);
}

struct round { struct world *w; void (*meanwhile)(void *ctx); void *ctx; };

/* live_chunk - chunk 0 is what the caller does meanwhile, the others are listeners. */
static void live_chunk(void *ctx, size_t chunk, int worker)
{
	const struct round *r = ctx;
	struct world *w = r->w;

	(void)worker;
	if (!chunk--) {
		if (r->meanwhile)
			r->meanwhile(r->ctx);
		return;
	}
	size_t end = (chunk + 1) * USERS_A_CHUNK < w->o.n_users ? (chunk + 1) * USERS_A_CHUNK : w->o.n_users;

	w->chunk[chunk].n = 0;
	for (size_t u = chunk * USERS_A_CHUNK; u < end; u++)
		world_live(w, (uint32_t)u, &w->chunk[chunk]);
}

/* sort_day - all events at hand by time; of equal times by listener, as they stand. What lies behind midnight waits for its day. */
static int sort_day(struct world *w, int turn, struct err *e)
{
	size_t n = w->n_pending;

	for (size_t c = 0; c < w->n_chunks; c++)
		n += w->chunk[c].n;
	if (n > w->cap_key) {
		mem_free(w->key);
		mem_free(w->at);
		w->cap_key = n * 2;
		w->key = mem_new(w->cap_key, sizeof *w->key);
		w->at = mem_new(w->cap_key, sizeof *w->at);
	}
	arr_reserve(w->ev[turn], n, w->cap_ev[turn]);
	arr_reserve(w->all, n, w->cap_all);
	size_t k = w->n_pending;
	if (k)
		memcpy(w->all, w->pending, k * sizeof *w->all);
	for (size_t c = 0; c < w->n_chunks; c++) {
		if (w->chunk[c].n)
			memcpy(w->all + k, w->chunk[c].ev, w->chunk[c].n * sizeof *w->all);
		k += w->chunk[c].n;
	}
	for (size_t i = 0; i < n; i++) {
		w->key[i] = (uint64_t)w->all[i].time ^ 1ULL << 63;
		w->at[i] = (uint32_t)i;
	}
	int ret = sort_u64(w->key, w->at, n, e);
	if (ret)
		return ret;
	const uint64_t end = (uint64_t)(w->o.start + (int64_t)(w->day + 1) * DAY) ^ 1ULL << 63;
	for (w->n_ev = 0; w->n_ev < n && w->key[w->n_ev] < end; w->n_ev++)
		w->ev[turn][w->n_ev] = w->all[w->at[w->n_ev]];
	w->n_pending = n - w->n_ev;
	arr_reserve(w->pending, w->n_pending, w->cap_pending);
	for (size_t i = 0; i < w->n_pending; i++)
		w->pending[i] = w->all[w->at[w->n_ev + i]];
	return 0;
}

int world_next(struct world *w, void (*meanwhile)(void *ctx), void *ctx, const struct world_event **ev, size_t *n, struct err *e)
{
	struct round r = { w, meanwhile, ctx };
	int turn = *ev == w->ev[0];

	if (w->written == w->o.n_events || !w->o.n_users || !w->n_items) {
		live_chunk(&r, 0, 0);
		return 0;
	}
	do {
		par_for(w->pool, w->n_chunks + 1, live_chunk, &r);
		r.meanwhile = NULL;
		int ret = sort_day(w, turn, e);
		if (ret)
			return ret;
		w->day++;
	} while (!w->n_ev);
	*n = w->n_ev < w->o.n_events - w->written ? w->n_ev : (size_t)(w->o.n_events - w->written);
	*ev = w->ev[turn];
	w->written += *n;
	return 1;
}

const struct str world_what[] = { { "play", 4 }, { "skip", 4 }, { "like", 4 } };

void world_get(const struct world *w, const struct world_event *x, struct event *ev)
{
	*ev = (struct event){ .user = w->user_id.str[x->user], .item = w->item_id.str[x->item], .time = x->time, .kind = world_what[x->what],
			      .value = x->what == WORLD_LIKE ? VALUE_NONE : (double)x->seconds, .context = w->context[x->is_shuffle][situation_number(x->at)] };
}

size_t world_n_items(const struct world *w) { return w->n_items; }
const struct vocab *world_users(const struct world *w) { return &w->user_id; }
const struct vocab *world_items(const struct world *w) { return &w->item_id; }

void world_put_item(const struct world *w, size_t i, struct buf *b)
{
	const struct item *it = &w->item[i];
	const struct creator *c = &w->creator[it->creator];
	const struct group *g = &w->group[it->group];
	int top = 0, year, month, day;

	for (int d = 1; d < WORLD_DIM; d++)
		if (fabsf(it->v[d]) > fabsf(it->v[top]))
			top = d;
	buf_puts(b, w->item_id.str[i].p);
	buf_printf(b, "\t%s\t%s\t%s\t%s\t", words_kind((enum world_kind)c->kind), it->title, c->name, g->title);
	if (c->kind == WORLD_PODCAST) {
		date_of((int64_t)g->released + 7 * (int64_t)it->place, &year, &month, &day);
		buf_printf(b, "%04d-%02d-%02d", year, month, day);
	} else {
		buf_put_i64(b, g->released);
	}
	buf_putc(b, '\t');
	buf_put_f32(b, it->seconds);
	buf_printf(b, "\t%s;%s", words_genre((enum world_kind)c->kind, c->genre), words_mood((enum world_kind)c->kind, top, it->v[top] < 0));
}

/* ---- the truth ---- */

void world_place(const struct world *w, uint32_t user, size_t later, float p[WORLD_DIM])
{
	world_stand(w, &w->user[user], (double)w->day + (double)later, p);
}

float world_like(const struct world *w, const float p[WORLD_DIM], uint32_t item)
{
	return fm_sigmoidf(world_affinity(p, w->item[item].v) + w->item[item].appeal);
}

uint64_t world_seed(const struct world *w, size_t later) { return w->o.seed + 0x9e3779b97f4a7c15ULL * (w->day + later + 1); }
int64_t world_midnight(const struct world *w, size_t later) { return w->o.start + (int64_t)(w->day + later) * DAY; }

int64_t world_session(const struct world *w, uint32_t user, size_t later, struct pcg32 *r, struct situation *at)
{
	int64_t midnight = world_midnight(w, later);
	bool is_weekend = world_is_weekend(midnight);
	struct session s = world_draw_session(&w->user[user], midnight, is_weekend, r);

	*at = situation_draw(r, s.hour, is_weekend, s.kind, !(w->o.context > 0));
	return s.time;
}

float world_seconds(const struct world *w, uint32_t item) { return w->item[item].seconds; }
const float *world_item_place(const struct world *w, uint32_t item) { return w->item[item].v; }
struct str world_context(const struct world *w, struct situation at) { return w->context[0][situation_number(at)]; }

double world_preference(const struct world *w, uint32_t user, uint32_t item, struct situation at)
{
	float p[WORLD_DIM];

	world_place(w, user, 0, p);
	world_move_to(w, user, at, p);
	return (double)world_like(w, p, item);
}

/* kind_shares - of a listener's plays; what could not be is as if nothing was known of it. */
static void kind_shares(const struct world *w, const struct listener *l, struct situation at, double out[WORLD_KINDS])
{
	double all = 0;

	for (int k = 0; k < WORLD_KINDS; k++)
		all += out[k] = world_plays[k] * l->share[k] * (w->o.context > 0 ? w->chance[k][situation_number(at)] : 1);
	if (!(all > 0))
		for (int k = 0; k < WORLD_KINDS; k++)
			all += out[k] = world_plays[k] * l->share[k];
	for (int k = 0; k < WORLD_KINDS; k++)
		out[k] /= all;
}

/* item_shares - share [n_items] for the items of c, which add up to sum. */
static void item_shares(const struct world *w, const struct creator *c, const float *p, double sum, double *share)
{
	bool is_weighed = w->o.context > 0 && c->kind == WORLD_MUSIC;
	double all = 0;

	for (size_t i = c->first; i < c->first + c->n; i++)
		all += share[i] = (double)w->item[i].share * (is_weighed ? (double)world_item_weight(&w->item[i], p) : 1);
	for (size_t i = c->first; i < c->first + c->n; i++)
		share[i] = is_weighed ? share[i] / all * sum : sum * share[i];
}

void world_shares(const struct world *w, uint32_t user, struct situation at, double *share)
{
	const struct listener *l = &w->user[user];
	double kind[WORLD_KINDS];
	float p[WORLD_DIM];

	world_stand(w, l, (double)w->day, p);
	world_move_to(w, user, at, p);
	kind_shares(w, l, at, kind);
	for (int k = 0; k < WORLD_KINDS; k++) {
		size_t end = w->first_creator[k + 1], n = end - w->first_creator[k];
		double sum = 0;
		for (size_t j = w->first_creator[k]; j < end; j++) {
			const struct creator *c = &w->creator[j];
			share[c->first] = c->weight * (double)fm_expf(SEEK * world_affinity(p, c->v));
			sum += share[c->first];
		}
		for (size_t j = w->first_creator[k]; j < end; j++) {
			const struct creator *c = &w->creator[j];
			double drawn = (1 - w->o.noise) * share[c->first] / sum + w->o.noise / (double)n;
			item_shares(w, c, p, kind[k] * drawn, share);
		}
	}
}
