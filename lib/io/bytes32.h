/*
 * bytes32 - private: 32 bytes at a time, where the processor that is built for has that.
 */
#ifndef TASTE_BYTES32_H
#define TASTE_BYTES32_H

#ifdef __AVX2__
#include <immintrin.h>
#include <stdint.h>

/* equal_to - a bit for each byte of x that is c, the first the lowest. */
static inline uint32_t equal_to(__m256i x, char c)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(c)));
}
#endif

#endif
