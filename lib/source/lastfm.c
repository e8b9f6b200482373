/*
 * lastfm - the research sets made from Last.fm, told apart by their columns.
 *   1K (Celma 2010)   userid time artid artname traid traname     an event a play; the item is the track
 *   360K (the same)   usersha1 artmbid artname plays              a row a pair; the item is the artist
 *   HetRec 2011       userID artistID weight, with that header    likewise; artists.dat holds the names
 * A count of plays is not a play: its event is `plays`, its value the count.
 */
#include <string.h>

#include "kind.h"

int lastfm_start(struct source *s, struct err *e)
{
	struct str l;
	int r = source_first_line(s, &l, e);
	size_t tabs = 0;

	if (r != SOURCE_ROW)
		return r;
	for (size_t i = 0; i < l.len; i++)
		tabs += l.p[i] == '\t';
	source_lines(s, ROW_TSV_RAW);
	s->event = s->o->event ? s->o->event : tabs == 5 ? "play" : "plays";
	s->item_kind = tabs == 5 ? "music" : "artist";
	if (tabs == 5) {
		source_columns(s, 6, 0, 4, 1, -1);
		s->at[WANT_ITEMS + ITEM_CREATOR] = 3;
		s->at[WANT_ITEMS + ITEM_TITLE] = 5;
		return SOURCE_ROW;
	}
	if (tabs == 3) {
		source_columns(s, 4, 0, 1, -1, 3);
		s->at[WANT_ITEMS + ITEM_TITLE] = s->at[WANT_ITEMS + ITEM_CREATOR] = 2;
		return SOURCE_ROW;
	}
	if (str_is(l, "userID\tartistID\tweight")) {
		source_columns(s, 3, 0, 1, -1, 2);
		return source_next_row(s, e);
	}
	return err_set(e, ERR_DATA, "%s:1: not a Last.fm set: neither 6 (1K) nor 4 (360K) tab-separated columns, nor the header userID artistID weight",
		       file_name(s->file));
}

/* lastfm_fill - a track or artist without an id goes by its name. */
void lastfm_fill(struct source *s, struct event *ev, struct source_item *it)
{
	struct str creator = it->col[ITEM_CREATOR], title = it->col[ITEM_TITLE];

	if (ev->item.len || !title.len)
		return;
	buf_reset(&s->name);
	if (creator.len && s->at[WANT_ITEMS + ITEM_CREATOR] != s->at[WANT_ITEMS + ITEM_TITLE]) {
		buf_put(&s->name, creator.p, creator.len);
		buf_puts(&s->name, " - ");
	}
	buf_put(&s->name, title.p, title.len);
	ev->item = (struct str){ s->name.p, s->name.len };
}

/* lastfm_catalogue - HetRec's artists.dat: id name url pictureURL, with a header. */
int lastfm_catalogue(struct source *s, struct items *to, struct err *e)
{
	int r;

	source_lines(s, ROW_TSV_RAW);
	while ((r = source_next_row(s, e)) == SOURCE_ROW) {
		if (s->n < 2 || !s->row[0].len)
			return source_bad(s, e, "%zu field%s: an artist has an id and a name", s->n, s->n == 1 ? "" : "s");
		if (s->line.no == 1 && str_is(s->row[0], "id"))
			continue;
		struct str *row = source_add_item(to, s->row[0]);
		if (!row)
			continue;
		row[ITEM_KIND] = (struct str){ "artist", 6 };
		row[ITEM_TITLE] = row[ITEM_CREATOR] = source_utf8(to, s->row[1]);
	}
	return r;
}
