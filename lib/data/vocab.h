/*
 * vocab - strings to numbers and back, numbered in order of first sight. Strings are any bytes (NUL too), kept exactly. Open addressing over a
 * table of (hash, id); the hash is XXH3-64. Memory: 27 to 53 bytes a string + the string and a NUL (below 768 strings more: up to 16 KB of slots).
 * At most 2^32 - 2 strings. Not thread-safe to add; safe to look up.
 */
#ifndef TASTE_VOCAB_H
#define TASTE_VOCAB_H

#include "../base/arena.h"
#include "../io/tsv.h"

#define VOCAB_NONE UINT32_MAX

struct vocab {
	struct str *str;		/* [n] */
	size_t n, cap;
	uint64_t *slot;			/* [n_slots] (hash & ~0xffffffff) | id + 1; 0 empty */
	size_t n_slots;			/* power of two */
	struct arena bytes;
};

void vocab_release(struct vocab *v);		/* zeroed is empty */
void vocab_reset(struct vocab *v);		/* forget the strings, keep the memory */
/* vocab_add - the number of p, a new one when it was not there. */
uint32_t vocab_add(struct vocab *v, const char *p, size_t len);
/* vocab_add_many - out[i] = vocab_add(s[i]), for i = 0, 1, ...; faster once the table is larger than the cache, as the look-ups wait for memory together. */
void vocab_add_many(struct vocab *v, const struct str *s, size_t n, uint32_t *out);
/* vocab_find - its number or VOCAB_NONE. */
uint32_t vocab_find(const struct vocab *v, const char *p, size_t len);
/* vocab_number - that of s: its number or VOCAB_NONE where the table is kept as it is, else a new one when it was not there. */
static inline uint32_t vocab_number(struct vocab *v, struct str s, bool is_kept)
{
	return is_kept ? vocab_find(v, s.p, s.len) : vocab_add(v, s.p, s.len);
}
/* A file's dictionary, which grows as it is read, to numbers of ours: zeroed is empty, n = 0 begins another one, mem_free(to). vocab_follow - up to its s[n]. */
struct vocab_remap { uint32_t *to; size_t n, cap; };
void vocab_follow(struct vocab_remap *m, const struct str *s, size_t n, struct vocab *v, bool is_kept);
/* vocab_rank - out[id] = place of id when all strings are sorted by bytes: the order in which ties break. out [n]. */
int vocab_rank(const struct vocab *v, uint32_t *out, struct err *e);
/* str_cmp - byte order, shorter first when one is the beginning of the other. */
int str_cmp(struct str a, struct str b);

#endif
