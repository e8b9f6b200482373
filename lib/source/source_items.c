/*
 * source_items - what the formats need to make a catalogue, and to look into text.
 */
#include <string.h>

#include "kind.h"
#include "../base/mem.h"
#include "../base/utf8.h"

bool source_has_member(const char *p, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (const char *end = p + n, *q = p; (q = memmem(q, (size_t)(end - q), name, len)); q++) {
		const char *colon = q + len + 1;
		if (q == p || q[-1] != '"' || colon >= end || colon[-1] != '"' || (q >= p + 2 && q[-2] == '\\'))
			continue;
		while (colon < end && (*colon == ' ' || *colon == '\t' || *colon == '\n' || *colon == '\r'))
			colon++;
		if (colon < end && *colon == ':')
			return true;
	}
	return false;
}

bool str_has(struct str a, const char *b)
{
	return memmem(a.p, a.len, b, strlen(b));
}

struct str *source_add_item(struct items *to, struct str id)
{
	size_t before = to->id.n;
	uint32_t i = vocab_add(&to->id, id.p, id.len);

	if (i < before)
		return NULL;
	arr_reserve(to->row, to->id.n, to->cap);
	for (int c = 0; c < ITEM_COLUMNS; c++)
		to->row[i][c] = (struct str){ "", 0 };
	return to->row[i];
}

void source_note_item(struct items *to, const struct listen *l)
{
	source_add_item(to, l->ev.item);
	struct str *row = to->row[vocab_find(&to->id, l->ev.item.p, l->ev.item.len)];

	for (int c = 0; c < ITEM_COLUMNS; c++)
		if (!row[c].len && l->col[c].len)
			row[c] = (struct str){ arena_bytes(&to->bytes, l->col[c].p, l->col[c].len), l->col[c].len };
}

static bool is_utf8(struct str s)
{
	for (size_t i = 0, n; i < s.len; i += n)
		if (!(n = utf8_len(s.p + i, s.len - i)))
			return false;
	return true;
}

struct str source_utf8(struct items *to, struct str text)
{
	if (is_utf8(text))
		return (struct str){ arena_bytes(&to->bytes, text.p, text.len), text.len };
	char *p = arena_alloc(&to->bytes, 2 * text.len);
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c >= 0x80)
			p[n++] = (char)(0xc0 | c >> 6);
		p[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 63));
	}
	return (struct str){ p, n };
}
