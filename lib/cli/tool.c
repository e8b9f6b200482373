#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "version.h"

#include "about.h"
#include "progress.h"
#include "tool.h"
#include "../base/clock.h"
#include "../base/cpu.h"
#include "../base/mem.h"
#include "../base/tmp.h"

const char *const tool_version = TASTE_VERSION;

enum { MAX_ROWS = 128 };

static struct {
	struct tool *t;
	int argc;
	char **argv;
	double start;
	struct par *pool;
	int n_stdin;		/* inputs that are standard input */
	struct tool_input *input;
	size_t n_inputs, cap_inputs;
	bool given[MAX_ROWS];	/* of the program's own options, by row: argv has it */
} g;

static struct {
	bool help, version, opts_tsv;
	const char *cpu;
} common_o = { .cpu = "auto" };

static double cpu_seconds(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

/* ---- messages and the end ---- */

static void message(const char *fmt, va_list ap)
{
	struct buf b = { 0 };

	/* one write, so that lines of a pipeline's programs do not mix */
	buf_printf(&b, "%s%s: ", progress_wipe(), g.t ? g.t->name : "taste");
	size_t from = b.len;
	buf_vprintf(&b, fmt, ap);
	for (size_t i = from; i < b.len; i++)		/* a file may be called anything */
		if ((unsigned char)b.p[i] < ' ' || b.p[i] == 127)
			b.p[i] = '?';
	buf_putc(&b, '\n');
	fflush(stderr);
	fwrite(b.p, 1, b.len, stderr);
	fflush(stderr);
	buf_release(&b);
}

void die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	tmp_unlink_all();		/* nothing is freed: other threads are at work */
	_exit(status);
}

void die_err(const struct err *e)
{
	die(err_exit(e->code), "%s", e->msg);
}

void usage_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
	fprintf(stderr, "usage: %s %s\n", g.t->name, g.t->usage);
	fflush(stderr);
	tmp_unlink_all();
	_exit(EXIT_USAGE);
}

void warn(const char *fmt, ...)
{
	va_list ap;

	if (g.t->is_quiet)
		return;
	va_start(ap, fmt);
	message(fmt, ap);
	va_end(ap);
}

void warn_far(int64_t newest)
{
	if (newest >= INT64_C(95617584000))
		warn("the newest event is at %lld, beyond the year 5000: are times milliseconds? taste-ingest makes seconds of them", (long long)newest);
}

void note(const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	if (!g.t->is_verbose)
		return;
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s%s: [%.2f*%.2f] %s\n", progress_wipe(), g.t->name, clock_now() - g.start, cpu_seconds(), b.p);
	buf_release(&b);
}

static void on_oom(size_t bytes)
{
	static atomic_flag is_told = ATOMIC_FLAG_INIT;
	char s[160];

	while (atomic_flag_test_and_set(&is_told))	/* another thread ends us */
		pause();
	int n = snprintf(s, sizeof s, "%s%s: out of memory (%zu bytes more were needed)\n", progress_wipe(), g.t ? g.t->name : "taste", bytes);

	if (n > 0 && write(STDERR_FILENO, s, (size_t)n) < 0)
		_exit(EXIT_SYS);
	tmp_unlink_all();
	_exit(EXIT_SYS);
}

static void on_signal(int sig)
{
	tmp_unlink_all();
	signal(sig, SIG_DFL);		/* and die of it, so that the shell sees why */
	raise(sig);
}

static char cut_short[160];		/* what on_bus_error says */

/* on_bus_error - a page of a mapped file is not there any more: somebody has made the file shorter, or its disk fails. */
static void on_bus_error(int sig, siginfo_t *info, void *unused)
{
	(void)unused;
	if (info->si_code == BUS_ADRERR && write(STDERR_FILENO, cut_short, strlen(cut_short)) > 0) {
		tmp_unlink_all();
		_exit(EXIT_SYS);
	}
	on_signal(sig);
}

static void set_signals(void)
{
	/* those that end a program unless it does something about it; SIGXCPU is the time limit of a batch system */
	static const int end[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGABRT, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT };
	struct sigaction sa = { .sa_handler = on_signal }, old;

	signal(SIGXFSZ, SIG_IGN);	/* a write beyond the limit is an error like others */
	sigemptyset(&sa.sa_mask);
	sa.sa_flags = (int)SA_RESETHAND;
	for (int i = 0, n = (int)(sizeof end / sizeof *end); i < n + SIGRTMAX - SIGRTMIN + 1; i++) {
		int sig = i < n ? end[i] : SIGRTMIN + i - n;
		sigaction(sig, NULL, &old);
		if (old.sa_handler != SIG_IGN)		/* nohup stays nohup */
			sigaction(sig, &sa, NULL);
	}
	snprintf(cut_short, sizeof cut_short, "%s: a file was made shorter while it was read, or its disk fails\n", g.t->name);
	sa.sa_sigaction = on_bus_error;
	sa.sa_flags |= SA_SIGINFO;
	sigaction(SIGBUS, &sa, NULL);
}

/* hold_standard_fds - a program started with 0, 1 or 2 closed would get one of them for its first file, and messages would end in its output. Open
 * them the wrong way round instead: using one is then the error it should be. */
static void hold_standard_fds(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			_exit(EXIT_SYS);
}

/* unblock_sigpipe - back to its default even where the parent ignored or blocked it: `| head` ends us quietly. */
static void unblock_sigpipe(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- options ---- */

static const struct opt common[] = {
	{ .type = OPT_SECTION, .help = "every program:" },
	{ 'h', "help", OPT_FLAG, &common_o.help, NULL, "print this and exit", .flags = OPT_NO_PROV },
	{ 'q', "quiet", OPT_FLAG, NULL, NULL, "no warnings, no progress", .flags = OPT_NO_PROV },
	{ 't', "threads", OPT_INT, NULL, "N", "threads; 0: one for each CPU", .min = 0, .max = 64, .flags = OPT_NO_PROV },
	{ 'T', "tmpdir", OPT_STR, NULL, "DIR", "where scratch files go", .flags = OPT_NO_PROV },
	{ 'v', "verbose", OPT_FLAG, NULL, NULL, "say what is done; time and memory at the end", .flags = OPT_NO_PROV },
	{ 'V', "version", OPT_FLAG, &common_o.version, NULL, "print version and build, and exit", .flags = OPT_NO_PROV },
	{ 0, "cpu", OPT_STR, &common_o.cpu, "PATH", "auto, plain, avx2, avx512: same output", .names = "auto|plain|avx2|avx512", .flags = OPT_NO_PROV },
	{ 0, "progress", OPT_FLAG, NULL, NULL, "show progress also where stderr is no terminal", .flags = OPT_NO_PROV },
	{ 0 },
};
static const struct opt hidden[] = {
	{ 0, "opts-tsv", OPT_FLAG, &common_o.opts_tsv, NULL, "", .flags = OPT_NO_PROV },
	{ 0 },
};
enum { N_COMMON = sizeof common / sizeof *common };

/* fill_common - the common table with its variables in t, and the hidden option behind it. */
static void fill_common(struct opt *table, struct tool *t)
{
	memcpy(table, common, sizeof common);
	for (struct opt *o = table; o->name || o->type == OPT_SECTION; o++)
		if (!o->var && o->name)
			o->var = !strcmp(o->name, "quiet") ? (void *)&t->is_quiet : !strcmp(o->name, "verbose") ? (void *)&t->is_verbose :
				 !strcmp(o->name, "progress") ? (void *)&t->wants_progress : !strcmp(o->name, "threads") ? (void *)&t->threads :
				 (void *)&t->tmpdir;
	memcpy(table + N_COMMON - 1, hidden, sizeof hidden);
}

static void put_help(struct buf *b, const struct tool *t, const struct opt *common_table)
{
	buf_printf(b, "usage: %s %s\n\n%s\n\n", t->name, t->usage, t->about);
	opt_help(b, t->opts);
	opt_help(b, common_table);
	buf_printf(b, "\nExit status: 0 done, 1 no, 2 usage, 3 system, 4 data; see taste(7), and %s(1) for the whole story.\n"
		   "Report bugs in the project's issue tracker.\n", t->name);
}

/* put_table - what --opts-tsv prints. */
static void put_table(struct buf *b, const struct tool *t, const struct opt *common_table)
{
	buf_printf(b, "\t\t%s\t\t%s", t->may ? "may" : t->verbs || t->put_words ? "must" : "", t->verbs ? t->verbs : t->may ? t->may : "");
	if (t->put_words)
		t->put_words(b);
	buf_printf(b, "\t%s\t\t\t%s\n", strcmp(t->usage, "[options]") ? "file" : "", t->about);
	opt_tsv(b, t->opts);
	opt_tsv(b, common_table);
}

static void print_and_exit(struct buf *b)
{
	if (fwrite(b->p, 1, b->len, stdout) != b->len || fflush(stdout))
		die(EXIT_SYS, "(standard output): %s", strerror(errno));
	exit(0);
}

/* a value as the shell would need it: plain when it is harmless, else in single quotes */
static void put_word(struct buf *b, const char *s)
{
	if (*s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,=+%@^-") == strlen(s)) {
		buf_puts(b, s);
		return;
	}
	buf_putc(b, '\'');
	for (; *s; s++)
		if (*s == '\'')
			buf_puts(b, "'\\''");
		else
			buf_putc(b, (unsigned char)*s < 32 ? '?' : *s);
	buf_putc(b, '\'');
}

static void put_one(struct buf *b, const struct opt *o, const char *value)
{
	if (b->len)
		buf_putc(b, ' ');
	if (o->letter)
		buf_printf(b, "-%c", o->letter);
	else
		buf_printf(b, "--%s", o->name);
	if (o->flags & OPT_IS_PATH || o->type == OPT_FLAG)
		return;
	buf_putc(b, ' ');
	put_word(b, value);
}

/* put_prov - the options whose values are not their defaults, in the order of the table. `was` holds the defaults as text. */
static void put_prov(struct buf *b, const struct opt *table, char **was)
{
	size_t i = 0;

	for (const struct opt *o = table; o->name || o->type == OPT_SECTION; o++, i++) {
		struct buf v = { 0 };
		if (o->type == OPT_SECTION || o->flags & OPT_NO_PROV)
			continue;
		opt_value(&v, o);
		if (o->type == OPT_FLAG) {
			if (*(bool *)o->var)
				put_one(b, o, "");
		} else if (o->type == OPT_LIST) {
			const struct opt_list *l = o->var;
			for (size_t j = 0; j < l->n; j++)
				put_one(b, o, l->v[j]);
		} else if (strcmp(v.p ? v.p : "", was[i])) {
			put_one(b, o, v.p);
		}
		buf_release(&v);
	}
}

static bool is_verb(const char *verbs, const char *s)
{
	size_t len = strlen(s);

	for (const char *p = verbs;; p++) {
		size_t n = strcspn(p, "|");
		if (n == len && !memcmp(p, s, n))
			return true;
		p += n;
		if (!*p)
			return false;
	}
}

/* refuse_cpu - before main, which may begin with an instruction that the CPU has not. On such a CPU only this file, cpu.c, err.c and libc are safe to run. */
static __attribute__((constructor)) void refuse_cpu(void)
{
	struct err e = { 0 };

	if (!cpu_require(&e))
		return;
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, e.msg);
	_exit(EXIT_SYS);
}

void tool_init(struct tool *t, int argc, char **argv)
{
	struct opt table[N_COMMON + sizeof hidden / sizeof *hidden], shown[N_COMMON] = { 0 };
	struct err e = { 0 };
	struct buf out = { 0 }, help = { 0 };
	char *was[MAX_ROWS];
	size_t n_was = 0;

	g.t = t;
	g.argc = argc;
	g.argv = argv;
	g.start = clock_now();
	hold_standard_fds();
	unblock_sigpipe();
	set_signals();
	mem_on_oom(on_oom);
	fill_common(table, t);
	if (!t->tmpdir) {
		tmp_dir_set(getenv("TMPDIR"));
		t->tmpdir = tmp_dir();
	}
	memcpy(shown, table, (N_COMMON - 1) * sizeof *shown);
	put_help(&help, t, shown);
	for (const struct opt *o = t->opts; o->name || o->type == OPT_SECTION; o++) {
		struct buf v = { 0 };
		assert(n_was < MAX_ROWS);
		opt_value(&v, o);
		was[n_was++] = v.p ? buf_detach(&v) : mem_strdup("");
	}
	struct buf defaults = { 0 };
	put_table(&defaults, t, shown);

	t->arg = mem_new((size_t)argc + 1, sizeof *t->arg);
	if (opt_parse(argc, argv, t->opts, table, t->arg, &t->n_args, g.given, &e))
		usage_die("%s", e.msg);
	tmp_dir_set(t->tmpdir);
	if (common_o.help)
		print_and_exit(&help);
	if (common_o.opts_tsv)
		print_and_exit(&defaults);
	buf_release(&help);
	buf_release(&defaults);
	if (cpu_select(common_o.cpu, &e)) {
		if (e.code == ERR_USAGE)
			usage_die("--cpu: %s", e.msg);
		die_err(&e);
	}
	if (common_o.version) {
		about_put(&out, t->name, (int)t->threads);
		print_and_exit(&out);
	}
	progress_enable(!t->is_quiet && (t->wants_progress || isatty(STDERR_FILENO)));
	if (t->verbs && !t->n_args)
		usage_die("say what to do: %s", t->verbs);
	if (t->verbs && !is_verb(t->verbs, t->arg[0]))
		usage_die("'%.60s' is not one of %s", t->arg[0], t->verbs);
	if (t->verbs || (t->may && t->n_args && is_verb(t->may, t->arg[0]))) {
		t->verb = *t->arg++;
		t->n_args--;
		buf_puts(&t->prov, t->verb);
	}
	put_prov(&t->prov, t->opts, was);
	buf_put(&t->prov, "", 0);	/* a string even when it is empty */
	while (n_was)
		mem_free(was[--n_was]);
}

void tool_check_verb(const char *verb)
{
	const char *heading = NULL;
	size_t i = 0;

	for (const struct opt *o = g.t->opts; o->name || o->type == OPT_SECTION; o++, i++)
		if (o->type == OPT_SECTION)
			heading = o->help;
		else if (heading && !strstr(heading, verb) && g.given[i])
			usage_die("--%s is an option of %.*s", o->name, (int)strcspn(heading, ":"), heading);
}

bool tool_is_set(const void *var)
{
	size_t i = 0;

	while (g.t->opts[i].var != var)
		i++;
	return g.given[i];
}

static void note_input(const char *path, bool may_be_output)
{
	if (!path)
		return;
	if (!strcmp(path, "-") && ++g.n_stdin > 1)
		usage_die("standard input can be read only once");
	arr_reserve(g.input, g.n_inputs + 1, g.cap_inputs);
	g.input[g.n_inputs++] = (struct tool_input){ path, may_be_output };
}

void tool_reads(const char *path)
{
	note_input(path, false);
}

void tool_replaces(const char *path)
{
	note_input(path, true);
}

void tool_reads_args(size_t from)
{
	for (size_t i = from; i < g.t->n_args; i++)
		note_input(g.t->arg[i], !g.t->makes_other);
	if (g.t->n_args <= from)
		note_input("-", !g.t->makes_other);
}

const struct tool_input *tool_inputs(size_t *n)
{
	*n = g.n_inputs;
	return g.input;
}

struct par *tool_pool(void)
{
	struct err e = { 0 };

	if (!g.pool && !(g.pool = par_new((int)g.t->threads, &e)))
		die_err(&e);
	return g.pool;
}

int tool_close(int status)
{
	struct rusage r;

	if (fflush(stdout) || ferror(stdout) || (close(STDOUT_FILENO) && errno != EBADF))
		die(EXIT_SYS, "(standard output): %s", strerror(errno));
	tmp_unlink_all();		/* locks: all else was closed */
	par_free(g.pool);
	g.pool = NULL;
	if (g.t->is_verbose) {
		getrusage(RUSAGE_SELF, &r);
		fprintf(stderr, "%s: version %s, command:", g.t->name, TASTE_VERSION);
		for (int i = 0; i < g.argc; i++)
			fprintf(stderr, " %s", g.argv[i]);
		fprintf(stderr, "\n%s: %.3f s wall, %.3f s CPU, peak RSS %.1f MB\n", g.t->name, clock_now() - g.start, cpu_seconds(),
			(double)r.ru_maxrss / 1024);
	}
	mem_free(g.input);
	mem_free(g.t->verb ? (void *)(g.t->arg - 1) : (void *)g.t->arg);
	buf_release(&g.t->prov);
	return status;
}
