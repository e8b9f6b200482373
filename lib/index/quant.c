#include <math.h>
#include <string.h>

#include "quant.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../num/num.h"

enum { ROUNDS = 3, MEAN_ROWS = 4096 };
#define NOTHING 1e-36f			/* components or squares up to here are zero: 127 times their reciprocal might be infinite */

size_t quant_row_bytes(enum codes_bits bits, bool has_norm, size_t d) { return codes_scale_at(bits, d) + (has_norm ? 8 : 4); }

static size_t power_below(size_t d)
{
	size_t p = 1;

	while (p * 2 <= d)
		p *= 2;
	return p;
}

int quant_init(struct quant *z, enum codes_bits bits, bool has_norm, size_t d, const float *mean, uint64_t seed, struct err *e)
{
	struct pcg32 rng;

	*z = (struct quant){ .bits = bits, .has_norm = has_norm, .d = d, .mean = mean, .seed = seed };
	z->row_bytes = quant_row_bytes(bits, has_norm, d);
	z->norm_at = codes_scale_at(bits, d) + 4;
	if (!(z->sign = mem_try(2 * ROUNDS * d, sizeof *z->sign, "signs of a rotation", e)))
		return e->code;
	pcg32_seed(&rng, seed, 0x726f74);
	float s = 1 / sqrtf((float)power_below(d));
	for (size_t i = 0; i < 2 * ROUNDS * d; i++)
		z->sign[i] = pcg32_next(&rng) >> 31 ? s : -s;
	return 0;
}

void quant_release(struct quant *z)
{
	mem_free(z->sign);
	*z = (struct quant){ 0 };
}

struct mean_job { const float *(*row)(const void *, size_t); const void *ctx; size_t n, d; double *sum; };

static void mean_chunk(void *ctx, size_t chunk, int worker)
{
	struct mean_job *j = ctx;
	double *sum = j->sum + chunk * j->d;
	size_t end = (chunk + 1) * MEAN_ROWS < j->n ? (chunk + 1) * MEAN_ROWS : j->n;

	(void)worker;
	for (size_t r = chunk * MEAN_ROWS; r < end; r++) {
		const float *x = j->row(j->ctx, r);
		for (size_t i = 0; i < j->d; i++)
			sum[i] += (double)x[i];
	}
}

int quant_mean(float *mean, const float *(*row)(const void *ctx, size_t i), const void *ctx, size_t n, size_t d, struct par *pool, struct err *e)
{
	size_t chunks = (n + MEAN_ROWS - 1) / MEAN_ROWS;
	struct mean_job j = { row, ctx, n, d, mem_try0(chunks * d + d, sizeof *j.sum, "sums for a mean", e) };

	if (!j.sum)
		return e->code;
	par_for(pool, chunks, mean_chunk, &j);
	for (size_t i = 0; i < d; i++) {
		double s = 0;
		for (size_t c = 0; c < chunks; c++)
			s += j.sum[c * d + i];
		mean[i] = n ? (float)(s / (double)n) : 0;
	}
	mem_free(j.sum);
	return 0;
}

/* The Hadamard matrix of sixteen: -1 where the numbers of row and column share an odd number of bits. */
enum { BLOCK = 16 };
#define SIGN(j, l) (__builtin_popcount((j) & (l)) % 2 ? -1.f : 1.f)
#define SIGNS(j) { SIGN(j, 0), SIGN(j, 1), SIGN(j, 2), SIGN(j, 3), SIGN(j, 4), SIGN(j, 5), SIGN(j, 6), SIGN(j, 7), \
		   SIGN(j, 8), SIGN(j, 9), SIGN(j, 10), SIGN(j, 11), SIGN(j, 12), SIGN(j, 13), SIGN(j, 14), SIGN(j, 15) }
typedef float block __attribute__((vector_size(4 * BLOCK)));
static const block sign_of[BLOCK] = { SIGNS(0), SIGNS(1), SIGNS(2), SIGNS(3), SIGNS(4), SIGNS(5), SIGNS(6), SIGNS(7),
					      SIGNS(8), SIGNS(9), SIGNS(10), SIGNS(11), SIGNS(12), SIGNS(13), SIGNS(14), SIGNS(15) };

/* hadamard - the Walsh-Hadamard transform of x[p], p a power of two, not scaled. */
static void hadamard(float *x, size_t p)
{
	size_t h = 1;

	/* Steps 1 to 8 within sixteen components, by their sums with signs: what a vector of sixteen does at once. */
	for (size_t i = 0; p >= BLOCK && i < p; i += BLOCK) {
		block y = sign_of[0] * x[i];
		for (size_t j = 1; j < BLOCK; j++)
			y += sign_of[j] * x[i + j];
		memcpy(x + i, &y, sizeof y);
		h = BLOCK;
	}
	for (; h < p; h *= 2)
		for (size_t i = 0; i < p; i += 2 * h)
			for (size_t j = i; j < i + h; j++) {
				float a = x[j], b = x[j + h];
				x[j] = a + b;
				x[j + h] = a - b;
			}
}

void quant_turn(const struct quant *z, float *r, const float *x, bool is_free)
{
	size_t d = z->d, p = power_below(d);
	const float *sign = z->sign;

	for (size_t i = 0; i < d; i++)
		r[i] = is_free ? x[i] : x[i] - z->mean[i];
	for (int k = 0; k < ROUNDS; k++)
		for (size_t at = 0;; at = d - p) {
			for (size_t i = 0; i < p; i++)
				r[at + i] *= sign[i];
			hadamard(r + at, p);
			sign += d;
			if (at == d - p)
				break;
		}
}

/* level4 - the 4-bit code nearest to x, in steps. */
static inline int level4(float x)
{
	int c = (int)floorf(x * .5f) + 8;	/* levels are odd: -15 .. 15 */

	return c < 0 ? 0 : c > 15 ? 15 : c;
}

static float step4(const struct quant *z, const float *r, float norm)
{
	static const float tries[] = { .13f, .15f, .17f, .19f, .21f };	/* around half of .335 sigma, the best step for a normal distribution at 16 levels (Max, 1960) */
	float best = 0, least = INFINITY, sigma = sqrtf(norm / (float)z->d);

	for (size_t t = 0; t < sizeof tries / sizeof *tries; t++) {
		float s = sigma * tries[t], inv = 1 / s, err = 0;
		for (size_t i = 0; i < z->d; i++) {
			float x = r[i] * inv, off = x - (float)(2 * level4(x) - 15);
			err += off * off;
		}
		err *= s * s;
		if (err < least) {
			least = err;
			best = s;
		}
	}
	return best;
}

float quant_encode(const struct quant *z, uint8_t *row, const float *r)
{
	size_t d = z->d, h = codes_bytes(z->bits, d), scale_at = codes_scale_at(z->bits, d);
	float norm = num_dot(r, r, d), most = 0, with = 0, scale = 0;

	memset(row, 0, z->row_bytes);
	if (z->bits == CODES_8) {
		for (size_t i = 0; i < d; i++)
			most = fabsf(r[i]) > most ? fabsf(r[i]) : most;
		float inv = most > NOTHING ? 127 / most : 0;
		for (size_t i = 0; i < d; i++) {
			float c = rintf(r[i] * inv);
			row[i] = (uint8_t)((int)c + 128);
			with = __builtin_fmaf(c, r[i], with);
		}
	} else {
		float s = norm > NOTHING ? step4(z, r, norm) : 1, inv = 1 / s;
		for (size_t i = 0; i < d; i++) {
			int c = level4(r[i] * inv);
			row[i < h ? i : i - h] |= (uint8_t)(i < h ? c : c << 4);
			with = __builtin_fmaf((float)(2 * c - 15), r[i], with);
		}
	}
	if (norm > 0 && with > 0)
		scale = norm / with;
	memcpy(row + scale_at, &scale, sizeof scale);
	if (z->has_norm)
		memcpy(row + z->norm_at, &norm, sizeof norm);
	return norm;
}

void quant_query(const struct quant *z, struct codes_query *q, float *scale, const float *r, int8_t *room)
{
	float most = 0;

	for (size_t i = 0; i < z->d; i++)
		most = fabsf(r[i]) > most ? fabsf(r[i]) : most;
	float inv = most > NOTHING ? 127 / most : 0;
	for (size_t i = 0; i < z->d; i++)
		room[i] = (int8_t)(int)rintf(r[i] * inv);
	*scale = most / 127;
	codes_query_set(q, z->bits, room, z->d, room + z->d);
}
