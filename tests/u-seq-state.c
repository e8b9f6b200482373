/* seq_state: what comes back is what was stored, bit for bit, however the events came; those without events are carried over; another model's and damaged files are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/model/seq_state.h"
#include "../lib/num/fmath.h"
#include "mem-path.h"

enum { USERS = 7, EVENTS = 60, ITEMS = 20, D = 8, LENGTH = 40 };

static uint8_t kind_of[ITEMS];
struct net { struct seq s; struct seq_reader a, b; float *own, *w; };

static void net_begin(struct net *t, size_t layers, size_t length)
{
	struct err e = { 0 };
	struct pcg32 g;

	*t = (struct net){ .s = { .dims = { .d = D, .layers = layers, .heads = 2, .hidden = 12, .n = length, .n_kinds = layers == 2 ? 3 : 1, .n_devices = 3, .features = 15 }, .is_cosine = true } };
	seq_layout(&t->s.at, &t->s.dims);
	t->w = malloc(t->s.at.n_params * sizeof *t->w);
	t->own = malloc(ITEMS * D * sizeof *t->own);
	seq_begin(t->w, &t->s.dims, &t->s.at, 3);
	pcg32_seed(&g, 1, 1);
	for (size_t i = 0; i < t->s.at.n_params; i++)
		t->w[i] += 0.2f * fm_normal(&g);
	for (size_t i = 0; i < ITEMS * D; i++)
		t->own[i] = 0.2f * fm_normal(&g);
	t->s.w = t->w;
	t->s.items = (struct seq_items){ .d = D, .vec = t->own };
	for (size_t i = 0; i < ITEMS; i++)
		kind_of[i] = (uint8_t)(i % 3);
	t->s.kind = layers == 2 ? kind_of : NULL;
	assert_int_equal(seq_reader_init(&t->a, &t->s.dims, &e), 0);
	assert_int_equal(seq_reader_init(&t->b, &t->s.dims, &e), 0);
}

static void net_end(struct net *t)
{
	seq_reader_release(&t->a);
	seq_reader_release(&t->b);
	free(t->w);
	free(t->own);
}

/* Events of each user, the same for all tests. */
static struct log { uint32_t what[EVENTS]; uint8_t act[EVENTS], device[EVENTS]; int64_t time[EVENTS]; } made[USERS];

static void make(void)
{
	struct pcg32 g;

	pcg32_seed(&g, 5, 5);
	for (size_t u = 0; u < USERS; u++)
		for (size_t j = 0; j < EVENTS; j++) {
			made[u].what[j] = pcg32_bounded(&g, ITEMS);
			made[u].act[j] = (uint8_t)pcg32_bounded(&g, 4);
			made[u].device[j] = (uint8_t)pcg32_bounded(&g, 3);
			made[u].time[j] = pcg32_bounded(&g, 9) ? 1700000000 + (int64_t)j * 1000 + pcg32_bounded(&g, 900) : TIME_NONE;
		}
}

static struct seq_past past(size_t u, size_t from, size_t n)
{
	return (struct seq_past){ n, made[u].what + from, made[u].act + from, made[u].time + from, made[u].device + from };
}

static struct str name(size_t u)
{
	static char text[8];

	return (struct str){ text, (size_t)snprintf(text, sizeof text, "u%zu", u) };
}

static void add(struct seq_states *t, struct net *net, size_t u, size_t from, size_t n)
{
	struct err e = { 0 };
	bool is_liked;
	struct seq_past p = past(u, from, n);

	uint32_t k = seq_states_user(t, name(u));
	if (seq_states_load(t, k, &net->a, &is_liked, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(is_liked, from > 0 && u != 2);
	seq_append(&net->s, &net->a, &p);
	if (seq_states_store(t, k, &net->a, n, u != 2, &e))
		fail_msg("%s", e.msg);
}

static struct buf saved(const struct seq_states *t)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct sink *s = sink_open_memory("state", &b);

	if (seq_states_save(t, s, NULL, &e) || sink_close(s, &e))
		fail_msg("%s", e.msg);
	return b;
}

/* reopen - what a file holds after it was written and read. */
static void reopen(struct seq_states *t, struct net *net, enum mem_way way)
{
	struct err e = { 0 };
	struct buf b = saved(t);

	seq_states_release(t);
	if (seq_states_open(t, &net->s, "who", mem_path(b.p, b.len, way), &e))
		fail_msg("%s", e.msg);
	buf_release(&b);
}

static void same_state(const struct seq *s, const struct seq_state *a, const struct seq_state *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < 2 * s->dims.layers; i++)
		assert_memory_equal(a->kv + i * a->cap * D, b->kv + i * b->cap * D, a->n * D * sizeof(float));
	assert_memory_equal(a->time, b->time, a->n * sizeof *a->time);
	if (s->dims.n_kinds > 1)
		assert_memory_equal(a->kind, b->kind, a->n);
}

/* Each user's events in pieces, some of them over several files, against one reading. */
static void pieces_are_the_whole(void **state)
{
	(void)state;
	for (size_t layers = 0; layers < 3; layers++)
		for (int way = MEM_MAPPED; way < MEM_WAYS; way++) {
			struct net net;
			struct seq_states t;
			struct err e = { 0 };
			struct pcg32 g;
			size_t at[USERS] = { 0 };
			bool is_liked;
			net_begin(&net, layers, LENGTH);
			pcg32_seed(&g, 9, layers);
			assert_int_equal(seq_states_open(&t, &net.s, "who", NULL, &e), 0);
			for (size_t step = 0; step < 60; step++) {
				size_t u = pcg32_bounded(&g, USERS), n = 1 + pcg32_bounded(&g, 9);
				n = n < LENGTH - at[u] ? n : LENGTH - at[u];
				if (n)
					add(&t, &net, u, at[u], n);
				at[u] += n;
				if (step % 7 == 6)
					reopen(&t, &net, (enum mem_way)way);
			}
			for (size_t u = 0; u < USERS; u++) {
				struct seq_past all = past(u, 0, at[u]);
				uint32_t k = vocab_find(&t.user, name(u).p, name(u).len);
				assert_int_not_equal(k, VOCAB_NONE);
				assert_int_equal(seq_states_load(&t, k, &net.a, &is_liked, &e), 0);
				seq_read(&net.s, &net.b, &all);
				same_state(&net.s, &net.a.state, &net.b.state);
				assert_int_equal(is_liked, u != 2);
			}
			struct buf once = saved(&t), twice;
			reopen(&t, &net, (enum mem_way)way);
			twice = saved(&t);
			assert_int_equal(once.len, twice.len);
			assert_memory_equal(once.p, twice.p, once.len);
			buf_release(&once);
			buf_release(&twice);
			seq_states_release(&t);
			net_end(&net);
		}
}

/* Beyond the length: as seq_append has it in memory. */
static void the_oldest_are_forgotten(void **state)
{
	(void)state;
	for (size_t length = 1; length < 30; length += 4) {
		struct net net, other;
		struct seq_states t;
		struct err e = { 0 };
		struct pcg32 g;
		bool is_liked;
		net_begin(&net, 2, length);
		net_begin(&other, 2, length);
		pcg32_seed(&g, 2, length);
		assert_int_equal(seq_states_open(&t, &net.s, "who", NULL, &e), 0);
		add(&t, &net, 3, 0, 2);
		for (size_t at = 0, n; at < EVENTS; at += n) {
			n = 1 + pcg32_bounded(&g, 8);
			n = n < EVENTS - at ? n : EVENTS - at;
			struct seq_past p = past(1, at, n);
			add(&t, &net, 1, at, n);
			seq_append(&other.s, &other.b, &p);
			if (at % 3 == 2)
				reopen(&t, &net, MEM_MAPPED);
			assert_int_equal(seq_states_load(&t, vocab_find(&t.user, "u1", 2), &net.a, &is_liked, &e), 0);
			same_state(&net.s, &net.a.state, &other.b.state);
		}
		seq_states_release(&t);
		net_end(&net);
		net_end(&other);
	}
}

static void nobody_is_a_state_too(void **state)
{
	struct net net;
	struct seq_states t;
	struct err e = { 0 };
	(void)state;

	net_begin(&net, 1, LENGTH);
	assert_int_equal(seq_states_open(&t, &net.s, "who", NULL, &e), 0);
	reopen(&t, &net, MEM_MAPPED);
	assert_int_equal(t.user.n, 0);
	add(&t, &net, 0, 0, 3);
	reopen(&t, &net, MEM_MAPPED);
	assert_int_equal(t.user.n, 1);
	seq_states_release(&t);
	net_end(&net);
}

/* uses - everything a program does with a file. */
static int uses(struct net *net, const char *model, const char *path)
{
	struct seq_states t;
	struct err e = { 0 };
	struct buf b = { 0 };
	bool is_liked;
	int ret = seq_states_open(&t, &net->s, model, path, &e);

	for (uint32_t u = 0; !ret && u < t.user.n; u++)
		ret = seq_states_load(&t, u, &net->a, &is_liked, &e);
	if (!ret) {
		struct sink *s = sink_open_memory("state", &b);
		ret = seq_states_save(&t, s, NULL, &e);
		sink_abandon(s);
	}
	seq_states_release(&t);
	buf_release(&b);
	assert_true(!ret == !e.msg[0]);
	return ret;
}

/* rewritten - a file like `a`, its tensor `at` left out (0), shorter (1) or with its first number 255s (2); or of other meta. */
static struct buf rewritten(struct artifact *a, size_t at, int change, const char *key, const char *value)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct sink *s = sink_open_memory("damaged", &b);
	struct artifactw *w = artifactw_new(s, KIND_MODEL, key && !strcmp(key, "kind") ? value : "seq.state", &e);

	for (size_t i = 0; i < artifact_n_meta(a); i++) {
		struct str k, v;
		artifact_meta_at(a, i, &k, &v);
		if (strcmp(k.p, "kind"))
			artifactw_meta(w, k.p, "%s", key && !strcmp(key, k.p) ? value : v.p);
	}
	for (size_t i = 0; i < artifact_n_tensors(a); i++) {
		const char *what;
		enum dtype type;
		size_t ndim;
		const uint64_t *dim;
		const void *p;
		artifact_tensor_at(a, i, &what, &type, &ndim, &dim);
		uint64_t d[3] = { dim[0], dim[1], dim[2] };
		assert_int_equal(artifact_tensor(a, what, type, ndim, d, &p, &e), 0);
		size_t bytes = dtype_size(type) * d[0] * d[1] * d[2];
		unsigned char *copy = malloc(bytes + 1);
		memcpy(copy, p, bytes);
		d[0] -= i == at && change == 1;
		if (i == at && change == 2)
			memset(copy, 255, dtype_size(type));
		if (i != at || change)
			assert_int_equal(artifactw_tensor(w, what, type, ndim, d, copy, &e), 0);
		free(copy);
	}
	if (artifactw_finish(w, NULL, &e) || sink_close(s, &e))
		fail_msg("%s", e.msg);
	artifactw_free(w);
	return b;
}

static void damaged_files_are_refused(void **state)
{
	struct net net, other;
	struct seq_states t;
	struct err e = { 0 };
	(void)state;

	net_begin(&net, 2, LENGTH);
	net_begin(&other, 1, LENGTH);
	assert_int_equal(seq_states_open(&t, &net.s, "who", NULL, &e), 0);
	for (size_t u = 0; u < USERS; u++)
		add(&t, &net, u, 0, 5 + u);
	struct buf b = saved(&t);
	seq_states_release(&t);
	assert_int_equal(uses(&net, "who", mem_path(b.p, b.len, MEM_MAPPED)), 0);
	assert_int_equal(uses(&net, "else", mem_path(b.p, b.len, MEM_MAPPED)), ERR_DATA);
	assert_int_equal(uses(&other, "who", mem_path(b.p, b.len, MEM_MAPPED)), ERR_DATA);
	for (size_t n = 0; n < b.len; n += 1 + b.len / 150)
		assert_int_equal(uses(&net, "who", mem_path(b.p, n, MEM_MAPPED)), ERR_DATA);
	for (size_t at = 0; at < b.len; at += 1 + b.len / 300) {	/* a bit is found, or lies where nothing is read */
		b.p[at] ^= 4;
		int ret = uses(&net, "who", mem_path(b.p, b.len, MEM_MAPPED));
		b.p[at] ^= 4;
		assert_true(!ret || ret == ERR_DATA);
	}
	struct artifact *a = artifact_load_memory("state", b.p, b.len, KIND_MODEL, &e);
	struct buf c = rewritten(a, SIZE_MAX, 0, NULL, NULL);
	assert_int_equal(uses(&net, "who", mem_path(c.p, c.len, MEM_MAPPED)), 0);
	buf_release(&c);
	for (size_t i = 0; i < artifact_n_tensors(a); i++)
		for (int change = 0; change < 3; change++) {
			const char *what;
			enum dtype type;
			size_t ndim;
			const uint64_t *dim;
			artifact_tensor_at(a, i, &what, &type, &ndim, &dim);
			c = rewritten(a, i, change, NULL, NULL);
			int ret = uses(&net, "who", mem_path(c.p, c.len, MEM_MAPPED));
			if (ret != ERR_DATA && !(change == 2 && !strcmp(what, "is_liked")))
				fail_msg("tensor %s, change %d: %d", what, change, ret);
			buf_release(&c);
		}
	static const char *const meta[][2] = { { "kind", "seq" }, { "model", "x" }, { "length", "39" }, { "length", "x" } };
	for (size_t i = 0; i < sizeof meta / sizeof *meta; i++) {
		c = rewritten(a, SIZE_MAX, 0, meta[i][0], meta[i][1]);
		assert_int_equal(uses(&net, "who", mem_path(c.p, c.len, MEM_MAPPED)), ERR_DATA);
		buf_release(&c);
	}
	artifact_free(a);
	buf_release(&b);
	net_end(&net);
	net_end(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_the_whole),
		cmocka_unit_test(the_oldest_are_forgotten),
		cmocka_unit_test(nobody_is_a_state_too),
		cmocka_unit_test(damaged_files_are_refused),
	};
	make();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
