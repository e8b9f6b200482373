#include <math.h>
#include <stdbool.h>
#include <xxhash.h>

#include "draft.h"
#include "../base/rng.h"
#include "../num/fmath.h"

/* take - the team's best item that nobody has; false when there is none. */
static bool take(struct draft_pick *pick, uint8_t team, const uint32_t *list, size_t n, size_t *at, uint32_t *mark, uint32_t now)
{
	while (*at < n && mark[list[*at]] == now)
		++*at;
	if (*at == n)
		return false;
	mark[list[*at]] = now;
	*pick = (struct draft_pick){ list[*at], (uint32_t)*at, team };
	return true;
}

size_t draft_make(struct draft_pick *pick, const uint32_t *const list[2], const size_t n[2], size_t k, uint64_t seed, struct str user, uint32_t *mark, uint32_t now)
{
	size_t at[2] = { 0 }, made = 0;
	struct pcg32 r;

	pcg32_seed(&r, seed, XXH3_64bits(user.p, user.len));
	for (uint8_t turn = 0; made < k; made++) {
		turn = made % 2 ? !turn : (uint8_t)pcg32_bounded(&r, 2);
		if (!take(&pick[made], turn, list[turn], n[turn], &at[turn], mark, now))
			break;
	}
	return made;
}

void draft_settle(struct draft_score *s)
{
	const double z = 1.959963984540054, n = (double)s->wins + (double)s->losses;
	size_t fewer = s->wins < s->losses ? s->wins : s->losses;
	double term = -n * 0.6931471805599453, sum = 0;	/* log of a binomial's terms, from 0 on */

	s->share = s->low = s->high = NAN;
	s->p = 1;
	if (!(n > 0))
		return;
	s->share = (double)s->wins / n;
	double middle = (s->share + z * z / (2 * n)) / (1 + z * z / n), half = z / (1 + z * z / n) * sqrt(s->share * (1 - s->share) / n + z * z / (4 * n * n));
	s->low = s->wins ? fmax(0, middle - half) : 0;
	s->high = s->losses ? fmin(1, middle + half) : 1;
	for (size_t i = 0; i <= fewer; i++) {
		sum += fm_exp(term);
		term += fm_log((n - (double)i) / ((double)i + 1));
	}
	s->p = fmin(1, 2 * sum);
}
