/*
 * world_make - who and what is in a world: the catalogue, its listeners, and where situations lead.
 */
#include "world_store.h"

#define ALBUM 0.4		/* of the music is heard in runs of an album, about, the rest of it by how well known a track is */
enum { NAME_TRIES = 30 };

const double world_plays[WORLD_KINDS] = { 9.0, 1.75, 1.7 };

static void alias_make(struct alias *t, const struct creator *c, size_t n)
{
	double sum = 0, *p = mem_new(n + 1, sizeof *p);
	uint32_t *small = mem_new(n + 1, sizeof *small), *large = mem_new(n + 1, sizeof *large);
	size_t ns = 0, nl = 0;

	t->n = (uint32_t)n;
	t->p = mem_new(n + 1, sizeof *t->p);
	t->other = mem_new(n + 1, sizeof *t->other);
	for (size_t i = 0; i < n; i++)
		sum += c[i].weight;
	for (size_t i = 0; i < n; i++) {
		p[i] = c[i].weight * (double)n / sum;
		if (p[i] < 1)
			small[ns++] = (uint32_t)i;
		else
			large[nl++] = (uint32_t)i;
	}
	while (ns && nl) {
		uint32_t s = small[--ns], l = large[nl - 1];
		t->p[s] = (float)p[s];
		t->other[s] = l;
		p[l] -= 1 - p[s];
		if (p[l] < 1) {
			nl--;
			small[ns++] = l;
		}
	}
	while (nl)
		t->p[large[--nl]] = 1;
	while (ns)
		t->p[small[--ns]] = 1;
	mem_free(p);
	mem_free(small);
	mem_free(large);
}

static char *keep(struct world *w, const struct buf *b)
{
	return arena_bytes(&w->names, b->p, b->len);
}

/* name_creator - a name nobody else has: words at random, a numeral when luck runs out. */
static char *name_creator(struct world *w, enum world_kind k, struct pcg32 *r, struct vocab *taken)
{
	struct buf b = { 0 };

	for (int t = 0;; t++) {
		buf_reset(&b);
		words_creator(k, r, &b);
		if (t >= NAME_TRIES)
			buf_printf(&b, " %d", t - NAME_TRIES + 2);
		size_t before = taken->n;
		if (vocab_add(taken, b.p, b.len) == before)
			break;
	}
	char *s = keep(w, &b);
	buf_release(&b);
	return s;
}

static char *name_item(struct world *w, const struct creator *c, const struct item *it, struct pcg32 *r)
{
	struct buf b = { 0 };

	words_item((enum world_kind)c->kind, c->name, w->group[it->group].title, it->place, r, &b);
	char *s = keep(w, &b);
	buf_release(&b);
	return s;
}

/* make_group - an album, a show or a book by c, out before the first day: most not long before. Returns how many items it would like to have. */
static size_t make_group(struct world *w, const struct creator *c, struct pcg32 *r)
{
	float x = pcg32_f32(r);
	struct buf b = { 0 };
	size_t n;

	arr_reserve(w->group, w->n_groups + 1, w->cap_groups);
	struct group *g = &w->group[w->n_groups++];
	g->released = w->year - 1 - (int)(55 * x * x);
	switch (c->kind) {
	case WORLD_MUSIC:
		n = 8 + pcg32_bounded(r, 5);
		break;
	case WORLD_PODCAST:
		n = c->n;
		g->released = (int32_t)(w->o.start / DAY - 7 * c->n) - (int)(1000 * x * x);
		break;
	default:
		n = 8 + pcg32_bounded(r, 13);
	}
	words_group((enum world_kind)c->kind, c->name, r, &b);
	g->title = keep(w, &b);
	buf_release(&b);
	return n;
}

/* make_creator - somebody of a kind with the next items: albums of 8 to 12 tracks, a show of 15 to 40 episodes, books of 8 to 20 chapters. */
static size_t make_creator(struct world *w, enum world_kind k, size_t first, size_t end, struct pcg32 *r, struct vocab *taken)
{
	struct creator *c = &w->creator[w->n_creators];
	size_t n = k == WORLD_MUSIC ? 8 + pcg32_bounded(r, 30) : k == WORLD_PODCAST ? 15 + pcg32_bounded(r, 26) : 8 + pcg32_bounded(r, 26), left = 0;
	uint32_t place = 0;

	if (n > end - first)
		n = end - first;
	*c = (struct creator){ .first = (uint32_t)first, .n = (uint32_t)n, .kind = (uint8_t)k, .genre = (uint8_t)pcg32_bounded(r, WORDS_GENRES) };
	for (int i = 0; i < WORLD_DIM; i++)
		c->v[i] = w->genre[k][c->genre][i] + world_normal(r, 0.5f);
	c->name = name_creator(w, k, r, taken);
	for (size_t i = 0; i < n; i++) {
		struct item *it = &w->item[first + i];
		double known = (sqrt((double)i + 1) - sqrt((double)i)) / sqrt((double)n);
		if (!left) {
			left = make_group(w, c, r);
			place = 0;
		}
		*it = (struct item){ .creator = (uint32_t)w->n_creators, .group = (uint32_t)(w->n_groups - 1), .place = place, .appeal = world_normal(r, 0.6f) };
		it->share = (float)(k == WORLD_MUSIC ? ALBUM / (double)n + (1 - ALBUM) * known : 1 / (double)n);
		for (int d = 0; d < WORLD_DIM; d++)
			it->v[d] = c->v[d] + world_normal(r, 0.3f);
		it->seconds = k == WORLD_MUSIC ? 150.f + (float)pcg32_bounded(r, 150) : k == WORLD_PODCAST ? 1200.f + (float)pcg32_bounded(r, 3000) :
									      900.f + (float)pcg32_bounded(r, 1500);
		it->title = name_item(w, c, it, r);
		place++;
		left--;
	}
	w->n_creators++;
	return first + n;
}

static int make_catalogue(struct world *w, struct err *e)
{
	struct vocab taken = { 0 };
	struct buf id = { 0 };
	struct pcg32 r;
	size_t n = 0;

	for (int k = 0; k < WORLD_KINDS; k++)
		w->n_items += w->o.n_items[k];
	w->item = mem_try0(w->n_items, sizeof *w->item, "items of the world", e);
	w->creator = mem_try0(w->n_items + 1, sizeof *w->creator, "creators of the world", e);
	if (!w->item || !w->creator)
		return e->code;
	pcg32_seed(&r, w->o.seed, 1);
	for (int k = 0; k < WORLD_KINDS; k++)
		for (int g = 0; g < WORDS_GENRES; g++)
			for (int d = 0; d < WORLD_DIM; d++)
				w->genre[k][g][d] = world_normal(&r, 1);
	for (int k = 0; k < WORLD_KINDS; k++) {
		size_t end = n + w->o.n_items[k];
		w->first_item[k] = n;
		w->first_creator[k] = w->n_creators;
		while (n < end)
			n = make_creator(w, (enum world_kind)k, n, end, &r, &taken);
		size_t nc = w->n_creators - w->first_creator[k];
		uint32_t *rank = mem_new(nc + 1, sizeof *rank);
		for (size_t i = 0; i < nc; i++)
			rank[i] = (uint32_t)i;
		rng_shuffle_u32(&r, rank, (uint32_t)nc);
		for (size_t i = 0; i < nc; i++)
			w->creator[w->first_creator[k] + i].weight = fm_pow((double)rank[i] + 2, -w->o.zipf);
		mem_free(rank);
		if (nc)
			alias_make(&w->by_popularity[k], w->creator + w->first_creator[k], nc);
		for (size_t i = w->first_item[k]; i < end; i++) {
			buf_reset(&id);
			buf_printf(&id, "%c%06zu", "mpb"[k], i - w->first_item[k] + 1);
			vocab_add(&w->item_id, id.p, id.len);
		}
	}
	w->first_item[WORLD_KINDS] = n;
	w->first_creator[WORLD_KINDS] = w->n_creators;
	buf_release(&id);
	vocab_release(&taken);
	return 0;
}

static int make_users(struct world *w, struct err *e)
{
	struct buf id = { 0 };
	double total = 0;	/* events a day if a listener had e^normal */

	w->user = mem_try0(w->o.n_users, sizeof *w->user, "listeners of the world", e);
	if (!w->user)
		return e->code;
	for (size_t u = 0; u < w->o.n_users; u++) {
		struct listener *l = &w->user[u];
		struct pcg32 r;
		l->last = w->o.start - 1;
		pcg32_seed(&r, w->o.seed, 1000 + u);
		buf_reset(&id);
		words_user(u, &id);
		vocab_add(&w->user_id, id.p, id.len);
		for (int d = 0; d < WORLD_DIM; d++) {
			l->a[d] = world_normal(&r, 1);
			l->b[d] = world_normal(&r, 1);
		}
		l->activity = (float)fm_exp((double)world_normal(&r, 0.9f));
		/* most of all music; some like talk, some like to be read to */
		uint32_t talk = pcg32_bounded(&r, 3) ? 20 + pcg32_bounded(&r, 50) : 0, read = pcg32_bounded(&r, 4) ? 0 : 20 + pcg32_bounded(&r, 50);
		l->share[WORLD_PODCAST] = (uint8_t)(w->o.n_items[WORLD_PODCAST] ? talk : 0);
		l->share[WORLD_AUDIOBOOK] = (uint8_t)(w->o.n_items[WORLD_AUDIOBOOK] ? read : 0);
		l->share[WORLD_MUSIC] = (uint8_t)(w->o.n_items[WORLD_MUSIC] ? 255 - l->share[WORLD_PODCAST] - l->share[WORLD_AUDIOBOOK] : 0);
		for (int k = 0; k < WORLD_KINDS && !(l->share[0] | l->share[1] | l->share[2]); k++)	/* a world without music */
			l->share[k] = w->o.n_items[k] > 0;
		double events = 0, all = 0;	/* of a session */
		for (int k = 0; k < WORLD_KINDS; k++) {
			events += l->share[k] * world_plays[k];
			all += l->share[k];
		}
		total += (double)l->activity * (all ? events / all : 1);
	}
	double scale = (double)w->o.n_events / (double)w->o.days / total;
	for (size_t u = 0; u < w->o.n_users; u++)
		w->user[u].activity = (float)((double)w->user[u].activity * scale);
	buf_release(&id);
	return 0;
}

/* make_directions - of the situations; those of a key add up to nothing over all sessions. */
static void make_directions(struct world *w)
{
	double share[WORLD_KINDS] = { 0 };
	struct pcg32 r;

	situation_chances(WEEKDAY, WEEKEND, w->chance);
	for (size_t u = 0; u < w->o.n_users; u++)
		for (int k = 0; k < WORLD_KINDS; k++)
			share[k] += (double)w->user[u].activity * w->user[u].share[k];
	double all = share[0] + share[1] + share[2];
	pcg32_seed(&r, w->o.seed, 2);
	for (int key = 0; key < SITUATION_KEYS; key++) {
		double mean[WORLD_DIM] = { 0 };
		for (int v = 0; v < SITUATION_VALUES; v++) {
			struct situation s = { { 0 } };
			double often = 0;
			s.v[key] = (uint8_t)(1 + v);
			for (int k = 0; k < WORLD_KINDS && all > 0; k++)
				often += share[k] / all * w->chance[k][situation_number(s)];
			for (int d = 0; d < WORLD_DIM; d++) {
				w->direction[key][v][d] = world_normal(&r, CONTEXT_ALL);
				mean[d] += often * (double)w->direction[key][v][d];
			}
		}
		for (int v = 0; v < SITUATION_VALUES; v++)
			for (int d = 0; d < WORLD_DIM; d++)
				w->direction[key][v][d] -= (float)mean[d];
	}
}

/* spell - every situation as text. */
static void spell(struct world *w)
{
	struct buf b = { 0 };
	const uint8_t n = SITUATION_VALUES + 1;

	for (int i = 0; i < SITUATIONS; i++) {
		struct situation s = { { (uint8_t)(i / n / n), (uint8_t)(i / n % n), (uint8_t)(i % n) } };
		buf_reset(&b);
		situation_put(s, &b);
		w->context[0][i] = (struct str){ keep(w, &b), b.len };
		buf_puts(&b, b.len ? ";shuffle=1" : "shuffle=1");
		w->context[1][i] = (struct str){ keep(w, &b), b.len };
	}
	buf_release(&b);
}

int world_make(struct world *w, struct err *e)
{
	spell(w);
	if (make_catalogue(w, e) || make_users(w, e))
		return e->code;
	make_directions(w);
	return 0;
}
