/*
 * block - the one binary stream format. man/taste-format.5 is the byte table; this is the way in.
 *
 * A stream is a 64-byte header, blocks, and an end block that only a writer who finished writes.
 * Every piece starts at a multiple of 64 bytes from the start of the stream and is padded to one, so that tensors can be used in place
 * from a mapping and so that `cat a b` keeps everything aligned. All integers are little-endian.
 *
 *   header   0  8  magic  89 54 41 53 54 45 0d 0a  ("\x89TASTE\r\n": text-mode damage shows)
 *            8  4  endian mark 0x01020304
 *           12  2  format major (a reader refuses a larger one)   14  2  minor
 *           16  4  kind: EVTS ITMS VECS MODL ...                  20  4  flags, 0
 *           24 32  zero                                           56  8  XXH3-64 of bytes 0..55
 *   block    0  4  "tblk"                                          4  4  type: PROV META ... or "END "
 *            8  8  stored payload bytes                           16  8  payload bytes after unpacking
 *           24  4  codec: 0 raw, 1 zlib                           28  4  flags: 1 = may be skipped by who does not know the type
 *           32  8  number of this block in its stream, from 0     40  8  records in it
 *           48  8  XXH3-64 of the stored payload                  56  8  XXH3-64 of bytes 0..55 of this block header
 *           then the payload and zero bytes up to a multiple of 64
 *   end      payload: u64 blocks before it, u64 records in them, u64 XXH3-64 over the block-header hashes (each 8 bytes LE, in order)
 *
 * Streams may follow one another in a file (cat); a reader sees BLOCK_STREAM at each new one. Anything that does not check is an error
 * that names file, block and byte offset, as is a file that ends before its end block. No length is trusted: payloads are bounded
 * by what the file still holds (when known) and by BLOCK_PAYLOAD_MAX (raw: memory is taken as bytes arrive, never on a length's word).
 */
#ifndef TASTE_BLOCK_H
#define TASTE_BLOCK_H

#include "file.h"
#include "sink.h"
#include "../base/buf.h"

enum { BLOCK_MAJOR = 1, BLOCK_MINOR = 0, BLOCK_HEAD = 64, BLOCK_TAIL = 128 };
#define BLOCK_PAYLOAD_MAX ((uint64_t)1 << 40)		/* of a raw block */
#define BLOCK_PACKED_MAX ((uint64_t)256 << 20)		/* of a packed block, unpacked */
#define BLOCK_CC(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

enum block_kind {
	KIND_EVENTS = BLOCK_CC('E', 'V', 'T', 'S'),
	KIND_TABLE = BLOCK_CC('T', 'A', 'B', 'L'),	/* items, candidates, truth: TSV rows under zlib */
	KIND_VECTORS = BLOCK_CC('V', 'E', 'C', 'S'),
	KIND_MODEL = BLOCK_CC('M', 'O', 'D', 'L'),
	KIND_INDEX = BLOCK_CC('I', 'N', 'D', 'X'),	/* of taste-knn build: an artifact as models are */
};
enum block_type {
	BLOCK_PROV = BLOCK_CC('P', 'R', 'O', 'V'),	/* how it was made: text, see prov.h; written last before the end */
	BLOCK_META = BLOCK_CC('M', 'E', 'T', 'A'),	/* key TAB value lines */
	BLOCK_EVENTS = BLOCK_CC('E', 'V', 'N', 'T'),
	BLOCK_ROWS = BLOCK_CC('R', 'O', 'W', 'S'),
	BLOCK_VECTORS = BLOCK_CC('V', 'E', 'C', 'T'),
	BLOCK_TENSOR = BLOCK_CC('T', 'N', 'S', 'R'),
	BLOCK_END = BLOCK_CC('E', 'N', 'D', ' '),
};
enum block_codec { BLOCK_RAW = 0, BLOCK_ZLIB = 1 };
enum block_flags { BLOCK_SKIPPABLE = 1 << 0 };

/* block_sniff - does this input begin like a taste binary? 1 yes, 0 no, <0 error. A damaged magic (six of its eight bytes
 * right) or a file that ends within it counts as yes, so that damage is reported as damage. Takes nothing from f. */
int block_sniff(struct file *f, struct err *e);

/* ---- writing ---- */

struct blockw;
struct blockw *blockw_new(struct sink *s, enum block_kind kind, struct err *e);	/* borrows s, writes the header */
/* blockw_write - one block; BLOCK_ZLIB payloads are packed here (level 1..9; kept raw when that is no smaller). 0 or <0. */
int blockw_write(struct blockw *w, enum block_type type, enum block_flags flags, enum block_codec codec, int level,
		 uint64_t records, const void *p, size_t n, struct err *e);
/* blockw_write_packed - one block of n bytes at p that the caller packed: z_n bytes of a zlib stream at z. What is smaller is kept. */
int blockw_write_packed(struct blockw *w, enum block_type type, enum block_flags flags, uint64_t records, const void *p, size_t n,
			const void *z, size_t z_n, struct err *e);
/*
 * blockw_write_fill - one raw block of n bytes that are never all in memory: fill(ctx, at, p, k) makes bytes at .. at+k of it, for ascending at, and is asked for all of them
 * twice, once for the checksum that stands before them. It returns 0 or <0 with *e set.
 */
struct block_fill { int (*fn)(void *ctx, uint64_t at, void *p, size_t k, struct err *e); void *ctx; };
/* block_fill_memory - of bytes that are in memory at p after all. */
struct block_fill block_fill_memory(const void *p);
int blockw_write_fill(struct blockw *w, enum block_type type, enum block_flags flags, uint64_t records, uint64_t n, const struct block_fill *fill, struct err *e);
/* blockw_finish - write the end block. Only when everything before succeeded. blockw_free does not write it. */
int blockw_finish(struct blockw *w, struct err *e);
void blockw_free(struct blockw *w);

/* ---- reading ---- */

enum block_event { BLOCK_EOF = 0, BLOCK_STREAM = 1, BLOCK_BLOCK = 2, BLOCK_STREAM_END = 3 };

struct block {
	enum block_kind kind;		/* of the stream */
	enum block_type type;
	enum block_flags flags;
	enum block_codec codec;		/* as stored */
	uint64_t no, records;
	uint64_t offset;		/* of the block header in the file */
	uint64_t stored;		/* payload bytes on disk */
	const unsigned char *p;		/* payload, unpacked, 64-byte aligned when raw and mapped or read */
	size_t n;
	char digest[33];		/* at BLOCK_STREAM_END: the end block's hash, in hex, which names the stream's content */
};

struct blockr;
enum blockr_flags { BLOCKR_MAP = 1 << 0,	/* use a mapping when there is one: payloads of raw blocks then live until file_close */
	BLOCKR_LAZY = 1 << 1,			/* with a mapping: do not hash raw payloads of BLOCK_TENSOR now; block_verify() does it on first use */
	BLOCKR_PASS = 1 << 2 };			/* with a mapping: blocks are read once, those behind may leave memory */
struct blockr *blockr_new(struct file *f, enum blockr_flags flags);	/* borrows f */
/* blockr_next - what came next (enum block_event) or <0. *b is filled for all but BLOCK_EOF and dies at the next call, except
 * payloads that live in the mapping. */
int blockr_next(struct blockr *r, struct block *b, struct err *e);
/* block_verify - hash a lazily read payload against its header. 0 or <0 with the usual sentence. */
int block_verify(const struct blockr *r, const struct block *b, struct err *e);
void blockr_free(struct blockr *r);

/* ---- repair ---- */

/* block_is_head - do these 8 bytes begin a stream? */
bool block_is_head(const unsigned char *p);
/* block_is_tail - are these the last BLOCK_TAIL bytes of a stream that was finished: its end block? */
bool block_is_tail(const unsigned char *p);
/*
 * block_whole - of a file's n bytes, how many belong to streams that were finished; what is behind them was begun and never ended, as a writer leaves it that was
 * killed or whose disk was full. Headers and the end blocks' totals are looked at, payloads are not. An error when it is anything else that is wrong: damage, or a whole stream behind the unfinished one (which then begins
 * at the byte that is named).
 */
int block_whole(const char *name, const unsigned char *p, uint64_t n, uint64_t *whole, struct err *e);

#endif
