/* Any bytes as a log of what was shown (after 'T' a table, after anything else events), judged by a policy that shows the first item of each user everywhere: rows are what feedback.h says,
 * estimates are numbers, and a fault has its sentence and its place. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/eval/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_rows(const struct feedback *f, size_t n_users, size_t n_items)
{
	assert(f->n_lists <= f->n);
	for (size_t i = 0; i < f->n; i++) {
		const struct feedback_row *r = &f->row[i], *above = i ? r - 1 : NULL;
		assert(r->user < n_users && r->item < n_items && r->list < f->n_lists && (isnan(r->p) || (r->p > 0 && r->p <= 1)) && isfinite(r->reward));
		if (above)
			assert(r->list > above->list || (r->list == above->list && r->user == above->user && r->place > above->place));
	}
}

/* shows_first - at each of the first places what the user was shown first, whatever that is. */
static void shows_first(struct policy *t, const struct feedback *f, size_t n_users)
{
	enum { PLACES = 4 };
	uint32_t *item = mem_new(n_users + 1, sizeof *item);

	for (size_t i = f->n; i-- > 0;)
		item[f->row[i].user] = f->row[i].item;
	t->start = mem_new(n_users + 1, sizeof *t->start);
	t->choice = mem_new(n_users * PLACES + 1, sizeof *t->choice);
	for (size_t u = 0; u < n_users; u++) {
		for (uint32_t r = 0; r < PLACES; r++)
			t->choice[u * PLACES + r] = (struct policy_choice){ r, item[u], 1 };
		t->start[u + 1] = (u + 1) * PLACES;
	}
	mem_free(item);
}

static void judge(const struct feedback *f, const struct vocab *user)
{
	struct policy t;

	shows_first(&t, f, user->n);
	for (int match = POLICY_PLACE; match <= POLICY_LIST; match++) {
		struct policy_opts o = { .match = (enum policy_match)match, .n_boot = 3 };
		struct policy_estimate x;
		struct err e = { 0 };
		if (match == POLICY_LIST && policy_places(f, user, &e)) {
			assert(e.code == ERR_DATA && e.msg[0]);
			continue;
		}
		if (policy_estimate(&x, f, &t, user->n, &o, &e)) {
			assert((e.code == ERR_DATA || e.code == ERR_NUMERIC) && e.msg[0]);
			continue;
		}
		assert(x.n_matched && x.n_matched <= x.n_rows && x.ess > 0 && x.ess <= (double)x.n_matched * (1 + 1e-9));
		assert(x.v[POLICY_LOGGED].low <= x.v[POLICY_LOGGED].high && isnan(x.v[POLICY_DR].value));
	}
	mem_free(t.start);
	mem_free(t.choice);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vocab user = { 0 }, item = { 0 };
	struct feedback f;
	struct err e = { 0 };

	if (!n || n > FUZZ_MAX)
		return 0;
	feedback_init(&f);
	const char *path = mem_path(p + 1, n - 1, MEM_MAPPED);
	if (p[0] == 'T' ? feedback_table(&f, path, false, &user, &item, &e) : feedback_events(&f, path, false, p[0] != 'N', &user, &item, &e)) {
		assert(e.msg[0]);
	} else {
		assert(!feedback_sort(&f, &e));
		check_rows(&f, user.n, item.n);
		if (f.n && p[0] != 'N')
			judge(&f, &user);
	}
	feedback_release(&f);
	vocab_release(&user);
	vocab_release(&item);
	return 0;
}
