/*
 * err - one complete sentence for everything that can go wrong.
 *
 * Library code never prints and never exits: it fills a struct err at the place where the facts
 * are known and returns a negative enum err_code. A program prints e.msg behind its own name and
 * exits with err_exit(). Callers add context only when they know more (err_prefix). The struct
 * lives with the caller; a zeroed one is "no error". Not shared between threads.
 */
#ifndef TASTE_ERR_H
#define TASTE_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* Here, for what is built has this header first of all. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "taste needs a little-endian processor: models and indexes are used in place, as they lie in the file"
#elif __SIZEOF_POINTER__ < 8
#error "taste needs a processor of 64 bits: files and their tensors are larger than 4 GB"
#endif

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE = -2,		/* an option or argument: exit 2 */
	ERR_SYS = -3,		/* the operating system said no: exit 3 */
	ERR_MEM = -4,		/* memory: exit 3 */
	ERR_DATA = -5,		/* input that is not what it should be: exit 4 */
	ERR_NUMERIC = -6,	/* NaN, infinity, a matrix that is not positive definite: exit 4 */
};

enum { ERR_MSG_MAX = 768, ERR_CLIP_MAX = 44 };

struct err {
	enum err_code code;
	char msg[ERR_MSG_MAX];	/* no final newline, no program name; of one that is too long the middle is "..." */
};

/* err_set - fill *e (NULL is allowed) unless it already holds an error: the first one wins.
 * Returns code, so that `return err_set(...)` reads well. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* err_sys - like err_set with ERR_SYS and ": strerror(errnum)" appended. */
int err_sys(struct err *e, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* err_at - like err_set with ERR_DATA, for what is wrong at a place: "WHERE: sentence". */
int err_at(struct err *e, const char *where, const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));

/* err_prefix - put "TEXT: " before the sentence in *e, keeping its code. Returns e->code. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* err_exit - the exit status of taste.7 for a code: 0, 2, 3 or 4. */
int err_exit(enum err_code code);

/* err_clip - offending text for a message: at most 40 bytes of p, unprintable bytes as '?',
 * "..." behind text that was cut. Writes into out and returns it. */
const char *err_clip(char out[ERR_CLIP_MAX], const char *p, size_t len);

#endif
