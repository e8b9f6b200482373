/*
 * rank-features - taste-rank features: candidates joined with what is known of listener, item and situation.
 */
#include "rank.h"

void rank_features(struct err *e)
{
	(void)e;
}
