/*
 * tmp - names of temporary files that must not outlive the process. A sink registers its temporary when it makes it and takes it back when it has renamed or
 * removed it; whoever ends the process early (a signal handler, die) calls tmp_unlink_all.
 */
#ifndef TASTE_TMP_H
#define TASTE_TMP_H

enum { TMP_FILES = 64 };

/* tmp_register - remember a path (copied). 0, or -1 when the table is full or memory is out: the file is then only removed on the usual ways out. */
int tmp_register(const char *path);
void tmp_unregister(const char *path);
/* tmp_unlink_all - remove every registered file. Safe in a signal handler. */
void tmp_unlink_all(void);

#endif
