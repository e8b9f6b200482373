/*
 * train-session - session: events as sessions, what a catalogue says of their items, epochs of steps over all of them.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/pieces.h"
#include "../lib/cli/progress.h"
#include "../lib/data/items.h"
#include "../lib/data/seqs.h"
#include "../lib/model/session.h"
#include "train.h"

static const enum items_column may_be_token[] = { ITEM_KIND, ITEM_CREATOR, ITEM_GROUP, ITEM_TAGS };

static struct {
	bool has[ITEM_COLUMNS];		/* columns of --tokens */
	struct vocab token;		/* a digit for the column, and the value */
	size_t *start;			/* [items + 1] of the model's items */
	uint32_t *of;			/* theirs, one item after the other */
	size_t n, cap;
} tokens;

void check_session(void)
{
	const char *p = o.tokens;

	if (!o.items && tool_is_set(&o.tokens))
		usage_die("--tokens needs --items, which has the columns");
	if (!o.items)
		return;
	tool_reads(o.items);
	for (;; p++) {
		size_t n = strcspn(p, ","), k = 0;
		while (k < sizeof may_be_token / sizeof *may_be_token &&
		       (strlen(items_column_name(may_be_token[k])) != n || memcmp(items_column_name(may_be_token[k]), p, n)))
			k++;
		if (k == sizeof may_be_token / sizeof *may_be_token)
			usage_die("--tokens: '%.*s' is none of kind, creator, group and tags", (int)(n < 60 ? n : 60), p);
		tokens.has[may_be_token[k]] = true;
		if (!p[n])
			break;
		p += n;
	}
}

static void read_events(struct seqs *s, struct err *e)
{
	struct progress pr;
	struct seqs_opts so = { .weight = weigh_event, .ctx = &weigh, .has_header = o.has_header, .pool = tool_pool(), .progress = progress_show, .progress_ctx = &pr };

	progress_start(&pr, "read", "bytes", 0);
	if (seqs_load(s, tool.arg, tool.n_args, &so, &prov, &inputs, e))
		die_err(e);
	progress_end(&pr);
	warn_far(s->newest);
}

/* leave_rare - events of items that have fewer than --min-count of them go, and the items. start [n_sessions + 1] goes along. */
static void leave_rare(struct seqs *s, size_t *start, size_t n_sessions, struct err *e)
{
	uint32_t *count = mem_try0(s->item.n, sizeof *count, "counts of items", e);
	struct vocab kept = { 0 };
	size_t to = 0;

	if (!count)
		die_err(e);
	for (size_t j = 0; j < s->n; j++)
		count[s->what[j]]++;
	for (size_t i = 0; i < s->item.n; i++)
		count[i] = count[i] < o.min_count ? VOCAB_NONE : vocab_add(&kept, s->item.str[i].p, s->item.str[i].len);
	for (size_t k = 0; k < n_sessions; k++) {
		size_t from = start[k];
		start[k] = to;
		for (size_t j = from; j < start[k + 1]; j++)
			if (count[s->what[j]] != VOCAB_NONE)
				s->what[to++] = count[s->what[j]];
	}
	start[n_sessions] = to;
	s->n = to;
	vocab_release(&s->item);
	s->item = kept;
	mem_free(count);
}

/* add_token - to the last item, unless it has it already or has enough. Only known ones where may_be_new is false. */
static void add_token(size_t from, enum items_column c, const char *p, size_t len, bool may_be_new)
{
	struct buf b = { 0 };

	if (!len)
		return;
	buf_putc(&b, (char)('0' + c));
	buf_put(&b, p, len);
	uint32_t t = may_be_new ? vocab_add(&tokens.token, b.p, b.len) : vocab_find(&tokens.token, b.p, b.len);
	buf_release(&b);
	for (size_t k = from; k < tokens.n; k++)
		if (tokens.of[k] == t)
			return;
	if (t == VOCAB_NONE || tokens.n - from == SESSION_TOKENS_MAX)
		return;
	arr_reserve(tokens.of, tokens.n + 1, tokens.cap);
	tokens.of[tokens.n++] = t;
}

static void add_tokens(const struct str row[ITEM_COLUMNS], bool may_be_new)
{
	size_t from = tokens.n;

	for (enum items_column c = 0; c < ITEM_COLUMNS; c++) {
		if (!tokens.has[c])
			continue;
		if (c != ITEM_TAGS) {
			add_token(from, c, row[c].p, row[c].len, may_be_new);
			continue;
		}
		for (struct str tags = row[c], tag; pieces_next(&tags, &tag);)
			add_token(from, c, tag.p, tag.len, may_be_new);
	}
}

/* read_items - tokens of the items; those of the catalogue that share one with them become items too. */
static void read_items(struct vocab *item, struct err *e)
{
	struct items it = { 0 };
	size_t n = item->n, n_named = 0;

	if (items_load(&it, o.items, o.has_header, &prov, &inputs, e))
		die_err(e);
	if (!(tokens.start = mem_try0(n + it.id.n + 1, sizeof *tokens.start, "tokens of items", e)))
		die_err(e);
	for (size_t i = 0; i < n; tokens.start[++i] = tokens.n) {
		uint32_t row = vocab_find(&it.id, item->str[i].p, item->str[i].len);
		if (row == VOCAB_NONE)
			continue;
		n_named++;
		add_tokens(it.row[row], true);
	}
	if (n && !n_named)
		warn("none of %zu items is in %s: it says nothing of them", n, file_shown(o.items));
	for (size_t r = 0; r < it.id.n; r++) {
		size_t before = tokens.n;
		if (vocab_find(item, it.id.str[r].p, it.id.str[r].len) != VOCAB_NONE)
			continue;
		add_tokens(it.row[r], false);
		if (tokens.n == before)
			continue;
		tokens.start[vocab_add(item, it.id.str[r].p, it.id.str[r].len) + 1] = tokens.n;
	}
	note("%zu tokens; %zu items without events", tokens.token.n, item->n - n);
	items_release(&it);
}

static void learn(struct session *m, struct err *e)
{
	struct progress pr;

	progress_start(&pr, "train", "epochs", (uint64_t)o.epochs);
	for (int64_t epoch = 0; epoch < o.epochs; epoch++) {
		double start = clock_now(), loss;
		if (session_epoch(m, &loss, (size_t)epoch, tool_pool(), e))
			die_err(e);
		progress_set(&pr, (uint64_t)epoch + 1);
		if (tool.is_verbose)
			fprintf(stderr, "%s%lld\t%.9g\t%.3f\n", epoch ? "" : "epoch\tloss\tseconds\n", (long long)epoch + 1, loss, clock_now() - start);
	}
	progress_end(&pr);
}

void train_session(struct sink *out, struct err *e)
{
	struct session_opts so = { (size_t)o.d, (size_t)o.epochs, (size_t)o.window, (size_t)o.negatives, o.neg_power, o.back, o.subsample, o.rate, (size_t)o.batch, o.decay,
				   (uint64_t)o.seed, (size_t)o.min_count, o.gap, o.items ? o.tokens : NULL };
	const char *wrong = session_check(&so);
	struct seqs s = { 0 };
	struct session m;
	size_t *start, n_sessions;

	if (wrong)
		usage_die("%s", wrong);
	read_events(&s, e);
	if (seqs_cut(&s, o.gap, &start, &n_sessions, e))
		die_err(e);
	if (o.min_count)
		leave_rare(&s, start, n_sessions, e);
	note("%llu events, %zu sessions, %zu users, %zu items", (unsigned long long)s.n_events, n_sessions, s.user.n, s.item.n);
	if (o.items)
		read_items(&s.item, e);
	struct session_data in = { s.item.n, n_sessions, start, s.what, tokens.token.n, tokens.start, tokens.of };
	weigh.shape = WEIGH_BINARY;
	if (session_init(&m, &in, &so, tool_pool(), e))
		die_err(e);
	learn(&m, e);
	finish_prov();
	if (session_save(&m, out, s.user.n, &s.item, &weigh, s.n_events, &prov, e))
		die_err(e);
	session_release(&m);
	seqs_release(&s);
	mem_free(start);
	mem_free(tokens.start);
	mem_free(tokens.of);
	vocab_release(&tokens.token);
}
