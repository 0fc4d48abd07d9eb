/*
 * early.c - the BPF look taken while the kernel still dumps its sockets.
 *
 *   this thread    dump ............................. index -> hits -> join
 *   another one      iterator -> runs, entries ...|
 *
 * A long dump keeps one CPU busy in the kernel, and the iterator another, so
 * the owners of 200,000 sockets come almost for free. The price is that fds
 * are seen before the sockets and not after. That is no matter for a socket
 * whose fd was seen; if any socket's was not, the whole look is thrown away
 * and the caller takes the ordinary one.
 */
#include <sockview/finder.h>

#include "owners/bpf_records.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct finder_early {
	pthread_t thread;
	int fd;
	int failed;
	struct bpf_records records;
};

static void *read_early(void *context)
{
	struct finder_early *early = context;
	early->failed = bpf_records_read(&early->records, early->fd, NULL);
	return NULL;
}

static int start_thread(struct finder_early *early)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&early->thread, NULL, read_early, early);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

static void free_early(struct finder_early *early)
{
	if (early->fd >= 0)
		close(early->fd);
	bpf_records_free(&early->records);
	free(early);
}

struct finder_early *finder_bpf_early(const struct finder_request *request)
{
	struct owner_report ignored = { 0 };
	struct finder_early *early = calloc(1, sizeof(*early));
	if (!early)
		return NULL;
	early->fd = bpf_records_open(request, &ignored);
	if (early->fd >= 0 && !start_thread(early))
		return early;
	free_early(early);
	return NULL;
}

static bool every_socket_has_an_owner(const struct owners *owners)
{
	for (size_t slot = 0; slot < owners->index.count; slot++)
		if (owners->start[slot] == owners->start[slot + 1])
			return false;
	return true;
}

/* All but the index. */
static void forget_owners(struct owners *owners)
{
	struct inode_index index = owners->index;
	owners->index = (struct inode_index){ 0 };
	owners_free(owners);
	owners->index = index;
}

int finder_bpf_late(struct finder_early *early, const struct finder_request *request, struct owners *owners,
                    struct error *error)
{
	pthread_join(early->thread, NULL);
	int result = early->failed ? 1 : bpf_records_join(&early->records, request, owners, error);
	free_early(early);
	if (result || every_socket_has_an_owner(owners))
		return result;
	forget_owners(owners);
	return 1;
}

void finder_bpf_drop(struct finder_early *early)
{
	if (!early)
		return;
	pthread_join(early->thread, NULL);
	free_early(early);
}
