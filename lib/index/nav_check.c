#include <string.h>

#include "nav_check.h"
#include "../base/mem.h"

/* list_length - of a row's list; SIZE_MAX when it is wrong. */
static size_t list_length(const struct nav *g, size_t row)
{
	uint32_t l[NAV_DEGREE_MAX], none = NAV_NONE >> (32 - 8 * g->width);
	size_t n = 0;

	for (size_t i = 0; i < g->degree; i++)
		l[i] = nav_get(g->nbr, row * g->degree + i, g->width);
	while (n < g->degree && l[n] < g->n)
		n++;
	for (size_t i = n; i < g->degree; i++)
		if (l[i] != none)
			return SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++)
			if (j < i ? l[j] == l[i] : l[i] == row)
				return SIZE_MAX;
	return n;
}

int nav_check(const struct nav *g, struct nav_facts *f, struct err *e)
{
	uint64_t *seen = mem_try0(g->n / 64 + 1, sizeof *seen, "marks of rows", e);
	uint32_t *stack = mem_try(g->n, sizeof *stack, "rows", e);
	size_t n = 0, reached = 0;

	*f = (struct nav_facts){ .least = SIZE_MAX };
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
		nav_set_bit(seen, (uint32_t)r);
		stack[n++] = (uint32_t)r;
	}
	for (reached = n; n;) {
		size_t at = stack[--n] * g->degree;
		for (size_t i = 0; i < g->degree; i++) {
			uint32_t to = nav_get(g->nbr, at + i, g->width);
			if (to >= g->n)
				break;
			if (!nav_bit(seen, to)) {
				nav_set_bit(seen, to);
				stack[n++] = to;
				reached++;
			}
		}
	}
	f->n_lost = g->n - reached;
	f->least = g->n ? f->least : 0;
	mem_free(seen);
	mem_free(stack);
	return 0;
}
