#include <stddef.h>
#include <string.h>

#include "cpu.h"

static enum cpu_path chosen;
static int is_chosen;

#if defined(__x86_64__)
#include <cpuid.h>

static int has(enum cpu_path p)
{
	__builtin_cpu_init();
	switch (p) {
	case CPU_AVX512:
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
	case CPU_AVX2:
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
	default:
		return 1;
	}
}

/* has_rest - of x86-64-v3 what clang 14 has no word for: F16C, MOVBE and LZCNT, which an older CPU takes for another instruction. */
static int has_rest(void)
{
	unsigned a, b, c, d, more;

	return __get_cpuid(1, &a, &b, &c, &d) && c & bit_F16C && c & bit_MOVBE && __get_cpuid(0x80000001, &a, &b, &more, &d) && more & bit_LZCNT;
}

int cpu_require(struct err *e)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
	    __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") && has_rest())
		return 0;
	return err_set(e, ERR_SYS, "this CPU is too old: x86-64-v3 (AVX2, FMA, BMI; 2013 and later) is needed");
}
#else
static int has(enum cpu_path p) { return p == CPU_PLAIN; }
int cpu_require(struct err *e) { (void)e; return 0; }
#endif

int cpu_select(const char *name, struct err *e)
{
	static const char *const names[] = { "plain", "avx2", "avx512" };

	if (!strcmp(name, "auto")) {
		chosen = has(CPU_AVX512) ? CPU_AVX512 : has(CPU_AVX2) ? CPU_AVX2 : CPU_PLAIN;
		is_chosen = 1;
		return 0;
	}
	for (int i = 0; i < 3; i++)
		if (!strcmp(name, names[i])) {
			if (!has((enum cpu_path)i))
				return err_set(e, ERR_SYS, "this CPU cannot run the %s path (it can: %s)", name, cpu_names());
			chosen = (enum cpu_path)i;
			is_chosen = 1;
			return 0;
		}
	return err_set(e, ERR_USAGE, "'%s' is not a CPU path: auto, plain, avx2, avx512", name);
}

enum cpu_path cpu_path(void)
{
	if (!is_chosen)
		cpu_select("auto", NULL);
	return chosen;
}

const char *cpu_names(void)
{
	return has(CPU_AVX512) ? "plain avx2 avx512" : has(CPU_AVX2) ? "plain avx2" : "plain";
}
