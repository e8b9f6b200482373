/* rerank_compose - stage 6 and 7 of rerank.h: the list, place by place. */
#include <math.h>
#include <string.h>

#include "rerank.h"
#include "../base/mem.h"

enum { IS_OPEN = HELD_COUNT, IS_TAKEN };

struct owner { uint32_t count, last; };		/* of a creator or group: how many in the list; 1 + the place of the last, 0 none */

struct compose {
	struct rerank *r;
	const struct rerank_opts *o;
	size_t n, k, n_list;
	uint32_t *list;
	uint8_t *state;			/* [n] enum rerank_held, or IS_OPEN or IS_TAKEN */
	double *blend, *gain, *open_gain, *open_spread;	/* [n]; open_..: of those open, side by side */
	uint32_t *open;			/* [n] which they are */
	uint32_t *creator, *group, *kinds, *row;	/* [n] */
	const float **vec;		/* [n] */
	struct owner *by_creator, *by_group;
	size_t n_creators, n_groups;
	struct diverse diverse;
	struct mix_fit mix[RERANK_MIXES];
	size_t mix_of[RERANK_MIXES], n_mixes;	/* which of the options; users who have nothing of a facet go without */
	struct quotas quotas;
	bool has_floors;
	struct pcg32 rng;
};

/* ---- before a list ---- */

static size_t number_strings(struct compose *c, uint32_t *out, size_t offset)
{
	vocab_reset(&c->r->scratch);
	for (size_t i = 0; i < c->n; i++) {
		const struct str *s = (const struct str *)(const void *)((const char *)&c->r->cand[i] + offset);
		out[i] = s->len ? vocab_add(&c->r->scratch, s->p, s->len) : VOCAB_NONE;
	}
	return c->r->scratch.n;
}

static int gather(struct compose *c, struct err *e)
{
	size_t n = c->n;
	bool is_ok = (c->state = mem_try(n, sizeof *c->state, "candidates", e)) && (c->blend = mem_try(n, sizeof *c->blend, "candidates", e)) &&
		     (c->gain = mem_try(n, sizeof *c->gain, "candidates", e)) && (c->open_gain = mem_try(n, sizeof *c->open_gain, "candidates", e)) &&
		     (c->open_spread = mem_try(n, sizeof *c->open_spread, "candidates", e)) && (c->open = mem_try(n, sizeof *c->open, "candidates", e)) &&
		     (c->creator = mem_try(n, sizeof *c->creator, "candidates", e)) && (c->group = mem_try(n, sizeof *c->group, "candidates", e)) &&
		     (c->kinds = mem_try(n, sizeof *c->kinds, "candidates", e)) && (c->row = mem_try(n, sizeof *c->row, "candidates", e)) &&
		     (c->vec = mem_try(n, sizeof *c->vec, "candidates", e)) && (c->by_creator = mem_try(n, sizeof *c->by_creator, "candidates", e)) &&
		     (c->by_group = mem_try(n, sizeof *c->by_group, "candidates", e));

	if (!is_ok)
		return ERR_MEM;
	if (c->o->per_creator || c->o->space_creator)
		c->n_creators = number_strings(c, c->creator, offsetof(struct rerank_cand, creator));
	else
		memset(c->creator, 0xff, n * sizeof *c->creator);
	if (c->o->space_group)
		c->n_groups = number_strings(c, c->group, offsetof(struct rerank_cand, group));
	else
		memset(c->group, 0xff, n * sizeof *c->group);
	for (size_t i = 0; i < n; i++) {
		c->blend[i] = c->r->cand[i].blend;
		c->kinds[i] = c->r->cand[i].kinds;
		c->row[i] = c->r->cand[i].row;
		c->vec[i] = c->r->cand[i].vec;
	}
	return 0;
}

/* begin - an empty list of k. */
static int begin(struct compose *c, size_t k, struct err *e)
{
	const struct rerank_opts *o = c->o;

	c->k = k;
	c->n_list = c->r->n_unspaced = 0;
	memset(c->by_creator, 0, c->n_creators * sizeof *c->by_creator);
	memset(c->by_group, 0, c->n_groups * sizeof *c->by_group);
	memset(c->state, IS_OPEN, c->n);
	pcg32_seed(&c->rng, o->seed, c->r->stream);
	if (o->diversity > 0 && diverse_begin(&c->diverse, o->how, &o->by, c->vec, c->row, c->n, k, e))
		return ERR_MEM;
	if (o->n_quotas && quotas_begin(&c->quotas, o->quota, o->n_quotas, c->kinds, c->n, c->creator, c->n_creators, o->per_creator, k, e))
		return ERR_MEM;
	c->has_floors = o->n_quotas && quotas_has_floors(&c->quotas);
	c->n_mixes = 0;
	for (size_t a = 0; a < o->n_mixes; a++) {
		if (!(o->mix[a].weight > 0) || !c->r->mix[a].n)
			continue;
		if (mix_begin(&c->mix[c->n_mixes], &c->r->mix[a], o->mix[a].facets, c->row, c->n, e))
			return ERR_MEM;
		c->mix_of[c->n_mixes++] = a;
	}
	for (size_t i = 0; i < c->n; i++) {
		struct rerank_cand *x = &c->r->cand[i];
		memset(x->held, 0, sizeof x->held);
		x->was_spaced = x->was_due = x->was_drawn = false;
		x->near = 0;
		x->near_to = VOCAB_NONE;
	}
	return 0;
}

static void end(struct compose *c)
{
	diverse_release(&c->diverse);
	quotas_release(&c->quotas);
	for (size_t a = 0; a < c->n_mixes; a++)
		mix_fit_release(&c->mix[a]);
	c->n_mixes = 0;
}

static void release(struct compose *c)
{
	void *const part[] = { c->state, c->blend, c->gain, c->open_gain, c->open_spread, c->open, c->creator, c->group, c->kinds, c->row, (void *)c->vec, c->by_creator, c->by_group };

	end(c);
	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		mem_free(part[i]);
}

/* ---- who may take a place ---- */

static bool is_over(const struct compose *c, size_t i)
{
	return c->o->per_creator && c->creator[i] != VOCAB_NONE && c->by_creator[c->creator[i]].count >= c->o->per_creator;
}

/* distance_kept - how many others more than asked stand between i at the next place and the last of its creator or group: below 0 it is too near. */
static int64_t distance_kept(const struct owner *of, uint32_t owner, size_t space, size_t n_list)
{
	if (!space || owner == VOCAB_NONE || !of[owner].last)
		return INT64_MAX;
	return (int64_t)(n_list - of[owner].last) - (int64_t)space;
}

static int64_t distance(const struct compose *c, size_t i)
{
	int64_t a = distance_kept(c->by_creator, c->creator[i], c->o->space_creator, c->n_list);
	int64_t b = distance_kept(c->by_group, c->group[i], c->o->space_group, c->n_list);

	return a < b ? a : b;
}

static bool is_near(const struct owner *of, uint32_t owner, size_t space, size_t n_list)
{
	return space && owner != VOCAB_NONE && of[owner].last && n_list - of[owner].last < space;
}

/* sort_out - the state of each for the next place, by caps and distance. Returns whether anybody is left by the caps. */
static bool sort_out(struct compose *c)
{
	int64_t most = INT64_MIN;

	for (size_t i = 0; i < c->n; i++) {
		if (c->state[i] == IS_TAKEN)
			continue;
		if (is_over(c, i)) {
			c->state[i] = HELD_CREATOR;
		} else if (c->o->n_quotas && !quotas_allow(&c->quotas, i)) {
			c->state[i] = HELD_CAP;
		} else {
			bool is_kept = !is_near(c->by_creator, c->creator[i], c->o->space_creator, c->n_list) && !is_near(c->by_group, c->group[i], c->o->space_group, c->n_list);
			int64_t kept = is_kept ? 0 : distance(c, i);
			c->state[i] = is_kept ? IS_OPEN : HELD_SPACE;
			most = kept > most ? kept : most;
		}
	}
	if (most < 0 && most > INT64_MIN) {	/* nobody keeps the distance */
		for (size_t i = 0; i < c->n; i++)
			if (c->state[i] == HELD_SPACE && distance(c, i) == most)
				c->state[i] = IS_OPEN;
	}
	return most > INT64_MIN;
}

static void weigh_all(struct compose *c)
{
	double x = c->o->diversity;

	for (size_t i = 0; i < c->n; i++) {
		if (c->state[i] != IS_OPEN && c->state[i] != HELD_SPACE)
			continue;
		double g = (1 - x) * c->blend[i] + (x > 0 ? x * diverse_term(&c->diverse, i) : 0);
		for (size_t a = 0; a < c->n_mixes; a++)
			g -= c->o->mix[c->mix_of[a]].weight * (mix_if(&c->mix[a], i) - c->mix[a].now);
		c->gain[i] = g;
	}
}

static size_t best_open(const struct compose *c)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < c->n; i++)
		if (c->state[i] == IS_OPEN && (best == SIZE_MAX || c->gain[i] > c->gain[best]))
			best = i;
	return best;
}

/* is_before - i would be had before j. */
static bool is_before(const struct compose *c, size_t i, size_t j)
{
	return c->gain[i] > c->gain[j] || (c->gain[i] == c->gain[j] && i < j);
}

/*
 * least_short - the best of those open who misses no more than must be; those before it become HELD_FLOOR. SIZE_MAX: they all miss more, the least of it in *least. One walk, in which
 * only who is before the best so far is asked; those who were found wanting before a better one was met are open again.
 */
static size_t least_short(struct compose *c, double must, double *least)
{
	size_t best = SIZE_MAX, n_held = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->state[i] != IS_OPEN || (best != SIZE_MAX && !is_before(c, i, best)))
			continue;
		double s = quotas_short(&c->quotas, i);
		if (s <= must) {
			best = i;
			continue;
		}
		*least = s < *least ? s : *least;
		c->state[i] = HELD_FLOOR;
		c->open[n_held++] = (uint32_t)i;
	}
	for (size_t j = 0; j < n_held && best != SIZE_MAX; j++)
		if (!is_before(c, c->open[j], best))
			c->state[c->open[j]] = IS_OPEN;
	return best;
}

static void reopen(struct compose *c, uint8_t held)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->state[i] == held)
			c->state[i] = IS_OPEN;
}

/* hold_floors - the best of those open who miss least; with `all`, all who miss more are held, so that those open are all who might have been it. */
static size_t hold_floors(struct compose *c, bool all)
{
	double must = quotas_short(&c->quotas, SIZE_MAX), least = INFINITY;
	size_t best = least_short(c, must, &least);

	if (best == SIZE_MAX) {			/* at the cost of the distance, or as near to it as can be */
		for (size_t i = 0; i < c->n; i++)
			if (c->state[i] == HELD_SPACE && quotas_short(&c->quotas, i) < least)
				c->state[i] = IS_OPEN;
		if (best_open(c) == SIZE_MAX)
			reopen(c, HELD_FLOOR);
		best = least_short(c, must, &least);
		if (best == SIZE_MAX) {
			must = least;
			reopen(c, HELD_FLOOR);
			best = least_short(c, must, &least);
		}
	}
	for (size_t i = 0; i < c->n && all; i++)
		if (c->state[i] == IS_OPEN && i != best && quotas_short(&c->quotas, i) > must)
			c->state[i] = HELD_FLOOR;
	return best;
}

/* draw - one of those open. */
static size_t draw(struct compose *c, double *p)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->state[i] == IS_OPEN) {
			c->open[n] = (uint32_t)i;
			c->open_gain[n++] = c->gain[i];
		}
	for (size_t j = 0; j < n && c->o->explore.how == EXPLORE_THOMPSON; j++)
		c->open_spread[j] = c->r->cand[c->open[j]].spread;
	return c->open[explore_pick(&c->o->explore, c->open_gain, c->open_spread, n, &c->rng, p)];
}

/* ---- taking it ---- */

/* held_by - what put i, whose blend is the better one, behind j. */
static enum rerank_held held_by(struct compose *c, size_t i, size_t j)
{
	double most, x = c->o->diversity;
	enum rerank_held why = HELD_DIVERSITY;

	if (c->state[i] < HELD_COUNT)
		return (enum rerank_held)c->state[i];
	if (c->gain[i] >= c->gain[j])
		return HELD_CHANCE;
	most = x > 0 ? x * (diverse_term(&c->diverse, j) - diverse_term(&c->diverse, i)) : 0;
	for (size_t a = 0; a < c->n_mixes; a++) {
		double d = c->o->mix[c->mix_of[a]].weight * (mix_if(&c->mix[a], i) - mix_if(&c->mix[a], j));
		if (d > most) {
			most = d;
			why = HELD_MIX;
		}
	}
	return why;
}

static void note_held(struct compose *c, size_t j, bool is_shown)
{
	for (size_t i = 0; i < j; i++) {
		if (c->state[i] == IS_TAKEN)
			continue;
		enum rerank_held why = is_shown ? HELD_SHOWN : held_by(c, i, j);
		if (c->r->cand[i].held[why] < UINT16_MAX)
			c->r->cand[i].held[why]++;
	}
}

static void enter(struct owner *of, uint32_t owner, size_t place)
{
	if (owner == VOCAB_NONE)
		return;
	of[owner].count++;
	of[owner].last = (uint32_t)place;
}

static void take(struct compose *c, size_t i, bool is_shown)
{
	struct rerank_cand *x = &c->r->cand[i];

	if (c->o->wants_held)
		note_held(c, i, is_shown);
	if (c->o->diversity > 0) {
		x->near = c->diverse.near[i];
		x->near_to = c->diverse.near_to[i];
		diverse_take(&c->diverse, i);
	}
	for (size_t a = 0; a < c->n_mixes; a++)
		mix_take(&c->mix[a], i);
	if (c->o->n_quotas)
		quotas_take(&c->quotas, i);
	c->state[i] = IS_TAKEN;
	c->list[c->n_list++] = (uint32_t)i;
	enter(c->by_creator, c->creator[i], c->n_list);
	enter(c->by_group, c->group[i], c->n_list);
}

/* next_place - fill one; false: nobody may have it. */
static bool next_place(struct compose *c)
{
	bool is_drawn = c->o->explore.how != EXPLORE_NOT;
	double p = 1;

	if (!sort_out(c))
		return false;
	weigh_all(c);
	size_t best = c->has_floors ? hold_floors(c, is_drawn) : best_open(c);
	size_t got = is_drawn ? draw(c, &p) : best;
	struct rerank_cand *x = &c->r->cand[got];
	x->propensity = p;
	x->was_drawn = got != best;
	for (size_t i = 0; i < got; i++) {
		x->was_spaced |= c->state[i] == HELD_SPACE;
		x->was_due |= c->state[i] == HELD_FLOOR;
	}
	c->r->n_unspaced += distance(c, got) < 0;
	take(c, got, false);
	return true;
}

/* place_shown - those of the list shown before, in its order. */
static void place_shown(struct compose *c)
{
	for (size_t last = 0, next; c->n_list < c->k; last = next) {
		size_t at = SIZE_MAX;
		next = SIZE_MAX;
		for (size_t i = 0; i < c->n; i++) {
			size_t s = c->r->cand[i].stays;
			if (s > last && s < next) {
				next = s;
				at = i;
			}
		}
		if (at == SIZE_MAX)
			return;
		if (is_over(c, at) || (c->o->n_quotas && !quotas_allow(&c->quotas, at)))
			continue;
		c->r->cand[at].propensity = 1;
		take(c, at, true);
	}
}

/* is_plain - do no rules but the cap on creators have a say? */
static bool is_plain(const struct compose *c)
{
	const struct rerank_opts *o = c->o;

	for (size_t i = 0; i < c->n; i++)
		if (c->r->cand[i].stays)
			return false;
	return !(o->diversity > 0) && !c->n_mixes && !o->n_quotas && !o->space_creator && !o->space_group && o->explore.how == EXPLORE_NOT;
}

/* take_from_top - what the places would come to, in one walk. */
static void take_from_top(struct compose *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (is_over(c, i)) {
			c->state[i] = HELD_CREATOR;
			c->open[i] = (uint32_t)c->n_list;	/* where it was passed over */
		} else if (c->n_list < c->k) {
			c->r->cand[i].propensity = 1;
			c->state[i] = IS_TAKEN;
			c->list[c->n_list++] = (uint32_t)i;
			enter(c->by_creator, c->creator[i], c->n_list);
		}
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->state[i] == HELD_CREATOR && c->o->wants_held)
			c->r->cand[i].held[HELD_CREATOR] = (uint16_t)min_size(c->n_list - c->open[i], UINT16_MAX);
}

static void mark_rest(struct compose *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->state[i] != IS_TAKEN)
			c->r->cand[i].drop = is_over(c, i) ? DROP_CREATOR : c->o->n_quotas && !quotas_allow(&c->quotas, i) ? DROP_CAP : DROP_CUT;
	for (size_t q = 0; q < c->o->n_quotas; q++) {
		size_t due = quota_due(c->o->quota[q].least, c->n_list);
		c->r->missed[q] = due > c->quotas.count[q] ? due - c->quotas.count[q] : 0;
	}
	c->r->n_kept = c->n_list;
}

/* count_reachable - how many that are of one of these quotas, or of none of them, could come, if there were no caps but that on creators. */
static size_t count_reachable(struct compose *c, uint32_t quotas, bool is_of)
{
	size_t n = 0;

	memset(c->by_creator, 0, c->n_creators * sizeof *c->by_creator);
	for (size_t i = 0; i < c->n; i++)
		if (((c->kinds[i] & quotas) != 0) == is_of && !is_over(c, i)) {
			n++;
			if (c->creator[i] != VOCAB_NONE)
				c->by_creator[c->creator[i]].count++;
		}
	return n;
}

/*
 * fitting - a list that came out k long has more than its caps allow for that: how long the next one may be. With a cap near 1 a list of nothing else loses one place in a thousand each time it is made; so what
 * must be lost is taken off at once: no list is longer than what it may have of a kind and all others, for each cap, nor than what it may have of all of them and those that no cap is about.
 */
static size_t fitting(struct compose *c, size_t k)
{
	const struct rerank_opts *o = c->o;
	uint32_t caps = c->quotas.caps;
	size_t of[QUOTA_MAX], other[QUOTA_MAX], free = count_reachable(c, caps, false), was;

	for (uint32_t left = caps; left; left &= left - 1) {
		size_t q = (size_t)__builtin_ctz(left);
		of[q] = count_reachable(c, 1u << q, true);
		other[q] = count_reachable(c, 1u << q, false);
	}
	do {
		size_t all = free;
		was = k;
		for (uint32_t left = caps; left; left &= left - 1) {
			size_t q = (size_t)__builtin_ctz(left), may = min_size(of[q], quota_due(o->quota[q].most, was));
			k = min_size(k, other[q] + may);
			all += may;
		}
		k = min_size(k, all);
	} while (k < was);
	return k;
}

int rerank_compose(struct rerank *r, const struct rerank_opts *o, size_t n, uint32_t *list, struct err *e)
{
	struct compose c = { .r = r, .o = o, .n = n, .list = list };
	size_t k = o->k < n ? o->k : n;
	int ret = gather(&c, e);

	for (bool is_done = false; !ret && !is_done;) {
		end(&c);
		if ((ret = begin(&c, k, e)))
			break;
		if (is_plain(&c)) {
			take_from_top(&c);
			break;
		}
		place_shown(&c);
		while (c.n_list < k && next_place(&c))
			;
		is_done = !o->n_quotas || quotas_keep(&c.quotas);
		k = is_done ? k : fitting(&c, c.n_list);
	}
	if (!ret)
		mark_rest(&c);
	release(&c);
	return ret;
}
