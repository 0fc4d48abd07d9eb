// SPDX-License-Identifier: MIT
/*
 * resolver.c - threads that ask for host names; see resolver.h.
 *
 *   lookups   [ answered | given up | asked | asked | ...   not yet ... ]
 *                          oldest^                  next^           count^
 *
 * Lookups are taken in order, so their deadlines ascend, and the oldest one
 * that is still waited for is all that has to be watched. A worker copies what
 * it looks up, and on its way back finds out by the generation whether
 * the answer is still wanted.
 */
#include "host/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* So many threads are started at first, and again whenever a while has passed without an answer. */
#define WORKERS_STEP 32
/* A deadline is so many of those whiles: by then all RESOLVER_THREADS have been tried. */
#define STEPS 10
/* NSS modules want some; untouched pages cost nothing. */
#define WORKER_STACK (256 * 1024)

enum progress { NOT_YET, ASKED, ANSWERED, GIVEN_UP };

struct ticket {
	int64_t deadline; /* ms, CLOCK_MONOTONIC */
	enum progress progress;
};

struct resolver {
	pthread_mutex_t lock; /* over all below */
	pthread_cond_t answer;
	unsigned references; /* the owner and each thread */
	unsigned threads;
	uint64_t generation; /* of the lookups: one a run */
	struct host_lookup *lookups;
	struct ticket *tickets; /* parallel to lookups */
	size_t count, next, oldest, finished;
	int64_t last_answer;
	unsigned deadline_ms;
	size_t failed; /* lookups for which something was lacking here */
	int number;    /* errno: what it was */
};

/* A worker's own copy of what it looks up. */
struct task {
	struct host_lookup lookup;
	size_t index;
	uint64_t generation;
	int number; /* errno if it could not be looked up */
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct resolver *resolver_new(void)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	if (!resolver)
		return NULL;
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&resolver->lock, NULL);
	pthread_cond_init(&resolver->answer, &attributes);
	pthread_condattr_destroy(&attributes);
	resolver->references = 1;
	return resolver;
}

/* Called with the lock held; gives it back. */
static void release(struct resolver *resolver)
{
	bool last = --resolver->references == 0;
	pthread_mutex_unlock(&resolver->lock);
	if (!last)
		return;
	pthread_cond_destroy(&resolver->answer);
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	pthread_mutex_lock(&resolver->lock);
	release(resolver);
}

/* A reverse zone's owner may answer anything: a name that reads as an address is not believed. */
static bool reads_as_address(const char *name)
{
	unsigned char ignored[16];
	return inet_pton(AF_INET, name, ignored) == 1 || inet_pton(AF_INET6, name, ignored) == 1;
}

static char *name_ask(const struct host_lookup *lookup, int *number)
{
	char name[NI_MAXHOST];
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	memcpy(&v4.sin_addr, &lookup->addr, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, &lookup->addr, sizeof(v6.sin6_addr));
	bool is_v6 = lookup->family == AF_INET6;
	const void *address = is_v6 ? (const void *)&v6 : (const void *)&v4;
	socklen_t len = is_v6 ? sizeof(v6) : sizeof(v4);
	int failure = getnameinfo(address, len, name, sizeof(name), NULL, 0, NI_NAMEREQD);
	char *copy = failure || reads_as_address(name) ? NULL : strdup(name);
	*number = failure == EAI_MEMORY || (!failure && !copy && !reads_as_address(name)) ? ENOMEM : 0;
	return copy;
}

static bool task_take(struct resolver *resolver, struct task *task)
{
	if (resolver->next == resolver->count)
		return false;
	size_t index = resolver->next++;
	resolver->tickets[index] = (struct ticket){ now_ms() + resolver->deadline_ms, ASKED };
	*task = (struct task){ .lookup = resolver->lookups[index], .index = index, .generation = resolver->generation };
	return true;
}

static void task_finish(struct resolver *resolver, const struct task *task, char *name)
{
	if (task->generation != resolver->generation || !resolver->lookups) {
		free(name);
		return;
	}
	struct ticket *ticket = &resolver->tickets[task->index];
	resolver->lookups[task->index].name = name;
	if (ticket->progress != ASKED) /* late: taken with thanks, but no sign of life */
		return;
	ticket->progress = ANSWERED;
	resolver->finished++;
	if (task->number) {
		resolver->failed++;
		resolver->number = task->number;
	}
	resolver->last_answer = now_ms();
	if (resolver->finished == resolver->count)
		pthread_cond_signal(&resolver->answer);
}

static void *worker(void *context)
{
	struct resolver *resolver = context;
	struct task task;
	pthread_mutex_lock(&resolver->lock);
	while (task_take(resolver, &task)) {
		pthread_mutex_unlock(&resolver->lock);
		char *name = name_ask(&task.lookup, &task.number);
		pthread_mutex_lock(&resolver->lock);
		task_finish(resolver, &task, name);
	}
	resolver->threads--;
	release(resolver);
	return NULL;
}

static int worker_start(struct resolver *resolver, const pthread_attr_t *attributes)
{
	pthread_t thread;
	resolver->references++;
	resolver->threads++;
	int number = pthread_create(&thread, attributes, worker, resolver);
	if (!number)
		return 0;
	resolver->number = number;
	resolver->references--;
	resolver->threads--;
	return -1;
}

/* Called with the lock held. Starts as many as may be; signals are for the main thread only. */
static void workers_add(struct resolver *resolver, size_t wanted)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	if (wanted > resolver->count - resolver->next)
		wanted = resolver->count - resolver->next;
	if (!wanted)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, WORKER_STACK);
	while (wanted-- && resolver->threads < RESOLVER_THREADS)
		if (worker_start(resolver, &attributes))
			break;
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* How many lookups are no longer waited for since the last time. */
static size_t overdue_give_up(struct resolver *resolver, int64_t now)
{
	size_t given_up = 0;
	for (; resolver->oldest < resolver->next; resolver->oldest++) {
		struct ticket *ticket = &resolver->tickets[resolver->oldest];
		if (ticket->progress == ASKED && ticket->deadline > now)
			break;
		if (ticket->progress == ASKED) {
			ticket->progress = GIVEN_UP;
			given_up++;
		}
	}
	resolver->finished += given_up;
	return given_up;
}

static void wait_until(struct resolver *resolver, int64_t when)
{
	struct timespec until = { .tv_sec = when / 1000, .tv_nsec = when % 1000 * 1000000 };
	pthread_cond_timedwait(&resolver->answer, &resolver->lock, &until);
}

/* Called with the lock held. Ends when all is answered or given up. */
static void supervise(struct resolver *resolver)
{
	int64_t step = resolver->deadline_ms / STEPS + 1;
	workers_add(resolver, WORKERS_STEP);
	while (resolver->finished < resolver->count && resolver->threads) {
		int64_t now = now_ms();
		if (now >= resolver->last_answer + resolver->deadline_ms)
			return;
		wait_until(resolver, now + step);
		now = now_ms();
		size_t replace = overdue_give_up(resolver, now);
		if (now >= resolver->last_answer + step)
			replace += WORKERS_STEP;
		workers_add(resolver, replace);
	}
}

size_t resolver_run(struct resolver *resolver, struct host_lookup *lookups, size_t count, unsigned deadline_ms,
                    int *number)
{
	struct ticket *tickets = calloc(count + 1, sizeof(*tickets));
	if (!tickets) {
		*number = ENOMEM;
		return count;
	}
	pthread_mutex_lock(&resolver->lock);
	resolver->generation++;
	resolver->lookups = lookups;
	resolver->tickets = tickets;
	resolver->count = count;
	resolver->next = resolver->oldest = resolver->finished = resolver->failed = 0;
	resolver->number = 0;
	resolver->deadline_ms = deadline_ms;
	resolver->last_answer = now_ms();
	supervise(resolver);
	/* Without a single thread nothing is asked any more; behind a deadline threads are there, and stuck. */
	size_t failed = resolver->failed + (resolver->threads ? 0 : count - resolver->next);
	*number = resolver->number;
	resolver->lookups = NULL;
	resolver->tickets = NULL;
	resolver->count = resolver->next = 0;
	pthread_mutex_unlock(&resolver->lock);
	free(tickets);
	return failed;
}
