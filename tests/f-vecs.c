/* Any bytes as vectors, of every format: whole and row by row, mapped and piped, the rows and the end are the same, and every number is finite. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/data/vecs.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint64_t mix(uint64_t h, struct str id, const float *v, size_t d)
{
	for (size_t i = 0; i < d; i++)
		assert(isfinite(v[i]));
	return fuzz_mix(fuzz_mix(h, id.p, id.len), v, d * sizeof *v);
}

static int whole(const struct buf *b, enum vecs_format format, enum mem_way way, uint64_t *seen, size_t *rows)
{
	struct vecs v;
	struct err e = { 0 };
	int got = vecs_load_as(&v, mem_path(b->p, b->len, way), format, NULL, NULL, &e);

	*rows = v.n;
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
