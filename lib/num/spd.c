/*
 * spd - Cholesky factor and inverse of a matrix that does not fit the cache, in place in the lower triangle.
 *
 * Three passes over blocks of NB rows or columns, each of n^3 / 6 multiply-adds, nearly all of them in the product kernel. A block is finished from
 * what earlier blocks left ("left-looking"): its elements are written once and the rest of the matrix is only read, NB times fewer than
 * there are multiply-adds.
 *
 *	chol                          invert                        square
 *	      j                             j                             j
 *	  +-------+                     +-------+                     +-------+
 *	  | done  |   column block j:   | M     |   row block i:      | A^-1  |   row block i:
 *	j |---+   |   A -= L L_j^T,   i |- - - -|   S = -L_i,         |       |   S = M^T of rows k >= i, columns of i,
 *	  | L |...|   then the          | L     |   row = L_ii^-1   i |-------|   row = S M
 *	  |   |...|   triangle          |       |         (S M)       | M     |
 *	  +-------+                     +-------+                     +-------+
 *
 * The block that all chunks of a step share (L_j^T negated, S) is packed once into scratch, KC of k at a time. Chunks are rows of the column block or
 * columns of the row block, as many as keep all threads busy: every element is one chain of multiply-adds in ascending k from the element itself or
 * from 0, so neither blocks nor chunks nor threads are seen in it. NB == KC makes blocks of k end where blocks of rows do.
 *
 * Blocks on the diagonal get zeros above it as they are inverted, and then count as full ones: a multiply-add with 0 changes no sum.
 */
#include <math.h>
#include <string.h>

#include "num.h"
#include "kern.h"
#include "../base/mem.h"

enum {
	NB = 256, KC = NB,	/* 256 KB of packed block beside one of the other factor in L2 */
	PAD = 16,		/* floats between packed rows, so that they do not share a cache set */
	ROWS = 192, COLS = NB,	/* of a chunk at most. Halved twice, rows still make whole tiles, and columns whole blocks of NB */
	LD = KC + PAD,
};

struct spd {
	const struct num_ops *ops;
	float *A;
	size_t lda, n;
	size_t at, nb;		/* the block of this step: rows or columns at .. at + nb */
	size_t lines;		/* of a chunk */
	float *S;		/* [n / KC][NB x LD] what the chunks share */
	float *U;		/* [NB x NB] the block on the diagonal: L, and L^T above */
	float *inv;		/* [NB] reciprocals of its pivots */
	float *work;		/* for each worker: [LD x NB] and [NB x LD] */
	struct par *pool;
	const struct watch *step;
	uint64_t done, total;
	bool bad;
};

static size_t blocks(size_t n) { return n / NB + (n % NB != 0); }

enum { SHARED_FLOATS = NB * LD, WORK_FLOATS = NB * LD + LD * NB };

size_t num_spd_scratch(size_t n, int threads)
{
	return (blocks(n) * SHARED_FLOATS + (size_t)NB * NB + NB + (size_t)threads * WORK_FLOATS) * sizeof(float);
}

static int begin(struct spd *s, float *A, size_t lda, size_t n, uint64_t passes, const struct watch *step, struct par *pool, struct err *e)
{
	*s = (struct spd){ .ops = num_ops(), .A = A, .lda = lda, .n = n, .pool = pool, .step = step, .total = passes * blocks(n) * blocks(n) * blocks(n) };
	if (!(s->S = mem_try(num_spd_scratch(n, par_threads(pool)), 1, "scratch of a Cholesky factor", e)))
		return ERR_MEM;
	s->U = s->S + blocks(n) * SHARED_FLOATS;
	s->inv = s->U + NB * NB;
	s->work = s->inv + NB;
	return 0;
}

/* Set up a step: `lines` rows or columns in chunks of `most`, or fewer where threads would wait. Returns how many chunks. */
static size_t cut(struct spd *s, size_t lines, size_t most)
{
	size_t workers = (size_t)par_threads(s->pool);

	s->lines = most;
	while (workers > 1 && s->lines > most / 4 && lines / s->lines < 3 * workers)
		s->lines /= 2;
	return lines / s->lines + (lines % s->lines != 0);
}

/* `more` in units of NB^3 multiply-adds / 6, of which a pass has about m^3 for m blocks; it is good enough for a bar. */
static void tell(struct spd *s, uint64_t more, uint64_t pass)
{
	uint64_t m = blocks(s->n);

	s->done = s->at + NB >= s->n ? (pass + 1) * m * m * m : s->done + more + 1;
	if (s->step)
		s->step->fn(s->step->ctx, s->done, s->total);
}

static void copy_rows(float *to, size_t ldt, const float *from, size_t ldf, size_t rows, size_t cols)
{
	for (size_t i = 0; i < rows; i++)
		memcpy(to + i * ldt, from + i * ldf, cols * sizeof(float));
}

static void find_inv(struct spd *s)
{
	for (size_t i = 0; i < s->nb; i++)
		s->inv[i] = 1 / s->U[i * NB + i];
}

/* ---- the factor ---- */

/* S_c = -L_j,c^T in slivers, for the c-th block of k. */
static void chol_pack(void *ctx, size_t c, int worker)
{
	const struct spd *s = ctx;
	size_t w = s->ops->sliver;
	float *to = s->S + c * SHARED_FLOATS;

	(void)worker;
	for (size_t j = 0; j < s->nb; j += w, to += w * KC)
		s->ops->transpose(to, w, s->A + (s->at + j) * s->lda + c * KC, s->lda, min_size(w, s->nb - j), KC);
	s->ops->scale(s->S + c * SHARED_FLOATS, -1, NB * KC);
}

/* Rows r .. r+m of the column block minus what the columns before it have of them. The rows are copied: in place they would share cache sets when lda
 * is a power of two. */
static void chol_update(const struct spd *s, size_t r, size_t m, float *copy)
{
	size_t w = s->ops->sliver;

	for (size_t k = 0; k < s->at; k += KC) {
		copy_rows(copy, LD, s->A + r * s->lda + k, s->lda, m, KC);
		s->ops->mul(s->A + r * s->lda + s->at, s->lda, copy, LD, s->S + k / KC * SHARED_FLOATS, w, w * KC, m, s->nb, KC, true);
	}
}

static void chol_top(void *ctx, size_t chunk, int worker)
{
	const struct spd *s = ctx;
	size_t r = chunk * s->lines;

	chol_update(s, s->at + r, min_size(s->lines, s->nb - r), s->work + (size_t)worker * WORK_FLOATS);
}

/* The rows below the diagonal: minus what is known, then against the triangle, turned over so that rows run along lanes. */
static void chol_below(void *ctx, size_t chunk, int worker)
{
	const struct spd *s = ctx;
	size_t r = s->at + s->nb + chunk * s->lines, m = min_size(s->lines, s->n - r);
	float *copy = s->work + (size_t)worker * WORK_FLOATS, *x = copy + NB * LD, *a = s->A + r * s->lda + s->at;

	chol_update(s, r, m, copy);
	s->ops->transpose(x, ROWS + PAD, a, s->lda, m, s->nb);
	s->ops->solve_many(x, ROWS + PAD, s->U, NB, s->inv, s->nb, m);
	s->ops->transpose(a, s->lda, x, ROWS + PAD, s->nb, m);
}

static size_t chol_block(struct spd *s)
{
	float *a = s->A + s->at * s->lda + s->at;
	size_t bad;

	par_for(s->pool, s->at / KC, chol_pack, s);
	par_for(s->pool, cut(s, s->nb, ROWS), chol_top, s);
	copy_rows(s->U, NB, a, s->lda, s->nb, s->nb);
	if ((bad = s->ops->chol(s->U, NB, s->nb)))
		return s->at + bad;
	copy_rows(a, s->lda, s->U, NB, s->nb, s->nb);
	find_inv(s);
	par_for(s->pool, cut(s, s->n - s->at - s->nb, ROWS), chol_below, s);
	return 0;
}

static int chol(struct spd *s, size_t *pivot, struct err *e)
{
	if (pivot)
		*pivot = 0;
	for (s->at = 0; s->at < s->n; s->at += NB) {
		s->nb = min_size(NB, s->n - s->at);
		size_t bad = chol_block(s);
		if (bad) {
			if (pivot)
				*pivot = bad;
			return err_set(e, ERR_NUMERIC, "pivot %zu of %zu is not positive", bad, s->n);
		}
		tell(s, 6 * (s->at / NB) * (blocks(s->n) - s->at / NB), 0);
	}
	return 0;
}

int num_spd_chol(float *A, size_t lda, size_t n, size_t *pivot, const struct watch *step, struct par *pool, struct err *e)
{
	struct spd s;
	int ret = begin(&s, A, lda, n, 1, step, pool, e);

	if (!ret)
		ret = chol(&s, pivot, e);
	mem_free(s.S);
	return ret;
}

/* ---- its inverse ---- */

static void invert_pack(void *ctx, size_t c, int worker)
{
	const struct spd *s = ctx;
	float *to = s->S + c * SHARED_FLOATS;

	(void)worker;
	copy_rows(to, LD, s->A + s->at * s->lda + c * KC, s->lda, s->nb, KC);
	for (size_t i = 0; i < s->nb; i++)
		s->ops->scale(to + i * LD, -1, KC);
}

/* B in slivers: rows k .. k+kc, columns j .. j+m of the matrix. */
static void pack_b(const struct spd *s, float *to, size_t k, size_t kc, size_t j, size_t m)
{
	size_t w = s->ops->sliver;

	for (size_t c = 0; c < m; c += w, to += w * kc)
		copy_rows(to, w, s->A + k * s->lda + j + c, s->lda, kc, min_size(w, m - c));
}

/* C = sum over blocks of k from `from` to `to` of S_c M, for columns j .. j+m of the row block; first: the block of k that lies first in S. */
static void row_product(const struct spd *s, size_t j, size_t m, size_t from, size_t to, size_t first, float *pack)
{
	size_t w = s->ops->sliver;

	for (size_t k = from; k < to; k += KC) {
		size_t kc = min_size(KC, to - k);
		pack_b(s, pack, k, kc, j, m);
		s->ops->mul(s->A + s->at * s->lda + j, s->lda, s->S + (k - first) / KC * SHARED_FLOATS, LD, pack, w, w * kc, s->nb, m, kc, k > from);
	}
}

static void invert_columns(void *ctx, size_t chunk, int worker)
{
	const struct spd *s = ctx;
	size_t j = chunk * s->lines, m = min_size(s->lines, s->at - j);

	row_product(s, j, m, j / NB * NB, s->at, 0, s->work + (size_t)worker * WORK_FLOATS);
	s->ops->solve_many(s->A + s->at * s->lda + j, s->lda, s->U, NB, s->inv, s->nb, m);
}

/* The inverse of the triangle in U, with zeros above the diagonal, to the matrix. */
static void invert_diagonal(struct spd *s)
{
	float *x = s->work;

	memset(x, 0, s->nb * LD * sizeof(float));
	for (size_t i = 0; i < s->nb; i++)
		x[i * LD + i] = 1;
	s->ops->solve_many(x, LD, s->U, NB, s->inv, s->nb, s->nb);
	copy_rows(s->A + s->at * s->lda + s->at, s->lda, x, LD, s->nb, s->nb);
}

static void invert(struct spd *s)
{
	for (s->at = 0; s->at < s->n; s->at += NB) {
		uint64_t i = s->at / NB;
		s->nb = min_size(NB, s->n - s->at);
		copy_rows(s->U, NB, s->A + s->at * s->lda + s->at, s->lda, s->nb, s->nb);	/* with L^T above, as chol_block left it */
		find_inv(s);
		par_for(s->pool, s->at / KC, invert_pack, s);
		par_for(s->pool, cut(s, s->at, COLS), invert_columns, s);
		invert_diagonal(s);
		tell(s, 3 * i * i, 1);
	}
}

static void square_pack(void *ctx, size_t c, int worker)
{
	const struct spd *s = ctx;
	size_t k = s->at + c * KC;

	(void)worker;
	s->ops->transpose(s->S + c * SHARED_FLOATS, LD, s->A + k * s->lda + s->at, s->lda, min_size(KC, s->n - k), s->nb);
}

/* The first block of k is the row block itself: it is packed before it is written over, and other chunks read other columns. */
static void square_columns(void *ctx, size_t chunk, int worker)
{
	const struct spd *s = ctx;
	size_t j = chunk * s->lines;

	row_product(s, j, min_size(s->lines, s->at + s->nb - j), s->at, s->n, s->at, s->work + (size_t)worker * WORK_FLOATS);
}

static void square(struct spd *s)
{
	for (s->at = 0; s->at < s->n; s->at += NB) {
		uint64_t i = s->at / NB;
		s->nb = min_size(NB, s->n - s->at);
		par_for(s->pool, (s->n - s->at - 1) / KC + 1, square_pack, s);
		par_for(s->pool, cut(s, s->at + s->nb, COLS), square_columns, s);
		tell(s, 6 * i * (blocks(s->n) - i), 2);
	}
}

/* A row block of the lower triangle is checked and mirrored. */
static void mirror(void *ctx, size_t i, int worker)
{
	struct spd *s = ctx;
	size_t r = i * NB, m = min_size(NB, s->n - r);

	(void)worker;
	for (size_t j = 0; j < r; j += NB)
		s->ops->transpose(s->A + j * s->lda + r, s->lda, s->A + r * s->lda + j, s->lda, m, NB);
	for (size_t q = r; q < r + m; q++)
		if (!s->ops->is_finite(s->A + q * s->lda, r + m))
			__atomic_store_n(&s->bad, true, __ATOMIC_RELAXED);
}

int num_spd_inverse(float *A, size_t lda, size_t n, size_t *pivot, const struct watch *step, struct par *pool, struct err *e)
{
	struct spd s;
	int ret = begin(&s, A, lda, n, 3, step, pool, e);

	if (!ret && !(ret = chol(&s, pivot, e))) {
		invert(&s);
		square(&s);
		par_for(pool, blocks(n), mirror, &s);
		if (s.bad)
			ret = err_set(e, ERR_NUMERIC, "the inverse is not finite");
	}
	mem_free(s.S);
	return ret;
}

size_t num_spd_inverse_ref(float *A, size_t lda, size_t n)
{
	size_t bad = num_chol_ref(A, lda, n);

	if (bad)
		return bad;
	for (size_t i = 0; i < n; i++) {	/* row i of L becomes row i of M; l_ik is needed for all j <= k, so columns ascend */
		float r = 1 / A[i * lda + i];
		for (size_t j = 0; j < i; j++) {
			float m = 0;
			for (size_t k = j; k < i; k++)
				m = __builtin_fmaf(-A[i * lda + k], A[k * lda + j], m);
			A[i * lda + j] = m * r;
		}
		A[i * lda + i] = r;
	}
	for (size_t i = 0; i < n; i++)		/* a_ij needs rows k >= i of columns i and j: m_ij itself last */
		for (size_t j = 0; j <= i; j++) {
			float a = 0;
			for (size_t k = i; k < n; k++)
				a = __builtin_fmaf(A[k * lda + i], A[k * lda + j], a);
			A[j * lda + i] = a;	/* above the diagonal, where no m is */
		}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			A[i * lda + j] = A[j * lda + i];
	return 0;
}
