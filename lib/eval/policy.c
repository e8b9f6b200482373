#include <math.h>
#include <string.h>

#include "policy.h"
#include "../base/mem.h"

/* The sums of a user, a row of columns; behind them for each place the sums of w y, w and pi. */
enum { S_LISTS, S_LOGGED, S_IPS, S_WEIGHT, S_MASS, S_DM, S_DR, S_PLACES };

struct sums { double *v; size_t n_cols, n_places; };

/* What the target has of a user at a place: choice [low, high); the sums of pi and of pi y'. Kept for the last user who was asked about at each of so many places: rows of one come together. */
enum { KEPT = POLICY_PLACES };
struct shelf { size_t low, high; double mass, expected; uint32_t user, place; bool is_made; };

/* first_from - the first of a user's choices that does not come before this. */
static size_t first_from(const struct policy *t, uint32_t user, uint32_t place, uint32_t item)
{
	size_t low = t->start[user], high = t->start[user + 1];

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct policy_choice *c = &t->choice[mid];
		if (c->place < place || (c->place == place && c->item < item))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct shelf *shelf_of(struct shelf kept[KEPT], const struct policy *t, const struct csr *reward, uint32_t user, uint32_t place)
{
	struct shelf *s = &kept[place % KEPT];

	if (s->is_made && s->user == user && s->place == place)
		return s;
	*s = (struct shelf){ .low = first_from(t, user, place, 0), .user = user, .place = place, .is_made = true };
	for (s->high = s->low; s->high < t->start[user + 1] && t->choice[s->high].place == place; s->high++) {
		const struct policy_choice *c = &t->choice[s->high];
		size_t at = reward ? csr_find(reward, user, c->item) : SIZE_MAX;
		s->mass += c->p;
		s->expected += at == SIZE_MAX ? 0 : c->p * (double)reward->val[at];
	}
	return s;
}

/* chosen - pi of an item there. */
static double chosen(const struct shelf *s, const struct policy *t, uint32_t item)
{
	size_t at = first_from(t, s->user, s->place, item);

	return at < s->high && t->choice[at].item == item ? t->choice[at].p : 0;
}

struct rows_job {
	struct sums *s;
	struct policy_estimate *out;
	double sum, squares, unclipped;
	struct shelf shelf[KEPT];
};

/* add_row - above: the product of weights of the places above, 1 without POLICY_LIST. Returns the weight with this place's. */
static double add_row(struct rows_job *j, const struct feedback_row *r, const struct policy *t, const struct policy_opts *o, double above)
{
	uint32_t place = o->match == POLICY_ITEM ? 0 : r->place;
	const struct shelf *shelf = shelf_of(j->shelf, t, o->reward, r->user, place);
	double pi = chosen(shelf, t, r->item), product = above * pi / r->p;
	double w = o->clip > 0 && product > o->clip ? o->clip : product, before = o->clip > 0 && above > o->clip ? o->clip : above;
	double *v = j->s->v + r->user * j->s->n_cols, *at = v + S_PLACES + 3 * (place < j->s->n_places ? place : j->s->n_places - 1);
	size_t found = o->reward ? csr_find(o->reward, r->user, r->item) : SIZE_MAX;
	double predicted = found == SIZE_MAX ? 0 : (double)o->reward->val[found];

	v[S_LOGGED] += r->reward;
	v[S_IPS] += w * r->reward;
	v[S_WEIGHT] += product;
	v[S_MASS] += shelf->mass;
	v[S_DM] += shelf->expected;
	v[S_DR] += before * shelf->expected + w * (r->reward - predicted);
	at[0] += w * r->reward;
	at[1] += w;
	at[2] += shelf->mass;
	j->out->n_matched += w > 0;
	j->sum += w;
	j->squares += w * w;
	j->unclipped += product;
	return product;
}

static void add_rows(struct rows_job *j, const struct feedback *f, const struct policy *t, const struct policy_opts *o)
{
	uint32_t list = UINT32_MAX;
	double above = 1;

	for (size_t i = 0; i < f->n; i++) {
		const struct feedback_row *r = &f->row[i];
		if (r->list != list || o->match == POLICY_ITEM) {
			list = r->list;
			above = 1;
			j->s->v[r->user * j->s->n_cols + S_LISTS] += 1;
			j->out->n_lists++;
		}
		double w = add_row(j, r, t, o, above);
		if (o->match == POLICY_LIST)
			above = w;
	}
}

int policy_places(const struct feedback *f, const struct vocab *user, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	for (size_t i = 0, next = 0; i < f->n; i++) {
		const struct feedback_row *r = &f->row[i];
		next = i && r[-1].list == r->list ? next + 1 : 0;
		if (r->place != next)
			return err_set(e, ERR_DATA, "a list of user '%s' has place %zu but not place %zu: what stood above is not known",
				       err_clip(clip, user->str[r->user].p, user->str[r->user].len), (size_t)r->place + 1, next + 1);
	}
	return 0;
}

/* values - of a row of sums. */
static void values(double out[POLICY_VALUES], double *weight, const double *s, size_t n_places, bool has_model)
{
	double lists = s[S_LISTS], snips = 0;
	bool has_match = false;

	for (size_t r = 0; r < n_places; r++) {
		const double *at = s + S_PLACES + 3 * r;
		if (at[1] > 0) {
			snips += at[2] * at[0] / at[1];
			has_match = true;
		}
	}
	out[POLICY_LOGGED] = s[S_LOGGED] / lists;
	out[POLICY_IPS] = s[S_IPS] / lists;
	out[POLICY_SNIPS] = has_match ? snips / lists : NAN;
	out[POLICY_DM] = has_model ? s[S_DM] / lists : NAN;
	out[POLICY_DR] = has_model ? s[S_DR] / lists : NAN;
	*weight = s[S_MASS] > 0 ? s[S_WEIGHT] / s[S_MASS] : NAN;
}

/* bounds - of the replicas that have a value; column c of v [n x 2 POLICY_VALUES + 1]. */
static int bounds(struct boot_interval *out, const double *v, double *column, size_t n, size_t c, struct err *e)
{
	size_t n_there = 0;

	for (size_t b = 0; b < n; b++)
		if (!isnan(v[b * (2 * POLICY_VALUES + 1) + c]))
			column[n_there++] = v[b * (2 * POLICY_VALUES + 1) + c];
	out->low = out->high = out->value;
	return boot_bounds(out, column, n_there, e);
}

static int intervals(struct policy_estimate *out, const struct sums *s, const double *used, size_t n_used, const struct policy_opts *o, struct err *e)
{
	enum { WIDTH = 2 * POLICY_VALUES + 1 };
	double *sum = mem_try(o->n_boot * s->n_cols, sizeof *sum, "bootstrap sums", e);
	double *v = sum ? mem_try(o->n_boot * WIDTH, sizeof *v, "bootstrap values", e) : NULL;
	double *column = v ? mem_try(o->n_boot, sizeof *column, "bootstrap values", e) : NULL;
	int ret = column ? 0 : ERR_MEM;

	if (!ret)
		boot_sums(sum, used, n_used, s->n_cols, o->n_boot, o->seed, o->pool);
	for (size_t b = 0; b < o->n_boot && !ret; b++) {
		double *x = v + b * WIDTH;
		values(x, &x[2 * POLICY_VALUES], sum + b * s->n_cols, s->n_places, o->reward);
		for (size_t c = 0; c < POLICY_VALUES; c++)
			x[POLICY_VALUES + c] = x[c] - x[POLICY_LOGGED];
	}
	for (size_t c = 0; c < POLICY_VALUES && !ret; c++) {
		ret = bounds(&out->v[c], v, column, o->n_boot, c, e);
		ret = ret ? ret : bounds(&out->gain[c], v, column, o->n_boot, POLICY_VALUES + c, e);
	}
	ret = ret ? ret : bounds(&out->weight, v, column, o->n_boot, 2 * POLICY_VALUES, e);
	mem_free(sum);
	mem_free(v);
	mem_free(column);
	return ret;
}

static size_t places_of(const struct feedback *f, enum policy_match match)
{
	size_t n = 1;

	for (size_t i = 0; i < f->n && match != POLICY_ITEM; i++)
		n = max_size(n, (size_t)f->row[i].place + 1);
	return min_size(n, POLICY_PLACES);
}

/* settle - estimates and intervals from the sums of users, of which only those with a list count. */
static int settle(struct policy_estimate *out, struct sums *s, size_t n_users, const struct policy_opts *o, struct err *e)
{
	double *all = mem_new(s->n_cols, sizeof *all), v[POLICY_VALUES], weight;
	size_t n = 0;

	for (size_t u = 0; u < n_users; u++) {
		double *from = s->v + u * s->n_cols;
		if (!(from[S_LISTS] > 0))
			continue;
		for (size_t c = 0; c < s->n_cols; c++)
			all[c] += from[c];
		memmove(s->v + n++ * s->n_cols, from, s->n_cols * sizeof *from);
	}
	values(v, &weight, all, s->n_places, o->reward);
	for (size_t c = 0; c < POLICY_VALUES; c++) {
		out->v[c] = (struct boot_interval){ v[c], v[c], v[c], n };
		double gain = v[c] - v[POLICY_LOGGED];
		out->gain[c] = (struct boot_interval){ gain, gain, gain, n };
	}
	out->weight = (struct boot_interval){ weight, weight, weight, n };
	mem_free(all);
	return o->n_boot ? intervals(out, s, s->v, n, o, e) : 0;
}

static bool is_infinite(const struct boot_interval *x)
{
	return !isnan(x->value) && !(isfinite(x->value) && isfinite(x->low) && isfinite(x->high));
}

/* is_in_range - no number of it, and none that it came from, is beyond a double. */
static bool is_in_range(const struct policy_estimate *x)
{
	for (size_t c = 0; c < POLICY_VALUES; c++)
		if (is_infinite(&x->v[c]) || is_infinite(&x->gain[c]))
			return false;
	return isfinite(x->v[POLICY_LOGGED].value) && isfinite(x->v[POLICY_IPS].value) && isfinite(x->ess);
}

int policy_estimate(struct policy_estimate *out, const struct feedback *f, const struct policy *target, size_t n_users, const struct policy_opts *o, struct err *e)
{
	struct sums s = { .n_places = places_of(f, o->match) };
	struct rows_job j = { .s = &s, .out = out };
	int ret = 0;

	*out = (struct policy_estimate){ .n_rows = f->n };
	s.n_cols = S_PLACES + 3 * s.n_places;
	if (!(s.v = mem_try0(n_users * s.n_cols, sizeof *s.v, "sums of users", e)))
		return ERR_MEM;
	add_rows(&j, f, target, o);
	if (!out->n_matched)
		ret = err_set(e, ERR_DATA, "nothing of it is in the log: there is no row with what it would have shown");
	if (!ret && (!isfinite(j.squares) || !isfinite(j.unclipped)))
		ret = err_set(e, ERR_NUMERIC, "its weights are beyond the range of numbers: some propensities are too small");
	if (!ret) {
		out->ess = j.sum * j.sum / j.squares;
		out->clipped = (j.unclipped - j.sum) / j.unclipped;
		ret = settle(out, &s, n_users, o, e);
	}
	if (!ret && !is_in_range(out))
		ret = err_set(e, ERR_NUMERIC, "its values are beyond the range of numbers: some rewards are too large");
	mem_free(s.v);
	return ret;
}
