/*
 * synth - what the files of taste-synth share: taste-synth.c lives the world through and writes its log, synth-truth.c the truth, synth-answer.c the answers to lists. Whatever
 * fails ends the program.
 */
#ifndef TASTE_SYNTH_H
#define TASTE_SYNTH_H

#include "../lib/cli/tool.h"
#include "../lib/synth/world.h"

#define PATIENCE 0.85

extern struct synth_opts {
	int64_t seed, users, music, podcasts, audiobooks, events, days, truth_top, answer_day;
	double zipf, drift, noise, context, patience, pull;
	int preset;
	bool is_binary;
	const char *start, *items, *truth, *pairs, *out, *answer, *answer_context, *answers_truth;
	struct situation situation;	/* of answer_context */
	struct opt_list after;
} o;
extern struct tool tool;
extern struct world *world;
extern struct buf line;

/* put_line - the bytes of `line` and a newline; it is empty then. */
void put_line(struct sink *s, struct err *e);
/* write_truth - --pairs or --truth-top, when the log has ended. */
void write_truth(struct sink *s, struct err *e);
/* write_answers - the world is lived through, and the lists of --answer are answered; told: --answers-truth, or NULL. */
void write_answers(struct sink *s, struct sink *told, struct err *e);

#endif
