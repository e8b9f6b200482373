/*
 * rng - PCG32 (XSH-RR 64/32) and PCG64 (XSL-RR 128/64), written from the paper.
 * Source: O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good
 * Algorithms for Random Number Generation", HMC-CS-2014-0905. Checked in tests/u-rng.c against the published vectors of
 * the reference implementation.
 *
 * Parallel work gives each row or chunk its own stream: pcg32_seed(&r, seed, row). Then the
 * result cannot depend on which thread draws first.
 */
#ifndef TASTE_RNG_H
#define TASTE_RNG_H

#include <stdint.h>
#include <stddef.h>

struct pcg32 { uint64_t state, inc; };
struct pcg64 { unsigned __int128 state, inc; };

void pcg32_seed(struct pcg32 *r, uint64_t seed, uint64_t stream);
void pcg32_advance(struct pcg32 *r, uint64_t delta);	/* delta modulo 2^64: negative goes back */
uint32_t pcg32_bounded(struct pcg32 *r, uint32_t bound);	/* uniform in [0, bound), bound > 0, no bias */
static inline uint32_t pcg32_next(struct pcg32 *r)
{
	uint64_t o = r->state;
	r->state = o * 6364136223846793005ULL + r->inc;
	uint32_t x = (uint32_t)(((o >> 18) ^ o) >> 27), rot = (uint32_t)(o >> 59);
	return (x >> rot) | (x << ((-rot) & 31));
}
/* pcg32_f32 - uniform in [0, 1), 24 random bits. pcg32_f64 - uniform in [0, 1), 53 bits, two draws, high word first. */
float pcg32_f32(struct pcg32 *r);
double pcg32_f64(struct pcg32 *r);

void pcg64_seed(struct pcg64 *r, unsigned __int128 seed, unsigned __int128 stream);
void pcg64_advance(struct pcg64 *r, unsigned __int128 delta);
uint64_t pcg64_next(struct pcg64 *r);
uint64_t pcg64_bounded(struct pcg64 *r, uint64_t bound);
double pcg64_f64(struct pcg64 *r);

/* rng_shuffle_u32 - Fisher-Yates over n values, from the end: for i = n..2 swap(v[i-1], v[bounded(i)]). */
void rng_shuffle_u32(struct pcg32 *r, uint32_t *v, uint32_t n);

#endif
