#include "adam.h"

#include <math.h>
#include <string.h>

#include "fexp.h"
#include "fmath.h"

enum { LANES = 16, STRETCH = 1024, CHUNK = 65536 };

double adam_exp(float *x, float a, const float *b, size_t n)
{
	double sum = 0;

	for (size_t from = 0; from < n; from += STRETCH) {
		float lane[LANES] = { 0 };
		size_t end = n - from < STRETCH ? n : from + STRETCH, j = from;
		for (; j + LANES <= end; j += LANES)
			for (size_t l = 0; l < LANES; l++) {
				float y = fexp(__builtin_fmaf(a, x[j + l], b[j + l]));
				x[j + l] = y;
				lane[l] += y;
			}
		for (size_t l = 0; j < end; j++, l++)
			lane[l] += x[j] = fexp(__builtin_fmaf(a, x[j], b[j]));
		for (size_t l = 0; l < LANES; l++)
			sum += (double)lane[l];
	}
	return sum;
}

float adam_rate(double rate, size_t t)
{
	double c1 = 1 - fm_exp((double)t * fm_log(0.9)), c2 = 1 - fm_exp((double)t * fm_log(0.999));

	return (float)(rate * sqrt(c2) / c1);
}

void adam_span(float *restrict x, float *restrict m, float *restrict v, const float *restrict g, size_t n, float rate)
{
	for (size_t i = 0; i < n; i++) {
		m[i] = __builtin_fmaf(0.1f, g[i] - m[i], m[i]);
		v[i] = __builtin_fmaf(0.001f, g[i] * g[i] - v[i], v[i]);
		x[i] -= rate * m[i] / (__builtin_sqrtf(v[i]) + 1e-8f);
	}
}

struct step { float *x, *m, *v; const float *g; size_t n; float rate; };

static void step_chunk(void *ctx, size_t chunk, int worker)
{
	const struct step *s = ctx;
	size_t from = chunk * CHUNK;

	(void)worker;
	adam_span(s->x + from, s->m + from, s->v + from, s->g + from, s->n - from < CHUNK ? s->n - from : CHUNK, s->rate);
}

void adam_step(float *x, float *m, float *v, const float *g, size_t n, double rate, size_t t, struct par *pool)
{
	struct step s = { x, m, v, g, n, adam_rate(rate, t) };

	par_for(pool, (n + CHUNK - 1) / CHUNK, step_chunk, &s);
}
