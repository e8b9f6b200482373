#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
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
		return -ENOMEM;
	memcpy(copy->path, path, n);
	pthread_mutex_lock(&lock);
	while (i < TMP_FILES && atomic_load(&name[i]))
		i++;
	if (i < TMP_FILES)
		atomic_store(&name[i], copy);
	pthread_mutex_unlock(&lock);
	if (i == TMP_FILES)
		free(copy);
	return i < TMP_FILES ? 0 : -ENFILE;
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

static struct {
	_Atomic(bool) is_set;
	int to, fd;
	int64_t size;
} appended;

bool tmp_appends(int to, int fd, int64_t size)
{
	if (atomic_load(&appended.is_set))
		return false;
	appended.to = to;
	appended.fd = fd;
	appended.size = size;
	atomic_store(&appended.is_set, true);
	return true;
}

void tmp_appended(void)
{
	atomic_store(&appended.is_set, false);
}

/* take_back - other threads may be writing: first what they write goes elsewhere. */
static void take_back(void)
{
	struct stat st;
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere < 0 || dup2(nowhere, appended.to) < 0 || fstat(appended.fd, &st) || st.st_size <= appended.size)
		return;
	while (ftruncate(appended.fd, appended.size) && errno == EINTR)
		;
}

void tmp_unlink_all(void)
{
	if (atomic_exchange(&appended.is_set, false))
		take_back();
	for (int i = 0; i < TMP_FILES; i++) {
		struct name *p = atomic_load(&name[i]);
		if (p)
			unlink(p->path);
	}
}

static const char *dir_set;

void tmp_dir_set(const char *dir)
{
	dir_set = dir;
}

const char *tmp_dir(void)
{
	return dir_set && *dir_set ? dir_set : "/tmp";
}

/* open_named - for file systems that know no file without a name: one that loses it at once. */
static int open_named(const char *dir)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/taste.XXXXXX", dir);
	int fd = mkostemp(path.p, O_CLOEXEC), why = errno;
	if (fd >= 0)
		unlink(path.p);
	buf_release(&path);
	errno = why;
	return fd;
}

int tmp_open(struct err *e)
{
	const char *dir = tmp_dir();
	int fd = -1;

#ifdef O_TMPFILE
	fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
#endif
	if (fd < 0)
		fd = open_named(dir);
	return fd >= 0 ? fd : err_sys(e, errno, "cannot make a scratch file in %s", dir);
}
