/*
 * utf8 - is it UTF-8? By RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef TASTE_UTF8_H
#define TASTE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* utf8_head - bytes of the character that begins with c, and the bounds of its second byte (further ones lie from 0x80 to 0xbf); 0: none begins so. */
static inline size_t utf8_head(unsigned char c, unsigned char *lo, unsigned char *hi)
{
	*lo = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	*hi = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

/* utf8_len - bytes of the character at p, of which n > 0 are there; 0: it is none, or cut short. */
static inline size_t utf8_len(const char *p, size_t n)
{
	unsigned char lo, hi;
	size_t len = utf8_head((unsigned char)*p, &lo, &hi);

	if (len > n)
		return 0;
	for (size_t i = 1; i < len; i++, lo = 0x80, hi = 0xbf)
		if ((unsigned char)p[i] < lo || (unsigned char)p[i] > hi)
			return 0;
	return len;
}

#endif
