/*
 * source_event - from the fields of a row to an event: by the map, or by what a format gives of its own.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kind.h"

/* take - what stands at a place, as text; empty when it is not there. False when it is of a type that is no text. */
static bool take(const struct source *s, size_t at, struct str *out)
{
	*out = (struct str){ "", 0 };
	if (at == NOWHERE)
		return true;
	if (!s->json) {
		if (at < s->n)
			*out = s->row[at];
		return true;
	}
	const struct json_value *v = &s->object[at];
	switch (v->type) {
	case JSON_STRING: case JSON_NUMBER:
		*out = v->text;
		return true;
	case JSON_TRUE:
		*out = (struct str){ "true", 4 };
		return true;
	case JSON_FALSE:
		*out = (struct str){ "false", 5 };
		return true;
	case JSON_NULL: case JSON_MISSING:
		return true;
	default:
		*out = v->text;
		return false;
	}
}

static const char *name_of(size_t w)
{
	return w < WANT_CONTEXT_KEYS ? source_want_name[w] : "context";
}

static int reject_field(struct source *s, size_t w, struct str f, const char *reason, const char *what, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	err_clip(clip, f.p, f.len);
	if (s->json)
		return REJECT(s, e, reason, "member '%.60s': '%s' %s", s->path[s->at[w]], clip, what);
	return REJECT(s, e, reason, "field %zu: '%s' %s", s->at[w] + 1, clip, what);
}

/* map_wants - what of WANTS stands anywhere: the rest stays empty from row to row. */
static void map_wants(struct source *s)
{
	s->n_mapped = 0;
	for (size_t w = 0; w < WANTS; w++) {
		s->f[w] = (struct str){ "", 0 };
		if (s->at[w] != NOWHERE)
			s->mapped[s->n_mapped++] = w;
	}
	s->is_mapped = true;
}

/* take_all - everything wanted, into s->f; no ids or words with a NUL byte, which a line of text cannot carry. */
static int take_all(struct source *s, struct err *e)
{
	if (!s->is_mapped)
		map_wants(s);
	for (size_t i = 0; i < s->n_mapped; i++) {
		size_t w = s->mapped[i];
		struct str *f = &s->f[w];
		if (!take(s, s->at[w], f))
			return REJECT(s, e, name_of(w), "member '%.60s' is an object or an array", s->path[s->at[w]]);
		if (s->may_have_nul && f->len && memchr(f->p, '\0', f->len))
			return reject_field(s, w, *f, "nul", "has a NUL byte in it", e);
	}
	return SOURCE_ROW;
}

/* put_value - the two marks of a context cannot stand within a value. */
static void put_value(struct buf *b, struct str v)
{
	for (size_t i = 0; i < v.len; i++)
		buf_putc(b, v.p[i] == ';' || v.p[i] == '=' ? '_' : v.p[i]);
}

/* join_context - the context column and the context.KEY columns. */
static struct str join_context(struct source *s, const struct str *f)
{
	struct buf *b = &s->context;

	buf_reset(b);
	buf_put(b, f[WANT_CONTEXT].p, f[WANT_CONTEXT].len);
	for (size_t k = 0; k < s->n_context_keys; k++) {
		struct str v = f[WANT_CONTEXT_KEYS + k];
		if (!v.len)
			continue;
		if (b->len)
			buf_putc(b, ';');
		buf_puts(b, s->context_key[k]);
		buf_putc(b, '=');
		put_value(b, v);
	}
	return (struct str){ b->p, b->len };
}

static struct str text_or(struct str f, const char *constant)
{
	return f.len || !constant ? f : (struct str){ constant, strlen(constant) };
}

bool source_is_time(struct str text, enum scan_time_unit unit, int64_t *t)
{
	const int64_t most = 1000000000000000;

	return scan_time(text.p, text.len, unit, t) && *t > -most && *t < most;
}

/* ---- a format's own ---- */

struct str source_get(struct source *s, size_t i)
{
	struct str v;

	if (!take(s, s->own[i], &v))
		s->odd = i;
	return v;
}

bool source_is(struct source *s, size_t i, const char *text) { return str_is(source_get(s, i), text); }

int source_get_number(struct source *s, size_t i, double *v, struct err *e)
{
	struct str t = source_get(s, i);

	*v = NAN;
	return !t.len || (scan_f64(t.p, t.len, v) && fabs(*v) < 1e15) ? SOURCE_ROW : source_reject(s, i, "value", "is not a finite number", e);
}

int source_get_time(struct source *s, size_t i, enum scan_time_unit unit, int64_t *t, struct err *e)
{
	struct str v = source_get(s, i);

	*t = TIME_NONE;
	return !v.len || source_is_time(v, unit, t) ? SOURCE_ROW : source_reject(s, i, "time", "is not a time", e);
}

int source_reject(struct source *s, size_t i, const char *reason, const char *what, struct err *e)
{
	char clip[ERR_CLIP_MAX];
	struct str v;

	take(s, s->own[i], &v);
	err_clip(clip, v.p, v.len);
	if (s->json)
		return REJECT(s, e, reason, "member '%.60s': '%s' %s", s->own_name[i], clip, what);
	return REJECT(s, e, reason, "column '%.60s': '%s' %s", s->own_name[i], clip, what);
}

int source_pass(struct source *s, const char *why)
{
	s->reason = why;
	return SOURCE_PASS;
}

void source_context(struct source *s, const char *key, struct str value)
{
	if (!value.len)
		return;
	if (s->context.len)
		buf_putc(&s->context, ';');
	buf_puts(&s->context, key);
	buf_putc(&s->context, '=');
	put_value(&s->context, value);
}

struct str source_keep(struct source *s, const char *p, size_t len)
{
	return (struct str){ arena_bytes(&s->kept, p, len), len };
}

/* has_nul - in what a row says: JSON can say it, a line of text cannot carry it. */
static bool has_nul(const struct listen *l)
{
	const struct str *one[] = { &l->ev.user, &l->ev.item, &l->ev.kind, &l->ev.context, &l->mbid };

	for (size_t i = 0; i < sizeof one / sizeof *one; i++)
		if (one[i]->len && memchr(one[i]->p, '\0', one[i]->len))
			return true;
	for (int c = 0; c < ITEM_COLUMNS; c++)
		if (l->col[c].len && memchr(l->col[c].p, '\0', l->col[c].len))
			return true;
	return false;
}

/* make_own - a listen out of what a format calls its own. */
static int make_own(struct source *s, struct listen *l, struct err *e)
{
	*l = (struct listen){ .ev = { .time = TIME_NONE, .value = VALUE_NONE, .kind = text_or((struct str){ "", 0 }, s->event) }, .length = NAN };
	l->col[ITEM_KIND] = text_or((struct str){ "", 0 }, s->item_kind);
	arena_reset(&s->kept);
	buf_reset(&s->context);
	s->odd = NOWHERE;
	int r = s->kind->fill(s, l, e);
	if (s->odd != NOWHERE) {	/* whatever else it led to */
		*e = (struct err){ 0 };
		return source_reject(s, s->odd, "type", "is an object or an array", e);
	}
	if (r != SOURCE_ROW)
		return r;
	l->ev.context = (struct str){ s->context.p ? s->context.p : "", s->context.len };
	l->ev.user = l->ev.user.len ? l->ev.user : text_or(l->ev.user, s->user);
	if (has_nul(l))
		return REJECT(s, e, "nul", "a NUL byte in a name");
	if (!l->ev.user.len)
		return REJECT(s, e, "user", "names no user (--user NAME)");
	if (!listen_key(l, s->o->key, &s->name))
		return REJECT(s, e, "item", "names no item");
	if (!(l->length > 0))
		l->length = NAN;
	if (!isnan(l->length) && !l->col[ITEM_SECONDS].len) {
		buf_reset(&s->text);
		buf_put_f64(&s->text, l->length);
		l->col[ITEM_SECONDS] = source_keep(s, s->text.p, s->text.len);
	}
	return SOURCE_ROW;
}

static int make_event(struct source *s, struct listen *l, struct err *e)
{
	const struct str *f = s->f;
	struct event *ev = &l->ev;
	int r = take_all(s, e);

	if (r != SOURCE_ROW)
		return r;
	memcpy(l->col, f + WANT_ITEMS, sizeof l->col);
	l->mbid = (struct str){ "", 0 };
	l->length = NAN;
	l->is_incognito = l->is_finished = false;
	l->col[ITEM_KIND] = text_or(l->col[ITEM_KIND], s->item_kind);
	*ev = (struct event){ .user = text_or(f[WANT_USER], s->user), .item = f[WANT_ITEM], .time = TIME_NONE, .kind = text_or(f[WANT_EVENT], s->event),
			      .value = VALUE_NONE, .context = s->n_context_keys ? join_context(s, f) : f[WANT_CONTEXT] };
	if (!ev->item.len || s->o->key != KEY_URI)
		listen_key(l, s->o->key, &s->name);
	if (l->col[ITEM_SECONDS].len)
		scan_f64(l->col[ITEM_SECONDS].p, l->col[ITEM_SECONDS].len, &l->length);
	if (!(l->length > 0))
		l->length = NAN;
	if (!ev->user.len)
		return reject_field(s, WANT_USER, f[WANT_USER], "user", "is no user: an id is wanted", e);
	if (!ev->item.len)
		return reject_field(s, WANT_ITEM, f[WANT_ITEM], "item", "is no item: an id is wanted", e);
	if (f[WANT_TIME].len && !source_is_time(f[WANT_TIME], s->o->time_unit, &ev->time))
		return reject_field(s, WANT_TIME, f[WANT_TIME], "time", "is not a time (seconds or milliseconds since 1970, or ISO 8601)", e);
	if (event_kind_is_time(f[WANT_EVENT]))
		return reject_field(s, WANT_EVENT, f[WANT_EVENT], "event", "is a number, not what happened (play, skip, like, ...): --map says where what is", e);
	if (f[WANT_VALUE].len && !scan_f64(f[WANT_VALUE].p, f[WANT_VALUE].len, &ev->value))
		return reject_field(s, WANT_VALUE, f[WANT_VALUE], "value", "is not a finite number", e);
	return SOURCE_ROW;
}

/* first_row - of a file without names: it says how many columns there are; without a map they stand in the order of an events stream. */
static int first_row(struct source *s, struct err *e)
{
	s->is_first = s->is_mapped = false;
	s->n_expected = s->n;
	for (size_t w = 0; !(s->o->map && *s->o->map) && w < WANT_ITEMS && w < s->n; w++)
		s->at[w] = w;
	for (size_t w = 0; w < WANTS; w++)
		if (s->at[w] != NOWHERE && s->at[w] >= s->n)
			return source_bad(s, e, "%zu field%s, but --map says %s=%.24s", s->n, s->n == 1 ? "" : "s", name_of(w), s->asked[w]);
	return source_must_have(s, e);
}

int source_next(struct source *s, struct listen *l, struct err *e)
{
	if (s->is_ended)
		return SOURCE_END;
	int r = source_next_row(s, e);
	if (r != SOURCE_ROW)
		return r;
	if (s->is_first && (r = first_row(s, e)))
		return r;
	if (!s->json && s->n_expected && s->n != s->n_expected)
		return REJECT(s, e, "columns", "%zu field%s where %zu are expected", s->n, s->n == 1 ? "" : "s", s->n_expected);
	return s->n_own ? make_own(s, l, e) : make_event(s, l, e);
}
