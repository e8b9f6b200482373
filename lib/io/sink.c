#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink.h"
#include "../base/mem.h"
#include "../base/tmp.h"

enum { BUF_BYTES = 256 << 10 };

struct sink {
	char *name, *path, *tmp, *dir;	/* path and tmp: NULL when written in place */
	int fd;
	struct buf *memory;		/* instead of fd */
	unsigned char *buf;
	size_t fill;
	struct err err;
};

static char *join(const char *a, const char *b, const char *c)
{
	char *s = mem_new(strlen(a) + strlen(b) + strlen(c) + 1, 1);

	strcat(strcat(strcpy(s, a), b), c);
	return s;
}

/* keep_owner - owner, group and mode of the file that is replaced, or as far as we may; whom its group let in, another is not to. */
static void keep_owner(int fd, const struct stat *old)
{
	struct stat now;
	mode_t mode = old->st_mode & 0777;

	if (!fstat(fd, &now) && (now.st_uid != old->st_uid || now.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) && now.st_gid != old->st_gid && fchown(fd, (uid_t)-1, old->st_gid))
		mode = (mode & 0707) | (mode & 07) << 3;
	if (fchmod(fd, mode)) {
		/* a file system without modes */
	}
}

/* open_beside - make the temporary in the target's own directory, as the old file is or, without one, as umask has it. */
static int open_beside(struct sink *s, const char *path, const struct stat *old)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char *dir = mem_strdup(path);

	dir[slash ? slash - path + 1 : 0] = '\0';
	char *prefix = join(dir, ".", base);
	if (strlen(base) > 200)		/* leave room in a 255-byte file name */
		prefix[strlen(dir) + 1 + 200] = '\0';
	s->tmp = join(prefix, ".tmp", "XXXXXX");
	s->dir = *dir ? dir : (mem_free(dir), mem_strdup("."));
	mem_free(prefix);
	sigset_t all, was;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);	/* a signal finds the file in the table, or not on disk */
	int fd = mkostemp(s->tmp, O_CLOEXEC), no = errno;
	if (fd >= 0 && tmp_register(s->tmp) == -ENOMEM) {
		unlink(s->tmp);
		close(fd);
		fd = -1;
		no = ENOMEM;
	}
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	errno = no;
	if (fd >= 0 && old) {
		keep_owner(fd, old);
	} else if (fd >= 0) {
		mode_t mask = umask(0);
		umask(mask);
		if (fchmod(fd, 0666 & ~mask)) {
			/* likewise */
		}
	}
	return fd;
}

static void sink_free(struct sink *s)
{
	mem_free(s->name);
	mem_free(s->path);
	mem_free(s->tmp);
	mem_free(s->dir);
	mem_free(s->buf);
	mem_free(s);
}

/* number_of - of the open descriptor that path is a name of, else -1. Opened by that name, what stands behind `>> FILE` would be overwritten. */
static int number_of(const char *path)
{
	static const char *const under[] = { "/dev/fd/", "/proc/self/fd/" };

	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < sizeof under / sizeof *under; i++) {
		size_t n = strlen(under[i]), digits = strncmp(path, under[i], n) ? 0 : strspn(path + n, "0123456789");
		if (digits && digits < 7 && !path[n + digits])
			return atoi(path + n);
	}
	return -1;
}

char *sink_end(const char *path)
{
	enum { MOST = 40 };	/* as the kernel follows */
	char to[PATH_MAX], *p = mem_strdup(path);
	ssize_t n = 0;

	for (int i = 0; i < MOST && number_of(p) < 0 && (n = readlink(p, to, sizeof to - 1)) > 0; i++) {
		char *slash = strrchr(p, '/');
		to[n] = '\0';
		p[slash && *to != '/' ? slash - p + 1 : 0] = '\0';
		char *next = join(p, to, "");
		mem_free(p);
		p = next;
	}
	if (n < 0 && errno != EINVAL && errno != ENOENT) {
		mem_free(p);
		return NULL;
	}
	return p;
}

int sink_descriptor(const char *path)
{
	char *end = sink_end(path);
	int n = end ? number_of(end) : -1;

	mem_free(end);
	return n;
}

bool sink_is_stdout(const char *path) { return sink_descriptor(path) == STDOUT_FILENO; }

/* why_not - the rename that ends a long run would fail: told before it begins. path: no link. 0, or an errno. */
static int why_not(const char *path, const struct stat *st)
{
	struct statx x;
	struct stat dir;
	uid_t me = geteuid();
	int no = 0;

	if (!statx(AT_FDCWD, path, 0, 0, &x) && x.stx_attributes_mask & x.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return EBUSY;
	char *above = mem_strdup(path), *slash = strrchr(above, '/');
	if (slash)
		slash[1] = '\0';
	if (me && !stat(slash ? above : ".", &dir) && dir.st_mode & S_ISVTX && dir.st_uid != me && st->st_uid != me)
		no = EPERM;
	mem_free(above);
	return no;
}

struct sink *sink_open(const char *path, struct err *e)
{
	struct sink *s = mem_new(1, sizeof *s);
	struct stat st;
	int n = sink_descriptor(path), no;

	if (n == STDOUT_FILENO) {
		s->name = mem_strdup("(standard output)");
		s->fd = STDOUT_FILENO;
	} else {
		s->name = mem_strdup(path);
		bool is_there = !stat(path, &st);
		if (n >= 0) {
			s->fd = fcntl(n, F_DUPFD_CLOEXEC, 3);
		} else if (!is_there && errno != ENOENT) {	/* what is there, with which mode, cannot be told */
			s->fd = -1;
		} else if (!*path || (is_there && S_ISDIR(st.st_mode))) {
			errno = *path ? EISDIR : ENOENT;
			s->fd = -1;
		} else if (is_there && access(path, W_OK)) {	/* a rename would replace a file that is not ours to write */
			s->fd = -1;
		} else if (is_there && !S_ISREG(st.st_mode)) {
			s->fd = open(path, O_WRONLY | O_CLOEXEC);
		} else {
			s->path = sink_end(path);	/* so that a link stays */
			no = s->path && is_there ? why_not(s->path, &st) : 0;
			s->fd = s->path && !no ? open_beside(s, s->path, is_there ? &st : NULL) : -1;
			errno = no ? no : errno;
		}
		if (s->fd < 0) {
			err_sys(e, errno, "%s", path);
			sink_free(s);
			return NULL;
		}
	}
	s->buf = mem_new(BUF_BYTES, 1);
	return s;
}

struct sink *sink_open_memory(const char *name, struct buf *to)
{
	struct sink *s = mem_new(1, sizeof *s);

	s->name = mem_strdup(name);
	s->memory = to;
	s->fd = -1;
	s->buf = mem_new(BUF_BYTES, 1);
	return s;
}

/* write_all - a reader that is gone ends us as SIGPIPE would have, also where it is ignored, and where a socket says so once in another way. */
static int write_all(struct sink *s, const unsigned char *p, size_t n)
{
	if (s->memory) {
		buf_put(s->memory, p, n);
		return 0;
	}
	while (n) {
		ssize_t w = write(s->fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0 && errno == EAGAIN && poll(&(struct pollfd){ .fd = s->fd, .events = POLLOUT }, 1, -1) >= 0)
			continue;	/* somebody who shares the pipe wants not to be blocked; we do */
		if (w < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			tmp_unlink_all();
			signal(SIGPIPE, SIG_DFL);
			raise(SIGPIPE);
		}
		if (w < 0)
			return err_sys(&s->err, errno, "%s", s->name);
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static int sink_fail(struct sink *s, struct err *e)
{
	return err_set(e, s->err.code, "%s", s->err.msg);
}

int sink_flush(struct sink *s, struct err *e)
{
	if (s->err.code || write_all(s, s->buf, s->fill))
		return sink_fail(s, e);
	s->fill = 0;
	return 0;
}

int sink_write(struct sink *s, const void *p, size_t n, struct err *e)
{
	if (s->err.code)
		return sink_fail(s, e);
	if (n > BUF_BYTES - s->fill) {
		if (sink_flush(s, e))
			return s->err.code;
		if (n >= BUF_BYTES)
			return write_all(s, p, n) ? sink_fail(s, e) : 0;
	}
	if (n)
		memcpy(s->buf + s->fill, p, n);
	s->fill += n;
	return 0;
}

int sink_settle(struct sink *s, struct err *e)
{
	if (sink_flush(s, e))
		return s->err.code;
	if (!s->path || s->fd < 0)
		return 0;
	if (fsync(s->fd) && errno != EINVAL && errno != EROFS) {
		err_sys(&s->err, errno, "%s", s->name);
		return sink_fail(s, e);
	}
	int fd = s->fd;
	s->fd = -1;
	if (close(fd)) {
		err_sys(&s->err, errno, "%s", s->name);
		return sink_fail(s, e);
	}
	return 0;
}

int sink_close(struct sink *s, struct err *e)
{
	int ret = sink_settle(s, e);

	if (ret)
		goto abandon;
	if (s->memory) {
		sink_free(s);
		return 0;
	}
	if (!s->path) {
		int fd = s->fd;
		s->fd = -1;
		if (close(fd))
			ret = err_sys(e, errno, "%s", s->name);
		if (fd == STDOUT_FILENO && !ret && open("/dev/null", O_WRONLY) < 0)
			ret = 0;	/* keeps the number taken; nothing is lost when that fails */
		sink_free(s);
		return ret;
	}
	if (rename(s->tmp, s->path)) {
		ret = err_sys(e, errno, "%s", s->name);
		goto abandon;
	}
	tmp_unregister(s->tmp);
	int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {		/* the rename itself on disk; the file is whole either way */
		fsync(dir);
		close(dir);
	}
	sink_free(s);
	return 0;
abandon:
	sink_abandon(s);
	return ret;
}

void sink_abandon(struct sink *s)
{
	if (!s)
		return;
	if (s->fd >= 0 && s->fd != STDOUT_FILENO)
		close(s->fd);
	if (s->tmp) {
		unlink(s->tmp);
		tmp_unregister(s->tmp);
	}
	sink_free(s);
}

const char *sink_name(const struct sink *s) { return s->name; }
bool sink_is_tty(const struct sink *s) { return !s->memory && isatty(s->fd); }
