/*
 * evsort - put an events stream in order in bounded memory: a merge sort that spills to a scratch file when there are more events than fit.
 *
 *   struct evsort *s = evsort_new(EVSORT_USER, 1 << 30, &e);
 *   while (eventr_next(r, &ev, &e) == 1)
 *           evsort_add(s, &ev, &e);
 *   while (evsort_next(s, &ev, &e) == 1)
 *           eventw_write(w, &ev, &e);
 *   evsort_free(s);
 *
 * The result is the same whatever the memory, and stable: events that are alike in the key come out as they were added. Ids, kinds and contexts may hold any bytes,
 * and an event comes out bit for bit, but that every NaN becomes VALUE_NONE.
 *
 * How. Events are kept as compact records (lengths and times as varints, what is missing takes nothing: 30 to 60 bytes for the usual log). When memory is full they
 * are sorted through an index of 8-byte keys and written as one run, in writes of up to 256 KiB, to one scratch file without a name in tmp_dir(), that is where -T or
 * TMPDIR says. In the end all runs are merged by a tree of losers. When there are more runs than read buffers, neighbours are merged first, no more of them than
 * needed, and the disk space of what was merged is given back. As long as everything fits in memory nothing touches the disk and no scratch file is made.
 * Times are sorted by radix; for users what is in order of time is then sorted by radix on seven bytes of the id at a time, followed by how many there were; groups
 * of few and ids alike in their first 448 bytes are compared whole.
 *
 * Memory: one allocation of `memory` bytes, made by evsort_new, is the bound; everything lives in it one after the other:
 *   adding, sorting	| output, 1/16, at most 256 KiB | records -> | free | keys 8n, 8n | index 4n, 4n |	full when these meet: 24 bytes an event
 *   merging		| output | readers, tree | read buffers, 64 KiB to 1 MiB each |
 * Pages that were never used are never touched. Beside it: 16 bytes a run (each run holds about `memory` bytes of records); while merging, the longest event longer
 * than a read buffer, once; and user ids longer than a read buffer, one a run; 4 bytes an event of ids that are compared whole. An event that is longer than `memory` is written from where the caller has it.
 * Time: adding and sorting are linear in the bytes, merging takes log2(runs) comparisons an event; tests/b-event measures. Disk: what was added, written and read once
 * for each pass; at most about memory / 64 KiB runs are one pass, so with 64 MiB some 40 GB of records.
 *
 * Errors stick: the first is returned again by later calls. ERR_MEM, and ERR_SYS for the scratch file, with its directory and how much was written. What is read
 * back is checked for its shape, not by checksums. One thread per handle. The position in the scratch file is not used, descriptors are close-on-exec.
 * Source: Knuth, The Art of Computer Programming 3, 5.4.1 (tree of losers), 5.2.5 (radix).
 */
#ifndef TASTE_EVSORT_H
#define TASTE_EVSORT_H

#include "event.h"

enum evsort_key {
	EVSORT_TIME,		/* by time; events without one come first */
	EVSORT_USER,		/* by the bytes of the user's id as str_cmp has them, then as EVSORT_TIME */
};
enum { EVSORT_MEMORY_MIN = 64 << 10 };	/* less is taken as this much; below 1 MiB the read buffers are small (1/16) and it is for tests */

struct evsort;
/* evsort_new - memory in bytes. NULL with *e set when it cannot be had. */
struct evsort *evsort_new(enum evsort_key key, size_t memory, struct err *e);
/* evsort_add - one more event; its strings are copied. 0 or <0. Not after evsort_next. */
int evsort_add(struct evsort *s, const struct event *ev, struct err *e);
/* evsort_next - the next event in order; the first call ends adding and sorts. 1 an event, 0 the end (also when asked again), <0 error. Strings die at the next call. */
int evsort_next(struct evsort *s, struct event *ev, struct err *e);
uint64_t evsort_spilled(const struct evsort *s);	/* bytes written to the scratch file so far, all passes; 0: everything fitted */
void evsort_free(struct evsort *s);			/* takes NULL; at any time; the scratch file goes with it */

#endif
