#include "frame.h"

#include <math.h>
#include <string.h>

#include "../base/mem.h"

struct load {
	struct frame *f;
	const struct frame *like;
};

static uint32_t load_column(void *ctx, struct str name)
{
	struct load *l = ctx;
	struct frame *f = l->f;

	if (l->like) {
		uint32_t known = vocab_find(&l->like->name, name.p, name.len);
		if (known != VOCAB_NONE)
			vocab_add(&f->shared, name.p, name.len);
		return known;
	}
	if (f->name.n == FRAME_COLUMNS_MAX && vocab_find(&f->name, name.p, name.len) == VOCAB_NONE)
		return FRAME_COLUMNS_MAX;
	uint32_t c = vocab_add(&f->name, name.p, name.len);
	size_t was = f->cap_words;
	arr_reserve(f->words, c + 1, f->cap_words);
	if (f->cap_words > was)
		memset(f->words + was, 0, (f->cap_words - was) * sizeof *f->words);
	if (*name.p == '@' && !f->words[c])
		f->words[c] = mem_new(1, sizeof **f->words);
	return c;
}

static float load_word(void *ctx, uint32_t column, struct str word)
{
	struct load *l = ctx;
	uint32_t w = l->like ? vocab_find(l->like->words[column], word.p, word.len) : vocab_add(l->f->words[column], word.p, word.len);

	return w == VOCAB_NONE ? NAN : w < 1 << 24 ? (float)w : NAN;
}

/* grow - *p [*cap] of `size` bytes each, to hold n. */
static int grow(void **p, size_t *cap, size_t n, size_t size, const char *what, struct err *e)
{
	if (n <= *cap)
		return 0;
	size_t to = max_size(n, *cap + *cap / 2 + 1024);
	void *q = mem_try(to, size, what, e);
	if (!q)
		return ERR_MEM;
	if (*cap)
		memcpy(q, *p, *cap * size);
	mem_free(*p);
	*p = q;
	*cap = to;
	return 0;
}

/* widen - chunk c to hold `width` columns, of the rows it has. */
static int widen(struct frame *f, struct frame_chunk *c, size_t width, size_t rows, struct err *e)
{
	size_t to = min_size(max_size(width, c->width + c->width / 2), FRAME_COLUMNS_MAX);
	if (!c->width)
		to = width;
	float *x = mem_try((size_t)FRAME_CHUNK * to, sizeof *x, "rows of features", e);

	if (!x)
		return ERR_MEM;
	for (size_t i = 0; i < rows; i++) {
		memcpy(x + i * to, c->x + i * c->width, c->width * sizeof *x);
		for (size_t k = c->width; k < to; k++)
			x[i * to + k] = f->fill;
	}
	mem_free(c->x);
	*c = (struct frame_chunk){ x, to };
	return 0;
}

static int add_row(struct frame *f, const struct frame_row *row, struct err *e)
{
	size_t at = f->n % FRAME_CHUNK;
	void *label = f->label, *start = f->start;
	int ret = grow(&label, &f->cap_labels, f->n + 1, sizeof *f->label, "labels of rows", e);

	f->label = label;
	if (!ret && row->starts)
		ret = grow(&start, &f->cap_starts, f->n_queries + 2, sizeof *f->start, "queries", e);
	f->start = start;
	if (ret)
		return ret;
	f->fill = row->fill;
	if (!at) {
		arr_reserve(f->chunk, f->n_chunks + 1, f->cap_chunks);
		f->chunk[f->n_chunks++] = (struct frame_chunk){ 0 };
	}
	struct frame_chunk *c = &f->chunk[f->n_chunks - 1];
	if ((row->n > c->width || !c->x) && (ret = widen(f, c, row->n, at, e)))
		return ret;
	if (row->n)
		memcpy(c->x + at * c->width, row->x, row->n * sizeof *c->x);
	for (size_t k = row->n; k < c->width; k++)
		c->x[at * c->width + k] = row->fill;
	f->label[f->n] = row->label;
	if (row->starts)
		f->start[f->n_queries++] = f->n;
	f->start[f->n_queries] = ++f->n;
	return 0;
}

static int load_file(struct frame *f, const struct frame *like, const char *path, const struct frame_opts *o, void (*progress)(void *, uint64_t, uint64_t), void *ctx,
		     struct prov *prov, struct buf *inputs, struct err *e)
{
	struct load l = { f, like };
	struct frame_columns columns = { load_column, load_word, &l };
	struct framer *r = framer_open(path, &columns, o, e);
	struct frame_row row;
	bool was_table = f->n && isnan(f->fill), had_rows = f->n;

	if (!r)
		return e->code;
	while (framer_next(r, &row, e) == 1) {
		const char *wrong = NULL;
		if (!row.has_label)
			wrong = "field 4: the label is empty: such a row teaches nothing";
		else if (f->n == FRAME_ROWS_MAX)
			wrong = "more rows than 2^26";
		else if (had_rows && o->absent_is_zero && was_table != isnan(row.fill))
			wrong = "with zero for what is absent, a table and LIBSVM rows do not go together";
		else if (had_rows && f->has_queries != framer_has_queries(r))
			wrong = "the rows of one file name their queries, those of another do not";
		if (wrong) {
			struct buf where = { 0 };
			framer_where(r, &where);
			err_set(e, ERR_DATA, "%s: %s", where.p, wrong);
			buf_release(&where);
		}
		if (wrong || add_row(f, &row, e))
			break;
		if (progress && f->n % FRAME_CHUNK == 0)
			progress(ctx, f->n, 0);
	}
	f->has_queries |= framer_has_queries(r);
	if (!e->code)
		framer_prov(r, prov, inputs, e);
	framer_close(r);
	return e->code;
}

int frame_load(struct frame *f, const struct frame *like, const char *const *path, size_t n_paths, const struct frame_opts *o, void (*progress)(void *ctx, uint64_t done, uint64_t total),
	       void *ctx, struct prov *prov, struct buf *inputs, struct err *e)
{
	static const char *const from_stdin[] = { "-" };
	struct err local = { 0 }, *err = e ? e : &local;

	*f = (struct frame){ .absent_is_zero = o->absent_is_zero, .fill = NAN };
	if (!n_paths) {
		path = from_stdin;
		n_paths = 1;
	}
	for (size_t i = 0; i < n_paths; i++)
		if (load_file(f, like, path[i], o, progress, ctx, prov, inputs, err)) {
			frame_release(f);
			return err->code;
		}
	return 0;
}

void frame_release(struct frame *f)
{
	for (size_t c = 0; c < f->name.n; c++)
		if (f->words[c]) {
			vocab_release(f->words[c]);
			mem_free(f->words[c]);
		}
	for (size_t c = 0; c < f->n_chunks; c++)
		mem_free(f->chunk[c].x);
	vocab_release(&f->name);
	vocab_release(&f->shared);
	mem_free(f->words);
	mem_free(f->chunk);
	mem_free(f->label);
	mem_free(f->start);
	*f = (struct frame){ 0 };
}

void frame_column(const struct frame *f, size_t c, float *to, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct frame_chunk *k = &f->chunk[(first + i) / FRAME_CHUNK];
		to[i] = c < k->width ? k->x[(first + i) % FRAME_CHUNK * k->width + c] : f->fill;
	}
}

void frame_get(const struct frame *f, size_t i, float *x, size_t n_columns)
{
	const struct frame_chunk *k = &f->chunk[i / FRAME_CHUNK];
	size_t n = min_size(n_columns, k->width);

	memcpy(x, k->x + i % FRAME_CHUNK * k->width, n * sizeof *x);
	for (; n < n_columns; n++)
		x[n] = f->fill;
}
