/*
 * mem-path - bytes of a test under a name that the readers of lib/data can open, once as a file that is mapped and once as standard input through a pipe; what a writer
 * wrote; and streams made block by block, so that their checksums are right whatever the payloads say.
 */
#ifndef TASTE_TEST_MEM_PATH_H
#define TASTE_TEST_MEM_PATH_H

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/io/block.h"

#define MEM_UNUSED __attribute__((unused))
enum mem_way { MEM_MAPPED, MEM_PIPED, MEM_WAYS };	/* piped: at most 1 MiB */

static int mem_fd = -1;

/* mem_path - the n bytes at p as a path, until the next call. */
MEM_UNUSED static const char *mem_path(const void *p, size_t n, enum mem_way way)
{
	static char path[32];
	int end[2], r;
	ssize_t w;

	if (way == MEM_PIPED) {
		r = pipe2(end, O_CLOEXEC);
		assert(!r);
		r = n > 65536 ? fcntl(end[1], F_SETPIPE_SZ, 1 << 20) : 0;
		assert(r >= 0);
		w = n ? write(end[1], p, n) : 0;
		assert(w == (ssize_t)n);
		close(end[1]);
		r = dup2(end[0], STDIN_FILENO);
		assert(!r);
		close(end[0]);
		return "-";
	}
	if (mem_fd >= 0)
		close(mem_fd);
	mem_fd = memfd_create("test", MFD_CLOEXEC);
	assert(mem_fd >= 0);
	w = n ? write(mem_fd, p, n) : 0;
	assert(w == (ssize_t)n);
	(void)w;
	(void)r;
	snprintf(path, sizeof path, "/proc/self/fd/%d", mem_fd);
	return path;
}

static char mem_disk_path[64];

static void mem_disk_end(void) { unlink(mem_disk_path); }

/* mem_disk - the n bytes at p as a file that has a name of its own, until the next call: for those who look where a path leads. */
MEM_UNUSED static const char *mem_disk(const void *p, size_t n)
{
	if (!*mem_disk_path) {
		snprintf(mem_disk_path, sizeof mem_disk_path, "/tmp/taste-test.XXXXXX");
		int fd = mkstemp(mem_disk_path);
		assert(fd >= 0);
		close(fd);
		atexit(mem_disk_end);
	}
	FILE *f = fopen(mem_disk_path, "wb");
	assert(f);
	size_t w = n ? fwrite(p, 1, n, f) : 0;
	assert(w == n);
	(void)w;
	fclose(f);
	return mem_disk_path;
}

/* mem_written - what fill(sink) wrote. */
MEM_UNUSED static struct buf mem_written(void (*fill)(struct sink *s, void *ctx), void *ctx)
{
	struct err e = { 0 };
	struct buf b = { 0 };
	struct sink *s = sink_open_memory("memory", &b);

	fill(s, ctx);
	int r = sink_close(s, &e);
	assert(!r);
	(void)r;
	buf_put(&b, "", 0);
	return b;
}

struct mem_block { enum block_type type; enum block_flags flags; enum block_codec codec; uint64_t records; const void *p; size_t n; };
struct mem_stream { enum block_kind kind; const struct mem_block *block; size_t n_blocks; };

MEM_UNUSED static void mem_fill_blocks(struct sink *s, void *ctx)
{
	const struct mem_stream *m = ctx;
	struct err e = { 0 };
	struct blockw *w = blockw_new(s, m->kind, &e);

	for (size_t i = 0; i < m->n_blocks; i++) {
		const struct mem_block *b = &m->block[i];
		int r = blockw_write(w, b->type, b->flags, b->codec, 1, b->records, b->p, b->n, &e);
		assert(!r);
		(void)r;
	}
	int r = blockw_finish(w, &e);
	assert(!r);
	(void)r;
	blockw_free(w);
}

/* mem_stream - a whole stream of these blocks. */
MEM_UNUSED static struct buf mem_stream(enum block_kind kind, const struct mem_block *block, size_t n_blocks)
{
	struct mem_stream m = { kind, block, n_blocks };

	return mem_written(mem_fill_blocks, &m);
}

#endif
