#include "rng.h"

#define MULT64 6364136223846793005ULL
#define MULT128 (((unsigned __int128)2549297995355413924ULL << 64) + 4865540595714422341ULL)

void pcg32_seed(struct pcg32 *r, uint64_t seed, uint64_t stream)
{
	r->state = 0;
	r->inc = stream << 1 | 1;
	pcg32_next(r);
	r->state += seed;
	pcg32_next(r);
}

void pcg32_advance(struct pcg32 *r, uint64_t delta)
{
	uint64_t mult = 1, plus = 0, m = MULT64, p = r->inc;

	for (; delta; delta >>= 1) {	/* square the affine step, Brown 1994 */
		if (delta & 1) {
			mult *= m;
			plus = plus * m + p;
		}
		p = (m + 1) * p;
		m *= m;
	}
	r->state = mult * r->state + plus;
}

uint32_t pcg32_bounded(struct pcg32 *r, uint32_t bound)
{
	uint32_t reject = -bound % bound, x;

	do
		x = pcg32_next(r);
	while (x < reject);
	return x % bound;
}

float pcg32_f32(struct pcg32 *r)
{
	return (float)(pcg32_next(r) >> 8) * 0x1p-24f;
}

double pcg32_f64(struct pcg32 *r)
{
	uint64_t hi = pcg32_next(r);

	return (double)((hi << 32 | pcg32_next(r)) >> 11) * 0x1p-53;
}

void pcg64_seed(struct pcg64 *r, unsigned __int128 seed, unsigned __int128 stream)
{
	r->state = 0;
	r->inc = stream << 1 | 1;
	pcg64_next(r);
	r->state += seed;
	pcg64_next(r);
}

void pcg64_advance(struct pcg64 *r, unsigned __int128 delta)
{
	unsigned __int128 mult = 1, plus = 0, m = MULT128, p = r->inc;

	for (; delta; delta >>= 1) {
		if (delta & 1) {
			mult *= m;
			plus = plus * m + p;
		}
		p = (m + 1) * p;
		m *= m;
	}
	r->state = mult * r->state + plus;
}

uint64_t pcg64_next(struct pcg64 *r)
{
	r->state = r->state * MULT128 + r->inc;
	uint64_t x = (uint64_t)(r->state >> 64) ^ (uint64_t)r->state;
	unsigned rot = (unsigned)(r->state >> 122);

	return x >> rot | x << (-rot & 63);
}

uint64_t pcg64_bounded(struct pcg64 *r, uint64_t bound)
{
	uint64_t reject = -bound % bound, x;

	do
		x = pcg64_next(r);
	while (x < reject);
	return x % bound;
}

double pcg64_f64(struct pcg64 *r)
{
	return (double)(pcg64_next(r) >> 11) * 0x1p-53;
}

void rng_shuffle_u32(struct pcg32 *r, uint32_t *v, uint32_t n)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = pcg32_bounded(r, i), t = v[j];
		v[j] = v[i - 1];
		v[i - 1] = t;
	}
}
