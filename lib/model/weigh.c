#include "weigh.h"

#include <string.h>

#include "model.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../num/fmath.h"

static const double WEIGHT_MAX = 1e6;

const char *const weigh_shapes = "binary|linear|log";

/* set - the weight of one kind, keeping the table sorted. */
static void set(struct weigh *w, const char *name, size_t len, double weight)
{
	size_t at = 0;

	if (len == 1 && *name == '*') {
		w->other = weight;
		return;
	}
	for (; at < w->n; at++) {
		struct weigh_kind *k = &w->kind[at];
		int order = str_cmp((struct str){ name, len }, (struct str){ k->name, k->len });
		if (!order) {
			k->w = weight;
			return;
		}
		if (order < 0)
			break;
	}
	arr_reserve(w->kind, w->n + 1, w->cap);
	memmove(w->kind + at + 1, w->kind + at, (w->n - at) * sizeof *w->kind);
	w->n++;
	w->kind[at].name = mem_new(len + 1, 1);
	memcpy(w->kind[at].name, name, len);
	w->kind[at].len = len;
	w->kind[at].w = weight;
}

void weigh_init(struct weigh *w)
{
	*w = (struct weigh){ .other = 1, .shape = WEIGH_LOG, .newest = TIME_NONE };
	set(w, "skip", 4, 0);
	set(w, "dislike", 7, 0);
}

void weigh_release(struct weigh *w)
{
	for (size_t i = 0; i < w->n; i++)
		mem_free(w->kind[i].name);
	mem_free(w->kind);
	*w = (struct weigh){ 0 };
}

int weigh_parse(struct weigh *w, const char *spec, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	for (const char *p = spec;; p++) {
		size_t n = strcspn(p, ","), name = 0;
		double weight;

		while (name < n && p[name] != '=')
			name++;
		if (!name || name == n)
			return err_set(e, ERR_USAGE, "'%s' is not KIND=WEIGHT", err_clip(clip, p, n));
		for (size_t i = 0; i < name; i++)
			if ((unsigned char)p[i] < ' ')		/* would break the lines of a model's header */
				return err_set(e, ERR_USAGE, "'%s': a kind holds no control characters", err_clip(clip, p, n));
		if (!scan_f64(p + name + 1, n - name - 1, &weight) || !(weight >= 0 && weight <= WEIGHT_MAX))
			return err_set(e, ERR_USAGE, "'%s': the weight is not a number from 0 to 1000000", err_clip(clip, p, n));
		set(w, p, name, weight);
		p += n;
		if (!*p)
			return 0;
	}
}

void weigh_text(const struct weigh *w, struct buf *out)
{
	buf_puts(out, "*=");
	buf_put_f64(out, w->other);
	for (size_t i = 0; i < w->n; i++) {
		buf_putc(out, ',');
		buf_puts(out, w->kind[i].name);
		buf_putc(out, '=');
		buf_put_f64(out, w->kind[i].w);
	}
}

static const char *const shape_name[] = { "binary", "linear", "log" };	/* by enum weigh_shape */

const char *weigh_shape(const struct weigh *w)
{
	return shape_name[w->shape];
}

int weigh_load(struct weigh *w, const struct model *m, struct err *e)
{
	const char *kinds = artifact_meta(m->art, "weight"), *shape = artifact_meta(m->art, "shape");
	int ret;

	weigh_init(w);
	if (!kinds || !shape)
		return err_set(e, ERR_DATA, "%s: does not say how events are weighed", artifact_name(m->art));
	if (weigh_parse(w, kinds, NULL))
		return err_set(e, ERR_DATA, "%s: meta 'weight' is not a list of weights", artifact_name(m->art));
	if (artifact_meta(m->art, "half_life") &&
	    ((ret = model_number(m, "half_life", 0, 1e12, &w->half_life, e)) || (ret = artifact_meta_i64(m->art, "newest", &w->newest, e))))
		return ret;
	for (int s = WEIGH_BINARY; s <= WEIGH_LOG; s++)
		if (!strcmp(shape, shape_name[s])) {
			w->shape = (enum weigh_shape)s;
			return 0;
		}
	return err_set(e, ERR_DATA, "%s: meta 'shape' is not one of %s", artifact_name(m->art), weigh_shapes);
}

double weigh_event(const struct event *ev, void *ctx)
{
	const struct weigh *w = ctx;
	struct str kind = ev->kind.len ? ev->kind : (struct str){ "play", 4 };

	double of_kind = w->other;

	for (size_t i = 0; i < w->n; i++)
		if (w->kind[i].len == kind.len && !memcmp(w->kind[i].name, kind.p, kind.len)) {
			of_kind = w->kind[i].w;
			break;
		}
	if (w->half_life <= 0 || w->newest == TIME_NONE || ev->time == TIME_NONE || ev->time >= w->newest)
		return of_kind;
	return (double)(float)of_kind * weigh_fade(w->newest - ev->time, ctx);	/* float: as inter holds it while it waits for the newest */
}

double weigh_fade(int64_t age, void *ctx)
{
	const struct weigh *w = ctx;
	double lives = (double)age / w->half_life;

	return lives > WEIGH_FADED ? 0 : fm_pow(2, -lives);
}

int weigh_put(const struct weigh *w, struct artifactw *a)
{
	struct buf kinds = { 0 };

	weigh_text(w, &kinds);
	int ret = artifactw_meta(a, "shape", "%s", weigh_shape(w)) || artifactw_meta(a, "weight", "%s", kinds.p) ||
		  (w->half_life > 0 && (model_put_number(a, "half_life", w->half_life) || artifactw_meta(a, "newest", "%lld", (long long)w->newest)));
	buf_release(&kinds);
	return ret ? ERR_MEM : 0;
}

void weigh_copy(struct weigh *to, const struct weigh *w)
{
	*to = *w;
	to->kind = NULL;
	to->n = to->cap = 0;
	for (size_t i = 0; i < w->n; i++)
		set(to, w->kind[i].name, w->kind[i].len, w->kind[i].w);
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
