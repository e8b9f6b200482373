#include <stdio.h>
#include <string.h>

#include "marks.h"
#include "../base/mem.h"
#include "../base/pieces.h"

enum { DEBT_SECONDS = 3600, BURST_STARTS = 100, CLOCKWORK_GAPS = 30 };

const char *const suspect_name[SUSPECTS] = { "overlap", "burst", "clockwork" };

struct user_marks {
	int64_t last, end;		/* time of the last event; when the session's last listen ends */
	int64_t start, minute, gap;	/* of the last listen; between the last two */
	double busy_until;		/* if all listens were played one after the other */
	uint32_t session, starts, same_gaps;	/* starts: in that minute */
	bool is_known, has_listen;
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

/* suspects - a bit for each that this listen shows; x is how things stood before it. */
static unsigned suspects(struct user_marks *x, int64_t t, double seconds)
{
	unsigned found = 0;
	int64_t minute = t / 60 - (t % 60 < 0), gap = x->has_listen ? event_age(x->start, t) : 0;

	if (x->has_listen && x->busy_until - (double)t >= DEBT_SECONDS)
		found |= 1U << SUSPECT_OVERLAP;
	x->busy_until = (x->has_listen && x->busy_until > (double)t ? x->busy_until : (double)t) + seconds;
	x->starts = x->has_listen && x->minute == minute ? x->starts + 1 : 1;
	x->minute = minute;
	if (x->starts > BURST_STARTS)
		found |= 1U << SUSPECT_BURST;
	x->same_gaps = gap > 0 && gap == x->gap ? x->same_gaps + 1 : gap > 0;
	x->gap = gap;
	if (x->same_gaps >= CLOCKWORK_GAPS)
		found |= 1U << SUSPECT_CLOCKWORK;
	x->start = t;
	x->has_listen = true;
	return found;
}

/* copy_context - without marks of an earlier run. */
static void copy_context(struct marks *m, struct str c)
{
	buf_reset(&m->context);
	for (struct str piece; pieces_next(&c, &piece);) {
		if (piece.len >= 8 && ((m->gap > 0 && !memcmp(piece.p, "session=", 8)) || (m->has_suspects && !memcmp(piece.p, "suspect=", 8))))
			continue;
		if (m->context.len)
			buf_putc(&m->context, ';');
		buf_put(&m->context, piece.p, piece.len);
	}
}

/* join_session - the event's own, a new one when nothing was heard for longer than the gap. Only what is heard makes a session last. */
static void join_session(struct marks *m, struct user_marks *x, int64_t t, int64_t end, bool is_listen)
{
	bool is_new = !x->is_known || (m->gap > 0 && (double)t - (double)x->end > m->gap);

	if (is_new) {
		x->session++;
		m->n_sessions++;
	}
	if (is_new || (is_listen && end > x->end))
		x->end = end;
}

void marks_put(struct marks *m, struct event *ev)
{
	bool is_listen = !ev->kind.len || str_is(ev->kind, "play") || str_is(ev->kind, "skip");
	double seconds = is_listen && ev->value > 0 ? ev->value : 0;
	char text[64] = "";

	copy_context(m, ev->context);
	if (ev->time == TIME_NONE) {
		ev->context = (struct str){ m->context.p ? m->context.p : "", m->context.len };
		return;
	}
	int64_t end;
	if (__builtin_add_overflow(ev->time, (int64_t)(seconds < 1e9 ? seconds : 1e9), &end))
		end = INT64_MAX;
	struct user_marks *x = marks_of(m, ev->user);
	bool is_ordered = !x->is_known || ev->time >= x->last;
	m->n_unordered += !is_ordered;
	m->n_overlaps += is_listen && is_ordered && x->is_known && ev->time < x->end - 1;
	join_session(m, x, ev->time, end, is_listen);
	if (m->gap > 0) {
		snprintf(text, sizeof text, "%u", x->session);
		put_context(m, "session", text);
	}
	unsigned found = m->has_suspects && is_listen && is_ordered ? suspects(x, ev->time, seconds) : 0;
	*text = '\0';
	for (int i = 0; i < SUSPECTS; i++)
		if (found & 1U << i) {
			m->n_suspect[i]++;
			strcat(strcat(text, *text ? "," : ""), suspect_name[i]);
		}
	if (found)
		put_context(m, "suspect", text);
	if (is_ordered)
		x->last = ev->time;
	x->is_known = true;
	ev->context = (struct str){ m->context.p ? m->context.p : "", m->context.len };
}

void marks_release(struct marks *m)
{
	vocab_release(&m->user);
	mem_free(m->of);
	buf_release(&m->context);
}
