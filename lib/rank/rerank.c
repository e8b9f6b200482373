#include <string.h>

#include "rerank.h"
#include "../base/mem.h"
#include "../base/sort.h"

void rerank_reset(struct rerank *r)
{
	r->n = r->n_from = 0;
	arena_reset(&r->bytes);
	vocab_reset(&r->item);
}

void rerank_release(struct rerank *r)
{
	mem_free(r->cand);
	mem_free(r->from);
	vocab_release(&r->source);
	arena_release(&r->bytes);
	vocab_release(&r->item);
	*r = (struct rerank){ 0 };
}

const char *rerank_drop_name(enum rerank_drop d)
{
	static const char *const name[] = { "", "allow", "deny", "seen", "per-creator", "cut" };

	return name[d];
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
							.features = keep(r, features) };
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

static int by_came(const void *a, const void *b, void *ctx)
{
	const struct rerank_cand *x = a, *y = b;

	(void)ctx;
	if (x->came != y->came)
		return x->came > y->came ? -1 : 1;
	return str_cmp(x->item, y->item);
}

static int by_blend(const void *a, const void *b, void *ctx)
{
	const struct rerank_cand *x = a, *y = b;

	(void)ctx;
	if (!x->drop != !y->drop)
		return !x->drop ? -1 : 1;
	if (x->blend != y->blend)
		return x->blend > y->blend ? -1 : 1;
	return str_cmp(x->item, y->item);
}

static void scale_and_blend(struct rerank *r, double w)
{
	double min = 0, max = 0;
	bool is_first = true;

	for (size_t i = 0; i < r->n; i++) {
		double s = r->cand[i].score;
		if (r->cand[i].drop)
			continue;
		min = is_first || s < min ? s : min;
		max = is_first || s > max ? s : max;
		is_first = false;
	}
	for (size_t i = 0; i < r->n; i++) {
		struct rerank_cand *c = &r->cand[i];
		/* halves: the difference of two finite doubles may overflow */
		c->scaled = c->drop ? 0 : max > min ? (c->score / 2 - min / 2) / (max / 2 - min / 2) : 1;
		c->blend = (1 - w) * c->scaled + w * c->pop;
	}
}

static void cap_and_cut(struct rerank *r, const struct rerank_opts *o)
{
	struct vocab creator = { 0 };
	size_t *count = NULL, cap = 0, kept = 0;

	for (size_t i = 0; i < r->n && !r->cand[i].drop; i++) {
		struct rerank_cand *c = &r->cand[i];
		if (o->per_creator && c->creator.len) {
			size_t n_before = creator.n;
			uint32_t id = vocab_add(&creator, c->creator.p, c->creator.len);
			arr_reserve(count, creator.n, cap);
			if (id == n_before)
				count[id] = 0;
			if (count[id] == o->per_creator) {
				c->drop = DROP_CREATOR;
				continue;
			}
			count[id]++;
		}
		if (kept == o->k)
			c->drop = DROP_CUT;
		else
			kept++;
	}
	mem_free(count);
	vocab_release(&creator);
}

int rerank_run(struct rerank *r, const struct rerank_opts *o, struct err *e)
{
	if (sort_stable(r->cand, r->n, sizeof *r->cand, by_came, NULL, e))
		return e->code;
	for (size_t i = 0; i < r->n; i++)
		r->cand[i].place_in = i + 1;
	scale_and_blend(r, o->pop_weight);
	if (sort_stable(r->cand, r->n, sizeof *r->cand, by_blend, NULL, e))
		return e->code;
	cap_and_cut(r, o);
	/* kept first, in order; the dropped behind them */
	return sort_stable(r->cand, r->n, sizeof *r->cand, by_blend, NULL, e);
}
