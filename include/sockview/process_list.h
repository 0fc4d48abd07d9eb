// SPDX-License-Identifier: MIT
/* process_list.h - the processes that a /proc shows. */
#ifndef SOCKVIEW_PROCESS_LIST_H
#define SOCKVIEW_PROCESS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process_list {
	int32_t *pid; /* in the kernel's order: ascending */
	size_t count, capacity;
};

/* The pids below proc_fd, read anew. 0, or -1 with errno; process_list_free() after both. */
int process_list_read(struct process_list *list, int proc_fd);
void process_list_free(struct process_list *list);
/* In a list that ascends. */
bool process_list_has(const struct process_list *list, int32_t pid);

#endif
