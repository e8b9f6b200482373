/* The seq net and how it learns: gradients against finite differences, event by event against all at once, the same bits for any number of threads and CPU path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/num/fmath.h"
#include "../lib/model/seq_learn.h"
#include "../lib/num/num.h"

enum { USERS = 9, ITEMS = 23, KINDS = 3, DEVICES = 4 };

static const struct seq_opts plain = { .dims = { .d = 8, .layers = 2, .heads = 2, .hidden = 12, .n = 7, .n_kinds = 1 }, .epochs = 4, .batch = 4, .temperature = 0.3,
				       .neg_power = 0.5, .user_power = 0.7, .stddev = 1, .dropout = 0, .rate = 0.01, .warmup = 0.1, .clip = 1, .is_cosine = true, .seed = 5 };

struct made { struct seqs s; uint8_t kind[1000]; size_t *end; };

/* make - a few users, some with more events than a window has, skips that are no targets, times with gaps and without. */
static void make(struct made *w, size_t users, size_t items)
{
	struct pcg32 g;
	size_t cap = users * 40;

	*w = (struct made){ .s = { .start = calloc(users + 1, sizeof(size_t)), .what = malloc(cap * 4), .act = calloc(cap, 1), .time = malloc(cap * 8), .device_of = malloc(cap) } };
	pcg32_seed(&g, 11, 0);
	for (size_t i = 0; i < items; i++)
		w->kind[i] = (uint8_t)pcg32_bounded(&g, KINDS);
	for (size_t u = 0; u < users; u++) {
		size_t len = u == 0 ? 0 : u == 1 ? 1 : u == 2 ? 25 : 2 + pcg32_bounded(&g, 12);
		int64_t time = 1700000000 + pcg32_bounded(&g, 100000);
		for (size_t j = 0; j < len; j++, w->s.n++) {
			w->s.what[w->s.n] = pcg32_bounded(&g, (uint32_t)items);
			w->s.act[w->s.n] = (uint8_t)pcg32_bounded(&g, 4);
			if (w->s.act[w->s.n] == SEQS_SKIP || w->s.act[w->s.n] == SEQS_DISLIKE)
				w->s.act[w->s.n] |= SEQS_WEIGHTLESS;
			time += (int64_t)1 << pcg32_bounded(&g, 16);
			w->s.time[w->s.n] = pcg32_bounded(&g, 10) ? time : TIME_NONE;
			w->s.device_of[w->s.n] = (uint8_t)pcg32_bounded(&g, DEVICES);
		}
		w->s.start[u + 1] = w->s.n;
	}
	w->s.n_users = users;
	w->s.item.n = items;
	w->end = mem_new(users, sizeof *w->end);
	for (size_t u = 0; u < users; u++)
		w->end[u] = w->s.start[u + 1];
}

static void unmake(struct made *w)
{
	free(w->s.start);
	free(w->s.what);
	free(w->s.act);
	free(w->s.time);
	free(w->s.device_of);
}

static struct seq_opts all_features(void)
{
	struct seq_opts o = plain;

	o.dims.features = SEQ_GAP | SEQ_HOUR | SEQ_DEVICE | SEQ_TIME;
	o.dims.n_kinds = KINDS;
	o.dims.n_devices = DEVICES;
	return o;
}

/* ---- gradients ---- */

static size_t n_windows(const struct made *w, size_t n, size_t *from, uint32_t *len)
{
	size_t k = 0;

	for (size_t u = 0; u < w->s.n_users; u++)
		for (size_t at = w->s.start[u]; at + 1 < w->s.start[u + 1]; at += n) {
			from[k] = at;
			len[k++] = (uint32_t)(w->s.start[u + 1] - 1 - at < n ? w->s.start[u + 1] - 1 - at : n);
		}
	return k;
}

static double mean_loss(struct seq_learn *m, const size_t *from, const uint32_t *len, size_t n)
{
	struct err e = { 0 };
	double loss;

	assert_int_equal(seq_gradient(m, &loss, from, len, n, 3, NULL, &e), 0);
	return loss;
}

/* slope - of the loss along `to` at x [n], by a difference of the fourth order. */
static double slope(struct seq_learn *m, float *x, const float *to, size_t n, const size_t *from, const uint32_t *len, size_t k)
{
	static const double at[4] = { 1, -1, 2, -2 }, weight[4] = { 8, -8, -1, 1 };
	float *kept = malloc(n * sizeof *kept);
	double step = 0.02, sum = 0;

	memcpy(kept, x, n * sizeof *x);
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < n; j++)
			x[j] = kept[j] + (float)(at[i] * step) * to[j];
		sum += weight[i] * mean_loss(m, from, len, k);
	}
	memcpy(x, kept, n * sizeof *x);
	free(kept);
	return sum / (12 * step);
}

static void direction(float *to, size_t n, uint64_t stream)
{
	struct pcg32 g;
	double length;

	pcg32_seed(&g, 77, stream);
	for (size_t i = 0; i < n; i++)
		to[i] = pcg32_f32(&g) - 0.5f;
	length = num_norm(to, n);
	num_scale(to, (float)(1 / length), n);
}

/* check_tensor - the slope along some random directions. */
static void check_tensor(struct seq_learn *m, float *x, const float *g, size_t n, const size_t *from, const uint32_t *len, size_t k, const char *what)
{
	float *to = malloc(n * sizeof *to), *gradient = malloc(n * sizeof *to);

	memcpy(gradient, g, n * sizeof *g);
	for (uint64_t i = 0; n && i < 3; i++) {
		direction(to, n, i);
		double want = slope(m, x, to, n, from, len, k), got = 0;
		for (size_t j = 0; j < n; j++)
			got += (double)gradient[j] * (double)to[j];
		if (fabs(want - got) > 2e-4 + 4e-3 * fabs(want))
			fail_msg("%s: the slope is %g, the gradient says %g", what, want, got);
	}
	free(to);
	free(gradient);
}

static void check_gradient(const struct seq_opts *o)
{
	struct seq_learn m;
	struct made w;
	struct err e = { 0 };
	size_t from[100];
	uint32_t len[100];
	struct pcg32 g;

	make(&w, USERS, ITEMS);
	assert_int_equal(seq_learn_init(&m, o, &w.s, w.kind, w.end, NULL, &e), 0);
	pcg32_seed(&g, 1, 1);
	for (size_t i = 0; i < m.at.n_params; i++)	/* away from the zeros and ones they begin with */
		m.w[i] += 0.2f * fm_normal(&g);
	size_t k = n_windows(&w, o->dims.n, from, len);
	mean_loss(&m, from, len, k);
	float *gw = malloc(m.at.n_params * sizeof *gw), *gi = calloc(ITEMS * o->dims.d, sizeof *gi);
	memcpy(gw, seq_gradient_w(&m), m.at.n_params * sizeof *gw);
	for (uint32_t i = 0; i < ITEMS; i++)
		if (seq_gradient_item(&m, i))
			memcpy(gi + i * o->dims.d, seq_gradient_item(&m, i), o->dims.d * sizeof *gi);
	const struct seq_layer_at *l = &m.at.layer[0], *last = &m.at.layer[o->dims.layers - 1];
	struct { const char *name; size_t from, to; } part[] = {
		{ "act", m.at.act, m.at.kind }, { "kind", m.at.kind, m.at.gap }, { "gap", m.at.gap, m.at.hour }, { "hour", m.at.hour, m.at.device },
		{ "device", m.at.device, l->norm1 }, { "norm1", l->norm1, l->in }, { "in", l->in, l->pos }, { "pos", l->pos, l->time }, { "time", l->time, l->norm3 },
		{ "norm3", l->norm3, l->out }, { "out", l->out, l->norm2 }, { "norm2", l->norm2, l->up }, { "up", l->up, l->down }, { "down", l->down, m.at.layer[1].norm1 },
		{ "the last layer's in", last->in, last->pos }, { "the last layer's pos", last->pos, last->time }, { "the last layer's time", last->time, last->norm3 },
		{ "norm", m.at.norm, m.at.head }, { "head", m.at.head, m.at.choice }, { "choice", m.at.choice, m.at.n_params },
	};
	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		check_tensor(&m, m.w + part[i].from, gw + part[i].from, part[i].to - part[i].from, from, len, k, part[i].name);
	check_tensor(&m, m.own, gi, ITEMS * o->dims.d, from, len, k, "items");
	free(gw);
	free(gi);
	seq_learn_release(&m);
	unmake(&w);
}

static void gradients_are_slopes(void **state)
{
	(void)state;
	for (int attention = SEQ_SOFTMAX; attention <= SEQ_POINTWISE; attention++)
		for (int way = 0; way < 5; way++) {
			struct seq_opts o = way == 1 || way == 3 ? plain : all_features();
			o.dims.attention = attention;
			o.negatives = way == 2 || way == 3 ? 9 : 0;
			o.is_cosine = way != 3 && way != 4;
			o.dims.hidden = way == 1 && attention == SEQ_POINTWISE ? 0 : 12;
			o.dropout = way == 0 ? 0.3 : 0;
			check_gradient(&o);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gradients_are_slopes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
