/*
 * b-rerank - microseconds a list takes to be composed: 500 candidates, lists of 50, vectors of 64, of this thread's CPU time; each rule by itself, then all of them.
 * Medians of 200 lists, each with other scores. Reading, joining and writing are not in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/rank/rerank.h"

enum { N = 500, K = 50, D = 64, LISTS = 200, CREATORS = 120, TAGS = 40 };

static struct items items;
static struct facets tags, kind, creator, group;
static struct mix mix[3];
static float vectors[N][D];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void make_catalogue(void)
{
	char path[] = "/tmp/b-rerank.XXXXXX";
	struct err e = { 0 };
	struct pcg32 rng;
	FILE *f = fdopen(mkstemp(path), "w");

	pcg32_seed(&rng, 1, 1);
	for (int i = 0; i < N; i++) {
		fprintf(f, "item%03d\tkind%u\tT\tc%u\tg%u\t2020\t1\t", i, pcg32_bounded(&rng, 3), pcg32_bounded(&rng, CREATORS), pcg32_bounded(&rng, 200));
		for (int t = 0; t < 5; t++)
			fprintf(f, "tag%u;", pcg32_bounded(&rng, TAGS));
		fputc('\n', f);
		for (int j = 0; j < D; j++)
			vectors[i][j] = pcg32_f32(&rng) - 0.5f;
	}
	fclose(f);
	if (items_load(&items, path, false, NULL, NULL, &e) || facets_make(&tags, &items, ITEM_TAGS, NULL, &e) || facets_make(&kind, &items, ITEM_KIND, NULL, &e) ||
	    facets_make(&creator, &items, ITEM_CREATOR, NULL, &e) || facets_make(&group, &items, ITEM_GROUP, NULL, &e)) {
		fprintf(stderr, "b-rerank: %s\n", e.msg);
		exit(1);
	}
	unlink(path);
	for (uint32_t i = 0; i < 200; i++) {
		mix_add(&mix[0], &kind, i);
		mix_add(&mix[1], &tags, i);
		mix_add(&mix[2], &creator, i);
	}
	for (int a = 0; a < 3; a++)
		mix_end(&mix[a], &e);
}

static void fill(struct rerank *r, uint64_t seed)
{
	struct pcg32 rng;

	pcg32_seed(&rng, seed, 2);
	rerank_reset(r);
	for (uint32_t i = 0; i < N; i++) {
		size_t at = rerank_add(r, items.id.str[i], pcg32_f64(&rng), (struct str){ "als", 3 }, (struct str){ "", 0 });
		struct rerank_cand *c = &r->cand[at];
		c->row = i;
		c->creator = items.row[i][ITEM_CREATOR];
		c->group = items.row[i][ITEM_GROUP];
		c->kinds = pcg32_bounded(&rng, 8);
		c->vec = vectors[i];
		c->pop = pcg32_f64(&rng);
		c->spread = 0.1 + pcg32_f64(&rng);
	}
	r->mix = mix;
	r->stream = seed;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const char *name, const struct rerank_opts *o)
{
	struct rerank r = { 0 };
	struct err e = { 0 };
	double us[LISTS];

	for (int l = 0; l < LISTS; l++) {
		fill(&r, (uint64_t)l);
		double start = now();
		if (rerank_run(&r, o, &e))
			exit(1);
		us[l] = now() - start;
	}
	qsort(us, LISTS, sizeof *us, by_value);
	printf("%-52s %8.0f us  p99 %8.0f us\n", name, us[LISTS / 2], us[LISTS * 99 / 100]);
	rerank_release(&r);
}

int main(void)
{
	const struct rerank_opts plain = { .k = K, .pop_weight = 0.1, .seed = 1 };
	struct rerank_opts o, all = plain;

	make_catalogue();
	printf("%d candidates, lists of %d, vectors of %d\n", N, K, D);
	measure("blend, order, cut", &plain);
	o = plain, o.per_creator = all.per_creator = 3;
	measure("at most 3 of a creator", &o);
	o = plain, o.space_creator = all.space_creator = 2, o.space_group = all.space_group = 4;
	measure("2 and 4 between those of a creator and a group", &o);
	o = plain, o.n_quotas = all.n_quotas = 3;
	for (int q = 0; q < 3; q++)
		o.quota[q] = all.quota[q] = (struct quota){ q < 2 ? 0.2 : 0, q < 2 ? 1 : 0.3 };
	measure("two floors of a fifth, a cap", &o);
	o = plain, o.diversity = all.diversity = 0.3, o.by.d = all.by.d = D;
	measure("mmr by vectors", &o);
	o.how = DIVERSE_DPP;
	measure("dpp by vectors", &o);
	o.how = DIVERSE_MMR, o.by = (struct diverse_by){ 0, &creator, &group, &tags };
	measure("mmr by catalogue", &o);
	o = plain, o.n_mixes = all.n_mixes = 3;
	for (int a = 0; a < 3; a++) {
		o.mix[a].facets = all.mix[a].facets = a == 0 ? &kind : a == 1 ? &tags : &creator;
		o.mix[a].weight = all.mix[a].weight = 0.3;
	}
	measure("calibration of kinds, tags and creators", &o);
	o = plain, o.explore = (struct explore){ EXPLORE_EPSILON, 0.05 };
	measure("epsilon", &o);
	o.explore = (struct explore){ EXPLORE_SOFTMAX, 0.05 };
	measure("softmax", &o);
	o.explore = (struct explore){ EXPLORE_THOMPSON, 0.1 };
	measure("thompson", &o);
	measure("all rules, mmr", &all);
	all.explore = (struct explore){ EXPLORE_EPSILON, 0.05 };
	measure("all rules, mmr, epsilon", &all);
	all.wants_held = true;
	measure("all rules, mmr, epsilon, reasons", &all);
	all.how = DIVERSE_DPP;
	measure("all rules, dpp, epsilon, reasons", &all);
	return 0;
}
