/*
 * quant - vectors as small integers, so that a search reads an eighth or a quarter of their bytes.
 *
 * A vector x becomes r = T (x - m): m is the mean of the vectors, T an orthogonal map that spreads what single components carry over all of them (three rounds of
 * random signs and Walsh-Hadamard transforms of the first and of the last p components, p the largest power of two <= d). The components of r are then much alike, so that one step
 * fits all: 8 bits  c_i = round(r_i / s), s = max|r_i| / 127
 *           4 bits  levels -15, -13 ... 15 times s, s the one of a few multiples of |r| / sqrt(d) with the smallest error
 * and the scale of the row is |r|^2 / (r.c): with it the product with r itself is exact, and errors do not shrink scores. (Source of this correction: Gao and Long, "RaBitQ",
 * SIGMOD 2024.) A query is turned by the same T and rounded to 8 bits. As q.x = q.m + (T q).r, an order by inner products needs r only.
 *
 * Row in memory and on disk: codes, scale f32 (lib/num/codes.h), and |r|^2 f32 when has_norm; rows are row_bytes apart, a multiple of 4.
 */
#ifndef TASTE_QUANT_H
#define TASTE_QUANT_H

#include <stdbool.h>

#include "../base/par.h"
#include "../num/codes.h"

struct quant {
	enum codes_bits bits;
	bool has_norm;
	size_t d, row_bytes, norm_at;
	uint64_t seed;
	const float *mean;		/* [d] borrowed, and it outlives this */
	float *sign;			/* [3 x 2 x d] of the rounds, scaled */
};

/* quant_init - d from 1 to CODES_DIM_MAX. 0 or ERR_MEM. */
int quant_init(struct quant *z, enum codes_bits bits, bool has_norm, size_t d, const float *mean, uint64_t seed, struct err *e);
void quant_release(struct quant *z);
/* quant_row_bytes - what quant_init would make row_bytes. */
size_t quant_row_bytes(enum codes_bits bits, bool has_norm, size_t d);

/* quant_mean - mean [d] of n rows, row(ctx, i) each, in float64 by chunks of 4096 rows: the same for any pool. 0 or ERR_MEM. */
int quant_mean(float *mean, const float *(*row)(const void *ctx, size_t i), const void *ctx, size_t n, size_t d, struct par *pool, struct err *e);

/* quant_turn - r [d] = T (x - m), or T x when is_free. */
void quant_turn(const struct quant *z, float *r, const float *x, bool is_free);
/* quant_encode - the row of r = T (x - m); returns |r|^2. */
float quant_encode(const struct quant *z, uint8_t *row, const float *r);
/* quant_query - r (a query turned) as codes_query; *scale times a codes_dots with it is the product with the rows. room: 3 * d bytes + 2. */
void quant_query(const struct quant *z, struct codes_query *q, float *scale, const float *r, int8_t *room);

static inline float quant_norm(const struct quant *z, const uint8_t *row)
{
	float f;
	__builtin_memcpy(&f, row + z->norm_at, sizeof f);
	return f;
}

#endif
