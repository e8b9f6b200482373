#include <math.h>
#include <string.h>

#include "rerank.h"
#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/num.h"

void rerank_reset(struct rerank *r)
{
	r->n = r->n_from = r->n_kept = r->n_found = 0;
	arena_reset(&r->bytes);
	vocab_reset(&r->item);
}

void rerank_release(struct rerank *r)
{
	mem_free(r->cand);
	mem_free(r->spare);
	mem_free(r->from);
	mem_free(r->slot);
	vocab_release(&r->source);
	vocab_release(&r->scratch);
	arena_release(&r->bytes);
	vocab_release(&r->item);
	*r = (struct rerank){ 0 };
}

const char *rerank_drop_name(enum rerank_drop d)
{
	static const char *const name[] = { "", "allow", "deny", "seen", "never", "per-creator", "cap", "cut" };

	return name[d];
}

const char *rerank_held_name(enum rerank_held h)
{
	static const char *const name[] = { "per-creator", "cap", "floor", "space", "diversity", "mix", "chance", "shown" };

	return name[h];
}

static struct str keep(struct rerank *r, struct str s)
{
	return (struct str){ arena_bytes(&r->bytes, s.p, s.len), s.len };
}

/* MANY - sources of a candidate that are looked through one after the other; beyond that there is a table. */
enum { MANY = 16 };

/* slot_of - that of what a source says of a candidate, or the empty one where it would be. */
static uint32_t *slot_of(const struct rerank *r, uint32_t cand, uint32_t source)
{
	uint64_t at = (((uint64_t)cand << 32 | source) * 0x9e3779b97f4a7c15u) >> 32;

	for (;; at++) {
		uint32_t *slot = &r->slot[at & (r->n_slots - 1)];
		const struct rerank_from *f = *slot ? &r->from[*slot - 1] : NULL;
		if (!f || (f->cand == cand && f->source == source))
			return slot;
	}
}

/* put_slots - all of from have a slot, and half of the slots are empty. */
static void put_slots(struct rerank *r)
{
	if (2 * r->n_from > r->n_slots) {
		mem_free(r->slot);
		for (r->n_slots = 1024; r->n_slots < 4 * r->n_from;)
			r->n_slots *= 2;
		r->slot = mem_new(r->n_slots, sizeof *r->slot);
		r->n_found = 0;
	} else if (!r->n_found) {
		memset(r->slot, 0, r->n_slots * sizeof *r->slot);
	}
	for (; r->n_found < r->n_from; r->n_found++)
		*slot_of(r, r->from[r->n_found].cand, r->from[r->n_found].source) = (uint32_t)r->n_found + 1;
}

/* find_from - 1 + index of what a source said of a candidate, 0: nothing yet. */
static uint32_t find_from(struct rerank *r, uint32_t cand, uint32_t source)
{
	size_t n = 0;

	for (uint32_t at = r->n_found ? 0 : r->cand[cand].last_from; at; at = r->from[at - 1].before) {
		if (r->from[at - 1].source == source)
			return at;
		if (++n == MANY) {
			put_slots(r);
			break;
		}
	}
	return r->n_found ? *slot_of(r, cand, source) : 0;
}

/* add_from - is this the first that the source says of the candidate? */
static bool add_from(struct rerank *r, uint32_t cand, double score, struct str source)
{
	uint32_t k = vocab_add(&r->source, source.p, source.len), at = find_from(r, cand, k);

	if (at) {
		if (score > r->from[at - 1].score)
			r->from[at - 1].score = score;
		return false;
	}
	arr_reserve(r->from, r->n_from + 1, r->cap_from);
	r->from[r->n_from++] = (struct rerank_from){ .score = score, .source = k, .cand = cand, .before = r->cand[cand].last_from };
	r->cand[cand].last_from = (uint32_t)r->n_from;
	if (r->n_found)
		put_slots(r);
	return true;
}

/* join - one more source to the names of a candidate's; the room for them doubles, so that many take no more than their length a few times. */
static void join(struct rerank *r, struct rerank_cand *c, struct str source)
{
	size_t need = c->source.len + 1 + source.len;

	if (need > c->cap_source) {
		char *p = arena_alloc(&r->bytes, 2 * need);
		memcpy(p, c->source.p, c->source.len);
		c->source.p = p;
		c->cap_source = (uint32_t)min_size(2 * need, UINT32_MAX);
	}
	char *end = (char *)(uintptr_t)c->source.p + c->source.len;
	*end = '+';
	memcpy(end + 1, source.p, source.len);
	c->source.len = need;
}

size_t rerank_add(struct rerank *r, struct str item, double score, struct str source, struct str features)
{
	uint32_t i = vocab_add(&r->item, item.p, item.len);

	if (i == r->n) {
		arr_reserve(r->cand, r->n + 1, r->cap);
		r->cand[r->n++] = (struct rerank_cand){ .item = keep(r, item), .score = score, .came = score, .source = keep(r, source),
							.features = keep(r, features), .number = i, .row = VOCAB_NONE, .propensity = 1 };
		add_from(r, i, score, source);
		return i;
	}
	struct rerank_cand *c = &r->cand[i];
	if (score > c->score)
		c->score = c->came = score;
	if (add_from(r, i, score, source))
		join(r, c, source);
	if (!c->features.len)
		c->features = keep(r, features);
	return i;
}

static int by_source(const void *a, const void *b, void *ctx)
{
	const struct rerank_from *x = a, *y = b;
	const struct rerank *r = ctx;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return str_cmp(r->cand[x->cand].item, r->cand[y->cand].item);
}

int rerank_places(struct rerank *r, struct err *e)
{
	r->n_found = 0;
	if (sort_stable(r->from, r->n_from, sizeof *r->from, by_source, r, e))
		return e->code;
	for (size_t i = 0; i < r->n_from; i++)
		r->from[i].place = i && r->from[i].source == r->from[i - 1].source ? r->from[i - 1].place + 1 : 1;
	for (size_t i = 0; i < r->n; i++)
		r->cand[i].last_from = 0;
	for (size_t i = r->n_from; i--;) {
		struct rerank_cand *c = &r->cand[r->from[i].cand];
		r->from[i].before = c->last_from;
		c->last_from = (uint32_t)i + 1;
	}
	return 0;
}

/* ---- stages 4 to 7 ---- */

/* order_bits - whole numbers in the order in which larger values come first; -0 is 0. */
static uint64_t order_bits(double v)
{
	uint64_t bits;

	v += 0.0;
	memcpy(&bits, &v, sizeof bits);
	return bits >> 63 ? bits : ~bits & INT64_MAX;
}

struct tie { struct str item; uint32_t i; };

static int by_id(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct tie *)a)->item, ((const struct tie *)b)->item);
}

/* break_ties - n candidates of one value, by id. */
static int break_ties(const struct rerank *r, uint32_t *order, size_t n, struct err *e)
{
	struct tie *t = mem_try(n, sizeof *t, "candidates", e);
	int ret = t ? 0 : ERR_MEM;

	for (size_t i = 0; i < n && t; i++)
		t[i] = (struct tie){ r->cand[order[i]].item, order[i] };
	if (!ret)
		ret = sort_stable(t, n, sizeof *t, by_id, NULL, e);
	for (size_t i = 0; i < n && !ret; i++)
		order[i] = t[i].i;
	mem_free(t);
	return ret;
}

/* sort_order - order [n] by key, ascending, then by id. */
static int sort_order(const struct rerank *r, uint64_t *key, uint32_t *order, size_t n, struct err *e)
{
	int ret = sort_u64(key, order, n, e);

	for (size_t i = 0, end; i < n && !ret; i = end) {
		for (end = i + 1; end < n && key[end] == key[i];)
			end++;
		if (end > i + 1)
			ret = break_ties(r, order + i, end - i, e);
	}
	return ret;
}

static void scale_and_blend(struct rerank *r, double w)
{
	double min = 0, max = 0, share = w < 0 ? -w : w;
	bool is_first = true;

	for (size_t i = 0; i < r->n; i++) {
		double s = r->cand[i].score;
		if (r->cand[i].drop || r->cand[i].has_stays_score)
			continue;
		min = is_first || s < min ? s : min;
		max = is_first || s > max ? s : max;
		is_first = false;
	}
	for (size_t i = 0; i < r->n; i++) {
		struct rerank_cand *c = &r->cand[i];
		c->scaled = c->drop ? 0 : num_scaled(c->score, min, max);
		c->blend = c->has_stays_score ? c->stays_score : (1 - share) * c->scaled + share * (w < 0 ? 1 - c->pop : c->pop);
	}
}

/* number_places - place_in and place_blend; order is then that of stage 5, with those dropped before behind. */
static int number_places(struct rerank *r, uint64_t *key, uint32_t *order, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		key[i] = order_bits(r->cand[i].came);
		order[i] = (uint32_t)i;
	}
	if (sort_order(r, key, order, r->n, e))
		return ERR_MEM;
	for (size_t i = 0; i < r->n; i++) {
		struct rerank_cand *c = &r->cand[order[i]];
		c->place_in = i + 1;
		key[i] = c->drop ? UINT64_MAX : order_bits(c->blend);
	}
	if (sort_order(r, key, order, r->n, e))
		return ERR_MEM;
	for (size_t i = 0; i < r->n; i++)
		r->cand[order[i]].place_blend = r->cand[order[i]].drop ? 0 : i + 1;
	return 0;
}

/* let_fall - the score of each as it is shown. */
static void let_fall(struct rerank *r)
{
	static const double STEP = 1e-6;

	for (size_t i = 0; i < r->n; i++) {
		struct rerank_cand *c = &r->cand[i];
		c->shown = c->blend;
		if (!i || i >= r->n_kept)
			continue;
		const struct rerank_cand *above = c - 1;
		if (c->blend > above->shown || (c->blend == above->shown && str_cmp(c->item, above->item) < 0))
			c->shown = above->shown - STEP;
	}
}

/* turn_over - what was put in another order becomes the list; the other array is for the next time. */
static void turn_over(struct rerank *r)
{
	struct rerank_cand *c = r->cand;
	size_t cap = r->cap;

	r->cand = r->spare;
	r->cap = r->cap_spare;
	r->spare = c;
	r->cap_spare = cap;
}

static size_t put_in_order(struct rerank *r, const uint32_t *order)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		r->spare[i] = r->cand[order[i]];
		n += !r->spare[i].drop;
	}
	turn_over(r);
	return n;
}

/* put_first - those listed, the others behind them as they stand. */
static void put_first(struct rerank *r, const uint32_t *list)
{
	size_t n = r->n_kept;

	for (size_t i = 0; i < r->n_kept; i++)
		r->spare[i] = r->cand[list[i]];
	for (size_t i = 0; i < r->n; i++)
		if (r->cand[i].drop)
			r->spare[n++] = r->cand[i];
	turn_over(r);
}

int rerank_run(struct rerank *r, const struct rerank_opts *o, struct err *e)
{
	if (!r->n)
		return 0;
	uint64_t *key = mem_try(r->n, sizeof *key, "candidates", e);
	uint32_t *order = mem_try(r->n, sizeof *order, "candidates", e);
	int ret = key && order ? 0 : ERR_MEM;

	arr_reserve(r->spare, r->n, r->cap_spare);
	if (!ret) {
		scale_and_blend(r, o->pop_weight);
		ret = number_places(r, key, order, e);
	}
	if (!ret)
		ret = rerank_compose(r, o, put_in_order(r, order), order, e);
	if (!ret) {
		put_first(r, order);
		let_fall(r);
	}
	mem_free(key);
	mem_free(order);
	return ret;
}
