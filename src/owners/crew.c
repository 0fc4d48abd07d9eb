// SPDX-License-Identifier: MIT
/* crew.c - a few threads and a counter; see crew.h. */
#include "owners/crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <sockview/cpus.h>

struct job {
	size_t items;
	crew_work *work;
	atomic_size_t next;
	atomic_bool failed;
};

struct hand {
	pthread_t thread;
	struct job *job;
	void *member;
};

unsigned crew_size(unsigned wanted, size_t items, size_t each)
{
	size_t useful = items / each;
	if (useful <= 1 || wanted == 1)
		return 1;
	unsigned size = wanted ? wanted : cpus_allowed();
	if (size > CREW_MAX)
		size = CREW_MAX;
	return size > useful ? (unsigned)useful : size;
}

static void *work_on(void *context)
{
	struct hand *hand = context;
	struct job *job = hand->job;
	size_t item;
	while (!atomic_load_explicit(&job->failed, memory_order_relaxed) &&
	       (item = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed)) < job->items)
		if (job->work(hand->member, item))
			atomic_store(&job->failed, true);
	return NULL;
}

/* How many there are, the caller included. */
static unsigned start(struct hand *hand, unsigned size)
{
	/* Signals are the caller's, and a pending one would cut a thread's getdents64 short. */
	sigset_t all, before;
	unsigned started = 1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < size && !pthread_create(&hand[started].thread, NULL, work_on, &hand[started]))
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

int crew_run(unsigned size, size_t items, crew_work *work, void *const member[])
{
	struct job job = { .items = items, .work = work };
	struct hand hand[CREW_MAX];
	for (unsigned i = 0; i < size; i++)
		hand[i] = (struct hand){ .job = &job, .member = member[i] };
	unsigned started = start(hand, size);
	work_on(&hand[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(hand[i].thread, NULL);
	if (!atomic_load(&job.failed))
		return 0;
	errno = ENOMEM;
	return -1;
}
