/*
 * knn-serve - search --line: a request line in, an answer block out, flushed, an empty line behind it. A request is a vector as in a TSV vectors stream, or an id alone: what is
 * near the vector of that id. What is wrong with a request is told in its answer, "id TAB TAB TAB sentence", and the next one is served.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/io/line.h"
#include "../lib/num/num.h"
#include "knn.h"

static void put_trouble(struct sink *out, struct str id, const char *what)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	tsv_put(&b, id.p, id.len);
	buf_puts(&b, "\t\t\t");
	tsv_put(&b, what, strlen(what));
	buf_putc(&b, '\n');
	if (sink_write(out, b.p, b.len, &e))
		die_err(&e);
	buf_release(&b);
}

/* get_query - the query's vector into q; NULL, or what is wrong with the request. */
static const char *get_query(struct knn_base *b, const struct str *f, size_t n, float *q)
{
	static char text[200];

	if (n == 1) {
		uint32_t row = knn_base_row(b, f[0]);
		if (row == VOCAB_NONE)
			return "no vector has this id";
		memcpy(q, knn_base_vector(b, row), b->d * sizeof *q);
	} else if (n - 1 != b->d) {
		snprintf(text, sizeof text, "%zu components where the vectors have %zu", n - 1, b->d);
		return text;
	}
	for (size_t i = 0; n > 1 && i < b->d; i++)
		if (!scan_f32(f[i + 1].p, f[i + 1].len, &q[i])) {
			snprintf(text, sizeof text, "field %zu is not a finite number", i + 2);
			return text;
		}
	if (flat_has_scores(b->metric, num_norm(q, b->d)))	/* a search of one that has none would be the last */
		return NULL;
	snprintf(text, sizeof text, "a query is shorter than %g or longer than %g: its scores cannot be told in single precision", FLAT_NORM_MIN, FLAT_NORM_MAX);
	return text;
}

void knn_serve(struct knn_base *b, const char *path, struct sink *out, struct knn_out *w)
{
	struct err e = { 0 };
	struct file *file = file_open(path, &e);
	struct str *field = mem_new(b->d + 2, sizeof *field);
	float *q = mem_new(b->d + 1, sizeof *q);
	struct knn_hit *hit = mem_new((size_t)o.k + 1, sizeof *hit);
	uint64_t n_bad = 0;
	struct line l;
	int got;

	if (!file)
		die_err(&e);
	line_init(&l, file);
	while ((got = line_next(&l, &e)) == 1) {
		int64_t n = tsv_split(&l, field, b->d + 2, &e);
		const char *bad = n < 0 ? e.msg : l.len ? get_query(b, field, (size_t)n, q) : "an empty request";
		struct str id = n > 0 ? field[0] : (struct str){ "", 0 };
		if (bad) {
			put_trouble(out, id, bad);
			n_bad++;
		} else {
			const struct knn_answer *a = knn_find(q, &id, 1);
			for (size_t i = 0; i < a->n; i++)
				hit[i] = (struct knn_hit){ knn_base_id(b, a->hit[i].row), a->hit[i].score };
			if (knn_out_query(w, id, hit, a->n, &e))
				die_err(&e);
		}
		e = (struct err){ 0 };
		if (sink_write(out, "\n", 1, &e) || sink_flush(out, &e))
			die_err(&e);
	}
	if (got < 0)
		die_err(&e);
	note("%llu requests, %llu of them wrong", (unsigned long long)l.no, (unsigned long long)n_bad);
	line_release(&l);
	file_close(file);
	mem_free(field);
	mem_free(q);
	mem_free(hit);
}
