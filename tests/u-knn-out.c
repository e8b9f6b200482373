/* knn-out: the four formats of found neighbours, ids of every kind, what a catalogue adds, similarity within 0 and 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "mem-path.h"
#include "../cmd/knn-out.c"

#define STR(s) ((struct str){ s, sizeof s - 1 })

static const struct knn_hit hits[] = {
	{ { "a", 1 }, 0.5f }, { { "b c", 3 }, 0.25f }, { { "50%", 3 }, 0 }, { { "\t\n\\", 3 }, -0.5f }, { { "", 0 }, -1 }, { { "\xff\x7f\xc3\xa9\"", 5 }, -1.5f },
};
enum { N_HITS = sizeof hits / sizeof *hits };

/* written - two queries, one that found all of hits and one that found nothing. */
static struct buf written(enum knn_format format, enum flat_metric metric, const struct items *items)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct prov p = { { 0 } };
	struct sink *s = sink_open_memory("memory", &b);
	struct knn_out *w = knn_out_new(s, format, metric, "knn x", items, &e);

	prov_step(&p, "u-knn-out", "1", "", "");
	assert_non_null(w);
	assert_int_equal(knn_out_query(w, STR("q 1"), hits, N_HITS, &e), 0);
	assert_int_equal(knn_out_query(w, STR("q2"), NULL, 0, &e), 0);
	assert_int_equal(knn_out_finish(w, &p, &e), 0);
	knn_out_free(w);
	assert_int_equal(sink_close(s, &e), 0);
	buf_put(&b, "", 0);
	prov_release(&p);
	return b;
}

static void is_written(enum knn_format format, enum flat_metric metric, const struct items *items, const char *want)
{
	struct buf b = written(format, metric, items);

	if (strcmp(b.p, want))
		fail_msg("\n%s, wanted\n%s", b.p, want);
	buf_release(&b);
}

static void candidates_are_rows(void **state)
{
	struct buf b = written(KNN_BINARY, FLAT_IP, NULL), rows = { 0 };
	struct err e = { 0 };
	struct tabler *r = tabler_open(mem_path(b.p, b.len, MEM_MAPPED), "candidates", false, &e);
	const struct str *f;
	size_t n;

	(void)state;
	is_written(KNN_TSV, FLAT_IP, NULL, "q 1\ta\t0.5\tknn x\nq 1\tb c\t0.25\tknn x\nq 1\t50%\t0\tknn x\nq 1\t\\t\\n\\\\\t-0.5\tknn x\nq 1\t\t-1\tknn x\n"
		   "q 1\t\xff\x7f\xc3\xa9\"\t-1.5\tknn x\n");
	while (tabler_next(r, &f, &n, &e) == 1) {
		assert_int_equal(n, 4);
		for (size_t i = 0; i < n; i++) {
			tsv_put(&rows, f[i].p, f[i].len);
			buf_putc(&rows, i + 1 < n ? '\t' : '\n');
		}
	}
	assert_int_equal(e.code, 0);
	is_written(KNN_TSV, FLAT_IP, NULL, rows.p);
	tabler_close(r);
	buf_release(&b);
	buf_release(&rows);
}

static void a_run_has_words_only(void **state)
{
	(void)state;
	is_written(KNN_TREC, FLAT_IP, NULL, "q%201 Q0 a 1 0.5 knn%20x\nq%201 Q0 b%20c 2 0.25 knn%20x\nq%201 Q0 50%25 3 0 knn%20x\nq%201 Q0 %09%0A\\ 4 -0.5 knn%20x\nq%201 Q0 % 5 -1 knn%20x\n"
		   "q%201 Q0 \xff%7F\xc3\xa9\" 6 -1.5 knn%20x\n");
}

static void sonic_matches_have_what_the_catalogue_has(void **state)
{
	static const char text[] = "a\tmusic\tA \"1\"\tX\tG\t\t61.9\nb c\tpodcast\t\t\t\t\tlong\n50%\t\t\t\t\t\t-1\n\\t\\n\\\\\t\t\t\t\t\t1e300\n";
	struct items it;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(items_load(&it, mem_path(text, sizeof text - 1, MEM_MAPPED), false, NULL, NULL, &e), 0);
	is_written(KNN_SONIC, FLAT_COSINE, &it, "{\"query\":\"q 1\",\"sonicMatch\":["
		   "{\"entry\":{\"id\":\"a\",\"title\":\"A \\\"1\\\"\",\"artist\":\"X\",\"album\":\"G\",\"duration\":61,\"type\":\"music\",\"isDir\":false},\"similarity\":0.75},"
		   "{\"entry\":{\"id\":\"b c\",\"type\":\"podcast\",\"isDir\":false},\"similarity\":0.625},{\"entry\":{\"id\":\"50%\",\"isDir\":false},\"similarity\":0.5},"
		   "{\"entry\":{\"id\":\"\\t\\n\\\\\",\"isDir\":false},\"similarity\":0.25},{\"entry\":{\"id\":\"\",\"isDir\":false},\"similarity\":0},"
		   "{\"entry\":{\"id\":\"\xef\xbf\xbd\x7f\xc3\xa9\\\"\",\"isDir\":false},\"similarity\":0}]}\n{\"query\":\"q2\",\"sonicMatch\":[]}\n");
	items_release(&it);
	is_written(KNN_SONIC, FLAT_L2, NULL, "{\"query\":\"q 1\",\"sonicMatch\":["
		   "{\"entry\":{\"id\":\"a\",\"isDir\":false},\"similarity\":1},{\"entry\":{\"id\":\"b c\",\"isDir\":false},\"similarity\":1},{\"entry\":{\"id\":\"50%\",\"isDir\":false},\"similarity\":1},"
		   "{\"entry\":{\"id\":\"\\t\\n\\\\\",\"isDir\":false},\"similarity\":0.6666667},{\"entry\":{\"id\":\"\",\"isDir\":false},\"similarity\":0.5},"
		   "{\"entry\":{\"id\":\"\xef\xbf\xbd\x7f\xc3\xa9\\\"\",\"isDir\":false},\"similarity\":0.4}]}\n{\"query\":\"q2\",\"sonicMatch\":[]}\n");
}

static void similarity_is_within_0_and_1_in_the_order_of_the_scores(void **state)
{
	static const float score[] = { -3.4e38f, -1e20f, -800, -100, -2, -1.0000001f, -1, -0.5f, -1e-30f, 0, 1e-30f, 0.5f, 1, 1.0000001f, 100, 1e20f, 3.4e38f };

	(void)state;
	for (int m = FLAT_IP; m <= FLAT_L2; m++)
		for (size_t i = 0; i < sizeof score / sizeof *score; i++) {
			double s = knn_similarity((enum flat_metric)m, score[i]);
			assert_true(s >= 0 && s <= 1);
			assert_true(!i || s >= knn_similarity((enum flat_metric)m, score[i - 1]));
		}
	assert_true(knn_similarity(FLAT_IP, 0) == 0.5);
	assert_true(fabs(knn_similarity(FLAT_IP, 2) - 0.8807970779778823) < 1e-15 && fabs(knn_similarity(FLAT_IP, -2) - 0.11920292202211755) < 1e-15);
	assert_true(knn_similarity(FLAT_COSINE, -1) == 0 && knn_similarity(FLAT_COSINE, 1) == 1 && knn_similarity(FLAT_COSINE, 0) == 0.5);
	assert_true(knn_similarity(FLAT_L2, 0) == 1 && knn_similarity(FLAT_L2, -3) == 0.25);
}

static void a_full_sink_is_told(void **state)
{
	(void)state;
	for (int f = KNN_TSV; f <= KNN_SONIC; f++) {
		struct err e = { 0 };
		struct sink *s = sink_open("/dev/full", &e);
		assert_non_null(s);
		struct knn_out *w = knn_out_new(s, (enum knn_format)f, FLAT_IP, "knn", NULL, &e);
		int r = w ? 0 : e.code;
		for (int i = 0; i < 100000 && !r; i++)
			r = knn_out_query(w, STR("q"), hits, N_HITS, &e);
		if (!r)
			r = knn_out_finish(w, NULL, &e);
		if (!r)
			r = sink_flush(s, &e);
		assert_int_equal(r, ERR_SYS);
		knn_out_free(w);
		sink_abandon(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates_are_rows),
		cmocka_unit_test(a_run_has_words_only),
		cmocka_unit_test(sonic_matches_have_what_the_catalogue_has),
		cmocka_unit_test(similarity_is_within_0_and_1_in_the_order_of_the_scores),
		cmocka_unit_test(a_full_sink_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
