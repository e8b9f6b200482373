#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "utf8.h"

/* set_va - the sentence, and what stands behind it. Of one that is too long the middle goes: it begins with the file and ends with what is wrong. */
static void set_va(struct err *e, enum err_code code, const char *behind, const char *fmt, va_list ap)
{
	enum { ROOM = ERR_MSG_MAX - 1, HEAD = ROOM / 2, TAIL = ROOM - HEAD - 3 };
	va_list again;

	e->code = code;
	va_copy(again, ap);
	int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	size_t n_all = (size_t)(n < 0 ? 0 : n), n_behind = strlen(behind);
	char *all;
	if (n_all + n_behind <= ROOM) {
		memcpy(e->msg + n_all, behind, n_behind + 1);
	} else if ((all = malloc(n_all + n_behind + 1))) {
		vsnprintf(all, n_all + 1, fmt, again);
		memcpy(all + n_all, behind, n_behind + 1);
		memcpy(e->msg, all, HEAD);
		memcpy(e->msg + HEAD, "...", 3);
		memcpy(e->msg + HEAD + 3, all + n_all + n_behind - TAIL, TAIL + 1);
		free(all);
	}
	va_end(again);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (e && !e->code) {
		va_start(ap, fmt);
		set_va(e, code, "", fmt, ap);
		va_end(ap);
	}
	return code;
}

int err_sys(struct err *e, int errnum, const char *fmt, ...)
{
	char why[128];
	va_list ap;

	if (e && !e->code) {
		snprintf(why, sizeof why, ": %s", strerror(errnum));
		va_start(ap, fmt);
		set_va(e, ERR_SYS, why, fmt, ap);
		va_end(ap);
	}
	return ERR_SYS;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char old[ERR_MSG_MAX + 2];
	va_list ap;

	if (!e || !e->code)
		return 0;
	snprintf(old, sizeof old, ": %s", e->msg);
	va_start(ap, fmt);
	set_va(e, e->code, old, fmt, ap);
	va_end(ap);
	return e->code;
}

int err_at(struct err *e, const char *where, const char *fmt, va_list ap)
{
	if (e && !e->code) {
		set_va(e, ERR_DATA, "", fmt, ap);
		err_prefix(e, "%s", where);
	}
	return ERR_DATA;
}

int err_exit(enum err_code code)
{
	switch (code) {
	case ERR_NONE: return 0;
	case ERR_USAGE: return 2;
	case ERR_SYS: case ERR_MEM: return 3;
	default: return 4;
	}
}

/* n_shown - bytes of the printable UTF-8 character at p, 0 when there is none, or a control character. */
static size_t n_shown(const char *p, size_t len)
{
	unsigned char c = (unsigned char)*p, second = len > 1 ? (unsigned char)p[1] : 0;

	return c < 0x20 || c == 0x7f || (c == 0xc2 && second < 0xa0) ? 0 : utf8_len(p, len);
}

const char *err_clip(char out[ERR_CLIP_MAX], const char *p, size_t len)
{
	size_t i = 0, n = 0;

	while (i < len) {
		size_t k = n_shown(p + i, len - i), take = k ? k : 1;
		if (n + take > 40)
			break;		/* no half characters at the cut */
		if (k)
			memcpy(out + n, p + i, k);
		else
			out[n] = '?';
		n += take;
		i += take;
	}
	strcpy(out + n, i < len ? "..." : "");
	return out;
}
