/*
 * train-graph - graph: the smooth directions of the graph of users and items.
 */
#include "../lib/model/graph.h"
#include "train.h"

/* learn_graph - in->m is used up. */
int learn_graph(struct inter *in, struct sink *out, struct err *e)
{
	struct graph_opts go = { (size_t)o.rank, o.row_power, o.col_power, o.low, o.sharpen, (int)o.iterations, (uint64_t)o.seed, tuned };
	struct graph g;
	double start = clock_now();

	if (graph_make(&g, &in->m, &weigh, &go, tool_pool(), e))
		return e->code;
	if (!is_trial)
		note("%zu singular vectors in %.2f s", g.o.d, clock_now() - start);
	if (!is_trial)
		finish_prov();
	graph_save(&g, out, in->user.n, &in->item, in->n_events, &prov, e);
	graph_release(&g);
	return e->code;
}
