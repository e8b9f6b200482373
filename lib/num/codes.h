/*
 * codes - inner products of a query with rows of small integers, which is what a search through a graph spends its time on.
 *
 * Sums of integers are exact in any order, so every path gives the same numbers: plain C, AVX2, AVX-VNNI, AVX-512 VNNI. A row of codes is
 *   8 bits   d bytes: byte i is component i plus 128
 *   4 bits   (d + 1) / 2 bytes, h of them: byte i holds component i in its lower half and component h + i in its upper half, levels 0 to 15 that stand for
 *            -15, -13, ... 15
 * and a float behind it, the row's scale, at a multiple of 4 bytes: codes_scale_at. More may follow; rows are `stride` bytes apart.
 */
#ifndef TASTE_CODES_H
#define TASTE_CODES_H

#include <stddef.h>
#include <stdint.h>

enum codes_bits { CODES_8 = 8, CODES_4 = 4 };
#define CODES_DIM_MAX 16384	/* the sums of longer rows might not fit 32 bits */

/* codes_bytes - of a row of d components. codes_scale_at - the same, rounded up to a multiple of 4. */
size_t codes_bytes(enum codes_bits b, size_t d);
size_t codes_scale_at(enum codes_bits b, size_t d);

/* A query: components of -127 to 127 in the order of a row's bytes (4 bits: the lower halves, then the upper ones), and their sum. */
struct codes_query {
	enum codes_bits bits;
	size_t d;
	int8_t *lo, *hi;		/* [codes_bytes] borrowed; hi: 4 bits */
	int32_t sum;
};
/* codes_query_set - cut q[d] (-127 to 127) into place; room has 2 * codes_bytes bytes and lives as long as the query. */
void codes_query_set(struct codes_query *cq, enum codes_bits b, const int8_t *q, size_t d, int8_t *room);

/*
 * codes_dots - out[j] = scale_j * sum_i q_i y_i with y the row row[j] of C, for n rows; the sum is exact and rounded once to a float, then multiplied.
 * Nothing behind the row's scale is read.
 */
void codes_dots(float *out, const struct codes_query *q, const uint8_t *C, size_t stride, const uint32_t *row, size_t n);
/* codes_dots_ref - the plain loop. */
void codes_dots_ref(float *out, const struct codes_query *q, const uint8_t *C, size_t stride, const uint32_t *row, size_t n);


#endif
