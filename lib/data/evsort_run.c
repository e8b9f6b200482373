#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "evsort_run.h"
#include "../base/mem.h"
#include "../base/tmp.h"

enum { SLOT_LEAST = 64 << 10, SLOT_MOST = 1 << 20 };

/* ---- the scratch file ---- */

static int write_file(struct evsort *s, const void *p, size_t n)
{
	const unsigned char *c = p;

	if (s->fd < 0 && (s->fd = tmp_open(&s->e)) < 0)
		return ERR_SYS;
	while (n) {
		ssize_t w = pwrite(s->fd, c, n, (off_t)s->file_end);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_sys(&s->e, w ? errno : ENOSPC, "cannot write the scratch file in %s (%.1f MB written so far)", tmp_dir(),
				       (double)s->spilled / 1e6);
		c += w;
		n -= (size_t)w;
		s->file_end += (uint64_t)w;
		s->spilled += (uint64_t)w;
	}
	return 0;
}

static int read_file(struct evsort *s, void *p, size_t n, uint64_t at)
{
	unsigned char *c = p;

	while (n) {
		ssize_t got = pread(s->fd, c, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(&s->e, errno, "cannot read the scratch file in %s at byte %llu", tmp_dir(), (unsigned long long)at);
		if (!got)
			return err_set(&s->e, ERR_SYS, "the scratch file in %s ends at byte %llu, %llu were written", tmp_dir(),
				       (unsigned long long)at, (unsigned long long)s->file_end);
		c += got;
		n -= (size_t)got;
		at += (uint64_t)got;
	}
	return 0;
}

static int flush(struct evsort *s)
{
	size_t n = s->n_out;

	s->n_out = 0;
	return n ? write_file(s, s->all, n) : 0;
}

int evsort_put(struct evsort *s, const void *p, size_t n)
{
	if (n > s->out_cap - s->n_out) {
		int r = flush(s);
		if (r || n >= s->out_cap)
			return r ? r : write_file(s, p, n);
	}
	if (n)
		memcpy(s->all + s->n_out, p, n);
	s->n_out += n;
	return 0;
}

int evsort_end_run(struct evsort *s, uint64_t start)
{
	int r = flush(s);

	if (r)
		return r;
	arr_reserve(s->run, s->n_runs + 1, s->runs_cap);
	s->run[s->n_runs++] = (struct run){ start, s->file_end };
	return 0;
}

/* ---- merging ---- */

static uint64_t bytes_left(const struct reader *r) { return r->len - r->pos + (r->end - r->at); }

int evsort_damaged(struct evsort *s, const struct reader *from)
{
	uint64_t at = from->at - (from->len - from->pos);

	return err_set(&s->e, ERR_SYS, "the scratch file in %s is damaged near byte %llu of %llu", tmp_dir(), (unsigned long long)at, (unsigned long long)s->file_end);
}

/* need - the next n bytes of the run, of which so many are left, are in one piece at slot + pos. */
static int need(struct evsort *s, struct reader *r, size_t n)
{
	size_t have = r->len - r->pos;

	if (have >= n)
		return 0;
	if (n > r->cap) {
		unsigned char *own = mem_try(n, 1, "a long id while sorting events", &s->e);
		if (!own)
			return ERR_MEM;
		memcpy(own, r->slot + r->pos, have);
		mem_free(r->own);
		r->own = r->slot = own;
		r->cap = n;
	} else {
		memmove(r->slot, r->slot + r->pos, have);
	}
	r->pos = 0;
	r->len = have;
	size_t more = r->cap - have < r->end - r->at ? r->cap - have : (size_t)(r->end - r->at);
	int ret = read_file(s, r->slot + have, more, r->at);
	if (!ret) {
		r->len += more;
		r->at += more;
	}
	return ret;
}

/* load_head - read what the order needs of the reader's next record; is_done when there is none. */
static int load_head(struct evsort *s, struct reader *r)
{
	uint64_t left = bytes_left(r);
	struct head h;

	if (!left) {
		r->is_done = true;
		return 0;
	}
	size_t want = left < HEAD_MAX ? (size_t)left : HEAD_MAX;
	if (need(s, r, want))
		return s->e.code;
	if (!decode_head(r->slot + r->pos, want, &h) || h.size > left)
		return evsort_damaged(s, r);
	r->size = h.size;
	r->time = h.ev.time;
	r->strings = h.strings;
	r->n_user = h.ev.user.len;
	if (s->order == EVSORT_TIME) {
		r->key = time_key(h.ev.time);
		return 0;
	}
	if (need(s, r, h.strings + h.ev.user.len))
		return s->e.code;
	r->key = chunk_key(r->slot + r->pos + r->strings, r->n_user, 0);
	return 0;
}

/* take - the head's record in one piece. It stays the head until drop. */
static int take(struct evsort *s, struct reader *r, const unsigned char **p)
{
	size_t size = r->size, have = r->len - r->pos;

	if (size <= r->cap) {
		int ret = need(s, r, size);
		*p = r->slot + r->pos;
		return ret;
	}
	if (size > s->big_cap) {
		mem_free(s->big);
		s->big_cap = 0;
		if (!(s->big = mem_try(size, 1, "a long event while sorting", &s->e)))
			return ERR_MEM;
		s->big_cap = size;
	}
	*p = s->big;
	memcpy(s->big, r->slot + r->pos, have);
	return read_file(s, s->big + have, size - have, r->at);
}

static void drop(struct reader *r)
{
	size_t have = r->len - r->pos;

	if (r->size <= have) {
		r->pos += r->size;
	} else {
		r->at += r->size - have;
		r->pos = r->len = 0;
	}
}

/* is_before - the head of reader a goes out before that of b. Runs stand in the order of adding, which breaks ties. */
static bool is_before(const struct evsort *s, uint32_t a, uint32_t b)
{
	const struct reader *x = &s->reader[a], *y = &s->reader[b];

	if (x->is_done || y->is_done)
		return x->is_done == y->is_done ? a < b : y->is_done;
	if (x->key != y->key)
		return x->key < y->key;
	if (s->order == EVSORT_TIME)
		return a < b;
	if ((x->key & 255) > CHUNK) {
		int c = str_cmp((struct str){ (const char *)x->slot + x->pos + x->strings, x->n_user },
				(struct str){ (const char *)y->slot + y->pos + y->strings, y->n_user });
		if (c)
			return c < 0;
	}
	return x->time != y->time ? x->time < y->time : a < b;
}

/* The tree: node i has children 2i and 2i + 1, leaf k + a is reader a, loser[i] lost the game at node i, loser[0] has won them all. */
static uint32_t play(struct evsort *s, size_t node)
{
	if (node >= s->k)
		return (uint32_t)(node - s->k);
	uint32_t a = play(s, 2 * node), b = play(s, 2 * node + 1);
	bool is_a = is_before(s, a, b);

	s->loser[node] = is_a ? b : a;
	return is_a ? a : b;
}

static void replay(struct evsort *s)
{
	uint32_t w = s->loser[0];

	for (size_t i = (w + s->k) / 2; i; i /= 2)
		if (is_before(s, s->loser[i], w)) {
			uint32_t lost = w;
			w = s->loser[i];
			s->loser[i] = lost;
		}
	s->loser[0] = w;
}

/* reader_bytes - what k readers take beside their slots. */
static size_t reader_bytes(size_t k) { return k * (sizeof(struct reader) + sizeof(uint32_t)) + 64; }

static size_t slot_least(const struct evsort *s)
{
	return s->cap / 16 < SLOT_LEAST ? s->cap / 16 : SLOT_LEAST;
}

static size_t fan_in(const struct evsort *s)
{
	return (s->cap - s->out_cap) / (slot_least(s) + reader_bytes(1));
}

static int open_merge(struct evsort *s, const struct run *run, size_t k)
{
	size_t free_bytes = s->cap - s->out_cap - reader_bytes(k), slot = free_bytes / k & ~(size_t)63;
	unsigned char *p = s->all + s->out_cap;

	slot = slot < SLOT_MOST ? slot : SLOT_MOST;
	s->k = k;
	s->reader = (struct reader *)(void *)p;
	p += k * sizeof *s->reader;
	s->loser = (uint32_t *)(void *)p;
	p += (k * sizeof *s->loser + 63) & ~(size_t)63;
	for (size_t i = 0; i < k; i++, p += slot)
		s->reader[i] = (struct reader){ .slot = p, .cap = slot, .at = run[i].at, .end = run[i].end };
	for (size_t i = 0; i < k; i++)
		if (load_head(s, &s->reader[i]))
			return s->e.code;
	s->loser[0] = play(s, 1);
	return 0;
}

void evsort_close_merge(struct evsort *s)
{
	for (size_t i = 0; i < s->k; i++)
		mem_free(s->reader[i].own);
	s->k = 0;
}

int evsort_next_merged(struct evsort *s, const unsigned char **p, struct reader **from)
{
	struct reader *r = &s->reader[s->loser[0]];
	int ret;

	if (s->has_taken) {
		s->has_taken = false;
		drop(r);
		if ((ret = load_head(s, r)))
			return ret;
		replay(s);
		r = &s->reader[s->loser[0]];
	}
	if (r->is_done)
		return 0;
	if ((ret = take(s, r, p)))
		return ret;
	s->has_taken = true;
	*from = r;
	return 1;
}

/* give_back - the disk space of runs that were merged; a file system that cannot keeps it. */
static void give_back(const struct evsort *s, const struct run *run, size_t n)
{
#ifdef FALLOC_FL_PUNCH_HOLE
	for (size_t i = 0; i < n; i++)
		if (fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)run[i].at, (off_t)(run[i].end - run[i].at)))
			return;
#else
	(void)s;
	(void)run;
	(void)n;
#endif
}

/* merge_to - merge k neighbours into *out at the end of the file. */
static int merge_to(struct evsort *s, struct run *run, size_t k, struct run *out)
{
	struct run done = { .at = s->file_end };
	const unsigned char *p;
	struct reader *from;
	int r = open_merge(s, run, k);

	while (!r && (r = evsort_next_merged(s, &p, &from)) == 1)
		r = evsort_put(s, p, from->size);
	evsort_close_merge(s);
	if (r || (r = flush(s)))
		return r;
	give_back(s, run, k);
	done.end = s->file_end;
	*out = done;
	return 0;
}

/* merge_pass - from n runs to what the next pass can take full: runs stay in order, those that need no merging stay where they are. */
static int merge_pass(struct evsort *s, size_t fan)
{
	size_t target = fan, in = 0, out = 0, n = s->n_runs;

	while (target < (n + fan - 1) / fan)
		target *= fan;
	while (in < n) {
		size_t over = n - in + out > target ? n - in + out - target + 1 : 1, k = over < fan ? over : fan;
		k = k < n - in ? k : n - in;
		if (k == 1)
			s->run[out] = s->run[in];
		else if (merge_to(s, s->run + in, k, s->run + out))
			return s->e.code;
		out++;
		in += k;
	}
	s->n_runs = out;
	return 0;
}

int evsort_open_merge(struct evsort *s)
{
	size_t fan = fan_in(s);
	int r;

	while (s->n_runs > fan)
		if ((r = merge_pass(s, fan)))
			return r;
	return open_merge(s, s->run, s->n_runs);
}
