#include <string.h>

#include "npy.h"
#include "../base/scan.h"

enum { HEAD_MAX = 65535 };		/* bytes of header: what version 1 can say */

/* What is left of the header. */
struct cursor { const char *p, *end; };

struct fields { struct str descr; bool has_descr, has_order, has_shape, is_by_columns; uint64_t dim[2]; size_t n_dims; };

bool is_npy(const unsigned char *p, size_t n)
{
	return n && !memcmp(p, "\x93NUMPY", n < NPY_MAGIC ? n : NPY_MAGIC);
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r'))
		c->p++;
}

static bool take(struct cursor *c, const char *what)
{
	size_t n = strlen(what);

	skip_blanks(c);
	if ((size_t)(c->end - c->p) < n || memcmp(c->p, what, n))
		return false;
	c->p += n;
	return true;
}

static bool take_string(struct cursor *c, struct str *s)
{
	const char *quote = take(c, "'") ? "'" : take(c, "\"") ? "\"" : NULL;
	const char *end = quote ? memchr(c->p, *quote, (size_t)(c->end - c->p)) : NULL;

	if (!end)
		return false;
	*s = (struct str){ c->p, (size_t)(end - c->p) };
	c->p = end + 1;
	return true;
}

/* take_shape - "(3, 4)", "(3,)", "()"; Python 2 wrote "(3L, 4L)". */
static bool take_shape(struct cursor *c, struct fields *f)
{
	f->n_dims = 0;
	if (!take(c, "("))
		return false;
	while (!take(c, ")")) {
		uint64_t v;
		skip_blanks(c);
		const char *from = c->p;
		while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
			c->p++;
		if (!scan_u64(from, (size_t)(c->p - from), &v))
			return false;
		if (f->n_dims < 2)
			f->dim[f->n_dims] = v;
		f->n_dims++;
		take(c, "L");
		if (!take(c, ",") && (c->p == c->end || *c->p != ')'))
			return false;
	}
	return true;
}

static bool take_field(struct cursor *c, struct fields *f)
{
	struct str key;

	if (!take_string(c, &key) || !take(c, ":"))
		return false;
	if (str_is(key, "descr"))
		return f->has_descr = take_string(c, &f->descr);
	if (str_is(key, "fortran_order"))
		return f->has_order = (f->is_by_columns = take(c, "True")) || take(c, "False");
	return str_is(key, "shape") && (f->has_shape = take_shape(c, f));
}

/* take_fields - the whole literal. False also where a type is no string, as that of records: c then stands there. */
static bool take_fields(struct cursor *c, struct fields *f)
{
	if (!take(c, "{"))
		return false;
	while (!take(c, "}"))
		if (!take_field(c, f) || (!take(c, ",") && (c->p == c->end || *c->p != '}')))
			return false;
	skip_blanks(c);
	return c->p == c->end && f->has_descr && f->has_order && f->has_shape;
}

static int find_elem(struct npy *a, struct str descr)
{
	static const struct { const char *name; enum elem elem; } known[] = { { "<f4", ELEM_F32 }, { "<f8", ELEM_F64 }, { "<f2", ELEM_F16 }, { "|i1", ELEM_I8 }, { "|u1", ELEM_U8 } };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_is(descr, known[i].name)) {
			a->elem = known[i].elem;
			return 0;
		}
	return -1;
}

static int parse(struct npy *a, const char *name, const char *p, size_t n, struct err *e)
{
	struct cursor c = { p, p + n };
	struct fields f = { 0 };
	char clip[ERR_CLIP_MAX];

	if (!take_fields(&c, &f))
		return err_set(e, ERR_DATA, "%s: the npy header is not that of an array of numbers, at '%s'", name, err_clip(clip, c.p, (size_t)(c.end - c.p)));
	if (find_elem(a, f.descr))
		return err_set(e, ERR_DATA, "%s: its elements are '%s': <f4, <f8, <f2, |i1 and |u1 are read", name, err_clip(clip, f.descr.p, f.descr.len));
	if (f.n_dims != 2)
		return err_set(e, ERR_DATA, "%s: an array of %zu dimension%s: vectors are the rows of one with two", name, f.n_dims, f.n_dims == 1 ? "" : "s");
	if (f.is_by_columns)
		return err_set(e, ERR_DATA, "%s: the array is stored by columns (fortran_order): vectors are read by rows", name);
	a->n = f.dim[0];
	a->d = f.dim[1];
	return 0;
}

/* read_all - n bytes of the head, or a sentence. */
static int read_all(struct file *f, void *p, size_t n, struct err *e)
{
	int64_t got = file_read(f, p, n, e);

	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : err_set(e, ERR_DATA, "%s: the file ends within the npy header", file_name(f));
}

int npy_head(struct npy *a, struct file *f, struct err *e)
{
	const unsigned char *peek;
	unsigned char head[NPY_MAGIC + 6], text[HEAD_MAX];
	int64_t n = file_peek(f, NPY_MAGIC, &peek, e);
	int r;

	if (n < 0)
		return (int)n;
	if (n && !is_npy(peek, (size_t)n))
		return err_set(e, ERR_DATA, "%s: it does not begin as an npy file does", file_name(f));
	if ((r = read_all(f, head, NPY_MAGIC + 2, e)))
		return r;
	unsigned major = head[NPY_MAGIC], minor = head[NPY_MAGIC + 1];
	if (major < 1 || major > 3 || minor)
		return err_set(e, ERR_DATA, "%s: npy of version %u.%u: 1.0, 2.0 and 3.0 are read", file_name(f), major, minor);
	if ((r = read_all(f, head + NPY_MAGIC + 2, major == 1 ? 2 : 4, e)))
		return r;
	uint32_t len = head[NPY_MAGIC + 2] | (uint32_t)head[NPY_MAGIC + 3] << 8;
	if (major > 1)
		len |= (uint32_t)head[NPY_MAGIC + 4] << 16 | (uint32_t)head[NPY_MAGIC + 5] << 24;
	if (len > HEAD_MAX)
		return err_set(e, ERR_DATA, "%s: an npy header of %lu bytes: at most %d are read", file_name(f), (unsigned long)len, HEAD_MAX);
	if ((r = read_all(f, text, len, e)))
		return r;
	return parse(a, file_name(f), (const char *)text, len, e);
}
