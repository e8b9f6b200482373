/*
 * nav_row - a row of a graph that is being built, as the query that others are scored for. For nav_build.c and nav_order.c; inline, as their loops spend their time here.
 */
#ifndef TASTE_NAV_ROW_H
#define TASTE_NAV_ROW_H

#include <string.h>

#include "nav_build.h"
#include "../num/codes.h"

/* nav_row_codes - [z->row_bytes] */
static inline const uint8_t *nav_row_codes(const struct nav_make *m, size_t row) { return m->codes + row * m->z->row_bytes; }

struct nav_row {
	const struct nav_make *m;
	struct codes_query q;
	float twice, norm;		/* 2 * the row's scale, |r|^2 (of products 0) */
	int8_t *room;			/* [2 d] */
};

static inline void nav_row_set(struct nav_row *p, const struct nav_make *m, uint32_t row)
{
	const uint8_t *c = nav_row_codes(m, row);
	size_t d = m->z->d;
	float scale;

	memcpy(&scale, c + codes_scale_at(CODES_8, d), sizeof scale);
	for (size_t i = 0; i < d; i++)
		p->room[i] = (int8_t)(c[i] ^ 0x80);
	p->m = m;
	p->q = (struct codes_query){ .bits = CODES_8, .d = d, .lo = p->room, .hi = p->room, .sum = m->sum[row] };
	p->twice = 2 * scale;
	p->norm = m->o.by_product ? 0 : quant_norm(m->z, c);
}

/* nav_row_score - of others, for nav_search: |x|^2 - |x - y|^2, or of products 2 x.y: the nearer, the higher. */
static inline void nav_row_score(const void *ctx, float *out, const uint32_t *row, size_t n)
{
	const struct nav_row *p = ctx;
	const struct nav_make *m = p->m;

	codes_dots(out, &p->q, m->codes, m->z->row_bytes, row, n);
	for (size_t j = 0; j < n; j++)
		out[j] = out[j] * p->twice - (m->o.by_product ? 0 : quant_norm(m->z, nav_row_codes(m, row[j])));
}

#endif
