/* tabular - TSV, CSV and JSON of anybody's making: columns by --map, by their names, or by their place. */
#include <stdlib.h>
#include <string.h>

#include "kind.h"

/* find_name - the column of that name in the header at hand: 0 or <0; *at NOWHERE when none has it. */
static int find_name(const struct source *s, const char *name, size_t *at, struct err *e)
{
	return tsv_column(s->row, s->n, name, false, file_name(s->file), source_line(s), at, e);
}

/* from_map - the mapped columns: by name in the header at hand, or by number. */
static int from_map(struct source *s, bool by_name, struct err *e)
{
	int r = 0;

	for (size_t w = 0; w < WANTS && !r; w++) {
		const char *a = s->asked[w];
		s->at[w] = NOWHERE;
		if (!a || (by_name && (r = find_name(s, a, &s->at[w], e))) || s->at[w] != NOWHERE)
			continue;
		uint64_t column;
		bool is_number = scan_u64(a, strlen(a), &column) && column;
		if (by_name && (!is_number || column > s->n))
			r = source_bad(s, e, "no column is named '%.60s'", a);
		else
			s->at[w] = column - 1;
	}
	return r;
}

/* from_names - no map: the columns of a header go by our own names. */
static int from_names(struct source *s, struct err *e)
{
	int r = 0;

	for (size_t w = 0; w < WANT_CONTEXT_KEYS && !r; w++)
		r = find_name(s, source_want_name[w], &s->at[w], e);
	return r;
}

int tabular_start(struct source *s, struct err *e)
{
	bool has_map = s->o->map && *s->o->map;
	int r = s->kind->flags & SOURCE_IS_CSV ? source_csv(s, e) : source_lines(s, s->o->has_escapes ? ROW_TSV : ROW_TSV_RAW);

	if (r < 0)
		return r;
	if (!s->o->has_header) {
		s->is_first = true;		/* the first row says how many there are */
		return has_map && (r = from_map(s, false, e)) ? r : SOURCE_ROW;
	}
	if ((r = source_next_row(s, e)) != SOURCE_ROW)
		return r == SOURCE_REJECT ? ERR_DATA : r;
	s->n_expected = s->n;
	if ((r = has_map ? from_map(s, true, e) : from_names(s, e)) || (r = source_must_have(s, e)))
		return r;
	return SOURCE_ROW;
}

int jsonl_start(struct source *s, struct err *e)
{
	bool has_map = s->o->map && *s->o->map;
	size_t n = 0;

	for (size_t w = 0; w < WANTS; w++) {
		const char *a = has_map ? s->asked[w] : w < WANT_CONTEXT_KEYS ? source_want_name[w] : NULL;
		if (!a)
			continue;
		s->path[n] = a;
		s->at[w] = n++;
	}
	int r = source_must_have(s, e);
	return r ? r : source_json(s, NULL, n, e);
}
