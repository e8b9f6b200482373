/*
 * csr - a sparse matrix by rows: row r holds col[start[r] .. start[r+1]) ascending, with val beside. 8 bytes a row + 8 bytes an entry.
 */
#ifndef TASTE_CSR_H
#define TASTE_CSR_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include "../base/err.h"
#include "../base/mem.h"
#include "../base/par.h"

struct csr {
	size_t n_rows, n_cols;
	size_t *start;		/* [n_rows + 1] */
	uint32_t *col;		/* [nnz] */
	float *val;		/* [nnz] */
};

void csr_release(struct csr *m);

/* Entries as they come, for csr_from_pairs: 12 bytes each. Zeroed is empty. */
struct csr_entries { uint32_t *row, *col; float *val; size_t n, cap[3]; };
void csr_entries_add(struct csr_entries *t, uint32_t row, uint32_t col, float val);
void csr_entries_release(struct csr_entries *t);

/*
 * Entries as they come, for csr_take: 12 bytes each, row << 32 | column beside the value. Zeroed is empty. What is grown but not used takes no memory of the machine.
 */
struct csr_keys { uint64_t *key; float *val; size_t n, cap[2]; };
static inline void csr_keys_add(struct csr_keys *t, uint32_t row, uint32_t col, float val)
{
	arr_reserve(t->key, t->n + 1, t->cap[0]);
	arr_reserve(t->val, t->n + 1, t->cap[1]);
	t->key[t->n] = (uint64_t)row << 32 | col;
	t->val[t->n++] = val;
}
void csr_keys_release(struct csr_keys *t);
/*
 * csr_take - m from the entries, in their own memory: sorted in place (most significant digits first), equal ones added up, the smallest value first: no sum depends on
 * the order of input or on other entries. *t is empty afterwards, also on failure. Beside the entries it holds 8 bytes a row. 0, ERR_DATA for an entry outside, ERR_MEM.
 */
int csr_take(struct csr *m, struct csr_keys *t, size_t n_rows, size_t n_cols, struct par *pool, struct err *e);

/* csr_from_pairs - from n (row, col, val) triplets in any order; equal (row, col) pairs are added up in input order. val NULL: 1 each. Stable counting sort; the inputs are left alone. */
int csr_from_pairs(struct csr *m, const uint32_t *row, const uint32_t *col, const float *val, size_t n, size_t n_rows, size_t n_cols, struct err *e);
/* csr_transpose - t = m^T, columns ascending. */
int csr_transpose(struct csr *t, const struct csr *m, struct err *e);
/* csr_rows - out has the rows row [n] of m in that order; row NULL: the first n, so that n == m->n_rows copies all. */
int csr_rows(struct csr *out, const struct csr *m, const uint32_t *row, size_t n, struct err *e);
/* csr_find - where (row, col) stands in col[] and val[], SIZE_MAX when it is no entry. Binary search. */
size_t csr_find(const struct csr *m, size_t row, uint32_t col);
static inline bool csr_has(const struct csr *m, size_t row, uint32_t col) { return csr_find(m, row, col) != SIZE_MAX; }

#endif
