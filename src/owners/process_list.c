// SPDX-License-Identifier: MIT
/* process_list.c - the one reader of /proc's pids (process_list.h). */
#include <sockview/process_list.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "owners/dir.h"

int process_list_read(struct process_list *list, int proc_fd)
{
	/* An open file of its own: proc_fd's position stays, and all is read from the beginning. */
	struct dir dir = { .fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	*list = (struct process_list){ 0 };
	if (dir.fd < 0)
		return -1;
	dir.buffer = malloc(DIR_BUFFER_SIZE);
	int result = dir.buffer ? dir_read_numbers(&dir, &list->pid, &list->count, &list->capacity) : -1;
	int saved = errno;
	free(dir.buffer);
	close(dir.fd);
	errno = saved;
	return result;
}

void process_list_free(struct process_list *list)
{
	free(list->pid);
	*list = (struct process_list){ 0 };
}

bool process_list_has(const struct process_list *list, int32_t pid)
{
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->pid[middle] < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->pid[low] == pid;
}
