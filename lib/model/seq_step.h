/*
 * seq_step - private to seq_*: one step of seq_learn.h, and what it holds. seq_step.c has the candidates and the items' rows, seq_loss.c the loss of a chunk of windows; seq_learn.c calls it, window after
 * window; seq_measure.c borrows its workers' rooms.
 */
#ifndef TASTE_SEQ_STEP_H
#define TASTE_SEQ_STEP_H

#include "seq_learn.h"

enum {
	SEQ_TILE = 128,			/* targets whose scores are there at a time */
	SEQ_ROW_CHUNK = 64,		/* items of a chunk of par_for */
	SEQ_STREAM_ORDER = 1, SEQ_STREAM_CUT = 2, SEQ_STREAM_DRAW = 3, SEQ_STREAM_DROP = 4,	/* what is drawn, with the epoch or step: act_key */
};

struct seq_task {			/* part of a batch */
	size_t first, n;		/* windows */
	size_t token;			/* of the batch, its first */
	float *gw, *gy;			/* [n_params] [n_cand x d] */
	double loss;
};

struct seq_worker {
	struct seq_room room;
	size_t *start;			/* of each window, and the end */
	uint32_t *item;			/* [tokens] what the net reads ... */
	uint8_t *act, *kind, *gap, *hour, *device, *asked;
	int64_t *time;
	uint32_t *target;		/* ... and what comes next, VOCAB_NONE: no target */
	float *weight;			/* [tokens] of targets, of all those of the step */
	uint32_t *row;			/* [tokens] those of a kind */
	float *h, *z, *inv, *gz, *own, *own_inv;	/* [tokens x d] [tokens] */
	float *score;			/* [SEQ_TILE x n_cand] */
};

struct seq_step {
	/* windows of an epoch */
	size_t *from;
	uint32_t *len, *order;
	size_t n_windows;
	/* candidates: those of kind k are cand_start[k] .. */
	bool is_full;
	size_t n_cand, cand_start[SEQ_KINDS_MAX + 1];
	uint32_t *cand;			/* [n_cand] items */
	uint32_t *place;		/* [n_items] full: where an item is among them */
	float *y, *y_inv, *logw;	/* [n_cand x d] vectors, 1 / length with cosine, log of the weight of those drawn */
	double *upto[SEQ_KINDS_MAX];	/* drawn: running sums of q over the items of a kind */
	uint32_t *of_kind;		/* [n_items] items by kind, kind_start[k] .. */
	size_t kind_start[SEQ_KINDS_MAX + 1];
	/* a batch */
	const size_t *b_from;
	const uint32_t *b_len;
	double *b_weight, weight;	/* of a target of each window; sum over all targets */
	size_t cap_windows, n_targets, n_tokens, cap_tokens;
	uint64_t number;
	struct seq_task task[SEQ_TASKS_MAX];
	size_t n_tasks;
	float *gx, *gt;			/* [tokens x d] by token: of inputs, of targets (drawn) */
	uint64_t *key, *key2;		/* [2 tokens + n_cand] item << 32 | source */
	size_t cap_keys;
	struct seq_touched { uint32_t item; size_t from, to; } *row;
	size_t n_rows, cap_rows;
	float *g;			/* [n_rows x d] */
	double *square;			/* [chunks of rows] */
	float *gw;			/* [n_params] all tasks */
	struct seq_worker *worker;
	int n_workers;
	size_t chunk_tokens;
};

static inline bool seq_is_target(const struct seqs *s, size_t at)
{
	return !(s->act[at] & SEQS_WEIGHTLESS);
}

static inline size_t seq_kind_of(const struct seq_learn *m, uint32_t item)
{
	return m->kind ? m->kind[item] : 0;
}

/* seq_step_need - what does not change from step to step, after m->count and s->n_windows: candidates or what they are drawn by, rooms for the threads of the pool. ERR_MEM. */
int seq_step_need(struct seq_learn *m, struct par *pool, struct err *e);
void seq_step_free(struct seq_step *s);
/* seq_step_gradient - as seq_gradient, and the square of the gradient's length. */
int seq_step_gradient(struct seq_learn *m, double *loss, double *square, const size_t *from, const uint32_t *len, size_t n, uint64_t number, struct par *pool, struct err *e);
/* seq_step_take - one step of Adam down that gradient, times scale. */
void seq_step_take(struct seq_learn *m, double rate, float scale, struct par *pool);

/* seq_read_event - event j of the log as number `at` of what a worker reads; is_first: nothing is before it. */
void seq_read_event(const struct seq_learn *m, struct seq_worker *k, size_t at, size_t j, bool is_first);
static inline struct seq_events seq_events_of(const struct seq_worker *k)
{
	return (struct seq_events){ k->item, k->act, k->kind, k->gap, k->hour, k->device, k->time, k->asked };
}

/* ---- seq_loss.c ---- */

struct seq_chunk { struct seq_learn *m; struct seq_worker *k; struct seq_task *t; size_t n, token; };	/* n events, token of the batch the first */
/* seq_loss - of the targets of what k->room has just gone through; leaves its gradient with respect to h and said in the room, adds that of candidates and heads to the task's sums. */
double seq_loss(const struct seq_chunk *c);

#endif
