/*
 * Any bytes as a vector index: it is searched in every way, as few rows and as many, looked up, checked, added to and deleted from. What is found may be found, once, in order; mapped and piped give the same
 * where both give any; and what is made of an index that is good is an index.
 */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/index/ann.h"
#include "../lib/index/nav_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ROWS_MAX = 200, DIM_MAX = 64, MORE = 3 };

static void find(struct ann *a, struct ann_walk *w, const float *q, const struct ann_ask *ask, uint64_t *seen, bool *is_bad)
{
	struct topk_hit *hit = mem_new(ask->k + 1, sizeof *hit);
	struct err e = { 0 };
	size_t n, looked = 0;

	if (ann_search(a, w, q, ask, hit, &n, &looked, &e)) {
		assert(e.code < 0 && e.msg[0] && !n);
		*is_bad = true;
	}
	assert(n <= ask->k && n <= a->n && looked <= 2 * a->n);
	for (size_t i = 0; i < n; i++) {
		assert(hit[i].row < a->n && isfinite(hit[i].score) && hit[i].score >= ask->least && hit[i].row + 1 != ask->hide);
		assert(!ask->allowed || nav_bit(ask->allowed, hit[i].row));
		for (size_t j = 0; j < ask->n_ban; j++)
			assert(hit[i].row != ask->ban[j]);
		for (size_t j = 0; j < i; j++)
			assert(hit[j].row != hit[i].row && hit[j].score >= hit[i].score);
		*seen = fuzz_mix(*seen, &hit[i], sizeof *hit);
	}
	mem_free(hit);
}

/* search - by a row and by others, every way. */
static void search(struct ann *a, uint64_t *seen, bool *is_bad)
{
	static const size_t efs[] = { 1, 4, 30, 4096 };
	struct err e = { 0 };
	struct ann_walk *w = ann_walk_new(a, &e);
	uint64_t *allowed = mem_new(a->n / 64 + 1, sizeof *allowed);
	float *q = mem_new(a->d + 1, sizeof *q);
	uint32_t ban[] = { 0, 2, 3, 70 };
	size_t n_allowed = 0;

	for (size_t r = 0; r < a->n; r += 2, n_allowed++)
		allowed[r / 64] |= (uint64_t)1 << r % 64;
	for (int t = 0; t < 3; t++) {
		const float *v = t && a->n ? ann_vector(a, t == 1 ? 0 : a->n - 1) : NULL;
		for (size_t i = 0; i < a->d; i++)
			q[i] = v ? v[i] : (float)(i % 3) - 1;
		for (int how = 0; how < 16; how++) {
			struct ann_ask ask = { .k = 1 + (size_t)how % 4 * 3, .ef = efs[how / 4], .least = how % 5 == 4 ? 0 : -INFINITY };
			if ((how + t) % 3 == 1) {
				ask.allowed = allowed;
				ask.n_allowed = n_allowed;
			}
			if ((how + t) % 4 == 2) {
				ask.ban = ban;
				ask.n_ban = 4;
			}
			ask.hide = how % 4 == 3 && a->n ? 1 + (uint32_t)(a->n / 2) : 0;
			find(a, w, q, &ask, seen, is_bad);
		}
	}
	ann_walk_free(w);
	mem_free(allowed);
	mem_free(q);
}

struct rows { struct ann *a; const struct idtab *t; float more[MORE][DIM_MAX]; };

static const float *row_of(const void *ctx, size_t r)
{
	const struct rows *rows = ctx;

	return r < rows->a->n ? ann_vector(rows->a, r) : rows->more[r - rows->a->n];
}

static struct str id_of(const void *ctx, size_t r)
{
	static const char *const more[MORE] = { "\1\2 one more", "\1\2 two more", "\1\2 three more" };
	const struct rows *rows = ctx;

	return r < rows->a->n ? idtab_id(rows->t, r) : (struct str){ more[r - rows->a->n], strlen(more[r - rows->a->n]) };
}

/* change - rows are added and every third is deleted. */
static void change(struct ann *a, const struct idtab *t)
{
	struct rows rows = { .a = a, .t = t };
	struct ann_rows all = { .n = a->n + MORE, .d = a->d, .row = row_of, .id = id_of, .ctx = &rows };
	struct ann_opts o = { a->metric, a->codes, a->made };
	uint64_t gone[(ROWS_MAX + MORE) / 64 + 1] = { 0 };
	struct nav_facts before, after;
	struct err e = { 0 };
	struct buf b = { 0 };
	struct ann made;
	struct idtab ids;
	size_t left = 0;

	for (size_t r = 0; r < all.n; r++)
		if (r % 3 == 1)
			gone[r / 64] |= (uint64_t)1 << r % 64;
		else
			left++;
	for (size_t i = 0; i < MORE; i++)
		for (size_t k = 0; k < a->d; k++)
			rows.more[i][k] = (float)((i + k) % 4) / 4;
	for (size_t r = 0; r < MORE; r++) {
		struct str id = id_of(&rows, a->n + r);
		if (a->n && idtab_find(t, id.p, id.len) != VOCAB_NONE)
			return;
	}
	assert(!nav_check(&a->g, &before, &e));
	struct sink *s = sink_open_memory("memory", &b);
	int r = ann_make(s, &o, &all, a->n ? a : NULL, gone, NULL, NULL, NULL, &e);
	assert(!sink_close(s, &(struct err){ 0 }));
	if (r) {
		assert(r == e.code && e.msg[0]);
		buf_release(&b);
		return;
	}
	int fd = mem_fd;
	mem_fd = -1;			/* a lies in that one */
	r = ann_open(&made, mem_path(b.p, b.len, MEM_MAPPED), &e);
	assert(!r && made.n == left);
	r = ann_check(&made, true, NULL, &e) || (left && ann_ids(&made, &ids, &e)) || nav_check(&made.g, &after, &e);
	assert(!r && !after.n_lost && (before.n_wrong || !after.n_wrong));
	ann_close(&made);
	close(mem_fd);
	mem_fd = fd;
	buf_release(&b);
}

static int walk(const struct buf *b, enum mem_way way, uint64_t *seen)
{
	struct err e = { 0 };
	struct nav_facts f;
	bool is_bad = false, is_reached;
	struct idtab t;
	struct ann a;

	if (ann_open(&a, mem_path(b->p, b->len, way), &e)) {
		assert(e.code < 0 && e.msg[0]);
		return 1;
	}
	for (size_t k = 1; k < 100; k = k * 3 + 1)
		assert(ann_ef(&a, .9, k, &is_reached) >= (a.n_table && k > ANN_TABLE_K ? k : 1));
	for (size_t r = 0; r <= a.n; r++) {
		struct str id;
		if (ann_id(&a, r, &id))
			*seen = fuzz_mix(*seen, id.p, id.len);
	}
	search(&a, seen, &is_bad);	/* by vectors, as so few rows are; then by codes and through the graph */
	a.few = 0;
	search(&a, seen, &is_bad);
	assert(!nav_check(&a.g, &f, &e));
	bool is_good = !ann_check(&a, true, NULL, &e) && !ann_ids(&a, &t, &e);
	assert(is_good || (e.code < 0 && e.msg[0]));
	if (is_good && way == MEM_MAPPED && a.n <= ROWS_MAX && a.d && a.d <= DIM_MAX)
		change(&a, &t);
	is_bad |= a.is_damaged;
	ann_close(&a);
	return is_bad || !is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fuzz_ways w = fuzz_both(KIND_INDEX, p, n, walk);

	assert(w.got || w.same || w.mapped == w.piped);
	return 0;
}
