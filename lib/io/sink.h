/*
 * sink - bytes out, with nothing torn and nothing lost: "-" is stdout; a path is written beside itself under a temporary name, synced and renamed when closed, so that it appears whole or not at
 * all. Abandoning it leaves the old file as it was.
 *
 * Errors stick: the first is kept and returned again. One thread per handle.
 */
#ifndef TASTE_SINK_H
#define TASTE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include "../base/buf.h"
#include "../base/err.h"

struct sink;

/*
 * sink_open - path or "-". NULL with *e set. Of a link the file it leads to is replaced, or made. What is no regular file, and an open descriptor (sink_descriptor), is
 * written where it stands. A file that is replaced leaves its owner, group and mode to the new one; where that may not have the group, all others' rights are the group's.
 */
struct sink *sink_open(const char *path, struct err *e);
/* sink_descriptor - the open descriptor that path names: 1 for "-", or /dev/stdout, /dev/stderr, /dev/fd/N, /proc/self/fd/N, or a link to such; else -1. */
int sink_descriptor(const char *path);
bool sink_is_stdout(const char *path);			/* is it 1? */
/* sink_end - where the links end that path is, also when no file is there yet, or at the name of an open descriptor: for mem_free; NULL when it cannot be told. */
char *sink_end(const char *path);
/* sink_open_memory - behind what is in *to, which outlives the sink; sink_close only frees. */
struct sink *sink_open_memory(const char *name, struct buf *to);
/* sink_write - buffered; 0 or <0 (then it stays failed). A reader that is gone ends the process the way SIGPIPE would. */
int sink_write(struct sink *s, const void *p, size_t n, struct err *e);
int sink_flush(struct sink *s, struct err *e);
/* sink_settle - all of what sink_close does but the rename: what can fail for want of space or a sound disk. Nothing is written behind it. 0 or <0 (then it stays failed). */
int sink_settle(struct sink *s, struct err *e);
/* sink_close - flush, fsync and rename (a path) or check (stdout); frees s in any case. 0 or <0 with *e set ("NAME: No space left on device"). */
int sink_close(struct sink *s, struct err *e);
/* sink_abandon - remove the temporary, leave what was on disk; frees s. Takes NULL. */
void sink_abandon(struct sink *s);
const char *sink_name(const struct sink *s);		/* the path, "(standard output)" */
bool sink_is_tty(const struct sink *s);

#endif
