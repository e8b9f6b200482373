#include "csr.h"

#include <stdlib.h>
#include <string.h>

#include "../base/mem.h"
#include "../base/sort.h"

void csr_release(struct csr *m)
{
	mem_free(m->start);
	mem_free(m->col);
	mem_free(m->val);
	*m = (struct csr){0};
}

static int csr_init(struct csr *m, size_t n_rows, size_t n_cols, size_t nnz, struct err *e)
{
	*m = (struct csr){ .n_rows = n_rows, .n_cols = n_cols };
	if (n_rows == SIZE_MAX)
		return err_set(e, ERR_MEM, "a sparse matrix of %zu rows does not fit memory", n_rows);
	m->start = mem_try0(n_rows + 1, sizeof *m->start, "row starts of a sparse matrix", e);
	m->col = mem_try(nnz, sizeof *m->col, "columns of a sparse matrix", e);
	m->val = mem_try(nnz, sizeof *m->val, "values of a sparse matrix", e);
	if (m->start && m->col && m->val)
		return 0;
	csr_release(m);
	return ERR_MEM;
}

/* Counts in start[1..n] become offsets: start[i] = where bucket i begins. */
static void sum_up(size_t *start, size_t n)
{
	for (size_t i = 0; i < n; i++)
		start[i + 1] += start[i];
}

/* Scattering used start[i] as the cursor of bucket i, so it now holds the start of i + 1. */
static void step_back(size_t *start, size_t n)
{
	memmove(start + 1, start, n * sizeof *start);
	start[0] = 0;
}

/* Equal neighbours in a row become one entry with their sum, in order. */
static void merge_equal(struct csr *m)
{
	size_t to = 0, i = 0;
	for (size_t r = 0; r < m->n_rows; r++) {
		size_t begin = to, end = m->start[r + 1];
		for (; i < end; i++) {
			if (to > begin && m->col[to - 1] == m->col[i]) {
				m->val[to - 1] += m->val[i];
			} else {
				m->col[to] = m->col[i];
				m->val[to++] = m->val[i];
			}
		}
		m->start[r + 1] = to;
	}
}

void csr_entries_add(struct csr_entries *t, uint32_t row, uint32_t col, float val)
{
	arr_reserve(t->row, t->n + 1, t->cap[0]);
	arr_reserve(t->col, t->n + 1, t->cap[1]);
	arr_reserve(t->val, t->n + 1, t->cap[2]);
	t->row[t->n] = row;
	t->col[t->n] = col;
	t->val[t->n++] = val;
}

void csr_entries_release(struct csr_entries *t)
{
	mem_free(t->row);
	mem_free(t->col);
	mem_free(t->val);
	*t = (struct csr_entries){ 0 };
}

/*
 * Two stable counting sorts, by column and then by row: the second keeps the order of the first within a row, and both keep
 * the order of input among equal pairs. Scratch: 4 bytes a pair (the order by column) and 8 bytes a column.
 */
int csr_from_pairs(struct csr *m, const uint32_t *row, const uint32_t *col, const float *val, size_t n, size_t n_rows, size_t n_cols, struct err *e)
{
	*m = (struct csr){0};
	for (size_t i = 0; i < n; i++)
		if (row[i] >= n_rows || col[i] >= n_cols)
			return err_set(e, ERR_DATA, "entry %zu is at row %u, column %u, outside %zu x %zu", i, (unsigned)row[i], (unsigned)col[i], n_rows, n_cols);
	if (n > UINT32_MAX)
		return err_set(e, ERR_DATA, "%zu entries: a sparse matrix takes at most 4294967295", n);
	if (csr_init(m, n_rows, n_cols, n, e) < 0)
		return ERR_MEM;
	size_t *by_col = mem_try0(n_cols + 1, sizeof *by_col, "column counts of a sparse matrix", e);
	uint32_t *order = mem_try(n, sizeof *order, "entries by column", e);
	if (!by_col || !order) {
		mem_free(by_col);
		mem_free(order);
		csr_release(m);
		return ERR_MEM;
	}
	for (size_t i = 0; i < n; i++) {
		by_col[col[i] + 1]++;
		m->start[row[i] + 1]++;
	}
	sum_up(by_col, n_cols);
	sum_up(m->start, n_rows);
	for (size_t i = 0; i < n; i++)
		order[by_col[col[i]]++] = (uint32_t)i;
	for (size_t i = 0; i < n; i++) {
		size_t from = order[i], to = m->start[row[from]]++;
		m->col[to] = col[from];
		m->val[to] = val ? val[from] : 1;
	}
	step_back(m->start, n_rows);
	mem_free(by_col);
	mem_free(order);
	merge_equal(m);
	return 0;
}

int csr_transpose(struct csr *t, const struct csr *m, struct err *e)
{
	size_t nnz = m->n_rows ? m->start[m->n_rows] : 0;
	if (m->n_rows > UINT32_MAX)
		return err_set(e, ERR_DATA, "%zu rows cannot become columns: at most 4294967295", m->n_rows);
	if (csr_init(t, m->n_cols, m->n_rows, nnz, e) < 0)
		return ERR_MEM;
	for (size_t i = 0; i < nnz; i++)
		t->start[m->col[i] + 1]++;
	sum_up(t->start, t->n_rows);
	for (size_t r = 0; r < m->n_rows; r++)
		for (size_t i = m->start[r]; i < m->start[r + 1]; i++) {
			size_t to = t->start[m->col[i]]++;
			t->col[to] = (uint32_t)r;
			t->val[to] = m->val[i];
		}
	step_back(t->start, t->n_rows);
	return 0;
}

int csr_rows(struct csr *out, const struct csr *m, const uint32_t *row, size_t n, struct err *e)
{
	size_t nnz = 0, to = 0;

	for (size_t i = 0; i < n; i++) {
		size_t r = row ? row[i] : i;
		nnz += m->start[r + 1] - m->start[r];
	}
	if (csr_init(out, n, m->n_cols, nnz, e) < 0)
		return ERR_MEM;
	for (size_t i = 0; i < n; i++) {
		size_t r = row ? row[i] : i, from = m->start[r], len = m->start[r + 1] - from;
		if (len) {
			memcpy(out->col + to, m->col + from, len * sizeof *out->col);
			memcpy(out->val + to, m->val + from, len * sizeof *out->val);
		}
		out->start[i + 1] = to += len;
	}
	return 0;
}

size_t csr_find(const struct csr *m, size_t row, uint32_t col)
{
	if (row >= m->n_rows)
		return SIZE_MAX;
	size_t end = m->start[row + 1], at = m->start[row] + below_u32(m->col + m->start[row], end - m->start[row], col);
	return at < end && m->col[at] == col ? at : SIZE_MAX;
}

/* ---- in place ---- */

void csr_keys_release(struct csr_keys *t)
{
	mem_free(t->key);
	mem_free(t->val);
	*t = (struct csr_keys){ 0 };
}

enum { DIGIT = 8, DIGITS_MAX = 8, SHORT = 32 };

/* Which bits of the keys differ at all, eight at a time from the top: those of rows, then those of columns. */
struct digits { int shift[DIGITS_MAX + 2]; size_t n; };

static void add_digits(struct digits *d, size_t n_values, int from)
{
	int bits = 0;

	while (n_values > 1 && (n_values - 1) >> bits)
		bits++;
	for (int at = bits; at > 0; at -= DIGIT)
		d->shift[d->n++] = from + (at > DIGIT ? at - DIGIT : 0);
}

static void swap_in(uint64_t *key, float *val, size_t i, uint64_t *k, float *v)
{
	uint64_t tk = key[i];
	float tv = val[i];

	key[i] = *k;
	val[i] = *v;
	*k = tk;
	*v = tv;
}

static void insertion(uint64_t *key, float *val, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t k = key[i];
		float v = val[i];
		size_t j = i;
		for (; j > 0 && key[j - 1] > k; j--) {
			key[j] = key[j - 1];
			val[j] = val[j - 1];
		}
		key[j] = k;
		val[j] = v;
	}
}

/* deal - by one digit: end[b] becomes where bucket b ends. Each element goes to the next free place of its bucket, whoever is there goes on ("American flag"). */
static void deal(uint64_t *key, float *val, size_t n, int shift, size_t end[1 << DIGIT])
{
	size_t next[1 << DIGIT];

	memset(end, 0, sizeof *end << DIGIT);
	for (size_t i = 0; i < n; i++)
		end[key[i] >> shift & 0xff]++;
	for (size_t b = 0, sum = 0; b < 1 << DIGIT; b++) {
		next[b] = sum;
		sum += end[b];
		end[b] = sum;
	}
	for (size_t b = 0; b < 1 << DIGIT; b++)
		while (next[b] < end[b]) {
			uint64_t k = key[next[b]];
			float v = val[next[b]];
			for (size_t to; (to = k >> shift & 0xff) != b; )
				swap_in(key, val, next[to]++, &k, &v);
			key[next[b]] = k;
			val[next[b]++] = v;
		}
}

static void sort_from(uint64_t *key, float *val, size_t n, const struct digits *d, size_t digit)
{
	size_t end[1 << DIGIT];

	if (n <= SHORT) {
		insertion(key, val, n);
		return;
	}
	if (digit == d->n)
		return;
	deal(key, val, n, d->shift[digit], end);
	for (size_t b = 0, from = 0; b < 1 << DIGIT; from = end[b++])
		if (end[b] - from > 1)
			sort_from(key + from, val + from, end[b] - from, d, digit + 1);
}

struct sorting { struct csr_keys *t; struct digits d; size_t end[1 << DIGIT]; };

static void sort_bucket(void *ctx, size_t b, int worker)
{
	struct sorting *s = ctx;
	size_t from = b ? s->end[b - 1] : 0;

	(void)worker;
	sort_from(s->t->key + from, s->t->val + from, s->end[b] - from, &s->d, 1);
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* sum_of - smallest first: the sum is the same whatever order they came in, and whoever else was there. */
static float sum_of(float *val, size_t n)
{
	float sum = 0;

	if (n > 2)
		qsort(val, n, sizeof *val, by_size);
	for (size_t i = 0; i < n; i++)
		sum += val[i];
	return sum;
}

/* add_up - equal keys become one entry; start [rows + 1] counts. Returns how many are left. */
static size_t add_up(struct csr_keys *t, size_t *start)
{
	size_t n = 0;

	for (size_t i = 0, end; i < t->n; i = end) {
		uint64_t key = t->key[i];
		for (end = i + 1; end < t->n && t->key[end] == key; end++)
			;
		float sum = sum_of(t->val + i, end - i);
		t->key[n] = key;
		t->val[n++] = sum;
		start[(key >> 32) + 1]++;
	}
	return n;
}

int csr_take(struct csr *m, struct csr_keys *t, size_t n_rows, size_t n_cols, struct par *pool, struct err *e)
{
	struct sorting s = { .t = t };
	int ret = 0;

	*m = (struct csr){ .n_rows = n_rows, .n_cols = n_cols };
	for (size_t i = 0; i < t->n && !ret; i++)
		if (t->key[i] >> 32 >= n_rows || (uint32_t)t->key[i] >= n_cols)
			ret = err_set(e, ERR_DATA, "entry %zu is at row %u, column %u, outside %zu x %zu", i, (unsigned)(t->key[i] >> 32), (unsigned)t->key[i], n_rows, n_cols);
	if (!ret && !(m->start = mem_try0(n_rows + 1, sizeof *m->start, "row starts of a sparse matrix", e)))
		ret = ERR_MEM;
	if (ret) {
		csr_keys_release(t);
		return ret;
	}
	add_digits(&s.d, n_rows, 32);
	add_digits(&s.d, n_cols, 0);
	if (s.d.n && t->n) {
		deal(t->key, t->val, t->n, s.d.shift[0], s.end);
		par_for(pool, 1 << DIGIT, sort_bucket, &s);
	}
	t->n = add_up(t, m->start);
	for (size_t r = 0; r < n_rows; r++)
		m->start[r + 1] += m->start[r];
	for (size_t i = 0; i < t->n; i++) {		/* the columns move together in the first half of the keys */
		uint32_t col = (uint32_t)t->key[i];
		memcpy((unsigned char *)t->key + i * sizeof col, &col, sizeof col);
	}
	m->col = mem_grow(t->key, t->n, sizeof *m->col);
	m->val = mem_grow(t->val, t->n, sizeof *m->val);
	*t = (struct csr_keys){ 0 };
	return 0;
}
