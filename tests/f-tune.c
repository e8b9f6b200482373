/* Any bytes behind the first lines of the log of a search, or after 'F' as all of it: the search goes on from what it would have written itself, with values in their ranges, or says why not. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/eval/tune.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static double a, b;

static int measure(void *ctx, int64_t budget, double *score, double *second, struct err *e)
{
	(void)ctx;
	(void)e;
	*score = 1 / (1 + (a - 2) * (a - 2) + b + 1.0 / (double)budget);
	*second = a * b;
	return 0;
}

/* search - with a log, or without (NULL). */
static int search(const char *log, struct tune_row *best, size_t *rows, struct err *e)
{
	struct tune t = { .param = { { "a", 0, 8, false, &a }, { "b", 0.01, 10, true, &b } }, .n_params = 2, .budget_name = "epochs", .score_name = "ndcg", .second_name = "recall", .budget = { 1, 3, 9 },
			  .n_budgets = 3, .given = 2, .n_trials = 9, .n_near = 3, .seed = 1, .measure = measure, .log = log, .identity = "who" };

	a = 1;
	b = 1;
	*rows = 0;
	return tune_run(&t, best, rows, e);
}

/* text_of - of the file that mem_path gave. */
static struct buf text_of(void)
{
	struct buf text = { 0 };
	char piece[4096];
	ssize_t got;

	for (off_t at = 0; (got = pread(mem_fd, piece, sizeof piece, at)) > 0; at += got)
		buf_put(&text, piece, (size_t)got);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct buf whole;
	static size_t first;		/* bytes of its first two lines */
	static struct tune_row want;
	static size_t n_want;
	struct tune_row best;
	struct err e = { 0 };
	size_t rows;

	if (n > FUZZ_MAX)
		return 0;
	if (!whole.len) {
		int r = search(mem_path("", 0, MEM_MAPPED), &want, &n_want, &e);
		assert(!r);
		whole = text_of();
		first = (size_t)(strchr(strchr(whole.p, '\n') + 1, '\n') + 1 - whole.p);
	}
	struct buf text = { 0 };
	if (n && *p == 'F') {
		buf_put(&text, p + 1, n - 1);
	} else {
		buf_put(&text, whole.p, first);
		buf_put(&text, p, n);
	}
	int r = search(mem_path(text.p ? text.p : "", text.len, MEM_MAPPED), &best, &rows, &e);
	if (r)		/* how many go on depends on scores, which nobody can know again */
		assert(r == (int)e.code && e.msg[0]);
	else
		assert(rows >= n_want - 2 && rows <= n_want + 2 && isfinite(best.score) && a >= 0 && a <= 8 && b >= 0.01 && b <= 10);
	buf_release(&text);
	return 0;
}
