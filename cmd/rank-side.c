/*
 * rank-side - the side files: what may be shown, what the user has, titles and creators, popularity, vectors.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/num/num.h"
#include "rank.h"

struct side side;

static uint64_t n_candidates, n_asking;
static struct { bool items, allow, pop, because, vectors, users; } met;	/* have any of those who came been found there? */

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
	struct inter_opts io = { .has_header = o.has_header, .weight = tastes_see };

	if (inter_load(&side.seen, o.seen.v, o.seen.n, &io, &prov, &inputs, e))
		die_err(e);
	tastes_seen(e);
	side.newest = io.newest;
	if (!(side.seen_row = mem_try(side.seen.item.n, sizeof *side.seen_row, "rows of the catalogue", e)))
		die_err(e);
	for (size_t i = 0; i < side.seen.item.n; i++)
		side.seen_row[i] = vocab_find(&side.items.id, side.seen.item.str[i].p, side.seen.item.str[i].len);
}

static struct side_vecs *load_vecs(struct side_vecs *v, const char *path, struct err *e)
{
	v->path = path;
	if (vecs_load(&v->vecs, path, &prov, &inputs, e))
		die_err(e);
	for (size_t r = 0; r < v->vecs.n; r++) {
		struct str id = vecs_id(&v->vecs, r);
		if (vocab_add(&v->row, id.p, id.len) != r) {
			char c[ERR_CLIP_MAX];
			die(EXIT_DATA, "%s: the id '%s' of vector %zu was there before", file_shown(path), err_clip(c, id.p, id.len), r + 1);
		}
	}
	return v;
}

void side_load(struct err *e)
{
	side.newest = TIME_NONE;
	read_ids(&side.allow, &o.allow, e);
	read_ids(&side.deny, &o.deny, e);
	if (o.items && items_load(&side.items, o.items, o.has_header, &prov, &inputs, e))
		die_err(e);
	tastes_open(e);
	if (o.seen.n)
		load_seen(e);
	if (o.model && pop_load(&side.pop, o.model, &prov, &inputs, e))
		die_err(e);
	if (o.because)
		side.because = load_vecs(&side.files[0], o.because, e);
	if (o.vectors && o.diversity > 0)
		side.vectors = o.because && !strcmp(o.because, o.vectors) ? side.because : load_vecs(&side.files[1], o.vectors, e);
}

enum rerank_drop forbidden(uint32_t u, const struct rerank_cand *c)
{
	uint32_t it = u == VOCAB_NONE ? VOCAB_NONE : vocab_find(&side.seen.item, c->item.p, c->item.len);

	if (o.allow.n && vocab_find(&side.allow, c->item.p, c->item.len) == VOCAB_NONE)
		return DROP_ALLOW;
	if (o.deny.n && vocab_find(&side.deny, c->item.p, c->item.len) != VOCAB_NONE)
		return DROP_DENY;
	if (it != VOCAB_NONE && csr_has(&side.seen.m, u, it))
		return DROP_SEEN;
	return o.never.n && rules_never(c->row, c->item) ? DROP_NEVER : DROP_NOT;
}

/* meet - is the candidate in a file where none was found before? */
static void meet(const struct rerank_cand *c)
{
	met.items = met.items || c->row != VOCAB_NONE;
	met.vectors = met.vectors || c->vec;
	met.allow = met.allow || !side.allow.n || vocab_find(&side.allow, c->item.p, c->item.len) != VOCAB_NONE;
	met.pop = met.pop || (o.model && idtab_find(&side.pop.model.ids[MODEL_ITEMS], c->item.p, c->item.len) != VOCAB_NONE);
	met.because = met.because || (side.because && vector_of(side.because, c->item));
}

void mark_filters(struct seat *s)
{
	uint32_t u = vocab_find(&side.seen.user, s->user.p, s->user.len);

	n_asking++;
	n_candidates += s->list.n;
	met.users = met.users || u != VOCAB_NONE;
	for (size_t i = 0; i < s->list.n; i++) {
		struct rerank_cand *c = &s->list.cand[i];
		c->row = vocab_find(&side.items.id, c->item.p, c->item.len);
		c->drop = forbidden(u, c);
		c->creator = item_column(c->row, ITEM_CREATOR);
		c->pop = o.model ? pop_scaled(&side.pop, c->item) : 0;
		c->vec = side.vectors ? vector_of(side.vectors, c->item) : NULL;
		meet(c);
	}
}

void side_say(void)
{
	enum { MANY = 10 };		/* users: one alone, or two, may be new */
	const struct { bool was_met; uint64_t n; const char *what, *path, *so; } said[] = {
		{ met.items, n_candidates, "candidates", o.items, "it says nothing of them" },
		{ met.allow, n_candidates, "candidates", o.allow.n ? o.allow.v[0] : NULL, "none may come" },
		{ met.pop, n_candidates, "candidates", o.model, "it says nothing of them" },
		{ met.because, n_candidates, "candidates", side.because ? side.because->path : NULL, "it says nothing of them" },
		{ met.vectors, n_candidates, "candidates", side.vectors && side.vectors != side.because ? side.vectors->path : NULL, "it says nothing of them" },
		{ met.users || !side.seen.user.n || n_asking < MANY, n_asking, "users", o.seen.n ? o.seen.v[0] : NULL, "it says nothing of them" },
	};

	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		if (!said[i].was_met && said[i].n && said[i].path)
			warn("none of %llu %s is in %s: %s", (unsigned long long)said[i].n, said[i].what, file_shown(said[i].path), said[i].so);
}

struct str item_column(uint32_t row, enum items_column c)
{
	return row == VOCAB_NONE ? (struct str){ "", 0 } : side.items.row[row][c];
}

const float *vector_of(const struct side_vecs *v, struct str item)
{
	uint32_t row = vocab_find(&v->row, item.p, item.len);

	return row == VOCAB_NONE ? NULL : vecs_row(&v->vecs, row);
}

struct str title_or_id(struct str id)
{
	struct str t = items_get(&side.items, id, ITEM_TITLE);

	return t.len ? t : id;
}

/* cosine_of - two vectors of lengths xx and yy, whose product may be beyond a float. */
static float cosine_of(const float *x, double xx, const float *y, double yy, size_t d)
{
	double xy = 0;

	if (!(xx > 0 && yy > 0))
		return 0;
	if (xx * yy >= 1e-30 && xx * yy <= 1e30)
		return (float)(num_dot(x, y, d) / xx / yy);
	for (size_t j = 0; j < d; j++)
		xy += (double)x[j] * (double)y[j];
	return (float)(xy / xx / yy);
}

bool is_liked(size_t at)
{
	return side.seen.m.val[at] >= 1;
}

uint32_t nearest_own(uint32_t u, struct str item, float *cosine)
{
	const struct side_vecs *v = side.because;
	uint32_t best = VOCAB_NONE, row = vocab_find(&v->row, item.p, item.len);
	size_t d = v->vecs.d;

	*cosine = 0;
	if (u == VOCAB_NONE || row == VOCAB_NONE)
		return best;
	const float *x = vecs_row(&v->vecs, row);
	double xx = num_norm(x, d);
	for (size_t j = side.seen.m.start[u]; j < side.seen.m.start[u + 1]; j++) {
		struct str id = side.seen.item.str[side.seen.m.col[j]];
		uint32_t r = vocab_find(&v->row, id.p, id.len);
		if (r == VOCAB_NONE || r == row || !is_liked(j))
			continue;
		const float *y = vecs_row(&v->vecs, r);
		double yy = num_norm(y, d);
		float c = cosine_of(x, xx, y, yy, d);
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
	items_release(&side.items);
	inter_release(&side.seen);
	mem_free(side.seen_row);
	for (size_t i = 0; i < 2; i++) {
		vecs_release(&side.files[i].vecs);
		vocab_release(&side.files[i].row);
	}
	pop_release(&side.pop);
}
