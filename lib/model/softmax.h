/*
 * softmax - vectors of users and items, smoothed over their graph, learnt so that a user's items stand out from the whole catalogue.
 *
 * Each user and item is a node with d free numbers e (the parameters). With A_ui = (n_u n_i)^-1/2 on the observed pairs, both ways, its vector is
 *
 *   f = ego e + A e + A^2 e + ... + A^layers e             x_u, y_i: f of a user and an item, divided by its length
 *   s_ui = x_u.y_i                                         the score, a cosine
 *
 * and we minimise over the users u with items, n_u items each,
 *
 *   L = sum_u w_u ( log sum_i b_i exp(s_ui / temperature)  -  mean over u's items of s_ui / temperature ),      w_u = n_u^user_power
 *   b_i = (n_i / n_mean)^neg_power                         n_i users of item i; 0 for items of no user
 *
 * The sum is over all items: exact, a matrix product and not a sample. That is what makes it good: on gowalla (valid, d 64, recall@20 after 12 epochs of 15 steps) 12000 drawn
 * items, shared by a batch of users, give 0.202, all 41000 of them 0.206. `negatives` draws for catalogues where all are too many. More steps do more than anything else: with
 * 10000 drawn and 10 epochs, batches of 2048 give 0.197 and of 1024 0.202. The defaults (16 epochs) give recall@20 0.208 and ndcg@20 0.116; als 0.171. On
 * the test part, where popular items are more of what is asked for, they give 0.173 and 0.138, als 0.162 and 0.138: the choice of parameters on valid does not carry over whole.
 *
 * Sources: He, Deng, Wang, Li, Zhang, Wang 2020, "LightGCN" (A and the sum over its powers). Wu, Wang, Gao, Chen, Fu, Qiu, He 2022, "On the Effectiveness of Sampled Softmax
 * Loss for Item Recommendation" (softmax over cosines with a temperature). Where we differ: the first term is small (ego, not 1); all items are in the sum; users weigh less than
 * their pairs; b, the opposite of a logQ correction: popular items are pushed away a little less than they would be.
 *
 * An epoch goes through the users in a new order, `batch` of them between two steps of Adam on all parameters. Start: normal
 * variates of PCG stream (node) of the seed; the order: stream 2^32 + epoch.
 *
 * Order of calls: softmax_init, softmax_epoch as often as o.epochs says, softmax_save, softmax_release. One call at a time; the threads are inside.
 * Everything is cut by the data: the same bytes for any number of threads and any CPU path.
 *
 * Memory: 28 d + 20 bytes a user and an item, 16 bytes a pair (32 in softmax_init); 16 MB for scores, or 64 bytes an item where that is more; and what products take.
 * Time: an epoch is 3 d users items multiply-adds (items drawn: 3 d users negatives), and 4 layers d for each pair and step.
 */
#ifndef TASTE_SOFTMAX_H
#define TASTE_SOFTMAX_H

#include "model.h"
#include "weigh.h"
#include "../base/par.h"
#include "../num/csr.h"

enum { SOFTMAX_LAYERS_MAX = 8 };

struct softmax_opts {
	size_t d, epochs, layers;	/* layers >= 1 */
	double ego;			/* weight of a node's own numbers in its vector */
	double temperature;
	double neg_power, user_power;
	double rate;			/* of Adam */
	size_t batch;			/* users between two steps; 0: a 32nd of them, at most 1024 */
	size_t negatives;		/* items drawn for each batch; 0: all */
	uint64_t seed;
	const struct model_tuned *tuned;	/* borrowed, for the file; NULL: not tuned */
};

/* softmax_check - NULL, or a sentence that says what is wrong with the options. */
const char *softmax_check(const struct softmax_opts *o);

struct softmax {
	struct softmax_opts o;
	size_t n_items, n_users, n;	/* n = n_items + n_users nodes, items first */
	struct csr adj;			/* [n x n] A */
	float *own;			/* [n x d] e */
	float *unit;			/* [n x d] x and y, after softmax_smooth; rows of nodes without pairs are 0 */
	float *length;			/* [n] of f */
	float *grad;			/* [n x d] of the last batch, with respect to e */
	float *moment[2];		/* [n x d] of Adam */
	float *t[2];			/* [n x d] scratch */
	float *bias;			/* [n_items] log b */
	double weight;			/* sum of n_u^user_power */
	uint32_t *order, *drawn;	/* [n_users] those with items, [n_items] */
	size_t n_active;		/* users with items */
	size_t rows;			/* users whose scores are there at a time */
	float *score, *x, *gx;		/* [rows x n_items], [rows x d] */
	float *y, *gy, *log_b;		/* [negatives x d], and their log b; NULL without */
	double *part;			/* [rows] */
	float *mean;			/* [rows] */
	size_t n_steps;
};

/* softmax_init - take over observed pairs R [users x items] (values > 0 all count alike; released in any case) and draw the parameters. 0, ERR_DATA without any pair,
 * ERR_MEM; then *m is released. */
int softmax_init(struct softmax *m, struct csr *R, const struct softmax_opts *o, struct err *e);
void softmax_release(struct softmax *m);
/* softmax_smooth - unit and length from own. */
void softmax_smooth(struct softmax *m, struct par *pool);
/* softmax_gradient - *loss: the terms of L of the users order[first .. first + n), and grad: its gradient. After softmax_smooth. items [n_drawn] ascending: only they are in the
 * sums; NULL: all. Good to about 1e-6. */
int softmax_gradient(struct softmax *m, double *loss, size_t first, size_t n, const uint32_t *items, size_t n_drawn, struct par *pool, struct err *e);
/* softmax_epoch - all users once, epoch = 0, 1, ...; *loss: L / sum of w_u, each batch before its step. ERR_NUMERIC when it is not finite. */
int softmax_epoch(struct softmax *m, double *loss, size_t epoch, struct par *pool, struct err *e);

/*
 * softmax_save - the model file: what model.h lists (item.vec, user.vec: x and y; item.count: distinct users) and
 *   meta    d epochs layers ego temperature neg_power user_power rate batch negatives seed fold_step n_pairs, and what weigh_put and model_put_tuned add
 *   tensor  item.fold f32 [n_items x d], see below
 */
int softmax_save(struct softmax *m, struct sink *s, const struct vocab *user, const struct vocab *item, const struct weigh *w, uint64_t n_events, const struct prov *prov,
		 struct par *pool, struct err *e);

/*
 * ---- folding in ----
 * All of f_u but its first term is a sum over the user's items, of n_i^-1/2 (e + A e + ... + A^(layers-1) e)_i: item.fold. A stranger's vector begins as that sum,
 * divided by its length, and takes one step down their own loss, along the sphere and with the items fixed:
 *
 *   g = mean over their items of y_i - sum_i p_i y_i,  p_i = b_i exp(s_i / temperature) / sum        x = unit( x0 + fold_step (g - (g.x0) x0) )
 *
 * fold_step is what brings FOLD_SAMPLE users of the model nearest to their own vectors (least squares in the tangent plane), so that it is 0 where ego is. On gowalla (valid, recall@20
 * of a twentieth of the users) x0 has 0.187, one step of 1.2 0.200, two or more no more than that, the trained vectors 0.201. Time: 2 d multiply-adds an item.
 */
enum { FOLD_SAMPLE = 256 };

struct softmax_fold {
	struct weigh weigh;		/* hand it to whoever reads the events */
	size_t d, n_items;
	double temperature, step;
	const float *item;		/* [n_items x d] y, in the model */
	const float *fold;		/* [n_items x d] likewise */
	float *log_b;			/* [n_items] less 1 / temperature */
};

/* softmax_fold_open - from a model of kind softmax, which must stay open. ERR_DATA for other kinds or a damaged file. */
int softmax_fold_open(struct softmax_fold *f, struct model *m, struct err *e);
void softmax_fold_release(struct softmax_fold *f);
/* softmax_fold_scratch - floats of scratch that one thread needs. */
size_t softmax_fold_scratch(const struct softmax_fold *f);
/* softmax_fold - x [d] out; item [n] rows of the model; scratch [softmax_fold_scratch]. n == 0 gives zeros. Thread-safe with scratch of one's own. */
void softmax_fold(const struct softmax_fold *f, float *x, const uint32_t *item, size_t n, float *scratch);

#endif
