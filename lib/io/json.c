#include <assert.h>
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "../base/mem.h"
#include "../base/utf8.h"

/*
 * One object at a time is held whole, and what follows it as far as it was read:
 *
 *   buf ... | object  p->          | end: eight zero bytes
 *
 * The zero bytes stop every inner loop, so that the end needs no test of its own: only a zero is looked at twice. More text moves the object to the
 * front of the buffer, so positions that outlive a call are kept as offsets from it. The paths asked for make a tree; the scanner carries the node it is
 * at, or none, and below none nothing is compared or unescaped, only checked. A plain string is walked eight bytes at a time.
 */
enum { CHUNK = 256 << 10, SLACK = 8, SHOWN = 20, STEPS_MAX = 8 };	/* SHOWN: bytes of the text at a fault in its message */
#define NONE SIZE_MAX

struct span {			/* a value: offsets into the object, or into text when it had escapes */
	enum json_type type;
	bool is_in_text;
	size_t from, len;
};

struct node {			/* a member name on the way to a path, or at its end */
	struct str key;
	size_t child, next;	/* the first below; the next of the same parent */
	size_t guess;		/* the one below that comes next if members stand in the order of the last object */
	struct span span;
};

struct json {
	struct file *file;
	struct node *node;		/* node[0]: the object itself */
	size_t n_nodes, cap_nodes, n_paths;
	size_t *leaf;			/* [n_paths] node of each path */
	struct json_value *value;
	struct buf text;		/* unescaped strings of the object */
	unsigned char *buf, *p, *end, *object;	/* object: where it begins, NULL between objects */
	size_t cap;
	uint64_t dropped;		/* bytes of the file before buf[0] */
	uint64_t line, line_start;	/* at p: line number, and the offset in the file where it begins */
	uint64_t object_line, object_column;
	bool is_eof, is_started;
	const char *name;		/* for messages */
	struct str step[STEPS_MAX];	/* of `at`: the members on the way to the objects */
	size_t n_steps;
	/* the brackets open around the next object */
	struct level {
		bool is_object, is_seen;	/* seen: the member that leads on */
		size_t step;			/* steps taken up to here */
		enum { FIRST, BETWEEN, NEXT } at;	/* behind the opening bracket, an element, a comma */
	} level[2 * STEPS_MAX + 2];
	size_t depth;
	struct str last;
	struct err err;
};

static size_t add_node(struct json *j, size_t parent, const char *key, size_t len)
{
	size_t *at = &j->node[parent].child;

	while (*at != NONE) {
		struct str k = j->node[*at].key;
		if (k.len == len && !memcmp(k.p, key, len))
			return *at;
		at = &j->node[*at].next;
	}
	*at = j->n_nodes;
	arr_reserve(j->node, j->n_nodes + 1, j->cap_nodes);
	j->node[j->n_nodes] = (struct node){ { key, len }, NONE, NONE, NONE, { 0 } };
	return j->n_nodes++;
}

static struct json *make(const char *name, const char *const *path, size_t n_paths)
{
	struct json *j = mem_new(1, sizeof *j);

	j->name = name;
	j->line = j->object_line = 1;
	j->n_paths = n_paths;
	j->leaf = mem_new(n_paths + 1, sizeof *j->leaf);
	j->value = mem_new(n_paths + 1, sizeof *j->value);
	arr_reserve(j->node, 1, j->cap_nodes);
	j->node[j->n_nodes++] = (struct node){ { "", 0 }, NONE, NONE, NONE, { 0 } };
	for (size_t i = 0; i < n_paths; i++) {
		const char *p = path[i];
		for (size_t at = 0;; p++) {
			size_t len = strcspn(p, ".");
			j->leaf[i] = at = add_node(j, at, p, len);
			p += len;
			if (!*p)
				break;
		}
	}
	j->cap = CHUNK;
	j->buf = j->p = j->end = mem_new(j->cap + SLACK, 1);
	return j;
}

struct json *json_open(struct file *f, const char *at, const char *const *path, size_t n_paths, struct err *e)
{
	struct json *j = make(file_name(f), path, n_paths);

	(void)e;
	j->file = f;
	for (const char *p = at; p && *p; p += *p == '.') {
		size_t len = strcspn(p, ".");
		assert(j->n_steps < STEPS_MAX);
		j->step[j->n_steps++] = (struct str){ p, len };
		p += len;
	}
	return j;
}

struct json *json_open_text(const char *name, const char *const *path, size_t n_paths)
{
	struct json *j = make(name, path, n_paths);

	j->is_started = j->is_eof = true;
	return j;
}

void json_feed(struct json *j, struct str text, uint64_t line)
{
	assert(!j->file);
	if (text.len > j->cap) {
		j->cap = text.len;
		j->buf = mem_grow(j->buf, j->cap + SLACK, 1);
	}
	memcpy(j->buf, text.p, text.len);
	memset(j->buf + text.len, 0, SLACK);
	j->p = j->buf;
	j->end = j->buf + text.len;
	j->object = NULL;
	j->last = (struct str){ "", 0 };
	j->depth = 0;
	j->line = j->object_line = line;
	j->dropped = j->line_start = 0;
	j->err = (struct err){ 0 };
}

void json_close(struct json *j)
{
	if (!j)
		return;
	mem_free(j->leaf);
	mem_free(j->value);
	mem_free(j->node);
	mem_free(j->buf);
	buf_release(&j->text);
	mem_free(j);
}

/* refill - at the end of what is held: 1 more came, 0 the file's end, <0 error. Moves the object, and p with it, to the front. */
static int refill(struct json *j)
{
	unsigned char *keep = j->object ? j->object : j->p;
	size_t held = (size_t)(j->end - keep);

	if (j->is_eof || j->err.code)
		return j->err.code;
	if (held > JSON_OBJECT_MAX)
		return err_set(&j->err, ERR_DATA, "%s:%llu: the object that begins here is longer than %zu MB", j->name,
			       (unsigned long long)j->object_line, JSON_OBJECT_MAX >> 20);
	memmove(j->buf, keep, held);
	j->dropped += (uint64_t)(keep - j->buf);
	size_t at = (size_t)(j->p - keep);
	bool has_object = j->object;
	if (j->cap - held < CHUNK) {
		j->cap = held * 2 + CHUNK;
		j->buf = mem_grow(j->buf, j->cap + SLACK, 1);
	}
	int64_t n = file_read_some(j->file, j->buf + held, j->cap - held, &j->err);
	j->p = j->buf + at;
	j->end = j->buf + held + (n > 0 ? (size_t)n : 0);
	memset(j->end, 0, SLACK);
	j->object = has_object ? j->buf : NULL;
	j->is_eof = !n;
	return n > 0 ? 1 : (int)n;
}

/* peek - the byte at p, or -1 at the end and after an error of the file (bad() then keeps the first sentence). */
static inline int peek(struct json *j)
{
	if (*j->p || j->p < j->end)
		return *j->p;
	return refill(j) > 0 ? *j->p : -1;
}

/* column - of p in its line, from 1. */
static uint64_t column(const struct json *j)
{
	return j->dropped + (uint64_t)(j->p - j->buf) - j->line_start + 1;
}

static int bad(struct json *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(struct json *j, const char *fmt, ...)
{
	char what[128], clip[ERR_CLIP_MAX];
	va_list ap;

	if (j->err.code)
		return j->err.code;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	size_t n = 0;
	while (n < SHOWN && (j->p + n < j->end || refill(j) > 0) && j->p[n] != '\n')
		n++;
	return err_set(&j->err, ERR_DATA, n ? "%s:%llu:%llu: %s, at '%s'" : "%s:%llu:%llu: %s", j->name, (unsigned long long)j->line,
		       (unsigned long long)column(j), what, err_clip(clip, (const char *)j->p, n));
}

/* skip_blanks - and the byte behind them, as peek. The only place where a legal line end can be. */
static int skip_blanks(struct json *j)
{
	for (;;) {
		switch (*j->p) {
		case '\n':
			j->line++;
			j->line_start = j->dropped + (uint64_t)(j->p + 1 - j->buf);
			/* fall through */
		case ' ': case '\t': case '\r':
			j->p++;
			continue;
		case '\0':
			if (j->p == j->end && refill(j) > 0)
				continue;
			return j->p == j->end ? -1 : 0;
		default:
			return *j->p;
		}
	}
}

/* plain - past the bytes that stand for themselves: not a quote, a backslash, a control or a byte from 0x80 up. */
static unsigned char *plain(unsigned char *p)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;

	for (;; p += 8) {
		uint64_t x;
		memcpy(&x, p, 8);
		x = le64toh(x);
		uint64_t quote = x ^ '"' * ones, slash = x ^ '\\' * ones;
		/* a byte's high bit comes up when it is what is looked for; a borrow can only lie behind the first such byte */
		uint64_t hit = (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | (x - ' ' * ones) | x) & high;
		if (hit)
			return p + (__builtin_ctzll(hit) >> 3);
	}
}

static int hex4(struct json *j, unsigned *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, j->p++) {
		int c = peek(j);
		int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (v < 0)
			return bad(j, "\\u wants four hex digits");
		*out = *out * 16 + (unsigned)v;
	}
	return 0;
}

/* escape - p stands on a backslash: the character as UTF-8 in to, its length, or <0. */
static int escape(struct json *j, char to[4])
{
	static const char name[] = "\"\\/bfnrt", is[] = "\"\\/\b\f\n\r\t";
	unsigned u, low;

	j->p++;
	int c = peek(j);
	const char *at = c > 0 ? strchr(name, c) : NULL;
	if (at) {
		to[0] = is[at - name];
		j->p++;
		return 1;
	}
	if (c != 'u')
		return bad(j, "a backslash wants one of \" \\ / b f n r t u behind it");
	j->p++;
	if (hex4(j, &u))
		return j->err.code;
	if (u >= 0xdc00 && u < 0xe000)
		return bad(j, "the second half of a surrogate pair without the first");
	if (u >= 0xd800 && u < 0xdc00) {
		for (const char *w = "\\u"; *w; w++, j->p++)
			if (peek(j) != *w)
				return bad(j, "the first half of a surrogate pair without the second");
		if (hex4(j, &low))
			return j->err.code;
		if (low < 0xdc00 || low >= 0xe000)
			return bad(j, "the first half of a surrogate pair without the second");
		u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
	}
	int n = u < 0x80 ? 1 : u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (int i = n - 1; i > 0; i--, u >>= 6)
		to[i] = (char)(0x80 | (u & 63));
	to[0] = (char)(lead[n] | u);
	return n;
}

/* string - p stands on the opening quote. Always checked; unescaped, into text, only when wanted. */
static int string(struct json *j, bool is_wanted, struct span *s)
{
	size_t run = (size_t)(++j->p - j->object);	/* what was not copied yet begins here */
	unsigned char lo, hi;
	char to[4];

	*s = (struct span){ JSON_STRING, false, run, 0 };
	for (;;) {
		unsigned char *p = plain(j->p);
		j->p = p;
		if (*p == '"') {
			size_t n = (size_t)(p - j->object) - run;
			if (s->is_in_text)
				buf_put(&j->text, j->object + run, n);
			s->len = s->is_in_text ? j->text.len - s->from : n;
			j->p++;
			return 0;
		}
		if (*p == '\\') {
			if (is_wanted && !s->is_in_text) {
				s->is_in_text = true;
				s->from = j->text.len;
			}
			if (is_wanted)
				buf_put(&j->text, j->object + run, (size_t)(p - j->object) - run);
			int n = escape(j, to);
			if (n < 0)
				return n;
			if (is_wanted)
				buf_put(&j->text, to, (size_t)n);
			run = (size_t)(j->p - j->object);
		} else if (*p >= 0x80) {
			size_t n = utf8_head(*p, &lo, &hi);
			for (size_t i = 1; i < n; i++, lo = 0x80, hi = 0xbf) {
				j->p++;
				int c = peek(j);
				if (c < lo || c > hi)
					n = 0;
			}
			if (!n)
				return bad(j, "not UTF-8");
			j->p++;
		} else if (j->p < j->end) {
			return bad(j, "a control character (%d) stands bare in a string", *p);
		} else if (refill(j) <= 0) {
			return bad(j, "the input ends within a string");
		}
	}
}

static int digits(struct json *j)
{
	int c = peek(j);

	if (c < '0' || c > '9')
		return bad(j, "a number wants a digit here");
	do {
		j->p++;
		c = peek(j);
	} while (c >= '0' && c <= '9');
	return 0;
}

static int number(struct json *j)
{
	int c;

	if (peek(j) == '-')
		j->p++;
	if (peek(j) == '0') {
		j->p++;
		c = peek(j);
		if (c >= '0' && c <= '9')
			return bad(j, "a number may not begin with 0");
	} else if (digits(j)) {
		return j->err.code;
	}
	if (peek(j) == '.') {
		j->p++;
		if (digits(j))
			return j->err.code;
	}
	c = peek(j);
	if (c == 'e' || c == 'E') {
		j->p++;
		c = peek(j);
		if (c == '+' || c == '-')
			j->p++;
		if (digits(j))
			return j->err.code;
	}
	return j->err.code;
}

static int word(struct json *j, const char *w)
{
	for (; *w; w++, j->p++)
		if (peek(j) != *w)
			return bad(j, "not a JSON value");
	return 0;
}

/* forget - a member that comes again replaces the earlier one and all below it. */
static void forget(struct json *j, size_t at)
{
	j->node[at].span.type = JSON_MISSING;
	for (size_t c = j->node[at].child; c != NONE; c = j->node[c].next)
		forget(j, c);
}

static bool is_key(const struct node *n, const char *p, size_t len)
{
	return n->key.len == len && !memcmp(n->key.p, p, len);
}

static size_t find_child(struct json *j, size_t at, const struct span *key)
{
	const char *p = key->is_in_text ? j->text.p + key->from : (const char *)j->object + key->from;
	struct node *parent = &j->node[at];
	size_t c = parent->guess;

	if (c == NONE || !is_key(&j->node[c], p, key->len))
		for (c = parent->child; c != NONE && !is_key(&j->node[c], p, key->len);)
			c = j->node[c].next;
	if (c != NONE)
		parent->guess = j->node[c].next;
	return c;
}

static int value(struct json *j, int depth, size_t at);

/* members - an object or array from its opening bracket to behind its closing one. */
static int members(struct json *j, int depth, size_t at)
{
	bool is_object = *j->p++ == '{';
	char close = is_object ? '}' : ']';
	bool has_wanted = is_object && at != NONE && j->node[at].child != NONE;
	struct span key;

	if (depth > JSON_DEPTH_MAX)
		return bad(j, "nested deeper than %d", JSON_DEPTH_MAX);
	if (skip_blanks(j) == close) {
		j->p++;
		return 0;
	}
	for (;;) {
		size_t below = NONE;
		if (is_object) {
			if (skip_blanks(j) != '"')
				return bad(j, "a member's name, in quotes, should stand here");
			if (string(j, has_wanted, &key))
				return j->err.code;
			if (has_wanted && (below = find_child(j, at, &key)) != NONE)
				forget(j, below);
			if (skip_blanks(j) != ':')
				return bad(j, "a colon should stand here");
			j->p++;
		}
		if (value(j, depth, below))
			return j->err.code;
		int c = skip_blanks(j);
		if (c == close) {
			j->p++;
			return 0;
		}
		if (c != ',')
			return bad(j, "a comma or %c should stand here", close);
		j->p++;
	}
}

/* value - any value, noted at node `at` unless that is NONE; depth: brackets open around it. */
static int value(struct json *j, int depth, size_t at)
{
	struct span s = { .type = JSON_NUMBER };
	int c = skip_blanks(j);

	s.from = (size_t)(j->p - j->object);
	switch (c) {
	case '"': string(j, at != NONE, &s); break;
	case '{': s.type = JSON_OBJECT; members(j, depth + 1, at); break;
	case '[': s.type = JSON_ARRAY; members(j, depth + 1, NONE); break;
	case 't': s.type = JSON_TRUE; word(j, "true"); break;
	case 'f': s.type = JSON_FALSE; word(j, "false"); break;
	case 'n': s.type = JSON_NULL; word(j, "null"); break;
	case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
		number(j);
		break;
	default:
		return bad(j, c < 0 ? "the input ends where a value should be" : "not a JSON value");
	}
	if (at != NONE && !j->err.code) {
		if (s.type != JSON_STRING)
			s.len = (size_t)(j->p - j->object) - s.from;
		j->node[at].span = s;
	}
	return j->err.code;
}

/* open_level - p stands on a bracket that is a step on the way, not an object that is wanted. */
static int open_level(struct json *j, bool is_object, size_t step)
{
	if (j->depth == sizeof j->level / sizeof *j->level)
		return bad(j, "arrays within arrays, where objects are wanted");
	j->level[j->depth++] = (struct level){ .is_object = is_object, .step = step, .at = FIRST };
	j->p++;
	return 0;
}

/* close_level - p stands on a closing bracket. */
static int close_level(struct json *j)
{
	const struct level *l = &j->level[j->depth - 1];

	if (l->is_object && !l->is_seen)
		return bad(j, "the object that ends here has no member '%.*s'", (int)j->step[l->step].len, j->step[l->step].p);
	j->depth--;
	j->p++;
	return 0;
}

/* member - p stands on a member's name within an object on the way: 1 when it leads on and p stands on its value, 0 it was passed over, <0. */
static int member(struct json *j, struct level *l)
{
	const struct str *step = &j->step[l->step];
	struct span key;

	if (*j->p != '"')
		return bad(j, "a member's name, in quotes, should stand here");
	j->object = j->p;
	buf_reset(&j->text);
	if (string(j, true, &key))
		return j->err.code;
	const char *p = key.is_in_text ? j->text.p + key.from : (const char *)j->object + key.from;
	bool leads_on = key.len == step->len && !memcmp(p, step->p, key.len);
	if (skip_blanks(j) != ':')
		return bad(j, "a colon should stand here");
	j->p++;
	int c = skip_blanks(j);
	l->at = BETWEEN;
	if (leads_on) {
		if (l->is_seen)
			return bad(j, "a second member '%.*s'", (int)step->len, step->p);
		l->is_seen = true;
		if (c == '{' || c == '[')
			return 1;
		if (c != 'n')
			return bad(j, "'%.*s' should hold objects", (int)step->len, step->p);
	}
	j->object_line = j->line;
	j->object = j->p;
	return value(j, (int)j->depth, NONE) ? j->err.code : 0;
}

/* begin - up to the next object that is wanted: 1, 0 at the end, <0. */
static int begin(struct json *j)
{
	const unsigned char *p;
	char bom[3];

	if (!j->is_started) {
		int64_t n = file_peek(j->file, 3, &p, &j->err);
		j->is_started = true;
		if (n == 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
			file_read(j->file, bom, 3, &j->err);
			j->dropped = j->line_start = 3;
		}
	}
	for (;;) {
		struct level *l = j->depth ? &j->level[j->depth - 1] : NULL;
		j->object = NULL;
		int c = skip_blanks(j);
		j->object_line = j->line;
		j->object_column = column(j);
		j->object = j->p;
		if (c < 0)
			return !l && !j->err.code ? 0 : bad(j, "the input ends within an %s", l && l->is_object ? "object" : "array");
		if (l && c == ',' && l->at == BETWEEN) {
			l->at = NEXT;
			j->p++;
			continue;
		}
		if (l && c == (l->is_object ? '}' : ']') && l->at != NEXT) {
			if (close_level(j))
				return j->err.code;
			continue;
		}
		if (l && l->at == BETWEEN)
			return bad(j, "a comma or %c should stand here", l->is_object ? '}' : ']');
		size_t step = l ? l->step : 0;
		bool is_in_array = l && !l->is_object;
		if (l && l->is_object) {
			int r = member(j, l);
			if (r < 0)
				return r;
			if (!r)
				continue;
			step++;
			c = *j->p;
			j->object_line = j->line;
			j->object = j->p;
		} else if (l) {
			l->at = BETWEEN;
		}
		if (c == '{' && step == j->n_steps)
			return 1;
		if (c == '[' && is_in_array)
			return bad(j, "an array within an array, where objects are wanted");
		if (c != '{' && c != '[')
			return bad(j, "an object, or an array of them, should stand here");
		if (open_level(j, c == '{', step))
			return j->err.code;
	}
}

int json_next(struct json *j, const struct json_value **out, struct err *e)
{
	int r = j->err.code ? j->err.code : begin(j);

	if (!r)
		return 0;
	if (r > 0) {
		forget(j, 0);
		buf_reset(&j->text);
		value(j, 0, 0);
	}
	if (j->err.code)
		return err_set(e, j->err.code, "%s", j->err.msg);
	for (size_t i = 0; i < j->n_paths; i++) {
		const struct span *s = &j->node[j->leaf[i]].span;
		const char *from = s->is_in_text ? j->text.p : (const char *)j->object;
		j->value[i] = s->type == JSON_MISSING ? (struct json_value){ JSON_MISSING, { "", 0 } } :
			      (struct json_value){ s->type, { from + s->from, s->len } };
	}
	j->last = (struct str){ (const char *)j->object, (size_t)(j->p - j->object) };
	*out = j->value;
	return 1;
}

int json_skip_line(struct json *j, struct err *e)
{
	struct err was = j->err;
	unsigned char *nl;
	int c = -1;

	if (was.code != ERR_DATA || j->depth || !j->object || (size_t)(j->p - j->object) > JSON_OBJECT_MAX)
		return 0;
	j->err = (struct err){ 0 };
	size_t fault = (size_t)(j->p - j->object), len;
	bool is_anew = j->p == j->end || (*j->p == '{' && column(j) <= j->object_column);	/* the line was torn, and what came next was taken into it */
	j->p = j->object;
	while (!(nl = memchr(j->p, '\n', (size_t)(j->end - j->p)))) {
		j->p = j->end;
		if (refill(j) <= 0)
			break;
	}
	len = (size_t)((nl ? nl : j->end) - j->object);
	j->p = nl ? nl + 1 : j->end;
	j->line = j->object_line + (nl != NULL);
	j->line_start = j->dropped + (uint64_t)(j->p - j->buf);
	if (nl)
		c = skip_blanks(j);
	if (j->err.code && j->err.code != ERR_DATA)
		return err_set(e, j->err.code, "%s", j->err.msg);
	bool goes_on = c > 0 && (strchr("\"}],:", c) || (strchr("{[", c) && column(j) > j->object_column));
	if (j->err.code || (*j->object == '{' && (goes_on || (fault > len && !is_anew)))) {
		j->err = was;
		return 0;
	}
	j->last = (struct str){ (const char *)j->object, len };
	return 1;
}

uint64_t json_line(const struct json *j)
{
	return j->object_line;
}

struct str json_text(const struct json *j)
{
	return j->last;
}

void json_join(struct buf *b, struct str array, const char *sep)
{
	unsigned char *from = (unsigned char *)(uintptr_t)array.p;	/* only read */
	struct json j = { .buf = from, .p = from, .object = from, .end = from + array.len, .is_eof = true, .name = "" };
	size_t n = 0;

	if (array.len < 2 || *j.p != '[')
		return;
	for (j.p++; j.p < j.end && *j.p != ']' && !j.err.code;) {
		struct span s = { 0 };
		if (skip_blanks(&j) == '"' && !string(&j, true, &s)) {
			if (n++)
				buf_puts(b, sep);
			buf_put(b, s.is_in_text ? j.text.p + s.from : (const char *)j.object + s.from, s.len);
		} else if (!s.type && *j.p != ']') {
			value(&j, 0, NONE);
		}
		if (skip_blanks(&j) == ',')
			j.p++;
	}
	buf_release(&j.text);
}

void json_put(struct buf *b, const char *p, size_t len)
{
	static const char name[] = "\"\\bfnrt", is[] = "\"\\\b\f\n\r\t";

	buf_putc(b, '"');
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)p[i];
		const char *at = c ? strchr(is, c) : NULL;
		size_t n = 1;
		if (at) {
			buf_putc(b, '\\');
			buf_putc(b, name[at - is]);
		} else if (c < 0x20) {
			buf_printf(b, "\\u%04x", c);
		} else if (c < 0x80) {
			for (; i + n < len && (unsigned char)p[i + n] >= 0x20 && p[i + n] != '"' && p[i + n] != '\\' && !(p[i + n] & 0x80); n++)
				;
			buf_put(b, p + i, n);
		} else {
			size_t is_char = utf8_len(p + i, len - i);
			if (is_char)
				buf_put(b, p + i, n = is_char);
			else
				buf_puts(b, "\xef\xbf\xbd");
		}
		i += n;
	}
	buf_putc(b, '"');
}
