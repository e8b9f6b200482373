/*
 * rank-features - taste-rank features: candidates joined with what was known of listener, item and situation before each request, and whether they were heard then. Requests are answered in
 * order of time while the log is walked through once, so that no row can know what came later. Holds the log (past.h), the candidates (32 bytes a line) and the requests.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/base/scan.h"
#include "../lib/base/sort.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "rank.h"

struct offer { double score; uint32_t user, item, source, place; float scaled; };	/* a candidate as it came; item as in items */
struct asked { int64_t time; uint32_t user, item, context; uint8_t act; };	/* an event of --requests */
struct request { int64_t time; uint32_t user, no; size_t first, end; };	/* events asked[first .. end); no: of the user's, from 1 */

static struct vocab items, users, sources, contexts;	/* of candidates and requests, whatever the past knows */
static struct offer *lines;
static size_t n_lines, cap_lines, *line_start;		/* of users */
static struct asked *asked;
static size_t n_asked, cap_asked;
static struct request *requests;
static size_t n_requests, cap_requests;
static uint32_t *past_item_of, *past_user_of;
static size_t *heard_in;				/* [items.n] 1 + the last request in which it was heard */
static struct past *past;
static struct features columns;
static struct tablew *table;
static struct buf text;
static uint32_t example;		/* the first of contexts with an unknown key */
static size_t n_unknown, n_bad, n_rows, n_hits, n_left_out, n_timeless;

/* ---- reading ---- */

static void read_candidates(const char *path, struct progress *pr, struct err *e)
{
	static const char *const names[] = { "user", "item", "score" };
	struct tabler *r = tabler_open(path, "candidates", o.has_header, e);
	const struct str *f;
	double score;
	size_t n;
	int got = 0;

	if (!r || tabler_order(r, names, 3, e))
		die_err(e);
	while ((got = tabler_next(r, &f, &n, e)) == 1) {
		check_candidate(r, f, n, &score);
		struct str source = n > 3 && f[3].len ? f[3] : (struct str){ "candidate", 9 };
		arr_reserve(lines, n_lines + 1, cap_lines);
		lines[n_lines++] = (struct offer){ .user = vocab_add(&users, f[0].p, f[0].len), .item = vocab_add(&items, f[1].p, f[1].len),
						  .source = vocab_add(&sources, source.p, source.len), .score = score };
		progress_set(pr, n_lines);
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	tabler_close(r);
}

static void read_requests(const char *path, struct err *e)
{
	struct eventr *r = eventr_open(path, o.has_header, e);
	struct context_words none = { 0 };
	struct context c;
	struct event ev;
	int got = 0;

	while (r && (got = eventr_next(r, &ev, e)) == 1) {
		if (seqs_act_of(ev.kind) == SEQS_NOTHING)
			continue;
		struct asked a = { .user = vocab_add(&users, ev.user.p, ev.user.len), .item = vocab_add(&items, ev.item.p, ev.item.len),
				   .context = vocab_add(&contexts, ev.context.p, ev.context.len), .act = (uint8_t)seqs_act_of(ev.kind) };
		size_t unknown = context_read(&c, &none, ev.time, ev.context, false, &n_bad);
		example = unknown && !n_unknown ? a.context : example;
		n_unknown += unknown;
		a.time = ev.time != TIME_NONE ? ev.time : c.time;
		n_timeless += a.time == TIME_NONE;
		arr_reserve(asked, n_asked + 1, cap_asked);
		asked[n_asked++] = a;
	}
	if (!r || got < 0 || eventr_prov(r, &prov, &inputs, e))
		die_err(e);
	eventr_close(r);
}

/* name_all - everything that may be asked for has a number in the past before it is put in order. */
static void name_all(struct past *p)
{
	past_item_of = mem_new(items.n + 1, sizeof *past_item_of);
	past_user_of = mem_new(users.n + 1, sizeof *past_user_of);
	for (size_t i = 0; i < items.n; i++)
		past_item_of[i] = past_item(p, items.str[i], true);
	for (size_t u = 0; u < users.n; u++)
		past_user_of[u] = past_user(p, users.str[u], true);
}

/* by_said - the lines of a user together, then of an item, then of a source, the best first. */
static int by_said(const void *a, const void *b, void *ctx)
{
	const struct offer *x = a, *y = b;

	(void)ctx;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->score > y->score ? -1 : x->score < y->score;
}

static int by_place(const void *a, const void *b, void *ctx)
{
	const struct offer *x = a, *y = b;

	(void)ctx;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return str_cmp(items.str[x->item], items.str[y->item]);
}

/* place_lines - within a user: places and scaled scores by source, then items together. */
static void place_lines(struct offer *l, size_t n, struct err *e)
{
	if (sort_stable(l, n, sizeof *l, by_place, NULL, e))
		die_err(e);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && l[end].source == l[i].source;)
			end++;
		double max = l[i].score, min = l[end - 1].score;
		for (size_t j = i; j < end; j++) {
			l[j].place = (uint32_t)(j - i + 1);
			l[j].scaled = (float)num_scaled(l[j].score, min, max);
		}
	}
	if (sort_stable(l, n, sizeof *l, by_said, NULL, e))
		die_err(e);
}

static void order_lines(struct err *e)
{
	line_start = mem_new(users.n + 2, sizeof *line_start);
	size_t k = 0;
	if (sort_stable(lines, n_lines, sizeof *lines, by_said, NULL, e))
		die_err(e);
	for (size_t i = 0; i < n_lines; i++)	/* an item that a source names twice: its best score */
		if (!k || lines[k - 1].user != lines[i].user || lines[k - 1].item != lines[i].item || lines[k - 1].source != lines[i].source)
			lines[k++] = lines[i];
	n_lines = k;
	for (size_t i = 0; i < n_lines; i++)
		line_start[lines[i].user + 1]++;
	for (size_t u = 0; u < users.n; u++) {
		line_start[u + 1] += line_start[u];
		place_lines(lines + line_start[u], line_start[u + 1] - line_start[u], e);
	}
}

/* ---- requests ---- */

static int by_user_time(const void *a, const void *b, void *ctx)
{
	const struct asked *x = a, *y = b;

	(void)ctx;
	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	return x->time < y->time ? -1 : x->time > y->time;
}

/* by_moment - requests without a time are of now, which is last. */
static int by_moment(const void *a, const void *b, void *ctx)
{
	const struct request *x = a, *y = b;
	uint64_t s = (uint64_t)x->time - 1, t = (uint64_t)y->time - 1;	/* TIME_NONE is the largest */

	(void)ctx;
	s ^= 1ULL << 63;
	t ^= 1ULL << 63;
	return s < t ? -1 : s > t;
}

static void make_requests(struct err *e)
{
	if (sort_stable(asked, n_asked, sizeof *asked, by_user_time, NULL, e))
		die_err(e);
	for (size_t i = 0; i < n_asked; i++) {
		const struct asked *a = &asked[i], *was = i ? a - 1 : NULL;
		bool is_same_user = was && was->user == a->user;
		if (is_same_user && o.label == LABEL_HEARD && (a->time == TIME_NONE || (was->time != TIME_NONE && (double)event_age(was->time, a->time) <= o.gap))) {
			requests[n_requests - 1].end = i + 1;
			continue;
		}
		arr_reserve(requests, n_requests + 1, cap_requests);
		requests[n_requests] = (struct request){ .time = a->time, .user = a->user, .no = is_same_user ? requests[n_requests - 1].no + 1 : 1, .first = i, .end = i + 1 };
		n_requests++;
	}
	for (uint32_t u = 0; !o.requests.n && u < users.n; u++) {	/* everybody, now */
		arr_reserve(requests, n_requests + 1, cap_requests);
		requests[n_requests++] = (struct request){ .time = TIME_NONE, .user = u, .no = 1 };
	}
	if (sort_stable(requests, n_requests, sizeof *requests, by_moment, NULL, e))
		die_err(e);
}

/* situation_of - the first event's, in the words of the past, with --context over it. Without a time it is of the moment behind the log. */
static struct context situation_of(const struct request *q)
{
	struct context c = { .time = q->time, .hour = NAN, .pulse = NAN };

	if (q->end > q->first) {
		context_read(&c, &past->words, q->time, contexts.str[asked[q->first].context], false, NULL);
		c.time = q->time;
	}
	context_at(&c, past_now(past));
	if (o.context)
		context_put(&c, &past->words, (struct str){ o.context, strlen(o.context) }, false, NULL);
	return c;
}

/* ---- rows ---- */

static void write_header(struct err *e)
{
	struct buf name = { 0 };
	struct vocab once = { 0 };
	char clip[ERR_CLIP_MAX];

	buf_reset(&text);
	buf_puts(&text, "query\tuser\titem\tlabel");
	for (size_t c = 0; c < columns.n; c++) {
		buf_putc(&text, '\t');
		buf_reset(&name);
		features_name(&columns, c, &name);
		if (vocab_add(&once, name.p, name.len) != c)
			die(EXIT_DATA, "two columns would be called '%s': a source has the name of another with .place or .scaled behind it", err_clip(clip, name.p, name.len));
		tsv_put(&text, name.p, name.len);
	}
	buf_release(&name);
	vocab_release(&once);
	if (tablew_row(table, text.p, text.len, e))
		die_err(e);
}

static void write_row(const struct request *q, uint32_t item, int label, const float *x, struct err *e)
{
	struct str user = users.str[q->user];

	buf_reset(&text);
	tsv_put(&text, user.p, user.len);
	buf_printf(&text, "/%u\t", q->no);
	tsv_put(&text, user.p, user.len);
	buf_putc(&text, '\t');
	tsv_put(&text, items.str[item].p, items.str[item].len);
	buf_printf(&text, "\t%d", label);
	for (size_t c = 0; c < columns.n; c++) {
		buf_putc(&text, '\t');
		if (isnan(x[c]))
			continue;
		if (features_has_words(&columns, c)) {
			struct str w = features_word(&columns, c, x[c]);
			tsv_put(&text, w.p, w.len);
		} else {
			buf_put_f32(&text, x[c]);
		}
	}
	n_rows++;
	if (tablew_row(table, text.p, text.len, e))
		die_err(e);
}

/* mark_heard - for is_heard, and of each item that was heard in the request, to truth (may be NULL) a line, whatever the candidates are. number: of the request. */
static void mark_heard(const struct request *q, size_t number, struct sink *truth, struct err *e)
{
	struct str user = users.str[q->user];

	for (size_t i = q->first; i < q->end; i++) {
		if (asked[i].act == SEQS_SKIP || asked[i].act == SEQS_DISLIKE || heard_in[asked[i].item] == number + 1)
			continue;
		heard_in[asked[i].item] = number + 1;
		if (!truth)
			continue;
		buf_reset(&text);
		tsv_put(&text, user.p, user.len);
		buf_printf(&text, "/%u\t", q->no);
		tsv_put(&text, items.str[asked[i].item].p, items.str[asked[i].item].len);
		buf_putc(&text, '\n');
		if (sink_write(truth, text.p, text.len, e))
			die_err(e);
	}
}

/* is_heard - was the item heard in this request, which was marked last? */
static bool is_heard(size_t number, uint32_t item)
{
	return heard_in[item] == number + 1;
}

struct chance { size_t left, wanted; struct pcg32 r; };

/* is_drawn - is the next of those that are left among the wanted? Source: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S. */
static bool is_drawn(struct chance *c)
{
	bool is = pcg32_f64(&c->r) * (double)c->left < (double)c->wanted;

	c->left--;
	c->wanted -= is;
	return is;
}

static void answer(const struct request *q, size_t number, float *x, struct features_source *from, struct err *e)
{
	const struct offer *l = lines + line_start[q->user];
	size_t n = line_start[q->user + 1] - line_start[q->user], n_items = 0, hits = 0;
	struct chance chance = { 0 };

	for (size_t i = 0; i < n; i++)
		if (!i || l[i].item != l[i - 1].item) {
			n_items++;
			hits += is_heard(number, l[i].item);
		}
	if (o.only_hits && !hits) {
		n_left_out++;
		return;
	}
	n_hits += hits;
	chance.left = n_items - hits;
	chance.wanted = o.sample ? min_size((size_t)o.sample, chance.left) : chance.left;
	pcg32_seed(&chance.r, (uint64_t)o.seed, number);
	struct context c = situation_of(q);
	features_request(&columns, past_user_of[q->user], &c);
	for (size_t i = 0, end; i < n; i = end) {
		size_t k = 0;
		for (end = i; end < n && l[end].item == l[i].item; end++)
			from[k++] = (struct features_source){ l[end].source, features_score(l[end].score), l[end].scaled, (float)l[end].place };
		bool label = is_heard(number, l[i].item);
		if (!label && !is_drawn(&chance))
			continue;
		features_row(&columns, x, past_item_of[l[i].item], from, k);
		write_row(q, l[i].item, label, x, e);
	}
}

/* answer_skip - a row for what was asked itself. */
static void answer_skip(const struct request *q, float *x, struct err *e)
{
	const struct asked *a = &asked[q->first];

	if (a->act != SEQS_SKIP && a->act != SEQS_PLAY)
		return;
	struct context c = situation_of(q);
	features_request(&columns, past_user_of[q->user], &c);
	features_row(&columns, x, past_item_of[a->item], NULL, 0);
	n_hits += a->act == SEQS_SKIP;
	write_row(q, a->item, a->act == SEQS_SKIP, x, e);
}

static void answer_all(struct sink *truth, struct err *e)
{
	float *x = mem_new(columns.n + 1, sizeof *x);
	struct features_source *from = mem_new(sources.n + 1, sizeof *from);
	struct progress pr;

	heard_in = mem_new(items.n + 1, sizeof *heard_in);
	progress_start(&pr, "features", "requests", n_requests);
	for (size_t i = 0; i < n_requests; i++) {
		past_walk(past, requests[i].time == TIME_NONE ? INT64_MAX : requests[i].time);
		mark_heard(&requests[i], i, truth, e);
		if (o.label == LABEL_SKIPPED)
			answer_skip(&requests[i], x, e);
		else
			answer(&requests[i], i, x, from, e);
		progress_set(&pr, i + 1);
	}
	progress_end(&pr);
	mem_free(x);
	mem_free(from);
}

/* ---- the verb ---- */

static void check_features(void)
{
	size_t unknown, bad;

	check_past();
	check_context(&unknown, &bad);
	tool_reads(o.items);
	for (size_t i = 0; i < o.requests.n; i++)
		tool_reads(o.requests.v[i]);
	if (o.label == LABEL_SKIPPED) {
		if (!o.requests.n || tool.n_args || o.sample || o.only_hits)
			usage_die("--label skipped is of --requests alone: no candidates, no --sample, no --only-hits");
		if (tool_is_set(&o.gap))
			usage_die("--gap: with --label skipped each event is a request of its own");
	} else {
		tool_reads_args(0);
	}
	if (!o.requests.n && (o.sample || o.only_hits || o.truth))
		usage_die("--sample, --only-hits and --truth need --requests, which say what was heard");
	if (!o.sample && tool_is_set(&o.seed))
		usage_die("-s says nothing without --sample");
	if (!o.requests.n && tool_is_set(&o.gap))
		usage_die("--gap says nothing without --requests");
	if (o.past && o.requests.n)
		usage_die("--requests needs --events: a log that was read to its end knows what was heard");
	if (o.past && o.items)
		usage_die("--past has the catalogue that it was made with: --items goes with --events");
	say_context("--context", unknown, common_context(), bad);
}

void rank_features(struct err *e)
{
	static const char *const from_stdin[] = { "-" };
	struct progress pr;

	check_features();
	struct sink *out = tool_output(o.out, o.is_binary), *truth = o.truth ? tool_output_aside(o.truth) : NULL;
	progress_start(&pr, "read", "candidates", 0);
	for (size_t i = 0; o.label == LABEL_HEARD && i < (tool.n_args ? tool.n_args : 1); i++)
		read_candidates(tool.n_args ? tool.arg[i] : from_stdin[0], &pr, e);
	progress_end(&pr);
	for (size_t i = 0; i < o.requests.n; i++)
		read_requests(o.requests.v[i], e);
	order_lines(e);
	make_requests(e);
	if (n_timeless)
		warn("--requests: %zu events have no time: to them all of --events is known, and if they are in it, they too", n_timeless);
	past = load_past(name_all, e);
	if (features_open(&columns, past, sources.str, sources.n, e) || !(table = tablew_new(out, "features", o.is_binary, e)))
		die_err(e);
	write_header(e);
	answer_all(truth, e);
	prov_step(&prov, tool.name, tool_version, tool.prov.p ? tool.prov.p : "", inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, e))
		die_err(e);
	tool_output_close(out);
	if (truth)
		tool_output_close(truth);
	say_context("--requests", n_unknown, n_unknown ? contexts.str[example] : (struct str){ "", 0 }, n_bad);
	note("%zu requests: %zu rows of %zu features, %zu with a label above 0; %zu requests without one left out", n_requests, n_rows, columns.n, n_hits, n_left_out);
	tablew_free(table);
	features_release(&columns);
	past_free(past);
	vocab_release(&contexts);
	vocab_release(&items);
	vocab_release(&users);
	vocab_release(&sources);
	mem_free(lines);
	mem_free(line_start);
	mem_free(asked);
	mem_free(requests);
	mem_free(past_item_of);
	mem_free(past_user_of);
	mem_free(heard_in);
	buf_release(&text);
}
