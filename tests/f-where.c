/* Any bytes as a condition (the first line) and a catalogue (the rest; a header when the condition's length is odd): a fault has its sentence and its place; of a condition that
 * is taken, != is the contrary of =, and <= is < or =. */
#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/data/where.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool holds_as(struct where *w, enum where_op op, const struct items *it, struct str id)
{
	enum where_op was = w->op;

	w->op = op;
	bool holds = where_holds(w, 1, it, id);
	w->op = was;
	return holds;
}

static void ask(struct where *w, const struct items *it, struct str id)
{
	bool has = w->op == WHERE_HAS || w->op == WHERE_HAS_NOT;

	assert(holds_as(w, has ? WHERE_HAS : WHERE_IS, it, id) != holds_as(w, has ? WHERE_HAS_NOT : WHERE_IS_NOT, it, id));
	if (w->n != 1 || (w->type != WHERE_NUMBER && w->type != WHERE_DATE))
		return;
	bool less = holds_as(w, WHERE_LESS, it, id), is = holds_as(w, WHERE_IS, it, id), more = holds_as(w, WHERE_MORE, it, id);
	assert(less + is + more <= 1);
	assert(holds_as(w, WHERE_AT_MOST, it, id) == (less || is) && holds_as(w, WHERE_AT_LEAST, it, id) == (more || is));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct items it;
	struct where w;

	if (n > FUZZ_MAX)
		return 0;
	const uint8_t *nl = n ? memchr(p, '\n', n) : NULL;
	size_t len = nl ? (size_t)(nl - p) : n;
	struct buf text = { 0 };
	buf_put(&text, p, len);
	const char *rest = nl ? (const char *)nl + 1 : "";
	if (where_parse(&w, text.p, &e)) {
		assert(e.code == ERR_USAGE && strstr(e.msg, ", byte "));
		buf_release(&text);
		return 0;
	}
	assert(w.n && w.name.len);
	if (!items_load(&it, mem_path(rest, nl ? n - len - 1 : 0, MEM_MAPPED), len & 1, NULL, NULL, &e)) {
		for (size_t i = 0; i < it.id.n; i++)
			ask(&w, &it, it.id.str[i]);
		assert(vocab_find(&it.id, "\xff\xfe", 2) != VOCAB_NONE || !where_holds(&w, 1, &it, (struct str){ "\xff\xfe", 2 }));
		items_release(&it);
	}
	where_release(&w);
	buf_release(&text);
	return 0;
}
