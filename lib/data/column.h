/*
 * column - numbers of one kind, packed as taste-format(5) lays out: a byte saying how, a varint length, the bytes. The general packer (zlib) comes after.
 */
#ifndef TASTE_COLUMN_H
#define TASTE_COLUMN_H

#include "../base/buf.h"

/*
 * column_put - append v[n], n <= 65536, in the packing that promises to be smallest once the packer has been over it: up to 4096 values from four places are packed in each
 * way, and the bytes that come out are counted (what Huffman codes would make of them). tmp is scratch, and takes 20 bytes a value.
 */
void column_put(struct buf *b, const uint64_t *v, size_t n, struct buf *tmp);
/* column_put_f64 - 8 planes of the bits, low byte first. */
void column_put_f64(struct buf *b, const double *v, size_t n);

struct cursor { const unsigned char *p, *end; };
/* column_get - undo column_put into out[n] and move on. NULL, or a sentence about what does not fit exactly. */
const char *column_get(struct cursor *c, uint64_t *out, size_t n);
const char *column_get_f64(struct cursor *c, double *out, size_t n);

#endif
