/* Any bytes as vectors, of every format: whole and row by row, mapped and piped, the rows and the end are the same, and every number is finite; by every metric the first row finds rows, once, in order. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/index/flat.h"
#include "../lib/num/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint64_t mix(uint64_t h, struct str id, const float *v, size_t d)
{
	for (size_t i = 0; i < d; i++)
		assert(isfinite(v[i]));
	return fuzz_mix(fuzz_mix(h, id.p, id.len), v, d * sizeof *v);
}

enum { ROWS_MAX = 300, DIM_MAX = 64, K = 5 };

static void find(const struct vecs *v)
{
	for (int metric = FLAT_IP; metric <= FLAT_L2; metric++) {
		struct topk_hit storage[K + 1];
		struct flat_hits out;
		struct err e = { 0 };
		struct flat f;
		bool is_scored = flat_has_scores((enum flat_metric)metric, num_norm(vecs_row(v, 0), v->d));
		for (size_t i = 1; i < v->n; i++)
			is_scored &= flat_has_scores((enum flat_metric)metric, num_norm(vecs_row(v, i), v->d));
		int r = flat_init(&f, v, (enum flat_metric)metric, NULL, &e);
		assert(r == (is_scored ? 0 : ERR_DATA));	/* the programs say which row it is */
		if (r)
			continue;
		r = flat_search(&f, &out, storage, K, vecs_row(v, 0), 1, NULL, &e);
		assert(!r && out.n == (v->n < K ? v->n : K));
		for (size_t i = 0; i < out.n; i++) {
			assert(out.hit[i].row < v->n && isfinite(out.hit[i].score) && (!i || out.hit[i].score <= out.hit[i - 1].score));
			for (size_t j = 0; j < i; j++)
				assert(out.hit[j].row != out.hit[i].row);
		}
		flat_release(&f);
	}
}

static int whole(const struct buf *b, enum vecs_format format, enum mem_way way, uint64_t *seen, size_t *rows)
{
	struct vecs v;
	struct err e = { 0 };
	int got = vecs_load_as(&v, mem_path(b->p, b->len, way), format, NULL, NULL, &e);

	*rows = v.n;
	if (way == MEM_MAPPED && v.n && v.n <= ROWS_MAX && v.d && v.d <= DIM_MAX)
		find(&v);
	for (size_t i = 0; i < v.n; i++)
		*seen = mix(*seen, vecs_id(&v, i), vecs_row(&v, i), v.d);
	vecs_release(&v);
	assert(got == e.code);
	return got;
}

static int by_row(const struct buf *b, enum vecs_format format, enum mem_way way, uint64_t *seen)
{
	struct err e = { 0 }, again = { 0 };
	struct vecsr *r = vecsr_open_as(mem_path(b->p, b->len, way), format, &e);
	struct str id;
	const float *v;
	size_t d;
	int got = ERR_DATA;

	while (r && (got = vecsr_next(r, &id, &v, &d, &e)) == 1)
		*seen = mix(*seen, id, v, d);
	assert(got == e.code);
	if (r)
		assert(vecsr_next(r, &id, &v, &d, &again) == got);
	vecsr_close(r);
	return got;
}

static void both_ways(const struct buf *b, enum vecs_format format)
{
	uint64_t seen[4] = { 0 };
	size_t rows[2];

	int got = whole(b, format, MEM_MAPPED, &seen[0], &rows[0]);
	int same = whole(b, format, MEM_PIPED, &seen[1], &rows[1]);
	assert(got == same && seen[0] == seen[1] && rows[0] == rows[1]);
	same = by_row(b, format, MEM_MAPPED, &seen[2]);
	assert(got == same && (got || seen[2] == seen[0]));
	same = by_row(b, format, MEM_PIPED, &seen[3]);
	assert(got == same && seen[2] == seen[3]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > FUZZ_MAX)
		return 0;
	struct buf b = fuzz_stream(KIND_VECTORS, p, n);
	both_ways(&b, VECS_AUTO);
	for (int format = VECS_TSV; n && *p == 'F' && format <= VECS_GLOVE; format++)
		both_ways(&b, (enum vecs_format)format);
	buf_release(&b);
	return 0;
}
