/*
 * fault.h - the kinds of failure that tests/fault.c makes, for it and for fault-sweep. A kind is a family of calls and what becomes of one of them. Kinds of one family
 * count the same calls.
 */
#ifndef TASTE_TESTS_FAULT_H
#define TASTE_TESTS_FAULT_H

#include <stdatomic.h>
#include <stddef.h>

/* X(family) */
#define FAULT_FAMILIES(X) X(ALLOC) X(READ) X(WRITE) X(OPEN) X(CLOSE) X(SYNC) X(RENAME) X(UNLINK) X(TRUNCATE) X(SEEK) X(STAT) X(LOCK) X(MMAP) X(MUNMAP) X(MADVISE) X(POLL) X(THREAD) X(CLOCK)

/* X(kind, name, family, must the run end as if nothing had been) */
#define FAULT_KINDS(X) \
	X(MALLOC, "malloc", ALLOC, 0)		/* ENOMEM: malloc, calloc, realloc, aligned_alloc, ..., and libc's own through them */ \
	X(READ, "read", READ, 0)		/* EIO: read, pread, readv */ \
	X(SHORT_READ, "short-read", READ, 1)	/* one byte */ \
	X(EINTR_READ, "eintr-read", READ, 1)	/* EINTR, always: every other time */ \
	X(WRITE, "write", WRITE, 0)		/* EIO: write, pwrite, writev, not to standard error */ \
	X(FULL, "full", WRITE, 0)		/* ENOSPC */ \
	X(SHORT_WRITE, "short-write", WRITE, 1)	/* one byte */ \
	X(EINTR_WRITE, "eintr-write", WRITE, 1)	/* as of reads */ \
	X(OPEN, "open", OPEN, 0)		/* EMFILE: open, openat, mkostemp */ \
	X(CLOSE, "close", CLOSE, 0)		/* EIO; it is closed */ \
	X(SYNC, "fsync", SYNC, 0)		/* EIO: fsync, fdatasync */ \
	X(RENAME, "rename", RENAME, 0)		/* EIO */ \
	X(UNLINK, "unlink", UNLINK, 0)		/* EIO: link, unlink */ \
	X(TRUNCATE, "truncate", TRUNCATE, 0)	/* ENOSPC: ftruncate, fallocate */ \
	X(SEEK, "lseek", SEEK, 0)		/* EIO */ \
	X(STAT, "stat", STAT, 0)		/* EIO: stat, fstat, lstat, access, realpath */ \
	X(LOCK, "flock", LOCK, 0)		/* ENOLCK */ \
	X(MMAP, "mmap", MMAP, 0)		/* ENOMEM */ \
	X(MUNMAP, "munmap", MUNMAP, 1)		/* ENOMEM; it stays mapped */ \
	X(MADVISE, "madvise", MADVISE, 1)	/* ENOMEM */ \
	X(POLL, "poll", POLL, 1)		/* ENOMEM */ \
	X(THREAD, "thread", THREAD, 0)		/* EAGAIN: pthread_create */ \
	X(CLOCK, "clock", CLOCK, 1)		/* an hour earlier, always: and an hour later every other time; clock_gettime, gettimeofday, time */

enum fault_family {
#define FAULT_X(f) FAULT_##f,
	FAULT_FAMILIES(FAULT_X)
#undef FAULT_X
	FAULT_N_FAMILIES
};

enum fault_kind {
#define FAULT_X(k, name, family, survives) FAULT_KIND_##k,
	FAULT_KINDS(FAULT_X)
#undef FAULT_X
	FAULT_N_KINDS
};

static const struct { const char *name; enum fault_family family; int survives; } fault_kind[FAULT_N_KINDS] = {
#define FAULT_X(k, name, family, survives) { name, FAULT_##family, survives },
	FAULT_KINDS(FAULT_X)
#undef FAULT_X
};

/* What stands in the file of TASTE_FAULT_COUNTS. */
struct fault_counts {
	_Atomic unsigned long call[FAULT_N_FAMILIES];
	_Atomic unsigned long made;	/* failures */
};

#endif
