/*
 * tmp - temporary files: names that must not outlive the process, and scratch that has none. A sink registers its temporary when it makes it and takes it back
 * when it has renamed or removed it; whoever ends the process early (a signal handler, die) calls tmp_unlink_all.
 */
#ifndef TASTE_TMP_H
#define TASTE_TMP_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"

enum { TMP_FILES = 64 };

/* tmp_register - remember a path (copied). 0; -ENFILE when the table is full: the file is then only removed on the usual ways out; -ENOMEM when memory is out, after which there may
 * be no usual way: better have no such file. */
int tmp_register(const char *path);
void tmp_unregister(const char *path);
/*
 * tmp_appends - standard output, or whatever descriptor `to` is, stands at the end of a regular file whose first `size` bytes are to stay; fd is another one, open for writing to that
 * file. Whoever ends the process early then has tmp_unlink_all send what is still written to `to` nowhere, and cut the file. tmp_appended - what was written is whole: no longer. One file at a time:
 * of a second nothing is taken back.
 */
bool tmp_appends(int to, int fd, int64_t size);	/* is it remembered? */
void tmp_appended(void);
/* tmp_unlink_all - remove every registered file, take back what was appended. Safe in a signal handler. */
void tmp_unlink_all(void);

/* tmp_dir - where scratch files go: what tmp_dir_set was given (programs give it -T, else $TMPDIR), else /tmp. tmp_dir_set keeps the pointer; NULL forgets. */
const char *tmp_dir(void);
void tmp_dir_set(const char *dir);
/* tmp_open - an empty file in tmp_dir() that has no name: it is gone when closed, however the process ends. Open for reading and writing; the descriptor,
 * or <0 with *e set ("cannot make a scratch file in DIR: ..."). */
int tmp_open(struct err *e);

#endif
