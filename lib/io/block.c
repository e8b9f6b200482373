#define XXH_INLINE_ALL
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <xxhash.h>
#include <zlib.h>

#include "block.h"
#include "../base/mem.h"

static const unsigned char magic[8] = { 0x89, 'T', 'A', 'S', 'T', 'E', '\r', '\n' };
static const unsigned char block_magic[4] = { 't', 'b', 'l', 'k' };
enum { FILL_BYTES = 1 << 18 };		/* a multiple of any page */
enum { ENDIAN_MARK = 0x01020304, DEFLATE_MOST = 1032 };	/* deflate cannot pack better than 1032 to 1 */

static void put16(unsigned char *p, uint16_t v) { v = htole16(v); memcpy(p, &v, 2); }
static void put32(unsigned char *p, uint32_t v) { v = htole32(v); memcpy(p, &v, 4); }
static void put64(unsigned char *p, uint64_t v) { v = htole64(v); memcpy(p, &v, 8); }
static uint16_t get16(const unsigned char *p) { uint16_t v; memcpy(&v, p, 2); return le16toh(v); }
static uint32_t get32(const unsigned char *p) { uint32_t v; memcpy(&v, p, 4); return le32toh(v); }
static uint64_t get64(const unsigned char *p) { uint64_t v; memcpy(&v, p, 8); return le64toh(v); }

/* The fuzzers must get past the checksums to the code behind them. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
static const bool checks_sums = false;
#else
static const bool checks_sums = true;
#endif

static bool is_sum(uint64_t stored, const void *p, size_t n)
{
	return !checks_sums || stored == XXH3_64bits(p, n);
}

static size_t pad_of(uint64_t n) { return (size_t)(-n & 63); }

static const char *type_name(uint32_t t, char out[5])
{
	for (int i = 0; i < 4; i++) {
		char c = (char)(t >> 8 * i);
		out[i] = c >= ' ' && c < 127 ? c : '?';
	}
	out[4] = '\0';
	if (out[3] == ' ')
		out[3] = '\0';
	return out;
}

int block_sniff(struct file *f, struct err *e)
{
	const unsigned char *p;
	int64_t n = file_peek(f, sizeof magic, &p, e);
	int same = 0;

	if (n < 0)
		return (int)n;
	for (int64_t i = 0; i < n; i++)
		same += p[i] == magic[i];
	return n < (int64_t)sizeof magic ? n && same == n : same >= 6;
}

/* ---- writing ---- */

struct blockw {
	struct sink *s;
	uint64_t n_blocks, n_records;
	XXH3_state_t *chain;		/* over the block-header hashes */
	struct buf packed;
};

struct blockw *blockw_new(struct sink *s, enum block_kind kind, struct err *e)
{
	unsigned char h[BLOCK_HEAD] = { 0 };
	struct blockw *w = mem_new(1, sizeof *w);

	w->s = s;
	w->chain = XXH3_createState();
	if (!w->chain)
		mem_oom(sizeof *w->chain);
	XXH3_64bits_reset(w->chain);
	memcpy(h, magic, sizeof magic);
	put32(h + 8, ENDIAN_MARK);
	put16(h + 12, BLOCK_MAJOR);
	put16(h + 14, BLOCK_MINOR);
	put32(h + 16, kind);
	put64(h + 56, XXH3_64bits(h, 56));
	if (sink_write(s, h, sizeof h, e)) {
		blockw_free(w);
		return NULL;
	}
	return w;
}

/* write_head - the header of a block whose stored payload has n bytes and this hash. */
static int write_head(struct blockw *w, uint32_t type, uint32_t flags, uint32_t codec, uint64_t raw, uint64_t records, uint64_t n, uint64_t hash, struct err *e)
{
	unsigned char h[BLOCK_HEAD] = { 0 };

	memcpy(h, block_magic, sizeof block_magic);
	put32(h + 4, type);
	put64(h + 8, n);
	put64(h + 16, raw);
	put32(h + 24, codec);
	put32(h + 28, flags);
	put64(h + 32, w->n_blocks);
	put64(h + 40, records);
	put64(h + 48, hash);
	put64(h + 56, XXH3_64bits(h, 56));
	XXH3_64bits_update(w->chain, h + 56, 8);
	w->n_blocks++;
	w->n_records += records;
	return sink_write(w->s, h, sizeof h, e);
}

static int write_pad(struct blockw *w, uint64_t n, struct err *e)
{
	static const unsigned char zero[64];

	return sink_write(w->s, zero, pad_of(n), e);
}

static int write_block(struct blockw *w, uint32_t type, uint32_t flags, uint32_t codec, uint64_t raw, uint64_t records, const void *p, size_t n,
		       struct err *e)
{
	int r = write_head(w, type, flags, codec, raw, records, n, XXH3_64bits(p, n), e);

	if (!r)
		r = sink_write(w->s, p, n, e);
	return r ? r : write_pad(w, n, e);
}

static int fill_memory(void *ctx, uint64_t at, void *p, size_t k, struct err *e)
{
	(void)e;
	memcpy(p, (const char *)ctx + at, k);
	return 0;
}

struct block_fill block_fill_memory(const void *p) { return (struct block_fill){ fill_memory, (void *)(uintptr_t)p }; }

int blockw_write_fill(struct blockw *w, enum block_type type, enum block_flags flags, uint64_t records, uint64_t n, const struct block_fill *fill, struct err *e)
{
	unsigned char *p = mem_try(FILL_BYTES, 1, "a piece of a block", e);
	XXH3_state_t *hash = XXH3_createState();
	int r = 0;

	if (!hash)
		mem_oom(sizeof *hash);
	if (!p)
		r = e->code;
	XXH3_64bits_reset(hash);
	for (int pass = 0; pass < 2 && !r; pass++) {
		if (pass)
			r = write_head(w, type, flags, BLOCK_RAW, n, records, n, XXH3_64bits_digest(hash), e);
		for (uint64_t at = 0; at < n && !r; at += FILL_BYTES) {
			size_t k = n - at < FILL_BYTES ? (size_t)(n - at) : FILL_BYTES;
			if ((r = fill->fn(fill->ctx, at, p, k, e)))
				break;
			if (pass)
				r = sink_write(w->s, p, k, e);
			else
				XXH3_64bits_update(hash, p, k);
		}
	}
	XXH3_freeState(hash);
	mem_free(p);
	return r ? r : write_pad(w, n, e);
}

static int too_large(struct blockw *w, size_t n, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: a packed block of %zu bytes is larger than a block may be (%llu)", sink_name(w->s), n,
		       (unsigned long long)BLOCK_PACKED_MAX);
}

int blockw_write(struct blockw *w, enum block_type type, enum block_flags flags, enum block_codec codec, int level, uint64_t records,
		 const void *p, size_t n, struct err *e)
{
	if (codec == BLOCK_ZLIB && n > BLOCK_PACKED_MAX)
		return too_large(w, n, e);
	if (codec == BLOCK_ZLIB) {
		uLongf to = compressBound((uLong)n);
		buf_reset(&w->packed);
		if (compress2((Bytef *)buf_reserve(&w->packed, to), &to, p, (uLong)n, level) != Z_OK)	/* as it is would be other bytes */
			return err_set(e, ERR_MEM, "%s: no memory to pack a block", sink_name(w->s));
		if (to < n)
			return write_block(w, type, flags, BLOCK_ZLIB, n, records, w->packed.p, to, e);
	}
	return write_block(w, type, flags, BLOCK_RAW, n, records, p, n, e);
}

int blockw_write_packed(struct blockw *w, enum block_type type, enum block_flags flags, uint64_t records, const void *p, size_t n,
			const void *z, size_t z_n, struct err *e)
{
	if (n > BLOCK_PACKED_MAX)
		return too_large(w, n, e);
	return z_n < n ? write_block(w, type, flags, BLOCK_ZLIB, n, records, z, z_n, e) : write_block(w, type, flags, BLOCK_RAW, n, records, p, n, e);
}

int blockw_finish(struct blockw *w, struct err *e)
{
	unsigned char end[24];

	put64(end, w->n_blocks);
	put64(end + 8, w->n_records);
	put64(end + 16, XXH3_64bits_digest(w->chain));
	return write_block(w, BLOCK_END, 0, BLOCK_RAW, sizeof end, 0, end, sizeof end, e);
}

void blockw_free(struct blockw *w)
{
	if (!w)
		return;
	XXH3_freeState(w->chain);
	buf_release(&w->packed);
	mem_free(w);
}

/* ---- reading ---- */

struct blockr {
	struct file *f;
	enum blockr_flags flags;
	const unsigned char *map;	/* NULL: by file_read */
	uint64_t map_n, at;		/* at: bytes of the file taken */
	enum block_kind kind;
	bool is_in_stream;
	uint64_t n_blocks, n_records, last_offset;
	XXH3_state_t *chain;
	unsigned char *store;		/* stored payload from a pipe, 64-byte aligned */
	size_t store_cap;
	unsigned char *unpacked;
	size_t unpacked_cap;
	z_stream z;
	bool has_z;
	struct err err;
};

struct blockr *blockr_new(struct file *f, enum blockr_flags flags)
{
	struct blockr *r = mem_new(1, sizeof *r);
	size_t n;

	r->f = f;
	r->flags = flags;
	r->at = file_offset(f);
	r->chain = XXH3_createState();
	if (!r->chain)
		mem_oom(sizeof *r->chain);
	if (flags & BLOCKR_MAP && file_map(f, &r->map, &n))
		r->map_n = n;
	return r;
}

void blockr_free(struct blockr *r)
{
	if (!r)
		return;
	if (r->has_z)
		inflateEnd(&r->z);
	XXH3_freeState(r->chain);
	mem_free(r->store);
	mem_free(r->unpacked);
	mem_free(r);
}

static int bad(struct blockr *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(struct blockr *r, const char *fmt, ...)
{
	char s[ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof s, fmt, ap);
	va_end(ap);
	return err_set(&r->err, ERR_DATA, "%s: %s", file_name(r->f), s);
}

/* take - n bytes as they lie in the mapping, or into `to`. Returns how many there were; <0 with r->err set. */
static int64_t take(struct blockr *r, void *to, size_t n, const unsigned char **p)
{
	if (r->map) {
		size_t got = r->map_n - r->at < n ? (size_t)(r->map_n - r->at) : n;
		*p = r->map + r->at;
		r->at += got;
		return (int64_t)got;
	}
	int64_t got = file_read(r->f, to, n, &r->err);
	*p = to;
	if (got > 0)
		r->at += (uint64_t)got;
	return got;
}

/* grow - room for n bytes at *p, 64-byte aligned, keeping the first `keep`. */
static int grow(struct blockr *r, unsigned char **p, size_t *cap, size_t n, size_t keep)
{
	if (n <= *cap)
		return 0;
	size_t to = *cap * 2 > n ? *cap * 2 : n;
	unsigned char *q = mem_try(to, 1, "a block", &r->err);
	if (!q)
		return r->err.code;
	if (keep)
		memcpy(q, *p, keep);
	mem_free(*p);
	*p = q;
	*cap = to;
	return 0;
}

static int cut_short(struct blockr *r, const char *within)
{
	return bad(r, "ends at byte %llu within %s: the file was cut short", (unsigned long long)r->at, within);
}

static int read_header(struct blockr *r)
{
	unsigned char room[BLOCK_HEAD];
	const unsigned char *h;
	uint64_t at = r->at;
	int64_t n = take(r, room, sizeof room, &h);
	int same = 0;
	char k[5];

	if (n <= 0)
		return (int)n;		/* 0: a clean end */
	for (int i = 0; i < 8 && i < n; i++)
		same += h[i] == magic[i];
	if (same < 6 && same < n)
		return bad(r, at ? "what follows at byte %llu is not a taste stream" : "byte %llu: not a taste file", (unsigned long long)at);
	if (n < BLOCK_HEAD)
		return cut_short(r, "a stream header");
	if (same == 8 && get32(h + 8) == __builtin_bswap32(ENDIAN_MARK))
		return bad(r, "the stream at byte %llu was written by a big-endian machine, its bytes the other way round, which this program does not read", (unsigned long long)at);
	if (same < 8 || get32(h + 8) != ENDIAN_MARK || !is_sum(get64(h + 56), h, 56))
		return bad(r, "the stream header at byte %llu is damaged", (unsigned long long)at);
	if (get16(h + 12) > BLOCK_MAJOR || !get16(h + 12))
		return bad(r, "written in format %u.%u, which is newer than this program knows (%d.%d)", get16(h + 12), get16(h + 14), BLOCK_MAJOR,
			   BLOCK_MINOR);
	r->kind = (enum block_kind)get32(h + 16);
	for (int i = 24; i < 56; i++)
		if (h[i] || get32(h + 20))
			return bad(r, "the stream header at byte %llu (%s) has bytes that must be zero", (unsigned long long)at, type_name(r->kind, k));
	r->is_in_stream = true;
	r->n_blocks = r->n_records = 0;
	XXH3_64bits_reset(r->chain);
	return BLOCK_STREAM;
}

/* read_payload - the stored bytes, in place or into r->store in growing steps, so that a lying length costs no memory. */
static int read_payload(struct blockr *r, uint64_t n, const char *where, const unsigned char **p)
{
	enum { STEP = 1 << 20 };

	if (r->map) {
		if (n > r->map_n - r->at) {
			r->at = r->map_n;
			return cut_short(r, where);
		}
		return (int)(take(r, NULL, (size_t)n, p) < 0);
	}
	uint64_t got = 0;
	while (got < n) {
		size_t step = n - got < STEP + got ? (size_t)(n - got) : (size_t)(STEP + got);
		const unsigned char *unused;
		if (grow(r, &r->store, &r->store_cap, (size_t)got + step, (size_t)got))
			return r->err.code;
		int64_t k = take(r, r->store + got, step, &unused);
		if (k < 0)
			return (int)k;
		got += (uint64_t)k;
		if ((size_t)k < step)
			return cut_short(r, where);
	}
	*p = r->store ? r->store : (const unsigned char *)"";
	return 0;
}

static int unpack(struct blockr *r, const unsigned char *p, size_t n, size_t raw, const char *where)
{
	if (grow(r, &r->unpacked, &r->unpacked_cap, raw ? raw : 1, 0))
		return r->err.code;
	if (!r->has_z) {
		if (inflateInit(&r->z) != Z_OK)
			return err_set(&r->err, ERR_MEM, "%s: no memory to unpack a block", file_name(r->f));
		r->has_z = true;
	}
	inflateReset(&r->z);
	r->z.next_in = (Bytef *)(uintptr_t)p;
	r->z.avail_in = (uInt)n;
	r->z.next_out = r->unpacked;
	r->z.avail_out = (uInt)raw;
	int got = inflate(&r->z, Z_FINISH);
	if (got == Z_MEM_ERROR)
		return err_set(&r->err, ERR_MEM, "%s: no memory to unpack a block", file_name(r->f));
	if (got != Z_STREAM_END || r->z.avail_out || r->z.avail_in)
		return bad(r, "%s: does not unpack to the %zu bytes it says", where, raw);
	return 0;
}

static int read_block(struct blockr *r, struct block *b)
{
	unsigned char room[BLOCK_HEAD], pad_room[64];
	const unsigned char *h, *p = NULL, *pad;
	uint64_t at = r->at;
	char where[96], t[5];
	int64_t n = take(r, room, sizeof room, &h);

	if (n < 0)
		return (int)n;
	if (!n) {
		if (!r->n_blocks)
			return bad(r, "ends at byte %llu with no end block: the writer did not finish, or the file was cut short", (unsigned long long)at);
		return bad(r, "ends at byte %llu with no end block: the writer did not finish, or the file was cut short (last whole block: %llu at byte %llu)",
			   (unsigned long long)at, (unsigned long long)r->n_blocks - 1, (unsigned long long)r->last_offset);
	}
	snprintf(where, sizeof where, "the header of block %llu at byte %llu", (unsigned long long)r->n_blocks, (unsigned long long)at);
	if (n < BLOCK_HEAD)
		return cut_short(r, where);
	if (memcmp(h, block_magic, 4) || !is_sum(get64(h + 56), h, 56))
		return bad(r, "block %llu at byte %llu: its header is damaged", (unsigned long long)r->n_blocks, (unsigned long long)at);
	*b = (struct block){ .kind = r->kind, .type = (enum block_type)get32(h + 4), .stored = get64(h + 8), .codec = (enum block_codec)get32(h + 24),
			     .flags = (enum block_flags)get32(h + 28), .no = get64(h + 32), .records = get64(h + 40), .offset = at };
	uint64_t raw = get64(h + 16), sum = get64(h + 48);
	snprintf(where, sizeof where, "block %llu (%s) at byte %llu", (unsigned long long)r->n_blocks, type_name(b->type, t), (unsigned long long)at);
	if (b->no != r->n_blocks)
		return bad(r, "%s: it is numbered %llu: blocks are missing or out of order", where, (unsigned long long)b->no);
	if (b->codec > BLOCK_ZLIB)
		return bad(r, "%s: packed in a way this program does not know (%u)", where, (unsigned)b->codec);
	if (b->flags & ~(unsigned)BLOCK_SKIPPABLE)
		return bad(r, "%s: marked in a way this program does not know (flags %#x)", where, (unsigned)b->flags);
	if (b->codec == BLOCK_RAW ? b->stored != raw || raw > BLOCK_PAYLOAD_MAX :
	    raw > BLOCK_PACKED_MAX || b->stored > BLOCK_PACKED_MAX || raw / DEFLATE_MOST > b->stored)
		return bad(r, "%s: its sizes (%llu stored, %llu unpacked) cannot be", where, (unsigned long long)b->stored, (unsigned long long)raw);
	if (b->type != BLOCK_END)	/* the end block speaks of those before it */
		XXH3_64bits_update(r->chain, h + 56, 8);
	int ret = read_payload(r, b->stored, where, &p);
	if (ret)
		return r->err.code;
	n = take(r, pad_room, pad_of(b->stored), &pad);
	if (n < 0)
		return (int)n;
	if ((size_t)n < pad_of(b->stored))
		return cut_short(r, where);
	for (int64_t i = 0; i < n; i++)
		if (pad[i])
			return bad(r, "%s: the padding behind it is damaged", where);
	bool is_lazy = r->map && r->flags & BLOCKR_LAZY && b->type == BLOCK_TENSOR && b->codec == BLOCK_RAW;
	if (!is_lazy && !is_sum(sum, p, (size_t)b->stored))
		return bad(r, "%s: the payload does not match its checksum", where);
	b->p = p;
	b->n = (size_t)raw;
	if (b->codec == BLOCK_ZLIB) {
		if (unpack(r, p, (size_t)b->stored, (size_t)raw, where))
			return r->err.code;
		b->p = r->unpacked;
	}
	if (b->type == BLOCK_END) {
		uint64_t digest = XXH3_64bits_digest(r->chain);
		if (b->n != 24 || get64(b->p) != r->n_blocks || get64(b->p + 8) != r->n_records ||
		    (checks_sums && get64(b->p + 16) != digest))
			return bad(r, "%s: its totals do not match what came before", where);
		snprintf(b->digest, sizeof b->digest, "%016llx", (unsigned long long)digest);
		r->is_in_stream = false;
		return BLOCK_STREAM_END;
	}
	r->n_blocks++;
	r->n_records += b->records;
	r->last_offset = at;
	return BLOCK_BLOCK;
}

int blockr_next(struct blockr *r, struct block *b, struct err *e)
{
	int ret = r->err.code;

	if (r->map && r->flags & BLOCKR_PASS)
		file_map_pass(r->f, r->at);
	if (!ret && !r->is_in_stream) {
		uint64_t at = r->at;
		*b = (struct block){ 0 };
		ret = read_header(r);
		b->kind = r->kind;
		b->offset = at;
	} else if (!ret) {
		ret = read_block(r, b);
	}
	return ret < 0 || r->err.code ? err_set(e, r->err.code, "%s", r->err.msg) : ret;
}

int block_verify(const struct blockr *r, const struct block *b, struct err *e)
{
	char t[5];

	if (!r->map || is_sum(get64(r->map + b->offset + 48), r->map + b->offset + BLOCK_HEAD, (size_t)b->stored))
		return 0;
	return err_set(e, ERR_DATA, "%s: block %llu (%s) at byte %llu: the payload does not match its checksum", file_name(r->f),
		       (unsigned long long)b->no, type_name(b->type, t), (unsigned long long)b->offset);
}

/* ---- repair ---- */

/* sealed - does a header of 64 bytes carry its own right hash? */
static bool sealed(const unsigned char *p) { return is_sum(get64(p + 56), p, 56); }

static bool is_header(const unsigned char *p, uint64_t n)
{
	return n >= BLOCK_HEAD && !memcmp(p, magic, 8) && sealed(p);
}

bool block_is_head(const unsigned char *p)
{
	return !memcmp(p, magic, sizeof magic);
}

bool block_is_tail(const unsigned char *p)
{
	return !memcmp(p, block_magic, 4) && get32(p + 4) == BLOCK_END && get64(p + 8) == 24 && sealed(p) && is_sum(get64(p + 48), p + BLOCK_HEAD, 24);
}

/* all_zero - as a file is that grew before its bytes were written. */
static bool all_zero(const unsigned char *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* Where the walk over a stream's headers stands. */
struct stream { bool is_begun, is_end; uint64_t blocks, records; XXH3_state_t *chain; };

/* is_total - does the end block say what was there before it? */
static bool is_total(const struct stream *s, const unsigned char *p)
{
	return get64(p) == s->blocks && get64(p + 8) == s->records && (!checks_sums || get64(p + 16) == XXH3_64bits_digest(s->chain));
}

/* step - over the header or block at p: how many bytes it takes; 0 it is cut short, or its bytes never reached the disk; <0 it is neither. */
static int64_t step(struct stream *s, const unsigned char *p, uint64_t n)
{
	s->is_end = false;
	if (!s->is_begun && memcmp(p, magic, n < 8 ? n : 8) && !all_zero(p, n))
		return -1;		/* never began as a stream: nothing was torn off it */
	if (n < BLOCK_HEAD)
		return 0;
	if (all_zero(p, BLOCK_HEAD))
		return all_zero(p, n) ? 0 : -1;
	if (!s->is_begun) {
		if (!is_header(p, n))
			return -1;
		s->is_begun = true;
		s->blocks = s->records = 0;
		XXH3_64bits_reset(s->chain);
		return BLOCK_HEAD;
	}
	uint64_t stored = get64(p + 8);
	if (memcmp(p, block_magic, 4) || !sealed(p) || get64(p + 32) != s->blocks)
		return -1;
	if (stored > n || (stored + 63) / 64 * 64 > n - BLOCK_HEAD)
		return 0;
	s->is_end = get32(p + 4) == BLOCK_END;
	if (s->is_end && (stored != 24 || !is_total(s, p + BLOCK_HEAD)))
		return all_zero(p + BLOCK_HEAD, n - BLOCK_HEAD) ? 0 : -1;
	if (s->is_end) {
		s->is_begun = false;
	} else {
		s->blocks++;
		s->records += get64(p + 40);
		XXH3_64bits_update(s->chain, p + 56, 8);
	}
	return (int64_t)(BLOCK_HEAD + (stored + 63) / 64 * 64);
}

/* next_header - where in p[from, n) another stream begins, or n. */
static uint64_t next_header(const unsigned char *p, uint64_t from, uint64_t n)
{
	while (from + BLOCK_HEAD <= n) {
		const unsigned char *q = memmem(p + from, n - from, magic, 8);
		if (!q)
			break;
		from = (uint64_t)(q - p);
		if (is_header(q, n - from))
			return from;
		from++;
	}
	return n;
}

int block_whole(const char *name, const unsigned char *p, uint64_t n, uint64_t *whole, struct err *e)
{
	struct stream s = { .chain = XXH3_createState() };
	uint64_t at = 0;
	int64_t took = 0;

	*whole = 0;
	if (!s.chain)
		mem_oom(sizeof *s.chain);
	if (n && memcmp(p, magic, n < 8 ? n : 8))
		err_set(e, ERR_DATA, "%s: this is no taste stream: nothing was changed", name);
	while (!e->code && at < n && (took = step(&s, p + at, n - at)) > 0) {
		at += (uint64_t)took;
		if (s.is_end)
			*whole = at;
	}
	XXH3_freeState(s.chain);
	uint64_t behind = *whole < n ? next_header(p, *whole + 1, n) : n;
	if (behind < n)		/* somebody appended to what was torn */
		return err_set(e, ERR_DATA, "%s: the stream from byte %llu to %llu is unfinished or damaged, and another begins behind it: head -c %llu and tail -c +%llu keep both ends",
			       name, (unsigned long long)*whole, (unsigned long long)behind, (unsigned long long)*whole, (unsigned long long)behind + 1);
	if (took < 0)
		return err_set(e, ERR_DATA, "%s: damaged at byte %llu, not just unfinished: nothing was changed", name, (unsigned long long)at);
	return e->code;
}
