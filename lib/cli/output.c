#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "tool.h"
#include "../base/buf.h"
#include "../base/mem.h"
#include "../base/tmp.h"
#include "../io/block.h"

enum { MAX_OUTPUTS = 16 };
static struct sink *open_sinks[MAX_OUTPUTS];	/* a program that dies leaves them as they are: a thread may still write to one; their temporaries go with tmp_unlink_all */
static struct sink *appended;			/* that of tmp_appends */
static char *taken[MAX_OUTPUTS];	/* the names of all there were: the one closed last would be all that is left of two */

/* real_of - realpath: malloc's own memory, NULL where nothing is. What cannot be told is not taken for nothing. */
static char *real_of(const char *path)
{
	char *real = realpath(path, NULL);

	if (!real && (errno == ENOMEM || errno == EIO))
		die(EXIT_SYS, "%s: %s", path, strerror(errno));
	return real;
}

/* place_of - what a name stands for: the file where there is one, else the directory it will be in and its name there, also at the end of a link. NULL: a device, or nothing that can be told. */
static char *place_of(const char *path)
{
	char *real = real_of(path), *place = NULL;

	if (real) {
		place = mem_strdup(real);
		free(real);		/* realpath's own malloc */
		return place;
	}
	char *end = sink_end(path), *slash = end ? strrchr(end, '/') : NULL;
	const char *base = slash ? slash + 1 : end;
	char *dir = mem_strdup(slash ? end : ".");
	if (slash)
		dir[base - end] = '\0';
	char *real_dir = end ? real_of(dir) : NULL;
	if (real_dir) {
		struct buf b = { 0 };
		buf_printf(&b, "%s/%s", real_dir, base);
		place = buf_detach(&b);
	}
	mem_free(dir);
	mem_free(end);
	free(real_dir);
	return place;
}

/* is_device - what may be read and written by many. Not all under /dev is that: /dev/shm holds files. */
static bool is_device(const char *path)
{
	struct stat st;

	return !strncmp(path, "/dev/fd/", 8) || !strncmp(path, "/dev/std", 8) || !strncmp(path, "/proc/", 6) || (!stat(path, &st) && S_ISCHR(st.st_mode));
}

/* take - remember what will be written; devices may be written by many. */
static void take(const char *path)
{
	int to = sink_descriptor(path);
	bool is_stdout = to == STDOUT_FILENO;
	char *place = is_stdout ? mem_strdup("-") : to < 0 && !is_device(path) ? place_of(path) : NULL;
	int i = 0;

	if (!place)
		return;
	while (i < MAX_OUTPUTS && taken[i] && strcmp(taken[i], place))
		i++;
	bool is_taken = i < MAX_OUTPUTS && taken[i];
	if (i < MAX_OUTPUTS && !is_taken)
		taken[i] = place;
	else
		mem_free(place);
	if (is_taken)
		usage_die("'%.60s' can hold only one of the outputs", is_stdout ? "standard output" : path);
}

/* hold - a file system without locks goes without: false. Who waits long is told: the lock may be that of a flock(1) around us, which waits for us. */
static bool hold(int fd, const char *name)
{
	enum { TRIES = 100 };
	const struct timespec pause = { .tv_nsec = 50000000 };
	int no = flock(fd, LOCK_EX | LOCK_NB);

	if (no && errno == EWOULDBLOCK) {
		note("another run writes to %s: waiting for it", name);
		for (int i = 0; i < TRIES && (no = flock(fd, LOCK_EX | LOCK_NB)) && errno == EWOULDBLOCK; i++)
			nanosleep(&pause, NULL);
		if (no && errno == EWOULDBLOCK)
			warn("another process holds %s: waiting for it", name);
		while (no && (errno == EINTR || errno == EWOULDBLOCK))
			no = flock(fd, LOCK_EX);
	}
	return !no;
}

static struct held {
	dev_t dev;
	ino_t ino;
	int fd;			/* one of our own: a lock is of the opening, which several runs behind one >> share; -1: it could not be opened, or has no locks */
} held[MAX_OUTPUTS];
static int n_held;

/* hold_output - of what descriptor `to` writes to, when that is a file: NULL when it is none. */
static const struct held *hold_output(int to)
{
	struct stat st;
	char name[32];

	if (to < 0 || fstat(to, &st) || !S_ISREG(st.st_mode))
		return NULL;
	for (int i = 0; i < n_held; i++)
		if (held[i].dev == st.st_dev && held[i].ino == st.st_ino)
			return &held[i];
	if (n_held == MAX_OUTPUTS)
		return NULL;
	snprintf(name, sizeof name, "/proc/self/fd/%d", to);
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	bool is_held = hold(fd < 0 ? to : fd, "this file");
	held[n_held] = (struct held){ st.st_dev, st.st_ino, is_held ? fd : -1 };
	return &held[n_held++];
}

void tool_hold_output(const char *path)
{
	hold_output(sink_descriptor(path));
}

/* name_of_lock - beside a file that is not there yet. */
static char *name_of_lock(const char *path)
{
	enum { MOST = 200 };		/* of the 255 bytes that a name may have */
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	struct buf b = { 0 };

	buf_printf(&b, "%.*s.%.*s.lock", (int)(base - path), path, MOST, base);
	return buf_detach(&b);
}

/* is_file - 1, 0, or -1 with errno: that cannot be told. */
static int is_file(int fd, const char *path)
{
	struct stat a, b;

	if (fstat(fd, &a))
		return -1;
	if (stat(path, &b))
		return errno == ENOENT ? 0 : -1;
	return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

void tool_hold_file(const char *path, bool may_be_new)
{
	struct stat st;
	bool is_held = false;

	while (!is_held) {
		bool is_there = !stat(path, &st);
		if (is_there ? !S_ISREG(st.st_mode) : !may_be_new || errno != ENOENT)
			return;
		if (is_there && is_file(STDOUT_FILENO, path) == 1)
			usage_die("'%.60s' is standard output too", path);
		char *lock = is_there ? mem_strdup(path) : name_of_lock(path);
		int fd = open(lock, O_RDWR | O_CLOEXEC | (is_there ? 0 : O_CREAT), 0666);
		if (fd < 0 && is_there)
			is_held = errno != ENOENT;		/* to open it for writing will fail, too, and say why */
		else if (fd < 0)
			die(EXIT_SYS, "%s: %s", lock, strerror(errno));
		else
			hold(fd, path);
		/* what was waited for may be replaced by now, or gone, or made; whoever holds the name of one to be made takes it away in the end */
		int is_named = fd < 0 ? 0 : is_file(fd, lock);
		if (is_named < 0) {
			int why = errno;
			if (!is_there)
				unlink(lock);
			die(EXIT_SYS, "%s: %s", lock, strerror(why));
		}
		if (is_named) {
			is_held = is_there || stat(path, &st);
			if (!is_there && (!is_held || tmp_register(lock)))
				unlink(lock);
		}
		if (fd >= 0 && !is_held)
			close(fd);
		mem_free(lock);
	}
}

/* refuse_input - a file that is read and would be gone. An operand may be what the main output takes the place of, where both are of a kind. */
static void refuse_input(const char *path, bool is_aside)
{
	char *place = strcmp(path, "-") ? real_of(path) : NULL;
	bool is_read = false;
	size_t n;
	const struct tool_input *input = tool_inputs(&n);

	for (size_t i = 0; place && !is_read && i < n; i++) {
		if (!is_aside && input[i].may_be_output)
			continue;
		bool is_stdin = !strcmp(input[i].path, "-");
		char *other = is_stdin ? NULL : real_of(input[i].path);
		is_read = (is_stdin ? is_file(STDIN_FILENO, place) == 1 : other && !strcmp(other, place)) && !is_device(place);
		free(other);
	}
	free(place);
	if (is_read)
		usage_die(is_aside ? "'%.60s' is read: it cannot be written aside" : "'%.60s' is read: it cannot be written over", path);
}

static struct sink *open_output(const char *path, bool is_binary)
{
	struct err e = { 0 };
	int slot = 0;

	while (slot < MAX_OUTPUTS && open_sinks[slot])
		slot++;
	if (slot == MAX_OUTPUTS)
		die(EXIT_SYS, "more than %d outputs at a time", MAX_OUTPUTS);
	struct sink *s = sink_open(path, &e);
	if (!s)
		die_err(&e);
	open_sinks[slot] = s;
	if (is_binary && sink_is_tty(s))
		usage_die("binary output would garble the terminal: send it to a file (-o) or a pipe");
	return s;
}

/* check_tail - a file that is appended to is empty, or ends with a stream's end, or with that of a line. Where it cannot be looked at, it is taken for whole. */
static void check_tail(int to, off_t size, bool is_binary)
{
	unsigned char head[8], tail[BLOCK_TAIL];
	char name[32];

	snprintf(name, sizeof name, "/proc/self/fd/%d", to);
	int fd = size ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	ssize_t most = size < BLOCK_TAIL ? (ssize_t)size : BLOCK_TAIL;
	bool is_stream = pread(fd, head, sizeof head, 0) == sizeof head && block_is_head(head), is_read = pread(fd, tail, (size_t)most, size - most) == most;
	close(fd);
	if (!is_read)
		return;
	const char *said = to == STDOUT_FILENO ? "standard output" : name;
	if (is_binary && (most < BLOCK_TAIL || !block_is_tail(tail)))
		die(EXIT_DATA, "%s is a file that does not end with a whole stream: what is appended to it could not be read (taste-view --repair takes an unfinished tail off)", said);
	if (!is_binary && is_stream)
		die(EXIT_DATA, "%s is a file of binary streams: text behind them could not be read", said);
	if (!is_binary && tail[most - 1] != '\n')
		die(EXIT_DATA, "%s is a file whose last line does not end: what is appended to it would go on with that", said);
}

/* append - behind what is whole; and a stream whole or not at all: what of it is written is taken back when the program ends early. True when that is so. */
static bool append(int to, bool is_binary)
{
	struct stat st, messages;
	const struct held *h = hold_output(to);
	int flags = h ? fcntl(to, F_GETFL) : -1;

	if (flags < 0 || fstat(to, &st))
		return false;
	if (flags & O_APPEND)
		check_tail(to, st.st_size, is_binary);
	bool is_appended = is_binary && flags & O_APPEND && h->fd >= 0 && tmp_appends(to, h->fd, st.st_size);
	if (is_binary && to != STDERR_FILENO && !fstat(STDERR_FILENO, &messages) && messages.st_dev == st.st_dev && messages.st_ino == st.st_ino)
		usage_die("standard error goes to the same file: a message would stand in the stream");
	return is_appended;
}

struct sink *tool_output(const char *path, bool is_binary)
{
	refuse_input(path, false);
	take(path);
	bool is_appended = append(sink_descriptor(path), is_binary);
	struct sink *s = open_output(path, is_binary);
	if (is_appended)
		appended = s;
	return s;
}

void tool_output_again_at(const char *path)
{
	refuse_input(path, true);
	take(path);
}

struct sink *tool_output_again(const char *path)
{
	return open_output(path, true);
}

struct sink *tool_output_aside(const char *path)
{
	refuse_input(path, true);
	return tool_output(path, false);
}

void tool_output_settle(struct sink *s)
{
	struct err e = { 0 };

	if (sink_settle(s, &e))
		die_err(&e);
}

void tool_output_close(struct sink *s)
{
	struct err e = { 0 };

	for (int i = 0; i < MAX_OUTPUTS; i++)
		if (open_sinks[i] == s)
			open_sinks[i] = NULL;
	bool is_appended = s == appended;
	if (sink_close(s, &e))
		die_err(&e);
	if (is_appended) {
		appended = NULL;
		tmp_appended();
	}
}
