/*
 * rank-side - the side files: what may be shown, what the user has, titles and creators, popularity, vectors.
 */
#include "../lib/num/num.h"
#include "rank.h"

struct side side;

static void read_ids(struct vocab *v, const struct opt_list *files, struct err *e)
{
	const struct str *field;
	size_t n;
	int got = 0;

	for (size_t i = 0; i < files->n; i++) {
		struct tabler *r = tabler_open(files->v[i], NULL, o.has_header, e);
		if (!r)
			die_err(e);
		while ((got = tabler_next(r, &field, &n, e)) == 1)
			vocab_add(v, field[0].p, field[0].len);
		if (got < 0 || tabler_prov(r, &prov, &inputs, e))
			die_err(e);
		tabler_close(r);
	}
}

static void load_seen(struct err *e)
{
	struct inter_opts io = { .has_header = o.has_header, .weight = o.score || o.why ? tastes_see : NULL };

	if (inter_load(&side.seen, o.seen.v, o.seen.n, &io, &prov, &inputs, e))
		die_err(e);
	tastes_seen(e);
}

void side_load(struct err *e)
{
	read_ids(&side.allow, &o.allow, e);
	read_ids(&side.deny, &o.deny, e);
	if (o.items && items_load(&side.items, o.items, o.has_header, &prov, &inputs, e))
		die_err(e);
	tastes_open(e);
	if (o.seen.n)
		load_seen(e);
	if (o.model && pop_load(&side.pop, o.model, &prov, &inputs, e))
		die_err(e);
	if (o.because) {
		if (vecs_load(&side.vecs, o.because, &prov, &inputs, e))
			die_err(e);
		for (size_t r = 0; r < side.vecs.n; r++) {
			struct str id = vecs_id(&side.vecs, r);
			if (vocab_add(&side.vec_row, id.p, id.len) != r) {
				char c[ERR_CLIP_MAX];
				die(EXIT_DATA, "%s: the id '%s' of vector %zu was there before", o.because,
				    err_clip(c, id.p, id.len), r + 1);
			}
		}
	}
}

void mark_filters(struct seat *s)
{
	uint32_t u = vocab_find(&side.seen.user, s->user.p, s->user.len);

	for (size_t i = 0; i < s->list.n; i++) {
		struct rerank_cand *c = &s->list.cand[i];
		uint32_t it = u == VOCAB_NONE ? VOCAB_NONE : vocab_find(&side.seen.item, c->item.p, c->item.len);
		if (o.allow.n && vocab_find(&side.allow, c->item.p, c->item.len) == VOCAB_NONE)
			c->drop = DROP_ALLOW;
		else if (o.deny.n && vocab_find(&side.deny, c->item.p, c->item.len) != VOCAB_NONE)
			c->drop = DROP_DENY;
		else if (it != VOCAB_NONE && csr_has(&side.seen.m, u, it))
			c->drop = DROP_SEEN;
		c->creator = items_get(&side.items, c->item, ITEM_CREATOR);
		c->pop = o.model ? pop_scaled(&side.pop, c->item) : 0;
	}
}

struct str title_or_id(struct str id)
{
	struct str t = items_get(&side.items, id, ITEM_TITLE);

	return t.len ? t : id;
}

uint32_t nearest_own(uint32_t u, struct str item, float *cosine)
{
	uint32_t best = VOCAB_NONE, row = vocab_find(&side.vec_row, item.p, item.len);
	size_t d = side.vecs.d;

	*cosine = 0;
	if (u == VOCAB_NONE || row == VOCAB_NONE)
		return best;
	const float *x = vecs_row(&side.vecs, row);
	double xx = num_norm(x, d);
	for (size_t j = side.seen.m.start[u]; j < side.seen.m.start[u + 1]; j++) {
		struct str id = side.seen.item.str[side.seen.m.col[j]];
		uint32_t r = vocab_find(&side.vec_row, id.p, id.len);
		if (r == VOCAB_NONE || r == row)
			continue;
		const float *y = vecs_row(&side.vecs, r);
		double yy = num_norm(y, d);
		float c = xx > 0 && yy > 0 ? (float)(num_dot(x, y, d) / xx / yy) : 0;
		if (c > *cosine || (c == *cosine && best != VOCAB_NONE && str_cmp(id, side.seen.item.str[best]) < 0)) {
			*cosine = c;
			best = side.seen.m.col[j];
		}
	}
	return best;
}

void side_release(void)
{
	vocab_release(&side.allow);
	vocab_release(&side.deny);
	vocab_release(&side.vec_row);
	items_release(&side.items);
	inter_release(&side.seen);
	vecs_release(&side.vecs);
	pop_release(&side.pop);
}
