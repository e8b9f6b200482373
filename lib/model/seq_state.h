/*
 * seq_state - what a seq model (seq.h) remembers of listeners, in a file: the keys and values of the last events of each, so that a new event is read without reading those before it again.
 *
 *   seq_states_open     the file as it is, or none yet
 *   seq_states_user     for each listener with new events: their number (one thread)
 *   seq_states_load     their state into a reader, then seq_append, then
 *   seq_states_store    back again (any thread; a listener at a time by one)
 *   seq_states_save     all of it as a new file: those who had no events as they were
 *   seq_states_late     whose events may have been read before
 *
 * A file is an artifact of KIND_MODEL that no reader of models takes:
 *
 *   meta    kind seq.state   model (digest of the model's file)   length
 *   tensor  n u32 [n_users]             events that are kept of each, 1 .. length
 *           is_liked u8 [n_users]       1: one of weight was among all there were
 *           kv f32 [sum of n x seq_state_rows d]   paged; rows by listener, the oldest first: keys and values of layer 0, of layer 1, ..., with several kinds what the last layer reads
 *           time u64 [sum of n]         paged; of the events, two's complement
 *           kind u8 [sum of n]          paged; content kinds of the events, with more than one
 *   ids     user
 *
 * Memory: the mapped file, the ids, and 24 bytes a listener; 40 more of those with new events. Their states are in a scratch file in tmp_dir(): up to length (4 seq_state_rows d + 9) bytes each.
 */
#ifndef TASTE_SEQ_STATE_H
#define TASTE_SEQ_STATE_H

#include "seq.h"

struct seq_states {
	const struct seq *s;		/* borrowed */
	char *model;
	struct artifact *file;		/* NULL: none yet */
	struct vocab user;		/* those of the file, then new ones */
	size_t n_old;
	uint64_t *start;		/* [n_old + 1] rows in the file */
	const uint8_t *is_liked;	/* [n_old] */
	struct paged kv, time, kind;	/* kind zeroed: one */
	struct seq_kept {		/* of those with new events */
		uint64_t slot;		/* in the scratch file */
		size_t first, n;	/* a ring of `length` events */
		int64_t newest;		/* time of the new ones, TIME_NONE: none has one */
		bool is_stored, is_liked;
	} *kept;
	size_t n_kept, cap_kept;
	uint32_t *kept_of;		/* [user.n] number in kept; VOCAB_NONE */
	size_t cap_users;
	int scratch;
};

/*
 * seq_states_open - of a model whose file has this digest. path NULL: none yet. 0, or ERR_DATA for what is no such file, is damaged, or is of another model; then *t is released.
 */
int seq_states_open(struct seq_states *t, const struct seq *s, const char *model, const char *path, struct err *e);
void seq_states_release(struct seq_states *t);	/* zeroed is empty */
/* seq_states_user - the number of a listener who is to be stored. */
uint32_t seq_states_user(struct seq_states *t, struct str id);
/* seq_states_load - what is known of user u, who has a number, into r->state; is_liked as in the file. ERR_DATA when that part of the file is damaged. */
int seq_states_load(const struct seq_states *t, uint32_t u, struct seq_reader *r, bool *is_liked, struct err *e);
/* seq_states_store - r->state, whose last n_new events (of however many there were) are new since seq_states_load or seq_states_store of the same user. */
int seq_states_store(struct seq_states *t, uint32_t u, const struct seq_reader *r, size_t n_new, bool is_liked, struct err *e);
/* seq_states_save - prov may be NULL. The file that was opened may be the one that is written, if that happens under another name until it is whole (file.h). */
int seq_states_save(const struct seq_states *t, struct sink *s, const struct prov *prov, struct err *e);
/* seq_states_late - how many listeners have been stored whose newest event is no later than the newest that the file had of them, both having times. */
size_t seq_states_late(const struct seq_states *t);

#endif
