/*
 * b-serve [-n N] [-c N] [-bl] REQUESTS COMMAND: how long a service on a pipe takes to answer. COMMAND, for the shell, reads standard input and answers on standard output; a request is a line of REQUESTS,
 * with -b all up to an empty line; they are begun again at their end. An answer ends with an empty line, or with -l is one line. One request is out at a time: it is written, and the next one waits for the answer's end.
 *
 *   -n N   requests [10000], behind a tenth as many that are not counted
 *   -c N   cold starts [20]: COMMAND is started, answers one request and ends
 *
 * TSV on stdout: name and microseconds of wall time. median, p90, p99, p999, longest of the requests; cold: the median from the start of a process to the end of its first answer, what it reads being in
 * the page cache; slowest-cold; lines: the mean of an answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

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
	for (char *p = text, *end; (end = is_block ? strstr(p, "\n\n") : strchr(p, '\n')); p = end) {
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

/* ask - seconds from the first byte of a request to the last of its answer. */
static double ask(size_t k)
{
	static char got[1 << 16];
	double begin = now();
	char last = '\n';		/* an answer without lines is an empty line */

	for (size_t at = 0; at < request[k].len; ) {
		ssize_t n = write(sv.in, request[k].p + at, request[k].len - at);
		if (n < 0)
			fail("the service does not read");
		at += (size_t)n;
	}
	for (;;) {
		struct pollfd p = { sv.out, POLLIN, 0 };
		if (poll(&p, 1, PATIENCE_MS) != 1) {
			fprintf(stderr, "b-serve: no answer to '%.*s'\n", (int)strcspn(request[k].p, "\n"), request[k].p);
			kill(sv.pid, SIGTERM);
			exit(3);
		}
		ssize_t n = read(sv.out, got, sizeof got);
		if (n <= 0) {
			fprintf(stderr, "b-serve: the service ended without an answer to '%.*s'\n", (int)strcspn(request[k].p, "\n"), request[k].p);
			exit(3);
		}
		for (ssize_t i = 0; i < n; i++) {
			n_lines += got[i] == '\n';
			if (got[i] == '\n' && (is_line || last == '\n')) {
				if (i + 1 < n) {
					fprintf(stderr, "b-serve: more than an answer to '%.*s'\n", (int)strcspn(request[k].p, "\n"), request[k].p);
					exit(3);
				}
				return now() - begin;
			}
			last = got[i];
		}
	}
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

int main(int argc, char **argv)
{
	long n = 10000, n_cold = 20;
	size_t at = 0;
	int c;

	while ((c = getopt(argc, argv, "n:c:bl")) != -1) {
		n = c == 'n' ? atol(optarg) : n;
		n_cold = c == 'c' ? atol(optarg) : n_cold;
		is_line |= c == 'l';
		is_block |= c == 'b';
		if (c == '?')
			return 2;
	}
	if (argc - optind != 2 || n < 1 || n_cold < 0) {
		fprintf(stderr, "usage: b-serve [-n N] [-c N] [-bl] REQUESTS COMMAND\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	read_requests(argv[optind]);
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
