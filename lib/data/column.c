#include <math.h>
#include <string.h>

#include "column.h"
#include "../base/scan.h"

enum packing { PACK_CONST, PACK_VARINT, PACK_DELTA, PACK_PLANES, PACK_RUNS, PACK_F64 };

static size_t varint_size(uint64_t v)
{
	size_t n = 1;

	while (v >>= 7)
		n++;
	return n;
}

void column_put(struct buf *b, const uint64_t *v, size_t n, struct buf *tmp)
{
	size_t runs = 0, runs_bytes = 0, varint = 0, delta = 0;
	uint64_t min = UINT64_MAX, max = 0, last = 0;

	for (size_t i = 0, start = 0; i < n; i++) {
		varint += varint_size(v[i]);
		delta += varint_size(zigzag((int64_t)(v[i] - last)));
		last = v[i];
		min = v[i] < min ? v[i] : min;
		max = v[i] > max ? v[i] : max;
		if (i + 1 == n || v[i + 1] != v[i]) {
			runs++;
			runs_bytes += varint_size(v[i]) + varint_size(i + 1 - start);
			start = i + 1;
		}
	}
	unsigned width = 1;
	while (width < 8 && n && (max - min) >> 8 * width)
		width++;
	size_t planes = 1 + varint_size(n ? min : 0) + width * n;
	enum packing how = runs <= 1 ? PACK_CONST : PACK_RUNS;
	size_t best = runs <= 1 ? 0 : runs_bytes;
	if (how != PACK_CONST) {
		/* Planes give zlib the same byte of every value side by side: worth a little before packing. */
		if (delta + delta / 8 < best)
			how = PACK_DELTA, best = delta + delta / 8;
		if (planes < best)
			how = PACK_PLANES, best = planes;
		if (varint + varint / 8 < best)
			how = PACK_VARINT;
	}
	buf_reset(tmp);
	last = 0;
	switch (how) {
	case PACK_CONST:
		buf_put_varint(tmp, n ? v[0] : 0);
		break;
	case PACK_RUNS:
		for (size_t i = 0, start = 0; i < n; i++)
			if (i + 1 == n || v[i + 1] != v[i]) {
				buf_put_varint(tmp, v[i]);
				buf_put_varint(tmp, i + 1 - start);
				start = i + 1;
			}
		break;
	case PACK_DELTA:
		for (size_t i = 0; i < n; i++) {
			buf_put_varint(tmp, zigzag((int64_t)(v[i] - last)));
			last = v[i];
		}
		break;
	case PACK_PLANES:
		buf_putc(tmp, (char)width);
		buf_put_varint(tmp, min);
		for (unsigned j = 0; j < width; j++) {
			unsigned char *to = (unsigned char *)buf_reserve(tmp, n);
			for (size_t i = 0; i < n; i++)
				to[i] = (unsigned char)((v[i] - min) >> 8 * j);
			tmp->len += n;
		}
		break;
	default:
		for (size_t i = 0; i < n; i++)
			buf_put_varint(tmp, v[i]);
	}
	buf_putc(b, (char)how);
	buf_put_varint(b, tmp->len);
	buf_put(b, tmp->p, tmp->len);
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
