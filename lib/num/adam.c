#include "adam.h"

#include <math.h>
#include <string.h>

#include "fmath.h"

enum { LANES = 16, STRETCH = 1024, CHUNK = 65536 };

/* ln 2 in two parts: a whole number below 2^8 times the first is exact */
#define LN2_HI	0x1.62e4p-1f
#define LN2_LO	0x1.7f7d1cp-20f

/* exp_one - 2^k e^r with |r| <= ln 2 / 2; the series to r^7 leaves 5e-9. */
static inline float exp_one(float t)
{
	t = t < -87.0f ? -87.0f : t;
	t = t > 88.0f ? 88.0f : t;
	float k = __builtin_rintf(t * 0x1.715476p+0f);
	float r = __builtin_fmaf(k, -LN2_HI, t);
	r = __builtin_fmaf(k, -LN2_LO, r);
	float p = __builtin_fmaf(r, 1.0f / 5040, 1.0f / 720);
	p = __builtin_fmaf(p, r, 1.0f / 120);
	p = __builtin_fmaf(p, r, 1.0f / 24);
	p = __builtin_fmaf(p, r, 1.0f / 6);
	p = __builtin_fmaf(p, r, 0.5f);
	p = __builtin_fmaf(p, r * r, r) + 1;
	union { int32_t i; float f; } two = { ((int32_t)k + 127) << 23 };
	return p * two.f;
}

double adam_exp(float *x, float a, const float *b, size_t n)
{
	double sum = 0;

	for (size_t from = 0; from < n; from += STRETCH) {
		float lane[LANES] = { 0 };
		size_t end = n - from < STRETCH ? n : from + STRETCH, j = from;
		for (; j + LANES <= end; j += LANES)
			for (size_t l = 0; l < LANES; l++) {
				float y = exp_one(__builtin_fmaf(a, x[j + l], b[j + l]));
				x[j + l] = y;
				lane[l] += y;
			}
		for (size_t l = 0; j < end; j++, l++)
			lane[l] += x[j] = exp_one(__builtin_fmaf(a, x[j], b[j]));
		for (size_t l = 0; l < LANES; l++)
			sum += (double)lane[l];
	}
	return sum;
}

struct step { float *x, *m, *v; const float *g; size_t n; float rate; };

static void step_chunk(void *ctx, size_t chunk, int worker)
{
	const struct step *s = ctx;
	size_t from = chunk * CHUNK, n = s->n - from < CHUNK ? s->n - from : CHUNK;
	float *restrict x = s->x + from, *restrict m = s->m + from, *restrict v = s->v + from, rate = s->rate;
	const float *restrict g = s->g + from;

	(void)worker;
	for (size_t i = 0; i < n; i++) {
		m[i] = __builtin_fmaf(0.1f, g[i] - m[i], m[i]);
		v[i] = __builtin_fmaf(0.001f, g[i] * g[i] - v[i], v[i]);
		x[i] -= rate * m[i] / (__builtin_sqrtf(v[i]) + 1e-8f);
	}
}

void adam_step(float *x, float *m, float *v, const float *g, size_t n, double rate, size_t t, struct par *pool)
{
	double c1 = 1 - fm_exp((double)t * fm_log(0.9)), c2 = 1 - fm_exp((double)t * fm_log(0.999));
	struct step s = { x, m, v, g, n, (float)(rate * sqrt(c2) / c1) };

	par_for(pool, (n + CHUNK - 1) / CHUNK, step_chunk, &s);
}
