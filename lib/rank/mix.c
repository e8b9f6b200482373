#include <stdbool.h>

#include "mix.h"
#include "../base/mem.h"
#include "../base/sort.h"
#include "../num/fmath.h"

static const double SMOOTH = 0.01;

void mix_release(struct mix *m)
{
	mem_free(m->value);
	mem_free(m->share);
	mem_free(m->sum);
	*m = (struct mix){ 0 };
}

void mix_clear(struct mix *m)
{
	m->n = 0;
}

void mix_add(struct mix *m, const struct facets *f, uint32_t item)
{
	size_t n;
	const uint32_t *v = facets_of(f, item, &n);

	if (!m->sum)
		m->sum = mem_new(f->name.n + 1, sizeof *m->sum);
	for (size_t j = 0; j < n && j < MIX_VALUES; j++) {
		if (!(m->sum[v[j]] > 0)) {
			arr_reserve(m->value, m->n + 1, m->cap);
			m->value[m->n++] = v[j];
		}
		m->sum[v[j]] += 1 / (double)min_size(n, MIX_VALUES);
	}
}

int mix_end(struct mix *m, struct err *e)
{
	uint64_t *key = mem_try(m->n, sizeof *key, "a listener's mix", e);
	double all = 0;

	if (!key)
		return ERR_MEM;
	for (size_t i = 0; i < m->n; i++)
		key[i] = m->value[i];
	if (sort_u64(key, NULL, m->n, e)) {
		mem_free(key);
		return ERR_MEM;
	}
	arr_reserve(m->share, m->n, m->cap_shares);
	for (size_t i = 0; i < m->n; i++) {
		m->value[i] = (uint32_t)key[i];
		all += m->sum[m->value[i]];
	}
	for (size_t i = 0; i < m->n; i++) {
		m->share[i] = m->sum[m->value[i]] / all;
		m->sum[m->value[i]] = 0;
	}
	mem_free(key);
	return 0;
}

static size_t place_of(const struct mix *own, uint32_t value)
{
	size_t at = below_u32(own->value, own->n, value);

	return at < own->n && own->value[at] == value ? at : SIZE_MAX;
}

/* term - what value t adds to the distance of a list of n items when it has c of them. */
static double term(const struct mix_fit *t, size_t v, double c, double n)
{
	double p = t->own->share[v];

	return p * fm_log(p / ((1 - SMOOTH) * c / n + SMOOTH * p));
}

static double distance(const struct mix_fit *t, size_t n)
{
	double sum = t->untouched * fm_log(1 / SMOOTH);

	for (size_t j = 0; j < t->n_touched; j++)
		sum += term(t, t->touched[j], t->count[t->touched[j]], (double)n);
	return sum;
}

/* next_step - the list is another. */
static void next_step(struct mix_fit *t)
{
	double n = (double)(t->n_list + 1);

	for (size_t j = 0; j < t->n_pairs; j++) {	/* term with less term without, both times n: one division, one logarithm */
		double p = t->own->share[t->pair[j].value], q = (1 - SMOOTH) * t->count[t->pair[j].value] + SMOOTH * p * n;
		t->delta[j] = p * fm_log(q / (q + t->part[t->pair[j].n_of]));
	}
	t->now = distance(t, max_size(t->n_list, 1));
	t->base = distance(t, t->n_list + 1);
}

/* pair_of - its number; number [own->n x MIX_VALUES] holds 1 + those given so far. */
static uint32_t pair_of(struct mix_fit *t, uint32_t *number, size_t value, size_t n_of)
{
	uint32_t *at = &number[value * MIX_VALUES + n_of - 1];

	if (!*at) {
		t->pair[t->n_pairs] = (struct mix_pair){ (uint32_t)value, (uint32_t)n_of };
		*at = (uint32_t)++t->n_pairs;
	}
	return *at - 1;
}

static void find_values(struct mix_fit *t, const struct facets *f, const uint32_t *item, size_t n, uint32_t *number)
{
	size_t n_values, at = 0;

	for (size_t i = 0; i < n; i++) {
		const uint32_t *v = facets_of(f, item[i], &n_values);
		t->start[i] = at;
		t->n_of[i] = (uint8_t)min_size(n_values, MIX_VALUES);
		for (size_t j = 0; j < t->n_of[i]; j++) {
			size_t place = place_of(t->own, v[j]);
			if (place != SIZE_MAX)
				t->value[at++] = pair_of(t, number, place, t->n_of[i]);
		}
	}
	t->start[n] = at;
}

int mix_begin(struct mix_fit *t, const struct mix *own, const struct facets *f, const uint32_t *item, size_t n, struct err *e)
{
	size_t most = 0, n_values;

	for (size_t i = 0; i < n; i++) {
		facets_of(f, item[i], &n_values);
		most += min_size(n_values, MIX_VALUES);
	}
	*t = (struct mix_fit){ .own = own, .untouched = 1 };
	t->count = mem_try0(own->n, sizeof *t->count, "calibration", e);
	t->touched = mem_try(own->n, sizeof *t->touched, "calibration", e);
	t->start = mem_try(n + 1, sizeof *t->start, "calibration", e);
	t->value = mem_try(most, sizeof *t->value, "calibration", e);
	t->n_of = mem_try(n, 1, "calibration", e);
	t->pair = mem_try(most, sizeof *t->pair, "calibration", e);
	t->delta = mem_try(most, sizeof *t->delta, "calibration", e);
	uint32_t *number = mem_try0(own->n, MIX_VALUES * sizeof *number, "calibration", e);
	bool is_ok = t->count && t->touched && t->start && t->value && t->n_of && t->pair && t->delta && number;
	if (is_ok) {
		for (int m = 1; m <= MIX_VALUES; m++)
			t->part[m] = (1 - SMOOTH) / m;
		find_values(t, f, item, n, number);
		next_step(t);
	} else {
		mix_fit_release(t);
	}
	mem_free(number);
	return is_ok ? 0 : ERR_MEM;
}

void mix_fit_release(struct mix_fit *t)
{
	mem_free(t->count);
	mem_free(t->touched);
	mem_free(t->start);
	mem_free(t->value);
	mem_free(t->n_of);
	mem_free(t->pair);
	mem_free(t->delta);
	*t = (struct mix_fit){ 0 };
}

void mix_take(struct mix_fit *t, size_t i)
{
	if (!t->n_of[i])
		return;
	for (size_t j = t->start[i]; j < t->start[i + 1]; j++) {
		uint32_t v = t->pair[t->value[j]].value;
		if (!(t->count[v] > 0)) {
			t->touched[t->n_touched++] = v;
			t->untouched -= t->own->share[v];
		}
		t->count[v] += 1 / (double)t->n_of[i];
	}
	t->n_list++;
	next_step(t);
}
