/*
 * What taste-eval reads, whatever it is to do: lists of each file, ordered; the pairs of training events and which items are popular there; the catalogue's labels.
 */
#include <string.h>

#include "../lib/base/scan.h"
#include "../lib/base/sort.h"
#include "../lib/data/seqs.h"
#include "eval.h"

struct vocab user, item, train_user, against_user;
struct csr train;
struct run *run;
size_t n_runs;

static struct csr_entries train_pairs;

/* ---- lists ---- */

/* name_of - a file's name up to its first dot, or its last. */
static char *name_of(const char *path, bool is_long)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = is_long ? strrchr(base, '.') : strchr(base, '.');
	char *s = mem_strdup(!strcmp(path, "-") ? "run" : base);

	if (strcmp(path, "-") && dot && dot > base)
		s[dot - base] = '\0';
	return s;
}

static void read_run(struct run *rn, bool is_known, struct err *e)
{
	uint64_t n_extra = 0;
	char clip[ERR_CLIP_MAX];
	struct buf example = { 0 };
	struct listr *r = listr_open(rn->path, o.is_trec ? LIST_TREC_RUN : LIST_RANKED, o.has_header, e);
	struct str u, i;
	double score;
	int got = 0;

	while (r && (got = listr_next(r, &u, &i, &score, e)) == 1) {
		uint32_t un = vocab_number(&user, u, is_known);
		if (un == VOCAB_NONE) {
			if (vocab_find(&against_user, u.p, u.len) == VOCAB_NONE && !n_extra++)
				buf_puts(&example, err_clip(clip, u.p, u.len));
			continue;
		}
		run_add(rn, un, vocab_add(&item, i.p, i.len), score);
	}
	if (!r || got < 0)
		die_err(e);
	listr_close(r);
	if (n_extra && !o.allows_extra)
		die(EXIT_DATA, "%s: %llu lines are of users without truth, such as '%s' (--allow-extra-users leaves them out)", file_shown(rn->path),
		    (unsigned long long)n_extra, example.p);
	if (n_extra)
		note("%s: %llu lines of users without truth left out", file_shown(rn->path), (unsigned long long)n_extra);
	buf_release(&example);
}

/* find_alike - a run that is called as one before it, n_runs: none. */
static size_t find_alike(void)
{
	for (size_t r = 0; r < n_runs; r++)
		for (size_t s = 0; s < r; s++)
			if (!strcmp(run[r].name, run[s].name))
				return r;
	return n_runs;
}

void runs_open(void)
{
	n_runs = tool.n_args ? tool.n_args : 1;
	run = mem_new(n_runs + 1, sizeof *run);
	for (size_t r = 0; r < n_runs; r++) {
		run[r].path = tool.n_args ? tool.arg[r] : "-";
		run[r].name = o.name.n ? o.name.v[r] : name_of(run[r].path, false);
	}
	if (o.name.n || find_alike() == n_runs)
		return;
	for (size_t r = 0; r < n_runs; r++) {
		mem_free((void *)(uintptr_t)run[r].name);
		run[r].name = name_of(run[r].path, true);
	}
}

void runs_check_names(void)
{
	size_t r = find_alike();

	if (r < n_runs)
		usage_die(o.name.n ? "--name %s comes twice" : "two files would be called '%s': --name tells them apart", run[r].name);
}

void runs_read(bool is_known, struct err *e)
{
	for (size_t r = 0; r < n_runs; r++)
		read_run(&run[r], is_known, e);
}

void run_add(struct run *rn, uint32_t u, uint32_t i, double score)
{
	arr_reserve(rn->entry, rn->n + 1, rn->cap);
	rn->entry[rn->n++] = (struct entry){ u, i, score };
}

static int cmp_entries(const void *a, const void *b, void *ctx)
{
	const struct entry *x = a, *y = b;

	if (x->user != y->user)
		return x->user < y->user ? -1 : 1;
	if (*(const bool *)ctx)
		return 0;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return str_cmp(item.str[x->item], item.str[y->item]);
}

void run_build(struct run *rn, bool is_input, struct err *e)
{
	if (sort_stable(rn->entry, rn->n, sizeof *rn->entry, cmp_entries, &is_input, e))
		die_err(e);
	rn->lists.n_users = user.n;
	rn->lists.start = mem_new(user.n + 1, sizeof *rn->lists.start);
	rn->lists.item = mem_new(rn->n + 1, sizeof *rn->lists.item);
	for (size_t i = 0; i < rn->n; i++) {
		rn->lists.start[rn->entry[i].user + 1]++;
		rn->lists.item[i] = rn->entry[i].item;
	}
	for (size_t u = 0; u < user.n; u++)
		rn->lists.start[u + 1] += rn->lists.start[u];
}

void run_check_twice(const struct run *rn, struct err *e)
{
	uint32_t *last = mem_try0(item.n, sizeof *last, "items", e);	/* user + 1 who had the item last */
	char cu[ERR_CLIP_MAX], ci[ERR_CLIP_MAX];

	if (!last)
		die_err(e);
	for (size_t u = 0; u < user.n; u++)
		for (size_t k = rn->lists.start[u]; k < rn->lists.start[u + 1]; k++) {
			uint32_t it = rn->lists.item[k];
			if (last[it] == u + 1)
				die(EXIT_DATA, "%s: item '%s' stands twice in the list of user '%s'", file_shown(rn->path), err_clip(ci, item.str[it].p, item.str[it].len),
				    err_clip(cu, user.str[u].p, user.str[u].len));
			last[it] = (uint32_t)u + 1;
		}
	mem_free(last);
}

void runs_release(void)
{
	for (size_t i = 0; i < n_runs; i++) {
		if (!run[i].is_pop && !o.name.n)
			mem_free((void *)(uintptr_t)run[i].name);
		mem_free(run[i].entry);
		mem_free(run[i].lists.start);
		mem_free(run[i].lists.item);
	}
	mem_free(run);
	vocab_release(&user);
	vocab_release(&item);
	vocab_release(&train_user);
	vocab_release(&against_user);
	csr_release(&train);
}

/* ---- training events ---- */

void train_read(struct err *e)
{
	struct inter in;
	struct inter_opts io = { .has_header = o.has_header, .weight = seqs_wanted };

	if (inter_load(&in, o.train.v, o.train.n, &io, NULL, NULL, e))
		die_err(e);
	uint32_t *to = mem_new(in.item.n + 1, sizeof *to);
	for (size_t i = 0; i < in.item.n; i++)
		to[i] = vocab_add(&item, in.item.str[i].p, in.item.str[i].len);
	for (size_t u = 0; u < in.user.n; u++)
		for (size_t j = in.m.start[u]; j < in.m.start[u + 1]; j++)
			csr_entries_add(&train_pairs, (uint32_t)u, to[in.m.col[j]], in.m.val[j] >= 1);
	train_user = in.user;
	in.user = (struct vocab){ 0 };
	if (!train_pairs.n)
		die(EXIT_DATA, "%s: there are no events in it: nothing is popular", file_shown(o.train.v[0]));
	inter_release(&in);
	mem_free(to);
}

void train_build(struct err *e)
{
	if (csr_from_pairs(&train, train_pairs.row, train_pairs.col, train_pairs.val, train_pairs.n, train_user.n, item.n, e))
		die_err(e);
	csr_entries_release(&train_pairs);
}

uint32_t train_row(size_t u)
{
	return vocab_find(&train_user, user.str[u].p, user.str[u].len);
}

static int cmp_popular(const void *a, const void *b, void *ctx)
{
	const uint32_t *count = ctx, x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (count[x] != count[y])
		return count[x] > count[y] ? -1 : 1;
	return str_cmp(item.str[x], item.str[y]);
}

uint32_t *popular_order(uint32_t *item_users, size_t *n, struct err *e)
{
	uint32_t *order = mem_try(item.n, sizeof *order, "items", e);

	*n = 0;
	if (!order)
		die_err(e);
	for (size_t j = 0; j < train.start[train_user.n]; j++)
		item_users[train.col[j]] += train.val[j] > 0;
	for (size_t i = 0; i < item.n; i++)
		if (item_users[i])
			order[(*n)++] = (uint32_t)i;
	if (sort_stable(order, *n, sizeof *order, cmp_popular, item_users, e))
		die_err(e);
	return order;
}

/* ---- the catalogue, and cuts ---- */

size_t by_read(struct labels by[BEYOND_BY], const char *columns, const struct items *it, struct err *e)
{
	static const enum items_column known[] = { ITEM_KIND, ITEM_CREATOR, ITEM_GROUP, ITEM_TAGS };
	size_t n = 0;

	for (const char *p = columns; *p;) {
		size_t len = strcspn(p, ","), c = 0;
		for (; c < BEYOND_BY; c++)
			if (strlen(items_column_name(known[c])) == len && !memcmp(items_column_name(known[c]), p, len))
				break;
		if (c == BEYOND_BY)
			usage_die("--by: '%.*s' is not kind, creator, group or tags", (int)min_size(len, 40), p);
		for (size_t i = 0; i < n; i++)
			if (!strcmp(by[i].name, items_column_name(known[c])))
				usage_die("--by: %s comes twice", by[i].name);
		if (it && labels_init(&by[n], it, &item, known[c], e))
			die_err(e);
		by[n++].name = items_column_name(known[c]);
		p += len + (p[len] == ',');
	}
	return n;
}

void catalogue_mark(uint8_t *in, const struct items *it)
{
	size_t n_named = 0;

	for (size_t i = 0; i < item.n; i++)
		n_named += in[i] = vocab_find(&it->id, item.str[i].p, item.str[i].len) != VOCAB_NONE;
	if (item.n && !n_named)
		warn("none of %zu items is in %s: it says nothing of them", item.n, file_shown(o.items));
}

size_t cuts_parse(size_t cut[MAX_CUTS], const char *cuts)
{
	size_t n = 0;

	for (const char *p = cuts; *p;) {
		size_t len = strcspn(p, ",");
		uint64_t v;
		if (!scan_u64(p, len, &v) || !v || v > 1000000 || n == MAX_CUTS)
			usage_die("--cuts: '%.60s' is not up to %d lengths from 1 to 1000000", cuts, MAX_CUTS);
		cut[n++] = (size_t)v;
		p += len + (p[len] == ',');
	}
	if (!n)
		usage_die("--cuts: no lengths");
	return n;
}

size_t cut_of_verb(void)
{
	size_t cut[MAX_CUTS];

	if (!o.k)
		return SIZE_MAX / 2;
	if (cuts_parse(cut, o.k) != 1)
		usage_die("%s cuts at one length", tool.verb);
	return cut[0];
}

void feedback_as_told(struct feedback *f)
{
	struct err e = { 0 };

	feedback_init(f);
	for (size_t i = 0; i < o.reward.n; i++)
		if (feedback_rewards(f, o.reward.v[i], &e))
			usage_die("--reward: %s", e.msg);
}

const char *feedback_path(void)
{
	return o.answers ? o.answers : o.log;
}

void feedback_read(struct feedback *f, bool needs_p, struct err *e)
{
	const char *path = feedback_path();

	if (o.answers ? feedback_events(f, path, o.has_header, needs_p, &user, &item, e) : feedback_table(f, path, o.has_header, &user, &item, e))
		die_err(e);
	if (!f->n)
		die(EXIT_DATA, "%s: there is no answer in it: nothing can be judged by it", file_shown(path));
	if (f->n_other)
		note("%s: %llu events are no answers", file_shown(path), (unsigned long long)f->n_other);
	if (feedback_sort(f, e))
		die_err(e);
}
