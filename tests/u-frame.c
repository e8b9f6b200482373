/* frame: tables and LIBSVM rows as numbers, what is absent, queries by name and by size; what is wrong is named by file, line and field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/data/frame.h"

static int load(struct frame *f, const char *text, size_t n, enum mem_way way, const struct frame_opts *o, const struct frame *like, struct err *e)
{
	const char *path = mem_path(text, n, way);

	return frame_load(f, like, &path, 1, o, NULL, NULL, NULL, NULL, e);
}

static void must_load(struct frame *f, const char *text, const struct frame_opts *o, const struct frame *like)
{
	struct err e = { 0 };

	if (load(f, text, strlen(text), MEM_PIPED, o, like, &e))
		fail_msg("%s", e.msg);
}

static void is_row(const struct frame *f, size_t i, const float *want, size_t n)
{
	float x[16];

	frame_get(f, i, x, n);
	for (size_t c = 0; c < n; c++) {
		float one;
		frame_column(f, c, &one, i, 1);
		if (isnan(want[c]) ? !isnan(x[c]) || !isnan(one) : x[c] != want[c] || one != want[c])
			fail_msg("row %zu, column %zu: %g, wanted %g", i, c, (double)x[c], (double)want[c]);
	}
}

static const struct frame_opts grades = { .labels = FRAME_GRADES }, zeros = { .labels = FRAME_GRADES, .absent_is_zero = true };

static void a_table_has_numbers_words_and_holes(void **state)
{
	struct frame f, g;

	(void)state;
	must_load(&f, "\xef\xbb\xbfquery\tuser\titem\tlabel\tx\t@w\ty\r\n1\tu\ti\t0\t1.5\tcar\t\r\n1\tu\tj\t2\t\tbus\t-3e2\r\n2\tv\ti\t0.5\t7\t\t0", &grades, NULL);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.n_queries, 2);
	assert_int_equal(f.start[1], 2);
	assert_int_equal(f.name.n, 3);
	assert_true(f.words[1] && !f.words[0] && f.words[1]->n == 2 && f.has_queries);
	is_row(&f, 0, (float[]){ 1.5f, 0, NAN }, 3);
	is_row(&f, 1, (float[]){ NAN, 1, -300 }, 3);
	is_row(&f, 2, (float[]){ 7, NAN, 0 }, 3);
	assert_true(f.label[1] == 2 && f.label[2] == 0.5f);
	must_load(&g, "query\tuser\titem\tlabel\tnew\t@w\tx\n7\tu\ti\t1\t9\ttram\t4\n7\tu\ti\t1\t9\tbus\t5\n", &zeros, &f);
	is_row(&g, 0, (float[]){ 4, NAN, NAN }, 3);
	is_row(&g, 1, (float[]){ 5, 1, NAN }, 3);
	frame_release(&g);
	frame_release(&f);
}

static void a_libsvm_row_may_leave_features_out(void **state)
{
	static const char text[] = "# LETOR\n1 qid:a 1:0.5 3:-2 # docid = D1 inc = 1\n0\tqid:a  3:1e3\n+2 qid:b 0:1 70000:8 1:2\n  # more\n0 qid:b";
	struct frame f, g;

	(void)state;
	must_load(&f, text, &grades, NULL);
	assert_int_equal(f.n, 4);
	assert_int_equal(f.n_queries, 2);
	assert_int_equal(f.name.n, 4);
	assert_string_equal(f.name.str[3].p, "70000");
	is_row(&f, 0, (float[]){ 0.5f, -2, NAN, NAN }, 4);
	is_row(&f, 2, (float[]){ 2, NAN, 1, 8 }, 4);
	is_row(&f, 3, (float[]){ NAN, NAN, NAN, NAN }, 4);
	assert_true(f.label[2] == 2);
	must_load(&g, text, &zeros, NULL);
	is_row(&g, 0, (float[]){ 0.5f, -2, 0, 0 }, 4);
	is_row(&g, 3, (float[]){ 0, 0, 0, 0 }, 4);
	frame_release(&f);
	frame_release(&g);
}

static uint32_t any_column(void *ctx, struct str name)
{
	(void)ctx;
	return name.len == 1 && *name.p == '3' ? 0 : FRAME_NONE;
}

static float no_word(void *ctx, uint32_t column, struct str word)
{
	(void)ctx; (void)column; (void)word;
	return NAN;
}

static void an_item_is_what_the_comment_says(void **state)
{
	static const char text[] = "1 qid:a 1:2 3:4 #docid = GX-1 inc = 1\n0 qid:a 3:1 # two words \n0 qid:b 9:1\n0 qid:b #\n0 qid:b # docid=Z\n";
	static const char *const item[] = { "GX-1", "two words", "3", "4", "Z" };
	struct frame_columns columns = { any_column, no_word, NULL };
	struct err e = { 0 };
	struct framer *r = framer_open(mem_path(text, sizeof text - 1, MEM_MAPPED), &columns, &grades, &e);
	struct frame_row row;
	size_t n = 0;

	(void)state;
	for (; framer_next(r, &row, &e) == 1; n++) {
		assert_int_equal(row.item.len, strlen(item[n]));
		assert_memory_equal(row.item.p, item[n], row.item.len);
		assert_true(row.user.len == 1 && *row.user.p == (n < 2 ? 'a' : 'b') && row.starts == (n == 0 || n == 2));
		assert_true(row.n == 0 || (row.n == 1 && (n > 1 ? isnan(row.x[0]) : row.x[0] == (n ? 1 : 4))));
	}
	assert_true(n == 5 && !e.code);
	framer_close(r);
}

static void sizes_make_queries(void **state)
{
	char path[] = "/tmp/u-frame.XXXXXX";
	static const struct { const char *sizes, *says; } cases[] = {
		{ "2\n0\n1\n", NULL }, { "3", NULL }, { "2\n", "add up to 2 rows, there are more" }, { "2\n2\n", "add up to 4 rows, there are 3" }, { "2\nx\n", ":2: field 1: 'x' is not the size" },
		{ "", "add up to 0 rows" }, { "99999999999999999999\n", ":1: field 1" },
	};
	int fd = mkstemp(path);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_opts o = { .labels = FRAME_GRADES, .groups = path };
		struct frame f;
		struct err e = { 0 };
		assert_true(!ftruncate(fd, 0) && pwrite(fd, cases[i].sizes, strlen(cases[i].sizes), 0) == (ssize_t)strlen(cases[i].sizes));
		int got = load(&f, "1 1:1\n0 1:2\n0 1:3\n", 18, MEM_PIPED, &o, NULL, &e);
		if (cases[i].says ? got != ERR_DATA || !strstr(e.msg, cases[i].says) : got)
			fail_msg("case %zu: %d %s", i, got, e.msg);
		if (!i)
			assert_true(f.n_queries == 2 && f.start[1] == 2 && f.has_queries);
		if (!got)
			frame_release(&f);
	}
	close(fd);
	unlink(path);
}

static void what_is_wrong_is_named(void **state)
{
#define HEAD "query\tuser\titem\tlabel\tx\t@w\n"
	static const struct { const char *text, *says; } cases[] = {
		{ HEAD "1\tu\ti\t0\tabc\tw\n", ":2: field 5: 'abc' is not a finite number" },
		{ HEAD "1\tu\ti\t0\tnan\tw\n", ":2: field 5: 'nan'" },
		{ HEAD "1\tu\ti\t0\t1e999\tw\n", ":2: field 5" },
		{ HEAD "1\tu\ti\t-1\t1\tw\n", ":2: field 4: '-1' is not a label (a number from 0 up)" },
		{ HEAD "1\tu\ti\t\t1\tw\n", ":2: field 4: the label is empty" },
		{ HEAD "\tu\ti\t0\t1\tw\n", ":2: field 1: the query is empty" },
		{ HEAD "1\tu\ti\t0\t1\n", ":2: 5 fields, the header has 6" },
		{ HEAD "1\tu\ti\t0\t1\tw\n2\tu\ti\t0\t1\tw\n1\tu\ti\t0\t1\tw\n", ":4: field 1: query '1' comes again" },
		{ HEAD "1\tu\ti\t0\t1\tw\n\n", ":3: an empty line" },
		{ "query\tuser\titem\tx\n", ":1: field 4: the header" },
		{ "query\n", ":1: field 2: the header" },
		{ "query\tuser\titem\tlabel\tx\tx\n", ":1: field 6: a feature must have a name of its own, not 'x'" },
		{ "query\tuser\titem\tlabel\t\n", ":1: field 5: a feature must have a name" },
		{ "u1\ti1\t5\n", ":1: field 1: 'u1' is not a label" },
		{ "1 qid:1 2\n", ":1: field 3: '2' is not INDEX:VALUE" },
		{ "1 qid: 2:3\n", ":1: field 2: 'qid:' names no query" },
		{ "1 qid:1 2:x\n", ":1: field 3: '2:x'" },
		{ "1 qid:1 -2:3\n", ":1: field 3: '-2:3'" },
		{ "1 qid:1 2:3 2:4\n", ":1: field 4: '2:4' names a feature that the row has already" },
		{ "1 qid:1 2:3\n1 2:3\n", ":2: field 2: '' is the query where other rows name none" },
		{ "1 qid:1 2:3\n1 qid:2 2:3\n1 qid:1 2:3\n", ":3: field 2: query '1' comes again" },
		{ "1 qid:1 2:3\n\n", ":2: an empty line" },
		{ "1 qid:1 2:inf\n", ":1: field 3" },
		{ "1\t2:3:4\n", ":1: field 2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (enum mem_way way = 0; way < MEM_WAYS; way++) {
			struct frame f;
			struct err e = { 0 };
			int got = load(&f, cases[i].text, strlen(cases[i].text), way, &grades, NULL, &e);
			if (got != ERR_DATA || !strstr(e.msg, cases[i].says))
				fail_msg("case %zu: %d %s", i, got, e.msg);
		}
}

static void files_of_one_frame_name_queries_or_do_not(void **state)
{
	static const char named[] = "1 qid:1 2:3\n0 qid:2 2:3\n", nameless[] = "1 2:3\n0 2:3\n";
	const char *text[] = { named, nameless, "" };

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		struct frame f;
		struct err e = { 0 };
		char path[2][64];
		const char *paths[] = { path[0], path[1] };
		snprintf(path[0], sizeof path[0], "%s", mem_path(text[i / 3], strlen(text[i / 3]), MEM_MAPPED));
		snprintf(path[1], sizeof path[1], "%s", mem_path(text[i % 3], strlen(text[i % 3]), MEM_PIPED));
		int got = frame_load(&f, NULL, paths, 2, &grades, NULL, NULL, NULL, NULL, &e);
		if (i == 1 || i == 3) {
			assert_int_equal(got, ERR_DATA);
			assert_non_null(strstr(e.msg, ":1: the rows of one file name their queries, those of another do not"));
		} else {
			assert_int_equal(got, 0);
			assert_int_equal(f.has_queries, i < 3 || i == 6);
			frame_release(&f);
		}
	}
}

static void nothing_is_no_error_and_nul_bytes_are(void **state)
{
	struct frame f;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(load(&f, "", 0, MEM_MAPPED, &grades, NULL, &e), 0);
	assert_int_equal(f.n, 0);
	frame_release(&f);
	assert_int_equal(load(&f, HEAD, strlen(HEAD), MEM_MAPPED, &grades, NULL, &e), 0);
	assert_true(f.n == 0 && f.name.n == 2);
	frame_release(&f);
	assert_int_equal(load(&f, "1 qid:1 2:\0", 12, MEM_MAPPED, &grades, NULL, &e), ERR_DATA);
	e = (struct err){ 0 };
	assert_int_equal(load(&f, HEAD "1\tu\0\ti\t0\t1\tw\n", sizeof HEAD + 13, MEM_MAPPED, &grades, NULL, &e), ERR_DATA);
}

/* Rows of more than one chunk, in which features come later and later. */
static void chunks_are_as_wide_as_they_must_be(void **state)
{
	struct buf b = { 0 };
	struct frame f;
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 2 * FRAME_CHUNK + 10; i++)
		buf_printf(&b, "%d qid:%d %d:%d\n", i % 3, i / 50, i / 700, i);
	assert_int_equal(load(&f, b.p, b.len, MEM_MAPPED, &grades, NULL, &e), 0);
	for (size_t i = 0; i < f.n; i += 17) {
		float want[16];
		for (size_t c = 0; c < 12; c++)
			want[c] = c == i / 700 ? (float)i : NAN;
		is_row(&f, i, want, 12);
	}
	assert_true(f.n == 2 * FRAME_CHUNK + 10 && f.n_queries == (f.n + 49) / 50);
	frame_release(&f);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_has_numbers_words_and_holes),
		cmocka_unit_test(a_libsvm_row_may_leave_features_out),
		cmocka_unit_test(an_item_is_what_the_comment_says),
		cmocka_unit_test(sizes_make_queries),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(files_of_one_frame_name_queries_or_do_not),
		cmocka_unit_test(nothing_is_no_error_and_nul_bytes_are),
		cmocka_unit_test(chunks_are_as_wide_as_they_must_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
