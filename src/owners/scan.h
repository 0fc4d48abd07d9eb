// SPDX-License-Identifier: MIT
/*
 * scan.h - one process: which of its fds are sockets of the index.
 *
 *   /proc/PID/fd              the leader's table, shared by its threads as a rule
 *   /proc/PID/task/TID/fd     only if a thread has a table of its own, or the leader has exited
 */
#ifndef SOCKVIEW_OWNERS_SCAN_H
#define SOCKVIEW_OWNERS_SCAN_H

#include <sockview/finder.h>

#include "owners/findings.h"
#include "owners/tables.h"

/* One thread's scanner. What is shared between threads is read-only. */
struct scan {
	const struct finder_request *request;
	char *buffer; /* DIR_BUFFER_SIZE */
	struct tables tables;
	struct findings findings;
};

/* What proc_fd can do, and the buffer. 0, or -1 with errno ENOMEM. */
int scan_init(struct scan *scan, const struct finder_request *request);
/* Frees all but the findings. */
void scan_free(struct scan *scan);

/*
 * Adds the hits of one process; where the request has no index, all its
 * sockets, each with its inode in place of a slot. Trouble with it is counted in the findings'
 * report; -1 only for ENOMEM.
 */
int scan_process(struct scan *scan, int32_t pid);

#endif
