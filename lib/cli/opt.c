#include <assert.h>
#include <getopt.h>
#include <math.h>
#include <string.h>

#include "opt.h"
#include "../base/buf.h"
#include "../base/mem.h"
#include "../base/scan.h"

enum { LONG_BASE = 1000, MAX_OPTS = 128 };	/* getopt's value for option i is LONG_BASE + i */

static bool is_end(const struct opt *o)
{
	return !o->name && o->type != OPT_SECTION;
}

void opt_value(struct buf *b, const struct opt *o)
{
	switch (o->type) {
	case OPT_FLAG:
	case OPT_SECTION:
		break;
	case OPT_INT:
		buf_put_i64(b, *(int64_t *)o->var);
		break;
	case OPT_FLOAT:
		if (!isnan(*(double *)o->var))
			buf_put_f64(b, *(double *)o->var);
		break;
	case OPT_STR:
		if (*(const char **)o->var)
			buf_puts(b, *(const char **)o->var);
		break;
	case OPT_LIST: {
		const struct opt_list *l = o->var;
		for (size_t i = 0; i < l->n; i++) {
			if (i)
				buf_putc(b, ' ');
			buf_puts(b, l->v[i]);
		}
		break;
	}
	case OPT_ENUM: {
		const char *p = *(int *)o->var < 0 ? NULL : o->names;
		for (int i = *(int *)o->var; i > 0 && p; i--)
			p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL;
		if (p)
			buf_put(b, p, strcspn(p, "|"));
		break;
	}
	}
}

void opt_help(struct buf *b, const struct opt *table)
{
	enum { COLUMN = 28 };

	for (const struct opt *o = table; !is_end(o); o++) {
		if (o->type == OPT_SECTION) {
			buf_printf(b, "\n%s\n", o->help);
			continue;
		}
		size_t start = b->len;
		if (o->letter)
			buf_printf(b, "  -%c, --%s", o->letter, o->name);
		else
			buf_printf(b, "      --%s", o->name);
		if (o->arg)
			buf_printf(b, " %s", o->arg);
		if (b->len - start >= COLUMN) {
			buf_putc(b, '\n');
			start = b->len;
		}
		while (b->len - start < COLUMN)
			buf_putc(b, ' ');
		buf_puts(b, o->help);
		struct buf v = { 0 };
		opt_value(&v, o);
		if (o->type == OPT_ENUM && o->names)
			buf_printf(b, " (%s)", o->names);
		if (v.len)
			buf_printf(b, " [%s]", v.p);
		buf_release(&v);
		buf_putc(b, '\n');
	}
}

/* path_of - what an option's path is of, by its flag or the word that stands for its value; "" when it takes none. */
static const char *path_of(const struct opt *o)
{
	static const char *const words[] = { "FILE", "EVENTS", "LISTS", "LOG", "MODEL", "PREFIX", "VECTORS" };

	if (!o->arg)
		return "";
	if (!strcmp(o->arg, "DIR"))
		return "dir";
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(o->arg, words[i]))
			return "file";
	return o->flags & OPT_IS_PATH ? "file" : "";
}

void opt_tsv(struct buf *b, const struct opt *table)
{
	const char *heading = "";

	for (const struct opt *o = table; !is_end(o); o++) {
		if (o->type == OPT_SECTION) {
			heading = o->help;
			continue;
		}
		if (o->letter)
			buf_putc(b, o->letter);
		buf_printf(b, "\t%s\t%s\t", o->name, o->arg ? o->arg : "");
		opt_value(b, o);
		buf_printf(b, "\t%s\t%s\t%s\t%s\t%s\n", o->names ? o->names : "", path_of(o), o->type == OPT_LIST ? "*" : "", heading, o->help);
	}
}

static int bad_value(const struct opt *o, const char *v, const char *what, struct err *e)
{
	char clip[ERR_CLIP_MAX];
	struct buf range = { 0 };

	if (o->max > o->min && (o->type == OPT_INT || o->type == OPT_FLOAT)) {
		buf_puts(&range, " from ");
		buf_put_f64(&range, o->min);
		buf_puts(&range, " to ");
		buf_put_f64(&range, o->max);
	}
	err_set(e, ERR_USAGE, "--%s: '%s' is not %s%s", o->name, err_clip(clip, v, strlen(v)), what, range.p ? range.p : "");
	buf_release(&range);
	return ERR_USAGE;
}

static int set_enum(const struct opt *o, const char *v, struct err *e)
{
	size_t len = strlen(v);
	int i = 0;

	for (const char *p = o->names;; p++, i++) {
		size_t n = strcspn(p, "|");
		if (n == len && !memcmp(p, v, n)) {
			*(int *)o->var = i;
			return 0;
		}
		p += n;
		if (!*p)
			break;
	}
	char clip[ERR_CLIP_MAX];
	return err_set(e, ERR_USAGE, "--%s: '%s' is not one of %s", o->name, err_clip(clip, v, len), o->names);
}

static int set(const struct opt *o, const char *v, struct err *e)
{
	bool has_range = o->max > o->min;

	if (*path_of(o) && !*v)
		return err_set(e, ERR_USAGE, "--%s: a name is empty", o->name);
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->var = true;
		return 0;
	case OPT_INT: {
		int64_t x;
		if (!scan_i64(v, strlen(v), &x) || (has_range && ((double)x < o->min || (double)x > o->max)))
			return bad_value(o, v, "a whole number", e);
		*(int64_t *)o->var = x;
		return 0;
	}
	case OPT_FLOAT: {
		double x;
		if (!scan_f64(v, strlen(v), &x) || (has_range && (x < o->min || x > o->max)))
			return bad_value(o, v, "a number", e);
		*(double *)o->var = x;
		return 0;
	}
	case OPT_STR:
		*(const char **)o->var = v;
		return 0;
	case OPT_LIST: {
		struct opt_list *l = o->var;
		l->v = mem_grow(l->v, l->n + 1, sizeof *l->v);
		l->v[l->n++] = v;
		return 0;
	}
	case OPT_ENUM:
		return set_enum(o, v, e);
	case OPT_SECTION:
		break;
	}
	return 0;
}

int opt_parse(int argc, char **argv, const struct opt *own, const struct opt *common, const char **rest, size_t *n_rest, bool *given, struct err *e)
{
	struct option longs[MAX_OPTS + 1];
	const struct opt *row[MAX_OPTS];
	char shorts[2 * MAX_OPTS + 2] = ":";
	size_t n = 0, s = 1;
	int got, ret = 0, at = 0;

	for (int t = 0; t < 2; t++)
		for (const struct opt *o = t ? common : own; o && !is_end(o); o++) {
			if (o->type == OPT_SECTION)
				continue;
			assert(n < MAX_OPTS);
			bool has_arg = o->type != OPT_FLAG;
			longs[n] = (struct option){ o->name, has_arg ? required_argument : no_argument, NULL, LONG_BASE + (int)n };
			row[n++] = o;
			if (o->letter) {
				shorts[s++] = o->letter;
				if (has_arg)
					shorts[s++] = ':';
			}
		}
	longs[n] = (struct option){ 0 };
	opterr = 0;
	optind = 0;		/* glibc: start afresh, also in a test that parses twice */
	*n_rest = 0;
	while (!ret && (got = getopt_long(argc, argv, shorts, longs, &at)) != -1) {
		const struct opt *o = NULL;
		if (got == ':') {
			for (size_t i = 0; i < n; i++)
				if (optopt == LONG_BASE + (int)i || optopt == row[i]->letter)
					o = row[i];
			return err_set(e, ERR_USAGE, "--%s needs a value (%s)", o ? o->name : "?", o && o->arg ? o->arg : "");
		}
		if (got == '?') {
			const char *a = argv[optind > 0 ? optind - 1 : 0];
			if (optopt >= LONG_BASE && optopt < LONG_BASE + (int)n)
				return err_set(e, ERR_USAGE, "--%s takes no value", row[optopt - LONG_BASE]->name);
			if (optopt && optopt < LONG_BASE)
				return err_set(e, ERR_USAGE, "unknown option -%c", optopt);
			for (size_t i = 0, m = 0; i < n; i++)	/* an abbreviation of several? */
				if (!strncmp(a + 2, row[i]->name, strcspn(a + 2, "=")) && ++m == 2)
					return err_set(e, ERR_USAGE, "option '%.60s' could be several", a);
			return err_set(e, ERR_USAGE, "unknown option '%.60s'", a);
		}
		for (size_t i = 0; i < n; i++)
			if (got == LONG_BASE + (int)i || (got < LONG_BASE && got == row[i]->letter)) {
				o = row[i];
				break;
			}
		if (!o)
			continue;
		ret = set(o, optarg, e);
		for (size_t i = 0; given && !is_end(&own[i]); i++)
			if (&own[i] == o)
				given[i] = true;
	}
	while (optind < argc)
		rest[(*n_rest)++] = argv[optind++];
	return ret;
}
