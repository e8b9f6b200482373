/*
 * world_words - what is called how in a world: names of creators, albums, shows, books and items, put together by chance out of a few hundred words.
 *
 * Nothing is kept: each call appends to b, or gives a word that lives for ever. The order of draws from r is part of what a seed means.
 */
#ifndef TASTE_WORLD_WORDS_H
#define TASTE_WORLD_WORDS_H

#include "situation.h"

enum { WORDS_GENRES = 12 };	/* of each kind */

/* words_creator - a band, a show or a writer; two may come out the same. */
void words_creator(enum world_kind k, struct pcg32 *r, struct buf *b);
/* words_group - the title of an album, or of a book; a show is called as its creator. */
void words_group(enum world_kind k, const char *creator, struct pcg32 *r, struct buf *b);
/* words_item - of the place (from 0) in the group. */
void words_item(enum world_kind k, const char *creator, const char *group, uint32_t place, struct pcg32 *r, struct buf *b);
/* words_user - the id of listener u: first names in turn, then with a number. */
void words_user(size_t u, struct buf *b);

const char *words_kind(enum world_kind k);
const char *words_genre(enum world_kind k, int genre);
/* words_mood - a word for a direction of taste, 0 .. 7, one way or the other. */
const char *words_mood(enum world_kind k, int direction, bool is_other_way);

#endif
