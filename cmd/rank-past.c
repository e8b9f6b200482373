/*
 * rank-past - what is known of listeners and items, for those verbs that want it: out of a log, or as taste-rank past has saved it.
 */
#include <string.h>

#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "rank.h"

void check_past(void)
{
	if ((o.past != NULL) == (o.events.n != 0))
		usage_die(o.past ? "--past is a log already: --events goes without" : "say what happened: --events, or --past");
	if (o.past && o.vectors && !(o.diversity > 0))
		usage_die("--past has the vectors that it was made with: --vectors goes with --events");
	tool_reads(o.past);
	tool_reads(o.vectors);
	for (size_t i = 0; i < o.events.n; i++)
		tool_reads(o.events.v[i]);
}

void say_context(const char *where, size_t unknown, struct str example, size_t bad)
{
	if (unknown) {
		char clip[ERR_CLIP_MAX];
		struct str key = context_stranger(example);
		warn("%s: %zu key%s that nothing is known of, such as '%s', passed over", where, unknown, unknown == 1 ? "" : "s", err_clip(clip, key.p, key.len));
	}
	if (bad)
		warn("%s: %zu value%s that cannot be read, passed over", where, bad, bad == 1 ? "" : "s");
}

struct str common_context(void)
{
	return (struct str){ o.context ? o.context : "", o.context ? strlen(o.context) : 0 };
}

void check_context(size_t *unknown, size_t *bad)
{
	struct context c;
	struct context_words none = { 0 };

	*bad = 0;
	*unknown = context_read(&c, &none, TIME_NONE, common_context(), true, bad);
	if (o.requests.n && c.time != TIME_NONE)
		usage_die("--context: requests have times of their own; time= goes without --requests");
	context_release(&none);
}

static void read_events(struct past *p, const char *path, struct progress *pr, struct err *e)
{
	struct eventr *r = eventr_open(path, o.has_header, e);
	struct event ev;
	int got = 0;

	while (r && (got = eventr_next(r, &ev, e)) == 1) {
		past_event(p, &ev);
		progress_set(pr, p->n_events);
	}
	if (!r || got < 0 || eventr_prov(r, &prov, &inputs, e))
		die_err(e);
	eventr_close(r);
}

static void read_vectors(struct past *p, struct err *e)
{
	struct vecs v;

	if (vecs_load(&v, o.vectors, &prov, &inputs, e) || past_vectors(p, &v, e))
		die_err(e);
	vecs_release(&v);
}

/* warn_strange - when the log has none of the catalogue's items, which have the first numbers. */
static void warn_strange(const struct past *p, size_t n_listed)
{
	size_t n = 0;

	for (size_t u = 0; u < p->n_users; u++)
		for (size_t i = 0; i < p->user[u].n_all; i++, n++)
			if (p->user[u].ev[i].item < n_listed)
				return;
	if (n)
		warn("none of %zu items is in %s: it says nothing of them", p->n[PAST_ITEM] - n_listed, file_shown(o.items));
}

struct past *load_past(void (*before)(struct past *p), struct err *e)
{
	struct past *p;
	struct progress pr;

	if (o.past) {
		if (!(p = past_open(o.past, &prov, &inputs, e)))
			die_err(e);
		if (before)
			before(p);
		return p;
	}
	p = past_new();
	if (o.items) {
		struct items it = { 0 };
		if (items_load(&it, o.items, o.has_header, &prov, &inputs, e) || past_items(p, &it, e))
			die_err(e);
		items_release(&it);
	}
	size_t n_listed = p->n[PAST_ITEM];
	progress_start(&pr, "past", "events", 0);
	for (size_t i = 0; i < o.events.n; i++)
		read_events(p, o.events.v[i], &pr, e);
	progress_end(&pr);
	if (o.items)
		warn_strange(p, n_listed);
	if (before)
		before(p);
	if (o.vectors)
		read_vectors(p, e);
	if (past_ready(p, e))
		die_err(e);
	warn_far(p->newest);
	note("%llu events of %zu users and %zu items, %zu kinds of situation", (unsigned long long)p->n_events, p->n_users, p->n[PAST_ITEM], p->n_codes);
	if (p->n_bad_values)
		say_context("events", 0, (struct str){ "", 0 }, p->n_bad_values);
	return p;
}

void rank_past(struct err *e)
{
	if (tool.n_args)
		usage_die("'%.60s': the log is named by --events", tool.arg[0]);
	check_past();
	tool_reads(o.items);
	struct sink *out = tool_output(o.out, true);
	struct past *p = load_past(NULL, e);
	past_walk(p, INT64_MAX);
	prov_step(&prov, tool.name, tool_version, tool.prov.p ? tool.prov.p : "", inputs.p ? inputs.p : "");
	if (past_save(p, out, &prov, e))
		die_err(e);
	tool_output_close(out);
	past_free(p);
}
