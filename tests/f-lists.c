/* Any bytes as lists, truth, gains and the two formats of TREC (the first byte chooses, and whether there is a header): mapped and piped the rows and the end are the same; and as a catalogue's labels. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/eval/lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int walk(const struct buf *b, enum mem_way way, enum list_format format, bool has_header, uint64_t *seen)
{
	struct err e = { 0 }, again = { 0 }, other = { 0 };
	struct listr *r = listr_open(mem_path(b->p, b->len, way), format, has_header, &e);
	struct str user, item, value;
	double x;
	int got = ERR_DATA;

	while (r && (got = listr_next(r, &user, &item, &x, &e)) == 1) {
		assert(user.len && item.len && isfinite(x));
		*seen = fuzz_mix(fuzz_mix(fuzz_mix(*seen, user.p, user.len), item.p, item.len), &x, sizeof x);
		if (listr_feature(r, "p", &value))
			*seen = fuzz_mix(*seen, value.p, value.len);
		assert(listr_bad(r, &other, "a row") == ERR_DATA && other.msg[0]);
		other = (struct err){ 0 };
	}
	assert(got == e.code && (!got || e.msg[0]));
	if (r && !got)
		assert(listr_next(r, &user, &item, &x, &again) == got);
	listr_close(r);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum block_kind kind[] = { KIND_TABLE, KIND_TABLE, KIND_TABLE, KIND_TABLE, KIND_TABLE, KIND_EVENTS };
	static const enum list_format format[] = { LIST_RANKED, LIST_TRUTH, LIST_GAINS, LIST_TREC_RUN, LIST_TREC_QRELS, LIST_TRUTH };
	uint64_t mapped = 0, piped = 0;

	if (!n || n > FUZZ_MAX)
		return 0;
	struct buf b = fuzz_stream(kind[(*p & 7) % 6], p + 1, n - 1);
	int got = walk(&b, MEM_MAPPED, format[(*p & 7) % 6], *p & 8, &mapped), same = walk(&b, MEM_PIPED, format[(*p & 7) % 6], *p & 8, &piped);
	assert(got == same && mapped == piped);
	buf_release(&b);
	return 0;
}
