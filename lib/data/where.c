#include <string.h>

#include "where.h"
#include "../base/mem.h"
#include "../base/pieces.h"
#include "../base/scan.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* number_at - n digits, all of which are there. */
static int32_t number_at(const char *p, int n)
{
	int32_t v = 0;

	for (int i = 0; i < n; i++)
		v = v * 10 + (p[i] - '0');
	return v;
}

static bool scan_date(struct str s, struct where_date *out)
{
	char text[32];
	int64_t t;

	for (size_t i = 0; i < 4; i++)
		if (i >= s.len || !is_digit(s.p[i]))
			return false;
	*out = (struct where_date){ { number_at(s.p, 4) }, 1 };
	if (s.len == 4)
		return true;
	if (s.len == 7 && s.p[4] == '-' && is_digit(s.p[5]) && is_digit(s.p[6])) {
		out->part[1] = number_at(s.p + 5, 2);
		out->n = 2;
		return out->part[1] >= 1 && out->part[1] <= 12;
	}
	if (s.len < 10 || s.p[4] != '-' || !scan_time(s.p, s.len, TIME_S, &t))
		return false;
	out->n = s.len == 10 ? 3 : 4;
	time_iso(t, text);
	if (strlen(text) != 20 || text[4] != '-')	/* a zone has brought it out of the years that have four digits */
		return false;
	out->part[0] = number_at(text, 4);
	out->part[1] = number_at(text + 5, 2);
	out->part[2] = number_at(text + 8, 2);
	out->part[3] = (int32_t)(t - t / 86400 * 86400 + (t % 86400 < 0 ? 86400 : 0));
	return true;
}

/* date_cmp - as far as b goes. */
static int date_cmp(const struct where_date *a, const struct where_date *b)
{
	for (int i = 0; i < b->n; i++) {
		if (i >= a->n)
			return -1;
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	}
	return 0;
}

/* ---- parsing ---- */

static bool is_order(enum where_op op)
{
	return op >= WHERE_LESS && op <= WHERE_AT_LEAST;
}

static int column_of(struct str name)
{
	if (str_is(name, "item"))
		return WHERE_ITEM;
	for (int c = 0; c < ITEM_COLUMNS; c++)
		if (str_is(name, items_column_name((enum items_column)c)))
			return c;
	return WHERE_EXTRA;
}

/* take_op - the operator at p; 0 when there is none, else its length. */
static size_t take_op(const char *p, enum where_op *op)
{
	static const struct { const char *text; enum where_op op; } ops[] = {	/* the longer ones first */
		{ "!=", WHERE_IS_NOT }, { "!~", WHERE_HAS_NOT }, { "<=", WHERE_AT_MOST }, { ">=", WHERE_AT_LEAST },
		{ "=", WHERE_IS }, { "<", WHERE_LESS }, { ">", WHERE_MORE }, { "~", WHERE_HAS },
	};

	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (!strncmp(p, ops[i].text, strlen(ops[i].text))) {
			*op = ops[i].op;
			return strlen(ops[i].text);
		}
	return 0;
}

static int bad(struct err *e, const char *text, size_t at, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static int bad(struct err *e, const char *text, size_t at, const char *fmt, ...)
{
	char clip[ERR_CLIP_MAX];
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	err_set(e, ERR_USAGE, "condition '%s', byte %zu: %s", err_clip(clip, text, strlen(text)), at + 1, b.p);
	buf_release(&b);
	return ERR_USAGE;
}

static enum where_type type_of(int column, enum where_op op)
{
	if (column == ITEM_TAGS)
		return WHERE_LIST;
	if (op == WHERE_HAS || op == WHERE_HAS_NOT)
		return WHERE_TEXT;
	return column == ITEM_RELEASED ? WHERE_DATE : column == ITEM_SECONDS || (column == WHERE_EXTRA && is_order(op)) ? WHERE_NUMBER : WHERE_TEXT;
}

/* add_value - the bytes from w->bytes.p + from on, which stand from text[at] on. */
static int add_value(struct where *w, size_t from, const char *text, size_t at, struct err *e)
{
	struct where_value v = { .text = { w->bytes.p + from, w->bytes.len - from } };
	char clip[ERR_CLIP_MAX];

	if (!v.text.len)
		return bad(e, text, at, w->n || text[at] == '|' ? "a value is empty" : "no value");
	if (w->op != WHERE_HAS && w->op != WHERE_HAS_NOT && strchr(" \t", v.text.p[0]))
		return bad(e, text, at, "a blank before the value");
	if (w->type == WHERE_NUMBER && !scan_f64(v.text.p, v.text.len, &v.number))
		return bad(e, text, at, "'%s' is not a number", err_clip(clip, v.text.p, v.text.len));
	if (w->type == WHERE_DATE && !scan_date(v.text, &v.date))
		return bad(e, text, at, "'%s' is not a date (YYYY, YYYY-MM, YYYY-MM-DD, or one with a time)", err_clip(clip, v.text.p, v.text.len));
	w->value = mem_grow(w->value, w->n + 1, sizeof *w->value);
	w->value[w->n++] = v;
	return 0;
}

/* parse_values - what stands from text[at] on, cut at each | where there may be several. */
static int parse_values(struct where *w, const char *text, size_t at, struct err *e)
{
	bool many = !is_order(w->op), folds = w->op == WHERE_HAS || w->op == WHERE_HAS_NOT;
	size_t from = w->bytes.len, began = at;

	for (;; at++) {
		char c = text[at];
		if (!c || (many && c == '|')) {
			if (add_value(w, from, text, began, e))
				return ERR_USAGE;
			if (!c)
				return 0;
			from = w->bytes.len;
			began = at + 1;
			continue;
		}
		if (many && c == '\\' && (text[at + 1] == '|' || text[at + 1] == '\\'))
			c = text[++at];
		buf_putc(&w->bytes, folds ? lower(c) : c);
	}
}

static int parse(struct where *w, const char *text, struct err *e)
{
	size_t n = strcspn(text, "=!<>~"), len;

	if (!text[n])
		return bad(e, text, n, "no operator (= != < <= > >= ~ !~) behind the name");
	if (!(len = take_op(text + n, &w->op)))
		return bad(e, text, n, "'!' is no operator: != or !~");
	if (!n)
		return bad(e, text, 0, "no name before the operator");
	if (strchr(" \t", text[0]) || strchr(" \t", text[n - 1]))
		return bad(e, text, strchr(" \t", text[0]) ? 0 : n - 1, "a blank beside the name");
	if (len == 1 && text[n] == '=' && (text[n + 1] == '=' || text[n + 1] == '~'))
		return bad(e, text, n, "'%.2s' is no operator: one of = != < <= > >= ~ !~", text + n);
	buf_put(&w->bytes, text, n);
	w->column = column_of((struct str){ text, n });
	w->type = type_of(w->column, w->op);
	if (is_order(w->op) && (w->type == WHERE_TEXT || w->type == WHERE_LIST))
		return bad(e, text, n, "%.*s has no order: only released, seconds and extras have one", (int)n, text);
	if (parse_values(w, text, n + len, e))
		return ERR_USAGE;
	w->name = (struct str){ w->bytes.p, n };
	return 0;
}

int where_parse(struct where *w, const char *text, struct err *e)
{
	*w = (struct where){ 0 };
	buf_reserve(&w->bytes, strlen(text) + 1);	/* all of it, so that nothing moves */
	if (!parse(w, text, e))
		return 0;
	where_release(w);
	return ERR_USAGE;
}

void where_release(struct where *w)
{
	mem_free(w->value);
	buf_release(&w->bytes);
	*w = (struct where){ 0 };
}

/* ---- asking ---- */

static bool is_same(struct str a, struct str b)
{
	return a.len == b.len && !memcmp(a.p, b.p, a.len);
}

/* contains - `want` is lower case. */
static bool contains(struct str s, struct str want)
{
	for (size_t i = 0; i + want.len <= s.len; i++) {
		size_t k = 0;
		while (k < want.len && lower(s.p[i + k]) == want.p[k])
			k++;
		if (k == want.len)
			return true;
	}
	return false;
}

static bool text_fits(const struct where *w, struct str s)
{
	bool folds = w->op == WHERE_HAS || w->op == WHERE_HAS_NOT;

	for (size_t i = 0; i < w->n; i++)
		if (folds ? contains(s, w->value[i].text) : is_same(s, w->value[i].text))
			return true;
	return false;
}

static bool list_fits(const struct where *w, struct str s)
{
	for (struct str piece; pieces_next(&s, &piece);)
		if (text_fits(w, piece))
			return true;
	return false;
}

static bool order_fits(enum where_op op, int c)
{
	switch (op) {
	case WHERE_LESS: return c < 0;
	case WHERE_AT_MOST: return c <= 0;
	case WHERE_MORE: return c > 0;
	case WHERE_AT_LEAST: return c >= 0;
	default: return c == 0;		/* != is turned round later */
	}
}

static bool number_fits(const struct where *w, struct str s)
{
	double v;

	if (!scan_f64(s.p, s.len, &v))
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (order_fits(w->op, (v > w->value[i].number) - (v < w->value[i].number)))
			return true;
	return false;
}

static bool date_fits(const struct where *w, struct str s)
{
	struct where_date d;

	if (!scan_date(s, &d))
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (order_fits(w->op, date_cmp(&d, &w->value[i].date)))
			return true;
	return false;
}

static struct str asked_of(const struct where *w, const struct items *it, size_t i)
{
	return w->column == WHERE_ITEM ? it->id.str[i] : w->column == WHERE_EXTRA ? items_extra(it, i, w->name) : it->row[i][w->column];
}

static bool holds(const struct where *w, const struct items *it, size_t i)
{
	struct str s = asked_of(w, it, i);
	bool fits = s.len && (w->type == WHERE_TEXT ? text_fits(w, s) : w->type == WHERE_LIST ? list_fits(w, s) : w->type == WHERE_NUMBER ? number_fits(w, s) : date_fits(w, s));

	return fits != (w->op == WHERE_IS_NOT || w->op == WHERE_HAS_NOT);
}

bool where_holds(const struct where *w, size_t n, const struct items *it, struct str id)
{
	uint32_t i = vocab_find(&it->id, id.p, id.len);

	for (size_t k = 0; i != VOCAB_NONE && k < n; k++)
		if (!holds(&w[k], it, i))
			return false;
	return i != VOCAB_NONE;
}

bool where_is_about(const struct where *w, const struct items *it)
{
	for (size_t i = 0; i < it->id.n; i++)
		if (asked_of(w, it, i).len)
			return true;
	return false;
}

bool where_is_met(const struct where *w, const struct items *it)
{
	for (size_t i = 0; i < it->id.n; i++)
		if (holds(w, it, i))
			return true;
	return false;
}
