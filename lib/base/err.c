#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

static void set_va(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
	e->code = code;
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (e && !e->code) {
		va_start(ap, fmt);
		set_va(e, code, fmt, ap);
		va_end(ap);
	}
	return code;
}

int err_sys(struct err *e, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (e && !e->code) {
		va_start(ap, fmt);
		set_va(e, ERR_SYS, fmt, ap);
		va_end(ap);
		size_t n = strlen(e->msg);
		snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(errnum));
	}
	return ERR_SYS;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char old[ERR_MSG_MAX];
	va_list ap;

	if (!e || !e->code)
		return 0;
	memcpy(old, e->msg, sizeof old);
	va_start(ap, fmt);
	set_va(e, e->code, fmt, ap);
	va_end(ap);
	size_t n = strlen(e->msg);
	snprintf(e->msg + n, sizeof e->msg - n, ": %s", old);
	return e->code;
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

const char *err_clip(char out[ERR_CLIP_MAX], const char *p, size_t len)
{
	size_t n = len > 40 ? 40 : len;

	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)p[i] < 32 || p[i] == 127 ? '?' : p[i];
	/* do not leave half a UTF-8 character at the cut */
	if (len > n)
		while (n > 36 && ((unsigned char)out[n - 1] & 0xc0) == 0x80)
			n--;
	if (len > n && n && (unsigned char)out[n - 1] >= 0xc0)
		n--;
	strcpy(out + n, len > n ? "..." : "");
	return out;
}
