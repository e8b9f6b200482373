/*
 * b-num [path]: the kernels of lib/num beside what the machine can do and beside OpenBLAS, one thread each. TSV on stdout:
 *
 *	kernel  shape  rate  unit  share-of-peak  openblas  ratio
 *
 * Every figure is the median of RUNS runs, ours and theirs taken in turn so that both meet the same noise; a run repeats the
 * call until it has taken RUN_S seconds of this thread's CPU time, which does not count what other processes take. Peak is a
 * loop of fused multiply-adds on registers, or of loads over the same block, taken in the same turns. OpenBLAS is loaded when
 * it is installed, and asked for the kernels of the path in force: SkylakeX, its AVX-512 ones, or Haswell, whatever
 * OPENBLAS_CORETYPE says; 0.3.21 on a CPU younger than itself would choose the slower ones.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../lib/base/cpu.h"
#include "../lib/base/mem.h"
#include "../lib/base/par.h"
#include "../lib/base/rng.h"
#include "../lib/num/num.h"

enum { RUNS = 9 };
static const double RUN_S = 0.004;

static struct {
	void (*sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *A, int lda, const float *B, int ldb, float beta,
		      float *C, int ldc);
	void (*ssyrk)(int order, int uplo, int trans, int n, int k, float alpha, const float *A, int lda, float beta, float *C, int ldc);
	void (*sgemv)(int order, int trans, int m, int n, float alpha, const float *A, int lda, const float *x, int incx, float beta, float *y, int incy);
	void (*spotrf)(const char *uplo, const int *n, float *A, const int *lda, int *info);
	void (*spotri)(const char *uplo, const int *n, float *A, const int *lda, int *info);
	void (*threads)(int);
	void (*spotrs)(const char *uplo, const int *n, const int *nrhs, const float *A, const int *lda, float *B, const int *ldb, int *info);
} blas;
enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112, LOWER = 122 };

static float *floats(size_t n)
{
	static struct pcg32 r = { 1, 3 };
	struct err e = {0};
	float *p = mem_try(n, sizeof *p, "bench", &e);
	if (!p) {
		fprintf(stderr, "b-num: %s\n", e.msg);
		exit(3);
	}
	for (size_t i = 0; i < n; i++)
		p[i] = pcg32_f32(&r) - 0.5f;
	return p;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- what one case is ---- */

struct job {
	size_t m, n, k;
	enum num_trans tb;
	float *A, *B, *C, *D, *w, *scratch;
	uint32_t *row;
};

static void run_gemm(struct job *j)
{
	num_gemm(j->C, j->n, j->A, j->k, NUM_N, j->B, j->tb == NUM_T ? j->k : j->n, j->tb, j->m, j->n, j->k, false, NULL, NULL);
}

static void blas_gemm(struct job *j)
{
	int m = (int)j->m, n = (int)j->n, k = (int)j->k;
	blas.sgemm(ROW_MAJOR, NO_TRANS, j->tb == NUM_T ? TRANS : NO_TRANS, m, n, k, 1, j->A, k, j->B, j->tb == NUM_T ? k : n, 0, j->D, n);
}

static void run_gemm_ta(struct job *j)
{
	num_gemm(j->C, j->n, j->A, j->m, NUM_T, j->B, j->n, NUM_N, j->m, j->n, j->k, false, NULL, NULL);
}

static void blas_gemm_ta(struct job *j)
{
	int m = (int)j->m, n = (int)j->n, k = (int)j->k;
	blas.sgemm(ROW_MAJOR, TRANS, NO_TRANS, m, n, k, 1, j->A, m, j->B, n, 0, j->D, n);
}

/* Ours gathers and weighs the rows; theirs is given the rows together and weighed. Sums start from 0 to stay finite. */
static void run_syrk(struct job *j)
{
	memset(j->C, 0, j->n * j->n * sizeof(float));
	num_syrk_rows(j->C, j->n, j->A, j->n, j->row, j->w, j->k, j->n, j->scratch);
}

static void blas_syrk(struct job *j)
{
	int n = (int)j->n, k = (int)j->k;
	blas.ssyrk(ROW_MAJOR, LOWER, TRANS, n, k, 1, j->B, n, 0, j->D, n);
}

static void run_gram(struct job *j) { num_gram(j->C, j->A, j->k, j->n, j->n, NULL, NULL); }

static void blas_gram(struct job *j)
{
	int n = (int)j->n, k = (int)j->k;
	blas.ssyrk(ROW_MAJOR, LOWER, TRANS, n, k, 1, j->A, n, 0, j->D, n);
}

static void run_chol(struct job *j)
{
	memcpy(j->C, j->A, j->n * j->n * sizeof(float));
	if (num_chol(j->C, j->n, j->n))
		abort();
}

static void blas_chol(struct job *j)
{
	int n = (int)j->n, info = 0;
	memcpy(j->D, j->A, j->n * j->n * sizeof(float));
	blas.spotrf("U", &n, j->D, &n, &info);	/* the upper triangle by columns is the lower by rows */
}

static void run_solve(struct job *j)
{
	memcpy(j->w, j->B, j->n * sizeof(float));
	num_chol_solve(j->C, j->n, j->w, j->n);
}

static void blas_solve(struct job *j)
{
	int n = (int)j->n, one = 1, info = 0;
	memcpy(j->w, j->B, j->n * sizeof(float));
	blas.spotrs("U", &n, &one, j->D, &n, j->w, &n, &info);
}

static void run_dots(struct job *j) { num_dots(j->C, j->A, j->B, j->n, j->k, j->k); }

static void blas_dots(struct job *j)
{
	blas.sgemv(ROW_MAJOR, NO_TRANS, (int)j->n, (int)j->k, 1, j->B, (int)j->k, j->A, 1, 0, j->D, 1);
}

/* ---- peaks ---- */

static volatile float sink;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void peak_avx512(struct job *j)
{
	(void)j;
	__m512 s[24], a = _mm512_set1_ps(0.999f);
#pragma GCC unroll 24
	for (int i = 0; i < 24; i++)
		s[i] = _mm512_set1_ps((float)i);
	for (int r = 0; r < 10000; r++) {
#pragma GCC unroll 24
		for (int i = 0; i < 24; i++)
			s[i] = _mm512_fmadd_ps(s[i], a, a);
	}
	for (int i = 1; i < 24; i++)
		s[0] = _mm512_add_ps(s[0], s[i]);
	sink = _mm512_cvtss_f32(s[0]);
}

static void peak_avx2(struct job *j)
{
	(void)j;
	__m256 s[12], a = _mm256_set1_ps(0.999f);
#pragma GCC unroll 12
	for (int i = 0; i < 12; i++)
		s[i] = _mm256_set1_ps((float)i);
	for (int r = 0; r < 40000; r++) {
#pragma GCC unroll 12
		for (int i = 0; i < 12; i++)
			s[i] = _mm256_fmadd_ps(s[i], a, a);
	}
	for (int i = 1; i < 12; i++)
		s[0] = _mm256_add_ps(s[0], s[i]);
	sink = _mm256_cvtss_f32(s[0]);
}
#endif

static void peak_plain(struct job *j)
{
	(void)j;
	float s[64];
	for (int i = 0; i < 64; i++)
		s[i] = (float)i;
	for (int r = 0; r < 60000; r++)
		for (int i = 0; i < 64; i++)
			s[i] = __builtin_fmaf(s[i], 0.999f, 0.999f);
	for (int i = 1; i < 64; i++)
		s[0] += s[i];
	sink = s[0];
}

static void (*peak_fma)(struct job *) = peak_plain;
/* 24 * 16 * 10000 = 12 * 8 * 40000 = 64 * 60000 multiply-adds: the same work for each */
static const double PEAK_FLOPS = 2 * 3840000.0;

/* Read and add up n * k floats of B, 64 lanes wide. */
static void peak_read(struct job *j)
{
	uint32_t s[64] = {0};
	const uint32_t *p = (const uint32_t *)j->B;
	for (size_t i = 0; i + 64 <= j->n * j->k; i += 64)
		for (size_t l = 0; l < 64; l++)
			s[l] += p[i + l];
	for (int l = 1; l < 64; l++)
		s[0] += s[l];
	sink = (float)s[0];
}

/* ---- measuring ---- */

/* Twice as many calls until they take RUN_S; *n keeps the count for the next run. Reading the clock costs as much as a short call. */
static double seconds_per_call(void (*f)(struct job *), struct job *j, size_t *n)
{
	for (;; *n *= 2) {
		double start = now(), t;
		for (size_t i = 0; i < *n; i++)
			f(j);
		if ((t = now() - start) >= RUN_S)
			return t / (double)*n;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void row(const char *kernel, const char *shape, double work, const char *unit, void (*ours)(struct job *), void (*theirs)(struct job *), struct job *j)
{
	double us[RUNS], them[RUNS], top[RUNS];
	int is_memory = !strcmp(unit, "GB/s");
	size_t n_us = 1, n_them = 1, n_top = 1;
	ours(j);
	if (theirs)
		theirs(j);
	for (int r = 0; r < RUNS; r++) {
		us[r] = work / seconds_per_call(ours, j, &n_us) / 1e9;
		them[r] = theirs ? work / seconds_per_call(theirs, j, &n_them) / 1e9 : 0;
		top[r] = (is_memory ? work : PEAK_FLOPS) / seconds_per_call(is_memory ? peak_read : peak_fma, j, &n_top) / 1e9;
	}
	qsort(us, RUNS, sizeof *us, by_value);
	qsort(them, RUNS, sizeof *them, by_value);
	qsort(top, RUNS, sizeof *top, by_value);
	double a = us[RUNS / 2], b = them[RUNS / 2], p = top[RUNS / 2];
	printf("%s\t%s\t%.1f\t%s\t%.2f", kernel, shape, a, unit, a / p);
	if (theirs)
		printf("\t%.1f\t%.2f\n", b, a / b);
	else
		printf("\t-\t-\n");
	fflush(stdout);
}

static void bench_gemm(size_t m, size_t n, size_t k, enum num_trans tb)
{
	char shape[64];
	struct job j = { .m = m, .n = n, .k = k, .tb = tb, .A = floats(m * k), .B = floats(n * k), .C = floats(m * n), .D = floats(m * n) };
	snprintf(shape, sizeof shape, "%zux%zux%zu", m, n, k);
	row(tb == NUM_T ? "gemm-nt" : "gemm", shape, 2.0 * (double)m * (double)n * (double)k, "GFLOP/s", run_gemm, blas.sgemm ? blas_gemm : NULL, &j);
	mem_free(j.A); mem_free(j.B); mem_free(j.C); mem_free(j.D);
}

static void bench_gemm_ta(size_t m, size_t n, size_t k)
{
	char shape[64];
	struct job j = { .m = m, .n = n, .k = k, .A = floats(m * k), .B = floats(n * k), .C = floats(m * n), .D = floats(m * n) };
	snprintf(shape, sizeof shape, "%zux%zux%zu", m, n, k);
	row("gemm-tn", shape, 2.0 * (double)m * (double)n * (double)k, "GFLOP/s", run_gemm_ta, blas.sgemm ? blas_gemm_ta : NULL, &j);
	mem_free(j.A); mem_free(j.B); mem_free(j.C); mem_free(j.D);
}

static void bench_syrk(size_t d, size_t nnz)
{
	enum { TABLE = 20000 };
	char shape[64];
	struct pcg32 r = { 5, 7 };
	struct job j = { .n = d, .k = nnz, .A = floats(TABLE * d), .B = floats(nnz * d), .C = floats(d * d), .D = floats(d * d), .w = floats(nnz),
			 .scratch = floats(num_syrk_scratch(d)), .row = mem_new(nnz, sizeof(uint32_t)) };
	for (size_t i = 0; i < nnz; i++)
		j.row[i] = pcg32_bounded(&r, TABLE);
	snprintf(shape, sizeof shape, "d=%zu nnz=%zu", d, nnz);
	row("syrk_rows", shape, (double)nnz * (double)d * (double)(d + 1), "GFLOP/s", run_syrk, blas.ssyrk ? blas_syrk : NULL, &j);
	mem_free(j.A); mem_free(j.B); mem_free(j.C); mem_free(j.D); mem_free(j.w); mem_free(j.scratch); mem_free(j.row);
}

static void bench_gram(size_t n, size_t d)
{
	char shape[64];
	struct job j = { .n = d, .k = n, .A = floats(n * d), .C = floats(d * d), .D = floats(d * d) };
	snprintf(shape, sizeof shape, "d=%zu rows=%zu", d, n);
	row("gram", shape, (double)n * (double)d * (double)(d + 1), "GFLOP/s", run_gram, blas.ssyrk ? blas_gram : NULL, &j);
	mem_free(j.A); mem_free(j.C); mem_free(j.D);
}

static void bench_chol(size_t d)
{
	char shape[64];
	double dd = (double)d;
	struct job j = { .n = d, .A = floats(d * d), .B = floats(d), .C = floats(d * d), .D = floats(d * d), .w = floats(d) };
	float *Z = floats(d * 2 * d);
	num_gemm_ref(j.A, d, Z, 2 * d, NUM_N, Z, 2 * d, NUM_T, d, d, 2 * d, false);
	for (size_t i = 0; i < d; i++)
		j.A[i * d + i] += 1;
	snprintf(shape, sizeof shape, "d=%zu", d);
	row("chol", shape, dd * dd * dd / 3, "GFLOP/s", run_chol, blas.spotrf ? blas_chol : NULL, &j);
	row("chol_solve", shape, 2 * dd * dd, "GFLOP/s", run_solve, blas.spotrs ? blas_solve : NULL, &j);
	mem_free(j.A); mem_free(j.B); mem_free(j.C); mem_free(j.D); mem_free(j.w); mem_free(Z);
}

/*
 * Large factors and inverses take a second a call: the median of three, ours and theirs in turn, on one thread by its CPU time, on all by the wall
 * (which does count what other processes take). OpenBLAS runs spotrf, and spotrf + spotri: the same work.
 */
static double wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double spd_seconds(bool is_ours, bool is_inverse, struct job *j, struct par *pool, double (*clock_of)(void))
{
	int n = (int)j->n, lda = (int)j->k, info = 0;
	float *A = is_ours ? j->C : j->D;
	memcpy(A, j->A, j->n * j->k * sizeof(float));
	double start = clock_of();
	if (is_ours) {
		if ((is_inverse ? num_spd_inverse : num_spd_chol)(A, j->k, j->n, NULL, NULL, pool, NULL))
			abort();
	} else {
		blas.spotrf("U", &n, A, &lda, &info);
		if (is_inverse)
			blas.spotri("U", &n, A, &lda, &info);
	}
	return clock_of() - start;
}

static void spd_row(const char *kernel, bool is_inverse, struct job *j, struct par *pool)
{
	bool has_blas = blas.spotrf && blas.spotri && (!pool || blas.threads);
	double n = (double)j->n, work = n * n * n / (is_inverse ? 1 : 3) / 1e9, s[2][3];
	char shape[64];
	if (pool && blas.threads)
		blas.threads(par_threads(pool));
	for (int r = -1; r < 3; r++)		/* the first fetches pages and wakes threads */
		for (int who = 0; who < 1 + has_blas; who++)
			s[who][r < 0 ? 0 : r] = spd_seconds(!who, is_inverse, j, pool, pool ? wall : now);
	if (blas.threads)
		blas.threads(1);
	for (int who = 0; who < 1 + has_blas; who++)
		qsort(s[who], 3, sizeof **s, by_value);
	snprintf(shape, sizeof shape, "n=%zu threads=%d", j->n, par_threads(pool));
	printf("%s\t%s\t%.1f\tGFLOP/s\t-", kernel, shape, work / s[0][1]);
	if (has_blas)
		printf("\t%.1f\t%.2f\n", work / s[1][1], s[1][1] / s[0][1]);
	else
		printf("\t-\t-\n");
	fflush(stdout);
}

static void bench_spd(size_t n, struct par *pool)
{
	size_t lda = n + 16;		/* theirs dislikes rows a power of two apart, as anybody's does */
	struct job j = { .n = n, .k = lda, .A = floats(n * lda), .C = floats(n * lda), .D = floats(n * lda) };
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < i; c++)
			j.A[c * lda + i] = j.A[i * lda + c];
	for (size_t i = 0; i < n; i++)
		j.A[i * lda + i] = 1 + (float)n / 4;
	spd_row("spd_chol", false, &j, NULL);
	spd_row("spd_inverse", true, &j, NULL);
	spd_row("spd_chol", false, &j, pool);
	spd_row("spd_inverse", true, &j, pool);
	mem_free(j.A); mem_free(j.C); mem_free(j.D);
}

static void bench_dots(size_t n, size_t d)
{
	char shape[64];
	struct job j = { .n = n, .k = d, .A = floats(d), .B = floats(n * d), .C = floats(n), .D = floats(n) };
	snprintf(shape, sizeof shape, "n=%zu d=%zu", n, d);
	row("dots", shape, (double)n * (double)d * 4, "GB/s", run_dots, blas.sgemv ? blas_dots : NULL, &j);
	mem_free(j.A); mem_free(j.B); mem_free(j.C); mem_free(j.D);
}

static void load_blas(void)
{
	setenv("OPENBLAS_CORETYPE", cpu_path() == CPU_AVX512 ? "SkylakeX" : "Haswell", 1);
	unsetenv("OPENBLAS_L2_SIZE");
	void *so = dlopen("libopenblas.so.0", RTLD_NOW);
	if (!so) {
		printf("# openblas: not installed (libopenblas.so.0), its columns are left out\n");
		return;
	}
	char *(*core)(void);
	*(void **)&blas.threads = dlsym(so, "openblas_set_num_threads");
	*(void **)&core = dlsym(so, "openblas_get_corename");
	*(void **)&blas.sgemm = dlsym(so, "cblas_sgemm");
	*(void **)&blas.ssyrk = dlsym(so, "cblas_ssyrk");
	*(void **)&blas.sgemv = dlsym(so, "cblas_sgemv");
	*(void **)&blas.spotrf = dlsym(so, "spotrf_");
	*(void **)&blas.spotri = dlsym(so, "spotri_");
	*(void **)&blas.spotrs = dlsym(so, "spotrs_");
	if (blas.threads)
		blas.threads(1);
	printf("# openblas: kernels for %s, one thread\n", core ? core() : "?");
}

int main(int argc, char **argv)
{
	struct err e = {0};
	if (cpu_require(&e) < 0 || cpu_select(argc > 1 ? argv[1] : "auto", &e) < 0) {
		fprintf(stderr, "b-num: %s\n", e.msg);
		return 2;
	}
	static const char *const name[] = { "plain", "avx2", "avx512" };
#if defined(__x86_64__)
	peak_fma = cpu_path() == CPU_AVX512 ? peak_avx512 : peak_avx2;	/* the plain path is compiled for AVX2, too */
#endif
	struct job none = {0};
	size_t n = 1;
	printf("# path %s, peak %.1f GFLOP/s in registers\n", name[cpu_path()], PEAK_FLOPS / seconds_per_call(peak_fma, &none, &n) / 1e9);
	load_blas();
	printf("kernel\tshape\trate\tunit\tshare_of_peak\topenblas\tratio\n");
	bench_gemm(1536, 1024, 512, NUM_N);
	bench_gemm(25608, 64, 256, NUM_N);
	bench_gemm(25608, 256, 64, NUM_N);
	bench_gemm(25608, 192, 64, NUM_N);
	bench_gemm(1200, 64, 64, NUM_N);
	bench_gemm_ta(256, 64, 25608);
	bench_gemm(64, 16384, 64, NUM_T);
	bench_gemm(64, 16384, 128, NUM_T);
	static const size_t nnz[] = { 8, 32, 128, 1024 };
	for (size_t d = 64; d <= 128; d += 64)
		for (int i = 0; i < 4; i++)
			bench_syrk(d, nnz[i]);
	bench_gram(100000, 64);
	bench_chol(64);
	bench_chol(128);
	struct par *pool = par_new(0, &e);
	if (!pool) {
		fprintf(stderr, "b-num: %s\n", e.msg);
		return 3;
	}
	bench_spd(2000, pool);
	bench_spd(4000, pool);
	par_free(pool);
	bench_dots(1000000, 64);
	bench_dots(500000, 128);
	bench_dots(2000, 64);
	return 0;
}
