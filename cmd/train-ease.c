/*
 * train-ease - ease: the Gram matrix of the items, its inverse, and the largest weights of that.
 */
#include "../lib/cli/progress.h"
#include "train.h"

struct ease_opts ease_options(const struct inter *in)
{
	return (struct ease_opts){ o.lambda, o.dropout, (size_t)o.top, (size_t)o.min_users, most_memory, &in->item, tuned, &in->user };
}

/* learn_ease - G, its inverse and the weights; in->m is used up. With -v a row on stderr of how long each took. */
int learn_ease(struct inter *in, struct sink *out, struct err *e)
{
	struct ease_make m;
	struct ease_opts eo = ease_options(in);
	const char *wrong = ease_check(&eo);
	struct progress pr;
	struct watch step = { progress_show, &pr };
	double t[4] = { clock_now() };

	if (wrong)
		usage_die("%s", wrong);
	if (ease_init(&m, &in->m, &weigh, &eo, tool_pool(), e))
		return e->code;
	t[1] = clock_now();
	progress_start(&pr, "invert", "steps", 0);
	ease_invert(&m, &step, tool_pool(), e);
	progress_end(&pr);
	t[2] = clock_now();
	if (!e->code)
		ease_prune(&m, tool_pool(), e);
	t[3] = clock_now();
	if (tool.is_verbose && !is_trial && !e->code)
		fprintf(stderr, "items\tpairs\tweights\tgram\tinverse\tprune\n%zu\t%zu\t%llu\t%.3f\t%.3f\t%.3f\n", m.n, m.n_pairs,
			(unsigned long long)m.start[m.n_items], t[1] - t[0], t[2] - t[1], t[3] - t[2]);
	if (!e->code && !is_trial)
		finish_prov();
	if (!e->code)
		ease_save(&m, out, &in->item, &weigh, in->n_events, &prov, e);
	ease_release(&m);
	return e->code;
}
