#include <math.h>

#include <xxhash.h>

#include "explore.h"
#include "../base/mem.h"
#include "../num/fmath.h"

/* Source: Abramowitz and Stegun 26.2.17. */
double explore_normal(double z)
{
	double x = fabs(z), t = 1 / (1 + 0.2316419 * x);
	double tail = x > 8 ? 0 : 0.3989422804014327 * fm_exp(-x * x / 2) * t *
		(0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));

	return z > 0 ? 1 - tail : tail;
}

static size_t best_of(const double *gain, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (gain[i] > gain[best])
			best = i;
	return best;
}

/* ---- softmax ---- */

static double weight_of(const struct explore *x, double gain, double most)
{
	return fm_exp((gain - most) / x->amount);
}

static double all_weights(const struct explore *x, const double *gain, size_t n)
{
	double most = gain[best_of(gain, n)], sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += weight_of(x, gain[i], most);
	return sum;
}

static size_t pick_softmax(const struct explore *x, const double *gain, size_t n, struct pcg32 *rng, double *p)
{
	double most = gain[best_of(gain, n)], all = all_weights(x, gain, n), at = pcg32_f64(rng) * all, sum = 0;
	size_t last = 0;

	for (size_t i = 0; i < n; i++) {
		double w = weight_of(x, gain[i], most);
		sum += w;
		if (w > 0) {
			last = i;
			*p = w / all;
		}
		if (at < sum)
			break;
	}
	return last;		/* behind all: rounding */
}

/* ---- Thompson ---- */

static const double RANGE = 6;		/* deviations: what is further is of probability 1e-9 */
static const double LEAST = 1e-9;	/* what was drawn was not impossible */

/* All relative to the gain of i: deviations may be far smaller than gains. */
struct rival { double gain, by; };		/* by: 1 / deviation */
struct integral { double deviation; struct rival *rival; size_t n; int points; };

/* others_below - the probability that all others draw less than i at z. */
static double others_below(struct integral *t, double z)
{
	double x = t->deviation * z, p = 1;

	t->points++;
	for (size_t j = 0; j < t->n && p > LEAST; j++) {
		double zj = (x - t->rival[j].gain) * t->rival[j].by;
		if (zj < RANGE)
			p *= explore_normal(zj);
	}
	return p;
}

/* cell - of the integral from a to b, where it is fa and fb and the masses below are na and nb. */
static double cell(struct integral *t, double a, double fa, double na, double b, double fb, double nb, int depth)
{
	double mid = (a + b) / 2, coarse = (nb - na) * (fa + fb) / 2;

	if (!depth || (nb - na) * fabs(fb - fa) < 1e-7 || t->points >= 512)
		return coarse;
	double f = others_below(t, mid), nm = explore_normal(mid), fine = ((nm - na) * (fa + f) + (nb - nm) * (f + fb)) / 2;
	if (fabs(fine - coarse) < 1e-6)
		return fine;
	return cell(t, a, fa, na, mid, f, nm, depth - 1) + cell(t, mid, f, nm, b, fb, nb, depth - 1);
}

/* find_rivals - those of the others who may draw more than i at a place where all may draw less; *from: where those places begin. */
static void find_rivals(struct integral *t, const struct explore *x, const double *gain, const double *spread, size_t n, size_t i, double *from)
{
	double least = -RANGE * t->deviation;

	for (size_t j = 0; j < n; j++) {
		double sure = gain[j] - gain[i] - RANGE * x->amount * spread[j];
		least = j != i && sure > least ? sure : least;
	}
	t->rival = mem_new(n, sizeof *t->rival);
	for (size_t j = 0; j < n; j++)
		if (j != i && gain[j] - gain[i] + RANGE * x->amount * spread[j] > least)
			t->rival[t->n++] = (struct rival){ gain[j] - gain[i], 1 / (x->amount * spread[j]) };
	*from = least / t->deviation;
}

static double thompson_chance(const struct explore *x, const double *gain, const double *spread, size_t n, size_t i)
{
	enum { CELLS = 24 };
	struct integral t = { .deviation = x->amount * spread[i] };
	double sum = 0, from;

	if (n == 1)
		return 1;
	find_rivals(&t, x, gain, spread, n, i, &from);
	if (from < RANGE) {
		double a = from, fa = others_below(&t, a), na = explore_normal(a);
		for (int c = 1; c <= CELLS; c++) {
			double b = from + (RANGE - from) * c / CELLS, fb = others_below(&t, b), nb = explore_normal(b);
			sum += cell(&t, a, fa, na, b, fb, nb, 12);
			a = b, fa = fb, na = nb;
		}
	}
	mem_free(t.rival);
	return sum > 1 ? 1 : sum > LEAST ? sum : LEAST;
}

static size_t pick_thompson(const struct explore *x, const double *gain, const double *spread, size_t n, struct pcg32 *rng)
{
	size_t best = 0;
	double most = -INFINITY;

	for (size_t i = 0; i < n; i++) {
		double draw = gain[i] + x->amount * spread[i] * (double)fm_normal(rng);
		if (draw > most) {
			most = draw;
			best = i;
		}
	}
	return best;
}

/* ---- all ---- */

double explore_chance(const struct explore *x, const double *gain, const double *spread, size_t n, size_t i)
{
	bool is_best = i == best_of(gain, n);

	if (x->how == EXPLORE_EPSILON)
		return (1 - x->amount) * is_best + x->amount / (double)n;
	if (x->how == EXPLORE_SOFTMAX)
		return weight_of(x, gain[i], gain[best_of(gain, n)]) / all_weights(x, gain, n);
	if (x->how == EXPLORE_THOMPSON && x->amount > 0)
		return thompson_chance(x, gain, spread, n, i);
	return is_best;
}

size_t explore_pick(const struct explore *x, const double *gain, const double *spread, size_t n, struct pcg32 *rng, double *p)
{
	size_t i;

	if (x->how == EXPLORE_SOFTMAX)
		return pick_softmax(x, gain, n, rng, p);
	if (x->how == EXPLORE_EPSILON && pcg32_f64(rng) < x->amount)
		i = pcg32_bounded(rng, (uint32_t)n);
	else if (x->how == EXPLORE_THOMPSON && x->amount > 0)
		i = pick_thompson(x, gain, spread, n, rng);
	else
		i = best_of(gain, n);
	*p = explore_chance(x, gain, spread, n, i);
	return i;
}

uint64_t explore_stream(struct str user, int64_t day)
{
	return XXH3_64bits_withSeed(user.p, user.len, (uint64_t)day);
}
