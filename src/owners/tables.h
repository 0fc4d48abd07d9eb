// SPDX-License-Identifier: MIT
/*
 * tables.h - the distinct fd tables among the threads of a process.
 *
 * Threads share their leader's table unless one made its own
 * (unshare(CLONE_FILES)) or the leader has exited. Which ones share is asked
 * of kcmp(2). Where that cannot be asked (another /proc, a seccomp filter) a
 * thread is taken to have its own table if the number of its fds differs from
 * the leader's: reading each thread's fds would cost threads x fds.
 */
#ifndef SOCKVIEW_OWNERS_TABLES_H
#define SOCKVIEW_OWNERS_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tables {
	/* The same for all processes. */
	char *buffer;    /* DIR_BUFFER_SIZE, lent */
	bool compares;   /* kcmp(2) may be asked which threads share a table */
	bool counts_fds; /* st_size of an fd directory is the number of fds: Linux 6.2 */
	/* Of the process at hand. */
	int32_t pid;
	int task_dir; /* fd of /proc/PID/task */
	bool leader_dead;
	int32_t *tid;
	size_t tid_count, tid_capacity;
	size_t at;          /* next of tid to look at */
	size_t known;       /* tid[0 .. known) stand for the tables seen, in kcmp's order */
	int64_t leader_fds; /* where kcmp cannot be asked */
};

/* kcmp(2) works here. */
bool tables_comparable(void);

/* Lists the threads of the process whose directory is `dir`. 0, or -1 with errno; tables_close() only after 0. */
int tables_open(struct tables *tables, int dir, int32_t pid, bool leader_dead);
/* The lowest tid of the next table that is not the leader's; 0 after the last. */
int32_t tables_next(struct tables *tables);
void tables_close(struct tables *tables);
/* The memory that is kept from process to process. */
void tables_free(struct tables *tables);

#endif
