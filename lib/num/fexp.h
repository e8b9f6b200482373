/*
 * fexp - private to lib/num: e^t for loops over floats, in a form that compilers turn into vector code: the same bits however wide the registers are.
 */
#ifndef TASTE_FEXP_H
#define TASTE_FEXP_H

#include <stdint.h>

/* ln 2 in two parts: a whole number below 2^8 times the first is exact */
#define FEXP_LN2_HI	0x1.62e4p-1f
#define FEXP_LN2_LO	0x1.7f7d1cp-20f

/* fexp - 2^k e^r with |r| <= ln 2 / 2; the series to r^7 leaves 5e-9. t is cut to -87 .. 88, so that nothing is zero or infinite. <= 2 ulp. Of NaN it is NaN. */
static inline float fexp(float t)
{
	t = t < -87.0f ? -87.0f : t;
	t = t > 88.0f ? 88.0f : t;
	float k = __builtin_rintf(t * 0x1.715476p+0f);
	float r = __builtin_fmaf(k, -FEXP_LN2_HI, t);
	r = __builtin_fmaf(k, -FEXP_LN2_LO, r);
	float p = __builtin_fmaf(r, 1.0f / 5040, 1.0f / 720);
	p = __builtin_fmaf(p, r, 1.0f / 120);
	p = __builtin_fmaf(p, r, 1.0f / 24);
	p = __builtin_fmaf(p, r, 1.0f / 6);
	p = __builtin_fmaf(p, r, 0.5f);
	p = __builtin_fmaf(p, r * r, r) + 1;
	union { float f; uint32_t i; } whole = { k + 0x1.8p23f }, two;	/* k in the last bits; NaN, which is no whole number, stays what it is */
	two.i = (whole.i + 127) << 23;
	return p * two.f;
}

#endif
