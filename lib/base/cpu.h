/*
 * cpu - which instruction sets the kernels of lib/num may use. All paths give the same bits; the
 * choice exists for speed and for the tests that prove it. Set once, before threads start.
 */
#ifndef TASTE_CPU_H
#define TASTE_CPU_H

#include "err.h"

enum cpu_path { CPU_PLAIN, CPU_AVX2, CPU_AVX512 };

/* cpu_require - fill *e with a sentence (ERR_SYS) when this machine lacks what the build needs (x86-64-v3). */
int cpu_require(struct err *e);
/* cpu_select - "auto" (best there is), "plain", "avx2", "avx512". ERR_USAGE for an unknown name, ERR_SYS for a path this machine lacks. */
int cpu_select(const char *name, struct err *e);
enum cpu_path cpu_path(void);		/* the one in force; "auto" until selected */
const char *cpu_names(void);		/* paths this machine can run: "plain avx2 avx512" */

#endif
