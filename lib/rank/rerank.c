#include <string.h>

#include "rerank.h"
#include "../base/mem.h"
#include "../base/sort.h"

void rerank_reset(struct rerank *r)
{
	r->n = r->n_from = r->n_kept = 0;
	arena_reset(&r->bytes);
	vocab_reset(&r->item);
}

void rerank_release(struct rerank *r)
{
	mem_free(r->cand);
	mem_free(r->from);
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

/* add_from - is this the first that the source says of the candidate? */
static bool add_from(struct rerank *r, uint32_t cand, double score, struct str source)
{
	uint32_t k = vocab_add(&r->source, source.p, source.len);

	for (uint32_t at = r->cand[cand].last_from; at; at = r->from[at - 1].before)
		if (r->from[at - 1].source == k) {
			if (score > r->from[at - 1].score)
				r->from[at - 1].score = score;
			return false;
		}
	arr_reserve(r->from, r->n_from + 1, r->cap_from);
	r->from[r->n_from++] = (struct rerank_from){ .score = score, .source = k, .cand = cand, .before = r->cand[cand].last_from };
	r->cand[cand].last_from = (uint32_t)r->n_from;
	return true;
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
	if (add_from(r, i, score, source)) {
		char *p = arena_alloc(&r->bytes, c->source.len + 1 + source.len);
		memcpy(p, c->source.p, c->source.len);
		p[c->source.len] = '+';
		memcpy(p + c->source.len + 1, source.p, source.len);
		c->source = (struct str){ p, c->source.len + 1 + source.len };
	}
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
	if (sort_stable(r->from, r->n_from, sizeof *r->from, by_source, r, e))
		return e->code;
	for (size_t i = 0; i < r->n_from; i++)
		r->from[i].place = i && r->from[i].source == r->from[i - 1].source ? r->from[i - 1].place + 1 : 1;
	return 0;
}

/* ---- stages 4 to 7 ---- */

struct key { double value; struct str item; uint32_t i; bool is_dropped; };	/* of a candidate, to be sorted: a third of its size */

static int by_value(const void *a, const void *b, void *ctx)
{
	const struct key *x = a, *y = b;

	(void)ctx;
	if (x->is_dropped != y->is_dropped)
		return x->is_dropped ? 1 : -1;
	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return str_cmp(x->item, y->item);
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
		/* halves: the difference of two finite doubles may overflow */
		c->scaled = c->drop ? 0 : max > min ? (c->score / 2 - min / 2) / (max / 2 - min / 2) : 1;
		c->blend = c->has_stays_score ? c->stays_score : (1 - share) * c->scaled + share * (w < 0 ? 1 - c->pop : c->pop);
	}
}

/* number_places - place_in and place_blend; key is then in the order of stage 5. */
static int number_places(struct rerank *r, struct key *key, struct err *e)
{
	for (size_t i = 0; i < r->n; i++)
		key[i] = (struct key){ r->cand[i].came, r->cand[i].item, (uint32_t)i, false };
	if (sort_stable(key, r->n, sizeof *key, by_value, NULL, e))
		return ERR_MEM;
	for (size_t i = 0; i < r->n; i++) {
		struct rerank_cand *c = &r->cand[key[i].i];
		c->place_in = i + 1;
		key[i] = (struct key){ c->blend, c->item, key[i].i, c->drop != DROP_NOT };
	}
	if (sort_stable(key, r->n, sizeof *key, by_value, NULL, e))
		return ERR_MEM;
	for (size_t i = 0; i < r->n; i++)
		r->cand[key[i].i].place_blend = key[i].is_dropped ? 0 : i + 1;
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

static size_t put_in_order(struct rerank *r, struct rerank_cand *to, const struct key *key)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		to[i] = r->cand[key[i].i];
		n += !key[i].is_dropped;
	}
	memcpy(r->cand, to, r->n * sizeof *to);
	return n;
}

/* put_first - those listed, the others behind them as they stand. */
static void put_first(struct rerank *r, struct rerank_cand *to, const uint32_t *list)
{
	size_t n = r->n_kept;

	for (size_t i = 0; i < r->n_kept; i++)
		to[i] = r->cand[list[i]];
	for (size_t i = 0; i < r->n; i++)
		if (r->cand[i].drop)
			to[n++] = r->cand[i];
	memcpy(r->cand, to, r->n * sizeof *to);
}

int rerank_run(struct rerank *r, const struct rerank_opts *o, struct err *e)
{
	if (!r->n)
		return 0;
	struct key *key = mem_try(r->n, sizeof *key, "candidates", e);
	struct rerank_cand *to = mem_try(r->n, sizeof *to, "candidates", e);
	uint32_t *list = mem_try(r->n, sizeof *list, "candidates", e);
	int ret = key && to && list ? 0 : ERR_MEM;

	if (!ret) {
		scale_and_blend(r, o->pop_weight);
		ret = number_places(r, key, e);
	}
	if (!ret)
		ret = rerank_compose(r, o, put_in_order(r, to, key), list, e);
	if (!ret) {
		put_first(r, to, list);
		let_fall(r);
	}
	mem_free(key);
	mem_free(to);
	mem_free(list);
	return ret;
}
