/*
 * rank-serve - --line: a block of candidates and an empty line in, their list and an empty line out, flushed, before the next is read. With --requests a line of that is read for each block, up to the next of its user: who asks,
 * when, in which situation, and what they have just heard. What is wrong with a request is told in its answer, "user TAB TAB TAB sentence", and the next one is served.
 */
#include <string.h>

#include "../lib/base/clock.h"
#include "../lib/base/mem.h"
#include "../lib/cli/latency.h"
#include "../lib/cli/output.h"
#include "../lib/io/line.h"
#include "rank.h"

static struct latency latency;
static struct eventr *requests;
static struct buf trouble, troubled;	/* lines of the answer that tell what is wrong; whose the last of them is */
static struct vocab done;		/* users of the block in hand */
static uint64_t n_served, n_wrong, n_passed;

static void put_trouble(struct str user, const char *what)
{
	buf_reset(&troubled);
	buf_put(&troubled, user.p, user.len);
	tsv_put(&trouble, user.p, user.len);
	buf_puts(&trouble, "\t\t\t");
	tsv_put(&trouble, what, strlen(what));
	buf_putc(&trouble, '\n');
}

/*
 * next_request - the line of --requests that goes with the block of a user: those of others before it had no block, for the program before had nothing to say of them. A block that
 * names nobody goes with the next line, and so does one that meets a line that is none.
 */
static void next_request(struct err *e)
{
	const struct buf *user = n_seats ? &seat[0].user : &troubled;
	struct event ev;
	int got;

	while ((got = eventr_next(requests, &ev, e)) == 1) {
		stage_request(&ev);
		stage_sees(&ev);
		if (!user->len || (user->len == ev.user.len && !memcmp(user->p, ev.user.p, ev.user.len)))
			return;
		n_passed++;
	}
	if (got < 0 && eventr_pass(requests)) {	/* nothing was asked, then */
		put_trouble((struct str){ "", 0 }, e->msg);
		*e = (struct err){ 0 };
		n_wrong++;
		return;
	}
	if (got < 0)
		die_err(e);
	die(EXIT_DATA, "%s: ended, and there are candidates still: a line for each block of candidates is wanted", o.requests.v[0]);
}

/* take_line - a candidate, or what the program before has to say of the request. */
static void take_line(struct str *f, size_t n)
{
	static char what[ERR_MSG_MAX];
	double score;
	bool is_another = n && !is_seated(f[0]);

	if (n >= 4 && !f[1].len && !f[2].len) {		/* what is wrong already */
		snprintf(what, sizeof what, "%.*s", (int)min_size(f[3].len, sizeof what - 1), f[3].p);
		put_trouble(f[0], what);
	} else if (candidate_is_wrong(f, n, &score, what, sizeof what)) {
		put_trouble(n ? f[0] : (struct str){ "", 0 }, what);
	} else if (is_another && n_seats && requests) {
		put_trouble(f[0], "another user in a block: with --requests a block is of one, who asked");
	} else if (is_another && vocab_find(&done, f[0].p, f[0].len) != VOCAB_NONE) {
		put_trouble(f[0], "comes again: the lines of a user must stand together");
	} else {
		if (is_another)
			vocab_add(&done, f[0].p, f[0].len);
		seat_line(f, n, score);
		return;
	}
	n_wrong++;
}

static void answer(struct sink *out, double start, struct err *e)
{
	finish_seats(e);
	if ((trouble.len && sink_write(out, trouble.p, trouble.len, e)) || sink_write(out, "\n", 1, e) || sink_flush(out, e))
		die_err(e);
	buf_reset(&trouble);
	buf_reset(&troubled);
	vocab_reset(&done);
	latency_put(&latency, clock_now() - start);
	n_served++;
}

void serve(const char *path, struct sink *out, struct err *e)
{
	struct str *field = mem_new(TABLE_FIELDS_MAX, sizeof *field);
	struct file *file = file_open(path, e);
	bool is_open = false;
	struct line l;
	int got;

	if (!file || (o.requests.n && !(requests = eventr_open(o.requests.v[0], o.has_header, e))))
		die_err(e);
	line_init(&l, file);
	while ((got = line_next(&l, e)) == 1) {
		double start = clock_now();
		if (!l.len) {
			if (requests)
				next_request(e);
			answer(out, start, e);
			is_open = false;
			continue;
		}
		int64_t n = tsv_split(&l, field, TABLE_FIELDS_MAX, e);
		is_open = true;
		if (n > TABLE_FIELDS_MAX)
			err_set(e, ERR_DATA, "%s:%llu: %lld fields, more than %d", file_name(file), (unsigned long long)l.no, (long long)n, TABLE_FIELDS_MAX);
		if (e->code) {
			put_trouble((struct str){ "", 0 }, e->msg);
			*e = (struct err){ 0 };
			n_wrong++;
		} else {
			take_line(field, (size_t)n);
		}
	}
	if (got < 0)
		die_err(e);
	if (is_open) {
		if (requests)
			next_request(e);
		answer(out, clock_now(), e);
	}
	note("%llu requests, %llu lines of them wrong", (unsigned long long)n_served, (unsigned long long)n_wrong);
	if (n_passed)
		note("%llu lines of --requests had no candidates", (unsigned long long)n_passed);
	latency_note(&latency, "a list");
	eventr_close(requests);
	line_release(&l);
	file_close(file);
	buf_release(&trouble);
	buf_release(&troubled);
	vocab_release(&done);
	mem_free(field);
}
