/* ordered: histories in order, and that a scorer reads them as the model itself would: other devices, long and empty ones, threads, company, other numbers in a blend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem-path.h"
#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/model/blend.h"
#include "../lib/model/history.h"
#include "../lib/num/num.h"

enum { ITEMS = 30, LENGTH = 8 };

/* a_log - listeners with few events and with many, some of them skips; the first items come in an order that `from` says. */
static void a_log(struct buf *b, uint32_t from)
{
	static const char *const kind[] = { "play", "skip", "like", "" }, *const device[] = { "", "device=phone", "device=car;shuffle=1" };
	struct pcg32 r;

	for (uint32_t i = 0; i < ITEMS; i++)
		buf_printf(b, "all\ti%u\t%u\tplay\t\tdevice=phone\n", (i * 7 + from) % ITEMS, i);
	pcg32_seed(&r, 5, 0);
	for (int i = 0; i < 400; i++)
		buf_printf(b, "u%u\ti%u\t%u\t%s\t\t%s\n", pcg32_bounded(&r, 20) * pcg32_bounded(&r, 3), pcg32_bounded(&r, ITEMS), pcg32_bounded(&r, 100000), kind[pcg32_bounded(&r, 4)],
			   device[pcg32_bounded(&r, 3)]);
}

/* a_model - the file of a seq model that has learnt for one epoch. */
static void a_model(struct buf *to, uint32_t from, uint64_t seed)
{
	struct seq_opts o = { .dims = { .d = 16, .layers = 2, .heads = 2, .hidden = 20, .n = LENGTH, .n_kinds = 2, .features = SEQ_GAP | SEQ_HOUR | SEQ_DEVICE | SEQ_TIME }, .epochs = 1, .batch = 4, .stddev = 1,
			      .temperature = 0.1, .rate = 0.01, .is_cosine = true, .seed = seed };
	struct seqs_opts so = { .has_devices = true };
	struct seqs s = { 0 };
	struct seq_learn m;
	struct buf b = { 0 };
	struct err e = { 0 };
	struct weigh w;
	struct vocab kinds = { 0 };
	uint8_t kind[ITEMS];
	double loss;

	a_log(&b, from);
	const char *path = mem_path(b.p, b.len, MEM_MAPPED);
	assert_int_equal(seqs_load(&s, &path, 1, &so, NULL, NULL, &e), 0);
	assert_int_equal(s.item.n, ITEMS);
	o.dims.n_devices = s.device.n + 1;
	for (uint32_t i = 0; i < ITEMS; i++)
		kind[i] = s.item.str[i].p[s.item.str[i].len - 1] % 2;
	vocab_add(&kinds, "music", 5);
	vocab_add(&kinds, "podcast", 7);
	size_t *end = mem_try(s.n_users, sizeof *end, "ends", &e);
	memcpy(end, s.start + 1, s.n_users * sizeof *end);
	if (seq_learn_init(&m, &o, &s, kind, end, NULL, &e) || seq_epoch(&m, &loss, NULL, NULL, &e))
		fail_msg("%s", e.msg);
	seq_keep(&m, 0);
	weigh_init(&w);
	struct sink *sink = sink_open_memory("model", to);
	assert_int_equal(seq_save(&m, false, sink, &(struct seq_names){ &s.item, &kinds, &s.device }, &w, NULL, &e), 0);
	assert_int_equal(sink_close(sink, &e), 0);
	weigh_release(&w);
	vocab_release(&kinds);
	seq_learn_release(&m);
	seqs_release(&s);
	buf_release(&b);
}

struct subject { struct buf file; struct model m; struct scorer s; struct history h; };

static void load(struct subject *t, const char *log, const char *more)
{
	struct err e = { 0 };
	char path[2][64];
	const char *at[] = { path[0], path[1] };
	int fd[2];

	for (int i = 0; i < 2; i++) {
		const char *text = i ? more : log;
		fd[i] = memfd_create("log", MFD_CLOEXEC);
		assert_int_equal(write(fd[i], text, strlen(text)), strlen(text));
		snprintf(path[i], sizeof path[i], "/proc/self/fd/%d", fd[i]);
	}
	struct history_source from = { at, 1, at + 1, 1, weigh_event, scorer_weigh(&t->s), false, scorer_wants_order(&t->s) };
	if (history_load(&t->h, &from, &t->m, NULL, NULL, &e))
		fail_msg("%s", e.msg);
	close(fd[0]);
	close(fd[1]);
}

static void open_file(struct subject *t, struct par *pool)
{
	struct err e = { 0 };

	if (model_open_memory(&t->m, "m", t->file.p, t->file.len, &e) || model_ids(&t->m, MODEL_ITEMS, &e) || scorer_open(&t->s, &t->m, pool, &e))
		fail_msg("%s", e.msg);
}

static void open_subject(struct subject *t, uint32_t from, uint64_t seed, struct par *pool)
{
	*t = (struct subject){ .file = { 0 } };
	a_model(&t->file, from, seed);
	open_file(t, pool);
}

static void close_subject(struct subject *t)
{
	history_release(&t->h);
	scorer_release(&t->s);
	model_release(&t->m);
	buf_release(&t->file);
}

/* The first listener's devices come in another order than the model's; of the third nothing is known, of the fourth nothing has weight. */
static const char asked[] = "a\ti3\t50\tplay\t\tdevice=car\na\ti4\t60\tskip\t\tdevice=new\na\ti5\t20\tplay\t\tdevice=phone\nb\ti7\nb\ti8\nstranger\tx\t1\nskipper\ti1\t5\tskip\n"
			    "long\ti1\t1\nlong\ti2\t2\nlong\ti3\t3\nlong\ti4\t4\nlong\ti5\t5\nlong\ti6\t6\tlike\nlong\ti7\t7\nlong\ti8\t8\nlong\ti9\t9\nlong\ti10\t10\tskip\nlong\ti11\t10\n";

static void histories_are_in_order(void **state)
{
	struct subject t;

	(void)state;
	open_subject(&t, 0, 1, NULL);
	assert_true(scorer_wants_order(&t.s));
	load(&t, asked, "a\ti9\t1\nlater\ti9\t1\n");
	const struct seqs *s = &t.h.order;
	assert_int_equal(t.h.user.n, 5);
	assert_int_equal(s->n_users, 5);
	assert_memory_equal(s->start, ((size_t[]){ 0, 3, 5, 5, 6, 17 }), 6 * sizeof *s->start);
	static const char *const a[] = { "i5", "i3", "i4" };
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(s->what[i], idtab_find(&t.m.ids[MODEL_ITEMS], a[i], 2));
	assert_memory_equal(s->act, ((uint8_t[]){ SEQS_PLAY, SEQS_PLAY, SEQS_SKIP | SEQS_WEIGHTLESS, SEQS_PLAY, SEQS_PLAY, SEQS_SKIP | SEQS_WEIGHTLESS }), 6);
	assert_memory_equal(s->device_of, ((uint8_t[]){ 1, 2, 0, 0, 0, 0 }), 6);
	assert_int_equal(s->device.n, 2);	/* the model's */
	assert_string_equal(s->device.str[1].p, "car");
	assert_true(s->time[0] == 20 && s->time[3] == TIME_NONE);
	assert_int_equal(t.h.has.start[1], 4);	/* what is only had is no event */
	assert_int_equal(t.h.liked.start[1], 2);
	close_subject(&t);
}

/* direct - out [ITEMS] of listener u, by the model itself; vector [d] of kind 1. */
static void direct(const struct subject *t, float *out, float *vector, size_t u)
{
	const struct seqs *h = &t->h.order;
	const struct seq *q = &t->s.ordered.seq;
	size_t from = h->start[u], n = h->start[u + 1] - from;
	struct seq_reader r;
	struct err e = { 0 };
	uint8_t device[64];
	float scratch[64];

	memset(out, 0, ITEMS * sizeof *out);
	if (!n)
		return;
	assert_int_equal(seq_reader_init(&r, &q->dims, &e), 0);
	for (size_t i = 0; i < n; i++) {
		struct str name = h->device_of[from + i] ? h->device.str[h->device_of[from + i] - 1] : (struct str){ "no", 2 };
		uint32_t code = idtab_find(&q->devices, name.p, name.len);
		device[i] = code == VOCAB_NONE ? 0 : (uint8_t)(code + 1);
	}
	seq_read(q, &r, &(struct seq_past){ n, h->what + from, h->act + from, h->time + from, device });
	seq_scores(q, &r, out, scratch);
	seq_vector(q, &r, 1, vector);
	seq_reader_release(&r);
}

static void scores_are_the_models_own(void **state)
{
	struct err e = { 0 };
	float want[5][ITEMS], got[5][ITEMS], vector[16], x[16];

	(void)state;
	for (int threads = 1; threads <= 3; threads += 2) {
		struct par *pool = par_new(threads, &e);
		struct subject t;
		struct ordered_view v;
		struct ordered_reader r;
		open_subject(&t, 0, 1, pool);
		load(&t, asked, "");
		assert_int_equal(ordered_reader_init(&r, &t.s.ordered, &e), 0);
		ordered_see(&v, &t.s.ordered, &t.h.order);
		assert_int_equal(ordered_choose(&t.s.ordered, "podcast", &e), 0);
		for (size_t u = 0; u < 5; u++) {
			direct(&t, want[u], vector, u);
			assert_int_equal(ordered_vector(&v, &r, x, u), u != 2);
			if (u == 2)
				memset(vector, 0, sizeof vector);
			assert_memory_equal(x, vector, sizeof x);
		}
		assert_int_equal(scorer_scores(&t.s, got[0], &t.h.liked, &t.h.order, 0, 5, pool, &e), 0);
		assert_memory_equal(got, want, sizeof got);
		assert_int_equal(scorer_scores(&t.s, got[0], &t.h.liked, &t.h.order, 3, 2, pool, &e), 0);
		assert_memory_equal(got, want[3], 2 * sizeof *got);
		for (size_t i = 0; i < ITEMS; i++)
			assert_true(want[2][i] == 0 && want[0][i] < 0);	/* log probabilities */
		ordered_reader_release(&r);
		close_subject(&t);
		par_free(pool);
	}
}

/* a_session_model - the same of sessions. */
static void a_session_model(struct buf *to)
{
	struct session_opts o = { .d = 16, .epochs = 1, .window = 3, .negatives = 8, .neg_power = 0.75, .back = 0.3, .rate = 0.1, .batch = 64, .decay = 0.5 };
	struct seqs_opts so = { .keep_weightless = true };
	struct seqs s = { 0 };
	struct session m;
	struct buf b = { 0 };
	struct err e = { 0 };
	struct weigh w;
	double loss;

	a_log(&b, 0);
	const char *path = mem_path(b.p, b.len, MEM_MAPPED);
	assert_int_equal(seqs_load(&s, &path, 1, &so, NULL, NULL, &e), 0);
	if (session_init(&m, &(struct session_data){ ITEMS, s.n_users, s.start, s.what, 0, NULL, NULL }, &o, NULL, &e) || session_epoch(&m, &loss, 0, NULL, &e))
		fail_msg("%s", e.msg);
	weigh_init(&w);
	struct sink *sink = sink_open_memory("model", to);
	assert_int_equal(session_save(&m, sink, s.n_users, &s.item, &w, s.n_events, NULL, &e), 0);
	assert_int_equal(sink_close(sink, &e), 0);
	weigh_release(&w);
	session_release(&m);
	seqs_release(&s);
	buf_release(&b);
}

static void sessions_are_folds_of_what_has_weight(void **state)
{
	static const char *const known[] = { "i5 i3", "i7 i8", "", "", "i1 i2 i3 i4 i5 i6 i7 i8 i9 i11" };
	struct subject t = { .file = { 0 } };
	struct ordered_view v;
	struct ordered_reader r;
	struct err e = { 0 };
	float got[5][ITEMS], want[ITEMS], x[16], vector[16];

	(void)state;
	a_session_model(&t.file);
	open_file(&t, NULL);
	load(&t, asked, "");
	const struct session_fold *f = &t.s.ordered.session;
	assert_int_equal(ordered_reader_init(&r, &t.s.ordered, &e), 0);
	ordered_see(&v, &t.s.ordered, &t.h.order);
	assert_int_equal(scorer_scores(&t.s, got[0], &t.h.liked, &t.h.order, 0, 5, NULL, &e), 0);
	for (size_t u = 0; u < 5; u++) {
		uint32_t item[16];
		size_t n = 0;
		for (const char *p = known[u]; *p; p += strspn(p, " ")) {
			size_t len = strcspn(p, " ");
			item[n++] = idtab_find(&t.m.ids[MODEL_ITEMS], p, len);
			p += len;
		}
		session_fold(f, vector, item, n);
		assert_int_equal(ordered_vector(&v, &r, x, u), n > 0);
		assert_memory_equal(x, vector, sizeof x);
		for (size_t i = 0; i < ITEMS; i++)
			want[i] = n ? num_dot(vector, f->item + i * 16, 16) : 0;
		assert_memory_equal(got[u], want, sizeof want);
	}
	assert_int_equal(ordered_choose(&t.s.ordered, NULL, &e), 0);
	assert_int_equal(ordered_choose(&t.s.ordered, "music", &e), ERR_USAGE);
	assert_string_equal(e.msg, "m knows no kinds of content, 'music' is none");
	ordered_reader_release(&r);
	close_subject(&t);
}

static void order_acts_and_devices_count(void **state)
{
	static const char *const log[] = { "a\ti1\t1\na\ti2\t2\n", "a\ti1\t2\na\ti2\t1\n", "a\ti1\t1\na\ti2\t2\tskip\n", "a\ti1\t1\na\ti2\t2\t\t\tdevice=car\n", "a\ti2\t2\t\t\tdevice=unheard\na\ti1\t1\n" };
	float out[5][ITEMS];
	struct subject t;
	struct err e = { 0 };

	(void)state;
	open_subject(&t, 0, 1, NULL);
	for (size_t k = 0; k < 5; k++) {
		load(&t, log[k], "");
		assert_int_equal(scorer_scores(&t.s, out[k], &t.h.liked, &t.h.order, 0, 1, NULL, &e), 0);
		history_release(&t.h);
	}
	for (size_t k = 1; k < 4; k++)
		assert_memory_not_equal(out[k], out[0], sizeof *out);
	assert_memory_equal(out[4], out[0], sizeof *out);	/* a device that the model has not seen is none */
	close_subject(&t);
}

static void contents_are_chosen(void **state)
{
	struct subject t;
	struct err e = { 0 };

	(void)state;
	open_subject(&t, 0, 1, NULL);
	assert_int_equal(ordered_choose(&t.s.ordered, "music", &e), 0);
	assert_int_equal(t.s.ordered.content, 0);
	assert_int_equal(ordered_choose(&t.s.ordered, "podcast", &e), 0);
	assert_int_equal(t.s.ordered.content, 1);
	assert_int_equal(ordered_choose(&t.s.ordered, NULL, &e), ERR_USAGE);
	assert_string_equal(e.msg, "m has vectors of these kinds of content, one of which is to be named: 'music', 'podcast'");
	e = (struct err){ 0 };
	assert_int_equal(ordered_choose(&t.s.ordered, "radio", &e), ERR_USAGE);
	close_subject(&t);
}

static void a_blend_turns_what_its_parts_number_otherwise(void **state)
{
	struct subject part[2], both = { .file = { 0 } };
	struct blend b = { 0 };
	struct err e = { 0 };
	float z[5 * ITEMS], own[5 * ITEMS], sum[5 * ITEMS];
	double sd[5];

	(void)state;
	for (uint32_t k = 0; k < 2; k++) {
		open_subject(&part[k], k * 11, k + 1, NULL);
		assert_int_equal(blend_add(&b, mem_path(part[k].file.p, part[k].file.len, MEM_MAPPED), NULL, &e), 0);
		load(&part[k], asked, "");
		b.part[k].weight = 0.5;
	}
	assert_non_null(b.part[1].to);
	struct sink *s = sink_open_memory("blend", &both.file);
	assert_int_equal(blend_save(&b, s, NULL, NULL, &e), 0);
	assert_int_equal(sink_close(s, &e), 0);
	blend_release(&b);
	open_file(&both, NULL);
	assert_true(scorer_wants_order(&both.s));
	load(&both, asked, "");
	memset(sum, 0, sizeof sum);
	for (size_t k = 0; k < 2; k++) {
		const struct blend_part *p = &both.s.blend->part[k];
		assert_int_equal(blend_part_scores(both.s.blend, k, z, sd, &both.h.liked, &both.h.order, 0, 5, NULL, &e), 0);
		assert_int_equal(scorer_scores(&part[k].s, own, &part[k].h.liked, &part[k].h.order, 0, 5, NULL, &e), 0);
		for (size_t u = 0; u < 5; u++)
			for (size_t i = 0; i < ITEMS; i++) {
				float want = sd[u] > 0 ? (float)((double)own[u * ITEMS + (p->to ? p->to[i] : i)] * (1 / sd[u])) : 0;
				assert_true(z[u * ITEMS + i] == want);
				sum[u * ITEMS + i] = fmaf(0.5f, want, sum[u * ITEMS + i]);
			}
	}
	assert_int_equal(scorer_scores(&both.s, z, &both.h.liked, &both.h.order, 0, 5, NULL, &e), 0);
	assert_memory_equal(z, sum, sizeof z);
	close_subject(&both);
	close_subject(&part[0]);
	close_subject(&part[1]);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(histories_are_in_order),
		cmocka_unit_test(scores_are_the_models_own),
		cmocka_unit_test(sessions_are_folds_of_what_has_weight),
		cmocka_unit_test(order_acts_and_devices_count),
		cmocka_unit_test(contents_are_chosen),
		cmocka_unit_test(a_blend_turns_what_its_parts_number_otherwise),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
