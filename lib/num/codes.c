#include <string.h>

#include "codes.h"
#include "../base/cpu.h"

size_t codes_bytes(enum codes_bits b, size_t d) { return b == CODES_8 ? d : (d + 1) / 2; }
size_t codes_scale_at(enum codes_bits b, size_t d) { return (codes_bytes(b, d) + 3) & ~(size_t)3; }

void codes_query_set(struct codes_query *cq, enum codes_bits b, const int8_t *q, size_t d, int8_t *room)
{
	size_t h = codes_bytes(b, d);

	*cq = (struct codes_query){ .bits = b, .d = d, .lo = room, .hi = room + h };
	for (size_t i = 0; i < d; i++)
		cq->sum += q[i];
	memset(room, 0, 2 * h);		/* of an odd number of 4-bit codes the last upper half is nobody's */
	memcpy(room, q, d);
}

/* finish - what a kernel's sum of products with the bytes as they are stands for. */
static inline float finish(const struct codes_query *q, const uint8_t *row, size_t scale_at, int32_t sum)
{
	int32_t s = q->bits == CODES_8 ? sum - 128 * q->sum : 2 * sum - 15 * q->sum;
	float scale;

	memcpy(&scale, row + scale_at, sizeof scale);
	return (float)s * scale;
}

void codes_dots_ref(float *out, const struct codes_query *q, const uint8_t *C, size_t stride, const uint32_t *row, size_t n)
{
	size_t h = codes_bytes(q->bits, q->d), scale_at = codes_scale_at(q->bits, q->d);

	for (size_t j = 0; j < n; j++) {
		const uint8_t *y = C + row[j] * stride;
		int32_t s = 0;
		if (q->bits == CODES_8)
			for (size_t i = 0; i < h; i++)
				s += q->lo[i] * y[i];
		else
			for (size_t i = 0; i < h; i++)
				s += q->lo[i] * (y[i] & 15) + q->hi[i] * (y[i] >> 4);
		out[j] = finish(q, y, scale_at, s);
	}
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define UNROLL _Pragma("GCC unroll 8")
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define AVXVNNI __attribute__((target("avxvnni")))
#define INLINE static inline __attribute__((always_inline))
enum { ROWS = 4 };	/* at a time: they share the loads of the query and the last additions */

/* scaled - the four sums of four rows, finished. */
INLINE void scaled(float *out, __m128i sum, const struct codes_query *q, const uint8_t *const y[ROWS], size_t scale_at)
{
	float s[ROWS];
	__m128i v = q->bits == CODES_8 ? _mm_sub_epi32(sum, _mm_set1_epi32(128 * q->sum)) : _mm_sub_epi32(_mm_slli_epi32(sum, 1), _mm_set1_epi32(15 * q->sum));

	UNROLL
	for (int r = 0; r < ROWS; r++)
		memcpy(&s[r], y[r] + scale_at, sizeof *s);
	_mm_storeu_ps(out, _mm_mul_ps(_mm_cvtepi32_ps(v), _mm_loadu_ps(s)));
}

/* ---- AVX-512 VNNI ---- */

AVX512 INLINE void sums_512(__m512i acc[ROWS], const struct codes_query *q, const uint8_t *const y[ROWS], size_t i, __mmask64 m)
{
	const __m512i low = _mm512_set1_epi8(15);
	__m512i lo = _mm512_maskz_loadu_epi8(m, q->lo + i), hi = lo;

	if (q->bits == CODES_4)
		hi = _mm512_maskz_loadu_epi8(m, q->hi + i);
	UNROLL
	for (int r = 0; r < ROWS; r++) {
		__m512i v = _mm512_maskz_loadu_epi8(m, y[r] + i);
		if (q->bits == CODES_8) {
			acc[r] = _mm512_dpbusd_epi32(acc[r], v, lo);
		} else {
			acc[r] = _mm512_dpbusd_epi32(acc[r], _mm512_and_si512(v, low), lo);
			acc[r] = _mm512_dpbusd_epi32(acc[r], _mm512_and_si512(_mm512_srli_epi16(v, 4), low), hi);
		}
	}
}

AVX512 INLINE __m128i add_512(__m512i acc[ROWS])
{
	__m256i y[ROWS];

	UNROLL
	for (int r = 0; r < ROWS; r++)
		y[r] = _mm256_add_epi32(_mm512_castsi512_si256(acc[r]), _mm512_extracti64x4_epi64(acc[r], 1));
	__m256i t = _mm256_hadd_epi32(_mm256_hadd_epi32(y[0], y[1]), _mm256_hadd_epi32(y[2], y[3]));
	return _mm_add_epi32(_mm256_castsi256_si128(t), _mm256_extracti128_si256(t, 1));
}

AVX512 static void dots_512(float *out, const struct codes_query *q, const uint8_t *C, size_t stride, const uint32_t *row, size_t n)
{
	size_t h = codes_bytes(q->bits, q->d), scale_at = codes_scale_at(q->bits, q->d);
	__mmask64 all = ~(__mmask64)0, tail = h % 64 ? ((__mmask64)1 << h % 64) - 1 : 0;

	for (size_t j = 0; j < n; j += ROWS) {
		__m512i acc[ROWS] = { _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512() };
		const uint8_t *y[ROWS];
		size_t i = 0;
		for (size_t r = 0; r < ROWS; r++)
			y[r] = C + row[j + r < n ? j + r : n - 1] * stride;
		for (; i + 64 <= h; i += 64)
			sums_512(acc, q, y, i, all);
		if (tail)
			sums_512(acc, q, y, i, tail);
		float four[ROWS];
		scaled(j + ROWS <= n ? out + j : four, add_512(acc), q, y, scale_at);
		for (size_t r = 0; j + ROWS > n && j + r < n; r++)
			out[j + r] = four[r];
	}
}

/* ---- AVX2, and with VNNI ---- */

AVXVNNI INLINE __m256i dp_vnni(__m256i acc, __m256i u, __m256i s) { return _mm256_dpbusd_avx_epi32(acc, u, s); }

/* The instruction made for it, _mm256_maddubs_epi16, cuts sums off at 16 bits: bytes are widened instead. */
INLINE __m256i dp_avx2(__m256i acc, __m256i u, __m256i s)
{
	__m256i a = _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm256_castsi256_si128(u)), _mm256_cvtepi8_epi16(_mm256_castsi256_si128(s)));
	__m256i b = _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm256_extracti128_si256(u, 1)), _mm256_cvtepi8_epi16(_mm256_extracti128_si256(s, 1)));
	return _mm256_add_epi32(acc, _mm256_add_epi32(a, b));
}

/* The last bytes of a row, fewer than 32, as a vector with zeros behind them. */
INLINE __m256i last_bytes(const void *p, size_t n)
{
	uint8_t b[32] = { 0 };

	memcpy(b, p, n);
	return _mm256_loadu_si256((const __m256i *)(const void *)b);
}

#define AVX2_KERNEL(name, dp, TARGET) \
	TARGET INLINE void sums_##name(__m256i acc[ROWS], const struct codes_query *q, const uint8_t *const y[ROWS], size_t i, size_t some) \
	{ \
		const __m256i low = _mm256_set1_epi8(15); \
		__m256i lo = some ? last_bytes(q->lo + i, some) : _mm256_loadu_si256((const __m256i *)(const void *)(q->lo + i)), hi = lo; \
		if (q->bits == CODES_4) \
			hi = some ? last_bytes(q->hi + i, some) : _mm256_loadu_si256((const __m256i *)(const void *)(q->hi + i)); \
		UNROLL \
		for (int r = 0; r < ROWS; r++) { \
			__m256i v = some ? last_bytes(y[r] + i, some) : _mm256_loadu_si256((const __m256i *)(const void *)(y[r] + i)); \
			if (q->bits == CODES_8) { \
				acc[r] = dp(acc[r], v, lo); \
			} else { \
				acc[r] = dp(acc[r], _mm256_and_si256(v, low), lo); \
				acc[r] = dp(acc[r], _mm256_and_si256(_mm256_srli_epi16(v, 4), low), hi); \
			} \
		} \
	} \
	TARGET static void dots_##name(float *out, const struct codes_query *q, const uint8_t *C, size_t stride, const uint32_t *row, size_t n) \
	{ \
		size_t h = codes_bytes(q->bits, q->d), scale_at = codes_scale_at(q->bits, q->d); \
		for (size_t j = 0; j < n; j += ROWS) { \
			__m256i acc[ROWS] = { _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256() }; \
			const uint8_t *y[ROWS]; \
			float four[ROWS]; \
			size_t i = 0; \
			for (size_t r = 0; r < ROWS; r++) \
				y[r] = C + row[j + r < n ? j + r : n - 1] * stride; \
			for (; i + 32 <= h; i += 32) \
				sums_##name(acc, q, y, i, 0); \
			if (i < h) \
				sums_##name(acc, q, y, i, h - i); \
			__m256i t = _mm256_hadd_epi32(_mm256_hadd_epi32(acc[0], acc[1]), _mm256_hadd_epi32(acc[2], acc[3])); \
			scaled(four, _mm_add_epi32(_mm256_castsi256_si128(t), _mm256_extracti128_si256(t, 1)), q, y, scale_at); \
			for (size_t r = 0; r < ROWS && j + r < n; r++) \
				out[j + r] = four[r]; \
		} \
	}

AVX2_KERNEL(avx2, dp_avx2, )
AVX2_KERNEL(avxvnni, dp_vnni, AVXVNNI)

/* has_avxvnni - clang 14 has no word for it in __builtin_cpu_supports. Asked once: the instruction that asks is slow, most of all in a virtual machine. */
static int has_avxvnni(void)
{
	static int answer;		/* 0: not asked yet; 1 + yes */
	int known = __atomic_load_n(&answer, __ATOMIC_RELAXED);
	unsigned a = 0, b, c, d;

	if (!known) {
		known = 1 + (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1));
		__atomic_store_n(&answer, known, __ATOMIC_RELAXED);
	}
	return known - 1;
}

void codes_dots(float *out, const struct codes_query *q, const uint8_t *C, size_t stride, const uint32_t *row, size_t n)
{
	switch (cpu_path()) {
	case CPU_AVX512:
		if (__builtin_cpu_supports("avx512vnni")) {
			dots_512(out, q, C, stride, row, n);
			return;
		}
		/* fall through */
	case CPU_AVX2:
		if (has_avxvnni())
			dots_avxvnni(out, q, C, stride, row, n);
		else
			dots_avx2(out, q, C, stride, row, n);
		return;
	default:
		codes_dots_ref(out, q, C, stride, row, n);
	}
}

#else

void codes_dots(float *out, const struct codes_query *q, const uint8_t *C, size_t stride, const uint32_t *row, size_t n)
{
	codes_dots_ref(out, q, C, stride, row, n);
}

#endif
