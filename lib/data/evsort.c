#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evsort.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../base/sort.h"
#include "../base/tmp.h"

/*
 * A record, in memory and in the scratch file:
 *   varint  bytes behind this varint
 *   byte    enum has
 *   varint  zigzag of the time, 8 bytes of the value (host order), if they are there
 *   varint  bytes of user, of item, of kind if there; the context has the rest
 *   user item kind context
 */
enum has { HAS_VALUE = 1, HAS_TIME = 2, HAS_KIND = 4, HAS_CONTEXT = 8 };
enum { HEAD_MAX = 10 + 1 + 10 + 8 + 3 * 10 };
enum { OUT_MOST = 256 << 10, SLOT_LEAST = 64 << 10, SLOT_MOST = 1 << 20 };
enum { INDEX_BYTES = 2 * (8 + 4) };	/* an event: key, place, and both again as scratch */
enum { CHUNK = 7, DEEP = 64 * CHUNK };	/* bytes of an id in a key; where radix gives up */
enum { FEW = 16, AHEAD = 8 };		/* groups up to FEW are compared; records are fetched so far AHEAD */

struct run { uint64_t at, end; };	/* bytes of the scratch file */

/* A run that is being merged: bytes [pos, len) of the slot, then [at, end) of the file are still to be read. The first of them is the head. */
struct reader {
	unsigned char *slot;
	unsigned char *own;		/* a slot of its own, for an id longer than the shared one; NULL: none */
	size_t cap, pos, len;
	uint64_t at, end;
	uint64_t key;			/* of the head: time or first chunk of the id */
	uint64_t size;			/* of the head, all bytes */
	int64_t time;
	size_t strings, n_user;		/* where the id starts in the record, its length */
	bool is_done;
};

struct evsort {
	enum evsort_key order;
	unsigned char *all;		/* [cap] */
	size_t cap, n_out, out_cap;	/* all[0, n_out) waits to be written */
	uint64_t start;			/* records begin at all + start */
	size_t used, n;			/* bytes and number of records */
	unsigned shift;			/* places are in units of 1 << shift bytes, so that 32 bits reach all of `all` */
	uint64_t *key, *key2;		/* [n], the index, only while sorting */
	uint32_t *place, *place2;	/* [n] */
	size_t next;			/* in memory: how many were handed out */
	int fd;				/* scratch file or -1 */
	uint64_t file_end, spilled;
	struct run *run;		/* [n_runs] in the order of adding */
	size_t n_runs, runs_cap;
	struct reader *reader;		/* [k] */
	uint32_t *loser;		/* [k] loser[0] is the winner */
	size_t k;
	unsigned char *big;		/* [big_cap] a record longer than its reader's slot */
	size_t big_cap;
	bool is_sorted, has_taken;	/* has_taken: the winner was handed out and must give way */
	struct err e;			/* the first error */
};

/* ---- records ---- */

struct head {
	uint64_t size;			/* of the whole record */
	size_t strings;			/* where they begin */
	struct event ev;		/* strings have lengths only */
};

static unsigned char *put_varint(unsigned char *p, uint64_t v)
{
	for (; v > 127; v >>= 7)
		*p++ = (unsigned char)(v | 128);
	*p++ = (unsigned char)v;
	return p;
}

/* encode_head - everything before the strings; returns how many bytes. */
static size_t encode_head(unsigned char out[HEAD_MAX], const struct event *ev)
{
	unsigned char body[HEAD_MAX], *p = body;

	*p++ = (unsigned char)((isnan(ev->value) ? 0 : HAS_VALUE) | (ev->time == TIME_NONE ? 0 : HAS_TIME) | (ev->kind.len ? HAS_KIND : 0) |
			       (ev->context.len ? HAS_CONTEXT : 0));
	if (body[0] & HAS_TIME)
		p = put_varint(p, zigzag(ev->time));
	if (body[0] & HAS_VALUE) {
		memcpy(p, &ev->value, 8);
		p += 8;
	}
	p = put_varint(p, ev->user.len);
	p = put_varint(p, ev->item.len);
	if (body[0] & HAS_KIND)
		p = put_varint(p, ev->kind.len);
	size_t n = (size_t)(p - body);
	p = put_varint(out, n + ev->user.len + ev->item.len + ev->kind.len + ev->context.len);
	memcpy(p, body, n);
	return (size_t)(p - out) + n;
}

/* decode_head - the head of the record that begins at p, of which n bytes are there. False: it is none, or n cuts it. */
static inline bool decode_head(const unsigned char *p, size_t n, struct head *h)
{
	const unsigned char *c = p, *end = p + n;
	uint64_t rest, zz, user, item, kind = 0;

	if (!scan_varint(&c, end, &rest) || c == end)
		return false;
	const unsigned char *body = c;
	unsigned has = *c++;
	h->ev.time = TIME_NONE;
	h->ev.value = VALUE_NONE;
	if (has & HAS_TIME) {
		if (!scan_varint(&c, end, &zz))
			return false;
		h->ev.time = unzigzag(zz);
	}
	if (has & HAS_VALUE) {
		if (end - c < 8)
			return false;
		memcpy(&h->ev.value, c, 8);
		c += 8;
	}
	if (!scan_varint(&c, end, &user) || !scan_varint(&c, end, &item) || (has & HAS_KIND && !scan_varint(&c, end, &kind)))
		return false;
	uint64_t left = (uint64_t)(c - body);
	if (left > rest || user > (left = rest - left) || item > (left -= user) || kind > (left -= item) || rest > SIZE_MAX / 2)
		return false;
	left -= kind;
	h->ev.user.len = user;
	h->ev.item.len = item;
	h->ev.kind.len = kind;
	h->ev.context.len = left;
	h->strings = (size_t)(c - p);
	h->size = (uint64_t)(body - p) + rest;
	return !left == !(has & HAS_CONTEXT);
}

/* get_event - the event of a record that is whole in memory. */
static bool get_event(const unsigned char *p, size_t n, struct event *ev)
{
	struct head h;

	if (!decode_head(p, n, &h) || h.size > n)
		return false;
	const char *c = (const char *)p + h.strings;
	h.ev.user.p = c;
	h.ev.item.p = c += h.ev.user.len;
	h.ev.kind.p = c += h.ev.item.len;
	h.ev.context.p = c + h.ev.kind.len;
	*ev = h.ev;
	return true;
}

/* time_key - times as unsigned numbers in the same order; none is the smallest. */
static uint64_t time_key(int64_t t) { return (uint64_t)t ^ 1ULL << 63; }

/*
 * chunk_key - seven bytes of an id from `from` on, filled up with zeros, and a byte that counts them: 8 when more follow. Unlike eight plain bytes this tells "a"
 * from "a\0" and says whether the id ended: two keys that are alike and count up to 7 are the same id, and short ids need no look at the record.
 */
static uint64_t chunk_key(const unsigned char *id, size_t n, size_t from)
{
	uint64_t v = 0;
	size_t left = n - from;

	if (left > CHUNK) {
		memcpy(&v, id + from, 8);
		return (be64toh(v) & ~255ULL) | (CHUNK + 1);
	}
	if (left)
		memcpy(&v, id + from, left);
	return be64toh(v) | left;
}

/* ---- sorting what is in memory ---- */

static inline const unsigned char *record_at(const struct evsort *s, uint32_t place)
{
	return s->all + s->start + ((uint64_t)place << s->shift);
}

/* head_at - records in memory are ours and whole, so that this cannot fail. */
static inline const unsigned char *head_at(const struct evsort *s, uint32_t place, struct head *h)
{
	const unsigned char *p = record_at(s, place);

	if (!decode_head(p, (size_t)(s->all + s->start + s->used - p), h))
		abort();
	return p + h->strings;
}

/* prefetch - records are read in random order; this makes handing out 4 million five times as fast (160 to 33 ns an event). A macro, for gcc 12 takes a function that
 * only prefetches for one that does nothing and drops the call. */
#define prefetch(s, i, n) ((i) + AHEAD < (n) ? __builtin_prefetch(record_at((s), (s)->place[(i) + AHEAD])) : (void)0)

static int compare_users(const void *a, const void *b, void *ctx)
{
	struct head x, y;
	const unsigned char *p = head_at(ctx, *(const uint32_t *)a, &x), *q = head_at(ctx, *(const uint32_t *)b, &y);

	return str_cmp((struct str){ (const char *)p, x.ev.user.len }, (struct str){ (const char *)q, y.ev.user.len });
}

/* order_by_time - the first index: places as they lie, so that the records are read through once from front to back. */
static void order_by_time(struct evsort *s)
{
	uint64_t at = 0;
	struct head h;

	for (size_t i = 0; i < s->n; i++) {
		s->place[i] = (uint32_t)(at >> s->shift);
		head_at(s, s->place[i], &h);
		s->key[i] = time_key(h.ev.time);
		at += (h.size + (1ULL << s->shift) - 1) >> s->shift << s->shift;
	}
	sort_u64_in(s->key, s->place, s->key2, s->place2, s->n);
}

/* order_by_user - [from, to) of the index, whose ids are alike in `deep` bytes and longer. It is in order of time and, all sorts
 * being stable, stays so where ids are the same; sorting each user's events by time afterwards would read every record once more. Recursion ends at DEEP / CHUNK. */
static int order_by_user(struct evsort *s, size_t from, size_t to, size_t deep)
{
	struct head h;
	int r = 0;

	for (size_t i = from; i < to; i++) {
		prefetch(s, i, to);
		const unsigned char *id = head_at(s, s->place[i], &h);
		s->key[i] = chunk_key(id, h.ev.user.len, deep);
	}
	sort_u64_in(s->key + from, s->place + from, s->key2, s->place2, to - from);
	for (size_t i = from, end; i < to && !r; i = end) {
		for (end = i + 1; end < to && s->key[end] == s->key[i]; )
			end++;
		if (end - i == 1 || (s->key[i] & 255) <= CHUNK)
			continue;
		if (end - i > FEW && deep < DEEP)
			r = order_by_user(s, i, end, deep + CHUNK);
		else
			r = sort_stable(s->place + i, end - i, sizeof *s->place, compare_users, s, &s->e);
	}
	return r;
}

/* sort_records - place[0..n) in order. The index stands behind the records, evsort_add has left room for it. */
static int sort_records(struct evsort *s)
{
	size_t n = s->n;

	s->key = (uint64_t *)(void *)(s->all + ((s->start + s->used + 7) & ~(size_t)7));
	s->key2 = s->key + n;
	s->place = (uint32_t *)(s->key2 + n);
	s->place2 = s->place + n;
	order_by_time(s);
	return s->order == EVSORT_USER ? order_by_user(s, 0, n, 0) : 0;
}

/* ---- the scratch file ---- */

static int damaged(struct evsort *s, uint64_t at)
{
	return err_set(&s->e, ERR_SYS, "the scratch file in %s is damaged near byte %llu of %llu", tmp_dir(), (unsigned long long)at,
		       (unsigned long long)s->file_end);
}

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

/* put - bytes to the scratch file, through the output buffer unless they are longer. */
static int put(struct evsort *s, const void *p, size_t n)
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

static int end_run(struct evsort *s, uint64_t start)
{
	int r = flush(s);

	if (r)
		return r;
	arr_reserve(s->run, s->n_runs + 1, s->runs_cap);
	s->run[s->n_runs++] = (struct run){ start, s->file_end };
	return 0;
}

static int spill(struct evsort *s)
{
	uint64_t start = s->file_end;
	struct head h;
	int r = sort_records(s);

	for (size_t i = 0; i < s->n && !r; i++) {
		prefetch(s, i, s->n);
		head_at(s, s->place[i], &h);
		r = put(s, record_at(s, s->place[i]), h.size);
	}
	s->used = s->n = 0;
	return r ? r : end_run(s, start);
}

/* spill_alone - an event that is longer than all memory is a run by itself. */
static int spill_alone(struct evsort *s, const struct event *ev, const unsigned char *head, size_t n)
{
	const struct str *part[] = { &ev->user, &ev->item, &ev->kind, &ev->context };
	uint64_t start = s->file_end;
	int r = put(s, head, n);

	for (int i = 0; i < 4 && !r; i++)
		r = put(s, part[i]->p, part[i]->len);
	return r ? r : end_run(s, start);
}

/* ---- merging ---- */

static uint64_t bytes_left(const struct reader *r) { return r->len - r->pos + (r->end - r->at); }
static uint64_t offset_of(const struct reader *r) { return r->at - (r->len - r->pos); }

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
		return damaged(s, offset_of(r));
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

static void close_merge(struct evsort *s)
{
	for (size_t i = 0; i < s->k; i++)
		mem_free(s->reader[i].own);
	s->k = 0;
}

/* next_merged - the next record of the merge: 1, 0 at the end, <0. It lives until the next call. */
static int next_merged(struct evsort *s, const unsigned char **p, struct reader **from)
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

	while (!r && (r = next_merged(s, &p, &from)) == 1)
		r = put(s, p, from->size);
	close_merge(s);
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

/* ---- the interface ---- */

struct evsort *evsort_new(enum evsort_key key, size_t memory, struct err *e)
{
	size_t cap = memory < EVSORT_MEMORY_MIN ? EVSORT_MEMORY_MIN : memory;
	unsigned char *all = mem_try(cap, 1, "sorting events", e);

	if (!all)
		return NULL;
	struct evsort *s = mem_new(1, sizeof *s);
	s->order = key;
	s->all = all;
	s->cap = cap;
	s->fd = -1;
	s->out_cap = (cap / 16 < OUT_MOST ? cap / 16 : OUT_MOST) & ~(size_t)63;
	s->start = s->out_cap;
	while ((uint64_t)cap >> s->shift > UINT32_MAX)
		s->shift++;
	return s;
}

void evsort_free(struct evsort *s)
{
	if (!s)
		return;
	close_merge(s);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s->run);
	mem_free(s->big);
	mem_free(s->all);
	mem_free(s);
}

/* answer - the first error sticks and is told again. */
static int answer(const struct evsort *s, int r, struct err *e)
{
	return r < 0 ? err_set(e, s->e.code, "%s", s->e.msg) : r;
}

static unsigned char *append(unsigned char *p, const void *from, size_t n)
{
	if (n)
		memcpy(p, from, n);
	return p + n;
}

static bool fits(const struct evsort *s, size_t n_records, size_t bytes)
{
	return bytes <= s->cap - s->start && s->cap - s->start - bytes >= 7 + n_records * INDEX_BYTES;
}

static int add(struct evsort *s, const struct event *ev)
{
	unsigned char head[HEAD_MAX], *p;
	size_t n = encode_head(head, ev), size = n + ev->user.len + ev->item.len + ev->kind.len + ev->context.len;
	size_t padded = (size + ((size_t)1 << s->shift) - 1) >> s->shift << s->shift;

	if (!fits(s, s->n + 1, s->used + padded)) {
		if (s->n && spill(s))
			return s->e.code;
		if (!fits(s, 1, padded))
			return spill_alone(s, ev, head, n);
	}
	p = append(s->all + s->start + s->used, head, n);
	p = append(p, ev->user.p, ev->user.len);
	p = append(p, ev->item.p, ev->item.len);
	p = append(p, ev->kind.p, ev->kind.len);
	append(p, ev->context.p, ev->context.len);
	s->used += padded;
	s->n++;
	return 0;
}

int evsort_add(struct evsort *s, const struct event *ev, struct err *e)
{
	assert(!s->is_sorted);
	return answer(s, s->e.code ? (int)s->e.code : add(s, ev), e);
}

/* finish - adding is over: sort what is in memory, or get all runs ready to be merged. */
static int finish(struct evsort *s)
{
	size_t fan = fan_in(s);
	int r = 0;

	s->is_sorted = true;
	if (!s->n_runs)
		return sort_records(s);
	if (s->n && (r = spill(s)))
		return r;
	while (s->n_runs > fan)
		if ((r = merge_pass(s, fan)))
			return r;
	return open_merge(s, s->run, s->n_runs);
}

static int next(struct evsort *s, struct event *ev)
{
	const unsigned char *p;
	struct reader *from;
	int r = s->is_sorted ? 0 : finish(s);

	if (r)
		return r;
	if (!s->n_runs) {
		if (s->next == s->n)
			return 0;
		prefetch(s, s->next, s->n);
		p = record_at(s, s->place[s->next++]);
		return get_event(p, (size_t)(s->all + s->start + s->used - p), ev);
	}
	if ((r = next_merged(s, &p, &from)) == 1 && !get_event(p, from->size, ev))
		r = damaged(s, offset_of(from));
	return r;
}

int evsort_next(struct evsort *s, struct event *ev, struct err *e)
{
	return answer(s, s->e.code ? (int)s->e.code : next(s, ev), e);
}

uint64_t evsort_spilled(const struct evsort *s)
{
	return s->spilled;
}
