/*
 * eval - what the files of taste-eval share. taste-eval.c has the options, what is wrong with them, and main; beside it
 *
 *   eval_lists       eval-lists.c       without a verb: lists against the truth, popularity beside them
 *   put_*            eval-write.c       the lines and tables of that
 *   eval_rounds      eval-rounds.c      the verb rounds: what becomes of lists, or of what is heard, from round to round
 *   eval_policy      eval-policy.c      the verbs ips, snips and dr: what a list would be worth, by a log of others
 *   eval_interleave  eval-interleave.c  the verb interleave: two lists in one, and whose part was taken up
 *   *_read           eval-read.c        lists, training events, answers and the catalogue, for all of them
 *
 * Whatever fails ends the program. To be included last: inline functions of lib have an o of their own.
 */
#ifndef TASTE_EVAL_H
#define TASTE_EVAL_H

#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/eval/beyond.h"
#include "../lib/eval/boot.h"
#include "../lib/eval/feedback.h"
#include "../lib/eval/lists.h"

enum { BY_SCORE, BY_INPUT };

/* The options: defaults in taste-eval.c. */
extern struct eval_opts {
	const char *k, *truth, *items, *vectors, *against, *by, *per_user, *write_run, *write_qrels, *answers, *log, *predicted, *out;
	struct opt_list train, name, reward;
	int64_t bootstrap, seed, window, pairs;
	double head, tolerance, clip;	/* tolerance NAN: no verdict; clip 0: none */
	int order;			/* below 0: not said */
	int match;			/* enum policy_match */
	bool has_header, has_gains, allows_seen, allows_extra, only_listed, no_train, is_trec, is_table, is_heard, has_p;
} o;
extern struct tool tool;

void eval_lists(struct err *e);
int eval_rounds(struct err *e);		/* the exit status */
void eval_policy(struct err *e);
void eval_interleave(struct err *e);

/* ---- what is read ---- */

extern struct vocab user, item, train_user;	/* users of the lists (without a verb: those with truth); all items; users of train */
extern struct vocab against_user;		/* users of whom the truth has skips or dislikes */
extern struct csr train;			/* [train_user.n x item.n] */

struct entry { uint32_t user, item; double score; };
struct run {
	const char *name, *path;
	struct entry *entry;
	size_t n, cap;
	struct metric_run lists;
	bool is_pop;
};
extern struct run *run;
extern size_t n_runs;

/* runs_open - a run of each operand (none: standard input), named. runs_read - their lines into entries, of users who are in `user`; or of all, who are numbered then. */
void runs_open(void);
/* runs_check_names - no two of one name: what is written goes by it. */
void runs_check_names(void);
void runs_read(bool is_known, struct err *e);
void runs_release(void);
void run_add(struct run *rn, uint32_t u, uint32_t i, double score);
/* run_build - lists from the entries, ordered by score or as they came. run_check_twice - no item twice in a list. */
void run_build(struct run *rn, bool is_input, struct err *e);
void run_check_twice(const struct run *rn, struct err *e);

/* train_read - pairs of all events of --train, items numbered with the others; the value is 1, or 0 where all of a pair's events are skips and dislikes. train_build - the matrix of them, once all items are numbered. train_row - a user's number there, or VOCAB_NONE. */
void train_read(struct err *e);
void train_build(struct err *e);
uint32_t train_row(size_t u);
/* popular_order - mem_free it: the *n items that somebody has in train with a value of 1, by their number of such users, which are put into item_users [item.n, zeroed]; ties by id. */
uint32_t *popular_order(uint32_t *item_users, size_t *n, struct err *e);

/* by_read - labels by these columns of the catalogue ("creator,tags"); usage_die when they are none. it NULL: only look at the names. Returns how many. */
size_t by_read(struct labels by[BEYOND_BY], const char *columns, const struct items *it, struct err *e);
/* catalogue_mark - which of all items [item.n] are in the catalogue; that none is, is said on stderr. */
void catalogue_mark(uint8_t *in, const struct items *it);
/* cuts_parse - "10,20". Returns how many. cut_of_verb - the one length of -k; without it one that no list reaches, which may be added to places. */
enum { MAX_CUTS = 16 };
size_t cuts_parse(size_t cut[MAX_CUTS], const char *cuts);
size_t cut_of_verb(void);
/* feedback_as_told - nothing yet, and what answers are worth by --reward. */
void feedback_as_told(struct feedback *f);
/* feedback_read - what --answers or --log has, sorted; dies where that is nothing. feedback_path - which of them. */
void feedback_read(struct feedback *f, bool needs_p, struct err *e);
const char *feedback_path(void);

/* ---- what is written ---- */

extern struct sink *out;
extern struct buf text;
/* put - text goes to s and is empty. put_number - into text; NaN is an empty field. */
void put(struct sink *s, struct err *e);
void put_number(double v);
/* put_interval - a TAB and its value, a TAB and its low end, a TAB and its high end; without --bootstrap these two are empty. */
void put_interval(const struct boot_interval *x);

/* Without a verb: what is measured, a column of values of users or (is_whole) a number of the run. */
struct column {
	char name[64];
	bool is_beyond, is_whole;	/* in the values of beyond.h */
	bool is_error;			/* less is better */
	bool is_hidden;			/* only among each user's values */
	size_t at;			/* where */
};
extern struct column *column;
extern size_t n_columns, n_means;	/* those that are means of users come first */

/* What one run has at one cut. */
struct measured {
	double *v;			/* [user.n x n_means] */
	struct boot_interval *m;	/* [n_columns] */
	struct boot_interval *diff;	/* [n_means] with --against: to run against[c] of the same cut */
	double *p;
	size_t *against;		/* SIZE_MAX: nothing to be compared with */
};
void put_head(struct err *e);
void put_user_head(struct err *e);
void put_measured(const struct run *rn, size_t k, const struct measured *m, struct err *e);
void put_users(const struct run *rn, size_t k, const struct measured *m, const uint8_t *use, struct err *e);
/* put_tail - what a table has behind its lines. */
void put_tail(struct err *e);
void write_trec(struct err *e);

extern struct metric_truth truth;
extern struct sink *per_user, *run_out, *qrels_out;

#endif
