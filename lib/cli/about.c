#include <stdio.h>
#include <string.h>
#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include <csv.h>
#include <utf8proc.h>
#include <xxhash.h>
#include <zlib.h>

#include "version.h"
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_SQLITE3
#include <sqlite3.h>
#endif
#ifdef HAVE_SODIUM
#include <sodium.h>
#endif

#include "about.h"
#include "../base/cpu.h"
#include "../base/par.h"

/* Asked for only where something else of the program uses the library: a weak name does not link it. */
#pragma weak csv_init
#pragma weak utf8proc_version
#pragma weak ZSTD_versionString
#pragma weak sqlite3_libversion
#pragma weak sodium_init
#pragma weak sodium_version_string

/* put_library - a library as it is at run time, and as it was when the program was built when that is another. */
static void put_library(struct buf *b, const char *name, const char *now, const char *built)
{
	buf_printf(b, ", %s %s", name, now);
	if (strcmp(now, built))
		buf_printf(b, " (built with %s)", built);
}

static void put_libraries(struct buf *b)
{
	unsigned x = XXH_versionNumber();
	char now[32], built[32];

	snprintf(now, sizeof now, "%u.%u.%u", x / 10000, x / 100 % 100, x % 100);
	snprintf(built, sizeof built, "%d.%d.%d", XXH_VERSION_MAJOR, XXH_VERSION_MINOR, XXH_VERSION_RELEASE);
	buf_printf(b, "libraries: glibc %s", gnu_get_libc_version());
	put_library(b, "zlib", zlibVersion(), ZLIB_VERSION);
	put_library(b, "xxhash", now, built);
	snprintf(built, sizeof built, "%d.%d.%d", CSV_MAJOR, CSV_MINOR, CSV_RELEASE);
	if (csv_init)				/* it does not say its version */
		put_library(b, "libcsv", built, built);
	snprintf(built, sizeof built, "%d.%d.%d", UTF8PROC_VERSION_MAJOR, UTF8PROC_VERSION_MINOR, UTF8PROC_VERSION_PATCH);
	if (utf8proc_version)
		put_library(b, "utf8proc", utf8proc_version(), built);
#ifdef HAVE_ZSTD
	if (ZSTD_versionString)
		put_library(b, "zstd", ZSTD_versionString(), ZSTD_VERSION_STRING);
#endif
#ifdef HAVE_SQLITE3
	if (sqlite3_libversion)
		put_library(b, "sqlite3", sqlite3_libversion(), SQLITE_VERSION);
#endif
#ifdef HAVE_SODIUM
	if (sodium_init)
		put_library(b, "libsodium", sodium_version_string ? sodium_version_string() : SODIUM_VERSION_STRING, SODIUM_VERSION_STRING);
#endif
	buf_putc(b, '\n');
}

void about_put(struct buf *b, const char *program, int threads)
{
	static const char *const path[] = { [CPU_PLAIN] = "plain", [CPU_AVX2] = "avx2", [CPU_AVX512] = "avx512" };
	struct utsname u;

	buf_printf(b, "%s (taste) %s\nCopyright 2026 the authors of taste. Licence: Apache-2.0. There is no warranty.\n", program, TASTE_VERSION);
	buf_puts(b, "features:"
#ifdef HAVE_ZSTD
		 " zstd"
#endif
#ifdef HAVE_SQLITE3
		 " sqlite3"
#endif
#ifdef HAVE_SODIUM
		 " sodium"
#endif
#ifdef TASTE_STATIC
		 " static"
#endif
		);
	buf_printf(b, "\ncompiler: %s %s\nflags: %s\ncpu paths: %s\ncpu path: %s\nthreads: %d\n",
#ifdef __clang__
		   "clang", __clang_version__,
#else
		   "gcc", __VERSION__,
#endif
		   TASTE_FLAGS, cpu_names(), path[cpu_path()], threads ? threads : par_cpus());
	put_libraries(b);
	if (!uname(&u))
		buf_printf(b, "system: %s %s %s\n", u.sysname, u.release, u.machine);
}
