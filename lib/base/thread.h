/*
 * thread - the one way to start one: signals that end a program are the main thread's, which keeps them off while it makes a file that must not be left behind (sink.c). What a thread
 * does itself stays its own: a page that is gone, a pipe that nobody reads.
 */
#ifndef TASTE_THREAD_H
#define TASTE_THREAD_H

#include <pthread.h>
#include <signal.h>

/* thread_start - as pthread_create, whose errno it returns. */
static inline int thread_start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	static const int own[] = { SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGSYS, SIGTRAP, SIGPIPE };
	sigset_t others, was;

	sigfillset(&others);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		sigdelset(&others, own[i]);
	pthread_sigmask(SIG_BLOCK, &others, &was);
	int no = pthread_create(t, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return no;
}

#endif
