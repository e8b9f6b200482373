/*
 * buf - a growing run of bytes. Always NUL-terminated behind len once anything was added, so that
 * text can be passed on; may hold NUL bytes itself. Zeroed is empty. Growth that fails ends in
 * mem_oom(); a caller that reads sizes from a file bounds them first.
 */
#ifndef TASTE_BUF_H
#define TASTE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {			/* bytes with a length; may hold anything */
	const char *p;
	size_t len;
};

static inline bool str_is(struct str a, const char *b) { return a.len == strlen(b) && !memcmp(a.p, b, a.len); }

struct buf {
	char *p;
	size_t len, cap;
};

void buf_release(struct buf *b);
static inline void buf_reset(struct buf *b) { b->len = 0; }
/* buf_reserve - room for `more` bytes and a NUL behind len; returns where they start. */
char *buf_reserve(struct buf *b, size_t more);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_putc(struct buf *b, char c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* buf_detach - hand the bytes to the caller (mem_free), leaving b empty. */
char *buf_detach(struct buf *b);

/* Numbers as text, locale-free: the shortest digits that read back to the same value
 * (nan, inf, -inf for the rest). Whole numbers below 1e15 have all their digits, also where
 * fewer would do: a float's 1073741824, to which 1.0737418e9 reads back too. */
void buf_put_i64(struct buf *b, int64_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_f32(struct buf *b, float v);
void buf_put_f64(struct buf *b, double v);
/* buf_put_fixed - v with exactly `digits` (0..9) decimals, as printf("%.*f") rounds. */
void buf_put_fixed(struct buf *b, double v, int digits);

/* Little-endian integers and LEB128 varints, for binary formats. */
void buf_put_le32(struct buf *b, uint32_t v);
void buf_put_le64(struct buf *b, uint64_t v);
void buf_put_varint(struct buf *b, uint64_t v);

#endif
