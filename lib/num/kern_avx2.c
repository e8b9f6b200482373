/* kern_avx2 - kern.inc for 8 lanes: tiles of 6 x 16, 12 accumulators of the 16 registers. */
#include "forest.h"
#include "kern.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#define W 8
#define MR 6
#define SR 6
#define SNV 2
#define OPS num_ops_avx2
#define UNROLL_8 _Pragma("GCC unroll 8")
typedef __m256 V;
typedef __m256i M;

#define v_load(p) _mm256_loadu_ps(p)
#define v_store(p, v) _mm256_storeu_ps(p, v)
#define v_set1(a) _mm256_set1_ps(a)
#define v_zero() _mm256_setzero_ps()
#define v_add(a, b) _mm256_add_ps(a, b)
#define v_sub(a, b) _mm256_sub_ps(a, b)
#define v_mul(a, b) _mm256_mul_ps(a, b)
#define v_div(a, b) _mm256_div_ps(a, b)
#define v_sqrt(a) _mm256_sqrt_ps(a)
#define v_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define v_fnma(a, b, c) _mm256_fnmadd_ps(a, b, c)
#define v_fnma_in(a, b, c, m) v_blend(c, v_fnma(a, b, c), m)
#define v_loadm(p, m) _mm256_maskload_ps(p, m)
#define v_storem(p, m, v) _mm256_maskstore_ps(p, m, v)
#define v_blend(a, b, m) _mm256_blendv_ps(a, b, _mm256_castsi256_ps(m))
#define v_lane(v, i) _mm256_permutevar8x32_ps(v, _mm256_set1_epi32((int)(i)))
#define v_first(v) _mm256_cvtss_f32(v)
#define v_bits(v) (!_mm256_testz_si256(_mm256_castps_si256(v), _mm256_castps_si256(v)))
#define v_ge(a, b) ((unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ)))

static inline M lane_numbers(void) { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
static inline M m_first(size_t n) { return _mm256_cmpgt_epi32(_mm256_set1_epi32(n >= W ? W : (int)n), lane_numbers()); }
static inline M m_from(size_t i) { return _mm256_cmpgt_epi32(lane_numbers(), _mm256_set1_epi32((int)i - 1)); }
static inline M m_one(size_t i) { return _mm256_cmpeq_epi32(lane_numbers(), _mm256_set1_epi32((int)i)); }

/* Two vectors of lanes become one of half as many lanes each; the order of pairing makes the rows come out in order. */
static inline void sum_rows(float *out, V s[8][2])
{
	V u[4];
	for (int j = 0; j < 4; j++) {
		V a = v_add(s[j][0], s[j][1]), b = v_add(s[4 + j][0], s[4 + j][1]);
		u[j] = v_add(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
	}
	V x = v_add(_mm256_shuffle_ps(u[0], u[1], 0x44), _mm256_shuffle_ps(u[0], u[1], 0xee));
	V y = v_add(_mm256_shuffle_ps(u[2], u[3], 0x44), _mm256_shuffle_ps(u[2], u[3], 0xee));
	v_store(out, v_add(_mm256_shuffle_ps(x, y, 0x88), _mm256_shuffle_ps(x, y, 0xdd)));
}

/* 4 x 4 inside 128-bit lanes, then the lanes. */
static inline __attribute__((always_inline)) void v_transpose(V a[8])
{
	V b[8];
#pragma GCC unroll 2
	for (int i = 0; i < 8; i += 4) {
		V p = _mm256_unpacklo_ps(a[i], a[i + 1]), q = _mm256_unpacklo_ps(a[i + 2], a[i + 3]);
		V r = _mm256_unpackhi_ps(a[i], a[i + 1]), s = _mm256_unpackhi_ps(a[i + 2], a[i + 3]);
		b[i] = _mm256_shuffle_ps(p, q, 0x44);		/* columns 0, 4 of four rows */
		b[i + 1] = _mm256_shuffle_ps(p, q, 0xee);
		b[i + 2] = _mm256_shuffle_ps(r, s, 0x44);
		b[i + 3] = _mm256_shuffle_ps(r, s, 0xee);
	}
#pragma GCC unroll 4
	for (int j = 0; j < 4; j++) {
		a[j] = _mm256_permute2f128_ps(b[j], b[4 + j], 0x20);
		a[4 + j] = _mm256_permute2f128_ps(b[j], b[4 + j], 0x31);
	}
}

/* Sets of rows are bytes here, all ones or zero, in two halves: that spares the way to bits and back. */
static inline void tree_leaves(__m256i leaf[2], const int8_t *columns, const struct num_tree *t)
{
	__m256i reach[FOREST_SETS][2];

	reach[0][0] = reach[0][1] = _mm256_set1_epi8(-1);
	leaf[0] = leaf[1] = _mm256_setzero_si256();
	for (size_t v = 0; v < t->n; v++) {
		const __m256i *code = (const __m256i *)(const void *)(columns + t->offset[v]), *here = reach[t->from[v]];
		__m256i at = _mm256_set1_epi8(t->at[v]), left = _mm256_set1_epi8((char)t->left[v]);
		for (int h = 0; h < 2; h++) {
			__m256i right = _mm256_and_si256(here[h], _mm256_cmpgt_epi8(_mm256_loadu_si256(code + h), at));
			reach[2 * v + 2][h] = _mm256_xor_si256(here[h], right);
			reach[2 * v + 3][h] = right;
			leaf[h] = _mm256_add_epi8(leaf[h], _mm256_and_si256(right, left));
		}
	}
}

static void vec_forest(float *score, const int8_t *columns, const struct num_tree *tree, size_t n_trees)
{
	__m256 s[8];

	for (int i = 0; i < 8; i++)
		s[i] = _mm256_loadu_ps(score + 8 * i);
	for (const struct num_tree *t = tree; t < tree + n_trees; t++) {
		__m256i l[2];
		tree_leaves(l, columns, t);
		UNROLL_8
		for (int i = 0; i < 8; i++) {
			__m128i part = i & 2 ? _mm256_extracti128_si256(l[i / 4], 1) : _mm256_castsi256_si128(l[i / 4]);
			__m256i at = _mm256_cvtepu8_epi32(i & 1 ? _mm_srli_si128(part, 8) : part);
			s[i] = _mm256_add_ps(s[i], _mm256_i32gather_ps(t->value, at, 4));
		}
	}
	for (int i = 0; i < 8; i++)
		_mm256_storeu_ps(score + 8 * i, s[i]);
}

#include "kern.inc"

#endif
