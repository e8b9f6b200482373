/*
 * knn-merge - the candidates of the shards of a catalogue become those of the whole. One pass: a query's rows stand best first in every input, so that they are merged
 * row by row, and only the ids of the k that were written are held.
 *
 * Queries come in one order that nobody tells us: an input lacks those for which its shard had nothing. When the inputs are not at the same query, the one to go on with is
 * an input's whose query stands further on in no other. What is further on is read ahead until two inputs meet: the first query that both have. What stands before it in either
 * is then known to be missing in the other, for behind it it would be against the order. Inputs that have all queries never read ahead.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/data/table.h"
#include "knn.h"

enum { AHEAD = 4096, REMEMBER = 65536 };	/* queries of an input read ahead at most; queries whose coming again is told, where no input lacks them */

struct row {			/* a query's row; as the head of a query, only the last three */
	struct buf item, score, source;
	float value;
	struct buf query;
	uint64_t group;		/* of its input, from 0 */
	uint64_t line;
};

/* A queue of rows, whose memory is used again. */
struct rows { struct row *v; size_t from, end, cap; };

struct shard {
	const char *name;
	struct tabler *r;
	struct rows row, head;		/* rows not yet merged; their queries, of which the first is where the input stands */
	uint64_t n_groups, passed;	/* queries read, and left behind */
	struct row last;		/* what was read last, to hold the next row to */
	bool is_ended;
	uint64_t *clear;		/* [n_shards] queries numbered below it are not to come in that input */
};

static struct shard *shard;
static size_t n_shards;
static struct vocab lacked;			/* queries that were passed while an input lacked them */
static struct vocab full[2];			/* other queries that were passed: the last, REMEMBER to twice as many */
static struct vocab taken;			/* items written for a query */
static uint32_t *taken_from;			/* [taken.n] the input */
static size_t cap_taken;
static uint64_t n_twice;			/* rows whose item another input had better */

static void put_again(struct buf *b, struct str s)
{
	buf_reset(b);
	buf_put(b, s.p, s.len);
}

static struct str str_of(const struct buf *b)
{
	return (struct str){ b->p, b->len };
}

static bool is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

static const char *clip_of(char out[ERR_CLIP_MAX], const struct buf *b)
{
	return err_clip(out, b->p, b->len);
}

static struct row *rows_push(struct rows *q)
{
	if (q->from == q->end)
		q->from = q->end = 0;
	if (q->from > 64 && q->from > q->cap / 2) {	/* move to the front; what was there goes behind, with its memory */
		for (size_t i = q->from; i < q->end; i++) {
			struct row t = q->v[i - q->from];
			q->v[i - q->from] = q->v[i];
			q->v[i] = t;
		}
		q->end -= q->from;
		q->from = 0;
	}
	size_t cap = q->cap;
	arr_reserve(q->v, q->end + 1, q->cap);
	memset(q->v + cap, 0, (q->cap - cap) * sizeof *q->v);
	return &q->v[q->end++];
}

static void row_release(struct row *r)
{
	buf_release(&r->item);
	buf_release(&r->score);
	buf_release(&r->source);
	buf_release(&r->query);
}

static void rows_release(struct rows *q)
{
	for (size_t i = 0; i < q->cap; i++)
		row_release(&q->v[i]);
	mem_free(q->v);
}

/* ---- reading ---- */

static void check_row(const struct shard *s, const struct str *f, size_t n, float *value)
{
	struct err e = { 0 };
	char clip[ERR_CLIP_MAX];

	if (n != 4)
		tabler_bad(s->r, &e, "%zu field%s, a candidate of taste-knn search has query, item, score and source", n, n == 1 ? "" : "s");
	else if (!scan_f32(f[2].p, f[2].len, value))
		tabler_bad(s->r, &e, "field 3: '%s' is not a score (a finite number)", err_clip(clip, f[2].p, f[2].len));
	if (e.code)
		die_err(&e);
}

/* pull - one more row. False at the end. */
static bool pull(struct shard *s)
{
	struct err e = { 0 };
	const struct str *f;
	float value;
	size_t n;
	int got = s->is_ended ? 0 : tabler_next(s->r, &f, &n, &e);

	if (got < 0)
		die_err(&e);
	if (!got) {
		s->is_ended = true;
		return false;
	}
	check_row(s, f, n, &value);
	if (!s->n_groups || !(f[0].len == s->last.query.len && !memcmp(f[0].p, s->last.query.p, f[0].len))) {
		struct row *head = rows_push(&s->head);
		put_again(&head->query, f[0]);
		head->group = s->n_groups++;
		head->line = tabler_line(s->r);
		put_again(&s->last.query, f[0]);
	} else if (value > s->last.value || (value == s->last.value && str_cmp(f[1], str_of(&s->last.item)) < 0)) {
		tabler_bad(s->r, &e, "the rows of a query must stand best first, and those of equal scores by the bytes of the item");
		die_err(&e);
	}
	put_again(&s->last.item, f[1]);
	s->last.value = value;
	struct row *r = rows_push(&s->row);
	put_again(&r->item, f[1]);
	put_again(&r->score, f[2]);
	put_again(&r->source, f[3]);
	r->value = value;
	r->group = s->n_groups - 1;
	return true;
}

static struct row *head_of(const struct shard *s)
{
	return s->head.from < s->head.end ? &s->head.v[s->head.from] : NULL;
}

/* row_of - the next row of the query where the input stands, NULL behind its last. */
static struct row *row_of(struct shard *s)
{
	if (s->row.from == s->row.end && !pull(s))
		return NULL;
	struct row *r = &s->row.v[s->row.from];
	return r->group == s->passed ? r : NULL;
}

/* ---- the order of the queries ---- */

static size_t n_ahead(const struct shard *s)
{
	return s->head.end - s->head.from;
}

/* read_ahead - up to the next query. False when there is none, or no room. */
static bool read_ahead(struct shard *s)
{
	uint64_t n = s->n_groups;

	if (n_ahead(s) >= AHEAD)
		return false;
	while (s->n_groups == n && pull(s))
		;
	return s->n_groups > n;
}

/* meet_in - the first of b's queries from number *from on that a has, too: both are then clear up to there. */
static bool meet_in(struct shard *a, struct shard *b, size_t from)
{
	for (size_t j = from; j < n_ahead(b); j++)
		for (size_t i = 0; i < n_ahead(a); i++) {
			const struct row *x = &a->head.v[a->head.from + i], *y = &b->head.v[b->head.from + j];
			if (is_same(&x->query, &y->query)) {
				a->clear[b - shard] = x->group;
				b->clear[a - shard] = y->group;
				return true;
			}
		}
	return false;
}

/*
 * meet - read both ahead until they meet or one ends; with to_end, until they meet or b ends. Where an input has ended, nothing of the other that was looked at is in it.
 * False when neither came to pass within AHEAD.
 */
static bool meet(struct shard *a, struct shard *b, bool to_end)
{
	size_t na = 0, nb = 0;

	for (;;) {
		if (meet_in(a, b, nb))
			return true;
		nb = n_ahead(b);
		if (meet_in(b, a, na))
			return true;
		na = n_ahead(a);
		if (b->is_ended)
			a->clear[b - shard] = a->n_groups;
		if (a->is_ended)
			b->clear[a - shard] = b->n_groups;
		if (b->is_ended || (a->is_ended && !to_end))
			return true;
		bool more_a = read_ahead(a), more_b = read_ahead(b);
		if (!more_a && !more_b && !b->is_ended && (to_end || !a->is_ended))
			return false;
	}
}

static void die_far(const struct shard *a, const struct shard *b)
{
	char c[ERR_CLIP_MAX], d[ERR_CLIP_MAX];
	const struct row *x = head_of(a), *y = head_of(b);

	die(EXIT_DATA, "%s:%llu: query '%s', and %s:%llu: query '%s': from here on these inputs have none of %d queries in common, so that their order cannot be told", a->name,
	    (unsigned long long)x->line, clip_of(c, &x->query), b->name, (unsigned long long)y->line, clip_of(d, &y->query), AHEAD);
}

/* is_next - whether the query of a stands further on in no other input. `hard`: read on where that is not known yet. */
static bool is_next(struct shard *a, bool hard)
{
	for (size_t j = 0; j < n_shards; j++) {
		struct shard *b = &shard[j];
		if (b == a || !head_of(b) || is_same(&head_of(a)->query, &head_of(b)->query) || a->passed < a->clear[j])
			continue;
		if (!meet(a, b, hard) && hard)
			die_far(a, b);
		if (a->passed >= a->clear[j])
			return false;
	}
	return true;
}

static void die_crossed(void)
{
	char c[ERR_CLIP_MAX];

	for (size_t i = 0; i < n_shards; i++)
		for (size_t j = 0; j < n_shards; j++) {
			const struct row *x = head_of(&shard[i]);
			for (size_t k = 1; x && k < n_ahead(&shard[j]); k++) {
				const struct row *y = &shard[j].head.v[shard[j].head.from + k];
				if (i != j && is_same(&x->query, &y->query))
					die(EXIT_DATA, "%s:%llu: query '%s' comes later here than in %s (line %llu), and so does each that could be next: "
					    "all inputs must have the queries in one order",
					    shard[j].name, (unsigned long long)y->line, clip_of(c, &x->query), shard[i].name, (unsigned long long)x->line);
			}
		}
	die(EXIT_DATA, "the inputs do not have the queries in one order");
}

/* next_shard - the input whose query is to be answered, NULL when all have ended. Of several that may be, the first. */
static struct shard *next_shard(void)
{
	bool is_any = false;

	for (size_t i = 0; i < n_shards; i++) {
		if (!head_of(&shard[i]))
			pull(&shard[i]);
		is_any |= head_of(&shard[i]) != NULL;
	}
	for (int hard = 0; hard < 2 && is_any; hard++)
		for (size_t i = 0; i < n_shards; i++)
			if (head_of(&shard[i]) && is_next(&shard[i], hard))
				return &shard[i];
	if (is_any)
		die_crossed();
	return NULL;
}

/* ---- merging ---- */

/* remember - that a query is passed; one that was lacking somewhere and came before is against the order. */
static void remember(const struct shard *s, const struct row *head, bool is_full)
{
	const struct buf *q = &head->query;
	char c[ERR_CLIP_MAX];

	if (vocab_find(&lacked, q->p, q->len) != VOCAB_NONE ||
	    (!is_full && (vocab_find(&full[0], q->p, q->len) != VOCAB_NONE || vocab_find(&full[1], q->p, q->len) != VOCAB_NONE)))
		die(EXIT_DATA, "%s:%llu: query '%s' comes again after it was passed: all inputs must have the queries in one order", s->name, (unsigned long long)head->line,
		    clip_of(c, q));
	if (!is_full) {
		vocab_add(&lacked, q->p, q->len);
		return;
	}
	if (full[0].n == REMEMBER) {
		struct vocab t = full[1];
		full[1] = full[0];
		full[0] = t;
		vocab_reset(&full[0]);
	}
	vocab_add(&full[0], q->p, q->len);
}

/* take_item - whether it is to be written: not when a better row of another input had it. Equal ids of one input are separate, as search has them. */
static bool take_item(const struct row *r, size_t from)
{
	size_t before = taken.n;
	uint32_t i = vocab_add(&taken, r->item.p, r->item.len);

	if (i < before) {
		n_twice += taken_from[i] != from;
		return taken_from[i] == from;
	}
	arr_reserve(taken_from, taken.n, cap_taken);
	taken_from[i] = (uint32_t)from;
	return true;
}

/* best_row - of the inputs that are at the query: the highest score, of equal ones the lowest id, of equal ids the first input. NULL: all are behind their last. */
static struct row *best_row(const bool *has, size_t *from)
{
	struct row *best = NULL;

	for (size_t i = 0; i < n_shards; i++) {
		struct row *r = has[i] ? row_of(&shard[i]) : NULL;
		if (!r || (best && (r->value < best->value || (r->value == best->value && str_cmp(str_of(&r->item), str_of(&best->item)) >= 0))))
			continue;
		best = r;
		*from = i;
	}
	return best;
}

static void merge_query(struct tablew *table, const struct shard *first, bool *has, size_t k, struct buf *query, struct err *e)
{
	bool is_full = true;
	struct row *r;
	size_t n = 0, from = 0;

	put_again(query, str_of(&head_of(first)->query));
	for (size_t i = 0; i < n_shards; i++) {
		has[i] = head_of(&shard[i]) && is_same(query, &head_of(&shard[i])->query);
		is_full &= has[i] || !shard[i].n_groups;	/* an input that never had anything says nothing of the order */
	}
	remember(first, head_of(first), is_full);
	vocab_reset(&taken);
	while ((r = best_row(has, &from))) {		/* to the last row, for it is checked */
		if (n < k && take_item(r, from)) {
			if (tablew_candidate(table, str_of(query), str_of(&r->item), str_of(&r->score), str_of(&r->source), e))
				die_err(e);
			n++;
		}
		shard[from].row.from++;
	}
	for (size_t i = 0; i < n_shards; i++)
		if (has[i]) {
			shard[i].head.from++;
			shard[i].passed++;
		}
}

static void open_shards(const struct tool *t)
{
	struct err e = { 0 };

	n_shards = t->n_args;
	shard = mem_new(n_shards, sizeof *shard);
	for (size_t i = 0; i < n_shards; i++) {
		shard[i].name = file_shown(t->arg[i]);
		shard[i].clear = mem_new(n_shards, sizeof *shard[i].clear);
		if (!(shard[i].r = tabler_open(t->arg[i], "candidates", false, &e)))
			die_err(&e);
	}
}

static void close_shards(void)
{
	struct err e = { 0 };

	for (size_t i = 0; i < n_shards; i++) {
		struct shard *s = &shard[i];
		if (tabler_prov(s->r, &prov, &inputs, &e))
			die_err(&e);
		tabler_close(s->r);
		rows_release(&s->row);
		rows_release(&s->head);
		row_release(&s->last);
		mem_free(s->clear);
	}
	mem_free(shard);
}

int knn_merge(void)
{
	struct err e = { 0 };
	struct buf query = { 0 };
	bool is_binary = o.is_binary;
	struct progress pr;
	struct tablew *table;
	struct shard *s;
	uint64_t n = 0;

	if (tool.n_args < 2)
		usage_die("merge takes the candidates of two shards or more");
	tool_reads_args(0);
	struct sink *sink = tool_output(o.out ? o.out : "-", is_binary);
	open_shards(&tool);
	if (!(table = tablew_new(sink, "candidates", is_binary, &e)))
		die_err(&e);
	bool *has = mem_new(n_shards, sizeof *has);
	progress_start(&pr, "merge", "queries", 0);
	while ((s = next_shard())) {
		merge_query(table, s, has, (size_t)o.k, &query, &e);
		progress_set(&pr, ++n);
	}
	progress_end(&pr);
	note("%llu queries of %zu shards, %zu of them not in all", (unsigned long long)n, n_shards, lacked.n);
	if (n_twice)
		warn("%llu rows were left out: another input had their item with a better score, or the same; shards should have no item in common",
		     (unsigned long long)n_twice);
	close_shards();
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, &e))
		die_err(&e);
	tool_output_close(sink);
	tablew_free(table);
	mem_free(has);
	mem_free(taken_from);
	vocab_release(&lacked);
	vocab_release(&full[0]);
	vocab_release(&full[1]);
	vocab_release(&taken);
	buf_release(&query);
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
