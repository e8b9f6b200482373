#include <math.h>

#include "latency.h"
#include "tool.h"

void latency_put(struct latency *l, double seconds)
{
	double us = seconds * 1e6;
	int at = us > 1 ? (int)(8 * log2(us)) : 0;

	l->count[at < LATENCY_BUCKETS ? at : LATENCY_BUCKETS - 1]++;
	if (seconds > l->longest)
		l->longest = seconds;
}

void latency_add(struct latency *to, const struct latency *l)
{
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		to->count[i] += l->count[i];
	to->longest = l->longest > to->longest ? l->longest : to->longest;
}

/* note_bars - an octave a line. */
static void note_bars(const uint64_t *count, uint64_t total)
{
	for (int octave = 0; octave < LATENCY_BUCKETS / 8; octave++) {
		uint64_t n = 0;
		for (int i = 0; i < 8; i++)
			n += count[octave * 8 + i];
		if (n)
			note("%12.0f us and longer %10llu %5.1f %% %.*s", exp2(octave), (unsigned long long)n, 100 * (double)n / (double)total, (int)(40 * n / total),
			     "****************************************");
	}
}

void latency_note(const struct latency *l, const char *what)
{
	static const double share[] = { .5, .9, .99, .999 };
	uint64_t total = 0, sum = 0;
	double at[4] = { 0 };
	size_t s = 0;

	for (int i = 0; i < LATENCY_BUCKETS; i++)
		total += l->count[i];
	if (!total)
		return;
	for (int i = 0; i < LATENCY_BUCKETS; i++)
		for (sum += l->count[i]; s < 4 && (double)sum >= share[s] * (double)total; s++)
			at[s] = fmin(exp2((i + 1) / 8.0), l->longest * 1e6);
	note("%s took %.0f us (median), %.0f (90 %%), %.0f (99 %%), %.0f (99.9 %%), %.0f at most", what, at[0], at[1], at[2], at[3], l->longest * 1e6);
	note_bars(l->count, total);
}
