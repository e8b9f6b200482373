/* rerank: lists against a plain reference, and what holds for all of them: hard rules, caps, floors, the same list for any order of lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/rank/rerank.h"

enum { N = 40, D = 6, ITEMS = 60 };

static struct items items;
static struct facets tags, kind, creator, group;
static float vectors[ITEMS][D];
static struct mix mix[2];

static struct str str_of(const char *s) { return (struct str){ s, strlen(s) }; }

static int set_up(void **state)
{
	char path[] = "/tmp/u-rerank.XXXXXX";
	struct err e = { 0 };
	struct pcg32 rng;
	FILE *f = fdopen(mkstemp(path), "w");
	(void)state;

	pcg32_seed(&rng, 3, 4);
	for (int i = 0; i < ITEMS; i++) {
		fprintf(f, "item%02d\t%s\tT\t%s%d\tg%d\t2020\t1\tt%u;t%u\n", i, i % 3 ? "music" : "podcast", i % 7 ? "c" : "", i % 7 ? i % 5 : 0, i % 11, pcg32_bounded(&rng, 6), pcg32_bounded(&rng, 6));
		for (int j = 0; j < D; j++)
			vectors[i][j] = pcg32_f32(&rng) - 0.4f;
	}
	fclose(f);
	if (items_load(&items, path, false, NULL, NULL, &e) || facets_make(&tags, &items, ITEM_TAGS, NULL, &e) || facets_make(&kind, &items, ITEM_KIND, NULL, &e) ||
	    facets_make(&creator, &items, ITEM_CREATOR, NULL, &e) || facets_make(&group, &items, ITEM_GROUP, NULL, &e))
		fail_msg("%s", e.msg);
	unlink(path);
	for (uint32_t i = 0; i < 9; i++) {
		mix_add(&mix[0], &kind, i * 3);
		mix_add(&mix[1], &tags, i * 5);
	}
	assert_int_equal(mix_end(&mix[0], &e) || mix_end(&mix[1], &e), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	facets_release(&tags);
	facets_release(&kind);
	facets_release(&creator);
	facets_release(&group);
	mix_release(&mix[0]);
	mix_release(&mix[1]);
	items_release(&items);
	return 0;
}

/* fill - N candidates of the catalogue by seed, in another order for each `turn`. */
static void fill(struct rerank *r, uint64_t seed, uint64_t turn)
{
	uint32_t order[N];
	struct pcg32 rng;
	double score[N];
	uint32_t which[N], kinds[N];
	enum rerank_drop drop[N];
	size_t stays[N];
	char id[16];

	rerank_reset(r);
	pcg32_seed(&rng, seed, 1);
	for (uint32_t i = 0; i < N; i++) {
		order[i] = i;
		which[i] = i + pcg32_bounded(&rng, ITEMS - N + 1);	/* some come twice, from two sources */
		score[i] = pcg32_bounded(&rng, 20);
		kinds[i] = which[i] * 7 % 8;
		drop[i] = which[i] % 6 == 1 ? (enum rerank_drop)(DROP_ALLOW + which[i] % 4) : DROP_NOT;
		stays[i] = which[i] % 9 == 2 ? which[i] + 1 : 0;
	}
	pcg32_seed(&rng, turn, 2);
	rng_shuffle_u32(&rng, order, N);
	for (uint32_t o = 0; o < N; o++) {
		uint32_t i = order[o];
		snprintf(id, sizeof id, "item%02u", which[i]);
		size_t at = rerank_add(r, str_of(id), score[i], str_of(i % 2 ? "als" : "pop"), str_of(""));
		struct rerank_cand *c = &r->cand[at];
		c->row = which[i] % 13 == 12 ? VOCAB_NONE : which[i];
		c->creator = c->row == VOCAB_NONE ? str_of("") : items.row[c->row][ITEM_CREATOR];
		c->group = c->row == VOCAB_NONE ? str_of("") : items.row[c->row][ITEM_GROUP];
		c->kinds = kinds[i];
		c->drop = drop[i];
		c->pop = which[i] / (double)ITEMS;
		c->vec = which[i] % 10 == 3 ? NULL : vectors[which[i]];
		c->spread = 1 / sqrt(1.0 + which[i] % 7);
		c->stays = stays[i];
	}
	r->mix = mix;
	r->stream = 77;
}

/* some - options by seed: each rule is in about half of them. */
static struct rerank_opts some(uint64_t seed, bool has_chance)
{
	struct rerank_opts o = { .pop_weight = 0.1, .seed = 5, .by = { 0, &creator, &group, &tags } };
	struct pcg32 rng;

	pcg32_seed(&rng, seed, 3);
	o.k = 1 + pcg32_bounded(&rng, 20);
	o.pop_weight = pcg32_bounded(&rng, 3) * 0.4 - 0.4;
	if (pcg32_bounded(&rng, 2))
		o.per_creator = 1 + pcg32_bounded(&rng, 4);
	if (pcg32_bounded(&rng, 2))
		o.space_creator = pcg32_bounded(&rng, 4);
	if (pcg32_bounded(&rng, 3) == 0)
		o.space_group = pcg32_bounded(&rng, 4);
	if (pcg32_bounded(&rng, 2)) {
		o.diversity = pcg32_bounded(&rng, 11) / 10.0;
		o.how = (enum diverse_how)pcg32_bounded(&rng, 2);
		o.by.d = pcg32_bounded(&rng, 2) ? D : 0;
	}
	if (pcg32_bounded(&rng, 2)) {
		o.n_quotas = 3;
		for (size_t q = 0; q < 3; q++)
			o.quota[q] = (struct quota){ q < 2 ? pcg32_bounded(&rng, 6) / 10.0 : 0, q > 0 ? pcg32_bounded(&rng, 11) / 10.0 : 1 };
		if (o.quota[1].most < o.quota[1].least)
			o.quota[1].most = 1;
	}
	if (pcg32_bounded(&rng, 2)) {
		o.n_mixes = 2;
		o.mix[0].facets = &kind;
		o.mix[0].weight = 0.3;
		o.mix[1].facets = &tags;
		o.mix[1].weight = pcg32_bounded(&rng, 2) * 0.2;
	}
	if (has_chance && pcg32_bounded(&rng, 2))
		o.explore = (struct explore){ (enum explore_how)(1 + pcg32_bounded(&rng, 3)), 0.3 };
	o.wants_held = pcg32_bounded(&rng, 2);
	return o;
}

static void run(struct rerank *r, const struct rerank_opts *o)
{
	struct err e = { 0 };

	if (rerank_run(r, o, &e))
		fail_msg("%s", e.msg);
}

static void each_list_keeps_the_hard_rules_and_the_caps(void **state)
{
	struct rerank r = { 0 };
	(void)state;

	for (uint64_t seed = 0; seed < 600; seed++) {
		struct rerank_opts o = some(seed, true);
		fill(&r, seed, 1);
		run(&r, &o);
		size_t of[8] = { 0 }, quota[QUOTA_MAX] = { 0 };
		assert_true(r.n_kept <= o.k);
		for (size_t i = 0; i < r.n; i++) {
			const struct rerank_cand *c = &r.cand[i];
			assert_true((i < r.n_kept) == (c->drop == DROP_NOT));
			int which = atoi(c->item.p + 4);
			if (which % 6 == 1)
				assert_int_equal(c->drop, DROP_ALLOW + which % 4);
			if (c->drop)
				continue;
			assert_true(c->propensity > 0 && c->propensity <= 1);
			if (i)
				assert_true(c->shown < r.cand[i - 1].shown || (c->shown == r.cand[i - 1].shown && str_cmp(r.cand[i - 1].item, c->item) < 0));
			if (c->creator.len) {
				size_t *n = &of[c->creator.len == 2 ? c->creator.p[1] - '0' : 7];
				assert_true(!o.per_creator || ++*n <= o.per_creator);
			}
			for (size_t q = 0; q < o.n_quotas; q++) {
				quota[q] += c->kinds >> q & 1;
				assert_true(o.quota[q].most == 1 || quota[q] <= quota_allowed(o.quota[q].most, i + 1, r.n_kept));
			}
		}
		for (size_t q = 0; q < o.n_quotas; q++) {
			size_t due = quota_due(o.quota[q].least, r.n_kept);
			assert_int_equal(r.missed[q], due > quota[q] ? due - quota[q] : 0);
		}
	}
	rerank_release(&r);
}

static void no_list_depends_on_the_order_of_lines(void **state)
{
	struct rerank a = { 0 }, b = { 0 };
	(void)state;

	for (uint64_t seed = 0; seed < 300; seed++) {
		struct rerank_opts o = some(seed, true);
		fill(&a, seed, 1);
		fill(&b, seed, 2);
		run(&a, &o);
		run(&b, &o);
		assert_int_equal(a.n, b.n);
		assert_int_equal(a.n_kept, b.n_kept);
		for (size_t i = 0; i < a.n; i++) {
			assert_int_equal(str_cmp(a.cand[i].item, b.cand[i].item), 0);
			assert_int_equal(a.cand[i].drop, b.cand[i].drop);
			assert_true(a.cand[i].blend == b.cand[i].blend && a.cand[i].propensity == b.cand[i].propensity);
			assert_memory_equal(a.cand[i].held, b.cand[i].held, sizeof a.cand[i].held);
		}
	}
	rerank_release(&a);
	rerank_release(&b);
}

static void without_rules_it_is_the_order_of_scores(void **state)
{
	struct rerank r = { 0 };
	struct rerank_opts o = { .k = 12 };
	(void)state;

	for (uint64_t seed = 0; seed < 50; seed++) {
		fill(&r, seed, 3);
		for (size_t i = 0; i < r.n; i++)
			r.cand[i].stays = 0;
		run(&r, &o);
		for (size_t i = 0; i < r.n_kept; i++) {
			assert_int_equal(r.cand[i].place_blend, i + 1);
			assert_true(r.cand[i].shown == r.cand[i].blend);
		}
	}
	rerank_release(&r);
}

static void from_the_top_is_place_by_place(void **state)
{
	struct rerank a = { 0 }, b = { 0 };
	(void)state;

	for (uint64_t seed = 0; seed < 100; seed++) {
		struct rerank_opts o = { .k = 1 + seed % 25, .per_creator = seed % 4, .wants_held = true }, with_chance = o;
		with_chance.explore = (struct explore){ EXPLORE_EPSILON, 0 };	/* which is none, but goes the long way */
		fill(&a, seed, 1);
		fill(&b, seed, 1);
		for (size_t i = 0; i < a.n; i++)
			a.cand[i].stays = b.cand[i].stays = 0;
		run(&a, &o);
		run(&b, &with_chance);
		assert_int_equal(a.n_kept, b.n_kept);
		for (size_t i = 0; i < a.n; i++) {
			assert_int_equal(str_cmp(a.cand[i].item, b.cand[i].item), 0);
			assert_int_equal(a.cand[i].drop, b.cand[i].drop);
			assert_memory_equal(a.cand[i].held, b.cand[i].held, sizeof a.cand[i].held);
		}
	}
	rerank_release(&a);
	rerank_release(&b);
}

static double similarity(const struct rerank_opts *o, const struct rerank_cand *a, const struct rerank_cand *b)
{
	double ab = 0, aa = 0, bb = 0, s = 0;
	size_t na, nb, both = 0;

	for (size_t j = 0; j < D && o->by.d && a->vec && b->vec; j++) {
		ab += (double)a->vec[j] * (double)b->vec[j];
		aa += (double)a->vec[j] * (double)a->vec[j];
		bb += (double)b->vec[j] * (double)b->vec[j];
	}
	if (o->by.d)
		return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
	if (a->row == VOCAB_NONE || b->row == VOCAB_NONE)
		return 0;
	s += 0.4 * (a->creator.len && !str_cmp(a->creator, b->creator));
	s += 0.2 * (a->group.len && !str_cmp(a->group, b->group) && !str_cmp(a->creator, b->creator) && !str_cmp(items.row[a->row][ITEM_KIND], items.row[b->row][ITEM_KIND]));
	const uint32_t *x = facets_of(&tags, a->row, &na), *y = facets_of(&tags, b->row, &nb);
	for (size_t i = 0; i < na; i++)
		for (size_t j = 0; j < nb; j++)
			both += x[i] == y[j];
	return s + 0.4 * (double)both / (double)(na + nb - both);
}

static double kl(const struct facets *f, const struct mix *own, const struct rerank_cand *const *list, size_t n)
{
	double q[16] = { 0 }, nq = 0, sum = 0;
	size_t nv;

	for (size_t i = 0; i < n; i++) {
		const uint32_t *v = facets_of(f, list[i]->row, &nv);
		nq += nv > 0;
		for (size_t j = 0; j < nv; j++)
			q[v[j]] += 1 / (double)nv;
	}
	for (size_t t = 0; t < own->n; t++)
		sum += own->share[t] * log(own->share[t] / (0.99 * (nq > 0 ? q[own->value[t]] / nq : 0) + 0.01 * own->share[t]));
	return sum;
}

/* gain - of c behind list[n], by definition. */
static double gain(const struct rerank_opts *o, const struct rerank_cand **list, size_t n, const struct rerank_cand *c)
{
	double most = 0, g;

	for (size_t r = 0; r < n; r++) {
		double s = similarity(o, c, list[r]);
		most = s > most ? s : most;
	}
	g = (1 - o->diversity) * c->blend - o->diversity * most;
	for (size_t a = 0; a < o->n_mixes; a++) {
		double before = kl(o->mix[a].facets, &mix[a], list, n);
		list[n] = c;
		g -= o->mix[a].weight * (kl(o->mix[a].facets, &mix[a], list, n + 1) - before);
	}
	return g;
}

static bool is_apart(const struct rerank_opts *o, const struct rerank_cand **list, size_t n, const struct rerank_cand *c)
{
	for (size_t r = 0; r < n; r++)
		if ((c->creator.len && n - r <= o->space_creator && !str_cmp(list[r]->creator, c->creator)) ||
		    (c->group.len && n - r <= o->space_group && !str_cmp(list[r]->group, c->group)))
			return false;
	return true;
}

static void lists_are_those_of_the_definitions(void **state)
{
	struct rerank r = { 0 };
	size_t n_places = 0;
	(void)state;

	for (uint64_t seed = 0; seed < 400; seed++) {
		struct rerank_opts o = some(seed, false);
		const struct rerank_cand *list[N + 1];
		if (o.how == DIVERSE_DPP || o.n_quotas)		/* those have tests of their own */
			continue;
		fill(&r, seed, 1);
		for (size_t i = 0; i < r.n; i++)
			r.cand[i].stays = 0;
		run(&r, &o);
		if (r.n_unspaced)
			continue;
		for (size_t n = 0; n < r.n_kept; n++, n_places++) {
			double best = -INFINITY;
			for (size_t i = n; i < r.n; i++) {
				const struct rerank_cand *c = &r.cand[i];
				size_t same = 0;
				for (size_t p = 0; p < n; p++)
					same += c->creator.len && !str_cmp(c->creator, list[p]->creator);
				if ((c->drop && c->drop < DROP_CREATOR) || !is_apart(&o, list, n, c) || (o.per_creator && same >= o.per_creator))
					continue;
				double g = gain(&o, list, n, c);
				best = g > best ? g : best;
			}
			if (!(gain(&o, list, n, &r.cand[n]) >= best - 1e-6))
				fail_msg("seed %d, place %zu: %.9g, but there is %.9g", (int)seed, n + 1, gain(&o, list, n, &r.cand[n]), best);
			assert_true(is_apart(&o, list, n, &r.cand[n]));
			list[n] = &r.cand[n];
		}
	}
	assert_true(n_places > 500);
	rerank_release(&r);
}

static void what_was_shown_stays_and_is_filled_up(void **state)
{
	struct rerank a = { 0 }, b = { 0 };
	(void)state;

	for (uint64_t seed = 0; seed < 200; seed++) {
		struct rerank_opts o = some(seed, true);
		o.n_quotas = 0;
		fill(&a, seed, 1);
		for (size_t i = 0; i < a.n; i++)
			a.cand[i].stays = 0;
		run(&a, &o);
		fill(&b, seed, 2);
		for (size_t i = 0; i < b.n; i++)
			b.cand[i].stays = 0;
		size_t gone = a.n_kept ? seed % a.n_kept : 0, at = 0;
		for (size_t i = 0; i < a.n_kept; i++) {
			uint32_t j = vocab_find(&b.item, a.cand[i].item.p, a.cand[i].item.len);
			b.cand[j].stays = i + 1;
			if (i == gone)
				b.cand[j].drop = DROP_SEEN;	/* heard since */
		}
		run(&b, &o);
		for (size_t i = 0; i < a.n_kept; i++)
			if (i != gone)
				assert_int_equal(str_cmp(a.cand[i].item, b.cand[at++].item), 0);
		assert_true(b.n_kept >= at);
	}
	rerank_release(&a);
	rerank_release(&b);
}

static void a_cap_holds_for_the_length_that_the_list_has(void **state)
{
	struct rerank r = { 0 };
	struct rerank_opts o = { .k = 10, .n_quotas = 1, .quota = { { 0, 0.5 } } };
	char id[2] = { 'a', 0 };
	(void)state;

	for (int i = 0; i < 12; i++, id[0]++) {
		size_t at = rerank_add(&r, str_of(id), 20 - i, str_of("s"), str_of(""));
		r.cand[at].kinds = i < 9;		/* nine of the kind, three not */
	}
	run(&r, &o);
	assert_int_equal(r.n_kept, 6);
	assert_int_equal(r.cand[6].drop, DROP_CAP);
	rerank_release(&r);
}

static void a_long_list_under_a_cap_near_1_is_not_made_a_thousand_times(void **state)
{
	enum { LONG = 4000 };
	struct rerank r = { 0 };
	struct rerank_opts o = { .k = LONG, .per_creator = 1, .n_quotas = 2, .quota = { { 0, 0.999 }, { 0.5, 1 } } };
	char id[8];
	(void)state;

	for (int i = 0; i < LONG; i++) {
		snprintf(id, sizeof id, "%d", i);
		size_t at = rerank_add(&r, str_of(id), LONG - i, str_of("s"), str_of(""));
		r.cand[at].kinds = i % 800 != 0;	/* five are not of the kind, all by one creator */
		r.cand[at].creator = str_of(i % 800 ? r.cand[at].item.p : "0");
	}
	run(&r, &o);
	assert_int_equal(r.n_kept, 1000);
	for (size_t i = 0, other = 0; i < r.n_kept; i++)
		assert_true((other += !r.cand[i].kinds) <= 1);
	rerank_release(&r);
}

static void passed_over_is_counted_by_rule(void **state)
{
	struct rerank r = { 0 };
	struct rerank_opts o = { .k = 4, .space_creator = 2, .wants_held = true };
	(void)state;

	for (int i = 0; i < 6; i++) {
		char id[2] = { (char)('a' + i), 0 };
		size_t at = rerank_add(&r, str_of(id), 20 - i, str_of("s"), str_of(""));
		r.cand[at].creator = str_of(i < 3 ? "x" : i < 4 ? "y" : "");
	}
	run(&r, &o);
	assert_string_equal(r.cand[1].item.p, "d");
	assert_string_equal(r.cand[2].item.p, "e");
	assert_string_equal(r.cand[3].item.p, "b");
	assert_int_equal(r.cand[3].held[HELD_SPACE], 2);
	assert_true(r.cand[1].was_spaced);
	rerank_release(&r);
}

static void scores_next_to_each_other_have_an_order(void **state)
{
	static const double pair[][2] = { { 0, 4.9406564584124654e-324 }, { -4.9406564584124654e-324, 0 }, { -1.7976931348623157e308, 1.7976931348623157e308 }, { 1, 1 + 2.220446049250313e-16 } };
	struct rerank r = { 0 };
	struct rerank_opts o = { .k = 2 };
	(void)state;

	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
		rerank_reset(&r);
		rerank_add(&r, str_of("a"), pair[i][0], str_of("s"), str_of(""));
		rerank_add(&r, str_of("b"), pair[i][1], str_of("s"), str_of(""));
		run(&r, &o);
		assert_string_equal(r.cand[0].item.p, "b");
		assert_true(r.cand[0].blend == 1 && r.cand[1].blend == 0);
	}
	rerank_release(&r);
}

/* Of 3 items, the second from SOURCES sources: their names together, in little room, and after rerank_places each item finds its own. */
static void an_item_may_have_many_sources(void **state)
{
	enum { SOURCES = 100000 };		/* a walk through them for each line would take minutes */
	struct rerank r = { 0 };
	struct err e = { 0 };
	size_t len = 0, n = 0;
	char name[16];
	(void)state;

	rerank_add(&r, str_of("a"), 1, str_of("s1"), str_of(""));
	for (int i = 0; i < SOURCES; i++) {
		len += (size_t)snprintf(name, sizeof name, "s%d", i) + (i > 0);
		assert_int_equal(rerank_add(&r, str_of("b"), i, str_of(name), str_of("")), 1);
		assert_int_equal(rerank_add(&r, str_of("b"), -1, str_of(name), str_of("")), 1);
	}
	rerank_add(&r, str_of("c"), 2, str_of("s1"), str_of(""));
	assert_int_equal(r.cand[1].source.len, len);
	assert_memory_equal(r.cand[1].source.p, "s0+s1+s2+", 9);
	assert_memory_equal(r.cand[1].source.p + len - 7, "+s99999", 7);
	assert_true(r.bytes.bytes < 8 * len);
	assert_int_equal(rerank_places(&r, &e), 0);
	for (uint32_t c = 0; c < 3; c++) {
		uint32_t before = 0;
		for (uint32_t at = r.cand[c].last_from; at; before = at, at = r.from[at - 1].before, n++) {
			assert_true(at > before);
			assert_int_equal(r.from[at - 1].cand, c);
		}
	}
	assert_int_equal(n, r.n_from);
	assert_int_equal(n, SOURCES + 2);
	rerank_release(&r);
}

static void an_empty_list_is_one(void **state)
{
	struct rerank r = { 0 };
	struct rerank_opts o = some(4, true);
	(void)state;

	run(&r, &o);
	assert_int_equal(r.n_kept, 0);
	rerank_add(&r, str_of("a"), 1, str_of("s"), str_of(""));
	r.cand[0].drop = DROP_DENY;
	r.mix = mix;
	run(&r, &o);
	assert_int_equal(r.n_kept, 0);
	rerank_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_it_is_the_order_of_scores),
		cmocka_unit_test(from_the_top_is_place_by_place),
		cmocka_unit_test(lists_are_those_of_the_definitions),
		cmocka_unit_test(each_list_keeps_the_hard_rules_and_the_caps),
		cmocka_unit_test(no_list_depends_on_the_order_of_lines),
		cmocka_unit_test(what_was_shown_stays_and_is_filled_up),
		cmocka_unit_test(a_cap_holds_for_the_length_that_the_list_has),
		cmocka_unit_test(a_long_list_under_a_cap_near_1_is_not_made_a_thousand_times),
		cmocka_unit_test(passed_over_is_counted_by_rule),
		cmocka_unit_test(scores_next_to_each_other_have_an_order),
		cmocka_unit_test(an_item_may_have_many_sources),
		cmocka_unit_test(an_empty_list_is_one),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
