/* knn-base - what is searched: vectors or an index, told apart by what is in the file, with their ids and vectors by row. */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/num/num.h"
#include "knn.h"

void knn_base_open(struct knn_base *b, const char *path)
{
	struct err e = { 0 };
	struct file *f = file_open(path, &e);
	const unsigned char *head;
	uint32_t kind = 0;

	*b = (struct knn_base){ 0 };
	if (!f)
		die_err(&e);
	int64_t n = file_peek(f, BLOCK_HEAD, &head, &e);
	if (n >= 20 && block_sniff(f, &e) == 1)
		memcpy(&kind, head + 16, sizeof kind);
	file_unopen(f);
	if (n < 0)
		die_err(&e);
	b->is_index = kind == KIND_INDEX;
	if (!b->is_index) {
		if (vecs_load_as(&b->vecs, path, (enum vecs_format)o.format, &prov, &inputs, &e))
			die_err(&e);
		b->n = b->vecs.n;
		b->d = b->vecs.d;
		b->metric = o.metric < 0 ? FLAT_IP : (enum flat_metric)o.metric;
		return;
	}
	if (ann_open(&b->ann, path, &e) || artifact_prov(b->ann.file, &prov, &inputs, &e))
		die_err(&e);
	if (o.metric >= 0 && o.metric != (int)b->ann.metric)
		usage_die("%s is an index of --metric %s, and has no other", file_shown(path), flat_metric_name[b->ann.metric]);
	b->n = b->ann.n;
	b->d = b->ann.d;
	b->metric = b->ann.metric;
}

void knn_base_close(struct knn_base *b)
{
	if (b->is_index) {
		mem_free(b->vecs.part);
		ann_close(&b->ann);
	} else {
		vecs_release(&b->vecs);
	}
	vocab_release(&b->row_id);
	*b = (struct knn_base){ 0 };
}

void knn_need_scores(const float *v, size_t d, enum flat_metric metric, const char *path, uint64_t no)
{
	if (!flat_has_scores(metric, num_norm(v, d)))
		die(EXIT_DATA, "%s: vector %llu is shorter than %g or longer than %g: its scores cannot be told in single precision; scale it (taste-embed --normalise)", file_shown(path),
		    (unsigned long long)no, FLAT_NORM_MIN, FLAT_NORM_MAX);
}

void knn_number_ids(struct vocab *to, const struct vecs *v, const char *path, const char *why)
{
	char c[ERR_CLIP_MAX];

	for (size_t r = 0; r < v->n; r++) {
		struct str id = vecs_id(v, r);
		if (vocab_add(to, id.p, id.len) != r)
			die(EXIT_DATA, "%s: the id '%s' of vector %zu was there before: %s", file_shown(path), err_clip(c, id.p, id.len), r + 1, why);
	}
}

void knn_base_ids(struct knn_base *b)
{
	struct err e = { 0 };

	if (b->has_ids)
		return;
	b->has_ids = true;
	if (b->is_index) {
		if (ann_ids(&b->ann, &b->id, &e))
			die_err(&e);
		return;
	}
	knn_number_ids(&b->row_id, &b->vecs, tool.arg[0], "ids must differ here");
}

uint32_t knn_base_row(const struct knn_base *b, struct str id)
{
	return b->is_index ? idtab_find(&b->id, id.p, id.len) : vocab_find(&b->row_id, id.p, id.len);
}

struct str knn_base_id(const struct knn_base *b, size_t row)
{
	struct str id;

	if (!b->is_index)
		return vecs_id(&b->vecs, row);
	if (!ann_id(&b->ann, row, &id))
		die(EXIT_DATA, "%s: an id of the index is damaged", file_shown(tool.arg[0]));
	return id;
}

const float *knn_base_vector(const struct knn_base *b, size_t row)
{
	const float *v = b->is_index ? ann_vector(&b->ann, row) : vecs_row(&b->vecs, row);

	if (!v)
		die(EXIT_DATA, "%s: a vector of the index is damaged", file_shown(tool.arg[0]));
	return v;
}
