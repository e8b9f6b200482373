/*
 * rank-candidates - taste-rank candidates: what there is to choose from, without a trained model. Events in, candidates of each listener out, by source. Holds the log (13 bytes
 * an event and the ids, 4 more where values count), the catalogue, what lib/rank/sources.h says, and the candidates of 256 listeners.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/base/sort.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/rank/sources.h"
#include "rank.h"

struct candidates_opts co = { .half_life = 7, .chart_every = 1, .new_days = 30, .lately = 60, .finished = 0.9, .rest = 7 };

enum { SEATS = 256, DAY = 86400 };

static struct {
	enum sources_which source[SOURCES];	/* in the order they were named */
	size_t n_sources, room;			/* items that one of them finds at most */
	unsigned wants;
	struct items items;
	struct shelf shelf;
	struct seqs log;
	struct vocab user;			/* who asks, and when */
	int64_t *time;				/* [user.n] */
	size_t cap_times;
	int64_t *tick;				/* moments of charts */
	size_t n_ticks;
	struct sources sources;
	struct sources_user **worker;
	struct topk_hit **hit;			/* [threads][room] */
	struct buf line[SEATS];			/* of a user, each ended by LF */
	size_t first;
	struct tablew *table;
	uint64_t n_found[SOURCES];
	uint64_t found[SEATS][SOURCES];
} c;

/* ---- options ---- */

static bool can_have(enum sources_which s)
{
	return o.items || (s != SOURCES_FOLLOWED && s != SOURCES_NEW && s != SOURCES_CONTINUE);
}

static void add_source(enum sources_which s)
{
	if (c.wants >> s & 1)
		usage_die("--source: %s is there twice", sources_name(s));
	if (!can_have(s))
		usage_die("--source %s needs --items, which says whose an item is", sources_name(s));
	c.wants |= 1u << s;
	c.source[c.n_sources++] = s;
}

static void name_sources(const char *names)
{
	for (const char *p = names;; p++) {
		size_t len = strcspn(p, ",");
		enum sources_which s = sources_of_name((struct str){ p, len });
		if (s == SOURCES)
			usage_die("--source: '%.*s' is not one of now, rising, followed, new, continue, again, near", (int)min_size(len, 40), p);
		add_source(s);
		p += len;
		if (!*p)
			return;
	}
}

static bool wants(enum sources_which s)
{
	return c.wants >> s & 1;
}

/* the_time - of --time, else behind the last event. */
static int64_t the_time(void)
{
	int64_t t = INT64_MIN;

	if (co.time && !scan_when(co.time, &t))
		usage_die("--time: '%.40s' is not a time (a year, ISO 8601, or seconds since 1970)", co.time);
	if (co.time)
		return t;
	for (size_t i = 0; i < c.log.n; i++)
		t = t < c.log.time[i] ? c.log.time[i] : t;
	return t == INT64_MAX ? t : t + 1;
}

/* check_sources - an option of sources that are not asked for would do nothing. */
static void check_sources(void)
{
	const struct { const char *name, *of; const void *var; unsigned sources; } hangs_on[] = {
		{ "--half-life", "now, rising and continue", &co.half_life, 1u << SOURCES_NOW | 1u << SOURCES_RISING | 1u << SOURCES_CONTINUE },
		{ "--chart-every", "now and rising", &co.chart_every, 1u << SOURCES_NOW | 1u << SOURCES_RISING },
		{ "--each-kind", "now and rising", &co.each_kind, 1u << SOURCES_NOW | 1u << SOURCES_RISING },
		{ "--newest", "followed", &co.newest_first, 1u << SOURCES_FOLLOWED }, { "--new-days", "new", &co.new_days, 1u << SOURCES_NEW },
		{ "--lately", "continue", &co.lately, 1u << SOURCES_CONTINUE }, { "--finished", "continue", &co.finished, 1u << SOURCES_CONTINUE },
		{ "--serial", "continue and again", &co.serial, 1u << SOURCES_CONTINUE | 1u << SOURCES_AGAIN }, { "--rest", "again", &co.rest, 1u << SOURCES_AGAIN },
	};

	for (size_t i = 0; i < sizeof hangs_on / sizeof *hangs_on; i++)
		if (!(c.wants & hangs_on[i].sources) && tool_is_set(hangs_on[i].var))
			usage_die("%s is of the source%s %s", hangs_on[i].name, strchr(hangs_on[i].of, ' ') ? "s" : "", hangs_on[i].of);
	if (!o.items && tool_is_set(&co.serial))
		usage_die("--serial needs --items, which says of what kind an item is");
	if (!o.requests.n && tool_is_set(&co.chart_every))
		usage_die("--chart-every says nothing without --requests");
}

static void check_options(void)
{
	for (size_t i = 0; i < co.source.n; i++)
		name_sources(co.source.v[i]);
	for (int s = 0; s < SOURCES && !co.source.n; s++)
		if (can_have((enum sources_which)s))
			add_source((enum sources_which)s);
	check_sources();
	if (o.requests.n && (co.users || co.time))
		usage_die("--requests says for whom and when: it does not go with --%s", co.users ? "users" : "time");
	the_time();
	if (co.each_kind && !o.items)
		usage_die("--each-kind needs --items, which says of what kind an item is");
	if (tool.n_args || !o.events.n)
		tool_reads_args(0);
	for (size_t i = 0; i < o.events.n; i++)
		tool_reads(o.events.v[i]);
	tool_reads(o.items);
	for (size_t i = 0; i < o.requests.n; i++)
		tool_reads(o.requests.v[i]);
	if (co.users && strcmp(co.users, "all"))
		tool_reads(co.users);
}

/* ---- what is read ---- */

static void read_items(struct err *e)
{
	if (items_load(&c.items, o.items, o.has_header, &prov, &inputs, e) || shelf_make(&c.shelf, &c.items, e))
		die_err(e);
	for (size_t i = 0; i < c.items.id.n; i++)
		vocab_add(&c.log.item, c.items.id.str[i].p, c.items.id.str[i].len);
	items_release(&c.items);
}

/* warn_strange - when the log has none of the catalogue's items, which have the first numbers. */
static void warn_strange(void)
{
	size_t n = c.log.start[c.log.n_users], i = 0;

	while (i < n && c.log.what[i] >= c.shelf.n)
		i++;
	if (n && i == n)
		warn("none of %zu items with events is in %s: it says nothing of them", c.log.item.n - c.shelf.n, file_shown(o.items));
}

static void read_log(struct err *e)
{
	struct progress pr;
	struct seqs_opts so = { .has_values = c.wants & ~(1u << SOURCES_NOW | 1u << SOURCES_RISING | 1u << SOURCES_NEAR), .has_header = o.has_header, .time_for = "a list of candidates",
				.pool = tool_pool(), .progress = progress_show, .progress_ctx = &pr };
	size_t n = 0;
	const char **path = mem_new(tool.n_args + o.events.n + 1, sizeof *path);

	for (size_t i = 0; i < o.events.n; i++)
		path[n++] = o.events.v[i];
	for (size_t i = 0; i < tool.n_args; i++)
		path[n++] = tool.arg[i];
	progress_start(&pr, "read", "bytes", 0);
	if (seqs_load(&c.log, path, n, &so, &prov, &inputs, e))
		die_err(e);
	progress_end(&pr);
	mem_free(path);
	if (o.items)
		warn_strange();
	warn_far(c.log.newest);
}

/* ---- who asks, and when ---- */

/* ask - by a user who has asked before it is the earlier moment. */
static void ask(struct str user, int64_t t)
{
	size_t n = c.user.n, u = vocab_add(&c.user, user.p, user.len);

	arr_reserve(c.time, c.user.n, c.cap_times);
	c.time[u] = u == n || t < c.time[u] ? t : c.time[u];
}

static void read_requests(const char *path, struct err *e)
{
	struct eventr *r = eventr_open(path, o.has_header, e);
	struct event ev;
	int got;

	if (!r)
		die_err(e);
	while ((got = eventr_next(r, &ev, e)) == 1) {
		if (eventr_time(r, ev.time, "a request", e))
			die_err(e);
		ask(ev.user, ev.time);
	}
	if (got < 0 || eventr_prov(r, &prov, &inputs, e))
		die_err(e);
	eventr_close(r);
}

static void read_users(int64_t t, struct err *e)
{
	struct tabler *r = tabler_open(co.users, NULL, o.has_header, e);
	const struct str *field;
	size_t n;
	int got;

	if (!r)
		die_err(e);
	while ((got = tabler_next(r, &field, &n, e)) == 1) {
		if (!field[0].len) {
			tabler_bad(r, e, "field 1: the user is empty");
			die_err(e);
		}
		ask(field[0], t);
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	tabler_close(r);
}

static void who_asks(struct err *e)
{
	for (size_t i = 0; i < o.requests.n; i++)
		read_requests(o.requests.v[i], e);
	if (o.requests.n)
		return;
	int64_t t = the_time();
	if (co.users && strcmp(co.users, "all")) {
		read_users(t, e);
		return;
	}
	for (size_t u = 0; u < c.log.n_users; u++)
		if (c.log.start[u] < c.log.start[u + 1] && c.log.time[c.log.start[u]] < t)
			ask(c.log.user.str[u], t);
}

/* chart_time - of the chart for a moment. */
static int64_t chart_time(int64_t t)
{
	int64_t every = (int64_t)(co.chart_every * DAY);

	if (!o.requests.n || every < 1)
		return t;
	int64_t back = t % every;
	back = back < 0 ? back + every : back;
	return t < INT64_MIN + back ? t : t - back;
}

static void make_ticks(struct err *e)
{
	uint64_t *key = mem_try(c.user.n, sizeof *key, "moments of charts", e);

	c.tick = mem_try(c.user.n, sizeof *c.tick, "moments of charts", e);
	if (!key || !c.tick)
		die_err(e);
	for (size_t u = 0; u < c.user.n; u++)
		key[u] = (uint64_t)chart_time(c.time[u]) ^ UINT64_C(1) << 63;
	if (sort_u64(key, NULL, c.user.n, e))
		die_err(e);
	for (size_t u = 0; u < c.user.n; u++)
		if (!u || key[u] != key[u - 1])
			c.tick[c.n_ticks++] = (int64_t)(key[u] ^ UINT64_C(1) << 63);
	mem_free(key);
}

/* ---- the work ---- */

static void open_sources(struct err *e)
{
	static const char *const serial[] = { "podcast", "audiobook" };
	struct sources_opts so = { .k = (size_t)o.k, .wants = c.wants, .half_life = co.half_life * DAY, .new_for = co.new_days * DAY, .lately = co.lately * DAY,
				   .rest = co.rest * DAY, .finished = co.finished, .serial = co.serial.n ? co.serial.v : serial, .n_serial = co.serial.n ? co.serial.n : 2,
				   .each_kind = co.each_kind, .keep = co.keep, .newest_first = co.newest_first };

	make_ticks(e);
	if (sources_make(&c.sources, &c.log, o.items ? &c.shelf : NULL, &so, c.tick, c.n_ticks, e))
		die_err(e);
	for (size_t i = 0; i < c.n_sources; i++)
		c.room = max_size(c.room, sources_room(&c.sources, c.source[i]));
	size_t n = (size_t)par_threads(tool_pool());
	c.worker = mem_new(n, sizeof *c.worker);
	c.hit = mem_new(n, sizeof *c.hit);
	for (size_t i = 0; i < n; i++)
		if (!(c.worker[i] = sources_user_new(&c.sources, e)) || !(c.hit[i] = mem_try(c.room, sizeof **c.hit, "candidates of a source", e)))
			die_err(e);
}

static void put_line(struct buf *b, struct str user, struct str item, float score, const char *source)
{
	tsv_put(b, user.p, user.len);
	buf_putc(b, '\t');
	tsv_put(b, item.p, item.len);
	buf_putc(b, '\t');
	buf_put_f32(b, score);
	buf_putc(b, '\t');
	buf_puts(b, source);
	buf_putc(b, '\n');
}

/* find - chunk k is a user. */
static void find(void *ctx, size_t k, int worker)
{
	struct str user = c.user.str[c.first + k];
	struct buf *b = &c.line[k];

	(void)ctx;
	buf_reset(b);
	sources_user_is(c.worker[worker], vocab_find(&c.log.user, user.p, user.len), c.time[c.first + k]);
	for (size_t i = 0; i < c.n_sources; i++) {
		const struct topk_hit *hit = c.hit[worker];
		size_t n = sources_find(c.worker[worker], c.source[i], c.hit[worker]);
		for (size_t j = 0; j < n; j++)
			put_line(b, user, c.log.item.str[hit[j].row], hit[j].score, sources_name(c.source[i]));
		c.found[k][i] = n;
	}
}

static void write_lines(size_t k, struct err *e)
{
	put_lines(c.table, &c.line[k], e);
	for (size_t i = 0; i < c.n_sources; i++)
		c.n_found[i] += c.found[k][i];
}

static void find_all(struct err *e)
{
	struct progress pr;

	progress_start(&pr, "candidates", "listeners", c.user.n);
	for (size_t n; c.first < c.user.n; c.first += n) {
		n = min_size(c.user.n - c.first, SEATS);
		par_for(tool_pool(), n, find, NULL);
		for (size_t k = 0; k < n; k++)
			write_lines(k, e);
		progress_set(&pr, c.first + n);
	}
	progress_end(&pr);
	note("%zu listeners, %llu events, %zu charts", c.user.n, (unsigned long long)c.log.n_events, wants(SOURCES_NOW) || wants(SOURCES_RISING) ? c.n_ticks : 0);
	for (size_t i = 0; i < c.n_sources; i++)
		note("%llu candidates from %s", (unsigned long long)c.n_found[i], sources_name(c.source[i]));
}

static void release(void)
{
	for (int i = 0; i < par_threads(tool_pool()); i++) {
		sources_user_free(c.worker[i]);
		mem_free(c.hit[i]);
	}
	mem_free(c.worker);
	mem_free(c.hit);
	for (size_t k = 0; k < SEATS; k++)
		buf_release(&c.line[k]);
	tablew_free(c.table);
	sources_release(&c.sources);
	shelf_release(&c.shelf);
	seqs_release(&c.log);
	vocab_release(&c.user);
	mem_free(c.time);
	mem_free(c.tick);
}

void rank_candidates(struct err *e)
{
	static const char header[] = "user\titem\tscore\tsource";

	check_options();
	struct sink *out = tool_output(o.out, o.is_binary);
	if (o.items)
		read_items(e);
	read_log(e);
	who_asks(e);
	open_sources(e);
	if (!(c.table = tablew_new(out, "candidates", o.is_binary, e)))
		die_err(e);
	if (o.wants_header && !o.is_binary && tablew_row(c.table, header, sizeof header - 1, e))
		die_err(e);
	find_all(e);
	prov_step(&prov, tool.name, tool_version, tool.prov.p ? tool.prov.p : "", inputs.p ? inputs.p : "");
	if (tablew_finish(c.table, &prov, e))
		die_err(e);
	tool_output_close(out);
	release();
}
