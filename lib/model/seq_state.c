#include "seq_state.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/mem.h"
#include "../base/tmp.h"
#include "../num/num.h"

/* An event in the scratch file: its keys and values, its time, its kind. */
static size_t width_of(const struct seq_states *t)	/* floats */
{
	return seq_state_rows(&t->s->dims) * t->s->dims.d;
}

static size_t event_bytes(const struct seq_states *t)
{
	return width_of(t) * sizeof(float) + sizeof(int64_t) + 1;
}

/* ---- opening ---- */

static int damaged(const struct seq_states *t, const char *what, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: damaged: %s", artifact_name(t->file), what);
}

static int check_meta(const struct seq_states *t, struct err *e)
{
	const char *name = artifact_name(t->file), *kind = artifact_meta(t->file, "kind"), *model = artifact_meta(t->file, "model");
	int64_t length;

	if (!kind || strcmp(kind, "seq.state"))
		return err_set(e, ERR_DATA, "%s: holds no states of listeners", name);
	if (!model || strcmp(model, t->model))
		return err_set(e, ERR_DATA, "%s: states of another model: begin a new file, from the listeners' last events", name);
	if (artifact_meta_i64(t->file, "length", &length, e))
		return e->code;
	return length == (int64_t)t->s->dims.n ? 0 : damaged(t, "another length than the model's", e);
}

static int get_users(struct seq_states *t, struct err *e)
{
	struct idtab ids;
	uint64_t n;
	const void *p;

	if (artifact_idtab(t->file, "user", &ids, e) || idtab_check(t->file, "user", &ids, e))
		return e->code;
	t->n_old = n = ids.n;
	if (!(t->start = mem_try(t->n_old + 1, sizeof *t->start, "states", e)) || artifact_tensor(t->file, "n", DTYPE_U32, 1, &n, &p, e))
		return e->code;
	t->start[0] = 0;
	for (size_t u = 0; u < t->n_old; u++) {
		uint32_t k = ((const uint32_t *)p)[u];
		if (!k || k > t->s->dims.n)
			return damaged(t, "a listener has more events than there may be, or none", e);
		t->start[u + 1] = t->start[u] + k;
	}
	if (artifact_tensor(t->file, "is_liked", DTYPE_U8, 1, &n, &p, e))
		return e->code;
	t->is_liked = p;
	for (size_t u = 0; u < t->n_old; u++) {
		struct str id = idtab_id(&ids, u);
		vocab_add(&t->user, id.p, id.len);
	}
	return 0;
}

static int get_rows(struct seq_states *t, struct err *e)
{
	uint64_t dim[2] = { t->start[t->n_old], width_of(t) }, n = dim[0];

	if (artifact_paged(t->file, "kv", DTYPE_F32, 2, dim, &t->kv, e) || artifact_paged(t->file, "time", DTYPE_U64, 1, &n, &t->time, e))
		return e->code;
	if (t->s->dims.n_kinds > 1 && artifact_paged(t->file, "kind", DTYPE_U8, 1, &n, &t->kind, e))
		return e->code;
	if (dim[0] != t->start[t->n_old] || n != dim[0] || dim[1] != width_of(t))	/* a size of 0 asks for any */
		return damaged(t, "rows of another width or number than there must be", e);
	return 0;
}

int seq_states_open(struct seq_states *t, const struct seq *s, const char *model, const char *path, struct err *e)
{
	*t = (struct seq_states){ .s = s, .model = mem_strdup(model), .scratch = -1 };
	if (path) {
		if ((t->file = artifact_load(path, KIND_MODEL, e)) && !check_meta(t, e) && !get_users(t, e))
			get_rows(t, e);
	}
	if (!e->code)
		t->scratch = tmp_open(e);
	if (!e->code && t->user.n) {
		t->cap_users = t->user.n;
		t->kept_of = mem_new(t->user.n, sizeof *t->kept_of);
		memset(t->kept_of, 0xff, t->user.n * sizeof *t->kept_of);
	}
	if (e->code)
		seq_states_release(t);
	return e->code;
}

void seq_states_release(struct seq_states *t)
{
	if (t->s && t->scratch >= 0)
		close(t->scratch);
	paged_release(&t->kv);
	paged_release(&t->time);
	paged_release(&t->kind);
	artifact_free(t->file);
	vocab_release(&t->user);
	mem_free(t->model);
	mem_free(t->start);
	mem_free(t->kept);
	mem_free(t->kept_of);
	*t = (struct seq_states){ 0 };
}

/* ---- a listener ---- */

uint32_t seq_states_user(struct seq_states *t, struct str id)
{
	size_t before = t->user.n;
	uint32_t u = vocab_add(&t->user, id.p, id.len);

	if (u == before) {
		arr_reserve(t->kept_of, t->user.n, t->cap_users);
		t->kept_of[u] = VOCAB_NONE;
	}
	if (t->kept_of[u] == VOCAB_NONE) {
		arr_reserve(t->kept, t->n_kept + 1, t->cap_kept);
		t->kept[t->n_kept] = (struct seq_kept){ .slot = t->n_kept, .newest = TIME_NONE };
		t->kept_of[u] = (uint32_t)t->n_kept++;
	}
	return u;
}

/* from_row, to_row - between event j of a state and its bytes in the scratch file. */
static void from_row(const struct seq_states *t, struct seq_state *st, size_t j, const unsigned char *row)
{
	size_t d = t->s->dims.d;

	for (size_t i = 0; i < seq_state_rows(&t->s->dims); i++)
		memcpy(st->kv + (i * st->cap + j) * d, row + i * d * sizeof(float), d * sizeof(float));
	memcpy(&st->time[j], row + width_of(t) * sizeof(float), sizeof *st->time);
	st->kind[j] = row[width_of(t) * sizeof(float) + sizeof *st->time];
}

static void to_row(const struct seq_states *t, const struct seq_state *st, size_t j, unsigned char *row)
{
	size_t d = t->s->dims.d;

	for (size_t i = 0; i < seq_state_rows(&t->s->dims); i++)
		memcpy(row + i * d * sizeof(float), st->kv + (i * st->cap + j) * d, d * sizeof(float));
	memcpy(row + width_of(t) * sizeof(float), &st->time[j], sizeof *st->time);
	row[width_of(t) * sizeof(float) + sizeof *st->time] = t->s->dims.n_kinds > 1 ? st->kind[j] : 0;
}

/* move - n bytes at `at` of the scratch file, all of them. */
static int move(const struct seq_states *t, bool is_write, void *p, size_t n, uint64_t at, struct err *e)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = is_write ? pwrite(t->scratch, (char *)p + done, n - done, (off_t)(at + done)) : pread(t->scratch, (char *)p + done, n - done, (off_t)(at + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return err_sys(e, k ? errno : EIO, "a scratch file in %s", tmp_dir());
		done += (size_t)k;
	}
	return 0;
}

/* place_of - of event j of those kept. */
static uint64_t place_of(const struct seq_states *t, const struct seq_kept *k, size_t j)
{
	size_t n = t->s->dims.n;

	return (k->slot * n + (k->first + j) % n) * event_bytes(t);
}

static int load_old(const struct seq_states *t, uint32_t u, struct seq_state *st, struct err *e)
{
	size_t w = width_of(t), d = t->s->dims.d;
	uint64_t from = t->start[u], n = t->start[u + 1] - from;
	bool has_kinds = t->s->dims.n_kinds > 1;
	const float *row = (const float *)(const void *)t->kv.p + from * w;
	const int64_t *time = (const int64_t *)(const void *)t->time.p + from;

	if (!paged_need(&t->kv, from * w * sizeof(float), n * w * sizeof(float)))
		return paged_error(t->file, &t->kv, e);
	if (!paged_need(&t->time, from * 8, n * 8))
		return paged_error(t->file, &t->time, e);
	if (!num_is_finite(row, n * w))
		return damaged(t, "a key or value is no number", e);
	if (has_kinds && !paged_need(&t->kind, from, n))
		return paged_error(t->file, &t->kind, e);
	for (size_t j = 0; j < n; j++) {
		for (size_t i = 0; i < seq_state_rows(&t->s->dims); i++)
			memcpy(st->kv + (i * st->cap + j) * d, row + j * w + i * d, d * sizeof *row);
		st->time[j] = time[j];
		st->kind[j] = has_kinds ? t->kind.p[from + j] : 0;
		if (st->kind[j] >= t->s->dims.n_kinds)
			return damaged(t, "an event is of a kind that has no name", e);
	}
	st->n = n;
	return 0;
}

int seq_states_load(const struct seq_states *t, uint32_t u, struct seq_reader *r, bool *is_liked, struct err *e)
{
	const struct seq_kept *k = t->kept_of[u] == VOCAB_NONE ? NULL : &t->kept[t->kept_of[u]];
	size_t bytes = event_bytes(t);

	r->state.n = 0;
	*is_liked = k && k->is_stored ? k->is_liked : u < t->n_old && t->is_liked[u];
	if (!k || !k->is_stored)
		return u < t->n_old ? load_old(t, u, &r->state, e) : 0;
	unsigned char *row = mem_try(k->n, bytes, "a listener's state", e);
	size_t n = t->s->dims.n, whole = k->first + k->n > n ? n - k->first : k->n;	/* up to the end of the ring */
	if (!row || move(t, false, row, whole * bytes, place_of(t, k, 0), e) || move(t, false, row + whole * bytes, (k->n - whole) * bytes, place_of(t, k, whole), e)) {
		mem_free(row);
		return e->code;
	}
	for (size_t j = 0; j < k->n; j++)
		from_row(t, &r->state, j, row + j * bytes);
	r->state.n = k->n;
	mem_free(row);
	return 0;
}

/* newest - of n times and one more. */
static int64_t newest(const int64_t *time, size_t n, int64_t most)
{
	for (size_t j = 0; j < n; j++)
		most = time[j] > most ? time[j] : most;
	return most;
}

int seq_states_store(struct seq_states *t, uint32_t u, const struct seq_reader *r, size_t n_new, bool is_liked, struct err *e)
{
	struct seq_kept *k = &t->kept[t->kept_of[u]];
	const struct seq_state *st = &r->state;
	size_t n = t->s->dims.n, bytes = event_bytes(t), n_there = min_size(n_new, st->n);

	k->newest = newest(st->time + st->n - n_there, n_there, k->newest);
	if (!k->is_stored || n_new >= st->n) {
		k->first = 0;
		n_new = st->n;
	} else {
		k->first = (k->first + k->n + n_new - st->n) % n;
	}
	k->n = st->n;
	k->is_stored = true;
	k->is_liked = is_liked;
	unsigned char *row = mem_try(n_new, bytes, "a listener's state", e);
	if (!row)
		return ERR_MEM;
	size_t from = st->n - n_new, at = (k->first + from) % n, whole = at + n_new > n ? n - at : n_new;
	for (size_t j = 0; j < n_new; j++)
		to_row(t, st, from + j, row + j * bytes);
	if (!move(t, true, row, whole * bytes, place_of(t, k, from), e))
		move(t, true, row + whole * bytes, (n_new - whole) * bytes, place_of(t, k, from + whole), e);
	mem_free(row);
	return e->code;
}

/* ---- saving ---- */

/* Rows in the order of the listeners' numbers, asked for from the first to the last, more than once. */
struct walk {
	const struct seq_states *t;
	const struct paged *old;
	size_t at;			/* in an event of the scratch file */
	size_t bytes;			/* of a row */
	uint64_t *start;		/* [users + 1] rows in the new file */
	size_t user;			/* the one that the row before was of */
	unsigned char *event;		/* [event_bytes] */
};

/* row_of - to p, the bytes of row k from byte `from` on. */
static int row_of(struct walk *w, uint64_t k, size_t from, void *p, size_t n, struct err *e)
{
	const struct seq_states *t = w->t;

	if (k < w->start[w->user])
		w->user = 0;
	while (k >= w->start[w->user + 1])
		w->user++;
	uint64_t j = k - w->start[w->user];
	const struct seq_kept *kept = t->kept_of[w->user] == VOCAB_NONE ? NULL : &t->kept[t->kept_of[w->user]];
	if (kept && kept->is_stored) {
		if (move(t, false, w->event, event_bytes(t), place_of(t, kept, j), e))
			return e->code;
		memcpy(p, w->event + w->at + from, n);
		return 0;
	}
	uint64_t at = (t->start[w->user] + j) * w->bytes + from;
	if (!paged_need(w->old, at, n))
		return paged_error(t->file, w->old, e);
	memcpy(p, w->old->p + at, n);
	return 0;
}

static int fill_rows(void *ctx, uint64_t at, void *p, size_t n, struct err *e)
{
	struct walk *w = ctx;

	for (size_t done = 0, k; done < n; done += k) {
		size_t from = (at + done) % w->bytes;
		k = w->bytes - from < n - done ? w->bytes - from : n - done;
		if (row_of(w, (at + done) / w->bytes, from, (unsigned char *)p + done, k, e))
			return e->code;
	}
	return 0;
}

/* put_rows - n events of all listeners. */
static int put_rows(const struct seq_states *t, struct artifactw *a, uint64_t *start, struct err *e)
{
	uint64_t dim[2] = { start[t->user.n], width_of(t) };
	size_t wide = width_of(t) * sizeof(float);
	struct walk kv = { t, &t->kv, 0, wide, start, 0, mem_new(1, event_bytes(t)) };
	struct walk time = { t, &t->time, wide, sizeof(int64_t), start, 0, kv.event }, kind = { t, &t->kind, wide + sizeof(int64_t), 1, start, 0, kv.event };
	int ret = artifactw_paged(a, "kv", DTYPE_F32, 2, dim, &(struct block_fill){ fill_rows, &kv }, e) ||
		  artifactw_paged(a, "time", DTYPE_U64, 1, dim, &(struct block_fill){ fill_rows, &time }, e) ||
		  (t->s->dims.n_kinds > 1 && artifactw_paged(a, "kind", DTYPE_U8, 1, dim, &(struct block_fill){ fill_rows, &kind }, e));

	mem_free(kv.event);
	return ret;
}

int seq_states_save(const struct seq_states *t, struct sink *s, const struct prov *prov, struct err *e)
{
	uint64_t users = t->user.n, *start = mem_try(users + 1, sizeof *start, "states", e);
	uint32_t *n = mem_try(users, sizeof *n, "states", e);
	uint8_t *is_liked = mem_try(users, 1, "states", e);
	struct artifactw *a = e->code ? NULL : artifactw_new(s, KIND_MODEL, "seq.state", e);

	if (start)
		start[0] = 0;
	for (size_t u = 0; a && u < users; u++) {
		const struct seq_kept *k = t->kept_of[u] == VOCAB_NONE ? NULL : &t->kept[t->kept_of[u]];
		bool is_stored = k && k->is_stored;
		assert(is_stored || u < t->n_old);
		n[u] = is_stored ? (uint32_t)k->n : (uint32_t)(t->start[u + 1] - t->start[u]);
		is_liked[u] = is_stored ? k->is_liked : t->is_liked[u];
		start[u + 1] = start[u] + n[u];
	}
	if (a) {
		artifactw_meta(a, "model", "%s", t->model);
		artifactw_meta(a, "length", "%zu", t->s->dims.n);
	}
	int ret = !a || artifactw_tensor(a, "n", DTYPE_U32, 1, &users, n, e) ||
		  artifactw_tensor(a, "is_liked", DTYPE_U8, 1, &users, is_liked, e) || put_rows(t, a, start, e) || artifactw_vocab(a, "user", &t->user, e) || artifactw_finish(a, prov, e);

	artifactw_free(a);
	mem_free(start);
	mem_free(n);
	mem_free(is_liked);
	return ret ? (e->code ? (int)e->code : ERR_SYS) : 0;
}

size_t seq_states_late(const struct seq_states *t)
{
	const int64_t *time = (const int64_t *)(const void *)t->time.p;
	size_t n = 0;

	for (size_t u = 0; u < t->n_old; u++) {
		const struct seq_kept *k = t->kept_of[u] == VOCAB_NONE ? NULL : &t->kept[t->kept_of[u]];
		if (k && k->newest != TIME_NONE)	/* it was loaded before: its times are good */
			n += k->newest <= newest(time + t->start[u], t->start[u + 1] - t->start[u], TIME_NONE);
	}
	return n;
}
