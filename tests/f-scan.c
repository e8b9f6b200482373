/* Any bytes as numbers and times: nothing behind the end is read, what is accepted prints and reads back to itself, and libc agrees. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/buf.h"
#include "../lib/base/mem.h"
#include "../lib/base/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void floats(const char *s, size_t n, struct buf *b)
{
	double d, d2;
	float f, f2;
	bool is_f64 = scan_f64(s, n, &d), is_f32 = scan_f32(s, n, &f);

	assert(is_f64 || !is_f32);
	char *text = mem_new(n + 1, 1);
	memcpy(text, s, n);
	if (is_f64) {
		double want = strtod(text, NULL);
		assert(isfinite(d) && !memcmp(&d, &want, sizeof d));
		buf_reset(b);
		buf_put_f64(b, d);
		assert(scan_f64(b->p, b->len, &d2) && !memcmp(&d, &d2, sizeof d));
	}
	if (is_f32) {
		float want = strtof(text, NULL);
		assert(isfinite(f) && !memcmp(&f, &want, sizeof f));
		buf_reset(b);
		buf_put_f32(b, f);
		assert(scan_f32(b->p, b->len, &f2) && !memcmp(&f, &f2, sizeof f));
	}
	mem_free(text);
}

static void wholes(const char *s, size_t n, struct buf *b)
{
	int64_t i, i2;
	uint64_t u, u2;

	if (scan_i64(s, n, &i)) {
		buf_reset(b);
		buf_put_i64(b, i);
		assert(scan_i64(b->p, b->len, &i2) && i == i2);
	}
	if (scan_u64(s, n, &u)) {
		buf_reset(b);
		buf_put_u64(b, u);
		assert(scan_u64(b->p, b->len, &u2) && u == u2);
		assert(u > INT64_MAX || (scan_size(s, n, &u2) && u == u2));
	} else {
		scan_size(s, n, &u);
	}
}

static void times(const char *s, size_t n)
{
	static const enum scan_time_unit unit[] = { TIME_AUTO, TIME_S, TIME_MS };
	char iso[32];
	int64_t t, again;

	for (int k = 0; k < 3; k++) {
		if (!scan_time(s, n, unit[k], &t))
			continue;
		time_iso(t, iso);
		if (strchr(iso, 'T'))
			assert(scan_time(iso, strlen(iso), unit[k], &again) && again == t);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf b = { 0 };
	char *s = malloc(n ? n : 1);		/* ends where the input does, so that a byte more is seen */
	uint64_t v;
	float f;
	double d;

	assert(s);
	if (n)
		memcpy(s, p, n);
	floats(s, n, &b);
	wholes(s, n, &b);
	times(s, n);

	/* the bytes themselves as a float, a double, a varint */
	if (n >= sizeof f) {
		float back;
		memcpy(&f, p, sizeof f);
		buf_reset(&b);
		buf_put_f32(&b, f);
		assert(!isfinite(f) || (scan_f32(b.p, b.len, &back) && !memcmp(&f, &back, sizeof f)));
	}
	if (n >= sizeof d) {
		double back;
		memcpy(&d, p, sizeof d);
		buf_reset(&b);
		buf_put_f64(&b, d);
		assert(!isfinite(d) || (scan_f64(b.p, b.len, &back) && !memcmp(&d, &back, sizeof d)));
	}
	const unsigned char *at = (const unsigned char *)s, *end = at + n;
	while (scan_varint(&at, end, &v)) {
		uint64_t back;
		buf_reset(&b);
		buf_put_varint(&b, v);
		const unsigned char *q = (const unsigned char *)b.p;
		assert(scan_varint(&q, q + b.len, &back) && back == v && q == (const unsigned char *)b.p + b.len);
	}
	assert(at <= end);
	free(s);
	buf_release(&b);
	return 0;
}
