/*
 * taste-synth - a seeded world of listeners: events in order of time, the catalogue, and what each listener truly prefers; or what they answer to ranked lists. Streams the
 * events, a day at a time; holds the world: about 120 bytes an item and 300 a listener, and with -b the ids.
 */
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "synth.h"

enum { NOT_GIVEN = -1 };		/* the preset's own number */

struct synth_opts o = { .seed = 1, .users = NOT_GIVEN, .music = NOT_GIVEN, .podcasts = NOT_GIVEN, .audiobooks = NOT_GIVEN, .events = NOT_GIVEN, .days = NOT_GIVEN, .zipf = 1.1,
	.drift = 0.3, .patience = PATIENCE, .start = "2025-01-01", .out = "-" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the events in binary", .flags = OPT_NO_PROV },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 's', "seed", OPT_INT, &o.seed, "N", "another seed, another world" },
	{ 'x', "preset", OPT_ENUM, &o.preset, "NAME", "sizes, where they are not given", .names = "small|demo|large" },
	{ 0, "users", OPT_INT, &o.users, "N", "listeners; -1: the preset's", .min = -1, .max = 1e9 },
	{ 0, "music", OPT_INT, &o.music, "N", "tracks", .min = -1, .max = 1e9 },
	{ 0, "podcasts", OPT_INT, &o.podcasts, "N", "episodes", .min = -1, .max = 1e9 },
	{ 0, "audiobooks", OPT_INT, &o.audiobooks, "N", "chapters", .min = -1, .max = 1e9 },
	{ 0, "events", OPT_INT, &o.events, "N", "events, exactly", .min = -1, .max = 1e15 },
	{ 0, "days", OPT_INT, &o.days, "N", "about how many days they take", .min = -1, .max = 1e5 },
	{ 0, "start", OPT_STR, &o.start, "TIME", "the first day (a year, ISO 8601, or seconds since 1970)" },
	{ 0, "zipf", OPT_FLOAT, &o.zipf, "X", "exponent of the creators' popularity", .min = 0, .max = 5 },
	{ 0, "drift", OPT_FLOAT, &o.drift, "X", "how far tastes wander in a year; 1: a right angle", .min = 0, .max = 100 },
	{ 0, "noise", OPT_FLOAT, &o.noise, "SHARE", "how often something is chosen by chance", .min = 0, .max = 1 },
	{ 0, "context", OPT_FLOAT, &o.context, "X", "how much tastes depend on device, place and mood; 1: half of what a listener is", .min = 0, .max = 5 },
	{ 0, "items", OPT_STR, &o.items, "FILE", "write the catalogue there", .flags = OPT_NO_PROV },
	{ 0, "truth", OPT_STR, &o.truth, "FILE", "write true preferences there: user, item, preference, expected share", .flags = OPT_NO_PROV },
	{ 0, "pairs", OPT_STR, &o.pairs, "FILE", "of these pairs (user, item, perhaps a context)", .flags = OPT_NO_PROV },
	{ 0, "truth-top", OPT_INT, &o.truth_top, "K", "of each listener's K items with the largest expected share", .min = 0, .max = 1e6, .flags = OPT_NO_PROV },
	{ 0, "answer", OPT_STR, &o.answer, "LISTS", "write no log: what listeners answer to these ranked lists when it has ended", .flags = OPT_IS_PATH },
	{ 0, "answer-day", OPT_INT, &o.answer_day, "N", "so many days after the day behind the log", .min = 0, .max = 1e5 },
	{ 0, "answer-context", OPT_STR, &o.answer_context, "CONTEXT", "all lists are asked for there (device=car;place=road)" },
	{ 0, "patience", OPT_FLOAT, &o.patience, "GAMMA", "how often the next place of a list is looked at", .min = 0, .max = 1 },
	{ 0, "after", OPT_LIST, &o.after, "EVENTS", "answers given before, of which one may be tired", .flags = OPT_IS_PATH },
	{ 0, "pull", OPT_FLOAT, &o.pull, "X", "how far a taste moves to what was heard in those", .min = 0, .max = 1 },
	{ 0, "answers-truth", OPT_STR, &o.answers_truth, "FILE", "write there, for each line of LISTS: user, item, place, probability seen, preference, context",
	  .flags = OPT_NO_PROV },
	{ 0 },
};

struct tool tool = {
	.name = "taste-synth",
	.about = "a made-up world of listeners whose true tastes are known: events out, or their answers to ranked lists",
	.usage = "[options]",
	.opts = opts,
};

struct world *world;
struct buf line;

void put_line(struct sink *s, struct err *e)
{
	buf_putc(&line, '\n');
	if (sink_write(s, line.p, line.len, e))
		die_err(e);
	buf_reset(&line);
}

static void write_items(struct sink *s, struct err *e)
{
	for (size_t i = 0; i < world_n_items(world); i++) {
		world_put_item(world, i, &line);
		put_line(s, e);
	}
}

static struct day {		/* being written while the next one is lived */
	struct eventw *w;
	const struct world_event *ev;
	size_t n;
	struct err e;
} day;

static void write_day(void *ctx)
{
	struct event ev;

	(void)ctx;
	for (size_t i = 0; i < day.n && !day.e.code; i++) {
		world_get(world, &day.ev[i], &ev);
		eventw_write(day.w, &ev, &day.e);
	}
	day.n = 0;
}

static void write_events(struct sink *s, struct err *e)
{
	struct prov prov = { { 0 } };
	struct progress pr;
	uint64_t done = 0;
	int got;

	if (!(day.w = eventw_new(s, o.is_binary ? EVENT_BINARY : EVENT_TSV, e)))
		die_err(e);
	eventw_threads(day.w, (int)tool.threads);
	progress_start(&pr, "synth", "events", (uint64_t)o.events);
	do {
		size_t n = 0;
		got = world_next(world, write_day, NULL, &day.ev, &n, e);
		if (day.e.code)
			die_err(&day.e);
		day.n = n;
		progress_set(&pr, done += n);
	} while (got == 1);
	progress_end(&pr);
	prov_step(&prov, tool.name, tool_version, tool.prov.p, "");
	if (got < 0 || eventw_finish(day.w, &prov, e))
		die_err(e);
	prov_release(&prov);
	eventw_free(day.w);
}

static void preset(int64_t *v, int64_t small, int64_t demo, int64_t large)
{
	if (*v == NOT_GIVEN)
		*v = o.preset == 0 ? small : o.preset == 1 ? demo : large;
}

static void check_options(struct world_opts *w)
{
	struct err e = { 0 };

	if (tool.n_args)
		usage_die("'%.60s': no files are read", tool.arg[0]);
	preset(&o.users, 1000, 2000, 100000);
	preset(&o.music, 2000, 4000, 40000);
	preset(&o.podcasts, 400, 800, 7000);
	preset(&o.audiobooks, 200, 400, 3000);
	preset(&o.events, o.users * 50, 400000, 10000000);
	preset(&o.days, 60, 180, 365);
	if (o.events && (!o.users || o.music + o.podcasts + o.audiobooks == 0))
		usage_die("events need users and items");
	if (o.music + o.podcasts + o.audiobooks >= UINT32_MAX)
		usage_die("more items than a world holds (4294967294)");
	if (!o.days)
		usage_die("--days: at least one");
	if ((o.truth != NULL) != (o.pairs || o.truth_top))
		usage_die("--truth FILE goes with --pairs or --truth-top");
	if (o.pairs && o.truth_top)
		usage_die("--pairs and --truth-top exclude each other");
	if (!o.answer && (o.answer_day || o.answer_context || tool_is_set(&o.patience) || o.after.n || o.pull > 0 || o.answers_truth))
		usage_die("--answer-day, --answer-context, --patience, --after, --pull and --answers-truth go with --answer LISTS");
	if (o.answer_context && situation_scan(o.answer_context, strlen(o.answer_context), true, &o.situation, &e))
		usage_die("--answer-context: %s", e.msg);
	tool_reads(o.pairs);
	tool_reads(o.answer);
	for (size_t i = 0; i < o.after.n; i++)
		tool_reads(o.after.v[i]);
	*w = (struct world_opts){ .seed = (uint64_t)o.seed, .n_users = (size_t)o.users, .n_events = (uint64_t)o.events, .days = (size_t)o.days,
				  .n_items = { (size_t)o.music, (size_t)o.podcasts, (size_t)o.audiobooks }, .zipf = o.zipf, .drift = o.drift, .noise = o.noise, .context = o.context };
	if (!scan_when(o.start, &w->start))
		usage_die("--start: '%.40s' is not a time (a year, ISO 8601, or seconds since 1970)", o.start);
	if (w->start < -2208988800 || w->start >= 32503680000)
		usage_die("--start: '%.40s' is not between the years 1900 and 2999", o.start);
	w->start -= ((w->start % 86400) + 86400) % 86400;	/* days begin at midnight, UTC */
}

int main(int argc, char **argv)
{
	struct world_opts wo;
	struct err e = { 0 };

	tool_init(&tool, argc, argv);
	check_options(&wo);
	struct sink *out = tool_output(o.out, o.is_binary), *items = o.items ? tool_output_aside(o.items) : NULL,
		    *truth = o.truth ? tool_output_aside(o.truth) : NULL, *told = o.answers_truth ? tool_output_aside(o.answers_truth) : NULL;
	if (!(world = world_new(&wo, tool_pool(), &e)))
		die_err(&e);
	if (items) {		/* first: it is read beside the events */
		write_items(items, &e);
		tool_output_close(items);
	}
	if (o.answer)
		write_answers(out, told, &e);
	else
		write_events(out, &e);
	if (truth) {
		write_truth(truth, &e);
		tool_output_close(truth);
	}
	if (told)
		tool_output_close(told);
	tool_output_close(out);
	note("%lld events of %lld users and %zu items", (long long)o.events, (long long)o.users, world_n_items(world));
	world_free(world);
	buf_release(&line);
	return tool_close(0);
}
