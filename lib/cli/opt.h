/*
 * opt - one table makes the parser, --help and the test that holds the man page to both.
 *
 * A program declares `static struct { ... } o = { .k = 10 };` and a table whose rows point into it; help prints the defaults
 * from there, so they cannot drift. getopt_long does the cutting. Values are checked whole and against min/max here, so a program
 * only checks what involves two options.
 */
#ifndef TASTE_OPT_H
#define TASTE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

enum opt_type {
	OPT_FLAG,	/* bool *      no value */
	OPT_INT,	/* int64_t *   min <= v <= max when max > min */
	OPT_FLOAT,	/* double *    likewise */
	OPT_SIZE,	/* uint64_t *  bytes, K M G allowed */
	OPT_STR,	/* const char **  borrowed from argv */
	OPT_LIST,	/* struct opt_list *  may be given several times; not split */
	OPT_ENUM,	/* int *       one of `names` ("a|b|c"), stored as its index */
	OPT_SECTION,	/* a heading in --help; only `help` is used */
};

struct opt_list { const char **v; size_t n; };

enum opt_flags {
	OPT_NO_PROV = 1 << 0,	/* does not change the result: left out of the provenance line */
	OPT_IS_PATH = 1 << 1,	/* a file: named in provenance by option only, its digest stands in the inputs */
};

struct opt {
	char letter;		/* 0: long form only */
	const char *name;	/* "dim" for --dim */
	enum opt_type type;
	void *var;
	const char *arg;	/* placeholder: "N", "FILE"; NULL for flags */
	const char *help;	/* one line, no full stop; the default is added by us */
	double min, max;
	const char *names;	/* OPT_ENUM */
	enum opt_flags flags;
};

/* What every program has, with its place: -h -V -q -v -t -T --cpu --progress are added by tool.h. */

#endif
