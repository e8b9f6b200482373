/* knn-build - the verbs build, add and delete: an index from vectors, or from an index and what is to change in it. The file appears whole or not at all. */
#include <string.h>
#include <sys/stat.h>

#include "../lib/base/mem.h"
#include "../lib/cli/output.h"
#include "../lib/cli/progress.h"
#include "../lib/data/table.h"
#include "knn.h"

/* The rows of the new index: those of the old one, then the vectors that came. */
static struct {
	struct ann old;
	bool has_old;
	struct vecs vecs;
	struct vocab seen;		/* ids of the vectors */
} rows;

static const float *row(const void *ctx, size_t r)
{
	(void)ctx;
	return r < rows.old.n ? ann_vector(&rows.old, r) : vecs_row(&rows.vecs, r - rows.old.n);
}

static struct str id(const void *ctx, size_t r)
{
	struct str s = { "", 0 };

	(void)ctx;
	if (r >= rows.old.n)
		return vecs_id(&rows.vecs, r - rows.old.n);
	ann_id(&rows.old, r, &s);	/* all pages were looked at */
	return s;
}

static void read_vectors(const char *path, enum flat_metric metric)
{
	struct err e = { 0 };

	if (vecs_load_as(&rows.vecs, path, (enum vecs_format)o.format, &prov, &inputs, &e))
		die_err(&e);
	for (size_t r = 0; r < rows.vecs.n; r++)
		knn_need_scores(vecs_row(&rows.vecs, r), rows.vecs.d, metric, path, r + 1);
	knn_number_ids(&rows.seen, &rows.vecs, path, "ids of an index differ");
}

static float *read_queries(size_t *n, enum flat_metric metric)
{
	struct err e = { 0 };
	struct vecs v;
	float *q = NULL;

	*n = 0;
	if (!o.queries || !rows.vecs.n)
		return NULL;
	if (vecs_load_as(&v, o.queries, (enum vecs_format)o.format, &prov, &inputs, &e))
		die_err(&e);
	if (v.n && v.d != rows.vecs.d)
		die(EXIT_DATA, "%s: vectors of %zu components, those of the index have %zu", file_shown(o.queries), v.d, rows.vecs.d);
	if (v.n && !(q = mem_try(v.n, v.d * sizeof *q, "queries", &e)))
		die_err(&e);
	for (size_t r = 0; r < v.n; r++) {
		knn_need_scores(vecs_row(&v, r), v.d, metric, o.queries, r + 1);
		memcpy(q + r * v.d, vecs_row(&v, r), v.d * sizeof *q);
	}
	*n = v.n;
	vecs_release(&v);
	return q;
}

/* make - the index of the rows without those that are gone, to path. */
static int make(const char *path, const struct ann_opts *opts, const uint64_t *gone)
{
	struct sink *out = tool_output(path, true);
	struct ann_rows all = { .n = rows.old.n + rows.vecs.n, .d = rows.old.n ? rows.old.d : rows.vecs.d, .row = row, .id = id };
	struct progress pr;
	struct err e = { 0 };
	float *q = read_queries(&all.n_queries, opts->metric);

	all.query = q;
	progress_start(&pr, "link", "vectors", all.n);
	prov_step(&prov, tool.name, tool_version, tool.prov.p, inputs.p ? inputs.p : "");
	if (ann_make(out, opts, &all, rows.old.n ? &rows.old : NULL, gone, &prov, &(struct watch){ progress_show, &pr }, tool_pool(), &e)) {
		if (rows.has_old && e.code == ERR_DATA)		/* vectors that came were looked at */
			err_prefix(&e, "%s", file_shown(tool.arg[0]));
		die_err(&e);
	}
	progress_end(&pr);
	if (rows.has_old)
		ann_close(&rows.old);
	tool_output_close(out);
	vecs_release(&rows.vecs);
	vocab_release(&rows.seen);
	mem_free(q);
	prov_release(&prov);
	buf_release(&inputs);
	return tool_close(0);
}

int knn_build(void)
{
	struct ann_opts opts = { .metric = o.metric < 0 ? FLAT_IP : (enum flat_metric)o.metric, .codes = (enum ann_codes)o.codes };

	opts.graph = (struct nav_opts){ .degree = (size_t)o.degree, .fill = (size_t)o.degree * 3 / 4, .ef = o.ef ? (size_t)o.ef : 200, .entries = (size_t)o.entries,
					  .seed = (uint64_t)o.seed, .by_product = opts.metric == FLAT_IP, .alpha = opts.metric == FLAT_IP ? 1 : (float)o.alpha };
	if (opts.metric == FLAT_IP && tool_is_set(&o.alpha))
		usage_die("--alpha is of --metric cosine and l2");
	if (opts.graph.ef < 8 || opts.graph.ef > 4096)
		usage_die("--ef of build is from 8 to 4096");
	read_vectors(tool.n_args ? tool.arg[0] : "-", opts.metric);
	return make(o.out ? o.out : "-", &opts, NULL);
}

/* open_old - the index that is to change. One from a pipe cannot be written back to it. One that is changed in its place is held until that is done. */
static struct ann_opts open_old(void)
{
	struct stat st, to;
	struct err e = { 0 };

	if (!o.out && strcmp(tool.arg[0], "-") && !stat(tool.arg[0], &st) && !S_ISREG(st.st_mode))
		usage_die("%s is no file that could be replaced: -o must name one", tool.arg[0]);
	if (!o.out || (!stat(tool.arg[0], &st) && !stat(o.out, &to) && st.st_ino == to.st_ino && st.st_dev == to.st_dev))
		tool_hold_file(tool.arg[0], false);
	if (ann_open(&rows.old, tool.arg[0], &e) || artifact_prov(rows.old.file, &prov, &inputs, &e) || ann_check(&rows.old, true, tool_pool(), &e))
		die_err(&e);
	rows.has_old = true;
	return (struct ann_opts){ .metric = rows.old.metric, .codes = rows.old.codes, .graph = rows.old.made };
}

int knn_add(void)
{
	struct ann_opts opts = open_old();
	const char *path = tool.n_args > 1 ? tool.arg[1] : "-";
	struct err e = { 0 };
	uint64_t *gone = NULL;
	size_t n_gone = 0;
	struct idtab t;

	read_vectors(path, opts.metric);
	if (rows.old.n && rows.vecs.n && rows.vecs.d != rows.old.d)
		die(EXIT_DATA, "%s: vectors of %zu components, those of %s have %zu", file_shown(path), rows.vecs.d, file_shown(tool.arg[0]), rows.old.d);
	if (rows.old.n && ann_ids(&rows.old, &t, &e))
		die_err(&e);
	if (!(gone = mem_try0((rows.old.n + rows.vecs.n + 63) / 64 + 1, sizeof *gone, "marks of rows", &e)))
		die_err(&e);
	for (size_t r = 0; r < rows.old.n; r++) {
		struct str s = idtab_id(&t, r);
		if (vocab_find(&rows.seen, s.p, s.len) != VOCAB_NONE) {
			nav_set_bit(gone, (uint32_t)r);
			n_gone++;
		}
	}
	note("%zu vectors to %zu, %zu of them in the place of older ones", rows.vecs.n, rows.old.n, n_gone);
	int r = make(o.out ? o.out : tool.arg[0], &opts, n_gone ? gone : NULL);
	mem_free(gone);
	return r;
}

int knn_delete(void)
{
	struct ann_opts opts = open_old();
	const char *path = tool.n_args > 1 ? tool.arg[1] : "-";
	struct err e = { 0 };
	uint64_t *gone = mem_try0(rows.old.n / 64 + 1, sizeof *gone, "marks of rows", &e), n_unknown = 0, n_gone = 0;
	struct tabler *table = gone ? tabler_open(path, NULL, false, &e) : NULL;
	const struct str *f;
	struct idtab t;
	size_t n;
	int got;

	if (!table || ann_ids(&rows.old, &t, &e))
		die_err(&e);
	while ((got = tabler_next(table, &f, &n, &e)) == 1) {
		uint32_t r = n ? idtab_find(&t, f[0].p, f[0].len) : VOCAB_NONE;
		if (r == VOCAB_NONE) {
			n_unknown++;
		} else if (!nav_bit(gone, r)) {
			nav_set_bit(gone, (uint32_t)r);
			n_gone++;
		}
	}
	if (got || tabler_prov(table, &prov, &inputs, &e))
		die_err(&e);
	tabler_close(table);
	if (n_unknown)
		warn("%s: %llu of the ids are not in the index", file_shown(path), (unsigned long long)n_unknown);
	note("%llu vectors deleted, %llu left", (unsigned long long)n_gone, (unsigned long long)(rows.old.n - n_gone));
	int ret = make(o.out ? o.out : tool.arg[0], &opts, n_gone ? gone : NULL);
	mem_free(gone);
	return ret;
}
