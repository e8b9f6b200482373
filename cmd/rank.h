/*
 * rank - what the files of taste-rank share. taste-rank.c reads candidates and writes lists: users take their seats, one or SCORER_USERS of them, and for those seated
 *
 *   rules_add_shown  rank-rules.c    candidates out of the list shown before
 *   mark_filters     rank-side.c     what is known of each; drops what is forbidden
 *   tastes_score     rank-taste.c    --score
 *   stage_score      rank-trees.c    --trees
 *   rules_prepare    rank-rules.c    what the rules ask of each, and of the user
 *   rerank_run                       blends and composes
 *   tastes_explain   rank-taste.c    --why
 *
 * come in this order, then each list is written (rank-reason.c: with its reasons) and the seats are free. Whatever fails ends the program.
 *
 * To be included last: inline functions of lib have an o of their own.
 */
#ifndef TASTE_RANK_H
#define TASTE_RANK_H

#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/data/items.h"
#include "../lib/data/vecs.h"
#include "../lib/data/where.h"
#include "../lib/model/pop.h"
#include "../lib/model/scorer.h"
#include "../lib/rank/features.h"
#include "../lib/rank/rerank.h"

extern struct rank_opts {
	int64_t k, per_creator, seed, fresh_days;
	double pop_weight, diversity, fresh_share, tail_share, tail_head, new_share;
	int diverse;			/* enum diverse_how */
	const char *model, *items, *because, *vectors, *score, *why, *dropped, *out, *explore, *day, *shown;
	struct opt_list allow, deny, seen, never, calibrate, space, floor, cap, why_not;
	bool has_header, is_binary, wants_header, explains;
	const char *past, *truth, *context, *trees, *groups;
	struct opt_list events, requests;
	int64_t sample, top_features;
	double gap;
	int label;			/* enum rank_label */
	bool only_hits, is_line, by_query;
} o;
enum rank_label { LABEL_HEARD, LABEL_SKIPPED };
extern struct candidates_opts {
	struct opt_list source, serial;
	const char *users, *time;
	double half_life, chart_every, new_days, lately, finished, rest;	/* days; finished: a share */
	bool each_kind, newest_first, keep;
} co;
extern struct tool tool;
extern struct prov prov;
extern struct buf inputs;

extern struct seat {			/* a user whose candidates are held */
	struct buf user;
	struct rerank list;
	uint32_t *item, *place;		/* --why: what is asked of the model; which of it list.cand[i] is, or VOCAB_NONE */
	size_t cap_items, cap_places;
	float *part;			/* its answer, see explain.h */
	float *x;			/* --trees: the features, cand[].number [model's], and the scores behind them */
	size_t cap_x;
} seat[SCORER_USERS];
extern size_t n_seats;

struct side_vecs {			/* item vectors */
	const char *path;
	struct vecs vecs;
	struct vocab row;		/* id -> row of vecs */
};

extern struct side {			/* the side files, loaded once */
	struct vocab allow, deny;
	struct items items;
	struct inter seen;		/* by seqs_wanted */
	int64_t newest;			/* time of the newest event of --seen, or TIME_NONE */
	uint32_t *seen_row;		/* [seen.item.n] in the catalogue, or VOCAB_NONE */
	struct side_vecs files[2], *because, *vectors;	/* the same when they name the same file */
	struct pop pop;
} side;

/* The verbs: each checks its options, opens its output (o.out) and closes it. */
void rank_candidates(struct err *e);		/* rank-candidates.c */
void rank_features(struct err *e);		/* rank-features.c */
void rank_merge(struct err *e);			/* rank-merge.c */
void rank_past(struct err *e);			/* rank-past.c */
void rank_predict(struct err *e);		/* rank-predict.c */

/* load_past - --past as it is, or one made of --events, --items and --vectors, with nothing known yet; before (may be NULL) is called when the catalogue and the log are in, to give numbers
 * to what else there is. check_past - what it reads. */
struct past *load_past(void (*before)(struct past *p), struct err *e);
void check_past(void);
/* --trees; without it stage_open, stage_score, stage_put_top and stage_close do nothing. check_stage - what goes with it, and what it reads. */
void check_stage(void);
void stage_open(struct err *e);
/* stage_score - the scores of those seated become the trees'; rerank_places of each is done then. */
void stage_score(struct err *e);
/* stage_put_top - the features that say most of list.cand[i]: "; by NAME (+X), NAME (-X)" to reason, "NAME:X|NAME:X" to machine; either may be NULL. */
void stage_put_top(struct buf *reason, struct buf *machine, size_t s, size_t i);
/* top_features - of the contributions phi [n_features] the --top-features largest in size, the largest first. How many. put_top_feature - "; by NAME (+X)", or ", NAME (+X)". */
enum { TOP_FEATURES = 16 };
size_t top_features(size_t best[TOP_FEATURES], const double *phi, size_t n_features);
void put_top_feature(struct buf *b, struct str name, double phi, bool is_first);
/* stage_request - somebody asks: from now on this is their time and situation. stage_sees - an event that has happened is known of them. False: its item is not. */
void stage_request(const struct event *ev);
bool stage_sees(const struct event *ev);
void stage_close(void);
/* seat_line - a candidate takes its place with its user. finish_seats - the lists of those seated are made and written. */
void seat_line(const struct str *f, size_t n, double score);
bool is_seated(struct str user);	/* is it the user of the line before? */
void finish_seats(struct err *e);
/* serve - --line. */
void serve(const char *path, struct sink *out, struct err *e);
/* candidate_is_wrong - is a row of n fields none? Then what is wrong with it. */
bool candidate_is_wrong(const struct str *f, size_t n, double *score, char *what, size_t len);
/* die_again - the line that was read is of a user who was there before, with others between; in another file, if was_elsewhere. */
void die_again(const struct tabler *r, struct str user, bool was_elsewhere) __attribute__((noreturn));
/* put_lines - rows to t, each of them ended by LF. */
void put_lines(struct tablew *t, const struct buf *lines, struct err *e);
/* check_candidate - is a row of n fields one? *score; or the program ends with what is wrong. */
void check_candidate(const struct tabler *r, const struct str *f, size_t n, double *score);
/* common_context - the text of --context. check_context - that it goes with the requests, and how many of its keys are unknown and values bad, which is said when all options are right. */
struct str common_context(void);
void check_context(size_t *unknown, size_t *bad);
/* say_context - on stderr, how many keys and values of contexts were passed over; example: a context that has such a key. */
void say_context(const char *where, size_t unknown, struct str example, size_t bad);

/* side_load - all that the options name, models too. */
void side_load(struct err *e);
void side_release(void);
/* mark_filters - what is known of each candidate: forbidden or not, its popularity, its row in the catalogue, its creator. */
void mark_filters(struct seat *s);
/* side_say - on stderr, which of the side files has none of the candidates, or none of the users, that came. */
void side_say(void);
/* forbidden - the hard rule that keeps this candidate out of user u's list (VOCAB_NONE: of whom --seen knows nothing), DROP_NOT: none. */
enum rerank_drop forbidden(uint32_t u, const struct rerank_cand *c);
struct str item_column(uint32_t row, enum items_column c);
struct str title_or_id(struct str id);
const float *vector_of(const struct side_vecs *v, struct str item);
/* is_liked - entry `at` of side.seen.m has more than skips and dislikes. */
bool is_liked(size_t at);
/* nearest_own - the item of the user's own, of those that they like, with the highest cosine to this one; VOCAB_NONE when there is none. */
uint32_t nearest_own(uint32_t u, struct str item, float *cosine);

/* rules_check - of options that the rules need of each other, before anything is read. rules_open - after side_load. */
void rules_check(void);
void rules_open(struct err *e);
/* rules_never - the condition of --never that holds for a row of the catalogue, NULL none. */
const char *rules_never(uint32_t row, struct str item);
void rules_add_shown(struct seat *s);
/* rules_prepare - before rerank_run. rules_opts: what to run it with. */
void rules_prepare(struct seat *s, struct err *e);
const struct rerank_opts *rules_opts(void);
/* rules_count - after it: what could not be held. rules_say: on stderr, with -v. */
void rules_count(const struct rerank *list);
void rules_say(void);
/* rules_name - of quota q: "tail", "fresh", "new" or its condition. */
struct str rules_name(size_t q);
/* rules_shown_p - the p= with which an item was shown before, empty when there is none. */
struct str rules_shown_p(struct str user, const struct rerank_cand *c);
bool rules_explore(void);
void rules_close(void);

/* put_reason - the fourth column of line i of a list: clauses parted by "; ". put_columns - the k=v columns behind the candidate's own, a TAB before each. */
void put_reason(struct buf *out, size_t s, size_t i);
void put_columns(struct buf *out, size_t s, size_t i);
/* put_why_not - a line for an item of --why-not: score, reason, k=v. */
void put_why_not(struct buf *out, size_t s, struct str item);

/* tastes_open - the models of --score and --why; without them none of the following does anything. */
void tastes_open(struct err *e);
/* tastes_see - an event of --seen, which is read once: it may be a pipe. An inter_weight: what seqs_wanted says. */
double tastes_see(const struct event *ev, void *ctx);
/* tastes_seen - all of them were read. */
void tastes_seen(struct err *e);
/* tastes_score - the scores of those seated become the model's. */
void tastes_score(struct err *e);
/* tastes_explain - part and place of those seated; part is the caller's to free. */
void tastes_explain(struct err *e);
/* tastes_put_why - "; because TITLE (P %), TITLE (P %)": of the user's own, those from which most of the score of list.cand[i] comes, and how much of what speaks for it. */
void tastes_put_why(struct buf *reason, size_t s, size_t i);
/* tastes_put_because - the same for programs: ITEM:SHARE, parted by '|', shares 0 to 1; returns whether there was any. */
bool tastes_put_because(struct buf *out, size_t s, size_t i);
/* put_escaped - an id for a field of a k=v column: the bytes % | : , as %XX, then as TSV. */
void put_escaped(struct buf *out, struct str id);
/* tastes_say - on stderr, for how many of the users and candidates the models had nothing to say. */
void tastes_say(uint64_t n_users);
void tastes_close(void);

#endif
