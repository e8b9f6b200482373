#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "input.h"

const char *input_kind_name(enum block_kind k)
{
	switch (k) {
	case KIND_EVENTS: return "events";
	case KIND_TABLE: return "a table";
	case KIND_VECTORS: return "vectors";
	case KIND_MODEL: return "a model";
	case KIND_INDEX: return "an index";
	}
	return "something this program does not know";
}

int input_open(struct input *in, const char *path, enum blockr_flags flags, struct err *e)
{
	return input_open_file(in, file_open(path, e), flags, e);
}

int input_open_file(struct input *in, struct file *f, enum blockr_flags flags, struct err *e)
{
	*in = (struct input){ .file = f };
	if (!in->file)
		return e->code;
	int r = block_sniff(in->file, e);
	if (r > 0) {
		in->is_binary = true;
		in->blocks = blockr_new(in->file, flags);
		r = 0;
	} else if (!r) {
		file_digest_on(in->file);
		line_init(&in->line, in->file);
	}
	if (r < 0)
		input_close(in);
	return r;
}

void input_close(struct input *in)
{
	line_release(&in->line);
	blockr_free(in->blocks);
	file_close(in->file);
	prov_release(&in->prov);
	buf_release(&in->digests);
	*in = (struct input){ 0 };
}

void input_where(const struct input *in, struct buf *out)
{
	if (in->is_binary)
		buf_printf(out, "%s: block %llu at byte %llu", file_name(in->file), (unsigned long long)in->b.no, (unsigned long long)in->b.offset);
	else
		buf_printf(out, "%s:%llu", file_name(in->file), (unsigned long long)in->line.no);
}

int input_bad(const struct input *in, struct err *e, const char *fmt, ...)
{
	struct buf where = { 0 };
	char s[ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof s, fmt, ap);
	va_end(ap);
	input_where(in, &where);
	err_set(e, ERR_DATA, "%s: %s", where.p, s);
	buf_release(&where);
	return ERR_DATA;
}

int input_stick(struct input *in, int got, const struct err *e)
{
	if (got < 0 && !in->err.code)
		in->err = *e;
	return got;
}

int input_failed(const struct input *in, struct err *e)
{
	return in->err.code ? err_set(e, in->err.code, "%s", in->err.msg) : 0;
}

int input_block(struct input *in, enum block_kind kind, const char *what, struct err *e)
{
	for (;;) {
		int r = blockr_next(in->blocks, &in->b, e);
		switch (r) {
		case BLOCK_STREAM:
			if (in->b.kind != kind)
				return err_set(e, ERR_DATA, "%s holds %s, not %s", file_name(in->file), input_kind_name(in->b.kind), what);
			return 2;
		case BLOCK_STREAM_END:
			if (in->digests.len)
				buf_putc(&in->digests, ',');
			buf_printf(&in->digests, "taste:%s", in->b.digest);
			break;
		case BLOCK_BLOCK:
			if (in->b.type != BLOCK_PROV)
				return 1;
			if (prov_merge(&in->prov, in->b.p, in->b.n, e))
				return err_prefix(e, "%s", file_name(in->file));
			break;
		default:
			return r;
		}
	}
}

int input_unknown(const struct input *in, struct err *e)
{
	return in->b.flags & BLOCK_SKIPPABLE ? 0 : input_bad(in, e, "a block of a type this program does not know");
}

int input_prov(struct input *in, struct prov *p, struct buf *inputs, struct err *e)
{
	char hex[33];

	if (p && in->prov.text.len && prov_merge(p, in->prov.text.p, in->prov.text.len, e))
		return e->code;
	if (!inputs)
		return 0;
	if (inputs->len && (!in->is_binary || in->digests.len))
		buf_putc(inputs, ',');
	if (in->is_binary) {
		buf_put(inputs, in->digests.p, in->digests.len);
	} else {
		file_digest(in->file, hex);
		buf_printf(inputs, "xxh3:%s", hex);
	}
	return 0;
}
