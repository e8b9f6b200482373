/* Any bytes as a log and, behind a line of dashes, a catalogue: sources find at every moment, for each listener and none, items that may be found, in order, none twice. The first byte chooses the options. */
#include <math.h>

#include "fuzz-stream.h"
#include "../lib/base/mem.h"
#include "../lib/rank/sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { TICKS = 3, K = 6 };

static void find(const struct sources *s, int64_t t)
{
	struct err e = { 0 };
	struct sources_user *w = sources_user_new(s, &e);

	assert(w);
	for (size_t u = 0; u <= s->log->user.n && u < 20; u++) {
		sources_user_is(w, u < s->log->user.n ? (uint32_t)u : VOCAB_NONE, t);
		for (int which = 0; which < SOURCES; which++) {
			if (!(s->o.wants >> which & 1))
				continue;
			size_t room = sources_room(s, (enum sources_which)which);
			struct topk_hit *hit = mem_new(room + 1, sizeof *hit);
			size_t n = sources_find(w, (enum sources_which)which, hit);
			assert(n <= room);
			for (size_t i = 0; i < n; i++) {
				assert(hit[i].row < s->n_items && isfinite(hit[i].score) && (!i || hit[i].score <= hit[i - 1].score));
				for (size_t j = 0; j < i; j++)
					assert(hit[j].row != hit[i].row);
			}
			mem_free(hit);
		}
	}
	sources_user_free(w);
}

static void ask(const struct seqs *log, const struct shelf *shelf, uint8_t how)
{
	static const char *const serial[] = { "podcast", "audiobook" };
	struct sources_opts o = { .k = 1 + how % K, .wants = shelf ? (1 << SOURCES) - 1 : 1 << SOURCES_NOW | 1 << SOURCES_RISING | 1 << SOURCES_AGAIN | 1 << SOURCES_NEAR,
				  .half_life = how & 8 ? 86400 : 86.4, .new_for = 30 * 86400, .lately = 90 * 86400, .rest = how & 16 ? 0 : 86400, .finished = 0.9, .serial = serial, .n_serial = 2,
				  .each_kind = how & 32, .keep = how & 64, .newest_first = how & 128 };
	int64_t tick[TICKS] = { INT64_MAX, INT64_MAX, INT64_MAX }, first = INT64_MAX, last = INT64_MIN;
	struct sources s;
	struct err e = { 0 };

	for (size_t i = 0; i < log->n; i++) {
		first = log->time[i] < first ? log->time[i] : first;
		last = log->time[i] > last ? log->time[i] : last;
	}
	tick[0] = first;
	tick[1] = first / 2 + last / 2;
	if (sources_make(&s, log, shelf, &o, tick, TICKS, &e)) {
		assert(e.code == ERR_MEM);
		return;
	}
	for (int i = 0; i < TICKS; i++)
		find(&s, tick[i]);
	sources_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char cut[] = "\n---\n";
	struct items it = { 0 };
	struct shelf shelf = { 0 };
	struct seqs log = { 0 };
	struct err e = { 0 };

	if (!n || n > FUZZ_MAX)
		return 0;
	const uint8_t *second = memmem(p, n, cut, sizeof cut - 1), *end = p + n;
	if (second && (items_load(&it, mem_path(second + sizeof cut - 1, (size_t)(end - second) - sizeof cut + 1, MEM_MAPPED), false, NULL, NULL, &e) || shelf_make(&shelf, &it, &e))) {
		assert(e.code < 0 && e.msg[0]);
		return 0;
	}
	for (size_t i = 0; i < it.id.n; i++)
		vocab_add(&log.item, it.id.str[i].p, it.id.str[i].len);
	struct seqs_opts so = { .keep_weightless = true, .has_values = *p & 4 };
	const char *path = mem_path(p + 1, (size_t)((second ? second + 1 : end) - p - 1), MEM_MAPPED);
	if (seqs_load(&log, &path, 1, &so, NULL, NULL, &e)) {
		assert(e.code < 0 && e.msg[0]);
	} else {
		bool has_times = true;
		for (size_t i = 0; i < log.n; i++)
			has_times &= log.time[i] != TIME_NONE;
		if (has_times)
			ask(&log, second ? &shelf : NULL, *p);
		seqs_release(&log);
	}
	shelf_release(&shelf);
	items_release(&it);
	return 0;
}
