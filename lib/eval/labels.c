#include <math.h>

#include "labels.h"
#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/fmath.h"

/* The labels of one item, ascending, each once. */
struct parts {
	struct vocab *label;
	uint64_t *v;
	size_t n, cap;
	uint64_t *last, now;		/* [labels] the reading that had the label last */
	size_t cap_last;
};

static void parts_add(struct parts *p, const char *s, size_t len)
{
	uint32_t x = vocab_add(p->label, s, len);
	size_t before = p->cap_last;

	arr_reserve(p->last, (size_t)x + 1, p->cap_last);
	memset(p->last + before, 0, (p->cap_last - before) * sizeof *p->last);
	if (p->last[x] == p->now)
		return;
	p->last[x] = p->now;
	arr_reserve(p->v, p->n + 1, p->cap);
	p->v[p->n++] = x;
}

static int parts_read(struct parts *p, struct str s, bool is_list, struct err *e)
{
	p->n = 0;
	p->now++;
	for (size_t i = 0; i < s.len;) {
		const char *end = is_list ? memchr(s.p + i, ';', s.len - i) : NULL;
		size_t len = end ? (size_t)(end - s.p) - i : s.len - i;
		if (len)
			parts_add(p, s.p + i, len);
		i += len + 1;
	}
	return sort_u64(p->v, NULL, p->n, e);
}

int labels_init(struct labels *l, const struct items *it, const struct vocab *item, enum items_column column, struct err *e)
{
	struct vocab label = { 0 };
	struct parts p = { .label = &label };
	size_t cap = 0, n = 0;
	int ret = 0;

	*l = (struct labels){ .name = items_column_name(column), .n_items = item->n };
	if (!(l->start = mem_try0(item->n + 1, sizeof *l->start, "labels of items", e)))
		return ERR_MEM;
	for (size_t i = 0; i < it->id.n && !ret; i++)	/* numbered in the order of the catalogue, whatever else names an item */
		ret = parts_read(&p, it->row[i][column], column == ITEM_TAGS, e);
	for (size_t i = 0; i < item->n && !ret; i++) {
		ret = parts_read(&p, items_get(it, item->str[i], column), column == ITEM_TAGS, e);
		arr_reserve(l->label, n + p.n, cap);
		for (size_t k = 0; k < p.n && !ret; k++)
			l->label[n++] = (uint32_t)p.v[k];
		l->start[i + 1] = n;
	}
	l->n = label.n;
	vocab_release(&label);
	mem_free(p.v);
	mem_free(p.last);
	return ret;
}

void labels_release(struct labels *l)
{
	mem_free(l->start);
	mem_free(l->label);
	*l = (struct labels){ 0 };
}

double labels_distance(const struct labels *l, uint32_t a, uint32_t b)
{
	size_t i = l->start[a], j = l->start[b], n_a = l->start[a + 1] - i, n_b = l->start[b + 1] - j, both = 0;

	if (!n_a || !n_b)
		return NAN;
	while (i < l->start[a + 1] && j < l->start[b + 1]) {
		uint32_t x = l->label[i], y = l->label[j];
		both += x == y;
		i += x <= y;
		j += y <= x;
	}
	return 1 - (double)both / (double)(n_a + n_b - both);
}

int label_mix_init(struct label_mix *m, const struct labels *l, struct err *e)
{
	*m = (struct label_mix){ .sum = mem_try0(l->n, sizeof *m->sum, "a mix of labels", e) };
	m->has = m->sum ? mem_try(l->n, sizeof *m->has, "a mix of labels", e) : NULL;
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
	size_t n = l->start[item + 1] - l->start[item];

	for (size_t i = l->start[item]; i < l->start[item + 1]; i++) {
		uint32_t x = l->label[i];
		if (!(m->sum[x] > 0))
			m->has[m->n_has++] = x;
		m->sum[x] += 1 / (double)n;
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
