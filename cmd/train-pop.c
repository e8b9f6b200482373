/*
 * train-pop - pop: events counted one by one, as they are read.
 */
#include "../lib/cli/progress.h"
#include "../lib/model/pop.h"
#include "train.h"

static void count_file(struct pop_make *p, const char *path, struct progress *pr, struct err *e)
{
	struct eventr *r = eventr_open(path, o.has_header, e);
	struct event ev;
	uint64_t total;
	int got;

	if (!r)
		die_err(e);
	while ((got = eventr_next(r, &ev, e)) == 1) {
		if (pop_make_event(p, &ev, e)) {
			eventr_at(r, e);
			die_err(e);
		}
		if (p->n_events % 4096 == 0) {
			uint64_t done = eventr_bytes(r, &total);
			pr->total = total;
			progress_set(pr, done);
		}
	}
	if (got < 0 || eventr_prov(r, &prov, &inputs, e))
		die_err(e);
	eventr_close(r);
}

void train_pop(struct sink *out, struct err *e)
{
	static const char *standard_input[] = { "-" };
	struct pop_opts po = { (enum pop_count)o.count, o.half_life * 86400, weigh };
	struct pop_make p;
	struct progress pr;
	size_t n_files = tool.n_args ? tool.n_args : 1;

	pop_make_init(&p, &po);
	for (size_t i = 0; i < n_files; i++) {
		progress_start(&pr, "read", "bytes", 0);
		count_file(&p, tool.n_args ? tool.arg[i] : standard_input[0], &pr, e);
		progress_end(&pr);
	}
	warn_far(p.newest);
	if (pop_make_count(&p, e))
		die_err(e);
	finish_prov();
	if (pop_make_save(&p, out, &prov, e))
		die_err(e);
	note("%llu events, %zu users, %zu items", (unsigned long long)p.n_events, p.user.n, p.item.n);
	pop_make_release(&p);
}
