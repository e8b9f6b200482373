/*
 * column - numbers of one kind, packed as taste-format(5) lays out: a byte saying how, a varint length, the bytes. The general packer (zlib) comes after.
 */
#ifndef TASTE_COLUMN_H
#define TASTE_COLUMN_H

#include "../base/buf.h"

/* column_put - append v[n] in the packing that is smallest before zlib; ties go to the earlier in the list. tmp is scratch. */
void column_put(struct buf *b, const uint64_t *v, size_t n, struct buf *tmp);
/* column_put_f64 - 8 planes of the bits, low byte first. */
void column_put_f64(struct buf *b, const double *v, size_t n);

struct cursor { const unsigned char *p, *end; };
/* column_get - undo column_put into out[n] and move on. NULL, or a sentence about what does not fit exactly. */
const char *column_get(struct cursor *c, uint64_t *out, size_t n);
const char *column_get_f64(struct cursor *c, double *out, size_t n);

#endif
