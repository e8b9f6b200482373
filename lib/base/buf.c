#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "buf.h"
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

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	char *to = buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

char *buf_detach(struct buf *b)
{
	char *p = b->p;

	*b = (struct buf){ 0 };
	return p;
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	char s[20];
	size_t i = sizeof s;

	do
		s[--i] = (char)('0' + v % 10);
	while (v /= 10);
	buf_put(b, s + i, sizeof s - i);
}

void buf_put_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_putc(b, '-');
	buf_put_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* put_digits - n digits, the first worth 10^exp10, as plain decimal or with an exponent. */
static void put_digits(struct buf *b, const char *digit, int n, int exp10)
{
	while (n > 1 && digit[n - 1] == '0')
		n--;
	if (exp10 < -5 || exp10 > 15) {
		buf_putc(b, digit[0]);
		if (n > 1) {
			buf_putc(b, '.');
			buf_put(b, digit + 1, (size_t)n - 1);
		}
		buf_printf(b, "e%d", exp10);
	} else if (exp10 < 0) {
		buf_put(b, "0.00000", (size_t)(1 - exp10));
		buf_put(b, digit, (size_t)n);
	} else {
		for (int i = 0; i < n || i <= exp10; i++) {
			if (i == exp10 + 1)
				buf_putc(b, '.');
			buf_putc(b, i < n ? digit[i] : '0');
		}
	}
}

static int split(const char *s, char *digit, int *exp10)
{
	int n = 0;

	for (; *s != 'e'; s++)
		if (*s != '.')
			digit[n++] = *s;
	*exp10 = atoi(s + 1);
	return n;
}

/* put_special - sign, zero, infinity and NaN, small integers; true when that was all. */
static int put_special(struct buf *b, double v)
{
	if (isnan(v)) {
		buf_puts(b, "nan");
		return 1;
	}
	if (signbit(v))
		buf_putc(b, '-');
	v = fabs(v);
	if (isinf(v)) {
		buf_puts(b, "inf");
		return 1;
	}
	if (v < 1e15 && v == (double)(uint64_t)v) {
		buf_put_u64(b, (uint64_t)v);
		return 1;
	}
	return 0;
}

/*
 * fast_f32 - the digits of v > 0 where powers of ten are exact doubles; 0 when it is out of that range.
 *
 * Six digits first: every decimal of up to six digits survives the way to a float and back (FLT_DIG), so if any so short reads back to v, v rounded to six digits is it, with
 * zeros behind. Then seven, eight, nine. The candidate m is v * 10^k rounded; that it reads back is checked by scan_f32, so a rounding error here costs a digit at
 * worst, never the value. 30 ns, where snprintf and strtof take 1200.
 */
static int fast_f32(float v, char digit[16], int *exp10)
{
	static const double ten[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
				      1e22 };
	double d = (double)v;
	int e = 0;

	if (!(v >= 1e-12f && v < 1e15f))
		return 0;
	if (d >= 1)
		while (d >= ten[e + 1])
			e++;
	else
		while (d * ten[-e] < 1)
			e--;
	for (int p = 6; p <= 9; p++) {
		int k = p - 1 - e;
		double m = k >= 0 ? d * ten[k] : d / ten[-k], back;
		uint64_t n = (uint64_t)(m + 0.5);
		back = k >= 0 ? (double)n / ten[k] : (double)n * ten[-k];	/* correctly rounded to a double: n is exact */
		uint64_t bits;
		memcpy(&bits, &back, 8);
		uint64_t low = bits & 0x1fffffff;
		if (low >= 0x0fffffff && low <= 0x10000001)
			continue;	/* too near the middle of two floats to round twice: one digit more tells them apart */
		if ((float)back != v)
			continue;
		if (n >= (uint64_t)ten[p]) {		/* 9.999999 became 10 */
			n /= 10;
			e++;
		}
		for (int i = p; i-- > 0; n /= 10)
			digit[i] = (char)('0' + n % 10);
		*exp10 = e;
		return p;
	}
	return 0;
}

void buf_put_f32(struct buf *b, float v)
{
	char s[32], digit[32];
	int exp10, n;

	if (put_special(b, (double)v))
		return;
	v = fabsf(v);
	if (!(n = fast_f32(v, digit, &exp10))) {
		for (int p = v < FLT_MIN ? 0 : 5; p < 9; p++) {	/* subnormals have fewer digits to tell */
			snprintf(s, sizeof s, "%.*e", p, (double)v);
			if (p == 8 || strtof(s, NULL) == v)
				break;
		}
		n = split(s, digit, &exp10);
	}
	put_digits(b, digit, n, exp10);
}

void buf_put_f64(struct buf *b, double v)
{
	char s[40], digit[40];
	int exp10;

	if (put_special(b, v))
		return;
	v = fabs(v);
	for (int p = 14; p < 17; p++) {
		snprintf(s, sizeof s, "%.*e", p, v);
		if (p == 16 || strtod(s, NULL) == v)
			break;
	}
	int n = split(s, digit, &exp10);
	put_digits(b, digit, n, exp10);
}

void buf_put_fixed(struct buf *b, double v, int digits)
{
	buf_printf(b, "%.*f", digits, v);
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
