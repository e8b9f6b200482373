#include "valid.h"

#include "boot.h"
#include "../base/mem.h"
#include "../base/rng.h"

static bool is_new(const struct csr *learnt, uint32_t u, uint32_t item)
{
	return !csr_has(learnt, u, item);
}

/* draw - the users who count, at most n of them, ascending; their number. user and is_drawn [rows of held], is_drawn zeroed. */
static uint32_t draw(uint32_t *user, uint8_t *is_drawn, const struct csr *learnt, const struct csr *held, size_t n, uint64_t seed)
{
	struct pcg32 r;
	uint32_t found = 0, kept = 0;

	for (uint32_t u = 0; u < held->n_rows; u++) {
		bool counts = false;
		for (size_t j = held->start[u]; j < held->start[u + 1] && !counts; j++)
			counts = is_new(learnt, u, held->col[j]);
		if (counts && learnt->start[u] < learnt->start[u + 1])
			user[found++] = u;
	}
	pcg32_seed(&r, seed, 0);
	rng_shuffle_u32(&r, user, found);
	for (size_t i = 0; i < found && i < n; i++)
		is_drawn[user[i]] = 1;
	for (uint32_t u = 0; u < held->n_rows; u++)
		if (is_drawn[u])
			user[kept++] = u;
	return kept;
}

/* pick - from the held-out pairs to what is measured. */
static int pick(struct valid *v, const struct csr *learnt, const struct csr *held, const char *path, size_t n, uint64_t seed, struct err *e)
{
	uint32_t *user = mem_try(held->n_rows, sizeof *user, "users to measure by", e);
	uint8_t *is_drawn = mem_try0(held->n_rows, 1, "users to measure by", e);
	struct csr_keys truth = { 0 };
	size_t room = 0;

	if (!e->code && !(v->n_users = draw(user, is_drawn, learnt, held, n, seed)))
		err_set(e, ERR_DATA, "%s: no user who has events to learn from gets anything new here that others had: nothing to tune by", path);
	for (uint32_t i = 0; i < v->n_users; i++)
		for (size_t j = held->start[user[i]]; j < held->start[user[i] + 1]; j++)
			if (is_new(learnt, user[i], held->col[j]))
				csr_keys_add(&truth, i, held->col[j], 1);
	if (!e->code && !csr_take(&v->truth.gain, &truth, v->n_users, held->n_cols, NULL, e) &&
	    !csr_rows(&v->has, learnt, user, v->n_users, e) && (v->value = mem_try(v->n_users * METRIC_PER_USER, sizeof *v->value, "values of users", e)) &&
	    (v->run.start = mem_try0(v->n_users + 1, sizeof *v->run.start, "lists", e))) {
		v->run.n_users = v->n_users;
		if (!mem_mul(v->n_users, v->k, &room))
			err_set(e, ERR_MEM, "%zu lists of %zu do not fit memory", v->n_users, v->k);
		else
			v->run.item = mem_try(room, sizeof *v->run.item, "lists", e);
	}
	csr_keys_release(&truth);
	mem_free(user);
	mem_free(is_drawn);
	return e->code;
}

int valid_load(struct valid *v, const char *path, struct inter *learnt, const struct inter_opts *o, size_t k, size_t n, uint64_t seed, struct prov *p,
	       struct buf *inputs, struct err *e)
{
	struct inter held = { .user = learnt->user, .item = learnt->item };
	struct inter_opts io = { .weight = o->weight, .ctx = o->ctx, .has_header = o->has_header, .keep_vocab = true };

	*v = (struct valid){ .k = k };
	inter_load(&held, &path, 1, &io, p, inputs, e);
	learnt->user = held.user;	/* nothing, on failure */
	learnt->item = held.item;
	v->n_events = held.n_events;
	v->n_unknown = io.n_unknown;
	if (!e->code)
		pick(v, &learnt->m, &held.m, path, n, seed, e);
	csr_release(&held.m);
	if (e->code) {
		inter_release(learnt);
		valid_release(v);
	}
	return e->code;
}

void valid_release(struct valid *v)
{
	csr_release(&v->has);
	csr_release(&v->truth.gain);
	mem_free(v->run.start);
	mem_free(v->run.item);
	mem_free(v->value);
	*v = (struct valid){ 0 };
}

int valid_means(struct valid *v, double *ndcg, double *recall, struct par *pool, struct err *e)
{
	struct boot_interval mean[METRIC_PER_USER];

	if (metric_users(v->value, &v->run, &v->truth, v->k, pool, e) || boot_means(mean, v->value, v->n_users, METRIC_PER_USER, NULL, 0, 0, pool, e))
		return e->code;
	*ndcg = mean[METRIC_NDCG].value;
	*recall = mean[METRIC_RECALL].value;
	return 0;
}
