/*
 * taste-ingest - any listening log in, one event log out. Streams: a row is written as soon as it is read, through the stages of accept(). Holds nothing but, with -b, the ids of
 * what it wrote, with --items the catalogue, with -v the ids, to count them, and what the stages hold: --sort -M bytes, --dedupe and marks as their headers say.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/base/clock.h"
#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/cli/tool.h"
#include "../lib/data/dedupe.h"
#include "../lib/data/evsort.h"
#include "../lib/data/marks.h"
#include "../lib/data/pseudonym.h"
#include "../lib/source/source.h"

enum { AS_IT_COMES, BY_TIME, BY_USER };

static struct {
	const char *map, *user, *event, *items, *catalogue, *rejects, *max_rejects, *out, *tz, *since, *until, *hash_users, *gap, *memory;
	struct opt_list against;
	double min_seconds;
	int time_unit, key, rule, sort;
	bool has_header, is_binary, has_escapes, wants_list, wants_header, drops_incognito, drops_context, is_deduped, has_suspects;
} o = { .out = "-", .memory = "512M" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the events in binary", .flags = OPT_NO_PROV },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "the input begins with a line of column names (tsv, csv)" },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 'M', "memory", OPT_STR, &o.memory, "SIZE", "what --sort may hold before it goes to disk (-T)", .flags = OPT_NO_PROV },
	{ 0, "list", OPT_FLAG, &o.wants_list, NULL, "name the sources and exit", .flags = OPT_NO_PROV },
	{ 0, "map", OPT_STR, &o.map, "WHAT=COLUMN,...", "where user, item, time, event, value, ... stand (tsv, csv, jsonl)" },
	{ 0, "user", OPT_STR, &o.user, "NAME", "the user of rows that name none", .flags = OPT_NO_PROV },
	{ 0, "event", OPT_STR, &o.event, "KIND", "the event of rows that name none" },
	{ 0, "time-unit", OPT_ENUM, &o.time_unit, "UNIT", "of times that are numbers; auto: from 1e11 on they are ms", .names = "auto|s|ms" },
	{ 0, "escapes", OPT_FLAG, &o.has_escapes, NULL, "tsv: \\t \\n \\r \\\\ stand for what they say; else a backslash is a backslash" },
	{ 0, "items", OPT_STR, &o.items, "FILE", "write the catalogue there", .flags = OPT_NO_PROV },
	{ 0, "catalogue", OPT_STR, &o.catalogue, "FILE", "the source's own list of items (movies.dat, artists.dat, ...)", .flags = OPT_NO_PROV | OPT_IS_PATH },
	{ 0, "rejects", OPT_STR, &o.rejects, "FILE", "go on at bad rows and write them there with the reason", .flags = OPT_NO_PROV },
	{ 0, "max-rejects", OPT_STR, &o.max_rejects, "N|N%", "with --rejects: give up when there are more", .flags = OPT_NO_PROV },
	{ 0, "rule", OPT_ENUM, &o.rule, "RULE", "what counts as a listen", .names = "all|listenbrainz|lastfm" },
	{ 0, "min-seconds", OPT_FLOAT, &o.min_seconds, "X", "leave out plays and skips of fewer seconds", .min = 0, .max = 1e9 },
	{ 0, "drop-incognito", OPT_FLAG, &o.drops_incognito, NULL, "leave out what was heard in private sessions" },
	{ 0, "item-key", OPT_ENUM, &o.key, "KEY", "an item's id: the source's own, creator - title, or MusicBrainz'", .names = "uri|name|mbid" },
	{ 0, "tz", OPT_STR, &o.tz, "+HH:MM", "the zone of a player's clock that does not say it (scrobbler)" },
	{ 0, "since", OPT_STR, &o.since, "TIME|LOG", "only what is later than this, or than the last event of a log", .flags = OPT_NO_PROV },
	{ 0, "until", OPT_STR, &o.until, "TIME", "nothing that is later than this: clocks go wrong" },
	{ 0, "dedupe", OPT_FLAG, &o.is_deduped, NULL, "leave out events that came before" },
	{ 0, "dedupe-against", OPT_LIST, &o.against, "LOG", "and those that this log has", .flags = OPT_IS_PATH },
	{ 0, "sort", OPT_ENUM, &o.sort, "ORDER", "of the events: as they come, by time, or by user and time", .names = "no|time|user" },
	{ 0, "session-gap", OPT_STR, &o.gap, "TIME", "mark sessions, which end when nothing is heard for so long (30m)" },
	{ 0, "suspect", OPT_FLAG, &o.has_suspects, NULL, "mark what no listener does" },
	{ 0, "hash-users", OPT_STR, &o.hash_users, "KEYFILE", "write keyed hashes for users", .flags = OPT_NO_PROV | OPT_IS_PATH },
	{ 0, "drop-context", OPT_FLAG, &o.drops_context, NULL, "leave the source's context out" },
	{ 0, "header-out", OPT_FLAG, &o.wants_header, NULL, "text: write a line of column names first", .flags = OPT_NO_PROV },
	{ 0 },
};

static void put_sources(struct buf *b)
{
	for (const struct source_kind *k = source_list; k->name; k++)
		buf_printf(b, "%s|", k->name);
	buf_puts(b, "auto");
}

static struct tool tool = {
	.name = "taste-ingest",
	.about = "turn a listening log into events; --list names the sources",
	.usage = "SOURCE [options] [file...]",
	.opts = opts,
	.put_words = put_sources,
};

static struct eventw *events;
static struct sink *out, *rejects;
static struct items items;
static struct buf line, inputs;
static struct prov prov;
static struct vocab users, seen;	/* text with -v: who and what was there */
static struct { uint64_t read, written, rejected, bytes, bytes_on_disk; int64_t first, last; double start; } n = { .first = INT64_MAX, .last = INT64_MIN };
static double max_share = -1, max_count = -1;		/* --max-rejects; below 0: any */

static struct listen_filter filter;
static struct dedupe dedupe;
static struct evsort *evsort;
static struct marks marks;
static struct pseudonyms *pseudonyms;
static int64_t since = INT64_MIN, until = INT64_MAX, zone;
static bool has_counts, meets_counts;	/* of plays: the log that is there already; and so does what goes behind it */
static uint64_t sort_memory;

/* Why rows are bad, why they are left out. */
enum { MAX_REASONS = 32, TOMORROW = 86400 };
static struct reason { const char *name; uint64_t n; } bad[MAX_REASONS], left_out[MAX_REASONS];

static void count(struct reason *r, const char *name)
{
	int i = 0;

	while (i < MAX_REASONS - 1 && r[i].name && strcmp(r[i].name, name))
		i++;
	r[i].name = name;
	r[i].n++;
}

/* ---- the catalogue ---- */

/* put_extras - of item i; a '=' in a name, which a header can have given it, would end the name. */
static void put_extras(size_t i)
{
	for (size_t x = i ? items.extra_end[i - 1] : 0; x < items.extra_end[i]; x++) {
		struct str key = items.key.str[items.extra[x].key], value = items.extra[x].value;
		size_t at = line.len + 1;
		buf_putc(&line, '\t');
		tsv_put(&line, key.p, key.len);
		for (; at < line.len; at++)
			if (line.p[at] == '=')
				line.p[at] = '_';
		buf_putc(&line, '=');
		tsv_put(&line, value.p, value.len);
	}
}

static void write_items(struct sink *s, struct err *e)
{
	for (size_t i = 0; i < items.id.n; i++) {
		buf_reset(&line);
		tsv_put(&line, items.id.str[i].p, items.id.str[i].len);
		for (int c = 0; c < ITEM_COLUMNS; c++) {
			buf_putc(&line, '\t');
			tsv_put(&line, items.row[i][c].p, items.row[i][c].len);
		}
		if (i < items.n_ends)
			put_extras(i);
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

/* give_up - what was rejected stays, to be looked at. */
static void give_up(const char *last)
{
	tool_output_close(rejects);
	die(EXIT_DATA, "%llu of %llu rows are bad, more than --max-rejects %s%s%s", (unsigned long long)n.rejected, (unsigned long long)n.read, o.max_rejects,
	    last ? "; the last: " : "", last ? last : "");
}

static void keep_reject(struct source *s, const struct err *why, struct err *e)
{
	struct str text = source_text(s);

	n.rejected++;
	count(bad, source_reason(s));
	if (!rejects)
		die_err(why);
	buf_reset(&line);
	tsv_put(&line, source_file(s), strlen(source_file(s)));
	buf_printf(&line, ":%llu\t%s\t", (unsigned long long)source_line(s), source_reason(s));
	for (size_t at = 0; at < text.len;) {	/* a NUL, which no stream of ours can carry, as the character for what cannot be shown */
		size_t n_plain = strnlen(text.p + at, text.len - at);
		tsv_put(&line, text.p + at, n_plain);
		at += n_plain;
		if (at < text.len && ++at)
			buf_puts(&line, "\xef\xbf\xbd");
	}
	buf_putc(&line, '\n');
	if (sink_write(rejects, line.p, line.len, e))
		die_err(e);
	if (is_too_many(false))
		give_up(why->msg);
}

/* put - the last stage: marks, and out. */
static void put(struct event *ev, struct err *e)
{
	if (marks.gap > 0 || marks.has_suspects)
		marks_put(&marks, ev);
	if (eventw_write(events, ev, e))
		die_err(e);
	n.written++;
}

/* accept - a row's way out: what is no listen, what is known already and what is too old stay behind. Did it go on? */
static bool accept(struct listen *l, struct err *e)
{
	const char *why = listen_counts(l, &filter);

	if (why) {
		count(left_out, why);
		return false;
	}
	if (pseudonyms)
		l->ev.user = pseudonyms_of(pseudonyms, l->ev.user);
	if (o.drops_context)
		l->ev.context.len = 0;
	if (l->ev.time != TIME_NONE && l->ev.time <= since) {
		count(left_out, "not later than --since");
		return false;
	}
	if (l->ev.time != TIME_NONE && l->ev.time > until) {
		count(left_out, "later than --until");
		return false;
	}
	if ((o.is_deduped || o.against.n) && !dedupe_add(&dedupe, &l->ev)) {
		count(left_out, "there already");
		return false;
	}
	if (o.items)
		source_note_item(&items, l);
	if (tool.is_verbose && !o.is_binary) {
		vocab_add(&users, l->ev.user.p, l->ev.user.len);
		vocab_add(&seen, l->ev.item.p, l->ev.item.len);
	}
	if (l->ev.time != TIME_NONE) {
		n.first = l->ev.time < n.first ? l->ev.time : n.first;
		n.last = l->ev.time > n.last ? l->ev.time : n.last;
	}
	if (!evsort)
		put(&l->ev, e);
	else if (evsort_add(evsort, &l->ev, e))
		die_err(e);
	return true;
}

/* hand_on - somebody may be watching the other end. */
static void hand_on(void *unused)
{
	struct err e = { 0 };

	(void)unused;
	if (out && sink_flush(out, &e))
		die_err(&e);
}

/* size_of_all - bytes on disk of all files; 0 where one has none that are known beforehand. */
static uint64_t size_of_all(const char *const *path, size_t n_files)
{
	uint64_t total = 0;
	struct stat st;

	for (size_t i = 0; i < n_files; i++) {
		if ((strcmp(path[i], "-") ? stat(path[i], &st) : fstat(STDIN_FILENO, &st)) || !S_ISREG(st.st_mode))
			return 0;
		total += (uint64_t)st.st_size;
	}
	return total;
}

/* load_catalogue - once, of the kind that the log is: `auto` knows it when the first row is there. */
static void load_catalogue(const char *kind, struct err *e)
{
	static bool is_loaded;

	if (o.catalogue && !is_loaded && source_catalogue(&items, kind, o.catalogue, o.has_header, e))
		die_err(e);
	is_loaded = true;
}

static void ingest_file(struct source *s, const char *path, struct progress *pr, struct err *e)
{
	bool is_auto = !strcmp(tool.arg[0], "auto");
	struct listen l;
	struct err why = { 0 };
	uint64_t total;
	int got;

	if (source_open(s, path, e))
		die_err(e);
	if (is_auto)
		note("%s: %s", source_file(s), source_name(s));
	uint64_t before = n.bytes_on_disk;
	while ((got = source_next(s, &l, &why)) > 0) {
		if (got == SOURCE_PASS && !source_reason(s))
			continue;
		n.read++;
		load_catalogue(source_name(s), e);
		if (got == SOURCE_REJECT) {
			keep_reject(s, &why, e);
			why.code = ERR_NONE;
		} else if (got == SOURCE_PASS) {
			count(left_out, source_reason(s));
		} else if (accept(&l, e)) {
			meets_counts |= has_counts && str_is(l.ev.kind, "plays") && !strcmp(source_name(s), "navidrome");
		}
		if (!(n.read & 1023))
			progress_set(pr, before + source_bytes(s, &total));
	}
	n.bytes_on_disk = before + source_bytes(s, &total);
	if (got < 0)
		die_err(&why);
	if (source_zone_unknown(s) && !o.tz)
		warn("%s: the player's clock is taken for UTC (--tz)", source_file(s));
	n.bytes += source_offset(s);
	char digest[40];
	source_digest(s, digest);
	if (inputs.len)
		buf_putc(&inputs, ',');
	buf_puts(&inputs, digest);
}

static void write_sorted(struct err *e)
{
	struct event ev;
	int got;

	while ((got = evsort_next(evsort, &ev, e)) == 1)
		put(&ev, e);
	if (got < 0)
		die_err(e);
	if (evsort_spilled(evsort))
		note("sorted through %.1f MB of temporary files", 1e-6 * (double)evsort_spilled(evsort));
}

/* ---- what is there already ---- */

/* read_log - --dedupe-against, and the last time for --since. */
static void read_log(const char *path, bool is_known, int64_t *last, struct err *e)
{
	struct eventr *r = eventr_open(path, false, e);
	struct event ev;
	int got = -1;

	while (r && (got = eventr_next(r, &ev, e)) == 1) {
		if (is_known)
			dedupe_add(&dedupe, &ev);
		has_counts |= is_known && str_is(ev.kind, "plays");
		if (last && ev.time != TIME_NONE && ev.time > *last)
			*last = ev.time;
	}
	if (got < 0)
		die(err_exit(e->code), "%s%s", e->msg, !r || e->code != ERR_DATA ? "" : eventr_is_binary(r) ?
		    " (if that is an unfinished tail, taste-view --repair takes it off)" : " (a log that is there already is an events stream without a header)");
	eventr_close(r);
}

static void say_counts(void)
{
	char a[32], b[32];
	size_t n_users = users.n, n_items = seen.n;

	if (o.is_binary)
		eventw_counts(events, &n_users, &n_items);
	double seconds = clock_now() - n.start + 1e-6;

	buf_reset(&line);
	for (int i = 0; i < MAX_REASONS && bad[i].name; i++)
		buf_printf(&line, "%s%s %llu", i ? ", " : "", bad[i].name, (unsigned long long)bad[i].n);
	if (n.rejected)
		warn("%llu of %llu rows rejected (%s), kept in %s", (unsigned long long)n.rejected, (unsigned long long)n.read, line.p, o.rejects);
	for (int i = 0; i < MAX_REASONS && left_out[i].name; i++)
		note("left out, %s: %llu", left_out[i].name, (unsigned long long)left_out[i].n);
	note("%llu rows read, %llu rejected, %llu events written; %zu users, %zu items", (unsigned long long)n.read, (unsigned long long)n.rejected,
	     (unsigned long long)n.written, n_users, n_items);
	if (n.first <= n.last)
		note("from %s to %s", time_iso(n.first, a), time_iso(n.last, b));
	if (o.items)
		note("%zu items in the catalogue", items.id.n);
	if (meets_counts)
		warn("Navidrome's counts are of all plays so far, and the log has such counts already: both are added up (write the log anew, -o)");
	if (marks.n_unordered)
		warn("%llu events are earlier than the one before of their user: marks are right only in order (--sort user or time)", (unsigned long long)marks.n_unordered);
	if (marks.gap > 0)
		note("%llu sessions; %llu plays began before the last had ended", (unsigned long long)marks.n_sessions, (unsigned long long)marks.n_overlaps);
	for (int i = 0; i < SUSPECTS; i++)
		if (marks.n_suspect[i])
			warn("suspect=%s: %llu events", suspect_name[i], (unsigned long long)marks.n_suspect[i]);
	note("%.1f MB in %.2f s: %.0f rows/s, %.1f MB/s", 1e-6 * (double)n.bytes, seconds, (double)n.read / seconds, 1e-6 * (double)n.bytes / seconds);
}

static void list_sources(void)
{
	for (const struct source_kind *k = source_list; k->name; k++)
		printf("%-14s %s\n", k->name, k->about);
	printf("%-14s %s\n", "auto", "whichever of these a file begins like");
}

/* zone_of - seconds east of UTC. */
static bool zone_of(const char *tz, int64_t *seconds)
{
	struct buf b = { 0 };
	int64_t t;

	buf_printf(&b, "1970-01-01T00:00%s", tz);
	bool ok = (*tz == '+' || *tz == '-') && scan_time(b.p, b.len, TIME_S, &t);
	buf_release(&b);
	if (ok)
		*seconds = -t;
	return ok;
}

/* check_stages - the options of the way from a row to an event, as numbers. */
static void check_stages(void)
{
	filter = (struct listen_filter){ .rule = (enum listen_rule)o.rule, .min_seconds = o.min_seconds, .drops_incognito = o.drops_incognito };
	marks.has_suspects = o.has_suspects;
	if (o.gap && (!scan_seconds(o.gap, strlen(o.gap), &marks.gap) || marks.gap <= 0))
		usage_die("--session-gap: '%.40s' is not a length of time such as 30m", o.gap);
	if (!scan_size(o.memory, strlen(o.memory), &sort_memory) || sort_memory < 1 << 20)
		usage_die("-M: '%.40s' is not a size of 1M at least", o.memory);
	if (o.tz && !zone_of(o.tz, &zone))
		usage_die("--tz: '%.40s' is not a zone such as +02:00", o.tz);
}

static void check_options(void)
{
	size_t len = o.max_rejects ? strlen(o.max_rejects) : 0;
	bool is_share = len && o.max_rejects[len - 1] == '%';
	double v = 0;

	if (!tool.n_args)
		usage_die("which source? --list names them");
	if (o.is_binary && o.wants_header)
		usage_die("--header-out is of text: not with -b");
	if (o.max_rejects && !o.rejects)
		usage_die("--max-rejects goes with --rejects");
	if (o.max_rejects && (!scan_f64(o.max_rejects, len - is_share, &v) || v < 0))
		usage_die("--max-rejects: '%.40s' is not a number or a share such as 1%%", o.max_rejects);
	if (is_share)
		max_share = v / 100;
	else if (o.max_rejects)
		max_count = v;
	const char *source = tool.arg[0];
	if (o.tz && strcmp(source, "scrobbler") && strcmp(source, "auto"))
		usage_die("--tz is of scrobbler: other times name their zone, or are UTC");
	if (o.time_unit && strcmp(source, "tsv") && strcmp(source, "csv") && strcmp(source, "jsonl"))
		usage_die("--time-unit is of tsv, csv and jsonl: other sources know theirs");
	if (o.catalogue && !o.items)
		usage_die("--catalogue goes with --items, which says where the catalogue is written");
	tool_reads_args(1);
	tool_reads(o.catalogue);
	tool_reads(o.hash_users);
	if (o.until && !scan_when(o.until, &until))
		usage_die("--until: '%.60s' is not a time (ISO 8601, a year, or seconds since 1970)", o.until);
	if (o.since && !scan_when(o.since, &since))		/* a log, then */
		tool_reads(o.since);
	for (size_t i = 0; i < o.against.n; i++)
		tool_reads(o.against.v[i]);
	check_stages();
}

/* start_stages - read what is there, before the first byte is written: it may be the same file. */
static void start_stages(struct err *e)
{
	tool_hold_output(o.out);
	if (o.since && since == INT64_MIN)
		read_log(o.since, false, &since, e);
	for (size_t i = 0; i < o.against.n; i++)
		read_log(o.against.v[i], true, NULL, e);
	if (o.hash_users && !(pseudonyms = pseudonyms_open(o.hash_users, e)))
		die_err(e);
	if (o.sort != AS_IT_COMES && !(evsort = evsort_new(o.sort == BY_TIME ? EVSORT_TIME : EVSORT_USER, sort_memory, e)))
		die_err(e);
}

int main(int argc, char **argv)
{
	static const char *from_stdin[] = { "-" };
	struct err e = { 0 };
	struct progress pr;
	char moment[32];

	tool_init(&tool, argc, argv);
	if (o.wants_list) {
		list_sources();
		return tool_close(0);
	}
	check_options();
	n.start = clock_now();
	struct source_opts so = { .map = o.map, .user = o.user, .event = o.event, .has_header = o.has_header, .has_escapes = o.has_escapes,
				  .time_unit = (enum scan_time_unit)o.time_unit, .key = (enum listen_key)o.key, .zone = zone,
				  .on_wait = o.is_binary ? NULL : hand_on };
	struct source *s = source_new(tool.arg[0], &so, &e);
	if (!s)
		usage_die("%s", e.msg);
	start_stages(&e);
	out = tool_output(o.out, o.is_binary);
	struct sink *catalogue = o.items ? tool_output_aside(o.items) : NULL;
	rejects = o.rejects ? tool_output_aside(o.rejects) : NULL;
	if (source_find(tool.arg[0]))
		load_catalogue(tool.arg[0], &e);
	if (!(events = eventw_new(out, o.is_binary ? EVENT_BINARY : o.wants_header ? EVENT_TSV_HEADER : EVENT_TSV, &e)))
		die_err(&e);
	eventw_threads(events, (int)tool.threads);
	const char **path = tool.n_args > 1 ? tool.arg + 1 : from_stdin;
	size_t n_files = tool.n_args > 1 ? tool.n_args - 1 : 1;
	progress_start(&pr, "ingest", "bytes", size_of_all(path, n_files));
	for (size_t i = 0; i < n_files; i++)
		ingest_file(s, path[i], &pr, &e);
	progress_end(&pr);
	load_catalogue(source_name(s), &e);	/* of no rows */
	if (evsort)
		write_sorted(&e);
	if (is_too_many(true))
		give_up(NULL);
	buf_reset(&line);
	buf_puts(&line, tool.arg[0]);
	if (tool.prov.len)
		buf_printf(&line, " %s", tool.prov.p);
	if (o.since)		/* what it came to, whether a time or a log said so */
		buf_printf(&line, " --since %s", since == INT64_MIN ? "never" : time_iso(since, moment));
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
	if (n.last > time(NULL) + TOMORROW)
		warn("the last event is of %s, which is to come: what is reckoned by age takes all others for old (--until leaves such out)", time_iso(n.last, moment));
	eventw_free(events);
	source_free(s);
	items_release(&items);
	vocab_release(&users);
	vocab_release(&seen);
	dedupe_release(&dedupe);
	evsort_free(evsort);
	marks_release(&marks);
	pseudonyms_close(pseudonyms);
	buf_release(&line);
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
