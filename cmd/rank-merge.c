/*
 * rank-merge - taste-rank merge: the candidates of several files, each with its listeners in an order of its own, with the lines of a listener together. Listeners come in the order of the
 * first file, those that it lacks in the order of the second, and so on; a listener's lines file after file, as they stand there.
 *
 * A file is read up to the listener who is written; what stands before is held. So nothing is when all files have the same listeners in the same order, and at most all files but the
 * first when a listener is missing in one of them.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "rank.h"

struct input {
	struct tabler *r;
	bool is_ended;
	struct { struct buf user, lines; } next;	/* who was begun last; of whom that line was read already: it ended the one before */
	struct vocab user;		/* whose blocks were read */
	struct buf *held;		/* [user.n] lines not yet written, each ended by LF */
	size_t cap, n_passed;		/* blocks that were looked at, held or not */
};

static struct input *input;
static size_t n_inputs;
static struct tablew *table;
static struct progress pr;
static uint64_t n_lines, n_users, n_held, most_held;	/* held: bytes */

static void put_row(struct buf *b, const struct str *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(b, '\t');
		tsv_put(b, f[i].p, f[i].len);
	}
	buf_putc(b, '\n');
}

/* begin - the line that was read is the first of a listener. */
static void begin(struct input *in, struct str user)
{
	if (vocab_find(&in->user, user.p, user.len) != VOCAB_NONE)
		die_again(in->r, user, false);
	buf_reset(&in->next.user);
	buf_put(&in->next.user, user.p, user.len);
}

/* hold - the lines of the listener that was begun last. */
static void hold(struct input *in, struct buf lines)
{
	uint32_t u = vocab_add(&in->user, in->next.user.p, in->next.user.len);

	arr_reserve(in->held, in->user.n, in->cap);
	in->held[u] = lines;
	n_held += lines.cap;
	most_held = n_held > most_held ? n_held : most_held;
}

/* read_block - the next listener's lines become held. False at the end. */
static bool read_block(struct input *in)
{
	struct buf lines = in->next.lines;
	struct err e = { 0 };
	const struct str *f;
	double score;
	size_t n;
	int got = 0;

	in->next.lines = (struct buf){ 0 };
	while (!in->is_ended && (got = tabler_next(in->r, &f, &n, &e)) == 1) {
		check_candidate(in->r, f, n, &score);
		progress_set(&pr, ++n_lines);
		if (!lines.len)
			begin(in, f[0]);
		if (f[0].len != in->next.user.len || memcmp(f[0].p, in->next.user.p, f[0].len)) {
			hold(in, lines);
			begin(in, f[0]);
			put_row(&in->next.lines, f, n);
			return true;
		}
		put_row(&lines, f, n);
	}
	if (got < 0)
		die_err(&e);
	in->is_ended = true;
	if (lines.len)
		hold(in, lines);
	return lines.len;
}

/* write_block - what is held of a listener, which is then forgotten. */
static void write_block(struct buf *held, struct err *e)
{
	put_lines(table, held, e);
	n_held -= held->cap;
	buf_release(held);
}

/* write_user - the next listener of an input, by all inputs: those before it have been written to their ends. */
static void write_user(size_t from, struct err *e)
{
	uint32_t u = (uint32_t)input[from].n_passed++;
	struct str user = input[from].user.str[u];

	if (!input[from].held[u].len)		/* written with an input before */
		return;
	n_users++;
	write_block(&input[from].held[u], e);
	for (size_t i = from + 1; i < n_inputs; i++) {
		struct input *in = &input[i];
		uint32_t its = vocab_find(&in->user, user.p, user.len);
		while (its == VOCAB_NONE && read_block(in))
			its = vocab_find(&in->user, user.p, user.len);
		if (its != VOCAB_NONE)
			write_block(&in->held[its], e);
	}
}

static void open_inputs(struct err *e)
{
	static const char *const names[] = { "user", "item", "score" }, *const from_stdin[] = { "-" };

	n_inputs = tool.n_args ? tool.n_args : 1;
	input = mem_new(n_inputs, sizeof *input);
	for (size_t i = 0; i < n_inputs; i++)
		if (!(input[i].r = tabler_open(tool.n_args ? tool.arg[i] : from_stdin[0], "candidates", o.has_header, e)) || tabler_order(input[i].r, names, 3, e))
			die_err(e);
}

static void close_inputs(struct err *e)
{
	for (size_t i = 0; i < n_inputs; i++) {
		if (tabler_prov(input[i].r, &prov, &inputs, e))
			die_err(e);
		tabler_close(input[i].r);
		vocab_release(&input[i].user);
		mem_free(input[i].held);
		buf_release(&input[i].next.user);
		buf_release(&input[i].next.lines);
	}
	mem_free(input);
}

void rank_merge(struct err *e)
{
	static const char header[] = "user\titem\tscore\tsource";

	tool_reads_args(0);
	struct sink *out = tool_output(o.out, o.is_binary);
	open_inputs(e);
	if (!(table = tablew_new(out, "candidates", o.is_binary, e)))
		die_err(e);
	if (o.wants_header && !o.is_binary && tablew_row(table, header, sizeof header - 1, e))
		die_err(e);
	progress_start(&pr, "merge", "candidates", 0);
	for (size_t i = 0; i < n_inputs; i++)
		while (input[i].n_passed < input[i].user.n || read_block(&input[i]))
			write_user(i, e);
	progress_end(&pr);
	note("%llu candidates of %llu users, at most %llu bytes of them held", (unsigned long long)n_lines, (unsigned long long)n_users, (unsigned long long)most_held);
	close_inputs(e);
	prov_step(&prov, tool.name, tool_version, tool.prov.p ? tool.prov.p : "", inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, e))
		die_err(e);
	tool_output_close(out);
	tablew_free(table);
}
