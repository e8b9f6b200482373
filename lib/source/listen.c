#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "listen.h"
#include "../base/mem.h"

enum { FOLD_MAX = 4096 };		/* no name is longer; putting marks in order takes the square of their number */

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

void listen_fold(struct buf *b, struct str s)
{
	if (is_ascii(s) || s.len > FOLD_MAX) {
		char *to = buf_reserve(b, s.len);
		for (size_t i = 0; i < s.len; i++)
			to[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 32 : s.p[i]);
		b->len += s.len;
		return;
	}
	utf8proc_uint8_t *out = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.len, &out, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
	if (n == UTF8PROC_ERROR_NOMEM)
		mem_oom(s.len);
	if (n >= 0)
		buf_put(b, out, (size_t)n);
	else
		buf_put(b, s.p, s.len);
	free(out);	/* the library's own malloc */
}

/* put_part - s folded, hyphens that stand alone lengthened by one: the single one is left to mean what parts the parts. */
static void put_part(struct buf *b, struct buf *folded, struct str s)
{
	buf_reset(folded);
	listen_fold(folded, s);
	const char *p = folded->p;
	size_t n = folded->len;

	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && p[end] != '-';)
			end++;
		buf_put(b, p + i, end - i);
		size_t from = end;
		while (end < n && p[end] == '-')
			end++;
		buf_put(b, p + from, end - from);
		if (end > from && (from == 0 || p[from - 1] == ' ') && (end == n || p[end] == ' '))
			buf_putc(b, '-');
	}
}

static struct str name_of(const struct listen *l, struct buf *b)
{
	struct str creator = l->col[ITEM_CREATOR], title = l->col[ITEM_TITLE];

	struct buf folded = { 0 };

	if (!title.len)
		return title;
	buf_reset(b);
	if (creator.len && creator.p != title.p) {	/* an artist's title is its name */
		put_part(b, &folded, creator);
		buf_puts(b, " - ");
	}
	put_part(b, &folded, title);
	buf_release(&folded);
	return (struct str){ b->p, b->len };
}

bool listen_key(struct listen *l, enum listen_key k, struct buf *b)
{
	static const enum listen_key order[][3] = { { KEY_URI, KEY_NAME, KEY_MBID }, { KEY_NAME, KEY_URI, KEY_MBID }, { KEY_MBID, KEY_URI, KEY_NAME } };
	struct str uri = l->ev.item;

	for (int i = 0; i < 3; i++) {
		l->ev.item = order[k][i] == KEY_URI ? uri : order[k][i] == KEY_MBID ? l->mbid : name_of(l, b);
		if (l->ev.item.len)
			return true;
	}
	return false;
}

static bool is_kind(const struct listen *l, const char *kind)
{
	return str_is(l->ev.kind, kind);
}

const char *listen_counts(struct listen *l, const struct listen_filter *f)
{
	bool is_skip = is_kind(l, "skip");
	double heard = l->ev.value;

	if (l->is_incognito && (f->drops_incognito || f->rule == RULE_LISTENBRAINZ))
		return "incognito";
	if (!is_skip && l->ev.kind.len && !is_kind(l, "play"))		/* without a kind it is a play, as it is for marks and weights */
		return NULL;
	if (f->min_seconds > 0 && heard < f->min_seconds)
		return "shorter than --min-seconds";
	if (f->rule == RULE_ALL)
		return NULL;
	if (f->rule == RULE_LASTFM && l->length <= 30)
		return "an item of 30 seconds or less";
	double enough = f->rule == RULE_LASTFM && l->length < 480 ? l->length / 2 : f->rule == RULE_LASTFM && l->length >= 480 ? 240 : 30;
	bool is_whole = f->rule == RULE_LISTENBRAINZ && l->is_finished;
	if (isnan(heard) ? is_skip : heard < enough && !is_whole)
		return "not a listen by --rule";
	l->ev.kind = (struct str){ "play", 4 };
	return NULL;
}
