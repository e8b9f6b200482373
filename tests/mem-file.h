/*
 * mem-file - bytes of a test as an input of lib/io: a mapped regular file, a pipe, or a pipe that gives a few bytes at a time, so that
 * every border between two reads is tried.
 */
#ifndef TASTE_TEST_MEM_FILE_H
#define TASTE_TEST_MEM_FILE_H

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/io/file.h"

enum { AS_FILE = 0, AS_PIPE = -1 };	/* or n > 0: a pipe that gives n bytes to a read, at most 256 times */

/* mem_file - the n bytes at p as a struct file; *fd is the caller's to close behind file_close. */
static struct file *mem_file(const void *p, size_t n, int how, int *fd)
{
	struct err e = { 0 };
	char path[32];

	if (how == AS_FILE) {
		*fd = memfd_create("test", MFD_CLOEXEC);
		assert(*fd >= 0);
		ssize_t w = n ? write(*fd, p, n) : 0;
		assert(w == (ssize_t)n);
		(void)w;
	} else {
		int end[2];
		int r = pipe2(end, O_CLOEXEC | (how > 0 ? O_DIRECT : 0));
		assert(!r);
		r = fcntl(end[1], F_SETPIPE_SZ, 1 << 20);
		assert(r >= 0 || n <= 65536);
		assert(how > 0 ? n / (size_t)how < 256 : n <= 1 << 20);	/* more would block */
		size_t step = how > 0 ? (size_t)how : n;
		for (size_t at = 0; at < n; at += step) {
			ssize_t w = write(end[1], (const char *)p + at, n - at < step ? n - at : step);
			assert(w > 0);
			(void)w;
		}
		*fd = end[0];
		snprintf(path, sizeof path, "/dev/fd/%d", *fd);
		struct file *f = file_open(path, &e);
		close(end[1]);
		assert(f);
		return f;
	}
	snprintf(path, sizeof path, "/dev/fd/%d", *fd);
	struct file *f = file_open(path, &e);
	assert(f);
	return f;
}

#endif
