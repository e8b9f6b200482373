/*
 * listen - what a row of somebody's log says of one listen, before it is an event: what it is called, how long it lasts, how it ended. Which name becomes the item's id and
 * what counts as a listen are the user's choice, made here, the same for every source.
 */
#ifndef TASTE_LISTEN_H
#define TASTE_LISTEN_H

#include "../base/buf.h"
#include "../data/event.h"
#include "../data/items.h"

struct listen {
	struct event ev;		/* item: the source's own id, may be empty; time: when it began; value: of a play or skip the seconds heard */
	struct str col[ITEM_COLUMNS];	/* what the row says of its item; empty where it says nothing */
	struct str mbid;		/* MusicBrainz recording id */
	double length;			/* seconds the item lasts; NaN unknown */
	bool is_incognito;
	bool is_finished;		/* it ended by itself */
};

enum listen_key { KEY_URI, KEY_NAME, KEY_MBID };
/*
 * listen_key - give l->ev.item the id of that kind; where the row has none, the next of uri, name, mbid. *b backs a name and lives as long as the id is used. False when the row
 * names its item in no way.
 *   name   "creator - title", in Unicode NFC and case-folded; the title alone where there is no creator. A hyphen that stands alone within one of the two is
 *          doubled (and two become three), so that two names never meet: A - B by C is not B by C - A.
 */
bool listen_key(struct listen *l, enum listen_key k, struct buf *b);
/* listen_fold - append s in NFC, case-folded; bytes that are not UTF-8 as they are; of more than 4096 bytes only A to Z is folded. */
void listen_fold(struct buf *b, struct str s);

enum listen_rule { RULE_ALL, RULE_LISTENBRAINZ, RULE_LASTFM };
struct listen_filter { enum listen_rule rule; double min_seconds; bool drops_incognito; };
/*
 * listen_counts - NULL, or the word for why the row is left out. Rows that are no plays or skips always count. A row that counts by a rule other than RULE_ALL is a play, for the rule has
 * said so: *l is made one.
 *   RULE_LISTENBRAINZ   not incognito; 30 seconds heard, or it ended by itself; where the seconds are not known, not a skip (listenbrainz-server's importer)
 *   RULE_LASTFM         longer than 30 seconds, and half of it or 4 minutes heard; where the length is not known, 30 seconds heard; where the seconds are not
 *                       known, as the service counted it: not a skip (last.fm/api/scrobbling)
 */
const char *listen_counts(struct listen *l, const struct listen_filter *f);

#endif
