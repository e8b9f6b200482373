/*
 * Any bytes as options (the first 16) and one listener's candidates (6 each): item, source, score, what stands against it, popularity, where it stood before. The list has at most k of them, none that was
 * forbidden, none twice, with scores that fall and probabilities that are some; its caps hold; and it does not depend on the order of the candidates.
 */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/rank/rerank.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ITEMS = 24, D = 3, CANDIDATES_MAX = 150, OPTIONS = 16 };

static struct items items;
static struct facets facet[3];		/* creator, group, tags */
static struct mix mix[2];
static float vectors[ITEMS][D];

static void make_catalogue(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	if (items.id.n)
		return;
	for (int i = 0; i < ITEMS; i++) {
		buf_printf(&b, "i%d\t%s\tT\t%s%d\tg%d\t20%02d\t1\tt%d;t%d\n", i, i % 3 ? "music" : "podcast", i % 7 ? "c" : "", i % 7 ? i % 4 : 0, i % 5, i, i % 3, i % 4);
		for (int k = 0; k < D; k++)
			vectors[i][k] = i % 9 ? (float)((i * (k + 2)) % 7) - 3 : 0;
	}
	int r = items_load(&items, mem_path(b.p, b.len, MEM_MAPPED), false, NULL, NULL, &e) || facets_make(&facet[0], &items, ITEM_CREATOR, NULL, &e) ||
		facets_make(&facet[1], &items, ITEM_GROUP, NULL, &e) || facets_make(&facet[2], &items, ITEM_TAGS, NULL, &e);
	for (uint32_t i = 0; i < ITEMS; i += 5) {
		mix_add(&mix[0], &facet[0], i);
		mix_add(&mix[1], &facet[2], i);
	}
	r = r || mix_end(&mix[0], &e) || mix_end(&mix[1], &e);
	assert(!r);
	(void)r;
	buf_release(&b);
}

static double number(uint8_t x)
{
	static const double odd[] = { 0, -0.0, 1e308, -1.7976931348623157e308, 1.7976931348623157e308, 5e-324, -1e-300, 1e-16 };

	return x < 16 ? odd[x % 8] : x / 16.0 - 8;
}

static struct rerank_opts options(const uint8_t *p)
{
	struct rerank_opts o = { .pop_weight = (p[0] % 21 - 10) / 10.0, .per_creator = p[1] % 4, .k = p[2] % 30, .diversity = p[3] % 11 / 10.0, .how = (enum diverse_how)(p[4] & 1),
				 .by = { p[4] & 2 ? D : 0, &facet[0], &facet[1], &facet[2] }, .space_creator = p[5] % 4, .space_group = p[6] % 4, .n_quotas = p[7] % 4, .n_mixes = p[8] % 3,
				 .explore = { (enum explore_how)(p[9] % 4), 0 }, .seed = p[10], .wants_held = p[4] & 4 };

	for (size_t q = 0; q < o.n_quotas; q++)
		o.quota[q] = p[11 + q] & 128 ? (struct quota){ 0, p[11 + q] % 11 / 10.0 } : (struct quota){ p[11 + q] % 11 / 10.0, 1 };
	for (size_t m = 0; m < o.n_mixes; m++) {
		o.mix[m].facets = m ? &facet[2] : &facet[0];
		o.mix[m].weight = p[14] / 16.0;
	}
	static const double amounts[] = { 1, 1e-6, 0.3, 50 };	/* what the programs take */
	o.explore.amount = o.explore.how == EXPLORE_EPSILON ? p[15] / 255.0 : amounts[p[15] & 3];
	return o;
}

static void add(struct rerank *r, const uint8_t *p)
{
	static const struct str source[] = { { "als", 3 }, { "pop", 3 }, { "", 0 } };
	char id[8];
	uint32_t row = p[0] % (ITEMS + 4);
	struct str item = { id, (size_t)snprintf(id, sizeof id, "i%u", row) };
	size_t at = rerank_add(r, item, number(p[2]), source[p[1] % 3], (struct str){ "x=1", 3 });
	struct rerank_cand *c = &r->cand[at];

	c->row = row < ITEMS ? row : VOCAB_NONE;
	c->creator = row < ITEMS ? items.row[row][ITEM_CREATOR] : (struct str){ "", 0 };
	c->group = row < ITEMS ? items.row[row][ITEM_GROUP] : (struct str){ "", 0 };
	c->kinds = row * 5 % 8;		/* of an item, as all below, so that it does not matter which line is read first */
	c->drop = row % 11 == 3 ? DROP_SEEN : DROP_NOT;
	c->pop = row / (double)(ITEMS + 4);
	c->vec = row < ITEMS && row % 8 ? vectors[row] : NULL;
	c->spread = 1 / sqrt(1.0 + row % 5);
	c->stays = row % 6 == 1 ? row + 1 : 0;
	c->has_stays_score = row % 12 == 1;
	c->stays_score = c->has_stays_score ? 0.5 : 0;
}

static void check(const struct rerank *r, const struct rerank_opts *o)
{
	size_t count[QUOTA_MAX] = { 0 };

	assert(r->n_kept <= o->k && r->n_kept <= r->n);
	for (size_t i = 0; i < r->n; i++) {
		const struct rerank_cand *c = &r->cand[i];
		assert((i < r->n_kept) == (c->drop == DROP_NOT));
		if (i >= r->n_kept)
			continue;
		assert(isfinite(c->shown) && isfinite(c->blend) && c->propensity > 0 && c->propensity <= 1 + 1e-9 && (!i || c->shown < r->cand[i - 1].shown || c->shown == r->cand[i - 1].shown));
		for (size_t j = 0; j < i; j++)
			assert(c->item.len != r->cand[j].item.len || memcmp(c->item.p, r->cand[j].item.p, c->item.len));
		for (size_t q = 0; q < o->n_quotas; q++)
			count[q] += c->kinds >> q & 1;
	}
	for (size_t q = 0; q < o->n_quotas; q++)
		assert(count[q] <= quota_allowed(o->quota[q].most, r->n_kept, r->n_kept));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct rerank r, back;
	struct err e = { 0 };

	make_catalogue();
	if (n < OPTIONS)
		return 0;
	struct rerank_opts o = options(p);
	size_t n_cands = (n - OPTIONS) / 6 < CANDIDATES_MAX ? (n - OPTIONS) / 6 : CANDIDATES_MAX;
	rerank_reset(&r);
	rerank_reset(&back);
	for (size_t i = 0; i < n_cands; i++) {
		add(&r, p + OPTIONS + 6 * i);
		add(&back, p + OPTIONS + 6 * (n_cands - 1 - i));
	}
	r.mix = back.mix = mix;
	r.stream = back.stream = 7;
	int bad = rerank_places(&r, &e) || rerank_run(&r, &o, &e) || rerank_places(&back, &e) || rerank_run(&back, &o, &e);
	assert(!bad && r.n_kept == back.n_kept);
	check(&r, &o);
	for (size_t i = 0; i < r.n_kept; i++)
		assert(r.cand[i].item.len == back.cand[i].item.len && !memcmp(r.cand[i].item.p, back.cand[i].item.p, r.cand[i].item.len) && r.cand[i].shown == back.cand[i].shown);
	return 0;
}
