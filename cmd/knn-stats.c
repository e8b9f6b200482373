/* knn-stats - the verb stats: what an index holds, and with --check whether all of it is right. */
#include <stdio.h>

#include "../lib/cli/output.h"
#include "../lib/index/nav_check.h"
#include "knn.h"

static struct buf text;

static void put_bytes(const char *name, uint64_t bytes, size_t n)
{
	buf_printf(&text, "bytes.%s\t%llu\n", name, (unsigned long long)bytes);
	if (n)
		buf_printf(&text, "bytes.%s.row\t%.1f\n", name, (double)bytes / (double)n);
}

/* check_all - pages, ids, numbers and lists; dies at the first that is wrong. */
static void check_all(struct ann *a, const struct nav_facts *f)
{
	struct err e = { 0 };
	struct idtab t;

	if (ann_check(a, true, tool_pool(), &e) || ann_ids(a, &t, &e) || ann_check_numbers(a, &e))
		die_err(&e);
	if (f->n_wrong)
		die(EXIT_DATA, "%s: the lists of %zu rows hold what is no neighbour", file_shown(tool.arg[0]), f->n_wrong);
	if (f->n_lost)
		die(EXIT_DATA, "%s: %zu rows cannot be reached", file_shown(tool.arg[0]), f->n_lost);
}

int knn_stats(void)
{
	struct sink *out = tool_output(o.out ? o.out : "-", false);
	struct nav_facts f;
	struct err e = { 0 };
	struct ann a;

	if (ann_open(&a, tool.arg[0], &e))
		die_err(&e);
	if (!paged_need(&a.graph_pages, 0, a.graph_pages.bytes))
		paged_error(a.file, &a.graph_pages, &e);
	if (e.code || nav_check(&a.g, &f, &e))
		die_err(&e);
	if (o.is_check)
		check_all(&a, &f);
	buf_printf(&text, "vectors\t%zu\ncomponents\t%zu\nmetric\t%s\ncodes\t%s\n", a.n, a.d, flat_metric_name[a.metric], ann_codes_name[a.codes]);
	buf_printf(&text, "entries\t%zu\ndegree\t%zu\ndegree.mean\t%.2f\ndegree.least\t%zu\ndegree.most\t%zu\nedges\t%llu\n", a.g.n_entries, a.g.degree,
		   a.n ? (double)f.edges / (double)a.n : 0, f.least, f.most, (unsigned long long)f.edges);
	buf_printf(&text, "build.ef\t%zu\nbuild.alpha\t%.6g\nbuild.seed\t%llu\n", a.made.ef, (double)a.made.alpha, (unsigned long long)a.made.seed);
	put_bytes("graph", a.graph_pages.bytes, a.n);
	put_bytes("codes", a.code_pages.bytes, a.n);
	put_bytes("vectors", a.vector_pages.bytes, a.n);
	if (a.metric == FLAT_COSINE)
		put_bytes("inverse", a.inv_pages.bytes, a.n);
	put_bytes("ids", a.off_pages.bytes + a.str_pages.bytes, a.n);
	for (size_t i = 0; i < a.n_table; i++)
		buf_printf(&text, "recall.ef=%u\t%.4f\n", a.table[i].ef, (double)a.table[i].recall);
	buf_printf(&text, "lists.wrong\t%zu\nrows.lost\t%zu\n", f.n_wrong, f.n_lost);
	if (o.is_check)
		buf_puts(&text, "check\tgood\n");
	if (sink_write(out, text.p, text.len, &e))
		die_err(&e);
	tool_output_close(out);
	buf_release(&text);
	ann_close(&a);
	return tool_close(0);
}
