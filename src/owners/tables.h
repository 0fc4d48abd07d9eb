/*
 * tables.h - the distinct fd tables among the threads of a process.
 *
 * Threads share their leader's table unless one made its own
 * (unshare(CLONE_FILES)) or the leader has exited. Which ones share is asked
 * of kcmp(2). Where that can not be asked (another /proc, a seccomp filter) a
 * thread is taken to have its own table if the number of its fds differs from
 * the leader's: reading each thread's fds would cost threads x fds.
 */
#ifndef SOCKVIEW_OWNERS_TABLES_H
#define SOCKVIEW_OWNERS_TABLES_H

#include "owners/scan.h"

struct tables {
	struct scan *scan; /* its tid array is used */
	int32_t pid;
	int dir; /* fd of /proc/PID */
	bool leader_dead;
	int task_dir;       /* fd of /proc/PID/task */
	size_t at;          /* next of scan->tid to look at */
	size_t known;       /* scan->tid[0 .. known) stand for the tables seen, in kcmp's order */
	int64_t leader_fds; /* where kcmp can not be asked */
};

/* kcmp(2) works here. */
bool tables_comparable(void);

/* Lists the threads. 0, or -1 with errno. */
int tables_open(struct tables *tables);
/* The lowest tid of the next table that is not the leader's; 0 after the last. */
int32_t tables_next(struct tables *tables);
void tables_close(struct tables *tables);

#endif
