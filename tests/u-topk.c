/* topk: against sorting everything, on every path, with scores chosen so that most of them tie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/cpu.h"
#include "../lib/base/rng.h"
#include "../lib/num/topk.h"

enum { MAX_N = 700, MAX_PATHS = 4 };
static char path[MAX_PATHS][16];
static int n_paths;
static struct pcg32 rng;

struct item { float score; uint32_t rank, row; };

static int by_score_then_rank(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static size_t sorted(struct item *out, const float *score, size_t n, const uint32_t *rank)
{
	size_t m = 0;
	for (size_t i = 0; i < n; i++)
		if (!isnan(score[i]))
			out[m++] = (struct item){ score[i], rank ? rank[i] : (uint32_t)i, (uint32_t)i };
	qsort(out, m, sizeof *out, by_score_then_rank);
	return m;
}

static void check(struct topk *t, const struct item *want, size_t n_want)
{
	topk_sort(t);
	assert_int_equal(t->n, n_want < t->k ? n_want : t->k);
	for (size_t i = 0; i < t->n; i++) {
		assert_int_equal(t->hit[i].row, want[i].row);
		assert_true(t->hit[i].score == want[i].score);
	}
}

static void draw(float *score, size_t n, int levels)
{
	static const float odd[] = { NAN, INFINITY, -INFINITY, -0.0f, 0.0f, -NAN };
	for (size_t i = 0; i < n; i++)
		score[i] = pcg32_bounded(&rng, 16) ? (float)pcg32_bounded(&rng, (uint32_t)levels) - (float)(levels / 2) : odd[pcg32_bounded(&rng, 6)];
}

static void the_k_best_come_out_in_order_whatever_the_way_in(void **state)
{
	(void)state;
	static const size_t ks[] = { 0, 1, 2, 3, 10, 50, 1000 };
	static float score[MAX_N];
	static uint32_t rank[MAX_N];
	static struct item want[MAX_N];
	static struct topk_hit a[1000], b[1000], c[1000];
	for (int p = 0; p < n_paths; p++) {
		struct err e = {0};
		assert_int_equal(cpu_select(path[p], &e), 0);
		for (int round = 0; round < 300; round++) {
			size_t n = pcg32_bounded(&rng, MAX_N + 1), k = ks[round % 7];
			draw(score, n, round % 3 ? 5 : 100000);
			for (size_t i = 0; i < n; i++)
				rank[i] = (uint32_t)i;
			rng_shuffle_u32(&rng, rank, (uint32_t)n);
			const uint32_t *r = round % 2 ? rank : NULL;
			size_t m = sorted(want, score, n, r);
			struct topk one, many, part;
			/* one at a time, from the end */
			topk_init(&one, a, k, r);
			for (size_t i = n; i-- > 0; )
				topk_push(&one, score[i], (uint32_t)i);
			check(&one, want, m);
			/* all at once, in pieces */
			topk_init(&many, b, k, r);
			for (size_t i = 0; i < n; ) {
				size_t take = 1 + pcg32_bounded(&rng, 200);
				take = take < n - i ? take : n - i;
				topk_push_many(&many, score + i, (uint32_t)i, take);
				i += take;
			}
			check(&many, want, m);
			/* two halves merged */
			topk_init(&many, b, k, r);
			topk_init(&part, c, k, r);
			topk_push_many(&part, score + n / 2, (uint32_t)(n / 2), n - n / 2);
			topk_push_many(&many, score, 0, n / 2);
			topk_merge(&many, &part);
			check(&many, want, m);
		}
	}
}

static void equal_scores_go_to_the_lower_rank_even_when_it_comes_last(void **state)
{
	(void)state;
	static const uint32_t rank[] = { 3, 2, 1, 0 };
	static const float score[] = { 1, 1, 1, 1 };
	struct topk_hit hit[2];
	struct topk t;
	topk_init(&t, hit, 2, rank);
	topk_push_many(&t, score, 0, 4);
	topk_sort(&t);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.hit[0].row, 3);
	assert_int_equal(t.hit[1].row, 2);
}

int main(void)
{
	char names[64], *save = NULL;
	snprintf(names, sizeof names, "%s", cpu_names());
	for (char *t = strtok_r(names, " ", &save); t && n_paths < MAX_PATHS; t = strtok_r(NULL, " ", &save))
		snprintf(path[n_paths++], sizeof path[0], "%s", t);
	pcg32_seed(&rng, 42, 2);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_k_best_come_out_in_order_whatever_the_way_in),
		cmocka_unit_test(equal_scores_go_to_the_lower_rank_even_when_it_comes_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
