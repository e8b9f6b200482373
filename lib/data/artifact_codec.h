/*
 * artifact_codec - what artifact.c, which reads, and artifact_write.c share: the head of a tensor: name, type, number of dimensions, dimensions. taste-format(5) has the table.
 */
#ifndef TASTE_ARTIFACT_CODEC_H
#define TASTE_ARTIFACT_CODEC_H

enum { TENSOR_HEAD = 64, NAME_MAX_BYTES = 32, DIMS = 3 };

#endif
