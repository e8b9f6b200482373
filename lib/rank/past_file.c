#include "past_store.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#include "../base/mem.h"
#include "../io/sink.h"
#include "../num/num.h"

static const char *const word_key[] = { "device", "place", "mood", "intent" };

/* ---- writing ---- */

static int put_ids(const struct past *p, struct artifactw *w, struct err *e)
{
	int ret = artifactw_vocab(w, "user", &p->store->user, e);

	if (!ret)
		ret = artifactw_vocab(w, "item", &p->store->item, e);
	if (!ret)
		ret = artifactw_vocab(w, "kind", &p->kind_name, e);
	for (int k = 0; !ret && k < 4; k++)
		ret = artifactw_vocab(w, word_key[k], &p->words.word[CONTEXT_DEVICE + k], e);
	return ret;
}

static int put_bytes(struct artifactw *w, const char *name, const void *data, size_t n, size_t size, struct err *e)
{
	uint64_t dim[2] = { n, size };

	return artifactw_tensor(w, name, DTYPE_U8, 2, dim, data, e);
}

static int put_floats(struct artifactw *w, const char *name, const float *data, size_t n, size_t columns, struct err *e)
{
	uint64_t dim[2] = { n, columns };

	return artifactw_tensor(w, name, DTYPE_F32, 2, dim, data, e);
}

static int put_tallies(const struct past *p, struct artifactw *w, struct err *e)
{
	char name[32];

	for (int k = 0; k < PAST_THINGS; k++) {
		snprintf(name, sizeof name, "%s.tally", past_thing_name[k]);
		if (put_bytes(w, name, p->tally[k], p->n[k], sizeof **p->tally, e))
			return e->code;
		snprintf(name, sizeof name, "%s.in", past_thing_name[k]);
		uint64_t dim[2] = { p->n[k], p->n_codes };
		if (p->in[k] && artifactw_tensor(w, name, DTYPE_U32, 2, dim, p->in[k], e))
			return e->code;
	}
	return 0;
}

static int put_events(const struct past *p, struct artifactw *w, struct err *e)
{
	uint64_t n = p->n_users + 1, *start = mem_try(n, sizeof *start, "events", e);
	struct past_event *all = mem_try(p->n_events + 1, sizeof *all, "events", e);
	int ret = start && all ? 0 : (int)e->code;

	if (!ret) {
		start[0] = 0;
		for (size_t u = 0; u < p->n_users; u++) {
			if (p->user[u].n)
				memcpy(all + start[u], p->user[u].ev, p->user[u].n * sizeof *all);
			start[u + 1] = start[u] + p->user[u].n;
		}
		ret = artifactw_tensor(w, "user.start", DTYPE_U64, 1, &n, start, e);
		if (!ret)
			ret = put_bytes(w, "event", all, start[p->n_users], sizeof *all, e);
	}
	mem_free(start);
	mem_free(all);
	return ret;
}

int past_save(const struct past *p, struct sink *s, const struct prov *prov, struct err *e)
{
	struct artifactw *w = artifactw_new(s, KIND_MODEL, "past", e);
	uint64_t n_tags = p->n_tags;

	if (!w)
		return e->code;
	artifactw_meta(w, "n_users", "%zu", p->n_users);
	artifactw_meta(w, "n_items", "%zu", p->n[PAST_ITEM]);
	artifactw_meta(w, "n_events", "%llu", (unsigned long long)p->n_events);
	artifactw_meta(w, "d", "%zu", p->d);
	if (p->newest != TIME_NONE)
		artifactw_meta(w, "newest", "%lld", (long long)p->newest);
	int ret = put_ids(p, w, e);
	if (!ret)
		ret = put_bytes(w, "item.about", p->item, p->n[PAST_ITEM], sizeof *p->item, e);
	if (!ret)
		ret = artifactw_tensor(w, "item.tags", DTYPE_U32, 1, &n_tags, p->tags, e);
	if (!ret)
		ret = put_tallies(p, w, e);
	if (!ret && p->vec)
		ret = put_floats(w, "item.vec", p->vec, p->n[PAST_ITEM], p->d, e);
	if (!ret && p->vec)
		ret = put_floats(w, "in.shift", p->shift, p->n_codes, p->d, e);
	if (!ret && p->spread)
		ret = put_floats(w, "spread", p->spread, p->d, p->d, e);
	if (!ret)
		ret = put_events(p, w, e);
	if (!ret)
		ret = artifactw_finish(w, prov, e);
	artifactw_free(w);
	return ret;
}

/* ---- reading ---- */

static int damaged(const struct artifact *a, const char *what, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: damaged: %s", artifact_name(a), what);
}

/* get_bytes - the n there must be; 0: any, filled in. */
static const void *get_bytes(struct artifact *a, const char *name, size_t *n, size_t size, struct err *e)
{
	uint64_t dim[2] = { *n, size };
	const void *data;

	if (artifact_tensor(a, name, DTYPE_U8, 2, dim, &data, e))
		return NULL;
	*n = dim[0];
	return data;
}

/* get_rows - n of so many columns, floats or u32. */
static const void *get_rows(struct artifact *a, const char *name, enum dtype t, size_t n, size_t columns, struct err *e)
{
	uint64_t dim[2] = { n, columns };
	const void *data;

	if (artifact_tensor(a, name, t, 2, dim, &data, e))
		return NULL;
	if (dim[0] != n || dim[1] != columns) {
		err_set(e, ERR_DATA, "%s: damaged: %s has another shape than the ids say", artifact_name(a), name);
		return NULL;
	}
	return data;
}

static int get_words(struct artifact *a, const char *name, struct vocab *v, size_t max, struct err *e)
{
	struct idtab t;

	if (artifact_idtab(a, name, &t, e))
		return e->code;
	if (t.n > max)
		return damaged(a, "more words than there may be", e);
	for (size_t i = 0; i < t.n; i++) {
		struct str s = idtab_id(&t, i);
		if (vocab_add(v, s.p, s.len) != i)
			return damaged(a, "a word that stands there twice", e);
	}
	return 0;
}

static int get_ids(struct past *p, struct err *e)
{
	struct past_store *s = p->store;

	if (artifact_idtab(s->file, "user", &s->user_id, e) || artifact_idtab(s->file, "item", &s->item_id, e) || get_words(s->file, "kind", &p->kind_name, PAST_KINDS_MAX, e))
		return e->code;
	for (int k = 0; k < 4; k++)
		if (get_words(s->file, word_key[k], &p->words.word[CONTEXT_DEVICE + k], CONTEXT_WORDS, e))
			return e->code;
	return 0;
}

/* get_items - and how many creators, groups, tags there are follows from the tallies. */
static int get_items(struct past *p, struct err *e)
{
	struct artifact *a = p->store->file;
	uint64_t n_tags = 0;
	size_t n = p->n[PAST_ITEM];
	const void *tags;

	if (!(p->item = (struct past_item *)get_bytes(a, "item.about", &n, sizeof *p->item, e)) || artifact_tensor(a, "item.tags", DTYPE_U32, 1, &n_tags, &tags, e))
		return e->code;
	if (n != p->n[PAST_ITEM])
		return damaged(a, "items without ids", e);
	p->tags = (uint32_t *)tags;
	p->n_tags = n_tags;
	for (size_t i = 0; i < p->n[PAST_ITEM]; i++) {
		const struct past_item *it = &p->item[i];
		if ((it->creator != VOCAB_NONE && it->creator >= p->n[PAST_CREATOR]) || (it->group != VOCAB_NONE && it->group >= p->n[PAST_GROUP]) ||
		    (it->kind != VOCAB_NONE && it->kind >= p->n[PAST_KIND]) || it->tag > n_tags || it->n_tags > n_tags - it->tag || !(it->seconds >= 0 && it->seconds <= 1e9f))
			return damaged(a, "an item is of something that is not there", e);
		p->n_met += past_is_met(p, (uint32_t)i);
	}
	for (size_t i = 0; i < n_tags; i++)
		if (p->tags[i] >= p->n[PAST_TAG])
			return damaged(a, "a tag that is not there", e);
	return 0;
}

static int get_tallies(struct past *p, struct err *e)
{
	struct artifact *a = p->store->file;
	char name[32];

	for (int k = 0; k < PAST_THINGS; k++) {
		snprintf(name, sizeof name, "%s.tally", past_thing_name[k]);
		bool is_told = k == PAST_ITEM || k == PAST_KIND || k == PAST_ALL;
		size_t n = is_told ? p->n[k] : 0;
		if (!(p->tally[k] = (struct past_tally *)get_bytes(a, name, &n, sizeof **p->tally, e)))
			return e->code;
		if ((is_told && n != p->n[k]) || n > UINT32_MAX)
			return damaged(a, "tallies of more or fewer than there are", e);
		for (size_t i = 0; i < n; i++)
			if (!(p->tally[k][i].recent >= 0 && p->tally[k][i].recent <= FLT_MAX))
				return damaged(a, "plays that are no number", e);
		p->n[k] = n;
		snprintf(name, sizeof name, "%s.in", past_thing_name[k]);
		if (k != PAST_GROUP && !(p->in[k] = (uint32_t *)get_rows(a, name, DTYPE_U32, n, p->n_codes, e)))
			return e->code;
	}
	return 0;
}

static int get_events(struct past *p, struct err *e)
{
	struct artifact *a = p->store->file;
	uint64_t n = p->store->user_id.n + 1;
	const void *start;
	size_t n_events = 0;
	const struct past_event *ev;

	if (artifact_tensor(a, "user.start", DTYPE_U64, 1, &n, &start, e) || !(ev = get_bytes(a, "event", &n_events, sizeof *ev, e)))
		return e->code;
	const uint64_t *at = start;
	p->n_users = p->store->n_old_users = n - 1;
	p->user = mem_new(n, sizeof *p->user);
	p->store->cap_users = n;
	for (size_t u = 0; u < p->n_users; u++) {
		if (at[u] > at[u + 1] || at[u + 1] > n_events || at[u + 1] - at[u] > UINT32_MAX)
			return damaged(a, "events of nobody", e);
		p->user[u].ev = ev + at[u];
		p->user[u].n = p->user[u].n_all = (uint32_t)(at[u + 1] - at[u]);
	}
	for (size_t i = 0; i < n_events; i++) {
		if (ev[i].item >= p->n[PAST_ITEM])
			return damaged(a, "an event of no item", e);
		for (int k = 0; k < CONTEXT_KEYS; k++)
			if (ev[i].at[k] > p->any[k] - p->first[k])
				return damaged(a, "an event in a situation that is not there", e);
	}
	p->n_events = n_events;
	return 0;
}

static int get_vectors(struct past *p, struct err *e)
{
	struct artifact *a = p->store->file;
	int64_t d;

	if (artifact_meta_i64(a, "d", &d, e))
		return e->code;
	if (d < 0 || d > VECS_DIM_MAX)
		return damaged(a, "vectors of no length", e);
	if (!(p->d = (size_t)d))
		return 0;
	if (!(p->vec = (float *)get_rows(a, "item.vec", DTYPE_F32, p->n[PAST_ITEM], p->d, e)) || !(p->shift = (float *)get_rows(a, "in.shift", DTYPE_F32, p->n_codes, p->d, e)))
		return e->code;
	if (p->d <= PAST_SPREAD && !(p->spread = (float *)get_rows(a, "spread", DTYPE_F32, p->d, p->d, e)))
		return e->code;
	bool is_finite = num_is_finite(p->vec, p->n[PAST_ITEM] * p->d) && num_is_finite(p->shift, p->n_codes * p->d) && (!p->spread || num_is_finite(p->spread, p->d * p->d));
	return is_finite ? 0 : damaged(a, "vectors that are not finite", e);
}

struct past *past_open(const char *path, struct prov *prov, struct buf *inputs, struct err *e)
{
	struct past *p = past_new();
	struct past_store *s = p->store;
	int64_t newest;

	s->is_ready = true;
	if (!(s->file = artifact_load(path, KIND_MODEL, e)))
		goto bad;
	const char *kind = artifact_meta(s->file, "kind");
	if (!kind || strcmp(kind, "past")) {
		err_set(e, ERR_DATA, "%s: not a past, which taste-rank past makes", path);
		goto bad;
	}
	if (get_ids(p, e))
		goto bad;
	p->n[PAST_ITEM] = s->item_id.n;
	p->n[PAST_KIND] = p->kind_name.n;
	p->n[PAST_ALL] = 1;
	past_codes(p);
	if (get_tallies(p, e) || get_items(p, e) || get_events(p, e) || get_vectors(p, e))
		goto bad;
	if (artifact_meta(s->file, "newest")) {
		if (artifact_meta_i64(s->file, "newest", &newest, e))
			goto bad;
		p->newest = newest;
	}
	p->now = INT64_MAX;
	if (prov && artifact_prov(s->file, prov, inputs, e))
		goto bad;
	return p;
bad:
	past_free(p);
	return NULL;
}
