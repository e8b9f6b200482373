/*
 * Any bytes as a file of any source: no crash, no leak, every row has a user and an item, every bad one a reason. The first byte chooses the options, the second the source.
 */
#include <string.h>

#include "mem-path.h"
#include "../lib/source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void read_all(struct source *s, const char *path)
{
	struct listen l;
	struct err e = { 0 };
	int got, r = source_open(s, path, &e);

	assert(!r == !e.code);
	if (r)
		return;
	while ((got = source_next(s, &l, &e)) > 0) {
		if (got == SOURCE_PASS)
			continue;
		assert((got == SOURCE_REJECT) == (e.code != ERR_NONE));
		if (got == SOURCE_REJECT) {
			struct str t = source_text(s);
			assert(e.code == ERR_DATA && source_reason(s) && (t.p || !t.len));
			e = (struct err){ 0 };
			continue;
		}
		assert(l.ev.user.len && l.ev.item.len && !memchr(l.ev.user.p, '\0', l.ev.user.len) && !memchr(l.ev.item.p, '\0', l.ev.item.len));
		assert(!isinf(l.ev.value));
	}
	assert((got < 0) == (e.code != ERR_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const map[] = { NULL, "user=2,item=1", "user=b,item=a.b,time=c,context.k=d,title=e", "item=1,time=2,value=3" };
	struct source_kind const *k = source_list;
	struct err e = { 0 };

	if (n < 2)
		return 0;
	for (int i = p[1] & 31; i && k[1].name; i--)
		k++;
	struct source_opts o = { .map = k->flags & SOURCE_TAKES_MAP ? map[p[0] >> 3 & 3] : NULL, .has_header = k->flags & SOURCE_TAKES_HEADER && p[0] & 32,
				 .has_escapes = k->flags & SOURCE_TAKES_ESCAPES && p[0] & 64, .user = p[0] & 128 ? "me" : NULL };
	const char *path = k->flags & SOURCE_IS_SQL ? mem_disk(p + 2, n - 2) : mem_path(p + 2, n - 2, MEM_MAPPED);
	struct source *s = source_new(k->name, &o, &e);
	if (s) {
		read_all(s, path);
		read_all(s, path);
	}
	source_free(s);
	struct items it = { 0 };
	e = (struct err){ 0 };
	if (!source_catalogue(&it, k->name, path, o.has_header, &e))
		for (size_t i = 0; i < it.id.n; i++)
			assert(items_get(&it, it.id.str[i], ITEM_TITLE).p);
	items_release(&it);
	return 0;
}
