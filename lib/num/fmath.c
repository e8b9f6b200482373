/*
 * fmath - range reduction, then a polynomial, with every fused multiply-add written out.
 *
 * The float functions work in double throughout: the polynomial error is kept near 1e-11, so that the only rounding that counts
 * is the last one. The polynomials are plain Taylor series on the reduced range: exp on |r| <= ln2 / 2, the logarithm as
 * 2 atanh(s) with s = (m - 1) / (m + 1), m in [sqrt 1/2, sqrt 2). Minimax ones would save a term or two of some ten.
 */
#include "fmath.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define LN2	0x1.62e42fefa39efp-1		/* to double, and what is missing */
#define LN2_REST	0x1.abc9e3b39803fp-56
#define LN2_HI	0x1.62e42fefa38p-1		/* 42 bits: a product with an exponent is exact */
#define LN2_LO	0x1.ef35793c7673p-45
#define LOG2E	0x1.71547652b82fep+0
#define SQRT_HALF_BITS	0x3fe6a09e667f3bcdULL

static inline double fma_(double a, double b, double c) { return __builtin_fma(a, b, c); }

static inline double from_bits(uint64_t u)
{
	double x;
	memcpy(&x, &u, sizeof x);
	return x;
}

static inline uint64_t to_bits(double x)
{
	uint64_t u;
	memcpy(&u, &x, sizeof u);
	return u;
}

/* 2^k for -1022 <= k <= 1023 */
static inline double pow2(int k) { return from_bits((uint64_t)(k + 1023) << 52); }

/* Coefficients c[0] + c[1] z + ... by Horner. */
static inline double horner(double z, const double *c, int n)
{
	double p = c[n - 1];
	for (int i = n - 2; i >= 0; i--)
		p = fma_(p, z, c[i]);
	return p;
}

/* (e^r - 1 - r) / r^2 */
static const double EXP_C[] = {
	1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880,
	1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0,
};
/* (2 atanh(s) - 2s) / s^3 in powers of s^2 */
static const double LOG_C[] = {
	2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23,
};

/* e^x good for a float, |x| cut to 200; NaN stays. */
static inline double exp_short(double x)
{
	x = x > 200 ? 200 : x < -200 ? -200 : x;
	if (x != x)
		return x;
	double k = __builtin_rint(x * LOG2E), r = fma_(-k, LN2, x);
	double p = fma_(r * r, horner(r, EXP_C, 8), r) + 1;
	return p * pow2((int)k);
}

/* x = 2^e m for finite x > 0, m in [sqrt 1/2, sqrt 2) */
static inline double split(double x, int *e)
{
	int shift = 0;
	if (x < 0x1p-1022) {
		x *= 0x1p54;
		shift = -54;
	}
	uint64_t u = to_bits(x);
	int64_t k = (int64_t)(u - SQRT_HALF_BITS) >> 52;
	*e = (int)k + shift;
	return from_bits(u - ((uint64_t)k << 52));
}

/* What log answers where it has no finite value: true, and *y. */
static inline bool log_edge(double x, double *y)
{
	if (x > 0 && x < INFINITY)
		return false;
	*y = x == 0 ? -INFINITY : x > 0 ? INFINITY : NAN;
	return true;
}

/* log m = f - (f^2/2 - s (f^2/2 + R)), f = m - 1: the large part f is exact. lo is added where it is smallest. */
static inline double log_near_one(double m, double lo)
{
	double f = m - 1, s = f / (2 + f), z = s * s, h = 0.5 * f * f;
	double R = z * horner(z, LOG_C, 11);
	return f - (h - fma_(s, h + R, lo));
}

float fm_expf(float x)
{
	return (float)exp_short(x);
}

float fm_logf(float x)
{
	double y;
	int e;
	if (log_edge(x, &y))
		return (float)y;
	double m = split(x, &e), s = (m - 1) / (m + 1), z = s * s;
	return (float)fma_(e, LN2, fma_(s * z, horner(z, LOG_C, 6), 2 * s));
}

float fm_sigmoidf(float x)
{
	return (float)(1 / (1 + exp_short(-(double)x)));
}

double fm_exp(double x)
{
	if (!(x > -746))
		return x == x ? 0 : x;
	if (x > 710)
		return INFINITY;
	double k = __builtin_rint(x * LOG2E), r = fma_(-k, LN2_REST, fma_(-k, LN2, x));
	double p = fma_(r * r, horner(r, EXP_C, 12), r) + 1;
	int n = (int)k;
	if (n > 1023)
		return p * 0x1p1023 * pow2(n - 1023);
	if (n < -1021)
		return p * pow2(n + 200) * 0x1p-200;	/* the first product is exact: one rounding into the subnormals */
	return p * pow2(n);
}

double fm_log(double x)
{
	double y;
	int e;
	if (log_edge(x, &y))
		return y;
	double m = split(x, &e);
	return e ? e * LN2_HI + log_near_one(m, e * LN2_LO) : log_near_one(m, 0);
}

double fm_log2(double x)
{
	double y;
	int e;
	if (log_edge(x, &y))
		return y;
	double m = split(x, &e);
	return fma_(log_near_one(m, 0), LOG2E, e);
}

double fm_pow(double x, double y)
{
	return y == 0 ? 1 : y == 1 ? x : fm_exp(y * fm_log(x));
}

/*
 * The lower tail: z with Phi(z) = p for 0 < p < 1/2, about 1e-16 relative.
 * Source: Wichura 1988, "The Percentage Points of the Normal Distribution", Applied Statistics 37, algorithm AS 241 (PPND16).
 */
static double normal_quantile(double p)
{
	static const double A[] = {
		3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
		4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3,
	}, B[] = {
		1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
		2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3,
	}, C[] = {
		1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
		1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
	}, D[] = {
		1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
	}, E[] = {
		6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
		2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
	}, F[] = {
		1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
		7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
	};
	double q = p - 0.5;
	if (q >= -0.425) {
		double r = fma_(-q, q, 0.180625);
		return q * horner(r, A, 8) / horner(r, B, 8);
	}
	double r = sqrt(-fm_log(p));
	if (r <= 5)
		return -(horner(r - 1.6, C, 8) / horner(r - 1.6, D, 8));
	return -(horner(r - 5, E, 8) / horner(r - 5, F, 8));
}

/* sin y with y = pi (1/2 - |x|), by its series to y^19. */
double fm_cos_pi(double x)
{
	double y = 0x1.921fb54442d18p+1 * (0.5 - (x < 0 ? -x : x)), yy = y * y, p = -1.0 / 121645100408832000;

	p = __builtin_fma(p, yy, 1.0 / 355687428096000);
	p = __builtin_fma(p, yy, -1.0 / 1307674368000);
	p = __builtin_fma(p, yy, 1.0 / 6227020800);
	p = __builtin_fma(p, yy, -1.0 / 39916800);
	p = __builtin_fma(p, yy, 1.0 / 362880);
	p = __builtin_fma(p, yy, -1.0 / 5040);
	p = __builtin_fma(p, yy, 1.0 / 120);
	p = __builtin_fma(p, yy, -1.0 / 6);
	return __builtin_fma(p * yy, y, y);
}

/* One bit for the sign, 52 for the tail: symmetric, and neither 0 nor 1/2 can come out as a probability. */
float fm_normal(struct pcg32 *r)
{
	uint64_t hi = pcg32_next(r), lo = pcg32_next(r), u = hi << 21 | lo >> 11;
	double z = normal_quantile(((double)(u & 0xfffffffffffffULL) + 0.5) * 0x1p-53);
	return (float)(u >> 52 ? -z : z);
}
