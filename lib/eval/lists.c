#include <string.h>

#include "lists.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../data/seqs.h"
#include "../io/line.h"

struct listr {
	enum list_format format;
	bool has_header;
	struct file *file;		/* one of the three */
	struct pairsr *pairs;
	struct tabler *table;
	struct line line;
	const struct str *field;	/* [n_fields] of the last ranked row */
	size_t n_fields;
};

struct listr *listr_open(const char *path, enum list_format f, bool has_header, struct err *e)
{
	static const char *const ranked[] = { "user", "item", "score" };
	struct listr *r = mem_new(1, sizeof *r);

	*r = (struct listr){ .format = f, .has_header = has_header };
	switch (f) {
	case LIST_RANKED:
		if ((r->table = tabler_open(path, NULL, has_header, e)))
			tabler_order(r->table, ranked, 3, e);
		break;
	case LIST_TRUTH:
	case LIST_GAINS:
		r->pairs = pairsr_open(path, has_header, e);
		break;
	default:
		if ((r->file = file_open(path, e)))
			line_init(&r->line, r->file);
	}
	if (!e->code)
		return r;
	listr_close(r);
	return NULL;
}

void listr_close(struct listr *r)
{
	if (!r)
		return;
	if (r->file)
		line_release(&r->line);
	file_close(r->file);
	pairsr_close(r->pairs);
	tabler_close(r->table);
	mem_free(r);
}

int listr_bad(const struct listr *r, struct err *e, const char *fmt, ...)
{
	struct buf where = { 0 };
	va_list ap;

	if (r->pairs)
		pairsr_where(r->pairs, &where);
	else if (r->table)
		tabler_where(r->table, &where);
	else
		buf_printf(&where, "%s:%llu", file_name(r->file), (unsigned long long)r->line.no);
	va_start(ap, fmt);
	err_at(e, where.p, fmt, ap);
	va_end(ap);
	buf_release(&where);
	return ERR_DATA;
}

static int number_field(const struct listr *r, struct str s, int column, const char *what, double *v, struct err *e)
{
	char clip[ERR_CLIP_MAX];

	if (scan_f64(s.p, s.len, v))
		return 1;
	return listr_bad(r, e, "field %d: '%s' is not a %s (a finite number)", column, err_clip(clip, s.p, s.len), what);
}

/* cut_at_blanks - how many fields a line has; f gets the first max. */
static size_t cut_at_blanks(const struct line *l, struct str *f, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < l->len;) {
		while (i < l->len && (l->p[i] == ' ' || l->p[i] == '\t'))
			i++;
		size_t from = i;
		while (i < l->len && l->p[i] != ' ' && l->p[i] != '\t')
			i++;
		if (i > from && n++ < max)
			f[n - 1] = (struct str){ l->p + from, i - from };
	}
	return n;
}

static int next_trec(struct listr *r, struct str *user, struct str *item, double *number, struct err *e)
{
	bool is_qrels = r->format == LIST_TREC_QRELS;
	size_t want = is_qrels ? 4 : 6, n;
	struct str f[6];
	int got = line_next(&r->line, e);

	if (got != 1)
		return got;
	if ((n = cut_at_blanks(&r->line, f, want)) != want)
		return listr_bad(r, e, "%zu fields, a %s line has %zu", n, is_qrels ? "qrels" : "run", want);
	*user = f[0];
	*item = f[2];
	return is_qrels ? number_field(r, f[3], 4, "relevance", number, e) : number_field(r, f[4], 5, "similarity", number, e);
}

static int next_ranked(struct listr *r, struct str *user, struct str *item, double *number, struct err *e)
{
	const struct str *f;
	size_t n;
	int got = tabler_next(r->table, &f, &n, e);

	if (got != 1)
		return got;
	r->field = f;
	r->n_fields = n;
	if (n < 3)
		return listr_bad(r, e, "%zu field%s: a ranked line has user, item and score", n, n == 1 ? "" : "s");
	if (!f[0].len || !f[1].len)
		return listr_bad(r, e, "the user or the item is empty");
	if (!r->has_header && tabler_line(r->table) == 1 && tsv_is_header(f, n))
		return listr_bad(r, e, TSV_HEADER);
	if (!r->has_header && pairs_is_event(f, n))
		return listr_bad(r, e, "an event, which has no score: fields 3 and 4 are a time and '%.*s' (a log is train or truth)", (int)f[3].len, f[3].p);
	*user = f[0];
	*item = f[1];
	return number_field(r, f[2], 3, "score", number, e);
}

int listr_next(struct listr *r, struct str *user, struct str *item, double *number, struct err *e)
{
	struct str third, kind;
	int got;

	if (r->file)
		return next_trec(r, user, item, number, e);
	if (r->table)
		return next_ranked(r, user, item, number, e);
	if ((got = pairsr_next(r->pairs, user, item, &third, e)) != 1)
		return got;
	*number = 1;
	if (r->format == LIST_GAINS && pairsr_is_event(r->pairs, &kind))
		return listr_bad(r, e, "an event, which has no gain");
	return r->format == LIST_GAINS ? number_field(r, third, 3, "gain", number, e) : 1;
}

bool listr_is_against(const struct listr *r)
{
	struct str kind;

	return r->pairs && pairsr_is_event(r->pairs, &kind) && seqs_is_against(kind);
}

bool listr_feature(const struct listr *r, const char *key, struct str *value)
{
	size_t len = strlen(key);

	for (size_t i = r->n_fields; i-- > 4;) {
		struct str f = r->field[i];
		if (f.len > len && f.p[len] == '=' && !memcmp(f.p, key, len)) {
			*value = (struct str){ f.p + len + 1, f.len - len - 1 };
			return true;
		}
	}
	return false;
}
