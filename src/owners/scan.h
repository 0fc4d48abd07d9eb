// SPDX-License-Identifier: MIT
/*
 * scan.h - one process: which of its fds are sockets of the index.
 *
 *   /proc/PID/fd              the leader's table, shared by its threads as a rule
 *   /proc/PID/task/TID/fd     only if a thread has a table of its own, or the leader has exited
 */
#ifndef SOCKVIEW_OWNERS_SCAN_H
#define SOCKVIEW_OWNERS_SCAN_H

#include <pthread.h>

#include <sockview/finder.h>

#include "owners/findings.h"
#include "owners/tables.h"

/*
 * The rest of a table of very many fds. Where a directory of procfs is read on
 * is an fd's number (f_pos, proc_readfd_common(), fs/proc/fd.c, Linux 6.18), so
 * that threads can read it side by side, each a part.
 */
struct scan_rest {
	int32_t pid;
	int fd_dir;        /* of the process that was looked into; no other can get its pid there */
	int32_t from, end; /* which fds are left */
	enum look_end worst;
	int unread; /* errno of LOOK_UNREAD */
};

enum { SCAN_RESTS = 32 /* each keeps an fd of ours open; further tables are read by one thread */ };

struct scan_rests {
	pthread_mutex_t lock; /* over what follows, while processes are looked into */
	struct scan_rest rest[SCAN_RESTS];
	size_t count;
};

/* One thread's scanner. The members shared between threads are read-only, but for the rests. */
struct scan {
	const struct finder_request *request;
	struct scan_rests *rests; /* NULL: each table is read to its end at once */
	bool on_procfs;
	char *buffer; /* DIR_BUFFER_SIZE */
	struct tables tables;
	struct findings findings;
};

/* Finds out whether proc_fd is a procfs, and allocates the buffer. 0, or -1 with errno ENOMEM. */
int scan_init(struct scan *scan, const struct finder_request *request);
/* Frees all but the findings. */
void scan_free(struct scan *scan);

/*
 * A part of a rest, from `from` on and before `end`: adds its hits, and answers
 * how that ended.
 */
enum look_end scan_part(struct scan *scan, const struct scan_rest *rest, int32_t from, int32_t end);
/* The process of a rest was looked into to its end. 0, or -1 for ENOMEM. */
int scan_rest_end(struct scan *scan, struct scan_rest *rest);

/*
 * Adds the hits of one process, but for those of a rest that it left; where the
 * request has no index, all its sockets, each with its inode in place of a slot.
 * Trouble with it is counted in the findings'
 * report; -1 only for ENOMEM.
 */
int scan_process(struct scan *scan, int32_t pid);

#endif
