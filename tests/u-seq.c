/* seq: gradients against finite differences, event by event against all at once, the same bits for any number of threads and CPU path and after a break, and files that are what they should be
 * or are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/num/fmath.h"
#include "../lib/model/seq.h"
#include "../lib/num/num.h"
#include "mem-path.h"

enum { USERS = 9, ITEMS = 23, KINDS = 3, DEVICES = 4 };

static const struct seq_opts plain = { .dims = { .d = 8, .layers = 2, .heads = 2, .hidden = 12, .n = 7, .n_kinds = 1 }, .epochs = 4, .batch = 4, .temperature = 0.3,
				       .neg_power = 0.5, .user_power = 0.7, .kind_power = 0.6, .stddev = 1, .dropout = 0, .rate = 0.01, .warmup = 0.1, .clip = 1, .is_cosine = true, .seed = 5 };

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
	double step = 0.01, sum = 0;

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
		{ "device", m.at.device, l->norm1 }, { "norm1", l->norm1, l->in }, { "in", l->in, l->pos }, { "pos", l->pos, l->time }, { "time", l->time, l->near }, { "near", l->near, l->norm3 },
		{ "norm3", l->norm3, l->out }, { "out", l->out, l->norm2 }, { "norm2", l->norm2, l->up }, { "up", l->up, l->down }, { "down", l->down, m.at.layer[1].norm1 },
		{ "the last layer's in", last->in, last->pos }, { "the last layer's pos", last->pos, last->time }, { "the last layer's time", last->time, last->near }, { "the last layer's near", last->near, last->norm3 },
		{ "ask", m.at.ask, m.at.norm }, { "norm", m.at.norm, m.at.head }, { "head", m.at.head, m.at.choice }, { "choice", m.at.choice, m.at.n_params },
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

/* ---- a listener: all at once, in pieces, event by event ---- */

/* away - numbers that are not those it begins with. */
static void away(float *w, size_t n)
{
	struct pcg32 g;

	pcg32_seed(&g, 1, 1);
	for (size_t i = 0; i < n; i++)
		w[i] += 0.2f * fm_normal(&g);
}

struct net { struct seq s; struct seq_reader r; float *own, *w; struct made world; };

static void net_begin(struct net *t, const struct seq_opts *o)
{
	struct err e = { 0 };

	*t = (struct net){ .s = { .dims = o->dims, .temperature = o->temperature, .is_cosine = true } };
	make(&t->world, USERS, ITEMS);
	seq_layout(&t->s.at, &o->dims);
	t->w = malloc(t->s.at.n_params * sizeof *t->w);
	seq_begin(t->w, &o->dims, &t->s.at, 3);
	away(t->w, t->s.at.n_params);
	t->own = calloc(ITEMS * o->dims.d, sizeof *t->own);
	away(t->own, ITEMS * o->dims.d);
	t->s.w = t->w;
	t->s.items = (struct seq_items){ .d = o->dims.d, .vec = t->own };
	t->s.kind = o->dims.n_kinds > 1 ? t->world.kind : NULL;
	assert_int_equal(seq_reader_init(&t->r, &t->s.dims, &e), 0);
}

static void net_end(struct net *t)
{
	seq_reader_release(&t->r);
	free(t->own);
	free(t->w);
	mem_free(t->world.end);
	unmake(&t->world);
}

/* act_at - without the mark beside it. */
static uint8_t act_at(const struct net *t, size_t j)
{
	return t->world.s.act[j] & SEQS_ACT;
}

static void check_reading(const struct seq_opts *o)
{
	struct net t;
	struct seq_room room;
	struct err e = { 0 };
	size_t d = o->dims.d, n = o->dims.n, start[2] = { 0 };

	net_begin(&t, o);
	size_t from = t.world.s.start[2], len = t.world.s.start[3] - from;
	assert_true(len <= n);
	uint8_t act[64], kind[64], gap[64], hour[64], device[64], asked[64];
	for (size_t i = 0; i < len; i++) {
		act[i] = act_at(&t, from + i);
		kind[i] = t.world.kind[t.world.s.what[from + i]];
		gap[i] = i ? seq_gap(t.world.s.time[from + i - 1], t.world.s.time[from + i]) : 0;
		hour[i] = seq_hour(t.world.s.time[from + i]);
		device[i] = t.world.s.device_of[from + i];
		asked[i] = (uint8_t)(i % o->dims.n_kinds);
	}
	struct seq_events ev = { t.world.s.what + from, act, kind, gap, hour, device, t.world.s.time + from, asked };
	struct seq_past past = { len, ev.item, act, ev.time, device };
	start[1] = len;
	assert_int_equal(seq_room_init(&room, &o->dims, len, &e), 0);
	seq_forward(&room, &t.s.at, t.w, &t.s.items, &ev, start, 1, (struct seq_drop){ 0 });
	seq_read(&t.s, &t.r, &past);
	assert_memory_equal(t.r.h + asked[len - 1] * d, room.h + (len - 1) * d, d * sizeof(float));
	for (size_t i = 0; i < len; i++) {
		past.n = i;
		if (!i)
			t.r.state.n = 0;
		seq_append(&t.s, &t.r, &(struct seq_past){ 1, ev.item + i, act + i, ev.time + i, device + i });
		assert_int_equal(t.r.state.n, i + 1);
		if (memcmp(t.r.h + asked[i] * d, room.h + i * d, d * sizeof(float)) ||
		    (o->dims.n_kinds > 1 && memcmp(t.r.h + o->dims.n_kinds * d, room.said + i * d, d * sizeof(float))))
			fail_msg("attention %d, features %d, %zu layers: event %zu is not the same", o->dims.attention, o->dims.features, o->dims.layers, i);
	}
	for (size_t piece = 1; piece <= len; piece += 4) {
		t.r.state.n = 0;
		for (size_t i = 0; i < len; i += piece)
			seq_append(&t.s, &t.r, &(struct seq_past){ len - i < piece ? len - i : piece, ev.item + i, act + i, ev.time + i, device + i });
		assert_memory_equal(t.r.h + asked[len - 1] * d, room.h + (len - 1) * d, d * sizeof(float));
	}
	for (size_t piece = 2; piece < 12; piece += 3) {	/* what a state holds, and then some more */
		t.r.state.n = 0;
		for (size_t i = 0; i < len; i += piece) {
			size_t k = len - i < piece ? len - i : piece;
			struct seq_events some = { ev.item + i, act + i, kind + i, gap + i, hour + i, device + i, ev.time + i };
			seq_run(&t.r.state, t.r.h, &o->dims, &t.s.at, t.w, &t.s.items, &some, k, t.r.scratch);
			assert_memory_equal(t.r.h + asked[i + k - 1] * d, room.h + (i + k - 1) * d, d * sizeof(float));
		}
	}
	seq_room_release(&room);
	net_end(&t);
}

static void reading_is_the_same_at_once_and_by_event(void **state)
{
	static const int features[] = { 0, SEQ_GAP | SEQ_HOUR, SEQ_TIME, SEQ_GAP | SEQ_HOUR | SEQ_DEVICE | SEQ_TIME };
	(void)state;

	for (int attention = SEQ_SOFTMAX; attention <= SEQ_POINTWISE; attention++)
		for (size_t f = 0; f < 4; f++)
			for (size_t layers = 0; layers < 4; layers++) {
				struct seq_opts o = f & 1 ? plain : all_features();
				o.dims.attention = attention;
				o.dims.features = features[f];
				o.dims.n_devices = DEVICES;
				o.dims.layers = layers;
				o.dims.hidden = layers == 3 ? 0 : 12;
				o.dims.n = layers == 2 ? 25 : 40;
				check_reading(&o);
			}
}

/* By one layer what is kept has seen nothing else, so that the last events are all there is. */
static void more_events_than_the_length(void **state)
{
	(void)state;
	for (int attention = SEQ_SOFTMAX; attention <= SEQ_POINTWISE; attention++)
		for (size_t layers = 1; layers < 3; layers++) {
			struct seq_opts o = all_features();
			struct net t;
			float h[8];
			o.dims.attention = attention;
			o.dims.features = SEQ_HOUR | SEQ_TIME;
			o.dims.layers = layers;
			net_begin(&t, &o);
			size_t from = t.world.s.start[2], len = t.world.s.start[3] - from;
			uint8_t act[64];
			for (size_t i = 0; i < len; i++)
				act[i] = act_at(&t, from + i);
			for (size_t i = 0; i < len; i++) {
				seq_append(&t.s, &t.r, &(struct seq_past){ 1, t.world.s.what + from + i, act + i, t.world.s.time + from + i, NULL });
				assert_int_equal(t.r.state.n, i + 1 < 7 ? i + 1 : 7);
			}
			memcpy(h, t.r.h, sizeof h);
			assert_true(num_is_finite(h, 8));
			struct seq_past all = { len, t.world.s.what + from, act, t.world.s.time + from, NULL }, last = all;
			last.n = 7;
			last.what += len - 7;
			last.act += len - 7;
			last.time += len - 7;
			seq_read(&t.s, &t.r, &last);
			assert_int_equal(memcmp(h, t.r.h, sizeof h) == 0, layers == 1);
			memcpy(h, t.r.h, sizeof h);
			seq_read(&t.s, &t.r, &all);
			assert_memory_equal(h, t.r.h, sizeof h);
			seq_append(&t.s, &t.r, &all);
			assert_memory_equal(h, t.r.h, sizeof h);
			net_end(&t);
		}
}

/* ---- learning ---- */

struct run { struct made world; struct seq_learn m; struct seq_asked asked[2000]; size_t n_asked; };

/* run_begin - the last event of every third user is held out. */
static void run_begin(struct run *r, const struct seq_opts *o, size_t users, size_t items, struct par *pool)
{
	struct err e = { 0 };

	r->n_asked = 0;
	make(&r->world, users, items);
	for (size_t u = 3; u < users; u += 3) {
		size_t last = --r->world.end[u];
		r->asked[r->n_asked++] = (struct seq_asked){ (uint32_t)u, r->world.s.what[last] };
	}
	if (seq_learn_init(&r->m, o, &r->world.s, r->world.kind, r->world.end, pool, &e))
		fail_msg("%s", e.msg);
}

static void run_epoch(struct run *r, struct par *pool, double *loss)
{
	struct err e = { 0 };
	double ndcg = NAN, hr = NAN;

	if (seq_epoch(&r->m, loss, NULL, pool, &e) || seq_measure(&r->m, false, r->asked, r->n_asked, &ndcg, &hr, pool, &e))
		fail_msg("%s", e.msg);
	if (ndcg > r->m.best)
		seq_keep(&r->m, ndcg);
}

static void run_end(struct run *r)
{
	seq_learn_release(&r->m);
	unmake(&r->world);
}

static void same_numbers(const struct seq_learn *a, const struct seq_learn *b)
{
	assert_memory_equal(a->own, b->own, a->n_items * a->o.dims.d * sizeof(float));
	assert_memory_equal(a->w, b->w, a->at.n_params * sizeof(float));
	assert_memory_equal(a->best_own, b->best_own, a->n_items * a->o.dims.d * sizeof(float));
	assert_memory_equal(a->best_w, b->best_w, a->at.n_params * sizeof(float));
	assert_true(a->best == b->best);
	assert_int_equal(a->best_epoch, b->best_epoch);
}

static struct seq_opts way_of(int way)
{
	struct seq_opts o = way & 1 ? all_features() : plain;

	o.dims.attention = way & 2 ? SEQ_POINTWISE : SEQ_SOFTMAX;
	o.negatives = way & 4 ? 17 : 0;
	o.batch = 40;
	o.dropout = 0.2;
	return o;
}

static void threads_and_paths_give_the_same_bytes(void **state)
{
	static const char *const cpu[] = { "plain", "avx2", "avx512" };
	static const int threads[] = { 1, 2, 5 };
	static struct run first, r;
	(void)state;

	for (int way = 0; way < 8; way++) {
		struct seq_opts o = way_of(way);
		bool has_first = false;
		double loss, want = 0;
		for (size_t c = 0; c < 3; c++) {
			struct err e = { 0 };
			if (cpu_select(cpu[c], &e))
				continue;
			for (size_t t = 0; t < 3; t++) {
				struct par *pool = par_new(threads[t], &e);
				run_begin(&r, &o, 150, 300, pool);
				run_epoch(&r, pool, &loss);
				run_epoch(&r, pool, &loss);
				if (!has_first) {
					first = r;
					first.m.data = &first.world.s;
					has_first = true;
					want = loss;
				} else {
					assert_true(loss == want);
					same_numbers(&r.m, &first.m);
					run_end(&r);
				}
				par_free(pool);
			}
		}
		run_end(&first);
		struct err e = { 0 };
		cpu_select("auto", &e);
	}
}

/* A number that moves here changes what is learnt. They were taken from the first version (printf "%a"). */
static void losses_are_those_of_the_first_version(void **state)
{
	static const double want[2][10] = {
		{ 0x1.2d35af3f9a9ecp+2, 0x1.368cd770a3d2dp+2, 0x1.207b665bea003p+2, 0x1.256bfc84c5f56p+2, 0x1.19c0dd9a3e16cp+2,
		  0x1.194587cf78527p+2, 0x1.1865c7d793ddap+2, 0x1.1643a25d06e5ep+2, 0x1.1ade804606ed8p+2, 0x1.15cf32bcabfp+2 },
		{ 0x1.1e427cea0db68p+2, 0x1.2ee328bf87bb2p+2, 0x1.250e4b36288aap+2, 0x1.2a90777e7fdfep+2, 0x1.21693d3174118p+2,
		  0x1.1f24346e7dbcep+2, 0x1.14279be2f22fap+2, 0x1.279cbfa684d3p+2, 0x1.2d9a04ac4edd8p+2, 0x1.223866cd4cc9cp+2 },
	};
	static struct run r;
	(void)state;

	for (int way = 0; way < 2; way++) {
		struct seq_opts o = way_of(way ? 7 : 1);
		char got[400] = "";
		bool is_same = true;
		o.batch = 1000;		/* an epoch is a step */
		o.epochs = 10;
		run_begin(&r, &o, 60, 90, NULL);
		assert_int_equal(r.m.steps_in_epoch, 1);
		for (size_t i = 0; i < 10; i++) {
			double loss;
			run_epoch(&r, NULL, &loss);
			is_same &= loss == want[way][i];
			snprintf(got + strlen(got), sizeof got - strlen(got), "%a, ", loss);
		}
		if (!is_same)
			fail_msg("%s: %s", way ? "drawn" : "full", got);
		run_end(&r);
	}
}

static void what_is_learnt_is_there(void **state)
{
	static struct run r;
	struct seq_opts o = plain;
	double first, loss, ndcg, hr;
	struct err e = { 0 };
	(void)state;

	o.epochs = 30;
	o.rate = 0.03;
	o.dims.d = 16;
	o.temperature = 0.1;
	make(&r.world, 200, 60);
	for (size_t j = 0; j < r.world.s.n; j++) {	/* whoever heard i hears i + 1 */
		r.world.s.what[j] = j && r.world.s.time[j] != TIME_NONE ? (r.world.s.what[j - 1] + 1) % 60 : r.world.s.what[j];
		r.world.s.act[j] = 0;
	}
	for (size_t u = 3; u < 200; u += 3)
		r.asked[r.n_asked++] = (struct seq_asked){ (uint32_t)u, r.world.s.what[--r.world.end[u]] };
	assert_int_equal(seq_learn_init(&r.m, &o, &r.world.s, NULL, r.world.end, NULL, &e), 0);
	assert_int_equal(seq_epoch(&r.m, &first, NULL, NULL, &e), 0);
	for (size_t i = 1; i < 30; i++)
		assert_int_equal(seq_epoch(&r.m, &loss, NULL, NULL, &e), 0);
	assert_int_equal(seq_measure(&r.m, false, r.asked, r.n_asked, &ndcg, &hr, NULL, &e), 0);
	if (!(loss < first / 2) || !(ndcg > 0.6) || !(hr >= ndcg))
		fail_msg("loss %g, before %g; ndcg %g, hr %g", loss, first, ndcg, hr);
	run_end(&r);
}

static void what_cannot_be_learnt_from_is_refused(void **state)
{
	struct made w;
	struct seq_learn m;
	struct err e = { 0 };
	struct seq_opts o = plain;
	(void)state;

	make(&w, USERS, ITEMS);
	for (size_t j = 0; j < w.s.n; j++)
		w.s.act[j] |= SEQS_WEIGHTLESS;
	assert_int_equal(seq_learn_init(&m, &o, &w.s, NULL, w.end, NULL, &e), ERR_DATA);
	assert_null(m.own);
	unmake(&w);
	e = (struct err){ 0 };
	make(&w, 2, ITEMS);			/* none, and one event */
	assert_int_equal(seq_learn_init(&m, &o, &w.s, NULL, w.end, NULL, &e), ERR_DATA);
	unmake(&w);
	e = (struct err){ 0 };
	make(&w, USERS, ITEMS);
	o.negatives = 4000000000;		/* sources of a gradient have numbers of 32 bits */
	o.dims.n_kinds = KINDS;
	assert_int_equal(seq_learn_init(&m, &o, &w.s, w.kind, w.end, NULL, &e), ERR_USAGE);
	unmake(&w);
	struct seq_opts bad[] = { plain, plain, plain, plain, plain, plain, plain, plain, plain, plain };
	bad[0].dims.d = 4097;
	bad[1].dims.heads = 3;
	bad[2].dims.heads = 0;
	bad[3].dims.layers = 33;
	bad[4].dims.n = 0;
	bad[5].temperature = NAN;
	bad[6].dropout = 1;
	bad[7].rate = 0;
	bad[8].batch = 0;
	bad[9].dims.hidden = 65537;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(seq_check(&bad[i]));
	assert_null(seq_check(&plain));
}

/* One user, one item, batches larger than there is, kinds without items. */
static void small_worlds_are_learnt_from(void **state)
{
	(void)state;
	for (int way = 0; way < 5; way++) {
		struct made w;
		struct seq_learn m;
		struct err e = { 0 };
		struct seq_opts o = plain;
		double loss = NAN, ndcg = NAN, hr = NAN;
		make(&w, way == 0 ? 3 : USERS, way == 1 ? 1 : ITEMS);
		o.negatives = way == 2 || way == 4 ? 100 : 0;
		o.batch = 4000000000;
		if (way >= 3) {
			o.dims.n_kinds = 4;
			for (size_t i = 0; i < ITEMS; i++)
				w.kind[i] = way == 3 ? 2 : (uint8_t)(i & 1);
		}
		struct seq_asked asked = { 2, w.s.what[--w.end[2]] };
		if (seq_learn_init(&m, &o, &w.s, w.kind, w.end, NULL, &e) || seq_epoch(&m, &loss, NULL, NULL, &e) || seq_epoch(&m, &loss, NULL, NULL, &e) ||
		    seq_measure(&m, false, &asked, 1, &ndcg, &hr, NULL, &e))
			fail_msg("%d: %s", way, e.msg);
		assert_true(isfinite(loss) && loss >= 0 && ndcg >= 0 && ndcg <= hr && hr <= 1);
		assert_true(num_is_finite(m.own, m.n_items * o.dims.d) && num_is_finite(m.w, m.at.n_params));
		seq_learn_release(&m);
		unmake(&w);
	}
}

/* ---- files ---- */

static struct buf checkpoint_of(const struct seq_learn *m, const char *identity)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct sink *s = sink_open_memory("checkpoint", &b);

	if (seq_checkpoint(m, s, identity, NULL, &e) || sink_close(s, &e))
		fail_msg("%s", e.msg);
	return b;
}

static void a_run_goes_on_to_the_same_bytes(void **state)
{
	static struct run whole, part;
	(void)state;

	for (int way = 0; way < 8; way += 3)
		for (size_t cut = 1; cut < 5; cut++) {
			struct seq_opts o = way_of(way);
			struct err e = { 0 };
			double loss, want = 0;
			run_begin(&whole, &o, 60, 90, NULL);
			for (size_t i = 0; i < 4; i++)
				run_epoch(&whole, NULL, &want);
			run_begin(&part, &o, 60, 90, NULL);
			for (size_t i = 0; i < cut; i++)
				run_epoch(&part, NULL, &loss);
			struct buf b = checkpoint_of(&part.m, "who");
			run_end(&part);
			run_begin(&part, &o, 60, 90, NULL);
			if (seq_resume(&part.m, mem_path(b.p, b.len, MEM_MAPPED), "who", &e))
				fail_msg("%s", e.msg);
			assert_int_equal(part.m.n_epochs, cut);
			for (size_t i = cut; i < 4; i++)
				run_epoch(&part, NULL, &loss);
			assert_true(cut == 4 || loss == want);
			same_numbers(&part.m, &whole.m);
			run_end(&part);
			run_end(&whole);
			buf_release(&b);
		}
}

static int resumes(const void *p, size_t n, const char *identity)
{
	static struct run r;
	struct seq_opts o = way_of(0);
	struct err e = { 0 };

	run_begin(&r, &o, 20, 30, NULL);
	int ret = seq_resume(&r.m, mem_path(p, n, MEM_MAPPED), identity, &e);
	assert_true(!ret == !e.msg[0]);
	run_end(&r);
	return ret;
}

static void a_damaged_checkpoint_is_refused(void **state)
{
	static struct run r;
	struct seq_opts o = way_of(0);
	double loss;
	(void)state;

	run_begin(&r, &o, 20, 30, NULL);
	run_epoch(&r, NULL, &loss);
	struct buf b = checkpoint_of(&r.m, "who");
	assert_int_equal(resumes(b.p, b.len, "who"), 0);
	assert_int_equal(resumes(b.p, b.len, "else"), ERR_DATA);
	for (size_t n = 0; n < b.len; n += 1 + b.len / 100)
		assert_int_equal(resumes(b.p, n, "who"), ERR_DATA);
	for (size_t at = 0; at < b.len; at += 1 + b.len / 100) {
		b.p[at] ^= 16;
		assert_int_not_equal(resumes(b.p, b.len, "who"), ERR_MEM);
		b.p[at] ^= 16;
	}
	buf_release(&b);
	struct { size_t *what, to; } wrong[] = { { &r.m.n_epochs, 5 }, { &r.m.n_epochs, 2 }, { &r.m.n_steps, 0 }, { &r.m.best_epoch, 2 }, { &r.m.best_epoch, 0 } };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		size_t kept = *wrong[i].what;
		*wrong[i].what = wrong[i].to;
		b = checkpoint_of(&r.m, "who");
		*wrong[i].what = kept;
		assert_int_equal(resumes(b.p, b.len, "who"), ERR_DATA);
		buf_release(&b);
	}
	float *number[] = { r.m.own, r.m.w_m[1] };
	for (size_t i = 0; i < 2; i++) {
		float kept = number[i][3];
		number[i][3] = NAN;
		b = checkpoint_of(&r.m, "who");
		number[i][3] = kept;
		assert_int_equal(resumes(b.p, b.len, "who"), ERR_DATA);
		buf_release(&b);
	}
	run_end(&r);
}

/* names - of n things. */
static void names(struct vocab *v, const char *what, size_t n)
{
	char name[32];

	for (size_t i = 0; i < n; i++)
		vocab_add(v, name, (size_t)snprintf(name, sizeof name, "%s%zu", what, i));
}

static struct buf model_of(const struct seq_learn *m, bool is_quantised)
{
	struct vocab item = { 0 }, kind = { 0 }, device = { 0 };
	struct weigh weigh;
	struct buf b = { 0 };
	struct err e = { 0 };
	struct sink *s = sink_open_memory("model", &b);

	weigh_init(&weigh);
	names(&item, "i", m->n_items);
	names(&kind, "k", m->o.dims.n_kinds);
	names(&device, "d", m->o.dims.n_devices ? m->o.dims.n_devices - 1 : 0);
	struct seq_names all = { &item, m->o.dims.n_kinds > 1 ? &kind : NULL, m->o.dims.features & SEQ_DEVICE ? &device : NULL };
	if (seq_save(m, is_quantised, s, &all, &weigh, NULL, &e) || sink_close(s, &e))
		fail_msg("%s", e.msg);
	vocab_release(&item);
	vocab_release(&kind);
	vocab_release(&device);
	weigh_release(&weigh);
	return b;
}

static int opens(const void *p, size_t n)
{
	struct model m;
	struct seq s = { 0 };
	const double *count;
	struct err e = { 0 };
	int ret = model_open_memory(&m, "model", p, n, &e);

	if (!ret && !(ret = seq_open(&s, &m, &e)))
		ret = model_ids(&m, MODEL_ITEMS, &e) || model_vectors(&m, MODEL_ITEMS, &e) || model_counts(&m, &count, &e) ? (int)e.code : 0;
	assert_true(!ret == !e.msg[0]);
	seq_close(&s);
	model_release(&m);
	return ret;
}

/* a_little - an epoch of learning, the best one. */
static void a_little(struct run *r, const struct seq_opts *o)
{
	double loss;

	run_begin(r, o, 60, 90, NULL);
	run_epoch(r, NULL, &loss);
	seq_keep(&r->m, 0.5);
}

static void a_file_says_what_was_learnt(void **state)
{
	static struct run r;
	(void)state;

	for (int way = 0; way < 8; way++) {
		struct seq_opts o = way_of(way & 3);
		struct err e = { 0 };
		struct model m;
		struct seq s;
		float x[8];
		o.is_cosine = way < 4;
		o.dims.n_devices = way == 3 ? 1 : o.dims.n_devices;	/* none had a name */
		for (int is_quantised = 0; is_quantised < 2; is_quantised++) {
			a_little(&r, &o);
			struct buf b = model_of(&r.m, is_quantised);
			if (is_quantised)
				seq_quantise(&r.m);
			if (way == 3)
				assert_int_equal(r.m.o.dims.n_devices, 1);
			if (model_open_memory(&m, "model", b.p, b.len, &e) || seq_open(&s, &m, &e) || model_vectors(&m, MODEL_ITEMS, &e))
				fail_msg("%s", e.msg);
			assert_memory_equal(s.w, r.m.best_w, r.m.at.n_params * sizeof(float));
			for (uint32_t i = 0; i < 90; i++) {
				seq_item(x, &s.items, i);
				double length = o.is_cosine && !is_quantised ? num_norm(r.m.best_own + i * 8, 8) : 1;
				for (size_t k = 0; k < 8; k++)
					assert_true(fabs((double)x[k] * length - (double)r.m.best_own[i * 8 + k]) <= 5e-7 * length * fabs((double)x[k]));
				if (o.is_cosine && !is_quantised)
					assert_true(fabs(num_norm(m.vec[MODEL_ITEMS] + i * 8, 8) - 1) < 1e-6);
			}
			assert_int_equal(s.dims.n_kinds, o.dims.n_kinds);
			assert_int_equal(s.dims.attention, o.dims.attention);
			assert_int_equal(s.dims.n_devices, o.dims.features ? o.dims.n_devices : 0);
			if (o.dims.n_kinds > 1) {
				assert_int_equal(seq_kind_find(&s, (struct str){ "k2", 2 }), 2);
				assert_int_equal(seq_kind_find(&s, (struct str){ "k9", 2 }), VOCAB_NONE);
			}
			seq_close(&s);
			model_release(&m);
			buf_release(&b);
			run_end(&r);
		}
	}
}

static void scores_are_cosines_or_log_probabilities(void **state)
{
	static struct run r;
	(void)state;

	for (int way = 0; way < 2; way++) {
		struct seq_opts o = way_of(way);
		struct err e = { 0 };
		struct model m;
		struct seq s;
		struct seq_reader rd;
		float score[90], u[8];
		double sum = 0;
		a_little(&r, &o);
		struct buf b = model_of(&r.m, false);
		if (model_open_memory(&m, "model", b.p, b.len, &e) || seq_open(&s, &m, &e) || model_vectors(&m, MODEL_ITEMS, &e) || seq_reader_init(&rd, &s.dims, &e))
			fail_msg("%s", e.msg);
		struct seq_past past = { 5, r.world.s.what, (uint8_t[5]){ 0 }, NULL, NULL };
		seq_read(&s, &rd, &past);
		seq_scores(&s, &rd, score, u);
		for (size_t i = 0; i < 90; i++) {
			sum += exp((double)score[i]);
			seq_vector(&s, &rd, s.kind ? s.kind[i] : 0, u);
			assert_true(fabs(num_norm(u, 8) - 1) < 1e-6);
			if (!way)
				assert_true(score[i] == num_dot(u, m.vec[MODEL_ITEMS] + i * 8, 8));
		}
		if (way && fabs(sum - 1) > 1e-5)
			fail_msg("probabilities add up to %g", sum);
		seq_reader_release(&rd);
		seq_close(&s);
		model_release(&m);
		buf_release(&b);
		run_end(&r);
	}
}

static void codes_are_within_half_a_step(void **state)
{
	static struct run r;
	struct seq_opts o = way_of(1);
	struct err e = { 0 };
	double before[2], after[2], loss;
	(void)state;

	o.dims.d = 16;
	o.is_cosine = false;	/* then what is rounded is e itself */
	run_begin(&r, &o, 200, 90, NULL);
	for (size_t i = 0; i < 4; i++)
		run_epoch(&r, NULL, &loss);
	seq_keep(&r.m, 1);
	assert_int_equal(seq_measure(&r.m, true, r.asked, r.n_asked, &before[0], &before[1], NULL, &e), 0);
	seq_quantise(&r.m);
	assert_int_equal(seq_measure(&r.m, true, r.asked, r.n_asked, &after[0], &after[1], NULL, &e), 0);
	assert_true(fabs(before[0] - after[0]) < 0.03 && fabs(before[1] - after[1]) < 0.05);
	for (size_t i = 0; i < 90 * 16 + r.m.at.n_params; i += i < 90 * 16 ? 16 : SEQ_GROUP) {
		bool is_item = i < 90 * 16;
		const float *got = is_item ? r.m.best_own + i : r.m.best_w + i - 90 * 16, *want = is_item ? r.m.own + i : r.m.w + i - 90 * 16;
		size_t n = is_item ? 16 : r.m.at.n_params + 90 * 16 - i < SEQ_GROUP ? r.m.at.n_params + 90 * 16 - i : SEQ_GROUP;
		float most = 0;
		for (size_t k = 0; k < n; k++)
			most = fmaxf(most, fabsf(want[k]));
		for (size_t k = 0; k < n; k++)
			assert_true(fabsf(got[k] - want[k]) <= most / 127 * 0.5001f);
	}
	for (size_t i = 0; i < 16; i++)		/* too small to be told apart */
		r.m.best_own[i] = 0x1p-149f * (float)(i * 20);
	for (size_t i = 0; i < SEQ_GROUP; i++)
		r.m.best_w[i] = 0x1p-149f * (float)(i * 20);
	seq_quantise(&r.m);
	for (size_t i = 0; i < SEQ_GROUP; i++)
		assert_true(r.m.best_w[i] == 0);
	run_end(&r);
}

/* ---- damage ---- */

/* What is done to a copy of a file: of tensor `at` (beyond them: nothing) or the meta key. */
enum change { LEFT_OUT, SHORTER, NOT_A_NUMBER, TOO_LARGE, CHANGES };
struct damage { const struct artifact *a; size_t at; enum change change; const char *key, *value; };

static struct buf damaged(const struct damage *x)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct sink *s = sink_open_memory("damaged", &b);
	struct artifactw *w = artifactw_new(s, KIND_MODEL, "seq", &e);

	for (size_t i = 0; i < artifact_n_meta(x->a); i++) {
		struct str key, value;
		artifact_meta_at(x->a, i, &key, &value);
		if (!strcmp(key.p, "kind") || (x->key && !strcmp(x->key, key.p) && !x->value))
			continue;
		artifactw_meta(w, key.p, "%s", x->key && !strcmp(x->key, key.p) ? x->value : value.p);
	}
	for (size_t i = 0; i < artifact_n_tensors(x->a); i++) {
		const char *name;
		enum dtype type;
		size_t ndim, bytes;
		const uint64_t *dim;
		const void *p;
		artifact_tensor_at(x->a, i, &name, &type, &ndim, &dim);
		uint64_t d[3] = { dim[0], dim[1], dim[2] };
		assert_int_equal(artifact_tensor((struct artifact *)(uintptr_t)x->a, name, type, ndim, d, &p, &e), 0);
		bytes = dtype_size(type) * d[0] * d[1] * d[2];
		unsigned char *copy = malloc(bytes + 1);
		memcpy(copy, p, bytes);
		if (i == x->at && x->change == LEFT_OUT) {
			free(copy);
			continue;
		}
		if (i == x->at && x->change == SHORTER)
			d[0]--;
		if (i == x->at && x->change == NOT_A_NUMBER && type == DTYPE_F32)
			memcpy(copy + bytes - 4, &(float){ NAN }, 4);
		if (i == x->at && x->change == NOT_A_NUMBER && type == DTYPE_F64)
			memcpy(copy + bytes - 8, &(double){ INFINITY }, 8);
		if (i == x->at && x->change == TOO_LARGE && type == DTYPE_U8)
			copy[bytes / 2] = 255;
		assert_int_equal(artifactw_tensor(w, name, type, ndim, d, copy, &e), 0);
		free(copy);
	}
	if (artifactw_finish(w, NULL, &e) || sink_close(s, &e))
		fail_msg("%s", e.msg);
	artifactw_free(w);
	return b;
}

static void damaged_files_are_refused(void **state)
{
	static struct run r;
	static const struct { const char *key, *value; } meta[] = {
		{ "d", "0" }, { "d", "9" }, { "d", "4097" }, { "d", "x" }, { "layers", "33" }, { "layers", "1" }, { "layers", "-1" }, { "heads", "0" }, { "heads", "3" }, { "heads", "1" },
		{ "hidden", "1e9" }, { "hidden", "11" }, { "length", "0" }, { "length", "8" }, { "length", "65537" }, { "length", "6.5" }, { "attention", "hard" }, { "features", "16" },
		{ "features", "0" }, { "temperature", "0" }, { "temperature", "nan" }, { "cosine", "2" }, { "n_items", "0" }, { "n_items", "91" }, { "n_items", "89" }, { "weight", "*" },
		{ "d", NULL }, { "layers", NULL }, { "heads", NULL }, { "hidden", NULL }, { "length", NULL }, { "attention", NULL }, { "features", NULL }, { "temperature", NULL },
		{ "cosine", NULL }, { "n_items", NULL }, { "n_users", NULL }, { "weight", NULL },
	};
	(void)state;

	for (int is_quantised = 0; is_quantised < 2; is_quantised++) {
		struct seq_opts o = way_of(1);
		struct err e = { 0 };
		a_little(&r, &o);
		struct buf b = model_of(&r.m, is_quantised);
		struct artifact *a = artifact_load_memory("model", b.p, b.len, KIND_MODEL, &e);
		assert_non_null(a);
		struct damage x = { .a = a, .at = SIZE_MAX };
		struct buf c = damaged(&x);
		if (opens(c.p, c.len))
			fail_msg("a copy does not open");
		buf_release(&c);
		for (x.at = 0; x.at < artifact_n_tensors(a); x.at++)
			for (int change = 0; change < CHANGES; change++) {
				const char *name;
				enum dtype type;
				size_t ndim;
				const uint64_t *dim;
				artifact_tensor_at(a, x.at, &name, &type, &ndim, &dim);
				if ((change == NOT_A_NUMBER && type != DTYPE_F32 && type != DTYPE_F64) || (change == TOO_LARGE && strcmp(name, "item.kind")))
					continue;
				x.change = (enum change)change;
				c = damaged(&x);
				if (opens(c.p, c.len) != ERR_DATA)
					fail_msg("tensor %s, change %d: not refused", name, change);
				buf_release(&c);
			}
		x.at = SIZE_MAX;
		for (size_t i = 0; i < sizeof meta / sizeof *meta; i++) {
			x.key = meta[i].key;
			x.value = meta[i].value;
			c = damaged(&x);
			if (opens(c.p, c.len) != ERR_DATA)
				fail_msg("%s %s: not refused", x.key, x.value ? x.value : "left out");
			buf_release(&c);
		}
		for (size_t n = 0; n < b.len; n += 1 + b.len / 200)
			assert_int_equal(opens(b.p, n), ERR_DATA);
		artifact_free(a);
		buf_release(&b);
		run_end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gradients_are_slopes),
		cmocka_unit_test(reading_is_the_same_at_once_and_by_event),
		cmocka_unit_test(more_events_than_the_length),
		cmocka_unit_test(threads_and_paths_give_the_same_bytes),
		cmocka_unit_test(losses_are_those_of_the_first_version),
		cmocka_unit_test(what_is_learnt_is_there),
		cmocka_unit_test(what_cannot_be_learnt_from_is_refused),
		cmocka_unit_test(small_worlds_are_learnt_from),
		cmocka_unit_test(a_run_goes_on_to_the_same_bytes),
		cmocka_unit_test(a_damaged_checkpoint_is_refused),
		cmocka_unit_test(a_file_says_what_was_learnt),
		cmocka_unit_test(scores_are_cosines_or_log_probabilities),
		cmocka_unit_test(codes_are_within_half_a_step),
		cmocka_unit_test(damaged_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
