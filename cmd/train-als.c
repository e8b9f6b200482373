/*
 * train-als - als: sweeps over items and users, from the first vectors or those of an older model.
 */
#include "../lib/base/mem.h"
#include "../lib/cli/progress.h"
#include "../lib/model/als.h"
#include "train.h"

static struct model old, space;		/* of --init, of --align */
static struct als_opts old_opts;	/* of --init, with --update */

/* write_loss - with -v a row for each epoch on stderr; seconds are those of its two sweeps. */
static void write_loss(struct als *m, int64_t epoch, double took, struct err *e)
{
	struct als_loss l;

	if (als_loss(m, &l, tool_pool(), e))
		die_err(e);
	if (epoch == 1)
		fprintf(stderr, "epoch\tloss\tobserved\tunobserved\tregularisation\tseconds\n");
	fprintf(stderr, "%lld\t%.9g\t%.9g\t%.9g\t%.9g\t%.3f\n", (long long)epoch, l.total, l.observed, l.unobserved, l.regularisation, took);
}

/* go_on - both sides of the older model, then the users to the events that are there now: an epoch begins with the items. */
static void go_on(struct als *m, struct inter *in, struct err *e)
{
	size_t users, items;

	if (als_take(m, ALS_ITEMS, &old, &in->item, &items, e) || als_take(m, ALS_USERS, &old, &in->user, &users, e))
		die_err(e);
	note("of %zu users %zu and of %zu items %zu are in %s", in->user.n, users, in->item.n, items, o.init);
	if (o.update && (users < old.n[MODEL_USERS] || items < old.n[MODEL_ITEMS]))
		die(EXIT_DATA, "--update: %zu users and %zu items of %s are in no event: the operands must be all that it was learnt from", old.n[MODEL_USERS] - users,
		    old.n[MODEL_ITEMS] - items, o.init);
	if (!o.update)
		als_sweep(m, ALS_USERS, tool_pool(), e);	/* what goes wrong is told by learn_als */
}

/* touched - [n] 1 for the ids that are in `by`. */
static uint8_t *touched(const struct vocab *ids, const struct vocab *by, size_t *n, struct err *e)
{
	uint8_t *is = mem_try0(ids->n, 1, "rows to solve", e);

	if (!is)
		die_err(e);
	*n = 0;
	for (size_t i = 0; i < ids->n; i++)
		*n += is[i] = vocab_find(by, ids->str[i].p, ids->str[i].len) != VOCAB_NONE;
	return is;
}

/* update_als - users, items and users again, of those that --update has events of; the others stay as they are. */
static void update_als(struct als *m, struct inter *in, struct err *e)
{
	static const enum als_axis order[] = { ALS_USERS, ALS_ITEMS, ALS_USERS };
	struct inter_opts io = { .has_header = o.has_header };
	struct inter fresh;
	size_t users, items;

	if (inter_load(&fresh, &o.update, 1, &io, NULL, NULL, e))
		die_err(e);
	if (in->n_events - fresh.n_events != old.n_events)
		die(EXIT_DATA, "--update: the operands have %llu events, %s was learnt from %llu: they must be those, without what is new", (unsigned long long)(in->n_events - fresh.n_events),
		    o.init, (unsigned long long)old.n_events);
	uint8_t *only_users = touched(&in->user, &fresh.user, &users, e), *only_items = touched(&in->item, &fresh.item, &items, e);
	m->side[ALS_USERS].only = only_users;
	m->side[ALS_ITEMS].only = only_items;
	for (int i = 0; i < 3; i++)
		if (i < 2 ? als_sweep(m, order[i], tool_pool(), e) : als_settle(m, tool_pool(), e))
			break;
	if (!e->code)
		note("solved %zu users and %zu items", users, items);
	m->side[ALS_USERS].only = m->side[ALS_ITEMS].only = NULL;
	mem_free(only_users);
	mem_free(only_items);
	inter_release(&fresh);
}

static void train_epochs(struct als *m, struct err *e)
{
	struct progress pr;

	progress_start(&pr, "train", "sweeps", 2 * (uint64_t)o.epochs);
	for (int64_t epoch = 1; epoch <= o.epochs && !e->code; epoch++) {
		double start = clock_now();
		if (als_sweep(m, ALS_ITEMS, tool_pool(), e))
			break;
		progress_set(&pr, 2 * (uint64_t)epoch - 1);
		if (epoch < o.epochs ? als_sweep(m, ALS_USERS, tool_pool(), e) : als_settle(m, tool_pool(), e))
			break;
		progress_set(&pr, 2 * (uint64_t)epoch);
		if (tool.is_verbose && !is_trial)
			write_loss(m, epoch, clock_now() - start, e);
	}
	progress_end(&pr);
}

static void align_als(struct als *m, struct inter *in, struct als_made *made, struct err *e)
{
	size_t n;

	if (als_align(m, &space, &in->item, &n, &made->residual, tool_pool(), e) || artifact_prov(space.art, &prov, &inputs, e))
		die_err(e);
	made->is_aligned = true;
	note("aligned by %zu items; the residual is %.6f of the length of the older vectors", n, made->residual);
}

void open_old(struct err *e)
{
	struct als_opts ao = { .d = (size_t)o.d, .has_bias = o.has_bias };

	if (o.init && model_open(&old, o.init, e))
		die_err(e);
	if (o.update) {
		weigh_release(&weigh);
		if (als_options(&old_opts, &weigh, &old, e))
			die_err(e);
		ao = old_opts;
	}
	if (o.init && als_same_width(&ao, &old, e))
		die_err(e);
	if (o.align && (model_open(&space, o.align, e) || als_same_width(&ao, &space, e)))
		die_err(e);
	if (!o.update)
		return;
	weigh.newest = TIME_NONE;	/* read_pairs finds it, and fades by it: an event that had faded before would do so twice */
}

/* learn_als - in->m is used up. */
int learn_als(struct inter *in, struct sink *out, struct err *e)
{
	struct als_opts ao = { (size_t)o.d, o.lambda, o.nu, o.unobserved, o.damp, o.stddev, o.has_bias, (enum ridge_solver)o.solver, (size_t)o.block, (int)o.steps,
			       (uint64_t)o.seed, { NULL, NULL } };
	struct als_made made = { .epochs = (size_t)o.epochs, .n_events = in->n_events, .is_updated = o.update };
	struct als m;

	if (o.update) {
		double epochs;
		if (model_number(&old, "epochs", 0, 1e6, &epochs, e))
			die_err(e);
		ao = old_opts;
		made.epochs = (size_t)epochs;
	}
	const char *wrong = als_check(&ao);
	if (wrong)
		usage_die("%s", wrong);
	ao.ids[ALS_ITEMS] = &in->item;
	ao.ids[ALS_USERS] = &in->user;
	ao.tuned = tuned;
	if (als_init(&m, &in->m, &weigh, &ao, tool_pool(), e))
		return e->code;
	if (o.init)
		go_on(&m, in, e);
	if (o.update)
		update_als(&m, in, e);
	else
		train_epochs(&m, e);
	if (o.init && e->code == ERR_NUMERIC)
		err_prefix(e, "going on from %s", o.init);
	if (!e->code && o.init && artifact_prov(old.art, &prov, &inputs, e))
		die_err(e);
	if (!e->code && o.align && !is_trial)
		align_als(&m, in, &made, e);
	if (!e->code && !is_trial)
		finish_prov();
	if (!e->code)
		als_save(&m, out, &in->user, &in->item, &weigh, &made, &prov, e);
	als_release(&m);
	if (!is_trial) {
		model_release(&old);
		model_release(&space);
	}
	return e->code;
}
