/*
 * synth-truth - what the listeners truly prefer: of pairs that are asked for, or of each listener's best.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/data/pairs.h"
#include "../lib/num/topk.h"
#include "synth.h"

static void put_truth(struct sink *s, uint32_t u, uint32_t i, struct situation at, struct str context, double share, struct err *e)
{
	struct str user = world_users(world)->str[u], item = world_items(world)->str[i];

	buf_put(&line, user.p, user.len);
	buf_putc(&line, '\t');
	buf_put(&line, item.p, item.len);
	buf_putc(&line, '\t');
	buf_put_f32(&line, (float)world_preference(world, u, i, at));
	buf_putc(&line, '\t');
	buf_put_f32(&line, (float)share);
	if (context.len) {
		buf_putc(&line, '\t');
		tsv_put(&line, context.p, context.len);
	}
	put_line(s, e);
}

static void write_top(struct sink *s, struct err *e)
{
	size_t n = world_n_items(world), k = (size_t)o.truth_top < n ? (size_t)o.truth_top : n;
	double *share = mem_try(n, sizeof *share, "shares", e);
	struct topk_hit *hit = mem_try(k, sizeof *hit, "shares", e);
	const struct situation anywhere = { { 0 } };
	struct topk best;

	if (!share || !hit)
		die_err(e);
	for (uint32_t u = 0; u < world_users(world)->n; u++) {
		world_shares(world, u, anywhere, share);
		topk_init(&best, hit, k, NULL);
		for (size_t i = 0; i < n; i++)
			topk_push(&best, (float)share[i], (uint32_t)i);
		topk_sort(&best);
		for (size_t i = 0; i < best.n; i++)
			put_truth(s, u, hit[i].row, anywhere, (struct str){ "", 0 }, share[hit[i].row], e);
	}
	mem_free(share);
	mem_free(hit);
}

static void die_at(const struct pairsr *r, struct err *e)
{
	struct buf where = { 0 };

	pairsr_where(r, &where);
	err_prefix(e, "%s", where.p);
	die_err(e);
}

/* find_pair - numbers of a pair, and the context where the third column is one: has a '='. */
static void find_pair(const struct pairsr *r, struct str user, struct str item, struct str *context, uint32_t *u, uint32_t *i, struct situation *at, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	*u = vocab_find(world_users(world), user.p, user.len);
	*i = vocab_find(world_items(world), item.p, item.len);
	if (*u == VOCAB_NONE || *i == VOCAB_NONE) {
		err_set(e, ERR_DATA, "'%s' is not in this world", *u == VOCAB_NONE ? err_clip(clip, user.p, user.len) : err_clip(clip, item.p, item.len));
		die_at(r, e);
	}
	if (!context->len || !memchr(context->p, '=', context->len))
		context->len = 0;
	if (situation_scan(context->p, context->len, false, at, e)) {
		err_prefix(e, "field 3");
		die_at(r, e);
	}
}

static void write_pairs(struct sink *s, struct err *e)
{
	struct pairsr *r = pairsr_open(o.pairs, false, e);
	double *share = mem_try(world_n_items(world), sizeof *share, "shares", e);
	uint32_t u, i, last = VOCAB_NONE;
	struct situation at, there = { { 0 } };
	struct str user, item, context;
	int got;

	if (!r || !share)
		die_err(e);
	while ((got = pairsr_next(r, &user, &item, &context, e)) == 1) {
		find_pair(r, user, item, &context, &u, &i, &at, e);
		if (u != last || situation_number(at) != situation_number(there))
			world_shares(world, u, at, share);
		last = u;
		there = at;
		put_truth(s, u, i, at, context, share[i], e);
	}
	if (got < 0)
		die_err(e);
	pairsr_close(r);
	mem_free(share);
}

void write_truth(struct sink *s, struct err *e)
{
	if (o.pairs)
		write_pairs(s, e);
	else
		write_top(s, e);
}
