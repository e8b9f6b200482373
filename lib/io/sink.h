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
 * sink_open - path or "-". NULL with *e set. Of a link the file it leads to is replaced, or made. What is no regular file, and an open descriptor named as
 * /dev/stdout, /dev/stderr, /dev/fd/N or /proc/self/fd/N, is written where it stands.
 */
struct sink *sink_open(const char *path, struct err *e);
bool sink_is_stdout(const char *path);			/* does it name standard output? */
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
