#include <math.h>

#include "labels.h"
#include "../base/mem.h"
#include "../num/fmath.h"

int labels_init(struct labels *l, const struct items *it, const struct vocab *item, enum items_column column, struct err *e)
{
	*l = (struct labels){ .name = items_column_name(column) };
	return facets_make(&l->of, it, column, item, e);
}

void labels_release(struct labels *l)
{
	facets_release(&l->of);
	*l = (struct labels){ 0 };
}

double labels_distance(const struct labels *l, uint32_t a, uint32_t b)
{
	size_t n_a, n_b, i = 0, j = 0, both = 0;
	const uint32_t *x = facets_of(&l->of, a, &n_a), *y = facets_of(&l->of, b, &n_b);

	if (!n_a || !n_b)
		return NAN;
	while (i < n_a && j < n_b) {
		uint32_t v = x[i], w = y[j];
		both += v == w;
		i += v <= w;
		j += w <= v;
	}
	return 1 - (double)both / (double)(n_a + n_b - both);
}

int label_mix_init(struct label_mix *m, const struct labels *l, struct err *e)
{
	*m = (struct label_mix){ .sum = mem_try0(l->of.name.n, sizeof *m->sum, "a mix of labels", e) };
	m->has = m->sum ? mem_try(l->of.name.n, sizeof *m->has, "a mix of labels", e) : NULL;
	return m->has ? 0 : ERR_MEM;
}

void label_mix_release(struct label_mix *m)
{
	mem_free(m->sum);
	mem_free(m->has);
	*m = (struct label_mix){ 0 };
}

void label_mix_reset(struct label_mix *m)
{
	for (size_t i = 0; i < m->n_has; i++)
		m->sum[m->has[i]] = 0;
	m->n_has = 0;
	m->total = 0;
}

void label_mix_add(struct label_mix *m, const struct labels *l, uint32_t item)
{
	size_t n;
	const uint32_t *x = facets_of(&l->of, item, &n);

	for (size_t i = 0; i < n; i++) {
		if (!(m->sum[x[i]] > 0))
			m->has[m->n_has++] = x[i];
		m->sum[x[i]] += 1 / (double)n;
	}
	m->total += n > 0;
}

double label_mix_entropy(const struct label_mix *m)
{
	double h = 0;

	if (!m->n_has)
		return NAN;
	for (size_t i = 0; i < m->n_has; i++) {
		double p = m->sum[m->has[i]] / m->total;
		h -= p * fm_log2(p);
	}
	return h > 0 ? h : 0;
}

double label_mix_divergence(const struct label_mix *p, const struct label_mix *q)
{
	double d = 0;

	if (!p->n_has || !q->n_has)
		return NAN;
	for (size_t i = 0; i < p->n_has; i++) {
		double x = p->sum[p->has[i]] / p->total, y = q->sum[p->has[i]] / q->total;
		d += x * fm_log2(x / ((1 - LABELS_SMOOTH) * y + LABELS_SMOOTH * x));
	}
	return d > 0 ? d : 0;
}
