/*
 * about - what -V prints, and a bug report needs: version, features, compiler, processor, libraries as they are and as they were when the program was built.
 */
#ifndef TASTE_ABOUT_H
#define TASTE_ABOUT_H

#include "../base/buf.h"

/* about_put - append it. threads 0: one for each CPU. */
void about_put(struct buf *b, const char *program, int threads);

#endif
