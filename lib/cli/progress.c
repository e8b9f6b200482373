#include <sys/ioctl.h>
#include <unistd.h>

#include "progress.h"
#include "../base/buf.h"
#include "../base/clock.h"

static bool is_wanted;
static bool stands;		/* a line, on stderr */

void progress_enable(bool on)
{
	is_wanted = on;
}

void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total)
{
	*p = (struct progress){ .what = what, .unit = unit, .total = total, .is_on = is_wanted, .to = stderr, .clock = clock_now };
	p->start = p->last = clock_now();
}

/* room - columns that the terminal has, 0: no terminal, or it does not say; -1: it is another job's just now, and writing to it may stop us. */
static int room(FILE *to)
{
	struct winsize w;
	int fd = fileno(to);

	if (fd < 0 || !isatty(fd))
		return 0;
	if (tcgetpgrp(fd) >= 0 && tcgetpgrp(fd) != getpgrp())
		return -1;
	return ioctl(fd, TIOCGWINSZ, &w) ? 0 : w.ws_col;
}

static void put_line(struct progress *p, double now)
{
	double seconds = now - p->start, rate = seconds > 0 ? (double)p->done / seconds : 0, r = rate;
	const char *scale = "";

	if (r >= 1e9) {
		r /= 1e9;
		scale = "G ";
	} else if (r >= 1e6) {
		r /= 1e6;
		scale = "M ";
	} else if (r >= 1e3) {
		r /= 1e3;
		scale = "k ";
	}
	struct buf line = { 0 };
	int columns = room(p->to);
	if (columns < 0)
		return;
	buf_printf(&line, "%s:", p->what);
	if (p->total)
		buf_printf(&line, " %3.0f %%", 100 * (double)(p->done < p->total ? p->done : p->total) / (double)p->total);
	buf_printf(&line, " %.*f %s%s/s", r < 10 ? 1 : 0, r, scale, p->unit);
	if (p->total && rate > 0 && p->done < p->total) {
		uint64_t left = (uint64_t)((double)(p->total - p->done) / rate + 0.5);
		if (left >= 3600)
			buf_printf(&line, ", %llu:%02u:%02u left", (unsigned long long)(left / 3600), (unsigned)(left / 60 % 60), (unsigned)(left % 60));
		else
			buf_printf(&line, ", %u:%02u left", (unsigned)(left / 60), (unsigned)(left % 60));
	}
	fprintf(p->to, "\r%.*s\033[K", columns ? columns - 1 : (int)line.len, line.p);	/* a line that is broken could not be wiped */
	fflush(p->to);
	buf_release(&line);
	p->has_line = true;
	stands = p->to == stderr;
}

void progress_set(struct progress *p, uint64_t done)
{
	p->done = done;
	/* A look at the clock costs more than most of what is counted: look when 64 more are done, or when it is few at all. */
	if (!p->is_on || (done - p->looked < 64 && !(p->total && p->total < 64000)))
		return;
	p->looked = done;
	double now = p->clock();
	if (now - p->last < 0.2)
		return;
	p->last = now;
	put_line(p, now);
}

void progress_show(void *p, uint64_t done, uint64_t total)
{
	struct progress *pr = p;

	pr->total = total;
	progress_set(pr, done);
}

void progress_end(struct progress *p)
{
	if (p->has_line) {
		fputs("\r\033[K", p->to);
		fflush(p->to);
	}
	p->has_line = false;
	stands = false;
}

const char *progress_wipe(void)
{
	const char *s = stands ? "\r\033[K" : "";

	stands = false;
	return s;
}
