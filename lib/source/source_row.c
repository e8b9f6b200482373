/*
 * source_row - the rows of a file one by one, by the reader that its format chose: lines cut into fields, CSV, objects of JSON, rows of a query.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kind.h"
#include "sql.h"

int source_bad(const struct source *s, struct err *e, const char *fmt, ...)
{
	char t[ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t, sizeof t, fmt, ap);
	va_end(ap);
	return err_set(e, ERR_DATA, "%s:%llu: %s", file_name(s->file), (unsigned long long)source_line(s), t);
}

/* split_at_colons - cut the line at every ::; the line stays as it is. */
static size_t split_at_colons(struct source *s)
{
	const char *p = s->line.p, *end = p + s->line.len;
	size_t n = 0;

	for (;;) {
		const char *q = p == end ? NULL : memmem(p, (size_t)(end - p), "::", 2);
		if (n < MAX_FIELDS)
			s->field[n] = (struct str){ p, (size_t)((q ? q : end) - p) };
		n++;
		if (!q)
			return n;
		p = q + 2;
	}
}

/* split_tsv - undoing escapes, of which a copy keeps the row as it was. */
static int split_tsv(struct source *s, struct err *e)
{
	struct err why = { 0 };		/* 800 bytes: not for every row of every format */

	buf_reset(&s->raw);
	buf_put(&s->raw, s->line.p, s->line.len);
	int64_t n = tsv_split(&s->line, s->field, MAX_FIELDS, &why);
	if (n < 0) {
		s->reason = memchr(s->raw.p, '\0', s->raw.len) ? "nul" : "escape";
		err_set(e, ERR_DATA, "%s", why.msg);
		return SOURCE_REJECT;
	}
	s->n = (size_t)n;
	return SOURCE_ROW;
}

static int next_line(struct source *s, struct err *e)
{
	s->row = s->field;
	s->may_have_nul = true;
	int got = s->format == ROW_TSV_RAW ? line_next_split(&s->line, '\t', s->field, MAX_FIELDS, &s->n, &s->may_have_nul, e) : line_next(&s->line, e);
	if (got <= 0)
		return got;
	if (s->format == ROW_TSV && (got = split_tsv(s, e)) != SOURCE_ROW)
		return got;
	if (s->format == ROW_COLONS)
		s->n = split_at_colons(s);
	if (s->n > MAX_FIELDS)
		return REJECT(s, e, "columns", "%zu fields, more than %d", s->n, MAX_FIELDS);
	return SOURCE_ROW;
}

/* line_of_member - on which member 0 of the object at hand begins, which lies in it as it was written. */
static uint64_t line_of_member(const struct source *s)
{
	uint64_t line = json_line(s->json);

	for (const char *p = json_text(s->json).p; (p = memchr(p, '\n', (size_t)(s->outer->text.p - p))); p++)
		line++;
	return line;
}

/* next_inner - of the arrays in member 0 of the objects. */
static int next_inner(struct source *s, struct err *e)
{
	for (;;) {
		int got = json_next(s->inner, &s->object, e);
		if (got || (got = json_next(s->json, &s->outer, e)) != 1)
			return got;
		if (s->outer->type == JSON_ARRAY) {
			json_feed(s->inner, s->outer->text, line_of_member(s));
		} else if (s->outer->type != JSON_MISSING && s->outer->type != JSON_NULL) {
			json_feed(s->inner, STR(""), json_line(s->json));
			s->object = NULL;	/* the row is the object around */
			return REJECT(s, e, "type", "member '%.60s' is no array", s->path[0]);
		}
	}
}

/* next_object - a broken object in JSON lines costs its line; in an array nothing says where the next one begins. */
static int next_object(struct source *s, struct err *e)
{
	int got = json_next(s->json, &s->object, e), skipped;

	if (got >= 0)
		return got;
	struct err why = *e, none = { 0 };
	*e = none;
	if ((skipped = json_skip_line(s->json, e)) < 0)
		return skipped;
	*e = why;
	s->object = NULL;
	s->reason = "json";
	return skipped ? SOURCE_REJECT : got;
}

int source_next_row(struct source *s, struct err *e)
{
	if (s->sql)
		return sql_next(s->sql, &s->row, &s->n, e);
	if (s->inner)
		return next_inner(s, e);
	if (s->json)
		return next_object(s, e);
	if (!s->csv)
		return next_line(s, e);
	int got = csv_next(s->csv, &s->row, &s->n, e);
	if (got == 1 && s->n > MAX_FIELDS)
		return REJECT(s, e, "columns", "%zu fields, more than %d", s->n, MAX_FIELDS);
	return got;
}
