/*
 * train-seq - seq: sequences, epochs over them, each measured by what was held out, and the best one kept.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/rng.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/data/items.h"
#include "../lib/model/seq.h"
#include "train.h"

enum { HELD_SHARE = 10, HELD_MAX = 5000 };	/* without --valid: every so many users, at most */

static struct {
	struct seqs data;
	struct vocab kinds;
	uint8_t *kind;			/* [items] into kinds; NULL: one */
	size_t *end;
	struct seq_asked *asked;	/* [n_asked] */
	size_t n_asked;
	int features;
	struct buf identity;
} job;

static const char *const feature_name[] = { "gap", "hour", "device", "time" };

static int feature_of(const char *s, size_t len)
{
	for (int i = 0; i < 4; i++)
		if (strlen(feature_name[i]) == len && !memcmp(feature_name[i], s, len))
			return 1 << i;
	usage_die("--features: '%.*s' is none of gap, hour, device, time", (int)(len < 40 ? len : 40), s);
}

static struct seq_opts options(void)
{
	return (struct seq_opts){ .dims = { .d = (size_t)o.d, .layers = (size_t)o.layers, .heads = (size_t)o.heads, .hidden = (size_t)o.hidden, .n = (size_t)o.length,
					    .n_kinds = job.kinds.n > 1 ? job.kinds.n : 1, .n_devices = job.data.device.n + 1, .attention = o.attention, .features = job.features },
				  .epochs = (size_t)o.epochs, .batch = (size_t)o.batch, .negatives = (size_t)o.negatives, .temperature = o.temperature, .neg_power = o.neg_power, .user_power = o.user_power,
				  .kind_power = o.kind_power, .stddev = o.stddev,
				  .dropout = o.dropout, .rate = o.rate, .warmup = o.warmup, .clip = o.clip, .is_cosine = o.is_cosine, .seed = (uint64_t)o.seed };
}

/* check_seq - the kinds of items are not known yet. */
void check_seq(void)
{
	for (size_t i = 0; i < o.features.n; i++)
		for (const char *s = o.features.v[i]; *s;) {
			size_t len = strcspn(s, ",");
			job.features |= feature_of(s, len);
			s += len + (s[len] == ',');
		}
	if (o.hidden < 0)
		o.hidden = 2 * o.d;
	if (!o.items && tool_is_set(&o.kind_power))
		usage_die("--kind-power needs --items, which says of what kind an item is");
	if (o.items)
		tool_reads(o.items);
	if (o.resume && (!o.checkpoint || strcmp(o.checkpoint, o.resume)))
		tool_reads(o.resume);
	if (o.checkpoint && !strcmp(o.checkpoint, "-"))
		usage_die("--checkpoint: '-' will not do: a file, which is written again after each epoch");
	for (size_t i = 0; i < o.valid.n; i++)
		tool_reads(o.valid.v[i]);
	tool_reads_args(0);
	struct seq_opts so = options();
	const char *wrong = seq_check(&so);
	if (wrong)
		usage_die("%s", wrong);
}

/* ---- what is read ---- */

static void read_log(struct err *e)
{
	struct progress pr;
	struct seqs_opts so = { .weight = weigh_event, .ctx = &weigh, .keep_weightless = true, .has_devices = job.features & SEQ_DEVICE, .has_header = o.has_header,
				.pool = tool_pool(), .progress = progress_show, .progress_ctx = &pr };

	progress_start(&pr, "read", "bytes", 0);
	if (seqs_load(&job.data, tool.arg, tool.n_args, &so, &prov, &inputs, e))
		die_err(e);
	progress_end(&pr);
	warn_far(job.data.newest);
	if (!job.data.n)
		die(EXIT_DATA, "no events to learn from");
	note("%llu events, %zu users, %zu items", (unsigned long long)job.data.n_events, job.data.n_users, job.data.item.n);
	job.end = mem_new(job.data.n_users, sizeof *job.end);
	for (size_t u = 0; u < job.data.n_users; u++)
		job.end[u] = job.data.start[u + 1];
}

/* read_kinds - of the items that there are events of. */
static void read_kinds(struct err *e)
{
	struct items it = { 0 };
	size_t n_unknown = 0;

	if (items_load(&it, o.items, o.has_header, &prov, &inputs, e))
		die_err(e);
	if (!(job.kind = mem_try(job.data.item.n, 1, "kinds of items", e)))
		die_err(e);
	for (size_t i = 0; i < job.data.item.n; i++) {
		struct str kind = items_get(&it, job.data.item.str[i], ITEM_KIND);
		n_unknown += !kind.len;
		if (!kind.len)
			kind = (struct str){ "unknown", 7 };
		uint32_t k = vocab_add(&job.kinds, kind.p, kind.len);
		if (k >= SEQ_KINDS_MAX)
			die(EXIT_DATA, "%s: more than %d kinds of items", file_shown(o.items), SEQ_KINDS_MAX);
		job.kind[i] = (uint8_t)k;
	}
	if (n_unknown)
		warn("%zu of %zu items have no kind in %s: theirs is 'unknown'", n_unknown, job.data.item.n, file_shown(o.items));
	items_release(&it);
}

/* ---- what is held out ---- */

static bool has(size_t user, uint32_t item)
{
	for (size_t j = job.data.start[user]; j < job.end[user]; j++)
		if (job.data.what[j] == item)
			return true;
	return false;
}

static void ask(size_t user, uint32_t item)
{
	job.asked[job.n_asked++] = (struct seq_asked){ (uint32_t)user, item };
}

/* read_valid - of each user the first event that has weight and is new to them. */
static void read_valid(struct err *e)
{
	struct seqs v = { .user = job.data.user, .item = job.data.item };
	struct seqs_opts so = { .weight = weigh_event, .ctx = &weigh, .keep_items = true, .keep_users = true, .has_header = o.has_header, .pool = tool_pool() };

	job.data.user = (struct vocab){ 0 };
	job.data.item = (struct vocab){ 0 };
	if (seqs_load(&v, o.valid.v, o.valid.n, &so, &prov, &inputs, e))
		die_err(e);
	job.data.user = v.user;
	job.data.item = v.item;
	v.user = v.item = (struct vocab){ 0 };
	for (size_t u = 0; u < v.n_users; u++)
		for (size_t j = v.start[u]; j < v.start[u + 1]; j++)
			if (job.end[u] > job.data.start[u] && !has(u, v.what[j])) {
				ask(u, v.what[j]);
				break;
			}
	warn_unknown("--valid", v.n_unknown, v.n_events);
	if (!job.n_asked)
		die(EXIT_DATA, "no user of --valid has both a past and something that is not in it");
	if (v.n_unknown)
		note("%llu events of --valid are of users or items that are not learnt from", (unsigned long long)v.n_unknown);
	seqs_release(&v);
}

/* hold_out - the last event of some users, where it can be foretold. */
static void hold_out(void)
{
	size_t n = 0, most = job.data.n_users / HELD_SHARE;
	uint32_t *user = mem_new(job.data.n_users + 1, sizeof *user);
	struct pcg32 g;

	for (size_t u = 0; u < job.data.n_users; u++)
		if (job.end[u] - job.data.start[u] > 2)
			user[n++] = (uint32_t)u;
	pcg32_seed(&g, (uint64_t)o.seed, 1ULL << 34);
	rng_shuffle_u32(&g, user, (uint32_t)n);
	most = most < HELD_MAX ? most : HELD_MAX;
	for (size_t i = 0; i < n && job.n_asked < most; i++) {
		size_t u = user[i], last = job.end[u] - 1;
		job.end[u] = last;
		if (job.data.act[last] & SEQS_WEIGHTLESS || has(u, job.data.what[last]))
			job.end[u] = last + 1;
		else
			ask(u, job.data.what[last]);
	}
	mem_free(user);
}

/* ---- learning ---- */

static void write_checkpoint(const struct seq_learn *m, struct err *e)
{
	struct sink *s = tool_output_again(o.checkpoint);

	if (seq_checkpoint(m, s, job.identity.p, &prov, e))
		die_err(e);
	tool_output_close(s);
}

struct shown { struct progress pr; uint64_t before; };

static void show_step(void *ctx, uint64_t done, uint64_t total)
{
	struct shown *s = ctx;

	(void)total;
	progress_set(&s->pr, s->before + done);
}

static void learn(struct seq_learn *m, struct err *e)
{
	struct shown s = { 0 };
	struct watch step = { show_step, &s };
	uint64_t events = job.data.n > job.data.n_users ? job.data.n - job.data.n_users : 1;

	progress_start(&s.pr, "train", "events", events * m->o.epochs);
	while (m->n_epochs < m->o.epochs && !(o.patience && m->n_epochs - m->best_epoch >= (size_t)o.patience)) {
		double start = clock_now(), loss, ndcg = 0, hr = 0;
		s.before = events * m->n_epochs;
		if (seq_epoch(m, &loss, &step, tool_pool(), e) || (job.n_asked && seq_measure(m, false, job.asked, job.n_asked, &ndcg, &hr, tool_pool(), e)))
			die_err(e);
		if (!job.n_asked || ndcg > m->best)
			seq_keep(m, ndcg);
		if (tool.is_verbose)
			fprintf(stderr, "%s%zu\t%.6f\t%.5f\t%.5f\t%.2f\n", m->n_epochs == 1 ? "epoch\tloss\tndcg@10\thr@10\tseconds\n" : "", m->n_epochs, loss, ndcg, hr, clock_now() - start);
		if (o.checkpoint)
			write_checkpoint(m, e);
	}
	progress_end(&s.pr);
}

/* round_off - to 8 bits, and what that costs; after the file is written, which rounds by itself. */
static void round_off(struct seq_learn *m, struct err *e)
{
	double before[2], after[2];

	if (job.n_asked && seq_measure(m, true, job.asked, job.n_asked, &before[0], &before[1], tool_pool(), e))
		die_err(e);
	seq_quantise(m);
	if (!job.n_asked)
		return;
	if (seq_measure(m, true, job.asked, job.n_asked, &after[0], &after[1], tool_pool(), e))
		die_err(e);
	if (!tool.is_quiet)
		fprintf(stderr, "%s: 8 bits: ndcg@10 of what was held out %.5f, before %.5f; hr@10 %.5f, before %.5f\n", tool.name, after[0], before[0], after[1], before[1]);
}

void train_seq(struct sink *out, struct err *e)
{
	struct seq_learn m;

	if (o.checkpoint)
		tool_output_again_at(o.checkpoint);
	read_log(e);
	if (o.items)
		read_kinds(e);
	job.asked = mem_new(job.data.n_users + 1, sizeof *job.asked);
	if (o.valid.n)
		read_valid(e);
	else
		hold_out();
	finish_prov();
	struct seq_opts so = options();
	buf_printf(&job.identity, "%s | %s | %s", tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	if (seq_learn_init(&m, &so, &job.data, job.kind, job.end, tool_pool(), e) || (o.resume && seq_resume(&m, o.resume, job.identity.p, e)))
		die_err(e);
	learn(&m, e);
	note("best epoch %zu, ndcg@10 %.5f of %zu users", m.best_epoch, m.best, job.n_asked);
	struct seq_names names = { &job.data.item, job.kinds.n ? &job.kinds : NULL, job.features & SEQ_DEVICE ? &job.data.device : NULL };
	if (seq_save(&m, o.is_quantised, out, &names, &weigh, &prov, e))
		die_err(e);
	if (o.is_quantised)
		round_off(&m, e);
	seq_learn_release(&m);
	seqs_release(&job.data);
	vocab_release(&job.kinds);
	mem_free(job.kind);
	mem_free(job.asked);
	buf_release(&job.identity);
}
