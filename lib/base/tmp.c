#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tmp.h"

struct name {
	struct name *next;
	char path[];
};

/* A name that was taken back is kept in `old`, not freed: a signal handler on another thread may be reading it. That is some bytes for each output
 * of a run. */
static _Atomic(struct name *) name[TMP_FILES];
static struct name *old;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int tmp_register(const char *path)
{
	size_t n = strlen(path) + 1;
	struct name *copy = malloc(sizeof *copy + n);
	int i = 0;

	if (!copy)
		return -1;
	memcpy(copy->path, path, n);
	pthread_mutex_lock(&lock);
	while (i < TMP_FILES && atomic_load(&name[i]))
		i++;
	if (i < TMP_FILES)
		atomic_store(&name[i], copy);
	pthread_mutex_unlock(&lock);
	if (i == TMP_FILES)
		free(copy);
	return i < TMP_FILES ? 0 : -1;
}

void tmp_unregister(const char *path)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < TMP_FILES; i++) {
		struct name *p = atomic_load(&name[i]);
		if (p && !strcmp(p->path, path)) {
			atomic_store(&name[i], NULL);
			p->next = old;
			old = p;
			break;
		}
	}
	pthread_mutex_unlock(&lock);
}

void tmp_unlink_all(void)
{
	for (int i = 0; i < TMP_FILES; i++) {
		struct name *p = atomic_load(&name[i]);
		if (p)
			unlink(p->path);
	}
}
