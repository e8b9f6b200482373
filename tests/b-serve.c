/*
 * b-serve [-n N] [-c N] [-bl] REQUESTS COMMAND: how long a service on a pipe takes to answer. COMMAND, for the shell, reads standard input and answers on standard output; a request is a line of REQUESTS,
 * with -b all up to an empty line; they are begun again at their end. An answer ends with an empty line, or with -l is one line. One request is out at a time: it is written, and the next one waits for the answer's end.
 *
 *   -n N   requests [10000], behind a tenth as many that are not counted
 *   -c N   cold starts [20]: COMMAND is started, answers one request and ends
 *
 * TSV on stdout: name and microseconds of wall time. median, p90, p99, p999, longest of the requests; cold: the median from the start of a process to the end of its first answer, what it reads being in
 * the page cache; slowest-cold; lines: the mean of an answer.
 *
 * b-serve -s [-n N] [-bl] [-p PROBES] [-x HOOK] REQUESTS COMMAND: does it stay as it is? N requests; at the start and after each tenth of them the memory of each taste program in COMMAND: its own (RssAnon)
 * and what it has of mapped files, in kB. The latter is bounded by the files and grows as they are read. What is its own may grow by GROWTH_KB after the first tenth.
 *
 *   -p PROBES   requests that are asked at the start, at the end and of a service that was started anew, with @ for a name that nobody has had: their answers, without the first column, have to be the same
 *   -x HOOK     a command that is run after each tenth, with the percentage in $AT: to replace a file that is being served, say
 *
 * Half-way the client stops for a while with BURST requests out, or as many as a pipe holds, whose answers nobody reads until it comes back. A line of REQUESTS that begins with ! is sent without it, before the next one, and has no answer.
 * Last come a histogram of the times, an octave a line, and the percentiles. Exit status 1 when memory has grown or an answer is another.
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, GROWTH_KB = 1024, BURST = 64, BURST_BYTES = 32768 /* less than a pipe holds */, PAUSE_S = 1, PROCESSES = 16 };

static char *text;
static struct { char *p; size_t len; } *request;	/* with all newlines */
static size_t n_requests, n_lines;
static int is_line, is_block;

static struct service { pid_t pid; int in, out; } sv;

static void fail(const char *what)
{
	fprintf(stderr, "b-serve: %s: %s\n", what, strerror(errno));
	exit(3);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* end_of_line - of a request with the lines before it that have no answer. */
static char *end_of_line(char *p)
{
	while (*p == '!' && strchr(p, '\n'))
		p = strchr(p, '\n') + 1;
	return strchr(p, '\n');
}

static void read_requests(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t cap = 0, n = 0, got;

	if (!f)
		fail(path);
	do {
		cap = cap ? 2 * cap : 1 << 16;
		if (!(text = realloc(text, cap + 1)))
			fail("requests");
		n += got = fread(text + n, 1, cap - n, f);
	} while (got);
	fclose(f);
	text[n] = 0;
	for (char *p = text, *end; (end = is_block ? strstr(p, "\n\n") : end_of_line(p)); p = end) {
		if (!(n_requests & (n_requests + 1)) && !(request = realloc(request, 2 * (n_requests + 1) * sizeof *request)))
			fail("requests");
		end += 1 + is_block;
		request[n_requests].p = p;
		request[n_requests++].len = (size_t)(end - p);
	}
	if (!n_requests) {
		fprintf(stderr, "b-serve: %s: no requests\n", path);
		exit(4);
	}
}

static void start(const char *command)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		fail("pipe");
	if ((sv.pid = vfork()) < 0)
		fail("vfork");
	if (!sv.pid) {
		setpgid(0, 0);
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl("/bin/bash", "bash", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	sv.in = in[1];
	sv.out = out[0];
}

static void stop(void)
{
	char rest[4096];
	int status;

	close(sv.in);
	while (read(sv.out, rest, sizeof rest) > 0)
		;
	close(sv.out);
	waitpid(sv.pid, &status, 0);
	if (status) {
		fprintf(stderr, "b-serve: the service ended with status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		exit(3);
	}
}

static void put(const char *p, size_t n)
{
	while (n) {
		ssize_t put = write(sv.in, p, n);
		if (put < 0)
			fail("the service does not read");
		p += put;
		n -= (size_t)put;
	}
}

static void put_request(size_t k)
{
	const char *p = request[k].p, *end = p + request[k].len, *stop;

	for (; !is_block && *p == '!' && (stop = memchr(p, '\n', (size_t)(end - p))) && stop + 1 < end; p = stop + 1)
		put(p + 1, (size_t)(stop - p));
	put(p, (size_t)(end - p));
}

static char *answer;			/* the last one, when it is wanted */
static size_t n_answer, cap_answer;

static void keep_answer(const char *p, size_t n)
{
	if (n_answer + n > cap_answer && !(answer = realloc(answer, cap_answer = 2 * (n_answer + n))))
		fail("an answer");
	memcpy(answer + n_answer, p, n);
	n_answer += n;
}

/* take_answer - up to its end, of request k; more than one is an error, unless more are out. */
static void take_answer(size_t k, size_t n_out, bool keeps)
{
	static char got[1 << 16];
	char last = '\n';		/* an answer without lines is an empty line */

	for (;;) {
		struct pollfd p = { sv.out, POLLIN, 0 };
		if (poll(&p, 1, PATIENCE_MS) != 1) {
			fprintf(stderr, "b-serve: no answer to '%.*s'\n", (int)strcspn(request[k].p, "\n"), request[k].p);
			kill(-sv.pid, SIGTERM);
			exit(3);
		}
		ssize_t n = read(sv.out, got, sizeof got);
		if (n <= 0) {
			fprintf(stderr, "b-serve: the service ended without an answer to '%.*s'\n", (int)strcspn(request[k].p, "\n"), request[k].p);
			exit(3);
		}
		if (keeps)
			keep_answer(got, (size_t)n);
		for (ssize_t i = 0; i < n; i++) {
			n_lines += got[i] == '\n';
			if (got[i] == '\n' && (is_line || last == '\n') && !--n_out) {
				if (i + 1 < n) {
					fprintf(stderr, "b-serve: more than an answer to '%.*s'\n", (int)strcspn(request[k].p, "\n"), request[k].p);
					exit(3);
				}
				return;
			}
			last = got[i];
		}
	}
}

/* ask - seconds from the first byte of a request to the last of its answer. */
static double ask(size_t k)
{
	double begin = now();

	put_request(k);
	take_answer(k, 1, false);
	return now() - begin;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void say(const char *name, double seconds)
{
	printf("%s\t%.0f\n", name, 1e6 * seconds);
}

/* ---- soak ---- */

struct sample { int pid; char name[20]; long own, mapped; };	/* kB */

static long status_of(int pid, const char *name)
{
	char path[40], line[200];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	if (!(f = fopen(path, "r")))
		return 0;
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			kb = atol(line + strlen(name));
	fclose(f);
	return kb;
}

/* look - the taste programs of the service, by number. */
static size_t look(struct sample *s)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	size_t n = 0;

	if (!dir)
		fail("/proc");
	while ((d = readdir(dir)) && n < PROCESSES) {
		char path[300], name[20];
		int pid = atoi(d->d_name), group;
		FILE *f;
		snprintf(path, sizeof path, "/proc/%s/stat", d->d_name);
		if (pid <= 0 || !(f = fopen(path, "r")))
			continue;
		if (fscanf(f, "%*d (%19[^)]) %*c %*d %d", name, &group) == 2 && group == sv.pid && !strncmp(name, "taste-", 6)) {
			s[n].pid = pid;
			strcpy(s[n].name, name);
			s[n].own = status_of(pid, "RssAnon:");
			s[n++].mapped = status_of(pid, "RssFile:");
		}
		fclose(f);
	}
	closedir(dir);
	return n;
}

/* report - a row of memory; from the first tenth on how far each has grown since. Returns whether one has by too much. */
static bool report(long percent, long done)
{
	static struct sample first[PROCESSES];
	static size_t n_first;
	struct sample s[PROCESSES];
	size_t n = look(s);
	bool has_grown = false;

	if (percent == 10) {
		memcpy(first, s, sizeof first);
		n_first = n;
	}
	printf("%3ld %% %9ld", percent, done);
	for (size_t i = 0; i < n; i++) {
		printf("   %s %ld + %ld", s[i].name, s[i].own, s[i].mapped);
		if (percent > 10 && (n != n_first || s[i].pid != first[i].pid || s[i].own > first[i].own + GROWTH_KB)) {
			printf(" GROWN");
			has_grown = true;
		}
	}
	printf("\n");
	fflush(stdout);
	return has_grown || !n;
}

/* probe - what is answered to each line of `lines` for a listener of this name, without the first column. The caller's to free. */
static char *probe(const char *lines, const char *name, size_t *n)
{
	char *out = NULL;
	size_t cap = 0;
	FILE *f = open_memstream(&out, &cap);

	for (const char *p = lines, *end; f && (end = strchr(p, '\n')); p = end + 1) {
		n_answer = 0;
		for (const char *c = p; c <= end; c++)
			put(*c == '@' ? name : c, *c == '@' ? strlen(name) : 1);
		take_answer(0, 1, true);
		bool is_first = true;
		for (size_t i = 0; i < n_answer; i++) {
			is_first &= answer[i] != '\t';
			if (!is_first || answer[i] == '\n')
				fputc(answer[i], f);
			is_first |= answer[i] == '\n';
		}
	}
	if (!f || fclose(f))
		fail("probes");
	*n = cap;
	return out;
}

static char *read_all(const char *path)
{
	char *p = NULL;
	size_t n = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		fail(path);
	if (getdelim(&p, &n, 0, f) < 0)
		p = calloc(1, 1);
	fclose(f);
	return p;
}

static void put_histogram(const double *took, long n)
{
	for (long from = 0, to; from < n; from = to) {
		double edge = 1e-6;
		while (2 * edge <= took[from])
			edge *= 2;
		for (to = from; to < n && took[to] < 2 * edge; )
			to++;
		printf("%10.0f us and longer %9ld %6.2f %% ", 1e6 * edge, to - from, 100 * (double)(to - from) / (double)n);
		for (long i = 0; i < 50 * (to - from) / n; i++)
			putchar('*');
		putchar('\n');
	}
	printf("median %.0f us, 90 %% %.0f, 99 %% %.0f, 99.9 %% %.0f, longest %.0f\n", 1e6 * took[n / 2], 1e6 * took[n * 9 / 10], 1e6 * took[n * 99 / 100], 1e6 * took[n * 999 / 1000], 1e6 * took[n - 1]);
}

static void run_hook(const char *hook, long percent)
{
	char at[24];

	snprintf(at, sizeof at, "%ld", percent);
	setenv("AT", at, 1);
	if (hook && system(hook)) {
		fprintf(stderr, "b-serve: at %ld %% '%s' failed\n", percent, hook);
		kill(-sv.pid, SIGTERM);
		exit(3);
	}
}

static int soak(long n, const char *probes, const char *hook, const char *command)
{
	char *lines = probes ? read_all(probes) : calloc(1, 1), *was, *is;
	size_t n_was, n_is, at = 0;
	double *took = calloc((size_t)n, sizeof *took), asking = 0;
	bool has_grown = false, differs = false;

	start(command);
	was = probe(lines, "probe.start", &n_was);
	report(0, 0);
	for (long i = 0, tenth = 1; i < n; i++) {
		asking += took[i] = ask(at++ % n_requests);
		if ((i + 1) * 10 < tenth * n)
			continue;
		has_grown |= report(10 * tenth, i + 1);
		run_hook(hook, 10 * tenth);
		if (tenth++ == 5) {
			size_t first = at % n_requests, n_out = 0, bytes = 0;
			while (n_out < BURST && (bytes += request[at % n_requests].len) <= BURST_BYTES) {
				put_request(at++ % n_requests);
				n_out++;
			}
			sleep(PAUSE_S);
			if (n_out)
				take_answer(first, n_out, false);
		}
	}
	for (int anew = 0; anew < 2; anew++) {
		is = probe(lines, anew ? "probe.anew" : "probe.end", &n_is);
		if (n_is != n_was || memcmp(is, was, n_is)) {
			printf("WRONG: %s the same requests have other answers\n", anew ? "started anew," : "at the end");
			differs = true;
		}
		free(is);
		stop();
		if (!anew)
			start(command);
	}
	qsort(took, (size_t)n, sizeof *took, by_time);
	put_histogram(took, n);
	printf("%.0f requests a second; ", (double)n / asking);
	if (probes)
		printf("%zu bytes of probes %s; ", n_was, differs ? "DIFFER" : "are the same at the end and started anew");
	printf("own memory %s\n", has_grown ? "HAS GROWN" : "has not grown");
	free(was);
	free(lines);
	free(took);
	return has_grown || differs;
}

int main(int argc, char **argv)
{
	long n = 10000, n_cold = 20;
	const char *probes = NULL, *hook = NULL;
	bool is_soak = false;
	size_t at = 0;
	int c;

	while ((c = getopt(argc, argv, "n:c:blsp:x:")) != -1) {
		n = c == 'n' ? atol(optarg) : n;
		n_cold = c == 'c' ? atol(optarg) : n_cold;
		is_line |= c == 'l';
		is_block |= c == 'b';
		is_soak |= c == 's';
		probes = c == 'p' ? optarg : probes;
		hook = c == 'x' ? optarg : hook;
		if (c == '?')
			return 2;
	}
	if (argc - optind != 2 || n < 1 + 9 * is_soak || n_cold < 0) {
		fprintf(stderr, "usage: b-serve [-n N] [-c N] [-bl] [-s [-p PROBES] [-x HOOK]] REQUESTS COMMAND\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	read_requests(argv[optind]);
	if (is_soak)
		return soak(n, probes, hook, argv[optind + 1]);
	double *took = calloc((size_t)(n > n_cold ? n : n_cold) + 1, sizeof *took);
	for (long i = 0; i < n_cold; i++) {
		double begin = now();
		start(argv[optind + 1]);
		ask(at++ % n_requests);
		took[i] = now() - begin;
		stop();
	}
	double cold = 0, slowest = 0;
	if (n_cold) {
		qsort(took, (size_t)n_cold, sizeof *took, by_time);
		cold = took[n_cold / 2];
		slowest = took[n_cold - 1];
	}
	start(argv[optind + 1]);
	for (long i = 0; i < n / 10; i++)
		ask(at++ % n_requests);
	n_lines = 0;
	for (long i = 0; i < n; i++)
		took[i] = ask(at++ % n_requests);
	stop();
	qsort(took, (size_t)n, sizeof *took, by_time);
	say("median", took[n / 2]);
	say("p90", took[n * 9 / 10]);
	say("p99", took[n * 99 / 100]);
	say("p999", took[n * 999 / 1000]);
	say("longest", took[n - 1]);
	if (n_cold) {
		say("cold", cold);
		say("slowest-cold", slowest);
	}
	printf("lines\t%.1f\n", (double)n_lines / (double)n - (is_line ? 0 : 1));
	free(took);
	free(request);
	free(text);
	return 0;
}
