#include "framer.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "input.h"
#include "../base/mem.h"
#include "../base/scan.h"

enum { NAMED = 4 };	/* columns of a table before those of features */
static const char *const named[NAMED] = { "query", "user", "item", "label" };

struct framer {
	struct frame_columns columns;
	struct frame_opts o;
	struct tabler *table;		/* or in: LIBSVM */
	struct input in;
	struct str *name;		/* table: [n_fields] of its columns */
	struct buf names;
	uint32_t *to;			/* [n_fields] where they go; LIBSVM: [cap_index] by index, 1 + that, 0: not seen yet */
	size_t n_fields, cap_index;
	struct vocab far;		/* LIBSVM: indexes beyond INDEX_NEAR */
	uint32_t *far_to;
	size_t cap_far;
	float *x;
	uint64_t *stamp;		/* [cap_x] the row that last named this column */
	size_t n_x, cap_x;
	uint64_t n_rows;
	struct vocab seen;		/* queries */
	struct buf query, item;
	uint32_t *size;			/* groups: [n_groups] */
	size_t n_groups, cap_groups, group, left;
	bool has_queries, began;
	struct err err;
};

enum { INDEX_NEAR = 65536 };

static struct str str_of(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->len };
}

void framer_where(const struct framer *r, struct buf *out)
{
	if (r->table)
		tabler_where(r->table, out);
	else
		input_where(&r->in, out);
}

static int bad(const struct framer *r, size_t field, struct err *e, const char *before, struct str what, const char *behind)
{
	struct buf where = { 0 };
	char clip[ERR_CLIP_MAX];

	framer_where(r, &where);
	err_set(e, ERR_DATA, "%s: field %zu: %s'%s'%s", where.p, field, before, err_clip(clip, what.p, what.len), behind);
	buf_release(&where);
	return ERR_DATA;
}

/* ---- values ---- */

/* room_for - columns below n. */
static int room_for(struct framer *r, size_t n, struct err *e)
{
	if (n > r->cap_x) {
		size_t cap = max_size(n, 2 * r->cap_x);
		float *x = mem_try(cap, sizeof *x, "values of a row", e);
		uint64_t *stamp = x ? mem_try0(cap, sizeof *stamp, "values of a row", e) : NULL;
		if (!stamp) {
			mem_free(x);
			return ERR_MEM;
		}
		if (r->n_x) {
			memcpy(x, r->x, r->n_x * sizeof *x);
			memcpy(stamp, r->stamp, r->n_x * sizeof *stamp);
		}
		mem_free(r->x);
		mem_free(r->stamp);
		r->x = x;
		r->stamp = stamp;
		r->cap_x = cap;
	}
	for (; r->n_x < n; r->n_x++)
		r->x[r->n_x] = r->table || !r->o.absent_is_zero ? NAN : 0;
	return 0;
}

static uint32_t column_of(struct framer *r, struct str name, struct err *e)
{
	uint32_t c = r->columns.column(r->columns.ctx, name);

	assert(c == FRAME_NONE || c <= FRAME_COLUMNS_MAX);
	if (c == FRAME_COLUMNS_MAX) {
		struct buf where = { 0 };
		framer_where(r, &where);
		err_set(e, ERR_DATA, "%s: more than %d features", where.p, FRAME_COLUMNS_MAX);
		buf_release(&where);
	} else if (c != FRAME_NONE) {
		room_for(r, c + 1, e);
	}
	return c;
}

static int read_label(struct framer *r, struct frame_row *row, size_t field, struct str f, struct err *e)
{
	static const struct { float least, most; const char *said; } wants[] = {
		[FRAME_ANY] = { -FLT_MAX, FLT_MAX, " is not a label (a finite number)" },
		[FRAME_GRADES] = { 0, FLT_MAX, " is not a label (a number from 0 up)" },
		[FRAME_POWERS] = { 0, 127, " is not a label (a number from 0 to 127, for its gain is 2^label - 1; linear gains have no such end)" },
		[FRAME_CHANCES] = { 0, 1, " is not a label (a number from 0 to 1)" },
	};

	row->has_label = f.len;
	row->label = 0;
	if (f.len && (!scan_f32(f.p, f.len, &row->label) || row->label < wants[r->o.labels].least || row->label > wants[r->o.labels].most))
		return bad(r, field, e, "", f, wants[r->o.labels].said);
	row->label += 0.0f;	/* no -0 */
	return 0;
}

/* ---- queries ---- */

/* enter_query - the row is of this one; empty: nobody said. */
static int enter_query(struct framer *r, struct frame_row *row, size_t field, struct str query, struct err *e)
{
	row->starts = !r->began || query.len != r->query.len || memcmp(query.p, r->query.p, query.len);
	if (row->starts) {
		size_t n = r->seen.n;
		if (query.len && vocab_add(&r->seen, query.p, query.len) < n)
			return bad(r, field, e, "query ", query, " comes again: the rows of a query must stand together");
		if (r->began && !query.len != !r->query.len)
			return bad(r, field, e, "", query, " is the query where other rows name none, or none where they do");
		buf_reset(&r->query);
		buf_put(&r->query, query.p, query.len);
	}
	r->has_queries |= query.len > 0;
	r->began = true;
	row->query = str_of(&r->query);
	return 0;
}

/* enter_group - the next row of the groups. */
static int enter_group(struct framer *r, struct frame_row *row, struct err *e)
{
	while (!r->left && r->group < r->n_groups) {
		r->left = r->size[r->group++];
		row->starts = true;
	}
	if (!r->left)
		return err_set(e, ERR_DATA, "%s: its sizes add up to %llu rows, there are more", r->o.groups, (unsigned long long)r->n_rows);
	r->left--;
	if (row->starts || !r->began) {
		row->starts = true;
		buf_reset(&r->query);
		buf_put_u64(&r->query, r->group);
	}
	r->began = true;
	row->query = str_of(&r->query);
	return 0;
}

static int read_groups(struct framer *r, struct err *e)
{
	struct input in;
	char clip[ERR_CLIP_MAX];
	int got = input_open(&in, r->o.groups, 0, e);

	if (got)
		return got;
	if (in.is_binary)
		got = err_set(e, ERR_DATA, "%s holds %s, not sizes of queries", r->o.groups, "something binary");
	while (!got && (got = line_next(&in.line, e)) == 1) {
		uint64_t n;
		got = 0;
		if (!scan_u64(in.line.p, in.line.len, &n) || n > FRAME_ROWS_MAX) {
			got = err_set(e, ERR_DATA, "%s:%llu: field 1: '%s' is not the size of a query", r->o.groups, (unsigned long long)in.line.no,
				      err_clip(clip, in.line.p, in.line.len));
			break;
		}
		arr_reserve(r->size, r->n_groups + 1, r->cap_groups);
		r->size[r->n_groups++] = (uint32_t)n;
	}
	input_close(&in);
	r->has_queries = true;
	return got;
}

/* check_groups - at the end of the rows: none is left over. */
static int check_groups(struct framer *r, struct err *e)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->n_groups; i++)
		sum += r->size[i];
	return sum == r->n_rows ? 0 : err_set(e, ERR_DATA, "%s: its sizes add up to %llu rows, there are %llu", r->o.groups, (unsigned long long)sum, (unsigned long long)r->n_rows);
}

/* ---- a table ---- */

static int read_header(struct framer *r, struct err *e)
{
	const struct str *f;
	struct vocab once = { 0 };
	size_t n;
	int got = tabler_next(r->table, &f, &n, e);

	if (got <= 0)
		return got;
	for (size_t i = 0; i < NAMED; i++)
		if (i >= n || !str_is(f[i], named[i]))
			return bad(r, i + 1, e, "the header of a table of features begins with query, user, item, label, not with ", i < n ? f[i] : (struct str){ "", 0 }, "");
	r->name = mem_new(n, sizeof *r->name);
	r->to = mem_new(n, sizeof *r->to);
	r->n_fields = n;
	for (size_t i = 0; i < n; i++)
		buf_put(&r->names, f[i].p, f[i].len);
	const char *p = r->names.p;
	for (size_t i = 0; i < n && got > 0; i++) {
		size_t before = once.n;
		r->name[i] = (struct str){ p, f[i].len };
		p += f[i].len;
		if (i < NAMED)
			continue;
		if (!f[i].len || vocab_add(&once, f[i].p, f[i].len) < before)
			got = bad(r, i + 1, e, "a feature must have a name of its own, not ", f[i], "");
		else if (!e->code)
			r->to[i] = column_of(r, r->name[i], e);
		if (e->code)
			got = e->code;
	}
	vocab_release(&once);
	return got < 0 ? got : 0;
}

static int read_cell(struct framer *r, size_t i, struct str f, struct err *e)
{
	uint32_t c = r->to[i];

	if (c == FRAME_NONE)
		return 0;
	if (!f.len)
		r->x[c] = NAN;
	else if (*r->name[i].p == '@')
		r->x[c] = r->columns.word(r->columns.ctx, c, f);
	else if (!scan_f32(f.p, f.len, &r->x[c]))
		return bad(r, i + 1, e, "", f, " is not a finite number");
	return 0;
}

#define TWICE " is named by the row, where a file of sizes says what the queries are"

static int next_of_table(struct framer *r, struct frame_row *row, struct err *e)
{
	const struct str *f;
	size_t n;
	int got = tabler_next(r->table, &f, &n, e);

	if (got <= 0)
		return got;
	if (n != r->n_fields) {
		struct buf where = { 0 };
		framer_where(r, &where);
		err_set(e, ERR_DATA, "%s: %zu field%s, the header has %zu", where.p, n, n == 1 ? "" : "s", r->n_fields);
		buf_release(&where);
		return ERR_DATA;
	}
	for (size_t i = NAMED; i < n; i++)
		if (read_cell(r, i, f[i], e))
			return e->code;
	row->user = f[1];
	row->item = f[2];
	if (f[0].len && r->o.groups)
		return bad(r, 1, e, "query ", f[0], TWICE);
	if (!f[0].len && !r->o.groups)
		return bad(r, 1, e, "the query is empty: ", f[0], "");
	if (read_label(r, row, 4, f[3], e))
		return e->code;
	return r->o.groups || !enter_query(r, row, 1, f[0], e) ? 1 : (int)e->code;
}

/* ---- LIBSVM ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* next_token - what stands between blanks from *p on; empty at the end. */
static struct str next_token(const char **p, const char *end)
{
	while (*p < end && is_blank(**p))
		++*p;
	const char *from = *p;
	while (*p < end && !is_blank(**p))
		++*p;
	return (struct str){ from, (size_t)(*p - from) };
}

static uint32_t column_of_index(struct framer *r, uint64_t index, struct err *e)
{
	char digits[24];
	int len = 0;
	uint32_t *at;

	if (index < INDEX_NEAR) {
		if (index >= r->cap_index) {
			size_t cap = max_size(2 * r->cap_index, (size_t)index + 64);
			r->to = mem_grow(r->to, cap, sizeof *r->to);
			memset(r->to + r->cap_index, 0, (cap - r->cap_index) * sizeof *r->to);
			r->cap_index = cap;
		}
		at = &r->to[index];
	} else {
		size_t before = r->far.n;
		uint32_t k = vocab_add(&r->far, (const char *)&index, sizeof index);
		arr_reserve(r->far_to, r->far.n, r->cap_far);
		if (k == before)
			r->far_to[k] = 0;
		at = &r->far_to[k];
	}
	if (!*at) {
		struct buf name = { 0 };
		buf_put_u64(&name, index);
		memcpy(digits, name.p, name.len);
		len = (int)name.len;
		buf_release(&name);
		*at = column_of(r, (struct str){ digits, (size_t)len }, e) + 1;	/* FRAME_NONE + 1 is 0: asked for again */
	}
	return *at - 1;
}

static int read_pair(struct framer *r, size_t field, struct str token, struct err *e)
{
	const char *colon = memchr(token.p, ':', token.len);
	uint64_t index;
	float v;

	if (!colon || !scan_u64(token.p, (size_t)(colon - token.p), &index) || !scan_f32(colon + 1, token.len - (size_t)(colon - token.p) - 1, &v))
		return bad(r, field, e, "", token, " is not INDEX:VALUE, a whole number and a finite one");
	uint32_t c = column_of_index(r, index, e);
	if (e->code)
		return e->code;
	if (c == FRAME_NONE)
		return 0;
	if (r->stamp[c] == r->n_rows + 1)
		return bad(r, field, e, "", token, " names a feature that the row has already");
	r->stamp[c] = r->n_rows + 1;
	r->x[c] = v;
	return 0;
}

/* put_item - what the comment says behind "docid =", else the comment, else the number of the row. */
static void put_item(struct framer *r, const char *p, const char *end)
{
	struct str t, word = { p, 0 };

	buf_reset(&r->item);
	for (const char *q = p; q && (t = next_token(&q, end)).len;) {
		if (t.len >= 5 && !memcmp(t.p, "docid", 5)) {
			q = t.p + 5;
			while (q < end && (is_blank(*q) || *q == '='))
				q++;
			word = next_token(&q, end);
			break;
		}
		word = (struct str){ word.len ? word.p : t.p, (size_t)(q - (word.len ? word.p : t.p)) };
	}
	if (word.len)
		buf_put(&r->item, word.p, word.len);
	else
		buf_put_u64(&r->item, r->n_rows + 1);
}

static int next_of_lines(struct framer *r, struct frame_row *row, struct err *e)
{
	struct line *l = &r->in.line;
	const char *p, *end, *hash;
	struct str token;
	size_t field = 1;
	int got;

	do {
		if ((got = line_next(l, e)) <= 0)
			return got;
		p = l->p;
		end = p + l->len;
		hash = l->len ? memchr(p, '#', l->len) : NULL;
		token = next_token(&p, hash ? hash : end);
	} while (hash && !token.len);
	if (!token.len)
		return err_set(e, ERR_DATA, "%s:%llu: an empty line", file_name(r->in.file), (unsigned long long)l->no);
	for (size_t c = 0; c < r->n_x; c++)
		r->x[c] = r->o.absent_is_zero ? 0 : NAN;
	if (read_label(r, row, field, token, e))
		return e->code;
	token = next_token(&p, hash ? hash : end);
	struct str query = { "", 0 };
	if (token.len >= 4 && !memcmp(token.p, "qid:", 4)) {
		query = (struct str){ token.p + 4, token.len - 4 };
		if (!query.len)
			return bad(r, 2, e, "", token, " names no query");
		if (r->o.groups)
			return bad(r, 2, e, "query ", query, TWICE);
		field++;
		token = next_token(&p, hash ? hash : end);
	}
	for (; token.len; token = next_token(&p, hash ? hash : end))
		if (read_pair(r, ++field, token, e))
			return e->code;
	put_item(r, hash ? hash + 1 : NULL, end);
	row->item = str_of(&r->item);
	if (r->o.groups)
		return 1;
	if (enter_query(r, row, 2, query, e))
		return e->code;
	row->user = row->query;
	return 1;
}

/* ---- both ---- */

/* is_table - by the first bytes, of which none are taken: 1, 0 or <0. */
static int is_table(struct file *f, struct err *e)
{
	int is = block_sniff(f, e);
	const unsigned char *p;
	int64_t n = is ? 0 : file_peek(f, 16, &p, e);

	if (n < 0)
		return (int)n;
	if (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)) {
		p += 3;
		n -= 3;
	}
	return n >= 5 && !memcmp(p, "query", 5) ? 1 : is;
}

struct framer *framer_open(const char *path, const struct frame_columns *columns, const struct frame_opts *o, struct err *e)
{
	struct err local = { 0 }, *err = e ? e : &local;
	struct file *f = file_open(path, err);
	int is = f ? is_table(f, err) : 0;
	if (err->code) {
		file_close(f);
		return NULL;
	}
	struct framer *r = mem_new(1, sizeof *r);

	r->columns = *columns;
	r->o = *o;
	if (is && (r->table = tabler_open_file(f, "features", false, err)))
		read_header(r, err);
	if (!is)
		input_open_file(&r->in, f, 0, err);
	if (!err->code && o->groups)
		read_groups(r, err);
	if (err->code) {
		framer_close(r);
		return NULL;
	}
	return r;
}

void framer_close(struct framer *r)
{
	if (!r)
		return;
	tabler_close(r->table);
	input_close(&r->in);
	buf_release(&r->names);
	buf_release(&r->query);
	buf_release(&r->item);
	vocab_release(&r->far);
	vocab_release(&r->seen);
	mem_free(r->name);
	mem_free(r->to);
	mem_free(r->far_to);
	mem_free(r->x);
	mem_free(r->stamp);
	mem_free(r->size);
	mem_free(r);
}

bool framer_has_queries(const struct framer *r)
{
	return r->has_queries;
}

int framer_prov(struct framer *r, struct prov *p, struct buf *inputs, struct err *e)
{
	return r->table ? tabler_prov(r->table, p, inputs, e) : input_prov(&r->in, p, inputs, e);
}

static int next_row(struct framer *r, struct frame_row *row, struct err *e)
{
	*row = (struct frame_row){ .query = { "", 0 } };
	int got = r->table ? next_of_table(r, row, e) : next_of_lines(r, row, e);

	if (!got && r->o.groups)
		return check_groups(r, e);
	if (got <= 0)
		return got;
	if (r->o.groups) {
		if (enter_group(r, row, e))
			return e->code;
		if (!r->table)
			row->user = row->query;
	}
	r->n_rows++;
	row->x = r->x;
	row->n = r->n_x;
	row->fill = r->table || !r->o.absent_is_zero ? NAN : 0;
	return 1;
}

int framer_next(struct framer *r, struct frame_row *row, struct err *e)
{
	struct err local = { 0 }, *err = e ? e : &local;

	if (r->err.code)
		return err_set(e, r->err.code, "%s", r->err.msg);
	int got = next_row(r, row, err);
	if (got < 0)
		r->err = *err;
	return got;
}
