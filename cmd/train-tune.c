/*
 * train-tune - --tune: the options of als, ease, graph and softmax by which held-out events are foretold best.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/eval/tune.h"
#include "../lib/eval/valid.h"
#include "../lib/model/scorer.h"
#include "train.h"

static struct { const char *verb; struct tune_param param; bool is_off; } searched[] = {
	{ "als", { "lambda", 1e-4, 2e-2, true, &o.lambda } },
	{ "als", { "unobserved", 2, 500, true, &o.unobserved } },
	{ "als", { "damp", 0, 0.6, false, &o.damp } },
	{ "ease", { "lambda", 5, 5000, true, &o.lambda } },
	{ "ease", { "dropout", 0, 0.5, false, &o.dropout } },
	{ "graph", { "row-power", 0, 0.6, false, &o.row_power } },
	{ "graph", { "col-power", 0, 0.7, false, &o.col_power } },
	{ "graph", { "low", 0.003, 1, true, &o.low } },
	{ "graph", { "sharpen", 0, 4, false, &o.sharpen } },
	{ "softmax", { "temperature", 0.05, 0.3, true, &o.temperature } },
	{ "softmax", { "neg-power", -0.6, 0.3, false, &o.neg_power } },
	{ "softmax", { "ego", 0.1, 1, true, &o.ego } },
};

struct trials {				/* what all of them share */
	learner *learn;
	struct inter *in;
	struct valid valid;
	uint32_t *rank;			/* [items] of ids */
	struct buf model;
	int64_t *budget;		/* epochs or rank; NULL: ease */
	uint32_t *users;		/* [items] ease: how many each has, most first */
};

/* set_budget - epochs, rank, or as many of the most popular items as --min-users can cut. */
static void set_budget(const struct trials *t, int64_t budget)
{
	if (t->budget)
		*t->budget = budget;
	else if ((size_t)budget < t->in->item.n && t->users[budget] >= o.min_users && t->users[budget] < t->users[0])
		o.min_users = (int64_t)t->users[budget] + 1;
}

/* measure - learn by the options as they are, and rank the whole catalogue for the users of the validation events. What has no solution is worth 0. */
static int measure(void *ctx, int64_t budget, double *ndcg, double *recall, struct err *e)
{
	struct trials *t = ctx;
	struct inter in = *t->in;
	struct model m = { 0 };
	struct scorer s = { 0 };
	struct valid *v = &t->valid;
	int64_t min_users = o.min_users;

	*ndcg = *recall = 0;
	set_budget(t, budget);
	buf_reset(&t->model);
	struct sink *out = sink_open_memory("a trial's model", &t->model);
	if (!csr_rows(&in.m, &t->in->m, NULL, t->in->m.n_rows, e))
		t->learn(&in, out, e);
	if (e->code)
		sink_abandon(out);
	else
		sink_close(out, e);
	csr_release(&in.m);
	o.min_users = min_users;
	if (e->code == ERR_NUMERIC) {
		note("%s: counts 0", e->msg);
		*e = (struct err){ 0 };
		return 0;
	}
	if (!e->code && !model_open_memory(&m, "a trial's model", t->model.p, t->model.len, e) && !scorer_open(&s, &m, tool_pool(), e) &&
	    !scorer_best(&s, v->run.start, v->run.item, v->k, &v->has, NULL, t->rank, tool_pool(), e))
		valid_means(v, ndcg, recall, tool_pool(), e);
	scorer_release(&s);
	model_release(&m);
	return e->code;
}

static void show_line(void *ctx, const char *line)
{
	(void)ctx;
	if (tool.is_verbose)
		fputs(line, stderr);
}

static int more_first(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x > y ? -1 : x < y;
}

/* choose_budgets - a quarter, half and all of what is given, of epochs twice as many besides; items not below 2000, which take no time. */
static void choose_budgets(struct tune *s, struct trials *t, struct err *e)
{
	const char *name[] = { "epochs", "rank", "items" };
	int64_t given, least = 1;
	int kind = !strcmp(tool.verb, "als") || !strcmp(tool.verb, "softmax") ? 0 : !strcmp(tool.verb, "graph") ? 1 : 2;

	t->budget = kind == 0 ? &o.epochs : kind == 1 ? &o.rank : NULL;
	if (kind < 2) {
		given = *t->budget;
	} else {
		struct ease_opts eo = ease_options(t->in);
		if (ease_fits(&t->in->m, &eo, tool_pool(), e))	/* now, and not after the smaller budgets */
			die_err(e);
		t->users = mem_new(t->in->item.n + 1, sizeof *t->users);
		for (size_t j = 0; j < t->in->m.start[t->in->m.n_rows]; j++)
			t->users[t->in->m.col[j]]++;
		qsort(t->users, t->in->item.n, sizeof *t->users, more_first);
		for (given = 0; t->users[given] && t->users[given] >= o.min_users; given++)
			;
		least = 2000;
	}
	s->budget_name = name[kind];
	for (int64_t part = 4; part; part /= 2) {
		int64_t b = given / part < least ? least : given / part;
		if (b < given && (!s->n_budgets || b > s->budget[s->n_budgets - 1]))
			s->budget[s->n_budgets++] = b;
	}
	s->given = s->n_budgets;
	s->budget[s->n_budgets++] = given;
	if (kind == 0)
		s->budget[s->n_budgets++] = 2 * given;
	s->whole_only = kind == 2;
}

void tune(struct inter *in, learner *learn, struct err *e)
{
	static struct model_tuned found;
	struct trials t = { .learn = learn, .in = in };
	struct tune s = { .score_name = "ndcg", .second_name = "recall", .n_trials = (size_t)o.trials, .n_near = (size_t)o.trials / TUNE_ETA, .seed = (uint64_t)o.seed,
			  .measure = measure, .show = show_line, .ctx = &t, .log = o.tune_log };
	struct inter_opts io = { .weight = weigh_event, .ctx = &weigh, .has_header = o.has_header };
	struct tune_row best;
	struct buf identity = { 0 };

	if (valid_load(&t.valid, o.tune, in, &io, (size_t)o.tune_k, (size_t)o.tune_users, (uint64_t)o.seed, &prov, &inputs, e))
		die_err(e);
	note("%llu events to tune by, %llu of unknown users or items; %zu users", (unsigned long long)t.valid.n_events, (unsigned long long)t.valid.n_unknown, t.valid.n_users);
	warn_unknown("--tune", t.valid.n_unknown, t.valid.n_events);
	choose_budgets(&s, &t, e);
	for (size_t i = 0; i < sizeof searched / sizeof *searched; i++)
		if (!strcmp(searched[i].verb, tool.verb) && !searched[i].is_off)
			s.param[s.n_params++] = searched[i].param;
	if (!s.n_params)
		s.n_trials = 1;
	t.rank = mem_try(in->item.n, sizeof *t.rank, "order of ids", e);
	if (e->code || vocab_rank(&in->item, t.rank, e))
		die_err(e);
	buf_printf(&identity, "%s\n%s\n%s", tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	s.identity = identity.p;
	is_trial = true;
	if (tune_run(&s, &best, &found.trials, e))
		die_err(e);
	is_trial = false;
	set_budget(&t, best.budget);
	found.ndcg = best.score;
	found.k = t.valid.k;
	found.users = t.valid.n_users;
	tuned = &found;
	valid_release(&t.valid);
	mem_free(t.rank);
	mem_free(t.users);
	buf_release(&t.model);
	buf_release(&identity);
}

/* is_named - whether name is one of those of a list parted by commas. */
static bool is_named(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, name, len) && (p[len] == ',' || !p[len]))
			return true;
	return false;
}

void check_tune(void)
{
	size_t n_names = o.tune_params != NULL, n_found = 0;
	struct buf names = { 0 };

	for (const struct opt *r = tool.opts; r->name || r->type == OPT_SECTION; r++) {
		if (r->type == OPT_SECTION)
			continue;
		bool is_given = tool_is_set(r->var);
		if (is_given && !o.tune && (!strncmp(r->name, "tune-", 5) || r->var == &o.trials))
			usage_die("--%s needs --tune", r->name);
		for (size_t i = 0; i < sizeof searched / sizeof *searched; i++) {
			if (searched[i].param.value != r->var || strcmp(searched[i].verb, tool.verb))
				continue;
			searched[i].is_off = o.tune_params ? !is_named(o.tune_params, r->name) : is_given;
			n_found += !searched[i].is_off;
			buf_printf(&names, "%s%s", names.len ? ", " : "", r->name);
		}
	}
	for (const char *p = o.tune_params; p && (p = strchr(p, ',')); p++)
		n_names++;
	if (o.tune_params && n_found != n_names)
		usage_die("--tune-params: '%.60s' is to be some of %s, each once, parted by commas", o.tune_params, names.p);
	buf_release(&names);
	if (o.tune)
		tool_reads(o.tune);
	if (o.tune && o.init)
		usage_die("--tune and --init exclude each other");
	if (o.tune_log && (!strcmp(o.tune_log, "-") || !strcmp(o.tune_log, o.out)))
		usage_die("--tune-log: '%.60s' will not do: a file of its own, which is read again when the search goes on", o.tune_log);
	if (o.tune_log)
		tool_reads(o.tune_log);
}
