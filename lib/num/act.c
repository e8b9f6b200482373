#include "act.h"

#include <string.h>

#include "fexp.h"
#include "fmath.h"
#include "num.h"

enum { LANES = 16 };

/* ---- norms ---- */

void act_rms(float *y, float *inv, const float *x, const float *gain, size_t rows, size_t d)
{
	for (size_t r = 0; r < rows; r++, x += d, y += d) {
		float a = 1 / __builtin_sqrtf(num_dot(x, x, d) / (float)d + ACT_NORM_FLOOR);
		inv[r] = a;
		if (gain)
			for (size_t i = 0; i < d; i++)
				y[i] = x[i] * a * gain[i];
		else
			for (size_t i = 0; i < d; i++)
				y[i] = x[i] * a;
	}
}

/* weighted_dot - sum of a b c: 16 lanes, then in order. */
static float weighted_dot(const float *a, const float *b, const float *c, size_t n)
{
	float lane[LANES] = { 0 }, sum = 0;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t l = 0; l < LANES; l++)
			lane[l] = __builtin_fmaf(a[i + l] * c[i + l], b[i + l], lane[l]);
	for (size_t l = 0; i < n; i++, l++)
		lane[l] = __builtin_fmaf(a[i] * c[i], b[i], lane[l]);
	for (size_t l = 0; l < LANES; l++)
		sum += lane[l];
	return sum;
}

void act_rms_back(float *restrict gx, float *restrict ggain, const float *restrict gy, const float *restrict x, const float *restrict inv, const float *restrict gain, size_t rows,
		  size_t d)
{
	for (size_t r = 0; r < rows; r++, x += d, gx += d, gy += d) {
		float a = inv[r], dot = gain ? weighted_dot(gy, x, gain, d) : num_dot(gy, x, d), b = dot * a * a * a / (float)d;
		if (gain)
			for (size_t i = 0; i < d; i++) {
				gx[i] += gy[i] * gain[i] * a - x[i] * b;
				ggain[i] += gy[i] * x[i] * a;
			}
		else
			for (size_t i = 0; i < d; i++)
				gx[i] += gy[i] * a - x[i] * b;
	}
}

void act_unit(float *y, float *inv, const float *x, size_t rows, size_t d)
{
	for (size_t r = 0; r < rows; r++, x += d, y += d) {
		float square = num_dot(x, x, d), a = square > 0 ? 1 / __builtin_sqrtf(square) : 0;
		inv[r] = a;
		for (size_t i = 0; i < d; i++)
			y[i] = x[i] * a;
	}
}

void act_unit_back(float *gx, const float *gy, const float *y, const float *inv, size_t rows, size_t d)
{
	for (size_t r = 0; r < rows; r++, gx += d, gy += d, y += d) {
		float along = num_dot(gy, y, d), a = inv[r];
		for (size_t i = 0; i < d; i++)
			gx[i] = a * (gy[i] - along * y[i]);
	}
}

/* ---- gates ---- */

static inline float sigmoid(float x)
{
	return 1 / (1 + fexp(-x));
}

void act_gate(float *restrict h, const float *restrict u, size_t rows, size_t f)
{
	for (size_t r = 0; r < rows; r++, u += 2 * f, h += f)
		for (size_t i = 0; i < f; i++)
			h[i] = u[i] * sigmoid(u[i]) * u[f + i];
}

void act_gate_back(float *restrict gu, const float *restrict gh, const float *restrict u, size_t rows, size_t f)
{
	for (size_t r = 0; r < rows; r++, u += 2 * f, gu += 2 * f, gh += f)
		for (size_t i = 0; i < f; i++) {
			float s = sigmoid(u[i]);
			gu[i] = gh[i] * u[f + i] * s * (1 + u[i] * (1 - s));
			gu[f + i] = gh[i] * u[i] * s;
		}
}

void act_silu(float *y, const float *x, float a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = a * x[i] * sigmoid(x[i]);
}

void act_silu_back(float *gx, const float *gy, const float *x, float a, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float s = sigmoid(x[i]);
		gx[i] = a * gy[i] * s * (1 + x[i] * (1 - s));
	}
}

/* ---- softmax ---- */

void act_scale_add(float *restrict x, float a, const float *restrict b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = __builtin_fmaf(a, x[i], b[i]);
}

static float largest(const float *x, size_t n)
{
	float lane[LANES], most = x[0];
	size_t i = 0;

	for (size_t l = 0; l < LANES; l++)
		lane[l] = x[0];
	for (; i + LANES <= n; i += LANES)
		for (size_t l = 0; l < LANES; l++)
			lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
	for (; i < n; i++)
		most = x[i] > most ? x[i] : most;
	for (size_t l = 0; l < LANES; l++)
		most = lane[l] > most ? lane[l] : most;
	return most;
}

float act_softmax(float *x, float a, const float *b, size_t n)
{
	float lane[LANES] = { 0 }, sum = 0;
	size_t i = 0;

	if (!n)
		return 0;
	if (b)
		act_scale_add(x, a, b, n);
	else if (a != 1)
		num_scale(x, a, n);
	float most = largest(x, n);
	for (; i + LANES <= n; i += LANES)
		for (size_t l = 0; l < LANES; l++) {
			float y = fexp(x[i + l] - most);
			x[i + l] = y;
			lane[l] += y;
		}
	for (size_t l = 0; i < n; i++, l++)
		lane[l] += x[i] = fexp(x[i] - most);
	for (size_t l = 0; l < LANES; l++)
		sum += lane[l];
	num_scale(x, 1 / sum, n);
	return most + fm_logf(sum);
}

void act_softmax_back(float *gs, const float *gp, const float *p, size_t n)
{
	float dot = num_dot(p, gp, n);

	for (size_t i = 0; i < n; i++)
		gs[i] = p[i] * (gp[i] - dot);
}

/* ---- dropout ---- */

/* mix32, mix64 - the finalisers of MurmurHash3 (Appleby, public domain): every bit of the input moves every bit of the output. */
static inline uint32_t mix32(uint32_t h)
{
	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 13;
	h *= 0xc2b2ae35u;
	return h ^ h >> 16;
}

static uint64_t mix64(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 33;
}

uint64_t act_key(uint64_t a, uint64_t b, uint64_t c)
{
	return mix64(mix64(mix64(a + 0x9e3779b97f4a7c15u) ^ b) ^ c);
}

void act_drop(float *x, size_t n, uint64_t key, double share)
{
	uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32), least = (uint32_t)(share * 0x1p32);
	float scale = (float)(1 / (1 - share));

	if (!least)
		return;
	for (size_t i = 0; i < n; i++) {
		uint32_t h = mix32(mix32((uint32_t)i ^ low) + high);
		x[i] *= h < least ? 0 : scale;
	}
}
