/*
 * seq_learn - how a seq model learns: what a listener does next, by softmax over the catalogue.
 *
 * The net (seq_net.h) makes of each event what it knows so far; the next event is the target, where its weight is above 0: skips and dislikes are read, not foretold. For an event
 * followed by item i of content kind k, with u = z_k / |z_k| and y_j = e_j / |e_j| (not cosine: z_k and e_j themselves)
 *
 *   loss = log sum_j exp(u.y_j / temperature) - u.y_i / temperature      over the items j of kind k
 *          - log P(k), P the softmax of the kinds' choice                with more than one kind
 *
 * averaged over the targets of a step, each weighing (events of its user)^(user_power - 1) (share of its kind among all targets)^(kind_power - 1);
 * the kinds' choice is left out of the latter. Catalogues above SEQ_FULL_MAX items, or `negatives` > 0, draw: for each step `negatives` items of each kind in proportion to
 * q_j ~ count_j^neg_power, shared by all targets, and the sum is exp(own) + sum over the drawn, own left out, of exp(u.y_j / temperature) / (negatives q_j): the sum over all, without bias.
 *
 * A listener's events are cut into windows of n, at another place each epoch when there are more, and each is a target once an epoch; the order of windows is new each epoch; `batch`
 * windows make a step. Adam (adam.h), of items only the rows that a step touches; rate: a linear warm-up, then a half cosine down to 0 at the last epoch; the gradient is cut to
 * the length `clip`. After each epoch ndcg@10 of held-out events is measured, of each listener the first that has weight and is new to them, among the items of its kind; the best epoch is kept.
 *
 * Same bytes for any number of threads and CPU path: a step is cut into tasks by the windows' lengths, tasks sum apart and are added in order; items' sums are
 * in the order of the events. Everything drawn comes from the seed, the step, and the place, so that a run that goes on from a checkpoint is the same run.
 *
 * Sources: seq_net.h; Klenitskiy, Vasilev 2023, "Turning Dross Into Gold Loss: is BERT4Rec really better than SASRec?" (softmax in place of one negative); Bengio, Senecal 2008
 * (importance weights); Loshchilov, Hutter 2017 (the cosine).
 *
 * Memory: 16 d bytes an item, of which 4 d are the best epoch's; with all items in the sum 8 d more (unit vectors, gradient), 4 d for each task (up to 16) and 512 bytes for each thread;
 * with some drawn, of all this the vectors and the gradient for each one drawn or touched. The net 16 bytes a parameter, 4 more and 4 a task. seq_room for each thread. A step 8 d + 32 bytes an
 * event; 16 bytes a window. Measuring and writing: 4 d + 256 bytes an item, seq_run for each thread. The events are the caller's.
 */
#ifndef TASTE_SEQ_LEARN_H
#define TASTE_SEQ_LEARN_H

#include "seq_net.h"
#include "../base/par.h"
#include "../base/watch.h"
#include "../data/seqs.h"

enum { SEQ_FULL_MAX = 20000, SEQ_TASKS_MAX = 16 };

struct seq_opts {
	struct seq_dims dims;
	size_t epochs, batch;		/* batch: windows a step */
	size_t negatives;		/* of each kind; 0: all items up to SEQ_FULL_MAX, else 1024 */
	double stddev;			/* length of the first e */
	double temperature, neg_power, user_power, kind_power, dropout, rate, warmup, clip;	/* warmup: share of all steps; clip 0: none */
	bool is_cosine;
	uint64_t seed;
};
/* seq_check - NULL, or a sentence that says what is wrong. */
const char *seq_check(const struct seq_opts *o);

struct seq_learn {
	struct seq_opts o;
	struct seq_at at;
	const struct seqs *data;	/* borrowed */
	const uint8_t *kind;		/* [n_items] of content; NULL: one */
	size_t *end;			/* [users] where what a user teaches ends */
	size_t n_items;
	double *count;			/* [n_items] targets */
	double kind_weight[SEQ_KINDS_MAX];	/* of a target */
	float *own, *own_m[2];		/* [n_items x d] e, moments of Adam */
	float *w, *w_m[2];		/* [at.n_params] likewise */
	float *best_own, *best_w;	/* of the best epoch */
	double best;			/* its ndcg; below 0: none yet */
	size_t best_epoch, n_epochs;	/* done, from 1 */
	size_t n_steps, steps_in_epoch;
	size_t cap_windows;		/* of an epoch, at most */
	struct seq_step *step;		/* scratch of a step */
};

/*
 * seq_learn_init - data and kind are borrowed; end is taken over (released in any case), data->start of the next user unless events are held out. 0, ERR_DATA without targets,
 * ERR_MEM; then *m is released.
 */
int seq_learn_init(struct seq_learn *m, const struct seq_opts *o, const struct seqs *data, const uint8_t *kind, size_t *end, struct par *pool, struct err *e);
void seq_learn_release(struct seq_learn *m);
/* seq_epoch - all windows once; *loss: mean over the targets, each before its step. step (may be NULL) is called after each step with events done and in all. ERR_NUMERIC when it is
 * not finite. */
int seq_epoch(struct seq_learn *m, double *loss, const struct watch *pr, struct par *pool, struct err *e);
/*
 * seq_gradient - of one step, for tests and seq_epoch: windows [n] of events from[i] .. from[i] + len[i] - 1. Leaves the gradient in seq_gradient_w and, by item, seq_gradient_item; nothing is
 * updated. *loss is the mean over the targets; 0, and no gradient, without any.
 */
int seq_gradient(struct seq_learn *m, double *loss, const size_t *from, const uint32_t *len, size_t n, uint64_t step, struct par *pool, struct err *e);
const float *seq_gradient_w(const struct seq_learn *m);
const float *seq_gradient_item(const struct seq_learn *m, uint32_t item);	/* NULL: untouched */

/* Who is asked after each epoch: users with the event that is held out. */
struct seq_asked { uint32_t user, item; };
/* seq_measure - ndcg@10 and hr@10 of n of them by the numbers as they stand (best: of the best epoch). What a user has (data up to end) is in no list. */
int seq_measure(struct seq_learn *m, bool best, const struct seq_asked *asked, size_t n, double *ndcg, double *hr, struct par *pool, struct err *e);
/* seq_keep - the numbers as they stand are the best so far, with this ndcg. */
void seq_keep(struct seq_learn *m, double ndcg);

#endif
