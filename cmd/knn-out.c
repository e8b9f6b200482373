/*
 * knn-out - found neighbours as candidates, as a TREC run or as the JSON of OpenSubsonic's sonicMatch. Holds a line (of JSON: a query's answer), and what a binary block holds.
 */
#include <string.h>

#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/data/table.h"
#include "../lib/io/json.h"
#include "../lib/num/fmath.h"
#include "knn.h"

struct knn_out {
	struct sink *s;
	enum knn_format format;
	enum flat_metric metric;
	const char *source;
	const struct items *items;
	struct tablew *table;		/* TSV and binary */
	struct buf line;
};

struct knn_out *knn_out_new(struct sink *s, enum knn_format format, enum flat_metric metric, const char *source, const struct items *items, struct err *e)
{
	struct knn_out *w = mem_new(1, sizeof *w);

	*w = (struct knn_out){ .s = s, .format = format, .metric = metric, .source = source, .items = items };
	if ((format == KNN_TSV || format == KNN_BINARY) && !(w->table = tablew_new(s, "candidates", format == KNN_BINARY, e))) {
		knn_out_free(w);
		return NULL;
	}
	return w;
}

void knn_out_free(struct knn_out *w)
{
	if (!w)
		return;
	tablew_free(w->table);
	buf_release(&w->line);
	mem_free(w);
}

static int write_candidates(struct knn_out *w, struct str query, const struct knn_hit *hit, size_t n, struct err *e)
{
	struct str source = { w->source, strlen(w->source) };

	for (size_t i = 0; i < n; i++) {
		buf_reset(&w->line);
		buf_put_f32(&w->line, hit[i].score);
		if (tablew_candidate(w->table, query, hit[i].id, (struct str){ w->line.p, w->line.len }, source, e))
			return e->code;
	}
	return 0;
}

/* ---- TREC ---- */

/* put_word - text as one word. No text is "%", which no other becomes. */
static void put_word(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= 0x20 || c == 0x7f || c == '%')
			buf_printf(b, "%%%02X", c);
		else
			buf_putc(b, (char)c);
	}
	if (!s.len)
		buf_putc(b, '%');
}

static int write_trec(struct knn_out *w, struct str query, const struct knn_hit *hit, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		buf_reset(&w->line);
		put_word(&w->line, query);
		buf_puts(&w->line, " Q0 ");
		put_word(&w->line, hit[i].id);
		buf_printf(&w->line, " %zu ", i + 1);
		buf_put_f32(&w->line, hit[i].score);
		buf_putc(&w->line, ' ');
		put_word(&w->line, (struct str){ w->source, strlen(w->source) });
		buf_putc(&w->line, '\n');
		if (sink_write(w->s, w->line.p, w->line.len, e))
			return e->code;
	}
	return 0;
}

/* ---- JSON ---- */

double knn_similarity(enum flat_metric metric, float score)
{
	double s = score;

	if (metric == FLAT_L2)
		return s < 0 ? 1 / (1 - s) : 1;
	if (metric == FLAT_IP)		/* exp of what is below 0 only: it cannot overflow */
		return s < 0 ? fm_exp(s) / (1 + fm_exp(s)) : 1 / (1 + fm_exp(-s));
	return s < -1 ? 0 : s > 1 ? 1 : (1 + s) / 2;
}

static void put_member(struct buf *b, const char *name, struct str v)
{
	if (!v.len)
		return;
	buf_printf(b, ",\"%s\":", name);
	json_put(b, v.p, v.len);
}

static void put_entry(struct knn_out *w, struct str id)
{
	struct buf *b = &w->line;
	double seconds;

	buf_puts(b, "{\"entry\":{\"id\":");
	json_put(b, id.p, id.len);
	if (w->items) {
		uint32_t i = vocab_find(&w->items->id, id.p, id.len);
		if (i != VOCAB_NONE) {
			const struct str *row = w->items->row[i];
			put_member(b, "title", row[ITEM_TITLE]);
			put_member(b, "artist", row[ITEM_CREATOR]);
			put_member(b, "album", row[ITEM_GROUP]);
			if (scan_f64(row[ITEM_SECONDS].p, row[ITEM_SECONDS].len, &seconds) && seconds >= 0 && seconds <= 0x1p53)
				buf_printf(b, ",\"duration\":%llu", (unsigned long long)seconds);
			put_member(b, "type", row[ITEM_KIND]);
		}
	}
	buf_puts(b, ",\"isDir\":false},\"similarity\":");
}

static int write_sonic(struct knn_out *w, struct str query, const struct knn_hit *hit, size_t n, struct err *e)
{
	buf_reset(&w->line);
	buf_puts(&w->line, "{\"query\":");
	json_put(&w->line, query.p, query.len);
	buf_puts(&w->line, ",\"sonicMatch\":[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(&w->line, ',');
		put_entry(w, hit[i].id);
		buf_put_f32(&w->line, (float)knn_similarity(w->metric, hit[i].score));
		buf_putc(&w->line, '}');
	}
	buf_puts(&w->line, "]}\n");
	return sink_write(w->s, w->line.p, w->line.len, e);
}

int knn_out_query(struct knn_out *w, struct str query, const struct knn_hit *hit, size_t n, struct err *e)
{
	return w->format == KNN_SONIC ? write_sonic(w, query, hit, n, e) : w->format == KNN_TREC ? write_trec(w, query, hit, n, e) : write_candidates(w, query, hit, n, e);
}

int knn_out_finish(struct knn_out *w, const struct prov *p, struct err *e)
{
	return w->table ? tablew_finish(w->table, p, e) : 0;
}
