#include <string.h>

#include "output.h"
#include "tool.h"
#include "../base/mem.h"

enum { MAX_OUTPUTS = 16 };
static struct sink *open_sinks[MAX_OUTPUTS];
static char *taken[MAX_OUTPUTS];	/* the names of all there were: the one closed last would be all that is left of two */

/* take - remember the name; devices may be written by many. */
static void take(const char *path)
{
	int i = 0;

	if (!strncmp(path, "/dev/", 5))
		return;
	for (; i < MAX_OUTPUTS && taken[i]; i++)
		if (!strcmp(taken[i], path))
			usage_die("'%.60s' can hold only one of the outputs", strcmp(path, "-") ? path : "standard output");
	if (i < MAX_OUTPUTS)
		taken[i] = mem_strdup(path);
}

static void abandon_all(void *unused)
{
	(void)unused;
	for (int i = 0; i < MAX_OUTPUTS; i++) {
		sink_abandon(open_sinks[i]);
		open_sinks[i] = NULL;
	}
}

struct sink *tool_output(const char *path, bool is_binary)
{
	static bool is_registered;
	struct err e = { 0 };
	int slot = 0;

	while (slot < MAX_OUTPUTS && open_sinks[slot])
		slot++;
	if (slot == MAX_OUTPUTS)
		die(EXIT_SYS, "more than %d outputs at a time", MAX_OUTPUTS);
	if (!is_registered)
		tool_at_exit(abandon_all, NULL);
	is_registered = true;
	take(path);
	struct sink *s = sink_open(path, &e);
	if (!s)
		die_err(&e);
	open_sinks[slot] = s;
	if (is_binary && sink_is_tty(s))
		usage_die("binary output would garble the terminal: send it to a file (-o) or a pipe");
	return s;
}

void tool_output_close(struct sink *s)
{
	struct err e = { 0 };

	for (int i = 0; i < MAX_OUTPUTS; i++)
		if (open_sinks[i] == s)
			open_sinks[i] = NULL;
	if (sink_close(s, &e))
		die_err(&e);
}
