#include <string.h>

#include "marks.h"
#include "../base/mem.h"

enum { DEBT_SECONDS = 3600, BURST_STARTS = 100, CLOCKWORK_GAPS = 30 };

const char *const suspect_name[SUSPECTS] = { "overlap", "burst", "clockwork" };

struct user_marks {
	int64_t start, end;		/* of the last event; of all so far */
	double busy_until;		/* if everything were played one after the other */
	int64_t minute, gap;		/* of the last start; between the last two */
	uint32_t session, starts, same_gaps;	/* starts: in that minute */
	bool is_known;
};

static struct user_marks *marks_of(struct marks *m, struct str user)
{
	size_t before = m->user.n, u = vocab_add(&m->user, user.p, user.len);

	arr_reserve(m->of, m->user.n, m->cap);
	if (u == before)
		m->of[u] = (struct user_marks){ 0 };
	return &m->of[u];
}

static void put_context(struct marks *m, const char *key, const char *value)
{
	if (m->context.len)
		buf_putc(&m->context, ';');
	buf_printf(&m->context, "%s=%s", key, value);
}

/* suspects - a bit for each that this event shows; x is how things stood before it. */
static unsigned suspects(struct user_marks *x, int64_t t, double seconds)
{
	unsigned found = 0;
	int64_t minute = t / 60 - (t % 60 < 0), gap = x->is_known ? t - x->start : 0;

	if (x->is_known && x->busy_until - (double)t >= DEBT_SECONDS)
		found |= 1U << SUSPECT_OVERLAP;
	x->busy_until = (x->is_known && x->busy_until > (double)t ? x->busy_until : (double)t) + seconds;
	x->starts = x->is_known && x->minute == minute ? x->starts + 1 : 1;
	x->minute = minute;
	if (x->starts > BURST_STARTS)
		found |= 1U << SUSPECT_BURST;
	x->same_gaps = gap > 0 && gap == x->gap ? x->same_gaps + 1 : gap > 0;
	x->gap = gap;
	if (x->same_gaps >= CLOCKWORK_GAPS)
		found |= 1U << SUSPECT_CLOCKWORK;
	return found;
}

void marks_put(struct marks *m, struct event *ev)
{
	bool is_listen = !ev->kind.len || (ev->kind.len == 4 && (!memcmp(ev->kind.p, "play", 4) || !memcmp(ev->kind.p, "skip", 4)));
	double seconds = is_listen && ev->value > 0 ? ev->value : 0;
	char text[64] = "";

	if (ev->time == TIME_NONE)
		return;
	struct user_marks *x = marks_of(m, ev->user);
	buf_reset(&m->context);
	buf_put(&m->context, ev->context.p, ev->context.len);
	bool is_ordered = !x->is_known || ev->time >= x->start;
	m->n_unordered += !is_ordered;
	m->n_overlaps += is_listen && is_ordered && x->is_known && ev->time < x->end - 1;
	if (!x->is_known || (m->gap > 0 && (double)ev->time - (double)x->end > m->gap)) {
		x->session++;
		m->n_sessions++;
	}
	if (m->gap > 0) {
		buf_printf(&m->context, "%ssession=%u", m->context.len ? ";" : "", x->session);
	}
	unsigned found = m->has_suspects && is_listen && is_ordered ? suspects(x, ev->time, seconds) : 0;
	for (int i = 0; i < SUSPECTS; i++)
		if (found & 1U << i) {
			m->n_suspect[i]++;
			strcat(strcat(text, *text ? "," : ""), suspect_name[i]);
		}
	if (found)
		put_context(m, "suspect", text);
	int64_t end = ev->time + (int64_t)(seconds < 1e9 ? seconds : 1e9);
	x->end = x->is_known && x->end > end ? x->end : end;
	if (is_ordered)
		x->start = ev->time;
	x->is_known = true;
	ev->context = (struct str){ m->context.p, m->context.len };
}

void marks_release(struct marks *m)
{
	vocab_release(&m->user);
	mem_free(m->of);
	buf_release(&m->context);
}
