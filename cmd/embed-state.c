/*
 * embed-state - listeners' events read behind what a seq model remembers of them: all at once (--state), or line by line, each answered before the next is read (--follow).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/model/seq_state.h"
#include "embed.h"

static struct {
	bool is_open;
	struct seq_states states;
	uint32_t *number;		/* [users of the events] in states; VOCAB_NONE: no events that count */
} job;

void states_open(struct ordered *m, struct err *e)
{
	struct prov old = { { 0 } };
	struct buf digest = { 0 };
	const char *path = o.state;

	if (m->kind != ORDERED_SEQ)
		usage_die("%s: models of kind %s do not read event by event: those of seq do", o.state ? "--state" : "--follow", model.kind);
	if (path && access(path, F_OK) && errno == ENOENT)
		path = NULL;
	if (artifact_prov(model.art, &old, &digest, e))
		die_err(e);
	if (seq_states_open(&job.states, &m->seq, digest.p, path, e)) {
		if (e->code == ERR_DATA)
			err_prefix(e, "--state");
		die_err(e);
	}
	job.is_open = true;
	if (job.states.file && artifact_prov(job.states.file, &old, &inputs, e))
		die_err(e);
	prov_release(&old);
	buf_release(&digest);
}

void states_see(const struct history *h)
{
	job.number = mem_new(h->user.n, sizeof *job.number);
	for (size_t u = 0; u < h->user.n; u++)
		job.number[u] = h->order.start[u + 1] > h->order.start[u] ? seq_states_user(&job.states, h->user.str[u]) : VOCAB_NONE;
}

bool states_vector(const struct ordered_view *v, struct ordered_reader *r, size_t u, bool is_liked, float *x, struct err *e)
{
	const struct seqs *h = v->h;
	const struct seq *s = &v->o->seq;
	size_t n = h->start[u + 1] - h->start[u], most = s->dims.n, from = h->start[u] + (n > most ? n - most : 0);
	bool was_liked;

	if (job.number[u] == VOCAB_NONE || seq_states_load(&job.states, job.number[u], &r->seq, &was_liked, e))
		return false;
	n = h->start[u + 1] - from;
	for (size_t i = 0; i < n; i++)
		r->device[i] = h->device_of ? v->device[h->device_of[from + i]] : 0;
	seq_append(s, &r->seq, &(struct seq_past){ n, h->what + from, h->act + from, h->time + from, r->device });
	seq_vector(s, &r->seq, v->o->content, x);
	is_liked |= was_liked;
	return !seq_states_store(&job.states, job.number[u], &r->seq, n, is_liked, e) && is_liked;
}

/* ---- line by line ---- */

/* answer - one event. False, and *e says what is wrong with it, when the model does not know the item. */
static bool answer(struct ordered *m, struct ordered_reader *r, const struct event *ev, struct sink *out, float *x, struct err *e)
{
	struct history h;
	struct history_make k;
	struct ordered_view view;
	char clip[ERR_CLIP_MAX];
	bool is_known;

	history_begin(&k, &h, &model, weigh_event, ordered_weigh(m), true);
	history_event(&k, ev);
	if (history_end(&k, e))
		die_err(e);
	if ((is_known = !h.unknown.n)) {
		ordered_see(&view, m, &h.order);
		states_see(&h);
		states_vector(&view, r, 0, h.liked.start[1] > 0, x, e);
		if (e->code)
			die_err(e);
		write_vector(ev->user, x, e);
		if (sink_flush(out, e))
			die_err(e);
		mem_free(job.number);
		job.number = NULL;
	} else {
		err_set(e, ERR_DATA, "item '%s' is unknown to %s", err_clip(clip, ev->item.p, ev->item.len), file_shown(o.model));
	}
	history_release(&h);
	return is_known;
}

void states_follow(struct ordered *m, struct sink *out, struct err *e)
{
	struct eventr *in = eventr_open("-", o.has_header, e);
	struct ordered_reader r;
	struct event ev;
	uint64_t n_bad = 0;
	int got;

	if (!in || ordered_reader_init(&r, m, e))
		die_err(e);
	while ((got = eventr_next(in, &ev, e))) {
		if (got < 0 && !eventr_pass(in))
			die_err(e);
		if (got > 0 && answer(m, &r, &ev, out, r.x, e))
			continue;
		if (got > 0)
			eventr_at(in, e);
		warn("%s", e->msg);
		n_bad++;
		*e = (struct err){ 0 };
	}
	if (eventr_prov(in, &prov, &inputs, e))
		die_err(e);
	if (n_bad)
		warn("%llu events were not answered", (unsigned long long)n_bad);
	eventr_close(in);
	ordered_reader_release(&r);
}

/* ---- the file ---- */

void states_write(struct err *e)
{
	struct sink *s = tool_output_again(o.state);
	size_t n_late = seq_states_late(&job.states);

	if (n_late)
		warn("%zu of %zu listeners have no event that is later than what %s remembers of them: given twice?", n_late, job.states.n_kept, file_shown(o.state));
	if (seq_states_save(&job.states, s, &prov, e))
		die_err(e);
	tool_output_close(s);
}

void states_close(void)
{
	if (job.is_open)
		seq_states_release(&job.states);
	mem_free(job.number);
}
