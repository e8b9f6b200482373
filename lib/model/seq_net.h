/*
 * seq_net - the network of a seq model: a causal transformer over the events of a listener, forward and back; event by event in seq_run.h.
 *
 * With d components, H heads of d / H, T events of one listener, oldest first, rows of x [T x d] the events:
 *
 *   x_t   = sqrt(d) e(item) / |e(item)| + act(play, skip, ...) + kind(music, ...) + what features add: gap(log2 of the seconds since the event before), hour (of the day, UTC), device
 *   then for each layer
 *     a   = rms(x) g1
 *     softmax     q, k, v = a In                       S_ts = q_t.k_s (d/H)^-1/2 + pos(t - s) + time(log2 of the seconds between), each head its own
 *                 x = x + (softmax_{s <= t}(S) v) Out
 *     pointwise   u, q, k, v = silu(a In)              the same S
 *                 x = x + (u rms(silu(S) v) g3) Out
 *     b   = rms(x) g2                                  hidden > 0
 *     x   = x + (silu(b Up1) (b Up2)) Down             Up = Up1 | Up2
 *   h     = rms(x) g
 *
 * With more than one kind of content S_ts has near(r) beside, r the events of t's own kind behind s up to t where s is of that kind itself, and one number for those of other kinds. The last
 * layer is asked for one kind, k: its queries (and u, and what it adds to) are of x_s + ask_k in place of x_t, s the newest event of kind k up to t (none: ask_k alone), its keys and values
 * are of x_t as ever, and r counts the events of kind k. So what was heard last of a rare kind is found behind hundreds of events of others. Then
 *   z_k   = h_k Head_k                                 of content kind k
 *   P(k)  = softmax over k of choice_k.a_t + bias_k    a of the last layer, which was not asked (no layers: h)
 *
 * What comes after t is never looked at. No row knows its place but by distances, so that a history may be cut anywhere. rms(x) = x / sqrt(mean x^2 + 1e-6). While
 * it learns, dropout is on x_1 and on what each layer adds, twice.
 *
 * Sources: Vaswani et al. 2017, "Attention Is All You Need"; Kang, McAuley 2018, "Self-Attentive Sequential Recommendation" (the task); Zhang, Sennrich 2019, "Root Mean Square
 * Layer Normalization"; Raffel et al. 2020, T5 (a bias by distance); Shazeer 2020, "GLU Variants Improve Transformer"; Zhai et al. 2024, "Actions Speak Louder than Words" (HSTU:
 * pointwise attention, its gate, time between events).
 *
 * Numbers other than the items' stand in one array w [at.n_params], at offsets that seq_layout gives; gradients likewise. Every element of a product is one chain in
 * ascending order (num.h), so that an event that is added to a listener's state gives the bits of reading the history anew.
 */
#ifndef TASTE_SEQ_NET_H
#define TASTE_SEQ_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

enum { SEQ_LAYERS_MAX = 32, SEQ_KINDS_MAX = 16, SEQ_ACTS = 4, SEQ_GAPS = 26, SEQ_HOURS = 25, SEQ_TIMES = 33, SEQ_NEAR = 34 };
enum seq_attention { SEQ_SOFTMAX, SEQ_POINTWISE };
enum { SEQ_GAP = 1, SEQ_HOUR = 2, SEQ_DEVICE = 4, SEQ_TIME = 8 };	/* features */

struct seq_dims {
	size_t d, layers, heads, hidden;	/* heads divides d; hidden 0: no feed-forward */
	size_t n;			/* events looked at, at most: positions are told apart up to this distance */
	size_t n_kinds;			/* of content, at least 1 */
	size_t n_devices;		/* with SEQ_DEVICE: what the codes of devices are below of */
	int attention;
	int features;			/* SEQ_GAP | ... */
};

/* Offsets into w. What a net does not have has the offset of what follows. */
struct seq_at {
	size_t act, kind, gap, hour, device;	/* [SEQ_ACTS x d] [n_kinds x d] [SEQ_GAPS x d] [SEQ_HOURS x d] [n_devices x d] */
	struct seq_layer_at {
		size_t norm1, in;	/* [d] [d x 3d], pointwise 4d */
		size_t pos, time;	/* [heads x n] distance n - 1 first; [heads x SEQ_TIMES] */
		size_t near;		/* [heads x SEQ_NEAR] more than one kind: by r, 32 and more alike, and the last of other kinds */
		size_t norm3, out;	/* [d] pointwise; [d x d] */
		size_t norm2, up, down;	/* [d] [d x 2 hidden] [hidden x d] */
	} layer[SEQ_LAYERS_MAX];
	size_t ask;			/* [n_kinds x d] more than one kind, and layers */
	size_t norm;			/* [d] */
	size_t head;			/* [n_kinds x d x d] more than one kind */
	size_t choice, choice_bias;	/* [n_kinds x d] [n_kinds] which kind comes next */
	size_t n_params;
};
/* seq_width - of In: q k v, pointwise u q k v. seq_is_asked - does layer l know which kind is wanted? */
static inline size_t seq_width(const struct seq_dims *s) { return (s->attention == SEQ_POINTWISE ? 4 : 3) * s->d; }
static inline bool seq_is_asked(const struct seq_dims *s, size_t l) { return s->n_kinds > 1 && l + 1 == s->layers; }
void seq_layout(struct seq_at *at, const struct seq_dims *s);
/* seq_begin - the first numbers: projections normal with variance 1 / inputs (those that end in x a layers-th of that), gains 1, heads the identity, all else 0. */
void seq_begin(float *w, const struct seq_dims *s, const struct seq_at *at, uint64_t seed);

/* Events as the net reads them, those of one listener together. */
struct seq_events {
	const uint32_t *item;
	const uint8_t *act;		/* enum seqs_act, whatever else seqs.h puts beside it */
	const uint8_t *kind;		/* below n_kinds; not looked at with one kind */
	const uint8_t *gap, *hour, *device;	/* codes; what the features do not ask for may be NULL */
	const int64_t *time;
	const uint8_t *asked;		/* seq_forward with more than one kind: which kind is to be foretold from each event */
};
/* Codes of features. seq_gap - of seconds since the event before; either may be TIME_NONE: 0. seq_hour - 0 without a time. seq_time - of the distance between two events. */
uint8_t seq_gap(int64_t before, int64_t time);
uint8_t seq_hour(int64_t time);
size_t seq_time(int64_t from, int64_t to);

/* Items' own numbers: vec [n x d], or NULL and scale code, [n] and [n x d]. */
struct seq_items {
	size_t d;
	const float *vec;
	const int8_t *code;
	const float *scale;
};
void seq_item(float *e, const struct seq_items *it, uint32_t item);

/* seq_input - x [n x d] of n events. */
void seq_input(float *x, const struct seq_dims *s, const struct seq_at *at, const float *w, const struct seq_items *it, const struct seq_events *ev, size_t n);

/*
 * ---- learning: several listeners' events at a time, everything kept that the way back needs ----
 * Room for `tokens` events, none of the sequences longer than n: about 4 tokens (layers (8 d + 3 hidden + heads n) + 8 d + 3 hidden) bytes, d for hidden where that is 0; with pointwise
 * attention 6 d a layer and d more, with several kinds 3 d.
 */
struct seq_room {
	struct seq_dims s;
	size_t tokens;
	struct seq_layer_room {
		float *x;		/* [tokens x d] what comes in */
		float *inv1, *a;	/* [tokens] [tokens x d] */
		float *raw, *qkv;	/* [tokens x 3d or 4d] before silu (pointwise) and after; softmax: the same */
		float *p;		/* attention: of each sequence in turn [heads x len x len]; pointwise: S */
		float *o, *inv3, *y;	/* [tokens x d] [tokens] [tokens x d]; softmax: y is o */
		float *mid, *inv2, *b;	/* [tokens x d] [tokens] [tokens x d] */
		float *up, *hid;	/* [tokens x 2 hidden] [tokens x hidden] */
		float *xk, *invk, *ak;	/* the last layer, more than one kind: as x, inv1, a, of what is asked */
		uint32_t *newest;	/* [tokens] and the event it is asked of; UINT32_MAX: none */
	} layer[SEQ_LAYERS_MAX];
	float *x, *inv, *h;		/* [tokens x d] [tokens] [tokens x d] the last */
	const float *said;		/* [tokens x d] what the choice of a kind looks at */
	float *gsaid;			/* [tokens x d] gradient with respect to it: for whoever calls seq_back to fill */
	float *gx, *ga, *gb, *gqkv, *gup, *gp, *gp2;	/* the way back */
	float *scratch, *mem;
};
int seq_room_init(struct seq_room *r, const struct seq_dims *s, size_t tokens, struct err *e);
void seq_room_release(struct seq_room *r);

struct seq_drop { double share; uint64_t key; };	/* share 0: none */
/* seq_forward - h of n_seq sequences, sequence i the events [start[i], start[i+1]), start[0] = 0. */
void seq_forward(struct seq_room *r, const struct seq_at *at, const float *w, const struct seq_items *it, const struct seq_events *ev, const size_t *start, size_t n_seq,
		 struct seq_drop drop);
/* seq_back - after seq_forward with the same arguments. r->gx [tokens x d] holds the gradient with respect to h, and after it that with respect to x_1 as seq_input gives it
 * (of e / |e|: times sqrt(d)); gw += the gradient of w. With more than one kind r->gsaid holds the gradient with respect to said (no layers: it is gx). */
void seq_back(struct seq_room *r, const struct seq_at *at, const float *w, float *gw, const struct seq_events *ev, const size_t *start, size_t n_seq, struct seq_drop drop);

#endif
