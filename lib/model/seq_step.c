/*
 * seq_step - candidates, then each task its windows forward, the loss, and back; then the tasks' sums, items' rows, and Adam.
 */
#include "seq_step.h"

#include <string.h>

#include "model.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"
#include "../num/act.h"
#include "../num/adam.h"
#include "../num/fmath.h"
#include "../num/num.h"

enum {
	TASK_TOKENS = 256,		/* events of a task at least, where there are enough */
	CHUNK_TOKENS = 512,		/* events that go through the net together, or one window */
	NEGATIVES = 1024,
};

/* ---- what does not change ---- */

static int make_worker(struct seq_learn *m, struct seq_worker *k, struct err *e)
{
	struct seq_step *s = m->step;
	size_t T = s->chunk_tokens, d = m->o.dims.d, width = 0;

	for (size_t i = 0; i < m->o.dims.n_kinds; i++)
		width = max_size(width, s->is_full ? s->kind_start[i + 1] - s->kind_start[i] : m->o.negatives);
	if (seq_room_init(&k->room, &m->o.dims, T, e))
		return e->code;
	k->start = mem_new(CHUNK_TOKENS + 1, sizeof *k->start);
	k->item = mem_try(T, sizeof *k->item, "events", e);
	k->act = mem_try(6 * T, 1, "events", e);
	k->time = mem_try(T, sizeof *k->time, "events", e);
	k->target = mem_try(2 * T, sizeof *k->target, "events", e);
	k->weight = mem_try(T, sizeof *k->weight, "events", e);
	k->h = mem_try(4 * T + 2, d * sizeof *k->h, "events", e);
	k->inv = mem_try(2 * T + SEQ_TILE, sizeof *k->inv, "events", e);
	k->own_inv = mem_try(T, sizeof *k->own_inv, "events", e);
	k->score = mem_try(width, SEQ_TILE * sizeof *k->score, "scores", e);
	if (e->code)
		return e->code;
	k->kind = k->act + T;
	k->gap = k->kind + T;
	k->hour = k->gap + T;
	k->device = k->hour + T;
	k->asked = k->device + T;
	k->row = k->target + T;
	k->z = k->h + T * d;
	k->own = k->z + T * d;
	k->gz = k->own + T * d;
	return 0;
}

static void free_worker(struct seq_worker *k)
{
	seq_room_release(&k->room);
	mem_free(k->start);
	mem_free(k->item);
	mem_free(k->act);
	mem_free(k->time);
	mem_free(k->target);
	mem_free(k->weight);
	mem_free(k->h);
	mem_free(k->inv);
	mem_free(k->own_inv);
	mem_free(k->score);
}

static int sort_kinds(struct seq_learn *m, struct err *e)
{
	struct seq_step *s = m->step;
	size_t at = 0;

	s->of_kind = mem_try(m->n_items, sizeof *s->of_kind, "items by kind", e);
	s->place = mem_try(m->n_items, sizeof *s->place, "items by kind", e);
	if (!s->of_kind || !s->place)
		return ERR_MEM;
	for (size_t k = 0; k < m->o.dims.n_kinds; k++) {
		s->kind_start[k] = at;
		for (uint32_t i = 0; i < m->n_items; i++)
			if (seq_kind_of(m, i) == k) {
				s->place[i] = (uint32_t)at;
				s->of_kind[at++] = i;
			}
	}
	s->kind_start[m->o.dims.n_kinds] = at;
	return 0;
}

static int prepare_candidates(struct seq_learn *m, struct err *e)
{
	struct seq_step *s = m->step;
	size_t kinds = m->o.dims.n_kinds;

	s->n_cand = s->is_full ? m->n_items : m->o.negatives * kinds;
	s->y = mem_try(s->n_cand, m->o.dims.d * sizeof *s->y, "vectors of candidates", e);
	s->y_inv = mem_try(s->n_cand, sizeof *s->y_inv, "vectors of candidates", e);
	if (!s->y || !s->y_inv)
		return ERR_MEM;
	if (s->is_full) {
		s->cand = s->of_kind;
		memcpy(s->cand_start, s->kind_start, sizeof s->cand_start);
		return 0;
	}
	s->cand = mem_try(s->n_cand, sizeof *s->cand, "candidates", e);
	s->logw = mem_try(s->n_cand, sizeof *s->logw, "candidates", e);
	for (size_t k = 0; k < kinds; k++) {
		size_t n = s->kind_start[k + 1] - s->kind_start[k];
		double sum = 0;
		if (!(s->upto[k] = mem_try(n, sizeof *s->upto[k], "how often items are drawn", e)))
			return ERR_MEM;
		for (size_t j = 0; j < n; j++)
			s->upto[k][j] = sum += fm_pow(m->count[s->of_kind[s->kind_start[k] + j]] + 1, m->o.neg_power);
	}
	return s->cand && s->logw ? 0 : ERR_MEM;
}

int seq_step_need(struct seq_learn *m, struct par *pool, struct err *e)
{
	struct seq_step *s = m->step;
	size_t tokens = min_size(m->o.batch * m->o.dims.n, m->data->n), n_drawn;

	s->is_full = !m->o.negatives && m->n_items <= SEQ_FULL_MAX;
	if (!s->is_full && !m->o.negatives)
		m->o.negatives = NEGATIVES;
	n_drawn = m->o.negatives * m->o.dims.n_kinds;
	if (2 * tokens + n_drawn > UINT32_MAX)
		return err_set(e, ERR_USAGE, "a step of up to %zu events and %zu items drawn is more than there are numbers for (--batch, --negatives)", tokens, n_drawn);
	s->chunk_tokens = max_size(CHUNK_TOKENS, m->o.dims.n);
	s->from = mem_try(s->n_windows, sizeof *s->from, "windows", e);
	s->len = mem_try(s->n_windows, sizeof *s->len, "windows", e);
	s->order = mem_try(s->n_windows, sizeof *s->order, "windows", e);
	s->gw = mem_try(m->at.n_params, sizeof *s->gw, "the gradient", e);
	if (e->code || sort_kinds(m, e) || prepare_candidates(m, e))
		return e->code;
	s->n_workers = par_threads(pool);
	s->worker = mem_new((size_t)s->n_workers, sizeof *s->worker);
	for (int i = 0; i < s->n_workers; i++)
		if (make_worker(m, &s->worker[i], e))
			return e->code;
	return 0;
}

void seq_step_free(struct seq_step *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n_workers; i++)
		free_worker(&s->worker[i]);
	for (size_t t = 0; t < SEQ_TASKS_MAX; t++) {
		mem_free(s->task[t].gw);
		mem_free(s->task[t].gy);
	}
	for (size_t k = 0; k < SEQ_KINDS_MAX; k++)
		mem_free(s->upto[k]);
	if (s->cand != s->of_kind)
		mem_free(s->cand);
	void *all[] = { s->from, s->len, s->order, s->place, s->y, s->y_inv, s->logw, s->of_kind, s->gx, s->gt, s->key, s->key2, s->row, s->g, s->square, s->gw, s->worker, s->b_weight, s };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		mem_free(all[i]);
}

/* ---- candidates ---- */

/* draw_of - an item of a kind by its running sums. */
static uint32_t draw_of(const struct seq_step *s, size_t k, double at)
{
	size_t low = 0, high = s->kind_start[k + 1] - s->kind_start[k] - 1;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (s->upto[k][mid] > at)
			high = mid;
		else
			low = mid + 1;
	}
	return (uint32_t)(s->kind_start[k] + low);
}

/* draw - the candidates of a step: those drawn more than once count so often. */
static void draw(struct seq_learn *m)
{
	struct seq_step *s = m->step;
	struct pcg32 g;

	pcg32_seed(&g, m->o.seed, act_key(SEQ_STREAM_DRAW, s->number, 0));
	s->n_cand = 0;
	for (size_t k = 0; k < m->o.dims.n_kinds; k++) {
		size_t n_k = s->kind_start[k + 1] - s->kind_start[k], n = n_k ? m->o.negatives : 0;
		s->cand_start[k] = s->n_cand;
		double all = n_k ? s->upto[k][n_k - 1] : 0;
		for (size_t j = 0; j < n; j++)
			s->key[j] = draw_of(s, k, pcg32_f64(&g) * all);
		sort_u64_in(s->key, NULL, s->key2, NULL, n);
		for (size_t j = 0, same; j < n; j += same) {
			size_t at = s->key[j] - s->kind_start[k];
			for (same = 1; j + same < n && s->key[j + same] == s->key[j]; same++)
				;
			double q = (s->upto[k][at] - (at ? s->upto[k][at - 1] : 0)) / all;
			s->cand[s->n_cand] = s->of_kind[s->key[j]];
			s->logw[s->n_cand++] = (float)fm_log((double)same / ((double)n * q));
		}
	}
	s->cand_start[m->o.dims.n_kinds] = s->n_cand;
}

static void gather_chunk(void *ctx, size_t chunk, int worker)
{
	struct seq_learn *m = ctx;
	struct seq_step *s = m->step;
	size_t d = m->o.dims.d, end = min_size((chunk + 1) * SEQ_ROW_CHUNK, s->n_cand);

	(void)worker;
	for (size_t c = chunk * SEQ_ROW_CHUNK; c < end; c++)
		memcpy(s->y + c * d, m->own + s->cand[c] * d, d * sizeof *s->y);
	if (m->o.is_cosine)
		act_unit(s->y + chunk * SEQ_ROW_CHUNK * d, s->y_inv + chunk * SEQ_ROW_CHUNK, s->y + chunk * SEQ_ROW_CHUNK * d, end - chunk * SEQ_ROW_CHUNK, d);
}

/* ---- a chunk of windows: what it reads ---- */

void seq_read_event(const struct seq_learn *m, struct seq_worker *k, size_t at, size_t j, bool is_first)
{
	const struct seqs *s = m->data;

	k->item[at] = s->what[j];
	k->act[at] = s->act[j] & SEQS_ACT;
	k->kind[at] = (uint8_t)seq_kind_of(m, s->what[j]);
	k->time[at] = s->time[j];
	k->gap[at] = is_first ? 0 : seq_gap(s->time[j - 1], s->time[j]);
	k->hour[at] = seq_hour(s->time[j]);
	k->device[at] = s->device_of ? s->device_of[j] : 0;
}

static size_t read_window(struct seq_learn *m, struct seq_worker *k, size_t at, size_t from, size_t len, double weight)
{
	const struct seqs *s = m->data;

	for (size_t i = 0; i < len; i++, at++) {
		size_t j = from + i;
		seq_read_event(m, k, at, j, !i);
		k->target[at] = seq_is_target(s, j + 1) ? s->what[j + 1] : VOCAB_NONE;
		k->asked[at] = k->target[at] == VOCAB_NONE ? 0 : (uint8_t)seq_kind_of(m, k->target[at]);
		k->weight[at] = (float)(weight / m->step->weight * (k->target[at] == VOCAB_NONE ? 0 : m->kind_weight[k->asked[at]]));
	}
	return at;
}

/* ---- a task ---- */

static void run_task(void *ctx, size_t i, int worker)
{
	struct seq_learn *m = ctx;
	struct seq_step *s = m->step;
	struct seq_task *t = &s->task[i];
	struct seq_worker *k = &s->worker[worker];
	struct seq_items it = { .d = m->o.dims.d, .vec = m->own };
	size_t d = m->o.dims.d, token = t->token;

	t->loss = 0;
	memset(t->gw, 0, m->at.n_params * sizeof *t->gw);
	memset(t->gy, 0, s->n_cand * d * sizeof *t->gy);
	for (size_t w = t->first, end = t->first + t->n; w < end;) {
		struct seq_drop drop = { m->o.dropout, act_key(SEQ_STREAM_DROP, s->number ^ m->o.seed << 40, w) };
		size_t n_seq = 0, n = 0;
		for (; w < end && n_seq < CHUNK_TOKENS && (!n || n + s->b_len[w] <= s->chunk_tokens); w++) {
			k->start[n_seq++] = n;
			n = read_window(m, k, n, s->b_from[w], s->b_len[w], s->b_weight[w]);
		}
		k->start[n_seq] = n;
		struct seq_events ev = seq_events_of(k);
		struct seq_chunk c = { m, k, t, n, token };
		seq_forward(&k->room, &m->at, m->w, &it, &ev, k->start, n_seq, drop);
		t->loss += seq_loss(&c);
		seq_back(&k->room, &m->at, m->w, t->gw, &ev, k->start, n_seq, drop);
		memcpy(s->gx + token * d, k->room.gx, n * d * sizeof *s->gx);
		for (size_t j = 0; j < n; j++) {
			s->key[token + j] = (uint64_t)k->item[j] << 32 | (token + j);
			s->key[s->n_tokens + token + j] = (s->is_full || k->target[j] == VOCAB_NONE ? UINT64_MAX << 32 : (uint64_t)k->target[j] << 32) | (s->n_tokens + token + j);
		}
		token += n;
	}
}

/* ---- items' rows ---- */

/* find_rows - the items that a step touches, and for each where its sources stand among the sorted keys. */
static void find_rows(struct seq_learn *m)
{
	struct seq_step *s = m->step;
	size_t n = s->is_full ? s->n_tokens : 2 * s->n_tokens;
	uint32_t next = 0;

	if (!s->is_full)
		for (size_t c = 0; c < s->n_cand; c++)
			s->key[n++] = (uint64_t)s->cand[c] << 32 | (2 * s->n_tokens + c);
	sort_u64_in(s->key, NULL, s->key2, NULL, n);
	s->n_rows = 0;
	for (size_t j = 0, to; j < n; j = to) {
		uint32_t item = (uint32_t)(s->key[j] >> 32);
		for (to = j + 1; to < n && s->key[to] >> 32 == item; to++)
			;
		if (item == VOCAB_NONE)
			break;
		for (; s->is_full && next < item; next++)
			s->row[s->n_rows++] = (struct seq_touched){ next, j, j };
		s->row[s->n_rows++] = (struct seq_touched){ item, j, to };
		next = item + 1;
	}
	for (; s->is_full && next < m->n_items; next++)
		s->row[s->n_rows++] = (struct seq_touched){ next, 0, 0 };
}

/* add_candidate - what the tasks found of candidate c, in their order. */
static void add_candidate(const struct seq_learn *m, float *gu, size_t c)
{
	const struct seq_step *s = m->step;
	size_t d = m->o.dims.d;

	for (size_t t = 0; t < s->n_tasks; t++)
		num_axpy(gu, 1, s->task[t].gy + c * d, d);
}

static void sum_rows(void *ctx, size_t chunk, int worker)
{
	struct seq_learn *m = ctx;
	struct seq_step *s = m->step;
	size_t d = m->o.dims.d, end = min_size((chunk + 1) * SEQ_ROW_CHUNK, s->n_rows);
	float *gu = s->worker[worker].gz, *unit = gu + d, inv, root = __builtin_sqrtf((float)d);	/* gz has rows for both: CHUNK_TOKENS of them */

	s->square[chunk] = 0;
	for (size_t r = chunk * SEQ_ROW_CHUNK; r < end; r++) {
		const struct seq_touched *row = &s->row[r];
		float *g = s->g + r * d;
		memset(g, 0, d * sizeof *g);
		memset(gu, 0, d * sizeof *gu);
		for (size_t j = row->from; j < row->to; j++) {
			size_t source = (uint32_t)s->key[j];
			if (source < s->n_tokens)
				num_axpy(g, root, s->gx + source * d, d);
			else if (source < 2 * s->n_tokens)
				num_axpy(gu, 1, s->gt + (source - s->n_tokens) * d, d);
			else
				add_candidate(m, gu, source - 2 * s->n_tokens);
		}
		if (s->is_full)
			add_candidate(m, gu, s->place[row->item]);
		act_unit(unit, &inv, m->own + row->item * d, 1, d);
		act_unit_back(g, g, unit, &inv, 1, d);
		if (m->o.is_cosine)
			act_unit_back(gu, gu, unit, &inv, 1, d);
		num_axpy(g, 1, gu, d);
		s->square[chunk] += (double)num_dot(g, g, d);
	}
}

/* ---- a step ---- */

/* cut_tasks - by the windows' lengths. */
static void cut_tasks(struct seq_step *s, size_t n)
{
	size_t tokens = 0, at = 0, window = 0;

	for (size_t i = 0; i < n; i++)
		tokens += s->b_len[i];
	s->n_tokens = tokens;
	s->n_tasks = min_size(min_size(SEQ_TASKS_MAX, n), max_size(tokens / TASK_TOKENS, 2));
	for (size_t t = 0; t < s->n_tasks; t++) {
		struct seq_task *k = &s->task[t];
		k->first = window;
		k->token = at;
		while (window < n && (t + 1 == s->n_tasks || at * s->n_tasks < (t + 1) * tokens) && n - window > s->n_tasks - 1 - t)
			at += s->b_len[window++];
		k->n = window - k->first;
	}
}

static int need_step(struct seq_learn *m, struct err *e)
{
	struct seq_step *s = m->step;
	size_t d = m->o.dims.d, keys = 2 * s->n_tokens + s->n_cand;

	if (s->n_tokens > s->cap_tokens) {
		mem_free(s->gx);
		mem_free(s->gt);
		s->gt = NULL;
		s->cap_tokens = s->n_tokens + s->n_tokens / 4;
		if (!(s->gx = mem_try(s->cap_tokens, d * sizeof *s->gx, "gradients of a step", e)) ||
		    (!s->is_full && !(s->gt = mem_try(s->cap_tokens, d * sizeof *s->gt, "gradients of a step", e))))
			return ERR_MEM;
	}
	if (keys > s->cap_keys) {
		mem_free(s->key);
		mem_free(s->key2);
		s->cap_keys = keys + keys / 4;
		s->key = mem_try(s->cap_keys, sizeof *s->key, "the items of a step", e);
		s->key2 = mem_try(s->cap_keys, sizeof *s->key2, "the items of a step", e);
		if (!s->key || !s->key2)
			return ERR_MEM;
	}
	size_t rows = s->is_full ? m->n_items : min_size(keys, m->n_items);
	if (rows > s->cap_rows) {
		mem_free(s->row);
		mem_free(s->g);
		mem_free(s->square);
		s->cap_rows = rows;
		s->row = mem_try(rows, sizeof *s->row, "the items of a step", e);
		s->g = mem_try(rows, d * sizeof *s->g, "the items of a step", e);
		s->square = mem_try(rows / SEQ_ROW_CHUNK + 1, sizeof *s->square, "the items of a step", e);
		if (!s->row || !s->g || !s->square)
			return ERR_MEM;
	}
	for (size_t t = 0; t < s->n_tasks; t++) {
		struct seq_task *k = &s->task[t];
		if (!k->gw && !(k->gw = mem_try(m->at.n_params, sizeof *k->gw, "a task's gradient", e)))
			return ERR_MEM;
		if (!k->gy && !(k->gy = mem_try(s->is_full ? m->n_items : m->o.negatives * m->o.dims.n_kinds, d * sizeof *k->gy, "a task's gradient", e)))
			return ERR_MEM;
	}
	return 0;
}

struct sum_w { struct seq_learn *m; double square[64]; };

static void sum_w(void *ctx, size_t chunk, int worker)
{
	struct sum_w *a = ctx;
	struct seq_learn *m = a->m;
	struct seq_step *s = m->step;
	size_t n = m->at.n_params, from = n * chunk / 64, to = n * (chunk + 1) / 64;

	(void)worker;
	memcpy(s->gw + from, s->task[0].gw + from, (to - from) * sizeof *s->gw);
	for (size_t t = 1; t < s->n_tasks; t++)
		num_axpy(s->gw + from, 1, s->task[t].gw + from, to - from);
	a->square[chunk] = (double)num_dot(s->gw + from, s->gw + from, to - from);
}

/* user_of - whose event it is: the last user that starts at it or before. */
static size_t user_of(const struct seqs *s, size_t event)
{
	size_t low = 0, high = s->n_users - 1;

	while (low < high) {
		size_t mid = (low + high + 1) / 2;
		if (s->start[mid] <= event)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* weigh_windows - a user's events weigh n^user_power together. */
static void weigh_windows(struct seq_learn *m, size_t n)
{
	struct seq_step *s = m->step;

	arr_reserve(s->b_weight, n, s->cap_windows);
	s->n_targets = 0;
	s->weight = 0;
	for (size_t i = 0; i < n; i++) {
		size_t targets = 0, u = user_of(m->data, s->b_from[i]);
		double weight = 0;
		for (size_t j = s->b_from[i] + 1; j <= s->b_from[i] + s->b_len[i]; j++)
			if (seq_is_target(m->data, j)) {
				targets++;
				weight += m->kind_weight[seq_kind_of(m, m->data->what[j])];
			}
		s->b_weight[i] = fm_pow((double)(m->end[u] - m->data->start[u]), m->o.user_power - 1);
		s->n_targets += targets;
		s->weight += s->b_weight[i] * weight;
	}
}

int seq_step_gradient(struct seq_learn *m, double *loss, double *square, const size_t *from, const uint32_t *len, size_t n, uint64_t number, struct par *pool, struct err *e)
{
	struct seq_step *s = m->step;
	struct sum_w sw = { .m = m };

	s->number = number;
	s->b_from = from;
	s->b_len = len;
	weigh_windows(m, n);
	*loss = *square = 0;
	if (!s->n_targets)
		return 0;
	cut_tasks(s, n);
	if (!s->is_full)
		s->n_cand = m->o.negatives * m->o.dims.n_kinds;
	if (need_step(m, e))
		return e->code;
	if (!s->is_full)
		draw(m);
	par_for(pool, (s->n_cand + SEQ_ROW_CHUNK - 1) / SEQ_ROW_CHUNK, gather_chunk, m);
	par_for(pool, s->n_tasks, run_task, m);
	find_rows(m);
	size_t chunks = (s->n_rows + SEQ_ROW_CHUNK - 1) / SEQ_ROW_CHUNK;
	par_for(pool, chunks, sum_rows, m);
	par_for(pool, 64, sum_w, &sw);
	for (size_t t = 0; t < s->n_tasks; t++)
		*loss += s->task[t].loss;
	for (size_t c = 0; c < chunks; c++)
		*square += s->square[c];
	for (size_t c = 0; c < 64; c++)
		*square += sw.square[c];
	return 0;
}

int seq_gradient(struct seq_learn *m, double *loss, const size_t *from, const uint32_t *len, size_t n, uint64_t step, struct par *pool, struct err *e)
{
	double square;

	return seq_step_gradient(m, loss, &square, from, len, n, step, pool, e);
}

const float *seq_gradient_w(const struct seq_learn *m)
{
	return m->step->gw;
}

const float *seq_gradient_item(const struct seq_learn *m, uint32_t item)
{
	const struct seq_step *s = m->step;

	for (size_t r = 0; r < s->n_rows; r++)
		if (s->row[r].item == item)
			return s->g + r * m->o.dims.d;
	return NULL;
}

/* ---- down it ---- */

struct adam_rows { struct seq_learn *m; float rate, scale; };

static void adam_rows(void *ctx, size_t chunk, int worker)
{
	struct adam_rows *a = ctx;
	struct seq_step *s = a->m->step;
	size_t d = a->m->o.dims.d, end = min_size((chunk + 1) * SEQ_ROW_CHUNK, s->n_rows);

	(void)worker;
	for (size_t r = chunk * SEQ_ROW_CHUNK; r < end; r++) {
		size_t at = s->row[r].item * d;
		num_scale(s->g + r * d, a->scale, d);
		adam_span(a->m->own + at, a->m->own_m[0] + at, a->m->own_m[1] + at, s->g + r * d, d, a->rate);
	}
}

void seq_step_take(struct seq_learn *m, double rate, float scale, struct par *pool)
{
	struct seq_step *s = m->step;
	struct adam_rows a = { m, adam_rate(rate, m->n_steps + 1), scale };

	num_scale(s->gw, scale, m->at.n_params);
	adam_step(m->w, m->w_m[0], m->w_m[1], s->gw, m->at.n_params, rate, m->n_steps + 1, pool);
	par_for(pool, (s->n_rows + SEQ_ROW_CHUNK - 1) / SEQ_ROW_CHUNK, adam_rows, &a);
}
