#include <string.h>

#include "ordered.h"
#include "../base/mem.h"
#include "../num/num.h"

static enum ordered_kind kind_of(const char *name)
{
	return !strcmp(name, "session") ? ORDERED_SESSION : !strcmp(name, "seq") ? ORDERED_SEQ : ORDERED_NONE;
}

bool ordered_is(const char *kind)
{
	return kind_of(kind) != ORDERED_NONE;
}

int ordered_open(struct ordered *o, struct model *m, struct err *e)
{
	*o = (struct ordered){ .m = m, .kind = kind_of(m->kind) };
	switch (o->kind) {
	case ORDERED_NONE:
		err_set(e, ERR_DATA, "%s: a model of kind %s does not read events in order", artifact_name(m->art), m->kind);
		break;
	case ORDERED_SESSION:
		session_fold_open(&o->session, m, e);
		break;
	case ORDERED_SEQ:
		if (!seq_open(&o->seq, m, e))
			model_vectors(m, MODEL_ITEMS, e);
		break;
	}
	if (e->code)
		ordered_release(o);
	return e->code;
}

void ordered_release(struct ordered *o)
{
	if (o->kind == ORDERED_SESSION)
		session_fold_release(&o->session);
	if (o->kind == ORDERED_SEQ)
		seq_close(&o->seq);
	*o = (struct ordered){ 0 };
}

struct weigh *ordered_weigh(struct ordered *o)
{
	return o->kind == ORDERED_SEQ ? &o->seq.weigh : &o->session.weigh;
}

int ordered_choose(struct ordered *o, const char *content, struct err *e)
{
	size_t n = o->kind == ORDERED_SEQ ? o->seq.kinds.n : 0;
	struct buf names = { 0 };
	char clip[ERR_CLIP_MAX];

	o->content = 0;
	if (!content && n <= 1)
		return 0;
	uint32_t known = content && n ? seq_kind_find(&o->seq, (struct str){ content, strlen(content) }) : VOCAB_NONE;
	if (known != VOCAB_NONE) {
		o->content = known;
		return 0;
	}
	for (size_t k = 0; k < n; k++) {
		struct str s = idtab_id(&o->seq.kinds, k);
		buf_printf(&names, "%s'%s'", k ? ", " : "", err_clip(clip, s.p, s.len));
	}
	if (!n)
		err_set(e, ERR_USAGE, "%s knows no kinds of content, '%s' is none", artifact_name(o->m->art), err_clip(clip, content, strlen(content)));
	else
		err_set(e, ERR_USAGE, "%s has vectors of these kinds of content, one of which is to be named: %.300s", artifact_name(o->m->art), names.p);
	buf_release(&names);
	return e->code;
}

void ordered_see(struct ordered_view *v, const struct ordered *o, const struct seqs *h)
{
	*v = (struct ordered_view){ .o = o, .h = h };
	for (size_t i = 0; i < h->device.n && o->kind == ORDERED_SEQ && o->seq.devices.n; i++) {
		uint32_t code = idtab_find(&o->seq.devices, h->device.str[i].p, h->device.str[i].len);
		v->device[i + 1] = code < SEQS_DEVICES_MAX ? (uint8_t)(code + 1) : 0;
	}
}

int ordered_reader_init(struct ordered_reader *r, const struct ordered *o, struct err *e)
{
	*r = (struct ordered_reader){ .x = mem_try(o->m->d, sizeof *r->x, "a listener's vector", e) };
	if (o->kind == ORDERED_SEQ && r->x && (r->device = mem_try(o->seq.dims.n, 1, "devices of events", e)))
		seq_reader_init(&r->seq, &o->seq.dims, e);
	if (e->code)
		ordered_reader_release(r);
	return e->code;
}

void ordered_reader_release(struct ordered_reader *r)
{
	mem_free(r->item);
	mem_free(r->device);
	mem_free(r->x);
	seq_reader_release(&r->seq);
	*r = (struct ordered_reader){ 0 };
}

/* read_session - its vector. */
static bool read_session(const struct ordered_view *v, struct ordered_reader *r, float *x, size_t from, size_t n)
{
	size_t k = 0;

	arr_reserve(r->item, n, r->cap);
	for (size_t i = from; i < from + n; i++)
		if (!(v->h->act[i] & SEQS_WEIGHTLESS))
			r->item[k++] = v->h->what[i];
	session_fold(&v->o->session, x, r->item, k);
	return k > 0;
}

/* read_seq - into r->seq. */
static bool read_seq(const struct ordered_view *v, struct ordered_reader *r, size_t from, size_t n)
{
	const struct seqs *h = v->h;
	size_t most = v->o->seq.dims.n, skipped = n > most ? n - most : 0;

	from += skipped;
	n -= skipped;
	for (size_t i = 0; i < n; i++)
		r->device[i] = h->device_of ? v->device[h->device_of[from + i]] : 0;
	if (n)
		seq_read(&v->o->seq, &r->seq, &(struct seq_past){ n, h->what + from, h->act + from, h->time + from, r->device });
	return n > 0;
}

bool ordered_vector(const struct ordered_view *v, struct ordered_reader *r, float *x, size_t u)
{
	size_t from = v->h->start[u], n = v->h->start[u + 1] - from;

	if (v->o->kind == ORDERED_SESSION)
		return read_session(v, r, x, from, n);
	if (read_seq(v, r, from, n)) {
		seq_vector(&v->o->seq, &r->seq, v->o->content, x);
		return true;
	}
	memset(x, 0, v->o->m->d * sizeof *x);
	return false;
}

bool ordered_scores(const struct ordered_view *v, struct ordered_reader *r, float *out, size_t u)
{
	size_t from = v->h->start[u], n = v->h->start[u + 1] - from, n_items = v->o->m->n[MODEL_ITEMS], d = v->o->m->d;
	bool counts;

	if (v->o->kind == ORDERED_SESSION) {
		counts = read_session(v, r, r->x, from, n);
		if (counts)
			num_dots(out, r->x, v->o->session.item, n_items, d, d);
	} else {
		counts = read_seq(v, r, from, n);
		if (counts)
			seq_scores(&v->o->seq, &r->seq, out, r->x);
	}
	if (!counts)
		memset(out, 0, n_items * sizeof *out);
	return counts;
}
