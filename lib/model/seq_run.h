/*
 * seq_run - the network of a seq model for one listener, event by event: the keys and values of what was seen are kept, so that an event costs its own row and a look back.
 *
 * Memory: 8 layers d bytes an event, and the times with SEQ_TIME; with several kinds 4 d + 1 more.
 */
#ifndef TASTE_SEQ_RUN_H
#define TASTE_SEQ_RUN_H

#include "seq_net.h"

struct seq_state {
	size_t n, cap;			/* events that are in it; room for */
	float *kv;			/* [seq_state_rows x cap x d] keys and values of each layer; with more than one kind and layers then what the last one reads */
	int64_t *time;			/* [cap] with SEQ_TIME */
	uint8_t *kind;			/* [cap] with more than one */
};
size_t seq_said_floats(const struct seq_dims *s);	/* of h */
size_t seq_state_rows(const struct seq_dims *s);		/* of d floats for each event */
size_t seq_state_floats(const struct seq_dims *s, size_t cap);
/* seq_step_scratch - floats for seq_run of at most n events on a state with room for cap. */
size_t seq_step_scratch(const struct seq_dims *s, size_t n, size_t cap);
/*
 * seq_run - n events behind those of the state (n 0: an empty one); st->n + n <= st->cap <= dims.n. h: of the last one, [d], or with more than one kind
 * [(n_kinds + 1) x d]: of each kind, and what the choice of a kind looks at. n >= 1.
 * Bit for bit what seq_forward without dropout gives.
 */
void seq_run(struct seq_state *st, float *h, const struct seq_dims *s, const struct seq_at *at, const float *w, const struct seq_items *it, const struct seq_events *ev, size_t n,
	     float *scratch);
/* seq_head - z_k [d] of content kind k out of h; scratch as of seq_run. */
void seq_head(float *z, const struct seq_dims *s, const struct seq_at *at, const float *w, const float *h, size_t k, float *scratch);

/* One thread's room to read a listener in, n events at most. ERR_MEM. */
struct seq_reader {
	struct seq_state state;		/* cap: n of the dims */
	float *scratch, *h;		/* for seq_run; h as it gives it */
	uint8_t *code;			/* [4 x n] kind, gap, hour, device: seq.h */
};
int seq_reader_init(struct seq_reader *r, const struct seq_dims *s, struct err *e);
void seq_reader_release(struct seq_reader *r);

#endif
