#include <assert.h>
#include <endian.h>
#include <string.h>

#include "zpack.h"
#include "../base/mem.h"

enum {
	PIECE = 32 << 10, SAMPLE = 8 << 10,
	LITERALS = 257, END = 256,		/* of deflate's alphabet; lengths of matches are never used here */
	CODE_BITS_MAX = 14, META = 19, META_BITS_MAX = 7,
	MATCH_BITS = 22,			/* what a match costs, about: its length and distance */
	STORED_MAX = 65535,
};

/* ---- bits ---- */

/* put_bits - n <= 48 of them. There is room for 8 bytes. */
static inline void put_bits(struct zpack *z, uint64_t v, unsigned n)
{
	z->bits |= v << z->n_bits;
	z->n_bits += n;
	for (unsigned char *p = (unsigned char *)z->out.p; z->n_bits >= 8; z->n_bits -= 8, z->bits >>= 8)
		p[z->out.len++] = (unsigned char)z->bits;
}

/* put_stored - as it is. With n = 0 it only moves to the next byte, as zlib's flush does. */
static void put_stored(struct zpack *z, const unsigned char *p, size_t n)
{
	for (;;) {
		size_t k = n < STORED_MAX ? n : STORED_MAX;
		buf_reserve(&z->out, k + 16);
		put_bits(z, 0, 3);
		if (z->n_bits)
			put_bits(z, 0, 8 - z->n_bits);
		put_bits(z, k | (uint64_t)(~k & 0xffff) << 16, 32);
		buf_put(&z->out, p, k);
		if (!(n -= k))
			return;
		p += k;
	}
}

/* ---- a Huffman code ---- */

/* sort_used - the symbols that occur, rarest first, then by number. Shell's sort: 257 at most, and no call for a comparison. */
static unsigned sort_used(const uint32_t *count, unsigned n, uint16_t *by_count)
{
	static const unsigned gap[] = { 132, 57, 23, 10, 4, 1 };
	unsigned used = 0;

	for (unsigned i = 0; i < n; i++)
		if (count[i])
			by_count[used++] = (uint16_t)i;
	for (size_t g = 0; g < sizeof gap / sizeof *gap; g++)
		for (unsigned i = gap[g]; i < used; i++) {
			uint16_t s = by_count[i];
			uint64_t key = (uint64_t)count[s] << 16 | s;
			unsigned j = i;
			for (; j >= gap[g] && ((uint64_t)count[by_count[j - gap[g]]] << 16 | by_count[j - gap[g]]) > key; j -= gap[g])
				by_count[j] = by_count[j - gap[g]];
			by_count[j] = s;
		}
	return used;
}

/*
 * code_lengths - bits[n] of a Huffman code for count[n]; 0: does not occur. At least two symbols occur. The two rarest nodes are joined until one is left; as sums come out in
 * rising order, two queues do for a heap. When the code is deeper than max, counts are halved and it is built again: not the best code of that depth, but this is rare.
 */
static void code_lengths(const uint32_t *count, unsigned n, unsigned max, uint8_t *bits)
{
	uint32_t c[LITERALS], sum[2 * LITERALS];
	uint16_t leaf[LITERALS], parent[2 * LITERALS];
	uint8_t depth[2 * LITERALS];

	memcpy(c, count, n * sizeof *c);
	for (;;) {
		unsigned used = sort_used(c, n, leaf), next = used, a = 0, b = used, deepest = 0;
		assert(used >= 2);
		for (unsigned i = 0; i < used; i++)
			sum[i] = c[leaf[i]];
		for (; next < 2 * used - 1; next++) {
			uint32_t both = 0;
			for (int k = 0; k < 2; k++) {
				unsigned least = a < used && (b == next || sum[a] <= sum[b]) ? a++ : b++;
				both += sum[least];
				parent[least] = (uint16_t)next;
			}
			sum[next] = both;
		}
		depth[next - 1] = 0;
		for (unsigned i = next - 1; i-- > 0;) {
			depth[i] = (uint8_t)(depth[parent[i]] + 1);
			deepest = depth[i] > deepest ? depth[i] : deepest;
		}
		if (deepest <= max) {
			memset(bits, 0, n);
			for (unsigned i = 0; i < used; i++)
				bits[leaf[i]] = depth[i];
			return;
		}
		for (unsigned i = 0; i < n; i++)
			c[i] = c[i] ? c[i] / 2 + 1 : 0;
	}
}

/* codes - canonical ones for these lengths, their bits turned round, as deflate writes them low bit first: code << 4 | bits. */
static void codes(const uint8_t *bits, unsigned n, uint32_t *code)
{
	uint32_t n_of[CODE_BITS_MAX + 1] = { 0 }, at[CODE_BITS_MAX + 1] = { 0 };

	for (unsigned i = 0; i < n; i++)
		n_of[bits[i]] += bits[i] > 0;
	for (unsigned l = 1; l <= CODE_BITS_MAX; l++)
		at[l] = (at[l - 1] + n_of[l - 1]) << 1;
	for (unsigned i = 0; i < n; i++) {
		uint32_t c = bits[i] ? at[bits[i]]++ : 0, turned = 0;
		for (unsigned k = 0; k < bits[i]; k++)
			turned |= (c >> k & 1) << (bits[i] - 1 - k);
		code[i] = turned << 4 | bits[i];
	}
}

/* ---- a block of literals ---- */

/* plan - the code of a piece and how the block's head will say it. */
struct plan {
	uint8_t bits[LITERALS + 2];	/* and two distances that never occur: every inflate takes such a code, not every one takes none */
	struct { uint8_t symbol, extra, n_extra; } step[LITERALS + 2];
	unsigned n_steps;
	uint8_t meta_bits[META];
	unsigned n_meta;		/* of them in the head, in its own order */
	uint64_t head, body;		/* bits */
};

static const uint8_t meta_order[META] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };

static void add_step(struct plan *l, unsigned symbol, unsigned extra, unsigned n_extra)
{
	l->step[l->n_steps].symbol = (uint8_t)symbol;
	l->step[l->n_steps].extra = (uint8_t)extra;
	l->step[l->n_steps++].n_extra = (uint8_t)n_extra;
}

/* plan_head - the lengths as runs: 16 the last one 3 to 6 times more, 17 and 18 zeros, 3 to 10 and 11 to 138 of them. */
static void plan_head(struct plan *l)
{
	uint32_t count[META] = { 0 };

	l->n_steps = 0;
	for (unsigned i = 0, n; i < LITERALS + 2; i += n) {
		for (n = 1; i + n < LITERALS + 2 && l->bits[i + n] == l->bits[i]; n++)
			;
		if (!l->bits[i] && n >= 3) {
			n = n < 138 ? n : 138;
			add_step(l, n < 11 ? 17 : 18, n < 11 ? n - 3 : n - 11, n < 11 ? 3 : 7);
		} else if (n >= 4) {
			n = n < 7 ? n : 7;
			add_step(l, l->bits[i], 0, 0);
			add_step(l, 16, n - 4, 2);
		} else {
			n = 1;
			add_step(l, l->bits[i], 0, 0);
		}
	}
	l->head = 0;
	for (unsigned i = 0; i < l->n_steps; i++) {
		count[l->step[i].symbol]++;
		l->head += l->step[i].n_extra;
	}
	code_lengths(count, META, META_BITS_MAX, l->meta_bits);
	for (l->n_meta = META; !l->meta_bits[meta_order[l->n_meta - 1]]; l->n_meta--)
		;
	l->head += 3 + 5 + 5 + 4 + 3 * l->n_meta;
	for (unsigned i = 0; i < META; i++)
		l->head += (uint64_t)count[i] * l->meta_bits[i];
}

static void make_plan(struct plan *l, const uint32_t *count)
{
	code_lengths(count, LITERALS, CODE_BITS_MAX, l->bits);
	l->bits[LITERALS] = l->bits[LITERALS + 1] = 1;
	l->body = 0;
	for (unsigned i = 0; i < LITERALS; i++)
		l->body += (uint64_t)count[i] * l->bits[i];
	plan_head(l);
}

/* put_codes - the bytes through the code. Four of at most 14 bits fit beside the 7 that may wait. */
static void put_codes(struct zpack *z, const uint32_t *code, const unsigned char *p, size_t n)
{
	unsigned char *to = (unsigned char *)z->out.p + z->out.len;
	uint64_t bits = z->bits, out;
	unsigned n_bits = z->n_bits;
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		for (unsigned k = 0; k < 4; k++) {
			uint32_t c = code[p[i + k]];
			bits |= (uint64_t)(c >> 4) << n_bits;
			n_bits += c & 15;
		}
		out = htole64(bits);
		memcpy(to, &out, 8);
		to += n_bits >> 3;
		bits >>= n_bits & ~7u;
		n_bits &= 7;
	}
	z->bits = bits;
	z->n_bits = n_bits;
	z->out.len = (size_t)(to - (unsigned char *)z->out.p);
	for (; i < n; i++)
		put_bits(z, code[p[i]] >> 4, code[p[i]] & 15);
	put_bits(z, code[END] >> 4, code[END] & 15);
}

static void put_literals(struct zpack *z, const struct plan *l, const unsigned char *p, size_t n)
{
	uint32_t code[LITERALS], meta[META];

	codes(l->bits, LITERALS, code);
	codes(l->meta_bits, META, meta);
	buf_reserve(&z->out, (size_t)(l->head + l->body) / 8 + 16);
	put_bits(z, 2 << 1, 3);
	put_bits(z, LITERALS - 257, 5);
	put_bits(z, 2 - 1, 5);
	put_bits(z, l->n_meta - 4, 4);
	for (unsigned i = 0; i < l->n_meta; i++)
		put_bits(z, l->meta_bits[meta_order[i]], 3);
	for (unsigned i = 0; i < l->n_steps; i++) {
		uint32_t c = meta[l->step[i].symbol];
		put_bits(z, c >> 4, c & 15);
		put_bits(z, l->step[i].extra, l->step[i].n_extra);
	}
	put_codes(z, code, p, n);
}

/* ---- zlib, for what repeats ---- */

static void put_run(struct zpack *z)
{
	if (!z->run_n)
		return;
	if (z->n_bits)
		put_stored(z, NULL, 0);
	deflateReset(&z->z);		/* its window must not reach back over pieces it has not seen */
	z->z.next_in = (Bytef *)(uintptr_t)z->run;
	z->z.avail_in = (uInt)z->run_n;
	do {
		z->z.avail_out = (uInt)deflateBound(&z->z, z->z.avail_in) + 64;
		z->z.next_out = (Bytef *)buf_reserve(&z->out, z->z.avail_out);
		Bytef *from = z->z.next_out;
		int r = deflate(&z->z, Z_SYNC_FLUSH);
		assert(r == Z_OK || r == Z_BUF_ERROR);
		(void)r;
		z->out.len += (size_t)(z->z.next_out - from);
	} while (!z->z.avail_out);
	z->run_n = 0;
}

/*
 * repeats - are matches worth looking for? From the middle of the piece, roughly as deflate does: the bits they would save over literals, when that is a sixteenth or more.
 */
static bool repeats(const uint8_t *bits, const unsigned char *p, size_t n)
{
	uint16_t seen[4096] = { 0 };	/* by hash of four bytes: where they were + 1 */
	uint64_t all = 0, saved = 0;

	if (n > SAMPLE) {
		p += (n - SAMPLE) / 2;
		n = SAMPLE;
	}
	for (size_t i = 0; i < n;) {
		uint32_t four, there, cost = bits[p[i]];
		size_t len = 1;
		if (i + 4 <= n) {
			memcpy(&four, p + i, 4);
			uint16_t *at = &seen[htole32(four) * 2654435761u >> 20];
			if (*at) {
				const unsigned char *q = p + *at - 1;
				memcpy(&there, q, 4);
				for (len = there == four ? 4 : 1; len >= 4 && len < 258 && i + len < n && q[len] == p[i + len];)
					len++;
				for (size_t k = 1; k < len; k++)
					cost += bits[p[i + k]];
				saved += len > 1 && cost > MATCH_BITS ? cost - MATCH_BITS : 0;
			}
			*at = (uint16_t)(i + 1);
		}
		all += cost;
		i += len;
	}
	return saved > all / 16;
}

/* ---- pieces ---- */

/* count_bytes - in four tables, so that two bytes of one value in a row do not wait for each other. */
static void count_bytes(const unsigned char *p, size_t n, uint32_t *count)
{
	uint32_t c[4][256] = { { 0 } };
	size_t i = 0;

	for (; i + 4 <= n; i += 4)
		for (unsigned k = 0; k < 4; k++)
			c[k][p[i + k]]++;
	for (; i < n; i++)
		c[0][p[i]]++;
	for (unsigned k = 0; k < 256; k++)
		count[k] = c[0][k] + c[1][k] + c[2][k] + c[3][k];
	count[END] = 1;
}

static void put_piece(struct zpack *z, const unsigned char *p, size_t n)
{
	uint32_t count[LITERALS];
	struct plan l;

	count_bytes(p, n, count);
	make_plan(&l, count);
	if (repeats(l.bits, p, n)) {
		if (!z->run_n)
			z->run = p;
		z->run_n += n;
		return;
	}
	put_run(z);
	if (l.head + l.body < 8 * (uint64_t)n + 40)
		put_literals(z, &l, p, n);
	else
		put_stored(z, p, n);
}

void zpack_begin(struct zpack *z, int level)
{
	static const unsigned char head[] = { 0x78, 0x01 };	/* deflate, 32 KiB window, packed in a hurry */

	if (z->has_z && z->level != level) {
		deflateEnd(&z->z);
		z->has_z = false;
	}
	if (!z->has_z && deflateInit2(&z->z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		mem_oom(300000);
	z->has_z = true;
	z->level = level;
	buf_reset(&z->out);
	buf_put(&z->out, head, sizeof head);
	z->bits = z->n_bits = 0;
	z->sum = adler32(0, NULL, 0);
}

void zpack_put(struct zpack *z, const void *p, size_t n)
{
	const unsigned char *from = p;

	z->sum = adler32(z->sum, from, (uInt)n);
	for (size_t k; n; from += k, n -= k)
		put_piece(z, from, k = n < PIECE + PIECE / 2 ? n : PIECE);	/* none much smaller than the others */
	put_run(z);
}

void zpack_end(struct zpack *z)
{
	buf_reserve(&z->out, 16);
	put_bits(z, 1 | 1 << 1, 10);	/* the last block: a fixed code, of which the end is seven zeros */
	if (z->n_bits)
		put_bits(z, 0, 8 - z->n_bits);
	for (int k = 24; k >= 0; k -= 8)
		buf_putc(&z->out, (char)(z->sum >> k));
}

void zpack_release(struct zpack *z)
{
	if (z->has_z)
		deflateEnd(&z->z);
	buf_release(&z->out);
	*z = (struct zpack){ 0 };
}
