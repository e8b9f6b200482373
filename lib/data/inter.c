#include <string.h>

#include "inter.h"
#include "../base/mem.h"

struct pairs {			/* what is read, before it becomes a matrix */
	struct csr_keys keys;
	int64_t *time;			/* [keys.n] only where events fade */
	size_t cap;
};

static double weigh(const struct inter_opts *o, const struct event *ev)
{
	return o->weight ? o->weight(ev, o->ctx) : 1;
}

static void add(struct inter *m, struct inter_opts *o, struct pairs *p, uint32_t u, uint32_t i, double w, int64_t time)
{
	m->n_events++;
	if (time > o->newest)
		o->newest = time;
	if (u == VOCAB_NONE || i == VOCAB_NONE) {
		o->n_unknown++;
		return;
	}
	if (!(w > 0))
		return;
	if (o->fade) {
		arr_reserve(p->time, p->keys.n + 1, p->cap);
		p->time[p->keys.n] = time;
	}
	csr_keys_add(&p->keys, u, i, (float)w);
}

static int load_text(struct inter *m, struct inter_opts *o, struct eventr *r, struct pairs *p, struct err *e)
{
	struct event ev;
	uint64_t total;
	int got;

	while ((got = eventr_next(r, &ev, e)) == 1) {
		if (o->fade && eventr_time(r, ev.time, "a half-life", e))
			return ERR_DATA;
		uint32_t u = vocab_number(&m->user, ev.user, o->keep_vocab), i = vocab_number(&m->item, ev.item, o->keep_vocab);
		add(m, o, p, u, i, weigh(o, &ev), ev.time);
		if (o->progress && !(m->n_events & 4095)) {
			uint64_t done = eventr_bytes(r, &total);
			o->progress(o->progress_ctx, done, total);
		}
	}
	return got;
}

static int load_binary(struct inter *m, struct inter_opts *o, struct eventr *r, struct pairs *p, struct err *e)
{
	struct vocab_remap user = { 0 }, item = { 0 };
	struct event_block b;
	struct event ev;
	uint64_t total;
	int got;

	while ((got = eventr_block(r, &b, e)) == 1) {
		if (b.is_new_stream)
			user.n = item.n = 0;
		vocab_follow(&user, b.users, b.n_users, &m->user, o->keep_vocab);
		vocab_follow(&item, b.items, b.n_items, &m->item, o->keep_vocab);
		got = 0;
		for (size_t i = 0; i < b.n && !got; i++) {
			double w = 1;
			if (o->weight) {
				event_block_get(&b, i, &ev);
				w = o->weight(&ev, o->ctx);
			}
			if (o->fade)
				got = eventr_time(r, b.time[i], "a half-life", e);
			add(m, o, p, user.to[b.user[i]], item.to[b.item[i]], w, b.time[i]);
		}
		if (got < 0)
			break;
		if (o->progress) {
			uint64_t done = eventr_bytes(r, &total);
			o->progress(o->progress_ctx, done, total);
		}
	}
	mem_free(user.to);
	mem_free(item.to);
	return got;
}

/* fade - weights as of the newest event; pairs of which nothing is left go. */
static void fade(struct pairs *p, const struct inter_opts *o)
{
	size_t n = 0;

	for (size_t j = 0; j < p->keys.n; j++) {
		float w = (float)((double)p->keys.val[j] * o->fade(event_age(p->time[j], o->newest), o->ctx));
		if (!(w > 0))
			continue;
		p->keys.key[n] = p->keys.key[j];
		p->keys.val[n++] = w;
	}
	p->keys.n = n;
}

int inter_load(struct inter *m, const char *const *path, size_t n, struct inter_opts *o, struct prov *p, struct buf *inputs, struct err *e)
{
	static const char *const from_stdin[] = { "-" };
	struct pairs pairs = { 0 };
	int got = 0;

	if (!o->keep_vocab)
		*m = (struct inter){ 0 };
	o->n_unknown = 0;
	o->newest = TIME_NONE;
	if (!n) {
		path = from_stdin;
		n = 1;
	}
	for (size_t i = 0; i < n && !got; i++) {
		struct eventr *r = eventr_open(path[i], o->has_header, e);
		if (!r) {
			got = e->code;
			break;
		}
		got = eventr_is_binary(r) ? load_binary(m, o, r, &pairs, e) : load_text(m, o, r, &pairs, e);
		if (!got)
			got = eventr_prov(r, p, inputs, e);
		eventr_close(r);
	}
	if (!got && o->fade)
		fade(&pairs, o);
	mem_free(pairs.time);
	if (!got)
		got = csr_take(&m->m, &pairs.keys, m->user.n, m->item.n, o->pool, e);
	csr_keys_release(&pairs.keys);
	if (got)
		inter_release(m);
	return got;
}

void inter_release(struct inter *m)
{
	vocab_release(&m->user);
	vocab_release(&m->item);
	csr_release(&m->m);
	*m = (struct inter){ 0 };
}
