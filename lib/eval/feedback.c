#include <math.h>
#include <string.h>

#include "feedback.h"
#include "../base/mem.h"
#include "../base/pieces.h"
#include "../base/scan.h"
#include "../base/sort.h"
#include "../data/event.h"
#include "../data/table.h"

enum { PLACE_MAX = 1000000 };

struct feedback_user {
	size_t row;			/* 1 + that of the last event; 0: none yet */
	bool has_outcome;		/* a play or a skip is in it */
};

void feedback_init(struct feedback *f)
{
	struct err e = { 0 };

	*f = (struct feedback){ 0 };
	feedback_rewards(f, "play=1,like=1,skip=0", &e);
	for (size_t i = 0; i < f->n_kinds; i++)
		f->kind[i].is_told = false;
}

void feedback_release(struct feedback *f)
{
	for (size_t i = 0; i < f->n_kinds; i++)
		mem_free(f->kind[i].name);
	mem_free(f->kind);
	mem_free(f->row);
	mem_free(f->last);
	*f = (struct feedback){ 0 };
}

static struct feedback_kind *kind_of(struct feedback *f, const char *name, size_t len)
{
	for (size_t i = 0; i < f->n_kinds; i++)
		if (strlen(f->kind[i].name) == len && !memcmp(f->kind[i].name, name, len))
			return &f->kind[i];
	return NULL;
}

int feedback_rewards(struct feedback *f, const char *spec, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	for (const char *p = spec; *p;) {
		size_t len = strcspn(p, ","), name = strcspn(p, "=");
		double v;
		if (!name || name >= len || !scan_f64(p + name + 1, len - name - 1, &v))
			return err_set(e, ERR_USAGE, "'%s' is not KIND=REWARD, a finite number", err_clip(clip, p, len));
		struct feedback_kind *k = kind_of(f, p, name);
		if (!k) {
			arr_reserve(f->kind, f->n_kinds + 1, f->cap_kinds);
			k = &f->kind[f->n_kinds++];
			*k = (struct feedback_kind){ .name = mem_new(name + 1, 1) };
			memcpy(k->name, p, name);
		}
		if (k->is_told)
			return err_set(e, ERR_USAGE, "%s comes twice", err_clip(clip, p, name));
		k->is_told = true;
		k->reward = v;
		p += len + (p[len] == ',');
	}
	return 0;
}

static bool is_probability(struct str s, double *p)
{
	return scan_f64(s.p, s.len, p) && *p > 0 && *p <= 1;
}

/* add_event - to the row of the user's last event where it is about that, else a new one. */
static int add_event(struct feedback *f, const struct event *ev, uint32_t u, uint32_t it, uint32_t place, double p, struct err *e)
{
	bool is_outcome = !ev->kind.len || (ev->kind.len == 4 && (!memcmp(ev->kind.p, "play", 4) || !memcmp(ev->kind.p, "skip", 4)));
	const struct feedback_kind *k = ev->kind.len ? kind_of(f, ev->kind.p, ev->kind.len) : kind_of(f, "play", 4);
	size_t before = f->cap_last;

	arr_reserve(f->last, (size_t)u + 1, f->cap_last);
	memset(f->last + before, 0, (f->cap_last - before) * sizeof *f->last);
	struct feedback_user *l = &f->last[u];
	struct feedback_row *row = l->row ? &f->row[l->row - 1] : NULL;
	double reward = k ? k->reward : 0;
	if (row && row->place == place && row->item == it && !(is_outcome && l->has_outcome)) {
		row->reward = reward > row->reward ? reward : row->reward;
		l->has_outcome |= is_outcome;
		return 0;
	}
	if (f->n_lists >= UINT32_MAX)
		return err_set(e, ERR_DATA, "there are more than %u lists in the log", UINT32_MAX - 1);
	uint32_t list = row && row->place < place ? row->list : (uint32_t)f->n_lists++;
	arr_reserve(f->row, f->n + 1, f->cap);
	f->row[f->n++] = (struct feedback_row){ u, it, list, place, p, reward };
	*l = (struct feedback_user){ f->n, is_outcome };
	return 0;
}

int feedback_events(struct feedback *f, const char *path, bool has_header, bool needs_p, struct vocab *user, struct vocab *item, struct err *e)
{
	struct eventr *r = eventr_open(path, has_header, e);
	char clip[ERR_CLIP_MAX];
	struct event ev;
	int got = 0;

	while (r && (got = eventr_next(r, &ev, e)) == 1) {
		struct str s;
		uint64_t place;
		double p = NAN;
		if (!pieces_value(ev.context, "place_in", &s)) {
			f->n_other++;
			continue;
		}
		if (!scan_u64(s.p, s.len, &place) || !place || place > PLACE_MAX)
			got = eventr_bad(r, e, "place_in=%s is no place from 1 to %d", err_clip(clip, s.p, s.len), PLACE_MAX);
		else if (pieces_value(ev.context, "p", &s) && !is_probability(s, &p))
			got = eventr_bad(r, e, "p=%s is not a probability above 0, at most 1", err_clip(clip, s.p, s.len));
		else if (needs_p && isnan(p))
			got = eventr_bad(r, e, "place_in has no p= beside it: how probable it was that this item was shown is not known");
		else
			got = add_event(f, &ev, vocab_add(user, ev.user.p, ev.user.len), vocab_add(item, ev.item.p, ev.item.len), (uint32_t)place - 1, p, e);
		if (got < 0)
			break;
	}
	eventr_close(r);
	return r && got >= 0 ? 0 : (int)e->code;
}

static int add_row(struct feedback *f, const struct tabler *r, const struct str *s, size_t n, struct vocab *user, struct vocab *item, struct err *e)
{
	char clip[ERR_CLIP_MAX];
	double p, reward;

	if (n < 4)
		return tabler_bad(r, e, "%zu field%s: a line has user, item, propensity and reward", n, n == 1 ? "" : "s");
	if (!s[0].len || !s[1].len)
		return tabler_bad(r, e, "the user or the item is empty");
	if (!is_probability(s[2], &p))
		return tabler_bad(r, e, "field 3: '%s' is not a probability above 0, at most 1", err_clip(clip, s[2].p, s[2].len));
	if (!scan_f64(s[3].p, s[3].len, &reward))
		return tabler_bad(r, e, "field 4: '%s' is not a reward (a finite number)", err_clip(clip, s[3].p, s[3].len));
	if (f->n_lists >= UINT32_MAX)
		return tabler_bad(r, e, "there are more than %u rows in the log", UINT32_MAX - 1);
	arr_reserve(f->row, f->n + 1, f->cap);
	f->row[f->n++] = (struct feedback_row){ vocab_add(user, s[0].p, s[0].len), vocab_add(item, s[1].p, s[1].len), (uint32_t)f->n_lists++, 0, p, reward };
	return 0;
}

int feedback_table(struct feedback *f, const char *path, bool has_header, struct vocab *user, struct vocab *item, struct err *e)
{
	static const char *const names[] = { "user", "item", "propensity", "reward" };
	struct tabler *r = tabler_open(path, NULL, has_header, e);
	const struct str *s;
	size_t n;

	if (r && !tabler_order(r, names, 4, e))
		while (tabler_next(r, &s, &n, e) == 1 && !add_row(f, r, s, n, user, item, e))
			;
	tabler_close(r);
	return e->code;
}

int feedback_sort(struct feedback *f, struct err *e)
{
	uint64_t *key = mem_try(f->n, sizeof *key, "rows of a log", e);
	uint32_t *from = key ? mem_try(f->n, sizeof *from, "rows of a log", e) : NULL;
	struct feedback_row *row = from ? mem_new(f->n + 1, sizeof *row) : NULL;
	int ret = row ? 0 : ERR_MEM;

	if (!ret && f->n >= UINT32_MAX)
		ret = err_set(e, ERR_DATA, "there are more than %u rows in the log", UINT32_MAX - 1);
	for (size_t i = 0; i < f->n && !ret; i++) {
		key[i] = (uint64_t)f->row[i].list << 32 | f->row[i].place;
		from[i] = (uint32_t)i;
	}
	if (!ret && !(ret = sort_u64(key, from, f->n, e))) {
		for (size_t i = 0; i < f->n; i++)
			row[i] = f->row[from[i]];
		mem_free(f->row);
		f->row = row;
		f->cap = f->n + 1;
		row = NULL;
	}
	mem_free(key);
	mem_free(from);
	mem_free(row);
	return ret;
}
