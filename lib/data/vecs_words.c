/*
 * The formats whose rows have a name: TSV, word2vec as text and binary, GloVe.
 */
#include <string.h>

#include "vecs_in.h"
#include "../base/mem.h"
#include "../base/scan.h"
#include "../io/tsv.h"

enum { WORD_LOOK = 256, WORD_MAX = VECS_WORD_MAX + 1 };	/* bytes: most words and the blank behind them fit into the first, all into the second */

/* scan_head - "V D", perhaps with a blank behind. */
static bool scan_head(const char *p, size_t n, uint64_t *rows, uint64_t *d)
{
	n -= n && p[n - 1] == ' ';
	const char *blank = n ? memchr(p, ' ', n) : NULL;

	return blank && scan_u64(p, (size_t)(blank - p), rows) && scan_u64(blank + 1, n - (size_t)(blank + 1 - p), d);
}

size_t vecs_words_first(const unsigned char *p, size_t n, uint64_t *rows, uint64_t *d)
{
	const unsigned char *nl = n ? memchr(p, '\n', n) : NULL;

	return nl && scan_head((const char *)p, (size_t)(nl - p), rows, d) ? (size_t)(nl - p) + 1 : 0;
}

/* ---- word2vec, binary ---- */

static int open_bin(struct vecs_in *r, struct err *e)
{
	unsigned char head[VECS_LOOK];
	const unsigned char *p;
	uint64_t n, d;
	int64_t got = file_peek(r->file, VECS_LOOK, &p, e);
	size_t len;

	if (got < 0)
		return (int)got;
	if (!(len = vecs_words_first(p, (size_t)got, &n, &d)))
		return err_set(e, ERR_DATA, "%s: it does not begin with a line of two numbers, how many vectors and how many components", file_name(r->file));
	if ((got = file_read(r->file, head, len, e)) < 0)
		return (int)got;
	if (vecs_in_set_head(r, n, d, e))
		return e->code;
	r->elem = ELEM_F32;
	vecs_in_hold_row(r);
	return 0;
}

/* pass_newline - the one that may stand behind a vector. */
static int pass_newline(struct vecs_in *r, struct err *e)
{
	const unsigned char *p;
	char nl;
	int64_t n = file_peek(r->file, 1, &p, e);

	if (n == 1 && *p == '\n')
		n = file_read(r->file, &nl, 1, e);
	return n < 0 ? (int)n : 0;
}

/* next_word - into r->id, and the blank behind it passed. 0 or <0. */
static int next_word(struct vecs_in *r, struct err *e)
{
	const unsigned char *p, *blank = NULL;
	int64_t n = 0;
	size_t len;

	for (int64_t look = WORD_LOOK; !blank && look <= WORD_MAX; look *= WORD_MAX / WORD_LOOK) {
		if ((n = file_peek(r->file, (size_t)look, &p, e)) < 0)
			return (int)n;
		blank = n ? memchr(p, ' ', (size_t)n) : NULL;
		if (!blank && n < look)
			return vecs_in_cut_short(r, e);
	}
	if (!blank)
		return err_set(e, ERR_DATA, "%s: vector %llu: its word is longer than %d bytes", file_name(r->file), vecs_in_no(r), WORD_MAX - 1);
	len = (size_t)(blank - p);
	if (!len || memchr(p, '\0', len))
		return err_set(e, ERR_DATA, "%s: vector %llu: %s", file_name(r->file), vecs_in_no(r), len ? "there is a NUL byte in its word" : "its word is empty");
	buf_reset(&r->id);
	char *to = buf_reserve(&r->id, len + 1);
	n = file_read(r->file, to, len + 1, e);
	r->id.len = len;
	return n < 0 ? (int)n : 0;
}

static int next_bin(struct vecs_in *r, struct str *id, struct err *e)
{
	if (r->no && pass_newline(r, e))
		return e->code;
	if (r->no == r->n)
		return vecs_in_at_end(r, e);
	if (next_word(r, e) || vecs_in_elems(r, e) != 1)
		return e->code;
	*id = (struct str){ r->id.p, r->id.len };
	return 1;
}

/* ---- text ---- */

static int next_line(struct vecs_in *r, struct err *e)
{
	bool has_line = r->has_line;

	r->has_line = false;
	return has_line ? 1 : line_next(r->line, e);
}

/* next_tsv - id and r->d components (0: any number, which it becomes). */
static int next_tsv(struct vecs_in *r, struct str *id, struct err *e)
{
	struct line *l = r->line;
	char clip[ERR_CLIP_MAX];
	const char *name = file_name(r->file);
	int got = next_line(r, e);

	if (got <= 0)
		return got;
	int64_t n = tsv_split(l, r->field, VECS_DIM_MAX + 1, e);
	unsigned long long no = l->no;
	if (n < 0)
		return (int)n;
	if (n < 2 || n > VECS_DIM_MAX + 1)
		return err_set(e, ERR_DATA, "%s:%llu: %lld field%s: a vector is an id and 1 to %d numbers", name, no, (long long)n, n == 1 ? "" : "s",
			       VECS_DIM_MAX);
	if (!r->field[0].len)
		return err_set(e, ERR_DATA, "%s:%llu: field 1: the id is empty", name, no);
	if (r->d && (size_t)n - 1 != r->d)
		return err_set(e, ERR_DATA, "%s:%llu: %lld components, the vectors before have %zu", name, no, (long long)n - 1, r->d);
	for (int64_t i = 1; i < n; i++)
		if (!scan_f32(r->field[i].p, r->field[i].len, &r->row[i - 1]))
			return err_set(e, ERR_DATA, "%s:%llu: field %lld: '%s' is not a finite number", name, no, (long long)i + 1,
				       err_clip(clip, r->field[i].p, r->field[i].len));
	r->d = (size_t)n - 1;
	*id = r->field[0];
	return 1;
}

/* open_text - the first line, "V D". */
static int open_text(struct vecs_in *r, struct err *e)
{
	char clip[ERR_CLIP_MAX];
	uint64_t n, d;
	int got = next_line(r, e);

	if (got < 0)
		return got;
	if (!got || !scan_head(r->line->p, r->line->len, &n, &d))
		return err_set(e, ERR_DATA, "%s:1: '%s' is not two numbers, how many vectors and how many components", file_name(r->file),
			       err_clip(clip, got ? r->line->p : "", got ? r->line->len : 0));
	return vecs_in_set_head(r, n, d, e);
}

/* last_blank - where the last field of p[0..n) begins, its blank; NULL: there is but one. */
static const char *last_blank(const char *p, size_t n)
{
	return n ? memrchr(p, ' ', n) : NULL;
}

static size_t count_blanks(const char *p, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += p[i] == ' ';
	return k;
}

/* count_numbers - fields at the end of p[0..n) that are numbers, of those behind the first; 0 when a blank stands before them and no word. */
static size_t count_numbers(const char *p, size_t n)
{
	size_t k = 0;
	const char *blank;
	float v;

	for (; (blank = last_blank(p, n)) && scan_f32(blank + 1, n - (size_t)(blank + 1 - p), &v); n = (size_t)(blank - p))
		k++;
	return n && p[n - 1] == ' ' ? 0 : k;
}

/*
 * next_text - a word and r->d numbers (0: as many as there are at the end, which it becomes), parted by single blanks. Numbers are taken from the end: some of the published GloVe files have words
 * with blanks in them (". . ."). What stands before the numbers is the word unless it ends in one more number: then the line is of another width.
 */
static int next_text(struct vecs_in *r, struct str *id, struct err *e)
{
	struct line *l = r->line;
	const char *name = file_name(r->file), *blank;
	char clip[ERR_CLIP_MAX];
	int got = next_line(r, e);
	float more;

	if (got < 0)
		return got;
	if (!got)
		return r->has_n && r->no < r->n ? vecs_in_cut_short(r, e) : 0;
	unsigned long long no = l->no;
	if (r->has_n && r->no == r->n)
		return err_set(e, ERR_DATA, "%s:%llu: the first line says that there are %llu vectors", name, no, (unsigned long long)r->n);
	const char *p = l->p;
	size_t n = l->len - (l->len && p[l->len - 1] == ' '), d = r->d ? r->d : count_numbers(p, n), have;
	have = d = d ? d : count_blanks(p, n);
	if (d < 1 || d > VECS_DIM_MAX)
		return err_set(e, ERR_DATA, "%s:%llu: %zu components: a vector is a word and 1 to %d numbers", name, no, d, VECS_DIM_MAX);
	for (size_t j = d; j-- > 0; n = (size_t)(blank - p)) {
		if (!(blank = last_blank(p, n))) {
			have = d - 1 - j;
			break;
		}
		size_t at = (size_t)(blank + 1 - p);
		if (!scan_f32(p + at, n - at, &r->row[j]))
			return err_set(e, ERR_DATA, "%s:%llu: component %zu: '%s' is not a finite number", name, no, j + 1, err_clip(clip, p + at, n - at));
	}
	if (have == d && (blank = last_blank(p, n)) && scan_f32(blank + 1, n - (size_t)(blank + 1 - p), &more))
		have = d + 1;
	if (have != d)
		return err_set(e, ERR_DATA, "%s:%llu: %s components than %zu, which %s", name, no, have < d ? "fewer" : "more", d,
			       r->has_n ? "the first line says" : "the vectors before have");
	if (!n || memchr(p, '\0', n))
		return err_set(e, ERR_DATA, "%s:%llu: %s", name, no, n ? "there is a NUL byte in the word" : "the word is empty");
	r->d = d;
	r->no++;
	*id = (struct str){ p, n };
	return 1;
}

/* ---- one of them ---- */

int vecs_words_sniff(struct vecs_in *r, struct err *e)
{
	uint64_t rows, d;
	float v;
	int got = line_next(r->line, e);

	r->format = VECS_TSV;
	if (got <= 0)
		return got;
	r->has_line = true;
	const char *p = r->line->p;
	size_t n = r->line->len - (r->line->len && p[r->line->len - 1] == ' ');
	const char *blank = last_blank(p, n);
	if (!blank || memchr(p, '\t', n))
		return 0;
	if (scan_head(p, n, &rows, &d))
		r->format = VECS_W2V;
	else if (scan_f32(blank + 1, n - (size_t)(blank + 1 - p), &v))
		r->format = VECS_GLOVE;
	return 0;
}

int vecs_words_open(struct vecs_in *r, struct err *e)
{
	if (r->format == VECS_W2V_BIN)
		return open_bin(r, e);
	if (r->format == VECS_TSV)
		r->field = mem_new(VECS_DIM_MAX + 1, sizeof *r->field);
	r->row = mem_new(VECS_DIM_MAX, sizeof *r->row);
	return r->format == VECS_W2V ? open_text(r, e) : 0;
}

int vecs_words_next(struct vecs_in *r, struct str *id, struct err *e)
{
	if (r->format == VECS_W2V_BIN)
		return next_bin(r, id, e);
	return r->format == VECS_TSV ? next_tsv(r, id, e) : next_text(r, id, e);
}
