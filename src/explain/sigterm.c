// SPDX-License-Identifier: MIT
/*
 * sigterm.c - what SIGTERM would do to a process (sigterm.h).
 *
 * An action is the whole process's and stays. A mask is a thread's, and changes
 * in passing: vfork(2) in glibc's posix_spawn() and in Python's subprocess
 * blocks every signal in the parent until the child has executed, and a busy host
 * may not let the parent run for long after. So a mask counts only if every
 * thread has it in two looks, and sleeps or is stopped: vfork()'s parent waits
 * uninterruptibly ("D", kernel/fork.c, wait_for_vfork_done()), and is "R" then.
 */
#include "explain/sigterm.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sockview/file.h>
#include <sockview/process_list.h>

enum { STATUS_MAX = 4096, BETWEEN_MS = 20 };

/* The hexadecimal mask behind "\nSigIgn:\t" of /proc/PID/status has SIGTERM. */
static bool mask_has_term(const char *status, const char *field)
{
	const char *at = strstr(status, field);
	return at && strtoull(at + strlen(field), NULL, 16) >> (SIGTERM - 1) & 1;
}

static bool status_read(int dir, const char *path, char status[STATUS_MAX])
{
	return file_read_string(dir, path, status, STATUS_MAX) > 0;
}

/* False also if a thread could not be asked: it may take the signal. */
static bool all_threads_block(int proc_fd, int pid)
{
	struct process_list threads = { 0 };
	char path[32], status[STATUS_MAX];
	snprintf(path, sizeof(path), "%d/task", pid);
	int dir = file_open(proc_fd, path);
	bool all = dir >= 0 && process_list_read(&threads, dir) == 0 && threads.count;
	for (size_t i = 0; all && i < threads.count; i++) {
		snprintf(path, sizeof(path), "%d/status", threads.pid[i]);
		all = status_read(dir, path, status) && mask_has_term(status, "\nSigBlk:") &&
		      (strstr(status, "\nState:\tS") || strstr(status, "\nState:\tT"));
	}
	process_list_free(&threads);
	if (dir >= 0)
		close(dir);
	return all;
}

enum sigterm_effect sigterm_effect(int proc_fd, int pid)
{
	struct timespec between = { .tv_nsec = BETWEEN_MS * 1000000L };
	char path[32], status[STATUS_MAX];
	snprintf(path, sizeof(path), "%d/status", pid);
	if (!status_read(proc_fd, path, status))
		return SIGTERM_TAKEN;
	if (mask_has_term(status, "\nSigIgn:"))
		return SIGTERM_IGNORED;
	/* kernel/signal.c, sig_task_ignored() */
	if (pid == 1 && !mask_has_term(status, "\nSigCgt:"))
		return SIGTERM_IGNORED;
	if (mask_has_term(status, "\nSigBlk:") && all_threads_block(proc_fd, pid)) {
		nanosleep(&between, NULL);
		if (all_threads_block(proc_fd, pid))
			return SIGTERM_BLOCKED;
	}
	return strstr(status, "\nState:\tT") ? SIGTERM_WAITS : SIGTERM_TAKEN;
}
