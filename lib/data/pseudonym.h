/*
 * pseudonym - users' ids replaced by keyed hashes: BLAKE2b-128 (RFC 7693, libsodium) of the id under a key from a file, as 32 hex digits. The same key gives the same name, so
 * that logs made on different days join; without the key an id can be neither read off nor confirmed by guessing. Whoever has the key can confirm a guess: keep it
 * elsewhere than the log, or burn it. Two users meet with a chance below 2^-64 among 2^32. Memory: 100 bytes a user and the id.
 */
#ifndef TASTE_PSEUDONYM_H
#define TASTE_PSEUDONYM_H

#include "vocab.h"

struct pseudonyms;
/* pseudonyms_open - the key is all bytes of the file, 16 at least and 64 KiB at most. NULL with *e set. */
struct pseudonyms *pseudonyms_open(const char *key_file, struct err *e);
/* pseudonyms_of - the name for a user; lives until the next call. */
struct str pseudonyms_of(struct pseudonyms *p, struct str user);
void pseudonyms_close(struct pseudonyms *p);	/* wipes the key; takes NULL */

#endif
