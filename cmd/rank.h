/*
 * rank - what the files of taste-rank share. taste-rank.c reads candidates and writes lists: users take their seats, one or SCORER_USERS of them, and for those seated
 *
 *   mark_filters     rank-side.c     drops what is not allowed or there already
 *   tastes_score     rank-taste.c    --score
 *   stage_score      rank-trees.c    --trees
 *   rerank_run                       blends, caps and cuts
 *   tastes_explain   rank-taste.c    --why
 *
 * come in this order, then each list is written and the seats are free. Whatever fails ends the program.
 *
 * To be included last: inline functions of lib have an o of their own.
 */
#ifndef TASTE_RANK_H
#define TASTE_RANK_H

#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/data/items.h"
#include "../lib/data/vecs.h"
#include "../lib/model/pop.h"
#include "../lib/model/scorer.h"
#include "../lib/rank/features.h"
#include "../lib/rank/rerank.h"

extern struct rank_opts {
	int64_t k, per_creator;
	double pop_weight;
	const char *model, *items, *because, *score, *why, *dropped, *out;
	struct opt_list allow, deny, seen;
	bool has_header, is_binary, wants_header;
	const char *past, *truth, *vectors, *context, *trees, *groups;
	struct opt_list events, requests;
	int64_t sample, seed, top_features;
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
	float *x;			/* --trees: the features, cand[].row [model's], and the scores behind them */
	size_t cap_x;
} seat[SCORER_USERS];
extern size_t n_seats;

extern struct side {			/* the side files, loaded once */
	struct vocab allow, deny;
	struct items items;
	struct inter seen;
	struct vecs vecs;
	struct vocab vec_row;	/* id -> row of vecs */
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
/* stage_score - the scores of those seated become the trees'. */
void stage_score(struct err *e);
/* stage_put_top - the features that say most of list.cand[i]: "; by NAME (+X), NAME (-X)" to reason, "NAME:X|NAME:X" to machine; either may be NULL. */
void stage_put_top(struct buf *reason, struct buf *machine, size_t s, size_t i);
/* stage_request - somebody asks: from now on this is their time and situation. stage_sees - an event that has happened is known of them. False: its item is not. */
void stage_request(const struct event *ev);
bool stage_sees(const struct event *ev);
void stage_close(void);
/* seat_line - a candidate takes its place with its user. finish_seats - the lists of those seated are made and written. */
void seat_line(const struct str *f, size_t n, double score);
void finish_seats(struct err *e);
/* serve - --line. */
void serve(const char *path, struct sink *out, struct err *e);
/* candidate_is_wrong - is a row of n fields none? Then what is wrong with it. */
bool candidate_is_wrong(const struct str *f, size_t n, double *score, char *what, size_t len);
/* check_candidate - is a row of n fields one? *score; or the program ends with what is wrong. */
void check_candidate(const struct tabler *r, const struct str *f, size_t n, double *score);
/* check_context - --context goes with the requests. */
void check_context(void);
/* say_context - on stderr, how many keys and values of contexts were passed over. */
void say_context(const char *where, size_t unknown, size_t bad);

/* side_load - all that the options name, models too. */
void side_load(struct err *e);
void side_release(void);
/* mark_filters - step 2 and the popularity of each candidate. */
void mark_filters(struct seat *s);
struct str title_or_id(struct str id);
/* nearest_own - the item of the user's own with the highest cosine to this one; VOCAB_NONE when there is none. */
uint32_t nearest_own(uint32_t u, struct str item, float *cosine);

/* tastes_open - the models of --score and --why; without them none of the following does anything. */
void tastes_open(struct err *e);
/* tastes_see - an event of --seen, which is read once: it may be a pipe. An inter_weight. */
double tastes_see(const struct event *ev, void *ctx);
/* tastes_seen - all of them were read. */
void tastes_seen(struct err *e);
/* tastes_score - the scores of those seated become the model's. */
void tastes_score(struct err *e);
/* tastes_explain - part and place of those seated; part is the caller's to free. */
void tastes_explain(struct err *e);
/* tastes_put_why - "; because TITLE (P %), TITLE (P %)": of the user's own, those from which most of the score of list.cand[i] comes, and how much of what speaks for it. */
void tastes_put_why(struct buf *reason, size_t s, size_t i);
/* tastes_say - on stderr, for how many of the users and candidates the models had nothing to say. */
void tastes_say(uint64_t n_users);
void tastes_close(void);

#endif
