// SPDX-License-Identifier: MIT
/*
 * netns_socket.c - network namespaces that nothing holds but a socket (netns.h).
 *
 * A socket keeps its namespace, whether a process is in that or not. Who may copy
 * a process's descriptors (pidfd_getfd(2), PTRACE_MODE_ATTACH_REALCREDS) and has
 * CAP_NET_ADMIN there is told it by the socket (SIOCGSKNS, Linux 4.10), 8 us each.
 * While the copy is open a close() by its holder does not close the socket: it
 * is open for one system call.
 */
#include <sockview/netns.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/file.h>
#include <sockview/process_list.h>
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

/* 0; -1 with errno ENOMEM; 1: its descriptors cannot be copied, or sockets do not tell. */
static int ask_sockets_of(struct netns_list *list, int proc_fd, int32_t pid, int64_t end)
{
	struct process_list fds;
	char path[48];
	snprintf(path, sizeof(path), "%d/fd", pid);
	int dir = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	int answer = process_list_read(&fds, dir);
	if (answer < 0)
		answer = errno == ENOMEM ? -1 : 1;
	close(dir);
	for (size_t i = 0; answer == 0 && i < fds.count && netns_cpu_ms() < end; i++) {
		struct stat status;
		snprintf(path, sizeof(path), "%d/fd/%d", pid, fds.pid[i]);
		if (!file_is_socket(proc_fd, path))
			continue;
		int fd = netns_open_of_socket(pid, fds.pid[i]);
		/* EBADF, ENOTTY: closed meanwhile, and another file opened. */
		if (fd < 0 && (errno == EPERM || errno == ENOSYS || errno == ESRCH))
			answer = 1;
		if (fd < 0)
			continue;
		if (fstat(fd, &status) == 0)
			answer = netns_list_add_socket(list, status.st_ino, pid, fds.pid[i]);
		close(fd);
	}
	process_list_free(&fds);
	return answer;
}

int netns_list_ask_sockets(struct netns_list *list, int proc_fd)
{
	int64_t end = netns_cpu_ms() + NETNS_CPU_MAX_MS;
	struct process_list processes;
	int answer = process_list_read(&processes, proc_fd);
	for (size_t i = 0; answer >= 0 && i < processes.count; i++) {
		if (netns_cpu_ms() >= end)
			list->not_asked++;
		else
			answer = ask_sockets_of(list, proc_fd, processes.pid[i], end);
	}
	process_list_free(&processes);
	return answer < 0 && errno == ENOMEM ? -1 : 0;
}
