/* Any bytes as states of listeners: whoever is in them can be loaded, get an event and be saved, and what was saved opens again. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/model/seq_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* net - two layers of two components: 8 numbers an event, 3 of them kept. */
static struct seq *net(void)
{
	static struct seq s;
	static float *w, own[3 * 2] = { 1, 0.5f, -1, 0.25f, 0.5f, 2 };

	if (w)
		return &s;
	s = (struct seq){ .dims = { .d = 2, .layers = 2, .heads = 1, .n = 3, .n_kinds = 1, .features = SEQ_GAP | SEQ_HOUR | SEQ_TIME }, .is_cosine = true };
	seq_layout(&s.at, &s.dims);
	w = malloc(s.at.n_params * sizeof *w);
	seq_begin(w, &s.dims, &s.at, 1);
	s.w = w;
	s.items = (struct seq_items){ .d = 2, .vec = own };
	return &s;
}

/* use - is_finite: numbers in a file may be so large that what comes of them is none. */
static int use(const char *path, struct buf *saved, uint64_t *seen, bool *is_finite)
{
	struct seq *s = net();
	struct seq_states t = { 0 };
	struct seq_reader r;
	struct err e = { 0 };
	bool is_liked;
	int ret = seq_reader_init(&r, &s->dims, &e) || seq_states_open(&t, s, "m", path, &e) ? (int)e.code : 0;
	size_t n = ret ? 0 : t.user.n;

	for (uint32_t u = 0; !ret && u < n; u++) {
		uint32_t k = seq_states_user(&t, t.user.str[u]);
		assert(k == u);
		if ((ret = seq_states_load(&t, u, &r, &is_liked, &e)))
			break;
		assert(r.state.n >= 1 && r.state.n <= 3);
		seq_append(s, &r, &(struct seq_past){ 1, (uint32_t[1]){ u % 3 }, (uint8_t[1]){ 0 }, (int64_t[1]){ 1700000000 }, NULL });
		*seen = fuzz_mix(*seen, r.h, sizeof(float[2]));
		*is_finite &= isfinite(r.h[0]) && isfinite(r.h[1]);
		ret = seq_states_store(&t, u, &r, 1, is_liked, &e);
	}
	if (!ret) {
		struct sink *out = sink_open_memory("saved", saved);
		ret = seq_states_save(&t, out, NULL, &e);
		int closed = sink_close(out, &e);
		assert(!ret && !closed);
	}
	if (e.code != ERR_NONE)
		assert(e.msg[0]);
	seq_states_release(&t);
	seq_reader_release(&r);
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf out[3] = { { 0 } };
	uint64_t seen[3] = { 0 };
	bool is_finite = true;

	if (n > FUZZ_MAX)
		return 0;
	struct buf b = fuzz_stream(KIND_MODEL, p, n);
	int got = use(mem_path(b.p, b.len, MEM_MAPPED), &out[0], &seen[0], &is_finite), same = use(mem_path(b.p, b.len, MEM_PIPED), &out[1], &seen[1], &is_finite);
	assert(got ? got == same || !same : !same && seen[0] == seen[1]);	/* what is piped is checked whole, not page by page */
	if (!got && is_finite) {
		same = use(mem_path(out[0].p, out[0].len, MEM_MAPPED), &out[2], &seen[2], &is_finite);
		assert(!same);
	}
	for (size_t i = 0; i < 3; i++)
		buf_release(&out[i]);
	buf_release(&b);
	return 0;
}
