#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "buf.h"
#include "decimal.h"
#include "mem.h"

void buf_release(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){ 0 };
}

char *buf_reserve(struct buf *b, size_t more)
{
	if (more >= b->cap - b->len) {		/* one byte stays for the NUL */
		size_t need;
		if (__builtin_add_overflow(b->len, more, &need) || ++need == 0)
			mem_oom(more);
		arr_reserve(b->p, need < 64 ? 64 : need, b->cap);
	}
	return b->p + b->len;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (n)
		memcpy(to, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void buf_putc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->p[++b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return;
	vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

char *buf_detach(struct buf *b)
{
	char *p = b->p;

	*b = (struct buf){ 0 };
	return p;
}

/* fill - the digits of v, the last one just before end; returns where the first one is. */
static char *fill(char *end, uint64_t v)
{
	static const char pair[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869"
				   "707172737475767778798081828384858687888990919293949596979899";

	while (v >= 100) {
		memcpy(end -= 2, pair + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10)
		return memcpy(end - 2, pair + v * 2, 2);
	*--end = (char)('0' + v);
	return end;
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	char s[20], *end = s + sizeof s, *first = fill(end, v);

	buf_put(b, first, (size_t)(end - first));
}

void buf_put_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_putc(b, '-');
	buf_put_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* put_decimal - digits * 10^exp10, digits > 0, as plain decimal or with an exponent. */
static void put_decimal(struct buf *b, uint64_t digits, int exp10)
{
	char s[20], *end = s + sizeof s, *first = fill(end, digits);

	while (end[-1] == '0')
		end--;
	size_t n = (size_t)(end - first);
	int e = exp10 + (int)(s + sizeof s - first) - 1;	/* the first digit is worth 10^e */
	char *start = buf_reserve(b, 32), *to = start;

	if (e < -5 || e > 15) {
		*to++ = *first;
		if (n > 1) {
			*to++ = '.';
			memcpy(to, first + 1, n - 1);
			to += n - 1;
		}
		*to++ = 'e';
		if (e < 0)
			*to++ = '-';
		char x[20], *x_end = x + sizeof x, *x_first = fill(x_end, (uint64_t)(e < 0 ? -e : e));
		memcpy(to, x_first, (size_t)(x_end - x_first));
		to += x_end - x_first;
	} else if (e < 0) {
		memcpy(to, "0.00000", 7);
		to += 1 - e;
		memcpy(to, first, n);
		to += n;
	} else if (n <= (size_t)e + 1) {
		memcpy(to, first, n);
		memset(to + n, '0', (size_t)e + 1 - n);
		to += e + 1;
	} else {
		memcpy(to, first, (size_t)e + 1);
		to[e + 1] = '.';
		memcpy(to + e + 2, first + e + 1, n - (size_t)e - 1);
		to += n + 1;
	}
	*to = '\0';
	b->len += (size_t)(to - start);
}

/* put_special - sign, zero, infinity and NaN, small integers; true when that was all. */
static bool put_special(struct buf *b, double v)
{
	if (isnan(v)) {
		buf_puts(b, "nan");
		return true;
	}
	if (signbit(v))
		buf_putc(b, '-');
	v = fabs(v);
	if (isinf(v)) {
		buf_puts(b, "inf");
		return true;
	}
	if (v < 1e15 && v == (double)(uint64_t)v) {
		buf_put_u64(b, (uint64_t)v);
		return true;
	}
	return false;
}

void buf_put_f32(struct buf *b, float v)
{
	int exp10;

	if (put_special(b, (double)v))
		return;
	uint32_t digits = decimal_of_f32(fabsf(v), &exp10);
	put_decimal(b, digits, exp10);
}

void buf_put_f64(struct buf *b, double v)
{
	int exp10;

	if (put_special(b, v))
		return;
	uint64_t digits = decimal_of_f64(fabs(v), &exp10);
	put_decimal(b, digits, exp10);
}

void buf_put_fixed(struct buf *b, double v, int digits)
{
	static const double ten[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
	double scaled = digits >= 0 && digits <= 9 ? fabs(v) * ten[digits] : INFINITY;

	if (!(scaled < 0x1p52)) {
		buf_printf(b, "%.*f", digits, v);
		return;
	}
	/* scaled + error is |v| * 10^digits exactly; the fraction is in steps of scaled's last bit, which error is at most half of, so only at one half does it count. */
	double error = fma(fabs(v), ten[digits], -scaled);
	uint64_t n = (uint64_t)scaled;
	double fraction = scaled - (double)n;
	n += fraction > 0.5 || (fraction == 0.5 && (error > 0 || (error == 0 && n & 1)));

	char s[32], *end = s + sizeof s, *first = fill(end, n);
	while (end - first <= digits)
		*--first = '0';
	if (signbit(v))
		buf_putc(b, '-');
	buf_put(b, first, (size_t)(end - first - digits));
	if (digits) {
		buf_putc(b, '.');
		buf_put(b, end - digits, (size_t)digits);
	}
}

void buf_put_le32(struct buf *b, uint32_t v)
{
	unsigned char p[4] = { (unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16), (unsigned char)(v >> 24) };

	buf_put(b, p, sizeof p);
}

void buf_put_le64(struct buf *b, uint64_t v)
{
	buf_put_le32(b, (uint32_t)v);
	buf_put_le32(b, (uint32_t)(v >> 32));
}

void buf_put_varint(struct buf *b, uint64_t v)
{
	unsigned char p[10];
	size_t n = 0;

	for (; v > 127; v >>= 7)
		p[n++] = (unsigned char)(v | 128);
	p[n++] = (unsigned char)v;
	buf_put(b, p, n);
}
