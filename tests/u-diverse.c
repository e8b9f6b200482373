/* diverse, mix and facets: against their definitions, worked out the long way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/rank/diverse.h"
#include "../lib/rank/mix.h"

enum { N = 30, D = 7, K = 9 };

static const char catalogue[] =
	"a\tmusic\tA\tann\tone\t2020\t1\trock;folk\n"
	"b\tmusic\tB\tann\tone\t2020\t1\tfolk;rock;rock;\n"
	"c\tmusic\tC\tann\ttwo\t2020\t1\tfolk\n"
	"d\tpodcast\tD\tdan\t\t2020\t1\t;talk;;news\n"
	"e\tpodcast\tE\t\t\t2020\n"
	"f\tbook\tF\teve\tone\t2020\t1\tnews;folk;crime;law\n";

static void load(struct items *it)
{
	char path[] = "/tmp/u-diverse.XXXXXX";
	struct err e = { 0 };
	int fd = mkstemp(path);

	assert_int_equal(write(fd, catalogue, sizeof catalogue - 1), sizeof catalogue - 1);
	close(fd);
	if (items_load(it, path, false, NULL, NULL, &e))
		fail_msg("%s", e.msg);
	unlink(path);
}

static void is_about(double got, double wanted, double by)
{
	if (!(fabs(got - wanted) <= by))
		fail_msg("%.15g, wanted %.15g", got, wanted);
}

static void facets_are_the_values_of_a_column(void **state)
{
	struct items it;
	struct facets tags, kind, creator;
	struct err e = { 0 };
	size_t n;
	(void)state;

	load(&it);
	assert_int_equal(facets_make(&tags, &it, ITEM_TAGS, NULL, &e), 0);
	assert_int_equal(facets_make(&kind, &it, ITEM_KIND, NULL, &e), 0);
	assert_int_equal(facets_make(&creator, &it, ITEM_CREATOR, NULL, &e), 0);
	assert_int_equal(tags.name.n, 6);
	const uint32_t *v = facets_of(&tags, 1, &n);
	assert_int_equal(n, 2);			/* rock once, nothing for the empty ones */
	assert_true(v[0] < v[1]);
	facets_of(&tags, 3, &n);
	assert_int_equal(n, 2);
	facets_of(&tags, 4, &n);
	assert_int_equal(n, 0);
	facets_of(&tags, VOCAB_NONE, &n);
	assert_int_equal(n, 0);
	assert_int_equal(kind.name.n, 3);
	assert_int_equal(facets_first(&creator, 0), facets_first(&creator, 2));
	assert_int_equal(facets_first(&creator, 4), VOCAB_NONE);
	assert_int_equal(facets_first(NULL, 0), VOCAB_NONE);
	facets_release(&tags);
	facets_release(&kind);
	facets_release(&creator);
	items_release(&it);
}

static float vectors[N][D];
static const float *vec[N];
static uint32_t item[N];

/* make_vectors - two have none, one is 0, two are the same, two opposite. */
static void make_vectors(void)
{
	struct pcg32 rng;

	pcg32_seed(&rng, 1, 2);
	for (size_t i = 0; i < N; i++) {
		item[i] = VOCAB_NONE;
		vec[i] = vectors[i];
		for (size_t j = 0; j < D; j++)
			vectors[i][j] = i == 5 ? 0 : i == 7 ? vectors[6][j] : i == 9 ? -vectors[8][j] : pcg32_f32(&rng) - 0.3f;
	}
	vec[2] = vec[3] = NULL;
}

static double cosine(size_t a, size_t b)
{
	double ab = 0, aa = 0, bb = 0;

	if (a == b)
		return 1;
	for (size_t j = 0; j < D && vec[a] && vec[b]; j++) {
		ab += (double)vec[a][j] * (double)vec[b][j];
		aa += (double)vec[a][j] * (double)vec[a][j];
		bb += (double)vec[b][j] * (double)vec[b][j];
	}
	return aa > 0 && bb > 0 ? ab / sqrt(aa) / sqrt(bb) : 0;
}

static void mmr_is_the_largest_likeness_to_the_list(void **state)
{
	struct diverse v;
	struct diverse_by by = { .d = D };
	struct err e = { 0 };
	size_t list[K];
	(void)state;

	make_vectors();
	assert_int_equal(diverse_begin(&v, DIVERSE_MMR, &by, vec, item, N, K, &e), 0);
	for (size_t n = 0; n < K; n++) {
		for (size_t i = 0; i < N; i++) {
			double most = 0;
			size_t at = VOCAB_NONE;
			for (size_t r = 0; r < n; r++)
				if (cosine(i, list[r]) > most && list[r] != i) {
					most = cosine(i, list[r]);
					at = r;
				}
			for (size_t r = 0; r < n; r++)
				if (list[r] == i)
					goto next;
			is_about(diverse_term(&v, i), -most, 1e-6);
			if (i != 6 && i != 7)		/* of equal ones either */
				assert_int_equal(v.near_to[i], at);
next:;
		}
		list[n] = n * 3 % N + n % 2;
		diverse_take(&v, list[n]);
	}
	diverse_release(&v);
}

static double determinant(double *a, size_t n)
{
	double det = 1;

	for (size_t k = 0; k < n; k++) {
		det *= a[k * n + k];
		for (size_t i = k + 1; i < n; i++) {
			double f = a[i * n + k] / a[k * n + k];
			for (size_t j = k; j < n; j++)
				a[i * n + j] -= f * a[k * n + j];
		}
	}
	return det;
}

static double log_det(const size_t *list, size_t n)
{
	double a[(K + 1) * (K + 1)];

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			a[i * n + j] = 0.99 * cosine(list[i], list[j]) + 0.01 * (i == j);
	return n ? log(determinant(a, n)) : 0;
}

static void dpp_terms_are_steps_of_the_determinant(void **state)
{
	struct diverse v;
	struct diverse_by by = { .d = D };
	struct err e = { 0 };
	size_t list[K + 1];
	(void)state;

	make_vectors();
	assert_int_equal(diverse_begin(&v, DIVERSE_DPP, &by, vec, item, N, K, &e), 0);
	for (size_t n = 0; n < K; n++) {
		for (size_t i = 0; i < N; i++) {
			bool is_in = false;
			for (size_t r = 0; r < n; r++)
				is_in |= list[r] == i;
			list[n] = i;
			if (!is_in)
				is_about(diverse_term(&v, i), log_det(list, n + 1) - log_det(list, n), 1e-4);
		}
		list[n] = (size_t[]){ 6, 7, 2, 8, 9, 5, 11, 12, 13 }[n];
		diverse_take(&v, list[n]);
	}
	diverse_release(&v);
}

static void the_catalogue_says_what_is_alike(void **state)
{
	static const uint32_t rows[] = { 0, 1, 2, 3, 4, 5, VOCAB_NONE };
	struct items it;
	struct facets tags, group, creator;
	struct err e = { 0 };
	struct diverse v;
	(void)state;

	load(&it);
	assert_int_equal(facets_make(&tags, &it, ITEM_TAGS, NULL, &e), 0);
	assert_int_equal(facets_make(&group, &it, ITEM_GROUP, NULL, &e), 0);
	assert_int_equal(facets_make(&creator, &it, ITEM_CREATOR, NULL, &e), 0);
	struct diverse_by by = { 0, &creator, &group, &tags };
	assert_int_equal(diverse_begin(&v, DIVERSE_MMR, &by, NULL, rows, 7, 7, &e), 0);
	diverse_take(&v, 0);
	is_about(diverse_term(&v, 1), -1, 1e-6);			/* creator, group and tags */
	is_about(diverse_term(&v, 2), -(0.4 + 0.4 / 2), 1e-6);		/* creator, one tag of two */
	is_about(diverse_term(&v, 3), 0, 0);
	is_about(diverse_term(&v, 4), 0, 0);
	is_about(diverse_term(&v, 5), -(0.4 / 5), 1e-6);		/* one tag of five; what eve calls one is not what ann does */
	is_about(diverse_term(&v, 6), 0, 0);
	diverse_take(&v, 4);
	is_about(diverse_term(&v, 6), 0, 0);				/* two of whom nothing is known are not alike */
	diverse_release(&v);
	facets_release(&tags);
	facets_release(&group);
	facets_release(&creator);
	items_release(&it);
}

/* kl - by definition: p of the listener's items, q of the list's, over all values. */
static double kl(const struct facets *f, const uint32_t *have, size_t n_have, const uint32_t *list, size_t n_list)
{
	double p[16] = { 0 }, q[16] = { 0 }, np = 0, nq = 0, sum = 0;
	size_t n;

	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < (s ? n_list : n_have); i++) {
			const uint32_t *v = facets_of(f, s ? list[i] : have[i], &n);
			*(s ? &nq : &np) += n > 0;
			for (size_t j = 0; j < n; j++)
				(s ? q : p)[v[j]] += 1 / (double)n;
		}
	for (size_t t = 0; t < f->name.n; t++)
		if (p[t] > 0)
			sum += p[t] / np * log(p[t] / np / (0.99 * (nq > 0 ? q[t] / nq : 0) + 0.01 * p[t] / np));
	return sum;
}

static void calibration_is_kl_by_its_definition(void **state)
{
	static const uint32_t have[] = { 0, 0, 3, 5, 4 }, cands[] = { 0, 1, 2, 3, 4, 5, VOCAB_NONE };
	static const size_t take[] = { 3, 6, 0, 4, 5, 1, 2 };
	static const enum items_column column[] = { ITEM_TAGS, ITEM_KIND, ITEM_CREATOR };
	struct items it;
	struct err e = { 0 };
	(void)state;

	load(&it);
	for (size_t c = 0; c < 3; c++) {
		struct facets f;
		struct mix mix = { 0 };
		struct mix_fit t;
		uint32_t list[8];
		assert_int_equal(facets_make(&f, &it, column[c], NULL, &e), 0);
		for (int again = 0; again < 2; again++) {	/* the second listener in the memory of the first */
			mix_clear(&mix);
			for (size_t i = 0; i < 5; i++)
				mix_add(&mix, &f, have[i]);
			assert_int_equal(mix_end(&mix, &e), 0);
		}
		assert_int_equal(mix_begin(&t, &mix, &f, cands, 7, &e), 0);
		is_about(t.now, log(100), 1e-12);
		for (size_t n = 0; n < 7; n++) {
			is_about(t.now, kl(&f, have, 5, list, n), 1e-12);
			for (size_t i = 0; i < 7; i++) {
				list[n] = cands[i];
				is_about(mix_if(&t, i), kl(&f, have, 5, list, n + 1), 1e-12);
			}
			list[n] = cands[take[n]];
			mix_take(&t, take[n]);
		}
		mix_fit_release(&t);
		mix_release(&mix);
		facets_release(&f);
	}
	items_release(&it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facets_are_the_values_of_a_column),
		cmocka_unit_test(mmr_is_the_largest_likeness_to_the_list),
		cmocka_unit_test(dpp_terms_are_steps_of_the_determinant),
		cmocka_unit_test(the_catalogue_says_what_is_alike),
		cmocka_unit_test(calibration_is_kl_by_its_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
