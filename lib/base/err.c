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

int err_at(struct err *e, const char *where, const char *fmt, va_list ap)
{
	if (e && !e->code) {
		set_va(e, ERR_DATA, fmt, ap);
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

/* n_shown - bytes of the printable UTF-8 character at p, 0 when there is none (control characters, a cut or overlong sequence, a surrogate). */
static size_t n_shown(const unsigned char *p, size_t len)
{
	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
	if (!n || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

const char *err_clip(char out[ERR_CLIP_MAX], const char *p, size_t len)
{
	size_t i = 0, n = 0;

	while (i < len) {
		size_t k = n_shown((const unsigned char *)p + i, len - i), take = k ? k : 1;
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
