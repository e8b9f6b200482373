/*
 * train - what the files of taste-train share. taste-train.c has the options, what is wrong with them, and main; then one of
 *
 *   train_pop     train-pop.c      counts events while it reads them
 *   train_pairs   train-pairs.c    reads pairs, tunes where it is asked to, and has one of the learners below make the model
 *   train_session train-session.c  reads sessions, and a catalogue
 *   train_blend   train-blend.c    puts models together
 *   train_seq     train-seq.c      reads sequences and learns what comes next
 *   train_trees   train-trees.c    reads rows of features and learns to rank them
 *
 * writes the model to the sink that main has opened. Whatever fails ends the program (die_err), except in a learner: --tune, which calls it for every trial, wants to know.
 *
 * A new kind of model that learns from pairs is a learner in a file train-KIND.c, a line in learner_of, and its options; to be tuned, lines in train-tune.c. The Makefile links
 * all of cmd/train-*.c into taste-train.
 *
 * To be included last: inline functions of lib have an o of their own.
 */
#ifndef TASTE_TRAIN_H
#define TASTE_TRAIN_H

#include "../lib/base/clock.h"
#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/io/prov.h"
#include "../lib/model/ease.h"
#include "../lib/model/weigh.h"

/* The options: defaults in taste-train.c. What depends on the verb is set by check_options; after that only --tune changes any. */
extern struct train_opts {
	const char *out;
	bool has_header;
	struct opt_list weight, value;
	int count;			/* enum pop_count */
	double half_life;		/* days; 0: none */
	int64_t d, epochs, seed;
	double lambda;			/* NAN: the verb's own */
	double nu, unobserved, damp, stddev, dropout;	/* stddev NAN: the verb's own */
	int64_t top, min_users;
	int confidence;			/* enum weigh_shape; below 0: the verb's own */
	const char *memory;
	int64_t rank, iterations;
	bool has_bias;
	int solver;			/* enum ridge_solver */
	int64_t block, steps;
	const char *init, *update, *align;
	double row_power, col_power, low, sharpen;
	int64_t layers, batch, negatives;
	double ego, temperature, neg_power, user_power, rate;	/* but ego NAN: the verb's own */
	int64_t window, min_count, gap;
	double back, subsample, decay;
	const char *items, *tokens;
	struct opt_list part, valid;
	int64_t k, fit_users;
	double min_gain;		/* standard errors */
	int64_t heads, hidden, length, patience;	/* hidden below 0: 2 d */
	int attention;			/* enum seq_attention */
	struct opt_list features;
	double warmup, clip, kind_power;
	bool is_cosine, is_quantised;
	const char *checkpoint, *resume;
	const char *weights;
	int absent, gains, objective;	/* objective: enum trees_objective */
	int64_t trees, leaves, depth, bins, min_rows, pairs;
	double feature_share, row_share, valid_share, min_hessian, min_split;
	const char *groups, *valid_groups;
	struct opt_list rising, falling;
	const char *tune, *tune_log, *tune_params;
	int64_t tune_k, tune_users, trials;
} o;
extern struct tool tool;
extern struct weigh weigh;			/* of events: from the options, or with --update from the older model; a learner keeps it in the file */
extern uint64_t most_memory;			/* bytes, of -M */

/* Where the model comes from. Each input is added when it has been read, finish_prov adds this program, and then the model is saved. */
extern struct prov prov;
extern struct buf inputs;
void finish_prov(void);

/* warn_unknown - when most of the events that are held out say nothing. */
void warn_unknown(const char *option, uint64_t n_unknown, uint64_t n_events);

extern const struct model_tuned *tuned;		/* what --tune has found, for the file; NULL: was not searched */
extern bool is_trial;				/* while it searches: a learner says nothing and leaves prov as it is */

/* seconds - of a clock that never goes back. */

/* learner - from pairs, of which in->m is used up, to a model in out. 0 or <0. It has the options as they stand in o. With -v it writes rows to stderr. */
typedef int learner(struct inter *in, struct sink *out, struct err *e);
learner learn_als, learn_ease, learn_graph, learn_softmax;

void train_pop(struct sink *out, struct err *e);
void train_pairs(learner *learn, struct sink *out, struct err *e);
void train_session(struct sink *out, struct err *e);
void train_blend(struct sink *out, struct err *e);
void train_seq(struct sink *out, struct err *e);
void train_trees(struct sink *out, struct err *e);

/* open_old - the models of --init and --align: before the events are read, for an update weighs them as that did. */
void open_old(struct err *e);
/* ease_options - as o has them. */
struct ease_opts ease_options(const struct inter *in);
/* tune - leave the best options in place. */
void tune(struct inter *in, learner *learn, struct err *e);

/* check_tune - what is searched: what --tune-params names, else what argv does not give. */
void check_tune(void);
/* check_blend, check_session, check_seq, check_trees - what they read. */
void check_blend(void);
void check_session(void);
void check_seq(void);
void check_trees(void);

#endif
