#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "tool.h"
#include "../base/buf.h"
#include "../base/mem.h"
#include "../base/tmp.h"
#include "../io/block.h"

enum { MAX_OUTPUTS = 16 };
static struct sink *open_sinks[MAX_OUTPUTS];	/* a program that dies leaves them as they are: a thread may still write to one; their temporaries go with tmp_unlink_all */
static char *taken[MAX_OUTPUTS];	/* the names of all there were: the one closed last would be all that is left of two */

/* real_of - realpath: malloc's own memory, NULL where nothing is. What cannot be told is not taken for nothing. */
static char *real_of(const char *path)
{
	char *real = realpath(path, NULL);

	if (!real && (errno == ENOMEM || errno == EIO))
		die(EXIT_SYS, "%s: %s", path, strerror(errno));
	return real;
}

/* place_of - what a name stands for: the file where there is one, else the directory it will be in and its name there. NULL: a device, or nothing that can be told. */
static char *place_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf b = { 0 };
	char *real = real_of(path);

	if (!real) {
		char *dir = mem_strdup(slash ? path : ".");
		if (slash)
			dir[slash - path + 1] = '\0';
		char *real_dir = real_of(dir);
		if (real_dir)
			buf_printf(&b, "%s/%s", real_dir, slash ? slash + 1 : path);
		mem_free(dir);
		free(real_dir);		/* realpath's own malloc */
		return b.p ? buf_detach(&b) : NULL;
	}
	char *place = mem_strdup(real);
	free(real);
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
	bool is_stdout = sink_is_stdout(path);
	char *place = is_stdout ? mem_strdup("-") : !is_device(path) ? place_of(path) : NULL;
	int i = 0;

	if (!place)
		return;
	for (; i < MAX_OUTPUTS && taken[i]; i++)
		if (!strcmp(taken[i], place))
			usage_die("'%.60s' can hold only one of the outputs", is_stdout ? "standard output" : path);
	if (i < MAX_OUTPUTS)
		taken[i] = place;
	else
		mem_free(place);
}

/* hold - a file system without locks goes without. */
static void hold(int fd, const char *name)
{
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		note("another run writes to %s: waiting for it", name);
		while (flock(fd, LOCK_EX) && errno == EINTR)
			;
	}
}

void tool_hold_output(const char *path)
{
	struct stat st;

	if (sink_is_stdout(path) && !fstat(STDOUT_FILENO, &st) && S_ISREG(st.st_mode))
		hold(STDOUT_FILENO, "this file");
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
	size_t n;
	const struct tool_input *input = tool_inputs(&n);

	for (size_t i = 0; place && i < n; i++) {
		char *other = strcmp(input[i].path, "-") && (is_aside || !input[i].may_be_output) ? real_of(input[i].path) : NULL;
		if (other && !strcmp(other, place) && !is_device(place))
			usage_die(is_aside ? "'%.60s' is read: it cannot be written aside" : "'%.60s' is read: it cannot be written over", path);
		free(other);
	}
	free(place);
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

/* check_tail - a file that standard output is appended to is empty or ends with a stream's end. Where it cannot be looked at, it is taken for whole. */
static void check_tail(void)
{
	unsigned char tail[BLOCK_TAIL];
	struct stat st;
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags < 0 || !(flags & O_APPEND) || fstat(STDOUT_FILENO, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return;
	int fd = open("/proc/self/fd/1", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	bool is_short = st.st_size < BLOCK_TAIL;
	ssize_t n = is_short ? 0 : pread(fd, tail, sizeof tail, st.st_size - BLOCK_TAIL);
	close(fd);
	if (is_short || (n == BLOCK_TAIL && !block_is_tail(tail)))
		die(EXIT_DATA, "standard output is a file that does not end with a whole stream: what is appended to it could not be read (taste-view --repair takes an unfinished tail off)");
}

struct sink *tool_output(const char *path, bool is_binary)
{
	refuse_input(path, false);
	take(path);
	tool_hold_output(path);
	if (is_binary && sink_is_stdout(path))
		check_tail();
	return open_output(path, is_binary);
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
	if (sink_close(s, &e))
		die_err(&e);
}
