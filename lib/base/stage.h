/*
 * stage - one thread that does one kind of work, a piece at a time, while its owner prepares the next: a step of a pipeline. Zeroed, it has no thread.
 *
 *	if (!s.has_thread && stage_start(&s, pack, ctx)) ...	once there is enough to do; where no thread is to be had the owner does the work
 *	if (stage_wait(&s)) fail				what was given is done; its things are the owner's again
 *	stage_give(&s, piece)
 *	stage_end(&s)
 */
#ifndef TASTE_STAGE_H
#define TASTE_STAGE_H

#include <pthread.h>
#include <stdbool.h>
#include "err.h"

struct stage {
	int (*fn)(void *ctx, void *work, struct err *e);
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	void *work;			/* in hand; NULL: it waits */
	bool has_thread, is_ending;
	struct err err;			/* the first there was; read after stage_wait */
};

/* stage_start - false where no thread is to be had. fn gets the ctx and each piece in turn. */
bool stage_start(struct stage *s, int (*fn)(void *ctx, void *work, struct err *e), void *ctx);
/* stage_give - the next piece; only after stage_wait. */
void stage_give(struct stage *s, void *work);
/* stage_wait - until it has nothing to do. Returns the code of the first error. */
int stage_wait(struct stage *s);
/* stage_end - when it has done what it has; the thread is gone, err stays. */
void stage_end(struct stage *s);

#endif
