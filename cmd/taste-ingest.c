/*
 * taste-ingest - any listening log in, one event log out. Streams: a row is written as soon as it is read. Holds nothing but, with -b, the ids of what it wrote, with
 * --items the catalogue, and with -v the ids, to count them.
 */
#include <string.h>
#include <time.h>

#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/cli/tool.h"
#include "../lib/source/source.h"

static struct {
	const char *map, *user, *event, *items, *catalogue, *rejects, *max_rejects, *out;
	int time_unit;
	bool has_header, is_binary, has_escapes, wants_list, wants_header;
} o = { .out = "-" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the events in binary", .flags = OPT_NO_PROV },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "the input begins with a line of column names (tsv, csv)" },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "list", OPT_FLAG, &o.wants_list, NULL, "name the sources and exit", .flags = OPT_NO_PROV },
	{ 0, "map", OPT_STR, &o.map, "WHAT=COLUMN,...", "where user, item, time, event, value, ... stand (tsv, csv, jsonl)" },
	{ 0, "user", OPT_STR, &o.user, "NAME", "the user of rows that name none" },
	{ 0, "event", OPT_STR, &o.event, "KIND", "the event of rows that name none" },
	{ 0, "time-unit", OPT_ENUM, &o.time_unit, "UNIT", "of times that are numbers; auto: from 1e11 on they are ms", .names = "auto|s|ms" },
	{ 0, "escapes", OPT_FLAG, &o.has_escapes, NULL, "tsv: \\t \\n \\r \\\\ stand for what they say; else a backslash is a backslash" },
	{ 0, "items", OPT_STR, &o.items, "FILE", "write the catalogue there", .flags = OPT_NO_PROV },
	{ 0, "catalogue", OPT_STR, &o.catalogue, "FILE", "the source's own list of items (movies.dat, artists.dat, ...)", .flags = OPT_NO_PROV | OPT_IS_PATH },
	{ 0, "rejects", OPT_STR, &o.rejects, "FILE", "go on at bad rows and write them there with the reason", .flags = OPT_NO_PROV },
	{ 0, "max-rejects", OPT_STR, &o.max_rejects, "N|N%", "with --rejects: give up when there are more", .flags = OPT_NO_PROV },
	{ 0, "header-out", OPT_FLAG, &o.wants_header, NULL, "text: write a line of column names first", .flags = OPT_NO_PROV },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-ingest",
	.about = "turn a listening log into events; --list names the sources",
	.usage = "SOURCE [options] [file...]",
	.opts = opts,
};

static struct eventw *events;
static struct sink *rejects;
static struct items items;
static struct buf line, inputs;
static struct prov prov;
static struct vocab users, seen;	/* with -v: who and what was there */
static struct { uint64_t read, written, rejected, bytes; int64_t first, last; double start; } n = { .first = INT64_MAX, .last = INT64_MIN };
static double max_share = -1, max_count = -1;		/* --max-rejects; below 0: any */

static struct { const char *name; uint64_t n; } reason[32];

static void count_reason(const char *name)
{
	int i = 0;

	while (i < 31 && reason[i].name && strcmp(reason[i].name, name))
		i++;
	reason[i].name = name;
	reason[i].n++;
}

/* ---- the catalogue ---- */

static void write_items(struct sink *s, struct err *e)
{
	for (size_t i = 0; i < items.id.n; i++) {
		buf_reset(&line);
		tsv_put(&line, items.id.str[i].p, items.id.str[i].len);
		for (int c = 0; c < ITEM_COLUMNS; c++) {
			buf_putc(&line, '\t');
			tsv_put(&line, items.row[i][c].p, items.row[i][c].len);
		}
		buf_putc(&line, '\n');
		if (sink_write(s, line.p, line.len, e))
			die_err(e);
	}
}

/* ---- rows ---- */

/* is_too_many - more rejects than --max-rejects allows? A share is looked at from 1000 rows on, and at the end. */
static bool is_too_many(bool is_end)
{
	if (max_count >= 0 && (double)n.rejected > max_count)
		return true;
	return max_share >= 0 && (is_end || n.read >= 1000) && (double)n.rejected > max_share * (double)n.read;
}

static void keep_reject(struct source *s, const struct err *why, struct err *e)
{
	struct str text = source_text(s);

	n.rejected++;
	count_reason(source_reason(s));
	if (!rejects)
		die_err(why);
	buf_reset(&line);
	tsv_put(&line, source_file(s), strlen(source_file(s)));
	buf_printf(&line, ":%llu\t%s\t", (unsigned long long)source_line(s), source_reason(s));
	tsv_put(&line, text.p, text.len);
	buf_putc(&line, '\n');
	if (sink_write(rejects, line.p, line.len, e))
		die_err(e);
	if (is_too_many(false))
		die(EXIT_DATA, "%llu of %llu rows are bad, more than --max-rejects %s; the last: %s", (unsigned long long)n.rejected,
		    (unsigned long long)n.read, o.max_rejects, why->msg);
}

static void ingest_file(struct source *s, const char *path, struct progress *pr, struct err *e)
{
	struct source_item it;
	struct event ev;
	struct err why = { 0 };
	uint64_t total;
	int got;

	if (source_open(s, path, e))
		die_err(e);
	uint64_t before = source_bytes(s, &total);
	pr->total = total;
	while ((got = source_next(s, &ev, &it, &why)) > 0) {
		n.read++;
		if (got == SOURCE_REJECT) {
			keep_reject(s, &why, e);
			why.code = ERR_NONE;
			continue;
		}
		if (o.items)
			source_note_item(&items, ev.item, &it);
		if (eventw_write(events, &ev, e))
			die_err(e);
		if (tool.is_verbose) {
			vocab_add(&users, ev.user.p, ev.user.len);
			vocab_add(&seen, ev.item.p, ev.item.len);
		}
		n.written++;
		if (ev.time != TIME_NONE) {
			n.first = ev.time < n.first ? ev.time : n.first;
			n.last = ev.time > n.last ? ev.time : n.last;
		}
		if (!(n.read & 1023))
			progress_set(pr, source_bytes(s, &total) - before);
	}
	if (got < 0)
		die_err(&why);
	n.bytes += source_offset(s);
	char digest[40];
	source_digest(s, digest);
	if (inputs.len)
		buf_putc(&inputs, ',');
	buf_puts(&inputs, digest);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void say_counts(void)
{
	char a[32], b[32];
	double seconds = now() - n.start + 1e-6;

	if (n.rejected)
		warn("%llu of %llu rows rejected, kept in %s", (unsigned long long)n.rejected, (unsigned long long)n.read, o.rejects);
	for (int i = 0; i < 32 && reason[i].name; i++)
		note("rejected for %s: %llu", reason[i].name, (unsigned long long)reason[i].n);
	note("%llu rows read, %llu rejected, %llu events written; %zu users, %zu items", (unsigned long long)n.read, (unsigned long long)n.rejected,
	     (unsigned long long)n.written, users.n, seen.n);
	if (n.first <= n.last)
		note("from %s to %s", time_iso(n.first, a), time_iso(n.last, b));
	if (o.items)
		note("%zu items in the catalogue", items.id.n);
	note("%.1f MB in %.2f s: %.0f rows/s, %.1f MB/s", 1e-6 * (double)n.bytes, seconds, (double)n.read / seconds, 1e-6 * (double)n.bytes / seconds);
}

static void list_sources(void)
{
	for (const struct source_kind *k = source_list; k->name; k++)
		printf("%-12s %s\n", k->name, k->about);
}

static bool is_same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void check_options(void)
{
	size_t len = o.max_rejects ? strlen(o.max_rejects) : 0;
	bool is_share = len && o.max_rejects[len - 1] == '%';
	double v = 0;

	if (!tool.n_args)
		usage_die("which source? --list names them");
	if (o.max_rejects && !o.rejects)
		usage_die("--max-rejects goes with --rejects");
	if (o.max_rejects && (!scan_f64(o.max_rejects, len - is_share, &v) || v < 0))
		usage_die("--max-rejects: '%.40s' is not a number or a share such as 1%%", o.max_rejects);
	if (is_share)
		max_share = v / 100;
	else if (o.max_rejects)
		max_count = v;
	if (o.catalogue && !o.items)
		usage_die("--catalogue goes with --items, which says where the catalogue is written");
	if (is_same(o.out, o.items) || is_same(o.out, o.rejects) || is_same(o.items, o.rejects))
		usage_die("'%.60s' can hold only one of the events, --items and --rejects", is_same(o.items, o.rejects) ? o.items : o.out);
	for (size_t i = 1; i < tool.n_args; i++)
		tool_reads(tool.arg[i]);
	if (tool.n_args == 1)
		tool_reads("-");
	tool_reads(o.catalogue);
}

int main(int argc, char **argv)
{
	static const char *from_stdin[] = { "-" };
	struct err e = { 0 };
	struct progress pr;

	tool_init(&tool, argc, argv);
	if (o.wants_list) {
		list_sources();
		return tool_close(0);
	}
	check_options();
	n.start = now();
	struct source_opts so = { .map = o.map, .user = o.user, .event = o.event, .has_header = o.has_header, .has_escapes = o.has_escapes,
				  .time_unit = (enum scan_time_unit)o.time_unit };
	struct source *s = source_new(tool.arg[0], &so, &e);
	if (!s)
		usage_die("%s", e.msg);
	struct sink *out = tool_output(o.out, o.is_binary), *catalogue = o.items ? tool_output(o.items, false) : NULL;
	rejects = o.rejects ? tool_output(o.rejects, false) : NULL;
	if (o.catalogue && source_catalogue(&items, tool.arg[0], o.catalogue, o.has_header, &e))
		die_err(&e);
	if (!(events = eventw_new(out, o.is_binary ? EVENT_BINARY : o.wants_header ? EVENT_TSV_HEADER : EVENT_TSV, &e)))
		die_err(&e);
	const char **path = tool.n_args > 1 ? tool.arg + 1 : from_stdin;
	size_t n_files = tool.n_args > 1 ? tool.n_args - 1 : 1;
	progress_start(&pr, "ingest", "bytes", 0);
	for (size_t i = 0; i < n_files; i++)
		ingest_file(s, path[i], &pr, &e);
	progress_end(&pr);
	if (is_too_many(true))
		die(EXIT_DATA, "%llu of %llu rows are bad, more than --max-rejects %s", (unsigned long long)n.rejected, (unsigned long long)n.read,
		    o.max_rejects);
	buf_reset(&line);
	buf_puts(&line, tool.arg[0]);
	if (tool.prov.len)
		buf_printf(&line, " %s", tool.prov.p);
	prov_step(&prov, tool.name, tool_version, line.p, inputs.p ? inputs.p : "");
	if (eventw_finish(events, &prov, &e))
		die_err(&e);
	if (catalogue)
		write_items(catalogue, &e);
	/* the log last: whoever sees it finds the catalogue and the rejects already there */
	if (catalogue)
		tool_output_close(catalogue);
	if (rejects)
		tool_output_close(rejects);
	tool_output_close(out);
	say_counts();
	eventw_free(events);
	source_free(s);
	items_release(&items);
	vocab_release(&users);
	vocab_release(&seen);
	buf_release(&line);
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
