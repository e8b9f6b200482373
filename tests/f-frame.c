/* Any bytes as rows of features: mapped and piped the rows and the end are the same; numbers are finite or missing; all of them at once are as many. Behind a
 * line of dashes stand the sizes of queries. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/data/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint32_t column_of(void *ctx, struct str name)
{
	uint32_t c = vocab_add(ctx, name.p, name.len);

	return c < FRAME_COLUMNS_MAX ? c : FRAME_COLUMNS_MAX;
}

static float number_of(void *ctx, uint32_t column, struct str word)
{
	(void)ctx;
	(void)column;
	return word.len > 3 ? NAN : (float)word.len;
}

static int walk(const struct buf *b, enum mem_way way, const struct frame_opts *o, uint64_t *seen, size_t *rows)
{
	struct vocab names = { 0 };
	struct frame_columns columns = { column_of, number_of, &names };
	struct err e = { 0 }, again = { 0 };
	struct framer *r = framer_open(mem_path(b->p, b->len, way), &columns, o, &e);
	struct frame_row row;
	int got = ERR_DATA;

	*rows = 0;
	while (r && (got = framer_next(r, &row, &e)) == 1) {
		*seen = fuzz_mix(*seen, row.query.p, row.query.len);
		*seen = fuzz_mix(*seen, row.user.p, row.user.len);
		*seen = fuzz_mix(*seen, row.item.p, row.item.len);
		*seen = fuzz_mix(*seen, &row.label, sizeof row.label);
		*seen = fuzz_mix(*seen, row.x, row.n * sizeof *row.x);
		for (size_t c = 0; c < row.n; c++)
			assert(!isinf(row.x[c]));
		assert(row.n <= names.n && isfinite(row.label) && row.label >= 0);
		++*rows;
	}
	assert(got == e.code);
	if (r)
		assert(framer_next(r, &row, &again) == got);
	framer_close(r);
	vocab_release(&names);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char cut[] = "\n---\n";

	if (n > FUZZ_MAX)
		return 0;
	struct frame_opts o = { .labels = FRAME_GRADES, .absent_is_zero = n & 1 };
	const uint8_t *second = n ? memmem(p, n, cut, sizeof cut - 1) : NULL;
	if (second) {
		o.groups = mem_disk(second + sizeof cut - 1, (size_t)(p + n - second) - sizeof cut + 1);
		n = (size_t)(second - p) + 1;
	}
	struct buf b = fuzz_stream(KIND_TABLE, p, n);
	uint64_t mapped = 0, piped = 0;
	size_t rows, same_rows;
	int got = walk(&b, MEM_MAPPED, &o, &mapped, &rows), same = walk(&b, MEM_PIPED, &o, &piped, &same_rows);
	assert(got == same && mapped == piped && rows == same_rows);

	struct frame f;
	struct err e = { 0 };
	const char *path = mem_path(b.p, b.len, MEM_MAPPED);
	same = frame_load(&f, NULL, &path, 1, &o, NULL, NULL, NULL, NULL, &e);
	assert(got >= 0 || same < 0);
	assert(same < 0 || f.n == rows);
	frame_release(&f);
	buf_release(&b);
	return 0;
}
