/*
 * fault - a shared object for LD_PRELOAD that makes the n-th call of one kind fail in an unchanged program.
 *
 *   TASTE_FAULT=KIND:N		the N-th call, from 1; KIND:N+ that one and all behind it. Kinds are in fault.h. Unset: no call fails.
 *   TASTE_FAULT_COUNTS=FILE	struct fault_counts, kept up to date in this file, however the program ends. The file must be there and as long as that.
 *   TASTE_FAULT_LEAKS=1	in a build with LeakSanitizer: look for leaks at _exit, too, which is how programs end after an error; found ones make the status 23
 *
 * Counted are a program's own calls and those of its libraries through their symbols, from the time on when this object is set up. Calls that libc makes to itself are not
 * seen, so what stdio reads and writes is not counted (programs write messages, --help and --list by it, nothing else); its allocations are, libc takes care that malloc can be replaced.
 * No fsync is real, so that sweeps are quick.
 *
 * With AddressSanitizer: this object stands before the sanitizer's in the order of symbols, and dlsym(RTLD_NEXT) finds the sanitizer's calls, which do the work and the checking; a
 * failing malloc never reaches it. ASAN_OPTIONS=verify_asan_link_order=0 makes it accept not to be the first. The sanitizer's own calls do not go through symbols.
 * dlsym may allocate before malloc is known; that comes from a small pool that is never given back.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

static struct fault_counts own, *count = &own;
static enum fault_kind kind = FAULT_N_KINDS;
static unsigned long first;
static bool is_always, is_on;
static __thread bool is_begun __attribute__((tls_model("initial-exec")));	/* this thread does the program's work */

__attribute__((constructor)) static void set_up(void)
{
	const char *s = getenv("TASTE_FAULT"), *path = getenv("TASTE_FAULT_COUNTS");

	if (path) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
		long at = fd < 0 ? -1 : syscall(SYS_mmap, NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (fd >= 0)
			syscall(SYS_close, fd);
		if (at > 0 || at < -4095)
			count = (struct fault_counts *)at;
	}
	for (int k = 0; s && k < FAULT_N_KINDS; k++) {
		size_t n = strlen(fault_kind[k].name);
		if (!strncmp(s, fault_kind[k].name, n) && s[n] == ':') {
			char *end;
			first = strtoul(s + n + 1, &end, 10);
			is_always = *end == '+';
			kind = (enum fault_kind)k;
		}
	}
	is_on = is_begun = true;
}

/* at_fault - count a call; should it fail, and how often one has before it? */
static bool at_fault_n(enum fault_family family, unsigned long *before)
{
	if (!is_on || !is_begun)
		return false;
	unsigned long n = atomic_fetch_add_explicit(&count->call[family], 1, memory_order_relaxed) + 1;
	if (kind == FAULT_N_KINDS || fault_kind[kind].family != family || n < first || (n > first && !is_always))
		return false;
	*before = n - first;
	atomic_fetch_add_explicit(&count->made, 1, memory_order_relaxed);
	return true;
}

static bool at_fault(enum fault_family family)
{
	unsigned long before;

	return at_fault_n(family, &before);
}

/* fails - the same, with errno set. */
static bool fails(enum fault_family family, int no)
{
	if (!at_fault(family))
		return false;
	errno = no;
	return true;
}

/* NEXT - a static pointer to what the call would have reached. */
#define NEXT(type, name, args) \
	static type (*next) args; \
	if (!next) \
		*(void **)(void *)&next = dlsym(RTLD_NEXT, name)

/* ---- memory ---- */

static _Alignas(64) char pool[16384];
static size_t pool_used;
static __thread volatile bool is_looking __attribute__((tls_model("initial-exec")));	/* inside dlsym, which is declared not to come back here, but does */

static bool is_pooled(const void *p) { return (const char *)p >= pool && (const char *)p < pool + sizeof pool; }

static void *from_pool(size_t n)
{
	size_t at = (pool_used + 63) / 64 * 64;

	if (n > sizeof pool - at)
		return NULL;
	pool_used = at + n;
	return pool + at;
}

/* MEMORY_NEXT - as NEXT, where dlsym itself may come back here. */
#define MEMORY_NEXT(type, name, args) \
	static type (*next) args; \
	if (!next && !is_looking) { \
		is_looking = true; \
		*(void **)(void *)&next = dlsym(RTLD_NEXT, name); \
		is_looking = false; \
	}

void *malloc(size_t n)
{
	MEMORY_NEXT(void *, "malloc", (size_t));
	return !next ? from_pool(n) : fails(FAULT_ALLOC, ENOMEM) ? NULL : next(n);
}

void *calloc(size_t n, size_t size)
{
	MEMORY_NEXT(void *, "calloc", (size_t, size_t));
	return !next ? from_pool(n * size) : fails(FAULT_ALLOC, ENOMEM) ? NULL : next(n, size);
}

void *realloc(void *p, size_t n)
{
	MEMORY_NEXT(void *, "realloc", (void *, size_t));
	if (!next || is_pooled(p)) {
		void *q = !next ? from_pool(n) : malloc(n);
		size_t room = p ? (size_t)(pool + sizeof pool - (char *)p) : 0;
		return q && p ? memcpy(q, p, n < room ? n : room) : q;
	}
	return fails(FAULT_ALLOC, ENOMEM) ? NULL : next(p, n);
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, bytes);
}

void free(void *p)
{
	MEMORY_NEXT(void, "free", (void *));
	if (next && !is_pooled(p))
		next(p);
}

void *aligned_alloc(size_t align, size_t n)
{
	MEMORY_NEXT(void *, "aligned_alloc", (size_t, size_t));
	return fails(FAULT_ALLOC, ENOMEM) ? NULL : next(align, n);
}

void *memalign(size_t align, size_t n)
{
	MEMORY_NEXT(void *, "memalign", (size_t, size_t));
	return fails(FAULT_ALLOC, ENOMEM) ? NULL : next(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
	MEMORY_NEXT(int, "posix_memalign", (void **, size_t, size_t));
	return fails(FAULT_ALLOC, ENOMEM) ? ENOMEM : next(p, align, n);
}

char *strndup(const char *s, size_t most)
{
	size_t n = strnlen(s, most);
	char *p = malloc(n + 1);

	if (p) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

char *strdup(const char *s) { return strndup(s, SIZE_MAX); }

/* ---- bytes ---- */

/* cut - what a read or write of n bytes is to be: n, 1, or -1 with errno set. */
static ssize_t cut(enum fault_family family, size_t n)
{
	unsigned long before;

	if (!at_fault_n(family, &before))
		return (ssize_t)n;
	switch (kind) {
	case FAULT_KIND_SHORT_READ: case FAULT_KIND_SHORT_WRITE:
		return n ? 1 : 0;
	case FAULT_KIND_EINTR_READ: case FAULT_KIND_EINTR_WRITE:
		errno = EINTR;
		return before % 2 ? (ssize_t)n : -1;
	case FAULT_KIND_FULL:
		errno = ENOSPC;
		return -1;
	default:
		errno = EIO;
		return -1;
	}
}

ssize_t read(int fd, void *p, size_t n)
{
	NEXT(ssize_t, "read", (int, void *, size_t));
	ssize_t k = cut(FAULT_READ, n);
	return k < 0 ? k : next(fd, p, (size_t)k);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	NEXT(ssize_t, "pread", (int, void *, size_t, off_t));
	ssize_t k = cut(FAULT_READ, n);
	return k < 0 ? k : next(fd, p, (size_t)k, at);
}

ssize_t pread64(int fd, void *p, size_t n, off_t at) { return pread(fd, p, n, at); }

ssize_t readv(int fd, const struct iovec *v, int n_v)
{
	NEXT(ssize_t, "readv", (int, const struct iovec *, int));
	ssize_t k = cut(FAULT_READ, (size_t)n_v);
	return k < 0 ? k : next(fd, v, (int)k);
}

ssize_t write(int fd, const void *p, size_t n)
{
	NEXT(ssize_t, "write", (int, const void *, size_t));
	ssize_t k = fd == STDERR_FILENO ? (ssize_t)n : cut(FAULT_WRITE, n);
	return k < 0 ? k : next(fd, p, (size_t)k);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	NEXT(ssize_t, "pwrite", (int, const void *, size_t, off_t));
	ssize_t k = cut(FAULT_WRITE, n);
	return k < 0 ? k : next(fd, p, (size_t)k, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at) { return pwrite(fd, p, n, at); }

ssize_t writev(int fd, const struct iovec *v, int n_v)
{
	NEXT(ssize_t, "writev", (int, const struct iovec *, int));
	ssize_t k = fd == STDERR_FILENO ? n_v : cut(FAULT_WRITE, (size_t)n_v);
	return k < 0 ? k : next(fd, v, (int)k);
}

/* ---- files ---- */

/* open_at - mode counts only where flags ask for one. */
static int open_at(int dir, const char *path, int flags, mode_t mode)
{
	NEXT(int, "openat", (int, const char *, int, ...));
	return fails(FAULT_OPEN, EMFILE) ? -1 : next(dir, path, flags, mode);
}

#define MODE_OF(last) __extension__ ({ va_list ap; va_start(ap, last); mode_t m_ = (last) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(ap, mode_t) : 0; va_end(ap); m_; })
int open(const char *path, int flags, ...) { return open_at(AT_FDCWD, path, flags, MODE_OF(flags)); }
int open64(const char *path, int flags, ...) { return open_at(AT_FDCWD, path, flags, MODE_OF(flags)); }
int openat(int dir, const char *path, int flags, ...) { return open_at(dir, path, flags, MODE_OF(flags)); }
int openat64(int dir, const char *path, int flags, ...) { return open_at(dir, path, flags, MODE_OF(flags)); }

int mkostemp(char *template, int flags)
{
	NEXT(int, "mkostemp", (char *, int));
	return fails(FAULT_OPEN, EMFILE) ? -1 : next(template, flags);
}

int close(int fd)
{
	NEXT(int, "close", (int));
	int r = next(fd);
	return fails(FAULT_CLOSE, EIO) ? -1 : r;
}

int fsync(int fd) { return fcntl(fd, F_GETFD) < 0 || fails(FAULT_SYNC, EIO) ? -1 : 0; }
int fdatasync(int fd) { return fsync(fd); }

int rename(const char *from, const char *to)
{
	NEXT(int, "rename", (const char *, const char *));
	return fails(FAULT_RENAME, EIO) ? -1 : next(from, to);
}

int unlink(const char *path)
{
	NEXT(int, "unlink", (const char *));
	return fails(FAULT_UNLINK, EIO) ? -1 : next(path);
}

int link(const char *from, const char *to)
{
	NEXT(int, "link", (const char *, const char *));
	return fails(FAULT_UNLINK, EIO) ? -1 : next(from, to);
}

int ftruncate(int fd, off_t n)
{
	NEXT(int, "ftruncate", (int, off_t));
	return fails(FAULT_TRUNCATE, ENOSPC) ? -1 : next(fd, n);
}

int ftruncate64(int fd, off_t n) { return ftruncate(fd, n); }

int fallocate(int fd, int mode, off_t at, off_t n)
{
	NEXT(int, "fallocate", (int, int, off_t, off_t));
	return fails(FAULT_TRUNCATE, ENOSPC) ? -1 : next(fd, mode, at, n);
}

off_t lseek(int fd, off_t at, int from)
{
	NEXT(off_t, "lseek", (int, off_t, int));
	return fails(FAULT_SEEK, EIO) ? -1 : next(fd, at, from);
}

off_t lseek64(int fd, off_t at, int from) { return lseek(fd, at, from); }

int stat(const char *restrict path, struct stat *restrict st)
{
	NEXT(int, "stat", (const char *, struct stat *));
	return fails(FAULT_STAT, EIO) ? -1 : next(path, st);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
	NEXT(int, "lstat", (const char *, struct stat *));
	return fails(FAULT_STAT, EIO) ? -1 : next(path, st);
}

int fstat(int fd, struct stat *st)
{
	NEXT(int, "fstat", (int, struct stat *));
	return fails(FAULT_STAT, EIO) ? -1 : next(fd, st);
}

int stat64(const char *restrict path, struct stat64 *restrict st) { return stat(path, (struct stat *)(void *)st); }
int lstat64(const char *restrict path, struct stat64 *restrict st) { return lstat(path, (struct stat *)(void *)st); }
int fstat64(int fd, struct stat64 *st) { return fstat(fd, (struct stat *)(void *)st); }

int access(const char *path, int mode)
{
	NEXT(int, "access", (const char *, int));
	return fails(FAULT_STAT, EIO) ? -1 : next(path, mode);
}

char *realpath(const char *restrict path, char *restrict out)
{
	NEXT(char *, "realpath", (const char *, char *));
	return fails(FAULT_STAT, EIO) ? NULL : next(path, out);
}

int flock(int fd, int how)
{
	NEXT(int, "flock", (int, int));
	return fails(FAULT_LOCK, ENOLCK) ? -1 : next(fd, how);
}

int poll(struct pollfd *p, nfds_t n, int ms)
{
	NEXT(int, "poll", (struct pollfd *, nfds_t, int));
	return fails(FAULT_POLL, ENOMEM) ? -1 : next(p, n, ms);
}

/* ---- mappings, threads, clocks ---- */

void *mmap(void *p, size_t n, int prot, int flags, int fd, off_t at)
{
	NEXT(void *, "mmap", (void *, size_t, int, int, int, off_t));
	return fails(FAULT_MMAP, ENOMEM) ? MAP_FAILED : next(p, n, prot, flags, fd, at);
}

void *mmap64(void *p, size_t n, int prot, int flags, int fd, off_t at) { return mmap(p, n, prot, flags, fd, at); }

int munmap(void *p, size_t n)
{
	NEXT(int, "munmap", (void *, size_t));
	return fails(FAULT_MUNMAP, ENOMEM) ? -1 : next(p, n);
}

int madvise(void *p, size_t n, int how)
{
	NEXT(int, "madvise", (void *, size_t, int));
	return fails(FAULT_MADVISE, ENOMEM) ? -1 : next(p, n, how);
}

/* What threads are to do; more are never on their way at a time. */
static struct { void *(*fn)(void *); void *arg; } start[256];
static _Atomic unsigned n_started;

static void *begin(void *p)
{
	size_t i = (size_t)p;

	is_begun = true;	/* before it a sanitizer sets itself up */
	return start[i].fn(start[i].arg);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr, void *(*fn)(void *), void *restrict arg)
{
	NEXT(int, "pthread_create", (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *));
	if (at_fault(FAULT_THREAD))
		return EAGAIN;
	size_t i = atomic_fetch_add(&n_started, 1) % (sizeof start / sizeof *start);
	start[i].fn = fn;
	start[i].arg = arg;
	return next(thread, attr, begin, (void *)i);
}

/* shift - seconds by which this look at a clock is wrong. */
static time_t shift(void)
{
	unsigned long before;

	return !at_fault_n(FAULT_CLOCK, &before) ? 0 : before % 2 ? 3600 : -3600;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	NEXT(int, "clock_gettime", (clockid_t, struct timespec *));
	int r = next(id, t);
	t->tv_sec += shift();
	return r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	NEXT(int, "gettimeofday", (struct timeval *, void *));
	int r = next(t, zone);
	t->tv_sec += shift();
	return r;
}

time_t time(time_t *out)
{
	struct timespec t;

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
	t.tv_sec += shift();
	return out ? *out = t.tv_sec : t.tv_sec;
}

/* ---- the end ---- */

void _exit(int status)
{
	int (*look)(void) = NULL;

	if (getenv("TASTE_FAULT_LEAKS"))
		*(void **)(void *)&look = dlsym(RTLD_DEFAULT, "__lsan_do_recoverable_leak_check");
	is_on = false;
	if (look && look())
		status = 23;
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}
