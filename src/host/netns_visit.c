// SPDX-License-Identifier: MIT
/*
 * netns_visit.c - a thread that goes from one network namespace to the next (netns.h).
 *
 * setns(2) changes the calling thread alone, and the main thread's namespace is
 * where everything else of a run is asked. A namespace's file is open only for
 * its visit: there may be more of them than a process may have files open.
 */
#include <sockview/netns.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/file.h>

#include "host/netns_socket.h"

struct netns_tour {
	const struct netns_list *list;
	const bool *chosen;
	int proc_fd;
	netns_call *call;
	void *context;
	int answer;
};

/* 0, or an errno. */
static int netns_enter(const struct netns *netns, int proc_fd)
{
	struct stat status;
	if (!netns->path && !netns->holder)
		return EACCES;
	int fd = netns->path ? file_open(proc_fd, netns->path) : netns_open_of_socket(netns->holder, netns->holder_fd);
	if (fd < 0)
		/* Behind a descriptor may be another file by now, or none. */
		return errno == ENOENT || errno == EBADF || errno == ENOTTY ? ESRCH : errno;
	/* The path may lead to another namespace by now. */
	int number = fstat(fd, &status) < 0 ? errno : status.st_ino != netns->inode ? ESRCH : 0;
	if (!number && setns(fd, CLONE_NEWNET) < 0)
		number = errno;
	close(fd);
	return number;
}

static void *netns_tour_thread(void *at)
{
	struct netns_tour *tour = at;
	for (size_t i = 0; i < tour->list->count && !tour->answer; i++) {
		if (tour->chosen && !tour->chosen[i])
			continue;
		/* The thread begins in our own, which is the first. */
		int number = i ? netns_enter(&tour->list->item[i], tour->proc_fd) : 0;
		tour->answer = tour->call(tour->context, i, number);
	}
	return NULL;
}

int netns_visit(const struct netns_list *list, const bool *chosen, int proc_fd, netns_call *call, void *context)
{
	struct netns_tour tour = { list, chosen, proc_fd, call, context, 0 };
	pthread_t thread;
	int number = pthread_create(&thread, NULL, netns_tour_thread, &tour);
	if (number) {
		errno = number;
		return -1;
	}
	pthread_join(thread, NULL);
	return tour.answer;
}
