// SPDX-License-Identifier: MIT
/*
 * netns_socket.c - network namespaces that nothing holds but a socket (netns.h).
 *
 * A socket keeps its namespace, whether a process is in that or not. The socket
 * tells it (SIOCGSKNS, Linux 4.10), 8 us each, to a caller who may copy a process's
 * descriptors (pidfd_getfd(2), PTRACE_MODE_ATTACH_REALCREDS) and has CAP_NET_ADMIN there.
 * While the copy is open a close() by its holder does not close the socket: it
 * is open for one system call.
 */
#include <sockview/netns.h>

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/cpu_time.h>
#include <sockview/descriptors.h>
#include <sockview/file.h>
#include <sockview/vec.h>

#include "host/netns_socket.h"

int netns_open_of_socket(int32_t pid, int32_t socket_fd)
{
	int copy = file_copy_of(pid, socket_fd);
	if (copy < 0)
		return -1;
	int fd = ioctl(copy, SIOCGSKNS);
	int saved = errno;
	close(copy);
	errno = saved;
	return fd;
}

static int netns_by_inode(const void *left, const void *right, void *item)
{
	const struct netns *netns = item;
	uint64_t one = netns[*(const uint32_t *)left].inode, other = netns[*(const uint32_t *)right].inode;
	return (one > other) - (one < other);
}

static int netns_order(struct netns_list *list)
{
	uint32_t *order = realloc(list->order, (list->count + 1) * sizeof(*order));
	if (!order)
		return -1;
	list->order = order;
	list->ordered = list->count;
	for (size_t i = 0; i < list->count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, list->count, sizeof(*order), netns_by_inode, list->item);
	return 0;
}

size_t netns_list_find(struct netns_list *list, uint64_t inode)
{
	size_t low = 0, high = list->count;
	/* Sockets of one namespace come one behind the other, most often. */
	if (list->found < list->count && list->item[list->found].inode == inode)
		return list->found;
	if (list->ordered != list->count && netns_order(list) < 0)
		return list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->item[list->order[middle]].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == list->count || list->item[list->order[low]].inode != inode)
		return list->count;
	return list->found = list->order[low];
}

int netns_list_add_socket(struct netns_list *list, uint64_t inode, int32_t pid, int32_t fd)
{
	if (netns_list_find(list, inode) < list->count)
		return 0;
	if (list->count == NETNS_MAX) {
		list->left_out++;
		return 0;
	}
	struct netns *netns = vec_push(list->item, list->count, list->capacity);
	if (!netns)
		return -1;
	*netns = (struct netns){ .inode = inode, .holder = pid, .holder_fd = fd };
	return 0;
}

static int ask_socket(void *context, struct descriptor *descriptor)
{
	struct stat status;
	int fd = netns_open_of_socket(descriptor->pid, descriptor->fd), answer = 0;
	/* EBADF, ENOTTY: closed meanwhile, and another file opened. */
	descriptor->denied = fd < 0 && (errno == EPERM || errno == ENOSYS || errno == ESRCH);
	if (fd < 0)
		return 0;
	if (fstat(fd, &status) == 0)
		answer = netns_list_add_socket(context, status.st_ino, descriptor->pid, descriptor->fd);
	close(fd);
	return answer;
}

/* Processes whose sockets may not be asked are among those whose own namespace is `hidden`. */
int netns_list_ask_sockets(struct netns_list *list, int proc_fd)
{
	struct descriptors walk = {
		.proc_fd = proc_fd,
		.cpu_end_ms = cpu_time_ms() + NETNS_CPU_MAX_MS,
		.socket = ask_socket,
		.context = list,
	};
	int answer = descriptors_walk(&walk);
	list->not_asked += walk.late;
	return answer < 0 && errno == ENOMEM ? -1 : 0;
}
