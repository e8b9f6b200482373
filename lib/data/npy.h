/*
 * npy - the head of a numpy array file: what its elements are, how many rows and columns.
 *
 *   0  6  magic: 93 "NUMPY"
 *   6  1  major version: 1, 2 or 3        7  1  minor: 0
 *   8  2  bytes of header, little-endian; 4 bytes of it in versions 2 and 3
 *   then the header, a Python literal: {'descr': '<f4', 'fortran_order': False, 'shape': (n, d), } , with blanks so that the elements begin at a multiple of 64
 *   then n * d elements, row after row
 *
 * Keys may stand in any order. Other types, arrays that are not of two dimensions and those stored by columns are refused with a sentence.
 * Source: numpy.lib.format.
 */
#ifndef TASTE_NPY_H
#define TASTE_NPY_H

#include "../io/file.h"

enum elem { ELEM_F32, ELEM_F64, ELEM_F16, ELEM_I8, ELEM_U8, ELEM_I32 };		/* as they lie in a file, little-endian; an npy file of the last is refused */

struct npy { enum elem elem; uint64_t n, d; };

enum { NPY_MAGIC = 6 };	/* bytes */
/* is_npy - do these first bytes of a file, all of it when n < NPY_MAGIC, begin with the magic? */
bool is_npy(const unsigned char *p, size_t n);
/* npy_head - read it and no more: f then stands at the first element. 0 or <0. n and d are as the header says: nobody checked them against the file. */
int npy_head(struct npy *a, struct file *f, struct err *e);

#endif
