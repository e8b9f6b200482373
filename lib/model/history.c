#include "history.h"

/* read_events - liked NULL: only of listeners who are there, and only what they have. */
static int read_events(struct history *h, const char *path, const struct history_source *s, const struct model *m, struct csr_entries *liked,
		       struct csr_entries *had, struct prov *p, struct buf *inputs, struct err *e)
{
	struct eventr *r = eventr_open(path, s->has_header, e);
	struct event ev;
	int got = -1;

	while (r && (got = eventr_next(r, &ev, e)) == 1) {
		uint32_t u = liked ? vocab_add(&h->user, ev.user.p, ev.user.len) : vocab_find(&h->user, ev.user.p, ev.user.len);
		uint32_t i = idtab_find(&m->ids[MODEL_ITEMS], ev.item.p, ev.item.len);
		if (i == VOCAB_NONE && liked)
			vocab_add(&h->unknown, ev.item.p, ev.item.len);
		if (i == VOCAB_NONE || u == VOCAB_NONE)
			continue;
		double w = liked ? s->weight(&ev, s->ctx) : 0;
		if (w > 0)
			csr_entries_add(liked, u, i, (float)w);
		csr_entries_add(had, u, i, 1);
	}
	if (!got)
		got = eventr_prov(r, p, inputs, e);
	eventr_close(r);
	return got;
}

int history_load(struct history *h, const struct history_source *s, const struct model *m, struct prov *p, struct buf *inputs, struct err *e)
{
	struct csr_entries liked = { 0 }, had = { 0 };
	size_t n = m->n[MODEL_ITEMS];
	int ret = 0;

	*h = (struct history){ 0 };
	for (size_t i = 0; i < s->n && !ret; i++)
		ret = read_events(h, s->path[i], s, m, &liked, &had, p, inputs, e);
	for (size_t i = 0; i < s->n_more && !ret; i++)
		ret = read_events(h, s->more[i], s, m, NULL, &had, p, inputs, e);
	if (!ret)
		ret = csr_from_pairs(&h->liked, liked.row, liked.col, liked.val, liked.n, h->user.n, n, e);
	if (!ret)
		ret = csr_from_pairs(&h->has, had.row, had.col, NULL, had.n, h->user.n, n, e);
	csr_entries_release(&liked);
	csr_entries_release(&had);
	if (ret)
		history_release(h);
	return ret;
}

void history_release(struct history *h)
{
	vocab_release(&h->user);
	vocab_release(&h->unknown);
	csr_release(&h->liked);
	csr_release(&h->has);
	*h = (struct history){ 0 };
}
