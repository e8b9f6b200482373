/*
 * break - a valid file with one thing in it broken, for trying readers with what gets past every checksum.
 *
 *	break --list FILE	the mutants, a line each: number TAB what is broken
 *	break K FILE > out	the one of number K
 *
 * A taste binary of any kind is taken apart: headers, blocks, lines of META and PROV, tensors and their descriptors, tables of ids, dictionaries and columns of
 * events, vectors, rows. One field becomes a wicked value, or one piece is missing, doubled, moved, longer or shorter; then lengths, sums of pages, of payloads, of
 * headers and the end block's are made right again, so that what a reader has to say comes from its own checks. The numbers are the same for the same file.
 * Anything else is JSON (begins with a brace or a bracket), a database of SQLite, npy, or lines of fields parted by TABs, else commas, else blanks.
 * FILE is trusted: it is what the programs wrote. Holds it whole. Used by scripts/break and t-break.sh.
 */
#define XXH_INLINE_ALL
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zlib.h>

#include "../lib/base/buf.h"
#include "../lib/base/mem.h"
#include "../lib/base/scan.h"
#include "../lib/data/artifact.h"
#include "../lib/data/column.h"

enum { PARTS_MAX = 4096, HEAD = 64, TENSOR_HEAD = 64, NAME_BYTES = 32 };

/* A header of a stream (type 0), a block, or an end block. */
struct part {
	uint32_t type, kind, codec, flags;
	uint64_t records;
	struct buf p;			/* payload, unpacked */
	struct buf stored;		/* if not empty: what is stored in place of what zlib makes of it */
	struct { size_t at, size; uint64_t v; } lie;	/* size bytes of its header, or behind it of its payload, that say something else */
	size_t offset, stored_n;	/* in the file that is made */
};

static struct part part[PARTS_MAX];
static size_t n_parts, at_part;		/* at_part: the one that is being broken */
static size_t cut = SIZE_MAX;		/* the file ends there: of 4 * part + 0 before it, 1 behind its header, 2 behind half its payload, 3 behind it without its padding */
static const char junk[] = "junk";
static bool has_junk;
static struct buf text;			/* of what is not a taste binary: the file */

/* ---- choosing ---- */

static long wanted = -1, n_mutants;
static bool is_made;
static jmp_buf made;

/* stop - for what reads the file to make titles and choices: what has just been broken is not read again. */
static void stop(void)
{
	if (is_made)
		longjmp(made, 1);
}

/* at - is it this one that is to be made? The caller breaks it then, and the next call does not return. */
static bool at(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static bool at(const char *fmt, ...)
{
	va_list ap;

	stop();
	if (wanted < 0) {
		va_start(ap, fmt);
		printf("%ld\t", n_mutants);
		vprintf(fmt, ap);
		putchar('\n');
		va_end(ap);
	}
	return is_made = n_mutants++ == wanted;
}

static void fail(const char *what)
{
	fprintf(stderr, "break: %s\n", what);
	_Exit(4);
}

/* ---- numbers ---- */

static uint64_t get(const void *p, size_t w)
{
	uint64_t v = 0;

	memcpy(&v, p, w);
	return v;
}

static void put(void *p, size_t w, uint64_t v) { memcpy(p, &v, w); }

/* replace - n bytes at `from` of b become the m at q. */
static void replace(struct buf *b, size_t from, size_t n, const void *q, size_t m)
{
	struct buf new = { 0 };

	buf_put(&new, b->p, from);
	buf_put(&new, q, m);
	buf_put(&new, b->p + from + n, b->len - from - n);
	buf_release(b);
	*b = new;
}

enum { WICKED = 14 };

/* wicked - values for a number of w bytes that is v; how many. */
static size_t wicked(uint64_t v, size_t w, uint64_t out[WICKED])
{
	uint64_t top = (uint64_t)1 << (8 * w - 1), max = top | (top - 1);
	const uint64_t to[WICKED] = { 0, 1, v - 1, v + 1, 2 * v, max, max - 1, top, top - 1, (uint64_t)1 << 31, (uint64_t)1 << 32, (uint64_t)1 << 61, v + ((uint64_t)1 << 62), 1000000 };
	size_t n = 0;

	for (size_t i = 0; i < WICKED; i++) {
		bool is_new = (to[i] & max) != v;
		for (size_t j = 0; j < n; j++)
			is_new &= out[j] != (to[i] & max);
		if (is_new)
			out[n++] = to[i] & max;
	}
	return n;
}

static void break_int(void *p, size_t w, const char *what)
{
	uint64_t v = get(p, w), to[WICKED];
	size_t n = wicked(v, w, to);

	for (size_t i = 0; i < n; i++)
		if (at("%s: %llu for %llu", what, (unsigned long long)to[i], (unsigned long long)v))
			put(p, w, to[i]);
}

static const double odd_number[] = { NAN, INFINITY, -INFINITY, -0.0, 0, 1e-45, 5e-324, -1, 1e30, -1e30, 3.4028234663852886e38, 1e300, -1e300 };

static void break_float(void *p, size_t w, const char *what)
{
	for (size_t i = 0; i < sizeof odd_number / sizeof *odd_number; i++) {
		double v = odd_number[i];
		float f = (float)v;
		if (at("%s: %g", what, v))
			memcpy(p, w == 8 ? (void *)&v : (void *)&f, w);
	}
}

/* ---- text: fields of lines ---- */

#define W(s) { s, sizeof s - 1 }
static const struct str odd_text[] = {
	W(""), W("0"), W("-1"), W("1"), W("+1"), W("0.5"), W("1e999"), W("-1e999"), W("nan"), W("inf"), W("-0"), W("1e-320"), W("1e300"), W("3e38"), W("0x10"), W("1,5"), W("2147483648"), W("4294967295"), W("4294967296"),
	W("9223372036854775807"), W("9223372036854775808"), W("-9223372036854775808"), W("18446744073709551616"), W("1e18"), W("65536"), W("253402300800"), W("9999-12-31T23:59:59Z"), W("1970-02-30T25:61:61Z"),
	W("0000-00-00"), W("a"), W("\0"), W("a\0b"), W("\xff\xfe"), W("\xc0\xaf"), W("\xed\xa0\x80"), W("\xef\xbb\xbf" "1"), W("\r"), W("a\rb"), W("\""), W("\"a"), W("a\"b"), W("\\"), W("\\x"), W("\\N"),
	W(" "), W("="), W(";=;"), W("k=v;k=w"), W("k=nan"), W("p=0"), W("p=1e-300"), W("p=nan"), W("1:1:1"), W(":"), W("qid:1"), W("#"), W("a\nb"), W("a\tb"), W("a\\tb\\n"),
};
enum { N_ODD_TEXT = sizeof odd_text / sizeof *odd_text };

/* show - of bytes, for a title. */
static const char *show(const char *p, size_t n, char out[64])
{
	size_t k = 0;

	stop();
	for (size_t i = 0; i < n && k < 50; i++)
		k += (size_t)snprintf(out + k, 64 - k, (unsigned char)p[i] >= ' ' && (unsigned char)p[i] < 127 ? "%c" : "\\x%02x", (unsigned char)p[i]);
	out[k] = '\0';
	return out;
}

static void fill(struct buf *b, char c, size_t n) { memset(buf_reserve(b, n), c, n); b->len += n; }

/* break_field - n bytes at `from` of b. */
static void break_field(struct buf *b, size_t from, size_t n, const char *what)
{
	static const struct { char c; size_t n; } long_text[] = { { '1', 400 }, { 'a', 70000 }, { ';', 5000 }, { 'a', 2000000 } };
	char was[64], is[64];

	for (size_t i = 0; i < N_ODD_TEXT; i++)
		if (at("%s: '%s' for '%s'", what, show(odd_text[i].p, odd_text[i].len, is), show(b->p + from, n, was)))
			replace(b, from, n, odd_text[i].p, odd_text[i].len);
	for (size_t i = 0; i < sizeof long_text / sizeof *long_text; i++)
		if (at("%s: %zu times '%c'", what, long_text[i].n, long_text[i].c)) {
			struct buf t = { 0 };
			fill(&t, long_text[i].c, long_text[i].n);
			replace(b, from, n, t.p, t.len);
			buf_release(&t);
		}
}

static size_t line_end(const struct buf *b, size_t from)
{
	stop();
	const char *nl = memchr(b->p + from, '\n', b->len - from);
	return nl ? (size_t)(nl - b->p) : b->len;
}

/* break_line - from..to without its newline, number no. */
static void break_line(struct buf *b, size_t from, size_t to, size_t no, char sep, size_t max_fields)
{
	struct { const char *what; size_t at, n; struct str with; } all[] = {
		{ "is missing", from, to - from + (to < b->len), W("") },
		{ "is empty", from, to - from, W("") },
		{ "begins with a TAB", from, 0, W("\t") },
		{ "ends in a TAB", to, 0, W("\t") },
		{ "has 2000 fields", to, 0, { NULL, 2000 } },
		{ "ends in CR LF", to, 0, W("\r") },
		{ "ends in two CR", to, 0, W("\r\r") },
		{ "begins with a BOM", from, 0, W("\xef\xbb\xbf") },
		{ "begins with a NUL", from, 0, W("\0") },
		{ "ends in a NUL", to, 0, W("\0") },
		{ "begins with #", from, 0, W("#") },
		{ "stands there twice", from, 0, { b->p + from, to - from + (to < b->len) } },
		{ "ends the file, without a newline", to, b->len - to, W("") },
		{ "ends the file in its middle", from + (to - from) / 2, b->len - from - (to - from) / 2, W("") },
	};
	char what[96];

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (at("line %zu: %s", no, all[i].what)) {
			struct buf with = { 0 };
			if (all[i].with.p)
				buf_put(&with, all[i].with.p, all[i].with.len);
			else
				fill(&with, sep, all[i].with.len);
			replace(b, all[i].at, all[i].n, with.p, with.len);
			buf_release(&with);
		}
	size_t f = 0;
	for (size_t p = from; f < max_fields; f++) {
		const char *q = memchr(b->p + p, sep, to - p);
		size_t end = q ? (size_t)(q - b->p) : to;
		snprintf(what, sizeof what, "line %zu, field %zu", no, f + 1);
		break_field(b, p, end - p, what);
		if (at("%s: is missing", what))
			replace(b, p, end - p + (end < to), "", 0);
		if (!q)
			break;
		p = end + 1;
	}
}

/* break_lines - the first three, the middle one and the last. */
static void break_lines(struct buf *b, size_t max_fields)
{
	const char *first = memchr(b->p, '\n', b->len);
	size_t n = 0, no = 0, first_n = first ? (size_t)(first - b->p) : b->len;
	char sep = memchr(b->p, '\t', first_n) ? '\t' : memchr(b->p, ',', first_n) ? ',' : ' ';

	for (size_t p = 0; p < b->len; p = line_end(b, p) + 1)
		n++;
	for (size_t p = 0, end; p < b->len; p = end + 1, no++) {
		end = line_end(b, p);
		if (no < 3 || no == n / 2 || no == n - 1)
			break_line(b, p, end, no + 1, sep, max_fields);
	}
	if (at("no bytes at all"))
		buf_reset(b);
	if (at("a BOM alone"))
		replace(b, 0, b->len, "\xef\xbb\xbf", 3);
	if (at("every LF is CR"))
		for (size_t i = 0; i < b->len; i++)
			b->p[i] = b->p[i] == '\n' ? '\r' : b->p[i];
}

/* ---- text: JSON ---- */

static size_t token_end(const struct buf *b, size_t p)
{
	size_t q = p + 1;

	if (b->p[p] == '"') {
		while (q < b->len && b->p[q] != '"')
			q += b->p[q] == '\\' ? 2 : 1;
		return q + 1;
	}
	if (!strchr("{}[],:", b->p[p]))
		while (q < b->len && !strchr("{}[],: \t\r\n", b->p[q]))
			q++;
	return q;
}

static void break_token(struct buf *b, size_t p, size_t end, size_t no)
{
	static const struct str value[] = {
		W("null"), W("true"), W("{}"), W("[]"), W("\"\""), W("\"\\ud800\""), W("\"\\udc00\\ud800\""), W("\"\\u0000\""), W("\"\xc0\xaf\""), W("\"\xed\xa0\x80\""), W("\"\xff\""), W("\"a\nb\""), W("\"\\x\""),
		W("\"open"), W("\"1\""), W("\"9999-12-31T23:59:59Z\""), W("\"-1\""), W("0"), W("-1"), W("+1"), W("-0"), W("01"), W("1."), W(".5"), W("1e999"), W("-1e999"), W("1e-320"), W("0x10"), W("1,5"), W("nan"), W("NaN"), W("Infinity"),
		W("9223372036854775807"), W("9223372036854775808"), W("-9223372036854775808"), W("253402300800"), W("253402300800000"), W("'a'"), W("\0"), W("\xef\xbb\xbf"), W(""), W(","), W(":"), W("{"), W("}"), W("["), W("]"), W("\"a\\tb\\nc\""),
	};
	char was[64], is[64];

	show(b->p + p, end - p, was);
	for (size_t i = 0; i < sizeof value / sizeof *value; i++)
		if (at("token %zu: %s for %s", no, show(value[i].p, value[i].len, is), was))
			replace(b, p, end - p, value[i].p, value[i].len);
	for (int i = 0; i < 3; i++)
		if (at("token %zu: %s for %s", no, i == 0 ? "[ nested 10000 deep" : i == 1 ? "2 MB of string" : "{\"a\": nested 10000 deep", was)) {
			struct buf t = { 0 };
			for (int k = 0; k < 10000 && i == 2; k++)
				buf_puts(&t, "{\"a\":");
			if (i == 1)
				buf_putc(&t, '"');
			if (i < 2)
				fill(&t, i ? 'a' : '[', i ? 2000000 : 10000);
			if (i == 1)
				buf_putc(&t, '"');
			else
				buf_putc(&t, '1');
			if (i != 1)
				fill(&t, i ? '}' : ']', 10000);
			replace(b, p, end - p, t.p, t.len);
			buf_release(&t);
		}
	if (at("token %zu: %s twice", no, was)) {
		struct buf t = { 0 };
		buf_put(&t, b->p + p, end - p);
		replace(b, p, 0, t.p, t.len);
		buf_release(&t);
	}
	if (at("the file ends behind token %zu, %s", no, was))
		b->len = end;
	size_t value_at = end + strspn(b->p + end, ": ");
	if (b->p[p] == '"' && value_at > end && b->p[value_at] != '{' && b->p[value_at] != '[' && at("key %s stands there twice", was)) {
		struct buf t = { 0 };
		buf_put(&t, b->p + p, token_end(b, value_at) - p);
		buf_putc(&t, ',');
		replace(b, p, 0, t.p, t.len);
		buf_release(&t);
	}
}

/* break_json - the first 60 tokens and 60 of the middle. */
static void break_json(struct buf *b)
{
	size_t n = 0, no = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t p = 0; p < b->len;) {
			if (isspace((unsigned char)b->p[p])) {
				p++;
				continue;
			}
			size_t end = token_end(b, p);
			if (!pass)
				n++;
			else if (no < 60 || (no >= n / 2 && no < n / 2 + 60))
				break_token(b, p, end, no + 1);
			no += (size_t)pass;
			p = end;
		}
}

/* ---- other binaries ---- */

/* break_end - of a file of floats whose head is `head` bytes: the last number, a head cut at each step-th byte, and an end that is a byte off. */
static void break_end(struct buf *b, size_t head, size_t step)
{
	break_float(b->p + b->len - 4, 4, "last number");
	for (size_t i = 0; i < head; i += step)
		if (at("ends at byte %zu", i))
			b->len = i;
	if (at("ends a byte early"))
		b->len--;
	if (at("a byte behind the end"))
		buf_putc(b, '\0');
}

static void break_npy(struct buf *b)
{
	static const char *const dict[] = {
		"{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, 4), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 0), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 4), }", "{'descr': '<f4', 'fortran_order': True, 'shape': (4, 4), }",
		"{'descr': '>f4', 'fortran_order': False, 'shape': (4, 4), }", "{'descr': '|O', 'fortran_order': False, 'shape': (4, 4), }", "{'descr': '<f16', 'fortran_order': False, 'shape': (4, 4), }",
		"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4, 4), }", "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (4, 4), }", "{'descr': '<f4'", "{}", "", "{'shape': (18446744073709551617, 4), 'descr': '<f4', 'fortran_order': False}",
		"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 4), }", "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 65536), }",
	};
	size_t head = get(b->p + 8, 2), data = 10 + head;

	for (size_t i = 6; i < 10; i++)
		break_int(b->p + i, 1, i == 6 ? "major" : i == 7 ? "minor" : "length of the header");
	for (size_t i = 0; i < sizeof dict / sizeof *dict; i++)
		if (at("header: %s", dict[i])) {
			struct buf t = { 0 };
			buf_puts(&t, dict[i]);
			while (t.len < head)
				buf_putc(&t, ' ');
			replace(b, 10, head, t.p, t.len);
			put(b->p + 8, 2, t.len);
			buf_release(&t);
		}
	break_float(b->p + data, 4, "first number");
	break_end(b, data, 7);
}

/* break_head32 - what begins with two u32. */
static void break_head32(struct buf *b)
{
	break_int(b->p, 4, "first u32");
	break_int(b->p + 4, 4, "second u32");
	break_end(b, 24, 3);
}

/* break_sqlite - the file's header and those of its pages, which are big-endian; SQLite has no checksums. */
static void break_sqlite(struct buf *b)
{
	static const struct { unsigned char at, size; const char *what; } head[] = {
		{ 16, 2, "page size" }, { 18, 1, "write version" }, { 19, 1, "read version" }, { 20, 1, "reserved" }, { 21, 1, "fraction" }, { 28, 4, "pages" }, { 32, 4, "free list" },
		{ 36, 4, "free pages" }, { 44, 4, "schema format" }, { 52, 4, "largest root" }, { 56, 4, "encoding" },
	};
	static const uint64_t to[] = { 0, 1, 0xff, 0x7f, 0x80, 0x0a, 0x0d, 0xffff, 0x7fff, 0x8000, 0xffffffff };
	unsigned char *u = (unsigned char *)b->p;
	size_t page = (size_t)(u[16] << 8 | u[17]);

	page = page == 1 ? 65536 : page;
	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		for (size_t k = 0; k < sizeof to / sizeof *to; k++)
			if (at("%s: %llu", head[i].what, (unsigned long long)to[k]))
				for (size_t j = 0; j < head[i].size; j++)
					u[head[i].at + j] = (unsigned char)(to[k] >> 8 * (head[i].size - 1 - j));
	for (size_t no = 0; no * page + page <= b->len; no++) {
		size_t from = no * page + (no ? 0 : 100);
		for (size_t k = 0; k < 14; k++)
			for (size_t v = 0; v < 6; v++)
				if (at("page %zu, byte %zu: %llu", no + 1, k, (unsigned long long)to[v]))
					u[from + k] = (unsigned char)to[v];
		for (size_t k = 1; k < 8; k++)
			if (at("page %zu, byte %zu of 8 of its cells: 0xff", no + 1, k))
				u[no * page + page - page * k / 64] = 0xff;
		if (at("ends in page %zu", no + 1))
			b->len = no * page + page / 2;
	}
}

/* ---- taste binaries: apart and together ---- */

static size_t pad64(size_t n) { return (n + 63) / 64 * 64; }

static void take_apart(const struct buf *f)
{
	uint32_t kind = 0;

	for (size_t p = 0; p + HEAD <= f->len;) {
		const char *h = f->p + p;
		if (n_parts == PARTS_MAX)
			fail("too many blocks");
		struct part *b = &part[n_parts++];
		if ((unsigned char)*h == 0x89) {
			b->kind = kind = (uint32_t)get(h + 16, 4);
			p += HEAD;
			continue;
		}
		if (memcmp(h, "tblk", 4))
			fail("not blocks");
		size_t stored = get(h + 8, 8), raw = get(h + 16, 8);
		b->kind = kind;
		b->type = (uint32_t)get(h + 4, 4);
		b->codec = (uint32_t)get(h + 24, 4);
		b->flags = (uint32_t)get(h + 28, 4);
		b->records = get(h + 40, 8);
		char *to = buf_reserve(&b->p, raw);
		uLongf n = raw;
		if (b->codec == BLOCK_RAW)
			memcpy(to, h + HEAD, raw);
		else if (uncompress((Bytef *)to, &n, (const Bytef *)h + HEAD, stored) != Z_OK || n != raw)
			fail("a block that cannot be unpacked");
		b->p.len = raw;
		p += HEAD + pad64(stored);
	}
}

static const char *tensor_name(const struct part *b) { return b->p.p; }

static struct part *tensor(const char *name, const char *suffix)
{
	char full[80];

	snprintf(full, sizeof full, "%.40s%s", name, suffix);
	for (size_t i = 0; i < n_parts; i++)
		if (part[i].type == BLOCK_TENSOR && !strncmp(tensor_name(&part[i]), full, NAME_BYTES))
			return &part[i];
	return NULL;
}

/* sum_pages - of tensors that have sums of their pages. */
static void sum_pages(void)
{
	char name[NAME_BYTES + 1] = "";

	for (size_t i = 0; i < n_parts; i++) {
		if (part[i].type != BLOCK_TENSOR || part[i].p.len < TENSOR_HEAD)
			continue;
		memcpy(name, part[i].p.p, NAME_BYTES);
		struct part *s = tensor(name, ".sum");
		if (!s || s == &part[at_part])
			continue;
		s->p.len = TENSOR_HEAD;
		for (size_t k = TENSOR_HEAD; k < part[i].p.len; k += ARTIFACT_PAGE)
			buf_put_le64(&s->p, XXH3_64bits(part[i].p.p + k, min_size(part[i].p.len - k, ARTIFACT_PAGE)));
		put(s->p.p + 40, 8, (s->p.len - TENSOR_HEAD) / 8);
	}
}

static void tell_lie(const struct part *b, char *h)
{
	if (b->lie.size)
		put(h + b->lie.at, b->lie.size, b->lie.v);
}

/* put_block - its header as far as it is known yet, its payload and padding. */
static void put_block(struct buf *out, struct part *b, uint64_t no)
{
	struct buf packed = { 0 };
	const struct buf *stored = &b->p;
	uint32_t codec = b->codec;

	if (b->stored.len)
		stored = &b->stored;
	else if (codec == BLOCK_ZLIB) {
		uLongf n = compressBound(b->p.len);
		if (compress2((Bytef *)buf_reserve(&packed, n), &n, (const Bytef *)(b->p.p ? b->p.p : ""), b->p.len, 1) != Z_OK)
			fail("zlib cannot pack");
		packed.len = n;
		stored = n < b->p.len ? &packed : &b->p;
		codec = n < b->p.len ? BLOCK_ZLIB : BLOCK_RAW;
	}
	b->offset = out->len;
	b->stored_n = stored->len;
	buf_puts(out, "tblk");
	buf_put_le32(out, b->type);
	buf_put_le64(out, stored->len);
	buf_put_le64(out, b->p.len);
	buf_put_le32(out, codec);
	buf_put_le32(out, b->flags);
	buf_put_le64(out, no);
	buf_put_le64(out, b->records);
	buf_put_le64(out, 0);
	buf_put_le64(out, 0);
	if (stored->len)
		buf_put(out, stored->p, stored->len);
	fill(out, '\0', pad64(out->len) - out->len);
	buf_release(&packed);
}

/* seal - the sums of a block's payload, as many bytes as it says, and of its header. */
static void seal(struct buf *out, const struct part *b)
{
	char *h = out->p + b->offset;
	size_t n = get(h + 8, 8);

	if (n > out->len - b->offset - HEAD)
		n = b->stored_n;
	put(h + 48, 8, XXH3_64bits(h + HEAD, n));
	if (b->lie.at == 48)
		tell_lie(b, h);
	put(h + 56, 8, XXH3_64bits(h, 56));
}

static struct buf put_together(void)
{
	struct buf out = { 0 };
	uint64_t no = 0, total[3] = { 0 };
	XXH3_state_t *chain = XXH3_createState();

	XXH3_64bits_reset(chain);		/* the first stream may be without its header */
	sum_pages();
	for (size_t i = 0; i < n_parts; i++) {
		struct part *b = &part[i];
		if (b->type) {
			put_block(&out, b, b->type == BLOCK_END ? no : no++);
			tell_lie(b, out.p + b->offset);
			continue;
		}
		b->offset = out.len;
		no = 0;
		buf_put(&out, "\x89TASTE\r\n\4\3\2\1\1\0\0\0", 16);
		buf_put_le32(&out, b->kind);
		fill(&out, '\0', HEAD - 20);
		tell_lie(b, out.p + b->offset);
		put(out.p + b->offset + 56, 8, XXH3_64bits(out.p + b->offset, 56));
	}
	for (size_t i = 0; i < n_parts; i++) {
		struct part *b = &part[i];
		if (!b->type) {
			XXH3_64bits_reset(chain);
			memset(total, 0, sizeof total);
			continue;
		}
		if (b->type == BLOCK_END) {
			total[2] = XXH3_64bits_digest(chain);
			memcpy(out.p + b->offset + HEAD, total, sizeof total);
			tell_lie(b, out.p + b->offset);
		}
		seal(&out, b);
		XXH3_64bits_update(chain, out.p + b->offset + 56, 8);
		total[0]++;
		total[1] += get(out.p + b->offset + 40, 8);
	}
	XXH3_freeState(chain);
	if (cut != SIZE_MAX) {
		const struct part *b = &part[cut / 4];
		out.len = b->offset + (cut % 4 == 0 ? 0 : cut % 4 == 1 ? HEAD : cut % 4 == 2 ? HEAD + b->stored_n / 2 : HEAD + b->stored_n);
	}
	if (has_junk)
		buf_puts(&out, junk);
	return out;
}

/* ---- taste binaries: headers and the order of blocks ---- */

static const char *title(size_t i)
{
	static char t[96];
	const struct part *b = &part[i];

	stop();
	if (!b->type)
		snprintf(t, sizeof t, "%zu stream", i);
	else if (b->type == BLOCK_TENSOR)
		snprintf(t, sizeof t, "%zu TNSR %.32s", i, tensor_name(b));
	else
		snprintf(t, sizeof t, "%zu %.4s", i, (const char *)&b->type);
	return t;
}

static void break_head(size_t i)
{
	static const struct { unsigned char at, size; const char *what; } of_stream[] = {
		{ 8, 4, "endian mark" }, { 12, 2, "major" }, { 14, 2, "minor" }, { 16, 4, "kind" }, { 20, 4, "zero" }, { 52, 4, "last zero" }, { 0, 1, "magic" },
	}, of_block[] = {
		{ 0, 4, "magic" }, { 4, 4, "type" }, { 8, 8, "stored bytes" }, { 16, 8, "bytes" }, { 24, 4, "packing" }, { 28, 4, "flags" }, { 32, 8, "number" }, { 40, 8, "records" }, { 48, 8, "sum" },
	}, of_end[] = { { 64, 8, "blocks" }, { 72, 8, "all records" }, { 80, 8, "digest" } };
	struct part *b = &part[i];
	uint64_t was[16] = { [2] = b->p.len, [3] = b->p.len, [4] = b->codec, [5] = b->flags, [6] = i ? i - 1 : 0, [7] = b->records }, to[WICKED];
	size_t n = b->type == BLOCK_END ? 12 : b->type ? 9 : 7;

	for (size_t k = 0; k < n; k++) {
		bool is_end = k >= 9;
		size_t from = is_end ? of_end[k - 9].at : b->type ? of_block[k].at : of_stream[k].at, size = is_end ? of_end[k - 9].size : b->type ? of_block[k].size : of_stream[k].size;
		const char *what = is_end ? of_end[k - 9].what : b->type ? of_block[k].what : of_stream[k].what;
		size_t m = wicked(b->type ? was[k] : k == 1 ? 1 : 0, size, to);
		for (size_t v = 0; v < m; v++)
			if (at("%s: %s: %llu", title(i), what, (unsigned long long)to[v])) {
				b->lie.at = from;
				b->lie.size = size;
				b->lie.v = to[v];
			}
	}
	static const uint32_t other[] = { KIND_EVENTS, KIND_TABLE, KIND_VECTORS, KIND_MODEL, KIND_INDEX, BLOCK_META, BLOCK_EVENTS, BLOCK_ROWS, BLOCK_VECTORS, BLOCK_TENSOR, BLOCK_PROV, BLOCK_END };
	for (size_t k = b->type ? 5 : 0; k < (b->type ? 12 : 5); k++)
		if (other[k] != (b->type ? b->type : b->kind) && at("%s: is of %.4s", title(i), (const char *)&other[k]))
			*(b->type ? &b->type : &b->kind) = other[k];
}

static struct part copy_of(const struct part *b)
{
	struct part c = *b;

	c.p = (struct buf){ 0 };
	if (b->p.len)
		buf_put(&c.p, b->p.p, b->p.len);
	return c;
}

static void break_order(size_t i)
{
	struct part *b = &part[i];

	if (at("%s: is missing", title(i)))
		memmove(b, b + 1, (--n_parts - i) * sizeof *b);
	if (at("%s: stands there twice", title(i))) {
		struct part c = copy_of(b);
		memmove(b + 1, b, (n_parts++ - i) * sizeof *b);
		*b = c;
	}
	if (at("%s: comes last", title(i))) {
		struct part c = *b;
		memmove(b, b + 1, (n_parts - 1 - i) * sizeof *b);
		part[n_parts - 1] = c;
	}
	if (i + 1 < n_parts && at("%s: and the next change places", title(i))) {
		struct part c = *b;
		b[0] = b[1];
		b[1] = c;
	}
	if (i + 1 < n_parts && at("%s: has the payload of the next", title(i))) {
		b->p = copy_of(b + 1).p;
		b->records = b[1].records;
	}
	if (b->type && at("%s: is empty", title(i)))
		buf_reset(&b->p);
	if (b->type && b->p.len && at("%s: is shorter by a byte", title(i)))
		b->p.len--;
	if (b->type && at("%s: is longer by a byte", title(i)))
		buf_putc(&b->p, 'x');
	if (b->type && at("%s: has no records", title(i)))
		b->records = 0;
	for (size_t k = 0; k < 4; k++)
		if (at("%s: the file ends at its %s", title(i), k == 0 ? "beginning" : k == 1 ? "header" : k == 2 ? "middle" : "end"))
			cut = 4 * i + k;
	if (b->codec != BLOCK_ZLIB)
		return;
	for (int k = 0; k < 5; k++) {
		static const char *const how[] = { "a zlib stream that is cut", "no zlib stream", "a zlib stream that asks for a dictionary", "250 MB of zeros, packed", "250 MB of zeros, packed, that say they are 1000 bytes" };
		if (!at("%s: %s", title(i), how[k]))
			continue;
		uLongf n = compressBound(250 << 20);
		if (k > 2) {
			buf_reset(&b->p);
			fill(&b->p, '\0', 250 << 20);
		}
		buf_reserve(&b->stored, n);
		if (compress2((Bytef *)b->stored.p, &n, (const Bytef *)b->p.p, b->p.len, 1) != Z_OK)
			fail("zlib cannot pack");
		b->stored.len = k == 0 ? n / 2 : n;
		if (k == 1)
			memset(b->stored.p, 0x55, n);
		if (k == 2)
			memcpy(b->stored.p, "\x78\xbb", 2);
		if (k == 4)
			b->p.len = 1000;
	}
}

/* ---- META and PROV ---- */

static void break_meta(struct part *b)
{
	static const char *const kind[] = { "pop", "als", "ease", "graph", "softmax", "session", "seq", "blend", "trees", "knn", "past", "seq.state", "items", "candidates", "ranked", "truth", "features", "new" };
	char what[160], key[64];

	for (size_t p = 0, end; p < b->p.len; p = end + 1) {
		end = line_end(&b->p, p);
		const char *tab = memchr(b->p.p + p, '\t', end - p);
		size_t from = tab ? (size_t)(tab - b->p.p) + 1 : p;
		snprintf(what, sizeof what, "%s %s", title(at_part), show(b->p.p + p, from - p ? from - p - 1 : 0, key));
		break_field(&b->p, from, end - from, what);
		if (at("%s: line is missing", what))
			replace(&b->p, p, end - p + 1, "", 0);
		if (at("%s: has no TAB", what) && tab)
			replace(&b->p, from - 1, 1, "", 0);
		if (at("%s: twice", what)) {
			struct buf t = { 0 };
			buf_put(&t, b->p.p + p, from - p);
			buf_puts(&t, "7\n");
			replace(&b->p, p, 0, t.p, t.len);
			buf_release(&t);
		}
		static const double by[] = { -1, 1, 2, 1000 };
		for (size_t k = 0; k < 4; k++)
			if (from < end && isdigit((unsigned char)b->p.p[from]) && at("%s: by %g off", what, by[k])) {
				char v[64];
				snprintf(v, sizeof v, "%.17g", strtod(b->p.p + from, NULL) + by[k]);
				replace(&b->p, from, end - from, v, strlen(v));
			}
		for (size_t k = 0; from - p == 5 && !memcmp(b->p.p + p, "kind", 4) && k < sizeof kind / sizeof *kind; k++)
			if (at("%s: %s", what, kind[k]))
				replace(&b->p, from, end - from, kind[k], strlen(kind[k]));
	}
}

/* ---- tensors ---- */

/* set_shape - n rows of what a row of it is now, the rows it has not got zero. */
static void set_rows(struct part *b, uint64_t n)
{
	uint64_t had = get(b->p.p + 40, 8);
	size_t row = had ? (b->p.len - TENSOR_HEAD) / had : dtype_size((enum dtype)get(b->p.p + 32, 4)) * get(b->p.p + 48, 8);

	if (n > had)
		fill(&b->p, '\0', (size_t)(n - had) * row);
	b->p.len = TENSOR_HEAD + (size_t)n * row;
	put(b->p.p + 40, 8, n);
}

/* set_columns - k for d columns, each row cut or made longer with zeros. */
static void set_columns(struct part *b, uint64_t k, size_t size)
{
	uint64_t n = get(b->p.p + 40, 8), d = get(b->p.p + 48, 8);
	struct buf out = { 0 };

	buf_put(&out, b->p.p, TENSOR_HEAD);
	for (uint64_t i = 0; i < n; i++) {
		buf_put(&out, b->p.p + TENSOR_HEAD + i * d * size, (size_t)(k < d ? k : d) * size);
		fill(&out, '\0', k > d ? (size_t)(k - d) * size : 0);
	}
	put(out.p + 48, 8, k);
	b->p = out;
}

static void break_shape(struct part *b, size_t size)
{
	stop();
	static const uint32_t type[] = { 0, 1, 2, 3, 4, 5, 6, 7, 255, UINT32_MAX };
	uint64_t n = get(b->p.p + 40, 8), d = get(b->p.p + 48, 8);
	uint32_t was = (uint32_t)get(b->p.p + 32, 4), ndim = (uint32_t)get(b->p.p + 36, 4);
	const char *t = title(at_part);
	char what[128];

	for (size_t i = 0; i < sizeof type / sizeof *type; i++)
		if (type[i] != was && at("%s: type %u for %u", t, type[i], was))
			put(b->p.p + 32, 4, type[i]);
	for (size_t i = 1; i < 7; i++)		/* of other elements that are as many bytes, or as many */
		if (i != was && !((b->p.len - TENSOR_HEAD) % dtype_size((enum dtype)i)) && at("%s: type %zu, as many bytes", t, i)) {
			put(b->p.p + 32, 4, i);
			put(b->p.p + 40, 8, ndim == 1 ? n * size / dtype_size((enum dtype)i) : n);
			if (ndim > 1)
				put(b->p.p + 48, 8, d * size / dtype_size((enum dtype)i));
		}
	snprintf(what, sizeof what, "%s dimensions", t);
	break_int(b->p.p + 36, 4, what);
	for (size_t i = 0; i < 3; i++) {
		snprintf(what, sizeof what, "%s dim %zu", title(at_part), i + 1);
		break_int(b->p.p + 40 + 8 * i, 8, what);
	}
	const uint64_t rows[] = { 0, 1, n - 1, n + 1, 2 * n, n / 2 };
	for (size_t i = 0; i < 6; i++)
		if (rows[i] != n && rows[i] != UINT64_MAX && at("%s: has %llu rows for %llu", title(at_part), (unsigned long long)rows[i], (unsigned long long)n))
			set_rows(b, rows[i]);
	const uint64_t columns[] = { 0, 1, d - 1, d + 1, 2 * d };
	for (size_t i = 0; i < 5 && ndim > 1; i++)
		if (columns[i] != d && at("%s: has %llu columns for %llu", title(at_part), (unsigned long long)columns[i], (unsigned long long)d))
			set_columns(b, columns[i], size);
	if (ndim > 1 && n != d && at("%s: rows and columns change places", title(at_part))) {
		put(b->p.p + 40, 8, d);
		put(b->p.p + 48, 8, n);
	}
	if (ndim > 1 && at("%s: has one dimension", title(at_part))) {
		put(b->p.p + 36, 4, 1);
		put(b->p.p + 40, 8, n * d);
		put(b->p.p + 48, 8, 1);
	}
	if (ndim == 1 && at("%s: has two dimensions", title(at_part)))
		put(b->p.p + 36, 4, 2);
	if (at("%s: a dimension of 2^32 by 2^32", title(at_part))) {
		put(b->p.p + 36, 4, 2);
		put(b->p.p + 40, 8, (uint64_t)1 << 32);
		put(b->p.p + 48, 8, (uint64_t)1 << 32);
	}
}

static void break_name(struct part *b)
{
	static const struct str name[] = { W(""), W("new"), W("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), W("a\0b"), W("a\nb"), W("\xff"), W("item.vec"), W("item.off"), W("user.off") };
	char shown[64];

	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		if (at("%s: is called '%s'", title(at_part), show(name[i].p, name[i].len, shown))) {
			memset(b->p.p, 0, NAME_BYTES);
			memcpy(b->p.p, name[i].p, name[i].len);
		}
}

/* break_words - a row of a table whose columns are bytes: of numbers of 4, where they may stand. */
static void break_words(struct part *b, size_t row, size_t d)
{
	static const uint32_t to[] = { 0, 1, UINT32_MAX, UINT32_MAX - 1, 0x7fffffff, 0x80000000, 0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7fffff, 0xbf800000, 1 };

	for (size_t k = 0; k + 4 <= d && k < 48; k += 4)
		for (size_t i = 0; i < sizeof to / sizeof *to; i++)
			if (at("%s: row %zu, bytes %zu on: %#x", title(at_part), row + 1, k, to[i]))
				put(b->p.p + TENSOR_HEAD + row * d + k, 4, to[i]);
}

static void break_elements(struct part *b, enum dtype t, size_t size)
{
	stop();
	uint64_t n = get(b->p.p + 40, 8), ndim = get(b->p.p + 36, 4), d = ndim > 1 ? get(b->p.p + 48, 8) : 1;
	size_t all = (b->p.len - TENSOR_HEAD) / size;
	const size_t where[] = { 0, 1, all / 2, all - 1 };
	char *data = b->p.p + TENSOR_HEAD, what[128];
	bool is_float = t == DTYPE_F32 || t == DTYPE_F64;

	for (size_t i = 0; i < 4 && all; i++) {
		if (where[i] >= all || (i && where[i] <= where[i - 1]))
			continue;
		snprintf(what, sizeof what, "%s: element %zu", title(at_part), where[i] + 1);
		if (is_float)
			break_float(data + where[i] * size, size, what);
		else
			break_int(data + where[i] * size, size, what);
	}
	if (t == DTYPE_U8 && d >= 8 && n)
		for (size_t i = 0; i < 3; i++)
			if (!i || (i == 1 ? n / 2 : n - 1) > (i == 1 ? 0 : n / 2))
				break_words(b, i == 0 ? 0 : i == 1 ? n / 2 : n - 1, d);
	static const unsigned char byte[] = { 0, 0xff, 0x7f, 0x80, 1 };
	for (size_t i = 0; i < 5; i++)
		if (all && at("%s: all bytes are %#x", title(at_part), byte[i]))
			memset(data, byte[i], all * size);
	for (size_t i = 0; is_float && i < sizeof odd_number / sizeof *odd_number; i++)
		if (all && at("%s: all are %g", title(at_part), odd_number[i]))
			for (size_t k = 0; k < all; k++) {
				double v = odd_number[i];
				float f = (float)v;
				memcpy(data + k * size, t == DTYPE_F64 ? (void *)&v : (void *)&f, size);
			}
	for (size_t i = 0; !is_float && i < 3; i++)
		if (all > 1 && at("%s: %s", title(at_part), i == 0 ? "all are the first" : i == 1 ? "all are the last" : "are the other way round")) {
			struct buf was = { 0 };
			buf_put(&was, data, all * size);
			for (size_t k = 0; k < all; k++)
				memcpy(data + k * size, was.p + (i == 0 ? 0 : i == 1 ? all - 1 : all - 1 - k) * size, size);
			buf_release(&was);
		}
}

/* ---- tables of ids ---- */

static void set_ids(const char *name, const struct buf *id, size_t n)
{
	struct part *off = tensor(name, ".off"), *str = tensor(name, ".str"), *slot = tensor(name, ".slot");
	uint64_t n_slots = 16;

	while (n_slots < 2 * n)
		n_slots *= 2;
	off->p.len = str->p.len = slot->p.len = TENSOR_HEAD;
	fill(&slot->p, '\0', n_slots * 4);
	put(slot->p.p + 40, 8, n_slots);
	buf_put_le64(&off->p, 0);
	for (size_t i = 0; i < n; i++) {
		size_t k = XXH3_64bits(id[i].p, id[i].len) & (n_slots - 1);
		while (get(slot->p.p + TENSOR_HEAD + 4 * k, 4))
			k = (k + 1) & (n_slots - 1);
		put(slot->p.p + TENSOR_HEAD + 4 * k, 4, i + 1);
		buf_put(&str->p, id[i].p, id[i].len);
		buf_put_le64(&off->p, str->p.len - TENSOR_HEAD);
	}
	put(off->p.p + 40, 8, n + 1);
	put(str->p.p + 40, 8, str->p.len - TENSOR_HEAD);
}

static void break_ids(const char *name)
{
	static const struct str odd[] = { W(""), W("\0"), W("a\0"), W("a\nb"), W("a\tb"), W("\r"), W("\xff"), W("\xed\xa0\x80"), W("=;="), W("-"), W("\\"), W("\xef\xbb\xbf") };
	stop();
	struct part *off = tensor(name, ".off"), *str = tensor(name, ".str");
	size_t n = get(off->p.p + 40, 8) - 1;
	struct buf *id = mem_new(n + 2, sizeof *id), swap;
	const size_t where[] = { 0, n / 2, n - 1 };
	char shown[64];

	for (size_t i = 0; i < n; i++) {
		size_t from = get(off->p.p + TENSOR_HEAD + 8 * i, 8);
		buf_put(&id[i], str->p.p + TENSOR_HEAD + from, get(off->p.p + TENSOR_HEAD + 8 * i + 8, 8) - from);
	}
	for (size_t w = 0; w < 3 && n; w++) {
		if (w && where[w] <= where[w - 1])
			continue;
		for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
			if (at("ids %s: %zu is '%s'", name, where[w] + 1, show(odd[i].p, odd[i].len, shown))) {
				buf_reset(&id[where[w]]);
				buf_put(&id[where[w]], odd[i].p, odd[i].len);
				set_ids(name, id, n);
			}
		if (at("ids %s: %zu has 1 MB", name, where[w] + 1)) {
			fill(&id[where[w]], 'a', 1 << 20);
			set_ids(name, id, n);
		}
		if (n > 1 && at("ids %s: %zu is another one's, too", name, where[w] + 1)) {
			id[where[w]] = id[where[w] ? 0 : 1];
			set_ids(name, id, n);
		}
	}
	if (n > 1 && at("ids %s: the first two change places", name)) {
		swap = id[0];
		id[0] = id[1];
		id[1] = swap;
		set_ids(name, id, n);
	}
	if (n > 1 && at("ids %s: the other way round", name)) {
		for (size_t i = 0; i < n / 2; i++) {
			swap = id[i];
			id[i] = id[n - 1 - i];
			id[n - 1 - i] = swap;
		}
		set_ids(name, id, n);
	}
	if (at("ids %s: one more", name)) {
		buf_puts(&id[n], "one more");
		set_ids(name, id, n + 1);
	}
	if (n && at("ids %s: one fewer", name))
		set_ids(name, id, n - 1);
	if (n && at("ids %s: none", name))
		set_ids(name, id, 0);
	mem_free(id);
}

static void break_tensor(struct part *b)
{
	stop();
	enum dtype t = (enum dtype)get(b->p.p + 32, 4);
	size_t n = strnlen(tensor_name(b), NAME_BYTES);
	char name[NAME_BYTES] = "";

	break_name(b);
	break_shape(b, dtype_size(t));
	break_elements(b, t, dtype_size(t));
	for (size_t i = at_part + 1; i < n_parts; i++)
		if (part[i].type == BLOCK_TENSOR && part[i].p.len == b->p.len && at("%s: has the elements of %.32s", title(at_part), tensor_name(&part[i])))
			memcpy(b->p.p + TENSOR_HEAD, part[i].p.p + TENSOR_HEAD, b->p.len - TENSOR_HEAD);
	if (n > 4 && !memcmp(tensor_name(b) + n - 4, ".off", 4)) {
		memcpy(name, tensor_name(b), n - 4);
		if (tensor(name, ".str") && tensor(name, ".slot"))
			break_ids(name);
	}
}

/* ---- vectors ---- */

static void break_vectors(struct part *b)
{
	stop();
	size_t n = get(b->p.p, 8), d = get(b->p.p + 8, 8), id = 16 + 8 * (n + 1), ids = get(b->p.p + 16 + 8 * n, 8), v = pad64(id + ids);
	const size_t where[] = { 0, n * d / 2, n * d - 1 };
	static const char odd[] = { '\0', '\n', '\t', '\r', (char)0xff };
	char what[96];

	snprintf(what, sizeof what, "%s n", title(at_part));
	break_int(b->p.p, 8, what);
	snprintf(what, sizeof what, "%s d", title(at_part));
	break_int(b->p.p + 8, 8, what);
	for (size_t i = 0; i <= n; i++)
		if (i < 2 || i == n / 2 || i + 1 >= n) {
			snprintf(what, sizeof what, "%s off[%zu]", title(at_part), i);
			break_int(b->p.p + 16 + 8 * i, 8, what);
		}
	for (size_t i = 0; i < sizeof odd; i++)
		if (ids && at("%s: an id has byte %#x in it", title(at_part), (unsigned char)odd[i]))
			b->p.p[id + ids / 2] = odd[i];
	if (n > 1 && get(b->p.p + 24, 8) * 2 == get(b->p.p + 32, 8) && at("%s: two ids are the same", title(at_part)))
		memcpy(b->p.p + id + get(b->p.p + 24, 8), b->p.p + id, get(b->p.p + 24, 8));
	if (n && at("%s: the padding is not zero", title(at_part)) && id + ids < v)
		b->p.p[id + ids] = 1;
	for (size_t i = 0; i < 3 && n; i++) {
		snprintf(what, sizeof what, "%s component %zu", title(at_part), where[i]);
		break_float(b->p.p + v + 4 * where[i], 4, what);
	}
	for (size_t i = 0; i < sizeof odd_number / sizeof *odd_number; i++)
		if (n && at("%s: all components are %g", title(at_part), odd_number[i]))
			for (size_t k = 0; k < n * d; k++) {
				float f = (float)odd_number[i];
				memcpy(b->p.p + v + 4 * k, &f, 4);
			}
}

/* ---- events ---- */

static const uint64_t odd_varint[] = { 0, 1, 2, 3, 127, 128, 65535, 65536, 65537, 1000, 1000001, UINT32_MAX - 1, UINT32_MAX, (uint64_t)1 << 32, INT64_MAX, (uint64_t)1 << 63, UINT64_MAX - 1, UINT64_MAX };
enum { N_ODD_VARINT = sizeof odd_varint / sizeof *odd_varint };

static uint64_t varint(const struct part *b, size_t *p)
{
	const unsigned char *q = (const unsigned char *)b->p.p + *p;
	uint64_t v;

	stop();
	if (!scan_varint(&q, (const unsigned char *)b->p.p + b->p.len, &v))
		fail("a block of events that ends early");
	*p = (size_t)(q - (const unsigned char *)b->p.p);
	return v;
}

static void break_varint(struct part *b, size_t p, const char *what)
{
	size_t end = p;
	uint64_t v = varint(b, &end);

	for (size_t i = 0; i < N_ODD_VARINT + 2; i++) {
		uint64_t to = i < N_ODD_VARINT ? odd_varint[i] : v + (i == N_ODD_VARINT ? 1 : UINT64_MAX);
		if (to != v && at("%s: %llu for %llu", what, (unsigned long long)to, (unsigned long long)v)) {
			struct buf t = { 0 };
			buf_put_varint(&t, to);
			replace(&b->p, p, end - p, t.p, t.len);
			buf_release(&t);
		}
	}
	if (at("%s: a varint of 11 bytes", what))
		replace(&b->p, p, end - p, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 11);
	if (at("%s: a varint that is longer than it need be", what))
		replace(&b->p, p, end - p, "\x81\x80\x80\0", 4);
}

/* column_as - the column at p..end becomes another one. */
static void column_as(struct part *b, size_t p, size_t end, char packing, const struct buf *bytes)
{
	struct buf t = { 0 };

	buf_putc(&t, packing);
	buf_put_varint(&t, bytes->len);
	buf_put(&t, bytes->p ? bytes->p : "", bytes->len);
	replace(&b->p, p, end - p, t.p, t.len);
	buf_release(&t);
}

static void break_column(struct part *b, size_t p, size_t bytes, size_t end, const char *name)
{
	static const char packing[] = { 0, 1, 2, 3, 4, 5, 6, (char)0xff };
	static const unsigned char byte[] = { 0, 0x7f, 0x80, 0xff };
	struct buf t = { 0 };
	char what[96];

	for (size_t i = 0; i < sizeof packing; i++)
		if (packing[i] != b->p.p[p] && at("%s %s: packing %d for %d", title(at_part), name, packing[i], b->p.p[p]))
			b->p.p[p] = packing[i];
	snprintf(what, sizeof what, "%s %s length", title(at_part), name);
	break_varint(b, p + 1, what);
	for (size_t i = 0; i < 3 && end > bytes; i++)
		for (size_t k = 0; k < 4; k++)
			if (at("%s %s: %s byte is %#x", title(at_part), name, i == 0 ? "first" : i == 1 ? "middle" : "last", byte[k]))
				b->p.p[i == 0 ? bytes : i == 1 ? (bytes + end) / 2 : end - 1] = (char)byte[k];
	for (size_t i = 0; i < N_ODD_VARINT; i++) {
		unsigned long long v = odd_varint[i];
		if (at("%s %s: all are %llu", title(at_part), name, v)) {
			buf_put_varint(&t, v);
			column_as(b, p, end, 0, &t);
		}
		if (at("%s %s: runs, of one %llu times", title(at_part), name, v)) {
			buf_put_varint(&t, 0);
			buf_put_varint(&t, v);
			column_as(b, p, end, 4, &t);
		}
		if (at("%s %s: planes of base %llu and width 1", title(at_part), name, v)) {
			buf_putc(&t, 1);
			buf_put_varint(&t, v);
			fill(&t, '\1', get(b->p.p, 4));
			column_as(b, p, end, 3, &t);
		}
		if (i < 10 && at("%s %s: planes of width %llu", title(at_part), name, v)) {
			buf_putc(&t, (char)v);
			buf_put_varint(&t, 0);
			fill(&t, '\xff', get(b->p.p, 4) * (v & 15));
			column_as(b, p, end, 3, &t);
		}
		if (at("%s %s: differences of %llu", title(at_part), name, v)) {
			for (size_t k = 0; k < get(b->p.p, 4); k++)
				buf_put_varint(&t, v);
			column_as(b, p, end, 2, &t);
		}
	}
	for (size_t i = 0; i < sizeof odd_number / sizeof *odd_number; i++)
		if (!strcmp(name, "value") && at("%s %s: all are %g", title(at_part), name, odd_number[i])) {
			uint64_t v;
			memcpy(&v, &odd_number[i], 8);
			for (int plane = 0; plane < 8; plane++)
				fill(&t, (char)(v >> 8 * plane), get(b->p.p, 4));
			column_as(b, p, end, 5, &t);
			replace(&b->p, p - 1, 1, "\0", 1);
		}
}

static void break_events(struct part *b)
{
	static const char *const dict[] = { "users", "items", "kinds", "contexts" };
	static const char *const column[] = { "user", "item", "time present", "time", "kind", "value present", "value", "context" };
	static const char odd[] = { '\0', '\n', '\t', '\r', (char)0xff };
	size_t p = 4;
	char what[96];

	snprintf(what, sizeof what, "%s n", title(at_part));
	break_int(b->p.p, 4, what);
	for (size_t k = 0; k < 4; k++) {
		size_t from = p, n = varint(b, &p), lengths = p, bytes = 0;
		snprintf(what, sizeof what, "%s %s", title(at_part), dict[k]);
		break_varint(b, from, what);
		for (size_t i = 0; i < n; i++) {
			size_t one = p;
			bytes += varint(b, &p);
			snprintf(what, sizeof what, "%s %s length %zu", title(at_part), dict[k], i);
			if (i == 0 || i == n - 1)
				break_varint(b, one, what);
		}
		if (n > 1 && b->p.p[lengths] == b->p.p[lengths + 1] && at("%s %s: two are the same", title(at_part), dict[k]))
			memcpy(b->p.p + p + b->p.p[lengths], b->p.p + p, (unsigned char)b->p.p[lengths]);
		for (size_t i = 0; i < sizeof odd && bytes; i++)
			if (at("%s %s: a string has byte %#x in it", title(at_part), dict[k], (unsigned char)odd[i]))
				b->p.p[p + bytes / 2] = odd[i];
		p += bytes;
	}
	for (size_t k = 0; k < 8; k++) {
		size_t from = p;
		if (k == 6) {
			snprintf(what, sizeof what, "%s divisor", title(at_part));
			break_varint(b, from, what);
			varint(b, &p);
			from = p;
		}
		p++;
		size_t n = varint(b, &p);
		break_column(b, from, p, p + n, column[k]);
		p += n;
	}
}

/* ---- all ---- */

static void break_taste(void)
{
	for (at_part = 0; at_part < n_parts; at_part++) {
		struct part *b = &part[at_part];
		break_head(at_part);
		break_order(at_part);
		if (b->type == BLOCK_META)
			break_meta(b);
		else if (b->type == BLOCK_PROV || b->type == BLOCK_ROWS)
			break_lines(&b->p, 8);
		else if (b->type == BLOCK_TENSOR)
			break_tensor(b);
		else if (b->type == BLOCK_VECTORS)
			break_vectors(b);
		else if (b->type == BLOCK_EVENTS)
			break_events(b);
	}
	if (at("junk behind the end"))
		has_junk = true;
}

static void break_other(const char *path)
{
	size_t n = strlen(path);

	if (text.len > 100 && !memcmp(text.p, "SQLite format 3", 16))
		break_sqlite(&text);
	else if (text.len > 10 && !memcmp(text.p, "\x93NUMPY", 6))
		break_npy(&text);
	else if (text.len > 8 && ((n > 4 && !strcmp(path + n - 4, "fbin")) || (n > 5 && !strcmp(path + n - 5, "fvecs"))))
		break_head32(&text);
	else if (text.len && (*text.p == '{' || *text.p == '['))
		break_json(&text);
	else if (text.len)
		break_lines(&text, 16);
}

int main(int argc, char **argv)
{
	bool is_list = argc == 3 && !strcmp(argv[1], "--list");
	FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;
	struct buf out = { 0 };
	size_t n;

	if (!f) {
		fprintf(stderr, "usage: break --list FILE\n       break K FILE > out\n");
		return 2;
	}
	wanted = is_list ? -1 : atol(argv[1]);
	while ((n = fread(buf_reserve(&text, 1 << 16), 1, 1 << 16, f)) > 0)
		text.len += n;
	fclose(f);
	bool is_taste = text.len >= HEAD && (unsigned char)*text.p == 0x89;
	if (is_taste)
		take_apart(&text);
	if (!setjmp(made)) {
		if (is_taste)
			break_taste();
		else
			break_other(argv[2]);
	}
	if (!is_list && !is_made)
		fail("there is no mutant of that number");
	if (!is_list)
		out = is_taste ? put_together() : text;
	_Exit(fwrite(out.p ? out.p : "", 1, out.len, stdout) == out.len && !fflush(stdout) ? 0 : 3);	/* what is held goes with it */
}
