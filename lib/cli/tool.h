/*
 * tool - what every taste program does the same way: options, messages, exit status, the last check of stdout.
 *
 *   int main(int argc, char **argv) {
 *           tool_init(&tool, argc, argv);               // parses; --help, -V and usage errors end here
 *           check_options();
 *           ...
 *           return tool_close(0);
 *   }
 * A program's own work may use die(). Library code may not.
 */
#ifndef TASTE_TOOL_H
#define TASTE_TOOL_H

#include <stdio.h>
#include "opt.h"
#include "../base/par.h"
#include "../base/buf.h"

struct tool {
	const char *name;	/* "taste-knn" */
	const char *about;	/* one line: what comes in, what goes out */
	const char *usage;	/* "[options] vectors [queries...]" : the synopsis behind the name */
	const struct opt *opts;	/* own options, ended by a zeroed row */
	const char *verbs;	/* "pop|als": a first word that must be one of these (before or after options); NULL none */
	const char *may;	/* likewise, but any other first word is a file: verb is NULL then. Not with verbs */
	void (*put_words)(struct buf *b);	/* append what a first word may be that the program itself looks at, for --opts-tsv. Not with verbs or may */
	bool makes_other;	/* another kind of thing than the operands are: none of them may be the output, for it would be gone. Before tool_reads_args */
	/* set by tool_init */
	const char *verb;
	const char **arg;	/* what is left: files */
	size_t n_args;
	bool is_quiet, is_verbose, wants_progress;
	int64_t threads;	/* -t as given; 0: one per CPU */
	const char *tmpdir;	/* -T, else $TMPDIR, else /tmp */
	struct buf prov;	/* the options that change the result, as typed in canonical order: "als -d 64 --alpha 1" (options at default are left out) */
};

extern const char *const tool_version;		/* "0.1.0", from the generated header */

/* tool_init - parse. Handles --help (stdout, 0), -V (stdout, 0), usage errors (stderr, 2), SIGPIPE and the OOM hook, and --cpu. (A CPU that is
 * too old is refused, with exit 3, before main.) Also --opts-tsv, undocumented: the tables as opt_tsv has them, behind a line that has neither letter nor name, but in place of the
 * argument whether there is a first word ("must", "may" or nothing), its choices, and "file" when the program reads files. */
void tool_init(struct tool *t, int argc, char **argv);
/* tool_check_verb - usage_die when an option that stands under a heading of the table (OPT_SECTION) which does not name this verb is given, be it at its default. */
void tool_check_verb(const char *verb);
/* tool_is_set - is the option that fills var given, be it at its default? */
bool tool_is_set(const void *var);
/* tool_pool - the threads of -t, made at the first call. */
struct par *tool_pool(void);
/* die - "taste-x: message" and exit with status (EXIT_USAGE 2, EXIT_SYS 3, EXIT_DATA 4). die_err takes both from an err. usage_die adds the usage line. */
enum { EXIT_NO = 1, EXIT_USAGE = 2, EXIT_SYS = 3, EXIT_DATA = 4 };
void die(int status, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
void die_err(const struct err *e) __attribute__((noreturn));
void usage_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* warn - "taste-x: message" on stderr unless -q. note - the same, only with -v, behind wall and CPU seconds. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* warn_far - when a log's newest event is beyond the year 5000, where only milliseconds are, most likely. */
void warn_far(int64_t newest);
/* tool_reads - say in check_options that path will be read: a second "-" is a usage error, for standard input can be read only once. tool_reads_args
 * says it of the operands from the one on, or of "-" where there are none. */
void tool_reads(const char *path);
void tool_reads_args(size_t from);
void tool_replaces(const char *path);		/* an operand that the output may take the place of, whatever tool.makes_other */
/* tool_inputs - what was said to be read, up to now. */
struct tool_input { const char *path; bool may_be_output; };
const struct tool_input *tool_inputs(size_t *n);
/* tool_close - check and close stdout, print the -v footer (version, command, seconds, peak RSS), free the pool. Returns the exit status. */
int tool_close(int status);

#endif
