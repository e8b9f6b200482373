#include <string.h>

#include "history.h"

/* know_devices - those of the model: in a log with more than there is room for its own are not to be crowded out. Of a blend, whose parts have their own, the first that are read. */
static void know_devices(struct seqs_opts *o, struct vocab *device, const struct model *m)
{
	struct idtab t = { 0 };
	struct err e = { 0 };

	o->has_devices = !strcmp(m->kind, "blend") || artifact_has(m->art, "device.off");
	if (!artifact_has(m->art, "device.off") || artifact_idtab(m->art, "device", &t, &e))
		return;
	for (size_t i = 0; i < t.n; i++) {
		struct str s = idtab_id(&t, i);
		vocab_add(device, s.p, s.len);
	}
	o->keep_devices = true;
}

void history_begin(struct history_make *k, struct history *h, const struct model *m, inter_weight *weight, void *ctx, bool has_order)
{
	*h = (struct history){ 0 };
	*k = (struct history_make){ .h = h, .m = m, .weight = weight, .ctx = ctx };
	if (has_order) {
		struct seqs_opts order = { .keep_weightless = true };
		know_devices(&order, &h->order.device, m);
		k->order = seqs_begin(&h->order, &order);
	}
}

void history_event(struct history_make *k, const struct event *ev)
{
	uint32_t u = vocab_add(&k->h->user, ev->user.p, ev->user.len), i = idtab_find(&k->m->ids[MODEL_ITEMS], ev->item.p, ev->item.len);

	if (i == VOCAB_NONE) {
		vocab_add(&k->h->unknown, ev->item.p, ev->item.len);
		return;
	}
	double w = k->weight(ev, k->ctx);
	if (w > 0)
		csr_keys_add(&k->liked, u, i, (float)w);
	if (!k->only_more)
		csr_keys_add(&k->had, u, i, 1);
	if (k->order)
		seqs_put(k->order, u, i, w, ev);
}

int history_end(struct history_make *k, struct err *e)
{
	struct history *h = k->h;
	size_t n = k->m->n[MODEL_ITEMS];
	int ret = e->code;

	if (!ret)
		ret = csr_take(&h->liked, &k->liked, h->user.n, n, NULL, e);
	if (!ret)
		ret = csr_take(&h->has, &k->had, h->user.n, n, NULL, e);
	csr_keys_release(&k->liked);
	csr_keys_release(&k->had);
	if (k->order) {
		h->order.n_users = h->user.n;
		if (seqs_end(k->order, e))
			ret = e->code;
	}
	if (ret)
		history_release(h);
	return ret;
}

/* has_event - only of listeners who are there, and only what they have. */
static void has_event(struct history_make *k, const struct event *ev)
{
	uint32_t u = vocab_find(&k->h->user, ev->user.p, ev->user.len), i = idtab_find(&k->m->ids[MODEL_ITEMS], ev->item.p, ev->item.len);

	if (u != VOCAB_NONE && i != VOCAB_NONE)
		csr_keys_add(&k->had, u, i, 1);
}

static int read_events(struct history_make *k, const char *path, bool has_header, void (*take)(struct history_make *k, const struct event *ev), struct prov *p,
		       struct buf *inputs, struct err *e)
{
	struct eventr *r = eventr_open(path, has_header, e);
	struct event ev;
	int got = -1;

	while (r && (got = eventr_next(r, &ev, e)) == 1)
		take(k, &ev);
	if (!got)
		got = eventr_prov(r, p, inputs, e);
	eventr_close(r);
	return got;
}

int history_load(struct history *h, const struct history_source *s, const struct model *m, struct prov *p, struct buf *inputs, struct err *e)
{
	static const char *const from_stdin[] = { "-" };
	const char *const *path = s->n ? s->path : from_stdin;
	struct history_make k;
	int ret = 0;

	history_begin(&k, h, m, s->weight, s->ctx, s->has_order);
	k.only_more = s->only_more;
	for (size_t i = 0; i < (s->n ? s->n : 1) && !ret; i++)
		ret = read_events(&k, path[i], s->has_header, history_event, p, inputs, e);
	for (size_t i = 0; i < s->n_more && !ret; i++)
		ret = read_events(&k, s->more[i], s->has_header, has_event, p, inputs, e);
	return history_end(&k, e);
}

void history_release(struct history *h)
{
	vocab_release(&h->user);
	vocab_release(&h->unknown);
	csr_release(&h->liked);
	csr_release(&h->has);
	seqs_release(&h->order);
	*h = (struct history){ 0 };
}
