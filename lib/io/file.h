/*
 * file - bytes in: a path, or "-" for stdin. gzip, and zstd where it was built in (HAVE_ZSTD), are recognised by their first bytes and unpacked on the fly (several members or frames one behind
 * another are one file; one cut short is an error). Regular uncompressed files can also be mapped.
 *
 * Errors stick: the first is kept and returned again. One thread per handle.
 */
#ifndef TASTE_FILE_H
#define TASTE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/buf.h"
#include "../base/err.h"

struct file;

/* file_open - NULL with *e set ("NAME: No such file or directory"). Directories are refused. */
struct file *file_open(const char *path, struct err *e);
/* file_open_memory - n bytes at p, which outlive the file, as one that file_map gives back; name is for messages. */
struct file *file_open_memory(const char *name, const void *p, size_t n);
void file_close(struct file *f);			/* takes NULL */
/* file_unopen - file_close for a file that was only peeked at: the next file_open of this path finds standard input, or a pipe that has a name, as it was. */
void file_unopen(struct file *f);
const char *file_name(const struct file *f);		/* the path, "(standard input)" for "-" */
const char *file_shown(const char *path);		/* the same before it is open */
/* file_read - up to n bytes; >0 how many, 0 at the end, <0 error. Short only at the end. */
int64_t file_read(struct file *f, void *p, size_t n, struct err *e);
/* file_read_some - the same, but it returns with what has come so far, so that a reader at a pipe or a terminal answers at once. 0 only at the end. */
int64_t file_read_some(struct file *f, void *p, size_t n, struct err *e);
/* file_peek - the next n bytes or fewer without taking them, n <= 64 KiB. *p is valid until the next call. Returns how many, <0 error. */
int64_t file_peek(struct file *f, size_t n, const unsigned char **p, struct err *e);
/* file_on_wait - call fn(ctx) before a read that would have to wait, on a pipe or a terminal: the moment to hand on what has been made of the input so far. */
void file_on_wait(struct file *f, void (*fn)(void *ctx), void *ctx);
uint64_t file_offset(const struct file *f);		/* bytes handed out so far (after unpacking) */
/* file_size - compressed bytes on disk and how many are consumed, for progress; 0 when unknown. */
uint64_t file_size(const struct file *f);
bool file_is_packed(const struct file *f);	/* once something was read or looked at: is it being unpacked? */
uint64_t file_consumed(const struct file *f);
/* file_map - the whole file as memory, when it is a plain uncompressed regular file from which nothing was read yet: true
 * and *p, *n. Otherwise false and reading goes on as ever. The mapping lives until file_close. */
bool file_map(struct file *f, const unsigned char **p, size_t *n);
/* file_map_taken - of a mapped file: what was not read yet counts as handed out. It goes into the digest, and the next read is at the end. */
void file_map_taken(struct file *f);
/* file_map_pass - the first n bytes of the mapping will not be read again soon: they may leave this process's memory. They stay readable. */
void file_map_pass(struct file *f, size_t n);
/* file_map_scattered - the n bytes at p, of the mapping, will be read here and there: what stands beside them need not be read from disk with them. */
void file_map_scattered(struct file *f, const void *p, size_t n);
/* file_digest - XXH3-128 of all (unpacked) bytes handed out so far, as 32 hex digits. Turned on by file_digest_on() before the first read. */
void file_digest_on(struct file *f);
void file_digest(const struct file *f, char out[33]);

#endif
