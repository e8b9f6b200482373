#include "weigh.h"

#include <math.h>
#include <string.h>

#include "model.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../num/fmath.h"

static const double WEIGHT_MAX = 1e6;

static const char *const value_name[] = { "ignore", "binary", "linear", "log" };	/* by enum weigh_value */

/* entry - of a kind, made where it is not there yet. */
static struct weigh_kind *entry(struct weigh *w, const char *name, size_t len)
{
	size_t at = 0;

	for (; at < w->n; at++) {
		struct weigh_kind *k = &w->kind[at];
		int order = str_cmp((struct str){ name, len }, (struct str){ k->name, k->len });
		if (!order)
			return k;
		if (order < 0)
			break;
	}
	arr_reserve(w->kind, w->n + 1, w->cap);
	memmove(w->kind + at + 1, w->kind + at, (w->n - at) * sizeof *w->kind);
	w->n++;
	w->kind[at] = (struct weigh_kind){ mem_new(len + 1, 1), len, -1, VALUE_OTHER };
	memcpy(w->kind[at].name, name, len);
	return &w->kind[at];
}

void weigh_init(struct weigh *w)
{
	static const char *const against[] = { "skip", "dislike", "ban", "hate", "unlike" };

	*w = (struct weigh){ .other = 1, .shape = WEIGH_LOG, .newest = TIME_NONE };
	for (size_t i = 0; i < sizeof against / sizeof *against; i++)
		entry(w, against[i], strlen(against[i]))->w = 0;
	entry(w, "plays", 5)->value = VALUE_LINEAR;
}

void weigh_release(struct weigh *w)
{
	for (size_t i = 0; i < w->n; i++)
		mem_free(w->kind[i].name);
	mem_free(w->kind);
	*w = (struct weigh){ 0 };
}

static int set_weight(struct weigh *w, const char *name, size_t len, const char *text, size_t n, struct err *e)
{
	double weight;

	if (!scan_f64(text, n, &weight) || !(weight >= 0 && weight <= WEIGHT_MAX))
		return err_set(e, ERR_USAGE, "the weight is not a number from 0 to 1000000");
	if (len == 1 && *name == '*')
		w->other = weight;
	else
		entry(w, name, len)->w = weight;
	return 0;
}

static int set_value(struct weigh *w, const char *name, size_t len, const char *text, size_t n, struct err *e)
{
	enum weigh_value v = VALUE_IGNORE;

	while (v <= VALUE_LOG && (strlen(value_name[v]) != n || memcmp(value_name[v], text, n)))
		v++;
	if (v > VALUE_LOG)
		return err_set(e, ERR_USAGE, "values are to be one of ignore, binary, linear, log");
	if (len == 1 && *name == '*')
		w->other_value = v;
	else
		entry(w, name, len)->value = v;
	return 0;
}

/* each - set(kind, its text) for all of a list "KIND=TEXT,KIND=TEXT". */
static int each(struct weigh *w, const char *spec, const char *what,
		int (*set)(struct weigh *w, const char *name, size_t len, const char *text, size_t n, struct err *e), struct err *e)
{
	char clip[ERR_CLIP_MAX];

	for (const char *p = spec;; p++) {
		size_t n = strcspn(p, ","), name = 0;
		int ret;

		while (name < n && p[name] != '=')
			name++;
		if (!name || name == n)
			return err_set(e, ERR_USAGE, "'%s' is not KIND=%s", err_clip(clip, p, n), what);
		for (size_t i = 0; i < name; i++)
			if ((unsigned char)p[i] < ' ')		/* would break the lines of a model's header */
				return err_set(e, ERR_USAGE, "'%s': a kind holds no control characters", err_clip(clip, p, n));
		if ((ret = set(w, p, name, p + name + 1, n - name - 1, e))) {
			err_prefix(e, "'%s'", err_clip(clip, p, n));
			return ret;
		}
		p += n;
		if (!*p)
			return 0;
	}
}

int weigh_parse(struct weigh *w, const char *spec, struct err *e)
{
	return each(w, spec, "WEIGHT", set_weight, e);
}

int weigh_parse_values(struct weigh *w, const char *spec, struct err *e)
{
	return each(w, spec, "HOW", set_value, e);
}

void weigh_text(const struct weigh *w, struct buf *out)
{
	buf_puts(out, "*=");
	buf_put_f64(out, w->other);
	for (size_t i = 0; i < w->n; i++) {
		if (w->kind[i].w < 0)
			continue;
		buf_putc(out, ',');
		buf_puts(out, w->kind[i].name);
		buf_putc(out, '=');
		buf_put_f64(out, w->kind[i].w);
	}
}

void weigh_values_text(const struct weigh *w, struct buf *out)
{
	buf_printf(out, "*=%s", value_name[w->other_value]);
	for (size_t i = 0; i < w->n; i++)
		if (w->kind[i].value != VALUE_OTHER)
			buf_printf(out, ",%s=%s", w->kind[i].name, value_name[w->kind[i].value]);
}

static const char *const shape_name[] = { "binary", "linear", "log" };	/* by enum weigh_shape */

const char *weigh_shape(const struct weigh *w)
{
	return shape_name[w->shape];
}

int weigh_load(struct weigh *w, const struct model *m, struct err *e)
{
	const char *kinds = artifact_meta(m->art, "weight"), *values = artifact_meta(m->art, "value"), *shape = artifact_meta(m->art, "shape");
	int ret;

	weigh_init(w);
	if (!kinds || !shape)
		return err_set(e, ERR_DATA, "%s: does not say how events are weighed", artifact_name(m->art));
	if (weigh_parse(w, kinds, NULL))
		return err_set(e, ERR_DATA, "%s: meta 'weight' is not a list of weights", artifact_name(m->art));
	for (size_t i = 0; i < w->n; i++)		/* what equals the rest is not in the list */
		w->kind[i].value = VALUE_OTHER;
	if (values && weigh_parse_values(w, values, NULL))	/* models from before values counted have none */
		return err_set(e, ERR_DATA, "%s: meta 'value' is not a list of what values mean", artifact_name(m->art));
	if (artifact_meta(m->art, "half_life") &&
	    ((ret = model_number(m, "half_life", 0, 1e12, &w->half_life, e)) || (ret = artifact_meta_i64(m->art, "newest", &w->newest, e))))
		return ret;
	for (int s = WEIGH_BINARY; s <= WEIGH_LOG; s++)
		if (!strcmp(shape, shape_name[s])) {
			w->shape = (enum weigh_shape)s;
			return 0;
		}
	return err_set(e, ERR_DATA, "%s: meta 'shape' is not one of %s", artifact_name(m->art), WEIGH_SHAPES);
}

/* of_value - what an event's value makes of its weight. */
static double of_value(enum weigh_value how, double v)
{
	if (how == VALUE_IGNORE || isnan(v))
		return 1;
	if (!(v > 0))
		return 0;
	return how == VALUE_LINEAR ? v : how == VALUE_LOG ? fm_log2(1 + v) : 1;
}

double weigh_event(const struct event *ev, void *ctx)
{
	const struct weigh *w = ctx;
	struct str kind = ev->kind.len ? ev->kind : (struct str){ "play", 4 };
	enum weigh_value value = w->other_value;
	double weight = w->other;

	for (size_t i = 0; i < w->n; i++)
		if (w->kind[i].len == kind.len && !memcmp(w->kind[i].name, kind.p, kind.len)) {
			weight = w->kind[i].w < 0 ? w->other : w->kind[i].w;
			value = w->kind[i].value == VALUE_OTHER ? w->other_value : w->kind[i].value;
			break;
		}
	weight *= of_value(value, ev->value);
	if (w->half_life <= 0 || w->newest == TIME_NONE || ev->time == TIME_NONE || ev->time >= w->newest)
		return weight;
	return (double)(float)weight * weigh_fade(event_age(ev->time, w->newest), ctx);	/* float: as inter holds it while it waits for the newest */
}

double weigh_fade(int64_t age, void *ctx)
{
	const struct weigh *w = ctx;
	double lives = (double)age / w->half_life;

	return lives > WEIGH_FADED ? 0 : fm_pow(2, -lives);
}

void weigh_put(const struct weigh *w, struct artifactw *a)
{
	struct buf kinds = { 0 }, values = { 0 };

	weigh_text(w, &kinds);
	weigh_values_text(w, &values);
	artifactw_meta(a, "shape", "%s", weigh_shape(w));
	artifactw_meta(a, "weight", "%s", kinds.p);
	artifactw_meta(a, "value", "%s", values.p);
	if (w->half_life > 0) {
		model_put_number(a, "half_life", w->half_life);
		artifactw_meta(a, "newest", "%lld", (long long)w->newest);
	}
	buf_release(&kinds);
	buf_release(&values);
}

void weigh_copy(struct weigh *to, const struct weigh *w)
{
	*to = *w;
	to->kind = NULL;
	to->n = to->cap = 0;
	for (size_t i = 0; i < w->n; i++) {
		struct weigh_kind *k = entry(to, w->kind[i].name, w->kind[i].len);
		k->w = w->kind[i].w;
		k->value = w->kind[i].value;
	}
}

float weigh_pair(const struct weigh *w, float r)
{
	switch (w->shape) {
	case WEIGH_LINEAR:
		return r;
	case WEIGH_LOG:
		return (float)fm_log2(1 + (double)r);
	case WEIGH_BINARY:
		break;
	}
	return 1;
}

int weigh_bad(float x, const struct vocab *user, size_t u, const struct vocab *item, size_t i, struct err *e)
{
	char who[ERR_CLIP_MAX], what[ERR_CLIP_MAX];

	return err_set(e, ERR_NUMERIC, "user '%s', item '%s': the pair weighs %g, which is not positive and finite", user ? err_clip(who, user->str[u].p, user->str[u].len) : "?",
		       item ? err_clip(what, item->str[i].p, item->str[i].len) : "?", (double)x);
}
