#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "limit.h"

enum { PATH_BYTES = 4096 };

/* least_in - the number in DIR/NAME and in those of the folders above, down to `base` bytes of the path; "max" is no number. */
static uint64_t least_in(char *dir, size_t base, const char *name)
{
	uint64_t least = UINT64_MAX, v;
	char path[3 * PATH_BYTES];

	for (;;) {
		snprintf(path, sizeof path, "%s/%s", dir, name);
		FILE *f = fopen(path, "re");
		if (f && fscanf(f, "%" SCNu64, &v) == 1 && v < least)
			least = v;
		if (f)
			fclose(f);
		char *slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < base)
			return least;
		*slash = '\0';
	}
}

/* group_limit - of the control groups that this process is in. Inside a container the path may be one that is not seen there: then that of the root is looked at. */
static uint64_t group_limit(void)
{
	static const char v2[] = "/sys/fs/cgroup", v1[] = "/sys/fs/cgroup/memory";
	char line[PATH_BYTES], dir[2 * PATH_BYTES];
	uint64_t least = UINT64_MAX, v;
	FILE *f = fopen("/proc/self/cgroup", "re");

	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		char *what = strchr(line, ':'), *path = what ? strchr(what + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		bool is_v2 = !what[1];
		if (!is_v2 && strcmp(what + 1, "memory"))
			continue;
		snprintf(dir, sizeof dir, "%s%s", is_v2 ? v2 : v1, path);
		v = least_in(dir, is_v2 ? sizeof v2 - 1 : sizeof v1 - 1, is_v2 ? "memory.max" : "memory.limit_in_bytes");
		least = v < least ? v : least;
	}
	if (f)
		fclose(f);
	return least;
}

uint64_t limit_memory(void)
{
	uint64_t least = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE), groups = group_limit();
	struct rlimit r;

	if (!getrlimit(RLIMIT_AS, &r) && r.rlim_cur != RLIM_INFINITY && r.rlim_cur < least)
		least = r.rlim_cur;
	return groups < least ? groups : least;
}
