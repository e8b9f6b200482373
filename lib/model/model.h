/*
 * model - any model file, whatever its kind: what it is, which ids it knows, its vectors.
 *
 * A model is an artifact (lib/data/artifact.h) of KIND_MODEL. What all kinds write, by the same names:
 *
 *   meta    kind          pop, als, ease, ...
 *           n_users       distinct users in the events       n_items   distinct items     n_events   events read
 *   ids     item          n_items of them                                        each kind
 *   tensor  item.count    f64 [n_items] how popular each item is                 each kind
 *   meta    d             components of a vector                                 kinds with vectors
 *   tensor  item.vec      f32 [n_items x d]                                      kinds with item vectors
 *           or item.code i8 [n_items x d] and item.scale f32 [n_items]: code times scale
 *   ids     user          n_users of them                                        kinds with user vectors
 *   tensor  user.vec      f32 [n_users x d]                                      kinds with user vectors
 *
 * The one exception is trees (trees.h), which knows neither users nor items: model_open says so.
 * Everything else is a kind's own and is described in its header (als.h). A new kind adds its name to model_kinds and
 * gets taste-embed's --items and --users from this module for nothing.
 *
 * model_open reads the header only; ids and vectors are checked at the first call that wants them, so that one vector out
 * of a mapped file costs a hash over that tensor and not a read of the whole. What is asked for twice is checked once.
 * Nothing is held but what the artifact holds. One thread.
 */
#ifndef TASTE_MODEL_H
#define TASTE_MODEL_H

#include "../data/artifact.h"

#define MODEL_DIM_MAX 4096

enum model_axis { MODEL_ITEMS, MODEL_USERS };
extern const char *const model_axis_name[2];	/* "item", "user": the first part of names in the file */

struct model {
	struct artifact *art;
	const char *kind;
	size_t n[2];			/* by enum model_axis */
	size_t d;			/* 0: a kind without vectors */
	uint64_t n_events;
	struct idtab ids[2];		/* after model_ids */
	const float *vec[2];		/* [n x d] after model_vectors */
	float *made;			/* items' vectors, where the file has codes of them */
};

/* model_open - path or "-". <0 with *e set; then *m is released. */
int model_open(struct model *m, const char *path, struct err *e);
/* model_open_memory - a model file that is n bytes at p, which outlive m; name is for messages. */
int model_open_memory(struct model *m, const char *name, const void *p, size_t n, struct err *e);
void model_release(struct model *m);	/* zeroed is empty */
/* model_ids - make m->ids[axis] usable. */
int model_ids(struct model *m, enum model_axis axis, struct err *e);
/* model_vectors - make m->vec[axis] usable; a sentence (ERR_DATA) when this kind of model has none. */
int model_vectors(struct model *m, enum model_axis axis, struct err *e);
/* model_counts - *count [m->n[MODEL_ITEMS]], each finite and >= 0. */
int model_counts(struct model *m, const double **count, struct err *e);
/* model_damaged - ERR_DATA: the name of the file, and what is wrong with it. */
int model_damaged(const struct model *m, const char *what, struct err *e);
/* model_number - a meta value in [min, max]. */
int model_number(const struct model *m, const char *key, double min, double max, double *out, struct err *e);
/* model_whole - a whole number in [0, max]. */
int model_whole(const struct model *m, const char *key, double max, uint64_t *out, struct err *e);

/* What a search for the best options found (taste-train --tune), for the file of the model that came of it. */
struct model_tuned {
	double ndcg;			/* at k, of users of the validation events */
	size_t k, users, trials;	/* settings that were measured, one at two budgets counted twice */
};

/* For writers: the common meta, and a number with the digits that read back to the same value. */
void model_put_meta(struct artifactw *w, size_t n_users, size_t n_items, uint64_t n_events);
void model_put_number(struct artifactw *w, const char *key, double v);
/* model_put_tuned - meta tuned_ndcg tuned_k tuned_users tuned_trials; nothing for NULL. */
void model_put_tuned(struct artifactw *w, const struct model_tuned *t);

#endif
