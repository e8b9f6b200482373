/*
 * fuzz-stream - the bytes of a fuzz input as a file for the readers of lib/data. The first byte 'F': the rest is the file. Anything else: the rest is blocks, each a byte that
 * chooses the type, a byte of records, a little-endian u16 of length and a payload, which are framed with right checksums, so that what lies behind them is reached
 * in any build; sums of pages, tensors NAME.sum behind NAME, are made right, too. scripts/seed-blocks turns a file into such an input.
 */
#ifndef TASTE_FUZZ_STREAM_H
#define TASTE_FUZZ_STREAM_H

#include <string.h>
#include <xxhash.h>

#include "mem-path.h"

enum { FUZZ_MAX = 60000 };

static inline void fuzz_put32(struct buf *b, uint32_t v) { buf_put_le32(b, v); }
static inline void fuzz_sum(struct buf *b, size_t head) { buf_put_le64(b, XXH3_64bits(b->p + head, b->len - head)); }
static inline void fuzz_pad(struct buf *b) { while (b->len % 64) buf_putc(b, '\0'); }

static inline void fuzz_block(struct buf *b, uint32_t type, uint32_t flags, uint64_t no, uint64_t records, const void *p, size_t n)
{
	size_t head = b->len;

	fuzz_put32(b, BLOCK_CC('t', 'b', 'l', 'k'));
	fuzz_put32(b, type);
	buf_put_le64(b, n);
	buf_put_le64(b, n);
	fuzz_put32(b, BLOCK_RAW);
	fuzz_put32(b, flags);
	buf_put_le64(b, no);
	buf_put_le64(b, records);
	buf_put_le64(b, XXH3_64bits(p, n));
	fuzz_sum(b, head);
	buf_put(b, p, n);
	fuzz_pad(b);
}

/* fuzz_pages - is p [n] the sums of the pages of the tensor that stood before it, at was [n_was]? Then sums has that tensor with the right ones. */
static inline bool fuzz_pages(struct buf *sums, const uint8_t *was, size_t n_was, const uint8_t *p, size_t n)
{
	enum { HEAD = 64, PAGE = 4096, NAME = 32 };
	size_t len = n_was > HEAD ? strnlen((const char *)was, NAME) : NAME;

	if (len + 5 > NAME || n < HEAD || memcmp(p, was, len) || memcmp(p + len, ".sum", 5) || (n - HEAD) / 8 != (n_was - HEAD + PAGE - 1) / PAGE)
		return false;
	buf_reset(sums);
	buf_put(sums, p, HEAD);
	for (size_t at = HEAD; at < n_was; at += PAGE)
		buf_put_le64(sums, XXH3_64bits(was + at, n_was - at < PAGE ? n_was - at : PAGE));
	return true;
}

static inline struct buf fuzz_stream(enum block_kind kind, const uint8_t *p, size_t n)
{
	static const uint32_t types[] = { BLOCK_META, BLOCK_EVENTS, BLOCK_ROWS, BLOCK_VECTORS, BLOCK_TENSOR, BLOCK_PROV, BLOCK_CC('N', 'E', 'W', ' '), 0 };
	struct buf b = { 0 };

	if (!n || *p == 'F') {
		buf_put(&b, p + !!n, n - !!n);
		return b;
	}
	const uint8_t *end = p + n, *was = NULL;
	size_t n_was = 0;
	struct buf sums = { 0 };
	uint64_t no = 0, records = 0;
	XXH3_state_t *chain = XXH3_createState();
	XXH3_64bits_reset(chain);
	buf_put(&b, "\x89TASTE\r\n\4\3\2\1\1\0\0\0", 16);
	fuzz_put32(&b, kind);
	while (b.len < 56)
		buf_putc(&b, '\0');
	fuzz_sum(&b, 0);
	for (p++; end - p >= 4;) {
		uint32_t type = types[p[0] & 7];
		size_t len = (size_t)(p[2] | p[3] << 8), at = b.len;
		uint64_t k = p[1];
		p += 4;
		len = len < (size_t)(end - p) ? len : (size_t)(end - p);
		bool has_sums = type == BLOCK_TENSOR && fuzz_pages(&sums, was, n_was, p, len);
		fuzz_block(&b, type, type == BLOCK_PROV || !type ? BLOCK_SKIPPABLE : 0, no++, k, has_sums ? (const uint8_t *)sums.p : p, has_sums ? sums.len : len);
		was = p;
		n_was = type == BLOCK_TENSOR ? len : 0;
		XXH3_64bits_update(chain, b.p + at + 56, 8);
		records += k;
		p += len;
	}
	unsigned char total[24];
	uint64_t digest = XXH3_64bits_digest(chain);
	memcpy(total, &no, 8);
	memcpy(total + 8, &records, 8);
	memcpy(total + 16, &digest, 8);
	fuzz_block(&b, BLOCK_END, 0, no, 0, total, sizeof total);
	XXH3_freeState(chain);
	buf_release(&sums);
	return b;
}

static inline uint64_t fuzz_mix(uint64_t h, const void *p, size_t n)
{
	return h * 31 + XXH3_64bits(p, n);		/* touches every byte, which the sanitizers watch */
}

/* fuzz_both - what walk() says of the input as a stream, once mapped and once piped; an input that is too long is nothing. */
struct fuzz_ways { int got, same; uint64_t mapped, piped; };
static inline struct fuzz_ways fuzz_both(enum block_kind kind, const uint8_t *p, size_t n, int (*walk)(const struct buf *b, enum mem_way way, uint64_t *seen))
{
	struct fuzz_ways w = { 0 };

	if (n > FUZZ_MAX)
		return w;
	struct buf b = fuzz_stream(kind, p, n);
	w.got = walk(&b, MEM_MAPPED, &w.mapped);
	w.same = walk(&b, MEM_PIPED, &w.piped);
	buf_release(&b);
	return w;
}

#endif
