/* Any bytes as the checkpoint of a run of seq: what is taken goes on for an epoch, is written and read again to the same numbers, and makes a model that opens; or there is a sentence. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/model/seq.h"
#include "../lib/num/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { USERS = 3, EACH = 4, ITEMS = 3 };

/* log_of - three listeners of four events. */
static const struct seqs *log_of(void)
{
	static struct seqs s;
	static size_t start[USERS + 1];
	static uint32_t what[USERS * EACH];
	static uint8_t act[USERS * EACH];
	static int64_t time[USERS * EACH];

	if (s.n)
		return &s;
	for (size_t i = 0; i < USERS * EACH; i++) {
		what[i] = (uint32_t)(i * i % ITEMS);
		time[i] = 1700000000 + (int64_t)i * 500;
		start[i / EACH + 1] = i + 1;
	}
	for (int i = 0; i < ITEMS; i++)
		vocab_add(&s.item, &"abc"[i], 1);
	for (int i = 0; i < USERS; i++)
		vocab_add(&s.user, &"uvw"[i], 1);
	s.n = USERS * EACH;
	s.n_users = USERS;
	s.start = start;
	s.what = what;
	s.act = act;
	s.time = time;
	return &s;
}

static int begin(struct seq_learn *m, struct err *e)
{
	static const struct seq_opts o = { .dims = { .d = 2, .layers = 1, .heads = 1, .hidden = 2, .n = 3, .n_kinds = 1 }, .epochs = 3, .batch = 4, .temperature = 0.3, .neg_power = 0.5,
					   .user_power = 1, .kind_power = 0.5, .stddev = 1, .rate = 0.01, .warmup = 0.1, .clip = 1, .is_cosine = true, .seed = 5 };
	const struct seqs *s = log_of();
	size_t *end = mem_new(USERS, sizeof *end);

	for (size_t u = 0; u < USERS; u++)
		end[u] = s->start[u + 1];
	return seq_learn_init(m, &o, s, NULL, end, NULL, e);
}

static void save(struct seq_learn *m)
{
	struct seq_learn again;
	struct err e = { 0 };
	struct buf b = { 0 };
	struct weigh w;
	struct seq_names names = { &log_of()->item, NULL, NULL };
	struct sink *s = sink_open_memory("checkpoint", &b);
	struct model model;
	struct seq seq;

	int r = seq_checkpoint(m, s, "who", NULL, &e) || sink_close(s, &e) || begin(&again, &e);
	assert(!r);
	r = seq_resume(&again, mem_path(b.p, b.len, MEM_MAPPED), "who", &e);
	assert(!r && again.n_steps == m->n_steps && !memcmp(again.w, m->w, m->at.n_params * sizeof *m->w) && !memcmp(again.own, m->own, ITEMS * 2 * sizeof *m->own));
	seq_learn_release(&again);
	buf_reset(&b);
	weigh_init(&w);
	s = sink_open_memory("model", &b);
	r = seq_save(m, false, s, &names, &w, NULL, &e) || sink_close(s, &e) || model_open_memory(&model, "model", b.p, b.len, &e);
	assert(!r);
	if (!seq_open(&seq, &model, &e))
		seq_close(&seq);
	else
		assert(e.code == ERR_DATA && e.msg[0]);
	model_release(&model);
	weigh_release(&w);
	buf_release(&b);
}

static int walk(const struct buf *b, enum mem_way way, uint64_t *seen)
{
	struct seq_learn m;
	struct err e = { 0 };
	double loss;
	int r = begin(&m, &e);

	assert(!r);
	r = seq_resume(&m, mem_path(b->p, b->len, way), "who", &e);
	if (!r && m.n_epochs < m.o.epochs && !(r = seq_epoch(&m, &loss, NULL, NULL, &e))) {
		assert(isfinite(loss) && num_is_finite(m.w, m.at.n_params));
		seq_keep(&m, 0.5);
		*seen = fuzz_mix(*seen, &loss, sizeof loss);
	}
	if (!r)
		save(&m);
	else
		assert(r == (int)e.code && e.msg[0]);
	seq_learn_release(&m);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fuzz_ways w = fuzz_both(KIND_MODEL, p, n, walk);

	assert(w.got ? w.got == w.same || !w.same : !w.same && w.mapped == w.piped);
	return 0;
}
