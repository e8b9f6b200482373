/*
 * view-content - what is in a file, record by record, as TSV or as our binary.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/data/artifact.h"
#include "../lib/data/event.h"
#include "../lib/data/table.h"
#include "../lib/data/vecs.h"
#include "../lib/model/trees.h"
#include "../lib/num/num.h"
#include "view.h"

static bool is_enough(uint64_t n)
{
	return o.n >= 0 && n >= (uint64_t)o.n;
}

/* goes_on - is record n read? In binary all are, also those that are not written: the history tells of the whole input, whose own stands at its end. */
static bool goes_on(uint64_t n)
{
	return o.is_binary || !is_enough(n);
}

void view_events(const char *path, struct err *e)
{
	static bool has_header;		/* one, also before the events of several files */
	enum event_format format = o.is_binary ? EVENT_BINARY : o.wants_header && !has_header ? EVENT_TSV_HEADER : EVENT_TSV;
	struct eventr *r = eventr_open(path, false, e);
	struct eventw *w = r && !o.is_check ? eventw_new(out, format, e) : NULL;
	struct event ev;
	uint64_t n = 0;
	int got = 0;

	if (!r || (!w && !o.is_check))
		die_err(e);
	has_header = true;
	if (w)
		eventw_threads(w, (int)tool.threads);
	for (; goes_on(n) && (got = eventr_next(r, &ev, e)) == 1; n++)
		if (w && !is_enough(n) && eventw_write(w, &ev, e))
			die_err(e);
	if (got < 0 || eventr_prov(r, &prov, &inputs, e))
		die_err(e);
	if (o.is_binary)
		prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p);
	if (w && eventw_finish(w, &prov, e))
		die_err(e);
	eventw_free(w);
	eventr_close(r);
}

void view_table(const char *path, const char *schema, struct err *e)
{
	struct tabler *r = tabler_open(path, NULL, false, e);
	struct tablew *w = r && !o.is_check ? tablew_new(out, schema, o.is_binary, e) : NULL;
	const struct str *f;
	uint64_t rows = 0;
	size_t n;
	int got = 0;

	if (!r || (!w && !o.is_check))
		die_err(e);
	for (; goes_on(rows) && (got = tabler_next(r, &f, &n, e)) == 1; rows++) {
		if (!w || is_enough(rows))
			continue;
		buf_reset(&text);
		for (size_t i = 0; i < n; i++) {
			if (i)
				buf_putc(&text, '\t');
			tsv_put(&text, f[i].p, f[i].len);
		}
		if (tablew_row(w, text.p, text.len, e))
			die_err(e);
	}
	if (got < 0 || tabler_prov(r, &prov, &inputs, e))
		die_err(e);
	if (o.is_binary)
		prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p);
	if (w && tablew_finish(w, &prov, e))
		die_err(e);
	tablew_free(w);
	tabler_close(r);
	buf_reset(&text);
}

void view_vectors(const char *path, struct err *e)
{
	struct vecsr *r = vecsr_open_as(path, (enum vecs_format)o.format, e);
	struct vecsw *w = NULL;
	const float *v;
	struct str id;
	size_t d;
	uint64_t n = 0;
	int got = 0;

	if (!r)
		die_err(e);
	for (; goes_on(n) && (got = vecsr_next(r, &id, &v, &d, e)) == 1; n++) {
		if (!w && !o.is_check && !(w = vecsw_new(out, d, o.is_binary, e)))
			die_err(e);
		if (w && !is_enough(n) && vecsw_write(w, id, v, e))
			die_err(e);
	}
	if (got < 0 || vecsr_prov(r, &prov, &inputs, e))
		die_err(e);
	if (o.is_binary)
		prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p);
	if (!w && o.is_binary && !o.is_check)
		die(EXIT_DATA, "%s: no vectors, so nothing says how many components a binary stream of them has", file_shown(path));
	if (w && vecsw_finish(w, &prov, e))
		die_err(e);
	vecsw_free(w);
	vecsr_close(r);
}

/* put_element - element i of a tensor as text. */
static void put_element(enum dtype t, const void *data, size_t i)
{
	switch (t) {
	case DTYPE_F32: buf_put_f32(&text, ((const float *)data)[i]); break;
	case DTYPE_F64: buf_put_f64(&text, ((const double *)data)[i]); break;
	case DTYPE_U8: buf_put_u64(&text, ((const uint8_t *)data)[i]); break;
	case DTYPE_U32: buf_put_u64(&text, ((const uint32_t *)data)[i]); break;
	case DTYPE_U64: buf_put_u64(&text, ((const uint64_t *)data)[i]); break;
	case DTYPE_I8: buf_put_i64(&text, ((const int8_t *)data)[i]); break;
	}
}

/* view_tensor - a row a line, behind its id where "PREFIX.off" of the tensor's prefix is a table of as many ids; the rows of an index, whose tensors have no prefix, have theirs in "id". */
static void view_tensor(struct artifact *a, const char *name, struct err *e)
{
	for (size_t i = 0; i < artifact_n_tensors(a); i++) {
		const char *tn;
		enum dtype t;
		size_t ndim;
		const uint64_t *shape;
		artifact_tensor_at(a, i, &tn, &t, &ndim, &shape);
		if (strcmp(tn, name))
			continue;
		uint64_t dim[3] = { shape[0], shape[1], shape[2] };
		size_t rows = ndim ? (size_t)dim[0] : 1, cols = (size_t)(ndim ? dim[1] * dim[2] : 1);
		const void *data;
		struct idtab ids = { 0 };
		struct err none = { 0 };
		char prefix[32];
		const char *of = ndim == 2 && !strchr(name, '.') ? "id" : name;
		snprintf(prefix, sizeof prefix, "%.*s", (int)strcspn(of, "."), of);
		bool has_ids = !artifact_idtab(a, prefix, &ids, &none) && ids.n == rows;
		if (artifact_tensor(a, name, t, ndim, dim, &data, e))
			die_err(e);
		for (size_t r = 0; r < rows && !is_enough(r); r++) {
			if (has_ids) {
				struct str id = idtab_id(&ids, r);
				tsv_put(&text, id.p, id.len);
			}
			for (size_t c = 0; c < cols; c++) {
				if (c || has_ids)
					buf_putc(&text, '\t');
				put_element(t, data, r * cols + c);
			}
			buf_putc(&text, '\n');
			put_text(e);
		}
		return;
	}
	die(EXIT_DATA, "%s: has no tensor %s", artifact_name(a), name);
}

/* check_tensors - every hash, every number finite, every table of ids in order. */
static void check_tensors(struct artifact *a, struct err *e)
{
	for (size_t i = 0; i < artifact_n_tensors(a); i++) {
		const char *name;
		enum dtype t;
		size_t ndim, len;
		const uint64_t *shape;
		const void *data;
		artifact_tensor_at(a, i, &name, &t, &ndim, &shape);
		uint64_t dim[3] = { shape[0], shape[1], shape[2] };
		if (artifact_tensor(a, name, t, ndim, dim, &data, e))
			die_err(e);
		size_t n = (size_t)(dim[0] * dim[1] * dim[2]);
		bool is_finite = t != DTYPE_F32 || num_is_finite(data, n);
		for (size_t k = 0; t == DTYPE_F64 && k < n; k++)
			is_finite &= isfinite(((const double *)data)[k]);
		if (!is_finite)
			die(EXIT_DATA, "%s: tensor %s holds a number that is not finite", artifact_name(a), name);
		if ((len = strlen(name)) > 4 && len < 32 && !strcmp(name + len - 4, ".off")) {
			char prefix[32];
			struct idtab ids;
			snprintf(prefix, sizeof prefix, "%.*s", (int)len - 4, name);
			if (artifact_idtab(a, prefix, &ids, e) || idtab_check(a, prefix, &ids, e))
				die_err(e);
		}
	}
}

/* check_trees - that every walk ends, for which more must be right than tensors; a is used up. */
static void check_trees(struct artifact *a, struct err *e)
{
	struct trees t;

	if (trees_take(&t, a, e))
		die_err(e);
	trees_release(&t);
}

void view_model(const char *path, enum block_kind kind, struct err *e)
{
	struct artifact *a = artifact_load(path, kind, e);

	if (!a)
		die_err(e);
	if (o.is_check) {
		const char *model = artifact_meta(a, "kind");
		check_tensors(a, e);
		if (model && !strcmp(model, "trees")) {
			check_trees(a, e);
			return;
		}
	} else if (o.tensor) {
		view_tensor(a, o.tensor, e);
	} else {
		for (size_t i = 0; i < artifact_n_meta(a); i++) {
			struct str k, v;
			artifact_meta_at(a, i, &k, &v);
			tsv_put(&text, k.p, k.len);
			buf_putc(&text, '\t');
			tsv_put(&text, v.p, v.len);
			buf_putc(&text, '\n');
		}
		for (size_t i = 0; i < artifact_n_tensors(a); i++) {
			const char *name;
			enum dtype t;
			size_t ndim;
			const uint64_t *dim;
			artifact_tensor_at(a, i, &name, &t, &ndim, &dim);
			buf_printf(&text, "tensor\t%s\t%s\t", name, dtype_name(t));
			for (size_t k = 0; k < ndim; k++)
				buf_printf(&text, k ? " x %" PRIu64 : "%" PRIu64, dim[k]);
			buf_putc(&text, '\n');
		}
		put_text(e);
	}
	artifact_free(a);
}
