/*
 * train-pairs - what als, ease, graph and softmax have in common: the pairs, and when they are learnt from.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/cli/progress.h"
#include "train.h"

/* read_pairs - of the operands, and of `more` behind them (NULL: none). */
static void read_pairs(struct inter *in, const char *more, struct err *e)
{
	struct progress pr;
	const char **path = mem_new(tool.n_args + 2, sizeof *path);
	size_t n = tool.n_args;

	memcpy(path, tool.arg, n * sizeof *path);
	if (more && !n)
		path[n++] = "-";
	if (more)
		path[n++] = more;
	struct inter_opts io = { .weight = weigh_event, .ctx = &weigh, .has_header = o.has_header, .pool = tool_pool(), .progress = progress_show, .progress_ctx = &pr };

	progress_start(&pr, "read", "bytes", 0);
	if (weigh.half_life > 0)
		io.fade = weigh_fade;
	if (inter_load(in, path, n, &io, &prov, &inputs, e))
		die_err(e);
	weigh.newest = io.newest;
	warn_far(io.newest);
	mem_free(path);
	progress_end(&pr);
	note("%llu events, %zu pairs, %zu users, %zu items", (unsigned long long)in->n_events, in->m.start ? in->m.start[in->m.n_rows] : 0,
	     in->user.n, in->item.n);
}

void train_pairs(learner *learn, struct sink *out, struct err *e)
{
	struct inter in;

	if (learn == learn_graph || learn == learn_softmax)
		weigh.shape = WEIGH_BINARY;
	if (learn == learn_als)
		open_old(e);
	read_pairs(&in, o.update, e);
	if (o.tune && in.m.start[in.m.n_rows])
		tune(&in, learn, e);
	if (learn(&in, out, e))
		die_err(e);
	inter_release(&in);
}
