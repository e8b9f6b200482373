#define XXH_INLINE_ALL
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>
#include <zlib.h>
#include "version.h"
#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

#include "file.h"
#include "../base/mem.h"

enum { BUF_BYTES = 256 << 10, PEEK_MAX = 64 << 10, PASS_BYTES = 8 << 20 };

/*
 * Bytes go: fd -> raw (compressed, only for gzip and zstd) -> buf -> the caller. What was peeked at stays in buf[at, fill).
 */
struct file {
	char *name;
	int fd;				/* -1: memory */
	unsigned char *buf;		/* [BUF_BYTES] */
	size_t at, fill;
	bool is_eof;			/* nothing more will come into buf */
	uint64_t offset, consumed, size;
	struct err err;			/* the first error sticks */
	bool is_sniffed;
	/* packed */
	bool is_gzip, is_zstd, is_between;	/* between: a member has ended and the next not begun */
	z_stream z;
#ifdef HAVE_ZSTD
	ZSTD_DCtx *zstd;
#endif
	unsigned char *raw;
	size_t raw_at, raw_fill;
	bool is_raw_eof;
	/* mapping */
	const unsigned char *map;
	size_t map_n;
	bool is_borrowed;		/* the map is the caller's */
	bool is_stream;			/* what is read is gone: a pipe, a terminal */
	struct file *next;		/* of the unopened */
	size_t passed;			/* bytes of it that were let go */
	XXH3_state_t *digest;
	void (*on_wait)(void *ctx);
	void *on_wait_ctx;
};

static struct file *unopened;		/* streams that were peeked at and given back */

static int fail(struct file *f, struct err *e)
{
	return err_set(e, f->err.code, "%s", f->err.msg);
}

/* open_again - a stream that was given back. */
static struct file *open_again(const char *path, bool is_stdin)
{
	for (struct file **p = &unopened; *p; p = &(*p)->next)
		if (is_stdin ? (*p)->fd == STDIN_FILENO : (*p)->fd != STDIN_FILENO && !strcmp((*p)->name, path)) {
			struct file *f = *p;
			*p = f->next;
			return f;
		}
	return NULL;
}

struct file *file_open(const char *path, struct err *e)
{
	bool is_stdin = !strcmp(path, "-");
	struct file *again = open_again(path, is_stdin);
	struct stat st;

	if (again)
		return again;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_sys(e, errno, "%s", path);
		return NULL;
	}
	if (fstat(fd, &st) || S_ISDIR(st.st_mode)) {
		int no = S_ISDIR(st.st_mode) ? EISDIR : errno;
		if (!is_stdin)
			close(fd);
		err_sys(e, no, "%s", file_shown(path));
		return NULL;
	}
	struct file *f = mem_new(1, sizeof *f);
	f->name = mem_strdup(file_shown(path));
	f->fd = fd;
	f->size = S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
	f->is_stream = is_stdin || !S_ISREG(st.st_mode);
	f->buf = mem_new(BUF_BYTES, 1);
	return f;
}

struct file *file_open_memory(const char *name, const void *p, size_t n)
{
	struct file *f = mem_new(1, sizeof *f);

	f->name = mem_strdup(name);
	f->fd = -1;
	f->buf = mem_new(BUF_BYTES, 1);
	f->map = p;
	f->map_n = n;
	f->is_borrowed = true;
	f->size = n;
	return f;
}

void file_close(struct file *f)
{
	if (!f)
		return;
	if (f->is_gzip)
		inflateEnd(&f->z);
#ifdef HAVE_ZSTD
	ZSTD_freeDCtx(f->zstd);
#endif
	if (f->map && !f->is_borrowed)
		munmap((void *)(uintptr_t)f->map, f->map_n);
	if (f->fd > STDIN_FILENO)
		close(f->fd);
	if (f->digest)
		XXH3_freeState(f->digest);
	mem_free(f->raw);
	mem_free(f->buf);
	mem_free(f->name);
	mem_free(f);
}

void file_unopen(struct file *f)
{
	assert(!f->offset && (!f->map || f->is_borrowed));
	if (f->is_stream) {
		f->next = unopened;
		unopened = f;
	} else {
		file_close(f);
	}
}

void file_on_wait(struct file *f, void (*fn)(void *ctx), void *ctx)
{
	f->on_wait = fn;
	f->on_wait_ctx = ctx;
}

const char *file_shown(const char *path) { return strcmp(path, "-") ? path : "(standard input)"; }
const char *file_name(const struct file *f) { return f->name; }
uint64_t file_offset(const struct file *f) { return f->offset; }
uint64_t file_size(const struct file *f) { return f->size; }
bool file_is_packed(const struct file *f) { return f->is_gzip || f->is_zstd; }
uint64_t file_consumed(const struct file *f) { return f->map ? f->map_n : f->consumed; }

/* read_fd - up to n bytes from the descriptor. */
static int64_t read_fd(struct file *f, void *p, size_t n)
{
	struct pollfd ready = { .fd = f->fd, .events = POLLIN };
	ssize_t got;

	if (f->is_borrowed) {
		if (n > f->map_n - f->consumed)
			n = f->map_n - f->consumed;
		if (n)			/* nothing may be at NULL */
			memcpy(p, f->map + f->consumed, n);
		f->consumed += n;
		return (int64_t)n;
	}
	if (f->on_wait && poll(&ready, 1, 0) <= 0)	/* or it cannot be told */
		f->on_wait(f->on_wait_ctx);
	do
		got = read(f->fd, p, n);
	while (got < 0 && (errno == EINTR || (errno == EAGAIN && poll(&ready, 1, -1) >= 0)));	/* EAGAIN: somebody who shares the pipe wants not to be blocked */
	if (got < 0)
		return err_sys(&f->err, errno, "%s", f->name);
	f->consumed += (uint64_t)got;
	return got;
}

/* refill_raw - have something packed in raw, or is_raw_eof. */
static int refill_raw(struct file *f)
{
	if (f->raw_at < f->raw_fill || f->is_raw_eof)
		return 0;
	int64_t got = read_fd(f, f->raw, BUF_BYTES);
	if (got < 0)
		return (int)got;
	f->raw_at = 0;
	f->raw_fill = (size_t)got;
	f->is_raw_eof = !got;
	return 0;
}

/* read_gzip - up to n unpacked bytes; 0 at the end of the last member. */
static int64_t read_gzip(struct file *f, void *p, size_t n)
{
	f->z.next_out = p;
	f->z.avail_out = (uInt)n;
	while (f->z.avail_out == n) {
		if (refill_raw(f))
			return f->err.code;
		size_t left = f->raw_fill - f->raw_at;
		if (f->is_between) {
			if (!left)
				return 0;
			if (!f->raw[f->raw_at]) {	/* zero padding behind a member, as tape archives have */
				f->raw_at++;
				continue;
			}
			if (f->raw[f->raw_at] != 0x1f)
				return err_set(&f->err, ERR_DATA, "%s: there is something other than gzip behind the gzip data", f->name);
			inflateReset(&f->z);
			f->is_between = false;
		}
		if (!left)
			return err_set(&f->err, ERR_DATA, "%s: the gzip data ends early", f->name);
		f->z.next_in = f->raw + f->raw_at;
		f->z.avail_in = (uInt)left;
		int r = inflate(&f->z, Z_NO_FLUSH);
		f->raw_at = f->raw_fill - f->z.avail_in;
		if (r == Z_STREAM_END)
			f->is_between = true;
		else if (r == Z_MEM_ERROR)
			return err_set(&f->err, ERR_MEM, "%s: no memory to unpack gzip", f->name);
		else if (r != Z_OK && r != Z_BUF_ERROR)
			return err_set(&f->err, ERR_DATA, "%s: the gzip data is damaged (%s)", f->name, f->z.msg ? f->z.msg : "zlib says no more");
	}
	return (int64_t)(n - f->z.avail_out);
}

#ifdef HAVE_ZSTD
/* read_zstd - the same. A window of up to 128 MB is taken, as the program zstd does. */
static int64_t read_zstd(struct file *f, void *p, size_t n)
{
	ZSTD_outBuffer out = { p, n, 0 };

	while (!out.pos) {
		if (refill_raw(f))
			return f->err.code;
		ZSTD_inBuffer in = { f->raw, f->raw_fill, f->raw_at };
		if (in.pos == in.size && f->is_between)
			return 0;
		size_t before = in.pos, r = ZSTD_decompressStream(f->zstd, &out, &in);
		if (ZSTD_isError(r) && ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation)
			return err_set(&f->err, ERR_MEM, "%s: no memory to unpack zstd", f->name);
		if (ZSTD_isError(r))
			return err_set(&f->err, ERR_DATA, "%s: the zstd data is damaged (%s)", f->name, ZSTD_getErrorName(r));
		f->raw_at = in.pos;
		f->is_between = !r;
		if (in.pos == before && in.pos == in.size && !out.pos && f->is_raw_eof)
			return err_set(&f->err, ERR_DATA, "%s: the zstd data ends early", f->name);
	}
	return (int64_t)out.pos;
}
#endif

static int64_t read_some(struct file *f, void *p, size_t n)
{
#ifdef HAVE_ZSTD
	if (f->is_zstd)
		return read_zstd(f, p, n);
#endif
	return f->is_gzip ? read_gzip(f, p, n) : read_fd(f, p, n);
}

/* fill_to - have at least n bytes in buf, or all there are. */
static int fill_to(struct file *f, size_t n)
{
	if (f->fill - f->at >= n || f->is_eof)
		return 0;
	memmove(f->buf, f->buf + f->at, f->fill - f->at);
	f->fill -= f->at;
	f->at = 0;
	while (f->fill < n && !f->is_eof) {
		int64_t got = read_some(f, f->buf + f->fill, BUF_BYTES - f->fill);
		if (got < 0)
			return (int)got;
		f->fill += (size_t)got;
		f->is_eof = !got;
	}
	return 0;
}

/* unpack - what was read so far into buf is packed: it is raw, and buf gets what it holds. */
static void unpack(struct file *f)
{
	f->raw = f->buf;
	f->buf = mem_new(BUF_BYTES, 1);
	f->raw_fill = f->fill;
	f->fill = 0;
	f->is_raw_eof = f->is_eof;
	f->is_eof = false;
}

/* sniff - look at the first bytes, once: gzip and zstd are unpacked from here on. */
static int sniff(struct file *f)
{
	f->is_sniffed = true;
	int r = fill_to(f, 4);
	if (r)
		return r;
	if (f->fill >= 2 && !memcmp(f->buf, "\x1f\x8b", 2)) {
		if (inflateInit2(&f->z, 15 + 16) != Z_OK)
			return err_set(&f->err, ERR_MEM, "%s: no memory to unpack gzip", f->name);
		f->is_gzip = true;
		unpack(f);
	}
#ifdef HAVE_ZSTD
	if (f->fill >= 4 && (!memcmp(f->buf, "\x28\xb5\x2f\xfd", 4) || (!memcmp(f->buf + 1, "\x2a\x4d\x18", 3) && (f->buf[0] & 0xf0) == 0x50))) {
		if (!(f->zstd = ZSTD_createDCtx()))
			return err_set(&f->err, ERR_MEM, "%s: no memory to unpack zstd", f->name);
		f->is_zstd = true;
		unpack(f);
	}
#endif
	return 0;
}

int64_t file_peek(struct file *f, size_t n, const unsigned char **p, struct err *e)
{
	assert(n <= PEEK_MAX);
	if (f->err.code || (!f->is_sniffed && sniff(f)) || fill_to(f, n))
		return fail(f, e);
	*p = f->buf + f->at;
	return (int64_t)(f->fill - f->at < n ? f->fill - f->at : n);
}

int64_t file_read(struct file *f, void *p, size_t n, struct err *e)
{
	unsigned char *to = p;
	size_t got = 0;

	if (f->err.code || (!f->is_sniffed && sniff(f)))
		return fail(f, e);
	while (got < n) {
		size_t have = f->fill - f->at;
		if (have) {
			size_t take = have < n - got ? have : n - got;
			memcpy(to + got, f->buf + f->at, take);
			f->at += take;
			got += take;
		} else if (f->is_eof) {
			break;
		} else if (n - got >= BUF_BYTES) {	/* large reads go past the buffer */
			int64_t r = read_some(f, to + got, n - got < 1 << 30 ? n - got : 1 << 30);
			if (r < 0)
				return fail(f, e);
			got += (size_t)r;
			f->is_eof = !r;
		} else if (fill_to(f, 1)) {
			return fail(f, e);
		}
	}
	if (f->digest)
		XXH3_128bits_update(f->digest, p, got);
	f->offset += got;
	return (int64_t)got;
}

int64_t file_read_some(struct file *f, void *p, size_t n, struct err *e)
{
	if (f->err.code || (!f->is_sniffed && sniff(f)))
		return fail(f, e);
	if (f->fill == f->at && !f->is_eof && fill_to(f, 1))
		return fail(f, e);
	size_t have = f->fill - f->at;
	return have ? file_read(f, p, have < n ? have : n, e) : 0;
}

bool file_map(struct file *f, const unsigned char **p, size_t *n)
{
	if (f->is_borrowed && (f->offset || (!f->is_sniffed && sniff(f)) || f->raw))
		return false;
	if (f->map) {
		*p = f->map;
		*n = f->map_n;
		return true;
	}
	if (!f->size || f->offset || f->err.code || (!f->is_sniffed && sniff(f)) || f->raw)
		return false;
	if (lseek(f->fd, 0, SEEK_CUR) != (off_t)f->consumed)	/* somebody else read from it before us */
		return false;
	void *m = mmap(NULL, (size_t)f->size, PROT_READ, MAP_PRIVATE, f->fd, 0);
	if (m == MAP_FAILED)
		return false;
	f->map = m;
	f->map_n = (size_t)f->size;
	*p = f->map;
	*n = f->map_n;
	return true;
}

void file_map_taken(struct file *f)
{
	assert(f->map && f->offset <= f->map_n);
	if (f->digest)
		XXH3_128bits_update(f->digest, f->map + f->offset, f->map_n - f->offset);
	f->offset = f->map_n;
	f->at = f->fill;
	f->is_eof = true;
}

void file_map_pass(struct file *f, size_t n)
{
	if (!f->map || f->is_borrowed || n > f->map_n || n - f->passed < PASS_BYTES)
		return;
	size_t to = n / PASS_BYTES * PASS_BYTES;
	if (!madvise((void *)(uintptr_t)(f->map + f->passed), to - f->passed, MADV_DONTNEED))
		f->passed = to;
}

void file_map_scattered(struct file *f, const void *p, size_t n)
{
	uintptr_t page = 4096, from = ((uintptr_t)p + page - 1) / page * page, to = ((uintptr_t)p + n) / page * page;

	if (f->map && !f->is_borrowed && from < to)
		madvise((void *)from, to - from, MADV_RANDOM);	/* whether it helps or not */
}

void file_digest_on(struct file *f)
{
	if (f->digest)
		return;
	f->digest = XXH3_createState();
	if (!f->digest)
		mem_oom(sizeof *f->digest);
	XXH3_128bits_reset(f->digest);
}

void file_digest(const struct file *f, char out[33])
{
	XXH128_hash_t h = { 0, 0 };

	if (f->digest)
		h = XXH3_128bits_digest(f->digest);
	snprintf(out, 33, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
}
