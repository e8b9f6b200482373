/*
 * seq_attend - attention of one head of one sequence, some rows of queries at a time against the keys that they may see; forward and back. What is computed: seq_net.h.
 */
#ifndef TASTE_SEQ_ATTEND_H
#define TASTE_SEQ_ATTEND_H

#include "seq_net.h"

enum { SEQ_ROWS = 64 };			/* queries of one product */

struct seq_attend {
	const struct seq_dims *s;
	const float *q, *k, *v;		/* rows ldq, ldk, ldk apart; those of q are events first, first + 1, ... */
	size_t ldq, ldk, first, rows;
	const float *pos, *time;	/* of this head; time NULL: none */
	const int64_t *when;		/* with time */
	const float *near;		/* of this head; NULL: none */
	const uint8_t *kind, *asked;	/* with near: of the events, of the rows */
	float *p;			/* [rows x ldp] */
	size_t ldp;
	float *o;			/* rows d apart */
	float *a, *row, *scratch;	/* [SEQ_ROWS x keys] pointwise; [keys] with time; of products */
};

/* seq_attend - o, and what p keeps for the way back: the weights, pointwise S. */
void seq_attend(const struct seq_attend *h);

struct seq_attend_back {
	struct seq_attend h;			/* first 0; a [SEQ_ROWS x rows] */
	const float *go;		/* rows d apart */
	float *gq, *gk, *gv;		/* rows ldq apart; gk and gv += */
	float *gpos, *gtime, *gnear;
	float *gp;			/* [SEQ_ROWS x rows] */
};

/* seq_attend_back - from go; p as seq_attend left it. */
void seq_attend_back(const struct seq_attend_back *b);

/* seq_times_u - y [rows x d] = u rms(o) g3, pointwise: rms(o) g3 is in y, u the first d of each of the rows of qkv [rows x w]. */
void seq_times_u(float *y, const float *qkv, size_t w, size_t rows, size_t d);

#endif
