/*
 * synth-answer - --answer: no log is written, but what the listeners answer to ranked lists when it has ended. Holds the lists and the answers.
 */
#include "../lib/cli/progress.h"
#include "../lib/synth/answers.h"
#include "synth.h"

static void live(struct answers *a, struct err *e)
{
	const struct world_event *ev = NULL;
	struct progress pr;
	uint64_t done = 0;
	size_t n;
	int got;

	progress_start(&pr, "synth", "events", (uint64_t)o.events);
	while ((got = world_next(world, NULL, NULL, &ev, &n, e)) == 1) {
		answers_heard(a, ev, n);
		progress_set(&pr, done += n);
	}
	progress_end(&pr);
	if (got < 0)
		die_err(e);
}

static void write_told(const struct answers *a, struct sink *s, struct err *e)
{
	struct answer_truth t;

	for (size_t i = 0; i < answers_n_lines(a); i++) {
		answers_truth(a, i, &t);
		struct str user = world_users(world)->str[t.user], item = world_items(world)->str[t.item];
		buf_printf(&line, "%s\t%s\t%zu\t", user.p, item.p, t.place);
		buf_put_f32(&line, (float)t.examined);
		buf_putc(&line, '\t');
		buf_put_f32(&line, (float)t.preference);
		buf_putc(&line, '\t');
		buf_put(&line, t.context.p, t.context.len);
		put_line(s, e);
	}
}

void write_answers(struct sink *s, struct sink *told, struct err *e)
{
	struct answers_opts ao = { .patience = o.patience, .pull = o.pull, .day = (size_t)o.answer_day, .has_situation = o.answer_context != NULL, .situation = o.situation };
	struct prov prov = { { 0 } };
	struct buf inputs = { 0 };
	struct answers *a = answers_read(world, o.answer, &ao, &prov, &inputs, e);
	struct eventw *w = a ? eventw_new(s, o.is_binary ? EVENT_BINARY : EVENT_TSV, e) : NULL;
	struct event ev;

	if (!w)
		die_err(e);
	live(a, e);
	for (size_t i = 0; i < o.after.n; i++)
		if (answers_after(a, o.after.v[i], &prov, &inputs, e))
			die_err(e);
	if (answers_make(a, e))
		die_err(e);
	eventw_threads(w, (int)tool.threads);
	for (size_t i = 0; i < answers_n(a); i++) {
		answers_get(a, i, &ev);
		if (eventw_write(w, &ev, e))
			die_err(e);
	}
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	if (eventw_finish(w, &prov, e))
		die_err(e);
	if (told)
		write_told(a, told, e);
	prov_release(&prov);
	buf_release(&inputs);
	eventw_free(w);
	answers_free(a);
}
