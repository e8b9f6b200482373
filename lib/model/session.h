/*
 * session - vectors of items from what stands together in sessions and playlists: skip-gram, with the softmax of each pair over itself and items drawn for many pairs at once.
 *
 * Each item i has two vectors: in_i, as what was heard, and out_i, as what may come. With the tokens M_i of an item (its creator, its group, its tags; none without a catalogue) both are
 *
 *   in_i = own_i + mean over M_i of token_t                                    (out_i likewise, from numbers of its own)
 *
 * Of a session i_1 ... i_n each item foretells those around it. We minimise over all pairs (a, b) of places that are 1 .. window apart
 *
 *   L = sum_ab w_ab ( log( e^s_ab + c sum_k e^s_ak ) - s_ab ),      s_ab = in_a.out_b
 *   w_ab = 1 - (gap - 1) / window (1 where the window is the whole session), times back where b stands before a
 *
 * k runs over `negatives` items, drawn by (times seen)^neg_power for each stretch of SESSION_TASK events and shared by all of them: the scores and both gradients of what was drawn are
 * matrix products. c is SESSION_NEGATIVE / negatives. Frequent items are thinned as in word2vec: an item that makes up the share f of all events is kept with probability
 * sqrt(t / f) + t / f, t = subsample.
 *
 * What a listener comes to next is told by  x.out_j,  x = sum over their events of decay^age in_i / sum of decay^age, the newest having age 0.
 *
 * Sources: Mikolov, Sutskever, Chen, Corrado, Dean 2013, "Distributed Representations of Words and Phrases and their Compositionality". Caselles-Dupre, Lesaint, Royo-Letelier 2018,
 * "Word2vec applied to Recommendation: Hyperparameters Matter". Ji, Satish, Li, Dubey 2016, "Parallelizing Word2Vec in Shared and Distributed Memory" (shared negatives). Duchi, Hazan,
 * Singer 2011, "Adaptive Subgradient Methods". Where we differ: a softmax in place of sigmoids; pairs weigh by their distance where word2vec draws a window; what comes weighs more
 * than what went; steps of Adagrad; batches, so that threads change no bit; items are scored by their out vectors.
 *
 * On nowplaying (a tenth of train held out, recall@20 of the next item, d 128, 20 epochs) that is 0.234. What lost: sigmoids 0.212, and what was drawn for the softmax counted for how rarely it is
 * drawn (a logQ correction) 0.18 to 0.20 after 10 epochs; cosines of in vectors 0.175, of x and out vectors 0.195; back 1 0.218, 0 0.220; window 3 0.230, 10 0.229; neg_power 1 0.213, 0 0.17 after
 * 10 epochs; c sum of all negatives, unweighed, 0.232; 40 epochs 0.236. What wins for more time: 128 negatives (rate 0.15) 0.237.
 *
 * An epoch goes through the sessions in a new order (PCG stream 2^32 + epoch, which thins and draws too), `batch` events between two steps. A session of more than SESSION_TASK
 * events is cut into pieces of that many, and pairs across a cut are not seen. A step is of Adagrad with one sum of squares a row (of means over its components); its rate falls in a straight line from `rate` to 0.
 * Start: in rows are normal variates of length about 0.1 (stream: the row), out rows 0. Own rows of items without pairs are set to the mean of the others at the end where they have tokens, and are 0
 * where they have none. At the end the mean of all out vectors is taken from each, which changes no order, so that an item of which nothing is known, 0, is scored as the mean.
 *
 * Order of calls: session_init, session_epoch as often as o.epochs says, session_save, session_release. One call at a time; the threads are inside. Everything is cut by the data: the
 * same bytes for any number of threads and any CPU path.
 *
 * Memory: 8 d + 28 bytes an item, 8 d + 8 a token, 12 a session; a batch 8 d + 60 bytes an event and 4 d + 52 for each item drawn for it, of which 256 events take 2 negatives at most,
 * each 48 more for each of the most tokens that an item has; a thread 16 (negatives + 160) (d + 200) bytes, rather less; session_save 8 d bytes an item more.
 * Time: 3 d negatives multiply-adds an event, and 3 d for each pair.
 */
#ifndef TASTE_SESSION_H
#define TASTE_SESSION_H

#include "model.h"
#include "weigh.h"
#include "../base/par.h"

enum { SESSION_TASK = 256, SESSION_NEGATIVES_MAX = 4096, SESSION_BATCH_MAX = 1 << 20, SESSION_TOKENS_MAX = 16, SESSION_NEGATIVE = 5 };

struct session_opts {
	size_t d, epochs;
	size_t window;			/* events to each side, at most SESSION_TASK - 1; 0: the whole session */
	size_t negatives;		/* drawn for each stretch */
	double neg_power;
	double back;			/* weight of pairs whose second item stands before the first: 1 is skip-gram, 0 looks ahead only */
	double subsample;		/* 0: nothing is thinned */
	double rate;
	size_t batch;			/* events between two steps */
	double decay;			/* of what a listener had longer ago: for the file */
	uint64_t seed;
	size_t min_count;		/* these three for the file too: what the sessions were made with */
	int64_t gap;			/* seconds */
	const char *tokens;		/* NULL: none */
};

/* session_check - NULL, or a sentence that says what is wrong with the options. */
const char *session_check(const struct session_opts *o);

/* What is learnt from; borrowed. */
struct session_data {
	size_t n_items, n_sessions;
	const size_t *start;		/* [n_sessions + 1] */
	const uint32_t *item;		/* [start[n_sessions]] below n_items */
	size_t n_tokens;		/* 0: then the next two are not looked at */
	const size_t *token_start;	/* [n_items + 1] */
	const uint32_t *token;		/* [token_start[n_items]] below n_tokens; of an item at most SESSION_TOKENS_MAX, all different */
};

struct session {
	struct session_opts o;
	struct session_data in;
	size_t n_items, n_rows;		/* rows of tokens stand behind those of items */
	float *vec[2];			/* [n_rows x d] own and token, in and out */
	float *square[2];		/* [n_rows] of Adagrad; 0: no step has been at that row */
	double *count;			/* [n_items] events */
	struct session_urn { float own; uint32_t other; } *urn;	/* [n_items] an urn each: the item with probability own, else the other */
	float *keep;			/* [n_items] probability */
	size_t *piece;			/* [n_pieces + 1] sessions, the long ones cut */
	size_t n_pieces;
	uint32_t *order;		/* [n_pieces] */
	float *weight[2];		/* [window + 1] of a pair by its distance: behind, before */
	/* a batch: events, sessions in them, stretches of sessions */
	uint32_t *event;		/* [n] items */
	size_t n, *begin, n_begun;	/* [n_begun + 1] */
	size_t *task, n_tasks;		/* [n_tasks + 1] */
	uint32_t *drawn;		/* [n_tasks x negatives] */
	float *grad[2];			/* [n x d]; out: behind room_n rows [n_tasks x negatives x d] */
	struct session_touch { uint64_t *row, *row2; uint32_t *from, *from2; size_t n; } touch[2];	/* rows of vec and what rows of grad say of them */
	size_t room_n, room_tasks, room_touch;
	double *loss, *pairs;		/* [n_tasks] sums of the terms of L and of w */
	struct session_work *work;	/* [n_work] a thread's */
	int n_work;
	float step;			/* rate of this step */
};

/* session_init - draw the first numbers. 0, ERR_DATA when no session has two events, ERR_MEM; then *m is released. */
int session_init(struct session *m, const struct session_data *in, const struct session_opts *o, struct par *pool, struct err *e);
void session_release(struct session *m);
/* session_gradient - of L's terms of the batch that is there: *loss, *pairs: sum of w_ab, grad and touch. Good to about 1e-6. */
void session_gradient(struct session *m, double *loss, double *pairs, struct par *pool);
/* session_epoch - all sessions once, epoch = 0, 1, ...; *loss: L / sum of w, each batch before its step. ERR_NUMERIC when it is not finite. */
int session_epoch(struct session *m, double *loss, size_t epoch, struct par *pool, struct err *e);

/*
 * session_save - the model file: what model.h lists (item.vec: out; item.count: events; no users) and
 *   meta    d epochs window negatives neg_power back subsample rate batch decay seed min_count gap n_sessions n_tokens, tokens where there are any, and what weigh_put adds
 *   tensor  item.fold f32 [n_items x d], in
 * The model is used up: vec is no longer what was learnt.
 */
int session_save(struct session *m, struct sink *s, size_t n_users, const struct vocab *item, const struct weigh *w, uint64_t n_events, const struct prov *prov, struct err *e);

/* ---- folding in ---- */

struct session_fold {
	struct weigh weigh;		/* hand it to whoever reads the events */
	size_t d, n_items;
	double decay;
	const float *item;		/* [n_items x d] out, in the model */
	const float *fold;		/* [n_items x d] in, likewise */
};

/* session_fold_open - from a model of kind session, which must stay open. ERR_DATA for other kinds or a damaged file. */
int session_fold_open(struct session_fold *f, struct model *m, struct err *e);
void session_fold_release(struct session_fold *f);
/* session_fold - x [d] out; item [n] rows of the model in order of time, the newest last. n == 0 gives zeros. An item's score is num_dot(x, row of f->item). Thread-safe. Events of less than
 * 1e-9 of the newest one's weight are not looked at. */
void session_fold(const struct session_fold *f, float *x, const uint32_t *item, size_t n);

#endif
