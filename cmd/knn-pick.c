/* knn-pick - which rows may be found: for all queries a bit a row, for each query lists of rows. */
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/sort.h"
#include "../lib/data/inter.h"
#include "../lib/data/table.h"
#include "../lib/data/where.h"
#include "knn.h"

/* Rows that users have, by the ids of queries. */
struct pairs { struct vocab user; struct csr rows; uint64_t n_asked; bool was_met; };	/* was_met: of n_asked queries one at least was a user's */

static struct {
	uint64_t *allowed;
	uint32_t *row;			/* [n_allowed] the same as rows */
	size_t n_allowed;
	struct pairs exclude, among;
	struct items items;
	bool has_items;
	uint32_t *creator;		/* [n] rows of unknown creators have numbers of their own, from n_creators on */
	uint32_t *n_taken;		/* [n_creators] 0 between calls */
	size_t n_creators;
} pick;

/* read_pairs - the events' (user, item) pairs as (user, row) pairs; items that are not searched drop out. */
static void read_pairs(struct pairs *to, const struct opt_list *files, const struct knn_base *b)
{
	struct inter in;
	struct inter_opts io = { .has_header = o.has_header, .pool = tool_pool() };
	uint32_t *row, *user, *item_row;
	struct err e = { 0 };
	size_t n = 0;

	if (inter_load(&in, files->v, files->n, &io, &prov, &inputs, &e))
		die_err(&e);
	size_t nnz = in.m.start[in.m.n_rows];
	row = mem_try(nnz, sizeof *row, "pairs", &e);
	user = row ? mem_try(nnz, sizeof *user, "pairs", &e) : NULL;
	item_row = user ? mem_try(in.item.n, sizeof *item_row, "items of pairs", &e) : NULL;
	if (!item_row)
		die_err(&e);
	for (size_t i = 0; i < in.item.n; i++)
		item_row[i] = knn_base_row(b, in.item.str[i]);
	for (size_t u = 0; u < in.m.n_rows; u++)
		for (size_t j = in.m.start[u]; j < in.m.start[u + 1]; j++)
			if (item_row[in.m.col[j]] != VOCAB_NONE) {
				user[n] = (uint32_t)u;
				row[n++] = item_row[in.m.col[j]];
			}
	if (csr_from_pairs(&to->rows, user, row, NULL, n, in.user.n, b->n, &e))
		die_err(&e);
	to->user = in.user;
	in.user = (struct vocab){ 0 };
	inter_release(&in);
	mem_free(row);
	mem_free(user);
	mem_free(item_row);
}

static struct knn_rows rows_of(struct pairs *p, struct str id)
{
	uint32_t u = vocab_find(&p->user, id.p, id.len);

	p->n_asked++;
	p->was_met = p->was_met || u != VOCAB_NONE;
	if (u == VOCAB_NONE)
		return (struct knn_rows){ NULL, 0 };
	return (struct knn_rows){ p->rows.col + p->rows.start[u], p->rows.start[u + 1] - p->rows.start[u] };
}

static void make_allowed(size_t n, bool all)
{
	struct err e = { 0 };
	size_t words = (n + 63) / 64;

	if (!(pick.allowed = mem_try(words, sizeof *pick.allowed, "marks of rows", &e)))
		die_err(&e);
	memset(pick.allowed, all ? 0xff : 0, words * sizeof *pick.allowed);
	if (all && n % 64)
		pick.allowed[words - 1] = ((uint64_t)1 << n % 64) - 1;
}

/* read_ids - set or clear the bits of the ids in the first column; how many ids were not there. */
static uint64_t read_ids(const struct opt_list *files, const struct knn_base *b, bool is_set)
{
	uint64_t n_unknown = 0;

	for (size_t i = 0; i < files->n; i++) {
		struct err e = { 0 };
		struct tabler *r = tabler_open(files->v[i], NULL, false, &e);
		const struct str *f;
		size_t n;
		int got = r ? 0 : -1;
		while (r && (got = tabler_next(r, &f, &n, &e)) == 1) {
			uint32_t row = n ? knn_base_row(b, f[0]) : VOCAB_NONE;
			if (row == VOCAB_NONE)
				n_unknown++;
			else if (is_set)
				nav_set_bit(pick.allowed, row);
			else
				pick.allowed[row / 64] &= ~((uint64_t)1 << row % 64);
		}
		if (got || tabler_prov(r, &prov, &inputs, &e))
			die_err(&e);
		tabler_close(r);
	}
	return n_unknown;
}

static void read_where(const struct knn_base *b)
{
	struct where *w = mem_new(o.where.n, sizeof *w);
	struct err e = { 0 };

	for (size_t i = 0; i < o.where.n; i++)
		if (where_parse(&w[i], o.where.v[i], &e))
			die_err(&e);
	for (size_t i = 0; i < o.where.n; i++)
		if (!where_is_about(&w[i], &pick.items))
			warn("%s: no item has '%.*s', which --where asks for", file_shown(o.items), (int)min_size(w[i].name.len, 60), w[i].name.p);
		else if ((w[i].op == WHERE_IS || w[i].op == WHERE_HAS) && !where_is_met(&w[i], &pick.items))
			warn("%s: no item has '%.60s', which --where asks for", file_shown(o.items), o.where.v[i]);
	for (size_t r = 0; r < b->n; r++)
		if (!where_holds(w, o.where.n, &pick.items, knn_base_id(b, r)))
			pick.allowed[r / 64] &= ~((uint64_t)1 << r % 64);
	for (size_t i = 0; i < o.where.n; i++)
		where_release(&w[i]);
	mem_free(w);
}

static void read_creators(const struct knn_base *b)
{
	struct vocab v = { 0 };
	struct err e = { 0 };

	if (!(pick.creator = mem_try(b->n, sizeof *pick.creator, "creators", &e)))
		die_err(&e);
	for (size_t r = 0; r < b->n; r++) {
		struct str c = items_get(&pick.items, knn_base_id(b, r), ITEM_CREATOR);
		pick.creator[r] = c.len ? vocab_add(&v, c.p, c.len) : UINT32_MAX - (uint32_t)r;
	}
	pick.n_creators = v.n;
	pick.n_taken = mem_try0(v.n + 1, sizeof *pick.n_taken, "creators", &e);
	if (!pick.n_taken)
		die_err(&e);
	vocab_release(&v);
}

/* warn_strange - when the catalogue has none of the vectors. */
static void warn_strange(const struct knn_base *b)
{
	for (size_t r = 0; r < b->n; r++) {
		struct str id = knn_base_id(b, r);
		if (vocab_find(&pick.items.id, id.p, id.len) != VOCAB_NONE)
			return;
	}
	if (b->n)
		warn("none of %zu vectors is in %s: it says nothing of them", b->n, file_shown(o.items));
}

void knn_pick_load(struct knn_base *b)
{
	struct err e = { 0 };
	uint64_t n_unknown = 0;

	if (o.exclude.n || o.among.n || o.no_self || o.allow.n || o.deny.n || o.is_line)
		knn_base_ids(b);
	if (o.exclude.n)
		read_pairs(&pick.exclude, &o.exclude, b);
	if (o.among.n)
		read_pairs(&pick.among, &o.among, b);
	if (o.items) {
		if (items_load(&pick.items, o.items, o.has_header, &prov, &inputs, &e))
			die_err(&e);
		pick.has_items = true;
		warn_strange(b);
	}
	if (o.allow.n || o.deny.n || o.where.n) {
		make_allowed(b->n, !o.allow.n);
		n_unknown = read_ids(&o.allow, b, true) + read_ids(&o.deny, b, false);
		if (o.where.n)
			read_where(b);
		for (size_t i = 0; i < (b->n + 63) / 64; i++)
			pick.n_allowed += (size_t)__builtin_popcountll(pick.allowed[i]);
		if (!(pick.row = mem_try(pick.n_allowed, sizeof *pick.row, "rows that may be found", &e)))
			die_err(&e);
		for (uint32_t r = 0, at = 0; r < b->n; r++)
			if (nav_bit(pick.allowed, r))
				pick.row[at++] = r;
		note("%zu of %zu vectors may be found; %llu ids of --allow and --deny are not among them", pick.n_allowed, b->n, (unsigned long long)n_unknown);
	}
	if (o.per_creator)
		read_creators(b);
}

static void say_pairs(const struct pairs *p, const struct opt_list *files, const char *so)
{
	enum { MANY = 10 };		/* one alone, or two, may be new */

	if (p->n_asked >= MANY && !p->was_met && p->user.n)
		warn("none of %llu queries is of a user in %s: %s", (unsigned long long)p->n_asked, file_shown(files->v[0]), so);
}

void knn_pick_say(void)
{
	say_pairs(&pick.exclude, &o.exclude, "it excludes nothing");
	say_pairs(&pick.among, &o.among, "nothing may be found");
}

void knn_pick_release(void)
{
	vocab_release(&pick.exclude.user);
	csr_release(&pick.exclude.rows);
	vocab_release(&pick.among.user);
	csr_release(&pick.among.rows);
	if (pick.has_items)
		items_release(&pick.items);
	mem_free(pick.allowed);
	mem_free(pick.row);
	mem_free(pick.creator);
	mem_free(pick.n_taken);
}

const uint64_t *knn_pick_allowed(const uint32_t **row, size_t *n)
{
	*row = pick.row;
	*n = pick.n_allowed;
	return pick.allowed;
}

const struct items *knn_pick_items(void) { return pick.has_items ? &pick.items : NULL; }
struct knn_rows knn_pick_among(struct str query) { return rows_of(&pick.among, query); }

size_t knn_pick_spread(struct topk_hit *to, const struct topk_hit *hit, size_t n, size_t most)
{
	size_t kept = 0;

	for (size_t i = 0; i < n && kept < most; i++) {
		uint32_t c = o.per_creator ? pick.creator[hit[i].row] : UINT32_MAX;
		if (c >= pick.n_creators || pick.n_taken[c]++ < o.per_creator)
			to[kept++] = hit[i];
		else
			pick.n_taken[c]--;
	}
	for (size_t i = 0; o.per_creator && i < kept; i++)
		if (pick.creator[to[i].row] < pick.n_creators)
			pick.n_taken[pick.creator[to[i].row]] = 0;
	return kept;
}

struct knn_rows knn_pick_ban(const struct knn_base *b, struct str query, struct buf *room)
{
	struct knn_rows ban = o.exclude.n ? rows_of(&pick.exclude, query) : (struct knn_rows){ NULL, 0 };
	uint32_t me = o.no_self ? knn_base_row(b, query) : VOCAB_NONE;
	size_t at = 0;

	while (me != VOCAB_NONE && at < ban.n && ban.row[at] < me)
		at++;
	if (me == VOCAB_NONE || (at < ban.n && ban.row[at] == me))
		return ban;
	buf_reset(room);
	uint32_t *p = (uint32_t *)(void *)buf_reserve(room, (ban.n + 1) * sizeof *p);
	for (size_t i = 0; i < ban.n; i++)
		p[i + (i >= at)] = ban.row[i];
	p[at] = me;
	return (struct knn_rows){ p, ban.n + 1 };
}
