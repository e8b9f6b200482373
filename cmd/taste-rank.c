/*
 * taste-rank - from candidates to the lists that are shown. Reads candidates with the lines of a user together, joins, filters, blends with popularity, caps
 * creators, cuts to k, and writes each kept line with its reason. Streams: holds one user's candidates, and the side files given.
 */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/cli/tool.h"
#include "../lib/data/inter.h"
#include "../lib/data/items.h"
#include "../lib/data/vecs.h"
#include "../lib/model/pop.h"
#include "../lib/num/num.h"
#include "../lib/rank/rerank.h"

static struct {
	int64_t k, per_creator;
	double pop_weight;
	const char *model, *items, *because, *dropped, *out;
	struct opt_list allow, deny, seen;
	bool has_header, is_binary, wants_header;
} o = { .k = 10, .pop_weight = 0.1, .out = "-" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the lists in binary", .flags = OPT_NO_PROV },
	{ 'H', "header", OPT_FLAG, &o.has_header, NULL, "text inputs begin with a line of column names" },
	{ 'k', "top", OPT_INT, &o.k, "N", "length of each list", .min = 1, .max = 1000000 },
	{ 'm', "model", OPT_STR, &o.model, "MODEL", "popularity model (taste-train pop) to blend with", .flags = OPT_IS_PATH },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "allow", OPT_LIST, &o.allow, "FILE", "keep only items listed here (first column)", .flags = OPT_IS_PATH },
	{ 0, "because", OPT_STR, &o.because, "VECTORS", "item vectors: name the item of the user's own (--seen) that is nearest", .flags = OPT_IS_PATH },
	{ 0, "deny", OPT_LIST, &o.deny, "FILE", "drop items listed here (first column)", .flags = OPT_IS_PATH },
	{ 0, "dropped", OPT_STR, &o.dropped, "FILE", "write what was dropped: user, item, step", .flags = OPT_NO_PROV },
	{ 0, "header-out", OPT_FLAG, &o.wants_header, NULL, "write a line of column names first", .flags = OPT_NO_PROV },
	{ 0, "items", OPT_STR, &o.items, "FILE", "catalogue: adds title, creator and kind; needed by --per-creator", .flags = OPT_IS_PATH },
	{ 0, "per-creator", OPT_INT, &o.per_creator, "N", "at most N of one creator in a list; 0: no cap", .min = 0, .max = 1000000 },
	{ 0, "popularity", OPT_FLOAT, &o.pop_weight, "W", "weight of popularity in the blend, with -m", .min = 0, .max = 1 },
	{ 0, "seen", OPT_LIST, &o.seen, "EVENTS", "drop what the user already has in these events", .flags = OPT_IS_PATH },
	{ 0 },
};

static struct tool tool = {
	.name = "taste-rank",
	.about = "filter, blend and cut candidates: user, item, score, source in; user, item, score, reason out",
	.usage = "[options] [candidates...]",
	.opts = opts,
};

static struct {			/* the side files, loaded once */
	struct vocab allow, deny;
	struct items items;
	struct inter seen;
	struct vecs vecs;
	struct vocab vec_row;	/* id -> row of vecs */
	struct pop pop;
} side;

static struct rerank list;
static struct buf user, line, reason;
static struct tablew *table;
static struct sink *dropped;
static uint64_t n_dropped[DROP_CUT + 1], n_in, n_out, n_users;
static struct prov prov;
static struct buf inputs;

static void read_ids(struct vocab *v, const struct opt_list *files, struct err *e)
{
	const struct str *field;
	size_t n;
	int got = 0;

	for (size_t i = 0; i < files->n; i++) {
		struct tabler *r = tabler_open(files->v[i], NULL, o.has_header, e);
		if (!r)
			die_err(e);
		while ((got = tabler_next(r, &field, &n, e)) == 1)
			vocab_add(v, field[0].p, field[0].len);
		if (got < 0 || tabler_prov(r, &prov, &inputs, e))
			die_err(e);
		tabler_close(r);
	}
}

static void load_side(struct err *e)
{
	read_ids(&side.allow, &o.allow, e);
	read_ids(&side.deny, &o.deny, e);
	if (o.items && items_load(&side.items, o.items, o.has_header, &prov, &inputs, e))
		die_err(e);
	if (o.seen.n) {
		struct inter_opts io = { .has_header = o.has_header };
		if (inter_load(&side.seen, o.seen.v, o.seen.n, &io, &prov, &inputs, e))
			die_err(e);
	}
	if (o.model && pop_load(&side.pop, o.model, &prov, &inputs, e))
		die_err(e);
	if (o.because) {
		if (vecs_load(&side.vecs, o.because, &prov, &inputs, e))
			die_err(e);
		for (size_t r = 0; r < side.vecs.n; r++) {
			struct str id = vecs_id(&side.vecs, r);
			if (vocab_add(&side.vec_row, id.p, id.len) != r) {
				char c[ERR_CLIP_MAX];
				die(EXIT_DATA, "%s: the id '%s' of vector %zu was there before", o.because,
				    err_clip(c, id.p, id.len), r + 1);
			}
		}
	}
}

/* mark_filters - steps 2 and the popularity of each candidate. */
static void mark_filters(struct err *e)
{
	uint32_t u = vocab_find(&side.seen.user, user.p, user.len);

	for (size_t i = 0; i < list.n; i++) {
		struct rerank_cand *c = &list.cand[i];
		uint32_t it = u == VOCAB_NONE ? VOCAB_NONE : vocab_find(&side.seen.item, c->item.p, c->item.len);
		if (o.allow.n && vocab_find(&side.allow, c->item.p, c->item.len) == VOCAB_NONE)
			c->drop = DROP_ALLOW;
		else if (o.deny.n && vocab_find(&side.deny, c->item.p, c->item.len) != VOCAB_NONE)
			c->drop = DROP_DENY;
		else if (it != VOCAB_NONE && csr_has(&side.seen.m, u, it))
			c->drop = DROP_SEEN;
		c->creator = items_get(&side.items, c->item, ITEM_CREATOR);
		c->pop = o.model ? pop_scaled(&side.pop, c->item) : 0;
	}
	struct rerank_opts ro = { .pop_weight = o.model ? o.pop_weight : 0, .per_creator = (size_t)o.per_creator, .k = (size_t)o.k };
	if (rerank_run(&list, &ro, e))
		die_err(e);
}

static struct str title_or_id(struct str id)
{
	struct str t = items_get(&side.items, id, ITEM_TITLE);

	return t.len ? t : id;
}

/* nearest_own - the item of the user's own with the highest cosine to this one; VOCAB_NONE when there is none. */
static uint32_t nearest_own(uint32_t u, struct str item, float *cosine)
{
	uint32_t best = VOCAB_NONE, row = vocab_find(&side.vec_row, item.p, item.len);
	size_t d = side.vecs.d;

	*cosine = 0;
	if (u == VOCAB_NONE || row == VOCAB_NONE)
		return best;
	const float *x = vecs_row(&side.vecs, row);
	double xx = num_norm(x, d);
	for (size_t j = side.seen.m.start[u]; j < side.seen.m.start[u + 1]; j++) {
		struct str own = side.seen.item.str[side.seen.m.col[j]];
		uint32_t r = vocab_find(&side.vec_row, own.p, own.len);
		if (r == VOCAB_NONE || r == row)
			continue;
		const float *y = vecs_row(&side.vecs, r);
		double yy = num_norm(y, d);
		float c = xx > 0 && yy > 0 ? (float)(num_dot(x, y, d) / xx / yy) : 0;
		if (c > *cosine || (c == *cosine && best != VOCAB_NONE && str_cmp(own, side.seen.item.str[best]) < 0)) {
			*cosine = c;
			best = side.seen.m.col[j];
		}
	}
	return best;
}

/* write_reason - clauses parted by "; ": SOURCE #PLACE; like TITLE (cosine); popular, top P %. */
static void write_reason(const struct rerank_cand *c, uint32_t u)
{
	float cosine;

	buf_reset(&reason);
	buf_put(&reason, c->source.p, c->source.len);
	buf_printf(&reason, " #%zu", c->place_in);
	uint32_t own = o.because ? nearest_own(u, c->item, &cosine) : VOCAB_NONE;
	if (own != VOCAB_NONE) {
		struct str t = title_or_id(side.seen.item.str[own]);
		buf_puts(&reason, "; like ");
		buf_put(&reason, t.p, t.len);
		buf_puts(&reason, " (");
		buf_put_fixed(&reason, cosine, 2);
		buf_putc(&reason, ')');
	}
	if (o.model) {
		double top = pop_top_share(&side.pop, c->item);
		if (top <= 0.1)
			buf_printf(&reason, "; popular, top %d %%", top <= 0.01 ? 1 : (int)ceil(top * 100));
	}
}

static void put_feature(const char *key, struct str v)
{
	if (!v.len)
		return;
	buf_putc(&line, '\t');
	buf_puts(&line, key);
	buf_putc(&line, '=');
	tsv_put(&line, v.p, v.len);
}

static void write_list(struct err *e)
{
	uint32_t u = vocab_find(&side.seen.user, user.p, user.len);

	for (size_t i = 0; i < list.n; i++) {
		const struct rerank_cand *c = &list.cand[i];
		buf_reset(&line);
		tsv_put(&line, user.p, user.len);
		buf_putc(&line, '\t');
		tsv_put(&line, c->item.p, c->item.len);
		buf_putc(&line, '\t');
		n_dropped[c->drop]++;
		if (c->drop) {
			buf_puts(&line, rerank_drop_name(c->drop));
			buf_putc(&line, '\n');
			if (dropped && sink_write(dropped, line.p, line.len, e))
				die_err(e);
			continue;
		}
		write_reason(c, u);
		buf_put_f64(&line, c->blend);
		buf_putc(&line, '\t');
		tsv_put(&line, reason.p, reason.len);
		if (c->features.len) {
			buf_putc(&line, '\t');
			buf_put(&line, c->features.p, c->features.len);
		}
		if (o.items) {
			put_feature("title", items_get(&side.items, c->item, ITEM_TITLE));
			put_feature("creator", items_get(&side.items, c->item, ITEM_CREATOR));
			put_feature("kind", items_get(&side.items, c->item, ITEM_KIND));
		}
		if (tablew_row(table, line.p, line.len, e))
			die_err(e);
		n_out++;
	}
}

static void finish_user(struct err *e)
{
	if (!list.n)
		return;
	mark_filters(e);
	write_list(e);
	rerank_reset(&list);
	n_users++;
}

/* add_line - check one candidate row and put it into the user's list. */
static void add_line(const struct tabler *r, const struct str *f, size_t n)
{
	struct buf where = { 0 }, features = { 0 };
	char clip[ERR_CLIP_MAX];
	double score;

	if (n < 3 || !f[0].len || !f[1].len || !scan_f64(f[2].p, f[2].len, &score)) {
		tabler_where(r, &where);
		if (n < 3)
			die(EXIT_DATA, "%s: %zu field%s, a candidate has user, item and score", where.p, n, n == 1 ? "" : "s");
		if (!f[0].len || !f[1].len)
			die(EXIT_DATA, "%s: field %d: %s is empty", where.p, f[0].len ? 2 : 1, f[0].len ? "the item" : "the user");
		die(EXIT_DATA, "%s: field 3: '%s' is not a score (a finite number)", where.p, err_clip(clip, f[2].p, f[2].len));
	}
	for (size_t i = 4; i < n; i++) {
		if (i > 4)
			buf_putc(&features, '\t');
		tsv_put(&features, f[i].p, f[i].len);
	}
	struct str source = n > 3 && f[3].len ? f[3] : (struct str){ "candidate", 9 };
	rerank_add(&list, f[1], score, source, (struct str){ features.p ? features.p : "", features.len });
	buf_release(&features);
}

static void rank_file(const char *path, struct vocab *done, struct progress *pr, struct err *e)
{
	static const char *const names[] = { "user", "item", "score" };
	struct tabler *r = tabler_open(path, "candidates", o.has_header, e);
	const struct str *f;
	size_t n;
	int got;

	if (!r || tabler_order(r, names, 3, e))
		die_err(e);
	while ((got = tabler_next(r, &f, &n, e)) == 1) {
		if (!n_in || f[0].len != user.len || memcmp(f[0].p, user.p, user.len)) {
			size_t n_before = done->n;
			finish_user(e);
			if (vocab_add(done, f[0].p, f[0].len) < n_before) {
				struct buf where = { 0 };
				char clip[ERR_CLIP_MAX];
				tabler_where(r, &where);
				die(EXIT_DATA, "%s: user '%s' comes again: the lines of a user must stand together (sort -s -k1,1)",
				    where.p, err_clip(clip, f[0].p, f[0].len));
			}
			buf_reset(&user);
			buf_put(&user, f[0].p, f[0].len);
		}
		add_line(r, f, n);
		progress_set(pr, ++n_in);
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	tabler_close(r);
}

static void check_options(void)
{
	if (o.per_creator && !o.items)
		usage_die("--per-creator needs --items, which names the creators");
	if (o.because && !o.seen.n)
		usage_die("--because needs --seen, which says what the user has");
	tool_reads_args(0);
	tool_reads(o.model);
	tool_reads(o.because);
	tool_reads(o.items);
	const struct opt_list *const lists[] = { &o.allow, &o.deny, &o.seen };
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (size_t i = 0; i < lists[l]->n; i++)
			tool_reads(lists[l]->v[i]);
}

int main(int argc, char **argv)
{
	static const char *const from_stdin[] = { "-" };
	struct err e = { 0 };
	struct vocab done = { 0 };
	struct progress pr;

	tool_init(&tool, argc, argv);
	check_options();
	struct sink *out = tool_output(o.out, o.is_binary);
	dropped = o.dropped ? tool_output_aside(o.dropped) : NULL;
	load_side(&e);
	if (!(table = tablew_new(out, "ranked", o.is_binary, &e)))
		die_err(&e);
	if (o.wants_header && !o.is_binary && tablew_row(table, "user\titem\tscore\treason", 22, &e))
		die_err(&e);
	progress_start(&pr, "rank", "candidates", 0);
	for (size_t i = 0; i < (tool.n_args ? tool.n_args : 1); i++)
		rank_file(tool.n_args ? tool.arg[i] : from_stdin[0], &done, &pr, &e);
	finish_user(&e);
	progress_end(&pr);
	prov_step(&prov, tool.name, tool_version, tool.prov.p ? tool.prov.p : "", inputs.p ? inputs.p : "");
	if (tablew_finish(table, &prov, &e))
		die_err(&e);
	if (dropped)
		tool_output_close(dropped);
	tool_output_close(out);
	note("%llu candidates of %llu users: %llu kept", (unsigned long long)n_in, (unsigned long long)n_users, (unsigned long long)n_out);
	for (int d = DROP_ALLOW; d <= DROP_CUT; d++)
		if (n_dropped[d])
			note("%llu dropped by %s", (unsigned long long)n_dropped[d], rerank_drop_name((enum rerank_drop)d));
	tablew_free(table);
	rerank_release(&list);
	vocab_release(&done);
	vocab_release(&side.allow);
	vocab_release(&side.deny);
	vocab_release(&side.vec_row);
	items_release(&side.items);
	inter_release(&side.seen);
	vecs_release(&side.vecs);
	pop_release(&side.pop);
	buf_release(&user);
	buf_release(&line);
	buf_release(&reason);
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
