#include "tune.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "../base/buf.h"
#include "../base/clock.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/scan.h"
#include "../num/fmath.h"

struct search {
	const struct tune *t;
	struct tune_row *row;		/* [n] in the order they were measured */
	size_t n, cap, best;		/* best: SIZE_MAX while no row can win */
	double given[TUNE_PARAMS_MAX];
	int fd;				/* of the log; -1: none */
	struct buf old, line;		/* the log as it was found; a line of it */
	size_t at;			/* old up to here has been used */
};

/* ---- where to look ---- */

static double clip(double u)
{
	return u < 0 ? 0 : u > 1 ? 1 : u;
}

static double three_digits(double v)
{
	struct buf b = { 0 };

	buf_printf(&b, "%.3g", v);
	scan_f64(b.p, b.len, &v);
	buf_release(&b);
	return v;
}

/* from_unit, to_unit - between a range and [0, 1]. */
static double from_unit(const struct tune_param *p, double u)
{
	if (!p->is_log)
		return three_digits(p->low + u * (p->high - p->low));
	double low = fm_log(p->low);
	return three_digits(fm_exp(low + u * (fm_log(p->high) - low)));
}

static double to_unit(const struct tune_param *p, double v)
{
	if (!p->is_log)
		return clip((v - p->low) / (p->high - p->low));
	if (!(v > p->low))
		return 0;
	double low = fm_log(p->low);
	return clip((fm_log(v) - low) / (fm_log(p->high) - low));
}

static double fraction(double v)
{
	return v - (double)(int64_t)v;	/* v >= 0 */
}

/* spread - trial > 0 of rung 0: fraction(shift + trial / g^(j + 1)), g^(n + 1) = g + 1. */
static void spread(const struct tune *t, size_t trial, double *value)
{
	struct pcg32 r;
	double g = 2, step = 1;

	for (int i = 0; i < 60; i++)	/* halves the error at least each time */
		g = fm_pow(1 + g, 1 / (double)(t->n_params + 1));
	pcg32_seed(&r, t->seed, 0);
	for (size_t j = 0; j < t->n_params; j++) {
		step /= g;
		value[j] = from_unit(&t->param[j], fraction(pcg32_f64(&r) + (double)trial * step));
	}
}

/* near - step i of n around a row: uniform within width, which falls from a quarter of the range to a twentieth; bounced off the ends. */
static void near(const struct tune *t, const struct tune_row *best, size_t trial, size_t i, size_t n, double *value)
{
	struct pcg32 r;
	double width = n > 1 ? 0.25 - 0.2 * (double)i / (double)(n - 1) : 0.15;

	pcg32_seed(&r, t->seed, trial);
	for (size_t j = 0; j < t->n_params; j++) {
		double u = to_unit(&t->param[j], best->value[j]) + width * (2 * pcg32_f64(&r) - 1);
		value[j] = from_unit(&t->param[j], u < 0 ? -u : u > 1 ? 2 - u : u);
	}
}

/* ---- the log ---- */

static void put_head(struct search *s, struct buf *b)
{
	buf_printf(b, "rung\ttrial\t%s", s->t->budget_name);
	for (size_t j = 0; j < s->t->n_params; j++)
		buf_printf(b, "\t%s", s->t->param[j].name);
	buf_printf(b, "\t%s\t%s\tseconds\n", s->t->score_name, s->t->second_name);
}

/* put_setting - the part of a row that is known before it is measured. */
static void put_setting(const struct tune *t, const struct tune_row *r, struct buf *b)
{
	buf_printf(b, "%zu\t%zu\t%lld\t", r->rung, r->trial, (long long)r->budget);
	for (size_t j = 0; j < t->n_params; j++) {
		buf_put_f64(b, r->value[j]);
		buf_putc(b, '\t');
	}
}

static void put_row(const struct tune *t, const struct tune_row *r, struct buf *b)
{
	put_setting(t, r, b);
	buf_put_f64(b, r->score);
	buf_putc(b, '\t');
	buf_put_f64(b, r->second);
	buf_putc(b, '\t');
	buf_put_fixed(b, r->seconds, 3);
	buf_putc(b, '\n');
}

static int append(struct search *s, const struct buf *b, struct err *e)
{
	for (size_t done = 0; done < b->len;) {
		ssize_t got = write(s->fd, b->p + done, b->len - done);
		if (got < 0 && errno != EINTR)
			return err_sys(e, errno, "%s", s->t->log);
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

static int read_all(struct search *s, struct err *e)
{
	enum { STEP = 1 << 16, MOST = 1 << 26 };

	for (;;) {
		ssize_t got = read(s->fd, buf_reserve(&s->old, STEP), STEP);
		if (got < 0 && errno != EINTR)
			return err_sys(e, errno, "%s", s->t->log);
		if (!got)
			return 0;
		s->old.len += got > 0 ? (size_t)got : 0;
		if (s->old.len > MOST)
			return err_set(e, ERR_DATA, "%s: not a log of a search: larger than any", s->t->log);
	}
}

/* open_log - and hold what is in it to the first lines that we would write. */
static int open_log(struct search *s, struct err *e)
{
	static const char magic[] = "#taste-tune 1 ";
	const char *path = s->t->log;
	struct buf head = { 0 };
	struct stat st;
	int ret = 0;

	s->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
	if (s->fd < 0 || fstat(s->fd, &st))
		return err_sys(e, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DATA, "%s: not a regular file: a log is read again when the search goes on", path);
	if (flock(s->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return err_set(e, ERR_SYS, "%s: another search is writing to it", path);
	if (read_all(s, e))
		return e->code;
	XXH128_hash_t h = XXH3_128bits(s->t->identity, strlen(s->t->identity));
	buf_printf(&head, "%s%016llx%016llx\n", magic, (unsigned long long)h.high64, (unsigned long long)h.low64);
	put_head(s, &head);
	size_t both = head.len < s->old.len ? head.len : s->old.len;
	if (both && memcmp(head.p, s->old.p, both)) {
		bool is_log = s->old.len > strlen(magic) && !memcmp(s->old.p, magic, strlen(magic));
		ret = is_log ? err_set(e, ERR_DATA, "%s: the log of another search: other events, options, seed or version; name another file, or remove it", path) :
			       err_set(e, ERR_DATA, "%s: not a log of a search, which this would append to", path);
	} else {
		const char *end = both == head.len ? memrchr(s->old.p, '\n', s->old.len) : NULL;
		s->old.len = end ? (size_t)(end - s->old.p) + 1 : 0;
		s->at = end ? head.len : 0;
		if (ftruncate(s->fd, (off_t)s->old.len))
			ret = err_sys(e, errno, "%s", path);
		else if (!end)
			ret = append(s, &head, e);
	}
	buf_release(&head);
	return ret;
}

/* from_log - 1 with score, second and seconds filled in when the next line of the log is this row, 0 when there is no line left. */
static int from_log(struct search *s, struct tune_row *r, struct err *e)
{
	if (s->at >= s->old.len)
		return 0;
	const char *p = s->old.p + s->at, *end = memchr(p, '\n', s->old.len - s->at), *field = p;
	double *to[] = { &r->score, &r->second, &r->seconds };
	bool is_good = true;

	buf_reset(&s->line);
	put_setting(s->t, r, &s->line);
	is_good = (size_t)(end - p) > s->line.len && !memcmp(p, s->line.p, s->line.len);
	field += s->line.len;
	for (size_t i = 0; is_good && i < sizeof to / sizeof *to; i++) {
		const char *stop = memchr(field, '\t', (size_t)(end - field));
		if (!stop)
			stop = end;
		is_good = (stop == end) == (i == 2) && scan_f64(field, (size_t)(stop - field), to[i]);
		field = stop + 1;
	}
	if (!is_good)
		return err_set(e, ERR_DATA, "%s: a row that this search would not write: rung %zu trial %zu was expected behind %zu rows", s->t->log, r->rung, r->trial, s->n);
	s->at = (size_t)(end - s->old.p) + 1;
	return 1;
}

/* ---- the search ---- */

/* run_one - measure or take from the log, and remember. */
static int run_one(struct search *s, size_t rung, size_t trial, int64_t budget, const double *value, struct err *e)
{
	const struct tune *t = s->t;
	struct tune_row r = { .rung = rung, .trial = trial, .budget = budget };
	int got = 0;

	memcpy(r.value, value, t->n_params * sizeof *value);
	if (s->fd >= 0 && (got = from_log(s, &r, e)) < 0)
		return got;
	if (!got) {
		double start = clock_now();
		for (size_t j = 0; j < t->n_params; j++)
			*t->param[j].value = value[j];
		if (t->measure(t->ctx, budget, &r.score, &r.second, e))
			return e->code;
		r.seconds = clock_now() - start;
	}
	buf_reset(&s->line);
	put_row(t, &r, &s->line);
	if (s->fd >= 0 && !got && append(s, &s->line, e))
		return e->code;
	if (t->show)
		t->show(t->ctx, s->line.p);
	arr_reserve(s->row, s->n + 1, s->cap);
	s->row[s->n] = r;
	bool can_win = !t->whole_only || budget == t->budget[t->n_budgets - 1];
	if (can_win && (s->best == SIZE_MAX || r.score > s->row[s->best].score))
		s->best = s->n;
	s->n++;
	return 0;
}

/* promote - the rows that go on from rung, at most n and trial 0 besides when it must, best first; their number. */
static size_t promote(const struct search *s, size_t from, size_t to, size_t n, bool with_given, size_t *out)
{
	size_t m = 0;
	bool has_given = !with_given, *is_out = mem_new(to - from, sizeof *is_out);

	while (m < n && m < to - from) {
		size_t pick = to;
		for (size_t i = from; i < to; i++)
			if (!is_out[i - from] && (pick == to || s->row[i].score > s->row[pick].score))
				pick = i;
		is_out[pick - from] = true;
		has_given |= !s->row[pick].trial;
		out[m++] = pick;
	}
	mem_free(is_out);
	for (size_t i = from; i < to && !has_given; i++)
		if (!s->row[i].trial) {
			out[m++] = i;
			has_given = true;
		}
	return m;
}

static int climb(struct search *s, struct err *e)
{
	const struct tune *t = s->t;
	size_t *pick = mem_new(t->n_trials + 1, sizeof *pick), from = 0, n = t->n_trials;
	double value[TUNE_PARAMS_MAX];
	int ret = 0;

	for (size_t i = 0; i < n && !ret; i++) {
		memcpy(value, s->given, sizeof value);
		if (i)
			spread(t, i, value);
		ret = run_one(s, 0, i, t->budget[0], value, e);
	}
	for (size_t rung = 1; rung < t->n_budgets && !ret; rung++) {
		size_t to = s->n;
		n = (n + TUNE_ETA - 1) / TUNE_ETA;
		size_t m = promote(s, from, to, n, rung <= t->given, pick);
		for (size_t i = 0; i < m && !ret; i++) {	/* a copy: row may move */
			memcpy(value, s->row[pick[i]].value, sizeof value);
			ret = run_one(s, rung, s->row[pick[i]].trial, t->budget[rung], value, e);
		}
		from = to;
	}
	for (size_t i = 0; i < t->n_near && t->n_params && !ret; i++) {
		near(t, &s->row[s->best], t->n_trials + i, i, t->n_near, value);
		ret = run_one(s, t->n_budgets, t->n_trials + i, s->row[s->best].budget, value, e);
	}
	mem_free(pick);
	return ret;
}

int tune_run(const struct tune *t, struct tune_row *best, size_t *n_rows, struct err *e)
{
	struct search s = { .t = t, .fd = -1, .best = SIZE_MAX };
	int ret = 0;

	for (size_t j = 0; j < t->n_params; j++)
		s.given[j] = *t->param[j].value;
	if (t->log)
		ret = open_log(&s, e);
	if (!ret && t->show) {
		put_head(&s, &s.line);
		t->show(t->ctx, s.line.p);
	}
	if (!ret)
		ret = climb(&s, e);
	if (!ret && s.at < s.old.len)
		ret = err_set(e, ERR_DATA, "%s: more rows than this search writes", t->log);
	if (!ret) {
		*best = s.row[s.best];
		*n_rows = s.n;
	}
	for (size_t j = 0; j < t->n_params; j++)
		*t->param[j].value = ret ? s.given[j] : best->value[j];
	if (s.fd >= 0)
		close(s.fd);
	mem_free(s.row);
	buf_release(&s.old);
	buf_release(&s.line);
	return ret;
}
