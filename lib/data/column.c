#include <endian.h>
#include <math.h>
#include <string.h>

#include "column.h"
#include "../base/scan.h"

enum packing { PACK_CONST, PACK_VARINT, PACK_DELTA, PACK_PLANES, PACK_RUNS, PACK_F64 };

enum { PARTS = 4, PART = 1024, SAMPLE = PARTS * PART };	/* values that are packed to see how small they get */

/* ---- packings. Each writes v[n], of which the value before was `last`, and returns the end. ---- */

/* spread - the low 56 bits as eight bytes of seven. */
static inline uint64_t spread(uint64_t v)
{
	v = (v & 0x0fffffff) | (v & 0xfffffff0000000) << 4;
	v = (v & 0x3fff00003fff) | (v & 0xfffc0000fffc000) << 2;
	return (v & 0x7f007f007f007f) | (v & 0x3f803f803f803f80) << 1;
}

/* put_varint - without a branch on the length, which nobody can guess. Writes 8 bytes, of which the next value takes back what is not its own. */
static inline unsigned char *put_varint(unsigned char *to, uint64_t v)
{
	if (v >> 56) {
		for (; v > 127; v >>= 7)
			*to++ = (unsigned char)(v | 128);
		*to++ = (unsigned char)v;
		return to;
	}
	unsigned more = (unsigned)(63 - __builtin_clzll(v | 1)) / 7;	/* bytes behind the first */
	uint64_t s = htole64(spread(v) | (0x8080808080808080 & (((uint64_t)1 << 8 * more) - 1)));
	memcpy(to, &s, 8);
	return to + more + 1;
}

static unsigned char *put_varints(unsigned char *to, const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to = put_varint(to, v[i]);
	return to;
}

static unsigned char *put_deltas(unsigned char *to, const uint64_t *v, size_t n, uint64_t last)
{
	for (size_t i = 0; i < n; last = v[i++])
		to = put_varint(to, zigzag((int64_t)(v[i] - last)));
	return to;
}

static unsigned char *put_runs(unsigned char *to, const uint64_t *v, size_t n)
{
	for (size_t i = 0, start = 0; i < n; i++)
		if (i + 1 == n || v[i + 1] != v[i]) {
			to = put_varint(put_varint(to, v[i]), i + 1 - start);
			start = i + 1;
		}
	return to;
}

static unsigned char *put_plane(unsigned char *to, const uint64_t *v, size_t n, uint64_t min, unsigned j)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)((v[i] - min) >> 8 * j);
	return to + n;
}

/* ---- which of them ---- */

/* log2_16 - log2(v) in sixteenths, rounded down: whole numbers, so that no library's rounding can decide how a file is packed. v > 0. */
static uint32_t log2_16(uint32_t v)
{
	uint32_t whole = 31 - (uint32_t)__builtin_clz(v), part = 0;
	uint64_t m = (uint64_t)v << (31 - whole);	/* 1 <= m < 2 in units of 2^-31 */

	for (int i = 0; i < 4; i++) {
		m = m * m >> 31;
		part = part << 1 | (uint32_t)(m >> 32);
		m >>= m >> 32;
	}
	return whole << 4 | part;
}

/*
 * cost - sixteenths of a bit that `len` bytes take under a Huffman code of their own, when they stand for n / sampled times as many: what their counts say, one bit at least,
 * and 6 bits of code table for each byte that occurs; but no more than the bytes themselves.
 */
static uint64_t cost(const unsigned char *p, size_t len, size_t n, size_t sampled)
{
	uint32_t count[4][256] = { { 0 } };
	uint64_t sum = 0, used = 0;

	for (size_t i = 0; i < len; i++)
		count[i & 3][p[i]]++;
	uint32_t all = len ? log2_16((uint32_t)len) : 0;
	for (int k = 0; k < 256; k++) {
		uint32_t c = count[0][k] + count[1][k] + count[2][k] + count[3][k];
		if (c) {
			uint32_t bits = all - log2_16(c);
			sum += (uint64_t)c * (bits < 16 ? 16 : bits);
			used++;
		}
	}
	sum = sum * n / sampled + used * 6 * 16;
	uint64_t raw = (uint64_t)len * 8 * 16 * n / sampled;
	return sum < raw ? sum : raw;
}

/* choose - the packing that promises to be smallest; ties go to the earlier of RUNS, DELTA, PLANES, VARINT. */
static enum packing choose(const uint64_t *v, size_t n, uint64_t min, unsigned width, struct buf *tmp)
{
	uint64_t in[SAMPLE], last[PARTS], best, c;
	size_t parts = n > SAMPLE ? PARTS : 1, part = n > SAMPLE ? PART : n, sampled = parts * part;
	unsigned char *p = (unsigned char *)buf_reserve(tmp, SAMPLE * 20 + 8), *to = p;
	enum packing how = PACK_RUNS;

	for (size_t k = 0; k < parts; k++) {
		size_t from = parts > 1 ? (n - part) / (parts - 1) * k : 0;
		memcpy(in + k * part, v + from, part * sizeof *v);
		last[k] = from ? v[from - 1] : 0;
	}
	for (size_t k = 0; k < parts; k++)
		to = put_runs(to, in + k * part, part);
	best = cost(p, (size_t)(to - p), n, sampled);
	to = p;
	for (size_t k = 0; k < parts; k++)
		to = put_deltas(to, in + k * part, part, last[k]);
	if ((c = cost(p, (size_t)(to - p), n, sampled)) < best)
		how = PACK_DELTA, best = c;
	c = 0;
	for (unsigned j = 0; j < width; j++)
		c += cost(p, (size_t)(put_plane(p, in, sampled, min, j) - p), n, sampled);
	if (c < best)
		how = PACK_PLANES, best = c;
	to = put_varints(p, in, sampled);
	return cost(p, (size_t)(to - p), n, sampled) < best ? PACK_VARINT : how;
}

void column_put(struct buf *b, const uint64_t *v, size_t n, struct buf *tmp)
{
	uint64_t min = n ? v[0] : 0, max = min;

	for (size_t i = 0; i < n; i++) {
		min = v[i] < min ? v[i] : min;
		max = v[i] > max ? v[i] : max;
	}
	unsigned width = 1;
	while (width < 8 && (max - min) >> 8 * width)
		width++;
	enum packing how = min == max ? PACK_CONST : choose(v, n, min, width, tmp);
	unsigned char *p = (unsigned char *)buf_reserve(tmp, 20 * n + 32), *to = p;
	switch (how) {
	case PACK_CONST:
		to = put_varint(to, min);
		break;
	case PACK_RUNS:
		to = put_runs(to, v, n);
		break;
	case PACK_DELTA:
		to = put_deltas(to, v, n, 0);
		break;
	case PACK_PLANES:
		*to++ = (unsigned char)width;
		to = put_varint(to, min);
		for (unsigned j = 0; j < width; j++)
			to = put_plane(to, v, n, min, j);
		break;
	default:
		to = put_varints(to, v, n);
	}
	buf_putc(b, (char)how);
	buf_put_varint(b, (size_t)(to - p));
	buf_put(b, p, (size_t)(to - p));
}

void column_put_f64(struct buf *b, const double *v, size_t n)
{
	buf_putc(b, PACK_F64);
	buf_put_varint(b, 8 * n);
	for (unsigned j = 0; j < 8; j++) {
		unsigned char *to = (unsigned char *)buf_reserve(b, n);
		for (size_t i = 0; i < n; i++) {
			uint64_t bits;
			memcpy(&bits, &v[i], 8);
			to[i] = (unsigned char)(bits >> 8 * j);
		}
		b->len += n;
	}
}

const char *column_get(struct cursor *c, uint64_t *out, size_t n)
{
	uint64_t len, v, run, last = 0;

	if (c->p == c->end)
		return "a column is missing";
	enum packing how = (enum packing)*c->p++;
	if (!scan_varint(&c->p, c->end, &len) || len > (uint64_t)(c->end - c->p))
		return "a column is longer than its block";
	const unsigned char *p = c->p, *end = p + len;
	c->p = end;
	switch (how) {
	case PACK_CONST:
		if (!scan_varint(&p, end, &v) || p != end)
			return "a constant column is damaged";
		for (size_t i = 0; i < n; i++)
			out[i] = v;
		return NULL;
	case PACK_VARINT:
		for (size_t i = 0; i < n; i++)
			if (!scan_varint(&p, end, &out[i]))
				return "a column of varints ends early";
		break;
	case PACK_DELTA:
		for (size_t i = 0; i < n; i++) {
			if (!scan_varint(&p, end, &v))
				return "a column of differences ends early";
			out[i] = last += (uint64_t)unzigzag(v);
		}
		break;
	case PACK_PLANES: {
		unsigned width = p < end ? *p++ : 0;
		if (width < 1 || width > 8 || !scan_varint(&p, end, &v) || (size_t)(end - p) != width * n)
			return "a column of planes has the wrong size";
		for (size_t i = 0; i < n; i++)
			out[i] = v + p[i];
		for (unsigned j = 1; j < width; j++)
			for (size_t i = 0; i < n; i++)
				out[i] += (uint64_t)p[j * n + i] << 8 * j;
		return NULL;
	}
	case PACK_RUNS:
		for (size_t i = 0; i < n;) {
			if (!scan_varint(&p, end, &v) || !scan_varint(&p, end, &run) || !run || run > n - i)
				return "a column of runs is damaged";
			while (run--)
				out[i++] = v;
		}
		break;
	default:
		return "a column is packed in a way this program does not know";
	}
	return p == end ? NULL : "a column has bytes too many";
}

const char *column_get_f64(struct cursor *c, double *out, size_t n)
{
	uint64_t len;

	if (c->p == c->end || *c->p++ != PACK_F64 || !scan_varint(&c->p, c->end, &len) || len != 8 * n || len > (uint64_t)(c->end - c->p))
		return "a column of doubles is damaged";
	for (size_t i = 0; i < n; i++) {
		uint64_t bits = 0;
		for (unsigned j = 0; j < 8; j++)
			bits |= (uint64_t)c->p[j * n + i] << 8 * j;
		memcpy(&out[i], &bits, 8);
		if (!isfinite(out[i]))
			return "a value is not finite";
	}
	c->p += len;
	return NULL;
}
