/* Any bytes, cut at NUL, as a command line: what parse takes lies in its bounds and prints as it would be typed; what it does not take is a sentence; and as the small languages of options: weights, values, rewards, situations. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/buf.h"
#include "../lib/base/mem.h"
#include "../lib/cli/opt.h"
#include "../lib/synth/situation.h"
#include "../lib/eval/feedback.h"
#include "../lib/model/weigh.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ARGS = 40 };

struct values { bool flag; int64_t whole; double share; const char *size, *text; struct opt_list list; int choice; };

static void parse(char **argv, int argc)
{
	struct values v = { .whole = 3, .share = 0.5, .choice = 1 };
	const struct opt own[] = {
		{ 0, NULL, OPT_SECTION, .help = "one" },
		{ 'f', "flag", OPT_FLAG, &v.flag, NULL, "a flag" },
		{ 'k', "whole", OPT_INT, &v.whole, "N", "a number", -5, 1e6 },
		{ 'x', "share", OPT_FLOAT, &v.share, "X", "a share", 0, 1 },
		{ 0 },
	}, common[] = {
		{ 'M', "size", OPT_STR, &v.size, "SIZE", "bytes" },
		{ 'o', "output", OPT_STR, &v.text, "FILE", "a file", .flags = OPT_IS_PATH | OPT_NO_PROV },
		{ 0, "list", OPT_LIST, &v.list, "TEXT", "several" },
		{ 0, "choice", OPT_ENUM, &v.choice, "HOW", "one of", .names = "all|some|none" },
		{ 0 },
	};
	const char *rest[ARGS + 1];
	struct buf b = { 0 };
	struct err e = { 0 };
	size_t n_rest = 0;

	opt_help(&b, own);
	int r = opt_parse(argc, argv, own, common, rest, &n_rest, NULL, &e);
	if (r) {
		assert(r == ERR_USAGE && e.msg[0]);
	} else {
		assert(n_rest < (size_t)argc && v.whole >= -5 && v.whole <= 1000000 && v.share >= 0 && v.share <= 1 && v.choice >= 0 && v.choice <= 2);
		for (size_t i = 0; i < n_rest; i++)
			buf_puts(&b, rest[i]);
		for (size_t i = 0; i < v.list.n; i++)
			buf_puts(&b, v.list.v[i]);
		for (const struct opt *o = own; o->name || o->type == OPT_SECTION; o++)
			opt_value(&b, o);
		opt_tsv(&b, common);
	}
	mem_free(v.list.v);
	buf_release(&b);
}

/* weights - what a table says of itself makes the same table. */
static void weights(const char *text)
{
	struct weigh w, same;
	struct buf a[2] = { { 0 } }, b[2] = { { 0 } };
	struct err e = { 0 };

	weigh_init(&w);
	weigh_init(&same);
	if (weigh_parse(&w, text, &e))
		assert(e.code == ERR_USAGE && e.msg[0]);
	e = (struct err){ 0 };
	if (weigh_parse_values(&w, text, &e))
		assert(e.code == ERR_USAGE && e.msg[0]);
	weigh_text(&w, &a[0]);
	weigh_values_text(&w, &a[1]);
	e = (struct err){ 0 };
	int r = weigh_parse(&same, a[0].p, &e) || weigh_parse_values(&same, a[1].p, &e);
	assert(!r);
	weigh_text(&same, &b[0]);
	weigh_values_text(&same, &b[1]);
	assert(!strcmp(a[0].p, b[0].p) && !strcmp(a[1].p, b[1].p));
	for (size_t i = 0; i < w.n; i++) {
		double x = weigh_event(&(struct event){ .user = { "u", 1 }, .item = { "i", 1 }, .time = TIME_NONE, .kind = { w.kind[i].name, w.kind[i].len }, .value = 3, .context = { "", 0 } }, &w);
		assert(x >= 0 && isfinite(x));
	}
	for (int i = 0; i < 2; i++) {
		buf_release(&a[i]);
		buf_release(&b[i]);
	}
	weigh_release(&w);
	weigh_release(&same);
}

static void others(const char *text)
{
	struct feedback f;
	struct situation at = { { 0 } }, again = { { 0 } };
	struct err e = { 0 };
	struct buf b = { 0 };

	feedback_init(&f);
	if (feedback_rewards(&f, text, &e))
		assert(e.code == ERR_USAGE && e.msg[0]);
	for (size_t i = 0; i < f.n_kinds; i++)
		assert(isfinite(f.kind[i].reward));
	feedback_release(&f);
	for (int is_strict = 0; is_strict < 2; is_strict++) {
		e = (struct err){ 0 };
		if (situation_scan(text, strlen(text), is_strict, &at, &e)) {
			assert(e.msg[0]);
			continue;
		}
		assert(situation_number(at) < SITUATIONS);
		buf_reset(&b);
		situation_put(at, &b);
		int r = situation_scan(b.p ? b.p : "", b.len, true, &again, &e);
		assert(!r && !memcmp(&at, &again, sizeof at));
	}
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *argv[ARGS + 1] = { (char[]){ "fuzz" } };
	int argc = 1;
	char *text = mem_new(n + 1, 1);

	memcpy(text, p, n);
	for (char *at = text; at < text + n && argc < ARGS; at += strlen(at) + 1)
		argv[argc++] = at;
	for (int i = 1; i < argc; i++) {
		weights(argv[i]);
		others(argv[i]);
	}
	parse(argv, argc);
	mem_free(text);
	return 0;
}
