#include "loss.h"

#include <string.h>

#include "fexp.h"
#include "fmath.h"

enum { LANES = 16 };

/* sum - over LANES lanes and a tree. */
static float sum(const float *x, size_t n)
{
	float s[LANES] = { 0 };
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t l = 0; l < LANES; l++)
			s[l] += x[i + l];
	for (; i < n; i++)
		s[i % LANES] += x[i];
	for (size_t half = LANES / 2; half; half /= 2)
		for (size_t l = 0; l < half; l++)
			s[l] += s[l + half];
	return s[0];
}

/* pull - an item and the n behind it: move[j] what moves j, away from it the item; size[j] its length, curve[j] the second derivative. A function of its own, as inlined it is not made of vectors. */
static __attribute__((noinline)) void pull(float *restrict move, float *restrict size, float *restrict curve, const float *restrict s, const float *restrict gain, const float *restrict disc, size_t n,
					   float s0, float gain0, float disc0, float inv, bool is_apart)
{
	float least = is_apart ? 0.01f : 1, slope = is_apart ? 1 : 0;

	for (size_t j = 0; j < n; j++) {
		float better = gain0 - gain[j], apart = s0 - s[j], sign = better > 0 ? 1.0f : -1.0f;
		float w = __builtin_fabsf(better) * (disc0 - disc[j]) * inv / (least + slope * __builtin_fabsf(apart));
		float p = 1 / (1 + fexp(sign * apart)), wp = w * p;
		move[j] = sign * wp;
		size[j] = wp;
		curve[j] = wp * (1 - p);
	}
}

void loss_lambda(float *g, float *h, const float *s, const float *gain, const float *disc, size_t n, size_t top, float inv, bool is_normed, float *t)
{
	float *move = t, *size = t + n, *curve = t + 2 * n, all = 0;
	bool is_apart = is_normed && n && s[0] != s[n - 1];	/* equal scores say nothing yet */

	memset(g, 0, n * sizeof *g);
	memset(h, 0, n * sizeof *h);
	for (size_t i = 0; i < top && i + 1 < n; i++) {
		size_t m = n - i - 1;
		pull(move, size, curve, s + i + 1, gain + i + 1, disc + i + 1, m, s[i], gain[i], disc[i], inv, is_apart);
		for (size_t j = 0; j < m; j++) {
			g[i + 1 + j] += move[j];
			h[i + 1 + j] += curve[j];
		}
		g[i] -= sum(move, m);
		h[i] += sum(curve, m);
		all += 2 * sum(size, m);
	}
	if (!is_normed || !(all > 0))
		return;
	float scale = (float)(fm_log2(1 + (double)all) / (double)all);
	for (size_t i = 0; i < n; i++) {
		g[i] *= scale;
		h[i] *= scale;
	}
}

void loss_logistic(float *g, float *h, const float *s, const float *y, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float p = 1 / (1 + fexp(-s[i]));
		g[i] = p - y[i];
		h[i] = p * (1 - p);
	}
}
