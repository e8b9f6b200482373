/*
 * num - choosing the path, cutting, packing and threading around the kernels of kern.h.
 *
 * A product is cut into chunks of C, rows x columns; each chunk packs what it needs of B for KC values of k at a time and
 * runs the kernel, which goes on from the C it finds. Packing B again for every block of rows costs 1 move for MC
 * multiply-adds, and buys that chunks share nothing: any number of threads, any order.
 *
 *        k: KC at a time           n
 *      +--------+--------+   +---+---+---+        A rows are read in place (broadcasts), or transposed into a scratch when A
 *    m |  MC    |        |   |NC |   |   | k      is stored by columns. B goes into slivers: all k of `sliver` columns together,
 *      +--------+--------+   +---+---+---+        so that the kernel reads it in a straight line.
 */
#include <math.h>
#include "num.h"
#include "kern.h"

#include <string.h>

#include "../base/cpu.h"
#include "../base/mem.h"

enum {
	KC = 256,		/* k at a time: 12 rows of A, 12 KB, and a sliver, 32 KB, meet in L1 */
	MC = 384, NC = 256,	/* rows and columns of a chunk at most: B of a chunk, 256 KB, stays in L2 */
	A_PAD = 16,		/* floats between rows of a packed A, so that rows do not share a cache set */
	GRAM_ROWS = 4096,
	SYRK_BYTES = 32 << 10,	/* gathered rows at a time, both copies */
};

const struct num_ops *num_ops(void)
{
	switch (cpu_path()) {
#if defined(__x86_64__)
	case CPU_AVX512: return &num_ops_avx512;
	case CPU_AVX2: return &num_ops_avx2;
#endif
	default: return &num_ops_plain;
	}
}

/* ---- vectors ---- */

float num_dot(const float *x, const float *y, size_t n) { return num_ops()->dot(x, y, n); }
float num_l2sq(const float *x, const float *y, size_t n) { return num_ops()->l2sq(x, y, n); }
void num_axpy(float *y, float a, const float *x, size_t n) { num_ops()->axpy(y, a, x, n); }
double num_norm(const float *x, size_t n)
{
	float s = num_dot(x, x, n);
	double t = 0;

	if (s >= 1e-30f && s <= 1e30f)
		return sqrt((double)s);
	for (size_t i = 0; i < n; i++)
		t += (double)x[i] * (double)x[i];
	return sqrt(t);
}

void num_scale(float *x, float a, size_t n) { num_ops()->scale(x, a, n); }

void num_dots(float *out, const float *q, const float *Y, size_t n, size_t d, size_t ld)
{
	num_ops()->dots(out, q, Y, n, d, ld);
}

void num_l2sqs(float *out, const float *q, const float *Y, size_t n, size_t d, size_t ld)
{
	num_ops()->l2sqs(out, q, Y, n, d, ld);
}

double num_scaled(double x, double min, double max)
{
	double by = isfinite(max - min) ? 1 : 0.5;	/* elsewhere not: the half of the smallest is 0 */

	return max > min ? (x * by - min * by) / (max * by - min * by) : 1;
}

bool num_is_finite(const float *x, size_t n) { return num_ops()->is_finite(x, n); }

/* ---- products ---- */

struct gemm {
	const struct num_ops *ops;
	float *C;
	const float *A, *B;
	size_t ldc, lda, ldb, m, n, k;
	enum num_trans ta, tb;
	bool add, pack_b;
	size_t mc, nc, n_cols;		/* chunk sizes; chunks side by side */
	float *scratch;
	size_t a_floats, per_worker;
};

static void pack_b(const struct gemm *g, float *to, size_t j0, size_t nc, size_t p0, size_t kc)
{
	size_t w = g->ops->sliver;
	for (size_t j = 0; j < nc; j += w, to += w * kc) {
		size_t nw = min_size(w, nc - j);
		if (g->tb == NUM_T) {
			g->ops->transpose(to, w, g->B + (j0 + j) * g->ldb + p0, g->ldb, nw, kc);
			continue;
		}
		const float *b = g->B + p0 * g->ldb + j0 + j;
		for (size_t p = 0; p < kc; p++)
			memcpy(to + p * w, b + p * g->ldb, nw * sizeof(float));
	}
}

static void gemm_chunk(void *ctx, size_t chunk, int worker)
{
	const struct gemm *g = ctx;
	size_t i0 = chunk / g->n_cols * g->mc, j0 = chunk % g->n_cols * g->nc;
	size_t mc = min_size(g->mc, g->m - i0), nc = min_size(g->nc, g->n - j0);
	float *sa = g->scratch + (size_t)worker * g->per_worker, *sb = sa + g->a_floats;

	for (size_t p = 0; p < g->k; p += KC) {
		size_t kc = min_size(KC, g->k - p), lda = g->lda, ldb = g->ldb, step = g->ops->sliver;
		const float *a, *b;
		if (g->ta == NUM_T) {
			g->ops->transpose(sa, KC + A_PAD, g->A + p * g->lda + i0, g->lda, kc, mc);
			a = sa;
			lda = KC + A_PAD;
		} else {
			a = g->A + i0 * g->lda + p;
		}
		if (g->pack_b) {
			pack_b(g, sb, j0, nc, p, kc);
			b = sb;
			ldb = g->ops->sliver;
			step = ldb * kc;
		} else {
			b = g->B + p * g->ldb + j0;
		}
		g->ops->mul(g->C + i0 * g->ldc + j0, g->ldc, a, lda, b, ldb, step, mc, nc, kc, g->add || p);
	}
}

int num_gemm(float *C, size_t ldc, const float *A, size_t lda, enum num_trans ta, const float *B, size_t ldb, enum num_trans tb,
	     size_t m, size_t n, size_t k, bool add, struct par *pool, struct err *e)
{
	if (!m || !n)
		return 0;
	if (!k) {
		for (size_t i = 0; !add && i < m; i++)
			memset(C + i * ldc, 0, n * sizeof(float));
		return 0;
	}
	struct gemm g = { num_ops(), C, A, B, ldc, lda, ldb, m, n, k, ta, tb, .add = add };
	size_t w = g.ops->sliver, workers = (size_t)par_threads(pool);
	g.pack_b = tb == NUM_T || m > 16;
	/* Chunks small enough that every thread gets some, large enough to be worth packing for. */
	g.mc = min_size(m, n <= NC / 2 ? 2 * MC : MC);
	g.nc = min_size(n, NC);
	if (workers > 1) {
		while (g.mc > 48 && ((m - 1) / g.mc + 1) * ((n - 1) / g.nc + 1) < 3 * workers)
			g.mc = (g.mc / 2 + 11) / 12 * 12;
		while (g.nc > 2 * w && ((m - 1) / g.mc + 1) * ((n - 1) / g.nc + 1) < 3 * workers)
			g.nc = (g.nc / 2 + w - 1) / w * w;
	}
	size_t kc = min_size(k, KC), n_rows = (m - 1) / g.mc + 1;
	g.n_cols = (n - 1) / g.nc + 1;
	g.a_floats = ta == NUM_T ? g.mc * (KC + A_PAD) : 0;
	g.per_worker = g.a_floats + (g.pack_b ? (g.nc + w - 1) / w * w * kc : 0);
	g.per_worker = (g.per_worker + 15) / 16 * 16;
	if (!(g.scratch = mem_try(workers * g.per_worker, sizeof(float), "scratch of a matrix product", e)))
		return ERR_MEM;
	par_for(pool, n_rows * g.n_cols, gemm_chunk, &g);
	mem_free(g.scratch);
	return 0;
}

void num_mul(float *C, size_t ldc, const float *A, size_t lda, const float *B, size_t ldb, size_t m, size_t n, size_t k, bool add)
{
	const struct num_ops *ops = num_ops();

	ops->mul(C, ldc, A, lda, B, ldb, ops->sliver, m, n, k, add);
}

void num_transpose(float *T, size_t ldt, const float *A, size_t lda, size_t rows, size_t cols)
{
	num_ops()->transpose(T, ldt, A, lda, rows, cols);
}

void num_gemm_ref(float *C, size_t ldc, const float *A, size_t lda, enum num_trans ta, const float *B, size_t ldb, enum num_trans tb,
		  size_t m, size_t n, size_t k, bool add)
{
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++) {
			float c = add ? C[i * ldc + j] : 0;
			for (size_t p = 0; p < k; p++)
				c = __builtin_fmaf(ta == NUM_T ? A[p * lda + i] : A[i * lda + p],
						   tb == NUM_T ? B[j * ldb + p] : B[p * ldb + j], c);
			C[i * ldc + j] = c;
		}
}

/* Rows of d floats, in two copies, that stay in L1 while every tile of the triangle passes over them. */
static size_t syrk_rows_at_once(size_t d)
{
	size_t rows = SYRK_BYTES / (2 * sizeof(float) * (d ? d : 1));
	return rows < 16 ? 16 : rows;
}

/* One thread: A is packed at most MC rows at a time, B at most NC columns. */
enum { MUL_A = MC * (KC + A_PAD), MUL_B = NC * KC };

size_t num_gemm_scratch(void)
{
	return MUL_A + MUL_B;
}

void num_gemm_in(float *C, size_t ldc, const float *A, size_t lda, enum num_trans ta, const float *B, size_t ldb, enum num_trans tb, size_t m, size_t n, size_t k, bool add, float *scratch)
{
	struct gemm g = { num_ops(), C, A, B, ldc, lda, ldb, m, n, k, ta, tb, .add = add, .pack_b = tb == NUM_T || m > 16, .mc = min_size(m, MC), .nc = min_size(n, NC),
			  .scratch = scratch, .a_floats = MUL_A };

	for (size_t i = 0; !k && !add && i < m; i++)
		memset(C + i * ldc, 0, n * sizeof(float));
	if (!m || !n || !k)
		return;
	g.n_cols = (n - 1) / g.nc + 1;
	for (size_t c = 0; c < ((m - 1) / g.mc + 1) * g.n_cols; c++)
		gemm_chunk(&g, c, 0);
}

/* ---- Gram matrix: chunks of rows into slots, a wave of slots at a time, added in chunk order ---- */

struct gram {
	const struct num_ops *ops;
	const float *Y;
	size_t n, d, ld, first;		/* first: chunk of slot 0 */
	float *slot;
};

static void gram_chunk(void *ctx, size_t i, int worker)
{
	const struct gram *g = ctx;
	size_t r = (g->first + i) * GRAM_ROWS;
	float *S = g->slot + i * g->d * g->d;
	const float *Y = g->Y + r * g->ld;
	(void)worker;
	memset(S, 0, g->d * g->d * sizeof(float));
	size_t n = min_size(GRAM_ROWS, g->n - r), most = 2 * syrk_rows_at_once(g->d);
	for (size_t j = 0; j < n; j += most)
		g->ops->syrk(S, g->d, Y + j * g->ld, g->ld, Y + j * g->ld, g->ld, min_size(most, n - j), g->d, j + most < n);
}

int num_gram(float *G, const float *Y, size_t n, size_t d, size_t ld, struct par *pool, struct err *e)
{
	size_t dd = d * d, n_chunks = n / GRAM_ROWS + (n % GRAM_ROWS != 0);
	size_t wave = min_size(n_chunks, 2 * (size_t)par_threads(pool));
	memset(G, 0, dd * sizeof(float));
	if (!n || !d)
		return 0;
	struct gram g = { num_ops(), Y, n, d, ld, 0, mem_try(wave * dd, sizeof(float), "partial sums of a Gram matrix", e) };
	if (!g.slot)
		return ERR_MEM;
	for (; g.first < n_chunks; g.first += wave) {
		size_t m = min_size(wave, n_chunks - g.first);
		par_for(pool, m, gram_chunk, &g);
		for (size_t c = 0; c < m; c++)
			for (size_t i = 0; i < dd; i++)
				G[i] += g.slot[c * dd + i];
	}
	mem_free(g.slot);
	for (size_t i = 0; i < d; i++)
		for (size_t j = i + 1; j < d; j++)
			G[i * d + j] = G[j * d + i];
	return 0;
}

/* ---- sums of outer products over gathered rows ---- */

size_t num_syrk_scratch(size_t d)
{
	return 2 * syrk_rows_at_once(d) * d + 16;
}

void num_syrk_rows(float *A, size_t lda, const float *Y, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d, float *scratch)
{
	const struct num_ops *ops = num_ops();
	size_t most = syrk_rows_at_once(d);
	float *y = scratch, *x = w ? scratch + most * d : NULL;
	for (size_t j = 0; j < n; j += most) {
		size_t m = min_size(most, n - j);
		ops->gather(x, y, Y, ld, row + j, w ? w + j : NULL, m, d, n - j - m);
		ops->syrk(A, lda, x ? x : y, d, y, d, m, d, false);
	}
}

void num_syrk_rows_ref(float *A, size_t lda, const float *Y, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d)
{
	for (size_t r = 0; r < d; r++)
		for (size_t c = 0; c <= r; c++)
			for (size_t j = 0; j < n; j++) {
				const float *y = Y + row[j] * ld;
				A[r * lda + c] = __builtin_fmaf((w ? w[j] : 1) * y[r], y[c], A[r * lda + c]);
			}
}

void num_axpy_rows(float *b, const float *Y, size_t ld, const uint32_t *row, const float *w, size_t n, size_t d)
{
	num_ops()->axpy_rows(b, Y, ld, row, w, n, d);
}

void num_fetch_rows(const float *Y, size_t ld, const uint32_t *row, size_t n, size_t d)
{
	for (size_t j = 0; j < n; j++)
		num_fetch(Y + row[j] * ld, d);
}

void num_dots_rows(float *out, const float *q, const float *Y, size_t ld, const uint32_t *row, size_t n, size_t d)
{
	num_ops()->dots_rows(out, q, Y, ld, row, n, d);
}
