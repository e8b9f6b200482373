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
	const char *names;	/* OPT_ENUM; of OPT_STR and OPT_LIST what completion offers, which is not checked */
	enum opt_flags flags;
};

/* Tables end with a row that has neither name nor type OPT_SECTION. The options that every program has (-h -V -q -v -t -T --cpu --progress) are added by tool.h. */

/*
 * opt_parse - cut argv by up to two tables (the second may be NULL). rest [argc] gets the operands in order, *n_rest how many; OPT_LIST arrays are mem_new'd; given [rows of own], when not NULL, gets true for
 * each that argv has, whatever its value. Returns 0, or ERR_USAGE with a sentence that names the option and what is wrong with its value. Calls getopt_long: not re-entrant.
 */
int opt_parse(int argc, char **argv, const struct opt *own, const struct opt *common, const char **rest, size_t *n_rest, bool *given, struct err *e);

struct buf;
/* opt_help - append the lines of --help for a table, with defaults as they stand in the variables. Call before opt_parse changes them. */
void opt_help(struct buf *b, const struct opt *table);
/* opt_value - append a variable's value as one would type it; nothing for an unset string or list, a number that is NAN or a choice below 0, which
 * options have whose default depends on others. */
void opt_value(struct buf *b, const struct opt *o);
/*
 * opt_tsv - append a line for each option, for what is made of the table by other programs (the test of man pages, completion in shells):
 *   letter, name, argument, value as it stands, choices ("a|b|c", perhaps only some), "file" or "dir" where it takes a path, "*" where it
 *   may be given several times, heading, help
 */
void opt_tsv(struct buf *b, const struct opt *table);

#endif
