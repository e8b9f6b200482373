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
	struct knn_out *o = mem_new(1, sizeof *o);

	*o = (struct knn_out){ .s = s, .format = format, .metric = metric, .source = source, .items = items };
	if ((format == KNN_TSV || format == KNN_BINARY) && !(o->table = tablew_new(s, "candidates", format == KNN_BINARY, e))) {
		knn_out_free(o);
		return NULL;
	}
	return o;
}

void knn_out_free(struct knn_out *o)
{
	if (!o)
		return;
	tablew_free(o->table);
	buf_release(&o->line);
	mem_free(o);
}

static int write_candidates(struct knn_out *o, struct str query, const struct knn_hit *hit, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		buf_reset(&o->line);
		tsv_put(&o->line, query.p, query.len);
		buf_putc(&o->line, '\t');
		tsv_put(&o->line, hit[i].id.p, hit[i].id.len);
		buf_putc(&o->line, '\t');
		buf_put_f32(&o->line, hit[i].score);
		buf_putc(&o->line, '\t');
		tsv_put(&o->line, o->source, strlen(o->source));
		if (tablew_row(o->table, o->line.p, o->line.len, e))
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

static int write_trec(struct knn_out *o, struct str query, const struct knn_hit *hit, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		buf_reset(&o->line);
		put_word(&o->line, query);
		buf_puts(&o->line, " Q0 ");
		put_word(&o->line, hit[i].id);
		buf_printf(&o->line, " %zu ", i + 1);
		buf_put_f32(&o->line, hit[i].score);
		buf_putc(&o->line, ' ');
		put_word(&o->line, (struct str){ o->source, strlen(o->source) });
		buf_putc(&o->line, '\n');
		if (sink_write(o->s, o->line.p, o->line.len, e))
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

static void put_entry(struct knn_out *o, struct str id)
{
	struct buf *b = &o->line;
	double seconds;

	buf_puts(b, "{\"entry\":{\"id\":");
	json_put(b, id.p, id.len);
	if (o->items) {
		uint32_t i = vocab_find(&o->items->id, id.p, id.len);
		if (i != VOCAB_NONE) {
			const struct str *row = o->items->row[i];
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

static int write_sonic(struct knn_out *o, struct str query, const struct knn_hit *hit, size_t n, struct err *e)
{
	buf_reset(&o->line);
	buf_puts(&o->line, "{\"query\":");
	json_put(&o->line, query.p, query.len);
	buf_puts(&o->line, ",\"sonicMatch\":[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(&o->line, ',');
		put_entry(o, hit[i].id);
		buf_put_f32(&o->line, (float)knn_similarity(o->metric, hit[i].score));
		buf_putc(&o->line, '}');
	}
	buf_puts(&o->line, "]}\n");
	return sink_write(o->s, o->line.p, o->line.len, e);
}

int knn_out_query(struct knn_out *o, struct str query, const struct knn_hit *hit, size_t n, struct err *e)
{
	return o->format == KNN_SONIC ? write_sonic(o, query, hit, n, e) : o->format == KNN_TREC ? write_trec(o, query, hit, n, e) : write_candidates(o, query, hit, n, e);
}

int knn_out_finish(struct knn_out *o, const struct prov *p, struct err *e)
{
	return o->table ? tablew_finish(o->table, p, e) : 0;
}
