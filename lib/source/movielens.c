/*
 * movielens - GroupLens' rating sets, as their READMEs describe them: ratings.dat (user::movie::rating::time), u.data (the same, tab-separated),
 * ratings.csv (with a header); movies.dat (id::title::genre|genre, Latin-1) and movies.csv (UTF-8).
 */
#include <string.h>

#include "kind.h"

static const char csv_head[] = "userId,movieId,rating,timestamp";

/* movielens_knows - digits::digits::..., or the header of the CSV. u.data is four numbers a line, which says nothing. */
bool movielens_knows(const char *p, size_t n)
{
	size_t i = 0, k = 0;

	if (n >= sizeof csv_head - 1 && !memcmp(p, csv_head, sizeof csv_head - 1))
		return true;
	while (i < n && p[i] >= '0' && p[i] <= '9')
		i++;
	while (i + 2 + k < n && p[i + 2 + k] >= '0' && p[i + 2 + k] <= '9')
		k++;
	return i && k && i + k + 4 < n && !memcmp(p + i, "::", 2) && !memcmp(p + i + 2 + k, "::", 2);
}

int movielens_start(struct source *s, struct err *e)
{
	struct str l;
	int r = source_first_line(s, &l, e);

	if (r != SOURCE_ROW)
		return r;
	s->event = s->o->event ? s->o->event : "rate";
	s->item_kind = "movie";
	source_columns(s, 4, 0, 1, 3, 2);
	if (str_is(l, csv_head)) {
		if ((r = source_csv(s, e)) != SOURCE_ROW)
			return r;
		return source_next_row(s, e);
	}
	if (memmem(l.p, l.len, "::", 2))
		return source_lines(s, ROW_COLONS);
	size_t tabs = 0;
	for (size_t i = 0; i < l.len; i++)
		tabs += l.p[i] == '\t';
	if (tabs == 3)
		return source_lines(s, ROW_TSV_RAW);
	return err_set(e, ERR_DATA, "%s:1: not a MovieLens rating file: neither user::movie::rating::time, nor four tab-separated columns, nor '%s'",
		       file_name(s->file), csv_head);
}

/* year_of - 1995 of "Toy Story (1995)"; empty when there is none. */
static struct str year_of(struct str title)
{
	struct str none = { "", 0 };

	while (title.len && title.p[title.len - 1] == ' ')
		title.len--;
	if (title.len < 6 || title.p[title.len - 1] != ')' || title.p[title.len - 6] != '(')
		return none;
	struct str year = { title.p + title.len - 5, 4 };
	for (int i = 0; i < 4; i++)
		if (year.p[i] < '0' || year.p[i] > '9')
			return none;
	return year;
}

static void add_movie(struct items *to, struct str id, struct str title, struct str genres)
{
	struct str *row = source_add_item(to, id), year = year_of(title);

	if (!row)
		return;
	row[ITEM_KIND] = (struct str){ "movie", 5 };
	row[ITEM_TITLE] = source_utf8(to, title);
	if (year.len)
		row[ITEM_RELEASED] = source_utf8(to, year);
	if (!genres.len || str_is(genres, "(no genres listed)"))
		return;
	genres = source_utf8(to, genres);
	char *p = (char *)(uintptr_t)genres.p;	/* our own copy */
	for (size_t i = 0; i < genres.len; i++)
		if (p[i] == '|')
			p[i] = ';';
	row[ITEM_TAGS] = genres;
}

int movielens_catalogue(struct source *s, struct items *to, struct err *e)
{
	struct str l;
	int r = source_first_line(s, &l, e);

	if (r != SOURCE_ROW)
		return r;
	if (str_is(l, "movieId,title,genres")) {
		if ((r = source_csv(s, e)) != SOURCE_ROW || (r = source_next_row(s, e)) != SOURCE_ROW)
			return r;
	} else {
		source_lines(s, ROW_COLONS);
	}
	while ((r = source_next_row(s, e)) == SOURCE_ROW) {
		if (s->n != 3 || !s->row[0].len)
			return source_bad(s, e, "%zu field%s: a movie is id::title::genres, or CSV with the header movieId,title,genres", s->n, s->n == 1 ? "" : "s");
		add_movie(to, s->row[0], s->row[1], s->row[2]);
	}
	return r;
}
