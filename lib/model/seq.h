/*
 * seq - the file of a seq model (seq_net.h, seq_learn.h) and what it says of a listener: the last events in, a vector or the scores of all items out.
 *
 * What model.h lists (item.vec: e, with cosine of length 1; item.count: targets), and
 *   meta    d layers heads hidden length attention features temperature cosine epochs best_epoch best_ndcg batch negatives neg_power user_power kind_power stddev dropout rate warmup clip seed,
 *           and what weigh_put adds
 *   tensor  item.kind u8 [n_items]      content kind, with more than one
 *           net f32 [n_params]          w of seq_net.h
 *   ids     kind                        names of the content kinds, where a catalogue says them
 *           device                      with the feature: values that events had
 * Quantised: instead of item.vec item.code i8 [n_items x d] and item.scale f32 [n_items], of net net.code i8 [n_params] and net.scale f32, one for each SEQ_GROUP parameters;
 * a number is code times scale, codes are -127 .. 127.
 *
 * A vector is that of one content kind, u = z_k, with cosine z_k / |z_k|, to be searched among the items of that kind: u.y. Scores of all items are log probabilities,
 *   log P(k) + log softmax over the items of kind k of u_k.y_i / temperature
 * or, where there is one kind only, u.y_i.
 *
 * Memory: the mapped file, of a quantised one 4 d bytes an item when vectors are asked for and 4 bytes a parameter. A reader: 8 layers d bytes an event of `length` (with several kinds
 * 4 d more), and scratch of about 4 length (6 d + 3 hidden + length) bytes, d more with pointwise attention.
 */
#ifndef TASTE_SEQ_H
#define TASTE_SEQ_H

#include "model.h"
#include "seq_learn.h"
#include "seq_run.h"
#include "weigh.h"

enum { SEQ_GROUP = 64 };

struct seq {
	struct model *m;
	struct weigh weigh;		/* which events are targets; hand it to whoever reads the events */
	struct seq_dims dims;
	struct seq_at at;
	struct seq_items items;
	const float *w;			/* [at.n_params] in the file, or */
	float *w_mem;			/* made of codes */
	const uint8_t *kind;		/* [n_items] NULL: one kind */
	struct idtab kinds, devices;	/* n 0: none */
	double temperature;
	bool is_cosine;
};

/* seq_open - from a model of kind seq, which must stay open. ERR_DATA for other kinds or a damaged file. */
int seq_open(struct seq *s, struct model *m, struct err *e);
void seq_close(struct seq *s);
/* seq_kind_find - the number of a content kind's name; VOCAB_NONE. */
uint32_t seq_kind_find(const struct seq *s, struct str name);

/* A listener's events, oldest first, as seqs.h has them but in the model's items: rows of arrays that the caller holds. */
struct seq_past {
	size_t n;
	const uint32_t *what;		/* rows of the model, none of them VOCAB_NONE */
	const uint8_t *act;
	const int64_t *time;		/* NULL: none */
	const uint8_t *device_of;	/* NULL: none */
};
/* seq_read - the last `length` of them, of an empty state: r->h. Nothing for n == 0: then there is nothing to say. */
void seq_read(const struct seq *s, struct seq_reader *r, const struct seq_past *past);
/*
 * seq_append - some events more behind those of r->state, which came from seq_read, seq_append or a file; nothing for n == 0. Up to `length` events in all give bit for bit what reading them
 * at once does, in whatever pieces they come. Beyond that the oldest are forgotten, though what is kept of the others has seen them; `length` events or more are read as seq_read
 * reads them, and nothing is left of what was before.
 */
void seq_append(const struct seq *s, struct seq_reader *r, const struct seq_past *past);
/* seq_vector - u [d] of kind k, from r->h. */
void seq_vector(const struct seq *s, const struct seq_reader *r, size_t k, float *u);
/* seq_scores - out [n_items] from r->h; after model_vectors of the items. scratch [d]. */
void seq_scores(const struct seq *s, const struct seq_reader *r, float *out, float *scratch);

/* seq_save - the best epoch's numbers, quantised or not. kinds: names, NULL where nothing says them; devices: NULL without the feature. */
struct seq_names { const struct vocab *item, *kinds, *devices; };
int seq_save(const struct seq_learn *m, bool is_quantised, struct sink *s, const struct seq_names *names, const struct weigh *w, const struct prov *prov, struct err *e);
/* seq_quantise - round the best epoch's numbers to what seq_save would write, to measure what that costs; save before, for rounding again gives others. */
void seq_quantise(struct seq_learn *m);

/*
 * seq_checkpoint - all that the rest of a run depends on: KIND_MODEL of kind seq.run, which no reader of models takes. seq_resume - into a learner that seq_learn_init has made of
 * the same options and events: `identity`, a text of all that decides ("VERSION | OPTIONS | DIGESTS"), must be the same, or the sentence says where it is not.
 */
int seq_checkpoint(const struct seq_learn *m, struct sink *s, const char *identity, const struct prov *prov, struct err *e);
int seq_resume(struct seq_learn *m, const char *path, const char *identity, struct err *e);

#endif
