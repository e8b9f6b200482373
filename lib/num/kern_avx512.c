/* kern_avx512 - kern.inc for 16 lanes: tiles of 12 x 32, 24 accumulators of the 32 registers. */
#include "forest.h"
#include "kern.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#define W 16
#define MR 12
#define SR 8
#define SNV 3
#define OPS num_ops_avx512
typedef __m512 V;
typedef __mmask16 M;

#define v_load(p) _mm512_loadu_ps(p)
#define v_store(p, v) _mm512_storeu_ps(p, v)
#define v_set1(a) _mm512_set1_ps(a)
#define v_zero() _mm512_setzero_ps()
#define v_add(a, b) _mm512_add_ps(a, b)
#define v_sub(a, b) _mm512_sub_ps(a, b)
#define v_mul(a, b) _mm512_mul_ps(a, b)
#define v_div(a, b) _mm512_div_ps(a, b)
#define v_sqrt(a) _mm512_sqrt_ps(a)
#define v_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define v_fnma(a, b, c) _mm512_fnmadd_ps(a, b, c)
#define v_fnma_in(a, b, c, m) _mm512_mask3_fnmadd_ps(a, b, c, m)
#define v_loadm(p, m) _mm512_maskz_loadu_ps(m, p)
#define v_storem(p, m, v) _mm512_mask_storeu_ps(p, m, v)
#define v_blend(a, b, m) _mm512_mask_blend_ps(m, a, b)
#define v_lane(v, i) _mm512_permutexvar_ps(_mm512_set1_epi32((int)(i)), v)
#define v_first(v) _mm512_cvtss_f32(v)
#define v_bits(v) (_mm512_test_epi32_mask(_mm512_castps_si512(v), _mm512_castps_si512(v)) != 0)
#define v_ge(a, b) ((unsigned)_mm512_cmp_ps_mask(a, b, _CMP_GE_OQ))

static inline M m_first(size_t n) { return n >= W ? (M)0xffff : (M)((1u << n) - 1); }
static inline M m_from(size_t i) { return (M)(0xffffu << i); }
static inline M m_one(size_t i) { return (M)(1u << i); }

/* Two vectors of lanes become one of half as many lanes each; the order of pairing makes the rows come out in order. */
static inline void sum_rows(float *out, V s[16][1])
{
	V u[4];
	for (int j = 0; j < 4; j++) {
		V a = s[j][0], b = s[4 + j][0], c = s[8 + j][0], d = s[12 + j][0];
		V ab = v_add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
		V cd = v_add(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
		u[j] = v_add(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
	}
	V x = v_add(_mm512_shuffle_ps(u[0], u[1], 0x44), _mm512_shuffle_ps(u[0], u[1], 0xee));
	V y = v_add(_mm512_shuffle_ps(u[2], u[3], 0x44), _mm512_shuffle_ps(u[2], u[3], 0xee));
	v_store(out, v_add(_mm512_shuffle_ps(x, y, 0x88), _mm512_shuffle_ps(x, y, 0xdd)));
}

/* 4 x 4 inside 128-bit lanes, then the lanes. */
static inline __attribute__((always_inline)) void v_transpose(V a[16])
{
	V b[16];
#pragma GCC unroll 4
	for (int i = 0; i < 16; i += 4) {
		V p = _mm512_unpacklo_ps(a[i], a[i + 1]), q = _mm512_unpacklo_ps(a[i + 2], a[i + 3]);
		V r = _mm512_unpackhi_ps(a[i], a[i + 1]), s = _mm512_unpackhi_ps(a[i + 2], a[i + 3]);
		b[i] = _mm512_shuffle_ps(p, q, 0x44);		/* columns 0, 4, 8, 12 of four rows */
		b[i + 1] = _mm512_shuffle_ps(p, q, 0xee);
		b[i + 2] = _mm512_shuffle_ps(r, s, 0x44);
		b[i + 3] = _mm512_shuffle_ps(r, s, 0xee);
	}
#pragma GCC unroll 4
	for (int j = 0; j < 4; j++) {
		V p = _mm512_shuffle_f32x4(b[j], b[4 + j], 0x88), q = _mm512_shuffle_f32x4(b[8 + j], b[12 + j], 0x88);
		V r = _mm512_shuffle_f32x4(b[j], b[4 + j], 0xdd), s = _mm512_shuffle_f32x4(b[8 + j], b[12 + j], 0xdd);
		a[j] = _mm512_shuffle_f32x4(p, q, 0x88);
		a[8 + j] = _mm512_shuffle_f32x4(p, q, 0xdd);
		a[4 + j] = _mm512_shuffle_f32x4(r, s, 0x88);
		a[12 + j] = _mm512_shuffle_f32x4(r, s, 0xdd);
	}
}

/* Sets of rows are bytes, all ones or zero: as bits in masks or in words they took 1.5 and 1.2 times as long, most of it on the way through memory from a node to its children. */
static inline __m512i tree_leaves(const int8_t *columns, const struct num_tree *t)
{
	__m512i reach[FOREST_SETS], leaf = _mm512_setzero_si512();

	reach[0] = _mm512_set1_epi8(-1);
	for (size_t v = 0; v < t->n; v++) {
		__m512i here = reach[t->from[v]];
		__m512i right = _mm512_maskz_mov_epi8(_mm512_cmpgt_epi8_mask(_mm512_loadu_si512(columns + t->offset[v]), _mm512_set1_epi8(t->at[v])), here);
		reach[2 * v + 2] = _mm512_xor_si512(here, right);
		reach[2 * v + 3] = right;
		leaf = _mm512_add_epi8(leaf, _mm512_and_si512(right, _mm512_set1_epi8((char)t->left[v])));
	}
	return leaf;
}

/* values_of - of up to 64 leaves, out of registers. */
static inline __m512 values_of(const float *value, __m512i at)
{
	__m512 low = _mm512_permutex2var_ps(_mm512_loadu_ps(value), at, _mm512_loadu_ps(value + 16));
	__m512 high = _mm512_permutex2var_ps(_mm512_loadu_ps(value + 32), at, _mm512_loadu_ps(value + 48));

	return _mm512_mask_blend_ps(_mm512_test_epi32_mask(at, _mm512_set1_epi32(32)), low, high);
}

static void vec_forest(float *score, const int8_t *columns, const struct num_tree *tree, size_t n_trees)
{
	__m512 s[4];

	for (int i = 0; i < 4; i++)
		s[i] = _mm512_loadu_ps(score + 16 * i);
	for (const struct num_tree *t = tree; t < tree + n_trees; t++) {
		__m512i leaf = tree_leaves(columns, t);
		__m512i at[4] = { _mm512_cvtepu8_epi32(_mm512_castsi512_si128(leaf)), _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(leaf, 1)),
				  _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(leaf, 2)), _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(leaf, 3)) };
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			s[i] = _mm512_add_ps(s[i], t->n < 64 ? values_of(t->value, at[i]) : _mm512_i32gather_ps(at[i], t->value, 4));
	}
	for (int i = 0; i < 4; i++)
		_mm512_storeu_ps(score + 16 * i, s[i]);
}

#include "kern.inc"

#endif
