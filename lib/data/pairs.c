#include <string.h>

#include "pairs.h"
#include "seqs.h"
#include "../base/mem.h"
#include "../base/scan.h"

struct pairsr {
	struct eventr *events;		/* one of the two */
	struct tabler *table;
	bool has_header;
	size_t kind_at;			/* of a table, as rows are handed out: where an event's kind would stand, SIZE_MAX: nowhere */
	struct str kind;		/* of the last pair, empty: none */
};

/* find_kind - where rows have an event's kind, once they are ordered. */
static size_t find_kind(const struct tabler *t, bool has_header)
{
	size_t n, to = 2;
	const struct str *name = tabler_header(t, &n);

	if (!has_header || !n)
		return 3;
	for (size_t c = 0; c < n; c++) {
		if (str_is(name[c], "event"))
			return to;
		to += !str_is(name[c], "user") && !str_is(name[c], "item");
	}
	return SIZE_MAX;
}

/* is_events - a look at the first bytes that takes none. <0 error. */
static int is_events(const char *path, struct err *e)
{
	struct file *f = file_open(path, e);
	int ret = f ? block_sniff(f, e) : (int)e->code;
	const unsigned char *p;
	uint32_t kind;

	if (!f)
		return ret;
	if (ret > 0) {
		int64_t n = file_peek(f, BLOCK_HEAD, &p, e);
		if (n >= 20)
			memcpy(&kind, p + 16, 4);
		ret = n < 0 ? (int)n : n < 20 || kind != KIND_TABLE;	/* what is neither gets the events reader's sentence */
	}
	if (ret < 0)
		file_close(f);
	else
		file_unopen(f);
	return ret;
}

struct pairsr *pairsr_open(const char *path, bool has_header, struct err *e)
{
	static const char *const names[] = { "user", "item" };
	int events = is_events(path, e);
	struct pairsr *r = events < 0 ? NULL : mem_new(1, sizeof *r);

	if (!r)
		return NULL;
	r->has_header = has_header;
	if (events)
		r->events = eventr_open(path, has_header, e);
	else if ((r->table = tabler_open(path, NULL, has_header, e)) && !tabler_order(r->table, names, 2, e))
		r->kind_at = find_kind(r->table, has_header);
	if (!e->code)
		return r;
	pairsr_close(r);
	return NULL;
}

int pairsr_next(struct pairsr *r, struct str *user, struct str *item, struct str *third, struct err *e)
{
	const struct str *f;
	struct event ev;
	size_t n;
	int got;

	*third = (struct str){ "", 0 };
	if (r->events) {
		if ((got = eventr_next(r->events, &ev, e)) == 1) {
			*user = ev.user;
			*item = ev.item;
			r->kind = ev.kind;
		}
		return got;
	}
	if ((got = tabler_next(r->table, &f, &n, e)) != 1)
		return got;
	if (n < 2)
		return tabler_bad(r->table, e, "one field: a user and an item are wanted");
	if (!f[0].len || !f[1].len)
		return tabler_bad(r->table, e, "field %d: the %s is empty", f[0].len ? 2 : 1, f[0].len ? "item" : "user");
	if (!r->has_header && tabler_line(r->table) == 1 && tsv_is_header(f, n))
		return tabler_bad(r->table, e, TSV_HEADER);
	*user = f[0];
	*item = f[1];
	if (n > 2)
		*third = f[2];
	r->kind = n > r->kind_at ? f[r->kind_at] : (struct str){ "", 0 };
	return 1;
}

static bool is_kind(struct str s)
{
	return str_is(s, "play") || seqs_act_of(s) != SEQS_PLAY;
}

bool pairsr_is_event(const struct pairsr *r, struct str *kind)
{
	*kind = r->kind;
	return r->events || is_kind(r->kind) || str_is(r->kind, "plays");
}

bool pairs_is_event(const struct str *f, size_t n)
{
	int64_t t;

	return n > 3 && is_kind(f[3]) && scan_i64(f[2].p, f[2].len, &t) && t >= 100000000 && t < 100000000000;
}

void pairsr_where(const struct pairsr *r, struct buf *out)
{
	if (r->events)
		eventr_where(r->events, out);
	else
		tabler_where(r->table, out);
}

void pairsr_close(struct pairsr *r)
{
	if (!r)
		return;
	eventr_close(r->events);
	tabler_close(r->table);
	mem_free(r);
}
