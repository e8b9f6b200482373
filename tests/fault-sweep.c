/*
 * fault-sweep [-k KIND,...] [-n MOST] [-w SECONDS] SHIM WORLD < CASES: run programs over and over, each time with one call failing (tests/fault.c), and hold what comes of it against a run without.
 *
 *   -k KIND,...  only these kinds
 *   -n MOST      at most so many calls of a kind, in even steps; 0: all of the first 200, then in growing steps, and the last 5 [0]
 *   -w SECONDS   what takes longer hangs [10]
 *
 * A case is a line: NAME [KEY=VALUE ...] : PROGRAM ARGUMENT ... The words are parted by blanks, nothing is quoted. The program is run in a directory of its own, in which are
 *   in/		the world, for all (WORLD/in)
 *   out/	what it writes: for each argument out/NAME an old file stands there, of one line, unless a key says more
 *   tmp/	$TMPDIR, empty
 * Keys:
 *   stdin=FILE, pipe=FILE	standard input is this file, or a pipe through which it comes; else it is empty
 *   old=NAME:FILE		out/NAME begins as a copy of FILE
 *   new=NAME			out/NAME is not there at first
 *   grows=NAME			likewise, and its bytes are not compared: a log with times in it
 *   steps=NAME			likewise, but they are written more than once: a run that fails may leave those of an earlier time
 *   link=NAME			out/NAME is a link to out/NAME.target, an old file
 *   kinds=KIND,...		only these
 *   most=N			as -n, where it is less
 *   status=N			how a run without failures ends [0]
 *
 * What must hold, of each run: it ends by itself, in time, with the status of the run without failures and then with its bytes on standard output and in the files, whose modes and links are as they
 * would be; or with 3, one sentence more on standard error, which begins with the program's name and, but of memory, threads and clocks, names a file. Then each file is as it was or as it
 * would be. In any case no file is there that should not be, neither in out/ nor in tmp/. Kinds that a program has to live through (fault.h) do not end with 3.
 *
 * TSV on standard output, a line for each case and kind: case, program, kind, calls, tried, survived, not reached, faults; then a line "FAULT" for each fault, with the words for it. A call is tried
 * by itself and, in at most 60 or a quarter of MOST places, with all behind it failing, too. Status 1 when there was a fault.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

enum { MAX_WORDS = 96, MAX_FILES = 24, MAX_CALLS = 1 << 16, BYTES = 8 << 20 };

struct bytes { char *p; size_t n; };
struct entry { char name[256]; struct bytes b; mode_t mode; bool is_link; };
struct tree { struct entry e[MAX_FILES]; size_t n; };

/* How a run ended. */
struct end { int status; bool is_hung; struct bytes out, err; struct tree files; size_t n_tmp; char tmp[256]; };

static struct {
	const char *shim, *world, *kinds;
	char dir[256], home[256];
	size_t most;
	int patience;
	struct fault_counts *counts;
} g = { .patience = 10 };

static struct {
	char line[8192], *name, *arg[MAX_WORDS], *input, *grows, *steps, *kinds;
	bool is_pipe;
	int status, n_args;
	size_t most;
	struct tree old;
} c;

static void fail(const char *what)
{
	fprintf(stderr, "fault-sweep: %s: %s\n", what, strerror(errno));
	exit(3);
}

static void *room(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		fail("memory");
	return p;
}

static bool is_same(struct bytes a, struct bytes b) { return a.n == b.n && !memcmp(a.p, b.p, a.n); }

static struct bytes slurp(int fd)
{
	struct bytes b = { room(1 << 16), 0 };
	size_t cap = 1 << 16;
	ssize_t got;

	while ((got = read(fd, b.p + b.n, cap - b.n)) > 0)
		if ((b.n += (size_t)got) == cap && !(b.p = realloc(b.p, cap *= 2)))
			fail("memory");
	close(fd);
	return b;
}

static struct bytes slurp_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	return slurp(fd);
}

/* ---- files ---- */

static void tree_release(struct tree *t)
{
	while (t->n)
		free(t->e[--t->n].b.p);
}

static struct entry *find(struct tree *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->e[i].name, name))
			return &t->e[i];
	return NULL;
}

static struct entry *add(struct tree *t, const char *name)
{
	struct entry *e = find(t, name);

	if (!e) {
		if (t->n == MAX_FILES)
			errno = ENFILE, fail(name);
		e = &t->e[t->n++];
		*e = (struct entry){ .mode = 0640 };
		snprintf(e->name, sizeof e->name, "%s", name);
	}
	return e;
}

/* look - what is in a directory; files that vanish meanwhile are not there. */
static void look(struct tree *t, const char *dir)
{
	DIR *d = opendir(dir);
	struct stat st;
	char path[1024];

	if (!d)
		fail(dir);
	for (struct dirent *x; (x = readdir(d));) {
		if (!strcmp(x->d_name, ".") || !strcmp(x->d_name, ".."))
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, x->d_name);
		if (lstat(path, &st))
			continue;
		struct entry *e = add(t, x->d_name);
		e->is_link = S_ISLNK(st.st_mode);
		e->b = slurp_path(path);
		e->mode = stat(path, &st) ? 0 : st.st_mode & 0777;
	}
	closedir(d);
}

static void sweep_out(const char *dir)
{
	DIR *d = opendir(dir);
	char path[1024];

	if (!d)
		fail(dir);
	for (struct dirent *x; (x = readdir(d));)
		if (strcmp(x->d_name, ".") && strcmp(x->d_name, "..")) {
			snprintf(path, sizeof path, "%s/%s", dir, x->d_name);
			unlink(path);
		}
	closedir(d);
}

static void put_old(void)
{
	char path[512];

	sweep_out("out");
	sweep_out("tmp");
	for (size_t i = 0; i < c.old.n; i++) {
		struct entry *e = &c.old.e[i];
		snprintf(path, sizeof path, "out/%s", e->name);
		if (e->is_link) {
			char to[300];
			snprintf(to, sizeof to, "%s.target", e->name);
			if (symlink(to, path))
				fail(path);
			continue;
		}
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, e->b.p, e->b.n) != (ssize_t)e->b.n || fchmod(fd, e->mode) || close(fd))
			fail(path);
	}
}

/* ---- a run ---- */

static void child(const char *fault, int in, int out, int err)
{
	char shim[300];

	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	signal(SIGPIPE, SIG_DFL);
	snprintf(shim, sizeof shim, "%s", g.shim);
	setenv("LD_PRELOAD", shim, 1);
	setenv("TMPDIR", "tmp", 1);
	setenv("TASTE_FAULT_COUNTS", "counts", 1);
	if (fault)
		setenv("TASTE_FAULT", fault, 1);
	execvp(c.arg[0], c.arg);
	_exit(127);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* take - what has come through a pipe; false at its end. */
static bool take(struct bytes *b, int fd)
{
	ssize_t got = read(fd, b->p + b->n, BYTES - b->n);

	if (got > 0)
		b->n += (size_t)got;
	return got > 0 && b->n < BYTES;
}

/* feed - give some of *b, from *done on; false when it is done or not wanted. */
static bool feed(int fd, struct bytes b, size_t *done)
{
	ssize_t k = write(fd, b.p + *done, b.n - *done < 4096 ? b.n - *done : 4096);

	if (k > 0)
		*done += (size_t)k;
	return (k > 0 || (k < 0 && errno == EAGAIN)) && *done < b.n;
}

static void run(struct end *end, const char *fault, struct bytes input)
{
	static char out_room[BYTES], err_room[BYTES];
	int in[2] = { -1, -1 }, out[2], err[2], status = 0;
	size_t fed = 0;

	put_old();
	memset(g.counts, 0, sizeof *g.counts);
	*end = (struct end){ .out.p = out_room, .err.p = err_room };
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || (c.is_pipe && (pipe2(in, O_CLOEXEC) || fcntl(in[1], F_SETFL, O_NONBLOCK))))
		fail("pipe");
	if (!c.is_pipe && (in[0] = open(c.input ? c.input : "/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		fail(c.input);
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid)
		child(fault, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	double until = now() + g.patience;
	struct pollfd p[3] = { { out[0], POLLIN, 0 }, { err[0], POLLIN, 0 }, { in[1], POLLOUT, 0 } };
	while (p[0].fd >= 0 || p[1].fd >= 0) {
		double left = until - now();
		if (left <= 0 || poll(p, 3, (int)(left * 1000) + 1) < 0) {
			end->is_hung = true;
			kill(pid, SIGKILL);
			break;
		}
		if (p[0].revents && !take(&end->out, out[0]))
			p[0].fd = -1;
		if (p[1].revents && !take(&end->err, err[0]))
			p[1].fd = -1;
		if (p[2].fd >= 0 && p[2].revents && !feed(in[1], input, &fed)) {
			close(in[1]);
			in[1] = p[2].fd = -1;
		}
	}
	close(out[0]);
	close(err[0]);
	if (in[1] >= 0)
		close(in[1]);
	for (; !end->is_hung && waitpid(pid, &status, WNOHANG) == 0; usleep(200))	/* its ends of the pipes are closed: it is about to go */
		if (now() > until) {
			end->is_hung = true;
			kill(pid, SIGKILL);
		}
	if (end->is_hung)
		waitpid(pid, &status, 0);
	end->status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	look(&end->files, "out");
	struct tree tmp = { .n = 0 };
	look(&tmp, "tmp");
	end->n_tmp = tmp.n;
	if (tmp.n)
		snprintf(end->tmp, sizeof end->tmp, "%s", tmp.e[0].name);
	tree_release(&tmp);
}

/* ---- what came of it ---- */

/* files_are - is each file as `good` has it, or as it was where that may be? Else what is wrong. */
static const char *files_are(struct end *end, struct tree *good, bool may_be_old)
{
	static char word[400];

	for (size_t i = 0; i < end->files.n; i++) {
		struct entry *e = &end->files.e[i], *a = find(good, e->name), *b = may_be_old ? find(&c.old, e->name) : NULL;
		bool is_good = a && is_same(a->b, e->b) && a->mode == e->mode && a->is_link == e->is_link;
		bool is_old = b && (b->is_link ? e->is_link : !e->is_link && is_same(b->b, e->b) && b->mode == e->mode);
		if (a && ((c.grows && !strcmp(c.grows, e->name)) || (may_be_old && c.steps && !strcmp(c.steps, e->name))))
			continue;
		if (!a && !b)
			snprintf(word, sizeof word, "out/%.250s is left behind", e->name);
		else if (!is_good && !is_old)
			snprintf(word, sizeof word, "out/%.250s is not what it should be (%zu bytes, mode %o%s)", e->name, e->b.n, e->mode, e->is_link ? ", a link" : "");
		else
			continue;
		return word;
	}
	for (size_t i = 0; i < good->n; i++)
		if (!find(&end->files, good->e[i].name) && !(may_be_old && !find(&c.old, good->e[i].name))) {
			snprintf(word, sizeof word, "out/%.250s is missing", good->e[i].name);
			return word;
		}
	return NULL;
}

static bool has(struct bytes b, const char *s) { return memmem(b.p, b.n, s, strlen(s)); }

/* sentence_is - is there one line more than in the good run, with the program's name before it and a file in it? */
static const char *sentence_is(struct end *end, struct end *good, enum fault_kind kind)
{
	size_t n_lines = 0, n_good = 0, n_name = strlen(c.arg[0]);
	const char *last = end->err.p;
	struct bytes e = end->err;

	for (size_t i = 0; i < good->err.n; i++)
		n_good += good->err.p[i] == '\n';
	for (size_t i = 0; i < e.n; i++) {
		n_lines += e.p[i] == '\n';
		if (e.p[i] == '\n' && i + 1 < e.n)
			last = e.p + i + 1;
	}
	struct bytes line = { (char *)(size_t)last, (size_t)(e.p + e.n - last) };
	if (!e.n || e.p[e.n - 1] != '\n')
		return "without a sentence";
	if (n_lines > n_good + 1)
		return "more than one sentence";
	if (line.n < n_name + 4 || memcmp(last, c.arg[0], n_name) || memcmp(last + n_name, ": ", 2))
		return "the sentence does not begin with the program's name";
	if (fault_kind[kind].family != FAULT_ALLOC && kind != FAULT_KIND_THREAD && kind != FAULT_KIND_CLOCK && !has(line, "in/") && !has(line, "out/") && !has(line, "tmp") && !has(line, "(standard "))
		return "the sentence names no file";
	return NULL;
}

/* wrong - what is wrong with a run that had a failure, or NULL. */
static const char *wrong(struct end *end, struct end *good, enum fault_kind kind, bool *survived)
{
	static char word[300];
	const char *why;

	*survived = false;
	if (end->is_hung)
		return "it hangs";
	if (end->status < 0) {
		snprintf(word, sizeof word, "signal %d", -end->status);
		return word;
	}
	if (end->n_tmp && kind != FAULT_KIND_UNLINK) {
		snprintf(word, sizeof word, "tmp/%.200s is left behind (status %d)", end->tmp, end->status);
		return word;
	}
	if (end->status == good->status) {
		*survived = true;
		if (!is_same(end->out, good->out))
			return "it says that all is well, with other bytes on standard output";
		why = files_are(end, &good->files, false);
		if (why && kind == FAULT_KIND_UNLINK && strstr(why, "left behind"))
			return NULL;
		return why;
	}
	if (end->status != 3) {
		snprintf(word, sizeof word, "status %d", end->status);
		return word;
	}
	if (fault_kind[kind].survives)
		return "it gives up";
	why = files_are(end, &good->files, true);
	if (why && !(kind == FAULT_KIND_UNLINK && strstr(why, "left behind")))
		return why;
	return sentence_is(end, good, kind);
}

/* choose - which calls of n are tried. Where steps are long, a case's name says where they begin, so that what cases have in common is tried in different places. */
static size_t choose(unsigned long *at, unsigned long n, size_t most)
{
	size_t k = 0;

	if (most && n > most) {
		unsigned long from = 0;
		for (const char *p = c.name; *p; p++)
			from = (from * 31 + (unsigned char)*p) % n;
		for (size_t i = 0; i < most; i++)
			at[k++] = 1 + (i * n + from) / most;
		return k;
	}
	for (unsigned long i = 1; i <= n && k < MAX_CALLS; i += i < 200 || i + 5 > n ? 1 : 1 + (i - 200) / 8)
		at[k++] = i;
	for (unsigned long i = n > 5 ? n - 4 : 1; n && i <= n && k < MAX_CALLS; i++)
		if (i > at[k - 1])
			at[k++] = i;
	return k;
}

static void tell(enum fault_kind kind, const char *fault, const char *why, struct end *end)
{
	printf("FAULT\t%s\t%s\t%s\t%s: ", c.name, fault_kind[kind].name, fault, why);
	for (size_t i = end->err.n > 600 ? end->err.n - 600 : 0; i < end->err.n; i++)
		putchar((unsigned char)end->err.p[i] < 32 ? '|' : end->err.p[i]);
	putchar('\n');
}

static size_t sweep_kind(enum fault_kind kind, unsigned long calls, struct end *good, struct bytes input)
{
	static unsigned long at[MAX_CALLS + 8];
	size_t tried = 0, lived = 0, missed = 0, n_faults = 0, most = c.most && (!g.most || c.most < g.most) ? c.most : g.most;

	for (int always = 0; always < (calls > 1 ? 2 : 1); always++) {
		size_t few = most ? (most + 3) / 4 : 60, n = choose(at, calls, always ? few : most);
		for (size_t i = 0; i < n; i++) {
			char fault[64];
			struct end end;
			bool survived;
			snprintf(fault, sizeof fault, "%s:%lu%s", fault_kind[kind].name, at[i], always ? "+" : "");
			run(&end, fault, input);
			tried++;
			const char *why = wrong(&end, good, kind, &survived);
			if (!g.counts->made)
				missed++;
			else
				lived += survived && !why;
			if (why) {
				n_faults++;
				tell(kind, fault, why, &end);
			}
			tree_release(&end.files);
		}
	}
	printf("%s\t%s\t%s\t%lu\t%zu\t%zu\t%zu\t%zu\n", c.name, c.arg[0], fault_kind[kind].name, calls, tried, lived, missed, n_faults);
	fflush(stdout);
	return n_faults;
}

/* is_in - whether a list parted by commas has it; NULL has all. */
static bool is_in(const char *list, const char *kind)
{
	size_t n = strlen(kind);

	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, kind, n) && (!p[n] || p[n] == ','))
			return true;
	return !list;
}

static struct bytes copy_of(struct bytes b)
{
	return (struct bytes){ memcpy(room(b.n), b.p, b.n), b.n };
}

static size_t sweep_case(void)
{
	struct bytes input = { room(0), 0 };
	struct end good, again;
	size_t n_faults = 0;

	if (c.is_pipe) {
		free(input.p);
		input = slurp_path(c.input);
	}
	run(&good, NULL, input);
	struct fault_counts counts;
	memcpy(&counts, g.counts, sizeof counts);
	good.out = copy_of(good.out);
	good.err = copy_of(good.err);
	run(&again, NULL, input);
	const char *why = good.status != c.status ? "it does not run" : files_are(&again, &good.files, false);
	if (!why && (!is_same(again.out, good.out) || again.n_tmp))
		why = "two runs without failures are not alike";
	if (why) {
		tell(0, "none", why, &good);
		n_faults++;
	}
	for (int k = 0; !why && k < FAULT_N_KINDS; k++)
		if (is_in(g.kinds, fault_kind[k].name) && is_in(c.kinds, fault_kind[k].name))
			n_faults += sweep_kind((enum fault_kind)k, counts.call[fault_kind[k].family], &good, input);
	tree_release(&good.files);
	tree_release(&again.files);
	free(good.out.p);
	free(good.err.p);
	free(input.p);
	return n_faults;
}

/* ---- cases ---- */

static struct bytes old_line(void)
{
	return copy_of((struct bytes){ (char *)(size_t)"old\n", 4 });
}

static void drop(const char *name)
{
	struct entry *e = find(&c.old, name);

	if (e) {
		free(e->b.p);
		*e = c.old.e[--c.old.n];
	}
}

static void put_key(char *word)
{
	char *value = strchr(word, '='), *from, name[256];

	*value++ = '\0';
	if (!strcmp(word, "stdin") || !strcmp(word, "pipe")) {
		c.input = value;
		c.is_pipe = *word == 'p';
	} else if (!strcmp(word, "most")) {
		c.most = strtoul(value, NULL, 10);
	} else if (!strcmp(word, "kinds")) {
		c.kinds = value;
	} else if (!strcmp(word, "status")) {
		c.status = atoi(value);
	} else if (!strcmp(word, "old") && (from = strchr(value, ':'))) {
		*from++ = '\0';
		drop(value);
		add(&c.old, value)->b = slurp_path(from);
	} else if (!strcmp(word, "new") || !strcmp(word, "grows") || !strcmp(word, "steps")) {
		drop(value);
		if (*word == 'g')
			c.grows = value;
		else if (*word == 's')
			c.steps = value;
	} else if (!strcmp(word, "link")) {
		add(&c.old, value)->is_link = true;
		snprintf(name, sizeof name, "%s.target", value);
		add(&c.old, name)->b = old_line();
	} else {
		errno = EINVAL;
		fail(word);
	}
}

static bool next_case(void)
{
	char *key[16], *rest = NULL;
	size_t n_keys = 0;
	bool is_command = false;

	tree_release(&c.old);
	memset(&c, 0, sizeof c);
	if (!fgets(c.line, sizeof c.line, stdin))
		return false;
	for (char *w = strtok_r(c.line, " \t\n", &rest); w; w = strtok_r(NULL, " \t\n", &rest)) {
		if (!c.name)
			c.name = w;
		else if (!is_command && !strcmp(w, ":"))
			is_command = true;
		else if (!is_command && strchr(w, '=') && n_keys < 16)
			key[n_keys++] = w;
		else if (is_command && c.n_args < MAX_WORDS - 1)
			c.arg[c.n_args++] = w;
		else
			errno = EINVAL, fail(w);
	}
	for (int i = 1; i < c.n_args; i++)
		if (!strncmp(c.arg[i], "out/", 4) && !find(&c.old, c.arg[i] + 4))
			add(&c.old, c.arg[i] + 4)->b = old_line();
	for (size_t i = 0; i < n_keys; i++)
		put_key(key[i]);
	return true;
}

int main(int argc, char **argv)
{
	size_t n_faults = 0;
	char path[600];
	int opt;

	while ((opt = getopt(argc, argv, "k:n:w:")) != -1)
		if (opt == 'k')
			g.kinds = optarg;
		else if (opt == 'n')
			g.most = strtoul(optarg, NULL, 10);
		else if (opt == 'w')
			g.patience = atoi(optarg);
		else
			return 2;
	if (argc - optind != 2) {
		fprintf(stderr, "usage: fault-sweep [-k KIND,...] [-n MOST] [-w SECONDS] SHIM WORLD\n");
		return 2;
	}
	g.shim = realpath(argv[optind], NULL);
	if (!g.shim)
		fail(argv[optind]);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 1 << 14);
	snprintf(g.dir, sizeof g.dir, "%s/run.%ld", argv[optind + 1], (long)getpid());
	if (mkdir(g.dir, 0700) || chdir(g.dir) || mkdir("out", 0700) || mkdir("tmp", 0700) || symlink("../in", "in"))
		fail(g.dir);
	int fd = open("counts", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof *g.counts))
		fail("counts");
	g.counts = mmap(NULL, sizeof *g.counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (g.counts == MAP_FAILED)
		fail("counts");
	while (next_case())
		if (c.name && c.n_args)
			n_faults += sweep_case();
	sweep_out("out");
	sweep_out("tmp");
	snprintf(path, sizeof path, "run.%ld", (long)getpid());
	if (rmdir("out") || rmdir("tmp") || unlink("in") || unlink("counts") || chdir("..") || rmdir(path))
		fail(g.dir);
	return n_faults > 0;
}
