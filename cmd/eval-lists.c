/*
 * taste-eval without a verb: ranked lists, truth and training events in; of each run and cut the metrics of metric.h and beyond.h, with intervals, and where asked the differences between runs.
 * The popularity row is one more run. Values of users are held for the cut in hand, with --against for all of them.
 */
#include <math.h>
#include <string.h>

#include "eval.h"

struct metric_truth truth;
struct sink *per_user, *run_out, *qrels_out;
struct column *column;
size_t n_columns, n_means;

static size_t cut[MAX_CUTS], n_cuts, max_k;
static struct beyond beyond;
static struct labels by[BEYOND_BY];
static const struct labels *creator;		/* of by, NULL: none */
static struct vecs vecs;
static struct measured *measured;		/* [n_runs x n_cuts] */
static uint8_t *use;				/* [n_runs x user.n] with --only-listed */

/* ---- the truth, popularity and the catalogue ---- */

/* read_truth - pairs with a gain above 0; of a pair that comes twice the first gain counts. Skips and dislikes go to against, rows being numbers in against_user. */
static void read_truth(struct csr_entries *t, struct csr_entries *against, struct err *e)
{
	struct listr *r = listr_open(o.truth, o.is_trec ? LIST_TREC_QRELS : o.has_gains ? LIST_GAINS : LIST_TRUTH, o.has_header, e);
	struct str u, i;
	double gain;
	int got = 0;

	while (r && (got = listr_next(r, &u, &i, &gain, e)) == 1)
		if (listr_is_against(r)) {
			csr_entries_add(against, vocab_add(&against_user, u.p, u.len), vocab_add(&item, i.p, i.len), 1);
		} else if (gain > 0) {
			if (!((float)gain > 0) || isinf((float)gain)) {
				listr_bad(r, e, "a gain of %g is beyond the range of single precision", gain);
				die_err(e);
			}
			csr_entries_add(t, vocab_add(&user, u.p, u.len), vocab_add(&item, i.p, i.len), (float)(o.has_gains ? gain : 1));
		}
	if (!r || got < 0)
		die_err(e);
	listr_close(r);
	if (!user.n)
		die(EXIT_DATA, "%s: there is no truth in it: nothing can be measured", file_shown(o.truth));
}

static void build_truth(const struct csr_entries *t, struct err *e)
{
	if (csr_from_pairs(&truth.gain, t->row, t->col, NULL, t->n, user.n, item.n, e))
		die_err(e);
	float *val = truth.gain.val;
	for (size_t k = 0; k < truth.gain.start[user.n]; k++)
		val[k] = 0;
	for (size_t k = 0; k < t->n; k++) {
		size_t at = csr_find(&truth.gain, t->row[k], t->col[k]);
		if (!(val[at] > 0))
			val[at] = t->val[k];
	}
}

/* note_against - of how many pairs the truth has nothing but skips and dislikes. */
static void note_against(const struct csr_entries *against, struct err *e)
{
	struct csr m;
	size_t n = 0, n_users = 0;

	if (csr_from_pairs(&m, against->row, against->col, NULL, against->n, against_user.n, item.n, e))
		die_err(e);
	for (size_t r = 0; r < against_user.n; r++) {
		uint32_t u = vocab_find(&user, against_user.str[r].p, against_user.str[r].len);
		n_users += u == VOCAB_NONE;
		for (size_t k = m.start[r]; k < m.start[r + 1]; k++)
			n += u == VOCAB_NONE || !csr_has(&truth.gain, u, m.col[k]);
	}
	csr_release(&m);
	if (n)
		note("%s: %zu pairs that have only skips and dislikes are no truth and left out; %zu users have nothing else", file_shown(o.truth), n, n_users);
}

/* warn_known - what of the truth stands in train, and so in no list. */
static void warn_known(void)
{
	size_t n = 0;

	for (size_t u = 0; u < user.n && o.train.n && !o.allows_seen; u++) {
		uint32_t row = train_row(u);
		for (size_t k = truth.gain.start[u]; k < truth.gain.start[u + 1] && row != VOCAB_NONE; k++)
			n += csr_has(&train, row, truth.gain.col[k]);
	}
	if (n)
		warn("%s: %zu of %zu pairs of the truth are in train: no list may have them", file_shown(o.truth), n, truth.gain.start[user.n]);
}

/* check_seen - nothing of train in the lists, unless allowed. */
static void check_seen(const struct run *rn)
{
	uint64_t n_seen = 0;
	char su[ERR_CLIP_MAX] = "", si[ERR_CLIP_MAX] = "";

	for (size_t u = 0; u < user.n && o.train.n; u++) {
		uint32_t row = train_row(u);
		for (size_t k = rn->lists.start[u]; k < rn->lists.start[u + 1] && row != VOCAB_NONE; k++)
			if (csr_has(&train, row, rn->lists.item[k]) && !n_seen++) {
				struct str i = item.str[rn->lists.item[k]];
				err_clip(su, user.str[u].p, user.str[u].len);
				err_clip(si, i.p, i.len);
			}
	}
	if (n_seen && !o.allows_seen)
		die(EXIT_DATA, "%s: %llu lines recommend what the user has in train, such as '%s' to '%s' (--allow-seen goes on)", file_shown(rn->path),
		    (unsigned long long)n_seen, si, su);
	if (n_seen)
		note("%s: %llu lines recommend what the user has in train", file_shown(rn->path), (unsigned long long)n_seen);
}

/* build_pop - the popularity row: items of train by users, ties by id, without what the user has in train. */
static void build_pop(struct run *rn, const uint32_t *order, size_t n, struct err *e)
{
	*rn = (struct run){ .name = "pop", .is_pop = true };
	rn->lists.n_users = user.n;
	rn->lists.start = mem_new(user.n + 1, sizeof *rn->lists.start);
	if (!(rn->lists.item = mem_try(user.n * min_size(max_k, n), sizeof *rn->lists.item, "the popularity row", e)))
		die_err(e);
	for (size_t u = 0, at = 0; u < user.n; u++) {
		uint32_t row = train_row(u);
		for (size_t i = 0, k = 0; i < n && k < max_k; i++)
			if (row == VOCAB_NONE || !csr_has(&train, row, order[i])) {
				rn->lists.item[at++] = order[i];
				k++;
			}
		rn->lists.start[u + 1] = at;
	}
}

static void build_catalogue(const uint32_t *count, struct err *e)
{
	uint8_t *in = mem_new(item.n + 1, 1);
	struct items it = { 0 };

	if (o.items) {
		if (items_load(&it, o.items, o.has_header, NULL, NULL, e))
			die_err(e);
		catalogue_mark(in, &it);
		beyond.n_by = by_read(by, o.by ? o.by : "kind,creator,tags", &it, e);
		beyond.by = by;
		for (size_t b = 0; b < beyond.n_by; b++)
			if (!strcmp(by[b].name, "creator") && by[b].of.name.n)
				creator = &by[b];
	} else {
		for (size_t i = 0; i < item.n; i++)
			in[i] = !o.train.n;
		for (size_t j = 0; o.train.n && j < train.start[train_user.n]; j++)
			in[train.col[j]] = 1;
		for (size_t j = 0; j < truth.gain.start[user.n]; j++)
			in[truth.gain.col[j]] = 1;
	}
	truth.in_catalogue = in;
	for (size_t i = 0; i < item.n; i++)
		truth.n_catalogue += in[i];
	if (o.items)
		truth.n_catalogue = it.id.n;
	items_release(&it);
	truth.item_users = o.train.n ? count : NULL;
	truth.n_train_users = train_user.n;
}

static void build_vecs(struct err *e)
{
	uint32_t *row = mem_new(item.n + 1, sizeof *row);
	size_t n = 0;

	if (vecs_load(&vecs, o.vectors, NULL, NULL, e))
		die_err(e);
	for (size_t i = 0; i < item.n; i++)
		row[i] = VOCAB_NONE;
	for (size_t r = 0; r < vecs.n; r++) {
		struct str id = vecs_id(&vecs, r);
		uint32_t i = vocab_find(&item, id.p, id.len);
		if (i != VOCAB_NONE && row[i] == VOCAB_NONE) {
			row[i] = (uint32_t)r;
			n++;
		}
	}
	note("%s: vectors of %zu of %zu items", file_shown(o.vectors), n, item.n);
	beyond.vecs = &vecs;
	beyond.vec = row;
}

/* build_beyond - what beside being right is measured, out of what was given. */
static void build_beyond(const uint32_t *order, size_t n, struct err *e)
{
	uint32_t *row = mem_new(user.n + 1, sizeof *row);

	beyond.truth = &truth;
	beyond.train_row = row;
	if (o.vectors)
		build_vecs(e);
	if (!o.train.n)
		return;
	uint8_t *is_head = mem_new(item.n + 1, 1);
	beyond_head(is_head, order, n, truth.item_users, o.head);
	beyond.is_head = is_head;
	beyond.pop = &run[n_runs - 1].lists;
	beyond.train = &train;
	for (size_t u = 0; u < user.n; u++)
		row[u] = train_row(u);
}

/* ---- columns ---- */

static struct column *add_column(const char *name)
{
	struct column *c = &column[n_columns++];

	*c = (struct column){ 0 };
	memcpy(c->name, name, strlen(name) + 1);
	return c;
}

static void name_columns(void)
{
	static const enum metric order[] = { METRIC_RECALL, METRIC_RECALL_MIN, METRIC_PRECISION, METRIC_HR, METRIC_NDCG, METRIC_MRR, METRIC_MAP, METRIC_NOVELTY };
	char name[64];

	column = mem_new(METRIC_COUNT + BEYOND_MAX + 1, sizeof *column);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		struct column *c = add_column(metric_name(order[i]));
		c->at = order[i];
		c->is_hidden = order[i] == METRIC_NOVELTY && !truth.item_users;
	}
	for (size_t b = 0; b < beyond_columns(&beyond); b++) {
		if (!beyond_has(&beyond, b))
			continue;
		struct column *c = add_column(beyond_name(&beyond, b, name));
		c->is_beyond = true;
		c->is_error = beyond_is_error(b);
		c->at = b;
	}
	n_means = n_columns;
	add_column("coverage")->is_whole = true;
	add_column("gini")->is_whole = true;
	if (creator)
		add_column("creator_gini")->is_whole = true;
}

/* ---- measuring ---- */

static struct measured *of(size_t r, size_t c) { return &measured[r * n_cuts + c]; }

static const uint8_t *use_of(size_t r) { return use ? use + r * user.n : NULL; }

/* find_use - with --only-listed the users who count: those of the run with a list; the popularity row is measured on the users of the first run. */
static void find_use(struct err *e)
{
	if (!o.only_listed)
		return;
	if (!(use = mem_try0(n_runs * user.n, 1, "users of runs", e)))
		die_err(e);
	for (size_t r = 0; r < n_runs; r++) {
		const struct metric_run *l = &run[run[r].is_pop ? 0 : r].lists;
		size_t n = 0;
		for (size_t u = 0; u < user.n; u++)
			n += use[r * user.n + u] = l->start[u + 1] > l->start[u];
		if (!n)
			die(EXIT_DATA, "%s: --only-listed leaves nobody: no user with truth has a list", run[r].name);
	}
}

static void measure_users(double *v, const struct run *rn, size_t k, struct err *e)
{
	size_t n_beyond = beyond_columns(&beyond);
	double *plain = mem_try(user.n * METRIC_PER_USER, sizeof *plain, "values of users", e);
	double *more = plain ? mem_try(user.n * n_beyond, sizeof *more, "values of users", e) : NULL;

	if (!more || metric_users(plain, &rn->lists, &truth, k, tool_pool(), e) || beyond_users(more, &rn->lists, &beyond, k, tool_pool(), e))
		die_err(e);
	for (size_t u = 0; u < user.n; u++)
		for (size_t c = 0; c < n_means; c++)
			v[u * n_means + c] = column[c].is_beyond ? more[u * n_beyond + column[c].at] : plain[u * METRIC_PER_USER + column[c].at];
	mem_free(plain);
	mem_free(more);
}

static void measure(size_t r, size_t c, struct err *e)
{
	struct measured *m = of(r, c);
	double whole[3] = { 0 };

	m->m = mem_new(n_columns, sizeof *m->m);
	if (!(m->v = mem_try(user.n * n_means, sizeof *m->v, "values of users", e)))
		die_err(e);
	measure_users(m->v, &run[r], cut[c], e);
	if (boot_means(m->m, m->v, user.n, n_means, use_of(r), (size_t)o.bootstrap, (uint64_t)o.seed, tool_pool(), e) ||
	    metric_whole(&whole[0], &whole[1], &run[r].lists, &truth, use_of(r), cut[c], e) ||
	    (creator && beyond_creators(&whole[2], &run[r].lists, creator, use_of(r), cut[c], e)))
		die_err(e);
	for (size_t i = n_means; i < n_columns; i++)
		m->m[i] = (struct boot_interval){ whole[i - n_means], NAN, NAN, m->m[0].n };
}

/* best_other - the run that is best in a column, but for run r. */
static size_t best_other(size_t r, size_t c, size_t col)
{
	size_t best = SIZE_MAX;
	double most = 0;

	for (size_t s = 0; s < n_runs; s++) {
		double x = column[col].is_error ? -of(s, c)->m[col].value : of(s, c)->m[col].value;
		if (s != r && !isnan(x) && (best == SIZE_MAX || x > most)) {
			best = s;
			most = x;
		}
	}
	return best;
}

/* compare - the differences of run r to what --against says, user by user: those count who count in both. */
static void compare(size_t r, size_t c, size_t base, struct err *e)
{
	struct measured *m = of(r, c);
	double *d = mem_try(user.n * n_means, sizeof *d, "differences of users", e);

	if (!d)
		die_err(e);
	m->against = mem_new(n_means, sizeof *m->against);
	m->diff = mem_new(n_means, sizeof *m->diff);
	m->p = mem_new(n_means, sizeof *m->p);
	for (size_t col = 0; col < n_means; col++) {
		size_t s = base == SIZE_MAX ? best_other(r, c, col) : base;
		m->against[col] = s == r ? SIZE_MAX : s;
		for (size_t u = 0; u < user.n; u++) {
			bool counts = m->against[col] != SIZE_MAX && (!use || (use_of(r)[u] && use_of(s)[u]));
			d[u * n_means + col] = counts ? m->v[u * n_means + col] - of(s, c)->v[u * n_means + col] : NAN;
		}
	}
	if (boot_means(m->diff, d, user.n, n_means, NULL, (size_t)o.bootstrap, (uint64_t)o.seed, tool_pool(), e) ||
	    boot_flips(m->p, d, user.n, n_means, NULL, (size_t)o.bootstrap, (uint64_t)o.seed, tool_pool(), e))
		die_err(e);
	mem_free(d);
}

/* against - the run that --against names; SIZE_MAX: the best of the others. */
static size_t against(void)
{
	if (!strcmp(o.against, "best"))
		return SIZE_MAX;
	if (!strcmp(o.against, "first"))
		return 0;
	for (size_t r = 0; r < n_runs; r++)
		if (!strcmp(run[r].name, o.against))
			return r;
	usage_die("--against: no run is called '%s'", o.against);
}

static void write_and_free(size_t r, size_t c, struct err *e)
{
	struct measured *m = of(r, c);

	put_measured(&run[r], cut[c], m, e);
	if (per_user)
		put_users(&run[r], cut[c], m, use_of(r), e);
	mem_free(m->v);
	mem_free(m->m);
	mem_free(m->diff);
	mem_free(m->p);
	mem_free(m->against);
}

static void measure_all(struct err *e)
{
	size_t base = o.against ? against() : 0;

	measured = mem_new(n_runs * n_cuts, sizeof *measured);
	for (size_t r = 0; r < n_runs; r++)
		for (size_t c = 0; c < n_cuts; c++) {
			measure(r, c, e);
			if (!o.against)
				write_and_free(r, c, e);
		}
	for (size_t r = 0; r < n_runs && o.against; r++)
		for (size_t c = 0; c < n_cuts; c++)
			compare(r, c, base, e);
	for (size_t r = 0; r < n_runs && o.against; r++)
		for (size_t c = 0; c < n_cuts; c++)
			write_and_free(r, c, e);
}

static void free_all(void)
{
	runs_release();
	mem_free(measured);
	mem_free(use);
	mem_free(column);
	mem_free((void *)(uintptr_t)truth.in_catalogue);
	mem_free((void *)(uintptr_t)truth.item_users);
	csr_release(&truth.gain);
	for (size_t b = 0; b < beyond.n_by; b++)
		labels_release(&by[b]);
	if (o.vectors)
		vecs_release(&vecs);
	mem_free((void *)(uintptr_t)beyond.vec);
	mem_free((void *)(uintptr_t)beyond.train_row);
	mem_free((void *)(uintptr_t)beyond.is_head);
}

static void check_options(void)
{
	if (!o.truth)
		usage_die("--truth FILE says what is right");
	if (!o.train.n == !o.no_train)
		usage_die(o.no_train ? "--train and --no-train exclude each other" :
				       "--train EVENTS is needed for the popularity row and the check for leaks (--no-train goes without)");
	n_cuts = cuts_parse(cut, o.k ? o.k : "10,20");
	for (size_t c = 0; c < n_cuts; c++)
		max_k = max_size(max_k, cut[c]);
	if (o.no_train && tool_is_set(&o.head))
		usage_die("--head says nothing without --train, which says what is popular");
	if (o.by && !o.items)
		usage_die("--by needs --items, which has the columns");
	if (o.by)
		by_read(by, o.by, NULL, NULL);
	if (o.is_trec && o.has_header)
		usage_die("TREC files have no header");
	tool_reads_args(0);
	tool_reads(o.truth);
	tool_reads(o.items);
	tool_reads(o.vectors);
	for (size_t i = 0; i < o.train.n; i++)
		tool_reads(o.train.v[i]);
}

/* check_names - the popularity row's is its own. */
static void check_names(void)
{
	runs_check_names();
	for (size_t r = 0; r < n_runs && !o.no_train; r++)
		if (!strcmp(run[r].name, "pop"))
			usage_die(o.name.n ? "--name pop is the popularity row's" : "%s: pop is the popularity row's name: --name gives it another", run[r].path);
}

void eval_lists(struct err *e)
{
	struct csr_entries t = { 0 }, against = { 0 };
	uint32_t *order = NULL;
	size_t n_popular = 0;

	check_options();
	out = tool_output(o.out, false);
	per_user = o.per_user ? tool_output_aside(o.per_user) : NULL;
	run_out = o.write_run ? tool_output_aside(o.write_run) : NULL;
	qrels_out = o.write_qrels ? tool_output_aside(o.write_qrels) : NULL;
	runs_open();
	check_names();
	read_truth(&t, &against, e);
	if (o.train.n)
		train_read(e);
	runs_read(true, e);
	build_truth(&t, e);
	if (o.train.n)
		train_build(e);
	csr_entries_release(&t);
	note_against(&against, e);
	csr_entries_release(&against);
	warn_known();
	uint32_t *count = mem_new(item.n + 1, sizeof *count);
	if (o.train.n)
		order = popular_order(count, &n_popular, e);
	build_catalogue(count, e);
	if (!o.train.n)
		mem_free(count);
	for (size_t i = 0; i < n_runs; i++) {
		run_build(&run[i], o.order == BY_INPUT, e);
		run_check_twice(&run[i], e);
		check_seen(&run[i]);
		size_t n_empty = 0;
		for (size_t u = 0; u < user.n; u++)
			n_empty += run[i].lists.start[u] == run[i].lists.start[u + 1];
		if (n_empty)
			note("%s: %zu of %zu users with truth have no list%s", file_shown(run[i].path), n_empty, user.n, o.only_listed ? " and are left out" : ": they count 0");
	}
	write_trec(e);
	if (o.train.n)
		build_pop(&run[n_runs++], order, n_popular, e);
	build_beyond(order, n_popular, e);
	mem_free(order);
	name_columns();
	find_use(e);
	put_head(e);
	if (per_user)
		put_user_head(e);
	measure_all(e);
	put_tail(e);
	if (per_user)
		tool_output_close(per_user);
	tool_output_close(out);
	free_all();
}
