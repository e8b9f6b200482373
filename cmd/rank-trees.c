/*
 * rank-trees - --trees: candidates are scored by what is known of listener, item and situation (lib/rank/features.h), as a model of taste-train trees has learnt to put it together.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/sort.h"
#include "../lib/model/trees.h"
#include "rank.h"

static struct trees model;
static struct past *past;
static struct situation { struct context c; bool is_known; } *situation;	/* [n_situations] of users of the past, by --requests, with --context over it */
static size_t n_situations, cap_situations;
static struct context common;			/* the moment behind the log, with --context over it: of those without a request */
static struct vocab sources;			/* that the model knows */
static uint32_t *column;			/* [model.n_features] which of ours it is; VOCAB_NONE: none */
static float **word;				/* [model.n_features] our words to the model's; NULL: numbers */
static size_t n_unknown, n_bad;			/* of contexts */
static struct buf example;			/* the first of them with an unknown key */
static uint64_t n_strange;			/* lines of sources that the model does not know */

static struct worker {				/* a thread's */
	struct features f;
	float *row;				/* [f.n] */
	void *scratch, *explain;
	struct features_source *from;
	size_t cap_from, *start, cap_start;
	double *phi;
} *workers;
static int n_workers;

/* ---- the model's features and ours ---- */

static const char *const ends[] = { ".place", ".scaled" };

/* has_ends - does the model have the other two columns of a source whose score is called so? */
static bool has_ends(struct str name)
{
	bool has = true;

	for (int k = 0; k < 2; k++) {
		struct buf b = { 0 };
		buf_put(&b, name.p, name.len);
		buf_puts(&b, ends[k]);
		has &= trees_find(&model, (struct str){ b.p, b.len }) != SIZE_MAX;
		buf_release(&b);
	}
	return has;
}

/* source_of - the NAME of "from.NAME", "from.NAME.place" or "from.NAME.scaled". A source may itself be called "a.place". */
static bool source_of(struct str name, struct str *source)
{
	if (name.len <= 5 || memcmp(name.p, "from.", 5))
		return false;
	*source = (struct str){ name.p + 5, name.len - 5 };
	for (int k = 0; k < 2 && !has_ends(name); k++) {
		size_t n = strlen(ends[k]);
		if (source->len > n && !memcmp(source->p + source->len - n, ends[k], n)) {
			source->len -= n;
			break;
		}
	}
	return true;
}

static float *words_of(const struct features *f, size_t c, size_t of)
{
	size_t n = 0;

	while (features_word(f, c, (float)n).len)
		n++;
	float *to = mem_new(n + 1, sizeof *to);
	for (size_t i = 0; i < n; i++)
		to[i] = trees_word(&model, of, features_word(f, c, (float)i));
	return to;
}

static void match_columns(const struct features *f)
{
	struct buf name = { 0 };
	char clip[ERR_CLIP_MAX] = "";
	size_t n_missing = 0;

	column = mem_new(model.n_features + 1, sizeof *column);
	word = mem_new(model.n_features + 1, sizeof *word);
	memset(column, 255, model.n_features * sizeof *column);	/* VOCAB_NONE */
	for (size_t c = 0; c < f->n; c++) {
		buf_reset(&name);
		features_name(f, c, &name);
		size_t k = trees_find(&model, (struct str){ name.p, name.len });
		if (k != SIZE_MAX && column[k] == VOCAB_NONE)
			column[k] = (uint32_t)c;
	}
	for (size_t k = 0; k < model.n_features; k++) {
		struct str s = trees_feature(&model, k);
		if (column[k] != VOCAB_NONE && features_has_words(f, column[k]))
			word[k] = words_of(f, column[k], k);
		else if (column[k] == VOCAB_NONE && !n_missing++)
			err_clip(clip, s.p, s.len);
	}
	if (n_missing == model.n_features)
		die(EXIT_DATA, "%s: none of its features is one of taste-rank features; the first is '%s'", file_shown(o.trees), clip);
	if (n_missing)
		warn("%s: %zu features that are not among those of taste-rank features, as '%s', are taken as missing", file_shown(o.trees), n_missing, clip);
	buf_release(&name);
}

static void open_workers(struct err *e)
{
	n_workers = par_threads(tool_pool());
	workers = mem_new((size_t)n_workers, sizeof *workers);
	for (int t = 0; t < n_workers; t++) {
		struct worker *w = &workers[t];
		if (features_open(&w->f, past, sources.str, sources.n, e) || !(w->scratch = mem_try(trees_scratch(&model), 1, "scores", e)) ||
		    !(w->explain = mem_try(trees_explain_scratch(&model), 1, "reasons", e)))
			die_err(e);
		w->row = mem_new(w->f.n + 1, sizeof *w->row);
		w->phi = mem_new(model.n_features + 1, sizeof *w->phi);
	}
}

/* ---- situations ---- */

static struct situation *situation_at(uint32_t u)
{
	arr_reserve(situation, (size_t)u + 1, cap_situations);
	for (; n_situations <= u; n_situations++)
		situation[n_situations] = (struct situation){ 0 };
	return &situation[u];
}

void stage_request(const struct event *ev)
{
	struct situation *s = situation_at(past_user(past, ev->user, true));

	size_t unknown = context_read(&s->c, &past->words, ev->time, ev->context, false, &n_bad);
	if (unknown && !n_unknown)
		buf_put(&example, ev->context.p, ev->context.len);
	n_unknown += unknown;
	if (ev->time != TIME_NONE)
		s->c.time = ev->time;
	context_at(&s->c, past_now(past));
	context_put(&s->c, &past->words, common_context(), false, NULL);
	s->is_known = true;
}

static void read_requests(struct err *e)
{
	struct event ev;
	int got = 0;

	for (size_t i = 0; i < o.requests.n; i++) {
		struct eventr *r = eventr_open(o.requests.v[i], o.has_header, e);
		while (r && (got = eventr_next(r, &ev, e)) == 1)
			stage_request(&ev);
		if (!r || got < 0 || eventr_prov(r, &prov, &inputs, e))
			die_err(e);
		eventr_close(r);
	}
}

static struct context situation_of(uint32_t u)
{
	return u < n_situations && situation[u].is_known ? situation[u].c : common;
}

/* ---- the stage ---- */

void check_stage(void)
{
	size_t unknown, bad;

	if (!o.trees) {
		if (o.past || o.events.n || o.requests.n || o.context || o.top_features)
			usage_die("%s is for the features of --trees", o.past ? "--past" : o.events.n ? "--events" : o.requests.n ? "--requests" : o.context ? "--context" : "--top-features");
		return;
	}
	if (o.score)
		usage_die("--trees and --score exclude each other: each makes the scores");
	check_past();
	check_context(&unknown, &bad);	/* stage_open says it, by the words of the past */
	tool_reads(o.trees);
	for (size_t i = 0; i < o.requests.n; i++)
		tool_reads(o.requests.v[i]);
}

void stage_open(struct err *e)
{
	struct str s;

	if (!o.trees)
		return;
	if (trees_open(&model, o.trees, e) || artifact_prov(model.art, &prov, &inputs, e))
		die_err(e);
	past = load_past(NULL, e);
	past_walk(past, INT64_MAX);
	for (size_t k = 0; k < model.n_features; k++)
		if (source_of(trees_feature(&model, k), &s))
			vocab_add(&sources, s.p, s.len);
	open_workers(e);
	match_columns(&workers[0].f);
	size_t bad = 0, unknown = context_read(&common, &past->words, past_now(past), common_context(), false, &bad);
	say_context("--context", unknown, common_context(), bad);
	if (!o.is_line)
		read_requests(e);
}

/* is_said - by a source: what was only shown before stands behind all that was. */
static bool is_said(const struct rerank *list, size_t at)
{
	return !list->cand[list->from[at].cand].has_stays_score;
}

/* gather - what each source said of the candidates: w->from, those of candidate i at [w->start[i], w->start[i + 1]). */
static void gather(struct worker *w, struct rerank *list, struct err *e)
{
	size_t n = list->n, m = list->n_from;

	arr_reserve(w->start, n + 2, w->cap_start);
	arr_reserve(w->from, m + 1, w->cap_from);
	if (rerank_places(list, e))
		return;
	memset(w->start, 0, (n + 2) * sizeof *w->start);
	for (size_t i = 0; i < m; i++)
		w->start[list->from[i].cand + 2] += is_said(list, i);
	for (size_t i = 2; i <= n + 1; i++)
		w->start[i] += w->start[i - 1];
	for (size_t i = 0, end, last; i < m; i = end) {	/* a source, best first */
		struct str name = list->source.str[list->from[i].source];
		uint32_t source = vocab_find(&sources, name.p, name.len);
		for (end = i; end < m && list->from[end].source == list->from[i].source;)
			end++;
		for (last = end; last > i && !is_said(list, last - 1);)
			last--;
		double max = list->from[i].score, min = last > i ? list->from[last - 1].score : 0;
		for (size_t j = i; j < last; j++) {
			const struct rerank_from *f = &list->from[j];
			w->from[w->start[f->cand + 1]++] = (struct features_source){ source, features_score(f->score), (float)num_scaled(f->score, min, max), (float)f->place };
		}
	}
}

/* known_only - of the sources of a candidate those that the model knows. */
static size_t known_only(struct features_source *from, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (from[i].source != VOCAB_NONE)
			from[k++] = from[i];
	return k;
}

/* put_row - a candidate's features as the model wants them. */
static void put_row(const struct worker *w, float *x)
{
	for (size_t f = 0; f < model.n_features; f++) {
		float v = column[f] == VOCAB_NONE ? NAN : w->row[column[f]];
		x[f] = word[f] && !isnan(v) ? word[f][(size_t)v] : v;
	}
}

static struct err first_err;

static void score_seat(void *ctx, size_t s, int worker)
{
	struct worker *w = &workers[worker];
	struct seat *t = &seat[s];
	struct rerank *list = &t->list;
	struct err e = { 0 };
	float *score;

	(void)ctx;
	arr_reserve(t->x, list->n * model.n_features + list->n + 1, t->cap_x);
	score = t->x + list->n * model.n_features;
	gather(w, list, &e);
	if (e.code) {
		__atomic_store_n(&first_err.code, e.code, __ATOMIC_RELAXED);
		return;
	}
	uint32_t u = past_user(past, (struct str){ t->user.p, t->user.len }, false);
	struct context c = situation_of(u);
	features_request(&w->f, u, &c);
	for (size_t i = 0; i < list->n; i++) {
		struct features_source *from = w->from + w->start[i];
		size_t n = w->start[i + 1] - w->start[i], k = known_only(from, n);
		if (n > k)
			__atomic_add_fetch(&n_strange, n - k, __ATOMIC_RELAXED);
		features_row(&w->f, w->row, past_item(past, list->cand[i].item, false), from, k);
		put_row(w, t->x + i * model.n_features);
	}
	trees_scores_in(&model, score, t->x, model.n_features, list->n, w->scratch);
	for (size_t i = 0; i < list->n; i++)
		list->cand[i].score = (double)score[i];
}

void stage_score(struct err *e)
{
	if (!o.trees || !n_seats)
		return;
	if (n_seats == 1)
		score_seat(NULL, 0, 0);
	else
		par_for(tool_pool(), n_seats, score_seat, NULL);
	if (first_err.code) {
		err_set(e, first_err.code, "out of memory while candidates were scored");
		die_err(e);
	}
}

size_t top_features(size_t best[TOP_FEATURES], const double *phi, size_t n_features)
{
	size_t n = 0;

	for (size_t f = 0; f < n_features; f++) {
		size_t at = n;
		if (phi[f] == 0)
			continue;
		while (at && fabs(phi[f]) > fabs(phi[best[at - 1]]))
			at--;
		if (at >= (size_t)o.top_features)
			continue;
		n = min_size(n + 1, (size_t)o.top_features);
		memmove(best + at + 1, best + at, (n - at - 1) * sizeof *best);
		best[at] = f;
	}
	return n;
}

void put_top_feature(struct buf *b, struct str name, double phi, bool is_first)
{
	buf_puts(b, is_first ? "; by " : ", ");
	buf_put(b, name.p, name.len);
	buf_puts(b, phi < 0 ? " (" : " (+");
	buf_put_fixed(b, phi, 2);
	buf_putc(b, ')');
}

void stage_put_top(struct buf *reason, struct buf *machine, size_t s, size_t i)
{
	struct worker *w = &workers[0];
	size_t best[TOP_FEATURES];

	if (!o.trees || !o.top_features)
		return;
	trees_explain(&model, w->phi, seat[s].x + (size_t)seat[s].list.cand[i].number * model.n_features, w->explain);
	for (size_t j = 0, n = top_features(best, w->phi, model.n_features); j < n; j++) {
		struct str name = trees_feature(&model, best[j]);
		if (reason)
			put_top_feature(reason, name, w->phi[best[j]], !j);
		if (machine) {
			if (j)
				buf_putc(machine, '|');
			put_escaped(machine, name);
			buf_putc(machine, ':');
			buf_put_fixed(machine, w->phi[best[j]], 4);
		}
	}
}

bool stage_sees(const struct event *ev)
{
	return past_append(past, ev);
}

void stage_close(void)
{
	say_context("--requests", n_unknown, (struct str){ example.p, example.len }, n_bad);
	buf_release(&example);
	if (n_strange)
		warn("%llu candidates are of sources that %s does not know: what those said does not count", (unsigned long long)n_strange, file_shown(o.trees));
	for (int t = 0; t < n_workers; t++) {
		struct worker *w = &workers[t];
		features_release(&w->f);
		mem_free(w->row);
		mem_free(w->scratch);
		mem_free(w->explain);
		mem_free(w->from);
		mem_free(w->start);
		mem_free(w->phi);
	}
	mem_free(workers);
	for (size_t f = 0; word && f < model.n_features; f++)
		mem_free(word[f]);
	mem_free(word);
	mem_free(column);
	mem_free(situation);
	vocab_release(&sources);
	past_free(past);
	trees_release(&model);
}
