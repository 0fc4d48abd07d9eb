// SPDX-License-Identifier: MIT
/* servant.c - a thread that keeps capabilities which its caller gives up (servant.h). */
#include <sockview/servant.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

enum { STACK = 256 * 1024 };

struct servant {
	pthread_t thread;
	pthread_mutex_t caller; /* one call at a time */
	pthread_mutex_t lock;   /* over what follows */
	pthread_cond_t asked, done;
	servant_work *work; /* NULL: none is asked for */
	void *context;
	ssize_t answer;
	int number; /* errno behind it */
	bool end;
};

static void *serve(void *context)
{
	struct servant *servant = context;
	pthread_mutex_lock(&servant->lock);
	for (;;) {
		while (!servant->work && !servant->end)
			pthread_cond_wait(&servant->asked, &servant->lock);
		if (!servant->work)
			break;
		pthread_mutex_unlock(&servant->lock);
		ssize_t answer = servant->work(servant->context);
		int number = errno;
		pthread_mutex_lock(&servant->lock);
		servant->answer = answer;
		servant->number = number;
		servant->work = NULL;
		pthread_cond_signal(&servant->done);
	}
	pthread_mutex_unlock(&servant->lock);
	return NULL;
}

static void servant_free(struct servant *servant)
{
	pthread_mutex_destroy(&servant->caller);
	pthread_mutex_destroy(&servant->lock);
	pthread_cond_destroy(&servant->asked);
	pthread_cond_destroy(&servant->done);
	free(servant);
}

struct servant *servant_begin(void)
{
	struct servant *servant = calloc(1, sizeof(*servant));
	pthread_attr_t small;
	sigset_t all, before;
	if (!servant || pthread_attr_init(&small)) {
		free(servant);
		return NULL;
	}
	pthread_mutex_init(&servant->caller, NULL);
	pthread_mutex_init(&servant->lock, NULL);
	pthread_cond_init(&servant->asked, NULL);
	pthread_cond_init(&servant->done, NULL);
	pthread_attr_setstacksize(&small, STACK);
	/* Signals are the caller's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&servant->thread, &small, serve, servant);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&small);
	if (!failed)
		return servant;
	servant_free(servant);
	errno = failed;
	return NULL;
}

ssize_t servant_call(struct servant *servant, servant_work *work, void *context)
{
	pthread_mutex_lock(&servant->caller);
	pthread_mutex_lock(&servant->lock);
	servant->context = context;
	servant->work = work;
	pthread_cond_signal(&servant->asked);
	while (servant->work)
		pthread_cond_wait(&servant->done, &servant->lock);
	ssize_t answer = servant->answer;
	int number = servant->number;
	pthread_mutex_unlock(&servant->lock);
	pthread_mutex_unlock(&servant->caller);
	errno = number;
	return answer;
}

void servant_end(struct servant *servant)
{
	if (!servant)
		return;
	pthread_mutex_lock(&servant->lock);
	servant->end = true;
	pthread_cond_signal(&servant->asked);
	pthread_mutex_unlock(&servant->lock);
	pthread_join(servant->thread, NULL);
	servant_free(servant);
}
