#include "stage.h"
#include "thread.h"

static void *stage_main(void *arg)
{
	struct stage *s = arg;
	struct err e = { 0 };

	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->work && !s->is_ending)
			pthread_cond_wait(&s->turn, &s->lock);
		if (!s->work)
			break;
		pthread_mutex_unlock(&s->lock);
		int r = s->fn(s->ctx, s->work, &e);
		pthread_mutex_lock(&s->lock);
		if (r && !s->err.code)
			s->err = e;
		s->work = NULL;
		pthread_cond_signal(&s->turn);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

bool stage_start(struct stage *s, int (*fn)(void *ctx, void *work, struct err *e), void *ctx)
{
	s->fn = fn;
	s->ctx = ctx;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->turn, NULL);
	s->has_thread = !thread_start(&s->thread, stage_main, s);
	if (!s->has_thread) {
		pthread_cond_destroy(&s->turn);
		pthread_mutex_destroy(&s->lock);
	}
	return s->has_thread;
}

void stage_give(struct stage *s, void *work)
{
	pthread_mutex_lock(&s->lock);
	s->work = work;
	pthread_cond_signal(&s->turn);
	pthread_mutex_unlock(&s->lock);
}

int stage_wait(struct stage *s)
{
	if (!s->has_thread)
		return s->err.code;
	pthread_mutex_lock(&s->lock);
	while (s->work)
		pthread_cond_wait(&s->turn, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return s->err.code;
}

void stage_end(struct stage *s)
{
	if (!s->has_thread)
		return;
	pthread_mutex_lock(&s->lock);
	s->is_ending = true;
	pthread_cond_signal(&s->turn);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->turn);
	pthread_mutex_destroy(&s->lock);
	s->has_thread = false;
}
