/*
 * evsort_run - what evsort.c, which sorts in memory, and evsort_run.c share: the record, and runs of sorted records in the scratch file.
 */
#ifndef TASTE_EVSORT_RUN_H
#define TASTE_EVSORT_RUN_H

#include <endian.h>
#include <string.h>

#include "evsort.h"
#include "../base/scan.h"

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
enum { CHUNK = 7 };			/* bytes of an id in a key */

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
struct head {
	uint64_t size;			/* of the whole record */
	size_t strings;			/* where they begin */
	struct event ev;		/* strings have lengths only */
};

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

/* time_key - times as unsigned numbers in the same order; none is the smallest. */
static inline uint64_t time_key(int64_t t) { return (uint64_t)t ^ 1ULL << 63; }

/*
 * chunk_key - seven bytes of an id from `from` on, filled up with zeros, and a byte that counts them: 8 when more follow. Unlike eight plain bytes this tells "a"
 * from "a\0" and says whether the id ended: two keys that are alike and count up to 7 are the same id, and short ids need no look at the record.
 */
static inline uint64_t chunk_key(const unsigned char *id, size_t n, size_t from)
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

/* evsort_put - bytes to the scratch file, through the output buffer unless they are longer. evsort_end_run - what was put since the file ended at `start` is a run. */
int evsort_put(struct evsort *s, const void *p, size_t n);
int evsort_end_run(struct evsort *s, uint64_t start);
/* evsort_open_merge - of all runs, after as many passes over the file as it takes until memory has room for a reader of each. */
int evsort_open_merge(struct evsort *s);
void evsort_close_merge(struct evsort *s);
/* evsort_next_merged - the next record of the merge: 1, 0 at the end, <0. It lives until the next call. */
int evsort_next_merged(struct evsort *s, const unsigned char **p, struct reader **from);
/* evsort_damaged - the record at the head of `from` is none. */
int evsort_damaged(struct evsort *s, const struct reader *from);

#endif
