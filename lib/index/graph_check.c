#include <string.h>

#include "graph_check.h"
#include "../base/mem.h"

/* list_length - of a row's list; SIZE_MAX when it is wrong. */
static size_t list_length(const struct graph *g, size_t row)
{
	const uint32_t *l = g->nbr + row * g->degree;
	size_t n = 0;

	while (n < g->degree && l[n] < g->n)
		n++;
	for (size_t i = n; i < g->degree; i++)
		if (l[i] != GRAPH_NONE)
			return SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++)
			if (j < i ? l[j] == l[i] : l[i] == row)
				return SIZE_MAX;
	return n;
}

int graph_check(const struct graph *g, struct graph_facts *f, struct err *e)
{
	uint64_t *seen = mem_try0(g->n / 64 + 1, sizeof *seen, "marks of rows", e);
	uint32_t *stack = mem_try(g->n, sizeof *stack, "rows", e);
	size_t n = 0, reached = 0;

	*f = (struct graph_facts){ .least = SIZE_MAX };
	if (!seen || !stack) {
		mem_free(seen);
		mem_free(stack);
		return e->code;
	}
	for (size_t r = 0; r < g->n; r++) {
		size_t len = list_length(g, r);
		f->n_wrong += len == SIZE_MAX;
		if (len == SIZE_MAX)
			continue;
		f->edges += len;
		f->most = len > f->most ? len : f->most;
		f->least = len < f->least ? len : f->least;
	}
	for (size_t r = 0; r < g->n_entries; r++) {
		seen[r / 64] |= (uint64_t)1 << r % 64;
		stack[n++] = (uint32_t)r;
	}
	for (reached = n; n;) {
		const uint32_t *l = g->nbr + (size_t)stack[--n] * g->degree;
		for (size_t i = 0; i < g->degree && l[i] < g->n; i++)
			if (!graph_bit(seen, l[i])) {
				seen[l[i] / 64] |= (uint64_t)1 << l[i] % 64;
				stack[n++] = l[i];
				reached++;
			}
	}
	f->n_lost = g->n - reached;
	f->least = g->n ? f->least : 0;
	mem_free(seen);
	mem_free(stack);
	return 0;
}
