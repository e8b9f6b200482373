/*
 * pieces - fields that are lists: a;b;c of tags, and k=v;k=v of contexts. Nothing is copied: pieces lie in the field.
 */
#ifndef TASTE_PIECES_H
#define TASTE_PIECES_H

#include <stdbool.h>
#include <string.h>
#include "buf.h"

/* pieces_next - what stands before the next ';' of *rest, which begins behind it then: "a;;b;" has the pieces a, nothing and b. False when there is no more. */
static inline bool pieces_next(struct str *rest, struct str *piece)
{
	const char *mark = rest->len ? memchr(rest->p, ';', rest->len) : NULL;
	size_t n = mark ? (size_t)(mark - rest->p) : rest->len;

	if (!rest->len)
		return false;
	*piece = (struct str){ rest->p, n };
	*rest = (struct str){ rest->p + n + !!mark, rest->len - n - !!mark };
	return true;
}

/* pieces_pair - KEY=VALUE cut at its first '='. False where there is none: the key is all of the piece, and the value empty behind it. */
static inline bool pieces_pair(struct str piece, struct str *key, struct str *value)
{
	const char *eq = piece.len ? memchr(piece.p, '=', piece.len) : NULL;
	size_t n = eq ? (size_t)(eq - piece.p) : piece.len;

	*key = (struct str){ piece.p, n };
	*value = (struct str){ piece.p + n + !!eq, piece.len - n - !!eq };
	return eq;
}

/* pieces_value - that of the first piece KEY=VALUE; false when there is none. */
static inline bool pieces_value(struct str list, const char *key, struct str *value)
{
	size_t n = strlen(key);
	struct str piece, k;

	while (pieces_next(&list, &piece))
		if (pieces_pair(piece, &k, value) && k.len == n && !memcmp(k.p, key, n))
			return true;
	return false;
}

#endif
