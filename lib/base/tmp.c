#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tmp.h"

static _Atomic(char *) name[TMP_FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int tmp_register(const char *path)
{
	char *copy = strdup(path);
	int i = 0;

	if (!copy)
		return -1;
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
		char *p = atomic_load(&name[i]);
		if (p && !strcmp(p, path)) {
			atomic_store(&name[i], NULL);
			free(p);
			break;
		}
	}
	pthread_mutex_unlock(&lock);
}

void tmp_unlink_all(void)
{
	for (int i = 0; i < TMP_FILES; i++) {
		char *p = atomic_load(&name[i]);
		if (p)
			unlink(p);
	}
}
