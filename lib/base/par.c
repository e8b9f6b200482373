#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "mem.h"
#include "par.h"
#include "thread.h"

enum { MAX_THREADS = 64 };

struct par {
	int n;				/* threads that work, the caller among them */
	pthread_t *thread;		/* [n - 1] */
	pthread_mutex_t lock;
	pthread_cond_t go, done;
	uint64_t job;			/* counts up; a thread that sees a new number joins in */
	int n_busy;
	bool is_ending;
	void (*fn)(void *ctx, size_t chunk, int worker);
	void *ctx;
	size_t n_chunks;
	_Atomic size_t next;
};

struct start { struct par *p; int worker; };

static void work(struct par *p, int worker)
{
	size_t i;

	while ((i = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->n_chunks)
		p->fn(p->ctx, i, worker);
}

static void *thread_main(void *arg)
{
	struct start s = *(struct start *)arg;
	struct par *p = s.p;
	uint64_t seen = 0;

	mem_free(arg);
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (p->job == seen && !p->is_ending)
			pthread_cond_wait(&p->go, &p->lock);
		if (p->is_ending)
			break;
		seen = p->job;
		pthread_mutex_unlock(&p->lock);
		work(p, s.worker);
		pthread_mutex_lock(&p->lock);
		if (!--p->n_busy)
			pthread_cond_signal(&p->done);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int par_cpus(void)
{
	cpu_set_t set;
	long n = sched_getaffinity(0, sizeof set, &set) ? sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);

	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int)n;
}

struct par *par_new(int n, struct err *e)
{
	if (n <= 0)
		n = par_cpus();
	struct par *p = mem_new(1, sizeof *p);
	p->n = 1;
	p->thread = mem_new((size_t)n, sizeof *p->thread);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->go, NULL);
	pthread_cond_init(&p->done, NULL);
	for (; p->n < n; p->n++) {
		struct start *s = mem_new(1, sizeof *s);
		*s = (struct start){ p, p->n };
		int r = thread_start(&p->thread[p->n - 1], thread_main, s);
		if (r) {
			mem_free(s);
			err_sys(e, r, "cannot start thread %d of %d", p->n + 1, n);
			par_free(p);
			return NULL;
		}
	}
	return p;
}

void par_free(struct par *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	pthread_cond_broadcast(&p->go);
	pthread_mutex_unlock(&p->lock);
	for (int i = 1; i < p->n; i++)
		pthread_join(p->thread[i - 1], NULL);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->go);
	pthread_cond_destroy(&p->done);
	mem_free(p->thread);
	mem_free(p);
}

int par_threads(const struct par *p)
{
	return p ? p->n : 1;
}

/* run - let every thread do p->work, the caller as worker 0, and wait. */
static void run(struct par *p)
{
	pthread_mutex_lock(&p->lock);
	p->n_busy = p->n - 1;
	p->job++;
	pthread_cond_broadcast(&p->go);
	pthread_mutex_unlock(&p->lock);
	work(p, 0);
	pthread_mutex_lock(&p->lock);
	while (p->n_busy)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

void par_for(struct par *p, size_t n_chunks, void (*fn)(void *ctx, size_t chunk, int worker), void *ctx)
{
	if (!p || p->n == 1 || n_chunks < 2) {
		for (size_t i = 0; i < n_chunks; i++)
			fn(ctx, i, 0);
		return;
	}
	p->fn = fn;
	p->ctx = ctx;
	p->n_chunks = n_chunks;
	atomic_store(&p->next, 0);
	run(p);
}
